// The cases in small: edits of weakened builds apply, every case can fail, and one of each recipe is played.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { checkWeakened } from '../src/testing/cases/sensitivity.ts'
import { AREAS } from './cases/index.ts'
import { WEAKENED } from './cases/weakened/index.ts'

it('every edit applies, and every case has a weakened build that turns it red', async () => {
  assert.deepEqual(await checkWeakened(WEAKENED, AREAS), [])
})

it('a case that is left out is not played as well', () => {
  for (const { cases, left_out = {} } of AREAS)
    for (const { id } of cases) assert.equal(left_out[id], undefined, id)
})

it('who names a case or a weakened build that there is not is told so', () => {
  for (const script of ['cases', 'sensitivity']) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [`scripts/${script}.ts`, 'IDT-03', 'IDT-99'],
      {
        cwd: join(import.meta.dirname, '..'),
        encoding: 'utf8',
      },
    )
    assert.deepEqual({ status, stdout }, { status: 2, stdout: '' })
    assert.match(stderr, /^[^\n]*IDT-99[^\n]*\n$/)
    assert.doesNotMatch(stderr, /IDT-03/)
  }
})
