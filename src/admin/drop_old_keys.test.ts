// drop_old_keys: the newest key alone is good.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startAdministration } from '../testing/administration.ts'

it('drop_old_keys leaves the newest key alone', async () => {
  const admin = startAdministration()
  const { key: old } = await admin.callers.add('shop', 'all')
  const { key } = await admin.callers.rotate('shop')
  await admin.ok('drop_old_keys', { name: 'shop' })
  assert.equal(await admin.callers.ofKey(old), undefined)
  assert.equal((await admin.callers.ofKey(key))?.name, 'shop')
  assert.equal(await admin.refusal('drop_old_keys', { name: 'nosuch' }), 'unknown_caller')
  await admin.close()
})
