// What every storage engine must do: one suite, run by the test of each engine.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Engine, EngineChange, EngineRecord, EngineWrite, SecondsClock } from '../store/engine.ts'

/** Makes an empty engine on the given clock, and a second door to the same records (the engine itself if it has only one). */
export type MakeEngine = (
  t: TestContext,
  now: SecondsClock,
) => Promise<{ readonly engine: Engine; readonly peer: Engine }>

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const textOf = (record: EngineRecord | undefined): string | undefined =>
  record && Buffer.from(record.body).toString()

const writing = (body: string, changes: Partial<EngineWrite> = {}): EngineWrite => ({
  expected: 0,
  version: 1,
  body: bytes(body),
  expires_at: null,
  durable: false,
  ...changes,
})
const count = <T>(items: readonly T[], wanted: T): number => items.filter((item) => item === wanted).length

const START = 1_750_000_000
const MANY = 50

export const engineContract = (name: string, make: MakeEngine): void => {
  const setUp = async (t: TestContext) => {
    const clock = { now: START }
    return { clock, ...(await make(t, () => clock.now)) }
  }

  describe(`the engine contract: ${name}`, () => {
    test('what was written is read, by any door', async (t) => {
      const { engine, peer } = await setUp(t)
      assert.equal(await engine.read('site/a'), undefined)
      assert.equal(await engine.write('site/a', writing('one', { version: 7, durable: true })), 'written')
      for (const door of [engine, peer]) {
        const record = await door.read('site/a')
        assert.equal(textOf(record), 'one')
        assert.equal(record?.version, 7)
        assert.equal(record?.expires_at, null)
      }
    })

    test('a write that expects absence is refused by what is there', async (t) => {
      const { engine, peer } = await setUp(t)
      await engine.write('site/a', writing('one'))
      assert.equal(await peer.write('site/a', writing('two', { version: 2 })), 'conflict')
      assert.equal(textOf(await engine.read('site/a')), 'one')
    })

    test('compare-and-swap: only the writer who knows the version writes', async (t) => {
      const { engine, peer } = await setUp(t)
      assert.equal(await engine.write('site/a', writing('none', { expected: 3, version: 4 })), 'conflict')
      assert.equal(await engine.read('site/a'), undefined)
      await engine.write('site/a', writing('one', { version: 3 }))
      assert.equal(await peer.write('site/a', writing('two', { expected: 2, version: 4 })), 'conflict')
      assert.equal(await peer.write('site/a', writing('two', { expected: 3, version: 4 })), 'written')
      assert.equal(await engine.write('site/a', writing('late', { expected: 3, version: 4 })), 'conflict')
      const record = await engine.read('site/a')
      assert.deepEqual([textOf(record), record?.version], ['two', 4])
    })

    test('a write that expects anything replaces version, body and expiry', async (t) => {
      const { engine } = await setUp(t)
      await engine.write('site/a', writing('one', { version: 3, expires_at: START + 10 }))
      assert.equal(await engine.write('site/a', writing('two', { expected: 'any', version: 9 })), 'written')
      assert.equal(await engine.write('site/b', writing('new', { expected: 'any' })), 'written')
      const record = await engine.read('site/a')
      assert.deepEqual([textOf(record), record?.version, record?.expires_at], ['two', 9, null])
      assert.equal(textOf(await engine.read('site/b')), 'new')
    })

    test('take gives a record once', async (t) => {
      const { engine, peer } = await setUp(t)
      await engine.write('login/a', writing('one', { version: 5, expires_at: START + 10 }))
      const taken = await peer.take('login/a')
      assert.deepEqual([textOf(taken), taken?.version, taken?.expires_at], ['one', 5, START + 10])
      assert.equal(await engine.take('login/a'), undefined)
      assert.equal(await engine.read('login/a'), undefined)
    })

    test(`of ${MANY} concurrent takers exactly one gets the record`, async (t) => {
      const { engine, peer } = await setUp(t)
      await engine.write('login/a', writing('one'))
      const doors = Array.from({ length: MANY }, (_, i) => (i % 2 === 0 ? engine : peer))
      const taken = await Promise.all(doors.map((door) => door.take('login/a')))
      assert.equal(count(taken.map(textOf), 'one'), 1)
      assert.equal(count(taken, undefined), MANY - 1)
    })

    test(`of ${MANY} concurrent inserters and of ${MANY} swappers exactly one writes`, async (t) => {
      const { engine, peer } = await setUp(t)
      const race = (changes: Partial<EngineWrite>) =>
        Promise.all(
          Array.from({ length: MANY }, (_, i) =>
            (i % 2 === 0 ? engine : peer).write('spent/a', writing(String(i), changes)),
          ),
        )
      for (const outcomes of [await race({}), await race({ expected: 1, version: 2, durable: true })]) {
        assert.equal(count(outcomes, 'written'), 1)
        const winner = outcomes.indexOf('written')
        assert.equal(textOf(await engine.read('spent/a')), String(winner))
      }
    })

    test('a commit writes and deletes all of its records, for any door', async (t) => {
      const { engine, peer } = await setUp(t)
      await engine.write('login/a', writing('one', { version: 3 }))
      await engine.write('login/b', writing('two'))
      await engine.write('log/1', writing('old', { expires_at: START + 5 }))
      const outcome = await engine.commit([
        { key: 'login/a', expected: 3, removed: true },
        { key: 'login/b', expected: 'any', removed: true },
        { key: 'login/none', expected: 'any', removed: true },
        { key: 'log/1', ...writing('new', { expected: 1, version: 2, durable: true }) },
        { key: 'log/2', ...writing('added', { expires_at: START + 9 }) },
        { key: 'log/3', ...writing('put', { expected: 'any' }) },
      ])
      assert.equal(outcome, 'written')
      const listed = [
        ...(await peer.list('log/', { limit: 9 })),
        ...(await peer.list('login/', { limit: 9 })),
      ]
      assert.deepEqual(
        listed.map((record) => [record.key, textOf(record), record.version, record.expires_at]),
        [
          ['log/1', 'new', 2, null],
          ['log/2', 'added', 1, START + 9],
          ['log/3', 'put', 1, null],
        ],
      )
      assert.equal(await engine.commit([]), 'written')
    })

    test('a commit of which one expectation fails, wherever it stands, changes nothing', async (t) => {
      const { engine, peer, clock } = await setUp(t)
      await engine.write('k/a', writing('one', { version: 3 }))
      await engine.write('k/old', writing('old', { version: 3, expires_at: START + 1 }))
      clock.now = START + 1
      const before = await engine.list('', { limit: 9 })
      const good: readonly EngineChange[] = [
        { key: 'k/a', ...writing('changed', { expected: 3, version: 4 }) },
        { key: 'k/b', ...writing('added') },
        { key: 'k/c', expected: 'any', removed: true },
      ]
      const bad: readonly EngineChange[] = [
        { key: 'k/x', ...writing('', { expected: 1 }) },
        { key: 'k/x', expected: 1, removed: true },
        { key: 'k/old', expected: 3, removed: true },
        { key: 'k/old', ...writing('', { expected: 3 }) },
      ]
      for (const change of bad) {
        for (const changes of [
          [change, ...good],
          [...good, change],
        ])
          assert.equal(await engine.commit(changes), 'conflict')
        assert.deepEqual(await peer.list('', { limit: 9 }), before)
      }
      for (const change of [writing('', { expected: 0 }), writing('', { expected: 2 })])
        assert.equal(await engine.commit([...good.slice(1), { key: 'k/a', ...change }]), 'conflict')
      assert.equal(
        await engine.commit([...good.slice(1), { key: 'k/a', expected: 2, removed: true }]),
        'conflict',
      )
      assert.deepEqual(await peer.list('', { limit: 9 }), before)
      assert.equal(await peer.commit([...good, { key: 'k/old', ...writing('anew') }]), 'written')
      assert.equal(textOf(await engine.read('k/old')), 'anew')
    })

    test(`of ${MANY} concurrent commits that spend one record exactly one succeeds, whole`, async (t) => {
      const { engine, peer } = await setUp(t)
      await engine.write('login/a', writing('one', { version: 5 }))
      const outcomes = await Promise.all(
        Array.from({ length: MANY }, (_, i) =>
          (i % 2 === 0 ? engine : peer).commit([
            { key: `log/${i}`, ...writing(String(i)) },
            { key: 'login/a', expected: 5, removed: true },
          ]),
        ),
      )
      assert.equal(count(outcomes, 'written'), 1)
      assert.deepEqual((await engine.list('log/', { limit: MANY })).map(textOf), [
        String(outcomes.indexOf('written')),
      ])
    })

    test(`${MANY} committers who try again after a conflict fill a sequence without a gap`, async (t) => {
      const { engine, peer } = await setUp(t)
      const append = async (door: Engine, body: string): Promise<void> => {
        for (let tries = 0; tries <= MANY; tries += 1) {
          const last = (await door.read('sequence/a'))?.version ?? 0
          const outcome = await door.commit([
            { key: 'sequence/a', ...writing('', { expected: last, version: last + 1 }) },
            { key: `log/${last + 1}`, ...writing(body) },
          ])
          if (outcome === 'written') return
        }
        assert.fail('always overtaken')
      }
      const bodies = Array.from({ length: MANY }, (_, i) => String(i))
      await Promise.all(bodies.map((body, i) => append(i % 2 === 0 ? engine : peer, body)))
      assert.equal((await engine.read('sequence/a'))?.version, MANY)
      const listed = await engine.list('log/', { limit: 2 * MANY })
      assert.deepEqual(listed.map(({ key }) => key).sort(), bodies.map((i) => `log/${Number(i) + 1}`).sort())
      assert.deepEqual(listed.map(textOf).sort(), [...bodies].sort())
    })

    test('remove deletes one record, and does nothing where none is', async (t) => {
      const { engine } = await setUp(t)
      await engine.write('site/a', writing('one'))
      await engine.write('site/ab', writing('two'))
      await engine.remove('site/a')
      await engine.remove('site/a')
      assert.equal(await engine.read('site/a'), undefined)
      assert.equal(textOf(await engine.read('site/ab')), 'two')
    })

    test('from its expiry on a record is absent to every verb, and can be written anew', async (t) => {
      const { engine, clock } = await setUp(t)
      for (const key of ['k/a', 'k/b', 'k/c'])
        await engine.write(key, writing(key, { expires_at: START + 10 }))
      clock.now = START + 9
      assert.equal(textOf(await engine.read('k/a')), 'k/a')
      assert.equal((await engine.list('k/', { limit: 9 })).length, 3)
      assert.equal(await engine.write('k/a', writing('early')), 'conflict')
      clock.now = START + 10
      assert.equal(await engine.read('k/a'), undefined)
      assert.equal(await engine.take('k/b'), undefined)
      assert.deepEqual(await engine.list('k/', { limit: 9 }), [])
      assert.equal(await engine.write('k/c', writing('late', { expected: 1, version: 2 })), 'conflict')
      assert.equal(await engine.write('k/a', writing('again', { expires_at: START + 20 })), 'written')
      assert.equal(await engine.write('k/a', writing('twice', { expires_at: START + 20 })), 'conflict')
      assert.equal(textOf(await engine.read('k/a')), 'again')
    })

    test('sweep deletes what has expired, in batches, and nothing else', async (t) => {
      const { engine, clock } = await setUp(t)
      for (let i = 0; i < 5; i += 1) await engine.write(`old/${i}`, writing('old', { expires_at: START + 1 }))
      await engine.write('new/a', writing('new', { expires_at: START + 3 }))
      await engine.write('site/a', writing('site'))
      assert.equal(await engine.sweep(9), 0)
      clock.now = START + 2
      assert.equal(await engine.sweep(3), 3)
      assert.equal(await engine.sweep(3), 2)
      assert.equal(await engine.sweep(3), 0)
      assert.equal(textOf(await engine.read('new/a')), 'new')
      assert.equal(textOf(await engine.read('site/a')), 'site')
      // Gone, not only hidden: it does not come back with a clock that is set back.
      clock.now = START
      assert.equal(await engine.read('old/0'), undefined)
    })

    test('list takes a prefix literally', async (t) => {
      const { engine } = await setUp(t)
      const prefixes = ['a/', 'a%', 'a_', 'a*', 'a?', 'a[b]', "a'", 'a"', 'a\\', 'a~', 'A/', '!', '~']
      for (const prefix of prefixes)
        for (const rest of ['', '!', 'x', '~~']) await engine.write(prefix + rest, writing('x'))
      for (const prefix of prefixes) {
        const keys = (await engine.list(prefix, { limit: 99 })).map(({ key }) => key)
        assert.deepEqual(
          keys,
          ['', '!', 'x', '~~'].map((rest) => prefix + rest),
        )
      }
      const all = (await engine.list('', { limit: 99 })).map(({ key }) => key)
      assert.equal(all.length, prefixes.length * 4)
      assert.deepEqual(all, [...all].sort())
    })

    test('list gives whole records, page after page', async (t) => {
      const { engine, peer } = await setUp(t)
      for (const i of [3, 1, 0, 4, 2]) await engine.write(`k/${i}`, writing(`body ${i}`, { version: i + 1 }))
      const first = await peer.list('k/', { limit: 2 })
      const second = await peer.list('k/', { limit: 2, after: 'k/1' })
      const third = await peer.list('k/', { limit: 2, after: 'k/3' })
      assert.deepEqual(
        [first, second, third].map((page) => page.map(({ key }) => key)),
        [['k/0', 'k/1'], ['k/2', 'k/3'], ['k/4']],
      )
      assert.deepEqual(
        second.map((record) => [textOf(record), record.version, record.expires_at]),
        [
          ['body 2', 3, null],
          ['body 3', 4, null],
        ],
      )
      assert.deepEqual(await peer.list('k/', { limit: 2, after: 'k/4' }), [])
    })

    test('bodies of all bytes, of none and of 4 MiB come back as they were, and are nobody else’s', async (t) => {
      const { engine } = await setUp(t)
      const bodies = [
        Uint8Array.from({ length: 256 }, (_, i) => i),
        new Uint8Array(0),
        new Uint8Array(4_194_304).fill(0xa5),
      ]
      for (const [i, body] of bodies.entries()) {
        await engine.write(`b/${i}`, writing('', { body }))
        const record = await engine.read(`b/${i}`)
        assert.ok(record !== undefined && Buffer.from(body).equals(record.body))
      }
      const keepers: readonly ((write: EngineWrite) => Promise<unknown>)[] = [
        (write) => engine.write('b/mine', write),
        (write) => engine.commit([{ key: 'b/mine', ...write }]),
      ]
      for (const keep of keepers) {
        const mine = bytes('mine')
        await keep(writing('', { body: mine, expected: 'any' }))
        mine.fill(0)
        ;(await engine.read('b/mine'))?.body.fill(0)
        assert.equal(textOf(await engine.read('b/mine')), 'mine')
      }
    })

    test('a closed engine is unreachable, never empty', async (t) => {
      const { engine } = await setUp(t)
      await engine.write('site/a', writing('one'))
      await engine.close()
      await engine.close()
      const verbs: readonly (() => Promise<unknown>)[] = [
        () => engine.read('site/a'),
        () => engine.write('site/a', writing('two')),
        () => engine.commit([{ key: 'site/a', ...writing('two') }]),
        () => engine.take('site/a'),
        () => engine.remove('site/a'),
        () => engine.list('site/', { limit: 1 }),
        () => engine.sweep(1),
      ]
      for (const verb of verbs) await assert.rejects(verb, { code: 'store_unreachable' })
    })
  })
}
