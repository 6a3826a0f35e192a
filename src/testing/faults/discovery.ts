// What an OP can say wrongly of itself.
import type { Json } from '../jws.ts'
import type { Faults } from '../op.ts'
import { reply } from '../reply.ts'
import { faults, type NamedFault, type Places } from './fault.ts'
import { transportFaults } from './network.ts'

const METADATA = 'Discovery 3'
const SAME_ISSUER = 'Discovery 4.3'

const says = (name: string, value: unknown): Faults => ({
  discovery: (good) => ({ ...good, [name]: value }),
})
const without = (name: string): Faults => ({ discovery: ({ [name]: _, ...rest }) => rest })
const changes = (name: string, change: (value: string) => unknown): Faults => ({
  discovery: (good) => ({ ...good, [name]: change(String(good[name])) }),
})

/** What oxd uses of the metadata, and a relying party needs. */
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'registration_endpoint',
  'end_session_endpoint',
] as const
type Endpoint = (typeof ENDPOINTS)[number]

/** One fault for each endpoint. */
const each = <Prefix extends string>(
  prefix: Prefix,
  what: (endpoint: Endpoint) => string,
  spec: string,
  change: (endpoint: Endpoint, places: Places) => Faults,
  over: Pick<NamedFault, 'over'> = {},
): Readonly<Record<`${Prefix}_${Endpoint}`, NamedFault>> =>
  Object.fromEntries(
    ENDPOINTS.map((endpoint): [string, NamedFault] => [
      `${prefix}_${endpoint}`,
      { what: what(endpoint), spec, ...over, faults: (places) => change(endpoint, places) },
    ]),
    // Every endpoint was given the prefix.
  ) as Record<`${Prefix}_${Endpoint}`, NamedFault>

/** One fault for each scheme, at the key set and at the token endpoint. */
const schemes = <Scheme extends string>(
  list: readonly Scheme[],
): Readonly<Record<`scheme_${Scheme}`, NamedFault>> =>
  Object.fromEntries(
    list.map((scheme): [string, NamedFault] => [
      `scheme_${scheme}`,
      {
        what: `Every endpoint is a ${scheme}: URL.`,
        spec: METADATA,
        faults: ({ canary }) => ({
          discovery: (good: Json) => ({
            ...good,
            ...Object.fromEntries(
              ENDPOINTS.map((name) => [name, `${scheme}:${new URL(canary).href.slice('http:'.length)}`]),
            ),
          }),
        }),
      },
    ]),
    // Every scheme was given the prefix.
  ) as Record<`scheme_${Scheme}`, NamedFault>

export const DISCOVERY_FAULTS = faults({
  ...transportFaults('discovery', 'discovery document'),
  ...each(
    'http',
    (endpoint) => `The OP is at https, its ${endpoint} at http.`,
    'Discovery 7.1',
    (endpoint, { canary }) => says(endpoint, canary),
    { over: 'https' },
  ),
  ...each(
    'missing',
    (endpoint) => `The metadata have no ${endpoint}.`,
    METADATA,
    (endpoint) => without(endpoint),
  ),
  ...each(
    'null',
    (endpoint) => `The ${endpoint} is null.`,
    METADATA,
    (endpoint) => says(endpoint, null),
  ),
  ...each(
    'empty',
    (endpoint) => `The ${endpoint} is an empty text.`,
    METADATA,
    (endpoint) => says(endpoint, ''),
  ),
  ...each(
    'number',
    (endpoint) => `The ${endpoint} is a number.`,
    METADATA,
    (endpoint) => says(endpoint, 42),
  ),
  ...each(
    'list',
    (endpoint) => `The ${endpoint} is a list.`,
    METADATA,
    (endpoint) => changes(endpoint, (url) => [url]),
  ),
  ...schemes(['file', 'data', 'javascript', 'gopher', 'unix']),
  issuer_suffixed: {
    what: 'The metadata name the issuer with "INVALID" behind it.',
    spec: SAME_ISSUER,
    faults: changes('issuer', (issuer) => `${issuer}INVALID`),
  },
  issuer_slashed: {
    what: 'The metadata name the issuer with a slash more at its end.',
    spec: SAME_ISSUER,
    faults: changes('issuer', (issuer) => `${issuer}/`),
  },
  issuer_unslashed: {
    what: 'The metadata name the issuer without its last sign, such as a slash.',
    spec: SAME_ISSUER,
    faults: changes('issuer', (issuer) => issuer.slice(0, -1)),
  },
  issuer_upper_case: {
    what: 'The metadata name the issuer in capitals.',
    spec: SAME_ISSUER,
    faults: changes('issuer', (issuer) => issuer.toUpperCase()),
  },
  issuer_query: {
    what: 'The metadata name an issuer with a query.',
    spec: METADATA,
    faults: changes('issuer', (issuer) => `${issuer}?tenant=1`),
  },
  issuer_fragment: {
    what: 'The metadata name an issuer with a fragment.',
    spec: METADATA,
    faults: changes('issuer', (issuer) => `${issuer}#1`),
  },
  issuer_userinfo: {
    what: 'The metadata name an issuer with a user name.',
    spec: METADATA,
    faults: changes('issuer', (issuer) => issuer.replace('://', '://user@')),
  },
  issuer_http: {
    what: 'The OP is at https, and names its issuer at http.',
    spec: 'Discovery 3',
    over: 'https',
    faults: changes('issuer', (issuer) => issuer.replace('https:', 'http:')),
  },
  issuer_missing: { what: 'The metadata name no issuer.', spec: METADATA, faults: without('issuer') },
  issuer_list: {
    what: 'The issuer of the metadata is a list.',
    spec: METADATA,
    faults: changes('issuer', (issuer) => [issuer]),
  },
  issuer_twice: {
    what: 'The metadata name two issuers.',
    spec: 'RFC 8259 4',
    faults: { discovery: reply.duplicate('issuer', 'https://attacker.example', 'first') },
  },
  jwks_uri_twice: {
    what: 'The metadata name two key sets.',
    spec: 'RFC 8259 4',
    faults: ({ attacker }) => ({ discovery: reply.duplicate('jwks_uri', `${attacker}/jwks`) }),
  },
  algorithms_text: {
    what: 'The list of signature algorithms is a text.',
    spec: METADATA,
    faults: says('id_token_signing_alg_values_supported', 'RS256'),
  },
  algorithms_none: {
    what: 'The OP offers no signature algorithm but none.',
    spec: 'RFC 8725 3.1',
    faults: says('id_token_signing_alg_values_supported', ['none']),
  },
  algorithms_hs256: {
    what: 'The OP offers no signature algorithm but HS256.',
    spec: 'Core 15.1',
    faults: says('id_token_signing_alg_values_supported', ['HS256']),
  },
  pkce_missing: {
    what: 'The OP does not say that it supports PKCE.',
    spec: 'RFC 9700 2.1.1',
    faults: without('code_challenge_methods_supported'),
  },
  pkce_plain: {
    what: 'The OP offers PKCE by plain alone.',
    spec: 'RFC 9700 4.8',
    faults: says('code_challenge_methods_supported', ['plain']),
  },
  pkce_none: {
    what: 'The OP offers PKCE by no method.',
    spec: 'RFC 9700 4.8',
    faults: says('code_challenge_methods_supported', []),
  },
  token_endpoint_moves: {
    what: 'The token endpoint moves, as it may.',
    spec: 'Discovery 4.2',
    faults: changes('token_endpoint', (url) => `${url}?moved`),
  },
  token_endpoint_of_attacker: {
    what: 'The token endpoint is one of an attacker.',
    spec: 'RFC 9700 4.4',
    faults: ({ attacker }) => changes('token_endpoint', () => `${attacker}/token`),
  },
  jwks_uri_moves: {
    what: 'The key set moves, as it may.',
    spec: 'Discovery 4.2',
    faults: changes('jwks_uri', (url) => `${url}?moved`),
  },
  token_endpoint_elsewhere: {
    what: 'The metadata name the token endpoint of an attacker.',
    spec: 'RFC 9700 4.4',
    faults: ({ attacker }) => says('token_endpoint', `${attacker}/token`),
  },
  many_metadata: {
    what: 'The metadata have lists without end.',
    spec: '-',
    faults: says(
      'scopes_supported',
      Array.from({ length: 50_000 }, (_, n) => `s${n}`),
    ),
  },
})
