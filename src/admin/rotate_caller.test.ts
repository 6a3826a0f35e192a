// rotate_caller: a new key beside the one before.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startAdministration } from '../testing/administration.ts'

it('rotate_caller gives a new key, and the one before stays good', async () => {
  const admin = startAdministration()
  const { key: old } = await admin.callers.add('shop', 'all')
  const { key, caller } = await admin.ok('rotate_caller', { name: 'shop' })
  assert.equal((await admin.callers.ofKey(old))?.name, 'shop')
  assert.equal((await admin.callers.ofKey(String(key)))?.name, 'shop')
  assert.equal((caller as { credentials: unknown[] }).credentials.length, 2)
  assert.equal(await admin.refusal('rotate_caller', { name: 'nosuch' }), 'unknown_caller')
  await admin.close()
})
