// `npm run test:interop`: every step that real OPs offer, and the matrix of docs/interop.md. What worked must go on working.
// With --check it writes nothing, and fails when the matrix is not what the run saw. --without NAME leaves an OP out.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { StartError } from '../src/error.ts'
import { regressions, render, withMatrix, type Cell, type Column } from '../test/interop/matrix.ts'
import { OPS, OP_NAMES, type OpName } from '../test/interop/ops.ts'
import { cellOf } from '../test/interop/outcome.ts'
import { STEPS } from '../test/interop/steps.ts'
import type { Subject } from '../test/interop/subject.ts'

const PAGE = 'docs/interop.md'
const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Everything that is wrong with this run. */
const problems: string[] = []

const columnOf = async (subject: Subject): Promise<Column> => {
  const cells = new Map<string, Cell>()
  for (const { name, run } of STEPS) {
    const cell = await cellOf(() => subject.visit(run))
    say(`${subject.title}: ${name}: ${'failed' in cell ? 'FAILED' : cell.result}`)
    if ('failed' in cell) problems.push(`${subject.title}: ${name}: ${cell.failed}`)
    else cells.set(name, cell)
  }
  return { title: subject.title, version: subject.op.version, cells }
}

const columnsOf = async (name: OpName): Promise<readonly Column[]> => {
  const folder = await mkdtemp(join(tmpdir(), `oxd-${name}-`))
  try {
    const { op, subjects } = await OPS[name](folder)
    try {
      const columns: Column[] = []
      // One after the other: these OPs do not bear several logins at once.
      for (const subject of subjects) columns.push(await columnOf(subject))
      return columns
    } finally {
      await op.stop()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { check: { type: 'boolean' }, without: { type: 'string', multiple: true } },
  })
  const { check = false, without = [] } = values
  const unknown = without.find((name) => !OP_NAMES.some((known) => known === name))
  if (unknown !== undefined) throw new StartError(`--without ${unknown}: there are ${OP_NAMES.join(', ')}.`)

  const columns: Column[] = []
  for (const name of OP_NAMES) {
    if (without.includes(name)) say(`${name}: left out, as --without says`)
    else columns.push(...(await columnsOf(name)))
  }
  const page = await readFile(PAGE, 'utf8')
  problems.push(...regressions(page, columns).map((what) => `${what}: worked before`))
  if (without.length === 0 && problems.length === 0) {
    const names = STEPS.map(({ name }) => name)
    const after = withMatrix(page, render(names, columns))
    if (!check) await writeFile(PAGE, after)
    else if (after !== page) problems.push(`${PAGE} is not what this run saw: npm run test:interop writes it`)
  }
  say(problems.length === 0 ? 'Everything that these OPs offer works.' : problems.join('\n'))
  process.exitCode = problems.length === 0 ? 0 : 1
}

try {
  await main()
} catch (error) {
  if (!(error instanceof StartError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
