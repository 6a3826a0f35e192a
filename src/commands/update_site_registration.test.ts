// update_site_registration: the OP gets the whole metadata, and the record says what the OP was told.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { reply } from '../testing/op.ts'
import { HOME, REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

describe('update_site_registration', () => {
  let story: Story
  before(async () => {
    story = await startStory({ limits: { op_total_ms: 1_500 } })
  })
  after(() => story.close())

  const sentBy = (site: Site): Record<string, unknown> =>
    story.op.requests(site.issuer).findLast(({ method }) => method === 'PUT')?.params ?? {}

  const FIELDS: readonly (readonly [params: Record<string, unknown>, metadata: Record<string, unknown>])[] = [
    [{ authorization_redirect_uri: 'https://a.example/cb' }, { redirect_uris: ['https://a.example/cb'] }],
    [{ redirect_uris: ['https://a.example/2'] }, { redirect_uris: [REDIRECT, 'https://a.example/2'] }],
    [
      { authorization_redirect_uri: 'https://a.example/cb', redirect_uris: ['https://a.example/2'] },
      { redirect_uris: ['https://a.example/cb', 'https://a.example/2'] },
    ],
    [
      { post_logout_redirect_uri: 'https://a.example/out' },
      { post_logout_redirect_uris: ['https://a.example/out'] },
    ],
    [{ client_logout_uris: ['https://a.example/f'] }, { frontchannel_logout_uri: 'https://a.example/f' }],
    [
      { client_frontchannel_logout_uris: ['https://a.example/f'] },
      { frontchannel_logout_uri: 'https://a.example/f' },
    ],
    [{ response_type: 'code' }, { response_types: ['code'] }],
    [
      { grant_types: ['authorization_code', 'refresh_token'] },
      { grant_types: ['authorization_code', 'refresh_token'] },
    ],
    [{ scope: ['openid', 'phone'] }, { scope: 'openid phone' }],
    [{ contacts: ['a@example.com'] }, { contacts: ['a@example.com'] }],
    [{ acr_values: ['duo'] }, { default_acr_values: ['duo'] }],
    [{ client_name: 'New name' }, { client_name: 'New name' }],
    [{ client_jwks_uri: 'https://a.example/jwks' }, { jwks_uri: 'https://a.example/jwks' }],
    [{ client_request_uris: ['https://a.example/r'] }, { request_uris: ['https://a.example/r'] }],
    [
      { client_sector_identifier_uri: 'https://a.example/s' },
      { sector_identifier_uri: 'https://a.example/s' },
    ],
    [
      { client_token_endpoint_auth_method: 'client_secret_post' },
      { token_endpoint_auth_method: 'client_secret_post' },
    ],
  ]
  for (const [params, metadata] of FIELDS) {
    it(`tells the OP ${JSON.stringify(params)}`, async () => {
      const site = await story.site()
      assert.deepEqual(await site.ok('update_site_registration', params), { oxd_id: site.oxd_id })
      const sent = sentBy(site)
      for (const [name, value] of Object.entries(metadata)) assert.deepEqual(sent[name], value, name)
      // RFC 7592 section 2.2: the whole metadata, with client_id, and nothing that only the OP may say.
      assert.ok(sent.client_id && sent.client_secret && sent.redirect_uris && sent.client_name)
      assert.equal(sent.registration_access_token, undefined)
      assert.equal((await site.login()).status, 'ok', 'the site still logs in')
    })
  }

  it('goes by both names, again and again, though the OP changes the token each time', async () => {
    const site = await story.site()
    for (const command of ['update_site', 'update_site_registration', 'UPDATE_SITE']) {
      await site.ok(command, { contacts: [`${command.toLowerCase()}@example.com`] })
    }
    assert.deepEqual(sentBy(site).redirect_uris, [REDIRECT])
    assert.deepEqual(sentBy(site).post_logout_redirect_uris, [HOME], 'what is absent stays')
  })

  it('takes nulls, empty texts and the PHP expiry as absent', async () => {
    const site = await story.site()
    await site.ok('update_site_registration', {
      authorization_redirect_uri: null,
      post_logout_redirect_uri: '',
      scope: [],
      contacts: [''],
      client_secret_expires_at: 3080736637943,
    })
    assert.deepEqual(sentBy(site).redirect_uris, [REDIRECT])
    assert.equal(sentBy(site).scope, 'openid profile email')
  })

  it('makes changes that come at once in turn, so that none is lost', async () => {
    const site = await story.site()
    const changes = [
      { contacts: ['one@example.com'] },
      { client_name: 'Two' },
      { post_logout_redirect_uri: 'https://a.example/three' },
      { acr_values: ['four'] },
    ]
    await Promise.all(changes.map((change) => site.ok('update_site_registration', change)))
    await site.ok('update_site_registration', { scope: ['openid'] })
    const sent = sentBy(site)
    assert.deepEqual(
      [sent.contacts, sent.client_name, sent.post_logout_redirect_uris, sent.default_acr_values, sent.scope],
      [['one@example.com'], 'Two', ['https://a.example/three'], ['four'], 'openid'],
    )
  })

  it('changes nothing when the OP refuses or fails', async () => {
    for (const [management, code] of [
      [reply.raw({ status: 400, body: '{"error":"invalid_client_metadata"}' }), 'http_status_400'],
      [reply.raw({ status: 401, body: '' }), 'http_status_401'],
      [reply.html(), 'internal_error'],
      [reply.hang(), 'internal_error'],
      [reply.redirect('http://127.0.0.1:9/', 307), 'internal_error'],
    ] as const) {
      const site = await story.site({ management })
      const refused = await site.call('update_site_registration', {
        post_logout_redirect_uri: 'https://a.example/x',
      })
      assert.equal(refused.data.error, code, String(refused.data.error_description))
      const { uri } = await site.ok('get_logout_uri')
      assert.equal(new URL(String(uri)).searchParams.get('post_logout_redirect_uri'), HOME)
    }
  })

  it('refuses another client in the answer', async () => {
    const site = await story.site({ management: (r) => ({ ...r, client_id: 'another' }) })
    const { data } = await site.call('update_site_registration', { client_name: 'x' })
    assert.match(String(data.error_description), /another client_id/)
  })

  it('says so where the OP gave no address for changes', async () => {
    const issuer = story.issuer({ registration: ({ registration_client_uri: _, ...r }) => r })
    const { data } = await story.register(issuer)
    const refused = await story.daemon.call('update_site', { oxd_id: data.oxd_id, client_name: 'x' })
    assert.equal(refused.data.error, 'invalid_registration_client_url')
  })

  it('ends logins that were begun for another client', async () => {
    const issuer = story.issuer()
    const [one, two] = [1, 2].map(() => story.op.addClient(issuer, { redirect_uris: [REDIRECT] }))
    const credentials = (client: typeof one) => ({
      client_id: client?.client_id,
      client_secret: client?.client_secret,
    })
    const { data } = await story.register(issuer, credentials(one))
    const { oxd_id } = data
    const url = await story.daemon.call('get_authorization_url', { oxd_id })
    const back = new URL(await story.op.authorize(String(url.data.authorization_url))).searchParams
    assert.equal((await story.daemon.call('update_site', { oxd_id, ...credentials(two) })).status, 'ok')
    const params = { oxd_id, code: back.get('code'), state: back.get('state') }
    assert.equal((await story.daemon.call('get_tokens_by_code', params)).data.error, 'bad_request')
    assert.equal(story.op.count(issuer, 'token'), 0, 'the code went to nobody')
  })

  it('keeps the token for the next change, whatever else the OP answers', async () => {
    const site = await story.site()
    for (const lie of [
      { id_token_signed_response_alg: 'HS256' },
      { client_secret: null },
      { client_secret_expires_at: false },
      { registration_client_uri: 'https://elsewhere.example.com/' },
      { client_id: 'another' },
    ]) {
      story.op.setFaults(site.issuer, { management: (r) => ({ ...r, ...lie }) })
      const refused = await site.call('update_site_registration', { client_name: 'x' })
      assert.equal(refused.status, 'error', JSON.stringify(lie))
      story.op.setFaults(site.issuer, {})
      await site.ok('update_site_registration', { client_name: 'y' })
    }
    story.op.setFaults(site.issuer, { management: ({ registration_client_uri: _, ...r }) => r })
    for (let i = 0; i < 3; i++) await site.ok('update_site_registration', { client_name: `z${i}` })
    assert.equal((await site.login()).status, 'ok')
  })

  it('keeps what the OP chose when it learns a secret, and lets no old expiry end a new secret', async () => {
    const issuer = story.issuer({
      discovery: (d) => ({
        ...d,
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      }),
      registration: ({ registration_client_uri: _, ...r }) => ({
        ...r,
        client_secret_expires_at: Math.floor(Date.now() / 1000) - 5,
      }),
    })
    const { data } = await story.register(issuer, { client_token_endpoint_auth_method: 'client_secret_post' })
    const { oxd_id } = data
    const url = () => story.daemon.call('get_authorization_url', { oxd_id })
    assert.equal((await url()).data.error, 'expired_client')
    await story.daemon.call('update_site', { oxd_id, client_secret: 'new' })
    assert.equal((await url()).status, 'ok')
    const soon = { client_secret: 'newer', client_secret_expires_at: 1_000 }
    await story.daemon.call('update_site', { oxd_id, ...soon })
    assert.equal((await url()).data.error, 'expired_client')
    await story.daemon.call('update_site', { oxd_id, client_secret: 'newer', client_secret_expires_at: 0 })
    assert.equal((await url()).status, 'ok')
  })

  it('sends no secret to an address that a caller names', async () => {
    const site = await story.site()
    const { authorization_url } = await site.ok('get_authorization_url')
    const client_id = new URL(String(authorization_url)).searchParams.get('client_id')
    const elsewhere = story.op.canary().origin
    const secrets = { client_secret: 'x', client_registration_access_token: 'y' }
    for (const params of [
      { client_id },
      { client_id, client_secret: 'x' },
      { client_id, ...secrets },
      { ...secrets },
      {},
    ]) {
      const { data } = await site.call('update_site_registration', {
        ...params,
        client_registration_client_uri: `${elsewhere}/catch`,
      })
      assert.equal(data.error, 'invalid_registration_client_url', JSON.stringify(params))
    }
    const by_hand = { client_id: 'a', ...secrets, client_registration_client_uri: `${elsewhere}/catch` }
    assert.equal(
      (await story.register(story.issuer(), by_hand)).data.error,
      'invalid_registration_client_url',
    )
    assert.equal(story.op.canary().contacts, 0)
    assert.equal((await site.login()).status, 'ok')
  })

  it('moves a site to another client, and forgets how the old one was changed', async () => {
    const site = await story.site()
    const { client_id, client_secret } = story.op.addClient(site.issuer, { redirect_uris: [REDIRECT] })
    await site.ok('update_site_registration', { client_id, client_secret })
    assert.equal(story.op.requests(site.issuer).filter(({ method }) => method === 'PUT').length, 0)
    assert.equal((await site.login()).status, 'ok')
  })

  it('changes what concerns oxd alone at OPs that cannot be told', async () => {
    const issuer = story.issuer({ registration: ({ registration_client_uri: _, ...r }) => r })
    const { data } = await story.register(issuer)
    const { oxd_id } = data
    const changed = await story.daemon.call('update_site', { oxd_id, accept_foreign_tokens: true })
    assert.equal(changed.status, 'ok', JSON.stringify(changed.data))
  })

  it('learns the new secret of a client that was registered by hand', async () => {
    const issuer = story.issuer({ credentials: { client_id: 'hand', client_secret: 'right' } })
    story.op.addClient(issuer, { redirect_uris: [REDIRECT] })
    const { data } = await story.register(issuer, { client_id: 'hand', client_secret: 'wrong' })
    const { oxd_id } = data
    const login = async () => {
      const url = await story.daemon.call('get_authorization_url', { oxd_id })
      const back = new URL(await story.op.authorize(String(url.data.authorization_url))).searchParams
      return story.daemon.call('get_tokens_by_code', {
        oxd_id,
        code: back.get('code'),
        state: back.get('state'),
      })
    }
    assert.equal((await login()).data.error, 'http_status_401')
    assert.equal((await story.daemon.call('update_site', { oxd_id, client_secret: 'right' })).status, 'ok')
    assert.equal((await login()).status, 'ok')
  })
})

describe('update_site of 4.x', () => {
  let story: Story
  before(async () => {
    story = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
  })
  after(() => story.close())

  it('takes redirect_uris as the whole list, and leaves it where it is absent', async () => {
    const site = await story.site({}, { redirect_uris: ['https://client.example.com/two'] })
    const { oxd_id, issuer } = site
    const update = async (params: object): Promise<unknown> => {
      const { status, body } = await story.daemon.post('v4', '/update-site', { oxd_id, ...params })
      assert.deepEqual([status, body], [200, { oxd_id }])
      return story.op.requests(issuer).findLast(({ method }) => method === 'PUT')?.params.redirect_uris
    }
    assert.deepEqual(await update({ contacts: ['ops@example.com'] }), [
      REDIRECT,
      'https://client.example.com/two',
    ])
    const [one, other] = ['https://a.example/1', 'https://a.example/2']
    assert.deepEqual(await update({ redirect_uris: [one, other] }), [one, other])
    assert.deepEqual(await update({ redirect_uris: [other] }), [other])
  })
})
