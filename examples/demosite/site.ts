// The sample site: a web application that logs its users in with oxd. Run it: node examples/demosite/site.ts
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import type { ErrorRequestHandler, Express, Request, Response } from 'express'
import { Client, OxdConnectionError, OxdError, first, stateIn } from 'oxd-client'
import { serveCallback } from './callback.ts'
import type { Arrived } from './callback.ts'
import { siteCertificate } from './certificate.ts'
import { endedLogins, tellEnded } from './ended.ts'
import { region } from './highlight.ts'
import { MESSAGES, messageFor, referenceIn } from './messages.ts'
import type { Message } from './messages.ts'
import { makeOffer, serveOffer } from './offer.ts'
import { confirmLogoutPage, homePage, messagePage, signedOutPage } from './pages.ts'
import type { MessageParts, ShownLogin, UpdateForm } from './pages.ts'
import {
  COOKIE,
  Sessions,
  addPending,
  bindingOf,
  destroyed,
  formField,
  hasEnded,
  isOwnForm,
  logIn,
  saved,
  sessions,
  takePending,
} from './session.ts'
import { placeOf, prepareAlbum, prepareSettings, readSettings, settingsOf, shownLines } from './settings.ts'
import { serveUma } from './uma.ts'

const HERE = import.meta.dirname
const EXAMPLE_CFG = join(HERE, 'demosite.example.cfg')
const ALBUM_CFG = join(HERE, 'album.example.cfg')
const STYLE = readFileSync(join(HERE, 'style.css'), 'utf8')
const ICON = readFileSync(join(HERE, 'icon.svg'), 'utf8')

// The page shows the code of each step: this very file, between the marks.
const SOURCE = readFileSync(import.meta.filename, 'utf8')
const CODE = {
  client: region(SOURCE, 'client'),
  register: region(SOURCE, 'register'),
  login: region(SOURCE, 'login'),
  callback: region(SOURCE, 'callback'),
  update: region(SOURCE, 'update'),
  logout: region(SOURCE, 'logout'),
}

/** Says one line to the person who runs the site. Never given a code, a state, a token or a claim. */
export type Say = (line: string) => void

export interface SiteOptions {
  readonly client: Client
  /** The file that the client works with; the page shows it, secrets masked. */
  readonly cfg_path: string
  /** The client of the protected album, which is a site of its own. */
  readonly album: () => Client
  readonly say: Say
  /** The site is closed: it listens no more. */
  readonly signal: AbortSignal
}

/** No script, nothing from elsewhere, in no frame. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** The answer to the logout form redirects to the OP, wherever that is; browsers apply form-action to redirects too. */
const POLICY_OF_LOGOUT = POLICY.replace("form-action 'self'", "form-action 'self' https: http:")

/**
 * No Strict-Transport-Security: for a browser that does not know the development CA it would turn the warning at
 * *.localhost into a wall. A real site sends it.
 */
const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
}

/** The user of this session, as the pages show it. */
const shownLogin = (request: Request): ShownLogin | undefined => {
  const login = request.session?.login
  if (login === undefined) return undefined
  const { claims, expires_at, has_refresh_token } = login
  const name = first(claims.name) ?? first(claims.email) ?? first(claims.sub) ?? 'somebody'
  return { name, claims, expires_at, has_refresh_token }
}

const sendMessage = (request: Request, response: Response, parts: Omit<MessageParts, 'login'>): void => {
  response
    .status(parts.message.status)
    .send(
      messagePage({ ...parts, login: shownLogin(request), signed_out: response.locals.signed_out === true }),
    )
}

type UpdateFields = Pick<UpdateForm, 'contacts' | 'post_logout_redirect_uri'>

/** What the form of step 4 was filled in with. */
const updateIn = (request: Request): UpdateFields => ({
  contacts: formField(request, 'contacts'),
  post_logout_redirect_uri: formField(request, 'post_logout_redirect_uri'),
})

const EMAIL = /^[^\s@<>"]{1,64}@[^\s@<>"]{1,190}$/

/** Details of `login_refused`: the words of the OP, which oxd has cleaned and cut. */
const saidByOp = (details: unknown) => {
  const said = typeof details === 'object' && details !== null ? { ...details } : {}
  const word = (name: string): string => {
    const value: unknown = Reflect.get(said, name)
    return typeof value === 'string' ? value : ''
  }
  return { error: word('error'), error_description: word('error_description') }
}

/** Does a login of these settings come back in the fragment? A code alone comes in the query unless it is asked for elsewhere. */
const isFragment = (response_types: string, response_mode: string): boolean => {
  const types = listOf(response_types)
  const usual = response_mode === '' || response_mode === 'jwt'
  return usual ? types.length > 0 && !types.includes('code') : response_mode.startsWith('fragment')
}

const isErrorCode = (text: string): boolean => /^[a-z_]{1,64}$/.test(text)

/** The Express application: pages and routes, without server and port. */
export const createSite = ({ client, cfg_path, album, say, signal }: SiteOptions): Express => {
  const app = express()
  const store = new Sessions()
  const listen = endedLogins({ client, sessions: store, say, signal })
  app.disable('x-powered-by')
  app.disable('etag')

  app.use((_request, response, next) => {
    response.set(HEADERS)
    next()
  })
  app.get('/style.css', (_request, response) => void response.type('css').send(STYLE))
  app.get('/icon.svg', (_request, response) => void response.type('svg').send(ICON))
  app.use(sessions(store))
  app.use(
    tellEnded(store, (request, response, _next, why) => {
      sendMessage(request, response, { message: MESSAGES.ended_elsewhere, details: why })
    }),
  )

  /** What step 4 was last given; at the start, what the file has. */
  const settings = settingsOf(readFileSync(cfg_path, 'utf8'))
  let registered: UpdateFields = {
    contacts: settings.get('contacts') ?? '',
    post_logout_redirect_uri: settings.get('post_logout_redirect_uri') ?? '',
  }

  /** What the configuration has now. */
  const setting = (key: string): string => settingsOf(readFileSync(cfg_path, 'utf8')).get(key) ?? ''

  /** Where this site is. */
  const ownOrigin = (): string => new URL(setting('authorization_redirect_uri')).origin

  app.use((_request, response, next) => {
    response.locals.oxd_id = client.oxd_id
    next()
  })

  const register = async (): Promise<string> => {
    // #region register
    // With an `id` in demosite.cfg this asks nobody;
    // without one it registers, and writes the id there.
    const oxd_id = await client.registerSite()
    // #endregion
    return oxd_id
  }

  const sendHome = async (request: Request, response: Response, changed: Partial<UpdateForm> = {}) => {
    let oxd_id: string | undefined
    let problem: Message | undefined
    try {
      oxd_id = await register()
    } catch (error) {
      problem = explain(error).message
      say(`not registered: ${explain(error).details ?? inLog(error)}`)
    }
    response.send(
      homePage({
        login: shownLogin(request),
        csrf: request.session.csrf,
        settings: shownLines(readFileSync(cfg_path, 'utf8')),
        oxd_id,
        problem,
        update: { ...registered, problems: {}, done: false, ...changed },
        code: CODE,
      }),
    )
  }

  app.get('/', async (request, response) => {
    const done = request.session.updated === true
    if (done) delete request.session.updated
    await sendHome(request, response, { done })
  })

  // #region login
  app.get('/login', async (request, response) => {
    // The login belongs to this browser: its session knows
    // the state, which is compared when the browser is back,
    // and what the login is bound to.
    const session_binding = bindingOf(request)
    const { url, state } = await client.startLogin({ session_binding })
    addPending(request, state)
    await saved(request)

    // Logged out or in meanwhile, in another tab: begin
    // anew, with the session that the browser has now.
    if (hasEnded(request)) return response.redirect(303, '/login')
    response.redirect(303, url)
  })
  // #endregion

  // #region callback
  /** However it came: see callback.ts. */
  const arrive = async (request: Request, response: Response, { source, parameters }: Arrived) => {
    // Did this browser begin this login?
    const state = stateIn(parameters)
    if (!takePending(request, state)) return unasked(request, response, source, state)
    await saved(request)

    const session_binding = bindingOf(request)
    const tokens = await client.callback(source, { state, session_binding })
    const claims = await claimsOf(tokens)

    // Logged out or in meanwhile, in another tab: that counts.
    if (hasEnded(request)) return response.redirect(303, '/')

    // From here on the session has a new name, and a user.
    await logIn(request, tokens, claims)
    listen()
    response.redirect(303, '/#claims')
  }
  // #endregion

  type Tokens = Awaited<ReturnType<typeof client.callback>>
  /** Without an access token, what the ID Token says. */
  const claimsOf = async ({ access_token, id_token_claims }: Tokens) =>
    access_token === null ? id_token_claims : client.getUserInfo(access_token)

  /** Nobody here began it. It may still be a login that the OP, or another site, sent this user to: oxd knows. */
  const unasked = async (
    request: Request,
    response: Response,
    source: Arrived['source'],
    state: string | undefined,
  ) => {
    // Who is logged in stays who they are, whatever anybody sends.
    if (state === undefined || request.session.login !== undefined) return stale(request, response)
    let tokens: Tokens
    try {
      tokens = await client.callback(source)
    } catch (error) {
      if (error instanceof OxdError) return stale(request, response)
      throw error
    }
    if (!tokens.third_party) return stale(request, response)
    listen()
    await makeOffer(request, response, { tokens, claims: await claimsOf(tokens) })
  }

  serveCallback(app, {
    redirectUri: () => setting('authorization_redirect_uri'),
    inFragment: () => isFragment(setting('response_types'), setting('response_mode')),
    policy: `${POLICY}; script-src 'self'`,
    arrive,
  })

  /** The state is stale, forged or missing; or the user pressed the back button after a login. */
  const stale = (request: Request, response: Response): void => {
    const message = request.session.login === undefined ? MESSAGES.no_such_login : MESSAGES.already_logged_in
    sendMessage(request, response, { message })
  }

  /** The OP sent the browser back with an error: the user said no, or something failed there. */
  const notLoggedIn = (request: Request, response: Response, refused: OxdError): void => {
    const { error, error_description } = saidByOp(refused.details)
    if (error === 'access_denied') return sendMessage(request, response, { message: MESSAGES.denied })
    say(`the OP refused a login${isErrorCode(error) ? `: ${error}` : ''}`)
    const details = [error, error_description].filter((part) => part !== '').join(': ')
    sendMessage(request, response, { message: MESSAGES.op_error, details })
  }

  app.use(express.urlencoded({ extended: false, limit: '8kb', parameterLimit: 10 }))

  serveOffer(app, { none: stale })

  serveUma(app, {
    album,
    origin: ownOrigin,
    shownLogin,
    say,
    sendMessage: (request, response, message) => sendMessage(request, response, { message }),
  })

  // Whatever else is sent by a form was sent by our own form, in the session of a user.
  app.post(/.*/, (request, response, next) => {
    if (request.session.login === undefined)
      return sendMessage(request, response, { message: MESSAGES.not_logged_in })
    if (!isOwnForm(request)) return sendMessage(request, response, { message: MESSAGES.form_expired })
    next()
  })

  // #region update
  app.post('/update', async (request, response) => {
    const form = updateIn(request)
    const problems = problemsOf(form)
    if (Object.keys(problems).length > 0) {
      response.status(400)
      return sendHome(request, response, { ...form, problems })
    }

    await client.updateSiteRegistration({
      contacts: listOf(form.contacts),
      post_logout_redirect_uri: form.post_logout_redirect_uri,
    })

    registered = form
    request.session.updated = true
    response.redirect(303, '/#update')
  })
  // #endregion

  /** What is wrong with the form of step 4, in words. Addresses elsewhere would make the logout lead users astray. */
  const problemsOf = ({ contacts, post_logout_redirect_uri: uri }: UpdateFields): UpdateForm['problems'] => {
    const own = ownOrigin()
    const addresses = listOf(contacts)
    const are_addresses = addresses.length <= 10 && addresses.every((address) => EMAIL.test(address))
    const is_own = URL.canParse(uri) && new URL(uri).origin === own && !uri.includes('#')
    return {
      ...(!are_addresses && {
        contacts: 'E-mail addresses such as ops@example.com, separated by commas, ten at most.',
      }),
      ...(!is_own && { post_logout_redirect_uri: `An address of this site: it begins with ${own}/` }),
    }
  }

  app.get('/logout', (request, response) => {
    const login = shownLogin(request)
    if (login === undefined) return response.redirect(303, '/')
    response.set('content-security-policy', POLICY_OF_LOGOUT)
    response.send(confirmLogoutPage(login, request.session.csrf ?? ''))
  })

  // #region logout
  app.post('/logout', async (request, response) => {
    const id_token_hint = request.session.login?.id_token

    // Here first: whatever the OP does, this site forgets the user.
    await destroyed(request)
    response.clearCookie(COOKIE, { path: '/', secure: true })
    response.locals.signed_out = true

    const uri = await client.getLogoutUri({ id_token_hint })
    response.redirect(303, uri)
  })
  // #endregion

  app.get('/signed-out', (request, response) => {
    response.send(signedOutPage(shownLogin(request)))
  })

  app.use((request, response) => sendMessage(request, response, { message: MESSAGES.not_found }))

  /** Of several requests that met the unknown id only the first registers; those that come with it share it. */
  const registerAnew = async (unknown_id: unknown): Promise<string | undefined> => {
    if (unknown_id !== client.oxd_id) return client.oxd_id
    say(`the daemon does not know the id ${client.oxd_id ?? ''}: registering anew`)
    const oxd_id = await client.registerSite({ again: true })
    say(`registered anew as ${oxd_id}`)
    return oxd_id
  }

  // Express hands every error of a route to this function, which has four parameters for that reason.
  const onError: ErrorRequestHandler = async (error: unknown, request, response, _next) => {
    if (error instanceof OxdError && error.code === 'login_refused') {
      return notLoggedIn(request, response, error)
    }
    let explained = explain(error)
    if (error instanceof OxdError && error.code === 'invalid_oxd_id') {
      try {
        const oxd_id = await registerAnew(response.locals.oxd_id)
        explained = { message: MESSAGES.registered_anew, details: `The new id is ${oxd_id ?? ''}.` }
      } catch (failure) {
        explained = explain(failure)
      }
    }
    say(`${request.method} ${request.path}: ${explained.message.title}. ${explained.details ?? inLog(error)}`)
    sendMessage(request, response, explained)
  }
  app.use(onError)
  return app
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** What an error means for the user, and what of it the people who run the site may read. */
const explain = (error: unknown): { message: Message; reference?: string | undefined; details?: string } => {
  if (error instanceof OxdConnectionError) return { message: MESSAGES.daemon_down, details: error.message }
  if (error instanceof OxdError)
    return {
      message: messageFor(error.code),
      reference: referenceIn(error.description),
      details: `${error.code}: ${error.description}`,
    }
  // Express's own: a body too large, an address that cannot be decoded.
  if (error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500)
    return { message: { ...MESSAGES.bad_request, status: error.status } }
  // Anything else may name files and lines: that is for the log alone.
  return { message: MESSAGES.failed }
}

const inLog = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : typeof error

export interface StartOptions {
  /** The configuration file; made from the example if it is not there. */
  readonly cfg_path?: string | undefined
  /** Host name and port of the site; undefined: those of the configuration. Port 0: any that is free. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** Ports of the daemon and of the development OP; undefined: those of the configuration. */
  readonly oxd_port?: number | undefined
  readonly op_port?: number | undefined
  /** The certificate and its key (PEM files); without them the site makes one. */
  readonly cert_path?: string | undefined
  readonly key_path?: string | undefined
  /** Where a certificate of its own is kept. */
  readonly folder?: string | undefined
  readonly say?: Say | undefined
}

export interface RunningSite extends AsyncDisposable {
  /** Where a browser finds it, with a slash at the end. */
  readonly url: string
  /** Stops it: no further connections, those that are open are closed. */
  readonly close: () => Promise<void>
}

const listening = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      // A server that listens on TCP has an address with a port.
      resolve((server.address() as AddressInfo).port)
    })
  })

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/**
 * Starts the site on this machine's own addresses, and registers it if the daemon is there already (else it does so as
 * soon as somebody opens the page).
 * @throws {Error} with one line that says what to do, when the port is taken or the configuration is of no use
 */
export const startSite = async (options: StartOptions = {}): Promise<RunningSite> => {
  const cfg_path = options.cfg_path ?? join(HERE, 'demosite.cfg')
  const say = options.say ?? (() => {})
  const place = placeOf(readSettings(cfg_path, EXAMPLE_CFG))
  if (place === undefined) throw new Error(`${cfg_path}: authorization_redirect_uri is not an absolute URL`)
  const host = options.host ?? place.host
  const wanted_port = options.port ?? place.port

  const { cert, key } = await siteCertificate({
    host,
    cert_path: options.cert_path,
    key_path: options.key_path,
    folder: options.folder ?? join(HERE, '../../.dev/demosite'),
  })
  const server = createServer({ cert, key })
  // The port before the file: a configuration is not made for a port that turns out to be taken.
  const port = await listening(server, wanted_port, '127.0.0.1').catch((error: unknown) => {
    if (codeOf(error) !== 'EADDRINUSE') throw error
    throw new Error(
      `port ${wanted_port} is taken: stop what listens there, or start with DEMO_PORT=<another>`,
      {
        cause: error,
      },
    )
  })
  const servers = [server]
  const clients: Client[] = []
  const closing = new AbortController()
  const close = async () => {
    closing.abort()
    for (const one of servers) one.closeAllConnections()
    await Promise.all(servers.map((one) => new Promise((resolve) => one.close(resolve))))
    await Promise.all(clients.map((one) => one.close()))
  }
  try {
    const wishes = { ...options, ...(options.port !== undefined && { port }) }
    for (const line of prepareSettings(cfg_path, EXAMPLE_CFG, wishes)) say(line)

    // #region client
    // import { Client } from 'oxd-client'
    const client = new Client(cfg_path)
    // #endregion
    clients.push(client)
    let album: Client | undefined
    const openAlbum = (): Client => {
      if (album !== undefined) return album
      const album_path = `${cfg_path}.album`
      prepareAlbum(album_path, ALBUM_CFG, cfg_path)
      album = new Client(album_path)
      clients.push(album)
      return album
    }
    const app = createSite({ client, cfg_path, album: openAlbum, say, signal: closing.signal })
    server.on('request', app)

    // Browsers may try ::1 for *.localhost; a machine without IPv6 does without.
    const second = createServer({ cert, key }, app)
    await listening(second, port, '::1').then(
      () => servers.push(second),
      () => say(`not listening on [::1]:${port}; 127.0.0.1:${port} is enough`),
    )
    try {
      say(`registered: oxd_id ${await client.registerSite()}`)
    } catch (error) {
      if (!(error instanceof OxdError) && !(error instanceof OxdConnectionError)) throw error
      say(`not registered yet: ${error.message}`)
    }
  } catch (error) {
    await close()
    throw error
  }
  const url = `https://${host}${port === 443 ? '' : `:${port}`}/`
  return { url, close, [Symbol.asyncDispose]: close }
}

/** A port from the environment. */
const portIn = (environment: NodeJS.ProcessEnv, name: string): number | undefined => {
  const text = environment[name]
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${name} must be a port, 0 to 65535`)
  return port
}

/** The options that the environment holds: DEMO_HOST, DEMO_PORT, DEMO_CFG, DEMO_CERT, DEMO_KEY, OXD_PORT, DEV_OP_PORT. */
export const optionsFrom = (environment: NodeJS.ProcessEnv): StartOptions => ({
  cfg_path: environment.DEMO_CFG || undefined,
  host: environment.DEMO_HOST || undefined,
  port: portIn(environment, 'DEMO_PORT'),
  oxd_port: portIn(environment, 'OXD_PORT'),
  op_port: portIn(environment, 'DEV_OP_PORT'),
  cert_path: environment.DEMO_CERT || undefined,
  key_path: environment.DEMO_KEY || undefined,
})

if (import.meta.main) {
  try {
    const site = await startSite({
      ...optionsFrom(process.env),
      say: (line) => console.log(`demosite: ${line}`),
    })
    console.log(`demosite: open ${site.url}`)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void site.close())
  } catch (error) {
    console.error(`demosite: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
