// Runs cases: each row's twin first, then its faults; rows side by side, watched ones alone at the end.
import type { FaultName } from '../faults/index.ts'
import type { Area, Case } from './case.ts'
import { play, type Trial, type Wrong } from './play.ts'
import type { Stage } from './stage.ts'

const SIDE_BY_SIDE = 6

export interface Played {
  readonly row: Case
  readonly twin: Trial
  /** None, if the twin failed. */
  readonly trials: readonly Trial[]
}

export interface CaseResult {
  readonly id: string
  /** `invalid`: a twin failed, so that nothing can be said. */
  readonly outcome: 'passed' | 'failed' | 'invalid'
  readonly played: readonly Played[]
}

export interface AreaResult {
  readonly area: Area
  readonly cases: readonly CaseResult[]
}

// The keys of such a table are names of faults, as its type says.
const wrongsOf = ({ refused = {}, accepted = [], attacks = {}, harmless = [] }: Case): readonly Wrong[] => [
  ...[...(Object.keys(refused) as FaultName[]), ...accepted].map((fault) => ({ fault })),
  ...[...Object.keys(attacks), ...harmless].map((attack) => ({ attack })),
]

const playRow = async (stage: Stage, row: Case): Promise<Played> => {
  const twin = await play(stage, row, undefined)
  const trials: Trial[] = []
  if (twin.failures.length === 0) {
    const { failures_max } = stage.patience
    for (const wrong of wrongsOf(row)) {
      if (trials.filter(({ failures }) => failures.length > 0).length >= failures_max) break
      trials.push(await play(stage, row, wrong))
    }
  }
  return { row, twin, trials }
}

const outcomeOf = (played: readonly Played[]): CaseResult['outcome'] => {
  if (played.some(({ twin }) => twin.failures.length > 0)) return 'invalid'
  return played.every(({ trials }) => trials.every(({ failures }) => failures.length === 0))
    ? 'passed'
    : 'failed'
}

const each = async <T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}

/** Plays the cases of these areas, or those of them that are named. */
export const runCases = async (
  stage: Stage,
  areas: readonly Area[],
  ids?: ReadonlySet<string>,
): Promise<readonly AreaResult[]> => {
  const rows = areas.flatMap(({ cases }) => cases).filter(({ id }) => ids?.has(id) ?? true)
  const unwatched = rows.filter(({ watched }) => watched !== true)
  const watched = rows.filter((row) => row.watched === true)
  const played = [
    ...(await each(unwatched, SIDE_BY_SIDE, (row) => playRow(stage, row))),
    ...(await each(watched, 1, (row) => playRow(stage, row))),
  ]
  // A case whose rows stand in several areas is counted once: in the last one.
  const homes = new Map(areas.flatMap((area) => area.cases.map(({ id }) => [id, area])))
  return areas.map((area) => {
    const inArea = [...homes.keys()].filter((id) => homes.get(id) === area && (ids?.has(id) ?? true))
    const cases = inArea.map((id) => {
      const ofCase = played.filter(({ row }) => row.id === id)
      return { id, outcome: outcomeOf(ofCase), played: ofCase }
    })
    return { area, cases }
  })
}
