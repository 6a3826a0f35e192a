// Opens connections to OPs: decides where oxd may go, and goes exactly where it decided.
import type { LookupAddress } from 'node:dns'
import { connect as connectTcp, isIP } from 'node:net'
import type { LookupFunction, Socket } from 'node:net'
import { connect as connectTls, createSecureContext, getCACertificates } from 'node:tls'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { Limits } from '../limits.ts'
import { addressKind, isLocalName, KINDS } from './address.ts'
import type { Proxy } from './proxy.ts'
import { Refusal } from './refusal.ts'
import { showsCertificate, tlsRefusal } from './tls_failure.ts'
import type { Shown } from './tls_failure.ts'

/** `dns.lookup`, as far as it is used here. */
export type Lookup = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

export interface ConnectOptions {
  /** Origins that may be at addresses which are not public, and, at a loopback address, unencrypted. */
  readonly trusted: ReadonlySet<string>
  /** CA certificates (PEM) beside those of the system. */
  readonly authorities: readonly string[]
  readonly proxy: Proxy | undefined
  readonly limits: Limits
  readonly lookup: Lookup
  /** Ends what is under way. */
  readonly closing: AbortSignal
}

/** Where a connection goes: decided once, for the connection itself and for a look at its certificate. */
interface Target {
  readonly url: URL
  /** The host without the brackets of IPv6. */
  readonly host: string
  readonly port: number
  readonly addresses: readonly LookupAddress[]
  readonly through: Proxy | undefined
}

/** An abort signal's reason is whatever was handed to it: here always an Error. */
const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason })

const resolved = (host: string, lookup: Lookup, signal: AbortSignal): Promise<readonly LookupAddress[]> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(reasonOf(signal)), { once: true })
    lookup(host, { all: true }, (error, addresses) => {
      if (error !== null) return reject(error)
      if (addresses.length === 0) return reject(Object.assign(new Error('no address'), { code: 'ENODATA' }))
      resolve(addresses)
    })
  })

/** A lookup that gives the addresses that were checked and asks nobody again, so that DNS cannot change its mind. */
const pinned =
  (addresses: readonly LookupAddress[]): LookupFunction =>
  (_host, options, callback) => {
    const [first] = addresses
    if (options.all === true || first === undefined) return callback(null, [...addresses])
    callback(null, first.address, first.family)
  }

/** Waits for the connection; one that fails or comes too late is destroyed. */
const opened = <S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<S> =>
  new Promise((resolve, reject) => {
    const stop = () => socket.destroy(reasonOf(signal))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    // Stays on: an error between here and the moment when undici listens must not end the process.
    socket.on('error', (error) => {
      signal.removeEventListener('abort', stop)
      reject(error)
    })
    socket.once(event, () => {
      signal.removeEventListener('abort', stop)
      resolve(socket)
    })
  })

const literal = (host: string): readonly LookupAddress[] | undefined =>
  isIP(host) === 0 ? undefined : [{ address: host, family: isIP(host) }]

/** What a name like `localhost` would be at a proxy: its own loopback. */
const LOCAL = [{ address: '127.0.0.1', family: 4 }] as const

/**
 * Makes the function that opens every connection of the door.
 *
 * The kinds of all addresses are looked at before anything is sent, and the connection goes to these addresses: a name
 * that has another one a moment later gains nothing. Through a proxy, names are resolved by the proxy, so that only
 * addresses that stand in the URL can be refused; the proxy's own rules must keep it out of private networks.
 */
export const createConnect = ({ trusted, authorities, proxy, limits, lookup, closing }: ConnectOptions) => {
  let context: SecureContext | undefined
  /** Made at the first connection: reading the system's store takes tens of milliseconds. */
  const secureContext = (): SecureContext =>
    (context ??= createSecureContext({
      ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...authorities])],
      minVersion: 'TLSv1.2',
    }))

  /** Unencrypted, or to this machine itself: never through the proxy. */
  const route = (url: URL, host: string, port: number): Proxy | undefined => {
    const here = url.protocol === 'http:' || isLocalName(host) || addressKind(host) === 'loopback'
    if (here && trusted.has(url.origin)) return undefined
    return proxy?.bypassed(host, port) === true ? undefined : proxy
  }

  /** @throws Refusal (restricted_op_host) */
  const check = ({ url: { origin, protocol }, host, addresses }: Target): void => {
    const kinds = addresses.map(({ address }) => ({ address, kind: addressKind(address) }))
    const met = kinds.find(({ kind }) => kind !== 'public')
    if (met !== undefined && !trusted.has(origin)) {
      const where = met.address === host ? 'is' : `resolves to ${met.address},`
      const text = `${origin} ${where} ${KINDS[met.kind]}: if this is your OP, start with --trust-op ${origin}.`
      throw new Refusal('restricted_op_host', text)
    }
    const away = kinds.find(({ kind }) => kind !== 'loopback')
    if (protocol === 'http:' && away !== undefined) {
      const text = `${origin} is at ${away.address}, not on this machine, and http is not encrypted: use https.`
      throw new Refusal('restricted_op_host', text)
    }
  }

  const tcp = ({ host, port, addresses }: Target, signal: AbortSignal): Promise<Socket> =>
    opened(connectTcp({ host, port, lookup: pinned(addresses) }), 'connect', signal)

  const tls = async (
    target: Target,
    rejectUnauthorized: boolean,
    signal: AbortSignal,
  ): Promise<TLSSocket> => {
    const { host, port, addresses, through } = target
    const socket = await through?.tunnel(host, port, signal)
    const connecting = connectTls({
      host,
      port,
      lookup: pinned(addresses),
      secureContext: secureContext(),
      rejectUnauthorized,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : {}),
      ...(socket === undefined ? {} : { socket }),
    })
    return opened(connecting, 'secureConnect', signal)
  }

  /** A second handshake after a refused certificate, to the same addresses: reads the certificate, sends nothing, hangs up. */
  const look = async (target: Target): Promise<Shown | undefined> => {
    const signal = AbortSignal.any([AbortSignal.timeout(limits.op_connect_ms), closing])
    try {
      const socket = await tls(target, false, signal)
      const shown = { certificate: socket.getPeerCertificate(true), address: socket.remoteAddress }
      socket.destroy()
      return shown
    } catch {
      // The failure that is being explained says enough by itself.
      return undefined
    }
  }

  const secure = async (target: Target, signal: AbortSignal): Promise<TLSSocket> => {
    try {
      // Said explicitly, so that no environment variable turns the check of the certificate off.
      return await tls(target, true, signal)
    } catch (error) {
      const shown = showsCertificate(error) ? await look(target) : undefined
      throw tlsRefusal(error, target.url, shown, limits.op_text_characters_max) ?? error
    }
  }

  /**
   * A connection to the origin of the URL, within `op_connect_ms`: the lookup of the name, the proxy and the TLS handshake together.
   * @throws Refusal (restricted_op_host, ssl_handshake_error, op_timeout, op_unreachable), or what the system said
   */
  return async (url: URL): Promise<Socket> => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
    const through = route(url, host, port)
    const late = AbortSignal.timeout(limits.op_connect_ms)
    const signal = AbortSignal.any([late, closing])
    const byName = async () => {
      // What such a name means needs no answer of DNS, and is none of the proxy's business.
      if (isLocalName(host) && (through !== undefined || !trusted.has(url.origin))) return LOCAL
      return through === undefined ? resolved(host, lookup, signal) : []
    }
    try {
      const addresses = literal(host) ?? (await byName())
      const target = { url, host, port, addresses, through }
      check(target)
      return await (url.protocol === 'http:' ? tcp(target, signal) : secure(target, signal))
    } catch (error) {
      if (error instanceof Refusal || !late.aborted) throw error
      const text = `${url.origin} gave no connection within ${limits.op_connect_ms} ms: check that the OP is running, and the network.`
      throw new Refusal('op_timeout', text)
    }
  }
}
