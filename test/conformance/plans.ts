// The relying-party plans of the OpenID Foundation's conformance suite: which modules each has, and for which response types.
// Names are those of the suite (https://gitlab.com/openid/conformance-suite).

export interface Variant {
  readonly response_type: string
  readonly response_mode?: 'form_post'
  /** By value, by reference, or, by default, in the URL. */
  readonly request?: 'request_object' | 'request_uri'
  /** How the client authenticates; by default with client_secret_basic. */
  readonly auth?: 'client_secret_post' | 'client_secret_jwt' | 'private_key_jwt' | 'none'
  /** Registered by hand; by default dynamically. */
  readonly client?: 'static_client'
}
export interface Run extends Variant {
  readonly modules: readonly string[]
}
export interface Plan {
  readonly name: string
  readonly runs: readonly Run[]
}

const CODE = ['code']
const IMPLICIT = ['id_token', 'id_token token']
const HYBRID = ['code id_token', 'code token', 'code id_token token']
const ALL = [...CODE, ...IMPLICIT, ...HYBRID]

const COMMON = [
  'oidcc-client-test',
  'oidcc-client-test-invalid-iss',
  'oidcc-client-test-missing-sub',
  'oidcc-client-test-invalid-aud',
  'oidcc-client-test-missing-iat',
  'oidcc-client-test-kid-absent-single-jwks',
  'oidcc-client-test-kid-absent-multiple-jwks',
  'oidcc-client-test-idtoken-sig-rs256',
  'oidcc-client-test-invalid-sig-rs256',
  'oidcc-client-test-nonce-invalid',
  'oidcc-client-test-scope-userinfo-claims',
]
const HASHES = {
  c_hash: ['oidcc-client-test-invalid-chash', 'oidcc-client-test-missing-chash'],
  at_hash: ['oidcc-client-test-invalid-athash', 'oidcc-client-test-missing-athash'],
}
const USERINFO = 'oidcc-client-test-userinfo-invalid-sub'
const NONCE = 'oidcc-client-test-nonce-unless-code-flow'
const BASIC_AUTH = 'oidcc-client-test-client-secret-basic'
const UNSIGNED = 'oidcc-client-test-idtoken-sig-none'

const has = (type: string, word: string): boolean => type.split(' ').includes(word)

/** What the suite has for a response type, in the basic, implicit and hybrid plans. */
const modulesOf = (type: string): readonly string[] => [
  ...COMMON,
  ...(has(type, 'code') && has(type, 'id_token') ? HASHES.c_hash : []),
  ...(has(type, 'token') && has(type, 'id_token') ? HASHES.at_hash : []),
  ...(type === 'id_token' ? [] : [USERINFO]),
  ...(type === 'code' ? [UNSIGNED] : [NONCE]),
  ...(has(type, 'code') ? [BASIC_AUTH] : []),
]

/** Dynamically, and by hand. */
const both = (run: Run): readonly Run[] => [run, { ...run, client: 'static_client' }]

const core = (name: string, types: readonly string[]): readonly Plan[] => [
  {
    name: `oidcc-client-${name}-certification-test-plan`,
    runs: types.flatMap((response_type) => both({ response_type, modules: modulesOf(response_type) })),
  },
  {
    name: `oidcc-client-formpost-${name}-certification-test-plan`,
    runs: types.map((response_type) => ({
      response_type,
      response_mode: 'form_post',
      modules: modulesOf(response_type),
    })),
  },
]

const CONFIG = [
  'oidcc-client-test-discovery-openid-config',
  'oidcc-client-test-discovery-jwks-uri-keys',
  'oidcc-client-test-discovery-issuer-mismatch',
  UNSIGNED,
  'oidcc-client-test-signing-key-rotation-just-before-signing',
  'oidcc-client-test-signing-key-rotation',
]

const logout = (name: string, modules: readonly string[]): readonly Plan[] =>
  Object.entries({ basic: CODE, implicit: IMPLICIT, hybrid: HYBRID }).map(([profile, types]) => ({
    name: `oidcc-client-${name}-rp-${profile}`,
    runs: types.flatMap((response_type) => both({ response_type, modules })),
  }))

const BACK = 'oidcc-client-test-rp-backchannel-rpinitlogout'

export const PLANS: readonly Plan[] = [
  ...core('basic', CODE),
  ...core('implicit', IMPLICIT),
  ...core('hybrid', HYBRID),
  {
    name: 'oidcc-client-config-certification-test-plan',
    runs: both({ response_type: 'code', modules: CONFIG }),
  },
  {
    name: 'oidcc-client-dynamic-certification-test-plan',
    runs: [
      {
        response_type: 'code',
        request: 'request_uri',
        modules: [
          'oidcc-client-test-discovery-webfinger-acct',
          'oidcc-client-test-discovery-webfinger-url',
          'oidcc-client-test-dynamic-registration',
          'oidcc-client-test-request-uri-signed-rs256',
          'oidcc-client-test-request-uri-signed-none',
          ...CONFIG,
          'oidcc-client-test-userinfo-signed',
        ],
      },
    ],
  },
  {
    name: 'oidcc-client-test-3rd-party-init-login-test-plan',
    runs: ALL.flatMap((response_type) =>
      both({ response_type, modules: ['oidcc-client-test-3rd-party-init-login'] }),
    ),
  },
  {
    name: 'oidcc-client-refreshtoken-test-plan',
    runs: [...CODE, ...HYBRID].map((response_type) => ({
      response_type,
      modules: [
        'oidcc-client-test-refresh-token',
        'oidcc-client-test-refresh-token-invalid-issuer',
        'oidcc-client-test-refresh-token-invalid-sub',
      ],
    })),
  },
  ...logout('rp-initiated-logout', [
    'oidcc-client-test-rp-init-logout',
    'oidcc-client-test-rp-init-logout-other-state',
    'oidcc-client-test-rp-init-logout-no-state',
  ]),
  ...logout('front-channel-logout', ['oidcc-client-test-rp-frontchannel-rpinitlogout']),
  ...logout('back-channel-logout', [
    BACK,
    ...['alg-none', 'no-event', 'with-nonce', 'wrong-alg', 'wrong-aud', 'wrong-event', 'wrong-iss'].map(
      (what) => `${BACK}-${what}`,
    ),
  ]),
  {
    // Those of the comprehensive plans, which certify nothing, that no plan above has.
    name: 'oidcc-client-test-plan, oidcc-client-logout-test-plan',
    runs: [
      {
        response_type: 'code',
        modules: [
          'oidcc-client-test-missing-aud',
          'oidcc-client-test-invalid-sig-hs256',
          'oidcc-client-test-invalid-sig-es256',
          'oidcc-client-test-ignores-unparseable-key-in-jwks',
          'oidcc-client-test-userinfo-bearer-header',
          'oidcc-client-test-aggregated-claims',
          'oidcc-client-test-distributed-claims',
          'oidcc-client-test-refresh-token-invalid-aud',
          'oidcc-client-test-refresh-token-invalid-azp',
          'oidcc-client-test-rp-frontchannel-opinitlogout',
        ],
      },
      { response_type: 'code', response_mode: 'form_post', modules: ['oidcc-client-test-form-post-error'] },
    ],
  },
  {
    // Of a variant it is enough that a login comes to its end.
    name: 'Other ways to ask and to authenticate',
    runs: [
      ...(['request_object', 'request_uri'] as const).flatMap((request) =>
        ALL.map((response_type) => ({ response_type, request, modules: ['oidcc-client-test'] })),
      ),
      ...(['client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'] as const).flatMap((auth) =>
        both({ response_type: 'code', auth, modules: ['oidcc-client-test'] }),
      ),
    ],
  },
]

/** A run in words. */
export const runName = ({ response_type, response_mode, request, auth, client }: Variant): string =>
  [response_type, response_mode, request, auth, client].filter((word) => word !== undefined).join(', ')
