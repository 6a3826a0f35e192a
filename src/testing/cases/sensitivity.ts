// Proves that cases can fail: plays them at daemons from which one defence was taken out.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkEdit, type LineEdit } from '../weakened.ts'
import type { Area } from './case.ts'
import { runCases } from './run.ts'
import { startStage } from './stage.ts'

export interface WeakenedCase extends LineEdit {
  /** What is missing then, and unique in the table. */
  readonly name: string
  /** Where a second line upholds the same by itself; says why in a comment beside the row. */
  readonly also?: readonly LineEdit[]
  /** The cases that must fail then. */
  readonly turns_red: readonly string[]
}

export interface Sensitivity {
  readonly builds: number
  /** Trials that failed in some build, as `IDT-01 iss_suffixed`. */
  readonly killed: ReadonlySet<string>
  readonly problems: readonly string[]
}

const CEILING_MS = 5_000
/** Enough to see that a case can fail. */
const FAILURES_MAX = 3
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * A row of a table: what is missing, the line, what replaces it, the cases (with spaces between them); and, where another line of the
 * file upholds the same by itself, that line and what replaces it.
 */
export type Row = readonly [
  name: string,
  line: string,
  replace_by: string,
  turns_red: string,
  also?: readonly (readonly [line: string, replace_by: string])[],
]

/** The rows of one source file. */
export const weakenedCases = (file: string, rows: readonly Row[]): readonly WeakenedCase[] =>
  rows.map(([name, line, replace_by, turns_red, also = []]) => ({
    name,
    file,
    line,
    replace_by,
    turns_red: turns_red.split(' '),
    also: also.map(([line, replace_by]) => ({ file, line, replace_by })),
  }))

const editsOf = ({ file, line, replace_by, also = [] }: WeakenedCase): readonly LineEdit[] => [
  { file, line, replace_by },
  ...also,
]

/** What is wrong with the table, found without running anything: edits that do not apply, cases that nobody can fail. */
export const checkWeakened = async (
  table: readonly WeakenedCase[],
  areas: readonly Area[],
): Promise<string[]> => {
  const problems: string[] = []
  const names = table.map(({ name }) => name)
  const ids = new Set(areas.flatMap(({ cases }) => cases.map(({ id }) => id)))
  for (const [index, row] of table.entries()) {
    const say = (what: string): number => problems.push(`${row.name}: ${what}`)
    if (names.indexOf(row.name) !== index) say('the name stands twice in the table')
    for (const id of row.turns_red) if (!ids.has(id)) say(`there is no case ${id}`)
    for (const edit of editsOf(row)) for (const problem of await checkEdit(edit, ROOT)) say(problem)
  }
  const red = new Set(table.flatMap(({ turns_red }) => turns_red))
  for (const id of ids) if (!red.has(id)) problems.push(`${id}: no weakened build turns it red`)
  return problems
}

/**
 * Makes each weakened build and demands that its cases fail there, while their twins pass.
 * @param tell is called after each build
 */
export const runSensitivity = async (
  table: readonly WeakenedCase[],
  areas: readonly Area[],
  tell: (name: string, red: readonly string[], problems: readonly string[]) => void = () => {},
): Promise<Sensitivity> => {
  const problems: string[] = []
  const killed = new Set<string>()
  const folder = await mkdtemp(join(tmpdir(), 'sensitivity-'))
  const queue = table.entries()
  const worker = async (): Promise<void> => {
    // Where a defence is missing, cases may hang.
    const stage = await startStage({ ceiling_ms: CEILING_MS, measures: 1, failures_max: FAILURES_MAX })
    try {
      for (const [index, row] of queue) {
        const edits = editsOf(row).map((edit, at) => ({
          path: resolve(ROOT, edit.file),
          line: edit.line,
          replace_by: edit.replace_by,
          report: join(folder, `${index}-${at}`),
        }))
        await stage.weaken(edits)
        const results = (await runCases(stage, areas, new Set(row.turns_red))).flatMap(({ cases }) => cases)
        const red = results.flatMap(({ id, played }) =>
          played.flatMap(({ trials }) =>
            trials.flatMap(({ wrong, failures }) => (failures.length > 0 ? [`${id} ${wrong}`] : [])),
          ),
        )
        const wrong = results.flatMap(({ id, outcome, played }) => {
          if (outcome === 'passed') return [`${id} stays green`]
          if (outcome === 'failed') return []
          return [`${id} is invalid: ${played.flatMap(({ twin }) => twin.failures).join('; ')}`]
        })
        for (const { report, path } of edits) if (!existsSync(report)) wrong.push(`${path} was never loaded`)
        for (const trial of red) killed.add(trial)
        problems.push(...wrong.map((what) => `${row.name}: ${what}`))
        tell(row.name, red, wrong)
      }
    } finally {
      await stage.close()
    }
  }
  try {
    await Promise.all([worker(), worker()])
  } finally {
    await rm(folder, { recursive: true })
  }
  return { builds: table.length, killed, problems }
}
