// uma_rs_check_access: what opens a resource, and everything that does not.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { LIMITS } from '../limits.ts'
import { assertNoSecrets } from '../testing/log_scan.ts'
import { startUmaStory, type Lie, type UmaSite, type UmaStory } from '../testing/uma1_stub.ts'

const RULE = { rule: { and: [{ var: 0 }, { var: 1 }] }, data: ['a', 'b'] }
const RESOURCES = [
  {
    path: '/Photos',
    conditions: [
      { httpMethods: ['GET'], scopes: ['view', 'all'], ticketScopes: ['view'] },
      { httpMethods: ['PUT'], scopes: ['all', 'add'] },
      { httpMethods: ['DELETE'], scope_expression: RULE },
    ],
  },
]
const HTTP = [
  '--https-port',
  '0',
  '--https31-port',
  '0',
  '--insecure-plain-http',
  '--insecure-unprotected-http',
]

describe('uma_rs_check_access', () => {
  let story: UmaStory
  let site: UmaSite
  /** The ids of the resources, by method. */
  const ids = new Map<string, string>()
  before(async () => {
    story = await startUmaStory(2, { argv: HTTP })
    site = await story.site()
    await site.ok('uma_rs_protect', { resources: RESOURCES })
    for (const [id, { name }] of story.stub.resources) ids.set(/\[(.*)\]/.exec(String(name))?.[1] ?? '', id)
  })
  beforeEach(() => story.stub.lie({}))
  after(() => story.close())

  const check = (http_method = 'GET', more = {}) =>
    site.ok('uma_rs_check_access', { rpt: 'an-rpt', path: '/photos', http_method, ...more })
  /** The authorization server says this of every RPT. */
  const says = (said: object): void =>
    story.stub.lie({ 'POST /introspect': () => ({ status: 200, json: said }) })
  const permits = (resource_scopes: readonly string[], method = 'GET', more = {}) => ({
    active: true,
    permissions: [{ resource_id: ids.get(method), resource_scopes, ...more }],
  })
  const lastTicket = () => story.stub.requests.filter(({ name }) => name === 'POST /permission').at(-1)?.body

  it('asks for a ticket when there is no RPT, and asks nobody about none', async () => {
    for (const rpt of ['', null, undefined, ' ']) {
      const before = story.stub.requests.length
      const { access, ticket, ...rest } = await check('GET', { rpt })
      assert.equal(access, 'denied')
      assert.deepEqual(rest, {
        'www-authenticate_header': `UMA realm="rs",as_uri="${story.stub.issuer}",error="insufficient_scope",ticket="${String(ticket)}"`,
      })
      assert.equal(
        story.stub.requests.slice(before).some(({ name }) => name === 'POST /introspect'),
        false,
      )
    }
  })

  it('asks for the ticketScopes, else for all scopes, else for those of the rule', async () => {
    for (const [method, resource_scopes] of [
      ['GET', ['view']],
      ['PUT', ['all', 'add']],
      ['DELETE', ['a', 'b']],
    ] as const) {
      await check(method, { rpt: '' })
      assert.deepEqual(lastTicket(), { resource_id: ids.get(method), resource_scopes })
    }
  })

  const GRANTED: Readonly<Record<string, readonly [said: () => object, method?: string, more?: object]>> = {
    'one of the scopes': [() => permits(['all'])],
    'further scopes': [() => permits(['x', 'view'])],
    'a permission that lives on': [() => permits(['view'], 'GET', { exp: 4_000_000_000 })],
    'scopes in two permissions': [
      () => ({
        active: true,
        permissions: [['a'], ['b']].map((resource_scopes) => ({
          resource_id: ids.get('DELETE'),
          resource_scopes,
        })),
      }),
      'DELETE',
    ],
    'the whole rule': [() => permits(['b', 'a'], 'DELETE'), 'DELETE'],
    'a scope that this check asks for': [() => permits(['other']), 'GET', { scopes: ['other'] }],
    'a scope asked for instead of a rule': [() => permits(['b'], 'DELETE'), 'DELETE', { scopes: ['b'] }],
    'a method and a path in other letters': [() => permits(['view']), 'get', { path: '/PHOTOS' }],
  }
  for (const [what, [said, method, more]] of Object.entries(GRANTED)) {
    it(`grants with ${what}`, async () => {
      says(said())
      assert.deepEqual(await check(method, more), { access: 'granted', ticket: null })
    })
  }

  const now = Math.floor(Date.now() / 1000)
  const DENIED: Readonly<Record<string, readonly [said: () => object, method?: string, more?: object]>> = {
    'an RPT that is not active': [() => ({ ...permits(['view']), active: false })],
    'an RPT that is "true"': [() => ({ ...permits(['view']), active: 'true' })],
    'an RPT without permissions': [() => ({ active: true })],
    'permissions of null': [() => ({ active: true, permissions: null })],
    'permissions of another resource': [
      () => ({ active: true, permissions: [{ resource_id: 'another', resource_scopes: ['view'] }] }),
    ],
    'permissions of another method': [() => permits(['all'], 'PUT')],
    'another scope': [() => permits(['add'])],
    'no scope': [() => permits([])],
    'the start of a scope': [() => permits(['vie'])],
    'a permission that has expired': [
      () => permits(['view'], 'GET', { exp: now - LIMITS.clock_tolerance_seconds - 1 }),
    ],
    'half of the rule': [() => permits(['a'], 'DELETE'), 'DELETE'],
    'a scope of the resource, where the check asks for another': [
      () => permits(['view']),
      'GET',
      { scopes: ['other'] },
    ],
    'the scopes of an access token': [() => ({ active: true, scope: 'view all' })],
  }
  for (const [what, [said, method, more]] of Object.entries(DENIED)) {
    it(`denies ${what}, with a ticket`, async () => {
      says(said())
      const { access, ticket } = await check(method, more)
      assert.equal(access, 'denied')
      assert.match(String(ticket), /^[\w-]{36}$/)
    })
  }

  it('says an RPT like a GAT nothing special with UMA 2.0', async () => {
    says({ active: true, permissions: [{ resource_id: 'another', resource_scopes: ['view'] }] })
    assert.equal((await check('GET', { rpt: 'gat_1' })).access, 'denied')
  })

  it('leaves the header out where it says nothing, and says null to our own library', async () => {
    says(permits(['view']))
    const params = { rpt: 'an-rpt', path: '/photos', http_method: 'GET' }
    const { data } = await site.call('uma_rs_check_access', params, { oxd: 1 })
    assert.deepEqual(data, { access: 'granted', 'www-authenticate_header': null, ticket: null })
    const sent = { oxd_id: site.oxd_id, ...params }
    const v3 = await story.daemon.post('v3', '/uma-rs-check-access', sent)
    assert.deepEqual(v3.body, { status: 'ok', data: { access: 'granted', ticket: null } })
    const v4 = await story.daemon.post('v4', '/uma-rs-check-access', sent)
    assert.deepEqual([v4.status, v4.body], [200, { access: 'granted' }])
    says({ active: false })
    const denied = await story.daemon.post('v4', '/uma-rs-check-access', sent)
    assert.deepEqual(Object.keys(denied.body), ['access', 'www-authenticate_header', 'ticket'])
  })

  it('knows nothing of what is not protected exactly so', async () => {
    for (const params of [
      { path: '/photos/', http_method: 'GET' },
      { path: '/photos?x', http_method: 'GET' },
      { path: 'photos', http_method: 'GET' },
      { path: '/photo', http_method: 'GET' },
      { path: '/photos', http_method: 'POST' },
      { path: '/photos', http_method: 'GE' },
    ]) {
      assert.match(await site.no('invalid_request', 'uma_rs_check_access', params), /No resource/)
    }
  })

  const BAD: readonly (readonly [params: object, code: string])[] = [
    [{}, 'invalid_http_method'],
    [{ path: '/photos' }, 'invalid_http_method'],
    [{ path: '/photos', http_method: ' ' }, 'invalid_http_method'],
    [{ http_method: 'GET' }, 'invalid_path_parameter'],
    [{ http_method: 'GET', path: null }, 'invalid_path_parameter'],
    [{ http_method: 'GET', path: 'x'.repeat(2_049) }, 'invalid_path_parameter'],
    [{ http_method: 'GET', path: '/photos', rpt: 'x'.repeat(65_537) }, 'invalid_rpt_parameter'],
    [{ http_method: 'GET', path: '/photos', rpt: { a: 1 } }, 'internal_error'],
    [{ http_method: 'GET', path: '/photos', scopes: { a: 1 } }, 'internal_error'],
  ]
  for (const [params, code] of BAD) {
    it(`refuses ${JSON.stringify(params).slice(0, 60)} with ${code}`, async () => {
      await site.no(code, 'uma_rs_check_access', { ...params })
    })
  }

  const TICKETS: Readonly<Record<string, Lie>> = {
    'no ticket': () => ({ status: 201, json: {} }),
    'a ticket of null': () => ({ status: 201, json: { ticket: null } }),
    'a ticket that ends the header': () => ({ status: 201, json: { ticket: 'a"\r\nset-cookie: b' } }),
    'a ticket with a quotation mark': () => ({ status: 201, json: { ticket: 'a"' } }),
    'an endless ticket': () => ({ status: 201, json: { ticket: 'x'.repeat(2_049) } }),
    'a page': () => ({ status: 201, json: '<html>' }),
    'more than a megabyte': () => ({ status: 201, json: 'x'.repeat(LIMITS.op_body_bytes_max + 1) }),
  }
  for (const [what, lie] of Object.entries(TICKETS)) {
    it(`fails, and grants nothing, at ${what}`, async () => {
      story.stub.lie({ 'POST /permission': lie })
      await site.no('internal_error', 'uma_rs_check_access', { path: '/photos', http_method: 'GET' })
    })
  }

  const ANSWERS: Readonly<Record<string, readonly [Lie, code: string]>> = {
    'a page': [() => ({ status: 200, json: '<html>' }), 'internal_error'],
    'no JSON object': [() => ({ status: 200, json: [permits(['view'])] }), 'internal_error'],
    'a failure': [() => ({ status: 500, json: {} }), 'http_status_500'],
    'a permission without a resource': [
      () => ({ status: 200, json: { active: true, permissions: [{ resource_scopes: ['view'] }] } }),
      'internal_error',
    ],
    'permissions that are no list': [
      () => ({ status: 200, json: { active: true, permissions: 'view' } }),
      'internal_error',
    ],
    'a thousand and one permissions': [
      () => ({
        status: 200,
        json: {
          active: true,
          permissions: Array.from({ length: 1_001 }, () => permits(['view']).permissions[0]),
        },
      }),
      'internal_error',
    ],
    'more than a megabyte': [
      () => ({ status: 200, json: { ...permits(['view']), more: 'x'.repeat(LIMITS.op_body_bytes_max) } }),
      'internal_error',
    ],
  }
  for (const [what, [lie, code]] of Object.entries(ANSWERS)) {
    it(`fails, and grants nothing, when an RPT is introspected with ${what}`, async () => {
      story.stub.lie({ 'POST /introspect': lie })
      const params = { rpt: 'an-rpt', path: '/photos', http_method: 'GET' }
      await site.no(code, 'uma_rs_check_access', params)
    })
  }

  it('lets no RPT, ticket or PAT into the log or an error', async () => {
    const { ticket } = await check('GET', { rpt: '' })
    const rpt = 'a-secret-requesting-party-token'
    const echo: Lie = (_good, { authorization, body }) => ({
      status: 400,
      json: { error: 'bad', error_description: `${authorization} ${JSON.stringify(body)} ${rpt}` },
    })
    const params = { rpt, path: '/photos', http_method: 'GET' }
    story.stub.lie({ 'POST /introspect': echo, 'POST /permission': echo })
    const refused = await site.call('uma_rs_check_access', params, { oxd: 1 })
    story.stub.lie({ 'POST /permission': echo })
    const unticketed = await site.call('uma_rs_check_access', { ...params, rpt: '' }, { oxd: 1 })
    const bearers = story.stub.requests
      .map(({ authorization }) => authorization ?? '')
      .filter((authorization) => authorization.startsWith('Bearer '))
      .map((authorization) => authorization.slice(7))
    assert.ok(bearers.length > 0)
    assertNoSecrets(JSON.stringify([story.daemon.log, refused, unticketed]), {
      rpt,
      ticket: String(ticket),
      oxd_id: site.oxd_id,
      ...Object.fromEntries([...new Set(bearers)].map((bearer, i) => [`PAT ${i}`, bearer])),
    })
  })
})

describe('uma_rs_check_access with UMA 1', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(1)
    site = await story.site()
    await site.ok('uma_rs_protect', { resources: RESOURCES })
  })
  after(() => story.close())

  const access = async (rpt: unknown) =>
    (await site.ok('uma_rs_check_access', { rpt, path: '/photos', http_method: 'GET' })).access

  it('takes a GAT with one of the scopes, and one with none of them not', async () => {
    for (const [scope, expected] of [
      ['view', 'granted'],
      ['other', 'denied'],
    ] as const) {
      const { rpt } = await site.ok('uma_rp_get_gat', { scopes: [scope] })
      assert.equal(await access(rpt), expected)
    }
  })

  it('takes no RPT for the scope of another resource', async () => {
    story.stub.lie({
      'POST /introspect': () => ({
        status: 200,
        json: { active: true, permissions: [{ resource_set_id: 'another', scopes: ['view'] }] },
      }),
    })
    assert.equal(await access('an-rpt'), 'denied')
  })
})
