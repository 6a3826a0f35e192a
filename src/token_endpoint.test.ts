// A login whose code would go to a token endpoint that was named after it began is refused, and the next one goes there.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startStory, type Story } from './testing/story.ts'

const METADATA_MS = 20
const MOVED = {
  discovery: (good: Readonly<Record<string, unknown>>) => ({
    ...good,
    token_endpoint: `${String(good['token_endpoint'])}?moved`,
  }),
}

describe('a token endpoint that moves', () => {
  let story: Story
  before(async () => {
    story = await startStory({ limits: { op_metadata_ms: METADATA_MS } })
  })
  after(() => story.close())

  it('gets no code of a login that began before', async () => {
    const site = await story.site()
    const back = await site.visit()
    story.op.setFaults(site.issuer, MOVED)
    await delay(2 * METADATA_MS)
    const { status, data } = await site.call('get_tokens_by_code', back, { oxd: 1 })
    assert.deepEqual([status, data['error']], ['error', 'token_endpoint_moved'])
    assert.equal(story.op.count(site.issuer, 'token'), 0)
    // The state is spent.
    story.op.setFaults(site.issuer, {})
    await delay(2 * METADATA_MS)
    const again = await site.call('get_tokens_by_code', back, { oxd: 1 })
    assert.equal(again.data['error'], 'invalid_state')
  })

  it('gets no code by way of the whole response, either', async () => {
    const site = await story.site()
    const { authorization_url } = await site.ok('get_authorization_url')
    const callback_url = await story.op.authorize(String(authorization_url))
    story.op.setFaults(site.issuer, MOVED)
    await delay(2 * METADATA_MS)
    const { data } = await site.call('get_tokens_by_callback', { callback_url }, { oxd: 1 })
    assert.equal(data['error'], 'token_endpoint_moved')
    assert.equal(story.op.count(site.issuer, 'token'), 0)
  })

  it('ends the logins under way once another one has begun, also when it moves back', async () => {
    const site = await story.site()
    const back = await site.visit()
    story.op.setFaults(site.issuer, MOVED)
    await delay(2 * METADATA_MS)
    assert.equal((await site.login()).status, 'ok')
    story.op.setFaults(site.issuer, {})
    await delay(2 * METADATA_MS)
    assert.equal((await site.login()).status, 'ok')
    const { data } = await site.call('get_tokens_by_code', back, { oxd: 1 })
    assert.equal(data['error'], 'invalid_state')
  })

  it('is no matter where nothing moves', async () => {
    const site = await story.site()
    const back = await site.visit()
    await delay(2 * METADATA_MS)
    assert.equal((await site.call('get_tokens_by_code', back)).status, 'ok')
  })
})
