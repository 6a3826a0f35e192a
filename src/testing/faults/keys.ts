// What an OP can do wrong with its key set.
import { createHmac, generateKeyPairSync } from 'node:crypto'
import type { Json } from '../jws.ts'
import type { Fault, Faults } from '../op.ts'
import { reply } from '../reply.ts'
import { faults } from './fault.ts'
import { transportFaults } from './network.ts'

/** The keys of the good set, changed. */
const set =
  (change: (keys: readonly Json[]) => unknown): Fault =>
  // The honest set is one of keys.
  (good) => ({ keys: change(good['keys'] as readonly Json[]) })
const keys = (change: (keys: readonly Json[]) => unknown): Faults => ({ jwks: set(change) })
const each = (change: (key: Json) => Json): Faults => keys((good) => good.map(change))
const ec = (change: (key: Json) => Json): Faults => each((key) => (key['kty'] === 'EC' ? change(key) : key))

const SET = 'RFC 7517 5'
const OCT = Buffer.alloc(32, 7)
const withoutKid: Faults = { id_token: { header: ({ kid: _, ...rest }) => rest } }
/** Keys that sign nothing, each made when it is first needed. */
const strangers = new Map<string, Json>()
const another = (kid: string): Json => {
  const known = strangers.get(kid)
  if (known !== undefined) return known
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const made: Json = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' }
  strangers.set(kid, made)
  return made
}

/** The first set for ever, or every second time. */
const oldSet = (isOld: (nth: number) => boolean): Fault => {
  let first: Json | undefined
  return (good, { nth }) => {
    first ??= good
    return isOld(nth) ? first : good
  }
}

export const KEYS_FAULTS = faults({
  ...transportFaults('jwks', 'key set'),
  keys_others: {
    what: 'kid is missing, and one key fits among others for other purposes.',
    spec: 'Core 10.1',
    faults: {
      ...withoutKid,
      jwks: set((good) => [
        { ...another('enc-1'), use: 'enc' },
        ...good,
        { kty: 'OKP', crv: 'X25519', x: 'AA', use: 'enc' },
      ]),
    },
  },
  keys_three_fit: {
    what: 'kid is missing, and three keys fit.',
    spec: 'Core 10.1',
    faults: { ...withoutKid, jwks: set((good) => [another('a'), another('b'), ...good]) },
  },
  keys_same_kid: {
    what: 'Two keys have the name that the ID Token has.',
    spec: 'RFC 7517 4.5',
    faults: { jwks: set((good) => [another('RSA-0'), ...good]) },
  },
  keys_rotate: {
    what: 'A new key, under a new name, signs each ID Token.',
    spec: 'Core 10.1.1',
    faults: { rotates: 'kid' },
  },
  keys_rotate_nameless: {
    what: 'A new key signs each ID Token, and no token names its key.',
    spec: 'Core 10.1.1',
    faults: { ...withoutKid, rotates: 'kid' },
  },
  keys_replaced: {
    what: 'A new key, under the name of the old one, signs each ID Token.',
    spec: 'Core 10.1.1',
    faults: { rotates: 'key' },
  },
  keys_behind: {
    what: 'A new key signs each ID Token, and every second answer of the key set is an old one.',
    spec: 'Core 10.1.1',
    faults: () => ({ rotates: 'kid', jwks: oldSet((nth) => nth % 2 === 0) }),
  },
  keys_private: {
    what: 'The OP publishes its private keys.',
    spec: 'RFC 7517 9.2',
    faults: each((key) => ({ ...key, d: 'AQAB', p: 'AQAB', q: 'AQAB' })),
  },
  keys_strange: {
    what: 'There are entries of no known kind beside the keys.',
    spec: SET,
    faults: keys((good) => [
      null,
      'key',
      42,
      [],
      {},
      { kty: 'future' },
      { kty: 'OKP', crv: 'X448', x: 'AA' },
      ...good,
    ]),
  },
  keys_symmetric: {
    what: 'The OP publishes a secret, and signs with it.',
    spec: 'RFC 8725 3.1',
    faults: {
      jwks: set((good) => [{ kty: 'oct', k: OCT.toString('base64url'), kid: 'oct', alg: 'HS256' }, ...good]),
      id_token: {
        header: (good) => ({ ...good, alg: 'HS256', kid: 'oct' }),
        sign: (input) => createHmac('sha256', OCT).update(input).digest(),
      },
    },
  },
  keys_off_curve: {
    what: 'The point of the key is not on its curve.',
    spec: 'RFC 8725 3.4',
    faults: ec((key) => ({ ...key, y: key['x'] })),
  },
  keys_at_infinity: {
    what: 'The point of the key is 0, 0.',
    spec: 'RFC 8725 3.4',
    faults: ec((key) => ({
      ...key,
      x: Buffer.alloc(32).toString('base64url'),
      y: Buffer.alloc(32).toString('base64url'),
    })),
  },
  keys_short_coordinates: {
    what: 'The coordinates of the key are a byte too short.',
    spec: 'RFC 7518 6.2.1.2',
    faults: ec((key) => ({ ...key, x: String(key['x']).slice(0, 40), y: String(key['y']).slice(0, 40) })),
  },
  keys_ten_thousand: {
    what: 'The set has ten thousand keys.',
    spec: SET,
    faults: keys((good) => Array.from({ length: 10_000 }, (_, n) => ({ ...good[0], kid: `k${n}` }))),
  },
  keys_hundred_and_one: {
    what: 'The set has 101 keys.',
    spec: SET,
    faults: keys((good) => [
      ...good,
      ...Array.from({ length: 98 }, (_, n) => ({ ...good[0], kid: `k${n}` })),
    ]),
  },
  keys_no_list: { what: 'The keys of the set are no list.', spec: SET, faults: keys(([first]) => first) },
  keys_none: { what: 'The set is empty.', spec: SET, faults: keys(() => []) },
  keys_bare: {
    what: 'There is one key instead of a set.',
    spec: SET,
    // As above.
    faults: { jwks: (good) => (good['keys'] as readonly Json[])[0] ?? {} },
  },
  keys_removed: {
    what: 'The key that signs was withdrawn.',
    spec: 'Core 10.1.1',
    faults: keys((good) => good.filter(({ kty }) => kty !== 'RSA')),
  },
  keys_certified: {
    what: 'The keys have a certificate (x5c) of another key.',
    spec: 'RFC 7517 4.7',
    faults: each((key) => ({ ...key, x5c: ['MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA'] })),
  },
  keys_alternate: {
    what: 'Every second answer of the key set has other keys.',
    spec: '-',
    faults: { jwks: (good, { nth }) => (nth % 2 === 0 ? { keys: [another('RSA-0')] } : good) },
  },
  keys_other_alg: {
    what: 'The keys are for another algorithm.',
    spec: 'RFC 7517 4.4',
    faults: each((key) => ({ ...key, alg: 'PS512' })),
  },
  keys_sign_only: {
    what: 'The keys may sign, and not verify (key_ops).',
    spec: 'RFC 7517 4.3',
    faults: each(({ use: _, ...key }) => ({ ...key, key_ops: ['sign'] })),
  },
  keys_many_operations: {
    what: 'The keys may sign and verify, and something that nobody knows (key_ops).',
    spec: 'RFC 7517 4.3',
    faults: each(({ use: _, ...key }) => ({ ...key, key_ops: ['sign', 'verify', 'of-the-future'] })),
  },
  keys_capital_use: {
    what: 'use is SIG.',
    spec: 'RFC 7517 4.2',
    faults: each((key) => ({ ...key, use: 'SIG' })),
  },
  keys_for_encryption: {
    what: 'use is enc.',
    spec: 'RFC 7517 4.2',
    faults: each((key) => ({ ...key, use: 'enc' })),
  },
  keys_redirected_inside: {
    what: 'The key set redirects to an internal service.',
    spec: 'RFC 9700 4.12',
    faults: ({ canary }) => ({ jwks: reply.redirect(canary) }),
  },
  kids_unknown: {
    what: 'Each ID Token names a key that nobody knows.',
    spec: 'RFC 8725 3.10',
    faults: () => {
      let n = 0
      return { id_token: { header: (good) => ({ ...good, kid: `unknown-${(n += 1)}` }) } }
    },
  },
})
