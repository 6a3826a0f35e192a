// One connection in each dialect, on which anything is sent as it is, and the form of what comes back.
import assert from 'node:assert/strict'
import { Agent, request, type ClientRequest } from 'node:http'
import type { DialectName } from '../src/dialect.ts'
import type { ErrorCode } from '../src/error.ts'
import { pathOf } from '../src/publish/paths.ts'
import { Caller, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { ABYSS, MARK } from './bad_input.ts'

/** Lists within each other: 24 kB of them, more than a recursive reader survives. */
const ABYSS_LEVELS = 12_000
const ABYSS_TEXT = '['.repeat(ABYSS_LEVELS) + ']'.repeat(ABYSS_LEVELS)
const asJson = (value: unknown): string => JSON.stringify(value).replaceAll(JSON.stringify(ABYSS), ABYSS_TEXT)

/** An answer, and what of it every dialect has. */
export interface Said {
  readonly text: string
  readonly ok: boolean
  /** As it is written; in 4.x behind the status of HTTP. */
  readonly error: string
  readonly description: string
}

interface Sent {
  readonly body: string
  /** Over HTTP alone. */
  readonly path?: string
  readonly method?: 'GET'
}

/** One connection. */
export interface Line {
  readonly request: (sent: Sent) => Promise<Said>
  readonly send: (command: string, params: unknown) => Promise<Said>
  readonly close: () => void
}

export interface Way {
  readonly dialect: DialectName
  readonly open: (daemon: TestDaemon) => Line
  /** Does its reader refuse what is nested too deeply, and half a character, before any parameter is looked at? */
  readonly strict_json: boolean
  /** Is it also tried with what the definitions allow? Behind its parameters a command goes the same way in each dialect. */
  readonly allowed_too: boolean
  /** What is no command with parameters. */
  readonly nonsense: Readonly<Record<string, Sent & { readonly code: ErrorCode }>>
}

const ANSWER_MS_MAX = 5_000

/** What is never answered must not hold up the tests: then the connection is given up. */
const inTime = (ask: Line['request'], close: () => void): Line['request'] => {
  let lost = false
  return (sent) =>
    new Promise((resolve, reject) => {
      if (lost) return reject(new Error('the connection was given up, since a request was not answered'))
      const timer = setTimeout(() => {
        lost = true
        close()
        reject(new Error('the request is not answered'))
      }, ANSWER_MS_MAX)
      ask(sent)
        .finally(() => clearTimeout(timer))
        .then(resolve, reject)
    })
}

const membersOf = (value: unknown): Data => {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `an object: ${value}`)
  return { ...value }
}
const textIn = (data: Data, name: string): string => {
  const value = data[name]
  assert.equal(typeof value, 'string', name)
  return String(value)
}

/** What is said in an envelope, after a look at its form. */
const opened = (reply: unknown, dialect: DialectName): Said => {
  const text = JSON.stringify(reply)
  const envelope = membersOf(reply)
  assert.deepEqual(Object.keys(envelope), ['status', 'data'])
  if (envelope.status === 'ok') return { text, ok: true, error: '', description: '' }
  assert.equal(envelope.status, 'error')
  const data = membersOf(envelope.data)
  const details = dialect === 'native' ? ['details'] : []
  assert.deepEqual(Object.keys(data), ['error', 'error_description', ...details])
  return {
    text,
    ok: false,
    error: textIn(data, 'error'),
    description: textIn(data, 'error_description'),
  }
}

/** 4.x: no envelope. */
const bare = (reply: unknown, status: number): Said => {
  const text = JSON.stringify(reply)
  const data = membersOf(reply)
  if (status === 200) return { text, ok: true, error: '', description: '' }
  assert.deepEqual(Object.keys(data), ['error', 'error_description'])
  return {
    text,
    ok: false,
    error: `${status} ${textIn(data, 'error')}`,
    description: textIn(data, 'error_description'),
  }
}

const NO_OBJECTS: Readonly<Record<string, unknown>> = {
  null: null,
  'a text': MARK,
  'a number': 7,
  'a list': [{ oxd_id: MARK }],
  'a boolean': true,
}
const NO_NAMES: Readonly<Record<string, unknown>> = {
  ...NO_OBJECTS,
  'an object': { name: MARK },
  'a blank text': ' ',
  __proto__: '__proto__',
  constructor: 'constructor',
  'half a character': `${MARK}\ud800`,
}
const mapped = <A, B>(table: Readonly<Record<string, A>>, to: (value: A, what: string) => [string, B]) =>
  Object.fromEntries(Object.entries(table).map(([what, value]) => to(value, what)))

export const overSocket = (dialect: 'v3' | 'native'): Way => {
  const oxd = dialect === 'native' ? { oxd: 1 } : {}
  return {
    dialect,
    strict_json: false,
    allowed_too: dialect === 'v3',
    open({ port }) {
      const caller = new Caller(port)
      const close = (): void => caller.close()
      const ask = inTime(
        async ({ body }) =>
          opened(await caller.write(String(Buffer.byteLength(body)).padStart(4, '0') + body), dialect),
        close,
      )
      return {
        request: ask,
        send: (command, params) => ask({ body: asJson({ command, params, ...oxd }) }),
        close,
      }
    },
    nonsense: {
      ...mapped(NO_OBJECTS, (params, what) => [
        `params that are ${what}`,
        { body: asJson({ command: 'get_rp', params, ...oxd }), code: 'malformed_params' },
      ]),
      ...mapped(NO_NAMES, (command, what) => [
        `a command that is ${what}`,
        { body: asJson({ command, params: {}, ...oxd }), code: 'unsupported_operation' },
      ]),
      'no params': { body: asJson({ command: 'get_rp', ...oxd }), code: 'malformed_params' },
      'a command by inheritance': {
        body: `{"__proto__":{"command":"license_status","params":{}},${asJson({ ...oxd, more: 1 }).slice(1)}`,
        code: 'unsupported_operation',
      },
    },
  }
}

export const overHttp = (dialect: 'v3' | 'v4'): Way => ({
  dialect,
  strict_json: true,
  allowed_too: dialect === 'v4',
  open({ places }) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let connections = 0
    const answered = (sent: ClientRequest): Promise<{ status: number; text: string }> =>
      new Promise((resolve, reject) => {
        sent.on('error', reject)
        sent.on('response', (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
          )
        })
      })
    const close = (): void => agent.destroy()
    const ask = inTime(async ({ method = 'POST', path = '', body }) => {
      const { port } = places[dialect]
      const type = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const headers = method === 'POST' ? type : {}
      const sent = request({ host: '127.0.0.1', port, path, method, headers, agent })
      sent.end(body)
      const { status, text } = await answered(sent)
      if (!sent.reusedSocket) connections += 1
      assert.equal(connections, 1, 'the connection is kept')
      const reply: unknown = JSON.parse(text)
      if (dialect === 'v4') return bare(reply, status)
      assert.equal(status, 200)
      return opened(reply, dialect)
    }, close)
    return {
      request: ask,
      send: (command, params) => ask({ path: pathOf(command), body: asJson(params) }),
      close,
    }
  },
  nonsense: {
    ...mapped(NO_OBJECTS, (params, what) => [
      `a body that is ${what}`,
      { path: '/get-rp', body: asJson(params), code: 'malformed_json' },
    ]),
    ...mapped({ __proto: '/__proto__', constructor: '/constructor', text: `/${MARK}` }, (path, what) => [
      `a path that is ${what}`,
      { path, body: '{}', code: 'unknown_path' },
    ]),
    'parameters by inheritance': {
      path: '/get-rp',
      body: '{"__proto__":{"list":true}}',
      code: 'missing_parameter',
    },
    'a query with a parameter twice': {
      method: 'GET',
      path: `/initiate-third-party-login/${MARK}?iss=${MARK}&iss=${MARK}`,
      body: '',
      code: 'malformed_params',
    },
    'a query with a blank parameter': {
      method: 'GET',
      path: `/initiate-third-party-login/${MARK}?iss=`,
      body: '',
      code: 'missing_iss',
    },
    'a query with names of prototypes': {
      method: 'GET',
      path: `/initiate-third-party-login/${MARK}?__proto__=${MARK}&__proto__[iss]=${MARK}&constructor=${MARK}`,
      body: '',
      code: 'missing_iss',
    },
    'a path with a NUL': {
      method: 'GET',
      path: `/get-request-object/${MARK}%00`,
      body: '',
      code: 'request_object_not_found',
    },
    'a path with the name of a prototype': {
      method: 'GET',
      path: '/get-request-object/__proto__',
      body: '',
      code: 'request_object_not_found',
    },
  },
})
