// Certificates for tests: a CA of one's own and what it signs, made in milliseconds.
import { generate } from 'selfsigned'

export interface Authority {
  /** PEM, as --op-ca takes it. */
  readonly cert: string
  readonly key: string
}
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}
export interface ServerCertificateOptions {
  readonly names: readonly string[]
  readonly addresses?: readonly string[]
  readonly from?: Date
  readonly until?: Date
}

const KEY = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

export const createAuthority = async (name: string): Promise<Authority> => {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...KEY,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/** Signed by the CA, or by itself if there is none. */
export const createServerCertificate = async (
  authority: Authority | undefined,
  { names, addresses = [], from, until }: ServerCertificateOptions,
): Promise<ServerCertificate> => {
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'op.test' }], {
    ...KEY,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
    ...(authority === undefined ? {} : { ca: { key: authority.key, cert: authority.cert } }),
    ...(from === undefined ? {} : { notBeforeDate: from }),
    ...(until === undefined ? {} : { notAfterDate: until }),
  })
  return { cert: made.cert, key: made.private }
}
