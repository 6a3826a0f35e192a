// list_sites: all of them, however many, and none of their secrets.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { SITE_SECRETS, siteCalled, startAdministration } from '../testing/administration.ts'

it('list_sites tells of each site, but no secret', async () => {
  const admin = startAdministration()
  await admin.sites.insert(siteCalled('site-one', 'Shop'))
  await admin.sites.insert(siteCalled('site-two', '\u001b[2J', { client_secret_expires_at: undefined }))
  const reply = await admin.ok('list_sites')
  const rows = (reply.sites as Record<string, unknown>[]).sort((a, b) =>
    String(a.oxd_id) < String(b.oxd_id) ? -1 : 1,
  )
  assert.deepEqual(rows[0], {
    oxd_id: 'site-one',
    client_name: 'Shop',
    issuer: 'https://op.example.com',
    client_id: 'client-of-site-one',
    client_secret_expires: '2030-03-17T17:46:40.000Z',
  })
  assert.equal(rows[1]?.client_secret_expires, null)
  for (const secret of SITE_SECRETS) assert.ok(!JSON.stringify(reply).includes(secret))
  await admin.close()
})

it('list_sites comes in pages that fit, and tells of each site once', async () => {
  const admin = startAdministration({ long_reply_characters_max: 4_000, store_page_records: 3 })
  const names = Array.from({ length: 50 }, (_, at) => `site-${at}`)
  for (const name of names) await admin.sites.insert(siteCalled(name, 'ö'.repeat(30)))
  const seen: string[] = []
  let pages = 0
  for (let cursor: unknown; cursor !== null; pages += 1) {
    const page = await admin.ok('list_sites', cursor === undefined ? {} : { cursor })
    const rows = page.sites as Record<string, unknown>[]
    // As it travels: a sign beyond ASCII is six.
    const sent = JSON.stringify(rows).replaceAll('ö', '\\u00f6')
    assert.ok(sent.length < 4_000, `${sent.length} characters`)
    seen.push(...rows.map(({ oxd_id }) => String(oxd_id)))
    cursor = page.next_cursor
  }
  assert.deepEqual(seen.sort(), names.sort())
  assert.ok(pages > 5)
  await admin.close()
})
