// list_callers: who, what and since when; never a key.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startAdministration } from '../testing/administration.ts'

it('list_callers tells names, sites and the ages of keys', async () => {
  const admin = startAdministration()
  await admin.callers.add('all', 'all')
  const { key } = await admin.callers.add(
    'some',
    Array.from({ length: 150 }, (_, at) => `site-${at}`),
  )
  const { callers, next_cursor } = await admin.ok('list_callers')
  assert.equal(next_cursor, null)
  const rows = (callers as Record<string, unknown>[]).sort((a, b) =>
    String(a.name) < String(b.name) ? -1 : 1,
  )
  assert.deepEqual(
    rows.map(({ name, all_sites, sites, sites_count }) => [
      name,
      all_sites,
      (sites as unknown[]).length,
      sites_count,
    ]),
    [
      ['all', true, 0, null],
      ['some', false, 100, 150],
    ],
  )
  const [credential] = (rows[1] as { credentials: Record<string, unknown>[] }).credentials
  assert.equal(credential?.type, 'key')
  assert.equal(credential?.created, '2027-01-15T08:00:00.000Z')
  assert.ok(!JSON.stringify(rows).includes(key))
  await admin.close()
})
