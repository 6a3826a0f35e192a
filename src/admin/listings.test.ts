// Long lists: a cursor is good once and for a while, and lists that nobody reads to their end do not pile up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { realWorld } from '../world.ts'
import { createListings } from './listings.ts'

const makeListings = () => {
  const clock = { now: 1_000 }
  const world = { ...realWorld(() => {}), now: () => clock.now }
  const limits = { ...LIMITS, long_reply_characters_max: 20, listings_max: 2, listing_ms_max: 100 }
  return { clock, listings: createListings(world, limits) }
}
async function* upTo(count: number): AsyncGenerator<Record<string, unknown>> {
  for (let n = 1; n <= count; n += 1) yield { n }
}
const gone = (work: Promise<unknown>): Promise<void> =>
  assert.rejects(work, (error) => error instanceof OxdError && error.code === 'invalid_request')
const never = () => assert.fail('a list that was begun is not begun anew')

describe('a list in pages', () => {
  it('goes on where it was left, and ends', async () => {
    const { listings } = makeListings()
    const first = await listings.page(undefined, () => upTo(3))
    assert.deepEqual(first.rows, [{ n: 1 }, { n: 2 }])
    const last = await listings.page(first.next_cursor ?? '', never)
    assert.deepEqual(last, { rows: [{ n: 3 }], next_cursor: null })
    assert.deepEqual(await listings.page(undefined, () => upTo(0)), { rows: [], next_cursor: null })
  })

  it('has cursors that are good once, and for a while', async () => {
    const { listings, clock } = makeListings()
    const { next_cursor } = await listings.page(undefined, () => upTo(9))
    const second = await listings.page(next_cursor ?? '', never)
    await gone(listings.page(next_cursor ?? '', never))
    clock.now += 100
    await gone(listings.page(second.next_cursor ?? '', never))
    await gone(listings.page('nonsense', never))
  })

  it('makes room for a new one when too many wait', async () => {
    const { listings, clock } = makeListings()
    const cursors: string[] = []
    for (let lists = 0; lists < 3; lists += 1) {
      cursors.push((await listings.page(undefined, () => upTo(9))).next_cursor ?? '')
      clock.now += 1
    }
    await gone(listings.page(cursors[0], never))
    assert.equal((await listings.page(cursors[1], never)).rows.length, 2)
    assert.equal((await listings.page(cursors[2], never)).rows.length, 2)
  })
})
