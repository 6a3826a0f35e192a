// A webhook as an application has it: registered with its site, called by the real daemon, verified with the library.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { verifyWebhook, type WebhookMessage } from 'oxd-client'
import { HOME, REDIRECT, startStory, type Story } from '../src/testing/story.ts'

describe('the webhook of a site', () => {
  let story: Story
  let origin: string
  let secret = ''
  let take = (_message: WebhookMessage): void => {}
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      try {
        take(verifyWebhook(secret, request.headers, Buffer.concat(chunks)))
        response.writeHead(204).end()
      } catch {
        response.writeHead(400).end()
      }
    })
  })
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A TCP server has an address with a port.
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    story = await startStory({ argv: ['--allow-webhook', origin] })
  })
  after(async () => {
    await story.close()
    server.close()
  })

  it('is told of a logout within a second, and of no other site', async () => {
    const [site, other] = [await story.site(), await story.site()]
    const redirect_uris = [`${origin}/callback`]
    const changed = await site.ok(
      'update_site_registration',
      { redirect_uris, logout_webhook_uri: `${origin}/hook` },
      { oxd: 1 },
    )
    secret = String(changed.logout_webhook_secret)
    const { promise, resolve } = Promise.withResolvers<WebhookMessage>()
    take = resolve
    const logOut = async (at: typeof site): Promise<string> => {
      const { code, state } = await at.visit()
      const tokens = await at.ok('get_tokens_by_code', { code, state }, { oxd: 1 })
      await at.ok('get_logout_uri', { id_token_hint: tokens.id_token })
      return String(tokens.login_id)
    }
    await logOut(other)
    const login_id = await logOut(site)
    const began = performance.now()
    const message = await promise
    assert.ok(performance.now() - began < 1_000)
    assert.deepEqual([message.data.login_id, message.data.why], [login_id, 'rp_initiated_logout'])
  })

  it('shows its secret once, and not in get_rp; to old clients never', async () => {
    const site = await story.site()
    const old = await site.ok('update_site_registration', {
      redirect_uris: [`${origin}/callback`],
      logout_webhook_uri: `${origin}/hook`,
    })
    assert.deepEqual(Object.keys(old), ['oxd_id'])
    const again = await site.ok('update_site_registration', { contacts: ['a@example.com'] }, { oxd: 1 })
    assert.equal(again.logout_webhook_secret, null)
    const rotated = await site.ok(
      'update_site_registration',
      { rotate_logout_webhook_secret: true },
      { oxd: 1 },
    )
    assert.match(String(rotated.logout_webhook_secret), /^whsec_/)
    const { node } = await site.ok('get_rp')
    const shown = JSON.stringify(node)
    assert.ok(!shown.includes('whsec_'))
    assert.ok(shown.includes('"logout_webhook":{'))
    await site.ok('update_site_registration', { remove_logout_webhook: true })
    assert.ok(!JSON.stringify((await site.ok('get_rp')).node).includes('logout_webhook'))
  })

  it('is refused at registration, before the OP is asked, where it must not be', async () => {
    /** At an OP to which oxd does not go: whoever asks it first is refused for that. */
    const refusal = async (logout_webhook_uri: string, redirect: string, op_host = 'https://127.0.0.1:1') => {
      const { data } = await story.daemon.call(
        'register_site',
        {
          op_host,
          authorization_redirect_uri: redirect,
          post_logout_redirect_uri: HOME,
          logout_webhook_uri,
        },
        { oxd: 1 },
      )
      return data.error ?? data.logout_webhook_secret
    }
    assert.equal(await refusal(`${origin}/hook`, REDIRECT), 'foreign_logout_webhook_uri')
    assert.equal(
      await refusal('https://127.0.0.1/hook', 'https://127.0.0.1/callback'),
      'restricted_logout_webhook_uri',
    )
    const uri = 'https://client.example.com/hook'
    assert.equal(await refusal(uri, REDIRECT), 'restricted_op_host')
    assert.match(String(await refusal(uri, REDIRECT, story.issuer())), /^whsec_/)
  })
})
