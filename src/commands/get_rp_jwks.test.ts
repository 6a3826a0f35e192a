// get_rp_jwks: public keys for everybody, the same until there are others, and nothing private in them.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startTestDaemon, type Data, type TestDaemon } from '../testing/daemon.ts'
import { sendHttp } from '../testing/http_caller.ts'

const PUBLIC = {
  RSA: ['e', 'kid', 'kty', 'n', 'use'],
  EC: ['crv', 'kid', 'kty', 'use', 'x', 'y'],
  OKP: ['crv', 'kid', 'kty', 'use', 'x'],
}

/** Runs `told` with a daemon that wants a token wherever one can be wanted. */
const withDaemon = async <T>(told: (daemon: TestDaemon) => Promise<T>, data_dir?: string): Promise<T> => {
  const folder = data_dir === undefined ? {} : { data_dir }
  const daemon = await startTestDaemon({ ...folder, http: 'plain', argv: ['--require-token'] })
  try {
    return await told(daemon)
  } finally {
    await daemon.close()
  }
}

describe('get_rp_jwks', () => {
  it('publishes one key of each algorithm to whoever asks, the same on every wire', () =>
    withDaemon(async (daemon) => {
      const { status, headers, body } = await sendHttp(daemon.places.v4, '/get-rp-jwks', { method: 'GET' })
      assert.equal(status, 200)
      assert.match(String(headers['content-type']), /^application\/json/)
      assert.deepEqual(Object.keys(body), ['keys'])
      // A JWK Set, as the definition says.
      const keys = body.keys as Data[]
      assert.deepEqual(
        keys.map(({ kty, alg, use }) => [kty, alg, use]),
        [
          ['RSA', 'RS256', 'sig'],
          ['RSA', 'PS256', 'sig'],
          ['EC', 'ES256', 'sig'],
          ['OKP', 'EdDSA', 'sig'],
          ['RSA', undefined, 'enc'],
          ['EC', undefined, 'enc'],
        ],
      )
      assert.equal(new Set(keys.map(({ kid }) => kid)).size, 6)
      const posted = await daemon.post('v4', '/get-rp-jwks', {})
      assert.deepEqual(posted.body, body)
      assert.deepEqual((await daemon.call('get_rp_jwks', {})).data, body)
      assert.deepEqual((await daemon.call('get_rp_jwks', {}, { oxd: 1 })).data, body)
    }))

  it('shows nothing private', () =>
    withDaemon(async (daemon) => {
      // As above.
      const keys = (await daemon.call('get_rp_jwks', {})).data.keys as Data[]
      for (const { alg: _, ...key } of keys) {
        // The table has every kind of key that oxd makes.
        assert.deepEqual(Object.keys(key).sort(), PUBLIC[key.kty as keyof typeof PUBLIC])
        if (key.kty === 'RSA') assert.equal(Buffer.from(String(key.n), 'base64url').length, 256, '2048 bits')
      }
    }))

  it('makes them once, whoever asks at the same time', () =>
    withDaemon(async (daemon) => {
      const answers = await Promise.all(Array.from({ length: 4 }, () => daemon.call('get_rp_jwks', {})))
      assert.equal(new Set(answers.map(({ data }) => JSON.stringify(data))).size, 1)
    }))

  it('has the same after a restart, and other ones in another daemon', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oxd-rp-keys-'))
    try {
      const asked = (data_dir?: string) =>
        withDaemon(async (daemon) => (await daemon.call('get_rp_jwks', {})).data, data_dir)
      const data_dir = join(folder, 'data')
      const first = await asked(data_dir)
      assert.deepEqual(await asked(data_dir), first)
      assert.notDeepEqual(await asked(), first)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is asked with GET or POST alone', () =>
    withDaemon(async (daemon) => {
      const { status, headers } = await sendHttp(daemon.places.v4, '/get-rp-jwks', { method: 'PUT' })
      assert.equal(status, 405)
      assert.match(String(headers.allow), /GET/)
    }))
})
