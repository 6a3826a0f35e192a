// Introspection: with client authentication and with a PAT, of RPTs and of other tokens, and who sees what.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UmaPolicy } from './uma_policy.ts'
import { withUma } from './uma_story.ts'

const GRANT: { readonly uma_policy: UmaPolicy } = { uma_policy: () => 'grant' }
const INACTIVE = { active: false }

test('an RPT of two resource servers: each sees its own, the client all, others nothing', () =>
  withUma(GRANT, async (story) => {
    const { op, endpoints, server, client, pat, register, patOf, protect, post, resource, ticket } = story
    const { rpt, introspect } = story
    const second = await register()
    const secondPat = await patOf(second)
    const mine = await resource(['read'])
    const theirs = await resource(['read'], {}, secondPat)
    const permission = { resource_id: theirs, resource_scopes: ['read'] }
    const other = await protect('POST', endpoints.permission_endpoint ?? '', permission, secondPat)
    const first = await rpt({ ticket: await ticket(mine) })
    const { body } = await rpt({ ticket: String(other.body.ticket), rpt: String(first.body.access_token) })
    const token = String(body.access_token)

    const { exp, iat, ...rest } = await introspect(token)
    assert.equal(typeof iat, 'number')
    const seenBy = (...ids: string[]) =>
      ids.map((resource_id) => ({ resource_id, resource_scopes: ['read'], exp }))
    assert.deepEqual(rest, {
      active: true,
      client_id: client.client_id,
      iss: op.issuer,
      token_type: 'Bearer',
      permissions: seenBy(mine),
    })
    const stranger = await register()
    const url = endpoints.introspection_endpoint ?? ''
    for (const [who, bearer, ids] of [
      [server, pat, [mine]],
      [second, secondPat, [theirs]],
      [client, await patOf(client), [mine, theirs]],
      [stranger, await patOf(stranger), []],
    ] as const) {
      const [byBearer, byClient] = [await introspect(token, bearer), (await post(url, { token }, who)).body]
      if (ids.length === 0) {
        assert.deepEqual([byBearer, byClient], [INACTIVE, INACTIVE])
        continue
      }
      assert.deepEqual(byBearer.permissions, seenBy(...ids))
      assert.deepEqual(byClient.permissions, seenBy(...ids))
      assert.equal(byClient.scope, undefined)
    }

    await protect('DELETE', `${endpoints.resource_registration_endpoint}/${mine}`)
    assert.deepEqual(await introspect(token), INACTIVE)
    assert.deepEqual((await introspect(token, await patOf(client))).permissions, seenBy(theirs))
  }))

test('a revoked RPT is no longer active', () =>
  withUma(GRANT, async ({ op, resource, ticket, rpt, introspect, post }) => {
    const { body } = await rpt({ ticket: await ticket(await resource()) })
    const token = String(body.access_token)
    assert.equal((await introspect(token)).active, true)
    assert.equal((await post(`${op.issuer}/token/revocation`, { token })).status, 200)
    assert.deepEqual(await introspect(token), INACTIVE)
  }))

test('a PAT introspects other tokens too; a client by itself its own alone', () =>
  withUma({}, async ({ op, endpoints, pat, server, client, patOf, post, introspect }) => {
    const token = await patOf(client, 'oxd')
    const seen = await introspect(token)
    const { client_id, scope, iss, token_type, permissions } = seen
    assert.deepEqual(
      { client_id, scope, iss, token_type, permissions },
      {
        client_id: client.client_id,
        scope: 'oxd',
        iss: op.issuer,
        token_type: 'Bearer',
        permissions: undefined,
      },
    )
    const url = endpoints.introspection_endpoint ?? ''
    const own = (await post(url, { token }, client)).body
    assert.deepEqual([own.active, own.scope, own.exp], [true, 'oxd', seen.exp])
    assert.deepEqual((await post(url, { token }, server)).body, INACTIVE)
    assert.equal((await introspect(pat)).scope, 'uma_protection')
    for (const none of ['unknown', client.client_secret]) {
      assert.deepEqual(await introspect(none), INACTIVE)
    }
  }))

test('the tokens of a login: whose they are, and no longer when they were used up or revoked', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  return withUma({}, async ({ op, endpoints, server, client, patOf, login, introspect, post }) => {
    const { access_token, refresh_token = '' } = await login(client)
    const { active, sub, scope, token_type } = await introspect(access_token)
    assert.deepEqual(
      { active, sub, scope, token_type },
      { active: true, sub: 'alice', scope: 'openid offline_access', token_type: 'Bearer' },
    )
    const refresh = await introspect(refresh_token)
    assert.deepEqual([refresh.active, refresh.token_type], [true, undefined])
    // Late in its life a refresh token is replaced when it is used.
    t.mock.timers.tick(10 * 86_400_000)
    const pat = await patOf(server)
    assert.deepEqual(await introspect(access_token, pat), INACTIVE)
    const form = { grant_type: 'refresh_token', refresh_token }
    const { body } = await post(endpoints.token_endpoint ?? '', form)
    assert.notEqual(body.refresh_token, refresh_token)
    assert.deepEqual(await introspect(refresh_token, pat), INACTIVE)
    const replaced = String(body.refresh_token)
    assert.equal((await introspect(replaced, pat)).active, true)
    await post(`${op.issuer}/token/revocation`, { token: replaced })
    for (const token of [replaced, body.access_token]) {
      assert.deepEqual(await introspect(token, pat), INACTIVE)
    }
  })
})

test('what is refused at the introspection endpoint', () =>
  withUma({}, async ({ endpoints, pat, client, patOf }) => {
    const ask = async (authorization: string | undefined, body: string) => {
      const response = await fetch(endpoints.introspection_endpoint ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(authorization === undefined ? {} : { authorization }),
        },
        body,
      })
      const { error }: { error?: unknown } = Object(await response.json())
      return [response.status, error]
    }
    assert.deepEqual(await ask('Bearer unknown', 'token=x'), [401, 'invalid_token'])
    assert.deepEqual(await ask(`Bearer ${await patOf(client, 'oxd')}`, 'token=x'), [
      403,
      'insufficient_scope',
    ])
    for (const body of ['', 'token=', 'token=x&token=y', `token=${'x'.repeat(40_000)}`]) {
      assert.deepEqual(await ask(`Bearer ${pat}`, body), [400, 'invalid_request'])
    }
    assert.deepEqual(await ask(undefined, 'token=x'), [400, 'invalid_request'])
    const basic = `Basic ${btoa(`${client.client_id}:wrong`)}`
    assert.deepEqual(await ask(basic, 'token=x'), [401, 'invalid_client'])
  }))
