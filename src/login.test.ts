// A login: what a state is bound to, that it is spent once, and how long its tokens are remembered.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { OxdError } from './error.ts'
import { createEndedLogins } from './ended_logins.ts'
import { LIMITS } from './limits.ts'
import { createLiveLogins } from './live_logins.ts'
import { createLogins, type Logins, type SpentLogin, type Terms } from './login.ts'
import type { Engine, EngineWrite } from './store/engine.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { realWorld } from './world.ts'

const TERMS: Terms = {
  oxd_id: 'site',
  version: 1,
  issuer: 'https://op.example.com',
  redirect_uris: ['https://client.example.com/callback', 'https://client.example.com/two'],
  scope: ['openid', 'profile', 'email'],
}
const [FIRST = '', SECOND = ''] = TERMS.redirect_uris
const ORIGINAL = { iat: 1_700_000_000, auth_time: null, azp: null }

const makeLogins = (
  master = randomBytes(32),
  onWrite: (key: string, write: EngineWrite) => void = () => {},
) => {
  const clock = { ms: 1_700_000_000_000 }
  const world = { ...realWorld(() => {}), now: () => clock.ms }
  const keys = createKeys(master)
  const engine = createMemoryEngine(() => Math.floor(clock.ms / 1000))
  const write: Engine['write'] = (key, record) => {
    onWrite(key, record)
    return engine.write(key, record)
  }
  const store = createStore({ ...engine, write }, keys, world, LIMITS)
  const live = createLiveLogins(store, createEndedLogins(store, keys, world, LIMITS), world, LIMITS)
  return { clock, logins: createLogins(store, keys, live, world, LIMITS), engine, keys, store, live }
}

const comeBack = async (logins: Logins): Promise<SpentLogin> =>
  logins.spend(TERMS, (await logins.begin(TERMS, { redirect_uri: FIRST })).state, undefined)

const reasonOf = async (logins: Logins, terms: Terms, state: string): Promise<unknown> => {
  try {
    await logins.spend(terms, state, undefined)
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof OxdError)
    return error.details?.reason
  }
}

describe('a login', () => {
  it('is the same when it comes back as when it began', async () => {
    const { logins } = makeLogins()
    for (const redirect_uri of [FIRST, SECOND]) {
      const begun = await logins.begin(TERMS, { redirect_uri })
      const { asked_at: _, redeemed_at: __, ...spent } = await logins.spend(TERMS, begun.state, undefined)
      assert.deepEqual(spent, begun)
      assert.equal(begun.code_challenge, createHash('sha256').update(begun.code_verifier).digest('base64url'))
    }
  })

  it('is finished by another daemon with the same key and store, and by none with another key', async () => {
    const master = randomBytes(32)
    const { state } = await makeLogins(master).logins.begin(TERMS, { redirect_uri: FIRST })
    assert.equal(await reasonOf(makeLogins(master).logins, TERMS, state), 'accepted')
    assert.equal(await reasonOf(makeLogins().logins, TERMS, state), 'unknown')
  })

  it('is refused when a single bit of its state is another', async () => {
    const { logins } = makeLogins()
    const { state } = await logins.begin(TERMS, { redirect_uri: FIRST })
    const bytes = Buffer.from(state, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      assert.notEqual(await reasonOf(logins, TERMS, changed.toString('base64url')), 'accepted', `bit ${bit}`)
    }
    assert.equal(await reasonOf(logins, TERMS, state), 'accepted')
  })

  it('is refused in another writing of the same bytes', async () => {
    const { logins } = makeLogins()
    // Some state has a letter that base64 writes otherwise.
    let state = ''
    for (let tries = 0; tries < 1_000 && !/[-_]/.test(state); tries++) {
      state = (await logins.begin(TERMS, { redirect_uri: FIRST })).state
    }
    for (const written of [
      state.replaceAll('-', '+').replaceAll('_', '/'),
      `${state}=`,
      ` ${state}`,
      `${state}\n`,
    ]) {
      assert.notEqual(await reasonOf(logins, TERMS, written), 'accepted', written)
    }
    assert.equal(await reasonOf(logins, TERMS, state), 'accepted')
  })

  const OTHER_TERMS: Readonly<Record<string, Partial<Terms>>> = {
    'another site': { oxd_id: 'site2' },
    'another version of the site': { version: 2 },
    'another issuer': { issuer: 'https://op.example.com/' },
    'other redirect URIs': { redirect_uris: [`${FIRST}/`] },
    'no redirect URI at its place': { redirect_uris: [] },
  }
  for (const [what, terms] of Object.entries(OTHER_TERMS)) {
    it(`is refused at ${what}, and not spent thereby`, async () => {
      const { logins } = makeLogins()
      for (const own of [{}, { state: 'an-own-state-of-27-letters' }]) {
        const { state } = await logins.begin(TERMS, { redirect_uri: FIRST, ...own })
        if (own.state === undefined || terms.redirect_uris === undefined) {
          assert.notEqual(await reasonOf(logins, { ...TERMS, ...terms }, state), 'accepted')
        }
        assert.equal(await reasonOf(logins, TERMS, state), 'accepted')
      }
    })
  }

  it('is spent once, by one of fifty', async () => {
    const { logins } = makeLogins()
    for (const own of [{}, { state: 'an-own-state-of-27-letters' }]) {
      const { state } = await logins.begin(TERMS, { redirect_uri: FIRST, ...own })
      const reasons = await Promise.all(Array.from({ length: 50 }, () => reasonOf(logins, TERMS, state)))
      assert.equal(reasons.filter((reason) => reason === 'accepted').length, 1)
      assert.equal(reasons.filter((reason) => reason === 'used').length, 49)
    }
  })

  it('may come back for 15 minutes, and stays spent past that by twice the tolerance', async () => {
    const { logins, clock } = makeLogins()
    const begun = clock.ms
    const [early, late] = [
      await logins.begin(TERMS, { redirect_uri: FIRST }),
      await logins.begin(TERMS, { redirect_uri: FIRST }),
    ]
    clock.ms = begun + 899_999
    assert.equal(await reasonOf(logins, TERMS, early.state), 'accepted')
    clock.ms = begun + 900_000
    assert.equal(await reasonOf(logins, TERMS, late.state), 'expired')
    // A node whose clock is behind still finds it spent.
    clock.ms = begun
    assert.equal(await reasonOf(logins, TERMS, early.state), 'used')
  })

  it('keeps the state and the nonce of a caller as long, so that neither can be given again', async () => {
    const { logins, clock } = makeLogins()
    const own = {
      redirect_uri: FIRST,
      state: 'an-own-state-of-27-letters',
      nonce: 'an-own-nonce-of-27-letters',
    }
    await logins.begin(TERMS, own)
    // The login has expired, but not for a node whose clock is behind.
    clock.ms += (LIMITS.login_seconds + 2 * LIMITS.clock_tolerance_seconds - 1) * 1_000
    for (const again of [{ state: own.state }, { nonce: own.nonce }]) {
      await assert.rejects(logins.begin(TERMS, { redirect_uri: FIRST, ...again }), { code: 'state_in_use' })
    }
  })

  it('stays spent until then also where it was swept by a clock that is ahead', async () => {
    const { logins, clock, store } = makeLogins()
    const { state } = await logins.begin(TERMS, { redirect_uri: FIRST })
    await logins.spend(TERMS, state, undefined)
    const begun = clock.ms
    clock.ms = begun + (LIMITS.login_seconds + LIMITS.clock_tolerance_seconds) * 1_000
    await store.sweep()
    clock.ms = begun + LIMITS.login_seconds * 1_000 - 1
    assert.equal(await reasonOf(logins, TERMS, state), 'used')
  })

  it('is on the disk before it is answered, as far as it may not be repeated', async () => {
    const durable = new Map<string | undefined, boolean>()
    const { logins } = makeLogins(randomBytes(32), (key, write) =>
      durable.set(key.split('/')[0], write.durable),
    )
    const own = { state: 'an-own-state-of-27-letters', nonce: 'an-own-nonce-of-27-letters' }
    const login = await logins.begin(TERMS, { redirect_uri: FIRST, ...own })
    await logins.inspect(TERMS, login.state, undefined)
    const spent = await logins.spend(TERMS, login.state, undefined)
    const tokens = {
      access_token: 'a',
      expires_in: 60,
      id_token: 'i',
      sub: 's',
      refresh_token: 'r',
      original: ORIGINAL,
    }
    await logins.remember(TERMS, spent, tokens, { last: true })
    assert.deepEqual(Object.fromEntries(durable), {
      login: true,
      nonce: true,
      spent: true,
      access_token: false,
      refresh_token: false,
      login_nonce: false,
      inspected: false,
      id_token: false,
      hint: false,
      last_id_token: false,
    })
  })

  it('is looked at once before it is spent, and is not spent thereby', async () => {
    const { logins } = makeLogins()
    for (const own of [{}, { state: 'an-own-state-of-27-letters' }]) {
      const begun = await logins.begin(TERMS, { redirect_uri: FIRST, ...own })
      const looks = await Promise.allSettled(
        Array.from({ length: 20 }, () => logins.inspect(TERMS, begun.state, undefined)),
      )
      const seen = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []))
      assert.deepEqual(seen, [begun])
      await assert.rejects(logins.inspect(TERMS, begun.state, undefined), { code: 'state_validated' })
      const { asked_at: _, redeemed_at: __, ...spent } = await logins.spend(TERMS, begun.state, undefined)
      assert.deepEqual(spent, begun)
      await assert.rejects(logins.inspect(TERMS, begun.state, undefined), { code: 'invalid_state' })
    }
  })

  it('is not looked at from another site, when it is made up, or once it has expired', async () => {
    const { logins, clock } = makeLogins()
    const { state } = await logins.begin(TERMS, { redirect_uri: FIRST })
    const invalid = { code: 'invalid_state' }
    await assert.rejects(logins.inspect({ ...TERMS, oxd_id: 'site2' }, state, undefined), invalid)
    await assert.rejects(logins.inspect(TERMS, `${state.slice(0, -2)}AA`, undefined), invalid)
    clock.ms += 900_000
    await assert.rejects(logins.inspect(TERMS, state, undefined), invalid)
    clock.ms -= 1_000
    assert.equal((await logins.inspect(TERMS, state, undefined)).state, state)
  })

  it('is known by its nonce for a day, at its own site', async () => {
    const { logins, clock } = makeLogins()
    const login = await comeBack(logins)
    assert.equal(await logins.knowsNonce(TERMS, login.nonce), false, 'before it came back')
    const tokens = { access_token: 'a', expires_in: 60, id_token: 'i', sub: 's', original: ORIGINAL }
    await logins.remember(TERMS, login, tokens, { last: false })
    assert.equal(await logins.knowsNonce({ ...TERMS, oxd_id: 'site2' }, login.nonce), false)
    clock.ms += LIMITS.tokens_seconds_max * 1_000 - 1_000
    assert.equal(await logins.knowsNonce(TERMS, login.nonce), true)
    clock.ms += 1_000
    assert.equal(await logins.knowsNonce(TERMS, login.nonce), false)
  })

  it('is known by its refresh token for 30 days, at its own site', async () => {
    const { logins, clock } = makeLogins()
    const login = await comeBack(logins)
    const tokens = {
      access_token: 'a',
      expires_in: 60,
      id_token: 'i',
      sub: 's',
      refresh_token: 'r',
      original: ORIGINAL,
    }
    await logins.remember(TERMS, login, tokens, { last: false })
    const { login_id, nonce } = login
    assert.deepEqual(await logins.knownRefresh(TERMS, 'r'), { sub: 's', login_id, nonce, original: ORIGINAL })
    assert.equal(await logins.knownRefresh({ ...TERMS, oxd_id: 'site2' }, 'r'), undefined)
    assert.equal(await logins.knownRefresh(TERMS, 'a'), undefined, 'an access token is none')
    clock.ms += LIMITS.refresh_tokens_seconds * 1_000 - 1_000
    assert.notEqual(await logins.knownRefresh(TERMS, 'r'), undefined)
    clock.ms += 1_000
    assert.equal(await logins.knownRefresh(TERMS, 'r'), undefined)
  })

  it('writes one record when it comes back, and none before', async () => {
    const { logins, engine } = makeLogins()
    const count = async (): Promise<number> => (await engine.list('', { limit: 100 })).length
    const { state } = await logins.begin(TERMS, { redirect_uri: FIRST })
    assert.equal(await count(), 0)
    await logins.spend(TERMS, state, undefined)
    assert.equal(await count(), 1)
  })

  it('has a nonce and a verifier that only the key gives', async () => {
    const { logins, keys } = makeLogins()
    const { state, nonce, code_verifier } = await logins.begin(TERMS, { redirect_uri: FIRST })
    assert.equal(nonce, keys.mac('login nonce', state).toString('base64url'))
    assert.equal(code_verifier, keys.mac('login verifier', state).toString('base64url'))
  })

  it('leaves its ID Token as the last one only where that is wanted', async () => {
    const { logins } = makeLogins()
    const login = await comeBack(logins)
    const tokens = { access_token: 'a', expires_in: 60, id_token: 'i', sub: 's', original: ORIGINAL }
    await logins.remember(TERMS, login, tokens, { last: false })
    assert.equal(await logins.lastIdToken(TERMS), undefined)
    await logins.remember(TERMS, login, tokens, { last: true })
    assert.equal(await logins.lastIdToken(TERMS), 'i')
    assert.equal(await logins.lastIdToken({ ...TERMS, oxd_id: 'site2' }), undefined)
  })

  it('has nonce, verifier and id that do not tell each other', async () => {
    const { logins } = makeLogins()
    const { state, nonce, code_verifier, login_id } = await logins.begin(TERMS, { redirect_uri: FIRST })
    const values = [state, nonce, code_verifier, login_id]
    for (const one of values) {
      for (const other of values) assert.ok(one === other || !one.includes(other.slice(0, 12)))
    }
    assert.ok(state.length <= LIMITS.state_characters_max)
    assert.match(code_verifier, /^[\w-]{43}$/)
  })
})
