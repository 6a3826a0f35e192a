// Where codes go: to the token endpoint that was named when the login began.
import { weakenings } from './rows.ts'

const TEST = 'src/token_endpoint.test.ts'

export const TOKEN_ENDPOINT = [
  ...weakenings('src/token_endpoint.ts', TEST, [
    [
      'token endpoint: a code goes wherever the OP now says',
      'if (token_endpoint === undefined || token_endpoint === metadata.token_endpoint) return',
      'return',
      'gets no code of a login that began before$',
    ],
    [
      'token endpoint: it moves, and logins under way go on',
      'const version = current.token_endpoint === undefined ? current.version : current.version + 1',
      'const { version } = current',
      'ends the logins under way once another one has begun',
    ],
  ]),
  ...weakenings('src/commands/get_tokens_by_callback.ts', TEST, [
    [
      'token endpoint: the whole response is an exception',
      'refuseMoved(site, op)',
      '',
      'gets no code by way of the whole response, either$',
    ],
  ]),
]
