import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Log } from '../world.ts'
import { createQuirks, QUIRK_NAMES, QUIRKS } from './quirks.ts'

const silent: Log = () => {}
const OKTA = 'https://example.okta.com/oauth2/default'

describe('quirks', () => {
  for (const name of QUIRK_NAMES) {
    it(`${name} says what it loosens, and where it was seen`, () => {
      const { loosens, seen } = QUIRKS[name]
      assert.match(loosens, /^[^\n]+\.$/)
      assert.ok(seen.length > 0)
      for (const { op, link } of seen) {
        assert.notEqual(op, '')
        assert.equal(new URL(link).protocol, 'https:')
      }
    })
    it(`${name} is not in force at an OP that nobody knows, but where a site names it, unless it is switched off`, () => {
      const issuer = 'https://op.example.com'
      assert.equal(createQuirks(silent, [])(issuer)(name), false)
      assert.equal(createQuirks(silent, [])(issuer, [name])(name), true)
      assert.equal(createQuirks(silent, [name])(issuer, [name])(name), false)
    })
  }

  const issuers: readonly (readonly [string, boolean])[] = [
    [OKTA, true],
    ['https://example.okta.com', true],
    ['https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0', true],
    ['https://login.microsoftonline.com.example.com/v2.0', false],
    ['https://evil.example/https://example.okta.com', false],
    ['https://example.okta.com.evil.example', false],
    ['http://example.okta.com', false],
  ]
  for (const [issuer, expected] of issuers) {
    it(`assertion_audience_url ${expected ? 'is' : 'is not'} in force at ${issuer}`, () => {
      assert.equal(createQuirks(silent, [])(issuer)('assertion_audience_url'), expected)
    })
  }
  it('a known one is switched off, too', () => {
    assert.equal(createQuirks(silent, ['assertion_audience_url'])(OKTA)('assertion_audience_url'), false)
  })

  it('logs the first use of each, with its OP', () => {
    const lines: unknown[] = []
    const at = createQuirks((level, message, fields) => void lines.push([level, message, fields]), [])
    for (const issuer of [OKTA, 'https://other.okta.com', OKTA]) at(issuer)('assertion_audience_url')
    at(OKTA)('basic_not_encoded')
    assert.deepEqual(lines, [
      ['warn', 'goes along with a deviation', { quirk: 'assertion_audience_url', op: OKTA }],
    ])
  })
})
