// A login that somebody else starts, at the public listener: to the OP of the site, or nowhere. Ids are those of the catalogue.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { LIMITS } from '../src/limits.ts'
import { PUBLIC_URL } from '../src/testing/daemon.ts'
import { reply } from '../src/testing/op.ts'
import { siteAt, startStory, type Site, type Story } from '../src/testing/story.ts'

describe('a login that a third party starts', () => {
  let story: Story
  let site: Site
  let address: string
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oxd-stranger-'))
    story = await startStory({ public: true, data_dir: join(folder, 'data') })
    site = await story.site()
    const { node } = await site.ok('get_rp')
    address = String((node as Record<string, unknown>).initiate_login_uri)
  })
  after(async () => {
    await story.close()
    await rm(folder, { recursive: true })
  })

  const go = (params: Record<string, string>, method = 'GET', to = address): Promise<Response> => {
    const sent = new URLSearchParams(params)
    return method === 'GET'
      ? story.daemon.stranger(`${to}?${sent}`)
      : story.daemon.stranger(to, { method, body: sent })
  }

  it('THR-01: goes to the OP, by GET and by POST, and can be finished', async () => {
    assert.ok(address.startsWith(`${PUBLIC_URL}/initiate-login/`))
    for (const method of ['GET', 'POST']) {
      const answer = await go({ iss: site.issuer, login_hint: 'alice@example.com', foo: 'bar' }, method)
      assert.equal(answer.status, 303)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      const url = new URL(String(answer.headers.get('location')))
      assert.ok(url.href.startsWith(site.issuer))
      assert.equal(url.searchParams.get('login_hint'), 'alice@example.com')
      assert.equal(url.searchParams.get('foo'), null)
      assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
      const back = new URL(await story.op.authorize(url.href)).searchParams
      const tokens = await site.ok('get_tokens_by_code', { code: back.get('code'), state: back.get('state') })
      assert.ok(tokens.id_token)
    }
  })

  it('THR-02: of another issuer goes nowhere, and oxd asks nobody', async () => {
    const canary = story.op.canary()
    const other = story.issuer()
    for (const iss of [
      other,
      canary.origin,
      `${site.issuer}/`,
      'http://169.254.169.254/',
      '',
      'no address',
    ]) {
      const answer = await go({ iss })
      assert.equal(answer.status, 400, iss)
      assert.equal(answer.headers.get('location'), null)
      assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'")
      assert.ok(iss === '' || !(await answer.text()).includes(iss))
    }
    assert.equal((await go({})).status, 400)
    assert.equal(story.op.count(other, 'discovery'), 0)
    assert.equal(story.op.canary().contacts, 0)
  })

  it('THR-03: of a target elsewhere goes nowhere', async () => {
    for (const target_link_uri of [
      'https://evil.example.com/',
      '//evil.example.com/',
      'javascript:alert(1)',
      'https://client.example.com@evil.example.com/',
      'https://client.example.com.evil.example.com/',
    ]) {
      const answer = await go({ iss: site.issuer, target_link_uri })
      assert.equal(answer.status, 400, target_link_uri)
    }
    const own = await go({ iss: site.issuer, target_link_uri: 'https://client.example.com/offers' })
    assert.equal(own.status, 303)
    assert.ok(!String(own.headers.get('location')).includes('offers'), 'nor is it told to the OP')
  })

  it('of a site that is not there goes nowhere, with the same page', async () => {
    const known = await go({ iss: 'https://op.example.com' })
    const unknown = await go({ iss: site.issuer }, 'GET', `${PUBLIC_URL}/initiate-login/unknown`)
    assert.equal(unknown.status, known.status)
    assert.equal(await unknown.text(), await known.text())
    assert.equal(
      (await go({ iss: site.issuer, login_hint: 'x'.repeat(LIMITS.text_characters_max + 1) })).status,
      400,
    )
    const twice = `${address}?iss=${encodeURIComponent(site.issuer)}&iss=${encodeURIComponent(site.issuer)}`
    assert.equal((await story.daemon.stranger(twice)).status, 400)
  })

  it('THR-05: keeps nothing, however often, not even at an OP to which requests may be pushed', async () => {
    const iss = story.issuer({ pushes: 'offered' })
    const { oxd_id } = (await story.register(iss)).data
    const { node } = (await story.daemon.call('get_rp', { oxd_id })).data
    const to = String((node as Record<string, unknown>).initiate_login_uri)
    await go({ iss }, 'GET', to)
    const database = new DatabaseSync(join(folder, 'data/oxd.db'), { readOnly: true })
    const kept = (): unknown => database.prepare('SELECT count(*) AS records FROM records').get()
    const before = kept()
    const requests = story.op.requests(iss).length
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => go({ iss }, 'GET', to)))
      assert.ok(answers.every(({ status }) => status === 303))
    }
    assert.deepEqual(kept(), before)
    database.close()
    assert.equal(story.op.requests(iss).length, requests, 'nor is the OP asked')
  })

  it('THR-05: has few of the connections to an OP that takes its time', async () => {
    const limits = { stranger_requests_max: 3, op_connections_max: 4, op_total_ms: 1_500 }
    const story = await startStory({ public: true, limits })
    try {
      const iss = story.issuer({ pushes: 'required' })
      const { oxd_id } = (await story.register(iss)).data
      const site = siteAt(story.daemon, story.op, iss, String(oxd_id))
      const { node } = await site.ok('get_rp')
      const to = `${String((node as Record<string, unknown>).initiate_login_uri)}?iss=${encodeURIComponent(site.issuer)}`
      const waiting = await site.visit()
      story.op.setFaults(site.issuer, { pushes: 'required', par: reply.hang() })
      const asked = story.op.count(site.issuer, 'par')
      const strangers = Array.from({ length: 20 }, () => story.daemon.stranger(to))
      await Promise.race(strangers)
      await site.ok('get_tokens_by_code', waiting)
      const statuses = (await Promise.all(strangers)).map(({ status }) => status)
      assert.deepEqual(new Set(statuses), new Set([400]))
      assert.equal(story.op.count(site.issuer, 'par'), asked + 3)
      const outcomes = story.daemon.log.map(({ fields }) => fields.outcome)
      assert.equal(outcomes.filter((outcome) => outcome === 'too_many_strangers').length, 17)
      story.op.setFaults(site.issuer, { pushes: 'required' })
      const later = await Promise.all(Array.from({ length: 3 }, () => story.daemon.stranger(to)))
      assert.deepEqual(new Set(later.map(({ status }) => status)), new Set([303]))
    } finally {
      await story.close()
    }
  })

  it('THR-05: asks an OP that fails no more than five times a minute, and lets logins ask it', async () => {
    const clock = { ms: 1_900_000_000_000 }
    const story = await startStory({ public: true, now: () => clock.ms })
    try {
      const site = await story.site()
      const { node } = await site.ok('get_rp')
      const to = `${String((node as Record<string, unknown>).initiate_login_uri)}?iss=${encodeURIComponent(site.issuer)}`
      const strangers = async (): Promise<number[]> => {
        const statuses: number[] = []
        for (let i = 0; i < 8; i += 1) statuses.push((await story.daemon.stranger(to)).status)
        return statuses
      }
      clock.ms += LIMITS.op_metadata_ms + 1
      story.op.setFaults(site.issuer, { discovery: reply.status(500) })
      const asked = story.op.count(site.issuer, 'discovery')
      assert.deepEqual(new Set(await strangers()), new Set([400]))
      assert.equal(story.op.count(site.issuer, 'discovery'), asked + 5)
      story.op.setFaults(site.issuer, {})
      assert.equal((await story.daemon.stranger(to)).status, 400)
      await site.ok('get_authorization_url')
      assert.deepEqual(new Set(await strangers()), new Set([303]), 'what a login has fetched serves them')
      clock.ms += LIMITS.op_metadata_ms + 1
      assert.deepEqual(new Set(await strangers()), new Set([303]), 'a minute later they may ask again')
      assert.equal(story.op.count(site.issuer, 'discovery'), asked + 7)
    } finally {
      await story.close()
    }
  })
})
