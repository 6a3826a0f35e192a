// Takes out one defence after the other, and demands that its tests notice.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runWeakened } from '../src/testing/weakened.ts'
import { BAD_INPUT, WEAKENINGS } from './weakenings.ts'

describe('tests turn red without the defence', () => {
  for (const [room, table] of Object.entries(WEAKENINGS)) {
    // A room has up to sixty builds, each a process of its own.
    it(`in the room of ${room}`, { timeout: 600_000 }, async () => {
      assert.equal((await runWeakened(table)).length, table.length)
    })
  }
})

it('every sort of bad input has weakened builds, and names are unique', () => {
  const names = Object.values(WEAKENINGS).flatMap((table) => table.map(({ name }) => name))
  assert.equal(new Set(names).size, names.length)
  for (const [input, defences] of Object.entries(BAD_INPUT)) {
    assert.ok(defences.length > 0, input)
    for (const name of defences)
      assert.ok(names.includes(name), `${input}: there is no weakened build "${name}"`)
  }
})
