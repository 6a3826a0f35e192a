import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { OxdConfigError } from './errors.ts'
import { removeStale, withLock, type LockLimits } from './lock.ts'

const NOBODY = 65_534
const LIMITS: LockLimits = { lock_wait_ms: 2_000, lock_poll_ms: 2, lock_stale_ms: 60 }

let folder = ''
let file = ''
let lock = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'oxd-lock-')))
  file = join(folder, 'demosite.cfg')
  lock = `${file}.lock`
  writeFileSync(file, '')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What this process writes into a lock. */
const ownLock = async (): Promise<Record<string, unknown>> =>
  withLock(file, LIMITS, async () => JSON.parse(readFileSync(lock, 'utf8')))

test('one after the other, and nothing is left', async () => {
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withLock(file, LIMITS, async () => {
        inside += 1
        most = Math.max(most, inside)
        await sleep(3)
        inside -= 1
      }),
    ),
  )
  assert.equal(most, 1)
  assert.deepEqual(readdirSync(folder), ['demosite.cfg'])
})

test('an error goes through, and the lock is free again', async () => {
  await assert.rejects(
    withLock(file, LIMITS, () => Promise.reject(new Error('no'))),
    /^Error: no$/,
  )
  assert.equal(await withLock(file, LIMITS, async () => 1), 1)
})

test('the lock of a dead process is taken over at once, by one of many', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(lock, JSON.stringify({ ...(await ownLock()), pid, start: '' }))
  let inside = 0
  const patient = { ...LIMITS, lock_stale_ms: 60_000 }
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withLock(file, patient, async () => {
        inside += 1
        assert.equal(inside, 1)
        await sleep(2)
        inside -= 1
      }),
    ),
  )
  assert.deepEqual(readdirSync(folder), ['demosite.cfg'])
})

test('a process that has the number of a dead one is not it', async (t) => {
  const own = await ownLock()
  if (own.start === '') return t.skip('this system does not say when a process was started')
  writeFileSync(lock, JSON.stringify({ ...own, start: '1' }))
  assert.equal(await withLock(file, { ...LIMITS, lock_stale_ms: 60_000 }, async () => 1), 1)
  return undefined
})

test('a number means nothing at another place: that lock is taken over when it gave no sign for long', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  for (const content of [JSON.stringify({ pid, start: '', place: 'elsewhere' }), '', '{"pid":-1}']) {
    writeFileSync(lock, content)
    let free = false
    const work = withLock(file, LIMITS, async () => {
      free = true
    })
    await sleep(LIMITS.lock_stale_ms / 3)
    assert.equal(free, false, content)
    await work
  }
})

test('a holder that takes long shows that it lives', async () => {
  let inside = true
  const long = withLock(file, LIMITS, async () => {
    await sleep(LIMITS.lock_stale_ms * 4)
    inside = false
  })
  await withLock(file, LIMITS, async () => assert.equal(inside, false))
  await long
})

test('who lost the lock leaves that of the next one alone', async () => {
  await withLock(file, LIMITS, async () => {
    unlinkSync(lock)
    writeFileSync(lock, 'of another')
  })
  assert.equal(readFileSync(lock, 'utf8'), 'of another')
})

test('a lock that is no longer the one that was found stale stays', () => {
  writeFileSync(lock, 'stale')
  const seen = statSync(lock)
  writeFileSync(`${lock}.new`, 'of the one who was faster')
  renameSync(`${lock}.new`, lock)
  removeStale(lock, seen)
  assert.equal(readFileSync(lock, 'utf8'), 'of the one who was faster')
  removeStale(lock, statSync(lock))
  assert.deepEqual(readdirSync(folder), ['demosite.cfg'])
})

test('waiting ends, with what to do', async () => {
  const impatient = { ...LIMITS, lock_wait_ms: 20, lock_stale_ms: 60_000 }
  await withLock(file, LIMITS, async () => {
    await assert.rejects(
      withLock(file, impatient, async () => 1),
      (error) =>
        error instanceof OxdConfigError &&
        error.message.includes(`process ${process.pid}`) &&
        error.message.includes(lock),
    )
  })
})

test('a take-over that nobody finished is left to a person', async () => {
  writeFileSync(lock, '')
  mkdirSync(`${lock}.takeover`)
  const impatient = { ...LIMITS, lock_wait_ms: 150, lock_stale_ms: 10 }
  await assert.rejects(
    withLock(file, impatient, async () => 1),
    /remove .*\.lock \(and .*\.takeover/,
  )
})

test('an abort ends the waiting', async () => {
  const controller = new AbortController()
  await withLock(file, LIMITS, async () => {
    const waiting = withLock(file, LIMITS, async () => 1, controller.signal)
    controller.abort(new Error('enough'))
    await assert.rejects(waiting, /^Error: enough$/)
  })
})

test(
  'a folder that cannot be written: the lock is elsewhere, and holds there too',
  {
    skip: process.getuid?.() === 0 ? false : 'only root can become somebody else',
  },
  async () => {
    chmodSync(folder, 0o755)
    const source = `
    import { readdirSync } from 'node:fs'
    const { withLock } = await import(${JSON.stringify(new URL('lock.ts', import.meta.url).href)})
    process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY})
    const limits = ${JSON.stringify(LIMITS)}
    let inside = 0
    await Promise.all([1, 2, 3].map(() => withLock(${JSON.stringify(file)}, limits, async () => {
      inside += 1
      console.log(inside, readdirSync(${JSON.stringify(folder)}).length)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside -= 1
    })))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
      encoding: 'utf8',
    })
    assert.equal(stdout + stderr, '1 1\n1 1\n1 1\n')
  },
)

test('of many processes one at a time, though they kill each other', async () => {
  const source = `
    import { rmdirSync, mkdirSync } from 'node:fs'
    const { withLock } = await import(${JSON.stringify(new URL('lock.ts', import.meta.url).href)})
    const limits = { lock_wait_ms: 20000, lock_poll_ms: 1, lock_stale_ms: 20000 }
    for (let round = 0; round < 10; round += 1) {
      await withLock(${JSON.stringify(file)}, limits, async () => {
        mkdirSync(${JSON.stringify(join(folder, 'inside'))})
        await new Promise((resolve) => setTimeout(resolve, 1))
        rmdirSync(${JSON.stringify(join(folder, 'inside'))})
        if (process.argv[1] === 'dies' && round === 4) process.kill(process.pid, 'SIGKILL')
      })
    }`
  const codes = await Promise.all(
    ['lives', 'lives', 'dies', 'dies'].map(async (fate) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', source, fate], { stdio: 'inherit' })
      const [code, signal] = await once(child, 'exit')
      return code ?? signal
    }),
  )
  assert.deepEqual(codes, [0, 0, 'SIGKILL', 'SIGKILL'])
  const leftover = existsSync(lock)
  assert.equal(await withLock(file, LIMITS, async () => 1), 1, `a leftover: ${leftover}`)
})
