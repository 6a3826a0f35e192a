// oxd-node 3.1.4, the original Node client, unmodified from npm, walks the six commands against the daemon.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, it, mock } from 'node:test'
import { REDIRECT, HOME, startStory, type Story } from '../src/testing/story.ts'

type Data = Record<string, unknown>
type Method = (
  params: Data,
  callback: (error: unknown, response: { status: string; data: Data }) => void,
) => void
const COMMANDS = [
  'register_site',
  'update_site',
  'get_authorization_url',
  'get_tokens_by_code',
  'get_user_info',
  'get_logout_uri',
] as const

describe('oxd-node 3.1.4', () => {
  let story: Story
  let oxd: Record<(typeof COMMANDS)[number], Method>
  before(async () => {
    // This client prints all its traffic.
    mock.method(console, 'log', () => {})
    story = await startStory()
    // The package has no types; its README names these functions and their callback.
    const load = createRequire(import.meta.url)('oxd-node') as (config: Data) => typeof oxd
    oxd = load({ https_extension: false, host: '127.0.0.1', port: story.daemon.port })
  })
  after(async () => {
    mock.restoreAll()
    await story.close()
  })

  const call = (command: (typeof COMMANDS)[number], params: Data): Promise<Data> =>
    new Promise((resolve, reject) => {
      oxd[command](
        { host: '127.0.0.1', port: story.daemon.port, https_extension: false, ...params },
        (error, response) =>
          error !== null || response.status !== 'ok'
            ? reject(new Error(`${command}: ${JSON.stringify(error ?? response)}`))
            : resolve(response.data),
      )
    })

  it('walks all six commands, twenty times', async () => {
    for (let i = 0; i < 20; i++) {
      const { oxd_id } = await call('register_site', {
        op_host: story.issuer(),
        authorization_redirect_uri: REDIRECT,
        post_logout_redirect_uri: HOME,
        scope: ['openid', 'profile', 'email'],
        grant_types: ['authorization_code'],
      })
      const updated = await call('update_site', {
        oxd_id,
        authorization_redirect_uri: REDIRECT,
        contacts: ['a@example.com'],
      })
      assert.equal(updated.oxd_id, oxd_id)
      const { authorization_url } = await call('get_authorization_url', {
        oxd_id,
        scope: ['openid', 'profile', 'email'],
      })
      const back = new URL(await story.op.authorize(String(authorization_url))).searchParams
      const tokens = await call('get_tokens_by_code', {
        oxd_id,
        code: back.get('code'),
        state: back.get('state'),
      })
      const { claims } = await call('get_user_info', { oxd_id, access_token: tokens.access_token })
      assert.deepEqual((claims as Data).sub, ['alice'])
      const { uri } = await call('get_logout_uri', { oxd_id, post_logout_redirect_uri: HOME })
      assert.match(String(uri), /post_logout_redirect_uri=/)
    }
  })
})
