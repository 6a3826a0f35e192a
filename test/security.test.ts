// SECURITY.md, tried: the tests that it names are there, and no case is without a promise.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
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

const [, table = ''] = TEXT.split('\n## Each promise')
const [promises = ''] = table.split('\n## ')
/** The promises beside which a case stands. */
const promisesOf = (id: string): readonly string[] =>
  promises.split('\n').filter((row) =>
    [...row.matchAll(/([A-Z]{3})-(\d\d)(?: to [A-Z]{3}-(\d\d))?/g)].some(([, area, from, to = from]) => {
      const [, of, number] = /^([A-Z]{3})-(\d\d)/.exec(id) ?? []
      return area === of && Number(from) <= Number(number) && Number(number) <= Number(to)
    }),
  )

test('every case has its promise', () => {
  for (const { id } of AREAS.flatMap(({ cases }) => cases))
    assert.ok(promisesOf(id).length > 0, `${id} stands beside no promise`)
})

test('every promise names the files in which its cases are', () => {
  const folder = 'test/cases'
  for (const name of readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.ts'))) {
    const text = readFileSync(join(ROOT, folder, name), 'utf8')
    for (const [, id = ''] of text.matchAll(/\bid: '([A-Z]{3}-\d\d)/g))
      for (const row of promisesOf(id)) assert.ok(row.includes(`\`${folder}/${name}\``), `${id}: ${row}`)
  }
})
