// get_access_token_by_refresh_token: fresh tokens for a refresh token.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { originalOf, validateIdToken } from '../oidc/id_token.ts'
import { refreshTokens } from '../oidc/token.ts'
import { termsOf } from '../site.ts'
import { openidScope } from '../site_settings.ts'
import { seconds } from '../world.ts'

/** Gets fresh tokens for the refresh token of a login. */
export const get_access_token_by_refresh_token = command({
  name: 'get_access_token_by_refresh_token',
  since: '3.1',
  access: 'site',
  summary: 'Gets fresh tokens for the refresh token of a login.',
  repeatable: true,
  spec: [
    'https://www.rfc-editor.org/rfc/rfc6749#section-6',
    'https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokens',
  ],
  params: {
    oxd_id: fields.oxd_id,
    refresh_token: fields.used_refresh_token,
    scope: fields.refreshed_scope.optional(),
  },
  result: {
    access_token: fields.access_token,
    expires_in: fields.expires_in,
    refresh_token: fields.refresh_token,
    scope: fields.granted_scope,
  },
  more: { id_token: fields.some_id_token, login_id: fields.known_login_id },
  errors: [
    'refresh_refused',
    'refresh_token_spent',
    'scope_refused',
    'invalid_client',
    'invalid_subject_identifier',
    'refreshed_authorized_party',
    'refreshed_issued_at',
    'refreshed_auth_time',
    'login_ended',
  ],
  examples: [
    {
      what: 'The access token has expired. The OP gave a new refresh token along: the old one is spent.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', refresh_token: 'tGzv3JOkF0XG5Qx2TlKWIA' },
      result: {
        access_token: 'SlAV32hkKH',
        expires_in: 3600,
        refresh_token: 'tGzv3JOkF0XG5Qx2TlKWIB',
        scope: ['openid', 'email'],
      },
    },
  ],
  async run({ refresh_token, scope }, { site, ops, logins, refreshes, world, audit }) {
    const terms = termsOf(site)
    const { issuer, client } = site
    const known = await logins.knownRefresh(terms, refresh_token)
    if (known !== undefined && known.login_id !== null) audit({ login_id: known.login_id })
    const op = await ops.at(site)
    const grant = { refresh_token, scope: scope === undefined ? undefined : openidScope(scope) }
    const refreshed = await refreshes.once(site, grant, async () => {
      // The OP sees to it that it was issued to this client (RFC 6749 section 6).
      const tokens = await refreshTokens(op, client, grant)
      const claims =
        tokens.id_token === undefined
          ? undefined
          : await validateIdToken(op, tokens.id_token, {
              issuer,
              client,
              // Core 12.2: that of the login, or none.
              nonce: (nonce) => nonce === undefined || (known?.nonce ?? nonce) === nonce,
              direct: true,
              access_token: tokens.access_token,
              sub: known?.sub,
              original: known?.original,
              now: seconds(world),
            })
      // A refresh token of another oxd, or of long ago: whose it is the ID Token says, or nobody.
      const said = claims && {
        sub: String(claims.sub),
        login_id: null,
        nonce: null,
        original: originalOf(claims),
      }
      const owner = known ?? said
      if (owner !== undefined) {
        // Where the OP gives no new one, the old one lives on (RFC 6749 section 6).
        await logins.rememberRefreshed(terms, owner, {
          ...tokens,
          refresh_token: tokens.refresh_token ?? refresh_token,
        })
      }
      return { ...tokens, id_token: tokens.id_token ?? null, login_id: owner?.login_id ?? null }
    })
    return { ...refreshed, scope: [...refreshed.scope] }
  },
})
