// A CA for development that can vouch for this machine alone: importing it gives nobody power over other sites.
import { createHash, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { BitString, Integer, OctetString, Utf8String } from 'asn1js'
import {
  AltName,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralSubtree,
  NameConstraints,
  Time,
} from 'pkijs'
import { StartError } from '../../error.ts'
import type { World } from '../../world.ts'

/** PEM. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  /** PEM. */
  readonly ca: string
  /** Signs a certificate for host names and addresses, whether the constraints of the CA allow them or not. */
  readonly issue: (names: readonly string[]) => Promise<Issued>
}

export type AuthorityWorld = Pick<World, 'now' | 'random'>

/** Browsers take at most 398 days; the CA lives as long as what it signs. */
const VALID_MS = 365 * 86_400_000
/** A clock a little behind must not take the certificate for one of the future. */
const BACKDATED_MS = 5 * 60_000

/** GeneralName, RFC 5280 section 4.2.1.6. */
const DNS_NAME = 2
const IP_ADDRESS = 7
/** The bits of KeyUsage, RFC 5280 section 4.2.1.3, the first on the left. */
const DIGITAL_SIGNATURE = { bits: 0b1000_0000, unused: 7 } as const
const KEY_CERT_SIGN = { bits: 0b0000_0100, unused: 2 } as const
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const COMMON_NAME = '2.5.4.3'
const EXTENSIONS = {
  subject_key_identifier: '2.5.29.14',
  key_usage: '2.5.29.15',
  subject_alternative_name: '2.5.29.17',
  basic_constraints: '2.5.29.19',
  name_constraints: '2.5.29.30',
  authority_key_identifier: '2.5.29.35',
  extended_key_usage: '2.5.29.37',
} as const

/**
 * Makes a CA whose certificates hold for localhost and its sub-domains, 127.0.0.0/8, ::1 and `hosts` alone (RFC 5280, section
 * 4.2.1.10, critical), for servers alone and for no further CA. Its key is written nowhere and goes with the object.
 * @throws StartError when a host is neither a host name nor an address.
 */
export const makeAuthority = async (hosts: readonly string[], world: AuthorityWorld): Promise<Authority> => {
  const keys = await makeKeys()
  // A name of its own: a browser that knows an earlier CA of this machine must not take one for the other.
  const issuer = `oxd development CA ${world.random(4).toString('hex')}`
  const signer = { world, issuer, keys }
  const permitted = [
    subDomains('localhost'),
    addresses('127.0.0.0', 8),
    addresses('::1', 128),
    ...hosts.map(hostName).map((host) => {
      const version = isIP(host)
      return version === 0 ? subDomains(host) : addresses(host, version === 6 ? 128 : 32)
    }),
  ]
  const ca = await sign(signer, issuer, keys.publicKey, [
    extension('basic_constraints', true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
    keyUsage(KEY_CERT_SIGN),
    extension('extended_key_usage', false, new ExtKeyUsage({ keyPurposes: [SERVER_AUTH] })),
    extension('name_constraints', true, new NameConstraints({ permittedSubtrees: permitted })),
  ])
  const issue = async (names: readonly string[]): Promise<Issued> => {
    const own = await makeKeys()
    const cert = await sign(signer, 'oxd development', own.publicKey, [
      extension('basic_constraints', true, new BasicConstraints({ cA: false })),
      keyUsage(DIGITAL_SIGNATURE),
      extension('extended_key_usage', false, new ExtKeyUsage({ keyPurposes: [SERVER_AUTH] })),
      extension('subject_alternative_name', false, new AltName({ altNames: names.map(alternativeName) })),
    ])
    return { cert, key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', own.privateKey)) }
  }
  return { ca, issue }
}

/**
 * A host name as certificates carry it, or an address.
 * @throws StartError when it is neither.
 */
export const hostName = (host: string): string => {
  const name = host.toLowerCase()
  // RFC 1123, section 2.1; no wildcards, because one certificate is for the hosts that were named.
  if (
    isIP(name) === 0 &&
    !/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(name)
  ) {
    throw new StartError(
      `${JSON.stringify(host)} is no host name: write it like demo.localhost, without port or path.`,
    )
  }
  return name
}

type Keys = webcrypto.CryptoKeyPair
const makeKeys = (): Promise<Keys> =>
  webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])

interface Signer {
  readonly world: AuthorityWorld
  readonly issuer: string
  readonly keys: Keys
}

const sign = async (
  { world, issuer, keys }: Signer,
  subject: string,
  publicKey: webcrypto.CryptoKey,
  extensions: readonly Extension[],
): Promise<string> => {
  const certificate = new Certificate()
  certificate.version = 2
  certificate.serialNumber = new Integer({ valueHex: serialNumber(world) })
  certificate.issuer.typesAndValues.push(commonName(issuer))
  certificate.subject.typesAndValues.push(commonName(subject))
  certificate.notBefore = new Time({ value: new Date(world.now() - BACKDATED_MS) })
  certificate.notAfter = new Time({ value: new Date(world.now() + VALID_MS) })
  certificate.extensions = [
    ...extensions,
    extension('subject_key_identifier', false, await keyIdentifier(publicKey)),
    extension(
      'authority_key_identifier',
      false,
      new AuthorityKeyIdentifier({ keyIdentifier: await keyIdentifier(keys.publicKey) }),
    ),
  ]
  await certificate.subjectPublicKeyInfo.importKey(publicKey)
  await certificate.sign(keys.privateKey, 'SHA-256')
  return pem('CERTIFICATE', certificate.toSchema().toBER())
}

/** 126 unpredictable bits, positive and without leading zeros (RFC 5280, section 4.1.2.2). */
const serialNumber = (world: AuthorityWorld) => {
  const bytes = new Uint8Array(world.random(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.buffer
}

const commonName = (value: string) =>
  new AttributeTypeAndValue({ type: COMMON_NAME, value: new Utf8String({ value }) })

const keyIdentifier = async (key: webcrypto.CryptoKey) => {
  const bytes = new Uint8Array(await webcrypto.subtle.exportKey('raw', key))
  return new OctetString({
    valueHex: new Uint8Array(createHash('sha256').update(bytes).digest().subarray(0, 20)).buffer,
  })
}

interface Encodable {
  toBER: () => ArrayBuffer
}
const extension = (
  name: keyof typeof EXTENSIONS,
  critical: boolean,
  value: Encodable | { readonly toSchema: () => Encodable },
) => {
  const extnValue = ('toSchema' in value ? value.toSchema() : value).toBER()
  return new Extension({ extnID: EXTENSIONS[name], critical, extnValue })
}

const keyUsage = ({ bits, unused }: typeof DIGITAL_SIGNATURE | typeof KEY_CERT_SIGN) =>
  extension('key_usage', true, new BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits: unused }))

const alternativeName = (name: string) =>
  isIP(name) === 0
    ? new GeneralName({ type: DNS_NAME, value: name })
    : new GeneralName({
        type: IP_ADDRESS,
        value: new OctetString({ valueHex: Uint8Array.from(addressBytes(name)).buffer }),
      })

const subDomains = (value: string) => new GeneralSubtree({ base: new GeneralName({ type: DNS_NAME, value }) })

/** The address and the mask of its first `prefix` bits. */
const addresses = (address: string, prefix: number) => {
  const bytes = addressBytes(address)
  const mask = bytes.map((_, i) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - 8 * i))))
  const value = new OctetString({ valueHex: Uint8Array.from([...bytes, ...mask]).buffer })
  return new GeneralSubtree({ base: new GeneralName({ type: IP_ADDRESS, value }) })
}

const addressBytes = (address: string): number[] => {
  if (isIP(address) === 4) return address.split('.').map(Number)
  // URL writes every IPv6 address in hexadecimal groups, with at most one `::`.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff])
}

const pem = (label: string, der: ArrayBuffer) => {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
