// The two people who live at the dev OP. Their passwords are shown on its login page: they protect nothing.

export interface Account {
  readonly user: string
  readonly password: string
  /** OpenID Connect Core 1.0, section 5.1. `sub` is the user name, so that a test can name it. */
  readonly claims: {
    readonly sub: string
    readonly name: string
    readonly given_name: string
    readonly family_name: string
    readonly email: string
    readonly email_verified: boolean
  }
}

export const ACCOUNTS: readonly Account[] = [
  {
    user: 'alice',
    password: 'wonderland',
    claims: {
      sub: 'alice',
      name: 'Alice Liddell',
      given_name: 'Alice',
      family_name: 'Liddell',
      email: 'alice@example.com',
      email_verified: true,
    },
  },
  {
    user: 'bob',
    password: 'builder',
    claims: {
      sub: 'bob',
      name: 'Bob Stone',
      given_name: 'Bob',
      family_name: 'Stone',
      email: 'bob@example.com',
      email_verified: false,
    },
  },
]

export const accountOf = (user: string): Account | undefined => ACCOUNTS.find((each) => each.user === user)

/** Which scope brings which claims (OpenID Connect Core 1.0, section 5.4), and how the consent page says it. */
export const SCOPES = {
  openid: { claims: ['sub'], meaning: 'Know who you are' },
  profile: { claims: ['name', 'given_name', 'family_name'], meaning: 'See your name' },
  email: { claims: ['email', 'email_verified'], meaning: 'See your e-mail address' },
  offline_access: { claims: [], meaning: 'Keep access while you are away' },
  oxd: { claims: [], meaning: 'Use an oxd' },
  // UMA 2.0 Federated Authorization, section 1.3.
  uma_protection: { claims: [], meaning: 'Protect resources with this OP' },
} as const

/** The consent page's words for a scope; an unknown scope speaks for itself. */
export const meaningOf = (scope: string): string =>
  Object.entries(SCOPES).find(([name]) => name === scope)?.[1].meaning ?? scope
