// What fuzzing found: each as one source line.
import { weakenings } from './rows.ts'

export const ROBUSTNESS = [
  ...weakenings('src/serve/http.ts', 'src/serve/http.test.ts', [
    [
      'HTTP: who leaves in the middle of a body fills the log with failures',
      "ECONNRESET: 'frame_incomplete',",
      '',
      'a peer that leaves in the middle of its body',
    ],
  ]),
  ...weakenings('src/oidc/discovery.ts', 'src/oidc/discovery.test.ts', [
    [
      'discovery: an op_host that a URL parser repairs',
      "if (!URL.canParse(issuer) || PASSED_OVER.test(issuer)) throw invalidHost('op_host must be an https URL.')",
      "if (!URL.canParse(issuer)) throw invalidHost('op_host must be an https URL.')",
      'is not looked for at "op.example.com "',
    ],
  ]),
  ...weakenings('src/oidc/jwt.ts', 'src/oidc/jwt.test.ts', [
    [
      'JWT: a header that only some readers decode',
      "if (bytes.toString('base64url') !== text) throw new OxdError('invalid_id_token_malformed')",
      '',
      '^an ID Token is refused by its name where readers of base64url disagree',
    ],
  ]),
  ...weakenings('src/oidc/authorization_response.ts', 'src/commands/get_tokens_by_callback.test.ts', [
    [
      'callback: characters that other parsers of URLs leave out',
      'if (callback_url !== undefined && PASSED_OVER.test(callback_url)) {',
      'if (false) {',
      'a response that is no query',
    ],
  ]),
  ...weakenings('src/serve/http_hosts.ts', 'src/serve/http_hosts.test.ts', [
    [
      'hosts: an address that no reader of URLs takes',
      "if (found.startsWith('[') && !URL.canParse(`http://${found}`)) return false",
      '',
      '^the names under which oxd may be called ',
    ],
  ]),
  ...weakenings('src/client/ini.ts', 'test/redos.test.ts', [
    [
      'settings: blanks at the end of a line are looked for at each blank',
      'return text.slice(0, end)',
      "return text.replace(/[ \\t\\f\\v]+$/, '')",
      'as a file of settings, take no time$|again and again$',
    ],
  ]),
  ...weakenings('src/yaml.ts', 'src/yaml.test.ts', [
    [
      'YAML: of any size',
      'if (Buffer.byteLength(text) > LIMITS.settings_bytes_max)',
      'if (false)',
      'up to its bound, and no further$',
    ],
    [
      'YAML: a malformed file is passed over',
      'if (broken !== undefined) throw refuse(`${file}:${lineOf(broken.pos[0])}`, `is not valid (${broken.code})`)',
      '',
      'for (a mistake|a key twice), in one',
    ],
    ['YAML: carriage returns alone', 'if (at >= 0) {', 'if (false) {', 'a carriage return alone, in one'],
    [
      'YAML: very deep lists end in a stack trace',
      "if (broken?.code === 'RESOURCE_EXHAUSTION') throw tooDeep(file, broken)",
      '',
      'lists in lists, in one',
    ],
  ]),
  ...weakenings('src/params.ts', 'src/params.test.ts', [
    [
      'params: a member that readers of objects leave out',
      "const problem = name === '__proto__' ? 'reserved' : (unusable(name) ?? unusable(item, depth - 1))",
      'const problem = unusable(name) ?? unusable(item, depth - 1)',
      '^parameters refuses .*__proto__',
    ],
  ]),
]
