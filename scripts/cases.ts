// `npm run cases [-- ID…]`: plays the cases of the OP that misbehaves, and prints the score.
import { runCases } from '../src/testing/cases/run.ts'
import { scoreOf } from '../src/testing/cases/score.ts'
import { startStage } from '../src/testing/cases/stage.ts'
import { AREAS } from '../test/cases/index.ts'

const ids = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const stage = await startStage()
try {
  const results = await runCases(stage, AREAS, ids.length === 0 ? undefined : new Set(ids))
  const { text, good } = scoreOf(results)
  process.stdout.write(`${text}\n`)
  process.exitCode = good ? 0 : 1
} finally {
  await stage.close()
}
