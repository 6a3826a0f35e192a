// The keys of oxd itself, as an exchange with an OP needs them; src/rp_keys.ts makes and keeps them.
import type { webcrypto } from 'node:crypto'

/** What oxd signs with (RFC 7518 section 3.1, RFC 8037). */
export const OWN_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
export type OwnAlgorithm = (typeof OWN_ALGORITHMS)[number]

export const isOwnAlgorithm = (alg: string): alg is OwnAlgorithm =>
  OWN_ALGORITHMS.some((known) => known === alg)

/** A JSON Web Key without any private member. */
export type PublicJwk = Readonly<Record<string, unknown>>

export interface Signing {
  /** How long the JWT is good: `iat` and `exp` are added to the claims, and `jti`, where they have none. */
  readonly seconds: number
  readonly typ?: string | undefined
  /** Names of the keys that the OP was told at registration; undefined: it fetches what oxd publishes. */
  readonly kids?: readonly string[] | undefined
}

export interface OwnKeys {
  /** Where OPs fetch the public keys, with a public listener over https; undefined: they are told them by value. */
  readonly jwks_uri: string | undefined
  /** The public keys, made when they are first asked for. */
  published(): Promise<readonly PublicJwk[]>
  /** The newest public key of each kind: what an OP is told that cannot fetch others later. */
  newest(): Promise<readonly PublicJwk[]>
  /** Signs the claims as a compact JWT. @throws OxdError rp_key_not_registered */
  sign(alg: OwnAlgorithm, claims: Readonly<Record<string, unknown>>, signing: Signing): Promise<string>
  /**
   * The keys to which a token with this key management algorithm may have been encrypted, the newest first; `kid` as its
   * header names it. Old ones are among them until their grace ends.
   */
  decryption(alg: string, kid: string | undefined): Promise<readonly webcrypto.CryptoKey[]>
  /** Seconds since the epoch. */
  now(): number
  /** 128 random bits and more, as text. */
  name(): string
}
