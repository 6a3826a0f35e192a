// The door toward OPs: the only way out of oxd. It guards where requests go, how long they take and how much comes back.
import { X509Certificate } from 'node:crypto'
import { lookup as systemLookup } from 'node:dns'
import { callbackify } from 'node:util'
import { LRUCache } from 'lru-cache'
import type { Agent } from 'undici'
import { OxdError, StartError } from '../error.ts'
import type { Limits } from '../limits.ts'
import { readAnswer } from './answer.ts'
import { cleaned } from './clean.ts'
import { createConnect } from './connect.ts'
import type { Lookup } from './connect.ts'
import { createProxy } from './proxy.ts'
import { Refusal, refusalOf } from './refusal.ts'

/** What oxd asks OPs for, as error texts say it, and the bound of each answer. */
const STEPS = {
  discovery: 'op_body_bytes_max',
  registration: 'op_body_bytes_max',
  'registration update': 'op_body_bytes_max',
  token: 'op_body_bytes_max',
  introspection: 'op_body_bytes_max',
  userinfo: 'op_body_bytes_max',
  keys: 'jwks_bytes_max',
  webfinger: 'op_body_bytes_max',
  authorization: 'op_body_bytes_max',
  'pushed authorization': 'op_body_bytes_max',
  webhook: 'webhook_answer_bytes_max',
} as const satisfies Readonly<Record<string, keyof Limits>>
export type Step = keyof typeof STEPS

export interface DoorOptions {
  /** Origins that may be at private addresses and, on loopback, unencrypted. A path is ignored. */
  readonly trust_op: readonly string[]
  /** The text of a PEM file of CA certificates, added to those of the system. */
  readonly op_ca?: string | undefined
  /** `http://[user:password@]host[:port]`: OPs are reached through it, by CONNECT. */
  readonly op_proxy?: string | undefined
  /** Hosts that go without the proxy, as in `NO_PROXY`. */
  readonly no_proxy?: string | undefined
  readonly limits: Limits
  /** Default: the system's, with its hosts file. */
  readonly lookup?: Lookup
}

export interface DoorRequest {
  readonly step: Step
  readonly url: string | URL
  /** Default: GET. */
  readonly method?: string
  readonly headers?: Headers | Readonly<Record<string, string>>
  readonly body?: string
  /** The `accept` header. */
  readonly accept?: string
  /** Default: the bound of the step. Counted after decoding. */
  readonly bytes_max?: number
  /** A redirect is handed back, with its header `location` and without a text, instead of refused. It is never followed. */
  readonly redirect?: 'handed_back'
  /** Whose connections are used; those of others never are. Default: those of nobody in particular. */
  readonly tenant?: string
  /** Gives up early; its reason is thrown as it is. */
  readonly signal?: AbortSignal
}

export interface DoorAnswer {
  readonly status: number
  readonly headers: Headers
  /** Well-formed UTF-8 if the status is 2xx; a byte order mark stays in, so that no JSON parser takes it. */
  readonly text: string
  readonly url: string
}

/** What oauth4webapi and jose hand to their `customFetch`. */
export interface FetchInit {
  readonly method?: string
  readonly headers?: Headers | Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | null | undefined
}

export interface Door {
  /**
   * One request to an OP. Every status but a redirect is an answer; a redirect is one where it is asked for.
   * @throws OxdError restricted_op_host, ssl_handshake_error, op_unreachable, op_timeout, op_redirected,
   *   op_answer_too_large, op_answer_malformed, shutting_down; its text names the step and the OP's origin
   */
  readonly request: (request: DoorRequest) => Promise<DoorAnswer>
  /** `request` in the shape of `fetch`: a Response whose body has arrived, within the limits. Bodies are text or URLSearchParams. */
  readonly fetchFor: (step: Step) => (url: string | URL, init?: FetchInit) => Promise<Response>
  /** Ends every request and connection. */
  readonly close: () => Promise<void>
}

/** Answers to these have no body, and a Response takes none. @see https://fetch.spec.whatwg.org/#null-body-status */
const WITHOUT_BODY = new Set([204, 205])

/** The longest name that DNS has. @see https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4 */
const HOST_CHARACTERS_MAX = 254

/** Requests in the shape of `fetch`. */
export const fetchOf =
  (request: Door['request']): Door['fetchFor'] =>
  (step) =>
  async (url, { method, headers, body, signal } = {}) => {
    const answer = await request({
      step,
      url,
      ...(method === undefined ? {} : { method }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined || body === null ? {} : { body: String(body) }),
      ...(signal === undefined || signal === null ? {} : { signal }),
    })
    return new Response(WITHOUT_BODY.has(answer.status) ? null : answer.text, answer)
  }

/** The URL, once it is clear that nothing about it is forbidden whatever address it leads to. */
const destination = (
  url: string | URL,
  trusted: ReadonlySet<string>,
  show: (text: string) => string,
): URL => {
  const refuse = (text: string) => new Refusal('restricted_op_host', text)
  // The text is not repeated: what does not parse may hold anything, a password for one.
  if (!URL.canParse(String(url))) throw refuse('An address of the OP is no URL.')
  const at = new URL(url)
  if (at.hostname.length > HOST_CHARACTERS_MAX)
    throw refuse('An address of the OP has a name that is too long.')
  const { origin } = at
  if (at.username !== '' || at.password !== '')
    throw refuse(`${origin}: a URL with a user name or password is not used.`)
  if (at.protocol !== 'https:' && at.protocol !== 'http:')
    throw refuse(`${show(at.protocol)} is not a scheme of OPs: use https.`)
  if (at.protocol === 'http:' && !trusted.has(at.origin))
    throw refuse(`${origin} is not encrypted: use https (for an OP on this machine: --trust-op ${origin}).`)
  return at
}

const redirected = (
  url: URL,
  status: number,
  location: string | null,
  show: (text: string) => string,
): Refusal => {
  const target =
    location !== null && URL.canParse(location, url.href) ? new URL(location, url.href) : undefined
  // Only scheme, host and port: the rest of a redirect may hold secrets.
  const to = target === undefined ? 'nowhere' : target.origin === 'null' ? target.protocol : target.origin
  const text = `${url.origin} redirects to ${show(to)} (status ${status}): use the address that it redirects to, if that is your OP.`
  return new Refusal('op_redirected', text)
}

/** The origin of a setting. */
const originOf = (trust_op: string): string => {
  const url = URL.canParse(trust_op) ? new URL(trust_op) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url.origin
  throw new StartError(
    `trust_op ${JSON.stringify(trust_op)} is no origin: write it as https://host or https://host:port.`,
  )
}

const certificatesOf = (pem: string): readonly string[] => {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0)
    throw new StartError('op_ca holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).')
  try {
    // Read here, because the TLS library would leave out what it cannot read, without a word.
    return found.map((certificate) => new X509Certificate(certificate).toString())
  } catch {
    throw new StartError('op_ca holds a certificate that cannot be read: is the file complete?')
  }
}

/** @throws StartError for an origin, a certificate or a proxy that cannot be one */
export const createDoor = (options: DoorOptions): Door => {
  const { limits } = options
  const show = (text: string) => cleaned(text, limits.op_text_characters_max)
  const trusted = new Set(options.trust_op.map(originOf))
  const closing = new AbortController()
  const connect = createConnect({
    trusted,
    authorities: options.op_ca === undefined ? [] : certificatesOf(options.op_ca),
    proxy: options.op_proxy === undefined ? undefined : createProxy(options.op_proxy, options.no_proxy ?? ''),
    limits,
    lookup: options.lookup ?? systemLookup,
    closing: closing.signal,
  })

  /** A pool for each tenant. undici is loaded with the first request: it costs 75 ms and 20 MB. */
  const agents = new LRUCache<string, Promise<Agent>>({
    max: limits.ops_max,
    // What is under way ends as it would have.
    dispose: (agent) => void agent.then((each) => each.close()).catch(() => {}),
  })
  const load = async (): Promise<Agent> => {
    const { Agent } = await import('undici')
    return new Agent({
      connect: ({ protocol, host = '' }, callback) => {
        callbackify(connect)(new URL(`${protocol}//${host}`), (error, socket) =>
          error === null ? callback(null, socket) : callback(error, null),
        )
      },
      connections: limits.op_connections_max,
      keepAliveTimeout: limits.op_idle_ms,
      keepAliveMaxTimeout: limits.op_idle_ms,
      maxHeaderSize: limits.op_header_bytes_max,
      // One deadline of ours covers all of a request.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  const agentOf = (tenant: string): Promise<Agent> => {
    const known = agents.get(tenant)
    if (known !== undefined) return known
    const made = load()
    agents.set(tenant, made)
    return made
  }

  const ask = async (asked: DoorRequest, url: URL, signal: AbortSignal): Promise<DoorAnswer> => {
    signal.throwIfAborted()
    const headers = new Headers(asked.headers)
    headers.set('accept-encoding', 'identity')
    // Some firewalls before OPs refuse requests that do not say who asks.
    if (!headers.has('user-agent')) headers.set('user-agent', 'oxd')
    if (asked.accept !== undefined) headers.set('accept', asked.accept)
    const arriving = await (
      await agentOf(asked.tenant ?? '')
    ).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: asked.method ?? 'GET',
      headers: Object.fromEntries(headers),
      body: asked.body ?? null,
      signal,
    })
    // A body that is destroyed unread says so with an error, which nobody else waits for.
    arriving.body.on('error', () => {})
    const { statusCode: status, body } = arriving
    const got = new Headers()
    for (const [name, value] of Object.entries(arriving.headers)) {
      for (const each of [value ?? []].flat()) got.append(name, each)
    }
    if (status >= 300 && status < 400 && asked.redirect === 'handed_back') {
      body.destroy()
      return { status, headers: got, text: '', url: url.href }
    }
    if (status >= 300 && status < 400) {
      body.destroy()
      throw redirected(url, status, got.get('location'), show)
    }
    if (status > 599) {
      body.destroy()
      throw new Refusal(
        'op_answer_malformed',
        `${url.origin} answered with status ${status}, which HTTP does not have.`,
      )
    }
    const text = await readAnswer(
      { origin: url.origin, status, headers: got, body, signal },
      asked.bytes_max ?? limits[STEPS[asked.step]],
    )
    // What was true of the bytes is not true of the text.
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) got.delete(name)
    return { status, headers: got, text, url: url.href }
  }

  const request = async (asked: DoorRequest): Promise<DoorAnswer> => {
    const deadline = AbortSignal.timeout(limits.op_total_ms)
    const signals = [deadline, closing.signal, ...(asked.signal === undefined ? [] : [asked.signal])]
    let origin = ''
    try {
      const url = destination(asked.url, trusted, show)
      origin = url.origin
      return await ask(asked, url, AbortSignal.any(signals))
    } catch (error) {
      if (asked.signal?.aborted === true) throw asked.signal.reason
      const refusal =
        deadline.aborted && !(error instanceof Refusal)
          ? new Refusal(
              'op_timeout',
              `${origin} did not answer completely within ${limits.op_total_ms} ms: check that the OP is running, and the network.`,
            )
          : refusalOf(error, origin)
      const step = `${asked.step.charAt(0).toUpperCase()}${asked.step.slice(1)}`
      throw new OxdError(refusal.code, {
        what: `${step}: ${refusal.message}`,
        details: { step: asked.step, op: origin },
      })
    }
  }

  return {
    request,

    fetchFor: fetchOf(request),

    close: async () => {
      closing.abort(new Refusal('shutting_down', 'The OP was being asked.'))
      const open = await Promise.all(agents.values())
      await Promise.all(open.map((agent) => agent.destroy()))
    },
  }
}
