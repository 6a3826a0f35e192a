// The public listener: what it serves, what it does not, and how much of it one stranger gets.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { COMMANDS } from '../daemon.ts'
import { LIMITS } from '../limits.ts'
import { startTestDaemon, PUBLIC_URL, type TestDaemon } from '../testing/daemon.ts'
import { startStory, type Story } from '../testing/story.ts'
import { listenPublic, sourceOf } from './public.ts'

describe('the public listener', () => {
  let story: Story
  before(async () => {
    story = await startStory({ public: true })
  })
  after(() => story.close())

  it('gives no command, under any of its names', async () => {
    const names = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases])
    const paths = names.flatMap((name) => [`/${name.replaceAll('_', '-')}`, `/${name}`])
    // This one is public everywhere, and only to be got.
    const others = paths.filter((path) => path !== '/get-rp-jwks')
    for (const path of [...others, '/', '/docs', '/openapi.json', '/health-check', '/get-request-object']) {
      for (const method of ['POST', 'GET']) {
        const body = method === 'POST' ? JSON.stringify({ command: 'get_rp', params: { list: true } }) : null
        const answer = await story.daemon.stranger(path, {
          method,
          body,
          headers: { 'content-type': 'application/json' },
        })
        assert.equal(answer.status, 404, `${method} ${path}`)
        assert.equal(await answer.text(), '')
      }
    }
  })

  it('serves the keys of oxd and its request objects', async () => {
    const keys = await story.daemon.stranger('/get-rp-jwks')
    assert.equal(keys.headers.get('content-type'), 'application/json')
    assert.deepEqual(await keys.json(), (await story.daemon.call('get_rp_jwks', {})).data)
    const site = await story.site({}, { request_object_signing_alg: 'RS256' })
    const { request_uri } = await site.ok('get_request_object_uri', {
      oxd_host_url: PUBLIC_URL,
      request_object_signing_alg: 'RS256',
    })
    const found = await story.daemon.stranger(String(request_uri))
    assert.equal(found.status, 200)
    assert.match(await found.text(), /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.equal((await story.daemon.stranger('/get-request-object/unknown')).status, 404)
  })

  it('says of its keys what it would answer, to who asks with HEAD', async () => {
    const [head, get] = [
      await story.daemon.stranger('/get-rp-jwks', { method: 'HEAD' }),
      await story.daemon.stranger('/get-rp-jwks'),
    ]
    assert.equal(head.status, 200)
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'))
    assert.equal(head.headers.get('content-length'), String((await get.arrayBuffer()).byteLength))
    assert.equal(await head.text(), '')
  })

  it('knows the methods of each path, and says which', async () => {
    for (const [path, methods, allow] of [
      ['/backchannel-logout/x', ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'], 'POST'],
      ['/frontchannel-logout/x', ['POST', 'OPTIONS'], 'GET'],
      ['/get-rp-jwks', ['POST', 'OPTIONS'], 'GET, HEAD'],
    ] as const) {
      for (const method of methods) {
        const answer = await story.daemon.stranger(path, { method })
        assert.equal(answer.status, 405, `${method} ${path}`)
        assert.equal(answer.headers.get('allow'), allow)
        assert.equal(await answer.text(), '')
      }
    }
  })

  it('lets no page of another origin read an answer, and keeps none', async () => {
    const headers = { origin: 'https://evil.example.com' }
    for (const path of ['/get-rp-jwks', '/frontchannel-logout/x?iss=a&sid=b', '/nothing']) {
      const answer = await story.daemon.stranger(path, { headers })
      const names = [...answer.headers.keys()]
      assert.deepEqual(
        names.filter((name) => name.startsWith('access-control')),
        [],
      )
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
      assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
    }
  })

  it('finds a path as it is written: not encoded, not longer, in no other case', async () => {
    for (const path of [
      '/get%2Drp%2Djwks',
      '/get-rp-jwks/',
      '//get-rp-jwks',
      '/GET-RP-JWKS',
      '/./get-rp-jwks/x',
      '/frontchannel-logout/',
      '/frontchannel-logout/a/b',
      '/frontchannel-logout/a%2Fb',
      `/frontchannel-logout/${'a'.repeat(129)}`,
    ]) {
      assert.equal((await story.daemon.stranger(path)).status, 404, path)
    }
  })
})

describe('the public listener, in bounds', () => {
  const clock = { ms: 1_900_000_000_000 }
  let daemon: TestDaemon
  before(async () => {
    daemon = await startTestDaemon({
      public: true,
      now: () => clock.ms,
      limits: { public_requests_per_minute: 5, http_header_bytes_max: 2_048, http_request_ms_max: 400 },
    })
  })
  after(() => daemon.close())

  it('answers so many requests of one address in a minute', async () => {
    clock.ms += 60_000
    const statuses = async (count: number): Promise<number[]> => {
      const found: number[] = []
      for (let i = 0; i < count; i += 1) found.push((await daemon.stranger('/nothing')).status)
      return found
    }
    assert.deepEqual(await statuses(7), [404, 404, 404, 404, 404, 429, 429])
    clock.ms += 59_999
    assert.deepEqual(await statuses(1), [429])
    clock.ms += 1
    assert.deepEqual(await statuses(6), [404, 404, 404, 404, 404, 429])
    // A clock that was set back does not shut the door.
    clock.ms -= 3_600_000
    assert.deepEqual(await statuses(1), [404])
  })

  it('counts all addresses of one customer as one, however they are written', () => {
    for (const [prefix, same, other] of [
      ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.2'],
      ['2001:db8:1:2:a:b:c:d', '2001:db8:1:2::1', '2001:db8:1:3::1'],
      ['2001:db8::a:b:c:d', '2001:db8::1', '2001:db8:0:1:a:b:c:d'],
      ['2001:db8:1::b:c:d', '2001:db8:1:0:a:b:c:d', '2001:db8:1:1::'],
      ['::1', '::', '0:0:0:1::'],
    ] as const) {
      const source = (remoteAddress: string): string => sourceOf({ remoteAddress })
      assert.equal(source(same), source(prefix), same)
      assert.notEqual(source(other), source(prefix), other)
    }
  })

  it('reads a body of so many bytes, and not one more', async () => {
    clock.ms += 60_000
    const statusOf = async (bytes: number): Promise<number> => {
      const body = new URLSearchParams({ logout_token: ''.padEnd(bytes - 'logout_token='.length, 'a') })
      return (await daemon.stranger('/backchannel-logout/x', { method: 'POST', body })).status
    }
    const max = LIMITS.public_body_bytes_max
    assert.deepEqual([await statusOf(max), await statusOf(max + 1)], [400, 413])
  })

  it('reads no headers without end', async () => {
    clock.ms += 60_000
    const answer = await daemon.stranger('/nothing', { headers: { 'x-long': 'x'.repeat(4_096) } })
    assert.equal(answer.status, 431)
  })

  it('gives the place of whoever says nothing to whoever comes, and of nobody who is being answered', async (t) => {
    const answers: (() => void)[] = []
    const waiting = new Promise<readonly []>((resolve) => answers.push(() => resolve([])))
    const listening = await listenPublic({
      host: '127.0.0.1',
      port: 0,
      tls: undefined,
      limits: { ...LIMITS, connections_max: 3 },
      log: () => {},
      now: Date.now,
      desk: {
        backChannelLogout: async () => false,
        frontChannelLogout: async () => {},
        initiateLogin: async () => undefined,
        requestObject: async () => undefined,
        keys: () => waiting,
      },
    })
    t.after(listening.close)
    const { port } = listening.address
    const closed: string[] = []
    const open = (name: string, sent: string): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port }, () => socket.write(sent, () => resolve()))
        socket.on('error', () => {})
        socket.once('close', () => closed.push(name)).resume()
        t.after(() => socket.destroy())
      })
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`)
    const answered = get('/get-rp-jwks').then(
      ({ status }) => status,
      () => 'cut off',
    )
    // So that it is asked for first.
    await delay(50)
    for (const name of ['first', 'second', 'third', 'fourth']) {
      await open(name, 'POST /backchannel-logout/x HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nlogout')
      await delay(20)
    }
    assert.equal((await get('/nothing')).status, 404)
    assert.deepEqual(
      closed.slice(0, 3),
      ['first', 'second', 'third'],
      'the one that was silent for the longest time',
    )
    for (const answer of answers) answer()
    assert.equal(await answered, 200)
  })

  it('waits for no request without end', async () => {
    clock.ms += 60_000
    const { port } = new URL((await daemon.stranger('/nothing')).url)
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    socket.write(
      'POST /backchannel-logout/x HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nlogout',
    )
    const began = performance.now()
    await new Promise((resolve) => socket.once('close', resolve).resume())
    assert.ok(performance.now() - began < 5_000)
  })
})
