// Deviations of OPs that oxd goes along with: each a row that a person can read, and switch off with `--no-quirk NAME`.
import type { Log } from '../world.ts'

interface Sighting {
  readonly op: string
  /** The whole issuer; absent: the OP is installed under any, and its sites name the quirk in `op_quirks`. */
  readonly issuer?: RegExp
  /** Where anybody can read about it. */
  readonly link: string
}

export interface Quirk {
  /** What oxd does instead, and so no longer insists on. */
  readonly loosens: string
  readonly seen: readonly Sighting[]
}

const QUIRK_ROWS = {
  basic_not_encoded: {
    loosens:
      'client_secret_basic carries client_id and client_secret as they are, without the form encoding of RFC 6749 section 2.3.1.',
    seen: [
      { op: 'glewlwyd 2.7', link: 'https://github.com/babelouest/glewlwyd/blob/master/docs/OIDC.md' },
      {
        op: 'LemonLDAP::NG 2.16',
        link: 'https://lemonldap-ng.org/documentation/2.0/idpopenidconnect',
      },
      { op: 'HCL Domino', link: 'https://github.com/panva/oauth4webapi/issues/199' },
    ],
  },
  assertion_audience_url: {
    loosens:
      'The audience of a client assertion is the URL that is called, not the issuer: an OP that shares the URL could use it.',
    seen: [
      {
        op: 'Okta',
        issuer: /^https:\/\/[\w-]+\.okta(?:preview|-emea)?\.com(?:\/.*)?$/,
        link: 'https://support.okta.com/help/s/article/the-audience-claim-for-client-assertion-must-be-the-endpoint-invoked-for-the-request',
      },
      {
        op: 'Microsoft Entra ID',
        issuer: /^https:\/\/login\.microsoftonline\.com\/.*$/,
        link: 'https://learn.microsoft.com/entra/identity-platform/certificate-credentials',
      },
      { op: 'glewlwyd 2.7', link: 'https://github.com/babelouest/glewlwyd/blob/master/docs/OIDC.md' },
    ],
  },
  userinfo_jwt_unaddressed: {
    loosens:
      'Signed userinfo may leave out iss and aud, which say whose it is and for whom (Core 5.3.2): what the OP signed for another client would pass, if it is of the same subject.',
    seen: [
      { op: 'glewlwyd 2.7', link: 'https://github.com/babelouest/glewlwyd/blob/master/docs/OIDC.md' },
      {
        op: 'LemonLDAP::NG 2.16',
        link: 'https://lemonldap-ng.org/documentation/2.0/idpopenidconnect',
      },
    ],
  },
  eddsa_hash_sha256: {
    loosens:
      'at_hash, c_hash and s_hash of ID Tokens with EdDSA are made with SHA-256, not with the SHA-512 of Ed25519: 128 bits instead of 256.',
    seen: [
      {
        op: 'glewlwyd 2.7',
        link: 'https://github.com/babelouest/glewlwyd/blob/master/src/plugin/protocol_oidc.c',
      },
    ],
  },
} as const satisfies Readonly<Record<string, Quirk>>

export type QuirkName = keyof typeof QUIRK_ROWS
export const QUIRKS: Readonly<Record<QuirkName, Quirk>> = QUIRK_ROWS
// The keys of the table are its names.
export const QUIRK_NAMES = Object.keys(QUIRKS) as readonly QuirkName[]

/** Whether this deviation is in force. */
export type HasQuirk = (name: QuirkName) => boolean

/**
 * The deviations that are in force at an issuer, and at a site that names some; the first use of each is logged.
 * @param off those that the daemon was told not to go along with
 */
export const createQuirks = (
  log: Log,
  off: readonly string[],
): ((issuer: string, named?: readonly QuirkName[]) => HasQuirk) => {
  /** One line for each quirk, not for each OP: whoever names OPs must not fill memory or log. */
  const logged = new Set<QuirkName>()
  return (issuer, named = []) =>
    (name) => {
      const isKnown = QUIRKS[name].seen.some((sighting) => sighting.issuer?.test(issuer))
      if (off.includes(name) || !(isKnown || named.includes(name))) return false
      if (!logged.has(name)) log('warn', 'goes along with a deviation', { quirk: name, op: issuer })
      logged.add(name)
      return true
    }
}
