// Scope expressions: what a rule may say, what it means, and that no code is made of it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { isSatisfied, parseExpression, readExpression } from './uma_rule.ts'

const v = (position: unknown) => ({ var: position })
/** A rule that is `depth` operators deep above its variable. */
const deep = (depth: number): unknown => (depth === 0 ? v(0) : { '!': deep(depth - 1) })
/** A rule of `nodes` parts: itself, its list, and one for each variable. */
const wide = (nodes: number) => ({ and: Array.from({ length: nodes - 2 }, () => v(0)) })

describe('scope expressions', () => {
  // Of which scopes a, b and c the rule is true.
  const MEANINGS: readonly (readonly [rule: unknown, yes: readonly string[], no: readonly string[]])[] = [
    [{ and: [v(0), v(1)] }, ['ab', 'abc'], ['', 'a', 'b', 'c', 'ac']],
    [{ or: [v(0), v(1)] }, ['a', 'b', 'ab'], ['', 'c']],
    [{ and: [{ or: [v(0), v(1)] }, v(2)] }, ['ac', 'bc', 'abc'], ['ab', 'c', '']],
    [{ and: [v(0), { '!': v(1) }] }, ['a', 'ac'], ['ab', 'b', '']],
    [{ and: [v(0), { '!': [v(1)] }] }, ['a', 'ac'], ['ab', 'b', '']],
    [{ if: [v(0), v(1), v(2)] }, ['ab', 'c', 'bc'], ['a', 'ac', 'b']],
    [{ '>=': [{ '+': [v(0), v(1), v(2)] }, 2] }, ['ab', 'bc', 'abc'], ['', 'a', 'c']],
    [{ '===': [v(0), true] }, ['a', 'ab'], ['', 'b']],
    [{ or: [v('0'), v([1])] }, ['a', 'b'], ['c', '']],
    [{ '!!': v(2) }, ['c', 'ac'], ['ab', '']],
  ]
  for (const [rule, yes, no] of MEANINGS) {
    it(`${JSON.stringify(rule)} is true of ${yes.join(', ')} and of nothing else`, () => {
      const expression = readExpression({ rule, data: ['a', 'b', 'c'] })
      for (const scopes of yes) assert.equal(isSatisfied(expression, new Set(scopes)), true, scopes)
      for (const scopes of no) assert.equal(isSatisfied(expression, new Set(scopes)), false, scopes)
    })
  }

  const REFUSED: Readonly<Record<string, unknown>> = {
    'no object': 'a',
    'no rule': { data: ['a'] },
    'a rule that is a word': { rule: true, data: ['a'] },
    'a rule that is a list': { rule: [v(0)], data: ['a'] },
    'no data': { rule: v(0) },
    'empty data': { rule: { '!': true }, data: [] },
    'data that are no texts': { rule: v(0), data: [1] },
    'too many scopes': { rule: v(0), data: Array.from({ length: 101 }, (_, i) => `s${i}`) },
    'another operator': { rule: { cat: ['a', 'b'] }, data: ['a'] },
    'an operator of JavaScript': { rule: { constructor: [v(0)] }, data: ['a'] },
    'a prototype': JSON.parse('{"rule": {"__proto__": {"var": 0}}, "data": ["a"]}'),
    'two operators in one': { rule: { and: [v(0)], or: [v(0)] }, data: ['a'] },
    'two operators where they are never reached': {
      rule: { if: [true, v(0), { and: [v(0)], or: [v(0)] }] },
      data: ['a'],
    },
    'no operator': { rule: { and: [{}] }, data: ['a'] },
    'a scope that is not there': { rule: v(1), data: ['a'] },
    'a negative position': { rule: v(-1), data: ['a'] },
    'half a position': { rule: v(0.5), data: ['a'] },
    'all data': { rule: v(''), data: ['a'] },
    'a variable with a default': { rule: v([0, true]), data: ['a'] },
    'a variable that is computed': { rule: v({ '+': [0, 0] }), data: ['a'] },
    'the data above': { rule: v('../0'), data: ['a'] },
    'a member of the list': { rule: v('length'), data: ['a'] },
    'a number that JSON has no word for': { rule: { '==': [v(0), JSON.parse('1e400')] }, data: ['a'] },
    'operands that an operator does not take': { rule: { '<': v(0) }, data: ['a'] },
  }
  for (const [what, value] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readExpression(value),
        (error) => error instanceof OxdError && error.code === 'invalid_scope_expression',
      )
    })
  }

  it('takes a rule up to its bounds, and no further', () => {
    const { uma_rule_depth_max, uma_rule_nodes_max } = LIMITS
    const data = ['a']
    readExpression({ rule: deep(uma_rule_depth_max), data })
    assert.throws(() => readExpression({ rule: deep(uma_rule_depth_max + 1), data }), /deeper/)
    readExpression({ rule: wide(uma_rule_nodes_max), data })
    assert.throws(() => readExpression({ rule: wide(uma_rule_nodes_max + 1), data }), /parts/)
  })

  it('is false where it cannot be evaluated', () => {
    const expression = { rule: { and: [v(0), { '<': v(0) }] }, data: ['a'] }
    assert.equal(isSatisfied(expression, new Set(['a'])), false)
  })

  it('reads the text of one, and no other text', () => {
    const { rule, data } = parseExpression('{"rule": {"var": 0}, "data": ["a"]}')
    assert.deepEqual({ rule, data }, { rule: v(0), data: ['a'] })
    for (const text of ['', '{', '[]', 'null']) {
      assert.throws(() => parseExpression(text), OxdError)
    }
  })

  it('makes no code of a rule', async () => {
    const url = new URL('uma_rule.ts', import.meta.url).href
    const script = `
      const { readExpression, isSatisfied } = await import(${JSON.stringify(url)})
      const expression = readExpression({ rule: { and: [{ var: 0 }, { '!': { var: 1 } }] }, data: ['a', 'b'] })
      for (let i = 0; i < 2000; i++) isSatisfied(expression, new Set(['a']))
      process.stdout.write(String(isSatisfied(expression, new Set(['a']))))`
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 20_000 })
    assert.equal(stdout, 'true')
  })
})
