// The OPs, seen from a relying party: metadata and keys, cached, and fetched once for all who wait.
import { LRUCache } from 'lru-cache'
import { OxdError } from '../error.ts'
import type { Limits } from '../limits.ts'
import type { World } from '../world.ts'
import { discover, type OpMetadata, type Whereabouts } from './discovery.ts'
import { fetchOf, type Door } from './http.ts'
import { createOpKeys, type Asker, type OpKeys } from './keys.ts'
import type { OwnKeys } from './own_keys.ts'
import { createQuirks, type HasQuirk } from './quirks.ts'

export interface Op {
  readonly metadata: OpMetadata
  readonly keys: OpKeys
  /** The only way to this OP. */
  readonly door: Door
  /** Whether oxd goes along with a deviation of this OP, as this site sees it. */
  readonly hasQuirk: HasQuirk
  /** By how many seconds its clock was ahead of ours when it last answered; undefined: it did not say. */
  readonly clock: () => number | undefined
  /** The keys of oxd itself. */
  readonly own: OwnKeys
  /** Sites may register `none` for their ID Tokens. */
  readonly insecure_unsigned_id_tokens: boolean
}

export interface Ops {
  /**
   * The OP that is found there.
   * @param asker on whose account it is asked, where its metadata or keys are not known: strangers have a budget
   * @throws OxdError as `discover` does; for a stranger also key_budget_spent
   */
  at(whereabouts: Whereabouts, asker?: Asker): Promise<Op>
  /**
   * The OP as it is now, for who registers a client: its metadata are fetched anew, and its keys at the next login.
   * @throws OxdError as `discover` does; what is known of the OP stays known to others then
   */
  anew(whereabouts: Whereabouts): Promise<Op>
  /** Its keys alone: nothing is asked before a token asks for them. */
  keysAt(whereabouts: Whereabouts): Pick<Op, 'keys' | 'own'>
  /** The way to OPs whose metadata nobody has asked for yet. */
  readonly door: Door
}

/** What is kept of an OP as long as it is asked now and then. */
interface Kept extends Pick<Op, 'keys' | 'door' | 'clock'> {
  readonly where: Whereabouts
  /** How often its metadata are being fetched now. */
  fetches: number
  /** May they be fetched on account of a stranger? An OP that fails would else be asked for each who comes. */
  readonly mayStrangerFetch: () => boolean
}

const MINUTE_MS = 60_000

/** So many in any minute; what is later than now, since the clock was set back, is not counted. */
const createBudget = (count_max: number, now: () => number): (() => boolean) => {
  let spent: readonly number[] = []
  return () => {
    spent = spent.filter((at) => now() >= at && now() - at < MINUTE_MS)
    if (spent.length >= count_max) return false
    spent = [...spent, now()]
    return true
  }
}

/**
 * The door for one OP alone: no connection is shared with another, so that what arrives late is never taken for an answer
 * of somebody else at the same host (RFC 9112 section 9). It looks at the clock of the OP on the way.
 */
const doorOf = (door: Door, issuer: string, now: () => number): Pick<Op, 'door' | 'clock'> => {
  let ahead: number | undefined
  const request: Door['request'] = async (asked) => {
    const answer = await door.request({ ...asked, tenant: issuer })
    const said = Date.parse(answer.headers.get('date') ?? '')
    ahead = Number.isNaN(said) ? undefined : Math.round((said - now()) / 1000)
    return answer
  }
  return { door: { request, fetchFor: fetchOf(request), close: door.close }, clock: () => ahead }
}

export const createOps = (
  door: Door,
  world: World,
  limits: Limits,
  {
    own,
    no_quirk = [],
    insecure_unsigned_id_tokens = false,
  }: {
    readonly own: OwnKeys
    readonly no_quirk?: readonly string[]
    readonly insecure_unsigned_id_tokens?: boolean
  },
): Ops => {
  const quirksAt = createQuirks(world.log, no_quirk)
  const perf = { now: world.now }
  const kept = new LRUCache<string, Kept>({ max: limits.ops_max })
  const metadata = new LRUCache<string, OpMetadata, Kept>({
    max: limits.ops_max,
    ttl: limits.op_metadata_ms,
    ttlResolution: 0,
    perf,
    // A fetch that was pushed out of the cache still answers those who wait for it.
    ignoreFetchAbort: true,
    allowStaleOnFetchAbort: true,
    fetchMethod: async (_key, _stale, { context }) => {
      context.fetches += 1
      return discover(context.door, context.where).finally(() => (context.fetches -= 1))
    },
  })

  const keep = (key: string, where: Whereabouts): Kept => {
    const own = doorOf(door, where.issuer, world.now)
    // The address of the keys is read anew at each fetch, since an OP may move them.
    const jwks_uri = async () => (await metadata.forceFetch(key, { context: made })).jwks_uri
    const keys = createOpKeys({ door: own.door, jwks_uri, now: world.now, limits, log: world.log })
    const mayStrangerFetch = createBudget(limits.key_refetches_per_minute, world.now)
    const made: Kept = { ...own, keys, where, fetches: 0, mayStrangerFetch }
    kept.set(key, made)
    return made
  }

  const keptAt = ({ issuer, discovery_url }: Whereabouts): { key: string; context: Kept } => {
    const key = `${issuer} ${discovery_url}`
    return { key, context: kept.get(key) ?? keep(key, { issuer, discovery_url }) }
  }

  const ops: Ops = {
    door,
    keysAt: (where) => ({ keys: keptAt(where).context.keys, own }),
    async anew(where) {
      const { key, context } = keptAt(where)
      if (metadata.has(key)) metadata.set(key, await discover(context.door, context.where))
      context.keys.doubt()
      return ops.at(where)
    },
    async at(where, asker = 'login') {
      const { issuer } = where
      const { key, context } = keptAt(where)
      const { door: ownDoor, clock } = context
      const keys: OpKeys = { ...context.keys, published: () => context.keys.published(asker) }
      const isKnown = metadata.has(key) || context.fetches > 0
      if (asker === 'stranger' && !isKnown && !context.mayStrangerFetch()) {
        throw new OxdError('key_budget_spent')
      }
      const found = await metadata.forceFetch(key, { context })
      const hasQuirk = quirksAt(issuer, where.quirks)
      return { metadata: found, keys, door: ownDoor, clock, own, hasQuirk, insecure_unsigned_id_tokens }
    },
  }
  return ops
}
