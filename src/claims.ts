// Claims: as OpenID Connect has them, and as the 3.x wire carries them, every value a list of strings.

export type Claims = Readonly<Record<string, unknown>>
export type ClaimLists = Readonly<Record<string, readonly string[]>>

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)

/**
 * Each claim as a list of strings: scalars become one string, lists a list of strings, objects their JSON text.
 * A null or empty claim is left out, as it says nothing.
 */
export const claimLists = (claims: Claims): ClaimLists =>
  Object.fromEntries(
    Object.entries(claims)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, Array.isArray(value) ? value.map(asText) : [asText(value)]]),
  )

/** What the ID Token of a login said, as far as those that come with fresh tokens must agree with it (Core 12.2). */
export interface OriginalClaims {
  /** Seconds since the epoch. */
  readonly iat: number
  /** Seconds since the epoch; null: it did not say. */
  readonly auth_time: number | null
  /** Null: it named none. */
  readonly azp: string | null
}

/** The first value of a claim list, or undefined: `first(claims.email)`. */
export const first = (values: readonly string[] | undefined): string | undefined => values?.[0]
