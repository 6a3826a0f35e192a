// CBK: what comes back through the browser; and the rules of an ID Token that hang on what was asked for.
import assert from 'node:assert/strict'
import type { Act, Area, Case, Drive } from '../../src/testing/cases/case.ts'
import type { Data, Envelope } from '../../src/testing/daemon.ts'
import type { Callback } from '../../src/testing/op.ts'
import type { Site } from '../../src/testing/story.ts'

const ALL = {
  response_types: [
    'code',
    'id_token',
    'id_token token',
    'code id_token',
    'code token',
    'code id_token token',
  ],
}

/** A login whose whole response is handed over; the OP lies from the beginning of the login on. */
const callback =
  (asked: Data = {}): Drive =>
  async (act) => {
    const site = await act.site()
    act.strike()
    return site.call('get_tokens_by_callback', { ...(await site.respond(asked)) })
  }

/** The parameters of a response in the query, changed. */
const changed = (came: Callback, change: (parameters: URLSearchParams) => void): Callback => {
  const url = new URL(came.callback_url)
  change(url.searchParams)
  return { callback_url: url.href }
}

type Change = (parameters: URLSearchParams, act: Act) => void

/** A browser that changes what it brings back. */
const tampered =
  (changes: Readonly<Record<string, Change>>): Drive =>
  async (act) => {
    const site = await act.site()
    const came = await site.respond()
    act.strike()
    const change = changes[act.attack ?? '']
    return site.call('get_tokens_by_callback', {
      ...changed(came, (parameters) => change?.(parameters, act)),
    })
  }

/** What an application takes out of the URL for the command that knows no whole response. */
const byCodeAt = (site: Site): Site => ({
  ...site,
  call(command, params = {}, more) {
    if (command !== 'get_tokens_by_callback') return site.call(command, params, more)
    const { code, state, iss } = Object.fromEntries(new URL(String(params.callback_url)).searchParams)
    return site.call('get_tokens_by_code', { code, state, iss }, more)
  },
})
/** The same drive by the code alone. */
const byCode =
  (drive: Drive): Drive =>
  (act) =>
    drive({ ...act, site: async (params, issuer) => byCodeAt(await act.site(params, issuer)) })
/** Both commands, and how the title says so. */
const BOTH: readonly (readonly [how: string, by: (drive: Drive) => Drive])[] = [
  ['', (drive) => drive],
  [', by the code', byCode],
]

const swapped = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
const lastSwapped = (text: string): string => `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`
const NO_STATES: Readonly<Record<string, Change>> = {
  'no state': (p) => p.delete('state'),
  'an empty state': (p) => p.set('state', ''),
}
const STATES: Readonly<Record<string, Change>> = {
  'something before it': (p) => p.set('state', `x${p.get('state')}`),
  'a blank behind it': (p) => p.set('state', `${p.get('state')} `),
  'encoded twice': (p) =>
    p.set('state', `%${String(p.get('state')).charCodeAt(0).toString(16)}${String(p.get('state')).slice(1)}`),
  'in the other alphabet of base64': (p) =>
    p.set(
      'state',
      Buffer.from(String(p.get('state')), 'base64url')
        .toString('base64')
        .replaceAll('=', '')
        .padEnd(82, '/'),
    ),
  'in hexadecimal': (p) => p.set('state', Buffer.from(String(p.get('state')), 'base64url').toString('hex')),
  'a longer state': (p) => p.set('state', `${p.get('state')}1`),
  'a shorter state': (p) => p.set('state', String(p.get('state')).slice(0, -1)),
  'the state in other letters': (p) => p.set('state', swapped(String(p.get('state')))),
  'the state, padded': (p) => p.set('state', `${p.get('state')}=`),
  'another last letter': (p) => p.set('state', lastSwapped(String(p.get('state')))),
  'a state of nobody': (p) => p.set('state', 'a'.repeat(80)),
}

/** Spends the state as the attack says, then comes with the right response. */
const second =
  (first: Readonly<Record<string, (site: Site, came: Callback, act: Act) => Promise<Envelope>>>): Drive =>
  async (act) => {
    const site = await act.site()
    const came = await site.respond()
    act.strike()
    if (act.attack !== undefined) await first[act.attack]?.(site, came, act)
    return site.call('get_tokens_by_callback', { ...came })
  }

/** What does not belong to the login ends nothing: the right response is good after it. */
const survives: Drive = async (act) => {
  const site = await act.site()
  const came = await site.respond()
  act.strike()
  const wrong: Readonly<Record<string, (p: URLSearchParams) => void>> = {
    'an error without state': (p) => {
      p.delete('state')
      p.delete('code')
      p.set('error', 'access_denied')
    },
    'an error with another state': (p) => {
      p.set('state', 'b'.repeat(80))
      p.delete('code')
      p.set('error', 'access_denied')
    },
  }
  if (act.attack !== undefined) {
    const { status } = await site.call('get_tokens_by_callback', {
      ...changed(came, wrong[act.attack] ?? (() => {})),
    })
    assert.equal(status, 'error')
  }
  return site.call('get_tokens_by_callback', { ...came })
}

const AT_ONCE = 50
const atOnce: Drive = async (act) => {
  const site = await act.site()
  const came = await site.respond()
  act.strike()
  const times = act.honest ? 1 : AT_ONCE
  const answers = await Promise.all(
    Array.from({ length: times }, () => site.call('get_tokens_by_callback', { ...came })),
  )
  const good = answers.filter(({ status }) => status === 'ok')
  assert.equal(good.length, 1)
  const others = answers.filter(({ status }) => status !== 'ok').map(({ data }) => data.error)
  assert.deepEqual(
    others,
    Array.from({ length: times - 1 }, () => 'invalid_state'),
  )
  const [only] = good
  assert.ok(only)
  return only
}

const LOGIN_SECONDS = 20
const late: Drive = async (act) => {
  const site = await act.site()
  const came = await site.respond()
  act.strike()
  // Beyond the tolerance of the clock there is none: states are ours.
  if (!act.honest) await act.later((LOGIN_SECONDS + 1) * 1_000)
  return site.call('get_tokens_by_callback', { ...came })
}

const OWN = 'a-state-of-the-application-0123456789'
/** One state of the application's own for two logins. */
const ownState: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const state = `${OWN}-${act.name}`
  const own = act.attack === 'a nonce' ? { nonce: state } : { state }
  if (act.attack !== undefined) {
    await site.ok('get_authorization_url', own)
    return site.call('get_authorization_url', own)
  }
  return site.call('get_tokens_by_callback', { ...(await site.respond({ state, nonce: `n-${state}` })) })
}

/** The OP adds every character to its code that one may have, and would not know it otherwise. */
const ODD = `&x=1%26 #+"~\`\\`
const oddCode: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  if (!act.honest)
    act.op.setFaults(act.issuer, {
      authorization: (good) => ({ ...good, code: `${String(good['code'])}${ODD}` }),
    })
  const answer = await site.call('get_tokens_by_callback', { ...(await site.respond()) })
  const sent = act.op.requests(act.issuer).findLast(({ endpoint }) => endpoint === 'token')?.params
  if (!act.honest) assert.ok(String(sent?.['code']).endsWith(ODD), 'the OP gets back what it sent')
  assert.equal(sent?.['x'], undefined)
  return answer
}

/** Parameters of the caller's own that would take the login over. */
const injected: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const asked = await site.call('get_authorization_url', {
    custom_parameters: act.attack === undefined ? {} : { [act.attack]: 'https://attacker.example' },
  })
  return asked.status === 'ok' ? site.login() : asked
}

/** What belongs to a caller, with every character that could end it. */
const HOSTILE = 'a&client_id=evil#x=1%26 é+"'
const encoded: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const asked: Readonly<Record<string, Data>> = {
    prompt: { prompt: 'login&client_id=evil' },
    acr_values: { acr_values: [HOSTILE] },
    login_hint: { login_hint: HOSTILE },
    ui_locales: { ui_locales: ['de&client_id=evil', 'en'] },
    hd: { hd: HOSTILE },
    claims: { claims: { userinfo: { [HOSTILE]: null } } },
    'a parameter of its own': { custom_parameters: { shade: HOSTILE } },
  }
  const { authorization_url } = await site.ok('get_authorization_url', asked[act.attack ?? ''] ?? {})
  const names = [...new URL(String(authorization_url)).searchParams.keys()]
  assert.equal(new Set(names).size, names.length, 'each parameter once')
  assert.doesNotMatch(String(authorization_url), /[&?]client_id=evil|#/)
  return site.login()
}

const REDIRECTS: Readonly<Record<string, string>> = {
  'another site': 'https://attacker.example/callback',
  'a longer path': 'https://client.example.com/callback/more',
  'a longer host': 'https://client.example.com.attacker.example/callback',
  'another query': 'https://client.example.com/callback?next=https://attacker.example',
  'a path that leads out': 'https://client.example.com/callback/../open-redirect',
  'a slash more': 'https://client.example.com/callback/',
  'other letters': 'https://client.example.com/Callback',
  'a part of the path': 'https://client.example.com/call',
  'another port': 'https://client.example.com:8443/callback',
  'the usual port': 'https://client.example.com:443/callback',
  'another scheme': 'http://client.example.com/callback',
  'a fragment': 'https://client.example.com/callback#x',
  'a user name': 'https://client.example.com@attacker.example/callback',
  'an encoded path': 'https://client.example.com/%63allback',
}
const redirected: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const redirect_uri = REDIRECTS[act.attack ?? '']
  const begun = await site.call('get_authorization_url', redirect_uri === undefined ? {} : { redirect_uri })
  return begun.status === 'ok' ? site.login() : begun
}

/** A response as a JWT that comes twice. */
const jarmAgain: Drive = async (act) => {
  const site = await act.site()
  const came = await site.respond({ response_mode: 'jwt' })
  act.strike()
  if (!act.honest) await site.call('get_tokens_by_callback', { ...came })
  return site.call('get_tokens_by_callback', { ...came })
}

const ESSENTIAL = { claims: { id_token: { acr: { essential: true, values: ['urn:strong'] } } } }

export const CALLBACK: Area = {
  name: 'callback',
  cases: [
    {
      id: 'CBK-01',
      title: 'no state',
      drive: callback(),
      refused: { state_missing: 'response_without_state' },
      requests: { token: 0 },
    },
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-01',
      title: `no state comes back${how}`,
      drive: by(tampered(NO_STATES)),
      attacks: {
        'no state': ['response_without_state', 'missing_parameter'],
        'an empty state': ['response_without_state', 'missing_parameter', 'malformed_params'],
      },
      requests: { token: 0 },
    })),
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-02',
      title: `a state that is not the one${how}`,
      drive: by(tampered(STATES)),
      attacks: Object.fromEntries(Object.keys(STATES).map((name) => [name, 'invalid_state'])),
      requests: { token: 0 },
    })),
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-04',
      title: `a state that was used${how}`,
      drive: by(
        second({ 'the same again': (site, came) => site.call('get_tokens_by_callback', { ...came }) }),
      ),
      attacks: { 'the same again': 'invalid_state' },
      requests: { token: 1 },
    })),
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-05',
      title: `fifty at once with one state${how}`,
      drive: by(atOnce),
      harmless: ['fifty at once'],
      requests: { token: 1 },
    })),
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-06',
      title: `a state that a failed login has spent${how}`,
      drive: by(
        second({
          'a bad ID Token first': async (site, came, act) => {
            act.op.setFaults(act.issuer, { id_token: { sign: 'flipped_bit' } })
            const failed = await site.call('get_tokens_by_callback', { ...came })
            act.op.setFaults(act.issuer, {})
            return failed
          },
        }),
      ),
      attacks: { 'a bad ID Token first': 'invalid_state' },
      requests: { token: 1 },
    })),
    {
      id: 'CBK-06',
      title: 'a state that an error has spent',
      drive: second({
        'an error first': (site, came) =>
          site.call('get_tokens_by_callback', {
            ...changed(came, (p) => {
              p.delete('code')
              p.set('error', 'access_denied')
            }),
          }),
      }),
      attacks: { 'an error first': 'invalid_state' },
      requests: { token: 0 },
    },
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-07',
      title: `a state that has expired${how}`,
      drive: by(late),
      limits: { login_seconds: LOGIN_SECONDS },
      moves_clock: true,
      attacks: { late: 'invalid_state' },
      requests: { token: 0 },
    })),
    {
      id: 'CBK-08',
      title: 'one state, or nonce, of the application for two logins',
      drive: ownState,
      attacks: { 'a state': 'state_in_use', 'a nonce': 'state_in_use' },
      policy: 'What an application chose itself is good for one login.',
    },
    {
      id: 'CBK-09',
      title: 'a refusal of the OP',
      drive: callback(),
      refused: { response_refused: 'login_refused' },
      requests: { token: 0 },
      check: ({ honest }, { data }) => {
        if (!honest) assert.match(String(data.error_description), /access_denied/)
      },
    },
    {
      id: 'CBK-10',
      title: 'errors that belong to no login end none',
      drive: survives,
      harmless: ['an error without state', 'an error with another state'],
      requests: { token: 1 },
    },
    {
      id: 'CBK-10',
      title: 'a refusal without state',
      drive: callback(),
      refused: { response_refused_stateless: 'response_without_state' },
      requests: { token: 0 },
    },
    {
      id: 'CBK-11',
      title: 'an error and a code',
      drive: callback(),
      refused: { response_error_and_code: 'error_and_code' },
      requests: { token: 0 },
    },
    {
      id: 'CBK-13',
      title: 'codes that are none',
      drive: callback(),
      refused: {
        code_empty: 'no_code',
        code_huge: ['malformed_response', 'malformed_params'],
        code_not_ascii: 'malformed_response',
      },
      requests: { token: 0 },
    },
    {
      id: 'CBK-13',
      title: 'codes that are none, by the code',
      drive: byCode(callback()),
      refused: {
        code_empty: ['no_code', 'missing_parameter', 'malformed_params'],
        code_huge: 'malformed_params',
      },
      requests: { token: 0 },
    },
    {
      id: 'CBK-13',
      title: 'a code beyond ASCII, by the code: the OP gets back what it sent',
      drive: byCode(callback()),
      refused: { code_not_ascii: 'code_refused' },
      requests: { token: 1 },
      check: ({ op, issuer, honest }) => {
        const sent = op.requests(issuer).findLast(({ endpoint }) => endpoint === 'token')
        if (!honest) assert.equal(sent?.params['code'], 'cödé-of-a-login')
      },
    },
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-13',
      title: `a code of every character${how}`,
      drive: by(oddCode),
      attacks: { 'every character': 'code_refused' },
      requests: { token: 1 },
    })),
    {
      id: 'CBK-14',
      title: 'members that belong to another flow, or to none',
      drive: callback(),
      accepted: ['response_with_token_type'],
      requests: { token: 1 },
    },
    {
      id: 'CBK-14',
      title: 'tokens that nobody asked for',
      drive: callback(),
      refused: {
        response_with_token: 'unexpected_parameter',
        response_with_id_token: 'unexpected_parameter',
      },
      requests: { token: 0 },
    },
    {
      id: 'CBK-15',
      title: 'a fragment, or a form, where the query was asked for',
      drive: callback(),
      refused: { response_in_fragment: 'other_response_mode', response_in_form: 'other_response_mode' },
      requests: { token: 0 },
    },
    {
      id: 'CBK-15',
      title: 'a query where a form was asked for',
      drive: callback({ response_mode: 'form_post' }),
      refused: { response_in_query: 'other_response_mode' },
      requests: { token: 0 },
    },
    {
      id: 'CBK-15',
      title: 'a fragment where a form was asked for',
      drive: callback({ response_mode: 'form_post' }),
      refused: { response_in_fragment: 'other_response_mode' },
      requests: { token: 0 },
    },
    ...['code id_token', 'id_token token', 'id_token'].map((response_type): Case => ({
      id: 'CBK-15',
      title: `a query, or a form, where the fragment was asked for: ${response_type}`,
      drive: callback({ response_type }),
      site: ALL,
      refused: { response_in_query: 'other_response_mode', response_in_form: 'other_response_mode' },
      requests: { token: 0 },
    })),
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-17',
      title: `iss of another OP, or nearly this one${how}`,
      drive: by(callback()),
      refused: {
        response_iss_suffixed: 'invalid_issuer',
        response_iss_upper_case: 'invalid_issuer',
        response_iss_slashed: 'invalid_issuer',
      },
      requests: { token: 0 },
    })),
    {
      id: 'CBK-18',
      title: 'no iss though it is promised',
      drive: callback(),
      refused: { response_iss_missing: 'no_issuer_in_response' },
      requests: { token: 0 },
    },
    {
      id: 'CBK-19',
      title: 'iss that is right and was not promised',
      drive: async (act) => {
        act.strike()
        const site = await act.site()
        return site.call('get_tokens_by_callback', { ...(await site.respond()) })
      },
      accepted: ['response_iss_unpromised'],
      policy: 'What an OP says of itself without need is compared, and taken where it is right.',
    },
    {
      id: 'CBK-21',
      title: 'a refusal in the name of another OP',
      drive: callback(),
      refused: { response_refused_foreign: 'invalid_issuer' },
      requests: { token: 0 },
    },
    {
      id: 'CBK-22',
      title: 'what is in a response as a JWT, and says nothing',
      drive: callback({ response_mode: 'jwt' }),
      accepted: ['jarm_error_null', 'jarm_strange'],
    },
    {
      id: 'CBK-22',
      title: 'a response as a JWT: of whom, for whom, until when, by whom',
      drive: callback({ response_mode: 'jwt' }),
      refused: {
        jarm_iss_missing: 'response_jwt_bad_issuer',
        jarm_iss_foreign: 'response_jwt_bad_issuer',
        jarm_aud_missing: 'response_jwt_bad_audience',
        jarm_aud_foreign: 'response_jwt_bad_audience',
        jarm_exp_missing: 'response_jwt_no_expiry',
        jarm_exp_milliseconds: 'response_jwt_no_expiry',
        jarm_error_list: 'response_jwt_malformed',
        jarm_expired: 'response_jwt_expired',
        jarm_bad_signature: 'response_jwt_bad_signature',
        jarm_unsigned: 'response_jwt_not_signed',
        jarm_foreign_key: 'response_jwt_bad_signature',
        jarm_hs256: 'response_jwt_invalid_algorithm',
        jarm_is_an_id_token: 'response_without_state',
        jarm_beside: 'parameter_outside_response_jwt',
        jarm_not_at_all: 'other_response_mode',
      },
      requests: { token: 0 },
    },
    ...['query.jwt', 'fragment.jwt', 'form_post.jwt'].map((response_mode): Case => ({
      id: 'CBK-22',
      title: `a response as a JWT: ${response_mode}`,
      drive: callback({ response_mode }),
      refused: {
        jarm_iss_foreign: 'response_jwt_bad_issuer',
        jarm_aud_foreign: 'response_jwt_bad_audience',
        jarm_expired: 'response_jwt_expired',
        jarm_bad_signature: 'response_jwt_bad_signature',
        jarm_unsigned: 'response_jwt_not_signed',
      },
      requests: { token: 0 },
    })),
    {
      id: 'TIM-01',
      title: 'a response as a JWT, on both sides of the tolerance',
      drive: callback({ response_mode: 'jwt' }),
      refused: { jarm_expired: 'response_jwt_expired' },
      accepted: ['jarm_just_expired'],
    },
    {
      id: 'TIM-01',
      title: 'when the user signed in, on both sides of the tolerance',
      drive: callback({ max_age: 300 }),
      refused: {
        auth_time_beyond: 'invalid_id_token_old_auth_time',
        auth_time_too_far_ahead: 'invalid_id_token_future_auth_time',
      },
      accepted: ['auth_time_just_within', 'auth_time_just_ahead'],
    },
    {
      id: 'CBK-22',
      title: 'a response as a JWT, again',
      drive: jarmAgain,
      attacks: { again: 'invalid_state' },
      requests: { token: 1 },
    },
    ...BOTH.map(([how, by]): Case => ({
      id: 'CBK-23',
      title: `hashes of another code, or state, in the ID Token of the token endpoint${how}`,
      drive: by(callback()),
      refused: {
        back_c_hash_foreign: 'invalid_authorization_code_bad_hash',
        back_s_hash_foreign: 'invalid_state_bad_hash',
      },
      requests: { token: 1 },
    })),
    {
      id: 'CBK-23',
      title: 'hashes that bind code and state to the ID Token',
      drive: callback({ response_type: 'code id_token' }),
      site: ALL,
      refused: {
        c_hash_foreign: 'invalid_authorization_code_bad_hash',
        c_hash_missing: 'c_hash_not_found',
        s_hash_foreign: 'invalid_state_bad_hash',
        front_unsigned: 'id_token_without_signature_not_allowed',
        front_bad_signature: 'invalid_id_token_bad_signature',
        front_nonce_foreign: 'invalid_id_token_bad_nonce',
      },
      requests: { token: 0 },
    },
    {
      id: 'CBK-23',
      title: 'the same with an access token',
      drive: callback({ response_type: 'code id_token token' }),
      site: ALL,
      refused: {
        c_hash_foreign: 'invalid_authorization_code_bad_hash',
        c_hash_missing: 'c_hash_not_found',
        s_hash_foreign: 'invalid_state_bad_hash',
        front_at_hash_foreign: 'invalid_access_token_bad_hash',
        front_at_hash_missing: 'at_hash_not_found',
      },
      requests: { token: 0 },
    },
    {
      id: 'CBK-24',
      title: 'parameters of the caller that belong to oxd',
      drive: injected,
      attacks: {
        client_id: 'invalid_request',
        redirect_uri: 'invalid_request',
        response_type: 'invalid_request',
        response_mode: 'invalid_request',
        request_uri: 'invalid_request',
        request: 'invalid_request',
        nonce: 'invalid_request',
        state: 'invalid_request',
        code_challenge: 'invalid_request',
        Redirect_URI: 'invalid_request',
        'redirect.uri': 'invalid_request',
        'client_id[]': 'invalid_request',
        ' state': 'invalid_request',
      },
      requests: { authorization: 0 },
    },
    {
      id: 'CBK-24',
      title: 'parameters of the caller with every character',
      drive: encoded,
      harmless: [
        'prompt',
        'acr_values',
        'login_hint',
        'ui_locales',
        'hd',
        'claims',
        'a parameter of its own',
      ],
    },
    {
      id: 'CBK-25',
      title: 'redirect URIs that are not registered',
      drive: redirected,
      attacks: Object.fromEntries(
        Object.keys(REDIRECTS).map((name) => [
          name,
          ['redirect_uri_is_not_registered', 'invalid_redirect_uri'],
        ]),
      ),
      requests: { authorization: 0 },
    },
    {
      id: 'IDT-20',
      title: 'max_age: when the user signed in',
      drive: callback({ max_age: 300 }),
      refused: {
        auth_time_missing: 'invalid_id_token_no_auth_time',
        auth_time_old: 'invalid_id_token_old_auth_time',
        auth_time_ahead: 'invalid_id_token_future_auth_time',
      },
    },
    {
      id: 'IDT-20',
      title: 'require_auth_time: that the ID Token says when the user signed in',
      drive: callback(),
      site: { require_auth_time: true },
      refused: {
        auth_time_missing: 'invalid_id_token_no_auth_time',
        auth_time_quoted: 'invalid_id_token_no_auth_time',
        auth_time_ahead: 'invalid_id_token_future_auth_time',
      },
      accepted: ['auth_time_old'],
    },
    {
      id: 'IDT-20',
      title: 'a sign-in that the ID Token need not tell',
      drive: callback(),
      accepted: ['auth_time_missing'],
    },
    {
      id: 'IDT-21',
      title: 'an essential acr',
      drive: callback(ESSENTIAL),
      refused: { acr_missing: 'invalid_id_token_acr', acr_lower: 'invalid_id_token_acr' },
      policy: 'An acr that was asked for as essential must come.',
    },
    {
      id: 'IDT-23',
      title: 'no hash of an access token that came through the browser',
      drive: callback({ response_type: 'id_token token' }),
      site: ALL,
      refused: { front_at_hash_missing: 'at_hash_not_found' },
    },
    {
      id: 'IDT-25',
      title: 'two ID Tokens about two users',
      drive: callback({ response_type: 'code id_token' }),
      site: ALL,
      refused: { front_other_subject: 'id_tokens_differ', back_other_subject: 'id_tokens_differ' },
      requests: { token: 1 },
    },
    {
      id: 'IDT-25',
      title: 'two ID Tokens of two issuers: that of the browser is looked at first',
      drive: callback({ response_type: 'code id_token' }),
      site: ALL,
      refused: { front_iss_foreign: 'invalid_id_token_bad_issuer' },
      requests: { token: 0 },
    },
    {
      id: 'IDT-25',
      title: 'two ID Tokens of two issuers: that of the token endpoint is another',
      drive: callback({ response_type: 'code id_token' }),
      site: ALL,
      refused: { back_iss_foreign: 'invalid_id_token_bad_issuer' },
      requests: { token: 1 },
    },
    {
      id: 'PKC-07',
      title: 'an access token from elsewhere through the browser',
      drive: callback({ response_type: 'id_token token' }),
      site: ALL,
      refused: { front_at_hash_foreign: 'invalid_access_token_bad_hash' },
    },
  ],
}
