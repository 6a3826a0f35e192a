// The certificate and the key of the HTTPS listeners: what is wrong with them is said by the name of the file.
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { StartError } from '../error.ts'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'
import { readTls } from './tls.ts'

describe('certificate and key', () => {
  let folder: string
  const at = (name: string) => join(folder, name)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oxd-tls-'))
    const authority = await createAuthority('test')
    const pair = await createServerCertificate(authority, { names: ['oxd.example.com'] })
    const other = await createServerCertificate(undefined, { names: ['oxd.example.com'] })
    const locked = createPrivateKey(pair.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    })
    const files = {
      'chain.pem': `${pair.cert}\n${authority.cert}`,
      'key.pem': pair.key,
      'other.pem': other.key,
      'locked.pem': String(locked),
      'torn.pem': pair.cert.slice(0, 200),
      'torn_chain.pem': `${pair.cert}\n${authority.cert.slice(0, 200)}\n-----END CERTIFICATE-----\n`,
      'empty.pem': '',
    }
    for (const [name, text] of Object.entries(files)) await writeFile(at(name), text)
  })
  after(() => rm(folder, { recursive: true }))

  it('are read when they belong together', () => {
    const { cert, certificate } = readTls(at('chain.pem'), at('key.pem'))
    assert.equal(cert.match(/BEGIN CERTIFICATE/g)?.length, 2)
    assert.equal(certificate.checkHost('oxd.example.com'), 'oxd.example.com')
  })

  const ROWS: readonly (readonly [cert: string, key: string, said: RegExp])[] = [
    ['absent.pem', 'key.pem', /^--tls-cert: \S+absent\.pem cannot be read \(ENOENT\)\.$/],
    ['chain.pem', 'absent.pem', /^--tls-key: \S+absent\.pem cannot be read \(ENOENT\)\.$/],
    ['empty.pem', 'key.pem', /^--tls-cert: \S+empty\.pem holds no certificate/],
    ['torn.pem', 'key.pem', /^--tls-cert: \S+torn\.pem holds no certificate/],
    ['torn_chain.pem', 'key.pem', /^--tls-cert: \S+torn_chain\.pem is not usable/],
    ['key.pem', 'key.pem', /^--tls-cert: \S+key\.pem holds no certificate/],
    ['chain.pem', 'empty.pem', /^--tls-key: \S+empty\.pem holds no private key/],
    ['chain.pem', 'chain.pem', /^--tls-key: \S+chain\.pem holds no private key/],
    ['chain.pem', 'locked.pem', /^--tls-key: \S+locked\.pem has a passphrase/],
    ['chain.pem', 'other.pem', /^--tls-key: the key in \S+other\.pem does not belong to .*chain\.pem\.$/],
  ]
  for (const [cert, key, said] of ROWS) {
    it(`${cert} with ${key}`, () => {
      assert.throws(
        () => readTls(at(cert), at(key)),
        (error) => error instanceof StartError && said.test(error.message),
      )
    })
  }
})
