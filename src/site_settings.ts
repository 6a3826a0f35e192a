// What a site asks for: the parameters that say it, under all their names; the settings they become; what the OP is told.
import { z } from 'zod'
import { OxdError } from './error.ts'
import { fields } from './fields.ts'
import { mayTravel, responseTypeOf, type ResponseMode, type ResponseType } from './flow.ts'
import { LIMITS } from './limits.ts'
import { parseJson } from './oidc/json.ts'
import type { ClientMetadata } from './oidc/registration.ts'
import { unusable } from './params.ts'

/** Client metadata that oxd 4.x hands on to the OP as they are, by the names that the OP knows. */
const FURTHER_METADATA = {
  access_token_as_jwt: 'access_token_as_jwt',
  access_token_signing_alg: 'access_token_signing_alg',
  rpt_as_jwt: 'rpt_as_jwt',
  front_channel_logout_session_required: 'frontchannel_logout_session_required',
  jwks: 'jwks',
  id_token_binding_cnf: 'id_token_token_binding_cnf',
  tls_client_auth_subject_dn: 'tls_client_auth_subject_dn',
  run_introspection_script_beforeaccess_token_as_jwt_creation_and_include_claims:
    'run_introspection_script_before_access_token_as_jwt_creation_and_include_claims',
  id_token_encrypted_response_alg: 'id_token_encrypted_response_alg',
  id_token_encrypted_response_enc: 'id_token_encrypted_response_enc',
  user_info_signed_response_alg: 'userinfo_signed_response_alg',
  user_info_encrypted_response_alg: 'userinfo_encrypted_response_alg',
  user_info_encrypted_response_enc: 'userinfo_encrypted_response_enc',
  authorization_signed_response_alg: 'authorization_signed_response_alg',
  authorization_encrypted_response_alg: 'authorization_encrypted_response_alg',
  authorization_encrypted_response_enc: 'authorization_encrypted_response_enc',
  request_object_signing_alg: 'request_object_signing_alg',
  request_object_encryption_alg: 'request_object_encryption_alg',
  request_object_encryption_enc: 'request_object_encryption_enc',
  default_max_age: 'default_max_age',
  require_auth_time: 'require_auth_time',
  initiate_login_uri: 'initiate_login_uri',
  authorized_origins: 'authorized_origins',
  access_token_lifetime: 'access_token_lifetime',
  software_id: 'software_id',
  software_version: 'software_version',
  software_statement: 'software_statement',
  allow_spontaneous_scopes: 'allow_spontaneous_scopes',
  spontaneous_scopes: 'spontaneous_scopes',
} as const
type Further = keyof typeof FURTHER_METADATA

/** The parameters of register_site and update_site_registration that describe a site, under all their names. */
export const SITE_PARAMS = {
  authorization_redirect_uri: fields.authorization_redirect_uri.optional(),
  redirect_uris: fields.redirect_uris.optional(),
  post_logout_redirect_uri: fields.post_logout_redirect_uri.optional(),
  post_logout_redirect_uris: fields.post_logout_redirect_uris.optional(),
  client_logout_uris: fields.client_logout_uris.optional(),
  client_frontchannel_logout_uris: fields.client_frontchannel_logout_uris.optional(),
  response_types: fields.response_types.optional(),
  response_type: fields.response_type.optional(),
  response_mode: fields.site_response_mode.optional(),
  grant_types: fields.grant_types.optional(),
  scope: fields.scope.optional(),
  acr_values: fields.acr_values.optional(),
  ui_locales: fields.ui_locales.optional(),
  claims_locales: fields.claims_locales.optional(),
  contacts: fields.contacts.optional(),
  application_type: fields.application_type.optional(),
  client_id: fields.client_id.optional(),
  client_secret: fields.client_secret.optional(),
  client_name: fields.client_name.optional(),
  client_jwks_uri: fields.client_jwks_uri.optional(),
  client_token_endpoint_auth_method: fields.client_token_endpoint_auth_method.optional(),
  client_token_endpoint_auth_signing_alg: fields.client_token_endpoint_auth_signing_alg.optional(),
  client_request_uris: fields.client_request_uris.optional(),
  client_sector_identifier_uri: fields.client_sector_identifier_uri.optional(),
  client_registration_access_token: fields.client_registration_access_token.optional(),
  client_registration_client_uri: fields.client_registration_client_uri.optional(),
  client_secret_expires_at: fields.client_secret_expires_at.optional(),
  claims_redirect_uri: fields.claims_redirect_uri.optional(),
  id_token_signed_response_alg: fields.id_token_signed_response_alg.optional(),
  subject_type: fields.subject_type.optional(),
  client_uri: fields.client_uri.optional(),
  logo_uri: fields.logo_uri.optional(),
  policy_uri: fields.policy_uri.optional(),
  tos_uri: fields.tos_uri.optional(),
  trusted_client: fields.trusted_client.optional(),
  access_token_as_jwt: fields.access_token_as_jwt.optional(),
  access_token_signing_alg: fields.access_token_signing_alg.optional(),
  rpt_as_jwt: fields.rpt_as_jwt.optional(),
  front_channel_logout_session_required: fields.front_channel_logout_session_required.optional(),
  jwks: fields.jwks.optional(),
  id_token_binding_cnf: fields.id_token_binding_cnf.optional(),
  tls_client_auth_subject_dn: fields.tls_client_auth_subject_dn.optional(),
  run_introspection_script_beforeaccess_token_as_jwt_creation_and_include_claims:
    fields.run_introspection_script_beforeaccess_token_as_jwt_creation_and_include_claims.optional(),
  id_token_encrypted_response_alg: fields.id_token_encrypted_response_alg.optional(),
  id_token_encrypted_response_enc: fields.id_token_encrypted_response_enc.optional(),
  user_info_signed_response_alg: fields.user_info_signed_response_alg.optional(),
  user_info_encrypted_response_alg: fields.user_info_encrypted_response_alg.optional(),
  user_info_encrypted_response_enc: fields.user_info_encrypted_response_enc.optional(),
  authorization_signed_response_alg: fields.authorization_signed_response_alg.optional(),
  authorization_encrypted_response_alg: fields.authorization_encrypted_response_alg.optional(),
  authorization_encrypted_response_enc: fields.authorization_encrypted_response_enc.optional(),
  request_object_signing_alg: fields.request_object_signing_alg.optional(),
  request_object_encryption_alg: fields.request_object_encryption_alg.optional(),
  request_object_encryption_enc: fields.request_object_encryption_enc.optional(),
  default_max_age: fields.default_max_age.optional(),
  require_auth_time: fields.require_auth_time.optional(),
  initiate_login_uri: fields.initiate_login_uri.optional(),
  authorized_origins: fields.authorized_origins.optional(),
  access_token_lifetime: fields.access_token_lifetime.optional(),
  software_id: fields.software_id.optional(),
  software_version: fields.software_version.optional(),
  software_statement: fields.software_statement.optional(),
  custom_attributes: fields.custom_attributes.optional(),
  allow_spontaneous_scopes: fields.allow_spontaneous_scopes.optional(),
  spontaneous_scopes: fields.spontaneous_scopes.optional(),
  accept_foreign_tokens: fields.accept_foreign_tokens.optional(),
  remember_last_login: fields.remember_last_login.optional(),
  op_quirks: fields.op_quirks.optional(),
  require_pushed_authorization_requests: fields.require_pushed_authorization_requests.optional(),
  request_objects_by_reference: fields.request_objects_by_reference.optional(),
} as const

export type SiteParams = z.output<z.ZodObject<typeof SITE_PARAMS>>

/** In 4.x `redirect_uris` is the whole list, and its first the login redirect. */
export const loginRedirectFirst = <P extends SiteParams>(params: P): P => {
  const [authorization_redirect_uri, ...redirect_uris] = params.redirect_uris ?? []
  return authorization_redirect_uri === undefined
    ? params
    : { ...params, authorization_redirect_uri, redirect_uris }
}

/** What a site asks for, under one name each. */
export interface SiteSettings {
  /** The first is the login redirect. */
  readonly redirect_uris: readonly [string, ...string[]]
  /** The first is the default after logout. */
  readonly post_logout_redirect_uris: readonly string[]
  readonly frontchannel_logout_uris: readonly string[]
  readonly response_types: readonly string[]
  readonly response_mode?: ResponseMode | undefined
  readonly grant_types: readonly string[]
  readonly scope: readonly string[]
  readonly acr_values: readonly string[]
  readonly ui_locales: readonly string[]
  readonly claims_locales: readonly string[]
  readonly contacts: readonly string[]
  readonly application_type: string
  readonly client_name: string
  readonly jwks_uri?: string | undefined
  readonly token_endpoint_auth_method?: string | undefined
  readonly token_endpoint_auth_signing_alg?: string | undefined
  readonly request_uris: readonly string[]
  readonly sector_identifier_uri?: string | undefined
  readonly claims_redirect_uris: readonly string[]
  readonly id_token_signed_response_alg?: string | undefined
  readonly subject_type?: string | undefined
  readonly client_uri?: string | undefined
  readonly logo_uri?: string | undefined
  readonly policy_uri?: string | undefined
  readonly tos_uri?: string | undefined
  readonly trusted_client: boolean
  /** What else the OP is told, by the names that it knows. */
  readonly further_metadata?: ClientMetadata | undefined
  readonly accept_foreign_tokens: boolean
  readonly remember_last_login: boolean
  /** Undefined: where the OP offers it. */
  readonly require_pushed_authorization_requests?: boolean | undefined
  readonly request_objects_by_reference?: boolean | undefined
}

const given = (values: readonly (string | undefined)[]): string[] => [
  ...new Set(values.filter((value) => value !== undefined)),
]

// RFC 6749 section 3.3: the characters of a scope token.
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Scope tokens with `openid` among them, without which there is no login (OpenID Connect Core 3.1.2.1). */
export const openidScope = (scope: readonly string[]): string[] => {
  const tokens = scope.flatMap((item) => item.split(/\s+/)).filter((token) => token !== '')
  if (tokens.length > LIMITS.param_items_max) {
    throw new OxdError('invalid_scope', { what: `scope has more than ${LIMITS.param_items_max} tokens.` })
  }
  if (tokens.some((token) => !SCOPE_TOKEN.test(token))) {
    throw new OxdError('invalid_scope', { what: 'scope has a character that no scope may have.' })
  }
  return given(tokens.includes('openid') ? tokens : ['openid', ...tokens])
}

const redirectUris = (params: SiteParams, before: readonly string[]): [string, ...string[]] => {
  // `redirect_uris` are further ones; the first of them is the login redirect of a site that has none yet (4.x).
  const login = params.authorization_redirect_uri ?? before[0]
  const [first, ...others] = given([login, ...(params.redirect_uris ?? before.slice(1))])
  if (first === undefined) {
    throw new OxdError('invalid_authorization_redirect_uri', {
      what: 'authorization_redirect_uri is missing.',
    })
  }
  // RFC 6749 section 3.1.2
  if (first.includes('#') || others.some((uri) => uri.includes('#'))) {
    throw new OxdError('redirect_uri_has_fragment_component', { what: 'It is one of redirect_uris.' })
  }
  return [first, ...others]
}

/** The members of a JWK that are private or, of a symmetric key, the key itself (RFC 7518 section 6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** The key set as an object. @throws OxdError invalid_request */
const publicKeys = (jwks: NonNullable<SiteParams['jwks']>): unknown => {
  const refused = (what: string): OxdError => new OxdError('invalid_request', { what: `jwks ${what}.` })
  let read
  try {
    const value = typeof jwks === 'string' ? parseJson(jwks) : jwks
    if (unusable(value) !== undefined) throw refused('is no JWK Set')
    read = SITE_PARAMS.jwks.parse(value)
  } catch {
    throw refused('is no JWK Set')
  }
  if (typeof read !== 'object') throw refused('is no JWK Set')
  if (read.keys.some((key) => PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name)))) {
    throw refused('must hold public keys alone')
  }
  return read
}

/** Names of client metadata that are not a caller's own to make up, beside those that begin as these. */
const knownMetadata = (settings: SiteSettings): ReadonlySet<string> =>
  new Set([
    ...Object.keys(clientMetadata({ ...settings, further_metadata: undefined })),
    ...Object.values(FURTHER_METADATA),
  ])
const FURTHER_MAX = LIMITS.list_items_max + Object.keys(FURTHER_METADATA).length
const RESERVED_METADATA = /^(?:client_id|client_secret|registration_|__proto__$)/

const furtherMetadata = (params: SiteParams, settings: SiteSettings): ClientMetadata => {
  const custom = params.custom_attributes ?? {}
  const known = knownMetadata(settings)
  const refused = Object.keys(custom).find((name) => known.has(name) || RESERVED_METADATA.test(name))
  if (refused !== undefined) {
    throw new OxdError('invalid_request', {
      what: `custom_attributes: ${JSON.stringify(refused)} is not the caller's to set.`,
    })
  }
  const said = Object.entries(FURTHER_METADATA).flatMap(([name, registered]) => {
    // Keys of the table are parameters, as its type says.
    const value = params[name as Further]
    return value === undefined ? [] : [[registered, name === 'jwks' ? publicKeys(params.jwks ?? '') : value]]
  })
  const before = settings.further_metadata ?? {}
  const further = { ...before, ...Object.fromEntries(said), ...custom }
  // They add up from change to change; a site that has more already may still be changed.
  const count = Object.keys(further).length
  if (count > FURTHER_MAX && count > Object.keys(before).length) {
    throw new OxdError('invalid_request', {
      what: `custom_attributes: a site may have ${LIMITS.list_items_max} of them in all.`,
    })
  }
  return further
}

const responseTypes = (params: SiteParams, before: readonly string[]): readonly string[] => {
  const types =
    params.response_types ?? (params.response_type === undefined ? before : [params.response_type])
  if (!types.some((type) => responseTypeOf(type) !== undefined)) {
    throw new OxdError('invalid_request', {
      what: 'response_types must contain code, or another type that logs users in: id_token, id_token token, code id_token, code token, code id_token token.',
    })
  }
  return types
}

/** The response types of a site that log users in, in the order of the site. */
const loginTypes = ({ response_types }: Pick<SiteSettings, 'response_types'>): ResponseType[] =>
  response_types.flatMap((type) => responseTypeOf(type) ?? [])

/** What a login at this site asks for: that, if the site registered it; by default the code, or else its first. */
export const responseTypeFor = (settings: SiteSettings, asked: string | undefined): ResponseType => {
  const types = loginTypes(settings)
  const [first] = types
  const type = asked === undefined ? (types.includes('code') ? 'code' : first) : responseTypeOf(asked)
  if (type === undefined || !types.includes(type)) {
    throw new OxdError('invalid_request', {
      what: `response_type: the site registered ${types.join(', ')}.`,
    })
  }
  return type
}

/** How its response travels: as asked, else as the site has it where this type may, else as the type has it. */
export const responseModeFor = (
  { response_mode: ofSite }: SiteSettings,
  type: ResponseType,
  asked: ResponseMode | undefined,
): ResponseMode | undefined => {
  if (!mayTravel(type, asked)) {
    throw new OxdError('invalid_request', {
      what: `response_mode ${asked}: what comes back for ${type} may not be in a query.`,
    })
  }
  return asked ?? (mayTravel(type, ofSite) ? ofSite : undefined)
}

/** What a login at this site asks for where nobody says otherwise. */
export const loginDefaults = (settings: SiteSettings) => {
  const response_type = responseTypeFor(settings, undefined)
  return {
    response_type,
    response_mode: responseModeFor(settings, response_type, undefined),
    max_age: defaultMaxAge(settings),
  }
}

/** Registered at the OP, and enforced by oxd. */
export const defaultMaxAge = ({ further_metadata }: SiteSettings): number | undefined => {
  const seconds = further_metadata?.default_max_age
  return typeof seconds === 'number' ? seconds : undefined
}

/** The same: each ID Token of a login must say when the user signed in. */
export const requiresAuthTime = ({ further_metadata }: SiteSettings): boolean =>
  further_metadata?.require_auth_time === true

/** OpenID Connect Registration 1.0 section 2: the grants that the response types need, and none for a code that never comes. */
const fittingGrants = ({ grant_types, response_types }: SiteSettings): readonly string[] => {
  const words = response_types.flatMap((type) => type.split(' '))
  const kept = words.includes('code')
    ? grant_types
    : grant_types.filter((grant) => grant !== 'authorization_code')
  return words.includes('id_token') || words.includes('token') ? given([...kept, 'implicit']) : kept
}

const listOf = (single: string | undefined, list: readonly string[] | undefined, before: readonly string[]) =>
  single === undefined && list === undefined ? before : given([single, ...(list ?? [])])

const FIRST_SETTINGS = (oxd_id: string) => ({
  redirect_uris: [] as readonly string[],
  post_logout_redirect_uris: [],
  frontchannel_logout_uris: [],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  scope: ['openid', 'profile', 'email'],
  acr_values: [],
  ui_locales: [],
  claims_locales: [],
  contacts: [],
  application_type: 'web',
  client_name: `oxd site ${oxd_id}`,
  request_uris: [],
  claims_redirect_uris: [],
  trusted_client: false,
  accept_foreign_tokens: false,
  remember_last_login: false,
})

/**
 * The settings of a site after `params`: what is given replaces, what is absent stays as it was (or becomes the default).
 * @throws OxdError invalid_authorization_redirect_uri, redirect_uri_has_fragment_component, invalid_scope,
 *   invalid_algorithm, invalid_request
 */
export const settingsFrom = (oxd_id: string, params: SiteParams, before?: SiteSettings): SiteSettings => {
  const old: Omit<SiteSettings, 'redirect_uris'> & { redirect_uris: readonly string[] } =
    before ?? FIRST_SETTINGS(oxd_id)
  const settings: SiteSettings = {
    redirect_uris: redirectUris(params, old.redirect_uris),
    post_logout_redirect_uris: listOf(
      params.post_logout_redirect_uri,
      params.post_logout_redirect_uris,
      old.post_logout_redirect_uris,
    ),
    frontchannel_logout_uris:
      params.client_frontchannel_logout_uris ?? params.client_logout_uris ?? old.frontchannel_logout_uris,
    response_types: responseTypes(params, old.response_types),
    response_mode: params.response_mode ?? old.response_mode,
    grant_types: params.grant_types ?? old.grant_types,
    scope: openidScope(params.scope ?? old.scope),
    acr_values: params.acr_values ?? old.acr_values,
    ui_locales: params.ui_locales ?? old.ui_locales,
    claims_locales: params.claims_locales ?? old.claims_locales,
    contacts: params.contacts ?? old.contacts,
    application_type: params.application_type ?? old.application_type,
    client_name: params.client_name ?? old.client_name,
    jwks_uri: params.client_jwks_uri ?? old.jwks_uri,
    token_endpoint_auth_method: params.client_token_endpoint_auth_method ?? old.token_endpoint_auth_method,
    token_endpoint_auth_signing_alg:
      params.client_token_endpoint_auth_signing_alg ?? old.token_endpoint_auth_signing_alg,
    request_uris: params.client_request_uris ?? old.request_uris,
    sector_identifier_uri: params.client_sector_identifier_uri ?? old.sector_identifier_uri,
    claims_redirect_uris: params.claims_redirect_uri ?? old.claims_redirect_uris,
    id_token_signed_response_alg: params.id_token_signed_response_alg ?? old.id_token_signed_response_alg,
    subject_type: params.subject_type ?? old.subject_type,
    client_uri: params.client_uri ?? old.client_uri,
    logo_uri: params.logo_uri ?? old.logo_uri,
    policy_uri: params.policy_uri ?? old.policy_uri,
    tos_uri: params.tos_uri ?? old.tos_uri,
    trusted_client: params.trusted_client ?? old.trusted_client,
    accept_foreign_tokens: params.accept_foreign_tokens ?? old.accept_foreign_tokens,
    remember_last_login: params.remember_last_login ?? old.remember_last_login,
    require_pushed_authorization_requests:
      params.require_pushed_authorization_requests ?? old.require_pushed_authorization_requests,
    request_objects_by_reference: params.request_objects_by_reference ?? old.request_objects_by_reference,
    further_metadata: old.further_metadata,
  }
  const further_metadata = furtherMetadata(params, settings)
  return Object.keys(further_metadata).length === 0 ? settings : { ...settings, further_metadata }
}

const nonEmpty = (values: readonly string[]): readonly string[] | undefined =>
  values.length === 0 ? undefined : values

/**
 * The client metadata that an OP is told, by the names of OpenID Connect Registration 1.0 section 2.
 * Members that are undefined do not reach the OP.
 */
export const clientMetadata = (settings: SiteSettings): ClientMetadata => ({
  ...settings.further_metadata,
  redirect_uris: settings.redirect_uris,
  response_types: settings.response_types,
  grant_types: fittingGrants(settings),
  application_type: settings.application_type,
  client_name: settings.client_name,
  scope: settings.scope.join(' '),
  contacts: nonEmpty(settings.contacts),
  post_logout_redirect_uris: nonEmpty(settings.post_logout_redirect_uris),
  frontchannel_logout_uri: settings.frontchannel_logout_uris[0],
  default_acr_values: nonEmpty(settings.acr_values),
  jwks_uri: settings.jwks_uri,
  sector_identifier_uri: settings.sector_identifier_uri,
  request_uris: nonEmpty(settings.request_uris),
  claims_redirect_uri: nonEmpty(settings.claims_redirect_uris),
  token_endpoint_auth_method: settings.token_endpoint_auth_method,
  token_endpoint_auth_signing_alg: settings.token_endpoint_auth_signing_alg,
  id_token_signed_response_alg: settings.id_token_signed_response_alg,
  subject_type: settings.subject_type,
  client_uri: settings.client_uri,
  logo_uri: settings.logo_uri,
  policy_uri: settings.policy_uri,
  tos_uri: settings.tos_uri,
  require_pushed_authorization_requests: settings.require_pushed_authorization_requests || undefined,
  oxAuthTrustedClient: settings.trusted_client ? 'true' : undefined,
})
