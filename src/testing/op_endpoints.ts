// The honest OP: what each endpoint answers, with only those doors open that a fault names.
// RFC 6749, 7033, 7591, 7592, 7636, 7662, 9207 and OpenID Connect Core, Discovery and RP-Initiated Logout, as far as a login goes.
import { createHash, timingSafeEqual } from 'node:crypto'
import { end_session } from './op_end_session.ts'
import { authorization, RESPONSE_MODES, RESPONSE_TYPES } from './op_authorization.ts'
import { ALGORITHMS, isAlg, leftHash, makeJwt, pooledKey, publicJwk, secretKey } from './jws.ts'
import type { Json, Kty, TokenFaults } from './jws.ts'
import { makeJwe, kindOfKey, KEY_ENCRYPTIONS, CONTENT_ENCRYPTIONS } from './jwe.ts'
import type { JweFaults } from './jwe.ts'
import { authenticate, AUTH_METHODS, CLIENT_ALGORITHMS, clientKey, HMACS } from './op_client_auth.ts'
import { encryptionJwk, pushFor } from './op_request.ts'
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
const ID_TOKEN_SECONDS = 600
/** Who registers one of these gets the `sid` of the session. */
const SESSION_REQUIRED = ['backchannel_logout_session_required', 'frontchannel_logout_session_required']
/** Keys that issuers take turns at: neighbours differ, a thousand issuers cost four RSA keys. */
export const SLOTS = 4

const PROFILE_CLAIMS: Readonly<Record<string, (sub: string) => Json>> = {
  profile: (sub) => ({ name: `${sub} Example`, given_name: sub, family_name: 'Example' }),
  email: (sub) => ({ email: `${sub}@example.com`, email_verified: true }),
}

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []

const same = (a: string, b: string): boolean => {
  const [left, right] = [a, b].map((value) => createHash('sha256').update(value).digest())
  return left !== undefined && right !== undefined && timingSafeEqual(left, right)
}

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

/** The ID Token of a grant, or a signed userinfo: the same key, header and lies. */
export const signFor = async (
  issuer: Issuer,
  client: Client,
  claims: Json,
  alg: unknown,
  faults: TokenFaults,
): Promise<unknown> => {
  const used = faults.alg ?? (isAlg(alg) ? alg : 'RS256')
  const { kty } = ALGORITHMS[used]
  const client_secret = client.client_secret ?? ''
  // Core 2: what a client registers that uses the code flow alone.
  const said: TokenFaults = alg === UNSIGNED ? { sign: UNSIGNED, ...faults } : faults
  const signing = {
    alg: used,
    key: kty === 'oct' ? secretKey(client_secret) : await pooledKey(kty, String(issuer.slot)),
    stranger: kty === 'oct' ? secretKey('of somebody else') : await pooledKey(kty, 'stranger'),
    client_secret,
  }
  return makeJwt(claims, { alg: used, kid: kidOf(issuer, kty), typ: 'JWT' }, signing, said)
}

/** What was signed, encrypted if the client registered that for this sort of JWT. */
export const encryptFor = async (
  issuer: Issuer,
  client: Client,
  sort: 'id_token' | 'userinfo' | 'authorization',
  jwt: unknown,
): Promise<unknown> => {
  const alg = text(client.metadata[`${sort}_encrypted_response_alg`])
  const enc = text(client.metadata[`${sort}_encrypted_response_enc`]) ?? 'A128CBC-HS256'
  const faults = issuer.faults.encryption ?? {}
  const used = faults.alg ?? alg
  if (used === undefined || typeof jwt !== 'string') return jwt
  const kty = kindOfKey(used)
  const jwk = await clientKey(client, (key) => key['kty'] === kty && key['use'] === 'enc')
  const recipient = { jwk: kty === undefined ? undefined : jwk, client_secret: client.client_secret ?? '' }
  return makeJwe(jwt, { alg: used, enc }, recipient, faults)
}

/** The same name at every issuer, which is their right: an issuer's keys must be kept apart from another's. */
const kidOf = (issuer: Issuer, kty: Kty | 'oct'): string => `${kty}-${issuer.kid}`

export const rotateKeys = (issuer: Issuer, keepKid: boolean): void => {
  issuer.slot = (issuer.slot + 1) % SLOTS
  if (!keepKid) issuer.kid += 1
}

/** @param bound what comes with it, and is bound to it by hashes */
export const idToken = async (
  house: House,
  issuer: Issuer,
  client: Client,
  grant: Grant,
  bound: { readonly code?: string | undefined; readonly access_token?: string | undefined },
  faults: TokenFaults,
) => {
  const { rotates } = issuer.faults
  if (rotates !== undefined) rotateKeys(issuer, rotates === 'key')
  const now = secondsOf(house)
  const wanted = client.metadata['id_token_signed_response_alg']
  const times: Record<string, number> = { exp: now + ID_TOKEN_SECONDS, iat: now, auth_time: grant.auth_time }
  for (const [name, offset] of Object.entries(faults.offsets ?? {}))
    times[name] = (times[name] ?? now) + offset
  const alg = faults.alg ?? (isAlg(wanted) ? wanted : 'RS256')
  const hash = (name: string, value: string | undefined): Json =>
    value === undefined ? {} : { [name]: leftHash(alg, value) }
  const claims = {
    iss: issuer.issuer,
    sub: grant.sub,
    aud: grant.client_id,
    ...times,
    ...(grant.acr === undefined ? {} : { acr: grant.acr }),
    ...(grant.sid !== undefined && SESSION_REQUIRED.some((name) => client.metadata[name] === true)
      ? { sid: grant.sid }
      : {}),
    ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
    ...hash('at_hash', bound.access_token),
    ...hash('c_hash', bound.code),
  }
  return encryptFor(issuer, client, 'id_token', await signFor(issuer, client, claims, wanted, faults))
}

/** A fresh access token of this grant. */
export const keepAccessToken = (house: House, issuer: Issuer, grant: Grant): string => {
  const access_token = house.token()
  issuer.accessTokens.set(access_token, { ...grant, expires_at: secondsOf(house) + TOKEN_SECONDS })
  return access_token
}

/** True is wrong. @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 and https://www.rfc-editor.org/rfc/rfc7636#section-4.6 */
const CODE_CHECKS: Readonly<
  Record<
    Exclude<Check, 'client_authentication' | 'grant_types'>,
    (grant: Grant, client: Client, params: Json, now: number) => boolean
  >
> = {
  code_reuse: (grant) => grant.used,
  code_expiry: (grant, _client, _params, now) => grant.expires_at < now,
  code_owner: (grant, client) => grant.client_id !== client.client_id,
  redirect_uri: (grant, _client, params) => grant.redirect_uri !== params['redirect_uri'],
  // RFC 9700 2.1.1: nor is there a verifier where there was no challenge.
  pkce: ({ code_challenge }, _client, { code_verifier }) =>
    code_challenge === undefined
      ? code_verifier !== undefined
      : createHash('sha256')
          .update(text(code_verifier) ?? '')
          .digest('base64url') !== code_challenge,
}

/** A refresh may ask for less, never for more. @see https://www.rfc-editor.org/rfc/rfc6749#section-6 */
const narrowed = (granted: string, params: Json): string => {
  const asked = text(params['scope']) ?? granted
  const all = granted.split(' ')
  if (!asked.split(' ').every((token) => all.includes(token))) throw new Refusal(400, 'invalid_scope')
  return asked
}

/** Which grant a token request is about. */
const GRANTS: Readonly<Record<string, (issuer: Issuer, client: Client, params: Json, now: number) => Grant>> =
  {
    authorization_code(issuer, client, params, now) {
      const grant = issuer.codes.get(text(params['code']) ?? '')
      if (grant === undefined) throw new Refusal(400, 'invalid_grant')
      const ignored: readonly string[] = issuer.faults.ignores ?? []
      for (const [name, wrong] of Object.entries(CODE_CHECKS)) {
        if (!ignored.includes(name) && wrong(grant, client, params, now))
          throw new Refusal(400, 'invalid_grant')
      }
      grant.used = true
      return grant
    },
    refresh_token(issuer, client, params) {
      const name = text(params['refresh_token']) ?? ''
      const grant = issuer.refreshTokens.get(name)
      if (grant === undefined || grant.client_id !== client.client_id) throw new Refusal(400, 'invalid_grant')
      const scope = narrowed(grant.scope, params)
      issuer.refreshTokens.delete(name)
      return { ...grant, scope, granted: grant.scope }
    },
    /** @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
    client_credentials(issuer, client, params, now) {
      const may =
        client.client_secret !== undefined &&
        texts(client.metadata['grant_types']).includes('client_credentials')
      if (!may && issuer.faults.ignores?.includes('grant_types') !== true)
        throw new Refusal(400, 'unauthorized_client')
      return {
        client_id: client.client_id,
        sub: client.client_id,
        scope: text(params['scope']) ?? '',
        redirect_uri: '',
        nonce: undefined,
        code_challenge: undefined,
        own: true,
        auth_time: now,
        expires_at: now,
        used: true,
      }
    },
  }

/** Fills in what RFC 7591 says by default, and refuses what cannot be. @see https://www.rfc-editor.org/rfc/rfc7591#section-2 */
const checkMetadata = (sent: Json): Json => {
  const metadata: Json = {
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    id_token_signed_response_alg: 'RS256',
    ...sent,
  }
  const uris = texts(metadata['redirect_uris'])
  if (uris.length === 0 || !uris.every((uri) => URL.canParse(uri) && !uri.includes('#')))
    throw new Refusal(400, 'invalid_redirect_uri')
  const isCodeAlone = texts(metadata['response_types']).every((type) => type === 'code')
  const known =
    AUTH_METHODS.includes(String(metadata['token_endpoint_auth_method'])) &&
    (isAlg(metadata['id_token_signed_response_alg']) ||
      (metadata['id_token_signed_response_alg'] === UNSIGNED && isCodeAlone))
  if (!known) throw new Refusal(400, 'invalid_client_metadata')
  return metadata
}

export const addClient = (house: House, issuer: Issuer, sent: Json): Client => {
  const { client_id, client_secret, ...rest } = sent
  const metadata = checkMetadata(rest)
  const { credentials } = issuer.faults
  const isPublic = metadata['token_endpoint_auth_method'] === 'none'
  const client = {
    metadata,
    client_id: text(client_id) ?? credentials?.client_id ?? house.token(),
    client_secret: isPublic
      ? undefined
      : (text(client_secret) ?? credentials?.client_secret ?? house.token()),
    registration_access_token: house.token(),
    fetch: house.fetch,
  }
  issuer.clients.set(client.client_id, client)
  return client
}

/** @see https://www.rfc-editor.org/rfc/rfc7592#section-3 */
export const clientInformation = (issuer: Issuer, client: Client): Json => ({
  ...client.metadata,
  client_id: client.client_id,
  ...(client.client_secret === undefined
    ? {}
    : { client_secret: client.client_secret, client_secret_expires_at: 0 }),
  registration_access_token: client.registration_access_token,
  registration_client_uri: `${issuer.base}/register/${encodeURIComponent(client.client_id)}`,
})

/** What only the OP may say. @see https://www.rfc-editor.org/rfc/rfc7592#section-2.2 */
const SAID_BY_THE_OP = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
]

const MANAGEMENT: Readonly<
  Record<string, (house: House, issuer: Issuer, client: Client, sent: Json) => Answer>
> = {
  GET(house, issuer, client) {
    client.registration_access_token = house.token()
    return { status: 200, json: clientInformation(issuer, client) }
  },
  PUT(house, issuer, client, sent) {
    const { client_id, client_secret, ...rest } = sent
    const wrong =
      client_id !== client.client_id ||
      (client_secret !== undefined && client_secret !== client.client_secret) ||
      SAID_BY_THE_OP.some((name) => Object.hasOwn(sent, name))
    if (wrong) throw new Refusal(400, 'invalid_client_metadata')
    // The whole metadata: what is not sent again is gone.
    const updated = { ...client, metadata: checkMetadata(rest), registration_access_token: house.token() }
    issuer.clients.set(client.client_id, updated)
    return { status: 200, json: clientInformation(issuer, updated) }
  },
  DELETE(_house, issuer, client) {
    issuer.clients.delete(client.client_id)
    return { status: 204, json: {}, render: async () => ({ headers: {}, body: '' }) }
  },
}

const bearer = ({ authorization }: Request): string => /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
const badToken = (): Refusal =>
  new Refusal(401, 'invalid_token', { 'www-authenticate': 'Bearer error="invalid_token"' })

/** Whether who asks may introspect: as a client, or with a PAT. @see https://www.rfc-editor.org/rfc/rfc7662#section-2.1 */
const authorizeIntrospection = async (house: House, issuer: Issuer, request: Request): Promise<void> => {
  const { introspection_by, refused_pats = 0 } = issuer.faults
  const pat = bearer(request)
  if (pat === '') {
    if (introspection_by === 'pat') throw badToken()
    await authenticate(house, issuer, request)
    return
  }
  const grant = issuer.accessTokens.get(pat)
  const isPat = grant !== undefined && grant.scope.split(' ').includes('uma_protection')
  if (!isPat || grant.expires_at < secondsOf(house) || introspection_by === 'client') throw badToken()
  issuer.pats.add(pat)
  if ([...issuer.pats].indexOf(pat) < refused_pats) throw badToken()
}

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

/** The honest OP: what each endpoint answers. */
export const ENDPOINTS: Readonly<Record<EndpointName, Endpoint>> = {
  discovery: {
    path: /\/\.well-known\/openid-configuration$/,
    methods: ['GET'],
    answer: async (_house, { issuer, base, faults }) => ({
      status: 200,
      json: {
        issuer,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        userinfo_endpoint: `${base}/userinfo`,
        jwks_uri: `${base}/jwks`,
        registration_endpoint: `${base}/register`,
        introspection_endpoint: `${base}/introspect`,
        end_session_endpoint: `${base}/end_session`,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        scopes_supported: ['openid', 'profile', 'email', 'offline_access', 'uma_protection', 'oxd'],
        response_types_supported: RESPONSE_TYPES,
        response_modes_supported: RESPONSE_MODES,
        authorization_signing_alg_values_supported: Object.keys(ALGORITHMS),
        claims_parameter_supported: true,
        grant_types_supported: [...Object.keys(GRANTS), 'implicit'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: Object.keys(ALGORITHMS),
        userinfo_signing_alg_values_supported: Object.keys(ALGORITHMS),
        token_endpoint_auth_methods_supported: AUTH_METHODS,
        token_endpoint_auth_signing_alg_values_supported: [...CLIENT_ALGORITHMS, ...Object.keys(HMACS)],
        id_token_encryption_alg_values_supported: KEY_ENCRYPTIONS,
        id_token_encryption_enc_values_supported: CONTENT_ENCRYPTIONS,
        userinfo_encryption_alg_values_supported: KEY_ENCRYPTIONS,
        userinfo_encryption_enc_values_supported: CONTENT_ENCRYPTIONS,
        code_challenge_methods_supported: ['S256'],
        claims_supported: ['sub', 'name', 'given_name', 'family_name', 'email', 'email_verified'],
        authorization_response_iss_parameter_supported: true,
        ...(faults.pushes === undefined
          ? {}
          : {
              pushed_authorization_request_endpoint: `${base}/par`,
              require_pushed_authorization_requests: faults.pushes === 'required',
            }),
      },
    }),
  },
  jwks: {
    path: /\/jwks$/,
    methods: ['GET'],
    answer: async (_house, issuer) => {
      const kinds: readonly Kty[] = ['RSA', 'EC', 'OKP']
      const keys = await Promise.all(
        kinds.map(async (kty) => publicJwk(await pooledKey(kty, String(issuer.slot)), kidOf(issuer, kty))),
      )
      // Only where somebody has a use for it: it costs time to make.
      const isWanted = [...issuer.clients.values()].some(
        ({ metadata }) => metadata['request_object_encryption_alg'] !== undefined,
      )
      return { status: 200, json: { keys: isWanted ? [...keys, await encryptionJwk(issuer)] : keys } }
    },
  },
  registration: {
    path: /\/register$/,
    methods: ['POST'],
    answer: async (house, issuer, { params }) => {
      const { client_id: _id, client_secret: _secret, ...metadata } = params
      const client = addClient(house, issuer, metadata)
      return {
        status: 201,
        json: { ...clientInformation(issuer, client), client_id_issued_at: secondsOf(house) },
      }
    },
  },
  management: {
    path: /\/register\/([^/]+)$/,
    methods: Object.keys(MANAGEMENT),
    answer: async (house, issuer, request) => {
      const client = issuer.clients.get(readable(() => decodeURIComponent(request.rest)))
      const manage = MANAGEMENT[request.method]
      if (client === undefined || manage === undefined) throw badToken()
      if (!same(bearer(request), client.registration_access_token)) throw badToken()
      return manage(house, issuer, client, request.params)
    },
  },
  authorization,
  par: {
    path: /\/par$/,
    methods: ['POST'],
    answer: async (house, issuer, request) => {
      if (request.repeated.length > 0) throw new Refusal(400, 'invalid_request')
      const client = await authenticate(house, issuer, request)
      return { status: 201, json: pushFor(house, issuer, client, request.params) }
    },
  },
  token: {
    path: /\/token$/,
    methods: ['POST'],
    answer: async (house, issuer, request) => {
      if (request.repeated.length > 0) throw new Refusal(400, 'invalid_request')
      const client = await authenticate(house, issuer, request)
      const grantOf = GRANTS[String(request.params['grant_type'])]
      if (grantOf === undefined) throw new Refusal(400, 'unsupported_grant_type')
      const grant = grantOf(issuer, client, request.params, secondsOf(house))
      const access_token = keepAccessToken(house, issuer, grant)
      const whole = { ...grant, scope: grant.granted ?? grant.scope }
      const { id_token = {}, refreshed_id_token = id_token } = issuer.faults
      const lies = request.params['grant_type'] === 'refresh_token' ? refreshed_id_token : id_token
      const forLater = grant.own !== true && whole.scope.split(' ').includes('offline_access')
      const refresh_token = forLater ? house.token() : undefined
      if (refresh_token !== undefined) issuer.refreshTokens.set(refresh_token, whole)
      return {
        status: 200,
        json: {
          access_token,
          token_type: 'Bearer',
          expires_in: TOKEN_SECONDS,
          scope: grant.scope,
          ...(grant.own === true
            ? {}
            : { id_token: await idToken(house, issuer, client, grant, { access_token }, lies) }),
          ...(refresh_token === undefined ? {} : { refresh_token }),
        },
      }
    },
  },
  introspection: {
    path: /\/introspect$/,
    methods: ['POST'],
    answer: async (house, issuer, request) => {
      if (request.repeated.length > 0) throw new Refusal(400, 'invalid_request')
      await authorizeIntrospection(house, issuer, request)
      const token = text(request.params['token'])
      if (token === undefined) throw new Refusal(400, 'invalid_request')
      const grant = issuer.accessTokens.get(token)
      if (grant === undefined || grant.expires_at < secondsOf(house))
        return { status: 200, json: { active: false } }
      return {
        status: 200,
        json: {
          active: true,
          scope: grant.scope,
          client_id: grant.client_id,
          username: grant.sub,
          token_type: 'Bearer',
          exp: grant.expires_at,
          iat: grant.expires_at - TOKEN_SECONDS,
          sub: grant.sub,
          aud: grant.client_id,
          iss: issuer.issuer,
        },
      }
    },
  },
  userinfo: {
    path: /\/userinfo$/,
    methods: ['GET', 'POST'],
    answer: async (house, issuer, request) => {
      const grant = issuer.accessTokens.get(bearer(request))
      if (grant === undefined || grant.expires_at < secondsOf(house)) throw badToken()
      const scopes = grant.scope.split(' ')
      const claims = scopes.map((scope) => PROFILE_CLAIMS[scope]?.(grant.sub) ?? {})
      const json: Json = Object.assign({ sub: grant.sub }, ...claims)
      const client = issuer.clients.get(grant.client_id)
      const { metadata = {} } = client ?? {}
      const alg = metadata['userinfo_signed_response_alg']
      const isJwt = alg !== undefined || metadata['userinfo_encrypted_response_alg'] !== undefined
      if (client === undefined || !isJwt) return { status: 200, json }
      return {
        status: 200,
        json: { ...json, iss: issuer.issuer, aud: grant.client_id },
        render: async (said) => {
          const signed = await signFor(issuer, client, said, alg, issuer.faults.signed_userinfo ?? {})
          return {
            headers: { 'content-type': 'application/jwt' },
            body: String(await encryptFor(issuer, client, 'userinfo', signed)),
          }
        },
      }
    },
  },
  end_session,
  /** At the root of the host, so it is the issuer without a name that is asked. @see https://www.rfc-editor.org/rfc/rfc7033#section-4 */
  webfinger: {
    path: /\/\.well-known\/webfinger$/,
    methods: ['GET'],
    answer: async (_house, { issuer }, { params, repeated }) => {
      const resource = text(params['resource'])
      if (resource === undefined || repeated.includes('resource')) throw new Refusal(400, 'invalid_request')
      const rel = 'http://openid.net/specs/connect/1.0/issuer'
      const wanted = params['rel'] === undefined || params['rel'] === rel
      return {
        status: 200,
        json: { subject: resource, links: wanted ? [{ rel, href: issuer }] : [] },
        render: async (json) => ({
          headers: { ...JSON_HEADERS, 'content-type': 'application/jrd+json' },
          body: JSON.stringify(json),
        }),
      }
    },
  },
}
