// The whole UMA 2.0 story over HTTP: protect, knock, gather, come back, open; then in again with the PCT.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatherClaims } from './sign_in.ts'
import { CLAIMS_REDIRECT, withUma } from './uma_story.ts'

test('the metadata names every endpoint, and the OP its scopes and grants', () =>
  withUma({}, async ({ op, endpoints }) => {
    const { issuer } = op
    assert.deepEqual(endpoints, {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      introspection_endpoint: `${issuer}/token/introspection`,
      registration_endpoint: `${issuer}/reg`,
      jwks_uri: `${issuer}/jwks`,
      resource_registration_endpoint: `${issuer}/uma/resource`,
      permission_endpoint: `${issuer}/uma/permission`,
      claims_interaction_endpoint: `${issuer}/uma/claims`,
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:uma-ticket',
      ],
      response_types_supported: ['code'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      uma_profiles_supported: [],
    })
    const response = await fetch(`${issuer}/.well-known/openid-configuration`)
    // Texts and lists of texts.
    const discovery = (await response.json()) as Record<string, string | string[] | undefined>
    for (const name of ['authorization', 'token', 'introspection', 'registration']) {
      assert.equal(discovery[`${name}_endpoint`], endpoints[`${name}_endpoint`])
    }
    assert.equal(discovery.jwks_uri, endpoints.jwks_uri)
    for (const scope of ['oxd', 'uma_protection']) assert.ok(discovery.scopes_supported?.includes(scope))
    for (const grant of endpoints.grant_types_supported ?? []) {
      assert.ok(discovery.grant_types_supported?.includes(grant), grant)
    }
  }))

test('from a knock to the open door, and in again with the PCT', () =>
  withUma({}, async ({ op, client, resource, ticket, rpt, introspect, claimsUrl }) => {
    const id = await resource(['read', 'write'], { name: 'Holiday photos' })
    const need = await rpt({ ticket: await ticket(id) })
    assert.equal(need.status, 403)
    const { ticket: second, ...told } = need.body
    assert.deepEqual(told, {
      error: 'need_info',
      required_claims: [
        {
          name: 'country',
          friendly_name: 'Country',
          claim_type: 'string',
          claim_token_format: ['http://openid.net/specs/openid-connect-core-1_0.html#IDToken'],
          issuer: [op.issuer],
        },
      ],
      redirect_user: `${op.issuer}/uma/claims`,
    })

    const back = await gatherClaims(
      claimsUrl({
        client_id: client.client_id,
        ticket: String(second),
        claims_redirect_uri: CLAIMS_REDIRECT,
        state: 'the state',
      }),
    )
    assert.equal(back.origin + back.pathname, 'https://client.example.com/claims')
    assert.equal(back.searchParams.get('from'), 'op')
    assert.equal(back.searchParams.get('state'), 'the state')
    const third = back.searchParams.get('ticket') ?? ''
    assert.notEqual(third, second)

    const granted = await rpt({ ticket: third })
    assert.equal(granted.status, 200, JSON.stringify(granted.body))
    assert.equal(granted.headers.get('cache-control'), 'no-store')
    const { access_token, pct, ...rest } = granted.body
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3_600, upgraded: false })
    const seen = await introspect(access_token)
    assert.equal(seen.active, true)
    assert.equal(seen.client_id, client.client_id)
    assert.deepEqual(seen.permissions, [{ resource_id: id, resource_scopes: ['read'], exp: seen.exp }])

    const again = await rpt({ ticket: await ticket(id, ['write']), pct: String(pct) })
    assert.equal(again.status, 200)
    const then = await introspect(again.body.access_token)
    assert.deepEqual(then.permissions, [{ resource_id: id, resource_scopes: ['write'], exp: then.exp }])
  }))

test('requests are counted by endpoint, whatever the id', () =>
  withUma({}, async ({ op, resource, protect, endpoints }) => {
    const id = await resource()
    await protect('GET', `${endpoints.resource_registration_endpoint}/${id}`)
    await protect('DELETE', `${endpoints.resource_registration_endpoint}/${id}`)
    assert.equal(op.requests.get('POST /uma/resource'), 1)
    assert.equal(op.requests.get('GET /uma/resource/:id'), 1)
    assert.equal(op.requests.get('DELETE /uma/resource/:id'), 1)
  }))
