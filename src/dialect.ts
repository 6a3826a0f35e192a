// The dialects: how one and the same result or refusal looks to the clients of oxd 3.x, to those of 4.x, and to our own.
import { claimLists, type Claims } from './claims.ts'
import type { AnyCommand } from './command.ts'
import { ERRORS, type OxdError } from './error.ts'
import { metaOf, type Shape } from './params.ts'

/**
 * - `v3`: oxd 2.4 to 3.1, on the socket and over HTTP: exactly the members of the oldest version that has the command, nulls
 *   included, claims as lists of strings, since strict clients refuse anything else.
 * - `v4`: oxd 4.x over HTTP: the members of 4.x, nothing empty, claims as OpenID Connect has them (but for check-id-token).
 * - `native`: our own library, which asks with `"oxd": 1`: every member, and the code of the error that is unique to its cause.
 */
export type DialectName = 'v3' | 'v4' | 'native'

type Members = Readonly<Record<string, unknown>>
interface Dialect {
  readonly success: (command: AnyCommand, result: Members) => Members
  readonly failure: (error: OxdError, ref: string) => Members
}

/** Only what the command declares leaves, in its order. */
const declared = (shape: Shape, result: Members): [name: string, schema: Shape[string], value: unknown][] =>
  Object.entries(shape).map(([name, schema]) => [name, schema, result[name] ?? null])

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)

const as3x = (schema: Shape[string], value: unknown): unknown => {
  const { claims, words } = metaOf(schema)
  // The value of a field marked `claims` is an object, that of one marked `words` a list of texts, as their schemas say.
  if (claims && value !== null) return claimLists(value as Claims)
  return words && Array.isArray(value) ? value.join(' ') : value
}

/** Nothing empty comes here, so the value of such a field is an object. */
const as4x = (schema: Shape[string], value: unknown): unknown =>
  metaOf(schema).claims === 'lists' ? claimLists(value as Claims) : value

/** `"data":null`, for a command without members. Holds for all readers: there is no member that they could look for. */
const NOTHING = null as unknown as Members

const described = (error: OxdError, ref: string): string => `${error.message} [ref ${ref}]`

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  v3: {
    success: ({ result: shape }, result) =>
      Object.keys(shape).length === 0
        ? NOTHING
        : Object.fromEntries(
            declared(shape, result)
              .filter(([name, schema]) => result[name] !== undefined || !metaOf(schema).omitted)
              .map(([name, schema, value]) => [name, as3x(schema, value)]),
          ),
    failure: (error, ref) => ({
      error: error.wire,
      error_description: described(error, ref),
      ...(ERRORS[error.code].detailed ? { details: error.details ?? null } : {}),
    }),
  },
  v4: {
    success: ({ result: shape, v4, bare }, result) => {
      const members = Object.fromEntries(
        declared(v4 ?? shape, result)
          .filter(([, , value]) => !isEmpty(value))
          .map(([name, schema, value]) => [name, as4x(schema, value)]),
      )
      // The schema of a member that stands alone is an object's.
      return bare === undefined ? members : ((members[bare] ?? {}) as Members)
    },
    failure: (error, ref) =>
      ERRORS[error.code].detailed && error.details !== undefined
        ? error.details
        : { error: error.wire4, error_description: described(error, ref) },
  },
  native: {
    success: ({ result: shape, more }, result) =>
      Object.fromEntries(declared({ ...shape, ...more }, result).map(([name, , value]) => [name, value])),
    failure: (error, ref) => ({
      error: error.code,
      error_description: described(error, ref),
      details: { ...error.details, ref },
    }),
  },
}
