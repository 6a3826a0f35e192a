// get_authorization_url: fresh and bound each time, every value encoded, nothing written, nothing injected.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { HOME, REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

const OWN = 'an-own-state-of-27-letters'

describe('get_authorization_url', () => {
  let story: Story
  let site: Site
  before(async () => {
    story = await startStory()
    site = await story.site({}, { redirect_uris: ['https://client.example.com/two'] })
  })
  after(() => story.close())

  const query = async (params?: Record<string, unknown>): Promise<URLSearchParams> =>
    new URL(String((await site.ok('get_authorization_url', params)).authorization_url)).searchParams

  it('has every parameter once, PKCE with S256, and a state that old clients can carry', async () => {
    const sent = await query({ acr_values: ['basic', 'duo'], prompt: 'login', hd: 'example.com' })
    assert.deepEqual(
      [...sent.keys()],
      [
        'response_type',
        'client_id',
        'redirect_uri',
        'scope',
        'state',
        'nonce',
        'code_challenge',
        'code_challenge_method',
        'acr_values',
        'prompt',
        'hd',
      ],
    )
    assert.equal(sent.get('response_type'), 'code')
    assert.equal(sent.get('redirect_uri'), REDIRECT)
    assert.equal(sent.get('scope'), 'openid profile email')
    assert.equal(sent.get('acr_values'), 'basic duo')
    assert.equal(sent.get('code_challenge_method'), 'S256')
    assert.match(String(sent.get('code_challenge')), /^[\w-]{43}$/)
    assert.match(String(sent.get('state')), /^[\w-]{22,128}$/)
    assert.match(String(sent.get('nonce')), /^[\w-]{43}$/)
  })

  it('is fresh each time, and the nonce does not follow from the state', async () => {
    const many = await Promise.all(Array.from({ length: 64 }, () => query()))
    for (const name of ['state', 'nonce', 'code_challenge']) {
      assert.equal(new Set(many.map((sent) => sent.get(name))).size, 64, name)
    }
  })

  it('writes nothing for a login that may never come back', async () => {
    const { store } = story.daemon.opened
    const count = async (): Promise<number> => {
      let records = 0
      for (const kind of ['login', 'spent', 'nonce', 'id_token', 'access_token']) {
        for await (const _record of store.kind({ kind, durable: true }).list()) records++
      }
      return records
    }
    const before = await count()
    for (let i = 0; i < 20; i++) await query()
    assert.equal(await count(), before)
    await query({ state: `${OWN}-stored` })
    assert.equal(await count(), before + 1, 'what cannot be derived is stored')
  })

  it('finishes a login with a state or a nonce of the caller, once', async () => {
    const state = `${OWN}-1`
    const nonce = `${OWN}-nonce`
    const visit = await site.visit({ state, nonce })
    assert.equal(visit.state, state)
    const tokens = await site.ok('get_tokens_by_code', visit, { oxd: 1 })
    assert.equal((tokens.id_token_claims as Record<string, unknown>).nonce, nonce)
    assert.equal((await site.call('get_tokens_by_code', visit)).data.error, 'bad_request')
    for (const again of [{ state }, { nonce }, { state: visit.state, nonce: `${nonce}-2` }]) {
      assert.equal(
        (await site.call('get_authorization_url', again)).data.error,
        'bad_request',
        JSON.stringify(again),
      )
    }
    const derived = await site.visit({ nonce: `${nonce}-3` })
    assert.equal((await site.call('get_tokens_by_code', derived)).status, 'ok')
    const { state: ours } = await site.visit()
    assert.equal((await site.call('get_authorization_url', { state: ours })).data.error, 'bad_request')
  })

  it('brings the state and nonce of the caller back byte for byte, and takes none with what nobody sees', async () => {
    const strange = `${OWN} +%20&x=1#é漢😀"`
    const own = { state: strange, nonce: `${strange}-n` }
    const { code, state } = await site.visit(own)
    assert.equal(state, strange)
    const { id_token_claims } = await site.ok('get_tokens_by_code', { code, state })
    assert.deepEqual(Object(id_token_claims).nonce, [own.nonce])
    for (const unseen of ['\0', '\n', '\u007f', '\u202e', '\u200b'])
      for (const name of ['state', 'nonce'])
        assert.equal(
          (await site.call('get_authorization_url', { [name]: `${OWN}${unseen}` })).data.error,
          'internal_error',
        )
  })

  it('keeps the state of one caller from another site', async () => {
    const state = `${OWN}-of-one-site`
    const { code } = await site.visit({ state })
    const other = await story.site()
    assert.equal((await other.call('get_tokens_by_code', { code, state })).data.error, 'bad_request')
    assert.equal((await site.call('get_tokens_by_code', { code, state })).status, 'ok')
  })

  it('takes another redirect URI of the site, and no foreign one', async () => {
    const two = 'https://client.example.com/two'
    const visit = await site.visit({ redirect_uri: two })
    assert.equal((await site.call('get_tokens_by_code', visit)).status, 'ok')
    for (const redirect_uri of ['https://evil.example.com/', `${two}/`, `${two}?x`, HOME]) {
      const { data } = await site.call('get_authorization_url', { redirect_uri })
      assert.equal(data.error, 'redirect_uri_is_not_registered')
    }
  })

  it('lets nobody set what belongs to oxd', async () => {
    for (const name of [
      'client_id',
      'redirect_uri',
      'response_type',
      'request_uri',
      'state',
      'nonce',
      'scope',
      'code_challenge',
      'client_assertion',
      'sub',
      'jti',
    ]) {
      for (const container of ['params', 'custom_parameters']) {
        const { data } = await site.call('get_authorization_url', { [container]: { [name]: 'x' } })
        assert.equal(data.error, 'invalid_request', name)
        assert.match(String(data.error_description), new RegExp(name))
      }
    }
    const sent = await query({ params: { login_hint: 'a&state=b' }, prompt: 'login&client_id=evil' })
    assert.equal(sent.get('login_hint'), 'a&state=b')
    assert.deepEqual(sent.getAll('client_id').length, 1)
  })

  it('lets nobody set what lax servers read as a parameter of oxd', async () => {
    const NAMES = [
      'Redirect_URI',
      'redirect.uri',
      'redirect uri',
      ' redirect_uri',
      'redirect_uri[]',
      'state[0]',
      'nonce\0',
    ]
    for (const name of NAMES) {
      const { data } = await site.call('get_authorization_url', { custom_parameters: { [name]: 'x' } })
      assert.equal(data.error, 'invalid_request', JSON.stringify(name))
    }
    const sent = await query({ prompt: 'login', custom_parameters: { 'resource[]': 'a', 'X.state': 'b' } })
    assert.deepEqual([sent.get('resource[]'), sent.get('X.state')], ['a', 'b'])
    const twice = await site.call('get_authorization_url', {
      prompt: 'login',
      custom_parameters: { Prompt: 'none' },
    })
    assert.equal(twice.data.error, 'invalid_request')
  })

  it('lets nobody set a parameter twice', async () => {
    const issuer = story.issuer({
      discovery: (d) => ({ ...d, authorization_endpoint: `${String(d.authorization_endpoint)}?tenant=a` }),
    })
    const { data } = await story.register(issuer)
    for (const params of [
      { prompt: 'login', params: { prompt: 'none' } },
      { acr_values: ['strong'], custom_parameters: { acr_values: 'weak' } },
      { params: { tenant: 'b' } },
    ]) {
      const refused = await story.daemon.call('get_authorization_url', { oxd_id: data.oxd_id, ...params })
      assert.equal(refused.data.error, 'invalid_request', JSON.stringify(params))
    }
  })

  it('keeps the query of the authorization endpoint', async () => {
    const issuer = story.issuer({
      discovery: (d) => ({
        ...d,
        authorization_endpoint: `${String(d.authorization_endpoint)}?tenant=a%2Fb`,
      }),
    })
    const { data } = await story.register(issuer)
    const reply = await story.daemon.call('get_authorization_url', { oxd_id: data.oxd_id })
    const url = new URL(String(reply.data.authorization_url))
    assert.equal(url.searchParams.get('tenant'), 'a/b')
    assert.equal(url.searchParams.get('response_type'), 'code')
  })

  it('refuses once the secret of the client has expired, and says so', async () => {
    const at = Math.floor(Date.now() / 1000)
    const issuer = story.issuer({ registration: (r) => ({ ...r, client_secret_expires_at: at - 1 }) })
    const { data } = await story.register(issuer)
    const { data: refusal } = await story.daemon.call('get_authorization_url', { oxd_id: data.oxd_id })
    assert.equal(refusal.error, 'expired_client')
  })

  it('refuses logins begun before what they are bound to was changed', async () => {
    const own = await story.site()
    const visit = await own.visit()
    await own.ok('update_site_registration', { authorization_redirect_uri: 'https://client.example.com/new' })
    assert.equal((await own.call('get_tokens_by_code', visit)).data.error, 'bad_request')
    const still = await own.visit()
    await own.ok('update_site_registration', { contacts: ['new@example.com'] })
    assert.equal(
      (await own.call('get_tokens_by_code', still)).status,
      'ok',
      'contacts do not matter to a login',
    )
  })

  it('asks for a response type that the site registered, and never for tokens through the browser', async () => {
    const wide = await story.site({}, { response_types: ['code', 'code id_token', 'code token'] })
    const typeOf = async (params: Record<string, unknown>, at = wide): Promise<string | null> => {
      const { authorization_url } = await at.ok('get_authorization_url', params)
      return new URL(String(authorization_url)).searchParams.get('response_type')
    }
    assert.equal(await typeOf({}), 'code')
    assert.equal(await typeOf({ response_types: ['code'] }), 'code')
    assert.equal(await typeOf({ response_types: ['code', 'id_token', 'code'] }), 'code id_token')
    assert.equal(await typeOf({ response_types: ['code id_token'] }), 'code id_token')
    assert.equal(await typeOf({ response_types: ['code', 'id_token'] }, site), 'code', 'not registered')
    assert.equal(await typeOf({ response_types: ['none'] }), 'code')
    for (const response_types of [['token'], ['code', 'token'], ['id_token']]) {
      const { data } = await wide.call('get_authorization_url', { response_types })
      assert.equal(data.error, 'invalid_request', response_types.join())
    }
  })

  it('has each parameter of a login once, under the name that the OP knows', async () => {
    const wide = await story.site({}, { response_types: ['code', 'id_token', 'code id_token'] })
    const claims = { id_token: { auth_time: { essential: true } } }
    const { authorization_url, state } = await wide.ok(
      'get_authorization_url',
      {
        response_type: 'id_token code',
        response_mode: 'form_post',
        max_age: 300,
        claims,
        id_token_hint: 'eyJh.a.b',
        login_hint: 'ada@example.com',
        ui_locales: ['de', 'en'],
        prompt: 'login',
        acr_values: ['silver'],
        session_binding: 'a-hash-of-the-session-of-the-application',
      },
      { oxd: 1 },
    )
    const sent = new URL(String(authorization_url)).searchParams
    assert.equal(new Set(sent.keys()).size, [...sent.keys()].length)
    for (const [name, value] of Object.entries({
      response_type: 'code id_token',
      response_mode: 'form_post',
      max_age: '300',
      claims: JSON.stringify(claims),
      id_token_hint: 'eyJh.a.b',
      login_hint: 'ada@example.com',
      ui_locales: 'de en',
      prompt: 'login',
      acr_values: 'silver',
      session_binding: null,
    })) {
      assert.equal(sent.get(name), value, name)
    }
    assert.match(String(state), /^[\w-]{22,128}$/)
  })

  it('takes a custom parameter once, and not beside its own name', async () => {
    const sent = await query({ params: { max_age: '60', ui_locales: 'nl', claims: '{}' } })
    assert.deepEqual(
      ['max_age', 'ui_locales', 'claims'].map((name) => sent.getAll(name)),
      [['60'], ['nl'], ['{}']],
    )
    for (const params of [
      { max_age: 60, params: { max_age: '600' } },
      { claims: { userinfo: {} }, params: { claims: '{}' } },
      { login_hint: 'a', params: { login_hint: 'b' } },
      { id_token_hint: 'a', custom_parameters: { id_token_hint: 'b' } },
      { params: { response_mode: 'fragment' } },
      { params: { max_age: 'soon' } },
      { params: { max_age: '99999999999' } },
      { params: { claims: '[]' } },
    ]) {
      const { data } = await site.call('get_authorization_url', params, { oxd: 1 })
      assert.equal(data.error, 'invalid_request', JSON.stringify(params))
    }
  })

  it('asks for the flow of the site where a login does not say otherwise', async () => {
    const ROWS: readonly (readonly [
      site: Record<string, unknown>,
      asked: Record<string, unknown>,
      type: string,
      mode: string | null,
    ])[] = [
      [{}, {}, 'code', null],
      [{ response_types: ['id_token token'] }, {}, 'id_token token', null],
      [{ response_types: ['code', 'id_token'] }, {}, 'code', null],
      [{ response_types: ['code', 'id_token'] }, { response_type: 'id_token' }, 'id_token', null],
      [{ response_mode: 'form_post' }, {}, 'code', 'form_post'],
      [{ response_mode: 'form_post' }, { response_mode: 'query' }, 'code', 'query'],
      [
        { response_mode: 'query', response_types: ['code', 'id_token'] },
        { response_type: 'id_token' },
        'id_token',
        null,
      ],
      [{ response_mode: 'jwt', response_types: ['id_token'] }, {}, 'id_token', 'jwt'],
    ]
    for (const [params, asked, type, mode] of ROWS) {
      const { authorization_url } = await (await story.site({}, params)).ok('get_authorization_url', asked)
      const sent = new URL(String(authorization_url)).searchParams
      assert.deepEqual(
        [sent.get('response_type'), sent.get('response_mode')],
        [type, mode],
        JSON.stringify(params),
      )
    }
  })

  it('asks for no token in a query', async () => {
    const wide = await story.site({}, { response_types: ['code', 'id_token', 'code id_token', 'code token'] })
    for (const response_type of ['id_token', 'code id_token', 'code token']) {
      for (const response_mode of ['query', 'query.jwt']) {
        const { data } = await wide.call('get_authorization_url', { response_type, response_mode })
        assert.equal(data.error, 'invalid_request', `${response_type} ${response_mode}`)
      }
    }
  })

  it('asks for no flow that the site did not register', async () => {
    for (const response_type of ['id_token', 'code id_token', 'token', 'none', 'code code', ' ']) {
      const { status, data } = await site.call('get_authorization_url', { response_type })
      const isCode = ['code code', ' '].includes(response_type)
      assert.equal(status === 'ok' ? 'ok' : data.error, isCode ? 'ok' : 'invalid_request', response_type)
    }
  })

  it('finishes logins that were begun before there were choices, and makes such states where nothing is chosen', async () => {
    const sent = await query()
    assert.equal(String(sent.get('state')).length, 80)
    const chosen = await query({ max_age: 1, session_binding: 'x'.repeat(128), scope: ['openid'] })
    assert.equal(String(chosen.get('state')).length, 126)
  })

  const BAD: readonly (readonly [params: Record<string, unknown>, code: string, name: string])[] = [
    [{ oxd_id: '' }, 'bad_request', 'oxd_id'],
    [{ oxd_id: null }, 'bad_request', 'oxd_id'],
    [{ oxd_id: 'b0000000-0000-4000-8000-000000000000' }, 'invalid_oxd_id', 'oxd_id'],
    [{ oxd_id: { a: 1 } }, 'internal_error', 'oxd_id'],
    [{ state: 'short' }, 'internal_error', 'state'],
    [{ state: 'a tab\tin a long enough text' }, 'internal_error', 'state'],
    [{ nonce: 'x'.repeat(129) }, 'internal_error', 'nonce'],
    [{ custom_parameters: 'x' }, 'internal_error', 'custom_parameters'],
    [{ params: { a: { b: 1 } } }, 'internal_error', 'params'],
    [{ prompt: ['a', 'b'] }, 'internal_error', 'prompt'],
    [{ response_mode: 'web_message' }, 'invalid_request', 'response_mode'],
    [{ max_age: -1 }, 'invalid_request', 'max_age'],
    [{ max_age: 'soon' }, 'internal_error', 'max_age'],
    [{ claims: '{"id_token":' }, 'invalid_request', 'claims'],
    [{ claims: { id_token: { acr: { essential: true, values: [] } } } }, 'invalid_request', 'claims'],
    [{ claims: { id_token: { acr: { essential: true, value: 5 } } } }, 'invalid_request', 'claims'],
    [{ claims: '{"id_token":{},"id_token":{}}' }, 'invalid_request', 'claims'],
    [{ session_binding: 'short' }, 'internal_error', 'session_binding'],
  ]
  for (const [params, code, name] of BAD) {
    it(`refuses ${JSON.stringify(params).slice(0, 60)} with ${code}`, async () => {
      const { data } = await site.call('get_authorization_url', params)
      assert.equal(data.error, code, String(data.error_description))
      assert.match(String(data.error_description), new RegExp(name))
    })
  }
})
