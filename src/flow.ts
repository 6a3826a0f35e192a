// The flows of OpenID Connect: what a login asks the OP to send back through the browser, and how it travels.
// @see https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html
// @see https://openid.net/specs/oauth-v2-jarm.html

/** What may be asked for. A state names them by their place, so new ones come at the end. */
export const RESPONSE_TYPES = [
  'code',
  'id_token',
  'id_token token',
  'code id_token',
  'code token',
  'code id_token token',
] as const
export type ResponseType = (typeof RESPONSE_TYPES)[number]

/** How it may travel; the same about new ones. */
export const RESPONSE_MODES = [
  'query',
  'fragment',
  'form_post',
  'jwt',
  'query.jwt',
  'fragment.jwt',
  'form_post.jwt',
] as const
export type ResponseMode = (typeof RESPONSE_MODES)[number]

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(text.split(/\s+/).filter((word) => word !== ''))

/** The response type with these words, in whatever order they stand. */
export const responseTypeOf = (text: string): ResponseType | undefined => {
  const asked = wordsOf(text)
  return RESPONSE_TYPES.find((type) => {
    const words = wordsOf(type)
    return words.size === asked.size && [...words].every((word) => asked.has(word))
  })
}

/** Does a response of this type have it? */
export const hasWord = (type: ResponseType, word: 'code' | 'id_token' | 'token'): boolean =>
  wordsOf(type).has(word)

/** Where the parameters of a response are, and whether they are in a JWT there (JARM). */
export interface Carriage {
  readonly place: 'query' | 'fragment' | 'form_post'
  readonly jwt: boolean
}

/** How the response to a login travels; without `mode` as its type has it: only a code alone comes in the query. */
export const carriageOf = (type: ResponseType, mode: ResponseMode | undefined): Carriage => {
  const usual = type === 'code' ? 'query' : 'fragment'
  if (mode === undefined || mode === 'jwt') return { place: usual, jwt: mode === 'jwt' }
  const jwt = mode.endsWith('.jwt')
  // Each mode is the name of a place, or that with `.jwt` behind it.
  return { place: (jwt ? mode.slice(0, -'.jwt'.length) : mode) as Carriage['place'], jwt }
}

/**
 * May this type be asked to travel so? A token in a query ends up in logs and in the history of the browser
 * (Multiple Response Types section 3, JARM section 2.3.1).
 */
export const mayTravel = (type: ResponseType, mode: ResponseMode | undefined): boolean =>
  type === 'code' || carriageOf(type, mode).place !== 'query'
