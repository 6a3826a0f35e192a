// The three ways in which the library says no: oxd refused (with classes of its own for what is often caught), oxd could not be
// reached, the configuration is wrong.
import type { Definition } from '../command.ts'

/** The codes that oxd answers with; a newer daemon may know more. */
export type OxdErrorCode = Definition['errors'][number] | (string & Record<never, never>)

/**
 * oxd understood the command and refused it, or the OpenID Provider did.
 *
 * `code` is made for `switch`, `description` for people: it ends in the reference under which the log of the daemon has it.
 */
export class OxdError extends Error {
  override readonly name: string = 'OxdError'
  /** What was wrong, for programs: `invalid_state`, `invalid_oxd_id`, … */
  readonly code: OxdErrorCode
  /** What was wrong and what to do, for people; holds no secrets. */
  readonly description: string
  /** Further facts, where the command documents some. */
  readonly details: unknown
  /** The command that was refused, as on the wire. */
  readonly command: string

  constructor(command: string, code: OxdErrorCode, description: string, details?: unknown, hint?: string) {
    super([`${command}: ${code}: ${description}`, hint].filter(Boolean).join(' '))
    this.command = command
    this.code = code
    this.description = description
    this.details = details
  }
}

const membersOf = (details: unknown): Readonly<Record<string, unknown>> =>
  typeof details === 'object' && details !== null ? { ...details } : {}

/** One claim that the authorization server wants: UMA 2.0 Grant section 3.3.6. */
export interface RequiredClaim {
  readonly name?: string
  readonly friendly_name?: string
  readonly claim_type?: string
  readonly claim_token_format?: readonly string[]
  readonly issuer?: readonly string[]
}

/**
 * UMA: the authorization server wants to know more before it gives an RPT (`need_info`). Either send claims with the new
 * `ticket`, or send the user to `redirect_user`, as `umaRpGetClaimsGatheringUrl` makes it.
 */
export class NeedInfoError extends OxdError {
  override readonly name = 'NeedInfoError'

  /** The ticket for the next attempt; the one that was sent is used up. */
  get ticket(): string {
    return String(membersOf(this.details).ticket ?? '')
  }

  /** What it wants to know, where it says so. */
  get required_claims(): readonly RequiredClaim[] {
    const { required_claims } = membersOf(this.details)
    return Array.isArray(required_claims) ? required_claims : []
  }

  /** Where it asks the user, if it does. */
  get redirect_user(): string | undefined {
    const { redirect_user } = membersOf(this.details)
    return typeof redirect_user === 'string' ? redirect_user : undefined
  }
}

/** UMA: the ticket is unknown, used or expired: ask the resource server for a new one. */
export class InvalidTicketError extends OxdError {
  override readonly name = 'InvalidTicketError'
}

/** The request cannot be carried out as it is: a resource that is not protected, an OP that lacks what it needs. */
export class InvalidRequestError extends OxdError {
  override readonly name = 'InvalidRequestError'
}

/** Commands are protected, and what the application showed, if anything, does not open this one; nothing was carried out. */
export class ProtectionError extends OxdError {
  override readonly name = 'ProtectionError'
}

/** The code of a client token that has run out or was withdrawn. */
export const INACTIVE_TOKEN = 'inactive_protection_access_token'

type OxdErrorClass = new (...parameters: ConstructorParameters<typeof OxdError>) => OxdError

/** The codes that have a class of their own; every other one is a plain `OxdError`. */
export const ERROR_CLASSES: ReadonlyMap<string, OxdErrorClass> = new Map<OxdErrorCode, OxdErrorClass>([
  ['need_info', NeedInfoError],
  ['invalid_ticket', InvalidTicketError],
  ['invalid_request', InvalidRequestError],
  ['authorization_request_refused', InvalidRequestError],
  ['caller_exists', InvalidRequestError],
  ['foreign_id_token_hint', InvalidRequestError],
  ['no_par_endpoint', InvalidRequestError],
  ['no_registration_endpoint', InvalidRequestError],
  ['no_userinfo_endpoint', InvalidRequestError],
  ['other_uma_version', InvalidRequestError],
  ['resource_not_protected', InvalidRequestError],
  ['unknown_caller', InvalidRequestError],
  ['blank_protection_access_token', ProtectionError],
  [INACTIVE_TOKEN, ProtectionError],
  ['invalid_protection_access_token', ProtectionError],
  ['protection_access_token_insufficient_scope', ProtectionError],
  ['no_setup_client_for_oxd_id', ProtectionError],
  ['op_not_allowed', ProtectionError],
  ['oxd_access_denied', ProtectionError],
])

/** The error of the class that its code has. */
export const oxdError = (...parameters: ConstructorParameters<typeof OxdError>): OxdError => {
  const [, code] = parameters
  return new (ERROR_CLASSES.get(code) ?? OxdError)(...parameters)
}

/**
 * - `unreachable`: no connection could be made; nothing was sent.
 * - `timeout`: no reply in time; whether the command was carried out is not known, unless it was still waiting its turn.
 * - `broken`: the connection ended before the reply; whether the command was carried out is not known.
 * - `malformed_reply`: what answered does not speak oxd's protocol.
 * - `busy`: too many commands are waiting already; nothing was sent.
 * - `closed`: the client was closed; nothing was sent.
 */
export type ConnectionErrorCode = 'unreachable' | 'timeout' | 'broken' | 'malformed_reply' | 'busy' | 'closed'

/** oxd could not be asked, or did not answer. */
export class OxdConnectionError extends Error {
  override readonly name = 'OxdConnectionError'
  readonly code: ConnectionErrorCode
  /** The command that got no answer, as on the wire. */
  readonly command: string
  /** Were bytes of the command handed to a connection? If not, it can be repeated without a thought. */
  readonly sent: boolean

  constructor(
    command: string,
    code: ConnectionErrorCode,
    message: string,
    options: { readonly sent?: boolean; readonly cause?: unknown } = {},
  ) {
    super(`${command}: ${message}`, options.cause === undefined ? {} : { cause: options.cause })
    this.command = command
    this.code = code
    this.sent = options.sent ?? false
  }
}

/** The configuration is missing, unreadable, malformed or cannot be written; the message says where and what to do. */
export class OxdConfigError extends Error {
  override readonly name = 'OxdConfigError'
  /** The configuration file; undefined if the settings were handed in. */
  readonly file: string | undefined
  /** The line that is wrong, from 1. */
  readonly line: number | undefined
  /** The site that was registered although its `id` could not be written: put it into the file by hand. */
  readonly oxd_id: string | undefined

  constructor(
    message: string,
    where: {
      readonly file?: string
      readonly line?: number
      readonly oxd_id?: string
      readonly cause?: unknown
    } = {},
  ) {
    const place =
      where.file === undefined
        ? ''
        : where.line === undefined
          ? `${where.file}: `
          : `${where.file}:${where.line}: `
    super(place + message, where.cause === undefined ? {} : { cause: where.cause })
    this.file = where.file
    this.line = where.line
    this.oxd_id = where.oxd_id
  }
}
