// How the OP knows a client: by exactly the method that it registered.
// @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3 and https://www.rfc-editor.org/rfc/rfc7523#section-3
import { createHmac, createPublicKey, timingSafeEqual, verify, constants } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isJson } from './jws.ts'
import type { Json } from './jws.ts'
import { Refusal, text } from './op_house.ts'
import type { House, Issuer, Request } from './op_house.ts'

export const AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'none',
]
export const HMACS: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  HS256: 'sha256',
  HS384: 'sha384',
  HS512: 'sha512',
}
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const
type Verifier = (input: Buffer, key: KeyObject, signature: Buffer) => boolean
/** What a client may sign with. */
const VERIFIERS: Readonly<Record<string, Verifier>> = {
  RS256: (input, key, signature) => verify('sha256', input, key, signature),
  PS256: (input, key, signature) => verify('sha256', input, { key, ...pss }, signature),
  ES256: (input, key, signature) => verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature),
  EdDSA: (input, key, signature) => verify(null, input, key, signature),
}
export const CLIENT_ALGORITHMS = Object.keys(VERIFIERS)

type Client = NonNullable<ReturnType<Issuer['clients']['get']>>

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ASSERTION_SECONDS_MAX = 300

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)
const sameText = (a: string, b: string): boolean => same(Buffer.from(a), Buffer.from(b))

const readable = <T>(read: () => T): T => {
  try {
    return read()
  } catch {
    throw new Refusal(400, 'invalid_request')
  }
}
/** Undoes application/x-www-form-urlencoded. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
const formDecode = (value: string): string => readable(() => decodeURIComponent(value.replaceAll('+', ' ')))
export const jsonOf = (part: string): Json => {
  const json: unknown = readable(() => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
  return isJson(json) ? json : {}
}

/** The keys that the client registered, by value or by address. */
const keysOf = async ({ metadata, fetch }: Client): Promise<readonly Json[]> => {
  const uri = text(metadata['jwks_uri'])
  const set: unknown = uri === undefined ? metadata['jwks'] : await (await fetch(uri)).json()
  const keys: unknown = isJson(set) ? set['keys'] : []
  return Array.isArray(keys) ? keys.filter(isJson) : []
}

/** The public key of this client for a use, as a JWK. */
export const clientKey = async (
  client: Client,
  isWanted: (key: Json) => boolean,
): Promise<Json | undefined> => (await keysOf(client)).find(isWanted)

/** The claims of a JWT that this client signed with this algorithm; undefined: it did not. */
export const signedByClient = async (client: Client, jwt: string, alg: string): Promise<Json | undefined> => {
  const [head = '', body = '', signature = ''] = jwt.split('.')
  const header = jsonOf(head)
  if (header['alg'] !== alg) return undefined
  const [input, made] = [Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url')]
  const hash = HMACS[alg]
  if (hash !== undefined) {
    const expected = createHmac(hash, client.client_secret ?? '')
      .update(input)
      .digest()
    return same(expected, made) ? jsonOf(body) : undefined
  }
  const verifier = VERIFIERS[alg]
  const jwk = await clientKey(client, (key) => key['kid'] === header['kid'] && key['use'] === 'sig')
  if (verifier === undefined || jwk === undefined || jwk['alg'] !== alg) return undefined
  const key = readable(() => createPublicKey({ key: jwk, format: 'jwk' }))
  return verifier(input, key, made) ? jsonOf(body) : undefined
}

/** Assertions that were used, by issuer. */
const used = new WeakMap<Issuer, Set<unknown>>()

/** An assertion is good once, for this OP, for a few minutes. */
const isGood = (house: House, issuer: Issuer, client: Client, claims: Json): boolean => {
  const now = Math.floor(house.now() / 1_000)
  const { iss, sub, aud, exp, iat, jti } = claims
  const seen = used.get(issuer) ?? new Set()
  used.set(issuer, seen)
  const isFresh = typeof jti === 'string' && jti !== '' && !seen.has(jti)
  seen.add(jti)
  const wanted = issuer.faults.assertion_audience
  const audiences = [
    ...(wanted === 'url' ? [] : [issuer.issuer]),
    ...(wanted === 'issuer'
      ? []
      : [`${issuer.base}/token`, `${issuer.base}/introspect`, `${issuer.base}/par`]),
  ]
  return (
    iss === client.client_id &&
    sub === client.client_id &&
    audiences.some((audience) => audience === aud) &&
    typeof exp === 'number' &&
    typeof iat === 'number' &&
    exp > now &&
    exp <= now + ASSERTION_SECONDS_MAX &&
    isFresh
  )
}

const hasAsserted = async (house: House, issuer: Issuer, client: Client, params: Json): Promise<boolean> => {
  const method = client.metadata['token_endpoint_auth_method']
  const alg =
    text(client.metadata['token_endpoint_auth_signing_alg']) ??
    (method === 'client_secret_jwt' ? 'HS256' : 'RS256')
  const fits =
    params['client_assertion_type'] === ASSERTION_TYPE &&
    (method === 'client_secret_jwt') === (HMACS[alg] !== undefined)
  const claims = fits ? await signedByClient(client, text(params['client_assertion']) ?? '', alg) : undefined
  return claims !== undefined && isGood(house, issuer, client, claims)
}

/** Which method a request uses, and the client that it names. */
const nameOf = ({ authorization, params }: Request): { method: string; name: string; secret: string } => {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? '')?.[1]
  if (basic !== undefined) {
    const decoded = Buffer.from(basic, 'base64').toString('utf8').split(':', 2).map(formDecode)
    return { method: 'client_secret_basic', name: decoded[0] ?? '', secret: decoded[1] ?? '' }
  }
  const name = text(params['client_id']) ?? ''
  if (params['client_assertion'] !== undefined) {
    const alg = jsonOf((text(params['client_assertion']) ?? '').split('.')[0] ?? '')['alg']
    const method = HMACS[String(alg)] === undefined ? 'private_key_jwt' : 'client_secret_jwt'
    return { method, name, secret: '' }
  }
  return params['client_secret'] === undefined
    ? { method: 'none', name, secret: '' }
    : { method: 'client_secret_post', name, secret: text(params['client_secret']) ?? '' }
}

/** The client that authenticates. @throws Refusal */
export const authenticate = async (house: House, issuer: Issuer, request: Request): Promise<Client> => {
  const refuse = (): Refusal => new Refusal(401, 'invalid_client', { 'www-authenticate': 'Basic realm="op"' })
  const { method, name, secret } = nameOf(request)
  const client = issuer.clients.get(name)
  if (client === undefined) throw refuse()
  if (issuer.faults.ignores?.includes('client_authentication') === true) return client
  if (method !== client.metadata['token_endpoint_auth_method']) throw refuse()
  if (method === 'none') return client
  const isClient = method.endsWith('_jwt')
    ? await hasAsserted(house, issuer, client, request.params)
    : sameText(secret, client.client_secret ?? '')
  if (!isClient) throw refuse()
  return client
}
