// The embedded engine: one SQLite file through node:sqlite, shared safely by several processes of one machine.
import { closeSync, fdatasync, openSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { StartError } from '../error.ts'
import {
  CLOSED,
  type Engine,
  type EngineRecord,
  type ListedRecord,
  type SecondsClock,
  unreachable,
} from './engine.ts'
import { orStartError } from './files.ts'

/** "oxdb": tells a store of oxd from any other SQLite file. */
const APPLICATION_ID = 0x6f786462
const SCHEMA_VERSION = 1
const SCHEMA = `
  BEGIN IMMEDIATE;
  CREATE TABLE records (
    key TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    expires_at INTEGER,
    body BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  COMMIT;`

const LIVE = '(records.expires_at IS NULL OR records.expires_at > :now)'
const INSERT =
  'INSERT INTO records (key, version, expires_at, body) VALUES (:key, :version, :expires_at, :body) ' +
  'ON CONFLICT (key) DO UPDATE SET version = excluded.version, expires_at = excluded.expires_at, body = excluded.body'

const SQL = {
  read: `SELECT version, expires_at, body FROM records WHERE key = :key AND ${LIVE}`,
  insert: `${INSERT} WHERE NOT ${LIVE}`,
  swap:
    'UPDATE records SET version = :version, expires_at = :expires_at, body = :body ' +
    `WHERE key = :key AND version = :expected AND ${LIVE}`,
  put: INSERT,
  take: `DELETE FROM records WHERE key = :key AND ${LIVE} RETURNING version, expires_at, body`,
  remove: 'DELETE FROM records WHERE key = :key',
  // Keys are visible ASCII: DEL is above them all, so the range is exact and no character of a prefix is a wildcard.
  list:
    'SELECT key, version, expires_at, body FROM records ' +
    'WHERE key >= :prefix AND key < :prefix || char(127) AND key > :after ' +
    `AND ${LIVE} ORDER BY key LIMIT :limit`,
  sweep: 'DELETE FROM records WHERE key IN (SELECT key FROM records WHERE expires_at <= :now LIMIT :limit)',
} as const

/** What SQLite's primary result codes mean to the person who runs oxd. @see https://sqlite.org/rescode.html */
const REASONS: Readonly<Record<number, string>> = {
  5: 'Another process holds the database.',
  8: 'The database cannot be written: check owner and mode of the data directory.',
  10: 'The disk reports an error: is it full, over its quota or failing?',
  11: 'The database is damaged: stop oxd and restore the data directory from the backup.',
  13: 'The disk is full: free some space; nothing that was answered is lost.',
  14: 'The database cannot be opened: check owner and mode of the data directory.',
  26: 'The file is no database: restore the data directory from the backup.',
}

const primaryCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined
const reasonOf = (code: number): string => REASONS[code] ?? `SQLite refuses with its code ${code}.`

const DISK_FAILED =
  'The disk did not keep what was written: look at it, then start oxd again; what was answered is kept.'

const damaged = () => unreachable(reasonOf(11))

// The table is STRICT; these checks tell the compiler so, and a reader when the file was tampered with.
const toRecord = (row: Record<string, SQLOutputValue>): EngineRecord => {
  const { version, expires_at, body } = row
  if (typeof version !== 'number' || !(body instanceof Uint8Array)) throw damaged()
  if (typeof expires_at !== 'number' && expires_at !== null) throw damaged()
  return { version, expires_at, body }
}
const toListed = (row: Record<string, SQLOutputValue>): ListedRecord => {
  if (typeof row.key !== 'string') throw damaged()
  return { key: row.key, ...toRecord(row) }
}

/**
 * Makes a new database file of mode 0600; SQLite gives its -wal and -shm files the mode of the database.
 * @throws if the file exists
 */
export const createSqliteFile = (path: string): void => {
  closeSync(openSync(path, 'wx', 0o600))
  const db = new DatabaseSync(path)
  try {
    db.exec(SCHEMA)
  } finally {
    db.close()
  }
}

export interface SqliteOptions {
  readonly path: string
  readonly now: SecondsClock
  /** How long a verb waits, blocking this process, for another process that holds the database. */
  readonly busy_ms: number
  /** From this size on the write-ahead log goes into the database and starts anew; then it is cut to it. */
  readonly wal_bytes_max: number
}

const PAGE_BYTES = 4_096

const CHECKPOINT_PAUSE_MS = 10

/** Stands still. */
const pause = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** What others left in the log may be in memory alone, above all after a disk failed: it goes into the database. */
const emptyLog = (db: DatabaseSync, path: string, busy_ms: number): void => {
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
  const until = performance.now() + busy_ms
  // Whoever has the log is waited for by SQLite, whoever has the checkpoint is not.
  while (checkpoint.get()?.['busy'] !== 0) {
    if (performance.now() >= until) throw new StartError(`Cannot open ${path}. ${reasonOf(5)}`)
    pause(CHECKPOINT_PAUSE_MS)
  }
}

const prepareAll = (db: DatabaseSync) => ({
  read: db.prepare(SQL.read),
  insert: db.prepare(SQL.insert),
  swap: db.prepare(SQL.swap),
  put: db.prepare(SQL.put),
  take: db.prepare(SQL.take),
  remove: db.prepare(SQL.remove),
  list: db.prepare(SQL.list),
  sweep: db.prepare(SQL.sweep),
})

const connect = ({ path, busy_ms, wal_bytes_max }: SqliteOptions) => {
  // mode=rw: a file that is not there is an error, never a new, empty database.
  const url = pathToFileURL(path)
  url.searchParams.set('mode', 'rw')
  const db = new DatabaseSync(url, { timeout: busy_ms })
  try {
    const pragma = (name: string) => db.prepare(`PRAGMA ${name}`).get()?.[name]
    if (pragma('application_id') !== APPLICATION_ID)
      throw new StartError(
        `${path} is no store of oxd: restore it from the backup, or choose another data directory.`,
      )
    if (Number(pragma('user_version')) > SCHEMA_VERSION)
      throw new StartError(`${path} was made by a newer oxd: start that version, or restore an older backup.`)
    // A new one is not there yet, nor a backup that was made by VACUUM INTO.
    db.exec('PRAGMA journal_mode = WAL')
    // The disk is waited for by us; by SQLite only where a log ends and where it begins, which OFF would leave out.
    db.exec('PRAGMA synchronous = NORMAL')
    db.exec(`PRAGMA journal_size_limit = ${wal_bytes_max}`)
    db.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil(wal_bytes_max / PAGE_BYTES)}`)
    // The first read makes the log.
    pragma('schema_version')
    // Links are followed. It is there as long as the database is open, and SQLite locks other files than this one.
    const log = orStartError(`Cannot open the log of ${path}`, () => openSync(`${db.location()}-wal`, 'r+'))
    try {
      emptyLog(db, path, busy_ms)
      return { db, log, statements: prepareAll(db) }
    } catch (error) {
      closeSync(log)
      throw error
    }
  } catch (error) {
    db.close()
    throw error
  }
}

const toDisk = (file: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fdatasync(file, (error) => (error === null ? resolve() : reject(error)))
  })

/**
 * Opens a database that `createSqliteFile` made. What is durable is seen by others once it is written, and answered once the
 * disk has it; waiting for that leaves the event loop to others, and one wait serves all who came before it.
 * @throws {StartError} when it is missing, damaged, foreign, or made by a newer oxd
 */
export const openSqliteEngine = (options: SqliteOptions): Engine => {
  const { path, now } = options

  const connectOrRefuse = () => {
    try {
      return connect(options)
    } catch (error) {
      const code = primaryCode(error)
      if (code === undefined) throw error
      throw new StartError(`Cannot open ${path}. ${reasonOf(code)}`, { cause: error })
    }
  }
  const { db, log, statements } = connectOrRefuse()

  /** Why nothing goes any more: what the disk did not take may be gone from memory, too, and what came after it hangs on it. */
  let broken: unknown
  let closing: Promise<void> | undefined
  const attempt = <T>(verb: () => T): T => {
    if (closing !== undefined) throw unreachable(CLOSED)
    if (broken !== undefined) throw unreachable(DISK_FAILED, broken)
    try {
      return verb()
    } catch (error) {
      const code = primaryCode(error)
      if (code !== undefined) throw unreachable(reasonOf(code), error)
      throw error
    }
  }

  // Numbers of writes: how many were made, and up to which one the disk has them.
  let written = 0
  let synced = 0
  let syncing: Promise<void> | undefined
  const syncOnce = async (): Promise<void> => {
    const upto = written
    try {
      await toDisk(log)
      synced = upto
    } catch (error) {
      broken = error
    } finally {
      syncing = undefined
    }
  }
  /** Waits until the disk has all that was written by now: in the log, or already in the database. */
  const reachDisk = async (): Promise<void> => {
    const upto = written
    // The wait that is under way may have begun too early; the next one has not.
    if (synced < upto && syncing !== undefined) await syncing
    if (synced < upto && broken === undefined) await (syncing ??= syncOnce())
    if (synced < upto) throw unreachable(DISK_FAILED, broken)
  }
  /** A verb that changes something; how many records it changed stands beside its answer. */
  const changing = async <T>(
    durable: boolean,
    verb: () => readonly [answer: T, changes: number | bigint],
  ) => {
    const answer = attempt(() => {
      const [answer, changes] = verb()
      // That somebody else was faster is an answer, too, and what that one wrote, in any process, may not be on the disk yet.
      if (durable || changes > 0) written += 1
      return answer
    })
    if (durable) await reachDisk()
    return answer
  }
  const close = async (): Promise<void> => {
    await reachDisk().catch(() => {})
    try {
      db.close()
    } finally {
      closeSync(log)
    }
  }

  return {
    read: async (key) =>
      attempt(() => {
        const row = statements.read.get({ key, now: now() })
        return row && toRecord(row)
      }),
    write: (key, { expected, version, body, expires_at, durable }) =>
      changing(durable, () => {
        const { insert, swap, put } = statements
        const record = { key, version, body, expires_at }
        const { changes } =
          expected === 'any'
            ? put.run(record)
            : expected === 0
              ? insert.run({ ...record, now: now() })
              : swap.run({ ...record, expected, now: now() })
        return [changes === 0 ? 'conflict' : 'written', changes]
      }),
    commit(changes) {
      const durable = changes.some((change) => 'removed' in change || change.durable)
      return changing(durable, () => {
        const { read, put, remove } = statements
        // Writers of other processes wait from here on, so what is expected stays true until the commit.
        db.exec('BEGIN IMMEDIATE')
        try {
          for (const change of changes) {
            const { key, expected } = change
            if (expected !== 'any' && expected !== (read.get({ key, now: now() })?.version ?? 0))
              return ['conflict', 0]
            if ('removed' in change) {
              remove.run({ key })
            } else {
              const { version, body, expires_at } = change
              put.run({ key, version, body, expires_at })
            }
          }
          db.exec('COMMIT')
          return ['written', changes.length]
        } finally {
          // A conflict, or a failure after which SQLite has not rolled back by itself.
          if (db.isTransaction) db.exec('ROLLBACK')
        }
      })
    },
    take: (key) =>
      changing(true, () => {
        // `all`, not `get`: the commit belongs to the step after the last row, and `get` never learns that it failed.
        const rows = statements.take.all({ key, now: now() })
        const [row] = rows
        return [row && toRecord(row), rows.length]
      }),
    remove: (key) => changing(true, () => [undefined, statements.remove.run({ key }).changes]),
    list: async (prefix, { after = '', limit }) =>
      attempt(() => statements.list.all({ prefix, after, limit, now: now() }).map(toListed)),
    sweep: (limit) =>
      changing(false, () => {
        const { changes } = statements.sweep.run({ now: now(), limit })
        return [Number(changes), changes]
      }),
    close: () => (closing ??= close()),
  }
}
