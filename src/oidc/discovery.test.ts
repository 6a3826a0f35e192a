// Discovery over TLS: an OP at https must not lead oxd to http, whatever origins are trusted.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { startLyingOp, type LyingOp } from '../testing/op.ts'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'
import { discover, whereabouts } from './discovery.ts'
import { createDoor, type Door } from './http.ts'

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'registration_endpoint',
  'introspection_endpoint',
  'end_session_endpoint',
]

describe('discovery of an OP at https', () => {
  let op: LyingOp
  let door: Door
  before(async () => {
    const authority = await createAuthority('CA')
    op = await startLyingOp({
      tls: await createServerCertificate(authority, { names: ['op.test'], addresses: ['127.0.0.1'] }),
    })
    const trust_op = [op.origin, op.origin.replace('https:', 'http:')]
    door = createDoor({ trust_op, op_ca: authority.cert, limits: LIMITS })
  })
  after(async () => {
    await door.close()
    await op.close()
  })

  it('takes what is at https', async () => {
    const issuer = op.issuer('good')
    assert.equal((await discover(door, whereabouts(issuer, {}))).issuer, issuer)
  })

  for (const endpoint of ENDPOINTS) {
    it(`refuses ${endpoint} at http`, async () => {
      const issuer = op.issuer(endpoint, {
        discovery: (d) => ({ ...d, [endpoint]: String(d[endpoint]).replace('https:', 'http:') }),
      })
      await assert.rejects(discover(door, whereabouts(issuer, {})), (error: unknown) => {
        assert.ok(error instanceof OxdError)
        assert.equal(error.code, 'no_connect_discovery_response')
        assert.match(error.message, new RegExp(`${endpoint} is not https`))
        return true
      })
    })
  }
})
