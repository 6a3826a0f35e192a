// How an authorization request reaches the OP: in the URL, as a request object in it, by reference, or pushed before.
// @see https://www.rfc-editor.org/rfc/rfc9126 and https://www.rfc-editor.org/rfc/rfc9101
import { pushedAuthorizationRequest } from 'oauth4webapi'
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { authorizationUrl, type Parameters } from './authorization.ts'
import { answerOf, authentication, through } from './client_auth.ts'
import type { OpMetadata } from './discovery.ts'
import { isRequestAlgorithm, requestObject, type RequestClient } from './request_object.ts'
import { jsonObject, oauthError, refusal, shaped } from './said.ts'
import type { Op } from './op.ts'
import type { TokenClient } from './token_client.ts'

/** What a site wants of the way. */
export interface Way {
  /** Always; never, unless the OP requires it; undefined: where the OP offers it. */
  readonly pushed: boolean | undefined
  /** Keeps a request object where the OP fetches it, and says its address; undefined: it goes by value. */
  readonly keep?: ((jwt: string) => Promise<string>) | undefined
}

// RFC 9126 section 2.2
const PUSHED = z.object({
  request_uri: z.string().min(1).max(LIMITS.url_characters_max),
  expires_in: z.number().positive(),
})

/**
 * Beside a request object: what OAuth and OpenID Connect want in every request, with the same values (Core 6.1); and the state, which
 * applications read out of the URL, and the OP passes over.
 */
const OUTSIDE: ReadonlySet<string> = new Set(['response_type', 'client_id', 'scope', 'state'])

/** Whether the request is pushed. @throws OxdError no_par_endpoint */
const isPushed = (metadata: OpMetadata, { pushed }: Way): boolean => {
  const isOffered = metadata.pushed_authorization_request_endpoint !== undefined
  const isRequired = metadata.require_pushed_authorization_requests === true || pushed === true
  if (isRequired && !isOffered) throw new OxdError('no_par_endpoint')
  return isRequired || (isOffered && pushed !== false)
}

/**
 * Gives the request to the OP, as the client, without any retry; a refusal ends the login, and never leads to another way.
 * @returns the name that the OP has for it, for a short time
 */
const push = async (
  op: Op,
  client: TokenClient,
  parameters: Readonly<Record<string, string>>,
): Promise<string> => {
  const { issuer, pushed_authorization_request_endpoint: url } = op.metadata
  if (url === undefined) throw new OxdError('no_par_endpoint')
  const { client_id, client_secret } = client
  const response = await pushedAuthorizationRequest(
    { issuer, pushed_authorization_request_endpoint: url },
    { client_id },
    authentication(op, client, url),
    { ...parameters },
    through(op, 'pushed authorization'),
  )
  const answer = await answerOf(url, response)
  const secrets = [client_secret, parameters.nonce, parameters.request]
  if (answer.status !== 201) {
    const refused = oauthError(answer, secrets)
    if (refused === undefined) throw refusal('pushed authorization', answer, secrets)
    const code = refused.error === 'invalid_client' ? 'invalid_client' : 'authorization_request_refused'
    throw new OxdError(code, { what: `${new URL(url).origin} says: ${refused.said}.` })
  }
  return shaped('pushed authorization', url, PUSHED, jsonObject('pushed authorization', answer)).request_uri
}

/**
 * The URL to which the browser goes.
 * @throws OxdError no_par_endpoint, authorization_request_refused, invalid_client, no_op_encryption_key, and those of the door
 */
export const requestAuthorization = async (
  op: Op,
  client: TokenClient & RequestClient,
  parameters: Parameters,
  way: Way,
): Promise<string> => {
  const { metadata } = op
  const { client_id } = client
  const given = parameters.flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []))
  const state = given.filter(([name]) => name === 'state')
  const alg = client.request_object_signing_alg
  const pushed = isPushed(metadata, way)
  const isObject = alg !== undefined && isRequestAlgorithm(alg)
  const request = isObject ? await requestObject(op, client, alg, given) : undefined
  if (pushed) {
    const request_uri = await push(
      op,
      client,
      request === undefined ? Object.fromEntries(given) : { request },
    )
    return authorizationUrl(metadata, [['client_id', client_id], ['request_uri', request_uri], ...state])
  }
  if (request === undefined) return authorizationUrl(metadata, given)
  const outside = given.filter(([name]) => OUTSIDE.has(name))
  const carried: readonly [string, string] =
    way.keep === undefined ? ['request', request] : ['request_uri', await way.keep(request)]
  return authorizationUrl(metadata, [...outside, carried])
}
