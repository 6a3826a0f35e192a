// Deviations of OPs that run in the interop test: what they loosen, and no more.
import { weakenings } from './rows.ts'

export const interop = [
  ...weakenings('src/moving/check_op.ts', 'src/moving/check.test.ts', [
    [
      'oxd check: the name is looked up here, although the proxy does',
      "if (proxied(url)) return ok('DNS', `${url.hostname} is looked up by the proxy.`)",
      '',
      'behind a proxy',
    ],
  ]),
  ...weakenings('src/oidc/id_token.ts', 'src/oidc/id_token.test.ts', [
    [
      'ID Token: SHA-256 for EdDSA, whatever the quirk says',
      "alg.startsWith('Ed') && hasQuirk('eddsa_hash_sha256') ? 'RS256' : alg",
      "alg.startsWith('Ed') ? 'RS256' : alg",
      'is made with SHA-512',
    ],
    [
      'ID Token: the quirk of the hash is not looked at',
      "alg.startsWith('Ed') && hasQuirk('eddsa_hash_sha256') ? 'RS256' : alg",
      'alg',
      'is made with SHA-256 where the OP deviates',
    ],
  ]),
]
