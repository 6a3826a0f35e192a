// The OpenAPI document of an HTTP listener, out of the definitions of the commands.
// @see https://spec.openapis.org/oas/v3.1.1.html
import type { AnyCommand, Example, GetRoute } from '../command.ts'
import { DIALECTS } from '../dialect.ts'
import { ERRORS, OxdError, type ErrorCode } from '../error.ts'
import { isOptional, metaOf } from '../params.ts'
import { fieldSchema, paramsSchema, REPLY_SCHEMAS, type Json } from './openapi_schemas.ts'
import { namesOf, pathOf } from './paths.ts'

/** What a listener publishes of itself. */
export interface Published {
  readonly commands: readonly AnyCommand[]
  readonly dialect: 'v3' | 'v4'
  /** Of oxd. */
  readonly version: string
  /** Must callers prove themselves? */
  readonly protected: boolean
}

interface Wire {
  readonly title: string
  readonly description: string
  /** The reply to a command that went well. */
  readonly reply: (command: AnyCommand, example: Json) => Json
  readonly replySchema: (command: AnyCommand) => Json
  /** The answers that are an error, by HTTP status; `200` is added to the one that is there already. */
  readonly errors: (codes: readonly ErrorCode[]) => ReadonlyMap<string, readonly ErrorCode[]>
  readonly error: (data: Json) => Json
  readonly errorSchema: Json
  readonly code: (code: ErrorCode) => string
}

const byStatus = (codes: readonly ErrorCode[]): ReadonlyMap<string, readonly ErrorCode[]> =>
  Map.groupBy(new Set(codes), (code) => String(ERRORS[code].http))

const ERROR_DATA = {
  type: 'object',
  properties: {
    error: { type: 'string', description: 'The code: what is wrong.' },
    error_description: {
      type: 'string',
      description:
        'What is wrong and what to do, for people; it ends in the reference of this answer in the log.',
    },
  },
  required: ['error'],
}
const enveloped = (status: 'ok' | 'error', data: Json): Json => ({
  type: 'object',
  properties: { status: { type: 'string', const: status }, data },
  required: ['status', 'data'],
})

/** Codes that end in `_` are completed by the status with which the OP refused. */
const shown = (code: string): string => (code.endsWith('_') ? `${code}<status>` : code)

export const WIRES: Readonly<Record<'v3' | 'v4', Wire>> = {
  v3: {
    title: 'oxd, as clients of 3.1 speak it',
    description:
      'Every answer to a command is an envelope with HTTP status 200, also where the command failed: `status` says which. The token may also be in the body, as `protection_access_token`.',
    reply: (command, result) => ({ status: 'ok', data: DIALECTS.v3.success(command, result) }),
    replySchema: (command) => ({
      oneOf: [enveloped('ok', REPLY_SCHEMAS.v3(command)), { $ref: '#/components/schemas/OxdError' }],
    }),
    errors: (codes) => new Map([['200', codes]]),
    error: (data) => ({ status: 'error', data }),
    errorSchema: enveloped('error', ERROR_DATA),
    code: (code) => shown(ERRORS[code].wire),
  },
  v4: {
    title: 'oxd, as clients of 4.x speak it',
    description:
      'The reply to a command is its data; members that are empty are left out. Errors have a status of 4xx or 5xx.',
    reply: (command, result) => DIALECTS.v4.success(command, result),
    replySchema: REPLY_SCHEMAS.v4,
    errors: byStatus,
    error: (data) => data,
    errorSchema: ERROR_DATA,
    code: (code) => shown(ERRORS[code].v4 ?? ERRORS[code].wire),
  },
}

const REFERENCE = 'K7Q2-9B'

/** What an error looks like. */
const errorExample = (code: ErrorCode, dialect: 'v3' | 'v4'): Json => {
  const data = DIALECTS[dialect].failure(new OxdError(code), REFERENCE)
  return WIRES[dialect].error({ ...data, error: WIRES[dialect].code(code) })
}

const json = (schema: Json, examples: Json = {}): Json => ({
  'application/json': { schema, ...(Object.keys(examples).length > 0 ? { examples } : {}) },
})

/** Examples have names: those of errors are their codes, all others are numbered. */
const numbered = (
  examples: readonly Example<Json, Json>[],
  value: (example: Example<Json, Json>) => Json,
): Json =>
  Object.fromEntries(
    examples.map((example, index) => [
      `example_${index + 1}`,
      { summary: example.what, value: value(example) },
    ]),
  )

const errorExamples = (codes: readonly ErrorCode[], dialect: 'v3' | 'v4'): Json =>
  Object.fromEntries(
    codes.map((code) => [code, { summary: ERRORS[code].message, value: errorExample(code, dialect) }]),
  )

const responses = (command: AnyCommand, dialect: 'v3' | 'v4', text: GetRoute['text']): Json => {
  const wire = WIRES[dialect]
  const errors = wire.errors(command.errors)
  const replies =
    text === undefined ? numbered(command.examples, ({ result }) => wire.reply(command, result)) : {}
  const failures = [...errors].map(([status, codes]): [string, Json] => [
    status,
    {
      description: codes.map((code) => `\`${wire.code(code)}\`: ${ERRORS[code].message}`).join('\n\n'),
      content: json({ $ref: '#/components/schemas/OxdError' }, errorExamples(codes, dialect)),
    },
  ])
  const success = {
    description: command.summary,
    content:
      text === undefined
        ? json(wire.replySchema(command), {
            ...replies,
            ...errorExamples(errors.get('200') ?? [], dialect),
          })
        : { [text.type]: { schema: { type: 'string' } } },
  }
  return {
    ...Object.fromEntries(failures.filter(([status]) => status !== '200')),
    '200': success,
    default: { $ref: '#/components/responses/Refused' },
  }
}

const BEARER = { bearer: [] }
/** Without any they are open, and the empty one makes the other one optional. */
const security = ({ access }: AnyCommand, isProtected: boolean): readonly Json[] => {
  if (access === 'public' || !isProtected) return []
  return access === 'op' || access === 'client' ? [{}, BEARER] : [BEARER]
}

const operation = (command: AnyCommand, { dialect, protected: isProtected }: Published): Json => {
  const { name, summary, since, spec } = command
  const asked = security(command, isProtected)
  return {
    operationId: name,
    summary,
    description: [`Since oxd ${since}.`, ...spec.map((url) => `<${url}>`)].join('\n\n'),
    security: asked,
    ...(dialect === 'v4' && asked.length > 0
      ? { parameters: [{ $ref: '#/components/parameters/AuthorizationOxdId' }] }
      : {}),
    responses: responses(command, dialect, undefined),
  }
}

const posted = (command: AnyCommand, published: Published): Json => {
  const schema = paramsSchema(command)
  return {
    ...operation(command, published),
    requestBody: {
      required: 'required' in schema,
      content: json(
        schema,
        numbered(command.examples, ({ params }) => params),
      ),
    },
  }
}

const got = (command: AnyCommand, { path, text }: GetRoute, published: Published): Json => {
  const made = operation(command, published)
  const isInPath = (name: string): boolean => path.includes(`{${name}}`)
  return {
    ...made,
    operationId: `${command.name}_by_get`,
    parameters: [
      ...Object.entries(command.params).map(([name, schema]) => ({
        name,
        in: isInPath(name) ? 'path' : 'query',
        required: isInPath(name) || !isOptional(schema),
        description: metaOf(schema).description,
        schema: fieldSchema(schema),
      })),
      ...((made['parameters'] as readonly Json[] | undefined) ?? []),
    ],
    responses: responses(command, published.dialect, text),
  }
}

const pathsOf = (command: AnyCommand, published: Published): readonly (readonly [string, Json])[] => {
  const post = posted(command, published)
  return [
    ...namesOf(command).map((name): [string, Json] => [
      pathOf(name),
      {
        post:
          name === command.name
            ? post
            : {
                ...post,
                operationId: name,
                summary: `The same as ${pathOf(command.name)}. ${command.summary}`,
              },
      },
    ]),
    ...(command.get === undefined
      ? []
      : [[command.get.path, { get: got(command, command.get, published) }] as const]),
  ]
}

const HEALTH: Readonly<Record<'v3' | 'v4', Json>> = {
  v3: { 'text/plain': { schema: { type: 'string', const: 'running' } } },
  v4: json({
    type: 'object',
    properties: {
      application: { type: 'string', const: 'oxd' },
      version: { type: 'string' },
      status: { type: 'string', const: 'running' },
    },
    required: ['application', 'version', 'status'],
  }),
}

/** The document, as a value for JSON. */
export const openApi = (published: Published): Json => {
  const { commands, dialect, version } = published
  const { title, description, errorSchema } = WIRES[dialect]
  const paths = new Map<string, Json>()
  for (const [path, item] of commands.flatMap((command) => pathsOf(command, published))) {
    // A path may have a POST and a GET.
    paths.set(path, { ...paths.get(path), ...item })
  }
  return {
    openapi: '3.1.1',
    info: { title, version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths: {
      ...Object.fromEntries(paths),
      '/health-check': {
        get: {
          operationId: 'health_check',
          summary: 'Does oxd run?',
          security: [],
          responses: { '200': { description: 'It does.', content: HEALTH[dialect] } },
        },
      },
    },
    components: {
      schemas: { OxdError: errorSchema },
      responses: {
        Refused: {
          description: 'Every other refusal.',
          content: json({ $ref: '#/components/schemas/OxdError' }),
        },
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of `get_client_token`, or a caller key of `oxd callers add`.',
        },
      },
      ...(dialect === 'v4'
        ? {
            parameters: {
              AuthorizationOxdId: {
                name: 'AuthorizationOxdId',
                in: 'header',
                required: false,
                description:
                  'The site at whose OP the token is looked up, where it is another than that of the command.',
                schema: { type: 'string' },
              },
            },
          }
        : {}),
    },
  }
}
