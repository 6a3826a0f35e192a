// JWTs of an OP, made as they were registered, and in every other way. (Signatures of the OP's own keys: get_tokens_by_code.test.ts.)
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { CONTENT_ENCRYPTIONS, type JweFaults } from '../testing/jwe.ts'
import type { Json } from '../testing/jws.ts'
import type { Faults } from '../testing/op.ts'
import { NONCE, refusedWith, startParty, type Party } from '../testing/op_party.ts'
import { validateIdToken } from './id_token.ts'
import { ENCRYPTIONS, KEY_ALGORITHMS } from './jwe.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const SECRET = 'a secret of the tests that is long enough for every algorithm there is'

/** A login of a client that is registered so at the OP, and as `known` says in oxd; and the ID Token validated. */
const login = async (registered: Json, faults: Faults = {}, known: Json = registered) => {
  const jwks = { keys: await party.own.published() }
  const at = await party.at(faults, { client_secret: SECRET, jwks, ...registered })
  const { id_token, access_token } = await at.login()
  const client = { ...at.client, id_token_signed_response_alg: 'RS256', ...known }
  const claims = await validateIdToken(at.op, id_token, {
    issuer: at.issuer,
    client,
    nonce: NONCE,
    access_token,
    now: Math.floor(Date.now() / 1000),
  })
  return { id_token, claims }
}

describe('an ID Token', () => {
  it('is refused by its name where readers of base64url disagree about its header', async () => {
    // Complete groups of four, and one character more: some readers pass over it, others stop.
    const id_token = {
      header: (header: Json) =>
        `${JSON.stringify(header)}  `.slice(0, -(JSON.stringify(header).length + 2) % 3 || undefined),
      jwt: (jwt: string) => jwt.replace('.', 'A.'),
    }
    await assert.rejects(login({}, { id_token }), refusedWith('invalid_id_token_malformed'))
  })

  /** The header itself counts, and alg, kid and typ (of an encrypted one also enc and cty) are there already. */
  const crowded = (header: Json, count: number): Json => ({
    ...header,
    ...Object.fromEntries(
      Array.from({ length: count - 1 - Object.keys(header).length }, (_, n) => [`m${n}`, 0]),
    ),
  })
  it('has a header of so many members, and not one more', async () => {
    const max = LIMITS.jwt_header_members_max
    const signed = (count: number) =>
      login({}, { id_token: { header: (good: Json) => JSON.stringify(crowded(good, count)) } })
    assert.equal((await signed(max)).claims.sub, 'alice')
    await assert.rejects(signed(max + 1), refusedWith('invalid_id_token_malformed'))
    const sealed = (count: number) =>
      login(RSA, { encryption: { header: (good: Json) => crowded(good, count) } })
    assert.equal((await sealed(max)).claims.sub, 'alice')
    await assert.rejects(sealed(max + 1), refusedWith('invalid_id_token_encryption'))
  })
})

describe('an ID Token signed with the client_secret', () => {
  for (const alg of ['HS256', 'HS384', 'HS512']) {
    it(`is taken where ${alg} is registered`, async () => {
      const { claims } = await login({ id_token_signed_response_alg: alg })
      assert.equal(claims.sub, 'alice')
    })
    for (const sign of ['flipped_bit', 'truncated', 'empty', 'another_key'] as const) {
      it(`is refused with ${sign} for ${alg}`, async () => {
        await assert.rejects(
          login({ id_token_signed_response_alg: alg }, { id_token: { sign } }),
          refusedWith('invalid_id_token_bad_signature', [SECRET]),
        )
      })
    }
  }
  const OTHER: readonly (readonly [string, Json, ErrorCode, Json?])[] = [
    ['RS256', { id_token_signed_response_alg: 'HS256' }, 'invalid_id_token_invalid_algorithm'],
    [
      'HS512',
      { id_token_signed_response_alg: 'HS256' },
      'invalid_id_token_invalid_algorithm',
      { id_token_signed_response_alg: 'HS512' },
    ],
  ]
  for (const [what, registered, code, known = { id_token_signed_response_alg: what }] of OTHER) {
    it(`is refused with ${code} where ${what} is registered`, async () => {
      await assert.rejects(login(registered, {}, known), refusedWith(code, [SECRET]))
    })
  }
  for (const client_secret of ['', 'x', 's'.repeat(31)]) {
    it(`is refused with a secret of ${client_secret.length} bytes`, async () => {
      const hs256 = { id_token_signed_response_alg: 'HS256' }
      await assert.rejects(
        login({ ...hs256, client_secret: client_secret || 'y' }, {}, { ...hs256, client_secret }),
        refusedWith('invalid_id_token_bad_signature'),
      )
    })
  }
  it('is taken with a secret of 32 bytes', async () => {
    const hs256 = { id_token_signed_response_alg: 'HS256', client_secret: 's'.repeat(32) }
    assert.equal((await login(hs256)).claims.sub, 'alice')
  })
})

const encrypted = (alg: string, enc?: string): Json => ({
  id_token_encrypted_response_alg: alg,
  ...(enc === undefined ? {} : { id_token_encrypted_response_enc: enc }),
})
const RSA = encrypted('RSA-OAEP-256', 'A256GCM')
const flipped = (at: number) => (segments: readonly string[]) =>
  segments.map((segment, index) => {
    if (index !== at) return segment
    const bytes = Buffer.from(segment, 'base64url')
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
    return bytes.toString('base64url')
  })
const withHeader = (members: Json): JweFaults => ({ header: (good) => ({ ...good, ...members }) })

describe('an encrypted ID Token', () => {
  it('can be encrypted in every way that a test can make', () => {
    assert.deepEqual([...ENCRYPTIONS].sort(), [...CONTENT_ENCRYPTIONS].sort())
  })
  for (const alg of KEY_ALGORITHMS) {
    it(`is opened: ${alg}, without a word on the content`, async () => {
      const { claims, id_token } = await login(encrypted(alg))
      assert.equal(claims.sub, 'alice')
      assert.equal(id_token.split('.').length, 5)
    })
  }
  for (const enc of ENCRYPTIONS) {
    for (const alg of ['RSA-OAEP', 'dir', 'ECDH-ES']) {
      it(`is opened: ${alg} and ${enc}`, async () => {
        assert.equal((await login(encrypted(alg, enc))).claims.sub, 'alice')
      })
    }
  }
  it('may name no key', async () => {
    const faults = { encryption: { header: ({ kid: _, ...rest }: Json) => rest } }
    assert.equal((await login(RSA, faults)).claims.sub, 'alice')
  })

  const jws = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'
  const LIES: Readonly<Record<string, readonly [JweFaults, ErrorCode, Json?]>> = {
    'a flipped tag': [{ segments: flipped(4) }, 'invalid_id_token_not_decrypted'],
    'a flipped text': [{ segments: flipped(3) }, 'invalid_id_token_not_decrypted'],
    'a flipped IV': [{ segments: flipped(2) }, 'invalid_id_token_not_decrypted'],
    'a flipped key': [{ segments: flipped(1) }, 'invalid_id_token_not_decrypted'],
    'a flipped tag of CBC': [
      { segments: flipped(4) },
      'invalid_id_token_not_decrypted',
      encrypted('RSA-OAEP-256'),
    ],
    'a flipped text of CBC': [
      { segments: flipped(3) },
      'invalid_id_token_not_decrypted',
      encrypted('RSA-OAEP-256'),
    ],
    'a flipped wrapped key': [
      { segments: flipped(1) },
      'invalid_id_token_not_decrypted',
      encrypted('ECDH-ES+A128KW'),
    ],
    'a kid of nobody': [withHeader({ kid: 'of nobody' }), 'invalid_id_token_not_decrypted'],
    'another algorithm': [{ alg: 'RSA-OAEP' }, 'invalid_id_token_encryption'],
    RSA1_5: [{ alg: 'RSA1_5' }, 'invalid_id_token_encryption'],
    'dir with the client_secret': [{ alg: 'dir' }, 'invalid_id_token_encryption'],
    'A128KW with the client_secret': [{ alg: 'A128KW' }, 'invalid_id_token_encryption'],
    'another encryption': [{ enc: 'A128GCM' }, 'invalid_id_token_encryption'],
    'a password': [{ alg: 'PBES2-HS256+A128KW' }, 'invalid_id_token_encryption'],
    'a password and a billion rounds': [
      { alg: 'PBES2-HS256+A128KW', header: (good) => ({ ...good, p2c: 1_000_000_000 }) },
      'invalid_id_token_encryption',
    ],
    'a critical extension': [withHeader({ crit: ['exp'], exp: 1 }), 'invalid_id_token_encryption'],
    'no critical extension': [withHeader({ crit: [] }), 'invalid_id_token_encryption'],
    compression: [withHeader({ zip: 'DEF' }), 'invalid_id_token_encryption'],
    'no cty': [{ header: ({ cty: _, ...rest }) => rest }, 'invalid_id_token_encryption'],
    'another cty': [withHeader({ cty: 'json' }), 'invalid_id_token_encryption'],
    'a kid without end': [
      withHeader({ kid: 'k'.repeat(LIMITS.kid_characters_max + 1) }),
      'invalid_id_token_encryption',
    ],
    'a header twice': [
      {
        segments: ([, ...rest]) => [
          Buffer.from('{"alg":"dir","alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}').toString('base64url'),
          ...rest,
        ],
      },
      'invalid_id_token_encryption',
    ],
    'no encrypted key': [
      { segments: ([head = '', , ...rest]) => [head, '', ...rest] },
      'invalid_id_token_not_decrypted',
    ],
    'no tag': [{ segments: (segments) => [...segments.slice(0, 4), ''] }, 'invalid_id_token_encryption'],
    'six segments': [{ segments: (segments) => [...segments, 'AA'] }, 'invalid_id_token_encryption'],
    'a space behind it': [{ jwe: (jwe) => `${jwe} ` }, 'invalid_id_token_encryption'],
    'no encryption': [{ plain: true }, 'id_token_not_encrypted'],
    'a JWE in it': [{ plaintext: (inner) => `${inner}.AA.AA` }, 'invalid_id_token_encryption'],
    'bare claims in it': [{ plaintext: () => '{"sub":"alice"}' }, 'invalid_id_token_malformed'],
    'an unsigned JWT in it': [{ plaintext: () => jws }, 'id_token_without_signature_not_allowed'],
    'nothing in it': [{ plaintext: () => '' }, 'invalid_id_token_encryption'],
    'a key on another curve': [
      { curve: 'P-384' },
      'invalid_id_token_not_decrypted',
      encrypted('ECDH-ES', 'A128GCM'),
    ],
    'a key off its curve': [
      {
        header: (good) => ({
          ...good,
          // x of the generator of P-256, and a y that belongs to no point.
          epk: {
            kty: 'EC',
            crv: 'P-256',
            x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
            y: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE',
          },
        }),
      },
      'invalid_id_token_not_decrypted',
      encrypted('ECDH-ES', 'A128GCM'),
    ],
    'no ephemeral key': [
      { header: ({ epk: _, ...rest }) => rest },
      'invalid_id_token_not_decrypted',
      encrypted('ECDH-ES', 'A128GCM'),
    ],
  }
  for (const [what, [encryption, code, registered = RSA]] of Object.entries(LIES)) {
    it(`is refused with ${code}: ${what}`, async () => {
      assert.equal((await login(registered)).claims.sub, 'alice', 'the twin is taken')
      await assert.rejects(login(registered, { encryption }), refusedWith(code, ['alice', SECRET]))
    })
  }

  it('is refused where only plain ones are registered', async () => {
    await assert.rejects(login(RSA, {}, {}), refusedWith('id_token_encrypted'))
    await assert.rejects(login(encrypted('A128KW'), {}, {}), refusedWith('id_token_encrypted'))
  })
  it('is refused when it is larger than any token', async () => {
    const padding = (characters: number): Faults => ({
      id_token: { claims: (good) => ({ ...good, padding: 'p'.repeat(characters) }) },
    })
    assert.equal((await login(RSA, padding(30_000))).claims.sub, 'alice')
    await assert.rejects(login(RSA, padding(40_000)), refusedWith('invalid_id_token_encryption'))
  })
  it('is refused when it is for another client, though encrypted to the same key', async () => {
    const faults: Faults = { id_token: { claims: (good) => ({ ...good, aud: 'another' }) } }
    await assert.rejects(login(RSA, faults), refusedWith('invalid_id_token_bad_audience'))
  })
})
