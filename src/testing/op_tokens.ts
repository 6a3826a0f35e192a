// What the OP that can lie gives out: ID Tokens and other JWTs, signed and encrypted as the client registered, and access tokens.
import { kindOfKey, makeJwe } from './jwe.ts'
import { ALGORITHMS, isAlg, leftHash, makeJwt, pooledKey, secretKey } from './jws.ts'
import type { Json, Kty, TokenFaults } from './jws.ts'
import { clientKey } from './op_client_auth.ts'
import { TOKEN_SECONDS, UNSIGNED, secondsOf, text } from './op_house.ts'
import type { Client, Grant, House, Issuer } from './op_house.ts'

const ID_TOKEN_SECONDS = 600
/** Who registers one of these gets the `sid` of the session. */
const SESSION_REQUIRED = ['backchannel_logout_session_required', 'frontchannel_logout_session_required']
/** Keys that issuers take turns at: neighbours differ, a thousand issuers cost four RSA keys. */
export const SLOTS = 4

/** The ID Token of a grant, or a signed userinfo: the same key, header and lies. */
export const signFor = async (
  issuer: Issuer,
  client: Client,
  claims: Json,
  alg: unknown,
  faults: TokenFaults,
): Promise<unknown> => {
  const used = faults.alg ?? (isAlg(alg) ? alg : 'RS256')
  const { kty } = ALGORITHMS[used]
  const client_secret = client.client_secret ?? ''
  // Core 2: what a client registers that uses the code flow alone.
  const said: TokenFaults = alg === UNSIGNED ? { sign: UNSIGNED, ...faults } : faults
  const signing = {
    alg: used,
    key: kty === 'oct' ? secretKey(client_secret) : await pooledKey(kty, String(issuer.slot)),
    stranger: kty === 'oct' ? secretKey('of somebody else') : await pooledKey(kty, 'stranger'),
    client_secret,
  }
  return makeJwt(claims, { alg: used, kid: kidOf(issuer, kty), typ: 'JWT' }, signing, said)
}

/** What was signed, encrypted if the client registered that for this sort of JWT. */
export const encryptFor = async (
  issuer: Issuer,
  client: Client,
  sort: 'id_token' | 'userinfo' | 'authorization',
  jwt: unknown,
): Promise<unknown> => {
  const alg = text(client.metadata[`${sort}_encrypted_response_alg`])
  const enc = text(client.metadata[`${sort}_encrypted_response_enc`]) ?? 'A128CBC-HS256'
  const faults = issuer.faults.encryption ?? {}
  const used = faults.alg ?? alg
  if (used === undefined || typeof jwt !== 'string') return jwt
  const kty = kindOfKey(used)
  const jwk = await clientKey(client, (key) => key['kty'] === kty && key['use'] === 'enc')
  const recipient = { jwk: kty === undefined ? undefined : jwk, client_secret: client.client_secret ?? '' }
  return makeJwe(jwt, { alg: used, enc }, recipient, faults)
}

/** The same name at every issuer, which is their right: an issuer's keys must be kept apart from another's. */
export const kidOf = (issuer: Issuer, kty: Kty | 'oct'): string => `${kty}-${issuer.kid}`

export const rotateKeys = (issuer: Issuer, keepKid: boolean): void => {
  issuer.slot = (issuer.slot + 1) % SLOTS
  if (!keepKid) issuer.kid += 1
}

/** @param bound what comes with it, and is bound to it by hashes */
export const idToken = async (
  house: House,
  issuer: Issuer,
  client: Client,
  grant: Grant,
  bound: { readonly code?: string | undefined; readonly access_token?: string | undefined },
  faults: TokenFaults,
) => {
  const { rotates } = issuer.faults
  if (rotates !== undefined) rotateKeys(issuer, rotates === 'key')
  const now = secondsOf(house)
  const wanted = client.metadata['id_token_signed_response_alg']
  const times: Record<string, number> = { exp: now + ID_TOKEN_SECONDS, iat: now, auth_time: grant.auth_time }
  for (const [name, offset] of Object.entries(faults.offsets ?? {}))
    times[name] = (times[name] ?? now) + offset
  const alg = faults.alg ?? (isAlg(wanted) ? wanted : 'RS256')
  const hash = (name: string, value: string | undefined): Json =>
    value === undefined ? {} : { [name]: leftHash(alg, value) }
  const claims = {
    iss: issuer.issuer,
    sub: grant.sub,
    aud: grant.client_id,
    ...times,
    ...(grant.acr === undefined ? {} : { acr: grant.acr }),
    ...(grant.sid !== undefined && SESSION_REQUIRED.some((name) => client.metadata[name] === true)
      ? { sid: grant.sid }
      : {}),
    ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
    ...hash('at_hash', bound.access_token),
    ...hash('c_hash', bound.code),
  }
  return encryptFor(issuer, client, 'id_token', await signFor(issuer, client, claims, wanted, faults))
}

/** A fresh access token of this grant. */
export const keepAccessToken = (house: House, issuer: Issuer, grant: Grant): string => {
  const access_token = house.token()
  issuer.accessTokens.set(access_token, { ...grant, expires_at: secondsOf(house) + TOKEN_SECONDS })
  return access_token
}
