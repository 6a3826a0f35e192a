// introspect_rpt: what the authorization server says of an RPT, and nothing else that it says.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { startUmaStory, type UmaSite, type UmaStory } from '../testing/uma1_stub.ts'

const MEMBERS = ['active', 'exp', 'iat', 'nbf', 'permissions', 'client_id', 'sub', 'aud', 'iss', 'jti']

describe('introspect_rpt', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(2)
    site = await story.site()
  })
  beforeEach(() => story.stub.lie({}))
  after(() => story.close())

  const says = (json: unknown): void => story.stub.lie({ 'POST /introspect': () => ({ status: 200, json }) })

  it('has exactly the members of 3.1.2, with null for what is not said', async () => {
    says({
      active: true,
      exp: 2_000_000_000,
      client_id: 'c-78',
      aud: ['a', 'b'],
      more: 'x',
      permissions: [
        { resource_id: 'r-1', resource_scopes: ['read'], exp: 2_000_000_000, more: 'x' },
        { resource_id: 'r-2' },
      ],
    })
    const data = await site.ok('introspect_rpt', { rpt: 'an-rpt' })
    assert.deepEqual(Object.keys(data), MEMBERS)
    const permissions = [
      { resource_id: 'r-1', resource_scopes: ['read'], exp: 2_000_000_000 },
      { resource_id: 'r-2', resource_scopes: [], exp: null },
    ]
    const told = { active: true, exp: 2_000_000_000, client_id: 'c-78', permissions }
    const untold = { iat: null, nbf: null, sub: null, iss: null, jti: null }
    assert.deepEqual(data, { ...told, ...untold, aud: 'a b' })
    const native = await site.ok('introspect_rpt', { rpt: 'an-rpt' }, { oxd: 1 })
    assert.deepEqual(native, { ...told, ...untold, aud: ['a', 'b'] })
  })

  it('says of an RPT that is not active nothing else, whatever is said of it', async () => {
    for (const said of [{ active: false, exp: 1, client_id: 'c', permissions: [] }, { active: 1 }, {}]) {
      says(said)
      const { active, ...rest } = await site.ok('introspect_rpt', { rpt: 'an-rpt' })
      assert.equal(active, false)
      assert.deepEqual(new Set(Object.values(rest)), new Set([null]))
    }
  })

  it('asks at the endpoint of the UMA metadata, with a PAT', async () => {
    await site.ok('introspect_rpt', { rpt: 'an-rpt' })
    const { name, authorization, body } = story.stub.requests.at(-1) ?? {}
    assert.equal(name, 'POST /introspect')
    assert.match(String(authorization), /^Bearer /)
    assert.deepEqual(body, { token: 'an-rpt' })
  })

  it('says so when the authorization server offers no introspection', async () => {
    const own = await startUmaStory(2)
    try {
      own.stub.lie({
        'GET /.well-known/uma2-configuration': () => ({ status: 200, json: { issuer: own.stub.issuer } }),
      })
      const at = await own.site()
      assert.match(
        await at.no('no_uma_discovery_response', 'introspect_rpt', { rpt: 'an-rpt' }),
        /introspection_endpoint/,
      )
    } finally {
      await own.close()
    }
  })

  it('refuses a missing RPT by its name', async () => {
    for (const rpt of [undefined, null, '', ' '])
      await site.no('invalid_rpt_parameter', 'introspect_rpt', { rpt })
    await site.no('invalid_rpt_parameter', 'introspect_rpt', { rpt: 'x'.repeat(65_537) })
    await site.no('internal_error', 'introspect_rpt', { rpt: { a: 1 } })
  })
})
