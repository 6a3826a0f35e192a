// The documentation pages of the commands, and the tables of settings and errors: views of what the code says.
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { AnyCommand } from '../command.ts'
import { envOf, SETTING_LIST, writtenFlag } from '../config.ts'
import { DIALECTS } from '../dialect.ts'
import { ERRORS, type ErrorCode } from '../error.ts'
import { QUIRK_NAMES, QUIRKS } from '../oidc/quirks.ts'
import { isOptional, metaOf, type Shape } from '../params.ts'
import { pathOf } from './paths.ts'

const TYPES: readonly { readonly is: (schema: z.core.$ZodType) => boolean; readonly name: string }[] = [
  { is: (schema) => schema instanceof z.ZodString || schema instanceof z.ZodEnum, name: 'string' },
  {
    is: (schema) => schema instanceof z.ZodArray && !(schema.element instanceof z.ZodString),
    name: 'list of objects',
  },
  { is: (schema) => schema instanceof z.ZodArray, name: 'list of strings' },
  { is: (schema) => schema instanceof z.ZodBoolean, name: 'boolean' },
  { is: (schema) => schema instanceof z.ZodNumber, name: 'number' },
  { is: (schema) => schema instanceof z.ZodRecord || schema instanceof z.ZodObject, name: 'object' },
]

const typeOf = (schema: z.core.$ZodType): string => {
  if (schema instanceof z.ZodOptional) return typeOf(schema.unwrap())
  if (schema instanceof z.ZodNullable) return `${typeOf(schema.unwrap())} or null`
  if (schema instanceof z.ZodUnion) return schema.options.map(typeOf).join(' or ')
  return TYPES.find(({ is }) => is(schema))?.name ?? 'any'
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

const memberTable = (shape: Shape): string =>
  table(
    ['member', 'type', 'meaning'],
    Object.entries(shape).map(([name, schema]) => [
      `\`${name}\``,
      typeOf(schema),
      metaOf(schema).description,
    ]),
  )

const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``
const http = (path: string, params: unknown): string =>
  `\`\`\`http\nPOST ${path}\nContent-Type: application/json\n\n${JSON.stringify(params, null, 2)}\n\`\`\``

/** One example as each kind of client sees it. */
const example = (
  command: AnyCommand,
  { what, params, result }: AnyCommand['examples'][number],
): readonly string[] => {
  const { name, bare, v4, more } = command
  const path = pathOf(name)
  const [v3, rest, native] = (['v3', 'v4', 'native'] as const).map((dialect) =>
    DIALECTS[dialect].success(command, result),
  )
  const sameAs4 = bare === undefined && v4 === undefined && isDeepStrictEqual(v3, rest)
  const hasMore = Object.keys(more).length > 0 || !isDeepStrictEqual(v3, native)
  return [
    `**${what}** On the socket (2.4 to 3.1):`,
    json({ command: name, params }),
    json({ status: 'ok', data: v3 }),
    `Over HTTPS, as 3.1 (the same reply) and as 4.x${sameAs4 ? ' (the same `data` alone)' : ''}:`,
    http(path, params),
    ...(sameAs4 ? [] : ['The reply of 4.x:', json(rest)]),
    ...(hasMore
      ? ['With `"oxd": 1` on the socket, or the header `Oxd: 1`:', json({ status: 'ok', data: native })]
      : []),
  ]
}
const methodOf = (name: string): string =>
  name.replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase())

const errorRow = (code: ErrorCode): readonly string[] => {
  const { wire, v4 = wire, http: status, message } = ERRORS[code]
  return [`\`${code}\``, `\`${wire}\``, `${status} \`${v4}\``, message]
}

/** The page of one command, in Markdown. */
export const commandPage = (command: AnyCommand): string => {
  const {
    name,
    aliases = [],
    since,
    summary,
    params,
    result,
    more,
    v4,
    bare,
    errors,
    spec,
    examples,
  } = command
  const parameters = Object.entries(params).map(([field, schema]) => [
    `\`${field}\``,
    typeOf(schema),
    isOptional(schema) ? '' : 'yes',
    metaOf(schema).description,
  ])
  return [
    `# ${name}`,
    summary,
    `Since oxd ${since}. ${aliases.length > 0 ? `Also as ${aliases.map((alias) => `\`${alias}\``).join(', ')}. ` : ''}In the library: \`${methodOf(name)}\`. On the command line: \`oxd ${name} --help\`.`,
    '## Parameters',
    table(['name', 'type', 'required', 'meaning'], parameters),
    '## Result',
    memberTable(result),
    ...(Object.keys(more).length > 0
      ? ['With `"oxd": 1` beside `command` and `params`, or the header `Oxd: 1`, also:', memberTable(more)]
      : []),
    ...(v4 === undefined ? [] : ['In 4.x:', memberTable(v4)]),
    ...(bare === undefined ? [] : [`In 4.x the value of \`${bare}\` alone is the reply.`]),
    '## Errors of its own',
    table(['with `"oxd": 1`', '3.x', '4.x', 'meaning'], errors.map(errorRow)),
    'Beside them stand those of [the request and the OP](errors.md).',
    '## Examples',
    ...examples.flatMap((each) => example(command, each)),
    '## Specifications',
    spec.map((url) => `- <${url}>`).join('\n'),
    '',
  ].join('\n\n')
}

/** The page of all errors, in Markdown. */
export const errorPage = (): string =>
  [
    '# Errors',
    'Every way oxd says no. The first code is `error` in replies to `"oxd": 1`, as our own library asks; then come `error` as the clients of oxd 2.4 to 3.1 know it, and HTTP status and `error` of 4.x. A code that ends in `_` is completed by the HTTP status of the OP. Every `error_description` ends in a reference such as `[ref K7Q2-9B]`, which is also in the log.',
    table(
      ['code', '3.x', '4.x', 'meaning'],
      // The keys of the table are its codes.
      (Object.keys(ERRORS) as ErrorCode[]).map(errorRow),
    ),
    '',
  ].join('\n\n')

/** The page of the deviations that oxd goes along with, in Markdown. */
export const quirksPage = (): string =>
  [
    '# Deviations of OPs that oxd goes along with',
    'oxd holds OPs to the specifications. What it lets pass all the same stands here, and nowhere else: by itself at the issuers that the last column names, at other installations for the sites that say so (`op_quirks` of `register_site` and `update_site_registration`). `--no-quirk NAME` of the daemon switches one off for all. The first use of each is in the log.',
    table(
      ['name', 'what it loosens', 'seen at', 'by itself at'],
      QUIRK_NAMES.map((name) => [
        `\`${name}\``,
        QUIRKS[name].loosens,
        QUIRKS[name].seen.map(({ op, link }) => `[${op}](${link})`).join(', '),
        QUIRKS[name].seen
          .flatMap(({ issuer }) => (issuer === undefined ? [] : [`\`${issuer.source}\``]))
          .join(', '),
      ]),
    ),
    '',
  ].join('\n\n')

/** The commands with links to their pages, which are in `folder`. */
export const commandTable = (commands: readonly AnyCommand[], folder = ''): string =>
  table(
    ['command', 'what it is for'],
    commands.map(({ name, summary }) => [`[${name}](${folder}${name}.md)`, summary]),
  )

/** The list of all pages, in Markdown. */
export const indexPage = (commands: readonly AnyCommand[]): string =>
  ['# Commands', commandTable(commands), 'All [errors](errors.md).', ''].join('\n\n')

/** The settings of the daemon, as a Markdown table. */
export const settingsTable = (): string =>
  table(
    ['flag', 'environment', '`oxd.yml`', 'default', 'meaning'],
    [
      ...SETTING_LIST.map(([name, { default: fallback, meaning }]) => [
        `\`${writtenFlag(name)}\``,
        `\`${envOf(name)}\``,
        `\`${name}\``,
        fallback === undefined ? '' : `\`${fallback}\``,
        meaning,
      ]),
      [
        '',
        '`OXD_KEY`',
        '',
        '',
        'The key that seals the data (32 bytes in base64url or hex), instead of a key file.',
      ],
      [
        '`--config FILE`',
        '`OXD_CONFIG`',
        '',
        '`./oxd.yml`',
        'The file of settings; the default is read only where it exists.',
      ],
    ],
  )
