// The daemon as a process: what survives kill -9, how it stops, and every mistake of whoever starts it.
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, afterEach, describe, it } from 'node:test'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { signIn } from '../src/testing/dev_op/sign_in.ts'
import { runOxd, startOxd } from '../src/testing/process.ts'

const REDIRECT = 'https://client.example.com/callback'

let folder: string
let data: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oxd-process-'))
  data = join(folder, 'data')
})
afterEach(() => rm(folder, { recursive: true }))

describe('a login through kill -9', () => {
  let op: DevOp
  before(async () => {
    op = await startDevOp()
  })
  after(() => op.close())

  it('is finished by the next daemon, and its state stays spent through another kill', async () => {
    const argv = ['--data-dir', data, '--trust-op', op.issuer]
    const first = await startOxd(argv)
    const { oxd_id } = (
      await first.call('register_site', { op_host: op.issuer, authorization_redirect_uri: REDIRECT })
    ).data
    const { authorization_url } = (await first.call('get_authorization_url', { oxd_id })).data
    await first.kill('SIGKILL')

    const back = (await signIn(String(authorization_url))).searchParams
    const second = await startOxd(argv)
    const params = { oxd_id, code: back.get('code'), state: back.get('state') }
    const tokens = await second.call('get_tokens_by_code', params)
    assert.equal(tokens.status, 'ok', JSON.stringify(tokens.data))
    await second.kill('SIGKILL')

    const third = await startOxd(argv)
    assert.equal((await third.call('get_tokens_by_code', params)).data.error, 'bad_request', 'spent for good')
    const { code } = await third.kill('SIGTERM')
    assert.equal(code, 0)
    assert.equal((await stat(data)).mode & 0o777, 0o700)
    assert.equal((await stat(`${data}.key`)).mode & 0o777, 0o600)
  })
})

describe('stopping', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with 0 at ${signal}`, async () => {
      const oxd = await startOxd(['--data-dir', data])
      const ended = await oxd.kill(signal)
      assert.equal(ended.code, 0, ended.stderr)
      assert.match(ended.stdout, /"oxd stops"/)
    })
  }
})

describe('a start that cannot be', () => {
  /** Runs `oxd serve`, which must fail with one line that matches. */
  const fails = async (
    argv: readonly string[],
    wants: RegExp,
    env: Record<string, string> = {},
  ): Promise<void> => {
    const { code, stderr } = await runOxd(['serve', ...argv], { env, cwd: folder })
    assert.notEqual(code, 0)
    assert.match(stderr, wants)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }

  it('names a busy port and what to do', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await fails(['--port', String(port), '--data-dir', data], new RegExp(`${port}.*--port`))
    await new Promise((resolve) => server.close(resolve))
  })

  const SETTINGS: readonly (readonly [
    why: string,
    argv: readonly string[],
    wants: RegExp,
    env?: Record<string, string>,
  ])[] = [
    ['an unknown flag', ['--prot', '1'], /--prot/],
    ['a malformed port', ['--port', 'http'], /--port/],
    ['a malformed origin', ['--trust-op', 'op.example.com'], /--trust-op.*origin/],
    ['an unknown variable', [], /OXD_PROT/, { OXD_PROT: '1' }],
    ['a malformed variable', [], /OXD_PORT/, { OXD_PORT: '70000' }],
    ['an address that is not loopback', ['--bind', '0.0.0.0'], /--bind.*--require-token.*--no-tcp/],
    ['nothing to listen on', ['--no-tcp'], /--unix/],
    ['a missing CA file', ['--op-ca', 'nowhere.pem'], /nowhere\.pem/],
    ['a missing settings file', ['--config', 'nowhere.yml'], /nowhere\.yml/],
  ]
  for (const [why, argv, wants, env] of SETTINGS) {
    it(`says what is wrong with ${why}`, async () => {
      await fails([...argv, '--data-dir', data], wants, env)
      assert.deepEqual(
        (await readdir(folder)).filter((name) => !['data', 'data.key'].includes(name)),
        [],
      )
    })
  }

  it('names file and line of a wrong setting in oxd.yml', async () => {
    for (const [text, wants] of [
      ['port: 8099\nprot: 8098\n', /oxd\.yml:2: prot/],
      ['port: many\n', /oxd\.yml:1: port/],
      ['bind: [\n', /oxd\.yml:\d/],
      ['- port\n', /oxd\.yml:1/],
    ] as const) {
      await writeFile(join(folder, 'oxd.yml'), text)
      await fails(['--data-dir', data], wants)
    }
  })

  it('stops at a key that is lost, wrong, open to others or inside the data, and loses nothing', async () => {
    const first = await startOxd(['--data-dir', data])
    await first.kill('SIGTERM')
    const other = 'A'.repeat(43)
    await fails(['--data-dir', data, '--key-file', join(folder, 'no.key')], /no\.key.*(restore|OXD_KEY)/)
    await fails(['--data-dir', data, '--key-file', join(folder, 'no.key')], /key/i, { OXD_KEY: other })
    await fails(['--data-dir', data, '--key-file', join(data, 'in.key')], /inside/)
    await chmod(`${data}.key`, 0o644)
    await fails(['--data-dir', data], /chmod 600/)
    await chmod(`${data}.key`, 0o600)
    await chmod(data, 0o755)
    await fails(['--data-dir', data], /chmod 700/)
    await chmod(data, 0o700)
    const again = await startOxd(['--data-dir', data])
    assert.equal((await again.kill('SIGTERM')).code, 0)
  })

  it('says loudly when it makes a new store, and is silent about it afterwards', async () => {
    const first = await startOxd(['--data-dir', data])
    assert.match((await first.kill('SIGTERM')).stdout, /"level":"warn".*new, empty store/)
    const second = await startOxd(['--data-dir', data])
    assert.doesNotMatch((await second.kill('SIGTERM')).stdout, /new, empty store/)
  })

  it('refuses a data directory that is a file', async () => {
    await writeFile(data, '')
    await fails(['--data-dir', data], /data/)
    await rm(data)
    await mkdir(data, { mode: 0o700 })
  })
})

describe('the command line', () => {
  it('runs a command against a daemon, and says what is wrong otherwise', async () => {
    const oxd = await startOxd(['--data-dir', data])
    const port = ['--port', String(oxd.port)]
    const refused = await runOxd(['get_authorization_url', '--oxd_id', 'x', ...port])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^invalid_oxd_id: .*\[ref /)
    const unknown = await runOxd(['get_authorisation_url', ...port])
    assert.equal(unknown.code, 2)
    const flag = await runOxd(['get_user_info', '--token', 'x', ...port])
    assert.equal(flag.code, 2)
    assert.match(flag.stderr, /--token/)
    const hyphens = await runOxd(['get_authorization_url', '--oxd-id', 'x'], {
      env: { OXD_PORT: String(oxd.port) },
    })
    assert.match(hyphens.stderr, /^invalid_oxd_id/)
    for (const value of ['{"login_hint":"alice"}', 'word']) {
      const map = await runOxd(['get_authorization_url', '--oxd_id', 'x', '--params', value, ...port])
      assert.equal(map.code, 2)
      assert.match(map.stderr, /--params is written name=value/)
    }
    assert.equal((await runOxd(['get_user_info', '--port', 'abc'])).code, 1)
    await oxd.kill('SIGTERM')
    const down = await runOxd(['get_user_info', '--oxd_id', 'x', '--access_token', 'y', ...port])
    assert.equal(down.code, 1)
    assert.match(down.stderr, new RegExp(`is oxd running on 127\\.0\\.0\\.1:${oxd.port}`, 'i'))
  })

  it('reaches a daemon that has a Unix socket alone', async () => {
    const unix = join(folder, 'oxd.sock')
    const oxd = await startOxd(['--data-dir', data, '--no-tcp', '--unix', unix])
    assert.ok(Number.isNaN(oxd.port))
    assert.equal((await stat(unix)).mode & 0o777, 0o600)
    const refused = await runOxd(['get_authorization_url', '--oxd_id', 'x', '--unix', unix])
    assert.match(refused.stderr, /^invalid_oxd_id: /)
    await oxd.kill('SIGTERM')
  })

  it('prints help for everything', async () => {
    const help = await runOxd(['--help'])
    assert.equal(help.code, 0)
    assert.match(help.stdout, /get_tokens_by_code/)
    assert.match((await runOxd(['serve', '--help'])).stdout, /--trust-op ORIGIN.*OXD_TRUST_OP/)
    assert.match((await runOxd(['get_tokens_by_code', '--help'])).stdout, /--code .*Required/)
    assert.match((await runOxd(['--version'])).stdout, /^oxd \d+\.\d+\.\d+\n$/)
  })
})
