// Ended logins, one after the other, for as long as the application wants to hear of them.
import { setTimeout as delay } from 'node:timers/promises'
import type { ResultOf } from '../command.ts'
import { OxdConnectionError, OxdError } from './errors.ts'
import type { ClientLimits } from './limits.ts'
import type { CommandNamed } from './methods.ts'

type Page = ResultOf<CommandNamed<'get_ended_logins'>>

/** A login of the site that has ended: end the session that was made of it. */
export type EndedLogin = Page['ended_logins'][number] & {
  /** Where to go on after a restart, once this one is dealt with; undefined: from the first that is kept. */
  readonly cursor: string | undefined
}

export interface EndedLoginsOptions {
  /** That of the last login that was dealt with. Without: from the first that is kept, a week back. */
  readonly cursor?: string | undefined
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
}

/** What oxd says when it is about to be well again. */
const PASSING: ReadonlySet<string> = new Set([
  'shutting_down',
  'store_unreachable',
  'too_many_waits',
  'internal_error',
])

const passes = (error: unknown): boolean =>
  (error instanceof OxdConnectionError && error.code !== 'closed') ||
  (error instanceof OxdError && PASSING.has(error.code))

/**
 * Asks again and again. While oxd is away it waits, longer each time, and goes on where it was.
 * @param ask - waits for what has ended after the cursor
 */
export async function* endedLogins(
  ask: (cursor: string | undefined) => Promise<Page>,
  { cursor, signal }: { readonly cursor: string | undefined; readonly signal: AbortSignal },
  limits: Pick<ClientLimits, 'ended_retry_ms_min' | 'ended_retry_ms_max' | 'ended_wait_seconds'>,
): AsyncGenerator<EndedLogin, void, undefined> {
  let at = cursor
  let pause_ms = 0
  while (!signal.aborted) {
    const asked = performance.now()
    let page: Page
    try {
      page = await ask(at)
    } catch (error) {
      if (signal.aborted) return
      if (!passes(error)) throw error
      page = { ended_logins: [], cursor: at ?? '' }
    }
    const last = page.ended_logins.length - 1
    for (const [i, login] of page.ended_logins.entries()) {
      yield { ...login, cursor: i === last ? page.cursor : at }
      if (signal.aborted) return
    }
    at = page.cursor || undefined
    // Nothing, and no waiting for it: oxd is stopping, or is not there.
    const early = last < 0 && performance.now() - asked < limits.ended_wait_seconds * 500
    pause_ms = early
      ? Math.min(Math.max(2 * pause_ms, limits.ended_retry_ms_min), limits.ended_retry_ms_max)
      : 0
    if (early) await delay(pause_ms, undefined, { signal, ref: false }).catch(() => {})
  }
}
