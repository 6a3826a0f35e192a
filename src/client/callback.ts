// What came back to the callback, out of whatever a web server calls a request.
import { OxdError } from './errors.ts'

/** A request of Node, Express and the like; its body is read already, or is still to be read from it. */
export interface NodeRequest {
  readonly method?: string | undefined
  /** Path and query. */
  readonly url?: string | undefined
  /** The same, where a router has cut the front off `url` (Express). */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The fields of the form, if something has read them already. */
  readonly body?: unknown
  readonly [Symbol.asyncIterator]?: () => AsyncIterator<unknown>
}

/** What `callback()` takes: the whole URL, also with a fragment; a request of Node; a Request of the web. */
export type CallbackSource = string | URL | Request | NodeRequest

/** The parameters of `get_tokens_by_callback`. */
export interface Callback {
  readonly callback_url: string
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/**
 * Where the callback of the site is. A proxy may hide the host that was asked for, and a browser cannot be believed: the redirect URI of
 * the site has it, and `own`, what a request says itself, counts only where no redirect URI is known.
 * @throws OxdConfigError where neither is
 */
export type OriginOf = (own?: string) => string

const COMMAND = 'get_tokens_by_callback'
const refused = (code: string, description: string): OxdError => new OxdError(COMMAND, code, description)

const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

const isWebRequest = (source: Request | NodeRequest): source is Request =>
  typeof Request === 'function' && source instanceof Request

/** The fields of a form, each once. */
const fieldsOf = (pairs: Iterable<readonly [string, unknown]>): Readonly<Record<string, string>> => {
  const fields = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (fields.has(name) || typeof value !== 'string') {
      throw refused('duplicate_parameter', 'A field of the form is there twice: start a new login.')
    }
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

/** The text of a form that nobody has read yet; whoever sends more than a login needs is not read to the end. */
const textOf = async (chunks: AsyncIterable<unknown>, bytes_max: number): Promise<string> => {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    // Streams of Node give buffers, those of the web arrays of bytes; texts are what somebody has set an encoding for.
    const part = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array)
    bytes += part.length
    if (bytes > bytes_max) throw refused('malformed_response', 'The form is too large for a login.')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

const requireForm = (type: string | null | undefined): void => {
  if (!FORM.test(type ?? '')) throw refused('malformed_response', 'The request has a body that is no form.')
}

const ofWeb = async (request: Request, originOf: OriginOf, bytes_max: number): Promise<Callback> => {
  const { url } = request
  const { origin } = new URL(url)
  const callback_url = `${originOf(origin)}${url.slice(origin.length)}`
  if (request.method !== 'POST') return { callback_url }
  requireForm(request.headers.get('content-type'))
  const text = request.body === null ? '' : await textOf(request.body, bytes_max)
  return { callback_url, parameters: fieldsOf(new URLSearchParams(text)) }
}

const ofNode = async (request: NodeRequest, originOf: OriginOf, bytes_max: number): Promise<Callback> => {
  const { method, originalUrl, url = '', body, headers } = request
  // Joined, not resolved: a path such as //example.com is no host.
  const callback_url = `${originOf()}${originalUrl ?? url}`
  if (method !== 'POST') return { callback_url }
  const type = headers['content-type']
  requireForm(typeof type === 'string' ? type : undefined)
  if (typeof body === 'object' && body !== null) {
    return { callback_url, parameters: fieldsOf(Object.entries(body)) }
  }
  const read = request[Symbol.asyncIterator]?.bind(request)
  const text = read === undefined ? '' : await textOf({ [Symbol.asyncIterator]: read }, bytes_max)
  return { callback_url, parameters: fieldsOf(new URLSearchParams(text)) }
}

/**
 * What oxd is asked with.
 * @param originOf the origin of a request
 * @throws OxdError duplicate_parameter, malformed_response
 */
export const callbackOf = async (
  source: CallbackSource,
  originOf: OriginOf,
  bytes_max: number,
): Promise<Callback> => {
  if (typeof source === 'string' || source instanceof URL) return { callback_url: String(source) }
  return isWebRequest(source) ? ofWeb(source, originOf, bytes_max) : ofNode(source, originOf, bytes_max)
}

/** The state in a JWT (JARM), unless it is encrypted; oxd proves it. */
const stateInJwt = (jwt: string): string | undefined => {
  try {
    const claims: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
    const state =
      typeof claims === 'object' && claims !== null && 'state' in claims ? claims.state : undefined
    return typeof state === 'string' ? state : undefined
  } catch {
    return undefined
  }
}

/** The state that a response says to have; undefined: none, several, or one that cannot be read here. */
export const stateOf = ({ callback_url, parameters }: Callback): string | undefined =>
  stateIn(parameters ?? (/[?#](.*)/s.exec(callback_url)?.[1] ?? '').replaceAll('#', '&'))

/**
 * The `state` that a response says to have: of the query, the fragment or the form, as text. For applications that look up what
 * they know of a login before they call {@link Client.callback}; whether it is true oxd says. Undefined: none, several, or one
 * in a JWT that is encrypted.
 */
export const stateIn = (response: string | Readonly<Record<string, string>>): string | undefined => {
  const pairs = new URLSearchParams(response)
  const jwt = pairs.get('response')
  const states = pairs.getAll('state')
  return states.length > 0 ? (states.length === 1 ? states[0] : undefined) : stateInJwt(jwt ?? '')
}

/** Whether a state is one that the session knows: the only one, or one of those of several tabs. */
export const isExpectedState = (state: string | undefined, expected: string | readonly string[]): boolean =>
  state !== undefined && [expected].flat().includes(state)

export const foreignState = (): OxdError =>
  refused(
    'invalid_state',
    'The response belongs to no login that was begun in this session: start a new login.',
  )
