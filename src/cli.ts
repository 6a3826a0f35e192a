// `oxd <command> --parameter value …`: any command from its definition, for trying and debugging.
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { Client, OxdConfigError, OxdConnectionError, OxdError } from './client/client.ts'
import type { AnyCommand } from './command.ts'
import { metaOf, isOptional } from './params.ts'

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: { readonly write: (text: string) => unknown }
  readonly stderr: { readonly write: (text: string) => unknown }
}

const WHERE = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string' },
  unix: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const overview = (commands: readonly AnyCommand[]): string => {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'oxd serve                     the daemon (oxd serve --help)',
    'oxd callers …                 keys and certificates of those who may call (oxd callers --help)',
    'oxd sites …                   the sites that oxd knows (oxd sites --help)',
    'oxd keys rotate|list          the keys of oxd itself (oxd keys --help)',
    'oxd import SOURCE             takes over the sites of an old oxd (oxd import --help)',
    'oxd check URL|FILE.cfg        can this machine log users in at that OP? (oxd check --help)',
    'oxd faulty-op                 an OP that misbehaves, to test your relying party with (oxd faulty-op --help)',
    'oxd <command> --name value …  one command to a running daemon (oxd <command> --help)',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Where the daemon is: --host ADDRESS --port PORT (default 127.0.0.1:8099, OXD_PORT), or --unix PATH (OXD_UNIX).',
    '',
  ].join('\n')
}

const escaped = (sign: string): string =>
  Array.from(
    { length: sign.length },
    (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')

/**
 * A terminal obeys control characters, and text that runs backwards deceives: they are shown by their numbers.
 * `lines`: the text has lines of our own; `line`: it is a single one, whatever is in it.
 */
export const printable = (text: string, as: 'line' | 'lines' = 'lines'): string =>
  text.replaceAll(as === 'lines' ? /[^\n\P{C}]|[\p{Zl}\p{Zp}]/gu : /[\p{C}\p{Zl}\p{Zp}]/gu, escaped)

/** How a value is written, by the kind of the parameter. */
const WRITTEN: readonly {
  readonly is: (schema: z.core.$ZodType) => boolean
  readonly about: string
  readonly read: (flag: string, values: readonly string[]) => unknown
}[] = [
  {
    // What is protected has no shorter spelling.
    is: (schema) => schema instanceof z.ZodArray && schema.element instanceof z.ZodObject,
    about: 'JSON',
    read: (flag, values) => asJson(flag, values.at(-1) ?? ''),
  },
  {
    is: (schema) => schema instanceof z.ZodArray,
    about: 'a,b',
    read: (_flag, values) => values.flatMap((value) => value.split(',')),
  },
  {
    is: (schema) => schema instanceof z.ZodRecord,
    about: 'name=value, repeatable',
    read: (flag, values) => asMap(flag, values),
  },
  {
    is: (schema) => schema instanceof z.ZodBoolean,
    about: 'true|false',
    read: (_flag, values) => values.at(-1),
  },
  { is: () => true, about: '', read: (_flag, values) => values.at(-1) },
]
const writtenAs = (schema: z.core.$ZodType) => WRITTEN.find(({ is }) => is(bare(schema))) ?? WRITTEN[0]
const bare = (schema: z.core.$ZodType): z.core.$ZodType =>
  schema instanceof z.ZodOptional ? bare(schema.unwrap()) : schema

/** `--custom_parameters name=value` as an object. */
const asMap = (flag: string, pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=')
      if (!/^[\w.-]+$/.test(name) || value.length === 0) throw new Error(`${flag} is written name=value.`)
      return [name, value.join('=')]
    }),
  )

/** `--resources '[…]'`; what is no JSON is not repeated. */
const asJson = (flag: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${flag} is written as JSON.`)
  }
}

const usage = (command: AnyCommand): string => {
  const rows = Object.entries(command.params).map(([name, schema]) => ({
    flag: `--${name} ${writtenAs(schema)?.about ?? ''}`.trimEnd(),
    about: `${metaOf(schema).description.replaceAll('`', '')}${isOptional(schema) ? '' : ' Required.'}`,
  }))
  const width = Math.max(...rows.map(({ flag }) => flag.length))
  return [
    `oxd ${command.name}: ${command.summary}`,
    '',
    ...rows.map(({ flag, about }) => `  ${flag.padEnd(width)}  ${about}`),
    '',
  ].join('\n')
}

const paramsFrom = (command: AnyCommand, args: readonly string[]) => {
  const options = Object.fromEntries(
    Object.keys(command.params).map((name) => [name, { type: 'string' as const, multiple: true }]),
  )
  // Names have underscores on the wire; who types hyphens means the same.
  const named = args.map((arg) =>
    arg.startsWith('--')
      ? arg.replace(/^--[a-z-]+/, (flag) => `--${flag.slice(2).replaceAll('-', '_')}`)
      : arg,
  )
  const { values } = parseArgs({ args: named, options: { ...options, ...WHERE }, strict: true })
  const { host, port, unix, help, ...flags } = values
  const params = Object.fromEntries(
    Object.entries(command.params).flatMap(([name, schema]) => {
      // parseArgs knows only the names of `options`, all of them repeatable texts; a Record forgets which they are.
      const given = (flags as Record<string, string[] | undefined>)[name]
      return given === undefined ? [] : [[name, writtenAs(schema)?.read(`--${name}`, given)]]
    }),
  )
  return { params, where: { host, port, unix }, help }
}

/**
 * Runs one command against a running daemon and prints its result as JSON.
 * @returns the exit code: 0 done, 1 refused by oxd or not reached, 2 not understood
 */
export const runCli = async (
  argv: readonly string[],
  commands: readonly AnyCommand[],
  { env, stdout, stderr }: Terminal,
): Promise<number> => {
  const [name = 'help', ...rest] = argv
  if (['help', '--help', '-h'].includes(name)) {
    stdout.write(overview(commands))
    return 0
  }
  const command = commands.find((known) => known.name === name || known.aliases?.includes(name))
  if (command === undefined) {
    stderr.write(`oxd: there is no command ${JSON.stringify(name)}. See oxd --help.\n`)
    return 2
  }
  let parsed: ReturnType<typeof paramsFrom>
  try {
    parsed = paramsFrom(command, rest)
  } catch (error) {
    const [what = ''] = error instanceof Error ? error.message.split(/\. |\.$/) : []
    stderr.write(`oxd: ${what}. See oxd ${name} --help.\n`)
    return 2
  }
  const { params, where, help } = parsed
  if (help) {
    stdout.write(usage(command))
    return 0
  }
  try {
    const port = Number(where.port ?? (env.OXD_PORT || 8099))
    const unix = where.unix ?? (where.port === undefined ? env.OXD_UNIX || undefined : undefined)
    const at = unix === undefined ? { host: where.host, port } : { unix }
    await using client = new Client(at, { claims: 'native' })
    const json = JSON.stringify(await client.send(command.name, params), null, 2)
    stdout.write(`${printable(json)}\n`)
    return 0
  } catch (error) {
    if (error instanceof OxdError) stderr.write(`${error.code}: ${error.description}\n`)
    else if (error instanceof OxdConnectionError || error instanceof OxdConfigError)
      stderr.write(`oxd: ${error.message}\n`)
    else throw error
    return 1
  }
}
