// The token endpoint: a code for tokens.
// @see https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest
import {
  ClientSecretBasic,
  ClientSecretPost,
  None,
  allowInsecureRequests,
  customFetch,
  genericTokenEndpointRequest,
  type ClientAuth,
} from 'oauth4webapi'
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { jsonObject, oauthError, refusal, shaped } from './said.ts'
import type { DoorAnswer } from './http.ts'
import type { Op } from './op.ts'

/** How oxd authenticates at the token endpoint, by the names of OpenID Connect Core section 9. */
export const AUTH_METHODS: Readonly<Record<string, (client_secret: string) => ClientAuth>> = {
  client_secret_basic: ClientSecretBasic,
  client_secret_post: ClientSecretPost,
  none: None,
}

export interface TokenClient {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly token_endpoint_auth_method: string
}

/** Clients in C# and Java read a signed number of 32 bits. */
const EXPIRES_IN_MAX = 2_147_483_647
const withoutEmpty = (value: unknown): unknown => (value === '' ? undefined : value)
const lifetime = z.union([
  z.number().nonnegative(),
  z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number),
])

// Core 3.1.3.3; some OPs send expires_in as a string, or as null, and empty texts for what is absent.
const TOKENS = z.object({
  access_token: z.preprocess(withoutEmpty, z.string().nullish()),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.preprocess(withoutEmpty, lifetime.nullish()),
  id_token: z.preprocess(withoutEmpty, z.string().nullish()),
  refresh_token: z.preprocess(withoutEmpty, z.string().nullish()),
})

export interface TokenAnswer {
  readonly access_token: string
  /** Seconds; -1 if the OP does not say. */
  readonly expires_in: number
  readonly id_token: string
  readonly refresh_token: string | null
}

/**
 * Redeems a code, once, without any retry.
 * @throws OxdError code_refused, op_http_status, no_id_token, no_access_token, and those of the door
 */
export const redeemCode = async (
  op: Op,
  client: TokenClient,
  grant: { readonly code: string; readonly redirect_uri: string; readonly code_verifier: string },
): Promise<TokenAnswer> => {
  const authenticate = AUTH_METHODS[client.token_endpoint_auth_method]
  if (authenticate === undefined)
    throw new OxdError('invalid_algorithm', { what: client.token_endpoint_auth_method })
  const url = op.metadata.token_endpoint
  const response = await genericTokenEndpointRequest(
    { issuer: op.metadata.issuer, token_endpoint: url },
    { client_id: client.client_id },
    authenticate(client.client_secret ?? ''),
    'authorization_code',
    { ...grant },
    // Whether http is allowed is decided by the door alone.
    { [customFetch]: op.door.fetchFor('token'), [allowInsecureRequests]: true },
  )
  const answer: DoorAnswer = {
    status: response.status,
    headers: response.headers,
    text: await response.text(),
    url,
  }
  if (answer.status !== 200)
    throw refusedCode(answer, [grant.code, grant.code_verifier, client.client_secret])
  const tokens = shaped('token', url, TOKENS, jsonObject('token', answer))
  if (!tokens.id_token) throw new OxdError('no_id_token')
  if (!tokens.access_token) throw new OxdError('no_access_token')
  return {
    access_token: tokens.access_token,
    expires_in: Math.floor(Math.min(tokens.expires_in ?? -1, EXPIRES_IN_MAX)),
    id_token: tokens.id_token,
    refresh_token: tokens.refresh_token ?? null,
  }
}

const refusedCode = (answer: DoorAnswer, secrets: readonly (string | undefined)[]): OxdError => {
  const oauth = oauthError(answer, secrets)
  return oauth?.error === 'invalid_grant'
    ? new OxdError('code_refused', { what: `${new URL(answer.url).origin} says: ${oauth.said}.` })
    : refusal('token', answer, secrets)
}
