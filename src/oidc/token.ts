// The token endpoint: a code, a refresh token or the client's own credentials for tokens.
// @see https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest
// @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
import { genericTokenEndpointRequest } from 'oauth4webapi'
import { z } from 'zod'
import { OxdError, type ErrorCode } from '../error.ts'
import { answerOf, authentication, through } from './client_auth.ts'
import type { TokenClient } from './token_client.ts'
import { jsonObject, oauthError, refusal, shaped } from './said.ts'
import { scopeTokens } from './scope.ts'
import type { DoorAnswer } from './http.ts'
import type { Op } from './op.ts'

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

/** RFC 6749 appendices A.12 and A.17: nothing that could end a header. */
const token = z.string().regex(/^[\x20-\x7e]+$/)

// Core 3.1.3.3; some OPs send expires_in as a string, or as null, and empty texts for what is absent.
const TOKENS = z.object({
  access_token: z.preprocess(withoutEmpty, token.nullish()),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.preprocess(withoutEmpty, lifetime.nullish()),
  id_token: z.preprocess(withoutEmpty, z.string().nullish()),
  refresh_token: z.preprocess(withoutEmpty, token.nullish()),
  scope: z.preprocess(withoutEmpty, z.string().nullish()),
})
// RFC 6749 section 5.1
const GRANTED = z.object({ scope: z.preprocess(withoutEmpty, scopeTokens.nullish()) })

interface Tokens {
  readonly access_token: string
  /** Seconds; -1 if the OP does not say. */
  readonly expires_in: number
  /** What the OP gave along; null: nothing. */
  readonly refresh_token: string | null
}
export interface TokenAnswer extends Tokens {
  readonly id_token: string
  /** As the OP said it: read with `grantedScope` where it matters, a login does not fail on it. */
  readonly scope: unknown
}
export interface ClientTokenAnswer extends Tokens {
  /** What the OP says that it granted; where it says nothing, what was asked for (RFC 6749 section 5.1). */
  readonly scope: readonly string[]
}
export interface RefreshedTokens extends ClientTokenAnswer {
  /** Not validated: Core 12.2 says what must hold of it. */
  readonly id_token: string | undefined
}

/** What the token endpoint answered, and what was sent that nobody may read in an error text. */
export interface GrantAnswer extends DoorAnswer {
  readonly secrets: readonly (string | undefined)[]
}

/** Parameters of grants that are no secrets; every other one is kept out of error texts. */
const PLAIN: ReadonlySet<string> = new Set(['redirect_uri', 'scope', 'claim_token_format'])

/**
 * One request to the token endpoint, authenticated as the client, without any retry; every status is an answer.
 * What an OP refuses with is read by `grantRefused`.
 * @param parameters those of the grant, beside `grant_type`
 * @throws OxdError invalid_algorithm, and those of the door
 */
export const requestGrant = async (
  op: Op,
  client: TokenClient,
  grant_type: string,
  parameters: Readonly<Record<string, string>>,
): Promise<GrantAnswer> => {
  const url = op.metadata.token_endpoint
  const response = await genericTokenEndpointRequest(
    { issuer: op.metadata.issuer, token_endpoint: url },
    { client_id: client.client_id },
    authentication(op, client, url),
    grant_type,
    { ...parameters },
    through(op, 'token'),
  )
  const secret = Object.entries(parameters).flatMap(([name, value]) => (PLAIN.has(name) ? [] : [value]))
  return { ...(await answerOf(url, response)), secrets: [...secret, client.client_secret] }
}

/** Which error of RFC 6749 section 5.2 is which of ours. */
export type GrantErrors = ReadonlyMap<string, ErrorCode>

/** The refusal of the token endpoint, by the code that `codes` has for it, else op_http_status. */
export const grantRefused = (answer: GrantAnswer, codes: GrantErrors): OxdError => {
  const oauth = oauthError(answer, answer.secrets)
  const code = oauth === undefined ? undefined : codes.get(oauth.error)
  return oauth === undefined || code === undefined
    ? refusal('token', answer, answer.secrets)
    : new OxdError(code, { what: `${new URL(answer.url).origin} says: ${oauth.said}.` })
}

const askForTokens = async (
  op: Op,
  client: TokenClient,
  grant_type: string,
  parameters: Readonly<Record<string, string>>,
  codes: GrantErrors,
) => {
  const answer = await requestGrant(op, client, grant_type, parameters)
  // An error is one under any status, and beside tokens, too: nobody knows which of both is meant.
  const isRefused = answer.status !== 200 || oauthError(answer, answer.secrets) !== undefined
  if (isRefused) throw grantRefused(answer, codes)
  const tokens = shaped('token', answer.url, TOKENS, jsonObject('token', answer))
  if (!tokens.access_token) throw new OxdError('no_access_token')
  return {
    access_token: tokens.access_token,
    expires_in: Math.floor(Math.min(tokens.expires_in ?? -1, EXPIRES_IN_MAX)),
    id_token: tokens.id_token ?? undefined,
    refresh_token: tokens.refresh_token ?? null,
    scope: tokens.scope,
  }
}

const CODE_ERRORS: GrantErrors = new Map([['invalid_grant', 'code_refused']])

/**
 * Redeems a code, once, without any retry.
 * @throws OxdError code_refused, op_http_status, no_id_token, no_access_token, and those of the door
 */
export const redeemCode = async (
  op: Op,
  client: TokenClient,
  grant: { readonly code: string; readonly redirect_uri: string; readonly code_verifier: string },
): Promise<TokenAnswer> => {
  const tokens = await askForTokens(op, client, 'authorization_code', { ...grant }, CODE_ERRORS)
  if (!tokens.id_token) throw new OxdError('no_id_token')
  return { ...tokens, id_token: tokens.id_token }
}

/** What was granted; where the OP is silent, what was asked for. @throws OxdError op_answer_malformed */
export const grantedScope = (op: Op, said: unknown, asked: readonly string[]): readonly string[] =>
  shaped('token', op.metadata.token_endpoint, GRANTED, { scope: said }).scope ?? asked

/** The parameter; none where nothing is asked for. */
const scopeOf = (asked: readonly string[]): { readonly scope?: string } =>
  asked.length === 0 ? {} : { scope: asked.join(' ') }

const REFRESH_ERRORS: GrantErrors = new Map([
  ['invalid_grant', 'refresh_refused'],
  ['invalid_client', 'invalid_client'],
  ['invalid_scope', 'scope_refused'],
])

/**
 * Fresh tokens for a refresh token, once, without any retry: an OP that rotates them takes each only once.
 * Where the answer has no refresh token, the one that was sent stays good (RFC 6749 section 6).
 * @param grant `scope`: no more than was granted before; without it, all of that
 * @throws OxdError refresh_refused, invalid_client, scope_refused, op_http_status, no_access_token, and those of the door
 */
export const refreshTokens = async (
  op: Op,
  client: TokenClient,
  grant: { readonly refresh_token: string; readonly scope?: readonly string[] | undefined },
): Promise<RefreshedTokens> => {
  const { refresh_token, scope: asked = [] } = grant
  const parameters = { refresh_token, ...scopeOf(asked) }
  const tokens = await askForTokens(op, client, 'refresh_token', parameters, REFRESH_ERRORS)
  return { ...tokens, scope: grantedScope(op, tokens.scope, asked) }
}

const CLIENT_ERRORS: GrantErrors = new Map([
  ['invalid_client', 'invalid_client'],
  ['invalid_scope', 'scope_refused'],
])

/**
 * A token for the client itself.
 * @throws OxdError invalid_client, scope_refused, op_http_status, no_access_token, and those of the door
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export const clientCredentials = async (
  op: Op,
  client: TokenClient,
  { scope: asked }: { readonly scope: readonly string[] },
): Promise<ClientTokenAnswer> => {
  const tokens = await askForTokens(op, client, 'client_credentials', scopeOf(asked), CLIENT_ERRORS)
  const { id_token: _, ...kept } = tokens
  return { ...kept, scope: grantedScope(op, tokens.scope, asked) }
}
