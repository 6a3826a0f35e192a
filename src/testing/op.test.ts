import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { generate } from 'selfsigned'
import { isAlg, leftHash, SIGNATURES } from './jws.ts'
import type { Json, SignatureName } from './jws.ts'
import { reply, startLyingOp } from './op.ts'
import type { Faults, LyingOp, LyingOpOptions } from './op.ts'

const REDIRECT_URI = 'https://site.example/callback'
const LOGGED_OUT = 'https://site.example/bye'

let op: LyingOp
let cases = 0
/** The clock of the OP runs ahead by so many milliseconds. */
let ahead = 0
before(async () => {
  op = await startLyingOp({ now: () => Date.now() + ahead })
})
after(() => op.close())
const issuerWith = (faults: Faults = {}): string => op.issuer(`case-${++cases}`, faults)

const json = async (url: string, init?: RequestInit): Promise<Json> => {
  const answer = await fetch(url, init)
  // The OP's answers are objects; a test of something else reads the text.
  return (await answer.json()) as Json
}
const text = (value: unknown): string => {
  assert.equal(typeof value, 'string')
  return String(value)
}
const discover = (issuer: string): Promise<Json> => json(`${issuer}/.well-known/openid-configuration`)
const register = (issuer: string, metadata: Json = {}): Promise<Json> =>
  json(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: [REDIRECT_URI],
      post_logout_redirect_uris: [LOGGED_OUT],
      ...metadata,
    }),
  })

interface Started {
  readonly client: Json
  readonly verifier: string
  readonly back: URL
}
const start = async (issuer: string, client: Json, scope = 'openid profile email'): Promise<Started> => {
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL(`${issuer}/authorize`)
  url.search = String(
    new URLSearchParams({
      response_type: 'code',
      client_id: text(client['client_id']),
      redirect_uri: REDIRECT_URI,
      scope,
      state: 'state of the test',
      nonce: 'nonce of the test',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    }),
  )
  return { client, verifier, back: new URL(await op.authorize(url.href)) }
}

const formEncode = (value: string): string => String(new URLSearchParams({ v: value })).slice(2)
const basic = (client: Json): Record<string, string> => {
  const pair = [client['client_id'], client['client_secret']].map((part) => formEncode(text(part)))
  return { authorization: `Basic ${Buffer.from(pair.join(':')).toString('base64')}` }
}
const AUTHENTICATION: Readonly<
  Record<string, (client: Json) => { headers?: Record<string, string>; form?: Json }>
> = {
  client_secret_basic: (client) => ({ headers: basic(client) }),
  client_secret_post: ({ client_id, client_secret }) => ({ form: { client_id, client_secret } }),
  none: ({ client_id }) => ({ form: { client_id } }),
}
const redeem = (
  issuer: string,
  { client, verifier, back }: Started,
  changes: Json = {},
): Promise<Response> => {
  const { headers, form } = AUTHENTICATION[text(client['token_endpoint_auth_method'])]?.(client) ?? {}
  const params = {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
    ...form,
    ...changes,
  }
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) body.set(name, String(value))
  return fetch(`${issuer}/token`, { method: 'POST', body, ...(headers && { headers }) })
}
const logIn = async (issuer: string, metadata: Json = {}): Promise<{ client: Json; tokens: Json }> => {
  const client = await register(issuer, metadata)
  const answer = await redeem(issuer, await start(issuer, client))
  return { client, tokens: (await answer.json()) as Json }
}
/** jose judges what was made by hand. */
const verify = async (issuer: string, { client, tokens }: { client: Json; tokens: Json }): Promise<Json> => {
  // What the OP publishes is a key set; jose itself refuses anything else.
  const keys = createLocalJWKSet((await json(`${issuer}/jwks`)) as unknown as JSONWebKeySet)
  const { payload } = await jwtVerify(text(tokens['id_token']), keys, {
    issuer,
    audience: text(client['client_id']),
    requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
  })
  return payload
}

for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const)
  for (const method of Object.keys(AUTHENTICATION))
    test(`an honest login: ${alg}, ${method}`, async () => {
      const issuer = issuerWith()
      assert.equal((await discover(issuer))['issuer'], issuer)
      const login = await logIn(issuer, {
        id_token_signed_response_alg: alg,
        token_endpoint_auth_method: method,
      })
      assert.equal('client_secret' in login.client, method !== 'none')
      const claims = await verify(issuer, login)
      assert.equal(claims['sub'], 'alice')
      assert.equal(claims['nonce'], 'nonce of the test')
      assert.ok(isAlg(alg))
      assert.equal(claims['at_hash'], leftHash(alg, text(login.tokens['access_token'])))
      const authorization = `Bearer ${text(login.tokens['access_token'])}`
      assert.deepEqual(await json(`${issuer}/userinfo`, { headers: { authorization } }), {
        sub: 'alice',
        name: 'alice Example',
        given_name: 'alice',
        family_name: 'Example',
        email: 'alice@example.com',
        email_verified: true,
      })
      const out = new URL(`${issuer}/end_session`)
      out.searchParams.set('id_token_hint', text(login.tokens['id_token']))
      out.searchParams.set('post_logout_redirect_uri', LOGGED_OUT)
      out.searchParams.set('state', 'out')
      assert.equal(await op.authorize(out.href), `${LOGGED_OUT}?state=out`)
    })

test('at_hash of the example in OpenID Connect Core A.3', () => {
  assert.equal(leftHash('RS256', 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y'), '77QmUPtjPfzWtF2AnpK9RQ')
})

test('the redirect carries code, state and iss; the subject is chosen by the test', async () => {
  const issuer = issuerWith()
  const client = await register(issuer)
  const { back } = await start(issuer, client)
  assert.deepEqual([...back.searchParams.keys()], ['code', 'state', 'iss'])
  assert.equal(back.searchParams.get('iss'), issuer)
  const [seen] = op.requests(issuer).filter(({ endpoint }) => endpoint === 'authorization')
  assert.equal(seen?.params['nonce'], 'nonce of the test')
  assert.equal(op.count(issuer, 'authorization'), 1)
  await assert.rejects(op.authorize(`${op.canary().origin}/`), /does not lead to the OP/)
})

for (const [what, [changes, status, error]] of Object.entries({
  'another verifier': [{ code_verifier: 'x'.repeat(43) }, 400, 'invalid_grant'],
  'another redirect URI': [{ redirect_uri: `${REDIRECT_URI}/` }, 400, 'invalid_grant'],
  'another code': [{ code: 'x' }, 400, 'invalid_grant'],
  'another grant': [{ grant_type: 'password' }, 400, 'unsupported_grant_type'],
} as const))
  test(`the honest OP refuses ${what}`, async () => {
    const issuer = issuerWith()
    const started = await start(issuer, await register(issuer))
    const answer = await redeem(issuer, started, changes)
    assert.equal(answer.status, status)
    assert.deepEqual(await answer.json(), { error })
    assert.equal((await redeem(issuer, started)).status, 200)
    assert.equal((await redeem(issuer, started)).status, 400, 'a code is redeemed once')
  })

test('the honest OP refuses a wrong secret and another method than the registered one', async () => {
  const issuer = issuerWith()
  const client = await register(issuer)
  for (const wrong of [
    { ...client, client_secret: `${text(client['client_secret'])}x` },
    { ...client, token_endpoint_auth_method: 'client_secret_post' },
    { ...client, token_endpoint_auth_method: 'none' },
    { ...client, client_id: 'unknown' },
  ]) {
    const answer = await redeem(issuer, { ...(await start(issuer, client)), client: wrong })
    assert.equal(answer.status, 401)
    assert.deepEqual(await answer.json(), { error: 'invalid_client' })
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic/)
  }
})

test('codes and access tokens expire by the clock that was handed in', async () => {
  const issuer = issuerWith()
  const client = await register(issuer)
  const [late, early] = [await start(issuer, client), await start(issuer, client)]
  const tokens = (await (await redeem(issuer, early)).json()) as Json
  ahead = 61_000
  assert.equal((await redeem(issuer, late)).status, 400)
  ahead = 3_602_000
  const authorization = `Bearer ${text(tokens['access_token'])}`
  assert.equal((await fetch(`${issuer}/userinfo`, { headers: { authorization } })).status, 401)
  ahead = 0
})

test('the honest OP redirects with an error, but never to an address that is not registered', async () => {
  const issuer = issuerWith()
  const client = await register(issuer)
  const query = { client_id: text(client['client_id']), redirect_uri: REDIRECT_URI, response_type: 'code' }
  const url = (changes: Record<string, string>): string =>
    `${issuer}/authorize?${new URLSearchParams({ ...query, scope: 'openid', state: 's', ...changes })}`
  const bound = { code_challenge_method: 'S256', code_challenge: 'c' }
  for (const [link, error] of [
    [url({}), 'invalid_request'],
    [url({ code_challenge: 'c' }), 'invalid_request'],
    [`${url(bound)}&state=t`, 'invalid_request'],
    [url({ ...bound, scope: 'profile' }), 'invalid_scope'],
    [url({ ...bound, response_type: 'token' }), 'unsupported_response_type'],
    [url({ ...bound, response_type: 'code id_token' }), 'unauthorized_client'],
  ] as const) {
    const back = await op.authorize(link)
    assert.match(back, new RegExp(`[?#].*error=${error}(&|$)`))
  }
  await assert.rejects(
    op.authorize(url({ ...bound, redirect_uri: `${REDIRECT_URI}2` })),
    /page with status 400/,
  )
})

test('a lax OP leaves out what the test names', async () => {
  const issuer = issuerWith({ ignores: ['pkce', 'code_reuse', 'redirect_uri', 'client_authentication'] })
  const client = await register(issuer)
  const started = await start(issuer, client)
  const wrong = { ...started, verifier: 'x', client: { ...client, client_secret: 'wrong' } }
  for (const _ of [1, 2]) assert.equal((await redeem(issuer, wrong, { redirect_uri: 'x' })).status, 200)
  assert.equal(op.count(issuer, 'token'), 2)
})

test('a registration is read, replaced as a whole and deleted, with a new token each time', async () => {
  const issuer = issuerWith()
  let client = await register(issuer, { client_name: 'Demo', contacts: ['a@example.com'] })
  const manage = async (method: string, body?: Json): Promise<Response> =>
    fetch(text(client['registration_client_uri']), {
      method,
      headers: {
        authorization: `Bearer ${text(client['registration_access_token'])}`,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
  const stale = client
  client = (await (await manage('GET')).json()) as Json
  assert.equal(client['client_name'], 'Demo')
  assert.notEqual(client['registration_access_token'], stale['registration_access_token'])
  const { client_id, client_secret } = client
  const metadata = { client_id, client_secret, redirect_uris: [REDIRECT_URI], client_name: 'Other' }
  assert.equal((await manage('PUT', client)).status, 400, 'what only the OP may say')
  assert.equal((await manage('PUT', { ...metadata, client_id: 'x' })).status, 400)
  client = (await (await manage('PUT', metadata)).json()) as Json
  assert.equal(client['client_name'], 'Other')
  assert.equal(client['contacts'], undefined)
  const current = client
  client = { ...client, registration_access_token: stale['registration_access_token'] }
  assert.equal((await manage('GET')).status, 401)
  client = current
  assert.equal((await redeem(issuer, await start(issuer, client))).status, 200)
  assert.equal((await manage('DELETE')).status, 204)
  assert.equal((await manage('GET')).status, 401)
})

test('credentials of every printable character, byte for byte', async () => {
  const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => index + 32))
  const issuer = issuerWith({ credentials: { client_id: printable, client_secret: `${printable}é` } })
  const login = await logIn(issuer)
  assert.equal(login.client['client_id'], printable)
  await verify(issuer, login)
  assert.equal((await fetch(text(login.client['registration_client_uri']))).status, 401)
})

test('a client registered by hand at an OP without dynamic registration', async () => {
  const issuer = issuerWith({ discovery: ({ registration_endpoint: _, ...doc }) => doc })
  assert.equal((await discover(issuer))['registration_endpoint'], undefined)
  const client = op.addClient(issuer, {
    client_id: 'by-hand',
    client_secret: 's',
    redirect_uris: [REDIRECT_URI],
  })
  assert.equal((await redeem(issuer, await start(issuer, client))).status, 200)
})

test('refresh tokens, for those who ask for offline access, are used once', async () => {
  const issuer = issuerWith()
  const client = await register(issuer)
  const started = await start(issuer, client, 'openid offline_access')
  const tokens = (await (await redeem(issuer, started)).json()) as Json
  const again = { grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] }
  assert.equal((await redeem(issuer, started, again)).status, 200)
  assert.equal((await redeem(issuer, started, again)).status, 400)
})

test('a refresh may ask for less, and the next one for all again', async () => {
  const issuer = issuerWith()
  const client = await register(issuer)
  const started = await start(issuer, client, 'openid email offline_access')
  let tokens = (await (await redeem(issuer, started)).json()) as Json
  for (const [scope, status, granted] of [
    ['openid phone', 400, undefined],
    ['openid', 200, 'openid'],
    ['openid email', 200, 'openid email'],
  ] as const) {
    const again = { grant_type: 'refresh_token', refresh_token: tokens['refresh_token'], scope }
    const answer = await redeem(issuer, started, again)
    const said = (await answer.json()) as Json
    assert.deepEqual([answer.status, said['scope']], [status, granted])
    if (status === 200) tokens = said
  }
})

test('a client gets tokens of its own when it registered for that and can keep a secret', async () => {
  const grant_types = ['client_credentials']
  for (const [metadata, faults, error] of [
    [{ grant_types }, {}, undefined],
    [{}, {}, 'unauthorized_client'],
    [{}, { ignores: ['grant_types'] }, undefined],
    [{ grant_types, token_endpoint_auth_method: 'none' }, {}, 'unauthorized_client'],
  ] as const) {
    const issuer = issuerWith(faults)
    const client = await register(issuer, metadata)
    const started = await start(issuer, client)
    const asked = { grant_type: 'client_credentials', scope: 'oxd offline_access' }
    const tokens = (await (await redeem(issuer, started, asked)).json()) as Json
    assert.equal(tokens['error'], error)
    if (error === undefined)
      assert.deepEqual(Object.keys(tokens), ['access_token', 'token_type', 'expires_in', 'scope'])
  }
})

test('introspection, for clients and bearers of a PAT, or for one of them alone', async () => {
  const ask = async (
    issuer: string,
    authorization: string | undefined,
    form: Record<string, string>,
  ): Promise<[number, Json]> => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    const body = new URLSearchParams(form)
    const answer = await fetch(`${issuer}/introspect`, { method: 'POST', headers, body })
    return [answer.status, (await answer.json()) as Json]
  }
  const issuer = issuerWith()
  const client = await register(issuer, { grant_types: ['client_credentials'] })
  const started = await start(issuer, client)
  const own = async (scope: string): Promise<string> => {
    const answer = await redeem(issuer, started, { grant_type: 'client_credentials', scope })
    return text(((await answer.json()) as Json)['access_token'])
  }
  const [token, first, second] = [await own('oxd'), await own('uma_protection'), await own('uma_protection')]
  const authorization = basic(client)['authorization']
  const [, said] = await ask(issuer, authorization, { token })
  assert.deepEqual([said['active'], said['client_id'], said['scope']], [true, client['client_id'], 'oxd'])
  assert.deepEqual(await ask(issuer, authorization, { token: 'x' }), [200, { active: false }])
  assert.equal((await ask(issuer, authorization, {}))[0], 400)
  assert.equal((await ask(issuer, undefined, { token }))[0], 401)

  const statuses = async (): Promise<number[]> => {
    const seen: number[] = []
    // One after the other: which PAT is the first one counts.
    for (const shown of [authorization, `Bearer ${token}`, `Bearer ${first}`, `Bearer ${second}`])
      seen.push((await ask(issuer, shown, { token }))[0])
    return seen
  }
  assert.deepEqual(await statuses(), [200, 401, 200, 200])
  op.setFaults(issuer, { introspection_by: 'pat', refused_pats: 1 })
  assert.deepEqual(await statuses(), [401, 401, 401, 200])
  op.setFaults(issuer, { introspection_by: 'client' })
  assert.deepEqual(await statuses(), [200, 401, 401, 401])

  op.setFaults(issuer, {})
  ahead = 3_602_000
  assert.deepEqual(await ask(issuer, authorization, { token }), [200, { active: false }])
  assert.equal((await ask(issuer, `Bearer ${first}`, { token }))[0], 401)
  ahead = 0
})

test('the issuer at the root of the host answers WebFinger', async () => {
  const issuer = op.issuer('')
  const rel = 'http://openid.net/specs/connect/1.0/issuer'
  const ask = (query: Record<string, string>): Promise<Response> =>
    fetch(`${op.origin}/.well-known/webfinger?${new URLSearchParams(query)}`)
  const answer = await ask({ resource: 'acct:ada@op.example', rel })
  assert.equal(answer.headers.get('content-type'), 'application/jrd+json')
  assert.deepEqual(await answer.json(), { subject: 'acct:ada@op.example', links: [{ rel, href: issuer }] })
  assert.deepEqual(await (await ask({ resource: 'x', rel: 'other' })).json(), { subject: 'x', links: [] })
  assert.equal((await ask({ rel })).status, 400)
  op.setFaults(issuer, { webfinger: reply.status(404) })
  assert.equal((await ask({ resource: 'x' })).status, 404)
})

test('signed userinfo, when it was registered', async () => {
  const issuer = issuerWith({ userinfo: (claims) => ({ ...claims, sub: 'mallory' }) })
  const { client, tokens } = await logIn(issuer, { userinfo_signed_response_alg: 'ES256' })
  const authorization = `Bearer ${text(tokens['access_token'])}`
  const answer = await fetch(`${issuer}/userinfo`, { headers: { authorization } })
  assert.equal(answer.headers.get('content-type'), 'application/jwt')
  const keys = createLocalJWKSet((await json(`${issuer}/jwks`)) as unknown as JSONWebKeySet)
  const { payload } = await jwtVerify(await answer.text(), keys, {
    issuer,
    audience: text(client['client_id']),
  })
  assert.equal(payload.sub, 'mallory')
})

// The signatures that are well made and only out of place: a verifier that is led astray would accept them.
const KEYED = new Set(['hs256_public_key', 'hs256_client_secret'])
for (const sign of Object.keys(SIGNATURES) as SignatureName[])
  for (const alg of sign === 'zero' || sign === 'der'
    ? (['ES256'] as const)
    : (['RS256', 'ES256', 'EdDSA'] as const))
    test(`signature: ${sign}, ${alg}`, async () => {
      const issuer = issuerWith({ id_token: { sign } })
      const login = await logIn(issuer, { id_token_signed_response_alg: alg })
      if (sign === 'honest') return void (await verify(issuer, login))
      await assert.rejects(verify(issuer, login))
      const { id_token } = login.tokens
      if (sign === 'hs256_client_secret')
        await jwtVerify(text(id_token), Buffer.from(text(login.client['client_secret'])))
      const header = JSON.parse(Buffer.from(text(id_token).split('.')[0] ?? '', 'base64url').toString())
      assert.equal(header.alg, sign === 'none' ? 'none' : KEYED.has(sign) ? 'HS256' : alg)
    })

test('the rest of an ID Token: another published algorithm, times, claims, header, and the last word', async () => {
  const good = await logIn(issuerWith({ id_token: { alg: 'PS256' } }))
  assert.match(Buffer.from(text(good.tokens['id_token']), 'base64url').toString(), /"alg":"PS256"/)

  const timed = issuerWith({ id_token: { offsets: { exp: 10, iat: -5, nbf: -7 } } })
  const claims = await verify(timed, await logIn(timed))
  assert.equal(Number(claims['exp']) - Number(claims['iat']), 615)
  assert.equal(Number(claims['nbf']) - Number(claims['iat']), -2)

  const nonce = issuerWith({ id_token: { claims: ({ nonce: _, ...rest }) => rest } })
  await assert.rejects(verify(nonce, await logIn(nonce)), /nonce/)

  const double = issuerWith({ id_token: { claims: (c) => `{"sub":"mallory",${JSON.stringify(c).slice(1)}` } })
  const login = await logIn(double)
  assert.equal((await verify(double, login))['sub'], 'alice')
  const payload = Buffer.from(text(login.tokens['id_token']).split('.')[1] ?? '', 'base64url').toString()
  assert.match(payload, /"sub":"mallory".*"sub":"alice"/)

  const kid = issuerWith({ id_token: { header: (header) => ({ ...header, kid: 'other' }) } })
  await assert.rejects(verify(kid, await logIn(kid)), /no applicable key/)

  const nothing = await logIn(issuerWith({ id_token: { jwt: () => null } }))
  assert.equal(nothing.tokens['id_token'], null)
})

test('rotated keys: other names, or other keys under the same names; neighbours never share a key', async () => {
  const [left, right] = [issuerWith(), issuerWith()]
  const keysOf = async (issuer: string): Promise<Json[]> => (await json(`${issuer}/jwks`))['keys'] as Json[]
  const [first, neighbour] = [await keysOf(left), await keysOf(right)]
  assert.deepEqual(
    first.map(({ kid }) => kid),
    neighbour.map(({ kid }) => kid),
  )
  first.forEach((key, index) =>
    assert.notEqual(key['n'] ?? key['x'], neighbour[index]?.['n'] ?? neighbour[index]?.['x']),
  )
  const old = await logIn(left)
  op.rotateKeys(left, { keepKid: true })
  await assert.rejects(verify(left, old), /signature/)
  await verify(left, await logIn(left))
  op.rotateKeys(left)
  assert.notEqual((await keysOf(left))[0]?.['kid'], first[0]?.['kid'])
  await verify(left, await logIn(left))
})

test('a fault sees the number of the request, and may be laid on later', async () => {
  const issuer = issuerWith({
    jwks: (good, { nth }) => (nth === 2 ? reply.html(500) : nth === 3 ? '[]' : good),
  })
  const statuses = []
  for (const _ of [1, 2, 3, 4]) statuses.push((await fetch(`${issuer}/jwks`)).status)
  assert.deepEqual(statuses, [200, 500, 200, 200])
  op.setFaults(issuer, { jwks: reply.status(404) })
  assert.equal((await fetch(`${issuer}/jwks`)).status, 404)
  assert.equal((await fetch(`${issuer}/undefined`)).status, 404)
  assert.equal(op.count(issuer, 'unknown'), 1)
})

test('a fault of the authorization endpoint changes what the redirect carries', async () => {
  const issuer = issuerWith({ authorization: ({ state }) => ({ error: 'access_denied', state, iss: 'x' }) })
  const { back } = await start(issuer, await register(issuer))
  assert.equal(back.search, '?error=access_denied&state=state+of+the+test&iss=x')
})

/** Everything that comes over a bare connection until it ends, or until `until` has come. */
const bare = (url: string, until?: RegExp): Promise<{ text: string; end: string }> =>
  new Promise((resolve) => {
    const { port, pathname } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    const parts: Buffer[] = []
    const done = (end: string): void => {
      socket.destroy()
      resolve({ text: Buffer.concat(parts).toString('latin1'), end })
    }
    socket.on('data', (part) => {
      parts.push(part)
      if (until?.test(Buffer.concat(parts).toString('latin1'))) done('enough')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'))
    socket.on('end', () => done('end'))
    socket.write(`GET ${pathname} HTTP/1.1\r\nhost: op\r\nconnection: close\r\n\r\n`)
  })
const configuration = (issuer: string): string => `${issuer}/.well-known/openid-configuration`

test('transport faults that a client of HTTP can read', async () => {
  const at = (fault: ReturnType<typeof reply.hang>): string => configuration(issuerWith({ discovery: fault }))
  const redirect = await fetch(at(reply.redirect('https://elsewhere.example/', 307)), { redirect: 'manual' })
  assert.deepEqual([redirect.status, redirect.headers.get('location')], [307, 'https://elsewhere.example/'])
  assert.ok(
    'issuer' in ((await redirect.json()) as Json),
    'one who looks past the status finds the good answer',
  )
  assert.match(await (await fetch(at(reply.html()))).text(), /^<!doctype html>/)
  assert.equal(await (await fetch(at(reply.empty()))).text(), '')
  assert.match(await (await fetch(at(reply.truncated_json()))).text(), /^\{"issuer"[^}]*$/)
  assert.match(
    await (await fetch(at(reply.duplicate('issuer', 'https://evil.example')))).text(),
    /^\{"issuer":"http:.*"issuer":"https:\/\/evil.example"\}$/,
  )
  assert.match(
    await (await fetch(at(reply.duplicate('issuer', 1, 'first')))).text(),
    /^\{"issuer":1,"issuer":/,
  )
  const typed = await fetch(at(reply.headers({ 'content-type': 'text/html', 'cache-control': '' })))
  assert.deepEqual(
    [typed.headers.get('content-type'), typed.headers.get('cache-control')],
    ['text/html', null],
  )
  const raw = await fetch(at(reply.raw({ status: 429, headers: { 'retry-after': '86400' }, body: 'later' })))
  assert.deepEqual([raw.status, raw.headers.get('retry-after'), await raw.text()], [429, '86400', 'later'])
})

test('padding is announced, chunked or compressed, and the object in it is the good one', async () => {
  for (const fault of [reply.huge(3_000_000), reply.endless(3_000_000), reply.compressed('br', 3_000_000)]) {
    const issuer = issuerWith({ discovery: fault })
    const answer = await fetch(configuration(issuer))
    const doc = (await answer.json()) as Json
    assert.equal(doc['issuer'], issuer)
    assert.equal(text(doc['padding']).length, 3_000_000)
  }
  const { text: bomb } = await bare(
    configuration(issuerWith({ discovery: reply.compressed('gzip', 3_000_000) })),
  )
  assert.ok(bomb.length < 20_000, 'small on the way')
  assert.match(bomb, /content-encoding: gzip/)
  const small = await bare(configuration(issuerWith({ discovery: reply.headers({ connection: 'close' }) })))
  assert.match(small.text, /^HTTP\/1.1 200/)
})

test('an endless body stops when its reader leaves', async () => {
  const url = configuration(issuerWith({ discovery: reply.endless() }))
  const { text, end } = await bare(url, /a{50000}/)
  assert.equal(end, 'enough')
  assert.ok(text.length < 1_000_000)
})

test('slow and broken connections', async () => {
  const at = (fault: ReturnType<typeof reply.hang>): string => configuration(issuerWith({ discovery: fault }))
  assert.match((await bare(at(reply.drip_header(1)), /x-slow: aaa/)).text, /^HTTP\/1.1 200 OK\r\nx-slow: a+$/)
  assert.match((await bare(at(reply.drip(1)), /\r\n\r\n\{"is/)).text, /\{"is/)
  assert.match((await bare(at(reply.stall()), /\{"issuer/)).text, /content-length/)
  const cut = await bare(at(reply.cut()))
  assert.equal(cut.end, 'end')
  await assert.rejects(async () => (await fetch(at(reply.cut()))).text())
  assert.equal((await bare(at(reply.reset()))).end, 'ECONNRESET')
  const url = at(reply.drip(1))
  assert.ok('issuer' in (await json(url)), 'a patient reader gets the good answer')
})

test('close ends those who still wait, at once', async () => {
  const other = await startLyingOp()
  const issuer = other.issuer('silent', { discovery: reply.hang(), jwks: reply.drip_header(1) })
  const waiting = [configuration(issuer), `${issuer}/jwks`].map((url) => assert.rejects(fetch(url)))
  while (other.requests(issuer).length < 2) await new Promise(setImmediate)
  const began = performance.now()
  await other.close()
  await Promise.all(waiting)
  assert.ok(performance.now() - began < 500)
})

test('close tells of a fault that threw', async () => {
  const other = await startLyingOp()
  const issuer = other.issuer('', {
    discovery: () => {
      throw new Error('a mistake in the test')
    },
  })
  assert.equal(issuer, other.origin)
  await assert.rejects(fetch(configuration(issuer)))
  await assert.rejects(other.close(), (error: AggregateError) => /a mistake/.test(String(error.errors[0])))
})

test('the canary counts whoever connects', async () => {
  const other = await startLyingOp()
  assert.equal(other.canary().contacts, 0)
  await assert.rejects(fetch(other.canary().origin))
  assert.ok(other.canary().contacts > 0)
  await other.close()
})

test('issuer paths byte for byte: a slash at the end, percent-encoding', async () => {
  for (const name of ['tenant/a/', 't%C3%A9nant']) {
    const issuer = op.issuer(name)
    const doc = await json(configuration(issuer.replace(/\/$/, '')))
    assert.equal(doc['issuer'], issuer)
    assert.equal(doc['jwks_uri'], `${issuer.replace(/\/$/, '')}/jwks`)
  }
})

test('over https, with the certificate that was handed in', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keySize: 2048,
  })
  const tls: LyingOpOptions = { tls: { key, cert } }
  const other = await startLyingOp(tls)
  const issuer = other.issuer('secure', { jwks: reply.reset() })
  const get = (url: string): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      httpsRequest(url, { ca: cert, checkServerIdentity: () => undefined, agent: false }, (answer) => {
        answer.toArray().then((parts) => resolve(Buffer.concat(parts)), reject)
      })
        .once('error', reject)
        .end()
    })
  const doc = JSON.parse((await get(configuration(issuer))).toString())
  assert.match(doc.issuer, /^https:\/\/127\.0\.0\.1:\d+\/secure$/)
  await assert.rejects(get(`${issuer}/jwks`))
  other.setFaults(issuer, { jwks: reply.compressed('gzip') })
  assert.equal(JSON.parse(gunzipSync(await get(`${issuer}/jwks`)).toString()).keys.length, 3)
  await other.close()
})
