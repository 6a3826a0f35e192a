// Many at once, and many at one place: what belongs to one login, one site or one OP stays there.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { LIMITS } from '../src/limits.ts'
import { reply, type Fault } from '../src/testing/op.ts'
import { startStory, type Story } from '../src/testing/story.ts'

describe('side by side', () => {
  let story: Story
  before(async () => {
    story = await startStory({ limits: { op_total_ms: 2_000, op_connect_ms: 1_000 } })
  })
  after(() => story.close())

  const FAULTS: readonly Fault[] = [
    reply.status(500),
    reply.html(),
    reply.cut(),
    reply.reset(),
    reply.stall(),
    reply.truncated_json(),
    reply.compressed('gzip'),
    reply.duplicate('access_token', 'x'),
    ({ id_token: _, ...good }) => good,
    ({ access_token: _, ...good }) => good,
  ]

  it('fifty logins, each with a fault of its own or none: every answer belongs to its own login', async () => {
    const sites = await Promise.all(
      FAULTS.map((fault) =>
        // Every other token request is answered well.
        story.site({
          token: (good, seen) => {
            if (seen.nth % 2 === 0) return good
            return typeof fault === 'function' ? fault(good, seen) : fault
          },
        }),
      ),
    )
    const begun = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const site = sites[i % sites.length] ?? assert.fail('there are sites')
        return { site, sub: `user-${i}`, visit: await site.visit({}, `user-${i}`) }
      }),
    )
    const ended = await Promise.all(
      begun.map(async ({ site, sub, visit }) => {
        const { status, data } = await site.call('get_tokens_by_code', visit)
        if (status === 'error') return 'refused'
        const claims = data.id_token_claims as Record<string, string[]>
        assert.deepEqual([claims.sub, claims.iss], [[sub], [site.issuer]])
        const told = await site.ok('get_user_info', { access_token: data.access_token })
        assert.deepEqual((told.claims as Record<string, unknown>).sub, [sub])
        return 'accepted'
      }),
    )
    // A gzip answer is no fault, so one in ten is accepted whatever comes first.
    const accepted = ended.filter((end) => end === 'accepted').length
    assert.ok(accepted >= 20 && accepted <= 35, `${accepted} of 50`)
  })

  it('two sites with one client_id, at two OPs: states, tokens and keys of one are nothing at the other', async () => {
    const credentials = { client_id: 'the same', client_secret: 'the same secret' }
    const register = async () => {
      const issuer = story.issuer({ credentials })
      const { data } = await story.register(issuer)
      return { issuer, oxd_id: String(data.oxd_id) }
    }
    const visit = async (oxd_id: string) => {
      const { data } = await story.daemon.call('get_authorization_url', { oxd_id })
      const back = new URL(await story.op.authorize(String(data.authorization_url))).searchParams
      return { code: back.get('code'), state: back.get('state') }
    }
    const [one, two] = [await register(), await register()]
    const [first, second] = [await visit(one.oxd_id), await visit(two.oxd_id)]
    const crossed = await story.daemon.call('get_tokens_by_code', { oxd_id: two.oxd_id, ...first })
    assert.equal(crossed.data.error, 'bad_request')
    assert.equal(story.op.count(two.issuer, 'token'), 0)
    const tokens = await story.daemon.call('get_tokens_by_code', { oxd_id: one.oxd_id, ...first })
    assert.equal(tokens.status, 'ok')
    const { access_token, id_token } = tokens.data
    const foreign = await story.daemon.call('get_user_info', { oxd_id: two.oxd_id, access_token })
    assert.equal(foreign.data.error, 'invalid_access_token')
    assert.equal(story.op.count(two.issuer, 'userinfo'), 0)
    // The ID Token of one, handed out by the other: the same audience, kid and kind of key.
    story.op.setFaults(two.issuer, { credentials, id_token: { jwt: () => id_token } })
    const passed = await story.daemon.call('get_tokens_by_code', { oxd_id: two.oxd_id, ...second })
    assert.equal(passed.data.error, 'invalid_id_token_bad_signature')
  })

  it('an OP that offers no sound algorithm any more changes nothing for who is registered', async () => {
    let now = Date.now()
    const clocked = await startStory({ now: () => now })
    try {
      for (const offered of [['none'], ['HS256'], []]) {
        const site = await clocked.site()
        const offering: Fault = (good) => ({ ...good, id_token_signing_alg_values_supported: offered })
        now += LIMITS.op_metadata_ms + 1
        for (const sign of ['none', 'hs256_client_secret'] as const) {
          clocked.op.setFaults(site.issuer, { discovery: offering, id_token: { sign } })
          assert.match(String((await site.login()).data.error), /without_signature|invalid_algorithm/)
        }
        clocked.op.setFaults(site.issuer, { discovery: offering })
        assert.equal((await site.login()).status, 'ok')
        assert.equal(clocked.op.count(site.issuer, 'discovery'), 2)
      }
    } finally {
      await clocked.close()
    }
  })

  it('S256 goes along whatever an OP says that it knows', async () => {
    for (const methods of [undefined, ['plain'], []]) {
      const issuer = story.issuer({
        discovery: ({ code_challenge_methods_supported: _, ...good }) => ({
          ...good,
          ...(methods === undefined ? {} : { code_challenge_methods_supported: methods }),
        }),
      })
      const { data } = await story.register(issuer)
      const asked = await story.daemon.call('get_authorization_url', { oxd_id: data.oxd_id })
      const { searchParams } = new URL(String(asked.data.authorization_url))
      assert.equal(searchParams.get('code_challenge_method'), 'S256')
      assert.match(String(searchParams.get('code_challenge')), /^[\w-]{43}$/)
    }
  })
})
