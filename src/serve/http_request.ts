// What a request over HTTP says beside its path: its parameters, who sent it, and in which dialect it asks.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { DialectName } from '../dialect.ts'
import type { Request } from '../dispatch.ts'
import { isObject } from '../is_object.ts'
import type { Credentials } from '../guard.ts'
import { parseJson } from '../oidc/json.ts'
import { plainAddress } from './http_addresses.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true })
const BLANK = /^[ \t\r\n]*$/

/** The object that a body holds, `{}` if it is empty; undefined if it is something else. */
export const readBody = (bytes: Uint8Array | undefined): Request | undefined => {
  if (bytes === undefined) return {}
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch {
    return undefined
  }
  if (BLANK.test(text)) return {}
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

/** The parameters of a GET: those in its path win over those of the query. */
export const readQuery = (query: unknown, path: unknown): Request => ({ ...Object(query), ...Object(path) })

/** oxd 4.2 looked at nothing but the length of the word; another scheme than Bearer is no token all the same. */
const BEARER = /^bearer +(\S+) *$/i

/** SHA-256 of the certificate that the peer has proved to own: TLS lets nobody show one without its key. */
const certificateOf = (socket: IncomingMessage['socket']): string | undefined => {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  return certificate && createHash('sha256').update(certificate.raw).digest('hex')
}

const single = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined

export const credentialsOf = ({ headers, socket }: IncomingMessage, protected_: boolean): Credentials => ({
  protected: protected_,
  token: BEARER.exec(headers.authorization ?? '')?.[1],
  authorization_oxd_id: single(headers['authorizationoxdid']),
  certificate: certificateOf(socket),
})

/** Our own library says `Oxd: 1`; all others speak the dialect of the listener. */
export const dialectOf = (headers: IncomingHttpHeaders, listener: DialectName): DialectName =>
  headers['oxd'] === '1' ? 'native' : listener

/** Names the peer in the log, as the socket does. */
export const peerOf = ({ remoteAddress = '', remotePort }: IncomingMessage['socket']): string =>
  `${plainAddress(remoteAddress)}:${remotePort}`
