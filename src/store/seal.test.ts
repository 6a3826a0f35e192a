// Sealing: what was sealed opens in its place and nowhere else, and derived keys are apart.
import assert from 'node:assert/strict'
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { OxdError } from '../error.ts'
import { createKeys, fingerprint, keyIdOf, open, type Place, seal } from './seal.ts'

const MASTER = Buffer.alloc(32, 7)
const keys = createKeys(MASTER)
const PLACE: Place = { kind: 'site', name: 'n', version: 3, expires_at: null }
const PLAIN = Buffer.from('{"client_secret":"hush"}')
const FIRST =
  '01e1161742101010101010101010101010101010100c0c0c0c0c0c0c0c0c0c0c0c1a6d2c7f355f00c8eeef7ba011aefa75c45c2984b0a2f3fef6d050a97ba22b20b294707f2f43f3a8'
const sealed = () => seal(keys, PLACE, PLAIN, randomBytes)

const refused = (what: () => unknown, reason: RegExp) =>
  assert.throws(what, (error: unknown) => {
    assert.ok(error instanceof OxdError)
    assert.equal(error.code, 'store_damaged')
    assert.match(error.message, reason)
    assert.match(error.message, /kind site|kind other/)
    assert.ok(!error.message.includes('hush'))
    return true
  })

describe('seal', () => {
  test('opens what was sealed', () => {
    assert.deepEqual(open(keys, PLACE, sealed()), PLAIN)
    assert.deepEqual(open(keys, PLACE, seal(keys, PLACE, Buffer.alloc(0), randomBytes)), Buffer.alloc(0))
  })

  test('what the first version sealed stays readable', () => {
    const body = seal(keys, PLACE, PLAIN, (bytes) => Buffer.alloc(bytes, bytes))
    assert.equal(body.toString('hex'), FIRST)
    assert.deepEqual(open(keys, PLACE, Buffer.from(FIRST, 'hex')), PLAIN)
  })

  test('hides its content, and the same content seals to another body each time', () => {
    const [one, two] = [sealed(), sealed()]
    assert.ok(!one.includes('hush'))
    // Behind format and key id nothing repeats: salt, IV, ciphertext, tag.
    for (let at = 5; at + 4 <= one.length; at += 4)
      assert.notDeepEqual(one.subarray(at, at + 4), two.subarray(at, at + 4))
  })

  test('opens in no other place', () => {
    const others: readonly Partial<Place>[] = [
      { kind: 'other' },
      { name: 'm' },
      { version: 4 },
      { expires_at: 0 },
      { expires_at: 1_750_000_000 },
      // The same characters, cut elsewhere.
      { kind: 'site', name: 'n3', version: 0 },
    ]
    for (const other of others)
      refused(() => open(keys, { ...PLACE, ...other }, sealed()), /was changed, moved or damaged/)
  })

  test('notices each flipped bit and each missing or added byte', () => {
    const body = sealed()
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const flipped = Buffer.from(body)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      refused(() => open(keys, PLACE, flipped), /./)
    }
    for (let length = 0; length < body.length; length += 1)
      refused(() => open(keys, PLACE, body.subarray(0, length)), /./)
    refused(() => open(keys, PLACE, Buffer.concat([body, Buffer.of(0)])), /was changed/)
  })

  test('says when another key or a newer format sealed it', () => {
    const other = createKeys(Buffer.alloc(32, 8))
    const body = seal(other, PLACE, PLAIN, randomBytes)
    assert.equal(keyIdOf(body), other.id.toString('hex'))
    refused(() => open(keys, PLACE, body), new RegExp(`under the key ${other.id.toString('hex')}`))
    const newer = sealed()
    newer[0] = 2
    refused(() => open(keys, PLACE, newer), /unknown format/)
    // A key that only claims the right id opens nothing either.
    keys.id.copy(body, 1)
    refused(() => open(keys, PLACE, body), /was changed/)
  })
})

describe('keys', () => {
  test('mac is HMAC-SHA256 under the HKDF subkey of its purpose over length-prefixed parts', () => {
    const subkey = Buffer.from(hkdfSync('sha256', MASTER, '', 'oxd 1 mac name site', 32))
    const input = Buffer.from('\0\0\0\u0001a\0\0\0\u0002\u00e9', 'utf8')
    const wanted = createHmac('sha256', subkey).update(input).digest()
    assert.deepEqual(keys.mac('name site', 'a', '\u00e9'), wanted)
    assert.deepEqual(keys.mac('name site', Buffer.from('a'), Buffer.from('\u00e9')), wanted)
    assert.equal(fingerprint(keys, 'name site', 'a', '\u00e9'), wanted.toString('base64url'))
  })

  test('parts, purposes and master keys are kept apart', () => {
    const macs = [
      keys.mac('p', 'ab', 'c'),
      keys.mac('p', 'a', 'bc'),
      keys.mac('p', 'abc'),
      keys.mac('p', 'abc', ''),
      keys.mac('p', '', 'abc'),
      keys.mac('p'),
      keys.mac('p', ''),
      keys.mac('q', 'abc'),
      createKeys(Buffer.alloc(32, 8)).mac('p', 'abc'),
    ]
    assert.equal(new Set(macs.map(String)).size, macs.length)
    assert.equal(keys.id.length, 4)
    assert.notDeepEqual(keys.id, createKeys(Buffer.alloc(32, 8)).id)
  })

  test('only 32 bytes are a master key', () => {
    assert.throws(() => createKeys(Buffer.alloc(31)), RangeError)
  })
})
