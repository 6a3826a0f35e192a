// An authorization request as a JWT: signed by oxd, unless the site says otherwise, and encrypted to the OP where that was registered.
// @see https://openid.net/specs/openid-connect-core-1_0.html#RequestObject
// @see https://www.rfc-editor.org/rfc/rfc9101
import { CompactEncrypt, UnsecuredJWT, type CryptoKey } from 'jose'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import type { ClientAlgorithms } from './client_algorithms.ts'
import { DEFAULT_ENCRYPTION } from './jwe.ts'
import { parseJson } from './json.ts'
import { importedKey, type PublicKey } from './keys.ts'
import type { Op } from './op.ts'
import { isOwnAlgorithm, type OwnAlgorithm } from './own_keys.ts'
import { UNSIGNED } from './unsigned.ts'

export type RequestClient = ClientAlgorithms & {
  readonly client_id: string
  readonly jwks_kids?: readonly string[] | undefined
}

/** How a request object is signed, or that it is not. */
export type RequestAlgorithm = OwnAlgorithm | typeof UNSIGNED

export const isRequestAlgorithm = (alg: string): alg is RequestAlgorithm =>
  alg === UNSIGNED || isOwnAlgorithm(alg)

/** Parameters that are no texts in JSON (Core 6.1). */
const NATIVE: Readonly<Record<string, (value: string) => unknown>> = {
  max_age: Number,
  claims: parseJson,
}

const claimOf = ([name, value]: readonly [string, string]): readonly [string, unknown] => [
  name,
  Object.hasOwn(NATIVE, name) ? NATIVE[name]?.(value) : value,
]

const RSA_BITS_MIN = 2048
/** RFC 7518 section 4.3: whoever encrypts to a shorter one does so to everybody. */
const isLong = ({ n }: PublicKey): boolean =>
  n === undefined || Buffer.byteLength(n, 'base64url') * 8 >= RSA_BITS_MIN

/** A key of the OP to encrypt to, and its name: the first of the kind that the algorithm wants. @throws OxdError no_op_encryption_key */
const encryptionKey = async (
  { keys }: Op,
  alg: string,
): Promise<{ readonly key: CryptoKey | Uint8Array; readonly named: { readonly kid?: string } }> => {
  const kty = alg.startsWith('RSA') ? 'RSA' : 'EC'
  for (const candidate of (await keys.published()).keys) {
    const isFitting =
      candidate.kty === kty &&
      candidate.use === 'enc' &&
      isLong(candidate) &&
      (candidate.alg === undefined || candidate.alg === alg)
    const key = isFitting ? await importedKey(candidate, alg) : undefined
    const { kid } = candidate
    if (key !== undefined) return { key, named: kid === undefined ? {} : { kid } }
  }
  throw new OxdError('no_op_encryption_key')
}

const encrypted = async (op: Op, jws: string, alg: string, enc: string): Promise<string> => {
  const { key, named } = await encryptionKey(op, alg)
  return new CompactEncrypt(Buffer.from(jws))
    .setProtectedHeader({ alg, enc, cty: 'JWT', ...named })
    .encrypt(key)
}

/** Says no more of who asks than a request in the URL does, as long as nobody changes it on the way. */
const unsigned = ({ own }: Op, claims: Readonly<Record<string, unknown>>, seconds: number): string => {
  const iat = own.now()
  return new UnsecuredJWT({ jti: own.name(), ...claims, iat, exp: iat + seconds }).encode()
}

/**
 * The request as a JWT: whose it is, for this OP, for a few minutes.
 * @throws OxdError no_op_encryption_key, rp_key_not_registered
 */
export const requestObject = async (
  op: Op,
  client: RequestClient,
  alg: RequestAlgorithm,
  parameters: readonly (readonly [string, string])[],
): Promise<string> => {
  const { client_id, jwks_kids: kids } = client
  const { request_object_encryption_alg: keyAlg, request_object_encryption_enc: enc } = client
  const claims = Object.fromEntries(parameters.map(claimOf))
  const own = { iss: client_id, client_id, aud: op.metadata.issuer, nbf: op.own.now() }
  const seconds = LIMITS.request_object_seconds
  const jws =
    alg === UNSIGNED
      ? unsigned(op, { ...claims, ...own }, seconds)
      : await op.own.sign(alg, { ...claims, ...own }, { seconds, typ: 'oauth-authz-req+jwt', kids })
  return keyAlg === undefined ? jws : encrypted(op, jws, keyAlg, enc ?? DEFAULT_ENCRYPTION)
}
