// Files that people and old programs wrote: settings of oxd, of old oxds and of applications, and dumps of old sites.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig, readConfig as readClientConfig, SECTIONS } from '../../../src/client/config_file.ts'
import { OxdConfigError } from '../../../src/client/errors.ts'
import { entriesIn, parse, withKey } from '../../../src/client/ini.ts'
import { readConfig } from '../../../src/config.ts'
import { StartError } from '../../../src/error.ts'
import { LIMITS } from '../../../src/limits.ts'
import { CsvError, csvRows } from '../../../src/moving/csv.ts'
import { isLegacyConfig, readLegacyConfig } from '../../../src/moving/legacy_config.ts'
import { RecordError, siteOf } from '../../../src/moving/record.ts'
import { csvRecords, jsonRecords } from '../../../src/moving/source.ts'
import { parseJson } from '../../../src/oidc/json.ts'
import { assertUnpolluted, targets } from '../../../src/testing/fuzz/target.ts'

type Refusal = new (...args: never) => Error
/** What `act` gives, or undefined when it refuses in its own words. */
const unlessRefused = async <T>(
  act: () => T | Promise<T>,
  ...refusals: readonly Refusal[]
): Promise<T | undefined> => {
  try {
    return await act()
  } catch (error) {
    if (!refusals.some((refusal) => error instanceof refusal)) throw error
    return undefined
  }
}

/** A file that holds the input. */
const fileTarget = (use: (file: string) => void | Promise<void>) => () => {
  const folder = mkdtempSync(join(tmpdir(), 'oxd-fuzz-'))
  const file = join(folder, 'settings')
  return {
    async run(input: Buffer) {
      writeFileSync(file, input, { mode: 0o600 })
      await use(file)
      assertUnpolluted()
    },
    close: async () => rmSync(folder, { recursive: true }),
  }
}

const OXD_ID = '7f3c1a52-58d0-4b0e-9d6c-0a1b2c3d4e5f'
const RECORD = {
  oxd_id: OXD_ID,
  op_host: 'https://op.example.com',
  client_id: 'c',
  client_secret: 'the secret of an old site',
  client_registration_access_token: 'rat',
  client_registration_client_uri: 'https://op.example.com/register/c',
  authorization_redirect_uri: 'https://rp.example.com/cb',
  redirect_uris: ['https://rp.example.com/cb'],
  scope: ['openid'],
  grant_types: ['authorization_code'],
  contacts: ['a@example.com'],
  id_token_signed_response_alg: 'RS256',
  client_secret_expires_at: 0,
  uma_protected_resources: [
    {
      id: 'r',
      path: '/a',
      httpMethods: ['GET'],
      scopes: ['read'],
      ticketScopes: [],
      scopeExpressions: ['{"rule":{"var":0},"data":["read"]}'],
    },
  ],
}

const csvField = (field: string): string => `"${field.replaceAll('"', '""')}"`

export const TARGETS = targets({
  oxd_yml: {
    promise: 'Settings that passed their checks, or one sentence that names the place.',
    about: ['config', 'yaml'],
    examples: [
      'port: 8099\nbind: 127.0.0.1\ntrust_op: [https://op.example.com]\nallowed_ip:\n  - 10.0.0.0/8\n',
      'https_port: 8443\ntls_cert: cert.pem\ntls_key: key.pem\nrequire_token: true\nno_proxy: localhost\n',
      'port: &a 1\nhttps_port: *a\n? [x]\n: y\n',
      '# nothing\n',
      'tcp: false\nunix: /tmp/s\n',
      '- a\n',
      'port: "x',
      '%YAML 1.2\n---\nport: 1\n...\n---\nport: 2\n',
    ],
    open: fileTarget(async (file) => {
      const config = await unlessRefused(() => readConfig(['--config', file], {}), StartError)
      if (config === undefined) return
      assert.ok(Number.isInteger(config.port) && config.port >= 0 && config.port <= 65_535)
      assert.equal(typeof config.require_token, 'boolean')
      assert.ok(
        config.trust_op.every((origin) => new URL(origin).origin === origin),
        'trust_op is no origin',
      )
    }),
  },
  legacy_config: {
    promise: 'Settings that do not weaken oxd, or one sentence that names the file and the key.',
    about: [
      'moving/legacy_config',
      'moving/legacy_keys',
      'moving/legacy_reading',
      'moving/environment',
      'moving/old_names',
      'yaml',
    ],
    examples: [
      'oxd-conf.json\n{"port":8099,"localhost_only":true,"time_out_in_seconds":0,"use_client_authentication_for_pat":true,"trust_all_certs":true,"trust_store_path":"","trust_store_password":"","crypt_provider_key_store_path":"","op_host":"","uma2_auto_register_claims_gathering_endpoint_as_redirect_uri_of_client":true}',
      'oxd-server.yml\nserver:\n  applicationConnectors:\n    - type: https\n      port: ${PORT:-8443}\n      keyStorePath: a.jks\nbind_ip_addresses: [127.0.0.1, "*"]\nprotect_commands_with_access_token: false\ndefaultSiteConfig:\n  op_host: https://op.example.com\n  scope: [openid]\n',
      'oxd-server.yml\na: &a [1]\nb: *a\nserver: {}\n',
      'oxd-conf.json\n{"localhost_only":false}',
    ],
    open: () => ({
      async run(input) {
        const end = input.indexOf('\n')
        const name = input.subarray(0, Math.max(0, end)).toString().slice(0, 40)
        const text = input.subarray(end + 1).toString()
        isLegacyConfig(name, text)
        const file = {
          name,
          text,
          sibling: () => text,
          env: { PORT: '1', HOME: '/root' },
          met: async () => undefined,
        }
        const read = await unlessRefused(() => readLegacyConfig(file, LIMITS), StartError)
        assertUnpolluted()
        if (read === undefined) return
        const { settings } = read
        const isOpen =
          settings['bind'] !== undefined && !/^(127\.|localhost|::1)/.test(String(settings['bind']))
        assert.ok(
          !(isOpen && settings['insecure_unprotected_http'] === true),
          'all commands are open to the network',
        )
        const whole = readConfig.bind(undefined, [], {}, name, { file: name, settings })
        await unlessRefused(whole, StartError)
      },
    }),
  },
  client_cfg: {
    promise:
      'Each value is found where it stands; setting one changes it, and nothing else; or an error that names the line.',
    about: ['client/ini', 'client/config_file'],
    examples: [
      '[oxd]\nhost = localhost\nport = 8099\nid =\n\n[client]\nauthorization_redirect_uri = https://rp.example.com/cb?a=1#b\nscope = openid,profile\ncontacts: a@example.com\n  , b@example.com\n',
      '\ufeff[DEFAULT]\r\nid=7\r\n[oxd] ; x\r\n# c\r\n  host : h\r\n    more\r\n',
      'host = a\rport = 1\r',
      '[oxd]\n[client]\nid = <oxd_id>\n',
      '[oxd\nid\n= x\n',
      '  [client]\n\tid=a\n',
    ],
    open() {
      const inFile = fileTarget(async (file) => {
        await unlessRefused(() => readClientConfig(file, { config_bytes_max: 1_048_576 }), OxdConfigError)
      })()
      return {
        async run(input) {
          await inFile.run(input)
          parse(input)
          const document = await unlessRefused(() => parseConfig(input, 'a.cfg'), OxdConfigError)
          if (document === undefined || !document.sections.some(({ name }) => SECTIONS.includes(name))) return
          const others = (text: Uint8Array) =>
            parse(text).sections.flatMap(({ name, entries }) =>
              entries.filter(({ key }) => key !== 'id').map(({ key, value }) => [name, key, value]),
            )
          const written = withKey(document, SECTIONS, 'id', OXD_ID)
          const [id] = entriesIn(parse(written), SECTIONS).filter(({ key }) => key === 'id')
          assert.equal(id?.value, OXD_ID, 'the id that was written is not read')
          assert.deepEqual(others(written), others(input), 'another value was changed')
          assert.deepEqual(
            withKey(parse(written), SECTIONS, 'id', OXD_ID),
            written,
            'writing it again changes the file',
          )
        },
        close: inFile.close,
      }
    },
  },
  csv: {
    promise:
      'Rows, or the number of the row that is wrong; what is written from rows reads as the same rows.',
    about: ['moving/csv', 'moving/source', 'moving/found'],
    examples: [
      `id,data\r\n${OXD_ID},"{""oxd_id"":""${OXD_ID}""}"\r\n`,
      '"a","b"\n"c\n""d""",e\n\n\n',
      '"a"b',
      '"a',
      ',\n',
      'ID,DATA,X\n1,2,3\n1,2\n',
      `[{"ID":"${OXD_ID}","DATA":"{}"},{"oxd_id":"${OXD_ID}"},1]`,
    ],
    open: () => ({
      async run(input) {
        const text = input.toString()
        const rows = await unlessRefused(() => [...csvRows(text)], CsvError)
        await unlessRefused(() => [...csvRecords(text, LIMITS)].length, CsvError, StartError)
        await unlessRefused(() => [...jsonRecords(text, LIMITS)].length, StartError)
        if (rows === undefined) return
        const written = rows.map((row) => `${row.map(csvField).join(',')}\r\n`).join('')
        assert.deepEqual([...csvRows(written)], rows, 'what was written reads as something else')
      },
    }),
  },
  old_site: {
    promise: 'A site, or one sentence in which nothing of the record occurs.',
    about: ['moving/record', 'moving/old_names', 'site'],
    examples: [
      JSON.stringify(RECORD),
      JSON.stringify({
        ...RECORD,
        is_setup_client: true,
        op_discovery_path: '/a',
        op_configuration_endpoint: 'https://op.example.com/.well-known/openid-configuration',
      }),
      JSON.stringify({
        ...RECORD,
        client_registration_access_token: null,
        scope: 'openid',
        redirect_uris: 'x',
      }),
      '[]',
      '{"__proto__":{"a":1}}',
    ],
    open: () => ({
      async run(input) {
        const record = parseJson(input.toString())
        try {
          const { site } = siteOf(OXD_ID, record)
          assert.equal(site.oxd_id, OXD_ID)
          assert.ok(site.client.client_id !== '' && URL.canParse(site.issuer))
        } catch (error) {
          if (!(error instanceof RecordError)) throw error
          assert.ok(!error.message.includes(RECORD.client_secret), 'a secret is repeated')
        }
        assertUnpolluted()
      },
    }),
  },
})
