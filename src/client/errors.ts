// The three ways in which the library says no: oxd refused, oxd could not be reached, the configuration is wrong.
import type { Definition } from '../command.ts'

/** The codes that oxd answers with; a newer daemon may know more. */
export type OxdErrorCode = Definition['errors'][number] | (string & Record<never, never>)

/**
 * oxd understood the command and refused it, or the OpenID Provider did.
 *
 * `code` is made for `switch`, `description` for people: it ends in the reference under which the log of the daemon has it.
 */
export class OxdError extends Error {
  override readonly name = 'OxdError'
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
