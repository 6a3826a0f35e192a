// The HTTP transports: a path for each command, in the dialect of oxd 3.1 or in that of 4.x.
import type { IncomingMessage, Server } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AnyCommand } from '../command.ts'
import type { Dispatch } from '../dispatch.ts'
import type { ErrorCode } from '../error.ts'
import { createAddressFilter } from './http_addresses.ts'
import { HTTP_DIALECTS, type HttpReply } from './http_dialects.ts'
import { isOwnHost } from './http_hosts.ts'
import { credentialsOf, dialectOf, peerOf, readBody, readQuery } from './http_request.ts'
import { routesOf, type HttpRequest } from './http_routes.ts'
import { codeOf, createServer, listenProblem, watchBusy, type ServerOptions } from './http_server.ts'
import { TLS_MIN, type TlsPair } from './tls.ts'

export interface HttpOptions extends ServerOptions {
  /** How its clients speak: oxd 3.1 (the https extension) or 4.x. */
  readonly dialect: 'v3' | 'v4'
  /** An address, or `localhost` for 127.0.0.1; port 0 takes a free one. */
  readonly host: string
  readonly port: number
  /** The flag that names the port, for the text of an error. */
  readonly flag: string
  /** Must callers prove themselves? */
  readonly protected: boolean
  /** From where it may be called; see `createAddressFilter`. */
  readonly allowed_ip: readonly string[]
  readonly commands: readonly AnyCommand[]
  readonly call: Dispatch['call']
  readonly refuse: Dispatch['refuse']
  /** Of oxd, for the health check and the documents. */
  readonly version: string
}

export interface HttpListening {
  readonly address: { readonly host: string; readonly port: number }
  /**
   * Checks what may change while it listens; the function that it returns takes it, for connections and requests to come.
   * @throws StartError
   */
  readonly prepare: (changed: {
    readonly tls: TlsPair | undefined
    readonly allowed_ip: readonly string[]
  }) => () => void
  /** Accepts nothing more, lets the requests under way be answered, refuses further ones; within `shutdown_ms`. */
  readonly close: () => Promise<void>
}

/** On every answer: it may hold secrets, and is what its type says. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const
const JSON_TYPE = 'application/json'

/** What Node and fastify find wrong with a request. */
const FOUND: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'frame_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_http',
  FST_ERR_BAD_URL: 'unknown_path',
  FST_ERR_MAX_PARAM_LENGTH: 'unknown_path',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'frame_incomplete',
  // The peer left in the middle of its body.
  ECONNRESET: 'frame_incomplete',
}

/**
 * Listens for HTTP, or HTTPS if there is a certificate.
 * @throws StartError, with what to do, when the address is taken or not allowed
 */
export const listenHttp = async (options: HttpOptions): Promise<HttpListening> => {
  const { dialect, limits, log } = options
  // The name has an IPv6 address, too; old clients know only the other one.
  const host = options.host === 'localhost' ? '127.0.0.1' : options.host
  let isAllowed = createAddressFilter(options.allowed_ip)
  let certificate = options.tls?.certificate
  let stopping = false

  const refusal = (raw: IncomingMessage, code: ErrorCode): HttpReply => {
    const spoken = dialectOf(raw.headers, dialect)
    const answer = options.refuse(code, spoken, peerOf(raw.socket))
    return HTTP_DIALECTS[spoken].refusal(answer, code, raw.method)
  }

  const send = (
    reply: FastifyReply,
    { status, type = JSON_TYPE, body, headers = {} }: HttpReply,
  ): FastifyReply =>
    reply
      .code(status)
      .headers(headers)
      .type(type)
      .send(type === JSON_TYPE ? JSON.stringify(body) : body)

  /** The first thing that is wrong with a request, whatever it asks for. */
  const problemOf = ({ headers, socket }: IncomingMessage): ErrorCode | undefined => {
    if (!isAllowed(socket.remoteAddress ?? '')) return 'oxd_access_denied'
    if (!isOwnHost({ host: headers.host, at: socket.localAddress ?? '', certificate })) return 'foreign_host'
    if (headers.origin !== undefined) return 'foreign_origin'
    return stopping ? 'shutting_down' : undefined
  }

  /** What came never became a request: it is answered by hand, and the connection ends. */
  const refuseRaw = (problem: string, socket: Socket): void => {
    // The peer has gone, or an answer was begun.
    if (problem === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) return void socket.destroy()
    const code = FOUND[problem] ?? 'malformed_http'
    const answer = options.refuse(code, dialect, peerOf(socket))
    const { status, body } = HTTP_DIALECTS[dialect].refusal(answer, code, undefined)
    const text = JSON.stringify(body)
    const headers = {
      ...HEADERS,
      'content-type': JSON_TYPE,
      'content-length': String(Buffer.byteLength(text)),
      connection: 'close',
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    socket.end([`HTTP/1.1 ${status} Refused`, ...lines, '', text].join('\r\n'))
  }

  /** Requests under way: what only waits in them is ended with them. */
  const underWay = new Set<AbortController>()

  const asked = (request: FastifyRequest, reply: FastifyReply): HttpRequest => {
    const { raw } = request
    const over = new AbortController()
    underWay.add(over)
    reply.raw.once('close', () => {
      underWay.delete(over)
      over.abort()
    })
    const spoken = dialectOf(raw.headers, dialect)
    return {
      native: spoken === 'native',
      // The only parser that is left hands over bytes.
      body: () => readBody(request.body as Buffer | undefined),
      query: () => readQuery(request.query, request.params),
      async call(command, params) {
        const answer = await options.call({
          command,
          params,
          dialect: spoken,
          credentials: credentialsOf(raw, options.protected),
          peer: peerOf(raw.socket),
          signal: over.signal,
        })
        return { answer, reply: HTTP_DIALECTS[spoken].answer(answer) }
      },
    }
  }

  // Loaded here, because a daemon that has only sockets need not pay for it.
  const { fastify } = await import('fastify')
  let server: Server | undefined
  const app = fastify({
    serverFactory: (handle) => (server = createServer(options, handle)),
    bodyLimit: limits.http_body_bytes_max,
    forceCloseConnections: false,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: limits.text_characters_max },
    clientErrorHandler: (error, socket) => refuseRaw(codeOf(error), socket),
    // Before the hooks: a path that cannot be decoded.
    frameworkErrors: ({ code }, { raw }, reply) => {
      void send(reply.headers(HEADERS), refusal(raw, problemOf(raw) ?? FOUND[code] ?? 'malformed_http'))
    },
  })
  if (server === undefined) throw new Error('fastify made no server')
  const listening: Server = server
  const busy = watchBusy(listening)

  app.addHook('onRequest', async ({ raw }, reply) => {
    reply.raw.once('close', busy.begin())
    reply.headers(HEADERS)
    if (stopping) reply.header('connection', 'close')
    const problem = problemOf(raw)
    return problem === undefined ? undefined : send(reply, refusal(raw, problem))
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setNotFoundHandler(({ raw }, reply) => send(reply, refusal(raw, 'unknown_path')))
  app.setErrorHandler(async (error, { raw }, reply) => {
    const code = FOUND[codeOf(error)]
    if (code === undefined) {
      // The text of an error that nobody foresaw may hold a secret.
      const name = error instanceof Error ? error.name : typeof error
      log('error', 'a request failed', { peer: peerOf(raw.socket), error: name })
    }
    if (code === 'frame_too_large') await readAway(raw, limits.close_ms_max)
    return send(reply, refusal(raw, code ?? 'internal_error'))
  })

  // A path may have a command that is posted and one that is got.
  for (const [path, routes] of Map.groupBy(routesOf(options), (route) => route.path)) {
    const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
    for (const { methods, handle } of routes) {
      app.route({
        method: [...methods],
        url,
        handler: async (request, reply) =>
          send(reply, (await handle(asked(request, reply))) ?? refusal(request.raw, 'malformed_json')),
      })
    }
    const allowed: readonly string[] = routes.flatMap(({ methods }) => methods)
    app.route({
      method: app.supportedMethods.filter((method) => !allowed.includes(method)),
      url,
      // Before anybody looks at the body, which such a request may have or not.
      onRequest: async ({ raw }, reply) =>
        send(reply.header('allow', allowed.join(', ')), refusal(raw, 'method_not_allowed')),
      handler: () => {},
    })
  }

  try {
    await app.listen({ host, port: options.port })
  } catch (error) {
    await app.close()
    throw listenProblem(error, host, options.port, options.flag)
  }
  // Out of file descriptors, for example: the daemon goes on with the connections that it has.
  listening.on('error', (error) => log('warn', 'accept failed', { error: codeOf(error) }))
  // A TCP server that listens has an AddressInfo; the string is for pipes, null for servers that do not listen.
  const { address, port } = listening.address() as AddressInfo

  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    stopping = true
    for (const over of underWay) over.abort()
    const ended = app.close()
    await busy.end(limits.shutdown_ms)
    await ended
  }
  return {
    address: { host: address, port },
    prepare({ tls, allowed_ip }) {
      const filter = createAddressFilter(allowed_ip)
      return () => {
        isAllowed = filter
        if (tls === undefined || !(listening instanceof HttpsServer)) return
        listening.setSecureContext({ cert: tls.cert, key: tls.key, minVersion: TLS_MIN })
        certificate = tls.certificate
      }
    },
    close: () => (closed ??= close()),
  }
}

/** An answer to half a request is lost when the other half arrives at a closed connection: it is read away for a while. */
const readAway = async (request: IncomingMessage, ms: number): Promise<void> => {
  const ended = new AbortController()
  for (const event of ['end', 'close']) request.once(event, () => ended.abort())
  request.resume()
  await delay(ms, undefined, { signal: ended.signal }).catch(() => {})
}
