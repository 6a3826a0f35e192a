import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { after, test } from 'node:test'
import { StartError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { openRedis, redisRecords } from './redis.ts'
import { openSource } from './source.ts'

const A = 'aaaaaaaa-5a38-4f7e-9a53-0d9a3a9d5b11'
const B = 'bbbbbbbb-5a38-4f7e-9a53-0d9a3a9d5b12'
const PASSWORD = 'the-redis-password'

const bulk = (text: string | undefined): string =>
  text === undefined ? '$-1\r\n' : `$${Buffer.byteLength(text)}\r\n${text}\r\n`
const list = (items: readonly string[]): string => `*${items.length}\r\n${items.join('')}`

interface Behaviour {
  readonly databases: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
  readonly password?: string
  /** Takes commands and says nothing. */
  readonly mute?: boolean
}

/** The part of Redis that is read here, in RESP 2; a list stands for a key of another type. */
const startRedis = async ({ databases, password, mute = false }: Behaviour) => {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let database = '0'
    let proven = password === undefined
    let pending = ''
    const answer = ([name = '', ...args]: readonly string[]): string => {
      const command = name.toUpperCase()
      asked.push(command)
      if (command === 'AUTH') {
        proven = args.at(-1) === password
        return proven ? '+OK\r\n' : '-WRONGPASS invalid username-password pair or user is disabled.\r\n'
      }
      if (!proven) return '-NOAUTH Authentication required.\r\n'
      const keys = databases[database] ?? {}
      const value = keys[args[0] ?? '']
      if (command === 'SELECT') {
        database = args[0] ?? ''
        return database in databases ? '+OK\r\n' : '-ERR DB index is out of range\r\n'
      }
      if (command === 'SCAN') {
        const names = Object.keys(keys)
        const half = Math.ceil(names.length / 2)
        // Redis may give a key twice.
        const [next, batch] =
          args[0] === '0' ? ['7', names.slice(0, half)] : ['0', names.slice(Math.max(0, half - 1))]
        return list([bulk(next), list(batch.map(bulk))])
      }
      if (Array.isArray(value))
        return '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
      const text = typeof value === 'string' ? value : undefined
      if (command === 'STRLEN') return `:${Buffer.byteLength(text ?? '')}\r\n`
      if (command === 'GET') return bulk(text)
      return `-ERR unknown command '${command}'\r\n`
    }
    socket.on('data', (bytes) => {
      pending += bytes.toString('utf8')
      for (;;) {
        // ioredis writes a command as a list of bulk strings; those of these tests are ASCII.
        const count = Number(/^\*(\d+)\r\n/.exec(pending)?.[1] ?? Number.NaN)
        const whole = new RegExp(`^\\*${count}\\r\\n((?:\\$\\d+\\r\\n[^\\r]*\\r\\n){${count}})`).exec(pending)
        if (Number.isNaN(count) || whole === null) return
        pending = pending.slice(whole[0].length)
        const words = [...(whole[1] ?? '').matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word = '']) => word)
        if (!mute) socket.write(answer(words))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  // A TCP server has an address with a port.
  return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, sockets }
}

const read = async (url: string, limits = LIMITS as typeof LIMITS | Record<keyof typeof LIMITS, number>) => {
  const records = []
  for await (const found of redisRecords(await openRedis(url, limits), limits)) records.push(found)
  return records
}

test('reads the keys that are oxd_ids, each once, and nothing else', async () => {
  const redis = await startRedis({
    databases: {
      '0': {},
      '3': { state1: 'x', [A]: '{"a":"ä"}', other: 'y', [B]: '{"b":1}', 'z:list': ['x'] },
    },
  })
  const found = await read(`redis://${redis.at}/3`)
  assert.deepEqual(found, [
    { name: A, oxd_id: A, record: { a: 'ä' } },
    { name: B, oxd_id: B, record: { b: 1 } },
  ])
  assert.deepEqual(new Set(redis.asked), new Set(['SELECT', 'SCAN', 'STRLEN', 'GET']), 'it only reads')
})

test('names what is no record and goes on', async () => {
  const redis = await startRedis({
    databases: { '0': { [A]: ['a list'], [B]: 'no JSON', [A.replace('a', 'c')]: `"${'x'.repeat(200)}"` } },
  })
  const found = await read(`redis://${redis.at}`, { ...LIMITS, import_record_bytes_max: 100 })
  assert.deepEqual(
    found.map((record) => ('why' in record ? record.why : 'taken')),
    [
      'what Redis has under this key is no text',
      'it is no JSON object, or has a member twice',
      'it has more than 100 bytes',
    ],
  )
})

test('proves itself with the password of the URL', async () => {
  const redis = await startRedis({ databases: { '0': { [A]: '{}' } }, password: PASSWORD })
  assert.equal((await read(`redis://:${PASSWORD}@${redis.at}/0`)).length, 1)
  assert.equal((await read(`redis://oxd:${PASSWORD}@${redis.at}`)).length, 1)
})

const refused = async (url: string, why: RegExp, limits: Partial<Record<keyof typeof LIMITS, number>> = {}) =>
  assert.rejects(
    read(url, { ...LIMITS, ...limits }),
    (error) => error instanceof StartError && why.test(error.message) && !error.message.includes('password'),
  )

test('says why Redis cannot be read, without its password', async () => {
  const redis = await startRedis({ databases: { '0': {} }, password: PASSWORD })
  await refused(`redis://:wrong-password@${redis.at}`, /\(WRONGPASS\)/)
  await refused(`redis://${redis.at}`, /\(NOAUTH\)/)
  await refused(`redis://:${PASSWORD}@${redis.at}/9`, /\(ERR\)/)
  for (const url of [
    'redis://',
    `redis://:${PASSWORD}@h/x`,
    `redis://h/0?password=${PASSWORD}`,
    'redis:nothing',
  ]) {
    await refused(url, /not of the form redis:\/\/host:port\/db/)
  }
})

test('a Redis that is not there, or says nothing, does not hold anybody up', async () => {
  const closed = await startRedis({ databases: {} })
  const mute = await startRedis({ databases: {}, mute: true })
  await refused(`redis://${mute.at}`, /cannot be read/, { import_redis_ms: 50 })
  assert.ok(closed.at)
  await refused('redis://127.0.0.1:1', /ECONNREFUSED/)
})

test('is what redis:// opens, and is closed when nobody reads on', async () => {
  const redis = await startRedis({ databases: { '0': { [A]: '{}', [B]: '{}' } } })
  for await (const found of await openSource(`redis://${redis.at}/0`, LIMITS)) {
    assert.equal(found.name, A)
    break
  }
  const gone = async () => {
    for (let i = 0; i < 100 && redis.sockets.size > 0; i += 1) await new Promise(setImmediate)
    return redis.sockets.size
  }
  assert.equal(await gone(), 0)
})
