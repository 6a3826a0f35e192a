// get_login_status: live, ended or unknown, by each of the three names of a login.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startStory, type Site, type Story } from '../testing/story.ts'

describe('get_login_status', () => {
  let story: Story
  let site: Site
  before(async () => {
    story = await startStory()
    site = await story.site()
  })
  after(() => story.close())

  const UNKNOWN = { login_status: 'unknown', login_id: null, why: null, ended_at: null }
  const finished = async (of = site) => {
    const visit = await of.visit()
    const { login_id, id_token } = await of.ok('get_tokens_by_code', visit, { oxd: 1 })
    return { login_id, id_token, state: visit.state }
  }

  it('says that a login lives, by its id, its state and its ID Token', async () => {
    const { login_id, state, id_token } = await finished()
    for (const named of [{ login_id }, { state }, { id_token }]) {
      const status = await site.ok('get_login_status', named)
      assert.deepEqual(status, { login_status: 'live', login_id, why: null, ended_at: null })
    }
  })

  it('knows no login of another site, none that was not finished, and none that is made up', async () => {
    const other = await story.site()
    const { login_id, state, id_token } = await finished(other)
    const { state: begun } = await site.visit()
    for (const named of [{ login_id }, { state }, { id_token }, { state: begun }, { login_id: 'made-up' }]) {
      assert.deepEqual(await site.ok('get_login_status', named), UNKNOWN)
    }
  })

  it('wants one name', async () => {
    const none = await site.call('get_login_status', {}, { oxd: 1 })
    assert.equal(none.data.error, 'missing_parameter')
    const two = await site.call('get_login_status', { login_id: 'a', state: 'b' }, { oxd: 1 })
    assert.equal(two.data.error, 'invalid_request')
  })
})
