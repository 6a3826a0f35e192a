import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressKind, isLocalName, KINDS } from './address.ts'
import type { AddressKind } from './address.ts'

/** For every block its first and last addresses, and its public neighbours. */
const ADDRESSES: Readonly<Record<AddressKind, string>> = {
  public: `
    1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 223.255.255.255 168.63.129.15
    100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
    172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0
    192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
    2000:: 2001:200::1 2001:db7:ffff::1 2001:db9:: 2606:4700:4700::1111 3ffe::1 3fff:1000::
    ::ffff:8.8.8.8 ::ffff:808:808 64:ff9b::8.8.8.8 64:ff9b::808:808 2002:808:808::1`,
  loopback: `
    127.0.0.0 127.0.0.1 127.0.0.9 127.255.255.255 ::1 0:0:0:0:0:0:0:1
    ::ffff:127.0.0.1 ::FFFF:7F00:9 64:ff9b::127.0.0.1 2002:7f00:1::`,
  private: `
    10.0.0.0 10.0.0.5 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255
    fc00:: fd12:3456::1 fdff:ffff:: fec0::1 64:ff9b:1::1 64:ff9b:1:ffff::8.8.8.8
    ::ffff:10.0.0.5 ::ffff:a00:5 64:ff9b::192.168.1.1 64:ff9b::ac10:1 2002:a00:5::1 2002:c0a8:101::`,
  link_local: '169.254.0.0 169.254.255.255 fe80::1 fe80::1%eth0 febf::1 ::ffff:169.254.1.1',
  shared: '100.64.0.0 100.127.255.255 ::ffff:100.64.0.1',
  metadata: `
    169.254.169.254 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254
    ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::`,
  benchmarking: '198.18.0.0 198.19.255.255 2001:2:: 2001:2:0:ffff::',
  documentation: '192.0.2.1 198.51.100.255 203.0.113.0 2001:db8::1 2001:db8:ffff:: 3fff:: 3fff:fff::',
  multicast: '224.0.0.0 239.255.255.255 ff00:: ff02::1 ffff:ffff::',
  broadcast: '255.255.255.255 ::ffff:255.255.255.255',
  unspecified: '0.0.0.0 :: ::ffff:0.0.0.0 64:ff9b::',
  // IPv4-compatible, discard, Teredo, ORCHID, translated, handed out to nobody; and what is no address at all:
  // nothing is reached that is not understood.
  reserved: `
    0.0.0.1 0.255.255.255 192.0.0.0 192.0.0.255 192.88.99.1 240.0.0.0 255.255.255.254
    ::127.0.0.9 ::10.0.0.1 ::8.8.8.8 ::2 100:: 2001::1 2001:0:808:808::f5ff:fffe 2001:20::1
    ::ffff:0:10.0.0.1 64:ff9a::1 64:ff9b:0:0:0:1:: 1fff:: 4000:: fe00:: fbff::
    op.test 010.0.0.1 127.1 0x7f000001 2130706433 1.2.3.4.5 ::: [::1] 12345::`,
}

for (const [kind, addresses] of Object.entries(ADDRESSES)) {
  test(`addresses: ${kind}`, () => {
    for (const address of addresses.trim().split(/\s+/)) assert.equal(addressKind(address), kind, address)
  })
}

test('addresses: every kind has words and examples', () => {
  assert.deepEqual(Object.keys(ADDRESSES).sort(), Object.keys(KINDS).sort())
})

test('names of this machine', () => {
  for (const name of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'a.b.localhost.'])
    assert.ok(isLocalName(name), name)
  for (const name of ['localhost.test', 'notlocalhost', 'localhost..', '', 'op.test'])
    assert.ok(!isLocalName(name), name)
})
