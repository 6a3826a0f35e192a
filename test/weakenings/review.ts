// What an attacker found who read the whole of it: work without bound, sources that are many, tokens of another sort.
import { weakenings } from './rows.ts'

const REDOS = 'test/redos.test.ts'
const PUBLIC = 'src/serve/public.test.ts'

const STATUS = 'src/commands/id_token_status.test.ts'

export const REVIEW = [
  ...weakenings('src/serve/public.ts', PUBLIC, [
    [
      'public: one customer is a source for each of its addresses',
      "return [...front, ...zeros, ...back].slice(0, 4).join(':')",
      "return address.split(':').slice(0, 4).join(':')",
      'counts all addresses of one customer as one',
    ],
  ]),
  ...weakenings('src/oidc/authorization_response.ts', REDOS, [
    [
      'response: each parameter is compared with all others',
      'const twice = found.map(([name]) => name).find((name) => names.size === names.add(name).size)',
      'const all = found.map(([name]) => name); const twice = all.find((name, at) => names.size < 0 || all.indexOf(name) !== at)',
      'in a callback URL',
    ],
  ]),
  ...weakenings('src/oidc/jwt.ts', STATUS, [
    [
      'JWT: of any sort',
      'if (registered.types === undefined ? isOfOtherSort(typ) : !registered.types.some((type) => type === typ)) {',
      'if (registered.types?.some((type) => type === typ) === false) {',
      'of another sort',
    ],
    ['JWT: of a sort with a parameter behind it', ".replace(/;.*/s, '')", '', 'of another sort'],
    [
      'JWT: of a sort that is no text',
      "OTHER_SORTS.has(typ) || (typ !== undefined && typeof typ !== 'string')",
      'OTHER_SORTS.has(typ)',
      'of another sort',
    ],
  ]),
  ...weakenings('src/oidc/id_token.ts', STATUS, [
    [
      'ID Token: a logout token',
      'holds: (c) => c.events === undefined,',
      'holds: () => true,',
      'of another sort',
    ],
  ]),
  ...weakenings('src/oidc/userinfo.ts', 'src/oidc/userinfo.test.ts', [
    [
      'userinfo: signed, and good for ever',
      '(exp === undefined || (isTime(exp) && now < exp + tolerance)) &&',
      '(exp === undefined || isTime(exp)) &&',
      'an expiry of long ago',
    ],
    [
      'userinfo: signed, and not good yet',
      '(nbf === undefined || (isTime(nbf) && nbf <= now + tolerance))',
      '(nbf === undefined || isTime(nbf))',
      'a time to come',
    ],
  ]),
  ...weakenings('src/oidc/authorization.ts', 'src/commands/get_authorization_url.test.ts', [
    ['request: a request object is a client assertion', "'sub',", '', 'what belongs to oxd'],
    ['request: a caller proves who the client is', "'client_assertion',", '', 'what belongs to oxd'],
  ]),
  ...weakenings('src/webhooks.ts', 'src/webhooks.test.ts', [
    [
      'webhook: an eleventh try',
      'if (webhook === undefined || webhook.off !== null || found.value.tries > PAUSES_SECONDS.length)',
      'if (webhook === undefined || webhook.off !== null)',
      'ten times at most',
    ],
  ]),
  ...weakenings('src/oidc/op.ts', 'test/stranger_login.test.ts', [
    [
      'metadata: fetched for each stranger',
      "if (asker === 'stranger' && !isKnown && !context.mayStrangerFetch()) {",
      "if (asker === 'stranger' && isKnown && !isKnown) {",
      'asks an OP that fails no more than five times',
    ],
  ]),
  ...weakenings('src/commands/validate.ts', 'src/commands/validate.test.ts', [
    [
      'validate: a login of any session',
      'const login = await logins.inspect(termsOf(site), state, session_binding)',
      "const login = await logins.inspect(termsOf(site), state, 'a'.repeat(43))",
      'is of the session',
    ],
  ]),
]
