// A JWT from an OP, opened as the client registered it: decrypted, if so, and then verified with the one algorithm.
// @see https://openid.net/specs/openid-connect-core-1_0.html#SigningOrder
import { z } from 'zod'
import type { Claims } from '../claims.ts'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { isHmac, isLongEnough, isSignedWith } from './client_key.ts'
import { decrypted, DEFAULT_ENCRYPTION, isEncrypted, type Encryption } from './jwe.ts'
import { parseJson } from './json.ts'
import type { Asker } from './keys.ts'
import type { Op } from './op.ts'
import { UNSIGNED } from './unsigned.ts'

/** How JWTs of one sort are made for a client: exactly so. */
export interface Registered {
  /** Of the signature. */
  readonly alg: string
  /** They may have none, where that is registered; absent: nobody ever takes them without. */
  readonly may_be_unsigned?: boolean | undefined
  /** Absent: they are not encrypted. */
  readonly encryption?: Encryption | undefined
  /** The `typ` that they may have, in lower case, `undefined` among them for none; absent: any but that of another sort. */
  readonly types?: readonly (string | undefined)[]
}

/** The sorts of JWTs that an OP makes for a client, as client metadata call them. */
export type JwtSort = 'id_token' | 'userinfo' | 'authorization'

/** A client, and what of its metadata says how JWTs for it are made (Registration 1.0 section 2). */
export type JwtClient = {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly id_token_signed_response_alg: string
} & {
  readonly [
    M in `${JwtSort}_${'signed_response_alg' | 'encrypted_response_alg' | 'encrypted_response_enc'}`
  ]?: string | undefined
}

/** How JWTs of this sort are made for the client; without a word on the signature, with RS256. */
export const registeredFor = (client: JwtClient, sort: JwtSort): Registered => {
  const alg = client[`${sort}_encrypted_response_alg`]
  const enc = client[`${sort}_encrypted_response_enc`] ?? DEFAULT_ENCRYPTION
  return {
    alg: client[`${sort}_signed_response_alg`] ?? 'RS256',
    encryption: alg === undefined ? undefined : { alg, enc },
  }
}

const CLAIMS = z.record(z.string(), z.unknown())

// RFC 7515 section 7.1: three segments, nothing around them; the third may be missing its text, which is then refused by name.
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const jsonIn = (bytes: Uint8Array, members_max?: number): Claims => {
  try {
    return CLAIMS.parse(parseJson(UTF8.decode(bytes), members_max))
  } catch {
    throw new OxdError('invalid_id_token_malformed')
  }
}

/** The bytes of a segment. What readers decode in several ways, or some of them not at all, is none (RFC 4648 section 3.5). */
const segment = (jws: string, at: number): Buffer => {
  const text = jws.split('.')[at] ?? ''
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) throw new OxdError('invalid_id_token_malformed')
  return bytes
}

const headerOf = (jws: string): Claims => {
  if (jws.length > LIMITS.token_characters_max) {
    throw new OxdError('invalid_id_token_malformed', {
      what: `It is longer than ${LIMITS.token_characters_max} characters.`,
    })
  }
  if (!COMPACT.test(jws)) throw new OxdError('invalid_id_token_malformed')
  const header = jsonIn(segment(jws, 0), LIMITS.jwt_header_members_max)
  // RFC 7797: a payload that is not encoded is no JWT.
  if (header.b64 !== undefined)
    throw new OxdError('invalid_id_token_malformed', { what: 'Its header has b64.' })
  // RFC 7515 section 4.1.11: what must be understood; oxd understands no extension.
  if (header.crit !== undefined) {
    throw new OxdError('invalid_id_token_critical_header', {
      reason: { about: 'crit', spec: 'RFC 7515 4.1.11', seen: header.crit },
    })
  }
  return header
}

/** A type is a media type, in any case, of which `application/` may be left out (RFC 7515 section 4.1.9), perhaps with parameters. */
const typeIn = ({ typ }: Claims): unknown =>
  typeof typ === 'string'
    ? typ
        .toLowerCase()
        .replace(/;.*/s, '')
        .trim()
        .replace(/^application\//, '')
    : typ

/** What says of itself that it is something else: access tokens, logout tokens, request objects and the like (RFC 8725 section 3.11). */
const OTHER_SORTS: ReadonlySet<unknown> = new Set([
  'at+jwt',
  'client-authentication+jwt',
  'dpop+jwt',
  'entity-statement+jwt',
  'logout+jwt',
  'oauth-authz-req+jwt',
  'secevent+jwt',
  'token-introspection+jwt',
])

/** Is it of another sort, or of none, since its type is no text? */
const isOfOtherSort = (typ: unknown): boolean =>
  OTHER_SORTS.has(typ) || (typ !== undefined && typeof typ !== 'string')

/** The signed JWT: what came, or what is in it. Whether it is encrypted is not for the token to say. */
export const signedJwt = async (
  op: Pick<Op, 'keys' | 'own'>,
  client: { readonly client_secret?: string | undefined },
  jwt: string,
  encryption: Encryption | undefined,
): Promise<string> => {
  if (encryption !== undefined) {
    if (!isEncrypted(jwt)) throw new OxdError('id_token_not_encrypted')
    return decrypted(op, client, jwt, encryption)
  }
  if (isEncrypted(jwt)) throw new OxdError('id_token_encrypted')
  return jwt
}

/** What nobody signed has nothing in the place of the signature (RFC 7518 section 3.6). */
const unsignedClaims = (jws: string): Claims => {
  if (segment(jws, 2).length > 0) throw new OxdError('invalid_id_token_malformed')
  return jsonIn(segment(jws, 1))
}

/**
 * The claims of a JWT that is made as registered, and signed by this OP; of what they say nothing is checked.
 * @param client whose client_secret signs or encrypts, where the registered algorithm is a symmetric one
 * @param asker on whose account keys of the OP are fetched
 * @throws OxdError by the names of ID Tokens
 */
export const openJwt = async (
  op: Pick<Op, 'keys' | 'own'>,
  client: { readonly client_secret?: string | undefined },
  jwt: string,
  registered: Registered,
  asker: Asker = 'login',
): Promise<Claims> => {
  const jws = await signedJwt(op, client, jwt, registered.encryption)
  const header = headerOf(jws)
  const { alg } = header
  const typ = typeIn(header)
  if (registered.types === undefined ? isOfOtherSort(typ) : !registered.types.some((type) => type === typ)) {
    throw new OxdError('invalid_jwt_type', { reason: { about: 'typ', spec: 'RFC 8725 3.11', seen: typ } })
  }
  const isAllowed = registered.alg === UNSIGNED && registered.may_be_unsigned === true
  if (typeof alg !== 'string' || (alg.toLowerCase() === UNSIGNED && !isAllowed)) {
    throw new OxdError('id_token_without_signature_not_allowed', {
      reason: { about: 'alg', spec: 'RFC 8725 3.1', expected: registered.alg, seen: alg },
    })
  }
  // Core 3.1.3.7 (7): the one algorithm of the registration, not whatever the token says.
  if (alg !== registered.alg) {
    throw new OxdError('invalid_id_token_invalid_algorithm', {
      what: `${registered.alg} is registered.`,
      reason: { about: 'alg', spec: 'Core 3.1.3.7 (7)', expected: registered.alg, seen: alg },
    })
  }
  if (alg === UNSIGNED) return unsignedClaims(jws)
  if (!isHmac(alg)) return jsonIn(await op.keys.verify(jws, alg, asker))
  const { client_secret = '' } = client
  // Core 16.19: a short secret is guessed by whoever has one token.
  if (!isLongEnough(client_secret, alg) || !isSignedWith(client_secret, alg, jws)) {
    throw new OxdError('invalid_id_token_bad_signature')
  }
  return jsonIn(segment(jws, 1))
}

/** What a signed JWT says, proven by nobody; undefined: it is none. */
export const unprovenClaims = (jws: string): Claims | undefined => {
  try {
    headerOf(jws)
    return jsonIn(segment(jws, 1))
  } catch {
    return undefined
  }
}
