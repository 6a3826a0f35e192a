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

type Authorization = Pick<OpMetadata, 'authorization_endpoint'>

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
  const refused = Object.keys(custom).find((name) => OWNED.has(name) || taken.has(name))
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
