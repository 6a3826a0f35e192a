// The library: what applications import to log their users in through oxd.
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { claimLists } from '../claims.ts'
import { readConfig } from './config_file.ts'
import { requireWritable, writeId } from './config_write.ts'
import { OxdConfigError, OxdError } from './errors.ts'
import { CLIENT_LIMITS, type ClientLimits } from './limits.ts'
import { withLock } from './lock.ts'
import {
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
import { addressText, settingsOf, type ClientConfig, type Settings } from './settings.ts'
import { Pool } from './socket.ts'

export { first, type ClaimLists, type Claims } from '../claims.ts'
export { OxdConfigError, OxdConnectionError, OxdError } from './errors.ts'
export type { ConnectionErrorCode, OxdErrorCode } from './errors.ts'
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
export type { ClientConfig, SiteSettings } from './settings.ts'
export type { AddressClaim, IdTokenClaims, StandardClaims } from './standard_claims.ts'

/** The commands whose methods are written below; every other one gets its method from its definition. */
type OwnCommand =
  | 'register_site'
  | 'update_site_registration'
  | 'get_authorization_url'
  | 'get_tokens_by_code'
  | 'get_user_info'
  | 'get_logout_uri'

/**
 * The commands that may be sent again when it is not known whether they arrived. The definitions say so too, and a test
 * compares; but no server code comes with the library. A command that is missing here is just not sent again.
 */
export const REPEATABLE: ReadonlySet<string> = new Set([
  'get_authorization_url',
  'get_logout_uri',
  'get_user_info',
] satisfies CommandName[])

const TIMER_MS_MAX = 2_147_483_647

export interface ClientOptions<M extends ClaimsMode = 'lists'> {
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

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const CLAIMS = ['claims', 'id_token_claims'] as const

const withLists = (data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const claims = CLAIMS.filter((key) => isObject(data[key]))
  // The filter has seen that they are objects.
  return {
    ...data,
    ...Object.fromEntries(claims.map((key) => [key, claimLists(data[key] as Record<string, unknown>)])),
  }
}

/** Waits for what several callers share; the abort of one of them ends only their own waiting. */
const shared = async <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return work
  let stop = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
  })
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

// Constructs nothing; its instances are said to have the methods that the end of their prototype chain answers for.
const Commands = function () {} as unknown as new <M extends ClaimsMode>() => CommandMethods<OwnCommand, M>

/**
 * Logs the users of a site in, through the local oxd daemon.
 *
 * ```ts
 * const oxd = new Client('demosite.cfg')
 * const { url, state } = await oxd.startLogin()          // keep `state` in the session, send the user to `url`
 * const tokens = await oxd.getTokensByCode(code, state)  // what came back to the callback
 * const user = await oxd.getUserInfo(tokens.access_token)
 * console.log(first(user.name))
 * ```
 *
 * Methods are the commands of oxd in camelCase; names of parameters and results are those of the wire. Every method takes
 * `{ signal, timeout_ms }` as its last argument, and throws
 * - {@link OxdError} when oxd or the OpenID Provider refuses; `error.code` says why,
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
  #registering: Promise<string> | undefined

  /**
   * Reads the configuration; oxd is first asked when it is needed.
   *
   * @param config - the path of a configuration file such as `demosite.cfg`, into which the `id` of the site is written, or
   * the settings themselves: `{ host, port, op_host, authorization_redirect_uri, …, oxd_id }`, or `{ unix, … }`
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
    this.#pool = new Pool(this.#settings.address, { ...CLIENT_LIMITS, ...options.pool })
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
   *
   * @param options - `client_id` and `client_secret` if the client was registered at the OP by hand; `again: true` to
   * register anew when oxd has forgotten the site
   * @throws OxdConfigError before anything is registered if the file cannot be written
   */
  async registerSite(options: RegisterOptions = {}, call: CallOptions = {}): Promise<string> {
    call.signal?.throwIfAborted()
    if (this.#oxdId !== undefined && options.again !== true) return this.#oxdId
    this.#registering ??= this.#register(options, call.timeout_ms).finally(() => {
      this.#registering = undefined
    })
    return shared(this.#registering, call.signal)
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
    return this.#ask(
      'update_site_registration',
      { ...(changes ?? this.#settings.site), oxd_id: this.#knownId() },
      call,
    )
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
    const oxd_id = await this.registerSite({}, call)
    const reply: ResultOf<CommandNamed<'get_authorization_url'>> = await this.#ask(
      'get_authorization_url',
      { ...options, oxd_id },
      call,
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
   * The claims of the user to whom the access token belongs: `first(user.email)`.
   *
   * @param accessToken - from {@link Client.getTokensByCode}; tokens that oxd did not obtain for this site are refused
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
   * Sends any command as it is, nothing added to its parameters, and returns the `data` of the reply as it came: claims as
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
    return (await this.#exchange(command, { ...params }, call)) as N extends CommandName
      ? ResultOf<CommandNamed<N>>
      : Readonly<Record<string, unknown>>
  }

  /** Takes no further calls, lets those under way end, and closes the connections. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** `await using oxd = new Client(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #register(
    { again, ...credentials }: RegisterOptions,
    timeout_ms: number | undefined,
  ): Promise<string> {
    const file = this.#file
    const held = this.#oxdId
    const register = async (): Promise<string> => {
      const params = { ...this.#settings.site, ...credentials }
      const { oxd_id }: ResultOf<CommandNamed<'register_site'>> = await this.#ask('register_site', params, {
        timeout_ms,
      })
      this.#oxdId = oxd_id
      return oxd_id
    }
    if (file === undefined) return register()
    requireWritable(file)
    const locked = async (): Promise<string> => {
      this.#reload()
      // Another process was first.
      if (this.#oxdId !== undefined && (again !== true || this.#oxdId !== held)) return this.#oxdId
      const oxd_id = await register()
      writeId(file, oxd_id, CLIENT_LIMITS)
      return oxd_id
    }
    return withLock(realpathSync(file), CLIENT_LIMITS, locked, this.#signal)
  }

  /** The file may have been edited, or another process may have registered the site. */
  #reload(): void {
    if (this.#file === undefined) return
    this.#settings = settingsOf(readConfig(this.#file, CLIENT_LIMITS))
    this.#oxdId = this.#settings.oxd_id ?? this.#oxdId
  }

  #knownId(): string {
    if (this.#oxdId === undefined) this.#reload()
    if (this.#oxdId !== undefined) return this.#oxdId
    const where = this.#file === undefined ? {} : { file: this.#file }
    throw new OxdConfigError('the site is not registered yet: call registerSite() first', where)
  }

  /** Sends a command, and gives its reply the type that the caller expects, claims as this client was asked to have them. */
  async #ask<R>(command: string, params: Readonly<Record<string, unknown>>, call: CallOptions): Promise<R> {
    const data = await this.#exchange(command, params, call)
    // What a command answers is what its definition says, as the daemon is made of the same definitions.
    return (this.#native ? data : withLists(data)) as R
  }

  async #exchange(
    command: string,
    params: Readonly<Record<string, unknown>>,
    { signal, timeout_ms = this.#timeoutMs }: CallOptions,
  ): Promise<Readonly<Record<string, unknown>>> {
    if (!(timeout_ms > 0 && timeout_ms <= TIMER_MS_MAX)) {
      throw new RangeError(`timeout_ms is ${timeout_ms}: it must be from 1 to ${TIMER_MS_MAX}`)
    }
    // A state may be used up by the first of two, so that the second would fail, or would forget whom it logs out.
    const repeatable = REPEATABLE.has(command) && params.state === undefined
    const signals = [this.#signal, signal].filter((one) => one !== undefined)
    const reply = await this.#pool.exchange({ command, params }, { timeout_ms, signals, repeatable })
    if (reply.status === 'ok') return reply.data
    const { error, error_description, details } = reply.data
    const unknownSite =
      error === 'invalid_oxd_id' && params.oxd_id !== undefined && params.oxd_id === this.#oxdId
    throw new OxdError(
      command,
      error,
      error_description,
      details,
      unknownSite ? this.#unknownSite() : undefined,
    )
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
