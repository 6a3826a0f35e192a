// The userinfo endpoint: what the OP says of the user.
// @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
import type { Claims } from '../claims.ts'
import { OxdError } from '../error.ts'
import { jsonObject, refusal } from './said.ts'
import type { Op } from './op.ts'

/**
 * The claims of the subject `sub`; without `sub`, of whomever the token belongs to.
 * @throws OxdError no_userinfo_endpoint, invalid_access_token, no_subject_identifier, invalid_subject_identifier
 */
export const fetchUserinfo = async (
  op: Op,
  access_token: string,
  sub: string | undefined,
): Promise<Claims> => {
  const url = op.metadata.userinfo_endpoint
  if (url === undefined) throw new OxdError('no_userinfo_endpoint')
  const response = await op.door.request({
    step: 'userinfo',
    url,
    accept: 'application/json',
    headers: { authorization: `Bearer ${access_token}` },
  })
  if (response.status === 401) throw new OxdError('invalid_access_token')
  if (response.status !== 200) throw refusal('userinfo', response, [access_token])
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new OxdError('op_answer_malformed', {
      what: `${new URL(url).origin} answered the userinfo request with no JSON.`,
    })
  }
  const claims = jsonObject('userinfo', response)
  if (typeof claims.sub !== 'string' || claims.sub === '') throw new OxdError('no_subject_identifier')
  // Core 5.3.4: the claims of another subject must not be used.
  if (sub !== undefined && claims.sub !== sub) throw new OxdError('invalid_subject_identifier')
  return claims
}
