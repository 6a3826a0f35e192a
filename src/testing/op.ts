// The OP that can lie: an honest OpenID Provider for many issuers on one port, each with faults of its own laid over it.
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import { createServer as createTcpServer, isIP } from 'node:net'
import type { AddressInfo, LookupFunction, Server as TcpServer, Socket } from 'node:net'
import { realWorld } from '../world.ts'
import type { World } from '../world.ts'
import { isJson } from './jws.ts'
import type { Json, TokenFaults } from './jws.ts'
import { addClient, clientInformation } from './op_clients.ts'
import { ENDPOINTS } from './op_endpoints.ts'
import { ENDPOINT_NAMES, JSON_HEADERS, Refusal, text } from './op_house.ts'
import { rotateKeys, SLOTS } from './op_tokens.ts'
import { makeLogoutToken, type LoggedOut } from './op_logout.ts'
import type { Answer, EndpointName, Faults, House, Issuer, Recorded, Request } from './op_house.ts'
import { reply, Reply } from './reply.ts'
import type { Good } from './reply.ts'

export { reply, Reply } from './reply.ts'
export type { EndpointName, Fault, Faults, Recorded, Seen } from './op_house.ts'

const BODY_BYTES_MAX = 1_048_576
const VISIT_MS_MAX = 10_000
const FETCH_MS_MAX = 3_000
/** What a lie may make of a redirect. */
const VISIT_HEADER_BYTES_MAX = 262_144

export interface LyingOpOptions extends Partial<Pick<World, 'now' | 'random'>> {
  /** PEM; with it the OP speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** The address it listens at; default 127.0.0.1. */
  readonly host?: string
  /** The host of its origin, and of its issuers; default: the address. Whoever comes must know where that is. */
  readonly name?: string
  /** Default: a free one. */
  readonly port?: number
  /** For people: a browser that comes to sign in sees this first, and comes back with `sub` among the parameters. */
  readonly signInPage?: (asked: {
    readonly target: string
    readonly params: Json
  }) => Pick<Good, 'headers' | 'body'>
  /** Whether a request for a code must have a `code_challenge`, as oxd's always have; default: true. */
  readonly wants_pkce?: boolean
  /** How the OP fetches what clients keep for it: keys, request objects; default: by Node's own fetch. */
  readonly fetch?: (url: string) => Promise<Response>
  /** Told of each request once it was answered, and with which status. */
  readonly onRequest?: (request: Recorded, status: number) => void
  /**
   * With it the OP tells a client of a logout: it posts a logout token to its `backchannel_logout_uri`. Told what the client answered;
   * undefined: nothing.
   */
  readonly onLogoutToken?: (uri: string, status: number | undefined) => void
  /** Told of each connection to the listener that nobody has any business with. */
  readonly onCanary?: () => void
}

export interface LyingOp {
  /** `http://127.0.0.1:PORT`, or as the options say. */
  readonly origin: string
  /**
   * Makes an issuer with keys, clients and codes of its own.
   * @param name its path; may end in a slash, may hold percent-encoding, is taken byte for byte
   * @returns the issuer URL
   */
  readonly issuer: (name: string, faults?: Faults) => string
  /** Other lies from now on. */
  readonly setFaults: (issuer: string, faults: Faults) => void
  /** Registers a client by hand, as an administrator would. @returns the client's `client_id` and `client_secret` too */
  readonly addClient: (issuer: string, metadata: Json) => Json
  /**
   * Goes to an authorization URL (or another one of this OP that redirects) as a browser would, already signed in.
   * @param sub who signs in; default `alice`
   * @returns where the OP sends the browser to; throws when it shows a page instead
   */
  readonly authorize: (url: string, who?: { readonly sub?: string }) => Promise<string>
  /** A logout token for a client, as the OP would send it to the `backchannel_logout_uri` that `metadataOf` tells. @param faults default: those of the issuer */
  readonly logoutToken: (
    issuer: string,
    client_id: string,
    about: LoggedOut,
    faults?: TokenFaults,
  ) => Promise<string>
  /** What a client registered. */
  readonly metadataOf: (issuer: string, client_id: string) => Json
  /** The same for a login in whatever response mode: what the site hands to `get_tokens_by_callback`. */
  readonly respond: (url: string, who?: { readonly sub?: string }) => Promise<Callback>
  /** New keys; the old ones are published no more. `keepKid`: under the old names. */
  readonly rotateKeys: (issuer: string, options?: { readonly keepKid?: boolean }) => void
  readonly requests: (issuer: string) => readonly Recorded[]
  readonly count: (issuer: string, endpoint: Recorded['endpoint']) => number
  /** What was handed out or came in at this issuer that only the two parties may know, by name and number. */
  readonly secrets: (issuer: string) => Readonly<Record<string, string>>
  /** A listener that nobody has any business with, and how often it was connected to. */
  readonly canary: () => { readonly origin: string; readonly contacts: number }
  /** Ends all connections at once. Rejects when a fault itself threw, so that a broken test is not taken for a lie. */
  readonly close: () => Promise<void>
}

/** Where the browser goes from the OP, and with which form, if it posts one. */
export interface Callback {
  readonly callback_url: string
  readonly parameters?: Readonly<Record<string, string>>
}

const readBody = async (incoming: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of incoming) {
    if (!Buffer.isBuffer(part)) continue
    bytes += part.length
    if (bytes > BODY_BYTES_MAX) throw new Refusal(413, 'request_too_large')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

const parseJson = (body: string): Json => {
  try {
    const json: unknown = JSON.parse(body)
    return isJson(json) ? json : {}
  } catch {
    return {}
  }
}

/** The parameters of a query or a body, and the names that came more than once. */
const readParams = (body: string, type: string): { params: Json; repeated: string[] } => {
  if (type.startsWith('application/json')) return { params: parseJson(body), repeated: [] }
  const form = new URLSearchParams(body)
  const repeated = [...new Set(form.keys())].filter((name) => form.getAll(name).length > 1)
  return { params: Object.fromEntries(form), repeated }
}

/** Who signs in, as the button of the page says, and the parameters of the request itself. */
const chosenIn = ({ sub, ...params }: Json): { chosen: string | undefined; params: Json } => ({
  chosen: text(sub),
  params,
})

const listen = (server: TcpServer, host: string, port = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      // A TCP server has an address with a port.
      resolve((server.address() as AddressInfo).port)
    })
  })
const closed = (server: TcpServer): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

/** Members and parameters that only the two parties may know. */
const SECRETS = [
  'client_secret',
  'registration_access_token',
  'code',
  'access_token',
  'refresh_token',
  'id_token',
  'code_verifier',
  'client_assertion',
] as const
/** What is shorter occurs anywhere by chance. */
const SECRET_CHARACTERS_MIN = 8

const keepSecrets = ({ secrets }: Issuer, members: Json): void => {
  for (const name of SECRETS) {
    const value = members[name]
    if (typeof value === 'string' && value.length >= SECRET_CHARACTERS_MIN && !secrets.has(value))
      secrets.set(value, `${name} ${secrets.size + 1}`)
  }
}

interface Visited {
  readonly status: number | undefined
  readonly location: string | undefined
  readonly page: string
}

/** One request as a browser would send it, to this address; redirects are handed back, not followed. */
const visit = (url: string, sub: string, address: string): Promise<Visited> =>
  new Promise((resolve, reject) => {
    const lookup: LookupFunction = (_name, _options, found) =>
      found(null, [{ address, family: isIP(address) }])
    const options = {
      headers: { 'x-sub': sub },
      lookup,
      agent: false,
      timeout: VISIT_MS_MAX,
      maxHeaderSize: VISIT_HEADER_BYTES_MAX,
    } as const
    const onAnswer = (answer: IncomingMessage): void => {
      const { statusCode: status } = answer
      const { location } = answer.headers
      readBody(answer).then((page) => resolve({ status, location, page }), reject)
    }
    const sent = url.startsWith('https:')
      ? // The OP visits itself; whether its certificate is trusted is the relying party's business.
        httpsRequest(url, { ...options, rejectUnauthorized: false }, onAnswer)
      : httpRequest(url, options, onAnswer)
    sent.once('timeout', () => sent.destroy(new Error('The OP did not answer.')))
    sent.once('error', reject)
    sent.end()
  })

/** One form, as the OP itself sends it. @returns the status of the answer; undefined: there was none */
const post = async (url: string, form: Readonly<Record<string, string>>): Promise<number | undefined> => {
  const signal = AbortSignal.timeout(VISIT_MS_MAX)
  const body = new URLSearchParams(form)
  return fetch(url, { method: 'POST', body, redirect: 'manual', signal }).then(
    ({ status }) => status,
    () => undefined,
  )
}

const unescaped = (text: string): string =>
  text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))

/** The form that a page of this OP would post by itself. */
const formIn = (page: string): Callback | undefined => {
  const action = /<form method="post" action="([^"]*)"/.exec(page)?.[1]
  if (action === undefined) return undefined
  const fields = page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)
  const parameters = Object.fromEntries(
    [...fields].map(([, name = '', value = '']) => [unescaped(name), unescaped(value)]),
  )
  return { callback_url: unescaped(action), parameters }
}

/** Starts the OP, on 127.0.0.1 and a port of its own unless the options say otherwise. */
export const startLyingOp = async (options: LyingOpOptions = {}): Promise<LyingOp> => {
  const world = { ...realWorld(() => {}), ...options }
  const { onLogoutToken } = options
  const house: House = {
    now: world.now,
    token: () => world.random(32).toString('base64url'),
    tellClient:
      onLogoutToken && (async (uri, logout_token) => onLogoutToken(uri, await post(uri, { logout_token }))),
    wants_pkce: options.wants_pkce ?? true,
    fetch: options.fetch ?? ((url) => fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX) })),
  }
  const issuers = new Map<string, Issuer>()
  const failures: unknown[] = []

  const find = (
    path: string,
  ): { issuer: Issuer; endpoint: EndpointName | 'unknown'; rest: string } | undefined => {
    for (const endpoint of ENDPOINT_NAMES) {
      const match = ENDPOINTS[endpoint].path.exec(path)
      const issuer = match === null ? undefined : issuers.get(path.slice(0, match.index))
      if (match !== null && issuer !== undefined) return { issuer, endpoint, rest: match[1] ?? '' }
    }
    const below = [...issuers].findLast(([prefix]) => path.startsWith(`${prefix}/`) || path === prefix)
    return below && { issuer: below[1], endpoint: 'unknown', rest: '' }
  }

  const honestly = async (issuer: Issuer, name: EndpointName, request: Request): Promise<Answer> => {
    const endpoint = ENDPOINTS[name]
    try {
      if (!endpoint.methods.includes(request.method)) throw new Refusal(405, 'invalid_request')
      return await endpoint.answer(house, issuer, request)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { status, headers: refused, error: code, error_description } = error
      const json = { error: code, ...(error_description === undefined ? {} : { error_description }) }
      return { status, json, refused }
    }
  }

  /** What the OP would say, and the lie that is told instead. */
  const answerTo = async (
    issuer: Issuer,
    name: EndpointName,
    request: Request,
  ): Promise<{ good: Good; lie: Reply | undefined }> => {
    const { status, json, refused, render } = await honestly(issuer, name, request)
    const fault = issuer.faults[name]
    let members = json
    let lie = fault instanceof Reply ? fault : undefined
    if (typeof fault === 'function' && refused === undefined) {
      const said = fault(structuredClone(json), request)
      if (said instanceof Reply) lie = said
      else if (typeof said === 'string' || Buffer.isBuffer(said)) lie = reply.raw({ status, body: said })
      else members = said
    }
    keepSecrets(issuer, members)
    const rendered = (await render?.(members)) ?? {
      headers: { ...JSON_HEADERS, ...refused },
      body: JSON.stringify(members),
    }
    return { good: { status, ...rendered }, lie }
  }

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', origin)
    const found = find(url.pathname)
    const body = await readBody(incoming)
    if (found === undefined) return void response.writeHead(404).end()
    const { issuer, endpoint, rest } = found
    const read =
      incoming.method === 'GET'
        ? readParams(url.search, '')
        : readParams(body, incoming.headers['content-type'] ?? '')
    const { repeated } = read
    const { chosen, params } =
      options.signInPage === undefined ? { chosen: undefined, params: read.params } : chosenIn(read.params)
    const seen = {
      nth: issuer.requests.filter((earlier) => earlier.endpoint === endpoint).length + 1,
      method: incoming.method ?? 'GET',
      params,
    }
    const { authorization, cookie } = incoming.headers
    const target = incoming.url ?? ''
    const recorded = { ...seen, endpoint, at: house.now(), authorization, cookie, target }
    issuer.requests.push(recorded)
    response.once('close', () => options.onRequest?.(recorded, response.statusCode))
    keepSecrets(issuer, params)
    if (endpoint === 'unknown') return void response.writeHead(404).end()
    const known = text(incoming.headers['x-sub']) ?? chosen
    if (endpoint === 'authorization' && known === undefined && options.signInPage !== undefined) {
      const { headers, body: page } = options.signInPage({ target: url.pathname, params })
      return void response.writeHead(200, headers).end(page)
    }
    const sub = known ?? 'alice'
    const request = { ...seen, authorization, sub, rest, repeated }
    const { good, lie } = await answerTo(issuer, endpoint, request)
    if (lie === undefined) return void response.writeHead(good.status, good.headers).end(good.body)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      await lie.write(response, good, gone.signal)
    } catch (error) {
      // A peer that leaves in the middle of a lie does what it should.
      if (!gone.signal.aborted && !response.destroyed) throw error
    }
  }
  const onRequest: RequestListener = (incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      if (error instanceof Refusal) return void response.writeHead(error.status).end()
      if (!incoming.complete) return
      failures.push(error)
      response.destroy()
    })
  }
  const server: Server =
    options.tls === undefined ? createHttpServer(onRequest) : createHttpsServer(options.tls, onRequest)
  let contacts = 0
  const canary = createTcpServer((socket: Socket) => {
    contacts += 1
    options.onCanary?.()
    socket.destroy()
  })
  const { host = '127.0.0.1', name = host } = options
  const scheme = options.tls === undefined ? 'http' : 'https'
  const origin = `${scheme}://${name}:${await listen(server, host, options.port)}`
  const canaryOrigin = `http://${host}:${await listen(canary, host)}`

  const known = (issuer: string): Issuer => {
    const found = [...issuers.values()].find((candidate) => candidate.issuer === issuer)
    if (found === undefined) throw new Error(`The OP has no issuer ${issuer}.`)
    return found
  }

  return {
    origin,
    issuer(name, faults = {}) {
      const issuer = name === '' ? origin : `${origin}/${name}`
      const base = issuer.replace(/\/$/, '')
      const path = base.slice(origin.length)
      if (issuers.has(path)) throw new Error(`The OP already has an issuer at ${path}.`)
      issuers.set(path, {
        issuer,
        base,
        faults,
        slot: issuers.size % SLOTS,
        kid: 0,
        clients: new Map(),
        codes: new Map(),
        refreshTokens: new Map(),
        accessTokens: new Map(),
        pats: new Set(),
        requests: [],
        secrets: new Map(),
      })
      return issuer
    },
    setFaults(issuer, faults) {
      known(issuer).faults = faults
    },
    addClient: (issuer, metadata) =>
      clientInformation(known(issuer), addClient(house, known(issuer), metadata)),
    async authorize(url, { sub = 'alice' } = {}) {
      if (!url.startsWith(`${origin}/`)) throw new Error('This URL does not lead to the OP.')
      const { location, status } = await visit(url, sub, host)
      if (location === undefined) throw new Error(`The OP showed a page with status ${status}.`)
      return location
    },
    async respond(url, { sub = 'alice' } = {}) {
      if (!url.startsWith(`${origin}/`)) throw new Error('This URL does not lead to the OP.')
      const { location, status, page } = await visit(url, sub, host)
      if (location !== undefined) return { callback_url: location }
      const form = formIn(page)
      if (form === undefined) throw new Error(`The OP showed a page with status ${status}.`)
      return form
    },
    logoutToken: (issuer, client_id, about, faults) =>
      makeLogoutToken(house, known(issuer), client_id, about, faults),
    metadataOf: (issuer, client_id) => known(issuer).clients.get(client_id)?.metadata ?? {},
    rotateKeys(issuer, { keepKid = false } = {}) {
      rotateKeys(known(issuer), keepKid)
    },
    requests: (issuer) => [...known(issuer).requests],
    secrets: (issuer) => Object.fromEntries([...known(issuer).secrets].map(([value, name]) => [name, value])),
    count: (issuer, endpoint) =>
      known(issuer).requests.filter((request) => request.endpoint === endpoint).length,
    canary: () => ({ origin: canaryOrigin, contacts }),
    async close() {
      const ended = Promise.all([closed(server), closed(canary)])
      server.closeAllConnections()
      await ended
      if (failures.length > 0) throw new AggregateError(failures, 'A fault, or the OP itself, threw.')
    },
  }
}
