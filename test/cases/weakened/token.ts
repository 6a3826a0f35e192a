// TOK: what keeps a broken token endpoint from doing harm, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_TOKEN = [
  ...weakenedCases('src/oidc/client_auth.ts', [
    [
      'a byte order mark is cut off',
      "const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })",
      "const UTF8 = new TextDecoder('utf-8')",
      'TOK-21',
    ],
  ]),
  ...weakenedCases('src/oidc/said.ts', [
    [
      'members are copied by their names',
      'const object = JSON_OBJECT.safeParse(parseJson(text))',
      'const into = (to, from) => { for (const k in from) { if (typeof from[k] === "object" && from[k] !== null) into((to[k] ??= Array.isArray(from[k]) ? [] : {}), from[k]); else to[k] = from[k] } return to }; const read = parseJson(text); const object = JSON_OBJECT.safeParse(read && into({}, read))',
      'DSC-14 TOK-13',
    ],
    ['JSON of any type', 'if (!JSON_TYPE.test(type)) {', 'if (false) {', 'DSC-10 TOK-06'],
  ]),
  ...weakenedCases('src/oidc/json.ts', [
    ['a member may stand twice', 'if (names.has(name)) return false', '', 'DSC-11 TOK-21 IDT-02'],
    [
      'JSON of any depth',
      'if (open.length > LIMITS.json_depth_max) return false',
      '',
      'DSC-14 TOK-12 IDT-28',
    ],
    ['JSON of any number of members', 'if (members > members_max) return false', '', 'TOK-12 UIN-07'],
  ]),
  ...weakenedCases('src/oidc/token.ts', [
    [
      'tokens of any characters',
      'const token = z.string().regex(/^[\\x20-\\x7e]+$/)',
      'const token = z.string()',
      'TOK-15',
    ],
    [
      'tokens of any type',
      'token_type: z.string().regex(/^bearer$/i),',
      'token_type: z.unknown(),',
      'TOK-16',
    ],
    [
      'a scope of any type',
      'scope: z.preprocess(withoutEmpty, z.string().nullish()),',
      'scope: z.any(),',
      'TOK-18',
    ],
    [
      'a token request is sent again',
      'const answer = await requestGrant(op, client, grant_type, parameters)',
      'const answer = await requestGrant(op, client, grant_type, parameters).then((first) => first.status === 200 ? first : Promise.reject(first)).catch(() => requestGrant(op, client, grant_type, parameters))',
      'TOK-01 TOK-02 TOK-03 TOK-05 TOK-07 TOK-08',
    ],
    [
      'who gets no answer gets that of somebody else',
      'const answer = await requestGrant(op, client, grant_type, parameters)',
      'const answer = await requestGrant(op, client, grant_type, parameters).then((got) => (globalThis.got = got), (error) => globalThis.got ?? Promise.reject(error))',
      'TOK-23',
    ],
    [
      'an error is one under another status alone',
      'const isRefused = answer.status !== 200 || oauthError(answer, answer.secrets) !== undefined',
      'const isRefused = answer.status !== 200',
      'TOK-01',
    ],
    ['a login without an ID Token', "if (!tokens.id_token) throw new OxdError('no_id_token')", '', 'TOK-14'],
  ]),
  ...weakenedCases('src/oidc/http.ts', [
    [
      'redirects are followed',
      "throw redirected(url, status, got.get('location'), show)",
      "return request({ ...asked, url: new URL(got.get('location') ?? '', url) })",
      'DSC-09 REG-06 TOK-05 SSR-08 UIN-06',
    ],
    [
      'a Location is a redirect, whatever the status',
      'if (status >= 300 && status < 400) {',
      "if (got.get('location')) {",
      'TOK-25',
    ],
    [
      'an OP may take any time',
      'const deadline = AbortSignal.timeout(limits.op_total_ms)',
      'const deadline = AbortSignal.timeout(60_000)',
      'TOK-08',
    ],
    ['headers without end', 'maxHeaderSize: limits.op_header_bytes_max,', 'maxHeaderSize: 1e9,', 'TOK-20'],
  ]),
  ...weakenedCases('src/oidc/connect.ts', [
    [
      'certificates of anybody',
      'return await tls(target, true, signal)',
      'return await tls(target, false, signal)',
      'TOK-24',
    ],
  ]),
  ...weakenedCases('src/oidc/answer.ts', [
    [
      'half an answer is an answer',
      'throw malformed(`The answer of ${origin} broke off or is garbled (${codeOf(error)})`)',
      'return Buffer.concat(chunks).toString()',
      'TOK-07',
    ],
    [
      'an answer of any size',
      'if (bytes > max) throw tooLarge',
      '',
      'DSC-13 TOK-09 TOK-10 TOK-12 UIN-07',
      // What is announced is refused before it is counted.
      [["if (Number(headers.get('content-length')) > max) throw tooLarge", '']],
    ],
    [
      'any bytes are text',
      "return new TextDecoder('utf-8', { fatal: status < 300, ignoreBOM: true }).decode(Buffer.concat(chunks))",
      "return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(chunks))",
      'TOK-21',
    ],
  ]),
  ...weakenedCases('src/oidc/jwt.ts', [
    [
      'claims are copied by their names',
      'return CLAIMS.parse(parseJson(UTF8.decode(bytes), members_max))',
      'const into = (to, from) => { for (const k in from) { if (typeof from[k] === "object" && from[k] !== null) into((to[k] ??= Array.isArray(from[k]) ? [] : {}), from[k]); else to[k] = from[k] } return to }; return into({}, CLAIMS.parse(parseJson(UTF8.decode(bytes), members_max)))',
      'IDT-29',
    ],
    ['an ID Token of any size', 'if (jws.length > LIMITS.token_characters_max) {', 'if (false) {', 'IDT-28'],
    [
      'an expression that tracks back',
      'const COMPACT = /^[\\w-]+\\.[\\w-]+\\.[\\w-]*$/',
      'const COMPACT = /^(?:[\\w-]+)+\\.(?:[\\w-]+)+\\.[\\w-]*$/',
      'DOS-01',
    ],
  ]),
  ...weakenedCases('src/fields.ts', [
    [
      'the end of a fragment is looked for at each of its characters',
      '(value) => isPlainUri(withoutFragment(value)),',
      "(value) => isPlainUri(value.replace(/#.*$/, '')),",
      'DOS-01',
    ],
  ]),
]
