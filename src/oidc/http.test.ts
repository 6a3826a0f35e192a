import assert from 'node:assert/strict'
import { createServer as createHttp } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect, createServer as createTcp } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib'
import { OxdError, StartError } from '../error.ts'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import type { Limits } from '../limits.ts'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'
import type { Authority, ServerCertificate } from '../testing/tls.ts'
import type { Lookup } from './connect.ts'
import { createDoor } from './http.ts'
import type { Door, DoorOptions } from './http.ts'

const OP = '127.0.0.2'
const INTERNAL = '127.0.0.9'
/** Public by its kind and handed out to nobody, so that even a weakened build reaches no one. */
const NOWHERE = '2d00::1'
const DAY = 86_400_000
/** Tests of time fail, rather than hang, when what they test is gone. */
const BOUNDED = { timeout: 5_000 }
const limits: Limits = {
  ...LIMITS,
  op_body_bytes_max: 20_000,
  jwks_bytes_max: 9_000,
}
/** For tests in which the time is what matters. */
const hasty: Limits = { ...limits, op_connect_ms: 400, op_total_ms: 800 }

let authority: Authority
let certificate: ServerCertificate
before(async () => {
  authority = await createAuthority('Corp CA')
  certificate = await createServerCertificate(authority, { names: ['op.test', 'localhost'], addresses: [OP] })
})

interface Running {
  readonly port: number
  readonly requests: IncomingMessage[]
  readonly sockets: Set<Socket>
  /** Connections so far. */
  readonly connections: () => number
}

const listen = async (
  t: TestContext,
  server: Server | ReturnType<typeof createTcp>,
  host: string,
  port = 0,
): Promise<Running> => {
  const sockets = new Set<Socket>()
  const requests: IncomingMessage[] = []
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.on('request', (request: IncomingMessage) => requests.push(request))
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  // A TCP server's address is an object; only pipes have text.
  return { port: (server.address() as AddressInfo).port, requests, sockets, connections: () => connections }
}

const hello: RequestListener = (_request, response) => response.end('hello')

const https = (t: TestContext, handler: RequestListener = hello, with_ = certificate, host = OP, port = 0) =>
  listen(t, createHttps({ key: with_.key, cert: with_.cert }, handler), host, port)
const http = (t: TestContext, handler: RequestListener = hello, host = OP, port = 0) =>
  listen(t, createHttp(handler), host, port)

/** Names and what they resolve to; a list of lists is answered one after the other, the last for ever. */
const names = (table: Readonly<Record<string, readonly (readonly string[])[]>>) => {
  const asked: string[] = []
  const lookup: Lookup = (host, _options, callback) => {
    const answers = table[host]
    const answer = answers?.[Math.min(asked.filter((name) => name === host).length, answers.length - 1)]
    asked.push(host)
    const unknown = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
    setImmediate(() =>
      answer === undefined
        ? callback(unknown, [])
        : callback(
            null,
            answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          ),
    )
  }
  return { asked, lookup }
}
const OP_TEST = { 'op.test': [[OP]] }

const open = (t: TestContext, options: Partial<DoorOptions> = {}): Door => {
  const door = createDoor({
    trust_op: [],
    op_ca: authority.cert,
    limits,
    lookup: names(OP_TEST).lookup,
    ...options,
  })
  t.after(() => door.close())
  return door
}

const refused = async (asking: Promise<unknown>, code: ErrorCode, ...texts: readonly (string | RegExp)[]) => {
  const error = await asking.then(
    () => assert.fail(`answered, instead of ${code}`),
    (error: unknown) => error,
  )
  assert.ok(error instanceof OxdError, String(error))
  assert.equal(error.code, code, error.message)
  for (const text of texts) {
    if (typeof text === 'string') assert.ok(error.message.includes(text), error.message)
    else assert.match(error.message, text)
  }
  return error
}

const get = (door: Door, url: string) => door.request({ step: 'discovery', url })

describe('the way out', () => {
  test('an OP that is trusted answers, over https', async (t) => {
    const op = await https(t, (request, response) => {
      response.writeHead(201, { 'content-type': 'application/json', 'x-two': ['a', 'b'], 'x-text': 'é' })
      request.on('data', (body) => response.end(JSON.stringify({ body: String(body) })))
    })
    const door = open(t, { trust_op: [`https://op.test:${op.port}/some/path`] })
    const answer = await door.request({
      step: 'registration',
      url: `https://op.test:${op.port}/r?a=b#c`,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'Accept-Encoding': 'gzip, br' },
      accept: 'application/json',
      body: '{"é":1}',
    })
    assert.equal(answer.status, 201)
    assert.equal(answer.text, '{"body":"{\\"é\\":1}"}')
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.equal(answer.headers.get('x-two'), 'a, b')
    assert.equal(answer.headers.get('content-length'), null)
    const [request] = op.requests
    assert.equal(request?.url, '/r?a=b')
    assert.equal(request?.method, 'POST')
    assert.equal(request?.headers.host, `op.test:${op.port}`)
    assert.equal(request?.headers['accept-encoding'], 'identity')
    assert.equal(request?.headers.accept, 'application/json')
    assert.equal(request?.headers['user-agent'], 'oxd')
  })

  test('as fetch, with a form, a status without a body, and an abort', async (t) => {
    const op = await https(t, (request, response) => {
      if (request.url === '/none') return response.writeHead(204).end()
      if (request.url === '/slow') return undefined
      return request.on('data', (body) => response.writeHead(400, { 'content-type': 'text/plain' }).end(body))
    })
    const fetch = open(t, { trust_op: [`https://op.test:${op.port}`] }).fetchFor('token')
    const url = `https://op.test:${op.port}`
    const form = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ a: 'b c' }),
      headers: new Headers({ 'content-type': 'application/x-www-form-urlencoded' }),
    })
    assert.equal(form.status, 400)
    assert.equal(await form.text(), 'a=b+c')
    assert.ok(form instanceof Response)
    const none = await fetch(`${url}/none`, { method: 'GET', body: null, signal: null })
    assert.equal(none.status, 204)
    const stop = new AbortController()
    const slow = fetch(`${url}/slow`, { signal: stop.signal })
    stop.abort(new RangeError('enough'))
    await assert.rejects(slow, RangeError)
  })

  test('errors and pages of the OP are answers', async (t) => {
    const op = await https(t, (_request, response) =>
      response
        .writeHead(500, { 'content-type': 'text/html; charset=latin1' })
        .end(Buffer.from('<h1>caf\u00e9</h1>', 'latin1')),
    )
    const answer = await get(
      open(t, { trust_op: [`https://op.test:${op.port}`] }),
      `https://op.test:${op.port}`,
    )
    assert.equal(answer.status, 500)
    assert.equal(answer.text, '<h1>caf\ufffd</h1>')
  })

  test('an address in the URL is checked against the certificate too', async (t) => {
    const op = await https(t)
    const door = open(t, { trust_op: [`https://${OP}:${op.port}`] })
    assert.equal((await get(door, `https://127.0.2:${op.port}`)).text, 'hello')
  })

  test('a hundred at once', async (t) => {
    const op = await https(t)
    const door = open(t, {
      trust_op: [`https://op.test:${op.port}`],
      limits: { ...limits, op_connections_max: 8 },
    })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => get(door, `https://op.test:${op.port}/${i}`)),
    )
    assert.ok(answers.every(({ text, url }, i) => text === 'hello' && url.endsWith(`/${i}`)))
    assert.ok(op.connections() <= 8)
  })
})

describe('where it does not go', () => {
  /** Spellings of places that are not public; PORT is that of a canary which listens everywhere. */
  const SPELLINGS: readonly (readonly [url: string, text: string | RegExp])[] = [
    [
      'https://127.0.0.9:PORT',
      'https://127.0.0.9:PORT is a loopback address: if this is your OP, start with --trust-op https://127.0.0.9:PORT.',
    ],
    ['https://127.1:PORT', 'a loopback address'],
    ['https://2130706441:PORT', 'https://127.0.0.9:PORT is a loopback address'],
    ['https://0x7f000009:PORT', 'https://127.0.0.9:PORT is a loopback address'],
    ['https://0177.0.0.011:PORT', 'https://127.0.0.9:PORT is a loopback address'],
    ['https://127.0.0.9.:PORT', 'a loopback address'],
    ['https://%31%32%37.0.0.9:PORT', 'a loopback address'],
    ['https://１２７.0.0.9:PORT', 'a loopback address'],
    ['https://0:PORT', 'the unspecified address'],
    ['https://0.0.0.0:PORT', 'the unspecified address'],
    ['https://localhost:PORT', 'resolves to 127.0.0.1, a loopback address'],
    ['https://localhost.:PORT', 'a loopback address'],
    ['https://a.localhost:PORT', 'a loopback address'],
    ['https://[::1]:PORT', 'https://[::1]:PORT is a loopback address'],
    ['https://[::]:PORT', 'the unspecified address'],
    ['https://[::ffff:127.0.0.9]:PORT', 'a loopback address'],
    ['https://[::127.0.0.9]:PORT', 'a reserved address'],
    ['https://[64:ff9b::127.0.0.9]:PORT', 'a loopback address'],
    ['https://[2002:7f00:9::]:PORT', 'a loopback address'],
    ['https://[fe80::1%25lo]:PORT', 'no URL'],
    ['https://[fe80::1]:PORT', 'a link-local address'],
    ['https://169.254.169.254:PORT', 'a cloud metadata service'],
    ['https://[fd00:ec2::254]:PORT', 'a cloud metadata service'],
    ['https://10.0.0.5:PORT', 'a private address'],
    ['https://172.16.0.1:PORT', 'a private address'],
    ['https://192.168.0.1:PORT', 'a private address'],
    ['https://100.64.0.1:PORT', 'inside a provider network'],
    ['https://198.18.0.1:PORT', 'a benchmarking address'],
    ['https://[fc00::1]:PORT', 'a private address'],
    ['https://224.0.0.1:PORT', 'a multicast address'],
    ['https://255.255.255.255:PORT', 'the broadcast address'],
    [
      'https://private.test:PORT',
      'https://private.test:PORT resolves to 10.0.0.5, a private address: if this is your OP, start with --trust-op https://private.test:PORT.',
    ],
    ['https://mixed.test:PORT', 'https://mixed.test:PORT resolves to 127.0.0.9, a loopback address'],
    ['https://mixed6.test:PORT', 'https://mixed6.test:PORT resolves to fd00::1, a private address'],
    ['https://op.test:PORT', 'resolves to 127.0.0.2, a loopback address'],
    ['http://op.test:PORT', 'http://op.test:PORT is not encrypted: use https'],
    ['http://[2d00::1]:PORT', 'is not encrypted'],
    ['https://user:geheim@op.test:PORT', 'a user name or password'],
    ['https://user@op.test:PORT', 'a user name or password'],
    ['https://:geheim@op.test:PORT', 'a user name or password'],
    ['ftp://op.test:PORT', 'ftp: is not a scheme of OPs'],
    ['file:///etc/passwd', 'file: is not a scheme of OPs'],
    ['data:text/plain,geheim', 'data: is not a scheme of OPs'],
    ['javascript:geheim', 'javascript: is not a scheme of OPs'],
    ['op.test/geheim', 'no URL'],
    ['https://geheim:x', 'no URL'],
    [`https://${'a.'.repeat(130)}test`, 'too long'],
    ['', 'no URL'],
  ]

  test('every spelling of every place that is not public, and nobody is contacted', async (t) => {
    const canary = await http(t, hello, '0.0.0.0')
    const { lookup } = names({
      ...OP_TEST,
      localhost: [['127.0.0.1']],
      'localhost.': [['127.0.0.1']],
      'a.localhost': [['127.0.0.1']],
      'private.test': [['10.0.0.5']],
      'mixed.test': [[NOWHERE, INTERNAL]],
      'mixed6.test': [[NOWHERE, 'fd00::1']],
    })
    // The neighbours of what is asked are trusted: another port, another scheme, another name.
    const trust_op = [
      `https://${INTERNAL}:1`,
      'https://private.test',
      `https://op.test:1`,
      `http://localhost:${canary.port}`,
    ]
    const door = open(t, { lookup, trust_op })
    for (const [spelling, text] of SPELLINGS) {
      const at = (part: string) => part.replaceAll('PORT', String(canary.port))
      const error = await refused(
        get(door, at(spelling)),
        'restricted_op_host',
        typeof text === 'string' ? at(text) : text,
        'Discovery: ',
      )
      assert.doesNotMatch(error.message, /geheim|passwd/)
    }
    assert.equal(canary.connections(), 0)
  })

  test('the twin of each: trusted, the same is reached', async (t) => {
    const op = await https(t)
    const door = open(t, {
      trust_op: [`https://op.test:${op.port}`, `https://${OP}:${op.port}`, `https://localhost:${op.port}`],
    })
    assert.equal((await get(door, `https://op.test:${op.port}`)).text, 'hello')
    assert.equal((await get(door, `https://${OP}:${op.port}`)).text, 'hello')
  })

  test('http only to a trusted origin, and only to this machine', async (t) => {
    const op = await http(t)
    const { lookup } = names({
      'here.test': [[OP]],
      'away.test': [['10.0.0.5']],
      'mixed.test': [[OP, '10.0.0.5']],
      'public.test': [[NOWHERE]],
    })
    const origin = (name: string) => `http://${name}.test:${op.port}`
    const door = open(t, { lookup, trust_op: ['here', 'away', 'mixed', 'public'].map(origin) })
    assert.equal((await get(door, origin('here'))).text, 'hello')
    await refused(
      get(door, origin('away')),
      'restricted_op_host',
      `${origin('away')} is at 10.0.0.5, not on this machine`,
    )
    await refused(get(door, origin('mixed')), 'restricted_op_host', 'is at 10.0.0.5')
    await refused(get(door, origin('public')), 'restricted_op_host', 'is at 2d00::1')
    assert.equal(op.connections(), 1)
  })

  for (const { scheme, serve } of [
    { scheme: 'http', serve: http },
    { scheme: 'https', serve: https },
  ])
    test(`${scheme}: DNS that changes its mind: what was checked is what is reached`, async (t) => {
      const op = await serve(t, (request, response) => {
        if (request.url === '/last') response.shouldKeepAlive = false
        response.end('hello')
      })
      const canary = await (scheme === 'http'
        ? http(t, hello, INTERNAL, op.port)
        : https(t, hello, certificate, INTERNAL, op.port))
      const { lookup, asked } = names({ 'op.test': [[OP], [INTERNAL]] })
      const origin = `${scheme}://op.test:${op.port}`
      const door = open(t, { lookup, trust_op: [origin] })
      assert.equal((await get(door, origin)).text, 'hello')
      assert.equal(asked.length, 1)
      assert.equal(canary.connections(), 0)
      // The kept connection goes where it went; it is free again when the event loop has come round.
      await pause(5)
      assert.equal((await get(door, `${origin}/last`)).text, 'hello')
      assert.equal(op.connections(), 1)
      assert.equal(asked.length, 1)
      assert.equal((await get(door, `${origin}/last`)).text, 'hello')
      assert.equal(canary.connections(), 1)
      assert.equal(asked.length, 2)
    })

  test('a new connection is a new check', async (t) => {
    const op = await http(t, (_request, response) => {
      response.shouldKeepAlive = false
      response.end('hello')
    })
    const { lookup, asked } = names({ 'op.test': [[OP], ['10.0.0.5']] })
    const origin = `http://op.test:${op.port}`
    const door = open(t, { lookup, trust_op: [origin] })
    assert.equal((await get(door, origin)).text, 'hello')
    await refused(get(door, origin), 'restricted_op_host', '10.0.0.5')
    assert.equal(asked.length, 2)
  })

  test('redirects are not followed, and only the origin of their target is named', async (t) => {
    const canary = await http(t)
    const TARGETS: readonly (readonly [status: number, location: string | undefined, text: string])[] = [
      [
        302,
        `http://${OP}:${canary.port}/?code=geheim`,
        `redirects to http://${OP}:${canary.port} (status 302)`,
      ],
      [301, `https://${OP}:${canary.port}/geheim`, `redirects to https://${OP}:${canary.port} (status 301)`],
      [303, '/geheim', 'redirects to https://op.test:'],
      [307, '//user:geheim@other.test/', 'redirects to https://other.test (status 307)'],
      [308, 'javascript:geheim', 'redirects to javascript: (status 308)'],
      [302, 'https://geheim:x', 'redirects to nowhere'],
      [304, undefined, 'redirects to nowhere (status 304)'],
      [399, undefined, 'redirects to nowhere'],
    ]
    const op = await https(t, (request, response) => {
      const [status, location] = TARGETS[Number(request.url?.slice(1))] ?? [500]
      response
        .writeHead(status, location === undefined ? {} : { location })
        .end(status === 304 ? undefined : 'moved')
    })
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin, `http://${OP}:${canary.port}`] })
    for (const [i, [, , text]] of TARGETS.entries()) {
      const url = `${origin}/${i}`
      const error = await refused(
        door.request({ step: 'token', url, method: 'POST', body: 'code=c' }),
        'op_redirected',
        'Token: ',
        origin,
        text,
      )
      assert.doesNotMatch(error.message, /geheim/)
    }
    assert.equal(canary.connections(), 0)
  })

  test('a redirect with a body without end is left at once', BOUNDED, async (t) => {
    const op = await https(t, (_request, response) => {
      response.writeHead(302, { location: '/' }).write('moved')
    })
    const origin = `https://op.test:${op.port}`
    await refused(get(open(t, { trust_op: [origin] }), origin), 'op_redirected')
    await pause(20)
    assert.equal(op.sockets.size, 0)
  })
})

describe('how long and how much', () => {
  const elapsed = async (work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    return performance.now() - begun
  }

  test('headers that do not come', BOUNDED, async (t) => {
    const op = await https(t, () => {})
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin], limits: hasty })
    const ms = await elapsed(() =>
      refused(get(door, origin), 'op_timeout', `${origin} did not answer completely within 800 ms`),
    )
    assert.ok(ms > 700 && ms < 4_000, `${ms} ms`)
    await pause(20)
    assert.equal(op.sockets.size, 0)
  })

  test('a body that drips', BOUNDED, async (t) => {
    const op = await https(t, (_request, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(drip))
    })
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin], limits: hasty })
    const ms = await elapsed(() => refused(get(door, origin), 'op_timeout'))
    assert.ok(ms > 700 && ms < 4_000, `${ms} ms`)
    await pause(20)
    assert.equal(op.sockets.size, 0)
  })

  test('a handshake, a lookup that does not end', BOUNDED, async (t) => {
    const op = await listen(
      t,
      createTcp((socket) => socket.resume()),
      OP,
    )
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin], limits: hasty })
    const text = `${origin} gave no connection within 400 ms`
    const ms = await elapsed(() => refused(get(door, origin), 'op_timeout', text))
    assert.ok(ms < 4_000, `${ms} ms`)
    await pause(20)
    assert.equal(op.sockets.size, 0)
    const deaf = open(t, { trust_op: [origin], limits: hasty, lookup: () => {} })
    const deafMs = await elapsed(() => refused(get(deaf, origin), 'op_timeout', text))
    assert.ok(deafMs < 4_000, `${deafMs} ms`)
  })

  /** Streams without end, as fast as it is read. */
  const flood = (stream: ServerResponse | Duplex, counter: { bytes: number }) => {
    const chunk = Buffer.alloc(65_536, 'a')
    const more = () => {
      while (!stream.destroyed && counter.bytes < 1_073_741_824) {
        counter.bytes += chunk.length
        if (!stream.write(chunk)) return
      }
    }
    stream.on('drain', more).on('error', () => {})
    more()
  }

  test('1 GiB in chunks is left as soon as it is too much', async (t) => {
    const sent = { bytes: 0 }
    const op = await https(t, (_request, response) => flood(response, sent))
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    await refused(get(door, origin), 'op_answer_too_large', `${origin} sent more than 20000 bytes`)
    await pause(50)
    assert.equal(op.sockets.size, 0)
    assert.ok(sent.bytes < 16_777_216, `${sent.bytes} bytes were sent`)
  })

  test('a gzip bomb is counted as what it becomes', async (t) => {
    const sent = { bytes: 0 }
    const op = await https(t, (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      const gzip = createGzip()
      response.on('close', () => gzip.destroy())
      gzip.pipe(response)
      flood(gzip, sent)
    })
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    await refused(get(door, origin), 'op_answer_too_large')
    await pause(50)
    assert.equal(op.sockets.size, 0)
    assert.ok(sent.bytes < 268_435_456, `${sent.bytes} bytes were compressed`)
  })

  test('a bomb that is small on the wire', async (t) => {
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    const op = await https(t, (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    )
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    assert.ok(bomb.length < limits.op_body_bytes_max)
    await refused(get(door, origin), 'op_answer_too_large')
  })

  test('a length that is announced is believed at once', BOUNDED, async (t) => {
    const op = await https(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '20001' })
      response.flushHeaders()
    })
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    const ms = await elapsed(() => refused(get(door, origin), 'op_answer_too_large'))
    assert.ok(ms < 4_000, `${ms} ms`)
    await pause(20)
    assert.equal(op.sockets.size, 0)
  })

  test('exactly as much as is allowed, by step and by request', async (t) => {
    const op = await https(t, (request, response) => response.end('a'.repeat(Number(request.url?.slice(1)))))
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    const length = async (step: 'userinfo' | 'keys', bytes: number, bytes_max?: number) =>
      (
        await door.request({
          step,
          url: `${origin}/${bytes}`,
          ...(bytes_max === undefined ? {} : { bytes_max }),
        })
      ).text.length
    assert.equal(await length('userinfo', 20_000), 20_000)
    await refused(length('userinfo', 20_001), 'op_answer_too_large', 'Userinfo: ')
    assert.equal(await length('keys', 9_000), 9_000)
    await refused(length('keys', 9_001), 'op_answer_too_large', 'Keys: ')
    assert.equal(await length('keys', 10, 10), 10)
    await refused(length('keys', 11, 10), 'op_answer_too_large')
  })

  test('headers up to their bound, and no more', async (t) => {
    const op = await https(t, (request, response) =>
      response.writeHead(200, { 'x-much': 'a'.repeat(Number(request.url?.slice(1))) }).end(),
    )
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    // Beside it there are those that every server sends.
    const few = LIMITS.op_header_bytes_max - 1_000
    assert.equal((await get(door, `${origin}/${few}`)).status, 200)
    const many = get(door, `${origin}/${LIMITS.op_header_bytes_max}`)
    await refused(many, 'op_answer_too_large', 'too many headers')
  })
})

describe('answers that are none', () => {
  const raw = async (t: TestContext, text: string | Buffer) => {
    const op = await listen(
      t,
      createTcp((socket) => socket.once('data', () => socket.end(text))),
      OP,
    )
    const origin = `http://op.test:${op.port}`
    return { door: open(t, { trust_op: [origin] }), origin }
  }
  const ok = (headers: string, body: string | Buffer) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`), Buffer.from(body)])

  const ANSWERS: readonly (readonly [what: string, bytes: string | Buffer, code: ErrorCode])[] = [
    ['nothing', '', 'op_unreachable'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'op_answer_malformed'],
    ['HTTP/0.9', '{"issuer":"x"}', 'op_answer_malformed'],
    ['HTTP/2', Buffer.from('000000040000000000', 'hex'), 'op_answer_malformed'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n', 'op_unreachable'],
    [
      'early hints and no answer',
      `${'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000)}`,
      'op_unreachable',
    ],
    ['no such status', 'HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n', 'op_answer_malformed'],
    ['a body cut off', ok('content-length: 10', 'abc'), 'op_answer_malformed'],
    ['chunks cut off', ok('transfer-encoding: chunked', '3\r\nabc\r\n'), 'op_answer_malformed'],
    [
      'both lengths',
      ok('content-length: 3\r\ntransfer-encoding: chunked', '3\r\nabc\r\n0\r\n\r\n'),
      'op_answer_malformed',
    ],
    ['invalid UTF-8', ok('content-length: 3', Buffer.from([0x22, 0xff, 0x22])), 'op_answer_malformed'],
    ['gzip that is none', ok('content-encoding: gzip\r\ncontent-length: 3', 'abc'), 'op_answer_malformed'],
    [
      'gzip cut off',
      ok('content-encoding: gzip', gzipSync('a'.repeat(999)).subarray(0, 20)),
      'op_answer_malformed',
    ],
    ['gzip in gzip', ok('content-encoding: gzip, gzip', gzipSync(gzipSync('abc'))), 'op_answer_malformed'],
    ['an unknown coding', ok('content-encoding: constructor', 'abc'), 'op_answer_malformed'],
  ]
  for (const [what, bytes, code] of ANSWERS) {
    test(`refused: ${what}`, async (t) => {
      const { door, origin } = await raw(t, bytes)
      await refused(get(door, origin), code, origin)
    })
  }

  const TWINS: readonly (readonly [what: string, bytes: Buffer, text: string])[] = [
    ['plain', ok('content-length: 3', 'abc'), 'abc'],
    [
      'after early hints, continuing and processing',
      Buffer.concat([
        Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000)),
        Buffer.from('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000)),
        ok('content-length: 3', 'abc'),
      ]),
      'abc',
    ],
    ['until the end of the connection', ok('connection: close', 'abc'), 'abc'],
    ['identity', ok('content-encoding: identity', 'abc'), 'abc'],
    ['gzip', ok('content-encoding: GZIP', gzipSync('abc')), 'abc'],
    ['deflate', ok('content-encoding: deflate', deflateSync('abc')), 'abc'],
    ['brotli', ok('content-encoding: br', brotliCompressSync('abc')), 'abc'],
    ['a byte order mark, which JSON does not have', ok('content-length: 6', '\ufeff{} '), '\ufeff{} '],
  ]
  for (const [what, bytes, text] of TWINS) {
    test(`read: ${what}`, async (t) => {
      const { door, origin } = await raw(t, bytes)
      assert.equal((await get(door, origin)).text, text)
    })
  }

  test('early hints without end', BOUNDED, async (t) => {
    const op = await listen(
      t,
      createTcp((socket) => {
        const more = () => {
          while (socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100)));
        }
        socket.on('drain', more).once('data', more)
      }),
      OP,
    )
    const origin = `http://op.test:${op.port}`
    await refused(get(open(t, { trust_op: [origin], limits: hasty }), origin), 'op_timeout')
    await pause(20)
    assert.equal(op.sockets.size, 0)
  })

  test('headers that want something have no effect', async (t) => {
    const op = await https(t, (_request, response) =>
      response
        .writeHead(200, {
          'set-cookie': 'a=b; Path=/',
          refresh: '0; url=/elsewhere',
          link: '</elsewhere>; rel=preload',
          'alt-svc': 'h2="other.test:443"; ma=86400',
          'strict-transport-security': 'max-age=31536000',
          location: '/elsewhere',
        })
        .end('hello'),
    )
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    for (let i = 0; i < 2; i++) assert.equal((await get(door, origin)).text, 'hello')
    assert.deepEqual(
      op.requests.map(({ url, headers }) => [url, headers.cookie]),
      [
        ['/', undefined],
        ['/', undefined],
      ],
    )
  })

  test("what comes late on a connection is nobody else's answer", async (t) => {
    const body = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`
    const op = await listen(
      t,
      createTcp((socket) => {
        let answered = 0
        socket.on('data', (asked) => {
          const { path = '' } = /^GET (?<path>\S+)/.exec(String(asked))?.groups ?? {}
          answered += 1
          // Whoever comes second on a connection finds an answer that was made for who came first.
          socket.write(answered === 1 ? body(path) : body('late') + body(path))
        })
      }),
      OP,
    )
    const origin = `http://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    const ask = async (tenant: string) =>
      (await door.request({ step: 'token', url: `${origin}/${tenant}`, tenant })).text
    assert.equal(await ask('a'), '/a')
    await pause(5)
    assert.equal(await ask('b'), '/b')
    assert.equal(op.connections(), 2)
    await pause(5)
    // The twin: what does come late is taken where it is the same OP's connection.
    assert.equal(await ask('a'), 'late')
  })

  test('what comes after an answer ends the connection', async (t) => {
    const op = await listen(
      t,
      createTcp((socket) => {
        socket.on('data', () =>
          socket.write(`${ok('content-length: 3', 'abc')}${ok('content-length: 4', 'late')}`),
        )
      }),
      OP,
    )
    const origin = `http://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    for (let i = 0; i < 3; i++) {
      assert.equal((await get(door, origin)).text, 'abc')
      await pause(5)
    }
    assert.equal(op.connections(), 3)
  })

  test('nobody there, and no such name', async (t) => {
    const server = createTcp()
    const { port } = await new Promise<AddressInfo>((resolve) =>
      // A TCP server's address is an object; only pipes have text.
      server.listen(0, OP, () => resolve(server.address() as AddressInfo)),
    )
    await new Promise((resolve) => server.close(resolve))
    const door = open(t, { trust_op: [`https://op.test:${port}`] })
    await refused(
      get(door, `https://op.test:${port}`),
      'op_unreachable',
      `Discovery: https://op.test:${port} takes no connections (ECONNREFUSED)`,
    )
    await refused(
      get(door, 'https://unknown.test'),
      'op_unreachable',
      'Discovery: https://unknown.test has no address (ENOTFOUND)',
    )
    const empty = open(t, { lookup: names({ 'op.test': [[]] }).lookup })
    await refused(get(empty, 'https://op.test'), 'op_unreachable', 'has no address')
  })
})

describe('TLS', () => {
  const ask = async (t: TestContext, shown: ServerCertificate, options: Partial<DoorOptions> = {}) => {
    const op = await https(t, hello, shown)
    const origin = `https://op.test:${op.port}`
    return { op, origin, asking: get(open(t, { trust_op: [origin], ...options }), origin) }
  }

  test('a CA that this machine does not know is named, with the address and the cure', async (t) => {
    const { op, origin, asking } = await ask(t, certificate, { op_ca: undefined })
    await refused(
      asking,
      'ssl_handshake_error',
      `Discovery: The certificate of ${origin} (${OP}) is signed by CN=Corp CA, which this machine does not trust: if this is your OP, add --op-ca FILE.`,
    )
    assert.equal(op.requests.length, 0)
    assert.equal(op.connections(), 2)
  })

  test('the names in a certificate are cleaned and cut', async (t) => {
    const evil = await createAuthority(`Evil\u202E\u001b[31m${'x'.repeat(300)}`)
    const { asking } = await ask(t, await createServerCertificate(evil, { names: ['op.test'] }))
    const error = await refused(asking, 'ssl_handshake_error', /signed by CN=Evil \[31mx+…, which/)
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    assert.doesNotMatch(error.message, /[\u0000-\u001f\u202e]/)
    assert.ok(error.message.length < 500)
  })

  test('signed by itself', async (t) => {
    const { asking } = await ask(t, await createServerCertificate(undefined, { names: ['op.test'] }))
    await refused(asking, 'ssl_handshake_error', 'is signed by CN=op.test, which this machine does not trust')
  })

  test('expired, not yet valid, for another name', async (t) => {
    const now = Date.now()
    const expired = await createServerCertificate(authority, {
      names: ['op.test'],
      from: new Date(now - 3 * DAY),
      until: new Date(now - DAY),
    })
    const early = await createServerCertificate(authority, { names: ['op.test'], from: new Date(now + DAY) })
    const other = await createServerCertificate(authority, { names: ['other.test'] })
    await refused(
      (await ask(t, expired)).asking,
      'ssl_handshake_error',
      /has expired \(it is valid until \w+ +\d+ .*GMT\)/,
    )
    await refused(
      (await ask(t, early)).asking,
      'ssl_handshake_error',
      /is not valid yet \(it is valid from \w+ +\d+ .*GMT\)/,
    )
    const { op, asking } = await ask(t, other)
    await refused(asking, 'ssl_handshake_error', 'is for DNS:other.test, not for op.test')
    assert.equal(op.requests.length, 0)
  })

  test('no environment variable turns the check off', async (t) => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    const warn = process.emitWarning
    process.emitWarning = () => {}
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    t.after(() => {
      process.emitWarning = warn
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    })
    const { asking } = await ask(t, certificate, { op_ca: undefined })
    await refused(asking, 'ssl_handshake_error')
  })

  test('a port that speaks something else, or an old TLS', async (t) => {
    const plain = await http(t)
    const old = await listen(
      t,
      createHttps(
        { ...certificate, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
        hello,
      ),
      OP,
    )
    const gone = await listen(
      t,
      createTcp((socket) => socket.end()),
      OP,
    )
    for (const { port } of [plain, old, gone]) {
      const origin = `https://op.test:${port}`
      await refused(
        get(open(t, { trust_op: [origin] }), origin),
        'ssl_handshake_error',
        `The TLS handshake with ${origin} failed`,
      )
    }
  })
})

describe('through a proxy', () => {
  interface RunningProxy extends Running {
    readonly asked: string[]
    readonly authorizations: (string | undefined)[]
  }
  /** Connects every name to 127.0.0.2, whatever it is. */
  const proxy = async (t: TestContext, status = 200): Promise<RunningProxy> => {
    const asked: string[] = []
    const authorizations: (string | undefined)[] = []
    const server = createHttp(hello)
    server.on('connect', (request: IncomingMessage, socket: Duplex) => {
      asked.push(request.url ?? '')
      authorizations.push(request.headers['proxy-authorization'])
      if (status === 0) return undefined
      if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      const to = connect(Number(request.url?.split(':').at(-1)), OP, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        to.pipe(socket).pipe(to)
      })
      to.on('error', () => socket.destroy())
      return socket.on('error', () => to.destroy()).on('close', () => to.destroy())
    })
    return Object.assign(await listen(t, server, '127.0.0.1'), { asked, authorizations })
  }

  test('names are left to the proxy, the certificate is ours to check', async (t) => {
    const op = await https(t)
    const by = await proxy(t)
    const { lookup, asked } = names({})
    const op_proxy = `http://us%20er:p%40ss@127.0.0.1:${by.port}`
    const origin = `https://op.test:${op.port}`
    assert.equal((await get(open(t, { op_proxy, lookup }), origin)).text, 'hello')
    assert.deepEqual(by.asked, [`op.test:${op.port}`])
    assert.deepEqual(by.authorizations, [`Basic ${btoa('us er:p@ss')}`])
    assert.equal(op.requests[0]?.headers['proxy-authorization'], undefined)
    assert.deepEqual(asked, [])
    await refused(
      get(open(t, { op_proxy, lookup, op_ca: undefined }), origin),
      'ssl_handshake_error',
      'CN=Corp CA',
    )
    const other = await createServerCertificate(authority, { names: ['other.test'] })
    const wrong = await https(t, hello, other)
    await refused(
      get(open(t, { op_proxy, lookup }), `https://op.test:${wrong.port}`),
      'ssl_handshake_error',
      'DNS:other.test',
    )
  })

  test('addresses and names of this machine are refused before the proxy is asked', async (t) => {
    const by = await proxy(t)
    const door = open(t, { op_proxy: `http://127.0.0.1:${by.port}` })
    for (const host of [
      '10.0.0.5',
      '127.0.0.9',
      '[::1]',
      '[fd00:ec2::254]',
      '169.254.169.254',
      'localhost',
      'a.localhost',
    ])
      await refused(get(door, `https://${host}`), 'restricted_op_host', '--trust-op')
    await refused(get(door, 'http://op.test'), 'restricted_op_host', 'not encrypted')
    assert.equal(by.connections(), 0)
  })

  test('what goes without: NO_PROXY, and a trusted OP on this machine', async (t) => {
    const op = await https(t)
    const plain = await http(t)
    const by = await proxy(t)
    const trust_op = [
      `https://op.test:${op.port}`,
      `https://${OP}:${op.port}`,
      `https://localhost:${op.port}`,
      `http://op.test:${plain.port}`,
    ]
    const { lookup } = names({ ...OP_TEST, localhost: [[OP]] })
    const door = open(t, { op_proxy: `http://127.0.0.1:${by.port}`, trust_op, lookup })
    assert.equal((await get(door, `https://${OP}:${op.port}`)).text, 'hello')
    assert.equal((await get(door, `https://localhost:${op.port}`)).text, 'hello')
    assert.equal((await get(door, `http://op.test:${plain.port}`)).text, 'hello')
    assert.deepEqual(by.asked, [])
    assert.equal((await get(door, `https://op.test:${op.port}`)).text, 'hello')
    assert.equal(by.asked.length, 1)
    const direct = open(t, {
      op_proxy: `http://127.0.0.1:${by.port}`,
      no_proxy: 'other.test,.test',
      trust_op,
    })
    assert.equal((await get(direct, `https://op.test:${op.port}`)).text, 'hello')
    assert.equal(by.asked.length, 1)
    // Without the proxy, names are ours to check again.
    const guarded = open(t, { op_proxy: `http://127.0.0.1:${by.port}`, no_proxy: '*' })
    await refused(get(guarded, `https://op.test:${op.port}`), 'restricted_op_host', OP)
  })

  test('a proxy that refuses, is silent or away', async (t) => {
    const denying = await proxy(t, 403)
    const secret = `http://user:geheim@127.0.0.1:${denying.port}`
    const error = await refused(
      get(open(t, { op_proxy: secret }), 'https://op.test'),
      'op_unreachable',
      `The proxy 127.0.0.1:${denying.port} refused to connect to op.test:443 (status 403)`,
    )
    assert.doesNotMatch(error.message, /geheim|user/)
    const silent = await proxy(t, 0)
    await refused(
      get(open(t, { op_proxy: `http://127.0.0.1:${silent.port}`, limits: hasty }), 'https://op.test'),
      'op_timeout',
      'within 400 ms',
    )
    await refused(
      get(open(t, { op_proxy: 'http://127.0.0.1:1' }), 'https://op.test'),
      'op_unreachable',
      'The proxy 127.0.0.1:1 cannot be used (ECONNREFUSED)',
    )
  })
})

describe('the start and the end', () => {
  const SETTINGS: readonly (readonly [settings: Partial<DoorOptions>, text: RegExp])[] = [
    [{ trust_op: ['op.test'] }, /trust_op "op.test" is no origin/],
    [{ trust_op: ['ftp://op.test'] }, /trust_op/],
    [{ op_ca: 'nothing' }, /op_ca holds no certificate/],
    [
      { op_ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      /op_ca holds a certificate that cannot be read/,
    ],
    [{ op_proxy: 'socks5://user:geheim@proxy.test' }, /^op_proxy is not of the form http:\/\/host:port.$/],
    [{ op_proxy: 'proxy' }, /op_proxy/],
  ]
  test('settings that cannot be', () => {
    for (const [settings, message] of SETTINGS)
      assert.throws(
        () => createDoor({ trust_op: [], limits, ...settings }),
        (error) => error instanceof StartError && message.test(error.message),
        String(message),
      )
  })

  test('closing ends idle connections', async (t) => {
    const op = await https(t)
    const origin = `https://op.test:${op.port}`
    const door = open(t, { trust_op: [origin] })
    await get(door, origin)
    assert.equal(op.sockets.size, 1)
    await door.close()
    await pause(20)
    assert.equal(op.sockets.size, 0)
  })

  test('closing ends what is under way, and nothing is asked afterwards', BOUNDED, async (t) => {
    const op = await https(t, () => {})
    const origin = `https://op.test:${op.port}`
    const door = createDoor({
      trust_op: [origin],
      op_ca: authority.cert,
      limits,
      lookup: names(OP_TEST).lookup,
    })
    const asking = refused(get(door, origin), 'shutting_down')
    while (op.requests.length === 0) await pause(5)
    await door.close()
    await asking
    await pause(20)
    assert.equal(op.sockets.size, 0)
    await refused(get(door, origin), 'shutting_down')
    assert.equal(op.connections(), 1)
    await door.close()
  })
})

after(async () => {
  await pause(50)
  const open = process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCPSocketWrap|TCPServerWrap|TLSWrap|GetAddrInfoReqWrap)$/.test(name))
  assert.deepEqual(open, [], 'nothing stays open')
})
