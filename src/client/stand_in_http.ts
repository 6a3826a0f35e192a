// For the tests of the library: a peer that speaks HTTP or HTTPS as oxd does and answers as the test says.
import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttps, type ServerOptions } from 'node:https'
import type { Socket } from 'node:net'

export interface AskedByHttp {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly params: Readonly<Record<string, unknown>>
}
/** An object is the `data` of a success; undefined: no answer; a function does with the response what it likes. */
export type HttpAnswer = Readonly<Record<string, unknown>> | undefined | ((response: ServerResponse) => void)

export interface HttpStandIn {
  readonly port: number
  readonly url: string
  readonly asked: AskedByHttp[]
  readonly sockets: Set<Socket>
  /** Connections made so far. */
  readonly connections: () => number
  /** Closes the server and all connections. */
  readonly stop: () => Promise<void>
}

/** An envelope, as oxd sends it. */
export const send = (response: ServerResponse, envelope: unknown, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(envelope))

export const httpRefusal =
  (error: string, error_description: string, details?: unknown, status?: number) =>
  (response: ServerResponse): void =>
    send(response, { status: 'error', data: { error, error_description, details } }, status)

/** Starts a peer on 127.0.0.1; with `tls` it speaks https. */
export const httpStandIn = async (
  answer: (asked: AskedByHttp) => HttpAnswer | Promise<HttpAnswer>,
  { tls, port = 0 }: { readonly tls?: ServerOptions; readonly port?: number } = {},
): Promise<HttpStandIn> => {
  const asked: AskedByHttp[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    for await (const chunk of request) chunks.push(chunk)
    const { method, url: path, headers } = request
    // Only our own library connects here.
    const params: AskedByHttp['params'] = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    const one = { method, path, headers, params }
    asked.push(one)
    const data = await answer(one)
    if (response.destroyed || data === undefined) return
    if (typeof data === 'function') data(response)
    else send(response, { status: 'ok', data })
  }
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    // A peer that broke off in the middle.
    take(request, response).catch(() => response.destroy())
  }
  const server: Server = tls === undefined ? createHttp(handle) : createHttps(tls, handle)
  server
    .on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      connections += 1
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    })
    .on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port: bound,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${bound}`,
    asked,
    sockets,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of sockets) socket.destroy()
      }),
  }
}
