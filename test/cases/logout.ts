// BCL, FCL, RPL, THR: logouts that an OP or a browser sends, the way to the logout, and logins that somebody else starts.
import assert from 'node:assert/strict'
import { LIMITS } from '../../src/limits.ts'
import type { Act, Area, Case, Drive } from '../../src/testing/cases/case.ts'
import { PUBLIC_URL, type Data, type Envelope } from '../../src/testing/daemon.ts'
import type { LoggedOut } from '../../src/testing/op_logout.ts'
import { Reply, type LyingOp } from '../../src/testing/op.ts'
import { HOME, type Site } from '../../src/testing/story.ts'

/** A site, and what its OP knows of it. */
interface Tenant {
  readonly site: Site
  readonly op: LyingOp
  readonly client_id: string
  /** Its addresses at the public listener. */
  readonly back: string
  readonly front: string
  readonly initiate: string
}

/** A login that was finished, and the session at the OP. */
interface Session {
  readonly login_id: string
  readonly id_token: string
  readonly sub: string
  readonly sid: string
}

const tenant = async (act: Act, params?: Data, issuer = act.issuer): Promise<Tenant> => {
  const site = await act.site(params, issuer)
  const shown = Object((await site.ok('get_rp')).node)
  const [client_id, back, front, initiate] = [
    shown.client_id,
    shown.backchannel_logout_uri,
    shown.frontchannel_logout_uri,
    shown.initiate_login_uri,
  ].map(String)
  assert.ok(client_id && back && front && initiate)
  const op = issuer === act.issuer ? act.op : act.attacker
  return { site, op, client_id, back, front, initiate }
}

const sessionOf = ({ status, data }: Envelope): Session => {
  assert.equal(status, 'ok', JSON.stringify(data))
  const { sub, sid } = Object(data.id_token_claims)
  const [login_id, id_token] = [String(data.login_id), String(data.id_token)]
  return { login_id, id_token, sub: String(sub), sid: String(sid) }
}
const logIn = async ({ site }: Tenant, who?: string): Promise<Session> => sessionOf(await site.login(who))

const isLive = async ({ site }: Tenant, { login_id }: Session): Promise<boolean> =>
  (await site.ok('get_login_status', { login_id })).login_status === 'live'

const tokenFor = (
  { site, op, client_id }: Tenant,
  about: LoggedOut,
  ...faults: Parameters<LyingOp['logoutToken']>[3][]
): Promise<string> => op.logoutToken(site.issuer, client_id, about, ...faults)

const post = (
  act: Act,
  { back }: Pick<Tenant, 'back'>,
  logout_token: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  act.stranger(back, { method: 'POST', body: new URLSearchParams({ logout_token, ...more }) })

/** What the log says of the last stranger at this site. */
const outcomeAt = async (act: Act, { oxd_id }: Site): Promise<unknown> =>
  (await act.logged()).findLast(({ fields }) => fields.site === oxd_id.slice(0, 8))?.fields.outcome

/** What a stranger is told, and what the log adds: refused, with the rule; or accepted. */
const judged = async (act: Act, { site }: Tenant, answer: Response): Promise<Envelope> => {
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const body = await answer.text()
  if (answer.status === 200) {
    assert.equal(body, '')
    return { status: 'ok', data: {} }
  }
  assert.deepEqual([answer.status, body], [400, '{"error":"invalid_request"}'])
  return { status: 'error', data: { error: await outcomeAt(act, site) } }
}

/** The token ends the login, or is refused and leaves it alive. Afterwards an honest one ends it in any case. */
const backChannel =
  (params?: Data): Drive =>
  async (act) => {
    const at = await tenant(act, params)
    const session = await logIn(at)
    const { sub, sid } = session
    act.strike()
    const sent = act.attack === 'an ID Token' ? session.id_token : await tokenFor(at, { sub, sid })
    const answer = await judged(
      act,
      at,
      await post(act, at, sent, act.attack === 'an unknown field' ? { and: 'more' } : {}),
    )
    assert.equal(await isLive(at, session), answer.status === 'error', 'whether the login lives')
    act.op.setFaults(act.issuer, {})
    const good = await post(act, at, await tokenFor(at, { sub, sid }))
    assert.equal(good.status, 200)
    assert.equal(await isLive(at, session), false, 'an honest token ends it')
    return answer
  }

const OK: Envelope = { status: 'ok', data: {} }

/** A visit over the front channel: always the same page. */
const visit = async (act: Act, address: string, params: Record<string, string> = {}): Promise<Response> => {
  const answer = await act.stranger(`${address}?${new URLSearchParams(params)}`)
  assert.equal(answer.status, 200)
  return answer
}

/** What the log says of the last stranger, as if the stranger had been told. */
const outcomeOf = async (act: Act, { site }: Tenant): Promise<Envelope> => {
  const outcome = await outcomeAt(act, site)
  return outcome === 'ok' ? OK : { status: 'error', data: { error: outcome } }
}

const STRANGERS = 1_000
const AT_ONCE = 4

/** So many requests of strangers, some at once. */
const manyTimes = async (send: (nth: number) => Promise<Response>, status: number): Promise<void> => {
  for (let sent = 0; sent < STRANGERS; sent += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => send(sent + i)))
    for (const answer of answers) {
      assert.equal(answer.status, status)
      await answer.text()
    }
  }
}

/** Sends a browser to the address at which others start logins. @returns what became of it */
const initiate = async (
  act: Act,
  at: Tenant,
  params: Readonly<Record<string, string>>,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ readonly answer: Envelope; readonly location: string }> => {
  const sent = new URLSearchParams(params)
  const got =
    method === 'GET'
      ? await act.stranger(`${at.initiate}?${sent}`)
      : await act.stranger(at.initiate, { method, body: sent })
  assert.equal(got.headers.get('cache-control'), 'no-store')
  const page = await got.text()
  const location = got.headers.get('location')
  if (got.status === 303) return { answer: OK, location: String(location) }
  assert.deepEqual([got.status, location], [400, null])
  // The page repeats nothing of what came.
  for (const value of Object.values(params)) assert.ok(value === '' || !page.includes(value))
  return { answer: await outcomeOf(act, at), location: '' }
}

/** A browser goes there, signs in, comes back: the code is redeemed. */
const finish = async ({ site, op }: Tenant, location: string): Promise<Envelope> => {
  assert.ok(location.startsWith(`${site.issuer}/authorize?`), location)
  const back = new URL(await op.authorize(location)).searchParams
  const [code, state, iss] = ['code', 'state', 'iss'].map((name) => back.get(name))
  return site.call('get_tokens_by_code', { code, state, iss })
}

/** Issuers that are not that of the site; none is asked. */
const ISSUERS: Readonly<Record<string, (act: Act) => string>> = {
  'an attacker': ({ places }) => places.attacker,
  'another spelling': ({ issuer }) => `${issuer}/`,
  'a service inside': ({ places }) => places.canary,
  'a metadata service': () => 'http://169.254.169.254/',
  'no address': () => 'no address',
}

const TARGETS: Readonly<Record<string, string>> = {
  'another site': 'https://evil.example.com/',
  'without a scheme': '//evil.example.com/',
  'a script': 'javascript:alert(1)',
  'a name before the host': 'https://client.example.com@evil.example.com/',
  'a host that begins like it': 'https://client.example.com.evil.example.com/',
  'without TLS': 'http://client.example.com/',
}

/** Where a page is to be that nobody registered. */
const PAGES: Readonly<Record<string, string>> = {
  'another site': 'https://evil.example.com/',
  'another page': `${HOME}other`,
  'a script': 'javascript:alert(1)',
}

const endSession = async (
  site: Site,
  params?: Data,
): Promise<{ answer: Envelope; sent: URLSearchParams }> => {
  const answer = await site.call('get_logout_uri', params)
  const uri = answer.status === 'ok' ? String(answer.data.uri) : 'https://nowhere.example'
  return { answer, sent: new URL(uri).searchParams }
}

/** The site is registered at an OP that says this of its logout, and a logout is begun there. */
const logout: Drive = async (act) => {
  act.strike()
  const registered = await act.register()
  if (registered.status !== 'ok') return registered
  const site = act.siteOf(registered)
  const { answer, sent } = await endSession(site, { state: 'mine' })
  if (answer.status === 'ok') {
    assert.ok(String(answer.data.uri).startsWith(`${act.issuer}/end_session?`))
    assert.deepEqual(sent.getAll('state'), ['mine'], 'what is asked for replaces what was there')
    if (!act.honest) assert.equal(sent.get('tenant'), '1')
  }
  return answer
}

const CASES: readonly Case[] = [
  {
    id: 'BCL-01',
    title: 'a good token: of each type, with more in it and beside it',
    drive: backChannel(),
    accepted: [
      'logout_token_untyped',
      'logout_token_typ_jwt',
      'logout_token_typ_long',
      'logout_token_more_claims',
    ],
    harmless: ['an unknown field'],
  },
  {
    id: 'BCL-02',
    title: 'unsigned, wrongly signed, of another algorithm',
    drive: backChannel(),
    refused: {
      logout_token_unsigned: 'id_token_without_signature_not_allowed',
      logout_token_other_alg: 'invalid_id_token_invalid_algorithm',
      logout_token_flipped_bit: 'invalid_id_token_bad_signature',
      logout_token_another_key: 'invalid_id_token_bad_signature',
      logout_token_public_key_hmac: 'invalid_id_token_invalid_algorithm',
    },
  },
  {
    id: 'BCL-03',
    title: 'no events, or none that is a logout',
    drive: backChannel(),
    refused: {
      logout_token_without_events: 'invalid_logout_token_events',
      logout_token_other_event: 'invalid_logout_token_events',
      logout_token_events_list: 'invalid_logout_token_events',
      logout_token_events_text: 'invalid_logout_token_events',
      logout_token_events_null: 'invalid_logout_token_events',
      logout_token_event_text: 'invalid_logout_token_events',
      logout_token_event_null: 'invalid_logout_token_events',
      logout_token_event_list: 'invalid_logout_token_events',
    },
  },
  {
    id: 'BCL-04',
    title: 'a nonce, even of nothing',
    drive: backChannel(),
    refused: {
      logout_token_nonce: 'invalid_logout_token_nonce',
      logout_token_nonce_null: 'invalid_logout_token_nonce',
      logout_token_nonce_empty: 'invalid_logout_token_nonce',
    },
  },
  {
    id: 'BCL-05',
    title: 'another issuer, another audience; one audience of several',
    drive: backChannel(),
    refused: {
      logout_token_iss_other: 'invalid_logout_token_issuer',
      logout_token_iss_missing: 'invalid_logout_token_issuer',
      logout_token_aud_other: 'invalid_logout_token_audience',
      logout_token_aud_others: 'invalid_logout_token_audience',
      logout_token_aud_missing: 'invalid_logout_token_audience',
    },
    accepted: ['logout_token_aud_several'],
  },
  {
    id: 'BCL-06',
    title: 'about nobody',
    drive: backChannel(),
    refused: {
      logout_token_of_nobody: 'invalid_logout_token_subject',
      logout_token_sub_number: 'invalid_logout_token_subject',
      logout_token_sub_null: 'invalid_logout_token_subject',
      logout_token_sid_empty: 'invalid_logout_token_subject',
      logout_token_sid_long: 'invalid_logout_token_subject',
    },
  },
  {
    id: 'BCL-08',
    title:
      'a subject alone: all its sessions at this site, none at others, none of others; a session: that one',
    drive: async (act) => {
      const [at, other] = [await tenant(act), await tenant(act)]
      const [first, second] = [await logIn(at), await logIn(at)]
      const [bob, elsewhere] = [await logIn(at, 'bob'), await logIn(other)]
      act.strike()
      const { sub, sid } = first
      const about = act.attack === 'sub' ? { sub } : act.attack === 'sid' ? { sid } : { sub, sid }
      const answer = await judged(act, at, await post(act, at, await tokenFor(at, about)))
      assert.equal(await isLive(at, first), false)
      if (act.honest) return answer
      assert.equal(await isLive(at, second), act.attack !== 'sub')
      assert.equal(await isLive(at, bob), true)
      assert.equal(await isLive(other, elsewhere), true)
      return answer
    },
    harmless: ['sub', 'sid'],
  },
  {
    id: 'BCL-09',
    title: 'no jti',
    drive: backChannel(),
    refused: {
      logout_token_jti_missing: 'invalid_logout_token_jti',
      logout_token_jti_number: 'invalid_logout_token_jti',
    },
  },
  {
    id: 'BCL-09',
    title: 'the same token, or the same jti, has no effect a second time',
    policy: 'A token that came before is answered with 200, as the OP may repeat what it has no answer to.',
    drive: async (act) => {
      const at = await tenant(act)
      const { sub } = await logIn(at)
      const claims = (good: Data): Data => ({ ...good, jti: act.name })
      const sent = await tokenFor(at, { sub }, { claims })
      assert.equal((await post(act, at, sent)).status, 200)
      const session = await logIn(at)
      act.strike()
      const again = {
        'the same token': sent,
        'another of the same jti': await tokenFor(at, { sub }, { claims }),
      }[act.attack ?? '']
      const answer = await post(act, at, again ?? (await tokenFor(at, { sub })))
      assert.equal(await isLive(at, session), !act.honest)
      return judged(act, at, answer)
    },
    harmless: ['the same token', 'another of the same jti'],
  },
  {
    id: 'BCL-10',
    title: 'expired, of the future, of yesterday; without an end',
    policy: 'exp may be missing (OPs of before the final specification); a token is of use for five minutes.',
    drive: backChannel(),
    refused: {
      logout_token_expired: 'invalid_logout_token_expired',
      logout_token_exp_null: 'invalid_logout_token_expired',
      logout_token_nbf_ahead: 'invalid_logout_token_not_yet_valid',
      logout_token_iat_future: 'invalid_logout_token_issued_at',
      logout_token_iat_missing: 'invalid_logout_token_issued_at',
      logout_token_old: 'invalid_logout_token_old',
    },
    accepted: ['logout_token_exp_missing', 'logout_token_nbf_past'],
  },
  {
    id: 'BCL-12',
    title: 'a JWT of another kind',
    drive: backChannel(),
    refused: {
      logout_token_typ_access_token: 'invalid_jwt_type',
      logout_token_typ_security_event: 'invalid_jwt_type',
      logout_token_typ_number: 'invalid_jwt_type',
    },
  },
  {
    id: 'BCL-12',
    title: 'the ID Token of the same login',
    drive: backChannel(),
    attacks: { 'an ID Token': ['invalid_jwt_type', 'invalid_logout_token_events'] },
  },
  {
    id: 'TIM-01',
    title: 'a logout token, on both sides of the tolerance',
    drive: backChannel(),
    refused: {
      logout_token_expired_beyond: 'invalid_logout_token_expired',
      logout_token_iat_too_far_ahead: 'invalid_logout_token_issued_at',
    },
    accepted: ['logout_token_just_expired', 'logout_token_iat_just_ahead'],
  },
  {
    id: 'BCL-13',
    title: 'the token of another site, of the same OP and of another',
    drive: async (act) => {
      const victim = await tenant(act)
      const session = await logIn(victim)
      const { sub, sid } = session
      const others = {
        'of the same OP': await tenant(act),
        'of another OP': await tenant(act, {}, act.places.attacker),
      }
      act.strike()
      const from = { ...others, '': victim }[act.attack ?? ''] ?? victim
      const answer = await judged(act, victim, await post(act, victim, await tokenFor(from, { sub, sid })))
      assert.equal(await isLive(victim, session), !act.honest)
      return answer
    },
    attacks: {
      'of the same OP': 'invalid_logout_token_audience',
      // Issuers take turns at a few keys: the signature may be right by chance.
      'of another OP': ['invalid_id_token_bad_signature', 'invalid_logout_token_issuer'],
    },
  },
  {
    id: 'BCL-15',
    title: 'of a session that nobody knows, or that has ended: nothing to do',
    drive: async (act) => {
      const at = await tenant(act)
      const session = await logIn(at)
      const { sid } = session
      if (act.attack === 'ended') await post(act, at, await tokenFor(at, { sid }))
      const status = await at.site.ok('get_login_status', { login_id: session.login_id })
      act.strike()
      const about = act.attack === 'unknown' ? { sid: 'unknown' } : { sid }
      const answer = await judged(act, at, await post(act, at, await tokenFor(at, about)))
      const after = await at.site.ok('get_login_status', { login_id: session.login_id })
      if (act.honest) assert.equal(after.login_status, 'ended')
      else assert.deepEqual(after, status)
      return answer
    },
    harmless: ['unknown', 'ended'],
  },
  {
    id: 'BCL-16',
    title:
      'a thousand tokens of keys that nobody knows: the keys of logins are still fetched, as those of others',
    watched: true,
    drive: async (act) => {
      const [at, other] = [await tenant(act), await tenant(act)]
      const { sub } = await logIn(at)
      const good = await tokenFor(at, { sub })
      act.strike()
      if (!act.honest) {
        const body = good.slice(good.indexOf('.'))
        await manyTimes((nth) => {
          const header = { alg: 'RS256', typ: 'logout+jwt', kid: `made-up-${nth}` }
          const head = Buffer.from(JSON.stringify(header)).toString('base64url')
          return post(act, at, `${head}${body}`)
        }, 400)
        act.measured('jwks_requests', act.count('jwks'))
        assert.ok(act.count('jwks') <= LIMITS.key_refetches_per_minute, `${act.count('jwks')} key sets`)
      }
      // The keys change right then: a login has a budget of its own.
      act.op.rotateKeys(act.issuer)
      await logIn(other)
      return at.site.login()
    },
    harmless: ['made-up keys'],
    requests: { jwks: [1, LIMITS.key_refetches_per_minute + 1], discovery: [0, 1] },
  },
  {
    id: 'BCL-17',
    title: 'encrypted where nothing was agreed',
    drive: backChannel(),
    refused: { logout_token_encrypted: 'id_token_encrypted' },
  },
  {
    id: 'BCL-17',
    title: 'encrypted as ID Tokens are, where that is registered; plain is refused then',
    site: { id_token_encrypted_response_alg: 'dir' },
    drive: backChannel(),
    refused: { logout_token_plain: 'id_token_not_encrypted' },
  },
  {
    id: 'BCL-18',
    title: 'a logout while the tokens of its session are fetched: no login survives',
    drive: async (act) => {
      const at = await tenant(act)
      const claims = (good: Data): Data => ({ ...good, sid: act.name })
      const back = await at.site.visit()
      act.strike()
      const about = { 'of the session': { sid: act.name }, 'of the user': { sub: 'alice' } }[act.attack ?? '']
      if (about !== undefined)
        act.op.setFaults(act.issuer, {
          id_token: { claims },
          // The OP answers when the logout is through.
          token: new Reply(async (response, good) => {
            const sent = await post(act, at, await tokenFor(at, about, {}))
            response.writeHead(sent.status === 200 ? good.status : 500, good.headers).end(good.body)
          }),
        })
      const answer = await at.site.call('get_tokens_by_code', back)
      const { login_status } = await at.site.ok('get_login_status', { state: back.state })
      assert.equal(login_status, act.honest ? 'live' : 'ended')
      return answer
    },
    attacks: { 'of the session': 'login_ended', 'of the user': 'login_ended' },
    requests: { token: 1 },
  },
  {
    id: 'FCL-01',
    title: 'over the front channel: the session with its issuer, and nothing else',
    drive: async (act) => {
      const [at, other] = [await tenant(act), await tenant(act)]
      const [session, elsewhere] = [await logIn(at), await logIn(other)]
      const { sid } = session
      const iss = act.issuer
      act.strike()
      const params: Readonly<Record<string, Record<string, string>>> = {
        'another issuer': { iss: act.places.attacker, sid },
        'another session': { iss, sid: 'unknown' },
        'no issuer': { sid },
        'no session': { iss },
        'an empty session': { iss, sid: '' },
        'a session of another site': { iss, sid: elsewhere.sid },
      }
      const page = await (await visit(act, at.front, params[act.attack ?? ''] ?? { iss, sid })).text()
      const answer = await outcomeOf(act, at)
      assert.equal(await isLive(at, session), !act.honest)
      assert.equal(await isLive(other, elsewhere), true)
      assert.equal(page, await (await visit(act, at.front)).text(), 'the page tells nothing')
      return answer
    },
    attacks: {
      'another issuer': 'foreign_logout',
      'no issuer': 'foreign_logout',
      'no session': 'foreign_logout',
      'an empty session': 'foreign_logout',
    },
    harmless: ['another session', 'a session of another site'],
  },
  {
    id: 'FCL-02',
    title: 'the page may be framed, is not kept, has nothing of others in it',
    drive: async (act) => {
      const at = await tenant(act)
      const { sid } = await logIn(at)
      act.strike()
      const address = act.attack === 'an unknown site' ? `${PUBLIC_URL}/frontchannel-logout/x` : at.front
      const got = await visit(act, address, { iss: act.issuer, sid })
      const page = await got.text()
      if (act.honest) return OK
      const said = Object.fromEntries(got.headers)
      assert.equal(said['x-frame-options'], undefined)
      assert.equal(said['content-security-policy'], "default-src 'none'")
      assert.equal(said['cache-control'], 'no-store')
      assert.equal(said['referrer-policy'], 'no-referrer')
      assert.equal(said['x-content-type-options'], 'nosniff')
      assert.equal(said['set-cookie'], undefined)
      assert.equal(said['access-control-allow-origin'], undefined)
      assert.doesNotMatch(page, /<script|src=|href=/i)
      return OK
    },
    harmless: ['a known site', 'an unknown site'],
  },
  {
    id: 'RPL-01',
    title: 'no end_session_endpoint, no web page, one with a query of its own',
    drive: logout,
    refused: {
      missing_end_session_endpoint: 'no_end_session_endpoint_at_op',
      end_session_script: 'no_connect_discovery_response',
    },
    accepted: ['end_session_query'],
  },
  {
    id: 'RPL-01',
    title: 'an OP at https whose end_session_endpoint is at http',
    over: 'https',
    drive: logout,
    refused: { http_end_session_endpoint: 'no_connect_discovery_response' },
  },
  {
    id: 'RPL-03',
    title: 'a page after the logout that is not registered; an address in the state is but a text',
    drive: async (act) => {
      const at = await tenant(act)
      const session = await logIn(at)
      act.strike()
      const state = `${act.name}-state`
      const params = {
        state,
        ...(act.attack === undefined ? {} : { post_logout_redirect_uri: PAGES[act.attack] }),
        ...(act.attack === 'an address in the state' ? { state: 'https://evil.example.com/?x=1#y' } : {}),
        ...(act.attack === 'parameters in the state'
          ? { state: `x&post_logout_redirect_uri=https://evil.example.com/` }
          : {}),
      }
      const { answer, sent } = await endSession(at.site, params)
      if (answer.status === 'ok') {
        assert.deepEqual(sent.getAll('post_logout_redirect_uri'), [HOME])
        assert.deepEqual(sent.getAll('state'), [params.state])
        const back = new URL(await act.op.authorize(String(answer.data.uri)))
        assert.equal(`${back.origin}${back.pathname}`, HOME)
        assert.deepEqual(back.searchParams.getAll('state'), [params.state])
      }
      assert.equal(await isLive(at, session), true, 'nobody named a login')
      return answer
    },
    attacks: {
      'another site': 'redirect_uri_is_not_registered',
      'another page': 'redirect_uri_is_not_registered',
      'a script': 'invalid_redirect_uri',
    },
    harmless: ['an address in the state', 'parameters in the state'],
  },
  {
    id: 'RPL-04',
    title: 'the hint of another site, or none: no ID Token of another user leaves, nobody else is logged out',
    drive: async (act) => {
      const [at, sibling] = [await tenant(act), await tenant(act)]
      const foreign = await tenant(act, {}, act.places.attacker)
      const [alice, bob] = [await logIn(at), await logIn(at, 'bob')]
      const theirs: Readonly<Record<string, string | undefined>> = {
        'another site': (await logIn(sibling)).id_token,
        'another OP': (await logIn(foreign)).id_token,
        encrypted: 'e30.AAAA.AAAA.AAAA.AAAA',
        none: undefined,
      }
      act.strike()
      const hint = act.attack === undefined ? alice.id_token : theirs[act.attack]
      const { answer, sent } = await endSession(
        at.site,
        hint === undefined ? { state: 'unknown' } : { id_token_hint: hint },
      )
      if (answer.status === 'ok') assert.equal(sent.get('id_token_hint'), hint ?? null)
      assert.equal(await isLive(at, alice), !act.honest)
      assert.equal(await isLive(at, bob), true)
      return answer
    },
    attacks: {
      'another site': 'foreign_id_token_hint',
      'another OP': 'foreign_id_token_hint',
      encrypted: 'foreign_id_token_hint',
    },
    harmless: ['none'],
  },
  {
    id: 'THR-01',
    title: 'of the OP of the site, by GET and by POST: goes there, and can be finished',
    drive: async (act) => {
      const at = await tenant(act)
      act.strike()
      const params = { iss: act.issuer, login_hint: 'alice@example.com', prompt: 'none' }
      const { location } = await initiate(act, at, params, act.attack === 'POST' ? 'POST' : 'GET')
      const sent = new URL(location).searchParams
      assert.equal(sent.get('login_hint'), params.login_hint)
      assert.equal(sent.get('prompt'), null, 'nobody else says how the login goes')
      assert.equal(sent.get('code_challenge_method'), 'S256')
      assert.ok(sent.get('nonce') !== null && sent.get('state') !== null)
      return finish(at, location)
    },
    harmless: ['GET', 'POST'],
    requests: { token: 1 },
  },
  {
    id: 'THR-02',
    title: 'of another issuer: goes nowhere, and nobody is asked',
    drive: async (act) => {
      const at = await tenant(act)
      act.strike()
      const iss = (act.attack === undefined ? undefined : ISSUERS[act.attack]?.(act)) ?? act.issuer
      const { answer, location } = await initiate(act, at, { iss })
      return act.honest ? finish(at, location) : answer
    },
    attacks: Object.fromEntries(Object.keys(ISSUERS).map((name) => [name, 'foreign_iss'])),
    requests: { attacker: 0, discovery: 0, jwks: 0, authorization: 0 },
  },
  {
    id: 'THR-03',
    title: 'of a target elsewhere: goes nowhere',
    drive: async (act) => {
      const at = await tenant(act)
      act.strike()
      const target_link_uri = act.attack === undefined ? `${HOME}offers` : TARGETS[act.attack]
      const { answer, location } = await initiate(act, at, {
        iss: act.issuer,
        target_link_uri: target_link_uri ?? '',
      })
      if (!act.honest) return answer
      assert.ok(!location.includes('offers'), 'nor is it told to the OP')
      return finish(at, location)
    },
    attacks: Object.fromEntries(Object.keys(TARGETS).map((name) => [name, 'foreign_target_link_uri'])),
  },
  {
    id: 'THR-05',
    title: 'a thousand logins of strangers: nothing is kept, the OP is not asked',
    watched: true,
    drive: async (act) => {
      act.op.setFaults(act.issuer, { pushes: 'offered' })
      const at = await tenant(act)
      act.strike()
      if (!act.honest) {
        await manyTimes(() => act.stranger(`${at.initiate}?${new URLSearchParams({ iss: act.issuer })}`), 303)
        for (const endpoint of ['par', 'discovery', 'jwks', 'authorization'] as const)
          assert.equal(act.count(endpoint), 0, endpoint)
      }
      return at.site.login()
    },
    harmless: ['a thousand'],
    requests: { par: [0, 1], token: 1 },
  },
]

export const LOGOUT: Area = {
  name: 'logouts, and logins of third parties',
  cases: CASES.map((row) => ({ ...row, reachable: true })),
  left_out: {
    'RPL-02':
      'the user comes back to the application, not to oxd: examples/demosite/signed_out.test.ts plays it, and `oxd faulty-op` has its faults (logout_state_other, logout_state_missing)',
  },
}
