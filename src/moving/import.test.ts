import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { StartError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { createDoor } from '../oidc/http.ts'
import type { Door } from '../oidc/http.ts'
import { sitesOf } from '../site.ts'
import type { Site, Sites } from '../site.ts'
import { createMemoryEngine } from '../store/memory.ts'
import { createKeys } from '../store/seal.ts'
import { createStore } from '../store/store.ts'
import { reply, startLyingOp } from '../testing/op.ts'
import type { LyingOp } from '../testing/op.ts'
import { realWorld } from '../world.ts'
import { importSites, reportLines } from './import.ts'
import type { ImportOptions, ImportReport } from './import.ts'
import { askIssuer } from './issuer.ts'
import { jsonRecords, openSource } from './source.ts'

const A = 'aaaaaaaa-5a38-4f7e-9a53-0d9a3a9d5b11'
const B = 'bbbbbbbb-5a38-4f7e-9a53-0d9a3a9d5b12'
const C = 'cccccccc-5a38-4f7e-9a53-0d9a3a9d5b13'
const NOW = 1_750_000_000_000
const SECRET = 'the-client-secret'
const TOKEN = 'the-registration-token'

let op: LyingOp
let door: Door
let folder: string
let sites: Sites
let written: number

beforeEach(async () => {
  op = await startLyingOp()
  door = createDoor({ trust_op: [op.origin], limits: LIMITS })
  folder = mkdtempSync(join(tmpdir(), 'oxd-import-'))
  written = 0
  const engine = createMemoryEngine(() => NOW / 1000)
  const counting = {
    ...engine,
    write: (...given: Parameters<typeof engine.write>) => {
      written += 1
      return engine.write(...given)
    },
  }
  const world = realWorld(() => {})
  sites = sitesOf(createStore(counting, createKeys(Buffer.alloc(32, 7)), world, LIMITS), LIMITS)
})
afterEach(async () => {
  await door.close()
  await op.close()
  rmSync(folder, { recursive: true })
})

const record = (oxd_id: string, over: object = {}): Record<string, unknown> => ({
  oxd_id,
  op_host: op.origin,
  authorization_redirect_uri: 'https://shop.example.com/cb',
  logout_redirect_uri: 'https://shop.example.com/bye',
  scope: ['openid', 'email'],
  client_id: `client-${oxd_id[0]}`,
  client_secret: SECRET,
  client_registration_access_token: TOKEN,
  client_registration_client_uri: `${op.origin}/registration/x`,
  client_secret_expires_at: NOW + 1_000_000,
  ...over,
})
const put = (name: string, content: unknown): string => {
  const file = join(folder, name)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
  return file
}
const run = async (
  from: string,
  over: Partial<Pick<ImportOptions, 'dry_run' | 'replace' | 'limits' | 'issuerOf'>> = {},
): Promise<ImportReport> =>
  importSites(await openSource(from, over.limits ?? LIMITS), sites, {
    dry_run: false,
    replace: false,
    now: () => NOW,
    issuerOf: askIssuer(door),
    limits: LIMITS,
    ...over,
  })
const siteAt = async (oxd_id: string): Promise<Site> => {
  const site = await sites.get(oxd_id)
  assert.ok(site)
  return site
}
const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`
const csv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(quoted).join(',')}\n`).join('')

describe('a folder of 3.0 files', () => {
  test('is imported, once, under its oxd_ids', async () => {
    op.issuer('')
    put(`${A}.json`, record(A))
    put(`${B}.json`, record(B))
    put('oxd-conf.json', { port: 8099 })
    put('oxd-default-site-config.json', {})
    const first = await run(folder)
    assert.deepEqual(
      { ...first, kept: 0, notes: 0, expired_secrets: 0 },
      {
        read: 2,
        imported: 2,
        replaced: 0,
        unchanged: 0,
        refused: [],
        unverified: [],
        kept: 0,
        notes: 0,
        expired_secrets: 0,
      },
    )
    const site = await siteAt(A)
    assert.equal(site.issuer, op.origin)
    assert.equal(site.client.client_id, 'client-a')
    assert.equal(site.client.by_hand, false)

    const before = written
    const again = await run(folder)
    assert.equal(again.unchanged, 2)
    assert.equal(again.imported, 0)
    assert.equal(written, before, 'a second run writes nothing')
  })

  test('a dry run says the same and writes nothing', async () => {
    op.issuer('')
    put(`${A}.json`, record(A))
    const report = await run(folder, { dry_run: true })
    assert.equal(report.imported, 1)
    assert.equal(written, 0)
    assert.equal(await sites.get(A), undefined)
    assert.match(reportLines(report, { dry_run: true })[0] ?? '', /1 imported.*nothing was written/)
  })

  test('what is there and different stays, unless it is to be replaced', async () => {
    op.issuer('')
    put(`${A}.json`, record(A))
    await run(folder)
    const before = await siteAt(A)
    put(`${A}.json`, record(A, { scope: ['openid', 'phone'] }))
    const kept = await run(folder)
    assert.deepEqual(kept.kept, [A])
    assert.deepEqual(await siteAt(A), before)
    assert.equal((await run(folder, { dry_run: true, replace: true })).replaced, 1)
    assert.deepEqual(await siteAt(A), before)
    const replaced = await run(folder, { replace: true })
    assert.equal(replaced.replaced, 1)
    const after = await siteAt(A)
    assert.deepEqual(after.settings.scope, ['openid', 'phone'])
    assert.equal(after.version, before.version + 1)
    assert.equal((await run(folder, { replace: true })).unchanged, 1)
  })

  test('names what is no site and goes on', async () => {
    op.issuer('')
    put(`${A}.json`, record(B))
    put(`${'x'.repeat(36)}.json`, record(A))
    put(`${B}.json`, '{"oxd_id": "broken"')
    put('dddddddd-5a38-4f7e-9a53-0d9a3a9d5b14.json', `{"a":1,"a":2,"client_secret":"${SECRET}"}`)
    put('eeeeeeee-5a38-4f7e-9a53-0d9a3a9d5b15.json', '[['.repeat(50_000))
    put('ffffffff-5a38-4f7e-9a53-0d9a3a9d5b16.json', `{"__proto__":{"client_secret":"${SECRET}"}}`)
    put('abababab-5a38-4f7e-9a53-0d9a3a9d5b17.json', ' '.repeat(LIMITS.import_record_bytes_max + 1))
    writeFileSync(join(folder, 'acacacac-5a38-4f7e-9a53-0d9a3a9d5b18.json'), Buffer.of(0xff, 0xfe, 0))
    mkdirSync(join(folder, 'adadadad-5a38-4f7e-9a53-0d9a3a9d5b19.json'))
    symlinkSync('/nowhere', join(folder, 'aeaeaeae-5a38-4f7e-9a53-0d9a3a9d5b20.json'))
    put(`${C}.json`, record(C))
    const report = await run(folder)
    assert.equal(report.read, 11)
    assert.equal(report.imported, 1)
    const why = new Map(report.refused.map((refused) => [refused.name, refused.why]))
    assert.match(why.get(`${A}.json`) ?? '', /another oxd_id/)
    assert.match(why.get(`${'x'.repeat(36)}.json`) ?? '', /no oxd_id/)
    assert.match(why.get(`${B}.json`) ?? '', /no JSON/)
    assert.match(why.get('dddddddd-5a38-4f7e-9a53-0d9a3a9d5b14.json') ?? '', /member twice/)
    assert.match(why.get('eeeeeeee-5a38-4f7e-9a53-0d9a3a9d5b15.json') ?? '', /no JSON/)
    assert.match(why.get('ffffffff-5a38-4f7e-9a53-0d9a3a9d5b16.json') ?? '', /__proto__/)
    assert.match(why.get('abababab-5a38-4f7e-9a53-0d9a3a9d5b17.json') ?? '', /more than \d+ bytes/)
    assert.match(why.get('acacacac-5a38-4f7e-9a53-0d9a3a9d5b18.json') ?? '', /UTF-8/)
    assert.match(why.get('adadadad-5a38-4f7e-9a53-0d9a3a9d5b19.json') ?? '', /no file/)
    assert.match(why.get('aeaeaeae-5a38-4f7e-9a53-0d9a3a9d5b20.json') ?? '', /ENOENT/)
    assert.ok(!JSON.stringify(report).includes(SECRET))
  })

  test('that is not there, or may not be read, is said', async () => {
    await assert.rejects(
      run(join(folder, 'nothing')),
      (error) => error instanceof StartError && /ENOENT/.test(error.message),
    )
    if (process.getuid?.() === 0) return
    chmodSync(folder, 0)
    await assert.rejects(run(folder), StartError)
    chmodSync(folder, 0o700)
  })
})

describe('the OP', () => {
  test('is asked once for all its sites, and says whether its issuer ends in a slash', async () => {
    const issuer = op.issuer('tenant/')
    const host = issuer.slice(0, -1)
    put(`${A}.json`, record(A, { op_host: host, client_registration_client_uri: `${host}/registration/x` }))
    put(`${B}.json`, record(B, { op_host: host, client_registration_client_uri: `${host}/registration/x` }))
    const report = await run(folder)
    assert.deepEqual(report.unverified, [])
    assert.equal((await siteAt(A)).issuer, issuer)
    assert.equal((await siteAt(A)).op_host, host)
    // Once as the record has it, once with the slash.
    assert.equal(op.count(issuer, 'discovery'), 2)
  })

  test('that cannot be asked leaves what the record says, and a later run undoes nothing', async () => {
    const issuer = op.issuer('tenant/')
    put(`${A}.json`, record(A, { op_host: issuer.slice(0, -1) }))
    await run(folder)
    op.setFaults(issuer, { discovery: reply.reset() })
    const again = await run(folder, { replace: true })
    assert.deepEqual(again.unverified, [A])
    assert.equal(again.unchanged, 1)
    assert.equal((await siteAt(A)).issuer, issuer)
  })

  test('of another issuer is never taken over', async () => {
    const issuer = op.issuer('', { discovery: (good) => ({ ...good, issuer: 'https://victim.example.com' }) })
    put(`${A}.json`, record(A))
    const report = await run(folder, {
      issuerOf: async () => ({ issuer: 'https://victim.example.com' }),
    })
    assert.deepEqual(report.unverified, [A])
    assert.equal((await siteAt(A)).issuer, issuer)
    put(`${B}.json`, record(B))
    assert.deepEqual((await run(folder)).unverified.sort(), [A, B])
    assert.equal((await siteAt(B)).issuer, issuer)
  })

  test('alone gets the token for changes', async () => {
    op.issuer('')
    const { origin } = op.canary()
    put(`${A}.json`, record(A, { client_registration_client_uri: `${origin}/steal` }))
    const report = await run(folder)
    const { client } = await siteAt(A)
    assert.equal(client.by_hand, true)
    assert.equal(client.registration_client_uri, undefined)
    assert.equal(client.registration_access_token, undefined)
    assert.match(report.notes[0]?.what ?? '', /not an address of its OP/)
  })

  test('may register elsewhere, if it says so itself', async () => {
    const elsewhere = 'https://register.example.com'
    op.issuer('', { discovery: (good) => ({ ...good, registration_endpoint: `${elsewhere}/r` }) })
    put(`${A}.json`, record(A, { client_registration_client_uri: `${elsewhere}/r/1` }))
    assert.deepEqual((await run(folder)).notes, [])
    assert.equal((await siteAt(A)).client.registration_client_uri, `${elsewhere}/r/1`)
    assert.equal((await run(folder)).unchanged, 1)
  })
})

test('expired secrets are named, and never shown', async () => {
  op.issuer('')
  put(`${A}.json`, record(A, { client_secret_expires_at: NOW - 1000 }))
  const report = await run(folder)
  assert.deepEqual(report.expired_secrets, [A])
  const shown = `${JSON.stringify(report)}${reportLines(report, { dry_run: false }).join('\n')}`
  assert.match(shown, /has expired/)
  for (const secret of [SECRET, TOKEN]) assert.ok(!shown.includes(secret))
})

describe('a dump', () => {
  test('as H2 writes it (CSV, quotes doubled, pretty-printed data)', async () => {
    op.issuer('')
    const data = JSON.stringify(record(A, { client_name: 'Zoë "the shop", Ltd' }), undefined, 2)
    const file = put(
      'rp.csv',
      csv([
        ['ID', 'DATA'],
        [A, data],
      ]),
    )
    const report = await run(file)
    assert.deepEqual(report.refused, [])
    assert.equal((await siteAt(A)).settings.client_name, 'Zoë "the shop", Ltd')
  })

  test('with hostile rows refuses them by name and repeats no secret', async () => {
    op.issuer('')
    const file = put(
      'rp.csv',
      csv([
        ['data', 'ID'],
        [JSON.stringify(record(A)), A],
        [JSON.stringify(record(A, { client_id: 'other' })), A],
        [B, JSON.stringify(record(B))],
        [JSON.stringify(record(C)), `${C}`, 'more'],
        ['', C],
        [JSON.stringify(record(C)), '../../etc/passwd'],
      ]),
    )
    const report = await run(file)
    assert.equal(report.imported, 1)
    assert.equal((await siteAt(A)).client.client_id, 'client-a')
    assert.deepEqual(
      report.refused.map(({ name }) => name),
      [A, 'row 4', C, C, 'row 7'],
    )
    assert.match(report.refused[0]?.why ?? '', /twice/)
    assert.ok(!JSON.stringify(report).includes(SECRET))
  })

  test('as a JSON list, keys in either case, data as text or object', async () => {
    op.issuer('')
    const file = put('rp.json', [
      { ID: A, DATA: JSON.stringify(record(A)) },
      { id: B, data: record(B) },
      { id: 7, data: record(C) },
      { id: C, ID: C, data: record(C) },
      'text',
      null,
      { id: C },
    ])
    const report = await run(file)
    assert.equal(report.imported, 2)
    assert.deepEqual(
      report.refused.map(({ name }) => name),
      ['item 3', 'item 4', 'item 5', 'item 6', C],
    )
  })

  test('one record by itself', async () => {
    op.issuer('')
    assert.equal((await run(put('site.json', record(A)))).imported, 1)
  })

  for (const [what, content] of [
    ['no columns', 'a,b\n1,2\n'],
    ['an open quote', 'id,data\n"a,b\n'],
    ['broken JSON', '[{"id":'],
    ['nothing', ''],
  ] as const) {
    test(`with ${what} is refused as a whole, by its name`, async () => {
      const file = put('dump', content)
      await assert.rejects(
        run(file),
        (error) => error instanceof StartError && error.message.startsWith(`${file}: `),
      )
    })
  }

  test('has as many sites as it has', () => {
    const dump = Array.from({ length: LIMITS.json_commas_max + 2 }, (_, n) => ({ id: `${n}` }))
    assert.equal([...jsonRecords(JSON.stringify(dump), LIMITS)].length, dump.length)
  })

  test('is bounded in size and number', async () => {
    op.issuer('')
    const rows = [A, B, C].map((id) => [id, JSON.stringify(record(id))])
    const file = put('rp.csv', csv([['id', 'data'], ...rows]))
    const few = await run(file, { limits: { ...LIMITS, import_records_max: 2 } })
    assert.equal(few.imported, 2)
    assert.match(few.refused[0]?.why ?? '', /more than 2 records/)
    await assert.rejects(
      run(file, { limits: { ...LIMITS, import_dump_bytes_max: 100 } }),
      /more than 100 bytes/,
    )
    const small = await run(file, { limits: { ...LIMITS, import_record_bytes_max: 100 } })
    assert.deepEqual(
      small.refused.map(({ why }) => why),
      Array.from({ length: 3 }, () => 'it has more than 100 bytes'),
    )
  })
})
