// Lists in what an OP says.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { listOf } from './list.ts'

describe('a list of an OP', () => {
  const list = listOf(z.string(), 3)

  it('has so many items, and not one more', () => {
    assert.deepEqual(list.parse(['a', 'b', 'c']), ['a', 'b', 'c'])
    assert.equal(list.safeParse(['a', 'b', 'c', 'd']).success, false)
  })

  it('that is too long is wrong once, not with each of its items', () => {
    assert.equal(list.safeParse([1, 2, 3]).error?.issues.length, 3)
    assert.equal(list.safeParse(Array.from({ length: 500_000 }, () => 1)).error?.issues.length, 1)
  })

  for (const other of [undefined, null, 'a', { length: 1, 0: 'a' }])
    it(`is not ${JSON.stringify(other)}`, () => assert.equal(list.safeParse(other).success, false))
})
