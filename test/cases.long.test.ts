// Every case of the OP that misbehaves, and every weakened build.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { runCases } from '../src/testing/cases/run.ts'
import { scoreOf } from '../src/testing/cases/score.ts'
import { runSensitivity } from '../src/testing/cases/sensitivity.ts'
import { startStage } from '../src/testing/cases/stage.ts'
import { AREAS } from './cases/index.ts'
import { WEAKENED } from './cases/weakened/index.ts'

const README = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

it('every case passes', { timeout: 600_000 }, async () => {
  const stage = await startStage()
  try {
    const { good, text, sum } = scoreOf(await runCases(stage, AREAS), WEAKENED.length)
    assert.ok(good, text)
    assert.ok(README.includes(sum), `README.md has other figures than ${sum} Run npm run cases -- --write.`)
  } finally {
    await stage.close()
  }
})

it('every weakened build turns its cases red', { timeout: 1_200_000 }, async () => {
  assert.deepEqual((await runSensitivity(WEAKENED, AREAS)).problems, [])
})
