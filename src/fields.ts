// Every parameter and result member of the wire, once: its type, meaning, limits, and whether it is secret.
import { z } from 'zod'
import type { ErrorCode } from './error.ts'
import { RESPONSE_MODES } from './flow.ts'
import { LIMITS } from './limits.ts'
import { QUIRK_NAMES } from './oidc/quirks.ts'

export interface FieldMeta {
  readonly description: string
  /** Never in a log, an error or a page. */
  readonly secret?: true
  /** The code when a required parameter is missing or blank. */
  readonly missing?: ErrorCode
  /** The code when the value is of no use; a wrong JSON type is always malformed_params. */
  readonly invalid?: ErrorCode
  /** Claims: native for `"oxd": 1` and in 4.x, lists of strings on the 3.x wire; `lists`: those in 4.x, too. */
  readonly claims?: true | 'lists'
  /** A list of words: a list for `"oxd": 1` and 4.x, one text with spaces between them on the 3.x wire. */
  readonly words?: true
  /** Left out of the reply on the 3.x wire, instead of null, when the command does not give it. */
  readonly omitted?: true
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
  z
    .record(z.string().max(256), z.string().max(LIMITS.text_characters_max))
    .refine(
      (members) => Object.keys(members).length <= LIMITS.list_items_max,
      `may have ${LIMITS.list_items_max} members at most`,
    )
    .meta({ ...meta })
/** Seconds; at most what old clients read, 32 bits with a sign. */
const seconds = (meta: FieldMeta) =>
  z
    .int()
    .min(0)
    .max(2_147_483_647)
    .meta({ ...meta })

// Results: what is not known is null.
const told = (meta: FieldMeta) =>
  z
    .string()
    .nullable()
    .meta({ ...meta })
const moment = (meta: FieldMeta) =>
  z
    .number()
    .nullable()
    .meta({ ...meta })
const words = (meta: FieldMeta) => z.array(z.string()).meta({ ...meta, words: true })
/** Given only in some cases; on the 3.x wire it is not even null in the others. */
const sometimes = <T extends z.ZodType>(type: T, meta: FieldMeta) =>
  type.nullish().meta({ ...meta, omitted: true })
const object = (meta: FieldMeta) => z.record(z.string(), z.unknown()).meta({ ...meta })

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
  // What is too long is not even parsed: some hosts take the time of their square.
  if (value.length > LIMITS.url_characters_max) return false
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
const withoutFragment = (value: string): string => value.split('#', 1)[0] ?? ''
/** The same with fragments, which have a code of their own. */
const redirectUris = (meta: FieldMeta) =>
  z
    .array(
      z
        .string()
        .max(LIMITS.url_characters_max)
        .refine(
          (value) => isPlainUri(withoutFragment(value)),
          'must be absolute URLs in ASCII without fragment, user name or password',
        ),
    )
    .max(LIMITS.list_items_max)
    .meta({ ...meta })

const UNSEEN = /\p{C}/u
/** Of any characters that can be seen: each comes back as it was, however it is written in a URL. */
const ownRandom = (description: string) =>
  z
    .string()
    .min(LIMITS.own_random_characters_min)
    .max(LIMITS.state_characters_max)
    .refine((text) => !UNSEEN.test(text), 'must have no control characters, and no half of one')
    .meta({ description, secret: true })

const scopesOfCondition = z
  .array(z.string().min(1).max(LIMITS.text_characters_max))
  .max(LIMITS.list_items_max)
  .nullish()
/** Java clients write every member, mostly null. */
const UMA_CONDITION = z.object({
  httpMethods: z
    .array(z.string().regex(/^[A-Za-z-]{1,32}$/, 'must be names of HTTP methods'))
    .min(1)
    .max(LIMITS.list_items_max),
  scopes: scopesOfCondition,
  ticketScopes: scopesOfCondition,
  scope_expression: z.record(z.string(), z.unknown()).nullish(),
  iat: z.int().nonnegative().nullish(),
  exp: z.int().nonnegative().nullish(),
})

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
  redirect_uris: redirectUris({
    description:
      'Further redirect URIs; the first is the login redirect when there is no `authorization_redirect_uri`. 4.x: all redirect URIs, the first is the login redirect.',
    missing: 'invalid_redirect_uri',
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
    description:
      'Response types to register: `code`, `id_token`, `id_token token`, `code id_token`, `code token`, `code id_token token`. Default: `code`.',
  }),
  site_response_mode: z.enum(RESPONSE_MODES).meta({
    description:
      'How the responses to logins come back where a login does not say otherwise: see `get_authorization_url`. Default: as the response type has it.',
    invalid: 'invalid_request',
  }),
  authorization_signed_response_alg: text({
    description: 'The algorithm that signs responses that are JWTs (`response_mode` `jwt`). Default: RS256.',
    invalid: 'invalid_algorithm',
  }),
  authorization_encrypted_response_alg: text({
    description: 'How their key is encrypted to oxd, if they are.',
    invalid: 'invalid_algorithm',
  }),
  authorization_encrypted_response_enc: text({
    description: 'How their content is encrypted. Default: `A128CBC-HS256`.',
    invalid: 'invalid_algorithm',
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
      'How oxd authenticates at the token endpoint: `client_secret_post`, `client_secret_basic`, `client_secret_jwt`, `private_key_jwt` or `none`. Default: the first of them that the OP supports; of a client that was registered by hand `client_secret_basic`, if it does.',
    invalid: 'invalid_algorithm',
  }),
  client_token_endpoint_auth_signing_alg: z
    .enum([
      'none',
      'EdDSA',
      ...['HS', 'RS', 'ES', 'PS'].flatMap((kind) => [256, 384, 512].map((bits) => `${kind}${bits}`)),
    ])
    .meta({
      description:
        'With which `client_secret_jwt` (HS…) or `private_key_jwt` (`RS256`, `PS256`, `ES256`, `EdDSA`) sign (3.1.4).',
      invalid: 'invalid_algorithm',
    }),
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
      'The algorithm that signs the ID Tokens. Default: RS256 where the OP offers it, else its first asymmetric one that oxd allows; HS256, HS384 and HS512 only by name, with a secret of at least 32, 48 and 64 bytes; `none` only by name, in the code flow, with `--insecure-unsigned-id-tokens`.',
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
  setup_client_name: text({ description: 'The name of the setup client at the OP (3.1.4).' }),

  // What else the OP is told of the client (4.x).
  access_token_as_jwt: flag({ description: 'Gluu Server: access tokens are JWTs (4.x).' }),
  access_token_signing_alg: text({ description: 'Gluu Server: the algorithm that signs them (4.x).' }),
  rpt_as_jwt: flag({ description: 'Gluu Server: RPTs are JWTs (4.x).' }),
  front_channel_logout_session_required: flag({
    description: 'The front-channel logout URI wants `iss` and `sid` (4.x).',
  }),
  jwks: z
    .union([
      z.string().min(1).max(LIMITS.token_characters_max),
      z.object({
        keys: z.array(z.record(z.string().max(256), z.unknown())).max(LIMITS.jwks_keys_max),
      }),
    ])
    .meta({
      description: 'The public keys of the site, a JWK Set as JSON text or as an object (4.x).',
      invalid: 'invalid_request',
    }),
  id_token_binding_cnf: text({ description: 'Token binding of ID Tokens (4.x).' }),
  tls_client_auth_subject_dn: text({ description: 'Subject of the TLS certificate of the client (4.x).' }),
  run_introspection_script_beforeaccess_token_as_jwt_creation_and_include_claims: flag({
    description: 'Gluu Server: claims of the introspection script are in access tokens that are JWTs (4.x).',
  }),
  id_token_encrypted_response_alg: text({
    description:
      'How the key of encrypted ID Tokens is encrypted to oxd, for example `RSA-OAEP-256` or `ECDH-ES`; without it they are not encrypted.',
    invalid: 'invalid_algorithm',
  }),
  id_token_encrypted_response_enc: text({
    description: 'How their content is encrypted. Default: `A128CBC-HS256`.',
    invalid: 'invalid_algorithm',
  }),
  user_info_signed_response_alg: text({
    description: 'The algorithm that signs what `get_user_info` gets; without it, it is plain JSON.',
    invalid: 'invalid_algorithm',
  }),
  user_info_encrypted_response_alg: text({
    description: 'The same for what `get_user_info` gets.',
    invalid: 'invalid_algorithm',
  }),
  user_info_encrypted_response_enc: text({
    description: 'How its content is encrypted. Default: `A128CBC-HS256`.',
    invalid: 'invalid_algorithm',
  }),
  request_object_signing_alg: text({
    description:
      'The algorithm with which oxd signs authorization requests: `RS256`, `PS256`, `ES256` or `EdDSA`; for a site also `none`, by name: a request object that is not signed. Without it there is no request object.',
    invalid: 'invalid_algorithm',
  }),
  request_object_encryption_alg: text({
    description:
      'How the key of encrypted request objects is encrypted to the OP, for example `RSA-OAEP-256`; without it they are not encrypted.',
    invalid: 'invalid_algorithm',
  }),
  request_object_encryption_enc: text({
    description: 'How their content is encrypted. Default: `A128CBC-HS256`.',
    invalid: 'invalid_algorithm',
  }),
  default_max_age: seconds({ description: 'Seconds since the last sign-in that the OP accepts (4.x).' }),
  require_auth_time: flag({
    description: 'ID Tokens must say when the user signed in; enforced where a login ends (4.x).',
  }),
  initiate_login_uri: url({ description: 'Where a third party sends users who are to log in (4.x).' }),
  authorized_origins: list({ description: 'Gluu Server: origins of the site in browsers (4.x).' }),
  access_token_lifetime: seconds({ description: 'Gluu Server: seconds that access tokens live (4.x).' }),
  software_id: text({ description: 'Names the software of the site (4.x).' }),
  software_version: text({ description: 'The version of the software of the site (4.x).' }),
  software_statement: token({ description: 'A signed statement about the software, a JWT (4.x).' }),
  custom_attributes: map({
    description: 'Further client metadata of the OP (4.x); those that oxd knows itself are refused.',
  }),
  allow_spontaneous_scopes: flag({ description: 'Gluu Server: scopes may be made up while asking (4.x).' }),
  spontaneous_scopes: list({ description: 'Gluu Server: patterns of such scopes (4.x).' }),
  accept_foreign_tokens: flag({
    description:
      '`get_user_info` accepts access tokens that oxd did not obtain for this site. Default: false.',
  }),
  require_pushed_authorization_requests: flag({
    description:
      'Every authorization request is pushed to the OP before (RFC 9126), or, with `false`, none where the OP does not require it. Default: where the OP offers it.',
  }),
  request_objects_by_reference: flag({
    description:
      'The OP fetches signed authorization requests at the public listener of oxd, instead of finding them in the URL.',
  }),
  op_quirks: z
    .array(z.enum([...QUIRK_NAMES, 'none']))
    .max(LIMITS.list_items_max)
    .meta({
      description:
        'Deviations of the OP that oxd goes along with for this site (docs/quirks.md), beside those that are known of its issuer; `none` for no more.',
    } satisfies FieldMeta),
  remember_last_login: flag({
    description:
      '`get_logout_uri` without a hint sends the ID Token of the last login at this site, whoever that was, as oxd 3.0 did. Default: false.',
  }),

  // A login.
  login_response_type: text({
    description:
      'What is to come back: `code`, `id_token`, `id_token token`, `code id_token`, `code token` or `code id_token token`, as the site registered it. Default: `code`; of a site without it, the first that it registered.',
    invalid: 'invalid_request',
    example: 'code',
  }),
  response_mode: z.enum(RESPONSE_MODES).meta({
    description:
      'How it comes back: `query`, `fragment`, `form_post`, or as a signed JWT (`jwt`, `query.jwt`, `fragment.jwt`, `form_post.jwt`). Default: that of the site.',
    invalid: 'invalid_request',
    example: 'form_post',
  }),
  max_age: seconds({
    description:
      'The user must have signed in at most so many seconds before; enforced. Default: the `default_max_age` of the site.',
    invalid: 'invalid_request',
    example: 300,
  }),
  claims_request: z
    .union([z.string().min(1).max(LIMITS.token_characters_max), z.record(z.string().max(256), z.unknown())])
    .meta({
      description:
        'Claims to ask for one by one, the JSON object of Core 5.5 or its text. An essential `acr` is enforced; it has three values at most.',
      invalid: 'invalid_request',
      example: { id_token: { acr: { essential: true, values: ['urn:mace:incommon:iap:silver'] } } },
    }),
  login_id_token_hint: token({
    description: 'An ID Token of the user who is expected, handed to the OP.',
    secret: true,
  }),
  login_hint_for_op: text({ description: 'Whom the application takes the user for; handed to the OP.' }),
  session_binding: z
    .string()
    .min(LIMITS.session_binding_characters_min)
    .max(LIMITS.session_binding_characters_max)
    .regex(/^[\w-]+$/, 'must consist of letters, digits, _ and -')
    .meta({
      description:
        'A hash of the session of the application, 22 to 128 characters of base64url. What a login begins with, it must end with: a response that was begun in another browser is refused before the OP is asked.',
      secret: true,
      example: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
    }),
  callback_url: z.string().min(1).max(LIMITS.callback_characters_max).meta({
    description:
      'The whole URL to which the browser came back, with its query or fragment. With `parameters`: the URL to which the form was posted.',
    secret: true,
    invalid: 'malformed_response',
    example: 'https://client.example.com/callback?code=SplxlOBeZQQYbYS6WxSbIA&state=AaPw…',
  }),
  callback_parameters: z.record(z.string().max(256), z.string().max(LIMITS.token_characters_max)).meta({
    description: 'The fields of the form that the browser posted (`form_post`), instead of a query.',
    secret: true,
    invalid: 'malformed_response',
  }),
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
  third_party_iss: text({
    description: 'The issuer at which the user is to log in: that of the site, byte for byte.',
    missing: 'missing_iss',
    invalid: 'foreign_iss',
    example: 'https://op.example.com',
  }),
  login_hint: text({ description: 'Whom the third party takes the user for; handed to the OP.' }),
  target_link_uri: url({
    description: 'Where the user wants to go after the login: at the origin of a redirect URI of the site.',
    invalid: 'foreign_target_link_uri',
  }),
  login_state: z.string().meta({
    description: 'The state of this login: compare it with that in the session of the user.',
    secret: true,
  }),
  new_state: z
    .string()
    .meta({ description: 'The state of this login: keep it in the session of the user.', secret: true }),
  requested_response_types: list({
    description:
      'The response type, as a list of its words (4.x): `code`, or `code` and `id_token`, where the site registered them. Default: `code`.',
  }),
  registered_op_host: z.string().meta({ description: 'The OP, as it was given; 4.x: its issuer.' }),
  registered_client_id: z.string().meta({ description: 'The client at the OP.' }),
  registered_client_name: z.string().meta({ description: 'The name of the client at the OP.' }),
  registered_client_secret: told({ description: 'The secret of the client at the OP.', secret: true }),
  registered_client_registration_access_token: told({
    description: 'The token with which the client can be changed at the OP.',
    secret: true,
  }),
  registered_client_registration_client_uri: told({ description: 'Where the client can be changed.' }),
  registered_client_id_issued_at: z.int().meta({
    description: 'When the client was registered: seconds since the epoch; 0 if the OP did not say.',
  }),
  registered_client_secret_expires_at: z.int().meta({
    description: 'When the secret expires: seconds since the epoch; 0 is never.',
  }),
  client_id_of_oxd_id: z.string().meta({ description: 'The client of the site `oxd_id`.' }),
  setup_client_oxd_id: z.string().meta({
    description: 'The name of the setup client in oxd: its tokens protect the commands of the site.',
  }),
  setup_client_id: z.string().meta({ description: 'The setup client at the OP.' }),
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
  flow_access_token: told({
    description: 'The access token; null where the response type has none (`id_token`).',
    secret: true,
  }),
  scope_of_login: words({
    description:
      'What the OP granted: less than was asked for, if it says so. Empty if it says nothing and oxd does not know what was asked for: scopes that the site does not have.',
  }),
  returned_acr: told({ description: 'How the user was authenticated, in the words of the OP (`acr`).' }),
  auth_time: moment({
    description: 'When the user signed in at the OP: seconds since the epoch; null if it does not say.',
  }),
  third_party: flag({
    description: 'Was the login begun by somebody else, who sent the user here (Core 4)?',
  }),
  refresh_token: z
    .string()
    .nullable()
    .meta({ description: 'The refresh token, if the OP gave one.', secret: true }),
  id_token: token({ description: 'The ID Token, a signed JWT.', secret: true }),
  some_id_token: told({ description: 'The ID Token, if the OP gave one.', secret: true }),
  checked_id_token: token({
    description: 'The ID Token that came back to the redirect URI.',
    secret: true,
    missing: 'missing_id_token',
    example: 'eyJh…',
  }),
  asked_id_token: token({
    description: 'The ID Token that is asked about.',
    secret: true,
    missing: 'missing_parameter',
    example: 'eyJh…',
  }),
  bound_access_token: token({
    description: 'The access token that came with it; its `at_hash` must be in the ID Token.',
    secret: true,
  }),
  bound_code: bounded(LIMITS.code_characters_max, {
    description: 'The code that came with it (4.2); its `c_hash` must be in the ID Token.',
    secret: true,
  }),
  bound_state: bounded(LIMITS.text_characters_max, {
    description: 'The state that came with it (4.2); compared where the ID Token has `s_hash`.',
    secret: true,
  }),
  expected_nonce: bounded(LIMITS.text_characters_max, {
    description:
      'The nonce that the ID Token must have. Without: that of a login of this site that is still remembered, or none.',
    secret: true,
  }),
  active: z.boolean().meta({ description: 'Is it valid, for this site, now?' }),
  issued_at: moment({ description: 'Seconds since the epoch; null if it is not active.' }),
  expires_at: moment({ description: 'Seconds since the epoch; null if it is not active.' }),
  issued_at_ms: moment({ description: 'Milliseconds since the epoch; null if it is not active.' }),
  expires_at_ms: moment({ description: 'Milliseconds since the epoch; null if it is not active.' }),
  used_refresh_token: token({
    description: 'The refresh token of a login of this site.',
    secret: true,
    missing: 'missing_parameter',
    example: 'tGzv3JOkF0XG5Qx2TlKWIA',
  }),
  refreshed_scope: list({
    description: 'No more than was granted before; `openid` is added. Default: all of that.',
    invalid: 'invalid_scope',
  }),
  granted_scope: words({ description: 'What the OP granted: a list; on the 3.x wire one text.' }),
  known_login_id: told({
    description: 'Names the login that the refresh token is from; null if oxd does not know.',
  }),

  // Tokens of a client for itself.
  token_client_id: text({
    description: 'The client that asks for a token for itself.',
    missing: 'missing_parameter',
    example: 's6BhdRkqt3',
  }),
  token_client_secret: text({
    description: 'The secret of that client.',
    secret: true,
    missing: 'missing_parameter',
    example: 'a secret',
  }),
  token_scope: list({
    description:
      'Scopes of the token; `openid` is added where the OP takes it. Default: `oxd`, if the client registered it.',
    invalid: 'invalid_scope',
    example: ['oxd'],
  }),
  authentication_method: text({
    description:
      '`client_secret_basic`, `client_secret_post`, `client_secret_jwt` or, of a client of oxd, `private_key_jwt`. Default: as the client was registered.',
    invalid: 'invalid_algorithm',
  }),
  algorithm: text({
    description: 'With which `client_secret_jwt` and `private_key_jwt` sign.',
    invalid: 'invalid_algorithm',
  }),
  key_id: text({ description: 'Ignored: oxd knows which of its keys the OP was told.' }),

  // Introspection: what the OP says of a token.
  scopes: z.array(z.string()).meta({ description: 'The scopes of the token.' }),
  introspected_scope: z.array(z.string()).meta({ description: 'The same under the name of RFC 7662.' }),
  introspected_client_id: told({ description: 'The client to which the token was issued.' }),
  username: told({ description: 'The name of the user who gave the token.' }),
  token_type: told({ description: 'The type of the token.' }),
  exp: moment({ description: 'When it expires: seconds since the epoch.' }),
  iat: moment({ description: 'When it was issued: seconds since the epoch.' }),
  sub: told({ description: 'The subject of the token.' }),
  aud: z
    .union([z.string(), z.array(z.string())])
    .nullable()
    .meta({
      description: 'For whom the token is: a text, or a list where there are several (3.x: one text).',
      words: true,
    }),
  introspected_iss: told({ description: 'The issuer of the token.' }),
  jti: told({ description: 'The name of the token.' }),
  introspected_acr_values: told({ description: 'How the user was authenticated.' }),

  // Passwords of users (only with `--insecure-password-commands`).
  user_name: text({ description: 'The user at the OP.', missing: 'missing_parameter', example: 'ada' }),
  user_password: text({
    description: 'The password of the user.',
    secret: true,
    missing: 'missing_parameter',
    example: 'a password',
  }),
  redirect_url: url({
    description: 'A redirect URI of the client.',
    missing: 'missing_parameter',
    invalid: 'invalid_redirect_uri',
    example: 'https://client.example.com/callback',
  }),
  flow_client_id: text({ description: 'The client.', missing: 'missing_parameter', example: 's6BhdRkqt3' }),
  flow_client_secret: text({
    description: 'The secret of the client.',
    secret: true,
    missing: 'missing_parameter',
    example: 'a secret',
  }),
  flow_scope: text({
    description: 'Scopes, with spaces between them. Default: `openid`.',
    example: 'openid',
  }),
  flow_nonce: text({ description: 'Ignored: oxd makes one.', secret: true }),
  acr: text({ description: 'Authentication contexts, with spaces between them.' }),
  expires_in_seconds: z.int().meta({
    description: 'Seconds until the access token expires; -1 if the OP does not say.',
  }),
  authorization_code: z.string().meta({ description: 'The code, which is spent.', secret: true }),
  flow_granted_scope: told({ description: 'What was asked for.' }),

  // The OP itself, and oxd as a client of it.
  resource: bounded(LIMITS.url_characters_max, {
    description: 'An account (`acct:ada@example.com`), an e-mail address, a host or a URL.',
    missing: 'missing_resource',
    invalid: 'invalid_request',
    example: 'acct:ada@op.example.com',
  }),
  subject: z.string().meta({ description: 'Whom the answer is about.' }),
  links: z.array(z.object({ rel: z.string(), href: z.string() })).meta({
    description: 'The issuers that are responsible, each a `rel` and a `href`.',
  }),
  metadata: object({
    description: 'What the OP publishes of itself, by the names of oxd 4.x. There it is the whole reply.',
  }),
  keys: z.array(z.record(z.string(), z.unknown())).meta({ description: 'Public keys, as in a JWK Set.' }),
  oxd_host_url: url({
    description: 'Where the OP reaches oxd.',
    missing: 'missing_oxd_host',
    example: 'https://oxd.example.com:8443',
  }),
  request_object_params: map({
    description: 'Parameters of the authorization request; those that oxd sets itself are refused.',
  }),
  request_uri: z
    .string()
    .meta({ description: 'Where the OP fetches the request object, for a few minutes.' }),
  request_object_id: text({
    description: 'The last part of `request_uri`.',
    missing: 'request_object_not_found',
    invalid: 'request_object_not_found',
    example: 'SplxlOBeZQQYbYS6WxSbIA',
  }),
  request_object: z.string().meta({ description: 'The request object, a signed JWT.' }),

  // UMA: what is protected, and who may have it.
  resources: z
    .array(
      z.object({
        path: z.string().min(1).max(LIMITS.text_characters_max),
        conditions: z.array(UMA_CONDITION).min(1).max(LIMITS.list_items_max),
      }),
    )
    .min(1)
    .max(LIMITS.uma_resources_max)
    .meta({
      description:
        'What is protected: each resource has a `path` and `conditions`, a condition `httpMethods` and either `scopes`, of which one is needed, or a `scope_expression`: a JsonLogic `rule` over the places of its `data`, a list of scopes. `ticketScopes`: those of the scopes that a ticket asks for. `iat`, `exp` (4.2): handed to the authorization server.',
      missing: 'invalid_uma_request',
      invalid: 'invalid_uma_request',
      example: [
        {
          path: '/photos',
          conditions: [{ httpMethods: ['GET'], scopes: ['https://photos.example.com/view'] }],
        },
      ],
    } satisfies FieldMeta),
  overwrite: flag({ description: 'Replace what is protected already (3.1.3). Default: false.' }),
  http_method: text({
    description: 'The HTTP method of the request.',
    missing: 'invalid_http_method',
    invalid: 'invalid_http_method',
    example: 'GET',
  }),
  path: text({
    description: 'The path of the resource, exactly as it was protected; upper and lower case are the same.',
    missing: 'invalid_path_parameter',
    invalid: 'invalid_path_parameter',
    example: '/photos',
  }),
  uma_scopes: list({
    description: 'Scopes of which one is needed.',
    example: ['https://photos.example.com/view'],
  }),
  checked_scopes: list({
    description: 'Scopes of which one is needed, instead of those that were protected with (4.2).',
  }),
  scope_expression: text({
    description:
      'A JsonLogic `rule` over the places of `data`, a list of scopes; the JSON text of both (4.2).',
    invalid: 'invalid_scope_expression',
  }),
  rpt: token({
    description: 'The requesting party token (RPT) that came with the request; none: absent or empty.',
    secret: true,
    missing: 'invalid_rpt_parameter',
    invalid: 'invalid_rpt_parameter',
    example: 'dbf7e0a4-rpt',
  }),
  access: z.enum(['granted', 'denied']).meta({ description: '`granted` or `denied`.' }),
  www_authenticate_header: sometimes(z.string(), {
    description: 'When denied: the header `WWW-Authenticate` of the refusal. On the 3.x wire only then.',
    secret: true,
  }),
  granted_ticket: told({
    description: 'When denied: the ticket with which the client asks for an RPT.',
    secret: true,
  }),
  ticket: text({
    description: 'The ticket that came with the refusal.',
    secret: true,
    missing: 'invalid_ticket_parameter',
    invalid: 'invalid_ticket_parameter',
    example: 'd8f3a1c2-ticket',
  }),
  rpt_ticket: text({
    description: 'The ticket that came with the refusal. Without one the command is that of UMA 1.',
    secret: true,
    invalid: 'invalid_ticket_parameter',
    example: 'd8f3a1c2-ticket',
  }),
  claim_token: token({
    description: 'Claims of the user, for example an ID Token; together with `claim_token_format`.',
    secret: true,
    invalid: 'invalid_claim_token_or_claim_token_form',
  }),
  claim_token_format: text({
    description:
      'What it is: `http://openid.net/specs/openid-connect-core-1_0.html#IDToken` for an ID Token.',
    invalid: 'invalid_claim_token_or_claim_token_form',
  }),
  pct: text({
    description: 'A persisted claims token that came with an RPT of the same user before.',
    secret: true,
  }),
  upgraded_rpt: token({
    description: 'An RPT of the same user, to which the permission is added.',
    secret: true,
  }),
  rpt_scope: list({ description: 'Scopes to ask for beside those of the ticket.', invalid: 'invalid_scope' }),
  claims_state: text({
    description:
      'The state that came back with the user from the claims gathering; checked, and good for once.',
    secret: true,
  }),
  rpt_params: map({ description: 'Further parameters of the request for the RPT (4.0); none of its own.' }),
  force_new: flag({ description: 'UMA 1: ignored, since every RPT is a new one.' }),
  uma_1_rpt: sometimes(z.string(), { description: 'UMA 1: the RPT.', secret: true }),
  rpt_access_token: sometimes(z.string(), { description: 'UMA 2: the RPT.', secret: true }),
  rpt_token_type: sometimes(z.string(), { description: 'UMA 2: the type of the RPT, `Bearer`.' }),
  rpt_pct: sometimes(z.string(), {
    description: 'UMA 2: claims of the user for the next time, if the authorization server keeps any.',
    secret: true,
  }),
  rpt_updated: sometimes(z.boolean(), {
    description: 'UMA 2: the same as `upgraded`, by the name that it has on the wires.',
  }),
  rpt_upgraded: sometimes(z.boolean(), {
    description: 'UMA 2: whether the RPT that was given got more permissions.',
  }),
  gat: z.string().meta({
    description: 'The Gluu access token (GAT), under the name that it has on the wire.',
    secret: true,
  }),
  gat_scopes: list({
    description: 'The scopes of the token.',
    missing: 'invalid_request',
    example: ['https://photos.example.com/view'],
  }),
  claims_redirect: url({
    description:
      'Where the authorization server sends the user back to: one of the `claims_redirect_uri` of the site.',
    missing: 'invalid_claims_redirect_uri_parameter',
    invalid: 'invalid_claims_redirect_uri_parameter',
    example: 'https://client.example.com/claims',
  }),
  claims_custom_parameters: map({
    description: 'Further parameters of the URL (4.2); those of its own names are left out.',
  }),
  claims_url: z.string().meta({ description: 'Where to send the browser of the user.' }),
  new_claims_state: z.string().meta({
    description:
      'Comes back with the user: keep it in the session, compare it, and hand it to `uma_rp_get_rpt`.',
    secret: true,
  }),
  nbf: moment({ description: 'From when on it is good: seconds since the epoch.' }),
  permissions: z
    .array(
      z.object({
        resource_id: z.string(),
        resource_scopes: z.array(z.string()),
        exp: z.number().nullable(),
      }),
    )
    .nullable()
    .meta({ description: 'What the RPT permits; null if it is not active or no RPT.' }),

  // What oxd itself knows.
  listed: flag({ description: 'List the sites of the caller instead of showing one.' }),
  node: z.union([z.record(z.string(), z.unknown()), z.array(z.record(z.string(), z.unknown()))]).meta({
    description:
      'The site, without secrets; with `list` the oxd_id and client_name of each site of the caller.',
  }),
  valid: z.boolean().meta({ description: 'Always true: oxd needs no licence.' }),
  thread_count: z.int().meta({ description: 'Always 0: there is no limit.' }),
  license_name: told({ description: 'Always null.' }),
  features: z.array(z.string()).nullable().meta({ description: 'Always null: there is all of it.' }),
  id_token_claims: z.record(z.string(), z.unknown()).meta({
    description: 'The claims of the ID Token; lists of strings on the 3.x wire.',
    claims: true,
  }),
  claims: z.record(z.string(), z.unknown()).meta({
    description: 'What the OP says of the user; lists of strings on the 3.x wire.',
    claims: true,
  }),
  checked_claims: z.record(z.string(), z.unknown()).meta({
    description: 'The claims of the ID Token; lists of strings on the 3.x wire, and in 4.x.',
    claims: 'lists',
  }),

  // Logins that live or have ended.
  asked_login_id: text({ description: 'The `login_id` of the login.', example: 'Yk3vQx0p3rYwAAAAm1c2Zw' }),
  asked_state: bounded(LIMITS.text_characters_max, {
    description: 'The state of the login, instead of its `login_id`.',
    secret: true,
  }),
  status_id_token: token({
    description: 'An ID Token of the login, instead of its `login_id`.',
    secret: true,
  }),
  login_status: z.enum(['live', 'ended', 'unknown']).meta({
    description:
      '`live`; `ended`; or `unknown`: it was never finished at this site, or is so long ago that oxd has forgotten it.',
  }),
  ended_by: z.string().nullable().meta({
    description:
      'Why it has ended: `back_channel_logout` and `front_channel_logout` (the OP said so), `rp_initiated_logout` (`get_logout_uri` was asked for this login); null if it has not.',
  }),
  ended_at: moment({ description: 'When it ended: seconds since the epoch; null if it has not.' }),
  found_login_id: told({ description: 'The login that was meant; null if it is unknown.' }),

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

  // Ended logins.
  cursor: text({
    description:
      'The `cursor` of the reply before: what has ended after it. Without: from the first that is kept, a week back.',
    invalid: 'invalid_cursor',
  }),
  wait_seconds: z.int().min(0).max(LIMITS.ended_wait_seconds_max).meta({
    description:
      'If nothing has ended yet, wait so long for it; the connection is busy meanwhile. Default: do not wait.',
  }),
  ended_max: z
    .int()
    .min(1)
    .max(LIMITS.ended_page_max)
    .meta({ description: `So many at most. Default: ${LIMITS.ended_page_max}.` }),
  ended_logins: z
    .array(
      z.object({
        login_id: z.string(),
        sub: z.string(),
        sid: z.string().nullable(),
        why: z.string(),
        ended_at: z.number(),
      }),
    )
    .meta({
      description:
        'The logins, as they ended: `login_id`, `sub`, `sid` (the session at the OP, or null), `why`, `ended_at` (seconds since the epoch).',
    }),
  logout_webhook_uri: url({
    description:
      'Where oxd posts the end of each login, as Standard Webhooks has it; its origin is that of a redirect URI.',
    example: 'https://client.example.com/oxd-webhook',
  }),
  rotate_logout_webhook_secret: flag({
    description: 'Make a new secret; the one before signs as well for a day.',
  }),
  remove_logout_webhook: flag({ description: 'Post nothing any more.' }),
  logout_webhook_secret: told({
    description:
      'The secret with which the messages are signed, `whsec_…`; told once, when it is made: with the first `logout_webhook_uri`, or when it is rotated.',
    secret: true,
  }),
  next_cursor: z.string().meta({ description: 'For the next call: keep it with the sessions.' }),
} as const
