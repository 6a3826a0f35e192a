// Authorization requests that do not travel in the URL: pushed, signed, encrypted, fetched by the OP; and what of them is refused.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../src/testing/daemon.ts'
import { reply, type Faults } from '../src/testing/op.ts'
import { siteAt, startStory, type Site, type Story } from '../src/testing/story.ts'

let story: Story
before(async () => {
  story = await startStory({ limits: { op_total_ms: 1_500 } })
})
after(() => story.close())

const native = { oxd: 1 }
const paramsOf = (url: unknown): Data => Object.fromEntries(new URL(String(url)).searchParams)
const urlOf = async (site: Site, params: Data = {}): Promise<Data> => {
  const { authorization_url, state } = await site.ok('get_authorization_url', params, native)
  return { ...paramsOf(authorization_url), own_state: state }
}
/** A site at an OP that has these faults from the start. */
const siteWith = async (faults: Faults, params: Data = {}): Promise<Site> => {
  const issuer = story.issuer(faults)
  const { status, data } = await story.register(issuer, params)
  assert.equal(status, 'ok', JSON.stringify(data))
  return siteAt(story.daemon, story.op, issuer, String(data.oxd_id))
}
const claimsOf = (jwt: unknown): Data =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString('utf8'))
const pushedTo = ({ issuer }: Site): Data =>
  story.op.requests(issuer).findLast(({ endpoint }) => endpoint === 'par')?.params ?? assert.fail('no push')

describe('a pushed request', () => {
  for (const pushes of ['offered', 'required'] as const) {
    it(`is made where the OP has it ${pushes}; the URL carries its name alone, and the state`, async () => {
      const site = await siteWith({ pushes })
      const { client_id, request_uri, state, own_state, ...rest } = await urlOf(site, { prompt: 'login' })
      assert.deepEqual(rest, {})
      assert.match(String(request_uri), /^urn:ietf:params:oauth:request_uri:/)
      assert.equal(state, own_state, 'applications read it there')
      const pushed = pushedTo(site)
      assert.deepEqual(
        [pushed.client_id, pushed.prompt, pushed.state, pushed.code_challenge_method],
        [client_id, 'login', own_state, 'S256'],
      )
      assert.equal((await site.login()).status, 'ok')
    })
  }
  for (const method of ['client_secret_basic', 'client_secret_jwt', 'private_key_jwt', 'none']) {
    it(`is authenticated as the client is: ${method}`, async () => {
      const site = await siteWith({ pushes: 'required' }, { client_token_endpoint_auth_method: method })
      assert.equal((await site.login()).status, 'ok')
    })
  }
  it('is not made for a site that does not want it, unless the OP insists', async () => {
    const without = { require_pushed_authorization_requests: false }
    const site = await siteWith({ pushes: 'offered' }, without)
    assert.equal((await urlOf(site)).request_uri, undefined)
    const other = await siteWith({ pushes: 'required' }, without)
    assert.notEqual((await urlOf(other)).request_uri, undefined)
  })
  it('is registered by a site that wants it always, and refused where the OP has none', async () => {
    const wanted = { require_pushed_authorization_requests: true }
    const site = await siteWith({ pushes: 'offered' }, wanted)
    const told = story.op.requests(site.issuer).find(({ endpoint }) => endpoint === 'registration')
    assert.equal(told?.params.require_pushed_authorization_requests, true)
    const other = await siteWith({}, wanted)
    assert.equal((await other.call('get_authorization_url', {}, native)).data.error, 'no_par_endpoint')
  })

  const json = (status: number, body: Data) => reply.raw({ status, body: JSON.stringify(body) })
  const REFUSED: Readonly<Record<string, readonly [Faults['par'] & {}, string]>> = {
    'a refused client': [json(401, { error: 'invalid_client' }), 'invalid_client'],
    'a refused request': [json(400, { error: 'invalid_scope' }), 'authorization_request_refused'],
    'a broken OP': [reply.html(500), 'op_http_status'],
    'a page': [reply.html(), 'op_http_status'],
    '200 instead of 201': [json(200, { request_uri: 'urn:x', expires_in: 60 }), 'op_http_status'],
    'no request_uri': [(good) => ({ ...good, request_uri: undefined }), 'op_answer_malformed'],
    'an empty request_uri': [(good) => ({ ...good, request_uri: '' }), 'op_answer_malformed'],
    'a request_uri without end': [
      (good) => ({ ...good, request_uri: 'u'.repeat(2_049) }),
      'op_answer_malformed',
    ],
    'no expiry': [({ expires_in: _, ...good }) => good, 'op_answer_malformed'],
    'an expiry in the past': [(good) => ({ ...good, expires_in: 0 }), 'op_answer_malformed'],
    'a list': [() => '[]', 'op_answer_malformed'],
    'a redirect': [reply.redirect('http://127.0.0.1:9/'), 'op_redirected'],
    silence: [reply.hang(), 'op_timeout'],
  }
  for (const [what, [par, code]] of Object.entries(REFUSED)) {
    it(`is not replaced by another way: ${what} is ${code}`, async () => {
      const site = await siteWith({ pushes: 'offered', par })
      const { data } = await site.call('get_authorization_url', {}, native)
      assert.equal(data.error, code, JSON.stringify(data))
      assert.equal(story.op.count(site.issuer, 'par'), 1)
    })
  }
  it('takes a request_uri of 2048 characters, and encodes it', async () => {
    const request_uri = `&state=x#${'u'.repeat(2_039)}`
    const site = await siteWith({ pushes: 'offered', par: (good) => ({ ...good, request_uri }) })
    assert.equal((await urlOf(site)).request_uri, request_uri)
  })
  it('tells nobody its secrets when the OP repeats them', async () => {
    const site = await siteWith({
      pushes: 'offered',
      par: (_good, { params }) =>
        json(400, { error: 'x', error_description: `${String(params.client_secret)}` }),
    })
    const { data } = await site.call('get_authorization_url', {}, native)
    assert.ok(!JSON.stringify(data).includes(String(pushedTo(site).client_secret)))
  })
})

describe('a signed request', () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    it(`logs in by value, with ${alg}`, async () => {
      const site = await siteWith({}, { request_object_signing_alg: alg })
      assert.equal((await site.login()).status, 'ok')
    })
  }
  it('says whose it is, for whom and for how long; beside it stands what every request has', async () => {
    const site = await siteWith({}, { request_object_signing_alg: 'ES256' })
    const { request, own_state, ...outside } = await urlOf(site, {
      prompt: 'login',
      params: { max_age: '60' },
    })
    const { iat, exp, nbf, jti, ...claims } = claimsOf(request)
    assert.deepEqual(outside, {
      response_type: 'code',
      client_id: claims.client_id,
      scope: claims.scope,
      state: own_state,
    })
    assert.deepEqual([claims.iss, claims.aud, claims.state], [claims.client_id, site.issuer, own_state])
    assert.deepEqual([claims.prompt, claims.max_age, claims.code_challenge_method], ['login', 60, 'S256'])
    assert.deepEqual([Number(exp) - Number(iat), nbf], [300, iat])
    assert.match(String(jti), /^[\w-]{43}$/)
  })
  it('is read by the OP, not what somebody writes beside it', async () => {
    const site = await siteWith({}, { request_object_signing_alg: 'RS256', scope: ['openid', 'email'] })
    const { authorization_url } = await site.ok('get_authorization_url', {})
    const url = new URL(String(authorization_url))
    url.searchParams.set('scope', 'openid')
    const back = new URL(await story.op.authorize(url.href)).searchParams
    const [code, state] = [back.get('code'), back.get('state')]
    const { access_token } = await site.ok('get_tokens_by_code', { code, state })
    const { claims } = await site.ok('get_user_info', { access_token }, native)
    assert.equal((claims as Data).email, 'alice@example.com')
  })
  it('logs in encrypted', async () => {
    const site = await siteWith(
      {},
      {
        request_object_signing_alg: 'PS256',
        request_object_encryption_alg: 'RSA-OAEP-256',
        request_object_encryption_enc: 'A256GCM',
      },
    )
    assert.equal(String((await urlOf(site)).request).split('.').length, 5)
    assert.equal((await site.login()).status, 'ok')
  })
  it('logs in encrypted to a key that may do more than that, behind one that is none', async () => {
    const site = await siteWith(
      {
        jwks: ({ keys }) => ({
          keys: (keys as Data[]).flatMap((key) =>
            key.use === 'sig'
              ? [key]
              : [
                  { ...key, kid: 'none', e: undefined },
                  { ...key, key_ops: ['decrypt', 'encrypt', 'unwrapKey', 'wrapKey'] },
                ],
          ),
        }),
      },
      {
        request_object_signing_alg: 'RS256',
        request_object_encryption_alg: 'RSA-OAEP-256',
        request_object_encryption_enc: 'A128GCM',
      },
    )
    assert.equal((await site.login()).status, 'ok')
  })
  const SHORT = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  for (const [what, keys] of Object.entries({ none: [], 'one of 1,024 bits': [{ ...SHORT, use: 'enc' }] }))
    it(`is refused where the OP has no key to encrypt to: ${what}`, async () => {
      const site = await siteWith(
        {
          jwks: (good) => ({ keys: [...(good.keys as Data[]).filter(({ use }) => use === 'sig'), ...keys] }),
        },
        { request_object_signing_alg: 'RS256', request_object_encryption_alg: 'RSA-OAEP-256' },
      )
      const { data } = await site.call('get_authorization_url', {}, native)
      assert.equal(data.error, 'no_op_encryption_key')
    })
  it('logs in pushed, where both are wanted', async () => {
    const site = await siteWith({ pushes: 'required' }, { request_object_signing_alg: 'EdDSA' })
    const { request, request_uri } = await urlOf(site)
    assert.deepEqual([request, typeof request_uri], [undefined, 'string'])
    const pushed = pushedTo(site)
    assert.deepEqual(Object.keys(pushed).sort(), ['client_id', 'client_secret', 'request'])
    assert.equal((await site.login()).status, 'ok')
  })
})

describe('a request object by reference', () => {
  it('is fetched by the OP at the public listener', async () => {
    const other = await startStory({ public: true })
    try {
      const site = await other.site(
        {},
        { request_object_signing_alg: 'ES256', request_objects_by_reference: true },
      )
      const { authorization_url } = await site.ok('get_authorization_url', {})
      const { request, request_uri, state, client_id } = paramsOf(authorization_url)
      assert.deepEqual([request, typeof state, typeof client_id], [undefined, 'string', 'string'])
      assert.match(String(request_uri), /\/get-request-object\/[\w-]{43}$/)
      assert.ok(!String(request_uri).includes(site.oxd_id))
      const answer = await other.daemon.stranger(String(request_uri))
      assert.equal(answer.headers.get('content-type'), 'application/oauth-authz-req+jwt')
      const claims = claimsOf(await answer.text())
      assert.deepEqual([claims.iss, claims.aud, claims.state], [client_id, site.issuer, state])
    } finally {
      await other.close()
    }
  })
})
