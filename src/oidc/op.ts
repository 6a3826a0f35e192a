// The OPs, seen from a relying party: metadata and keys, cached, and fetched once for all who wait.
import { LRUCache } from 'lru-cache'
import type { Limits } from '../limits.ts'
import type { World } from '../world.ts'
import { discover, type OpMetadata, type Whereabouts } from './discovery.ts'
import type { Door } from './http.ts'
import { createOpKeys, type OpKeys } from './keys.ts'
import { createQuirks, type HasQuirk } from './quirks.ts'

export interface Op {
  readonly metadata: OpMetadata
  readonly keys: OpKeys
  /** The only way to this OP. */
  readonly door: Door
  /** Whether oxd goes along with a deviation of this OP, as this site sees it. */
  readonly hasQuirk: HasQuirk
}

export interface Ops {
  /** The OP that is found there. @throws OxdError as `discover` does */
  at(whereabouts: Whereabouts): Promise<Op>
  /** The way to OPs whose metadata nobody has asked for yet. */
  readonly door: Door
}

export const createOps = (
  door: Door,
  world: World,
  limits: Limits,
  { no_quirk = [] }: { readonly no_quirk?: readonly string[] } = {},
): Ops => {
  const quirksAt = createQuirks(world.log, no_quirk)
  const perf = { now: world.now }
  const metadata = new LRUCache<string, OpMetadata, Whereabouts>({
    max: limits.ops_max,
    ttl: limits.op_metadata_ms,
    ttlResolution: 0,
    perf,
    // A fetch that was pushed out of the cache still answers those who wait for it.
    ignoreFetchAbort: true,
    allowStaleOnFetchAbort: true,
    fetchMethod: (_key, _stale, { context }) => discover(door, context),
  })
  const keys = new LRUCache<string, OpKeys>({ max: limits.ops_max })

  return {
    door,
    async at(whereabouts) {
      const key = `${whereabouts.issuer} ${whereabouts.discovery_url}`
      const found = await metadata.forceFetch(key, { context: whereabouts })
      let opKeys = keys.get(key)
      if (opKeys === undefined) {
        // The address of the keys is read anew at each fetch, since an OP may move them.
        const jwks_uri = async () => (await metadata.forceFetch(key, { context: whereabouts })).jwks_uri
        opKeys = createOpKeys({ door, jwks_uri, now: world.now, limits })
        keys.set(key, opKeys)
      }
      const hasQuirk = quirksAt(whereabouts.issuer, whereabouts.quirks)
      return { metadata: found, keys: opKeys, door, hasQuirk }
    },
  }
}
