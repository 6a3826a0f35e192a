// implicit_flow: off unless the daemon was told otherwise; then a whole login with a password, which goes to the OP alone.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../testing/daemon.ts'
import type { Json } from '../testing/jws.ts'
import { Reply, reply, type Faults } from '../testing/op.ts'
import { REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

const PASSWORD = 'pw-of-ada: ü+%41'
const MEMBERS = [
  'access_token',
  'expires_in_seconds',
  'refresh_token',
  'authorization_code',
  'scope',
  'id_token',
]

/** A client of the OP that is not that of the site, and what the command is given with it. */
const asked = ({ op }: Story, { issuer }: Pick<Site, 'issuer'>, params: Data = {}): Data => {
  const { client_id, client_secret } = op.addClient(issuer, { redirect_uris: [REDIRECT] })
  const user = { user_id: 'ada', user_secret: PASSWORD }
  return { redirect_url: REDIRECT, client_id, client_secret, ...user, ...params }
}

describe('implicit_flow', () => {
  it('is unsupported on every wire, and asks nobody', async () => {
    const story = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
    try {
      const site = await story.site()
      const requests = story.op.requests(site.issuer).length
      const params = asked(story, site)
      const old = await site.call('implicit_flow', params)
      assert.deepEqual(Object.keys(old.data), ['error', 'error_description'])
      const native = await site.call('implicit_flow', params, { oxd: 1 })
      const later = await story.daemon.post('v4', '/implicit-flow', { oxd_id: site.oxd_id, ...params })
      assert.equal(later.status, 500)
      for (const { error, error_description } of [old.data, native.data, later.body]) {
        assert.equal(error, 'unsupported_operation')
        assert.match(String(error_description), /--insecure-password-commands/)
      }
      assert.equal(story.op.requests(site.issuer).length, requests)
    } finally {
      await story.close()
    }
  })

  describe('with --insecure-password-commands', () => {
    let story: Story
    before(async () => {
      story = await startStory({
        http: 'plain',
        argv: ['--insecure-unprotected-http', '--insecure-password-commands'],
        limits: { op_total_ms: 1_000 },
      })
    })
    after(() => story.close())

    const seen = (site: Site, endpoint: string) =>
      story.op.requests(site.issuer).filter((request) => request.endpoint === endpoint)

    it('is announced as a weakness', () => {
      const said = story.daemon.log.filter(({ message }) => message === 'weakened')
      assert.ok(
        said.some(({ level, fields }) => level === 'warn' && fields.setting === 'insecure_password_commands'),
      )
    })

    it('has exactly the members of 2.4', async () => {
      const site = await story.site()
      const data = await site.ok('implicit_flow', asked(story, site, { scope: 'offline_access profile' }))
      assert.deepEqual(Object.keys(data), MEMBERS)
      assert.equal(data.expires_in_seconds, 3_600)
      assert.equal(data.scope, 'openid offline_access profile')
      for (const name of ['access_token', 'refresh_token', 'authorization_code']) {
        assert.match(String(data[name]), /^[\w-]{43}$/, name)
      }
      assert.equal(String(data.id_token).split('.').length, 3)
    })

    it('has the same members on the other wires; 4.x leaves out what is null', async () => {
      const site = await story.site()
      const native = await site.ok('implicit_flow', asked(story, site), { oxd: 1 })
      assert.deepEqual(Object.keys(native), MEMBERS)
      assert.deepEqual([native.refresh_token, native.scope], [null, 'openid'])
      const { status, body } = await story.daemon.post('v4', '/implicit-flow', {
        oxd_id: site.oxd_id,
        ...asked(story, site),
      })
      assert.equal(status, 200)
      assert.deepEqual(
        Object.keys(body),
        MEMBERS.filter((name) => name !== 'refresh_token'),
      )
    })

    it('shows name and password to the authorization endpoint alone, in a login that is bound', async () => {
      const site = await story.site({}, { acr_values: ['duo'] })
      const nonce = 'a-nonce-that-is-ignored'
      const params = asked(story, site, { nonce })
      await site.ok('implicit_flow', params)
      const [visit] = seen(site, 'authorization')
      assert.equal(visit?.authorization, `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`)
      const { state, nonce: sent, code_challenge, ...rest } = visit.params
      assert.deepEqual(rest, {
        response_type: 'code',
        client_id: params.client_id,
        redirect_uri: REDIRECT,
        scope: 'openid',
        code_challenge_method: 'S256',
        prompt: 'none',
        acr_values: 'duo',
      })
      assert.equal(new Set([state, sent, code_challenge, nonce]).size, 4)
      const [redeemed] = seen(site, 'token')
      const basic = Buffer.from(String(redeemed?.authorization).replace('Basic ', ''), 'base64').toString()
      // RFC 6749 section 2.3.1: both are form-encoded there.
      assert.equal(decodeURIComponent(basic), `${String(params.client_id)}:${String(params.client_secret)}`)
      assert.deepEqual(Object.keys(redeemed?.params ?? {}).sort(), [
        'code',
        'code_verifier',
        'grant_type',
        'redirect_uri',
      ])
    })

    it('authenticates the client of the site as it was registered', async () => {
      const issuer = story.issuer()
      const metadata = { redirect_uris: [REDIRECT], token_endpoint_auth_method: 'client_secret_post' }
      const { client_id, client_secret } = story.op.addClient(issuer, metadata)
      const client = { client_id, client_secret }
      const by_hand = { ...client, client_token_endpoint_auth_method: 'client_secret_post' }
      const { oxd_id } = (await story.register(issuer, by_hand)).data
      const user = { user_id: 'ada', user_secret: PASSWORD }
      const params = { oxd_id, redirect_url: REDIRECT, ...client, ...user }
      assert.equal((await story.daemon.call('implicit_flow', params)).status, 'ok')
    })

    const redirect = (change: (good: Json) => Json): Faults => ({ authorization: change })
    /** The good redirect, but to another place. */
    const elsewhere = (uri: string): Faults => ({
      authorization: new Reply((response, { headers }) => {
        const location = String(headers.location).replace(REDIRECT, uri)
        response.writeHead(302, { location }).end()
      }),
    })
    const BROKEN: Readonly<Record<string, readonly [Faults, code: string, wire?: string, http?: number]>> = {
      'a page for wrong passwords': [{ authorization: reply.html(401) }, 'authorization_refused'],
      'a page that asks': [{ authorization: reply.html() }, 'authorization_refused'],
      'an error in the redirect': [
        redirect(({ state, iss }) => ({ error: 'access_denied', state, iss })),
        'authorization_refused',
      ],
      'a redirect to its own pages': [elsewhere('/callback'), 'authorization_refused'],
      'a redirect to another host': [elsewhere('https://evil.example.com/callback'), 'authorization_refused'],
      'a redirect to another path': [elsewhere(`${REDIRECT}/x`), 'authorization_refused'],
      'a redirect without TLS': [elsewhere(REDIRECT.replace('https:', 'http:')), 'authorization_refused'],
      'another state': [redirect((r) => ({ ...r, state: 'x' })), 'authorization_refused'],
      'no state': [redirect(({ state: _, ...r }) => r), 'authorization_refused'],
      'another issuer': [redirect((r) => ({ ...r, iss: 'x' })), 'authorization_refused'],
      'no code': [redirect(({ code: _, ...r }) => r), 'authorization_refused'],
      'another code': [redirect((r) => ({ ...r, code: 'a-code-of-another' })), 'code_refused', 'bad_request'],
      'the nonce of another login': [
        { id_token: { claims: (c) => ({ ...c, nonce: 'x' }) } },
        'invalid_id_token_bad_nonce',
        'invalid_id_token_bad_nonce',
        500,
      ],
      'the access token of another login': [
        { token: (t) => ({ ...t, access_token: 'a-token-of-another' }) },
        'invalid_access_token_bad_hash',
        'invalid_access_token_bad_hash',
        500,
      ],
      'a signature of somebody else': [
        { id_token: { sign: 'another_key' } },
        'invalid_id_token_bad_signature',
        'invalid_id_token_bad_signature',
        500,
      ],
      silence: [{ authorization: reply.hang() }, 'op_timeout', 'internal_error', 504],
    }
    for (const [what, [faults, code, wire = 'internal_error', http = 400]] of Object.entries(BROKEN)) {
      it(`refuses ${what} with ${code}`, async () => {
        const site = await story.site()
        const params = asked(story, site)
        assert.equal((await site.call('implicit_flow', params)).status, 'ok', 'the twin')
        story.op.setFaults(site.issuer, faults)
        const old = await site.call('implicit_flow', params)
        const native = await site.call('implicit_flow', params, { oxd: 1 })
        const later = await story.daemon.post('v4', '/implicit-flow', { oxd_id: site.oxd_id, ...params })
        assert.deepEqual(
          [old.data.error, native.data.error],
          [wire, code],
          String(old.data.error_description),
        )
        assert.deepEqual([later.status, later.body.error], [http, wire])
        const told = JSON.stringify([old, native, later.body, story.daemon.log])
        const basic = Buffer.from(`ada:${PASSWORD}`).toString('base64')
        for (const secret of [PASSWORD, basic, String(params.client_secret), 'of-another']) {
          assert.ok(!told.includes(secret), 'a secret is told')
        }
      })
    }

    it('refuses a user name that would be read as another, before the OP is asked', async () => {
      const site = await story.site()
      const { data } = await site.call('implicit_flow', asked(story, site, { user_id: 'ada:x' }))
      assert.equal(data.error, 'invalid_request')
      assert.equal(seen(site, 'authorization').length, 0)
    })

    it('names what is missing', async () => {
      const site = await story.site()
      for (const name of ['redirect_url', 'client_id', 'client_secret', 'user_id', 'user_secret']) {
        const { data } = await site.call('implicit_flow', asked(story, site, { [name]: '' }))
        assert.equal(data.error, 'bad_request', name)
        assert.match(String(data.error_description), new RegExp(`${name} is missing`))
      }
      const script = await site.call('implicit_flow', asked(story, site, { redirect_url: 'javascript:x' }))
      assert.equal(script.data.error, 'invalid_redirect_uri')
      assert.equal(seen(site, 'authorization').length, 0)
    })
  })
})
