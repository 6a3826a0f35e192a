// OPs that cannot run here, as their public documents describe them: what they publish, whom they let register, what is in
// their tokens. They stand behind a proxy, so that oxd calls them by their own names.
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { exportJWK, SignJWT } from 'jose'
import { createAuthority, createServerCertificate } from '../../src/testing/tls.ts'

export type Json = Readonly<Record<string, unknown>>

export interface StubOp {
  readonly name: string
  readonly issuer: string
  /** Where its discovery document is found; default: at its issuer. */
  readonly found_at?: string
  /** The discovery document without `issuer`. */
  readonly document: Json
  /** How the token endpoint takes credentials; what is not listed is refused. */
  readonly methods: readonly ('client_secret_basic' | 'client_secret_post')[]
  /** The client made by hand; absent: it registers clients. */
  readonly client?: { readonly client_id: string; readonly client_secret: string }
  /** The answer to a registration; default: the client is registered. */
  readonly registration?: { readonly status: number; readonly body: Json }
  /** Whether a refresh token is given for this authorization request. */
  readonly refreshes: (asked: URLSearchParams) => boolean
  /** What is in its ID Tokens beside what must be; `undefined` takes a claim away. */
  readonly claims?: Json
  readonly user: Json & { readonly sub: string }
}

export interface StubWorld {
  /** `http://…`, for --op-proxy. */
  readonly proxy: string
  /** PEM, for --op-ca. */
  readonly ca: string
  /** The user goes to this authorization URL and agrees. @returns the redirect to the client */
  readonly authorize: (url: string) => URL
  /** Who was connected to. */
  readonly hosts: ReadonlySet<string>
  readonly close: () => Promise<void>
}

interface Grant {
  readonly op: StubOp
  readonly asked: URLSearchParams
}
interface Answer {
  readonly status: number
  readonly body: Json
}

const answer = (body: Json, status = 200): Answer => ({ status, body })
const refused = (error: string, status = 400): Answer => answer({ error }, status)

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  // A request's data are buffers as long as no encoding is set.
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const basicOf = (header = ''): readonly string[] =>
  header.startsWith('Basic ')
    ? Buffer.from(header.slice('Basic '.length), 'base64').toString().split(':').map(decodeURIComponent)
    : []

/** Starts the OPs, one server for all of their hosts, and the proxy that leads there. */
export const startStubs = async (ops: readonly StubOp[]): Promise<StubWorld> => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const kid = 'the-key'
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig' }
  const codes = new Map<string, Grant>()
  const tokens = new Map<string, StubOp>()
  const refreshTokens = new Map<string, Grant>()
  const clients = new Map<string, string>()
  for (const { client } of ops) if (client !== undefined) clients.set(client.client_id, client.client_secret)

  const idToken = ({ op, asked }: Grant, nonce: string | null): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { sub: op.user.sub, ...(nonce === null ? {} : { nonce }), ...op.claims }
    return new SignJWT(JSON.parse(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setIssuer(op.issuer)
      .setAudience(String(asked.get('client_id')))
      .setIssuedAt(now)
      .setExpirationTime(now + 3600)
      .sign(privateKey)
  }

  const isAuthentic = (op: StubOp, form: URLSearchParams, authorization: string | undefined): boolean => {
    const [id, secret] = basicOf(authorization)
    const posted = form.has('client_secret')
    const method = posted ? 'client_secret_post' : 'client_secret_basic'
    if (!op.methods.includes(method)) return false
    const [client_id = '', client_secret] = posted
      ? [form.get('client_id') ?? '', form.get('client_secret') ?? '']
      : [id, secret]
    return clients.has(client_id) && clients.get(client_id) === client_secret
  }

  const tokensFor = async (grant: Grant, refreshed: boolean): Promise<Answer> => {
    const access_token = randomUUID()
    tokens.set(access_token, grant.op)
    const refresh_token = grant.op.refreshes(grant.asked) ? randomUUID() : undefined
    if (refresh_token !== undefined) refreshTokens.set(refresh_token, grant)
    return answer({
      access_token,
      token_type: 'Bearer',
      expires_in: 3599,
      scope: grant.asked.get('scope'),
      id_token: await idToken(grant, refreshed ? null : grant.asked.get('nonce')),
      ...(refresh_token === undefined ? {} : { refresh_token }),
    })
  }

  const token = (
    op: StubOp,
    form: URLSearchParams,
    authorization: string | undefined,
  ): Promise<Answer> | Answer => {
    if (!isAuthentic(op, form, authorization)) return refused('invalid_client', 401)
    const [kept, name] =
      form.get('grant_type') === 'refresh_token' ? [refreshTokens, 'refresh_token'] : [codes, 'code']
    const grant = kept.get(String(form.get(name)))
    kept.delete(String(form.get(name)))
    if (grant === undefined || grant.op !== op) return refused('invalid_grant')
    if (name === 'code') {
      const challenge = createHash('sha256')
        .update(String(form.get('code_verifier')))
        .digest('base64url')
      const isSame = form.get('redirect_uri') === grant.asked.get('redirect_uri')
      if (challenge !== grant.asked.get('code_challenge') || !isSame) return refused('invalid_grant')
    }
    return tokensFor(grant, name !== 'code')
  }

  const register = (op: StubOp, wanted: Json): Answer => {
    if (op.registration !== undefined) return answer(op.registration.body, op.registration.status)
    const [client_id, client_secret] = [randomUUID(), randomUUID()]
    clients.set(client_id, client_secret)
    const registration_client_uri = `${String(op.document.registration_endpoint)}/${client_id}`
    return answer(
      {
        ...wanted,
        client_id,
        client_secret,
        client_secret_expires_at: 0,
        registration_client_uri,
        registration_access_token: randomUUID(),
      },
      201,
    )
  }

  /** What is at which address, by the members of the discovery documents. */
  const routes: Readonly<
    Record<string, (op: StubOp, request: IncomingMessage, text: string) => Answer | Promise<Answer>>
  > = {
    jwks_uri: () => answer({ keys: [jwk] }),
    token_endpoint: (op, { headers }, text) => token(op, new URLSearchParams(text), headers.authorization),
    registration_endpoint: (op, _request, text) => register(op, JSON.parse(text) as Json),
    userinfo_endpoint: (op, { headers }) =>
      tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '') === op
        ? answer(op.user)
        : refused('invalid_token', 401),
  }

  const respond = async (request: IncomingMessage): Promise<Answer> => {
    const url = `https://${request.headers.host}${request.url}`
    for (const op of ops) {
      const { found_at = op.issuer } = op
      // Discovery 1.0 section 4: a slash at the end of the issuer goes.
      if (url === `${found_at.replace(/\/$/, '')}/.well-known/openid-configuration`)
        return answer({ issuer: op.issuer, ...op.document })
      const [member] = Object.entries(op.document).find(([, value]) => value === url) ?? []
      const route = member === undefined ? undefined : routes[member]
      if (route !== undefined) return route(op, request, await textOf(request))
    }
    return refused('not_found', 404)
  }

  const names = new Set(
    ops.flatMap(({ issuer, found_at = issuer, document }) =>
      [found_at, ...Object.values(document)].flatMap((value) =>
        typeof value === 'string' && value.startsWith('https://') ? [new URL(value).hostname] : [],
      ),
    ),
  )
  const authority = await createAuthority('stub CA')
  const server = createTlsServer(await createServerCertificate(authority, { names: [...names] }))
  server.on('request', async (request, response) => {
    const { status, body } = await respond(request)
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(body))
  })
  const hosts = new Set<string>()
  const sockets = new Set<Socket>()
  const proxy = createServer().on('connect', (request: IncomingMessage, socket: Socket) => {
    hosts.add(request.url ?? '')
    const onward = connect((server.address() as AddressInfo).port, '127.0.0.1')
    for (const each of [socket, onward]) sockets.add(each.on('error', () => each.destroy()))
    onward.once('connect', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
  })
  for (const each of [server, proxy]) await once(each.listen(0, '127.0.0.1'), 'listening')

  return {
    // It was given a port, so the address is no pipe.
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    ca: authority.cert,
    hosts,
    authorize(url) {
      const asked = new URL(url).searchParams
      const op = ops.find(({ document }) => url.startsWith(`${String(document.authorization_endpoint)}?`))
      if (op === undefined || !clients.has(String(asked.get('client_id'))))
        throw new Error(`nobody is asked: ${url}`)
      const code = randomUUID()
      codes.set(code, { op, asked })
      const back = new URL(String(asked.get('redirect_uri')))
      back.search = String(new URLSearchParams({ code, state: String(asked.get('state')) }))
      if (op.document.authorization_response_iss_parameter_supported === true)
        back.searchParams.set('iss', op.issuer)
      return back
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      for (const each of [server, proxy]) await new Promise((resolve) => each.close(resolve))
    },
  }
}
