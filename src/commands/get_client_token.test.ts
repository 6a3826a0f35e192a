// get_client_token: a token for the client itself, authenticated as it was registered, for the scopes that protect commands.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../testing/daemon.ts'
import { assertNoSecrets } from '../testing/log_scan.ts'
import { reply, type Faults } from '../testing/op.ts'
import { REDIRECT, startStory, type Story } from '../testing/story.ts'

const COMMAND = 'get_client_token'
const MEMBERS = ['access_token', 'expires_in', 'refresh_token', 'scope']

const LIES: Readonly<Record<string, readonly [Faults, string]>> = {
  'a refused client': [
    { token: reply.raw({ status: 401, body: '{"error":"invalid_client"}' }) },
    'internal_error',
  ],
  'a refused grant': [
    { token: reply.raw({ status: 400, body: '{"error":"unauthorized_client"}' }) },
    'http_status_400',
  ],
  'a refused scope': [
    { token: reply.raw({ status: 400, body: '{"error":"invalid_scope"}' }) },
    'invalid_scope',
  ],
  'no access token': [{ token: ({ access_token: _, ...good }) => good }, 'no_access_token'],
  'a page': [{ token: reply.html() }, 'internal_error'],
  'a redirect': [{ token: reply.redirect('http://127.0.0.1:9/', 307) }, 'internal_error'],
}

describe('get_client_token', () => {
  let story: Story
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  /** A client that may act for itself, which oxd does not know. */
  const clientAt = (issuer: string, metadata: Data = {}): Data => {
    const { client_id, client_secret } = story.op.addClient(issuer, {
      redirect_uris: [REDIRECT],
      grant_types: ['client_credentials'],
      ...metadata,
    })
    return { op_host: issuer, client_id, client_secret }
  }
  const call = (params: Data, more?: Data) => story.daemon.call(COMMAND, params, more)
  const sent = (issuer: string): Data[] =>
    story.op
      .requests(issuer)
      .filter(({ endpoint }) => endpoint === 'token')
      .map(({ params }) => params)

  it('has exactly the members of 3.1, the scope as one text with openid in it', async () => {
    const issuer = story.issuer()
    const { status, data } = await call({ ...clientAt(issuer), scope: ['oxd', 'uma_protection'] })
    assert.equal(status, 'ok', JSON.stringify(data))
    assert.deepEqual(Object.keys(data), MEMBERS)
    assert.deepEqual(
      [data.expires_in, data.refresh_token, data.scope],
      [3_600, null, 'openid oxd uma_protection'],
    )
    const [request] = story.op.requests(issuer).filter(({ endpoint }) => endpoint === 'token')
    assert.deepEqual(request?.params, {
      grant_type: 'client_credentials',
      scope: 'openid oxd uma_protection',
    })
  })

  it('has the scope as a list in 4.x and for our library, and takes the address of the metadata', async () => {
    const issuer = story.issuer()
    const { op_host: _, ...client } = clientAt(issuer)
    const op_configuration_endpoint = `${issuer}/.well-known/openid-configuration`
    const params = { ...client, op_configuration_endpoint, scope: ['oxd'] }
    const { status, body } = await story.daemon.post('v4', '/get-client-token', params)
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(
      Object.keys(body),
      MEMBERS.filter((name) => name !== 'refresh_token'),
    )
    assert.deepEqual(body.scope, ['openid', 'oxd'])
    assert.deepEqual((await call(params, { oxd: 1 })).data.scope, ['openid', 'oxd'])
  })

  it('says what the OP granted, where it says it', async () => {
    const issuer = story.issuer({ token: (good) => ({ ...good, scope: 'oxd' }) })
    assert.equal((await call({ ...clientAt(issuer), scope: ['oxd'] })).data.scope, 'oxd')
    const silent = story.issuer({ token: ({ scope: _, ...good }) => good })
    assert.equal((await call({ ...clientAt(silent), scope: ['oxd'] })).data.scope, 'openid oxd')
  })

  it('does without openid where the OP refuses that, unless it was asked for', async () => {
    const refuse = reply.raw({ status: 400, body: '{"error":"invalid_scope"}' })
    const issuer = story.issuer({
      token: (good, { params }) => (String(params.scope).includes('openid') ? refuse : good),
    })
    const client = clientAt(issuer)
    assert.equal((await call({ ...client, scope: ['oxd'] })).data.scope, 'oxd')
    assert.deepEqual(
      sent(issuer).map(({ scope }) => scope),
      ['openid oxd', 'oxd'],
    )
    assert.equal((await call({ ...client, scope: ['openid', 'oxd'] })).data.error, 'invalid_scope')
    assert.equal((await call(client)).data.error, 'invalid_scope', 'nothing would be left')
    assert.equal(sent(issuer).length, 4)
  })

  it('asks for oxd by itself where the client registered it', async () => {
    const issuer = story.issuer()
    const { data } = await story.daemon.call('setup_client', {
      op_host: issuer,
      authorization_redirect_uri: REDIRECT,
    })
    const { client_id, client_secret } = data
    assert.equal((await call({ op_host: issuer, client_id, client_secret })).data.scope, 'openid oxd')
    assert.equal((await call(clientAt(issuer))).data.scope, 'openid', 'of any other client nothing is known')
  })

  it('authenticates as the client was registered, as the OP offers, or as the caller says', async () => {
    const credentials = { client_id: 'own', client_secret: 'right' }
    const known = story.issuer({ credentials })
    const registered = await story.register(known, {
      grant_types: ['authorization_code', 'client_credentials'],
      client_token_endpoint_auth_method: 'client_secret_post',
    })
    assert.equal(registered.status, 'ok')
    assert.equal((await call({ op_host: known, ...credentials })).status, 'ok', 'as it was registered')

    const offering = story.issuer({
      discovery: (d) => ({ ...d, token_endpoint_auth_methods_supported: ['client_secret_post'] }),
    })
    const post = { token_endpoint_auth_method: 'client_secret_post' }
    assert.equal((await call(clientAt(offering, post))).status, 'ok', 'as the OP offers')

    const issuer = story.issuer()
    const client = clientAt(issuer, post)
    assert.equal((await call(client)).data.error, 'internal_error', 'Basic comes first')
    const said = { ...client, authentication_method: 'client_secret_post', algorithm: 'RS256', key_id: 'x' }
    assert.equal((await call(said)).status, 'ok', 'as the caller says')
  })

  it('says by name which ways to authenticate it does not have', async () => {
    const issuer = story.issuer()
    for (const authentication_method of ['private_key_jwt', 'none', 'constructor', 'x']) {
      const { data } = await call({ ...clientAt(issuer), authentication_method })
      assert.equal(data.error, 'invalid_algorithm')
      assert.match(String(data.error_description), /authentication_method.*client_secret_basic/)
    }
    assert.equal(sent(issuer).length, 0)
  })

  for (const [lie, [faults, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const issuer = story.issuer()
      const client = clientAt(issuer)
      assert.equal((await call(client)).status, 'ok', 'the twin')
      story.op.setFaults(issuer, faults)
      const { data } = await call(client)
      assert.equal(data.error, code, String(data.error_description))
      assertNoSecrets(JSON.stringify([data, story.daemon.log]), {
        client_secret: String(client.client_secret),
      })
    })
  }

  it('has the codes of each wire for what is missing', async () => {
    const client = clientAt(story.issuer())
    const CODES: readonly (readonly [name: string, v3: string, v4: string])[] = [
      ['client_id', 'bad_request', 'bad_request'],
      ['client_secret', 'bad_request', 'bad_request'],
      ['op_host', 'invalid_op_host', 'invalid_op_host_and_configuration_endpoint'],
    ]
    for (const [name, v3, v4] of CODES) {
      const { data } = await call({ ...client, [name]: '' })
      assert.equal(data.error, v3)
      assert.match(String(data.error_description), new RegExp(name))
      const { status, body } = await story.daemon.post('v4', '/get-client-token', { ...client, [name]: '' })
      assert.deepEqual([status, body.error], [400, v4])
    }
    assert.equal((await call({ ...client, scope: ['open"id'] })).data.error, 'invalid_scope')
  })
})
