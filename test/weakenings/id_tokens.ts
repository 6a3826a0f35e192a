// An ID Token that breaks any one rule.
import { weakenings } from './rows.ts'

const TOKENS_TEST = 'src/commands/get_tokens_by_code.test.ts'

export const ID_TOKENS = [
  ...weakenings('src/oidc/id_token.ts', TOKENS_TEST, [
    [
      'ID Token: no issuer',
      "holds: (c) => typeof c.iss === 'string' && c.iss !== '',",
      'holds: () => true,',
      '^get_tokens_by_code refuses no issuer',
    ],
    [
      'ID Token: another issuer',
      'holds: (c, e) => c.iss === e.issuer,',
      'holds: () => true,',
      '^get_tokens_by_code refuses another issuer',
    ],
    [
      'ID Token: no audience',
      "audiences(c).length > 0 && audiences(c).every((aud) => typeof aud === 'string' && aud !== ''),",
      'true,',
      '^get_tokens_by_code refuses (no|an empty) audience',
    ],
    [
      'ID Token: another audience',
      'holds: (c, e) => audiences(c).includes(e.client_id),',
      'holds: () => true,',
      '^get_tokens_by_code refuses (another audience|an audience in other letters)',
    ],
    [
      'ID Token: several audiences without azp',
      'holds: (c) => audiences(c).length === 1 || c.azp !== undefined,',
      'holds: () => true,',
      '^get_tokens_by_code refuses several audiences without azp',
    ],
    [
      'ID Token: another azp',
      'holds: (c, e) => c.azp === undefined || c.azp === e.client_id,',
      'holds: () => true,',
      '^get_tokens_by_code refuses another azp',
    ],
    [
      'ID Token: no subject',
      "holds: (c) => typeof c.sub === 'string' && c.sub !== '',",
      'holds: () => true,',
      '^get_tokens_by_code refuses (no subject|a subject that is a number)',
    ],
    [
      'ID Token: no expiry',
      'holds: (c) => isTime(c.exp) && (!isTime(c.iat) || c.exp >= c.iat),',
      'holds: () => true,',
      '^get_tokens_by_code refuses (no expiry|an expiry (in text|before the issue))',
    ],
    [
      'ID Token: expired',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,',
      'holds: () => true,',
      '^get_tokens_by_code refuses an expiry that is past',
    ],
    [
      'ID Token: issued in the future',
      'holds: (c, e) => isTime(c.iat) && c.iat <= e.now + tolerance,',
      'holds: () => true,',
      '^get_tokens_by_code refuses (no issue time|an issue time in the future)',
    ],
    [
      'ID Token: not yet valid',
      'holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),',
      'holds: () => true,',
      '^get_tokens_by_code refuses nbf in the future',
    ],
    [
      'ID Token: no nonce',
      "holds: (c, e) => c.nonce !== undefined || typeof e.nonce !== 'string',",
      'holds: () => true,',
      '^get_tokens_by_code refuses no nonce',
    ],
    [
      'ID Token: another nonce',
      'holds: (c, e) => isNonce(c.nonce, e.nonce),',
      'holds: () => true,',
      '^get_tokens_by_code refuses (another nonce|the nonce in a list)',
    ],
    [
      'ID Token: the hash of another access token',
      'holds: (c, e) => isHashOf(c.at_hash, e.access_token, e.alg),',
      'holds: () => true,',
      '^get_tokens_by_code refuses the hash of another access token',
    ],
  ]),
  ...weakenings('src/oidc/jwt.ts', TOKENS_TEST, [
    [
      'ID Token: no signature',
      "if (typeof alg !== 'string' || (alg.toLowerCase() === UNSIGNED && !isAllowed)) {",
      'if (false) {',
      '^get_tokens_by_code refuses (no signature|alg nOnE|no alg)',
    ],
    [
      'ID Token: any algorithm that oxd knows',
      'if (alg !== registered.alg) {',
      'if (false) {',
      '^get_tokens_by_code refuses (another algorithm of the OP|HS256)',
    ],
    [
      'ID Token: anything around it',
      "if (!COMPACT.test(jws)) throw new OxdError('invalid_id_token_malformed')",
      '',
      '^get_tokens_by_code refuses space behind the token',
    ],
    [
      'ID Token: a payload that is not encoded',
      'if (header.b64 !== undefined)',
      'if (false)',
      '^get_tokens_by_code refuses a header with b64',
    ],
  ]),
]
