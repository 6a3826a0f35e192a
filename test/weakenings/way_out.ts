// An OP that is down, slow, redirecting, endless, somewhere else or somebody else: how oxd reaches out.
import { weakenings } from './rows.ts'

const TOKENS_TEST = 'src/commands/get_tokens_by_code.test.ts'

export const WAY_OUT = [
  ...weakenings('src/oidc/http.ts', 'src/oidc/http.test.ts', [
    [
      'http: unencrypted to anybody',
      "if (at.protocol === 'http:' && !trusted.has(at.origin))",
      'if (false)',
      '^where it does not go every spelling',
    ],
    [
      'http: with a user name or password',
      "if (at.username !== '' || at.password !== '')",
      'if (false)',
      '^where it does not go every spelling',
    ],
    [
      'http: redirects are answers',
      'if (status >= 300 && status < 400) {',
      'if (false) {',
      '^where it does not go redirects are not followed',
    ],
    [
      'http: the target of a redirect is told with its secrets',
      "const to = target === undefined ? 'nowhere' : target.origin === 'null' ? target.protocol : target.origin",
      "const to = target === undefined ? 'nowhere' : target.href",
      '^where it does not go redirects are not followed',
    ],
    [
      'http: an OP has any time',
      'const deadline = AbortSignal.timeout(limits.op_total_ms)',
      'const deadline = AbortSignal.timeout(60_000)',
      '^how long and how much headers that do not come',
    ],
    [
      'http: errors do not name the step',
      'what: `${step}: ${refusal.message}`,',
      'what: refusal.message,',
      '^where it does not go every spelling',
    ],
    [
      'http: compressed answers are asked for',
      "headers.set('accept-encoding', 'identity')",
      '',
      '^the way out an OP that is trusted answers',
    ],
  ]),
  ...weakenings('src/oidc/refusal.ts', 'src/oidc/http.test.ts', [
    [
      'http: errors do not name the OP',
      'return new Refusal(code, `${origin} ${met} (${said}): ${cure}.`)',
      'return new Refusal(code, `It ${met} (${said}): ${cure}.`)',
      '^answers that are none nobody there',
    ],
  ]),
  ...weakenings('src/oidc/answer.ts', 'src/oidc/http.test.ts', [
    [
      'answer: any length',
      'if (bytes > max) throw tooLarge',
      '',
      '^how long and how much (a bomb that is small on the wire|exactly as much)',
    ],
    [
      'answer: any announced length',
      "if (Number(headers.get('content-length')) > max) throw tooLarge",
      '',
      '^how long and how much a length that is announced',
    ],
    [
      'answer: text that is no UTF-8',
      "return new TextDecoder('utf-8', { fatal: status < 300, ignoreBOM: true }).decode(Buffer.concat(chunks))",
      "return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(chunks))",
      '^answers that are none refused: invalid UTF-8',
    ],
  ]),
  ...weakenings('src/oidc/answer.ts', TOKENS_TEST, [
    [
      'answer: any length, as tokens',
      'if (bytes > max) throw tooLarge',
      '',
      '^get_tokens_by_code refuses (an endless answer|a gzip bomb)',
    ],
  ]),
  ...weakenings('src/oidc/http.ts', TOKENS_TEST, [
    [
      'http: redirects are answers, as tokens',
      'if (status >= 300 && status < 400) {',
      'if (false) {',
      '^get_tokens_by_code refuses a redirect',
    ],
  ]),
]
