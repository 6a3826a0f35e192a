// The pool of connections to oxd: one command in flight on each, who came first is first, and none sent twice that may not be.
import { isObject } from '../is_object.ts'
import { OxdConnectionError, type ConnectionErrorCode } from './errors.ts'
import type { ClientLimits } from './limits.ts'

export type PoolLimits = Pick<ClientLimits, 'connections_max' | 'waiting_max' | 'reply_bytes_max'>

export interface Request {
  readonly command: string
  readonly params: Readonly<Record<string, unknown>>
  /** By which the caller proves itself: a caller key, or a token of get_client_token. */
  readonly token?: string | undefined
}

/** The envelope as it came: what oxd said, yes or no. */
export type Reply =
  | { readonly status: 'ok'; readonly data: Readonly<Record<string, unknown>> }
  | {
      readonly status: 'error'
      readonly data: {
        readonly error: string
        readonly error_description: string
        readonly details?: unknown
      }
    }

export interface ExchangeOptions {
  /** From now to the reply, waiting for a connection included. */
  readonly timeout_ms: number
  /** Whichever is aborted first ends the command. */
  readonly signals: readonly AbortSignal[]
  /** May it be carried out twice? Only then is it sent again when it is not known whether it arrived. */
  readonly repeatable: boolean
}

/** A command on its way. */
export interface Job {
  readonly request: Request
  readonly bytes: Buffer
  readonly repeatable: boolean
  readonly settle: (outcome: { readonly reply: Reply } | { readonly error: unknown }) => void
  settled: boolean
  /** Were bytes of it handed to a connection? */
  sent: boolean
  /** Did anything come back? */
  answered: boolean
  /** It was sent again already. */
  repeated: boolean
  connection: Connection | undefined
}

/** One connection. It is idle or carries one job; whatever else happens on it is its end. */
export interface Connection {
  readonly job: Job | undefined
  /** Carries a job: written now, or when the connection is made. */
  carry(job: Job): void
  /** The job is done; an idle connection keeps no process alive. */
  rest(): void
  /** Ends it, which is told once. */
  end(cause: unknown): void
}

/** What a connection tells its pool. */
export interface ConnectionEvents {
  readonly ended: (connection: Connection, cause: unknown) => void
  /** The reply, and that the connection is free again; or what came instead of one: `answered …`. */
  readonly replied: (connection: Connection, reply: Reply | string) => void
}

/** A way to oxd: how a command is written, and what carries it. */
export interface Way {
  /** Where oxd is, for people. */
  readonly place: string
  /** @throws TypeError if there is no JSON for it */
  readonly encode: (request: Request) => Buffer
  readonly connect: (events: ConnectionEvents) => Connection
  /** What to look at when it fails with this code of Node's. */
  readonly advice: (code: string) => string
}

export const NO_REPLY = 'sent something that is no reply of oxd'

/** The envelope in what came, or what is wrong with it. */
export const replyOf = (value: unknown): Reply | string => {
  if (!isObject(value)) return NO_REPLY
  const { status, data } = value
  if (!isObject(data)) return NO_REPLY
  if (status === 'ok') return { status, data }
  const { error, error_description, details } = data
  if (status !== 'error' || typeof error !== 'string' || typeof error_description !== 'string')
    return NO_REPLY
  return { status, data: { error, error_description, details } }
}

/**
 * A pool of connections to one oxd. Commands wait in the order in which they came.
 *
 * A command that must not be carried out twice always gets a fresh connection: an idle one may have been closed by a daemon
 * that was restarted, and then nobody could say whether the command had still been read.
 */
export class Pool {
  readonly #way: Way
  readonly #limits: PoolLimits
  readonly #connections = new Set<Connection>()
  /** The one used last is the last. */
  readonly #idle: Connection[] = []
  readonly #waiting: Job[] = []
  #closed: Promise<void> | undefined
  #whenEmpty: (() => void) | undefined
  #pumping = false

  constructor(way: Way, limits: PoolLimits) {
    this.#way = way
    this.#limits = limits
  }

  /**
   * Sends one command and awaits its reply.
   *
   * @throws OxdConnectionError, or the reason of the signal that was aborted
   */
  exchange(request: Request, { timeout_ms, signals, repeatable }: ExchangeOptions): Promise<Reply> {
    const { command } = request
    return new Promise<Reply>((resolve, reject) => {
      const bytes = this.#way.encode(request)
      const aborted = signals.find((signal) => signal.aborted)
      if (aborted !== undefined) return reject(aborted.reason)
      if (this.#closed !== undefined) {
        return reject(new OxdConnectionError(command, 'closed', 'the client is closed'))
      }
      if (this.#waiting.length >= this.#limits.waiting_max) {
        return reject(
          new OxdConnectionError(
            command,
            'busy',
            `${this.#limits.waiting_max} commands are waiting for oxd already`,
          ),
        )
      }
      const onAbort = (): void => this.#abandon(job, signals.find((signal) => signal.aborted)?.reason)
      const onTimeout = (): void =>
        this.#abandon(job, this.#problem(job, 'timeout', `gave no answer in ${timeout_ms} ms`))
      const timer = setTimeout(onTimeout, timeout_ms)
      for (const signal of signals) signal.addEventListener('abort', onAbort)
      const job: Job = {
        request,
        bytes,
        repeatable,
        settled: false,
        sent: false,
        answered: false,
        repeated: false,
        connection: undefined,
        settle: (outcome) => {
          if (job.settled) return
          job.settled = true
          clearTimeout(timer)
          for (const signal of signals) signal.removeEventListener('abort', onAbort)
          if ('reply' in outcome) resolve(outcome.reply)
          else reject(outcome.error)
        },
      }
      this.#waiting.push(job)
      this.#pump()
      return undefined
    })
  }

  /** Takes no further commands; resolves when those under way have ended. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#whenEmpty = resolve
      while (this.#idle.length > 0) this.#idle[0]?.end(undefined)
      this.#pump()
    })
    return this.#closed
  }

  /** Gives connections to those who wait, as far as they reach. */
  #pump(): void {
    // Making room ends a connection, which calls this again: the turn that is under way goes on.
    if (this.#pumping) return
    this.#pumping = true
    for (let [job] = this.#waiting; job !== undefined; [job] = this.#waiting) {
      const connection = this.#connectionFor(job)
      if (connection === undefined) break
      this.#waiting.shift()
      job.connection = connection
      connection.carry(job)
    }
    this.#pumping = false
    if (this.#connections.size === 0) this.#whenEmpty?.()
  }

  #connectionFor(job: Job): Connection | undefined {
    const rested = job.repeatable && !job.repeated ? this.#idle.pop() : undefined
    if (rested !== undefined) return rested
    if (this.#connections.size >= this.#limits.connections_max) {
      const [longest] = this.#idle
      if (longest === undefined) return undefined
      this.#forget(longest)
      longest.end(undefined)
    }
    const connection = this.#way.connect({
      ended: (ended, cause) => this.#ended(ended, cause),
      replied: (one, reply) => this.#replied(one, reply),
    })
    this.#connections.add(connection)
    return connection
  }

  #replied(connection: Connection, reply: Reply | string): void {
    const { job } = connection
    if (job === undefined) return
    if (typeof reply === 'string') {
      job.settle({ error: this.#problem(job, 'malformed_reply', reply) })
      return connection.end(undefined)
    }
    connection.rest()
    job.settle({ reply })
    this.#idle.push(connection)
    if (this.#closed !== undefined) connection.end(undefined)
    this.#pump()
  }

  #ended(connection: Connection, cause: unknown): void {
    const { job } = connection
    this.#forget(connection)
    if (job !== undefined && !job.settled) {
      // Whoever has begun to answer has carried it out: what broke then breaks again, or was an answer that is too late.
      if (job.sent && !job.answered && job.repeatable && !job.repeated) {
        job.repeated = true
        this.#waiting.unshift(job)
      } else {
        const code = job.sent ? 'broken' : 'unreachable'
        const what = job.sent ? 'closed the connection before it answered' : 'cannot be reached'
        job.settle({ error: this.#problem(job, code, what, cause) })
      }
    }
    this.#pump()
  }

  /** Ends a job that nobody waits for any more; a late reply to it must find no connection. */
  #abandon(job: Job, error: unknown): void {
    const at = this.#waiting.indexOf(job)
    if (at >= 0) this.#waiting.splice(at, 1)
    job.settle({ error })
    if (job.connection?.job === job) job.connection.end(undefined)
    this.#pump()
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
  }

  #problem(job: Job, code: ConnectionErrorCode, what: string, cause?: unknown): OxdConnectionError {
    const { place, advice } = this.#way
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const doubt =
      job.sent && code !== 'malformed_reply' ? '; whether the command was carried out is not known' : ''
    const message = `oxd at ${place} ${what}${reason && ` (${reason})`}${doubt}: ${advice(reason)}`
    return new OxdConnectionError(job.request.command, code, message, { sent: job.sent, cause })
  }
}
