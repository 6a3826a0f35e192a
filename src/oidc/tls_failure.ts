// Says why the TLS connection to an OP failed, whose certificate was met, and what to do about it.
import type { Certificate, DetailedPeerCertificate } from 'node:tls'
import { cleaned } from './clean.ts'
import { codeOf, Refusal } from './refusal.ts'

/** The certificate that an OP showed, and the address at which it did. */
export interface Shown {
  readonly certificate: DetailedPeerCertificate
  readonly address: string | undefined
}

interface Failure {
  /** The OP's origin, and its address where it is known. */
  readonly op: string
  readonly host: string
  readonly signer: string
  readonly from: string
  readonly until: string
  readonly names: string
  /** What OpenSSL or Node called it. */
  readonly met: string
}
type Row = readonly [met: RegExp, say: (failure: Failure) => string]

const FAILURES: readonly Row[] = [
  [
    /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/,
    ({ op, signer }) =>
      `The certificate of ${op} is signed by ${signer}, which this machine does not trust: if this is your OP, add --op-ca FILE.`,
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    ({ op, until }) =>
      `The certificate of ${op}, or one above it, has expired (it is valid until ${until}): renew it at the OP, or correct the clock of this machine.`,
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    ({ op, from }) =>
      `The certificate of ${op}, or one above it, is not valid yet (it is valid from ${from}): correct the clock of this machine.`,
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    ({ op, host, names }) =>
      `The certificate of ${op} is for ${names}, not for ${host}: use the name in it, or give the OP a certificate for ${host}.`,
  ],
  [
    /^(ECONNRESET|EPROTO|ERR_SSL_)/,
    ({ op, met }) =>
      `The TLS handshake with ${op} failed (${met}): check that this port speaks https, TLS 1.2 or later.`,
  ],
  [/^CERT_|^ERR_TLS_|^INVALID_/, ({ op, met }) => `The certificate of ${op} is not usable (${met}).`],
]

/** Did the failure come with a certificate that can be looked at? */
export const showsCertificate = (error: unknown): boolean =>
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_)/.test(codeOf(error))

/** How many certificates are looked through; longer chains are refused by OpenSSL. */
const CHAIN_MAX = 10

/** The last certificate shown: the one whose issuer this machine would have to know. */
const top = (leaf: DetailedPeerCertificate): DetailedPeerCertificate => {
  let at = leaf
  for (let i = 0; i < CHAIN_MAX; i += 1) {
    // A self-signed certificate is its own issuer; where the chain ends early, Node gives none, whatever its types say.
    const above: DetailedPeerCertificate | undefined = at.issuerCertificate
    if (above === undefined || above.fingerprint256 === at.fingerprint256) return at
    at = above
  }
  return at
}

const nameOf = (name: Certificate): string =>
  name.CN ? `CN=${String(name.CN)}` : `O=${String(name.O || 'unknown')}`

/** The failure of a handshake as a refusal; undefined where it is none of TLS. `max` bounds what comes from the certificate. */
export const tlsRefusal = (
  error: unknown,
  url: URL,
  shown: Shown | undefined,
  max: number,
): Refusal | undefined => {
  const met = codeOf(error)
  const row = FAILURES.find(([pattern]) => pattern.test(met))
  if (row === undefined) return undefined
  const certificate = shown?.certificate
  const text = (value: string | undefined) => (value === undefined ? 'an unknown value' : cleaned(value, max))
  const message = row[1]({
    op: shown?.address === undefined ? url.origin : `${url.origin} (${shown.address})`,
    host: url.hostname,
    signer: certificate === undefined ? 'someone' : text(nameOf(top(certificate).issuer)),
    from: text(certificate?.valid_from),
    until: text(certificate?.valid_to),
    names: text(certificate?.subjectaltname ?? (certificate && nameOf(certificate.subject))),
    met,
  })
  return new Refusal('ssl_handshake_error', message)
}
