// The ID Token outside of a login: one that is asked about later, and one with a code. (A login: get_tokens_by_code.test.ts.)
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Claims } from '../claims.ts'
import type { ErrorCode } from '../error.ts'
import { leftHash, type Json } from '../testing/jws.ts'
import { NONCE, refusedWith, startParty, type Party } from '../testing/op_party.ts'
import { validateIdToken, type Expected } from './id_token.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const CODE = 'the code of the test'
const TOKEN = 'the access token of the test'
const HASH_OF_CODE = leftHash('RS256', CODE)
const HASH_OF_TOKEN = leftHash('RS256', TOKEN)

/** A token of the OP with these claims over its own, validated with `asked` over what its login expects. */
const validated = async (
  claims: Json,
  asked: Partial<Pick<Expected, 'nonce' | 'access_token' | 'code'>>,
): Promise<Claims> => {
  const at = await party.at({ id_token: { claims: (good) => ({ ...good, ...claims }) } })
  const { id_token, access_token } = await at.login()
  return validateIdToken(at.op, id_token, {
    issuer: at.issuer,
    client: { ...at.client, id_token_signed_response_alg: 'RS256' },
    nonce: NONCE,
    access_token,
    now: Math.floor(Date.now() / 1000),
    ...asked,
  })
}

const isNonce = (nonce: string | undefined): boolean => nonce === NONCE
const HOLDS: Readonly<Record<string, Parameters<typeof validated>>> = {
  'nothing beside the login': [{}, {}],
  'a nonce that the check accepts': [{}, { nonce: isNonce }],
  'one nonce of several': [{}, { nonce: (nonce) => ['other', NONCE].includes(nonce ?? '') }],
  'no nonce, where the check takes none': [
    { nonce: undefined },
    { nonce: (nonce) => nonce === undefined || isNonce(nonce) },
  ],
  'a code and its hash': [{ c_hash: HASH_OF_CODE }, { code: CODE }],
  'a code without a hash': [{}, { code: CODE }],
  'a hash of a code that nobody knows': [{ c_hash: 'x' }, {}],
  'an access token and its hash': [{ at_hash: HASH_OF_TOKEN }, { access_token: TOKEN }],
  'a hash of an access token that nobody knows': [{ at_hash: 'x' }, { access_token: undefined }],
}
const BREAKS: Readonly<Record<string, readonly [...Parameters<typeof validated>, ErrorCode]>> = {
  'no nonce': [{ nonce: undefined }, {}, 'invalid_id_token_no_nonce'],
  'another nonce': [{ nonce: 'other' }, {}, 'invalid_id_token_bad_nonce'],
  'a nonce that the check refuses': [{}, { nonce: () => false }, 'invalid_id_token_bad_nonce'],
  'no nonce, where the check wants one': [
    { nonce: undefined },
    { nonce: isNonce },
    'invalid_id_token_bad_nonce',
  ],
  'a nonce in a list, whatever the check takes': [
    { nonce: [NONCE] },
    { nonce: () => true },
    'invalid_id_token_bad_nonce',
  ],
  'the hash of another code': [
    { c_hash: HASH_OF_TOKEN },
    { code: CODE },
    'invalid_authorization_code_bad_hash',
  ],
  'a hash that is a number': [{ c_hash: 7 }, { code: CODE }, 'invalid_authorization_code_bad_hash'],
  'a hash that is null': [{ c_hash: null }, { code: CODE }, 'invalid_authorization_code_bad_hash'],
  'the hash of the code in other letters': [
    { c_hash: HASH_OF_CODE.toLowerCase() },
    { code: CODE },
    'invalid_authorization_code_bad_hash',
  ],
  'the hash of another access token': [
    { at_hash: HASH_OF_CODE },
    { access_token: TOKEN },
    'invalid_access_token_bad_hash',
  ],
}

describe('validateIdToken', () => {
  for (const [what, [claims, asked]] of Object.entries(HOLDS)) {
    it(`takes ${what}`, async () => {
      assert.equal((await validated(claims, asked)).sub, 'alice')
    })
  }
  for (const [what, [claims, asked, code]] of Object.entries(BREAKS)) {
    it(`refuses ${what} with ${code}`, async () => {
      await assert.rejects(validated(claims, asked), refusedWith(code, [NONCE, CODE, TOKEN]))
    })
  }
})
