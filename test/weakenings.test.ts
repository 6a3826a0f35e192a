// The table of weakened builds fits the sources; the builds themselves are made by `npm run test:long`.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkTable } from '../src/testing/weakened.ts'
import { WEAKENINGS } from './weakenings.ts'

describe('the edits of weakened builds apply to the sources', () => {
  for (const [room, table] of Object.entries(WEAKENINGS)) {
    it(`in the room of ${room}`, async () => {
      assert.deepEqual(await checkTable(table), [])
    })
  }
})
