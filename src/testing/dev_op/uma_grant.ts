// The uma-ticket grant at the token endpoint: a ticket and what is known of the requesting party become an RPT, or a named no.
import { errors, type Client, type Context, type Provider } from 'oidc-provider'
import { seconds, type World } from '../../world.ts'
import { CLAIMS_PATH } from './uma_gathering.ts'
import { assess, fieldOf, type Permission, type UmaClaims, type UmaPolicy } from './uma_policy.ts'
import { scopesOf, type Resource, type Rpt, type Ticket, type UmaStore } from './uma_store.ts'

export const UMA_GRANT = 'urn:ietf:params:oauth:grant-type:uma-ticket'
/** A claim token that is an ID Token (UMA 2.0 Grant, section 3.3.1, names this format). */
export const ID_TOKEN_FORMAT = 'http://openid.net/specs/openid-connect-core-1_0.html#IDToken'

/** How long claims are kept for a client that comes again with its PCT. */
const PCT_SECONDS = 86_400
/** When a client that waits for the resource owner may ask again. */
const INTERVAL_SECONDS = 5

export interface GrantParts {
  readonly provider: Provider
  readonly store: UmaStore
  readonly world: Pick<World, 'now' | 'random'>
  readonly policy: UmaPolicy
}

const PARAMETERS = ['ticket', 'claim_token', 'claim_token_format', 'pct', 'rpt', 'scope'] as const
type Parameter = (typeof PARAMETERS)[number]

/**
 * UMA 2.0 Grant, sections 3.3.1 and 3.3.4 to 3.3.6. The story: spend the ticket, find out what is known of the requesting
 * party, ask the policy, and issue an RPT or say what is missing, with a ticket to go on.
 */
export const registerUmaGrant = (parts: GrantParts): void => {
  const { provider, store, policy } = parts
  const answer = async (ctx: Context): Promise<void> => {
    const client = ctx.oidc?.client
    if (client === undefined) throw new errors.InvalidRequest('The client is unknown.')
    const given = (name: Parameter): string | undefined => {
      const value = ctx.oidc?.params?.[name]
      return typeof value === 'string' ? value : undefined
    }
    if ((given('claim_token') === undefined) !== (given('claim_token_format') === undefined)) {
      throw new errors.InvalidRequest('claim_token and claim_token_format come together.')
    }
    const ticket = await spend(store, given('ticket'), client)
    const resources = await resourcesOf(store, ticket)
    const permissions = withAskedScopes(ticket.permissions, resources, given('scope'))

    const pct = await store.pcts.find(given('pct') ?? '')
    const claims: UmaClaims = {
      // Another client's PCT tells nothing.
      ...(pct?.client_id === client.clientId ? pct.claims : {}),
      ...ticket.claims,
      ...(await claimsIn(parts, client, given('claim_token'), given('claim_token_format'))),
    }
    if (ticket.declined)
      return say(ctx, { error: 'request_denied', error_description: 'The person declined.' })

    const { granted, need, submitted } = assess(policy, permissions, {
      client_id: client.clientId,
      claims,
      nameOf: (id) => resources.get(id)?.description.name,
    })
    const onward = () => store.tickets.issue({ ...ticket, client_id: client.clientId, claims })
    if (need.length > 0) {
      // Nothing but these members: clients tell this answer by them.
      return say(ctx, {
        error: 'need_info',
        ticket: await onward(),
        required_claims: need.map((name) => requiredClaim(provider, name)),
        redirect_user: `${provider.issuer}${CLAIMS_PATH}`,
      })
    }
    if (granted.length > 0) {
      ctx.body = {
        ...(await issueRpt(parts, client, granted, given('rpt'))),
        ...(await issuePct(parts, client, claims)),
      }
      return
    }
    if (submitted) {
      return say(ctx, { error: 'request_submitted', ticket: await onward(), interval: INTERVAL_SECONDS })
    }
    say(ctx, {
      error: 'request_denied',
      error_description: 'The policy of the resource does not allow this.',
    })
  }
  provider.registerGrantType(UMA_GRANT, answer, PARAMETERS)
}

const say = (ctx: Context, body: object): void => {
  ctx.status = 403
  ctx.body = body
}

const invalidGrant = (description: string) => new errors.CustomOIDCProviderError('invalid_grant', description)

/** A ticket is good for once, and from its second use on for one client (section 3.3.1 and 5.1). */
const spend = async (store: UmaStore, id: string | undefined, client: Client): Promise<Ticket> => {
  if (id === undefined) throw new errors.InvalidRequest('ticket is missing.')
  const known = await store.tickets.find(id)
  if (known?.client_id !== undefined && known.client_id !== client.clientId) {
    throw invalidGrant('The ticket is another client’s.')
  }
  const ticket = store.tickets.take(id)
  if (ticket === undefined) throw invalidGrant('The ticket is unknown, expired or was used before.')
  return ticket
}

const resourcesOf = async (store: UmaStore, ticket: Ticket): Promise<ReadonlyMap<string, Resource>> => {
  const found = new Map<string, Resource>()
  for (const { resource_id } of ticket.permissions) {
    const resource = await store.resources.find(resource_id)
    if (resource === undefined) throw invalidGrant('A resource of the ticket is no longer registered.')
    found.set(resource_id, resource)
  }
  return found
}

/**
 * The scopes of the ticket and those the client asks for, where a resource has them (section 3.3.4). Every client counts as
 * registered for all scopes of resources, which are not those of the OP.
 */
const withAskedScopes = (
  permissions: readonly Permission[],
  resources: ReadonlyMap<string, Resource>,
  scope: string | undefined,
): readonly Permission[] => {
  const asked = scope?.split(' ').filter((each) => each !== '') ?? []
  const fits = (resource: Resource | undefined, each: string) =>
    resource !== undefined && scopesOf(resource).has(each)
  if (!asked.every((each) => [...resources.values()].some((resource) => fits(resource, each)))) {
    throw new errors.InvalidScope('No resource of the ticket has all of these scopes.')
  }
  return permissions.map(({ resource_id, resource_scopes }) => ({
    resource_id,
    resource_scopes: [
      ...new Set([...resource_scopes, ...asked.filter((each) => fits(resources.get(resource_id), each))]),
    ],
  }))
}

/**
 * The claims of a claim token: an ID Token of this OP, issued to the very client that pushes it. Anything else tells nothing,
 * so that the client hears need_info (section 3.3.6) if the policy needed it.
 */
const claimsIn = async (
  { provider, world }: GrantParts,
  client: Client,
  claim_token: string | undefined,
  format: string | undefined,
): Promise<UmaClaims> => {
  if (claim_token === undefined || format !== ID_TOKEN_FORMAT) return {}
  try {
    const { payload } = await provider.IdToken.validate(claim_token, client)
    return typeof payload.exp === 'number' && payload.exp > seconds(world) ? payload : {}
  } catch {
    return {}
  }
}

const requiredClaim = ({ issuer }: Provider, name: string) => ({
  name,
  friendly_name: fieldOf(name).label,
  claim_type: 'string',
  claim_token_format: [ID_TOKEN_FORMAT],
  issuer: [issuer],
})

/**
 * An RPT, or an upgraded one (section 3.3.5.1): a new token with the old permissions too, which lives no longer than the old
 * one, whose end this is. Of two upgrades at once one gets the old permissions.
 */
const issueRpt = async (
  { provider, store }: GrantParts,
  client: Client,
  granted: readonly Permission[],
  rpt: string | undefined,
) => {
  const old = rpt === undefined ? undefined : await takeRpt(provider, store, client, rpt)
  // oidc-provider keeps it as a token of client credentials without a scope, so that it can be introspected and revoked.
  const lives = old === undefined ? {} : { expiresIn: old.expires_in }
  const token = new provider.ClientCredentials({ client, ...lives })
  const { expiration: expires_in } = token
  const access_token = await token.save()
  const permissions = union(old?.permissions ?? [], granted)
  await store.rpts.put(access_token, { client_id: client.clientId, permissions }, expires_in)
  return { access_token, token_type: 'Bearer', expires_in, upgraded: old !== undefined }
}

/** An RPT of this client; with this it ends. */
const takeRpt = async (
  provider: Provider,
  store: UmaStore,
  client: Client,
  value: string,
): Promise<(Rpt & { readonly expires_in: number }) | undefined> => {
  const token = await provider.ClientCredentials.find(value)
  if (token === undefined || !token.isValid || token.clientId !== client.clientId) return undefined
  const expires_in = token.remainingTTL
  const rpt = store.rpts.take(value)
  if (rpt === undefined) return undefined
  await token.destroy()
  return { ...rpt, expires_in }
}

const union = (old: readonly Permission[], granted: readonly Permission[]): readonly Permission[] => {
  const scopes = new Map<string, Set<string>>()
  for (const { resource_id, resource_scopes } of [...old, ...granted]) {
    const known = scopes.get(resource_id) ?? new Set<string>()
    for (const scope of resource_scopes) known.add(scope)
    scopes.set(resource_id, known)
  }
  return [...scopes].map(([resource_id, known]) => ({ resource_id, resource_scopes: [...known] }))
}

/** The claims for the next time (section 3.3.5): nothing known, no PCT. */
const issuePct = async ({ store, world }: GrantParts, client: Client, claims: UmaClaims) => {
  if (Object.keys(claims).length === 0) return {}
  const pct = world.random(32).toString('base64url')
  await store.pcts.put(pct, { client_id: client.clientId, claims }, PCT_SECONDS)
  return { pct }
}
