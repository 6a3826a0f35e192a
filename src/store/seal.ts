// Sealing: what leaves for an engine is encrypted and bound to its place; and the keys, one for each purpose.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { OxdError } from '../error.ts'

export const MASTER_KEY_BYTES = 32
const FORMAT = 1
const FORMAT_BYTES = 1
const KEY_ID_BYTES = 4
const SALT_BYTES = 16
const IV_BYTES = 12
const TAG_BYTES = 16
const SALT_AT = FORMAT_BYTES + KEY_ID_BYTES
const IV_AT = SALT_AT + SALT_BYTES
const HEAD_BYTES = IV_AT + IV_BYTES

/** What is derived from the master key; the master key itself goes no further. */
export interface Keys {
  /**
   * 32 bytes: HMAC-SHA256, under the subkey of `purpose`, over the parts, each after its length; strings count as UTF-8.
   * Purposes are constants of the program (their subkeys are kept), parts are anything.
   */
  readonly mac: (purpose: string, ...parts: readonly (string | Uint8Array)[]) => Buffer
  /** Names the master key without telling anything of it; may be shown. */
  readonly id: Buffer
}

/** Each part after its length in four bytes: no two lists of parts give the same bytes. */
const framed = (parts: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.flatMap((part) => {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )

/**
 * The keys of one master key of 32 bytes.
 * @see https://www.rfc-editor.org/rfc/rfc5869 HKDF; the purpose is its `info`
 */
export const createKeys = (master: Buffer): Keys => {
  if (master.length !== MASTER_KEY_BYTES) throw new RangeError(`a master key has ${MASTER_KEY_BYTES} bytes`)
  const input = createSecretKey(master)
  const expand = (info: string, bytes: number) => Buffer.from(hkdfSync('sha256', input, '', info, bytes))
  const subkeys = new Map<string, KeyObject>()
  const subkey = (purpose: string): KeyObject => {
    const known = subkeys.get(purpose)
    if (known !== undefined) return known
    const made = createSecretKey(expand(`oxd 1 mac ${purpose}`, 32))
    subkeys.set(purpose, made)
    return made
  }
  return {
    id: expand('oxd 1 id', KEY_ID_BYTES),
    mac: (purpose, ...parts) => createHmac('sha256', subkey(purpose)).update(framed(parts)).digest(),
  }
}

/** A keyed hash as text: names a record after an oxd_id, state, token or subject without holding it. */
export const fingerprint = (
  keys: Keys,
  purpose: string,
  ...parts: readonly (string | Uint8Array)[]
): string => keys.mac(purpose, ...parts).toString('base64url')

/** Where a sealed body belongs: it opens nowhere else. */
export interface Place {
  readonly kind: string
  readonly name: string
  readonly version: number
  /** Bound too: whoever can write the file cannot make a record live longer. */
  readonly expires_at: number | null
}

const cipherOf = (keys: Keys, head: Uint8Array, { kind, name, version, expires_at }: Place) => ({
  // A key for each body: random IVs under one key would run out after some 2^32 records.
  // @see https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf section 8.3
  key: keys.mac(`seal ${kind}`, head.subarray(SALT_AT, IV_AT)),
  iv: head.subarray(IV_AT, HEAD_BYTES),
  place: framed([head, kind, name, String(version), String(expires_at)]),
})

/** Format, key id, salt, IV, ciphertext, tag. */
export const seal = (
  keys: Keys,
  place: Place,
  plain: Uint8Array,
  random: (bytes: number) => Buffer,
): Buffer => {
  const head = Buffer.concat([Buffer.of(FORMAT), keys.id, random(SALT_BYTES), random(IV_BYTES)])
  const { key, iv, place: bound } = cipherOf(keys, head, place)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound)
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** The id of the key under which a body says it was sealed; not proven before the body is opened. */
export const keyIdOf = (body: Uint8Array): string =>
  Buffer.from(body.subarray(FORMAT_BYTES, SALT_AT)).toString('hex')

/**
 * The plain bytes of a sealed body, once it is proven that they were sealed under this key for this place.
 * @throws {OxdError} store_damaged, naming the kind
 */
export const open = (keys: Keys, place: Place, body: Uint8Array): Buffer => {
  const refuse = (why: string, cause?: unknown) =>
    new OxdError('store_damaged', { what: `A record of kind ${place.kind} ${why}.`, cause })
  if (body.length < HEAD_BYTES + TAG_BYTES) throw refuse('is too short')
  if (body[0] !== FORMAT) throw refuse('has an unknown format: was it written by a newer oxd?')
  if (keyIdOf(body) !== keys.id.toString('hex'))
    throw refuse(`was sealed under the key ${keyIdOf(body)}, the key in use is ${keys.id.toString('hex')}`)
  const { key, iv, place: bound } = cipherOf(keys, body.subarray(0, HEAD_BYTES), place)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  decipher.setAAD(bound)
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES))
  try {
    const start = decipher.update(body.subarray(HEAD_BYTES, body.length - TAG_BYTES))
    return Buffer.concat([start, decipher.final()])
  } catch (error) {
    throw refuse('was changed, moved or damaged', error)
  }
}
