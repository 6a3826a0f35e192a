// Logins that end elsewhere, at the OpenID Provider for instance: this site ends its own session at once, and says why.
import { setTimeout as delay } from 'node:timers/promises'
import type { RequestHandler } from 'express'
import type { Client } from 'oxd-client'
import { COOKIE } from './session.ts'
import type { Sessions } from './session.ts'

/** After what time does not mend, such as a daemon that has forgotten the site, it is tried again at this pace. */
const RETRY_MS = 5_000

interface Listening {
  readonly client: Client
  readonly sessions: Sessions
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Returns what begins to listen, once: when there is the first user, since before nobody can be logged out. */
export const endedLogins = ({ client, sessions, say, signal }: Listening): (() => void) => {
  const listen = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        // #region ended
        // Sessions are in memory, and shorter than the week that
        // oxd looks back: so no cursor has to be kept.
        for await (const { login_id, why } of client.endedLogins({ signal })) {
          if (sessions.endLogin(login_id, why)) say(`a login has ended: ${why}`)
        }
        // #endregion
      } catch (error) {
        say(`cannot hear of ended logins: ${error instanceof Error ? error.message : String(error)}`)
        await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => {})
      }
    }
  }
  let listening: Promise<void> | undefined
  return () => void (listening ??= listen())
}

/** The session that a browser still names; whether the name is genuine does not matter for what is told. */
const namedIn = (cookies = ''): string | undefined =>
  new RegExp(`(?:^|;\\s*)${COOKIE}=s(?:%3A|:)([\\w-]+)\\.`).exec(cookies)?.[1]

/** Who comes with a session that was ended elsewhere is told so, once. */
export const tellEnded =
  (
    sessions: Sessions,
    tell: (...parts: [...Parameters<RequestHandler>, why: string]) => void,
  ): RequestHandler =>
  (request, response, next) => {
    const why = sessions.takeReason(namedIn(request.headers.cookie))
    if (why === undefined) return next()
    response.clearCookie(COOKIE, { path: '/', secure: true })
    tell(request, response, next, why)
  }
