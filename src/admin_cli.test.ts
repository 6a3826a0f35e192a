// `oxd callers` and `oxd sites`: through a running daemon, without one, and with every mistake of whoever types.
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { runAdminCli, type AdminSurroundings } from './admin_cli.ts'
import { createCallers } from './callers.ts'
import { openAdmin } from './daemon.ts'
import { StartError } from './error.ts'
import { LIMITS } from './limits.ts'
import { sitesOf } from './site.ts'
import { openStore } from './store/key.ts'
import { SITE_SECRETS, siteCalled } from './testing/administration.ts'
import { startTestDaemon, type TestDaemon } from './testing/daemon.ts'
import { runOxd } from './testing/process.ts'
import { createServerCertificate } from './testing/tls.ts'
import { realWorld } from './world.ts'

const ID = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
const world = realWorld(() => {})

let folder: string
let data_dir: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oxd-admin-'))
  data_dir = join(folder, 'data')
})
/** Closed when the test has ended, however it ended. */
const daemons: TestDaemon[] = []
const startDaemon = async (argv: readonly string[] = []): Promise<TestDaemon> => {
  const daemon = await startTestDaemon({ data_dir, argv })
  daemons.push(daemon)
  return daemon
}
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.close()
  await rm(folder, { recursive: true })
})

const openData = () => openStore({ data_dir, key_file: `${data_dir}.key`, world, limits: LIMITS })

/** One invocation, as `main` makes it. */
const run = async (
  argv: readonly string[],
  { confirm, env = { OXD_DATA_DIR: data_dir } }: Partial<AdminSurroundings> = {},
) => {
  const said = { stdout: '', stderr: '', opened: 0 }
  const code = await runAdminCli(argv, {
    env,
    stdout: { write: (text) => void (said.stdout += text) },
    stderr: { write: (text) => void (said.stderr += text) },
    confirm,
    async openHere(config) {
      said.opened += 1
      return openAdmin(config, { world, limits: LIMITS, opened: await openData() })
    },
  })
  return { code, ...said }
}

const insertSites = async (): Promise<void> => {
  const { store } = await openData()
  const sites = sitesOf(store, LIMITS)
  await sites.insert(siteCalled(ID, 'Shop'))
  await sites.insert(siteCalled('aaaa19ff-8b86-4011-b42d-00cf4fc964ff', '\u202eliw\u001b[2J\nB\u2028\u0085'))
  await store.close()
}
const callerOf = async (key: string) => {
  const { store } = await openData()
  try {
    return await createCallers(store, world, LIMITS).ofKey(key)
  } finally {
    await store.close()
  }
}

for (const through of ['a running daemon', 'the store'] as const) {
  describe(`administration through ${through}`, () => {
    beforeEach(async () => {
      await insertSites()
      if (through === 'a running daemon') await startDaemon()
    })
    const opened = through === 'the store' ? 1 : 0

    it('adds a caller, changes its key, and removes it', async () => {
      const added = await run(['callers', 'add', 'shop', '--sites', '6f96,aaaa'])
      assert.equal(added.code, 0, added.stderr)
      assert.equal(added.opened, opened)
      assert.match(added.stdout, /^oxd_key_[\w-]{43}\n$/)
      assert.match(added.stderr, /shown this once/)
      const key = added.stdout.trim()
      assert.equal((await callerOf(key))?.name, 'shop')
      const rotated = await run(['callers', 'rotate', 'shop', '--json'])
      const fresh = String(JSON.parse(rotated.stdout).key)
      assert.equal((await callerOf(key))?.name, 'shop')
      const table = (await run(['callers', 'list'])).stdout
      assert.match(table, /^NAME {2}SITES {14}KNOWN BY\nshop {2}6f9619ff aaaa19ff {2}key of .*, key of /)
      assert.equal((await run(['callers', 'drop-old', 'shop'])).code, 0)
      assert.equal(await callerOf(key), undefined)
      assert.equal((await callerOf(fresh))?.name, 'shop')
      const removed = await run(['callers', 'remove', 'shop'])
      assert.equal(removed.stdout, 'shop is removed.\n')
      assert.equal(await callerOf(fresh), undefined)
      const again = await run(['callers', 'remove', 'shop'])
      assert.equal(again.code, 1)
      assert.match(again.stderr, /^unknown_caller: .*oxd callers list/)
    })

    it('adds a caller by its certificate', async () => {
      const file = join(folder, 'caller.pem')
      const { cert } = await createServerCertificate(undefined, { names: ['caller'], addresses: [] })
      await writeFile(file, cert)
      const added = await run(['callers', 'add', 'shop', '--all', '--cert', file])
      const sha256 = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()
      assert.equal(added.stdout, `shop is known by the certificate ${sha256}.\n`)
      assert.match((await run(['callers', 'list'])).stdout, /shop {2}all {4}certificate of /)
      const wrong = await run(['callers', 'add', 'x', '--all', '--cert', join(folder, 'data.key')])
      assert.equal(wrong.code, 2)
      assert.match(wrong.stderr, /data\.key cannot be read as a certificate/)
      assert.match((await run(['callers', 'add', 'x', '--all', '--cert', '/no/such'])).stderr, /ENOENT/)
    })

    it('lists sites, by name, without what a terminal would obey', async () => {
      const { stdout, code, opened: times } = await run(['sites', 'list'])
      assert.equal(code, 0)
      assert.equal(times, opened)
      const [head, ...rows] = stdout.trimEnd().split('\n')
      assert.match(head ?? '', /^OXD_ID +NAME +ISSUER +CLIENT_ID +SECRET EXPIRES$/)
      assert.equal(rows.length, 2)
      assert.match(
        rows[0] ?? '',
        new RegExp(`^${ID} {2}Shop +https://op.example.com +client-of-${ID} +2030-`),
      )
      assert.match(rows[1] ?? '', /\\u202eliw\\u001b\[2J\\u000aB\\u2028\\u0085/)
      const json = await run(['sites', 'list', '--json'])
      assert.equal(JSON.parse(json.stdout).length, 2)
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      assert.doesNotMatch(stdout + json.stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/)
    })

    it('shows a site in full, but no secret', async () => {
      const { stdout } = await run(['sites', 'show', '6f96'])
      assert.match(stdout, /^oxd_id {2,}6f9619ff/)
      assert.match(stdout, /\nclient_secret {2,}yes\n/)
      assert.match(stdout, /\nscope {2,}openid profile email\n/)
      assert.match(stdout, /\nsetup_oxd_id {2,}-\n/)
      const json = JSON.parse((await run(['sites', 'show', ID, '--json'])).stdout)
      assert.equal(json.client_name, 'Shop')
      for (const secret of SITE_SECRETS) assert.ok(!(stdout + JSON.stringify(json)).includes(secret))
      const unknown = await run(['sites', 'show', 'nosuch'])
      assert.equal(unknown.code, 1)
      assert.match(unknown.stderr, /^unknown_site: /)
    })

    it('removes a site after it was asked, with --yes at once, and else not', async () => {
      const questions: string[] = []
      const answer = (yes: boolean) => async (question: string) => {
        questions.push(question)
        return yes
      }
      const alone = await run(['sites', 'remove', '6f96'])
      assert.equal(alone.code, 2)
      assert.match(alone.stderr, /--yes/)
      const no = await run(['sites', 'remove', '6f96'], { confirm: answer(false) })
      assert.match(no.stderr, /Nothing was removed/)
      assert.match(questions[0] ?? '', new RegExp(`Shop \\(${ID}\\) at https://op.example.com`))
      assert.equal((await run(['sites', 'show', ID])).code, 0)
      const yes = await run(['sites', 'remove', '6f96'], { confirm: answer(true) })
      assert.match(yes.stdout, /^Removed Shop .* stays/)
      assert.equal((await run(['sites', 'show', ID])).code, 1)
      const other = await run(['sites', 'remove', 'aaaa', '--yes', '--json'])
      assert.match(String(JSON.parse(other.stdout).oxd_id), /^aaaa/)
      assert.equal((await run(['sites', 'list'])).stdout.split('\n').length, 2)
      assert.equal(questions.length, 2)
    })
  })
}

describe('the socket of administration', () => {
  it('is open to the same user alone, and gone with the daemon', async () => {
    const daemon = await startDaemon()
    const path = join(data_dir, 'admin.sock')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await stat(data_dir)).mode & 0o777, 0o700)
    await daemon.close()
    await assert.rejects(stat(path))
  })

  it('knows no commands of applications, and the other socket none of administration', async () => {
    const daemon = await startDaemon(['--unix', join(folder, 'oxd.sock')])
    const admin = await runOxd(['get_user_info', '--oxd_id', 'x', '--access_token', 'y'], {
      env: { OXD_UNIX: join(data_dir, 'admin.sock') },
    })
    assert.match(admin.stderr, /^unsupported_operation/)
    for (const command of ['add_caller', 'list_sites', 'delete_site', 'show_site', 'rotate_caller']) {
      const { data } = await daemon.call(command, { name: 'x', all: true, oxd_id: 'x' })
      assert.equal(data.error, 'unsupported_operation')
    }
  })

  it('is taken over when a daemon was killed, and left to a daemon that runs', async () => {
    const first = await startDaemon()
    const second = await startDaemon()
    const warned = second.log.find(({ message }) => message.startsWith('administration has no socket'))
    assert.match(String(warned?.fields.reason), /another oxd listens.*--data-dir/)
    assert.equal((await run(['callers', 'add', 'shop', '--all'])).opened, 0)
    await second.close()
    assert.equal((await run(['callers', 'list'])).opened, 0)
    await first.close()
    assert.equal((await run(['callers', 'list'])).opened, 1)
  })

  it('is done without where its path is too long, and commands go through the store', async () => {
    data_dir = join(folder, 'd'.repeat(100))
    const daemon = await startDaemon()
    const warned = daemon.log.find(({ message }) => message.startsWith('administration has no socket'))
    assert.match(String(warned?.fields.reason), /too long/)
    const added = await run(['callers', 'add', 'shop', '--all'])
    assert.equal(added.opened, 1, added.stderr)
    assert.equal((await callerOf(added.stdout.trim()))?.name, 'shop')
  })
})

describe('what cannot be', () => {
  const fails = (argv: readonly string[], wants: RegExp, env?: AdminSurroundings['env']): Promise<void> =>
    assert.rejects(run(argv, env && { env }), (error) => {
      assert.ok(error instanceof StartError, String(error))
      assert.match(error.message, wants)
      return true
    })

  it('names the data directory that is not there, and makes none', async () => {
    await fails(['sites', 'list'], /data holds no data of oxd: .*--data-dir.*OXD_DATA_DIR/)
    await mkdir(data_dir, { mode: 0o700 })
    await fails(['callers', 'add', 'x', '--all'], /holds no data of oxd/)
    await assert.rejects(stat(join(data_dir, 'oxd.db')))
    await fails(['sites', 'list', '--data-dir', join(folder, 'other')], /other holds no data/)
    await fails(['sites', 'list'], /OXD_DATADIR/, { OXD_DATADIR: data_dir })
  })

  it('reads oxd.yml and OXD_KEY as oxd serve does', async () => {
    const key = 'A'.repeat(43)
    const opened = await openStore({ data_dir, key_file: `${data_dir}.key`, key, world, limits: LIMITS })
    await opened.store.close()
    const config = join(folder, 'oxd.yml')
    await writeFile(config, `data_dir: ${data_dir}\n`)
    const listed = await runOxd(['sites', 'list', '--config', config], { env: { OXD_KEY: key } })
    assert.equal(listed.code, 0, listed.stderr)
    const keyless = await runOxd(['sites', 'list', '--config', config])
    assert.equal(keyless.code, 1)
    assert.match(keyless.stderr, /^oxd: .*key/)
    assert.equal(keyless.stderr.trim().split('\n').length, 1)
  })

  it('leaves nothing behind when an import is only tried, and sees what is there', async () => {
    const record = {
      // Nobody there: the issuer of the record holds.
      op_host: 'https://127.0.0.1:9',
      client_id: 'c',
      client_secret: 's',
      authorization_redirect_uri: 'https://client.example.com/callback',
    }
    const from = join(folder, 'conf')
    await mkdir(from)
    await writeFile(join(from, `${ID}.json`), JSON.stringify(record))
    const imported = (...more: readonly string[]) =>
      runOxd(['import', from, '--data-dir', data_dir, ...more], { cwd: folder })
    const first = await imported('--dry-run')
    assert.match(first.stdout, /^1 read, 1 imported, /, first.stderr)
    assert.deepEqual(await readdir(folder), ['conf'])
    assert.match((await imported()).stdout, /^1 read, 1 imported, /)
    assert.match((await imported('--dry-run')).stdout, /^1 read, 0 imported, 0 replaced, 1 unchanged, /)
  })

  it('says that another account is needed', { skip: process.getuid?.() !== 0 }, async () => {
    await insertSites()
    const daemon = await startDaemon()
    await chmod(folder, 0o711)
    process.seteuid?.(65_534)
    try {
      await fails(['sites', 'list'], /closed to this account.*sudo -u/)
    } finally {
      process.seteuid?.(0)
      await daemon.close()
    }
    process.seteuid?.(65_534)
    try {
      await fails(['sites', 'list'], /closed to this account/)
    } finally {
      process.seteuid?.(0)
    }
  })

  const MISTAKES: readonly (readonly [argv: readonly string[], wants: RegExp])[] = [
    [['callers', 'ad'], /oxd callers knows no "ad"\. See oxd callers --help/],
    [['callers', '__proto__'], /knows no/],
    [['callers', 'add'], /NAME is missing/],
    [['callers', 'add', 'x'], /give --sites ID,ID or --all/],
    [['callers', 'add', 'x', '--all', '--sites', 'y'], /give --sites ID,ID or --all/],
    [['callers', 'add', 'x', 'y', '--all'], /"y" is too much/],
    [['callers', 'list', '\u001b[2J'], /"\\u001b\[2J" is too much/],
    [['callers', 'rotate', 'x', '--all'], /Unknown option '--all'/],
    [['sites', 'show'], /ID is missing/],
    [['sites', 'list', '--yes'], /Unknown option '--yes'/],
    [['sites', 'remove', 'x', '--json=1'], /--json/],
  ]
  for (const [argv, wants] of MISTAKES) {
    it(`says what is wrong with oxd ${JSON.stringify(argv.join(' '))}`, async () => {
      await insertSites()
      const { code, stderr, stdout } = await run(argv)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, wants)
      assert.match(stderr, /^oxd: .* See oxd \w+ --help\.\n$/)
    })
  }

  it('prints help without any data', async () => {
    for (const argv of [['sites'], ['sites', '--help'], ['sites', 'remove', '--help']]) {
      const { code, stdout } = await run(argv)
      assert.equal(code, 0)
      assert.match(stdout, /oxd sites remove ID \[--yes\]/)
      assert.match(stdout, /OXD_DATA_DIR/)
    }
    assert.match((await runOxd(['--help'])).stdout, /oxd callers …/)
  })
})
