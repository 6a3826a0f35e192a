// The lying OP, arranged as the OP of the conformance suite is: what it says of itself, registers and answers.
import { generateKeyPairSync } from 'node:crypto'
import type { Json } from '../../src/testing/jws.ts'
import type { Fault, Faults } from '../../src/testing/op.ts'

const ALGORITHMS = ['ES384', 'ES256', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA']

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']
export const WITHOUT_SECRET = ['private_key_jwt', 'none']

/** Credentials end in five signs of punctuation. */
export const CREDENTIALS = {
  client_id: 'client_kYxQzRbTnWmPaLs90417:%+& ',
  client_secret: `secret_${'aBcDeFgHiJ'.repeat(5)}9041790417&=:%"`,
}

export const REFRESHING = ['authorization_code', 'implicit', 'refresh_token']

const jwk = (key: Json, use: 'sig' | 'enc', alg: string, kid: string): Json => ({ ...key, use, alg, kid })
const rsa = (): Json => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
})
const ec = (): Json => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
})
/** Keys beside those that sign: as many of each kind as the suite has. */
const OTHERS = {
  rsa: jwk(rsa(), 'sig', 'RS256', 'another-rsa'),
  ec: jwk(ec(), 'sig', 'ES256', 'another-ec'),
  rsa_enc: jwk(rsa(), 'enc', 'RSA-OAEP-256', 'rsa-enc'),
  ec_enc: jwk(ec(), 'enc', 'ECDH-ES', 'ec-enc'),
}

const unusable = (key: Json): Json => ({ ...key, use: 'sig', kid: `unusable-${String(key['alg'])}` })
/** Keys beside those that nobody can use, each of them well-formed: by their kind, algorithm or curve. */
export const UNUSABLE = [
  unusable({ kty: 'AKP', alg: 'ML-DSA-0', pub: 'AA' }),
  unusable({ kty: 'X-NONE', alg: 'X-NONE' }),
  unusable({ ...rsa(), alg: 'X-RSA' }),
  unusable({ ...ec(), alg: 'X-EC' }),
  unusable({ ...ec(), alg: 'ES256', crv: 'X-256' }),
]

const ALG_OF: Readonly<Record<string, string>> = { RSA: 'RS256', EC: 'ES256' }
export const keysIn = (set: Json): readonly Json[] => {
  // As the honest OP made it.
  const { keys } = set as { readonly keys: readonly Json[] }
  return keys
}

export interface Arranged {
  /** Sessions can be ended. */
  readonly logout?: boolean
  readonly refresh?: boolean
  /** How clients authenticate; default: client_secret_basic. */
  readonly auth?: string | undefined
}

const said =
  ({ logout, refresh, auth = 'client_secret_basic' }: Arranged): Fault =>
  (good) => {
    const issuer = String(good['issuer'])
    const base = issuer.replace(/\/$/, '')
    const end = { end_session_endpoint: good['end_session_endpoint'] }
    return {
      issuer,
      ...Object.fromEntries(
        [
          'authorization_endpoint',
          'token_endpoint',
          'jwks_uri',
          'userinfo_endpoint',
          'registration_endpoint',
        ].map((name) => [name, good[name]]),
      ),
      scopes_supported: ['openid', 'phone', 'profile', 'email', 'address', 'offline_access'],
      response_types_supported: [
        'code',
        'id_token code',
        'token code id_token',
        'id_token',
        'token id_token',
        'token code',
        'token',
      ],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      // Of clients without a method it says nothing.
      token_endpoint_auth_methods_supported: auth === 'none' ? AUTH_METHODS : [auth],
      token_endpoint_auth_signing_alg_values_supported: [...ALGORITHMS, 'HS256', 'HS384', 'HS512'],
      grant_types_supported: refresh === true ? REFRESHING : ['authorization_code', 'implicit'],
      claims_parameter_supported: true,
      acr_values_supported: ['PASSWORD'],
      subject_types_supported: ['public', 'pairwise'],
      claim_types_supported: ['normal', 'aggregated', 'distributed'],
      id_token_signing_alg_values_supported: ['none', ...ALGORITHMS],
      request_object_signing_alg_values_supported: ['none', ...ALGORITHMS],
      request_uri_parameter_supported: true,
      userinfo_signing_alg_values_supported: ALGORITHMS,
      ...(logout === true
        ? {
            ...end,
            check_session_iframe: `${base}/check_session_iframe`,
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
          }
        : {}),
    }
  }

const without =
  (...names: readonly string[]): Fault =>
  (good) =>
    Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name)))

/** Honest, in the way of the suite. */
const arranged = (how: Arranged): Faults => ({
  credentials: CREDENTIALS,
  discovery: said(how),
  // The whole request comes back, and nothing to change it with later.
  registration: ({ client_id, client_secret, id_token_signed_response_alg }, { params }) => ({
    ...params,
    client_id,
    ...(WITHOUT_SECRET.includes(how.auth ?? '') ? {} : { client_secret }),
    id_token_signed_response_alg,
  }),
  authorization: without('iss', 'expires_in', 'scope'),
  token: without('expires_in'),
  jwks: (good) => {
    const keys = keysIn(good)
      .filter(({ kty }) => kty !== 'OKP')
      .map((key) => ({ ...key, alg: ALG_OF[String(key['kty'])] }))
    return { keys: [OTHERS.rsa, ...keys, OTHERS.rsa_enc, OTHERS.ec, OTHERS.ec_enc, ...UNUSABLE] }
  },
  id_token: { claims: ({ auth_time: _, ...good }) => good },
})

/** Both, one after the other; a `Reply` is the last word. */
const chained = (first: Fault | undefined, second: Fault): Fault =>
  first === undefined || typeof first !== 'function' || typeof second !== 'function'
    ? second
    : (good, seen) => {
        const json = first(good, seen)
        // The arrangement above says everything as JSON.
        return second(json as Json, seen)
      }

/** The OP of the suite, with the deviations of a module. */
export const suiteFaults = (how: Arranged, deviations: Faults = {}): Faults => {
  const base = arranged(how)
  const endpoints = ['discovery', 'registration', 'authorization', 'token', 'jwks'] as const
  const both = endpoints.map((name) => {
    const own = deviations[name]
    return [name, own === undefined ? base[name] : chained(base[name], own)]
  })
  const claims = base.id_token?.claims
  const own = deviations.id_token?.claims
  const id_token = {
    ...deviations.id_token,
    claims: (good: Json) => {
      const bare = claims?.(good)
      // As `arranged` says it.
      return own === undefined ? (bare as Json) : own(bare as Json)
    },
  }
  return { ...base, ...deviations, ...Object.fromEntries(both), id_token }
}
