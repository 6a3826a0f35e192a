// Refreshes: one request for one refresh token, whoever comes with it, and in whichever process.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { LIMITS } from './limits.ts'
import { createRefreshes, type Refreshed } from './refreshes.ts'
import type { Site } from './site.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { realWorld } from './world.ts'

// Of a site nothing else is looked at.
const SITE = { oxd_id: 'site', issuer: 'https://op.example.com', client: { client_id: 'c' } } as Site
const POLL_MS = 2

const setUp = () => {
  const clock = { ms: 1_700_000_000_000 }
  const world = { ...realWorld(() => {}), now: () => clock.ms }
  const engine = createMemoryEngine(() => Math.floor(clock.ms / 1_000))
  const keys = createKeys(randomBytes(32))
  const process = (op_total_ms = 10_000) =>
    createRefreshes(createStore(engine, keys, world, LIMITS), world, {
      ...LIMITS,
      op_total_ms,
      refresh_poll_ms: POLL_MS,
    })
  return { clock, process }
}

/** An OP: how often it was asked, and what it answers once it is let. */
const opThat = (rotates: boolean) => {
  const op = { asked: 0, answer: Promise.withResolvers<void>() }
  const ask = async (): Promise<Refreshed> => {
    const nth = ++op.asked
    await op.answer.promise
    return {
      access_token: `access ${nth}`,
      expires_in: 60,
      refresh_token: rotates ? `refresh ${nth}` : null,
      scope: ['openid'],
      id_token: null,
      login_id: null,
    }
  }
  return { op, ask }
}
const OLD = { refresh_token: 'old', scope: undefined }

describe('a refresh', () => {
  it('is asked for once by twenty at once, in two processes', async () => {
    const { process } = setUp()
    const { op, ask } = opThat(true)
    const processes = [process(), process()]
    const waiting = Array.from({ length: 20 }, (_, n) => processes[n % 2]?.once(SITE, OLD, ask))
    setTimeout(op.answer.resolve, 5 * POLL_MS)
    const answers = await Promise.all(waiting)
    assert.equal(op.asked, 1)
    for (const answer of answers) assert.deepEqual(answer, answers[0])
  })

  it('is told again for ten seconds to whoever lost it, and no longer', async () => {
    const { process, clock } = setUp()
    const { op, ask } = opThat(true)
    op.answer.resolve()
    const first = await process().once(SITE, OLD, ask)
    clock.ms += LIMITS.refresh_replay_seconds * 1_000 - 1_000
    assert.deepEqual(await process().once(SITE, OLD, ask), first, 'also by another process')
    clock.ms += 1_000
    assert.equal((await process().once(SITE, OLD, ask)).access_token, 'access 2')
    assert.equal(LIMITS.refresh_replay_seconds, 10)
  })

  it('is that of its site, issuer and client alone', async () => {
    const { process } = setUp()
    const { op, ask } = opThat(true)
    op.answer.resolve()
    const refreshes = process()
    await refreshes.once(SITE, OLD, ask)
    const others = [
      { ...SITE, oxd_id: 'other' },
      { ...SITE, issuer: 'https://other.example.com' },
      // As above.
      { ...SITE, client: { client_id: 'other' } } as Site,
    ]
    for (const other of others) await refreshes.once(other, OLD, ask)
    assert.equal(op.asked, 4)
  })

  it('with another scope is another one: refused after the token was spent, asked for where it lives on', async () => {
    for (const rotates of [true, false]) {
      const { process } = setUp()
      const { op, ask } = opThat(rotates)
      const refreshes = process()
      const [first, second] = [
        refreshes.once(SITE, { ...OLD, scope: ['openid', 'email'] }, ask),
        refreshes.once(SITE, { ...OLD, scope: ['openid'] }, ask),
      ]
      const same = refreshes.once(SITE, { ...OLD, scope: ['email', 'openid'] }, ask)
      op.answer.resolve()
      const settled = await Promise.allSettled([first, same, second])
      if (rotates) {
        assert.deepEqual(
          settled.map((each) => (each.status === 'fulfilled' ? each.value.access_token : each.reason.code)),
          ['access 1', 'access 1', 'refresh_token_spent'],
        )
        assert.equal(op.asked, 1)
      } else {
        assert.equal(op.asked, 2)
        assert.deepEqual((await second).access_token, 'access 2')
      }
    }
  })

  it('is asked for anew where the token was not spent, or the OP gave it back', async () => {
    const { process } = setUp()
    const { op, ask } = opThat(false)
    op.answer.resolve()
    const refreshes = process()
    for (const refresh_token of [null, 'old'])
      await refreshes.once(SITE, OLD, async () => ({ ...(await ask()), refresh_token }))
    await refreshes.once(SITE, OLD, ask)
    assert.equal(op.asked, 3)
  })

  it('that fails does so for all who wait, and is not remembered', async () => {
    const { process } = setUp()
    const refreshes = process()
    let asked = 0
    const fails = async (): Promise<Refreshed> => {
      asked += 1
      await Promise.resolve()
      throw new Error('no')
    }
    const waiting = await Promise.allSettled([
      refreshes.once(SITE, OLD, fails),
      refreshes.once(SITE, OLD, fails),
    ])
    assert.deepEqual([asked, waiting.map(({ status }) => status)], [1, ['rejected', 'rejected']])
    const { op, ask } = opThat(true)
    op.answer.resolve()
    assert.equal((await process().once(SITE, OLD, ask)).access_token, 'access 1')
  })

  it('of a process that was killed is asked for anew, once its time is over', async () => {
    const { process, clock } = setUp()
    void process()
      .once(SITE, OLD, () => new Promise(() => {}))
      .catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    const { op, ask } = opThat(true)
    op.answer.resolve()
    const later = process().once(SITE, OLD, ask)
    await new Promise((resolve) => setTimeout(resolve, 5 * POLL_MS))
    assert.equal(op.asked, 0)
    clock.ms += 20_000
    assert.equal((await later).access_token, 'access 1')
    // Where the clock stands still, or the other one has another clock.
    void process()
      .once(SITE, { ...OLD, refresh_token: 'x' }, () => new Promise(() => {}))
      .catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    const impatient = process(5)
    assert.equal((await impatient.once(SITE, { ...OLD, refresh_token: 'x' }, ask)).access_token, 'access 2')
  })
})
