// The HTTP transports: a path for each command, in the dialect of oxd 3.1 or in that of 4.x.
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AnyCommand, GetRoute } from '../command.ts'
import type { Answer, Dispatch } from '../dispatch.ts'
import { StartError, type ErrorCode } from '../error.ts'
import type { Limits } from '../limits.ts'
import { openApi } from '../publish/openapi.ts'
import { commandsPage } from '../publish/page.ts'
import { namesOf, pathOf } from '../publish/paths.ts'
import type { Log } from '../world.ts'
import { createAddressFilter, plainAddress } from './http_addresses.ts'
import { HTTP_DIALECTS, type HttpReply } from './http_dialects.ts'
import { isOwnHost } from './http_hosts.ts'
import { credentialsOf, dialectOf, peerOf, readBody, readQuery } from './http_request.ts'
import { atRoot } from './http_root.ts'
import { TLS_MIN, type TlsPair } from './tls.ts'

export interface HttpOptions {
  /** How its clients speak: oxd 3.1 (the https extension) or 4.x. */
  readonly dialect: 'v3' | 'v4'
  /** An address, or `localhost` for 127.0.0.1; port 0 takes a free one. */
  readonly host: string
  readonly port: number
  /** The flag that names the port, for the text of an error. */
  readonly flag: string
  /** Without it plain HTTP, which is for loopback alone. */
  readonly tls: TlsPair | undefined
  /** Peers are asked for a certificate; whether it is good for anything, the guard decides. */
  readonly client_certificates: boolean
  /** Must callers prove themselves? */
  readonly protected: boolean
  /** From where it may be called; see `createAddressFilter`. */
  readonly allowed_ip: readonly string[]
  readonly commands: readonly AnyCommand[]
  readonly call: Dispatch['call']
  readonly refuse: Dispatch['refuse']
  /** Of oxd, for the health check and the documents. */
  readonly version: string
  readonly limits: Limits
  readonly log: Log
}

export interface HttpListening {
  readonly address: { readonly host: string; readonly port: number }
  /** What may change while it listens; connections that are open stay as they are. @throws StartError */
  readonly renew: (changed: { tls?: TlsPair | undefined; allowed_ip?: readonly string[] }) => void
  /** Accepts nothing more, lets the requests under way be answered, refuses further ones; within `shutdown_ms`. */
  readonly close: () => Promise<void>
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'

/** On every answer: it may hold secrets, and is what its type says. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const
const JSON_TYPE = 'application/json'

/** What fastify and Node say of a request that never became one. */
const BEFORE_A_ROUTE: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'frame_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_http',
  FST_ERR_BAD_URL: 'unknown_path',
  FST_ERR_MAX_PARAM_LENGTH: 'unknown_path',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'frame_incomplete',
}

/** How often Node looks for requests that take too long, as a part of the time that they have. */
const CHECKS_PER_REQUEST_TIME = 8

const createServer = (
  { tls, client_certificates, limits }: HttpOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server => {
  const bounds = {
    maxHeaderSize: limits.http_header_bytes_max,
    requestTimeout: limits.http_request_ms_max,
    headersTimeout: limits.http_request_ms_max,
    connectionsCheckingInterval: Math.ceil(limits.http_request_ms_max / CHECKS_PER_REQUEST_TIME),
    keepAliveTimeout: limits.http_idle_ms,
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createHttpServer(bounds, handle)
      : createHttpsServer(
          {
            ...bounds,
            cert: tls.cert,
            key: tls.key,
            minVersion: TLS_MIN,
            handshakeTimeout: limits.http_request_ms_max,
            // The guard knows certificates by their hash, so none has to be signed by anybody.
            requestCert: client_certificates,
            rejectUnauthorized: false,
          },
          handle,
        )
  server.maxConnections = limits.connections_max
  // A peer that takes nothing of its answer is idle, too.
  server.setTimeout(limits.http_idle_ms)
  return server
}

/** A document that is made when it is asked for the first time. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use, perhaps by another oxd: stop that program, or choose another port with',
  EACCES: 'is not allowed to this account: choose a port from 1024 on with',
  EADDRNOTAVAIL: 'is not an address of this machine: choose another with --bind, not with',
}

const startListening = async (app: FastifyInstance, { host, port, flag }: HttpOptions): Promise<void> => {
  // The name has an IPv6 address, too; old clients know only the other one.
  const address = host === 'localhost' ? '127.0.0.1' : host
  try {
    await app.listen({ host: address, port })
  } catch (error) {
    const shown = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
    const problem = PROBLEMS[codeOf(error)]
    throw new StartError(
      problem === undefined
        ? `${shown} cannot be listened on (${codeOf(error)}).`
        : `${shown} ${problem} ${flag}.`,
      { cause: error },
    )
  }
}

/** Which methods each path has. */
type Paths = Map<string, Set<string>>

/**
 * Listens for HTTP, or HTTPS if there is a certificate.
 * @throws StartError, with what to do, when the address is taken or not allowed
 */
export const listenHttp = async (options: HttpOptions): Promise<HttpListening> => {
  const { dialect, commands, limits, log, call, version } = options
  // Loaded here, because a daemon that has only sockets need not pay for it.
  const { fastify } = await import('fastify')
  let tls = options.tls
  let isAllowed = createAddressFilter(options.allowed_ip)
  let stopping = false
  const sockets = new Set<Socket>()
  /** Requests that are not answered yet. */
  const open = new Set<ServerResponse>()
  let server: Server | undefined

  const send = (reply: FastifyReply, { status, body }: HttpReply): FastifyReply =>
    reply.code(status).type(JSON_TYPE).send(JSON.stringify(body))

  const refuse = (
    { headers, socket }: IncomingMessage,
    reply: FastifyReply,
    code: ErrorCode,
  ): FastifyReply => {
    const spoken = dialectOf(headers, dialect)
    return send(reply, HTTP_DIALECTS[spoken].refusal(options.refuse(code, spoken, peerOf(socket)), code))
  }

  const app = fastify({
    serverFactory: (handle) => (server = createServer(options, handle)),
    bodyLimit: limits.http_body_bytes_max,
    forceCloseConnections: false,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: limits.text_characters_max },
    clientErrorHandler: (error, socket) => refuseRaw(codeOf(error), socket),
    frameworkErrors: (error, request, reply) => {
      refuse(request.raw, reply.headers(HEADERS), BEFORE_A_ROUTE[error.code] ?? 'malformed_http')
    },
  })

  /** There is no request to answer: the answer is written by hand, and the connection ends. */
  const refuseRaw = (problem: string, socket: Socket): void => {
    // The peer has gone, or (HPE_…) what came is no HTTP, after an answer was begun perhaps.
    if (problem === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) return void socket.destroy()
    const code = BEFORE_A_ROUTE[problem] ?? 'malformed_http'
    const answer = options.refuse(code, dialect, peerOf(socket))
    const body = JSON.stringify(HTTP_DIALECTS[dialect].refusal(answer, code).body)
    const headers = {
      ...HEADERS,
      'content-type': JSON_TYPE,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    socket.end([`HTTP/1.1 ${answer.http} Refused`, ...lines, '', body].join('\r\n'))
  }

  /** The first thing that is wrong with a request, whatever it asks for. */
  const problemOf = ({ headers, socket }: IncomingMessage): ErrorCode | undefined => {
    if (!isAllowed(socket.remoteAddress ?? '')) return 'oxd_access_denied'
    const arrived = { host: headers.host, at: socket.localAddress ?? '', certificate: tls?.certificate }
    if (!isOwnHost(arrived)) return 'foreign_host'
    if (headers.origin !== undefined) return 'foreign_origin'
    return stopping ? 'shutting_down' : undefined
  }

  app.addHook('onRequest', async ({ raw }: FastifyRequest, reply: FastifyReply) => {
    open.add(reply.raw)
    reply.raw.once('close', () => open.delete(reply.raw))
    reply.headers(HEADERS)
    if (stopping) reply.header('connection', 'close')
    const problem = problemOf(raw)
    return problem === undefined ? undefined : refuse(raw, reply, problem)
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.setErrorHandler(async (error, { raw }, reply) => {
    const code = BEFORE_A_ROUTE[codeOf(error)]
    if (code === undefined) {
      // The text of an error that nobody foresaw may hold a secret.
      log('error', 'a request failed', { peer: peerOf(raw.socket), error: error instanceof Error ? error.name : typeof error })
    }
    // An answer to half a request gets lost when the rest of it arrives at a closed connection: it is read away for a while.
    if (code === 'frame_too_large') {
      raw.resume()
      const aborter = new AbortController()
      raw.once('close', () => aborter.abort())
      await delay(limits.close_ms_max, undefined, { signal: aborter.signal }).catch(() => {})
    }
    return refuse(raw, reply, code ?? 'internal_error')
  })

  app.setNotFoundHandler((request, reply) => refuse(request.raw, reply, 'unknown_path'))

  const paths: Paths = new Map()
  const route = (
    method: 'GET' | 'HEAD' | 'POST',
    url: string,
    handler: (request: FastifyRequest, reply: FastifyReply) => unknown,
  ): void => {
    app.route({ method, url, handler })
    paths.set(url, (paths.get(url) ?? new Set()).add(method))
  }

  const answer = async (
    { raw }: FastifyRequest,
    command: unknown,
    params: unknown,
  ): Promise<{ readonly answer: Answer; readonly spoken: 'v3' | 'v4' | 'native' }> => {
    const spoken = dialectOf(raw.headers, dialect)
    const credentials = credentialsOf(raw, options.protected)
    return { spoken, answer: await call({ command, params, dialect: spoken, credentials, peer: peerOf(raw.socket) }) }
  }

  const post =
    (named: (body: Readonly<Record<string, unknown>>) => { command: unknown; params: unknown }) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      // The only parser that is left hands over bytes.
      const body = readBody(request.body as Buffer | undefined)
      if (body === undefined) return refuse(request.raw, reply, 'malformed_json')
      const { command, params } = named(body)
      const { answer: answered, spoken } = await answer(request, command, params)
      return send(reply, HTTP_DIALECTS[spoken].answer(answered))
    }

  const get =
    ({ name }: AnyCommand, { text }: GetRoute) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const { answer: answered, spoken } = await answer(request, name, readQuery(request.query, request.params))
      return text !== undefined && answered.status === 'ok' && spoken !== 'native'
        ? reply.type(text.type).send(String(answered.data[text.member]))
        : send(reply, HTTP_DIALECTS[spoken].answer(answered))
    }

  for (const command of commands) {
    for (const name of namesOf(command)) route('POST', pathOf(name), post((params) => ({ command: name, params })))
    if (command.get !== undefined) {
      route('GET', command.get.path.replaceAll(/\{(\w+)\}/g, ':$1'), get(command, command.get))
    }
  }
  if (dialect === 'v3') route('POST', '/', post(atRoot))

  for (const method of ['GET', 'HEAD'] as const) {
    route(method, '/health-check', (_request, reply) => {
      const { type, body } = HTTP_DIALECTS[dialect].health(version)
      return reply.type(type).send(body)
    })
  }
  const published = { commands, dialect, version, protected: options.protected }
  const document = once(() => JSON.stringify(openApi(published)))
  const page = once(() => commandsPage(published))
  route('GET', '/openapi.json', (_request, reply) => reply.type(JSON_TYPE).send(document()))
  route('GET', '/docs', (_request, reply) => {
    const { html, policy } = page()
    return reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(html)
  })

  for (const [url, methods] of paths) {
    app.route({
      method: app.supportedMethods.filter((method) => !methods.has(method)),
      url,
      // Before the body is looked at, which such a request may have or not.
      onRequest: async ({ raw }, reply) =>
        refuse(raw, reply.header('allow', [...methods].join(', ')), 'method_not_allowed'),
      handler: () => {},
    })
  }

  try {
    await startListening(app, options)
  } catch (error) {
    await app.close()
    throw error
  }
  if (server === undefined) throw new Error('fastify made no server')
  const listening = server
  const { port } = listening.address() as AddressInfo
  return undefined as never
}
