// A login without a browser: some OPs take the name and the password of a user at the authorization endpoint (HTTP Basic).
// Whoever hands a password to oxd could hand it to anybody, so it is off unless the daemon was told otherwise.
import { createHash } from 'node:crypto'
import { OxdError } from '../error.ts'
import { authorizationUrl, loginParameters, type LoginRequest } from './authorization.ts'
import { clientOfCaller } from './client_auth.ts'
import type { JwtClient } from './jwt.ts'
import type { TokenClient } from './token_client.ts'
import type { DoorAnswer } from './http.ts'
import { validateIdToken } from './id_token.ts'
import type { Op } from './op.ts'
import { authMethod, idTokenAlgorithm } from './registration.ts'
import { redeemCode, type TokenAnswer } from './token.ts'

export interface PasswordLogin {
  readonly client_id: string
  readonly scope: readonly string[]
  readonly acr_values: readonly string[]
  readonly username: string
  readonly password: string
}

const refused = (what: string): OxdError => new OxdError('authorization_refused', { what })

/** The parameters of the redirect, if it leads where the login was to go. */
const redirectOf = (
  { status, headers, url }: DoorAnswer,
  { redirect_uri }: LoginRequest,
): URLSearchParams => {
  const location = headers.get('location') ?? ''
  const { origin } = new URL(url)
  if (!URL.canParse(location, url)) throw refused(`${origin} answered with ${status} and no redirect.`)
  const [back, expected] = [new URL(location, url), new URL(redirect_uri)]
  const isExpected = back.protocol === expected.protocol && back.host === expected.host
  if (!isExpected || back.pathname !== expected.pathname) {
    throw refused(`${origin} redirected to another place than the redirect URI.`)
  }
  return back.searchParams
}

/** The error of RFC 6749 section 4.1.2.1, unless it is no word. */
const wordOf = (error: string | null): string =>
  error !== null && /^[a-z_]{1,64}$/.test(error) ? error : 'an error'

/**
 * The code that the OP gives for a user name and a password. The redirect is read, and never followed.
 * @throws OxdError authorization_refused, and those of the door
 */
export const codeByPassword = async (op: Op, login: LoginRequest, asked: PasswordLogin): Promise<string> => {
  const { username, password, acr_values } = asked
  // RFC 7617 section 2: the first colon ends the name.
  if (username.includes(':')) throw new OxdError('invalid_request', { what: 'A user name has no colon.' })
  const answer = await op.door.request({
    step: 'authorization',
    url: authorizationUrl(op.metadata, [
      ...loginParameters(login, asked),
      ['prompt', 'none'],
      ['acr_values', acr_values.join(' ')],
    ]),
    redirect: 'handed_back',
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
  })
  const back = redirectOf(answer, login)
  const { origin } = new URL(answer.url)
  if (back.has('error')) throw refused(`${origin} says: ${wordOf(back.get('error'))}.`)
  const isOurs =
    back.get('state') === login.state && (back.get('iss') ?? op.metadata.issuer) === op.metadata.issuer
  const code = back.get('code')
  if (!isOurs || !code) throw refused(`${origin} answered with another login, or without a code.`)
  return code
}

/** A whole login of any client of the OP, for `authorization_code_flow` and `implicit_flow`. */
export const loginByPassword = async (
  op: Op,
  asked: PasswordLogin & {
    readonly client_secret: string
    readonly redirect_uri: string
    /** How this client was registered, where it is known. */
    readonly registered?: (TokenClient & JwtClient) | undefined
  },
  { random, now }: { readonly random: (bytes: number) => Buffer; readonly now: number },
): Promise<TokenAnswer & { readonly code: string }> => {
  const { client_id, client_secret, redirect_uri, registered } = asked
  const [state = '', nonce = '', code_verifier = ''] = Array.from({ length: 3 }, () =>
    random(32).toString('base64url'),
  )
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
  const token_endpoint_auth_method =
    registered?.token_endpoint_auth_method ?? authMethod(op.metadata, undefined)
  const id_token_signed_response_alg = registered?.id_token_signed_response_alg ?? idTokenAlgorithm(op, {})

  const code = await codeByPassword(op, { redirect_uri, state, nonce, code_challenge }, asked)
  const client = clientOfCaller(
    { ...registered, client_id, client_secret, token_endpoint_auth_method, id_token_signed_response_alg },
    registered,
  )
  const tokens = await redeemCode(op, client, { code, redirect_uri, code_verifier })
  const { access_token, id_token } = tokens
  await validateIdToken(op, id_token, {
    issuer: op.metadata.issuer,
    client,
    nonce,
    access_token,
    now,
  })
  return { ...tokens, code }
}
