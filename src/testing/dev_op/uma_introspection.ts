// Introspection with UMA's permissions, by client authentication (RFC 7662) or with a PAT as Bearer token, as at Gluu.
import type { Client, Context, Provider, Token } from 'oidc-provider'
import { bodyOf } from './body.ts'
import { bearerIn, patIn, refuse } from './uma_pat.ts'
import type { Permission } from './uma_policy.ts'
import type { UmaStore } from './uma_store.ts'

/**
 * The permissions of an RPT that a client may see: the client it was issued to all, a resource server those of its own
 * resources (UMA 2.0 Federated Authorization, section 5.1.1). What was deleted is nobody's. Undefined: the token is no RPT.
 */
const permissionsFor = async (
  store: UmaStore,
  token: string,
  client_id: string,
): Promise<readonly Permission[] | undefined> => {
  const rpt = await store.rpts.find(token)
  if (rpt === undefined) return undefined
  const seen: Permission[] = []
  for (const permission of rpt.permissions) {
    const resource = await store.resources.find(permission.resource_id)
    if (resource === undefined) continue
    if (rpt.client_id === client_id || resource.owner === client_id) seen.push(permission)
  }
  return seen
}

/** oidc-provider's question: a client may introspect its own tokens, and RPTs for its resources. */
export const mayIntrospect =
  (store: UmaStore) =>
  async (ctx: Context, { clientId }: Client, token: Token): Promise<boolean> =>
    token.clientId === clientId || ((await permissionsFor(store, tokenIn(ctx), clientId)) ?? []).length > 0

const tokenIn = (ctx: Context): string => {
  const token = ctx.oidc?.params?.token
  return typeof token === 'string' ? token : ''
}

/** Adds the permissions to oidc-provider's answer, and answers by itself who comes with a PAT. */
export const umaIntrospection =
  ({ provider, store }: { readonly provider: Provider; readonly store: UmaStore }) =>
  async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    if (ctx.path !== provider.pathFor('introspection') || ctx.method !== 'POST') return next()
    if (bearerIn(ctx) !== undefined) return withPat(ctx, provider, store)
    await next()
    const { body } = ctx
    if (typeof body !== 'object' || body === null || !('exp' in body)) return
    const permissions = await permissionsFor(store, tokenIn(ctx), ctx.oidc?.client?.clientId ?? '')
    if (permissions !== undefined) ctx.body = { ...body, permissions: withExpiry(permissions, body.exp) }
  }

const withPat = async (ctx: Context, provider: Provider, store: UmaStore): Promise<void> => {
  ctx.set('cache-control', 'no-store')
  const pat = await patIn(ctx, provider)
  if (pat === undefined) return
  const [value, ...more] = new URLSearchParams((await bodyOf(ctx.req)) ?? '').getAll('token')
  if (value === undefined || value === '' || more.length > 0) {
    return refuse(ctx, 400, 'invalid_request', 'One token must be given, in a form.')
  }
  ctx.body = { active: false }
  const token = await tokenOf(provider, value)
  if (token === undefined) return
  const permissions = await permissionsFor(store, value, pat.clientId)
  // An RPT for other people's resources is nothing here.
  if (permissions?.length === 0 && token.clientId !== pat.clientId) return
  const { clientId: client_id, accountId: sub, aud, scope, iat, exp, kind } = token
  const token_type = kind === 'RefreshToken' ? undefined : 'Bearer'
  ctx.body = {
    active: true,
    client_id,
    sub,
    aud,
    scope,
    iat,
    exp,
    iss: provider.issuer,
    token_type,
    permissions: permissions && withExpiry(permissions, exp),
  }
}

/** Permissions live as long as their RPT; the members are those of section 5.1.1. */
const withExpiry = (permissions: readonly Permission[], exp: unknown) =>
  permissions.map((permission) => ({ ...permission, exp }))

/** A token that has neither expired nor been used up. */
const tokenOf = async (provider: Provider, value: string): Promise<Token | undefined> => {
  const { AccessToken, ClientCredentials, RefreshToken } = provider
  const token =
    (await AccessToken.find(value)) ??
    (await ClientCredentials.find(value)) ??
    (await RefreshToken.find(value))
  return token?.isValid ? token : undefined
}
