// Which UMA an authorization server speaks is what it says itself, of itself; what fails weakens nothing.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { startUmaStub, type Lie, type UmaStub } from '../testing/uma1_stub.ts'
import { createDoor, type Door } from './http.ts'
import { createAuthorizationServers } from './uma.ts'
import { discoverUma } from './uma_discovery.ts'

const UMA_2 = 'GET /.well-known/uma2-configuration'
const UMA_1 = 'GET /.well-known/uma-configuration'

describe('UMA discovery', () => {
  const stubs = new Map<number, UmaStub>()
  let door: Door
  before(async () => {
    for (const version of [1, 2] as const) stubs.set(version, await startUmaStub({ version }))
    const trust_op = [...stubs.values()].map(({ issuer }) => issuer)
    door = createDoor({ trust_op, limits: { ...LIMITS, op_total_ms: 1_000 } })
  })
  beforeEach(() => {
    for (const stub of stubs.values()) stub.lie({})
  })
  after(async () => {
    await door.close()
    for (const stub of stubs.values()) await stub.close()
  })

  const stub = (version: 1 | 2): UmaStub => stubs.get(version) ?? assert.fail()
  const at = ({ issuer }: UmaStub, path = '') => ({
    issuer: `${issuer}${path}`,
    discovery_url: `${issuer}${path}/.well-known/openid-configuration`,
  })
  const refused = (code: string, said: RegExp) => (error: unknown) => {
    assert.ok(error instanceof OxdError)
    assert.equal(error.code, code)
    assert.match(error.message, said)
    return true
  }

  it('takes UMA 2.0 where there is one', async () => {
    const { issuer } = stub(2)
    assert.deepEqual(await discoverUma(door, at(stub(2))), {
      version: 2,
      issuer,
      token_endpoint: `${issuer}/token`,
      introspection_endpoint: `${issuer}/introspect`,
      resource_registration_endpoint: `${issuer}/resource`,
      permission_endpoint: `${issuer}/permission`,
      claims_interaction_endpoint: `${issuer}/claims?tenant=a%20b`,
    })
    assert.equal(stub(2).requests.length, 1)
  })

  it('takes UMA 1, by the names of UMA 2.0, where there is no other', async () => {
    const { issuer } = stub(1)
    assert.deepEqual(await discoverUma(door, at(stub(1))), {
      version: 1,
      issuer,
      token_endpoint: `${issuer}/token`,
      introspection_endpoint: `${issuer}/introspect`,
      resource_registration_endpoint: `${issuer}/resource`,
      permission_endpoint: `${issuer}/permission`,
      rpt_endpoint: `${issuer}/rpt`,
      gat_endpoint: `${issuer}/gat`,
      authorization_endpoint: `${issuer}/authorize`,
    })
  })

  it('looks below the path of the issuer', async () => {
    const own = stub(2)
    const before = own.requests.length
    await assert.rejects(
      discoverUma(door, at(own, '/tenant')),
      refused('no_uma_discovery_response', /neither/),
    )
    assert.deepEqual(
      own.requests.slice(before).map(({ name }) => name),
      ['GET /tenant/.well-known/uma2-configuration', 'GET /tenant/.well-known/uma-configuration'],
    )
  })

  const good2 =
    (more: object): Lie =>
    () => ({ status: 200, json: { issuer: stub(2).issuer, ...more } })
  const LIES: Readonly<Record<string, readonly [Lie, RegExp]>> = {
    'another issuer': [good2({ issuer: 'https://other.example.com' }), /another issuer/],
    'the issuer with a slash': [
      () => ({ status: 200, json: { issuer: `${stub(2).issuer}/` } }),
      /another issuer/,
    ],
    'no issuer': [good2({ issuer: undefined }), /issuer/],
    'an endpoint that is none': [good2({ permission_endpoint: 'javascript:x' }), /permission_endpoint/],
    'an endpoint that is a number': [good2({ permission_endpoint: 7 }), /permission_endpoint/],
    'a failure': [() => ({ status: 500, json: {} }), /500/],
    'a page': [() => ({ status: 200, json: '<html>' }), /no JSON object/],
    'an endless answer': [
      () => ({ status: 200, json: 'x'.repeat(LIMITS.op_body_bytes_max + 1) }),
      /too large/,
    ],
    'a redirect': [() => ({ status: 302, json: '' }), /redirect/],
  }
  for (const [what, [lie, said]] of Object.entries(LIES)) {
    it(`refuses ${what}, and does not fall back on UMA 1`, async () => {
      const own = stub(2)
      const good1: Lie = () => ({ status: 200, json: { issuer: own.issuer } })
      own.lie({ [UMA_2]: lie, [UMA_1]: good1 })
      await assert.rejects(discoverUma(door, at(own)), refused('no_uma_discovery_response', said))
      assert.equal(own.requests.at(-1)?.name, UMA_2)
    })
  }

  it('says what is wrong with UMA 1', async () => {
    stub(1).lie({ [UMA_1]: () => ({ status: 500, json: {} }) })
    await assert.rejects(discoverUma(door, at(stub(1))), refused('no_uma_discovery_response', /500/))
    stub(1).lie({ [UMA_1]: () => ({ status: 200, json: { issuer: 'https://other.example.com' } }) })
    await assert.rejects(discoverUma(door, at(stub(1))), refused('no_uma_discovery_response', /another/))
  })

  it('names no endpoint at http for an issuer at https', async () => {
    const issuer = 'https://as.example.com'
    const answering: Door = {
      ...door,
      request: async ({ url }) => ({
        status: 200,
        headers: new Headers({ 'content-type': 'application/json' }),
        text: JSON.stringify({ issuer, permission_endpoint: 'http://as.example.com/permission' }),
        url: String(url),
      }),
    }
    const where = { issuer, discovery_url: `${issuer}/.well-known/openid-configuration` }
    await assert.rejects(
      discoverUma(answering, where),
      refused('no_uma_discovery_response', /permission_endpoint is not https/),
    )
  })

  it('goes nowhere that it may not go', async () => {
    const strict = createDoor({ trust_op: [], limits: LIMITS })
    try {
      await assert.rejects(discoverUma(strict, at(stub(2))), refused('restricted_op_host', /--trust-op/))
    } finally {
      await strict.close()
    }
  })

  it('is asked for once by all who wait, and anew when it has become old', async () => {
    let now = Date.now()
    const servers = createAuthorizationServers({ door }, { now: () => now }, LIMITS)
    const count = () => stub(2).requests.filter(({ name }) => name === UMA_2).length
    const before = count()
    await Promise.all(Array.from({ length: 50 }, () => servers.at(at(stub(2)))))
    now += LIMITS.op_metadata_ms
    await servers.at(at(stub(2)))
    assert.equal(count() - before, 1)
    now += 1
    await servers.at(at(stub(2)))
    assert.equal(count() - before, 2)
  })

  it('remembers no failure', async () => {
    const servers = createAuthorizationServers({ door }, { now: () => 0 }, LIMITS)
    stub(2).lie({ [UMA_2]: () => ({ status: 500, json: {} }) })
    await assert.rejects(servers.at(at(stub(2))))
    stub(2).lie({})
    assert.equal((await servers.at(at(stub(2)))).version, 2)
  })
})
