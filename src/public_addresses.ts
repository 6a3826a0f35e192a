// Where the OP and browsers reach a site through the public listener of oxd.
import type { OpMetadata } from './oidc/discovery.ts'
import type { ClientMetadata } from './oidc/registration.ts'
import type { World } from './world.ts'

/** The addresses of one site. Its public id is random: it is no oxd_id, and leads to none. */
export interface PublicPlace {
  readonly public_url: string
  readonly public_id: string
}

const PUBLIC_ID_BYTES = 16

/** What is served below the public URL, for each site. */
const PUBLIC_PATHS = {
  backchannel_logout_uri: '/backchannel-logout',
  frontchannel_logout_uri: '/frontchannel-logout',
  initiate_login_uri: '/initiate-login',
} as const
type AddressName = keyof typeof PUBLIC_PATHS

/** The place of a site: the one that it has, or a new one; none without a public listener. */
export const publicPlace = (
  public_url: string | undefined,
  { random }: Pick<World, 'random'>,
  site?: { readonly public_id?: string | undefined },
): PublicPlace | undefined =>
  public_url === undefined
    ? undefined
    : { public_url, public_id: site?.public_id ?? random(PUBLIC_ID_BYTES).toString('base64url') }

const addressOf = ({ public_url, public_id }: PublicPlace, name: AddressName): string =>
  `${public_url}${PUBLIC_PATHS[name]}/${public_id}`

/**
 * What the OP is told of them, beside what the site itself says. OPs send logouts without saying that they can (Glewlwyd does), so an address is left out only
 * where the metadata say that it is of no use.
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRegistration
 * @see https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout
 */
export const toldAddresses = (
  metadata: OpMetadata,
  place: PublicPlace | undefined,
  own: ClientMetadata,
): ClientMetadata => {
  if (place === undefined) return {}
  const backchannel_logout_uri = addressOf(place, 'backchannel_logout_uri')
  const frontchannel_logout_uri = addressOf(place, 'frontchannel_logout_uri')
  const initiate_login_uri = addressOf(place, 'initiate_login_uri')
  return {
    ...(metadata.backchannel_logout_supported === false
      ? {}
      : { backchannel_logout_uri, backchannel_logout_session_required: true }),
    ...(metadata.frontchannel_logout_supported === false || own.frontchannel_logout_uri !== undefined
      ? {}
      : { frontchannel_logout_uri, frontchannel_logout_session_required: true }),
    // Core 4 wants https for this one.
    ...(initiate_login_uri.startsWith('https:') ? { initiate_login_uri } : {}),
  }
}

/** What a person is shown, who may have to tell the OP by hand; null: there is no listener, or the site has no name there yet. */
export const shownAddresses = (
  public_url: string | undefined,
  { public_id }: { readonly public_id?: string | undefined },
): Readonly<Record<AddressName, string | null>> => {
  const place = public_url === undefined || public_id === undefined ? undefined : { public_url, public_id }
  const shown = (name: AddressName): string | null => (place === undefined ? null : addressOf(place, name))
  return {
    backchannel_logout_uri: shown('backchannel_logout_uri'),
    frontchannel_logout_uri: shown('frontchannel_logout_uri'),
    initiate_login_uri: shown('initiate_login_uri'),
  }
}
