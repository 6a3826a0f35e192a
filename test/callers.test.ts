// docs/callers.md as a story: keys and certificates, from the command line to every transport, at an OP that introspects nothing.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { sendHttp } from '../src/testing/http_caller.ts'
import { startLyingOp, type LyingOp } from '../src/testing/op.ts'
import { runOxd } from '../src/testing/process.ts'
import { createServerCertificate } from '../src/testing/tls.ts'

const REDIRECT = 'https://client.example.com/callback'

describe('a caller', () => {
  let op: LyingOp
  let issuer: string
  let folder: string
  let daemon: TestDaemon
  beforeEach(async () => {
    op = await startLyingOp()
    issuer = op.issuer('plain', {
      discovery: ({ introspection_endpoint: _, ...document }) => document,
    })
    folder = await mkdtemp(join(tmpdir(), 'oxd-callers-'))
    daemon = await startTestDaemon({
      data_dir: join(folder, 'data'),
      http: 'tls',
      argv: ['--trust-op', op.origin, '--require-token', '--client-certificates'],
    })
  })
  afterEach(async () => {
    await daemon.close()
    await op.close()
    await rm(folder, { recursive: true })
  })

  const oxd = async (...argv: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runOxd([...argv, '--data-dir', join(folder, 'data')])
    assert.equal(code, 0, stderr)
    return stdout.trim()
  }
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
  const register = (key: string) =>
    daemon.post('v4', '/register-site', { op_host: issuer, redirect_uris: [REDIRECT] }, bearer(key))
  const outcomes = async (key: string, oxd_id: unknown): Promise<unknown[]> => {
    const params = { oxd_id }
    const v4 = await daemon.post('v4', '/get-authorization-url', params, bearer(key))
    const v3 = await daemon.post('v3', '/get-authorization-url', params, bearer(key))
    const socket = await daemon.call('get_authorization_url', { oxd_id, protection_access_token: key })
    return [v4.status, (v3.body.data as Data).error ?? 'ok', socket.data.error ?? 'ok']
  }
  const LET_IN = [200, 'ok', 'ok']
  const REFUSED = [403, 'invalid_protection_access_token', 'invalid_protection_access_token']

  it('with a key registers its site, changes its key without standing still, and is removed', async () => {
    const key = await oxd('callers', 'add', 'shop', '--no-sites')
    const neighbour = await oxd('callers', 'add', 'neighbour', '--no-sites')
    const registered = await register(key)
    assert.equal(registered.status, 200, registered.text)
    const { oxd_id } = registered.body
    assert.deepEqual(await outcomes(key, oxd_id), LET_IN)
    assert.deepEqual(await outcomes(neighbour, oxd_id), REFUSED)
    const nobody = await daemon.call('get_authorization_url', { oxd_id })
    assert.equal(nobody.data.error, 'blank_protection_access_token')

    const fresh = await oxd('callers', 'rotate', 'shop')
    assert.deepEqual(await outcomes(key, oxd_id), LET_IN)
    assert.deepEqual(await outcomes(fresh, oxd_id), LET_IN)
    await oxd('callers', 'drop-old', 'shop')
    assert.deepEqual(await outcomes(key, oxd_id), REFUSED)
    assert.deepEqual(await outcomes(fresh, oxd_id), LET_IN)
    const reader = await oxd('callers', 'add', 'reader', '--sites', String(oxd_id).slice(0, 8))
    assert.deepEqual(await outcomes(reader, oxd_id), LET_IN)
    await oxd('callers', 'remove', 'shop')
    assert.deepEqual(await outcomes(fresh, oxd_id), REFUSED)

    assert.match(await oxd('sites', 'list'), new RegExp(`\n${String(oxd_id)} `))
    await oxd('sites', 'remove', String(oxd_id).slice(0, 8), '--yes')
    assert.equal((await outcomes(reader, oxd_id))[1], 'invalid_oxd_id')
    const log = JSON.stringify(daemon.log)
    for (const secret of [key, fresh, neighbour, reader])
      assert.ok(!log.includes(secret), 'a key is in the log')
  })

  it('may be known by its certificate, and another certificate is nobody', async () => {
    const all = await oxd('callers', 'add', 'setup', '--all')
    const { oxd_id } = (await register(all)).body
    const [own, other] = await Promise.all(
      ['shop', 'other'].map((name) => createServerCertificate(undefined, { names: [name], addresses: [] })),
    )
    const file = join(folder, 'shop.pem')
    await writeFile(file, own?.cert ?? '')
    await oxd('callers', 'add', 'shop', '--sites', String(oxd_id), '--cert', file)
    const ask = async (client: typeof own) => {
      const sent = client === undefined ? {} : { client }
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ oxd_id })
      return (await sendHttp(daemon.places.v4, '/get-authorization-url', { headers, body, ...sent })).status
    }
    assert.equal(await ask(own), 200)
    assert.equal(await ask(other), 403)
    assert.equal(await ask(undefined), 403)
    await oxd('callers', 'remove', 'shop')
    assert.equal(await ask(own), 403)
  })
})

describe('whoever shows nothing', () => {
  it('does not learn which sites there are', async () => {
    const daemon = await startTestDaemon({ argv: ['--require-token'] })
    try {
      const { data } = await daemon.call('get_logout_uri', { oxd_id: randomUUID() })
      assert.equal(data.error, 'blank_protection_access_token')
    } finally {
      await daemon.close()
    }
  })
})
