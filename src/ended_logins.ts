// The journal of ended logins: for each site what its application is told, in the order in which it happened, for a week.
//
// The entries of a site are numbered without a gap. Each carries a random mark, and the mark of the entry before it. A cursor
// is the number and the mark of the last entry that was told: so a store that was put back from a backup and went on from
// there is noticed, although its numbers look right.
import { timingSafeEqual } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Keys } from './store/seal.ts'
import type { Found, Store, Write } from './store/store.ts'
import { createTurns } from './turns.ts'
import { seconds, type World } from './world.ts'

/** Why a login has ended. */
const ENDED_BY = ['back_channel_logout', 'front_channel_logout', 'rp_initiated_logout'] as const
export type EndedBy = (typeof ENDED_BY)[number]

/** The end of a login, as the application is told of it. */
export interface Ended {
  readonly login_id: string
  readonly sub: string
  /** The session at the OP; null: the OP names none. */
  readonly sid: string | null
  readonly why: EndedBy
  /** Seconds since the epoch. */
  readonly at: number
}

/** A login that is to end, and what must be written together with the news of it. */
export interface Ending {
  readonly ended: Ended
  readonly writes: readonly Write[]
}

/** Where the ends of logins are written down. */
export interface Journal {
  /**
   * Ends a login: what `ending` gives is written in one commit with the entry that the application reads. It is called again
   * when another was faster, and must have no effects; `undefined`: there is nothing to end.
   * @returns whether it ended by this call
   * @throws OxdError site_changed after `swap_tries_max` tries, store_unreachable
   */
  end(oxd_id: string, ending: () => Promise<Ending | undefined>): Promise<boolean>
}

/** Who passes the news on, beside the journal. */
export interface News {
  /** What is to be written with the end of a login, and what to do when it was. */
  write(
    oxd_id: string,
    ended: Ended,
  ): Promise<{ readonly writes: readonly Write[]; readonly written: () => void }>
}
const NO_NEWS: News = { write: async () => ({ writes: [], written() {} }) }

export interface Asked {
  /** Of the page before; without: from the first that is kept. */
  readonly cursor: string | undefined
  readonly max: number
  /** If there is nothing yet: how long to wait for it. */
  readonly wait_ms: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}
export interface EndedPage {
  readonly logins: readonly Ended[]
  readonly cursor: string
}

export interface EndedLogins extends Journal {
  /**
   * What has ended at a site after the cursor, the oldest first; empty when nothing has until the wait is over.
   * @throws OxdError invalid_cursor, cursor_expired, too_many_waits
   */
  after(oxd_id: string, asked: Asked): Promise<EndedPage>
  /** Forgets what is kept of a site that is no more. */
  forget(oxd_id: string): Promise<void>
}

/** The last entry of a site; kept as long as the site is. */
interface Head {
  readonly seq: number
  readonly mark: string
  /** Until when the last entry is kept. No entry goes before one that is older, whatever the clock does. */
  readonly kept_until: number
}
interface Entry extends Ended {
  readonly mark: string
  /** The mark of the entry before. */
  readonly after: string
}
type Position = Pick<Head, 'seq' | 'mark'>

// The bytes of a cursor: format, key id, number, mark, authentication.
const FORMAT = 1
const KEY_ID_BYTES = 4
const SEQ_BYTES = 6
const MARK_BYTES = 8
const SEQ_AT = 1 + KEY_ID_BYTES
const MARK_AT = SEQ_AT + SEQ_BYTES
const HEAD_BYTES = MARK_AT + MARK_BYTES
const MAC_BYTES = 32

/** Before the first entry. */
const START: Position = { seq: 0, mark: Buffer.alloc(MARK_BYTES).toString('base64url') }

const refused = (reason: string): OxdError => new OxdError('invalid_cursor', { details: { reason } })

const createCursors = (keys: Keys) => {
  const macOf = (oxd_id: string, head: Uint8Array): Buffer => keys.mac('ended logins cursor', head, oxd_id)
  return {
    write(oxd_id: string, { seq, mark }: Position): string {
      const head = Buffer.alloc(HEAD_BYTES)
      head.writeUInt8(FORMAT, 0)
      keys.id.copy(head, 1, 0, KEY_ID_BYTES)
      head.writeUIntBE(seq, SEQ_AT, SEQ_BYTES)
      Buffer.from(mark, 'base64url').copy(head, MARK_AT)
      return Buffer.concat([head, macOf(oxd_id, head)]).toString('base64url')
    },
    read(oxd_id: string, cursor: string): Position {
      const bytes = Buffer.from(cursor, 'base64url')
      if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== cursor)
        throw refused('malformed')
      if (bytes[0] !== FORMAT) throw refused('malformed')
      const head = bytes.subarray(0, HEAD_BYTES)
      // Of a store with another key nothing can be said, but that what it has told is not what this one will.
      if (!head.subarray(1, SEQ_AT).equals(keys.id.subarray(0, KEY_ID_BYTES)))
        throw new OxdError('cursor_expired', { details: { reason: 'another_store' } })
      if (!timingSafeEqual(bytes.subarray(HEAD_BYTES), macOf(oxd_id, head))) throw refused('not_authentic')
      return {
        seq: head.readUIntBE(SEQ_AT, SEQ_BYTES),
        mark: head.subarray(MARK_AT).toString('base64url'),
      }
    },
  }
}

/** Who waits for news, site by site; each can be woken. */
const createBells = (limits: Pick<Limits, 'ended_waits_max' | 'ended_site_waits_max'>) => {
  const waiting = new Map<string, Set<() => void>>()
  let count = 0
  return {
    /** @throws OxdError too_many_waits */
    enter(oxd_id: string) {
      const ofSite = waiting.get(oxd_id) ?? new Set()
      if (count >= limits.ended_waits_max || ofSite.size >= limits.ended_site_waits_max)
        throw new OxdError('too_many_waits')
      let rung = new AbortController()
      const ring = (): void => rung.abort()
      ofSite.add(ring)
      waiting.set(oxd_id, ofSite)
      count += 1
      return {
        /** Aborted by the news that come from now on. */
        next(): AbortSignal {
          rung = new AbortController()
          return rung.signal
        },
        leave(): void {
          count -= 1
          ofSite.delete(ring)
          if (ofSite.size === 0) waiting.delete(oxd_id)
        },
      }
    },
    ring(oxd_id: string): void {
      for (const ring of waiting.get(oxd_id) ?? []) ring()
    },
  }
}

export const createEndedLogins = (
  store: Store,
  keys: Keys,
  world: World,
  limits: Limits,
  news: News = NO_NEWS,
): EndedLogins => {
  const heads = store.kind<Head>({ kind: 'ended_head', durable: true })
  const entries = store.kind<Entry>({ kind: 'ended_login', durable: true })
  const cursors = createCursors(keys)
  const bells = createBells(limits)
  /** Of each site: in this process nobody overtakes anybody. */
  const inTurn = createTurns()

  /** The entry that comes next, and the head that says so. */
  const entryOf = (oxd_id: string, found: Found<Head> | undefined, ended: Ended): readonly Write[] => {
    const last = found?.value ?? START
    const seq = last.seq + 1
    const mark = world.random(MARK_BYTES).toString('base64url')
    const kept_until = Math.max(seconds(world) + limits.ended_logins_seconds, found?.value.kept_until ?? 0)
    const head: Head = { seq, mark, kept_until }
    return [
      found === undefined ? heads.writes.insert([oxd_id], head) : heads.writes.swap([oxd_id], found, head),
      // Whatever is there was written by a history that has been replaced by a backup.
      entries.writes.put(
        [oxd_id, String(seq)],
        { ...ended, mark, after: last.mark },
        { expires_at: kept_until },
      ),
    ]
  }

  const end: Journal['end'] = (oxd_id, ending) =>
    inTurn(oxd_id, async () => {
      // Others are processes on the same store.
      for (let tries = 0; tries < limits.swap_tries_max; tries += 1) {
        const head = await heads.get([oxd_id])
        const found = await ending()
        if (found === undefined) return false
        const entry = entryOf(oxd_id, head, found.ended)
        const { writes, written } = await news.write(oxd_id, found.ended)
        if (await store.commit([...found.writes, ...entry, ...writes])) {
          bells.ring(oxd_id)
          written()
          return true
        }
      }
      throw new OxdError('site_changed')
    })

  const entry = async (oxd_id: string, seq: number): Promise<Entry | undefined> =>
    (await entries.get([oxd_id, String(seq)]))?.value

  /** Before the first entry that is kept: entries go in the order of their numbers. */
  const firstKept = async (oxd_id: string, head: Position): Promise<Position> => {
    let [gone, kept] = [0, head.seq + 1]
    while (kept - gone > 1) {
      const middle = Math.floor((gone + kept) / 2)
      if ((await entry(oxd_id, middle)) === undefined) gone = middle
      else kept = middle
    }
    const first = await entry(oxd_id, kept)
    return first === undefined ? head : { seq: kept - 1, mark: first.after }
  }

  const expired = (reason: string): OxdError => new OxdError('cursor_expired', { details: { reason } })

  /** At most `max` entries after the position, which must be one of this history. */
  const read = async (
    oxd_id: string,
    from: Position,
    max: number,
  ): Promise<{ readonly logins: readonly Ended[]; readonly last: Position }> => {
    const head = (await heads.get([oxd_id]))?.value ?? START
    if (from.seq > head.seq) throw expired('another_history')
    if (from.seq === head.seq) {
      if (from.mark !== head.mark) throw expired('another_history')
      return { logins: [], last: from }
    }
    const logins: Ended[] = []
    let last = from
    for (let seq = from.seq + 1; seq <= Math.min(head.seq, from.seq + max); seq += 1) {
      const found = await entry(oxd_id, seq)
      if (found === undefined) throw expired('no_longer_kept')
      const { mark, after, ...ended } = found
      if (after !== last.mark) throw expired('another_history')
      logins.push(ended)
      last = { seq, mark }
    }
    return { logins, last }
  }

  return {
    end,

    async after(oxd_id, { cursor, max, wait_ms, signal }) {
      const from =
        cursor === undefined
          ? await firstKept(oxd_id, (await heads.get([oxd_id]))?.value ?? START)
          : cursors.read(oxd_id, cursor)
      const page = ({ logins, last }: Awaited<ReturnType<typeof read>>): EndedPage => ({
        logins,
        cursor: cursors.write(oxd_id, last),
      })
      const there = await read(oxd_id, from, max)
      if (there.logins.length > 0 || wait_ms === 0) return page(there)
      const over = AbortSignal.any([signal, AbortSignal.timeout(wait_ms)])
      const bell = bells.enter(oxd_id)
      try {
        for (;;) {
          // The bell is listened to before the journal is read: nothing comes between.
          const rung = bell.next()
          const found = await read(oxd_id, from, max)
          if (found.logins.length > 0 || over.aborted) return page(found)
          // Another process on this store rings no bell here.
          await delay(limits.ended_poll_ms, undefined, { signal: AbortSignal.any([over, rung]) }).catch(
            () => {},
          )
        }
      } finally {
        bell.leave()
      }
    },

    forget: (oxd_id) => heads.remove([oxd_id]),
  }
}
