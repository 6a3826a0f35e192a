// The score of a run, as a person reads it, and as it stands in the README.
import type { AreaResult, CaseResult } from './run.ts'

const countOf = (cases: readonly CaseResult[], outcome: CaseResult['outcome']): number =>
  cases.filter((each) => each.outcome === outcome).length
const trialsOf = (cases: readonly CaseResult[]): number =>
  cases.reduce((sum, { played }) => sum + played.reduce((n, { trials }) => n + trials.length, 0), 0)

/** The worst of each measure, by its name. */
const worst = (results: readonly AreaResult[]): ReadonlyMap<string, number> => {
  const all = new Map<string, number>()
  const trials = results.flatMap(({ cases }) =>
    cases.flatMap(({ played }) => played.flatMap((each) => [each.twin, ...each.trials])),
  )
  for (const [name, value] of trials.flatMap(({ measured }) => [...measured]))
    all.set(name, Math.max(value, all.get(name) ?? 0))
  return all
}

/** Measures by the names that cases give them, as a person reads them. */
const MEASURES: readonly (readonly [name: string, text: string, unit: string])[] = [
  ['answer_ms', 'slowest answer', 'ms'],
  ['growth_mib', 'growth of memory', 'MiB'],
  ['lag_ms', 'standstill of the event loop', 'ms'],
  ['jwks_fetches_per_thousand_bad_tokens', 'fetches of the key set for a thousand bad tokens', ''],
]

const failuresOf = ({ id, played }: CaseResult): string[] =>
  played.flatMap(({ row, twin, trials }) =>
    [twin, ...trials].flatMap(({ wrong, failures }) =>
      failures.map((failure) => `${id} ${wrong ?? 'TWIN'} (${row.title}): ${failure}`),
    ),
  )

export interface Score {
  /** For a terminal. */
  readonly text: string
  /** For the README. */
  readonly page: string
  /** What of the page does not hang on the machine; a page without it is out of date. */
  readonly sum: string
  /** Every case was valid and passed. */
  readonly good: boolean
}

/** @param builds how many weakened builds there are */
export const scoreOf = (results: readonly AreaResult[], builds: number): Score => {
  const played = results.filter((area) => area.cases.length > 0)
  const cases = played.flatMap((area) => area.cases)
  const [passed, invalid] = [countOf(cases, 'passed'), countOf(cases, 'invalid')]
  const left = results.flatMap(({ area }) => Object.entries(area.left_out ?? {}))
  const measures = MEASURES.flatMap(([name, text, unit]) => {
    const value = worst(results).get(name)
    return value === undefined ? [] : [`${text} ${Math.round(value)}${unit === '' ? '' : ` ${unit}`}`]
  }).join(', ')
  const sum = `${passed} of ${cases.length} cases passed, ${invalid} invalid: ${trialsOf(cases)} wrong things an OP, a browser or the network does, each right after its twin, in which all is right. ${builds} weakened builds.`
  const table = played.map(
    ({ area, cases: here }) =>
      `| ${area.name} | ${countOf(here, 'passed')}/${here.length} | ${trialsOf(here)} |`,
  )
  const text = [
    ...cases.flatMap(failuresOf),
    ...played.map(
      ({ area, cases: here }) =>
        `${area.name.padEnd(36)} ${String(countOf(here, 'passed')).padStart(3)}/${String(here.length).padEnd(3)} ${trialsOf(here)} trials`,
    ),
    ...left.map(([id, why]) => `${id} is left out: ${why}`),
    sum,
    `Worst: ${measures}.`,
  ].join('\n')
  const page = [
    '| area | cases | trials |',
    '|---|---|---|',
    ...table,
    '',
    sum,
    '',
    `The worst of that run: ${measures}.`,
    ...(left.length === 0 ? [] : ['', 'Left out:', '', ...left.map(([id, why]) => `* ${id}: ${why}`)]),
  ].join('\n')
  return { text, page, sum, good: passed === cases.length }
}
