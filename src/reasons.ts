// Why something was refused, as the log tells it: the rule by its name and section, and what differed, as fingerprints.
import type { ErrorCode, OxdError, Reason } from './error.ts'
import { cleaned } from './oidc/clean.ts'
import type { LogFields } from './world.ts'

/**
 * What of an answer or a token the log shows in clear: what an OP publishes, what a registration fixed, and times. All else
 * is shown as a keyed fingerprint: equal values look equal, and say nothing to whoever lacks the key.
 */
const IN_CLEAR: ReadonlySet<string> = new Set([
  'iss',
  'alg',
  'enc',
  'kid',
  'typ',
  'crit',
  'exp',
  'iat',
  'nbf',
  'auth_time',
  'max_age',
  'acr',
  'content-type',
  'response_mode',
  'token_endpoint',
])

/** A keyed hash of a value; `about` is hashed with it, so that a subject is not found among audiences. */
export type Fingerprint = (about: string, value: string) => string

export interface Telling {
  readonly fingerprint: Fingerprint
  /** The bound of each text, in UTF-16 units. */
  readonly characters_max: number
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const told = (about: string, value: unknown, { fingerprint, characters_max }: Telling): string => {
  if (value === undefined) return 'none'
  const text = textOf(value)
  // An OP may put an e-mail address anywhere; nothing that is shown has any use for its sign.
  const isClear = IN_CLEAR.has(about) && !text.includes('@')
  return isClear ? cleaned(text, characters_max) : `hmac:${fingerprint(about, text)}`
}

const differed = ({ about, expected, seen }: Reason, telling: Telling): LogFields => ({
  about,
  expected: told(about, expected, telling),
  seen: told(about, seen, telling),
})

const isRefusal = (error: unknown): error is OxdError =>
  error instanceof Error && error.name === 'OxdError' && 'code' in error

/** The codes that led to one another, the innermost last: discovery failed because the answer was malformed. */
const codesOf = (error: OxdError): ErrorCode[] => [
  error.code,
  ...(isRefusal(error.cause) ? codesOf(error.cause) : []),
]

const reasonOf = (error: OxdError): Reason | undefined =>
  error.reason ?? (isRefusal(error.cause) ? reasonOf(error.cause) : undefined)

/** The fields of a log line that say which rule refused, and on account of what. */
export const reasonFields = (error: OxdError, telling: Telling): LogFields => {
  const reason = reasonOf(error)
  return {
    rule: [codesOf(error).join(' < '), ...(reason?.spec === undefined ? [] : [reason.spec])].join(', '),
    ...(reason === undefined ? {} : differed(reason, telling)),
  }
}
