// How oxd authenticates as a client of the OP: at the token endpoint, and wherever else a client has to.
// @see https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
import {
  ClientSecretBasic,
  ClientSecretPost,
  None,
  allowInsecureRequests,
  customFetch,
  type ClientAuth,
} from 'oauth4webapi'
import { OxdError } from '../error.ts'
import type { DoorAnswer, Step } from './http.ts'
import type { Op } from './op.ts'
import type { TokenClient } from './token_client.ts'

/** The methods, by the names of OpenID Connect Core section 9. */
export const AUTH_METHODS: Readonly<Record<string, (client_secret: string) => ClientAuth>> = {
  client_secret_basic: ClientSecretBasic,
  client_secret_post: ClientSecretPost,
  none: None,
}

/** The client as it registered to authenticate. @throws OxdError invalid_algorithm */
export const authentication = (client: TokenClient): ClientAuth => {
  const { token_endpoint_auth_method: method, client_secret = '' } = client
  const authenticate = Object.hasOwn(AUTH_METHODS, method) ? AUTH_METHODS[method] : undefined
  if (authenticate === undefined) throw new OxdError('invalid_algorithm', { what: method })
  return authenticate(client_secret)
}

/** Requests of oauth4webapi through the door, which alone decides whether http is allowed. */
export const through = (op: Op, step: Step) =>
  ({ [customFetch]: op.door.fetchFor(step), [allowInsecureRequests]: true }) as const

/** A Response of the door in the door's own shape. */
export const answerOf = async (url: string, response: Response): Promise<DoorAnswer> => ({
  status: response.status,
  headers: response.headers,
  text: await response.text(),
  url,
})
