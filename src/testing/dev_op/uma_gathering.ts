// The claims interaction endpoint: a person gives claims about themselves, and goes back to the client with a new ticket.
import { errors, type Client, type Context, type Provider } from 'oidc-provider'
import type { World } from '../../world.ts'
import { accountOf } from './accounts.ts'
import { bodyOf } from './body.ts'
import { errorPage, gatheringPage, type GatheringPage } from './pages.ts'
import { assess, comesWithSignIn, fieldOf, type UmaClaims, type UmaPolicy } from './uma_policy.ts'
import type { Gathering, Ticket, UmaStore } from './uma_store.ts'

export const CLAIMS_PATH = '/uma/claims'

/** A person fills in a page within this time. */
const GATHERING_SECONDS = 600
/** The half of a visit's name that the address does not show: another browser cannot go on with it. */
const COOKIE = 'dev_op_claims'
/** A client's state, and a claim that was typed. */
const STATE_MAX = 2_048
const CLAIM_MAX = 100

export interface GatheringParts {
  readonly provider: Provider
  readonly store: UmaStore
  readonly world: Pick<World, 'random'>
  readonly policy: UmaPolicy
}

const REDIRECT_URIS_MAX = 10
/**
 * The client metadata `claims_redirect_uri` (UMA 2.0 Grant, section 2; a list, as Gluu has it).
 * @throws invalid_client_metadata unless it is a list of http(s) URLs without fragment.
 */
export const checkClaimsRedirectUris = (value: unknown): void => {
  const isUsable = (uri: unknown) =>
    typeof uri === 'string' && /^https?:\/\/[^#]+$/.test(uri) && URL.canParse(uri) && uri.length <= STATE_MAX
  if (value === undefined) return
  if (!Array.isArray(value) || value.length > REDIRECT_URIS_MAX || !value.every(isUsable)) {
    throw new errors.InvalidClientMetadata(
      'claims_redirect_uri must be a list of http(s) URLs without fragment',
    )
  }
}

/** Answers `/uma/claims`, where a client sends its user, and `/uma/claims/<id>`, the page. */
export const umaGathering =
  (parts: GatheringParts) =>
  async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    if (ctx.path === CLAIMS_PATH && ctx.method === 'GET') return begin(parts, ctx)
    const id = ctx.path.startsWith(`${CLAIMS_PATH}/`) ? ctx.path.slice(CLAIMS_PATH.length + 1) : ''
    if (id === '' || !['GET', 'POST'].includes(ctx.method)) return next()
    ctx.set('cache-control', 'no-store')
    const name = `${id} ${ctx.cookies.get(COOKIE, { signed: false }) ?? ''}`
    const gathering = await parts.store.gatherings.find(name)
    if (gathering === undefined) return overPage(ctx)
    const client = await parts.provider.Client.find(gathering.client_id)
    if (client === undefined) return overPage(ctx)
    const place = placeOf(client, gathering, ctx.path)
    if (ctx.method === 'GET') return show(ctx, gatheringPage(place))

    const body = await bodyOf(ctx.req)
    if (body === undefined) return overPage(ctx)
    const form = new URLSearchParams(body)
    if (form.get('decision') === 'cancel') return finish(parts, ctx, name, { declined: true, claims: {} })
    const outcome = claimsIn(place, form)
    if ('page' in outcome) return show(ctx, outcome.page)
    return finish(parts, ctx, name, outcome)
  }

/** UMA 2.0 Grant, section 3.3.2. Nothing of what is refused here is sent to the client: it may be somebody else's. */
const begin = async (parts: GatheringParts, ctx: Context): Promise<void> => {
  const { provider, store, world } = parts
  ctx.set('cache-control', 'no-store')
  const params = new URLSearchParams(ctx.querystring)
  const client = await provider.Client.find(params.get('client_id') ?? '')
  if (client === undefined) return refuse(ctx, 'invalid_client', 'The client is unknown.')
  const redirect_uri = redirectUriOf(client, params.get('claims_redirect_uri'))
  if (redirect_uri === undefined) {
    return refuse(ctx, 'invalid_request', 'The claims_redirect_uri is not one that the client registered.')
  }
  const state = params.get('state') ?? undefined
  if (state !== undefined && state.length > STATE_MAX) {
    return refuse(ctx, 'invalid_request', 'The state is too long.')
  }
  const name = params.get('ticket') ?? ''
  const known = await store.tickets.find(name)
  const isForeign = known?.client_id !== undefined && known.client_id !== client.clientId
  const ticket = isForeign ? undefined : store.tickets.take(name)
  if (ticket === undefined) {
    return refuse(ctx, 'invalid_grant', 'The ticket is unknown, expired or was used before.')
  }

  const need = await needOf(parts, ticket, client.clientId)
  const gathering: Gathering = { client_id: client.clientId, redirect_uri, state, ticket, need }
  if (need.length === 0) return leave(store, ctx, gathering, {})
  const [id, secret] = [world.random(16).toString('hex'), world.random(32).toString('base64url')]
  await store.gatherings.put(`${id} ${secret}`, gathering, GATHERING_SECONDS)
  const path = `${CLAIMS_PATH}/${id}`
  ctx.cookies.set(COOKIE, secret, {
    path,
    httpOnly: true,
    // A form on another site cannot send it.
    sameSite: 'lax',
    signed: false,
    maxAge: GATHERING_SECONDS * 1_000,
  })
  ctx.redirect(path)
  ctx.status = 303
}

/** The one that is named, or the only one there is (section 3.3.2): compared character by character. */
const redirectUriOf = ({ claims_redirect_uri = [] }: Client, named: string | null): string | undefined => {
  if (named !== null) return claims_redirect_uri.find((uri) => uri === named)
  return claims_redirect_uri.length === 1 ? claims_redirect_uri[0] : undefined
}

const needOf = async (
  { policy, store }: GatheringParts,
  { permissions, claims }: Ticket,
  client_id: string,
): Promise<readonly string[]> => {
  const names = new Map<string, string | undefined>()
  for (const { resource_id } of permissions) {
    names.set(resource_id, (await store.resources.find(resource_id))?.description.name)
  }
  return assess(policy, permissions, { client_id, claims, nameOf: (id) => names.get(id) }).need
}

const placeOf = (client: Client, { redirect_uri, need }: Gathering, action: string): GatheringPage => ({
  action,
  client: client.clientName ?? '',
  clientHost: new URL(redirect_uri).host,
  signIn: need.some(comesWithSignIn),
  fields: need
    .filter((name) => !comesWithSignIn(name))
    .map((name) => ({ ...fieldOf(name), name, value: '' })),
})

/** What a form says about the person, or the page again with what is wrong. */
const claimsIn = (
  place: GatheringPage,
  form: URLSearchParams,
): { readonly page: string } | { readonly claims: UmaClaims } => {
  const user = form.get('user') ?? ''
  const typed = place.fields.map((field) => ({
    ...field,
    value: (form.get(`claim_${field.name}`) ?? '').slice(0, CLAIM_MAX),
  }))
  const again = (error: string, wrong: string) => ({
    page: gatheringPage({ ...place, user, fields: typed, error, wrong }),
  })
  const claims: Record<string, unknown> = {}
  if (place.signIn) {
    const account = accountOf(user)
    // The passwords are on the page: there is nothing that a comparison in constant time could keep.
    if (account === undefined || account.password !== form.get('password')) {
      return again('User name or password is wrong.', 'user')
    }
    Object.assign(claims, account.claims)
  }
  for (const { name, label, hint, value, read } of typed) {
    const claim = read(value)
    if (claim === undefined) return again(`${label}: ${hint || 'something is needed here'}.`, name)
    claims[name] = claim
  }
  return { claims }
}

type Found = Pick<Ticket, 'claims' | 'declined'>

const finish = (
  { store }: GatheringParts,
  ctx: Context,
  name: string,
  found: Found,
): Promise<void> | void => {
  // Of two forms sent at once one makes a ticket.
  const gathering = store.gatherings.take(name)
  return gathering === undefined ? overPage(ctx) : leave(store, ctx, gathering, found)
}

/** Section 3.3.3: back to the client, with a new ticket for it alone and the state that it gave. */
const leave = async (
  store: UmaStore,
  ctx: Context,
  { client_id, redirect_uri, state, ticket }: Gathering,
  { claims = {}, declined }: Partial<Found>,
): Promise<void> => {
  const next: Ticket = {
    permissions: ticket.permissions,
    client_id,
    claims: { ...ticket.claims, ...claims },
    ...(declined === undefined ? {} : { declined }),
  }
  const to = new URL(redirect_uri)
  to.searchParams.set('ticket', await store.tickets.issue(next))
  if (state !== undefined) to.searchParams.set('state', state)
  ctx.redirect(to.href)
  ctx.status = 303
}

const show = (ctx: Context, page: string): void => {
  ctx.type = 'html'
  ctx.body = page
}

const refuse = (ctx: Context, error: string, description: string): void => {
  show(ctx, errorPage({ heading: 'This did not work', error, description }))
  ctx.status = 400
}

const overPage = (ctx: Context): void => {
  const description =
    'The page was used before, took more than ten minutes, or was opened in another browser.'
  show(ctx, errorPage({ heading: 'This page is over', error: 'invalid_request', description }))
  ctx.status = 400
}
