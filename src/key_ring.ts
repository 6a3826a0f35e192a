// The life of oxd's own keys: made, published before it is used, used, and kept for a while after that.
import type { JsonWebKey } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { Limits } from './limits.ts'

/** The kinds of keys; `generate` is the algorithm for which one is made, `alg` the only one for which it is. */
export const KEY_KINDS = {
  RS256: { use: 'sig', generate: 'RS256', alg: 'RS256' },
  PS256: { use: 'sig', generate: 'PS256', alg: 'PS256' },
  ES256: { use: 'sig', generate: 'ES256', alg: 'ES256' },
  EdDSA: { use: 'sig', generate: 'EdDSA', alg: 'EdDSA' },
  // One key for all algorithms of its kind, so without a name of one.
  RSA: { use: 'enc', generate: 'RSA-OAEP-256', alg: undefined },
  EC: { use: 'enc', generate: 'ECDH-ES', alg: undefined },
} as const
export type KeyKind = keyof typeof KEY_KINDS
// The keys of the table are its names.
export const KEY_KIND_NAMES = Object.keys(KEY_KINDS) as readonly KeyKind[]

/** A key with its private members, and when it was made: seconds since the epoch. */
export interface KeptKey {
  readonly jwk: JsonWebKey & { readonly kid: string }
  readonly made_at: number
}

/** Keys of one kind, the oldest first; never none. */
export type KeyRing = readonly KeptKey[]

export type KeyTimes = Pick<Limits, 'rp_key_seconds' | 'rp_key_lead_seconds' | 'rp_key_grace_seconds'>

const RSA_BITS = 2048

export const makeKey = async (kind: KeyKind, made_at: number): Promise<KeptKey> => {
  const { use, generate, alg } = KEY_KINDS[kind]
  const { privateKey } = await generateKeyPair(generate, { extractable: true, modulusLength: RSA_BITS })
  const { alg: _, ...jwk } = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { jwk: { ...jwk, ...(alg === undefined ? {} : { alg }), use, kid }, made_at }
}

/** The key that is used now: the newest that has been published for long enough; the first one at once. */
export const currentKey = (
  ring: KeyRing,
  now: number,
  { rp_key_lead_seconds }: KeyTimes,
): KeptKey | undefined => ring.findLast(({ made_at }) => made_at + rp_key_lead_seconds <= now) ?? ring[0]

/** Without those whose successor has been in use for the whole grace. */
export const liveKeys = (ring: KeyRing, now: number, times: KeyTimes): KeyRing =>
  ring.filter((_, at) => {
    const successor = ring[at + 1]
    return (
      successor === undefined ||
      now < successor.made_at + times.rp_key_lead_seconds + times.rp_key_grace_seconds
    )
  })

/** Is it time for a new one? */
export const isDue = (ring: KeyRing, now: number, { rp_key_seconds }: KeyTimes): boolean =>
  ring.every(({ made_at }) => made_at + rp_key_seconds <= now)

/** Of an RSA, an EC and an OKP key (RFC 7518 section 6, RFC 8037 section 2); nothing else leaves. */
const PUBLIC_MEMBERS = ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e']

export const publicJwk = ({ jwk }: KeptKey): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => PUBLIC_MEMBERS.includes(name)))
