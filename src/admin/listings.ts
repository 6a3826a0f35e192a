// Long lists, page by page: what is left of one waits under a cursor until the next page is asked for.
import { setImmediate as others } from 'node:timers/promises'
import { OxdError } from '../error.ts'
import type { Limits } from '../limits.ts'
import type { World } from '../world.ts'

/** As much of a list as fits into one reply. */
export interface Page {
  readonly rows: Record<string, unknown>[]
  /** With which the next page is asked for, once; null: there is nothing more. */
  readonly next_cursor: string | null
}

export interface Listings {
  /**
   * The first page of a list, or with a cursor the next one of a list that was begun.
   * @throws OxdError invalid_request: nothing waits (any more) under this cursor
   */
  page(cursor: string | undefined, begin: () => AsyncIterable<Record<string, unknown>>): Promise<Page>
}

type ListingLimits = Pick<
  Limits,
  'listings_max' | 'listing_ms_max' | 'long_reply_characters_max' | 'store_page_records'
>

/** A sign beyond ASCII travels as six: `\u00e4`. */
const lengthOnWire = (row: Record<string, unknown>): number =>
  JSON.stringify(row).replaceAll(/[^\x20-\x7e]/g, '\\u0000').length

export const createListings = (
  world: Pick<World, 'now' | 'random'>,
  { listings_max, listing_ms_max, long_reply_characters_max, store_page_records }: ListingLimits,
): Listings => {
  const waiting = new Map<
    string,
    { readonly rest: AsyncIterator<Record<string, unknown>>; readonly until: number }
  >()

  const wait = (rest: AsyncIterator<Record<string, unknown>>): string => {
    for (const [cursor, { until }] of waiting) {
      // The oldest comes first; what nobody asks for makes room.
      if (until > world.now() && waiting.size < listings_max) break
      waiting.delete(cursor)
    }
    const cursor = world.random(16).toString('base64url')
    waiting.set(cursor, { rest, until: world.now() + listing_ms_max })
    return cursor
  }
  const taken = (cursor: string): AsyncIterator<Record<string, unknown>> => {
    const found = waiting.get(cursor)
    waiting.delete(cursor)
    if (found === undefined || found.until <= world.now()) {
      throw new OxdError('invalid_request', { what: 'This list is not known (any more): begin it anew.' })
    }
    return found.rest
  }

  return {
    async page(cursor, begin) {
      const rest = cursor === undefined ? begin()[Symbol.asyncIterator]() : taken(cursor)
      const rows: Record<string, unknown>[] = []
      // No row is near as long as the half that is left.
      for (let characters = 0; characters < long_reply_characters_max / 2;) {
        const { value, done } = await rest.next()
        if (done === true) return { rows, next_cursor: null }
        rows.push(value)
        characters += lengthOnWire(value)
        // The store answers without waiting: logins have their turn between its pages.
        if (rows.length % store_page_records === 0) await others()
      }
      return { rows, next_cursor: wait(rest) }
    },
  }
}
