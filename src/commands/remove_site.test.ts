// remove_site: the site is gone with all that was kept of it, whoever else is at work on it; its client at the OP stays.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestDaemon } from '../testing/daemon.ts'
import { Reply } from '../testing/op.ts'
import { startStory, type Site, type Story } from '../testing/story.ts'
import { startUmaStory } from '../testing/uma1_stub.ts'

/** How many records of this kind are kept. */
const kept = async ({ opened }: TestDaemon, kind: string): Promise<number> => {
  let records = 0
  for await (const _ of opened.store.kind({ kind, durable: true }).list()) records++
  return records
}

describe('remove_site', () => {
  let story: Story
  before(async () => {
    story = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
  })
  after(() => story.close())

  const refused = async (site: Site, command: string, params = {}): Promise<void> => {
    const { data } = await site.call(command, params)
    assert.equal(data.error, 'invalid_oxd_id', `${command}: ${JSON.stringify(data)}`)
  }

  it('answers with the oxd_id alone, on every wire', async () => {
    const [old, native, later] = [await story.site(), await story.site(), await story.site()]
    assert.deepEqual(await old.ok('remove_site'), { oxd_id: old.oxd_id })
    assert.deepEqual(await native.ok('REMOVE_SITE', {}, { oxd: 1 }), { oxd_id: native.oxd_id })
    const { oxd_id } = later
    const { status, body } = await story.daemon.post('v4', '/remove-site', { oxd_id })
    assert.deepEqual([status, body], [200, { oxd_id }])
    const again = await story.daemon.post('v4', '/remove-site', { oxd_id })
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_oxd_id'])
  })

  it('knows the site no more, in no command, and leaves its client at the OP alone', async () => {
    const site = await story.site({}, { remember_last_login: true })
    const { access_token, id_token } = (await site.login()).data
    const back = await site.visit()
    await site.ok('remove_site')
    for (const [command, params] of Object.entries({
      remove_site: {},
      update_site_registration: { client_name: 'x' },
      get_authorization_url: {},
      get_tokens_by_code: back,
      get_user_info: { access_token },
      id_token_status: { id_token },
      get_logout_uri: {},
      get_rp: {},
    })) {
      await refused(site, command, params)
    }
    assert.equal(story.op.count(site.issuer, 'management'), 0)
    assert.equal(story.op.count(site.issuer, 'token'), 1, 'the second code went nowhere')
  })

  it('refuses what is no site, and nothing at all', async () => {
    for (const [oxd_id, code] of [
      ['6f9619ff-8b86-4011-b42d-00cf4fc964ff', 'invalid_oxd_id'],
      [undefined, 'bad_request'],
      [null, 'bad_request'],
      ['', 'bad_request'],
      [{}, 'bad_request'],
      [{ a: 1 }, 'internal_error'],
    ]) {
      const { status, data } = await story.daemon.call('remove_site', { oxd_id })
      assert.deepEqual([status, data.error], ['error', code], JSON.stringify(oxd_id))
    }
  })

  /** A change of the site that is under way until the OP may answer. */
  const changing = async (site: Site): Promise<{ done: Promise<unknown>; answer: () => void }> => {
    let answer = (): void => assert.fail('the OP was not asked')
    const asked = new Promise<void>((resolve) => {
      story.op.setFaults(site.issuer, {
        management: new Reply(async (response, { status, headers, body }) => {
          resolve()
          await new Promise<void>((go) => (answer = go))
          response.writeHead(status, headers).end(body)
        }),
      })
    })
    const done = site.ok('update_site', { client_name: 'x' })
    await asked
    return { done, answer: () => answer() }
  }
  /** Time in which what does not wait would have been done. */
  const aWhile = () => delay(50)

  it('waits for a change that is under way, which must not bring the site back', async () => {
    const site = await story.site()
    const { done, answer } = await changing(site)
    const order: string[] = []
    const update = done.then(() => order.push('update'))
    const remove = site.ok('remove_site').then(() => order.push('remove'))
    await aWhile()
    assert.deepEqual(order, [])
    answer()
    await Promise.all([update, remove])
    assert.deepEqual(order, ['update', 'remove'])
    await refused(site, 'get_rp')
    await refused(site, 'update_site', { client_name: 'y' })
  })

  it('is done once: of several at once one removes the site, and the others find none', async () => {
    const [site, other] = [await story.site(), await story.site()]
    const { done, answer } = await changing(site)
    const removals = Array.from({ length: 3 }, () => site.call('remove_site'))
    await aWhile()
    answer()
    await done
    const codes = (await Promise.all(removals)).map(({ data }) => data.error)
    assert.deepEqual(codes.sort(), ['invalid_oxd_id', 'invalid_oxd_id', undefined])
    await other.ok('get_authorization_url')
  })

  it('keeps nothing that would never expire, and no token', async () => {
    const own = await startStory()
    try {
      const site = await own.site(
        { introspection_by: 'pat', ignores: ['grant_types'] },
        { remember_last_login: true },
      )
      const { access_token } = (await site.login()).data
      await site.ok('introspect_access_token', { access_token })
      const KINDS = ['site', 'client_sites', 'pat', 'last_id_token']
      for (const kind of KINDS) assert.equal(await kept(own.daemon, kind), 1, kind)
      await site.ok('remove_site')
      for (const kind of KINDS) assert.equal(await kept(own.daemon, kind), 0, kind)
    } finally {
      await own.close()
    }
  })

  it('forgets a setup client as one, so that it takes no other one its place', async () => {
    const own = await startStory()
    try {
      const params = {
        op_host: own.issuer(),
        authorization_redirect_uri: 'https://client.example.com/callback',
      }
      const [one, two] = [
        await own.daemon.call('setup_client', params),
        await own.daemon.call('setup_client', params),
      ]
      await own.daemon.call('remove_site', { oxd_id: one.data.setup_client_oxd_id })
      const lists: unknown[] = []
      for await (const { value } of own.daemon.opened.store.kind({ kind: 'setups', durable: true }).list())
        lists.push(value)
      assert.deepEqual(lists, [{ oxd_ids: [two.data.setup_client_oxd_id] }])
    } finally {
      await own.close()
    }
  })

  it('forgets what was protected with UMA; the authorization server keeps it', async () => {
    const own = await startUmaStory(2)
    try {
      const site = await own.site()
      const conditions = [{ httpMethods: ['GET'], scopes: ['view'] }]
      await site.ok('uma_rs_protect', { resources: [{ path: '/photos', conditions }] })
      assert.equal(await kept(own.daemon, 'uma_resources'), 1)
      await site.ok('remove_site')
      assert.equal(await kept(own.daemon, 'uma_resources'), 0)
      assert.equal(own.stub.resources.size, 1)
    } finally {
      await own.close()
    }
  })
})
