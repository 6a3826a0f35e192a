// From a request to its answer: name, parameters, site, run, reply. Every transport calls it; only here errors become answers.
import { claimLists, type Claims } from './claims.ts'
import type { AnyCommand, Context } from './command.ts'
import { OxdError, type ErrorCode, type OxdErrorOptions } from './error.ts'
import { metaOf, readParams } from './params.ts'
import type { LogFields } from './world.ts'

export type Request = Readonly<Record<string, unknown>>
export interface Reply {
  readonly reply: Readonly<Record<string, unknown>>
  /** Whether the caller asked with `"oxd": 1` and so reads longer headers and more members. */
  readonly long: boolean
}
export interface Dispatch {
  /** Answers a request; never throws. `peer` names the caller in the log. */
  handle(request: Request, peer: string): Promise<Reply>
  /** The reply to what could not be carried out: no frame, or (with `request`) one that came too late or too large. */
  handleBad(code: ErrorCode, peer: string, request?: Request): Reply['reply']
}

// Letters and digits that are not mistaken for each other when a user reads them out.
const REFERENCE_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const REFERENCE_LETTERS = 6

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const OXD_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i
/** The start of an oxd_id: enough to find the site, not enough to use it. What is none may be anything, and stays out. */
const shortSite = (oxd_id: unknown): string | undefined =>
  typeof oxd_id === 'string' && OXD_ID.test(oxd_id) ? oxd_id.slice(0, 8) : undefined

/** `fits` says whether the wire can carry a reply; it throws for one that no wire can carry. */
export const createDispatch = (
  commands: readonly AnyCommand[],
  context: Context,
  fits: (reply: Reply['reply'], long: boolean) => boolean,
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

  const run = async (
    command: AnyCommand,
    params: Record<string, unknown>,
  ): Promise<Record<string, unknown>> => {
    const fail = (code: ErrorCode, options?: OxdErrorOptions): OxdError => new OxdError(code, options)
    if (command.access === 'open') {
      // `readParams` has parsed them with the schema from which the parameters of `run` are inferred.
      return command.run(params as never, { ...context, fail } as never)
    }
    const site = await sites.get(String(params.oxd_id))
    if (site === undefined) throw new OxdError('invalid_oxd_id')
    return command.run(params as never, { ...context, site, fail } as never)
  }

  /** Only what the command declares leaves, in its order: all of it, or the members of the 3.x wire. */
  const projected = (
    command: AnyCommand,
    result: Record<string, unknown>,
    full: boolean,
  ): Record<string, unknown> => {
    const shape = full ? { ...command.result, ...command.more } : command.result
    return Object.fromEntries(
      Object.entries(shape).map(([name, schema]) => {
        const value = result[name] ?? null
        // The value of a field marked `claims` is an object, as its schema says.
        return [name, !full && metaOf(schema).claims && value !== null ? claimLists(value as Claims) : value]
      }),
    )
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

  const errorReply = (error: OxdError, ref: string, long: boolean): Reply['reply'] => ({
    status: 'error',
    data: {
      error: long ? error.code : error.wire,
      error_description: `${error.message} [ref ${ref}]`,
      ...(long ? { details: { ...error.details, ref } } : {}),
    },
  })

  const commandOf = (request: Request): AnyCommand => {
    const { command: name } = request
    const command = typeof name === 'string' ? byName.get(name.toLowerCase()) : undefined
    if (command === undefined) throw new OxdError('unsupported_operation')
    return command
  }

  return {
    async handle(request, peer) {
      const started = world.now()
      const ref = reference()
      const long = request.oxd === 1
      const { params } = request
      const line = (command: string): LogFields => ({
        peer,
        command,
        site: isObject(params) ? shortSite(params.oxd_id) : undefined,
        ref,
      })
      let name = 'unknown'
      try {
        const command = commandOf(request)
        name = command.name
        if (!isObject(params)) throw new OxdError('malformed_params', { what: 'params must be an object.' })
        const result = await run(command, readParams(command.params, params))
        const reply = { status: 'ok', data: projected(command, result, long) }
        if (!fits(reply, long)) throw new OxdError('reply_too_large')
        world.log('info', 'command', { ...line(name), outcome: 'ok', ms: world.now() - started })
        return { reply, long }
      } catch (thrown) {
        const error = asOxdError(thrown, line(name))
        const isStore = error.code === 'store_unreachable' || error.code === 'store_damaged'
        const reason = isStore ? error.message : (error.details?.reason ?? error.details?.parameter)
        world.log('warn', 'command', {
          ...line(name),
          outcome: error.code,
          reason,
          ms: world.now() - started,
        })
        return { reply: errorReply(error, ref, long), long }
      }
    },

    handleBad(code, peer, request) {
      const ref = reference()
      world.log('warn', 'command', { peer, command: 'unknown', outcome: code, ref })
      return errorReply(new OxdError(code), ref, request?.oxd === 1)
    },
  }
}
