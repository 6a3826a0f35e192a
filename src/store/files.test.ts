// Small helpers for private files; how they work together is shown in key.test.ts.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { StartError } from '../error.ts'
import { isInside, orStartError, publish, quoted, refuseOthers, writeNew } from './files.ts'

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'oxd-files-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

describe('private files', () => {
  test('of two that publish under one name the first wins, and no temporary file stays', (t) => {
    const at = folder(t)
    const umask = process.umask(0)
    t.after(() => process.umask(umask))
    writeNew(join(at, 'a.new'), 'a')
    writeNew(join(at, 'b.new'), 'b')
    assert.throws(() => writeNew(join(at, 'b.new'), 'c'), { code: 'EEXIST' })
    assert.equal(publish(join(at, 'a.new'), join(at, 'it')), true)
    assert.equal(publish(join(at, 'b.new'), join(at, 'it')), false)
    assert.equal(readFileSync(join(at, 'it'), 'utf8'), 'a')
    assert.equal(statSync(join(at, 'it')).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(at), ['it'])
  })

  test('inside is inside, by any way there, existing or not', (t) => {
    const at = folder(t)
    mkdirSync(join(at, 'data'))
    symlinkSync(join(at, 'data'), join(at, 'link'))
    const inside = [
      'data',
      'data/key',
      'data/../data/key',
      'data/..key',
      'link/key',
      'link/no/key',
      'data/..',
    ]
    const found = inside.map((path) => isInside(join(at, path), join(at, 'data')))
    assert.deepEqual(found, [true, true, true, true, true, true, false])
    for (const path of ['key', 'data.key', 'datakey', '../key'])
      assert.equal(isInside(join(at, path), join(at, 'data')), false, path)
    assert.equal(isInside(join(at, 'none/key'), join(at, 'none')), true)
  })

  test('any right of others is refused with the command to type', (t) => {
    const at = folder(t)
    const stats = statSync(at)
    for (const mode of [0o700, 0o600, 0o400]) {
      stats.mode = mode
      refuseOthers('The folder', at, stats, '700')
    }
    for (const mode of [0o701, 0o702, 0o704, 0o710, 0o720, 0o740]) {
      stats.mode = mode
      assert.throws(
        () => refuseOthers('The folder', "/it's here", stats, '700'),
        (error: unknown) =>
          error instanceof StartError && error.message.endsWith(": chmod 700 '/it'\\''s here'"),
      )
    }
  })

  test('paths are quoted for a shell where they must be', () => {
    assert.equal(quoted('/var/lib/oxd-data/oxd.db'), '/var/lib/oxd-data/oxd.db')
    assert.equal(quoted('/a b;$c'), "'/a b;$c'")
  })

  test('the refusals of the system become one line, mistakes of the program stay what they are', () => {
    assert.throws(() => orStartError('Cannot look', () => statSync('/no/such')), {
      name: 'StartError',
      message: /^Cannot look \(ENOENT: .*\)$/,
    })
    const bug = new RangeError('bug')
    assert.throws(
      () =>
        orStartError('Cannot look', () => {
          throw bug
        }),
      bug,
    )
  })
})
