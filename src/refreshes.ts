// Refreshes: a refresh token that the OP rotates is good once, so whoever has it at the same time gets one answer.
//
// An OP takes a refresh token that comes twice for a stolen one, and ends the login (RFC 9700 section 4.14.2). Two requests of an
// application, two of its processes, or one that lost its answer look just like that. So oxd sends it once: who comes
// meanwhile waits for the answer, also in another process on the same store, and who comes shortly after gets it again.
import { setTimeout as delay } from 'node:timers/promises'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Site } from './site.ts'
import type { RecordId, Store } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** What a refresh is answered with. */
export interface Refreshed {
  readonly access_token: string
  /** Seconds; -1 if the OP does not say. */
  readonly expires_in: number
  /** Null: the one that was used stays good. */
  readonly refresh_token: string | null
  readonly scope: readonly string[]
  readonly id_token: string | null
  readonly login_id: string | null
}

export interface Refreshes {
  /**
   * The answer to this refresh token of this site, asked for once by any number of callers. It is kept for
   * `refresh_replay_seconds` if the token was spent for it; a failure is shared by those who wait for it, and not kept.
   * @param asked `scope`: what is asked for; undefined: all that was granted. Another scope is another answer.
   * @throws OxdError refresh_token_spent, and what `ask` throws
   */
  once(
    site: Site,
    asked: { readonly refresh_token: string; readonly scope: readonly string[] | undefined },
    ask: () => Promise<Refreshed>,
  ): Promise<Refreshed>
}

/** Somebody is asking, or has asked. */
interface Claim {
  readonly scope: string
  /** Null: not yet. */
  readonly answer: Refreshed | null
}

export const createRefreshes = (
  store: Store,
  world: World,
  limits: Pick<Limits, 'op_total_ms' | 'refresh_poll_ms' | 'refresh_replay_seconds'>,
): Refreshes => {
  // Not durable: what a power failure takes is an answer that nobody waits for any more.
  const claims = store.kind<Claim>({ kind: 'refresh', durable: false })
  /** Those who come with the same at the same time wait for one answer. */
  const underWay = new Map<string, Promise<Refreshed>>()
  /** The tokens, and keys to validate them with: whoever takes longer, or was killed, loses its claim. */
  const claim_ms = 2 * limits.op_total_ms

  /** Of any number of callers, in any process, one gets `undefined`: it asks. */
  const claimed = async (id: RecordId, scope: string): Promise<Claim | undefined> => {
    const expires_at = seconds(world) + Math.ceil(claim_ms / 1_000)
    const mine: Claim = { scope, answer: null }
    if (await claims.insert(id, mine, { expires_at })) return undefined
    return (await claims.get(id))?.value ?? mine
  }

  /** What somebody else was answered, once it is there; undefined: nobody else asks. */
  const answered = async (id: RecordId, scope: string): Promise<Refreshed | undefined> => {
    for (let waited_ms = 0; waited_ms < claim_ms; waited_ms += limits.refresh_poll_ms) {
      const other = await claimed(id, scope)
      if (other === undefined) return undefined
      if (other.answer !== null) {
        if (other.scope === scope) return other.answer
        throw new OxdError('refresh_token_spent')
      }
      await delay(limits.refresh_poll_ms)
    }
    return undefined
  }

  const asking = async (
    id: RecordId,
    scope: string,
    refresh_token: string,
    ask: () => Promise<Refreshed>,
  ): Promise<Refreshed> => {
    const before = await answered(id, scope)
    if (before !== undefined) return before
    let isSpent = false
    try {
      const answer = await ask()
      isSpent = answer.refresh_token !== null && answer.refresh_token !== refresh_token
      const expires_at = seconds(world) + limits.refresh_replay_seconds
      if (isSpent) await claims.put(id, { scope, answer }, { expires_at })
      return answer
    } finally {
      if (!isSpent) await claims.remove(id)
    }
  }

  return {
    once({ oxd_id, issuer, client }, { refresh_token, scope }, ask) {
      const words = (scope ?? []).toSorted().join(' ')
      const id = [oxd_id, issuer, client.client_id, refresh_token]
      const key = JSON.stringify([...id, words])
      const known = underWay.get(key)
      if (known !== undefined) return known
      const work = asking(id, words, refresh_token, ask).finally(() => underWay.delete(key))
      underWay.set(key, work)
      return work
    },
  }
}
