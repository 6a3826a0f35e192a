// SIG: what makes a signature one of the OP's, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

/** The payload without its signature; after it come the keys that would have verified it. */
const UNVERIFIED = "return { payload: Buffer.from(jws.split('.')[1] ?? '', 'base64url') }"

export const WEAKENED_SIGNATURE = [
  ...weakenedCases('src/oidc/keys.ts', [
    [
      'no signature is verified',
      'const { payload } = await compactVerify(jws, imported, { algorithms: [alg] })',
      UNVERIFIED,
      'SIG-01 SIG-08 SIG-11 SIG-12 SIG-19 JWK-15',
      [
        ['return { payload }', ''],
        ['if (imported === undefined) return {}', ''],
      ],
    ],
    ['a key of any name', '(kid === undefined || key.kid === kid),', 'true,', 'SIG-09'],
    [
      'a name of any length or type',
      "if (typeof kid !== 'string' || kid.length > limits.kid_characters_max) {",
      'if (false) {',
      'SIG-09',
    ],
    [
      'a key on any curve',
      '(ALGORITHMS[alg]?.crv === undefined || key.crv === ALGORITHMS[alg]?.crv) &&',
      '',
      'SIG-07',
    ],
  ]),
  ...weakenedCases('src/oidc/jwt.ts', [
    [
      'an ID Token without a signature',
      "if (typeof alg !== 'string' || (alg.toLowerCase() === UNSIGNED && !isAllowed)) {",
      "if (alg === undefined || alg === null || String(alg).toLowerCase() === 'none') return jsonIn(segment(jws, 1)); else if (typeof alg !== 'string') {",
      'SIG-02 RFT-05',
    ],
    [
      'the algorithm of the token',
      'if (alg !== registered.alg) {',
      'if (false) {',
      'SIG-04 SIG-05 SIG-06 JWK-14',
    ],
    [
      'the weakest algorithms',
      'if (alg !== registered.alg) {',
      "if (alg === 'RS1' || alg === 'HS1' || alg === 'HS256') return jsonIn(segment(jws, 1)); else if (alg !== registered.alg) {",
      'SIG-17',
    ],
    ['extensions that nobody understands', 'if (header.crit !== undefined) {', 'if (false) {', 'SIG-14'],
    [
      'any serialization',
      "if (!COMPACT.test(jws)) throw new OxdError('invalid_id_token_malformed')",
      "if (jws.startsWith('{')) return { alg: 'none' }",
      'SIG-15 TOK-14',
    ],
  ]),
  {
    name: 'a secret of any length',
    file: 'src/oidc/client_algorithms.ts',
    line: "if (short !== undefined) throw new OxdError('client_secret_too_short', { what: `${short} is registered.` })",
    replace_by: '',
    // A secret that became short later is refused where it is used.
    also: [
      {
        file: 'src/oidc/jwt.ts',
        line: 'if (!isLongEnough(client_secret, alg) || !isSignedWith(client_secret, alg, jws)) {',
        replace_by: 'if (!isSignedWith(client_secret, alg, jws)) {',
      },
    ],
    turns_red: ['SIG-18'],
  },
]
