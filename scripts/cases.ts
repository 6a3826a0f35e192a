// `npm run cases [-- ID…]`: plays the cases of the OP that misbehaves, and prints the score.
// With --write, and all cases, the figures go into the README.
import { readFileSync, writeFileSync } from 'node:fs'
import { runCases } from '../src/testing/cases/run.ts'
import { scoreOf } from '../src/testing/cases/score.ts'
import { startStage } from '../src/testing/cases/stage.ts'
import { AREAS } from '../test/cases/index.ts'
import { WEAKENED } from '../test/cases/weakened/index.ts'

const README = 'README.md'
const [START, END] = ['<!-- cases: rendered by npm run cases -- --write -->', '<!-- /cases -->']

const args = process.argv.slice(2)
const ids = args.filter((arg) => !arg.startsWith('--'))
const known = AREAS.flatMap(({ cases, left_out = {} }) => [
  ...cases.map(({ id }) => id),
  ...Object.keys(left_out),
])
const unknown = ids.filter((id) => !known.includes(id))
if (unknown.length > 0) {
  process.stderr.write(
    `There is no case ${unknown.join(', ')}. An id is such as ${known[0]}: see test/cases.\n`,
  )
  process.exit(2)
}
const stage = await startStage()
try {
  const results = await runCases(stage, AREAS, ids.length === 0 ? undefined : new Set(ids))
  const { text, page, sum, good } = scoreOf(results, WEAKENED.length)
  process.stdout.write(`${text}\n`)
  process.exitCode = good ? 0 : 1
  if (ids.length === 0) {
    const readme = readFileSync(README, 'utf8')
    const [before, rest] = readme.split(START)
    const after = rest?.split(END)[1]
    if (before === undefined || after === undefined)
      throw new Error(`${README} has lost its markers of cases`)
    if (args.includes('--write')) writeFileSync(README, `${before}${START}\n\n${page}\n\n${END}${after}`)
    else if (!readme.includes(sum))
      process.stdout.write(`${README} has other figures: npm run cases -- --write.\n`)
  }
} finally {
  await stage.close()
}
