import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readConfig } from './config_file.ts'
import { OxdConfigError } from './errors.ts'
import { CLIENT_LIMITS } from './limits.ts'
import { settingsOf, type ClientConfig } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'oxd-config-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'demosite.cfg')
const read = (text: string | Buffer) => {
  writeFileSync(file, text)
  return settingsOf(readConfig(file, CLIENT_LIMITS))
}

// The minimal configuration of the documentation, as it stands there.
const DOCUMENTED = `
    host = localhost
    port = 8099
    id = <oxd_id>

    op_host = <https://ophost_url>
    authorization_redirect_uri =
    post_logout_redirect_uri =
    client_logout_uris =
    scope = openid,profile,email
`

test('reads the documented file: nothing in it is set but the scopes', () => {
  assert.deepEqual(read(DOCUMENTED), {
    address: { host: '127.0.0.1', port: 8099 },
    caller: {},
    oxd_id: undefined,
    site: { scope: ['openid', 'profile', 'email'] },
    logout_redirect_uri: undefined,
  })
})

test('reads every kind of key, in sections or not', () => {
  const body = (oxd: string, client: string) => `
${oxd}
host = 10.1.2.3
port = 9000
id = 6f9619ff
${client}
op_host = https://op.example.com
authorization_redirect_uri = https://client.example.com/cb?x=%20&y=#;
Post_Logout_Redirect_Uri: https://client.example.com/
logout_redirect_uri = https://client.example.com/out
contacts = a@example.com , , b@example.com,
scopes = openid,
   email
client_frontchannel_logout_uris = https://client.example.com/1,https://client.example.com/2
client_name = Café ; the "best" # of = all
client_secret_expires_at = 3080736637943
remember_last_login = Yes
accept_foreign_tokens = off
acr_values = ""
https_extension =
dynamic_registration = true
`
  const expected = {
    address: { host: '10.1.2.3', port: 9000 },
    caller: {},
    oxd_id: '6f9619ff',
    site: {
      op_host: 'https://op.example.com',
      authorization_redirect_uri: 'https://client.example.com/cb?x=%20&y=#;',
      post_logout_redirect_uri: 'https://client.example.com/',
      contacts: ['a@example.com', 'b@example.com'],
      client_frontchannel_logout_uris: ['https://client.example.com/1', 'https://client.example.com/2'],
      client_name: 'Café ; the "best" # of = all',
      client_secret_expires_at: '3080736637943',
      remember_last_login: true,
      accept_foreign_tokens: false,
      scope: ['openid', 'email'],
    },
    logout_redirect_uri: 'https://client.example.com/out',
  }
  assert.deepEqual(read(body('[oxd]', '[client]')), expected)
  assert.deepEqual(read(body('', '')), expected)
  assert.deepEqual(read(`\ufeff${body('[oxd]', '[client]').replaceAll('\n', '\r\n')}`), expected)
})

test('what stands in other sections is not ours, [DEFAULT] holds for lack of something else', () => {
  const { address, oxd_id, site } = read(`
[user]
id = 7
scope = \xff
[database]
host = 10.0.0.1
host = 10.0.0.2
port = none
[OXD]
op_host = https://shouted.example.com
[DEFAULT]
client_name = default
client_id = default
id = 8
[oxd]
host = 10.1.2.3
port = 9000
id =
[client]
client_id = c-7
`)
  assert.deepEqual(address, { host: '10.1.2.3', port: 9000 })
  assert.equal(oxd_id, undefined)
  assert.deepEqual(site, { client_name: 'default', client_id: 'c-7' })
})

test('scope wins over scopes, a Unix socket over host and port', () => {
  const { site, address } = read('scopes = a\nscope = openid\nunix = /run/oxd.sock\nport = 1\n')
  assert.deepEqual(site, { scope: ['openid'] })
  assert.deepEqual(address, { path: '/run/oxd.sock' })
})

test('oxd-python 3.1.1 named the port otherwise', () => {
  assert.deepEqual(read('connection_type = local\nconnection_type_value = 8100\n').address, {
    host: '127.0.0.1',
    port: 8100,
  })
})

/** As `settingsOf` says it: the URL as text. */
const place = (text: string): string => {
  const { address } = read(text)
  return 'url' in address ? address.url.href : 'no url'
}
const PLACES: readonly (readonly [text: string, url: string])[] = [
  ['url = https://oxd.example.com:8443\nhost = localhost\nport = 8099', 'https://oxd.example.com:8443/'],
  ['url = https://example.com/oxd', 'https://example.com/oxd/'],
  ['url = http://127.0.0.1:8443', 'http://127.0.0.1:8443/'],
  ['url = http://[::1]:8443', 'http://[::1]:8443/'],
  ['url = http://oxd.example.com\ninsecure_plain_http = yes', 'http://oxd.example.com/'],
  // As oxd-python 3.1 had it, which looked at no port then.
  [
    '[oxd]\nhost = oxd.example.com:8443\nport = 8099\nhttps_extension = true',
    'https://oxd.example.com:8443/',
  ],
  ['[oxd]\nhost = https://oxd.example.com\nhttps_extension = false', 'https://oxd.example.com/'],
  [
    'connection_type = web\nconnection_type_value = https://oxd.example.com:8443',
    'https://oxd.example.com:8443/',
  ],
]
for (const [text, url] of PLACES) {
  test(`HTTPS: ${text.replaceAll('\n', ', ')}`, () => assert.equal(place(`${text}\n`), url))
}

test('what proves who asks: a caller key, a client, or what oxd-python left', () => {
  const caller = (text: string) => read(text).caller
  assert.deepEqual(caller('caller_key = oxd_key_k'), { caller_key: 'oxd_key_k' })
  assert.deepEqual(caller('protection_access_token = oxd_key_k\nclient_id = c'), { caller_key: 'oxd_key_k' })
  const client = { client_id: 'c-79', client_secret: 'sec', op_host: undefined, scope: undefined }
  assert.deepEqual(caller('client_id = c-79\nclient_secret = sec\nprotection_access_token = pat-33'), {
    protection: client,
  })
  assert.deepEqual(caller('client_id = c-79\nclient_secret = sec'), {})
  assert.deepEqual(caller('protection_access_token = pat-33'), {})
  const own =
    'protection_client_id = c-79\nprotection_client_secret = sec\nprotection_op_host = https://op\nprotection_scope = oxd, uma_protection\nclient_id = c-1'
  assert.deepEqual(caller(own), {
    protection: { ...client, op_host: 'https://op', scope: ['oxd', 'uma_protection'] },
  })
  assert.deepEqual(read(own).site, { client_id: 'c-1' }, 'nothing of it is registered')
})

test('certificates and keys: PEM, or files beside the configuration file', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) writeFileSync(join(folder, name), pem)
  const url = 'https://oxd.example.com'
  const read3 = read(`url = ${url}\nca = ca.pem\ncert = ${join(folder, 'cert.pem')}\nkey = key.pem\n`)
  assert.deepEqual(read3.address, { url: new URL(url), ca: pem, cert: pem, key: pem })
  assert.deepEqual(settingsOf({ url, ca: pem }).address, { url: new URL(url), ca: pem })
  writeFileSync(join(folder, 'none.pem'), 'no PEM')
  const wrong: readonly (readonly [ClientConfig, RegExp])[] = [
    [{ url, ca: join(folder, 'none.pem') }, /^ca: .*none\.pem holds no PEM$/],
    [{ url, ca: join(folder, 'missing.pem') }, /^ca: .*missing\.pem cannot be read \(ENOENT\)$/],
    [{ url, cert: pem }, /^cert and key belong together$/],
    [{ url, unix: '/run/oxd.sock' }, /^url and unix name two places/],
    [{ url: 'http://oxd.example.com' }, /^url must be https/],
    [{ caller_key: 'hush hush' }, /^caller_key must be one word/],
    [{ protection: { client_id: 'c', client_secret: '' } }, /^protection needs client_id and client_secret$/],
    [
      { caller_key: 'hush', protection: { client_id: 'c', client_secret: 'hush' } },
      /^caller_key and protection/,
    ],
  ]
  for (const [config, message] of wrong) {
    assert.throws(
      () => settingsOf(config),
      (error) =>
        error instanceof OxdConfigError && message.test(error.message) && !error.message.includes('hush'),
      String(message),
    )
  }
})

test('numbers and JSON', () => {
  assert.deepEqual(read('default_max_age = 300\njwks = {"keys":\n  []}\nrequire_auth_time = on\n').site, {
    default_max_age: 300,
    jwks: { keys: [] },
    require_auth_time: true,
  })
})

const WRONG: readonly (readonly [
  what: string,
  text: string | Buffer,
  line: number | undefined,
  message: RegExp,
])[] = [
  ['a line that is nothing', 'port = 1\nhello world\n', 2, /demosite\.cfg:2: neither .*: hello world$/],
  ['a section that is not closed', '[oxd\n', 1, /: \[oxd$/],
  ['a line without a key', ' = 1\n', 1, /: = 1$/],
  ['a key given twice', 'port = 1\n[oxd]\nPORT = 2\n', 3, /port is given twice, here and in line 1/],
  ['a default given twice', '[DEFAULT]\nport = 1\nport = 2\n', 3, /port is given twice, here and in line 2/],
  ['no number', 'port = eight\n', 1, /port is eight/],
  ['no port', 'a=1\nport = 70000\n', 2, /port is 70000/],
  ['neither yes nor no', 'trusted_client = maybe\n', 1, /trusted_client is maybe/],
  ['the name of a property', 'trusted_client = constructor\n', 1, /trusted_client is constructor/],
  ['a host with more below it', 'host = localhost\n  port = 8099\n', 1, /host holds blanks/],
  ['an id of two words', 'id = a b\n', 1, /id holds blanks/],
  ['HTTP without a host', 'https_extension = true\n', 1, /https_extension needs host/],
  [
    'HTTP of 3.1.1 without a URL',
    'connection_type = web\n',
    1,
    /connection_type needs connection_type_value/,
  ],
  ['another way of 3.1.1', 'connection_type = pigeon\n', 1, /is pigeon: it must be local or web/],
  ['another scheme', 'a=1\nurl = ftp://oxd.example.com\n', 2, /url must be a URL such as https:/],
  ['plain HTTP elsewhere', 'url = http://oxd.example.com\n', 1, /url must be https: .*insecure_plain_http/],
  ['a URL with a password', 'url = https://u:hush@oxd.example.com\n', 1, /url must not hold .*caller_key$/],
  ['a URL with a query', 'url = https://oxd.example.com/?a=b\n', 1, /url must not have a query/],
  ['a URL of two lines', 'url = https://a\n  b\n', 1, /url holds blanks/],
  ['half a client', 'protection_client_id = c-7\n', 1, /needs protection_client_secret beside it/],
  ['the other half', 'protection_client_secret = hush\n', 1, /needs protection_client_id beside it/],
  [
    'two ways to say who asks',
    'caller_key = k\nprotection_client_id = c\nprotection_client_secret = hush\n',
    1,
    /give one of them/,
  ],
  [
    'no number of seconds',
    'default_max_age = soon\n',
    1,
    /default_max_age is soon: it must be a whole number/,
  ],
  ['no JSON', 'jwks = {keys\n', 1, /jwks must be JSON/],
  ['not UTF-8', Buffer.from('client_name = caf\xe9\n', 'latin1'), 1, /client_name is not UTF-8/],
  ['UTF-16', Buffer.from('\ufeffport = 1\n', 'utf16le'), undefined, /save it as UTF-8/],
  [
    'too large',
    Buffer.alloc(CLIENT_LIMITS.config_bytes_max + 1, 0x23),
    undefined,
    /more than the 1048576 allowed/,
  ],
]
for (const [what, text, line, message] of WRONG) {
  test(`refuses: ${what}`, () => {
    assert.throws(
      () => read(text),
      (error) => {
        assert.ok(error instanceof OxdConfigError)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /hush/)
        assert.equal(error.file, file)
        assert.equal(error.line, line)
        return true
      },
    )
  })
}

test('an error shows no secret', () => {
  for (const text of [
    'client_secret hush-hush\n',
    'client_secret = abc\nhush-hush\n',
    'x client_secret hush-hush\n',
    'caller_key hush-hush\n',
  ]) {
    assert.throws(
      () => read(text),
      (error) => error instanceof OxdConfigError && !error.message.includes('hush'),
      text,
    )
  }
})

test('a missing file and a folder are clear errors', () => {
  assert.throws(() => readConfig(join(folder, 'none.cfg'), CLIENT_LIMITS), /none\.cfg: there is no such file/)
  assert.throws(() => readConfig(folder, CLIENT_LIMITS), /this is a folder/)
})

test('a file that this user may not read is a clear error', () => {
  const closed = join(folder, 'closed.cfg')
  writeFileSync(closed, 'port = 1\n', { mode: 0 })
  // Root may read everything: the child gives its rights away once the module is loaded.
  const source = `
    const { readConfig } = await import(${JSON.stringify(new URL('config_file.ts', import.meta.url).href)})
    if (process.getuid() === 0) process.setuid(65534)
    try { readConfig(${JSON.stringify(closed)}, { config_bytes_max: 99 }) }
    catch (error) { process.stdout.write(error.name + ' ' + error.message) }`
  chmodSync(folder, 0o755)
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' })
  assert.match(stdout, /^OxdConfigError .*closed\.cfg: this user may not read it: check owner and mode$/)
})

test('settings handed in: empty ones count as absent', () => {
  assert.deepEqual(
    settingsOf({
      host: 'LocalHost',
      id: 'X',
      scopes: ['openid'],
      contacts: [],
      client_name: '',
      op_host: 'https://op',
    }),
    {
      address: { host: '127.0.0.1', port: 8099 },
      caller: {},
      oxd_id: 'X',
      site: { scope: ['openid'], op_host: 'https://op' },
      logout_redirect_uri: undefined,
    },
  )
  assert.throws(() => settingsOf({ port: 0 }), /port is 0/)
  for (const nothing of [null, undefined, 7, ['demosite.cfg']]) {
    assert.throws(
      // @ts-expect-error -- JavaScript may hand in anything
      () => settingsOf(nothing),
      (error) =>
        error instanceof OxdConfigError && /give the path of a configuration file/.test(error.message),
    )
  }
})
