// How oxd proves who it is, and the deviations of OPs that it goes along with.
import { weakenings } from './rows.ts'

export const CLIENT_AUTH = [
  ...weakenings('src/oidc/quirks.ts', 'src/oidc/quirks.test.ts', [
    [
      'quirks: one that is switched off is gone along with',
      'if (off.includes(name) || !(isKnown || named.includes(name))) return false',
      'if (!(isKnown || named.includes(name))) return false',
      'is switched off',
    ],
    [
      'quirks: in force wherever',
      'if (off.includes(name) || !(isKnown || named.includes(name))) return false',
      'if (off.includes(name)) return false',
      'is not in force at an OP that nobody knows',
    ],
    [
      'quirks: an issuer that only begins like a known one',
      String.raw`issuer: /^https:\/\/[\w-]+\.okta(?:preview|-emea)?\.com(?:\/.*)?$/,`,
      String.raw`issuer: /^https:\/\/[\w-]+\.okta(?:preview|-emea)?\.com/,`,
      'example.okta.com.evil.example',
    ],
    [
      'quirks: nothing in the log',
      "if (!logged.has(name)) log('warn', 'goes along with a deviation', { quirk: name, op: issuer })",
      '',
      'logs the first use',
    ],
  ]),
  ...weakenings('src/oidc/client_auth.ts', 'src/oidc/client_auth.test.ts', [
    [
      'basic: never encoded',
      "const written = hasQuirk('basic_not_encoded') ? asItIs : formEncoded",
      'const written = asItIs',
      'carries every printable character',
    ],
    [
      'basic: encoded whatever the quirk says',
      "const written = hasQuirk('basic_not_encoded') ? asItIs : formEncoded",
      'const written = formEncoded',
      'is not encoded where the OP does not decode',
    ],
  ]),
]
