// oxd's own keys, with which it signs as a relying party; and the request objects that it signed, for the OP to fetch.
// @see https://openid.net/specs/openid-connect-core-1_0.html#RequestObject
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Store } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** What oxd signs with (RFC 7518 section 3.1). */
const ALGORITHMS = ['RS256', 'ES256'] as const
export type RpAlgorithm = (typeof ALGORITHMS)[number]

export const isRpAlgorithm = (alg: string): alg is RpAlgorithm => ALGORITHMS.some((known) => known === alg)

export type PublicJwk = Readonly<Record<string, unknown>>

export interface RequestObject {
  /** The site for which it was made: it goes with it. */
  readonly oxd_id: string
  readonly jwt: string
}

export interface RpKeys {
  /** The public keys, made when they are first asked for. */
  published(): Promise<readonly PublicJwk[]>
  /**
   * Signs a request object and keeps it for `request_object_seconds`.
   * `jti`, `iat` and `exp` are added to the claims.
   * @returns the name under which it is fetched, which nobody guesses
   */
  keepRequest(oxd_id: string, alg: RpAlgorithm, claims: Readonly<Record<string, unknown>>): Promise<string>
  /** The request object of this name, while it lives. It may be fetched again: OPs repeat requests that fail. */
  request(name: string): Promise<RequestObject | undefined>
}

/** One key of each algorithm, private members and all. */
interface KeptKeys {
  readonly keys: readonly (JWK & { readonly alg: RpAlgorithm; readonly kid: string })[]
}

const NAME_BYTES = 32
const RSA_BITS = 2048
/** Of an RSA and of an EC key (RFC 7518 section 6); nothing else leaves. */
const PUBLIC_MEMBERS = ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e']

const makeKey = async (alg: RpAlgorithm): Promise<KeptKeys['keys'][number]> => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: RSA_BITS })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) }
}

const publicJwk = (jwk: JWK): PublicJwk =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => PUBLIC_MEMBERS.includes(name)))

export const createRpKeys = (
  store: Store,
  world: World,
  { request_object_seconds }: Pick<Limits, 'request_object_seconds'>,
): RpKeys => {
  const kept = store.kind<KeptKeys>({ kind: 'rp_key', durable: true })
  const requests = store.kind<RequestObject>({ kind: 'request_object', durable: false })
  const ID = ['current']
  let known: Promise<KeptKeys> | undefined

  const readOrMake = async (): Promise<KeptKeys> => {
    const found = await kept.get(ID)
    if (found !== undefined) return found.value
    // Of two processes that make keys at once the first to write wins, and both use its keys.
    await kept.insert(ID, { keys: await Promise.all(ALGORITHMS.map(makeKey)) })
    const made = await kept.get(ID)
    if (made === undefined) throw new OxdError('store_unreachable')
    return made.value
  }
  const keys = (): Promise<KeptKeys> =>
    (known ??= readOrMake().catch((error: unknown) => {
      known = undefined
      throw error
    }))

  return {
    published: async () => (await keys()).keys.map(publicJwk),

    async keepRequest(oxd_id, alg, claims) {
      const key = (await keys()).keys.find((candidate) => candidate.alg === alg)
      if (key === undefined) throw new OxdError('invalid_algorithm', { what: `oxd has no key for ${alg}.` })
      const name = world.random(NAME_BYTES).toString('base64url')
      const iat = seconds(world)
      const expires_at = iat + request_object_seconds
      const jwt = await new SignJWT({ ...claims, jti: name, iat, exp: expires_at })
        .setProtectedHeader({ alg, kid: key.kid, typ: 'oauth-authz-req+jwt' })
        .sign(await importJWK(key, alg))
      await requests.put([name], { oxd_id, jwt }, { expires_at })
      return name
    },

    request: async (name) => (await requests.get([name]))?.value,
  }
}
