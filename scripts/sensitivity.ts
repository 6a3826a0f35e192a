// `npm run test:sensitivity [-- NAME…]`: plays cases at daemons from which one defence was taken out; each must turn its cases red.
import { checkWeakened, runSensitivity } from '../src/testing/cases/sensitivity.ts'
import { AREAS } from '../test/cases/index.ts'
import { WEAKENED } from '../test/cases/weakened/index.ts'

const words = process.argv.slice(2)
const table = WEAKENED.filter(
  ({ name, turns_red }) =>
    words.length === 0 || words.some((word) => name.includes(word) || turns_red.includes(word)),
)
const unknown = words.filter(
  (word) => !WEAKENED.some(({ name, turns_red }) => name.includes(word) || turns_red.includes(word)),
)
if (unknown.length > 0) {
  process.stderr.write(`No weakened build is named so, or turns such a case red: ${unknown.join(', ')}.\n`)
  process.exit(2)
}
const problems = await checkWeakened(WEAKENED, AREAS)
if (problems.length > 0 && words.length === 0) {
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exitCode = 1
} else {
  const started = performance.now()
  const { builds, killed, problems } = await runSensitivity(table, AREAS, (name, red, wrong) => {
    const sign = wrong.length === 0 ? 'ok    ' : 'FAILED'
    process.stdout.write(
      `${sign} ${name}: ${red.join(', ')}${wrong.map((what) => `\n       ${what}`).join('')}\n`,
    )
  })
  const seconds = Math.round((performance.now() - started) / 1000)
  process.stdout.write(
    `${builds} weakened builds in ${seconds} s, ${killed.size} trials turned red, ${problems.length} problems.\n`,
  )
  process.exitCode = problems.length === 0 ? 0 : 1
}
