// A logout at the certified OP, as it comes to the application: over the back channel, within a second.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { signIn, signOut, Visitor } from '../src/testing/dev_op/sign_in.ts'
import { freePort } from '../src/testing/free_port.ts'

const REDIRECT = 'https://client.example.com/callback'

describe('a logout at oidc-provider', () => {
  let op: DevOp
  let daemon: TestDaemon
  let oxd_id: string
  const ok = async (command: string, params: Data = {}): Promise<Data> => {
    const { status, data } = await daemon.call(command, { oxd_id, ...params }, { oxd: 1 })
    assert.equal(status, 'ok', JSON.stringify(data))
    return data
  }
  const login = async (visitor: Visitor): Promise<string> => {
    const { authorization_url } = await ok('get_authorization_url')
    const back = await signIn(String(authorization_url), { visitor })
    const tokens = await ok('get_tokens_by_code', {
      code: back.searchParams.get('code'),
      state: back.searchParams.get('state'),
    })
    return String(tokens.login_id)
  }

  before(async () => {
    op = await startDevOp()
    const port = String(await freePort())
    daemon = await startTestDaemon({
      argv: [
        '--trust-op',
        op.issuer,
        '--public-url',
        `http://127.0.0.1:${port}`,
        '--public-port',
        port,
        '--insecure-plain-http',
      ],
    })
    const { data } = await daemon.call('register_site', {
      op_host: op.issuer,
      authorization_redirect_uri: REDIRECT,
    })
    oxd_id = String(data.oxd_id)
  })
  after(async () => {
    await daemon.close()
    await op.close()
  })

  it('ends the login of this browser, and tells whoever waits for it within a second', async () => {
    const [here, elsewhere] = [new Visitor(), new Visitor()]
    const [login_id, other] = [await login(here), await login(elsewhere)]
    const { cursor } = await ok('get_ended_logins')
    const news = ok('get_ended_logins', { cursor, wait_seconds: 20 })
    const began = performance.now()
    await signOut(`${op.issuer}/session/end`, { visitor: here })
    const { ended_logins } = await news
    const ms = performance.now() - began
    assert.deepEqual(
      (ended_logins as Data[]).map(({ login_id: ended, why }) => [ended, why]),
      [[login_id, 'back_channel_logout']],
    )
    assert.ok(ms < 1_000, `${Math.round(ms)} ms`)
    assert.equal((await ok('get_login_status', { login_id })).login_status, 'ended')
    assert.equal((await ok('get_login_status', { login_id: other })).login_status, 'live')
  })
})
