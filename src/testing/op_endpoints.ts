// The honest OP: what each endpoint answers, with only those doors open that a fault names.
// RFC 6749, 7033, 7591, 7592, 7636, 7662, 9207 and OpenID Connect Core, Discovery and RP-Initiated Logout, as far as a login goes.
import { createHash, timingSafeEqual } from 'node:crypto'
import { CONTENT_ENCRYPTIONS, KEY_ENCRYPTIONS } from './jwe.ts'
import { ALGORITHMS, pooledKey, publicJwk, type Json, type Kty } from './jws.ts'
import { RESPONSE_MODES, RESPONSE_TYPES, authorization } from './op_authorization.ts'
import { AUTH_METHODS, CLIENT_ALGORITHMS, HMACS, authenticate } from './op_client_auth.ts'
import { MANAGEMENT, addClient, clientInformation } from './op_clients.ts'
import { end_session } from './op_end_session.ts'
import { JSON_HEADERS, Refusal, TOKEN_SECONDS, readable, secondsOf, text, texts } from './op_house.ts'
import type { Check, Client, Endpoint, EndpointName, Grant, House, Issuer, Request } from './op_house.ts'
import { encryptionJwk, pushFor } from './op_request.ts'
import { encryptFor, idToken, keepAccessToken, kidOf, signFor } from './op_tokens.ts'

const PROFILE_CLAIMS: Readonly<Record<string, (sub: string) => Json>> = {
  profile: (sub) => ({ name: `${sub} Example`, given_name: sub, family_name: 'Example' }),
  email: (sub) => ({ email: `${sub}@example.com`, email_verified: true }),
}

const same = (a: string, b: string): boolean => {
  const [left, right] = [a, b].map((value) => createHash('sha256').update(value).digest())
  return left !== undefined && right !== undefined && timingSafeEqual(left, right)
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
