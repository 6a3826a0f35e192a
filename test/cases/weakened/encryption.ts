// JWE: what makes an encrypted token one that was asked for, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

const OPTIONS = 'const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }'
const REGISTERED = 'if (alg !== registered.alg || enc !== registered.enc) {'
const KEYS = 'for (const key of await keysFor(op, registered, kid, client.client_secret ??'

export const WEAKENED_ENCRYPTION = [
  ...weakenedCases('src/oidc/jwe.ts', [
    [
      'encrypted with whatever the token says',
      REGISTERED,
      'if (false) {',
      'JWE-02 JWE-03',
      // The keys are those of the algorithm that is registered.
      [
        [
          `${KEYS} '')) {`,
          `${KEYS} '').then(async () => keysFor(op, { alg, enc }, kid, client.client_secret ?? ''))) {`,
        ],
      ],
    ],
    [
      'a password in any number of rounds',
      REGISTERED,
      'if (false) {',
      'JWE-07',
      // jose has a bound of its own.
      [[OPTIONS, `${OPTIONS.slice(0, -2)}, maxPBES2Count: Infinity }`]],
    ],
    [
      'why a token cannot be opened is told',
      'const opened = await compactDecrypt(jwe, key, options).catch(() => undefined)',
      'const opened = await compactDecrypt(jwe, key, options).catch((error) => { throw refused(String(error)) })',
      'JWE-05 JWE-08',
    ],
    [
      'a token within a token within a token',
      "if (isEncrypted(jws)) throw refused('It is encrypted twice.')",
      'if (isEncrypted(jws)) return decrypted(op, client, jws, registered)',
      'JWE-09',
    ],
    [
      'anything may be encrypted',
      "if (cty?.toUpperCase() !== 'JWT') throw refused('Its header does not say cty JWT.')",
      '',
      'JWE-09',
    ],
    [
      'extensions of an encryption that nobody understands',
      "if (crit !== undefined) throw refused('It has critical extensions.')",
      '',
      'JWE-12',
      // jose refuses what it does not know; an empty list, too.
      [[OPTIONS, `${OPTIONS.slice(0, -2)}, crit: { 'https://op.example.com/x': false } }`]],
    ],
  ]),
  ...weakenedCases('src/oidc/jwt.ts', [
    [
      'no encryption where it is registered',
      "if (!isEncrypted(jwt)) throw new OxdError('id_token_not_encrypted')",
      'if (!isEncrypted(jwt)) return jwt',
      'JWE-04',
    ],
    [
      'encryption that nobody registered',
      "if (isEncrypted(jwt)) throw new OxdError('id_token_encrypted')",
      "if (isEncrypted(jwt)) return decrypted(op, client, jwt, { alg: jwt.split('.')[1] === '' ? 'dir' : 'A128KW', enc: 'A128CBC-HS256' })",
      'JWE-03 JWE-10',
    ],
    [
      'claims that are encrypted and not signed',
      'const jws = await signedJwt(op, client, jwt, registered.encryption)',
      "const jws = await signedJwt(op, client, jwt, registered.encryption); if (jws.startsWith('{')) return jsonIn(Buffer.from(jws))",
      'JWE-09',
    ],
    [
      'what is encrypted needs no signature',
      'const header = headerOf(jws)',
      'const header = headerOf(jws); if (registered.encryption !== undefined) return jsonIn(segment(jws, 1))',
      'JWE-01 JWE-09',
    ],
  ]),
  ...weakenedCases('src/oidc/client_algorithms.ts', [
    ['a key of a secret of any length', 'if (weak !== undefined) {', 'if (false) {', 'JWE-10'],
  ]),
  ...weakenedCases('src/key_ring.ts', [
    [
      'a key is gone with its successor',
      'now < successor.made_at + times.rp_key_lead_seconds + times.rp_key_grace_seconds',
      'now < successor.made_at + times.rp_key_lead_seconds',
      'JWE-13',
    ],
  ]),
]
