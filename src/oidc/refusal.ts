// What went wrong between oxd and an OP, said before it is known at which step; the door adds the step.
import type { ErrorCode } from '../error.ts'

/** Connections are shared by requests of several steps, so their failure cannot name one. `message` is fit for callers. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The code of a system, TLS or undici error or else its name. Never its message, which may quote what was sent. */
export const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'no error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** What the network said, what it means and what to do; the first row that fits decides. */
const MET: readonly (readonly [said: RegExp, code: ErrorCode, met: string, cure: string])[] = [
  [
    /^(ENOTFOUND|ENODATA)$/,
    'op_unreachable',
    'has no address',
    'check its spelling, and the DNS of this machine',
  ],
  [/^EAI_/, 'op_unreachable', 'cannot be looked up', 'check the DNS of this machine'],
  [/^ECONNREFUSED$/, 'op_unreachable', 'takes no connections', 'check that the OP is running, and the port'],
  [
    /^(EHOST|ENET|EADDR)/,
    'op_unreachable',
    'has no way to it from here',
    'check the network, or set --op-proxy',
  ],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/,
    'op_unreachable',
    'hung up without an answer',
    'see the log of the OP',
  ],
  [/TIMEDOUT$|_TIMEOUT$/, 'op_timeout', 'was too slow', 'check that the OP is running, and the network'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'op_answer_too_large', 'sent too many headers', 'check that it is an OP'],
  [/^ERR_SSL_/, 'ssl_handshake_error', 'ended the TLS connection', 'see the log of the OP'],
  [
    /^(HPE_|HTTPParserError$|UND_ERR_)/,
    'op_answer_malformed',
    'did not answer in HTTP',
    'check that it is an OP',
  ],
]
const OTHER = [/^/, 'op_unreachable', 'could not be asked', 'see the log of the OP'] as const

/** An error that came before the answer did, as a refusal that says what was met and what to do. */
export const refusalOf = (error: unknown, origin: string): Refusal => {
  if (error instanceof Refusal) return error
  const said = codeOf(error)
  const [, code, met, cure] = MET.find(([pattern]) => pattern.test(said)) ?? OTHER
  return new Refusal(code, `${origin} ${met} (${said}): ${cure}.`)
}
