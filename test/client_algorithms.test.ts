// Sites that ask for other algorithms than the plain ones: registered, and logged in at an OP that insists on them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Data } from '../src/testing/daemon.ts'
import type { Faults } from '../src/testing/op.ts'
import { HOME, REDIRECT, siteAt, startStory, type Story } from '../src/testing/story.ts'

let story: Story
before(async () => {
  story = await startStory()
})
after(() => story.close())

const native = { oxd: 1 }
const METHOD = 'client_token_endpoint_auth_method'
const SIGNING = 'client_token_endpoint_auth_signing_alg'

const siteOf = (issuer: string, { oxd_id }: Data) => siteAt(story.daemon, story.op, issuer, String(oxd_id))

/** What the OP was told of the client at its registration. */
const told = (issuer: string): Data =>
  story.op.requests(issuer).find(({ endpoint }) => endpoint === 'registration')?.params ??
  assert.fail('no registration')
const keyNames = ({ jwks }: Data): unknown[] => {
  // As oxd made it.
  const { keys = [] } = (jwks ?? {}) as { keys?: Data[] }
  return keys.map(({ alg, use, kty }) => alg ?? `${String(use)} ${String(kty)}`)
}
const ALL_KEYS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'enc RSA', 'enc EC']

describe('a site that logs in', () => {
  const WAYS: Readonly<Record<string, readonly [params: Data, keys: readonly string[]]>> = {
    'with nothing said': [{}, []],
    client_secret_jwt: [{ [METHOD]: 'client_secret_jwt' }, []],
    'client_secret_jwt, HS256': [{ [METHOD]: 'client_secret_jwt', [SIGNING]: 'HS256' }, []],
    private_key_jwt: [{ [METHOD]: 'private_key_jwt' }, ALL_KEYS],
    'private_key_jwt, ES256': [{ [METHOD]: 'private_key_jwt', [SIGNING]: 'ES256' }, ALL_KEYS],
    'private_key_jwt, EdDSA': [{ [METHOD]: 'private_key_jwt', [SIGNING]: 'EdDSA' }, ALL_KEYS],
    'ID Tokens with HS256': [{ id_token_signed_response_alg: 'HS256' }, []],
    'encrypted ID Tokens': [{ id_token_encrypted_response_alg: 'RSA-OAEP-256' }, ALL_KEYS],
    'encrypted ID Tokens, ECDH-ES': [
      { id_token_encrypted_response_alg: 'ECDH-ES', id_token_encrypted_response_enc: 'A128GCM' },
      ALL_KEYS,
    ],
    'ID Tokens encrypted with the secret': [{ id_token_encrypted_response_alg: 'A256KW' }, []],
    'signed userinfo': [{ user_info_signed_response_alg: 'ES256' }, []],
    'userinfo signed with the secret': [{ user_info_signed_response_alg: 'HS256' }, []],
    'encrypted userinfo': [{ user_info_encrypted_response_alg: 'RSA-OAEP-256' }, ALL_KEYS],
    everything: [
      {
        [METHOD]: 'private_key_jwt',
        id_token_signed_response_alg: 'EdDSA',
        id_token_encrypted_response_alg: 'ECDH-ES+A128KW',
        user_info_signed_response_alg: 'PS256',
        user_info_encrypted_response_alg: 'RSA-OAEP',
        user_info_encrypted_response_enc: 'A256GCM',
      },
      ALL_KEYS,
    ],
  }
  for (const [way, [params, keys]] of Object.entries(WAYS)) {
    it(`${way}: tokens, userinfo, refreshed tokens`, async () => {
      const site = await story.site({}, { scope: ['openid', 'email', 'offline_access'], ...params })
      assert.deepEqual(keyNames(told(site.issuer)), keys)
      const { status, data } = await site.login()
      assert.equal(status, 'ok', JSON.stringify(data))
      const { access_token, refresh_token } = data
      const { claims } = await site.ok('get_user_info', { access_token }, native)
      assert.deepEqual(Object.assign({}, claims, { iss: undefined, aud: undefined }), {
        sub: 'alice',
        email: 'alice@example.com',
        email_verified: true,
        iss: undefined,
        aud: undefined,
      })
      await site.ok('get_access_token_by_refresh_token', { refresh_token })
    })
  }
})

describe('a registration', () => {
  it('prefers a secret in the body, which every OP reads in one way', async () => {
    const site = await story.site()
    assert.equal(told(site.issuer).token_endpoint_auth_method, 'client_secret_post')
  })
  const OFFERED: readonly (readonly [readonly string[] | undefined, string])[] = [
    [undefined, 'client_secret_basic'],
    [['client_secret_basic'], 'client_secret_basic'],
    [['private_key_jwt', 'client_secret_basic'], 'client_secret_basic'],
    [['private_key_jwt', 'client_secret_jwt'], 'client_secret_jwt'],
    [['tls_client_auth', 'private_key_jwt'], 'private_key_jwt'],
  ]
  for (const [methods, expected] of OFFERED) {
    it(`at an OP that offers ${methods?.join(' and ') ?? 'nothing'} is for ${expected}, and works`, async () => {
      const issuer = story.issuer({
        discovery: ({ token_endpoint_auth_methods_supported: _, ...good }) => ({
          ...good,
          ...(methods === undefined ? {} : { token_endpoint_auth_methods_supported: methods }),
        }),
      })
      const { data } = await story.register(issuer)
      assert.equal(told(issuer).token_endpoint_auth_method, expected)
      assert.equal((await siteOf(issuer, data).login()).status, 'ok')
    })
  }
  it('stays at the method that it has', async () => {
    const issuer = story.issuer({
      discovery: (good) => ({ ...good, token_endpoint_auth_methods_supported: ['client_secret_basic'] }),
    })
    const { data } = await story.register(issuer)
    story.op.setFaults(issuer, {})
    const { oxd_id } = data
    assert.equal(
      (await story.daemon.call('update_site_registration', { oxd_id, contacts: ['a'] })).status,
      'ok',
    )
    const update = story.op.requests(issuer).find(({ method }) => method === 'PUT')
    assert.equal(update?.params.token_endpoint_auth_method, 'client_secret_basic')
  })

  const supporting = (members: Data): Faults => ({ discovery: (good) => ({ ...good, ...members }) })
  const REFUSED: Readonly<
    Record<string, readonly [params: Data, faults: Faults, code: string, name: string]>
  > = {
    'an algorithm that no client_secret_jwt has': [
      { [METHOD]: 'client_secret_jwt', [SIGNING]: 'RS256' },
      {},
      'invalid_algorithm',
      SIGNING,
    ],
    'an algorithm that oxd has no key for': [
      { [METHOD]: 'private_key_jwt', [SIGNING]: 'ES512' },
      {},
      'invalid_algorithm',
      SIGNING,
    ],
    'an algorithm that the OP does not offer': [
      { [METHOD]: 'private_key_jwt', [SIGNING]: 'EdDSA' },
      supporting({ token_endpoint_auth_signing_alg_values_supported: ['RS256'] }),
      'invalid_algorithm',
      SIGNING,
    ],
    'an encryption that the OP does not offer': [
      { id_token_encrypted_response_alg: 'RSA-OAEP' },
      supporting({ id_token_encryption_alg_values_supported: ['ECDH-ES'] }),
      'invalid_algorithm',
      'id_token_encrypted_response_alg',
    ],
    'an encryption without a word on its key': [
      { id_token_encrypted_response_enc: 'A128GCM' },
      {},
      'invalid_algorithm',
      'id_token_encrypted_response_alg',
    ],
    'userinfo encrypted without a word on its key': [
      { user_info_encrypted_response_enc: 'A128GCM' },
      {},
      'invalid_algorithm',
      'user_info_encrypted_response_alg',
    ],
    'request objects that are encrypted with the secret': [
      { request_object_encryption_alg: 'dir' },
      {},
      'invalid_algorithm',
      'request_object_encryption_alg',
    ],
    'HS256 at an OP that does not offer it': [
      { id_token_signed_response_alg: 'HS256' },
      supporting({ id_token_signing_alg_values_supported: ['RS256'] }),
      'invalid_algorithm',
      'id_token_signed_response_alg',
    ],
  }
  for (const [what, [params, faults, code, name]] of Object.entries(REFUSED)) {
    it(`is refused for ${what}, before the OP is told`, async () => {
      const issuer = story.issuer(faults)
      const { data } = await story.daemon.call(
        'register_site',
        { op_host: issuer, authorization_redirect_uri: REDIRECT, post_logout_redirect_uri: HOME, ...params },
        native,
      )
      assert.equal(data.error, code, JSON.stringify(data))
      assert.match(String(data.error_description), new RegExp(name))
      assert.equal(story.op.count(issuer, 'registration'), 0)
    })
  }

  const says = (members: Data): Faults => ({ registration: (good) => ({ ...good, ...members }) })
  const short = (bytes: number): Faults => ({ credentials: { client_secret: 's'.repeat(bytes) } })
  const BAD_ANSWERS: Readonly<Record<string, readonly [params: Data, faults: Faults, code: string]>> = {
    'HMAC that nobody asked for': [{}, says({ id_token_signed_response_alg: 'HS256' }), 'invalid_algorithm'],
    'userinfo with HMAC that nobody asked for': [
      {},
      says({ userinfo_signed_response_alg: 'HS256' }),
      'invalid_algorithm',
    ],
    'encryption that nobody asked for': [
      {},
      says({ id_token_encrypted_response_alg: 'dir' }),
      'invalid_algorithm',
    ],
    'RSA1_5 instead of RSA-OAEP': [
      { id_token_encrypted_response_alg: 'RSA-OAEP' },
      says({ id_token_encrypted_response_alg: 'RSA1_5' }),
      'invalid_algorithm',
    ],
    'a secret of 31 bytes for HS256': [
      { id_token_signed_response_alg: 'HS256' },
      short(31),
      'client_secret_too_short',
    ],
    'a secret of 63 bytes for userinfo with HS512': [
      { user_info_signed_response_alg: 'HS512' },
      short(63),
      'client_secret_too_short',
    ],
    'a secret of 31 bytes for client_secret_jwt': [
      { [METHOD]: 'client_secret_jwt' },
      short(31),
      'client_secret_too_short',
    ],
    'a secret of 15 bytes for A128KW': [
      { id_token_encrypted_response_alg: 'A128KW' },
      short(15),
      'client_secret_too_short',
    ],
    'a secret of 31 bytes for dir': [
      { user_info_encrypted_response_alg: 'dir' },
      short(31),
      'client_secret_too_short',
    ],
  }
  for (const [what, [params, faults, code]] of Object.entries(BAD_ANSWERS)) {
    it(`is taken back when the OP answers with ${what}`, async () => {
      const issuer = story.issuer(faults)
      const site = { op_host: issuer, authorization_redirect_uri: REDIRECT, ...params }
      const { data } = await story.daemon.call('register_site', site, native)
      assert.equal(data.error, code, JSON.stringify(data))
      const removed = story.op.requests(issuer).filter(({ method }) => method === 'DELETE')
      assert.equal(removed.length, 1)
    })
  }
  for (const [alg, bytes] of [
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ] as const) {
    it(`takes a secret of ${bytes} bytes for ${alg}`, async () => {
      const issuer = story.issuer(short(bytes))
      const { data } = await story.register(issuer, { id_token_signed_response_alg: alg })
      assert.equal((await siteOf(issuer, data).login()).status, 'ok')
    })
  }
  it('passes over what the OP says is not so', async () => {
    const issuer = story.issuer(
      says({
        userinfo_signed_response_alg: 'none',
        id_token_encrypted_response_alg: null,
        userinfo_encrypted_response_alg: '',
        request_object_signing_alg: 'any',
      }),
    )
    assert.equal((await story.register(issuer)).status, 'ok')
  })
  it('takes the word of the OP on how content is encrypted, where only the key was asked for', async () => {
    const says_enc = says({ id_token_encrypted_response_enc: 'A256GCM' })
    const issuer = story.issuer(says_enc)
    const { data } = await story.register(issuer, { id_token_encrypted_response_alg: 'RSA-OAEP' })
    const shown = await siteOf(issuer, data).login()
    // The lying OP goes on as it was asked, and that is another encryption now.
    assert.equal(shown.status, 'error')
  })
  it('of a public client has no secret to sign with', async () => {
    const params = { [METHOD]: 'none', id_token_signed_response_alg: 'HS256' }
    const { data } = await story.daemon.call(
      'register_site',
      { op_host: story.issuer(), authorization_redirect_uri: REDIRECT, ...params },
      native,
    )
    assert.equal(data.error, 'client_secret_too_short')
  })
})

describe('a client that was registered by hand', () => {
  it('logs in as it says that it was registered', async () => {
    const issuer = story.issuer()
    const { keys } = (await story.daemon.call('get_rp_jwks', {})).data
    const made = story.op.addClient(issuer, {
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
      id_token_signed_response_alg: 'RS256',
      id_token_encrypted_response_alg: 'ECDH-ES',
      jwks: { keys },
    })
    const { data } = await story.register(issuer, {
      client_id: made.client_id,
      [METHOD]: 'private_key_jwt',
      [SIGNING]: 'PS256',
      id_token_encrypted_response_alg: 'ECDH-ES',
    })
    const { status, data: tokens } = await siteOf(issuer, data).login()
    assert.equal(status, 'ok', JSON.stringify(tokens))
  })
  it('is refused where its secret is too short for what it says', async () => {
    const { data } = await story.daemon.call(
      'register_site',
      {
        op_host: story.issuer(),
        authorization_redirect_uri: REDIRECT,
        client_id: 'c',
        client_secret: 'short',
        id_token_signed_response_alg: 'HS256',
      },
      native,
    )
    assert.equal(data.error, 'client_secret_too_short')
  })
})
