// oxd's own keys, with which it signs as a relying party and opens what is encrypted to it; and the request objects that
// it signed, for the OP to fetch.
// @see https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys and #RotateEncKeys
import { importJWK, SignJWT, type CryptoKey, type JWK } from 'jose'
import { OxdError } from './error.ts'
import {
  currentKey,
  isDue,
  KEY_KIND_NAMES,
  KEY_KINDS,
  liveKeys,
  makeKey,
  publicJwk,
  type KeptKey,
  type KeyKind,
  type KeyRing,
  type KeyTimes,
} from './key_ring.ts'
import type { Limits } from './limits.ts'
import type { Way } from './oidc/authorization_request.ts'
import type { OwnAlgorithm, OwnKeys } from './oidc/own_keys.ts'
import { UNSIGNED } from './oidc/unsigned.ts'
import type { Store } from './store/store.ts'
import { seconds, type World } from './world.ts'

export interface RequestObject {
  /** The site for which it was made: it goes with it. */
  readonly oxd_id: string
  readonly jwt: string
}

/** A key as people are told of it; times in seconds since the epoch. */
export interface ShownKey {
  readonly kid: string
  readonly kind: KeyKind
  readonly use: 'sig' | 'enc'
  readonly state: 'coming' | 'in use' | 'old'
  readonly made_at: number
  readonly used_from: number
}

export interface RpKeys extends OwnKeys {
  /**
   * Keeps a signed request object for `request_object_seconds`; `jti`, `iat` and `exp` are added to the claims.
   * @returns the name under which it is fetched, which nobody guesses
   */
  keepRequest(oxd_id: string, alg: OwnAlgorithm, claims: Readonly<Record<string, unknown>>): Promise<string>
  /** Keeps a request object that was made elsewhere, for as long. @returns its name */
  keepSigned(oxd_id: string, jwt: string): Promise<string>
  /** The request object of this name, while it lives. It may be fetched again: OPs repeat requests that fail. */
  request(name: string): Promise<RequestObject | undefined>
  /** A new key of each kind that there is. It is published at once, and used when OPs have had the time to see it. */
  rotate(): Promise<readonly ShownKey[]>
  /** All keys that are published. */
  shown(): Promise<readonly ShownKey[]>
}

interface Kept {
  readonly keys: KeyRing
}
/** As oxd kept its keys before they were rotated. */
interface KeptBefore {
  readonly keys: readonly (JWK & { readonly kid: string })[]
}

const NAME_BYTES = 32

/** The kind of key for a key management algorithm (RFC 7518 section 4.1). */
const kindFor = (alg: string): KeyKind | undefined =>
  alg.startsWith('RSA-OAEP') ? 'RSA' : alg.startsWith('ECDH-ES') ? 'EC' : undefined

export const createRpKeys = (
  store: Store,
  world: World,
  limits: KeyTimes & Pick<Limits, 'request_object_seconds'>,
  public_url?: string,
): RpKeys => {
  const rings = store.kind<Kept>({ kind: 'rp_keys', durable: true })
  const before = store.kind<KeptBefore>({ kind: 'rp_key', durable: true })
  const requests = store.kind<RequestObject>({ kind: 'request_object', durable: false })
  /** Making a key takes a while: once for all who wait. */
  const making = new Map<KeyKind, Promise<KeyRing>>()
  /** Imported keys, by name and algorithm; a name is a hash of its key. */
  const imported = new Map<string, Promise<CryptoKey>>()
  const now = (): number => seconds(world)

  const made = async (kind: KeyKind): Promise<KeptKey> => {
    const old = (await before.get(['current']))?.value.keys.find(({ alg }) => alg === kind)
    return old === undefined ? makeKey(kind, now()) : { jwk: old, made_at: now() }
  }
  const first = async (kind: KeyKind): Promise<KeyRing> => {
    // Of two processes that make a key at once the first to write wins, and both use its key.
    await rings.insert([kind], { keys: [await made(kind)] })
    const kept = await rings.get([kind])
    if (kept === undefined) throw new OxdError('store_unreachable')
    return kept.value.keys
  }
  const added = async (kind: KeyKind, isWanted: (keys: KeyRing) => boolean): Promise<KeyRing> => {
    const key = await makeKey(kind, now())
    const kept = await rings.update([kind], ({ keys }) => ({
      keys: isWanted(keys) ? [...liveKeys(keys, now(), limits), key] : keys,
    }))
    if (kept === undefined) throw new OxdError('store_unreachable')
    return kept.value.keys
  }
  const ring = async (kind: KeyKind): Promise<KeyRing> => {
    const kept = (await rings.get([kind]))?.value.keys
    if (kept !== undefined && !isDue(kept, now(), limits)) return liveKeys(kept, now(), limits)
    const due = (keys: KeyRing): boolean => isDue(keys, now(), limits)
    const made =
      making.get(kind) ??
      (kept === undefined ? first(kind) : added(kind, due)).finally(() => making.delete(kind))
    making.set(kind, made)
    return made
  }
  const importedAs = (alg: string, { jwk }: KeptKey): Promise<CryptoKey> => {
    const name = `${alg} ${jwk.kid}`
    const known = imported.get(name)
    if (known !== undefined) return known
    // An asymmetric JWK is imported as a CryptoKey.
    const key = importJWK(jwk, alg) as Promise<CryptoKey>
    imported.set(name, key)
    return key
  }

  const shownRing = (kind: KeyKind, keys: KeyRing): ShownKey[] => {
    const current = currentKey(keys, now(), limits)
    const at = current === undefined ? -1 : keys.indexOf(current)
    return keys.map(({ jwk, made_at }, index) => ({
      kid: jwk.kid,
      kind,
      use: KEY_KINDS[kind].use,
      state: index > at ? 'coming' : index === at ? 'in use' : 'old',
      made_at,
      used_from: index === 0 ? made_at : made_at + limits.rp_key_lead_seconds,
    }))
  }
  const shown = async (): Promise<readonly ShownKey[]> => {
    const all = await Promise.all(
      KEY_KIND_NAMES.map(async (kind) => {
        const kept = (await rings.get([kind]))?.value.keys ?? []
        return shownRing(kind, liveKeys(kept, now(), limits))
      }),
    )
    return all.flat()
  }

  const sign: OwnKeys['sign'] = async (alg, claims, { seconds: life, typ, kids }) => {
    const keys = await ring(alg)
    const key =
      kids === undefined
        ? currentKey(keys, now(), limits)
        : keys.findLast(({ jwk }) => kids.includes(jwk.kid))
    if (key === undefined) throw new OxdError('rp_key_not_registered')
    const iat = now()
    return new SignJWT({ jti: name(), ...claims, iat, exp: iat + life })
      .setProtectedHeader({ alg, kid: key.jwk.kid, ...(typ === undefined ? {} : { typ }) })
      .sign(await importedAs(alg, key))
  }
  const name = (): string => world.random(NAME_BYTES).toString('base64url')

  return {
    // OPs take no other than https (Registration 1.0 section 2).
    jwks_uri: public_url?.startsWith('https:') ? `${public_url}/get-rp-jwks` : undefined,
    now,
    name,
    sign,
    shown,

    async published() {
      return (await Promise.all(KEY_KIND_NAMES.map(ring))).flat().map(publicJwk)
    },

    async newest() {
      const all = await Promise.all(KEY_KIND_NAMES.map(ring))
      return all.flatMap((keys) => keys.slice(-1)).map(publicJwk)
    },

    async decryption(alg, kid) {
      const kind = kindFor(alg)
      if (kind === undefined) return []
      const keys = (await ring(kind)).filter(({ jwk }) => kid === undefined || jwk.kid === kid)
      return Promise.all(keys.toReversed().map((key) => importedAs(alg, key)))
    },

    async rotate() {
      for (const kind of KEY_KIND_NAMES) {
        if ((await rings.get([kind])) !== undefined) await added(kind, () => true)
      }
      return shown()
    },

    async keepRequest(oxd_id, alg, claims) {
      const jti = name()
      const life = limits.request_object_seconds
      const jwt = await sign(alg, { ...claims, jti }, { seconds: life, typ: 'oauth-authz-req+jwt' })
      await requests.put([jti], { oxd_id, jwt }, { expires_at: now() + life })
      return jti
    },

    async keepSigned(oxd_id, jwt) {
      const kept = name()
      await requests.put([kept], { oxd_id, jwt }, { expires_at: now() + limits.request_object_seconds })
      return kept
    },

    request: async (name) => (await requests.get([name]))?.value,
  }
}

/** How the authorization requests of a site reach its OP. */
export const requestWay = (
  site: {
    readonly oxd_id: string
    readonly client: { readonly request_object_signing_alg?: string | undefined }
    readonly settings: {
      readonly require_pushed_authorization_requests?: boolean | undefined
      readonly request_objects_by_reference?: boolean | undefined
    }
  },
  rpKeys: RpKeys,
  { public_url }: { readonly public_url: string | undefined },
): Way => {
  const { require_pushed_authorization_requests: pushed, request_objects_by_reference } = site.settings
  // Without a listener nobody could fetch it; without TLS anybody could change what is not signed (Core 6.2).
  const isSafe =
    site.client.request_object_signing_alg !== UNSIGNED || public_url?.startsWith('https:') === true
  if (request_objects_by_reference !== true || public_url === undefined || !isSafe) return { pushed }
  const keep = async (jwt: string): Promise<string> =>
    `${public_url}/get-request-object/${await rpKeys.keepSigned(site.oxd_id, jwt)}`
  return { pushed, keep }
}
