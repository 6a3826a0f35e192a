import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, test, type TestContext } from 'node:test'
import { requireWritable, writeId } from './config_write.ts'
import { OxdConfigError } from './errors.ts'
import { CLIENT_LIMITS } from './limits.ts'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const needsRoot = isRoot ? false : 'only root can give files away or become somebody else'

let folder = ''
let file = ''
const mounts: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oxd-write-'))
  chmodSync(folder, 0o755)
  file = join(folder, 'demosite.cfg')
  writeFileSync(file, '# mine\n[oxd]\nport = 8099\nid =\n')
})
afterEach(() => {
  for (const mount of mounts.splice(0).toReversed()) spawnSync('umount', [mount])
  rmSync(folder, { recursive: true, force: true })
})

const AFTER = '# mine\n[oxd]\nport = 8099\nid = X-1\n'
const write = () => writeId(file, 'X-1', CLIENT_LIMITS)

/** Runs writeId as somebody else, in a process that gives its rights away after loading; returns the error, if any. */
const writeAsNobody = (): string => {
  const source = `
    const { requireWritable, writeId } = await import(${JSON.stringify(new URL('config_write.ts', import.meta.url).href)})
    process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY})
    try { requireWritable(${JSON.stringify(file)}); writeId(${JSON.stringify(file)}, 'X-1', ${JSON.stringify(CLIENT_LIMITS)}) }
    catch (error) { console.log(error.message) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
  })
  return (stdout + stderr).trim()
}

const mounted = (t: TestContext, at: string, ...options: string[]): boolean => {
  const { status } = spawnSync('mount', [...options, at])
  if (status === 0) mounts.push(at)
  else t.skip('this machine does not let us mount')
  return status === 0
}

test('an ordinary file is replaced as a whole, and keeps its mode', () => {
  chmodSync(file, 0o640)
  const { ino } = statSync(file)
  write()
  assert.equal(readFileSync(file, 'utf8'), AFTER)
  assert.equal(statSync(file).mode & 0o7777, 0o640)
  assert.notEqual(statSync(file).ino, ino, 'whoever has it open keeps the old one')
  assert.deepEqual(readdirSync(folder), ['demosite.cfg'], 'no leftovers')
})

test('a symbolic link stays one', () => {
  const link = join(folder, 'link.cfg')
  symlinkSync('demosite.cfg', link)
  writeId(link, 'X-1', CLIENT_LIMITS)
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.equal(readFileSync(file, 'utf8'), AFTER)
})

test('a hard link stays one, and no copy is left', () => {
  const other = join(folder, 'other.cfg')
  linkSync(file, other)
  write()
  assert.equal(statSync(file).ino, statSync(other).ino)
  assert.equal(readFileSync(other, 'utf8'), AFTER)
  assert.deepEqual(readdirSync(folder).sort(), ['demosite.cfg', 'other.cfg'])
})

test('in place, a shorter content leaves nothing of the longer one', () => {
  writeFileSync(file, `id = ${'old'.repeat(100)}\nport = 1\n`)
  linkSync(file, join(folder, 'other.cfg'))
  write()
  assert.equal(readFileSync(file, 'utf8'), 'id = X-1\nport = 1\n')
})

test('root keeps the owner', { skip: needsRoot }, () => {
  chownSync(file, NOBODY, NOBODY)
  chmodSync(file, 0o4600)
  const { ino } = statSync(file)
  write()
  const { uid, gid, mode, ino: now } = statSync(file)
  assert.notEqual(now, ino, 'and need not write in place for that')
  assert.deepEqual([uid, gid, mode & 0o7777], [NOBODY, NOBODY, 0o4600])
})

test('who may not keep the owner writes in place', { skip: needsRoot }, () => {
  chmodSync(folder, 0o777)
  chmodSync(file, 0o666)
  const { ino } = statSync(file)
  assert.equal(writeAsNobody(), '')
  assert.equal(readFileSync(file, 'utf8'), AFTER)
  const { ino: now, uid, mode } = statSync(file)
  assert.deepEqual([now, uid, mode & 0o7777], [ino, 0, 0o666])
  assert.deepEqual(readdirSync(folder), ['demosite.cfg'])
})

test('a folder that cannot be written: in place, the copy elsewhere', { skip: needsRoot }, () => {
  chownSync(file, NOBODY, NOBODY)
  chmodSync(folder, 0o555)
  assert.equal(writeAsNobody(), '')
  assert.equal(readFileSync(file, 'utf8'), AFTER)
  assert.equal(statSync(file).uid, NOBODY)
})

test('a file of somebody else is a clear error', { skip: needsRoot }, () => {
  chmodSync(file, 0o644)
  assert.match(writeAsNobody(), /demosite\.cfg: cannot be written \(EACCES\)/)
  assert.doesNotMatch(readFileSync(file, 'utf8'), /X-1/)
})

test('a read-only file is a clear error, for root too', () => {
  chmodSync(file, 0o444)
  assert.throws(
    () => requireWritable(file),
    (error) => error instanceof OxdConfigError && /read-only.*chmod u\+w/.test(error.message),
  )
  chmodSync(file, 0o644)
  requireWritable(file)
})

test('a file that is a mount of its own is written in place', { skip: needsRoot }, (t) => {
  const target = join(folder, 'mounted.cfg')
  writeFileSync(target, '')
  if (!mounted(t, target, '--bind', file)) return
  writeId(target, 'X-1', CLIENT_LIMITS)
  assert.equal(readFileSync(file, 'utf8'), AFTER)
  assert.deepEqual(readdirSync(folder).sort(), ['demosite.cfg', 'mounted.cfg'])
})

test('a full disk: the file is as it was, and the id is in the error', { skip: needsRoot }, (t) => {
  const small = join(folder, 'small')
  mkdirSync(small)
  if (!mounted(t, small, '-t', 'tmpfs', '-o', 'size=8k', 'tmpfs')) return
  const full = `id =\n${'#'.repeat(4090)}\n`
  const inside = join(small, 'demosite.cfg')
  // Two files of one page each: nothing more goes in. The file itself is mounted elsewhere, where there is room for a copy.
  writeFileSync(inside, full)
  writeFileSync(join(small, 'filler'), Buffer.alloc(4096))
  const target = join(folder, 'mounted.cfg')
  writeFileSync(target, '')
  if (!mounted(t, target, '--bind', inside)) return
  for (const path of [inside, target]) {
    assert.throws(
      () => writeId(path, 'X-1', CLIENT_LIMITS),
      (error) =>
        error instanceof OxdConfigError && error.oxd_id === 'X-1' && /ENOSPC.*"id = X-1"/.test(error.message),
    )
    assert.equal(readFileSync(path, 'utf8'), full)
  }
  assert.deepEqual(readdirSync(folder).sort(), ['demosite.cfg', 'mounted.cfg', 'small'])
  assert.deepEqual(readdirSync(small).sort(), ['demosite.cfg', 'filler'])
})

test('an id that could not be read again is not written', () => {
  for (const id of ['', 'a b', 'a\nb', '<oxd_id>', '""', 'é']) {
    assert.throws(() => writeId(file, id, CLIENT_LIMITS), /no plain word/)
  }
  assert.match(readFileSync(file, 'utf8'), /^id =$/m)
})

test('a file that was broken meanwhile is left alone', () => {
  writeFileSync(file, 'nonsense\n')
  assert.throws(write, /demosite\.cfg:1: .*nonsense.*"id = X-1"/)
  assert.equal(readFileSync(file, 'utf8'), 'nonsense\n')
})

test('a leftover of a process with the same number is no obstacle', () => {
  writeFileSync(`${file}.${process.pid}.tmp`, 'leftover')
  write()
  assert.equal(readFileSync(file, 'utf8'), AFTER)
  assert.deepEqual(readdirSync(folder), [basename(file)])
})

test('further keys beside the id: each once, and none that could not be read again', () => {
  const keys = { protection_client_id: 'c-79', protection_client_secret: 'a secret; # of = all' }
  writeId(file, 'X-1', CLIENT_LIMITS, keys)
  const text = readFileSync(file, 'utf8')
  assert.equal(text, `${AFTER}protection_client_id = c-79\nprotection_client_secret = a secret; # of = all\n`)
  writeId(file, 'X-1', CLIENT_LIMITS, keys)
  assert.equal(readFileSync(file, 'utf8'), text)
  for (const hush of ['', ' hush', 'hush ', 'hu\nsh', 'hüsh', '<hush>', '""']) {
    assert.throws(
      () => writeId(file, 'X-2', CLIENT_LIMITS, { protection_client_secret: hush }),
      (error) =>
        error instanceof OxdConfigError &&
        error.oxd_id === 'X-2' &&
        /protection_client_secret is no plain text/.test(error.message) &&
        !/h[uü]/.test(error.message),
      hush,
    )
  }
  assert.equal(readFileSync(file, 'utf8'), text)
})
