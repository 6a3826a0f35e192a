// The userinfo endpoint: what the OP says of the user, plainly or as a JWT, as the client registered it.
// @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
import type { Claims } from '../claims.ts'
import { OxdError } from '../error.ts'
import { isTime, tolerance } from './claim_rules.ts'
import { ID_TOKEN_ERRORS } from './id_token.ts'
import { openJwt, registeredFor, type JwtClient } from './jwt.ts'
import { jsonObject, refusal } from './said.ts'
import type { DoorAnswer } from './http.ts'
import type { Op } from './op.ts'

/** Claims of other providers and where they are to be had (Core 5.6.2): oxd neither fetches nor verifies them. */
const OF_OTHERS: ReadonlySet<string> = new Set(['_claim_names', '_claim_sources'])

const isJwtExpected = (client: JwtClient): boolean =>
  client.userinfo_signed_response_alg !== undefined || client.userinfo_encrypted_response_alg !== undefined

/** What is wrong with the JWT, under the one name that userinfo has for it. */
const opened = async (op: Op, client: JwtClient, jwt: string): Promise<Claims> => {
  try {
    return await openJwt(op, client, jwt, registeredFor(client, 'userinfo'))
  } catch (error) {
    if (!(error instanceof OxdError) || !ID_TOKEN_ERRORS.has(error.code)) throw error
    const { code, reason = { about: 'userinfo' } } = error
    throw new OxdError('invalid_userinfo_jwt', { details: { reason: code }, reason })
  }
}

const JSON_TYPE = /^application\/json\s*(;|$)/i
const JWT_TYPE = /^application\/jwt\s*(;|$)/i

/** Core 5.3.2: whoever signs says who it is and for whom, or anybody's answer would do. */
const isAddressed = ({ metadata, hasQuirk }: Op, { client_id }: JwtClient, { iss, aud }: Claims): boolean => {
  const mayLack = (claim: unknown): boolean => claim === undefined && hasQuirk('userinfo_jwt_unaddressed')
  const isOurs = (Array.isArray(aud) ? aud : [aud]).includes(client_id)
  return (iss === metadata.issuer || mayLack(iss)) && (isOurs || mayLack(aud))
}

/** RFC 7519 sections 4.1.4 and 4.1.5: userinfo need not say from when to when it is good, but it is good for no longer. */
const isOfNow = ({ own }: Op, { exp, nbf }: Claims): boolean => {
  const now = own.now()
  return (
    (exp === undefined || (isTime(exp) && now < exp + tolerance)) &&
    (nbf === undefined || (isTime(nbf) && nbf <= now + tolerance))
  )
}

/** The claims in the answer, which is what was registered: its content type says so, and so does its text. */
const claimsIn = async (op: Op, client: JwtClient, answer: DoorAnswer): Promise<Claims> => {
  const type = answer.headers.get('content-type') ?? ''
  const [wanted, other] = isJwtExpected(client) ? [JWT_TYPE, JSON_TYPE] : [JSON_TYPE, JWT_TYPE]
  if (other.test(type)) throw new OxdError('userinfo_not_as_registered')
  if (!wanted.test(type)) {
    throw new OxdError('op_answer_malformed', {
      what: `${new URL(answer.url).origin} answered the userinfo request with no ${wanted === JSON_TYPE ? 'JSON' : 'JWT'}.`,
    })
  }
  if (wanted === JSON_TYPE) return jsonObject('userinfo', answer)
  const claims = await opened(op, client, answer.text)
  if (!isAddressed(op, client, claims)) {
    throw new OxdError('invalid_userinfo_jwt', { what: 'Its iss or aud is another one, or missing.' })
  }
  if (!isOfNow(op, claims)) {
    throw new OxdError('invalid_userinfo_jwt', { what: 'It is not good yet, or no longer (exp, nbf).' })
  }
  return claims
}

/**
 * The claims of the subject `sub`; without `sub`, of whomever the token belongs to.
 * @throws OxdError no_userinfo_endpoint, invalid_access_token, no_subject_identifier, invalid_subject_identifier,
 *   userinfo_not_as_registered, invalid_userinfo_jwt
 */
export const fetchUserinfo = async (
  op: Op,
  client: JwtClient,
  access_token: string,
  sub: string | undefined,
): Promise<Claims> => {
  const url = op.metadata.userinfo_endpoint
  if (url === undefined) throw new OxdError('no_userinfo_endpoint')
  const response = await op.door.request({
    step: 'userinfo',
    url,
    accept: isJwtExpected(client) ? 'application/jwt' : 'application/json',
    headers: { authorization: `Bearer ${access_token}` },
  })
  if (response.status === 401) throw new OxdError('invalid_access_token')
  if (response.status !== 200) throw refusal('userinfo', response, [access_token])
  const claims = await claimsIn(op, client, response)
  if (typeof claims.sub !== 'string' || claims.sub === '') throw new OxdError('no_subject_identifier')
  // Core 5.3.4: the claims of another subject must not be used.
  if (sub !== undefined && claims.sub !== sub) throw new OxdError('invalid_subject_identifier')
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !OF_OTHERS.has(name)))
}
