// REG: what an OP makes of a client is believed.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_REGISTRATION = [
  ...weakenedCases('src/oidc/client_auth.ts', [
    [
      'credentials as they are',
      "const written = hasQuirk('basic_not_encoded') ? asItIs : formEncoded",
      'const written = asItIs',
      'REG-02',
    ],
  ]),
  ...weakenedCases('src/oidc/registration.ts', [
    ['a client without a name', "if (!client_id) throw new OxdError('no_client_id_returned')", '', 'REG-01'],
    [
      'a client without a secret',
      "if (!WITHOUT_SECRET.has(method) && !client_secret) throw new OxdError('no_client_secret_returned')",
      '',
      'REG-01',
    ],
    ['any algorithm', 'if (alg === undefined || !possible.includes(alg))', 'if (false)', 'DSC-16'],
    [
      'HMAC that nobody asked for',
      "if (isHmac(alg) && alg !== asked) throw unsupported('id_token_signed_response_alg', alg, [asked])",
      '',
      'SIG-18',
    ],
    ['changes at another origin', "if (addressIn(url, answer) === 'elsewhere') {", 'if (false) {', 'REG-05'],
    [
      'a refusal is read as a registration',
      "if (response.status !== 201 && response.status !== 200) throw refusal('registration', response)",
      '',
      'REG-06',
    ],
  ]),
  ...weakenedCases('src/commands/get_user_info.ts', [
    [
      'an access token of any site',
      "if (known === undefined && !site.settings.accept_foreign_tokens) throw fail('foreign_access_token')",
      '',
      'REG-08 MIX-06 MIX-10',
    ],
  ]),
  ...weakenedCases('src/commands/get_authorization_url.ts', [
    [
      'a secret that has expired',
      'if (client.client_secret_expires_at !== undefined && client.client_secret_expires_at <= seconds(world)) {',
      'if (false) {',
      'REG-04',
    ],
  ]),
]
