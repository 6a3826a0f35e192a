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
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'registration',
])

export type Parameters = readonly (readonly [name: string, value: string | undefined])[]

/**
 * The authorization endpoint with these parameters, each once and encoded, absent ones left out.
 * `custom` are the caller's own. @throws OxdError invalid_request when one of them belongs to oxd
 */
export const authorizationUrl = (
  { authorization_endpoint }: OpMetadata,
  parameters: Parameters,
  custom: Readonly<Record<string, string>>,
): string => {
  const url = new URL(authorization_endpoint)
  for (const [name, value] of parameters) {
    if (value !== undefined && value !== '') url.searchParams.set(name, value)
  }
  for (const [name, value] of Object.entries(custom)) {
    if (OWNED.has(name) || url.searchParams.has(name)) {
      throw new OxdError('invalid_request', {
        what: `The parameter ${JSON.stringify(name)} is not the caller's to set.`,
      })
    }
    url.searchParams.set(name, value)
  }
  return url.href
}
