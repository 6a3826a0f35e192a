// RFT: what keeps a refreshed login that of the same user, and a refresh token good, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_REFRESH = [
  ...weakenedCases('src/commands/get_access_token_by_refresh_token.ts', [
    ['fresh tokens for anybody', 'sub: known?.sub,', '', 'RFT-01'],
    [
      'fresh tokens of any login',
      'nonce: (nonce) => nonce === undefined || (known?.nonce ?? nonce) === nonce,',
      'nonce: () => true,',
      'RFT-04',
    ],
    ['fresh tokens of any sign-in', 'original: known?.original,', '', 'RFT-02 RFT-04'],
    [
      'a refreshed ID Token is not looked at',
      'tokens.id_token === undefined',
      'true',
      'RFT-01 RFT-02 RFT-04 RFT-05 RFT-06',
    ],
    [
      'the scope that was asked for is told, not the one that was granted',
      'return { ...refreshed, scope: [...refreshed.scope] }',
      'return { ...refreshed, scope: scope ?? [] }',
      'RFT-10',
    ],
  ]),
  ...weakenedCases('src/oidc/id_token.ts', [
    ['fresh tokens of any issuer', 'holds: (c, e) => c.iss === e.issuer,', 'holds: () => true,', 'RFT-02'],
    [
      'fresh tokens for another party',
      'holds: (c, e) => e.original === undefined || (c.azp ?? null) === e.original.azp,',
      'holds: () => true,',
      'RFT-02',
    ],
    [
      'fresh tokens from before the login',
      'holds: (c, e) => e.original === undefined || (isTime(c.iat) && c.iat + tolerance >= e.original.iat),',
      'holds: () => true,',
      'RFT-04',
    ],
    [
      'fresh tokens of another sign-in',
      'holds: (c, e) => e.original === undefined || c.auth_time === undefined || isAuthTimeOf(c, e.original),',
      'holds: () => true,',
      'RFT-04',
    ],
  ]),
  ...weakenedCases('src/refreshes.ts', [
    [
      'each who has a refresh token asks with it',
      'if (known !== undefined) return known',
      '',
      'RFT-08',
      // The claim in the store stands against several processes, and so also against one.
      [['if (await claims.insert(id, mine, { expires_at })) return undefined', 'return undefined']],
    ],
    [
      'a lost answer is lost',
      'if (isSpent) await claims.put(id, { scope, answer }, { expires_at })',
      'if (isSpent) await claims.remove(id)',
      'RFT-08',
    ],
    [
      'any site has the answer',
      'const id = [oxd_id, issuer, client.client_id, refresh_token]',
      'const id = [refresh_token]',
      'RFT-08',
    ],
    [
      'any scope has the answer',
      'if (other.scope === scope) return other.answer',
      'return other.answer',
      'RFT-08',
    ],
    [
      'an answer is told for ever',
      'const expires_at = seconds(world) + limits.refresh_replay_seconds',
      'const expires_at = null',
      'RFT-07',
    ],
  ]),
  ...weakenedCases('src/oidc/token.ts', [
    [
      'refresh tokens are cut',
      'const parameters = { refresh_token, ...scopeOf(asked) }',
      'const parameters = { refresh_token: refresh_token.slice(0, 1_024), ...scopeOf(asked) }',
      'RFT-09',
    ],
    [
      'a refused refresh token is sent again',
      "const tokens = await askForTokens(op, client, 'refresh_token', parameters, REFRESH_ERRORS)",
      "const ask = () => askForTokens(op, client, 'refresh_token', parameters, REFRESH_ERRORS); const tokens = await ask().catch(ask)",
      'RFT-07',
    ],
  ]),
]
