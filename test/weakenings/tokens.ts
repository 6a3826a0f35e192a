// Signatures; tokens that are none; userinfo of another subject; an access token from elsewhere.
import { weakenings } from './rows.ts'

const TOKENS_TEST = 'src/commands/get_tokens_by_code.test.ts'
const USER_INFO_TEST = 'src/commands/get_user_info.test.ts'

export const TOKENS = [
  ...weakenings('src/oidc/keys.ts', TOKENS_TEST, [
    [
      'keys: any number is tried for one token',
      'for (const key of keys.slice(0, limits.signature_tries_max)) {',
      'for (const key of keys) {',
      '^get_tokens_by_code tries four keys',
    ],
    [
      'keys: a kid has any length',
      "if (typeof kid !== 'string' || kid.length > limits.kid_characters_max) {",
      "if (typeof kid !== 'string') {",
      '^get_tokens_by_code takes the name of a key',
    ],
    [
      'keys: any signature',
      'const { payload } = await compactVerify(jws, imported, { algorithms: [alg] })',
      "const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url')",
      '^get_tokens_by_code refuses (a key of somebody else|a key in the header|a flipped bit|an empty signature)',
    ],
    [
      'keys: of any name',
      '(kid === undefined || key.kid === kid),',
      'true,',
      '^get_tokens_by_code refuses a kid that nobody publishes',
    ],
    [
      'keys: for encryption',
      "(key.use === undefined || key.use === 'sig') &&",
      '',
      '^get_tokens_by_code refuses keys for encryption',
    ],
    [
      'keys: for other operations',
      "(key.key_ops === undefined || key.key_ops.includes('verify')) &&",
      '',
      '^get_tokens_by_code refuses keys for other operations',
    ],
    [
      'keys: for another algorithm',
      '(key.alg === undefined || key.alg === alg) &&',
      '',
      '^get_tokens_by_code refuses keys for another algorithm',
    ],
    [
      'keys: any number',
      'if (keys.length > limits.jwks_keys_max) {',
      'if (false) {',
      '^get_tokens_by_code refuses more keys than anybody has',
    ],
    [
      'keys: fetched as often as a stranger likes',
      'if (budget.refetches.length >= limits.key_refetches_per_minute) return false',
      '',
      '^get_tokens_by_code fetches keys anew within a budget',
    ],
    [
      'keys: a kid that was not found once is never looked for again',
      'budget.unknownKids = budget.unknownKids.filter(({ at }) => isRecent(at, limits.unknown_kid_ms))',
      '',
      '^get_tokens_by_code is not locked out by keys that came too late',
    ],
    [
      'keys: fetched by each who waits',
      '(fetching ??= fetchKeys().finally(() => {',
      '(fetching = fetchKeys().finally(() => {',
      '^get_tokens_by_code fetches metadata and keys once for a hundred that wait',
    ],
  ]),
  ...weakenings('src/oidc/token.ts', TOKENS_TEST, [
    [
      'tokens: a refusal is an answer',
      'if (isRefused) throw grantRefused(answer, codes)',
      '',
      '^get_tokens_by_code refuses (a refused code|a refused client|a broken OP)',
    ],
    [
      'tokens: no ID Token',
      "if (!tokens.id_token) throw new OxdError('no_id_token')",
      '',
      '^get_tokens_by_code refuses no ID Token',
    ],
    [
      'tokens: no access token',
      "if (!tokens.access_token) throw new OxdError('no_access_token')",
      '',
      '^get_tokens_by_code refuses no access token',
    ],
    [
      'tokens: of any type',
      String.raw`token_type: z.string().regex(/^bearer$/i),`,
      'token_type: z.string(),',
      '^get_tokens_by_code refuses a token type that is no bearer',
    ],
  ]),
  ...weakenings('src/oidc/userinfo.ts', USER_INFO_TEST, [
    [
      'userinfo: of another subject',
      "if (sub !== undefined && claims.sub !== sub) throw new OxdError('invalid_subject_identifier')",
      '',
      '^get_user_info refuses (another subject|the subject in other letters)',
    ],
    [
      'userinfo: of no subject',
      "if (typeof claims.sub !== 'string' || claims.sub === '') throw new OxdError('no_subject_identifier')",
      '',
      '^get_user_info refuses (no subject|the subject in a list)',
    ],
    [
      'userinfo: of any content type',
      'if (!wanted.test(type)) {',
      'if (false) {',
      '^get_user_info refuses JSON that is announced as something',
    ],
    [
      'userinfo: a refusal is an answer',
      "if (response.status !== 200) throw refusal('userinfo', response, [access_token])",
      '',
      '^get_user_info refuses (missing scope|a broken OP)',
    ],
    [
      'userinfo: a refused token',
      "if (response.status === 401) throw new OxdError('invalid_access_token')",
      '',
      '^get_user_info refuses a token that the OP refuses',
    ],
  ]),
  ...weakenings('src/commands/get_user_info.ts', USER_INFO_TEST, [
    [
      'userinfo: for a token from elsewhere',
      "if (known === undefined && !site.settings.accept_foreign_tokens) throw fail('foreign_access_token')",
      '',
      '^get_user_info refuses a token from elsewhere',
    ],
  ]),
]
