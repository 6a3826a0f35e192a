// Reads the configuration file of the Python library: its keys, and what their values mean.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OxdConfigError } from './errors.ts'
import { entriesIn, parse, type Document, type Entry, type Malformed } from './ini.ts'
import type { ClientLimits } from './limits.ts'
import { baseUrl, type ClientConfig, type Protection, type SiteSettings } from './settings.ts'

type Kind = 'text' | 'list' | 'flag' | 'number' | 'json'

/** How each setting of a site is written in the file; the compiler demands a row for every one of them. */
const SITE_KEYS = {
  op_host: 'text',
  op_discovery_path: 'text',
  op_configuration_endpoint: 'text',
  authorization_redirect_uri: 'text',
  redirect_uris: 'list',
  post_logout_redirect_uri: 'text',
  post_logout_redirect_uris: 'list',
  client_logout_uris: 'list',
  client_frontchannel_logout_uris: 'list',
  response_types: 'list',
  response_mode: 'text',
  authorization_signed_response_alg: 'text',
  authorization_encrypted_response_alg: 'text',
  authorization_encrypted_response_enc: 'text',
  response_type: 'text',
  grant_types: 'list',
  scope: 'list',
  acr_values: 'list',
  ui_locales: 'list',
  claims_locales: 'list',
  contacts: 'list',
  application_type: 'text',
  client_id: 'text',
  client_secret: 'text',
  client_name: 'text',
  client_jwks_uri: 'text',
  client_token_endpoint_auth_method: 'text',
  client_token_endpoint_auth_signing_alg: 'text',
  client_request_uris: 'list',
  client_sector_identifier_uri: 'text',
  client_registration_access_token: 'text',
  client_registration_client_uri: 'text',
  client_secret_expires_at: 'text',
  claims_redirect_uri: 'list',
  id_token_signed_response_alg: 'text',
  subject_type: 'text',
  client_uri: 'text',
  logo_uri: 'text',
  policy_uri: 'text',
  tos_uri: 'text',
  trusted_client: 'flag',
  accept_foreign_tokens: 'flag',
  remember_last_login: 'flag',
  op_quirks: 'list',
  require_pushed_authorization_requests: 'flag',
  request_objects_by_reference: 'flag',
  access_token_as_jwt: 'flag',
  access_token_signing_alg: 'text',
  access_token_lifetime: 'number',
  allow_spontaneous_scopes: 'flag',
  spontaneous_scopes: 'list',
  authorized_origins: 'list',
  custom_attributes: 'json',
  default_max_age: 'number',
  front_channel_logout_session_required: 'flag',
  id_token_binding_cnf: 'text',
  id_token_encrypted_response_alg: 'text',
  id_token_encrypted_response_enc: 'text',
  initiate_login_uri: 'text',
  jwks: 'json',
  request_object_encryption_alg: 'text',
  request_object_encryption_enc: 'text',
  request_object_signing_alg: 'text',
  require_auth_time: 'flag',
  rpt_as_jwt: 'flag',
  run_introspection_script_beforeaccess_token_as_jwt_creation_and_include_claims: 'flag',
  software_id: 'text',
  software_statement: 'text',
  software_version: 'text',
  tls_client_auth_subject_dn: 'text',
  user_info_encrypted_response_alg: 'text',
  user_info_encrypted_response_enc: 'text',
  user_info_signed_response_alg: 'text',
} as const satisfies Record<keyof SiteSettings, Kind>

/** Keys of the file that become settings of other names: where oxd is, and who asks. */
const FILE_KEYS = {
  port: 'text',
  // How oxd-python 3.1 asked for HTTP: any text, even `false`, makes `host` the address; 3.1.1 said `web`.
  https_extension: 'text',
  connection_type: 'text',
  connection_type_value: 'text',
  protection_client_id: 'text',
  protection_client_secret: 'text',
  protection_op_host: 'text',
  protection_scope: 'list',
  // oxd-python 3.1 kept the last client token here.
  protection_access_token: 'text',
} as const satisfies Readonly<Record<string, Kind>>

const KEYS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...Object.entries(SITE_KEYS),
  ...Object.entries(FILE_KEYS),
  ['host', 'text'],
  ['unix', 'text'],
  ['url', 'text'],
  ['ca', 'text'],
  ['cert', 'text'],
  ['key', 'text'],
  ['insecure_plain_http', 'flag'],
  ['caller_key', 'text'],
  ['id', 'text'],
  ['scopes', 'list'],
  ['logout_redirect_uri', 'text'],
])
/** Files that are named beside the configuration file are looked for there. */
const PATHS = ['ca', 'cert', 'key'] as const

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['yes', true],
  ['true', true],
  ['on', true],
  ['0', false],
  ['no', false],
  ['false', false],
  ['off', false],
])

/**
 * Where the settings of oxd stand; other programs may have other sections in the same file. The `id` goes into the first of
 * them that is there, and what stands before all sections always is.
 */
export const SECTIONS: readonly string[] = ['oxd', '', 'client']
/** What holds in every section, as Python has it: read where a key is in none of ours, and never written into. */
const DEFAULTS: readonly string[] = ['DEFAULT']

const LINE_CHARACTERS_MAX = 120
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Also what stands in the documentation for "your value here", such as `<oxd_id>`. */
const isBlank = (value: string): boolean => value === '' || value === '""' || /^<.*>$/s.test(value)

const isSecret = (key: string): boolean => /secret|token|key/i.test(key)

/** A line for an error message: nothing of what may be a secret, or the rest of one. */
const shown = ({ text, after }: Malformed): string => {
  const line = Buffer.from(text, 'latin1').toString('utf8')
  if (isSecret(after)) return `(not shown: it follows ${after})`
  const [word = ''] = line.split(/[\s=:]/, 1)
  return isSecret(line) ? `${isSecret(word) ? word : ''} …` : line.slice(0, LINE_CHARACTERS_MAX)
}

const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file: write one, or give the right path'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it: check owner and mode'
  if (code === 'EISDIR') return 'this is a folder: give the path of the file in it'
  return `cannot be read (${code ?? 'unknown reason'})`
}

/** The bytes of the file, or an error that says what to do. */
export const readConfigBytes = (file: string, limits: Pick<ClientLimits, 'config_bytes_max'>): Buffer => {
  try {
    const { size } = statSync(file)
    if (size > limits.config_bytes_max) {
      throw new OxdConfigError(`has ${size} bytes, more than the ${limits.config_bytes_max} allowed`, {
        file,
      })
    }
    return readFileSync(file)
  } catch (error) {
    if (error instanceof OxdConfigError) throw error
    throw new OxdConfigError(reasonOf(error), { file, cause: error })
  }
}

/** Parses the file; a malformed line, or a key of ours that is given twice, is an error. */
export const parseConfig = (bytes: Buffer, file: string): Document => {
  if (bytes.includes(0)) throw new OxdConfigError('holds zero bytes: save it as UTF-8', { file })
  const document = parse(bytes)
  const [wrong] = document.malformed
  if (wrong !== undefined) {
    throw new OxdConfigError(`${wrong.problem}: ${shown(wrong)}`, { file, line: wrong.line })
  }
  for (const names of [SECTIONS, DEFAULTS]) refuseDoubles(entriesIn(document, names), file)
  return document
}

const refuseDoubles = (entries: readonly Entry[], file: string): void => {
  const seen = new Map<string, number>()
  for (const { key, line } of entries) {
    const earlier = seen.get(key)
    // Neither wins: whoever edits one of the two would wonder why nothing happens.
    if (earlier !== undefined && KEYS.has(key)) {
      throw new OxdConfigError(`${key} is given twice, here and in line ${earlier}: remove one of them`, {
        file,
        line,
      })
    }
    seen.set(key, line)
  }
}

const decoded = ({ key, value, line }: Entry, file: string): string => {
  try {
    return UTF8.decode(Buffer.from(value, 'latin1'))
  } catch (error) {
    throw new OxdConfigError(`${key} is not UTF-8: save the file as UTF-8`, { file, line, cause: error })
  }
}

const READERS: Readonly<Record<Kind, (text: string, fail: (problem: string) => OxdConfigError) => unknown>> =
  {
    text: (text) => text,
    list: (text) =>
      text
        .split(/[,\n]/)
        .map((item) => item.trim())
        .filter((item) => !isBlank(item)),
    flag: (text, fail) => {
      const flag = FLAGS.get(text.toLowerCase())
      if (flag === undefined) throw fail(`is ${text}: it must be yes or no`)
      return flag
    },
    number: (text, fail) => {
      if (!/^\d{1,15}$/.test(text)) throw fail(`is ${text}: it must be a whole number`)
      return Number(text)
    },
    json: (text, fail) => {
      try {
        return JSON.parse(text)
      } catch {
        throw fail('must be JSON')
      }
    },
  }

type Values = Readonly<Record<string, unknown>>
type Fail = (key: string, problem: string) => OxdConfigError

const portOf = ({ port, connection_type, connection_type_value }: Values, fail: Fail): number | undefined => {
  const key = port === undefined && connection_type === 'local' ? 'connection_type_value' : 'port'
  const text = key === 'port' ? port : connection_type_value
  if (text === undefined) return undefined
  if (!/^\d{1,5}$/.test(String(text)) || Number(text) < 1 || Number(text) > 65_535) {
    throw fail(key, `is ${String(text)}: it must be a number from 1 to 65535`)
  }
  return Number(text)
}

/** Where oxd speaks HTTPS, by `url` or in one of the original's two ways to say so; undefined: it is asked over its socket. */
const urlOf = (values: Values, fail: Fail): string | undefined => {
  const { url, https_extension, connection_type, connection_type_value, host } = values
  if (connection_type !== undefined && connection_type !== 'local' && connection_type !== 'web') {
    throw fail('connection_type', `is ${String(connection_type)}: it must be local or web`)
  }
  const [key, given] =
    url !== undefined
      ? ['url', url]
      : https_extension !== undefined
        ? ['host', host ?? '']
        : connection_type === 'web'
          ? ['connection_type_value', connection_type_value ?? '']
          : []
  if (key === undefined) return undefined
  const text = String(given)
  if (text === '')
    throw fail(https_extension === undefined ? 'connection_type' : 'https_extension', `needs ${key}`)
  const address = key === 'host' && !text.includes('://') ? `https://${text}` : text
  const base = baseUrl(address, values.insecure_plain_http === true)
  if (typeof base === 'string') throw fail(key, base)
  return address
}

/** A key of `oxd callers add`. */
const CALLER_KEY = /^oxd_key_/

const callerIn = (values: Values, fail: Fail): Pick<ClientConfig, 'caller_key' | 'protection'> => {
  const { caller_key, protection_client_id, protection_client_secret, protection_access_token } = values
  const { protection_op_host: op_host, protection_scope: scope, client_id, client_secret } = values
  const protection = (id: unknown, secret: unknown) =>
    // Each was read as KEYS says: texts, and a list.
    ({ protection: { client_id: id, client_secret: secret, op_host, scope } as Protection })
  if (protection_client_id !== undefined || protection_client_secret !== undefined) {
    const missing = protection_client_id === undefined ? 'protection_client_id' : 'protection_client_secret'
    if (values[missing] === undefined) {
      const given = missing === 'protection_client_id' ? 'protection_client_secret' : 'protection_client_id'
      throw fail(given, `needs ${missing} beside it`)
    }
    if (caller_key !== undefined) throw fail('caller_key', 'and protection_client_id: give one of them')
    return protection(protection_client_id, protection_client_secret)
  }
  if (caller_key !== undefined) return { caller_key: String(caller_key) }
  if (protection_access_token === undefined) return {}
  if (CALLER_KEY.test(String(protection_access_token))) return { caller_key: String(protection_access_token) }
  // What oxd-python left there has run out, but shows that commands are protected, and by which client.
  if (client_id === undefined || client_secret === undefined) return {}
  return protection(client_id, client_secret)
}

/**
 * Reads a configuration file as oxd-python had it.
 *
 * `key = value` or `key: value`; keys in any case; whole lines starting with `#` or `;` are comments, and a value may hold
 * both, and `%`; a deeper indented line goes on with the value above; what counts stands before all sections, in `[oxd]`
 * or in `[client]`, or for lack of that in `[DEFAULT]`; lists are separated by commas. Empty values and placeholders such as `<oxd_id>` count as unset, unknown keys are ignored.
 *
 * @throws OxdConfigError with file and line
 */
export const readConfig = (file: string, limits: Pick<ClientLimits, 'config_bytes_max'>): ClientConfig => {
  const document = parseConfig(readConfigBytes(file, limits), file)
  const lines = new Map<string, number>()
  const values: Record<string, unknown> = {}
  const fail = (key: string, problem: string): OxdConfigError => {
    const line = lines.get(key)
    return new OxdConfigError(`${key} ${problem}`, line === undefined ? { file } : { file, line })
  }
  const own = entriesIn(document, SECTIONS)
  const given = new Set(own.map(({ key }) => key))
  for (const entry of [...entriesIn(document, DEFAULTS).filter(({ key }) => !given.has(key)), ...own]) {
    const kind = KEYS.get(entry.key)
    if (kind === undefined) continue
    lines.set(entry.key, entry.line)
    const text = decoded(entry, file)
    if (!isBlank(text)) values[entry.key] = READERS[kind](text, (problem) => fail(entry.key, problem))
  }
  for (const key of ['host', 'id', 'url', 'caller_key']) {
    if (/\s/.test(String(values[key] ?? ''))) throw fail(key, 'holds blanks or runs over several lines')
  }
  const rest = Object.fromEntries(Object.entries(values).filter(([key]) => !Object.hasOwn(FILE_KEYS, key)))
  const paths = PATHS.flatMap((key) => {
    const path = values[key]
    return path === undefined ? [] : [[key, resolve(dirname(file), String(path))] as const]
  })
  const where = { port: portOf(values, fail), url: urlOf(values, fail), ...Object.fromEntries(paths) }
  // Each value was read as KEYS says, which SITE_KEYS ties to the type of the setting.
  return { ...rest, ...where, ...callerIn(values, fail) } as ClientConfig
}
