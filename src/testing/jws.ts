// JOSE by hand over node:crypto, so that a broken token is said as easily as a good one.
// It shares nothing with the relying party: what judges a token must not also have made it.
import { constants, createHash, createHmac, createSecretKey, generateKeyPair, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

export type Json = Record<string, unknown>
export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export type Kty = 'RSA' | 'EC' | 'OKP'
export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const generate = promisify(generateKeyPair)
const GENERATORS: Readonly<Record<Kty, () => Promise<KeyPair>>> = {
  RSA: () => generate('rsa', { modulusLength: 2048 }),
  EC: () => generate('ec', { namedCurve: 'P-256' }),
  OKP: () => generate('ed25519', {}),
}

interface Algorithm {
  /** oct: the client_secret. */
  readonly kty: Kty | 'oct'
  /** Of at_hash: the hash of the algorithm; Ed25519 is built on SHA-512. */
  readonly digest: 'sha256' | 'sha384' | 'sha512'
  readonly sign: (input: string, key: KeyObject) => Buffer
}

/**
 * The algorithms with which the OP signs honestly.
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.1 and https://www.rfc-editor.org/rfc/rfc8037#section-3.1
 */
export const ALGORITHMS = {
  RS256: { kty: 'RSA', digest: 'sha256', sign: (input, key) => sign('sha256', Buffer.from(input), key) },
  PS256: {
    kty: 'RSA',
    digest: 'sha256',
    sign: (input, key) =>
      sign('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  },
  ES256: {
    kty: 'EC',
    digest: 'sha256',
    sign: (input, key) => sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }),
  },
  EdDSA: { kty: 'OKP', digest: 'sha512', sign: (input, key) => sign(null, Buffer.from(input), key) },
  HS256: {
    kty: 'oct',
    digest: 'sha256',
    sign: (input, key) => createHmac('sha256', key).update(input).digest(),
  },
  HS384: {
    kty: 'oct',
    digest: 'sha384',
    sign: (input, key) => createHmac('sha384', key).update(input).digest(),
  },
  HS512: {
    kty: 'oct',
    digest: 'sha512',
    sign: (input, key) => createHmac('sha512', key).update(input).digest(),
  },
} as const satisfies Readonly<Record<string, Algorithm>>
export type Alg = keyof typeof ALGORITHMS

export const isAlg = (name: unknown): name is Alg =>
  typeof name === 'string' && Object.hasOwn(ALGORITHMS, name)

const pool = new Map<string, Promise<KeyPair>>()

/**
 * The key of this kind and slot, made when it is first asked for and then shared by all OPs of the process:
 * an RSA key costs about 100 ms, and a run has hundreds of issuers.
 */
export const pooledKey = (kty: Kty, slot: string): Promise<KeyPair> => {
  const name = `${kty} ${slot}`
  const known = pool.get(name)
  if (known !== undefined) return known
  const made = GENERATORS[kty]()
  pool.set(name, made)
  return made
}

/** A client_secret as a key, for both halves. */
export const secretKey = (client_secret: string): KeyPair => {
  const key = createSecretKey(Buffer.from(client_secret))
  return { publicKey: key, privateKey: key }
}

/** The public half as a JWK. @see https://www.rfc-editor.org/rfc/rfc7517#section-4 */
export const publicJwk = (key: KeyPair, kid: string): Json => ({
  ...key.publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
})

/** What a signature may be made from. */
export interface Signing {
  readonly alg: Alg
  /** The published key of this algorithm. */
  readonly key: KeyPair
  /** A key of the same kind that the OP never publishes. */
  readonly stranger: KeyPair
  readonly client_secret: string
}

interface SignatureRule {
  readonly header?: (header: Json, signing: Signing) => Json
  readonly sign: (input: string, signing: Signing) => Buffer
}

const honest = (input: string, { alg, key }: Signing): Buffer => ALGORITHMS[alg].sign(input, key.privateKey)
const foreign = (input: string, { alg, stranger }: Signing): Buffer =>
  ALGORITHMS[alg].sign(input, stranger.privateKey)
const hs256 = (header: Json): Json => ({ ...header, alg: 'HS256' })

/** Every way a token of this OP may be signed. */
export const SIGNATURES = {
  honest: { sign: honest },
  /** An unsecured JWT. @see https://www.rfc-editor.org/rfc/rfc7519#section-6 */
  none: { header: (header) => ({ ...header, alg: 'none' }), sign: () => Buffer.alloc(0) },
  /** The public key, known to everyone, as HMAC secret. @see https://www.rfc-editor.org/rfc/rfc8725#section-2.1 */
  hs256_public_key: {
    header: hs256,
    sign: (input, { key }) =>
      createHmac('sha256', key.publicKey.export({ type: 'spki', format: 'pem' }))
        .update(input)
        .digest(),
  },
  hs256_client_secret: {
    header: hs256,
    sign: (input, { client_secret }) => createHmac('sha256', client_secret).update(input).digest(),
  },
  /** A key that was never published, under the kid of the published one. */
  another_key: { sign: foreign },
  /** A key that was never published, handed over in the header. @see https://www.rfc-editor.org/rfc/rfc8725#section-3.10 */
  embedded_key: {
    header: (header, { stranger }) => ({ ...header, jwk: stranger.publicKey.export({ format: 'jwk' }) }),
    sign: foreign,
  },
  flipped_bit: {
    sign: (input, signing) => {
      const signature = Buffer.from(honest(input, signing))
      signature.writeUInt8(signature.readUInt8(0) ^ 1, 0)
      return signature
    },
  },
  truncated: { sign: (input, signing) => honest(input, signing).subarray(0, -1) },
  empty: { sign: () => Buffer.alloc(0) },
  /** r = s = 0, which a verifier without range checks accepts from anyone (CVE-2022-21449). */
  zero: { sign: () => Buffer.alloc(64) },
  /** ECDSA in DER where JOSE wants r and s side by side. @see https://www.rfc-editor.org/rfc/rfc7518#section-3.4 */
  der: { sign: (input, { key }) => sign('sha256', Buffer.from(input), key.privateKey) },
} as const satisfies Readonly<Record<string, SignatureRule>>
export type SignatureName = keyof typeof SIGNATURES

/** The lies over one token. Each hook gets the good value and gives back what is sent. */
export interface TokenFaults {
  /** Seconds added to the good times; `nbf` and other times appear only when they are named here. */
  readonly offsets?: Readonly<Partial<Record<'exp' | 'iat' | 'nbf' | 'auth_time', number>>>
  /** Text is sent as it is: members twice, no JSON at all. */
  readonly claims?: (claims: Json) => Json | string | Buffer
  readonly header?: (header: Json) => Json | string
  /** A published key of this algorithm, whatever the client registered. */
  readonly alg?: Alg
  readonly sign?: SignatureName | ((input: string, signing: Signing) => Buffer)
  /** The last word: another number of segments, or no text at all. */
  readonly jwt?: (jwt: string) => unknown
}

const segment = (value: Json | string | Buffer): string =>
  Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString(
    'base64url',
  )

/** Signs `claims` in the compact serialization, as the faults say. @see https://www.rfc-editor.org/rfc/rfc7515#section-7.1 */
export const makeJwt = (claims: Json, header: Json, signing: Signing, faults: TokenFaults): unknown => {
  const rule: SignatureRule =
    typeof faults.sign === 'function' ? { sign: faults.sign } : SIGNATURES[faults.sign ?? 'honest']
  const ruled = rule.header?.(header, signing) ?? header
  const sent = segment(faults.header?.(ruled) ?? ruled)
  const input = `${sent}.${segment(faults.claims?.(claims) ?? claims)}`
  const jwt = `${input}.${rule.sign(input, signing).toString('base64url')}`
  return faults.jwt === undefined ? jwt : faults.jwt(jwt)
}

/** The left half of the hash of a token. @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken */
export const leftHash = (alg: Alg, token: string): string => {
  const digest = createHash(ALGORITHMS[alg].digest).update(token, 'ascii').digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
