// The server under the HTTP transports: its bounds, where it listens, and how it ends.
import { createServer as createHttpServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { StartError } from '../error.ts'
import type { Limits } from '../limits.ts'
import type { Log } from '../world.ts'
import { peerOf } from './http_request.ts'
import { TLS_MIN, type TlsPair } from './tls.ts'

export interface ServerOptions {
  /** Without it plain HTTP. */
  readonly tls: TlsPair | undefined
  /** Peers are asked for a certificate. */
  readonly client_certificates: boolean
  readonly limits: Limits
  readonly log: Log
}

/** How often Node looks for requests that take too long, as a part of the time that they have. */
const CHECKS_PER_REQUEST_TIME = 8

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'

/** A server that bounds everything a peer can keep open, and says what it turned away. */
export const createServer = (
  { tls, client_certificates, limits, log }: ServerOptions,
  handle: RequestListener,
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
            // The guard knows certificates by their hash: nobody has to have signed them.
            requestCert: client_certificates,
            rejectUnauthorized: false,
          },
          handle,
        )
  server.maxConnections = limits.connections_max
  // A peer that takes nothing of its answer is silent, too.
  server.setTimeout(limits.http_idle_ms)

  let full = false
  server.on('connection', () => {
    full = false
  })
  server.on('drop', () => {
    if (!full) log('warn', 'too many connections', { connections_max: limits.connections_max })
    full = true
  })
  // Clients that know nothing newer than TLS 1.0 say nothing themselves of why it fails.
  server.on('tlsClientError', (error, socket) => {
    // Whoever leaves in the middle of it, as those do who only look whether a port answers, has no problem with TLS.
    if (codeOf(error) !== 'ECONNRESET') {
      log('warn', 'no TLS connection', { peer: peerOf(socket), reason: codeOf(error) })
    }
  })
  return server
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use, perhaps by another oxd: stop that program, or choose another port with',
  EACCES: 'is not allowed to this account: choose a port from 1024 on with',
  EADDRNOTAVAIL: 'is not an address of this machine: choose another with --bind, not with',
}

/** What to do about an address that cannot be listened on; `flag` names its port. */
export const listenProblem = (error: unknown, host: string, port: number, flag: string): StartError => {
  const shown = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const problem = PROBLEMS[codeOf(error)]
  const text = problem === undefined ? `cannot be listened on (${codeOf(error)}).` : `${problem} ${flag}.`
  return new StartError(`${shown} ${text}`, { cause: error })
}

/** What is open at a server: so that it can end as soon as the last request is answered. */
export interface Busy {
  /** A request has begun; what it returns is called when it has ended. */
  readonly begin: () => () => void
  /** Resolves when no request is under way, or when the time is over; then nothing is open any more. */
  readonly end: (ms: number) => Promise<void>
}

export const watchBusy = (server: Server): Busy => {
  const sockets = new Set<Socket>()
  let requests = 0
  let onIdle = (): void => {}
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    begin() {
      requests += 1
      return () => {
        requests -= 1
        if (requests === 0) onIdle()
      }
    },
    async end(ms) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
        if (requests === 0) onIdle()
      })
      for (const socket of sockets) socket.destroy()
    },
  }
}
