// The logout token of a back-channel logout, validated completely: one list of named rules, each refusing by its own name.
// @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
import { isObject } from '../is_object.ts'
import { LIMITS } from '../limits.ts'
import { isTime, judge, tolerance, type ClaimRule } from './claim_rules.ts'
import { isSubject } from './id_token.ts'
import { openJwt, registeredFor, type JwtClient } from './jwt.ts'
import type { Op } from './op.ts'

interface Expected {
  readonly issuer: string
  readonly client_id: string
  /** Seconds since the epoch. */
  readonly now: number
}

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const TYPES = [undefined, 'logout+jwt', 'jwt']

const isName = (value: unknown, characters_max: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= characters_max
const isSession = (value: unknown): value is string => isName(value, LIMITS.sid_characters_max)

const RULES: readonly ClaimRule<Expected>[] = [
  {
    otherwise: 'invalid_logout_token_issuer',
    spec: 'Back-Channel Logout 2.6 (4)',
    about: 'iss',
    wanted: (e) => e.issuer,
    holds: (c, e) => c.iss === e.issuer,
  },
  {
    otherwise: 'invalid_logout_token_audience',
    spec: 'Back-Channel Logout 2.6 (4)',
    about: 'aud',
    wanted: (e) => e.client_id,
    holds: ({ aud }, e) => (Array.isArray(aud) ? aud.includes(e.client_id) : aud === e.client_id),
  },
  {
    otherwise: 'invalid_logout_token_issued_at',
    spec: 'Back-Channel Logout 2.6 (4)',
    about: 'iat',
    wanted: (e) => e.now,
    holds: (c, e) => isTime(c.iat) && c.iat <= e.now + tolerance,
  },
  // Ours: so that no token is kept back for a later day, and its jti need not be remembered for ever.
  {
    otherwise: 'invalid_logout_token_old',
    spec: 'Back-Channel Logout 4',
    about: 'iat',
    wanted: (e) => e.now - LIMITS.logout_token_seconds_max,
    holds: (c, e) => isTime(c.iat) && c.iat >= e.now - LIMITS.logout_token_seconds_max - tolerance,
  },
  // OPs of before the final specification leave it out; the age bounds those.
  {
    otherwise: 'invalid_logout_token_expired',
    spec: 'Back-Channel Logout 2.6 (4)',
    about: 'exp',
    wanted: (e) => e.now,
    holds: (c, e) => c.exp === undefined || (isTime(c.exp) && e.now < c.exp + tolerance),
  },
  {
    otherwise: 'invalid_logout_token_not_yet_valid',
    spec: 'RFC 7519 4.1.5',
    about: 'nbf',
    wanted: (e) => e.now,
    holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),
  },
  {
    otherwise: 'invalid_logout_token_subject',
    spec: 'Back-Channel Logout 2.6 (5)',
    about: 'sub',
    holds: ({ sub, sid }) =>
      (sub !== undefined || sid !== undefined) &&
      (sub === undefined || isSubject(sub)) &&
      (sid === undefined || isSession(sid)),
  },
  {
    otherwise: 'invalid_logout_token_events',
    spec: 'Back-Channel Logout 2.6 (6)',
    about: 'events',
    wanted: () => LOGOUT_EVENT,
    holds: ({ events }) =>
      isObject(events) && isObject(Object.getOwnPropertyDescriptor(events, LOGOUT_EVENT)?.value),
  },
  {
    otherwise: 'invalid_logout_token_nonce',
    spec: 'Back-Channel Logout 2.6 (7)',
    about: 'nonce',
    holds: (c) => !Object.hasOwn(c, 'nonce'),
  },
  {
    otherwise: 'invalid_logout_token_jti',
    spec: 'Back-Channel Logout 2.4',
    about: 'jti',
    holds: (c) => isName(c.jti, LIMITS.jti_characters_max),
  },
]

export interface LogoutToken {
  readonly jti: string
  /** One of the two is there. */
  readonly sub: string | undefined
  readonly sid: string | undefined
}

/**
 * What a logout token says, if it is signed by this OP as its ID Tokens for this client are, and meant for this client now.
 * Whether it came before is another question.
 * @throws OxdError one code for each rule
 */
export const validateLogoutToken = async (
  op: Pick<Op, 'keys' | 'own'>,
  client: JwtClient,
  logout_token: string,
  { issuer, now }: { readonly issuer: string; readonly now: number },
): Promise<LogoutToken> => {
  const registered = { ...registeredFor(client, 'id_token'), types: TYPES }
  // Anybody may have sent it: its keys are fetched within a budget of its own.
  const claims = await openJwt(op, client, logout_token, registered, 'stranger')
  judge(RULES, claims, { issuer, client_id: client.client_id, now })
  const { sub, sid, jti } = claims
  return {
    // The rules above have seen to it.
    jti: String(jti),
    sub: isSubject(sub) ? sub : undefined,
    sid: isSession(sid) ? sid : undefined,
  }
}
