// The authorization servers, as a site meets them: metadata, cached, the client of the site there and its PAT.
import { LRUCache } from 'lru-cache'
import { OxdError } from '../error.ts'
import type { Limits } from '../limits.ts'
import type { World } from '../world.ts'
import type { TokenClient } from './token_client.ts'
import type { Whereabouts } from './discovery.ts'
import type { DoorAnswer } from './http.ts'
import type { PatSource } from './introspection.ts'
import type { Op, Ops } from './op.ts'
import { discoverUma, type UmaEndpoint, type UmaMetadata } from './uma_discovery.ts'

/** An authorization server (AS), seen from one of its clients. */
export interface As {
  /** The same server as an OP. */
  readonly op: Op
  readonly metadata: UmaMetadata
  readonly client: TokenClient
  /** With it the client speaks as a resource server. */
  readonly pat: PatSource
}

export interface AuthorizationServers {
  /** What the AS that is found there says of itself. @throws OxdError as `discoverUma` does */
  at(where: Whereabouts): Promise<UmaMetadata>
}

export const createAuthorizationServers = (
  { door }: Pick<Ops, 'door'>,
  world: Pick<World, 'now'>,
  { ops_max, op_metadata_ms }: Pick<Limits, 'ops_max' | 'op_metadata_ms'>,
): AuthorizationServers => {
  const known = new LRUCache<string, UmaMetadata, Whereabouts>({
    max: ops_max,
    ttl: op_metadata_ms,
    ttlResolution: 0,
    perf: { now: world.now },
    // A fetch that was pushed out of the cache still answers those who wait for it.
    ignoreFetchAbort: true,
    allowStaleOnFetchAbort: true,
    fetchMethod: (_key, _stale, { context }) => discoverUma(door, context),
  })
  return {
    at: ({ issuer, discovery_url }) =>
      known.forceFetch(`${issuer} ${discovery_url}`, { context: { issuer, discovery_url } }),
  }
}

/** The address of an endpoint. @throws OxdError no_uma_endpoint */
export const endpointOf = ({ metadata }: Pick<As, 'metadata'>, name: UmaEndpoint): string => {
  const url = metadata[name]
  if (url === undefined) throw new OxdError('no_uma_endpoint', { what: `It names no ${name}.` })
  return url
}

/** An answer, and what was sent that nobody may read in an error text. */
export interface PatAnswer extends DoorAnswer {
  readonly secrets: readonly string[]
}

/** "This token is not (any more) one with which you may do that." */
const REJECTED: ReadonlySet<number> = new Set([401, 403])

/**
 * Asks with the PAT of the client; where that is rejected, once more with a new one. Every request that shows a PAT goes
 * through here, but for introspection, which first asks as the client and then does the same.
 */
export const withPat = async (
  { pat }: Pick<As, 'pat'>,
  ask: (headers: { readonly authorization: string }) => Promise<DoorAnswer>,
): Promise<PatAnswer> => {
  const secrets = [await pat.get()]
  let answer = await ask({ authorization: `Bearer ${secrets[0]}` })
  if (REJECTED.has(answer.status)) {
    const renewed = await pat.renew()
    secrets.push(renewed)
    answer = await ask({ authorization: `Bearer ${renewed}` })
  }
  return { ...answer, secrets }
}
