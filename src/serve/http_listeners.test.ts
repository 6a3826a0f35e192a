// HTTPS: which TLS is spoken, certificates of callers, and files that change while the daemon runs.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type SecureVersion } from 'node:tls'
import { after, before, beforeEach, afterEach, describe, it } from 'node:test'
import { createCallers } from '../callers.ts'
import { StartError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { startTestDaemon, type TestDaemon } from '../testing/daemon.ts'
import { sendHttp } from '../testing/http_caller.ts'
import { startStory } from '../testing/story.ts'
import { createServerCertificate, type ServerCertificate } from '../testing/tls.ts'
import { realWorld } from '../world.ts'

const LOCAL = { names: ['localhost'], addresses: ['127.0.0.1'] }
const HEALTH = { method: 'GET' }

describe('TLS', () => {
  let daemon: TestDaemon
  before(async () => {
    daemon = await startTestDaemon({ http: 'tls' })
  })
  after(() => daemon.close())

  const versionOf = async (version: SecureVersion): Promise<string | null> => {
    const socket = connect({
      host: '127.0.0.1',
      port: daemon.places.v4.port,
      ca: daemon.places.v4.ca,
      servername: 'localhost',
      minVersion: version,
      maxVersion: version,
      // Else this OpenSSL itself would refuse to try.
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    try {
      await once(socket, 'secureConnect')
      return socket.getProtocol()
    } finally {
      socket.destroy()
    }
  }

  it('is 1.2 or 1.3; what fails is in the log by its reason', async () => {
    assert.equal(await versionOf('TLSv1.2'), 'TLSv1.2')
    assert.equal(await versionOf('TLSv1.3'), 'TLSv1.3')
    for (const old of ['TLSv1', 'TLSv1.1'] as const) await assert.rejects(versionOf(old))
    const reasons = daemon.log
      .filter(({ message }) => message === 'no TLS connection')
      .map(({ fields }) => fields['reason'])
    assert.deepEqual(reasons, ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_UNSUPPORTED_PROTOCOL'])
  })

  it('is spoken by both listeners, and plain HTTP by none', async () => {
    assert.equal((await sendHttp(daemon.places.v3, '/health-check', HEALTH)).text, 'running')
    assert.equal((await sendHttp(daemon.places.v4, '/health-check', HEALTH)).body['status'], 'running')
    await assert.rejects(sendHttp({ port: daemon.places.v4.port }, '/health-check', HEALTH))
  })

  it('lets a caller prove itself by a certificate', async (t) => {
    const story = await startStory({ http: 'tls', argv: ['--client-certificates'] })
    t.after(story.close)
    const { places, opened } = story.daemon
    const { oxd_id } = await story.site()
    const mine = await createServerCertificate(undefined, { names: ['app.example.com'] })
    const other = await createServerCertificate(undefined, { names: ['app.example.com'] })
    const sha256 = createHash('sha256').update(new X509Certificate(mine.cert).raw).digest('hex')
    const callers = createCallers(
      opened.store,
      realWorld(() => {}),
      LIMITS,
    )
    await callers.addCertificate('app', [oxd_id], sha256)
    const statusFor = async (client?: ServerCertificate): Promise<number> => {
      const body = JSON.stringify({ oxd_id })
      const headers = { 'content-type': 'application/json' }
      const sent = { headers, body, ...(client === undefined ? {} : { client }) }
      return (await sendHttp(places.v4, '/get-logout-uri', sent)).status
    }
    assert.equal(await statusFor(), 403)
    assert.equal(await statusFor(other), 403)
    assert.equal(await statusFor(mine), 200)
  })
})

describe('certificate and key that change', () => {
  let folder: string
  let files: { cert: string; key: string }
  let argv: readonly string[]
  let first: ServerCertificate
  let second: ServerCertificate
  let daemon: TestDaemon | undefined
  const put = async ({ cert, key }: ServerCertificate): Promise<void> => {
    await writeFile(files.cert, cert)
    await writeFile(files.key, key)
  }
  const reasons = (): unknown[] =>
    (daemon?.log ?? [])
      .filter(({ message }) => message.startsWith('not usable'))
      .map(({ fields }) => fields['reason'])

  before(async () => {
    first = await createServerCertificate(undefined, LOCAL)
    second = await createServerCertificate(undefined, { ...LOCAL, names: ['localhost', 'oxd.example.com'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oxd-listeners-'))
    files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    argv = ['--https-port', '0', '--tls-cert', files.cert, '--tls-key', files.key]
    await put(first)
  })
  afterEach(async () => {
    await daemon?.close()
    daemon = undefined
    await rm(folder, { recursive: true })
  })

  it('are taken for new connections, and the open ones go on', async () => {
    daemon = await startTestDaemon({ argv })
    const { port } = daemon.places.v4
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: first.cert })
    const overKept = async (): Promise<number | undefined> => {
      const asked = request({ host: '127.0.0.1', port, path: '/health-check', agent }).end()
      const [response] = await once(asked, 'response')
      response.resume()
      await once(response, 'end')
      return response.statusCode
    }
    assert.equal(await overKept(), 200)
    const host = { ...HEALTH, headers: { host: 'oxd.example.com' } }
    assert.equal((await sendHttp({ port, ca: first.cert }, '/health-check', host)).status, 403)

    await put(second)
    await daemon.reload()
    assert.equal(await overKept(), 200)
    agent.destroy()
    await assert.rejects(sendHttp({ port, ca: first.cert }, '/health-check', HEALTH))
    assert.equal((await sendHttp({ port, ca: second.cert }, '/health-check', host)).status, 200)
    assert.deepEqual(reasons(), [])
  })

  it('stay as they were while the new ones are of no use, and the log says which file and why', async () => {
    daemon = await startTestDaemon({ argv })
    const { port } = daemon.places.v4
    await writeFile(files.cert, second.cert)
    await daemon.reload()
    await writeFile(files.cert, 'torn')
    await daemon.reload()
    assert.match(String(reasons()[0]), /^--tls-key: the key in \S+key\.pem does not belong/)
    assert.match(String(reasons()[1]), /^--tls-cert: \S+cert\.pem holds no certificate/)
    assert.equal((await sendHttp({ port, ca: first.cert }, '/health-check', HEALTH)).status, 200)
    assert.doesNotMatch(JSON.stringify(daemon.log), /PRIVATE|MII/)
  })

  it('are found without being told, also when a file is replaced by another', async () => {
    daemon = await startTestDaemon({ argv, limits: { reload_interval_ms: 20 } })
    await writeFile(join(folder, 'new'), second.key)
    await rename(join(folder, 'new'), files.key)
    await writeFile(join(folder, 'new'), second.cert)
    await rename(join(folder, 'new'), files.cert)
    const isTaken = () => daemon?.log.some(({ message }) => message === 'read again') === true
    while (!isTaken()) await delay(5)
    const place = { port: daemon.places.v4.port, ca: second.cert }
    assert.equal((await sendHttp(place, '/health-check', HEALTH)).status, 200)
  })

  it('must be good at the start, where nothing is left open', async () => {
    await writeFile(files.key, second.key)
    await assert.rejects(startTestDaemon({ argv }), StartError)
  })
})

describe('several listeners', () => {
  it('start all or none', async () => {
    const taken = await startTestDaemon({ http: 'plain' })
    const port = String(taken.places.v3.port)
    const argv = ['--https-port', '0', '--insecure-plain-http', '--https31-port', port]
    await assert.rejects(startTestDaemon({ argv }), /is in use.*--https31-port/)
    await taken.close()
  })

  it('are named in the log when they are weakened', async () => {
    const daemon = await startTestDaemon({ http: 'plain', argv: ['--insecure-unprotected-http'] })
    const weakened = daemon.log
      .filter(({ message }) => message === 'weakened')
      .map(({ fields }) => fields['setting'])
    await daemon.close()
    assert.deepEqual(weakened.sort(), ['insecure_plain_http', 'insecure_unprotected_http'])
  })
})
