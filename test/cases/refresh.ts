// RFT: what the OP says when it refreshes tokens, and who asks for it how often.
import assert from 'node:assert/strict'
import type { Area, Case, Drive } from '../../src/testing/cases/case.ts'
import { loggedInForLater } from '../../src/testing/cases/drives.ts'
import { LONG_REFRESH_TOKEN } from '../../src/testing/faults/refresh.ts'

const COMMAND = 'get_access_token_by_refresh_token'
const SITE = { scope: ['openid', 'profile', 'email', 'offline_access'] }

/** The login is honest; the OP lies when it refreshes the tokens. Whatever comes of that, the login lives. */
const refresh: Drive = async (act) => {
  const site = await act.site()
  const { refresh_token, login_id } = await loggedInForLater(site)
  act.strike()
  const answer = await site.call(COMMAND, { refresh_token })
  assert.equal((await site.ok('get_login_status', { login_id })).login_status, 'live')
  return answer
}

/** The refresh token that the login brought is given back as it was. */
const asItWas: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const { refresh_token } = await loggedInForLater(site)
  if (!act.honest) assert.equal(refresh_token, LONG_REFRESH_TOKEN)
  const answer = await site.call(COMMAND, { refresh_token })
  const last = act.op.requests(act.issuer).findLast(({ endpoint }) => endpoint === 'token')
  assert.equal(last?.params['refresh_token'], refresh_token)
  return answer
}

/** The OP gives a new refresh token each time, and takes each once. */
const inTurn: Drive = async (act) => {
  const site = await act.site()
  const { refresh_token } = await loggedInForLater(site)
  act.strike()
  const first = await site.ok(COMMAND, { refresh_token })
  assert.notEqual(first.refresh_token, refresh_token)
  const used = act.attack === undefined ? first.refresh_token : refresh_token
  return site.call(COMMAND, { refresh_token: used })
}

/** An application that comes more than once with one refresh token. */
const moreThanOnce: Drive = async (act) => {
  const site = await act.site()
  const { refresh_token } = await loggedInForLater(site)
  const scope = ['openid', 'email']
  act.strike()
  const once = site.call(COMMAND, { refresh_token })
  if (act.honest) return once
  if (act.attack === 'another scope at once') {
    const both = await Promise.all([once, site.call(COMMAND, { refresh_token, scope })])
    const refused = both.filter(({ status }) => status === 'error')
    assert.equal(refused.length, 1)
    return refused[0] ?? once
  }
  if (act.attack === 'the answer was lost') await once
  if (act.attack === 'another scope') {
    await once
    return site.call(COMMAND, { refresh_token, scope })
  }
  const others = Array.from({ length: 19 }, () => site.call(COMMAND, { refresh_token }))
  for (const other of await Promise.all(others)) assert.deepEqual(other, await once)
  return once
}

/** The site of somebody else at the same OP has the refresh token that was just spent. */
const elsewhere: Drive = async (act) => {
  const [ours, theirs] = [await act.site(), await act.site()]
  const { refresh_token } = await loggedInForLater(ours)
  act.strike()
  const first = await ours.call(COMMAND, { refresh_token })
  return act.honest ? first : theirs.call(COMMAND, { refresh_token })
}

/** Userinfo with a fresh access token. */
const userinfoAfter: Drive = async (act) => {
  const site = await act.site()
  const { refresh_token } = await loggedInForLater(site)
  const { access_token } = await site.ok(COMMAND, { refresh_token })
  act.strike()
  return site.call('get_user_info', { access_token })
}

const rows: readonly Omit<Case, 'site'>[] = [
  {
    id: 'RFT-01',
    title: 'another subject: the fresh tokens are dropped, the login stays as it was',
    drive: refresh,
    refused: {
      sub_suffixed: 'invalid_subject_identifier',
      sub_capitalised: 'invalid_subject_identifier',
      sub_missing: 'no_subject_identifier',
      sub_number: 'no_subject_identifier',
    },
    requests: { token: 1 },
    policy: 'Nobody who lies is believed, also not that a login ended.',
  },
  {
    id: 'RFT-02',
    title: 'another issuer, audience or authorized party',
    drive: refresh,
    refused: {
      iss_suffixed: 'invalid_id_token_bad_issuer',
      iss_slashed: 'invalid_id_token_bad_issuer',
      iss_missing: 'invalid_id_token_no_issuer',
      aud_suffixed: 'invalid_id_token_bad_audience',
      aud_missing: 'invalid_id_token_no_audience',
      second_audience_azp: 'invalid_id_token_further_audience',
      azp_foreign: 'invalid_id_token_bad_authorized_party',
      azp_own: 'refreshed_authorized_party',
    },
    requests: { token: 1 },
  },
  {
    id: 'RFT-04',
    title: 'issued before the login, of another sign-in, with another nonce',
    drive: refresh,
    refused: {
      iat_before: 'refreshed_issued_at',
      iat_a_week_old: 'refreshed_issued_at',
      iat_ahead: 'invalid_id_token_issued_at',
      exp_past: 'invalid_id_token_expired',
      auth_time_later: 'refreshed_auth_time',
      auth_time_earlier: 'refreshed_auth_time',
      auth_time_text: 'refreshed_auth_time',
      nonce_suffixed: 'invalid_id_token_bad_nonce',
      nonce_other_case: 'invalid_id_token_bad_nonce',
      nonce_list: 'invalid_id_token_bad_nonce',
    },
    accepted: ['iat_just_before', 'auth_time_missing', 'nonce_missing'],
    requests: { token: 1 },
  },
  {
    id: 'RFT-05',
    title: 'not signed, by another algorithm or key, encrypted though nobody registered that',
    drive: refresh,
    refused: {
      alg_none: 'id_token_without_signature_not_allowed',
      alg_none_mixed: ['id_token_without_signature_not_allowed', 'invalid_id_token_invalid_algorithm'],
      alg_ps256: 'invalid_id_token_invalid_algorithm',
      alg_hs256_secret: 'invalid_id_token_invalid_algorithm',
      alg_hs256_public_key: 'invalid_id_token_invalid_algorithm',
      signature_flipped: 'invalid_id_token_bad_signature',
      signature_foreign: 'invalid_id_token_bad_signature',
      signature_empty: ['invalid_id_token_malformed', 'invalid_id_token_bad_signature'],
      jwe_dir: 'id_token_encrypted',
      jwe_a128kw: 'id_token_encrypted',
      at_hash_foreign: 'invalid_access_token_bad_hash',
    },
    requests: { token: 1 },
  },
  {
    id: 'RFT-06',
    title: 'no ID Token with fresh tokens; one that is none',
    drive: refresh,
    refused: { id_token_object: 'op_answer_malformed', id_token_2_segments: 'invalid_id_token_malformed' },
    accepted: ['refresh_no_id_token', 'id_token_null', 'id_token_empty'],
    requests: { token: 1 },
  },
  {
    id: 'RFT-07',
    title: 'a refresh token that was used, some time ago: the OP says no, once',
    drive: inTurn,
    limits: { refresh_replay_seconds: 0 },
    attacks: { 'the old one': 'refresh_refused' },
    requests: { token: 2 },
  },
  {
    id: 'RFT-07',
    title: 'refused, broken or silent: told, and not asked again',
    drive: refresh,
    refused: {
      token_invalid_grant: 'refresh_refused',
      token_invalid_client: 'invalid_client',
      token_unavailable: 'op_http_status',
      token_redirects_307: 'op_redirected',
      token_resets: 'op_unreachable',
      token_hangs: 'op_timeout',
      access_token_missing: 'no_access_token',
    },
    accepted: ['refresh_not_rotated'],
    requests: { token: 1, attacker: 0 },
  },
  {
    id: 'RFT-08',
    title: 'twenty at once, or again because the answer was lost: the OP is asked once',
    drive: moreThanOnce,
    harmless: ['twenty at once', 'the answer was lost'],
    attacks: { 'another scope': 'refresh_token_spent', 'another scope at once': 'refresh_token_spent' },
    requests: { token: 1 },
  },
  {
    id: 'RFT-08',
    title: 'the spent refresh token at the site of somebody else',
    drive: elsewhere,
    attacks: { 'another site': 'refresh_refused' },
    requests: { token: 2 },
  },
  {
    id: 'RFT-09',
    title: 'a refresh token of every character: sent as it came, and the OP is surprised by its own',
    drive: asItWas,
    refused: { refresh_token_long: 'refresh_refused' },
    requests: { token: 2 },
  },
  {
    id: 'RFT-10',
    title: 'more scope with fresh tokens, or less',
    drive: refresh,
    refused: { scope_list: 'op_answer_malformed' },
    accepted: ['refresh_wider_scope', 'scope_narrower', 'scope_missing'],
    requests: { token: 1 },
    policy: 'The scope that the OP granted is reported, and used for nothing.',
    check: ({ op, issuer }, { status, data }) => {
      const said = op.requests(issuer).findLast(({ endpoint }) => endpoint === 'token')
      assert.equal(said?.params['scope'], undefined, 'nobody asked for any')
      if (status === 'ok') assert.ok(Array.isArray(data.scope))
    },
  },
  {
    id: 'RFT-10',
    title: 'more scope is told',
    drive: refresh,
    accepted: ['refresh_wider_scope'],
    check: ({ honest }, { data }) => assert.equal(String(data.scope).includes('admin'), !honest),
  },
  {
    id: 'RFT-11',
    title: 'userinfo about another subject after a refresh',
    drive: userinfoAfter,
    refused: {
      userinfo_sub_suffixed: 'invalid_subject_identifier',
      userinfo_sub_upper_case: 'invalid_subject_identifier',
      userinfo_sub_missing: 'no_subject_identifier',
    },
    requests: { userinfo: 1 },
  },
]

export const REFRESH: Area = { name: 'refresh', cases: rows.map((row) => ({ ...row, site: SITE })) }
