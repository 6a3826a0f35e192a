// The iterator over ended logins: each is told, also over a restart of oxd, and it ends when it is told to.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createEndedLogins } from '../ended_logins.ts'
import { LIMITS } from '../limits.ts'
import { sitesOf } from '../site.ts'
import { siteCalled } from '../testing/administration.ts'
import { startTestDaemon, type TestDaemon } from '../testing/daemon.ts'
import { realWorld } from '../world.ts'
import { Client } from './client.ts'
import type { EndedLogin } from './ended_logins.ts'

const OXD_ID = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'

const setUp = async (t: TestContext) => {
  const home = mkdtempSync(join(tmpdir(), 'oxd-iterator-'))
  t.after(() => rmSync(home, { recursive: true }))
  const options = { data_dir: join(home, 'data'), limits: { ended_poll_ms: 10 } }
  let daemon: TestDaemon = await startTestDaemon(options)
  t.after(() => daemon.close())
  const { port } = daemon
  await sitesOf(daemon.opened.store, LIMITS).insert(siteCalled(OXD_ID, 'a site'))
  const client = new Client({ port, oxd_id: OXD_ID })
  t.after(() => client.close())
  return {
    client,
    port,
    stop: () => daemon.close(),
    restart: async () => {
      daemon = await startTestDaemon({ ...options, argv: ['--port', String(port)] })
    },
    end: async (...login_ids: string[]) => {
      const { store, keys } = daemon.opened
      const journal = createEndedLogins(
        store,
        keys,
        realWorld(() => {}),
        LIMITS,
      )
      for (const login_id of login_ids) {
        const ended = { login_id, sub: 'alice', sid: null, why: 'back_channel_logout', at: 1 } as const
        await journal.end(OXD_ID, async () => ({ ended, writes: [] }))
      }
    },
  }
}

const next = async (logins: AsyncGenerator<EndedLogin, void, undefined>): Promise<EndedLogin> => {
  const { value } = await logins.next()
  assert.ok(value !== undefined, 'it has ended')
  return value
}
const idsOf = async (logins: AsyncGenerator<EndedLogin, void, undefined>, count: number) => {
  const ids: string[] = []
  while (ids.length < count) ids.push((await next(logins)).login_id)
  return ids
}

describe('client.endedLogins()', () => {
  it('tells each login that ends, in order, and goes on from a cursor', async (t) => {
    const { client, end } = await setUp(t)
    await end('a', 'b')
    const logins = client.endedLogins()
    const first = await next(logins)
    const second = await next(logins)
    assert.deepEqual(second, {
      login_id: 'b',
      sub: 'alice',
      sid: null,
      why: 'back_channel_logout',
      ended_at: 1,
      cursor: second.cursor,
    })
    const coming = next(logins)
    await end('c')
    const third = await coming
    assert.equal(third.login_id, 'c')
    await logins.return()
    // Of a page that was begun all is told again: once at least.
    assert.deepEqual(await idsOf(client.endedLogins({ cursor: first.cursor }), 3), ['a', 'b', 'c'])
    assert.deepEqual(await idsOf(client.endedLogins({ cursor: second.cursor }), 1), ['c'])
  })

  it('goes on where it was when oxd was away, and loses nothing', async (t) => {
    const { client, end, stop, restart } = await setUp(t)
    await end('a')
    const logins = client.endedLogins()
    assert.equal((await next(logins)).login_id, 'a')
    const coming = next(logins)
    await stop()
    await restart()
    await end('b')
    assert.equal((await coming).login_id, 'b')
  })

  it('takes no connection of those that other calls use', async (t) => {
    const { port, end } = await setUp(t)
    const one = new Client({ port, oxd_id: OXD_ID }, { pool: { connections_max: 1 } })
    t.after(() => one.close())
    const coming = next(one.endedLogins())
    await one.getRp({})
    await end('a')
    assert.equal((await coming).login_id, 'a')
  })

  it('ends with its signal, with the loop, and with the client, at once', async (t) => {
    const { client } = await setUp(t)
    const stopping = new AbortController()
    const bySignal = client.endedLogins({ signal: stopping.signal }).next()
    const byClose = client.endedLogins().next()
    stopping.abort()
    assert.deepEqual(await bySignal, { done: true, value: undefined })
    await client.close()
    assert.deepEqual(await byClose, { done: true, value: undefined })
  })

  it('throws what time does not mend', async (t) => {
    const { client, port } = await setUp(t)
    await assert.rejects(() => client.endedLogins({ cursor: 'x' }).next(), { code: 'invalid_cursor' })
    const unknown = new Client({ port, oxd_id: OXD_ID.replaceAll('6', '0') })
    t.after(() => unknown.close())
    await assert.rejects(() => unknown.endedLogins().next(), { code: 'invalid_oxd_id' })
  })
})
