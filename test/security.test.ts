// SECURITY.md, tried: the tests that it names are there, and no case is without a promise.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadTargets } from '../src/testing/fuzz/load.ts'
import { AREAS } from './cases/index.ts'

const ROOT = join(import.meta.dirname, '..')
const TEXT = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')

test('every file that is named is there', () => {
  const files = [...TEXT.matchAll(/`((?:src|test|docs)\/[\w/.-]+)`/g)].map(([, file = '']) => file)
  assert.ok(files.length > 30)
  for (const file of files) assert.ok(existsSync(join(ROOT, file)), file)
})

test('every fuzz target that is named is one', async () => {
  const targets = await loadTargets()
  const named = [...TEXT.matchAll(/fuzz targets? ((?:`\w+`(?:, )?)+)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  )
  assert.ok(named.length > 10)
  for (const name of named) assert.ok(targets.has(name), name)
})

test('every case has its promise', () => {
  const [, table = ''] = TEXT.split('## Each promise')
  const [promises = ''] = table.split('\n## ')
  const ranges = [...promises.matchAll(/([A-Z]{3})-(\d\d)(?: to [A-Z]{3}-(\d\d))?/g)].map(
    ([, area, from, to = from]) => ({ area, from: Number(from), to: Number(to) }),
  )
  for (const { id } of AREAS.flatMap(({ cases }) => cases)) {
    const [, area, number] = /^([A-Z]{3})-(\d\d)/.exec(id) ?? []
    const is = ranges.some(
      (range) => range.area === area && range.from <= Number(number) && Number(number) <= range.to,
    )
    assert.ok(is, `${id} stands beside no promise`)
  }
})
