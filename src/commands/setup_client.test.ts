// setup_client: two clients at the OP or none; the tokens of the one protect the commands of the other, and no others do.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data, Envelope } from '../testing/daemon.ts'
import type { Json } from '../testing/jws.ts'
import { reply, startLyingOp, type Faults } from '../testing/op.ts'
import { HOME, REDIRECT, startStory, type Story } from '../testing/story.ts'

const MEMBERS = [
  'oxd_id',
  'client_id_of_oxd_id',
  'op_host',
  'setup_client_oxd_id',
  'client_id',
  'client_secret',
  'client_registration_access_token',
  'client_registration_client_uri',
  'client_id_issued_at',
  'client_secret_expires_at',
]
const OXD_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** What the OP was asked to register, in order. */
const registrations = ({ op }: Story, issuer: string): readonly Json[] =>
  op
    .requests(issuer)
    .filter(({ endpoint }) => endpoint === 'registration')
    .map(({ params }) => params)
const written = ({ op }: Story, issuer: string): readonly string[] =>
  op
    .requests(issuer)
    .filter(({ method }) => method !== 'GET')
    .map(({ endpoint, method }) => `${method} ${endpoint}`)

describe('setup_client', () => {
  let story: Story
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_500 },
    })
  })
  after(() => story.close())

  const site = (op_host: string, params: Data = {}): Data => ({
    op_host,
    authorization_redirect_uri: REDIRECT,
    post_logout_redirect_uri: HOME,
    ...params,
  })
  const setUp = ({ daemon }: Story, params: Data, more?: Data): Promise<Envelope> =>
    daemon.call('setup_client', params, more)

  it('has exactly the members of 3.1, those of the setup client by its own names', async () => {
    const issuer = story.issuer()
    const { status, data } = await setUp(story, site(issuer))
    assert.equal(status, 'ok', JSON.stringify(data))
    assert.deepEqual(Object.keys(data), MEMBERS)
    const { oxd_id, setup_client_oxd_id, client_id, client_id_of_oxd_id } = data
    assert.match(String(oxd_id), OXD_ID)
    assert.match(String(setup_client_oxd_id), OXD_ID)
    assert.equal(new Set([oxd_id, setup_client_oxd_id, client_id, client_id_of_oxd_id]).size, 4)
    assert.equal(data.op_host, issuer)
    assert.equal(data.client_registration_client_uri, `${issuer}/register/${String(client_id)}`)
    assert.ok(Number(data.client_id_issued_at) > 1_700_000_000 && data.client_secret_expires_at === 0)
    const uri = await story.daemon.call('get_authorization_url', { oxd_id })
    const sent = new URL(String(uri.data.authorization_url)).searchParams.get('client_id')
    assert.equal(sent, client_id_of_oxd_id)
  })

  it('has the same members on the other wires', async () => {
    const native = await setUp(story, site(story.issuer()), { oxd: 1 })
    assert.deepEqual(Object.keys(native.data), MEMBERS)
    const { status, body } = await story.daemon.post('v4', '/setup-client', site(story.issuer()))
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), MEMBERS)
  })

  it('says null and 0 for what the OP does not say', async () => {
    const registration: Faults['registration'] = ({ client_id, client_secret }) => ({
      client_id,
      client_secret,
    })
    const { data } = await setUp(story, site(story.issuer({ registration })))
    assert.deepEqual(Object.keys(data), MEMBERS)
    const { client_registration_access_token, client_registration_client_uri } = data
    assert.deepEqual([client_registration_access_token, client_registration_client_uri], [null, null])
    assert.deepEqual([data.client_id_issued_at, data.client_secret_expires_at], [0, 0])
    const { body } = await story.daemon.post('v4', '/setup-client', site(story.issuer({ registration })))
    assert.deepEqual(
      Object.keys(body),
      MEMBERS.filter((name) => !name.startsWith('client_registration_')),
    )
  })

  it('gives the setup client what it needs beside what was asked for, and the site nothing more', async () => {
    const issuer = story.issuer()
    const grant_types = ['authorization_code', 'client_credentials']
    await setUp(story, site(issuer, { scope: ['openid', 'oxd'], client_name: 'shop', grant_types }))
    const [setup = {}, own = {}] = registrations(story, issuer)
    assert.equal(setup.scope, 'openid oxd uma_protection')
    assert.deepEqual(setup.grant_types, grant_types)
    assert.deepEqual([setup.client_name, own.client_name], ['oxd setup client of shop', 'shop'])
    assert.equal(own.scope, 'openid oxd')
    for (const { redirect_uris, post_logout_redirect_uris } of [setup, own]) {
      assert.deepEqual([redirect_uris, post_logout_redirect_uris], [[REDIRECT], [HOME]])
    }
    const bare = story.issuer()
    await setUp(story, site(bare, { setup_client_name: 'guard' }))
    const [first = {}, second = {}] = registrations(story, bare)
    assert.deepEqual([first.client_name, first.scope], ['guard', 'openid profile email uma_protection oxd'])
    assert.deepEqual([first.grant_types, second.grant_types], [grant_types, ['authorization_code']])
    assert.equal(second.scope, 'openid profile email')
  })

  it('links both: the setup client is its own', async () => {
    const { data } = await setUp(story, site(story.issuer()))
    const { setup_client_oxd_id: setup_oxd_id, client_id: setup_client_id } = data
    for (const [oxd_id, is_setup_client] of [
      [data.oxd_id, false],
      [setup_oxd_id, true],
    ]) {
      const { node } = (await story.daemon.call('get_rp', { oxd_id })).data
      // The node is an object, as the definition of get_rp says.
      const shown = node as Data
      assert.deepEqual(
        [shown.setup_oxd_id, shown.setup_client_id, shown.is_setup_client],
        [setup_oxd_id, setup_client_id, is_setup_client],
      )
    }
  })

  it('makes a site whose commands need a token of its setup client, and take no other', async () => {
    const own = await startStory({ http: 'plain' })
    try {
      const op_host = own.issuer()
      const [mine, others] = [(await setUp(own, site(op_host))).data, (await setUp(own, site(op_host))).data]
      const tokenOf = async ({ client_id, client_secret }: Data, scope = ['oxd']): Promise<string> => {
        const { data } = await own.daemon.call('get_client_token', {
          op_host,
          client_id,
          client_secret,
          scope,
        })
        return `Bearer ${String(data.access_token)}`
      }
      const codeWith = async ({ oxd_id }: Data, authorization?: string): Promise<unknown> => {
        const headers = authorization === undefined ? {} : { authorization }
        const { body } = await own.daemon.post('v3', '/get-authorization-url', { oxd_id }, headers)
        // The 3.1 dialect wraps data in an envelope.
        return (body.data as Data).error
      }
      assert.equal(await codeWith(mine, await tokenOf(mine)), undefined)
      assert.equal(await codeWith({ oxd_id: mine.setup_client_oxd_id }, await tokenOf(mine)), undefined)
      assert.equal(await codeWith(mine), 'blank_protection_access_token')
      assert.equal(await codeWith(mine, await tokenOf(others)), 'invalid_protection_access_token')
      assert.equal(
        await codeWith(mine, await tokenOf(mine, ['uma_protection'])),
        'protection_access_token_insufficient_scope',
      )
      assert.equal(await codeWith(mine, 'Bearer made-up'), 'inactive_protection_access_token')
      // And whoever has such a token registers further sites under the same setup client.
      const authorization = await tokenOf(mine)
      const { body } = await own.daemon.post('v3', '/register-site', site(op_host), { authorization })
      const further = body.data as Data
      assert.equal(await codeWith(further, authorization), undefined, JSON.stringify(body))
      assert.equal(await codeWith(further, await tokenOf(others)), 'invalid_protection_access_token')
    } finally {
      await own.close()
    }
  })

  const HALVES: Readonly<Record<string, readonly [Faults, code: string, asked: readonly string[]]>> = {
    'the OP refuses the first client': [
      { registration: reply.raw({ status: 400, body: '{"error":"invalid_client_metadata"}' }) },
      'http_status_400',
      ['POST registration'],
    ],
    'the OP refuses the second client': [
      { registration: (good, { nth }) => (nth === 2 ? reply.status(503) : good) },
      'http_status_503',
      ['POST registration', 'POST registration', 'DELETE management'],
    ],
    'the OP says nonsense of the second client': [
      { registration: (good, { nth }) => (nth === 2 ? { ...good, client_secret: null } : good) },
      'no_client_secret_returned',
      ['POST registration', 'POST registration', 'DELETE management', 'DELETE management'],
    ],
    'the OP does not let the first client go either': [
      {
        registration: (good, { nth }) => (nth === 2 ? reply.status(503) : good),
        management: reply.status(500),
      },
      'http_status_503',
      ['POST registration', 'POST registration', 'DELETE management'],
    ],
  }
  for (const [what, [faults, code, asked]] of Object.entries(HALVES)) {
    it(`keeps nothing when ${what}`, async () => {
      const own = await startStory()
      try {
        const issuer = own.issuer(faults)
        const { data } = await setUp(own, site(issuer))
        assert.equal(data.error, code, String(data.error_description))
        assert.deepEqual(written(own, issuer), asked)
        for (const kind of ['site', 'client_sites']) {
          for await (const _ of own.daemon.opened.store.kind({ kind, durable: true }).list())
            assert.fail(kind)
        }
        for await (const { value } of own.daemon.opened.store.kind({ kind: 'setups', durable: true }).list())
          assert.deepEqual(value, { oxd_ids: [] })
      } finally {
        await own.close()
      }
    })
  }

  it('takes both clients back when the second cannot be remembered', async () => {
    const own = await startStory()
    try {
      const issuer = own.issuer({
        registration(good, { nth }) {
          if (nth === 2) void own.daemon.opened.store.close()
          return good
        },
      })
      const { data } = await setUp(own, site(issuer), { oxd: 1 })
      assert.equal(data.error, 'store_unreachable')
      assert.deepEqual(written(own, issuer).slice(2), ['DELETE management', 'DELETE management'])
    } finally {
      await own.close()
    }
  })

  it('takes a client that was registered by hand for both, and registers none', async () => {
    const issuer = story.issuer()
    const made = story.op.addClient(issuer, {
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'client_credentials'],
    })
    const by_hand = { client_id: made.client_id, client_secret: made.client_secret }
    const { data } = await setUp(story, site(issuer, by_hand))
    assert.deepEqual([data.client_id, data.client_id_of_oxd_id], [made.client_id, made.client_id])
    assert.equal(data.client_secret, made.client_secret)
    assert.deepEqual(written(story, issuer), [])
  })

  it('lets a client that was registered by hand prove itself, where nobody else answers for it', async () => {
    const op = await startLyingOp()
    const issuer = op.issuer('allowed')
    const own = await startStory({
      http: 'plain',
      argv: ['--trust-op', op.origin, '--allowed-op', issuer],
      limits: { setups_max: 2 },
    })
    try {
      const ask = async (path: string, params: Data): Promise<Data> => {
        const { body } = await own.daemon.post('v3', path, { ...site(issuer), ...params })
        // Over HTTP 3.1 every answer is an envelope.
        return (body as unknown as Envelope).data
      }
      const { client_id, client_secret } = await ask('/setup-client', {})
      const invented = (number: number) => ({ client_id: `c-${number}`, client_secret: 'invented' })
      for (const number of [1, 2, 3]) {
        const { error, error_description } = await ask('/setup-client', invented(number))
        assert.equal(error, 'internal_error')
        assert.match(String(error_description), /does not accept the client/)
      }
      const token = await ask('/get-client-token', { client_id, client_secret, scope: ['oxd'] })
      const registered = await ask('/register-site', { protection_access_token: token.access_token })
      assert.ok(registered.oxd_id, 'the true setup client was crowded out')

      const grant_types = ['authorization_code', 'client_credentials']
      const made = op.addClient(issuer, { redirect_uris: [REDIRECT], grant_types })
      const proven = { client_id: made.client_id, client_secret: made.client_secret }
      assert.equal((await ask('/setup-client', proven)).client_id, made.client_id)
      const forUsers = op.addClient(issuer, { redirect_uris: [REDIRECT] })
      const incapable = { client_id: forUsers.client_id, client_secret: forUsers.client_secret }
      assert.equal((await ask('/setup-client', incapable)).error, 'http_status_400')
      // Whoever is trusted is believed, and the OP is not asked.
      const asked = op.count(issuer, 'token')
      assert.equal((await setUp(own, { ...site(issuer), ...invented(4) })).status, 'ok')
      assert.equal(op.count(issuer, 'token'), asked)
    } finally {
      await own.close()
      await op.close()
    }
  })

  it('asks for the grants of UMA where the OP speaks it', async () => {
    const UMA = 'urn:ietf:params:oauth:grant-type:uma-ticket'
    const grants = async (grant_types_supported: readonly string[], scope: readonly string[]) => {
      const issuer = story.issuer({ discovery: (d) => ({ ...d, grant_types_supported }) })
      await setUp(story, site(issuer, { scope }))
      return registrations(story, issuer).map(({ grant_types }) => grant_types)
    }
    const [code, own] = ['authorization_code', 'client_credentials']
    assert.deepEqual(await grants([code, own], ['openid', 'uma_protection']), [[code, own], [code]])
    assert.deepEqual((await grants([code, own, UMA], ['openid', 'uma_protection']))[1], [code, own, UMA])
    assert.deepEqual((await grants([code, own, UMA], ['openid']))[1], [code, UMA])
  })

  const REFUSED: Readonly<Record<string, readonly [params: Data, code: string, v3: string, v4?: string]>> = {
    'no OP': [
      { op_host: null },
      'no_op_host',
      'invalid_op_host',
      'invalid_op_host_and_configuration_endpoint',
    ],
    'no such OP': [{ op_host: 'https://op.example.com/?x' }, 'invalid_op_host', 'invalid_op_host'],
    'no redirect URI': [
      { authorization_redirect_uri: '' },
      'invalid_authorization_redirect_uri',
      'invalid_authorization_redirect_uri',
    ],
    'a redirect URI that is a script': [
      { authorization_redirect_uri: 'javascript:alert(1)' },
      'invalid_authorization_redirect_uri',
      'invalid_authorization_redirect_uri',
    ],
    'an algorithm that anybody could sign with': [
      { id_token_signed_response_alg: 'none' },
      'invalid_algorithm',
      'invalid_algorithm',
    ],
    'half a client': [{ client_id: 'c' }, 'invalid_client_secret', 'invalid_client_secret'],
    'the other half': [{ client_secret: 'zzzz' }, 'invalid_client_id', 'invalid_client_id'],
    'an address for changes elsewhere': [
      {
        client_id: 'c',
        client_secret: 'zzzz',
        client_registration_access_token: 'zzzz',
        client_registration_client_uri: 'https://elsewhere.example.com/c',
      },
      'foreign_registration_client_uri',
      'invalid_registration_client_url',
    ],
  }
  for (const [what, [params, code, v3, v4 = v3]] of Object.entries(REFUSED)) {
    it(`refuses ${what} with ${v3}, and registers nothing`, async () => {
      const issuer = story.issuer()
      const asked = site(issuer, params)
      const native = await setUp(story, asked, { oxd: 1 })
      assert.equal(native.data.error, code, String(native.data.error_description))
      const old = await setUp(story, asked)
      assert.deepEqual(Object.keys(old.data), ['error', 'error_description'])
      assert.equal(old.data.error, v3)
      const { status, body } = await story.daemon.post('v4', '/setup-client', asked)
      assert.deepEqual([status, body.error], [400, v4])
      assert.deepEqual(written(story, issuer), [])
      assert.doesNotMatch(JSON.stringify([native, old, body]), /zzzz/)
    })
  }

  it('leaves no secret in the log', async () => {
    const { data } = await setUp(story, site(story.issuer()))
    const log = JSON.stringify(story.daemon.log)
    for (const name of [
      'client_secret',
      'client_registration_access_token',
      'oxd_id',
      'setup_client_oxd_id',
    ]) {
      assert.ok(!log.includes(String(data[name])), name)
    }
  })
})
