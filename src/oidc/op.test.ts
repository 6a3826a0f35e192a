// The OPs that oxd knows: each by itself, whatever they share.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { LIMITS } from '../limits.ts'
import { reply } from '../testing/op.ts'
import { startParty, type Party } from '../testing/op_party.ts'
import { ownKeysInMemory } from '../testing/own_keys.ts'
import { realWorld } from '../world.ts'
import { whereabouts } from './discovery.ts'
import type { Door } from './http.ts'
import { createOps, type Op } from './op.ts'

describe('OPs at one host', () => {
  let party: Party
  before(async () => {
    party = await startParty()
  })
  after(() => party.close())

  it('have connections of their own, for everything that they are asked', async () => {
    const asked: (readonly [path: string, tenant: string | undefined])[] = []
    const door: Door = {
      ...party.door,
      request(request) {
        asked.push([new URL(request.url).pathname, request.tenant])
        return party.door.request(request)
      },
    }
    const world = realWorld(() => {})
    const ops = createOps(door, world, LIMITS, { own: ownKeysInMemory(world) })
    for (const name of ['mine', 'yours']) {
      const issuer = party.op.issuer(name)
      const op = await ops.at(whereabouts(issuer, {}))
      await op.keys.published()
      await op.door.fetchFor('token')(op.metadata.token_endpoint, { method: 'POST', body: 'a=b' })
      assert.deepEqual(asked.splice(0), [
        [`/${name}/.well-known/openid-configuration`, issuer],
        [`/${name}/jwks`, issuer],
        [`/${name}/token`, issuer],
      ])
    }
  })

  it('are asked anew by who registers a client, and by nobody else for a while', async () => {
    const where = whereabouts(party.op.issuer('moving'), {})
    const says = (name: string) => (good: Readonly<Record<string, unknown>>) => ({
      ...good,
      userinfo_endpoint: `${where.issuer}/${name}`,
    })
    const seen = async (asked: Promise<Op>) => (await asked).metadata.userinfo_endpoint
    assert.equal(await seen(party.ops.anew(where)), `${where.issuer}/userinfo`)
    party.op.setFaults(where.issuer, { discovery: says('moved') })
    assert.equal(await seen(party.ops.at(where)), `${where.issuer}/userinfo`)
    assert.equal(await seen(party.ops.anew(where)), `${where.issuer}/moved`)
    assert.equal(await seen(party.ops.at(where)), `${where.issuer}/moved`)
    assert.equal(party.op.count(where.issuer, 'discovery'), 2)
    // Who fails takes nothing from the others.
    party.op.setFaults(where.issuer, { discovery: reply.html(503) })
    await assert.rejects(party.ops.anew(where))
    assert.equal(await seen(party.ops.at(where)), `${where.issuer}/moved`)
  })

  it('are asked once by many who register a client first', async () => {
    const where = whereabouts(party.op.issuer('new'), {})
    await Promise.all(Array.from({ length: 20 }, () => party.ops.anew(where)))
    assert.equal(party.op.count(where.issuer, 'discovery'), 1)
  })

  it('have clocks of their own', async () => {
    const dated = (ms: number) => reply.headers({ date: new Date(Date.now() + ms).toUTCString() })
    const at = async (name: string, discovery?: ReturnType<typeof dated>) =>
      (await party.ops.at(whereabouts(party.op.issuer(name, discovery && { discovery }), {}))).clock()
    const near = (seconds: number | undefined, wanted: number): void =>
      assert.ok(seconds !== undefined && Math.abs(seconds - wanted) <= 2, `${seconds}, not ${wanted}`)
    near(await at('right'), 0)
    near(await at('ahead', dated(600_000)), 600)
    near(await at('behind', dated(-600_000)), -600)
    assert.equal(await at('silent', reply.headers({ date: 'soon' })), undefined)
  })
})
