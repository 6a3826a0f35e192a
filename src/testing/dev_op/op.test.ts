// Whole logins at the dev OP, without oxd in between: what the tests of oxd build upon must hold by itself.
import assert from 'node:assert/strict'
import { createHash, verify, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { StartError } from '../../error.ts'
import { startDevOp, type DevOp, type DevOpOptions } from './op.ts'
import { signIn, signOut, Visitor } from './sign_in.ts'

const CALLBACK = 'https://demo.localhost:8080/callback'
const AFTER_LOGOUT = 'https://demo.localhost:8080/after'
const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-1'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

type Json = Record<string, string>
interface Registered extends Json {
  client_id: string
  client_secret: string
  registration_access_token: string
  registration_client_uri: string
}

const withOp = async (options: DevOpOptions, use: (op: DevOp) => Promise<void>) => {
  const op = await startDevOp(options)
  try {
    await use(op)
  } finally {
    await op.close()
  }
}

const json = async (response: Response): Promise<Json> => (await response.json()) as Json
const register = async (op: DevOp, more: object = {}): Promise<Registered> => {
  const response = await fetch(`${op.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({
      client_name: 'Demo site',
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: [AFTER_LOGOUT],
      grant_types: ['authorization_code', 'refresh_token'],
      ...more,
    }),
  })
  const body = await response.text()
  assert.equal(response.status, 201, body)
  return JSON.parse(body) as Registered
}

const authorizationUrl = (op: DevOp, { client_id }: Registered, more: Json = {}) =>
  `${op.issuer}/auth?${new URLSearchParams({
    client_id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...more,
  })}`

const redeem = (op: DevOp, client: Registered, params: Json) =>
  fetch(`${op.issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`,
    },
    body: new URLSearchParams(params),
  })
const redeemCode = (op: DevOp, client: Registered, code: string | null, code_verifier = VERIFIER) =>
  redeem(op, client, {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: CALLBACK,
    code_verifier,
  })

const claimsIn = (jwt: string): Json =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Json

test('a login with PKCE, from registration to userinfo', () =>
  withOp({}, async (op) => {
    const client = await register(op)
    const back = await signIn(authorizationUrl(op, client))
    assert.equal(back.origin + back.pathname, CALLBACK)
    assert.equal(back.searchParams.get('state'), 'the-state')
    assert.equal(back.searchParams.get('iss'), op.issuer)

    const code = back.searchParams.get('code')
    const tokens = await json(await redeemCode(op, client, code))
    const claims = claimsIn(tokens.id_token ?? '')
    assert.deepEqual(
      { iss: claims.iss, sub: claims.sub, aud: claims.aud, nonce: claims.nonce },
      { iss: op.issuer, sub: 'alice', aud: client.client_id, nonce: 'the-nonce' },
    )
    const userinfo = await fetch(`${op.issuer}/me`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    assert.deepEqual(await userinfo.json(), {
      sub: 'alice',
      name: 'Alice Liddell',
      given_name: 'Alice',
      family_name: 'Liddell',
      email: 'alice@example.com',
      email_verified: true,
    })
    assert.equal(op.requests.get('POST /token'), 1)
    assert.equal((await redeemCode(op, client, code)).status, 400, 'a code is good for once')
  }))

test('a wrong verifier redeems nothing', () =>
  withOp({}, async (op) => {
    const client = await register(op)
    const back = await signIn(authorizationUrl(op, client))
    const answer = await redeemCode(op, client, back.searchParams.get('code'), `${VERIFIER}x`)
    assert.equal(answer.status, 400)
    assert.equal((await json(answer)).error, 'invalid_grant')
  }))

for (const [alg, digest] of [
  ['RS256', 'RSA-SHA256'],
  ['ES256', 'SHA256'],
] as const) {
  test(`ID Tokens signed with ${alg}`, () =>
    withOp({}, async (op) => {
      const client = await register(op, { id_token_signed_response_alg: alg })
      const back = await signIn(authorizationUrl(op, client), { user: 'bob' })
      const { id_token = '' } = await json(await redeemCode(op, client, back.searchParams.get('code')))
      const [head = '', payload = '', signature = ''] = id_token.split('.')
      const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Json
      assert.equal(header.alg, alg)
      const { keys } = (await (await fetch(`${op.issuer}/jwks`)).json()) as { keys: Json[] }
      assert.ok(keys.every((key) => key.d === undefined))
      const jwk = keys.find((key) => key.kid === header.kid)
      assert.ok(jwk)
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const signed = Buffer.from(signature, 'base64url')
      assert.ok(verify(digest, Buffer.from(`${head}.${payload}`), { key, dsaEncoding: 'ieee-p1363' }, signed))
      assert.equal(claimsIn(id_token).sub, 'bob')
    }))
}

test('consent denied, and the login page cancelled, are access_denied at the client', () =>
  withOp({}, async (op) => {
    const client = await register(op)
    const denied = await signIn(authorizationUrl(op, client), { consent: 'deny' })
    assert.equal(denied.searchParams.get('error'), 'access_denied')
    assert.equal(denied.searchParams.get('state'), 'the-state')
    assert.equal(denied.searchParams.get('code'), null)

    const visitor = new Visitor()
    const page = await visitor.visit(new URL(authorizationUrl(op, client)))
    const cancelled = await visitor.visit(
      page.url,
      new URLSearchParams({ decision: 'cancel', user: '', password: '' }),
    )
    assert.equal(cancelled.location?.searchParams.get('error'), 'access_denied')
  }))

test('a consent page without a decision gives nothing away', () =>
  withOp({}, async (op) => {
    const visitor = new Visitor()
    const login = await visitor.visit(new URL(authorizationUrl(op, await register(op))))
    const consent = await visitor.visit(
      login.url,
      new URLSearchParams({ user: 'alice', password: 'wonderland' }),
    )
    assert.match(consent.body, /Allow access/)
    const { location } = await visitor.visit(consent.url, new URLSearchParams())
    assert.equal(location?.searchParams.get('error'), 'access_denied')
  }))

test('a second login in the same browser asks neither for the password nor for consent; another client does', () =>
  withOp({}, async (op) => {
    const [first, second] = [await register(op), await register(op)]
    const visitor = new Visitor()
    await signIn(authorizationUrl(op, first), { visitor })
    const again = await visitor.visit(new URL(authorizationUrl(op, first)))
    assert.ok(again.location?.searchParams.get('code'))
    const other = await visitor.visit(new URL(authorizationUrl(op, second)))
    assert.match(other.body, /Allow access/)
  }))

test('prompt=login and another user: the session becomes theirs', () =>
  withOp({}, async (op) => {
    const client = await register(op)
    const visitor = new Visitor()
    await signIn(authorizationUrl(op, client), { visitor })
    const back = await signIn(authorizationUrl(op, client, { prompt: 'login' }), { visitor, user: 'bob' })
    const tokens = await json(await redeemCode(op, client, back.searchParams.get('code')))
    assert.equal(claimsIn(tokens.id_token ?? '').sub, 'bob')
  }))

test('refresh tokens come with offline_access and consent; they, and access tokens, can be introspected and revoked', () =>
  withOp({}, async (op) => {
    const client = await register(op)
    const url = authorizationUrl(op, client, { scope: 'openid offline_access', prompt: 'consent' })
    const back = await signIn(url)
    const { refresh_token = '' } = await json(await redeemCode(op, client, back.searchParams.get('code')))
    const fresh = await json(await redeem(op, client, { grant_type: 'refresh_token', refresh_token }))
    const { access_token = '' } = fresh
    const ask = async (path: string, token: string) => {
      const authorization = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`
      const body = new URLSearchParams({ token })
      return fetch(`${op.issuer}${path}`, { method: 'POST', headers: { authorization }, body })
    }
    assert.equal((await json(await ask('/token/introspection', access_token))).active, true)
    assert.equal((await ask('/token/revocation', access_token)).status, 200)
    assert.equal((await json(await ask('/token/introspection', access_token))).active, false)
  }))

test('logout ends the session at the OP and comes back with the state', () =>
  withOp({}, async (op) => {
    const client = await register(op)
    const visitor = new Visitor()
    const back = await signIn(authorizationUrl(op, client), { visitor })
    const { id_token = '' } = await json(await redeemCode(op, client, back.searchParams.get('code')))
    const logout = `${op.issuer}/session/end?${new URLSearchParams({
      id_token_hint: id_token,
      post_logout_redirect_uri: AFTER_LOGOUT,
      state: 'bye',
    })}`
    assert.equal((await signOut(logout, { visitor }))?.href, `${AFTER_LOGOUT}?state=bye`)
    const page = await visitor.visit(new URL(authorizationUrl(op, client)))
    assert.match(page.body, /name="password"/, 'the OP asks for the password again')
    assert.equal(
      (await signOut(logout, { visitor }))?.href,
      `${AFTER_LOGOUT}?state=bye`,
      'without a session it comes back as well',
    )
  }))

test('logout without a client ends at a page of the OP; who declines stays signed in', () =>
  withOp({}, async (op) => {
    const client = await register(op)
    const visitor = new Visitor()
    await signIn(authorizationUrl(op, client), { visitor })
    const logout = `${op.issuer}/session/end`
    assert.equal(await signOut(logout, { visitor, confirm: false }), undefined)
    assert.ok((await visitor.visit(new URL(authorizationUrl(op, client)))).location)
    assert.equal(await signOut(logout, { visitor }), undefined)
    assert.match((await visitor.visit(new URL(authorizationUrl(op, client)))).body, /name="password"/)
  }))

test('a wrong password shows an error and keeps the user name, escaped', () =>
  withOp({}, async (op) => {
    const visitor = new Visitor()
    const url = authorizationUrl(op, await register(op))
    const page = await visitor.visit(new URL(url))
    const wrong = new URLSearchParams({ user: 'alice"><b>', password: 'x', decision: 'sign_in' })
    const again = await visitor.visit(page.url, wrong)
    assert.equal(again.status, 200)
    assert.match(again.body, /role="alert"[^>]*>User name or password is wrong/)
    assert.match(again.body, /name="user"\s+value="alice&quot;&gt;&lt;b&gt;"/)
    assert.ok(!again.body.includes('"><b>'))
    await assert.rejects(signIn(url, { password: 'wrong' }), /stopped at the page "Sign in"/)
  }))

test('a hostile client_name is text on every page, and no page runs script', () =>
  withOp({}, async (op) => {
    const client = await register(op, { client_name: `"><script>alert(1)</script>\u202e${'x'.repeat(500)}` })
    const visitor = new Visitor()
    const login = await visitor.visit(new URL(authorizationUrl(op, client)))
    const consent = await visitor.visit(
      login.url,
      new URLSearchParams({ user: 'alice', password: 'wonderland' }),
    )
    const query = new URLSearchParams({ client_id: client.client_id })
    const logout = await visitor.visit(new URL(`${op.issuer}/session/end?${query}`))
    const stayed = await visitor.visit(new URL(`${op.issuer}/session/end/success?${query}`))
    for (const page of [login, consent, logout, stayed]) {
      assert.match(page.body, /&quot;&gt;&lt;script&gt;alert\(1\)/)
      assert.doesNotMatch(page.body, /<script/)
      assert.ok(!page.body.includes('x'.repeat(100)), 'and it is bounded')
      const policy = String(page.headers['content-security-policy'])
      assert.match(policy, /default-src 'none';\s*script-src;/)
      assert.match(policy, /frame-ancestors 'none'/)
      const style = /<style>([^]*)<\/style>/.exec(page.body)?.[1] ?? ''
      const hash = createHash('sha256').update(style).digest('base64')
      assert.ok(policy.includes(`style-src 'sha256-${hash}'`), 'the policy allows the one style')
    }
  }))

test('an error page escapes what the request put into it', () =>
  withOp({}, async (op) => {
    const page = await new Visitor().visit(new URL(`${op.issuer}/auth?client_id=%3Cb%3Ex`))
    assert.equal(page.status, 400)
    assert.match(page.body, /invalid_client/)
    assert.ok(!page.body.includes('<b>x'))
    const nowhere = await new Visitor().visit(new URL(`${op.issuer}/nowhere`))
    assert.equal(nowhere.status, 404)
    assert.match(nowhere.body, /no such page/)
  }))

test("a sign-in cannot be finished from another browser, nor with another's address, nor twice", () =>
  withOp({}, async (op) => {
    const url = new URL(authorizationUrl(op, await register(op)))
    const [victim, other] = [new Visitor(), new Visitor()]
    const page = await victim.visit(url)
    await other.visit(url)
    const form = new URLSearchParams({ user: 'alice', password: 'wonderland' })
    assert.equal((await other.visit(page.url, form)).status, 400)
    assert.match((await victim.visit(page.url, form)).body, /Allow access/)
    const over = await victim.visit(page.url, form)
    assert.equal(over.status, 400)
    assert.match(over.body, /<p>Go back to the site and start again\.<\/p>/)
  }))

test('registrations can be read, changed and deleted, also after a restart on the same folder', async () => {
  const data_dir = join(mkdtempSync(join(tmpdir(), 'dev-op-')), 'op')
  try {
    let port = 0
    const management = (client: Registered, method: string, body?: object) =>
      fetch(client.registration_client_uri, {
        method,
        headers: {
          authorization: `Bearer ${client.registration_access_token}`,
          'content-type': 'application/json',
          // The OP at this port will be another one: no connection outlives a request.
          connection: 'close',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    const keysOf = async (op: DevOp) =>
      (await fetch(`${op.issuer}/jwks`, { headers: { connection: 'close' } })).json()
    const clients: Registered[] = []
    let kids: unknown
    const visitor = new Visitor()
    await withOp({ data_dir }, async (op) => {
      port = Number(new URL(op.issuer).port)
      clients.push(await register(op))
      kids = await keysOf(op)
      await signIn(authorizationUrl(op, clients[0] as Registered), { visitor })
      for (const [path, mode] of Object.entries({
        '.': 0o700,
        'keys.json': 0o600,
        'op.sqlite': 0o600,
        'op.sqlite-wal': 0o600,
      })) {
        assert.equal(statSync(join(data_dir, path)).mode & 0o777, mode, path)
      }
    })
    await withOp({ data_dir, port }, async (op) => {
      const [client] = clients
      assert.ok(client)
      assert.deepEqual(await keysOf(op), kids)
      assert.equal((await json(await management(client, 'GET'))).client_name, 'Demo site')
      const changed = await management(client, 'PUT', {
        client_id: client.client_id,
        client_name: 'Another name',
        redirect_uris: [CALLBACK],
      })
      assert.equal(changed.status, 200)
      clients[0] = (await changed.json()) as Registered
      assert.equal((await management(client, 'GET')).status, 401, 'the token was replaced')
      const page = await visitor.visit(new URL(authorizationUrl(op, client)))
      assert.ok(page.location?.searchParams.get('code'), 'the session survived too')
    })
    await withOp({ data_dir, port }, async () => {
      const [client] = clients
      assert.ok(client)
      assert.equal((await json(await management(client, 'GET'))).client_name, 'Another name')
      assert.equal((await management(client, 'DELETE')).status, 204)
      assert.equal((await management(client, 'GET')).status, 401)
    })
  } finally {
    rmSync(join(data_dir, '..'), { recursive: true })
  }
})

test('asked by another name than its own it refuses, and publishes no addresses under that', () =>
  withOp({}, async (op) => {
    const { port } = new URL(op.issuer)
    const asked = (path: string, host: string) =>
      new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
        get(`${op.issuer}${path}`, { headers: { host }, agent: false }, (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
          response.on('error', reject).on('end', () => resolve({ status: response.statusCode, body }))
        }).on('error', reject)
      })
    for (const path of ['/.well-known/openid-configuration', '/', '/jwks', '/auth']) {
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        `localhost.evil.example:${port}`,
        'localhost',
      ]) {
        const { status, body } = await asked(path, host)
        assert.equal(status, 400, `${path} ${host}`)
        assert.doesNotMatch(body, /evil/)
      }
    }
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`]) {
      const { status, body } = await asked('/.well-known/openid-configuration', host)
      assert.equal(status, 200, host)
      assert.equal((JSON.parse(body) as Json).issuer, op.issuer)
    }
  }))

test('other addresses than loopback are refused', async () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'localhost', 'example.com', '']) {
    const refusal = await startDevOp({ host }).then(
      (op) => op.close(),
      (error: unknown) => error,
    )
    assert.ok(refusal instanceof StartError, host)
    assert.match(refusal.message, /on loopback alone/)
  }
})

test('a busy port is named, with the variable that changes it', async () => {
  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
  const address = squatter.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await assert.rejects(startDevOp({ port }), new RegExp(`Port ${port} is busy.*DEV_OP_PORT`))
  } finally {
    squatter.close()
  }
})
