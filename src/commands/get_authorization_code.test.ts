// get_authorization_code: off by default; and where it is on, the password goes to the OP alone and no redirect is followed.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assertNoSecrets } from '../testing/log_scan.ts'
import { reply, type Fault, type Faults } from '../testing/op.ts'
import { startStory, type Story } from '../testing/story.ts'

const COMMAND = 'get_authorization_code'
const WHO = { username: 'ada', password: 'pässword: 1' }
const OWN_STATE = 'a-state-of-the-caller-alone'

/** All is right but the place. */
const redirectTo =
  (place: string): Fault =>
  ({ code, state }) =>
    reply.redirect(`${place}?${new URLSearchParams({ code: String(code), state: String(state) })}`)

/** What the authorization endpoint does instead of giving a code. */
const LIES: Readonly<Record<string, Faults>> = {
  'an error': { authorization: () => ({ error: 'login_required' }) },
  'an error that is no word': { authorization: () => ({ error: 'x\u202e <script>' }) },
  'another state': { authorization: (good) => ({ ...good, state: 'x' }) },
  'no state': { authorization: ({ state: _, ...good }) => good },
  'another issuer': { authorization: (good) => ({ ...good, iss: 'https://other.example.com' }) },
  'no code': { authorization: ({ code: _, ...good }) => good },
  'a page': { authorization: reply.html() },
  'a refusal': { authorization: reply.raw({ status: 401, body: '{}' }) },
  'a redirect to nowhere': { authorization: reply.raw({ status: 302, headers: {} }) },
  'a redirect to another host': { authorization: redirectTo('https://other.example.com/callback') },
  'a redirect to another port': { authorization: redirectTo('https://client.example.com:8443/callback') },
  'a redirect to another path': { authorization: redirectTo('https://client.example.com/other') },
  'a redirect to another scheme': { authorization: redirectTo('http://client.example.com/callback') },
}

describe('get_authorization_code', () => {
  let story: Story
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http', '--insecure-password-commands'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  it('is not there unless the daemon was told otherwise, and asks nobody', async () => {
    const careful = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
    try {
      const { oxd_id, issuer, call } = await careful.site()
      const { data } = await call(COMMAND, WHO)
      assert.equal(data.error, 'unsupported_operation')
      assert.match(String(data.error_description), /--insecure-password-commands/)
      const later = await careful.daemon.post('v4', '/get-authorization-code', { oxd_id, ...WHO })
      assert.deepEqual([later.status, later.body.error], [500, 'unsupported_operation'])
      assert.equal(careful.op.count(issuer, 'authorization'), 0)
    } finally {
      await careful.close()
    }
  })

  it('gives a code that get_tokens_by_code takes with the state of the caller, once', async () => {
    const site = await story.site()
    const data = await site.ok(COMMAND, { ...WHO, state: OWN_STATE, nonce: 'a-nonce-of-the-caller-alone' })
    assert.deepEqual(Object.keys(data), ['code'])
    const tokens = await site.ok('get_tokens_by_code', { code: data.code, state: OWN_STATE })
    const { nonce } = tokens.id_token_claims as Record<string, unknown>
    assert.deepEqual(nonce, ['a-nonce-of-the-caller-alone'])
    const again = await site.call(COMMAND, { ...WHO, state: OWN_STATE })
    assert.equal(again.data.error, 'bad_request', 'a state is good for one login')
  })

  it('makes a state where there is none, which our library is told', async () => {
    const site = await story.site()
    const { code, state, login_id } = await site.ok(COMMAND, WHO, { oxd: 1 })
    const tokens = await site.ok('get_tokens_by_code', { code, state }, { oxd: 1 })
    assert.equal(tokens.login_id, login_id)
  })

  it('has the same member in 4.x', async () => {
    const { oxd_id } = await story.site()
    const { status, body } = await story.daemon.post('v4', '/get-authorization-code', { oxd_id, ...WHO })
    assert.deepEqual([status, Object.keys(body)], [200, ['code']])
  })

  it('hands name and password to the OP in the header alone, and the login with PKCE', async () => {
    const site = await story.site()
    await site.ok(COMMAND, { ...WHO, acr_values: ['basic', 'duo'] })
    const { authorization, params } = story.op.requests(site.issuer).at(-1) ?? {}
    assert.equal(authorization, `Basic ${Buffer.from(`${WHO.username}:${WHO.password}`).toString('base64')}`)
    assert.deepEqual(
      [params?.prompt, params?.acr_values, params?.response_type, params?.code_challenge_method],
      ['none', 'basic duo', 'code', 'S256'],
    )
    assertNoSecrets(JSON.stringify(params), { password: WHO.password })
  })

  for (const [lie, faults] of Object.entries(LIES)) {
    it(`refuses ${lie}, and goes nowhere`, async () => {
      const site = await story.site()
      assert.equal((await site.call(COMMAND, WHO)).status, 'ok', 'the twin')
      story.op.setFaults(site.issuer, faults)
      const { data } = await site.call(COMMAND, WHO)
      assert.equal(data.error, 'internal_error')
      const native = await site.call(COMMAND, WHO, { oxd: 1 })
      assert.equal(native.data.error, 'authorization_refused', String(native.data.error_description))
      assert.doesNotMatch(String(data.error_description), /\u202e|<script>/)
      assertNoSecrets(JSON.stringify([data, story.daemon.log]), { password: WHO.password })
    })
  }

  it('does not follow a redirect', async () => {
    const { origin } = story.op.canary()
    const site = await story.site({ authorization: reply.redirect(`${origin}/?code=x`, 307) })
    assert.equal((await site.call(COMMAND, WHO)).status, 'error')
    assert.equal(story.op.canary().contacts, 0)
  })

  it('refuses a name that would end in the middle, and states that are short', async () => {
    const site = await story.site()
    const { data } = await site.call(COMMAND, { ...WHO, username: 'a:b' })
    assert.equal(data.error, 'invalid_request')
    for (const params of [{ username: '' }, { password: null }, { state: 'st-1' }, { nonce: 'n-1' }]) {
      const refused = await site.call(COMMAND, { ...WHO, ...params })
      assert.match(String(refused.data.error_description), new RegExp(Object.keys(params).join()))
    }
    assert.equal(story.op.count(site.issuer, 'authorization'), 0)
  })
})
