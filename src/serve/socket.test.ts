// The socket transport over real sockets: order, twins, limits, half-closed and rude peers, the end, and the start.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Request } from '../dispatch.ts'
import { StartError } from '../error.ts'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import type { Limits } from '../limits.ts'
import type { LogFields } from '../world.ts'
import { encodeRequest, FrameReader } from './frame.ts'
import { listen } from './socket.ts'
import type { Listening, SocketOptions } from './socket.ts'

const PATIENCE_MS = 5_000

/** What it resolves to, but not after a long wait. */
const soon = async <T>(what: string, promise: Promise<T>): Promise<T> => {
  const stop = new AbortController()
  const late = delay(PATIENCE_MS, undefined, { signal: stop.signal }).then(() =>
    assert.fail(`too late: ${what}`),
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    stop.abort()
    late.catch(() => {})
  }
}

const until = async (what: string, condition: () => boolean): Promise<void> => {
  const end = performance.now() + PATIENCE_MS
  while (!condition()) {
    assert.ok(performance.now() < end, `too late: ${what}`)
    await delay(2)
  }
}

interface Daemon extends Listening {
  /** The commands carried out, in their order. */
  readonly calls: Request[]
  readonly refusals: ErrorCode[]
  readonly peers: string[]
  readonly lines: (readonly [message: string, fields: LogFields | undefined])[]
  readonly port: number
}

interface Setup {
  readonly limits?: Partial<Limits>
  readonly tcp?: SocketOptions['tcp']
  readonly unix?: string
  /** Instead of the echo. */
  readonly handle?: SocketOptions['handle']
}

/** A daemon whose commands are echoed. */
const daemon = async (t: TestContext, setup: Setup = {}): Promise<Daemon> => {
  const calls: Request[] = []
  const refusals: ErrorCode[] = []
  const peers: string[] = []
  const lines: [string, LogFields | undefined][] = []
  const echo: SocketOptions['handle'] = async (request) => ({
    reply: { status: 'ok', data: request },
    long: request['oxd'] === 1,
  })
  const listening = await listen({
    tcp: 'tcp' in setup ? setup.tcp : { host: '127.0.0.1', port: 0 },
    unix: setup.unix,
    handle: (request, peer, signal) => {
      calls.push(request)
      peers.push(peer)
      return (setup.handle ?? echo)(request, peer, signal)
    },
    handleBad: (code) => {
      refusals.push(code)
      return { status: 'error', data: { error: code } }
    },
    limits: { ...LIMITS, shutdown_ms: 2_000, ...setup.limits },
    log: (_level, message, fields) => lines.push([message, fields]),
  })
  t.after(() => soon('the daemon closes', listening.close()))
  return { ...listening, calls, refusals, peers, lines, port: listening.addresses.tcp?.port ?? 0 }
}

interface Peer {
  readonly socket: Socket
  /** Replies so far: data of successes, code of errors. */
  readonly replies: unknown[]
  /** Everything so far. */
  readonly bytes: () => Buffer
  /** After how many milliseconds the last reply was there. */
  readonly repliedAt: () => number
  readonly hasReplies: (count: number) => Promise<void>
  /** The daemon has ended the connection: 'end' in order, else the code of the error. */
  readonly ended: Promise<string>
  /** The connection is gone: whether by a reset or another error. */
  readonly hadError: Promise<boolean>
}

const peer = async (
  t: TestContext,
  where: number | string,
  options: { readonly read?: boolean; readonly allowHalfOpen?: boolean } = {},
): Promise<Peer> => {
  const allowHalfOpen = options.allowHalfOpen === true
  const address = typeof where === 'number' ? { host: '127.0.0.1', port: where } : { path: where }
  const socket = connect({ ...address, allowHalfOpen })
  t.after(() => socket.destroy())
  const reader = new FrameReader({ frame_bytes_max: LIMITS.long_reply_characters_max })
  const chunks: Buffer[] = []
  const replies: unknown[] = []
  let repliedAt = 0
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk)
    reader.push(chunk)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      assert.equal(frame.kind, 'object')
      if (frame.kind !== 'object') return
      const data = frame.value['data'] as Readonly<Record<string, unknown>> // as the daemon above answers
      replies.push(frame.value['status'] === 'ok' ? data : data['error'])
      repliedAt = performance.now()
    }
  }
  if (options.read !== false) socket.on('data', onData)
  const ended = new Promise<string>((resolve) => {
    socket.once('end', () => resolve('end'))
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'error'))
  })
  const hadError = new Promise<boolean>((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  return {
    socket,
    replies,
    bytes: () => Buffer.concat(chunks),
    repliedAt: () => repliedAt,
    hasReplies: (count) => until(`${count} replies`, () => replies.length >= count),
    ended,
    hadError,
  }
}

/** Long enough for an answer that must not come. */
const QUIET_MS = 60

/** Asks from a connection of its own, and is answered. */
const isServed = async (t: TestContext, where: number | string): Promise<void> => {
  const other = await peer(t, where)
  other.socket.write(encodeRequest({ command: 'other', oxd: 1 }))
  await other.hasReplies(1)
  other.socket.destroy()
}

const A = encodeRequest({ command: 'a' })
const B = encodeRequest({ command: 'b' })
const a = { command: 'a' }
const b = { command: 'b' }

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'oxd-socket-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

// Order and shape of the replies.

test('nothing is said before the first frame, and the connection stays open after replies and errors', async (t) => {
  const { port, peers } = await daemon(t)
  const client = await peer(t, port)
  await delay(QUIET_MS)
  assert.equal(client.bytes().length, 0)
  for (const [count, bytes] of [A, '0005[1,2]', B, '0007{"a":x}', A].entries()) {
    client.socket.write(bytes)
    await client.hasReplies(count + 1)
  }
  assert.deepEqual(client.replies, [a, 'malformed_json', b, 'malformed_json', a])
  assert.match(peers[0] ?? '', /^127\.0\.0\.1:\d+$/)
})

test('pipelined frames are carried out one at a time and answered in order', async (t) => {
  let running = 0
  const { port } = await daemon(t, {
    handle: async (request) => {
      running += 1
      assert.equal(running, 1)
      await delay(Number(request['n']) % 3)
      running -= 1
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const client = await peer(t, port)
  const requests = Array.from({ length: 60 }, (_none, n) => ({ n }))
  client.socket.write(Buffer.concat(requests.map(encodeRequest)))
  await client.hasReplies(60)
  assert.deepEqual(client.replies, requests)
})

test('each reply is one write', async (t) => {
  const { port } = await daemon(t)
  const client = await peer(t, port)
  const write = t.mock.method(Socket.prototype, 'write')
  const written = () =>
    write.mock.calls
      .filter((call) => call.this instanceof Socket && call.this.localPort === port)
      .map((call) => call.arguments[0])
  client.socket.write(Buffer.concat([A, B, Buffer.from('0005[1,2]')]))
  await client.hasReplies(3)
  assert.equal(written().length, 3)
  assert.deepEqual(Buffer.concat(written().map((chunk) => Buffer.from(String(chunk)))), client.bytes())
})

test('a reply that does not fit into four digits is refused, except for our library', async (t) => {
  const { port } = await daemon(t, {
    handle: async (request) => ({
      reply: { status: 'ok', data: { a: 'x'.repeat(20_000) } },
      long: request['oxd'] === 1,
    }),
  })
  const client = await peer(t, port)
  client.socket.write(Buffer.concat([A, encodeRequest({ oxd: 1 })]))
  await client.hasReplies(2)
  assert.deepEqual(client.replies, ['reply_too_large', { a: 'x'.repeat(20_000) }])
})

// The twin of oxd-php.

test('the twin is dropped when both come in one chunk', async (t) => {
  const { port, calls } = await daemon(t)
  const client = await peer(t, port)
  client.socket.write(Buffer.concat([A, A]))
  await client.hasReplies(1)
  await delay(QUIET_MS)
  assert.deepEqual(client.replies, [a])
  assert.deepEqual(calls, [a])
})

test('the twin is dropped when it comes within the hold, though the command is done', async (t) => {
  const { port, calls } = await daemon(t, { limits: { twin_hold_ms: 300 } })
  const client = await peer(t, port)
  client.socket.write(A)
  await until('carried out', () => calls.length === 1)
  await delay(30)
  client.socket.write(A)
  client.socket.write(B)
  await client.hasReplies(2)
  assert.deepEqual(client.replies, [a, b])
})

test('the twin is dropped when the command takes longer than the hold', async (t) => {
  const { port, calls } = await daemon(t, {
    handle: async (request) => {
      await delay(100)
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const client = await peer(t, port)
  client.socket.write(A)
  await until('begun', () => calls.length === 1)
  await delay(30)
  client.socket.write(Buffer.concat([A, B]))
  await client.hasReplies(2)
  assert.deepEqual(client.replies, [a, b])
})

test('the twin is dropped when it has arrived on a machine that was too busy to read it', async (t) => {
  const clients: Peer[] = []
  const { port } = await daemon(t, {
    handle: async (request) => {
      if (request['command'] === 'a') {
        for (const { socket } of clients) socket.write(A)
        // Blocks the event loop until long after the hold.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30)
      }
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const client = await peer(t, port)
  clients.push(client)
  client.socket.write(A)
  await client.hasReplies(1)
  await delay(QUIET_MS)
  client.socket.write(B)
  await client.hasReplies(2)
  assert.deepEqual(client.replies, [a, b])
})

test('an equal frame after the reply is a command', async (t) => {
  const { port } = await daemon(t)
  const client = await peer(t, port)
  for (let i = 1; i <= 3; i += 1) {
    client.socket.write(A)
    await client.hasReplies(i)
  }
  assert.deepEqual(client.replies, [a, a, a])
})

test('equal frames further on are commands, also when they wait', async (t) => {
  const { port } = await daemon(t)
  for (const [sent, answered] of [
    [
      [A, B, B],
      [a, b, b],
    ],
    [
      [A, B, A],
      [a, b, a],
    ],
    [
      [A, A, A],
      [a, a],
    ],
    [
      [A, A, B, B],
      [a, b, b],
    ],
    [
      [Buffer.from('0005[1,2]'), A, A],
      ['malformed_json', a, a],
    ],
  ] as const) {
    const client = await peer(t, port)
    client.socket.write(Buffer.concat(sent))
    await client.hasReplies(answered.length)
    await delay(20)
    assert.deepEqual(client.replies, answered)
  }
})

test('only the first reply is held, and not for our library', async (t) => {
  const hold = 400
  const { port } = await daemon(t, { limits: { twin_hold_ms: hold } })
  for (const [request, isHeld] of [
    [{ command: 'a' }, true],
    [{ command: 'a', oxd: '1' }, true],
    [{ command: 'a', oxd: 1 }, false],
  ] as const) {
    const client = await peer(t, port)
    for (const held of [isHeld, false]) {
      const sentAt = performance.now()
      const count = client.replies.length + 1
      client.socket.write(encodeRequest(request))
      await client.hasReplies(count)
      const took = client.repliedAt() - sentAt
      assert.ok(held ? took > hold - 20 : took < hold - 20, `${JSON.stringify(request)} took ${took} ms`)
    }
  }
})

test('equal first frames of our library are commands', async (t) => {
  const { port } = await daemon(t)
  const client = await peer(t, port)
  const frame = encodeRequest({ command: 'a', oxd: 1 })
  client.socket.write(Buffer.concat([frame, frame]))
  await client.hasReplies(2)
})

// What is no frame, or too large, or never complete.

test('another protocol is closed without an answer and without effect', async (t) => {
  const { port, calls } = await daemon(t)
  for (const bytes of [
    'POST / HTTP/1.1\r\nHost: localhost:8099\r\n\r\n0015{"command":"a"}',
    '\r\n0015{"command":"a"}',
    Buffer.from('16030102000100', 'hex'),
    '00000015{"command":"a"}',
  ]) {
    const client = await peer(t, port)
    client.socket.write(bytes)
    assert.equal(await soon('closed', client.ended), 'end')
    assert.equal(client.bytes().length, 0)
  }
  assert.deepEqual(calls, [])
})

test('what comes before nonsense is answered, what comes after is not', async (t) => {
  const { port } = await daemon(t)
  const client = await peer(t, port)
  client.socket.write(Buffer.concat([A, B, Buffer.from('GET / '), A]))
  assert.equal(await soon('closed', client.ended), 'end')
  assert.deepEqual(client.replies, [a, b])
})

for (const [what, header, overUnix] of [
  ['declared', '9999999', false],
  ['declared, over a Unix socket', '9999999', true],
  ['without a header', '', false],
] as const) {
  test(`a frame of 10 MB, ${what}, is answered readably and closed, others are served`, async (t) => {
    const unix = join(folder(t), 'oxd.sock')
    const { port, calls } = await daemon(t, { unix, limits: { waiting_frames_max: 1 } })
    const client = await peer(t, overUnix ? unix : port)
    const chunk = Buffer.alloc(65_536, 'x')
    client.socket.write(`${header}{"a":"`)
    for (let i = 0; i < 160; i += 1) client.socket.write(chunk)
    await isServed(t, port)
    assert.equal(await soon('closed', client.ended), 'end')
    assert.deepEqual(client.replies, ['frame_too_large'])
    assert.equal(await soon('discarded', client.hadError), false)
    assert.deepEqual(calls.length, 1)
  })
}

test('a peer that goes on sending after its last answer is cut off', async (t) => {
  const { port } = await daemon(t, { limits: { close_ms_max: 50 } })
  const client = await peer(t, port, { allowHalfOpen: true })
  client.socket.write('9999999{')
  await client.hasReplies(1)
  const timer = setInterval(() => client.socket.write('x'.repeat(1_000)), 5)
  t.after(() => clearInterval(timer))
  await soon('cut off', client.hadError)
})

test('a header that counts too far, or too short', async (t) => {
  const { port, calls } = await daemon(t, { limits: { frame_ms_max: 80 } })
  const far = await peer(t, port)
  far.socket.write('9999{"command":"a"}')
  assert.equal(await soon('closed', far.ended), 'end')
  assert.deepEqual(far.replies, ['frame_incomplete'])
  const short = await peer(t, port)
  short.socket.write('0009{"command":"a"}')
  assert.equal(await soon('closed', short.ended), 'end')
  assert.deepEqual(short.replies, ['malformed_json'])
  assert.deepEqual(calls, [])
})

test('a frame that is not completed in time is refused, however it drips', async (t) => {
  const { port } = await daemon(t, { limits: { frame_ms_max: 150 } })
  const client = await peer(t, port)
  const startedAt = performance.now()
  client.socket.write(Buffer.concat([A, Buffer.from('0999{"a":"')]))
  const timer = setInterval(() => client.socket.write('x'), 20)
  t.after(() => clearInterval(timer))
  assert.equal(await soon('closed', client.ended), 'end')
  assert.deepEqual(client.replies, [a, 'frame_incomplete'])
  assert.ok(client.repliedAt() - startedAt >= 140)
})

test('a frame that is completed after its time has no effect, and is refused once', async (t) => {
  const gate = Promise.withResolvers<void>()
  const { port, close, calls, refusals } = await daemon(t, {
    limits: { frame_ms_max: 30 },
    handle: async (request) => {
      await gate.promise
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const client = await peer(t, port)
  client.socket.write(Buffer.concat([A, B.subarray(0, 9)]))
  await delay(80)
  client.socket.write(B.subarray(9))
  await delay(30)
  const closed = close()
  gate.resolve()
  assert.equal(await soon('closed', client.ended), 'end')
  assert.deepEqual(client.replies, [a, 'frame_incomplete'])
  assert.deepEqual(calls, [a])
  assert.deepEqual(refusals, ['frame_incomplete'])
  await closed
})

test('each frame has its own time, and silence between frames has no end', async (t) => {
  const { port } = await daemon(t, { limits: { frame_ms_max: 400 } })
  const client = await peer(t, port)
  // The end of one frame and the beginning of the next come together, for longer than one frame may take.
  client.socket.write(B.subarray(0, 5))
  for (let i = 0; i < 4; i += 1) {
    await delay(150)
    client.socket.write(Buffer.concat([B.subarray(5), B.subarray(0, 5)]))
  }
  client.socket.write(B.subarray(5))
  await client.hasReplies(5)
  await delay(600)
  client.socket.write(A)
  await client.hasReplies(6)
  assert.deepEqual(client.replies, [b, b, b, b, b, a])
})

// Many, slow, rude and half-closed peers.

test('500 silent connections do not keep another one from being served', async (t) => {
  const { port } = await daemon(t)
  const silent = await Promise.all(Array.from({ length: 500 }, () => peer(t, port)))
  await isServed(t, port)
  assert.ok(silent.every(({ socket }) => !socket.closed))
})

test('connections beyond the limit are closed at once, until there is room', async (t) => {
  const { port, lines } = await daemon(t, { limits: { connections_max: 2 } })
  const [first] = [await peer(t, port), await peer(t, port)]
  for (let i = 0; i < 2; i += 1) await soon('closed', (await peer(t, port)).ended)
  assert.deepEqual(lines, [['too many connections', { connections_max: 2 }]])
  first.socket.destroy()
  await delay(30)
  await isServed(t, port)
  await delay(30)
  await peer(t, port)
  await soon('closed', (await peer(t, port)).ended)
  assert.equal(lines.length, 2)
})

test('a peer that sends without end is not read while its frames wait', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  const gate = Promise.withResolvers<void>()
  const { calls } = await daemon(t, {
    unix: path,
    // The number of the frames counts here, not their bytes.
    limits: { frame_bytes_max: 8_000_000 },
    handle: async (request) => {
      await gate.promise
      return { reply: { status: 'ok', data: { n: request['n'] } }, long: false }
    },
  })
  const client = await peer(t, path)
  const requests = Array.from({ length: 4_000 }, (_none, n) => ({ n, text: 'x'.repeat(1_000) }))
  client.socket.write(Buffer.concat(requests.map(encodeRequest)))
  await delay(150)
  assert.equal(calls.length, 1)
  assert.ok(client.socket.writableLength > 0, 'all of it was read')
  gate.resolve()
  await client.hasReplies(4_000)
  assert.deepEqual(
    client.replies,
    requests.map(({ n }) => ({ n })),
  )
})

test('few large frames that wait are not read on either', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  const gate = Promise.withResolvers<void>()
  await daemon(t, {
    unix: path,
    handle: async () => {
      await gate.promise
      return { reply: { status: 'ok', data: {} }, long: false }
    },
  })
  const client = await peer(t, path)
  const frame = encodeRequest({ text: 'x'.repeat(120_000), oxd: 1 })
  for (let i = 0; i < 15; i += 1) client.socket.write(frame)
  await delay(150)
  assert.ok(client.socket.writableLength > 6 * 120_000, 'all of it was read')
  gate.resolve()
  await client.hasReplies(15)
})

test('a peer that does not read its reply is cut off, others are served', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  const { calls } = await daemon(t, {
    unix: path,
    limits: { reply_ms_max: 100 },
    handle: async (request) => ({
      reply: { status: 'ok', data: request['command'] === 'other' ? {} : { a: 'x'.repeat(2_000_000) } },
      long: true,
    }),
  })
  const slow = await peer(t, path, { read: false })
  slow.socket.write(Buffer.concat([A, B]))
  await isServed(t, path)
  await delay(300)
  slow.socket.resume()
  slow.socket.end()
  await soon('cut off', slow.hadError)
  assert.ok(slow.socket.bytesRead < 2_000_000)
  assert.equal(calls.filter((request) => request['command'] === 'b').length, 0)
})

test('a peer that ends after its request is answered, then closed', async (t) => {
  const { port } = await daemon(t, {
    handle: async (request) => {
      await delay(30)
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const client = await peer(t, port)
  client.socket.end(Buffer.concat([A, B]))
  assert.equal(await soon('closed', client.ended), 'end')
  assert.deepEqual(client.replies, [a, b])
  const incomplete = await peer(t, port)
  incomplete.socket.end(A.subarray(0, 9))
  assert.equal(await soon('closed', incomplete.ended), 'end')
  assert.deepEqual(incomplete.replies, ['frame_incomplete'])
  const silent = await peer(t, port)
  silent.socket.end()
  assert.equal(await soon('closed', silent.ended), 'end')
})

test('peers that reset the connection at any time harm nobody', async (t) => {
  const { port, lines } = await daemon(t, {
    limits: { connections_max: 4 },
    handle: async (request) => {
      await delay(20)
      return { reply: { status: 'ok', data: { a: 'x'.repeat(1_000_000), request } }, long: true }
    },
  })
  for (const [bytes, after] of [
    ['', 0],
    [A.subarray(0, 7), 5],
    [A, 0],
    [A, 5],
    [Buffer.concat([A, B, A, B]), 25],
    ['9999999{', 5],
  ] as const) {
    const client = await peer(t, port, { read: false })
    client.socket.on('error', () => {})
    client.socket.write(bytes)
    await delay(after)
    client.socket.resetAndDestroy()
    await delay(30)
  }
  await isServed(t, port)
  assert.deepEqual(lines, [])
})

test('nothing remains of connections that are gone', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const { port, close } = await daemon(t, {
    limits: { frame_ms_max: 60_000, close_ms_max: 60_000, reply_ms_max: 60_000 },
  })
  const before = timers()
  for (const bytes of [A, A.subarray(0, 7), '9999999{', 'GET / ']) {
    const client = await peer(t, port)
    client.socket.on('error', () => {})
    client.socket.write(bytes)
    await delay(20)
    client.socket.resetAndDestroy()
  }
  await until('no timer is left', () => timers() <= before)
  await close()
  assert.ok(timers() <= before)
})

test('a command that fails against its word costs only its own connection', async (t) => {
  const { port, lines } = await daemon(t, {
    handle: async (request) => {
      if (request['command'] === 'a') throw new TypeError('a secret')
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const client = await peer(t, port)
  client.socket.write(A)
  await soon('closed', client.ended)
  await isServed(t, port)
  assert.equal(lines.length, 1)
  assert.match(lines[0]?.[0] ?? '', /failed/)
  assert.doesNotMatch(JSON.stringify(lines), /secret/)
})

// The end.

test('closing: idle connections end at once, what is under way is answered, what waits is refused', async (t) => {
  const gate = Promise.withResolvers<void>()
  const { port, close, calls } = await daemon(t, {
    limits: { shutdown_ms: 8_000 },
    handle: async (request) => {
      await gate.promise
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const idle = await peer(t, port)
  const busy = await peer(t, port)
  const begun = await peer(t, port)
  busy.socket.write(Buffer.concat([A, B]))
  begun.socket.write(A.subarray(0, 9))
  await until('begun', () => calls.length === 1)
  await delay(20)
  const closed = close()
  assert.equal(close(), closed)
  await soon('idle ends', idle.ended)
  assert.equal(await soon('begun ends', begun.ended), 'end')
  assert.deepEqual(begun.replies, ['shutting_down'])
  await assert.rejects(peer(t, port), /ECONNREFUSED/)
  assert.deepEqual(busy.replies, [])
  busy.socket.write(A)
  await delay(20)
  gate.resolve()
  assert.equal(await soon('busy ends', busy.ended), 'end')
  assert.deepEqual(busy.replies, [a, 'shutting_down', 'shutting_down'])
  assert.deepEqual(calls, [a])
  await soon('closed', closed)
})

test('closing: after the last answer nothing more is answered', async (t) => {
  const gate = Promise.withResolvers<void>()
  const { port, close, calls, refusals } = await daemon(t, {
    handle: async (request) => {
      await gate.promise
      return { reply: { status: 'ok', data: request }, long: false }
    },
  })
  const client = await peer(t, port, { allowHalfOpen: true })
  client.socket.write(A)
  await until('begun', () => calls.length === 1)
  const closed = close()
  gate.resolve()
  assert.equal(await soon('ended', client.ended), 'end')
  client.socket.write(B)
  await delay(30)
  client.socket.end()
  await soon('closed', closed)
  assert.deepEqual(client.replies, [a])
  assert.deepEqual(refusals, [])
})

test('closing ends in time, though a command and a peer do not', async (t) => {
  const { port, close, calls } = await daemon(t, {
    limits: { shutdown_ms: 100, close_ms_max: 60_000 },
    handle: () => new Promise(() => {}),
  })
  const client = await peer(t, port)
  const refused = await peer(t, port, { allowHalfOpen: true })
  client.socket.write(A)
  refused.socket.write('9999999{')
  await refused.hasReplies(1)
  await until('begun', () => calls.length === 1)
  const before = performance.now()
  const closed = close()
  // Who is about to leave is still given time to read the answer.
  refused.socket.write('x')
  await delay(20)
  refused.socket.write('x')
  await delay(20)
  assert.equal(refused.socket.destroyed, false)
  await soon('closed', closed)
  assert.ok(performance.now() - before < 1_000)
})

// The start.

test('a Unix socket: mode 0600, named unix, removed at the end; the umask is as before', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  const umask = 0o022
  const before = process.umask(umask)
  t.after(() => process.umask(before))
  const { addresses, close, peers } = await daemon(t, { tcp: undefined, unix: path })
  assert.equal(process.umask(), umask)
  assert.deepEqual(addresses, { tcp: undefined, unix: path })
  assert.equal(lstatSync(path).mode & 0o777, 0o600)
  await isServed(t, path)
  assert.deepEqual(peers, ['unix'])
  await close()
  assert.throws(() => lstatSync(path), /ENOENT/)
})

const startError = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StartError)
  assert.match(error.message, pattern)
  return true
}

test('a socket that a killed daemon left behind is taken over', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(`${path}.1`, resolve))
  linkSync(`${path}.1`, path)
  await new Promise((resolve) => dead.close(resolve))
  assert.ok(lstatSync(path).isSocket())
  await daemon(t, { unix: path })
  await isServed(t, path)
})

test('the socket of a live daemon is left alone', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  await daemon(t, { unix: path })
  await assert.rejects(daemon(t, { unix: path }), startError(/^another oxd listens on .*oxd\.sock: .*--unix/))
  await isServed(t, path)
})

test('the socket of a daemon that is too busy to answer is left alone', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  const program = `require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
    process.stdout.write('listening')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000)
  })`
  const busy = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => busy.kill('SIGKILL'))
  await soon('listening', once(busy.stdout, 'data'))
  for (let i = 0; i < 2; i += 1) await peer(t, path)
  await assert.rejects(daemon(t, { unix: path }), startError(/cannot be tried \(EAGAIN\).*--unix/))
  assert.ok(lstatSync(path).isSocket())
})

test('a file that is no socket is left alone', async (t) => {
  const path = join(folder(t), 'oxd.sock')
  writeFileSync(path, 'precious')
  await assert.rejects(daemon(t, { unix: path }), startError(/is not a socket.*--unix/))
  assert.ok(lstatSync(path).isFile())
})

test('a Unix socket that cannot be made says why', async (t) => {
  const path = folder(t)
  await assert.rejects(
    daemon(t, { unix: join(path, 'absent', 'oxd.sock') }),
    startError(/folder must exist.*--unix/),
  )
  await assert.rejects(daemon(t, { unix: join(path, 'x'.repeat(200)) }), startError(/too long.*--unix/))
})

test('a busy port says which, and what to do; nothing of the start remains', async (t) => {
  const { port } = await daemon(t)
  await assert.rejects(
    daemon(t, { tcp: { host: '127.0.0.1', port } }),
    startError(new RegExp(`^127\\.0\\.0\\.1:${port} is in use, .*--port`)),
  )
  const path = join(folder(t), 'oxd.sock')
  writeFileSync(path, '')
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const address = free.address()
  assert.ok(typeof address === 'object' && address !== null)
  await new Promise((resolve) => free.close(resolve))
  const tcp = { host: '127.0.0.1', port: address.port }
  await assert.rejects(daemon(t, { tcp, unix: path }), startError(/not a socket/))
  await daemon(t, { tcp })
})

test(
  'a port that is not allowed says so',
  { skip: process.getuid?.() === 0 && 'root may use every port' },
  async (t) => {
    await assert.rejects(
      daemon(t, { tcp: { host: '127.0.0.1', port: 1 } }),
      startError(/:1 is not allowed.*--port/),
    )
  },
)

test('localhost is the address that old clients know', async (t) => {
  const { addresses } = await daemon(t, { tcp: { host: 'localhost', port: 0 } })
  assert.equal(addresses.tcp?.host, '127.0.0.1')
})
