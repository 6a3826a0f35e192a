// The typed store: spend once, swap safely, and nothing readable or movable below it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { LogFields, LogLevel } from '../world.ts'
import type { Engine } from './engine.ts'
import { createMemoryEngine } from './memory.ts'
import { createKeys } from './seal.ts'
import { createStore } from './store.ts'

interface Site {
  readonly name: string
  readonly count: number
}

const START = 1_750_000_000
const LIMITS = { swap_tries_max: 16, store_page_records: 3, sweep_records: 2 }
const OXD_ID = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
const damaged = { code: 'store_damaged' }

const setUp = () => {
  const clock = { now: START }
  const engine = createMemoryEngine(() => clock.now)
  const lines: { level: LogLevel; message: string; fields: LogFields | undefined }[] = []
  const world = {
    random: randomBytes,
    log: (level: LogLevel, message: string, fields?: LogFields) =>
      void lines.push({ level, message, fields }),
  }
  const store = createStore(engine, createKeys(Buffer.alloc(32, 1)), world, LIMITS)
  const sites = store.kind<Site>({ kind: 'site', durable: true })
  return { clock, engine, lines, store, sites }
}
const site = (name: string, count = 0): Site => ({ name, count })

const only = async (engine: Engine, prefix = '') => {
  const [record, ...more] = await engine.list(prefix, { limit: 9 })
  assert.ok(record !== undefined && more.length === 0)
  return record
}
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('a kind', () => {
  test('lists a group by its first parts, page by page, and nothing of another', async () => {
    const { store } = setUp()
    const kind = store.kind<Site>({ kind: 'grouped', durable: true, group_parts: 2 })
    for (const name of ['1', '2', '3', '4', '5', '6', '7']) await kind.put(['a', 'b', name], site(name))
    await kind.put(['ab', '', '8'], site('8'))
    await kind.put(['a', 'c', '9'], site('9'))
    const names = async (group?: string[]) => (await all(kind.list(group))).map(({ value }) => value.name)
    assert.deepEqual((await names(['a', 'b'])).sort(), ['1', '2', '3', '4', '5', '6', '7'])
    assert.deepEqual(await names(['a', 'c']), ['9'])
    assert.deepEqual(await names(['a', 'd']), [])
    assert.equal((await names()).length, 9)
    await kind.remove(['a', 'c', '9'])
    assert.deepEqual(await names(['a', 'c']), [])
    assert.deepEqual((await kind.get(['a', 'b', '3']))?.value, site('3'))
  })

  test('lets others have their turn between the pages of a list', async () => {
    const { store } = setUp()
    const kind = store.kind<Site>({ kind: 'paged', durable: true })
    for (const name of ['1', '2', '3', '4', '5', '6', '7']) await kind.put([name], site(name))
    let turns = 0
    const count = (): void => {
      turns += 1
      if (turns < 9) setImmediate(count)
    }
    setImmediate(count)
    for await (const { value } of kind.list()) assert.ok(value)
    assert.equal(turns, 2, 'after two full pages of three')
  })

  test('keeps values under its ids, apart from other kinds', async () => {
    const { store, sites } = setUp()
    const others = store.kind<Site>({ kind: 'sites', durable: false })
    assert.equal(await sites.get(['a']), undefined)
    assert.equal(await sites.insert(['a'], site('é "\n')), true)
    assert.equal(await others.insert(['a'], site('other')), true)
    assert.deepEqual((await sites.get(['a']))?.value, site('é "\n'))
    assert.equal((await sites.get(['a']))?.expires_at, null)
    assert.equal(await sites.get(['a', '']), undefined)
    assert.equal(await sites.get([]), undefined)
    await sites.remove(['a'])
    assert.equal(await sites.get(['a']), undefined)
    assert.deepEqual((await others.get(['a']))?.value, site('other'))
  })

  test('refuses a name that could be mistaken for another', () => {
    const { store } = setUp()
    for (const kind of ['', 'a/b', 'A', 'site '])
      assert.throws(() => store.kind({ kind, durable: true }), TypeError)
  })

  test('put writes whatever is there, always under another version', async () => {
    const { sites } = setUp()
    await sites.put(['a'], site('one'))
    const one = await sites.get(['a'])
    await sites.put(['a'], site('two'), { expires_at: START + 5 })
    const two = await sites.get(['a'])
    assert.deepEqual([two?.value, two?.expires_at], [site('two'), START + 5])
    assert.notEqual(one?.version, two?.version)
    assert.ok(two !== undefined && two.version >= 1 && two.version <= 2 ** 31)
  })

  test('forgets at the expiry, and sweeps all that has expired', async () => {
    const { clock, engine, store, sites } = setUp()
    for (let i = 0; i < 5; i += 1) await sites.insert([`${i}`], site('old'), { expires_at: START + 5 })
    await sites.insert(['kept'], site('kept'))
    clock.now = START + 5
    assert.equal(await sites.get(['0']), undefined)
    assert.equal(await sites.insert(['0'], site('new'), { expires_at: START + 9 }), true)
    assert.equal(await store.sweep(), 4)
    assert.equal((await engine.list('', { limit: 9 })).length, 2)
  })

  test('of fifty inserters and fifty takers one succeeds', async () => {
    const { sites } = setUp()
    const fifty = Array.from({ length: 50 }, (_, i) => i)
    const inserted = await Promise.all(fifty.map((i) => sites.insert(['a'], site('a', i))))
    assert.deepEqual(
      inserted.filter((done) => done),
      [true],
    )
    const taken = await Promise.all(fifty.map(() => sites.take(['a'])))
    assert.deepEqual(
      taken.filter((value) => value !== undefined),
      [site('a', inserted.indexOf(true))],
    )
  })

  test('update: no change of concurrent callers is lost', async () => {
    const { sites, store } = setUp()
    // As in another process: the two do not know of each other.
    const peers = store.kind<Site>({ kind: 'site', durable: true })
    await sites.insert(['a'], site('a'), { expires_at: START + 5 })
    const change = (value: Site) => site(value.name, value.count + 1)
    const updated = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? sites : peers).update(['a'], change)),
    )
    const found = await sites.get(['a'])
    assert.deepEqual([found?.value.count, found?.expires_at], [10, START + 5])
    assert.deepEqual(
      updated.map((one) => one?.value.count).sort((a = 0, b = 0) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
    assert.equal((await sites.update(['a'], change, { expires_at: null }))?.expires_at, null)
    assert.equal((await sites.get(['a']))?.expires_at, null)
    assert.equal(await sites.update(['b'], change), undefined)
    assert.equal(await sites.get(['b']), undefined)
  })

  test('update: of this process any number may come at once', async () => {
    const { sites } = setUp()
    await sites.insert(['a'], site('a'))
    const many = 3 * LIMITS.swap_tries_max
    const change = (value: Site) => site(value.name, value.count + 1)
    await Promise.all(Array.from({ length: many }, () => sites.update(['a'], change)))
    assert.equal((await sites.get(['a']))?.value.count, many)
  })

  test('update gives up when others are always faster, and says so', async () => {
    const { sites } = setUp()
    await sites.insert(['a'], site('a'))
    let tries = 0
    const overtaken = sites.update(['a'], () => {
      tries += 1
      void sites.put(['a'], site('faster', tries))
      return site('slower')
    })
    await assert.rejects(overtaken, { code: 'site_changed' })
    assert.equal(tries, LIMITS.swap_tries_max)
    assert.deepEqual((await sites.get(['a']))?.value, site('faster', tries))
  })

  test('update does not overwrite a record that was made anew meanwhile', async () => {
    const { sites } = setUp()
    await sites.insert(['a'], site('old'))
    let tries = 0
    await sites.update(['a'], (value) => {
      tries += 1
      if (tries === 1) {
        void sites.remove(['a'])
        void sites.insert(['a'], site('new'))
      }
      return site(`${value.name} changed`)
    })
    assert.deepEqual((await sites.get(['a']))?.value, site('new changed'))
  })

  test('a commit writes all of its records, of any kinds, or none', async () => {
    const { store, sites } = setUp()
    const others = store.kind<Site>({ kind: 'other', durable: false })
    await sites.insert(['a'], site('a'), { expires_at: START + 5 })
    await sites.insert(['b'], site('b'))
    await others.insert(['a'], site('other'))
    const a = await sites.get(['a'])
    const b = await sites.get(['b'])
    assert.ok(a !== undefined && b !== undefined)
    const changes = [
      sites.writes.swap(['a'], a, site('a', 1)),
      sites.writes.spend(['b'], b),
      sites.writes.put(['c'], site('c'), { expires_at: START + 9 }),
      others.writes.insert(['b'], site('other b')),
      others.writes.remove(['a']),
    ]
    assert.equal(await store.commit([...changes, others.writes.insert(['c'], site('other c'))]), true)
    const [swapped, put] = [await sites.get(['a']), await sites.get(['c'])]
    assert.deepEqual(
      [swapped?.value, swapped?.version, swapped?.expires_at],
      [site('a', 1), a.version + 1, START + 5],
    )
    assert.deepEqual([put?.value, put?.expires_at], [site('c'), START + 9])
    assert.equal(await sites.get(['b']), undefined)
    assert.deepEqual((await all(others.list())).map(({ value }) => value.name).sort(), ['other b', 'other c'])
    assert.equal(await store.commit([...changes, sites.writes.remove(['d'])]), false)
    assert.equal(await store.commit([sites.writes.remove(['c']), sites.writes.spend(['a'], a)]), false)
    assert.deepEqual((await sites.get(['c']))?.value, site('c'))
    const kept = { expires_at: null }
    assert.equal(await store.commit([sites.writes.swap(['a'], swapped ?? a, site('a', 2), kept)]), true)
    assert.equal((await sites.get(['a']))?.expires_at, null)
  })

  test('a record occurs once in a commit', async () => {
    const { store, sites } = setUp()
    const twice = [sites.writes.put(['a'], site('one')), sites.writes.remove(['a'])]
    await assert.rejects(() => store.commit(twice), TypeError)
    assert.equal(await sites.get(['a']), undefined)
  })

  test('of fifty commits that spend a record one succeeds', async () => {
    const { store, sites } = setUp()
    await sites.insert(['a'], site('a'))
    const found = await sites.get(['a'])
    assert.ok(found !== undefined)
    const ended = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        store.commit([sites.writes.spend(['a'], found), sites.writes.insert([`end ${i}`], site('end', i))]),
      ),
    )
    assert.equal(ended.filter((done) => done).length, 1)
    assert.deepEqual(
      (await all(sites.list())).map(({ value }) => value),
      [site('end', ended.indexOf(true))],
    )
  })

  test('a failing change and a failing engine reach the caller', async () => {
    const { sites, store } = setUp()
    await sites.insert(['a'], site('a'))
    const failing = () => {
      throw new Error('no')
    }
    await assert.rejects(() => sites.update(['a'], failing), /no/)
    await store.close()
    const verbs: readonly (() => Promise<unknown>)[] = [
      () => sites.get(['a']),
      () => sites.insert(['a'], site('b')),
      () => sites.put(['a'], site('b')),
      () => sites.update(['a'], (value) => value),
      () => store.commit([sites.writes.remove(['a'])]),
      () => sites.take(['a']),
      () => sites.remove(['a']),
      () => all(sites.list()),
      () => store.sweep(),
    ]
    for (const verb of verbs) await assert.rejects(verb, { code: 'store_unreachable' })
  })
})

describe('below the store', () => {
  test('the engine sees neither ids nor values', async () => {
    const { engine, sites } = setUp()
    await sites.insert([OXD_ID, 'state-1'], site('hush'))
    const { key, body } = await only(engine)
    assert.match(key, /^site\/[\w-]{43}$/)
    for (const secret of [OXD_ID, 'state-1', 'hush', 'name'])
      assert.ok(!key.includes(secret) && !Buffer.from(body).includes(secret))
  })

  test('a body that was moved, changed or given another version or expiry is damaged, never absent', async () => {
    const { engine, store, sites } = setUp()
    const others = store.kind<Site>({ kind: 'other', durable: true })
    await sites.insert(['a'], site('a'), { expires_at: START + 5 })
    await others.insert(['a'], site('other'))
    const a = await only(engine, 'site/')
    const other = await only(engine, 'other/')
    await sites.put(['b'], site('b'), { expires_at: START + 5 })
    const b = (await engine.list('site/', { limit: 9 })).find(({ key }) => key !== a.key)
    assert.ok(b !== undefined)
    const flipped = Uint8Array.from(a.body)
    flipped.set([(flipped.at(-20) ?? 0) ^ 1], flipped.length - 20)
    const harms = [
      { ...a, body: flipped },
      { ...a, body: b.body, version: b.version },
      { ...a, body: other.body, version: other.version, expires_at: other.expires_at },
      { ...a, version: a.version + 1 },
      { ...a, expires_at: START + 500 },
      { ...a, expires_at: null },
      { ...a, body: new Uint8Array(0) },
    ]
    for (const harm of harms) {
      const restore = () => engine.write(a.key, { ...harm, expected: 'any', durable: true })
      await restore()
      await assert.rejects(() => sites.get(['a']), damaged)
      await assert.rejects(() => sites.update(['a'], (value) => value), damaged)
      assert.equal(await sites.insert(['a'], site('again')), false)
      await assert.rejects(() => sites.take(['a']), damaged)
    }
    await engine.write(a.key, { ...a, expected: 'any', durable: true })
    assert.deepEqual((await sites.get(['a']))?.value, site('a'))
  })

  test('list gives every record over all pages; one damaged is logged, not in the way', async () => {
    const { engine, lines, sites } = setUp()
    assert.deepEqual(await all(sites.list()), [])
    const names = Array.from({ length: 7 }, (_, i) => `site ${i}`)
    for (const name of names) await sites.insert([name], site(name))
    const listed = async () => (await all(sites.list())).map(({ value }) => value.name).sort()
    assert.deepEqual(await listed(), names)
    assert.equal(lines.length, 0)
    const [first] = await engine.list('site/', { limit: 1 })
    assert.ok(first !== undefined)
    await engine.write(first.key, { ...first, body: new Uint8Array(99), expected: 'any', durable: true })
    assert.equal((await listed()).length, 6)
    assert.equal(lines.length, 1)
    assert.deepEqual([lines[0]?.level, lines[0]?.fields], ['error', { kind: 'site' }])
  })
})
