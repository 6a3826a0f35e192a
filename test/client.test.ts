// The library against the daemon and an OP, all real: the cfg file, a crowd, a restart.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createCallers } from '../src/callers.ts'
import {
  Client,
  OxdConnectionError,
  OxdError,
  ProtectionError,
  first,
  type ClientConfig,
} from '../src/client/client.ts'
import { LIMITS } from '../src/limits.ts'
import { startLyingOp, type LyingOp } from '../src/testing/op.ts'
import { startOxd } from '../src/testing/process.ts'
import { HOME, REDIRECT, startStory, type Story } from '../src/testing/story.ts'
import { realWorld } from '../src/world.ts'

describe('the library', () => {
  let story: Story
  let folder: string
  before(async () => {
    story = await startStory()
    folder = await mkdtemp(join(tmpdir(), 'oxd-client-'))
  })
  after(async () => {
    await rm(folder, { recursive: true })
    await story.close()
  })

  const cfg = async (name: string, issuer: string, port = story.daemon.port): Promise<string> => {
    const file = join(folder, `${name}.cfg`)
    const text = `# a comment\n[oxd]\nport = ${port}\nid =\n\n[client]\nop_host = ${issuer}\nauthorization_redirect_uri = ${REDIRECT}\npost_logout_redirect_uri = ${HOME}\nscope = openid, profile,email\n`
    await writeFile(file, text)
    return file
  }

  it('logs a user in from the cfg alone, and writes nothing but the id', async () => {
    const issuer = story.issuer()
    const file = await cfg('login', issuer)
    const text = await readFile(file, 'utf8')
    await using oxd = new Client(file)
    const { url, state } = await oxd.startLogin({ prompt: 'login' })
    assert.equal(await readFile(file, 'utf8'), text.replace('id =', `id = ${oxd.oxd_id}`))
    const back = new URL(await story.op.authorize(url)).searchParams
    assert.equal(back.get('state'), state)
    const tokens = await oxd.getTokensByCode({
      code: String(back.get('code')),
      state,
      iss: String(back.get('iss')),
    })
    assert.equal(tokens.id_token_claims.sub[0], 'alice')
    const user = await oxd.getUserInfo(tokens.access_token)
    assert.equal(first(user.sub), 'alice')
    const out = new URL(await oxd.getLogoutUri({ state }))
    assert.equal(out.searchParams.get('id_token_hint'), tokens.id_token)

    await writeFile(file, (await readFile(file, 'utf8')).replace('openid, profile,email', 'openid'))
    await oxd.updateSiteRegistration()
    const sent = story.op.requests(issuer).findLast(({ method }) => method === 'PUT')
    assert.equal(sent?.params.scope, 'openid')
  })

  it('has errors with a code, a description and a reference', async () => {
    await using oxd = new Client(await cfg('errors', story.issuer()))
    await oxd.registerSite()
    await assert.rejects(oxd.getTokensByCode('code', 'an unknown state'), (error: unknown) => {
      assert.ok(error instanceof OxdError)
      assert.equal(error.code, 'invalid_state')
      assert.equal(error.command, 'get_tokens_by_code')
      assert.match(error.description, /\[ref [A-Z2-9]{4}-[A-Z2-9]{2}\]$/)
      return true
    })
  })

  it('gives 64 that ask at once 64 states', async () => {
    await using oxd = new Client(await cfg('crowd', story.issuer()))
    const logins = await Promise.all(Array.from({ length: 64 }, () => oxd.startLogin()))
    assert.equal(new Set(logins.map(({ state }) => state)).size, 64)
    for (const { url, state } of logins) assert.equal(new URL(url).searchParams.get('state'), state)
  })

  it('registers one client when eight processes start at once', async () => {
    const issuer = story.issuer()
    const file = await cfg('eight', issuer)
    const client = new URL('../src/client/client.ts', import.meta.url).href
    const program = `
      const { Client } = await import(${JSON.stringify(client)})
      const oxd = new Client(${JSON.stringify(file)})
      process.stdout.write(await oxd.registerSite())
      await oxd.close()`
    const ids = await Promise.all(
      Array.from({ length: 8 }, () =>
        promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]),
      ),
    )
    assert.equal(new Set(ids.map(({ stdout }) => stdout)).size, 1)
    assert.equal(story.op.count(issuer, 'registration'), 1)
  })

  it('says that the daemon has forgotten the site, and registers anew when told to', async () => {
    const issuer = story.issuer()
    const file = await cfg('forgotten', issuer)
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace('id =', 'id = 6f9619ff-8b86-4011-b42d-00cf4fc964ff'),
    )
    await using oxd = new Client(file)
    await assert.rejects(
      oxd.startLogin(),
      (error: unknown) => error instanceof OxdError && error.code === 'invalid_oxd_id',
    )
    assert.equal(story.op.count(issuer, 'registration'), 0)
    const id = await oxd.registerSite({ again: true })
    assert.match(await readFile(file, 'utf8'), new RegExp(`^id = ${id}$`, 'm'))
    await oxd.startLogin()
  })
})

describe('the library where commands are protected', () => {
  let story: Story
  let folder: string
  before(async () => {
    story = await startStory({ http: 'tls', argv: ['--require-token'] })
    folder = await mkdtemp(join(tmpdir(), 'oxd-protected-'))
  })
  after(async () => {
    await rm(folder, { recursive: true })
    await story.close()
  })

  /** The ways to the same daemon; both HTTPS listeners speak our dialect to us. */
  const ways = (): Readonly<Record<string, Pick<ClientConfig, 'url' | 'ca' | 'port'>>> => {
    const { port, places } = story.daemon
    const over = ({ port: at, ca }: { readonly port: number; readonly ca?: string | undefined }) => ({
      url: `https://localhost:${at}`,
      ca,
    })
    return { socket: { port }, 'HTTPS of 3.1': over(places.v3), 'HTTPS of 4.x': over(places.v4) }
  }
  const newCaller = async (name: string, sites: readonly string[] = []): Promise<string> => {
    const world = realWorld(() => {})
    return (await createCallers(story.daemon.opened.store, world, LIMITS).add(name, sites)).key
  }
  const login = async (oxd: Client): Promise<void> => {
    const { url, state } = await oxd.startLogin()
    const back = new URL(await story.op.authorize(url)).searchParams
    const tokens = await oxd.getTokensByCode(String(back.get('code')), state)
    assert.deepEqual(tokens.id_token_claims.sub, ['alice'])
    assert.equal(first((await oxd.getUserInfo(tokens.access_token)).sub), 'alice')
  }
  const site = (op_host: string) => ({
    op_host,
    authorization_redirect_uri: REDIRECT,
    post_logout_redirect_uri: HOME,
  })

  for (const way of ['socket', 'HTTPS of 3.1', 'HTTPS of 4.x']) {
    it(`opens its own sites with a caller key, and nobody else's (${way})`, async () => {
      const where = ways()[way]
      const key = await newCaller(`a-${way.replaceAll(' ', '-')}`)
      await using oxd = new Client({ ...where, ...site(story.issuer()), caller_key: key })
      await login(oxd)
      const { oxd_id } = oxd
      const other = await newCaller(`b-${way.replaceAll(' ', '-')}`)
      for (const caller_key of [undefined, other, 'oxd_key_of_nobody']) {
        await using stranger = new Client({ ...where, oxd_id, caller_key })
        await assert.rejects(stranger.startLogin(), ProtectionError)
      }
      await assert.rejects(
        oxd.getTokensByCode('code', 'an unknown state'),
        (error: unknown) => error instanceof OxdError && error.code === 'invalid_state',
      )
    })

    it(`sets itself up from the cfg, and gets its tokens by itself from then on (${way})`, async () => {
      const { port, url, ca } = ways()[way] ?? {}
      const issuer = story.issuer()
      const file = join(folder, 'setup.cfg')
      if (ca !== undefined) await writeFile(join(folder, 'ca.pem'), ca)
      const place = url === undefined ? `port = ${port}` : `url = ${url}\nca = ca.pem`
      const text = `# a comment\n[oxd]\n${place}\nid =\n\n[client]\nop_host = ${issuer}\nauthorization_redirect_uri = ${REDIRECT}\n`
      await writeFile(file, text, { mode: 0o600 })
      {
        await using stranger = new Client(file)
        await assert.rejects(stranger.setupClient(), ProtectionError, 'nobody allowed this OP')
      }
      // The operator lets this application set itself up.
      const key = await newCaller(`setup-${way.replaceAll(' ', '-')}`)
      await using first = new Client({ ...ways()[way], ...site(issuer), caller_key: key })
      const { oxd_id, client_id, client_secret } = await first.setupClient()
      assert.ok(client_secret !== null)
      const written = text
        .replace('id =', `id = ${oxd_id}`)
        .replace(
          '[client]',
          `[client]\nprotection_client_id = ${client_id}\nprotection_client_secret = ${client_secret}`,
        )
      await writeFile(file, written)
      const before = story.op.count(issuer, 'token')
      await using oxd = new Client(file)
      await Promise.all([login(oxd), login(oxd)])
      // One for the application, and two codes.
      assert.equal(story.op.count(issuer, 'token') - before, 3)
      await oxd.removeSite()
      await assert.rejects(
        oxd.startLogin(),
        (error: unknown) => error instanceof OxdError && error.code === 'invalid_oxd_id',
      )
      assert.equal(await readFile(file, 'utf8'), written)
      const shown = JSON.stringify(story.daemon.log)
      for (const secret of [key, client_secret]) assert.ok(!shown.includes(secret))
    })
  }

  it('does not speak to a daemon whose certificate it has no reason to trust', async () => {
    const { url } = ways()['HTTPS of 4.x'] ?? {}
    await using oxd = new Client({ url, oxd_id: 'X', caller_key: 'oxd_key_k' })
    await assert.rejects(oxd.startLogin(), (error: unknown) => {
      assert.ok(error instanceof OxdConnectionError && !error.sent)
      return /its certificate is not trusted: give the CA that signed it as `ca`/.test(error.message)
    })
  })
})

describe('the library through a restart of the daemon', () => {
  let op: LyingOp
  let folder: string
  before(async () => {
    op = await startLyingOp()
    folder = await mkdtemp(join(tmpdir(), 'oxd-restart-'))
  })
  after(async () => {
    await rm(folder, { recursive: true })
    await op.close()
  })

  it('says where nobody answers, and goes on when the daemon is back', async () => {
    const argv = ['--data-dir', join(folder, 'data'), '--trust-op', op.origin]
    const first = await startOxd(argv)
    const site = { port: first.port, op_host: op.issuer('restart'), authorization_redirect_uri: REDIRECT }
    await using oxd = new Client(site)
    const { url, state } = await oxd.startLogin()
    await first.kill('SIGKILL')
    await assert.rejects(oxd.startLogin(), (error: unknown) => {
      assert.ok(error instanceof OxdConnectionError)
      assert.match(error.message, new RegExp(`is oxd running on .*:${first.port}`, 'i'))
      return true
    })
    // The later flag wins: the port that the library knows.
    const second = await startOxd([...argv, '--port', String(first.port)])
    const back = new URL(await op.authorize(url)).searchParams
    const tokens = await oxd.getTokensByCode(String(back.get('code')), state)
    assert.equal(tokens.id_token_claims.sub[0], 'alice')
    await second.kill('SIGTERM')
  })
})
