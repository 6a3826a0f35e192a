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
  ...weakenings('src/params.ts', 'src/params.test.ts', [
    [
      'params: items of any number',
      "if (entries.length > LIMITS.param_items_max) return 'too_many'",
      '',
      '^parameters refuses \\{"(jwks|scope)"',
    ],
  ]),
  ...weakenings('src/fields.ts', 'src/params.test.ts', [
    [
      'fields: maps of any number of members',
      '(members) => Object.keys(members).length <= LIMITS.list_items_max,',
      '() => true,',
      '^parameters refuses \\{"params":\\{"m0"',
    ],
  ]),
  ...weakenings('src/site_settings.ts', 'src/commands/register_site.test.ts', [
    [
      'fields: any number of scopes in one text',
      'if (tokens.length > LIMITS.param_items_max) {',
      'if (false) {',
      'refuses \\{"scope":\\["a a',
    ],
    [
      'register: keys in a text that is read laxly',
      "const value = typeof jwks === 'string' ? parseJson(jwks) : jwks",
      "const value = typeof jwks === 'string' ? JSON.parse(jwks) : jwks",
      'refuses \\{"jwks":',
    ],
    [
      'register: keys in a text with members that readers leave out',
      "if (unusable(value) !== undefined) throw refused('is no JWK Set')",
      '',
      'refuses \\{"jwks":',
    ],
  ]),
  ...weakenings('src/commands/uma_rs_protect.ts', 'src/commands/uma_rs_protect.test.ts', [
    [
      'UMA: a site has any number of conditions, a few at a time',
      'if (all.length > LIMITS.uma_resources_max || isTooLarge(all)) throw tooMany()',
      'if (isTooLarge(all)) throw tooMany()',
      'keeps no more conditions of a site',
    ],
    [
      'UMA: conditions of any size, a few at a time',
      'if (all.length > LIMITS.uma_resources_max || isTooLarge(all)) throw tooMany()',
      'if (all.length > LIMITS.uma_resources_max) throw tooMany()',
      'uma_resources_characters_max',
    ],
  ]),
  ...weakenings('src/oidc/json.ts', 'src/oidc/json.test.ts', [
    [
      'JSON: any number of items',
      'if (commas > commas_max) return false',
      '',
      'up to their bound, and not one more',
    ],
  ]),
  ...weakenings('src/live_logins.ts', 'src/live_logins.test.ts', [
    [
      'live logins: very many end in one piece',
      'await setImmediate()',
      '',
      'without keeping anybody else waiting',
    ],
    [
      'live logins: a session is gone through again at each logout',
      'return { ended: { login_id, sub, sid, why, at }, writes: [swap, ...unnamed] }',
      'return { ended: { login_id, sub, sid, why, at }, writes: [swap] }',
      'a repeated logout finds none',
    ],
  ]),
  ...weakenings('src/store/store.ts', 'src/store/store.test.ts', [
    [
      'store: a long list in one piece',
      '// Engines may answer at once: who reads very much must let others have their turn.',
      'if (prefix !== undefined) continue',
      'between the pages of a list',
    ],
  ]),
  ...weakenings('src/site_settings.ts', 'src/commands/register_site.test.ts', [
    [
      'register: attributes add up from change to change',
      'if (count > FURTHER_MAX && count > Object.keys(before).length) {',
      'if (false) {',
      'hands on what else the OP is told',
    ],
  ]),
  ...weakenings('src/oidc/registration.ts', 'src/oidc/registration.test.ts', [
    [
      'registration: an address for changes of any length',
      "if (uri.length > LIMITS.url_characters_max) return 'elsewhere'",
      '',
      'elsewhere goes no token',
    ],
  ]),
  ...weakenings('src/fields.ts', 'src/params.test.ts', [
    [
      'fields: a URL of any length is parsed',
      'if (value.length > LIMITS.url_characters_max) return false',
      '',
      '^parameters parses no URL that is too long',
    ],
  ]),
  ...weakenings('src/moving/legacy_config.ts', 'src/moving/legacy_config.test.ts', [
    [
      'legacy: a file that is too long is told of its environment',
      'if (Buffer.byteLength(file.text) > limits.settings_bytes_max)',
      'if (false)',
      'an environment that grows without end is refused',
    ],
  ]),
]
