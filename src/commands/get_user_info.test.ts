// get_user_info: claims of the subject of the login, with tokens that oxd itself obtained for this site.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { reply, type Faults } from '../testing/op.ts'
import { startStory, type Site, type Story } from '../testing/story.ts'

const LIES: Readonly<Record<string, readonly [Faults, string]>> = {
  'another subject': [
    { userinfo: (u) => ({ ...u, sub: `${String(u.sub)}x` }) },
    'invalid_subject_identifier',
  ],
  'the subject in other letters': [
    { userinfo: (u) => ({ ...u, sub: String(u.sub).toUpperCase() }) },
    'invalid_subject_identifier',
  ],
  'no subject': [{ userinfo: ({ sub: _, ...u }) => u }, 'no_subject_identifier'],
  'the subject in a list': [{ userinfo: (u) => ({ ...u, sub: [u.sub] }) }, 'no_subject_identifier'],
  'a token that the OP refuses': [
    { userinfo: reply.raw({ status: 401, body: '{"error":"invalid_token"}' }) },
    'invalid_access_token',
  ],
  'missing scope': [
    { userinfo: reply.raw({ status: 403, body: '{"error":"insufficient_scope"}' }) },
    'http_status_403',
  ],
  'a broken OP': [{ userinfo: reply.html(500) }, 'http_status_500'],
  'a page': [{ userinfo: reply.html() }, 'internal_error'],
  'JSON that is announced as text': [
    { userinfo: reply.headers({ 'content-type': 'text/plain' }) },
    'internal_error',
  ],
  'JSON that is announced as something built on it': [
    { userinfo: reply.headers({ 'content-type': 'application/scim+json' }) },
    'internal_error',
  ],
  'a redirect': [{ userinfo: reply.redirect('http://127.0.0.1:9/') }, 'internal_error'],
  'an endless answer': [{ userinfo: reply.endless() }, 'internal_error'],
  silence: [{ userinfo: reply.hang() }, 'internal_error'],
}

describe('get_user_info', () => {
  let story: Story
  before(async () => {
    story = await startStory({ limits: { op_total_ms: 1_500 } })
  })
  after(() => story.close())

  const tokenAt = async (site: Site): Promise<string> => String((await site.login()).data.access_token)

  for (const [lie, [faults, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const site = await story.site()
      const access_token = await tokenAt(site)
      assert.equal((await site.call('get_user_info', { access_token })).status, 'ok', 'the twin')
      story.op.setFaults(site.issuer, faults)
      const { status, data } = await site.call('get_user_info', { access_token })
      assert.equal(status, 'error', JSON.stringify(data))
      assert.equal(data.error, code, String(data.error_description))
      assert.deepEqual(Object.keys(data), ['error', 'error_description'])
    })
  }

  it('refuses a token from elsewhere without asking the OP, unless the site accepts such', async () => {
    const [own, other] = [await story.site(), await story.site()]
    const stolen = await tokenAt(other)
    for (const access_token of [stolen, 'made-up']) {
      const { data } = await own.call('get_user_info', { access_token })
      assert.equal(data.error, 'invalid_access_token')
      assert.doesNotMatch(String(data.error_description), new RegExp(access_token))
    }
    assert.equal(story.op.count(own.issuer, 'userinfo'), 0)
    const lax = await story.site({}, { accept_foreign_tokens: true })
    const { data } = await lax.call('get_user_info', { access_token: 'made-up' })
    assert.equal(story.op.count(lax.issuer, 'userinfo'), 1)
    assert.equal(data.error, 'invalid_access_token')
  })

  it('knows a token until it expires, and a day at most', async () => {
    let now = Date.now()
    const clocked = await startStory({ now: () => now })
    try {
      const brief = await clocked.site()
      const long = await clocked.site({ token: (t) => ({ ...t, expires_in: 10 * 86_400 }) })
      const silent = await clocked.site({ token: ({ expires_in: _, ...t }) => t })
      const foreign = async (site: Site, access_token: string): Promise<boolean> =>
        /did not obtain/.test(
          String((await site.call('get_user_info', { access_token })).data.error_description),
        )
      const [a, b, c] = [await tokenAt(brief), await tokenAt(long), await tokenAt(silent)]
      now += 3_599_000
      assert.equal(await foreign(brief, a), false)
      now += 1_000
      assert.equal(await foreign(brief, a), true)
      now += (86_400 - 3_601) * 1_000
      assert.deepEqual([await foreign(long, b), await foreign(silent, c)], [false, false])
      now += 1_000
      assert.deepEqual([await foreign(long, b), await foreign(silent, c)], [true, true])
    } finally {
      await clocked.close()
    }
  })

  it('knows no token that has expired when it comes', async () => {
    const site = await story.site({ token: (t) => ({ ...t, expires_in: 0 }) })
    const { data } = await site.call('get_user_info', { access_token: await tokenAt(site) })
    assert.match(String(data.error_description), /did not obtain/)
  })

  it('gives lists of strings on the 3.x wire, and claims as they are to our library', async () => {
    const site = await story.site({
      userinfo: (u) => ({
        ...u,
        email_verified: true,
        age: 7,
        groups: ['a', 1],
        address: { locality: 'X' },
        none: null,
      }),
    })
    const access_token = await tokenAt(site)
    const lists = (await site.ok('get_user_info', { access_token })).claims as Record<string, unknown>
    assert.deepEqual(
      [lists.email_verified, lists.age, lists.groups, lists.address, lists.none],
      [['true'], ['7'], ['a', '1'], ['{"locality":"X"}'], undefined],
    )
    const native = (await site.ok('get_user_info', { access_token }, { oxd: 1 })).claims as Record<
      string,
      unknown
    >
    assert.deepEqual([native.email_verified, native.age, native.address], [true, 7, { locality: 'X' }])
  })

  it('says so when the claims do not fit into four digits, and gives them to our library all the same', async () => {
    const about = 'é'.repeat(4_000)
    const site = await story.site({ userinfo: (u) => ({ ...u, about }) })
    const access_token = await tokenAt(site)
    const { status, data } = await site.call('get_user_info', { access_token })
    assert.equal(status, 'error')
    assert.match(String(data.error_description), /four digits.*\[ref /)
    const { claims } = await site.ok('get_user_info', { access_token }, { oxd: 1 })
    assert.equal((claims as Record<string, unknown>).about, about)
  })

  it('says so where the OP has no userinfo endpoint', async () => {
    const issuer = story.issuer({ discovery: ({ userinfo_endpoint: _, ...d }) => d })
    const { data } = await story.register(issuer, { accept_foreign_tokens: true })
    const reply = await story.daemon.call('get_user_info', { oxd_id: data.oxd_id, access_token: 'x' })
    assert.match(String(reply.data.error_description), /no userinfo endpoint/)
  })
})
