// passport-oxd 4.1.0, the original strategy for Express, unmodified from npm, against the 4.x dialect over TLS, protected.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { globalAgent } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import express, { type RequestHandler } from 'express'
import { createCallers } from '../src/callers.ts'
import { LIMITS } from '../src/limits.ts'
import type { Data } from '../src/testing/daemon.ts'
import { startStory, REDIRECT, type Story } from '../src/testing/story.ts'
import { realWorld } from '../src/world.ts'

type Verify = (
  req: unknown,
  tokens: Data,
  user: Data,
  done: (error: unknown, user: unknown, info?: unknown) => void,
) => void
const load = createRequire(import.meta.url)
// Neither package has types; these are the functions that their READMEs name.
const { Passport } = load('passport') as {
  Passport: new () => {
    use: (strategy: unknown) => void
    initialize: () => RequestHandler
    authenticate: (name: string, options: Data) => RequestHandler
  }
}
const OXDStrategy = load('passport-oxd') as new (options: Data, verify: Verify) => unknown

describe('passport-oxd 4.1.0', () => {
  let story: Story
  let server: Server
  let issuer: string
  let origin: string

  const started = async (options: Data): Promise<void> => {
    const passport = new Passport()
    passport.use(
      new OXDStrategy(options, (_req, tokens, user, done) => {
        done(null, { sub: user.sub, name: user.name, has: Object.keys(tokens) })
      }),
    )
    const app = express()
    app.use(passport.initialize())
    // Its options reach oxd as parameters, the ones for Passport among them.
    const login = passport.authenticate('oxd', { session: false, failureRedirect: '/failed' })
    app.get('/auth/login', login)
    app.get('/auth/callback', login, (req, res) => {
      // Passport puts the user there.
      res.json((req as typeof req & { user: Data }).user)
    })
    app.get('/failed', (_req, res) => void res.status(401).end())
    server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    // A TCP server that listens has an AddressInfo.
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  before(async () => {
    story = await startStory({ http: 'tls' })
    const { places, opened } = story.daemon
    globalAgent.options.ca = places.v4.ca
    issuer = story.issuer()
    // Registration is done by hand, as its README says; the operator shows a caller key.
    const { key } = await createCallers(
      opened.store,
      realWorld(() => {}),
      LIMITS,
    ).add('operator', 'all')
    const registered = await story.daemon.post(
      'v4',
      '/register-site',
      { op_host: issuer, redirect_uris: [REDIRECT], scope: ['openid', 'oxd', 'profile'] },
      { authorization: `Bearer ${key}` },
    )
    assert.equal(registered.status, 200, registered.text)
    const { oxd_id, client_id, client_secret } = registered.body
    await started({
      oxdID: oxd_id,
      clientID: client_id,
      clientSecret: client_secret,
      issuer,
      oxdServer: `https://localhost:${places.v4.port}`,
      scope: ['openid', 'profile'],
    })
  })
  after(async () => {
    delete globalAgent.options.ca
    server.close()
    await story.close()
  })

  it('logs a user in, with client token, code and userinfo', async () => {
    const start = await fetch(`${origin}/auth/login`, { redirect: 'manual' })
    assert.equal(start.status, 302)
    const back = new URL(await story.op.authorize(String(start.headers.get('location')), { sub: 'alice' }))
    assert.ok(back.href.startsWith(REDIRECT))
    const callback = await fetch(`${origin}/auth/callback${back.search}`)
    const user = (await callback.json()) as Data
    assert.equal(callback.status, 200, JSON.stringify(user))
    assert.equal(user.sub, 'alice')
    assert.ok((user.has as string[]).includes('access_token'))

    const again = await fetch(`${origin}/auth/callback${back.search}`, { redirect: 'manual' })
    assert.notEqual(again.status, 200, 'the state is spent')
  })

  it('hears that the user refused', async () => {
    const refused = await fetch(`${origin}/auth/callback?error=access_denied`, { redirect: 'manual' })
    assert.equal(refused.headers.get('location'), '/failed')
  })
})
