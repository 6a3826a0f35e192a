// The score of a run, as a person reads it.
import type { AreaResult, CaseResult } from './run.ts'

const count = (cases: readonly CaseResult[], outcome: CaseResult['outcome']): number =>
  cases.filter((each) => each.outcome === outcome).length

/** The worst of each measure, by its name. */
const worst = (results: readonly AreaResult[]): ReadonlyMap<string, number> => {
  const all = new Map<string, number>()
  for (const { cases } of results)
    for (const { played } of cases)
      for (const { twin, trials } of played)
        for (const [name, value] of [twin, ...trials].flatMap(({ measured }) => [...measured]))
          all.set(name, Math.max(value, all.get(name) ?? 0))
  return all
}

const failuresOf = ({ id, played }: CaseResult): string[] =>
  played.flatMap(({ row, twin, trials }) =>
    [twin, ...trials].flatMap(({ wrong, failures }) =>
      failures.map((failure) => `${id} ${wrong ?? 'TWIN'} (${row.title}): ${failure}`),
    ),
  )

export const scoreOf = (
  results: readonly AreaResult[],
): { readonly text: string; readonly good: boolean } => {
  const cases = results.flatMap((area) => area.cases)
  const trials = cases.flatMap(({ played }) => played.flatMap((each) => each.trials))
  const [passed, invalid] = [count(cases, 'passed'), count(cases, 'invalid')]
  const lines = results.flatMap(({ area, cases: here }) => {
    if (here.length === 0) return []
    const left = Object.entries(area.left_out ?? {}).map(([id, why]) => `  ${id} is left out: ${why}`)
    return [`${area.name.padEnd(36)} ${count(here, 'passed')}/${here.length}`, ...left]
  })
  const measures = [...worst(results)].map(([name, value]) => `${name} ${Math.round(value)}`).join(', ')
  const text = [
    ...cases.flatMap(failuresOf),
    ...lines,
    `${passed}/${cases.length} cases passed, ${invalid} invalid; ${trials.length} trials, each after its twin.`,
    `Worst: ${measures}.`,
  ].join('\n')
  return { text, good: passed === cases.length }
}
