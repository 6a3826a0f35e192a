// UMA at a site: its authorization server, the resources that oxd keeps for it, and the states of its claims gatherings.
//
// No RPT is ever kept: one belongs to the user for whom it was asked, and the original gave a kept one to everybody.
import { timingSafeEqual } from 'node:crypto'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Ops } from './oidc/op.ts'
import { createAuthorizationServers, type As } from './oidc/uma.ts'
import type { ResourceDescription } from './oidc/uma_protection.ts'
import { isSatisfied, parseExpression, type ScopeExpression } from './oidc/uma_rule.ts'
import type { Pats } from './pat.ts'
import type { Site } from './site.ts'
import type { Keys } from './store/seal.ts'
import type { Store } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** Methods of one path, and the scopes that they need. */
export interface Condition {
  readonly path: string
  /** Upper case. */
  readonly http_methods: readonly string[]
  /** One of them is needed, where there is no expression. */
  readonly scopes: readonly string[]
  /** Those that a ticket asks for; empty: all. */
  readonly ticket_scopes: readonly string[]
  readonly scope_expression?: ScopeExpression | undefined
  /** Seconds since the epoch; the authorization server is told. */
  readonly iat?: number | undefined
  readonly exp?: number | undefined
}
/** A condition, as a resource at the authorization server. */
export interface UmaResource extends Condition {
  /** Its name there. */
  readonly id: string
}

/** A resource as an older oxd kept it. */
export interface OldResource {
  readonly id: string
  readonly path: string
  readonly http_methods: readonly string[]
  readonly scopes: readonly string[]
  readonly ticket_scopes: readonly string[]
  /** JSON texts. */
  readonly scope_expressions: readonly string[]
}

export interface Uma {
  /** The authorization server of a site, as its client. @throws OxdError no_uma_discovery_response, and as `ops.at` does */
  at(site: Site): Promise<As>
  /** What is protected, in the order in which it was. */
  resources(oxd_id: string): Promise<readonly UmaResource[]>
  /** From now on this is protected, and nothing else. */
  keep(oxd_id: string, resources: readonly UmaResource[]): Promise<void>
  /** What an older oxd kept for a site that is taken over. */
  adopt(oxd_id: string, resources: readonly OldResource[]): Promise<void>
  /** Forgets what was kept for a site that is removed. The resources at its authorization server stay. */
  forget(oxd_id: string): Promise<void>
  /** A state for one claims gathering of this site: fresh, or the caller's own, once. @throws OxdError state_in_use */
  begin(site: Site, own: string | undefined): Promise<string>
  /** Spends a state of this site: of any number of callers one goes on. @throws OxdError invalid_claims_state */
  spend(site: Site, state: string): Promise<void>
}

type UmaLimits = Pick<Limits, 'login_seconds' | 'clock_tolerance_seconds' | 'ops_max' | 'op_metadata_ms'>

export interface UmaParts {
  readonly store: Store
  readonly keys: Keys
  readonly ops: Ops
  readonly pats: Pats
  readonly world: World
  readonly limits: UmaLimits
}

/** The resource as its authorization server is told of it. */
export const describe = ({
  path,
  http_methods,
  scopes,
  scope_expression: expression,
  iat,
  exp,
}: Condition): ResourceDescription => ({
  name: `[${http_methods.join(', ')}] ${path}`,
  // An authorization server that knows nothing of expressions must know their scopes all the same.
  scopes: [...new Set([...scopes, ...(expression?.data ?? [])])],
  scope_expression: expression && JSON.stringify(expression),
  iat,
  exp,
})

const lower = (text: string): string => text.toLowerCase()

/** The resource at this path, for this method: both exactly, but for upper and lower case. */
export const findResource = <C extends Condition>(
  resources: readonly C[],
  path: string,
  http_method: string,
): C | undefined =>
  resources.find(
    (resource) =>
      lower(resource.path) === lower(path) &&
      resource.http_methods.some((method) => lower(method) === lower(http_method)),
  )

/** The scopes that matter at a resource: of these a ticket asks for some, and an RPT must have one. */
export const scopesOf = ({ scopes, scope_expression }: Condition): readonly string[] =>
  scope_expression?.data ?? scopes

/** May somebody who holds these scopes at the resource use it? */
export const mayUse = (condition: Condition, held: ReadonlySet<string>): boolean =>
  scopesOf(condition).some((scope) => held.has(scope)) &&
  (condition.scope_expression === undefined || isSatisfied(condition.scope_expression, held))

const adopted = ({ id, path, http_methods, scopes, ticket_scopes, scope_expressions }: OldResource) => {
  const plain = { id, path, http_methods: http_methods.map((method) => method.toUpperCase()), ticket_scopes }
  const [text, ...others] = scope_expressions
  if (text === undefined) return { ...plain, scopes }
  try {
    if (others.length === 0) return { ...plain, scopes, scope_expression: parseExpression(text) }
  } catch (error) {
    if (!(error instanceof OxdError)) throw error
  }
  // A rule that oxd cannot evaluate opens nothing, until the resource is protected anew.
  return { ...plain, scopes: [] }
}

// The bytes of a state: format, expiry, chance, authentication.
const FORMAT = 1
const EXPIRY_BYTES = 6
const CHANCE_BYTES = 16
const HEAD_BYTES = 1 + EXPIRY_BYTES + CHANCE_BYTES
const MAC_BYTES = 32

export const createUma = ({ store, keys, ops, pats, world, limits }: UmaParts): Uma => {
  const servers = createAuthorizationServers(ops, world, limits)
  const kept = store.kind<{ readonly resources: readonly UmaResource[] }>({
    kind: 'uma_resources',
    durable: true,
  })
  const own = store.kind<{ readonly expires_at: number }>({ kind: 'uma_state', durable: true })
  const spent = store.kind<Record<string, never>>({ kind: 'uma_spent', durable: true })

  /** Bound to the site and its client, so that no other site can spend it. */
  const mac = (head: Uint8Array, { oxd_id, issuer, client }: Site): Buffer =>
    keys.mac('uma claims state', head, oxd_id, issuer, client.client_id)

  /** A state of ours tells its expiry; undefined: it is none. */
  const expiryOf = (site: Site, state: string): number | undefined => {
    const bytes = Buffer.from(state, 'base64url')
    if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes[0] !== FORMAT) return undefined
    if (bytes.toString('base64url') !== state) return undefined
    const head = bytes.subarray(0, HEAD_BYTES)
    return timingSafeEqual(bytes.subarray(HEAD_BYTES), mac(head, site))
      ? head.readUIntBE(1, EXPIRY_BYTES)
      : undefined
  }
  const refused = (reason: string): OxdError => new OxdError('invalid_claims_state', { details: { reason } })
  const expiry = (): number => seconds(world) + limits.login_seconds
  /** Records outlive the states that they are about, even on a clock that runs behind. */
  const keptUntil = (expires_at: number) => ({
    expires_at: expires_at + 2 * limits.clock_tolerance_seconds,
  })

  const keep: Uma['keep'] = async (oxd_id, resources) => {
    if (resources.length === 0) await kept.remove([oxd_id])
    else await kept.put([oxd_id], { resources })
  }

  return {
    keep,
    async at(site) {
      const [op, metadata] = await Promise.all([ops.at(site), servers.at(site)])
      return { op, metadata, client: site.client, pat: pats.of(site) }
    },
    resources: async (oxd_id) => (await kept.get([oxd_id]))?.value.resources ?? [],
    adopt: (oxd_id, resources) => keep(oxd_id, resources.map(adopted)),
    forget: (oxd_id) => kept.remove([oxd_id]),

    async begin(site, given) {
      const expires_at = expiry()
      if (given === undefined) {
        const head = Buffer.alloc(HEAD_BYTES)
        head.writeUInt8(FORMAT, 0)
        head.writeUIntBE(expires_at, 1, EXPIRY_BYTES)
        world.random(CHANCE_BYTES).copy(head, HEAD_BYTES - CHANCE_BYTES)
        return Buffer.concat([head, mac(head, site)]).toString('base64url')
      }
      const isNew =
        expiryOf(site, given) === undefined &&
        (await own.insert([site.oxd_id, given], { expires_at }, keptUntil(expires_at)))
      if (!isNew) throw new OxdError('state_in_use')
      return given
    },

    async spend(site, state) {
      const expires_at = expiryOf(site, state) ?? (await own.get([site.oxd_id, state]))?.value.expires_at
      if (expires_at === undefined) throw refused('unknown')
      if (seconds(world) >= expires_at) throw refused('expired')
      // One insert-if-absent decides who goes on.
      if (!(await spent.insert([site.oxd_id, state], {}, keptUntil(expires_at)))) throw refused('used')
    },
  }
}
