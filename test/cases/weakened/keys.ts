// JWK: what keeps a key set honest, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_KEYS = [
  ...weakenedCases('src/oidc/keys.ts', [
    [
      'no key without its name',
      '(kid === undefined || key.kid === kid),',
      'key.kid === kid,',
      'JWK-01 JWK-02 JWK-03',
    ],
    [
      'one key of a name, and one guess without a name',
      'for (const key of keys.slice(0, limits.signature_tries_max)) {',
      'for (const key of keys.slice(0, 1)) {',
      'JWK-02 JWK-05',
    ],
    [
      'one entry that is no key spoils the set',
      'if (!result.success || !isSound(result.data, limits)) return []',
      "if (!result.success) throw new Error('no key'); if (!isSound(result.data, limits)) return []",
      'JWK-13',
    ],
    [
      'a key with a certificate is none',
      'if (!result.success || !isSound(result.data, limits)) return []',
      'if (!result.success || result.data.x5c !== undefined || !isSound(result.data, limits)) return []',
      'JWK-17',
    ],
    ['keys are fetched for each token', 'if (fresh !== undefined) return fresh', '', 'JWK-22'],
    ['published private keys are good', 'if (leaked.has(key))', 'if (false)', 'JWK-11'],
    ['any number of keys', 'if (keys.length > limits.jwks_keys_max) {', 'if (false) {', 'JWK-16'],
    [
      'keys for ever',
      'const fresh = cached !== undefined && age >= 0 && age < limits.op_keys_ms ? cached.keys : undefined',
      'const fresh = cached?.keys',
      'JWK-19',
    ],
    ['a failed fetch is kept', 'fetching = undefined', '', 'JWK-18'],
    ['keys for another algorithm', '(key.alg === undefined || key.alg === alg) &&', '', 'JWK-23'],
    ['keys for another use', "(key.use === undefined || key.use === 'sig') &&", '', 'JWK-23'],
    [
      'keys for other operations',
      "(key.key_ops === undefined || key.key_ops.includes('verify')) &&",
      '',
      'JWK-23',
    ],
    [
      'a key that may do more than verify is not imported',
      'return await importJWK(key as JWK, alg)',
      'return await importJWK({ ...key, key_ops: _operations } as JWK, alg)',
      'JWK-23',
    ],
    [
      'no budget for keys',
      'if (budget.refetches.length >= limits.key_refetches_per_minute) return false',
      '',
      'JWK-09',
      [['if (budget.unknownKids.some((unknown) => unknown.kid === kid)) return false', '']],
    ],
    [
      'each who waits fetches',
      '(fetching ??= fetchKeys().finally(() => {',
      '(fetchKeys().finally(() => {',
      'JWK-10',
    ],
    [
      'what is cached is never behind',
      "if (payload === undefined && (fetching !== undefined || withinBudget(asker, kid ?? ''))) {",
      'if (false) {',
      'JWK-03 JWK-06 JWK-07 JWK-08',
    ],
  ]),
  ...weakenedCases('src/oidc/id_token.ts', [
    [
      'ID Tokens through the browser spend what logins need',
      "const asker = expected.direct === true ? 'login' : 'browser'",
      "const asker = 'login'",
      'JWK-09',
    ],
  ]),
  ...weakenedCases('src/oidc/jarm.ts', [
    [
      'JWTs of responses spend what logins need',
      "return await openJwt(op, client, jwt, registeredFor(client, 'authorization'), 'browser')",
      "return await openJwt(op, client, jwt, registeredFor(client, 'authorization'))",
      'JWK-09',
    ],
  ]),
]
