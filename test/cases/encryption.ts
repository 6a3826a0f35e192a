// JWE: how an ID Token is encrypted to the client.
import assert from 'node:assert/strict'
import type { Area, Drive } from '../../src/testing/cases/case.ts'
import { login, registerAndLogin } from '../../src/testing/cases/drives.ts'
import type { Data } from '../../src/testing/daemon.ts'
import { ENCRYPTION_FAULTS } from '../../src/testing/faults/encryption.ts'
import { faultsAt } from '../../src/testing/faults/fault.ts'

const encrypted = (alg: string, enc?: string): Data => ({
  id_token_encrypted_response_alg: alg,
  ...(enc === undefined ? {} : { id_token_encrypted_response_enc: enc }),
})
const RSA = encrypted('RSA-OAEP-256', 'A256GCM')

const PUBLIC = ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']
const SYMMETRIC = ['dir', 'A128KW', 'A192KW', 'A256KW']
const ENCRYPTIONS = ['A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512', 'A128GCM', 'A192GCM', 'A256GCM']
/** With its enc behind a space. */
const NESTED = ['RSA-OAEP-256', 'ECDH-ES'].flatMap((alg) => ENCRYPTIONS.map((enc) => `${alg} ${enc}`))

/** Registers for the encryption that the attack names, and logs in by both commands. */
const asRegistered: Drive = async (act) => {
  const [alg, enc] = act.attack?.split(' ') ?? ['RSA-OAEP-256', 'A256GCM']
  const site = await act.site(encrypted(String(alg), enc))
  act.strike()
  const whole = await site.call('get_tokens_by_callback', { ...(await site.respond()) })
  assert.equal(whole.status, 'ok', JSON.stringify(whole.data))
  const answer = await site.login()
  for (const { data } of [whole, answer]) assert.equal(String(data.id_token).split('.').length, 5)
  return answer
}

/** The ID Token comes through the browser; what is wrong with it is found before the code is redeemed. */
const hybrid: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const came = await site.respond({ response_type: 'code id_token' })
  return site.call('get_tokens_by_callback', { ...came })
}

/** Whatever is wrong with key, text or tag, by their names. */
const ALIKE = [
  'tag_flipped',
  'tag_short',
  'text_flipped',
  'iv_flipped',
  'key_flipped',
  'key_foreign',
] as const
/** The reference, under which the log has it, is another one each time. */
const withoutReference = (answer: Data): string =>
  JSON.stringify(answer).replaceAll(/[A-Z\d]{4}-[A-Z\d]{2}/g, '')
/** Everything that can be wrong, one behind the other: the answers are the same to the letter. */
const alike: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  if (act.honest) return site.login()
  const answers: Data[] = []
  for (const name of ALIKE) {
    act.op.setFaults(act.issuer, faultsAt(ENCRYPTION_FAULTS[`jwe_${name}`], act.places))
    answers.push((await site.login()).data)
  }
  act.op.setFaults(act.issuer, {})
  const [said, ...others] = answers.map(withoutReference)
  for (const other of others) assert.equal(other, said)
  return { status: 'error', data: answers[0] ?? {} }
}

/** Shorter than the clocks may differ. */
const ROTATED_SECONDS = 30
/** An ID Token is under way in a browser while oxd makes itself a new key. */
const rotated: Drive = async (act) => {
  const site = await act.site({ response_types: ['code', 'id_token'] })
  act.strike()
  const names = async (): Promise<unknown[]> => {
    const { keys } = (await act.call('get_rp_jwks', {})).data
    // As the command is defined.
    return (keys as Data[]).filter(({ use, kty }) => use === 'enc' && kty === 'RSA').map(({ kid }) => kid)
  }
  const came = await site.respond({ response_type: 'id_token' })
  const before = await names()
  if (!act.honest) {
    await act.later((ROTATED_SECONDS + 1) * 1_000)
    assert.notDeepEqual((await names()).at(-1), before.at(-1), 'there is a new key')
  }
  return site.call('get_tokens_by_callback', { ...came })
}

export const ENCRYPTION: Area = {
  name: 'encrypted tokens',
  left_out: {
    'JWE-05, times':
      'that a wrong tag and a wrong key take the same time is up to the crypto library; a measurement on a shared machine could not prove it, so the case looks at the answers alone',
  },
  cases: [
    {
      id: 'JWE-01',
      title: 'signed and encrypted as registered',
      drive: asRegistered,
      harmless: [...PUBLIC, ...NESTED],
    },
    {
      id: 'JWE-01',
      title: 'the signature within is verified',
      drive: login,
      site: RSA,
      refused: {
        signature_flipped: 'invalid_id_token_bad_signature',
        signature_foreign: 'invalid_id_token_bad_signature',
        alg_hs256_public_key: 'invalid_id_token_invalid_algorithm',
      },
      accepted: ['jwe_kid_missing'],
    },
    {
      id: 'JWE-02',
      title: 'RSA1_5',
      drive: login,
      site: RSA,
      refused: { jwe_rsa1_5: 'invalid_id_token_encryption' },
      requests: { token: 1, jwks: 0 },
    },
    {
      id: 'JWE-03',
      title: 'another algorithm than RSA-OAEP-256, another encryption than A256GCM',
      drive: login,
      site: RSA,
      refused: {
        jwe_rsa_oaep: 'invalid_id_token_encryption',
        jwe_ecdh_es: 'invalid_id_token_encryption',
        jwe_a128kw: 'invalid_id_token_encryption',
        jwe_dir: 'invalid_id_token_encryption',
        jwe_a128cbc: 'invalid_id_token_encryption',
      },
      requests: { jwks: 0 },
    },
    {
      id: 'JWE-03',
      title: 'the other way round',
      drive: login,
      site: encrypted('ECDH-ES'),
      refused: { jwe_rsa_oaep: 'invalid_id_token_encryption', jwe_a256gcm: 'invalid_id_token_encryption' },
      requests: { jwks: 0 },
    },
    {
      id: 'JWE-03',
      title: 'encryption to a key that is registered for userinfo alone',
      drive: login,
      site: { user_info_encrypted_response_alg: 'RSA-OAEP-256' },
      refused: { jwe_rsa_oaep: 'id_token_encrypted', jwe_ecdh_es: 'id_token_encrypted' },
      requests: { jwks: 0 },
      policy: 'Nobody asked for it.',
    },
    {
      id: 'JWE-04',
      title: 'no encryption though it is registered',
      drive: login,
      site: RSA,
      refused: { jwe_not_at_all: 'id_token_not_encrypted' },
      policy: 'Who asked for encryption has a reason.',
    },
    {
      id: 'JWE-04',
      title: 'no encryption of what comes through the browser',
      drive: hybrid,
      site: { ...RSA, response_types: ['code', 'code id_token'] },
      refused: { jwe_not_at_all: 'id_token_not_encrypted' },
      requests: { token: 0 },
    },
    ...[RSA, encrypted('RSA-OAEP-256', 'A128CBC-HS256'), encrypted('ECDH-ES+A128KW')].map((site) => ({
      id: 'JWE-05',
      title: `what cannot be opened: ${Object.values(site).join(' ')}`,
      drive: login,
      site,
      refused: {
        jwe_tag_flipped: 'invalid_id_token_not_decrypted',
        jwe_tag_short: 'invalid_id_token_not_decrypted',
        jwe_text_flipped: 'invalid_id_token_not_decrypted',
        jwe_iv_flipped: 'invalid_id_token_not_decrypted',
        jwe_key_flipped: 'invalid_id_token_not_decrypted',
        jwe_key_foreign: 'invalid_id_token_not_decrypted',
        jwe_kid_foreign: 'invalid_id_token_not_decrypted',
        jwe_header_swapped: 'invalid_id_token_not_decrypted',
      } as const,
      requests: { token: 1, jwks: 0 },
    })),
    {
      id: 'JWE-05',
      title: 'one answer, whatever could not be opened',
      drive: alike,
      site: RSA,
      attacks: { 'one after the other': 'invalid_id_token_not_decrypted' },
    },
    {
      id: 'JWE-07',
      title: 'a password, and a billion rounds',
      drive: login,
      site: encrypted('A128KW'),
      watched: true,
      refused: { jwe_password: 'invalid_id_token_encryption' },
    },
    {
      id: 'JWE-08',
      title: 'ephemeral keys that are none',
      drive: login,
      site: encrypted('ECDH-ES'),
      refused: {
        jwe_point_off_curve: 'invalid_id_token_not_decrypted',
        jwe_point_zero: 'invalid_id_token_not_decrypted',
        jwe_point_of_p384: 'invalid_id_token_not_decrypted',
        jwe_point_missing: 'invalid_id_token_not_decrypted',
      },
    },
    {
      id: 'JWE-09',
      title: 'what is in it: more encryption, no signature, no JWT',
      drive: login,
      site: RSA,
      watched: true,
      refused: {
        jwe_twice: 'invalid_id_token_encryption',
        jwe_twenty_times: 'invalid_id_token_encryption',
        alg_none: 'id_token_without_signature_not_allowed',
        jwe_bare_claims: 'invalid_id_token_malformed',
        jwe_cty_missing: 'invalid_id_token_encryption',
      },
      requests: { jwks: 0 },
    },
    {
      id: 'JWE-10',
      title: 'encrypted with the client_secret, as registered',
      drive: asRegistered,
      harmless: [...SYMMETRIC, ...ENCRYPTIONS.map((enc) => `A256KW ${enc}`), 'dir A128GCM', 'dir A256GCM'],
    },
    {
      id: 'JWE-10',
      title: 'encrypted with the client_secret, which nobody registered',
      drive: login,
      refused: { jwe_a128kw: 'id_token_encrypted', jwe_dir: 'id_token_encrypted' },
      requests: { jwks: 0 },
    },
    {
      id: 'JWE-10',
      title: 'a client_secret that is shorter than the key',
      drive: registerAndLogin,
      site: encrypted('dir'),
      refused: { secret_short: 'client_secret_too_short' },
      requests: { authorization: 0 },
    },
    {
      id: 'JWE-12',
      title: 'other serializations, extensions, compression',
      drive: login,
      site: RSA,
      refused: {
        jwe_json: 'id_token_not_encrypted',
        jwe_json_recipients: 'op_answer_malformed',
        jwe_six_segments: 'invalid_id_token_encryption',
        jwe_crit: 'invalid_id_token_encryption',
        jwe_crit_empty: 'invalid_id_token_encryption',
        jwe_compressed: 'invalid_id_token_encryption',
      },
      requests: { jwks: 0 },
    },
    {
      id: 'JWE-13',
      title: 'oxd has another key by the time that an ID Token comes',
      drive: rotated,
      site: encrypted('RSA-OAEP-256'),
      limits: { rp_key_seconds: ROTATED_SECONDS, rp_key_lead_seconds: 0 },
      moves_clock: true,
      harmless: ['rotated'],
      requests: { token: 0 },
    },
  ],
}
