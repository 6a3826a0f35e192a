// oxd's own keys: made once, sealed, never shown; and request objects that nobody guesses, for a few minutes.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JWK } from 'jose'
import { LIMITS } from './limits.ts'
import { isOwnAlgorithm, OWN_ALGORITHMS } from './oidc/own_keys.ts'
import { createRpKeys, type RpKeys } from './rp_keys.ts'
import type { Engine } from './store/engine.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { realWorld } from './world.ts'

const make = () => {
  const clock = { ms: 1_900_000_000_000 }
  const world = { ...realWorld(() => {}), now: () => clock.ms }
  const bodies: Buffer[] = []
  const durable = new Map<string | undefined, boolean>()
  let failing = false
  const engine = createMemoryEngine(() => Math.floor(clock.ms / 1_000))
  const write: Engine['write'] = async (key, record) => {
    if (failing) throw new Error('the disk is full')
    durable.set(key.split('/')[0], record.durable)
    bodies.push(Buffer.from(record.body))
    return engine.write(key, record)
  }
  const store = createStore({ ...engine, write }, createKeys(randomBytes(32)), world, LIMITS)
  const again = (public_url?: string): RpKeys => createRpKeys(store, world, LIMITS, public_url)
  return { clock, again, bodies, durable, fail: (now: boolean) => void (failing = now) }
}

describe('the keys of oxd', () => {
  it('are one of each algorithm, public members alone', async () => {
    const keys = await make().again().published()
    assert.deepEqual(
      keys.map(({ alg, kty, use }) => [alg, kty, use]),
      [
        ['RS256', 'RSA', 'sig'],
        ['PS256', 'RSA', 'sig'],
        ['ES256', 'EC', 'sig'],
        ['EdDSA', 'OKP', 'sig'],
        [undefined, 'RSA', 'enc'],
        [undefined, 'EC', 'enc'],
      ],
    )
    for (const key of keys) {
      assert.match(String(key.kid), /^[\w-]{43}$/)
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
        assert.equal(key[name], undefined, name)
    }
    const { n } = keys.find(({ kty }) => kty === 'RSA') ?? {}
    assert.ok(Buffer.from(String(n), 'base64url').length * 8 >= 2_048)
  })

  it('are fetched by OPs over https alone', () => {
    const { again } = make()
    assert.equal(again('https://oxd.example.com').jwks_uri, 'https://oxd.example.com/get-rp-jwks')
    assert.equal(again('http://127.0.0.1:8080').jwks_uri, undefined)
    assert.equal(again().jwks_uri, undefined)
  })

  it('are the same for whoever asks next, and for those who ask at once', async () => {
    const { again } = make()
    const [one, other] = [again(), again()]
    const [a, b, c] = await Promise.all([one.published(), one.published(), other.published()])
    assert.deepEqual([b, c, await again().published()], [a, a, a])
  })

  it('are on the disk before they are used, sealed', async () => {
    const { again, bodies, durable } = make()
    await again().keepRequest('site', 'ES256', {})
    assert.deepEqual(Object.fromEntries(durable), { rp_keys: true, request_object: false })
    for (const body of bodies) assert.ok(!body.includes('kty') && !body.includes('"d"'))
  })

  it('are asked for anew where they could not be kept', async () => {
    const { again, fail } = make()
    const keys = again()
    fail(true)
    await assert.rejects(keys.published(), /disk/)
    fail(false)
    assert.equal((await keys.published()).length, 6)
  })
})

const DAY_MS = 86_400_000
const kidOf = (jwt: string): unknown => decodeProtectedHeader(jwt).kid

describe('the keys of oxd, rotated', () => {
  const sign = (keys: RpKeys, kids?: readonly string[]): Promise<string> =>
    keys.sign('ES256', {}, { seconds: 60, kids })
  const published = async (keys: RpKeys): Promise<unknown[]> =>
    (await keys.published()).flatMap(({ alg, kid }) => (alg === 'ES256' ? [kid] : []))

  it('are published for a day before they are used, and for a week after', async () => {
    const { again, clock } = make()
    const keys = again()
    const old = kidOf(await sign(keys))
    assert.deepEqual(await published(keys), [old])
    clock.ms += 1_000
    await keys.rotate()
    const [, fresh] = await published(keys)
    assert.deepEqual(await published(keys), [old, fresh])
    clock.ms += DAY_MS - 1_000
    assert.equal(kidOf(await sign(keys)), old, 'OPs may not have seen the new one')
    clock.ms += 1_000
    assert.equal(kidOf(await sign(keys)), fresh)
    assert.deepEqual(await published(keys), [old, fresh])
    clock.ms += 7 * DAY_MS - 1_000
    assert.deepEqual(await published(keys), [old, fresh])
    clock.ms += 1_000
    assert.deepEqual(await published(keys), [fresh])
    assert.equal(kidOf(await sign(again())), fresh)
  })

  it('are so by themselves after 90 days, once, whoever asks', async () => {
    const { again, clock } = make()
    const [one, other] = [again(), again()]
    const old = kidOf(await sign(one))
    clock.ms += 90 * DAY_MS - 1_000
    assert.deepEqual(await published(one), [old])
    clock.ms += 1_000
    const [a, b, c] = await Promise.all([published(one), published(one), published(other)])
    assert.equal(a?.length, 2)
    assert.deepEqual([b, c], [a, a])
  })

  it('sign for an OP that was told them by value with the newest that it knows, at once', async () => {
    const { again } = make()
    const keys = again()
    const old = String(kidOf(await sign(keys)))
    await keys.rotate()
    const fresh = (await keys.newest()).flatMap(({ alg, kid }) => (alg === 'ES256' ? [String(kid)] : []))
    assert.equal(kidOf(await sign(keys, [old])), old)
    assert.equal(kidOf(await sign(keys, [old, ...fresh])), fresh[0])
    await assert.rejects(sign(keys, ['of nobody']), { code: 'rp_key_not_registered' })
  })

  it('open what was encrypted to them until their grace ends', async () => {
    const { again, clock } = make()
    const keys = again()
    const encKids = async () =>
      (await keys.published()).flatMap(({ kty, use, kid }) =>
        kty === 'RSA' && use === 'enc' ? [String(kid)] : [],
      )
    const [old = ''] = await encKids()
    await keys.rotate()
    const [, fresh = ''] = await encKids()
    const opens = async (kid: string | undefined) => (await keys.decryption('RSA-OAEP-256', kid)).length
    assert.deepEqual([await opens(old), await opens(fresh), await opens(undefined)], [1, 1, 2])
    clock.ms += 8 * DAY_MS - 1
    assert.equal(await opens(old), 1)
    clock.ms += 1_000
    assert.deepEqual([await opens(old), await opens(fresh), await opens(undefined)], [0, 1, 1])
    assert.equal(await opens('of nobody'), 0)
    assert.deepEqual(await keys.decryption('RSA1_5', undefined), [])
  })

  it('are shown by name, state and time, and by nothing else', async () => {
    const { again } = make()
    const keys = again()
    assert.deepEqual(await keys.rotate(), [], 'where there are none, none are made')
    await sign(keys)
    const shown = await keys.rotate()
    assert.deepEqual(
      shown.map(({ kind, state, use }) => [kind, state, use]),
      [
        ['ES256', 'in use', 'sig'],
        ['ES256', 'coming', 'sig'],
      ],
    )
    for (const key of shown) {
      assert.deepEqual(Object.keys(key).sort(), ['kid', 'kind', 'made_at', 'state', 'use', 'used_from'])
    }
  })
})

describe('a request object', () => {
  it('is signed by a key that oxd publishes, and says when it was made and ends', async () => {
    const { again, clock } = make()
    const keys = again()
    for (const alg of OWN_ALGORITHMS) {
      const name = await keys.keepRequest('site', alg, { iss: 'client', aud: 'https://op.example.com' })
      const { jwt = '', oxd_id } = (await keys.request(name)) ?? {}
      assert.equal(oxd_id, 'site')
      // Public keys as they were published are JWKs.
      const published = createLocalJWKSet({ keys: (await keys.published()) as JWK[] })
      const { payload } = await jwtVerify(jwt, published, {
        algorithms: [alg],
        issuer: 'client',
        audience: 'https://op.example.com',
        currentDate: new Date(clock.ms),
      })
      const iat = clock.ms / 1_000
      assert.deepEqual(
        [payload.iat, payload.exp, payload.jti],
        [iat, iat + LIMITS.request_object_seconds, name],
      )
      assert.equal(decodeProtectedHeader(jwt).typ, 'oauth-authz-req+jwt')
    }
  })

  it('lets nobody else say when it was made and ends', async () => {
    const keys = make().again()
    const name = await keys.keepRequest('site', 'ES256', { jti: 'x', iat: 1, exp: 9_999_999_999 })
    const [, payload = ''] = ((await keys.request(name))?.jwt ?? '').split('.')
    const { jti, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    assert.deepEqual([jti, exp], [name, 1_900_000_000 + LIMITS.request_object_seconds])
  })

  it('has a name that nobody guesses, and can be fetched again', async () => {
    const keys = make().again()
    const names = await Promise.all([1, 2, 3].map(() => keys.keepRequest('site', 'ES256', {})))
    assert.equal(new Set(names).size, 3)
    for (const name of names) {
      assert.match(name, /^[\w-]{43}$/)
      assert.deepEqual(await keys.request(name), await keys.request(name))
      assert.equal(await keys.request(name.slice(1)), undefined)
    }
  })

  it(`is gone after ${LIMITS.request_object_seconds} seconds`, async () => {
    const { again, clock } = make()
    const keys = again()
    const name = await keys.keepRequest('site', 'ES256', {})
    clock.ms += LIMITS.request_object_seconds * 1_000 - 1
    assert.notEqual(await keys.request(name), undefined)
    clock.ms += 1
    assert.equal(await keys.request(name), undefined)
  })

  it('is signed with no other algorithm', () => {
    for (const alg of ['none', 'HS256', 'RS1', 'constructor', ''])
      assert.equal(isOwnAlgorithm(alg), false, alg)
  })
})
