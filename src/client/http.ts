// The way to oxd over HTTPS: the same envelopes as on the socket, by POST, on connections that stay open.
import { Agent, request as httpRequest, validateHeaderValue, type IncomingMessage } from 'node:http'
import { connect as netConnect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import type { ClientLimits } from './limits.ts'
import {
  replyOf,
  type Connection,
  type ConnectionEvents,
  type Job,
  type Reply,
  type Request,
  type Way,
} from './pool.ts'
import type { HttpAddress } from './settings.ts'

type HttpLimits = Pick<ClientLimits, 'reply_bytes_max'>

const OK = 200
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }

/** Makes Node's HTTP client use one socket, which the connection watches over, and says when that is free again. */
class OneSocket extends Agent {
  readonly #socket: Socket
  readonly #free: () => void

  constructor(socket: Socket, free: () => void) {
    super({ keepAlive: true, maxSockets: 1 })
    this.#socket = socket
    this.#free = free
  }

  override createConnection(): Socket {
    return this.#socket
  }

  override keepSocketAlive(socket: Duplex): void {
    // The agent takes the socket back after this; only then may the next request be given to it.
    queueMicrotask(this.#free)
    // Whether to keep it is what Node reads from this, though its types do not say so.
    return super.keepSocketAlive(socket)
  }
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

const open = ({ url, ca, cert, key }: HttpAddress): { socket: Socket; ready: string } => {
  // Whoever writes localhost without TLS means where oxd listens: on ::1 some other program could.
  const host = url.protocol === 'http:' && url.hostname === 'localhost' ? '127.0.0.1' : hostOf(url)
  const port = Number(url.port || DEFAULT_PORTS[url.protocol])
  if (url.protocol === 'http:') return { socket: netConnect({ host, port, noDelay: true }), ready: 'connect' }
  const socket = tlsConnect({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    minVersion: 'TLSv1.2',
    // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED does not turn it off behind our back.
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
  })
  socket.setNoDelay(true)
  return { socket, ready: 'secureConnect' }
}

/** What can be told of an answer that is no envelope. */
const answered = ({ statusCode = 0, headers }: IncomingMessage): string =>
  statusCode >= 300 && statusCode < 400
    ? `answered with a redirect (HTTP ${statusCode}), which is not followed`
    : statusCode === OK
      ? `sent something that is no reply of oxd (${headers['content-type'] ?? 'of no type'})`
      : `answered with HTTP ${statusCode}`

class HttpConnection implements Connection {
  readonly #address: HttpAddress
  readonly #limits: HttpLimits
  readonly #events: ConnectionEvents
  readonly #socket: Socket
  readonly #ready: string
  readonly #agent: OneSocket
  #job: Job | undefined
  /** The whole reply, until the connection is free again. */
  #reply: Reply | undefined
  #isReady = false
  #open = true

  constructor(address: HttpAddress, limits: HttpLimits, events: ConnectionEvents) {
    this.#address = address
    this.#limits = limits
    this.#events = events
    const { socket, ready } = open(address)
    this.#socket = socket
    this.#ready = ready
    this.#agent = new OneSocket(socket, () => this.#free())
    let cause: unknown
    socket
      .once(ready, () => {
        this.#isReady = true
      })
      // Also keeps the bytes flowing between two requests, so that none of them wait for the next one.
      .on('data', () => {
        if (this.#job?.sent === true) this.#job.answered = true
        // Nothing was asked: whatever this is, it must not become the answer to the next question. Newer Nodes see to it, too.
        else this.end(undefined)
      })
      .on('error', (error) => {
        cause = error
      })
      .on('close', () => this.end(cause))
  }

  get job(): Job | undefined {
    return this.#job
  }

  carry(job: Job): void {
    this.#job = job
    if (this.#isReady) this.#write(job)
    else this.#socket.once(this.#ready, () => this.#write(job))
  }

  rest(): void {
    // The agent has seen to it that the socket keeps no process alive.
    this.#job = undefined
  }

  end(cause: unknown): void {
    if (!this.#open) return
    this.#open = false
    this.#socket.destroy()
    // Where the server closes after each reply, this is how one that was complete comes out.
    if (this.#reply !== undefined) this.#job?.settle({ reply: this.#reply })
    this.#events.ended(this, cause)
  }

  #free(): void {
    const reply = this.#reply
    if (!this.#open || this.#socket.destroyed || reply === undefined) return
    this.#reply = undefined
    this.#events.replied(this, reply)
  }

  #write(job: Job): void {
    if (!this.#open || this.#job !== job) return
    const { url } = this.#address
    const { command, token } = job.request
    job.sent = true
    httpRequest({
      agent: this.#agent,
      host: hostOf(url),
      method: 'POST',
      path: `${url.pathname}${encodeURIComponent(command.replaceAll('_', '-'))}`,
      headers: {
        host: url.host,
        accept: 'application/json',
        // Otherwise a small answer could become a large one here.
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        'content-length': job.bytes.length,
        oxd: '1',
        ...(token === undefined ? {} : { authorization: bearer(token) }),
      },
    })
      .on('response', (response: IncomingMessage) => this.#take(response))
      // Its socket says so, too.
      .on('error', () => undefined)
      .end(job.bytes)
  }

  #take(response: IncomingMessage): void {
    const { reply_bytes_max } = this.#limits
    const chunks: Buffer[] = []
    let bytes = 0
    response
      .on('data', (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > reply_bytes_max) {
          this.#events.replied(this, `sent more than ${reply_bytes_max} bytes`)
        }
      })
      .on('end', () => {
        const reply = envelopeIn(response, chunks)
        if (typeof reply === 'string') this.#events.replied(this, reply)
        else this.#reply = reply
      })
      // Broken off: its socket says so, too.
      .on('error', () => undefined)
  }
}

/** A refusal is one whatever its status; success is HTTP 200. */
const envelopeIn = (response: IncomingMessage, chunks: readonly Buffer[]): Reply | string => {
  const wrong = answered(response)
  try {
    const reply = replyOf(JSON.parse(Buffer.concat(chunks).toString('utf8')))
    if (typeof reply === 'string') return wrong
    return reply.status === 'error' || response.statusCode === OK ? reply : wrong
  } catch {
    return wrong
  }
}

const bearer = (token: string): string => `Bearer ${token}`

const bytesOf = ({ params, token }: Request): Buffer => {
  // Here, where whoever asks gets the error; it does not show the value.
  if (token !== undefined) validateHeaderValue('authorization', bearer(token))
  return Buffer.from(JSON.stringify(params))
}

/** What to do about the codes with which Node and OpenSSL refuse a connection. */
const ADVICE: readonly (readonly [code: RegExp, advice: string])[] = [
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name: put one of those into the url'],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/, 'its certificate is not valid now: check that, and the clocks'],
  [/SELF_SIGNED|^UNABLE_TO_/, 'its certificate is not trusted: give the CA that signed it as `ca`'],
  [/^EPROTO$|^ERR_SSL_/, 'the TLS handshake failed: does oxd speak https there, and want a certificate?'],
]

/** `POST <url>/<command-with-hyphens>` with the header `Oxd: 1`, on either HTTPS listener of `oxd serve`. */
export const httpTo = (address: HttpAddress, limits: HttpLimits): Way => {
  const place = address.url.href
  return {
    place,
    encode: bytesOf,
    connect: (events) => new HttpConnection(address, limits, events),
    advice: (code) => ADVICE.find(([known]) => known.test(code))?.[1] ?? `is oxd running on ${place}?`,
  }
}
