// Requests over HTTP: what passes the door, what is answered in which dialect, and how a listener ends.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, describe, it } from 'node:test'
import { command, type AnyCommand } from '../command.ts'
import { createDispatch, type Call } from '../dispatch.ts'
import { OxdError, StartError } from '../error.ts'
import { fields } from '../fields.ts'
import { LIMITS, type Limits } from '../limits.ts'
import type { LogLine } from '../testing/daemon.ts'
import { postJson, sendHttp, type HttpAnswer } from '../testing/http_caller.ts'
import { realWorld } from '../world.ts'
import { listenHttp, type HttpListening, type HttpOptions } from './http.ts'

const REF = / \[ref [A-Z2-9]{4}-[A-Z2-9]{2}\]$/

/** Answers with what it was given; `uri` says what it should do otherwise. */
const probe = (held: () => Promise<void>): AnyCommand =>
  command({
    name: 'probe_it',
    aliases: ['probe'],
    since: '0',
    access: 'public',
    summary: 'Answers.',
    repeatable: true,
    spec: [],
    params: {
      code: fields.code.optional(),
      state: fields.state.optional(),
    },
    result: { uri: fields.uri, claims: fields.claims.nullable() },
    more: { login_id: fields.login_id },
    get: { path: '/probed/{code}' },
    errors: ['invalid_state', 'op_http_status'],
    examples: [],
    async run({ code = '', state = '' }) {
      if (state === 'bad') throw new OxdError('invalid_state')
      if (state === 'teapot') throw new OxdError('op_http_status', { status: 418 })
      if (state === 'bug') throw new Error('a secret in a message')
      if (state === 'held') await held()
      const claims = state === 'claims' ? { email_verified: true } : null
      return { uri: `${code}|${state}`, claims, login_id: 'l', undeclared: 'x' }
    },
  })
const text = command({
  name: 'text_of',
  since: '0',
  access: 'public',
  summary: 'Answers with a text.',
  repeatable: true,
  spec: [],
  params: { state: fields.state },
  result: { uri: fields.uri },
  more: {},
  get: { path: '/text-of', text: { member: 'uri', type: 'text/plain; charset=utf-8' } },
  errors: [],
  examples: [],
  run: async ({ state }) => ({ uri: `the ${state}` }),
})

interface Harness {
  readonly v3: HttpListening
  readonly v4: HttpListening
  readonly log: LogLine[]
  readonly calls: Call[]
  /** Lets the commands go on that wait. */
  readonly release: () => void
  readonly close: () => Promise<void>
}

const start = async (limits: Partial<Limits> = {}, more: Partial<HttpOptions> = {}): Promise<Harness> => {
  const log: LogLine[] = []
  const calls: Call[] = []
  const world = realWorld((level, message, given = {}) => void log.push({ level, message, fields: given }))
  const gate = Promise.withResolvers<void>()
  const commands = [probe(() => gate.promise), text] as readonly AnyCommand[]
  const dispatch = createDispatch(
    commands,
    {
      world,
      // The probes need none of these.
      ops: undefined as never,
      sites: undefined as never,
      logins: undefined as never,
      liveLogins: undefined as never,
      endedLogins: undefined as never,
      webhooks: undefined as never,
      pats: undefined as never,
      refreshes: undefined as never,
      rpKeys: undefined as never,
      uma: undefined as never,
      defaults: { op_host: undefined, site: {}, insecure_password_commands: false, public_url: undefined },
    },
    // Nor a guard: what is public needs none.
    { first: () => {}, permit: async () => undefined as never },
    { fingerprint: () => '', characters_max: 200 },
  )
  const options = {
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    client_certificates: false,
    protected: true,
    allowed_ip: [],
    commands,
    call: async (call: Call) => {
      calls.push(call)
      return dispatch.call(call)
    },
    refuse: dispatch.refuse,
    version: '9.9.9',
    limits: { ...LIMITS, ...limits },
    log: world.log,
    ...more,
  }
  const v3 = await listenHttp({ ...options, dialect: 'v3', flag: '--https31-port' })
  const v4 = await listenHttp({ ...options, dialect: 'v4', flag: '--https-port' })
  return {
    v3,
    v4,
    log,
    calls,
    release: gate.resolve,
    async close() {
      gate.resolve()
      await Promise.all([v3.close(), v4.close()])
    },
  }
}

/** Writes bytes as they are, and gives whatever came back when the connection has ended. */
const raw = (port: number, bytes: string): { socket: Socket; answer: Promise<string> } => {
  const socket = connect({ host: '127.0.0.1', port })
  socket.write(bytes)
  const answer = new Promise<string>((resolve) => {
    let got = ''
    socket.on('data', (chunk) => (got += String(chunk)))
    socket.on('error', () => {})
    socket.on('close', () => resolve(got))
  })
  return { socket, answer }
}

const assertRefused = (answer: HttpAnswer, dialect: 'v3' | 'v4', status: number, code: string): void => {
  assert.equal(answer.status, status, answer.text)
  const data = dialect === 'v3' ? (answer.body['data'] as Record<string, unknown>) : answer.body
  if (dialect === 'v3') assert.deepEqual(Object.keys(answer.body), ['status', 'data'])
  assert.deepEqual(Object.keys(data), ['error', 'error_description'])
  assert.equal(data['error'], code)
  assert.match(String(data['error_description']), REF)
}

describe('commands over HTTP', () => {
  let at: Harness
  before(async () => {
    at = await start()
  })
  after(() => at.close())

  it('have the path of each of their names', async () => {
    for (const path of ['/probe-it', '/probe']) {
      const { status, text: body } = await postJson(at.v4.address, path, { code: 'c', state: 's' })
      assert.equal(status, 200)
      assert.equal(body, '{"uri":"c|s"}')
    }
  })

  it('answer 3.1 clients in an envelope, nulls included, with 200 whatever happens', async () => {
    const fine = await postJson(at.v3.address, '/probe-it', { code: 'c', state: 'claims' })
    assert.equal(fine.text, '{"status":"ok","data":{"uri":"c|claims","claims":{"email_verified":["true"]}}}')
    const empty = await postJson(at.v3.address, '/probe-it', {})
    assert.equal(empty.text, '{"status":"ok","data":{"uri":"|","claims":null}}')
    for (const [state, code] of [
      ['bad', 'bad_request'],
      ['teapot', 'http_status_418'],
      ['bug', 'internal_error'],
    ] as const) {
      assertRefused(await postJson(at.v3.address, '/probe-it', { state }), 'v3', 200, code)
    }
  })

  it('answer 4.x clients with bare data, and the status of the error', async () => {
    const fine = await postJson(at.v4.address, '/probe-it', { state: 'claims' })
    assert.equal(fine.text, '{"uri":"|claims","claims":{"email_verified":true}}')
    for (const [state, status, code] of [
      ['bad', 400, 'bad_request'],
      ['teapot', 418, 'http_status_418'],
      ['bug', 500, 'internal_error'],
    ] as const) {
      assertRefused(await postJson(at.v4.address, '/probe-it', { state }), 'v4', status, code)
    }
  })

  it('answer our own library natively in an envelope with 200, on either listener', async () => {
    for (const { address } of [at.v3, at.v4]) {
      const fine = await postJson(address, '/probe-it', { code: 'c' }, { oxd: '1' })
      assert.equal(fine.text, '{"status":"ok","data":{"uri":"c|","claims":null,"login_id":"l"}}')
      const bad = await postJson(address, '/probe-it', { state: 'bad' }, { oxd: '1' })
      assert.equal(bad.status, 200)
      assert.equal((bad.body['data'] as Record<string, unknown>)['error'], 'invalid_state')
      const other = await postJson(address, '/probe-it', { state: 'bad' }, { oxd: '2' })
      assert.doesNotMatch(other.text, /invalid_state/)
    }
  })

  it('take no body, and a body of white space, for no parameters', async () => {
    for (const { address } of [at.v3, at.v4]) {
      const none = await sendHttp(address, '/probe')
      assert.equal(none.status, 200)
      const blank = await sendHttp(address, '/probe', {
        headers: { 'content-type': 'application/json' },
        body: ' \r\n',
      })
      assert.match(blank.text, /"uri":"\|"/)
    }
  })

  const BROKEN: readonly (readonly [what: string, body: string | Buffer])[] = [
    ['half an object', '{"code":"c"'],
    ['a list', '["c"]'],
    ['null', 'null'],
    ['a text', '"c"'],
    ['a member twice', '{"code":"c","code":"d"}'],
    ['a member twice, once in escapes', '{"code":"c","c\\u006fde":"d"}'],
    ['too deep', `{"claims":${'['.repeat(100)}${']'.repeat(100)}}`],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a form', 'code=c'],
  ]
  for (const [what, body] of BROKEN) {
    it(`refuse ${what}: to 3.1 as on the socket, to 4.x as a bad request`, async () => {
      const headers = { 'content-type': 'application/json' }
      assertRefused(await sendHttp(at.v3.address, '/probe', { headers, body }), 'v3', 200, 'internal_error')
      assertRefused(await sendHttp(at.v4.address, '/probe', { headers, body }), 'v4', 400, 'bad_request')
    })
  }

  it('read UTF-8, with a byte order mark, in any charset that is named', async () => {
    const { text: body } = await sendHttp(at.v4.address, '/probe', {
      headers: { 'content-type': 'Application/JSON; charset=iso-8859-1' },
      body: '\ufeff{"code":"h\u00e9llo \u{1f600}"}',
    })
    assert.equal(body, '{"uri":"h\u00e9llo \u{1f600}|"}')
  })

  it('take __proto__ for a parameter that nobody declares', async () => {
    const { text: body } = await sendHttp(at.v4.address, '/probe', {
      headers: { 'content-type': 'application/json' },
      body: '{"__proto__":{"code":"x"},"constructor":{"prototype":1}}',
    })
    assert.equal(body, '{"uri":"|"}')
  })

  it('take the token of Authorization, however Bearer is written, and of no other scheme', async () => {
    const ROWS: readonly (readonly [header: string, token: string | undefined])[] = [
      ['Bearer abc', 'abc'],
      ['bearer abc', 'abc'],
      ['BEARER  abc ', 'abc'],
      ['Basic abc', undefined],
      ['Bearer', undefined],
      ['Bearer ', undefined],
      ['Bearer a b', undefined],
      ['abc', undefined],
    ]
    for (const [authorization, token] of ROWS) {
      const params = { protection_access_token: 'of-the-body' }
      await postJson(at.v4.address, '/probe', params, { authorization })
      assert.equal(at.calls.at(-1)?.credentials.token, token, authorization)
    }
  })

  it('hand over AuthorizationOxdId, and that callers must prove themselves', async () => {
    await postJson(at.v4.address, '/probe', {}, { AuthorizationOxdId: ' an-oxd-id ' })
    const { credentials, dialect, peer } = at.calls.at(-1) as Call
    assert.deepEqual(credentials, {
      protected: true,
      token: undefined,
      authorization_oxd_id: 'an-oxd-id',
      certificate: undefined,
    })
    assert.equal(dialect, 'v4')
    assert.match(peer, /^127\.0\.0\.1:\d+$/)
    await postJson(at.v4.address, '/probe', {}, { AuthorizationOxdId: '' })
    assert.equal(at.calls.at(-1)?.credentials.authorization_oxd_id, undefined)
  })

  it('have their GET route, with parameters in the path and in the query', async () => {
    const { text: body } = await sendHttp(at.v4.address, '/probed/a%20b?state=s&code=other', {
      method: 'GET',
    })
    assert.equal(body, '{"uri":"a b|s"}')
    const enveloped = await sendHttp(at.v3.address, '/probed/c', { method: 'GET' })
    assert.equal(enveloped.text, '{"status":"ok","data":{"uri":"c|","claims":null}}')
    const twice = await sendHttp(at.v4.address, '/probed/c?state=s&state=s', { method: 'GET' })
    assertRefused(twice, 'v4', 400, 'bad_request')
  })

  it('answer a GET with a text where that is what they say, but not with an error', async () => {
    const fine = await sendHttp(at.v4.address, '/text-of?state=s', { method: 'GET' })
    assert.equal(fine.headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(fine.text, 'the s')
    const native = await sendHttp(at.v4.address, '/text-of?state=s', { method: 'GET', headers: { oxd: '1' } })
    assert.equal(native.text, '{"status":"ok","data":{"uri":"the s"}}')
    assertRefused(await sendHttp(at.v4.address, '/text-of', { method: 'GET' }), 'v4', 400, 'bad_request')
  })
})

describe('the door of HTTP', () => {
  let at: Harness
  const both = (check: (dialect: 'v3' | 'v4') => Promise<void>): Promise<unknown> =>
    Promise.all((['v3', 'v4'] as const).map(check))
  before(async () => {
    at = await start({ http_body_bytes_max: 1_000, http_header_bytes_max: 2_000 })
  })
  after(() => at.close())

  it('refuses every Origin, before the command', async () => {
    const calls = at.calls.length
    for (const origin of ['https://client.example.com', 'null', 'http://127.0.0.1']) {
      await both(async (dialect) => {
        const answer = await postJson(at[dialect].address, '/probe', {}, { origin })
        assertRefused(answer, dialect, 403, 'oxd_access_denied')
        assert.deepEqual(
          Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
          [],
        )
      })
    }
    assert.equal(at.calls.length, calls)
  })

  it('refuses a foreign Host, on every path', async () => {
    for (const path of ['/probe', '/nowhere', '/%zz']) {
      await both(async (dialect) => {
        const answer = await postJson(at[dialect].address, path, {}, { host: 'rebound.example.com' })
        assertRefused(answer, dialect, 403, 'oxd_access_denied')
      })
    }
    const own = await postJson(at.v4.address, '/probe', {}, { host: 'localhost:1' })
    assert.equal(own.status, 200)
  })

  it('refuses other media types, and a body without one', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'application/json-patch+json',
      'text/json',
      'x',
      undefined,
    ]) {
      await both(async (dialect) => {
        const headers = { 'content-length': '2', ...(type === undefined ? {} : { 'content-type': type }) }
        const answer = await sendHttp(at[dialect].address, '/probe', { headers, body: '{}' })
        assertRefused(answer, dialect, 415, 'bad_request')
      })
    }
  })

  it('refuses a body that is too large, and the answer arrives', async () => {
    const body = JSON.stringify({ code: 'x'.repeat(500_000) })
    const headers = { 'content-type': 'application/json' }
    await both(async (dialect) => {
      const declared = { ...headers, 'content-length': String(body.length) }
      assertRefused(
        await sendHttp(at[dialect].address, '/probe', { headers: declared, body }),
        dialect,
        413,
        'internal_error',
      )
      const chunked = { ...headers, 'transfer-encoding': 'chunked' }
      assertRefused(
        await sendHttp(at[dialect].address, '/probe', { headers: chunked, body }),
        dialect,
        413,
        'internal_error',
      )
    })
    const code = 'x'.repeat(1_000 - '{"code":""}'.length)
    assert.equal((await postJson(at.v4.address, '/probe', { code })).status, 200)
    assert.equal((await postJson(at.v4.address, '/probe', { code: `${code}x` })).status, 413)
  })

  it('reads a body that is too large to its end, for clients that write all before they read', async () => {
    const length = 8_000_000
    const head = `POST /probe HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
    const { socket, answer } = raw(at.v4.address.port, head)
    const written = new Promise((resolve) => socket.write('x'.repeat(length), resolve))
    assert.ok(!(await written), 'without an error')
    assert.match(await answer, /^HTTP\/1\.1 413 /)
  })

  it('refuses headers that are too large', async () => {
    const { answer } = raw(
      at.v4.address.port,
      `GET /health-check HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(3_000)}\r\n\r\n`,
    )
    assert.match(
      await answer,
      /^HTTP\/1\.1 431 [^\r]+\r\ncache-control: no-store\r\n[^]*\{"error":"bad_request"/,
    )
  })

  it('refuses what is no HTTP, and a request without Host', async () => {
    assert.match(await raw(at.v4.address.port, '0040{"command":"x"}').answer, /^HTTP\/1\.1 400 /)
    assert.match(
      await raw(at.v3.address.port, '\r\n\r\nhello\r\n\r\n').answer,
      /^HTTP\/1\.1 400 [^]*\{"status":"error"/,
    )
    assert.match(
      await raw(at.v4.address.port, 'GET /health-check HTTP/1.0\r\n\r\n').answer,
      /^HTTP\/1\.1 403 /,
    )
    const smuggled =
      'POST /probe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'
    assert.match(await raw(at.v4.address.port, smuggled).answer, /^HTTP\/1\.1 400 /)
  })

  it('knows no other path: to 3.1 a command that does not exist, to 4.x a 404', async () => {
    for (const path of [
      '/nowhere',
      '/Probe',
      '/probe/',
      '/probe_it',
      '//probe',
      '/probed',
      '/__proto__',
      '/%zz',
    ]) {
      assertRefused(await postJson(at.v3.address, path, {}), 'v3', 200, 'unsupported_operation')
      assertRefused(await postJson(at.v4.address, path, {}), 'v4', 404, 'unsupported_operation')
    }
    assertRefused(await postJson(at.v4.address, '/', {}), 'v4', 404, 'unsupported_operation')
    assertRefused(
      await sendHttp(at.v3.address, '/nowhere', { method: 'GET' }),
      'v3',
      404,
      'unsupported_operation',
    )
  })

  it('says which methods a path has', async () => {
    const ROWS = [
      ['GET', '/probe', 'POST'],
      ['OPTIONS', '/probe', 'POST'],
      ['PUT', '/probe', 'POST'],
      ['POST', '/probed/x', 'GET'],
      ['DELETE', '/health-check', 'GET, HEAD'],
    ] as const
    for (const [method, path, allow] of ROWS) {
      await both(async (dialect) => {
        const headers = { 'content-type': 'text/plain', 'content-length': '1' }
        const answer = await sendHttp(at[dialect].address, path, { method, headers, body: 'x' })
        assertRefused(answer, dialect, 405, 'bad_request')
        assert.equal(answer.headers.allow, allow)
      })
    }
  })

  it('puts the same headers on every answer', async () => {
    const answers = [
      await postJson(at.v4.address, '/probe', {}),
      await postJson(at.v4.address, '/probe', { state: 'bad' }),
      await postJson(at.v4.address, '/nowhere', {}),
      await postJson(at.v4.address, '/%zz', {}),
      await postJson(at.v4.address, '/probe', {}, { origin: 'null' }),
      await sendHttp(at.v3.address, '/health-check', { method: 'GET' }),
      await sendHttp(at.v4.address, '/docs', { method: 'GET' }),
      await sendHttp(at.v4.address, '/openapi.json', { method: 'GET' }),
    ]
    for (const { headers } of answers) {
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  })

  it('answers the health check of each dialect', async () => {
    const three = await sendHttp(at.v3.address, '/health-check', { method: 'GET' })
    assert.equal(three.text, 'running')
    assert.match(String(three.headers['content-type']), /^text\/plain/)
    const four = await sendHttp(at.v4.address, '/health-check', { method: 'GET' })
    assert.deepEqual(four.body, { application: 'oxd', version: '9.9.9', status: 'running' })
    assert.equal((await sendHttp(at.v4.address, '/health-check', { method: 'HEAD' })).status, 200)
  })

  it('logs a line for each refusal, with its reference, and nothing that was sent', async () => {
    const lines = at.log.length
    const secret = 'c5ecre7-value'
    const headers = { origin: secret, authorization: `Bearer ${secret}`, 'x-more': secret }
    const refused = await postJson(at.v4.address, `/${secret}?code=${secret}`, { code: secret }, headers)
    await postJson(at.v4.address, '/probe', { code: secret }, { authorization: `Bearer ${secret}` })
    await sendHttp(at.v4.address, `/probed/${secret}?state=${secret}`, { method: 'GET' })
    await sendHttp(at.v4.address, `/nowhere/${secret}?state=${secret}`, { method: 'GET' })
    const [line] = at.log.slice(lines)
    assert.equal(line?.fields['outcome'], 'foreign_origin')
    assert.match(
      String(refused.body['error_description']),
      new RegExp(`\\[ref ${String(line?.fields['ref'])}\\]$`),
    )
    assert.equal(at.log.length - lines, 4)
    assert.doesNotMatch(JSON.stringify(at.log), new RegExp(secret))
  })
})

describe('what oxd-ruby 3.0.1 posts to /', () => {
  let at: Harness
  before(async () => {
    at = await start()
  })
  after(() => at.close())

  const ROWS: readonly (readonly [body: Record<string, unknown>, command: unknown])[] = [
    [{ oxd_id: 'x', resources: [] }, 'uma_rs_protect'],
    [{ oxd_id: 'x', rpt: 'r', path: '/p', http_method: 'GET' }, 'uma_rs_check_access'],
    [{ oxd_id: 'x', rpt: 'r', ticket: 't' }, 'uma_rp_authorize_rpt'],
    [{ oxd_id: 'x', scopes: ['s'] }, 'uma_rp_get_gat'],
    [{ oxd_id: 'x', force_new: false, ticket: null, rpt: null }, 'uma_rp_get_rpt'],
    [{ command: 'probe', params: { code: 'c' } }, 'probe'],
    [{ command: null, params: {} }, null],
  ]
  for (const [body, named] of ROWS) {
    it(`${JSON.stringify(body)} is ${String(named)}`, async () => {
      const { status } = await postJson(at.v3.address, '/', body)
      assert.equal(status, 200)
      const { command: called, params } = at.calls.at(-1) as Call
      assert.equal(called, named)
      assert.deepEqual(params, 'params' in body ? body['params'] : body)
    })
  }
})

describe('addresses that may call', () => {
  it('are asked first, and can change under way', async () => {
    const at = await start({}, { allowed_ip: ['192.0.2.0/24'] })
    try {
      assertRefused(
        await postJson(at.v4.address, '/probe', {}, { host: 'x' }),
        'v4',
        403,
        'oxd_access_denied',
      )
      for (const path of ['/health-check', '/docs', '/openapi.json', '/%zz', '/nowhere']) {
        assert.equal((await sendHttp(at.v3.address, path, { method: 'GET' })).status, 403)
      }
      assert.throws(() => at.v4.prepare({ tls: undefined, allowed_ip: ['*', 'nonsense'] }), StartError)
      assert.equal((await postJson(at.v4.address, '/probe', {})).status, 403)
      const take = at.v4.prepare({ tls: undefined, allowed_ip: ['192.0.2.0/24', '127.0.0.1'] })
      assert.equal((await postJson(at.v4.address, '/probe', {})).status, 403)
      take()
      assert.equal((await postJson(at.v4.address, '/probe', {})).status, 200)
    } finally {
      await at.close()
    }
  })
})

describe('bounds of HTTP', () => {
  it('a request that does not end in time is refused, and its connection ends', async () => {
    const at = await start({ http_request_ms_max: 100 })
    try {
      const slow =
        'POST /probe HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
      for (const bytes of ['POST /probe HT', slow]) {
        assert.match(
          await raw(at.v4.address.port, bytes).answer,
          /^HTTP\/1\.1 408 [^]*\{"error":"internal_error"/,
        )
      }
    } finally {
      await at.close()
    }
  })

  it('a peer that leaves in the middle of its body is no failure of oxd', async () => {
    const at = await start()
    try {
      const half =
        'POST /probe HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
      const { socket, answer } = raw(at.v4.address.port, half)
      socket.end()
      await answer
      await delay(20)
      assert.ok(at.log.every(({ level }) => level === 'warn'))
      assert.ok(at.log.some(({ fields }) => fields['outcome'] === 'frame_incomplete'))
    } finally {
      await at.close()
    }
  })

  it('a silent connection ends', async () => {
    const at = await start({ http_idle_ms: 50 })
    try {
      const request = 'GET /health-check HTTP/1.1\r\nHost: localhost\r\n\r\n'
      assert.match(await raw(at.v4.address.port, request).answer, /"status":"running"\}$/)
    } finally {
      await at.close()
    }
  })

  it('a connection whose peer takes no answers ends', async () => {
    const at = await start({ http_idle_ms: 100, connections_max: 1 })
    try {
      const request = 'GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n'
      const deaf = connect({ host: '127.0.0.1', port: at.v4.address.port }).pause()
      deaf.on('error', () => {})
      // More than the buffers on the way can hold.
      deaf.write(request.repeat(5_000))
      await delay(50)
      await assert.rejects(postJson(at.v4.address, '/probe', {}))
      const began = performance.now()
      const isServed = () => postJson(at.v4.address, '/probe', {}).then(Boolean, () => false)
      while (!(await isServed())) {
        assert.ok(performance.now() - began < 5_000)
        await delay(20)
      }
      deaf.destroy()
    } finally {
      await at.close()
    }
  })

  it('so many connections, and no more; the log says so once', async () => {
    const at = await start({ connections_max: 2 })
    try {
      const first = [raw(at.v4.address.port, ''), raw(at.v4.address.port, '')]
      await delay(20)
      for (let index = 0; index < 3; index += 1)
        assert.equal(await raw(at.v4.address.port, 'GET ').answer, '')
      assert.equal(at.log.filter(({ message }) => message === 'too many connections').length, 1)
      for (const { socket } of first) socket.destroy()
      await delay(20)
      assert.equal((await postJson(at.v4.address, '/probe', {})).status, 200)
    } finally {
      await at.close()
    }
  })
})

describe('the end of a listener', () => {
  it('answers what is under way, refuses what comes then, and waits for nobody else', async (t) => {
    const at = await start()
    t.after(at.close)
    const underWay = postJson(at.v4.address, '/probe', { state: 'held' })
    const silent = raw(at.v4.address.port, '')
    const kept = raw(at.v4.address.port, 'GET /health-check HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const half = raw(at.v4.address.port, 'GET /health-ch')
    await once(kept.socket, 'data')
    while (at.calls.length === 0) await delay(1)
    const closed = at.v4.close()
    await assert.rejects(postJson(at.v4.address, '/probe', {}), { code: 'ECONNREFUSED' })
    at.release()
    assert.equal((await underWay).text, '{"uri":"|held"}')
    await closed
    assert.equal(await silent.answer, '')
    assert.match(await kept.answer, /running/)
    await half.answer
  })

  it('refuses a further request of a connection that is busy', async (t) => {
    const at = await start()
    t.after(at.close)
    const body = '{"state":"held"}'
    const post = `POST /probe HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const { socket, answer } = raw(at.v3.address.port, post)
    while (at.calls.length === 0) await delay(1)
    const closed = at.v3.close()
    socket.write(post)
    await delay(20)
    at.release()
    await closed
    const answers = (await answer).split('HTTP/1.1 ').slice(1)
    assert.match(String(answers[0]), /^200 [^]*"uri":"\|held"/)
    assert.ok(answers.length === 1 || /^503 [^]*internal_error/.test(String(answers[1])), answers[1])
    assert.equal(at.calls.length, 1)
  })

  it('does not wait longer than it may', async (t) => {
    const at = await start({ shutdown_ms: 50 })
    t.after(at.close)
    const underWay = postJson(at.v4.address, '/probe', { state: 'held' })
    while (at.calls.length === 0) await delay(1)
    const began = performance.now()
    await Promise.all([at.v4.close(), at.v4.close(), assert.rejects(underWay)])
    assert.ok(performance.now() - began < 1_000)
  })

  it('says which port is taken, and by which flag another is chosen', async (t) => {
    const at = await start()
    t.after(at.close)
    const { port } = at.v4.address
    await assert.rejects(
      start({}, { port }),
      (error) =>
        error instanceof StartError &&
        error.message.startsWith(`127.0.0.1:${port} is in use`) &&
        error.message.endsWith('--https31-port.'),
    )
  })
})
