// The journal of ended logins: nothing lost, nothing twice, nothing of another site, and a gap is said.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { createEndedLogins, type Ended, type EndedLogins, type EndedPage } from './ended_logins.ts'
import { LIMITS, type Limits } from './limits.ts'
import type { Engine, ListedRecord } from './store/engine.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore, type Store } from './store/store.ts'
import { realWorld } from './world.ts'

const SITE = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
const OTHER = '0fae0b92-9f24-4b0f-9d34-5e5c9b7e1c11'
const START = 1_750_000_000
const WEEK = LIMITS.ended_logins_seconds
const never = new AbortController().signal

/** As long as a test waits at most for what comes at once. */
const LONG_MS = 60_000

interface Process {
  readonly store: Store
  readonly journal: EndedLogins
  readonly ended: (login_id: string, oxd_id?: string) => Promise<boolean>
  readonly after: (
    cursor?: string,
    more?: { max?: number; wait_ms?: number; signal?: AbortSignal; oxd_id?: string },
  ) => Promise<EndedPage>
}

const setUp = (limits: Partial<Limits> = {}) => {
  const clock = { now: START }
  const engine = createMemoryEngine(() => clock.now)
  const start = (key = 1, at: Engine = engine): Process => {
    const world = { ...realWorld(() => {}), now: () => clock.now * 1000, random: randomBytes }
    const keys = createKeys(Buffer.alloc(32, key))
    const all = { ...LIMITS, ended_poll_ms: LONG_MS, ...limits }
    const store = createStore(at, keys, world, all)
    const journal = createEndedLogins(store, keys, world, all)
    return {
      store,
      journal,
      ended: (login_id, oxd_id = SITE) =>
        journal.end(oxd_id, async () => ({ ended: login(login_id, clock.now), writes: [] })),
      after: (cursor, { max = 100, wait_ms = 0, signal = never, oxd_id = SITE } = {}) =>
        journal.after(oxd_id, { cursor, max, wait_ms, signal }),
    }
  }
  return { clock, engine, start, ...start() }
}
const login = (login_id: string, at: number): Ended => ({
  login_id,
  sub: 'alice',
  sid: null,
  why: 'back_channel_logout',
  at,
})
const idsOf = ({ logins }: EndedPage): string[] => logins.map(({ login_id }) => login_id)

describe('the journal of ended logins', () => {
  test('tells what has ended, in order and once, page by page', async () => {
    const { clock, ended, after } = setUp()
    const nothing = await after()
    assert.deepEqual(nothing.logins, [])
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      clock.now += 10
      assert.equal(await ended(id), true)
    }
    const first = await after(undefined, { max: 2 })
    assert.deepEqual(first.logins, [login('a', START + 10), login('b', START + 20)])
    const second = await after(first.cursor, { max: 2 })
    const third = await after(second.cursor, { max: 2 })
    assert.deepEqual([idsOf(second), idsOf(third)], [['c', 'd'], ['e']])
    assert.deepEqual(await after(third.cursor), { logins: [], cursor: third.cursor })
    assert.deepEqual(idsOf(await after(nothing.cursor)), ['a', 'b', 'c', 'd', 'e'])
  })

  test('keeps sites apart', async () => {
    const { ended, after } = setUp()
    await ended('a')
    await ended('b', OTHER)
    assert.deepEqual(idsOf(await after()), ['a'])
    assert.deepEqual(idsOf(await after(undefined, { oxd_id: OTHER })), ['b'])
  })

  test('refuses a cursor of another site, a changed one, and what is none', async () => {
    const { ended, after } = setUp()
    await ended('a')
    await ended('b', OTHER)
    const { cursor } = await after()
    const bytes = Buffer.from(cursor, 'base64url')
    const changed = (at: number): string => {
      const copy = Buffer.from(bytes)
      copy.writeUInt8((copy[at] ?? 0) ^ 1, at)
      return copy.toString('base64url')
    }
    const foreign = (await after(undefined, { oxd_id: OTHER })).cursor
    const bad = [
      foreign,
      '',
      'x',
      `${cursor}=`,
      cursor.slice(0, -4),
      `${cursor}AAAA`,
      changed(0),
      changed(6),
      changed(12),
      changed(bytes.length - 1),
    ]
    for (const one of bad) await assert.rejects(() => after(one), { code: 'invalid_cursor' }, one)
    await assert.rejects(() => after(cursor, { oxd_id: OTHER }), { code: 'invalid_cursor' })
  })

  test('keeps a week, not a second more; a gap is said, and without a cursor what is kept is told', async () => {
    const { clock, ended, after } = setUp()
    const before = await after()
    await ended('a')
    const first = await after()
    clock.now = START + 1
    await ended('b')
    clock.now = START + 2
    await ended('c')
    clock.now = START + WEEK - 1
    assert.deepEqual(idsOf(await after(before.cursor)), ['a', 'b', 'c'])
    clock.now = START + WEEK
    await assert.rejects(() => after(before.cursor), { code: 'cursor_expired' })
    assert.deepEqual(idsOf(await after(first.cursor)), ['b', 'c'])
    clock.now = START + WEEK + 1
    await assert.rejects(() => after(first.cursor), { code: 'cursor_expired' })
    const kept = await after()
    assert.deepEqual(idsOf(kept), ['c'])
    // Nothing was lost after the last one, however long ago that is.
    clock.now = START + 10 * WEEK
    assert.deepEqual(idsOf(await after(kept.cursor)), [])
    assert.deepEqual(await after(), { ...kept, logins: [] })
    await ended('d')
    assert.deepEqual(idsOf(await after(kept.cursor)), ['d'])
  })

  test('finds the first that is kept among many', async () => {
    const { clock, ended, after } = setUp()
    for (let i = 1; i <= 40; i += 1) {
      clock.now += 1
      await ended(String(i))
    }
    for (const gone of [0, 1, 7, 31, 39, 40]) {
      clock.now = START + WEEK + gone
      assert.deepEqual(idsOf(await after())[0], gone === 40 ? undefined : String(gone + 1))
    }
  })

  test('a clock that is set back drops nothing early', async () => {
    const { clock, ended, after } = setUp()
    clock.now = START + 100
    await ended('a')
    clock.now = START
    await ended('b')
    clock.now = START + WEEK + 50
    assert.deepEqual(idsOf(await after()), ['a', 'b'])
  })

  test('a store that was put back, and went on, is noticed', async () => {
    const { engine, start, ended, after } = setUp()
    const copy = async (): Promise<readonly ListedRecord[]> => engine.list('', { limit: 99 })
    const empty = await after()
    await ended('a')
    const early = await after()
    const backup = await copy()
    await ended('b')
    const late = await after()
    for (const { key } of await copy()) await engine.remove(key)
    for (const { key, ...record } of backup)
      await engine.write(key, { ...record, expected: 0, durable: true })
    await assert.rejects(() => after(late.cursor), { code: 'cursor_expired' })
    await ended('other b')
    await assert.rejects(() => after(late.cursor), { code: 'cursor_expired' })
    await ended('other c')
    await assert.rejects(() => after(late.cursor), { code: 'cursor_expired' })
    assert.deepEqual(idsOf(await after(early.cursor)), ['other b', 'other c'])
    assert.deepEqual(idsOf(await after(empty.cursor)), ['a', 'other b', 'other c'])
    const elsewhere = start(
      2,
      createMemoryEngine(() => START),
    )
    await assert.rejects(() => elsewhere.after(late.cursor), { code: 'cursor_expired' })
  })

  test('is written with the end of the login, or neither is', async () => {
    const { store, journal, after } = setUp()
    const logins = store.kind<{ readonly name: string }>({ kind: 'live', durable: true })
    await logins.insert(['a'], { name: 'a' })
    const endOnce = () =>
      journal.end(SITE, async () => {
        const found = await logins.get(['a'])
        return found && { ended: login('a', START), writes: [logins.writes.spend(['a'], found)] }
      })
    const outcomes = await Promise.all(Array.from({ length: 50 }, endOnce))
    assert.equal(outcomes.filter((done) => done).length, 1)
    assert.deepEqual(idsOf(await after()), ['a'])
    await logins.insert(['b'], { name: 'b' })
    let tries = 0
    const impossible = async () => {
      tries += 1
      return { ended: login('b', START), writes: [logins.writes.insert(['b'], { name: 'b' })] }
    }
    await assert.rejects(() => journal.end(SITE, impossible), { code: 'site_changed' })
    assert.equal(tries, LIMITS.swap_tries_max)
    assert.deepEqual(idsOf(await after()), ['a'])
  })

  test('of a hundred ends in two processes none is lost, and none has the number of another', async () => {
    const { start, ended, after } = setUp({ swap_tries_max: 100 })
    const peer = start()
    const names = Array.from({ length: 100 }, (_, i) => String(i))
    await Promise.all(names.map((name, i) => (i % 2 === 0 ? ended : peer.ended)(name)))
    assert.deepEqual(idsOf(await after()).sort(), names.sort())
  })

  test('whoever waits is woken by what ends in this process, and gets all of it', async () => {
    const { ended, after } = setUp()
    const { cursor } = await after()
    const waiting = [1, 2, 3].map(() => after(cursor, { wait_ms: LONG_MS }))
    await ended('b', OTHER)
    await ended('a')
    for (const page of await Promise.all(waiting)) assert.deepEqual(idsOf(page), ['a'])
  })

  test('whoever waits finds what another process has written', async () => {
    const { start, ended, after } = setUp({ ended_poll_ms: 5 })
    const { cursor } = await after()
    const waiting = after(cursor, { wait_ms: LONG_MS })
    await start().ended('a')
    assert.deepEqual(idsOf(await waiting), ['a'])
    await ended('b')
  })

  test('what ends between look and wait is not slept over', async () => {
    const { engine, journal, ended, after } = setUp()
    const { cursor } = await after()
    const { read } = engine
    let reads = 0
    // The second look is that of the wait: as it reads the head, a login ends.
    const slow: Engine['read'] = async (key) => {
      const record = await read(key)
      reads += 1
      if (reads === 2) await ended('a')
      return record
    }
    Object.assign(engine, { read: slow })
    const page = await journal.after(SITE, { cursor, max: 9, wait_ms: LONG_MS, signal: never })
    assert.deepEqual(idsOf(page), ['a'])
  })

  test('a wait ends with its time, or with its caller, and has told nothing', async () => {
    const { after } = setUp()
    const { cursor } = await after()
    assert.deepEqual(await after(cursor, { wait_ms: 20 }), { logins: [], cursor })
    const gone = new AbortController()
    const waiting = after(cursor, { wait_ms: LONG_MS, signal: gone.signal })
    gone.abort()
    assert.deepEqual(await waiting, { logins: [], cursor })
    assert.deepEqual(await after(cursor, { wait_ms: LONG_MS, signal: gone.signal }), { logins: [], cursor })
  })

  test('so many wait at once, at one site and in all, and no more', async () => {
    const { ended, after } = setUp({ ended_site_waits_max: 2, ended_waits_max: 3 })
    const wait = (oxd_id = SITE) => after(undefined, { wait_ms: LONG_MS, oxd_id })
    const two = [wait(), wait()]
    await assert.rejects(() => wait(), { code: 'too_many_waits' })
    const third = wait(OTHER)
    await assert.rejects(() => wait('third site'), { code: 'too_many_waits' })
    // Who does not wait takes no place.
    assert.deepEqual((await after()).logins, [])
    await ended('a')
    await Promise.all(two)
    await ended('b', OTHER)
    await third
    const gone = AbortSignal.abort()
    for (let i = 0; i < 9; i += 1)
      await after(undefined, { wait_ms: LONG_MS, signal: gone, oxd_id: 'third site' })
  })

  test('forgets a site that is no more', async () => {
    const { engine, journal, ended, after } = setUp()
    await ended('a')
    const { cursor } = await after()
    await journal.forget(SITE)
    assert.equal((await engine.list('ended_head/', { limit: 9 })).length, 0)
    await assert.rejects(() => after(cursor), { code: 'cursor_expired' })
  })
})
