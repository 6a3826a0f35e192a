// The books of a soak: every call and how it ended, every login and what became of it.
import { createHistogram } from 'node:perf_hooks'

export type Phase = 'quiet' | 'stressed'

/** What became of a login: its tokens came, it was refused by a code, or the user never came back. */
export type Fate = 'completed' | 'left' | `refused: ${string}`

export interface Books {
  /** A command was answered. */
  readonly called: (command: string, outcome: string) => void
  readonly began: (kind: string) => void
  readonly ended: (kind: string, fate: Fate) => void
  /** A command of a healthy tenant took so long. */
  readonly took: (phase: Phase, ms: number) => void
  readonly outcomes: () => ReadonlyMap<string, number>
  readonly logins: () => { readonly begun: number; readonly fates: ReadonlyMap<string, number> }
  /** By kind of login, what became of how many. */
  readonly kinds: () => ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Milliseconds. */
  readonly latency: (phase: Phase) => {
    readonly count: number
    readonly p50: number
    readonly p99: number
    readonly max: number
  }
}

const US = 1_000

export const openBooks = (): Books => {
  const outcomes = new Map<string, number>()
  const fates = new Map<string, number>()
  const kinds = new Map<string, Map<string, number>>()
  const latencies = { quiet: createHistogram(), stressed: createHistogram() }
  let begun = 0
  const add = (map: Map<string, number>, name: string): void => void map.set(name, (map.get(name) ?? 0) + 1)
  return {
    called: (command, outcome) => add(outcomes, `${command} ${outcome}`),
    began() {
      begun += 1
    },
    ended(kind, fate) {
      add(fates, fate)
      const of = kinds.get(kind) ?? new Map<string, number>()
      kinds.set(kind, of)
      add(of, fate)
    },
    took: (phase, ms) => latencies[phase].record(Math.max(1, Math.round(ms * US))),
    outcomes: () => outcomes,
    logins: () => ({ begun, fates }),
    kinds: () => kinds,
    latency(phase) {
      const histogram = latencies[phase]
      return {
        count: histogram.count,
        p50: histogram.percentile(50) / US,
        p99: histogram.percentile(99) / US,
        max: histogram.count === 0 ? 0 : histogram.max / US,
      }
    },
  }
}
