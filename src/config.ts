// Every setting of the daemon, once: flag, environment variable, key in oxd.yml, default and meaning.
import { existsSync, readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { parseArgs } from 'node:util'
import { isMap, isScalar, isSeq } from 'yaml'
import { z } from 'zod'
import { StartError } from './error.ts'
import { QUIRK_NAMES } from './oidc/quirks.ts'
import { parseYaml } from './yaml.ts'

interface Setting<T> {
  readonly schema: z.ZodType<T>
  readonly meaning: string
  /** As the documentation shows it; absent: none. */
  readonly default?: string
  /** How the value is written: `--flag VALUE`; absent for switches. */
  readonly value?: string
  /** May be given several times. */
  readonly list?: true
  /** The environment variable, where it is not `OXD_` and the name. */
  readonly env?: string
}
const setting = <T>(definition: Setting<T>): Setting<T> => definition

const text = z.string({ error: 'must be a text' }).min(1, 'is empty')
const isOrigin = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
const origin = text
  .refine(isOrigin, 'must be an origin such as https://op.example.com')
  .transform((value) => new URL(value).origin)
const isLoopbackName = (host: string): boolean =>
  isLoopback(host.replace(/^\[|\]$/g, '')) || host.endsWith('.localhost')
/** An address below which paths are added; https, since logout tokens and browsers go there. */
const publicUrl = text
  .refine((value) => {
    if (!URL.canParse(value)) return false
    const { protocol, hostname, username, password, search, hash } = new URL(value)
    const isPlain = username === '' && password === '' && search === '' && hash === '' && !value.endsWith('#')
    return isPlain && (protocol === 'https:' || (protocol === 'http:' && isLoopbackName(hostname)))
  }, 'must be an https URL such as https://oxd.example.com, without query and fragment')
  .transform((value) => new URL(value).href.replace(/\/$/, ''))
const PORT_MAX = 65_535
const port = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], { error: 'must be a port, a number' })
  .refine(
    (value) => Number.isInteger(value) && value >= 0 && value <= PORT_MAX,
    `must be from 0 to ${PORT_MAX}`,
  )
const onOff = z.union([z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')], {
  error: 'must be true or false',
})

export const SETTINGS = {
  bind: setting({
    schema: text,
    value: 'ADDRESS',
    default: '127.0.0.1',
    meaning:
      'Address of all listeners. Beyond loopback only with protected commands: `--require-token` for the socket (or `--no-tcp`).',
  }),
  port: setting({
    schema: port,
    value: 'PORT',
    default: '8099',
    meaning: 'TCP port of the socket; 0 takes any free one.',
  }),
  tcp: setting({
    schema: onOff,
    default: 'true',
    meaning: '`--no-tcp`: no TCP socket, only the others.',
  }),
  unix: setting({
    schema: text.optional(),
    value: 'PATH',
    meaning: 'Also listen on this Unix socket, which only the same user may open (mode 0600).',
  }),
  https_port: setting({
    schema: port.optional(),
    value: 'PORT',
    meaning: 'Also listen for HTTPS as clients of oxd 4.x speak it; 8443 there. 0 takes any free port.',
  }),
  https31_port: setting({
    schema: port.optional(),
    value: 'PORT',
    meaning: 'Also listen for HTTPS as clients of oxd 3.1 speak it; 8444, or 8443 as there.',
  }),
  public_url: setting({
    schema: publicUrl.optional(),
    value: 'URL',
    meaning:
      'Where OPs and browsers reach the public listener: logouts, logins that others start, request objects and the keys of oxd. Sites that register from then on tell it to their OP.',
  }),
  public_port: setting({
    schema: port.optional(),
    value: 'PORT',
    meaning: 'Listen there for what comes to `--public-url`, never for commands. 0 takes any free port.',
  }),
  tls_cert: setting({
    schema: text.optional(),
    value: 'FILE',
    meaning: 'Certificate chain (PEM) of the HTTPS listeners; read again when it changes.',
  }),
  tls_key: setting({ schema: text.optional(), value: 'FILE', meaning: 'Its private key (PEM).' }),
  insecure_plain_http: setting({
    schema: onOff,
    default: 'false',
    meaning: 'The HTTPS listeners speak plain HTTP; on loopback alone.',
  }),
  require_token: setting({
    schema: onOff,
    default: 'false',
    meaning: 'Commands on the socket, too, need a token or a caller key.',
  }),
  insecure_unprotected_http: setting({
    schema: onOff,
    default: 'false',
    meaning: 'Commands over HTTP need neither token nor caller key; on loopback alone.',
  }),
  allowed_op: setting({
    schema: z.array(text),
    value: 'ISSUER',
    list: true,
    meaning:
      'Without a token or a caller key, protected listeners register sites at this OP and ask it alone (and at `--op-host`). Repeatable.',
  }),
  allowed_ip: setting({
    schema: z.array(text),
    value: 'ADDRESS',
    list: true,
    meaning:
      'Addresses or CIDR blocks from which the HTTP listeners may be called; `*` for all. Default: this machine alone. Repeatable.',
  }),
  client_certificates: setting({
    schema: onOff,
    default: 'false',
    meaning: 'Callers over HTTPS may prove themselves by a certificate (`oxd callers add NAME --cert FILE`).',
  }),
  insecure_password_commands: setting({
    schema: onOff,
    default: 'false',
    meaning:
      'Enables get_authorization_code, authorization_code_flow and implicit_flow, which take the password of a user.',
  }),
  insecure_unsigned_id_tokens: setting({
    schema: onOff,
    default: 'false',
    meaning:
      'Sites may register `none` for their ID Tokens, which then are not signed: in the code flow, from a token endpoint over https alone.',
  }),
  data_dir: setting({
    schema: text,
    value: 'DIR',
    default: './oxd-data',
    meaning: 'Where sites and logins are kept, sealed (mode 0700).',
  }),
  key_file: setting({
    schema: text.optional(),
    value: 'FILE',
    default: '<data-dir>.key',
    meaning:
      'The key that seals the data; beside, never inside, the data directory. Or the key itself in `OXD_KEY`.',
  }),
  op_host: setting({
    schema: text.optional(),
    value: 'URL',
    meaning: 'The OP of sites that name none when they register.',
  }),
  trust_op: setting({
    schema: z.array(origin),
    value: 'ORIGIN',
    list: true,
    meaning:
      'Requests to this origin (scheme, host, port) may go to a private address and, if it is loopback and says http, unencrypted. Repeatable.',
  }),
  allow_webhook: setting({
    schema: z.array(origin),
    value: 'ORIGIN',
    list: true,
    meaning:
      'The webhook of a site of this origin may be at a private address and, if it is loopback and says http, unencrypted. Repeatable.',
  }),
  op_ca: setting({
    schema: text.optional(),
    value: 'FILE',
    meaning: 'A CA certificate (PEM) that OPs may have, beside those that the system trusts.',
  }),
  op_proxy: setting({
    schema: text.refine((value) => URL.canParse(value), 'must be a URL').optional(),
    value: 'URL',
    meaning: 'The HTTP proxy through which OPs are reached.',
  }),
  no_proxy: setting({
    schema: text.optional(),
    value: 'HOSTS',
    env: 'NO_PROXY',
    meaning: 'Hosts that are reached without the proxy, separated by commas.',
  }),
  no_quirk: setting({
    schema: z.array(z.enum(QUIRK_NAMES, `must be one of ${QUIRK_NAMES.join(', ')}`)),
    value: 'NAME',
    list: true,
    meaning:
      'Do not go along with this deviation of OPs from the specifications (docs/quirks.md), whatever a site says. Repeatable.',
  }),
} as const

type Settings = typeof SETTINGS
export type SettingName = keyof Settings
/** The settings that the daemon runs with. `key` is OXD_KEY, which has no flag, lest it be seen in a process list. */
export type Config = { readonly [N in SettingName]: z.output<Settings[N]['schema']> } & {
  readonly key: string | undefined
}

/** All settings, with their types forgotten. */
export const SETTING_LIST: readonly (readonly [SettingName, Setting<unknown>])[] = Object.entries(
  SETTINGS,
) as never

const flagOf = (name: SettingName): string => `--${name.replaceAll('_', '-')}`
/** How the flag is written: with its value, or the switch that is not the default. */
export const writtenFlag = (name: SettingName): string => {
  const { value, default: fallback }: Setting<unknown> = SETTINGS[name]
  if (value !== undefined) return `${flagOf(name)} ${value}`
  return fallback === 'true' ? flagOf(name).replace('--', '--no-') : flagOf(name)
}
export const envOf = (name: SettingName): string =>
  SETTINGS[name as 'no_proxy'].env ?? `OXD_${name.toUpperCase()}`

/** A value as it was written, and where: for the text of an error. */
interface Given {
  readonly value: unknown
  readonly where: string
}
type Layer = ReadonlyMap<SettingName, Given>

const isSetting = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name)

const fromFlags = (argv: readonly string[]): { layer: Layer; file: string | undefined } => {
  const options = Object.fromEntries(
    SETTING_LIST.map(([name, { value, list }]) => [
      name.replaceAll('_', '-'),
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: list === true },
    ]),
  )
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, config: { type: 'string' } },
      allowNegative: true,
      strict: true,
      allowPositionals: false,
    })
    const { config: file, ...flags } = values
    const layer = Object.entries(flags).map(([flag, value]) => {
      // parseArgs is strict: what it returns was declared in `options`, whose names come from SETTINGS.
      const name = flag.replaceAll('-', '_') as SettingName
      return [name, { value, where: flagOf(name) }] as const
    })
    return { layer: new Map(layer), file: typeof file === 'string' ? file : undefined }
  } catch (error) {
    const [line = ''] = error instanceof Error ? error.message.split('. To specify') : []
    throw new StartError(`${line.replace(/\.$/, '')}. See oxd serve --help.`)
  }
}

/** Variables beside the settings that start with OXD_. */
const OTHER_VARIABLES = new Set(['OXD_KEY', 'OXD_CONFIG'])

const fromEnvironment = (env: Readonly<Record<string, string | undefined>>): Layer => {
  const names = new Map(SETTING_LIST.map(([name]) => [envOf(name), name]))
  const unknown = Object.keys(env).find(
    (variable) => variable.startsWith('OXD_') && !names.has(variable) && !OTHER_VARIABLES.has(variable),
  )
  if (unknown !== undefined)
    throw new StartError(`Environment: there is no setting ${unknown}. See oxd serve --help.`)
  return new Map(
    [...names].flatMap(([variable, name]): [SettingName, Given][] => {
      const value = env[variable]
      if (value === undefined || value === '') return []
      const list = SETTINGS[name as 'trust_op'].list === true
      return [[name, { value: list ? value.split(',').map((item) => item.trim()) : value, where: variable }]]
    }),
  )
}

/** @throws StartError that names the file */
export const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartError(
      `${file} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}).`,
    )
  }
}

/** A text, a number, true or false, or a list of them: no setting is anything else. */
const plainValue = (node: unknown, where: string): unknown => {
  if (node === null || isScalar(node)) return node?.value
  if (isSeq(node)) return node.items.map((item) => plainValue(item, where))
  throw new StartError(`${where}: must be a value, or a list of values.`)
}

const fromFile = (file: string): Layer => {
  const { document, lineOf } = parseYaml(file, readText(file))
  if (document.contents === null) return new Map()
  if (!isMap(document.contents)) throw new StartError(`${file}:1: must be a list of "setting: value" lines.`)
  return new Map(
    document.contents.items.map(({ key, value }): [SettingName, Given] => {
      const name = isScalar(key) ? String(key.value) : ''
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0
      const where = `${file}:${lineOf(offset)}: ${name}`
      if (!isSetting(name)) throw new StartError(`${where}: there is no such setting. See oxd serve --help.`)
      const plain = plainValue(value, where)
      const list = SETTINGS[name as 'trust_op'].list === true
      return [name, { value: list && !Array.isArray(plain) ? [plain] : plain, where }]
    }),
  )
}

const checked = (name: SettingName, given: Given | undefined): unknown => {
  const { schema, default: fallback, list }: Setting<unknown> = SETTINGS[name]
  const value = given?.value ?? (list ? [] : fallback?.startsWith('<') ? undefined : fallback)
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new StartError(`${given?.where ?? name}: ${result.error.issues[0]?.message ?? 'malformed'}.`)
}

const fileOf = (
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  defaultFile: string,
): string | undefined =>
  flag ?? (env.OXD_CONFIG || undefined) ?? (existsSync(defaultFile) ? defaultFile : undefined)

/** Which file `readConfig` reads beside flags and environment; undefined for none. @throws StartError */
export const settingsFile = (
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  defaultFile = 'oxd.yml',
): string | undefined => fileOf(fromFlags(argv).file, env, defaultFile)

/** What the file of an old oxd says, in the names of our settings. */
export interface OldSettings {
  readonly file: string
  readonly settings: Readonly<Record<string, unknown>>
}
const fromOld = ({ file, settings }: OldSettings): Layer =>
  new Map(
    Object.entries(settings).flatMap(([name, value]): [SettingName, Given][] =>
      isSetting(name) ? [[name, { value, where: `${file}: ${name}` }]] : [],
    ),
  )

/** The settings one by one: whether they go together is not asked. @throws StartError as `readConfig` does */
export const readSettings = (
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  file: Layer,
): Config => {
  const layers = [fromFlags(argv).layer, fromEnvironment(env), file] as const
  const values = SETTING_LIST.map(([name]) => {
    const given = layers.find((layer) => layer.has(name))?.get(name)
    return [name, checked(name, given)] as const
  })
  // Each value has passed the schema of its own setting.
  return { ...Object.fromEntries(values), key: env.OXD_KEY || undefined } as unknown as Config
}

/**
 * The settings: flags win over the environment, the environment over oxd.yml, oxd.yml over the defaults.
 * `--config FILE` or OXD_CONFIG names another file; without either, ./oxd.yml is read where it exists. The file of an old
 * oxd has been read already (src/load_config.ts) and is given as `old`.
 * @throws StartError with the name and place of what is unknown or malformed, or what does not go together
 */
export const readConfig = (
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  defaultFile = 'oxd.yml',
  old?: OldSettings,
): Config => {
  const file = settingsFile(argv, env, defaultFile)
  const layer = old !== undefined ? fromOld(old) : file === undefined ? new Map() : fromFile(file)
  const config = readSettings(argv, env, layer)
  const broken = COMBINATIONS.find(({ holds }) => !holds(config))
  if (broken !== undefined) throw new StartError(broken.otherwise)
  return config
}

/** Whether only this machine reaches an address. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))

const overHttp = ({ https_port, https31_port }: Config): boolean =>
  https_port !== undefined || https31_port !== undefined

/** What settings must be to each other, and what to do otherwise. */
const COMBINATIONS: readonly { readonly holds: (config: Config) => boolean; readonly otherwise: string }[] = [
  {
    holds: (config) => config.tcp || config.unix !== undefined || overHttp(config),
    otherwise: '--no-tcp leaves nothing to listen on: give --unix PATH or --https-port PORT.',
  },
  {
    holds: ({ bind, tcp, require_token }) => isLoopback(bind) || !tcp || require_token,
    otherwise:
      '--bind beyond loopback: whoever reaches the socket may give commands. Protect them with --require-token, or close it with --no-tcp.',
  },
  {
    holds: ({ bind, insecure_unprotected_http }) => isLoopback(bind) || !insecure_unprotected_http,
    otherwise: '--insecure-unprotected-http is for loopback alone: choose another --bind, or leave it out.',
  },
  {
    holds: ({ bind, insecure_plain_http }) => isLoopback(bind) || !insecure_plain_http,
    otherwise:
      '--insecure-plain-http is for loopback alone: choose another --bind, or give --tls-cert and --tls-key.',
  },
  {
    holds: ({ public_url, public_port }) => (public_url === undefined) === (public_port === undefined),
    otherwise: '--public-url and --public-port go together: where others go to, and where oxd listens.',
  },
  {
    holds: (config) =>
      (!overHttp(config) && config.public_port === undefined) ||
      config.insecure_plain_http ||
      (config.tls_cert !== undefined && config.tls_key !== undefined),
    otherwise:
      'HTTPS needs --tls-cert FILE and --tls-key FILE (PEM); on loopback --insecure-plain-http does without.',
  },
  {
    holds: ({ tls_cert, tls_key }) => (tls_cert === undefined) === (tls_key === undefined),
    otherwise: '--tls-cert and --tls-key go together.',
  },
]

/** What `oxd serve --help` prints. */
export const serveHelp = (): string => {
  const rows = SETTING_LIST.map(([name, { value, default: fallback, meaning }]) => ({
    flag: writtenFlag(name),
    about: `${meaning.replaceAll('`', '')}${fallback === undefined || value === undefined ? '' : ` (default ${fallback})`}`,
    env: envOf(name),
  }))
  const width = Math.max(...rows.map(({ flag }) => flag.length))
  return [
    'oxd serve: the daemon.',
    '',
    ...rows.map(({ flag, about, env }) => `  ${flag.padEnd(width)}  ${about} [${env}]`),
    `  ${'--config FILE'.padEnd(width)}  Settings in YAML, the names with underscores (default ./oxd.yml, if it exists). [OXD_CONFIG]`,
    '',
    'Flags win over the environment, the environment over the file.',
    '',
  ].join('\n')
}
