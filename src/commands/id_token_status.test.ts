// id_token_status: active is only what this site could have got in a login of its own, and what came with it belongs to it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../testing/daemon.ts'
import { hybridResponse, type HybridOptions } from '../testing/hybrid.ts'
import { leftHash } from '../testing/jws.ts'
import { reply } from '../testing/op.ts'
import { REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

const INACTIVE = { active: false, expires_at: null, issued_at: null, claims: {} }
const DAY_MS = 86_400_000

describe('id_token_status', () => {
  let now = Date.now()
  let story: Story
  before(async () => {
    story = await startStory({
      now: () => now,
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  const loggedIn = async (site: Site): Promise<{ id_token: string; nonce: string; claims: Data }> => {
    const { id_token } = (await site.login()).data
    const [, payload = ''] = String(id_token).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return { id_token: String(id_token), nonce: String(claims.nonce), claims }
  }
  const isActive = async (site: Site, params: Data): Promise<unknown> =>
    (await site.ok('id_token_status', params)).active

  it('has exactly the members of 3.x, the claims as lists of strings', async () => {
    const site = await story.site()
    const { id_token, claims } = await loggedIn(site)
    const data = await site.ok('id_token_status', { id_token })
    assert.deepEqual(Object.keys(data), ['active', 'expires_at', 'issued_at', 'claims'])
    const lists = Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, [String(value)]]))
    assert.deepEqual(data, { active: true, expires_at: claims.exp, issued_at: claims.iat, claims: lists })
    const inactive = await site.ok('id_token_status', { id_token: 'x' })
    assert.equal(JSON.stringify(inactive), JSON.stringify(INACTIVE))
  })

  it('has the claims as they are elsewhere, also under the name of 4.x', async () => {
    const site = await story.site()
    const { id_token, claims } = await loggedIn(site)
    const told = { active: true, expires_at: claims.exp, issued_at: claims.iat, claims }
    assert.deepEqual(await site.ok('check_id_token', { id_token }, { oxd: 1 }), told)
    assert.deepEqual(await site.ok('id_token_status', { id_token: 'x' }, { oxd: 1 }), INACTIVE)
    const { oxd_id } = site
    // The clients of 4.x read lists of strings here, and only here.
    const { data: listed } = await site.call('id_token_status', { id_token })
    assert.notDeepEqual(listed.claims, claims)
    for (const path of ['/check-id-token', '/id-token-status']) {
      const { status, body } = await story.daemon.post('v4', path, { oxd_id, id_token })
      assert.deepEqual([status, body], [200, { ...told, claims: listed.claims }])
    }
    const { status, text } = await story.daemon.post('v4', '/check-id-token', { oxd_id, id_token: 'x' })
    assert.deepEqual([status, text], [200, '{"active":false}'])
  })

  it('takes the nonce of the login, and no part of it', async () => {
    const site = await story.site()
    const { id_token, nonce } = await loggedIn(site)
    assert.equal(await isActive(site, { id_token, nonce }), true)
    for (const other of ['another', nonce.slice(1), nonce.slice(-4), `${nonce}x`, nonce.toUpperCase()]) {
      assert.deepEqual(await site.ok('id_token_status', { id_token, nonce: other }), INACTIVE, other)
    }
    const second = await loggedIn(site)
    assert.equal(await isActive(site, { id_token, nonce: second.nonce }), false, 'another login of this site')
  })

  it('without a nonce takes tokens of logins that this site finished within a day', async () => {
    const site = await story.site({ id_token: { offsets: { exp: 10 * 86_400 } } })
    const { id_token, nonce } = await loggedIn(site)
    now += DAY_MS - 1_000
    assert.equal(await isActive(site, { id_token }), true)
    now += 1_000
    assert.deepEqual(await site.ok('id_token_status', { id_token }), INACTIVE)
    assert.equal(await isActive(site, { id_token, nonce }), true, 'who knows the nonce needs no memory')
    const own = await loggedIn(site)
    assert.equal(await isActive(site, { id_token: own.id_token }), true)
    const unfinished = await hybridResponse(story, site)
    assert.equal(await isActive(site, { id_token: unfinished.id_token }), false)
    const { code, state } = unfinished
    await site.ok('get_tokens_by_code', { code, state })
    assert.equal(await isActive(site, { id_token: unfinished.id_token }), true)
  })

  it('takes a token without a nonce, as a refresh brings it, unless one is expected', async () => {
    const site = await story.site()
    const { id_token } = await hybridResponse(story, site, {
      lies: { claims: ({ nonce: _, ...claims }) => claims },
    })
    assert.equal(await isActive(site, { id_token }), true)
    assert.equal(await isActive(site, { id_token, nonce: 'a-nonce' }), false)
  })

  it('takes no token of another sort that the OP has signed for the site', async () => {
    const site = await story.site()
    const { node } = await site.ok('get_rp')
    const { client_id } = node as Data
    for (const typ of ['logout+jwt', 'JWT', undefined]) {
      const id_token = await story.op.logoutToken(
        site.issuer,
        String(client_id),
        { sub: 'alice' },
        { header: (good) => ({ ...good, typ }) },
      )
      assert.deepEqual(await site.ok('id_token_status', { id_token }), INACTIVE, typ)
    }
    for (const typ of [
      'at+jwt',
      'application/AT+JWT',
      'oauth-authz-req+jwt',
      'at+jwt; v=1',
      ' at+jwt\t',
      ['at+jwt'],
      null,
    ]) {
      const lies = {
        header: (good: Data) => ({ ...good, typ }),
        claims: ({ nonce: _, ...claims }: Data) => claims,
      }
      const { id_token } = await hybridResponse(story, site, { lies })
      assert.deepEqual(await site.ok('id_token_status', { id_token }), INACTIVE, String(typ))
    }
  })

  it('takes no token of another site, be it at the same OP or with the same client', async () => {
    const issuer = story.issuer()
    const { client_id, client_secret } = story.op.addClient(issuer, { redirect_uris: [REDIRECT] })
    const registered = [{}, { client_id, client_secret }, { client_id, client_secret }]
    const [other, one = '', two = ''] = await Promise.all(
      registered.map(async (params) => String((await story.register(issuer, params)).data.oxd_id)),
    )
    const ask = async (oxd_id: string | undefined, params: Data): Promise<unknown> =>
      (await story.daemon.call('id_token_status', { oxd_id, ...params })).data.active
    const url = await story.daemon.call('get_authorization_url', { oxd_id: one })
    const { searchParams: back } = new URL(await story.op.authorize(String(url.data.authorization_url)))
    const spent = { oxd_id: one, code: back.get('code'), state: back.get('state') }
    const { id_token } = (await story.daemon.call('get_tokens_by_code', spent)).data
    assert.deepEqual([await ask(one, { id_token }), await ask(two, { id_token })], [true, false])
    assert.equal(await ask(other, { id_token }), false)
    const { nonce } = Object.fromEntries(new URL(String(url.data.authorization_url)).searchParams)
    assert.deepEqual(
      [await ask(one, { id_token, nonce }), await ask(other, { id_token, nonce })],
      [true, false],
    )
  })

  it('ends with the token', async () => {
    const site = await story.site()
    const { id_token, nonce } = await loggedIn(site)
    now += 659_000
    assert.equal(await isActive(site, { id_token, nonce }), true, 'a minute of tolerance')
    now += 1_000
    assert.deepEqual(await site.ok('id_token_status', { id_token, nonce }), INACTIVE)
  })

  const BROKEN: Readonly<Record<string, HybridOptions>> = {
    'another issuer': { lies: { claims: (c) => ({ ...c, iss: `${String(c.iss)}/` }) } },
    'another client': { lies: { claims: (c) => ({ ...c, aud: 'x' }) } },
    'no subject': { lies: { claims: ({ sub: _, ...c }) => c } },
    'a token of tomorrow': { lies: { offsets: { iat: 86_400, exp: 86_400 } } },
    'a signature of somebody else': { lies: { sign: 'another_key' } },
    'a key in the header': { lies: { sign: 'embedded_key' } },
    'the public key as a secret': { lies: { sign: 'hs256_public_key' } },
    'no signature': { lies: { sign: 'none' } },
    'a key that is not published': { lies: { header: (h) => ({ ...h, kid: 'x' }), sign: 'another_key' } },
    'another algorithm': { lies: { alg: 'ES256' } },
  }
  for (const [what, options] of Object.entries(BROKEN)) {
    it(`says that it is not active: ${what}`, async () => {
      const site = await story.site()
      const good = await hybridResponse(story, site)
      const { id_token, nonce } = good
      assert.equal(await isActive(site, { id_token, nonce }), true, 'the twin')
      const bad = await hybridResponse(story, site, options)
      assert.deepEqual(
        await site.ok('id_token_status', { id_token: bad.id_token, nonce: bad.nonce }),
        INACTIVE,
      )
    })
  }

  it('refuses what came with the token and does not belong to it, or cannot be told to', async () => {
    const site = await story.site()
    const bare = { lies: { claims: ({ at_hash: _, ...c }: Data) => c }, c_hash: null }
    const [whole, none] = [await hybridResponse(story, site), await hybridResponse(story, site, bare)]
    const { id_token, nonce, state, code, access_token } = whole
    const asked = { id_token, nonce, code, access_token, state }
    assert.equal(await isActive(site, asked), true)
    const s_hash = leftHash('RS256', 'a-state-of-another')
    const bound = await hybridResponse(story, site, { lies: { claims: (c) => ({ ...c, s_hash }) } })
    for (const [params, code_] of [
      [{ ...asked, access_token: 'a-token-of-another' }, 'invalid_access_token_bad_hash'],
      [{ ...asked, code: 'a-code-of-another' }, 'invalid_authorization_code_bad_hash'],
      [{ ...bound }, 'invalid_state_bad_hash'],
      [{ id_token: none.id_token, access_token }, 'invalid_access_token_bad_hash'],
      [{ id_token: none.id_token, code }, 'invalid_authorization_code_bad_hash'],
    ] as const) {
      const { status, data } = await site.call('id_token_status', params)
      assert.deepEqual([status, data.error], ['error', code_], String(data.error_description))
      for (const secret of Object.values(params)) assert.ok(!JSON.stringify(data).includes(secret))
      const later = await story.daemon.post('v4', '/check-id-token', { oxd_id: site.oxd_id, ...params })
      assert.deepEqual([later.status, later.body.error], [500, code_])
    }
    assert.equal(await isActive(site, { id_token: none.id_token, nonce: none.nonce, state }), true)
    const right = { id_token: bound.id_token, nonce: bound.nonce }
    assert.equal(await isActive(site, right), true, 'a state that nobody asks about')
  })

  it('says nothing of a token where the OP cannot be asked', async () => {
    const site = await story.site()
    const { id_token, nonce } = await hybridResponse(story, site)
    story.op.setFaults(site.issuer, { jwks: reply.status(503) })
    const { status, data } = await site.call('id_token_status', { id_token, nonce })
    assert.deepEqual([status, data.error], ['error', 'http_status_503'])
    story.op.setFaults(site.issuer, { jwks: reply.hang() })
    const native = await site.call('id_token_status', { id_token, nonce }, { oxd: 1 })
    assert.equal(native.data.error, 'op_timeout', String(native.data.error_description))
  })

  it('wants a token', async () => {
    const site = await story.site()
    for (const id_token of [undefined, null, '', ' ']) {
      const { data } = await site.call('id_token_status', { id_token })
      assert.equal(data.error, 'bad_request', JSON.stringify(id_token))
    }
  })
})
