// Weakened builds of the flows: what a login chose, and what its response must be.
import { weakenings } from './rows.ts'

const CALLBACK_TEST = 'src/commands/get_tokens_by_callback.test.ts'
const LIBRARY_TEST = 'src/client/callback.test.ts'
const URL_TEST = 'src/commands/get_authorization_url.test.ts'
const REFUSES =
  '^get_tokens_by_callback refuses what is wrong with a response, before the token endpoint is asked'
const JWT = '^get_tokens_by_callback a response that is a JWT'

export const FLOWS = [
  ...weakenings('src/oidc/authorization_response.ts', CALLBACK_TEST, [
    [
      'response: without a state',
      "if (state === undefined || state === '') throw new OxdError('response_without_state')",
      "if (state === undefined || state === '') return 'unknown'",
      `${REFUSES} no state$`,
    ],
    [
      'response: the first of two states',
      "if (states.length > 1) throw new OxdError('duplicate_parameter', { what: 'It is state.' })",
      '',
      `${REFUSES} two states$`,
    ],
    [
      'response: the last of two codes',
      'if (twice !== undefined) {',
      'if (false) {',
      `${REFUSES} two codes$`,
    ],
    [
      'response: bytes that are no text',
      "throw malformed('It has bytes that are no text.')",
      'return text',
      `${REFUSES} a response that is no query$`,
    ],
    [
      'response: at any address',
      'if (url !== undefined && url.base !== base && url.base !== new URL(base).href) {',
      'if (false) {',
      '^get_tokens_by_callback takes a response at the redirect URI of the login alone',
    ],
    [
      'response: without the query of the redirect URI',
      'if (query.length - left.length < own.length)',
      'if (false)',
      '^get_tokens_by_callback takes a response at the redirect URI of the login alone',
    ],
    [
      'response: in any mode',
      'if (place !== asked.place || elsewhere.some(isOfResponse)) {',
      'if (false) {',
      '^get_tokens_by_callback takes a response in the mode that was asked for alone$',
    ],
    [
      'response: in two modes at once',
      'if (place !== asked.place || elsewhere.some(isOfResponse)) {',
      'if (place !== asked.place) {',
      '^get_tokens_by_callback takes a response in the mode that was asked for alone$',
    ],
    [
      'response: a JWT beside what was asked for',
      "if (found.some(([name]) => name === 'response') !== asked.jwt) {",
      'if (false) {',
      `${REFUSES} a JWT that was not asked for$`,
    ],
    [
      'response: an issuer that was promised may be missing',
      "if (iss === undefined && isPromised) throw new OxdError('no_issuer_in_response')",
      '',
      `${REFUSES} no issuer, although it is promised$`,
    ],
    [
      'response: of any issuer',
      "if (iss !== undefined && iss !== issuer) throw new OxdError('invalid_issuer')",
      '',
      `${REFUSES} another issuer$`,
    ],
    [
      'response: of any issuer, if it was not promised',
      "if (iss !== undefined && iss !== issuer) throw new OxdError('invalid_issuer')",
      "if (isPromised && iss !== issuer) throw new OxdError('invalid_issuer')",
      '^get_tokens_by_callback compares an issuer that was not promised, and misses none$',
    ],
    [
      'response: an error beside a code',
      "if (GIVEN.some((name) => values.has(name))) throw new OxdError('error_and_code')",
      '',
      `${REFUSES} an error and a code$`,
    ],
    [
      'response: an error is passed over',
      "if (values.has('error')) {",
      'if (false) {',
      `${REFUSES} an error$`,
    ],
    [
      'response: tokens that were not asked for',
      "if (value !== undefined) throw new OxdError('unexpected_parameter', { what: `It is ${name}.` })",
      '',
      `${REFUSES} an access token that was not asked for$`,
    ],
    [
      'response: without a code',
      "} else if (value === undefined || value === '') {",
      '} else if (false) {',
      `${REFUSES} no code$`,
    ],
    [
      'response: a code of any letters and length',
      '} else if (!VSCHARS.test(value) || value.length > CHARACTERS_MAX[name]) {',
      '} else if (false) {',
      `${REFUSES} a code (of 64 KiB|with letters that none has)$`,
    ],
    [
      'response: an access token of any type',
      "if (values.has('access_token') && !/^bearer$/i.test(values.get('token_type') ?? '')) {",
      'if (false) {',
      `${REFUSES} (no|another) token type$`,
    ],
    [
      'response: any lifetime',
      "if (!/^\\d{0,10}$/.test(expires_in)) throw malformed('Its expires_in is no number of seconds.')",
      '',
      `${REFUSES} a lifetime that is none$`,
    ],
    [
      'response: an OP may repeat the state in an error',
      '...(description === undefined ? {} : { error_description: saidIn({ error: description }, secrets) }),',
      '...(description === undefined ? {} : { error_description: saidIn({ error: description }, []) }),',
      '^get_tokens_by_callback shows what the OP refused with',
    ],
  ]),
  ...weakenings('src/oidc/jarm.ts', CALLBACK_TEST, [
    [
      'JARM: of any issuer',
      'holds: (c, e) => c.iss === e.issuer,',
      'holds: () => true,',
      `${JWT} of (another|no) issuer is refused$`,
    ],
    [
      'JARM: that has expired',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,',
      'holds: () => true,',
      `${JWT} that has expired is refused$`,
    ],
    [
      'JARM: a tolerance of its own',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp,',
      `${JWT} is good on the near side of the tolerance$`,
    ],
    [
      'JARM: that never expires',
      'holds: (c, e) => isTime(c.exp) && c.exp <= e.now + LIMITS.id_token_seconds_max,',
      'holds: () => true,',
      `${JWT} (that never expires|whose expiry is a text) is refused$`,
    ],
    [
      'JARM: of the future',
      'holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),',
      'holds: () => true,',
      `${JWT} of the future is refused$`,
    ],
    [
      'JARM: parameters beside the JWT',
      "if (others.length > 0 || name !== 'response' || jwt === undefined) {",
      'if (jwt === undefined) {',
      `${JWT} with (a code|anything) beside it is refused$`,
    ],
    [
      'JARM: whatever was not made as registered',
      'const claims = await opened(op, jwt, expected.client)',
      "const claims = JSON.parse(Buffer.from(String(jwt.split('.')[1]), 'base64url').toString())",
      `${JWT} (without a signature|signed with) .*refused$`,
    ],
  ]),
  ...weakenings('src/oidc/login_tokens.ts', CALLBACK_TEST, [
    [
      'hybrid: two users in one login',
      'if (front !== undefined && (front.iss !== back.iss || front.sub !== back.sub)) {',
      'if (false) {',
      '^get_tokens_by_callback validates both ID Tokens of a hybrid flow',
    ],
    [
      'hybrid: the ID Token of the response is not validated',
      'id_token === undefined ? undefined : await frontClaims(op, id_token, response, login, expected)',
      'undefined',
      '^get_tokens_by_callback validates both ID Tokens of a hybrid flow',
    ],
    [
      'hybrid: a code that nothing binds',
      "...(code === undefined ? [] : (['c_hash'] as const)),",
      '',
      '^get_tokens_by_callback wants the hashes that bind what came through the browser$',
    ],
    [
      'implicit: an access token that nothing binds',
      "...(access_token === undefined ? [] : (['at_hash'] as const)),",
      '',
      '^get_tokens_by_callback wants the hashes that bind what came through the browser$',
    ],
    [
      'hybrid: the state is not compared',
      'return validateIdToken(op, id_token, { ...expected, code, access_token, state, hashes })',
      'return validateIdToken(op, id_token, { ...expected, code, access_token, hashes })',
      '^get_tokens_by_callback wants the hashes that bind what came through the browser$',
    ],
  ]),
  ...weakenings('src/oidc/id_token.ts', CALLBACK_TEST, [
    [
      'ID Token: nobody says when the user signed in',
      'holds: (c, e) => e.signed_in_since === undefined || isTime(c.auth_time),',
      'holds: () => true,',
      '^get_tokens_by_callback max_age is enforced on both sides',
    ],
    [
      'ID Token: a sign-in of the future',
      'e.signed_in_since === undefined || (isTime(c.auth_time) && c.auth_time <= e.now + tolerance),',
      'true,',
      '^get_tokens_by_callback max_age is enforced on both sides',
    ],
    [
      'ID Token: a sign-in of long ago',
      '(isTime(c.auth_time) && c.auth_time + tolerance >= e.signed_in_since),',
      'true,',
      '^get_tokens_by_callback max_age is enforced on both sides',
    ],
    [
      'ID Token: any acr',
      'holds: (c, e) => e.isEssentialAcr?.(c.acr) ?? true,',
      'holds: () => true,',
      '^get_tokens_by_callback an essential acr must be met$',
    ],
  ]),
  ...weakenings('src/login.ts', CALLBACK_TEST, [
    [
      'login: ends in another session',
      "if (!isOfSession(recalled, session_binding)) throw new OxdError('other_session')",
      '',
      '^get_tokens_by_callback session_binding (missing|another) at',
    ],
    [
      'login: a session that is named at the end alone',
      '? binding === undefined && session_binding === undefined',
      '? binding === undefined',
      '^get_tokens_by_callback session_binding missing at the beginning',
    ],
    [
      'login: a session that is named at the beginning alone',
      '? binding === undefined && session_binding === undefined',
      '? session_binding === undefined',
      '^get_tokens_by_callback session_binding missing at the end',
    ],
    [
      'login: states of one session look alike',
      "keys.mac('login session', salt, session_binding).subarray(0, BINDING_BYTES)",
      "keys.mac('login session', session_binding).subarray(0, BINDING_BYTES)",
      '^get_tokens_by_callback session_binding does not show in two states',
    ],
    [
      'login: max_age counts from the end',
      'max_age === undefined ? undefined : asked_at / 1_000 - max_age',
      'max_age === undefined ? undefined : Date.now() / 1_000 + 300 - max_age',
      '^get_tokens_by_callback max_age counts from the beginning',
    ],
  ]),
  ...weakenings('src/commands/get_tokens_by_callback.ts', CALLBACK_TEST, [
    [
      'callback: the OP is asked with a state that was used',
      'const login = await logins.spend(termsOf(site), stateOf(came, inside), session_binding)',
      'const login = { ...(await logins.inspect(termsOf(site), stateOf(came, inside), session_binding)), asked_at: world.now(), redeemed_at: world.now() }',
      '^get_tokens_by_callback (is spent by one of fifty|session_binding missing at the end)',
    ],
    [
      'callback: nobody looks at the issuer',
      "checkIssuer(values.get('iss'), { issuer, isPromised: isSupported && !values.has('id_token') })",
      '',
      `${REFUSES} an error of another issuer$`,
    ],
  ]),
  ...weakenings('src/commands/get_tokens_by_code.ts', CALLBACK_TEST, [
    [
      'tokens: the code of a response that nobody checked',
      "if (!hasWord(response_type, 'code') || carriageOf(response_type, response_mode).jwt) {",
      'if (false) {',
      '^get_tokens_by_callback alone will do where get_tokens_by_code would see no whole response$',
    ],
  ]),
  ...weakenings('src/finish_login.ts', CALLBACK_TEST, [
    [
      'tokens: a sign-in of any time',
      'signed_in_since: signedInSince(login) ?? (requiresAuthTime(settings) ? 0 : undefined),',
      '',
      '^get_tokens_by_callback max_age holds for get_tokens_by_code, too$',
    ],
  ]),
  ...weakenings('src/commands/get_authorization_url.ts', CALLBACK_TEST, [
    [
      'URL: a max_age that is a custom parameter',
      'const max_age = params.max_age ?? secondsIn(custom.max_age) ?? defaultMaxAge(settings)',
      'const max_age = params.max_age ?? defaultMaxAge(settings)',
      '^get_tokens_by_callback max_age of the site holds',
    ],
    [
      'URL: an essential acr that is a custom parameter',
      'const claims = claimsOf(params.claims ?? custom.claims)',
      'const claims = claimsOf(params.claims)',
      '^get_tokens_by_callback an essential acr must be met$',
    ],
  ]),
  ...weakenings('src/client/callback.ts', LIBRARY_TEST, [
    [
      'library: a form without end',
      "if (bytes > bytes_max) throw refused('malformed_response', 'The form is too large for a login.')",
      '',
      '^callback reads no body without end',
    ],
    [
      'library: the last of two fields',
      "if (fields.has(name) || typeof value !== 'string') {",
      'if (false) {',
      '^callback refuses a field that comes twice to (Node|Express)$',
    ],
    [
      'library: a body that is no form',
      "if (!FORM.test(type ?? '')) throw refused('malformed_response', 'The request has a body that is no form.')",
      '',
      '^callback reads no body without end',
    ],
  ]),
  ...weakenings('src/client/client.ts', LIBRARY_TEST, [
    [
      'library: a state that the session does not know',
      'if (state !== undefined && said !== undefined && !isExpectedState(said, state)) throw foreignState()',
      '',
      '^callback compares the state with those of the session',
    ],
  ]),
  ...weakenings('src/oidc/authorization.ts', URL_TEST, [
    [
      'URL: a name that lax servers read as one of oxd',
      'const refused = Object.keys(custom).find((name) => isRefused(name) || isRefused(readLaxly(name)))',
      'const refused = Object.keys(custom).find((name) => isRefused(name))',
      '^get_authorization_url lets nobody set what lax servers read as a parameter of oxd$',
    ],
  ]),
  ...weakenings('src/flow.ts', URL_TEST, [
    [
      'flow: a token in the query',
      "type === 'code' || carriageOf(type, mode).place !== 'query'",
      'true',
      '^get_authorization_url asks for no token in a query$',
    ],
  ]),
]
