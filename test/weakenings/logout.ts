// Logouts: what lets a stranger end a login, what lets a login outlive its logout, and what strangers may cost.
import { weakenings } from './rows.ts'

const LOGOUT_TEST = 'test/logout.test.ts'
const LIVE = 'src/live_logins.test.ts'
const PUBLIC = 'src/serve/public.test.ts'
const URI = 'src/commands/get_logout_uri.test.ts'

export const LOGOUT = [
  ...weakenings('src/is_object.ts', LOGOUT_TEST, [
    [
      'logout token: a list of events',
      "typeof value === 'object' && value !== null && !Array.isArray(value)",
      "typeof value === 'object' && value !== null",
      'BCL-03: event a list',
    ],
  ]),
  ...weakenings('src/oidc/logout_token.ts', LOGOUT_TEST, [
    [
      'logout token: of any issuer',
      'holds: (c, e) => c.iss === e.issuer,',
      'holds: () => true,',
      'BCL-05: of another issuer',
    ],
    [
      'logout token: for any client',
      'holds: ({ aud }, e) => (Array.isArray(aud) ? aud.includes(e.client_id) : aud === e.client_id),',
      'holds: () => true,',
      'BCL-(05: for|13)',
    ],
    [
      'logout token: of the future',
      'holds: (c, e) => isTime(c.iat) && c.iat <= e.now + tolerance,',
      'holds: (c) => isTime(c.iat),',
      'BCL-10: of the future',
    ],
    [
      'logout token: of any age',
      'holds: (c, e) => isTime(c.iat) && c.iat >= e.now - LIMITS.logout_token_seconds_max - tolerance,',
      'holds: () => true,',
      'BCL-10: of more than five minutes ago',
    ],
    [
      'logout token: not good yet',
      'holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),',
      'holds: () => true,',
      'BCL-10: (not good yet|of an nbf)',
    ],
    [
      'logout token: expired',
      'holds: (c, e) => c.exp === undefined || (isTime(c.exp) && e.now < c.exp + tolerance),',
      'holds: () => true,',
      'BCL-10: (expired|of an exp)',
    ],
    ['logout token: of nobody', '(sub !== undefined || sid !== undefined) &&', '', 'BCL-06: of neither'],
    ['logout token: of any sub', '(sub === undefined || isSubject(sub)) &&', '', 'BCL-06: of a sub'],
    [
      'logout token: of any sid',
      '(sid === undefined || isSession(sid)),',
      'true,',
      'BCL-06: of (an empty|a) sid',
    ],
    [
      'logout token: any other event',
      'isObject(events) && isObject(Object.getOwnPropertyDescriptor(events, LOGOUT_EVENT)?.value),',
      'isObject(events),',
      'BCL-03: (of another event|event )',
    ],
    [
      'logout token: a nonce of null',
      "holds: (c) => !Object.hasOwn(c, 'nonce'),",
      'holds: (c) => c.nonce == null,',
      'BCL-04',
    ],
    [
      'logout token: without jti',
      'holds: (c) => isName(c.jti, LIMITS.jti_characters_max),',
      'holds: () => true,',
      'BCL-09: (without|of a) jti',
    ],
    [
      'logout token: a JWT of any kind',
      "const registered = { ...registeredFor(client, 'id_token'), types: TYPES }",
      "const registered = { ...registeredFor(client, 'id_token'), types: [...TYPES, 'at+jwt', 'secevent+jwt'] }",
      'BCL-12',
    ],
    [
      'logout token: strangers spend the budget of logins',
      "const claims = await openJwt(op, client, logout_token, registered, 'stranger')",
      'const claims = await openJwt(op, client, logout_token, registered)',
      'BCL-16',
    ],
  ]),
  ...weakenings('src/oidc/keys.ts', LOGOUT_TEST, [
    [
      'keys: one budget for strangers and logins',
      'const budget = budgets[asker]',
      'const budget = budgets.login',
      'BCL-16: spends',
    ],
    [
      'keys: an OP that is away is asked for each token of a stranger',
      "if (asker === 'stranger' && fetching === undefined && !withinBudget(asker))",
      'if (false)',
      'BCL-16: does not make',
    ],
  ]),
  ...weakenings('src/public_desk.ts', LOGOUT_TEST, [
    [
      'logout token: works again and again',
      "if ((await spent.get([oxd_id, jti])) !== undefined) return { logins: 0, rule: 'replayed' }",
      '',
      'BCL-09: has no effect',
    ],
    [
      'logout token: its jti is soon forgotten',
      'const expires_at = now + limits.logout_token_seconds_max + 3 * limits.clock_tolerance_seconds',
      'const expires_at = now + 2',
      'BCL-09: has no effect',
    ],
    [
      'front channel: of any issuer',
      "if (iss !== issuer || sid === undefined || sid === '') throw new OxdError('foreign_logout')",
      "if (sid === undefined || sid === '') throw new OxdError('foreign_logout')",
      'FCL-01.* ignores everything else',
    ],
  ]),
  ...weakenings('src/serve/public.ts', LOGOUT_TEST, [
    [
      'public: the last of two parameters',
      'return Object.fromEntries([...once].filter(([name]) => !twice.has(name)))',
      'return Object.fromEntries(once)',
      'is a form with one',
    ],
    [
      'public: a body of any type',
      "if (!FORM.test(request.headers['content-type'] ?? '')) return { status: 415 }",
      '',
      'is a form with one',
    ],
    ['public: a body of any length', 'if (bytes > bytes_max) return undefined', '', 'is a form with one'],
  ]),
  ...weakenings('src/serve/public.ts', PUBLIC, [
    [
      'public: as many requests as a stranger likes',
      "if (!isWithin(sourceOf(request.socket))) return { status: 429, headers: { 'retry-after': '60' } }",
      '',
      'answers so many requests',
    ],
    [
      'public: any method',
      "if (method === undefined) return { status: 405, headers: { allow: route.methods.join(', ') } }",
      '',
      'knows the methods',
    ],
    ['public: answers are kept', "'cache-control': 'no-store',", '', 'keeps none'],
  ]),
  ...weakenings('src/live_logins.ts', LIVE, [
    [
      'live logins: a logout that came too early is forgotten',
      'const ended = await logoutOf(oxd_id, login)',
      'const ended = null as never',
      'does not begin when',
    ],
    [
      'live logins: a logout shuts the user out',
      'const mark = marks.find((found, i) => found !== undefined && found.value.at >= (since[i] ?? 0))',
      'const mark = marks.find((found) => found !== undefined)',
      'begins when the user logs in again',
    ],
    [
      'live logins: a session ends whoever it is said to be of',
      'if (login === undefined || (sub !== undefined && login.sub !== sub)) continue',
      'if (login === undefined) continue',
      'is said to be of another subject',
    ],
    [
      'live logins: a session ends all of its subject',
      'if (sid !== undefined && login.sid !== null && login.sid !== sid) continue',
      '',
      'of which the OP does not name the session',
    ],
    [
      'live logins: one without a session outlives the logout of its subject',
      '...(sub === undefined ? [] : [ofSub.list([oxd_id, sub])]),',
      '...(sub === undefined || sid !== undefined ? [] : [ofSub.list([oxd_id, sub])]),',
      'of which the OP does not name the session',
    ],
    [
      'live logins: one without a session begins after the logout of its subject',
      'sid === null ? logouts.get([oxd_id, sub]) : undefined,',
      'undefined,',
      'of which the OP does not name the session',
    ],
    [
      'live logins: strangers make oxd keep what they like',
      'if (lasting) {',
      'if (true) {',
      'costs nothing to end',
    ],
    [
      'live logins: fresh tokens for what has ended',
      "if (found.value.ended !== null) throw new OxdError('login_ended')",
      '',
      'goes on with fresh tokens',
    ],
  ]),
  ...weakenings('src/login.ts', LOGOUT_TEST, [
    [
      'login: tokens outlive the logout',
      "if (login !== undefined && login.ended !== null) throw new OxdError('login_ended')",
      '',
      'BCL-01',
    ],
  ]),
  ...weakenings('src/stranger_login.ts', 'test/stranger_login.test.ts', [
    [
      'third parties: each of their logins is pushed to the OP',
      'require_pushed_authorization_requests: site.settings.require_pushed_authorization_requests ?? false,',
      '',
      'THR-05: keeps nothing',
    ],
    [
      'third parties: they have all connections to an OP',
      "if ((underWay.get(issuer) ?? 0) >= stranger_requests_max) throw new OxdError('too_many_strangers')",
      '',
      'THR-05: has few',
    ],
    ['third parties: what is over counts on', 'add(-1)', '', 'THR-05: has few'],
  ]),
  ...weakenings('src/oidc/logout.ts', URI, [
    [
      'logout: the hint of anybody',
      'return iss !== issuer || !audiences.includes(client_id)',
      'return false',
      'RPL-04: refuses',
    ],
    [
      'logout: the hint of another client of the OP',
      'return iss !== issuer || !audiences.includes(client_id)',
      'return iss !== issuer',
      'RPL-04: refuses',
    ],
    ['logout: a hint that nobody can read', 'if (rest.length > 1) return true', '', 'RPL-04: refuses'],
  ]),
  ...weakenings('src/commands/get_logout_uri.ts', URI, [
    [
      'logout: the login lives on',
      "if (ending !== undefined) await liveLogins.end(oxd_id, ending, 'rp_initiated_logout')",
      '',
      'ends the login that is named',
    ],
  ]),
]
