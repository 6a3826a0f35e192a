// From where the HTTP listeners may be called.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StartError } from '../error.ts'
import { createAddressFilter } from './http_addresses.ts'

describe('the addresses that may call', () => {
  const ROWS: readonly (readonly [
    allowed: readonly string[],
    yes: readonly string[],
    no: readonly string[],
  ])[] = [
    [
      [],
      ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'],
      ['10.0.0.1', '::', '::2', '::ffff:10.0.0.1', ''],
    ],
    [['10.1.2.3'], ['10.1.2.3', '::ffff:10.1.2.3', '::FFFF:10.1.2.3'], ['10.1.2.4', '127.0.0.1', '::1']],
    [
      ['10.0.0.0/8', '::1'],
      ['10.0.0.0', '10.255.255.255', '::1'],
      ['11.0.0.0', '127.0.0.1'],
    ],
    [['2001:db8::/32'], ['2001:db8::1', '2001:db8:ffff::1%eth0'], ['2001:db9::1', '10.0.0.1']],
    [['fe80::/10'], ['fe80::1%eth0'], ['fec0::1']],
    [['::ffff:10.1.2.3'], ['10.1.2.3'], ['10.1.2.4']],
    [['0.0.0.0/0'], ['10.1.2.3', '::ffff:10.1.2.3'], ['::1']],
    [['*'], ['10.1.2.3', '2001:db8::1'], []],
  ]
  for (const [allowed, yes, no] of ROWS) {
    it(`${allowed.join(' ') || '(none)'}`, () => {
      const may = createAddressFilter(allowed)
      for (const address of yes) assert.equal(may(address), true, address)
      for (const address of no) assert.equal(may(address), false, address)
    })
  }

  for (const entry of [
    'localhost',
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '::/129',
    '10.0.0',
    '10.0.0.0/8/8',
    '::ffff:10.0.0.0/104',
  ]) {
    it(`refuses ${JSON.stringify(entry)} by its name`, () => {
      assert.throws(
        () => createAddressFilter(['*', entry]),
        (error) => error instanceof StartError && error.message.startsWith(`--allowed-ip ${entry} `),
      )
    })
  }
})
