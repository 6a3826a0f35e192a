// license_status: the same good news for everybody, on every wire.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startTestDaemon } from '../testing/daemon.ts'
import { sendHttp } from '../testing/http_caller.ts'

const STATUS = { valid: true, thread_count: 0, name: null, features: null }

describe('license_status', () => {
  it('says that everything may be used, to anybody', async () => {
    const daemon = await startTestDaemon({ http: 'plain', argv: ['--require-token'] })
    try {
      const old = await daemon.call('license_status', {})
      assert.equal(JSON.stringify(old), JSON.stringify({ status: 'ok', data: STATUS }), 'the order, too')
      const native = await daemon.call('LICENSE_STATUS', { oxd_id: 'x' }, { oxd: 1 })
      assert.deepEqual(native, { status: 'ok', data: STATUS })
      const { status, body } = await daemon.post('v3', '/license-status', {})
      assert.deepEqual([status, body], [200, { status: 'ok', data: STATUS }])
      const bare = await daemon.post('v4', '/license-status', {})
      assert.deepEqual([bare.status, bare.body], [200, { valid: true, thread_count: 0 }])
      const empty = await sendHttp(daemon.places.v4, '/license-status', { method: 'GET' })
      assert.equal(empty.status, 405)
    } finally {
      await daemon.close()
    }
  })
})
