// get_ended_logins: on the wire, for the site's own caller alone; a wait holds up nobody else, and ends with its connection.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createEndedLogins } from '../ended_logins.ts'
import { LIMITS } from '../limits.ts'
import { Caller, type Data } from '../testing/daemon.ts'
import { startStory, type Site, type Story } from '../testing/story.ts'
import { realWorld } from '../world.ts'

const WAIT = { wait_seconds: 50 }
const limits = { ended_poll_ms: 10, ended_site_waits_max: 2 }

describe('get_ended_logins', () => {
  let story: Story
  before(async () => {
    story = await startStory({ limits, http: 'plain' })
  })
  after(() => story.close())

  /** As another process on the same store ends a login. */
  const end = ({ oxd_id }: Site, login_id: string): Promise<boolean> => {
    const { store, keys } = story.daemon.opened
    const journal = createEndedLogins(
      store,
      keys,
      realWorld(() => {}),
      LIMITS,
    )
    const ended = {
      login_id,
      sub: 'alice',
      sid: null,
      why: 'back_channel_logout',
      at: 1_711_281_970,
    } as const
    return journal.end(oxd_id, async () => ({ ended, writes: [] }))
  }
  const told = (login_id: string) => ({
    login_id,
    sub: 'alice',
    sid: null,
    why: 'back_channel_logout',
    ended_at: 1_711_281_970,
  })

  it('tells what has ended, in every dialect', async () => {
    const site = await story.site()
    const { cursor, ended_logins } = await site.ok('get_ended_logins')
    assert.deepEqual(ended_logins, [])
    await end(site, 'a')
    await end(site, 'b')
    const page = await site.ok('get_ended_logins', { cursor, max: 1 })
    assert.deepEqual(Object.keys(page), ['ended_logins', 'cursor'])
    assert.deepEqual(page.ended_logins, [told('a')])
    const native = await site.ok('get_ended_logins', { cursor: page.cursor }, { oxd: 1 })
    assert.deepEqual(native.ended_logins, [told('b')])
    assert.deepEqual((await site.ok('get_ended_logins')).ended_logins, [told('a'), told('b')])
  })

  it('answers a wait as soon as something ends, while other connections go on', async () => {
    const site = await story.site()
    const { cursor } = await site.ok('get_ended_logins')
    const waiting = site.ok('get_ended_logins', { cursor, ...WAIT })
    await site.ok('get_authorization_url')
    await end(site, 'a')
    assert.deepEqual((await waiting).ended_logins, [told('a')])
  })

  it('refuses cursors of other sites and limits out of bounds, each by its name', async () => {
    const [site, other] = [await story.site(), await story.site()]
    const { cursor } = await other.ok('get_ended_logins')
    const refusal = async (params: Data) =>
      (await site.call('get_ended_logins', params, { oxd: 1 })).data.error
    assert.equal(await refusal({ cursor }), 'invalid_cursor')
    assert.equal(await refusal({ cursor: 'x'.repeat(LIMITS.text_characters_max + 1) }), 'invalid_cursor')
    for (const params of [
      { wait_seconds: LIMITS.ended_wait_seconds_max + 1 },
      { wait_seconds: -1 },
      { max: 0 },
      { max: LIMITS.ended_page_max + 1 },
    ])
      assert.equal(await refusal(params), 'malformed_params')
    await end(site, 'a')
    await site.ok('get_ended_logins', { max: LIMITS.ended_page_max, ...WAIT })
  })

  it('keeps a place for so many waits as a site may have; a place is free when its connection is gone', async () => {
    const site = await story.site()
    const callers = [1, 2, 3].map(() => new Caller(story.daemon.port))
    const params = { oxd_id: site.oxd_id, ...WAIT }
    const waits = callers.map((caller) => caller.call('get_ended_logins', params, { oxd: 1 }))
    for (const wait of waits) wait.catch(() => {})
    // Two wait; the one that may not is answered at once.
    const { data } = await Promise.race(waits)
    assert.equal(data.error, 'too_many_waits')
    for (const caller of callers) caller.close()
    for (let tries = 0; ; tries += 1) {
      assert.ok(tries < 200, 'no place has become free')
      const wait = site.ok('get_ended_logins', WAIT)
      wait.catch(() => {})
      const refused = await Promise.race([
        wait.then(
          () => false,
          () => true,
        ),
        delay(20),
      ])
      if (refused === true) continue
      await end(site, 'a')
      assert.deepEqual((await wait).ended_logins, [told('a')])
      return
    }
  })

  it('ends the wait of whoever sends nothing more, and answers', async () => {
    const site = await story.site()
    const caller = new Caller(story.daemon.port)
    const waiting = caller.call('get_ended_logins', { oxd_id: site.oxd_id, ...WAIT })
    caller.socket.end()
    const { status, data } = await waiting
    assert.deepEqual([status, data.ended_logins], ['ok', []])
    caller.close()
  })

  it('is for the own caller of the site alone', async () => {
    const site = await story.site()
    const answer = await story.daemon.post('v4', '/get-ended-logins', { oxd_id: site.oxd_id })
    assert.deepEqual([answer.status, answer.body.error], [403, 'blank_access_token'])
  })
})

describe('get_ended_logins when oxd stops', () => {
  it('answers every wait at once, on the socket and over HTTP', async () => {
    const story = await startStory({
      limits: { ended_poll_ms: 10_000 },
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
    })
    try {
      const site = await story.site()
      const caller = new Caller(story.daemon.port)
      const overSocket = caller.call('get_ended_logins', { oxd_id: site.oxd_id, ...WAIT })
      const overHttp = story.daemon.post('v4', '/get-ended-logins', { oxd_id: site.oxd_id, ...WAIT })
      // Until both have come in.
      await delay(100)
      const started = performance.now()
      await story.daemon.close()
      assert.ok(performance.now() - started < 5_000)
      const [one, other] = [await overSocket, await overHttp]
      assert.deepEqual([one.status, one.data.ended_logins], ['ok', []])
      // In 4.x what is empty is left out.
      assert.deepEqual([other.status, Object.keys(other.body)], [200, ['cursor']])
    } finally {
      await story.op.close()
    }
  })
})
