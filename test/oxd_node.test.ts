// oxd-node 3.1.4, the original Node client, unmodified from npm, walks the six commands against the daemon.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, it, mock } from 'node:test'
import { createCallers } from '../src/callers.ts'
import { LIMITS } from '../src/limits.ts'
import { REDIRECT, HOME, startStory, type Story } from '../src/testing/story.ts'
import { realWorld } from '../src/world.ts'

type Data = Record<string, unknown>
type Method = (
  params: Data,
  callback: (error: unknown, response: { status: string; data: Data }) => void,
) => void
type Command =
  | 'setup_client'
  | 'get_client_token'
  | 'register_site'
  | 'update_site'
  | 'get_authorization_url'
  | 'get_tokens_by_code'
  | 'get_access_token_by_refresh_token'
  | 'get_user_info'
  | 'get_logout_uri'
  | 'introspect_access_token'
  | 'remove_site'
type Oxd = Record<Command, Method>

// The package has no types; its README names these functions and their callback.
const load = createRequire(import.meta.url)('oxd-node') as (config: Data) => Oxd

/** Every command with this configuration, which the client sends along with each. */
const callerWith = (config: Data) => {
  const oxd = load(config)
  return (command: Command, params: Data): Promise<Data> =>
    new Promise((resolve, reject) => {
      oxd[command]({ ...config, ...params }, (error, response) =>
        error !== null || response.status !== 'ok'
          ? reject(new Error(`${command}: ${JSON.stringify(error ?? response)}`))
          : resolve(response.data),
      )
    })
}
type Call = ReturnType<typeof callerWith>

/** From the registration to the logout. */
const walk = async (story: Story, call: Call, issuer: string, more: Data = {}): Promise<Data> => {
  const { oxd_id } = await call('register_site', {
    op_host: issuer,
    authorization_redirect_uri: REDIRECT,
    post_logout_redirect_uri: HOME,
    scope: ['openid', 'profile', 'email'],
    grant_types: ['authorization_code', 'refresh_token'],
    ...more,
  })
  const updated = await call('update_site', {
    oxd_id,
    authorization_redirect_uri: REDIRECT,
    contacts: ['a@example.com'],
    ...more,
  })
  assert.equal(updated.oxd_id, oxd_id)
  const { authorization_url } = await call('get_authorization_url', {
    oxd_id,
    scope: ['openid', 'profile', 'email'],
    ...more,
  })
  const back = new URL(await story.op.authorize(String(authorization_url))).searchParams
  const tokens = await call('get_tokens_by_code', {
    oxd_id,
    code: back.get('code'),
    state: back.get('state'),
    ...more,
  })
  const { claims } = await call('get_user_info', { oxd_id, access_token: tokens.access_token, ...more })
  assert.deepEqual((claims as Data).sub, ['alice'])
  const { uri } = await call('get_logout_uri', { oxd_id, post_logout_redirect_uri: HOME, ...more })
  assert.match(String(uri), /post_logout_redirect_uri=/)
  return { oxd_id, refresh_token: tokens.refresh_token }
}

describe('oxd-node 3.1.4', () => {
  let story: Story
  before(async () => {
    // This client prints all its traffic.
    mock.method(console, 'log', () => {})
    story = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
  })
  after(async () => {
    mock.restoreAll()
    await story.close()
  })

  it('walks the six commands on the socket, twenty times', async () => {
    const call = callerWith({ https_extension: false, host: '127.0.0.1', port: story.daemon.port })
    for (let i = 0; i < 20; i++) await walk(story, call, story.issuer())
  })

  it('walks them over HTTP', async () => {
    const host = `http://127.0.0.1:${story.daemon.places.v3.port}`
    await walk(story, callerWith({ https_extension: true, host }), story.issuer())
  })
})

describe('oxd-node 3.1.4, protected', () => {
  let story: Story
  before(async () => {
    mock.method(console, 'log', () => {})
    // Two of its ways: over HTTP, which is protected by default, and on the socket, which is where it is asked for.
    story = await startStory({ http: 'plain', argv: ['--require-token'] })
  })
  after(async () => {
    mock.restoreAll()
    await story.close()
  })

  for (const way of ['socket', 'HTTP'] as const) {
    it(`sets a client up, gets its token, and walks every command with it (${way})`, async () => {
      const { port, places, opened } = story.daemon
      const config =
        way === 'socket'
          ? { https_extension: false, host: '127.0.0.1', port }
          : { https_extension: true, host: `http://127.0.0.1:${places.v3.port}` }
      const call = callerWith(config)
      const issuer = story.issuer()
      await assert.rejects(
        call('setup_client', { op_host: issuer, authorization_redirect_uri: REDIRECT }),
        /restricted_op_host/,
        'an OP that nobody allowed is not asked',
      )
      // The operator lets this application set itself up.
      const callers = createCallers(
        opened.store,
        realWorld(() => {}),
        LIMITS,
      )
      const { key } = await callers.add(`setup-${way}`, [])
      const setup = await call('setup_client', {
        op_host: issuer,
        authorization_redirect_uri: REDIRECT,
        grant_types: ['authorization_code', 'client_credentials', 'refresh_token'],
        scope: ['openid', 'oxd', 'uma_protection', 'profile', 'email'],
        protection_access_token: key,
      })
      const { client_id, client_secret } = setup
      const { access_token } = await call('get_client_token', {
        op_host: issuer,
        client_id,
        client_secret,
        scope: ['openid', 'oxd'],
      })
      const token = { protection_access_token: access_token }

      await assert.rejects(walk(story, call, issuer), /blank_protection_access_token|restricted_op_host/)
      const { oxd_id } = await walk(story, call, issuer, token)
      const introspected = await call('introspect_access_token', { oxd_id, access_token, ...token })
      assert.equal(introspected.client_id, client_id)
      await assert.rejects(call('remove_site', { oxd_id }), /blank_protection_access_token/)
      assert.deepEqual(await call('remove_site', { oxd_id, ...token }), { oxd_id })
      await assert.rejects(call('get_logout_uri', { oxd_id, ...token }), /invalid_oxd_id/)
    })
  }
})
