// Live logins: what ends them, what does not, and that no logout comes too early to be heeded.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createEndedLogins, type Ended } from './ended_logins.ts'
import { LIMITS } from './limits.ts'
import { createLiveLogins, type FinishedLogin, type LiveLogins } from './live_logins.ts'
import type { Engine } from './store/engine.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { realWorld } from './world.ts'

const NOW = 1_700_000_000_000
const WHY = 'back_channel_logout'
const LASTING = { lasting: true }

const setUp = (around: (engine: Engine) => Engine = (engine) => engine) => {
  const clock = { ms: NOW }
  const world = { ...realWorld(() => {}), now: () => clock.ms }
  const engine = createMemoryEngine(() => Math.floor(clock.ms / 1000))
  const keys = createKeys(randomBytes(32))
  const store = createStore(around(engine), keys, world, LIMITS)
  const journal = createEndedLogins(store, keys, world, LIMITS)
  /** What the application of the site is told. */
  const told = async (): Promise<readonly Ended[]> => {
    const { signal } = new AbortController()
    return (await journal.after('site', { cursor: undefined, max: 99, wait_ms: 0, signal })).logins
  }
  const login = (login_id: string, more: Partial<FinishedLogin> = {}): FinishedLogin => ({
    login_id,
    sub: 'alice',
    sid: 's1',
    asked_at: clock.ms - 5_000,
    redeemed_at: clock.ms,
    ...more,
  })
  return { clock, engine, told, login, live: createLiveLogins(store, journal, world, LIMITS) }
}

const isLive = async (live: LiveLogins, oxd_id: string, login_id: string): Promise<boolean | undefined> => {
  const login = await live.find(oxd_id, login_id)
  return login && login.ended === null
}

describe('a live login', () => {
  it('ends with its session at the OP: all of the session, at this site alone', async () => {
    const { live, login, told, clock } = setUp()
    await live.begin('site', login('a'), {})
    await live.begin('site', login('b'), {})
    await live.begin('site', login('c', { sid: 's2' }), {})
    await live.begin('site', login('d', { sid: null }), {})
    await live.begin('other', login('e'), {})
    clock.ms += 1_000
    assert.equal(await live.endAll('site', { sid: 's1', sub: undefined }, WHY, LASTING), 2)
    const states = await Promise.all(['a', 'b', 'c', 'd'].map((id) => isLive(live, 'site', id)))
    assert.deepEqual(states, [false, false, true, true])
    assert.equal(await isLive(live, 'other', 'e'), true)
    const at = NOW / 1000 + 1
    assert.deepEqual((await live.find('site', 'a'))?.ended, { why: WHY, at })
    assert.deepEqual(
      (await told()).toSorted((x, y) => (x.login_id < y.login_id ? -1 : 1)),
      ['a', 'b'].map((login_id) => ({ login_id, sub: 'alice', sid: 's1', why: WHY, at })),
    )
  })

  it('ends with very many others without keeping anybody else waiting, and once: a repeated logout finds none', async () => {
    const { live, login, engine } = setUp()
    const many = 300
    for (let n = 0; n < many; n += 1) await live.begin('site', login(`${n}`), { id_token: `${n}` })
    const named = async () =>
      (
        await Promise.all(
          ['login_of_sid/', 'login_of_sub/'].map((prefix) => engine.list(prefix, { limit: 9 })),
        )
      ).flat().length
    assert.equal(await named(), 18)
    let turns = 0
    let counting = true
    const count = (): void => {
      turns += 1
      if (counting) setImmediate(count)
    }
    setImmediate(count)
    const about = { sid: 's1', sub: 'alice' }
    assert.equal(await live.endAll('site', about, WHY, LASTING), many)
    counting = false
    assert.ok(turns >= many / 2, `others had ${turns} turns`)
    assert.equal(await named(), 0)
    assert.equal(await live.endAll('site', about, WHY, LASTING), 0)
    assert.equal((await live.find('site', '7'))?.ended?.why, WHY)
  })

  it('ends with all others of its subject, whatever their session', async () => {
    const { live, login } = setUp()
    await live.begin('site', login('a'), {})
    await live.begin('site', login('b', { sid: null }), {})
    await live.begin('site', login('c', { sub: 'bob' }), {})
    await live.begin('other', login('d'), {})
    assert.equal(await live.endAll('site', { sid: undefined, sub: 'alice' }, WHY, LASTING), 2)
    const states = await Promise.all(['a', 'b', 'c'].map((id) => isLive(live, 'site', id)))
    assert.deepEqual(states, [false, false, true])
    assert.equal(await isLive(live, 'other', 'd'), true)
  })

  it('of which the OP does not name the session ends with any session of its subject', async () => {
    const { live, login, clock } = setUp()
    await live.begin('site', login('a', { sid: null }), {})
    await live.begin('site', login('b', { sid: null, sub: 'bob' }), {})
    await live.begin('site', login('c', { sid: 's2' }), {})
    await live.begin('site', login('d'), {})
    const underWay = login('e', { sid: null })
    clock.ms += 100
    assert.equal(await live.endAll('site', { sid: 's1', sub: 'alice' }, WHY, LASTING), 2)
    const states = await Promise.all(['a', 'b', 'c', 'd'].map((id) => isLive(live, 'site', id)))
    assert.deepEqual(states, [false, true, true, false])
    await assert.rejects(live.begin('site', underWay, {}), { code: 'login_ended' })
    clock.ms += 100
    await live.begin('site', login('f', { sid: null }), {})
    assert.equal(await isLive(live, 'site', 'f'), true)
  })

  it('does not end when the session is said to be of another subject', async () => {
    const { live, login } = setUp()
    await live.begin('site', login('a'), {})
    assert.equal(await live.endAll('site', { sid: 's1', sub: 'bob' }, WHY, LASTING), 0)
    assert.equal(await isLive(live, 'site', 'a'), true)
    assert.equal(await live.endAll('site', { sid: 's1', sub: 'alice' }, WHY, LASTING), 1)
  })

  it('ends once, of however many that end it, and keeps the first reason', async () => {
    const { live, login, told } = setUp()
    await live.begin('site', login('a'), {})
    const ends = await Promise.all(
      Array.from({ length: 20 }, () => live.end('site', 'a', 'rp_initiated_logout')),
    )
    assert.equal(ends.filter((won) => won).length, 1)
    assert.equal(await live.endAll('site', { sid: 's1', sub: undefined }, WHY, LASTING), 0)
    assert.equal((await live.find('site', 'a'))?.ended?.why, 'rp_initiated_logout')
    assert.equal(await live.end('site', 'unknown', WHY), false)
    assert.equal((await told()).filter(({ why }) => why === WHY).length, 0)
  })

  it('is one of a thousand of its subject, and all end', async () => {
    const { live, login } = setUp()
    for (let i = 0; i < 1_000; i += 1) await live.begin('site', login(`l${i}`, { sid: null }), {})
    assert.equal(await live.endAll('site', { sid: undefined, sub: 'alice' }, WHY, LASTING), 1_000)
  })

  it('does not begin when its session was ended while its tokens were fetched', async () => {
    for (const about of [
      { sid: 's1', sub: undefined },
      { sid: 's1', sub: 'alice' },
      { sid: undefined, sub: 'alice' },
    ]) {
      const { live, login, clock, told } = setUp()
      const finished = login('a')
      clock.ms += 100
      assert.equal(await live.endAll('site', about, WHY, LASTING), 0)
      clock.ms += 100
      await assert.rejects(live.begin('site', finished, { id_token: 'i' }), { code: 'login_ended' })
      assert.deepEqual((await live.find('site', 'a'))?.ended?.why, WHY)
      assert.equal((await told()).length, 1, 'the application is told, whatever it has heard')
    }
  })

  it('begins after a logout of another session, of another subject, at another site', async () => {
    const { live, login } = setUp()
    const finished = login('a')
    await live.endAll('site', { sid: 's2', sub: 'alice' }, WHY, LASTING)
    await live.endAll('site', { sid: 's1', sub: 'bob' }, WHY, LASTING)
    await live.endAll('site', { sid: undefined, sub: 'bob' }, WHY, LASTING)
    await live.endAll('other', { sid: 's1', sub: 'alice' }, WHY, LASTING)
    await live.begin('site', finished, {})
    assert.equal(await isLive(live, 'site', 'a'), true)
  })

  it('begins when the user logs in again after the logout', async () => {
    const { live, login, clock } = setUp()
    await live.endAll('site', { sid: undefined, sub: 'alice' }, WHY, LASTING)
    clock.ms += 1
    await live.begin('site', login('a', { asked_at: NOW - 60_000 }), {})
    assert.equal(await isLive(live, 'site', 'a'), true, 'only its redemption counts, without a session')
    await live.endAll('site', { sid: 's1', sub: 'alice' }, WHY, LASTING)
    clock.ms += 1_000
    await assert.rejects(live.begin('site', login('b'), {}), { code: 'login_ended' })
    await live.begin('site', login('c', { asked_at: clock.ms }), {})
    assert.equal(await isLive(live, 'site', 'c'), true)
  })

  it('is ended by a logout at any moment of its beginning', async () => {
    // The logout comes right after the n-th step of the engine; without one, all steps are counted.
    for (let when = 0; ; when += 1) {
      let step = 0
      let fire: (() => Promise<unknown>) | undefined
      const after =
        <A extends unknown[], R>(verb: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          const result = await verb(...args)
          const now = step === when ? fire : undefined
          step += 1
          await now?.()
          return result
        }
      const { live, login } = setUp((engine) => ({
        ...engine,
        read: after(engine.read),
        commit: after(engine.commit),
      }))
      fire = async () => {
        fire = undefined
        await live.endAll('site', { sid: 's1', sub: undefined }, WHY, LASTING)
      }
      const outcome = await live.begin('site', login('a'), {}).then(
        () => 'begun',
        ({ code }: { code: string }) => code,
      )
      if (fire !== undefined) {
        assert.equal(outcome, 'begun')
        assert.ok(when >= 4, 'a commit, and three marks read')
        return
      }
      assert.equal(await isLive(live, 'site', 'a'), false, `after step ${when}`)
    }
  })

  it('goes on with fresh tokens, until it has ended', async () => {
    const { live, login, clock } = setUp()
    await live.begin('site', login('a'), { id_token: 'first', refresh_token: 'r' })
    clock.ms += (LIMITS.refresh_tokens_seconds - 1) * 1_000
    await live.goOn('site', 'a', { id_token: 'second', refresh_token: 'r' })
    clock.ms += 2_000
    assert.equal(await isLive(live, 'site', 'a'), true)
    assert.equal(await live.ofIdToken('site', 'second'), 'a')
    assert.equal(await live.ofIdToken('site', 'first'), undefined)
    assert.equal(await live.ofIdToken('other', 'second'), undefined)
    await live.endAll('site', { sid: 's1', sub: undefined }, WHY, LASTING)
    await assert.rejects(live.goOn('site', 'a', {}), { code: 'login_ended' })
    await live.goOn('site', 'unknown', {})
  })

  it('is known for a week without a refresh token, and for 30 days with one', async () => {
    const { live, login, clock } = setUp()
    await live.begin('site', login('a'), { id_token: 'i' })
    await live.begin('site', login('b'), { refresh_token: 'r' })
    clock.ms += (LIMITS.live_logins_seconds - 1) * 1_000
    assert.equal(await isLive(live, 'site', 'a'), true)
    clock.ms += 1_000
    assert.equal(await isLive(live, 'site', 'a'), undefined)
    assert.equal(await isLive(live, 'site', 'b'), true)
    clock.ms += (LIMITS.refresh_tokens_seconds - LIMITS.live_logins_seconds) * 1_000
    assert.equal(await isLive(live, 'site', 'b'), undefined)
  })

  it('costs nothing to end for whoever cannot prove to be the OP', async () => {
    const { live, engine } = setUp()
    for (let i = 0; i < 10; i += 1) {
      await live.endAll('site', { sid: `guess${i}`, sub: undefined }, 'front_channel_logout', {
        lasting: false,
      })
    }
    assert.deepEqual(await engine.list('', { limit: 10 }), [])
  })
})
