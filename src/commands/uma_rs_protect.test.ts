// uma_rs_protect: what is registered, what is refused, and that oxd and the authorization server stay in step.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { LIMITS } from '../limits.ts'
import { startUmaStory, withoutDisk, type Lie, type UmaSite, type UmaStory } from '../testing/uma1_stub.ts'
import { uma_rs_protect } from './uma_rs_protect.ts'

const condition = (httpMethods: string[], ...scopes: string[]) => ({ httpMethods, scopes })
const resource = <C extends object>(path: string, ...conditions: C[]) => ({ path, conditions })
const PHOTOS = resource('/photos', condition(['GET'], 'view'), condition(['PUT', 'post'], 'all', 'add'))
const FILMS = resource('/films', condition(['GET'], 'view'))
const RULE = { rule: { and: [{ var: 0 }, { var: 1 }] }, data: ['a', 'b'] }

describe('uma_rs_protect', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(2, {
      argv: ['--https-port', '0', '--insecure-plain-http', '--insecure-unprotected-http'],
    })
  })
  beforeEach(async () => {
    story.stub.lie({})
    site = await story.site()
  })
  after(() => story.close())

  const asked = (name: string): number =>
    story.stub.requests.filter((request) => request.name === name).length
  const names = (): unknown[] => [...story.stub.resources.values()].map(({ name }) => name)
  /** Is this path protected, as far as oxd knows? */
  const knows = async (path: string, http_method = 'GET'): Promise<boolean> => {
    const { status, data } = await site.call('uma_rs_check_access', { rpt: '', path, http_method })
    assert.ok(status === 'ok' || data.error === 'invalid_request', JSON.stringify(data))
    return status === 'ok'
  }
  const failAt =
    (nth: number): Lie =>
    (good) =>
      --nth === 0 ? { status: 500, json: { error: 'server_error' } } : good()

  it('registers one resource for each condition', async () => {
    story.stub.forget()
    const data = await site.ok('uma_rs_protect', { resources: [PHOTOS] })
    assert.deepEqual(data, { oxd_id: site.oxd_id })
    assert.deepEqual(
      [...story.stub.resources.values()],
      [
        { name: '[GET] /photos', resource_scopes: ['view'] },
        { name: '[PUT, POST] /photos', resource_scopes: ['all', 'add'] },
      ],
    )
  })

  it('registers a scope expression with its scopes, and the times of 4.2', async () => {
    story.stub.forget()
    const conditions = [{ httpMethods: ['GET'], scope_expression: RULE, iat: 1, exp: 2_000_000_000 }]
    await site.ok('uma_rs_protect', { resources: [{ path: '/x', conditions }] })
    const [registered = {}] = story.stub.resources.values()
    const { scope_expression, ...rest } = registered
    assert.deepEqual(JSON.parse(String(scope_expression)), RULE)
    assert.deepEqual(rest, { name: '[GET] /x', resource_scopes: ['a', 'b'], iat: 1, exp: 2_000_000_000 })
  })

  it('takes the nulls of Java clients for absent', async () => {
    const nulls = { ticketScopes: null, scope_expression: null, iat: null, exp: null }
    const conditions = [{ ...condition(['GET'], 'view'), ...nulls }]
    await site.ok('uma_rs_protect', { resources: [{ path: '/x', conditions }], overwrite: null })
    assert.equal(await knows('/x'), true)
  })

  it('refuses to protect twice, and replaces what was protected when asked to', async () => {
    story.stub.forget()
    await site.ok('uma_rs_protect', { resources: [PHOTOS] })
    for (const resources of [[PHOTOS], [FILMS]]) {
      await site.no('uma_protection_exists', 'uma_rs_protect', { resources })
    }
    await site.ok('uma_rs_protect', { resources: [FILMS], overwrite: true })
    assert.deepEqual(names(), ['[GET] /films'])
    assert.deepEqual([await knows('/photos'), await knows('/films')], [false, true])
  })

  it('protects once when it is asked twice at the same time', async () => {
    story.stub.forget()
    const replies = await Promise.all(
      [PHOTOS, FILMS].map((each) => site.call('uma_rs_protect', { resources: [each] })),
    )
    assert.deepEqual(replies.map(({ status }) => status).sort(), ['error', 'ok'])
    assert.equal(await knows('/photos'), !(await knows('/films')))
  })

  it('takes back what it registered when a later registration fails', async () => {
    story.stub.forget()
    story.stub.lie({ 'POST /resource': failAt(3) })
    await site.no('http_status_500', 'uma_rs_protect', { resources: [PHOTOS, FILMS] })
    assert.deepEqual(names(), [])
    assert.equal(await knows('/photos'), false)
    await site.ok('uma_rs_protect', { resources: [PHOTOS, FILMS] })
    assert.equal(names().length, 3)
  })

  it('takes back what it registered when it cannot remember it', async () => {
    story.stub.forget()
    const { context, close } = await withoutDisk(story, site.oxd_id)
    try {
      const params = { oxd_id: site.oxd_id, resources: [PHOTOS] }
      // It has all that this command asks for.
      await assert.rejects(uma_rs_protect.run(params, context as never), /cannot read or write/)
      assert.deepEqual(names(), [])
    } finally {
      await close()
    }
  })

  it('says in the log what it could not take back', async () => {
    story.stub.lie({ 'POST /resource': failAt(2), 'DELETE /resource': () => ({ status: 500, json: {} }) })
    await site.no('http_status_500', 'uma_rs_protect', { resources: [PHOTOS] })
    const line = story.daemon.log.find(({ message }) => /stayed/.test(message))
    assert.equal(line?.fields.count, 1)
  })

  it('knows what is still there when a deletion fails in the middle, and goes on from there', async () => {
    story.stub.forget()
    await site.ok('uma_rs_protect', { resources: [PHOTOS, FILMS] })
    story.stub.lie({ 'DELETE /resource': failAt(2) })
    await site.no('http_status_500', 'uma_rs_protect', { resources: [FILMS], overwrite: true })
    assert.deepEqual(names(), ['[PUT, POST] /photos', '[GET] /films'])
    assert.deepEqual(
      [await knows('/photos'), await knows('/photos', 'PUT'), await knows('/films')],
      [false, true, true],
    )
    story.stub.lie({})
    await site.ok('uma_rs_protect', { resources: [FILMS], overwrite: true })
    assert.deepEqual(names(), ['[GET] /films'])
  })

  it('replaces resources that the authorization server has lost', async () => {
    await site.ok('uma_rs_protect', { resources: [PHOTOS] })
    story.stub.forget()
    await site.ok('uma_rs_protect', { resources: [FILMS], overwrite: true })
    assert.deepEqual(names(), ['[GET] /films'])
  })

  it('gets a new PAT when the kept one is rejected, once', async () => {
    await site.ok('uma_rs_protect', { resources: [PHOTOS] })
    const tokens = asked('POST /token')
    story.stub.rejectPats()
    const { access } = await site.ok('uma_rs_check_access', { path: '/photos', http_method: 'GET' })
    assert.equal(access, 'denied')
    assert.equal(asked('POST /token') - tokens, 1)
    for (const status of [401, 403]) {
      story.stub.lie({ 'POST /permission': () => ({ status, json: { error: 'invalid_token' } }) })
      const before = asked('POST /permission')
      await site.no(`http_status_${status}`, 'uma_rs_check_access', { path: '/photos', http_method: 'GET' })
      assert.equal(asked('POST /permission') - before, 2)
    }
    story.stub.lie({ 'POST /permission': () => ({ status: 400, json: { error: 'invalid_scope' } }) })
    const before = asked('POST /permission')
    await site.no('http_status_400', 'uma_rs_check_access', { path: '/photos', http_method: 'GET' })
    assert.equal(asked('POST /permission') - before, 1)
  })

  const ids: Readonly<Record<string, Lie>> = {
    'no id': () => ({ status: 201, json: {} }),
    'an empty id': () => ({ status: 201, json: { _id: '' } }),
    'a number': () => ({ status: 201, json: { _id: 7 } }),
    'an id that is another address': () => ({ status: 201, json: { _id: '..' } }),
    'the same id twice': () => ({ status: 201, json: { _id: 'one' } }),
    'a list': () => ({ status: 201, json: [] }),
    'no JSON': () => ({ status: 201, json: '<html>' }),
    'more than a megabyte': () => ({
      status: 201,
      json: { _id: 'x', more: 'x'.repeat(LIMITS.op_body_bytes_max) },
    }),
  }
  for (const [what, lie] of Object.entries(ids)) {
    it(`refuses ${what} from the authorization server`, async () => {
      story.stub.lie({ 'POST /resource': lie })
      // Two conditions for the lie that needs two.
      const resources = [what === 'the same id twice' ? PHOTOS : FILMS]
      await site.no('internal_error', 'uma_rs_protect', { resources })
      assert.deepEqual([await knows('/photos'), await knows('/films')], [false, false])
    })
  }

  it('escapes the id of a resource where it stands in an address', async () => {
    const _id = 'a%2Fb/c?d#e f'
    story.stub.lie({ 'POST /resource': () => ({ status: 201, json: { _id } }) })
    await site.ok('uma_rs_protect', { resources: [FILMS] })
    await site.ok('uma_rs_protect', { resources: [FILMS], overwrite: true })
    const deleted = story.stub.requests.filter(({ name }) => name === 'DELETE /resource').at(-1)
    assert.equal(deleted?.id, _id)
  })

  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => resource(`/${i}`, condition(['GET'], 'view')))
  const BAD: Readonly<Record<string, readonly [params: object, code: string]>> = {
    'no resources': [{}, 'invalid_uma_request'],
    'empty resources': [{ resources: [] }, 'invalid_uma_request'],
    'resources of null': [{ resources: null }, 'invalid_uma_request'],
    'one resource that is no list': [{ resources: PHOTOS }, 'internal_error'],
    'a resource that is a text': [{ resources: ['/photos'] }, 'internal_error'],
    'a blank path': [{ resources: [resource('', condition(['GET'], 'view'))] }, 'invalid_uma_request'],
    'no path': [{ resources: [{ conditions: PHOTOS.conditions }] }, 'internal_error'],
    'no conditions': [{ resources: [{ path: '/x' }] }, 'internal_error'],
    'empty conditions': [{ resources: [resource('/x')] }, 'invalid_uma_request'],
    'no methods': [{ resources: [resource('/x', condition([], 'view'))] }, 'invalid_uma_request'],
    'a method with a blank': [
      { resources: [resource('/x', condition(['GE T'], 'view'))] },
      'invalid_uma_request',
    ],
    'no scopes': [{ resources: [resource('/x', condition(['GET']))] }, 'invalid_uma_request'],
    'an empty scope': [{ resources: [resource('/x', condition(['GET'], ''))] }, 'invalid_uma_request'],
    'ticketScopes beside the scopes': [
      { resources: [resource('/x', { ...condition(['GET'], 'view'), ticketScopes: ['all'] })] },
      'invalid_uma_request',
    ],
    'too many resources': [{ resources: many(LIMITS.uma_resources_max + 1) }, 'invalid_uma_request'],
    'a method twice in a condition': [
      { resources: [resource('/x', condition(['GET', 'get'], 'view'))] },
      'http_method_not_unique',
    ],
    'a method in two conditions': [
      { resources: [resource('/x', condition(['GET'], 'view'), condition(['GET'], 'all'))] },
      'http_method_not_unique',
    ],
    'a path twice, in other letters': [
      { resources: [FILMS, resource('/Films', condition(['GET'], 'all'))] },
      'http_method_not_unique',
    ],
    'a rule with an unknown operator': [
      {
        resources: [
          resource('/x', { httpMethods: ['GET'], scope_expression: { rule: { log: 1 }, data: ['a'] } }),
        ],
      },
      'invalid_scope_expressioin',
    ],
    'a rule without data': [
      { resources: [resource('/x', { httpMethods: ['GET'], scope_expression: { rule: RULE.rule } })] },
      'invalid_scope_expressioin',
    ],
    'a rule that is a text': [
      { resources: [resource('/x', { httpMethods: ['GET'], scope_expression: 'a and b' })] },
      'internal_error',
    ],
    'times that are no numbers': [
      { resources: [resource('/x', { ...condition(['GET'], 'view'), exp: 'soon' })] },
      'internal_error',
    ],
  }
  for (const [what, [params, code]] of Object.entries(BAD)) {
    it(`refuses ${what} with ${code}, before anything is registered`, async () => {
      const before = story.stub.requests.length
      const said = await site.no(code, 'uma_rs_protect', { ...params })
      assert.equal(story.stub.requests.length, before)
      assert.ok(said.length < 400, said)
    })
  }

  it('spells the code for a bad rule as each dialect knows it', async () => {
    const scope_expression = { rule: { log: 1 }, data: ['a'] }
    const params = {
      oxd_id: site.oxd_id,
      resources: [resource('/x', { httpMethods: ['GET'], scope_expression })],
    }
    const { status, body } = await story.daemon.post('v4', '/uma-rs-protect', params)
    assert.deepEqual([status, body.error], [400, 'invalid_scope_expression'])
    const native = await site.call('uma_rs_protect', params, { oxd: 1 })
    assert.equal(native.data.error, 'invalid_scope_expression')
  })

  it('keeps the resources of one site from another', async () => {
    await site.ok('uma_rs_protect', { resources: [PHOTOS] })
    const other = await story.site()
    await other.no('invalid_request', 'uma_rs_check_access', { path: '/photos', http_method: 'GET' })
  })
})

describe('uma_rs_protect with UMA 1', () => {
  let story: UmaStory
  before(async () => {
    story = await startUmaStory(1)
  })
  after(() => story.close())

  it('lets clients of oxd 3.0 protect the same again at each start', async () => {
    const site = await story.site()
    await site.ok('uma_rs_protect', { resources: [PHOTOS] })
    assert.deepEqual([...story.stub.resources.values()][0], { name: '[GET] /photos', scopes: ['view'] })
    await site.ok('uma_rs_protect', { resources: [PHOTOS] })
    assert.equal(story.stub.resources.size, 2)
    await site.ok('uma_rs_protect', { resources: [PHOTOS, FILMS] })
    assert.equal(story.stub.resources.size, 3)
    const other = resource('/photos', condition(['get'], 'all'))
    await site.no('uma_protection_exists', 'uma_rs_protect', { resources: [other] })
    await site.ok('uma_rs_protect', { resources: [other], overwrite: true })
    assert.deepEqual([...story.stub.resources.values()], [{ name: '[GET] /photos', scopes: ['all'] }])
  })

  it('keeps no more conditions of a site than it may have, however they come', async () => {
    const site = await story.site()
    const some = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => resource(`/${from + i}`, condition(['GET'], 'view')))
    const max = LIMITS.uma_resources_max
    await site.ok('uma_rs_protect', { resources: some(0, max - 1) })
    await site.no('invalid_uma_request', 'uma_rs_protect', { resources: some(max - 2, max + 1) })
    await site.ok('uma_rs_protect', { resources: some(max - 2, max) })
  })

  it('keeps no more text of a site than uma_resources_characters_max, however it comes', async () => {
    const site = await story.site()
    const scopes = Array.from({ length: 50 }, (_, n) => `${n}`.padEnd(2_000, 'x'))
    const large = (n: number) => ({ resources: [resource(`/${n}`, condition(['GET'], ...scopes))] })
    const room = Math.floor(LIMITS.uma_resources_characters_max / JSON.stringify(large(0)).length)
    for (let n = 0; n < room; n += 1) await site.ok('uma_rs_protect', large(n))
    await site.no('invalid_uma_request', 'uma_rs_protect', large(room))
    await site.ok('uma_rs_protect', large(0))
  })
})
