// Scope as OPs say it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scopeTokens } from './scope.ts'

test('scope as OPs say it: a list without end is wrong once, not with each of its items, which would take a second', () => {
  const issue = scopeTokens.safeParse(Array.from({ length: 500_000 }, () => 1)).error?.issues[0]
  // As no text, and as no list.
  assert.equal(issue?.code === 'invalid_union' && issue.errors.flat().length, 2)
  assert.deepEqual(scopeTokens.parse(['openid email', 'phone']), ['openid', 'email', 'phone'])
})
