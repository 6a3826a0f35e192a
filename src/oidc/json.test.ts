// JSON from outside.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LIMITS } from '../limits.ts'
import { parseJson } from './json.ts'

describe('JSON from outside', () => {
  it('is what JSON.parse says, for everything honest', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => assert.deepEqual(parseJson(text), JSON.parse(text))),
    )
  })

  const REFUSED = [
    '',
    'x',
    '{"a":1',
    '{"a\\',
    '{{}:1}',
    '{"a":"b":1}',
    '{"\\x":1}',
    '{"a":1,"a":1}',
    '{"a":1,"b":{"c":[1,{"d":1,"d":2}]}}',
    '{"iss":"x","\\u0069ss":"y"}',
    '{"a\\"b":1,"a\\u0022b":2}',
    '{"a":"\\ud800"}',
    '{"a":["x\\udc00\\ud800"]}',
    '{"\\ud83d":1}',
    '\ufeff{}',
    '['.repeat(65) + ']'.repeat(65),
    '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000),
  ]
  for (const text of REFUSED)
    it(`refuses ${text.slice(0, 40)}`, () => assert.equal(parseJson(text), undefined))

  const max = LIMITS.json_members_max
  const AT_THE_BOUND: Readonly<Record<string, (count: number) => string>> = {
    members: (count) => `{${Array.from({ length: count - 1 }, (_, n) => `"${n}":0`).join(',')}}`,
    objects: (count) => `[${'{},'.repeat(count - 2)}{}]`,
    lists: (count) => `[${'[],'.repeat(count - 2)}[]]`,
  }
  for (const [what, text] of Object.entries(AT_THE_BOUND)) {
    it(`has ${max} ${what}, and not one more`, () => {
      assert.deepEqual(parseJson(text(max)), JSON.parse(text(max)))
      assert.equal(parseJson(text(max + 1)), undefined)
    })
  }
  it('may have more texts and numbers, up to their bound, and not one more', () => {
    const items = Array.from({ length: LIMITS.json_commas_max + 1 }, (_, n) =>
      n % 2 === 0 ? n : `{"${n}":[,,`,
    )
    assert.deepEqual(parseJson(JSON.stringify(items)), items)
    assert.ok(parseJson(JSON.stringify([...items, 0])) === undefined)
  })

  const TAKEN = [
    '{"a":{"a":1},"b":[{"a":1},{"a":1}]}',
    '{"a":"a","b":"\\"a\\":"}',
    '{"a":"{{{{[[[["}',
    '{"a":"\\ud83d\\ude00","\\ud83d\\ude00":"\\u0000"}',
    '['.repeat(64) + ']'.repeat(64),
    'null',
  ]
  for (const text of TAKEN) {
    it(`takes ${text.slice(0, 40)}`, () => assert.deepEqual(parseJson(text), JSON.parse(text)))
  }
})
