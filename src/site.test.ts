// The record of a site: on the disk before it is answered, and changed by one at a time.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { LIMITS } from './limits.ts'
import { sitesOf, type Site } from './site.ts'
import { settingsFrom } from './site_settings.ts'
import type { Engine } from './store/engine.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { realWorld } from './world.ts'

const SITE: Site = {
  oxd_id: 'site',
  op_host: 'https://op.example.com',
  issuer: 'https://op.example.com',
  discovery_url: 'https://op.example.com/.well-known/openid-configuration',
  version: 1,
  settings: settingsFrom('site', { authorization_redirect_uri: 'https://client.example.com/callback' }),
  client: {
    client_id: 'client',
    client_secret: 'a secret',
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'RS256',
    by_hand: false,
  },
}

const makeSites = () => {
  const durable: boolean[] = []
  const engine = createMemoryEngine(() => 1_700_000_000)
  let failing = false
  let failures = 0
  let taken: string | undefined
  let held: { readonly kind: string; readonly until: Promise<void> } | undefined
  const write: Engine['write'] = async (key, record) => {
    if (failing || failures > 0) {
      failures -= 1
      throw new Error('the disk is full')
    }
    durable.push(record.durable)
    const outcome = await engine.write(key, record)
    if (taken !== undefined && key.startsWith(`${taken}/`)) {
      await engine.remove(key)
      return 'conflict'
    }
    if (held === undefined || !key.startsWith(`${held.kind}/`)) return outcome
    const { until } = held
    held = undefined
    await until
    return outcome
  }
  /** The next write of this kind is made at once, and answered when the disk has it: when that is said. */
  const hold = (kind: string): (() => void) => {
    const { promise: until, resolve } = Promise.withResolvers<void>()
    held = { kind, until }
    return resolve
  }
  const store = createStore(
    { ...engine, write },
    createKeys(randomBytes(32)),
    realWorld(() => {}),
    LIMITS,
  )
  const fail = (now: boolean) => {
    failing = now
    failures = 0
  }
  const failOnce = () => void (failures = 1)
  /** Others always come and go in between. */
  const overtake = (kind: string) => void (taken = kind)
  // The other one is that of another process.
  return {
    store,
    sites: sitesOf(store, LIMITS),
    other: sitesOf(store, LIMITS),
    durable,
    fail,
    failOnce,
    hold,
    overtake,
  }
}

/** All that waits for nothing has been done. */
const settled = () => delay(1)

describe('the record of a site', () => {
  it('is on the disk before it is answered', async () => {
    const { sites, durable } = makeSites()
    await sites.insert(SITE)
    await sites.replace({ ...SITE, version: 2 })
    // The first with the entry under which its client is found.
    assert.deepEqual(durable, [true, true, true])
    assert.equal((await sites.get('site'))?.version, 2)
  })

  it('is not lost when the store fails: it is known, and written at the next occasion', async () => {
    const { sites, fail, store } = makeSites()
    await sites.insert(SITE)
    fail(true)
    await assert.rejects(sites.replace({ ...SITE, version: 2 }), /disk/)
    assert.equal((await sites.get('site'))?.version, 2)
    await assert.rejects(sites.flush(), /disk/)
    fail(false)
    await sites.flush()
    assert.equal(
      (await sitesOf(store, LIMITS).get('site'))?.version,
      2,
      'another reader of the store sees it',
    )
  })

  it('is not overtaken by what could not be written before', async () => {
    const { sites, fail, hold } = makeSites()
    await sites.insert(SITE)
    fail(true)
    const moved = { ...SITE, client: { ...SITE.client, client_id: 'moved' } }
    await assert.rejects(() => sites.replace({ ...moved, version: 2 }), /disk is full/)
    fail(false)
    const release = hold('client_sites')
    const flushed = sites.flush()
    await settled()
    const changed = sites.inTurn('site', () => sites.replace({ ...moved, version: 3 }))
    await settled()
    release()
    await Promise.all([flushed, changed])
    assert.equal((await sites.get('site'))?.version, 3)
  })

  it('is written later, though another one still cannot be', async () => {
    const { sites, other, fail, failOnce } = makeSites()
    const ids = ['a', 'b', 'c']
    for (const oxd_id of ids) await sites.insert({ ...SITE, oxd_id })
    fail(true)
    for (const oxd_id of ids)
      await assert.rejects(() => sites.replace({ ...SITE, oxd_id, version: 2 }), /disk is full/)
    fail(false)
    failOnce()
    await assert.rejects(() => sites.flush(), /disk is full/)
    const versions = await Promise.all(ids.map(async (oxd_id) => (await other.get(oxd_id))?.version))
    assert.deepEqual(versions.sort(), [1, 2, 2])
  })

  it('is changed by one at a time, though some fail; other sites do not wait', async () => {
    const { sites } = makeSites()
    const said: string[] = []
    const change = (name: string, fails = false) =>
      sites.inTurn(name.charAt(0), async () => {
        said.push(`${name} begins`)
        await delay(2)
        said.push(`${name} ends`)
        if (fails) throw new Error('no')
      })
    await Promise.allSettled([change('a1'), change('a2', true), change('a3'), change('b1')])
    assert.deepEqual(
      said.filter((line) => line.startsWith('a')),
      ['a1 begins', 'a1 ends', 'a2 begins', 'a2 ends', 'a3 begins', 'a3 ends'],
    )
    assert.ok(said.indexOf('b1 begins') < said.indexOf('a1 ends'))
  })

  it('is not said to be entered when others are always faster', async () => {
    const { sites, overtake } = makeSites()
    overtake('client_sites')
    await assert.rejects(() => sites.insert(SITE), { code: 'site_changed' })
    assert.equal(await sites.get('site'), undefined)
  })

  it('is found by its client, also when it comes while the last one of that client goes', async () => {
    const { sites, other, hold } = makeSites()
    const { issuer } = SITE
    await sites.insert(SITE)
    // It comes after the one who goes has left the list, and before the list is gone.
    const left = hold('client_sites')
    const removed = sites.remove('site')
    await settled()
    await other.insert({ ...SITE, oxd_id: 'newcomer' })
    left()
    await removed
    assert.equal((await sites.ofClient(issuer, 'client'))?.oxd_id, 'newcomer')
    // The list is there when it comes, and gone when it writes itself into it.
    const found = hold('client_sites')
    const inserted = sites.insert({ ...SITE, oxd_id: 'third' })
    await settled()
    await other.remove('newcomer')
    found()
    await inserted
    assert.equal((await sites.ofClient(issuer, 'client'))?.oxd_id, 'third')
  })

  it('is found by its client, also when another site of the same client goes or moves', async () => {
    const { sites } = makeSites()
    const found = async (client_id = 'client') => (await sites.ofClient(SITE.issuer, client_id))?.oxd_id
    const [first, second, third] = ['a', 'b', 'c'].map((oxd_id): Site => ({ ...SITE, oxd_id })) as [
      Site,
      Site,
      Site,
    ]
    for (const site of [first, second, third]) await sites.insert(site)
    assert.equal(await found(), 'a', 'whoever comes later takes nothing away')
    await sites.remove('b')
    assert.equal(await found(), 'a')
    await sites.replace({ ...first, client: { ...first.client, client_id: 'other' } })
    assert.deepEqual([await found(), await found('other')], ['c', 'a'])
    assert.equal(await sites.hasClient('https://another.example.com', 'client'), false)
    await sites.remove('c')
    assert.equal(await sites.hasClient(SITE.issuer, 'client'), false)
    await sites.insert(second)
    assert.equal(await found(), 'b')
  })
})
