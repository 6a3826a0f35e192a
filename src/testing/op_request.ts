// Authorization requests that come to the OP on other ways than in the URL: pushed, or as a JWT, by value or by reference.
// @see https://www.rfc-editor.org/rfc/rfc9126 and https://www.rfc-editor.org/rfc/rfc9101
import { constants, createDecipheriv, privateDecrypt } from 'node:crypto'
import { pooledKey, publicJwk } from './jws.ts'
import type { Json } from './jws.ts'
import { jsonOf, signedByClient } from './op_client_auth.ts'
import { Refusal, text, UNSIGNED } from './op_house.ts'
import type { House, Issuer, Request } from './op_house.ts'

type Client = NonNullable<ReturnType<Issuer['clients']['get']>>

const PUSHED_SECONDS = 60
const PUSHED = 'urn:ietf:params:oauth:request_uri:'

interface Pushed {
  readonly client_id: string
  readonly params: Json
  readonly expires_at: number
}
const pushed = new WeakMap<Issuer, Map<string, Pushed>>()
const pushedAt = (issuer: Issuer): Map<string, Pushed> => {
  const known = pushed.get(issuer) ?? new Map<string, Pushed>()
  pushed.set(issuer, known)
  return known
}

const refused = (): Refusal => new Refusal(400, 'invalid_request_object')

/** The key to which requests are encrypted: another one than those that sign. */
export const encryptionJwk = async ({ slot }: Issuer): Promise<Json> => ({
  ...publicJwk(await pooledKey('RSA', `enc ${slot}`), `enc-${slot}`),
  use: 'enc',
})

/** Opens RSA-OAEP-256 with AES-GCM, the one encryption that this OP reads. */
const opened = async ({ slot }: Issuer, jwe: string): Promise<string> => {
  const [head = '', ...rest] = jwe.split('.')
  const [key = Buffer.alloc(0), iv = Buffer.alloc(0), ciphertext = Buffer.alloc(0), tag = Buffer.alloc(0)] =
    rest.map((part) => Buffer.from(part, 'base64url'))
  const { alg, enc, kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
  if (alg !== 'RSA-OAEP-256' || !/^A\d{3}GCM$/.test(enc) || kid !== `enc-${slot}`) throw refused()
  const { privateKey } = await pooledKey('RSA', `enc ${slot}`)
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  const cek = privateDecrypt({ key: privateKey, ...oaep }, key)
  // As OpenSSL calls it, with its bits.
  const decipher = createDecipheriv(`aes-${cek.length * 8}-gcm` as 'aes-256-gcm', cek, iv)
  decipher.setAAD(Buffer.from(head, 'ascii'))
  decipher.setAuthTag(tag)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString()
}

/** The claims of a JWT that has no signature, and says so. */
const unsignedClaims = (jwt: string): Json | undefined => {
  const [head = '', body = '', signature] = jwt.split('.')
  return jsonOf(head)['alg'] === UNSIGNED && signature === '' ? jsonOf(body) : undefined
}

/** The parameters in a request object that this client signed, encrypted if it registered that. */
const inObject = async (house: House, issuer: Issuer, client: Client, jwt: string): Promise<Json> => {
  const isEncrypted = jwt.split('.').length === 5
  if (isEncrypted !== (client.metadata['request_object_encryption_alg'] !== undefined)) throw refused()
  const jws = isEncrypted ? await opened(issuer, jwt) : jwt
  const alg = text(client.metadata['request_object_signing_alg']) ?? ''
  const claims = alg === UNSIGNED ? unsignedClaims(jws) : await signedByClient(client, jws, alg)
  if (claims === undefined) throw refused()
  const { iss, aud, exp, nbf, iat, jti, ...params } = claims
  const now = Math.floor(house.now() / 1_000)
  const isGood =
    iss === client.client_id &&
    params['client_id'] === client.client_id &&
    aud === issuer.issuer &&
    [exp, nbf, iat].every((time) => typeof time === 'number') &&
    Number(exp) > now &&
    Number(nbf) <= now &&
    text(jti) !== undefined
  if (!isGood) throw refused()
  return params
}

const takePushed = (house: House, issuer: Issuer, request_uri: string, client_id: unknown): Json => {
  const found = pushedAt(issuer).get(request_uri)
  pushedAt(issuer).delete(request_uri)
  const isGood =
    found !== undefined && found.client_id === client_id && found.expires_at > Math.floor(house.now() / 1_000)
  if (!isGood) throw new Refusal(400, 'invalid_request_uri')
  return found.params
}

const fetched = async (client: Client, request_uri: string): Promise<string> => {
  const registered = client.metadata['request_uris']
  if (Array.isArray(registered) && !registered.includes(request_uri))
    throw new Refusal(400, 'invalid_request_uri')
  return (await client.fetch(request_uri)).text()
}

/** The parameters of an authorization request, whatever way they came; what stands beside them is passed over. */
export const requestedBy = async (house: House, issuer: Issuer, { params }: Request): Promise<Json> => {
  const client = issuer.clients.get(text(params['client_id']) ?? '')
  if (client === undefined) return params
  const request_uri = text(params['request_uri'])
  const isPushed = request_uri?.startsWith(PUSHED) === true
  if (!isPushed && issuer.faults.pushes === 'required') throw new Refusal(400, 'invalid_request')
  const whole = isPushed ? takePushed(house, issuer, request_uri, client.client_id) : params
  const request =
    !isPushed && request_uri !== undefined ? await fetched(client, request_uri) : text(whole['request'])
  if (request !== undefined) return inObject(house, issuer, client, request)
  if (client.metadata['request_object_signing_alg'] !== undefined) throw refused()
  return whole
}

/** What the endpoint of pushed requests answers to an authenticated client. */
export const pushFor = (house: House, issuer: Issuer, { client_id }: Client, params: Json): Json => {
  if (params['request_uri'] !== undefined || params['client_id'] !== client_id)
    throw new Refusal(400, 'invalid_request')
  const request_uri = `${PUSHED}${house.token()}`
  const expires_at = Math.floor(house.now() / 1_000) + PUSHED_SECONDS
  const SECRETS = new Set(['client_secret', 'client_assertion', 'client_assertion_type'])
  const kept = Object.fromEntries(Object.entries(params).filter(([name]) => !SECRETS.has(name)))
  pushedAt(issuer).set(request_uri, { client_id, params: kept, expires_at })
  return { request_uri, expires_in: PUSHED_SECONDS }
}
