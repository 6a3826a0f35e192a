// get_discovery: what an OP publishes, checked as for a login, by the names of 4.x; for who may ask that OP.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { reply, type Faults } from '../testing/op.ts'
import { startStory, type Story } from '../testing/story.ts'

const COMMAND = 'get_discovery'

const LIES: Readonly<Record<string, readonly [Faults, string]>> = {
  'another issuer': [
    { discovery: (d) => ({ ...d, issuer: `${String(d.issuer)}/` }) },
    'invalid_issuer_discovered',
  ],
  'a page': [{ discovery: reply.html() }, 'no_connect_discovery_response'],
  'no document': [{ discovery: reply.html(404) }, 'no_connect_discovery_response'],
  'a redirect': [{ discovery: reply.redirect('http://127.0.0.1:9/') }, 'no_connect_discovery_response'],
  'a member twice': [
    { discovery: reply.duplicate('issuer', 'https://other.example', 'first') },
    'no_connect_discovery_response',
  ],
}

describe('get_discovery', () => {
  let story: Story
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  it('is the bare document in 4.x, by the names that it has there', async () => {
    const issuer = story.issuer({
      discovery: (d) => ({ ...d, revocation_endpoint: `${String(d.issuer)}/revoke`, strange: { a: 1 } }),
    })
    for (const asked of [
      { op_host: issuer },
      { op_configuration_endpoint: `${issuer}/.well-known/openid-configuration` },
      { op_host: story.op.origin, op_discovery_path: new URL(issuer).pathname },
    ]) {
      const { status, body } = await story.daemon.post('v4', '/get-discovery', asked)
      assert.equal(status, 200, JSON.stringify(body))
      assert.equal(body.issuer, issuer)
      assert.equal(body.user_info_endpoint, `${issuer}/userinfo`)
      assert.equal(body.token_revocation_endpoint, `${issuer}/revoke`)
      assert.ok(Array.isArray(body.user_info_signing_alg_values_supported))
      for (const name of ['userinfo_endpoint', 'revocation_endpoint', 'strange']) {
        assert.equal(body[name], undefined, name)
      }
    }
  })

  it('is a member of the reply elsewhere', async () => {
    const op_host = story.issuer()
    for (const more of [{}, { oxd: 1 }]) {
      const { data } = await story.daemon.call(COMMAND, { op_host }, more)
      assert.deepEqual(Object.keys(data), ['metadata'])
      assert.equal((data.metadata as Record<string, unknown>).issuer, op_host)
    }
  })

  it('is fetched anew each time', async () => {
    const op_host = story.issuer()
    await story.daemon.call(COMMAND, { op_host })
    story.op.setFaults(op_host, {
      discovery: (d) => ({ ...d, service_documentation: 'https://op.example.com/new' }),
    })
    const { body } = await story.daemon.post('v4', '/get-discovery', { op_host })
    assert.equal(body.service_documentation, 'https://op.example.com/new')
  })

  for (const [lie, [faults, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const op_host = story.issuer()
      assert.equal((await story.daemon.call(COMMAND, { op_host })).status, 'ok', 'the twin')
      story.op.setFaults(op_host, faults)
      const { data } = await story.daemon.call(COMMAND, { op_host })
      assert.equal(data.error, code, String(data.error_description))
      const { status, body } = await story.daemon.post('v4', '/get-discovery', { op_host })
      assert.deepEqual([status, body.error], [500, code])
    })
  }

  it('goes nowhere that is private', async () => {
    const { origin } = story.op.canary()
    const { data } = await story.daemon.call(COMMAND, { op_host: origin })
    assert.equal(data.error, 'restricted_op_host')
    assert.equal(story.op.canary().contacts, 0)
  })

  it('has the code of each wire where no OP is named', async () => {
    assert.equal((await story.daemon.call(COMMAND, {})).data.error, 'invalid_op_host')
    const { status, body } = await story.daemon.post('v4', '/get-discovery', {})
    assert.deepEqual([status, body.error], [400, 'invalid_op_host_and_configuration_endpoint'])
  })

  it('asks no OP for who has no token, but that which is allowed', async () => {
    const guarded = await startStory({ http: 'plain' })
    try {
      const op_host = guarded.issuer()
      const { status, body } = await guarded.daemon.post('v4', '/get-discovery', { op_host })
      assert.deepEqual([status, body.error], [403, 'restricted_op_host'])
      assert.equal(guarded.op.count(op_host, 'discovery'), 0)
    } finally {
      await guarded.close()
    }
  })
})
