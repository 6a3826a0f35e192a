// By which names the HTTP listeners may be called.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { createServerCertificate } from '../testing/tls.ts'
import { isOwnHost } from './http_hosts.ts'

const { cert } = await createServerCertificate(undefined, {
  names: ['oxd.example.com', '*.oxd.example.net'],
  addresses: ['192.0.2.7'],
})
const certificate = new X509Certificate(cert)

const ROWS: readonly (readonly [host: string | undefined, plain: boolean, withCertificate: boolean])[] = [
  ['localhost', true, true],
  ['LOCALHOST:8443', true, true],
  ['localhost.:8443', true, true],
  ['oxd.localhost', true, true],
  ['127.0.0.1:8443', true, true],
  ['127.1.2.3', true, true],
  ['[::1]:8443', true, true],
  ['[0:0:0:0:0:0:0:1]', true, true],
  ['[::ffff:7f00:1]', true, true],
  ['10.1.2.3:8443', true, true],
  ['10.1.2.4:8443', false, false],
  ['192.0.2.7', false, true],
  ['oxd.example.com:8443', false, true],
  ['OXD.example.com', false, true],
  ['a.oxd.example.net', false, true],
  ['a.b.oxd.example.net', false, false],
  ['example.com', false, false],
  ['localhost.example.com', false, false],
  ['127.0.0.1.example.com', false, false],
  ['notlocalhost', false, false],
  ['localhost@example.com', false, false],
  ['example.com/localhost', false, false],
  ['[::ffff:127.0.0.9.]:4', false, false],
  ['localhost:', false, false],
  ['localhost:443:443', false, false],
  ['', false, false],
  [undefined, false, false],
]

describe('the names under which oxd may be called', () => {
  for (const [host, plain, withCertificate] of ROWS) {
    it(`${host}`, () => {
      const arrived = { host, at: '::ffff:10.1.2.3' }
      assert.equal(isOwnHost({ ...arrived, certificate: undefined }), plain)
      assert.equal(isOwnHost({ ...arrived, certificate }), withCertificate)
    })
  }
})
