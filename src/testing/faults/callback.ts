// What an OP can do wrong when it sends the browser back.
import type { Json, TokenFaults } from '../jws.ts'
import type { Faults } from '../op.ts'
import { faults } from './fault.ts'

const says = (members: Json): Faults => ({ authorization: (good) => ({ ...good, ...members }) })
const without = (name: string): Faults => ({ authorization: ({ [name]: _, ...rest }) => rest })
const changes = (name: string, change: (value: string) => unknown): Faults => ({
  authorization: (good) => ({ ...good, [name]: change(String(good[name])) }),
})
const refuses = (members: Json = {}): Faults => ({
  authorization: ({ code: _, ...good }) => ({ ...good, error: 'access_denied', ...members }),
})
/** Of the ID Token that comes through the browser. */
const front = (lie: TokenFaults): Faults => ({ front_id_token: lie })
const frontSays = (name: string, value: unknown): Faults =>
  front({ claims: (good) => ({ ...good, [name]: value }) })
const frontWithout = (name: string): Faults => front({ claims: ({ [name]: _, ...rest }) => rest })
/** Of the response as a JWT. */
const jarm = (lie: TokenFaults): Faults => ({ response_jwt: lie })
const jarmWithout = (name: string): Faults => jarm({ claims: ({ [name]: _, ...rest }) => rest })
const jarmSays = (name: string, value: unknown): Faults =>
  jarm({ claims: (good) => ({ ...good, [name]: value }) })

const ISS = 'RFC 9207 2.4'
const ERROR = 'RFC 6749 4.1.2.1'
const JARM = 'JARM 2.4'
const OTHER_HASH = 'x4Q8HQk0RUPqEXTNgECwMw'

export const CALLBACK_FAULTS = faults({
  state_missing: { what: 'The response has no state.', spec: 'RFC 6749 10.12', faults: without('state') },
  response_iss_suffixed: {
    what: 'iss of the response is the issuer with "1" behind it.',
    spec: ISS,
    faults: changes('iss', (iss) => `${iss}1`),
  },
  response_iss_upper_case: {
    what: 'iss of the response is the issuer in capitals.',
    spec: ISS,
    faults: changes('iss', (iss) => iss.toUpperCase()),
  },
  response_iss_slashed: {
    what: 'iss of the response has a slash more at its end.',
    spec: ISS,
    faults: changes('iss', (iss) => `${iss}/`),
  },
  response_iss_missing: {
    what: 'The response has no iss, which the metadata promise.',
    spec: ISS,
    faults: without('iss'),
  },
  response_iss_unpromised: {
    what: 'The response has the right iss, which the metadata do not promise.',
    spec: ISS,
    faults: {
      discovery: ({ authorization_response_iss_parameter_supported: _, ...rest }) => rest,
    },
  },
  response_refused: { what: 'The OP refuses the login.', spec: 'Core 3.1.2.6', faults: refuses() },
  response_refused_stateless: {
    what: 'The OP refuses the login, and does not say which.',
    spec: ERROR,
    faults: { authorization: ({ code: _, state: _state, ...good }) => ({ ...good, error: 'access_denied' }) },
  },
  response_refused_foreign: {
    what: 'A refusal comes in the name of another OP.',
    spec: ISS,
    faults: refuses({ iss: 'https://attacker.example' }),
  },
  response_error_and_code: {
    what: 'The response has a code and an error.',
    spec: 'RFC 6749 4.1.2',
    faults: says({ error: 'access_denied' }),
  },
  code_empty: { what: 'The code is an empty text.', spec: 'RFC 6749 A.11', faults: says({ code: '' }) },
  code_huge: {
    what: 'The code has 64 KiB.',
    spec: 'RFC 6749 A.11',
    faults: says({ code: 'c'.repeat(65_536) }),
  },
  code_not_ascii: {
    what: 'The code has letters beyond ASCII.',
    spec: 'RFC 6749 A.11',
    faults: says({ code: 'cödé-of-a-login' }),
  },
  response_with_token: {
    what: 'An access token comes beside the code, which nobody asked for.',
    spec: 'Core 3.1.2.5',
    faults: says({ access_token: 'nobody-asked-for-this', token_type: 'Bearer' }),
  },
  response_with_id_token: {
    what: 'An ID Token comes beside the code, which nobody asked for.',
    spec: 'Core 3.1.2.5',
    faults: says({ id_token: 'eyJhbGciOiJub25lIn0.e30.' }),
  },
  response_with_token_type: {
    what: 'The response has a token_type and members that nobody knows.',
    spec: 'RFC 6749 4.1.2',
    faults: says({ token_type: 'Bearer', session_state: 'a.b', ui_locales: 'de' }),
  },
  response_in_form: {
    what: 'The response is posted as a form, where the query was asked for.',
    spec: 'Multiple Response Types 2',
    faults: { response_mode: 'form_post' },
  },
  response_in_fragment: {
    what: 'The response comes in the fragment, where the query was asked for.',
    spec: 'Multiple Response Types 2',
    faults: { response_mode: 'fragment' },
  },
  response_in_query: {
    what: 'The response comes in the query, whatever was asked for.',
    spec: 'Multiple Response Types 2',
    faults: { response_mode: 'query' },
  },
  c_hash_foreign: {
    what: 'c_hash is that of another code.',
    spec: 'Core 3.3.2.10',
    faults: frontSays('c_hash', OTHER_HASH),
  },
  c_hash_missing: { what: 'c_hash is missing.', spec: 'Core 3.3.2.10', faults: frontWithout('c_hash') },
  s_hash_foreign: {
    what: 's_hash is that of another state.',
    spec: 'FAPI 1.0 part 2, 5.2.2.1',
    faults: frontSays('s_hash', OTHER_HASH),
  },
  back_c_hash_foreign: {
    what: 'c_hash of the ID Token of the token endpoint is that of another code.',
    spec: 'Core 3.3.3.6',
    faults: { id_token: { claims: (good) => ({ ...good, c_hash: OTHER_HASH }) } },
  },
  back_s_hash_foreign: {
    what: 's_hash of the ID Token of the token endpoint is that of another state.',
    spec: 'FAPI 1.0 part 2, 5.2.2.1',
    faults: { id_token: { claims: (good) => ({ ...good, s_hash: OTHER_HASH }) } },
  },
  front_at_hash_foreign: {
    what: 'at_hash of the ID Token in the response is that of another access token.',
    spec: 'Core 3.2.2.9',
    faults: frontSays('at_hash', OTHER_HASH),
  },
  front_at_hash_missing: {
    what: 'at_hash is missing where an access token comes through the browser.',
    spec: 'Core 3.2.2.10',
    faults: frontWithout('at_hash'),
  },
  front_nonce_foreign: {
    what: 'The nonce of the ID Token in the response is another one.',
    spec: 'Core 3.2.2.11',
    faults: frontSays('nonce', 'of-another-login-altogether'),
  },
  front_other_subject: {
    what: 'The two ID Tokens of a hybrid flow are about two users.',
    spec: 'Core 3.3.3.6',
    faults: frontSays('sub', 'mallory'),
  },
  front_iss_foreign: {
    what: 'The ID Token in the response is of another issuer.',
    spec: 'Core 3.3.3.6',
    faults: ({ attacker }) => frontSays('iss', attacker),
  },
  back_other_subject: {
    what: 'The ID Token of the token endpoint is about another user than that of the response.',
    spec: 'Core 3.3.3.6',
    faults: { ...front({}), id_token: { claims: (good) => ({ ...good, sub: 'mallory' }) } },
  },
  back_iss_foreign: {
    what: 'The ID Token of the token endpoint is of another issuer than that of the response.',
    spec: 'Core 3.3.3.6',
    faults: ({ attacker }) => ({
      ...front({}),
      id_token: { claims: (good) => ({ ...good, iss: attacker }) },
    }),
  },
  front_unsigned: {
    what: 'The ID Token in the response is not signed.',
    spec: 'RFC 8725 3.1',
    faults: front({ sign: 'none' }),
  },
  front_bad_signature: {
    what: 'The signature of the ID Token in the response is wrong.',
    spec: 'RFC 7515 5.2',
    faults: front({ sign: 'flipped_bit' }),
  },
  auth_time_missing: {
    what: 'auth_time is missing, although max_age was asked for.',
    spec: 'Core 3.1.3.7 (13)',
    faults: { id_token: { claims: ({ auth_time: _, ...rest }) => rest } },
  },
  auth_time_old: {
    what: 'The user signed in longer ago than max_age allows.',
    spec: 'Core 3.1.3.7 (13)',
    faults: { id_token: { offsets: { auth_time: -3_600 } } },
  },
  auth_time_quoted: {
    what: 'auth_time is a text.',
    spec: 'Core 2',
    faults: { id_token: { claims: (good) => ({ ...good, auth_time: String(good['auth_time']) }) } },
  },
  auth_time_just_within: {
    what: 'The user signed in 58 seconds longer ago than a max_age of 300 s allows, within a tolerance of 60 s.',
    spec: 'Core 3.1.3.7 (13)',
    faults: { id_token: { offsets: { auth_time: -357 } } },
  },
  auth_time_beyond: {
    what: 'The user signed in two seconds longer ago than a max_age of 300 s and a tolerance of 60 s allow.',
    spec: 'Core 3.1.3.7 (13)',
    faults: { id_token: { offsets: { auth_time: -363 } } },
  },
  auth_time_just_ahead: {
    what: 'The user will sign in in 58 seconds, within a tolerance of 60 s.',
    spec: 'Core 3.1.3.7 (13)',
    faults: { id_token: { offsets: { auth_time: 58 } } },
  },
  auth_time_too_far_ahead: {
    what: 'The user will sign in two seconds later than a tolerance of 60 s allows.',
    spec: 'Core 3.1.3.7 (13)',
    faults: { id_token: { offsets: { auth_time: 63 } } },
  },
  auth_time_ahead: {
    what: 'The user will sign in in an hour.',
    spec: 'Core 3.1.3.7 (13)',
    faults: { id_token: { offsets: { auth_time: 3_600 } } },
  },
  acr_missing: {
    what: 'acr is missing, although a value of it is essential.',
    spec: 'Core 5.5.1.1',
    faults: { id_token: { claims: ({ acr: _, ...rest }) => rest } },
  },
  acr_lower: {
    what: 'acr is another value than the essential one.',
    spec: 'Core 5.5.1.1',
    faults: { id_token: { claims: (good) => ({ ...good, acr: 'urn:weak' }) } },
  },
  jarm_iss_missing: { what: 'The JWT of the response has no iss.', spec: JARM, faults: jarmWithout('iss') },
  jarm_iss_foreign: {
    what: 'The JWT of the response is from another issuer.',
    spec: JARM,
    faults: jarmSays('iss', 'https://attacker.example'),
  },
  jarm_aud_missing: { what: 'The JWT of the response has no aud.', spec: JARM, faults: jarmWithout('aud') },
  jarm_aud_foreign: {
    what: 'The JWT of the response is for another client.',
    spec: JARM,
    faults: jarmSays('aud', 'another-client'),
  },
  jarm_exp_missing: { what: 'The JWT of the response has no exp.', spec: JARM, faults: jarmWithout('exp') },
  jarm_exp_milliseconds: {
    what: 'exp of the JWT of the response is in milliseconds.',
    spec: JARM,
    faults: jarm({ claims: (good) => ({ ...good, exp: Number(good['exp']) * 1_000 }) }),
  },
  jarm_error_list: {
    what: 'The JWT of the response has a code, and an error that is a list.',
    spec: JARM,
    faults: jarmSays('error', ['access_denied']),
  },
  jarm_error_null: {
    what: 'The JWT of the response has a code, and an error that is null.',
    spec: JARM,
    faults: jarmSays('error', null),
  },
  jarm_strange: {
    what: 'The JWT of the response has members that nobody knows.',
    spec: JARM,
    faults: jarmSays('of_the_future', { a: [1] }),
  },
  jarm_expired: {
    what: 'The JWT of the response has expired.',
    spec: JARM,
    faults: jarm({ offsets: { exp: -662 } }),
  },
  jarm_just_expired: {
    what: 'The JWT of the response expired 58 seconds ago, within a tolerance of 60 s.',
    spec: JARM,
    faults: jarm({ offsets: { exp: -658 } }),
  },
  jarm_bad_signature: {
    what: 'The signature of the JWT of the response is wrong.',
    spec: JARM,
    faults: jarm({ sign: 'flipped_bit' }),
  },
  jarm_unsigned: {
    what: 'The JWT of the response is not signed.',
    spec: JARM,
    faults: jarm({ sign: 'none' }),
  },
  jarm_foreign_key: {
    what: 'The JWT of the response is signed by a key that was never published.',
    spec: JARM,
    faults: jarm({ sign: 'another_key' }),
  },
  jarm_hs256: {
    what: 'The JWT of the response is signed with HS256 and the client_secret, though RS256 is registered.',
    spec: JARM,
    faults: jarm({ sign: 'hs256_client_secret' }),
  },
  jarm_is_an_id_token: {
    what: 'In place of the JWT of the response comes an ID Token.',
    spec: 'RFC 8725 3.12',
    faults: jarm({
      claims: ({ state: _, code: _code, ...good }) => ({ ...good, sub: 'alice', nonce: 'of-a-login' }),
    }),
  },
  jarm_beside: {
    what: 'A code comes beside the JWT of the response.',
    spec: JARM,
    faults: { beside_response_jwt: { code: 'beside-the-jwt-of-the-response' } },
  },
  jarm_not_at_all: {
    what: 'The response comes as parameters, where a JWT was asked for.',
    spec: JARM,
    faults: { response_mode: 'query' },
  },
})
