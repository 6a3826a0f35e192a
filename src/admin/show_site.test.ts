// show_site: everything but the secrets, by the beginning of the oxd_id.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  SITE_SECRETS,
  siteCalled,
  startAdministration,
  type Administration,
} from '../testing/administration.ts'

const ID = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'

describe('show_site', () => {
  let admin: Administration
  beforeEach(() => {
    admin = startAdministration({ store_page_records: 3 })
  })
  afterEach(() => admin.close())

  it('tells all of a site, and of its secrets whether they are there', async () => {
    const further_metadata = { software_statement: 'a.b.c' }
    const site = siteCalled(ID, 'Shop')
    await admin.sites.insert({ ...site, settings: { ...site.settings, further_metadata } })
    const reply = await admin.ok('show_site', { oxd_id: ID })
    const shown = reply.site as Record<string, unknown>
    assert.equal(shown.client_secret, 'yes')
    assert.equal(shown.registration_access_token, 'yes')
    assert.equal(shown.client_secret_expires, '2030-03-17T17:46:40.000Z')
    const settings = shown.settings as Record<string, unknown>
    assert.deepEqual(settings.redirect_uris, ['https://client.example.com/callback'])
    assert.deepEqual(settings.further_metadata, ['software_statement'])
    for (const secret of [...SITE_SECRETS, 'a.b.c']) assert.ok(!JSON.stringify(reply).includes(secret))
    const none = { client_secret: undefined, registration_access_token: undefined }
    await admin.sites.insert(siteCalled('public-client', 'App', none))
    const bare = (await admin.ok('show_site', { oxd_id: 'public-client' })).site as Record<string, unknown>
    assert.deepEqual([bare.client_secret, bare.registration_access_token], ['no', 'no'])
  })

  it('finds a site by a beginning that no other has, and names those that share one', async () => {
    for (let at = 0; at < 20; at += 1) {
      await admin.sites.insert(siteCalled(`${String(at).padStart(2, '0')}00-site`, `Site ${at}`))
    }
    const { site } = await admin.ok('show_site', { oxd_id: '1300' })
    assert.equal((site as Record<string, unknown>).oxd_id, '1300-site')
    await admin.sites.insert(siteCalled('1300-twin', 'Twin'))
    const { data } = await admin.ask('show_site', { oxd_id: '1300' })
    assert.equal(data.error, 'invalid_request')
    assert.match(String(data.error_description), /1300-site/)
    assert.match(String(data.error_description), /1300-twin/)
    // A whole name is meant as it is, however others begin.
    await admin.sites.insert(siteCalled('1300', 'Short'))
    assert.equal(
      ((await admin.ok('show_site', { oxd_id: '1300' })).site as { oxd_id: string }).oxd_id,
      '1300',
    )
    assert.equal(await admin.refusal('show_site', { oxd_id: '070' }), 'unknown_site')
    assert.equal(await admin.refusal('show_site', { oxd_id: 'nosuch' }), 'unknown_site')
    assert.equal(await admin.refusal('show_site', {}), 'missing_parameter')
  })
})
