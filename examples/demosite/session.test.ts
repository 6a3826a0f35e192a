import assert from 'node:assert/strict'
import { test } from 'node:test'
import session from 'express-session'
import type { SessionData } from 'express-session'
import { ENDED_MAX, SESSION_MS, Sessions } from './session.ts'

const DATA: SessionData = {
  cookie: new session.Cookie(),
  pending: [],
  secret: 'x',
  login: { claims: {}, login_id: '', id_token: '', expires_at: undefined, has_refresh_token: false },
  offer: {
    tokens: { login_id: '', id_token: '', expires_in: -1 },
    claims: {},
    csrf: '',
  },
  csrf: '',
  updated: false,
  uma: { csrf: '', stage: 'start', steps: {} },
  gatherings: [],
}

const isThere = (sessions: Sessions, id: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    sessions.get(id, (error, data) => (error ? reject(error) : resolve(Boolean(data))))
  })

test('a session that has ended is not taken back; the answer to who tries comes all the same', async () => {
  const sessions = new Sessions()
  sessions.set('a', DATA)
  sessions.set('b', DATA)
  assert.equal(await isThere(sessions, 'a'), true)
  sessions.destroy('a')
  assert.equal(sessions.hasEnded('a'), true)
  await new Promise((resolve) => sessions.set('a', DATA, resolve))
  sessions.touch('a', DATA)
  assert.equal(await isThere(sessions, 'a'), false)
  assert.equal(await isThere(sessions, 'b'), true)
})

test('what has ended is remembered as long as it could have lived, and in bounded number', (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000 })
  const sessions = new Sessions()
  sessions.destroy('a')
  context.mock.timers.tick(SESSION_MS - 1)
  sessions.destroy('b')
  assert.deepEqual([sessions.hasEnded('a'), sessions.hasEnded('b')], [true, true])
  context.mock.timers.tick(1)
  sessions.destroy('c')
  assert.deepEqual([sessions.hasEnded('a'), sessions.hasEnded('b')], [false, true])

  for (let index = 0; index < ENDED_MAX - 1; index += 1) sessions.destroy(String(index))
  assert.deepEqual([sessions.hasEnded('b'), sessions.hasEnded('c')], [false, true])
})
