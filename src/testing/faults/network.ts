// What can go wrong on the way from an OP, whatever was asked: HTTP, the connection, the shape of the JSON.
import { gzipSync } from 'node:zlib'
import type { EndpointName } from '../op.ts'
import { reply, Reply } from '../reply.ts'
import type { NamedFault, Places } from './fault.ts'

interface Transport {
  /** Said of the answer of an endpoint: `%` is its name. */
  readonly what: string
  readonly spec: string
  readonly lie: Reply | ((places: Places) => Reply)
}

const GIB = 1024 ** 3
const MIB = 1024 ** 2
/** Decoded a thousand times as large, and beyond every bound of memory. */
const BOMB_BYTES = 100 * MIB

/** Bytes in place of an answer of HTTP. */
const raw = (write: (good: string) => string | Buffer): Reply =>
  new Reply((response, good) => void response.socket?.end(write(good.body)))

/** The good body, changed. */
const body = (change: (good: string) => string | Buffer): Reply =>
  new Reply((response, good) => {
    response.writeHead(good.status, good.headers).end(change(good.body))
  })
/** The good object, with these members in text form before its last brace. */
const withMembers = (members: () => string): Reply => body((good) => `${good.slice(0, -1)},${members()}}`)

/** Names that fall into one bucket where strings are hashed by a multiplier of 31, as many runtimes did. */
const collidingNames = (count: number): string[] =>
  Array.from({ length: count }, (_, n) =>
    Array.from({ length: 17 }, (_bit, at) => ((n >> at) & 1 ? 'Aa' : 'BB')).join(''),
  )

const LONG_DEPTH = 100_000
const INTERIM = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
const FINAL = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: '

const TRANSPORT = {
  html: {
    what: 'The % answers with a page, as a captive portal does.',
    spec: 'RFC 6749 5.1',
    lie: reply.html(),
  },
  empty: { what: 'The % answers 200 with nothing.', spec: '-', lie: reply.empty() },
  no_content: { what: 'The % answers 204.', spec: '-', lie: reply.raw({ status: 204, headers: {} }) },
  not_found: { what: 'The % answers 404.', spec: '-', lie: reply.html(404) },
  server_error: { what: 'The % answers 500 with a page.', spec: '-', lie: reply.html(500) },
  bad_gateway: { what: 'The % answers 502 with a page.', spec: '-', lie: reply.html(502) },
  unavailable: { what: 'The % answers 503 with a page.', spec: '-', lie: reply.html(503) },
  gateway_timeout: { what: 'The % answers 504 with a page.', spec: '-', lie: reply.html(504) },
  too_many: {
    what: 'The % answers 429, to be asked again in a day.',
    spec: 'RFC 6585 4',
    lie: reply.raw({ status: 429, headers: { 'retry-after': '86400' }, body: 'slow down' }),
  },
  as_text: {
    what: 'The % sends its JSON as text/plain.',
    spec: '-',
    lie: reply.headers({ 'content-type': 'text/plain' }),
  },
  as_html: {
    what: 'The % sends its JSON as text/html.',
    spec: '-',
    lie: reply.headers({ 'content-type': 'text/html' }),
  },
  untyped: {
    what: 'The % sends its JSON without a content type.',
    spec: '-',
    lie: reply.headers({ 'content-type': '' }),
  },
  redirects_301: {
    what: 'The % redirects (301) to an attacker.',
    spec: 'RFC 9700 4.12',
    lie: ({ attacker }) => reply.redirect(attacker, 301),
  },
  redirects_302: {
    what: 'The % redirects (302) to an attacker.',
    spec: 'RFC 9700 4.12',
    lie: ({ attacker }) => reply.redirect(attacker, 302),
  },
  redirects_303: {
    what: 'The % redirects (303) to an attacker.',
    spec: 'RFC 9700 4.12',
    lie: ({ attacker }) => reply.redirect(attacker, 303),
  },
  redirects_307: {
    what: 'The % redirects (307) to an attacker, with the request.',
    spec: 'RFC 9700 4.12',
    lie: ({ attacker }) => reply.redirect(attacker, 307),
  },
  redirects_308: {
    what: 'The % redirects (308) to an attacker, with the request.',
    spec: 'RFC 9700 4.12',
    lie: ({ attacker }) => reply.redirect(attacker, 308),
  },
  redirects_home: {
    what: 'The % redirects to another path of the same origin.',
    spec: 'RFC 9700 4.12',
    lie: ({ issuer }) => reply.redirect(`${issuer}/elsewhere`),
  },
  redirects_in_circles: {
    what: 'The % redirects to itself for ever.',
    spec: '-',
    lie: reply.redirect('?again'),
  },
  redirects_inside: {
    what: 'The % redirects to an internal service.',
    spec: 'RFC 9700 4.12',
    lie: ({ canary }) => reply.redirect(canary),
  },
  hangs: { what: 'The % takes the request and never says a word.', spec: '-', lie: reply.hang() },
  drips_headers: {
    what: 'The % sends its headers a byte at a time, without an end.',
    spec: '-',
    lie: reply.drip_header(),
  },
  drips: { what: 'The % sends its answer a byte each second.', spec: '-', lie: reply.drip(1_000) },
  stalls: { what: 'The % stops in the middle of its answer.', spec: '-', lie: reply.stall() },
  cut: {
    what: 'The % announces more than it sends, and hangs up.',
    spec: 'RFC 9112 8',
    lie: reply.cut(),
  },
  cut_chunk: {
    what: 'The % hangs up without the last chunk.',
    spec: 'RFC 9112 8',
    lie: new Reply((response, good) => {
      response.writeHead(good.status, good.headers)
      response.write(good.body, () => response.destroy())
    }),
  },
  resets: {
    what: 'The % takes the request and resets the connection.',
    spec: 'RFC 9112 8',
    lie: reply.reset(),
  },
  huge: { what: 'The % announces a GiB.', spec: '-', lie: reply.huge(GIB) },
  endless: {
    what: 'The % sends its answer after 64 MiB of padding, in chunks.',
    spec: '-',
    lie: reply.endless(),
  },
  gzip_bomb: {
    what: 'The % sends 100 MiB, compressed (gzip) to a thousandth.',
    spec: 'RFC 9110 8.4',
    lie: reply.compressed('gzip', BOMB_BYTES),
  },
  br_bomb: {
    what: 'The % sends 100 MiB, compressed (br) to a thousandth.',
    spec: 'RFC 9110 8.4',
    lie: reply.compressed('br', BOMB_BYTES),
  },
  deflate_bomb: {
    what: 'The % sends 100 MiB, compressed (deflate) to a thousandth.',
    spec: 'RFC 9110 8.4',
    lie: reply.compressed('deflate', BOMB_BYTES),
  },
  gzip_thrice: {
    what: 'The % compresses its answer three times.',
    spec: 'RFC 9110 8.4',
    lie: new Reply((response, good) => {
      const packed = gzipSync(gzipSync(gzipSync(good.body)))
      response.writeHead(good.status, { ...good.headers, 'content-encoding': 'gzip, gzip, gzip' }).end(packed)
    }),
  },
  unknown_coding: {
    what: 'The % names a content coding that nobody knows.',
    spec: 'RFC 9110 8.4',
    lie: reply.headers({ 'content-encoding': 'rot13' }),
  },
  false_gzip: {
    what: 'The % says gzip and sends plain text.',
    spec: 'RFC 9110 8.4',
    lie: reply.headers({ 'content-encoding': 'gzip' }),
  },
  deep: {
    what: 'The % sends a hundred thousand lists within each other.',
    spec: '-',
    lie: withMembers(() => `"deep":${'['.repeat(LONG_DEPTH)}${']'.repeat(LONG_DEPTH)}`),
  },
  nested: {
    what: 'The % sends a hundred lists within each other.',
    spec: '-',
    lie: withMembers(() => `"nested":${'['.repeat(100)}${']'.repeat(100)}`),
  },
  many_members: {
    what: 'The % sends a million members.',
    spec: '-',
    lie: withMembers(() => Array.from({ length: 1_000_000 }, (_, n) => `"m${n}":0`).join(',')),
  },
  short_members: {
    what: 'The % sends a hundred thousand members, which take less than a MiB.',
    spec: '-',
    lie: withMembers(() => Array.from({ length: 100_000 }, (_, n) => `"m${n.toString(36)}":0`).join(',')),
  },
  colliding_members: {
    what: 'The % sends members whose names share a hash.',
    spec: '-',
    lie: withMembers(() =>
      collidingNames(20_000)
        .map((name) => `"${name}":0`)
        .join(','),
    ),
  },
  long_text: {
    what: 'The % sends a text of 10 MiB.',
    spec: '-',
    lie: withMembers(() => `"long":"${'a'.repeat(10 * MIB)}"`),
  },
  prototypes: {
    what: 'The % sends members named __proto__, constructor, toString and then.',
    spec: '-',
    lie: withMembers(
      () => '"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"toString":1,"then":"x"',
    ),
  },
  bom: {
    what: 'The % puts a byte order mark before its JSON.',
    spec: 'RFC 8259 8.1',
    lie: body((good) => `\uFEFF${good}`),
  },
  utf16: {
    what: 'The % sends UTF-16.',
    spec: 'RFC 8259 8.1',
    lie: body((good) => Buffer.from(good, 'utf16le')),
  },
  not_utf8: {
    what: 'The % sends a text that is not UTF-8.',
    spec: 'RFC 8259 8.1',
    lie: body((good) =>
      Buffer.concat([Buffer.from(`${good.slice(0, -1)},"name":"`), Buffer.of(0xc3, 0x28), Buffer.from('"}')]),
    ),
  },
  lone_surrogates: {
    what: 'The % sends half of a character.',
    spec: 'RFC 8259 8.2',
    lie: withMembers(() => String.raw`"name":"\ud83d"`),
  },
  not_json: { what: 'The % sends half of its JSON.', spec: '-', lie: reply.truncated_json() },
  interim_flood: {
    what: 'The % sends ten thousand interim answers (102, 103) before the last.',
    spec: 'RFC 9110 15.2',
    lie: raw((good) => `${INTERIM.repeat(5_000)}${FINAL}${Buffer.byteLength(good)}\r\n\r\n${good}`),
  },
  continue_flood: {
    what: 'The % says ten thousand times that the request may go on.',
    spec: 'RFC 9110 15.2.1',
    lie: raw(
      (good) =>
        `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10_000)}${FINAL}${Buffer.byteLength(good)}\r\n\r\n${good}`,
    ),
  },
  http_09: {
    what: 'The % answers as HTTP/0.9 did, without headers.',
    spec: 'RFC 9112 2.3',
    lie: raw((good) => good),
  },
  http_2: {
    what: 'The % answers in HTTP/2.',
    spec: 'RFC 9113 3.4',
    lie: raw(() => Buffer.from('000012040000000000000300000064000400010000000500ffffff', 'hex')),
  },
  header_flood: {
    what: 'The % sends 256 KiB of headers.',
    spec: '-',
    lie: raw(
      (good) =>
        `${FINAL}${Buffer.byteLength(good)}\r\n${`x-filler: ${'a'.repeat(1_000)}\r\n`.repeat(256)}\r\n${good}`,
    ),
  },
  two_lengths: {
    what: 'The % announces two lengths.',
    spec: 'RFC 9112 6.3',
    lie: raw((good) => `${FINAL}${Buffer.byteLength(good)}\r\ncontent-length: 5\r\n\r\n${good}`),
  },
  left_behind: {
    what: 'The % sends its answer once more, to whoever comes next on the connection.',
    spec: 'RFC 9112 9',
    lie: new Reply((response, good) => {
      const late = `${FINAL}${Buffer.byteLength(good.body)}\r\n\r\n${good.body}`
      const { socket } = response
      socket?.once('data', () => socket.write(late))
      response.writeHead(good.status, good.headers).end(good.body)
    }),
  },
  browser_headers: {
    what: 'The % sends headers that only browsers obey.',
    spec: '-',
    lie: ({ canary }) =>
      reply.headers({
        'set-cookie': 'sid=1; Path=/',
        refresh: `0; url=${canary}`,
        link: `<${canary}>; rel=preload`,
        'strict-transport-security': 'max-age=31536000',
        'alt-svc': `h3="${new URL(canary).host}"`,
        location: canary,
      }),
  },
} as const satisfies Readonly<Record<string, Transport>>
type TransportName = keyof typeof TRANSPORT

/** These faults at one endpoint, by the name of the endpoint before their own. */
export const transportFaults = <E extends EndpointName, N extends TransportName = TransportName>(
  endpoint: E,
  said: string,
): Readonly<Record<`${E}_${N}`, NamedFault>> =>
  Object.fromEntries(
    Object.entries<Transport>(TRANSPORT).map(([name, { what, spec, lie }]): [string, NamedFault] => [
      `${endpoint}_${name}`,
      {
        what: what.replace('%', said),
        spec,
        faults: (places) => ({ [endpoint]: lie instanceof Reply ? lie : lie(places) }),
      },
    ]),
    // Every name of the table was given the endpoint's.
  ) as Record<`${E}_${N}`, NamedFault>
