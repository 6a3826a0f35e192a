// How oxd authenticates as a client of the OP: at the token endpoint, and wherever else a client has to.
// @see https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
import { ClientSecretPost, None, allowInsecureRequests, customFetch, type ClientAuth } from 'oauth4webapi'
import { OxdError } from '../error.ts'
import type { DoorAnswer, Step } from './http.ts'
import type { Op } from './op.ts'
import type { TokenClient } from './token_client.ts'

/** application/x-www-form-urlencoded, which leaves `.`, `-`, `_` and `*` as they are (RFC 6749 appendix B). */
const formEncoded = (value: string): string =>
  new URLSearchParams({ value }).toString().slice('value='.length)
const asItIs = (value: string): string => value

/**
 * HTTP Basic; encoded, since both may hold any printable character and a colon ends the client_id.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
const basic = ({ hasQuirk }: Op, { client_secret = '' }: TokenClient): ClientAuth => {
  const written = hasQuirk('basic_not_encoded') ? asItIs : formEncoded
  return (_server, { client_id }, _body, headers) => {
    const credentials = Buffer.from(`${written(client_id)}:${written(client_secret)}`, 'utf8')
    headers.set('authorization', `Basic ${credentials.toString('base64')}`)
  }
}

/** The methods, by the names of OpenID Connect Core section 9. */
export const AUTH_METHODS: Readonly<Record<string, (op: Op, client: TokenClient) => ClientAuth>> = {
  client_secret_basic: basic,
  client_secret_post: (_op, { client_secret = '' }) => ClientSecretPost(client_secret),
  none: () => None(),
}

/** The client as it registered to authenticate. @throws OxdError invalid_algorithm */
export const authentication = (op: Op, client: TokenClient): ClientAuth => {
  const { token_endpoint_auth_method: method } = client
  const authenticate = Object.hasOwn(AUTH_METHODS, method) ? AUTH_METHODS[method] : undefined
  if (authenticate === undefined) throw new OxdError('invalid_algorithm', { what: method })
  return authenticate(op, client)
}

/** Requests of oauth4webapi through the door, which alone decides whether http is allowed. */
export const through = (op: Op, step: Step) =>
  ({ [customFetch]: op.door.fetchFor(step), [allowInsecureRequests]: true }) as const

/** As the door does: a byte order mark stays in, so that no JSON parser takes it. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** A Response of the door in the door's own shape. */
export const answerOf = async (url: string, response: Response): Promise<DoorAnswer> => ({
  status: response.status,
  headers: response.headers,
  text: UTF8.decode(await response.arrayBuffer()),
  url,
})
