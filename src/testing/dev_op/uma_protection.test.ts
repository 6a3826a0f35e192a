// The protection API: who may speak to it, what it keeps, and each of its refusals by name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withUma, type Answer } from './uma_story.ts'

const saysNo = ({ status, body }: Answer, expected: readonly [number, string], what = '') => {
  assert.deepEqual([status, body.error], expected, what)
  assert.equal(typeof body.error_description, 'string')
}

test('without a PAT nothing is to be had', () =>
  withUma({}, async ({ endpoints, client, patOf, protect, resource, ticket, rpt }) => {
    const [list, permission] = [endpoints.resource_registration_endpoint, endpoints.permission_endpoint]
    const oxd = await patOf(client, 'oxd')
    for (const url of [list, permission, `${list}/0`]) {
      assert.ok(url !== undefined)
      const none = await fetch(url, { method: 'POST' })
      assert.equal(none.status, 401)
      assert.equal(none.headers.get('www-authenticate'), 'Bearer')
      const unknown = await protect('POST', url, {}, 'unknown')
      saysNo(unknown, [401, 'invalid_token'])
      assert.equal(unknown.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
      saysNo(await protect('POST', url, {}, oxd), [403, 'insufficient_scope'])
    }
    // An RPT is a token too, but no PAT.
    const first = await rpt({ ticket: await ticket(await resource()) })
    saysNo(await protect('GET', list ?? '', undefined, String(first.body.ticket)), [401, 'invalid_token'])
  }))

test('a resource is created, read, changed, listed and deleted', () =>
  withUma({}, async ({ endpoints, protect }) => {
    const url = endpoints.resource_registration_endpoint ?? ''
    const scope_expression = '{"rule":{"or":[{"var":0},{"var":1}]},"data":["view","edit"]}'
    const description = {
      resource_scopes: ['view', 'edit'],
      name: '[GET] /photos',
      type: 'https://api.example.com/photos',
      description: 'Photos of the holidays',
      icon_uri: 'https://api.example.com/icon.png',
      scope_expression,
      iat: 1,
      exp: 4_000_000_000,
    }
    const created = await protect('POST', url, { ...description, of_no_meaning: 1, name_: null })
    assert.equal(created.status, 201)
    assert.deepEqual(Object.keys(created.body), ['_id'])
    assert.equal(created.headers.get('location'), `/uma/resource/${created.body._id}`)
    const one = `${url}/${created.body._id}`
    assert.deepEqual((await protect('GET', one)).body, { _id: created.body._id, ...description })
    assert.deepEqual((await protect('GET', url)).body, [created.body._id])

    const changed = await protect('PUT', one, { resource_scopes: ['view', 'view'] })
    assert.deepEqual([changed.status, changed.body], [200, { _id: created.body._id }])
    assert.deepEqual((await protect('GET', one)).body, { _id: created.body._id, resource_scopes: ['view'] })

    assert.equal((await protect('DELETE', one)).status, 204)
    for (const method of ['GET', 'DELETE', 'PUT']) saysNo(await protect(method, one), [404, 'not_found'])
    assert.deepEqual((await protect('GET', url)).body, [])
  }))

test("another resource server's resources are as good as none", () =>
  withUma({}, async ({ endpoints, protect, client, patOf, resource }) => {
    const url = endpoints.resource_registration_endpoint ?? ''
    const id = await resource()
    const other = await patOf(client)
    assert.deepEqual((await protect('GET', url, undefined, other)).body, [])
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? { resource_scopes: [] } : undefined
      saysNo(await protect(method, `${url}/${id}`, body, other), [404, 'not_found'], method)
    }
    const permission = { resource_id: id, resource_scopes: ['read'] }
    saysNo(await protect('POST', endpoints.permission_endpoint ?? '', permission, other), [
      400,
      'invalid_resource_id',
    ])
    assert.equal((await protect('GET', `${url}/${id}`)).status, 200)
  }))

test('methods that are not there', () =>
  withUma({}, async ({ endpoints, protect, resource }) => {
    const list = endpoints.resource_registration_endpoint ?? ''
    for (const [method, url, allow] of [
      ['DELETE', list, 'GET, POST'],
      ['POST', `${list}/${await resource()}`, 'GET, PUT, DELETE'],
      ['GET', endpoints.permission_endpoint ?? '', 'POST'],
    ] as const) {
      const answer = await protect(method, url)
      saysNo(answer, [405, 'unsupported_method_type'])
      assert.equal(answer.headers.get('allow'), allow)
    }
  }))

test('descriptions that are of no use, each named', () =>
  withUma({}, async ({ endpoints, protect, pat }) => {
    const url = endpoints.resource_registration_endpoint ?? ''
    const resource_scopes = ['a']
    for (const [body, description] of [
      [[], 'A JSON object was expected.'],
      [{}, 'resource_scopes must be a list of texts.'],
      [{ resource_scopes: 'a' }, 'resource_scopes must be a list of texts.'],
      [{ resource_scopes: [1] }, 'resource_scopes must be a list of texts.'],
      [{ resource_scopes: [''] }, 'resource_scopes must be a list of texts.'],
      [
        { resource_scopes: Array.from({ length: 101 }, (_, i) => `s${i}`) },
        'resource_scopes must be a list of texts.',
      ],
      [{ resource_scopes, name: 1 }, 'name must be a text.'],
      [{ resource_scopes, name: 'x'.repeat(2_049) }, 'name must be a text.'],
      [{ resource_scopes, exp: '1' }, 'exp must be a whole number.'],
      ...['', 'x', '[]', '{"rule":{}}', '{"data":["a"]}', '{"rule":{},"data":[1]}', 'null'].map(
        (scope_expression) =>
          [
            { resource_scopes, scope_expression },
            'scope_expression must be JSON with a rule and its data, a list of scopes.',
          ] as const,
      ),
    ] as const) {
      const answer = await protect('POST', url, body)
      saysNo(answer, [400, 'invalid_request'], JSON.stringify(body))
      assert.equal(answer.body.error_description, description)
    }
    const raw = (body: string, type = 'application/json') =>
      fetch(url, { method: 'POST', headers: { authorization: `Bearer ${pat}`, 'content-type': type }, body })
    for (const [response, description] of [
      [await raw('{'), 'The body is not JSON.'],
      [await raw('{}', 'text/plain'), 'The body must be application/json.'],
      [await raw(`"${'x'.repeat(2_000_000)}"`), 'The body is too large.'],
    ] as const) {
      assert.equal(response.status, 400)
      assert.deepEqual(await response.json(), { error: 'invalid_request', error_description: description })
    }
    assert.equal((await protect('GET', url)).status, 200)
  }))

test('a ticket for one permission, for several, and for the scopes of an expression', () =>
  withUma({}, async ({ endpoints, protect, resource }) => {
    const url = endpoints.permission_endpoint ?? ''
    const plain = await resource(['read'])
    const scope_expression = '{"rule":{"var":0},"data":["view"]}'
    const expressed = await resource([], { resource_scopes: null, scope_expression })
    for (const body of [
      { resource_id: plain, resource_scopes: ['read'] },
      { resource_id: plain, resource_scopes: [] },
      [
        { resource_id: plain, resource_scopes: ['read'] },
        { resource_id: expressed, resource_scopes: ['view'] },
      ],
    ]) {
      const { status, body: said } = await protect('POST', url, body)
      assert.equal(status, 201)
      assert.deepEqual(Object.keys(said), ['ticket'])
      assert.match(String(said.ticket), /^[\w-]{43}$/)
    }
  }))

test('permissions that cannot be asked for, each named', () =>
  withUma({}, async ({ endpoints, protect, resource }) => {
    const id = await resource(['read'])
    const good = { resource_id: id, resource_scopes: ['read'] }
    for (const [body, code] of [
      [{ resource_id: 'unknown', resource_scopes: ['read'] }, 'invalid_resource_id'],
      [{ resource_id: '__proto__', resource_scopes: ['read'] }, 'invalid_resource_id'],
      [{ resource_id: id, resource_scopes: ['read', 'write'] }, 'invalid_scope'],
      [[good, { ...good, resource_id: 'unknown' }], 'invalid_resource_id'],
      [[good, { ...good, resource_scopes: ['x'] }], 'invalid_scope'],
      [{ resource_id: id }, 'invalid_request'],
      [{ resource_scopes: ['read'] }, 'invalid_request'],
      [{ resource_id: 1, resource_scopes: [] }, 'invalid_request'],
      [[], 'invalid_request'],
      [[null], 'invalid_request'],
      ['text', 'invalid_request'],
      [Array.from({ length: 101 }, () => good), 'invalid_request'],
    ] as const) {
      const answer = await protect('POST', endpoints.permission_endpoint ?? '', body)
      saysNo(answer, [400, code], JSON.stringify(body).slice(0, 100))
    }
  }))
