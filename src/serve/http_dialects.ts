// How an answer looks over HTTP: in an envelope, as the clients of oxd 3.1 and our own library read it, or bare, as in 4.x.
import type { DialectName } from '../dialect.ts'
import type { Answer } from '../dispatch.ts'
import type { ErrorCode } from '../error.ts'

export interface HttpReply {
  readonly status: number
  readonly body: unknown
}

interface HttpDialect {
  /** What a command answered. */
  readonly answer: (answer: Answer) => HttpReply
  /** What no command has answered, because the request went wrong before. */
  readonly refusal: (answer: Answer, code: ErrorCode) => HttpReply
  /** The answer to `GET /health-check`. */
  readonly health: (version: string) => { readonly type: string; readonly body: string }
}

/** To the libraries of 3.1 these are errors of a command, which on the socket have an answer, too. */
const OF_A_COMMAND: ReadonlySet<ErrorCode> = new Set(['malformed_json', 'unknown_path'])

const enveloped: HttpDialect = {
  // Always 200: PHP dies of anything else, Python and C# throw, and none of them reads the body then.
  answer: ({ status, data }) => ({ status: 200, body: { status, data } }),
  refusal: ({ status, data, http }, code) => ({
    status: OF_A_COMMAND.has(code) ? 200 : http,
    body: { status, data },
  }),
  health: () => ({ type: 'text/plain; charset=utf-8', body: 'running' }),
}

const bare: HttpDialect = {
  answer: ({ data, http }) => ({ status: http, body: data }),
  refusal: ({ data, http }) => ({ status: http, body: data }),
  health: (version) => ({
    type: 'application/json',
    body: JSON.stringify({ application: 'oxd', version, status: 'running' }),
  }),
}

export const HTTP_DIALECTS: Readonly<Record<DialectName, HttpDialect>> = {
  v3: enveloped,
  v4: bare,
  native: enveloped,
}
