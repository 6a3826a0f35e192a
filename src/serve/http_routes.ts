// The paths of an HTTP listener, made of the definitions: each command by its names, its health, its documents.
import type { AnyCommand, GetRoute } from '../command.ts'
import type { Answer, Request } from '../dispatch.ts'
import { openApi, type Published } from '../publish/openapi.ts'
import { commandsPage } from '../publish/page.ts'
import { namesOf, pathOf } from '../publish/paths.ts'
import { HTTP_DIALECTS, type HttpReply } from './http_dialects.ts'
import { atRoot } from './http_root.ts'

/** A request that has passed the door. */
export interface HttpRequest {
  /** Of a POST; undefined if it is no JSON object. */
  readonly body: () => Request | undefined
  /** Of a GET: the names in the path and the query. */
  readonly query: () => Request
  /** Gives a command, in the dialect of the request. */
  readonly call: (command: unknown, params: unknown) => Promise<{ answer: Answer; reply: HttpReply }>
  /** Asks our own library, which reads every answer in an envelope? */
  readonly native: boolean
}

export interface Route {
  readonly methods: readonly ('GET' | 'HEAD' | 'POST')[]
  /** `{name}` is a parameter. */
  readonly path: string
  /** Resolves to undefined for a body that is no JSON object. */
  readonly handle: (request: HttpRequest) => Promise<HttpReply | undefined>
}

const posted = (
  path: string,
  named: (body: Request) => { readonly command: unknown; readonly params: unknown },
): Route => ({
  methods: ['POST'],
  path,
  async handle({ body, call }) {
    const sent = body()
    if (sent === undefined) return undefined
    const { command, params } = named(sent)
    return (await call(command, params)).reply
  },
})

const got = ({ name }: AnyCommand, { path, text }: GetRoute): Route => ({
  methods: ['GET'],
  path,
  async handle({ query, call, native }) {
    const { answer, reply } = await call(name, query())
    return text === undefined || native || answer.status === 'error'
      ? reply
      : { ...reply, type: text.type, body: String(answer.data[text.member]) }
  },
})

/** A document, which is made when it is asked for the first time. */
const document = (path: string, make: () => Omit<HttpReply, 'status'>): Route => {
  let made: HttpReply | undefined
  return { methods: ['GET'], path, handle: async () => (made ??= { status: 200, ...make() }) }
}

export const routesOf = (published: Published): readonly Route[] => {
  const { commands, dialect, version } = published
  return [
    ...commands.flatMap((command) => [
      ...namesOf(command).map((name) => posted(pathOf(name), (params) => ({ command: name, params }))),
      ...(command.get === undefined ? [] : [got(command, command.get)]),
    ]),
    ...(dialect === 'v3' ? [posted('/', atRoot)] : []),
    {
      methods: ['GET', 'HEAD'],
      path: '/health-check',
      handle: async () => HTTP_DIALECTS[dialect].health(version),
    },
    document('/openapi.json', () => ({ body: openApi(published) })),
    document('/docs', () => {
      const { html, policy } = commandsPage(published)
      return {
        type: 'text/html; charset=utf-8',
        headers: { 'content-security-policy': policy },
        body: html,
      }
    }),
  ]
}
