// What the public listener does: logouts that an OP sends, logins that others start, and what an OP fetches.
//
// Whoever asks is a stranger. Nothing that they send makes oxd keep anything before an OP has signed it, or names one of its
// sessions; and no answer tells which public ids, sessions or subjects there are.
import type { Context } from './command.ts'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import { validateLogoutToken } from './oidc/logout_token.ts'
import { reasonFields, type Telling } from './reasons.ts'
import type { Site } from './site.ts'
import type { Store } from './store/store.ts'
import type { StartLogin } from './stranger_login.ts'
import { seconds, type LogFields } from './world.ts'

/** Parameters that came once each. */
export type PublicParams = Readonly<Record<string, string>>

export interface PublicDesk {
  /** Whether the logout token was accepted; what it is about has ended then. */
  backChannelLogout(public_id: string, params: PublicParams, peer: string): Promise<boolean>
  /** Ends what is meant, and ignores what means nothing. */
  frontChannelLogout(public_id: string, params: PublicParams, peer: string): Promise<void>
  /** Where the browser of a user goes whom somebody else sent here to log in; undefined: nowhere. */
  initiateLogin(public_id: string, params: PublicParams, peer: string): Promise<string | undefined>
  /** The request object of this name, for the OP. */
  requestObject(name: string): Promise<string | undefined>
  /** The public keys of oxd. */
  keys(): Promise<readonly Readonly<Record<string, unknown>>[]>
}

type DeskContext = Pick<Context, 'world' | 'ops' | 'sites' | 'liveLogins' | 'rpKeys'>

export const createPublicDesk = (
  { world, ops, sites, liveLogins, rpKeys }: DeskContext,
  store: Store,
  startLogin: StartLogin,
  telling: Telling,
  limits: Pick<Limits, 'logout_token_seconds_max' | 'clock_tolerance_seconds'>,
): PublicDesk => {
  const spent = store.kind<Record<string, never>>({ kind: 'spent_logout_token', durable: true })

  const siteOf = async (public_id: string): Promise<Site> => {
    const site = await sites.ofPublicId(public_id)
    if (site === undefined) throw new OxdError('unknown_public_id')
    return site
  }

  /** Does what was asked, and logs it in one line; whether it was done. */
  const logged = async (
    what: string,
    public_id: string,
    peer: string,
    act: (site: Site) => Promise<LogFields>,
  ): Promise<boolean> => {
    const found: LogFields[] = [{ peer }]
    try {
      const site = await siteOf(public_id)
      found.push({ site: site.oxd_id.slice(0, 8), issuer: site.issuer })
      found.push(await act(site))
      world.log('info', what, Object.assign({}, ...found, { outcome: 'ok' }))
      return true
    } catch (error) {
      if (!(error instanceof OxdError)) throw error
      const outcome = { outcome: error.code, ...reasonFields(error, telling) }
      world.log('warn', what, Object.assign({}, ...found, outcome))
      return false
    }
  }

  return {
    /** @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions */
    backChannelLogout: (public_id, { logout_token }, peer) =>
      logged('back-channel logout', public_id, peer, async (site) => {
        if (logout_token === undefined) throw new OxdError('invalid_logout_request')
        const { issuer, client, oxd_id } = site
        const now = seconds(world)
        const { jti, sid, sub } = await validateLogoutToken(ops.keysAt(site), client, logout_token, {
          issuer,
          now,
        })
        // A second time it has no effect: the user may have logged in again since.
        if ((await spent.get([oxd_id, jti])) !== undefined) return { logins: 0, rule: 'replayed' }
        const about = sid === undefined ? { sid, sub: sub ?? '' } : { sid, sub }
        const logins = await liveLogins.endAll(oxd_id, about, 'back_channel_logout', { lasting: true })
        // Last, so that an OP that repeats what was interrupted is heeded. Longer than the token is accepted.
        const expires_at = now + limits.logout_token_seconds_max + 3 * limits.clock_tolerance_seconds
        await spent.put([oxd_id, jti], {}, { expires_at })
        return { logins }
      }),

    /** @see https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout */
    async frontChannelLogout(public_id, { iss, sid }, peer) {
      await logged('front-channel logout', public_id, peer, async ({ oxd_id, issuer }) => {
        // Any page may embed this address: a session is ended by whoever knows its name, and nobody guesses one.
        if (iss !== issuer || sid === undefined || sid === '') throw new OxdError('foreign_logout')
        const about = { sid, sub: undefined }
        const logins = await liveLogins.endAll(oxd_id, about, 'front_channel_logout', { lasting: false })
        return { logins }
      })
    },

    /** @see https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin */
    async initiateLogin(public_id, params, peer) {
      let url: string | undefined
      await logged('login of a third party', public_id, peer, async (site) => {
        url = await startLogin(site, params)
        return {}
      })
      return url
    },

    async requestObject(name) {
      const found = await rpKeys.request(name)
      // It goes with its site.
      return found === undefined || (await sites.get(found.oxd_id)) === undefined ? undefined : found.jwt
    },

    keys: () => rpKeys.published(),
  }
}
