// The library against the daemon and an OP, all real: the cfg file, a crowd, a restart.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Client, OxdConnectionError, OxdError, first } from '../src/client/client.ts'
import { startLyingOp, type LyingOp } from '../src/testing/op.ts'
import { startOxd } from '../src/testing/process.ts'
import { HOME, REDIRECT, startStory, type Story } from '../src/testing/story.ts'

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
