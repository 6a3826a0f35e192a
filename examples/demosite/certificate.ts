// The certificate of the site: the one it is given, else one made at the first start.
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** The host name that the certificate is for. */
  readonly host: string
  /** Paths of a certificate and its key (PEM): both, or neither. */
  readonly cert_path?: string | undefined
  readonly key_path?: string | undefined
  /** Where a self-made certificate is kept; no part of the repository. */
  readonly folder: string
}

const DAY_MS = 86_400_000
/** Browsers accept no longer ones. */
const DAYS = 397

/** Does this certificate serve for the host, today and for another day? */
const isUsable = (pem: string, host: string): boolean => {
  const certificate = new X509Certificate(pem)
  return certificate.checkHost(host) !== undefined && certificate.validToDate.getTime() > Date.now() + DAY_MS
}

const makeCertificate = async (host: string): Promise<Certificate> => {
  const { generate } = await import('selfsigned')
  const made = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + DAYS * DAY_MS),
    extensions: [
      // It signs nothing but itself: whoever trusts it trusts one host name and no more.
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/**
 * The certificate of the site. `npm start` hands in one that the development CA has signed; started alone, the site
 * makes one that signs itself, which a browser asks about once.
 * @throws {Error} when only one of the two paths is given, or a file cannot be read
 */
export const siteCertificate = async (options: CertificateOptions): Promise<Certificate> => {
  const { host, cert_path, key_path, folder } = options
  if (cert_path !== undefined && key_path !== undefined)
    return { cert: readFileSync(cert_path, 'utf8'), key: readFileSync(key_path, 'utf8') }
  if (cert_path !== undefined || key_path !== undefined)
    throw new Error('DEMO_CERT and DEMO_KEY belong together: give both or neither')

  // Both in one file: of two processes that start at once, neither can read the other's half.
  const path = join(folder, `${host}.json`)
  if (existsSync(path)) {
    // Written by this function and by nothing else.
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Certificate
    if (isUsable(kept.cert, host)) return kept
  }
  const made = await makeCertificate(host)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(path, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600 })
  // For people who want to import it into their browser; the key stays out of it.
  writeFileSync(join(folder, `${host}.crt`), made.cert)
  return made
}
