// The keys of an OP: fetched, cached, and fetched anew within a budget when a signature asks for a key that is not there.
import type { webcrypto } from 'node:crypto'
import { compactVerify, decodeProtectedHeader, errors, importJWK, type JWK } from 'jose'
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS, type Limits } from '../limits.ts'
import type { Log } from '../world.ts'
import { jsonObject, refusal, shaped } from './said.ts'
import type { Door } from './http.ts'

/** The signature algorithms that oxd accepts: asymmetric ones of sound strength (RFC 7518 section 3.1, RFC 8037). */
export const ALGORITHMS: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}

// A key set may hold entries that oxd does not know (RFC 7517 section 5): they are passed over, one by one.
const PUBLIC_KEY = z.object({
  kty: z.string(),
  kid: z.string().optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).max(LIMITS.list_items_max).optional(),
  alg: z.string().optional(),
  crv: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
  // Certificates are shown to who asks for the keys, and used for nothing: a malformed one does not cost the key.
  x5c: z.array(z.string()).max(LIMITS.list_items_max).optional().catch(undefined),
  x5t: z.string().optional().catch(undefined),
  'x5t#S256': z.string().optional().catch(undefined),
})
export type PublicKey = z.output<typeof PUBLIC_KEY>

/** Kinds of keys that have a public half (RFC 7518 section 6.1, RFC 8037); a symmetric key is a secret as a whole. */
const ASYMMETRIC: ReadonlySet<string> = new Set(['RSA', 'EC', 'OKP'])
const KEY_SET = z.object({ keys: z.array(z.unknown()) })

/** Whoever reads one of these members of a published key signs as the OP does (RFC 7518 section 6, RFC 7517 section 9.2). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']
const isLeaked = (key: unknown): boolean =>
  typeof key === 'object' && key !== null && PRIVATE_MEMBERS.some((member) => member in key)

/** A modulus of a million bits would keep the verifier busy for seconds; one that is too short jose refuses. */
const isSound = ({ n }: PublicKey, { rsa_bits_max }: Limits): boolean =>
  n === undefined || Buffer.byteLength(n, 'base64url') * 8 <= rsa_bits_max

/** Keys that fit the header: several only where the OP names none. */
const fitting = (keys: readonly PublicKey[], alg: string, kid: string | undefined): PublicKey[] =>
  keys.filter(
    (key) =>
      key.kty === ALGORITHMS[alg]?.kty &&
      (ALGORITHMS[alg]?.crv === undefined || key.crv === ALGORITHMS[alg]?.crv) &&
      (key.alg === undefined || key.alg === alg) &&
      (key.use === undefined || key.use === 'sig') &&
      (key.key_ops === undefined || key.key_ops.includes('verify')) &&
      (kid === undefined || key.kid === kid),
  )

/**
 * On whose account keys are fetched: a token that came from the OP itself, in a login that oxd began; one that came through a browser,
 * which may have made it up, or that a caller shows; or one that anybody may have sent. Each has a budget of its own, so that nobody
 * spends what the others need.
 */
export type Asker = 'login' | 'browser' | 'stranger'

interface Budget {
  /** When keys were fetched out of turn, and the kids that were not among them: each is worth one fetch in its time. */
  refetches: readonly number[]
  unknownKids: readonly { readonly kid: string; readonly at: number }[]
}

export interface OpKeys {
  /**
   * The payload of a compact JWS, if a key of the OP made its signature with exactly this algorithm.
   * @throws OxdError key_id_not_found, invalid_id_token_bad_signature, invalid_id_token_malformed, private_key_published;
   *   for a stranger also key_budget_spent
   */
  verify(jws: string, alg: string, asker?: Asker): Promise<Uint8Array>
  /** The next login fetches the keys, however fresh they are; where that fails, they hold on. */
  doubt(): void
  /** The public keys of the OP, members of private ones left out whatever it publishes. */
  published(asker?: Asker): Promise<{ readonly keys: readonly PublicKey[] }>
}

const MINUTE_MS = 60_000

export const createOpKeys = (options: {
  readonly door: Door
  readonly jwks_uri: () => Promise<string>
  readonly now: () => number
  readonly limits: Limits
  readonly log: Log
}): OpKeys => {
  const { door, jwks_uri, now, limits, log } = options
  let cached: { readonly keys: readonly PublicKey[]; readonly fetched_at: number } | undefined
  let isDoubted = false
  let fetching: Promise<readonly PublicKey[]> | undefined
  const budgets: Readonly<Record<Asker, Budget>> = {
    login: { refetches: [], unknownKids: [] },
    browser: { refetches: [], unknownKids: [] },
    stranger: { refetches: [], unknownKids: [] },
  }
  const leaked = new WeakSet<PublicKey>()

  const fetchKeys = async (): Promise<readonly PublicKey[]> => {
    isDoubted = false
    const url = await jwks_uri()
    const response = await door.request({
      step: 'keys',
      url,
      bytes_max: limits.jwks_bytes_max,
      accept: 'application/json',
    })
    if (response.status !== 200) throw refusal('keys', response)
    const { keys } = shaped('keys', url, KEY_SET, jsonObject('keys', response))
    if (keys.length > limits.jwks_keys_max) {
      throw new OxdError('op_answer_too_large', {
        what: `The key set has more than ${limits.jwks_keys_max} keys.`,
      })
    }
    const known = keys.flatMap((key) => {
      const result = PUBLIC_KEY.safeParse(key)
      if (!result.success || !isSound(result.data, limits)) return []
      if (isLeaked(key)) leaked.add(result.data)
      return [result.data]
    })
    if (known.some((key) => leaked.has(key)))
      log('warn', 'an OP publishes private keys', { op: new URL(url).origin })
    cached = { keys: known, fetched_at: now() }
    return known
  }

  /** One fetch, however many wait for it. */
  const fetchOnce = (): Promise<readonly PublicKey[]> =>
    (fetching ??= fetchKeys().finally(() => {
      fetching = undefined
    }))

  const current = async (asker: Asker): Promise<readonly PublicKey[]> => {
    const age = cached === undefined ? -1 : now() - cached.fetched_at
    const fresh = cached !== undefined && age >= 0 && age < limits.op_keys_ms ? cached.keys : undefined
    if (fresh !== undefined && isDoubted && asker !== 'stranger') return fetchOnce().catch(() => fresh)
    if (fresh !== undefined) return fresh
    // Of an OP that does not answer nothing is cached: every token of a stranger would be a request.
    if (asker === 'stranger' && fetching === undefined && !withinBudget(asker))
      throw new OxdError('key_budget_spent')
    return fetchOnce()
  }

  /** Whether the keys may be fetched out of turn: a stranger's tokens must not make oxd hammer the OP. */
  const withinBudget = (asker: Asker, kid?: string): boolean => {
    const budget = budgets[asker]
    // A clock that was set back makes what was fetched later than now no longer recent.
    const isRecent = (at: number, ms: number): boolean => now() >= at && now() - at < ms
    budget.refetches = budget.refetches.filter((at) => isRecent(at, MINUTE_MS))
    budget.unknownKids = budget.unknownKids.filter(({ at }) => isRecent(at, limits.unknown_kid_ms))
    if (budget.unknownKids.some((unknown) => unknown.kid === kid)) return false
    if (budget.refetches.length >= limits.key_refetches_per_minute) return false
    budget.refetches = [...budget.refetches, now()]
    return true
  }

  const tryKeys = async (
    jws: string,
    alg: string,
    keys: readonly PublicKey[],
  ): Promise<Uint8Array | undefined> => {
    for (const key of keys.slice(0, limits.signature_tries_max)) {
      const { payload } = await signedBy(jws, alg, key)
      if (payload === undefined) continue
      // Anybody may have made it.
      if (leaked.has(key))
        throw new OxdError('private_key_published', { reason: { about: 'kid', seen: key.kid } })
      return payload
    }
    return undefined
  }

  return {
    doubt() {
      isDoubted = true
    },

    async published(asker = 'login') {
      return { keys: (await current(asker)).filter(({ kty }) => ASYMMETRIC.has(kty)) }
    },

    async verify(jws, alg, asker = 'login') {
      const kid = headerKid(jws, limits)
      let keys = fitting(await current(asker), alg, kid)
      let payload = await tryKeys(jws, alg, keys)
      // A rotation: either the kid is new, or the OP kept it for a new key. A fetch that is under way costs nothing, but may
      // have been answered before.
      if (payload === undefined && fetching !== undefined) {
        keys = fitting(await fetchOnce(), alg, kid)
        payload = await tryKeys(jws, alg, keys)
      }
      if (payload === undefined && (fetching !== undefined || withinBudget(asker, kid ?? ''))) {
        const isOurs = fetching === undefined
        keys = fitting(await fetchOnce(), alg, kid)
        // Only an answer that lacks the kid says that it is unknown, and only for a while: caches may be behind.
        if (isOurs && keys.length === 0) {
          const { unknownKids } = budgets[asker]
          budgets[asker].unknownKids = [...unknownKids, { kid: kid ?? '', at: now() }]
        }
        payload = await tryKeys(jws, alg, keys)
        // An OP may have new keys as often as it likes: what a login needed is not counted.
        if (isOurs && payload !== undefined && asker !== 'stranger')
          budgets[asker].refetches = budgets[asker].refetches.slice(0, -1)
      }
      if (payload !== undefined) return payload
      throw new OxdError(keys.length === 0 ? 'key_id_not_found' : 'invalid_id_token_bad_signature', {
        reason: { about: 'kid', spec: 'Core 10.1.1', seen: kid },
      })
    },
  }
}

const headerKid = (jws: string, limits: Limits): string | undefined => {
  const { kid } = decodeProtectedHeader(jws)
  if (kid === undefined) return undefined
  if (typeof kid !== 'string' || kid.length > limits.kid_characters_max) {
    throw new OxdError('invalid_id_token_malformed', { what: 'Its kid is no name.' })
  }
  return kid
}

/**
 * A published key, ready for use; undefined: it is none. What it is for was looked at before it was chosen: a public key that may do
 * more than what it is wanted for (`key_ops`) would be refused here.
 */
export const importedKey = async (
  { use: _use, key_ops: _operations, ...key }: PublicKey,
  alg: string,
): Promise<webcrypto.CryptoKey | Uint8Array | undefined> => {
  try {
    // Only the members of a public key were read, so nothing private can be imported.
    return await importJWK(key as JWK, alg)
  } catch (error) {
    const expected =
      error instanceof errors.JOSENotSupported || error instanceof TypeError || error instanceof DOMException
    if (!expected) throw error
    return undefined
  }
}

/** The payload if this key made the signature. */
const signedBy = async (jws: string, alg: string, key: PublicKey): Promise<{ payload?: Uint8Array }> => {
  const imported = await importedKey(key, alg)
  if (imported === undefined) return {}
  try {
    const { payload } = await compactVerify(jws, imported, { algorithms: [alg] })
    return { payload }
  } catch (error) {
    const expected =
      error instanceof errors.JWSSignatureVerificationFailed ||
      error instanceof errors.JWSInvalid ||
      // A key that is too short; a point that is none.
      error instanceof TypeError ||
      error instanceof DOMException
    if (!expected) throw error
    return {}
  }
}
