// Data directory and key: what is made, what is refused, and that nothing is ever made over what was lost.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { StartError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import type { LogLevel } from '../world.ts'
import { openStore } from './key.ts'
import type { Store } from './store.ts'

const SECRETS = ['oxd-id-in-clear', 'secret-in-clear', 'subject-in-clear'] as const

const setUp = (t: TestContext) => {
  const home = mkdtempSync(join(tmpdir(), 'oxd-key-'))
  const stores: Store[] = []
  t.after(async () => {
    for (const store of stores) await store.close()
    rmSync(home, { recursive: true })
  })
  const data_dir = join(home, 'data')
  const key_file = join(home, 'oxd.key')
  const lines: string[] = []
  const world = {
    now: Date.now,
    random: randomBytes,
    log: (level: LogLevel, message: string) => void lines.push(`${level} ${message}`),
  }
  const open = async (options: { key?: string; key_file?: string; data_dir?: string } = {}) => {
    const opened = await openStore({ data_dir, key_file, world, limits: LIMITS, ...options })
    stores.push(opened.store)
    const sites = opened.store.kind<{ name: string }>({ kind: 'site', durable: true })
    return { ...opened, sites }
  }
  /** A store with one record, closed again. */
  const made = async (options: { key?: string } = {}) => {
    const { store, sites } = await open(options)
    await sites.insert(['a'], { name: 'a' })
    await store.close()
    lines.length = 0
  }
  const refused = async (reason: RegExp, options: Parameters<typeof open>[0] = {}) => {
    const before = snapshot(home)
    await assert.rejects(
      () => open(options),
      (error: unknown) => {
        assert.ok(error instanceof StartError, String(error))
        assert.match(error.message, reason)
        assert.doesNotMatch(error.message, /\n/)
        for (const key of [options.key, existsSync(key_file) && statSync(key_file).isFile() && keyText()])
          if (typeof key === 'string' && key.length > 8) assert.ok(!error.message.includes(key))
        return true
      },
    )
    assert.deepEqual(snapshot(home), before)
    assert.deepEqual(lines, [])
  }
  const keyText = () => readFileSync(key_file, 'utf8').trim()
  return { home, data_dir, key_file, lines, open, made, refused, keyText }
}

/** Every file with its mode and content, so that a refusal is seen to change nothing. */
const snapshot = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const at = join(entry.parentPath, entry.name)
      const mode = statSync(at, { throwIfNoEntry: false })?.mode
      return `${at} ${mode} ${entry.isFile() ? readFileSync(at).toString('base64') : ''}`
    })
    .sort()

describe('a new store', () => {
  test('is made with its key, closed to others, and said loudly; the next start finds it', async (t) => {
    const { home, data_dir, key_file, lines, open } = setUp(t)
    const umask = process.umask(0)
    t.after(() => process.umask(umask))
    const { store, sites, keys } = await open()
    await sites.insert(['a'], { name: 'a' })
    assert.equal(lines.length, 1)
    assert.match(
      lines[0] ?? '',
      /^warn A new, empty store was made: .*data\/oxd\.db\. .*oxd\.key\. Back up both, apart\.$/,
    )
    assert.equal(statSync(data_dir).mode & 0o777, 0o700)
    assert.equal(statSync(key_file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(home).sort(), ['data', 'oxd.key'])
    for (const name of readdirSync(data_dir))
      assert.equal(statSync(join(data_dir, name)).mode & 0o777, 0o600, name)
    await store.close()
    assert.deepEqual(readdirSync(data_dir), ['oxd.db'])
    const again = await open()
    assert.deepEqual((await again.sites.get(['a']))?.value, { name: 'a' })
    assert.deepEqual(again.keys.id, keys.id)
    assert.equal(lines.length, 1)
  })

  test('two have two keys', async (t) => {
    const [one, two] = [setUp(t), setUp(t)]
    await one.made()
    await two.made()
    assert.notEqual(one.keyText(), two.keyText())
    assert.equal(Buffer.from(one.keyText(), 'base64url').length, 32)
  })

  test('with OXD_KEY needs no key file and makes none; every spelling is the same key', async (t) => {
    const { data_dir, key_file, lines, open } = setUp(t)
    const key = randomBytes(32)
    const { store, sites } = await open({ key: key.toString('base64url') })
    await sites.insert(['a'], { name: 'a' })
    await store.close()
    assert.match(lines[0] ?? '', /OXD_KEY/)
    assert.equal(existsSync(key_file), false)
    for (const spelling of [
      key.toString('base64'),
      key.toString('hex').toUpperCase(),
      ` ${key.toString('hex')}\n`,
    ]) {
      const again = await open({ key: spelling })
      assert.notEqual(await again.sites.get(['a']), undefined)
      await again.store.close()
    }
    assert.deepEqual(readdirSync(data_dir), ['oxd.db'])
    // The same key in both places is no contradiction.
    writeFileSync(key_file, key.toString('base64'), { mode: 0o600 })
    const both = await open({ key: key.toString('hex') })
    assert.notEqual(await both.sites.get(['a']), undefined)
  })

  test('a crash between key and database, or amid the database, is made good by the next start', async (t) => {
    const { data_dir, key_file, lines, open } = setUp(t)
    mkdirSync(data_dir, { mode: 0o700 })
    const key = randomBytes(32).toString('base64url')
    writeFileSync(key_file, `${key}\n`, { mode: 0o600 })
    writeFileSync(join(data_dir, 'oxd.db.0011223344556677.new'), 'half', { mode: 0o600 })
    writeFileSync(`${key_file}.0011223344556677.new`, 'ha', { mode: 0o600 })
    const { sites } = await open()
    assert.equal(await sites.insert(['a'], { name: 'a' }), true)
    assert.equal(readFileSync(key_file, 'utf8').trim(), key)
    // It could also be a lost store: that is said.
    assert.match(lines[0] ?? '', /new, empty store.*The key was there before: if a store was too/)
  })
})

describe('a start is refused, and changes nothing', () => {
  test('a store whose key is missing', async (t) => {
    const { key_file, home, made, refused, open } = setUp(t)
    await made()
    renameSync(key_file, join(home, 'elsewhere'))
    await refused(
      /key of the store .*oxd\.db is missing: restore .*oxd\.key from its backup or set OXD_KEY; .* move .*data away/,
    )
    renameSync(join(home, 'elsewhere'), key_file)
    assert.notEqual(await (await open()).sites.get(['a']), undefined)
  })

  test('a store with another key', async (t) => {
    const { key_file, made, refused, open, keyText } = setUp(t)
    await made()
    const right = keyText()
    writeFileSync(key_file, randomBytes(32).toString('base64url'))
    await refused(
      /does not open with the key file .*oxd\.key \(the key is [0-9a-f]{8}, .* under [0-9a-f]{8}\): restore/,
    )
    rmSync(key_file)
    await refused(/does not open with OXD_KEY/, { key: randomBytes(32).toString('hex') })
    assert.notEqual(await (await open({ key: right })).sites.get(['a']), undefined)
  })

  test('two different keys', async (t) => {
    const { made, refused, keyText } = setUp(t)
    await made()
    await refused(/OXD_KEY and the key file .* are different keys/, { key: randomBytes(32).toString('hex') })
    assert.equal(keyText().length, 43)
  })

  test('a key that is none', async (t) => {
    const { key_file, made, refused } = setUp(t)
    const key = randomBytes(32)
    const bad = [
      '',
      ' ',
      key.toString('hex').slice(1),
      `${key.toString('base64url')}AA`,
      'correct horse battery staple',
    ]
    for (const text of bad) await refused(/OXD_KEY holds no key/, { key: text })
    await made()
    for (const text of bad) {
      writeFileSync(key_file, text)
      await refused(/key file .* holds no key/)
    }
    writeFileSync(key_file, 'A'.repeat(300))
    await refused(/too large/)
    rmSync(key_file)
    mkdirSync(key_file)
    await refused(/is not a file/)
  })

  test('a key file or data directory that is open to others', async (t) => {
    const { key_file, data_dir, made, refused } = setUp(t)
    await made()
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(key_file, mode)
      await refused(/key file .* is open to other users .*: chmod 600 .*oxd\.key$/)
    }
    chmodSync(key_file, 0o600)
    for (const mode of [0o750, 0o705, 0o777]) {
      chmodSync(data_dir, mode)
      await refused(/data directory .* is open to other users .*: chmod 700 .*data$/)
    }
  })

  test('a key file inside the data directory, also by a link', async (t) => {
    const { home, data_dir, made, refused } = setUp(t)
    await refused(/is inside the data directory/, { key_file: join(data_dir, 'oxd.key') })
    await made()
    symlinkSync(data_dir, join(home, 'link'))
    await refused(/is inside the data directory/, { key_file: join(home, 'link', 'sub', 'oxd.key') })
  })

  test('a file for a folder, a missing parent, a key file that cannot be made', async (t) => {
    const { home, refused } = setUp(t)
    writeFileSync(join(home, 'file'), '')
    await refused(/is a file: name a folder/, { data_dir: join(home, 'file') })
    await refused(/Cannot .*\(ENOTDIR/, { data_dir: join(home, 'file', 'data') })
    await refused(/Cannot make the data directory .*\(ENOENT/, { data_dir: join(home, 'no', 'data') })
    mkdirSync(join(home, 'data'), { mode: 0o700 })
    await refused(/Cannot make the key file .*\(ENOENT/, { key_file: join(home, 'no', 'oxd.key') })
    symlinkSync(join(home, 'nowhere'), join(home, 'broken'))
    await refused(/cannot be made: is it a broken link/, { key_file: join(home, 'broken') })
  })

  test('a database that is gone, emptied, damaged or without its check record', async (t) => {
    const { data_dir, made, refused } = setUp(t)
    await made()
    const path = join(data_dir, 'oxd.db')
    const whole = readFileSync(path)
    writeFileSync(`${path}-wal`, 'rest')
    rmSync(path)
    await refused(/oxd\.db is gone, its oxd\.db-wal is there: restore the backup/)
    rmSync(`${path}-wal`)
    writeFileSync(path, whole, { mode: 0o600 })
    truncateSync(path, 0)
    await refused(/is no store of oxd: restore/)
    truncateSync(path, 0)
    appendFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(99))
    await refused(/is no database/)
    writeFileSync(path, whole)
    const db = new DatabaseSync(path)
    db.exec('DELETE FROM records')
    db.close()
    await refused(/has lost its check record/)
  })
})

describe('the files of a store', () => {
  test('hold no oxd_id, secret or subject in clear', async (t) => {
    const { data_dir, open } = setUp(t)
    const { store, sites } = await open()
    const tokens = store.kind<{ sub: string }>({ kind: 'access_token', durable: false })
    const [oxd_id, secret, subject] = SECRETS
    await sites.insert([oxd_id], { name: secret })
    await sites.update([oxd_id], (value) => ({ name: `${value.name} ${secret}` }))
    await tokens.put([oxd_id, subject], { sub: subject })
    const look = () => {
      for (const name of readdirSync(data_dir))
        for (const text of SECRETS)
          assert.ok(!readFileSync(join(data_dir, name)).includes(text), `${text} in ${name}`)
      return readdirSync(data_dir)
    }
    assert.deepEqual(look().sort(), ['oxd.db', 'oxd.db-shm', 'oxd.db-wal'])
    await store.close()
    look()
  })

  test('two bodies exchanged between rows, or a bit flipped, are noticed', async (t) => {
    const { data_dir, open, made } = setUp(t)
    await made()
    const first = await open()
    await first.sites.insert(['b'], { name: 'b' })
    await first.store.close()
    const SITES = "WHERE key GLOB 'site/*'"
    const harms = [
      `CREATE TEMP TABLE old AS SELECT * FROM records ${SITES};
       UPDATE records SET (version, body) = (SELECT version, body FROM old WHERE old.key <> records.key) ${SITES}`,
      `UPDATE records SET version = version + 1 ${SITES}`,
      `UPDATE records SET expires_at = 9999999999 ${SITES}`,
      `UPDATE records SET body = flip(body) ${SITES}`,
    ]
    const path = join(data_dir, 'oxd.db')
    const whole = readFileSync(path)
    for (const harm of harms) {
      const db = new DatabaseSync(path)
      db.function('flip', (body) => {
        assert.ok(body instanceof Uint8Array)
        return body.with(body.length - 20, (body.at(-20) ?? 0) ^ 1)
      })
      db.exec(harm)
      db.close()
      const { store, sites } = await open()
      for (const id of ['a', 'b'])
        await assert.rejects(() => sites.get([id]), { code: 'store_damaged' }, harm)
      await store.close()
      writeFileSync(path, whole)
    }
    const { sites } = await open()
    assert.deepEqual((await sites.get(['b']))?.value, { name: 'b' })
  })
})
