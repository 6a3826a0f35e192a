// What an application chose for one login, as it stands in the state: so many bytes, and nothing stored.
import { RESPONSE_MODES, RESPONSE_TYPES, type ResponseMode, type ResponseType } from './flow.ts'

/** What is asked for at the beginning of a login. */
export interface Asked {
  readonly response_type: ResponseType
  /** Undefined: as the response type has it. */
  readonly response_mode?: ResponseMode | undefined
  /** Seconds since the user signed in, at most; enforced. */
  readonly max_age?: number | undefined
  /** The `acr` must be one of these; any, if there is none among them. Undefined: it is not essential. */
  readonly essential_acr?: readonly string[] | undefined
  /** Undefined: that of the site. */
  readonly scope?: readonly string[] | undefined
  /** Somebody else sent the user here (Core 4). */
  readonly third_party?: boolean | undefined
  /** A hash of the session of the application in which the login begins, and must end. */
  readonly session_binding?: string | undefined
}

/** The same as it is remembered: what is secret, or long, as a keyed hash. */
export interface Choices {
  readonly response_type: ResponseType
  readonly response_mode: ResponseMode | undefined
  readonly max_age: number | undefined
  readonly third_party: boolean
  /** Which scopes of the site were asked for, by their places; undefined: others. */
  readonly scope: readonly number[] | 'of_the_site' | undefined
  readonly acr_marks: readonly string[] | undefined
  readonly binding: Buffer | undefined
}

/** A login that chooses nothing: its state has none of these bytes. */
const PLAIN: Choices = {
  response_type: 'code',
  response_mode: undefined,
  max_age: undefined,
  third_party: false,
  scope: 'of_the_site',
  acr_marks: undefined,
  binding: undefined,
}

/** Keyed, and with one try for each login: an OP would guess for some billion logins. */
export const ACR_MARK_BYTES = 4
/** Values of an essential `acr` that a state has room for. */
export const ACR_MARKS_MAX = 3
/** Keyed, too; whoever guesses has to ask oxd each time. */
export const BINDING_BYTES = 12
/** Scopes that a state has room for. */
const SCOPES_MAX = 30
const OTHER_SCOPES = 0xffff_ffff
const NO_MAX_AGE = 0xffff_ffff
const THIRD_PARTY = 0x40
const BOUND = 0x80

// Type, mode and flags; how many marks, plus one; max_age; scopes; binding; marks.
const MAX_AGE_AT = 2
const SCOPE_AT = MAX_AGE_AT + 4
const BINDING_AT = SCOPE_AT + 4
const MARKS_AT = BINDING_AT + BINDING_BYTES
export const CHOICES_BYTES = MARKS_AT + ACR_MARKS_MAX * ACR_MARK_BYTES

const scopeBits = (scope: Choices['scope']): number => {
  if (scope === 'of_the_site') return 0
  if (scope === undefined || scope.some((place) => place >= SCOPES_MAX)) return OTHER_SCOPES
  return scope.reduce((bits, place) => bits | (1 << place), 0)
}

const scopesIn = (bits: number): Choices['scope'] => {
  if (bits === 0) return 'of_the_site'
  if (bits === OTHER_SCOPES) return undefined
  return Array.from({ length: SCOPES_MAX }, (_, place) => place).filter((place) => (bits >> place) & 1)
}

/** The choices as bytes, or nothing where nothing was chosen. */
export const writeChoices = (choices: Choices): Buffer => {
  const { response_type, response_mode, max_age, third_party, scope, acr_marks, binding } = choices
  const bytes = Buffer.alloc(CHOICES_BYTES)
  const mode = response_mode === undefined ? 0 : RESPONSE_MODES.indexOf(response_mode) + 1
  const flags = (third_party ? THIRD_PARTY : 0) | (binding === undefined ? 0 : BOUND)
  bytes.writeUInt8(RESPONSE_TYPES.indexOf(response_type) | (mode << 3) | flags, 0)
  bytes.writeUInt8(acr_marks === undefined ? 0 : acr_marks.length + 1, 1)
  bytes.writeUInt32BE(max_age ?? NO_MAX_AGE, MAX_AGE_AT)
  bytes.writeUInt32BE(scopeBits(scope), SCOPE_AT)
  binding?.copy(bytes, BINDING_AT)
  for (const [place, mark] of (acr_marks ?? []).entries()) {
    bytes.write(mark, MARKS_AT + place * ACR_MARK_BYTES, 'hex')
  }
  return bytes.equals(PLAIN_BYTES()) ? Buffer.alloc(0) : bytes
}

const PLAIN_BYTES = (): Buffer => {
  const bytes = Buffer.alloc(CHOICES_BYTES)
  bytes.writeUInt32BE(NO_MAX_AGE, MAX_AGE_AT)
  return bytes
}

/** What `writeChoices` wrote; no bytes are a login that chose nothing. Only for bytes that are known to be ours. */
export const readChoices = (bytes: Buffer): Choices => {
  if (bytes.length === 0) return PLAIN
  const first = bytes.readUInt8(0)
  const max_age = bytes.readUInt32BE(MAX_AGE_AT)
  const marks = bytes.readUInt8(1)
  return {
    response_type: RESPONSE_TYPES[first & 7] ?? 'code',
    response_mode: RESPONSE_MODES[((first >> 3) & 7) - 1],
    max_age: max_age === NO_MAX_AGE ? undefined : max_age,
    third_party: (first & THIRD_PARTY) !== 0,
    scope: scopesIn(bytes.readUInt32BE(SCOPE_AT)),
    acr_marks:
      marks === 0
        ? undefined
        : Array.from({ length: marks - 1 }, (_, place) => {
            const at = MARKS_AT + place * ACR_MARK_BYTES
            return bytes.toString('hex', at, at + ACR_MARK_BYTES)
          }),
    binding: (first & BOUND) === 0 ? undefined : bytes.subarray(BINDING_AT, MARKS_AT),
  }
}
