// Who may have what at the dev OP's authorization server: a policy, handed in, that is asked scope by scope.
import { ACCOUNTS } from './accounts.ts'

/** What is known of the requesting party: gathered on the page, out of an ID Token, or kept under a PCT. */
export type UmaClaims = Readonly<Record<string, unknown>>

export interface UmaQuestion {
  readonly resource_id: string
  /** As the resource server named the resource. */
  readonly name: string | undefined
  /** `''` where a permission is asked for without any scope. */
  readonly scope: string
  /** The client that asks for the RPT. */
  readonly client_id: string
  readonly claims: UmaClaims
}

/**
 * `submit`: the resource owner is to be asked first (request_submitted). `need`: names of claims without which there is no
 * decision; those of the demo users (`sub`, `email`, …) are gathered by signing in, all others by a text field.
 */
export type UmaVerdict = 'grant' | 'deny' | 'submit' | { readonly need: readonly string[] }
export type UmaPolicy = (question: UmaQuestion) => UmaVerdict

/** Who signed in anywhere at this OP, or says that they are in the Netherlands, may have everything. */
export const DEFAULT_UMA_POLICY: UmaPolicy = ({ claims: { sub, country } }) => {
  if (sub !== undefined || country === 'NL') return 'grant'
  return country === undefined ? { need: ['country'] } : 'deny'
}

export interface Permission {
  readonly resource_id: string
  readonly resource_scopes: readonly string[]
}
export interface Assessment {
  readonly granted: readonly Permission[]
  /** Claims without which some scope has no decision. */
  readonly need: readonly string[]
  readonly submitted: boolean
}

/**
 * Asks the policy about each scope of each permission. A denied scope is left out of what is granted: a resource server
 * whose scopes are alternatives may be content with the others (UMA 2.0 Grant, section 3.3.4, leaves both open).
 */
export const assess = (
  policy: UmaPolicy,
  permissions: readonly Permission[],
  about: Pick<UmaQuestion, 'client_id' | 'claims'> & {
    readonly nameOf: (resource_id: string) => string | undefined
  },
): Assessment => {
  const granted: Permission[] = []
  const need = new Set<string>()
  let submitted = false
  for (const { resource_id, resource_scopes } of permissions) {
    const scopes: string[] = []
    for (const scope of resource_scopes.length === 0 ? [''] : resource_scopes) {
      const { client_id, claims } = about
      const verdict = policy({ resource_id, name: about.nameOf(resource_id), scope, client_id, claims })
      if (verdict === 'grant') scopes.push(scope)
      else if (verdict === 'submit') submitted = true
      else if (verdict !== 'deny') for (const name of verdict.need) need.add(name)
    }
    if (scopes.length > 0) {
      granted.push({ resource_id, resource_scopes: scopes.filter((scope) => scope !== '') })
    }
  }
  return { granted, need: [...need], submitted }
}

/** How the page asks for a claim. */
export interface ClaimField {
  readonly label: string
  readonly hint: string
  readonly autocomplete: string
  /** What was typed, as a claim; undefined when it is none. */
  readonly read: (typed: string) => string | undefined
}

const FIELDS: ReadonlyMap<string, ClaimField> = new Map([
  [
    'country',
    {
      label: 'Country',
      hint: 'Two letters, like NL',
      autocomplete: 'country',
      read: (typed) => /^[A-Z]{2}$/.exec(typed.trim().toUpperCase())?.[0],
    },
  ],
])
export const fieldOf = (name: string): ClaimField =>
  FIELDS.get(name) ?? {
    label: name,
    hint: '',
    autocomplete: 'off',
    read: (typed) => typed.trim() || undefined,
  }

const ACCOUNT_CLAIMS = new Set(ACCOUNTS.flatMap(({ claims }) => Object.keys(claims)))
/** Whether a claim is known once somebody has signed in. */
export const comesWithSignIn = (name: string): boolean => ACCOUNT_CLAIMS.has(name)
