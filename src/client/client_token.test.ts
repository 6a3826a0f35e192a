import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { begunNow } from './begun.ts'
import { ClientToken } from './client_token.ts'
import { CLIENT_LIMITS } from './limits.ts'

const begun = (timeout_ms = 5_000, signal?: AbortSignal) => begunNow(signal, timeout_ms)

/** Tokens t-1, t-2, … that live this long; the clock is moved by hand. */
const tokens = (expires_in: number, wait_ms = 0) => {
  const state = { now: 1_000_000, issued: 0, fail: false }
  const token = new ClientToken({
    obtain: async () => {
      const access_token = `t-${(state.issued += 1)}`
      await sleep(wait_ms)
      if (state.fail) throw new Error('no')
      return { access_token, expires_in }
    },
    now: () => state.now,
    limits: CLIENT_LIMITS,
  })
  return { token, state }
}

const LIVES: readonly (readonly [expires_in: number, good_for_seconds: number])[] = [
  [3600, 3570],
  [300, 270],
  [299, 269.1],
  [10, 9],
  [1, 0.9],
]
for (const [expires_in, good_for] of LIVES) {
  test(`a token that lives ${expires_in} s is shown for ${good_for} s`, async () => {
    const { token, state } = tokens(expires_in)
    assert.equal(await token.current(begun()), 't-1')
    state.now += good_for * 1000 - 1
    assert.equal(await token.current(begun()), 't-1')
    state.now += 2
    assert.equal(await token.current(begun()), 't-2')
  })
}

test('one whose time is not known is shown until it is refused', async () => {
  for (const expires_in of [-1, 0]) {
    const { token, state } = tokens(expires_in)
    await token.current(begun())
    state.now += 1e12
    assert.equal(await token.current(begun()), 't-1')
    assert.equal(await token.insteadOf('t-1', begun()), 't-2')
  }
})

test('all who ask at once wait for the same; of all who were refused only one asks anew', async () => {
  const { token, state } = tokens(300, 5)
  const all = await Promise.all(Array.from({ length: 9 }, () => token.current(begun())))
  assert.deepEqual(new Set(all), new Set(['t-1']))
  const anew = await Promise.all(Array.from({ length: 9 }, () => token.insteadOf('t-1', begun())))
  assert.deepEqual(new Set(anew), new Set(['t-2']))
  assert.equal(await token.insteadOf('t-1', begun()), 't-2', 'one that was late to hear of it')
  assert.equal(state.issued, 2)
})

test('who gives up waiting ends it for nobody else', async () => {
  const { token, state } = tokens(300, 30)
  const aborted = AbortSignal.timeout(5)
  const [late, gone, patient] = await Promise.allSettled([
    token.current(begun(5)),
    token.current(begun(5_000, aborted)),
    token.current(begun()),
  ])
  assert.ok(
    late.status === 'rejected' && /no client token in 5 ms; the command was not sent/.test(late.reason),
  )
  assert.ok(gone.status === 'rejected' && gone.reason.name === 'TimeoutError')
  assert.deepEqual(patient, { status: 'fulfilled', value: 't-1' })
  assert.equal(state.issued, 1)
})

test('one that could not be obtained is asked for again by the next', async () => {
  const { token, state } = tokens(300)
  state.fail = true
  await assert.rejects(token.current(begun()), /^Error: no$/)
  state.fail = false
  assert.equal(await token.current(begun()), 't-2')
})
