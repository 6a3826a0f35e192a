// Every case of the OP that misbehaves, and every weakened build.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runCases } from '../src/testing/cases/run.ts'
import { scoreOf } from '../src/testing/cases/score.ts'
import { runSensitivity } from '../src/testing/cases/sensitivity.ts'
import { startStage } from '../src/testing/cases/stage.ts'
import { AREAS } from './cases/index.ts'
import { WEAKENED } from './cases/weakened/index.ts'

it('every case passes', { timeout: 600_000 }, async () => {
  const stage = await startStage()
  try {
    const { good, text } = scoreOf(await runCases(stage, AREAS))
    assert.ok(good, text)
  } finally {
    await stage.close()
  }
})

it('every weakened build turns its cases red', { timeout: 1_200_000 }, async () => {
  assert.deepEqual((await runSensitivity(WEAKENED, AREAS)).problems, [])
})
