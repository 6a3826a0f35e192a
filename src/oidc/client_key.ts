// Keys that are made of a client_secret: for HMAC signatures, and for symmetric encryption.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** HMAC with SHA-2, and the hash, by the names of RFC 7518 section 3.2. */
export const HMAC_HASHES: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  HS256: 'sha256',
  HS384: 'sha384',
  HS512: 'sha512',
}
const HASH_BYTES = { sha256: 32, sha384: 48, sha512: 64 } as const

export const isHmac = (alg: string): boolean => Object.hasOwn(HMAC_HASHES, alg)

/** Is the secret at least as long as the hash? (RFC 7518 section 3.2, Core 16.19) */
export const isLongEnough = (client_secret: string | undefined, alg: string): boolean => {
  const hash = HMAC_HASHES[alg]
  return hash !== undefined && Buffer.byteLength(client_secret ?? '') >= HASH_BYTES[hash]
}

/** The HMAC of the text under the secret. @throws RangeError where no such algorithm is */
const hmac = (client_secret: string, alg: string, text: string): Buffer => {
  const hash = HMAC_HASHES[alg]
  if (hash === undefined) throw new RangeError(`no HMAC: ${alg}`)
  return createHmac(hash, client_secret).update(text).digest()
}

/** A compact JWT that is signed with the secret. */
export const hmacJwt = (
  client_secret: string,
  alg: string,
  claims: Readonly<Record<string, unknown>>,
): string => {
  const text = [{ alg, typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${hmac(client_secret, alg, text).toString('base64url')}`
}

/** Whether a compact JWS was signed with the secret; in the same time wherever they differ. */
export const isSignedWith = (client_secret: string, alg: string, jws: string): boolean => {
  const end = jws.lastIndexOf('.')
  const signature = Buffer.from(jws.slice(end + 1), 'base64url')
  const expected = hmac(client_secret, alg, jws.slice(0, end))
  return signature.length === expected.length && timingSafeEqual(signature, expected)
}

/**
 * A key of this many bytes, made of the secret: the left of its hash.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#Encryption section 10.2
 */
export const symmetricKey = (client_secret: string, bytes: number): Buffer => {
  const hash = bytes <= HASH_BYTES.sha256 ? 'sha256' : bytes <= HASH_BYTES.sha384 ? 'sha384' : 'sha512'
  return createHash(hash).update(client_secret, 'utf8').digest().subarray(0, bytes)
}
