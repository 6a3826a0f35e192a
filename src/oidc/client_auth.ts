// How oxd authenticates as a client of the OP: at the token endpoint, and wherever else a client has to.
// @see https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
import { createHash, timingSafeEqual } from 'node:crypto'
import { ClientSecretPost, None, allowInsecureRequests, customFetch, type ClientAuth } from 'oauth4webapi'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { hmacJwt, isHmac, isLongEnough } from './client_key.ts'
import type { DoorAnswer, Step } from './http.ts'
import type { Op } from './op.ts'
import { isOwnAlgorithm } from './own_keys.ts'
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

/** @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2 */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

type SignAssertion = (claims: Readonly<Record<string, unknown>>) => Promise<string>

/** A JWT in which the client says who it is, to this OP, for a moment, once. */
const assertion =
  ({ hasQuirk, metadata }: Op, url: string, sign: SignAssertion): ClientAuth =>
  async (_server, { client_id }, body) => {
    // The issuer: an audience that no other OP can claim to be, whatever URLs it names.
    const aud = hasQuirk('assertion_audience_url') ? url : metadata.issuer
    body.set('client_id', client_id)
    body.set('client_assertion_type', ASSERTION_TYPE)
    body.set('client_assertion', await sign({ iss: client_id, sub: client_id, aud }))
  }

const secretJwt: Method = ({ op, client, url }) => {
  const { client_secret = '', token_endpoint_auth_signing_alg: alg = 'HS256' } = client
  if (!isHmac(alg)) throw new OxdError('invalid_algorithm', { what: alg })
  if (!isLongEnough(client_secret, alg)) throw new OxdError('client_secret_too_short', { what: `(${alg})` })
  return assertion(op, url, async (claims) => {
    const iat = op.own.now()
    const times = { jti: op.own.name(), iat, exp: iat + LIMITS.assertion_seconds }
    return hmacJwt(client_secret, alg, { ...claims, ...times })
  })
}

const privateKeyJwt: Method = ({ op, client, url }) => {
  const { token_endpoint_auth_signing_alg: alg = 'RS256', jwks_kids: kids } = client
  if (!isOwnAlgorithm(alg)) throw new OxdError('invalid_algorithm', { what: alg })
  return assertion(op, url, (claims) => op.own.sign(alg, claims, { seconds: LIMITS.assertion_seconds, kids }))
}

type Method = (at: { readonly op: Op; readonly client: TokenClient; readonly url: string }) => ClientAuth

/** The methods, by the names of OpenID Connect Core section 9. */
export const AUTH_METHODS: Readonly<Record<string, Method>> = {
  client_secret_basic: ({ op, client }) => basic(op, client),
  client_secret_post: ({ client }) => ClientSecretPost(client.client_secret ?? ''),
  client_secret_jwt: secretJwt,
  private_key_jwt: privateKeyJwt,
  none: () => None(),
}

/** Methods for which the client has no secret. */
export const WITHOUT_SECRET: ReadonlySet<string> = new Set(['private_key_jwt', 'none'])

/**
 * A client whose secret a caller says. oxd proves with its own key who it is only where the caller has proven that before: by the
 * secret that the OP gave with the registration.
 * @throws OxdError invalid_algorithm
 */
export const clientOfCaller = <C extends TokenClient>(client: C, registered: TokenClient | undefined): C => {
  if (client.token_endpoint_auth_method !== 'private_key_jwt') return client
  const [said, known] = [client.client_secret, registered?.client_secret].map((secret) =>
    createHash('sha256')
      .update(secret ?? '')
      .digest(),
  )
  const isKnown = registered?.client_id === client.client_id && registered.client_secret !== undefined
  if (isKnown && said !== undefined && known !== undefined && timingSafeEqual(said, known)) {
    return { ...client, jwks_kids: registered.jwks_kids }
  }
  throw new OxdError('invalid_algorithm', {
    what: 'authentication_method private_key_jwt is for clients of oxd, with the client_secret that the OP gave them: else use client_secret_basic or client_secret_post.',
  })
}

/**
 * The client as it registered to authenticate, at this URL of the OP.
 * @throws OxdError invalid_algorithm, client_secret_too_short
 */
export const authentication = (op: Op, client: TokenClient, url: string): ClientAuth => {
  const { token_endpoint_auth_method: method } = client
  const authenticate = Object.hasOwn(AUTH_METHODS, method) ? AUTH_METHODS[method] : undefined
  if (authenticate === undefined) throw new OxdError('invalid_algorithm', { what: method })
  return authenticate({ op, client, url })
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
