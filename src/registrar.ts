// Registers a site: its client at the OP, or one that was registered there by hand. What cannot be kept is taken back.
import type { Context } from './command.ts'
import { OxdError } from './error.ts'
import { toldAddresses, type PublicPlace } from './public_addresses.ts'
import type { Op } from './oidc/op.ts'
import { WITHOUT_SECRET } from './oidc/client_auth.ts'
import { clientByHand, registerClient, removeClient, type ClientMetadata } from './oidc/registration.ts'
import { clientCredentials } from './oidc/token.ts'
import { secretExpiry, termsOf, type Client, type Site, type Sites } from './site.ts'
import { clientMetadata, type SiteParams, type SiteSettings } from './site_settings.ts'
import type { World } from './world.ts'

/**
 * Refuses half a client before the OP is asked for anything.
 * @throws OxdError invalid_client_id, invalid_client_secret
 */
export const refuseHalfClient = (
  { client_id, client_secret }: SiteParams,
  { token_endpoint_auth_method }: SiteSettings,
): void => {
  if (client_id === undefined && client_secret !== undefined) throw new OxdError('invalid_client_id')
  if (
    client_id !== undefined &&
    client_secret === undefined &&
    !WITHOUT_SECRET.has(token_endpoint_auth_method ?? '')
  ) {
    throw new OxdError('invalid_client_secret')
  }
}

const UMA_TICKET = 'urn:ietf:params:oauth:grant-type:uma-ticket'

/**
 * Old clients use UMA without asking for its grants, and Gluu gave them: where the OP speaks UMA 2 they are asked for. A resource
 * server (scope `uma_protection`) needs tokens for itself, too.
 */
export const withUmaGrants = (settings: SiteSettings, { metadata }: Op): SiteSettings => {
  if (metadata.grant_types_supported?.includes(UMA_TICKET) !== true) return settings
  const own = settings.scope.includes('uma_protection') ? ['client_credentials'] : []
  return { ...settings, grant_types: [...new Set([...settings.grant_types, ...own, UMA_TICKET])] }
}

/** The client metadata of a site, and where the OP reaches it through oxd. */
export const toldMetadata = (
  { metadata }: Op,
  settings: SiteSettings,
  place: PublicPlace | undefined,
): ClientMetadata => {
  const own = defined(clientMetadata(settings))
  return { ...toldAddresses(metadata, place, own), ...own }
}

/** Without the members that would not reach the OP. */
const defined = (metadata: ClientMetadata): ClientMetadata =>
  Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined))

/**
 * The client of a new site: as the OP registers it, or, with `client_id`, as the caller says.
 * @throws OxdError as `registerClient` and `clientByHand` do
 */
export const newClient = async (
  op: Op,
  settings: SiteSettings,
  params: SiteParams,
  place: PublicPlace | undefined,
  { log }: Pick<World, 'log'>,
): Promise<Client> => {
  const { client_id } = params
  if (client_id === undefined) {
    const client = await registerClient(op, toldMetadata(op, settings, place))
    // It may be all that this OP offers: PKCE still binds each code to its login.
    if (client.token_endpoint_auth_method === 'none' && settings.token_endpoint_auth_method !== 'none')
      log('warn', 'an OP made a client without authentication, which nobody asked for', {
        op: op.metadata.issuer,
      })
    return { ...client, by_hand: false }
  }
  const client = clientByHand(
    op,
    {
      client_id,
      client_secret: params.client_secret,
      client_secret_expires_at: secretExpiry(params.client_secret_expires_at),
      token_endpoint_auth_method: settings.token_endpoint_auth_method,
      id_token_signed_response_alg: settings.id_token_signed_response_alg,
      registration_access_token: params.client_registration_access_token,
      registration_client_uri: params.client_registration_client_uri,
    },
    clientMetadata(settings),
  )
  return { ...client, by_hand: true }
}

/**
 * Lets a client that was registered by hand prove at its OP that it is what somebody says, and can get a token for itself.
 * @throws OxdError invalid_client, op_http_status, and those of the door
 */
export const proveClient = async (op: Op, client: Client): Promise<void> => {
  try {
    await clientCredentials(op, client, { scope: [] })
  } catch (error) {
    // Which scopes it may have is another question.
    if (!(error instanceof OxdError && error.code === 'scope_refused')) throw error
  }
}

/** Undoes a registration, at the OP and in oxd, as far as that is possible. */
export const takeBack = async (op: Op, sites: Sites, { oxd_id, client }: Site): Promise<void> => {
  if (!client.by_hand) await removeClient(op, client).catch(() => undefined)
  await sites.remove(oxd_id).catch(() => undefined)
}

/**
 * Keeps a new site, which belongs to the caller from then on.
 * Nothing half stored: a client that oxd cannot remember is of no use to anybody.
 * @throws OxdError store_unreachable
 */
export const keepSite = async (
  op: Op,
  sites: Sites,
  site: Site,
  adopt: (oxd_id: string) => Promise<void>,
): Promise<void> => {
  try {
    await sites.insert({ ...site, token_endpoint: op.metadata.token_endpoint })
    await adopt(site.oxd_id)
  } catch (error) {
    await takeBack(op, sites, site)
    throw error
  }
}

/** What a client is told of its registration, by the names of oxd 3.1 and 4.x; 0 is never, or not known. */
export const registrationOf = ({ client, settings }: Site) => ({
  client_id: client.client_id,
  client_name: settings.client_name,
  client_secret: client.client_secret ?? null,
  client_registration_access_token: client.registration_access_token ?? null,
  client_registration_client_uri: client.registration_client_uri ?? null,
  client_id_issued_at: client.client_id_issued_at ?? 0,
  client_secret_expires_at: client.client_secret_expires_at ?? 0,
})

/**
 * Forgets a site and what is kept of it; its client at the OP stays.
 * @returns whether there was one
 * @throws OxdError store_unreachable
 */
export const forgetSite = async (
  {
    sites,
    logins,
    endedLogins,
    webhooks,
    pats,
    uma,
  }: Pick<Context, 'sites' | 'logins' | 'endedLogins' | 'webhooks' | 'pats' | 'uma'>,
  site: Site,
): Promise<boolean> => {
  const { oxd_id } = site
  // In turn: a change that is under way must not write the site again.
  const removed = await sites.inTurn(oxd_id, () => sites.remove(oxd_id))
  // Everything else that is kept of it stands under its oxd_id, which nobody has any more, and expires.
  const kept = [logins.forgetLast(termsOf(site)), pats.forget(site), uma.forget(oxd_id)]
  await Promise.all([...kept, endedLogins.forget(oxd_id), webhooks.forget(oxd_id)])
  return removed
}
