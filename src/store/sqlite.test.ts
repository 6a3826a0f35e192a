// The SQLite engine: the contract, and what only a file can go through.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { StartError } from '../error.ts'
import { engineContract } from '../testing/engine_contract.ts'
import type { EngineWrite } from './engine.ts'
import { createSqliteFile, openSqliteEngine } from './sqlite.ts'

const NOW = 1_750_000_000

const newPath = (t: TestContext): string => {
  const directory = mkdtempSync(join(tmpdir(), 'oxd-sqlite-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'oxd.db')
}
const openAt = (t: TestContext, path: string, now = () => NOW) => {
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

describe('the sqlite engine', () => {
  test('what is durable, and every deletion on demand, is committed with synchronous=FULL', async (t) => {
    const path = newPath(t)
    createSqliteFile(path)
    const connections = watchConnections(t)
    const engine = openAt(t, path)
    const full = [...connections].filter((db) => valueOf(db, 'PRAGMA synchronous') === 2)
    const changes = () => full.reduce((sum, db) => sum + Number(valueOf(db, 'SELECT total_changes()')), 0)
    const verbs: readonly (readonly [number, () => Promise<unknown>])[] = [
      [1, () => engine.write('k/a', writing(1))],
      [1, () => engine.write('k/a', writing(1, { expected: 1, version: 2 }))],
      [1, () => engine.write('k/a', writing(1, { expected: 'any', version: 3 }))],
      [1, () => engine.take('k/a')],
      [0, () => engine.write('k/b', writing(1, { durable: false }))],
      [1, () => engine.remove('k/b')],
      [0, () => engine.commit([{ key: 'k/c', ...writing(1, { durable: false }) }])],
      [
        2,
        () =>
          engine.commit([
            { key: 'k/d', ...writing(1, { durable: false }) },
            { key: 'k/e', ...writing(1) },
          ]),
      ],
      [1, () => engine.commit([{ key: 'k/d', expected: 1, removed: true }])],
    ]
    for (const [wanted, verb] of verbs) {
      const before = changes()
      await verb()
      assert.equal(changes() - before, wanted, verb.toString())
    }
    for (const db of connections) assert.equal(valueOf(db, 'PRAGMA journal_mode'), 'wal')
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
