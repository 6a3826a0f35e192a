import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import type { ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createAuthority, createServerCertificate, type Authority } from '../testing/tls.ts'
import { OxdConnectionError, type ConnectionErrorCode } from './errors.ts'
import { httpTo } from './http.ts'
import { CLIENT_LIMITS } from './limits.ts'
import { Pool, type ExchangeOptions, type PoolLimits } from './pool.ts'
import { settingsOf, type ClientConfig } from './settings.ts'
import {
  httpRefusal,
  httpStandIn,
  send,
  type AskedByHttp,
  type HttpAnswer,
  type HttpStandIn,
} from './stand_in_http.ts'

let authority: Authority
let tls: { readonly cert: string; readonly key: string }
before(async () => {
  authority = await createAuthority('a CA of our own')
  tls = await createServerCertificate(authority, { names: ['localhost'], addresses: ['127.0.0.1'] })
})

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})
const warnings: Error[] = []
process.on('warning', (warning) => warnings.push(warning))
after(() => assert.deepEqual(warnings, []))

const poolTo = (config: ClientConfig, limits: Partial<PoolLimits> = {}): Pool => {
  const { address } = settingsOf(config)
  assert.ok('url' in address)
  const all = { ...CLIENT_LIMITS, ...limits }
  const pool = new Pool(httpTo(address, all), all)
  ends.push(() => pool.close())
  return pool
}
const echo = ({ params }: AskedByHttp): HttpAnswer => params
const secure = async (
  answer: Parameters<typeof httpStandIn>[0] = echo,
  more: object = {},
): Promise<HttpStandIn> => {
  const server = await httpStandIn(answer, { tls: { ...tls, ...more } })
  ends.push(() => server.stop())
  return server
}
const plain = async (
  answer: Parameters<typeof httpStandIn>[0] = echo,
  port?: number,
): Promise<HttpStandIn> => {
  const server = await httpStandIn(answer, port === undefined ? {} : { port })
  ends.push(() => server.stop())
  return server
}

const ONCE: ExchangeOptions = { timeout_ms: 5_000, signals: [], repeatable: false }
const HARMLESS: ExchangeOptions = { ...ONCE, repeatable: true }
const request = (n: number) => ({ command: 'get_user_info', params: { n } })
const echoed = (n: number) => ({ status: 'ok', data: { n } })
const failsWith =
  (code: ConnectionErrorCode, sent: boolean, message: RegExp = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof OxdConnectionError, String(error))
    assert.match(error.message, message)
    assert.deepEqual([error.code, error.sent, error.command], [code, sent, 'get_user_info'])
    return true
  }

test('POSTs the parameters to the path of the command, in our own dialect, with the token as Bearer', async () => {
  const server = await secure()
  const pool = poolTo({ url: `${server.url}/oxd`, ca: authority.cert })
  const params = { né: '🦊\u2028"\\', list: ['a'] }
  const reply = await pool.exchange({ command: 'uma_rs_check_access', params, token: 't-1' }, ONCE)
  assert.deepEqual(reply, { status: 'ok', data: params })
  await pool.exchange(request(1), ONCE)
  const [first, second] = server.asked
  assert.equal(first?.method, 'POST')
  assert.equal(first.path, '/oxd/uma-rs-check-access')
  assert.deepEqual(first.params, params)
  const { host, oxd, authorization, 'content-type': type, 'accept-encoding': encoding } = first.headers
  assert.deepEqual(
    [host, oxd, authorization, type, encoding],
    [`127.0.0.1:${server.port}`, '1', 'Bearer t-1', 'application/json', 'identity'],
  )
  assert.equal(second?.headers.authorization, undefined)
})

test('a command of any name stays below the URL', async () => {
  const server = await plain()
  const pool = poolTo({ url: server.url })
  for (const command of ['a/b?c', 'x y', 'é']) await pool.exchange({ command, params: {} }, ONCE)
  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ['/a%2Fb%3Fc', '/x%20y', '/%C3%A9'],
  )
})

test('a token that is no header is an error that does not show it', async () => {
  const server = await plain()
  const sent = poolTo({ url: server.url }).exchange({ ...request(1), token: 'hush\r\nx: y' }, ONCE)
  await assert.rejects(sent, (error) => error instanceof TypeError && !error.message.includes('hush'))
  assert.equal(server.asked.length, 0)
})

test('a refusal is one whatever its status, success is HTTP 200', async () => {
  const server = await plain(({ params }) =>
    params.n === 1
      ? httpRefusal('invalid_state', 'No. [ref A-1]', { x: 1 })
      : params.n === 2
        ? httpRefusal('oxd_access_denied', 'No.', undefined, 403)
        : (response) => send(response, { status: 'ok', data: {} }, 500),
  )
  const pool = poolTo({ url: server.url })
  const refusal = (error: string, error_description: string, details?: unknown) => ({
    status: 'error',
    data: { error, error_description, details },
  })
  assert.deepEqual(await pool.exchange(request(1), ONCE), refusal('invalid_state', 'No. [ref A-1]', { x: 1 }))
  assert.deepEqual(await pool.exchange(request(2), ONCE), refusal('oxd_access_denied', 'No.'))
  await assert.rejects(
    pool.exchange(request(3), ONCE),
    failsWith('malformed_reply', true, /answered with HTTP 500/),
  )
})

type Hand = (response: ServerResponse) => void
const NO_REPLY: readonly (readonly [what: string, hand: Hand, message: RegExp])[] = [
  [
    'a redirect',
    (response) => void response.writeHead(307, { location: 'https://127.0.0.1:1/' }).end(),
    /answered with a redirect \(HTTP 307\), which is not followed/,
  ],
  [
    'a page',
    (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    /text\/html/,
  ],
  ['a bad gateway', (response) => void response.writeHead(502).end('Bad gateway'), /answered with HTTP 502/],
  ['the bare reply of 4.x', (response) => send(response, { claims: {} }), /no reply of oxd/],
  ['an error without a code', (response) => send(response, { status: 'error', data: {} }), /no reply of oxd/],
  ['nothing', (response) => void response.end(), /no reply of oxd \(of no type\)/],
  [
    'more than allowed',
    (response) => send(response, { status: 'ok', data: { x: 'x'.repeat(400) } }),
    /sent more than 256 bytes/,
  ],
]
for (const [what, hand, message] of NO_REPLY) {
  test(`no reply: ${what}`, async () => {
    const server = await plain(({ params }) => (params.n === 1 ? hand : params))
    const pool = poolTo({ url: server.url }, { connections_max: 1, reply_bytes_max: 256 })
    await assert.rejects(pool.exchange(request(1), HARMLESS), failsWith('malformed_reply', true, message))
    assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2), 'the next one is unharmed')
    assert.equal(server.asked.length, 2)
  })
}

test('whose certificate is not good is told nothing', async () => {
  const other = await createAuthority('another CA')
  const named = await createServerCertificate(authority, { names: ['oxd.example.com'] })
  const old = await createServerCertificate(authority, {
    names: ['localhost'],
    addresses: ['127.0.0.1'],
    from: new Date('2020-01-01'),
    until: new Date('2020-02-01'),
  })
  const server = await secure()
  const otherName = await secure(echo, named)
  const expired = await secure(echo, old)
  const cases: readonly (readonly [ClientConfig, RegExp])[] = [
    [{ url: server.url }, /cannot be reached \(\w+\): its certificate is not trusted: give the CA .* `ca`$/],
    [{ url: server.url, ca: other.cert }, /its certificate is not trusted/],
    [
      { url: otherName.url, ca: authority.cert },
      /ERR_TLS_CERT_ALTNAME_INVALID\): its certificate is for another/,
    ],
    [{ url: expired.url, ca: authority.cert }, /CERT_HAS_EXPIRED\): its certificate is not valid now/],
  ]
  for (const [config, message] of cases) {
    for (const options of [ONCE, HARMLESS]) {
      const sent = poolTo(config).exchange({ ...request(1), token: 'hush' }, options)
      await assert.rejects(sent, failsWith('unreachable', false, message))
    }
  }
  for (const { asked } of [server, otherName, expired]) assert.equal(asked.length, 0)
})

test('the certificate is checked although the process was told to check none', async () => {
  const server = await secure()
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  const source = `
    const { Client } = await import(${module('client.ts')})
    const oxd = new Client({ url: ${JSON.stringify(server.url)}, id: 'X' })
    await oxd.getUserInfo('at').catch((error) => process.stdout.write(error.code))`
  const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', source],
    { env, timeout: 20_000 },
  )
  assert.equal(stdout, 'unreachable')
  assert.equal(server.asked.length, 0)
})

test('a certificate of the application', async () => {
  const app = await createServerCertificate(undefined, { names: ['app'] })
  const server = await secure(
    () => (response) => {
      const { socket } = response
      const subject = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined
      send(response, { status: 'ok', data: { subject: subject ?? 'nobody' } })
    },
    // As the daemon does: it knows certificates by their fingerprints, whoever has signed them.
    { requestCert: true, rejectUnauthorized: false },
  )
  const config = { url: server.url.replace('127.0.0.1', 'localhost'), ca: authority.cert }
  const shown = await poolTo({ ...config, ...app }).exchange(request(1), ONCE)
  assert.deepEqual(shown.data, { subject: 'CN=app' })
  const without = await poolTo(config).exchange(request(1), ONCE)
  assert.deepEqual(without.data, { subject: 'nobody' })
})

test('nobody listens: where and what to do, and nothing was sent', async () => {
  const server = await plain()
  await server.stop()
  const message = new RegExp(`\\(ECONNREFUSED\\): is oxd running on ${server.url}/\\?$`)
  for (const options of [ONCE, HARMLESS]) {
    const sent = poolTo({ url: server.url }).exchange(request(1), options)
    await assert.rejects(sent, failsWith('unreachable', false, message))
  }
  // Who listens speaks no TLS.
  const other = await plain()
  const tried = poolTo({ url: other.url.replace('http', 'https') }).exchange(request(1), ONCE)
  await assert.rejects(tried, failsWith('unreachable', false, /TLS handshake failed/))
})

test('64 at once: each gets its own reply, over 8 connections, one command in flight on each', async () => {
  const server = await secure(async ({ params }) => {
    most = Math.max(most, server.sockets.size)
    await sleep(Number(params.n) % 3)
    return params
  })
  let most = 0
  const pool = poolTo({ url: server.url, ca: authority.cert })
  const replies = await Promise.all(
    Array.from({ length: 64 }, (_, n) => pool.exchange(request(n), n % 2 ? ONCE : HARMLESS)),
  )
  assert.deepEqual(
    replies,
    Array.from({ length: 64 }, (_, n) => echoed(n)),
  )
  assert.ok(most <= 9 && most > 1, `${most} connections`)
})

test('connections are used again for what is harmless, a fresh one is made for what is not', async () => {
  const server = await plain()
  const pool = poolTo({ url: server.url })
  for (let n = 0; n < 5; n += 1) await pool.exchange(request(n), HARMLESS)
  assert.equal(server.connections(), 1)
  for (let n = 0; n < 12; n += 1) await pool.exchange(request(n), ONCE)
  assert.equal(server.connections(), 13)
  await pool.exchange(request(20), HARMLESS)
  assert.equal(server.connections(), 13, 'a fresh one serves on')
})

test('a server that closes after each reply', async () => {
  const server = await plain(
    ({ params }) =>
      (response) =>
        send(response.setHeader('connection', 'close'), { status: 'ok', data: params }),
  )
  const pool = poolTo({ url: server.url }, { connections_max: 1 })
  const replies = await Promise.all([1, 2, 3].map((n) => pool.exchange(request(n), HARMLESS)))
  assert.deepEqual(replies, [1, 2, 3].map(echoed))
  assert.equal(server.connections(), 3)
  assert.equal(server.asked.length, 3)
})

test('after a restart of the daemon both sorts go on', async () => {
  for (const options of [HARMLESS, ONCE]) {
    const first = await plain()
    const pool = poolTo({ url: first.url })
    await pool.exchange(request(1), HARMLESS)
    await first.stop()
    const second = await plain(echo, first.port)
    assert.deepEqual(await pool.exchange(request(2), options), echoed(2))
    assert.equal(second.asked.length, 1)
  }
})

test('what may not be repeated is never sent twice; what is harmless once more, and not for ever', async () => {
  const server = await plain(() => (response) => void response.destroy())
  const pool = poolTo({ url: server.url })
  const doubt = /closed the connection before it answered.*whether the command was carried out is not known/
  await assert.rejects(pool.exchange(request(1), ONCE), failsWith('broken', true, doubt))
  assert.equal(server.asked.length, 1)
  await assert.rejects(pool.exchange(request(1), HARMLESS), failsWith('broken', true))
  assert.equal(server.asked.length, 3)
})

test('an idle connection that ends unseen: what is harmless is sent again', async () => {
  const server = await plain(({ params }) =>
    // The second command meets a connection that closes, as a daemon that stops does.
    server.asked.length === 2 ? (response) => void response.destroy() : params,
  )
  const pool = poolTo({ url: server.url })
  await pool.exchange(request(1), HARMLESS)
  assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2))
  assert.deepEqual(
    server.asked.map(({ params }) => params.n),
    [1, 2, 2],
  )
})

test('once a reply has begun nothing is sent again', async () => {
  const server = await plain(
    () => (response) =>
      void response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
  )
  await assert.rejects(
    poolTo({ url: server.url }).exchange(request(1), HARMLESS),
    failsWith('broken', true, /not known/),
  )
  assert.equal(server.asked.length, 1)
})

test('too late: the connection is destroyed, so that the late reply reaches nobody', async () => {
  const server = await plain(async ({ params }) => {
    if (params.n === 1) await sleep(60)
    return params
  })
  const pool = poolTo({ url: server.url }, { connections_max: 1 })
  const late = pool.exchange(request(1), { ...HARMLESS, timeout_ms: 25 })
  const next = pool.exchange(request(2), HARMLESS)
  await assert.rejects(late, failsWith('timeout', true, /no answer in 25 ms/))
  assert.deepEqual(await next, echoed(2))
  await sleep(60)
  assert.deepEqual(await pool.exchange(request(3), HARMLESS), echoed(3))
  assert.equal(server.asked.length, 3, 'what was too late is not sent again')
})

test('aborted in flight', async () => {
  const server = await plain(({ params }) => (params.n === 1 ? undefined : params))
  const pool = poolTo({ url: server.url }, { connections_max: 1 })
  const controller = new AbortController()
  const one = pool.exchange(request(1), { ...HARMLESS, signals: [controller.signal] })
  const two = pool.exchange(request(2), HARMLESS)
  while (server.asked.length < 1) await sleep(1)
  controller.abort(new Error('no more'))
  await assert.rejects(one, /^Error: no more$/)
  assert.deepEqual(await two, echoed(2))
})

const REPLY = '{"status":"ok","data":{"n":"stale"}}'
const RAW = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${REPLY.length}\r\n\r\n${REPLY}`

test('what comes unasked is no answer to the next question', async () => {
  const server = await plain()
  const pool = poolTo({ url: server.url }, { connections_max: 1 })
  await pool.exchange(request(1), HARMLESS)
  for (const socket of server.sockets) socket.write(RAW)
  await sleep(10)
  assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2))
  assert.equal(server.connections(), 2, 'such a connection is not trusted again')
})

test('a second reply behind the first is no answer to the next question', async () => {
  const sockets = new Set<Socket>()
  let asked = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket
      .on('error', () => undefined)
      .on('data', () => {
        asked += 1
        socket.write(asked === 1 ? RAW + RAW : RAW.replace('stale', 'fresh'))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const pool = poolTo({ url: `http://127.0.0.1:${address.port}` }, { connections_max: 1 })
  await pool.exchange(request(1), HARMLESS).catch(() => undefined)
  const { data } = await pool.exchange(request(2), ONCE)
  assert.deepEqual(data, { n: 'fresh' })
})

test('close lets what is under way end, and closes idle connections', async () => {
  const server = await plain(async ({ params }) => {
    await sleep(5)
    return params
  })
  const pool = poolTo({ url: server.url }, { connections_max: 1 })
  const work = [1, 2].map((n) => pool.exchange(request(n), ONCE))
  const closed = pool.close()
  await assert.rejects(pool.exchange(request(3), ONCE), failsWith('closed', false))
  assert.deepEqual(await Promise.all(work), [echoed(1), echoed(2)])
  await closed
  while (server.sockets.size > 0) await sleep(1)
})

test('idle connections keep no process alive', async () => {
  const server = await plain(() => ({ claims: {} }))
  const source = `
    const { Client } = await import(${JSON.stringify(new URL('client.ts', import.meta.url).href)})
    const oxd = new Client({ url: ${JSON.stringify(server.url)}, id: 'X' })
    await oxd.getUserInfo('at')
    await oxd.getUserInfo('at')`
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], { timeout: 15_000 })
  assert.deepEqual([server.asked.length, server.connections()], [2, 1])
})
