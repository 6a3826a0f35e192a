// Every parameter and result member of the wire, once: its type, meaning, limits, and whether it is secret.
import { z } from 'zod'
import type { ErrorCode } from './error.ts'
import { LIMITS } from './limits.ts'

export interface FieldMeta {
  readonly description: string
  /** Never in a log, an error or a page. */
  readonly secret?: true
  /** The code when a required parameter is missing or blank. */
  readonly missing?: ErrorCode
  /** The code when the value is of no use; a wrong JSON type is always malformed_params. */
  readonly invalid?: ErrorCode
  /** Claims: native for `"oxd": 1`, lists of strings on the 3.x wire. */
  readonly claims?: true
  /** A list of words: a list for `"oxd": 1` and 4.x, one text with spaces between them on the 3.x wire. */
  readonly words?: true
  /** An example for the documentation. */
  readonly example?: unknown
}

const bounded = (max: number, meta: FieldMeta) =>
  z
    .string()
    .min(1)
    .max(max)
    .meta({ ...meta })
const text = (meta: FieldMeta) => bounded(LIMITS.text_characters_max, meta)
const token = (meta: FieldMeta) => bounded(LIMITS.token_characters_max, meta)
const flag = (meta: FieldMeta) => z.boolean().meta({ ...meta })
const list = (meta: FieldMeta) =>
  z
    .array(z.string().min(1).max(LIMITS.text_characters_max))
    .max(LIMITS.list_items_max)
    .meta({ ...meta })
const map = (meta: FieldMeta) =>
  z.record(z.string().max(256), z.string().max(LIMITS.text_characters_max)).meta({ ...meta })

const SCRIPT_SCHEMES = new Set([
  'javascript:',
  'data:',
  'vbscript:',
  'blob:',
  'file:',
  'about:',
  'view-source:',
])
// eslint-disable-next-line no-control-regex -- control characters are what is refused here
const UNPRINTABLE = /[\u0000-\u0020\u007f-\uffff\\"<>^`{|}]/

/** An absolute URI with an authority or a private-use scheme, without fragment or credentials, byte for byte as given. */
export const isPlainUri = (value: string): boolean => {
  if (UNPRINTABLE.test(value) || value.includes('#') || !URL.canParse(value)) return false
  const { protocol, username, password } = new URL(value)
  return !SCRIPT_SCHEMES.has(protocol) && username === '' && password === ''
}

const url = (meta: FieldMeta) =>
  z
    .string()
    .min(1)
    .max(LIMITS.url_characters_max)
    .refine(isPlainUri, 'must be an absolute URL in ASCII without fragment, user name or password')
    .meta({ ...meta })
const urls = (meta: FieldMeta) =>
  z
    .array(
      z
        .string()
        .max(LIMITS.url_characters_max)
        .refine(isPlainUri, 'must be absolute URLs in ASCII without fragment, user name or password'),
    )
    .max(LIMITS.list_items_max)
    .meta({ ...meta })

const ownRandom = (description: string) =>
  z
    .string()
    .min(LIMITS.own_random_characters_min)
    .max(LIMITS.state_characters_max)
    .regex(/^[A-Za-z0-9._~-]+$/, 'must consist of letters, digits and . _ ~ -')
    .meta({ description, secret: true })

export const fields = {
  oxd_id: text({
    description: 'The name of the site in oxd, which `register_site` gave it.',
    missing: 'missing_parameter',
    example: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
  }),

  protection_access_token: token({
    description:
      'Where commands are protected: a token of `get_client_token`, or a caller key. Over HTTP as `Authorization: Bearer`.',
    secret: true,
  }),

  // What a site is.
  op_host: text({
    description:
      'The issuer of the OpenID Provider, an https URL; default: the `op_host` setting of the daemon.',
    missing: 'invalid_op_host',
    invalid: 'invalid_op_host',
    example: 'https://op.example.com',
  }),
  op_discovery_path: text({
    description: 'Path between `op_host` and `/.well-known/openid-configuration` (3.1).',
    invalid: 'invalid_op_host',
    example: '/tenant',
  }),
  op_configuration_endpoint: url({
    description: 'URL of the discovery document, instead of `op_host` (4.2).',
    invalid: 'invalid_op_configuration_endpoint',
  }),
  authorization_redirect_uri: url({
    description: 'Where the OP sends the user back to with the code.',
    missing: 'invalid_authorization_redirect_uri',
    invalid: 'invalid_authorization_redirect_uri',
    example: 'https://client.example.com/callback',
  }),
  redirect_uris: urls({
    description:
      'Further redirect URIs; the first is the login redirect when there is no `authorization_redirect_uri` (4.x).',
    invalid: 'invalid_redirect_uri',
  }),
  post_logout_redirect_uri: url({
    description: 'Where the OP may send the user after logout.',
    invalid: 'invalid_redirect_uri',
    example: 'https://client.example.com/',
  }),
  post_logout_redirect_uris: urls({ description: 'The same as a list (4.x); the first is the default.' }),
  client_logout_uris: urls({
    description: 'Front-channel logout URIs of the site; the OP is told the first.',
  }),
  client_frontchannel_logout_uris: urls({
    description: 'The later name of `client_logout_uris` (3.1 and 4.x).',
  }),
  response_types: list({
    description: 'Response types to register; `code` must be among them. Default: `code`.',
  }),
  response_type: text({ description: 'One response type instead of `response_types` (C# client).' }),
  grant_types: list({ description: 'Grant types to register. Default: `authorization_code`.' }),
  scope: list({
    description:
      'Scopes to ask the user for; `openid` is added if it is missing. Default: `openid profile email`.',
    missing: 'invalid_scope',
    invalid: 'invalid_scope',
    example: ['openid', 'profile', 'email'],
  }),
  acr_values: list({ description: 'Authentication contexts to ask for, the preferred one first.' }),
  ui_locales: list({ description: 'Languages of the pages of the OP, the preferred one first.' }),
  claims_locales: list({ description: 'Languages of the claims, the preferred one first.' }),
  contacts: list({
    description: 'E-mail addresses of people responsible for the site.',
    example: ['ops@example.com'],
  }),
  application_type: z.enum(['web', 'native']).meta({ description: '`web` or `native`. Default: `web`.' }),
  client_id: text({
    description: 'The client at the OP, if it was registered there by hand.',
    example: 's6BhdRkqt3',
  }),
  client_secret: text({ description: 'The secret of that client.', secret: true }),
  client_name: text({ description: 'The name that the OP shows to the user.', example: 'Demo site' }),
  client_jwks_uri: url({ description: 'URL of the public keys of the site.' }),
  client_token_endpoint_auth_method: text({
    description:
      'How oxd authenticates at the token endpoint: `client_secret_basic`, `client_secret_post` or `none`. Default: the first of them that the OP supports.',
    invalid: 'invalid_algorithm',
  }),
  client_token_endpoint_auth_signing_alg: z
    .enum([
      'none',
      ...['HS', 'RS', 'ES', 'PS'].flatMap((kind) => [256, 384, 512].map((bits) => `${kind}${bits}`)),
    ])
    .meta({ description: 'Registered as given (3.1.4).', invalid: 'invalid_algorithm' }),
  client_request_uris: urls({ description: 'Request URIs to register.' }),
  client_sector_identifier_uri: url({ description: 'Sector identifier URI to register.' }),
  client_registration_access_token: text({
    description: 'With `client_id`: the token with which the registration at the OP can be changed.',
    secret: true,
  }),
  client_registration_client_uri: url({
    description: 'With `client_id`: where the registration can be changed.',
  }),
  client_secret_expires_at: z.union([z.number(), z.string().max(64)]).meta({
    description:
      'When the secret of a client registered by hand expires: seconds, milliseconds or an ISO time; 0 is never.',
  }),
  claims_redirect_uri: urls({ description: 'UMA claims redirect URIs to register (3.1).' }),
  id_token_signed_response_alg: text({
    description:
      'The algorithm that signs the ID Tokens, an asymmetric one. Default: RS256 where the OP offers it, else its first that oxd allows.',
    invalid: 'invalid_algorithm',
  }),
  subject_type: z
    .enum(['public', 'pairwise'])
    .meta({ description: '`public` or `pairwise` (4.x).', invalid: 'invalid_subject_type' }),
  client_uri: url({ description: 'Home page of the site, shown by the OP (4.x).' }),
  logo_uri: url({ description: 'Logo of the site, shown by the OP (4.x).' }),
  policy_uri: url({ description: 'Privacy policy of the site, shown by the OP (4.x).' }),
  tos_uri: url({ description: 'Terms of service of the site, shown by the OP (4.x).' }),
  trusted_client: flag({ description: 'Gluu Server: asks no consent of the user (3.0.1).' }),
  accept_foreign_tokens: flag({
    description:
      '`get_user_info` accepts access tokens that oxd did not obtain for this site. Default: false.',
  }),
  remember_last_login: flag({
    description:
      '`get_logout_uri` without a hint sends the ID Token of the last login at this site, whoever that was, as oxd 3.0 did. Default: false.',
  }),

  // A login.
  prompt: text({
    description: '`login`, `consent`, `select_account` or `none`, handed to the OP.',
    example: 'login',
  }),
  hd: text({ description: 'Hosted domain, handed to Google.' }),
  custom_parameters: map({
    description: 'Further parameters for the OP (3.1); those that oxd owns are refused.',
  }),
  params: map({ description: 'The same under the name of 4.x.' }),
  redirect_uri: url({
    description: 'One of the redirect URIs of the site (4.x).',
    invalid: 'invalid_redirect_uri',
  }),
  authorization_url: z.string().meta({ description: 'Where to send the browser of the user.' }),
  code: bounded(LIMITS.code_characters_max, {
    description: 'The code that came back to the redirect URI.',
    secret: true,
    missing: 'missing_parameter',
    example: 'SplxlOBeZQQYbYS6WxSbIA',
  }),
  state: bounded(LIMITS.text_characters_max, {
    description: 'The state that came back to the redirect URI.',
    secret: true,
    missing: 'missing_parameter',
    example: 'AQw1x0p3rYwAAAAA',
  }),
  own_state: ownRandom(
    'A state of your own (4.x): at least 22 unpredictable characters, used once. Better: leave it out.',
  ),
  own_nonce: ownRandom(
    'A nonce of your own (4.2): at least 22 unpredictable characters, used once. Better: leave it out.',
  ),
  iss: text({ description: 'The `iss` that came back with the code (RFC 9207); compared when given.' }),
  new_state: z
    .string()
    .meta({ description: 'The state of this login: keep it in the session of the user.', secret: true }),
  registered_op_host: z.string().meta({ description: 'The OP, as it was given.' }),
  registered_client_id: z.string().meta({ description: 'The client at the OP.' }),
  login_id: z.string().meta({ description: 'Names this login; neither secret nor guessable.' }),

  // Tokens.
  access_token: token({
    description: 'The access token.',
    secret: true,
    missing: 'missing_parameter',
    example: 'SlAV32hkKG',
  }),
  expires_in: z
    .int()
    .meta({ description: 'Seconds until the access token expires; -1 if the OP does not say.' }),
  refresh_token: z
    .string()
    .nullable()
    .meta({ description: 'The refresh token, if the OP gave one.', secret: true }),
  id_token: token({ description: 'The ID Token, a signed JWT.', secret: true }),
  id_token_claims: z.record(z.string(), z.unknown()).meta({
    description: 'The claims of the ID Token; lists of strings on the 3.x wire.',
    claims: true,
  }),
  claims: z.record(z.string(), z.unknown()).meta({
    description: 'What the OP says of the user; lists of strings on the 3.x wire.',
    claims: true,
  }),

  // Logout.
  id_token_hint: token({
    description: 'The ID Token of the login to end, kept by the application.',
    secret: true,
  }),
  logout_state: bounded(LIMITS.text_characters_max, {
    description:
      'Comes back with the user after logout. The state of a login of this site also names the login to end.',
    secret: true,
  }),
  session_state: text({ description: 'Handed to the OP.', secret: true }),
  uri: z.string().meta({ description: 'Where to send the browser of the user to log out.' }),
} as const
