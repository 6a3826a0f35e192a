// Ways to an OP at https: all lead there, and the TLS of most is not what a relying party may rely on.
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { createAuthority, createServerCertificate, type Authority } from '../tls.ts'

export const WAYS = [
  'sound',
  'self-signed',
  'of an authority that nobody knows',
  'expired',
  'not valid yet',
  'for another host',
  'TLS 1.1',
  'closed in the handshake',
  'not encrypted',
] as const
export type Way = (typeof WAYS)[number]

export interface Ways {
  readonly origins: Readonly<Record<Way, string>>
  /** How many bytes were entrusted to it since the start: to a way that is not sound there may be none. */
  readonly heard: (way: Way) => number
  readonly close: () => Promise<void>
}

/** The type of a record of TLS. */
const HANDSHAKE = 0x16
const DAY_MS = 86_400_000
const fromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS)
/** What OpenSSL would not speak any more by itself. */
const OLD = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const

/** @param origin the OP to which all ways lead */
export const startWays = async (authority: Authority, host: string, origin: string): Promise<Ways> => {
  const own = { names: ['localhost'], addresses: [host] }
  const sound = await createServerCertificate(authority, own)
  const heard = new Map<Way, number>()
  const hear = (way: Way, bytes: Buffer): unknown => heard.set(way, (heard.get(way) ?? 0) + bytes.length)
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const passOn = (way: Way) => (socket: Socket) => {
    const onward = connectTls({ host, port: Number(new URL(origin).port), rejectUnauthorized: false })
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      keep(from)
      from.pipe(to)
      from.once('close', () => to.destroy())
    }
    socket.on('data', (bytes) => hear(way, bytes))
  }
  const tls = (way: Way, options: TlsOptions): Server =>
    // Who does not like what it is shown says so, and leaves.
    createTlsServer(options, passOn(way)).on('tlsClientError', () => {})
  const servers: Readonly<Record<Way, Server>> = {
    sound: tls('sound', sound),
    'self-signed': tls('self-signed', await createServerCertificate(undefined, own)),
    'of an authority that nobody knows': tls(
      'of an authority that nobody knows',
      await createServerCertificate(await createAuthority('Nobody'), own),
    ),
    expired: tls(
      'expired',
      await createServerCertificate(authority, { ...own, from: fromNow(-9), until: fromNow(-1) }),
    ),
    'not valid yet': tls(
      'not valid yet',
      await createServerCertificate(authority, { ...own, from: fromNow(1), until: fromNow(9) }),
    ),
    'for another host': tls(
      'for another host',
      await createServerCertificate(authority, { names: ['op.example'], addresses: ['127.0.0.3'] }),
    ),
    'TLS 1.1': tls('TLS 1.1', { ...sound, ...OLD }),
    // The header of a record in which the server would say hello.
    'closed in the handshake': createTcpServer((socket) => {
      keep(socket)
      socket.once('data', () => socket.end(Buffer.from('1603030040', 'hex')))
    }),
    'not encrypted': createTcpServer((socket) => {
      keep(socket)
      socket.once('data', (bytes) => {
        // The hello of TLS has no secret.
        if (bytes[0] !== HANDSHAKE) hear('not encrypted', bytes)
        socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}')
      })
    }),
  }
  const origins = await Promise.all(
    Object.entries(servers).map(
      ([way, server]) =>
        new Promise<readonly [string, string]>((resolve, reject) => {
          server.once('error', reject).listen(0, host, () => {
            // A TCP server has an address with a port.
            resolve([way, `https://${host}:${(server.address() as AddressInfo).port}`])
          })
        }),
    ),
  )
  return {
    // Every way has its server.
    origins: Object.fromEntries(origins) as Record<Way, string>,
    heard: (way) => heard.get(way) ?? 0,
    async close() {
      const closed = Object.values(servers).map((server) => new Promise((resolve) => server.close(resolve)))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}
