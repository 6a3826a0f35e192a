// `oxd <command> --parameter value …`: any command from its definition, for trying and debugging.
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { Client, OxdConfigError, OxdConnectionError, OxdError } from './client/client.ts'
import type { AnyCommand } from './command.ts'
import { metaOf, isOptional } from './params.ts'

interface Terminal {
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

const isList = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodArray || (schema instanceof z.ZodOptional && isList(schema.unwrap()))
const isMap = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodRecord || (schema instanceof z.ZodOptional && isMap(schema.unwrap()))

const overview = (commands: readonly AnyCommand[]): string => {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'oxd serve                     the daemon (oxd serve --help)',
    'oxd <command> --name value …  one command to a running daemon (oxd <command> --help)',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Where the daemon is: --host ADDRESS --port PORT (default 127.0.0.1:8099, OXD_PORT), or --unix PATH.',
    '',
  ].join('\n')
}

const usage = (command: AnyCommand): string => {
  const rows = Object.entries(command.params).map(([name, schema]) => ({
    flag: `--${name}`,
    about: `${metaOf(schema).description.replaceAll('`', '')}${isOptional(schema) ? '' : ' Required.'}${isList(schema) ? ' Repeatable.' : ''}`,
  }))
  const width = Math.max(...rows.map(({ flag }) => flag.length))
  return [
    `oxd ${command.name}: ${command.summary}`,
    '',
    ...rows.map(({ flag, about }) => `  ${flag.padEnd(width)}  ${about}`),
    '',
  ].join('\n')
}

/** `--custom_parameters name=value` as an object. */
const asMap = (values: unknown): Record<string, string> =>
  Object.fromEntries(
    (Array.isArray(values) ? values : [values]).map((pair) => {
      const [name = '', ...value] = String(pair).split('=')
      return [name, value.join('=')]
    }),
  )

const paramsFrom = (command: AnyCommand, args: readonly string[]) => {
  const options = Object.fromEntries(
    Object.entries(command.params).map(([name, schema]) => [
      name,
      { type: 'string' as const, multiple: isList(schema) || isMap(schema) },
    ]),
  )
  const { values } = parseArgs({ args: [...args], options: { ...options, ...WHERE }, strict: true })
  const { host, port, unix, help, ...flags } = values
  const params = Object.fromEntries(
    Object.entries(command.params).flatMap(([name, schema]) => {
      // parseArgs knows only the names of `options`; a Record forgets which they are.
      const value = (flags as Record<string, unknown>)[name]
      return value === undefined ? [] : [[name, isMap(schema) ? asMap(value) : value]]
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
    stderr.write(`oxd: ${error instanceof Error ? error.message : ''} See oxd ${name} --help.\n`)
    return 2
  }
  const { params, where, help } = parsed
  if (help) {
    stdout.write(usage(command))
    return 0
  }
  try {
    const port = Number(where.port ?? (env.OXD_PORT || 8099))
    const at = where.unix === undefined ? { host: where.host, port } : { unix: where.unix }
    await using client = new Client(at, { claims: 'native' })
    stdout.write(`${JSON.stringify(await client.send(command.name, params), null, 2)}\n`)
    return 0
  } catch (error) {
    if (error instanceof OxdError) stderr.write(`${error.code}: ${error.description}\n`)
    else if (error instanceof OxdConnectionError || error instanceof OxdConfigError)
      stderr.write(`oxd: ${error.message}\n`)
    else throw error
    return 1
  }
}
