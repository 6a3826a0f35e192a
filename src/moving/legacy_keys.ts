// Every key of oxd-conf.json (oxd 2.4 to 3.1) and oxd-server.yml (4.x), and what becomes of it here.
import { LIMITS } from '../limits.ts'
import { quoted } from '../store/files.ts'
import { trustCommand } from './keystore.ts'
import { isObject } from '../is_object.ts'
import type { Rule } from './legacy_reading.ts'
import { readServer } from './legacy_server.ts'

/** It does not apply any more: why, and what is instead. */
const gone =
  (why: string): Rule =>
  (reading, key) =>
    reading.warn(key, why)

/** What oxd always does: nothing to say, unless the file says the contrary. */
const always =
  (otherwise: string): Rule =>
  (reading, key, value) => {
    if (reading.flag(key, value) === false) reading.warn(key, otherwise)
  }

/** A check that the file turns off. */
const neverOff =
  (what: string): Rule =>
  (reading, key, value) => {
    if (reading.flag(key, value) === false) reading.refuse(key, `${what} Remove the key.`)
  }

const NO_LICENCE = 'oxd needs no licence.'
const OWN_KEYS = 'oxd makes and keeps its own keys, sealed in its data directory.'
const NO_TRACING = 'oxd sends no traces.'
const ENCODED = 'always done: state, nonce and client_id are encoded in the URL.'
const MINUTES = LIMITS.login_seconds / 60

/** The Redis of a storage_configuration, without its password. */
const redisOf = (configuration: unknown): string => {
  const { host, port, servers } = isObject(configuration) ? configuration : {}
  const [first = 'localhost:6379'] = String(
    servers ?? `${String(host ?? 'localhost')}:${String(port ?? 6379)}`,
  ).split(',')
  return `redis://${first.trim()}/0`
}

const h2Command = (configuration: unknown): string => {
  const { dbFileLocation = '/opt/oxd-server/data/oxd_db', username } = isObject(configuration)
    ? configuration
    : {}
  const who = username === undefined ? '-user oxd -password oxd' : '-user NAME -password PASSWORD'
  const database = quoted(`jdbc:h2:file:${String(dbFileLocation)}`)
  // Only for its owner: the dump holds every secret.
  return `(umask 077; java -cp '/opt/oxd-server/lib/*' org.h2.tools.Shell -url ${database} ${who} -sql "CALL CSVWRITE('rp.csv', 'SELECT id, data FROM rp', 'charset=UTF-8')")`
}

const MOVES: Readonly<Record<string, (configuration: unknown) => string>> = {
  h2: (configuration) =>
    `with the old daemon stopped, type: ${h2Command(configuration)} && oxd import rp.csv`,
  redis: (configuration) => `type: oxd import ${redisOf(configuration)}`,
  jdbc: () => 'write the table rp to a file as docs/from-oxd.md says, then: oxd import rp.csv',
}
const NO_MOVE = 'write the records to a JSON list of {"id": …, "data": …}, then: oxd import rp.json'

const storage: Rule = (reading, key, value) => {
  const kind = reading.text(key, value) ?? 'h2'
  const move = MOVES[kind.toLowerCase()]?.(reading.values.get('storage_configuration')) ?? NO_MOVE
  reading.warn(
    key,
    `oxd keeps its sites, sealed, in its data directory (--data-dir). To bring the old ones, ${move}`,
  )
}

const trustStore: Rule = (reading, key, value) => {
  const path = reading.text(key, value)
  reading.warn(
    key,
    path === undefined
      ? 'the CA of an OP that is not publicly trusted is a PEM file now: --op-ca FILE.'
      : `the CA of an OP that is not publicly trusted is a PEM file now. To make it, type: ${trustCommand(path)} and start with --op-ca op-ca.pem`,
  )
}

const proxy: Rule = (reading, key, value) => {
  if (value === null || value === undefined) return
  if (!isObject(value)) return reading.refuse(key, 'must hold host and port.')
  const host = reading.text(`${key}.host`, value.host)
  const port = reading.port(`${key}.port`, value.port)
  const protocol = reading.text(`${key}.protocol`, value.protocol) ?? 'http'
  if (host !== undefined)
    reading.settings.op_proxy = `${protocol}://${host}${port === undefined ? '' : `:${port}`}`
}

const SAFE_TLS = new Set(['TLSv1.2', 'TLSv1.3'])
const tlsVersion: Rule = (reading, key, value) => {
  const versions = reading.list(key, value)
  const old = versions.find((version) => !SAFE_TLS.has(version))
  if (old !== undefined) {
    reading.refuse(
      key,
      `${JSON.stringify(old)} is not safe: oxd speaks TLS 1.2 and 1.3 with OPs. Remove the key; an OP whose certificate is not publicly trusted needs --op-ca FILE.`,
    )
  }
  if (versions.length === 1) reading.warn(key, 'both TLS 1.2 and 1.3 are spoken with OPs.')
}

const listOf =
  (setting: string): Rule =>
  (reading, key, value) => {
    const items = reading.list(key, value)
    if (items.length > 0) reading.settings[setting] = items
  }

const unsigned: Rule = (reading, key, value) => {
  if (reading.flag(key, value) !== true) return
  reading.refuse(
    key,
    "an ID Token without signature may be anybody's. Remove the key, and set id_token_signed_response_alg to RS256, at the OP and with update_site.",
  )
}

const port: Rule = (reading, key, value) => {
  const number = reading.port(key, value)
  if (number !== undefined) reading.settings.port = number
}

const migration: Rule = (reading, key, value) => {
  const folder = reading.text(key, value)
  reading.warn(
    key,
    `old site files are brought once, by hand: oxd import ${folder === undefined ? 'FOLDER' : quoted(folder)}`,
  )
}

const passed: Rule = () => {}

/**
 * By their names with underscores, which hold for those with hyphens, too. Those that several keys decide together
 * (who may call from where, whose certificates are trusted) are `passed` here and judged at the end.
 */
export const LEGACY_KEYS: Readonly<Record<string, Rule>> = {
  // Where it listens, and who may call.
  port,
  server: readServer,
  localhost_only: passed,
  protect_commands_with_access_token: passed,
  bind_ip_addresses: listOf('allowed_ip'),
  protect_commands_with_oxd_id: gone(
    'the oxd_id in the header AuthorizationOxdId must always have the same owner as the site of the command.',
  ),
  time_out_in_seconds: gone('there is no such setting: oxd listens for as long as it runs.'),
  start_jetty: gone(
    'there is no such setting: it never had an effect. HTTP is --https-port and --https31-port.',
  ),
  jetty_port: gone(
    'there is no such setting: it never had an effect. HTTP is --https-port and --https31-port.',
  ),

  // The OPs.
  trust_all_certs: passed,
  trust_store_path: trustStore,
  trust_store_password: gone('PEM files have no password.'),
  allowed_op_hosts: listOf('allowed_op'),
  proxy_configuration: proxy,
  tls_version: tlsVersion,
  tls_secure_cipher: gone('the ciphers of Node.js are used, all of them sound.'),
  mtls_enabled: gone(
    'oxd shows OPs no certificate of its own: let the client authenticate with client_secret_basic or client_secret_post.',
  ),
  mtls_client_key_store_path: gone('oxd shows OPs no certificate of its own.'),
  mtls_client_key_store_password: gone('oxd shows OPs no certificate of its own.'),
  public_op_key_cache_expiration_in_minutes: gone(
    `keys of OPs are kept for ${LIMITS.op_keys_ms / 60_000} minutes, and fetched anew when a token names one that is not known.`,
  ),
  support_google_logout: always(
    'Google has no logout endpoint, so get_logout_uri ends its session the way it always did.',
  ),

  // Logins and ID Tokens.
  state_expiration_in_minutes: gone(`a login must come back within ${MINUTES} minutes.`),
  nonce_expiration_in_minutes: gone(`a nonce belongs to its state, which is good for ${MINUTES} minutes.`),
  accept_id_token_without_signature: unsigned,
  id_token_validation_c_hash_required: neverOff(
    'A code that does not belong to its ID Token is never accepted.',
  ),
  id_token_validation_at_hash_required: neverOff(
    'An access token that does not belong to its ID Token is never accepted.',
  ),
  id_token_validation_s_hash_required: (reading, key, value) => {
    if (reading.flag(key, value) === true) {
      reading.warn(
        key,
        'ID Tokens come from the token endpoint, with the code of a state that is spent once: there is nothing left for s_hash to show.',
      )
    }
  },
  validate_user_info_with_id_token: always('always done: userinfo must be about the subject of the login.'),
  fapi_enabled: gone(
    'there is no such profile. Nonce, PKCE and a complete check of the ID Token are always on.',
  ),
  iat_expiration_in_hours: gone('the expiry of the ID Token itself counts.'),
  encode_state_from_request_parameter: gone(ENCODED),
  encode_nonce_from_request_parameter: gone(ENCODED),
  encode_client_id_in_authorization_url: gone(ENCODED),

  // Registration and UMA.
  use_client_authentication_for_pat: gone(
    'the client always gets its protection token itself; no password of a user is kept.',
  ),
  use_client_authentication_for_aat: gone(
    'the client always gets its token itself; no password of a user is kept.',
  ),
  add_client_credentials_grant_type_automatically_during_client_registration: always(
    'register-site adds the grant all the same, where the OP offers it: the tokens of a site protect its commands.',
  ),
  uma2_auto_register_claims_gathering_endpoint_as_redirect_uri_of_client: gone(
    'a site that needs the claims gathering address of its OP as a redirect URI names it in redirect_uris.',
  ),
  remove_expired_clients: gone(
    'nothing is removed by itself: a site whose secret has expired answers expired_client until it registers anew.',
  ),

  // Keys.
  crypt_provider_key_store_path: gone(OWN_KEYS),
  crypt_provider_key_store_password: gone(OWN_KEYS),
  crypt_provider_dn_name: gone(OWN_KEYS),
  enable_jwks_generation: gone(OWN_KEYS),
  jwks_expiration_in_hours: gone(OWN_KEYS),
  jwks_regeneration_interval_in_hours: gone(OWN_KEYS),
  request_object_expiration_in_minutes: gone(
    `a request object can be fetched for ${LIMITS.request_object_seconds / 60} minutes.`,
  ),

  // Storage.
  storage,
  storage_configuration: gone('it said where the old daemon kept its sites; oxd has --data-dir.'),
  migration_source_folder_path: migration,
  db_cleanup_interval_in_hours: gone(
    `what has expired is deleted every ${LIMITS.sweep_interval_ms / 1000} seconds.`,
  ),
  rp_cache_expiration_in_minutes: gone('sites are read from the store for each command.'),
  persistence_manager_remove_count: gone('there is no such setting.'),

  // The rest.
  license_id: gone(NO_LICENCE),
  public_key: gone(NO_LICENCE),
  public_password: gone(NO_LICENCE),
  license_password: gone(NO_LICENCE),
  server_name: gone(NO_LICENCE),
  enable_tracing: gone(NO_TRACING),
  tracer: gone(NO_TRACING),
  tracer_host: gone(NO_TRACING),
  tracer_port: gone(NO_TRACING),
  logging: gone('oxd logs to its standard output, one JSON object a line, without secrets.'),
  defaultSiteConfig: passed,
  metrics: gone('there is no such setting.'),
}

/** Those of them that only oxd 3.1 had: a file with one of them is not of 3.0. */
export const KEYS_OF_31: readonly string[] = [
  'protect_commands_with_access_token',
  'public_op_key_cache_expiration_in_minutes',
  'uma2_auto_register_claims_gathering_endpoint_as_redirect_uri_of_client',
  'migration_source_folder_path',
  'crypt_provider_key_store_path',
  'crypt_provider_key_store_password',
  'crypt_provider_dn_name',
  'storage',
  'storage_configuration',
  'remove_expired_clients',
  'server_name',
]

/** The rule for a key, whether it is written with underscores or hyphens. */
export const legacyName = (key: string): string => key.replaceAll('-', '_')
export const ruleOf = (name: string): Rule | undefined =>
  Object.hasOwn(LEGACY_KEYS, name) ? LEGACY_KEYS[name] : undefined
