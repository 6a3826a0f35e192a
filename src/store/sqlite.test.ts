// The SQLite engine: the contract, and what only a file can go through.
import assert from 'node:assert/strict'
import fs, {
  cpSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { StartError } from '../error.ts'
import { engineContract } from '../testing/engine_contract.ts'
import type { EngineWrite, SecondsClock } from './engine.ts'
import { createSqliteFile, openSqliteEngine } from './sqlite.ts'

const NOW = 1_750_000_000

const newPath = (t: TestContext): string => {
  const directory = mkdtempSync(join(tmpdir(), 'oxd-sqlite-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'oxd.db')
}
const openAt = (t: TestContext, path: string, now: SecondsClock = () => NOW) => {
  const engine = openSqliteEngine({ path, now, busy_ms: 100, wal_bytes_max: 1_048_576 })
  t.after(() => engine.close())
  return engine
}
const writing = (bytes: number, changes: Partial<EngineWrite> = {}): EngineWrite => ({
  expected: 0,
  version: 1,
  body: new Uint8Array(bytes).fill(7),
  expires_at: null,
  durable: true,
  ...changes,
})

engineContract('sqlite', async (t, now) => {
  const path = newPath(t)
  createSqliteFile(path)
  return { engine: openAt(t, path, now), peer: openAt(t, path, now) }
})

/** The connections that are opened from now on: SQLite tells of each what no verb of the engine does. */
const watchConnections = (t: TestContext): Set<DatabaseSync> => {
  const connections = new Set<DatabaseSync>()
  // eslint-disable-next-line typescript/unbound-method -- it is called with its own `this` below
  const { exec } = DatabaseSync.prototype
  t.mock.method(DatabaseSync.prototype, 'exec', function watched(this: DatabaseSync, sql: string) {
    connections.add(this)
    return exec.call(this, sql)
  })
  return connections
}
const valueOf = (db: DatabaseSync, sql: string): unknown => Object.values(db.prepare(sql).get() ?? {})[0]

/** An engine whose disk waits until the test says so. */
const openWithDisk = (t: TestContext) => {
  const path = newPath(t)
  createSqliteFile(path)
  const waiting: { file: number; done: (error: NodeJS.ErrnoException | null) => void }[] = []
  const disk = {
    waits: () => waiting.length,
    /** What is waited for is the log, whatever its name. */
    isLog: () => waiting.every(({ file }) => fstatSync(file).ino === statSync(`${path}-wal`).ino),
    reached: () => waiting.shift()?.done(null),
    fails: () => waiting.shift()?.done(new Error('EIO: i/o error, fdatasync')),
  }
  t.mock.method(fs, 'fdatasync', (file: number, done: (typeof waiting)[number]['done']) => {
    waiting.push({ file, done })
  })
  syncBuiltinESMExports()
  // Before the engine is closed, which waits for the disk.
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
    while (disk.waits() > 0) disk.reached()
  })
  const engine = openAt(t, path)
  return { engine, disk, path }
}
const watched = <T>(answer: Promise<T>) => {
  let isSettled = false
  const settle = () => (isSettled = true)
  answer.then(settle, settle)
  return { answer, settled: () => isSettled }
}

describe('the sqlite engine', () => {
  test('what is durable, and every deletion on demand, is answered once the disk has it', async (t) => {
    const { engine, disk } = openWithDisk(t)
    const verbs: readonly (readonly [waits: boolean, verb: () => Promise<unknown>])[] = [
      [true, () => engine.write('k/a', writing(1))],
      [true, () => engine.write('k/a', writing(1, { expected: 1, version: 2 }))],
      [true, () => engine.write('k/a', writing(1, { expected: 'any', version: 3 }))],
      [true, () => engine.take('k/a')],
      [false, () => engine.write('k/b', writing(1, { durable: false }))],
      [true, () => engine.remove('k/b')],
      [false, () => engine.commit([{ key: 'k/c', ...writing(1, { durable: false }) }])],
      [
        true,
        () =>
          engine.commit([
            { key: 'k/d', ...writing(1, { durable: false }) },
            { key: 'k/e', ...writing(1) },
          ]),
      ],
      [true, () => engine.commit([{ key: 'k/d', expected: 1, removed: true }])],
      [false, () => engine.sweep(9)],
      // Nothing is taken or written, but whoever was faster may still wait, in another process.
      [true, () => engine.take('k/a')],
      [true, () => engine.remove('k/a')],
      [true, () => engine.write('k/e', writing(1))],
      [true, () => engine.commit([{ key: 'k/e', ...writing(1) }])],
    ]
    for (const [waits, verb] of verbs) {
      const answer = watched(verb())
      await setImmediate()
      assert.deepEqual([disk.waits(), answer.settled()], [waits ? 1 : 0, !waits], verb.toString())
      assert.ok(disk.isLog())
      // Nobody else is kept by it.
      await engine.read('k/a')
      disk.reached()
      await answer.answer
    }
  })

  test('one wait for the disk serves all who came before it, and nobody who came later', async (t) => {
    const { engine, disk } = openWithDisk(t)
    const first = watched(engine.write('k/first', writing(1)))
    const others = Array.from({ length: 20 }, (_, i) => watched(engine.write(`k/${i}`, writing(1))))
    const seen = watched(engine.write('k/first', writing(1)))
    await setImmediate()
    disk.reached()
    await first.answer
    await setImmediate()
    assert.ok([...others, seen].every(({ settled }) => !settled()))
    assert.equal(disk.waits(), 1)
    disk.reached()
    for (const { answer } of others) assert.equal(await answer, 'written')
    assert.equal(await seen.answer, 'conflict')
    assert.equal(disk.waits(), 0)
  })

  test('what the disk does not keep is not answered, and nothing goes until oxd is started again', async (t) => {
    const { engine, disk, path } = openWithDisk(t)
    const kept = engine.write('k/kept', writing(1))
    await setImmediate()
    disk.reached()
    await kept
    const lost = { code: 'store_unreachable', message: /did not keep/ }
    const refused = [engine.write('k/a', writing(1)), engine.take('k/kept')].map((answer) =>
      assert.rejects(answer, lost),
    )
    await setImmediate()
    disk.fails()
    await Promise.all(refused)
    for (const verb of [
      () => engine.read('k/kept'),
      () => engine.list('k/', { limit: 9 }),
      () => engine.write('k/b', writing(1, { durable: false })),
      () => engine.commit([{ key: 'k/kept', expected: 'any', removed: true }]),
    ])
      await assert.rejects(verb, lost)
    await engine.close()
    assert.equal(await openAt(t, path).read('k/b'), undefined)
  })

  test('closing waits for what the disk does not have yet', async (t) => {
    const { engine, disk, path } = openWithDisk(t)
    const answer = engine.write('k/a', writing(1))
    const closed = watched(engine.close())
    await assert.rejects(() => engine.read('k/a'), { code: 'store_unreachable' })
    assert.equal(closed.settled(), false)
    // The last one who closes a database ends its log.
    assert.ok(existsSync(`${path}-wal`))
    disk.reached()
    assert.equal(await answer, 'written')
    await closed.answer
  })

  test('its write-ahead log starts anew, and is safe against a power failure between', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    const connections = watchConnections(t)
    const engine = openAt(t, path)
    for (let i = 0; i < 30; i += 1) {
      const body = new Uint8Array(100_000).fill(i)
      await engine.write('k/a', writing(0, { expected: 'any', durable: false, body }))
    }
    assert.ok(statSync(`${path}-wal`).size < 1_300_000)
    assert.equal(connections.size, 1)
    for (const db of connections) {
      assert.equal(valueOf(db, 'PRAGMA journal_mode'), 'wal')
      // OFF would write the log over before the database is on the disk.
      assert.equal(valueOf(db, 'PRAGMA synchronous'), 1)
    }
  })

  test('what was left in the log of a daemon that is no more is in the database before anything is answered', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    await openAt(t, path).write('k/a', writing(1))
    const copy = newPath(t)
    for (const name of ['', '-wal']) cpSync(path + name, copy + name)
    assert.ok(statSync(`${copy}-wal`).size > 0)
    const engine = openAt(t, copy)
    assert.equal(statSync(`${copy}-wal`).size, 0)
    assert.equal((await engine.read('k/a'))?.version, 1)
  })

  test('a start waits for another process that is about the log, and says so when that takes too long', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    await openAt(t, path).close()
    const other = new DatabaseSync(path)
    t.after(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    assert.throws(
      () => openAt(t, path),
      (error) => error instanceof StartError && /Another process/.test(error.message),
    )
    other.exec('ROLLBACK')
    assert.equal(await openAt(t, path).write('k/a', writing(1)), 'written')
  })

  test('a backup that is a database without a log is taken', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    const engine = openAt(t, path)
    await engine.write('k/a', writing(1))
    const backup = newPath(t)
    const db = new DatabaseSync(path)
    db.prepare('VACUUM INTO ?').run(backup)
    db.close()
    const restored = openAt(t, backup)
    assert.equal((await restored.read('k/a'))?.version, 1)
    assert.equal(await restored.write('k/b', writing(1)), 'written')
  })

  test('a database behind a link is as good as any', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    const link = newPath(t)
    symlinkSync(path, link)
    const engine = openAt(t, link)
    assert.equal(await engine.write('k/a', writing(1)), 'written')
    await engine.close()
    assert.equal((await openAt(t, path).read('k/a'))?.version, 1)
  })

  test('a full disk is unreachable, loses nothing, and is no matter once there is room', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    const connections = watchConnections(t)
    const engine = openAt(t, path)
    const limit = (pages: number) => {
      for (const db of connections) db.exec(`PRAGMA max_page_count = ${pages}`)
    }
    limit(20)
    let written = 0
    const fill = async () => {
      for (; written < 100; written += 1) await engine.write(`k/${written}`, writing(10_000))
    }
    await assert.rejects(fill, { code: 'store_unreachable', message: /disk is full/ })
    assert.ok(written > 0 && written < 100)
    const full = await engine.list('k/', { limit: 200 })
    assert.equal(full.length, written)
    const many = Array.from({ length: 9 }, (_, i) => ({ key: `k/many ${i}`, ...writing(10_000) }))
    await assert.rejects(() => engine.commit([{ key: 'k/0', expected: 1, removed: true }, ...many]), {
      code: 'store_unreachable',
    })
    assert.deepEqual(await engine.list('k/', { limit: 200 }), full)
    limit(10_000)
    await fill()
    assert.equal((await engine.list('k/', { limit: 200 })).length, 100)
  })

  test('a database that another process holds is unreachable, not absent, and waited for', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    const engine = openAt(t, path)
    await engine.write('k/a', writing(1))
    const other = new DatabaseSync(path)
    t.after(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    const started = performance.now()
    await assert.rejects(() => engine.take('k/a'), { code: 'store_unreachable', message: /Another process/ })
    assert.ok(performance.now() - started >= 90)
    const removal = { key: 'k/a', expected: 1, removed: true } as const
    await assert.rejects(() => engine.commit([removal]), { code: 'store_unreachable' })
    other.exec('ROLLBACK')
    assert.equal(await engine.commit([{ ...removal, expected: 2 }]), 'conflict')
    assert.notEqual(await engine.take('k/a'), undefined)
  })

  test('its files are open to nobody else', async (t) => {
    const path = newPath(t)
    const umask = process.umask(0)
    t.after(() => process.umask(umask))
    createSqliteFile(path)
    await openAt(t, path).write('k/a', writing(1))
    const directory = join(path, '..')
    const modes = readdirSync(directory).map((name) => [
      name,
      (statSync(join(directory, name)).mode & 0o777).toString(8),
    ])
    assert.deepEqual(modes.sort(), [
      ['oxd.db', '600'],
      ['oxd.db-shm', '600'],
      ['oxd.db-wal', '600'],
    ])
  })

  test('a file is made once', (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    assert.throws(() => createSqliteFile(path), { code: 'EEXIST' })
  })

  test('what is no whole database of this oxd is refused at the start, and left as it is', (t) => {
    const damage: readonly (readonly [RegExp, (path: string) => void])[] = [
      [/cannot be opened/, (path) => rmSync(path)],
      [/is no store of oxd/, (path) => writeFileSync(path, '')],
      [/is no database/, (path) => writeFileSync(path, 'x'.repeat(8192))],
      [/damaged/, (path) => writeFileSync(path, readFileSync(path).fill(0xff, 100))],
      [/newer oxd/, (path) => change(path, 'PRAGMA user_version = 2')],
      [/is no store of oxd/, (path) => change(path, 'PRAGMA application_id = 1')],
    ]
    const change = (path: string, sql: string) => {
      const db = new DatabaseSync(path)
      db.exec(sql)
      db.close()
    }
    for (const [reason, harm] of damage) {
      const path = newPath(t)
      createSqliteFile(path)
      harm(path)
      const before = statSync(path, { throwIfNoEntry: false })?.size
      assert.throws(
        () => openAt(t, path),
        (error: unknown) => {
          assert.ok(error instanceof StartError)
          assert.match(error.message, reason)
          assert.ok(error.message.includes(path) && !error.message.includes('\n'))
          return true
        },
      )
      assert.equal(statSync(path, { throwIfNoEntry: false })?.size, before)
    }
  })

  test('what is damaged while it is open is unreachable, not absent', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    const writer = openAt(t, path)
    for (let i = 0; i < 50; i += 1) await writer.write(`k/${i}`, writing(2_000))
    await writer.close()
    const engine = openAt(t, path)
    writeFileSync(path, readFileSync(path).fill(0xff, 4096))
    await assert.rejects(() => engine.read('k/1'), { code: 'store_unreachable', message: /damaged/ })
  })
})
