// How an answer looks over HTTP: in an envelope, as the clients of oxd 3.1 and our own library read it, or bare, as in 4.x.
import type { DialectName } from '../dialect.ts'
import type { Answer } from '../dispatch.ts'
import type { ErrorCode } from '../error.ts'

export interface HttpReply {
  readonly status: number
  /** Default: JSON. */
  readonly type?: string
  /** A value for JSON, the text itself for every other type. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface HttpDialect {
  /** What a command answered. */
  readonly answer: (answer: Answer) => HttpReply
  /** What no command has answered, because the request went wrong before; `method` is that of the request. */
  readonly refusal: (answer: Answer, code: ErrorCode, method: string | undefined) => HttpReply
  /** The answer to `GET /health-check`. */
  readonly health: (version: string) => HttpReply
}

/** To the libraries of 3.1, which post everything, these are errors of a command; on the socket they are answered, too. */
const OF_A_COMMAND: ReadonlySet<ErrorCode> = new Set(['malformed_json', 'unknown_path'])

const enveloped: HttpDialect = {
  // Always 200: PHP dies of anything else, Python and C# throw, and none of them reads the body then.
  answer: ({ status, data }) => ({ status: 200, body: { status, data } }),
  refusal: ({ status, data, http }, code, method) => ({
    status: method === 'POST' && OF_A_COMMAND.has(code) ? 200 : http,
    body: { status, data },
  }),
  health: () => ({ status: 200, type: 'text/plain; charset=utf-8', body: 'running' }),
}

const bare: HttpDialect = {
  answer: ({ data, http }) => ({ status: http, body: data }),
  refusal: ({ data, http }) => ({ status: http, body: data }),
  health: (version) => ({ status: 200, body: { application: 'oxd', version, status: 'running' } }),
}

export const HTTP_DIALECTS: Readonly<Record<DialectName, HttpDialect>> = {
  v3: enveloped,
  v4: bare,
  native: enveloped,
}
