// What an OP can do to its peer on the way back, whatever the endpoint: the faults of HTTP and of the connection.
// They carry the good answer where they can, so that a relying party without the defence would accept them.
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib'

/** The answer that an honest OP would give. */
export interface Good {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Write = (response: ServerResponse, good: Good, gone: AbortSignal) => void | Promise<void>

/** An answer in place of the good one. `write` may use the socket below; `gone` tells that the peer has left. */
export class Reply {
  readonly write: Write
  constructor(write: Write) {
    this.write = write
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' }
const CHUNK = 'a'.repeat(65_536)

const send = (response: ServerResponse, { status, headers, body }: Good | RawAnswer): void => {
  response.writeHead(status ?? 200, headers ?? JSON_HEADERS)
  response.end(body)
}

export interface RawAnswer {
  /** Default: 200. */
  readonly status?: number
  /** Default: JSON. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** The members of a JSON object in text form with one more before or behind them. */
const insert = (body: string, member: string, place: 'first' | 'last'): string =>
  place === 'first' ? `{${member},${body.slice(1)}` : `${body.slice(0, -1)},${member}}`

/** The good object, valid to its end, behind `bytes` of padding. */
const padded = function* (body: string, bytes: number): Generator<string> {
  yield '{"padding":"'
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.slice(0, left)
  yield `",${body.slice(1)}`
}

const CODINGS = { gzip: createGzip, deflate: createDeflate, br: createBrotliCompress }

/** A bound on everything endless: what a peer without a limit would read before the test tells. */
const ENDLESS_BYTES = 64 * 1024 * 1024

export const reply = {
  /** Exactly this. */
  raw: (answer: RawAnswer): Reply => new Reply((response) => send(response, answer)),
  /** The good body under another status. */
  status: (status: number): Reply => new Reply((response, good) => send(response, { ...good, status })),
  /** The good answer with these headers over its own; an empty text removes one. */
  headers: (headers: Readonly<Record<string, string>>): Reply =>
    new Reply((response, good) => {
      const all = Object.entries({ ...good.headers, ...headers }).filter(([, value]) => value !== '')
      send(response, { ...good, headers: Object.fromEntries(all) })
    }),
  /** A redirect that carries the good body too. */
  redirect: (location: string, status = 302): Reply =>
    new Reply((response, good) =>
      send(response, { ...good, status, headers: { ...good.headers, location } }),
    ),
  /** A page: a captive portal with 200, a broken gateway with 502. */
  html: (status = 200): Reply =>
    reply.raw({
      status,
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html><title>Sign in</title><p>Welcome to the network.</p>',
    }),
  /** JSON is announced, nothing comes. */
  empty: (status = 200): Reply => reply.raw({ status }),
  /** The first half of the good body, complete as far as HTTP knows. */
  truncated_json: (): Reply =>
    new Reply((response, good) =>
      send(response, { ...good, body: good.body.slice(0, good.body.length / 2) }),
    ),
  /** The good object with one member twice. */
  duplicate: (member: string, value: unknown, place: 'first' | 'last' = 'last'): Reply =>
    new Reply((response, good) => {
      const text = `${JSON.stringify(member)}:${JSON.stringify(value)}`
      send(response, { ...good, body: insert(good.body, text, place) })
    }),
  /** The good object in a content coding, `padding_bytes` larger once it is decoded: a bomb when they are many. */
  compressed: (coding: keyof typeof CODINGS, padding_bytes = 0): Reply =>
    new Reply(async (response, good) => {
      response.writeHead(good.status, { ...good.headers, 'content-encoding': coding })
      await pipeline(Readable.from(padded(good.body, padding_bytes)), CODINGS[coding](), response)
    }),
  /** The good object behind `bytes` of padding, its length announced. */
  huge: (bytes = ENDLESS_BYTES): Reply =>
    new Reply(async (response, good) => {
      const length = '{"padding":""}'.length + bytes + Buffer.byteLength(good.body) - 1
      response.writeHead(good.status, { ...good.headers, 'content-length': length })
      await pipeline(Readable.from(padded(good.body, bytes)), response)
    }),
  /** The same in chunks, without saying how many will come. */
  endless: (bytes = ENDLESS_BYTES): Reply =>
    new Reply(async (response, good) => {
      response.writeHead(good.status, good.headers)
      await pipeline(Readable.from(padded(good.body, bytes)), response)
    }),
  /** Takes the request and never says a word. */
  hang: (): Reply => new Reply(() => {}),
  /** A header that grows by a byte every `ms` and never ends. */
  drip_header: (ms = 20): Reply =>
    new Reply(async (response, _good, gone) => {
      response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ')
      while (!gone.aborted) {
        response.socket?.write('a')
        await delay(ms, undefined, { signal: gone })
      }
    }),
  /** The good body, a byte every `ms`. */
  drip: (ms = 20): Reply =>
    new Reply(async (response, good, gone) => {
      response.writeHead(good.status, { ...good.headers, 'content-length': Buffer.byteLength(good.body) })
      for (const byte of Buffer.from(good.body)) {
        response.write(Buffer.of(byte))
        await delay(ms, undefined, { signal: gone })
      }
      response.end()
    }),
  /** Header and half of the body, then silence on an open connection. */
  stall: (): Reply =>
    new Reply((response, good) => {
      response.writeHead(good.status, { ...good.headers, 'content-length': Buffer.byteLength(good.body) })
      response.write(good.body.slice(0, good.body.length / 2))
    }),
  /** Header and half of the body, then the connection is closed. */
  cut: (): Reply =>
    new Reply((response, good) => {
      response.writeHead(good.status, { ...good.headers, 'content-length': Buffer.byteLength(good.body) })
      response.write(good.body.slice(0, good.body.length / 2), () => response.destroy())
    }),
  /** Takes the request, then resets the connection. */
  reset: (): Reply =>
    new Reply(({ socket }) => {
      // TLS has no handle that could be reset.
      if (socket instanceof TLSSocket) socket.destroy()
      else socket?.resetAndDestroy()
    }),
} as const
