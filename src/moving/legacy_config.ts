// Understands the configuration files of old oxds: oxd-conf.json (2.4 to 3.1) and oxd-server.yml (4.x).
import { basename } from 'node:path'
import { OxdError, StartError } from '../error.ts'
import { isObject } from '../is_object.ts'
import type { Limits } from '../limits.ts'
import { addressKind, isLocalName } from '../oidc/address.ts'
import type { SiteParams } from '../site_settings.ts'
import { parseYaml } from '../yaml.ts'
import { unsetIn, withEnvironment } from './environment.ts'
import type { Environment } from './environment.ts'
import { KEYS_OF_31, legacyName, ruleOf } from './legacy_keys.ts'
import { createReading } from './legacy_reading.ts'
import type { Reading } from './legacy_reading.ts'
import { isBlank, paramOf, siteParams } from './old_names.ts'

/** What an OP showed when it was looked at. */
export interface Met {
  /** Does this machine trust the certificate, for this name? */
  readonly verifies: boolean
  /** The certificate in one line (subject, issuer, SHA-256 fingerprint), or why it was not looked at. */
  readonly line: string
}

export interface LegacyFile {
  /** As the person who started oxd wrote it. */
  readonly name: string
  readonly text: string
  /** The text of a file beside this one. */
  readonly sibling: (name: string) => string | undefined
  readonly env: Environment
  /** Looks at the certificate of an OP; undefined: it cannot be reached. */
  readonly met: (op_host: string) => Promise<Met | undefined>
}

/** Defaults of register_site, by the names of its parameters. */
export type SiteDefaults = SiteParams & {
  readonly op_discovery_path?: string
  readonly op_configuration_endpoint?: string
}

export interface LegacyConfig {
  /** By the names of the settings of `oxd serve`; to be checked as if they stood in oxd.yml. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly site_defaults: SiteDefaults
  /** One line each, for the person who starts oxd. */
  readonly warnings: readonly string[]
}

type ConfigLimits = Pick<Limits, 'settings_bytes_max' | 'legacy_substitutions_max'>

const DEFAULTS_FILE = 'oxd-default-site-config.json'
const FILE_NAMES = /^(?:oxd-conf\.json|oxd-server\.ya?ml)$/i
/** Also a setting of ours. */
const OUR_OWN = new Set(['port'])

/** A JSON or YAML mapping. @throws StartError */
const parsed = (file: string, text: string): Readonly<Record<string, unknown>> => {
  const { document } = parseYaml(file, text)
  let value: unknown
  try {
    value = document.toJS()
  } catch {
    throw new StartError(`${file}: has aliases that lead nowhere, or too many of them.`)
  }
  if (isObject(value)) return value
  throw new StartError(`${file}: must be a list of settings with their values.`)
}

/** Whether a configuration file is one of an old oxd, by its name or, if it can be read, by its keys. */
export const isLegacyConfig = (name: string, text: string): boolean => {
  if (FILE_NAMES.test(basename(name))) return true
  try {
    const keys = Object.keys(parsed(name, text)).map(legacyName)
    return keys.some((key) => ruleOf(key) !== undefined && !OUR_OWN.has(key))
  } catch {
    // Whoever reads it as one of ours says what is wrong with it.
    return false
  }
}

/** By their names with underscores. @throws StartError for a key in both spellings */
const named = (file: string, content: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> => {
  const values = new Map<string, unknown>()
  for (const [key, value] of Object.entries(content)) {
    const name = legacyName(key)
    if (values.has(name))
      throw new StartError(`${file}: ${key}: is given in both spellings: remove one of them.`)
    const variable = unsetIn(value)
    if (variable !== undefined) throw new StartError(`${file}: ${key}: the environment has no ${variable}.`)
    values.set(name, value)
  }
  return values
}

/** Members of site records that say nothing about a site to come. */
const NOT_A_DEFAULT = 'it belongs to one site, not to all.'

/** The defaults of sites to come; the default OP goes into the settings. */
const readDefaults = (file: string, value: unknown, reading: Reading): SiteDefaults => {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw new StartError(`${file}: must be a list of settings with their values.`)
  const { op_host, op_discovery_path, op_configuration_endpoint, ...rest } = value
  const warn = (key: string, text: string) => reading.warnings.push(`${file}: ${key}: ${text}`)
  const textOf = (key: string, given: unknown): string | undefined => {
    if (isBlank(given)) return undefined
    if (typeof given === 'string') return given.trim()
    throw new StartError(`${file}: ${key}: must be a text.`)
  }
  const host = textOf('op_host', op_host)
  if (host !== undefined) reading.settings.op_host = host
  const path = textOf('op_discovery_path', op_discovery_path)
  const endpoint = textOf('op_configuration_endpoint', op_configuration_endpoint)
  for (const key of Object.keys(rest)) {
    if (paramOf(key) === undefined) warn(key, `there is no such default: ${NOT_A_DEFAULT}`)
  }
  try {
    return {
      ...Object.fromEntries(Object.entries(siteParams(rest)).filter(([, given]) => given !== undefined)),
      ...(path === undefined ? {} : { op_discovery_path: path }),
      ...(endpoint === undefined ? {} : { op_configuration_endpoint: endpoint }),
    }
  } catch (error) {
    if (error instanceof OxdError) throw new StartError(`${file}: ${error.message}`, { cause: error })
    throw error
  }
}

const PROTECT = 'protect_commands_with_access_token'
const EVERYWHERE = '0.0.0.0'
const isLoopback = (address: string): boolean => isLocalName(address) || addressKind(address) === 'loopback'

/** Who may call the socket of oxd 3.x, and from where. */
const judgeSocket = (reading: Reading): void => {
  const { values, settings } = reading
  const protect = reading.flag(PROTECT, values.get(PROTECT))
  // In 3.1 only a literal false turned protection off; 3.0 had none.
  const isProtected = protect ?? KEYS_OF_31.some((key) => values.has(key))
  if (isProtected) settings.require_token = true
  if (isProtected && settings.op_host === undefined) {
    reading.warn(
      PROTECT,
      'it holds for setup_client, too: without a token or a caller key (oxd callers add) it works for the OPs of --allowed-op ISSUER and the default op_host alone.',
    )
  }
  if (!isProtected && protect === undefined) {
    reading.warn(PROTECT, 'the file is one of oxd 3.0, which asked for no token; --require-token does.')
  }
  if (reading.flag('localhost_only', values.get('localhost_only')) !== false) return
  if (!isProtected) {
    reading.refuse(
      'localhost_only',
      `false would open all commands to the network. Remove it, or set ${PROTECT} to true (--bind ${EVERYWHERE} --require-token), so that callers need a token or a caller key.`,
    )
  }
  settings.bind = EVERYWHERE
}

/** At which OPs sites may be registered: in 4.x by anybody. */
const judgeOps = ({ flag, values, settings, warn, refuse }: Reading): void => {
  const key = 'allowed_op_hosts'
  const isListed = settings.allowed_op !== undefined
  if (flag(PROTECT, values.get(PROTECT)) === false) {
    if (isListed)
      refuse(key, `cannot keep callers to these OPs while ${PROTECT} is false: remove one of the two.`)
  } else if (isListed) {
    warn(key, 'holds for all without a caller key (oxd callers add); a token names its own OP, too.')
  } else if (settings.op_host === undefined) {
    warn(
      key,
      'empty, it let anybody register sites at any OP. Now register-site needs a caller key (oxd callers add), or a token with the header AuthorizationOxdId, except at OPs that stand here (--allowed-op ISSUER) or are the default op_host.',
    )
  }
}

/** Who may call oxd 4.x over HTTP, and from where. It listened everywhere and looked at the caller's address. */
const judgeHttp = (reading: Reading): void => {
  judgeOps(reading)
  const { values, settings } = reading
  // It had no socket.
  settings.tcp = false
  settings.https_port ??= 8443
  if (values.has('localhost_only'))
    reading.warn('localhost_only', 'a key of oxd 3: bindHost of the connector counts.')
  const callers = reading.list('bind_ip_addresses', values.get('bind_ip_addresses'))
  const beyond = callers.filter((address) => !isLoopback(address))
  if (settings.bind === undefined && beyond.length > 0) settings.bind = EVERYWHERE
  const isReachable = typeof settings.bind === 'string' && !isLoopback(settings.bind)
  if (isReachable && settings.insecure_plain_http === true) {
    reading.refuse(
      'server.applicationConnectors',
      'http beyond this machine would show every secret to the network. Use a connector of type https (--tls-cert, --tls-key).',
    )
  }
  if (reading.flag(PROTECT, values.get(PROTECT)) !== false) return
  if (isReachable) {
    reading.refuse(
      PROTECT,
      `false would open all commands to ${beyond.length > 0 ? 'the addresses of bind_ip_addresses' : 'the network'}. Remove it, so that callers need a token or a caller key (oxd callers add), or listen on this machine alone.`,
    )
  }
  settings.insecure_unprotected_http = true
  reading.warn(
    PROTECT,
    'false lets every program on this machine give every command over HTTP. Remove it, so that callers need a token or a caller key (oxd callers add).',
  )
}

/** OPs whose certificates are looked at. */
const OPS_MAX = 20
const CURE =
  'Remove the key, and if this is your OP start with --op-ca FILE (its CA as PEM), or, for a private address, with --trust-op ORIGIN.'

/** It was shipped as true, so it alone says nothing: what counts is whether anybody relied on it. */
const judgeTrust = async (reading: Reading, { met }: LegacyFile): Promise<void> => {
  const key = 'trust_all_certs'
  if (reading.flag(key, reading.values.get(key)) !== true) return
  const { op_host, allowed_op } = reading.settings
  const ops = [op_host, ...(Array.isArray(allowed_op) ? allowed_op : [])].filter(
    (op) => typeof op === 'string',
  )
  const shown = await Promise.all(
    [...new Set(ops)].slice(0, OPS_MAX).map(async (op) => ({ op, found: await met(op) })),
  )
  const bad = shown.find(({ found }) => found?.verifies === false)
  if (bad?.found !== undefined) {
    const shownThere = bad.found.line.replace(/\.$/, '')
    reading.refuse(
      key,
      `true would accept anybody's certificate, and that of ${bad.op} is not trusted here: ${shownThere}. ${CURE}`,
    )
  }
  const unmet = shown.filter(({ found }) => found === undefined).map(({ op }) => op)
  const seen = shown.length > 0 && unmet.length === 0
  reading.warn(
    key,
    seen
      ? `the key is not needed, the certificate of ${shown.map(({ op }) => op).join(', ')} is trusted as it is. Remove it.`
      : `certificates of OPs are always checked${unmet.length > 0 ? `; ${unmet.join(', ')} could not be reached to look at its certificate` : ''}. Remove the key; an OP whose certificate is not publicly trusted needs --op-ca FILE.`,
  )
}

/**
 * The settings of an old configuration file, as settings of this oxd. What no longer applies is named in a warning.
 * @throws StartError with file and key for what is malformed, and for what would make oxd less safe
 */
export const readLegacyConfig = async (file: LegacyFile, limits: ConfigLimits): Promise<LegacyConfig> => {
  if (Buffer.byteLength(file.text) > limits.settings_bytes_max)
    throw new StartError(`${file.name}: has more than ${limits.settings_bytes_max} bytes.`)
  const values = named(file.name, parsed(file.name, substituted(file, limits)))
  const isFour = values.has('server') || values.has('defaultSiteConfig') || /\.ya?ml$/i.test(file.name)
  const reading = createReading(file.name, isFour ? 4 : 3, values)
  for (const [key, value] of values) {
    const rule = ruleOf(key)
    if (rule === undefined) reading.warn(key, 'neither oxd 3 nor oxd 4 has such a key: it does nothing.')
    else rule(reading, key, value)
  }
  const site_defaults = isFour
    ? readDefaults(`${file.name}: defaultSiteConfig`, values.get('defaultSiteConfig'), reading)
    : readDefaults(DEFAULTS_FILE, siblingOf(file), reading)
  if (isFour) judgeHttp(reading)
  else judgeSocket(reading)
  await judgeTrust(reading, file)
  return { settings: reading.settings, site_defaults, warnings: reading.warnings }
}

/** Only Dropwizard, so only 4.x, put the environment into its file. */
const substituted = ({ name, text, env }: LegacyFile, limits: ConfigLimits): string => {
  if (/^\s*\{/.test(text) || /\.json$/i.test(name)) return text
  try {
    return withEnvironment(text, env, limits)
  } catch (error) {
    throw error instanceof StartError ? new StartError(`${name}: ${error.message}.`) : error
  }
}

const siblingOf = ({ sibling }: LegacyFile): unknown => {
  const text = sibling(DEFAULTS_FILE)
  if (text === undefined || text.trim() === '') return undefined
  return parsed(DEFAULTS_FILE, text)
}
