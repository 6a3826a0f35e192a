// What the development CA vouches for, and when its certificates are made anew; judged by Node's own TLS.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { StartError } from '../../error.ts'
import { realWorld } from '../../world.ts'
import { makeAuthority, type Issued } from './authority.ts'
import { ensureCertificates } from './certificates.ts'

const WORLD = realWorld(() => {})
const DAY_MS = 86_400_000

const inFolder = async (use: (folder: string) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'dev-tls-'))
  try {
    await use(join(folder, 'tls'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What a client that trusts `ca` and asks for `name` says of the server: an error of OpenSSL or Node, or `accepted`. */
const verdict = async ({ cert, key }: Issued, ca: string, name: string): Promise<string> => {
  const server = createServer({ cert, key }, (socket) => socket.end())
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    return await new Promise((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca,
        ...(isIP(name) === 0 ? { servername: name } : {}),
      })
      socket.once('secureConnect', () => resolve('accepted'))
      socket.once('error', (error) => resolve(error.message))
      socket.once('close', () => server.close())
    })
  } finally {
    server.close()
  }
}

test('the CA vouches for this machine and the configured host, and for nothing else', async () => {
  const { ca, issue } = await makeAuthority(['shop.example.com', '192.168.1.7'], WORLD)
  for (const name of ['localhost', 'demo.localhost', 'a.b.localhost', '127.0.0.1', 'shop.example.com']) {
    assert.equal(await verdict(await issue([name]), ca, name), 'accepted', name)
  }
  for (const name of ['example.com', 'shop.example.org', 'localhost.example.com', 'notlocalhost']) {
    assert.equal(await verdict(await issue([name]), ca, name), 'permitted subtree violation', name)
  }
  // A name that is allowed does not carry in one that is not.
  for (const other of ['example.com', '10.0.0.1', '192.168.1.8', '::2']) {
    assert.equal(
      await verdict(await issue(['localhost', other]), ca, 'localhost'),
      'permitted subtree violation',
      other,
    )
  }
  for (const other of ['127.255.0.1', '192.168.1.7', '::1']) {
    assert.equal(await verdict(await issue(['localhost', other]), ca, 'localhost'), 'accepted', other)
  }
})

test('the CA is one of servers alone, without further CAs below it, and each is its own', async () => {
  const [one, two] = [await makeAuthority([], WORLD), await makeAuthority([], WORLD)]
  const ca = new X509Certificate(one.ca)
  assert.equal(ca.ca, true)
  // Node's `keyUsage` is the extended one.
  assert.deepEqual(ca.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  // basicConstraints (2.5.29.19), critical: CA true, path length 0; nameConstraints (2.5.29.30), critical.
  const der = ca.raw.toString('hex')
  assert.ok(der.includes('0603551d130101ff040830060101ff020100'))
  assert.ok(der.includes('0603551d1e0101ff'))
  assert.notEqual(ca.subject, new X509Certificate(two.ca).subject)
  assert.notEqual(await verdict(await one.issue(['localhost']), two.ca, 'localhost'), 'accepted')
})

test('the files: one certificate for every name, the key private, the key of the CA nowhere', () =>
  inFolder(async (folder) => {
    const files = await ensureCertificates(folder, ['shop.example.com'], WORLD)
    assert.equal(files.made, true)
    assert.deepEqual(readdirSync(folder).sort(), ['ca.pem', 'cert.pem', 'key.pem'])
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    assert.equal(statSync(files.key_file).mode & 0o777, 0o600)
    const [ca, cert, key] = [files.ca_file, files.cert_file, files.key_file].map((file) =>
      readFileSync(file, 'utf8'),
    )
    assert.ok(ca !== undefined && cert !== undefined && key !== undefined)
    for (const name of ['localhost', 'demo.localhost', '127.0.0.1', 'shop.example.com']) {
      assert.equal(await verdict({ cert, key }, ca, name), 'accepted', name)
    }
    assert.match(await verdict({ cert, key }, ca, 'other.localhost'), /does not match certificate's altnames/)
    assert.equal(new X509Certificate(cert).checkIP('::1'), '::1')
    const days = (new X509Certificate(cert).validToDate.getTime() - WORLD.now()) / DAY_MS
    assert.ok(days > 300 && days < 398)
  }))

test('they are kept until a week before they expire, and made anew for another host or when torn', () =>
  inFolder(async (folder) => {
    const at = (days: number) => ({ ...WORLD, now: () => WORLD.now() + days * DAY_MS })
    const made = async (hosts: readonly string[], days = 0) =>
      (await ensureCertificates(folder, hosts, at(days))).made
    assert.equal(await made(['shop.example.com']), true)
    assert.equal(await made(['shop.example.com']), false)
    assert.equal(await made([]), false, 'a start that needs fewer names keeps them')
    assert.equal(await made(['shop.example.com'], 350), false)
    assert.equal(await made(['shop.example.com'], 359), true)
    assert.equal(await made([]), true, 'those are of the future now')
    assert.equal(await made(['other.example.com']), true)
    assert.equal(await made(['shop.example.com']), true)
    const foreign = await (await makeAuthority([], WORLD)).issue(['localhost'])
    for (const [file, text] of Object.entries({
      'key.pem': foreign.key,
      'cert.pem': foreign.cert,
      'ca.pem': '',
    })) {
      writeFileSync(join(folder, file), text)
      assert.equal(await made([]), true, file)
      assert.equal(await made([]), false)
    }
  }))

test('what is no host name is refused before anything is made', () =>
  inFolder(async (folder) => {
    for (const host of [
      '',
      '*.localhost',
      'https://demo.localhost',
      'demo.localhost:8080',
      'a..b',
      '-a.b',
      'é.localhost',
    ]) {
      await assert.rejects(ensureCertificates(folder, [host], WORLD), (error) => error instanceof StartError)
    }
  }))
