import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LIMITS } from '../limits.ts'
import { OxdConnectionError, type ConnectionErrorCode } from './errors.ts'
import { CLIENT_LIMITS } from './limits.ts'
import { Pool, type ExchangeOptions, type PoolLimits } from './pool.ts'
import type { SocketAddress } from './settings.ts'
import { socketTo } from './socket.ts'
import { standIn, type StandIn } from './stand_in.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const socketPool = (address: SocketAddress, limits: PoolLimits = CLIENT_LIMITS): Pool =>
  new Pool(socketTo(address, limits), limits)
const poolAt = (port: number, limits: Partial<PoolLimits> = {}): Pool => {
  const pool = socketPool({ host: '127.0.0.1', port }, { ...CLIENT_LIMITS, ...limits })
  ends.push(() => pool.close())
  return pool
}
const serverWith = async (...parameters: Parameters<typeof standIn>): Promise<StandIn> => {
  const server = await standIn(...parameters)
  ends.push(() => server.stop())
  return server
}

const ONCE: ExchangeOptions = { timeout_ms: 5_000, signals: [], repeatable: false }
const HARMLESS: ExchangeOptions = { ...ONCE, repeatable: true }
const request = (n: number) => ({ command: 'echo', params: { n } })
const echoed = (n: number) => ({ status: 'ok', data: { n } })
const failsWith =
  (code: ConnectionErrorCode, sent: boolean, message: RegExp = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof OxdConnectionError, String(error))
    assert.deepEqual([error.code, error.sent, error.command], [code, sent, 'echo'])
    assert.match(error.message, message)
    return true
  }

test('the limits are those of the daemon', () => {
  // Seven digits of the longest header come on top.
  assert.ok(CLIENT_LIMITS.reply_bytes_max >= LIMITS.long_reply_characters_max + 7)
  assert.ok(CLIENT_LIMITS.timeout_ms >= LIMITS.op_total_ms)
})

test('sends command, params and "oxd": 1, and gives the reply as it came', async () => {
  const server = await serverWith(({ params }) => params)
  assert.deepEqual(await poolAt(server.port).exchange(request(1), ONCE), echoed(1))
  assert.deepEqual(server.asked, [{ command: 'echo', params: { n: 1 }, oxd: 1 }])
})

test('a Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oxd-socket-'))
  const path = join(folder, 'oxd.sock')
  await serverWith(({ params }) => params, path)
  const pool = socketPool({ path })
  assert.deepEqual(await pool.exchange(request(1), ONCE), echoed(1))
  await pool.close()
  rmSync(folder, { recursive: true })
})

test('letters of every kind, and a reply as long as the daemon sends', async () => {
  const server = await serverWith(({ params }) => ({ ...params, text: 'ü€🦊'.repeat(80_000) }))
  const reply = await poolAt(server.port).exchange({ command: 'echo', params: { né: '🦊\u2028"\\' } }, ONCE)
  assert.deepEqual(reply.data, { né: '🦊\u2028"\\', text: 'ü€🦊'.repeat(80_000) })
})

test('64 at once: each gets its own reply, over 8 connections, one command in flight on each', async () => {
  const busy = new Map<Socket, number>()
  let most = 0
  const server = await serverWith(async ({ params }) => {
    for (const socket of server.sockets) busy.set(socket, 0)
    const inFlight = server.asked.length - answered
    most = Math.max(most, inFlight)
    await sleep(Number(params.n) % 3)
    answered += 1
    return params
  })
  let answered = 0
  const pool = poolAt(server.port)
  const replies = await Promise.all(
    Array.from({ length: 64 }, (_, n) => pool.exchange(request(n), n % 2 ? ONCE : HARMLESS)),
  )
  assert.deepEqual(
    replies,
    Array.from({ length: 64 }, (_, n) => echoed(n)),
  )
  assert.ok(most <= 8 && most > 1, `${most} in flight`)
  assert.ok(server.sockets.size <= 8)
})

test('who came first is served first', async () => {
  const server = await serverWith(({ params }) => params)
  const pool = poolAt(server.port, { connections_max: 1 })
  const order: number[] = []
  await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      await pool.exchange(request(n), n % 3 ? HARMLESS : ONCE)
      order.push(n)
    }),
  )
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, n) => n),
  )
})

test('connections are used again for what is harmless, a fresh one is made for what is not', async () => {
  const server = await serverWith(({ params }) => params)
  const pool = poolAt(server.port)
  for (let n = 0; n < 5; n += 1) await pool.exchange(request(n), HARMLESS)
  assert.equal(server.connections(), 1)
  for (let n = 0; n < 12; n += 1) await pool.exchange(request(n), ONCE)
  assert.equal(server.connections(), 13)
  assert.ok(server.sockets.size <= 8)
})

test('after a restart of the daemon both sorts go on', async () => {
  for (const options of [HARMLESS, ONCE]) {
    const first = await serverWith(({ params }) => params)
    const pool = poolAt(first.port)
    await pool.exchange(request(1), HARMLESS)
    await first.stop()
    const second = await serverWith(({ params }) => params, first.port)
    assert.deepEqual(await pool.exchange(request(2), options), echoed(2))
    assert.equal(second.asked.length, 1)
  }
})

test('an idle connection that ends unseen: what is harmless is sent again', async () => {
  const server = await serverWith(({ params }) =>
    // The second command meets a connection that closes, as a daemon that stops does.
    server.asked.length === 2 ? (socket) => void socket.end() : params,
  )
  const pool = poolAt(server.port)
  await pool.exchange(request(1), HARMLESS)
  assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2))
  assert.deepEqual(
    server.asked.map(({ params }) => params.n),
    [1, 2, 2],
  )
})

test('what may not be repeated is never sent twice', async () => {
  const server = await serverWith(() => (socket) => void socket.destroy())
  const pool = poolAt(server.port)
  await assert.rejects(
    pool.exchange(request(1), ONCE),
    failsWith('broken', true, /whether the command was carried out is not known/),
  )
  assert.equal(server.asked.length, 1)
})

test('what is harmless is sent again once, not for ever', async () => {
  const server = await serverWith(() => (socket) => void socket.destroy())
  await assert.rejects(poolAt(server.port).exchange(request(1), HARMLESS), failsWith('broken', true))
  assert.equal(server.asked.length, 2)
})

test('nobody listens: where and what to do, and nothing was sent', async () => {
  const server = await standIn(() => undefined)
  await server.stop()
  const message = new RegExp(`\\(ECONNREFUSED\\): is oxd running on 127\\.0\\.0\\.1:${server.port}\\?$`)
  await assert.rejects(
    poolAt(server.port).exchange(request(1), ONCE),
    failsWith('unreachable', false, message),
  )
  const gone = socketPool({ path: join(tmpdir(), 'oxd-there-is-none.sock') })
  await assert.rejects(gone.exchange(request(1), ONCE), failsWith('unreachable', false, /ENOENT/))
})

test('too late: the connection is destroyed, so that the late reply reaches nobody', async () => {
  const server = await serverWith(async ({ params }) => {
    if (params.n === 1) await sleep(40)
    return params
  })
  const pool = poolAt(server.port, { connections_max: 1 })
  await assert.rejects(
    pool.exchange(request(1), { ...HARMLESS, timeout_ms: 15 }),
    failsWith('timeout', true, /no answer in 15 ms/),
  )
  assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2))
  await sleep(40)
  assert.deepEqual(await pool.exchange(request(3), HARMLESS), echoed(3))
  assert.equal(server.connections(), 2)
  assert.equal(server.asked.length, 3, 'what was too late is not sent again')
})

test('a late reply does not reach whoever asks next', async () => {
  const server = await serverWith(async ({ params }) => {
    await sleep(Number(params.n) * 100)
    return params
  })
  const pool = poolAt(server.port, { connections_max: 1 })
  const late = pool.exchange(request(1), { ...HARMLESS, timeout_ms: 50 })
  await assert.rejects(late, failsWith('timeout', true))
  // The reply to the first comes while the second is under way.
  assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2))
})

test('aborted in flight, in the queue, before it began', async () => {
  let free = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    free = resolve
  })
  const server = await serverWith(async ({ params }) => {
    if (params.n === 1) await gate
    return params
  })
  const pool = poolAt(server.port, { connections_max: 1 })
  const [inFlight, queued] = [new AbortController(), new AbortController()]
  const one = pool.exchange(request(1), { ...HARMLESS, signals: [inFlight.signal] })
  const two = pool.exchange(request(2), {
    ...HARMLESS,
    signals: [new AbortController().signal, queued.signal],
  })
  const three = pool.exchange(request(3), HARMLESS)
  const expectations = [
    assert.rejects(one, /^Error: no more 1$/),
    assert.rejects(two, /^Error: no more 2$/),
    assert.rejects(
      pool.exchange(request(4), { ...ONCE, signals: [AbortSignal.abort(new Error('no more 4'))] }),
      /no more 4/,
    ),
  ]
  while (server.asked.length < 1) await sleep(1)
  queued.abort(new Error('no more 2'))
  inFlight.abort(new Error('no more 1'))
  assert.deepEqual(await three, echoed(3))
  await Promise.all(expectations)
  free()
  assert.deepEqual(
    server.asked.map(({ params }) => params.n),
    [1, 3],
  )
})

test('waiting counts: who has not been sent when time is up was not sent', async () => {
  const server = await serverWith(() => undefined)
  const pool = poolAt(server.port, { connections_max: 1 })
  const first = assert.rejects(
    pool.exchange(request(1), { ...HARMLESS, timeout_ms: 60 }),
    failsWith('timeout', true),
  )
  await assert.rejects(
    pool.exchange(request(2), { ...HARMLESS, timeout_ms: 20 }),
    failsWith('timeout', false),
  )
  await first
  assert.equal(server.asked.length, 1)
})

test('too many who wait', async () => {
  const server = await serverWith(() => undefined)
  const pool = poolAt(server.port, { connections_max: 1, waiting_max: 1 })
  const controller = new AbortController()
  const options = { ...HARMLESS, signals: [controller.signal] }
  const waiting = [1, 2].map((n) => assert.rejects(pool.exchange(request(n), options), /^Error: enough$/))
  await assert.rejects(pool.exchange(request(3), options), failsWith('busy', false))
  controller.abort(new Error('enough'))
  await Promise.all(waiting)
})

const frame = (body: string): string => String(body.length).padStart(4, '0') + body
const OK = frame('{"status":"ok","data":{}}')
const NO_REPLY: readonly (readonly [what: string, bytes: string])[] = [
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['broken JSON', frame('{"status":}')],
  ['a list', frame('[1,2,3]')],
  ['no status', frame('{"data":{}}')],
  ['another status', frame('{"status":"maybe","data":{}}')],
  ['no data', frame('{"status":"ok"}')],
  ['data is a list', frame('{"status":"ok","data":[]}')],
  ['an error without a code', frame('{"status":"error","data":{"error_description":"x"}}')],
  ['an error without a description', frame('{"status":"error","data":{"error":"x"}}')],
  ['two replies', OK + OK],
  ['a reply and the beginning of another', `${OK}00`],
  ['more than allowed', frame(`{"status":"ok","data":{"x":"${'x'.repeat(400)}"}}`)],
  ['a header that promises more than allowed', '9999{'],
]
for (const [what, bytes] of NO_REPLY) {
  test(`no reply: ${what}`, async () => {
    const server = await serverWith(({ params }) =>
      params.n === 1 ? (socket) => void socket.write(bytes) : params,
    )
    const pool = poolAt(server.port, { connections_max: 1, reply_bytes_max: 256 })
    await assert.rejects(
      pool.exchange(request(1), HARMLESS),
      failsWith('malformed_reply', true, /no reply of oxd/),
    )
    assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2), 'the next one is unharmed')
    assert.deepEqual([server.asked.length, server.connections()], [2, 2])
  })
}

test('what comes unasked is no answer to the next question', async () => {
  const server = await serverWith(({ params }) => params)
  const pool = poolAt(server.port, { connections_max: 1 })
  await pool.exchange(request(1), HARMLESS)
  for (const socket of server.sockets) socket.write(frame('{"status":"ok","data":{"n":"stale"}}'))
  while (server.sockets.size > 0) await sleep(1)
  assert.deepEqual(await pool.exchange(request(2), HARMLESS), echoed(2))
})

test('a reply in many pieces', async () => {
  const server = await serverWith(() => async (socket) => {
    for (const character of frame('{"status":"ok","data":{"n":1}}')) {
      socket.write(character)
      await sleep(0)
    }
  })
  assert.deepEqual(await poolAt(server.port).exchange(request(1), ONCE), echoed(1))
})

test('close lets what is under way end, takes nothing new, and may be called twice', async () => {
  const server = await serverWith(async ({ params }) => {
    await sleep(5)
    return params
  })
  const pool = poolAt(server.port, { connections_max: 1 })
  const work = [1, 2].map((n) => pool.exchange(request(n), ONCE))
  const closed = Promise.all([pool.close(), pool.close()])
  await assert.rejects(pool.exchange(request(3), ONCE), failsWith('closed', false))
  assert.deepEqual(await Promise.all(work), [echoed(1), echoed(2)])
  await closed
  while (server.sockets.size > 0) await sleep(1)
})

test('idle connections keep no process alive', async () => {
  const server = await serverWith(({ params }) => params)
  const { spawn } = await import('node:child_process')
  const source = `
    const { Pool } = await import(${JSON.stringify(new URL('pool.ts', import.meta.url).href)})
    const { socketTo } = await import(${JSON.stringify(new URL('socket.ts', import.meta.url).href)})
    const limits = ${JSON.stringify(CLIENT_LIMITS)}
    const pool = new Pool(socketTo({ host: '127.0.0.1', port: ${server.port} }, limits), limits)
    const options = { timeout_ms: 20000, signals: [], repeatable: true }
    await pool.exchange({ command: 'a', params: {} }, options)
    await pool.exchange({ command: 'b', params: {} }, options)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: 'inherit',
    timeout: 10_000,
  })
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.equal(server.asked.length, 2)
})

test('a server that accepts and says nothing', async () => {
  // Reads, so that it sees the connection end.
  const server = createServer((socket) => void socket.on('error', () => undefined).resume())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  await assert.rejects(
    poolAt(address.port).exchange(request(1), { ...ONCE, timeout_ms: 10 }),
    failsWith('timeout', true),
  )
})

/** Small and seeded, so that a failure can be run again. */
const chance = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

test('in 10,000 random schedules with aborts, time-outs and breaks no reply reaches another caller', async () => {
  const SCHEDULES = 10_000
  const LANES = 16
  const random = chance(20_171_120)
  const moment = (): Promise<unknown> => {
    const at = random()
    return at < 0.3
      ? Promise.resolve()
      : at < 0.7
        ? new Promise((resolve) => setImmediate(resolve))
        : sleep(1 + random())
  }
  const server = await serverWith(async ({ params }) => {
    await moment()
    // The daemon goes away now and then, before or after it has done the work.
    if (random() < 0.02) return (socket) => void socket.destroy()
    return params
  })
  const sent = new Map<unknown, number>()
  const outcomes = { replied: 0, aborted: 0, timeout: 0, broken: 0 }
  let serial = 0
  let left = SCHEDULES
  const call = async (pool: Pool): Promise<void> => {
    const n = (serial += 1)
    const fate = random()
    const controller = new AbortController()
    const repeatable = random() < 0.7
    const exchange = pool.exchange(request(n), {
      repeatable,
      signals: fate < 0.3 ? [controller.signal] : [],
      timeout_ms: fate > 0.7 ? 1 + random() * 3 : 5_000,
    })
    if (fate < 0.3) void moment().then(() => controller.abort(new Error('aborted')))
    sent.set(n, repeatable ? 2 : 1)
    try {
      assert.deepEqual(await exchange, echoed(n))
      outcomes.replied += 1
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      if (!(error instanceof OxdConnectionError)) outcomes.aborted += 1
      else if (error.code === 'timeout' || error.code === 'broken') outcomes[error.code] += 1
      else throw error
    }
  }
  const lane = async (): Promise<void> => {
    const pool = poolAt(server.port, { connections_max: 2 })
    while (left > 0) {
      left -= 1
      await Promise.all(Array.from({ length: 1 + Math.floor(random() * 5) }, () => call(pool)))
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  for (const count of Object.values(outcomes)) assert.ok(count > 50, JSON.stringify(outcomes))
  const times = new Map<unknown, number>()
  for (const { params } of server.asked) times.set(params.n, (times.get(params.n) ?? 0) + 1)
  for (const [n, count] of times)
    assert.ok(count <= (sent.get(n) ?? 0), `command ${String(n)} was carried out ${count} times`)
})
