// What nobody signed: taken where daemon and site say so, from the token endpoint over TLS, and nowhere else.
import { weakenings } from './rows.ts'

const TEST = 'test/unsigned.test.ts'

export const UNSIGNED = [
  ...weakenings('src/oidc/unsigned.ts', TEST, [
    [
      'unsigned: whatever the daemon was told',
      "insecure_unsigned_id_tokens && new URL(metadata.token_endpoint).protocol === 'https:'",
      "(insecure_unsigned_id_tokens || true) && new URL(metadata.token_endpoint).protocol === 'https:'",
      'by a daemon without the setting',
    ],
    [
      'unsigned: without TLS',
      "insecure_unsigned_id_tokens && new URL(metadata.token_endpoint).protocol === 'https:'",
      'insecure_unsigned_id_tokens && metadata !== undefined',
      'for a token endpoint without TLS',
    ],
  ]),
  ...weakenings('src/oidc/jwt.ts', TEST, [
    [
      'unsigned: whatever was registered',
      'const isAllowed = registered.alg === UNSIGNED && registered.may_be_unsigned === true',
      'const isAllowed = registered.may_be_unsigned === true',
      'of a site that registered another algorithm',
    ],
    [
      'unsigned: from anybody',
      'const isAllowed = registered.alg === UNSIGNED && registered.may_be_unsigned === true',
      'const isAllowed = registered.alg === UNSIGNED',
      'through anybody else',
    ],
    [
      'unsigned: with a signature that nobody checks',
      "if (segment(jws, 2).length > 0) throw new OxdError('invalid_id_token_malformed')",
      '',
      'with bytes for a signature',
    ],
  ]),
  ...weakenings('src/oidc/id_token.ts', TEST, [
    [
      'unsigned: from a caller',
      'const may_be_unsigned = expected.direct === true && mayBeUnsigned(op)',
      'const may_be_unsigned = mayBeUnsigned(op)',
      'through anybody else',
    ],
  ]),
  ...weakenings('src/oidc/registration.ts', TEST, [
    [
      'unsigned: through the browser, too',
      "(alg === UNSIGNED && mayBeUnsigned(op) && !types.some((type) => type.split(' ').includes('id_token')))",
      '(alg === UNSIGNED && mayBeUnsigned(op) && types !== undefined)',
      'cannot be registered together with',
    ],
    [
      'unsigned: as the OP likes',
      'const alg = said === UNSIGNED ? asked : (said ?? asked)',
      'const alg = said ?? asked',
      'where the OP registers it and nobody asked',
    ],
  ]),
  ...weakenings('src/oidc/client_algorithms.ts', TEST, [
    [
      'unsigned: request objects, as the OP likes',
      'const isWeaker = value !== wanted && (isHmac(value) || [value, wanted].includes(UNSIGNED))',
      'const isWeaker = value !== wanted && isHmac(value)',
      'where the OP registers (none|RS256) instead',
    ],
    [
      'unsigned: keys for a request object that has no use for them',
      "(textIn(asked, 'request_object_signing_alg') ?? UNSIGNED) !== UNSIGNED ||",
      "textIn(asked, 'request_object_signing_alg') !== undefined ||",
      'the OP is told no keys',
    ],
  ]),
  ...weakenings('src/rp_keys.ts', TEST, [
    [
      'unsigned: request objects over http',
      'if (request_objects_by_reference !== true || public_url === undefined || !isSafe) return { pushed }',
      'if (request_objects_by_reference !== true || public_url === undefined) return { pushed }',
      'is not fetched over http',
    ],
  ]),
]
