// The keys of an OP: which of them count, how long, and how often they are fetched. (Whole logins: get_tokens_by_code.test.ts.)
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import type { Json } from '../testing/jws.ts'
import { reply, type Fault, type Faults } from '../testing/op.ts'
import { whereabouts } from './discovery.ts'
import type { Asker } from './keys.ts'
import { refusedWith, startParty, type Party, type PartyClient } from '../testing/op_party.ts'

let party: Party
let clock = Date.now()
before(async () => {
  party = await startParty({ now: () => clock })
})
after(() => party.close())

const keysOf = ({ keys }: Json): Json[] => (Array.isArray(keys) ? keys.filter((key) => key !== null) : [])
/** The published keys, changed. */
const keys =
  (change: (keys: readonly Json[]) => unknown): Fault =>
  (good) => ({ keys: change(keysOf(good)) })
const each = (change: (key: Json) => Json): Fault => keys((all) => all.map(change))

const tokenOf = async (at: PartyClient): Promise<string> => (await at.login()).id_token
const verify = async (at: PartyClient, token?: string, asker?: Asker): Promise<Uint8Array> =>
  at.op.keys.verify(token ?? (await tokenOf(at)), 'RS256', asker)
const fetches = ({ issuer }: PartyClient): number => party.op.count(issuer, 'jwks')

/** A token that is signed by nobody, under this kid. */
const forged = (kid: string): string =>
  `${Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url')}.e30.AAAA`

const bytes = (length: number): string => Buffer.alloc(length, 0xa7).toString('base64url')

const operations = (length: number): string[] => Array.from({ length }, () => 'verify')

describe('a published key', () => {
  const KEYS: readonly (readonly [what: string, jwks: Fault, refused?: ErrorCode])[] = [
    [
      'counts beside keys that nobody knows',
      keys((all) => [null, 'x', 7, {}, { kty: 'OKP', crv: 'X448' }, ...all]),
    ],
    [
      'counts where another has its name, first or last',
      keys(([rsa, ...all]) => [{ ...rsa, n: bytes(256) }, rsa, ...all]),
    ],
    [
      'counts where another has its name, last',
      keys(([rsa, ...all]) => [rsa, { ...rsa, n: bytes(256) }, ...all]),
    ],
    ['counts with a certificate of somebody else', each((key) => ({ ...key, x5c: ['AAAA'], x5t: 'AAAA' }))],
    ['counts with a certificate that is a number', each((key) => ({ ...key, x5c: 7 }))],
    ['counts with key_ops to verify', each(({ use: _, ...key }) => ({ ...key, key_ops: ['verify'] }))],
    [
      'counts with as many operations as a list may have',
      each(({ use: _, ...key }) => ({ ...key, key_ops: operations(LIMITS.list_items_max) })),
    ],
    [
      'is passed over with more operations than there are',
      each(({ use: _, ...key }) => ({ ...key, key_ops: operations(LIMITS.list_items_max + 1) })),
      'key_id_not_found',
    ],
    [
      'is passed over with key_ops to sign',
      each((key) => ({ ...key, key_ops: ['sign'] })),
      'key_id_not_found',
    ],
    ['is passed over with its use in capitals', each((key) => ({ ...key, use: 'SIG' })), 'key_id_not_found'],
    [
      'is passed over with alg in small letters',
      each((key) => ({ ...key, alg: 'rs256' })),
      'key_id_not_found',
    ],
    ['is passed over with alg of another', each((key) => ({ ...key, alg: 'PS256' })), 'key_id_not_found'],
    ['is passed over without kty', each(({ kty: _, ...key }) => key), 'key_id_not_found'],
    ['is passed over with kty in small letters', each((key) => ({ ...key, kty: 'rsa' })), 'key_id_not_found'],
    ['is passed over with a kid that is a number', each((key) => ({ ...key, kid: 7 })), 'key_id_not_found'],
    [
      'is passed over as a secret',
      each(({ kid }) => ({ kty: 'oct', kid, k: bytes(32) })),
      'key_id_not_found',
    ],
    [
      'is tried with 8,192 bits',
      each((key) => ({ ...key, n: bytes(1_024) })),
      'invalid_id_token_bad_signature',
    ],
    ['is passed over with more', each((key) => ({ ...key, n: bytes(1_025) })), 'key_id_not_found'],
    [
      'is good for nothing with 1,024 bits',
      each((key) => ({ ...key, n: bytes(128) })),
      'invalid_id_token_bad_signature',
    ],
    [
      'is good for nothing with members that are none',
      each((key) => ({ ...key, n: '', e: '!' })),
      'invalid_id_token_bad_signature',
    ],
    [
      'proves nothing with its private half beside it',
      each((key) => ({ ...key, d: bytes(256) })),
      'private_key_published',
    ],
    [
      'proves nothing with a prime beside it',
      each((key) => ({ ...key, p: bytes(128) })),
      'private_key_published',
    ],
    ['is not a set by itself', (good) => keysOf(good)[0] ?? {}, 'op_answer_malformed'],
    [
      'is not in a set that is an object',
      (good) => ({ keys: { 0: keysOf(good)[0] } }),
      'op_answer_malformed',
    ],
    ['is in no empty set', () => ({ keys: [] }), 'key_id_not_found'],
    ['is in a set of a hundred', keys((all) => [...all, ...Array.from({ length: 97 }, () => ({}))])],
    [
      'is in no set of more',
      keys((all) => [...all, ...Array.from({ length: 98 }, () => ({}))]),
      'op_answer_too_large',
    ],
    ['is in no set with a member twice', reply.duplicate('keys', [], 'first'), 'op_answer_malformed'],
    ['is on no page', reply.html(), 'op_answer_malformed'],
    ['is not where there is nothing', reply.html(404), 'op_http_status'],
    ['is not elsewhere', reply.redirect('http://127.0.0.1:9/'), 'op_redirected'],
    ['is in no flood', reply.endless(), 'op_answer_too_large'],
  ]
  for (const [what, jwks, code] of KEYS) {
    it(`${what}${code === undefined ? '' : `: ${code}`}`, async () => {
      const at = await party.at({ jwks })
      if (code === undefined) await verify(at)
      else await assert.rejects(verify(at), refusedWith(code))
    })
  }

  const CURVES: readonly (readonly [what: string, key: (key: Json) => Json])[] = [
    ['a point beside the curve', (key) => ({ ...key, x: bytes(32), y: bytes(32) })],
    [
      'a point at infinity',
      (key) => ({
        ...key,
        x: Buffer.alloc(32).toString('base64url'),
        y: Buffer.alloc(32).toString('base64url'),
      }),
    ],
    ['a coordinate that is too short', (key) => ({ ...key, x: bytes(16) })],
    ['no second coordinate', ({ y: _, ...key }) => key],
  ]
  for (const [what, key] of CURVES) {
    it(`is good for nothing with ${what}`, async () => {
      const at = await party.at(
        { jwks: each((one) => (one['kty'] === 'EC' ? key(one) : one)) },
        { id_token_signed_response_alg: 'ES256' },
      )
      const token = await tokenOf(at)
      await assert.rejects(at.op.keys.verify(token, 'ES256'), refusedWith('invalid_id_token_bad_signature'))
    })
  }

  it('of another curve is passed over', async () => {
    const at = await party.at(
      { jwks: each((one) => ({ ...one, ...(one['kty'] === 'EC' ? { crv: 'P-384' } : {}) })) },
      { id_token_signed_response_alg: 'ES256' },
    )
    const token = await tokenOf(at)
    await assert.rejects(at.op.keys.verify(token, 'ES256'), refusedWith('key_id_not_found'))
  })

  it('of one issuer says nothing at another that has it under the same name', async () => {
    const [one, two] = [await party.at(), await party.at()]
    for (let i = 0; i < 5; i++) {
      const tokens = [await tokenOf(one), await tokenOf(two)]
      await verify(one, tokens[0])
      await verify(two, tokens[1])
      await assert.rejects(verify(one, tokens[1]), refusedWith('invalid_id_token_bad_signature'))
      clock += 60_000
    }
  })

  it('is refetched by each of two issuers that share an address, and by nobody else', async () => {
    const one = await party.at()
    const shared: Faults = { discovery: (d) => ({ ...d, jwks_uri: one.op.metadata.jwks_uri }) }
    const two = await party.at(shared)
    await verify(one)
    await assert.rejects(verify(two), refusedWith('invalid_id_token_bad_signature'))
    assert.equal(party.op.count(two.issuer, 'jwks'), 0)
    party.op.rotateKeys(one.issuer)
    await verify(one)
  })
})

describe('how long keys are used, and how often they are fetched', () => {
  it('until they are too old, and then never without a fresh answer', async () => {
    const at = await party.at()
    const token = await tokenOf(at)
    await verify(at, token)
    party.op.setFaults(at.issuer, { jwks: reply.html(500) })
    clock += LIMITS.op_keys_ms - 1
    await verify(at, token)
    clock += 1
    await assert.rejects(verify(at, token), refusedWith('op_http_status'))
    // A failure is not kept.
    party.op.setFaults(at.issuer, {})
    await verify(at, token)
  })

  it('no longer than they are published: one that was taken back is refused once the others are fetched anew', async () => {
    const at = await party.at()
    const token = await tokenOf(at)
    await verify(at, token)
    party.op.rotateKeys(at.issuer)
    await verify(at, token)
    clock += LIMITS.op_keys_ms
    await assert.rejects(verify(at, token), refusedWith('key_id_not_found'))
  })

  for (const [what, jwks] of Object.entries({
    'are not there': reply.html(404),
    'are broken': reply.html(500),
    'are a page': reply.html(),
    'are a redirect': reply.redirect('http://127.0.0.1:9/'),
    'hang up': reply.reset(),
    'do not come': reply.hang(),
  })) {
    it(`good ones go on working while the published ones ${what}`, async () => {
      const at = await party.at()
      const token = await tokenOf(at)
      await verify(at, token)
      party.op.setFaults(at.issuer, { jwks })
      await assert.rejects(verify(at, forged('unknown')))
      await verify(at, token)
      party.op.rotateKeys(at.issuer)
      party.op.setFaults(at.issuer, {})
      await verify(at)
    })
  }

  it('once for each rotation, even where the name stays', async () => {
    const at = await party.at()
    await verify(at)
    for (const keepKid of [false, true, false]) {
      clock += 1_000
      party.op.rotateKeys(at.issuer, { keepKid })
      const before = fetches(at)
      await verify(at)
      assert.equal(fetches(at) - before, 1)
    }
  })

  it('once for a token without a name, too', async () => {
    const at = await party.at({ id_token: { header: ({ kid: _, ...header }) => header } })
    await verify(at)
    party.op.rotateKeys(at.issuer)
    await verify(at)
    assert.equal(fetches(at), 2)
  })

  it('once for one unknown name, again after a while', async () => {
    const at = await party.at()
    await verify(at)
    for (let i = 0; i < 10; i++)
      await assert.rejects(verify(at, forged('one')), refusedWith('key_id_not_found'))
    assert.equal(fetches(at), 2)
    clock += LIMITS.unknown_kid_ms - 1
    await assert.rejects(verify(at, forged('one')))
    assert.equal(fetches(at), 2)
    clock += 1
    await assert.rejects(verify(at, forged('one')))
    assert.equal(fetches(at), 3)
  })

  it('five times a minute for a storm of unknown names, and good logins go on', async () => {
    const at = await party.at()
    const token = await tokenOf(at)
    await verify(at, token)
    for (let i = 0; i < 1_000; i++) {
      clock += 10
      await assert.rejects(verify(at, forged(`unknown-${i}`)), refusedWith('key_id_not_found'))
      if (i % 100 === 0) await verify(at, token)
    }
    assert.equal(fetches(at), 1 + LIMITS.key_refetches_per_minute)
    party.op.rotateKeys(at.issuer)
    await assert.rejects(verify(at), refusedWith('key_id_not_found'))
    clock += 60_000
    await verify(at)
  })

  it('at the first login after a client was registered; where that fails, those that are fresh hold on', async () => {
    const at = await party.at()
    const token = await tokenOf(at)
    await verify(at, token)
    const register = () => party.ops.anew(whereabouts(at.issuer, {}))
    await register()
    await verify(at, token, 'stranger')
    assert.equal(fetches(at), 1)
    await verify(at, token)
    await verify(at, token)
    assert.equal(fetches(at), 2)
    await register()
    party.op.setFaults(at.issuer, { jwks: reply.html(503) })
    await verify(at, token)
    await verify(at, token)
    assert.equal(fetches(at), 3)
  })

  it('as often as an OP has new keys, if the login was right to ask; for a stranger it counts', async () => {
    const at = await party.at()
    const rotations = 2 * LIMITS.key_refetches_per_minute
    for (const asker of ['login', 'browser'] as const) {
      for (let i = 0; i < rotations; i++) {
        await verify(at, undefined, asker)
        party.op.rotateKeys(at.issuer)
      }
    }
    assert.equal(fetches(at), 2 * rotations)
    for (let i = 0; i < LIMITS.key_refetches_per_minute; i++) {
      await verify(at, undefined, 'stranger')
      party.op.rotateKeys(at.issuer)
    }
    await assert.rejects(verify(at, undefined, 'stranger'), refusedWith('key_id_not_found'))
    await verify(at)
  })

  it('five times a minute for a storm of wrong signatures under a good name', async () => {
    const at = await party.at()
    await verify(at)
    const rsa = forged('RSA-0')
    for (let i = 0; i < 20; i++)
      await assert.rejects(verify(at, rsa), refusedWith('invalid_id_token_bad_signature'))
    assert.equal(fetches(at), 1 + LIMITS.key_refetches_per_minute)
    await verify(at)
  })

  it('once for all who ask at the same time', async () => {
    const at = await party.at()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(at)))
    await Promise.all(tokens.map((token) => verify(at, token)))
    assert.equal(fetches(at), 1)
    party.op.rotateKeys(at.issuer)
    const fresh = await Promise.all(Array.from({ length: 20 }, () => tokenOf(at)))
    await Promise.all(fresh.map((token) => verify(at, token)))
    assert.equal(fetches(at), 2)
  })

  it('once more where a fetch was answered before the rotation', async () => {
    const at = await party.at()
    const old = (await fetch(at.op.metadata.jwks_uri)).text()
    const stale = reply.raw({ body: await old })
    await verify(at)
    party.op.rotateKeys(at.issuer)
    // The first who asks gets what was published before, the others wait for the same.
    party.op.setFaults(at.issuer, { jwks: (good, { nth }) => (nth === 3 ? stale : good) })
    const token = await tokenOf(at)
    const unknown = assert.rejects(verify(at, forged('unknown')))
    await verify(at, token)
    await unknown
  })

  it('again at the next login where half of the answers are behind', async () => {
    const at = await party.at()
    const stale = reply.raw({ body: await (await fetch(at.op.metadata.jwks_uri)).text() })
    await verify(at)
    party.op.rotateKeys(at.issuer)
    party.op.setFaults(at.issuer, { jwks: (good, { nth }) => (nth % 2 === 1 ? stale : good) })
    const before = fetches(at)
    await assert.rejects(verify(at), refusedWith('key_id_not_found'))
    assert.equal(fetches(at) - before, 1)
    clock += LIMITS.unknown_kid_ms
    await verify(at)
  })
})
