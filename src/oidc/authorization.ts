// The authorization request: the URL to which the browser of the user is sent.
// @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
import { OxdError } from '../error.ts'
import type { OpMetadata } from './discovery.ts'

/** Parameters that belong to oxd: whoever could set them could redirect a login or take its protection away. */
const OWNED: ReadonlySet<string> = new Set([
  'response_type',
  'response_mode',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'registration',
  // Claims of a request object, which its parameters are, too: with `sub` it would be a client assertion, in the hands of
  // every browser (RFC 9101 section 10.8).
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
])

export type Parameters = readonly (readonly [name: string, value: string | undefined])[]

type Authorization = Pick<OpMetadata, 'authorization_endpoint'>

/** What of a login goes to the OP by way of the browser. */
export interface LoginRequest {
  readonly redirect_uri: string
  readonly state: string
  readonly nonce: string
  readonly code_challenge: string
}

/** The parameters that oxd owns, in every login (Core 3.1.2.1, RFC 7636 section 4.3). */
export const loginParameters = (
  login: LoginRequest,
  asked: {
    readonly client_id: string
    readonly scope: readonly string[]
    /** Default: `code`. */
    readonly response_type?: string | undefined
    /** Undefined: as the response type has it. */
    readonly response_mode?: string | undefined
  },
): Parameters => [
  ['response_type', asked.response_type ?? 'code'],
  ['response_mode', asked.response_mode],
  ['client_id', asked.client_id],
  ['redirect_uri', login.redirect_uri],
  ['scope', asked.scope.join(' ')],
  ['state', login.state],
  ['nonce', login.nonce],
  ['code_challenge', login.code_challenge],
  ['code_challenge_method', 'S256'],
]

/**
 * A name of a parameter as the laxest of servers reads it: ASP.NET in any letters, PHP with `_` for a blank or a dot, and as that of
 * a list up to its bracket. To such a server it would come twice, and the last one counts.
 */
const readLaxly = (name: string): string =>
  name
    .trimStart()
    .toLowerCase()
    .replace(/[[\0].*/s, '')
    .replaceAll(/[\s.]/g, '_')

/**
 * Refuses parameters of the caller's own that belong to oxd, or would come twice.
 * @throws OxdError invalid_request
 */
export const refuseOwned = (
  { authorization_endpoint }: Authorization,
  given: Parameters,
  custom: Readonly<Record<string, string>>,
): void => {
  const taken = new Set(new URL(authorization_endpoint).searchParams.keys())
  for (const [name, value] of given) if (value) taken.add(name)
  const isRefused = (name: string): boolean => OWNED.has(name) || taken.has(name)
  const refused = Object.keys(custom).find((name) => isRefused(name) || isRefused(readLaxly(name)))
  if (refused !== undefined) {
    throw new OxdError('invalid_request', {
      what: `The parameter ${JSON.stringify(refused)} is not the caller's to set.`,
    })
  }
}

/** The authorization endpoint with these parameters, each once and encoded, empty and absent ones left out. */
export const authorizationUrl = (
  { authorization_endpoint }: Authorization,
  parameters: Parameters,
): string => {
  const url = new URL(authorization_endpoint)
  for (const [name, value] of parameters) if (value) url.searchParams.set(name, value)
  return url.href
}
