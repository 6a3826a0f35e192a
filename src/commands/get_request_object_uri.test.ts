// get_request_object_uri: a request that oxd signed for its own client at its own OP, whatever the caller puts into it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTVerifyResult } from 'jose'
import type { Data } from '../testing/daemon.ts'
import { sendHttp } from '../testing/http_caller.ts'
import { REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

const HOST = 'https://oxd.example.com:8443'
const NAME = /^[\w-]{43}$/

describe('get_request_object_uri', () => {
  const now = Math.floor(Date.now() / 1_000) * 1_000
  let story: Story
  before(async () => {
    story = await startStory({
      now: () => now,
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
    })
  })
  after(() => story.close())

  const ask = (site: Site, params: Data = {}, more?: Data) =>
    site.call(
      'get_request_object_uri',
      { oxd_host_url: HOST, request_object_signing_alg: 'RS256', ...params },
      more,
    )
  const nameIn = (request_uri: unknown): string =>
    String(request_uri).replace(`${HOST}/get-request-object/`, '')
  /** What the OP fetches, checked with the keys that oxd publishes. */
  const fetched = async (site: Site, params: Data = {}): Promise<JWTVerifyResult & { name: string }> => {
    const { data } = await ask(site, params)
    const name = nameIn(data.request_uri)
    const path = `/get-request-object/${name}`
    const { text } = await sendHttp(story.daemon.places.v4, path, { method: 'GET' })
    // A JWK Set, as the definition of get_rp_jwks says.
    const keys = (await story.daemon.call('get_rp_jwks', {})).data as unknown as JSONWebKeySet
    const verified = await jwtVerify(text, createLocalJWKSet(keys), { currentDate: new Date(now) })
    return { ...verified, name }
  }
  const clientOf = async (site: Site): Promise<string> => Object((await site.ok('get_rp')).node).client_id

  it('answers with the address alone, on every wire', async () => {
    const site = await story.site()
    const { oxd_id } = site
    const later = { oxd_id, oxd_host_url: HOST, request_object_signing_alg: 'RS256' }
    const { status, body } = await story.daemon.post('v4', '/get-request-object-uri', later)
    assert.equal(status, 200)
    const replies = [(await ask(site)).data, (await ask(site, {}, { oxd: 1 })).data, body]
    for (const reply of replies) {
      assert.deepEqual(Object.keys(reply), ['request_uri'])
      assert.match(nameIn(reply.request_uri), NAME)
    }
    assert.equal(new Set(replies.map(({ request_uri }) => request_uri)).size, 3, 'none is used twice')
  })

  it('signs what the caller asks for, as its client, for its OP, for five minutes', async () => {
    const site = await story.site()
    const params = { scope: 'openid', nonce: 'n1', redirect_uri: REDIRECT, max_age: 300 }
    const { payload, protectedHeader, name } = await fetched(site, { params })
    const client_id = await clientOf(site)
    assert.deepEqual(payload, {
      response_type: 'code',
      scope: 'openid',
      nonce: 'n1',
      redirect_uri: REDIRECT,
      max_age: '300',
      iss: client_id,
      client_id,
      aud: site.issuer,
      jti: name,
      iat: now / 1_000,
      exp: now / 1_000 + 300,
    })
    assert.deepEqual([protectedHeader.alg, protectedHeader.typ], ['RS256', 'oauth-authz-req+jwt'])
    assert.ok(!JSON.stringify(payload).includes(site.oxd_id), 'the oxd_id does not leave')
  })

  it('signs as asked, or as the site registered, and in no weaker way', async () => {
    const [site, registered] = [
      await story.site(),
      await story.site({}, { request_object_signing_alg: 'ES256' }),
    ]
    const algOf = async (at: Site, alg: unknown): Promise<unknown> =>
      (await fetched(at, { request_object_signing_alg: alg })).protectedHeader.alg
    assert.equal(await algOf(site, 'ES256'), 'ES256')
    assert.equal(await algOf(registered, null), 'ES256')
    assert.equal(await algOf(registered, 'RS256'), 'RS256')
    for (const request_object_signing_alg of [null, 'none', 'None', 'HS256', 'rs256', 'RS1', '__proto__']) {
      const { data } = await ask(site, { request_object_signing_alg })
      assert.equal(data.error, 'invalid_algorithm', String(request_object_signing_alg))
    }
    const weak = await story.register(story.issuer(), { request_object_signing_alg: 'HS256' })
    assert.equal(weak.data.error, 'invalid_algorithm')
  })

  it('lets nobody speak as another client, to another OP, or longer', async () => {
    const site = await story.site()
    for (const name of [
      'iss',
      'aud',
      'sub',
      'jti',
      'iat',
      'exp',
      'nbf',
      'client_id',
      'client_secret',
      'oxd_id',
      'request',
      'request_uri',
    ]) {
      const { data } = await ask(site, { params: { [name]: 'zzzz' } })
      assert.equal(data.error, 'invalid_request', name)
      assert.match(String(data.error_description), new RegExp(`"${name}"`))
      assert.doesNotMatch(String(data.error_description), /zzzz/)
    }
    const left_out = JSON.parse('{"__proto__":"zzzz","prompt":"login"}')
    const { data } = await ask(site, { params: left_out }, { oxd: 1 })
    assert.equal(data.error, 'malformed_params')
    const { payload } = await fetched(site, { params: { prompt: 'login' } })
    assert.deepEqual([payload.prompt, payload.aud], ['login', site.issuer])
  })

  it('sends users to a redirect URI of the site alone', async () => {
    const second = 'https://client.example.com/second'
    const site = await story.site({}, { redirect_uris: [second] })
    const { payload } = await fetched(site, { params: { redirect_uri: second } })
    assert.equal(payload.redirect_uri, second)
    for (const redirect_uri of ['https://evil.example.com/', `${REDIRECT}/`, `${second}?x`]) {
      const { data } = await ask(site, { params: { redirect_uri } })
      assert.equal(data.error, 'redirect_uri_is_not_registered', redirect_uri)
    }
  })

  it('wants to know where the OP reaches oxd', async () => {
    const site = await story.site()
    assert.match(nameIn((await ask(site, { oxd_host_url: `${HOST}/` })).data.request_uri), NAME)
    for (const [oxd_host_url, v3, v4] of [
      [null, 'bad_request_no_oxd_host', 'bad_request_no_oxd_host'],
      ['', 'bad_request_no_oxd_host', 'bad_request_no_oxd_host'],
      ['oxd.example.com', 'internal_error', 'bad_request'],
      ['javascript:alert(1)', 'internal_error', 'bad_request'],
      ['https://user:pw@oxd.example.com', 'internal_error', 'bad_request'],
    ] as const) {
      const { data } = await ask(site, { oxd_host_url })
      assert.equal(data.error, v3, String(oxd_host_url))
      const params = { oxd_id: site.oxd_id, oxd_host_url, request_object_signing_alg: 'RS256' }
      const { status, body } = await story.daemon.post('v4', '/get-request-object-uri', params)
      assert.deepEqual([status, body.error], [400, v4], String(oxd_host_url))
    }
  })
})
