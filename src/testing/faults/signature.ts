// What an OP can do wrong when it signs.
import {
  constants,
  createHash,
  createHmac,
  generateKeyPairSync,
  privateEncrypt,
  sign,
  type KeyObject,
} from 'node:crypto'
import type { Json, Signing, TokenFaults } from '../jws.ts'
import type { Faults } from '../op.ts'
import { faults } from './fault.ts'

const signed = (faults: TokenFaults): Faults => ({ id_token: faults })
const header = (change: Json, sign: TokenFaults['sign'] = 'honest'): Faults =>
  signed({ header: (good) => ({ ...good, ...change }), sign })
const withoutHeader = (name: string): Faults => signed({ header: ({ [name]: _, ...rest }) => rest })
const jwt = (change: (jwt: string) => unknown): Faults => signed({ jwt: change })

/** Made when it is first needed. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

const VERIFY = 'RFC 7515 5.2'
const ALGORITHM = 'Core 3.1.3.7 (7)'
const EMPTY = (): Buffer => Buffer.alloc(0)

/** DER of `AlgorithmIdentifier` and the head of `OCTET STRING` (RFC 8017 section 9.2). */
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const SHA1_INFO = Buffer.from('3021300906052b0e03021a05000414', 'hex')
const sha256 = (input: string): Buffer => createHash('sha256').update(input).digest()

/** PKCS#1 v1.5 over a DigestInfo of one's own. */
const pkcs1 =
  (info: (input: string) => Buffer) =>
  (input: string, { key }: Signing): Buffer =>
    privateEncrypt({ key: key.privateKey, padding: constants.RSA_PKCS1_PADDING }, info(input))

/** The block as it is, without any padding of a library. */
const rawRsa =
  (block: (input: string, size: number) => Buffer) =>
  (input: string, { key }: Signing): Buffer => {
    const size = (key.privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8
    return privateEncrypt({ key: key.privateKey, padding: constants.RSA_NO_PADDING }, block(input, size))
  }

const smallExponent = once(() => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }))
const p384 = once(() => generateKeyPairSync('ec', { namedCurve: 'P-384' }))
const secp256k1 = once(() => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }))

const cubeRoot = (n: bigint): bigint => {
  let [low, high] = [0n, 1n << 1024n]
  while (low < high) {
    const middle = (low + high) / 2n
    if (middle ** 3n < n) low = middle + 1n
    else high = middle
  }
  return low
}

/** A number whose cube begins as a padded hash does: whoever does not look at what follows accepts it (Bleichenbacher 2006). */
const forged = (input: string): Buffer => {
  const start = Buffer.concat([
    Buffer.of(0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0),
    SHA256_INFO,
    sha256(input),
  ])
  const block = Buffer.concat([start, Buffer.alloc(256 - start.length, 0)])
  const root = cubeRoot(BigInt(`0x${block.toString('hex')}`))
  return Buffer.from(root.toString(16).padStart(512, '0'), 'hex')
}

const published = (publicKey: KeyObject, kid: string): Json => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
})

/** The order of P-256. */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const es256 = (input: string, { key }: Signing): Buffer =>
  sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })

const KID = 'Core 10.1'
const kid = (value: unknown): Faults => header({ kid: value })

export const SIGNATURE_FAULTS = faults({
  signature_flipped: {
    what: 'A bit of the signature is wrong.',
    spec: VERIFY,
    faults: signed({ sign: 'flipped_bit' }),
  },
  signature_truncated: {
    what: 'The last byte of the signature is missing.',
    spec: VERIFY,
    faults: signed({ sign: 'truncated' }),
  },
  signature_empty: { what: 'The signature is empty.', spec: VERIFY, faults: signed({ sign: 'empty' }) },
  signature_foreign: {
    what: 'The signature is that of a key that was never published.',
    spec: VERIFY,
    faults: signed({ sign: 'another_key' }),
  },
  payload_swapped: {
    what: 'The signature is that of another payload.',
    spec: VERIFY,
    faults: signed({
      sign: (input, { key }) => {
        const [head] = input.split('.')
        const other = Buffer.from('{"sub":"mallory"}').toString('base64url')
        return sign('sha256', Buffer.from(`${head}.${other}`), key.privateKey)
      },
    }),
  },
  alg_none: {
    what: 'alg is none, and there is no signature.',
    spec: 'RFC 8725 3.1',
    faults: signed({ sign: 'none' }),
  },
  alg_none_capitalised: {
    what: 'alg is None.',
    spec: 'RFC 8725 3.1',
    faults: header({ alg: 'None' }, EMPTY),
  },
  alg_none_mixed: { what: 'alg is nOnE.', spec: 'RFC 8725 3.1', faults: header({ alg: 'nOnE' }, EMPTY) },
  alg_none_signed: {
    what: 'alg is none beside a good signature.',
    spec: 'RFC 8725 3.1',
    faults: header({ alg: 'none' }),
  },
  alg_missing: { what: 'alg is missing.', spec: 'RFC 7515 4.1.1', faults: withoutHeader('alg') },
  alg_null: { what: 'alg is null.', spec: 'RFC 7515 4.1.1', faults: header({ alg: null }) },
  alg_list: { what: 'alg is a list.', spec: 'RFC 7515 4.1.1', faults: header({ alg: ['RS256'] }) },
  alg_lower_case: { what: 'alg is rs256.', spec: 'RFC 7515 4.1.1', faults: header({ alg: 'rs256' }) },
  alg_hs256_secret: {
    what: 'HS256 with the client_secret, while RS256 is registered.',
    spec: ALGORITHM,
    faults: signed({ sign: 'hs256_client_secret' }),
  },
  alg_hs256_public_key: {
    what: 'HS256 with the public key of the OP for a secret.',
    spec: 'RFC 8725 2.1',
    faults: signed({ sign: 'hs256_public_key' }),
  },
  alg_hs256_truncated: {
    what: 'HS256, cut to half.',
    spec: 'RFC 7518 3.2',
    faults: signed({
      header: (good) => ({ ...good, alg: 'HS256' }),
      sign: (input, { client_secret }) =>
        createHmac('sha256', client_secret).update(input).digest().subarray(0, 16),
    }),
  },
  alg_hs1: {
    what: 'HS1, which nobody registered.',
    spec: 'RFC 7518 3.1',
    faults: signed({
      header: (good) => ({ ...good, alg: 'HS1' }),
      sign: (input, { client_secret }) => createHmac('sha1', client_secret).update(input).digest(),
    }),
  },
  alg_rs1: {
    what: 'RS1, the signature over SHA-1.',
    spec: 'RFC 7518 3.1',
    faults: signed({
      header: (good) => ({ ...good, alg: 'RS1' }),
      sign: (input, { key }) => sign('sha1', Buffer.from(input), key.privateKey),
    }),
  },
  alg_ps256: {
    what: 'A good signature by PS256, whatever is registered.',
    spec: ALGORITHM,
    faults: signed({ alg: 'PS256' }),
  },
  alg_es256: {
    what: 'A good signature by ES256, whatever is registered.',
    spec: ALGORITHM,
    faults: signed({ alg: 'ES256' }),
  },
  alg_rs256: {
    what: 'A good signature by RS256, whatever is registered.',
    spec: ALGORITHM,
    faults: signed({ alg: 'RS256' }),
  },
  alg_eddsa: {
    what: 'A good signature by EdDSA, whatever is registered.',
    spec: ALGORITHM,
    faults: signed({ alg: 'EdDSA' }),
  },
  es256_p384: {
    what: 'ES256 with a published key on P-384.',
    spec: 'RFC 7518 3.4',
    faults: {
      jwks: () => ({ keys: [published(p384().publicKey, 'p384')] }),
      ...signed({
        alg: 'ES256',
        header: (good) => ({ ...good, kid: 'p384' }),
        sign: (input) =>
          sign('sha256', Buffer.from(input), { key: p384().privateKey, dsaEncoding: 'ieee-p1363' }),
      }),
    },
  },
  es256k: {
    what: 'ES256K, on secp256k1.',
    spec: 'RFC 8812 3.2',
    faults: {
      jwks: () => ({ keys: [{ ...published(secp256k1().publicKey, 'k1') }] }),
      ...signed({
        alg: 'ES256',
        header: (good) => ({ ...good, alg: 'ES256K', kid: 'k1' }),
        sign: (input) =>
          sign('sha256', Buffer.from(input), { key: secp256k1().privateKey, dsaEncoding: 'ieee-p1363' }),
      }),
    },
  },
  rs256_ec_key: {
    what: 'The header says RS256, and names a key on a curve.',
    spec: 'RFC 7518 3.1',
    faults: signed({
      alg: 'ES256',
      header: (good) => ({ ...good, alg: 'RS256' }),
      sign: (input, { key }) => sign('sha256', Buffer.from(input), key.privateKey),
    }),
  },
  key_in_header: {
    what: 'The header brings the key along (jwk) that signed.',
    spec: 'RFC 8725 3.10',
    faults: signed({ sign: 'embedded_key' }),
  },
  certificate_in_header: {
    what: 'The header brings a certificate along (x5c).',
    spec: 'RFC 8725 3.10',
    faults: signed({
      header: (good) => ({ ...good, x5c: ['MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA'] }),
      sign: 'another_key',
    }),
  },
  jku_in_header: {
    what: 'The header names an attacker for the key set (jku).',
    spec: 'RFC 8725 3.10',
    faults: ({ attacker }) => header({ jku: `${attacker}/jwks` }, 'another_key'),
  },
  jku_inside: {
    what: 'The header names an internal service for the key set (jku).',
    spec: 'RFC 8725 3.10',
    faults: ({ canary }) => header({ jku: `${canary}/jwks` }, 'another_key'),
  },
  x5u_of_attacker: {
    what: 'The header names an attacker for the certificate (x5u).',
    spec: 'RFC 8725 3.10',
    faults: ({ attacker }) => header({ x5u: `${attacker}/cert.pem` }, 'another_key'),
  },
  x5u_inside: {
    what: 'The header names an internal service for the certificate (x5u).',
    spec: 'RFC 8725 3.10',
    faults: ({ canary6 }) => header({ x5u: `${canary6}/cert.pem` }, 'another_key'),
  },
  kid_path: {
    what: 'kid is a path that leads out of a folder.',
    spec: 'RFC 8725 3.10',
    faults: kid('../../../../etc/passwd'),
  },
  kid_url: {
    what: 'kid is the URL of an internal service.',
    spec: 'RFC 8725 3.10',
    faults: ({ canary }) => kid(canary),
  },
  kid_sql: { what: 'kid is a piece of SQL.', spec: 'RFC 8725 3.10', faults: kid("' OR '1'='1") },
  kid_long: { what: 'kid has 2,000 characters.', spec: 'RFC 8725 3.10', faults: kid('k'.repeat(2_000)) },
  kid_huge: {
    what: 'kid has a million characters.',
    spec: 'RFC 8725 3.10',
    faults: kid('k'.repeat(1_000_000)),
  },
  kid_number: { what: 'kid is a number.', spec: 'RFC 7515 4.1.4', faults: kid(0) },
  kid_object: { what: 'kid is an object.', spec: 'RFC 7515 4.1.4', faults: kid({}) },
  kid_empty: {
    what: 'kid is an empty text, and no key is called that.',
    spec: 'RFC 7515 4.1.4',
    faults: kid(''),
  },
  kid_unknown: { what: 'kid names no published key.', spec: KID, faults: kid('nobody') },
  kid_missing: { what: 'kid is missing, and one key fits.', spec: KID, faults: withoutHeader('kid') },
  ecdsa_zero: { what: 'r and s are 0.', spec: 'RFC 7518 3.4', faults: signed({ sign: 'zero' }) },
  ecdsa_r_is_order: {
    what: 'r is the order of the curve.',
    spec: 'RFC 7518 3.4',
    faults: signed({ sign: (...args) => Buffer.concat([ORDER, es256(...args).subarray(32)]) }),
  },
  ecdsa_s_beyond_order: {
    what: 's is beyond the order of the curve.',
    spec: 'RFC 7518 3.4',
    faults: signed({
      sign: (...args) => Buffer.concat([es256(...args).subarray(0, 32), Buffer.alloc(32, 0xff)]),
    }),
  },
  ecdsa_der: { what: 'r and s are in DER.', spec: 'RFC 7518 3.4', faults: signed({ sign: 'der' }) },
  ecdsa_short: {
    what: 'The signature has 63 bytes.',
    spec: 'RFC 7518 3.4',
    faults: signed({ sign: (...args) => es256(...args).subarray(0, 63) }),
  },
  ecdsa_long: {
    what: 'The signature has 65 bytes.',
    spec: 'RFC 7518 3.4',
    faults: signed({ sign: (...args) => Buffer.concat([es256(...args), Buffer.of(0)]) }),
  },
  rsa_forged_cube: {
    what: 'The key has the exponent 3, and the signature was made without it.',
    spec: 'RFC 8017 8.2.2',
    faults: {
      jwks: () => ({ keys: [published(smallExponent().publicKey, 'e3')] }),
      ...signed({ header: (good) => ({ ...good, kid: 'e3' }), sign: forged }),
    },
  },
  rsa_other_hash: {
    what: 'The signed block names SHA-1 and holds SHA-256.',
    spec: 'RFC 8017 8.2.2',
    faults: signed({ sign: pkcs1((input) => Buffer.concat([SHA1_INFO, sha256(input)])) }),
  },
  rsa_trailing: {
    what: 'There are bytes behind the hash in the signed block.',
    spec: 'RFC 8017 8.2.2',
    faults: signed({
      sign: rawRsa((input, size) => {
        const start = Buffer.concat([
          Buffer.of(0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0),
          SHA256_INFO,
          sha256(input),
        ])
        return Buffer.concat([start, Buffer.alloc(size - start.length, 0x41)])
      }),
    }),
  },
  crit_unknown: {
    what: 'crit names an extension that nobody knows.',
    spec: 'RFC 7515 4.1.11',
    faults: header({ crit: ['x-mine'], 'x-mine': true }),
  },
  crit_empty: { what: 'crit is an empty list.', spec: 'RFC 7515 4.1.11', faults: header({ crit: [] }) },
  crit_twice: {
    what: 'crit names an extension twice.',
    spec: 'RFC 7515 4.1.11',
    faults: header({ crit: ['b64', 'b64'], b64: true }),
  },
  crit_standard: { what: 'crit names alg.', spec: 'RFC 7515 4.1.11', faults: header({ crit: ['alg'] }) },
  b64_false: {
    what: 'The payload is not encoded (b64 is false).',
    spec: 'RFC 7797 7',
    faults: header({ b64: false, crit: ['b64'] }),
  },
  jws_json: {
    what: 'The ID Token is in the JSON serialization.',
    spec: 'Core 2',
    faults: jwt((token) => {
      const [head, payload, signature] = token.split('.')
      return JSON.stringify({ protected: head, payload, signature })
    }),
  },
  jws_json_general: {
    what: 'The ID Token has two signatures.',
    spec: 'Core 2',
    faults: jwt((token) => {
      const [head, payload, signature] = token.split('.')
      return {
        payload,
        signatures: [
          { protected: head, signature },
          { protected: head, signature },
        ],
      }
    }),
  },
  jws_detached: {
    what: 'The payload is not in the ID Token.',
    spec: 'RFC 7515 F',
    faults: jwt((token) => token.replace(/\.[^.]+\./, '..')),
  },
})
