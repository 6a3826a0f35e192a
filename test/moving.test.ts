// Moving in: the sites of old oxds are imported while the daemon runs, and their applications log users in without knowing.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client } from '../src/client/client.ts'
import type { Data } from '../src/testing/daemon.ts'
import { startOxd, runOxd } from '../src/testing/process.ts'
import { HOME, REDIRECT, startStory, type Story } from '../src/testing/story.ts'

const OLD_30 = '0a1b2c3d-0000-4000-8000-000000000030'
const OLD_42 = '0a1b2c3d-0000-4000-8000-000000000042'
const EXPIRED = '0a1b2c3d-0000-4000-8000-000000000031'

interface Report {
  readonly read: number
  readonly imported: number
  readonly unchanged: number
  readonly refused: readonly { readonly name: string; readonly why: string }[]
  readonly expired_secrets: readonly string[]
}

describe('moving in', () => {
  let folder: string
  let story: Story
  let admin: Client
  let issuer: string
  const clientAt = (at: string, metadata: Data = {}): Data =>
    story.op.addClient(at, { redirect_uris: [REDIRECT], ...metadata })

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'oxd-moving-'))
    const data_dir = join(folder, 'data')
    story = await startStory({ data_dir, http: 'plain' })
    admin = new Client({ unix: join(data_dir, 'admin.sock') })
    issuer = story.issuer()
  })
  after(async () => {
    await admin.close()
    await story.close()
    rmSync(folder, { recursive: true })
  })

  const imported = async (from: string, more: Data = {}): Promise<Report> =>
    ((await admin.send('import_sites', { from, ...more })) as unknown as { report: Report }).report

  it('takes a folder of 3.0 over, dry first, then in earnest, then without any effect', async () => {
    const sites = join(folder, 'conf')
    mkdirSync(sites)
    const { client_id, client_secret } = clientAt(issuer)
    const record = {
      op_host: issuer,
      authorization_redirect_uri: REDIRECT,
      redirect_uris: [REDIRECT],
      logout_redirect_uri: HOME,
      response_types: ['code'],
      grant_types: ['authorization_code'],
      scope: ['openid', 'profile'],
      client_id,
      client_secret,
      client_secret_expires_at: 0,
    }
    writeFileSync(join(sites, `${OLD_30}.json`), JSON.stringify({ oxd_id: OLD_30, ...record }, null, 2))
    const expired = { oxd_id: EXPIRED, ...record, client_secret_expires_at: 1_500_000_000_000 }
    writeFileSync(join(sites, `${EXPIRED}.json`), JSON.stringify(expired))
    writeFileSync(join(sites, '0a1b2c3d-0000-4000-8000-000000000032.json'), '{ half')
    writeFileSync(join(sites, 'oxd-conf.json'), '{}')

    const dry = await imported(sites, { dry_run: true })
    assert.deepEqual([dry.read, dry.imported, dry.refused.length], [3, 2, 1])
    assert.equal((await story.daemon.call('get_logout_uri', { oxd_id: OLD_30 })).data.error, 'invalid_oxd_id')

    const first = await imported(sites)
    assert.deepEqual([first.imported, first.expired_secrets], [2, [EXPIRED]])
    assert.doesNotMatch(JSON.stringify(first), new RegExp(String(client_secret)))
    const again = await imported(sites)
    assert.deepEqual([again.imported, again.unchanged], [0, 2])
  })

  it('lets an application with an old oxd_id log a user in', async () => {
    const { call } = story.daemon
    const { data: start } = await call('get_authorization_url', { oxd_id: OLD_30 })
    const back = new URL(await story.op.authorize(String(start.authorization_url))).searchParams
    const { data: tokens } = await call('get_tokens_by_code', {
      oxd_id: OLD_30,
      code: back.get('code'),
      state: back.get('state'),
    })
    const { data: user } = await call('get_user_info', { oxd_id: OLD_30, access_token: tokens.access_token })
    assert.deepEqual((user.claims as Data).sub, ['alice'])
    const { data: logout } = await call('get_logout_uri', { oxd_id: OLD_30 })
    assert.equal(new URL(String(logout.uri)).searchParams.get('post_logout_redirect_uri'), HOME)
  })

  it('takes a dump of 4.x over, whose application goes on with its own client token', async () => {
    const { client_id, client_secret } = clientAt(issuer, {
      grant_types: ['authorization_code', 'client_credentials'],
      scope: 'openid profile oxd',
    })
    const data = JSON.stringify({
      oxd_id: OLD_42,
      op_host: issuer,
      op_configuration_endpoint: `${issuer}/.well-known/openid-configuration`,
      redirect_uri: REDIRECT,
      redirect_uris: [REDIRECT],
      logout_redirect_uris: [HOME],
      grant_types: ['authorization_code', 'client_credentials'],
      scope: ['openid', 'profile', 'oxd'],
      client_id,
      client_secret,
    })
    const dump = join(folder, 'rp.csv')
    writeFileSync(dump, `"ID","DATA"\n"${OLD_42}","${data.replaceAll('"', '""')}"\n`)
    assert.equal((await imported(dump)).imported, 1)

    const post = async (path: string, params: Data, token?: unknown): Promise<Data> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${String(token)}` }
      const { status, body, text } = await story.daemon.post('v4', path, params, headers)
      assert.equal(status, 200, text)
      return body
    }
    const { access_token: token } = await post('/get-client-token', {
      op_host: issuer,
      client_id,
      client_secret,
      scope: ['openid', 'oxd'],
    })
    const start = await post('/get-authorization-url', { oxd_id: OLD_42 }, token)
    const back = new URL(await story.op.authorize(String(start.authorization_url))).searchParams
    const code = { oxd_id: OLD_42, code: back.get('code'), state: back.get('state') }
    const tokens = await post('/get-tokens-by-code', code, token)
    const user = await post('/get-user-info', { oxd_id: OLD_42, access_token: tokens.access_token }, token)
    assert.equal(user.sub, 'alice')
  })

  it('brings what a site had protected; what another dump says instead, with replace alone', async () => {
    const id = '0a1b2c3d-0000-4000-8000-000000000033'
    const { client_id, client_secret } = clientAt(issuer)
    const dump = (path: string, client_name: string): string => {
      const uma_protected_resources = [{ id: 'r-1', path, http_methods: ['GET'], scopes: ['view'] }]
      const data = { op_host: issuer, redirect_uri: REDIRECT, client_id, client_secret, client_name }
      const file = join(folder, 'rp.json')
      writeFileSync(file, JSON.stringify([{ id, data: { ...data, uma_protected_resources } }]))
      return file
    }
    /** This OP is no authorization server: what is protected gets as far as that. */
    const isProtected = async (path: string): Promise<boolean> => {
      const params = { oxd_id: id, path, http_method: 'GET' }
      const { error } = (await story.daemon.call('uma_rs_check_access', params)).data
      assert.ok(error === 'no_uma_discovery_response' || error === 'invalid_request', String(error))
      return error === 'no_uma_discovery_response'
    }
    assert.equal((await imported(dump('/old', 'Old'))).imported, 1)
    assert.deepEqual([await isProtected('/old'), await isProtected('/new')], [true, false])
    await imported(dump('/new', 'New'))
    assert.deepEqual([await isProtected('/old'), await isProtected('/new')], [true, false])
    await imported(dump('/new', 'New'), { replace: true })
    assert.deepEqual([await isProtected('/old'), await isProtected('/new')], [false, true])
  })

  it('says what to do about an oxd_id that nobody imported', async () => {
    const { data } = await story.daemon.call('get_logout_uri', {
      oxd_id: '0a1b2c3d-0000-4000-8000-00000000dead',
    })
    assert.match(String(data.error_description), /another oxd\? oxd import .*`id =`/)
  })
})

describe('oxd serve --config oxd-conf.json', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'oxd-old-config-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('starts with it, warns of what no longer applies, and gives its site defaults to whoever registers', async () => {
    const story = await startStory()
    const issuer = story.issuer()
    const conf = join(folder, 'oxd-conf.json')
    writeFileSync(
      conf,
      JSON.stringify({ port: 0, localhost_only: true, license_id: 'x', 'support-google-logout': true }),
    )
    writeFileSync(
      join(folder, 'oxd-default-site-config.json'),
      JSON.stringify({
        op_host: issuer,
        authorization_redirect_uri: REDIRECT,
        contacts: ['ops@example.com'],
      }),
    )
    const oxd = await startOxd([
      '--config',
      conf,
      '--data-dir',
      join(folder, 'data'),
      '--trust-op',
      story.op.origin,
    ])
    try {
      assert.match(oxd.output(), /license_id/)
      const { data } = await oxd.call('register_site', { client_name: 'Old site' })
      const { oxd_id } = data
      const shown = await runOxd([
        'sites',
        'show',
        String(oxd_id),
        '--json',
        '--data-dir',
        join(folder, 'data'),
      ])
      assert.match(shown.stdout, /ops@example\.com/)
      assert.match(shown.stdout, new RegExp(issuer))
    } finally {
      await oxd.kill('SIGTERM')
      await story.close()
    }
  })

  it('refuses what would weaken, with the safe replacement', async () => {
    const conf = join(folder, 'oxd-weak.json')
    writeFileSync(
      conf,
      JSON.stringify({ port: 0, localhost_only: false, protect_commands_with_access_token: false }),
    )
    const { code, stderr } = await runOxd(['serve', '--config', conf, '--data-dir', join(folder, 'weak')])
    assert.equal(code, 1)
    assert.match(stderr, /localhost_only|protect_commands_with_access_token/)
  })
})

describe('oxd check', () => {
  it('walks to an OP and changes nothing; a failure has its cure and ends with 1', async () => {
    const story = await startStory()
    try {
      const issuer = story.issuer()
      const good = await runOxd(['check', issuer, '--trust-op', story.op.origin])
      assert.match(good.stdout, /^ok +discovery/m)
      assert.equal(story.op.count(issuer, 'registration'), 0)
      const bad = await runOxd(['check', issuer])
      assert.equal(bad.code, 1)
      assert.match(bad.stdout, /^fail .*--trust-op/m)
    } finally {
      await story.close()
    }
  })
})
