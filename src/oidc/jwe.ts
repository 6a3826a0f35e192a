// Encrypted tokens: opened with exactly the algorithms that were registered; whatever fails in it fails as one error.
// @see https://openid.net/specs/openid-connect-core-1_0.html#SigningOrder
// @see https://www.rfc-editor.org/rfc/rfc7516
import { compactDecrypt, type CryptoKey } from 'jose'
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { symmetricKey } from './client_key.ts'
import { parseJson } from './json.ts'
import type { Op } from './op.ts'

/** Content encryption, and the bytes of its key (RFC 7518 section 5). */
const CONTENT_KEY_BYTES: Readonly<Record<string, number>> = {
  'A128CBC-HS256': 32,
  'A192CBC-HS384': 48,
  'A256CBC-HS512': 64,
  A128GCM: 16,
  A192GCM: 24,
  A256GCM: 32,
}
export const ENCRYPTIONS = Object.keys(CONTENT_KEY_BYTES)
/** What holds where only the algorithm is registered (Registration 1.0 section 2). */
export const DEFAULT_ENCRYPTION = 'A128CBC-HS256'

/**
 * Key management (RFC 7518 section 4): to a key of oxd's own, or, with `bytes`, to one that is made of the client_secret; 'content':
 * that is the key of the content itself. RSA1_5 and PBES2 are none of them, and never will be (RFC 8725 section 3.2).
 */
const KEY_MANAGEMENT: Readonly<Record<string, { readonly bytes?: number | 'content' }>> = {
  'RSA-OAEP': {},
  'RSA-OAEP-256': {},
  'ECDH-ES': {},
  'ECDH-ES+A128KW': {},
  'ECDH-ES+A192KW': {},
  'ECDH-ES+A256KW': {},
  dir: { bytes: 'content' },
  A128KW: { bytes: 16 },
  A192KW: { bytes: 24 },
  A256KW: { bytes: 32 },
}
export const KEY_ALGORITHMS = Object.keys(KEY_MANAGEMENT)
/** Is the token encrypted to a key that is made of the client_secret? */
export const isSymmetric = (alg: string): boolean =>
  Object.hasOwn(KEY_MANAGEMENT, alg) && KEY_MANAGEMENT[alg]?.bytes !== undefined

/** How tokens of one sort are encrypted to a client. */
export interface Encryption {
  readonly alg: string
  readonly enc: string
}

/** How long a client_secret must be at least; 0: it is not used. */
export const symmetricKeyBytes = ({ alg, enc }: Encryption): number => {
  const bytes = KEY_MANAGEMENT[alg]?.bytes ?? 0
  return bytes === 'content' ? (CONTENT_KEY_BYTES[enc] ?? 0) : bytes
}

// RFC 7516 section 7.1: five segments; `dir` and `ECDH-ES` have no encrypted key.
const COMPACT = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/
/** Is it meant to be encrypted? A JWS has three segments (RFC 7516 section 9). */
export const isEncrypted = (jwt: string): boolean => jwt.split('.', 5).length === 5

const HEADER = z.object({
  alg: z.string(),
  enc: z.string(),
  kid: z.string().max(LIMITS.kid_characters_max).optional(),
  cty: z.string().optional(),
  zip: z.unknown().optional(),
  crit: z.unknown().optional(),
})

const refused = (what: string): OxdError => new OxdError('invalid_id_token_encryption', { what })

const headerOf = (jwe: string): z.output<typeof HEADER> => {
  if (jwe.length > LIMITS.token_characters_max) {
    throw refused(`It is longer than ${LIMITS.token_characters_max} characters.`)
  }
  if (!COMPACT.test(jwe)) throw refused('It has other segments.')
  try {
    const text = Buffer.from(jwe.slice(0, jwe.indexOf('.')), 'base64url').toString('utf8')
    return HEADER.parse(parseJson(text, LIMITS.jwt_header_members_max))
  } catch {
    throw refused('Its header cannot be read.')
  }
}

const keysFor = async (
  op: Pick<Op, 'own'>,
  encryption: Encryption,
  kid: string | undefined,
  client_secret: string,
): Promise<readonly (CryptoKey | Uint8Array)[]> => {
  const bytes = symmetricKeyBytes(encryption)
  return bytes === 0 ? op.own.decryption(encryption.alg, kid) : [symmetricKey(client_secret, bytes)]
}

/**
 * The signed JWT that is in an encrypted one. It is never encrypted again, and never bare claims: its signature says whose
 * it is.
 * @param registered what the client registered: nothing else is accepted
 * @throws OxdError invalid_id_token_encryption for what its header says, invalid_id_token_not_decrypted for whatever
 *   fails from there on
 */
export const decrypted = async (
  op: Pick<Op, 'own'>,
  client: { readonly client_secret?: string | undefined },
  jwe: string,
  registered: Encryption,
): Promise<string> => {
  const { alg, enc, kid, cty, zip, crit } = headerOf(jwe)
  if (alg !== registered.alg || enc !== registered.enc) {
    throw refused(`${registered.alg} and ${registered.enc} are registered.`)
  }
  if (zip !== undefined) throw refused('It is compressed.')
  if (crit !== undefined) throw refused('It has critical extensions.')
  // RFC 7519 section 5.2: so a nested JWT says what it is.
  if (cty?.toUpperCase() !== 'JWT') throw refused('Its header does not say cty JWT.')
  for (const key of await keysFor(op, registered, kid, client.client_secret ?? '')) {
    const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }
    const opened = await compactDecrypt(jwe, key, options).catch(() => undefined)
    if (opened === undefined) continue
    const jws = Buffer.from(opened.plaintext).toString('latin1')
    if (isEncrypted(jws)) throw refused('It is encrypted twice.')
    return jws
  }
  // One error, whichever of key, tag, text or point is wrong (RFC 7516 section 11.5).
  throw new OxdError('invalid_id_token_not_decrypted')
}
