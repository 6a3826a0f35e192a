// The whole daemon, from the bytes of callers and of OPs to its answers, over real sockets.
import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { COMMANDS } from '../../../src/daemon.ts'
import { ERRORS } from '../../../src/error.ts'
import { LIMITS } from '../../../src/limits.ts'
import { createDoor } from '../../../src/oidc/http.ts'
import { Caller, type Data } from '../../../src/testing/daemon.ts'
import { refusedBy, targets } from '../../../src/testing/fuzz/target.ts'
import { isJson } from '../../../src/testing/jws.ts'
import { startLyingOp } from '../../../src/testing/op.ts'
import { startBareDaemon } from '../bare_daemon.ts'
import { exchange } from '../exchange.ts'
import { fewFrames } from '../few_frames.ts'

const CALLBACK = 'https://rp.example.com/cb'
const WIRE = Object.values(ERRORS)
  .map((row: { readonly wire: string; readonly v4?: string }) => [row.wire, row.v4 ?? row.wire])
  .flat()
const isWireCode = (code: string): boolean =>
  WIRE.some((wire) => code === wire || (wire.endsWith('_') && code.startsWith(wire)))

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Runs of one site: some inputs change it. */
const SITE_RUNS = 100
const PLAIN_HTTP = [
  '--https-port',
  '0',
  '--https31-port',
  '0',
  '--insecure-plain-http',
  '--insecure-unprotected-http',
  '--insecure-password-commands',
]

export const TARGETS = targets({
  commands: {
    promise:
      'Each command is answered with a result or a listed code, tokens only for the state and code that were made; no exception that nobody foresaw; no secret of a client.',
    about: ['commands', 'dispatch', 'params', 'guard', 'login', 'site', 'uma'],
    examples: [
      ...COMMANDS.flatMap(({ name, examples }) =>
        examples.map(({ params }) =>
          JSON.stringify({
            command: name,
            params: {
              ...params,
              ...(Object.hasOwn(params, 'oxd_id') ? { oxd_id: '$oxd_id' } : {}),
              ...(Object.hasOwn(params, 'op_host') ? { op_host: '$op' } : {}),
            },
          }),
        ),
      ),
      '{"command":"get_tokens_by_code","oxd":1,"params":{"oxd_id":"$oxd_id","code":"$code","state":"$state"}}',
      '{"command":"get_user_info","oxd":1,"params":{"oxd_id":"$oxd_id","access_token":"$access_token"}}',
      '{"command":"get_logout_uri","params":{"oxd_id":"$oxd_id","id_token_hint":"$id_token"}}',
    ],
    async open() {
      const op = await startLyingOp()
      const issuer = op.issuer('fuzz')
      const { daemon, surprises } = await startBareDaemon([
        '--trust-op',
        op.origin,
        '--insecure-password-commands',
      ])
      const connected = () => new Caller(daemon.addresses.tcp?.port ?? 0)
      let caller = connected()
      const ok = async (command: string, params: Data): Promise<Data> => {
        const { status, data } = await caller.call(command, params, { oxd: 1 })
        assert.equal(status, 'ok', JSON.stringify(data))
        return data
      }
      const begin = async (oxd_id: string) => {
        const { authorization_url } = await ok('get_authorization_url', { oxd_id })
        const back = new URL(await op.authorize(String(authorization_url))).searchParams
        return { code: String(back.get('code')), state: String(back.get('state')) }
      }
      const newSite = async () => {
        const { oxd_id } = await ok('register_site', {
          op_host: issuer,
          authorization_redirect_uri: CALLBACK,
        })
        const tokens = await ok('get_tokens_by_code', { oxd_id, ...(await begin(String(oxd_id))) })
        return {
          oxd_id: String(oxd_id),
          access_token: String(tokens['access_token']),
          id_token: String(tokens['id_token']),
        }
      }
      let site = await newSite()
      let left = SITE_RUNS
      return {
        async run(input) {
          if (left-- === 0) {
            site = await newSite()
            left = SITE_RUNS
          }
          const template = input.toString()
          const login = /\$(?:state|code)/.test(template)
            ? await begin(site.oxd_id).catch(() => undefined)
            : undefined
          const words: Readonly<Record<string, string>> = { ...site, op: issuer, ...login }
          const asked = jsonIn(
            template.replaceAll(
              /\$(oxd_id|op|state|code|access_token|id_token)\b/g,
              (whole, name) => words[name] ?? whole,
            ),
          )
          if (!isJson(asked)) return
          const { command } = asked
          const name = typeof command === 'string' ? command : (JSON.stringify(command) ?? '')
          const { status, data } = await caller.call(name, asked['params'] as Data, {
            oxd: asked['oxd'],
          })
          assert.deepEqual(surprises(), [], 'an exception that nobody foresaw')
          assert.ok(isJson(data))
          if (String(data['error_description']).startsWith(ERRORS.frame_too_large.message)) {
            // The daemon closes then: where the next frame begins is not known.
            caller.close()
            caller = connected()
          }
          if (status === 'error') {
            const code = String(data['error'])
            assert.ok(
              asked['oxd'] === 1 ? Object.hasOwn(ERRORS, code) : isWireCode(code),
              `${code} is no listed code`,
            )
          } else assert.equal(status, 'ok')
          const text = JSON.stringify(data)
          for (const [secret, name] of Object.entries(op.secrets(issuer))) {
            if (name.startsWith('client_secret') && asked['command'] !== 'setup_client')
              assert.ok(!text.includes(secret), 'a secret of a client')
          }
          if (status === 'ok' && String(asked['command']).toLowerCase() === 'get_tokens_by_code') {
            const params = asked['params']
            assert.ok(isJson(params) && login !== undefined, 'tokens for nothing')
            // A list of one is as good as its item.
            assert.equal(String(params['state']), login.state, 'tokens for another state')
            assert.equal(String(params['code']), login.code, 'tokens for another code')
          }
        },
        async close() {
          caller.close()
          await daemon.close()
          await op.close()
        },
      }
    },
  },
  socket: {
    promise:
      'Whatever bytes come, the connection ends, each reply is a frame with a listed code; no exception that nobody foresaw.',
    about: ['serve/socket', 'serve/frame'],
    examples: [
      '0049{"command":"get_authorization_url","params":null}',
      '{"command":1}{"command":"x","params":{}}',
      '0002{}0002{}',
      '9999{',
      '0010{"a":"\xff"}',
      'POST / HTTP/1.1\r\n\r\n{"command":"x"}',
    ],
    async open() {
      const { daemon, surprises } = await startBareDaemon([])
      return {
        async run(input) {
          const said = await exchange(daemon.addresses.tcp?.port ?? 0, fewFrames(input))
          assert.deepEqual(surprises(), [], 'an exception that nobody foresaw')
          for (let at = 0; at < said.length;) {
            const [header = ''] = /^\d{4,7}(?=\{)/.exec(said.toString('latin1', at, at + 8)) ?? []
            assert.notEqual(header, '', 'a reply is no frame')
            const reply = jsonIn(
              said.toString('utf8', at + header.length, at + header.length + Number(header)),
            )
            assert.ok(isJson(reply) && isJson(reply['data']), 'a reply is no envelope')
            at += header.length + Number(header)
          }
        },
        close: () => daemon.close(),
      }
    },
  },
  http: {
    promise:
      'Whatever bytes come, the connection ends, each answer is HTTP, JSON with a listed code where it refuses; no exception that nobody foresaw.',
    about: ['serve', 'dispatch', 'dialect'],
    examples: [
      'POST /get-authorization-url HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"oxd_id":"x"}',
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer abc\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      'GET /get-rp-jwks?oxd_id=a&oxd_id=b HTTP/1.1\r\nhost: 127.0.0.1\r\noxd: 1\r\n\r\n',
      'GET /health-check HTTP/1.1\r\nhost: localhost\r\n\r\nGET /docs HTTP/1.1\r\nhost: localhost\r\norigin: x\r\n\r\n',
      'GET /rp/%2e%2e/%00%ff HTTP/1.0\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
    ],
    async open() {
      const { daemon, surprises } = await startBareDaemon(PLAIN_HTTP)
      const { https, https31 } = daemon.addresses
      const ports = [https?.port ?? 0, https31?.port ?? 0]
      return {
        async run(input) {
          for (const port of ports) {
            const said = (await exchange(port, input)).toString()
            assert.deepEqual(surprises(), [], 'an exception that nobody foresaw')
            if (said === '') continue
            assert.match(said, /^HTTP\/1\.1 [1-5]\d\d /, 'an answer is not HTTP')
            const [head = '', body = ''] = said.split('\r\n\r\n', 2)
            if (
              !/^content-type: application\/json/im.test(head) ||
              !/^content-length/im.test(head) ||
              body === ''
            )
              continue
            const [, length = '0'] = /^content-length: (\d+)/im.exec(head) ?? []
            const answer = jsonIn(Buffer.from(body).subarray(0, Number(length)).toString())
            assert.notEqual(answer, undefined, 'JSON is promised, and is none')
            if (!isJson(answer) || typeof answer['error'] !== 'string' || /^oxd: 1/im.test(input.toString()))
              continue
            assert.ok(isWireCode(answer['error']), `${answer['error']} is no listed code`)
          }
        },
        close: () => daemon.close(),
      }
    },
  },
  op_http: {
    promise:
      'Whatever bytes an OP sends, they are an answer within its bound, or a listed refusal that says no more than its bound.',
    about: ['oidc/http', 'oidc/answer', 'oidc/refusal', 'oidc/connect'],
    examples: [
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      'HTTP/1.1 302 Found\r\nlocation: https://evil.example.com/\x1b[31m\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\nabc',
      'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      'HTTP/1.0 999 X\r\n\r\n',
      '\xef\xbb\xbfHTTP/1.1 200 OK\r\n\r\n\xff\xfe',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ],
    async open() {
      let said: Uint8Array = Buffer.alloc(0)
      const server = createServer((socket: Socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.end(said))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      // A TCP server has an address with a port.
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const door = createDoor({ trust_op: [origin], limits: { ...LIMITS, op_total_ms: 2_000 } })
      return {
        async run(input) {
          said = input
          const found = await refusedBy(() =>
            door.request({ step: 'token', url: `${origin}/`, bytes_max: 4_096 }),
          )
          if (!('value' in found)) return
          const { status, text } = found.value
          assert.ok(status >= 100 && status < 600 && Buffer.byteLength(text) <= 3 * 4_096)
          if (status < 300) assert.ok(text.isWellFormed())
        },
        async close() {
          await door.close()
          server.close()
        },
      }
    },
  },
})
