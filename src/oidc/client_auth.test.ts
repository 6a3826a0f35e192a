import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Faults } from '../testing/op.ts'
import { refusedWith, startParty, type Party, type PartyClient } from '../testing/op_party.ts'
import { clientOfCaller } from './client_auth.ts'
import { introspect } from './introspection.ts'
import type { QuirkName } from './quirks.ts'
import type { TokenClient } from './token_client.ts'
import { clientCredentials } from './token.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const sentBy = (at: PartyClient) => {
  const request = party.op.requests(at.issuer).findLast(({ endpoint }) => endpoint === 'token')
  assert.ok(request !== undefined)
  return request
}
/** Every printable character of ASCII, and what percent-encoding could be mistaken for. */
const PRINTABLE = `${String.fromCharCode(...Array.from({ length: 95 }, (_, at) => at + 32))}%2B%`

describe('client_secret_basic', () => {
  const method = { token_endpoint_auth_method: 'client_secret_basic' }

  it('carries every printable character to an OP that decodes', async () => {
    const at = await party.at({}, { ...method, client_id: PRINTABLE, client_secret: PRINTABLE })
    await clientCredentials(at.op, at.client, { scope: [] })
    assert.deepEqual(sentBy(at).params, { grant_type: 'client_credentials' })
  })

  it('leaves as they are the characters that need no encoding, which not every OP decodes', async () => {
    const plain = { client_id: 'a.b-c_d', client_secret: 'E.f-G_h' }
    const at = await party.at({}, { ...method, ...plain })
    await clientCredentials(at.op, at.client, { scope: [] })
    assert.equal(sentBy(at).authorization, `Basic ${btoa('a.b-c_d:E.f-G_h')}`)
  })

  it('is not encoded where the OP does not decode, as the quirk says', async () => {
    const plain = { client_id: 'a/b', client_secret: 'c/d+e' }
    const faults = { ignores: ['client_authentication'] } as const
    const at = await party.at(faults, { ...method, ...plain }, ['basic_not_encoded'])
    await clientCredentials(at.op, at.client, { scope: [] })
    assert.equal(sentBy(at).authorization, `Basic ${btoa('a/b:c/d+e')}`)
  })
})

const claimsOf = (assertion: unknown) => {
  const [header = {}, claims = {}] = String(assertion)
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8') || '{}'))
  return { header, claims }
}
/** A client that the OP knows by oxd's keys, or by its secret. */
const asserting = async (alg: string, faults: Faults = {}, quirks?: readonly QuirkName[]) => {
  const token_endpoint_auth_method = alg.startsWith('HS') ? 'client_secret_jwt' : 'private_key_jwt'
  const jwks = { keys: await party.own.published() }
  const token_endpoint_auth_signing_alg = alg
  const client_secret = 's'.repeat(64)
  const registered = { token_endpoint_auth_method, token_endpoint_auth_signing_alg, jwks, client_secret }
  const at = await party.at(faults, registered, quirks)
  const client: TokenClient = { ...at.client, token_endpoint_auth_signing_alg }
  return { ...at, client }
}

describe('a client assertion', () => {
  for (const alg of ['HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'EdDSA']) {
    it(`proves who the client is, with ${alg}`, async () => {
      const at = await asserting(alg)
      await clientCredentials(at.op, at.client, { scope: [] })
      const { params, authorization } = party.op.requests(at.issuer).at(-1) ?? assert.fail('nothing was sent')
      assert.equal(authorization, undefined)
      assert.deepEqual(Object.keys(params ?? {}).sort(), [
        'client_assertion',
        'client_assertion_type',
        'client_id',
        'grant_type',
      ])
    })
  }

  it('is for the issuer, short, and new each time', async () => {
    const at = await asserting('ES256', { assertion_audience: 'issuer' })
    const seen = new Set<unknown>()
    for (let n = 0; n < 3; n += 1) {
      await clientCredentials(at.op, at.client, { scope: [] })
      const { header, claims } = claimsOf(party.op.requests(at.issuer).at(-1)?.params.client_assertion)
      const { client_id } = at.client
      assert.deepEqual([claims.iss, claims.sub, claims.aud], [client_id, client_id, at.issuer])
      assert.equal(claims.exp - claims.iat, 60)
      assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 30)
      assert.equal(header.alg, 'ES256')
      seen.add(claims.jti)
    }
    assert.equal(seen.size, 3)
  })

  it('is for the URL that is called, where the OP wants that', async () => {
    const refused = await asserting('ES256', { assertion_audience: 'url' })
    await assert.rejects(
      clientCredentials(refused.op, refused.client, { scope: [] }),
      refusedWith('invalid_client'),
    )
    assert.equal(party.op.count(refused.issuer, 'token'), 1, 'nothing else is tried')
    const at = await asserting('ES256', { assertion_audience: 'url' }, ['assertion_audience_url'])
    await clientCredentials(at.op, at.client, { scope: [] })
    const { claims } = claimsOf(party.op.requests(at.issuer).at(-1)?.params.client_assertion)
    assert.equal(claims.aud, at.op.metadata.token_endpoint)
  })

  it('also proves it at introspection', async () => {
    const at = await asserting('PS256')
    const never = () => assert.fail('no other way is tried')
    const said = await introspect(at.op, at.client, 'a token', { get: never, renew: never })
    assert.equal(said.active, false)
  })

  const SHORT: readonly (readonly [string, number])[] = [
    ['HS256', 31],
    ['HS384', 47],
    ['HS512', 63],
  ]
  for (const [alg, bytes] of SHORT) {
    it(`is not made with ${alg} and a secret of ${bytes} bytes, which could be guessed`, async () => {
      const at = await asserting(alg)
      const short = { ...at.client, client_secret: 's'.repeat(bytes) }
      await assert.rejects(
        clientCredentials(at.op, short, { scope: [] }),
        refusedWith('client_secret_too_short'),
      )
      assert.equal(party.op.count(at.issuer, 'token'), 0)
    })
  }

  for (const [method, alg] of [
    ['client_secret_jwt', 'RS256'],
    ['client_secret_jwt', 'none'],
    ['private_key_jwt', 'HS256'],
    ['private_key_jwt', 'none'],
    ['private_key_jwt', 'constructor'],
  ] as const) {
    it(`is not made by ${method} with ${alg}`, async () => {
      const at = await asserting('HS256')
      const client = {
        ...at.client,
        token_endpoint_auth_method: method,
        token_endpoint_auth_signing_alg: alg,
      }
      await assert.rejects(clientCredentials(at.op, client, { scope: [] }), refusedWith('invalid_algorithm'))
      assert.equal(party.op.count(at.issuer, 'token'), 0)
    })
  }

  it('is signed by a key that the OP was told, or not at all', async () => {
    const at = await asserting('RS256')
    const client = { ...at.client, jwks_kids: ['of another oxd'] }
    await assert.rejects(
      clientCredentials(at.op, client, { scope: [] }),
      refusedWith('rp_key_not_registered'),
    )
  })
})

describe('a client whose secret a caller says', () => {
  const registered = {
    client_id: 'c',
    client_secret: 'the secret',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_kids: ['k'],
  }
  const { jwks_kids: _, ...said } = registered
  it('is proven by oxd where the caller knows the secret', () => {
    assert.deepEqual(clientOfCaller(said, registered), registered)
  })
  it('is not touched where it proves itself', () => {
    const basic = { ...said, token_endpoint_auth_method: 'client_secret_basic' }
    assert.equal(clientOfCaller(basic, undefined), basic)
  })
  const WRONG: Readonly<Record<string, Parameters<typeof clientOfCaller>>> = {
    'that nobody knows': [said, undefined],
    'with another secret': [{ ...said, client_secret: 'another' }, registered],
    'without a secret': [
      { ...said, client_secret: '' },
      { ...registered, client_secret: undefined },
    ],
    'of another name': [{ ...said, client_id: 'd' }, registered],
  }
  for (const [what, [client, known]] of Object.entries(WRONG)) {
    it(`is refused ${what}`, () => {
      assert.throws(() => clientOfCaller(client, known), refusedWith('invalid_algorithm'))
    })
  }
})
