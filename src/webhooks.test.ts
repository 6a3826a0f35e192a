// Webhooks: signed, tried again within a day, over a restart, and nobody holds up anybody.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createEndedLogins } from './ended_logins.ts'
import { LIMITS, type Limits } from './limits.ts'
import { createDoor } from './oidc/http.ts'
import { sitesOf, type Site } from './site.ts'
import { settingsFrom } from './site_settings.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { siteCalled } from './testing/administration.ts'
import { createWebhooks } from './webhooks.ts'
import { realWorld, type LogFields } from './world.ts'

const START = 1_750_000_000
const DAY = 86_400

interface Got {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver that answers as it is told. */
const receiver = async (t: TestContext, answer: (response: ServerResponse, got: Got) => void) => {
  const got: Got[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString() }
      got.push(one)
      answer(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo
  return { got, origin: `http://127.0.0.1:${port}`, uri: `http://127.0.0.1:${port}/hook` }
}
const status = (code: number) => (response: ServerResponse) => void response.writeHead(code).end()

const siteAt = (oxd_id: string, origin: string): Site => ({
  ...siteCalled(oxd_id, 'a site'),
  settings: settingsFrom(oxd_id, { authorization_redirect_uri: `${origin}/callback` }),
})

const setUp = (t: TestContext, origins: readonly string[], limits: Partial<Limits> = {}) => {
  const clock = { now: START }
  const engine = createMemoryEngine(() => clock.now)
  const lines: LogFields[] = []
  const world = {
    ...realWorld((_level, _message, fields = {}) => void lines.push(fields)),
    now: () => clock.now * 1000,
  }
  const all = { ...LIMITS, webhook_ms: 2_000, ...limits }
  const keys = createKeys(Buffer.alloc(32, 1))
  const store = createStore(engine, keys, world, all)
  const sites = sitesOf(store, all)
  const start = () => {
    const door = createDoor({ trust_op: origins, limits: { ...all, op_total_ms: all.webhook_ms } })
    t.after(() => door.close())
    const webhooks = createWebhooks({ store, sites, door, allow_webhook: origins, world, limits: all })
    const journal = createEndedLogins(store, keys, world, all, webhooks)
    const end = (oxd_id: string, login_id: string) =>
      journal.end(oxd_id, async () => ({
        ended: { login_id, sub: 'alice', sid: 's1', why: 'back_channel_logout', at: clock.now },
        writes: [],
      }))
    const told = async (oxd_id: string) =>
      (
        await journal.after(oxd_id, {
          cursor: undefined,
          max: 100,
          wait_ms: 0,
          signal: new AbortController().signal,
        })
      ).logins.length
    return { webhooks, end, told }
  }
  return { clock, engine, lines, sites, start, ...start() }
}

const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(what)
}

describe('a webhook', () => {
  it('is told the end of a login at once, signed as Standard Webhooks has it', async (t) => {
    const { got, origin, uri } = await receiver(t, status(204))
    const { webhooks, sites, end } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(site)
    const secret = await webhooks.change(site, { uri })
    assert.match(String(secret), /^whsec_[A-Za-z0-9+/]{43}=$/)
    await end('site-1', 'login-a')
    await until('nothing came', () => got.length === 1)
    const [{ headers, body } = { headers: {}, body: '' }] = got
    assert.deepEqual(JSON.parse(body), {
      type: 'login.ended',
      timestamp: new Date(START * 1_000).toISOString(),
      data: { login_id: 'login-a', sub: 'alice', sid: 's1', why: 'back_channel_logout', ended_at: START },
    })
    assert.deepEqual(
      [headers['webhook-id'], headers['webhook-timestamp'], headers['content-type']],
      ['ended_login-a', String(START), 'application/json'],
    )
    const key = Buffer.from(String(secret).slice(6), 'base64')
    const mac = createHmac('sha256', key).update(`ended_login-a.${START}.${body}`).digest('base64')
    assert.equal(headers['webhook-signature'], `v1,${mac}`)
    await until('it is kept', async () => (await webhooks.show('site-1'))?.waiting === 0)
  })

  it('is tried ten times at most, also where a process ends in the middle of the last', async (t) => {
    const { got, origin, uri } = await receiver(t, (response, _got) => {
      if (got.length < 10) response.writeHead(500).end()
    })
    const { clock, webhooks, sites, end, start } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(site)
    await webhooks.change(site, { uri })
    await end('site-1', 'login-a')
    await until('nothing came', () => got.length === 1)
    for (const pause of [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 32_400]) {
      const before = got.length
      clock.now += Math.ceil(1.1 * pause)
      await until(`no try after ${pause} s`, () => {
        void webhooks.send()
        return got.length === before + 1
      })
    }
    // Nobody has answered the tenth: another process finds the message.
    const other = start().webhooks
    await other.load()
    await other.send()
    assert.equal(got.length, 10)
  })

  it('shows its secret once; a new one signs beside the old one for a day', async (t) => {
    const { got, origin, uri } = await receiver(t, status(200))
    const { clock, webhooks, sites, end } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(site)
    await assert.rejects(webhooks.change(site, { rotate: true }), { code: 'no_logout_webhook' })
    const first = await webhooks.change(site, { uri })
    assert.equal(await webhooks.change(site, { uri }), null)
    assert.equal(JSON.stringify(await webhooks.show('site-1')).includes('whsec'), false)
    const second = await webhooks.change(site, { rotate: true })
    assert.ok(second !== null && second !== first)
    const signatures = () => String(got.at(-1)?.headers['webhook-signature']).split(' ').length
    await end('site-1', 'a')
    await until('nothing came', () => got.length === 1)
    assert.equal(signatures(), 2)
    clock.now += DAY
    await end('site-1', 'b')
    await until('nothing came', () => got.length === 2)
    assert.equal(signatures(), 1)
  })

  it('goes to an origin of the site alone, and to private addresses only where that is allowed', async (t) => {
    const { webhooks } = setUp(t, ['https://10.0.0.5'])
    const redirects = [
      'https://client.example.com/cb',
      'http://client.example.com/cb',
      'https://10.0.0.5/cb',
      'https://10.0.0.6/cb',
      'https://[::1]/cb',
      'https://demo.localhost/cb',
    ]
    const refusal = (uri: string): string | undefined => {
      try {
        webhooks.check(redirects, { uri })
        return undefined
      } catch (error) {
        return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      }
    }
    assert.equal(refusal('https://client.example.com/hook'), undefined)
    assert.equal(refusal('https://10.0.0.5/hook'), undefined)
    assert.equal(refusal('https://evil.example.com/hook'), 'foreign_logout_webhook_uri')
    assert.equal(refusal('https://client.example.com:8443/hook'), 'foreign_logout_webhook_uri')
    assert.equal(refusal('https://client.example.com.evil.org/hook'), 'foreign_logout_webhook_uri')
    for (const uri of [
      'http://client.example.com/hook',
      'https://10.0.0.6/hook',
      'https://[::1]/hook',
      'https://demo.localhost/hook',
    ])
      assert.equal(refusal(uri), 'restricted_logout_webhook_uri', uri)
  })

  it('is tried ten times within a day, later each time, then given up, counted and logged', async (t) => {
    const { got, origin, uri } = await receiver(t, status(500))
    const { clock, lines, webhooks, sites, end, told } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(site)
    await webhooks.change(site, { uri })
    await end('site-1', 'a')
    // Over, and not only under way: time is to run between the tries.
    await until('the first try is not over', () => lines.some(({ outcome }) => outcome === 'status 500'))
    const pauses: number[] = []
    let last = clock.now
    while (clock.now < START + DAY) {
      // Ever larger steps, as the pauses are ever longer.
      clock.now += Math.ceil((clock.now - last + 1) / 50)
      const before = got.length
      if ((await webhooks.show('site-1'))?.waiting === 0) break
      await webhooks.send()
      if (got.length === before) continue
      pauses.push(clock.now - last)
      last = clock.now
    }
    assert.equal(got.length, 10)
    assert.deepEqual(
      pauses,
      pauses.toSorted((a, b) => a - b),
    )
    assert.ok(pauses[0] !== undefined && pauses[0] >= 5 && last < START + DAY)
    assert.equal(new Set(got.map(({ headers }) => headers['webhook-id'])).size, 1)
    assert.equal(new Set(got.map(({ headers }) => headers['webhook-timestamp'])).size, 10)
    assert.equal((await webhooks.show('site-1'))?.dropped, 1)
    assert.ok(lines.some(({ outcome }) => outcome === 'given up'))
    assert.equal(await told('site-1'), 1, 'get_ended_logins has it')
  })

  it('is off once its receiver is gone, and says so; its address given again switches it on', async (t) => {
    let code = 410
    const { got, origin, uri } = await receiver(t, (response) => void response.writeHead(code).end())
    const { lines, webhooks, sites, end } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(site)
    await webhooks.change(site, { uri })
    await end('site-1', 'a')
    await until('it is not off', async () => (await webhooks.show('site-1'))?.off?.why === 'gone')
    assert.ok(lines.some(({ outcome }) => outcome === 'gone'))
    await end('site-1', 'b')
    await webhooks.send()
    assert.equal(got.length, 1)
    code = 200
    await webhooks.change(site, { uri })
    await end('site-1', 'c')
    await until('it is not on', () => got.length === 2)
    await webhooks.change(site, { remove: true })
    assert.equal(await webhooks.show('site-1'), undefined)
    await end('site-1', 'd')
    await webhooks.send()
    assert.equal(got.length, 2)
  })

  it('is off when its origin is no longer one of the site', async (t) => {
    const { got, origin, uri } = await receiver(t, status(200))
    const { webhooks, sites, end } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(siteAt('site-1', 'https://elsewhere.example.com'))
    await webhooks.change(site, { uri })
    await end('site-1', 'a')
    await until('it is not off', async () => (await webhooks.show('site-1'))?.off?.why === 'foreign_origin')
    assert.equal(got.length, 0)
  })

  it('follows no redirect', async (t) => {
    const { got, origin, uri } = await receiver(
      t,
      (response) => void response.writeHead(307, { location: '/elsewhere' }).end(),
    )
    const { lines, webhooks, sites, end } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(site)
    await webhooks.change(site, { uri })
    await end('site-1', 'a')
    await until('it is not refused', () => lines.some(({ outcome }) => outcome === 'op_redirected'))
    assert.equal(got.length, 1)
  })

  it('outlives the process, and of two processes one sends it', async (t) => {
    let code = 500
    const { got, origin, uri } = await receiver(t, (response) => void response.writeHead(code).end())
    const { clock, webhooks, sites, start, end } = setUp(t, [origin])
    const site = siteAt('site-1', origin)
    await sites.insert(site)
    await webhooks.change(site, { uri })
    await end('site-1', 'a')
    await until('nothing came', () => got.length === 1)
    code = 200
    const [one, other] = [start(), start()]
    await Promise.all([one.webhooks.load(), other.webhooks.load()])
    clock.now += 10
    await Promise.all([one.webhooks.send(), other.webhooks.send()])
    assert.equal(got.length, 2)
    clock.now += DAY / 2
    await Promise.all([webhooks.send(), one.webhooks.send(), other.webhooks.send()])
    assert.equal(got.length, 2)
  })

  it('that stalls holds up nobody else', async (t) => {
    const stalled = await receiver(t, () => {})
    const well = await receiver(t, status(200))
    const { webhooks, sites, end } = setUp(t, [stalled.origin, well.origin], { webhook_sends_max: 4 })
    for (const [id, { origin, uri }] of [
      ['stalled', stalled],
      ['well', well],
    ] as const) {
      await sites.insert(siteAt(id, origin))
      await webhooks.change(siteAt(id, origin), { uri })
    }
    for (let i = 0; i < 9; i += 1) await end('stalled', `s${i}`)
    await until('nothing stalls', () => stalled.got.length === 2)
    await end('well', 'a')
    await until('it is held up', () => well.got.length === 1)
    assert.equal(stalled.got.length, 2)
  })

  it('waits in a queue with a bound, for each site and for all; what has no room is counted, and in the journal', async (t) => {
    const { origin, uri } = await receiver(t, status(500))
    const { lines, webhooks, sites, end, told } = setUp(t, [origin], {
      webhook_site_messages_max: 2,
      webhook_messages_max: 3,
    })
    for (const id of ['one', 'two']) {
      await sites.insert(siteAt(id, origin))
      await webhooks.change(siteAt(id, origin), { uri })
      for (const login of ['a', 'b', 'c']) await end(id, `${id} ${login}`)
    }
    const [one, two] = [await webhooks.show('one'), await webhooks.show('two')]
    assert.deepEqual([one?.waiting, one?.dropped, two?.waiting, two?.dropped], [2, 1, 1, 2])
    assert.equal(lines.filter(({ outcome }) => outcome === 'no room').length, 3)
    assert.deepEqual([await told('one'), await told('two')], [3, 3])
  })
})
