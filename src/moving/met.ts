// Looks at the certificate of an OP, for whoever decides whether to trust it. Nothing is sent to it.
import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import type { Certificate, PeerCertificate } from 'node:tls'
import type { Limits } from '../limits.ts'
import { addressKind } from '../oidc/address.ts'
import { cleaned } from '../oidc/clean.ts'
import { createConnect } from '../oidc/connect.ts'
import type { Lookup } from '../oidc/connect.ts'
import { whereabouts } from '../oidc/discovery.ts'
import { createProxy } from '../oidc/proxy.ts'
import { Refusal } from '../oidc/refusal.ts'
import type { Met } from './legacy_config.ts'

export interface LookOptions {
  /** Origins that may be at private addresses. */
  readonly trust_op: readonly string[]
  /** The text of a PEM file of CA certificates, added to those of the system. */
  readonly op_ca?: string | undefined
  readonly op_proxy?: string | undefined
  readonly no_proxy?: string | undefined
  readonly limits: Limits
  /** Default: the system's. */
  readonly lookup?: Lookup
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** A connection to an OP exactly as the door opens it: the same addresses, certificates, proxy and refusals. */
export const connectLikeTheDoor = (options: LookOptions): ReturnType<typeof createConnect> =>
  createConnect({
    trusted: new Set(options.trust_op.map((origin) => new URL(origin).origin)),
    authorities: options.op_ca?.match(CERTIFICATES) ?? [],
    proxy: options.op_proxy === undefined ? undefined : createProxy(options.op_proxy, options.no_proxy ?? ''),
    limits: options.limits,
    lookup: options.lookup ?? systemLookup,
    closing: new AbortController().signal,
  })

/** Whether the way to this URL is by way of the proxy, which looks up its host. */
export const goesThroughProxy =
  ({ op_proxy, no_proxy = '' }: Pick<LookOptions, 'op_proxy' | 'no_proxy'>) =>
  ({ hostname, port, protocol }: URL): boolean =>
    op_proxy !== undefined &&
    !createProxy(op_proxy, no_proxy).bypassed(hostname, Number(port || (protocol === 'http:' ? 80 : 443)))

const nameOf = (name: Certificate): string =>
  name.CN ? `CN=${String(name.CN)}` : `O=${String(name.O || 'unknown')}`

/** Subject, issuer, end and SHA-256 fingerprint in one line. Certificates are written by others: cleaned and cut. */
export const certificateLine = (
  certificate: PeerCertificate,
  limits: Pick<Limits, 'op_text_characters_max'>,
): string => {
  const show = (text: string) => cleaned(text, limits.op_text_characters_max)
  return `subject ${show(nameOf(certificate.subject))}, issuer ${show(nameOf(certificate.issuer))}, valid until ${show(certificate.valid_to)}, SHA-256 ${certificate.fingerprint256}`
}

const addressesOf = (host: string, lookup: Lookup): Promise<readonly LookupAddress[]> =>
  isIP(host) === 0
    ? new Promise((resolve, reject) =>
        lookup(host, { all: true }, (error, addresses) =>
          error === null ? resolve(addresses) : reject(error),
        ),
      )
    : Promise.resolve([{ address: host, family: isIP(host) }])

/** The certificate that is shown there, trusted or not; undefined where oxd does not go. */
export const shownAt = async (url: URL, options: LookOptions): Promise<PeerCertificate | undefined> => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const [first] = await addressesOf(host, options.lookup ?? systemLookup)
  // Looked up again, so judged again: a name may lead elsewhere by now.
  const isOpen = options.trust_op.some((origin) => new URL(origin).origin === url.origin)
  if (first === undefined || (!isOpen && addressKind(first.address) !== 'public')) return undefined
  return new Promise((resolve) => {
    const socket = connectTls({
      host: first.address,
      port: url.port === '' ? 443 : Number(url.port),
      rejectUnauthorized: false,
      timeout: options.limits.op_connect_ms,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    const end = (certificate: PeerCertificate | undefined): void => {
      socket.destroy()
      resolve(certificate)
    }
    socket.once('timeout', () => end(undefined))
    socket.once('error', () => end(undefined))
    socket.once('secureConnect', () => end(socket.getPeerCertificate()))
  })
}

/**
 * What an OP shows: for `readLegacyConfig`. Through a proxy only certificates that are trusted can be looked at.
 * @returns a function that never throws
 */
export const createMeet =
  (options: LookOptions) =>
  async (op_host: string): Promise<Met | undefined> => {
    const { limits } = options
    try {
      const url = new URL(whereabouts(op_host, {}).issuer)
      try {
        const socket = await connectLikeTheDoor(options)(url)
        const line =
          socket instanceof TLSSocket
            ? certificateLine(socket.getPeerCertificate(), limits)
            : 'no certificate'
        socket.destroy()
        return { verifies: true, line }
      } catch (error) {
        if (!(error instanceof Refusal)) return undefined
        if (error.code === 'restricted_op_host')
          return { verifies: false, line: `not looked at: ${error.message}` }
        if (error.code !== 'ssl_handshake_error') return undefined
        const certificate = options.op_proxy === undefined ? await shownAt(url, options) : undefined
        return {
          verifies: false,
          line:
            certificate === undefined
              ? error.message
              : `${certificateLine(certificate, limits)} (${error.message.replace(/\.$/, '')})`,
        }
      }
    } catch {
      // An op_host that is none is refused by name when a site asks for it.
      return undefined
    }
  }
