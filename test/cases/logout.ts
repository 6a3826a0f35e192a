// BCL, FCL, RPL and THR: logouts, and logins that others begin.
import assert from 'node:assert/strict'
import type { Act, Area, Case, Drive } from '../../src/testing/cases/case.ts'
import type { Envelope } from '../../src/testing/daemon.ts'
import type { LoggedOut } from '../../src/testing/op_logout.ts'
import type { Site } from '../../src/testing/story.ts'

interface Tenant {
  readonly site: Site
  readonly sid: string
  readonly login_id: string
  readonly client_id: string
  readonly back: string
  readonly front: string
}

let sessions = 0
/** A site, and a login there in a session that has a name. */
const tenant = async (act: Act): Promise<Tenant> => {
  const site = await act.site()
  return loggedIn(act, site)
}
const loggedIn = async (act: Act, site: Site, sub = 'alice'): Promise<Tenant> => {
  const sid = `session-${act.name}-${(sessions += 1)}`
  act.op.setFaults(act.issuer, { id_token: { claims: (good) => ({ ...good, sid }) } })
  const { login_id } = await site.ok('get_tokens_by_code', await site.visit({}, sub))
  act.op.setFaults(act.issuer, {})
  const { node } = await site.ok('get_rp')
  const { client_id, backchannel_logout_uri, frontchannel_logout_uri } = Object(node)
  return {
    site,
    sid,
    login_id: String(login_id),
    client_id,
    back: backchannel_logout_uri,
    front: frontchannel_logout_uri,
  }
}
const statusOf = async ({ site, login_id }: Tenant): Promise<unknown> =>
  (await site.ok('get_login_status', { login_id })).login_status

const OK: Envelope = { status: 'ok', data: {} }

/** What the answer of the public listener, and the log, say: strangers learn no more than that it was refused. */
const said = async (act: Act, what: string, answer: Response): Promise<Envelope> => {
  const text = await answer.text()
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  if (answer.status === 200) return OK
  assert.equal(answer.status, 400)
  assert.deepEqual(JSON.parse(text), { error: 'invalid_request' })
  const line = (await act.logged()).findLast(({ message }) => message === what)
  return { status: 'error', data: { error: String(line?.fields.outcome) } }
}

const send = async (act: Act, { back }: Pick<Tenant, 'back'>, logout_token: string): Promise<Envelope> =>
  said(
    act,
    'back-channel logout',
    await act.stranger(back, {
      method: 'POST',
      body: new URLSearchParams({ logout_token, more: 'than this' }),
    }),
  )
const tokenFor = (act: Act, { client_id }: Tenant, about: LoggedOut): Promise<string> =>
  act.op.logoutToken(act.issuer, client_id, about)

/** The OP ends the session: oxd's login ends exactly if the token is good. */
const logoutToken: Drive = async (act) => {
  const at = await tenant(act)
  act.strike()
  const answer = await send(act, at, await tokenFor(act, at, { sid: at.sid, sub: 'alice' }))
  assert.equal(await statusOf(at), answer.status === 'ok' ? 'ended' : 'live')
  return answer
}

/** Of a user alone: all their logins at this site, and no others. */
const ofUser: Drive = async (act) => {
  const at = await tenant(act)
  const again = await loggedIn(act, at.site)
  const bob = await loggedIn(act, at.site, 'bob')
  const elsewhere = await tenant(act)
  act.strike()
  const answer = await send(act, at, await tokenFor(act, at, { sub: 'alice' }))
  for (const each of [at, again]) assert.equal(await statusOf(each), 'ended')
  for (const each of [bob, elsewhere]) assert.equal(await statusOf(each), 'live')
  return answer
}

/** The same token again, when the user has logged in anew. */
const again: Drive = async (act) => {
  const at = await tenant(act)
  act.strike()
  const sent = await tokenFor(act, at, { sub: 'alice' })
  const first = await send(act, at, sent)
  if (act.honest) return first
  const anew = await loggedIn(act, at.site)
  const second = await send(act, at, sent)
  assert.equal(await statusOf(anew), 'live')
  return second
}

/** A token for one site at the address of another. */
const elsewhere: Drive = async (act) => {
  const at = await tenant(act)
  const other = await tenant(act)
  act.strike()
  const sent = await tokenFor(act, at, { sid: at.sid })
  const answer = await send(act, act.honest ? at : other, sent)
  assert.equal(await statusOf(other), 'live')
  return answer
}

const unknownSession: Drive = async (act) => {
  const at = await tenant(act)
  act.strike()
  const sid = act.honest ? at.sid : 'of-nobody'
  const answer = await send(act, at, await tokenFor(act, at, { sid }))
  assert.equal(await statusOf(at), act.honest ? 'ended' : 'live')
  return answer
}

const STORM = 1_000
const storm: Drive = async (act) => {
  const at = await tenant(act)
  const good = await tokenFor(act, at, { sid: at.sid })
  act.strike()
  if (!act.honest) {
    for (let n = 0; n < STORM; n += 1) {
      const head = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'logout+jwt', kid: `k${n}` })).toString(
        'base64url',
      )
      const answer = await act.stranger(at.back, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: `${head}${good.slice(good.indexOf('.'))}` }),
      })
      assert.equal(answer.status, 400)
      await answer.text()
    }
    act.measured('jwks_fetches_per_thousand_bad_tokens', act.count('jwks'))
  }
  assert.equal((await at.site.login()).status, 'ok')
  return send(act, at, good)
}

/** What a page that embeds the address says. */
const frontChannel: Drive = async (act) => {
  const at = await tenant(act)
  act.strike()
  const right = { iss: act.issuer, sid: at.sid }
  const wrong: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'another issuer': { ...right, iss: act.places.attacker },
    'another session': { ...right, sid: 'of-nobody' },
    'no issuer': { sid: at.sid },
    'no session': { iss: act.issuer },
  }
  const params = wrong[act.attack ?? ''] ?? right
  const answer = await act.stranger(`${at.front}?${String(new URLSearchParams(params))}`)
  // Whoever embeds it learns nothing.
  assert.equal(answer.status, 200)
  const page = await answer.text()
  assert.doesNotMatch(page, /<script|https?:/)
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
  assert.equal(answer.headers.get('x-frame-options'), null)
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  assert.equal(await statusOf(at), act.honest ? 'ended' : 'live')
  return OK
}

/** The way to the OP's own logout. */
const logoutUri: Drive = async (act) => {
  act.strike()
  const registered = await act.register()
  return registered.status === 'ok' ? act.siteOf(registered).call('get_logout_uri') : registered
}

const ASKED: Readonly<Record<string, (site: Site, other: Site) => Promise<Envelope>>> = {
  'a redirect URI of nobody': (site) =>
    site.call('get_logout_uri', { post_logout_redirect_uri: 'https://attacker.example/bye' }),
  'the hint of another site': async (site, other) => {
    const { id_token } = (await other.login()).data
    return site.call('get_logout_uri', { id_token_hint: id_token })
  },
}
const asked: Drive = async (act) => {
  const [site, other] = [await act.site(), await act.site()]
  act.strike()
  return (ASKED[act.attack ?? ''] ?? ((at) => at.call('get_logout_uri')))(site, other)
}

/** A state is data, whatever it says; without a hint no user is named. */
const state: Drive = async (act) => {
  const site = await act.site()
  await site.login()
  act.strike()
  const sent = act.attack === undefined ? 'bye' : 'https://attacker.example/?a=1&post_logout_redirect_uri=x'
  const answer = await site.call('get_logout_uri', { state: sent })
  const url = new URL(String(answer.data.uri))
  assert.equal(url.searchParams.get('state'), sent)
  assert.equal(url.searchParams.getAll('post_logout_redirect_uri').length, 1)
  assert.equal(url.searchParams.get('id_token_hint'), null)
  return answer
}

const THIRD: Readonly<Record<string, (act: Act) => Readonly<Record<string, string>>>> = {
  'an unknown issuer': () => ({ iss: 'https://unknown.example' }),
  'the issuer of an attacker': ({ places }) => ({ iss: places.attacker }),
  'an internal issuer': ({ places }) => ({ iss: places.canary }),
  'a target elsewhere': ({ issuer }) => ({ iss: issuer, target_link_uri: 'https://attacker.example/' }),
  'a target without a scheme': ({ issuer }) => ({ iss: issuer, target_link_uri: '//attacker.example/' }),
  'a target of script': ({ issuer }) => ({ iss: issuer, target_link_uri: 'javascript:alert(1)' }),
}
const thirdParty: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  return site.call('initiate_third_party_login', THIRD[act.attack ?? '']?.(act) ?? { iss: act.issuer })
}

const CASES: readonly Case[] = [
  {
    id: 'BCL-01',
    title: 'good logout tokens, with and without what is optional',
    drive: logoutToken,
    accepted: ['logout_untyped', 'logout_more_claims'],
  },
  {
    id: 'BCL-02',
    title: 'not signed as registered',
    drive: logoutToken,
    refused: {
      logout_unsigned: 'id_token_without_signature_not_allowed',
      logout_other_alg: 'invalid_id_token_invalid_algorithm',
      logout_bad_signature: 'invalid_id_token_bad_signature',
      logout_hs256_public_key: 'invalid_id_token_invalid_algorithm',
    },
  },
  {
    id: 'BCL-03',
    title: 'no event, or another',
    drive: logoutToken,
    refused: {
      logout_no_events: 'invalid_logout_token_events',
      logout_other_event: 'invalid_logout_token_events',
      logout_events_list: 'invalid_logout_token_events',
      logout_events_text: 'invalid_logout_token_events',
      logout_events_null: 'invalid_logout_token_events',
      logout_event_text: 'invalid_logout_token_events',
    },
  },
  {
    id: 'BCL-04',
    title: 'a nonce, whatever it is',
    drive: logoutToken,
    refused: {
      logout_nonce: 'invalid_logout_token_nonce',
      logout_nonce_null: 'invalid_logout_token_nonce',
      logout_nonce_empty: 'invalid_logout_token_nonce',
    },
  },
  {
    id: 'BCL-05',
    title: 'of another issuer, for another client',
    drive: logoutToken,
    refused: {
      logout_iss_foreign: 'invalid_logout_token_issuer',
      logout_aud_foreign: 'invalid_logout_token_audience',
      logout_auds_foreign: 'invalid_logout_token_audience',
    },
    accepted: ['logout_audiences'],
  },
  {
    id: 'BCL-06',
    title: 'of nobody',
    drive: logoutToken,
    refused: { logout_nobody: 'invalid_logout_token_subject' },
  },
  {
    id: 'BCL-08',
    title: 'of a user alone: all logins there, none elsewhere',
    drive: ofUser,
    harmless: ['a user'],
  },
  {
    id: 'BCL-09',
    title: 'without a jti',
    drive: logoutToken,
    refused: { logout_no_jti: 'invalid_logout_token_jti' },
  },
  {
    id: 'BCL-09',
    title: 'twice',
    drive: again,
    harmless: ['the same again'],
    policy: 'A logout token that comes again is answered as before, and ends nothing.',
  },
  {
    id: 'BCL-10',
    title: 'expired, from the future, a day old, without an end',
    drive: logoutToken,
    refused: {
      logout_expired: 'invalid_logout_token_expired',
      logout_ahead: 'invalid_logout_token_issued_at',
      logout_a_day_old: 'invalid_logout_token_old',
    },
    accepted: ['logout_no_exp'],
    policy: 'Without exp, as OPs of before the final specification send it, the age bounds the token.',
  },
  {
    id: 'BCL-12',
    title: 'a token of another kind',
    drive: logoutToken,
    refused: { logout_access_token: 'invalid_jwt_type', logout_other_type: 'invalid_jwt_type' },
  },
  {
    id: 'BCL-13',
    title: 'a token for another site',
    drive: elsewhere,
    attacks: { 'at another address': 'invalid_logout_token_audience' },
  },
  { id: 'BCL-15', title: 'of a session that nobody knows', drive: unknownSession, harmless: ['unknown'] },
  {
    id: 'BCL-16',
    title: 'a thousand tokens with keys that nobody knows',
    drive: storm,
    harmless: ['a storm'],
    requests: { jwks: [0, 6] },
  },
  {
    id: 'FCL-01',
    title: 'over the front channel: of another issuer or session, or half of it',
    drive: frontChannel,
    harmless: ['another issuer', 'another session', 'no issuer', 'no session'],
  },
  { id: 'FCL-02', title: 'the page over the front channel', drive: frontChannel, harmless: ['no session'] },
  {
    id: 'RPL-01',
    title: 'no way to log out at the OP, or none to go',
    drive: logoutUri,
    refused: {
      missing_end_session_endpoint: 'no_end_session_endpoint_at_op',
      end_session_javascript: 'no_connect_discovery_response',
    },
    accepted: ['end_session_query'],
    check: ({ op, issuer }, { status, data }) => {
      if (status !== 'ok') return
      const url = new URL(String(data.uri))
      assert.equal(url.origin + url.pathname, `${issuer}/end_session`)
      assert.ok(op.count(issuer, 'end_session') === 0)
    },
  },
  {
    id: 'RPL-01',
    title: 'a way to log out over http',
    drive: logoutUri,
    over: 'https',
    refused: { http_end_session_endpoint: 'no_connect_discovery_response' },
  },
  { id: 'RPL-02', title: 'a state is data', drive: state, harmless: ['a URL for a state'] },
  {
    id: 'RPL-03',
    title: 'a redirect URI that is not registered',
    drive: asked,
    attacks: { 'a redirect URI of nobody': 'redirect_uri_is_not_registered' },
  },
  {
    id: 'RPL-04',
    title: 'the hint of another site',
    drive: asked,
    attacks: { 'the hint of another site': 'foreign_id_token_hint' },
    requests: { token: 1 },
  },
  {
    id: 'THR-01',
    title: 'a login that the OP begins',
    drive: thirdParty,
    harmless: ['of the right issuer'],
    check: (_act, { data }) => assert.match(String(data.authorization_url), /code_challenge=/),
  },
  {
    id: 'THR-02',
    title: 'a login that somebody else begins',
    drive: thirdParty,
    attacks: {
      'an unknown issuer': 'foreign_iss',
      'the issuer of an attacker': 'foreign_iss',
      'an internal issuer': 'foreign_iss',
    },
    requests: { discovery: 0, attacker: 0 },
  },
  {
    id: 'THR-03',
    title: 'a login that is to end elsewhere',
    drive: thirdParty,
    attacks: {
      'a target elsewhere': 'foreign_target_link_uri',
      'a target without a scheme': ['foreign_target_link_uri', 'malformed_params'],
      'a target of script': ['foreign_target_link_uri', 'malformed_params'],
    },
  },
]

export const LOGOUT: Area = {
  name: 'logout, third parties',
  cases: CASES.map((row) => ({ ...row, reachable: true })),
}
