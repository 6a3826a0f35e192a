// The store: typed kinds of records over an engine that sees only sealed bodies under names that tell nothing.
import { setImmediate } from 'node:timers/promises'
import { OxdError } from '../error.ts'
import type { Limits } from '../limits.ts'
import { createTurns } from '../turns.ts'
import type { World } from '../world.ts'
import type { Engine, EngineChange, EngineRecord, EngineWrite } from './engine.ts'
import { fingerprint, type Keys, open, seal } from './seal.ts'

/** What names a record within its kind, for example `[oxd_id, state]`. It never reaches the engine in clear. */
export type RecordId = readonly string[]

export interface Found<T> {
  readonly value: T
  /** Changes with every write; below 2^32, so that four bytes carry it. */
  readonly version: number
  /** Seconds since the epoch; `null`: never. */
  readonly expires_at: number | null
}

export interface Keeping {
  /** Seconds since the epoch from which on the record is absent. Without: it is kept until it is removed. */
  readonly expires_at?: number | null
}

/** A change that was made ready for `commit`, sealed; its inside is the store's. */
export type Write = EngineChange

/** Changes of one kind for `commit`: what is expected of each record, and what is there afterwards. */
export interface Writes<T> {
  /** Expects that nothing is there. */
  readonly insert: (id: RecordId, value: T, keeping?: Keeping) => Write
  /** Expects nothing. */
  readonly put: (id: RecordId, value: T, keeping?: Keeping) => Write
  /** Expects the record as it was found. Expiry stays unless given. */
  readonly swap: (id: RecordId, found: Found<T>, value: T, keeping?: Keeping) => Write
  /** Deletes; expects the record as it was found: of any number of commits one succeeds. */
  readonly spend: (id: RecordId, found: Found<T>) => Write
  /** Deletes; expects nothing. */
  readonly remove: (id: RecordId) => Write
}

/**
 * The records of one kind. Every verb may throw `store_unreachable` (the engine failed) or `store_damaged` (a record
 * that was not sealed by this daemon for its place): `undefined` and `false` always mean what they say.
 */
export interface Kind<T> {
  readonly get: (id: RecordId) => Promise<Found<T> | undefined>
  /** Writes if nothing is there. Of any number of callers, in any process, exactly one gets `true`. */
  readonly insert: (id: RecordId, value: T, keeping?: Keeping) => Promise<boolean>
  /** Writes, whatever is there. Of two at once the last stays. */
  readonly put: (id: RecordId, value: T, keeping?: Keeping) => Promise<void>
  /**
   * Compare-and-swap: `change` is called again with the newer value when another caller was faster; it must have no
   * effects. Expiry stays unless given. `undefined`: nothing to change.
   * @throws {OxdError} site_changed after `swap_tries_max` tries
   */
  readonly update: (id: RecordId, change: (value: T) => T, keeping?: Keeping) => Promise<Found<T> | undefined>
  /** Spends: reads and deletes at once. Of any number of callers exactly one gets the value. */
  readonly take: (id: RecordId) => Promise<T | undefined>
  readonly remove: (id: RecordId) => Promise<void>
  /**
   * All records, in no meaningful order, page by page: what is written meanwhile may be missing. One that cannot be
   * opened is logged as an error and passed over, because one damaged site must not hide all the others.
   * @param group of a kind with `group_parts`: only the records whose names begin with these parts
   */
  readonly list: (group?: RecordId) => AsyncIterable<Found<T>>
  readonly writes: Writes<T>
}

export interface KindDefinition {
  /** Lower-case letters and `_`. Part of the seal: another name is another kind. */
  readonly kind: string
  /** What was answered must survive a power failure (`true`), or may be repeated (`false`). */
  readonly durable: boolean
  /** So many first parts of a name make a group, which can be listed; the engine sees which records share one. */
  readonly group_parts?: number
}

export interface Store {
  /** `T` is what JSON carries; reading old shapes of it is up to the kind's owner. */
  readonly kind: <T extends object>(definition: KindDefinition) => Kind<T>
  /**
   * Writes all or nothing, also through `kill -9` and against other processes; whether it was written. Not, if one record
   * is not as its write expects: read again, and decide again.
   * @throws {OxdError} store_unreachable
   */
  readonly commit: (writes: readonly Write[]) => Promise<boolean>
  /** Deletes what has expired, in batches between which others have their turn; how many it were. */
  readonly sweep: () => Promise<number>
  readonly close: () => Promise<void>
}

type StoreWorld = Pick<World, 'random' | 'log'>
type StoreLimits = Pick<Limits, 'swap_tries_max' | 'store_page_records' | 'sweep_records'>

const KIND = /^[a-z_]+$/
const ABSENT = 0

/**
 * A first version is random: a record that was removed and made anew between somebody's read and write has another
 * version, so the write is refused.
 */
const firstVersion = (random: StoreWorld['random']): number => (random(4).readUInt32BE() >>> 1) + 1

const createKind = <T extends object>(
  { kind, durable, group_parts = 0 }: KindDefinition,
  { engine, keys, world, limits }: { engine: Engine; keys: Keys; world: StoreWorld; limits: StoreLimits },
): Kind<T> => {
  if (!KIND.test(kind)) throw new TypeError(`not the name of a kind: ${kind}`)
  const prefix = `${kind}/`
  const groupOf = (group: RecordId): string =>
    group_parts === 0 ? '' : `${fingerprint(keys, `group ${kind}`, ...group)}.`
  const nameOf = (id: RecordId): string => fingerprint(keys, `name ${kind}`, ...id)
  const fullNameOf = (id: RecordId): string => groupOf(id.slice(0, group_parts)) + nameOf(id)

  const sealed = (
    id: RecordId,
    value: T,
    { expected, version, expires_at = null }: Pick<EngineWrite, 'expected' | 'version'> & Keeping,
  ) => {
    const name = fullNameOf(id)
    const place = { kind, name, version, expires_at }
    const body = seal(keys, place, Buffer.from(JSON.stringify(value)), world.random)
    return { key: prefix + name, expected, version, expires_at, durable, body }
  }
  const opened = (name: string, { version, expires_at, body }: EngineRecord): Found<T> => {
    const plain = open(keys, { kind, name, version, expires_at }, body)
    // Holds: the seal proves that this program wrote the text from a T of this kind.
    const value = JSON.parse(plain.toString('utf8')) as T
    return { value, version, expires_at }
  }
  const openedOrLogged = (name: string, record: EngineRecord): Found<T> | undefined => {
    try {
      return opened(name, record)
    } catch (error) {
      if (!(error instanceof OxdError)) throw error
      world.log('error', error.message, { kind })
      return undefined
    }
  }

  const get = async (name: string): Promise<Found<T> | undefined> => {
    const record = await engine.read(prefix + name)
    return record && opened(name, record)
  }

  const writes = {
    insert: (id, value, keeping) =>
      sealed(id, value, { ...keeping, expected: ABSENT, version: firstVersion(world.random) }),
    put: (id, value, keeping) =>
      sealed(id, value, { ...keeping, expected: 'any', version: firstVersion(world.random) }),
    swap: (id, { version, expires_at }, value, keeping = {}) =>
      sealed(id, value, {
        expected: version,
        version: version + 1,
        expires_at: keeping.expires_at === undefined ? expires_at : keeping.expires_at,
      }),
    spend: (id, { version }) => ({ key: prefix + fullNameOf(id), expected: version, removed: true }),
    remove: (id) => ({ key: prefix + fullNameOf(id), expected: 'any', removed: true }),
  } satisfies Writes<T>
  const inTurn = createTurns()
  const write = async ({ key, ...change }: ReturnType<typeof sealed>): Promise<boolean> =>
    (await engine.write(key, change)) === 'written'

  return {
    writes,
    get: (id) => get(fullNameOf(id)),
    insert: (id, value, keeping) => write(writes.insert(id, value, keeping)),
    async put(id, value, keeping) {
      await write(writes.put(id, value, keeping))
    },
    update: (id, change, keeping) =>
      // Those who wait for one disk would all be overtaken by the first of them, again and again.
      inTurn(fullNameOf(id), async () => {
        for (let tries = 0; tries < limits.swap_tries_max; tries += 1) {
          const found = await get(fullNameOf(id))
          if (found === undefined) return undefined
          const value = change(found.value)
          const swap = writes.swap(id, found, value, keeping)
          if (await write(swap)) return { value, version: swap.version, expires_at: swap.expires_at }
        }
        throw new OxdError('site_changed')
      }),
    async take(id) {
      const name = fullNameOf(id)
      const record = await engine.take(prefix + name)
      return record && opened(name, record).value
    },
    remove: (id) => engine.remove(prefix + fullNameOf(id)),
    async *list(group) {
      const begin = group === undefined ? prefix : prefix + groupOf(group)
      let after = begin
      for (;;) {
        const page = await engine.list(begin, { after, limit: limits.store_page_records })
        for (const { key, ...record } of page) {
          after = key
          const found = openedOrLogged(key.slice(prefix.length), record)
          if (found !== undefined) yield found
        }
        if (page.length < limits.store_page_records) return
        // Engines may answer at once: who reads very much must let others have their turn.
        await setImmediate()
      }
    },
  }
}

export const createStore = (engine: Engine, keys: Keys, world: StoreWorld, limits: StoreLimits): Store => ({
  kind: (definition) => createKind(definition, { engine, keys, world, limits }),
  async commit(writes) {
    if (new Set(writes.map(({ key }) => key)).size !== writes.length)
      throw new TypeError('a record occurs once in a commit')
    return (await engine.commit(writes)) === 'written'
  },
  async sweep() {
    let swept = 0
    for (;;) {
      const batch = await engine.sweep(limits.sweep_records)
      swept += batch
      if (batch < limits.sweep_records) return swept
      await setImmediate()
    }
  },
  close: () => engine.close(),
})
