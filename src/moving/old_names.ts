// What the site records and site defaults of oxd 2.4 to 4.5 call things, and what register_site calls them.
import { ERRORS, OxdError } from '../error.ts'
import { readParams } from '../params.ts'
import { SITE_PARAMS } from '../site_settings.ts'
import type { SiteParams } from '../site_settings.ts'

/** Old names beside those of the parameters themselves, which hold as well. */
const OLD_NAMES: Readonly<Record<string, keyof SiteParams>> = {
  redirect_uri: 'authorization_redirect_uri',
  logout_redirect_uri: 'post_logout_redirect_uri',
  logout_redirect_uris: 'post_logout_redirect_uris',
  front_channel_logout_uri: 'client_frontchannel_logout_uris',
  front_channel_logout_uris: 'client_frontchannel_logout_uris',
  grant_type: 'grant_types',
  jwks_uri: 'client_jwks_uri',
  request_uris: 'client_request_uris',
  sector_identifier_uri: 'client_sector_identifier_uri',
  token_endpoint_auth_method: 'client_token_endpoint_auth_method',
  token_endpoint_auth_signing_alg: 'client_token_endpoint_auth_signing_alg',
}

export type Values = Readonly<Record<string, unknown>>

const isParam = (name: string): name is keyof SiteParams => Object.hasOwn(SITE_PARAMS, name)

/** The parameter that an old name stands for, if any. */
export const paramOf = (name: string): keyof SiteParams | undefined =>
  isParam(name) ? name : Object.hasOwn(OLD_NAMES, name) ? OLD_NAMES[name] : undefined

/** As the original took it: nothing was given. */
export const isBlank = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && value.trim() === '') ||
  (Array.isArray(value) && value.every(isBlank))

/** In the original an enumeration whose texts it wrote in either case. */
const LOWER_CASE: ReadonlySet<string> = new Set(['application_type', 'subject_type'])

/**
 * What is given under any of its names, as parameters of register_site. Where two names say the same, that of the
 * parameter wins over an older one.
 * @throws OxdError that names what is malformed, also as the file calls it
 */
export const siteParams = (values: Values): SiteParams => {
  const given = new Map<string, { readonly as: string; readonly value: unknown }>()
  for (const [as, value] of Object.entries(values)) {
    const name = paramOf(as)
    if (name === undefined || isBlank(value) || (given.has(name) && as !== name)) continue
    const isLower = LOWER_CASE.has(name) && typeof value === 'string'
    given.set(name, { as, value: isLower ? value.toLowerCase() : value })
  }
  try {
    const params = Object.fromEntries([...given].map(([name, { value }]) => [name, value]))
    // readParams has checked every value by the schema of SITE_PARAMS.
    return readParams(SITE_PARAMS, params) as SiteParams
  } catch (error) {
    const parameter = error instanceof OxdError ? String(error.details?.parameter) : ''
    const as = given.get(parameter)?.as ?? parameter
    if (!(error instanceof OxdError) || as === parameter) throw error
    const what = error.message.slice(ERRORS[error.code].message.length).trim()
    throw new OxdError(error.code, { what: `${what} It is called ${as} there.`, cause: error })
  }
}
