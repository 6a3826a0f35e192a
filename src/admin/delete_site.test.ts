// delete_site: one site is forgotten, in turn with what else changes it, and no other.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { siteCalled, startAdministration } from '../testing/administration.ts'

it('delete_site forgets the site that is meant, once', async () => {
  const admin = startAdministration()
  await admin.sites.insert(siteCalled('abcd-one', 'One'))
  await admin.sites.insert(siteCalled('abcd-two', 'Two'))
  assert.equal(await admin.refusal('delete_site', { oxd_id: 'abcd' }), 'invalid_request')
  const { site } = await admin.ok('delete_site', { oxd_id: 'abcd-o' })
  assert.equal((site as Record<string, unknown>).client_name, 'One')
  assert.equal(await admin.sites.get('abcd-one'), undefined)
  assert.notEqual(await admin.sites.get('abcd-two'), undefined)
  assert.equal(await admin.refusal('delete_site', { oxd_id: 'abcd-one' }), 'unknown_site')
  const twice = await Promise.all([1, 2].map(() => admin.ask('delete_site', { oxd_id: 'abcd-two' })))
  assert.deepEqual(twice.map(({ status }) => status).sort(), ['error', 'ok'])
  await admin.close()
})
