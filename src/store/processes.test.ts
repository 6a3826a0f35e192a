// What only several processes show: kill -9, a full disk, a race for one data directory, a user without rights.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { describe, test, type TestContext } from 'node:test'
import { LIMITS } from '../limits.ts'
import { realWorld } from '../world.ts'
import { openStore } from './key.ts'
import type { Store } from './store.ts'

const run = promisify(execFile)
const NOBODY = 65_534
const CHILD_MS_MAX = 10_000

/** Runs at the start of each child: `say` writes a line at once, unbuffered; `open` opens the store of this test. */
const PREAMBLE = `
  const { writeSync } = await import('node:fs')
  const { openStore } = await import(${JSON.stringify(new URL('key.ts', import.meta.url).href)})
  const { LIMITS } = await import(${JSON.stringify(new URL('../limits.ts', import.meta.url).href)})
  const { realWorld } = await import(${JSON.stringify(new URL('../world.ts', import.meta.url).href)})
  const say = (text) => writeSync(1, text + '\\n')
  const [data_dir, key_file] = process.argv.slice(1)
  const world = realWorld((level) => say(level))
  const open = async () => {
    const { store } = await openStore({ data_dir, key_file, world, limits: LIMITS })
    return { store, sites: store.kind({ kind: 'site', durable: true }) }
  }
`

const setUp = (t: TestContext) => {
  const home = mkdtempSync(join(tmpdir(), 'oxd-processes-'))
  const stores: Store[] = []
  t.after(async () => {
    for (const store of stores) await store.close()
    chmodSync(home, 0o700)
    rmSync(home, { recursive: true })
  })
  const data_dir = join(home, 'data')
  const key_file = join(home, 'oxd.key')
  const open = async () => {
    const opened = await openStore({ data_dir, key_file, world: realWorld(() => undefined), limits: LIMITS })
    stores.push(opened.store)
    return { ...opened, sites: opened.store.kind<{ name: string }>({ kind: 'site', durable: true }) }
  }
  const start = (program: string, wrapper: readonly string[] = []) => {
    const node = [process.execPath, '--input-type=module', '-e', PREAMBLE + program, data_dir, key_file]
    const [command = '', ...parameters] = [...wrapper, ...node]
    const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'], timeout: CHILD_MS_MAX })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const next = async (): Promise<string> => {
      const { value, done } = await lines.next()
      return done === true ? 'the end' : value
    }
    /** The lines before `last`. */
    const until = async (last: string): Promise<string[]> => {
      const found: string[] = []
      for (let line = await next(); line !== last; line = await next()) {
        assert.notEqual(line, 'the end')
        found.push(line)
      }
      return found
    }
    return { child, next, until, ended: once(child, 'close') }
  }
  return { home, data_dir, key_file, open, start }
}

describe('a store and its processes', () => {
  test('kill -9: everything that was acknowledged is there', async (t) => {
    const { open, start } = setUp(t)
    await (await open()).store.close()
    const { child, next, until, ended } = start(`
      const { sites } = await open()
      await sites.insert(['swapped'], { name: '0' })
      for (let i = 1; ; i += 1) {
        await sites.insert([String(i)], { name: String(i) })
        await sites.update(['swapped'], () => ({ name: String(i) }))
        if (i > 1) await sites.take([String(i - 1)])
        say(String(i))
      }
    `)
    let last = 0
    while (last < 200) last = Number(await next())
    child.kill('SIGKILL')
    last = Number((await until('the end')).at(-1) ?? last)
    await ended
    const { sites } = await open()
    assert.ok(Number((await sites.get(['swapped']))?.value.name) >= last)
    assert.equal(await sites.get([String(last - 1)]), undefined)
    // The record of the last line may already have been taken by the round that was killed; then the next is there.
    const found = [await sites.get([String(last)]), await sites.get([String(last + 1)])]
    assert.ok(found.some((record) => record !== undefined))
  })

  test('kill -9: of a commit everything is there, or nothing', async (t) => {
    const { open, start } = setUp(t)
    await (await open()).store.close()
    // Two processes append to one sequence, each entry with three records of its own.
    const children = ['a', 'b'].map((name) =>
      start(`
        const { store, sites } = await open()
        await sites.insert(['sequence'], { name: '0' })
        for (;;) {
          const found = await sites.get(['sequence'])
          const next = Number(found.value.name) + 1
          const part = (i) => sites.writes.insert([next + ' ' + i], { name: ${JSON.stringify(name)} })
          const writes = [part(0), part(1), sites.writes.swap(['sequence'], found, { name: String(next) }), part(2)]
          if (await store.commit(writes)) say(String(next))
        }
      `),
    )
    let last = 0
    while (last < 100) {
      const lines = await Promise.all(children.map(({ next }) => next()))
      last = Math.min(...lines.map(Number))
    }
    for (const { child } of children) child.kill('SIGKILL')
    const said = (await Promise.all(children.map(({ until }) => until('the end')))).flat().map(Number)
    await Promise.all(children.map(({ ended }) => ended))
    const { sites } = await open()
    const written = Number((await sites.get(['sequence']))?.value.name)
    assert.ok(written >= Math.max(last, ...said))
    for (let i = 1; i <= written + 1; i += 1) {
      const parts = await Promise.all(
        [0, 1, 2].map(async (part) => (await sites.get([`${i} ${part}`]))?.value.name),
      )
      assert.equal(new Set(parts).size, 1, `entry ${i} is not whole`)
      assert.equal(parts[0] === undefined, i > written)
    }
  })

  test('a full disk: unreachable, nothing lost, and well again when there is room', async (t) => {
    if (process.platform !== 'linux') {
      t.skip('needs prlimit')
      return
    }
    const { open, start } = setUp(t)
    await (await open()).store.close()
    const program = `
      const { sites } = await open()
      const { once } = await import('node:events')
      const body = 'x'.repeat(20_000)
      let count = 0
      const fill = async (max) => {
        for (; count < max; count += 1) await sites.insert([String(count)], { name: body + count })
      }
      const all = async () => {
        for (let i = 0; i < count; i += 1) if ((await sites.get([String(i)]))?.value.name !== body + i) say('lost ' + i)
        return count
      }
      await fill(1_000).catch((error) => say(error.code + ' ' + error.message))
      // The last page is filled, too, so that no commit at all finds room.
      for (let i = 0; i < 100; i += 1) await sites.insert(['small ' + i], { name: '' }).catch(() => undefined)
      // What cannot be deleted must not be handed out: the next taker would get it again.
      await sites.take(['0']).then(() => say('taken'), (error) => say(error.code))
      say('kept ' + (await all()))
      await once(process.stdin, 'data')
      await fill(100)
      say('kept ' + (await all()))
      process.exit()
    `
    // A file may have 1 MB: the write-ahead log does not get larger.
    const { child, next, ended } = start(program, ['prlimit', '--fsize=1000000:unlimited'])
    assert.match(await next(), /^store_unreachable .*full/)
    assert.equal(await next(), 'store_unreachable')
    const kept = Number(/^kept (\d+)$/.exec(await next())?.[1])
    assert.ok(kept > 5 && kept < 100)
    await run('prlimit', ['--pid', String(child.pid), '--fsize=unlimited'])
    child.stdin.write('go on\n')
    assert.equal(await next(), 'kept 100')
    await ended
    const { sites } = await open()
    for (let i = 0; i < 100; i += 1) assert.ok((await sites.get([String(i)]))?.value.name.endsWith(`x${i}`))
  })

  test('processes that start at once on an empty place make one store, and of all inserters one wins', async (t) => {
    const { home, data_dir, open, start } = setUp(t)
    const children = Array.from({ length: 3 }, () =>
      start(`
        const { once } = await import('node:events')
        const { store, sites } = await open()
        for (let i = 0; i < 40; i += 1) if (await sites.insert([String(i)], { name: '' })) say('inserted')
        say('ready')
        await once(process.stdin, 'data')
        for (let i = 0; i < 20; i += 1) if (await sites.take([String(i)])) say('taken')
        for (let i = 0; i < 5; i += 1) await sites.update(['20'], ({ name }) => ({ name: name + '+' }))
        await store.close()
        process.exit()
      `),
    )
    const first = await Promise.all(children.map(({ until }) => until('ready')))
    for (const { child } of children) child.stdin.write('go on\n')
    const second = await Promise.all(children.map(({ until }) => until('the end')))
    for (const { ended } of children) assert.deepEqual(await ended, [0, null])
    const count = (wanted: string) => [...first, ...second].flat().filter((line) => line === wanted).length
    assert.deepEqual([count('warn'), count('inserted'), count('taken')], [1, 40, 20])
    assert.deepEqual(readdirSync(home).sort(), ['data', 'oxd.key'])
    assert.deepEqual(readdirSync(data_dir), ['oxd.db'])
    const { sites } = await open()
    assert.equal((await sites.get(['20']))?.value.name, '+'.repeat(15))
  })

  test('a data directory that this user cannot write is refused before anything is made', async (t) => {
    const { home, data_dir, key_file, start } = setUp(t)
    mkdirSync(data_dir, { mode: 0o500 })
    const root = process.getuid?.() === 0
    if (root) for (const path of [home, data_dir]) chownSync(path, NOBODY, NOBODY)
    // Root may write anywhere: the child takes off its rights once its modules are loaded.
    const program = `
      if (${root}) process.setuid(${NOBODY})
      await open().catch((error) => say(error.name + ' ' + error.message))
    `
    const first = start(program)
    assert.match(await first.next(), /^StartError Cannot use the data directory .*data \(EACCES/)
    await first.ended
    assert.equal(statSync(key_file, { throwIfNoEntry: false }), undefined)
    rmSync(data_dir, { recursive: true })
    chmodSync(home, 0o500)
    const second = start(program)
    assert.match(await second.next(), /^StartError Cannot make the data directory .*data \(EACCES/)
    await second.ended
  })
})
