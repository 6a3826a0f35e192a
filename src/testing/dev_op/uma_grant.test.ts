// The uma-ticket grant: what a ticket is good for, what opens, and each refusal by name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatherClaims } from './sign_in.ts'
import { ID_TOKEN_FORMAT, UMA_GRANT } from './uma_grant.ts'
import type { UmaPolicy } from './uma_policy.ts'
import { CLAIMS_REDIRECT, withUma, type Answer } from './uma_story.ts'

const GRANT: { readonly uma_policy: UmaPolicy } = { uma_policy: () => 'grant' }
const NEED: { readonly uma_policy: UmaPolicy } = {
  uma_policy: ({ claims }) => (claims.country === 'NL' ? 'grant' : { need: ['country'] }),
}

const saysNo = ({ status, body }: Answer, expected: readonly [number, string], what?: string) =>
  assert.deepEqual([status, body.error], expected, what ?? JSON.stringify(body))

test('a ticket is good for once: of many at the same time one gets the RPT', () =>
  withUma(GRANT, async ({ resource, ticket, rpt }) => {
    const once = await ticket(await resource())
    const answers = await Promise.all(Array.from({ length: 5 }, () => rpt({ ticket: once })))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400])
    for (const answer of answers.filter(({ status }) => status === 400)) {
      saysNo(answer, [400, 'invalid_grant'])
      assert.match(String(answer.body.error_description), /unknown, expired or was used before/)
    }
  }))

test('a ticket that led to need_info or to nothing is spent too', () =>
  withUma(NEED, async ({ resource, ticket, rpt }) => {
    const id = await resource()
    const first = await ticket(id)
    const need = await rpt({ ticket: first })
    saysNo(need, [403, 'need_info'])
    saysNo(await rpt({ ticket: first }), [400, 'invalid_grant'])
    const wrong = await ticket(id)
    saysNo(await rpt({ ticket: wrong, scope: 'unheard' }), [400, 'invalid_scope'])
    saysNo(await rpt({ ticket: wrong }), [400, 'invalid_grant'])
    saysNo(await rpt({ ticket: String(need.body.ticket) }), [403, 'need_info'])
  }))

test('tickets that are missing, unknown or too old, and requests that are malformed', () =>
  withUma(GRANT, async ({ resource, ticket, rpt, pass, register }) => {
    const id = await resource()
    saysNo(await rpt({}), [400, 'invalid_request'])
    saysNo(await rpt({ ticket: 'unknown' }), [400, 'invalid_grant'])
    const [young, old] = [await ticket(id), await ticket(id)]
    pass(299)
    assert.equal((await rpt({ ticket: young })).status, 200)
    pass(1)
    saysNo(await rpt({ ticket: old }), [400, 'invalid_grant'])
    for (const half of [{ claim_token: 'x' }, { claim_token_format: ID_TOKEN_FORMAT }]) {
      saysNo(await rpt({ ticket: await ticket(id), ...half }), [400, 'invalid_request'])
    }
    const without = await register({ grant_types: ['authorization_code'] })
    const unspent = await ticket(id)
    saysNo(await rpt({ ticket: unspent }, without), [400, 'invalid_request'])
    const wrongly = { client_id: without.client_id, client_secret: 'wrong' }
    saysNo(await rpt({ ticket: unspent }, wrongly), [401, 'invalid_client'])
    assert.equal((await rpt({ ticket: unspent })).status, 200)
  }))

test('the ticket of need_info is for the client that got it, and no other spends it', () =>
  withUma(NEED, async ({ resource, ticket, rpt, server }) => {
    const need = await rpt({ ticket: await ticket(await resource()) })
    const mine = String(need.body.ticket)
    saysNo(await rpt({ ticket: mine }, server), [400, 'invalid_grant'])
    saysNo(await rpt({ ticket: mine }), [403, 'need_info'])
  }))

test('a ticket for a resource that was deleted since', () =>
  withUma(GRANT, async ({ resource, ticket, rpt, protect, endpoints }) => {
    const id = await resource()
    const late = await ticket(id)
    await protect('DELETE', `${endpoints.resource_registration_endpoint}/${id}`)
    saysNo(await rpt({ ticket: late }), [400, 'invalid_grant'])
  }))

test('scopes that the client asks for are added where a resource has them', () =>
  withUma(GRANT, async ({ resource, protect, endpoints, rpt, introspect, ticket }) => {
    const [one, two] = [await resource(['read', 'write']), await resource(['read', 'print'])]
    const { body } = await protect('POST', endpoints.permission_endpoint ?? '', [
      { resource_id: one, resource_scopes: ['read'] },
      { resource_id: two, resource_scopes: [] },
    ])
    const granted = await rpt({ ticket: String(body.ticket), scope: 'write print' })
    const { permissions, exp } = await introspect(granted.body.access_token)
    assert.deepEqual(permissions, [
      { resource_id: one, resource_scopes: ['read', 'write'], exp },
      { resource_id: two, resource_scopes: ['print'], exp },
    ])
    saysNo(await rpt({ ticket: await ticket(one), scope: 'write print' }), [400, 'invalid_scope'])
    const bare = await rpt({ ticket: await ticket(two, []) })
    const seen = await introspect(bare.body.access_token)
    assert.deepEqual(seen.permissions, [{ resource_id: two, resource_scopes: [], exp: seen.exp }])
  }))

test('the policy hears what it is about; denied scopes are left out, and nothing left is request_denied', () => {
  const heard: unknown[] = []
  const uma_policy: UmaPolicy = (question) => {
    heard.push(question)
    return question.scope === 'read' ? 'grant' : 'deny'
  }
  return withUma({ uma_policy }, async ({ client, resource, ticket, rpt, introspect }) => {
    const resource_id = await resource(['read', 'write'], { name: 'Photos' })
    const some = await rpt({ ticket: await ticket(resource_id, ['read', 'write']) })
    const { permissions, exp } = await introspect(some.body.access_token)
    assert.deepEqual(permissions, [{ resource_id, resource_scopes: ['read'], exp }])
    assert.equal(some.body.pct, undefined, 'nothing is known of the person')
    const asked = { resource_id, name: 'Photos', client_id: client.client_id, claims: {} }
    assert.deepEqual(heard, [
      { ...asked, scope: 'read' },
      { ...asked, scope: 'write' },
    ])
    const none = await rpt({ ticket: await ticket(resource_id, ['write']) })
    saysNo(none, [403, 'request_denied'])
    assert.equal(none.body.ticket, undefined)
  })
})

test('need_info comes first, also where some scopes could be granted or are the owner’s to decide', () => {
  const uma_policy: UmaPolicy = ({ scope, claims }) => {
    if (scope === 'read') return 'grant'
    if (scope === 'write') return 'submit'
    return claims.country === undefined ? { need: ['country'] } : 'deny'
  }
  return withUma({ uma_policy }, async ({ resource, ticket, rpt, claimsUrl, client, introspect }) => {
    const resource_id = await resource(['read', 'write', 'print'])
    const need = await rpt({ ticket: await ticket(resource_id, ['read', 'write', 'print']) })
    saysNo(need, [403, 'need_info'])
    const url = claimsUrl({ client_id: client.client_id, ticket: String(need.body.ticket) })
    const back = await gatherClaims(url)
    const { body } = await rpt({ ticket: back.searchParams.get('ticket') ?? '' })
    const { permissions, exp } = await introspect(body.access_token)
    assert.deepEqual(permissions, [{ resource_id, resource_scopes: ['read'], exp }])
    saysNo(await rpt({ ticket: await ticket(resource_id, ['write']) }), [403, 'request_submitted'])
  })
})

test('request_submitted: the client comes again with the new ticket, until the owner has decided', () => {
  let verdict: 'submit' | 'grant' = 'submit'
  return withUma({ uma_policy: () => verdict }, async ({ resource, ticket, rpt }) => {
    const first = await rpt({ ticket: await ticket(await resource()) })
    saysNo(first, [403, 'request_submitted'])
    assert.equal(first.body.interval, 5)
    const second = await rpt({ ticket: String(first.body.ticket) })
    saysNo(second, [403, 'request_submitted'])
    saysNo(await rpt({ ticket: String(first.body.ticket) }), [400, 'invalid_grant'])
    verdict = 'grant'
    assert.equal((await rpt({ ticket: String(second.body.ticket) })).status, 200)
  })
})

test('the policy of the dev OP: the Netherlands and whoever signed in, no one else', () =>
  withUma({}, async ({ resource, ticket, rpt, claimsUrl, client }) => {
    const id = await resource()
    const gather = async (country: string) => {
      const { client_id } = client
      const url = claimsUrl({ client_id, ticket: await ticket(id), claims_redirect_uri: CLAIMS_REDIRECT })
      return (await gatherClaims(url, { claims: { country } })).searchParams.get('ticket') ?? ''
    }
    assert.equal((await rpt({ ticket: await gather(' nl ') })).status, 200)
    saysNo(await rpt({ ticket: await gather('DE') }), [403, 'request_denied'])
  }))

test('an ID Token of this OP for this client counts, and no other', async () => {
  const uma_policy: UmaPolicy = ({ claims: { sub } }) => (sub === 'alice' ? 'grant' : { need: ['sub'] })
  await withUma({ uma_policy }, async (story) => {
    const { client, server, resource, ticket, rpt, pass, patOf, endpoints, protect } = story
    const id = await resource()
    const claim_token = (await story.login(client)).id_token ?? ''
    const claim_token_format = ID_TOKEN_FORMAT
    const [header = '', payload = '', signature = ''] = claim_token.split('.')
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
    const forged = Buffer.from(payload, 'base64url').toString().replace('alice', 'malice')
    for (const [what, form, as] of [
      ['none', {}, client],
      ['another format', { claim_token, claim_token_format: 'urn:ietf:params:oauth:token-type:jwt' }, client],
      ["another client's", { claim_token, claim_token_format }, server],
      ['no JWT', { claim_token: 'x', claim_token_format }, client],
      ['not signed', { claim_token: `${unsigned}.${payload}.`, claim_token_format }, client],
      ['no signature', { claim_token: `${header}.${payload}.`, claim_token_format }, client],
      [
        'changed',
        {
          claim_token: `${header}.${Buffer.from(forged).toString('base64url')}.${signature}`,
          claim_token_format,
        },
        client,
      ],
    ] as const) {
      saysNo(await rpt({ ticket: await ticket(id), ...form }, as), [403, 'need_info'], what)
    }
    const granted = await rpt({ ticket: await ticket(id), claim_token, claim_token_format })
    assert.equal(granted.status, 200)
    assert.equal((await rpt({ ticket: await ticket(id), pct: String(granted.body.pct) })).status, 200)
    pass(3_601)
    // The PAT has expired too.
    const permission = { resource_id: id, resource_scopes: ['read'] }
    const late = await protect('POST', endpoints.permission_endpoint ?? '', permission, await patOf(server))
    saysNo(await rpt({ ticket: String(late.body.ticket), claim_token, claim_token_format }), [
      403,
      'need_info',
    ])
  })
})

test('claims that were pushed are remembered with the ticket of need_info', () => {
  const uma_policy: UmaPolicy = ({ claims: { sub, country } }) => {
    const need = [...(sub === undefined ? ['sub'] : []), ...(country === undefined ? ['country'] : [])]
    return need.length === 0 ? 'grant' : { need }
  }
  return withUma({ uma_policy }, async (story) => {
    const { client, resource, ticket, rpt, claimsUrl } = story
    const claim_token = (await story.login(client)).id_token ?? ''
    const need = await rpt({
      ticket: await ticket(await resource()),
      claim_token,
      claim_token_format: ID_TOKEN_FORMAT,
    })
    saysNo(need, [403, 'need_info'])
    const names = need.body.required_claims
    assert.ok(Array.isArray(names))
    assert.deepEqual(
      names.map(({ name }) => name),
      ['country'],
    )
    const { client_id } = client
    const url = claimsUrl({ client_id, ticket: String(need.body.ticket) })
    // Nobody need sign in any more.
    const back = await gatherClaims(url, { user: 'nobody' })
    assert.equal((await rpt({ ticket: back.searchParams.get('ticket') ?? '' })).status, 200)
  })
})

test("a PCT is good for its client, for a day, and another's tells nothing", () =>
  withUma(
    NEED,
    async ({ client, server, resource, ticket, rpt, claimsUrl, pass, patOf, protect, endpoints }) => {
      const id = await resource()
      const url = claimsUrl({ client_id: client.client_id, ticket: await ticket(id) })
      const back = await gatherClaims(url)
      const { body } = await rpt({ ticket: back.searchParams.get('ticket') ?? '' })
      const pct = String(body.pct)
      saysNo(await rpt({ ticket: await ticket(id), pct }, server), [403, 'need_info'])
      saysNo(await rpt({ ticket: await ticket(id), pct: 'unknown' }), [403, 'need_info'])
      const later = async () => {
        const permission = { resource_id: id, resource_scopes: ['read'] }
        const url = endpoints.permission_endpoint ?? ''
        return String((await protect('POST', url, permission, await patOf(server))).body.ticket)
      }
      pass(86_000)
      assert.equal((await rpt({ ticket: await later(), pct })).status, 200)
      pass(400)
      saysNo(await rpt({ ticket: await later(), pct }), [403, 'need_info'])
    },
  ))

test('an RPT is upgraded: a new one with the permissions of both, and the end of the old', () =>
  withUma(GRANT, async ({ resource, ticket, rpt, introspect }) => {
    const [one, two] = [await resource(), await resource()]
    const first = await rpt({ ticket: await ticket(one) })
    const old = String(first.body.access_token)
    const other = await rpt({ ticket: await ticket(two), rpt: old })
    assert.equal(other.body.upgraded, true)
    const more = await rpt({ ticket: await ticket(one, ['write']), rpt: String(other.body.access_token) })
    assert.equal(more.body.upgraded, true)
    const { permissions, exp } = await introspect(more.body.access_token)
    assert.deepEqual(permissions, [
      { resource_id: one, resource_scopes: ['read', 'write'], exp },
      { resource_id: two, resource_scopes: ['read'], exp },
    ])
    for (const token of [old, other.body.access_token]) {
      assert.deepEqual(await introspect(token), { active: false })
    }
  }))

test('an RPT that is unknown, another client’s, or no RPT is not upgraded but left alone', () =>
  withUma(GRANT, async ({ resource, ticket, rpt, introspect, server, pat }) => {
    const id = await resource()
    const theirs = (await rpt({ ticket: await ticket(id, ['write']) }, server)).body.access_token
    for (const old of ['unknown', String(theirs), pat]) {
      const { body } = await rpt({ ticket: await ticket(id), rpt: old })
      assert.equal(body.upgraded, false)
      const { permissions, exp } = await introspect(body.access_token)
      assert.deepEqual(permissions, [{ resource_id: id, resource_scopes: ['read'], exp }])
    }
    assert.equal((await introspect(theirs)).active, true)
    assert.equal((await introspect(pat)).active, true)
  }))

test('an upgrade does not let the old permissions live longer', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  return withUma(GRANT, async ({ resource, ticket, rpt, introspect }) => {
    const id = await resource()
    const first = await rpt({ ticket: await ticket(id) })
    const { exp } = await introspect(first.body.access_token)
    t.mock.timers.tick(600_000)
    const second = await rpt({ ticket: await ticket(id), rpt: String(first.body.access_token) })
    assert.equal(second.body.expires_in, 3_000)
    assert.equal((await introspect(second.body.access_token)).exp, exp)
    t.mock.timers.tick(2_000_000)
    const other = await rpt({ ticket: await ticket(id) })
    assert.equal(other.body.expires_in, 3_600)
  })
})

test('of several upgrades of one RPT at the same time one gets its permissions', () =>
  withUma(GRANT, async ({ resource, ticket, rpt }) => {
    const id = await resource()
    const old = String((await rpt({ ticket: await ticket(id) })).body.access_token)
    const tickets = [await ticket(id), await ticket(id), await ticket(id)]
    const answers = await Promise.all(tickets.map((each) => rpt({ ticket: each, rpt: old })))
    assert.deepEqual(answers.map(({ body }) => body.upgraded).sort(), [false, false, true])
  }))

test('the name of the grant is the specification’s', () =>
  assert.equal(UMA_GRANT, 'urn:ietf:params:oauth:grant-type:uma-ticket'))
