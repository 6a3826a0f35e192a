// What an OP can do wrong when it ends a session, or is asked to.
import type { Json, TokenFaults } from '../jws.ts'
import type { Faults } from '../op.ts'
import { faults } from './fault.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const TOKEN = 'Back-Channel Logout 2.4'
const VALIDATION = 'Back-Channel Logout 2.6'

const logout = (logout_token: TokenFaults): Faults => ({ logout_token })
const claims = (change: (good: Json) => Json): Faults => logout({ claims: change })
const says = (name: string, value: unknown): Faults => claims((good) => ({ ...good, [name]: value }))
const without = (...names: readonly string[]): Faults =>
  claims((good) => Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name))))
const typ = (value: unknown): Faults => logout({ header: (good) => ({ ...good, typ: value }) })
const endSession = (value: unknown): Faults => ({
  discovery: (good) => ({ ...good, end_session_endpoint: value }),
})

export const LOGOUT_FAULTS = faults({
  logout_untyped: {
    what: 'The logout token has no typ, which is allowed.',
    spec: TOKEN,
    faults: logout({ header: ({ typ: _, ...rest }) => rest }),
  },
  logout_more_claims: {
    what: 'The logout token has claims that nobody knows, which is allowed.',
    spec: TOKEN,
    faults: claims((good) => ({ ...good, foo: 'bar' })),
  },
  logout_audiences: {
    what: 'The logout token is for us among others.',
    spec: VALIDATION,
    faults: claims((good) => ({ ...good, aud: ['somebody', good['aud']] })),
  },
  logout_unsigned: {
    what: 'The logout token is not signed.',
    spec: VALIDATION,
    faults: logout({ sign: 'none' }),
  },
  logout_other_alg: {
    what: 'The logout token is signed with another published algorithm.',
    spec: VALIDATION,
    faults: logout({ alg: 'ES256' }),
  },
  logout_bad_signature: {
    what: 'The signature of the logout token is wrong.',
    spec: VALIDATION,
    faults: logout({ sign: 'flipped_bit' }),
  },
  logout_hs256_public_key: {
    what: 'The logout token has an HMAC of the public key.',
    spec: 'RFC 8725 2.1',
    faults: logout({ sign: 'hs256_public_key' }),
  },
  logout_no_events: { what: 'The logout token has no events.', spec: TOKEN, faults: without('events') },
  logout_other_event: {
    what: 'The logout token is about another event.',
    spec: TOKEN,
    faults: says('events', { 'https://example.com/event': {} }),
  },
  logout_events_list: { what: 'The events are a list.', spec: TOKEN, faults: says('events', [EVENT]) },
  logout_events_text: { what: 'The events are a text.', spec: TOKEN, faults: says('events', EVENT) },
  logout_events_null: { what: 'The events are null.', spec: TOKEN, faults: says('events', null) },
  logout_event_text: {
    what: 'The event is a text, and no object.',
    spec: TOKEN,
    faults: says('events', { [EVENT]: 'yes' }),
  },
  logout_nonce: { what: 'The logout token has a nonce.', spec: TOKEN, faults: says('nonce', 'n') },
  logout_nonce_null: {
    what: 'The logout token has a nonce of null.',
    spec: TOKEN,
    faults: says('nonce', null),
  },
  logout_nonce_empty: {
    what: 'The logout token has an empty nonce.',
    spec: TOKEN,
    faults: says('nonce', ''),
  },
  logout_iss_foreign: {
    what: 'The logout token is of another issuer.',
    spec: VALIDATION,
    faults: says('iss', 'https://attacker.example'),
  },
  logout_aud_foreign: {
    what: 'The logout token is for another client.',
    spec: VALIDATION,
    faults: says('aud', 'another-client'),
  },
  logout_auds_foreign: {
    what: 'The logout token is for other clients.',
    spec: VALIDATION,
    faults: says('aud', ['another-client', 'a-third-client']),
  },
  logout_nobody: {
    what: 'The logout token names neither a user nor a session.',
    spec: TOKEN,
    faults: without('sub', 'sid'),
  },
  logout_no_jti: { what: 'The logout token has no jti.', spec: TOKEN, faults: without('jti') },
  logout_expired: {
    what: 'The logout token has expired.',
    spec: VALIDATION,
    faults: logout({ offsets: { exp: -190, iat: -100 } }),
  },
  logout_no_exp: {
    what: 'The logout token has no exp, as those of older OPs.',
    spec: TOKEN,
    faults: without('exp'),
  },
  logout_ahead: {
    what: 'The logout token was issued in the future.',
    spec: VALIDATION,
    faults: logout({ offsets: { iat: 70, exp: 70 } }),
  },
  logout_a_day_old: {
    what: 'The logout token was issued a day ago.',
    spec: VALIDATION,
    faults: logout({ offsets: { iat: -86_400 } }),
  },
  logout_access_token: {
    what: 'The logout token says that it is an access token (at+jwt).',
    spec: 'RFC 8725 3.11',
    faults: typ('at+jwt'),
  },
  logout_other_type: {
    what: 'The logout token says that it is another event (secevent+jwt).',
    spec: TOKEN,
    faults: typ('secevent+jwt'),
  },
  end_session_javascript: {
    what: 'The end_session_endpoint is a javascript: URL.',
    spec: 'RP-Initiated Logout 2',
    faults: endSession('javascript:alert(1)'),
  },
  end_session_query: {
    what: 'The end_session_endpoint has a query of its own.',
    spec: 'RP-Initiated Logout 2',
    faults: {
      discovery: (good) => ({
        ...good,
        end_session_endpoint: `${String(good['end_session_endpoint'])}?tenant=1`,
      }),
    },
  },
})
