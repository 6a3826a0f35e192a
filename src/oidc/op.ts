// The OPs, seen from a relying party: metadata and keys, cached, and fetched once for all who wait.
import { LRUCache } from 'lru-cache'
import type { Limits } from '../limits.ts'
import type { World } from '../world.ts'
import { discover, type OpMetadata, type Whereabouts } from './discovery.ts'
import { fetchOf, type Door } from './http.ts'
import { createOpKeys, type OpKeys } from './keys.ts'
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
  /** The OP that is found there. @throws OxdError as `discover` does */
  at(whereabouts: Whereabouts): Promise<Op>
  /** Its keys alone: nothing is asked before a token asks for them. */
  keysAt(whereabouts: Whereabouts): Pick<Op, 'keys' | 'own'>
  /** The way to OPs whose metadata nobody has asked for yet. */
  readonly door: Door
}

/** What is kept of an OP as long as it is asked now and then. */
interface Kept extends Pick<Op, 'keys' | 'door' | 'clock'> {
  readonly where: Whereabouts
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
    fetchMethod: (_key, _stale, { context }) => discover(context.door, context.where),
  })

  const keep = (key: string, where: Whereabouts): Kept => {
    const own = doorOf(door, where.issuer, world.now)
    // The address of the keys is read anew at each fetch, since an OP may move them.
    const jwks_uri = async () => (await metadata.forceFetch(key, { context: made })).jwks_uri
    const keys = createOpKeys({ door: own.door, jwks_uri, now: world.now, limits, log: world.log })
    const made: Kept = { ...own, keys, where }
    kept.set(key, made)
    return made
  }

  const keptAt = ({ issuer, discovery_url }: Whereabouts): { key: string; context: Kept } => {
    const key = `${issuer} ${discovery_url}`
    return { key, context: kept.get(key) ?? keep(key, { issuer, discovery_url }) }
  }

  return {
    door,
    keysAt: (where) => ({ keys: keptAt(where).context.keys, own }),
    async at(where) {
      const { issuer } = where
      const { key, context } = keptAt(where)
      const { keys, door: ownDoor, clock } = context
      const found = await metadata.forceFetch(key, { context })
      const hasQuirk = quirksAt(issuer, where.quirks)
      return { metadata: found, keys, door: ownDoor, clock, own, hasQuirk, insecure_unsigned_id_tokens }
    },
  }
}
