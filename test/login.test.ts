// Whole logins over the real socket against the certified OP, on both engines.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { signIn, signOut, Visitor } from '../src/testing/dev_op/sign_in.ts'
import { assertNoSecrets } from '../src/testing/log_scan.ts'

const REDIRECT = 'https://client.example.com/callback'
const HOME = 'https://client.example.com/'

let op: DevOp
before(async () => {
  op = await startDevOp()
})
after(() => op.close())

const engines = {
  memory: async () => ({ data_dir: undefined, clean: async () => {} }),
  sqlite: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oxd-login-'))
    return { data_dir: join(folder, 'data'), clean: () => rm(folder, { recursive: true }) }
  },
}

for (const [engine, prepare] of Object.entries(engines)) {
  describe(`a login on ${engine}`, () => {
    let daemon: TestDaemon
    let clean: () => Promise<void>
    let oxd_id: string
    const ok = async (command: string, params: Data, more?: Data): Promise<Data> => {
      const { status, data } = await daemon.call(command, { oxd_id, ...params }, more)
      assert.equal(status, 'ok', JSON.stringify(data))
      return data
    }

    before(async () => {
      const prepared = await prepare()
      clean = prepared.clean
      daemon = await startTestDaemon({
        argv: ['--trust-op', op.issuer],
        ...(prepared.data_dir === undefined ? {} : { data_dir: prepared.data_dir }),
      })
      const { data } = await daemon.call('register_site', {
        op_host: op.issuer,
        authorization_redirect_uri: REDIRECT,
        post_logout_redirect_uri: HOME,
      })
      assert.deepEqual(Object.keys(data), ['oxd_id', 'op_host'])
      oxd_id = String(data.oxd_id)
    })
    after(async () => {
      await daemon.close()
      await clean()
    })

    it('goes from the URL to the claims to the logout', async () => {
      const visitor = new Visitor()
      const { authorization_url } = await ok('get_authorization_url', { prompt: 'login' })
      const back = await signIn(String(authorization_url), { visitor })
      const code = String(back.searchParams.get('code'))
      const state = String(back.searchParams.get('state'))
      const tokens = await ok('get_tokens_by_code', { code, state, iss: back.searchParams.get('iss') })
      assert.deepEqual(Object.keys(tokens), [
        'access_token',
        'expires_in',
        'id_token',
        'refresh_token',
        'id_token_claims',
      ])
      const claims = tokens.id_token_claims as Record<string, string[]>
      assert.deepEqual(claims.iss, [op.issuer])
      assert.equal(typeof claims.exp?.[0], 'string')
      const { claims: user } = await ok('get_user_info', { access_token: tokens.access_token })
      assert.deepEqual((user as Record<string, string[]>).given_name, ['Alice'])
      assert.deepEqual((user as Record<string, string[]>).email_verified, ['true'])

      const { uri } = await ok('get_logout_uri', { state })
      assert.equal(new URL(String(uri)).searchParams.get('id_token_hint'), tokens.id_token)
      const out = await signOut(String(uri), { visitor })
      assert.equal(out?.href, `${HOME}?state=${state}`)
      const again = await ok('get_logout_uri', { state })
      assert.equal(new URL(String(again.uri)).searchParams.get('id_token_hint'), null, 'forgotten at logout')

      const { sub } = claims
      assertNoSecrets(JSON.stringify(daemon.log), {
        code,
        state,
        access_token: String(tokens.access_token),
        id_token: String(tokens.id_token),
        nonce: String(claims.nonce?.[0]),
        oxd_id,
        email: 'alice@',
        sub: String(sub?.[0]),
      })
    })

    it('gives our own library the full result', async () => {
      const started = await ok('get_authorization_url', {}, { oxd: 1 })
      assert.deepEqual(Object.keys(started), ['authorization_url', 'state', 'login_id'])
      const back = await signIn(String(started.authorization_url), { user: 'bob' })
      assert.equal(back.searchParams.get('state'), started.state)
      const tokens = await ok(
        'get_tokens_by_code',
        { code: back.searchParams.get('code'), state: started.state },
        { oxd: 1 },
      )
      assert.equal(tokens.login_id, started.login_id)
      assert.equal((tokens.id_token_claims as Data).iss, op.issuer)
      const { claims } = await ok('get_user_info', { access_token: tokens.access_token }, { oxd: 1 })
      assert.equal(typeof (claims as Data).email_verified, 'boolean')
      assert.equal((claims as Data).given_name, 'Bob')
    })

    it('spends a state once, however many ask at once, and asks the OP once', async () => {
      const { authorization_url } = await ok('get_authorization_url', {})
      const back = await signIn(String(authorization_url))
      const params = { oxd_id, code: back.searchParams.get('code'), state: back.searchParams.get('state') }
      const asked = op.requests.get('POST /token') ?? 0
      const replies = await Promise.all(
        Array.from({ length: 50 }, () => daemon.call('get_tokens_by_code', params)),
      )
      assert.equal(replies.filter(({ status }) => status === 'ok').length, 1)
      const refusals = replies.filter(({ status }) => status === 'error').map(({ data }) => data.error)
      assert.deepEqual(new Set(refusals), new Set(['bad_request']))
      assert.equal((op.requests.get('POST /token') ?? 0) - asked, 1)
    })

    it('updates the registration at the OP and in the record', async () => {
      const bye = 'https://client.example.com/bye'
      const updated = await ok('update_site_registration', {
        contacts: ['ops@example.com'],
        post_logout_redirect_uri: bye,
      })
      assert.deepEqual(updated, { oxd_id })
      assert.equal(
        new URL(String((await ok('get_logout_uri', {})).uri)).searchParams.get('post_logout_redirect_uri'),
        bye,
      )
      // The OP knows it too: a logout with the new page comes back there.
      const visitor = new Visitor()
      const { authorization_url } = await ok('get_authorization_url', {})
      const back = await signIn(String(authorization_url), { visitor })
      const { id_token } = await ok('get_tokens_by_code', {
        code: back.searchParams.get('code'),
        state: back.searchParams.get('state'),
      })
      const { uri } = await ok('get_logout_uri', { id_token_hint: id_token })
      assert.equal((await signOut(String(uri), { visitor }))?.href, bye)
      await ok('update_site', { post_logout_redirect_uri: HOME })
    })
  })
}
