// access_token_status: active is only an access token whose hash stands in a valid ID Token of this site.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../testing/daemon.ts'
import { reply, type Faults } from '../testing/op.ts'
import { startStory, type Site, type Story } from '../testing/story.ts'

const INACTIVE = { active: false, expires_at: null, issued_at: null }

/** What is wrong with the ID Token of the login; what belongs together otherwise. */
const BROKEN: Readonly<Record<string, Faults>> = {
  'a signature of somebody else': { id_token: { sign: 'another_key' } },
  'no signature': { id_token: { sign: 'none' } },
  'another issuer': { id_token: { claims: (c) => ({ ...c, iss: `${String(c.iss)}/` }) } },
  'another audience': { id_token: { claims: (c) => ({ ...c, aud: 'x' }) } },
  'no hash': { id_token: { claims: ({ at_hash: _, ...c }) => c } },
}

describe('access_token_status', () => {
  let now = Date.now()
  let story: Story
  before(async () => {
    story = await startStory({
      now: () => now,
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  /** The tokens as the OP gave them, whatever oxd makes of them. */
  const tokensAt = async (site: Site, faults: Faults = {}): Promise<Data> => {
    let given: Data = {}
    const token = (good: Data): Data => {
      given = good
      return good
    }
    story.op.setFaults(site.issuer, { ...faults, token })
    await site.login()
    const { id_token, access_token } = given
    return { id_token, access_token }
  }

  it('says until when, in milliseconds on every wire', async () => {
    const site = await story.site()
    const tokens = await tokensAt(site)
    const [, payload = ''] = String(tokens.id_token).split('.')
    const { exp, iat } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const told = { active: true, expires_at: exp * 1_000, issued_at: iat * 1_000 }
    const data = await site.ok('access_token_status', tokens)
    assert.equal(JSON.stringify(data), JSON.stringify(told))
    assert.deepEqual(await site.ok('check_access_token', tokens, { oxd: 1 }), told)
    const later = await story.daemon.post('v4', '/check-access-token', { oxd_id: site.oxd_id, ...tokens })
    assert.deepEqual([later.status, later.body], [200, told])
  })

  it('says of another access token that it is not active, nulls included where the wire has them', async () => {
    const site = await story.site()
    const { id_token } = await tokensAt(site)
    const data = await site.ok('access_token_status', { id_token, access_token: 'x' })
    assert.equal(JSON.stringify(data), JSON.stringify(INACTIVE))
    const params = { oxd_id: site.oxd_id, id_token, access_token: 'x' }
    const later = await story.daemon.post('v4', '/check-access-token', params)
    assert.deepEqual([later.status, later.text], [200, '{"active":false}'])
  })

  for (const [what, faults] of Object.entries(BROKEN)) {
    it(`does not believe an ID Token with ${what}`, async () => {
      const site = await story.site()
      assert.equal((await site.ok('access_token_status', await tokensAt(site))).active, true, 'the twin')
      assert.deepEqual(await site.ok('access_token_status', await tokensAt(site, faults)), INACTIVE)
    })
  }

  it('does not believe the tokens of another site', async () => {
    const [one, other] = [await story.site(), await story.site()]
    assert.deepEqual(await one.ok('access_token_status', await tokensAt(other)), INACTIVE)
  })

  it('ends with the ID Token, after a minute of tolerance', async () => {
    const site = await story.site()
    const tokens = await tokensAt(site)
    now += 659_000
    assert.equal((await site.ok('access_token_status', tokens)).active, true)
    now += 1_000
    assert.deepEqual(await site.ok('access_token_status', tokens), INACTIVE)
  })

  it('says nothing of the tokens where the OP cannot be asked', async () => {
    const site = await story.site()
    const tokens = await tokensAt(site)
    now += 600_000
    story.op.setFaults(site.issuer, { jwks: reply.html(503) })
    const { status, data } = await site.call('access_token_status', tokens)
    assert.deepEqual([status, data.error], ['error', 'http_status_503'])
  })
})
