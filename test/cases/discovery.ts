// DSC: what an OP says of itself.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Act, Area, Drive } from '../../src/testing/cases/case.ts'
import { register, registerAndLogin } from '../../src/testing/cases/drives.ts'
import { FAULTS, type FaultName } from '../../src/testing/faults/index.ts'
import { reply, type Fault, type Faults } from '../../src/testing/op.ts'
import { redirects } from './redirects.ts'
import { onTheWay } from './transport.ts'
import { WEBFINGER } from './webfinger.ts'

const METADATA_MS = 150

/** One login before the OP changes, and one after what is cached of it has aged. */
const afterAWhile: Drive = async (act) => {
  const site = await act.site()
  await site.login()
  act.strike()
  await delay(2 * METADATA_MS)
  return site.login()
}

/** What the OP publishes changes while the user is there. */
const meanwhile: Drive = async (act) => {
  const site = await act.site()
  const back = await site.visit()
  act.strike()
  await delay(2 * METADATA_MS)
  return site.call('get_tokens_by_code', back)
}

/** The OP is asked for under another name than its own. */
const askedAs =
  (names: Readonly<Record<string, (issuer: string) => string>>): Drive =>
  async (act) => {
    act.strike()
    return act.register({}, names[act.attack ?? '']?.(act.issuer) ?? act.issuer)
  }

/** The site is registered while the OP publishes this. */
const publishing =
  (table: Readonly<Record<string, (act: Act) => Fault>>): Drive =>
  async (act) => {
    act.strike()
    const discovery = table[act.attack ?? '']?.(act)
    if (discovery !== undefined) act.op.setFaults(act.issuer, { discovery })
    return act.register()
  }
const saying = (name: string, value: unknown) => (): Fault => (good) => ({ ...good, [name]: value })
const each = <Code>(table: object, code: Code): Readonly<Record<string, Code>> =>
  Object.fromEntries(Object.keys(table).map((name) => [name, code]))

const SCHEMES = ['file', 'data', 'javascript', 'gopher', 'unix', 'ftp', 'ws'] as const
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'registration_endpoint',
  'end_session_endpoint',
  'introspection_endpoint',
  'pushed_authorization_request_endpoint',
] as const
/** One endpoint alone at one scheme. */
const OTHER_SCHEMES = Object.fromEntries(
  SCHEMES.flatMap((scheme) =>
    ENDPOINTS.map((endpoint) => [
      `${scheme}: at ${endpoint}`,
      ({ places }: Act) => saying(endpoint, `${scheme}:${places.canary.slice('http:'.length)}/x`)(),
    ]),
  ),
)
const NO_METADATA = {
  'a list': () => reply.raw({ body: '[]' }),
  'a text': () => reply.raw({ body: '"metadata"' }),
  null: () => reply.raw({ body: 'null' }),
  'no members': () => reply.raw({ body: '{}' }),
  'an issuer that is null': saying('issuer', null),
  'an issuer that is a number': saying('issuer', 42),
  'an issuer that is an object': saying('issuer', {}),
  'response types that are a text': saying('response_types_supported', 'code'),
  'subject types that are a text': saying('subject_types_supported', 'public'),
  'ways to authenticate that are a text': saying(
    'token_endpoint_auth_methods_supported',
    'client_secret_basic',
  ),
  'algorithms that are numbers': saying('id_token_signing_alg_values_supported', [256]),
}
const TWICE = {
  'another issuer before': () => reply.duplicate('issuer', 'https://attacker.example', 'first'),
  'another issuer behind': () => reply.duplicate('issuer', 'https://attacker.example', 'last'),
  'another key set before': ({ places }: Act) =>
    reply.duplicate('jwks_uri', `${places.attacker}/jwks`, 'first'),
  'another key set behind': ({ places }: Act) =>
    reply.duplicate('jwks_uri', `${places.attacker}/jwks`, 'last'),
  'another token endpoint behind': ({ places }: Act) =>
    reply.duplicate('token_endpoint', `${places.attacker}/token`, 'last'),
}

/** The site is registered; from then on the OP offers no algorithm to rely on, and signs so. */
const offersLess: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const signs: Readonly<Record<string, Faults>> = {
    none: { id_token: { sign: 'none' } },
    HS256: { id_token: { sign: 'hs256_client_secret' } },
    'none, and signs as before': {},
  }
  const { attack } = act
  if (attack !== undefined)
    act.op.setFaults(act.issuer, {
      discovery: (good) => ({
        ...good,
        id_token_signing_alg_values_supported: [attack === 'HS256' ? 'HS256' : 'none'],
      }),
      ...signs[attack],
    })
  await delay(2 * METADATA_MS)
  return site.login()
}

/** Faults by the beginning of their name, all with one error. */
const all = <Code extends string>(prefix: string, code: Code): Partial<Record<FaultName, Code>> =>
  Object.fromEntries(
    Object.keys(FAULTS)
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name, code]),
  )

const carriesS256 = ({ op, issuer }: Act): void => {
  const [request] = op.requests(issuer).filter(({ endpoint }) => endpoint === 'authorization')
  assert.equal(request?.params['code_challenge_method'], 'S256')
  assert.match(String(request?.params['code_challenge']), /^[\w-]{43}$/)
}

const wasAskedAt =
  (endpoint: 'token' | 'jwks') =>
  ({ op, issuer, honest }: Act): void => {
    const last = op.requests(issuer).findLast((request) => request.endpoint === endpoint)
    assert.equal(last?.target.endsWith('?moved'), !honest, last?.target)
  }

export const DISCOVERY: Area = {
  name: 'discovery',
  cases: [
    {
      id: 'DSC-01',
      title: 'another issuer',
      drive: register,
      refused: {
        issuer_suffixed: 'invalid_issuer_discovered',
        issuer_upper_case: 'invalid_issuer_discovered',
      },
      requests: { registration: 0, authorization: 0 },
    },
    {
      id: 'DSC-02',
      title: 'a slash more than the configured issuer',
      drive: register,
      refused: { issuer_slashed: 'invalid_issuer_discovered' },
      requests: { registration: 0 },
    },
    {
      id: 'DSC-02',
      title: 'a slash less than the configured issuer',
      drive: registerAndLogin,
      issuer: (name) => `${name}/`,
      refused: { issuer_unslashed: 'invalid_issuer_discovered' },
      requests: { registration: 0 },
    },
    {
      id: 'DSC-04',
      title: 'an issuer with query, fragment or user name, in the metadata',
      drive: register,
      refused: {
        issuer_query: 'invalid_issuer_discovered',
        issuer_fragment: 'invalid_issuer_discovered',
        issuer_userinfo: 'invalid_issuer_discovered',
      },
      requests: { registration: 0 },
    },
    {
      id: 'DSC-04',
      title: 'an issuer with query, fragment or user name, from the application',
      drive: askedAs({
        query: (issuer) => `${issuer}?tenant=1`,
        fragment: (issuer) => `${issuer}#1`,
        'user name': (issuer) => issuer.replace('://', '://user@'),
        password: (issuer) => issuer.replace('://', '://user:password@'),
      }),
      attacks: {
        query: 'invalid_op_host',
        fragment: 'invalid_op_host',
        'user name': 'invalid_op_host',
        password: 'invalid_op_host',
      },
      requests: { discovery: 0 },
    },
    {
      id: 'DSC-05',
      title: 'http where the OP is at https',
      drive: register,
      over: 'https',
      refused: {
        issuer_http: 'invalid_issuer_discovered',
        ...all('http_', 'no_connect_discovery_response'),
      },
      requests: { registration: 0 },
    },
    {
      id: 'DSC-05',
      title: 'http where the OP was at https, after the client was registered: no code leaves',
      drive: meanwhile,
      over: 'https',
      limits: { op_metadata_ms: METADATA_MS },
      refused: {
        issuer_http: 'invalid_issuer_discovered',
        ...all('http_', 'no_connect_discovery_response'),
      },
      requests: { token: 0 },
    },
    {
      id: 'DSC-06',
      title: 'metadata that are none, or have what is of another type',
      drive: publishing(NO_METADATA),
      attacks: each(NO_METADATA, 'no_connect_discovery_response'),
      requests: { registration: 0 },
    },
    {
      id: 'DSC-06',
      title: 'members that are missing or of another type',
      drive: register,
      refused: {
        issuer_missing: 'no_connect_discovery_response',
        issuer_list: 'no_connect_discovery_response',
        algorithms_text: 'no_connect_discovery_response',
        missing_authorization_endpoint: 'no_connect_discovery_response',
        missing_token_endpoint: 'no_connect_discovery_response',
        missing_jwks_uri: 'no_connect_discovery_response',
        missing_registration_endpoint: 'no_registration_endpoint',
        ...all('null_', 'no_connect_discovery_response'),
        ...all('empty_', 'no_connect_discovery_response'),
        ...all('number_', 'no_connect_discovery_response'),
        ...all('list_', 'no_connect_discovery_response'),
      },
      accepted: ['missing_userinfo_endpoint', 'missing_end_session_endpoint'],
    },
    {
      id: 'DSC-07',
      title: 'URLs that no OP is at',
      drive: register,
      refused: all('scheme_', 'no_connect_discovery_response'),
      requests: { registration: 0 },
    },
    {
      id: 'DSC-07',
      title: 'one URL alone that no OP is at',
      drive: publishing(OTHER_SCHEMES),
      attacks: each(OTHER_SCHEMES, 'no_connect_discovery_response'),
      requests: { registration: 0 },
    },
    redirects('DSC-09', 'discovery', register, 'no_connect_discovery_response', { watched: true }),
    redirects('DSC-09', 'discovery', register, 'no_connect_discovery_response', { over: 'https' }),
    {
      id: 'DSC-09',
      title: 'redirects',
      drive: register,
      refused: all('discovery_redirects_', 'no_connect_discovery_response'),
      requests: { registration: 0, attacker: 0, discovery: 1 },
    },
    {
      id: 'DSC-09',
      title: 'redirects from https to http',
      drive: register,
      over: 'https',
      refused: { discovery_redirects_302: 'no_connect_discovery_response' },
      requests: { registration: 0, attacker: 0, discovery: 1 },
    },
    {
      id: 'DSC-10',
      title: 'no discovery document',
      drive: register,
      refused: {
        discovery_html: 'no_connect_discovery_response',
        discovery_empty: 'no_connect_discovery_response',
        discovery_no_content: 'no_connect_discovery_response',
        discovery_not_found: 'no_connect_discovery_response',
        discovery_server_error: 'no_connect_discovery_response',
        discovery_as_text: 'no_connect_discovery_response',
      },
      requests: { registration: 0 },
    },
    onTheWay('DSC-10', 'discovery', register, 'no_connect_discovery_response'),
    {
      id: 'DSC-11',
      title: 'a member twice',
      drive: register,
      refused: {
        issuer_twice: 'no_connect_discovery_response',
        jwks_uri_twice: 'no_connect_discovery_response',
      },
      requests: { registration: 0 },
    },
    {
      id: 'DSC-11',
      title: 'a member twice, in either order',
      drive: publishing(TWICE),
      attacks: each(TWICE, 'no_connect_discovery_response'),
      requests: { registration: 0 },
    },
    {
      id: 'DSC-13',
      title: 'documents without end: large, compressed, slow',
      drive: register,
      watched: true,
      refused: {
        discovery_huge: 'no_connect_discovery_response',
        discovery_endless: 'no_connect_discovery_response',
        discovery_gzip_bomb: 'no_connect_discovery_response',
        discovery_br_bomb: 'no_connect_discovery_response',
        discovery_deflate_bomb: 'no_connect_discovery_response',
        discovery_drips: 'no_connect_discovery_response',
        discovery_drips_headers: 'no_connect_discovery_response',
        discovery_hangs: 'no_connect_discovery_response',
      },
      requests: { registration: 0 },
    },
    {
      id: 'DSC-14',
      title: 'members named as what objects inherit; a hundred thousand levels',
      drive: registerAndLogin,
      watched: true,
      refused: {
        discovery_deep: 'no_connect_discovery_response',
        discovery_nested: 'no_connect_discovery_response',
      },
      accepted: ['discovery_prototypes', 'many_metadata'],
    },
    {
      id: 'DSC-15',
      title: 'an OP that offers no PKCE, or a weak one',
      drive: registerAndLogin,
      accepted: ['pkce_missing', 'pkce_plain', 'pkce_none'],
      check: carriesS256,
    },
    {
      id: 'DSC-16',
      title: 'an OP that offers no algorithm to rely on',
      drive: register,
      refused: { algorithms_none: 'invalid_algorithm', algorithms_hs256: 'invalid_algorithm' },
      requests: { registration: 0 },
    },
    {
      id: 'DSC-16',
      title: 'an OP that offers no algorithm any more: the registered one is held to',
      drive: offersLess,
      limits: { op_metadata_ms: METADATA_MS },
      attacks: {
        none: 'id_token_without_signature_not_allowed',
        HS256: 'invalid_id_token_invalid_algorithm',
      },
      harmless: ['none, and signs as before'],
    },
    {
      id: 'DSC-17',
      title: 'the token endpoint moves while a user is at the OP',
      drive: meanwhile,
      limits: { op_metadata_ms: METADATA_MS },
      refused: {
        token_endpoint_moves: 'token_endpoint_moved',
        token_endpoint_of_attacker: 'token_endpoint_moved',
      },
      requests: { token: 0 },
      policy:
        'a login whose code would go elsewhere than was meant when it began is refused; the next one goes there',
    },
    {
      id: 'DSC-18',
      title: 'endpoints move, and are found anew',
      drive: afterAWhile,
      limits: { op_metadata_ms: METADATA_MS },
      accepted: ['token_endpoint_moves'],
      check: wasAskedAt('token'),
    },
    {
      id: 'DSC-18',
      title: 'the key set moves, and is found anew',
      drive: afterAWhile,
      limits: { op_metadata_ms: METADATA_MS, op_keys_ms: METADATA_MS },
      accepted: ['jwks_uri_moves'],
      check: wasAskedAt('jwks'),
    },
    ...WEBFINGER,
  ],
}
