// Deviations of OPs that run in the interop test: what they loosen, and no more.
import { weakenings } from './rows.ts'

export const INTEROP = [
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
  ...weakenings('src/oidc/userinfo.ts', 'src/oidc/userinfo.test.ts', [
    [
      'userinfo: signed for anybody, whatever the quirk says',
      "const mayLack = (claim: unknown): boolean => claim === undefined && hasQuirk('userinfo_jwt_unaddressed')",
      'const mayLack = (claim: unknown): boolean => claim === undefined',
      '(no issuer|no audience)',
    ],
    [
      'userinfo: with the quirk, signed for another',
      "const mayLack = (claim: unknown): boolean => claim === undefined && hasQuirk('userinfo_jwt_unaddressed')",
      "const mayLack = (): boolean => hasQuirk('userinfo_jwt_unaddressed')",
      'is refused where it is said wrong',
    ],
  ]),
  ...weakenings('src/rp_keys.ts', 'src/rp_keys.test.ts', [
    [
      'keys of oxd: fetched over http',
      "jwks_uri: public_url?.startsWith('https:') ? `${public_url}/get-rp-jwks` : undefined,",
      'jwks_uri: public_url === undefined ? undefined : `${public_url}/get-rp-jwks`,',
      'are fetched by OPs over https alone',
    ],
  ]),
  ...weakenings('src/commands/get_tokens_by_callback.ts', 'src/commands/get_tokens_by_callback.test.ts', [
    [
      'callback: an iss is wanted beside an ID Token, too',
      "checkIssuer(values.get('iss'), { issuer, isPromised: isSupported && !values.has('id_token') })",
      "checkIssuer(values.get('iss'), { issuer, isPromised: isSupported })",
      'takes an ID Token for the issuer',
    ],
    [
      'callback: no iss is wanted',
      "checkIssuer(values.get('iss'), { issuer, isPromised: isSupported && !values.has('id_token') })",
      "checkIssuer(values.get('iss'), { issuer, isPromised: false })",
      'takes an ID Token for the issuer',
    ],
  ]),
]
