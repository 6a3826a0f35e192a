// The house of the OP that can lie: what it keeps of issuers, clients and grants, what is asked of it, and the lies laid over it.
import type { JweFaults } from './jwe.ts'
import type { Json, TokenFaults } from './jws.ts'
import type { Good, Reply } from './reply.ts'

export const ENDPOINT_NAMES = [
  'discovery',
  'jwks',
  'registration',
  'management',
  'authorization',
  'par',
  'token',
  'introspection',
  'userinfo',
  'end_session',
  'webfinger',
] as const
export type EndpointName = (typeof ENDPOINT_NAMES)[number]

/** What a fault knows beside the good answer. */
export interface Seen {
  /** 1 for the first request at this endpoint of this issuer. */
  readonly nth: number
  readonly method: string
  /** Of the query, the form or the JSON body. */
  readonly params: Json
}

/**
 * A lie at one endpoint. A function gets a copy of the members that would be sent (at the authorization endpoint the
 * parameters of the redirect) and gives back those that are, or text, or a `Reply`; refusals of the OP it does not see.
 * A `Reply` stands in place of any answer.
 */
export type Fault = Reply | ((good: Json, seen: Seen) => Json | string | Buffer | Reply)

/** What an honest OP checks before it gives out tokens; a lax one does not. */
export type Check =
  | 'client_authentication'
  | 'grant_types'
  | 'code_reuse'
  | 'code_expiry'
  | 'code_owner'
  | 'redirect_uri'
  | 'pkce'

export type Faults = Readonly<Partial<Record<EndpointName, Fault>>> & {
  readonly id_token?: TokenFaults
  /** Lies over the signature of the userinfo. */
  readonly signed_userinfo?: TokenFaults
  /** Lies over whatever is encrypted. */
  readonly encryption?: JweFaults
  /** Authorization requests may, or must, be pushed. */
  readonly pushes?: 'offered' | 'required'
  /** The only audience that is accepted in client assertions; default: the issuer, or the URL that is called. */
  readonly assertion_audience?: 'issuer' | 'url'
  /** Over the ID Token that comes through the browser; default: those of `id_token`. */
  readonly front_id_token?: TokenFaults
  /** Over the ID Token that comes with refreshed tokens; default: those of `id_token`. */
  readonly refreshed_id_token?: TokenFaults
  /** Over its logout tokens. */
  readonly logout_token?: TokenFaults
  /** Over the JWT of a response (JARM), and what comes beside it. */
  readonly response_jwt?: TokenFaults
  readonly beside_response_jwt?: Json
  /** In which mode every response comes, whatever was asked for. */
  readonly response_mode?: string
  /** Checks of the token endpoint that are left out. */
  readonly ignores?: readonly Check[]
  /** Before each ID Token the keys change: under new names, or under the old ones. */
  readonly rotates?: 'kid' | 'key'
  /** What every client is registered as, instead of random names. */
  readonly credentials?: { readonly client_id?: string; readonly client_secret?: string }
  /** Who may introspect; default: clients and bearers of a PAT alike. */
  readonly introspection_by?: 'client' | 'pat'
  /** How many PATs the introspection endpoint refuses, the first ones that it sees. */
  readonly refused_pats?: number
}

export interface Recorded extends Seen {
  /** `unknown`: a path below the issuer at which there is nothing. */
  readonly endpoint: EndpointName | 'unknown'
  /** Milliseconds since the epoch, by the clock of the OP. */
  readonly at: number
  /** The Authorization header as it came. */
  readonly authorization: string | undefined
  /** The Cookie header as it came. */
  readonly cookie: string | undefined
  /** Path and query as they came. */
  readonly target: string
}

export interface Client {
  readonly metadata: Json
  readonly client_id: string
  readonly client_secret: string | undefined
  /** Of RFC 7592; a new one with every answer. */
  registration_access_token: string
  /** How the OP comes to what this client keeps for it. */
  readonly fetch: House['fetch']
}

export interface Grant {
  readonly client_id: string
  readonly sub: string
  readonly scope: string
  /** What a refresh may ask for, where `scope` is less. */
  readonly granted?: string
  readonly redirect_uri: string
  readonly nonce: string | undefined
  readonly code_challenge: string | undefined
  /** Of a client that acts for itself: no user, no ID Token. */
  readonly own?: true
  /** Seconds since the epoch. */
  readonly auth_time: number
  readonly acr?: string
  /** The session at the OP that the user has by now; told to clients that asked for it. */
  readonly sid?: string
  readonly expires_at: number
  used: boolean
}

export interface Issuer {
  readonly issuer: string
  /** The issuer without its last slash: what the endpoints begin with. */
  readonly base: string
  faults: Faults
  slot: number
  kid: number
  readonly clients: Map<string, Client>
  readonly codes: Map<string, Grant>
  readonly refreshTokens: Map<string, Grant>
  readonly accessTokens: Map<string, Grant>
  /** In the order in which the introspection endpoint first saw them. */
  readonly pats: Set<string>
  readonly requests: Recorded[]
  /** Value to name. */
  readonly secrets: Map<string, string>
}

export interface Request extends Seen {
  readonly authorization: string | undefined
  readonly sub: string
  /** The part of the path that the endpoint leaves open. */
  readonly rest: string
  /** Parameters that came more than once. */
  readonly repeated: readonly string[]
}

export interface Answer {
  readonly status: number
  readonly json: Json
  /** An honest no, and its headers. */
  readonly refused?: Readonly<Record<string, string>>
  /** How the members travel; default: as JSON. */
  readonly render?: (json: Json) => Promise<Omit<Good, 'status'>>
}

/** What an honest OP says no with. */
export class Refusal extends Error {
  readonly status: number
  readonly error: string
  readonly headers: Readonly<Record<string, string>>
  /** For the person who sees it in a browser. */
  readonly error_description: string | undefined
  constructor(
    status: number,
    error: string,
    headers: Readonly<Record<string, string>> = {},
    error_description?: string,
  ) {
    super(error)
    this.status = status
    this.error = error
    this.headers = headers
    this.error_description = error_description
  }
}

export const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }
export const CODE_SECONDS = 60
export const TOKEN_SECONDS = 3_600

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []

/** How a client asks for what is not signed. */
export const UNSIGNED = 'none'

/** What the peer sent may be no text of its kind; that is the peer's mistake, not the OP's. */
export const readable = <T>(read: () => T): T => {
  try {
    return read()
  } catch {
    throw new Refusal(400, 'invalid_request')
  }
}

export interface House {
  readonly now: () => number
  /** 32 random bytes as base64url. */
  readonly token: () => string
  /** Posts a logout token to a client; undefined: clients are not told of logouts. */
  readonly tellClient: ((uri: string, logout_token: string) => Promise<void>) | undefined
  readonly fetch: (url: string) => Promise<Response>
  /** Every request for a code must have a `code_challenge`; else whoever has none gets one all the same. */
  readonly wants_pkce: boolean
}

export const secondsOf = (house: House): number => Math.floor(house.now() / 1000)

/** A redirect with the members as its parameters. */
export const redirectTo =
  (uri: string): NonNullable<Answer['render']> =>
  async (json) => {
    const location = new URL(uri)
    for (const [name, value] of Object.entries(json)) location.searchParams.append(name, String(value))
    return { headers: { location: location.href }, body: '' }
  }

export interface Endpoint {
  /** What follows the issuer in the path; a group is handed over as `rest`. */
  readonly path: RegExp
  readonly methods: readonly string[]
  readonly answer: (house: House, issuer: Issuer, request: Request) => Promise<Answer>
}
