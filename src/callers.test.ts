// Callers: a key is shown once and kept as its hash, two are good while they change, and what is dropped is worth nothing.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createCallers, isCallerKey, type Caller } from './callers.ts'
import { OxdError, type ErrorCode } from './error.ts'
import { LIMITS, type Limits } from './limits.ts'
import type { Engine } from './store/engine.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { realWorld } from './world.ts'

const CERTIFICATE = 'ab'.repeat(32)

const makeCallers = (overrides: Partial<Limits> = {}) => {
  const limits = { ...LIMITS, ...overrides }
  const world = realWorld(() => {})
  const engine = createMemoryEngine(() => world.now() / 1_000)
  let overtaken = false
  const commit: Engine['commit'] = async (changes) => (overtaken ? 'conflict' : engine.commit(changes))
  const store = createStore({ ...engine, commit }, createKeys(randomBytes(32)), world, limits)
  /** Others are always faster. */
  const overtake = () => void (overtaken = true)
  return { callers: createCallers(store, world, limits), engine, store, overtake }
}
const refused = (work: Promise<unknown>, code: ErrorCode): Promise<void> =>
  assert.rejects(work, (error) => error instanceof OxdError && error.code === code)
const listed = async (list: AsyncIterable<Caller>): Promise<Caller[]> => {
  const all: Caller[] = []
  for await (const caller of list) all.push(caller)
  return all
}

describe('a caller', () => {
  it('is found by its key, of which only the hash is kept', async () => {
    const { callers } = makeCallers()
    const { key, caller } = await callers.add('shop', ['a'])
    assert.match(key, /^oxd_key_[\w-]{43}$/)
    assert.ok(isCallerKey(key))
    assert.deepEqual(await callers.ofKey(key), caller)
    assert.equal(caller.credentials[0]?.sha256, createHash('sha256').update(key).digest('hex'))
    assert.ok(!JSON.stringify(await listed(callers.list())).includes(key))
    for (const wrong of ['', 'oxd_key_', key.slice(0, -1), `${key}A`, key.toUpperCase(), `${key} `]) {
      assert.equal(await callers.ofKey(wrong), undefined, wrong)
    }
  })

  it('has a name of its own, and one that can be typed', async () => {
    const { callers } = makeCallers()
    const { key } = await callers.add('shop', 'all')
    await refused(callers.add('shop', ['b']), 'caller_exists')
    assert.equal((await callers.ofKey(key))?.sites, 'all', 'what was there stays')
    for (const name of ['', 'a b', 'a/b', '\u202eshop', 'x'.repeat(65), '__proto__\n']) {
      await refused(callers.add(name, 'all'), 'invalid_request')
    }
    await callers.add('__proto__', ['b'])
    assert.equal((await listed(callers.list())).length, 2)
  })

  it('of several that bring one certificate at once, or take one name, one gets it', async () => {
    const { callers, store } = makeCallers()
    const names = ['a', 'b', 'c']
    const bring = (certificate: string) =>
      Promise.allSettled(
        names.map((name) => callers.addCertificate(`${name}${certificate.slice(0, 2)}`, 'all', certificate)),
      )
    const brought = await bring(CERTIFICATE)
    // An entry that was left behind counts for nothing, but only one takes its place.
    const left = 'cd'.repeat(32)
    const credentials = store.kind<{ name: string }>({ kind: 'caller_credential', durable: true })
    await credentials.put(['certificate', left], { name: 'gone' })
    const inherited = await bring(left)
    const named = await Promise.allSettled(names.map(() => callers.add('shop', 'all')))
    for (const outcomes of [brought, inherited, named])
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await listed(callers.list())).length, 3)
  })

  it('may be known by a certificate, which is of one caller alone', async () => {
    const { callers } = makeCallers()
    const caller = await callers.addCertificate('shop', ['a'], CERTIFICATE)
    assert.deepEqual(await callers.ofCertificate(CERTIFICATE), caller)
    assert.equal(await callers.ofKey(CERTIFICATE), undefined)
    await refused(callers.addCertificate('thief', 'all', CERTIFICATE), 'caller_exists')
    assert.equal((await callers.ofCertificate(CERTIFICATE))?.name, 'shop')
    await refused(callers.addCertificate('x', 'all', CERTIFICATE.toUpperCase()), 'invalid_request')
    // The hash of a key is no certificate, and the other way round.
    const { caller: other } = await callers.add('other', 'all')
    assert.equal(await callers.ofCertificate(other.credentials[0]?.sha256 ?? ''), undefined)
    await callers.remove('shop')
    await callers.addCertificate('heir', 'all', CERTIFICATE)
    assert.equal((await callers.ofCertificate(CERTIFICATE))?.name, 'heir')
  })
})

describe('changing the key', () => {
  it('leaves the old one good until it is dropped', async () => {
    const { callers } = makeCallers()
    const { key: old } = await callers.add('shop', ['a'])
    const { key: fresh } = await callers.rotate('shop')
    assert.notEqual(fresh, old)
    assert.equal((await callers.ofKey(old))?.name, 'shop')
    assert.equal((await callers.ofKey(fresh))?.name, 'shop')
    await callers.dropOld('shop')
    assert.equal(await callers.ofKey(old), undefined)
    assert.equal((await callers.ofKey(fresh))?.name, 'shop')
    assert.deepEqual((await callers.dropOld('shop')).credentials.length, 1, 'dropping again drops nothing')
  })

  it('never leaves more than two', async () => {
    const { callers } = makeCallers()
    const keys = [(await callers.add('shop', 'all')).key]
    for (let times = 0; times < 3; times += 1) keys.push((await callers.rotate('shop')).key)
    const good = await Promise.all(keys.map(async (key) => (await callers.ofKey(key)) !== undefined))
    assert.deepEqual(good, [false, false, true, true])
  })

  it('leaves nothing behind of what was dropped or removed', async () => {
    const { callers, engine } = makeCallers()
    await callers.add('shop', 'all')
    await callers.rotate('shop')
    await callers.rotate('shop')
    assert.equal((await engine.list('caller_credential/', { limit: 10 })).length, 2)
    await callers.dropOld('shop')
    assert.equal((await engine.list('caller_credential/', { limit: 10 })).length, 1)
    assert.ok(await callers.remove('shop'))
    assert.equal((await engine.list('caller', { limit: 10 })).length, 0)
    assert.ok(!(await callers.remove('shop')))
    await refused(callers.rotate('shop'), 'unknown_caller')
    assert.equal((await engine.list('caller', { limit: 10 })).length, 0)
  })

  it('of a name that was given anew does not revive the keys of before', async () => {
    const { callers } = makeCallers()
    const { key: old } = await callers.add('shop', 'all')
    await callers.remove('shop')
    await callers.add('shop', ['b'])
    assert.equal(await callers.ofKey(old), undefined)
  })

  it('is not said to be done when others are always faster', async () => {
    const { callers, overtake } = makeCallers()
    const { key } = await callers.add('shop', 'all')
    overtake()
    for (const change of [callers.rotate, callers.dropOld, callers.remove])
      await refused(change('shop'), 'site_changed')
    assert.equal((await callers.ofKey(key))?.name, 'shop')
  })

  it('asks for a caller that there is', async () => {
    const { callers } = makeCallers()
    await refused(callers.dropOld('shop'), 'unknown_caller')
    await refused(callers.give('shop', 'a'), 'unknown_caller')
  })
})

describe('the sites of a caller', () => {
  it('grow by what it registers, each once, also when it registers several at once', async () => {
    const { callers } = makeCallers()
    const { key } = await callers.add('shop', ['a'])
    await Promise.all(['b', 'c', 'b', 'a'].map((oxd_id) => callers.give('shop', oxd_id)))
    assert.deepEqual([...((await callers.ofKey(key))?.sites ?? [])].sort(), ['a', 'b', 'c'])
  })

  it('are bounded, except for a caller that may operate all', async () => {
    const { callers } = makeCallers({ caller_sites_max: 2 })
    await callers.add('shop', ['a'])
    await callers.give('shop', 'b')
    await callers.give('shop', 'b')
    await refused(callers.give('shop', 'c'), 'invalid_request')
    await callers.add('all', 'all')
    assert.equal((await callers.give('all', 'c')).sites, 'all')
  })
})
