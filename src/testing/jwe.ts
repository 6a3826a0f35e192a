// Encryption by hand over node:crypto, so that a broken token is said as easily as a good one.
// @see https://www.rfc-editor.org/rfc/rfc7516 and https://www.rfc-editor.org/rfc/rfc7518
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  pbkdf2Sync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Json } from './jws.ts'

/** To whom a token is encrypted. */
export interface Recipient {
  /** The public key that the client registered, as a JWK. */
  readonly jwk?: Json | undefined
  readonly client_secret: string
}

/** The lies over one encrypted token; each hook gets the good value and gives back what is sent. */
export interface JweFaults {
  /** Instead of what the client registered. */
  readonly alg?: string
  readonly enc?: string
  /** Of the ephemeral key of ECDH-ES. */
  readonly curve?: 'P-256' | 'P-384'
  readonly header?: (header: Json) => Json
  readonly plaintext?: (jws: string) => string | Buffer
  /** To a key that nobody registered, under the name of the one that the client did. */
  readonly stranger?: true
  /** How many times it is encrypted; default: once. */
  readonly layers?: number
  /** Of header, encrypted key, IV, ciphertext and tag, all as they are sent. */
  readonly segments?: (segments: readonly string[]) => readonly string[]
  /** The last word. */
  readonly jwe?: (jwe: string) => unknown
  /** Not encrypted at all. */
  readonly plain?: true
}

const CONTENT: Readonly<
  Record<string, { readonly bytes: number; readonly hash?: 'sha256' | 'sha384' | 'sha512' }>
> = {
  A128GCM: { bytes: 16 },
  A192GCM: { bytes: 24 },
  A256GCM: { bytes: 32 },
  'A128CBC-HS256': { bytes: 32, hash: 'sha256' },
  'A192CBC-HS384': { bytes: 48, hash: 'sha384' },
  'A256CBC-HS512': { bytes: 64, hash: 'sha512' },
}
export const CONTENT_ENCRYPTIONS = Object.keys(CONTENT)
export const KEY_ENCRYPTIONS = [
  'RSA-OAEP',
  'RSA-OAEP-256',
  'ECDH-ES',
  'ECDH-ES+A128KW',
  'ECDH-ES+A192KW',
  'ECDH-ES+A256KW',
  'dir',
  'A128KW',
  'A192KW',
  'A256KW',
  // Only as lies.
  'RSA1_5',
  'PBES2-HS256+A128KW',
]

const base64url = (value: string | Buffer): string => Buffer.from(value).toString('base64url')
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** @see https://www.rfc-editor.org/rfc/rfc3394 */
const wrap = (key: Buffer, cek: Buffer): Buffer => {
  const cipher = createCipheriv(`id-aes${key.length * 8}-wrap`, key, Buffer.alloc(8, 0xa6))
  return Buffer.concat([cipher.update(cek), cipher.final()])
}

/** @see https://openid.net/specs/openid-connect-core-1_0.html#Encryption */
const ofSecret = (secret: string, bytes: number): Buffer =>
  createHash(bytes <= 32 ? 'sha256' : bytes <= 48 ? 'sha384' : 'sha512')
    .update(secret)
    .digest()
    .subarray(0, bytes)

/** @see https://www.rfc-editor.org/rfc/rfc7518#section-4.6.2 */
const agreed = (secret: Buffer, name: string, bytes: number): Buffer => {
  const info = Buffer.concat([
    uint32(name.length),
    Buffer.from(name),
    uint32(0),
    uint32(0),
    uint32(bytes * 8),
  ])
  const rounds = Array.from({ length: Math.ceil(bytes / 32) }, (_, at) =>
    createHash('sha256')
      .update(Buffer.concat([uint32(at + 1), secret, info]))
      .digest(),
  )
  return Buffer.concat(rounds).subarray(0, bytes)
}

interface Managed {
  readonly cek: Buffer
  readonly encrypted_key: Buffer
  readonly header: Json
}

const manage = (alg: string, enc: string, { jwk, client_secret }: Recipient, faults: JweFaults): Managed => {
  const bytes = CONTENT[enc]?.bytes ?? 32
  const cek = randomBytes(bytes)
  const publicKey = (): KeyObject => createPublicKey({ key: jwk ?? {}, format: 'jwk' })
  if (alg === 'dir')
    return { cek: ofSecret(client_secret, bytes), encrypted_key: Buffer.alloc(0), header: {} }
  if (alg.startsWith('RSA')) {
    const rsa =
      alg === 'RSA1_5'
        ? { padding: constants.RSA_PKCS1_PADDING }
        : { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: alg === 'RSA-OAEP' ? 'sha1' : 'sha256' }
    return { cek, encrypted_key: publicEncrypt({ key: publicKey(), ...rsa }, cek), header: {} }
  }
  if (alg.startsWith('PBES2')) {
    const salt = randomBytes(16)
    const input = Buffer.concat([Buffer.from(alg), Buffer.of(0), salt])
    const key = pbkdf2Sync(client_secret, input, 1_000, 16, 'sha256')
    return { cek, encrypted_key: wrap(key, cek), header: { p2s: base64url(salt), p2c: 1_000 } }
  }
  const wrapBytes = Number(/A(\d{3})KW$/.exec(alg)?.[1] ?? 0) / 8
  if (!alg.startsWith('ECDH-ES'))
    return { cek, encrypted_key: wrap(ofSecret(client_secret, wrapBytes), cek), header: {} }
  const curve = faults.curve ?? 'P-256'
  const ephemeral = generateKeyPairSync('ec', { namedCurve: curve })
  // With another curve there is no common secret: anything will do.
  const secret =
    curve === 'P-256'
      ? diffieHellman({ privateKey: ephemeral.privateKey, publicKey: publicKey() })
      : randomBytes(32)
  const header = { epk: ephemeral.publicKey.export({ format: 'jwk' }) }
  if (wrapBytes === 0) return { cek: agreed(secret, enc, bytes), encrypted_key: Buffer.alloc(0), header }
  return { cek, encrypted_key: wrap(agreed(secret, alg, wrapBytes), cek), header }
}

const encryptContent = (enc: string, cek: Buffer, aad: Buffer, plain: Buffer) => {
  const { hash } = CONTENT[enc] ?? {}
  const iv = randomBytes(hash === undefined ? 12 : 16)
  if (hash === undefined) {
    // The name says how many bits, as OpenSSL does.
    const cipher = createCipheriv(`aes-${cek.length * 8}-gcm` as 'aes-256-gcm', cek, iv)
    cipher.setAAD(aad)
    const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
    return { iv, ciphertext, tag: cipher.getAuthTag() }
  }
  const half = cek.length / 2
  const cipher = createCipheriv(`aes-${half * 8}-cbc`, cek.subarray(half), iv)
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
  const length = Buffer.concat([uint32(0), uint32(aad.length * 8)])
  const mac = createHmac(hash, cek.subarray(0, half)).update(Buffer.concat([aad, iv, ciphertext, length]))
  return { iv, ciphertext, tag: mac.digest().subarray(0, half) }
}

const stranger = ({ jwk }: Recipient): Recipient => {
  const made =
    jwk?.['kty'] === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    jwk: jwk && { ...made.publicKey.export({ format: 'jwk' }), kid: jwk['kid'] },
    client_secret: 'of-somebody-else-'.repeat(4),
  }
}

/** Encrypts in the compact serialization, as the faults say. */
export const makeJwe = (
  jws: string,
  registered: { readonly alg: string; readonly enc: string },
  recipient: Recipient,
  faults: JweFaults = {},
): unknown => {
  if (faults.plain === true) return jws
  const { alg, enc } = { alg: faults.alg ?? registered.alg, enc: faults.enc ?? registered.enc }
  const managed = manage(alg, enc, faults.stranger === true ? stranger(recipient) : recipient, faults)
  const kid = recipient.jwk?.['kid']
  const good = { alg, enc, cty: 'JWT', ...(kid === undefined ? {} : { kid }), ...managed.header }
  const head = base64url(JSON.stringify(faults.header?.(good) ?? good))
  const { layers = 1 } = faults
  const within = layers > 1 ? makeJwe(jws, registered, recipient, { ...faults, layers: layers - 1 }) : jws
  const plain = Buffer.from(faults.plaintext?.(String(within)) ?? String(within))
  const { iv, ciphertext, tag } = encryptContent(enc, managed.cek, Buffer.from(head, 'ascii'), plain)
  const segments = [head, ...[managed.encrypted_key, iv, ciphertext, tag].map(base64url)]
  const jwe = (faults.segments?.(segments) ?? segments).join('.')
  return faults.jwe === undefined ? jwe : faults.jwe(jwe)
}

/** Does this algorithm encrypt to a public key, and of which kind? */
export const kindOfKey = (alg: string): 'RSA' | 'EC' | undefined =>
  alg.startsWith('RSA') ? 'RSA' : alg.startsWith('ECDH') ? 'EC' : undefined
