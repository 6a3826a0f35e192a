// Sites and configurations of an old oxd, which may be broken or hostile.
import { weakenings } from './rows.ts'

const CONFIG_TEST = 'src/moving/legacy_config.test.ts'
const IMPORT_TEST = 'src/moving/import.test.ts'
const RECORD_TEST = 'src/moving/record.test.ts'

export const MOVING = [
  ...weakenings('src/moving/record.ts', RECORD_TEST, [
    [
      'record: a member __proto__',
      "if (holdsProto(record)) throw new RecordError('it has a member __proto__')",
      '',
      '^refuses __proto__',
    ],
    [
      'record: the site of another record',
      "if (own !== undefined && own !== oxd_id) throw new RecordError('it says that it has another oxd_id')",
      '',
      '^refuses another oxd_id',
    ],
    [
      'record: any name is an oxd_id',
      "if (!isOxdId(oxd_id)) throw new RecordError('its name is no oxd_id')",
      '',
      '^refuses a name that is no oxd_id',
    ],
    [
      'record: a client without a secret',
      "if (client_secret === undefined && method !== 'none') throw new RecordError('it has no client_secret')",
      '',
      '^refuses no secret',
    ],
    [
      'record: an algorithm that oxd does not accept',
      'id_token_signed_response_alg: isKnownAlgorithm ? alg : DEFAULT_ALGORITHM,',
      'id_token_signed_response_alg: alg,',
      '^what oxd does not do is never imported',
    ],
    [
      'record: a setup site that is none',
      "if (setup_oxd_id !== undefined && !isOxdId(setup_oxd_id)) throw new RecordError('setup_oxd_id is no oxd_id')",
      '',
      '^refuses a setup site that is none',
    ],
  ]),
  ...weakenings('src/moving/import.ts', IMPORT_TEST, [
    [
      'import: what is there is overwritten',
      'else if (!options.replace) report.kept.push(site.oxd_id)',
      '',
      '^a folder of 3.0 files what is there and different stays',
    ],
    [
      'import: a dry run writes',
      'if (!options.dry_run && !(await sink.insert(site, uma_resources)))',
      'if (!(await sink.insert(site, uma_resources)))',
      '^a folder of 3.0 files a dry run',
    ],
    [
      'import: a dry run replaces',
      'if (!options.dry_run) await sink.replace({ ...site, version: existing.version + 1 }, uma_resources)',
      'await sink.replace({ ...site, version: existing.version + 1 }, uma_resources)',
      '^a folder of 3.0 files what is there and different stays',
    ],
    [
      'import: the second of two records',
      "if (seen.has(old.site.oxd_id)) throw new RecordError('it comes twice: the first one was taken')",
      '',
      '^a dump with hostile rows',
    ],
    [
      'import: one broken record stops the others',
      'if (!(error instanceof RecordError)) throw error',
      'throw error',
      '^a folder of 3.0 files names what is no site',
    ],
    [
      'import: another issuer is taken over',
      'found !== undefined && withoutSlash(found.issuer) === withoutSlash(issuer) ? found : undefined,',
      'found,',
      '^the OP of another issuer is never taken over',
    ],
    [
      'import: the token for changes goes anywhere',
      'if (managedAtOp(site.client, at, said)) return { site: at, notes }',
      'return { site: at, notes }',
      '^the OP alone gets the token',
    ],
  ]),
  ...weakenings('src/moving/source.ts', IMPORT_TEST, [
    [
      'import: a secret in the place of a name',
      'const nameOf = (oxd_id: unknown, place: string): string => (isOxdId(oxd_id) ? oxd_id : place)',
      'const nameOf = (oxd_id) => String(oxd_id)',
      '^a dump with hostile rows',
    ],
    [
      'import: a file of any size',
      'if (stats.size > bytes_max) return { why: `it has more than ${bytes_max} bytes` }',
      '',
      '^(a folder of 3.0 files names what is no site|a dump is bounded)',
    ],
    [
      'import: a row with more columns',
      'yield row.length === header.length',
      'yield true',
      '^a dump with hostile rows',
    ],
  ]),
  ...weakenings('src/moving/found.ts', IMPORT_TEST, [
    [
      'import: the last of two members',
      'const record = parseJson(text)',
      'let record; try { record = JSON.parse(text) } catch {}',
      '^a folder of 3.0 files names what is no site',
    ],
  ]),
  ...weakenings('src/moving/csv.ts', 'src/moving/csv.test.ts', [
    [
      'import: a stray quote is passed over',
      'if (end === undefined) throw new CsvError(`row ${number} has a quote that is not closed, or not doubled`)',
      'if (end === undefined) return',
      '^refuses ',
    ],
  ]),
  ...weakenings('src/moving/redis.ts', 'src/moving/redis.test.ts', [
    [
      'import: the password of Redis is told',
      'const where = `Redis at ${url.host}`',
      'const where = `Redis at ${url.href}`',
      '^says why Redis cannot be read',
    ],
  ]),
  ...weakenings('src/moving/legacy_config.ts', CONFIG_TEST, [
    [
      'legacy: certificates that nobody trusts',
      'if (bad?.found !== undefined) {',
      'if (false) {',
      '^trust_all_certs (is refused|looks at every OP)',
    ],
    [
      'legacy: one OP is looked at',
      'const bad = shown.find(({ found }) => found?.verifies === false)',
      'const bad = shown.slice(0, 1).find(({ found }) => found?.verifies === false)',
      '^trust_all_certs looks at every OP',
    ],
    [
      'legacy: the network without tokens',
      'if (!isProtected) {',
      'if (false) {',
      '^oxd-conf.json localhost_only: false opens',
    ],
    [
      'legacy: tokens are not asked for any more',
      'if (isProtected) settings.require_token = true',
      '',
      '^oxd-conf.json (protect_commands|absent from a file|localhost_only)',
    ],
    [
      'legacy: the network over HTTP',
      'if (isReachable && settings.insecure_plain_http === true) {',
      'if (false) {',
      '^oxd-server.yml plain HTTP stays',
    ],
    ['legacy: both spellings', 'if (values.has(name))', 'if (false)', '^oxd-conf.json is read with tabs'],
  ]),
  ...weakenings('src/moving/legacy_keys.ts', CONFIG_TEST, [
    [
      'legacy: a check is turned off',
      'if (reading.flag(key, value) === false) reading.refuse(key, `${what} Remove the key.`)',
      '',
      '^oxd-server.yml id_token_validation',
    ],
    [
      'legacy: ID Tokens without signature',
      'accept_id_token_without_signature: unsigned,',
      'accept_id_token_without_signature: passed,',
      '^oxd-server.yml accept_id_token_without_signature',
    ],
    [
      'legacy: old protocols',
      "const SAFE_TLS = new Set(['TLSv1.2', 'TLSv1.3'])",
      "const SAFE_TLS = new Set(['TLSv1', 'TLSv1.1', 'SSLv3', 'TLSv1.2', 'TLSv1.3'])",
      '^oxd-server.yml tls_version',
    ],
    [
      'legacy: the name of a property is a key',
      'Object.hasOwn(LEGACY_KEYS, name) ? LEGACY_KEYS[name] : undefined',
      'LEGACY_KEYS[name]',
      '^oxd-conf.json names each unknown key',
    ],
  ]),
  ...weakenings('src/moving/environment.ts', CONFIG_TEST, [
    [
      'legacy: an environment without end',
      'if (result.length > limits.settings_bytes_max) {',
      'if (false) {',
      '^oxd-server.yml an environment that grows',
    ],
  ]),
  ...weakenings('src/moving/met.ts', 'src/moving/check.test.ts', [
    [
      'check: a private address that nobody trusts is looked at',
      "if (first === undefined || (!isOpen && addressKind(first.address) !== 'public')) return undefined",
      'if (first === undefined) return undefined',
      '^the certificate that is met is not looked at',
    ],
  ]),
]
