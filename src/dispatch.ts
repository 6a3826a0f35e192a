// From a request to its answer: name, parameters, site, run, reply. Every transport calls it; only here errors become answers.
import type { AnyCommand, Context } from './command.ts'
import { DIALECTS, type DialectName } from './dialect.ts'
import { OxdError, type ErrorCode, type OxdErrorOptions } from './error.ts'
import { fields } from './fields.ts'
import type { Credentials, Guard } from './guard.ts'
import { isObject } from './is_object.ts'
import { readParams } from './params.ts'
import { reasonFields, type Telling } from './reasons.ts'
import type { Site } from './site.ts'
import type { LogFields } from './world.ts'

export type Request = Readonly<Record<string, unknown>>

/** A command as a transport received it. */
export interface Call {
  readonly command: unknown
  readonly params: unknown
  readonly dialect: DialectName
  readonly credentials: Credentials
  /** Names the caller in the log. */
  readonly peer: string
  /** Aborted when the caller has gone or sends nothing more, or oxd stops: a command that waits answers then. */
  readonly signal: AbortSignal
  /** Can the wire carry this reply? Asked before the call is logged. */
  readonly fits?: (reply: Envelope) => boolean
}
export interface Envelope {
  readonly status: 'ok' | 'error'
  readonly data: Readonly<Record<string, unknown>>
}
export interface Answer extends Envelope {
  /** The HTTP status of the 4.x dialect. */
  readonly http: number
}
export interface Reply {
  readonly reply: Envelope
  /** Whether the caller asked with `"oxd": 1` and so reads longer headers and more members. */
  readonly long: boolean
}

export interface SocketRules {
  /** Must callers on the socket prove themselves? */
  readonly protected: boolean
  /** Says whether a frame can carry a reply; it throws for one that no wire can carry. */
  readonly fits: (reply: Envelope, long: boolean) => boolean
}

export interface Dispatch {
  /** Answers a call; never throws. */
  call(call: Call): Promise<Answer>
  /** The answer to what could not be carried out, in a dialect. */
  refuse(code: ErrorCode, dialect: DialectName, peer: string): Answer
  /** What the socket needs: envelopes in, envelopes out. */
  overSocket(rules: SocketRules): {
    handle(request: Request, peer: string, signal: AbortSignal): Promise<Reply>
    /** The reply to what could not be carried out: no frame, or (with `request`) one that came too late or too large. */
    handleBad(code: ErrorCode, peer: string, request?: Request): Envelope
  }
}

// Letters and digits that are not mistaken for each other when a user reads them out.
const REFERENCE_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const REFERENCE_LETTERS = 6

const OXD_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i
/** The start of an oxd_id: enough to find the site, not enough to use it. What is none may be anything, and stays out. */
const shortSite = (oxd_id: unknown): string | undefined =>
  typeof oxd_id === 'string' && OXD_ID.test(oxd_id) ? oxd_id.slice(0, 8) : undefined

/** What a command has found out about its call, for its line in the log. */
type Findings = Record<string, string | undefined>

export const createDispatch = (
  commands: readonly AnyCommand[],
  context: Context,
  guard: Guard,
  telling: Telling,
): Dispatch => {
  const { world, sites } = context
  const byName = new Map(
    commands.flatMap((command) =>
      [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const),
    ),
  )

  /** A short name of this answer, for the log and for whoever reads an error: `K7Q2-9B` is six of 32 letters. */
  const reference = (): string => {
    const letters = [...world.random(REFERENCE_LETTERS)].map(
      (byte) => REFERENCE_ALPHABET[byte % REFERENCE_ALPHABET.length],
    )
    return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
  }

  const siteOf = async (
    { access }: AnyCommand,
    { oxd_id }: Record<string, unknown>,
  ): Promise<Site | undefined> => {
    if (oxd_id === undefined || (access !== 'site' && access !== 'caller')) return undefined
    const site = await sites.get(String(oxd_id))
    if (site === undefined) throw new OxdError('invalid_oxd_id')
    return site
  }

  const run = async (
    command: AnyCommand,
    sent: Record<string, unknown>,
    { dialect, credentials, signal }: Call,
    findings: Findings,
  ): Promise<Record<string, unknown>> => {
    guard.first(command, credentials)
    const read = readParams(command.params, sent)
    // `readParams` has parsed them with the schema from which the parameters of `run` and `from4` are inferred.
    const asked = dialect === 'v4' && command.from4 !== undefined ? command.from4(read as never) : read
    const params = command.access === 'site' ? asked : withDefaults(asked, context.defaults.site)
    const site = await siteOf(command, params)
    findings.issuer = site?.issuer
    const permit = await guard.permit(command, { params, site, credentials, dialect })
    const fail = (code: ErrorCode, options?: OxdErrorOptions): OxdError => new OxdError(code, options)
    const audit = (found: Findings): void => void Object.assign(findings, found)
    return command.run(params as never, { ...context, dialect, permit, signal, site, fail, audit } as never)
  }

  const asOxdError = (error: unknown, fields: LogFields): OxdError => {
    if (error instanceof OxdError) return error
    // The text of an unknown exception never leaves: it may hold anything.
    const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: undefined }
    // A stack begins with the text, which may have several lines.
    const frames = stack?.split('\n').filter((line) => line.startsWith('    at '))
    world.log('error', 'unexpected failure', {
      ...fields,
      exception: name,
      at: frames?.slice(0, 3).join(' '),
    })
    return new OxdError('internal_error', { cause: error })
  }

  const refusal = (error: OxdError, ref: string, dialect: DialectName): Answer => ({
    status: 'error',
    data: DIALECTS[dialect].failure(error, ref),
    http: error.http,
  })

  const commandOf = (name: unknown): AnyCommand => {
    const command = typeof name === 'string' ? byName.get(name.toLowerCase()) : undefined
    if (command === undefined) throw new OxdError('unsupported_operation')
    return command
  }

  const call = async (asked: Call): Promise<Answer> => {
    const { params, dialect, peer, fits } = asked
    const started = world.now()
    const ref = reference()
    const line = (command: string): LogFields => ({
      peer,
      command,
      site: isObject(params) ? shortSite(params.oxd_id) : undefined,
      ref,
    })
    const findings: Findings = {}
    let name = 'unknown'
    try {
      const command = commandOf(asked.command)
      name = command.name
      if (!isObject(params)) throw new OxdError('malformed_params', { what: 'params must be an object.' })
      const credentials = withToken(asked.credentials, params)
      const result = await run(command, params, { ...asked, credentials }, findings)
      const envelope = { status: 'ok', data: DIALECTS[dialect].success(command, result) } as const
      if (fits?.(envelope) === false) throw new OxdError('reply_too_large')
      const { login_id } = findings
      world.log('info', 'command', { ...line(name), login_id, outcome: 'ok', ms: world.now() - started })
      return { ...envelope, http: 200 }
    } catch (thrown) {
      const error = asOxdError(thrown, line(name))
      const isStore = error.code === 'store_unreachable' || error.code === 'store_damaged'
      const reason = isStore ? error.message : (error.details?.reason ?? error.details?.parameter)
      world.log('warn', 'command', {
        ...line(name),
        ...findings,
        outcome: error.code,
        ...reasonFields(error, telling),
        reason: typeof reason === 'string' ? reason : undefined,
        ms: world.now() - started,
      })
      return refusal(error, ref, dialect)
    }
  }

  const refuse: Dispatch['refuse'] = (code, dialect, peer) => {
    const ref = reference()
    world.log('warn', 'command', { peer, command: 'unknown', outcome: code, ref })
    return refusal(new OxdError(code), ref, dialect)
  }

  return {
    call,
    refuse,
    overSocket: ({ protected: isProtected, fits }) => ({
      async handle({ command, params, oxd }, peer, signal) {
        const long = oxd === 1
        const { status, data } = await call({
          command,
          params,
          dialect: long ? 'native' : 'v3',
          credentials: { protected: isProtected },
          peer,
          signal,
          fits: (reply) => fits(reply, long),
        })
        return { reply: { status, data }, long }
      },
      handleBad(code, peer, request) {
        const { status, data } = refuse(code, request?.oxd === 1 ? 'native' : 'v3', peer)
        return { status, data }
      },
    }),
  }
}

const isAbsent = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.length === 0)

/** Defaults that hold only for whoever gives none of these either: they say together which OP is meant. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  op_configuration_endpoint: ['op_host', 'op_discovery_path'],
  op_discovery_path: ['op_configuration_endpoint'],
}

/** What the caller left out, from the configuration of an old oxd. */
const withDefaults = (
  params: Record<string, unknown>,
  defaults: Readonly<Record<string, unknown>>,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      const mayDefault = isAbsent(value) && (TOGETHER[name] ?? []).every((other) => isAbsent(params[other]))
      return [name, mayDefault ? (defaults[name] ?? value) : value]
    }),
  )

/** On the socket, and in the bodies of 3.1, the token is among the parameters; a header wins. */
const withToken = (credentials: Credentials, params: Readonly<Record<string, unknown>>): Credentials => {
  if (credentials.token !== undefined) return credentials
  const { protection_access_token: token } = readParams(TOKEN_PARAMS, params)
  return typeof token === 'string' ? { ...credentials, token } : credentials
}
const TOKEN_PARAMS = { protection_access_token: fields.protection_access_token.optional() }
