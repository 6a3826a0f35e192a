// Broken JSON, wrong types, missing parameters, unknown sites; and what an answer may say.
import { weakenings } from './rows.ts'

export const REQUESTS = [
  ...weakenings('src/dispatch.ts', 'src/dispatch.test.ts', [
    [
      'dispatch: a command that does not exist is looked up all the same',
      "if (command === undefined) throw new OxdError('unsupported_operation')",
      '',
      '^requests over the socket answers \\{"command":"test"\\}',
    ],
    [
      'dispatch: params of any type',
      "if (!isObject(params)) throw new OxdError('malformed_params', { what: 'params must be an object.' })",
      '',
      '^requests over the socket answers .*"params":\\[\\]',
    ],
    [
      'dispatch: a site that is not there',
      "if (site === undefined) throw new OxdError('invalid_oxd_id')",
      '',
      '^requests over the socket answers .*with invalid_oxd_id',
    ],
    [
      'dispatch: the text of an unknown exception leaves',
      "return new OxdError('internal_error', { cause: error })",
      "return new OxdError('internal_error', { what: String(error) })",
      '^dispatch lets no text of an unknown exception out',
    ],
    [
      'dispatch: the text of an unknown exception is logged',
      'exception: name,',
      'exception: String(error),',
      '^dispatch lets no text of an unknown exception out',
    ],
    [
      'dispatch: the log holds whole oxd_ids',
      "typeof oxd_id === 'string' && OXD_ID.test(oxd_id) ? oxd_id.slice(0, 8) : undefined",
      'String(oxd_id)',
      '^requests over the socket logs one line for each',
    ],
    [
      'dispatch: the log holds what is no oxd_id',
      "typeof oxd_id === 'string' && OXD_ID.test(oxd_id) ? oxd_id.slice(0, 8) : undefined",
      "typeof oxd_id === 'string' ? oxd_id.slice(0, 8) : undefined",
      '^dispatch logs nothing of what is no oxd_id',
    ],
    [
      'dispatch: a reply that no client can read',
      "if (fits?.(envelope) === false) throw new OxdError('reply_too_large')",
      '',
      '^dispatch says in one line of the log, under one reference',
    ],
  ]),
  ...weakenings('src/dispatch.ts', 'src/dispatch.test.ts', [
    [
      'dispatch: the log holds the text of an unknown exception from its second line on',
      "const frames = stack?.split('\\n').filter((line) => line.startsWith('    at '))",
      "const frames = stack?.split('\\n').slice(1)",
      '^dispatch lets no text of an unknown exception out',
    ],
  ]),
  ...weakenings('src/log.ts', 'src/log.test.ts', [
    [
      'log: a terminal obeys what others wrote',
      "const shown = (value: unknown): string => String(value).replaceAll(/\\p{C}/gu, '�')",
      'const shown = (value: unknown): string => String(value)',
      '^the log is readable on a terminal',
    ],
  ]),
  ...weakenings('src/params.ts', 'src/params.test.ts', [
    [
      'params: a missing parameter is a malformed one',
      'if (params[name] === undefined) {',
      'if (false) {',
      '^parameters refuses \\{"oxd_id":null\\}',
    ],
    [
      'params: errors do not name the parameter',
      'what: `${name}${position}: ${REASONS[issue.code]?.(issue) ?? issue.message}.`,',
      'what: `${REASONS[issue.code]?.(issue) ?? issue.message}.`,',
      '^parameters refuses \\{"scope":\\{"a":1\\}\\}',
    ],
    [
      'params: errors repeat the value',
      'what: `${name}${position}: ${REASONS[issue.code]?.(issue) ?? issue.message}.`,',
      'what: `${name}: ${String(params[name])}`,',
      '^parameters never repeats a value',
    ],
    [
      'params: read from prototypes',
      'Object.hasOwn(sent, name) ? taken(schema, sent[name]) : undefined,',
      'taken(schema, sent[name]),',
      '^parameters reads nothing from prototypes$',
    ],
    [
      'params: an empty value is a value',
      'return isEmpty(result) ? undefined : result',
      'return result',
      '^parameters reads \\{"prompt":',
    ],
  ]),
  ...weakenings('src/fields.ts', 'src/params.test.ts', [
    ['fields: texts of any length', '.max(max)', '', '^parameters (refuses \\{"oxd_id":"xxx|never repeats)'],
    [
      'fields: addresses with a scheme that runs scripts',
      "return !SCRIPT_SCHEMES.has(protocol) && username === '' && password === ''",
      "return username === '' && password === ''",
      '^parameters refuses \\{"client_uri":"javascript',
    ],
    [
      'fields: addresses with a user name',
      "return !SCRIPT_SCHEMES.has(protocol) && username === '' && password === ''",
      'return !SCRIPT_SCHEMES.has(protocol)',
      '^parameters refuses \\{"client_uri":"https://user',
    ],
    [
      'fields: addresses with any character',
      "if (UNPRINTABLE.test(value) || value.includes('#') || !URL.canParse(value)) return false",
      "if (value.includes('#') || !URL.canParse(value)) return false",
      '^parameters refuses \\{"client_uri":"https://(ä|a.example/\\\\n)',
    ],
  ]),
  ...weakenings('src/fields.ts', 'src/commands/register_site.test.ts', [
    [
      'fields: redirect URIs that are none',
      ".refine(isPlainUri, 'must be an absolute URL in ASCII without fragment, user name or password')",
      '',
      '^register_site refuses \\{"authorization_redirect_uri":"(callback|https://a.example/#x)',
    ],
  ]),
  ...weakenings('src/params.ts', 'src/commands/register_site.test.ts', [
    [
      'params: a wrong type is a wrong value',
      "return new OxdError(wrongType ? 'malformed_params' : (meta?.invalid ?? 'malformed_params'), {",
      "return new OxdError(meta?.invalid ?? 'malformed_params', {",
      '^register_site refuses \\{"authorization_redirect_uri":\\["https',
    ],
  ]),
  ...weakenings('src/limits.ts', 'src/commands/register_site.test.ts', [
    [
      'fields: lists of any length',
      'list_items_max: 100,',
      'list_items_max: 100_000,',
      '^register_site refuses \\{"contacts":',
    ],
  ]),
  ...weakenings('src/site.ts', 'src/commands/register_site.test.ts', [
    [
      'site: a secret that expires at no time',
      'if (!Number.isFinite(at)) {',
      'if (false) {',
      '^register_site refuses .*"client_secret_expires_at"',
    ],
  ]),
  ...weakenings('src/site_settings.ts', 'src/commands/register_site.test.ts', [
    [
      'site: scopes of any characters',
      'if (tokens.some((token) => !SCOPE_TOKEN.test(token))) {',
      'if (false) {',
      '^register_site refuses \\{"scope":\\["open',
    ],
    [
      'site: a scope without openid',
      "return given(tokens.includes('openid') ? tokens : ['openid', ...tokens])",
      'return given(tokens)',
      '^register_site tells the OP everything',
    ],
    [
      'site: other flows than that of the code',
      'if (!types.some((type) => responseTypeOf(type) !== undefined)) {',
      'if (false) {',
      '^register_site refuses \\{"response_types":',
    ],
  ]),
]
