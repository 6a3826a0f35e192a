import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordError, siteOf } from './record.ts'

const ID = 'c1d5a3f0-5a38-4f7e-9a53-0d9a3a9d5b11'
const SETUP_ID = '7f1e51f2-4a2b-4c0f-8c55-3c8a11f0a9be'

/** As 3.0.1 wrote its files: every key, mostly null. */
const OLD_30 = {
  oxd_id: ID,
  op_host: 'https://op.example.com',
  id_token: 'eyJh.eyJz.c2ln',
  access_token: 'at-secret',
  authorization_redirect_uri: 'https://shop.example.com/cb',
  logout_redirect_uri: 'https://shop.example.com/bye',
  application_type: 'web',
  redirect_uris: ['https://shop.example.com/cb', 'https://shop.example.com/cb2'],
  response_types: ['code'],
  client_id: 'c-77',
  client_secret: 'the-secret',
  client_registration_access_token: 'the-rat',
  client_registration_client_uri: 'https://op.example.com/reg?client_id=c-77',
  client_id_issued_at: 1_711_000_000_000,
  client_secret_expires_at: 1_911_086_400_000,
  client_name: 'Shop',
  sector_identifier_uri: null,
  client_jwks_uri: null,
  scope: ['openid', 'email'],
  ui_locales: ['en'],
  claims_locales: null,
  acr_values: [''],
  grant_types: ['authorization_code'],
  contacts: [],
  user_id: 'ada',
  user_secret: 'pw',
  pat: 'pat-1',
  uma_protected_resources: [
    { id: 'r-1', path: '/invoices', http_methods: ['GET'], scopes: ['https://s/read'], ticketScopes: null },
  ],
  gat: null,
  some_future_key: { a: 1 },
}

test('a 3.0 record becomes a site', () => {
  const { site, uma_resources, notes } = siteOf(ID, OLD_30)
  assert.deepEqual(notes, [])
  assert.equal(site.oxd_id, ID)
  assert.equal(site.op_host, 'https://op.example.com')
  assert.equal(site.issuer, 'https://op.example.com')
  assert.equal(site.discovery_url, 'https://op.example.com/.well-known/openid-configuration')
  assert.deepEqual(site.settings.redirect_uris, [
    'https://shop.example.com/cb',
    'https://shop.example.com/cb2',
  ])
  assert.deepEqual(site.settings.post_logout_redirect_uris, ['https://shop.example.com/bye'])
  assert.deepEqual(site.settings.scope, ['openid', 'email'])
  assert.deepEqual(site.settings.acr_values, [])
  assert.equal(site.settings.client_name, 'Shop')
  assert.deepEqual(JSON.parse(JSON.stringify(site.client)), {
    client_id: 'c-77',
    client_secret: 'the-secret',
    client_secret_expires_at: 1_911_086_400,
    client_id_issued_at: 1_711_000_000,
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'RS256',
    registration_access_token: 'the-rat',
    registration_client_uri: 'https://op.example.com/reg?client_id=c-77',
    by_hand: false,
  })
  assert.equal(site.setup, undefined)
  assert.deepEqual(uma_resources, [
    {
      id: 'r-1',
      path: '/invoices',
      http_methods: ['GET'],
      scopes: ['https://s/read'],
      ticket_scopes: [],
      scope_expressions: [],
    },
  ])
})

test('tokens and passwords of users do not come along', () => {
  const text = JSON.stringify(siteOf(ID, OLD_30))
  for (const secret of ['at-secret', 'eyJh', 'pat-1', '"pw"', 'ada'])
    assert.ok(!text.includes(secret), secret)
})

test('a 3.1 record keeps its setup client, discovery path and expressions', () => {
  const { site, uma_resources } = siteOf(ID, {
    ...OLD_30,
    op_discovery_path: '/tenant',
    setup_oxd_id: SETUP_ID,
    setup_client_id: 'c-79',
    claims_redirect_uri: ['https://shop.example.com/claims'],
    front_channel_logout_uri: ['https://shop.example.com/out'],
    token_endpoint_auth_method: 'client_secret_post',
    uma_protected_resources: [
      { id: 'r', path: '/p', http_methods: 'PUT', scope_expressions: ['{"rule":1}'] },
    ],
  })
  assert.equal(site.issuer, 'https://op.example.com/tenant')
  assert.deepEqual(site.setup, { oxd_id: SETUP_ID, client_id: 'c-79' })
  assert.deepEqual(site.settings.claims_redirect_uris, ['https://shop.example.com/claims'])
  assert.deepEqual(site.settings.frontchannel_logout_uris, ['https://shop.example.com/out'])
  assert.equal(site.client.token_endpoint_auth_method, 'client_secret_post')
  assert.deepEqual(uma_resources[0]?.http_methods, ['PUT'])
  assert.deepEqual(uma_resources[0]?.scope_expressions, ['{"rule":1}'])
})

test('a setup client is its own', () => {
  const { site } = siteOf(ID, { ...OLD_30, is_setup_client: true, setup_client_id: null })
  assert.deepEqual(site.setup, { oxd_id: ID, client_id: 'c-77' })
})

test('a 4.x record', () => {
  const { site, notes } = siteOf(ID, {
    oxd_id: ID,
    op_host: 'https://op.example.com',
    op_configuration_endpoint: 'https://op.example.com/t/.well-known/openid-configuration',
    redirect_uri: 'https://shop.example.com/cb',
    redirect_uris: ['https://shop.example.com/cb', 'https://shop.example.com/cb2'],
    logout_redirect_uris: ['https://shop.example.com/bye', 'https://shop.example.com/bye2'],
    front_channel_logout_uris: ['https://shop.example.com/out'],
    request_uris: ['https://shop.example.com/request'],
    client_id: 'c-77',
    client_secret: 'the-secret',
    client_secret_expires_at: 0,
    access_token_as_jwt: false,
    last_synced: 17,
    id_token_signed_response_alg: 'ES256',
    subject_type: 'pairwise',
    application_type: 'WEB',
  })
  assert.deepEqual(notes, [])
  assert.equal(site.issuer, 'https://op.example.com/t')
  assert.deepEqual(site.settings.redirect_uris, [
    'https://shop.example.com/cb',
    'https://shop.example.com/cb2',
  ])
  assert.deepEqual(site.settings.post_logout_redirect_uris, [
    'https://shop.example.com/bye',
    'https://shop.example.com/bye2',
  ])
  assert.deepEqual(site.settings.request_uris, ['https://shop.example.com/request'])
  assert.equal(site.settings.subject_type, 'pairwise')
  assert.equal(site.client.id_token_signed_response_alg, 'ES256')
  assert.equal(site.client.client_secret_expires_at, undefined)
  assert.equal(site.client.by_hand, true)
})

test('what oxd does not do is never imported as if it did', () => {
  const { site, notes } = siteOf(ID, {
    ...OLD_30,
    token_endpoint_auth_method: 'private_key_jwt',
    id_token_signed_response_alg: 'none',
  })
  assert.equal(site.client.id_token_signed_response_alg, 'RS256')
  assert.equal(site.settings.id_token_signed_response_alg, 'RS256')
  assert.equal(site.client.token_endpoint_auth_method, 'client_secret_basic')
  assert.equal(notes.length, 2)
})

test('HMAC is taken over with a secret that is long enough for it', () => {
  const withSecret = (client_secret: string) =>
    siteOf(ID, { ...OLD_30, id_token_signed_response_alg: 'HS256', client_secret })
  const long = withSecret('s'.repeat(32))
  assert.equal(long.site.client.id_token_signed_response_alg, 'HS256')
  assert.deepEqual(long.notes, [])
  const short = withSecret('s'.repeat(31))
  assert.equal(short.site.client.id_token_signed_response_alg, 'RS256')
  assert.match(String(short.notes), /too short/)
})

test('an oxd_id in capitals and an issuer with a slash stay byte for byte', () => {
  const upper = ID.toUpperCase()
  const { site } = siteOf(upper, { ...OLD_30, oxd_id: upper, op_host: 'https://op.example.com/' })
  assert.equal(site.oxd_id, upper)
  assert.equal(site.issuer, 'https://op.example.com/')
  assert.equal(site.discovery_url, 'https://op.example.com/.well-known/openid-configuration')
})

const REFUSED: readonly (readonly [what: string, record: unknown, why: RegExp])[] = [
  ['no object', [], /no JSON object/],
  ['nothing', undefined, /no JSON object/],
  ['__proto__', JSON.parse('{"__proto__":{"x":1}}'), /__proto__/],
  ['__proto__ below', { ...OLD_30, extra: [JSON.parse('{"__proto__":1}')] }, /__proto__/],
  ['another oxd_id', { ...OLD_30, oxd_id: SETUP_ID }, /another oxd_id/],
  ['an oxd_id that is a list', { ...OLD_30, oxd_id: [ID] }, /oxd_id is not a text/],
  ['no op_host', { ...OLD_30, op_host: null }, /no op_host/],
  ['op_host of the wrong type', { ...OLD_30, op_host: { a: 1 } }, /op_host is not a text/],
  ['op_host that is no URL', { ...OLD_30, op_host: 'ftp://op.example.com' }, /op_host/],
  ['no client', { ...OLD_30, client_id: '' }, /no client_id/],
  ['no secret', { ...OLD_30, client_secret: null }, /no client_secret/],
  ['client_id of the wrong type', { ...OLD_30, client_id: { a: 1 } }, /client_id/],
  [
    'no redirect URI',
    { ...OLD_30, authorization_redirect_uri: '', redirect_uris: [] },
    /authorization_redirect_uri/,
  ],
  [
    'a redirect URI that is script',
    { ...OLD_30, authorization_redirect_uri: 'javascript:alert(1)' },
    /authorization_redirect_uri/,
  ],
  ['an old name', { ...OLD_30, sector_identifier_uri: 'nonsense' }, /called sector_identifier_uri there/],
  ['scope of the wrong type', { ...OLD_30, scope: { a: 1 } }, /scope/],
  ['no flow that logs in', { ...OLD_30, response_types: ['token'] }, /response_types/],
  ['an expiry that is none', { ...OLD_30, client_secret_expires_at: 'soon' }, /client_secret_expires_at/],
  ['a setup site that is none', { ...OLD_30, setup_client_id: 'c', setup_oxd_id: '../x' }, /setup_oxd_id/],
  [
    'resources of the wrong type',
    { ...OLD_30, uma_protected_resources: { a: 1 } },
    /uma_protected_resources/,
  ],
  ['a resource without path', { ...OLD_30, uma_protected_resources: [{ id: 'r' }] }, /item 0: path/],
  ['too long', { ...OLD_30, client_name: 'x'.repeat(100_000) }, /client_name.*too long/],
]
for (const [what, record, why] of REFUSED) {
  test(`refuses ${what}, by name and without a value`, () => {
    assert.throws(
      () => siteOf(ID, record),
      (error) =>
        error instanceof RecordError &&
        why.test(error.message) &&
        !/the-secret|the-rat|pw/.test(error.message),
    )
  })
}

test('refuses a name that is no oxd_id', () => {
  assert.throws(() => siteOf('../../etc/passwd-00000000000000000000', OLD_30), /no oxd_id/)
})
