// The daemon under test, in a process of its own: so its memory and its event loop can be watched, and its sources be weakened.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Limits } from '../../limits.ts'
import { startTestDaemon } from '../daemon.ts'
import { fenceIn } from './fence.ts'
import { namesLookup } from './names.ts'

export interface ChildSettings {
  readonly argv: readonly string[]
  readonly limits: Partial<Limits>
  readonly ahead_ms: number
  /** With a public listener. */
  readonly reachable: boolean
}

/** What the parent asks, and what it gets. */
export interface Asked {
  /** The log since this line. */
  readonly log: number
  /** How far the clock is ahead of that of the OP, from now on. */
  readonly ahead_ms: number
  /** `watch`: memory is watched from now on, it is tidied first; `log`: nothing else is told, and what is watched goes on. */
  readonly about: 'all' | 'watch' | 'log'
}
/** Where it listens. */
export interface Started {
  readonly port: number
  readonly public_port: number
}
export interface Told {
  readonly log: readonly string[]
  /** By how much memory grew at most since the last question, and the longest time for which the event loop stood still. */
  readonly growth_bytes: number
  readonly lag_ms: number
  /** Members that every object has, and none should. */
  readonly polluted: readonly string[]
  /** Addresses outside of this machine to which it would have connected. */
  readonly outside: readonly string[]
}

const SAMPLE_MS = 5
const NANOSECONDS = 1e6

/** What an object has that has nothing of its own. */
const inherited = (object: object): string[] => {
  const names: string[] = []
  for (const name in object) names.push(name)
  return names
}

const start = async ({ argv, limits, reachable, ...clock }: ChildSettings): Promise<void> => {
  const outside = fenceIn()
  let { ahead_ms } = clock
  const daemon = await startTestDaemon({
    ...(reachable ? { public: true } : {}),
    argv,
    limits,
    now: () => Date.now() + ahead_ms,
    lookup: namesLookup(),
  })
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  delay.enable()
  let base = process.memoryUsage.rss()
  let peak = base
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  setInterval(sample, SAMPLE_MS)
  // The parent alone writes here.
  process.on('message', ({ log, about, ...asked }: Asked) => {
    sample()
    ahead_ms = asked.ahead_ms
    const told: Told = {
      log: daemon.log.slice(log).map((line) => JSON.stringify(line)),
      growth_bytes: peak - base,
      lag_ms: delay.max / NANOSECONDS,
      polluted: inherited({}),
      outside: [...outside],
    }
    if (about === 'log') return void process.send?.(told)
    if (about === 'watch') globalThis.gc?.()
    base = process.memoryUsage.rss()
    peak = base
    delay.reset()
    outside.clear()
    process.send?.(told)
  })
  const { port, public_port = 0 } = daemon
  process.send?.({ port, public_port } satisfies Started)
}

process.once('disconnect', () => process.exit())
process.once('message', (settings: ChildSettings) => void start(settings))
