// Settings, certificates and CAs of a program that runs: what changes at once, and what SIGHUP is for.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { postJson } from '../src/testing/http_caller.ts'
import { startLyingOp } from '../src/testing/op.ts'
import { startOxd } from '../src/testing/process.ts'

const REDIRECT = 'https://client.example.com/callback'

describe('SIGHUP', () => {
  it('takes what can change of the settings, names the rest, and refuses what is of no use', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'oxd-reload-'))
    t.after(() => rm(folder, { recursive: true }))
    const op = await startLyingOp()
    t.after(op.close)
    const issuer = op.issuer('a')
    const file = join(folder, 'oxd.yml')
    const settings = (...lines: readonly string[]): Promise<void> =>
      writeFile(file, ['https_port: 0', 'insecure_plain_http: true', ...lines, ''].join('\n'))
    await settings()
    const oxd = await startOxd(['--config', file, '--data-dir', join(folder, 'data')])
    t.after(() => oxd.kill('SIGTERM'))
    const port = Number(/"https":"127\.0\.0\.1:(\d+)"/.exec(oxd.output())?.[1])
    const register = async (): Promise<unknown> => {
      const answer = await postJson({ port }, '/register-site', {
        op_host: issuer,
        redirect_uris: [REDIRECT],
      })
      return answer.body['error'] ?? answer.status
    }
    /** Sends the signal, and waits for what the log says then. */
    const reloaded = async (said: RegExp): Promise<string> => {
      const before = oxd.output().length
      oxd.child.kill('SIGHUP')
      while (!said.test(oxd.output().slice(before))) await delay(10)
      return oxd.output().slice(before)
    }

    assert.equal(await register(), 'restricted_op_host')
    const taken = [`allowed_op: ${issuer}`, `trust_op: ${op.origin}`, 'require_token: true']
    await settings(...taken)
    const log = await reloaded(/"read again"/)
    assert.match(
      log,
      /"level":"warn".*"taken":"(?:allowed_op trust_op|trust_op allowed_op)","at_restart":"require_token"/,
    )
    assert.equal(await register(), 200)

    await settings(...taken, 'allowed_ip: 192.0.2.1')
    assert.match(await reloaded(/"read again"/), /"taken":"allowed_ip","at_restart":"require_token"/)
    assert.equal(await register(), 'oxd_access_denied')

    await settings('allowed_ip: nonsense')
    assert.match(await reloaded(/not usable/), /"reason":"--allowed-ip nonsense is neither/)
    await settings('no_such: 1')
    assert.match(await reloaded(/not usable/), /oxd\.yml:3: no_such: there is no such setting/)
    assert.equal(await register(), 'oxd_access_denied', 'as it was')
  })
})
