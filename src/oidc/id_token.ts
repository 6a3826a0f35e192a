// The ID Token, validated completely: one list of named rules, each refusing by its own name.
// @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
import { createHash } from 'node:crypto'
import type { Claims, OriginalClaims } from '../claims.ts'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { isTime, judge, tolerance, type ClaimRule } from './claim_rules.ts'
import { openJwt, registeredFor, type JwtClient } from './jwt.ts'
import type { Op } from './op.ts'
import { mayBeUnsigned } from './unsigned.ts'

export interface Expected {
  readonly issuer: string
  /** Whose it is, and how it was registered that ID Tokens are made for it. */
  readonly client: JwtClient
  /**
   * Exactly this one; or what a check accepts, which is told `undefined` where the token has none: of tokens whose login
   * is known otherwise (refreshed ones, those that a caller asks about).
   */
  readonly nonce: string | ((nonce: string | undefined) => boolean)
  /** It came from the token endpoint, through nobody: only then may it be unsigned, where daemon and site say so. */
  readonly direct?: true | undefined
  /** The access token that came with it; undefined, said explicitly: none is known. */
  readonly access_token: string | undefined
  /** The code that came with it (hybrid flow). */
  readonly code?: string | undefined
  /** The state that came with it, where the OP binds it (FAPI). */
  readonly state?: string | undefined
  /** Hashes without which the token binds nothing of what came with it through the browser. */
  readonly hashes?: readonly ('at_hash' | 'c_hash')[] | undefined
  /** The user must have signed in since then, seconds since the epoch; undefined: whenever. */
  readonly signed_in_since?: number | undefined
  /** Where the `acr` is essential: is it one of those? */
  readonly isEssentialAcr?: ((acr: unknown) => boolean) | undefined
  /** The subject of the login that is refreshed. */
  readonly sub?: string | undefined
  /** What the ID Token of that login said. */
  readonly original?: OriginalClaims | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** What the rules know. */
interface Facts extends Expected {
  readonly client_id: string
  /** Of the signature. */
  readonly alg: string
}

/** At most 255 characters of ASCII (Core 2); a control character is in none. */
export const isSubject = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)
const audiences = ({ aud }: Claims): unknown[] => (Array.isArray(aud) ? aud : [aud])

const HASHES: Readonly<Record<string, string>> = {
  256: 'sha256',
  384: 'sha384',
  512: 'sha512',
  DSA: 'sha512',
  519: 'sha512',
}

/** Left half of the hash of `value` under the hash of the signature algorithm (Core 3.1.3.6). */
const leftHash = (value: string, alg: string): string => {
  const digest = createHash(HASHES[alg.slice(-3)] ?? 'sha256')
    .update(value, 'ascii')
    .digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

/** The algorithm whose hash they have: that of the token. */
const hashedLike = ({ hasQuirk }: Op, alg: string): string =>
  alg.startsWith('Ed') && hasQuirk('eddsa_hash_sha256') ? 'RS256' : alg

/** A hash in the token, where it has one, is that of what came with it. */
const isHashOf = (hash: unknown, value: string | undefined, alg: string): boolean =>
  hash === undefined || value === undefined || hash === leftHash(value, alg)

/** The nonce, where exactly one will do. */
const exactNonce = ({ nonce }: Expected): string | undefined =>
  typeof nonce === 'string' ? nonce : undefined

const isNonce = (nonce: unknown, expected: Expected['nonce']): boolean =>
  typeof expected === 'string'
    ? nonce === expected
    : (nonce === undefined || typeof nonce === 'string') && expected(nonce)

/** The user signed in when the login says so; where it does not, then not after its ID Token was issued. */
const isAuthTimeOf = ({ auth_time }: Claims, original: OriginalClaims): boolean =>
  original.auth_time === null
    ? isTime(auth_time) && auth_time <= original.iat + tolerance
    : auth_time === original.auth_time

const RULES: readonly ClaimRule<Facts>[] = [
  // A logout token says nothing else of itself where an OP gives it no type of its own; it has no nonce to be known by.
  {
    otherwise: 'invalid_jwt_type',
    spec: 'Back-Channel Logout 2.4',
    about: 'events',
    holds: (c) => c.events === undefined,
  },
  {
    otherwise: 'invalid_id_token_no_issuer',
    spec: 'Core 2',
    about: 'iss',
    wanted: (e) => e.issuer,
    holds: (c) => typeof c.iss === 'string' && c.iss !== '',
  },
  {
    otherwise: 'invalid_id_token_bad_issuer',
    spec: 'Core 3.1.3.7 (2)',
    about: 'iss',
    wanted: (e) => e.issuer,
    holds: (c, e) => c.iss === e.issuer,
  },
  {
    otherwise: 'invalid_id_token_no_audience',
    spec: 'Core 2',
    about: 'aud',
    wanted: (e) => e.client_id,
    holds: (c) =>
      audiences(c).length > 0 && audiences(c).every((aud) => typeof aud === 'string' && aud !== ''),
  },
  {
    otherwise: 'invalid_id_token_bad_audience',
    spec: 'Core 3.1.3.7 (3)',
    about: 'aud',
    wanted: (e) => e.client_id,
    holds: (c, e) => audiences(c).includes(e.client_id),
  },
  {
    otherwise: 'invalid_id_token_no_authorized_party',
    spec: 'Core 3.1.3.7 (4)',
    about: 'azp',
    wanted: (e) => e.client_id,
    holds: (c) => audiences(c).length === 1 || c.azp !== undefined,
  },
  {
    otherwise: 'invalid_id_token_bad_authorized_party',
    spec: 'Core 3.1.3.7 (5)',
    about: 'azp',
    wanted: (e) => e.client_id,
    holds: (c, e) => c.azp === undefined || c.azp === e.client_id,
  },
  // Core 3.1.3.7 (3): an audience that the client does not trust; oxd trusts none beside its own client.
  {
    otherwise: 'invalid_id_token_further_audience',
    spec: 'Core 3.1.3.7 (3)',
    about: 'aud',
    wanted: (e) => e.client_id,
    holds: (c, e) => audiences(c).length === 1 || audiences(c).every((aud) => aud === e.client_id),
  },
  {
    otherwise: 'no_subject_identifier',
    spec: 'Core 2',
    about: 'sub',
    holds: (c) => typeof c.sub === 'string' && c.sub !== '',
  },
  {
    otherwise: 'malformed_subject_identifier',
    spec: 'Core 2',
    about: 'sub',
    holds: (c) => isSubject(c.sub),
  },
  {
    otherwise: 'invalid_id_token_expiration_time',
    spec: 'Core 2',
    about: 'exp',
    holds: (c) => isTime(c.exp) && (!isTime(c.iat) || c.exp >= c.iat),
  },
  {
    otherwise: 'invalid_id_token_expired',
    spec: 'Core 3.1.3.7 (9)',
    about: 'exp',
    wanted: (e) => e.now,
    holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,
  },
  // Milliseconds, infinities and centuries: whoever says so has mistaken the unit, or means for ever.
  {
    otherwise: 'invalid_id_token_endless',
    spec: 'RFC 7519 4.1.4',
    about: 'exp',
    wanted: (e) => e.now + LIMITS.id_token_seconds_max,
    holds: (c, e) => isTime(c.exp) && c.exp <= e.now + LIMITS.id_token_seconds_max,
  },
  {
    otherwise: 'invalid_id_token_issued_at',
    spec: 'Core 3.1.3.7 (10)',
    about: 'iat',
    wanted: (e) => e.now,
    holds: (c, e) => isTime(c.iat) && c.iat <= e.now + tolerance,
  },
  // Its nonce was made for this login: it cannot have been issued before the login could have begun.
  {
    otherwise: 'invalid_id_token_old_issued_at',
    spec: 'Core 3.1.3.7 (10)',
    about: 'iat',
    wanted: (e) => e.now,
    holds: (c, e) =>
      typeof e.nonce !== 'string' || (isTime(c.iat) && c.iat >= e.now - LIMITS.login_seconds - tolerance),
  },
  {
    otherwise: 'invalid_id_token_not_yet_valid',
    spec: 'RFC 7519 4.1.5',
    about: 'nbf',
    wanted: (e) => e.now,
    holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),
  },
  {
    otherwise: 'invalid_id_token_no_nonce',
    spec: 'Core 3.1.3.7 (11)',
    about: 'nonce',
    wanted: exactNonce,
    holds: (c, e) => c.nonce !== undefined || typeof e.nonce !== 'string',
  },
  {
    otherwise: 'invalid_id_token_bad_nonce',
    spec: 'Core 3.1.3.7 (11)',
    about: 'nonce',
    wanted: exactNonce,
    holds: (c, e) => isNonce(c.nonce, e.nonce),
  },
  {
    otherwise: 'invalid_id_token_no_auth_time',
    spec: 'Core 2',
    about: 'auth_time',
    wanted: (e) => e.signed_in_since,
    holds: (c, e) => e.signed_in_since === undefined || isTime(c.auth_time),
  },
  {
    otherwise: 'invalid_id_token_old_auth_time',
    spec: 'Core 3.1.3.7 (13)',
    about: 'auth_time',
    wanted: (e) => e.signed_in_since,
    holds: (c, e) =>
      e.signed_in_since === undefined ||
      (isTime(c.auth_time) && c.auth_time + tolerance >= e.signed_in_since),
  },
  {
    otherwise: 'invalid_id_token_future_auth_time',
    spec: 'Core 3.1.3.7 (13)',
    about: 'auth_time',
    wanted: (e) => e.now,
    holds: (c, e) =>
      e.signed_in_since === undefined || (isTime(c.auth_time) && c.auth_time <= e.now + tolerance),
  },
  {
    otherwise: 'invalid_id_token_acr',
    spec: 'Core 3.1.3.7 (12)',
    about: 'acr',
    holds: (c, e) => e.isEssentialAcr?.(c.acr) ?? true,
  },
  {
    otherwise: 'at_hash_not_found',
    spec: 'Core 3.2.2.10',
    about: 'at_hash',
    holds: (c, e) => c.at_hash !== undefined || e.hashes?.includes('at_hash') !== true,
  },
  {
    otherwise: 'c_hash_not_found',
    spec: 'Core 3.3.2.11',
    about: 'c_hash',
    holds: (c, e) => c.c_hash !== undefined || e.hashes?.includes('c_hash') !== true,
  },
  {
    otherwise: 'invalid_access_token_bad_hash',
    spec: 'Core 3.1.3.8',
    about: 'at_hash',
    holds: (c, e) => isHashOf(c.at_hash, e.access_token, e.alg),
  },
  {
    otherwise: 'invalid_authorization_code_bad_hash',
    spec: 'Core 3.3.2.10',
    about: 'c_hash',
    holds: (c, e) => isHashOf(c.c_hash, e.code, e.alg),
  },
  {
    otherwise: 'invalid_state_bad_hash',
    spec: 'FAPI 1.0 part 2, 5.1.1',
    about: 's_hash',
    holds: (c, e) => isHashOf(c.s_hash, e.state, e.alg),
  },
  {
    otherwise: 'invalid_subject_identifier',
    spec: 'Core 12.2',
    about: 'sub',
    wanted: (e) => e.sub,
    holds: (c, e) => e.sub === undefined || c.sub === e.sub,
  },
  {
    otherwise: 'refreshed_authorized_party',
    spec: 'Core 12.2',
    about: 'azp',
    wanted: (e) => e.original?.azp,
    holds: (c, e) => e.original === undefined || (c.azp ?? null) === e.original.azp,
  },
  {
    otherwise: 'refreshed_issued_at',
    spec: 'Core 12.2',
    about: 'iat',
    wanted: (e) => e.original?.iat,
    holds: (c, e) => e.original === undefined || (isTime(c.iat) && c.iat + tolerance >= e.original.iat),
  },
  {
    otherwise: 'refreshed_auth_time',
    spec: 'Core 12.2',
    about: 'auth_time',
    wanted: (e) => e.original?.auth_time ?? e.original?.iat,
    holds: (c, e) => e.original === undefined || c.auth_time === undefined || isAuthTimeOf(c, e.original),
  },
]

/** What of a validated ID Token those that are refreshed must agree with. */
export const originalOf = ({ iat, auth_time, azp }: Claims): OriginalClaims => ({
  iat: Number(iat),
  auth_time: isTime(auth_time) ? auth_time : null,
  azp: typeof azp === 'string' ? azp : null,
})

/**
 * The session at the OP, where a validated ID Token names it.
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
 */
export const sessionIn = ({ sid }: Claims): string | null =>
  typeof sid === 'string' && sid !== '' && sid.length <= LIMITS.sid_characters_max ? sid : null

/** Every way in which an ID Token itself is refused; any other error says nothing of the token. */
export const ID_TOKEN_ERRORS: ReadonlySet<ErrorCode> = new Set([
  ...RULES.map(({ otherwise }) => otherwise),
  'invalid_id_token_malformed',
  'invalid_jwt_type',
  'invalid_id_token_critical_header',
  'id_token_without_signature_not_allowed',
  'invalid_id_token_invalid_algorithm',
  'invalid_id_token_bad_signature',
  'key_id_not_found',
  'private_key_published',
  'id_token_encrypted',
  'id_token_not_encrypted',
  'invalid_id_token_encryption',
  'invalid_id_token_not_decrypted',
])

/** Claims that a wrong clock spoils. */
const TIMES: ReadonlySet<string> = new Set(['exp', 'iat', 'nbf', 'auth_time'])

/** So that whoever has a clock that is wrong looks there. */
const clockHint =
  (clock: Op['clock']) =>
  (about: string): string => {
    const ahead = TIMES.has(about) ? clock() : undefined
    return ahead === undefined || Math.abs(ahead) <= tolerance
      ? ''
      : ` The clock of the OP is ${Math.abs(ahead)} seconds ${ahead > 0 ? 'ahead of' : 'behind'} that of this machine: correct the one that is wrong.`
  }

/**
 * The claims of an ID Token that is made as registered, signed by this OP, for this client and this login.
 * @throws OxdError one code for each rule; nothing of the token is in its text
 */
export const validateIdToken = async (op: Op, id_token: string, expected: Expected): Promise<Claims> => {
  const { client } = expected
  const registered = registeredFor(client, 'id_token')
  const may_be_unsigned = expected.direct === true && mayBeUnsigned(op)
  const asker = expected.direct === true ? 'login' : 'browser'
  const claims = await openJwt(op, client, id_token, { ...registered, may_be_unsigned }, asker)
  const facts = { ...expected, client_id: client.client_id, alg: hashedLike(op, registered.alg) }
  judge(RULES, claims, facts, clockHint(op.clock))
  return claims
}
