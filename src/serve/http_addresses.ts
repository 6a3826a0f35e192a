// From where the HTTP listeners may be called: addresses, as they are on the connection.
import { BlockList, isIP } from 'node:net'
import { StartError } from '../error.ts'

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** Without the zone of a link-local address, and an IPv4 address that came as an IPv6 one as what it is. */
export const plainAddress = (address: string): string => {
  const [bare = ''] = address.split('%')
  return MAPPED.exec(bare)?.[1] ?? bare
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

const LOOPBACK = ['127.0.0.0/8', '::1']

/** An address, or a CIDR block such as 10.0.0.0/8. */
const BLOCK = /^([^/]+)(?:\/(\d{1,3}))?$/

const add = (list: BlockList, entry: string): void => {
  const [, given = '', prefix] = BLOCK.exec(entry) ?? []
  const address = plainAddress(given)
  const bits = isIP(address) === 4 ? 32 : 128
  if (isIP(address) === 0 || Number(prefix ?? 0) > bits || (prefix !== undefined && address !== given)) {
    throw new StartError(
      `--allowed-ip ${entry} is neither an address, nor a block such as 10.0.0.0/8, nor *.`,
    )
  }
  list.addSubnet(address, prefix === undefined ? bits : Number(prefix), familyOf(address))
}

/**
 * Says whether an address may call.
 * @param allowed addresses and blocks, `*` for all; none for this machine alone
 * @throws StartError for an entry that is none of these
 */
export const createAddressFilter = (allowed: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList()
  for (const entry of allowed.length === 0 ? LOOPBACK : allowed) if (entry !== '*') add(list, entry)
  if (allowed.includes('*')) return () => true
  return (given) => {
    const address = plainAddress(given)
    return isIP(address) !== 0 && list.check(address, familyOf(address))
  }
}

export const isLoopbackAddress = createAddressFilter([])
