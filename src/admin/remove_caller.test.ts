// remove_caller: its keys are worth nothing, its sites stay.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { siteCalled, startAdministration } from '../testing/administration.ts'

it('remove_caller ends all keys of a caller, and touches no site', async () => {
  const admin = startAdministration()
  await admin.sites.insert(siteCalled('site-one', 'Shop'))
  const { key: old } = await admin.callers.add('shop', ['site-one'])
  const { key } = await admin.callers.rotate('shop')
  await admin.ok('remove_caller', { name: 'shop' })
  assert.equal(await admin.callers.ofKey(old), undefined)
  assert.equal(await admin.callers.ofKey(key), undefined)
  assert.notEqual(await admin.sites.get('site-one'), undefined)
  assert.equal(await admin.refusal('remove_caller', { name: 'shop' }), 'unknown_caller')
  await admin.close()
})
