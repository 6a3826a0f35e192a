// `npm run check`: types, doors, format, lint, and the documentation in step with the code.
import { spawnSync } from 'node:child_process'

const CHECKS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  // By its path: a generator among the tests' packages brings an older one of the same name.
  ['types', process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.'],
  ['doors', process.execPath, 'scripts/tidy.ts'],
  ['format', 'oxfmt', '--check', '.'],
  ['lint', 'oxlint', '--deny-warnings'],
  ['documentation', process.execPath, 'scripts/docs.ts', '--check'],
]

for (const [name, command, ...args] of CHECKS) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}\n`)
  if (status !== 0) {
    process.stdout.write(`${stdout}${stderr}`)
    process.exitCode = 1
  }
}
