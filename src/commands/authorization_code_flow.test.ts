// authorization_code_flow: off by default; a whole login by password with any client of the OP, validated like any other.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../testing/daemon.ts'
import { assertNoSecrets } from '../testing/log_scan.ts'
import { reply, type Faults } from '../testing/op.ts'
import { REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

const COMMAND = 'authorization_code_flow'
const MEMBERS = [
  'access_token',
  'expires_in_seconds',
  'refresh_token',
  'authorization_code',
  'scope',
  'id_token',
]

const LIES: Readonly<Record<string, readonly [Faults, string]>> = {
  'no code': [{ authorization: () => ({ error: 'access_denied' }) }, 'authorization_refused'],
  'another state': [{ authorization: (good) => ({ ...good, state: 'x' }) }, 'authorization_refused'],
  'another nonce': [
    { id_token: { claims: (c) => ({ ...c, nonce: `${String(c.nonce)}x` }) } },
    'invalid_id_token_bad_nonce',
  ],
  'another client': [{ id_token: { claims: (c) => ({ ...c, aud: 'x' }) } }, 'invalid_id_token_bad_audience'],
  'a signature of somebody else': [{ id_token: { sign: 'another_key' } }, 'invalid_id_token_bad_signature'],
  'no ID Token': [{ token: ({ id_token: _, ...good }) => good }, 'no_id_token'],
  'a refused code': [
    { token: reply.raw({ status: 400, body: '{"error":"invalid_grant"}' }) },
    'code_refused',
  ],
}

describe('authorization_code_flow', () => {
  let story: Story
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http', '--insecure-password-commands'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  /** Another client of the OP of a site. */
  const clientAt = ({ issuer }: Site, metadata: Data = {}): Data => {
    const { client_id, client_secret } = story.op.addClient(issuer, {
      redirect_uris: [REDIRECT],
      ...metadata,
    })
    return { client_id, client_secret, redirect_url: REDIRECT, user_id: 'ada', user_secret: 'a password' }
  }

  it('is not there unless the daemon was told otherwise', async () => {
    const careful = await startStory()
    try {
      const site = await careful.site()
      const params = { ...clientAt(await story.site()), scope: 'openid' }
      const { data } = await site.call(COMMAND, params)
      assert.equal(data.error, 'unsupported_operation')
      assert.match(String(data.error_description), /--insecure-password-commands/)
      assert.equal(careful.op.count(site.issuer, 'authorization'), 0)
    } finally {
      await careful.close()
    }
  })

  it('has exactly the members of 3.0, and is a login with PKCE', async () => {
    const site = await story.site()
    const params = { ...clientAt(site), scope: 'openid offline_access', nonce: 'ignored', acr: 'basic duo' }
    const data = await site.ok(COMMAND, params)
    assert.deepEqual(Object.keys(data), MEMBERS)
    assert.deepEqual([data.scope, data.expires_in_seconds], ['openid offline_access', 3_600])
    assert.equal(typeof data.refresh_token, 'string')
    const asked = story.op.requests(site.issuer).find(({ endpoint }) => endpoint === 'authorization')
    assert.deepEqual(
      [asked?.params.acr_values, asked?.params.prompt, asked?.params.code_challenge_method],
      ['basic duo', 'none', 'S256'],
    )
    assert.notEqual(asked?.params.nonce, 'ignored')
    assert.equal(asked?.authorization, `Basic ${Buffer.from('ada:a password').toString('base64')}`)
  })

  it('does without a refresh token, which 4.x leaves out', async () => {
    const site = await story.site()
    const params = clientAt(site)
    const data = await site.ok(COMMAND, params)
    assert.deepEqual([data.refresh_token, data.scope], [null, 'openid'])
    const later = await story.daemon.post('v4', '/authorization-code-flow', {
      oxd_id: site.oxd_id,
      ...params,
    })
    assert.equal(later.status, 200)
    assert.deepEqual(
      Object.keys(later.body),
      MEMBERS.filter((name) => name !== 'refresh_token'),
    )
  })

  it('authenticates the client of the site as it was registered, another as the OP offers', async () => {
    const rest = { redirect_url: REDIRECT, user_id: 'ada', user_secret: 'a password' }
    const credentials = { client_id: 'own', client_secret: 'right' }
    const own = story.issuer({ credentials })
    const { oxd_id } = (
      await story.register(own, { client_token_endpoint_auth_method: 'client_secret_post' })
    ).data
    const asItself = await story.daemon.call(COMMAND, { oxd_id, ...credentials, ...rest })
    assert.equal(asItself.status, 'ok', JSON.stringify(asItself.data))

    const methods = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
    const offering = story.issuer({ discovery: (d) => ({ ...d, ...methods }) })
    const site = (await story.register(offering)).data
    const { client_id, client_secret } = story.op.addClient(offering, {
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'client_secret_post',
    })
    const other = await story.daemon.call(COMMAND, { oxd_id: site.oxd_id, client_id, client_secret, ...rest })
    assert.equal(other.status, 'ok', JSON.stringify(other.data))
  })

  for (const [lie, [faults, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const site = await story.site()
      const params = clientAt(site)
      assert.equal((await site.call(COMMAND, params)).status, 'ok', 'the twin')
      story.op.setFaults(site.issuer, faults)
      const { data } = await site.call(COMMAND, params, { oxd: 1 })
      assert.equal(data.error, code, String(data.error_description))
      assertNoSecrets(JSON.stringify([data, story.daemon.log]), {
        user_secret: 'a password',
        client_secret: String(params.client_secret),
      })
    })
  }

  it('wants all that it needs, and refuses a scope that is none', async () => {
    const site = await story.site()
    const params = clientAt(site)
    for (const name of Object.keys(params)) {
      const { data } = await site.call(COMMAND, { ...params, [name]: '' })
      assert.equal(data.error, 'bad_request')
      assert.match(String(data.error_description), new RegExp(name))
    }
    assert.equal((await site.call(COMMAND, { ...params, scope: 'open"id' })).data.error, 'invalid_scope')
    const { data } = await site.call(COMMAND, { ...params, redirect_url: 'javascript:alert(1)' })
    assert.equal(data.error, 'invalid_redirect_uri')
    assert.equal((await site.call(COMMAND, { ...params, user_id: 'a:b' })).data.error, 'invalid_request')
  })
})
