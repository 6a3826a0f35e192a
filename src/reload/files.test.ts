// Files that are read again when they change.
import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from '../error.ts'
import type { LogFields } from '../world.ts'
import { watchFiles, type FileGroup } from './files.ts'

describe('files that change', () => {
  let folder: string
  let file: string
  let reads: number
  let log: (readonly [message: string, fields: LogFields | undefined])[]
  const watch = (more: Partial<FileGroup> = {}) =>
    watchFiles(
      [{ what: 'it', files: () => [file], reload: () => void (reads += 1), ...more }],
      (_level, message, fields) => void log.push([message, fields]),
    )
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oxd-files-'))
    file = join(folder, 'it')
    reads = 0
    log = []
    await writeFile(file, 'one')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('are read again when they were written, and only then', async () => {
    const { look } = watch()
    await look()
    await look()
    assert.equal(reads, 0)
    await writeFile(file, 'other')
    await look()
    await look()
    assert.equal(reads, 1)
    // As long as before, and another time.
    await utimes(file, 1, 1)
    await look()
    assert.equal(reads, 2)
    assert.deepEqual(log, [
      ['read again', { what: 'it' }],
      ['read again', { what: 'it' }],
    ])
  })

  it('are followed through links, into absence and back', async () => {
    const link = join(folder, 'link')
    await symlink(file, link)
    const { look } = watch({ files: () => [link] })
    await look()
    await unlink(link)
    await look()
    assert.equal(reads, 1)
    await writeFile(join(folder, 'next'), 'two')
    await symlink(join(folder, 'next'), link)
    await look()
    assert.equal(reads, 2)
  })

  it('are read on demand, changed or not', async () => {
    const { all } = watch()
    await all()
    await all()
    assert.equal(reads, 2)
  })

  it('are not asked for where there are none', async () => {
    const { all, look } = watch({ files: () => [] })
    await look()
    await all()
    assert.equal(reads, 0)
  })

  it('are tried once while they are of no use; the log has our words and no others', async () => {
    let problem: Error = new StartError('it: no use.')
    const { look } = watch({
      reload: () => {
        reads += 1
        throw problem
      },
    })
    await look()
    await writeFile(file, 'bad')
    await look()
    await look()
    problem = new Error('a secret')
    await writeFile(file, 'worse')
    await look()
    assert.equal(reads, 2)
    assert.deepEqual(
      log.map(([, fields]) => fields?.['reason']),
      ['it: no use.', 'unexpected failure'],
    )
  })

  it('are read one after the other', async () => {
    const order: string[] = []
    const { look, all } = watch({
      reload: async () => {
        order.push('begins')
        // Longer than it takes to look at the files.
        await delay(50)
        order.push('ends')
      },
    })
    await Promise.all([look(), all(), all()])
    assert.deepEqual(order, ['begins', 'ends', 'begins', 'ends'])
  })
})
