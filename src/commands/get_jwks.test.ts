// get_jwks: the public keys of an OP, and nothing private whatever it publishes.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../testing/daemon.ts'
import { reply } from '../testing/op.ts'
import { startStory, type Story } from '../testing/story.ts'

const keysOf = ({ keys }: Data): Data[] => (Array.isArray(keys) ? keys : [])

describe('get_jwks', () => {
  let story: Story
  before(async () => {
    story = await startStory({
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_000 },
    })
  })
  after(() => story.close())

  it('has the keys on each wire', async () => {
    const op_host = story.issuer()
    const native = await story.daemon.call('get_jwks', { op_host }, { oxd: 1 })
    assert.deepEqual(Object.keys(native.data), ['keys'])
    assert.deepEqual(
      keysOf(native.data).map(({ kty }) => kty),
      ['RSA', 'EC', 'OKP'],
    )
    assert.deepEqual((await story.daemon.call('get_jwks', { op_host })).data, native.data)
    const { status, body } = await story.daemon.post('v4', '/get-jwks', { op_host })
    assert.deepEqual([status, body], [200, native.data])
  })

  it('shows nothing private, whatever the OP publishes', async () => {
    const secrets = { d: 'zzzz', p: 'zzzz', k: 'zzzz', oth: [{ d: 'zzzz' }], other: 'zzzz' }
    const op_host = story.issuer({
      jwks: (good) => ({
        keys: [...keysOf(good).map((key) => ({ ...key, ...secrets })), { kty: 'oct', k: 'zzzz' }],
      }),
    })
    const { data } = await story.daemon.call('get_jwks', { op_host })
    assert.equal(keysOf(data).length, 3)
    assert.doesNotMatch(JSON.stringify(data), /zzzz/)
  })

  it('says so where the OP has none to show', async () => {
    const op_host = story.issuer({ jwks: reply.html(503) })
    assert.equal((await story.daemon.call('get_jwks', { op_host })).data.error, 'http_status_503')
    const { status } = await story.daemon.post('v4', '/get-jwks', { op_host })
    assert.equal(status, 503)
    const liar = story.issuer({ discovery: (d) => ({ ...d, issuer: 'https://other.example.com' }) })
    assert.equal(
      (await story.daemon.call('get_jwks', { op_host: liar })).data.error,
      'invalid_issuer_discovered',
    )
    assert.equal(story.op.count(liar, 'jwks'), 0)
  })

  it('has the code of each wire where no OP is named', async () => {
    assert.equal((await story.daemon.call('get_jwks', {})).data.error, 'invalid_op_host')
    const { status, body } = await story.daemon.post('v4', '/get-jwks', {})
    assert.deepEqual([status, body.error], [400, 'invalid_op_host_and_configuration_endpoint'])
  })

  it('asks no OP for who has no token, but that which is allowed', async () => {
    const guarded = await startStory({ http: 'plain' })
    try {
      const op_host = guarded.issuer()
      const { status, body } = await guarded.daemon.post('v4', '/get-jwks', { op_host })
      assert.deepEqual([status, body.error], [403, 'restricted_op_host'])
      assert.equal(guarded.op.requests(op_host).length, 0)
    } finally {
      await guarded.close()
    }
  })
})
