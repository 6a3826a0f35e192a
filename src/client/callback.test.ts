// callback(): the same response as a URL, as a request of Node, of Express and of the web; what a session does not know is refused.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import express from 'express'
import { RESPONSE_TYPES } from '../flow.ts'
import type { Callback } from '../testing/op.ts'
import { HOME, REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'
import { Client, OxdConfigError, type CallbackSource } from './client.ts'
import { CLIENT_LIMITS } from './limits.ts'

const FORM = 'application/x-www-form-urlencoded'
const BINDING = 'a-hash-of-the-session-of-the-application'

describe('callback', () => {
  let story: Story
  let site: Site
  let oxd: Client
  before(async () => {
    story = await startStory()
    site = await story.site({}, { response_types: [...RESPONSE_TYPES] })
    oxd = new Client({
      port: story.daemon.port,
      op_host: site.issuer,
      authorization_redirect_uri: REDIRECT,
      post_logout_redirect_uri: HOME,
      oxd_id: site.oxd_id,
    })
  })
  after(async () => {
    await oxd.close()
    await story.close()
  })

  const begun = async (options: Parameters<Client['startLogin']>[0] = {}) => {
    const { url, state } = await oxd.startLogin(options)
    return { state, came: await story.op.respond(url) }
  }
  const loggedIn = async (source: CallbackSource): Promise<void> => {
    const { id_token_claims } = await oxd.callback(source)
    assert.deepEqual(id_token_claims.sub, ['alice'])
  }
  const bodyOf = ({ parameters }: Callback): string => String(new URLSearchParams(parameters))
  const pathOf = ({ callback_url }: Callback): string => callback_url.slice(new URL(REDIRECT).origin.length)

  it('takes a URL, as text and as an object, with a query or a fragment', async () => {
    await loggedIn((await begun()).came.callback_url)
    await loggedIn(new URL((await begun()).came.callback_url))
    await loggedIn((await begun({ response_type: 'id_token' })).came.callback_url)
  })

  it('takes a Request of the web', async () => {
    await loggedIn(new Request((await begun()).came.callback_url))
    const { came } = await begun({ response_mode: 'form_post' })
    await loggedIn(
      new Request(came.callback_url, {
        method: 'POST',
        body: bodyOf(came),
        headers: { 'content-type': FORM },
      }),
    )
  })

  it('takes a Request of the web that came through a proxy, and its own word where nothing is configured', async () => {
    const behind = (callback_url: string): Request =>
      new Request(callback_url.replace(new URL(REDIRECT).origin, 'http://10.0.0.1:8080'))
    await loggedIn(behind((await begun()).came.callback_url))
    const unconfigured = new Client({ port: story.daemon.port, oxd_id: site.oxd_id })
    const foreign = behind((await begun()).came.callback_url)
    await assert.rejects(unconfigured.callback(foreign), { code: 'foreign_callback_url' })
    const { id_token_claims } = await unconfigured.callback(new Request((await begun()).came.callback_url))
    assert.deepEqual(id_token_claims.sub, ['alice'])
    await unconfigured.close()
  })

  /** What a server makes of a request that a browser sends. */
  const served = async (
    handler: (handle: (source: CallbackSource) => Promise<void>) => Parameters<typeof createServer>[1],
    came: Callback,
    body = bodyOf(came),
    type = FORM,
  ): Promise<string> => {
    let outcome = 'not called'
    const handle = async (source: CallbackSource): Promise<void> => {
      outcome = await loggedIn(source).then(
        () => 'ok',
        (error: { code?: string }) => error.code ?? String(error),
      )
    }
    const server = createServer(handler(handle) ?? undefined).listen(0, '127.0.0.1')
    await once(server, 'listening')
    // It listens on TCP, so its address has a port.
    const { port } = server.address() as AddressInfo
    const isForm = came.parameters !== undefined
    const sent = httpRequest({
      port,
      host: '127.0.0.1',
      path: pathOf(came),
      method: isForm ? 'POST' : 'GET',
      headers: { host: 'evil.example.com', ...(isForm ? { 'content-type': type } : {}) },
      agent: false,
    })
    sent.end(isForm ? body : undefined)
    const [answer] = await once(sent, 'response')
    answer.resume()
    await once(answer, 'end')
    server.close()
    return outcome
  }
  const NODE: Parameters<typeof served>[0] = (handle) => (request, response) =>
    void handle(request).finally(() => response.end())
  const EXPRESS: Parameters<typeof served>[0] = (handle) =>
    express().use(
      '/callback',
      express.urlencoded({ extended: false }),
      async (request: express.Request, response: express.Response) => {
        await handle(request)
        response.end()
      },
    )

  for (const [name, server] of Object.entries({ Node: NODE, Express: EXPRESS })) {
    it(`takes a request of ${name}, whatever host it names`, async () => {
      assert.equal(await served(server, (await begun()).came), 'ok')
      assert.equal(await served(server, (await begun({ response_mode: 'form_post' })).came), 'ok')
      assert.equal(await served(server, (await begun({ response_mode: 'form_post.jwt' })).came), 'ok')
    })

    it(`refuses a field that comes twice to ${name}`, async () => {
      const { came } = await begun({ response_mode: 'form_post' })
      const twice = `${bodyOf(came)}&code=x`
      assert.equal(await served(server, came, twice), 'duplicate_parameter')
      assert.equal(await served(server, came), 'ok', 'and ended nothing')
    })
  }

  it('reads no body without end, and none that is no form', async () => {
    const { came } = await begun({ response_mode: 'form_post' })
    const room = CLIENT_LIMITS.callback_bytes_max - bodyOf(came).length - '&x='.length
    assert.equal(await served(NODE, came, `${bodyOf(came)}&x=${'x'.repeat(room + 1)}`), 'malformed_response')
    assert.equal(await served(NODE, came, bodyOf(came), 'application/json'), 'malformed_response')
    assert.equal(await served(NODE, came, `${bodyOf(came)}&x=${'x'.repeat(9_000)}`), 'ok')
  })

  it('compares the state with those of the session, before oxd is asked', async () => {
    for (const options of [
      {},
      { response_mode: 'form_post' },
      { response_type: 'id_token' },
      { response_mode: 'jwt' },
    ] as const) {
      const { state, came } = await begun(options)
      const source: CallbackSource =
        came.parameters === undefined
          ? came.callback_url
          : new Request(came.callback_url, {
              method: 'POST',
              body: bodyOf(came),
              headers: { 'content-type': FORM },
            })
      const again = typeof source === 'string' ? source : source.clone()
      const asked = story.daemon.log.length
      await assert.rejects(oxd.callback(source, { state: 'another' }), { code: 'invalid_state' })
      await assert.rejects(oxd.callback(came.callback_url, { state: [] }))
      assert.ok(story.daemon.log.length <= asked + 1)
      const tokens = await oxd.callback(again, { state: ['of another tab', state] })
      assert.equal(tokens.state, state)
    }
  })

  it('hands the session on', async () => {
    const { state, came } = await begun({ session_binding: BINDING })
    await assert.rejects(oxd.callback(came.callback_url, { state }), { code: 'other_session' })
    await oxd.callback(came.callback_url, { state, session_binding: BINDING })
  })

  it('says that the user said no, with the word of the OP', async () => {
    const { came } = await begun()
    const url = came.callback_url.replace(/code=[^&]+/, 'error=access_denied')
    await assert.rejects(oxd.callback(url), (error: { code: string; details: { error: string } }) => {
      assert.deepEqual([error.code, error.details.error], ['login_refused', 'access_denied'])
      return true
    })
  })

  it('wants the whole URL where it does not know the redirect URI', async () => {
    await using bare = new Client({ port: story.daemon.port, oxd_id: site.oxd_id })
    const { came } = await begun()
    await assert.rejects(bare.callback({ method: 'GET', url: pathOf(came), headers: {} }), OxdConfigError)
    await bare.callback(came.callback_url)
  })
})
