// The dev OP: a certified OpenID Provider for development and tests, with open registration and two demo users,
// and an authorization server of UMA 2.0.
// It listens on loopback alone, because anybody who reaches it may register a client and sign in as alice.
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, BlockList, isIP } from 'node:net'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { Provider, type Context, type Jwks } from 'oidc-provider'
import { Agent, fetch, type RequestInit } from 'undici'
import { StartError } from '../../error.ts'
import { realWorld, type World } from '../../world.ts'
import { RESPONSE_TYPES } from '../../flow.ts'
import { accountOf, SCOPES } from './accounts.ts'
import { openMemory, type DevOpMemory } from './adapter.ts'
import { interactions } from './interactions.ts'
import { serveUma } from './uma.ts'
import { checkClaimsRedirectUris } from './uma_gathering.ts'
import { mayIntrospect } from './uma_introspection.ts'
import { DEFAULT_UMA_POLICY, type UmaPolicy } from './uma_policy.ts'
import { umaStore } from './uma_store.ts'
import { CONTENT_SECURITY_POLICY } from '../page.ts'
import { errorPage, homePage, logoutPage, signedOutPage } from './pages.ts'

export interface DevOpParts {
  readonly issuer: string
  readonly memory: DevOpMemory
  /** Private signing keys; the first RSA key signs unless a client asks for ES256. */
  readonly jwks: Jwks
  /** Keys that sign the cookies, the newest first. */
  readonly cookies_keys: readonly string[]
  readonly world: World
  /** Who may have which resources (UMA 2.0). */
  readonly uma_policy: UmaPolicy
  /** How it reaches clients, to end sessions there. */
  readonly dispatcher: Agent
}

const HOUR = 3_600
const DAY = 24 * HOUR

/** The OP as a Koa application: `callback()` gives the listener for a server. */
const createDevOp = ({
  issuer,
  memory,
  jwks,
  cookies_keys,
  world,
  uma_policy,
  dispatcher,
}: DevOpParts): Provider => {
  const store = umaStore(memory, world)
  const claimsOf = (user: string) => accountOf(user)?.claims
  const provider = new Provider(issuer, {
    adapter: memory.adapter,
    jwks,
    claims: Object.fromEntries(Object.entries(SCOPES).map(([scope, { claims }]) => [scope, [...claims]])),
    scopes: Object.keys(SCOPES),
    responseTypes: [...RESPONSE_TYPES],
    cookies: {
      keys: [...cookies_keys],
      // Cookies know no ports: names of their own keep them apart from those of other programs on localhost.
      names: { session: 'dev_op_session', interaction: 'dev_op_interaction', resume: 'dev_op_resume' },
    },
    fetch: (url: string, sent: RequestInit) => fetch(url, { ...sent, dispatcher }),
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'HS256'] },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx: Context, client: { clientId: string }, token: { clientId?: string }) =>
          token.clientId === client.clientId,
      },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: mayIntrospect(store) },
      claimsParameter: { enabled: true },
      jwtResponseModes: { enabled: true },
      encryption: { enabled: true },
      jwtUserinfo: { enabled: true },
      requestObjects: { enabled: true },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx: Context, form: string) => {
          ctx.body = logoutPage({ form, client: clientNameIn(ctx) })
        },
        postLogoutSuccessSource: (ctx: Context) => {
          // oidc-provider names the client here only after the user declined to sign out.
          ctx.body = signedOutPage({ stayed: ctx.oidc?.client !== undefined, client: clientNameIn(ctx) })
        },
      },
    },
    extraClientMetadata: {
      properties: ['claims_redirect_uri'],
      validator: (_ctx: Context, _key: string, value: unknown) => checkClaimsRedirectUris(value),
    },
    clientBasedCORS: () => false,
    findAccount: (_ctx: Context, user: string) => {
      const claims = claimsOf(user)
      return claims && { accountId: user, claims: () => claims }
    },
    interactions: { url: (_ctx: Context, { uid }: { uid: string }) => `/interaction/${uid}` },
    renderError: (ctx: Context, out: { error: string; error_description?: string }) => {
      ctx.type = 'html'
      ctx.body = errorPage({
        heading: 'This did not work',
        error: out.error,
        description: out.error_description,
      })
    },
    // In seconds.
    ttl: {
      AuthorizationCode: 60,
      AccessToken: HOUR,
      ClientCredentials: HOUR,
      IdToken: HOUR,
      RefreshToken: 14 * DAY,
      Grant: 14 * DAY,
      Session: DAY,
      Interaction: HOUR,
    },
  })
  provider.on('server_error', (_ctx, error) => {
    world.log('error', `The dev OP failed: ${error.message}`)
  })
  provider.on('backchannel.error', (_ctx, error) => {
    world.log('warn', `A client was not told of a logout: ${error.message}`)
  })
  provider.use(guarded)
  provider.use(askedByName(issuer))
  provider.use(interactions(provider))
  provider.use(home(issuer))
  serveUma({ provider, store, world, policy: uma_policy })
  return provider
}

const clientNameIn = (ctx: Context) => {
  const client = ctx.oidc?.client
  return client && (client.clientName ?? client.clientId)
}

/** Headers of every answer, set before it is made: oidc-provider adds to the policy where it must. */
const guarded = async (ctx: Context, next: () => Promise<void>) => {
  ctx.set('content-security-policy', CONTENT_SECURITY_POLICY)
  ctx.set('x-content-type-options', 'nosniff')
  ctx.set('referrer-policy', 'no-referrer')
  await next()
}

/**
 * oidc-provider builds its addresses from the Host header; asked by another name it would publish endpoints elsewhere. Also
 * keeps out pages of other sites whose name was made to resolve to this machine.
 */
const askedByName = (issuer: string) => {
  const { host, port } = new URL(issuer)
  const own = [host, `localhost:${port}`, `127.0.0.1:${port}`]
  return async (ctx: Context, next: () => Promise<void>) => {
    if (own.includes(ctx.get('host').toLowerCase())) return next()
    ctx.status = 400
    ctx.type = 'html'
    ctx.body = errorPage({
      heading: 'Not the name of this OP',
      error: 'invalid_request',
      description: `The Host header names another host than that of the issuer, ${issuer}.`,
    })
  }
}

const home = (issuer: string) => async (ctx: Context, next: () => Promise<void>) => {
  if (ctx.path === '/' && ctx.method === 'GET') {
    ctx.type = 'html'
    ctx.body = homePage(issuer)
    return
  }
  await next()
  if (ctx.status === 404 && ctx.body === undefined && ctx.accepts('json', 'html') === 'html') {
    ctx.type = 'html'
    ctx.body = errorPage({
      heading: 'There is no such page',
      error: 'not_found',
      description: 'This OP has nothing at this address.',
    })
    ctx.status = 404
  }
}

export interface DevOpOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** An address of this machine's loopback. Default: 127.0.0.1. */
  readonly host?: string
  /** PEM. With it the OP speaks https and is `https://localhost:<port>`; without, `http://<host>:<port>`. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** A CA (PEM) that clients may have their certificates from, beside those that Node knows. */
  readonly ca?: string
  /** The folder of clients and keys, made with mode 0700. Without it they live in memory. */
  readonly data_dir?: string
  /** Default: the real clock and chance, and no log. */
  readonly world?: World
  /** Who may have which resources (UMA 2.0). Default: who signed in, or is in the Netherlands. */
  readonly uma_policy?: UmaPolicy
}

export interface DevOp {
  readonly issuer: string
  /** How often was asked for what: `requests.get('POST /token')`. Ids in paths are written `:id`. */
  readonly requests: ReadonlyMap<string, number>
  /** Ends every connection; asked again, it is the same end. */
  readonly close: () => Promise<void>
}

/**
 * Starts the dev OP.
 * @throws StartError when the address is not loopback, the port is busy or the folder of no use.
 */
export const startDevOp = async (options: DevOpOptions = {}): Promise<DevOp> => {
  const { port = 0, host = '127.0.0.1', tls, data_dir, world = realWorld(() => {}) } = options
  const { uma_policy = DEFAULT_UMA_POLICY, ca } = options
  if (!isLoopback(host)) {
    throw new StartError(
      `The dev OP listens on loopback alone, not on ${host}: anybody who reached it could sign in as its demo users.`,
    )
  }
  const server = tls === undefined ? createHttpServer() : createHttpsServer({ key: tls.key, cert: tls.cert })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(error, port)))
    server.listen(port, host, resolve)
  })

  // `listen` was given a port, so the address is no pipe.
  const bound = (server.address() as AddressInfo).port
  const issuer =
    tls === undefined
      ? `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}`
      : `https://localhost:${bound}`
  const requests = new Map<string, number>()
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca: [...rootCertificates, ca] } })
  try {
    const { jwks, cookies_keys } = data_dir === undefined ? makeKeys(world) : keysIn(data_dir, world)
    const memory = openMemory(data_dir === undefined ? ':memory:' : join(data_dir, 'op.sqlite'), world)
    const answer = createDevOp({
      issuer,
      memory,
      jwks,
      cookies_keys,
      world,
      uma_policy,
      dispatcher,
    }).callback()
    server.on('request', (req, res) => {
      count(requests, `${req.method} ${req.url}`)
      answer(req, res)
    })
    const end = async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      memory.close()
      await dispatcher.close()
    }
    let ended: Promise<void> | undefined
    return { issuer, requests, close: () => (ended ??= end()) }
  } catch (error) {
    server.close()
    throw error
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')
const isLoopback = (host: string) =>
  isIP(host) !== 0 && LOOPBACK.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4')

const portError = (error: NodeJS.ErrnoException, port: number): Error =>
  error.code === 'EADDRINUSE'
    ? new StartError(`Port ${port} is busy: stop what listens there, or set DEV_OP_PORT to another port.`)
    : error

/** Different requests that are told apart; beyond, they are not counted. */
const COUNTED_MAX = 1_000
const count = (requests: Map<string, number>, request: string) => {
  const name = request
    .replace(/\?.*$/, '')
    .replace(/(?<= \/(?:interaction|auth|reg|uma\/resource|uma\/claims)\/).+$/, ':id')
  if (requests.has(name) || requests.size < COUNTED_MAX) requests.set(name, (requests.get(name) ?? 0) + 1)
}

interface Keys {
  readonly jwks: Jwks
  readonly cookies_keys: readonly string[]
}

const makeKeys = (world: Pick<World, 'random'>): Keys => {
  const signing = (privateKey: { export: (o: { format: 'jwk' }) => JsonWebKey }, alg: string) => ({
    ...privateKey.export({ format: 'jwk' }),
    alg,
    use: 'sig',
    kid: world.random(8).toString('hex'),
  })
  return {
    jwks: {
      keys: [
        signing(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey, 'RS256'),
        signing(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'ES256'),
      ],
    },
    cookies_keys: [world.random(32).toString('base64url')],
  }
}

/** The keys of a folder, made at its first use. */
const keysIn = (folder: string, world: Pick<World, 'random'>): Keys => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const file = join(folder, 'keys.json')
  try {
    // Written below.
    return JSON.parse(readFileSync(file, 'utf8')) as Keys
  } catch (error) {
    // A file that is there and unreadable is not replaced: a person should know that all clients see new keys.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      throw new StartError(`${file} cannot be read as JSON: remove the folder ${folder} to begin anew.`, {
        cause: error,
      })
    }
  }
  const keys = makeKeys(world)
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return keys
}
