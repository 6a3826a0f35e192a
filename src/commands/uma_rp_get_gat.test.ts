// uma_rp_get_gat: a token for the scopes that are asked for, and never one for others.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startUmaStory, type UmaSite, type UmaStory } from '../testing/uma1_stub.ts'

describe('uma_rp_get_gat', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(1)
    site = await story.site()
  })
  after(() => story.close())

  it('gives a token of its own to each who asks, for these scopes', async () => {
    const tokens = new Set<unknown>()
    for (const scopes of [['read'], ['read'], ['all', 'add']]) {
      const data = await site.ok('uma_rp_get_gat', { scopes })
      assert.deepEqual(Object.keys(data), ['rpt'])
      assert.match(String(data.rpt), /^gat_/)
      assert.deepEqual(story.stub.requests.at(-1)?.body, { scopes })
      tokens.add(data.rpt)
    }
    assert.equal(tokens.size, 3)
  })

  it('refuses missing scopes', async () => {
    for (const scopes of [undefined, null, [], [''], '']) {
      await site.no('invalid_request', 'uma_rp_get_gat', { scopes })
    }
    await site.no('internal_error', 'uma_rp_get_gat', { scopes: { a: 1 } })
  })

  it('says so where the authorization server has none', async () => {
    const own = await startUmaStory(2)
    try {
      const at = await own.site()
      assert.match(await at.no('invalid_request', 'uma_rp_get_gat', { scopes: ['read'] }), /uma_rp_get_rpt/)
    } finally {
      await own.close()
    }
  })
})
