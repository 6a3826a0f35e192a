// What the dev OP remembers (clients, sessions, grants, tokens), in one SQLite table that survives a restart.
// oidc-provider's own memory holds 1,000 entries for everything, and so forgets clients; this forgets by expiry alone.
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Adapter, Payload } from 'oidc-provider'
import type { World } from '../../world.ts'

export interface DevOpMemory {
  /** What oidc-provider's `adapter` setting takes: one adapter per model, all over the same table. */
  readonly adapter: (model: string) => Adapter
  /** Reads an entry and deletes it in one step: of two who come at once, one gets it. */
  readonly take: (model: string, id: string) => Payload | undefined
  /** The entries of a model with this `grantId`, by id. */
  readonly list: (model: string, grantId: string) => readonly Payload[]
  readonly close: () => void
}

/** Expired rows are dropped at the start and each time this many rows were written. */
const WRITES_BETWEEN_SWEEPS = 1_000
/** Another process on the same file is waited for this long. */
const BUSY_MS = 2_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (
    model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL,
    grant_id TEXT, uid TEXT, user_code TEXT, consumed_at INTEGER, expires_at INTEGER,
    PRIMARY KEY (model, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_grant ON entries (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entries_uid ON entries (uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entries_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
`

/** Opens or makes the database: `file` is its path (made with mode 0600), or `:memory:`. */
export const openMemory = (file: string, world: Pick<World, 'now'>): DevOpMemory => {
  // SQLite gives its journal the mode of the database, which it finds made already.
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: BUSY_MS })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
  database.exec(SCHEMA)

  const write = database.prepare(
    `INSERT OR REPLACE INTO entries (model, id, payload, grant_id, uid, user_code, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const readBy = (column: 'id' | 'uid' | 'user_code') =>
    database.prepare(
      `SELECT payload, consumed_at FROM entries WHERE model = ? AND ${column} = ? AND (expires_at IS NULL OR expires_at > ?)`,
    )
  const byId = readBy('id')
  const byUid = readBy('uid')
  const byUserCode = readBy('user_code')
  const consume = database.prepare('UPDATE entries SET consumed_at = ? WHERE model = ? AND id = ?')
  const remove = database.prepare('DELETE FROM entries WHERE model = ? AND id = ?')
  const takeOne = database.prepare(
    'DELETE FROM entries WHERE model = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?) RETURNING payload, consumed_at',
  )
  const byGrant = database.prepare(
    'SELECT payload, consumed_at FROM entries WHERE model = ? AND grant_id = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY id',
  )
  const revoke = database.prepare('DELETE FROM entries WHERE model = ? AND grant_id = ?')
  const sweep = database.prepare('DELETE FROM entries WHERE expires_at <= ?')

  const nowSeconds = () => Math.floor(world.now() / 1000)
  const payloadIn = (row: Record<string, unknown> | undefined): Payload | undefined => {
    if (row === undefined) return undefined
    // Written by `upsert` below, from a payload.
    const payload = JSON.parse(String(row.payload)) as Payload
    return row.consumed_at === null ? payload : { ...payload, consumed: Number(row.consumed_at) }
  }

  let writes = 0
  sweep.run(nowSeconds())

  const adapter = (model: string): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      const expiresAt = expiresIn === undefined ? null : nowSeconds() + expiresIn
      const { grantId = null, uid = null, userCode = null } = payload
      write.run(model, id, JSON.stringify(payload), grantId, uid, userCode, expiresAt)
      writes += 1
      if (writes % WRITES_BETWEEN_SWEEPS === 0) sweep.run(nowSeconds())
    },
    find: async (id) => payloadIn(byId.get(model, id, nowSeconds())),
    findByUid: async (uid) => payloadIn(byUid.get(model, uid, nowSeconds())),
    findByUserCode: async (userCode) => payloadIn(byUserCode.get(model, userCode, nowSeconds())),
    consume: async (id) => void consume.run(nowSeconds(), model, id),
    destroy: async (id) => void remove.run(model, id),
    revokeByGrantId: async (grantId) => void revoke.run(model, grantId),
  })
  const take = (model: string, id: string) => payloadIn(takeOne.get(model, id, nowSeconds()))
  const list = (model: string, grantId: string) =>
    byGrant
      .all(model, grantId, nowSeconds())
      .map(payloadIn)
      .filter((payload) => payload !== undefined)
  return { adapter, take, list, close: () => database.close() }
}
