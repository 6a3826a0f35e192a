// get_access_token_by_refresh_token: fresh tokens are those of the same login, and of nobody else.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { LIMITS } from '../limits.ts'
import type { Data } from '../testing/daemon.ts'
import { assertNoSecrets } from '../testing/log_scan.ts'
import { reply, type Fault, type Faults } from '../testing/op.ts'
import { REDIRECT, siteAt, startStory, type Site, type Story } from '../testing/story.ts'

const COMMAND = 'get_access_token_by_refresh_token'

/** A lie of the token endpoint about the refreshed tokens, and the code that it is refused with. */
const LIES: Readonly<Record<string, readonly [Faults, string]>> = {
  'the ID Token of another user': [
    { id_token: { claims: (c) => ({ ...c, sub: 'mallory' }) } },
    'invalid_subject_identifier',
  ],
  'the ID Token of another issuer': [
    { id_token: { claims: (c) => ({ ...c, iss: `${String(c.iss)}/` }) } },
    'invalid_id_token_bad_issuer',
  ],
  'the ID Token of another client': [
    { id_token: { claims: (c) => ({ ...c, aud: 'x' }) } },
    'invalid_id_token_bad_audience',
  ],
  'the ID Token of another login': [
    { id_token: { claims: (c) => ({ ...c, nonce: `${String(c.nonce)}x` }) } },
    'invalid_id_token_bad_nonce',
  ],
  'an ID Token for another party': [
    { id_token: { claims: (c) => ({ ...c, azp: c.aud }) } },
    'invalid_id_token_bad_authorized_party',
  ],
  'an ID Token that was issued before that of the login': [
    { id_token: { offsets: { iat: -61 } } },
    'invalid_id_token_old_issued_at',
  ],
  'an ID Token of a later sign-in': [{ id_token: { offsets: { auth_time: 1 } } }, 'invalid_id_token_unknown'],
  'an ID Token of an earlier sign-in': [
    { id_token: { offsets: { auth_time: -1 } } },
    'invalid_id_token_unknown',
  ],
  'an ID Token of a sign-in at no time': [
    { id_token: { claims: (c) => ({ ...c, auth_time: String(c.auth_time) }) } },
    'invalid_id_token_unknown',
  ],
  'an ID Token without a signature': [
    { id_token: { sign: 'none' } },
    'id_token_without_signature_not_allowed',
  ],
  'an ID Token signed in another way': [{ id_token: { alg: 'ES256' } }, 'invalid_id_token_invalid_algorithm'],
  'an ID Token for another access token': [
    { id_token: { claims: (c) => ({ ...c, at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }) } },
    'invalid_access_token_bad_hash',
  ],
  'an ID Token that somebody else signed': [
    { id_token: { sign: 'another_key' } },
    'invalid_id_token_bad_signature',
  ],
  'no access token': [{ token: ({ access_token: _, ...good }) => good }, 'no_access_token'],
  'a token type that is no bearer': [{ token: (good) => ({ ...good, token_type: 'mac' }) }, 'internal_error'],
  'a refused refresh token': [
    { token: reply.raw({ status: 400, body: '{"error":"invalid_grant"}' }) },
    'bad_request',
  ],
  'a refused scope': [
    { token: reply.raw({ status: 400, body: '{"error":"invalid_scope"}' }) },
    'invalid_scope',
  ],
  'a refused client': [
    { token: reply.raw({ status: 401, body: '{"error":"invalid_client"}' }) },
    'internal_error',
  ],
  'a broken OP': [{ token: reply.html(500) }, 'http_status_500'],
  silence: [{ token: reply.hang() }, 'internal_error'],
}

describe('get_access_token_by_refresh_token', () => {
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

  const login = async (site: Site): Promise<Data & { refresh_token: string }> => {
    const visit = await site.visit({ scope: ['openid', 'email', 'offline_access'] })
    const data = await site.ok('get_tokens_by_code', visit, { oxd: 1 })
    return { ...data, refresh_token: String(data.refresh_token) }
  }
  const sent = (site: Site): Data | undefined =>
    story.op.requests(site.issuer).findLast(({ endpoint }) => endpoint === 'token')?.params
  const isKnown = async (site: Site, access_token: unknown): Promise<boolean> =>
    (await site.call('get_user_info', { access_token })).status === 'ok'

  it('has exactly the members of 3.1, the scope as one text', async () => {
    const site = await story.site()
    const { refresh_token, access_token } = await login(site)
    const data = await site.ok(COMMAND, { refresh_token })
    assert.deepEqual(Object.keys(data), ['access_token', 'expires_in', 'refresh_token', 'scope'])
    assert.deepEqual([data.scope, data.expires_in], ['openid email offline_access', 3_600])
    assert.notEqual(data.access_token, access_token)
    assert.notEqual(data.refresh_token, refresh_token)
    const { client_id: _, client_secret: _secret, ...grant } = sent(site) ?? {}
    assert.deepEqual(grant, { grant_type: 'refresh_token', refresh_token })
  })

  it('has the scope as a list in 4.x, and to our library says of which login the tokens are', async () => {
    const site = await story.site()
    const first = await login(site)
    const native = await site.ok(COMMAND, { refresh_token: first.refresh_token }, { oxd: 1 })
    assert.deepEqual(Object.keys(native), [
      'access_token',
      'expires_in',
      'refresh_token',
      'scope',
      'id_token',
      'login_id',
    ])
    assert.equal(native.login_id, first.login_id)
    const { refresh_token } = native
    const path = '/get-access-token-by-refresh-token'
    const { status, body } = await story.daemon.post('v4', path, { oxd_id: site.oxd_id, refresh_token })
    assert.deepEqual([status, body.scope], [200, ['openid', 'email', 'offline_access']])
    assert.deepEqual(Object.keys(body), ['access_token', 'expires_in', 'refresh_token', 'scope'])
  })

  it('has a null, or in 4.x nothing, where the OP gives no new refresh token', async () => {
    const site = await story.site()
    const { refresh_token } = await login(site)
    const once: Fault = ({ refresh_token: _, ...good }) => good
    story.op.setFaults(site.issuer, { token: once })
    assert.equal((await site.ok(COMMAND, { refresh_token })).refresh_token, null)
  })

  it('asks for no more scope than it is told to, with openid', async () => {
    const site = await story.site()
    const { refresh_token } = await login(site)
    const data = await site.ok(COMMAND, { refresh_token, scope: ['email'] })
    assert.deepEqual([sent(site)?.scope, data.scope], ['openid email', 'openid email'])
    const { data: more } = await site.call(COMMAND, {
      refresh_token: (await login(site)).refresh_token,
      scope: ['profile'],
    })
    assert.equal(more.error, 'invalid_scope')
    const { data: bad } = await site.call(COMMAND, { refresh_token: 'x', scope: ['open"id'] })
    assert.equal(bad.error, 'invalid_scope')
  })

  it('remembers the fresh tokens for get_user_info, generation after generation', async () => {
    const site = await story.site()
    let { refresh_token } = await login(site)
    for (const generation of [1, 2, 3]) {
      const data = await site.ok(COMMAND, { refresh_token })
      refresh_token = String(data.refresh_token)
      assert.ok(await isKnown(site, data.access_token), String(generation))
    }
    // And whose they are: the OP must not answer about somebody else.
    const { access_token } = await site.ok(COMMAND, { refresh_token })
    story.op.setFaults(site.issuer, { userinfo: (u) => ({ ...u, sub: 'mallory' }) })
    const { data } = await site.call('get_user_info', { access_token })
    assert.equal(data.error, 'invalid_subject_identifier')
  })

  it('accepts fresh tokens without an ID Token, and an ID Token without a nonce', async () => {
    const site = await story.site()
    for (const faults of [
      { token: (({ id_token: _, ...good }) => good) as Fault },
      { id_token: { claims: ({ nonce: _, ...c }: Data) => c } },
    ]) {
      story.op.setFaults(site.issuer, {})
      const { refresh_token, login_id } = await login(site)
      story.op.setFaults(site.issuer, faults)
      const data = await site.ok(COMMAND, { refresh_token }, { oxd: 1 })
      assert.equal(data.login_id, login_id)
      assert.ok(await isKnown(site, data.access_token))
    }
  })

  for (const [lie, [faults, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const site = await story.site()
      const { refresh_token } = await site.ok(COMMAND, { refresh_token: (await login(site)).refresh_token })
      let access_token: unknown
      const { token } = faults
      const spied: Fault = (good, seen) => {
        access_token = good.access_token
        return typeof token === 'function' ? token(good, seen) : good
      }
      story.op.setFaults(site.issuer, { ...faults, token: typeof token === 'object' ? token : spied })
      const { status, data } = await site.call(COMMAND, { refresh_token })
      assert.deepEqual([status, data.error], ['error', code], String(data.error_description))
      assert.deepEqual(Object.keys(data), ['error', 'error_description'])
      assertNoSecrets(JSON.stringify(data), { refresh_token: String(refresh_token) })
      story.op.setFaults(site.issuer, {})
      if (access_token !== undefined) assert.equal(await isKnown(site, access_token), false)
    })
  }

  it('compares with the ID Token of the login, with the tolerance of clocks for its issue', async () => {
    const site = await story.site()
    const party: Faults = { id_token: { claims: (c) => ({ ...c, azp: c.aud }) } }
    const silent: Faults = { id_token: { claims: ({ auth_time: _, ...c }) => c } }
    const rows: readonly (readonly [login: Faults, refresh: Faults, code: string | undefined])[] = [
      [{}, { id_token: { offsets: { iat: -60 } } }, undefined],
      [{}, silent, undefined],
      [party, party, undefined],
      [party, {}, 'refreshed_authorized_party'],
      [silent, { id_token: { offsets: { auth_time: 60 } } }, undefined],
      [silent, { id_token: { offsets: { auth_time: 61 } } }, 'refreshed_auth_time'],
    ]
    for (const [index, [before, after, code]] of rows.entries()) {
      story.op.setFaults(site.issuer, before)
      const { refresh_token } = await login(site)
      story.op.setFaults(site.issuer, after)
      const { data } = await site.call(COMMAND, { refresh_token }, { oxd: 1 })
      assert.equal(data.error, code, String(index))
      story.op.setFaults(site.issuer, {})
    }
  })

  it('lets the login be whose refreshed ID Token is refused, and says in the log why', async () => {
    const site = await story.site()
    const { refresh_token, access_token, login_id } = await login(site)
    story.op.setFaults(site.issuer, { id_token: { offsets: { iat: -4_000 } } })
    const { data } = await site.call(COMMAND, { refresh_token }, { oxd: 1 })
    assert.equal(data.error, 'refreshed_issued_at')
    const line = story.daemon.log.findLast(({ fields }) => fields.rule !== undefined)
    assert.deepEqual(
      [line?.fields.rule, line?.fields.about, line?.fields.login_id],
      ['refreshed_issued_at, Core 12.2', 'iat', login_id],
    )
    story.op.setFaults(site.issuer, {})
    assert.ok(await isKnown(site, access_token))
    assert.equal((await site.ok('get_login_status', { login_id })).login_status, 'live')
  })

  it('sends it once, whoever comes with it at the same time or lost the answer', async () => {
    const site = await story.site()
    const { refresh_token, login_id } = await login(site)
    const before = story.op.requests(site.issuer).length
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => site.ok(COMMAND, { refresh_token }, { oxd: 1 })),
    )
    answers.push(await site.ok(COMMAND, { refresh_token }, { oxd: 1 }))
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    assert.equal(story.op.requests(site.issuer).length, before + 1)
    const { data } = await site.call(COMMAND, { refresh_token, scope: ['email'] }, { oxd: 1 })
    assert.equal(data.error, 'refresh_token_spent')
    assert.equal(story.op.requests(site.issuer).length, before + 1)
    // Who knows an oxd_id of another site has nothing from it.
    const other = await story.site()
    assert.equal((await other.call(COMMAND, { refresh_token }, { oxd: 1 })).data.error, 'refresh_refused')
    await site.ok('get_logout_uri', { id_token_hint: answers[0]?.id_token })
    assert.equal((await site.ok('get_login_status', { login_id })).login_status, 'ended')
    const { data: ended } = await site.call(COMMAND, { refresh_token }, { oxd: 1 })
    assert.equal(ended.error, 'login_ended', 'nor has anybody once the login has ended')
  })

  it('cannot use the refresh token of another site', async () => {
    const [one, other] = [await story.site(), await story.site()]
    const { refresh_token } = await login(other)
    assert.equal((await one.call(COMMAND, { refresh_token })).data.error, 'bad_request')
    assert.equal((await other.call(COMMAND, { refresh_token })).status, 'ok', 'it was not spent')
  })

  /** A refresh token of which oxd knows nothing: another oxd got it for the same client. */
  const fromElsewhere = async (faults: Faults): Promise<{ site: Site; data: Data }> => {
    const issuer = story.issuer()
    const client = story.op.addClient(issuer, { redirect_uris: [REDIRECT] })
    const { client_id, client_secret } = client
    const sites = await Promise.all(
      [1, 2].map(async () =>
        String((await story.register(issuer, { client_id, client_secret })).data.oxd_id),
      ),
    )
    const [theirs = '', ours = ''] = sites
    const at = (oxd_id: string): Site => siteAt(story.daemon, story.op, issuer, oxd_id)
    const { refresh_token } = await login(at(theirs))
    story.op.setFaults(issuer, faults)
    const site = at(ours)
    return { site, data: await site.ok(COMMAND, { refresh_token }, { oxd: 1 }) }
  }

  it('takes over a login of another oxd, if an ID Token says whose it is', async () => {
    const { site, data } = await fromElsewhere({})
    assert.deepEqual([typeof data.access_token, data.login_id], ['string', null])
    assert.ok(await isKnown(site, data.access_token))
    const again = await site.ok(COMMAND, { refresh_token: data.refresh_token }, { oxd: 1 })
    assert.ok(await isKnown(site, again.access_token))
    story.op.setFaults(site.issuer, { id_token: { claims: (c) => ({ ...c, sub: 'mallory' }) } })
    const { data: refused } = await site.call(COMMAND, { refresh_token: again.refresh_token })
    assert.equal(refused.error, 'invalid_subject_identifier', 'from then on it is known whose it is')
  })

  it('says nothing of a user whom nobody named', async () => {
    const { site, data } = await fromElsewhere({ token: ({ id_token: _, ...good }) => good })
    assert.equal(typeof data.access_token, 'string')
    assert.equal(await isKnown(site, data.access_token), false)
  })

  it(`knows for ${LIMITS.refresh_tokens_seconds / 86_400} days whose a refresh token is`, async () => {
    const site = await story.site({
      token: ({ id_token, ...good }, { params }) =>
        params.grant_type === 'refresh_token' ? good : { id_token, ...good },
    })
    const [early, late] = [await login(site), await login(site)]
    now += LIMITS.refresh_tokens_seconds * 1_000 - 1_000
    const known = await site.ok(COMMAND, { refresh_token: early.refresh_token }, { oxd: 1 })
    assert.equal(known.login_id, early.login_id)
    now += 1_000
    const forgotten = await site.ok(COMMAND, { refresh_token: late.refresh_token }, { oxd: 1 })
    assert.equal(forgotten.login_id, null)
  })

  it('wants a refresh token', async () => {
    const site = await story.site()
    for (const refresh_token of [undefined, null, '', []]) {
      const { data } = await site.call(COMMAND, { refresh_token })
      assert.equal(data.error, 'bad_request')
      assert.match(String(data.error_description), /refresh_token/)
    }
  })
})
