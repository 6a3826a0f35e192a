// JARM: an authorization response that is a JWT, signed by the OP.
// @see https://openid.net/specs/oauth-v2-jarm.html#section-2.4
import type { Claims } from '../claims.ts'
import { OxdError, type ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { isTime, judge, tolerance, type ClaimRule } from './claim_rules.ts'
import { decrypted, isEncrypted } from './jwe.ts'
import { openJwt, registeredFor, unprovenClaims, type JwtClient } from './jwt.ts'
import { isOfResponse, type Parameter } from './authorization_response.ts'
import type { Op } from './op.ts'

export interface ExpectedJwt {
  readonly issuer: string
  /** Whose it is, and how it was registered that responses are made for it. */
  readonly client: JwtClient
  /** The state of the login: that of a token that was proven, not only read. */
  readonly state: string
  /** Seconds since the epoch. */
  readonly now: number
}

const RULES: readonly ClaimRule<ExpectedJwt>[] = [
  {
    otherwise: 'response_jwt_bad_issuer',
    spec: 'JARM 2.4 (3)',
    about: 'iss',
    wanted: (e) => e.issuer,
    holds: (c, e) => c.iss === e.issuer,
  },
  {
    otherwise: 'response_jwt_bad_audience',
    spec: 'JARM 2.4 (4)',
    about: 'aud',
    wanted: (e) => e.client.client_id,
    holds: (c, e) =>
      [c.aud].flat().includes(e.client.client_id) && [c.aud].flat().every((aud) => typeof aud === 'string'),
  },
  {
    otherwise: 'response_jwt_no_expiry',
    spec: 'JARM 2.1',
    about: 'exp',
    wanted: (e) => e.now + LIMITS.id_token_seconds_max,
    holds: (c, e) => isTime(c.exp) && c.exp <= e.now + LIMITS.id_token_seconds_max,
  },
  {
    otherwise: 'response_jwt_expired',
    spec: 'JARM 2.4 (5)',
    about: 'exp',
    wanted: (e) => e.now,
    holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,
  },
  {
    otherwise: 'response_jwt_not_yet_valid',
    spec: 'RFC 7519 4.1.5',
    about: 'nbf',
    wanted: (e) => e.now,
    holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),
  },
  {
    otherwise: 'invalid_state',
    spec: 'JARM 2.4 (2)',
    about: 'state',
    wanted: (e) => e.state,
    holds: (c, e) => c.state === e.state,
  },
]

/** What is said of an ID Token that is not made as registered, said of a response. */
const OF_A_RESPONSE: ReadonlyMap<ErrorCode, ErrorCode> = new Map([
  ['invalid_id_token_malformed', 'response_jwt_malformed'],
  ['invalid_jwt_type', 'response_jwt_malformed'],
  ['invalid_id_token_critical_header', 'response_jwt_malformed'],
  ['id_token_without_signature_not_allowed', 'response_jwt_not_signed'],
  ['invalid_id_token_invalid_algorithm', 'response_jwt_invalid_algorithm'],
  ['invalid_id_token_bad_signature', 'response_jwt_bad_signature'],
  ['key_id_not_found', 'response_jwt_unknown_key'],
  ['id_token_encrypted', 'response_jwt_encryption'],
  ['id_token_not_encrypted', 'response_jwt_encryption'],
  ['invalid_id_token_encryption', 'response_jwt_encryption'],
  ['invalid_id_token_not_decrypted', 'response_jwt_malformed'],
])

/** Claims of the JWT itself, not of the response. */
const OF_THE_JWT: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'state'])

const opened = async (op: Op, jwt: string, client: JwtClient): Promise<Claims> => {
  try {
    return await openJwt(op, client, jwt, registeredFor(client, 'authorization'), 'browser')
  } catch (error) {
    const code = error instanceof OxdError ? OF_A_RESPONSE.get(error.code) : undefined
    throw code === undefined ? error : new OxdError(code, { cause: error })
  }
}

/**
 * What the JWT of a response says, proven by nobody, so that its login is found before anything is fetched on its account;
 * undefined: it is none, or not encrypted as registered.
 * @param opAt the OP, whose keys of oxd's own open what is encrypted
 */
export const unprovenResponse = async (
  opAt: () => Promise<Op>,
  jwt: string | undefined,
  client: JwtClient,
): Promise<Claims | undefined> => {
  if (jwt === undefined) return undefined
  const { encryption } = registeredFor(client, 'authorization')
  if (encryption === undefined || !isEncrypted(jwt)) return unprovenClaims(jwt)
  try {
    return unprovenClaims(await decrypted(await opAt(), client, jwt, encryption))
  } catch (error) {
    if (error instanceof OxdError && OF_A_RESPONSE.has(error.code)) return undefined
    throw error
  }
}

/**
 * The parameters in the JWT of a response: one of this OP, for this client and this login.
 * @throws OxdError response_jwt_*, parameter_outside_response_jwt, invalid_state
 */
export const openResponseJwt = async (
  op: Op,
  parameters: readonly Parameter[],
  expected: ExpectedJwt,
): Promise<readonly Parameter[]> => {
  const [[name, jwt] = [], ...others] = parameters
  // JARM section 2.3: nothing beside it, not even `iss` or `state`.
  if (others.length > 0 || name !== 'response' || jwt === undefined) {
    throw new OxdError('parameter_outside_response_jwt')
  }
  const claims = await opened(op, jwt, expected.client)
  judge(RULES, claims, expected)
  return Object.entries(claims).flatMap((claim) => {
    const [member, value] = claim
    if (OF_THE_JWT.has(member) || value === null) return []
    if (typeof value === 'string' || typeof value === 'number') return [[member, String(value)] as const]
    // An error that is a list is an error all the same; what nobody knows may be anything.
    if (isOfResponse(claim))
      throw new OxdError('response_jwt_malformed', { what: `Its ${member} is no text.` })
    return []
  })
}
