// Claims as OpenID Connect has them, for applications that ask for them natively.

/** OpenID Connect Core 1.0 section 5.1.1. */
export interface AddressClaim {
  readonly formatted?: string
  readonly street_address?: string
  readonly locality?: string
  readonly region?: string
  readonly postal_code?: string
  readonly country?: string
}

/** What an OP may say of a user: OpenID Connect Core 1.0 section 5.1. Which of them come depends on the scopes. */
export interface StandardClaims {
  /** Names the user at this OP, for ever; the only claim to recognise a user by. */
  readonly sub: string
  readonly name?: string
  readonly given_name?: string
  readonly family_name?: string
  readonly middle_name?: string
  readonly nickname?: string
  readonly preferred_username?: string
  readonly profile?: string
  readonly picture?: string
  readonly website?: string
  readonly email?: string
  /** Without this, anybody may have typed the address. */
  readonly email_verified?: boolean
  readonly gender?: string
  readonly birthdate?: string
  readonly zoneinfo?: string
  readonly locale?: string
  readonly phone_number?: string
  readonly phone_number_verified?: boolean
  readonly address?: AddressClaim
  /** Seconds since the epoch. */
  readonly updated_at?: number
  readonly [claim: string]: unknown
}

/** What an ID Token says: OpenID Connect Core 1.0 section 2. oxd has validated it. */
export interface IdTokenClaims extends StandardClaims {
  /** The OP. */
  readonly iss: string
  readonly aud: string | readonly string[]
  /** Seconds since the epoch, as the following. */
  readonly exp: number
  readonly iat: number
  readonly auth_time?: number
  readonly nonce?: string
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly azp?: string
  readonly at_hash?: string
  readonly c_hash?: string
  readonly sid?: string
}
