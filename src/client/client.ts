// The library: what applications import to log their users in through oxd.
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { claimLists } from '../claims.ts'
import { isObject } from '../is_object.ts'
import { begunNow, shared, type Begun } from './begun.ts'
import { callbackOf, foreignState, isExpectedState, stateOf, type CallbackSource } from './callback.ts'
import { ClientToken, type Issued } from './client_token.ts'
import { readConfig } from './config_file.ts'
import { requirePrivate, requireWritable, writeId } from './config_write.ts'
import { INACTIVE_TOKEN, OxdConfigError, OxdConnectionError, OxdError, oxdError } from './errors.ts'
import { endedLogins, type EndedLogin, type EndedLoginsOptions } from './ended_logins.ts'
import { CLIENT_LIMITS, type ClientLimits } from './limits.ts'
import { withLock } from './lock.ts'
import {
  REPEATABLE,
  WITHOUT_TOKEN,
  methodsPrototype,
  type CallOptions,
  type ClaimsMode,
  type ClaimsOf,
  type CommandMethods,
  type CommandName,
  type CommandNamed,
  type Params,
  type Result,
} from './methods.ts'
import type { ParamsOf, ResultOf } from '../command.ts'
import {
  addressText,
  callerOf,
  settingsOf,
  type CallerSettings,
  type ClientConfig,
  type Protection,
  type Settings,
  type SiteSettings,
} from './settings.ts'
import { Pool } from './pool.ts'
import { wayTo } from './way.ts'

export { first, type ClaimLists, type Claims } from '../claims.ts'
export {
  InvalidRequestError,
  InvalidTicketError,
  NeedInfoError,
  OxdConfigError,
  OxdConnectionError,
  OxdError,
  ProtectionError,
} from './errors.ts'
export type { EndedLogin, EndedLoginsOptions } from './ended_logins.ts'
export { stateIn, type CallbackSource, type NodeRequest } from './callback.ts'
export type { ConnectionErrorCode, OxdErrorCode, RequiredClaim } from './errors.ts'
export type {
  CallOptions,
  ClaimsMode,
  ClaimsOf,
  CommandMethods,
  CommandName,
  CommandNamed,
  Params,
  Result,
} from './methods.ts'
export { ResourceSet, type Resource, type ScopeExpression } from './resource_set.ts'
export type { CallerSettings, ClientConfig, Protection, SiteSettings } from './settings.ts'
export {
  WebhookError,
  verifyWebhook,
  type VerifyOptions,
  type WebhookErrorCode,
  type WebhookHeaders,
  type WebhookMessage,
} from './webhook.ts'
export type { AddressClaim, IdTokenClaims, StandardClaims } from './standard_claims.ts'

/** The commands whose methods are written below; every other one gets its method from its definition. */
type OwnCommand =
  | 'register_site'
  | 'setup_client'
  | 'update_site_registration'
  | 'get_authorization_url'
  | 'get_tokens_by_callback'
  | 'get_tokens_by_code'
  | 'get_user_info'
  | 'get_logout_uri'

/** `caller_key` or `protection` here win over those of the configuration. */
export interface ClientOptions<M extends ClaimsMode = 'lists'> extends CallerSettings {
  /**
   * `lists` (default): each claim is a list of strings, `first(claims.email)`.
   * `native`: each claim as OpenID Connect has it, `claims.email`.
   */
  readonly claims?: M | undefined
  /** Milliseconds from a call to its reply. Default: 30,000. */
  readonly timeout_ms?: number | undefined
  /** Connections to oxd at once, each with one command in flight. Default: `{ connections_max: 8 }`. */
  readonly pool?:
    | Partial<Pick<ClientLimits, 'connections_max' | 'waiting_max' | 'reply_bytes_max'>>
    | undefined
  /** Ends every call, and closes the client. */
  readonly signal?: AbortSignal | undefined
}

export interface RegisterOptions {
  /** The client at the OP, if it was registered there by hand, as Google needs it. */
  readonly client_id?: string | undefined
  /** The secret of that client. */
  readonly client_secret?: string | undefined
  /** Register anew although an `id` is known, and replace it: when oxd has forgotten the site (`invalid_oxd_id`). */
  readonly again?: boolean | undefined
}

/** A login that has begun. Keep `state` in the user's session: the callback must bring the same one. */
export interface Login {
  /** Where to send the browser of the user. */
  readonly url: string
  readonly state: string
  /** Names the login in logs; neither secret nor guessable. */
  readonly login_id: string
}

export interface CallbackOptions {
  /** The `state` of the login that the session of the user remembers, or those of several that are under way. */
  readonly state?: string | readonly string[] | undefined
  /** What `startLogin()` was given. */
  readonly session_binding?: string | undefined
}

const CLAIMS = ['claims', 'id_token_claims'] as const

const withLists = (data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const claims = CLAIMS.filter((key) => isObject(data[key]))
  // The filter has seen that they are objects.
  return {
    ...data,
    ...Object.fromEntries(claims.map((key) => [key, claimLists(data[key] as Record<string, unknown>)])),
  }
}

/** Without `oxd` a token opens nothing. */
const TOKEN_SCOPE: readonly string[] = ['oxd']

const CREDENTIALS = ['client_id', 'client_secret'] as const
type Credentials = Pick<RegisterOptions, (typeof CREDENTIALS)[number]>

/** What the site is to be registered with, and how. */
interface Order {
  readonly command: 'register_site' | 'setup_client'
  readonly again: boolean
  readonly params: Readonly<Record<string, unknown>> & Credentials
}
interface Registered {
  readonly oxd_id: string
  /** What oxd answered; undefined if another process had registered the site already. */
  readonly reply?: Readonly<Record<string, unknown>>
}
/** The registration that all callers wait for together. */
interface Registration {
  readonly command: Order['command']
  readonly credentials: Credentials
  readonly work: Promise<Registered>
  /** Was oxd asked, or does another process still have its turn? */
  readonly progress: { asked: boolean }
}

/** The setup client whose tokens protect a site from now on; its OP is that of the configuration unless another was named. */
const guardIn = (
  { op_host, client_id, client_secret }: Readonly<Record<string, unknown>>,
  site: SiteSettings,
): Protection => ({
  client_id: String(client_id),
  client_secret: String(client_secret),
  ...(op_host === site.op_host ? {} : { op_host: String(op_host) }),
})

/** As the configuration file has it. */
const protectionKeys = (guard: Protection | undefined): Readonly<Record<string, string>> =>
  guard === undefined
    ? {}
    : {
        protection_client_id: guard.client_id,
        protection_client_secret: guard.client_secret,
        ...(guard.op_host === undefined ? {} : { protection_op_host: guard.op_host }),
      }

// Constructs nothing; its instances are said to have the methods that the end of their prototype chain answers for.
const Commands = function () {} as unknown as new <M extends ClaimsMode>() => CommandMethods<OwnCommand, M>

/**
 * Logs the users of a site in, through oxd: the daemon on this machine, or one that is reached over HTTPS.
 *
 * ```ts
 * const oxd = new Client('demosite.cfg')
 * const { url, state } = await oxd.startLogin()         // keep `state` in the session, send the user to `url`
 * const tokens = await oxd.callback(request, { state }) // what came back to the callback
 * const user = await oxd.getUserInfo(tokens.access_token)
 * console.log(first(user.name))
 * ```
 *
 * Methods are the commands of oxd in camelCase; names of parameters and results are those of the wire. Every method takes
 * `{ signal, timeout_ms }` as its last argument, and throws
 * - {@link OxdError} when oxd or the OpenID Provider refuses; `error.code` says why, and what is often caught has a class of
 *   its own: {@link ProtectionError}, {@link NeedInfoError}, {@link InvalidTicketError}, {@link InvalidRequestError},
 * - {@link OxdConnectionError} when oxd cannot be reached or does not answer,
 * - {@link OxdConfigError} when the configuration file is wrong.
 *
 * One client serves a whole application: calls may overlap, as many as there are users.
 */
export class Client<M extends ClaimsMode = 'lists'> extends Commands<M> {
  readonly #file: string | undefined
  readonly #pool: Pool
  readonly #native: boolean
  readonly #timeoutMs: number
  readonly #signal: AbortSignal | undefined
  #settings: Settings
  #oxdId: string | undefined
  #registering: Registration | undefined
  /** As what the site was registered, if this client knows. */
  #registeredAs: (Credentials & { readonly oxd_id: string }) | undefined
  /** Was it said to the constructor who asks? Then the file does not change it. */
  readonly #callerGiven: boolean
  #caller: CallerSettings = {}
  #clientToken: ClientToken | undefined
  /** Calls under way, each of which may take more than one command. */
  readonly #calls = new Set<Promise<unknown>>()
  /** Ends what only waits, when the client is closed. */
  readonly #closing = new AbortController()
  /** Ends the wait for another process when nobody waits with us any more. */
  readonly #unwanted = new AbortController()
  #closed: Promise<void> | undefined

  /**
   * Reads the configuration; oxd is first asked when it is needed.
   *
   * @param config - the path of a configuration file such as `demosite.cfg`, into which the `id` of the site is written, or
   * the settings themselves: `{ host, port, op_host, authorization_redirect_uri, …, oxd_id }`, `{ unix, … }` or
   * `{ url: 'https://…', ca, … }`
   * @throws OxdConfigError with the file, the line and what to do
   */
  constructor(config: string | ClientConfig, options: ClientOptions<M> = {}) {
    super()
    this.#file = typeof config === 'string' ? resolve(config) : undefined
    this.#settings = settingsOf(
      typeof config === 'string' ? readConfig(resolve(config), CLIENT_LIMITS) : config,
    )
    this.#oxdId = this.#settings.oxd_id
    this.#native = options.claims === 'native'
    this.#timeoutMs = options.timeout_ms ?? CLIENT_LIMITS.timeout_ms
    this.#signal = options.signal
    const limits = { ...CLIENT_LIMITS, ...options.pool }
    this.#pool = new Pool(wayTo(this.#settings.address, limits), limits)
    const given = callerOf(options)
    this.#callerGiven = Object.keys(given).length > 0
    this.#useCaller(this.#callerGiven ? given : this.#settings.caller)
    options.signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  /** The `oxd_id` of the site, if it is registered. */
  get oxd_id(): string | undefined {
    return this.#oxdId
  }

  /**
   * Registers the site at its OpenID Provider, and returns its `oxd_id`.
   *
   * Called again, it returns the same without any traffic; of several processes that start with one configuration file
   * only one registers. The `oxd_id` is written into the file as `id`, and all else in it stays as it is.
   * Who gives up waiting, by `timeout_ms` or `signal`, ends the registration for nobody else: it goes on.
   *
   * @param options - `client_id` and `client_secret` if the client was registered at the OP by hand; `again: true` to
   * register anew when oxd has forgotten the site
   * @throws OxdConfigError before anything is registered if the file cannot be written, or if the site is known to be, or is
   * being, registered with another `client_id` or `client_secret`
   */
  async registerSite(options: RegisterOptions = {}, call: CallOptions = {}): Promise<string> {
    call.signal?.throwIfAborted()
    this.#requireSameCredentials(options)
    if (this.#oxdId !== undefined && options.again !== true) return this.#oxdId
    return this.#whole(this.#registered(options, this.#begin('register_site', call)))
  }

  /**
   * Registers the site, and a client beside it whose tokens protect the commands of the site; from then on this client gets
   * and renews them by itself. `oxd_id`, and the `client_id` and `client_secret` of that client, are written into the
   * configuration file (as `protection_…`); who has none keeps them, and hands them in as `protection` at the next start.
   *
   * @param options - what differs from the configuration, `setup_client_name`; `again: true` to replace a site that is known
   * @throws OxdConfigError before anything is registered if the site is registered already, or if the file cannot be written,
   * or may be read by everybody on the machine
   */
  async setupClient(
    options: Params<CommandNamed<'setup_client'>> & Pick<RegisterOptions, 'again'> = {},
    call: CallOptions = {},
  ): Promise<Result<CommandNamed<'setup_client'>, M>> {
    const begun = this.#begin('setup_client', call)
    const { again = false, ...params } = options
    if (this.#registering !== undefined || (this.#oxdId !== undefined && !again)) throw this.#known()
    const registration = this.#registration({ command: 'setup_client', again, params })
    this.#registering = registration
    const { reply } = await this.#whole(this.#awaited(registration, begun))
    if (reply === undefined) throw this.#known()
    // What a command answers is what its definition says, as the daemon is made of the same definitions.
    return reply as Result<CommandNamed<'setup_client'>, M>
  }

  /**
   * Changes the registration of the site, at the OpenID Provider and in oxd.
   *
   * @param changes - what to change, in the names of the configuration; what is absent stays. Without changes the
   * configuration file is read again, and every setting that has a value in it is sent.
   */
  async updateSiteRegistration(
    changes?: Params<CommandNamed<'update_site_registration'>>,
    call: CallOptions = {},
  ): Promise<Result<CommandNamed<'update_site_registration'>, M>> {
    if (changes === undefined) this.#reload()
    const sent = changes ?? this.#settings.site
    const oxd_id = this.#knownId()
    const result: Result<CommandNamed<'update_site_registration'>, M> = await this.#ask(
      'update_site_registration',
      { ...sent, oxd_id },
      call,
    )
    const changed = CREDENTIALS.filter((key) => sent[key] !== undefined).map((key) => [key, sent[key]])
    this.#registeredAs = { ...this.#heldCredentials(), ...Object.fromEntries(changed), oxd_id }
    return result
  }

  /**
   * Starts a login, and returns the URL to which the browser of the user is sent. Registers the site if need be.
   *
   * Better: {@link Client.startLogin}, which also returns the `state` that the session of the user must remember.
   *
   * @param options - for this login: `scope`, `acr_values`, `prompt`, …
   */
  async getAuthorizationUrl(
    options: Params<CommandNamed<'get_authorization_url'>> = {},
    call: CallOptions = {},
  ): Promise<string> {
    return (await this.startLogin(options, call)).url
  }

  /**
   * Starts a login: send the browser to `url`, and keep `state` in the session of the user, so that a callback with
   * another `state`, which somebody else may have started, is refused. Registers the site if need be.
   *
   * @param options - for this login: `scope`, `acr_values`, `prompt`, …
   */
  async startLogin(
    options: Params<CommandNamed<'get_authorization_url'>> = {},
    call: CallOptions = {},
  ): Promise<Login> {
    return this.#whole(this.#startLogin(options, this.#begin('get_authorization_url', call)))
  }

  async #startLogin(options: Params<CommandNamed<'get_authorization_url'>>, begun: Begun): Promise<Login> {
    const oxd_id = this.#oxdId ?? (await this.#registered({}, begun))
    const reply: ResultOf<CommandNamed<'get_authorization_url'>> = await this.#data(
      'get_authorization_url',
      { ...options, oxd_id },
      begun,
    )
    return { url: reply.authorization_url, state: reply.state, login_id: reply.login_id }
  }

  /**
   * Exchanges the `code` that came back to the callback for tokens. oxd has validated the ID Token completely.
   *
   * A state works once: of two callbacks with the same one, the second is refused with `invalid_state`.
   *
   * @param code - from the query of the callback
   * @param state - from the query of the callback, after it was compared with that in the session
   */
  getTokensByCode(
    code: string,
    state: string,
    call?: CallOptions,
  ): Promise<Result<CommandNamed<'get_tokens_by_code'>, M>>
  /** The same with the whole query of the callback: `iss`, where the OpenID Provider sends it, is checked too. */
  getTokensByCode(
    callback: Params<CommandNamed<'get_tokens_by_code'>>,
    call?: CallOptions,
  ): Promise<Result<CommandNamed<'get_tokens_by_code'>, M>>
  async getTokensByCode(
    code: string | Params<CommandNamed<'get_tokens_by_code'>>,
    state: string | CallOptions = {},
    call: CallOptions = {},
  ): Promise<Result<CommandNamed<'get_tokens_by_code'>, M>> {
    const callback = typeof code === 'string' ? { code, state } : code
    const options = typeof state === 'string' ? call : state
    return this.#ask('get_tokens_by_code', { ...callback, oxd_id: this.#knownId() }, options)
  }

  /**
   * Checks the whole response of the OpenID Provider, of whatever flow and in whatever mode, and returns tokens and claims.
   *
   * @param source - the request to the callback (of Express, Node or the web), or the whole URL, also with its fragment
   * @param options - what the session of the user knows: `state`, so that a login that somebody else began is refused before
   * oxd is asked, and the `session_binding` with which it began
   * @throws OxdError `login_refused` when the user said no or the OP could not: `details.error` is its code
   */
  async callback(
    source: CallbackSource,
    { state, session_binding }: CallbackOptions = {},
    call: CallOptions = {},
  ): Promise<Result<CommandNamed<'get_tokens_by_callback'>, M>> {
    const came = await callbackOf(
      source,
      (own) => this.#redirectOrigin(own),
      CLIENT_LIMITS.callback_bytes_max,
    )
    const said = stateOf(came)
    // What an encrypted response says oxd alone can read: then it is compared below.
    if (state !== undefined && said !== undefined && !isExpectedState(said, state)) throw foreignState()
    const tokens = await this.getTokensByCallback({ ...came, session_binding }, call)
    if (state !== undefined && !isExpectedState(tokens.state, state)) throw foreignState()
    return tokens
  }

  /** Sends the response as it came: {@link Client.callback} takes requests, and compares the state. */
  async getTokensByCallback(
    params: Params<CommandNamed<'get_tokens_by_callback'>>,
    call: CallOptions = {},
  ): Promise<Result<CommandNamed<'get_tokens_by_callback'>, M>> {
    return this.#ask('get_tokens_by_callback', { ...params, oxd_id: this.#knownId() }, call)
  }

  /** Where the callback is; `own`: what the request says. */
  #redirectOrigin(own?: string): string {
    const { authorization_redirect_uri: uri } = this.#settings.site
    if (typeof uri === 'string' && URL.canParse(uri)) return new URL(uri).origin
    if (own !== undefined) return own
    throw new OxdConfigError(
      'callback() needs the whole URL, or authorization_redirect_uri in the configuration',
      this.#file === undefined ? {} : { file: this.#file },
    )
  }

  /**
   * The claims of the user to whom the access token belongs: `first(user.email)`.
   *
   * @param accessToken - from {@link Client.callback}; tokens that oxd did not obtain for this site are refused
   */
  async getUserInfo(
    accessToken: string | Params<CommandNamed<'get_user_info'>>,
    call: CallOptions = {},
  ): Promise<ClaimsOf<'claims', M>> {
    const params = typeof accessToken === 'string' ? { access_token: accessToken } : accessToken
    const reply: Result<CommandNamed<'get_user_info'>, M> = await this.#ask(
      'get_user_info',
      { ...params, oxd_id: this.#knownId() },
      call,
    )
    return reply.claims
  }

  /**
   * The URL that logs the user out at the OpenID Provider; the session of the application is yours to end.
   *
   * @param options - `id_token_hint`: the ID Token of the login, so that the OP need not ask; `state`: comes back with the
   * user; `post_logout_redirect_uri`: where to, by default `logout_redirect_uri` of the configuration, else what is registered
   */
  async getLogoutUri(
    options: Params<CommandNamed<'get_logout_uri'>> = {},
    call: CallOptions = {},
  ): Promise<string> {
    const post_logout_redirect_uri = options.post_logout_redirect_uri ?? this.#settings.logout_redirect_uri
    const reply: ResultOf<CommandNamed<'get_logout_uri'>> = await this.#ask(
      'get_logout_uri',
      { ...options, post_logout_redirect_uri, oxd_id: this.#knownId() },
      call,
    )
    return reply.uri
  }

  /**
   * Sends any command as it is, nothing added to its parameters but what proves who asks, and returns the `data` of the reply as it came: claims as
   * OpenID Connect has them.
   *
   * @param command - as on the wire: `get_user_info`
   * @param params - as on the wire, `oxd_id` included
   */
  async send<const N extends string>(
    command: N | CommandName,
    params?: N extends CommandName ? ParamsOf<CommandNamed<N>> : Readonly<Record<string, unknown>>,
    call: CallOptions = {},
  ): Promise<N extends CommandName ? ResultOf<CommandNamed<N>> : Readonly<Record<string, unknown>>> {
    // What a command answers is what its definition says, as the daemon is made of the same definitions.
    return (await this.#whole(
      this.#exchange(command, { ...params }, this.#begin(command, call)),
    )) as N extends CommandName ? ResultOf<CommandNamed<N>> : Readonly<Record<string, unknown>>
  }

  /**
   * The logins of the site that end, as they end: at the OpenID Provider, or elsewhere. Goes on for ever, over a connection of
   * its own, also when oxd is restarted; each is told at least once.
   *
   * ```ts
   * for await (const { login_id, cursor } of oxd.endedLogins({ cursor: await readCursor() })) {
   *   await endSessionsOf(login_id)
   *   await writeCursor(cursor)
   * }
   * ```
   *
   * @param options - `cursor`: where to go on; `signal`: ends it, as `close()` does
   * @throws OxdError `cursor_expired` when it cannot be said any more what ended after the cursor: ask `getLoginStatus` for
   * each session, and begin without a cursor
   */
  async *endedLogins({ cursor, signal }: EndedLoginsOptions = {}): AsyncGenerator<
    EndedLogin,
    void,
    undefined
  > {
    const limits = { ...CLIENT_LIMITS, connections_max: 1 }
    const pool = new Pool(wayTo(this.#settings.address, limits), limits)
    const given = [this.#closing.signal, this.#signal, signal].filter((one) => one !== undefined)
    const ended = AbortSignal.any(given)
    const wait_seconds = limits.ended_wait_seconds
    let asked_of: string | undefined
    const ask = async (at: string | undefined) => {
      const oxd_id = await this.registerSite({}, { signal: ended })
      // A cursor is good for the site that it is from.
      const still = asked_of === undefined || asked_of === oxd_id ? at : undefined
      asked_of = oxd_id
      const begun = { ...begunNow(ended, wait_seconds * 1000 + this.#timeoutMs), pool }
      const reply = await this.#exchange('get_ended_logins', { oxd_id, cursor: still, wait_seconds }, begun)
      // What a command answers is what its definition says, as the daemon is made of the same definitions.
      return reply as ResultOf<CommandNamed<'get_ended_logins'>>
    }
    try {
      yield* endedLogins(ask, { cursor, signal: ended }, limits)
    } finally {
      await pool.close()
    }
  }

  /** Takes no further calls, lets those under way end, and closes the connections. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** `await using oxd = new Client(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#calls)
    this.#unwanted.abort(this.#closedError('register_site'))
    // Whoever asked for it gave up, but what oxd has registered must be written down.
    await this.#registering?.work.catch(() => undefined)
    return this.#pool.close()
  }

  #closedError(command: string): OxdConnectionError {
    return new OxdConnectionError(command, 'closed', 'the client is closed')
  }

  /** Every call begins here: whether it may, and from when its time counts. */
  #begin(command: string, { signal, timeout_ms = this.#timeoutMs }: CallOptions): Begun {
    const begun = begunNow(signal, timeout_ms)
    this.#signal?.throwIfAborted()
    signal?.throwIfAborted()
    if (this.#closed !== undefined) throw this.#closedError(command)
    return begun
  }

  /** A call that close() lets end as a whole, whatever commands it still has to send. */
  async #whole<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }

  /** What is known of how the site was registered: what is there and undefined was not given then. */
  #heldCredentials(): Credentials {
    return this.#registeredAs?.oxd_id === this.#oxdId ? { ...this.#registeredAs } : {}
  }

  /** Credentials that would have no effect must not be dropped in silence. */
  #requireSameCredentials({ again, ...given }: RegisterOptions): void {
    const running = this.#registering?.credentials
    if (running === undefined && (this.#oxdId === undefined || again === true)) return
    const known = running ?? this.#heldCredentials()
    const written: Credentials = this.#settings.site
    const other = CREDENTIALS.find((key) => {
      // An earlier process may have registered the site with just these, which the file need not hold.
      const held = key in known ? known[key] : (written[key] ?? given[key])
      return given[key] !== undefined && given[key] !== held
    })
    if (other === undefined) return
    const what = running === undefined ? 'is registered' : 'is being registered'
    const first = running === undefined ? '' : 'wait until that has ended; '
    throw new OxdConfigError(
      `the site ${what} with another ${other}, or with none: ${first}` +
        'registerSite({ client_id, client_secret, again: true }) registers it anew and replaces its id',
      this.#file === undefined ? {} : { file: this.#file },
    )
  }

  /** Joins the registration that is under way, or begins one. */
  async #registered({ again = false, ...params }: RegisterOptions, begun: Begun): Promise<string> {
    this.#registering ??= this.#registration({ command: 'register_site', again, params })
    return (await this.#awaited(this.#registering, begun)).oxd_id
  }

  #awaited({ command, work, progress }: Registration, begun: Begun): Promise<Registered> {
    return shared(work, begun, () => {
      const why = progress.asked
        ? 'it goes on, and whether oxd has registered the site is not known'
        : 'another process is registering it'
      const message = `the site was not registered in ${begun.timeout_ms} ms: ${why}; call registerSite() again`
      return new OxdConnectionError(command, 'timeout', message, { sent: progress.asked })
    })
  }

  #registration(order: Order): Registration {
    const { client_id, client_secret } = { ...this.#settings.site, ...order.params }
    const progress = { asked: false }
    const work = this.#register(order, progress).finally(() => {
      this.#registering = undefined
    })
    return { command: order.command, credentials: { client_id, client_secret }, work, progress }
  }

  /** It is everybody's: the time and the signal of no single caller apply. */
  async #register(
    { command, again, params }: Order,
    progress: Registration['progress'],
  ): Promise<Registered> {
    const file = this.#file
    const held = this.#oxdId
    // Whoever has a caller key goes on with that, and its file does not have two ways to say who asks.
    const isGuarded = command === 'setup_client' && this.#caller.caller_key === undefined
    const register = async (): Promise<Registered & { readonly guard: Protection | undefined }> => {
      const sent = { ...this.#settings.site, ...params }
      const { client_id, client_secret } = sent
      progress.asked = true
      const reply: ResultOf<CommandNamed<'register_site' | 'setup_client'>> = await this.#data(
        command,
        sent,
        begunNow(undefined, this.#timeoutMs),
      )
      const { oxd_id } = reply
      this.#oxdId = oxd_id
      this.#registeredAs = { oxd_id, client_id, client_secret }
      const guard = isGuarded ? guardIn(reply, this.#settings.site) : undefined
      if (guard !== undefined) this.#useCaller({ protection: guard })
      return { oxd_id, reply, guard }
    }
    if (file === undefined) return register()
    requireWritable(file)
    if (isGuarded) requirePrivate(file)
    const locked = async (): Promise<Registered> => {
      this.#reload()
      // Another process was first.
      if (this.#oxdId !== undefined && (!again || this.#oxdId !== held)) return { oxd_id: this.#oxdId }
      const registered = await register()
      writeId(file, registered.oxd_id, CLIENT_LIMITS, protectionKeys(registered.guard))
      return registered
    }
    const signals = [this.#signal, this.#unwanted.signal].filter((one) => one !== undefined)
    return withLock(realpathSync(file), CLIENT_LIMITS, locked, AbortSignal.any(signals))
  }

  #known(): OxdConfigError {
    return new OxdConfigError(
      'the site is registered already, or is being registered: setupClient({ again: true }) replaces it by another',
      this.#file === undefined ? {} : { file: this.#file },
    )
  }

  /** The file may have been edited, or another process may have registered the site. */
  #reload(): void {
    if (this.#file === undefined) return
    this.#settings = settingsOf(readConfig(this.#file, CLIENT_LIMITS))
    this.#oxdId = this.#settings.oxd_id ?? this.#oxdId
    if (!this.#callerGiven) this.#useCaller(this.#settings.caller)
  }

  #knownId(): string {
    if (this.#oxdId === undefined) this.#reload()
    if (this.#oxdId !== undefined) return this.#oxdId
    const where = this.#file === undefined ? {} : { file: this.#file }
    throw new OxdConfigError('the site is not registered yet: call registerSite() first', where)
  }

  /** A call of one command. */
  async #ask<R>(command: string, params: Readonly<Record<string, unknown>>, call: CallOptions): Promise<R> {
    return this.#whole(this.#data(command, params, this.#begin(command, call)))
  }

  /** Sends a command, and gives its reply the type that the caller expects, claims as this client was asked to have them. */
  async #data<R>(command: string, params: Readonly<Record<string, unknown>>, begun: Begun): Promise<R> {
    const data = await this.#exchange(command, params, begun)
    // What a command answers is what its definition says, as the daemon is made of the same definitions.
    return (this.#native ? data : withLists(data)) as R
  }

  /** Who asks from now on. */
  #useCaller(caller: CallerSettings): void {
    if (isDeepStrictEqual(caller, this.#caller)) return
    this.#caller = caller
    const { protection } = caller
    this.#clientToken =
      protection &&
      new ClientToken({
        obtain: () => this.#obtainToken(protection),
        now: () => performance.now(),
        limits: CLIENT_LIMITS,
      })
  }

  /** It is everybody's: the time and the signal of no single caller apply. */
  async #obtainToken({
    client_id,
    client_secret,
    op_host,
    scope = TOKEN_SCOPE,
  }: Protection): Promise<Issued> {
    const { op_host: ofSite, op_discovery_path, op_configuration_endpoint } = this.#settings.site
    const op =
      op_host === undefined ? { op_host: ofSite, op_discovery_path, op_configuration_endpoint } : { op_host }
    const params = { ...op, client_id, client_secret, scope }
    const issued = await this.#send('get_client_token', params, begunNow(undefined, this.#timeoutMs))
    // What a command answers is what its definition says, as the daemon is made of the same definitions.
    return issued as unknown as Issued
  }

  /** Sends a command with what proves who asks. */
  async #exchange(
    command: string,
    params: Readonly<Record<string, unknown>>,
    begun: Begun,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { caller_key } = this.#caller
    const tokens = WITHOUT_TOKEN.has(command) ? undefined : this.#clientToken
    // Whoever shows one of their own means that.
    if (params.protection_access_token !== undefined) return this.#send(command, params, begun)
    if (tokens === undefined) return this.#send(command, params, begun, caller_key)
    const token = await tokens.current(begun)
    try {
      return await this.#send(command, params, begun, token)
    } catch (error) {
      if (!(error instanceof OxdError && error.code === INACTIVE_TOKEN)) throw error
      // It was refused before anything was carried out: so any command may be sent again, once.
      return this.#send(command, params, begun, await tokens.insteadOf(token, begun))
    }
  }

  async #send(
    command: string,
    params: Readonly<Record<string, unknown>>,
    { signal, left, pool = this.#pool }: Begun,
    token?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    // A state may be used up by the first of two, so that the second would fail, or would forget whom it logs out.
    const repeatable = REPEATABLE.has(command) && params.state === undefined
    const signals = [this.#signal, signal].filter((one) => one !== undefined)
    const options = { timeout_ms: left(), signals, repeatable }
    const reply = await pool.exchange({ command, params, token }, options)
    if (reply.status === 'ok') return reply.data
    const { error, error_description, details } = reply.data
    throw oxdError(command, error, error_description, details, this.#hint(error, params))
  }

  /** What the application can do about a refusal, beside what oxd has said. */
  #hint(code: string, { oxd_id }: Readonly<Record<string, unknown>>): string | undefined {
    if (code === 'invalid_oxd_id' && oxd_id !== undefined && oxd_id === this.#oxdId)
      return this.#unknownSite()
    const caller =
      'In this library: caller_key, or protection with the client_id and client_secret of a client.'
    return code === 'blank_protection_access_token' ? caller : undefined
  }

  #unknownSite(): string {
    const place = this.#file === undefined ? 'given to this client' : `in ${this.#file}`
    const oxd = addressText(this.#settings.address)
    return `The id ${place} is unknown to oxd on ${oxd}: registerSite({ again: true }) registers the site anew and replaces it.`
  }

  static {
    // Every command that has no method above.
    const further = methodsPrototype((receiver, command) => {
      if (!(receiver instanceof Client)) throw new TypeError(`${command} was called without its client`)
      return (params = {}, call = {}) => {
        const oxd_id = receiver.#oxdId
        return receiver.#ask(command, oxd_id === undefined ? params : { oxd_id, ...params }, call)
      }
    })
    Object.setPrototypeOf(Client.prototype, further)
  }
}
