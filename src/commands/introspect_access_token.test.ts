// introspect_access_token: what the OP says of a token, in the members that each wire has, and nothing else that it says.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { reply, type Faults } from '../testing/op.ts'
import { startStory, type Site, type Story } from '../testing/story.ts'

const MEMBERS = [
  'active',
  'scopes',
  'scope',
  'client_id',
  'username',
  'token_type',
  'exp',
  'iat',
  'sub',
  'aud',
  'iss',
  'jti',
  'acr_values',
]
const FULL = {
  active: true,
  client_id: 'c-78',
  username: 'Ada',
  token_type: 'bearer',
  exp: 2_000_000_000,
  iat: 1_900_000_000,
  sub: 'ada',
  iss: 'https://elsewhere.example.com',
  jti: 'j-1',
}
const SAID = {
  ...FULL,
  scope: 'openid email',
  aud: ['c-78', 'c-79'],
  acr_values: 'basic duo',
  secret: 'zzzz',
}
const TOLD = { ...FULL, scopes: ['openid', 'email'], scope: ['openid', 'email'], acr_values: 'basic duo' }
const ACCESS_TOKEN = 'a-token-of-whomever'

describe('introspect_access_token', () => {
  let story: Story
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  const asked = (site: Site): number => story.op.count(site.issuer, 'introspection')

  it('has exactly the members of 3.1.2, several audiences as one text', async () => {
    const site = await story.site({ introspection: () => SAID })
    const data = await site.ok('introspect_access_token', { access_token: ACCESS_TOKEN })
    assert.deepEqual(Object.keys(data), MEMBERS)
    assert.deepEqual(data, { ...TOLD, aud: 'c-78 c-79' })
    const native = await site.ok('introspect_access_token', { access_token: ACCESS_TOKEN }, { oxd: 1 })
    assert.deepEqual(Object.keys(native), MEMBERS)
    assert.deepEqual(native, { ...TOLD, aud: ['c-78', 'c-79'] })
    const { status, body } = await story.daemon.post('v4', '/introspect-access-token', {
      oxd_id: site.oxd_id,
      access_token: ACCESS_TOKEN,
    })
    assert.equal(status, 200)
    assert.deepEqual(body, { ...TOLD, aud: ['c-78', 'c-79'] })
  })

  it('says null for what the OP does not say, and on the 4.x wire nothing', async () => {
    const site = await story.site({ introspection: () => ({ active: true, aud: ['c-78'] }) })
    const data = await site.ok('introspect_access_token', { access_token: ACCESS_TOKEN })
    const nothing = Object.fromEntries(MEMBERS.map((name) => [name, null]))
    assert.deepEqual(data, { ...nothing, active: true, scopes: [], scope: [], aud: 'c-78' })
    const { body } = await story.daemon.post('v4', '/introspect-access-token', {
      oxd_id: site.oxd_id,
      access_token: ACCESS_TOKEN,
    })
    assert.deepEqual(body, { active: true, aud: 'c-78' })
  })

  it('says of a token that is not active nothing else', async () => {
    for (const said of [{ ...SAID, active: false }, { ...SAID, active: 'true' }, {}]) {
      const site = await story.site({ introspection: () => said })
      const { active, scopes, scope, ...rest } = await site.ok('introspect_access_token', {
        access_token: ACCESS_TOKEN,
      })
      assert.deepEqual([active, scopes, scope], [false, [], []])
      assert.deepEqual(new Set(Object.values(rest)), new Set([null]))
    }
  })

  it('asks about tokens of a login, and each time anew', async () => {
    const site = await story.site()
    const { access_token } = (await site.login()).data
    const { active, client_id, sub, scope } = await site.ok('introspect_access_token', { access_token })
    assert.deepEqual([active, sub, scope], [true, 'alice', ['openid', 'profile', 'email']])
    const { node } = await site.ok('get_rp')
    assert.equal(client_id, Object(node).client_id)
    assert.equal((await site.ok('introspect_access_token', { access_token: 'x' })).active, false)
    assert.equal(asked(site), 2)
    story.op.setFaults(site.issuer, { introspection: () => ({ active: false }) })
    assert.equal((await site.ok('introspect_access_token', { access_token })).active, false)
  })

  it('shows a PAT where the OP wants one, keeps it, and gets another when it is refused', async () => {
    const site = await story.site({ introspection_by: 'pat', refused_pats: 1, ignores: ['grant_types'] })
    const { access_token } = (await site.login()).data
    const ask = async (): Promise<unknown> =>
      (await site.ok('introspect_access_token', { access_token })).active
    assert.equal(await ask(), true)
    const tokens = () => story.op.requests(site.issuer).filter(({ endpoint }) => endpoint === 'token')
    assert.deepEqual(
      tokens().map(({ params }) => params.grant_type),
      ['authorization_code', 'client_credentials', 'client_credentials'],
    )
    assert.equal(asked(site), 3, 'as the client, with the first PAT, with the second')
    assert.equal(await ask(), true)
    assert.equal(tokens().length, 3, 'the second PAT is kept')
  })

  const BROKEN: Readonly<Record<string, readonly [Faults, code: string, wire?: string]>> = {
    'an OP that breaks': [{ introspection: reply.html(500) }, 'op_http_status', 'http_status_500'],
    'an OP that repeats the token': [
      { introspection: reply.raw({ status: 500, body: `{"error":"${ACCESS_TOKEN}"}` }) },
      'op_http_status',
      'http_status_500',
    ],
    'a page': [{ introspection: reply.html() }, 'op_answer_malformed'],
    'a list': [{ introspection: () => '[]' }, 'op_answer_malformed'],
    'times that are none': [{ introspection: () => ({ active: true, exp: 'soon' }) }, 'op_answer_malformed'],
    'a redirect': [{ introspection: reply.redirect('http://127.0.0.1:9/') }, 'op_redirected'],
    silence: [{ introspection: reply.hang() }, 'op_timeout'],
  }
  for (const [what, [faults, code, wire = 'internal_error']] of Object.entries(BROKEN)) {
    it(`refuses ${what} with ${code}`, async () => {
      const site = await story.site()
      const access_token = ACCESS_TOKEN
      assert.equal((await site.call('introspect_access_token', { access_token })).status, 'ok', 'the twin')
      story.op.setFaults(site.issuer, faults)
      const old = await site.call('introspect_access_token', { access_token })
      const native = await site.call('introspect_access_token', { access_token }, { oxd: 1 })
      assert.deepEqual([old.data.error, native.data.error], [wire, code], String(old.data.error_description))
      assert.deepEqual(Object.keys(old.data), ['error', 'error_description'])
      assert.ok(!JSON.stringify([old, native, story.daemon.log]).includes(ACCESS_TOKEN), 'the token is told')
    })
  }

  it('says so where the OP has no introspection, and asks nobody', async () => {
    const issuer = story.issuer({ discovery: ({ introspection_endpoint: _, ...d }) => d })
    const { oxd_id } = (await story.register(issuer)).data
    const params = { oxd_id, access_token: ACCESS_TOKEN }
    const old = await story.daemon.call('introspect_access_token', params)
    assert.equal(old.data.error, 'internal_error')
    assert.match(String(old.data.error_description), /no token introspection/)
    const native = await story.daemon.call('introspect_access_token', params, { oxd: 1 })
    assert.equal(native.data.error, 'no_introspection_endpoint')
    const { status, body } = await story.daemon.post('v4', '/introspect-access-token', params)
    assert.deepEqual([status, body.error], [500, 'internal_error'])
    assert.equal(story.op.count(issuer, 'token'), 0)
  })

  it('wants a token', async () => {
    const site = await story.site()
    for (const access_token of [undefined, null, '', ' ', []]) {
      const { data } = await site.call('introspect_access_token', { access_token })
      assert.equal(data.error, 'bad_request', JSON.stringify(access_token))
    }
    assert.equal(asked(site), 0)
  })
})
