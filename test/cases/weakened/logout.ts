// BCL, FCL, RPL and THR: what keeps logouts to whom they belong, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

const ANYBODY = 'holds: () => true,'

export const WEAKENED_LOGOUT = [
  ...weakenedCases('src/oidc/logout_token.ts', [
    ['a logout of any issuer', 'holds: (c, e) => c.iss === e.issuer,', ANYBODY, 'BCL-05'],
    [
      'a logout for any client',
      'holds: ({ aud }, e) => (Array.isArray(aud) ? aud.includes(e.client_id) : aud === e.client_id),',
      ANYBODY,
      'BCL-05 BCL-13',
    ],
    ['a logout with a nonce', "holds: (c) => !Object.hasOwn(c, 'nonce'),", ANYBODY, 'BCL-04'],
    [
      'a logout without events',
      'isObject(events) && isObject(Object.getOwnPropertyDescriptor(events, LOGOUT_EVENT)?.value),',
      'true,',
      'BCL-03',
    ],
    ['a logout of nobody', '(sub !== undefined || sid !== undefined) &&', '', 'BCL-06'],
    ['a logout without a name', 'holds: (c) => isName(c.jti, LIMITS.jti_characters_max),', ANYBODY, 'BCL-09'],
    [
      'an expired logout',
      'holds: (c, e) => c.exp === undefined || (isTime(c.exp) && e.now < c.exp + tolerance),',
      ANYBODY,
      'BCL-10',
    ],
  ]),
  ...weakenedCases('src/oidc/jwt.ts', [
    [
      'tokens of any kind',
      'if (registered.types?.some((type) => type === typ) === false) {',
      'if (false) {',
      'BCL-12',
    ],
    ['logouts by any algorithm', 'if (alg !== registered.alg) {', 'if (false) {', 'BCL-02'],
  ]),
  ...weakenedCases('src/public_desk.ts', [
    [
      'a logout has its effect each time',
      "if ((await spent.get([oxd_id, jti])) !== undefined) return { logins: 0, rule: 'replayed' }",
      '',
      'BCL-09',
    ],
    [
      'a page ends any session',
      "if (iss !== issuer || sid === undefined || sid === '') throw new OxdError('foreign_logout')",
      '',
      'FCL-01',
    ],
  ]),
  ...weakenedCases('src/commands/get_logout_uri.ts', [
    ['a logout leads anywhere', '!registered.includes(post_logout_redirect_uri)', 'false', 'RPL-03'],
    [
      'the hint of anybody',
      "if (isForeignHint(id_token_hint, issuer, client.client_id)) throw fail('foreign_id_token_hint')",
      '',
      'RPL-04',
    ],
  ]),
  ...weakenedCases('src/oidc/logout.ts', [
    [
      'a logout without an address',
      'if (metadata.end_session_endpoint === undefined) {',
      'if (false) {',
      'RPL-01',
    ],
  ]),
  ...weakenedCases('src/commands/initiate_third_party_login.ts', [
    ['a login that anybody begins', "if (iss !== issuer) throw fail('foreign_iss')", '', 'THR-02'],
    [
      'a login that ends anywhere',
      'if (target_link_uri !== undefined && !origins.includes(originOf(target_link_uri))) {',
      'if (false) {',
      'THR-03',
    ],
  ]),
]
