// The logout tokens of the OP that can lie.
// @see https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken
import type { Json, TokenFaults } from './jws.ts'
import type { House, Issuer } from './op_house.ts'
import { encryptFor, signFor } from './op_tokens.ts'

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const LOGOUT_TOKEN_SECONDS = 120

/** What a logout is about: a subject, one of its sessions, or both. */
export interface LoggedOut {
  readonly sub?: string | undefined
  readonly sid?: string | undefined
}

/** An honest logout token for this client, and what the faults make of it. */
export const makeLogoutToken = async (
  house: House,
  issuer: Issuer,
  client_id: string,
  about: LoggedOut,
  faults: TokenFaults = issuer.faults.logout_token ?? {},
): Promise<string> => {
  const client = issuer.clients.get(client_id)
  if (client === undefined) throw new Error(`The OP has no client ${client_id}.`)
  const now = Math.floor(house.now() / 1000)
  const times: Record<string, number> = { iat: now, exp: now + LOGOUT_TOKEN_SECONDS }
  for (const [name, offset] of Object.entries(faults.offsets ?? {}))
    times[name] = (times[name] ?? now) + offset
  const claims: Json = {
    iss: issuer.issuer,
    aud: client_id,
    ...times,
    jti: house.token(),
    events: { [LOGOUT_EVENT]: {} },
    ...about,
  }
  const header = (made: Json): Json | string => {
    const typed = { ...made, typ: 'logout+jwt' }
    return faults.header?.(typed) ?? typed
  }
  const alg = client.metadata['id_token_signed_response_alg']
  const signed = await signFor(issuer, client, claims, alg, { ...faults, header })
  // As its ID Tokens are (Back-Channel Logout 2.4).
  return String(await encryptFor(issuer, client, 'id_token', signed))
}
