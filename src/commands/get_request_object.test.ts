// get_request_object: whoever knows the name fetches it, as often as it takes, while it lives and its site does.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createCallers } from '../callers.ts'
import { LIMITS } from '../limits.ts'
import { sendHttp, type HttpAnswer } from '../testing/http_caller.ts'
import { startStory, type Site, type Story } from '../testing/story.ts'
import { realWorld } from '../world.ts'

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/

describe('get_request_object', () => {
  let now = Date.now()
  let story: Story
  before(async () => {
    // Commands over HTTP are protected.
    story = await startStory({ now: () => now, http: 'plain' })
  })
  after(() => story.close())

  const made = async (site: Site): Promise<string> => {
    const { request_uri } = await site.ok('get_request_object_uri', {
      oxd_host_url: 'https://oxd.example.com',
      request_object_signing_alg: 'ES256',
    })
    return new URL(String(request_uri)).pathname
  }
  const fetched = (path: string): Promise<HttpAnswer> =>
    sendHttp(story.daemon.places.v4, path, { method: 'GET' })
  const refused = async (path: string): Promise<void> => {
    const { status, body } = await fetched(path)
    assert.deepEqual([status, body.error], [404, 'request_object_not_found'], path.slice(0, 80))
  }

  it('gives the OP the JWT as text, without a token', async () => {
    const path = await made(await story.site())
    const { status, headers, text } = await fetched(path)
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^text\/plain/)
    assert.match(text, JWT)
    assert.equal((await fetched(path)).text, text, 'an OP asks again when a request failed')
  })

  it('gives it as the one member of a reply on the other wires', async () => {
    const path = await made(await story.site())
    const { text } = await fetched(path)
    const request_object_id = path.replace('/get-request-object/', '')
    const told = { request_object: text }
    for (const more of [{}, { oxd: 1 }]) {
      const reply = await story.daemon.call('get_request_object', { request_object_id }, more)
      assert.deepEqual(reply, { status: 'ok', data: told })
    }
    const { status, body } = await story.daemon.post('v4', '/get-request-object', { request_object_id })
    assert.deepEqual([status, body], [200, told])
  })

  it('is made for whom the site belongs to alone', async () => {
    const [site, other] = [await story.site(), await story.site()]
    const callers = createCallers(
      story.daemon.opened.store,
      realWorld(() => {}),
      LIMITS,
    )
    const { key } = await callers.add('other', [other.oxd_id])
    const params = { oxd_host_url: 'https://oxd.example.com', request_object_signing_alg: 'ES256' }
    const codeFor = async ({ oxd_id }: Site, headers = {}): Promise<unknown> =>
      (await story.daemon.post('v4', '/get-request-object-uri', { oxd_id, ...params }, headers)).body.error
    const authorization = `Bearer ${key}`
    assert.equal(await codeFor(site), 'blank_access_token')
    assert.equal(await codeFor(site, { authorization }), 'invalid_access_token')
    assert.equal(await codeFor(other, { authorization }), undefined)
  })

  it('lives for five minutes', async () => {
    const path = await made(await story.site())
    now += 299_000
    assert.equal((await fetched(path)).status, 200)
    now += 1_000
    await refused(path)
  })

  it('goes with its site', async () => {
    const [site, other] = [await story.site(), await story.site()]
    const [path, another] = [await made(site), await made(other)]
    await site.ok('remove_site')
    await refused(path)
    assert.equal((await fetched(another)).status, 200)
  })

  it('is found by its whole name alone', async () => {
    const path = await made(await story.site())
    for (const wrong of [
      path.slice(0, -1),
      `${path}A`,
      path.toUpperCase().replace('GET-REQUEST-OBJECT', 'get-request-object'),
      `${path}%00`,
      `${path}%20`,
      '/get-request-object/x',
      '/get-request-object/__proto__',
      '/get-request-object/..%2f..%2fhealth-check',
      `/get-request-object/${'x'.repeat(100)}`,
    ]) {
      await refused(wrong)
    }
    assert.equal((await fetched(`/get-request-object/${'x'.repeat(3_000)}`)).status, 404)
    for (const request_object_id of [undefined, '', 'x', 'x'.repeat(3_000)]) {
      const { data } = await story.daemon.call('get_request_object', { request_object_id })
      assert.deepEqual(Object.keys(data), ['error', 'error_description'])
      assert.equal(data.error, 'request_object_not_found')
    }
  })
})
