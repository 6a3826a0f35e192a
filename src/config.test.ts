// The settings: one table, four sources, and a name and place for every mistake.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { envOf, readConfig, serveHelp, SETTING_LIST, writtenFlag } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'oxd-config-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'oxd.yml')
const NOWHERE = join(folder, 'nowhere.yml')

describe('settings', () => {
  it('have defaults', () => {
    assert.deepEqual(readConfig([], {}, NOWHERE), {
      bind: '127.0.0.1',
      port: 8099,
      tcp: true,
      unix: undefined,
      https_port: undefined,
      https31_port: undefined,
      public_url: undefined,
      public_port: undefined,
      tls_cert: undefined,
      tls_key: undefined,
      insecure_plain_http: false,
      require_token: false,
      insecure_unprotected_http: false,
      allowed_op: [],
      allowed_ip: [],
      client_certificates: false,
      insecure_password_commands: false,
      insecure_unsigned_id_tokens: false,
      data_dir: './oxd-data',
      key_file: undefined,
      op_host: undefined,
      trust_op: [],
      allow_webhook: [],
      op_ca: undefined,
      op_proxy: undefined,
      no_proxy: undefined,
      no_quirk: [],
      key: undefined,
    })
  })

  it('come from flags before the environment before the file', () => {
    writeFileSync(file, 'port: 1\nbind: 127.0.0.2\nunix: /a\n')
    const config = readConfig(['--port', '3'], { OXD_PORT: '2', OXD_BIND: '127.0.0.3' }, file)
    assert.deepEqual([config.port, config.bind, config.unix], [3, '127.0.0.3', '/a'])
    assert.equal(readConfig(['--config', file], {}, NOWHERE).port, 1)
    assert.equal(readConfig([], { OXD_CONFIG: file }, NOWHERE).port, 1)
  })

  it('take origins from URLs, several in every source', () => {
    const wanted = ['https://a.example', 'https://b.example:8443']
    const values = ['https://a.example/path', 'https://b.example:8443']
    assert.deepEqual(
      readConfig(
        values.flatMap((value) => ['--trust-op', value]),
        {},
        NOWHERE,
      ).trust_op,
      wanted,
    )
    assert.deepEqual(readConfig([], { OXD_TRUST_OP: values.join(', ') }, NOWHERE).trust_op, wanted)
    writeFileSync(file, `trust_op:\n  - ${values.join('\n  - ')}\n`)
    assert.deepEqual(readConfig([], {}, file).trust_op, wanted)
    writeFileSync(file, `trust_op: ${values[0]}\n`)
    assert.deepEqual(readConfig([], {}, file).trust_op, ['https://a.example'])
  })

  it('switch the TCP socket off in every source, and never leave nothing', () => {
    const unix = ['--unix', '/x']
    writeFileSync(file, 'tcp: false\n')
    assert.equal(readConfig(['--no-tcp', ...unix], {}, NOWHERE).tcp, false)
    assert.equal(readConfig(unix, { OXD_TCP: 'false' }, NOWHERE).tcp, false)
    assert.equal(readConfig(unix, {}, file).tcp, false)
    assert.throws(() => readConfig(['--no-tcp'], {}, NOWHERE), /--unix/)
  })

  it('take hosts without the proxy from --no-proxy and NO_PROXY', () => {
    assert.equal(readConfig(['--no-proxy', 'a,b'], {}, NOWHERE).no_proxy, 'a,b')
    assert.equal(readConfig([], { NO_PROXY: 'a,b' }, NOWHERE).no_proxy, 'a,b')
  })

  it('take an empty variable as absent', () => {
    const config = readConfig([], { OXD_PORT: '', OXD_KEY: '', OXD_CONFIG: '' }, NOWHERE)
    assert.deepEqual([config.port, config.key], [8099, undefined])
  })

  const WRONG: readonly (readonly [
    argv: string[],
    env: Record<string, string>,
    yml: string,
    wants: RegExp,
  ])[] = [
    [['--porrt', '1'], {}, '', /--porrt/],
    [['--port'], {}, '', /--port/],
    [['--port', '1.5'], {}, '', /--port: must be a port/],
    [['--port', ''], {}, '', /--port: must be a port/],
    [[], {}, 'port: ""', /oxd\.yml:1: port: must be a port/],
    [[], {}, 'op_ca: *foo', /oxd\.yml:1/],
    [[], {}, 'op_ca: {a: 1}', /oxd\.yml:1: op_ca/],
    [[], { OXD_TRUST_OP: ',' }, '', /OXD_TRUST_OP: is empty/],
    [['serve'], {}, '', /serve/],
    [['--trust-op', 'ftp://a.example'], {}, '', /--trust-op.*origin/],
    [['--bind', ''], {}, '', /--bind/],
    [[], { OXD_PORRT: '1' }, '', /OXD_PORRT/],
    [[], { OXD_TCP: 'maybe' }, '', /OXD_TCP: must be true or false/],
    [[], {}, 'porrt: 1', /oxd\.yml:1: porrt/],
    [[], {}, '\n\nport: x', /oxd\.yml:3: port/],
    [[], {}, 'port: 1\nport: 2', /oxd\.yml:2/],
    [[], {}, 'trust_op: [a, b]', /oxd\.yml:1: trust_op/],
    [[], {}, 'key: x', /oxd\.yml:1: key/],
    [[], {}, '"', /oxd\.yml:1/],
  ]
  for (const [argv, env, yml, wants] of WRONG) {
    it(`name what is wrong with ${JSON.stringify(argv.length > 0 ? argv : yml === '' ? env : yml)}`, () => {
      writeFileSync(file, yml)
      assert.throws(
        () => readConfig(argv, env, file),
        (error: Error) => {
          assert.equal(error.name, 'StartError')
          assert.match(error.message, wants)
          return !error.message.includes('\n')
        },
      )
    })
  }

  it('are all in the help, with flag, variable and default', () => {
    const help = serveHelp()
    for (const [name] of SETTING_LIST) {
      assert.ok(help.includes(writtenFlag(name)), name)
      assert.ok(help.includes(envOf(name)), name)
    }
    assert.ok(help.includes('--no-tcp ') && help.includes('--require-token '))
    assert.ok(!help.includes('--no-require-token'))
  })
})

describe('settings that go together', () => {
  const TLS = ['--tls-cert', 'c.pem', '--tls-key', 'k.pem']
  const BROKEN: readonly (readonly [what: string, argv: readonly string[], wants: RegExp])[] = [
    ...['0.0.0.0', '::', '192.0.2.1', '127.1', '127.example.com', 'example.com'].map(
      (host) => [`an open socket at ${host}`, ['--bind', host], /--require-token.*--no-tcp/] as const,
    ),
    [
      'unprotected HTTP beyond loopback',
      ['--bind', '0.0.0.0', '--no-tcp', '--https-port', '0', ...TLS, '--insecure-unprotected-http'],
      /--insecure-unprotected-http.*loopback/,
    ],
    [
      'plain HTTP beyond loopback',
      ['--bind', '0.0.0.0', '--no-tcp', '--https-port', '0', '--insecure-plain-http'],
      /--insecure-plain-http.*--tls-cert/,
    ],
    ['HTTPS without a certificate', ['--https-port', '0'], /--tls-cert FILE and --tls-key FILE/],
    ['HTTPS of 3.1 without a key', ['--https31-port', '0', '--tls-cert', 'c.pem'], /--tls-key/],
    ['a key without a certificate', ['--tls-key', 'k.pem'], /go together/],
  ]
  for (const [what, argv, wants] of BROKEN) {
    it(`refuse ${what}`, () => {
      assert.throws(() => readConfig(argv, {}, NOWHERE), { name: 'StartError', message: wants })
    })
  }

  const FINE: readonly (readonly string[])[] = [
    ['--bind', '127.0.0.2'],
    ['--bind', '::1'],
    ['--bind', 'localhost'],
    ['--bind', '0.0.0.0', '--require-token'],
    ['--bind', '0.0.0.0', '--no-tcp', '--unix', '/x'],
    ['--bind', '0.0.0.0', '--no-tcp', '--https-port', '0', ...TLS],
    ['--no-tcp', '--https31-port', '0', '--insecure-plain-http'],
    ['--https-port', '8443', ...TLS, '--insecure-unprotected-http'],
  ]
  for (const argv of FINE) it(`allow ${argv.join(' ')}`, () => void readConfig(argv, {}, NOWHERE))
})
