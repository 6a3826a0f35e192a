// RP-initiated logout: the URL that ends the session of the user at the OP.
// @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
import { OxdError } from '../error.ts'
import type { OpMetadata } from './discovery.ts'
import { parseJson } from './json.ts'
import { isEncrypted } from './jwe.ts'
import { registeredFor, signedJwt, type JwtClient } from './jwt.ts'
import type { Op } from './op.ts'

/** OPs without an end_session_endpoint whose sessions can be ended all the same, as oxd always did. */
const ELSEWHERE: readonly {
  readonly issuer: string
  readonly url: (post_logout_redirect_uri: string) => string
}[] = [
  {
    issuer: 'https://accounts.google.com',
    url: (uri) => {
      const appengine = `https://appengine.google.com/_ah/logout?continue=${encodeURIComponent(uri)}`
      return `https://www.google.com/accounts/Logout?continue=${encodeURIComponent(appengine)}`
    },
  },
]

/**
 * Whether a hint says itself that it is an ID Token of another client or OP, or is encrypted, so that nobody can tell. It is not
 * verified: whoever makes one up names no session by it. What is no JWT at all is nobody's, and the OP's to refuse.
 */
export const isForeignHint = (id_token_hint: string, issuer: string, client_id: string): boolean => {
  const [, payload = '', ...rest] = id_token_hint.split('.', 5)
  if (rest.length > 1) return true
  const text = Buffer.from(payload, 'base64url').toString('utf8')
  if (!text.startsWith('{')) return false
  const claims = parseJson(text)
  if (typeof claims !== 'object' || claims === null) return true
  const { iss, aud } = { iss: undefined, aud: undefined, ...claims }
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  return iss !== issuer || !audiences.includes(client_id)
}

/** The ID Token as the OP can read it: without the encryption, which only oxd opens (RP-Initiated Logout 1.0 section 2). */
export const readableHint = async (
  op: Pick<Op, 'keys' | 'own'>,
  client: JwtClient,
  id_token: string | undefined,
): Promise<string | undefined> =>
  id_token === undefined || !isEncrypted(id_token)
    ? id_token
    : signedJwt(op, client, id_token, registeredFor(client, 'id_token').encryption)

export interface LogoutParameters {
  readonly id_token_hint: string | undefined
  readonly client_id: string
  readonly post_logout_redirect_uri: string | undefined
  readonly state: string | undefined
  readonly session_state: string | undefined
}

/** The URL that logs the user out. @throws OxdError no_end_session_endpoint_at_op */
export const endSessionUrl = (metadata: OpMetadata, parameters: LogoutParameters): string => {
  if (metadata.end_session_endpoint === undefined) {
    const elsewhere = ELSEWHERE.find(({ issuer }) => issuer === metadata.issuer)
    if (elsewhere === undefined) throw new OxdError('no_end_session_endpoint_at_op')
    return elsewhere.url(parameters.post_logout_redirect_uri ?? '')
  }
  const url = new URL(metadata.end_session_endpoint)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url.href
}
