// add_caller: for which sites must be said, and the key is told this once.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { siteCalled, startAdministration, type Administration } from '../testing/administration.ts'

const ID = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
const OTHER = '6f9700ff-8b86-4011-b42d-00cf4fc964ff'

describe('add_caller', () => {
  let admin: Administration
  beforeEach(async () => {
    admin = startAdministration()
    await admin.sites.insert(siteCalled(ID, 'Shop'))
    await admin.sites.insert(siteCalled(OTHER, 'Other shop'))
  })
  afterEach(() => admin.close())

  it('gives a key for the sites that it is told, also by the beginning of their names', async () => {
    const { key, caller } = await admin.ok('add_caller', { name: 'shop', sites: ['6f96', OTHER, ID] })
    assert.deepEqual((await admin.callers.ofKey(String(key)))?.sites, [ID, OTHER])
    assert.deepEqual((caller as Record<string, unknown>).sites, [ID, OTHER])
    assert.ok(!JSON.stringify(await admin.ok('list_callers')).includes(String(key)))
  })

  it('gives one for all sites when that is said, and not because nothing was', async () => {
    const { key } = await admin.ok('add_caller', { name: 'all', all: true })
    assert.equal((await admin.callers.ofKey(String(key)))?.sites, 'all')
    const { key: bare } = await admin.ok('add_caller', { name: 'new', none: true })
    assert.deepEqual((await admin.callers.ofKey(String(bare)))?.sites, [])
    const mistakes = [
      {},
      { sites: [] },
      { sites: null },
      { all: false },
      { all: true, sites: [ID] },
      { none: true, all: true },
      { none: true, sites: [ID] },
    ]
    for (const params of mistakes) {
      assert.equal(await admin.refusal('add_caller', { name: 'x', ...params }), 'invalid_request')
    }
    assert.equal(await admin.refusal('add_caller', { all: true }), 'missing_parameter')
  })

  it('knows a caller by its certificate alone', async () => {
    const certificate_sha256 = 'ab'.repeat(32)
    const { key } = await admin.ok('add_caller', { name: 'shop', sites: [ID], certificate_sha256 })
    assert.equal(key, null)
    assert.deepEqual((await admin.callers.ofCertificate(certificate_sha256))?.sites, [ID])
    const wrong = { name: 'x', sites: [ID], certificate_sha256: 'AB:CD' }
    assert.equal(await admin.refusal('add_caller', wrong), 'invalid_request')
  })

  it('refuses sites that there are not, or that several could be, and adds nobody then', async () => {
    assert.equal(await admin.refusal('add_caller', { name: 'x', sites: [ID, 'nosuch'] }), 'unknown_site')
    const { data } = await admin.ask('add_caller', { name: 'x', sites: ['6f9'] })
    assert.equal(data.error, 'unknown_site', 'three characters are too few to name a site')
    await admin.sites.insert(siteCalled('6f96aaaa-8b86-4011-b42d-00cf4fc964ff', 'Third'))
    assert.equal(await admin.refusal('add_caller', { name: 'x', sites: ['6f96'] }), 'invalid_request')
    assert.deepEqual((await admin.ok('list_callers')).callers, [])
  })
})
