// What oxd knows of the logins that were finished: which live, which have ended, when and why.
import { setImmediate } from 'node:timers/promises'
import type { Ended, EndedBy, Journal } from './ended_logins.ts'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Found, Store, Write } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** A login whose tokens have come. */
export interface FinishedLogin {
  readonly login_id: string
  readonly sub: string
  readonly sid: string | null
  /** Milliseconds since the epoch: when the user was sent to the OP (to the second), and when the redemption began. */
  readonly asked_at: number
  readonly redeemed_at: number
}

export interface KnownLogin extends FinishedLogin {
  readonly ended: Pick<Ended, 'why' | 'at'> | null
}

/** What a logout is about: a session at the OP, or, without one, all of a subject. */
export type LoggedOut =
  | { readonly sid: string; readonly sub: string | undefined }
  | { readonly sid: undefined; readonly sub: string }

interface Lasting {
  readonly id_token?: string | undefined
  /** With one the login lasts as long as that is known. */
  readonly refresh_token?: string | null | undefined
}

export interface LiveLogins {
  /** The tokens of a login have come. @throws OxdError login_ended, if a logout was faster */
  begin(oxd_id: string, login: FinishedLogin, tokens: Lasting): Promise<void>
  /** Fresh tokens have come. @throws OxdError login_ended */
  goOn(oxd_id: string, login_id: string, tokens: Lasting): Promise<void>
  find(oxd_id: string, login_id: string): Promise<KnownLogin | undefined>
  /** The login that an ID Token is from. */
  ofIdToken(oxd_id: string, id_token: string): Promise<string | undefined>
  /** Ends one login; false if it is unknown or has ended. */
  end(oxd_id: string, login_id: string, why: EndedBy): Promise<boolean>
  /**
   * Ends all logins of this site that the logout is about; how many it were.
   * @param lasting also those whose tokens oxd is about to get: the word of the OP, which nobody else can make it keep
   */
  endAll(
    oxd_id: string,
    about: LoggedOut,
    why: EndedBy,
    options: { readonly lasting: boolean },
  ): Promise<number>
}

export const createLiveLogins = (
  store: Store,
  journal: Journal,
  world: World,
  limits: Limits,
): LiveLogins => {
  const logins = store.kind<KnownLogin>({ kind: 'live_login', durable: true })
  const idTokens = store.kind<{ readonly login_id: string }>({ kind: 'login_of_id_token', durable: true })
  // One record for each login, not a list in one: a subject may have any number of them.
  const ofSid = store.kind<{ readonly login_id: string }>({
    kind: 'login_of_sid',
    durable: true,
    group_parts: 2,
  })
  const ofSub = store.kind<{ readonly login_id: string }>({
    kind: 'login_of_sub',
    durable: true,
    group_parts: 2,
  })
  /**
   * That a logout came, and when: for logins whose tokens oxd is just getting. `''` stands for any; by the subject alone: one of its
   * sessions, for logins of which the OP does not name it.
   */
  const logouts = store.kind<{ readonly why: EndedBy; readonly at: number }>({
    kind: 'logout',
    durable: true,
  })

  const untilFor = ({ refresh_token }: Lasting): number =>
    seconds(world) + (refresh_token ? limits.refresh_tokens_seconds : limits.live_logins_seconds)

  /** The logout that has ended this login, whether or not its record says so yet. */
  const logoutOf = async (
    oxd_id: string,
    { sub, sid, asked_at, redeemed_at }: FinishedLogin,
  ): Promise<KnownLogin['ended']> => {
    const marks = await Promise.all([
      // A session that has ended does not come again: whoever was sent to the OP before is still on the way back.
      sid === null ? undefined : logouts.get([oxd_id, sid, '']),
      sid === null ? undefined : logouts.get([oxd_id, sid, sub]),
      logouts.get([oxd_id, '', sub]),
      sid === null ? logouts.get([oxd_id, sub]) : undefined,
    ])
    const since = [asked_at, asked_at, redeemed_at, redeemed_at]
    const mark = marks.find((found, i) => found !== undefined && found.value.at >= (since[i] ?? 0))
    return mark === undefined ? null : { why: mark.value.why, at: Math.floor(mark.value.at / 1000) }
  }

  const find = async (oxd_id: string, login_id: string): Promise<Found<KnownLogin> | undefined> => {
    const found = await logins.get([oxd_id, login_id])
    if (found === undefined || found.value.ended !== null) return found
    return { ...found, value: { ...found.value, ended: await logoutOf(oxd_id, found.value) } }
  }

  /** Of any number of callers one ends it. */
  const end = (oxd_id: string, login_id: string, why: EndedBy): Promise<boolean> =>
    journal.end(oxd_id, async () => {
      const found = await logins.get([oxd_id, login_id])
      if (found === undefined || found.value.ended !== null) return undefined
      const { sub, sid } = found.value
      const at = seconds(world)
      const swap = logins.writes.swap([oxd_id, login_id], found, { ...found.value, ended: { why, at } })
      // A further logout finds it no more: it would else cost the same each time it is repeated.
      const unnamed = [
        ofSub.writes.remove([oxd_id, sub, login_id]),
        ...(sid === null ? [] : [ofSid.writes.remove([oxd_id, sid, login_id])]),
      ]
      return { ended: { login_id, sub, sid, why, at }, writes: [swap, ...unnamed] }
    })

  /** So that the login is found by what names it, as long as it is known. */
  const entries = (
    oxd_id: string,
    { login_id, sid, sub }: FinishedLogin,
    { id_token }: Lasting,
    kept: { readonly expires_at: number },
  ): Write[] => [
    ofSub.writes.put([oxd_id, sub, login_id], { login_id }, kept),
    ...(sid === null ? [] : [ofSid.writes.put([oxd_id, sid, login_id], { login_id }, kept)]),
    ...(id_token === undefined ? [] : [idTokens.writes.put([oxd_id, id_token], { login_id }, kept)]),
  ]

  return {
    async begin(oxd_id, login, tokens) {
      const kept = { expires_at: untilFor(tokens) }
      await store.commit([
        logins.writes.put([oxd_id, login.login_id], { ...login, ended: null }, kept),
        ...entries(oxd_id, login, tokens, kept),
      ])
      // Read after the record was written: a logout either finds the record or has left its mark by now.
      const ended = await logoutOf(oxd_id, login)
      if (ended === null) return
      await end(oxd_id, login.login_id, ended.why)
      throw new OxdError('login_ended')
    },

    async goOn(oxd_id, login_id, tokens) {
      const found = await find(oxd_id, login_id)
      if (found === undefined) return
      if (found.value.ended !== null) throw new OxdError('login_ended')
      const kept = { expires_at: Math.max(found.expires_at ?? 0, untilFor(tokens)) }
      const written = await store.commit([
        logins.writes.swap([oxd_id, login_id], found, found.value, kept),
        ...entries(oxd_id, found.value, tokens, kept),
      ])
      // Another refresh has written the same, or a logout its end.
      if (!written && (await find(oxd_id, login_id))?.value.ended !== null) throw new OxdError('login_ended')
    },

    find: async (oxd_id, login_id) => (await find(oxd_id, login_id))?.value,

    ofIdToken: async (oxd_id, id_token) => (await idTokens.get([oxd_id, id_token]))?.value.login_id,

    end,

    async endAll(oxd_id, { sid, sub }, why, { lasting }) {
      if (lasting) {
        const expires_at = seconds(world) + limits.refresh_tokens_seconds
        const mark = { why, at: world.now() }
        await store.commit([
          logouts.writes.put([oxd_id, sid ?? '', sub ?? ''], mark, { expires_at }),
          ...(sid === undefined || sub === undefined
            ? []
            : [logouts.writes.put([oxd_id, sub], mark, { expires_at })]),
        ])
      }
      const named = [
        ...(sid === undefined ? [] : [ofSid.list([oxd_id, sid])]),
        ...(sub === undefined ? [] : [ofSub.list([oxd_id, sub])]),
      ]
      let ended = 0
      for (const each of named) {
        for await (const { value } of each) {
          const login = (await logins.get([oxd_id, value.login_id]))?.value
          // Both were said: a session of somebody else is not meant, nor another one of this subject; one without a name may be it.
          if (login === undefined || (sub !== undefined && login.sub !== sub)) continue
          if (sid !== undefined && login.sid !== null && login.sid !== sid) continue
          if (await end(oxd_id, value.login_id, why)) ended += 1
          // There may be very many, and others wait.
          await setImmediate()
        }
      }
      return ended
    },
  }
}
