// `npm test`: every test of the repository, or those that are named; `--long` runs the long ones alone.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'

const args = process.argv.slice(2)
const long = args.includes('--long')
const named = args.filter((arg) => arg !== '--long')
const files = globSync([
  'src/**/*.test.ts',
  'test/**/*.test.ts',
  'examples/**/*.test.ts',
  'scripts/**/*.test.ts',
])
  .filter((file) => !file.includes('/fixtures/'))
  .filter((file) => file.endsWith('.long.test.ts') === long)
// Node leaves one core idle, which on two is half of them; the long tests share the cores out themselves.
const concurrency = long ? [] : [`--test-concurrency=${availableParallelism()}`]
// Hundreds of processes read the same sources: each is compiled once.
const NODE_COMPILE_CACHE = resolve('node_modules/.cache/node')
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-timeout=120000', ...concurrency, ...(named.length > 0 ? named : files.sort())],
  { stdio: 'inherit', env: { NODE_COMPILE_CACHE, ...process.env } },
)
process.exitCode = status ?? 1
