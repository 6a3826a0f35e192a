// The tokens of a login, out of the response that came back and, where it has a code, out of the token endpoint.
// @see https://openid.net/specs/openid-connect-core-1_0.html#HybridFlowAuth
import type { Claims } from '../claims.ts'
import { OxdError } from '../error.ts'
import { hasWord, type ResponseType } from '../flow.ts'
import type { AuthorizationResponse } from './authorization_response.ts'
import { validateIdToken, type Expected } from './id_token.ts'
import type { Op } from './op.ts'
import type { RegisteredClient } from './registration.ts'
import { grantedScope, redeemCode, type TokenAnswer } from './token.ts'

/** What its tokens must fit. */
export interface AwaitedLogin {
  readonly response_type: ResponseType
  readonly state: string
  readonly redirect_uri: string
  readonly code_verifier: string
  /** What was asked for; undefined: not known. */
  readonly scope: readonly string[] | undefined
}

export interface LoginTokens {
  /** Null: the flow has none. */
  readonly access_token: string | null
  /** Seconds; -1 if the OP does not say. */
  readonly expires_in: number
  readonly id_token: string
  readonly refresh_token: string | null
  readonly id_token_claims: Claims
  readonly scope: readonly string[]
}

type ExpectedOfAll = Omit<Expected, 'direct' | 'access_token' | 'code' | 'state' | 'hashes'>

/** The ID Token that came through the browser: it binds by its hashes what came with it, or that is bound by nothing. */
const frontClaims = (
  op: Op,
  id_token: string,
  { code, access_token }: AuthorizationResponse,
  { state }: AwaitedLogin,
  expected: ExpectedOfAll,
): Promise<Claims> => {
  const hashes = [
    ...(code === undefined ? [] : (['c_hash'] as const)),
    ...(access_token === undefined ? [] : (['at_hash'] as const)),
  ]
  return validateIdToken(op, id_token, { ...expected, code, access_token, state, hashes })
}

/**
 * Tokens and claims that the token endpoint gives for the code.
 * @throws OxdError those of `redeemCode` and `validateIdToken`
 */
export const tokensByCode = async (
  op: Op,
  client: RegisteredClient,
  code: string,
  { redirect_uri, code_verifier, state }: Pick<AwaitedLogin, 'redirect_uri' | 'code_verifier' | 'state'>,
  expected: ExpectedOfAll,
): Promise<TokenAnswer & { readonly id_token_claims: Claims }> => {
  const tokens = await redeemCode(op, client, { code, redirect_uri, code_verifier })
  const { id_token, access_token } = tokens
  const id_token_claims = await validateIdToken(op, id_token, {
    ...expected,
    direct: true,
    access_token,
    code,
    state,
  })
  return { ...tokens, id_token_claims }
}

/**
 * Tokens and claims of a login. What came through the browser is checked before the token endpoint is asked; an access
 * token that came with a code is not used, since the token endpoint gives one that nobody saw (Core 3.3.3.8).
 * @throws OxdError those of `validateIdToken` and `tokensByCode`, id_tokens_differ
 */
export const tokensOf = async (
  op: Op,
  client: RegisteredClient,
  response: AuthorizationResponse,
  login: AwaitedLogin,
  expected: ExpectedOfAll,
): Promise<LoginTokens> => {
  const { code, id_token, access_token = null, expires_in, scope } = response
  const front =
    id_token === undefined ? undefined : await frontClaims(op, id_token, response, login, expected)
  const asked = login.scope ?? []
  if (code === undefined) {
    // `readResponse` has seen that what has no code has an ID Token.
    if (id_token === undefined || front === undefined) throw new OxdError('no_id_token')
    const granted = hasWord(login.response_type, 'token') ? grantedScope(op, scope, asked) : asked
    return {
      access_token,
      expires_in,
      id_token,
      refresh_token: null,
      id_token_claims: front,
      scope: granted,
    }
  }
  const tokens = await tokensByCode(op, client, code, login, expected)
  const { id_token_claims: back } = tokens
  // Core 3.3.3.6; that both are of this issuer each validation has seen.
  if (front !== undefined && (front.iss !== back.iss || front.sub !== back.sub)) {
    throw new OxdError('id_tokens_differ')
  }
  return { ...tokens, scope: grantedScope(op, tokens.scope, asked) }
}
