// BCL, FCL, RPL, THR: what keeps strangers from ending logins, and ended logins from living on, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_LOGOUT = [
  ...weakenedCases('src/oidc/logout_token.ts', [
    ['a logout token of any issuer', 'holds: (c, e) => c.iss === e.issuer,', 'holds: () => true,', 'BCL-05'],
    [
      'a logout token for anybody',
      'holds: ({ aud }, e) => (Array.isArray(aud) ? aud.includes(e.client_id) : aud === e.client_id),',
      'holds: () => true,',
      'BCL-05 BCL-13',
    ],
    [
      'a logout token for one client alone',
      'holds: ({ aud }, e) => (Array.isArray(aud) ? aud.includes(e.client_id) : aud === e.client_id),',
      'holds: ({ aud }, e) => aud === e.client_id,',
      'BCL-05',
    ],
    [
      'a logout token of the future',
      'holds: (c, e) => isTime(c.iat) && c.iat <= e.now + tolerance,',
      'holds: () => true,',
      'BCL-10',
    ],
    [
      'a logout token that is not good yet',
      'holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),',
      'holds: () => true,',
      'BCL-10',
    ],
    [
      'a logout token of any day',
      'holds: (c, e) => isTime(c.iat) && c.iat >= e.now - LIMITS.logout_token_seconds_max - tolerance,',
      'holds: () => true,',
      'BCL-10',
    ],
    [
      'a logout token that has expired',
      'holds: (c, e) => c.exp === undefined || (isTime(c.exp) && e.now < c.exp + tolerance),',
      'holds: () => true,',
      'BCL-10',
    ],
    [
      'a logout token without exp is refused',
      'holds: (c, e) => c.exp === undefined || (isTime(c.exp) && e.now < c.exp + tolerance),',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,',
      'BCL-10',
    ],
    ['a logout token about nobody', '(sub !== undefined || sid !== undefined) &&', '', 'BCL-06'],
    ['a logout token of any sub', '(sub === undefined || isSubject(sub)) &&', '', 'BCL-06'],
    ['a logout token of any sid', '(sid === undefined || isSession(sid)),', 'true,', 'BCL-06'],
    [
      'a logout token of any event',
      'isObject(events) && isObject(Object.getOwnPropertyDescriptor(events, LOGOUT_EVENT)?.value),',
      'true,',
      'BCL-03',
    ],
    [
      'an event of any type',
      'isObject(events) && isObject(Object.getOwnPropertyDescriptor(events, LOGOUT_EVENT)?.value),',
      'isObject(events) && Object.hasOwn(events, LOGOUT_EVENT),',
      'BCL-03',
    ],
    [
      'a logout token with a nonce of nothing',
      "holds: (c) => !Object.hasOwn(c, 'nonce'),",
      'holds: (c) => !c.nonce,',
      'BCL-04',
    ],
    [
      'a logout token without a name',
      'holds: (c) => isName(c.jti, LIMITS.jti_characters_max),',
      'holds: () => true,',
      'BCL-09',
    ],
    [
      'a logout token of any type',
      "const registered = { ...registeredFor(client, 'id_token'), types: TYPES }",
      "const registered = { ...registeredFor(client, 'id_token'), types: [...TYPES, 'at+jwt', 'secevent+jwt'] }",
      'BCL-12',
    ],
    [
      'a logout token without a type is refused',
      "const TYPES = [undefined, 'logout+jwt', 'jwt']",
      "const TYPES = ['logout+jwt']",
      'BCL-01',
    ],
    [
      'strangers spend what logins need',
      "const claims = await openJwt(op, client, logout_token, registered, 'stranger')",
      'const claims = await openJwt(op, client, logout_token, registered)',
      'BCL-16',
    ],
  ]),
  ...weakenedCases('src/oidc/keys.ts', [
    [
      'a logout token of any key',
      'const { payload } = await compactVerify(jws, imported, { algorithms: [alg] })',
      "return { payload: Buffer.from(jws.split('.')[1] ?? '', 'base64url') }",
      'BCL-02',
      [['return { payload }', '']],
    ],
    [
      'the OP is asked for its keys by each stranger',
      'if (budget.refetches.length >= limits.key_refetches_per_minute) return false',
      '',
      'BCL-16',
    ],
  ]),
  ...weakenedCases('src/oidc/jwt.ts', [
    ['a logout token of any algorithm', 'if (alg !== registered.alg) {', 'if (false) {', 'BCL-02'],
    [
      'plain where encryption was agreed',
      "if (!isEncrypted(jwt)) throw new OxdError('id_token_not_encrypted')",
      'if (!isEncrypted(jwt)) return jwt',
      'BCL-17',
    ],
    [
      'encrypted where nothing was agreed',
      "if (isEncrypted(jwt)) throw new OxdError('id_token_encrypted')",
      '',
      'BCL-17',
    ],
  ]),
  ...weakenedCases('src/public_desk.ts', [
    [
      'a logout token works again and again',
      "if ((await spent.get([oxd_id, jti])) !== undefined) return { logins: 0, rule: 'replayed' }",
      '',
      'BCL-09',
    ],
    [
      'a logout that came too early leaves no mark',
      "const logins = await liveLogins.endAll(oxd_id, about, 'back_channel_logout', { lasting: true })",
      "const logins = await liveLogins.endAll(oxd_id, about, 'back_channel_logout', { lasting: false })",
      'BCL-18',
    ],
    [
      'over the front channel any issuer',
      "if (iss !== issuer || sid === undefined || sid === '') throw new OxdError('foreign_logout')",
      "if (sid === undefined || sid === '') throw new OxdError('foreign_logout')",
      'FCL-01',
    ],
    [
      'over the front channel any session',
      'const about = { sid, sub: undefined }',
      "const about = { sid: undefined, sub: 'alice' }",
      'FCL-01',
    ],
  ]),
  ...weakenedCases('src/live_logins.ts', [
    [
      'what is just fetched outlives its logout',
      'const ended = await logoutOf(oxd_id, login)',
      'const ended = null as never',
      'BCL-18',
    ],
    [
      'a session is all that its user has',
      'if (sid !== undefined && login.sid !== null && login.sid !== sid) continue',
      '',
      'BCL-08 BCL-15',
      [
        [
          '...(sid === undefined ? [] : [ofSid.list([oxd_id, sid])]),',
          "...(sid === undefined ? [] : [ofSub.list([oxd_id, sub ?? 'alice'])]),",
        ],
      ],
    ],
    [
      'a login is not found by its subject',
      'ofSub.writes.put([oxd_id, sub, login_id], { login_id }, kept),',
      '',
      'BCL-08',
      // What was not found is known to have ended by the mark of its logout.
      [["logouts.get([oxd_id, '', sub]),", 'undefined,']],
    ],
  ]),
  ...weakenedCases('src/serve/public.ts', [
    ['pages of logouts are kept', "'cache-control': 'no-store',", '', 'FCL-02'],
    [
      'pages of logouts may load anything',
      "headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': \"default-src 'none'\" },",
      "headers: { 'content-type': 'text/html; charset=utf-8' },",
      'FCL-02',
    ],
    ['logins of strangers by GET alone', "methods: ['GET', 'POST'],", "methods: ['GET'],", 'THR-01'],
  ]),
  ...weakenedCases('src/oidc/discovery.ts', [
    [
      'a logout at any address',
      'end_session_endpoint: endpoint.optional(),',
      'end_session_endpoint: z.string().optional(),',
      'RPL-01',
    ],
    [
      'a logout at http',
      "if (typeof value === 'string' && !value.startsWith('https:')) {",
      'if (false) {',
      'RPL-01',
    ],
  ]),
  ...weakenedCases('src/oidc/logout.ts', [
    [
      'a logout without an address',
      'if (metadata.end_session_endpoint === undefined) {',
      'if (false) {',
      'RPL-01',
    ],
    [
      'the query of the OP comes first',
      'if (value !== undefined) url.searchParams.set(name, value)',
      'if (value !== undefined) url.searchParams.append(name, value)',
      'RPL-01',
    ],
    [
      'the hint of anybody',
      'return iss !== issuer || !audiences.includes(client_id)',
      'return false',
      'RPL-04',
    ],
    ['a hint that nobody can read', 'if (rest.length > 1) return true', '', 'RPL-04'],
  ]),
  ...weakenedCases('src/commands/get_logout_uri.ts', [
    [
      'back to any page after the logout',
      '!registered.includes(post_logout_redirect_uri)',
      'false',
      'RPL-03',
    ],
    [
      'without a hint the last user is meant',
      'const last = settings.remember_last_login ? await logins.lastIdToken(termsOf(site)) : undefined',
      "const last = 'the.last.one'",
      'RPL-04',
    ],
  ]),
  ...weakenedCases('src/stranger_login.ts', [
    [
      'logins of strangers are pushed to the OP',
      'require_pushed_authorization_requests: site.settings.require_pushed_authorization_requests ?? false,',
      '',
      'THR-05',
    ],
  ]),
  ...weakenedCases('src/commands/initiate_third_party_login.ts', [
    ['a login at any issuer', "if (iss !== issuer) throw fail('foreign_iss')", '', 'THR-02'],
    [
      'a login for any page',
      'if (target_link_uri !== undefined && !origins.includes(originOf(target_link_uri))) {',
      'if (false) {',
      'THR-03',
    ],
    [
      'a login for a page that begins like ours',
      'if (target_link_uri !== undefined && !origins.includes(originOf(target_link_uri))) {',
      'if (target_link_uri !== undefined && !origins.some((origin) => target_link_uri.startsWith(String(origin)))) {',
      'THR-03',
    ],
  ]),
]
