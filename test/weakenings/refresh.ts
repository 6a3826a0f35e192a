// Refreshes: who it is, when, and how often a refresh token is sent; every defence as one source line.
import { weakenings } from './rows.ts'

const COMMAND = 'src/commands/get_access_token_by_refresh_token.test.ts'
const REFUSES = '^get_access_token_by_refresh_token refuses an ID Token'

export const REFRESH = [
  ...weakenings('src/commands/get_access_token_by_refresh_token.ts', COMMAND, [
    [
      'refresh: of another subject',
      'sub: known?.sub,',
      '',
      '^get_access_token_by_refresh_token refuses .*invalid_subject_identifier',
    ],
    [
      'refresh: any nonce',
      'nonce: (nonce) => nonce === undefined || (known?.nonce ?? nonce) === nonce,',
      'nonce: () => true,',
      '^get_access_token_by_refresh_token refuses .*nonce',
    ],
    [
      'refresh: nothing of the login is compared',
      'original: known?.original,',
      '',
      '^get_access_token_by_refresh_token compares with the ID Token of the login',
    ],
    [
      'refresh: of a login that has ended',
      'const known = await logins.knownRefresh(terms, refresh_token)',
      'const known = await logins.knownRefresh(terms, refresh_token).catch(() => undefined)',
      '^get_access_token_by_refresh_token sends it once',
    ],
  ]),
  ...weakenings('src/oidc/id_token.ts', COMMAND, [
    [
      'refresh: for any party',
      'holds: (c, e) => e.original === undefined || (c.azp ?? null) === e.original.azp,',
      'holds: () => true,',
      `${REFUSES} for another party`,
    ],
    [
      'refresh: an ID Token older than the login',
      'holds: (c, e) => e.original === undefined || (isTime(c.iat) && c.iat + tolerance >= e.original.iat),',
      'holds: () => true,',
      `${REFUSES} that was issued before that of the login`,
    ],
    [
      'refresh: an issue time without tolerance',
      'holds: (c, e) => e.original === undefined || (isTime(c.iat) && c.iat + tolerance >= e.original.iat),',
      'holds: (c, e) => e.original === undefined || (isTime(c.iat) && c.iat >= e.original.iat),',
      '^get_access_token_by_refresh_token compares with the ID Token of the login',
    ],
    [
      'refresh: any sign-in',
      'holds: (c, e) => e.original === undefined || c.auth_time === undefined || isAuthTimeOf(c, e.original),',
      'holds: () => true,',
      `${REFUSES} of an? \\w+ sign-in`,
    ],
    [
      'refresh: a sign-in after the login, where that named none',
      '? isTime(auth_time) && auth_time <= original.iat + tolerance',
      '? true',
      '^get_access_token_by_refresh_token compares with the ID Token of the login',
    ],
  ]),
  ...weakenings('src/refreshes.ts', 'src/refreshes.test.ts', [
    [
      'refreshes: each caller asks',
      'if (known !== undefined) return known',
      '',
      '^a refresh that fails does so for all who wait',
    ],
    [
      'refreshes: each process asks',
      'if (await claims.insert(id, mine, { expires_at })) return undefined',
      'return undefined',
      '^a refresh is asked for once by twenty at once',
    ],
    [
      'refreshes: a lost answer is lost',
      'if (isSpent) await claims.put(id, { scope, answer }, { expires_at })',
      'if (isSpent) await claims.remove(id)',
      '^a refresh is told again for ten seconds',
    ],
    [
      'refreshes: a spent token is never for the OP to judge',
      'const expires_at = seconds(world) + limits.refresh_replay_seconds',
      'const expires_at = null',
      '^a refresh is told again for ten seconds',
    ],
    [
      'refreshes: what was asked for does not matter',
      'if (other.scope === scope) return other.answer',
      'return other.answer',
      '^a refresh with another scope is another one',
    ],
    [
      'refreshes: the order of scopes matters',
      "const words = (scope ?? []).toSorted().join(' ')",
      "const words = (scope ?? []).join(' ')",
      '^a refresh with another scope is another one',
    ],
    [
      'refreshes: of any site',
      'const id = [oxd_id, issuer, client.client_id, refresh_token]',
      'const id = [refresh_token]',
      '^a refresh is that of its site, issuer and client alone',
    ],
    [
      'refreshes: an answer is kept although the token lives on',
      'isSpent = answer.refresh_token !== null && answer.refresh_token !== refresh_token',
      'isSpent = true',
      '^a refresh is asked for anew where the token was not spent',
    ],
    [
      'refreshes: a failure holds the place',
      'if (!isSpent) await claims.remove(id)',
      '',
      '^a refresh that fails does so for all who wait',
    ],
    [
      'refreshes: who was killed is waited for without end',
      'for (let waited_ms = 0; waited_ms < claim_ms; waited_ms += limits.refresh_poll_ms) {',
      'for (;;) {',
      '^a refresh of a process that was killed',
    ],
  ]),
]
