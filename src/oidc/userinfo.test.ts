// Userinfo as a JWT, made as registered and in every other way. (Plain userinfo: get_user_info.test.ts.)
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ErrorCode } from '../error.ts'
import type { Json, TokenFaults } from '../testing/jws.ts'
import { reply, type Faults } from '../testing/op.ts'
import { refusedWith, startParty, type Party } from '../testing/op_party.ts'
import type { QuirkName } from './quirks.ts'
import { fetchUserinfo } from './userinfo.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const SECRET = 'a secret of the tests that is long enough for every algorithm there is'
const SECONDS = Math.floor(Date.now() / 1_000)
const SIGNED = { userinfo_signed_response_alg: 'RS256' }

const claimsWith = async (
  faults: Faults,
  registered: Json = SIGNED,
  known: Json = registered,
  quirks: readonly QuirkName[] = [],
) => {
  const jwks = { keys: await party.own.published() }
  const at = await party.at({}, { client_secret: SECRET, jwks, ...registered }, quirks)
  const { access_token } = await at.login('openid email')
  party.op.setFaults(at.issuer, faults)
  const client = { ...at.client, id_token_signed_response_alg: 'RS256', ...known }
  return fetchUserinfo(at.op, client, access_token, 'alice')
}
const signed = (faults: TokenFaults): Faults => ({ signed_userinfo: faults })
const claims = (change: (good: Json) => Json): Faults => signed({ claims: change })

describe('userinfo', () => {
  const WAYS: readonly Json[] = [
    ...['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256', 'HS512'].map((alg) => ({
      userinfo_signed_response_alg: alg,
    })),
    { ...SIGNED, userinfo_encrypted_response_alg: 'RSA-OAEP' },
    { userinfo_encrypted_response_alg: 'ECDH-ES', userinfo_encrypted_response_enc: 'A256GCM' },
  ]
  for (const registered of WAYS) {
    it(`is taken as registered: ${Object.values(registered).join(', ')}`, async () => {
      const { sub, email } = await claimsWith({}, registered)
      assert.deepEqual([sub, email], ['alice', 'alice@example.com'])
    })
  }
  it('may be for several clients, us among them', async () => {
    const both = claims((good) => ({ ...good, aud: ['another', good['aud']] }))
    assert.equal((await claimsWith(both)).sub, 'alice')
  })
  it('may say from when to when it is good, by clocks that differ a little', async () => {
    const times = claims((good) => ({ ...good, nbf: SECONDS + 40, exp: SECONDS - 20 }))
    assert.equal((await claimsWith(times)).sub, 'alice')
  })
  describe('that says neither whose it is nor for whom, as the quirk has it', () => {
    const taken = (change: (good: Json) => Json) =>
      claimsWith(claims(change), SIGNED, SIGNED, ['userinfo_jwt_unaddressed'])
    it('is taken', async () => {
      assert.equal((await taken(({ iss: _, ...rest }) => rest)).sub, 'alice')
      assert.equal((await taken(({ aud: _, ...rest }) => rest)).sub, 'alice')
    })
    it('is refused where it is said wrong', async () => {
      const wrong = refusedWith('invalid_userinfo_jwt', ['alice', SECRET])
      await assert.rejects(
        taken((good) => ({ ...good, iss: 'https://another.example.com' })),
        wrong,
      )
      await assert.rejects(
        taken((good) => ({ ...good, aud: ['another'] })),
        wrong,
      )
      await assert.rejects(
        taken((good) => ({ ...good, iss: null })),
        wrong,
      )
    })
  })
  it('has its content type in any letters, with parameters', async () => {
    const type = reply.headers({ 'content-type': 'Application/JWT; charset=utf-8' })
    assert.equal((await claimsWith({ userinfo: type })).sub, 'alice')
  })

  const ENCRYPTED = { ...SIGNED, userinfo_encrypted_response_alg: 'RSA-OAEP-256' }
  const json = '{"sub":"alice"}'
  const LIES: Readonly<Record<string, readonly [Faults, ErrorCode, Json?, Json?]>> = {
    'JSON though it is registered as signed': [{}, 'userinfo_not_as_registered', {}, SIGNED],
    'a JWT though it is registered as JSON': [{}, 'userinfo_not_as_registered', SIGNED, {}],
    'JSON that is announced as a JWT': [
      { userinfo: reply.raw({ status: 200, body: json, headers: { 'content-type': 'application/jwt' } }) },
      'invalid_userinfo_jwt',
    ],
    'a JWT that is announced as JSON': [
      { userinfo: reply.headers({ 'content-type': 'application/json' }) },
      'userinfo_not_as_registered',
    ],
    'a JWT that is announced as JSON, where JSON is registered': [
      { userinfo: reply.headers({ 'content-type': 'application/json' }) },
      'op_answer_malformed',
      SIGNED,
      {},
    ],
    'a JWT without a content type': [
      { userinfo: reply.headers({ 'content-type': '' }) },
      'op_answer_malformed',
    ],
    'a page': [{ userinfo: reply.html() }, 'op_answer_malformed'],
    'a wrong signature': [signed({ sign: 'flipped_bit' }), 'invalid_userinfo_jwt'],
    'a stranger': [signed({ sign: 'another_key' }), 'invalid_userinfo_jwt'],
    'no signature': [signed({ sign: 'none' }), 'invalid_userinfo_jwt'],
    'another algorithm': [signed({ alg: 'ES256' }), 'invalid_userinfo_jwt'],
    'HS256 with the client_secret': [signed({ sign: 'hs256_client_secret' }), 'invalid_userinfo_jwt'],
    'another issuer': [
      claims((good) => ({ ...good, iss: `${String(good['iss'])}/` })),
      'invalid_userinfo_jwt',
    ],
    'no issuer': [claims(({ iss: _, ...rest }) => rest), 'invalid_userinfo_jwt'],
    'another audience': [claims((good) => ({ ...good, aud: 'another' })), 'invalid_userinfo_jwt'],
    'no audience': [claims(({ aud: _, ...rest }) => rest), 'invalid_userinfo_jwt'],
    'an expiry of long ago': [claims((good) => ({ ...good, exp: SECONDS - 120 })), 'invalid_userinfo_jwt'],
    'an expiry that is no time': [claims((good) => ({ ...good, exp: 'never' })), 'invalid_userinfo_jwt'],
    'a time to come': [claims((good) => ({ ...good, nbf: SECONDS + 120 })), 'invalid_userinfo_jwt'],
    'the type of an access token': [
      signed({ header: (good) => ({ ...good, typ: 'at+jwt' }) }),
      'invalid_userinfo_jwt',
    ],
    'another subject': [claims((good) => ({ ...good, sub: 'alice2' })), 'invalid_subject_identifier'],
    'no subject': [claims(({ sub: _, ...rest }) => rest), 'no_subject_identifier'],
    'no encryption though it is registered': [{}, 'invalid_userinfo_jwt', SIGNED, ENCRYPTED],
    'encryption that is not registered': [{}, 'invalid_userinfo_jwt', ENCRYPTED, SIGNED],
    'a flipped tag': [
      { encryption: { segments: (all) => [...all.slice(0, 4), 'A'.repeat(22)] } },
      'invalid_userinfo_jwt',
      ENCRYPTED,
    ],
    'bare claims in it': [{ encryption: { plaintext: () => json } }, 'invalid_userinfo_jwt', ENCRYPTED],
  }
  for (const [what, [faults, code, registered, known]] of Object.entries(LIES)) {
    it(`is refused with ${code}: ${what}`, async () => {
      await assert.rejects(claimsWith(faults, registered, known), refusedWith(code, ['alice', SECRET]))
    })
  }

  for (const registered of [SIGNED, {}]) {
    it(`has no claims of other providers, and asks none: ${JSON.stringify(registered)}`, async () => {
      const { origin } = party.op.canary()
      const others = {
        _claim_names: { credit: 'a', address: 'b' },
        _claim_sources: {
          a: { endpoint: `${origin}/claims`, access_token: 'x' },
          b: { JWT: 'eyJhbGciOiJub25lIn0.eyJhZGRyZXNzIjoieCJ9.' },
        },
      }
      const faults: Faults =
        registered === SIGNED
          ? claims((good) => ({ ...good, ...others }))
          : { userinfo: (good) => ({ ...good, ...others }) }
      const got = await claimsWith(faults, registered)
      assert.deepEqual(
        Object.keys(got).filter((name) => name.startsWith('_')),
        [],
      )
      assert.equal(got.sub, 'alice')
      assert.equal(got['address'], undefined)
      assert.equal(party.op.canary().contacts, 0)
    })
  }
})
