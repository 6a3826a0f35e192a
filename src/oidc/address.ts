// What kind of IP address a number is. Only public ones are reached without --trust-op.
import { isIPv4, isIPv6 } from 'node:net'

/** The kinds, as a sentence says them: "10.0.0.5, a private address". */
export const KINDS = {
  public: 'a public address',
  loopback: 'a loopback address',
  private: 'a private address',
  link_local: 'a link-local address',
  shared: 'an address inside a provider network',
  metadata: 'the address of a cloud metadata service',
  benchmarking: 'a benchmarking address',
  documentation: 'a documentation address',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
  unspecified: 'the unspecified address',
  reserved: 'a reserved address',
} as const
export type AddressKind = keyof typeof KINDS

interface Numeric {
  readonly width: 32 | 128
  readonly value: bigint
}
interface Block extends Numeric {
  readonly bits: number
}

const numericV4 = (address: string): bigint =>
  address.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)

const numericV6 = (address: string): bigint => {
  // A zone id names an interface of this machine, not a place: the address before it decides.
  const [plain = ''] = address.split('%')
  const end = plain.slice(plain.lastIndexOf(':') + 1)
  const quad = end.includes('.') ? end : undefined
  const tail = quad === undefined ? '' : numericV4(quad).toString(16).padStart(8, '0')
  const groups = quad === undefined ? plain : plain.replace(quad, `${tail.slice(0, 4)}:${tail.slice(4)}`)
  const [before = [], after = []] = groups.split('::').map((side) => side.split(':').filter((g) => g !== ''))
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...gap, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

const numeric = (address: string): Numeric | undefined => {
  if (isIPv4(address)) return { width: 32, value: numericV4(address) }
  if (isIPv6(address)) return { width: 128, value: numericV6(address) }
  return undefined
}

const block = (cidr: string): Block => {
  const [address = '', bits] = cidr.split('/')
  const at = numeric(address)
  if (at === undefined) throw new TypeError(`${cidr} is no block of addresses`)
  return { ...at, bits: Number(bits) }
}

const within = (at: Numeric, inside: Block): boolean =>
  at.width === inside.width &&
  at.value >> BigInt(at.width - inside.bits) === inside.value >> BigInt(inside.width - inside.bits)

/**
 * Special purposes; the first row that fits decides.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const SPECIAL: readonly (readonly [block: Block, kind: AddressKind])[] = (
  [
    // Services that hand the secrets of a virtual machine to whoever asks from it: AWS and most others, Alibaba, Oracle, Azure.
    ['169.254.169.254/32', 'metadata'],
    ['100.100.100.200/32', 'metadata'],
    ['192.0.0.192/32', 'metadata'],
    ['168.63.129.16/32', 'metadata'],
    ['fd00:ec2::254/128', 'metadata'],

    ['0.0.0.0/32', 'unspecified'],
    ['0.0.0.0/8', 'reserved'],
    ['10.0.0.0/8', 'private'],
    ['100.64.0.0/10', 'shared'],
    ['127.0.0.0/8', 'loopback'],
    ['169.254.0.0/16', 'link_local'],
    ['172.16.0.0/12', 'private'],
    ['192.0.0.0/24', 'reserved'],
    ['192.0.2.0/24', 'documentation'],
    ['192.88.99.0/24', 'reserved'],
    ['192.168.0.0/16', 'private'],
    ['198.18.0.0/15', 'benchmarking'],
    ['198.51.100.0/24', 'documentation'],
    ['203.0.113.0/24', 'documentation'],
    ['224.0.0.0/4', 'multicast'],
    ['255.255.255.255/32', 'broadcast'],
    ['240.0.0.0/4', 'reserved'],

    ['::/128', 'unspecified'],
    ['::1/128', 'loopback'],
    ['2001:2::/48', 'benchmarking'],
    // Teredo, ORCHID and their neighbours: none is the address of a server on the Internet.
    ['2001::/23', 'reserved'],
    ['2001:db8::/32', 'documentation'],
    ['3fff::/20', 'documentation'],
    ['64:ff9b:1::/48', 'private'],
    ['fc00::/7', 'private'],
    ['fe80::/10', 'link_local'],
    ['fec0::/10', 'private'],
    ['ff00::/8', 'multicast'],
  ] as const
).map(([cidr, kind]) => [block(cidr), kind])

/** IPv6 addresses that lead to an IPv4 address, and how far right in them it ends. */
const EMBEDDING: readonly (readonly [block: Block, shift: bigint])[] = [
  [block('::ffff:0:0/96'), 0n], // IPv4-mapped
  [block('64:ff9b::/96'), 0n], // NAT64
  [block('2002::/16'), 80n], // 6to4
]

/** All that is handed out to networks so far; IPv4-compatible addresses, for one, are outside. */
const GLOBAL_UNICAST = block('2000::/3')

const kindOf = (at: Numeric): AddressKind => {
  const special = SPECIAL.find(([inside]) => within(at, inside))
  if (special !== undefined) return special[1]
  const embedding = EMBEDDING.find(([outside]) => within(at, outside))
  if (embedding !== undefined) return kindOf({ width: 32, value: (at.value >> embedding[1]) & 0xffff_ffffn })
  return at.width === 32 || within(at, GLOBAL_UNICAST) ? 'public' : 'reserved'
}

/** The kind of an address as `dns.lookup` or a parsed URL writes it; what is no address counts as reserved. */
export const addressKind = (address: string): AddressKind => {
  const at = numeric(address)
  return at === undefined ? 'reserved' : kindOf(at)
}

/**
 * Names that mean this machine, whatever a resolver answers.
 * @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 */
export const isLocalName = (host: string): boolean => /(?:^|\.)localhost\.?$/i.test(host)
