// get_logout_uri: the hint that was given, or of the login that was named; never a guess.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { HOME, startStory, type Site, type Story } from '../testing/story.ts'

describe('get_logout_uri', () => {
  let story: Story
  let site: Site
  before(async () => {
    story = await startStory()
    site = await story.site()
  })
  after(() => story.close())

  const logout = async (of: Site, params?: Record<string, unknown>): Promise<URLSearchParams> =>
    new URL(String((await of.ok('get_logout_uri', params)).uri)).searchParams

  it('carries the hint that it is given, the client and the registered page', async () => {
    const sent = await logout(site, { id_token_hint: 'a.b.c', state: 'my state&x=1', session_state: 's' })
    assert.equal(sent.get('id_token_hint'), 'a.b.c')
    assert.equal(sent.get('post_logout_redirect_uri'), HOME)
    assert.equal(sent.get('state'), 'my state&x=1')
    assert.equal(sent.get('session_state'), 's')
    assert.ok(sent.get('client_id'))
    assert.equal(sent.get('x'), null)
  })

  it('never guesses: without a hint no ID Token leaves, whoever logged in last', async () => {
    await site.login('bob')
    assert.equal((await logout(site)).get('id_token_hint'), null)
    assert.equal((await logout(site, { state: 'unknown' })).get('id_token_hint'), null)
  })

  it('takes the ID Token of the login that the state names, at its own site, once', async () => {
    const [alice, bob] = [await site.visit({}, 'alice'), await site.visit({}, 'bob')]
    const tokens = await site.ok('get_tokens_by_code', alice)
    await site.ok('get_tokens_by_code', bob)
    const other = await story.site()
    assert.equal(
      (await logout(other, { state: alice.state })).get('id_token_hint'),
      null,
      'not at another site',
    )
    assert.equal((await logout(site, { state: alice.state })).get('id_token_hint'), tokens.id_token)
    assert.equal(
      (await logout(site, { state: alice.state })).get('id_token_hint'),
      null,
      'forgotten at logout',
    )
  })

  it('forgets the ID Token of a login that ends with it as the hint', async () => {
    const { state, ...visit } = await site.visit()
    const { id_token } = await site.ok('get_tokens_by_code', { state, ...visit })
    await logout(site, { id_token_hint: id_token })
    assert.equal((await logout(site, { state })).get('id_token_hint'), null)
  })

  it('remembers the last login only where the site asked for it', async () => {
    const old = await story.site({}, { remember_last_login: true })
    const { data } = await old.login()
    assert.equal((await logout(old)).get('id_token_hint'), data.id_token)
    assert.equal((await logout(old)).get('id_token_hint'), data.id_token)
  })

  it('no longer guesses once the site has turned that off', async () => {
    const old = await story.site({}, { remember_last_login: true })
    await old.login()
    await old.ok('update_site_registration', { remember_last_login: false })
    assert.equal((await logout(old)).get('id_token_hint'), null)
  })

  it('sends nobody to a page that is not registered', async () => {
    const { data } = await site.call('get_logout_uri', {
      post_logout_redirect_uri: 'https://evil.example.com/',
    })
    assert.equal(data.error, 'redirect_uri_is_not_registered')
    assert.match(String(data.error_description), /post_logout_redirect_uri/)
  })

  it('RPL-01: goes to no address of the OP that is no web page', async () => {
    for (const end_session_endpoint of ['javascript:alert(1)', 'file:///etc/passwd', 'no address']) {
      const { data } = await story.register(
        story.issuer({ discovery: (d) => ({ ...d, end_session_endpoint }) }),
      )
      assert.equal(data.error, 'no_connect_discovery_response', end_session_endpoint)
    }
  })

  it('RPL-01: says itself what it says, whatever the query of the endpoint has', async () => {
    const issuer = story.issuer({
      discovery: (d) => ({
        ...d,
        end_session_endpoint: `${String(d.end_session_endpoint)}?state=x&client_id=y`,
      }),
    })
    const { data } = await story.register(issuer)
    const reply = await story.daemon.call('get_logout_uri', { oxd_id: data.oxd_id, state: 'mine' })
    const sent = new URL(String(reply.data.uri)).searchParams
    assert.deepEqual(sent.getAll('state'), ['mine'])
    assert.equal(sent.getAll('client_id').length, 1)
    assert.notEqual(sent.get('client_id'), 'y')
  })

  it('RPL-04: refuses the ID Token of another site, of this OP and of another', async () => {
    const other = await story.site()
    const { data: theirs } = await other.login()
    const { data: sibling } = await story.register(site.issuer)
    const refused = async (id_token_hint: unknown): Promise<unknown> =>
      (await site.call('get_logout_uri', { id_token_hint }, { oxd: 1 })).data.error
    assert.equal(await refused(theirs.id_token), 'foreign_id_token_hint')
    const { data: own } = await site.login()
    const hint = String(own.id_token)
    const reply = await story.daemon.call(
      'get_logout_uri',
      { oxd_id: sibling.oxd_id, id_token_hint: hint },
      { oxd: 1 },
    )
    assert.equal(reply.data.error, 'foreign_id_token_hint')
    const [head, , signature] = hint.split('.')
    const payload = (text: string): string =>
      [head, Buffer.from(text).toString('base64url'), signature].join('.')
    assert.equal(await refused(payload('{"iss":"a","iss":"b"}')), 'foreign_id_token_hint')
    assert.equal(await refused('e30.AAAA.AAAA.AAAA.AAAA'), 'foreign_id_token_hint', 'nobody can read it')
  })

  it('RPL-04: takes one of this site that oxd does not know any more', async () => {
    const { data: own } = await site.login()
    const [head, body = '', signature] = String(own.id_token).split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
    const old = { ...claims, iat: 1_000, exp: 2_000, aud: ['another', claims.aud] }
    const hint = [head, Buffer.from(JSON.stringify(old)).toString('base64url'), signature].join('.')
    assert.equal((await logout(site, { id_token_hint: hint })).get('id_token_hint'), hint)
  })

  it('ends the login that is named, by its ID Token or its state, and no other', async () => {
    const named = async (by: 'state' | 'id_token_hint') => {
      const visit = await site.visit()
      const { id_token, access_token } = await site.ok('get_tokens_by_code', visit)
      await logout(site, by === 'state' ? { state: visit.state } : { id_token_hint: id_token })
      return { state: visit.state, access_token }
    }
    const other = await site.visit()
    await site.ok('get_tokens_by_code', other)
    for (const by of ['state', 'id_token_hint'] as const) {
      const { state, access_token } = await named(by)
      const { login_status, why } = await site.ok('get_login_status', { state })
      assert.deepEqual([login_status, why], ['ended', 'rp_initiated_logout'])
      const info = await site.call('get_user_info', { access_token }, { oxd: 1 })
      assert.equal(info.data.error, 'login_ended')
    }
    await logout(site)
    assert.equal((await site.ok('get_login_status', { state: other.state })).login_status, 'live')
  })

  it('ends nothing when it is refused', async () => {
    const visit = await site.visit()
    await site.ok('get_tokens_by_code', visit)
    const away = { state: visit.state, post_logout_redirect_uri: 'https://evil.example.com/' }
    assert.equal((await site.call('get_logout_uri', away)).status, 'error')
    assert.equal((await site.ok('get_login_status', { state: visit.state })).login_status, 'live')
  })

  it('leaves that to the OP for a client that was registered by hand', async () => {
    const issuer = story.issuer()
    const { client_id, client_secret } = story.op.addClient(issuer, {
      redirect_uris: ['https://client.example.com/callback'],
    })
    const { data } = await story.register(issuer, {
      client_id,
      client_secret,
      post_logout_redirect_uri: null,
    })
    const uri = 'https://client.example.com/known-to-the-op'
    const reply = await story.daemon.call('get_logout_uri', {
      oxd_id: data.oxd_id,
      post_logout_redirect_uri: uri,
    })
    assert.equal(new URL(String(reply.data.uri)).searchParams.get('post_logout_redirect_uri'), uri)
  })

  it('knows the pages of a client that was registered by hand, where it was told', async () => {
    const issuer = story.issuer()
    const { client_id, client_secret } = story.op.addClient(issuer, {
      redirect_uris: ['https://client.example.com/callback'],
    })
    const { data } = await story.register(issuer, { client_id, client_secret })
    const to = (post_logout_redirect_uri: string) =>
      story.daemon.call('get_logout_uri', { oxd_id: data.oxd_id, post_logout_redirect_uri })
    assert.equal((await to(HOME)).status, 'ok')
    assert.equal((await to('https://evil.example.com/')).data.error, 'redirect_uri_is_not_registered')
  })

  it('says so where the OP has no logout', async () => {
    const issuer = story.issuer({ discovery: ({ end_session_endpoint: _, ...d }) => d })
    const { data } = await story.register(issuer)
    const reply = await story.daemon.call('get_logout_uri', { oxd_id: data.oxd_id })
    assert.equal(reply.data.error, 'no_end_session_endpoint_at_op')
  })

  it('keeps the query of the logout endpoint', async () => {
    const issuer = story.issuer({
      discovery: (d) => ({ ...d, end_session_endpoint: `${String(d.end_session_endpoint)}?tenant=1` }),
    })
    const { data } = await story.register(issuer)
    const reply = await story.daemon.call('get_logout_uri', { oxd_id: data.oxd_id })
    assert.match(String(reply.data.uri), /\?tenant=1&/)
  })
})
