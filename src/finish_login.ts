// A login that came back: what its tokens must fit, and what becomes of them once they do.
import type { Claims } from './claims.ts'
import type { SiteContext } from './command.ts'
import { signedInSince, type SpentLogin, type Tokens } from './login.ts'
import { originalOf, sessionIn, type Expected } from './oidc/id_token.ts'
import { termsOf } from './site.ts'
import { requiresAuthTime } from './site_settings.ts'
import { seconds } from './world.ts'

/** What an ID Token of this login must say, however it came. */
export const expectedOf = (
  login: SpentLogin,
  { site: { issuer, client, settings }, logins, world }: Pick<SiteContext, 'site' | 'logins' | 'world'>,
): Pick<Expected, 'issuer' | 'client' | 'nonce' | 'signed_in_since' | 'isEssentialAcr' | 'now'> => ({
  issuer,
  client,
  nonce: login.nonce,
  // Whenever it was: but it must be said.
  signed_in_since: signedInSince(login) ?? (requiresAuthTime(settings) ? 0 : undefined),
  isEssentialAcr: (acr) => logins.isEssentialAcr(login, acr),
  now: seconds(world),
})

/**
 * The login lives, since its tokens were validated: they are remembered, and told to the caller with what names the login.
 * @throws OxdError login_ended
 */
export const finishLogin = async <
  T extends Omit<Tokens, 'sub' | 'sid' | 'original'> & { readonly id_token_claims: Claims },
>(
  login: SpentLogin,
  tokens: T,
  { site, logins }: Pick<SiteContext, 'site' | 'logins'>,
) => {
  const { id_token_claims } = tokens
  const said = {
    sub: String(id_token_claims.sub),
    sid: sessionIn(id_token_claims),
    original: originalOf(id_token_claims),
  }
  const { remember_last_login: last } = site.settings
  await logins.remember(termsOf(site), login, { ...tokens, ...said }, { last })
  const { login_id, third_party } = login
  return { ...tokens, id_token_claims: { ...id_token_claims }, login_id, third_party }
}
