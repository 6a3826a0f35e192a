// What oxd keeps of UMA for a site: found by path and method, taken over from an older oxd, forgotten with the site.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LIMITS } from './limits.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { createUma, describe as described, findResource, mayUse, type OldResource } from './uma.ts'
import { realWorld } from './world.ts'

const RULE = { rule: { and: [{ var: 0 }, { var: 1 }] }, data: ['a', 'b'] }
const OLD: OldResource = {
  id: 'r-1',
  path: '/invoices',
  http_methods: ['get'],
  scopes: ['read'],
  ticket_scopes: [],
  scope_expressions: [],
}

const newUma = () => {
  const world = realWorld(() => {})
  const keys = createKeys(world.random(32))
  const store = createStore(
    createMemoryEngine(() => Math.floor(world.now() / 1000)),
    keys,
    world,
    LIMITS,
  )

  const ops = {
    door: undefined as never,
    at: undefined as never,
    anew: undefined as never,
    keysAt: undefined as never,
  }
  const nobody = { ops, pats: undefined as never }
  return createUma({ store, keys, world, limits: LIMITS, ...nobody })
}

describe('uma', () => {
  it('takes over what an older oxd kept', async () => {
    const uma = newUma()
    await uma.adopt('A', [OLD, { ...OLD, id: 'r-2', http_methods: ['PUT'], ticket_scopes: ['read'] }])
    const resources = await uma.resources('A')
    assert.equal(findResource(resources, '/Invoices', 'Get')?.id, 'r-1')
    assert.deepEqual(resources[1], {
      id: 'r-2',
      path: '/invoices',
      http_methods: ['PUT'],
      scopes: ['read'],
      ticket_scopes: ['read'],
    })
    assert.deepEqual(await uma.resources('B'), [])
  })

  it('takes over a rule, and opens nothing by one that it cannot evaluate', async () => {
    const uma = newUma()
    const held = new Set(['a', 'b', 'read'])
    const opens = async (scope_expressions: string[]): Promise<boolean> => {
      await uma.adopt('A', [{ ...OLD, scope_expressions }])
      const [resource = assert.fail()] = await uma.resources('A')
      return mayUse(resource, held)
    }
    assert.equal(await opens([]), true)
    assert.equal(await opens([JSON.stringify(RULE)]), true)
    assert.equal(await opens(['{"rule": {"log": 1}, "data": ["a"]}']), false)
    assert.equal(await opens(['{']), false)
    assert.equal(await opens([JSON.stringify(RULE), JSON.stringify(RULE)]), false)
  })

  it('forgets a site, and no other', async () => {
    const uma = newUma()
    await uma.adopt('A', [OLD])
    await uma.adopt('B', [OLD])
    await uma.forget('A')
    assert.deepEqual([(await uma.resources('A')).length, (await uma.resources('B')).length], [0, 1])
    await uma.keep('B', [])
    assert.deepEqual(await uma.resources('B'), [])
  })

  it('opens a condition without scopes to nobody', () => {
    const nothing = { path: '/', http_methods: ['GET'], scopes: [], ticket_scopes: [] }
    assert.equal(mayUse(nothing, new Set(['a'])), false)
    const negative = { rule: { '!': { var: 0 } }, data: ['a'] }
    for (const held of [[], ['a'], ['b']]) {
      assert.equal(mayUse({ ...nothing, scope_expression: negative }, new Set(held)), false, String(held))
    }
  })

  it('names a resource after its methods and its path', () => {
    const condition = { path: '/x', http_methods: ['GET', 'PUT'], scopes: ['a'], ticket_scopes: [] }
    assert.equal(described(condition).name, '[GET, PUT] /x')
    const { scopes } = described({ ...condition, scope_expression: RULE })
    assert.deepEqual(scopes, ['a', 'b'])
  })
})
