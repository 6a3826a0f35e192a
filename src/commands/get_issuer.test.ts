// get_issuer: who is responsible for an account; oxd asks the host of the account alone, and only whom the caller may ask.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startTestDaemon, type TestDaemon } from '../testing/daemon.ts'
import { reply, startLyingOp, type Fault, type LyingOp } from '../testing/op.ts'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'

const REL = 'http://openid.net/specs/connect/1.0/issuer'
const OTHER = 'https://other.example.com'

const LIES: Readonly<Record<string, readonly [Fault, string]>> = {
  'another issuer': [
    (good) => ({ ...good, links: [{ rel: REL, href: OTHER }] }),
    'invalid_issuer_discovered',
  ],
  'the issuer with a slash more': [
    (good) => JSON.parse(JSON.stringify(good).replace(/("href":"[^"]+)"/, '$1/"')),
    'invalid_issuer_discovered',
  ],
  'no links': [(good) => ({ ...good, links: [] }), 'failed_to_get_issuer'],
  'a page': [reply.html(), 'failed_to_get_issuer'],
  'nobody there': [reply.html(404), 'failed_to_get_issuer'],
  'a redirect': [reply.redirect(OTHER), 'failed_to_get_issuer'],
}

describe('get_issuer', () => {
  let folder: string
  let op: LyingOp
  let open: TestDaemon
  /** Protected, with one OP that anybody may make oxd ask. */
  let guarded: TestDaemon
  let issuer: string
  let resource: string
  before(async () => {
    const authority = await createAuthority('CA')
    op = await startLyingOp({
      tls: await createServerCertificate(authority, { names: ['op'], addresses: ['127.0.0.1'] }),
    })
    issuer = op.issuer('')
    resource = `acct:ada@${new URL(issuer).host}`
    folder = await mkdtemp(join(tmpdir(), 'oxd-issuer-'))
    const ca = join(folder, 'ca.pem')
    await writeFile(ca, authority.cert)
    const argv = ['--trust-op', op.origin, '--op-ca', ca]
    const options = { http: 'plain' } as const
    open = await startTestDaemon({ ...options, argv: [...argv, '--insecure-unprotected-http'] })
    guarded = await startTestDaemon({ ...options, argv: [...argv, '--allowed-op', issuer] })
  })
  after(async () => {
    await open.close()
    await guarded.close()
    await op.close()
    await rm(folder, { recursive: true })
  })

  it('has the same members on every wire', async () => {
    const told = { subject: resource, links: [{ rel: REL, href: issuer }] }
    const params = { resource, op_host: issuer }
    for (const more of [{}, { oxd: 1 }]) {
      assert.deepEqual((await open.call('get_issuer', params, more)).data, told)
    }
    const { status, body } = await open.post('v4', '/get-issuer', params)
    assert.deepEqual([status, body], [200, told])
    const op_configuration_endpoint = `${op.origin}/.well-known/openid-configuration`
    assert.deepEqual((await open.call('get_issuer', { resource, op_configuration_endpoint })).data, told)
  })

  it('finds the issuer where the caller does not know it yet', async () => {
    op.setFaults(issuer, { webfinger: (good) => ({ ...good, links: [{ rel: REL, href: OTHER }] }) })
    const { data } = await open.call('get_issuer', { resource })
    op.setFaults(issuer, {})
    assert.deepEqual(data.links, [{ rel: REL, href: OTHER }])
  })

  for (const [lie, [webfinger, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const params = { resource, op_host: issuer }
      assert.equal((await open.call('get_issuer', params)).status, 'ok', 'the twin')
      op.setFaults(issuer, { webfinger })
      const { data } = await open.call('get_issuer', params)
      const { status, body } = await open.post('v4', '/get-issuer', params)
      op.setFaults(issuer, {})
      assert.equal(data.error, code, String(data.error_description))
      assert.deepEqual([status, body.error], [500, code])
    })
  }

  it('wants a resource, and one that can be asked about', async () => {
    const { data } = await open.call('get_issuer', { op_host: issuer })
    assert.equal(data.error, 'bad_request_no_resource')
    const { status, body } = await open.post('v4', '/get-issuer', { op_host: issuer, resource: '' })
    assert.deepEqual([status, body.error], [400, 'bad_request_no_resource'])
    const { data: bad } = await open.call('get_issuer', { op_host: issuer, resource: 'file:///etc/passwd' })
    assert.equal(bad.error, 'invalid_request')
  })

  it('goes nowhere that is private', async () => {
    const { host } = new URL(op.canary().origin)
    const { data } = await open.call('get_issuer', { resource: `acct:ada@${host}` })
    assert.equal(data.error, 'restricted_op_host')
    assert.equal(op.canary().contacts, 0)
  })

  it('asks for a stranger the host of the allowed OP, and no other', async () => {
    const good = await guarded.post('v4', '/get-issuer', { resource, op_host: issuer })
    assert.equal(good.status, 200, good.text)
    const { host } = new URL(op.canary().origin)
    for (const elsewhere of [`acct:ada@${host}`, `https://${host}/ada`, `ada@${host}`]) {
      const { status, body } = await guarded.post('v4', '/get-issuer', {
        resource: elsewhere,
        op_host: issuer,
      })
      assert.deepEqual([status, body.error], [403, 'restricted_op_host'], elsewhere)
    }
    const params = { resource, op_host: OTHER }
    const { status, body } = await guarded.post('v4', '/get-issuer', params)
    assert.deepEqual([status, body.error], [403, 'restricted_op_host'])
    assert.equal(op.canary().contacts, 0)
  })
})
