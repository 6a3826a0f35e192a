// Glewlwyd (C, SQLite) from Debian, on loopback: its own administration interface makes the plugin, the scopes and the user.
import { generateKeyPairSync } from 'node:crypto'
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SiteSettings } from '../../src/client/client.ts'
import { Visitor, type Page } from '../../src/testing/dev_op/sign_in.ts'
import { install, upstreamVersion } from './debian.ts'
import { callbackIn, textOf } from './forms.ts'
import { atFreePort, startProgram } from './program.ts'
import { PasswordAsked, USER, type RealOp } from './real_op.ts'

const PACKAGES = {
  names: ['glewlwyd', 'dbconfig-no-thanks'],
  // Without a database its installation would fail; it gets one here, at each start.
  answers: ['glewlwyd glewlwyd/config_type select No configuration'],
}
const SCHEMA = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'
const PAGES = '/usr/share/glewlwyd/webapp'
const PLUGIN = 'oidc'
const SCOPES = ['openid', 'profile', 'email', 'phone', 'offline_access']
const ADMIN = { username: 'admin', password: 'password' }

/** How it signs: its name for that, and a key. */
const SIGNING = {
  RS256: { type: 'rsa', pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }) },
  EdDSA: { type: 'eddsa', pair: () => generateKeyPairSync('ed25519') },
} as const

export interface GlewlwydOptions {
  readonly alg: keyof typeof SIGNING
  /** Where it may make a folder of its own. */
  readonly folder: string
  /** PEM; with it the OP speaks https. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
}

type Json = Readonly<Record<string, unknown>>

/** One call of the interfaces that its pages use. @throws Error when it is refused */
const callJson = async (visitor: Visitor, method: string, url: string, body?: Json): Promise<Page> => {
  const page = await visitor.send(new URL(url), {
    method,
    accept: 'application/json',
    ...(body === undefined ? {} : { type: 'application/json', body: JSON.stringify(body) }),
  })
  if (page.status !== 200) throw new Error(`${method} ${url}: ${page.status} ${textOf(page)}`)
  return page
}

const configuration = (folder: string, base: string, port: number, isTls: boolean): string =>
  `port=${port}
bind_address="127.0.0.1"
external_url="${base}"
login_url="login.html"
api_prefix="api"
static_files_path="${folder}/webapp/"
allow_origin="*"
log_mode="file"
log_level="ERROR"
log_file="${folder}/glewlwyd.log"
cookie_secure=0
session_expiration=86400
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=${isTls}
secure_connection_key_file="${folder}/tls.key"
secure_connection_pem_file="${folder}/tls.pem"
secure_connection_ca_file="${folder}/ca.pem"
hash_algorithm="SHA512"
database={ type="sqlite3" path="${folder}/glewlwyd.db" };
static_files_mime_types=( { extension=".html" mime_type="text/html" }, { extension=".json" mime_type="application/json" } )
`

/** A claim of the ID Token and userinfo that comes from a property of the user. */
const claim = (name: string, scope: string, type = 'string') => ({
  name,
  'user-property': name,
  type,
  'boolean-value-true': 'true',
  'boolean-value-false': 'false',
  mandatory: false,
  'on-demand': true,
  scope: [scope],
})

interface Keys {
  readonly type: string
  /** PEM. */
  readonly key: string
  readonly cert: string
}

/** The parameters of the OpenID Connect plugin, everything on that a relying party can use. */
const pluginParameters = (issuer: string, { type, key, cert }: Keys): Json => ({
  iss: issuer,
  'oauth-as-iss-id': true,
  'jwt-type': type,
  'jwt-key-size': '256',
  key,
  cert,
  'jwks-show': true,
  'jwks-x5c': [],
  'subject-type': 'public',
  'access-token-duration': 3600,
  'refresh-token-duration': 1_209_600,
  'code-duration': 600,
  'refresh-token-rolling': true,
  'refresh-token-one-use': 'never',
  'client-refresh-token-one-use-parameter': 'refresh-token-one-use',
  'allow-non-oidc': true,
  'auth-type-code-enabled': true,
  'auth-type-code-revoke-replayed': true,
  'auth-type-token-enabled': true,
  'auth-type-id-token-enabled': true,
  'auth-type-none-enabled': true,
  'auth-type-password-enabled': false,
  'auth-type-client-enabled': true,
  'auth-type-device-enabled': false,
  'auth-type-refresh-enabled': true,
  scope: [],
  'additional-parameters': [],
  claims: [
    claim('given_name', 'profile'),
    claim('family_name', 'profile'),
    claim('email_verified', 'email', 'boolean'),
    claim('phone_number', 'phone'),
  ],
  'address-claim': {
    type: 'no',
    formatted: '',
    street_address: '',
    locality: '',
    region: '',
    postal_code: '',
    country: '',
    mandatory: false,
  },
  'name-claim': 'on-demand',
  'name-claim-scope': ['profile'],
  'email-claim': 'on-demand',
  'email-claim-scope': ['email'],
  'scope-claim': 'no',
  'scope-claim-scope': [],
  'allowed-scope': SCOPES,
  'restrict-scope-client-property': '',
  'request-parameter-allow': true,
  'request-uri-allow-https-non-secure': true,
  'request-parameter-allow-encrypted': true,
  'request-parameter-ietf-strict': false,
  'request-maximum-exp': 3600,
  'client-pubkey-parameter': '',
  'client-jwks-parameter': 'jwks',
  'client-jwks_uri-parameter': 'jwks_uri',
  'pkce-allowed': true,
  'pkce-method-plain-allowed': false,
  'pkce-required': false,
  'pkce-required-public-client': false,
  'pkce-scopes': [],
  'introspection-revocation-allowed': true,
  'introspection-revocation-auth-scope': [],
  'introspection-revocation-allow-target-client': true,
  // No scope is needed: registration is open.
  'register-client-allowed': true,
  'register-client-auth-scope': [],
  'register-client-credentials-scope': ['openid'],
  'register-client-token-one-use': true,
  'register-client-management-allowed': true,
  'register-resource-specify-allowed': true,
  'register-resource-default': [],
  'register-default-properties': {},
  'session-management-allowed': true,
  'session-cookie-name': 'GLEWLWYD2_OIDC_SID',
  'session-cookie-expiration': 86_400,
  'front-channel-logout-allowed': true,
  'back-channel-logout-allowed': true,
  'encrypt-out-token-allow': true,
  'client-enc-parameter': 'enc',
  'client-alg-parameter': 'alg',
  'client-alg_kid-parameter': 'alg_kid',
  'client-encrypt_code-parameter': 'encrypt_code',
  'client-encrypt_at-parameter': 'encrypt_at',
  'client-encrypt_userinfo-parameter': 'encrypt_userinfo',
  'client-encrypt_id_token-parameter': 'encrypt_id_token',
  'client-encrypt_refresh_token-parameter': 'encrypt_refresh_token',
  'client-encrypt_introspection-parameter': 'encrypt_introspection',
  'oauth-dpop-allowed': false,
  'resource-allowed': false,
  'resource-scope': {},
  'resource-client-property': '',
  'resource-scope-and-client-property': false,
  'oauth-rar-allowed': false,
  'oauth-par-allowed': true,
  'oauth-par-duration': 90,
  'oauth-par-required': false,
  'oauth-par-request_uri-prefix': 'urn:ietf:params:oauth:request_uri:',
  'oauth-ciba-allowed': false,
  'oauth-fapi-allow-jarm': true,
  'oauth-fapi-add-s_hash': false,
  'oauth-fapi-verify-nbf': false,
  'oauth-fapi-allow-restrict-alg': false,
  'oauth-fapi-restrict-alg': [],
  'oauth-fapi-allow-multiple-kid': false,
})

/** Client metadata that its store of clients drops unless it is told of them: lists, and single values. */
const CLIENT_LISTS = [
  'post_logout_redirect_uris',
  'contacts',
  'response_types',
  'grant_types',
  'request_uris',
]
/** What it calls client metadata that the specification calls otherwise. */
const OWN_NAMES = {
  id_token_signed_response_alg: 'id_token_signing_alg',
  user_info_signed_response_alg: 'userinfo_signing_alg',
} as const
const CLIENT_VALUES = ['application_type', 'client_confidential', ...Object.values(OWN_NAMES)]
/** Properties of a user that stand behind claims. */
const USER_VALUES = ['given_name', 'family_name', 'email_verified', 'phone_number']

const known = (names: readonly string[], format: Json): Json =>
  Object.fromEntries(names.map((name) => [name, { read: true, write: true, ...format }]))

/** The same under its own names, as an application says it. */
export const underOwnNames = (asked: SiteSettings): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(OWN_NAMES).flatMap(([name, own]) => {
      const value: unknown = asked[name as keyof typeof OWN_NAMES]
      return typeof value === 'string' ? [[own, value]] : []
    }),
  )

interface Module {
  readonly parameters: { readonly 'data-format': Json }
}

const setUp = async (base: string, issuer: string, keys: Keys, admin: Visitor): Promise<void> => {
  const call = (method: string, path: string, body?: Json): Promise<Page> =>
    callJson(admin, method, `${base}/api${path}`, body)
  await call('POST', '/auth/', ADMIN)

  const teach = async (path: string, formats: Json): Promise<void> => {
    // As its administration page reads and writes it.
    const module = JSON.parse((await call('GET', path)).body) as Module
    const format = { ...formats, ...module.parameters['data-format'], ...formats }
    await call('PUT', path, { ...module, parameters: { ...module.parameters, 'data-format': format } })
    await call('PUT', `${path}/reset`)
  }
  await teach('/mod/client/database', {
    ...known(CLIENT_LISTS, { multiple: true }),
    ...known(CLIENT_VALUES, { multiple: false }),
  })
  await teach(
    '/mod/user/database',
    known(USER_VALUES, { multiple: false, 'profile-read': true, 'profile-write': true }),
  )

  for (const name of SCOPES) {
    const scope = { name, display_name: name, description: name, scheme: {} }
    // The password is asked for, else any session would do.
    const body = { ...scope, password_required: true, password_max_age: 0 }
    if (name === 'openid') await call('PUT', '/scope/openid', body)
    else await call('POST', '/scope/', body)
  }
  const { name: username, password, given_name, family_name, email, phone_number } = USER
  await call('POST', '/user/', {
    username,
    password,
    name: `${given_name} ${family_name}`,
    email,
    enabled: true,
    scope: [...SCOPES, 'g_profile'],
    given_name,
    family_name,
    email_verified: 'true',
    phone_number,
  })
  await call('POST', '/mod/plugin/', {
    module: 'oidc',
    name: PLUGIN,
    display_name: PLUGIN,
    enabled: true,
    readonly: false,
    order_rank: 0,
    parameters: pluginParameters(issuer, keys),
  })
}

/** Its login page is a script over this interface: password, consent, and back to the authorization endpoint. */
const login: RealOp['login'] = async (authorization_url, redirect_uri, visitor, { password = true } = {}) => {
  const first = await visitor.fetch(new URL(authorization_url))
  const early = callbackIn(first, redirect_uri)
  if (early !== undefined) return early
  const page = first.location
  const back = page?.searchParams.get('callback_url')
  if (page === undefined || !back) throw new Error(`no login page but ${first.status}: ${textOf(first)}`)
  if (!password) throw new PasswordAsked()
  const api = `${page.origin}/api`
  await callJson(visitor, 'POST', `${api}/auth/`, { username: USER.name, password: USER.password })
  const [client_id, scope] = [page.searchParams.get('client_id'), page.searchParams.get('scope')]
  await callJson(visitor, 'PUT', `${api}/auth/grant/${client_id}`, { scope })
  const onward = await visitor.visit(new URL(`${back}${back.includes('?') ? '&' : '?'}g_continue`))
  const callback = callbackIn(onward, redirect_uri)
  if (callback !== undefined) return callback
  throw new Error(`no way back from ${onward.url}: ${onward.status} ${textOf(onward)}`)
}

interface Session {
  readonly iss: string
  readonly sid: string
  readonly client: readonly { readonly frontchannel_logout_uri?: string }[]
}

/** Its logout page is one, too: it embeds the clients of the session, ends that, and then the one of the user. */
const logout: RealOp['logout'] = async (logout_url, visitor, frame = async () => {}) => {
  const { location, ...first } = await visitor.fetch(new URL(logout_url))
  if (location === undefined) throw new Error(`no logout page but ${first.status}`)
  const api = `${location.origin}/api`
  const named = location.searchParams.get('sid')
  if (named !== null) {
    const session = `${api}/${PLUGIN}/session/${named}/`
    // As its page reads it.
    const { iss, sid, client } = JSON.parse(
      (await callJson(visitor, 'GET', `${session}${location.searchParams.get('client_id')}`)).body,
    ) as Session
    for (const { frontchannel_logout_uri: uri } of client)
      if (uri) await frame(new URL(`${uri}?iss=${iss}&sid=${sid}`))
    await callJson(visitor, 'DELETE', session)
  }
  await callJson(visitor, 'DELETE', `${api}/auth/`)
  const back = location.searchParams.get('callback_url')
  return back === null ? undefined : new URL(back)
}

const startAt = async (port: number, { folder, alg, tls }: GlewlwydOptions): Promise<RealOp> => {
  const base = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const issuer = `${base}/api/${PLUGIN}`
  // Links are followed, since it serves none that leave its root; of its configuration a link is a folder.
  await cp(PAGES, join(folder, 'webapp'), {
    recursive: true,
    dereference: true,
    filter: (file) => !file.endsWith('config.json'),
  })
  const database = new DatabaseSync(join(folder, 'glewlwyd.db'))
  database.exec(await readFile(SCHEMA, 'utf8'))
  database.close()
  await writeFile(join(folder, 'glewlwyd.conf'), configuration(folder, base, port, tls !== undefined))
  for (const [name, text = ''] of [
    ['tls.key', tls?.key],
    ['tls.pem', tls?.cert],
    ['ca.pem', tls?.ca],
  ] as const)
    await writeFile(join(folder, name), text, { mode: 0o600 })
  const visitor = (): Visitor => new Visitor({ ca: tls?.ca })
  const answers = async (url: string): Promise<boolean> =>
    (await visitor().fetch(new URL(url))).status === 200
  const { stop } = await startProgram({
    command: 'glewlwyd',
    args: [`--config-file=${join(folder, 'glewlwyd.conf')}`],
    cwd: folder,
    ready: () => answers(`${base}/config/`),
  })
  try {
    const { type, pair } = SIGNING[alg]
    const { privateKey, publicKey } = pair()
    const keys = {
      type,
      key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      cert: String(publicKey.export({ type: 'spki', format: 'pem' })),
    }
    await setUp(base, issuer, keys, visitor())
  } catch (error) {
    await stop()
    throw error
  }
  return {
    name: 'Glewlwyd',
    version: upstreamVersion('glewlwyd'),
    issuer,
    ca: tls?.ca,
    visitor,
    login,
    logout,
    stop,
  }
}

/** @throws StartError when its packages are missing, Error when it does not start */
export const startGlewlwyd = (options: GlewlwydOptions): Promise<RealOp> => {
  install(PACKAGES)
  return atFreePort(async (port) => {
    const folder = await mkdtemp(join(options.folder, 'op-'))
    return startAt(port, { ...options, folder })
  })
}
