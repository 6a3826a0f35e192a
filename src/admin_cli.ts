// `oxd callers …`, `oxd sites …`, `oxd keys …` and `oxd import …`: administration, through the daemon where one runs, else on its store.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { printable, type Terminal } from './cli.ts'
import { Client, OxdConnectionError, OxdError } from './client/client.ts'
import type { Config } from './config.ts'
import type { Dispatch } from './dispatch.ts'
import { StartError } from './error.ts'
import { loadConfig } from './load_config.ts'

type Data = Readonly<Record<string, unknown>>
/** Gives one command of administration. @throws OxdError as oxd refuses */
type Ask = (command: string, params: Data) => Promise<Data>

export interface AdminSurroundings extends Terminal {
  /** Asks the person at the terminal; undefined: nobody is there. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined
  /** The same commands in this process, on the store of a daemon that does not run; `trial`: where none is, none is made. */
  readonly openHere: (
    config: Config,
    options: { readonly trial: boolean },
  ) => Promise<{ readonly dispatch: Pick<Dispatch, 'call'>; readonly close: () => Promise<void> }>
}

/** What was typed is not understood, or not possible as it is. */
class UsageError extends Error {}

/** The socket of administration, in the data directory. */
export const adminSocketOf = ({ data_dir }: Pick<Config, 'data_dir'>): string => join(data_dir, 'admin.sock')

// A list of a hundred thousand sites takes its time; a person who waits for longer presses Ctrl-C.
const TIMEOUT_MS = 120_000
const COMMON = {
  'data-dir': { type: 'string' },
  config: { type: 'string' },
  'key-file': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const
const OWN = {
  sites: { type: 'string', multiple: true },
  all: { type: 'boolean' },
  'no-sites': { type: 'boolean' },
  cert: { type: 'string' },
  yes: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  replace: { type: 'boolean' },
} as const

interface Given {
  /** The name, the oxd_id or the source, where the verb takes one. */
  readonly what: string
  readonly sites: readonly string[]
  readonly all: boolean
  readonly none: boolean
  readonly cert: string | undefined
  readonly yes: boolean
  readonly dry_run: boolean
  readonly replace: boolean
  readonly json: boolean
}
interface Verb {
  readonly takes?: 'NAME' | 'ID' | 'SOURCE'
  /** It may be the first that is ever done with a data directory. */
  readonly makesStore?: boolean
  readonly options: readonly (keyof typeof OWN)[]
  readonly written: string
  readonly about: string
  readonly run: (given: Given, ask: Ask, terminal: AdminSurroundings) => Promise<void>
}

const asJson = (value: unknown): string => `${printable(JSON.stringify(value, null, 2))}\n`
const cell = (value: unknown): string =>
  printable(value === null || value === undefined || value === '' ? '-' : String(value), 'line')

/** Columns as wide as what is in them; the last one ends where it ends. */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((_, at) =>
    rows.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), head[at]?.length ?? 0),
  )
  return [head, ...rows]
    .map(
      (row) =>
        `${row
          .map((text, at) => text.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** All rows of a list that comes in pages. */
const allOf = async (ask: Ask, command: string, rows: 'sites' | 'callers'): Promise<Data[]> => {
  const all: Data[] = []
  for (let cursor: unknown; ;) {
    const page = await ask(command, cursor === undefined ? {} : { cursor })
    // As the definition of the command says.
    all.push(...(page[rows] as Data[]))
    if (page.next_cursor === null) return all
    cursor = page.next_cursor
  }
}
const by =
  (...names: readonly string[]) =>
  (a: Data, b: Data): number => {
    const [left, right] = [a, b].map((row) => names.map((name) => String(row[name])).join('\n'))
    return left === right ? 0 : String(left) < String(right) ? -1 : 1
  }

/** SHA-256 of the certificate in a file, PEM or DER. */
const fingerprintOf = (file: string): string => {
  try {
    return new X509Certificate(readFileSync(file)).fingerprint256.replaceAll(':', '').toLowerCase()
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new UsageError(`${file} cannot be read as a certificate${reason}`)
  }
}

const showKey = ({ key, caller }: Data, { json }: Given, { stdout, stderr }: AdminSurroundings): void => {
  if (json) return void stdout.write(asJson({ key, caller }))
  stdout.write(`${String(key)}\n`)
  stderr.write('This key is shown this once: oxd keeps its hash alone.\n')
}

const mayOperate = ({ all_sites, sites, sites_count }: Data): string => {
  // As `shownCaller` makes them.
  const shown = (sites as string[]).slice(0, 3).map((oxd_id) => oxd_id.slice(0, 8))
  const more = Number(sites_count) > shown.length ? ` … (${Number(sites_count)})` : ''
  return all_sites === true ? 'all' : `${shown.join(' ')}${more}`
}

const CALLERS: Readonly<Record<string, Verb>> = {
  add: {
    takes: 'NAME',
    options: ['sites', 'all', 'no-sites', 'cert'],
    written: 'NAME --sites ID,ID | --all | --no-sites [--cert FILE]',
    about:
      'A caller for these sites, for all, or for those that it registers. Prints its key; with --cert it has none, but this certificate.',
    async run(given, ask, terminal) {
      const { what: name, sites, all, none, cert, json } = given
      if ([sites.length > 0, all, none].filter(Boolean).length !== 1) {
        throw new UsageError('give --sites ID,ID or --all, or --no-sites for those that it registers alone')
      }
      const certificate_sha256 = cert === undefined ? undefined : fingerprintOf(cert)
      const added = await ask('add_caller', { name, sites, all, none, certificate_sha256 })
      if (certificate_sha256 === undefined) showKey(added, given, terminal)
      else if (json) terminal.stdout.write(asJson(added))
      else terminal.stdout.write(`${name} is known by the certificate ${certificate_sha256}.\n`)
    },
  },
  rotate: {
    takes: 'NAME',
    options: [],
    written: 'NAME',
    about: 'A new key for it. The one before stays good until `drop-old`.',
    async run(given, ask, terminal) {
      showKey(await ask('rotate_caller', { name: given.what }), given, terminal)
    },
  },
  'drop-old': {
    takes: 'NAME',
    options: [],
    written: 'NAME',
    about: 'Only its newest key is good from now on.',
    async run({ what: name, json }, ask, { stdout }) {
      const { caller } = await ask('drop_old_keys', { name })
      stdout.write(json ? asJson(caller) : `Only the newest key of ${cell(name)} is good from now on.\n`)
    },
  },
  remove: {
    takes: 'NAME',
    options: [],
    written: 'NAME',
    about: 'Its keys are worth nothing any more. Its sites stay.',
    async run({ what: name, json }, ask, { stdout }) {
      const removed = await ask('remove_caller', { name })
      stdout.write(json ? asJson(removed) : `${cell(name)} is removed.\n`)
    },
  },
  list: {
    options: [],
    written: '',
    about: 'Who may call, for which sites, since when.',
    async run({ json }, ask, { stdout }) {
      const callers = (await allOf(ask, 'list_callers', 'callers')).sort(by('name'))
      if (json) return void stdout.write(asJson(callers))
      const rows = callers.map((caller) => [
        cell(caller.name),
        cell(mayOperate(caller)),
        // As `shownCaller` makes them.
        (caller.credentials as Data[])
          .map(({ type, created }) => `${cell(type)} of ${cell(created).slice(0, 10)}`)
          .join(', '),
      ])
      stdout.write(table(['NAME', 'SITES', 'KNOWN BY'], rows))
    },
  },
}

const shownValue = (value: unknown): string => (Array.isArray(value) ? cell(value.join(' ')) : cell(value))
/** One member a line; what is in `settings` below it. */
const inFull = ({ settings, ...site }: Data): string => {
  // As `siteInFull` makes it.
  const lines = [...Object.entries(site), ...Object.entries(settings as Data)]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${shownValue(value)}\n`).join('')
}
const NAME_SHOWN = 40
const shortName = (name: unknown): string => {
  const text = cell(name)
  return text.length > NAME_SHOWN ? `${text.slice(0, NAME_SHOWN - 1)}…` : text
}

const SITES: Readonly<Record<string, Verb>> = {
  list: {
    options: [],
    written: '',
    about: 'All sites, by name.',
    async run({ json }, ask, { stdout }) {
      const sites = (await allOf(ask, 'list_sites', 'sites')).sort(by('client_name', 'oxd_id'))
      if (json) return void stdout.write(asJson(sites))
      const rows = sites.map((site) => [
        cell(site.oxd_id),
        shortName(site.client_name),
        cell(site.issuer),
        cell(site.client_id),
        cell(site.client_secret_expires),
      ])
      stdout.write(table(['OXD_ID', 'NAME', 'ISSUER', 'CLIENT_ID', 'SECRET EXPIRES'], rows))
    },
  },
  show: {
    takes: 'ID',
    options: [],
    written: 'ID',
    about: 'One site in full, without its secrets. The first characters of the oxd_id are enough.',
    async run({ what: oxd_id, json }, ask, { stdout }) {
      const { site } = await ask('show_site', { oxd_id })
      // As the definition of the command says.
      stdout.write(json ? asJson(site) : inFull(site as Data))
    },
  },
  remove: {
    takes: 'ID',
    options: ['yes'],
    written: 'ID [--yes]',
    about: 'oxd forgets the site; its client at the OP stays. Asks first, unless --yes.',
    async run({ what, yes, json }, ask, { stdout, stderr, confirm }) {
      // As the definition of the command says.
      const site = (await ask('show_site', { oxd_id: what })).site as Data
      const named = `${shortName(site.client_name)} (${cell(site.oxd_id)}) at ${cell(site.issuer)}`
      if (!yes) {
        if (confirm === undefined)
          throw new UsageError(`nobody can be asked whether to remove ${named}: give --yes`)
        if (!(await confirm(`Remove ${named}? Its users cannot log in any more. [y/N] `))) {
          stderr.write('Nothing was removed.\n')
          return
        }
      }
      const removed = await ask('delete_site', { oxd_id: site.oxd_id })
      if (json) stdout.write(asJson(removed.site))
      else stdout.write(`Removed ${named}. Its client at the OP stays: remove it there.\n`)
    },
  },
}

const keyTable = (keys: unknown): string => {
  // As `shownKey` makes them.
  const rows = (keys as Data[]).map(({ kid, kind, use, state, used_from }) => [
    cell(kind),
    cell(use),
    cell(state),
    cell(used_from).slice(0, 10),
    cell(kid),
  ])
  return table(['KIND', 'USE', 'STATE', 'USED FROM', 'NAME'], rows)
}

const KEYS: Readonly<Record<string, Verb>> = {
  rotate: {
    options: [],
    written: '',
    about:
      'New keys of oxd itself. They are used in a day, when OPs have seen them; the old ones stay good for a week more.',
    async run({ json }, ask, { stdout, stderr }) {
      const rotated = await ask('rotate_keys', {})
      if (json) return void stdout.write(asJson(rotated))
      stdout.write(keyTable(rotated.keys))
      // As the definition of the command says.
      for (const oxd_id of rotated.untold_sites as string[]) {
        stderr.write(`${cell(oxd_id)}: its OP could not be told: oxd update_site_registration tells it.\n`)
      }
    },
  },
  list: {
    options: [],
    written: '',
    about: 'Which there are, and since when.',
    async run({ json }, ask, { stdout }) {
      const { keys } = await ask('list_keys', {})
      stdout.write(json ? asJson(keys) : keyTable(keys))
    },
  },
}

/** `oxd import SOURCE` has no verb: the source stands in its place. */
const IMPORT: Verb = {
  takes: 'SOURCE',
  makesStore: true,
  options: ['dry-run', 'replace'],
  written: 'SOURCE [--dry-run] [--replace]',
  about:
    'Takes over the sites of an old oxd: a folder of site files, a dump (CSV or JSON), or redis://host:port/db.',
  async run({ what, dry_run, replace, json }, ask, { stdout }) {
    // The daemon may run elsewhere in the file system.
    const from = /^rediss?:/i.test(what) ? what : resolve(what)
    const { lines, report } = await ask('import_sites', { from, dry_run, replace })
    // As the definition of the command says.
    if (json) stdout.write(asJson(report))
    else for (const line of lines as string[]) stdout.write(`${printable(line, 'line')}\n`)
  },
}

const NOUNS: Readonly<Record<string, Readonly<Record<string, Verb>>>> = {
  callers: CALLERS,
  sites: SITES,
  keys: KEYS,
  import: { '': IMPORT },
}

export const isAdministration = (noun: string | undefined): boolean =>
  noun !== undefined && Object.hasOwn(NOUNS, noun)

const usage = (noun: string, verbs: Readonly<Record<string, Verb>>): string => {
  const rows = Object.entries(verbs).map(([verb, { written, about }]) => ({
    line: ['oxd', noun, verb, written].filter((word) => word !== '').join(' '),
    about,
  }))
  const width = Math.max(...rows.map(({ line }) => line.length))
  return [
    ...rows.map(({ line, about }) => `${line.padEnd(width)}  ${about}`),
    '',
    'Where the data of oxd is: --data-dir DIR (OXD_DATA_DIR, data_dir in oxd.yml; default ./oxd-data), as for oxd serve,',
    'with --config FILE and --key-file FILE as there. It works whether or not the daemon runs, as the same user.',
    'With --json the result is JSON.',
    '',
  ].join('\n')
}

/** The same settings as the daemon's, from the same places. */
const configFrom = async (
  { 'data-dir': data_dir, config, 'key-file': key_file }: Readonly<Record<string, unknown>>,
  env: Terminal['env'],
): Promise<Config> => {
  const flags = Object.entries({ '--data-dir': data_dir, '--config': config, '--key-file': key_file })
  const { config: read } = await loadConfig(
    flags.flatMap(([flag, value]) => (typeof value === 'string' ? [flag, value] : [])),
    env,
  )
  return read
}

/**
 * Nobody listens at the socket, or its path is too long to be one: nothing was sent, and the store is asked without the
 * daemon. A connection that was made ends otherwise.
 */
const NO_DAEMON: ReadonlySet<string> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTSOCK',
  'EINVAL',
  'ENAMETOOLONG',
])
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM'])
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const forbidden = (data_dir: string): StartError =>
  new StartError(
    `${data_dir} is closed to this account: run this as the account of the daemon (sudo -u ACCOUNT oxd …).`,
  )

/** Never makes a store: where none is, the data directory was mistyped. */
const requireStore = (data_dir: string): void => {
  try {
    statSync(join(data_dir, 'oxd.db'))
  } catch (error) {
    if (FORBIDDEN.has(codeOf(error))) throw forbidden(data_dir)
    throw new StartError(
      `${data_dir} holds no data of oxd: name the data directory of the daemon with --data-dir (or OXD_DATA_DIR, or --config FILE), or start oxd serve first.`,
    )
  }
}

/** Commands of administration through the daemon, or, where none runs, in this process. */
const reach = (
  config: Config,
  { openHere }: AdminSurroundings,
  { makesStore = false }: Verb,
  { dry_run: trial }: Given,
): { ask: Ask; close: () => Promise<void> } => {
  const client = new Client({ unix: adminSocketOf(config) }, { claims: 'native', timeout_ms: TIMEOUT_MS })
  let here: ReturnType<AdminSurroundings['openHere']> | undefined

  const askHere: Ask = async (command, params) => {
    here ??= openHere(config, { trial })
    const { dispatch } = await here
    const credentials = { protected: false }
    const { status, data } = await dispatch.call({
      command,
      params,
      dialect: 'native',
      credentials,
      peer: 'here',
      // Nothing waits here that could be ended.
      signal: new AbortController().signal,
    })
    if (status === 'ok') return data
    throw new OxdError(command, String(data.error), String(data.error_description))
  }
  return {
    async ask(command, params) {
      if (here !== undefined) return askHere(command, params)
      try {
        return await client.send(command, params)
      } catch (error) {
        if (!(error instanceof OxdConnectionError)) throw error
        const code = codeOf(error.cause)
        if (FORBIDDEN.has(code)) throw forbidden(config.data_dir)
        if (!NO_DAEMON.has(code)) throw error
        if (!makesStore) requireStore(config.data_dir)
        return askHere(command, params)
      }
    },
    async close() {
      await client.close()
      await (await here)?.close()
    },
  }
}

/** What is typed after the noun and the verb. */
const read = (verb: Verb, args: readonly string[]) => {
  const own = Object.fromEntries(verb.options.map((name) => [name, OWN[name]]))
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...COMMON, ...own },
    allowPositionals: true,
    strict: true,
  })
  const given: Readonly<Record<string, unknown>> = values
  const [what = '', ...more] = positionals
  if (given.help !== true) {
    if (verb.takes !== undefined && what === '') throw new UsageError(`${verb.takes} is missing`)
    const [extra] = verb.takes === undefined ? positionals : more
    if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra)} is too much`)
  }
  const sites = Array.isArray(given.sites) ? given.sites.map(String) : []
  return {
    values: given,
    given: {
      what,
      sites: sites
        .flatMap((list) => list.split(','))
        .map((one) => one.trim())
        .filter((one) => one !== ''),
      all: given.all === true,
      none: given['no-sites'] === true,
      cert: typeof given.cert === 'string' ? given.cert : undefined,
      yes: given.yes === true,
      dry_run: given['dry-run'] === true,
      replace: given.replace === true,
      json: given.json === true,
    } satisfies Given,
  }
}

/**
 * Runs one invocation of `oxd callers …` or `oxd sites …`.
 * @returns the exit code: 0 done, 1 refused or not reached, 2 not understood
 * @throws StartError where there is nothing to administer
 */
export const runAdminCli = async (
  [noun = '', ...words]: readonly string[],
  surroundings: AdminSurroundings,
): Promise<number> => {
  const { env, stdout, stderr } = surroundings
  const verbs = NOUNS[noun] ?? {}
  const hasVerbs = verbs[''] === undefined
  const [first = ''] = words
  const misunderstood = (what: string): number => {
    stderr.write(`oxd: ${printable(what, 'line')}. See oxd ${noun} --help.\n`)
    return 2
  }
  if (['', 'help', '--help', '-h'].includes(first)) {
    stdout.write(usage(noun, verbs))
    return 0
  }
  const [name, args] = hasVerbs ? [first, words.slice(1)] : ['', words]
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined) return misunderstood(`oxd ${noun} knows no ${JSON.stringify(name)}`)
  try {
    const { values, given } = read(verb, args)
    if (values.help === true) {
      stdout.write(usage(noun, { [name]: verb }))
      return 0
    }
    const { ask, close } = reach(await configFrom(values, env), surroundings, verb, given)
    try {
      await verb.run(given, ask, surroundings)
    } finally {
      await close()
    }
    return 0
  } catch (error) {
    if (error instanceof OxdError) {
      stderr.write(`${printable(`${error.code}: ${error.description}`, 'line')}\n`)
      return 1
    }
    if (error instanceof OxdConnectionError) {
      stderr.write(`oxd: ${printable(error.message, 'line')}\n`)
      return 1
    }
    const isParsing = codeOf(error).startsWith('ERR_PARSE_ARGS')
    if (error instanceof UsageError || (isParsing && error instanceof Error)) {
      return misunderstood(error.message.split(/\. |\.$/)[0] ?? '')
    }
    throw error
  }
}
