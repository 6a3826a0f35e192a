// Introspection at an OP that takes clients, one that wants a PAT, and one that lies.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { reply, type Fault, type Faults } from '../testing/op.ts'
import { refusedWith, startParty, type Party, type PartyClient } from '../testing/op_party.ts'
import { introspect, type Introspection, type PatSource } from './introspection.ts'
import { clientCredentials } from './token.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

interface CountedPat extends PatSource {
  readonly got: string[]
}
/** PATs of the client itself, and which were handed out. */
const pats = ({ op, client }: PartyClient): CountedPat => {
  const got: string[] = []
  const obtain = async (): Promise<string> => {
    const { access_token } = await clientCredentials(op, client, { scope: ['uma_protection'] })
    got.push(access_token)
    return access_token
  }
  return { got, get: obtain, renew: obtain }
}
const NO_PAT: PatSource = {
  get: () => assert.fail('no PAT is wanted'),
  renew: () => assert.fail('no PAT is wanted'),
}

const tokenOf = async ({ op, client }: PartyClient, scope = ['openid', 'oxd']): Promise<string> =>
  (await clientCredentials(op, client, { scope })).access_token

/** What is understood of an answer that says this beside the good one. */
const understood = async (said: Fault): Promise<Introspection> => {
  const at = await party.at()
  const token = await tokenOf(at)
  party.op.setFaults(at.issuer, { introspection: said })
  return introspect(at.op, at.client, token, NO_PAT)
}
const saying =
  (members: Readonly<Record<string, unknown>>): Fault =>
  (good) => ({ ...good, ...members })

describe('introspect', () => {
  for (const method of ['client_secret_basic', 'client_secret_post']) {
    it(`asks as the client, by its method: ${method}`, async () => {
      const at = await party.at({}, { token_endpoint_auth_method: method })
      const token = await tokenOf(at)
      const said = await introspect(at.op, at.client, token, NO_PAT)
      const { client_id } = at.client
      assert.ok(said.iat !== undefined)
      assert.deepEqual(said, {
        active: true,
        scope: ['openid', 'oxd'],
        client_id,
        username: client_id,
        token_type: 'Bearer',
        exp: said.iat + 3_600,
        iat: said.iat,
        sub: client_id,
        aud: client_id,
        iss: at.issuer,
        acr_values: undefined,
      })
      const [seen] = party.op.requests(at.issuer).filter(({ endpoint }) => endpoint === 'introspection')
      assert.equal(seen?.params.token, token)
      assert.match(seen.authorization ?? '', method === 'client_secret_basic' ? /^Basic / : /^$/)
    })
  }

  it('says of an unknown token that it is not active, and nothing else', async () => {
    const at = await party.at()
    assert.deepEqual(await introspect(at.op, at.client, 'unknown', NO_PAT), { active: false, scope: [] })
  })

  it('shows a PAT where the OP wants one', async () => {
    const at = await party.at({ introspection_by: 'pat' })
    const pat = pats(at)
    const kept = { get: pat.get, renew: NO_PAT.renew }
    assert.equal((await introspect(at.op, at.client, await tokenOf(at), kept)).active, true)
    assert.equal(pat.got.length, 1)
    assert.equal(party.op.requests(at.issuer).at(-1)?.authorization, `Bearer ${pat.got[0]}`)
    assert.equal(party.op.count(at.issuer, 'introspection'), 2)
  })

  it('shows a new PAT where the OP refuses the first one', async () => {
    const at = await party.at({ introspection_by: 'pat', refused_pats: 1 })
    const pat = pats(at)
    assert.equal((await introspect(at.op, at.client, await tokenOf(at), pat)).active, true)
    assert.equal(pat.got.length, 2)
    assert.equal(party.op.requests(at.issuer).at(-1)?.authorization, `Bearer ${pat.got[1]}`)
  })

  it('gives up where the OP refuses the new one, too', async () => {
    const at = await party.at({ introspection_by: 'pat', refused_pats: 2 })
    const pat = pats(at)
    const token = await tokenOf(at)
    await assert.rejects(introspect(at.op, at.client, token, pat), refusedWith('op_http_status', [token]))
    assert.equal(pat.got.length, 2)
    assert.equal(party.op.count(at.issuer, 'introspection'), 3)
  })

  for (const status of [400, 401, 403]) {
    it(`takes ${status} for "you may not ask", at each step`, async () => {
      const refuse = reply.raw({ status, body: '{"error":"access_denied"}' })
      const at = await party.at({ introspection: (good, { nth }) => (nth === 3 ? good : refuse) })
      assert.equal((await introspect(at.op, at.client, await tokenOf(at), pats(at))).active, true)
      assert.equal(party.op.count(at.issuer, 'introspection'), 3)
    })
  }

  for (const status of [404, 500]) {
    it(`asks once where the OP answers ${status}`, async () => {
      const at = await party.at({ introspection: reply.html(status) })
      await assert.rejects(introspect(at.op, at.client, 'x', NO_PAT), refusedWith('op_http_status'))
      assert.equal(party.op.count(at.issuer, 'introspection'), 1)
    })
  }

  it('passes on why there is no PAT', async () => {
    const at = await party.at({ introspection_by: 'pat' }, { grant_types: ['authorization_code'] })
    await assert.rejects(introspect(at.op, at.client, 'x', pats(at)), /400 \(unauthorized_client\)/)
  })

  it('names the way where the OP has no introspection', async () => {
    const at = await party.at({ discovery: ({ introspection_endpoint: _, ...good }) => good })
    await assert.rejects(introspect(at.op, at.client, 'x', NO_PAT), (error: Error) => {
      assert.match(error.message, /oxd callers add/)
      return refusedWith('no_introspection_endpoint')(error)
    })
  })

  it('repeats no secret that the OP repeats', async () => {
    const at = await party.at({ introspection_by: 'pat' })
    const pat = pats(at)
    const token = await tokenOf(at)
    const kept = await pat.get()
    const renewed = await pat.renew()
    const shown = { get: async () => kept, renew: async () => renewed }
    for (const secret of [token, kept, renewed, at.client.client_secret]) {
      const body = JSON.stringify({ error: 'access_denied', error_description: `what is ${secret}?` })
      party.op.setFaults(at.issuer, { introspection: reply.raw({ status: 403, body }) })
      await assert.rejects(
        introspect(at.op, at.client, token, shown),
        refusedWith('op_http_status', [secret]),
      )
    }
  })
})

describe('what introspection says', () => {
  for (const active of [false, 'true', 1, null, undefined, {}, [true]]) {
    it(`active: ${String(JSON.stringify(active))} is not active`, async () => {
      assert.deepEqual(await understood(saying({ active })), { active: false, scope: [] })
    })
  }

  const TAKEN: readonly (readonly [said: Readonly<Record<string, unknown>>, is: Partial<Introspection>])[] = [
    [{ client_id: undefined }, { client_id: undefined }],
    [{ client_id: '' }, { client_id: undefined }],
    [{ client_id: null }, { client_id: undefined }],
    [{ client_id: 'another' }, { client_id: 'another' }],
    [{ scope: ['openid', 'oxd'] }, { scope: ['openid', 'oxd'] }],
    [{ scope: undefined, scopes: ['oxd'] }, { scope: ['oxd'] }],
    [{ scope: 'openid', scopes: ['oxd'] }, { scope: ['openid'] }],
    [{ scope: undefined }, { scope: [] }],
    [{ scope: '' }, { scope: [] }],
    [{ exp: 1_711_281_970.9 }, { exp: 1_711_281_970 }],
    [{ exp: '1711281970' }, { exp: 1_711_281_970 }],
    [{ exp: 1_711_281_970_000 }, { exp: 1_711_281_970_000 }],
    [{ exp: '2024-03-24T12:06:10Z' }, { exp: 1_711_281_970 }],
    [{ exp: '2024-03-24T12:06:10.000+0000' }, { exp: 1_711_281_970 }],
    [{ iat: '2024-03-24T14:06:10.5+02:00' }, { iat: 1_711_281_970 }],
    [{ nbf: '2024-03-24T12:06Z' }, { nbf: 1_711_281_960 }],
    [
      { exp: '', iat: null, nbf: undefined },
      { exp: undefined, iat: undefined, nbf: undefined },
    ],
    [{ aud: ['a', 'b'] }, { aud: ['a', 'b'] }],
    [{ aud: 'a' }, { aud: 'a' }],
    [{ acr_values: 'basic' }, { acr_values: 'basic' }],
    [{ acr_values: ['basic', 'u2f'] }, { acr_values: 'basic u2f' }],
    [
      { jti: 'j', username: 'Ada' },
      { jti: 'j', username: 'Ada' },
    ],
    [
      {
        permissions: [{ resource_id: 'r', resource_scopes: ['read'], exp: 1_711_281_970, params: { x: 1 } }],
      },
      { permissions: [{ resource_id: 'r', resource_scopes: ['read'], exp: 1_711_281_970 }] },
    ],
    [
      { permissions: [{ resource_set_id: 'r', scopes: ['read'], exp: '1711281970' }] },
      { permissions: [{ resource_id: 'r', resource_scopes: ['read'], exp: 1_711_281_970 }] },
    ],
    [{ permissions: [{ resource_id: 'r' }] }, { permissions: [{ resource_id: 'r', resource_scopes: [] }] }],
    [{ permissions: [] }, { permissions: [] }],
    [{ permissions: null }, { permissions: undefined }],
  ]
  for (const [said, is] of TAKEN) {
    it(`takes ${JSON.stringify(said)}`, async () => {
      const all: Readonly<Record<string, unknown>> = { ...(await understood(saying(said))) }
      const seen = Object.fromEntries(Object.keys(is).map((name) => [name, all[name]]))
      // As JSON: a member that is undefined and one that is not there say the same.
      assert.equal(JSON.stringify(seen), JSON.stringify(is))
    })
  }

  it('passes over what nobody asked for', async () => {
    const said = await understood(
      (good) => `{"__proto__":{"active":true},"x":{},${JSON.stringify(good).slice(1)}`,
    )
    assert.ok(said.active && !('x' in said))
    assert.equal(Object.hasOwn(said, '__proto__'), false)
  })

  const REFUSED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'a client_id that is a number': { client_id: 7 },
    'a client_id without end': { client_id: 'x'.repeat(2_049) },
    'a scope in a list of lists': { scope: [['oxd']] },
    'a scope without end': { scope: 'x '.repeat(1_001) },
    'a scope without end, as a list': { scope: Array.from({ length: 1_001 }, () => 'x') },
    'an expiry that is a word': { exp: 'tomorrow' },
    'an expiry without an offset': { exp: '2024-03-24T12:06:10' },
    'an expiry on no day': { exp: '2024-13-40T12:06:10Z' },
    'an expiry before all time': { exp: -1 },
    'an expiry in a list': { exp: [1_711_281_970] },
    'an audience that is an object': { aud: {} },
    'a permission for nothing': { permissions: [{ resource_scopes: ['read'] }] },
    'a permission without a name': { permissions: [{ resource_id: '' }] },
    'a permission with one scope in text': { permissions: [{ resource_id: 'r', resource_scopes: 'read' }] },
    'permissions without end': { permissions: Array.from({ length: 1_001 }, () => ({ resource_id: 'r' })) },
    'permissions that are no list': { permissions: { resource_id: 'r' } },
  }
  for (const [what, members] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(understood(saying(members)), refusedWith('op_answer_malformed'))
    })
  }

  const NO_OBJECT: Readonly<Record<string, Fault>> = {
    'a page': reply.html(),
    nothing: reply.empty(),
    'a list': () => '[{"active":true}]',
    'active twice': reply.duplicate('active', false),
    'half an answer': reply.truncated_json(),
  }
  for (const [what, fault] of Object.entries(NO_OBJECT)) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(understood(fault), refusedWith('op_answer_malformed'))
    })
  }
})

describe('the lying OP, when it introspects', () => {
  const AS: readonly (readonly [what: string, faults: Faults, scope: string, active: boolean])[] = [
    ['takes a PAT', {}, 'uma_protection', true],
    ['takes no bearer without uma_protection', {}, 'openid', false],
    ['takes no PAT where only clients may', { introspection_by: 'client' }, 'uma_protection', false],
  ]
  for (const [what, faults, scope, active] of AS) {
    it(what, async () => {
      const at = await party.at(faults)
      const bearer = await tokenOf(at, [scope])
      const answer = await fetch(String(at.op.metadata.introspection_endpoint), {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}` },
        body: new URLSearchParams({ token: bearer }),
      })
      assert.equal(answer.status, active ? 200 : 401)
    })
  }
})
