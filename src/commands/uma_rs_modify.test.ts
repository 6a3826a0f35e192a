// uma_rs_modify: one condition changes, at the authorization server and in oxd, and the others stay.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { startUmaStory, withoutDisk, type UmaSite, type UmaStory } from '../testing/uma1_stub.ts'
import { uma_rs_modify } from './uma_rs_modify.ts'

const RULE = { rule: { and: [{ var: 0 }, { var: 1 }] }, data: ['a', 'b'] }
const RESOURCES = [
  {
    path: '/photos',
    conditions: [
      { httpMethods: ['GET', 'HEAD'], scopes: ['view', 'all'], ticketScopes: ['view'], exp: 2_000_000_000 },
      { httpMethods: ['PUT'], scopes: ['add'] },
    ],
  },
]

describe('uma_rs_modify', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(2)
  })
  beforeEach(async () => {
    story.stub.lie({})
    story.stub.forget()
    site = await story.site()
    await site.ok('uma_rs_protect', { resources: RESOURCES })
  })
  after(() => story.close())

  const at = { path: '/Photos', http_method: 'get' }
  const registered = () => [...story.stub.resources.values()]
  /** What a ticket asks for. */
  const asked = async (http_method = 'GET'): Promise<unknown> => {
    await site.ok('uma_rs_check_access', { rpt: '', path: '/photos', http_method })
    return story.stub.requests.at(-1)?.body.resource_scopes
  }

  it('gives a condition other scopes, for all its methods', async () => {
    const data = await site.ok('uma_rs_modify', { ...at, scopes: ['new'] })
    assert.deepEqual(data, { oxd_id: site.oxd_id })
    assert.deepEqual(registered(), [
      { name: '[GET, HEAD] /photos', resource_scopes: ['new'], exp: 2_000_000_000 },
      { name: '[PUT] /photos', resource_scopes: ['add'] },
    ])
    assert.deepEqual([await asked(), await asked('HEAD'), await asked('PUT')], [['new'], ['new'], ['add']])
  })

  it('gives a condition a rule, and takes it away again', async () => {
    await site.ok('uma_rs_modify', { ...at, scope_expression: JSON.stringify(RULE) })
    assert.deepEqual(JSON.parse(String(registered()[0]?.scope_expression)), RULE)
    assert.deepEqual(registered()[0]?.resource_scopes, ['a', 'b'])
    assert.deepEqual(await asked(), ['a', 'b'])
    await site.ok('uma_rs_modify', { ...at, scopes: ['view'] })
    assert.equal(registered()[0]?.scope_expression, undefined)
    assert.deepEqual(await asked(), ['view'])
  })

  it('changes nothing in oxd when the authorization server refuses', async () => {
    story.stub.lie({ 'PUT /resource': () => ({ status: 500, json: {} }) })
    await site.no('http_status_500', 'uma_rs_modify', { ...at, scopes: ['new'] })
    assert.deepEqual(await asked(), ['view'])
  })

  it('changes the authorization server back when oxd cannot remember the change', async () => {
    const before = registered()
    const { context, close } = await withoutDisk(story, site.oxd_id)
    try {
      const params = { ...at, oxd_id: site.oxd_id, scopes: ['new'] }
      // It has all that this command asks for.
      await assert.rejects(uma_rs_modify.run(params, context as never), /cannot read or write/)
      assert.deepEqual(registered(), before)
    } finally {
      await close()
    }
  })

  const BAD: Readonly<Record<string, readonly [params: object, code: string]>> = {
    'no method': [{ path: '/photos', scopes: ['a'] }, 'invalid_http_method'],
    'no path': [{ http_method: 'GET', scopes: ['a'] }, 'invalid_path_parameter'],
    'neither scopes nor rule': [at, 'invalid_uma_scope_parameter'],
    'empty scopes': [{ ...at, scopes: [], scope_expression: '' }, 'invalid_uma_scope_parameter'],
    'a rule that is no JSON': [{ ...at, scope_expression: '{' }, 'invalid_scope_expressioin'],
    'a rule with an unknown operator': [
      { ...at, scope_expression: '{"rule": {"log": 1}, "data": ["a"]}' },
      'invalid_scope_expressioin',
    ],
    'a rule that is too long': [{ ...at, scope_expression: 'x'.repeat(2_049) }, 'invalid_scope_expressioin'],
    'a rule that is no text': [{ ...at, scope_expression: RULE }, 'internal_error'],
    'a path that is not protected': [{ path: '/x', http_method: 'GET', scopes: ['a'] }, 'invalid_request'],
    'a method that is not protected': [
      { path: '/photos', http_method: 'DELETE', scopes: ['a'] },
      'invalid_request',
    ],
  }
  for (const [what, [params, code]] of Object.entries(BAD)) {
    it(`refuses ${what} with ${code}, and asks nobody`, async () => {
      const before = story.stub.requests.length
      await site.no(code, 'uma_rs_modify', { ...params })
      assert.equal(story.stub.requests.length, before)
    })
  }
})
