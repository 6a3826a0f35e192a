// By which names the HTTP listeners may be called. A page whose name was pointed at this machine sends that name.
import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { isLoopbackAddress, plainAddress } from './http_addresses.ts'

/** A name or an address, in brackets if it has colons, and a port. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i

export interface Arrived {
  /** The header. */
  readonly host: string | undefined
  /** The address of this machine at which the connection arrived. */
  readonly at: string
  readonly certificate: X509Certificate | undefined
}

/**
 * Is oxd called by a name of its own: one of loopback, the address that was connected to, or one of the certificate?
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.2
 */
export const isOwnHost = ({ host = '', at, certificate }: Arrived): boolean => {
  const [, found = ''] = HOST.exec(host) ?? []
  // The URL parser writes an IPv6 address in one way; what it does not take, such as one with a dot behind it, is none.
  if (found.startsWith('[') && !URL.canParse(`http://${found}`)) return false
  const written = found.startsWith('[') ? new URL(`http://${found}`).hostname : found
  const name = plainAddress(
    written
      .replace(/^\[|\]$/g, '')
      .toLowerCase()
      .replace(/\.$/, ''),
  )
  if (name === '') return false
  if (isIP(name) !== 0) {
    return isLoopbackAddress(name) || name === plainAddress(at) || certificate?.checkIP(name) !== undefined
  }
  return name === 'localhost' || name.endsWith('.localhost') || certificate?.checkHost(name) !== undefined
}
