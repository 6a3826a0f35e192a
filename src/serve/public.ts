// The public listener: what OPs and browsers send to sites, and fetch of oxd. It knows no commands.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { PublicDesk, PublicParams } from '../public_desk.ts'
import type { HttpListening } from './http.ts'
import { plainAddress } from './http_addresses.ts'
import { peerOf } from './http_request.ts'
import { codeOf, createServer, listenProblem, watchBusy, type ServerOptions } from './http_server.ts'
import { TLS_MIN } from './tls.ts'

export interface PublicOptions extends Omit<ServerOptions, 'client_certificates'> {
  readonly host: string
  readonly port: number
  readonly desk: PublicDesk
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Asked {
  /** What the path leaves open. */
  readonly name: string
  /** Of the query, or of the form. */
  readonly params: PublicParams
  readonly peer: string
}

interface Route {
  readonly path: RegExp
  readonly methods: readonly ('GET' | 'HEAD' | 'POST')[]
  readonly answer: (desk: PublicDesk, asked: Asked) => Promise<Reply>
}

/** On every answer. */
const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

const json = (status: number, value: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** A page without script, picture or style. It may be framed: OPs show it in frames, and there is nothing in it to click. */
const page = (status: number, text: string): Reply => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': "default-src 'none'" },
  body: `<!doctype html><html lang="en"><title>${text}</title><p>${text}</p></html>\n`,
})

const NAME = '([A-Za-z0-9_-]{1,128})'

const ROUTES: readonly Route[] = [
  {
    path: new RegExp(`^/backchannel-logout/${NAME}$`),
    methods: ['POST'],
    // Back-Channel Logout 2.8. Which rule refused is in the log alone.
    answer: async (desk, { name, params, peer }) =>
      (await desk.backChannelLogout(name, params, peer))
        ? { status: 200 }
        : json(400, { error: 'invalid_request' }),
  },
  {
    path: new RegExp(`^/frontchannel-logout/${NAME}$`),
    methods: ['GET'],
    // The same page whatever it did: it tells nobody which sessions there are.
    async answer(desk, { name, params, peer }) {
      await desk.frontChannelLogout(name, params, peer)
      return page(200, 'Logged out')
    },
  },
  {
    path: new RegExp(`^/initiate-login/${NAME}$`),
    methods: ['GET', 'POST'],
    async answer(desk, { name, params, peer }) {
      const location = await desk.initiateLogin(name, params, peer)
      return location === undefined
        ? page(400, 'This login cannot be started here.')
        : { status: 303, headers: { location } }
    },
  },
  {
    path: new RegExp(`^/get-request-object/${NAME}$`),
    methods: ['GET'],
    async answer(desk, { name }) {
      const body = await desk.requestObject(name)
      const headers = { 'content-type': 'application/oauth-authz-req+jwt' }
      return body === undefined ? { status: 404 } : { status: 200, headers, body }
    },
  },
  {
    path: /^\/get-rp-jwks$/,
    methods: ['GET', 'HEAD'],
    answer: async (desk) => json(200, { keys: await desk.keys() }),
  },
]

const FORM = /^application\/x-www-form-urlencoded *(?:;|$)/i
const MINUTE_MS = 60_000

/** What came once; a parameter that came twice says nothing (RFC 6749 section 3.1), nor does any of very many. */
export const readParams = (
  text: string,
  { public_parameters_max }: Pick<PublicOptions['limits'], 'public_parameters_max'>,
): PublicParams => {
  // A body has room for some ten thousand, each of which costs more than the whole request: nobody has so many to say.
  if (text.split('&', public_parameters_max + 1).length > public_parameters_max) return {}
  const once = new Map<string, string>()
  const twice = new Set<string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (once.has(name)) twice.add(name)
    once.set(name, value)
  }
  return Object.fromEntries([...once].filter(([name]) => !twice.has(name)))
}

/** The body, or undefined if it is too large. */
const readBody = async (request: IncomingMessage, bytes_max: number): Promise<string | undefined> => {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request) {
    // The stream has no encoding, so its parts are bytes.
    const chunk = part as Buffer
    bytes += chunk.length
    if (bytes > bytes_max) return undefined
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Counts the requests of each source, a minute at a time; those beyond `public_sources_max` count as one. */
export const createMeter = (
  now: () => number,
  limits: Pick<PublicOptions['limits'], 'public_sources_max' | 'public_requests_per_minute'>,
) => {
  let counts = new Map<string, number>()
  let began = now()
  /** Is there room for one more? */
  return (source: string): boolean => {
    const age = now() - began
    if (age < 0 || age >= MINUTE_MS) {
      counts = new Map()
      began = now()
    }
    const key = counts.has(source) || counts.size < limits.public_sources_max ? source : 'others'
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count <= limits.public_requests_per_minute
  }
}

/**
 * Makes room at a server that has all its connections: the one that has asked nothing for the longest time gives its place to
 * whoever comes. Else a stranger who sends requests slowly, or none, could keep all others out.
 */
const createPlaces = (server: Server, connections_max: number) => {
  /** Those that ask nothing, the longest first. By address and port: with TLS the socket of a request is not that of the connection. */
  const silent = new Map<string, Socket>()
  let open = 0
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    open += 1
    socket.once('close', () => {
      open -= 1
      silent.delete(peer)
    })
    const [longest] = silent
    silent.set(peer, socket)
    // One place is kept free: where there is none, nobody is heard.
    if (open < connections_max || longest === undefined) return
    silent.delete(longest[0])
    longest[1].destroy()
  })
  return {
    /** A request is complete; what it returns is called when it is answered. */
    asked(request: Pick<IncomingMessage, 'socket'>): () => void {
      const peer = peerOf(request.socket)
      const socket = silent.get(peer)
      silent.delete(peer)
      return () => {
        if (socket?.destroyed === false) silent.set(peer, socket)
      }
    },
  }
}

/** The address; of an IPv6 one what a provider gives to one customer, however its zeros are written (RFC 5952 section 4.2). */
export const sourceOf = ({
  remoteAddress = '',
}: Pick<IncomingMessage['socket'], 'remoteAddress'>): string => {
  const address = plainAddress(remoteAddress)
  if (!address.includes(':')) return address
  const [front = [], back = []] = address
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0')
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}

/**
 * Listens for HTTP, or HTTPS if there is a certificate.
 * @throws StartError, with what to do, when the address is taken or not allowed
 */
export const listenPublic = async ({
  host: given,
  port,
  desk,
  now,
  ...options
}: PublicOptions): Promise<HttpListening> => {
  const { limits, log } = options
  const host = given === 'localhost' ? '127.0.0.1' : given
  const isWithin = createMeter(now, limits)
  let stopping = false

  const replyTo = async (request: IncomingMessage): Promise<Reply> => {
    if (stopping) return { status: 503 }
    if (!isWithin(sourceOf(request.socket))) return { status: 429, headers: { 'retry-after': '60' } }
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s, 2)
    const route = ROUTES.find((each) => each.path.test(path))
    if (route === undefined) return { status: 404 }
    const method = route.methods.find((each) => each === request.method)
    if (method === undefined) return { status: 405, headers: { allow: route.methods.join(', ') } }
    let text: string | undefined = query
    if (method === 'POST') {
      if (!FORM.test(request.headers['content-type'] ?? '')) return { status: 415 }
      text = await readBody(request, limits.public_body_bytes_max)
      if (text === undefined) return { status: 413, headers: { connection: 'close' } }
    }
    const [, name = ''] = route.path.exec(path) ?? []
    const answered = places.asked(request)
    const asked = { name, params: readParams(text, limits), peer: peerOf(request.socket) }
    return route.answer(desk, asked).finally(answered)
  }

  const send = (response: ServerResponse, { status, headers = {}, body = '' }: Reply): void => {
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const closing = stopping ? { connection: 'close' } : {}
    response.writeHead(status, { ...HEADERS, ...length, ...headers, ...closing }).end(body)
  }

  const listening: Server = createServer({ ...options, client_certificates: false }, (request, response) => {
    response.once('close', busy.begin())
    replyTo(request)
      .catch((error: unknown): Reply => {
        // The text of an error that nobody foresaw may hold a secret. A request that broke off needs no answer.
        const name = error instanceof Error ? error.name : typeof error
        if (!request.destroyed)
          log('error', 'a request failed', { peer: peerOf(request.socket), error: name })
        return { status: 500 }
      })
      .then((reply) => send(response, reply))
  })
  const busy = watchBusy(listening)
  const places = createPlaces(listening, limits.connections_max)

  await new Promise<void>((resolve, reject) => {
    listening.once('error', (error) => reject(listenProblem(error, host, port, '--public-port')))
    listening.listen(port, host, resolve)
  })
  listening.removeAllListeners('error')
  // Out of file descriptors, for example: the daemon goes on with the connections that it has.
  listening.on('error', (error) => log('warn', 'accept failed', { error: codeOf(error) }))
  // A TCP server that listens has an AddressInfo; the string is for pipes, null for servers that do not listen.
  const { address, port: bound } = listening.address() as AddressInfo

  const close = async (): Promise<void> => {
    stopping = true
    const ended = new Promise<void>((resolve) => listening.close(() => resolve()))
    await busy.end(limits.shutdown_ms)
    await ended
  }
  let closed: Promise<void> | undefined
  return {
    address: { host: address, port: bound },
    prepare:
      ({ tls }) =>
      () => {
        if (tls === undefined || !(listening instanceof HttpsServer)) return
        listening.setSecureContext({ cert: tls.cert, key: tls.key, minVersion: TLS_MIN })
      },
    close: () => (closed ??= close()),
  }
}
