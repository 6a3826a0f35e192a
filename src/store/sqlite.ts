// The embedded engine: one SQLite file through node:sqlite, shared safely by several processes of one machine.
import { closeSync, openSync } from 'node:fs'
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

const isClosed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE'

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
    db.exec('PRAGMA journal_mode = WAL')
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
  /** The write-ahead log is cut to this size when it starts anew. */
  readonly wal_bytes_max: number
}

const connect = ({ path, busy_ms, wal_bytes_max }: SqliteOptions, synchronous: 'FULL' | 'NORMAL') => {
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
    db.exec(`PRAGMA synchronous = ${synchronous}`)
    db.exec(`PRAGMA journal_size_limit = ${wal_bytes_max}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Opens a database that `createSqliteFile` made.
 * @throws {StartError} when it is missing, damaged, foreign, or made by a newer oxd
 */
export const openSqliteEngine = (options: SqliteOptions): Engine => {
  const { now } = options
  const connections: DatabaseSync[] = []
  const open = (synchronous: 'FULL' | 'NORMAL') => {
    const db = connect(options, synchronous)
    connections.push(db)
    return db
  }
  const closeAll = () => {
    for (const db of connections.splice(0)) db.close()
  }

  const prepareAll = () => {
    // Two connections, because `synchronous` belongs to a connection: FULL reaches the disk with each commit,
    // NORMAL leaves it to the cache of the system until the next checkpoint or the next FULL commit.
    const full = open('FULL')
    const normal = open('NORMAL')
    const writes = (db: DatabaseSync) => ({
      insert: db.prepare(SQL.insert),
      swap: db.prepare(SQL.swap),
      put: db.prepare(SQL.put),
    })
    const transactions = (db: DatabaseSync) => ({
      db,
      read: db.prepare(SQL.read),
      put: db.prepare(SQL.put),
      remove: db.prepare(SQL.remove),
    })
    return {
      durable: writes(full),
      quick: writes(normal),
      durably: transactions(full),
      quickly: transactions(normal),
      take: full.prepare(SQL.take),
      remove: full.prepare(SQL.remove),
      read: normal.prepare(SQL.read),
      list: normal.prepare(SQL.list),
      sweep: normal.prepare(SQL.sweep),
    }
  }

  const prepareOrRefuse = () => {
    try {
      return prepareAll()
    } catch (error) {
      closeAll()
      const code = primaryCode(error)
      if (code === undefined) throw error
      throw new StartError(`Cannot open ${options.path}. ${reasonOf(code)}`, { cause: error })
    }
  }
  const statements = prepareOrRefuse()

  const attempt = <T>(verb: () => T): T => {
    try {
      return verb()
    } catch (error) {
      const code = primaryCode(error)
      if (code !== undefined) throw unreachable(reasonOf(code), error)
      if (isClosed(error)) throw unreachable(CLOSED, error)
      throw error
    }
  }

  return {
    read: async (key) =>
      attempt(() => {
        const row = statements.read.get({ key, now: now() })
        return row && toRecord(row)
      }),
    write: async (key, { expected, version, body, expires_at, durable }) =>
      attempt(() => {
        const { insert, swap, put } = durable ? statements.durable : statements.quick
        const record = { key, version, body, expires_at }
        const { changes } =
          expected === 'any'
            ? put.run(record)
            : expected === 0
              ? insert.run({ ...record, now: now() })
              : swap.run({ ...record, expected, now: now() })
        return changes === 0 ? 'conflict' : 'written'
      }),
    commit: async (changes) =>
      attempt(() => {
        const durable = changes.some((change) => 'removed' in change || change.durable)
        const { db, read, put, remove } = durable ? statements.durably : statements.quickly
        // Writers of other processes wait from here on, so what is expected stays true until the commit.
        db.exec('BEGIN IMMEDIATE')
        try {
          for (const change of changes) {
            const { key, expected } = change
            if (expected !== 'any' && expected !== (read.get({ key, now: now() })?.version ?? 0))
              return 'conflict'
            if ('removed' in change) {
              remove.run({ key })
            } else {
              const { version, body, expires_at } = change
              put.run({ key, version, body, expires_at })
            }
          }
          db.exec('COMMIT')
          return 'written'
        } finally {
          // A conflict, or a failure after which SQLite has not rolled back by itself.
          if (db.isTransaction) db.exec('ROLLBACK')
        }
      }),
    take: async (key) =>
      attempt(() => {
        // `all`, not `get`: the commit belongs to the step after the last row, and `get` never learns that it failed.
        const [row] = statements.take.all({ key, now: now() })
        return row && toRecord(row)
      }),
    remove: async (key) =>
      attempt(() => {
        statements.remove.run({ key })
      }),
    list: async (prefix, { after = '', limit }) =>
      attempt(() => statements.list.all({ prefix, after, limit, now: now() }).map(toListed)),
    sweep: async (limit) => attempt(() => Number(statements.sweep.run({ now: now(), limit }).changes)),
    close: async () => closeAll(),
  }
}
