import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { siteCertificate } from './certificate.ts'

suite('the certificate', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'demosite-tls-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('is made for one host name, signs no other, and is kept for its owner alone', async () => {
    const made = await siteCertificate({ host: 'shop.localhost', folder })
    const certificate = new X509Certificate(made.cert)
    assert.equal(certificate.checkHost('shop.localhost'), 'shop.localhost')
    assert.equal(certificate.checkHost('other.localhost'), undefined)
    assert.equal(certificate.ca, false)
    assert.equal(statSync(join(folder, 'shop.localhost.json')).mode & 0o777, 0o600)
    assert.equal(readFileSync(join(folder, 'shop.localhost.crt'), 'utf8'), made.cert)
    assert.doesNotMatch(readFileSync(join(folder, 'shop.localhost.crt'), 'utf8'), /PRIVATE/)

    assert.deepEqual(await siteCertificate({ host: 'shop.localhost', folder }), made, 'the next start')
    assert.notEqual((await siteCertificate({ host: 'other.localhost', folder })).cert, made.cert)
  })

  test('that does not fit the host is made anew', async () => {
    const other = await siteCertificate({ host: 'other.localhost', folder })
    writeFileSync(join(folder, 'shop.localhost.json'), JSON.stringify(other))
    const { cert } = await siteCertificate({ host: 'shop.localhost', folder })
    assert.equal(new X509Certificate(cert).checkHost('shop.localhost'), 'shop.localhost')
  })

  test('that is given is used; half of one is refused', async () => {
    const cert_path = join(folder, 'c.pem')
    const key_path = join(folder, 'k.pem')
    writeFileSync(cert_path, 'certificate')
    writeFileSync(key_path, 'key')
    const given = { host: 'shop.localhost', folder }
    assert.deepEqual(await siteCertificate({ ...given, cert_path, key_path }), {
      cert: 'certificate',
      key: 'key',
    })
    await assert.rejects(siteCertificate({ ...given, cert_path }), /DEMO_CERT and DEMO_KEY belong together/)
    await assert.rejects(siteCertificate({ ...given, key_path }), /DEMO_CERT and DEMO_KEY belong together/)
  })
})
