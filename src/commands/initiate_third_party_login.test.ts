// initiate_third_party_login: a third party may say who is to log in where, and nothing else about the login.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../testing/daemon.ts'
import { sendHttp, type HttpAnswer } from '../testing/http_caller.ts'
import { REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

describe('initiate_third_party_login', () => {
  let story: Story
  before(async () => {
    story = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
  })
  after(() => story.close())

  const start = async (site: Site, params: Data = {}, more?: Data): Promise<Data> =>
    site.ok('initiate_third_party_login', { iss: site.issuer, ...params }, more)
  const followed = ({ oxd_id }: Pick<Site, 'oxd_id'>, query: Record<string, string>): Promise<HttpAnswer> =>
    sendHttp(
      story.daemon.places.v4,
      `/initiate-third-party-login/${oxd_id}?${String(new URLSearchParams(query))}`,
      { method: 'GET' },
    )
  const sentTo = ({ authorization_url }: Data): URLSearchParams =>
    new URL(String(authorization_url)).searchParams

  it('starts a login that ends like any other', async () => {
    const site = await story.site()
    const { authorization_url } = await start(site)
    const back = new URL(await story.op.authorize(String(authorization_url))).searchParams
    const { data } = await site.call('get_tokens_by_code', {
      code: back.get('code'),
      state: back.get('state'),
    })
    assert.ok(data.access_token, JSON.stringify(data))
  })

  it('answers with the URL alone; our library is told state and login, too', async () => {
    const site = await story.site()
    assert.deepEqual(Object.keys(await start(site)), ['authorization_url'])
    const native = await start(site, {}, { oxd: 1 })
    assert.deepEqual(Object.keys(native), ['authorization_url', 'state', 'login_id'])
    assert.equal(native.state, sentTo(native).get('state'))
    const params = { oxd_id: site.oxd_id, iss: site.issuer }
    const posted = await story.daemon.post('v4', '/initiate-third-party-login', params)
    const got = await followed(site, { iss: site.issuer, login_hint: 'ada' })
    for (const { status, headers, body } of [posted, got]) {
      assert.equal(status, 200)
      assert.match(String(headers['content-type']), /^application\/json/)
      assert.equal(headers.location, undefined, 'the application redirects, not oxd')
      assert.deepEqual(Object.keys(body), ['authorization_url'])
    }
    assert.equal(sentTo(got.body).get('login_hint'), 'ada')
  })

  it('asks for what the site asks for, and is another login each time', async () => {
    const site = await story.site(
      {},
      {
        scope: ['openid', 'phone'],
        acr_values: ['duo', 'basic'],
        ui_locales: ['de', 'en'],
        claims_locales: ['fr'],
        redirect_uris: ['https://client.example.com/second'],
      },
    )
    const sent = sentTo(await start(site))
    const { state, nonce, code_challenge, client_id, ...rest } = Object.fromEntries(sent)
    assert.deepEqual(rest, {
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid phone',
      code_challenge_method: 'S256',
      acr_values: 'duo basic',
      ui_locales: 'de en',
      claims_locales: 'fr',
    })
    const { node } = await site.ok('get_rp')
    assert.equal(client_id, Object(node).client_id)
    const again = sentTo(await start(site))
    for (const [name, value] of Object.entries({ state, nonce, code_challenge })) {
      assert.ok(value !== undefined && value.length >= 43 && value !== again.get(name), name)
    }
  })

  it('hands on whom the third party takes the user for, and nothing that hides in it', async () => {
    const site = await story.site()
    const login_hint = 'ada&redirect_uri=https://evil.example.com/&scope=x#y'
    const sent = sentTo(
      await start(site, { login_hint, redirect_uri: 'https://evil.example.com/', prompt: 'none' }),
    )
    assert.equal(sent.get('login_hint'), login_hint)
    assert.deepEqual(sent.getAll('redirect_uri'), [REDIRECT])
    assert.equal(sent.get('prompt'), null)
  })

  it('wants the issuer of the site, byte for byte', async () => {
    const site = await story.site()
    const other = await story.site()
    const { issuer } = site
    for (const iss of [
      other.issuer,
      `${issuer}/`,
      ` ${issuer}`,
      issuer.toUpperCase(),
      issuer.replace('http:', 'https:'),
      issuer.replace('127.0.0.1', 'localhost'),
      issuer.replace('/i', '/%69'),
      `${issuer}#`,
      `${issuer}/.well-known/openid-configuration`,
      'x'.repeat(3_000),
    ]) {
      const { data } = await site.call('initiate_third_party_login', { iss })
      assert.equal(data.error, 'invalid_issuer_discovered', iss.slice(0, 80))
      const got = await followed(site, { iss })
      assert.deepEqual([got.status, got.body.error], [400, 'invalid_issuer_discovered'], iss.slice(0, 80))
    }
    const native = await site.call('initiate_third_party_login', { iss: other.issuer }, { oxd: 1 })
    assert.equal(native.data.error, 'foreign_iss')
    for (const iss of [null, '']) {
      const { data } = await site.call('initiate_third_party_login', { iss })
      assert.equal(data.error, 'bad_request_no_issuer')
    }
    const got = await followed(site, {})
    assert.deepEqual([got.status, got.body.error], [400, 'bad_request_no_issuer'])
  })

  const BESIDE = 'https://other.example.com:8443/cb'
  const TARGETS: Readonly<Record<string, boolean>> = {
    [REDIRECT]: true,
    'https://client.example.com': true,
    'https://CLIENT.example.com:443/deep/link?x=1': true,
    'https://other.example.com:8443/else': true,
    'https://other.example.com/': false,
    'http://client.example.com/': false,
    'https://client.example.com:444/': false,
    'https://sub.client.example.com/': false,
    'https://client.example.com.evil.example.com/': false,
    'https://evil.example.com/https://client.example.com/': false,
    'https://client.example.com@evil.example.com/': false,
    'https://evil.example.com\\@client.example.com/': false,
    '//client.example.com/': false,
    '/deep/link': false,
    'javascript:alert(1)': false,
  }
  it('takes a target at the origin of a redirect URI alone', async () => {
    const site = await story.site({}, { redirect_uris: [BESIDE] })
    for (const [target_link_uri, isGood] of Object.entries(TARGETS)) {
      const { status, data } = await site.call('initiate_third_party_login', {
        iss: site.issuer,
        target_link_uri,
      })
      assert.equal(data.error, isGood ? undefined : 'bad_request_invalid_target_uri', target_link_uri)
      assert.equal(status, isGood ? 'ok' : 'error')
      const got = await followed(site, { iss: site.issuer, target_link_uri })
      assert.equal(got.status, isGood ? 200 : 400, target_link_uri)
    }
    const foreign = { iss: site.issuer, target_link_uri: 'https://evil.example.com/' }
    const native = await site.call('initiate_third_party_login', foreign, { oxd: 1 })
    assert.equal(native.data.error, 'foreign_target_link_uri')
  })

  it('takes the scheme of an app for its own alone', async () => {
    const site = await story.site({}, { redirect_uris: ['com.example.app:/cb'] })
    for (const [target_link_uri, isGood] of [
      ['com.example.app:/cb', true],
      ['com.example.app:/else', false],
      ['com.example.evil:/cb', false],
    ] as const) {
      const { data } = await site.call('initiate_third_party_login', { iss: site.issuer, target_link_uri })
      assert.equal(data.error, isGood ? undefined : 'bad_request_invalid_target_uri', target_link_uri)
    }
  })

  it('starts nothing that could not be finished', async () => {
    const issuer = story.issuer({
      registration: (r) => ({ ...r, client_secret_expires_at: Math.floor(Date.now() / 1_000) - 5 }),
    })
    const { oxd_id } = (await story.register(issuer)).data
    const { data } = await story.daemon.call('initiate_third_party_login', { oxd_id, iss: issuer })
    assert.equal(data.error, 'expired_client')
  })

  it('is of no site that oxd does not know', async () => {
    const oxd_id = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
    const { status, body } = await followed({ oxd_id }, { iss: 'https://op.example.com' })
    assert.deepEqual([status, body.error], [400, 'invalid_oxd_id'])
  })
})
