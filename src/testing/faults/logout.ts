// What an OP can do wrong when its users log out: its logout tokens, and the way back to the site.
import { LIMITS } from '../../limits.ts'
import type { Json, TokenFaults } from '../jws.ts'
import type { Faults } from '../op.ts'
import { LOGOUT_EVENT } from '../op_logout.ts'
import { faults, type NamedFault } from './fault.ts'

const logoutToken = (faults: TokenFaults): Faults => ({ logout_token: faults })
const says = (more: Json): Faults => logoutToken({ claims: (good) => ({ ...good, ...more }) })
const without = (...names: readonly string[]): Faults =>
  logoutToken({
    claims: (good) => Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name))),
  })
const typed = (typ: unknown): Faults => logoutToken({ header: (good) => ({ ...good, typ }) })
const later = (offsets: NonNullable<TokenFaults['offsets']>): Faults => logoutToken({ offsets })

const CONTENT = 'Back-Channel Logout 2.4'
const VALIDATION = 'Back-Channel Logout 2.6'
const HOUR = 3_600

/** `events` as something that it must not be. */
const events = (what: string, value: unknown): NamedFault => ({
  what: `The events of the logout token are ${what}.`,
  spec: CONTENT,
  faults: says({ events: value }),
})
const event = (what: string, value: unknown): NamedFault => ({
  what: `The event of the logout token is ${what}.`,
  spec: CONTENT,
  faults: says({ events: { [LOGOUT_EVENT]: value } }),
})
const nonce = (what: string, value: unknown): NamedFault => ({
  what: `The logout token has ${what}.`,
  spec: CONTENT,
  faults: says({ nonce: value }),
})

export const LOGOUT_FAULTS = faults({
  logout_token_untyped: {
    what: 'The logout token has no typ, which is allowed.',
    spec: CONTENT,
    faults: logoutToken({ header: ({ typ: _, ...rest }) => rest }),
  },
  logout_token_typ_jwt: {
    what: 'The typ of the logout token is JWT, which OPs of before the final specification say.',
    spec: CONTENT,
    faults: typed('JWT'),
  },
  logout_token_typ_long: {
    what: 'The typ of the logout token is application/LOGOUT+jwt, which is allowed.',
    spec: 'RFC 7515 4.1.9',
    faults: typed('application/LOGOUT+jwt'),
  },
  logout_token_more_claims: {
    what: 'The logout token has claims and an event that nobody knows, which is allowed.',
    spec: CONTENT,
    faults: logoutToken({
      claims: ({ events: good, ...rest }) => ({ ...rest, foo: 'bar', events: { a: {}, ...Object(good) } }),
    }),
  },
  logout_token_unsigned: {
    what: 'The logout token is unsigned.',
    spec: VALIDATION,
    faults: logoutToken({ sign: 'none' }),
  },
  logout_token_other_alg: {
    what: 'The logout token is signed with a published key, but of another algorithm than is registered.',
    spec: VALIDATION,
    faults: logoutToken({ alg: 'ES256' }),
  },
  logout_token_flipped_bit: {
    what: 'One bit of the signature of the logout token is wrong.',
    spec: VALIDATION,
    faults: logoutToken({ sign: 'flipped_bit' }),
  },
  logout_token_another_key: {
    what: 'The logout token is signed with a key that was never published.',
    spec: VALIDATION,
    faults: logoutToken({ sign: 'another_key' }),
  },
  logout_token_public_key_hmac: {
    what: 'The logout token has an HMAC whose secret is the public key.',
    spec: 'RFC 8725 2.1',
    faults: logoutToken({ sign: 'hs256_public_key' }),
  },
  logout_token_without_events: {
    what: 'The logout token has no events: it could be an ID Token.',
    spec: CONTENT,
    faults: without('events'),
  },
  logout_token_other_event: events('those of something else', {
    'http://schemas.openid.net/event/other': {},
  }),
  logout_token_events_list: events('a list', [LOGOUT_EVENT]),
  logout_token_events_text: events('a text', LOGOUT_EVENT),
  logout_token_events_null: events('null', null),
  logout_token_event_text: event('a text', ''),
  logout_token_event_null: event('null', null),
  logout_token_event_list: event('a list', []),
  logout_token_nonce: nonce('a nonce, as ID Tokens have', 'n'),
  logout_token_nonce_null: nonce('a nonce of null', null),
  logout_token_nonce_empty: nonce('an empty nonce', ''),
  logout_token_iss_other: {
    what: 'The logout token is of another issuer.',
    spec: VALIDATION,
    faults: ({ attacker }) => says({ iss: attacker }),
  },
  logout_token_iss_missing: {
    what: 'The logout token has no iss.',
    spec: CONTENT,
    faults: without('iss'),
  },
  logout_token_aud_other: {
    what: 'The logout token is for another client.',
    spec: VALIDATION,
    faults: says({ aud: 'another' }),
  },
  logout_token_aud_others: {
    what: 'The logout token is for two other clients.',
    spec: VALIDATION,
    faults: says({ aud: ['another', 'and another'] }),
  },
  logout_token_aud_missing: {
    what: 'The logout token has no aud.',
    spec: CONTENT,
    faults: without('aud'),
  },
  logout_token_aud_several: {
    what: 'The logout token is for the client and another one, which is allowed.',
    spec: VALIDATION,
    faults: logoutToken({ claims: (good) => ({ ...good, aud: ['another', good['aud']] }) }),
  },
  logout_token_of_nobody: {
    what: 'The logout token has neither sub nor sid.',
    spec: CONTENT,
    faults: without('sub', 'sid'),
  },
  logout_token_sub_number: {
    what: 'The sub of the logout token is a number.',
    spec: CONTENT,
    faults: says({ sub: 7 }),
  },
  logout_token_sub_null: {
    what: 'The sub of the logout token is null.',
    spec: CONTENT,
    faults: says({ sub: null }),
  },
  logout_token_sid_empty: {
    what: 'The sid of the logout token is an empty text.',
    spec: CONTENT,
    faults: says({ sid: '' }),
  },
  logout_token_sid_long: {
    what: 'The sid of the logout token has more than a thousand characters.',
    spec: '-',
    faults: says({ sid: 's'.repeat(LIMITS.sid_characters_max + 1) }),
  },
  logout_token_jti_missing: {
    what: 'The logout token has no jti.',
    spec: CONTENT,
    faults: without('jti'),
  },
  logout_token_jti_number: {
    what: 'The jti of the logout token is a number.',
    spec: CONTENT,
    faults: says({ jti: 1 }),
  },
  logout_token_expired: {
    what: 'The logout token has expired an hour ago.',
    spec: VALIDATION,
    faults: later({ exp: -HOUR }),
  },
  logout_token_exp_null: {
    what: 'The exp of the logout token is null.',
    spec: CONTENT,
    faults: says({ exp: null }),
  },
  logout_token_nbf_ahead: {
    what: 'The logout token is good in an hour.',
    spec: 'RFC 7519 4.1.5',
    faults: later({ nbf: HOUR }),
  },
  logout_token_nbf_past: {
    what: 'The logout token says that it is good since an hour ago.',
    spec: 'RFC 7519 4.1.5',
    faults: later({ nbf: -HOUR }),
  },
  logout_token_exp_missing: {
    what: 'The logout token has no exp, as those of OPs of before the final specification.',
    spec: CONTENT,
    faults: without('exp'),
  },
  logout_token_iat_future: {
    what: 'The logout token was issued in an hour.',
    spec: VALIDATION,
    faults: later({ iat: HOUR, exp: HOUR }),
  },
  logout_token_just_expired: {
    what: 'The logout token expired 58 seconds ago, within a tolerance of 60 s.',
    spec: VALIDATION,
    faults: later({ iat: -200, exp: -178 }),
  },
  logout_token_expired_beyond: {
    what: 'The logout token expired two seconds before what a tolerance of 60 s allows.',
    spec: VALIDATION,
    faults: later({ iat: -200, exp: -183 }),
  },
  logout_token_iat_just_ahead: {
    what: 'The logout token was issued in 58 seconds, within a tolerance of 60 s.',
    spec: VALIDATION,
    faults: later({ iat: 58, exp: 58 }),
  },
  logout_token_iat_too_far_ahead: {
    what: 'The logout token was issued two seconds later than a tolerance of 60 s allows.',
    spec: VALIDATION,
    faults: later({ iat: 63, exp: 63 }),
  },
  logout_token_iat_missing: {
    what: 'The logout token has no iat.',
    spec: CONTENT,
    faults: without('iat'),
  },
  logout_token_old: {
    what: 'The logout token was issued a day ago, and has not expired.',
    spec: 'Back-Channel Logout 4',
    faults: later({ iat: -24 * HOUR }),
  },
  logout_token_typ_access_token: {
    what: 'The logout token says that it is an access token.',
    spec: 'RFC 8725 3.11',
    faults: typed('at+jwt'),
  },
  logout_token_typ_security_event: {
    what: 'The logout token says that it is some security event.',
    spec: 'RFC 8725 3.11',
    faults: typed('secevent+jwt'),
  },
  logout_token_typ_number: {
    what: 'The typ of the logout token is a number.',
    spec: 'RFC 7515 4.1.9',
    faults: typed(1),
  },
  logout_token_encrypted: {
    what: 'The logout token has five segments, as if it were encrypted.',
    spec: CONTENT,
    faults: logoutToken({ jwt: () => 'e30.e30.e30.e30.e30' }),
  },
  logout_token_plain: {
    what: 'Nothing is encrypted, whatever the client registered.',
    spec: CONTENT,
    faults: { encryption: { plain: true } },
  },
  logout_state_other: {
    what: 'After the logout the user comes back with a state that the site never sent.',
    spec: 'RP-Initiated Logout 3',
    faults: { end_session: (good) => ({ ...good, state: 'a-state-of-somebody-else' }) },
  },
  logout_state_missing: {
    what: 'After the logout the user comes back without the state that the site sent.',
    spec: 'RP-Initiated Logout 3',
    faults: { end_session: ({ state: _, ...rest }) => rest },
  },
  end_session_script: {
    what: 'The end_session_endpoint is a script.',
    spec: 'RP-Initiated Logout 2',
    faults: { discovery: (good) => ({ ...good, end_session_endpoint: 'javascript:alert(1)' }) },
  },
  end_session_query: {
    what: 'The end_session_endpoint has a query of its own, which is allowed.',
    spec: 'RP-Initiated Logout 2',
    faults: {
      discovery: (good) => ({
        ...good,
        end_session_endpoint: `${String(good['end_session_endpoint'])}?tenant=1&state=own`,
      }),
    },
  },
})
