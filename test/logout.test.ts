// Logouts that an OP sends: what ends a login, and everything that does not. Ids are those of the catalogue of cases.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { LIMITS } from '../src/limits.ts'
import type { Json, TokenFaults } from '../src/testing/jws.ts'
import { LOGOUT_EVENT, type LoggedOut } from '../src/testing/op_logout.ts'
import { Reply, type Faults } from '../src/testing/op.ts'
import { startStory, type Site, type Story } from '../src/testing/story.ts'
import { PUBLIC_URL, startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'

interface Tenant {
  readonly site: Site
  readonly client_id: string
  readonly back: string
  readonly front: string
}

const NOW = 1_900_000_000_000

describe('two daemons on one store', () => {
  it('BCL-18: a logout at one ends what the other is just fetching, and what it has', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oxd-logout-'))
    const options = { public: true, data_dir: join(folder, 'data') } as const
    const story = await startStory(options)
    let second: TestDaemon | undefined
    try {
      const site = await story.site()
      second = await startTestDaemon({ ...options, argv: ['--trust-op', story.op.origin] })
      const { stranger } = second
      const { node } = await site.ok('get_rp')
      const { client_id, backchannel_logout_uri } = node as Record<string, string>
      const send = async (about: LoggedOut): Promise<number> => {
        const logout_token = await story.op.logoutToken(site.issuer, String(client_id), about)
        const body = new URLSearchParams({ logout_token })
        return (await stranger(String(backchannel_logout_uri), { method: 'POST', body })).status
      }
      for (const about of [{ sid: 'shared' }, { sub: 'alice' }, { sub: 'alice', sid: 'other' }]) {
        const [earlier, visit] = [await site.visit(), await site.visit()]
        const claims = (good: Json): Json => ({ ...good, sid: about.sid ?? 'any' })
        story.op.setFaults(site.issuer, { id_token: { claims } })
        const { access_token } = await site.ok('get_tokens_by_code', earlier)
        let sent: Promise<number> | undefined
        story.op.setFaults(site.issuer, {
          id_token: { claims },
          // Answered only when the logout is through.
          token: new Reply(async (response, good) => {
            await (sent = send(about))
            response.writeHead(good.status, good.headers).end(good.body)
          }),
        })
        const { data } = await site.call('get_tokens_by_code', visit, { oxd: 1 })
        assert.equal(await sent, 200)
        assert.equal(data.error, 'login_ended')
        for (const { state } of [earlier, visit]) {
          assert.equal((await site.ok('get_login_status', { state })).login_status, 'ended')
        }
        const info = await site.call('get_user_info', { access_token }, { oxd: 1 })
        assert.equal(info.data.error, 'login_ended')
      }
    } finally {
      await second?.close()
      await story.close()
      await rm(folder, { recursive: true })
    }
  })
})

describe('a logout that the OP sends', () => {
  const clock = { ms: NOW }
  let story: Story
  let sessions = 0
  before(async () => {
    story = await startStory({ public: true, now: () => clock.ms })
  })
  after(() => story.close())

  const tenant = async (faults?: Faults, params?: Data): Promise<Tenant> => {
    const site = await story.site(faults, params)
    const { node } = await site.ok('get_rp')
    const shown = node as Record<string, string>
    return {
      site,
      client_id: String(shown.client_id),
      back: String(shown.backchannel_logout_uri),
      front: String(shown.frontchannel_logout_uri),
    }
  }
  /** Someone logs in, in a session of that name. */
  const login = async ({ site }: Tenant, sid?: string, sub = 'alice') => {
    const claims = (good: Json): Json => (sid === undefined ? good : { ...good, sid })
    story.op.setFaults(site.issuer, { id_token: { claims } })
    const data = await site.ok('get_tokens_by_code', await site.visit({}, sub), { oxd: 1 })
    return { login_id: String(data.login_id), access_token: data.access_token, id_token: data.id_token }
  }
  const newSession = (): string => `session-${++sessions}`
  const status = async ({ site }: Tenant, login_id: string): Promise<unknown> =>
    (await site.ok('get_login_status', { login_id })).login_status
  const token = ({ site, client_id }: Tenant, about: LoggedOut, faults?: TokenFaults): Promise<string> =>
    story.op.logoutToken(site.issuer, client_id, about, faults)
  const send = ({ back }: Pick<Tenant, 'back'>, logout_token: string, more: Record<string, string> = {}) =>
    story.daemon.stranger(back, {
      method: 'POST',
      body: new URLSearchParams({ logout_token, ...more }),
    })

  it('is told to the OP when a site registers', async () => {
    const { site, client_id, back, front } = await tenant()
    const told = story.op.metadataOf(site.issuer, client_id)
    assert.equal(told['backchannel_logout_uri'], back)
    assert.equal(told['backchannel_logout_session_required'], true)
    assert.equal(told['frontchannel_logout_uri'], front)
    assert.equal(told['frontchannel_logout_session_required'], true)
    assert.ok(back.startsWith(`${PUBLIC_URL}/backchannel-logout/`))
    assert.ok(!`${back} ${front}`.includes(site.oxd_id))
  })

  describe('BCL-01: a good token', () => {
    const GOOD: readonly (readonly [string, TokenFaults])[] = [
      ['as it is', {}],
      ['without a type', { header: ({ typ: _, ...header }) => header }],
      ['of the type JWT', { header: (header) => ({ ...header, typ: 'JWT' }) }],
      ['of the whole media type', { header: (header) => ({ ...header, typ: 'application/LOGOUT+jwt' }) }],
      ['with unknown claims', { claims: (claims) => ({ ...claims, foo: 'bar', toe: null }) }],
      ['BCL-05: for several audiences', { claims: (c) => ({ ...c, aud: ['somebody', c['aud']] }) }],
      ['BCL-10: without exp', { claims: ({ exp: _, ...claims }) => claims }],
      ['BCL-10: that expired within the tolerance', { offsets: { exp: -179 } }],
      ['BCL-10: from a clock that is ahead within the tolerance', { offsets: { iat: 60, exp: 120 } }],
      ['BCL-10: five minutes old', { offsets: { iat: -LIMITS.logout_token_seconds_max - 60 } }],
      [
        'of a jti of the greatest length',
        {
          claims: (c) => ({
            ...c,
            jti: `${String(c['jti'])}${'j'.repeat(LIMITS.jti_characters_max)}`.slice(
              0,
              LIMITS.jti_characters_max,
            ),
          }),
        },
      ],
      ['with other events, too', { claims: (c) => ({ ...c, events: { a: {}, ...Object(c['events']) } }) }],
    ]
    for (const [name, faults] of GOOD) {
      it(`${name}: ends the login`, async () => {
        const at = await tenant()
        const sid = newSession()
        const { login_id, access_token } = await login(at, sid)
        assert.equal(await status(at, login_id), 'live')
        const answer = await send(at, await token(at, { sid, sub: 'alice' }, faults), { and: 'more' })
        assert.equal(answer.status, 200)
        assert.equal(answer.headers.get('cache-control'), 'no-store')
        assert.equal(await answer.text(), '')
        assert.deepEqual(await at.site.ok('get_login_status', { login_id }), {
          login_status: 'ended',
          login_id,
          why: 'back_channel_logout',
          ended_at: clock.ms / 1_000,
        })
        const info = await at.site.call('get_user_info', { access_token }, { oxd: 1 })
        assert.equal(info.data.error, 'login_ended')
      })
    }
  })

  describe('a bad token', () => {
    const drop =
      (name: string) =>
      (claims: Json): Json =>
        Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
    const set = (more: Json): TokenFaults => ({ claims: (claims) => ({ ...claims, ...more }) })
    const BAD: readonly (readonly [name: string, code: string, faults: TokenFaults])[] = [
      ['BCL-02: unsigned', 'id_token_without_signature_not_allowed', { sign: 'none' }],
      ['BCL-02: of another published algorithm', 'invalid_id_token_invalid_algorithm', { alg: 'ES256' }],
      ['BCL-02: of a wrong signature', 'invalid_id_token_bad_signature', { sign: 'flipped_bit' }],
      ['BCL-02: of another key', 'invalid_id_token_bad_signature', { sign: 'another_key' }],
      ['BCL-02: HMAC of the public key', 'invalid_id_token_invalid_algorithm', { sign: 'hs256_public_key' }],
      ['BCL-03: without events', 'invalid_logout_token_events', { claims: drop('events') }],
      ['BCL-03: of another event', 'invalid_logout_token_events', set({ events: { other: {} } })],
      ['BCL-03: events a list', 'invalid_logout_token_events', set({ events: [LOGOUT_EVENT] })],
      ['BCL-03: events a text', 'invalid_logout_token_events', set({ events: LOGOUT_EVENT })],
      ['BCL-03: events null', 'invalid_logout_token_events', set({ events: null })],
      ['BCL-03: event a text', 'invalid_logout_token_events', set({ events: { [LOGOUT_EVENT]: '' } })],
      ['BCL-03: event null', 'invalid_logout_token_events', set({ events: { [LOGOUT_EVENT]: null } })],
      ['BCL-03: event a list', 'invalid_logout_token_events', set({ events: { [LOGOUT_EVENT]: [] } })],
      ['BCL-04: with a nonce', 'invalid_logout_token_nonce', set({ nonce: 'n' })],
      ['BCL-04: with a nonce of null', 'invalid_logout_token_nonce', set({ nonce: null })],
      ['BCL-04: with an empty nonce', 'invalid_logout_token_nonce', set({ nonce: '' })],
      ['BCL-05: of another issuer', 'invalid_logout_token_issuer', set({ iss: 'https://op.example' })],
      ['BCL-05: without an issuer', 'invalid_logout_token_issuer', { claims: drop('iss') }],
      ['BCL-05: for another client', 'invalid_logout_token_audience', set({ aud: 'other' })],
      ['BCL-05: for others', 'invalid_logout_token_audience', set({ aud: ['other', 'another'] })],
      ['BCL-05: for nobody', 'invalid_logout_token_audience', { claims: drop('aud') }],
      [
        'BCL-06: of neither sub nor sid',
        'invalid_logout_token_subject',
        { claims: (claims) => drop('sub')(drop('sid')(claims)) },
      ],
      ['BCL-06: of a sub that is a number', 'invalid_logout_token_subject', set({ sub: 7 })],
      ['BCL-06: of a sub of null', 'invalid_logout_token_subject', set({ sub: null })],
      ['BCL-06: of an empty sid', 'invalid_logout_token_subject', set({ sid: '' })],
      [
        'BCL-06: of a sid that is too long',
        'invalid_logout_token_subject',
        set({ sid: 's'.repeat(LIMITS.sid_characters_max + 1) }),
      ],
      ['BCL-09: without jti', 'invalid_logout_token_jti', { claims: drop('jti') }],
      ['BCL-09: of a jti that is a number', 'invalid_logout_token_jti', set({ jti: 1 })],
      [
        'BCL-09: of a jti that is too long',
        'invalid_logout_token_jti',
        set({ jti: 'j'.repeat(LIMITS.jti_characters_max + 1) }),
      ],
      ['BCL-10: expired', 'invalid_logout_token_expired', { offsets: { exp: -180 } }],
      ['BCL-10: of an exp that is a text', 'invalid_logout_token_expired', set({ exp: '9999999999' })],
      ['BCL-10: of an exp of null', 'invalid_logout_token_expired', set({ exp: null })],
      ['BCL-10: not good yet', 'invalid_logout_token_not_yet_valid', { offsets: { nbf: 62 } }],
      ['BCL-10: of an nbf that is a text', 'invalid_logout_token_not_yet_valid', set({ nbf: '0' })],
      ['BCL-10: of the future', 'invalid_logout_token_issued_at', { offsets: { iat: 61 } }],
      ['BCL-10: without iat', 'invalid_logout_token_issued_at', { claims: drop('iat') }],
      [
        'BCL-10: of more than five minutes ago',
        'invalid_logout_token_old',
        { offsets: { iat: -LIMITS.logout_token_seconds_max - 61, exp: 120 } },
      ],
      ['BCL-12: of an access token', 'invalid_jwt_type', { header: (h) => ({ ...h, typ: 'at+jwt' }) }],
      ['BCL-12: of a type that is a number', 'invalid_jwt_type', { header: (h) => ({ ...h, typ: 1 }) }],
      ['BCL-12: of another kind', 'invalid_jwt_type', { header: (h) => ({ ...h, typ: 'secevent+jwt' }) }],
      [
        'claims twice',
        'invalid_id_token_malformed',
        { claims: (c) => `{"sub":"bob",${JSON.stringify(c).slice(1)}` },
      ],
      ['no JWT', 'invalid_id_token_malformed', { jwt: () => 'a.b' }],
      [
        'BCL-17: encrypted, where that is not registered',
        'id_token_encrypted',
        { jwt: () => 'e30.e30.e30.e30.e30' },
      ],
    ]
    for (const [name, code, faults] of BAD) {
      it(`${name} ends nothing`, async () => {
        const at = await tenant()
        const sid = newSession()
        const { login_id } = await login(at, sid)
        const lines = story.daemon.log.length
        const answer = await send(at, await token(at, { sid, sub: 'alice' }, faults))
        assert.equal(answer.status, 400)
        assert.equal(answer.headers.get('cache-control'), 'no-store')
        assert.deepEqual(await answer.json(), { error: 'invalid_request' }, 'which rule, the log says')
        assert.equal(await status(at, login_id), 'live')
        const [line] = story.daemon.log.slice(lines).filter(({ message }) => /back-channel/.test(message))
        assert.equal(line?.fields.outcome, code)
        // The twin.
        assert.equal((await send(at, await token(at, { sid, sub: 'alice' }))).status, 200)
        assert.equal(await status(at, login_id), 'ended')
      })
    }
  })

  it('ends a session whose name has the greatest length', async () => {
    const at = await tenant()
    const sid = newSession().padEnd(LIMITS.sid_characters_max, 's')
    const { login_id } = await login(at, sid)
    assert.equal((await send(at, await token(at, { sid }))).status, 200)
    assert.equal(await status(at, login_id), 'ended')
  })

  it('BCL-08: of a subject alone ends all its logins at this site, and none elsewhere', async () => {
    const [at, other] = [await tenant(), await tenant()]
    const own = [await login(at, newSession()), await login(at), await login(at, newSession())]
    const bob = await login(at, newSession(), 'bob')
    const elsewhere = await login(other, newSession())
    assert.equal((await send(at, await token(at, { sub: 'alice' }))).status, 200)
    for (const { login_id } of own) assert.equal(await status(at, login_id), 'ended')
    assert.equal(await status(at, bob.login_id), 'live')
    assert.equal(await status(other, elsewhere.login_id), 'live')
  })

  it('BCL-09: has no effect a second time', async () => {
    const at = await tenant()
    const sent = await token(at, { sub: 'alice' })
    assert.equal((await send(at, sent)).status, 200)
    clock.ms += 1_000
    const { login_id } = await login(at, newSession())
    assert.equal((await send(at, sent)).status, 200)
    assert.equal(await status(at, login_id), 'live')
    const { jti } = JSON.parse(Buffer.from(sent.split('.')[1] ?? '', 'base64url').toString()) as Json
    const again = await token(at, { sub: 'alice' }, { claims: (claims) => ({ ...claims, jti }) })
    assert.equal((await send(at, again)).status, 200)
    assert.equal(await status(at, login_id), 'live', 'a fresh token with the jti of before')
    // As long as the token itself would be accepted.
    clock.ms += (LIMITS.logout_token_seconds_max + LIMITS.clock_tolerance_seconds - 1) * 1_000
    const late = await token(at, { sub: 'alice' }, { claims: (claims) => ({ ...claims, jti }) })
    assert.equal((await send(at, late)).status, 200)
    assert.equal(await status(at, login_id), 'live')
    assert.equal((await send(at, await token(at, { sub: 'alice' }))).status, 200)
    assert.equal(await status(at, login_id), 'ended', 'one of its own')
  })

  it('BCL-13: of another site is refused, at the same OP and at another', async () => {
    const at = await tenant()
    const stranger = await tenant()
    const sid = newSession()
    const { login_id } = await login(at, sid)
    assert.equal((await send(at, await token(stranger, { sid }))).status, 400)
    const { data } = await story.register(at.site.issuer)
    const { node } = (await story.daemon.call('get_rp', { oxd_id: data.oxd_id })).data
    const { client_id } = node as Record<string, string>
    assert.equal((await send(at, await token({ ...at, client_id: String(client_id) }, { sid }))).status, 400)
    assert.equal(await status(at, login_id), 'live')
  })

  it('BCL-15: of an unknown session, or one that has ended, is accepted and changes nothing', async () => {
    const at = await tenant()
    const sid = newSession()
    const { login_id } = await login(at, sid)
    assert.equal((await send(at, await token(at, { sid: 'unknown' }))).status, 200)
    assert.equal(await status(at, login_id), 'live')
    assert.equal((await send(at, await token(at, { sid }))).status, 200)
    const ended = await at.site.ok('get_login_status', { login_id })
    clock.ms += 5_000
    assert.equal((await send(at, await token(at, { sid }))).status, 200)
    assert.deepEqual(await at.site.ok('get_login_status', { login_id }), ended)
  })

  it('BCL-16: spends no key fetch of a login, whatever strangers send', async () => {
    const [at, other] = [await tenant(), await tenant()]
    await login(at)
    await login(other)
    const fetched = (of: Tenant): number => story.op.count(of.site.issuer, 'jwks')
    const [before, beforeOther] = [fetched(at), fetched(other)]
    const body = await token(at, { sub: 'alice' })
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => {
          const header = { alg: 'RS256', typ: 'logout+jwt', kid: `made-up-${round}-${i}` }
          const head = Buffer.from(JSON.stringify(header)).toString('base64url')
          return send(at, `${head}${body.slice(body.indexOf('.'))}`)
        }),
      )
      assert.ok(answers.every(({ status: code }) => code === 400))
      await Promise.all(answers.map((answer) => answer.text()))
    }
    assert.ok(fetched(at) - before <= LIMITS.key_refetches_per_minute, `${fetched(at) - before} fetches`)
    assert.equal(fetched(other), beforeOther)
    // A rotation right then: the login fetches the keys with its own budget.
    story.op.rotateKeys(at.site.issuer)
    await login(at, newSession())
    await login(other, newSession())
  })

  it('BCL-16: does not make oxd ask an OP that is away, again and again', async () => {
    const at = await tenant()
    clock.ms += LIMITS.op_keys_ms + LIMITS.op_metadata_ms
    story.op.setFaults(at.site.issuer, { discovery: () => ({}) })
    const asked = (): number => story.op.count(at.site.issuer, 'discovery')
    const before = asked()
    for (let i = 0; i < 30; i += 1) {
      assert.equal((await send(at, await token(at, { sub: 'alice' }))).status, 400)
    }
    assert.ok(asked() - before <= LIMITS.key_refetches_per_minute, `${asked() - before} requests`)
  })

  it('BCL-17: is encrypted as ID Tokens are, where that is registered; a plain one is refused then', async () => {
    const at = await tenant(undefined, { id_token_encrypted_response_alg: 'dir' })
    const sid = newSession()
    const { login_id } = await login(at, sid)
    const sent = await token(at, { sid })
    assert.equal(sent.split('.').length, 5)
    story.op.setFaults(at.site.issuer, { encryption: { plain: true } })
    const plain = await token(at, { sid })
    assert.equal(plain.split('.').length, 3)
    assert.equal((await send(at, plain)).status, 400)
    assert.equal(await status(at, login_id), 'live')
    assert.equal((await send(at, sent)).status, 200)
    assert.equal(await status(at, login_id), 'ended')
  })

  it('BCL-18: while the tokens of its session are fetched leaves no login alive', async () => {
    const at = await tenant()
    const sid = newSession()
    const visit = await at.site.visit()
    let sent: Promise<Response> | undefined
    story.op.setFaults(at.site.issuer, {
      id_token: { claims: (claims) => ({ ...claims, sid }) },
      token: (good) => {
        // The OP ends the session while it answers.
        sent ??= token(at, { sid }).then((logout) => send(at, logout))
        return good
      },
    })
    const redeemed = await at.site.call('get_tokens_by_code', visit, { oxd: 1 })
    assert.equal((await sent)?.status, 200)
    const { login_status } = await at.site.ok('get_login_status', { state: visit.state })
    assert.notEqual(login_status, 'live')
    // Whoever was first, no token is good for anything.
    const { access_token } = redeemed.data
    if (redeemed.status === 'error') assert.equal(redeemed.data.error, 'login_ended')
    else
      assert.equal(
        (await at.site.call('get_user_info', { access_token }, { oxd: 1 })).data.error,
        'login_ended',
      )
  })

  it('with a sid that was ended before the user came back leaves no login alive', async () => {
    const at = await tenant()
    const sid = newSession()
    story.op.setFaults(at.site.issuer, { id_token: { claims: (claims) => ({ ...claims, sid }) } })
    const visit = await at.site.visit()
    clock.ms += 2_000
    assert.equal((await send(at, await token(at, { sid }))).status, 200)
    clock.ms += 2_000
    const { data } = await at.site.call('get_tokens_by_code', visit, { oxd: 1 })
    assert.equal(data.error, 'login_ended')
  })

  it('is a form with one logout_token; nothing else is looked at', async () => {
    const at = await tenant()
    const sid = newSession()
    const { login_id } = await login(at, sid)
    const sent = await token(at, { sid })
    const twice = `logout_token=${sent}&logout_token=${sent}`
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const post = (body: string, headers: Record<string, string> = form) =>
      story.daemon.stranger(at.back, { method: 'POST', body, headers })
    assert.equal((await post(twice)).status, 400)
    assert.equal((await post('')).status, 400)
    assert.equal((await post('logout_token=')).status, 400)
    assert.equal((await post(`LOGOUT_TOKEN=${sent}`)).status, 400)
    assert.equal(
      (await post(JSON.stringify({ logout_token: sent }), { 'content-type': 'application/json' })).status,
      415,
    )
    assert.equal((await story.daemon.stranger(`${at.back}?logout_token=${sent}`)).status, 405)
    assert.equal(
      (await post(`a=${'b'.repeat(LIMITS.public_body_bytes_max)}&logout_token=${sent}`)).status,
      413,
    )
    const unknown = await send({ back: `${PUBLIC_URL}/backchannel-logout/unknown` }, sent)
    assert.equal(unknown.status, 400)
    assert.deepEqual(await unknown.json(), { error: 'invalid_request' })
    assert.equal(await status(at, login_id), 'live')
    assert.equal(
      (await post(`logout_token=${sent}`, { 'content-type': `${form['content-type']}; charset=UTF-8` }))
        .status,
      200,
    )
    assert.equal(await status(at, login_id), 'ended')
  })

  describe('FCL-01: over the front channel', () => {
    const visit = ({ front }: Pick<Tenant, 'front'>, params: Record<string, string>) =>
      story.daemon.stranger(`${front}?${new URLSearchParams(params)}`)

    it('ends the session that is named together with its issuer', async () => {
      const at = await tenant()
      const sid = newSession()
      const { login_id } = await login(at, sid)
      const answer = await visit(at, { iss: at.site.issuer, sid })
      assert.equal(answer.status, 200)
      const { login_status, why } = await at.site.ok('get_login_status', { login_id })
      assert.deepEqual([login_status, why], ['ended', 'front_channel_logout'])
    })

    it('ignores everything else, with the same page', async () => {
      const [at, other] = [await tenant(), await tenant()]
      const sid = newSession()
      const { login_id } = await login(at, sid)
      const { login_id: elsewhere } = await login(other, sid)
      const iss = at.site.issuer
      const pages = await Promise.all(
        [
          visit(at, { iss: 'https://op.example.com', sid }),
          visit(at, { iss, sid: 'wrong' }),
          visit(at, { iss }),
          visit(at, { sid }),
          visit(at, {}),
          visit(at, { iss: other.site.issuer, sid }),
          visit(other, { iss, sid }),
          visit({ front: `${PUBLIC_URL}/frontchannel-logout/unknown` }, { iss, sid }),
          story.daemon.stranger(`${at.front}?iss=${encodeURIComponent(iss)}&sid=${sid}&sid=${sid}`),
          visit(at, { iss, sid: '' }),
        ].map(async (sent) => {
          const answer = await sent
          return {
            status: answer.status,
            headers: [...answer.headers].filter(([name]) => name !== 'date'),
            body: await answer.text(),
          }
        }),
      )
      for (const page of pages) assert.deepEqual(page, pages[0])
      assert.equal(pages[0]?.status, 200)
      assert.equal(await status(at, login_id), 'live')
      assert.equal(await status(other, elsewhere), 'live')
    })

    it('FCL-02: answers with a page that may be framed, is not kept, and has no script', async () => {
      const at = await tenant()
      const answer = await visit(at, { iss: at.site.issuer, sid: 'any' })
      assert.equal(answer.headers.get('x-frame-options'), null)
      assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'")
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      assert.equal(answer.headers.get('set-cookie'), null)
      assert.equal(answer.headers.get('access-control-allow-origin'), null)
      assert.doesNotMatch(await answer.text(), /<script|src=|href=/i)
    })
  })
})
