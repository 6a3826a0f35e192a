// The authorization response: what came back through the browser, read once and believed in nothing.
// Pure: the state is spent, and the OP asked, by whoever calls this.
// @see https://openid.net/specs/openid-connect-core-1_0.html#AuthResponse
// @see https://www.rfc-editor.org/rfc/rfc9207#section-2.4
import type { Claims } from '../claims.ts'
import { OxdError } from '../error.ts'
import { carriageOf, hasWord, type ResponseMode, type ResponseType } from '../flow.ts'
import { LIMITS } from '../limits.ts'
import { saidIn } from './said.ts'

export type Parameter = readonly [name: string, value: string]

/** A response as it came, in one of the three places. */
export interface Received {
  readonly place: 'query' | 'fragment' | 'form_post'
  readonly parameters: readonly Parameter[]
  /** Where the browser came to, without query and fragment, and the query; undefined: a form, and nobody says where. */
  readonly url: { readonly base: string; readonly query: readonly Parameter[] } | undefined
  readonly fragment: readonly Parameter[]
}

/** What an OP may send in a response. Others are ignored, as RFC 6749 section 4.1.2 asks. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'code',
  'state',
  'iss',
  'id_token',
  'access_token',
  'token_type',
  'expires_in',
  'scope',
  'response',
  'error',
  'error_description',
  'error_uri',
])
export const isOfResponse = ([name]: readonly [name: string, value: unknown]): boolean => PARAMETERS.has(name)

/** What parsers of URLs leave out: they would see other parameters. */
const PASSED_OVER = /[\s\p{C}]/u

const malformed = (what: string): OxdError => new OxdError('malformed_response', { what })

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw malformed('It has bytes that are no text.')
  }
}

/** The pairs of a query or fragment; unlike URLSearchParams it takes no bytes for what they are not. */
const pairsIn = (text: string): readonly Parameter[] =>
  text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=')
      return at === -1 ? [decoded(pair), ''] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))]
    })

/** The part before the first `mark`, and the part behind it. */
const cut = (text: string, mark: string): readonly [before: string, behind: string] => {
  const at = text.indexOf(mark)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/**
 * The response in a callback URL, or in the fields of a form.
 * @throws OxdError malformed_response
 */
export const received = ({
  callback_url,
  parameters,
}: {
  readonly callback_url?: string | undefined
  readonly parameters?: Readonly<Record<string, string>> | undefined
}): Received => {
  if (callback_url !== undefined && PASSED_OVER.test(callback_url)) {
    throw malformed('It has blanks or control characters.')
  }
  const [address, fragment] = cut(callback_url ?? '', '#')
  const [base, search] = cut(address, '?')
  const query = pairsIn(search)
  const url = callback_url === undefined ? undefined : { base, query }
  const found = { url, fragment: pairsIn(fragment) }
  if (parameters !== undefined) {
    return { ...found, place: 'form_post', parameters: Object.entries(parameters) }
  }
  // A fragment without a response is a browser's, or the OP's own (`#_=_`).
  return found.fragment.some(isOfResponse)
    ? { ...found, place: 'fragment', parameters: found.fragment }
    : { ...found, place: 'query', parameters: query }
}

const valuesOf = (parameters: readonly Parameter[], name: string): string[] =>
  parameters.flatMap(([found, value]) => (found === name ? [value] : []))

/** The JWT that a response is said to be, if it is (JARM). */
export const responseJwtIn = ({ parameters }: Received): string | undefined =>
  valuesOf(parameters, 'response')[0]

/**
 * The state of a response, before anything of it is believed: whoever has made one up finds no login with it.
 * @param inside what its JWT says, if it is one that can be read
 * @throws OxdError response_without_state, response_jwt_malformed, duplicate_parameter
 */
export const stateOf = (came: Received, inside: Claims | undefined): string => {
  const { parameters } = came
  const states = typeof inside?.state === 'string' ? [inside.state] : valuesOf(parameters, 'state')
  if (states.length > 1) throw new OxdError('duplicate_parameter', { what: 'It is state.' })
  const [state] = states
  if (state === undefined && inside === undefined && responseJwtIn(came) !== undefined) {
    throw new OxdError('response_jwt_malformed')
  }
  if (state === undefined || state === '') throw new OxdError('response_without_state')
  return state
}

/** What of a login its response must fit. */
export interface AskedResponse {
  readonly redirect_uri: string
  readonly response_type: ResponseType
  readonly response_mode: ResponseMode | undefined
}

/** The query without what the redirect URI itself has in it, which must be all there (RFC 6749 section 3.1.2). */
const withoutOwnQuery = (query: readonly Parameter[], own: readonly Parameter[]): readonly Parameter[] => {
  /** How often each pair must still be found. */
  const missing = new Map<string, number>()
  const textOf = ([name, value]: Parameter): string => JSON.stringify([name, value])
  for (const pair of own) missing.set(textOf(pair), (missing.get(textOf(pair)) ?? 0) + 1)
  const left = query.filter((pair) => {
    const count = missing.get(textOf(pair)) ?? 0
    if (count > 0) missing.set(textOf(pair), count - 1)
    return count === 0
  })
  if (query.length - left.length < own.length)
    throw new OxdError('foreign_callback_url', { what: 'Its own query is not there.' })
  return left
}

/**
 * The parameters of a response that came to the right place, in the mode that was asked for.
 * @throws OxdError foreign_callback_url, other_response_mode, duplicate_parameter
 */
export const fittingParameters = (
  { place, parameters, url, fragment }: Received,
  { redirect_uri, response_type, response_mode }: AskedResponse,
): readonly Parameter[] => {
  const [base, search] = cut(redirect_uri, '?')
  // A browser writes an address in its own way: https://client.example.com/ for https://client.example.com.
  if (url !== undefined && url.base !== base && url.base !== new URL(base).href) {
    throw new OxdError('foreign_callback_url')
  }
  const query = url === undefined ? [] : withoutOwnQuery(url.query, pairsIn(search))
  const asked = carriageOf(response_type, response_mode)
  const elsewhere = [...(place === 'query' ? [] : query), ...(place === 'fragment' ? [] : fragment)]
  if (place !== asked.place || elsewhere.some(isOfResponse)) {
    throw new OxdError('other_response_mode', { what: `It was to come in the ${PLACES[asked.place]}.` })
  }
  const found = place === 'query' ? query : parameters
  if (found.some(([name]) => name === 'response') !== asked.jwt) {
    throw new OxdError('other_response_mode', {
      what: asked.jwt ? 'It was to be a signed JWT.' : 'It was not to be a JWT.',
    })
  }
  const names = new Set<string>()
  const twice = found.map(([name]) => name).find((name) => names.size === names.add(name).size)
  if (twice !== undefined) {
    // The name is shown only where it is one that is known.
    throw new OxdError('duplicate_parameter', { what: PARAMETERS.has(twice) ? `It is ${twice}.` : '' })
  }
  return found
}
const PLACES = {
  query: 'query of the URL',
  fragment: 'fragment of the URL',
  form_post: 'form that is posted',
}

/** What may be believed to be of the OP once the ID Token, or the token endpoint, confirms it. */
export interface AuthorizationResponse {
  readonly code: string | undefined
  readonly id_token: string | undefined
  readonly access_token: string | undefined
  /** Seconds; -1 if the OP does not say. */
  readonly expires_in: number
  readonly scope: string | undefined
}

// RFC 6749 appendix A: the characters of a code and of an access token.
const VSCHARS = /^[\x20-\x7e]+$/
/** Clients in C# and Java read a signed number of 32 bits. */
const EXPIRES_IN_MAX = 2_147_483_647

/** What only a success has. */
const GIVEN = ['code', 'id_token', 'access_token'] as const
const WORDS = { code: 'code', id_token: 'id_token', access_token: 'token' } as const
const MISSING = { code: 'no_code', id_token: 'no_id_token', access_token: 'no_access_token' } as const
const CHARACTERS_MAX = {
  code: LIMITS.code_characters_max,
  id_token: LIMITS.token_characters_max,
  access_token: LIMITS.token_characters_max,
} as const

/**
 * The issuer of the response is the one that the login went to (RFC 9207 section 2.4).
 * @throws OxdError invalid_issuer, no_issuer_in_response
 */
export const checkIssuer = (
  iss: string | undefined,
  { issuer, isPromised }: { readonly issuer: string; readonly isPromised: boolean },
): void => {
  if (iss === undefined && isPromised) throw new OxdError('no_issuer_in_response')
  // Also where it was not promised: what an OP says of itself without need is no less true or false.
  if (iss !== undefined && iss !== issuer) throw new OxdError('invalid_issuer')
}

/** The refusal of the OP, with what it said, cleaned and cut. */
const refusedByOp = (values: ReadonlyMap<string, string>, secrets: readonly string[]): OxdError => {
  const error = values.get('error') ?? ''
  const description = values.get('error_description')
  const said = saidIn({ error, error_description: description }, secrets)
  return new OxdError('login_refused', {
    what: `It says: ${said}.`,
    details: {
      error: saidIn({ error }, secrets),
      ...(description === undefined ? {} : { error_description: saidIn({ error: description }, secrets) }),
    },
  })
}

/**
 * What the parameters of a response say; its issuer is checked by then, or is that of its JWT.
 * @param secrets of the login, which no text of the OP carries on
 * @throws OxdError error_and_code, login_refused, unexpected_parameter, no_code, no_id_token, no_access_token,
 *   invalid_token_type, malformed_response
 */
export const readResponse = (
  parameters: readonly Parameter[],
  type: ResponseType,
  secrets: readonly string[],
): AuthorizationResponse => {
  const values = new Map(parameters)
  if (values.has('error')) {
    if (GIVEN.some((name) => values.has(name))) throw new OxdError('error_and_code')
    throw refusedByOp(values, secrets)
  }
  for (const name of GIVEN) {
    const value = values.get(name)
    if (!hasWord(type, WORDS[name])) {
      // Core 3.1.2.5 knows none; whoever sends it wants it to be taken for something.
      if (value !== undefined) throw new OxdError('unexpected_parameter', { what: `It is ${name}.` })
    } else if (value === undefined || value === '') {
      throw new OxdError(MISSING[name])
    } else if (!VSCHARS.test(value) || value.length > CHARACTERS_MAX[name]) {
      throw malformed(`Its ${name} is too long, or has characters that it may not have.`)
    }
  }
  if (values.has('access_token') && !/^bearer$/i.test(values.get('token_type') ?? '')) {
    throw new OxdError('invalid_token_type')
  }
  const expires_in = values.get('expires_in') ?? ''
  if (!/^\d{0,10}$/.test(expires_in)) throw malformed('Its expires_in is no number of seconds.')
  return {
    code: values.get('code'),
    id_token: values.get('id_token'),
    access_token: values.get('access_token'),
    expires_in: expires_in === '' ? -1 : Math.min(Number(expires_in), EXPIRES_IN_MAX),
    scope: values.get('scope'),
  }
}
