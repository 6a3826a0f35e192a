// register_site: what reaches the OP, what is kept, and every way in which an OP or a caller can spoil it.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { reply, type Faults } from '../testing/op.ts'
import { HOME, REDIRECT, startStory, type Story } from '../testing/story.ts'

/** A lie in the discovery document or at the registration endpoint, and the code it is refused with. */
const LIES: Readonly<Record<string, readonly [Faults, string]>> = {
  'another issuer': [
    { discovery: (d) => ({ ...d, issuer: `${String(d.issuer)}INVALID` }) },
    'invalid_issuer_discovered',
  ],
  'an issuer with a slash more': [
    { discovery: (d) => ({ ...d, issuer: `${String(d.issuer)}/` }) },
    'invalid_issuer_discovered',
  ],
  'no issuer': [{ discovery: ({ issuer: _, ...d }) => d }, 'no_connect_discovery_response'],
  'an issuer twice': [
    { discovery: reply.duplicate('issuer', 'https://other.example', 'first') },
    'no_connect_discovery_response',
  ],
  'an issuer in a list': [
    { discovery: (d) => ({ ...d, issuer: [d.issuer] }) },
    'no_connect_discovery_response',
  ],
  'no token endpoint': [{ discovery: ({ token_endpoint: _, ...d }) => d }, 'no_connect_discovery_response'],
  'an endpoint that is no URL': [
    { discovery: (d) => ({ ...d, jwks_uri: 'jwks' }) },
    'no_connect_discovery_response',
  ],
  'an endpoint in a file': [
    { discovery: (d) => ({ ...d, jwks_uri: 'file:///etc/passwd' }) },
    'no_connect_discovery_response',
  ],
  'a discovery page': [{ discovery: reply.html() }, 'no_connect_discovery_response'],
  'an empty discovery document': [{ discovery: reply.empty() }, 'no_connect_discovery_response'],
  'half a discovery document': [{ discovery: reply.truncated_json() }, 'no_connect_discovery_response'],
  'no discovery document': [{ discovery: reply.html(404) }, 'no_connect_discovery_response'],
  'a broken OP': [{ discovery: reply.html(500) }, 'no_connect_discovery_response'],
  'a redirect of discovery': [
    { discovery: reply.redirect('http://127.0.0.1:9/') },
    'no_connect_discovery_response',
  ],
  'an endless discovery document': [{ discovery: reply.endless() }, 'no_connect_discovery_response'],
  'a huge discovery document': [{ discovery: reply.huge() }, 'no_connect_discovery_response'],
  'a bomb for a discovery document': [
    { discovery: reply.compressed('gzip', 32 * 1024 * 1024) },
    'no_connect_discovery_response',
  ],
  'silence at discovery': [{ discovery: reply.hang() }, 'no_connect_discovery_response'],
  'a discovery document that drips': [{ discovery: reply.drip(50) }, 'no_connect_discovery_response'],
  'a connection that breaks': [{ discovery: reply.cut() }, 'no_connect_discovery_response'],
  'no registration endpoint': [{ discovery: ({ registration_endpoint: _, ...d }) => d }, 'invalid_request'],
  'only algorithms that oxd refuses': [
    { discovery: (d) => ({ ...d, id_token_signing_alg_values_supported: ['none', 'HS256'] }) },
    'invalid_algorithm',
  ],
  'only ways to authenticate that oxd does not know': [
    { discovery: (d) => ({ ...d, token_endpoint_auth_methods_supported: ['tls_client_auth'] }) },
    'invalid_algorithm',
  ],
  'a refused registration': [
    {
      registration: reply.raw({
        status: 400,
        body: '{"error":"invalid_redirect_uri","error_description":"not here"}',
      }),
    },
    'http_status_400',
  ],
  'a registration without client_id': [
    { registration: ({ client_id: _, ...r }) => r },
    'no_client_id_returned',
  ],
  'a registration without client_secret': [
    { registration: ({ client_secret: _, ...r }) => r },
    'no_client_secret_returned',
  ],
  'a registration page': [{ registration: reply.html() }, 'internal_error'],
  'half a registration': [{ registration: reply.truncated_json() }, 'internal_error'],
  'a redirect of the registration': [
    { registration: reply.redirect('http://127.0.0.1:9/', 307) },
    'internal_error',
  ],
  'an endless registration': [{ registration: reply.endless() }, 'internal_error'],
  'a registration managed elsewhere': [
    { registration: (r) => ({ ...r, registration_client_uri: 'https://elsewhere.example.com/reg' }) },
    'internal_error',
  ],
  'a registration for another algorithm': [
    { registration: (r) => ({ ...r, id_token_signed_response_alg: 'HS256' }) },
    'invalid_algorithm',
  ],
}

describe('register_site', () => {
  let story: Story
  before(async () => {
    story = await startStory({ limits: { op_total_ms: 1_500, op_connect_ms: 1_000 } })
  })
  after(() => story.close())

  const sites = async (): Promise<number> => {
    let count = 0
    for await (const _site of story.daemon.opened.store.kind({ kind: 'site', durable: true }).list()) count++
    return count
  }

  for (const [lie, [faults, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}, and stores nothing`, async () => {
      assert.equal((await story.register(story.issuer())).status, 'ok', 'the twin')
      const stored = await sites()
      const issuer = story.issuer(faults)
      const { status, data } = await story.register(issuer)
      assert.equal(status, 'error', JSON.stringify(data))
      assert.equal(data.error, code, String(data.error_description))
      assert.equal(await sites(), stored)
      if (!/issuer|registration|algorithm|ways/.test(lie) || code.startsWith('http_status')) {
        assert.match(String(data.error_description), new RegExp(story.op.origin), 'it names the OP')
      }
    })
  }

  it('takes the client back at the OP when it cannot be remembered', async () => {
    const own = await startStory()
    try {
      const issuer = own.issuer()
      await own.daemon.opened.store.close()
      const { data } = await own.register(issuer)
      assert.equal(data.error, 'internal_error')
      const asked = own.op.requests(issuer).map(({ endpoint, method }) => `${method} ${endpoint}`)
      assert.deepEqual(asked.slice(-2), ['POST registration', 'DELETE management'])
    } finally {
      await own.close()
    }
  })

  it('takes back a client that it cannot use', async () => {
    const issuer = story.issuer({ registration: ({ client_secret: _, ...r }) => r })
    assert.equal((await story.register(issuer)).data.error, 'no_client_secret_returned')
    assert.equal(story.op.requests(issuer).at(-1)?.method, 'DELETE')
    const malformed = story.issuer({ registration: (r) => ({ ...r, client_secret_expires_at: false }) })
    assert.equal((await story.register(malformed)).data.error, 'internal_error')
    assert.equal(story.op.requests(malformed).at(-1)?.method, 'DELETE')
  })

  it('bounds and cleans what the OP says of itself', async () => {
    const token_endpoint_auth_method = `evil\u202e${'A'.repeat(5_000)}`
    const issuer = story.issuer({ registration: (r) => ({ ...r, token_endpoint_auth_method }) })
    const text = String((await story.register(issuer)).data.error_description)
    assert.ok(text.length < 600 && !text.includes('\u202e'), text)
  })

  it('refuses an OP that is down, by name', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const own = await startStory({ argv: ['--trust-op', `http://127.0.0.1:${port}`] })
    try {
      const { data } = await own.register(`http://127.0.0.1:${port}`)
      assert.equal(data.error, 'no_connect_discovery_response')
      assert.match(String(data.error_description), new RegExp(`Discovery: .*127\\.0\\.0\\.1:${port}`))
    } finally {
      await own.close()
    }
  })

  it('goes nowhere that is private or unencrypted, unless it was told to, and says how to tell it', async () => {
    for (const op_host of [
      story.op.canary().origin,
      'https://10.0.0.5',
      'https://[::1]:1',
      'https://localhost',
    ]) {
      const { data } = await story.register(op_host)
      assert.equal(data.error, 'restricted_op_host', op_host)
      assert.match(String(data.error_description), /--trust-op/)
    }
    assert.equal(story.op.canary().contacts, 0)
  })

  it('keeps what later logins need, under an oxd_id that nobody guesses', async () => {
    const { data } = await story.register(story.issuer())
    assert.match(String(data.oxd_id), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepEqual(Object.keys(data), ['oxd_id', 'op_host'])
    const full = await story.daemon.call(
      'register_site',
      { op_host: story.issuer(), authorization_redirect_uri: REDIRECT },
      { oxd: 1 },
    )
    assert.deepEqual(Object.keys(full.data), ['oxd_id', 'op_host', 'client_id', 'logout_webhook_secret'])
  })

  it('tells the OP everything under the names of the specification', async () => {
    const issuer = story.issuer()
    const params = {
      redirect_uris: ['https://client.example.com/two'],
      post_logout_redirect_uri: HOME,
      client_logout_uris: ['https://client.example.com/front', 'https://client.example.com/other'],
      scope: ['profile', ' email'],
      acr_values: ['basic', ''],
      contacts: 'ops@example.com',
      client_name: 'Demo',
      client_jwks_uri: 'https://client.example.com/jwks',
      client_sector_identifier_uri: ['https://client.example.com/sector'],
      client_request_uris: ['https://client.example.com/request'],
      client_token_endpoint_auth_method: 'client_secret_post',
      trusted_client: 'true',
      https_extension: false,
      host: 'localhost',
    }
    assert.equal((await story.register(issuer, params)).status, 'ok')
    const [sent] = story.op.requests(issuer).filter(({ endpoint }) => endpoint === 'registration')
    assert.deepEqual(sent?.params, {
      redirect_uris: [REDIRECT, 'https://client.example.com/two'],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      application_type: 'web',
      client_name: 'Demo',
      scope: 'openid profile email',
      contacts: ['ops@example.com'],
      post_logout_redirect_uris: [HOME],
      frontchannel_logout_uri: 'https://client.example.com/front',
      default_acr_values: ['basic'],
      jwks_uri: 'https://client.example.com/jwks',
      sector_identifier_uri: 'https://client.example.com/sector',
      request_uris: ['https://client.example.com/request'],
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'RS256',
      oxAuthTrustedClient: 'true',
    })
  })

  it('takes over a client that was registered by hand, whatever characters its secret has', async () => {
    // eslint-disable-next-line no-secrets -- every printable ASCII character
    const client_secret = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i)).trim() + '!'
    for (const method of ['client_secret_basic', 'client_secret_post']) {
      const issuer = story.issuer({ credentials: { client_id: 'by hand: %+&"', client_secret } })
      story.op.addClient(issuer, { redirect_uris: [REDIRECT], token_endpoint_auth_method: method })
      const { data } = await story.register(issuer, {
        client_id: 'by hand: %+&"',
        client_secret,
        client_token_endpoint_auth_method: method,
      })
      assert.equal(story.op.count(issuer, 'registration'), 0)
      const url = await story.daemon.call('get_authorization_url', { oxd_id: data.oxd_id })
      const back = new URL(await story.op.authorize(String(url.data.authorization_url))).searchParams
      const tokens = await story.daemon.call('get_tokens_by_code', {
        oxd_id: data.oxd_id,
        code: back.get('code'),
        state: back.get('state'),
      })
      assert.equal(tokens.status, 'ok', JSON.stringify(tokens.data))
    }
  })

  it('takes the algorithm and the way to authenticate that the OP has', async () => {
    const issuer = story.issuer({
      discovery: (d) => ({
        ...d,
        id_token_signing_alg_values_supported: ['ES256'],
        token_endpoint_auth_methods_supported: ['client_secret_post'],
      }),
    })
    assert.equal((await story.register(issuer)).status, 'ok')
    const [sent] = story.op.requests(issuer).filter(({ endpoint }) => endpoint === 'registration')
    assert.equal(sent?.params.id_token_signed_response_alg, 'ES256')
    assert.equal(sent?.params.token_endpoint_auth_method, 'client_secret_post')
  })

  it('takes a client without authentication from an OP that has no other, and logs it unless it was asked for', async () => {
    const logged = () =>
      story.daemon.log
        .filter(({ message }) => message.includes('without authentication'))
        .map(({ level, fields }) => [level, fields])
    const issuer = story.issuer({
      registration: (good) => ({ ...good, token_endpoint_auth_method: 'none' }),
    })
    const asked = { client_token_endpoint_auth_method: 'none' }
    assert.equal((await story.register(issuer, asked)).status, 'ok')
    assert.deepEqual(logged(), [])
    assert.equal((await story.register(issuer)).status, 'ok')
    assert.deepEqual(logged(), [['warn', { op: issuer }]])
  })

  it('takes the default OP of the daemon when a site names none', async () => {
    const own = await startStory({ argv: ['--op-host', 'https://10.0.0.7'] })
    try {
      const { data } = await own.daemon.call('register_site', { authorization_redirect_uri: REDIRECT })
      assert.match(String(data.error_description), /10\.0\.0\.7/)
    } finally {
      await own.close()
    }
  })

  const BAD: readonly (readonly [params: Record<string, unknown>, code: string, name: string])[] = [
    [{ op_host: '' }, 'invalid_op_host', 'op_host'],
    [{ op_host: 'ftp://op.example.com' }, 'invalid_op_host', 'op_host'],
    [{ op_host: 'https://user:pass@op.example.com' }, 'invalid_op_host', 'op_host'],
    [{ op_host: 'https://op.example.com?x=1' }, 'invalid_op_host', 'op_host'],
    [{ op_host: 'https://' }, 'invalid_op_host', 'op_host'],
    [{ op_host: {}, authorization_redirect_uri: null }, 'invalid_op_host', 'op_host'],
    [{ authorization_redirect_uri: ' ' }, 'invalid_authorization_redirect_uri', 'authorization_redirect_uri'],
    [
      { authorization_redirect_uri: 'callback' },
      'invalid_authorization_redirect_uri',
      'authorization_redirect_uri',
    ],
    [
      { authorization_redirect_uri: 'javascript:alert(1)' },
      'invalid_authorization_redirect_uri',
      'authorization_redirect_uri',
    ],
    [
      { authorization_redirect_uri: 'https://a.example/#x' },
      'invalid_authorization_redirect_uri',
      'authorization_redirect_uri',
    ],
    [
      { authorization_redirect_uri: ['https://a.example', 'https://b.example'] },
      'internal_error',
      'authorization_redirect_uri',
    ],
    [
      { authorization_redirect_uri: `https://a.example/${'a'.repeat(3000)}` },
      'invalid_authorization_redirect_uri',
      'authorization_redirect_uri',
    ],
    [{ redirect_uris: ['x'] }, 'invalid_redirect_uri', 'redirect_uris'],
    [{ scope: { openid: true } }, 'internal_error', 'scope'],
    [{ scope: ['open"id'] }, 'invalid_scope', 'scope'],
    [{ contacts: Array.from({ length: 101 }, () => 'a@example.com') }, 'internal_error', 'contacts'],
    [{ trusted_client: 'maybe' }, 'internal_error', 'trusted_client'],
    [{ response_types: ['token'] }, 'invalid_request', 'response_types'],
    [{ client_token_endpoint_auth_signing_alg: 'XX' }, 'invalid_algorithm', 'signing_alg'],
    [{ subject_type: 'nonsense' }, 'invalid_subject_type', 'subject_type'],
    [{ application_type: 'mobile' }, 'internal_error', 'application_type'],
    [{ op_configuration_endpoint: 'https://a.example/x' }, 'invalid_op_configuration_endpoint', 'op_config'],
    [{ post_logout_redirect_uri: 'x' }, 'invalid_redirect_uri', 'post_logout'],
    [{ client_id: 'x' }, 'invalid_client_secret', 'client_secret'],
    [{ client_secret: 'x' }, 'invalid_client_id', 'client_id'],
    [
      { client_token_endpoint_auth_method: 'tls_client_auth' },
      'invalid_algorithm',
      'client_token_endpoint_auth_method',
    ],
    [
      { client_token_endpoint_auth_method: 'constructor' },
      'invalid_algorithm',
      'client_token_endpoint_auth_method',
    ],
    [{ id_token_signed_response_alg: 'none' }, 'invalid_algorithm', 'id_token_signed_response_alg'],
    [
      { client_id: 'x', client_secret: 'y', client_secret_expires_at: '9'.repeat(60) + 'e400' },
      'internal_error',
      'client_secret_expires_at',
    ],
    [
      { client_id: 'x', client_secret: 'y', client_secret_expires_at: 'soon' },
      'internal_error',
      'client_secret_expires_at',
    ],
  ]
  for (const [params, code, name] of BAD) {
    it(`refuses ${JSON.stringify(params).slice(0, 70)} with ${code}, naming ${name}`, async () => {
      const { status, data } = await story.register(story.issuer(), params)
      assert.equal(status, 'error', JSON.stringify(data))
      assert.equal(data.error, code, String(data.error_description))
      assert.match(String(data.error_description), new RegExp(name))
    })
  }
})

describe('register_site of 4.x', () => {
  let story: Story
  before(async () => {
    story = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
  })
  after(() => story.close())

  const TWO = 'https://client.example.com/two'
  const post = (params: object) => story.daemon.post('v4', '/register-site', params)
  const sentTo = (issuer: string): Record<string, unknown> =>
    story.op.requests(issuer).find(({ endpoint }) => endpoint === 'registration')?.params ?? {}

  it('has exactly its members, the issuer and the client with its secret among them', async () => {
    const issuer = story.issuer()
    const op_configuration_endpoint = `${issuer}/.well-known/openid-configuration`
    const { status, body } = await post({ op_configuration_endpoint, redirect_uris: [REDIRECT] })
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(Object.keys(body), [
      'oxd_id',
      'op_host',
      'client_id',
      'client_name',
      'client_secret',
      'client_registration_access_token',
      'client_registration_client_uri',
      'client_id_issued_at',
      'client_secret_expires_at',
    ])
    assert.deepEqual([body.op_host, body.client_secret_expires_at], [issuer, 0])
    assert.equal(body.client_name, `oxd site ${String(body.oxd_id)}`)
    assert.ok(Math.abs(Number(body.client_id_issued_at) - Date.now() / 1_000) < 60, 'seconds')
  })

  it('leaves out what the OP did not say, and says 0 for a time that is not known', async () => {
    const op_host = story.issuer()
    const params = { op_host, redirect_uris: [REDIRECT], client_id: 'hand', client_secret: 'a secret' }
    const { body } = await post(params)
    assert.deepEqual(Object.keys(body), [
      'oxd_id',
      'op_host',
      'client_id',
      'client_name',
      'client_secret',
      'client_id_issued_at',
      'client_secret_expires_at',
    ])
    assert.deepEqual([body.client_id, body.client_id_issued_at], ['hand', 0])
    const odd = story.issuer({ registration: (r) => ({ ...r, client_id_issued_at: 'yesterday' }) })
    const told = await post({ op_host: odd, redirect_uris: [REDIRECT] })
    assert.deepEqual([told.status, told.body.client_id_issued_at], [200, 0], 'no login fails on it')
  })

  it('takes redirect_uris as the whole list, its first as the login redirect', async () => {
    const op_host = story.issuer()
    const ignored = { authorization_redirect_uri: 'https://ignored.example.com/' }
    const { body } = await post({ op_host, redirect_uris: [TWO, REDIRECT], ...ignored })
    assert.deepEqual(sentTo(op_host).redirect_uris, [TWO, REDIRECT])
    const url = await story.daemon.post('v4', '/get-authorization-url', { oxd_id: body.oxd_id })
    const { searchParams } = new URL(String(url.body.authorization_url))
    assert.equal(searchParams.get('redirect_uri'), TWO)
  })

  it('adds the grant with which the client gets the tokens that protect its site, where the OP has it', async () => {
    const grants = async (params: object, faults?: Faults): Promise<unknown> => {
      const op_host = story.issuer(faults)
      assert.equal((await post({ op_host, redirect_uris: [REDIRECT], ...params })).status, 200)
      return sentTo(op_host).grant_types
    }
    const added = ['authorization_code', 'client_credentials']
    assert.deepEqual(await grants({}), added)
    assert.deepEqual(await grants({ grant_types: added }), added)
    const silent: Faults = { discovery: ({ grant_types_supported: _, ...d }) => d }
    assert.deepEqual(await grants({}, silent), added)
    const without: Faults = { discovery: (d) => ({ ...d, grant_types_supported: ['authorization_code'] }) }
    assert.deepEqual(await grants({}, without), ['authorization_code'])
    const odd: Faults = { discovery: (d) => ({ ...d, grant_types_supported: 'all' }) }
    assert.deepEqual(await grants({}, odd), added, 'no site fails on it')
  })

  it('hands on what else the OP is told, by the names that the OP knows', async () => {
    const op_host = story.issuer()
    const jwks = { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }
    const { status, body } = await post({
      op_host,
      redirect_uris: [REDIRECT],
      access_token_as_jwt: true,
      access_token_lifetime: 60,
      default_max_age: '120',
      front_channel_logout_session_required: true,
      id_token_binding_cnf: 'tbh',
      jwks: JSON.stringify(jwks),
      run_introspection_script_beforeaccess_token_as_jwt_creation_and_include_claims: true,
      software_id: 's-1',
      initiate_login_uri: 'https://client.example.com/start',
      request_object_signing_alg: 'ES256',
      custom_attributes: { shoe_size: '44' },
      sync_client_from_op: true,
      sync_client_period_in_seconds: 86_400,
    })
    assert.equal(status, 200, JSON.stringify(body))
    const {
      redirect_uris: _1,
      response_types: _2,
      grant_types: _3,
      client_name: _4,
      scope: _5,
      ...sent
    } = sentTo(op_host)
    assert.deepEqual(sent, {
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'RS256',
      access_token_as_jwt: true,
      access_token_lifetime: 60,
      default_max_age: 120,
      frontchannel_logout_session_required: true,
      id_token_token_binding_cnf: 'tbh',
      jwks,
      run_introspection_script_before_access_token_as_jwt_creation_and_include_claims: true,
      software_id: 's-1',
      initiate_login_uri: 'https://client.example.com/start',
      request_object_signing_alg: 'ES256',
      shoe_size: '44',
    })
    const { oxd_id } = body
    const params = { oxd_id, software_id: 's-2', custom_attributes: { hat_size: '57' } }
    assert.equal((await story.daemon.post('v4', '/update-site', params)).status, 200)
    const { params: updated } = story.op.requests(op_host).find(({ method }) => method === 'PUT') ?? {}
    assert.deepEqual(
      [updated?.software_id, updated?.shoe_size, updated?.hat_size, updated?.default_max_age],
      ['s-2', '44', '57', 120],
      'what is absent stays',
    )
    const some = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`attribute_${from + n}`, 'x']))
    const add = async (custom_attributes: object) =>
      (await story.daemon.post('v4', '/update-site', { oxd_id, custom_attributes })).status
    // Shoe size and hat size are two of them, and there is room for those that oxd knows by name.
    assert.equal(await add(some(0, 98)), 200)
    assert.equal(await add(some(98, 90)), 400)
    assert.equal(await add(some(0, 98)), 200)
  })

  const BAD: readonly (readonly [params: Record<string, unknown>, code: string, name: string])[] = [
    [{ redirect_uris: null }, 'invalid_redirect_uri', 'redirect_uris'],
    [{ redirect_uris: ['callback'] }, 'invalid_redirect_uri', 'redirect_uris'],
    [{ redirect_uris: [`${REDIRECT}#x`] }, 'redirect_uri_has_fragment_component', 'redirect_uris'],
    [{ redirect_uris: [REDIRECT, `${TWO}#`] }, 'redirect_uri_has_fragment_component', 'redirect_uris'],
    [{ redirect_uris: ['javascript:alert(1)#'] }, 'invalid_redirect_uri', 'redirect_uris'],
    [{ op_host: '' }, 'invalid_op_host_and_configuration_endpoint', 'op_host'],
    [{ op_configuration_endpoint: 'https://a.example/x' }, 'invalid_op_configuration_endpoint', 'op_conf'],
    [{ client_id: 'x' }, 'invalid_client_secret', 'client_secret'],
    [{ client_secret: 'x' }, 'invalid_client_id', 'client_id'],
    [{ subject_type: 'x' }, 'invalid_subject_type', 'subject_type'],
    [{ scope: { a: 'b' } }, 'bad_request', 'scope'],
    [{ default_max_age: 'soon' }, 'bad_request', 'default_max_age'],
    [{ default_max_age: -1 }, 'bad_request', 'default_max_age'],
    [{ access_token_lifetime: 1.5 }, 'bad_request', 'access_token_lifetime'],
    [{ jwks: 'no JSON' }, 'invalid_request', 'jwks'],
    [{ jwks: '[]' }, 'invalid_request', 'jwks'],
    [{ jwks: `{"keys":[{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}` }, 'invalid_request', 'jwks'],
    [{ jwks: '{"keys":[],"keys":[]}' }, 'invalid_request', 'jwks'],
    [{ jwks: '{"keys":[{"kty":"RSA","__proto__":{}}]}' }, 'invalid_request', 'jwks'],
    [{ scope: ['a '.repeat(1_001)] }, 'invalid_scope', 'scope'],
    [{ jwks: '{"keys":{}}' }, 'invalid_request', 'jwks'],
    [{ jwks: { keys: [{ kty: 'RSA', d: 'zzzz' }] } }, 'invalid_request', 'jwks'],
    [{ jwks: '{"keys":[{"kty":"oct","k":"zzzz"}]}' }, 'invalid_request', 'jwks'],
    [{ custom_attributes: { redirect_uris: 'x' } }, 'invalid_request', 'redirect_uris'],
    [{ custom_attributes: { client_secret: 'x' } }, 'invalid_request', 'client_secret'],
    [{ custom_attributes: { jwks_uri: 'x' } }, 'invalid_request', 'jwks_uri'],
    [{ custom_attributes: { software_id: 'x' } }, 'invalid_request', 'software_id'],
    [
      { custom_attributes: { id_token_encrypted_response_alg: 'RSA-OAEP' } },
      'invalid_request',
      'id_token_encrypted_response_alg',
    ],
    ...[
      'id_token_encrypted_response_alg',
      'id_token_encrypted_response_enc',
      'user_info_signed_response_alg',
      'user_info_encrypted_response_alg',
      'user_info_encrypted_response_enc',
      'request_object_encryption_alg',
      'request_object_encryption_enc',
    ].map((name) => [{ [name]: 'RSA1_5' }, 'invalid_algorithm', name] as const),
  ]
  for (const [params, code, name] of BAD) {
    it(`refuses ${JSON.stringify(params).slice(0, 70)} with ${code}, naming ${name}`, async () => {
      const op_host = story.issuer()
      const { status, body } = await post({ op_host, redirect_uris: [REDIRECT], ...params })
      assert.deepEqual([status, body.error], [400, code], JSON.stringify(body))
      assert.match(String(body.error_description), new RegExp(name))
      assert.doesNotMatch(String(body.error_description), /zzzz/)
      assert.equal(story.op.count(op_host, 'registration'), 0)
    })
  }
})
