// SIG: how an ID Token is signed.
import type { Area, Case } from '../../src/testing/cases/case.ts'
import { login, registerAndLogin } from '../../src/testing/cases/drives.ts'
import type { Data } from '../../src/testing/daemon.ts'
import type { FaultName } from '../../src/testing/faults/index.ts'

const forAlg = (alg: string): Data => ({ id_token_signed_response_alg: alg })

/** A good signature of each algorithm, by a key that the OP publishes, or the client_secret. */
const SIGNED_BY: Readonly<Record<string, FaultName>> = {
  RS256: 'alg_rs256',
  PS256: 'alg_ps256',
  ES256: 'alg_es256',
  EdDSA: 'alg_eddsa',
  HS256: 'alg_hs256_secret',
}

export const SIGNATURE: Area = {
  name: 'signatures and algorithms',
  left_out: {
    'SIG-20':
      'HMACs are compared by timingSafeEqual (client_key.ts, login.ts), which a measurement on a shared machine could not prove',
  },
  cases: [
    ...['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'].map((alg): Case => ({
      id: 'SIG-01',
      title: `a corrupted signature, ${alg}`,
      drive: login,
      site: forAlg(alg),
      refused: {
        signature_flipped: 'invalid_id_token_bad_signature',
        signature_truncated: 'invalid_id_token_bad_signature',
        signature_empty: 'invalid_id_token_bad_signature',
        signature_foreign: 'invalid_id_token_bad_signature',
      },
    })),
    {
      id: 'SIG-02',
      title: 'no algorithm',
      drive: login,
      refused: {
        alg_none: 'id_token_without_signature_not_allowed',
        alg_none_capitalised: 'id_token_without_signature_not_allowed',
        alg_none_mixed: 'id_token_without_signature_not_allowed',
        alg_none_signed: 'id_token_without_signature_not_allowed',
        alg_missing: 'id_token_without_signature_not_allowed',
        alg_null: 'id_token_without_signature_not_allowed',
        alg_list: 'id_token_without_signature_not_allowed',
        alg_lower_case: 'invalid_id_token_invalid_algorithm',
      },
      requests: { jwks: 0 },
    },
    {
      id: 'SIG-02',
      title: 'an OP that registers the client for no algorithm',
      drive: registerAndLogin,
      refused: { registered_for_none: 'id_token_without_signature_not_allowed' },
    },
    {
      id: 'SIG-04',
      title: 'HS256 with the client_secret, or with the public key, while RS256 is registered',
      drive: login,
      refused: {
        alg_hs256_secret: 'invalid_id_token_invalid_algorithm',
        alg_hs256_public_key: 'invalid_id_token_invalid_algorithm',
      },
    },
    ...Object.keys(SIGNED_BY).map((alg): Case => ({
      id: 'SIG-05',
      title: `a good signature by another algorithm than ${alg}`,
      drive: login,
      site: forAlg(alg),
      refused: Object.fromEntries(
        Object.entries(SIGNED_BY)
          .filter(([other]) => other !== alg)
          .map(([, fault]) => [fault, 'invalid_id_token_invalid_algorithm']),
      ),
    })),
    {
      id: 'SIG-06',
      title: 'an OP that does not say what it registered, and signs with HS256',
      drive: registerAndLogin,
      refused: { registered_silently: 'invalid_id_token_invalid_algorithm' },
    },
    {
      id: 'SIG-07',
      title: 'algorithm, key and curve do not go together',
      drive: login,
      refused: { rs256_ec_key: 'key_id_not_found' },
    },
    {
      id: 'SIG-07',
      title: 'another curve than that of ES256',
      drive: login,
      site: forAlg('ES256'),
      refused: { es256_p384: 'key_id_not_found', es256k: 'invalid_id_token_invalid_algorithm' },
    },
    {
      id: 'SIG-08',
      title: 'keys that the header brings along, or points at',
      drive: login,
      refused: {
        key_in_header: 'invalid_id_token_bad_signature',
        certificate_in_header: 'invalid_id_token_bad_signature',
        jku_in_header: 'invalid_id_token_bad_signature',
        jku_inside: 'invalid_id_token_bad_signature',
        x5u_of_attacker: 'invalid_id_token_bad_signature',
        x5u_inside: 'invalid_id_token_bad_signature',
      },
      requests: { attacker: 0 },
    },
    {
      id: 'SIG-09',
      title: 'names of keys that are none',
      drive: login,
      watched: true,
      refused: {
        kid_path: 'key_id_not_found',
        kid_url: 'key_id_not_found',
        kid_sql: 'key_id_not_found',
        kid_empty: 'key_id_not_found',
        kid_long: 'invalid_id_token_malformed',
        kid_huge: ['invalid_id_token_malformed', 'op_answer_too_large'],
        kid_number: 'invalid_id_token_malformed',
        kid_object: 'invalid_id_token_malformed',
      },
      requests: { jwks: [0, 2], unknown: 0 },
    },
    {
      id: 'SIG-11',
      title: 'signatures of ECDSA that are none',
      drive: login,
      site: forAlg('ES256'),
      refused: {
        ecdsa_zero: 'invalid_id_token_bad_signature',
        ecdsa_r_is_order: 'invalid_id_token_bad_signature',
        ecdsa_s_beyond_order: 'invalid_id_token_bad_signature',
        ecdsa_der: 'invalid_id_token_bad_signature',
        ecdsa_short: 'invalid_id_token_bad_signature',
        ecdsa_long: 'invalid_id_token_bad_signature',
      },
    },
    {
      id: 'SIG-12',
      title: 'forgeries of PKCS#1 v1.5',
      drive: login,
      refused: {
        rsa_forged_cube: 'invalid_id_token_bad_signature',
        rsa_other_hash: 'invalid_id_token_bad_signature',
        rsa_trailing: 'invalid_id_token_bad_signature',
      },
    },
    {
      id: 'SIG-14',
      title: 'extensions that must be understood',
      drive: login,
      refused: {
        crit_unknown: 'invalid_id_token_critical_header',
        crit_empty: 'invalid_id_token_critical_header',
        crit_standard: 'invalid_id_token_critical_header',
        crit_twice: ['invalid_id_token_critical_header', 'invalid_id_token_malformed'],
        b64_false: ['invalid_id_token_critical_header', 'invalid_id_token_malformed'],
      },
    },
    {
      id: 'SIG-15',
      title: 'other serializations than the compact one',
      drive: login,
      refused: {
        jws_json: 'invalid_id_token_malformed',
        jws_json_general: 'op_answer_malformed',
        jws_detached: 'invalid_id_token_malformed',
      },
    },
    {
      id: 'SIG-17',
      title: 'weak algorithms',
      drive: login,
      refused: {
        alg_rs1: 'invalid_id_token_invalid_algorithm',
        alg_hs1: 'invalid_id_token_invalid_algorithm',
        alg_hs256_truncated: 'invalid_id_token_invalid_algorithm',
      },
    },
    {
      id: 'SIG-17',
      title: 'half of a good HMAC',
      drive: login,
      site: forAlg('HS256'),
      refused: { alg_hs256_truncated: 'invalid_id_token_bad_signature' },
    },
    {
      id: 'SIG-18',
      title: 'HS256 with a secret of 31 bytes, and of one',
      drive: registerAndLogin,
      site: forAlg('HS256'),
      refused: { secret_short: 'client_secret_too_short', secret_of_one: 'client_secret_too_short' },
      accepted: ['secret_long_enough'],
    },
    {
      id: 'SIG-18',
      title: 'HS256 that nobody asked for',
      drive: registerAndLogin,
      refused: { registered_with_hs256: 'invalid_algorithm' },
    },
    {
      id: 'SIG-19',
      title: 'the signature of another payload',
      drive: login,
      refused: { payload_swapped: 'invalid_id_token_bad_signature' },
    },
  ],
}
