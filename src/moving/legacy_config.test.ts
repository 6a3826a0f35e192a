import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SETTINGS } from '../config.ts'
import { StartError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { LEGACY_KEYS } from './legacy_keys.ts'
import { isLegacyConfig, readLegacyConfig } from './legacy_config.ts'
import type { LegacyConfig, LegacyFile } from './legacy_config.ts'

/** As 3.0 shipped it, by its keys. */
const CONF_30 = {
  port: 8099,
  localhost_only: true,
  time_out_in_seconds: 0,
  use_client_authentication_for_pat: true,
  use_client_authentication_for_aat: true,
  trust_all_certs: true,
  trust_store_path: '',
  trust_store_password: '',
  license_id: '',
  public_key: '',
  public_password: '',
  license_password: 'the-license-password',
  'support-google-logout': true,
  state_expiration_in_minutes: 5,
  nonce_expiration_in_minutes: 5,
}
/** As 3.1 shipped it. */
const CONF_31 = {
  port: 8099,
  localhost_only: true,
  time_out_in_seconds: 0,
  use_client_authentication_for_pat: true,
  trust_all_certs: true,
  trust_store_path: '',
  trust_store_password: '',
  crypt_provider_key_store_path: '',
  crypt_provider_key_store_password: '',
  crypt_provider_dn_name: '',
  'support-google-logout': true,
  state_expiration_in_minutes: 5,
  nonce_expiration_in_minutes: 5,
  public_op_key_cache_expiration_in_minutes: 60,
  protect_commands_with_access_token: false,
  uma2_auto_register_claims_gathering_endpoint_as_redirect_uri_of_client: true,
  migration_source_folder_path: '',
  storage: 'h2',
  storage_configuration: { dbFileLocation: '/opt/oxd-server/data/oxd_db' },
  remove_expired_clients: false,
}
const DEFAULTS = {
  op_host: '',
  op_discovery_path: '',
  authorization_redirect_uri: '',
  post_logout_redirect_uri: '',
  redirect_uris: [''],
  response_types: ['code'],
  grant_type: ['authorization_code'],
  acr_values: [''],
  scope: ['openid', 'profile', 'email'],
  ui_locales: ['en'],
  claims_locales: ['en'],
  client_jwks_uri: '',
  contacts: [],
}
const SERVER_4 = `
# server configuration
use_client_authentication_for_pat: true
trust_all_certs: false
support-google-logout: true
protect_commands_with_access_token: true
accept_id_token_without_signature: false
id_token_validation_c_hash_required: true
id_token_validation_at_hash_required: true
id_token_validation_s_hash_required: false
validate_user_info_with_id_token: false
bind_ip_addresses: []
allowed_op_hosts: ['https://op.example.com']
tls_version: []
storage: h2
storage_configuration:
  dbFileLocation: /opt/oxd-server/data/oxd_db
server:
  applicationConnectors:
    - type: https
      port: \${OXD_PORT:-8443}
      keyStorePath: /opt/oxd-server/conf/oxd-server.keystore
      keyStorePassword: the-keystore-password
      validateCerts: false
  adminConnectors:
    - type: https
      port: 8444
logging:
  level: INFO
defaultSiteConfig:
  op_host: \${OP_HOST}
  op_discovery_path: ''
  response_types: ['code']
  grant_type: ['authorization_code']
  acr_values: ['']
  scope: ['openid', 'profile', 'email']
  contacts: []
`

const read = (over: Partial<LegacyFile> & { readonly content?: unknown } = {}): Promise<LegacyConfig> =>
  readLegacyConfig(
    {
      name: 'conf/oxd-conf.json',
      text: JSON.stringify(over.content ?? CONF_31),
      sibling: () => undefined,
      env: {},
      met: async () => ({ verifies: true, line: 'subject CN=op' }),
      ...over,
    },
    LIMITS,
  )
const read4 = (over: Partial<LegacyFile> = {}): Promise<LegacyConfig> =>
  read({ name: 'oxd-server.yml', text: SERVER_4, env: { OP_HOST: 'https://op.example.com' }, ...over })
const yml = (text: string, over: Partial<LegacyFile> = {}): Promise<LegacyConfig> => read4({ text, ...over })
const refused = (reading: Promise<unknown>, ...texts: readonly (string | RegExp)[]) =>
  assert.rejects(reading, (error) => {
    assert.ok(error instanceof StartError, String(error))
    for (const text of texts) {
      if (typeof text === 'string') assert.ok(error.message.includes(text), `${error.message} lacks ${text}`)
      else assert.match(error.message, text)
    }
    assert.ok(!error.message.includes('\n'))
    return true
  })
/** How often a key has a warning of its own. */
const about = ({ warnings }: LegacyConfig, key: string): number =>
  warnings.filter((line) => line.split(': ').includes(key)).length

describe('oxd-conf.json', () => {
  test('of 3.0 keeps port and protection as they were', async () => {
    const config = await read({ content: CONF_30 })
    assert.deepEqual(config.settings, { port: 8099 })
    assert.deepEqual(config.site_defaults, {})
  })

  test('of 3.1 as it was shipped', async () => {
    assert.deepEqual((await read()).settings, { port: 8099 })
  })

  for (const conf of [CONF_30, CONF_31]) {
    const applies = new Set([
      'port',
      'localhost_only',
      'protect_commands_with_access_token',
      'support-google-logout',
    ])
    for (const key of Object.keys(conf).filter((name) => !applies.has(name))) {
      test(`names ${key} in exactly one warning (${conf === CONF_30 ? '3.0' : '3.1'})`, async () => {
        const config = await read({ content: conf })
        assert.equal(about(config, key.replaceAll('-', '_')), 1, config.warnings.join('\n'))
        const own = config.warnings.find((line) => line.split(': ').includes(key.replaceAll('-', '_')))
        assert.match(own ?? '', /^conf\/oxd-conf\.json: /)
        assert.ok(!own?.includes('the-license-password'))
      })
    }
  }

  test('names each unknown key in one warning, and no other', async () => {
    const config = await read({ content: { ...CONF_31, colour: 'red', constructor: 1, 'op-host': 2 } })
    for (const key of ['colour', 'constructor', 'op_host']) assert.equal(about(config, key), 1)
    const rest = await read()
    assert.equal(config.warnings.length, rest.warnings.length + 3)
  })

  for (const protect of [null, true, 'true'] as const) {
    test(`protect_commands_with_access_token: ${protect} asks for tokens`, async () => {
      const { settings } = await read({
        content: { ...CONF_31, protect_commands_with_access_token: protect },
      })
      assert.equal(settings.require_token, true)
    })
  }
  test('where tokens are asked for, that setup_client needs one is said, once, unless there is a default OP', async () => {
    const content = { ...CONF_31, protect_commands_with_access_token: true }
    assert.equal(about(await read({ content }), 'protect_commands_with_access_token'), 1)
    const sibling = () => JSON.stringify({ op_host: 'https://op.example.com' })
    assert.equal(about(await read({ content, sibling }), 'protect_commands_with_access_token'), 0)
  })
  test('absent from a file of 3.1 it asks for tokens, too', async () => {
    const { protect_commands_with_access_token: _, ...content } = CONF_31
    assert.equal((await read({ content })).settings.require_token, true)
  })
  test('a file of 3.0, which knew no tokens, says so', async () => {
    const config = await read({ content: CONF_30 })
    assert.equal(config.settings.require_token, undefined)
    assert.equal(about(config, 'protect_commands_with_access_token'), 1)
  })

  test('localhost_only: false opens the network only for callers with tokens', async () => {
    const open = { ...CONF_31, localhost_only: false }
    const { settings } = await read({ content: { ...open, protect_commands_with_access_token: true } })
    assert.equal(settings.bind, '0.0.0.0')
    assert.equal(settings.require_token, true)
    await refused(read({ content: open }), 'localhost_only', '--require-token')
    await refused(
      read({ content: { ...CONF_30, localhost_only: false } }),
      'localhost_only',
      '--require-token',
    )
    assert.equal((await read({ content: { ...CONF_31, localhost_only: null } })).settings.bind, undefined)
  })

  test('names the command that brings the sites', async () => {
    const at = async (content: object) => (await read({ content })).warnings.join('\n')
    assert.match(
      await at(CONF_31),
      /java -cp .*jdbc:h2:file:\/opt\/oxd-server\/data\/oxd_db -user oxd .*CSVWRITE\('rp\.csv'.*oxd import rp\.csv/,
    )
    const redis = {
      storage: 'redis',
      storage_configuration: { host: 'cache', port: 6380, password: 'the-redis-password' },
    }
    assert.match(await at({ ...CONF_31, ...redis }), /oxd import redis:\/\/cache:6380\/0/)
    assert.ok(!(await at({ ...CONF_31, ...redis })).includes('the-redis-password'))
    assert.match(
      await at({ ...CONF_31, migration_source_folder_path: '/old conf' }),
      /oxd import '\/old conf'/,
    )
  })

  test('is read with tabs and a byte order mark, and refused where it is broken, by its line', async () => {
    assert.equal(
      (await read({ text: '\uFEFF{\n\t"port":\t7000,\n\t"localhost_only": true\n}\n' })).settings.port,
      7000,
    )
    await refused(
      read({ text: '{\n"port": 8099,\n"license_password": "x' }),
      'conf/oxd-conf.json:',
      /is not valid/,
    )
    await refused(read({ text: '[1]' }), 'list of settings')
    await refused(read({ text: '{"port": 1, "port": 2}' }), /is not valid/)
    await refused(read({ content: { ...CONF_31, support_google_logout: true } }), 'both spellings')
    await refused(read({ text: ' '.repeat(LIMITS.settings_bytes_max + 1) }), 'bytes')
  })

  for (const [key, value] of [
    ['port', 'x'],
    ['port', 70_000],
    ['port', true],
    ['port', [8099]],
    ['localhost_only', 'maybe'],
    ['localhost_only', {}],
    ['trust_all_certs', 1],
    ['trust_store_path', {}],
    ['allowed_op_hosts', [{}]],
  ] as const) {
    test(`refuses ${key}: ${JSON.stringify(value)} by its name`, async () => {
      await refused(read({ content: { ...CONF_31, [key]: value } }), `conf/oxd-conf.json: ${key}: must be`)
    })
  }

  test('a member __proto__ is a key that nobody knows', async () => {
    const config = await read({ text: '{"port": 1, "__proto__": {"port": 2, "trust_all_certs": true}}' })
    assert.deepEqual(config.settings, { port: 1 })
    assert.equal(about(config, '__proto__'), 1)
  })
})

describe('oxd-default-site-config.json', () => {
  const withDefaults = (content: unknown) =>
    read({
      sibling: (name) => (name === 'oxd-default-site-config.json' ? JSON.stringify(content) : undefined),
    })

  test('as it was shipped', async () => {
    assert.deepEqual((await withDefaults(DEFAULTS)).site_defaults, {
      response_types: ['code'],
      grant_types: ['authorization_code'],
      scope: ['openid', 'profile', 'email'],
      ui_locales: ['en'],
      claims_locales: ['en'],
    })
  })

  test('in both spellings; the default OP is a setting', async () => {
    const config = await withDefaults({
      op_host: 'https://op.example.com/',
      op_discovery_path: '/tenant',
      grant_types: ['authorization_code', 'refresh_token'],
      logout_redirect_uri: 'https://shop.example.com/bye',
      sector_identifier_uri: 'https://shop.example.com/sector',
    })
    assert.equal(config.settings.op_host, 'https://op.example.com/')
    assert.deepEqual(config.site_defaults, {
      op_discovery_path: '/tenant',
      grant_types: ['authorization_code', 'refresh_token'],
      post_logout_redirect_uri: 'https://shop.example.com/bye',
      client_sector_identifier_uri: 'https://shop.example.com/sector',
    })
  })

  test('names what is no default, and refuses what is malformed', async () => {
    const config = await withDefaults({ user_secret: 'the-user-secret', colour: 1 })
    for (const key of ['user_secret', 'colour']) assert.equal(about(config, key), 1)
    assert.ok(!config.warnings.join('\n').includes('the-user-secret'))
    await refused(withDefaults({ scope: { a: 1 } }), 'oxd-default-site-config.json', 'scope')
    await refused(withDefaults({ op_host: 7 }), 'oxd-default-site-config.json: op_host')
    await refused(withDefaults([1]), 'oxd-default-site-config.json')
  })
})

describe('oxd-server.yml', () => {
  test('as it was shipped, with the environment in it', async () => {
    const config = await read4()
    assert.deepEqual(config.settings, {
      tcp: false,
      https_port: 8443,
      tls_cert: '/opt/oxd-server/conf/oxd-server-cert.pem',
      tls_key: '/opt/oxd-server/conf/oxd-server-key.pem',
      allowed_op: ['https://op.example.com'],
      op_host: 'https://op.example.com',
    })
    assert.deepEqual(config.site_defaults, {
      response_types: ['code'],
      grant_types: ['authorization_code'],
      scope: ['openid', 'profile', 'email'],
    })
    const text = config.warnings.join('\n')
    assert.match(
      text,
      /keytool -importkeystore -srckeystore \/opt\/oxd-server\/conf\/oxd-server\.keystore .* openssl pkcs12/,
    )
    assert.ok(!text.includes('the-keystore-password'))
    for (const key of [
      'logging',
      'server.adminConnectors',
      'storage',
      'storage_configuration',
      'validate_user_info_with_id_token',
      'server.applicationConnectors.validateCerts',
    ]) {
      assert.equal(about(config, key), 1, key)
    }
  })

  test('the environment wins over the default, and what is not set is named', async () => {
    const env = { OP_HOST: 'https://op.example.com', OXD_PORT: '9443' }
    assert.equal((await read4({ env })).settings.https_port, 9443)
    await refused(read4({ env: {} }), 'defaultSiteConfig', 'OP_HOST')
    assert.equal((await yml('# ${NOT_SET}\nserver: {}\n')).settings.https_port, 8443)
    const nested = 'defaultSiteConfig: { op_host: "${A:-${B:-https://c.example.com}}" }\n'
    assert.equal((await yml(nested)).settings.op_host, 'https://c.example.com')
    assert.equal(
      (await yml(nested, { env: { B: 'https://b.example.com' } })).settings.op_host,
      'https://b.example.com',
    )
  })

  test('an environment that grows without end is refused', async () => {
    const env = { A: '${B}'.repeat(2000), B: '${C}'.repeat(2000), C: 'x' }
    await refused(yml('server: {}\ntracer: ${A}\n', { env }), 'oxd-server.yml', 'with the environment in it')
    const long = `server: {}\n# ${'x'.repeat(LIMITS.settings_bytes_max)}\n`
    await refused(yml(long), /oxd-server\.yml: has more than \d+ bytes\.$/)
  })

  test('protect_commands_with_access_token: false is named for what it is', async () => {
    const config = await yml('protect_commands_with_access_token: false\nserver: {}\n')
    assert.equal(config.settings.insecure_unprotected_http, true)
    assert.equal(about(config, 'protect_commands_with_access_token'), 1)
    for (const on of ['true', '']) {
      const { settings } = await yml(`protect_commands_with_access_token: ${on}\nserver: {}\n`)
      assert.equal(settings.insecure_unprotected_http, undefined)
    }
    await refused(
      yml("protect_commands_with_access_token: false\nbind_ip_addresses: ['*']\nserver: {}\n"),
      'protect_commands_with_access_token',
      'oxd callers add',
    )
  })

  test('bind_ip_addresses says who may call, and so whether it listens to the network', async () => {
    const local = await yml("bind_ip_addresses: ['127.0.0.1']\nserver: {}\n")
    assert.deepEqual(local.settings.allowed_ip, ['127.0.0.1'])
    assert.equal(local.settings.bind, undefined)
    const open = await yml('bind_ip_addresses: [127.0.0.1, 10.0.0.7]\nserver: {}\n')
    assert.deepEqual(open.settings.allowed_ip, ['127.0.0.1', '10.0.0.7'])
    assert.equal(open.settings.bind, '0.0.0.0')
  })

  test('sites are registered at the OPs that are listed, or by callers who prove themselves', async () => {
    const empty = await yml('allowed_op_hosts: []\nserver: {}\n')
    assert.equal(empty.settings.allowed_op, undefined)
    assert.match(empty.warnings.join('\n'), /allowed_op_hosts: empty, .*oxd callers add.*--allowed-op ISSUER/)
    assert.equal(about(await read4(), 'allowed_op_hosts'), 1)
    await refused(
      yml(
        "protect_commands_with_access_token: false\nallowed_op_hosts: ['https://op.example.com']\nserver: {}\n",
      ),
      'allowed_op_hosts',
    )
  })

  test('plain HTTP stays on this machine', async () => {
    const text = 'server:\n  connector:\n    type: http\n    port: 8080\n'
    assert.deepEqual((await yml(text)).settings, { tcp: false, https_port: 8080, insecure_plain_http: true })
    await refused(yml(`${text}bind_ip_addresses: ['*']\n`), 'server.applicationConnectors', 'https')
    await refused(yml(`${text}    bindHost: 10.0.0.1\n`), 'server.applicationConnectors', 'https')
  })

  test('the encrypted one of several connectors', async () => {
    const text =
      'server:\n  applicationConnectors:\n    - {type: http, port: 8080}\n    - {type: https, port: 8443}\n'
    const config = await yml(text)
    assert.equal(config.settings.https_port, 8443)
    assert.equal(config.settings.insecure_plain_http, undefined)
    assert.equal(about(config, 'server.applicationConnectors'), 1)
    await refused(yml('server: {applicationConnectors: 7}\n'), 'server.applicationConnectors')
    await refused(yml('server: 7\n'), 'server')
    await refused(yml('server: {connector: {type: https, port: x}}\n'), 'server.applicationConnectors.port')
  })

  test('a PKCS12 keystore needs no keytool, and a path is quoted for the shell', async () => {
    const config = await yml("server: {connector: {type: https, port: 1, keyStorePath: '/my keys/$a.p12'}}\n")
    const line = config.warnings.find((text) => text.includes('openssl')) ?? ''
    assert.ok(!line.includes('keytool'))
    assert.ok(line.includes("openssl pkcs12 -in '/my keys/$a.p12' -nokeys"), line)
    assert.equal(config.settings.tls_cert, '/my keys/$a-cert.pem')
  })

  test('a proxy', async () => {
    const proxy = (value: string) => yml(`proxy_configuration: ${value}\nserver: {}\n`)
    assert.equal(
      (await proxy('{host: proxy.example.com, port: 3128}')).settings.op_proxy,
      'http://proxy.example.com:3128',
    )
    assert.equal((await proxy('{host: h, port: 1, protocol: https}')).settings.op_proxy, 'https://h:1')
    await refused(proxy('text'), 'proxy_configuration')
  })

  const WEAK: readonly (readonly [key: string, line: string, cure: RegExp])[] = [
    ['accept_id_token_without_signature', 'true', /id_token_signed_response_alg to RS256/],
    ['id_token_validation_c_hash_required', 'false', /Remove the key/],
    ['id_token_validation_at_hash_required', 'false', /Remove the key/],
    ['tls_version', "['TLSv1.1', 'TLSv1.2']", /--op-ca FILE/],
    ['tls_version', "['TLSv1']", /--op-ca FILE/],
    ['tls_version', "['SSLv3']", /--op-ca FILE/],
  ]
  for (const [key, line, cure] of WEAK) {
    test(`${key}: ${line} is refused, with what to do instead`, async () => {
      await refused(yml(`${key}: ${line}\nserver: {}\n`), `oxd-server.yml: ${key}: `, cure)
    })
  }
  test('old protocols and certificates alone are refused at the connector', async () => {
    const connector = (rest: string, more = '') =>
      yml(`server: {connector: {type: https, port: 1, ${rest}}}\n${more}`)
    await refused(connector("supportedProtocols: ['TLSv1']"), 'supportedProtocols')
    assert.equal(
      about(
        await connector("supportedProtocols: ['TLSv1.2']"),
        'server.applicationConnectors.supportedProtocols',
      ),
      1,
    )
    await refused(
      connector('needClientAuth: true', 'protect_commands_with_access_token: false\n'),
      'needClientAuth',
    )
    assert.equal(
      about(await connector('needClientAuth: true'), 'server.applicationConnectors.needClientAuth'),
      1,
    )
  })
  test('TLS 1.2 and 1.3 are fine', async () => {
    assert.equal(about(await yml("tls_version: ['TLSv1.2', 'TLSv1.3']\nserver: {}\n"), 'tls_version'), 0)
    assert.equal(about(await yml("tls_version: ['TLSv1.3']\nserver: {}\n"), 'tls_version'), 1)
  })
})

describe('trust_all_certs', () => {
  const withOp = (met: LegacyFile['met'], op_host = 'https://op.example.com') =>
    read({ sibling: () => JSON.stringify({ op_host }), met })
  const line = 'subject CN=op, issuer CN=Corp CA, SHA-256 AB:CD'

  test('is refused with the certificate that was met, where somebody relied on it', async () => {
    await refused(
      // Why it was not looked at is a sentence.
      withOp(async () => ({ verifies: false, line: `${line}.` })),
      'conf/oxd-conf.json: trust_all_certs: ',
      `${line}. Remove the key`,
      'https://op.example.com',
      '--op-ca FILE',
      '--trust-op ORIGIN',
    )
  })

  test('is not needed where the certificate is trusted anyway, which is said once', async () => {
    const asked: string[] = []
    const config = await withOp(async (op_host) => {
      asked.push(op_host)
      return { verifies: true, line }
    })
    assert.deepEqual(asked, ['https://op.example.com'])
    assert.match(config.warnings.join('\n'), /trust_all_certs: the key is not needed/)
    assert.equal(about(config, 'trust_all_certs'), 1)
  })

  test('never makes anything less safe where no OP is known or it is down, and does not stop the start', async () => {
    for (const config of [await withOp(async () => undefined), await withOp(async () => undefined, '')]) {
      assert.match(config.warnings.join('\n'), /trust_all_certs: certificates of OPs are always checked/)
      assert.equal(about(config, 'trust_all_certs'), 1)
    }
  })

  test('false, null and absent say nothing and look at nothing', async () => {
    const met = async () => assert.fail('looked')
    for (const value of [false, null, 'false']) {
      assert.equal(
        about(await read({ content: { ...CONF_31, trust_all_certs: value }, met }), 'trust_all_certs'),
        0,
      )
    }
  })

  test('looks at every OP that is allowed, in 4.x, too', async () => {
    const text = "trust_all_certs: true\nallowed_op_hosts: ['https://a', 'https://b']\nserver: {}\n"
    await refused(
      yml(text, { met: async (op_host) => ({ verifies: op_host === 'https://a', line }) }),
      'that of https://b is not trusted',
    )
  })
})

describe('which file is one of an old oxd', () => {
  const CASES: readonly (readonly [name: string, text: string, is: boolean])[] = [
    ['/etc/oxd/oxd-conf.json', '{', true],
    ['oxd-server.yml', '', true],
    ['conf.json', JSON.stringify(CONF_30), true],
    ['conf.json', '{"port": 8099, "localhost-only": true}', true],
    ['my.yml', SERVER_4, true],
    ['oxd.yml', 'port: 8099\nop_host: https://op.example.com\ntrust_op: [https://op.example.com]\n', false],
    ['oxd.yml', '', false],
    ['oxd.yml', 'port: [', false],
    ['oxd.json', '{"port": 8099}', false],
    ['oxd.yml', '- server\n', false],
  ]
  for (const [name, text, is] of CASES) {
    test(`${name} with ${JSON.stringify(text.slice(0, 40))}: ${is}`, () =>
      assert.equal(isLegacyConfig(name, text), is))
  }

  test('no key of theirs but port is a setting of ours', () => {
    const shared = Object.keys(LEGACY_KEYS).filter((key) => key in SETTINGS)
    assert.deepEqual(shared, ['port'])
  })
})
