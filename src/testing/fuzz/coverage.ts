// Which branches of the sources have run: counted by V8 itself, in this thread, without an instrumented build.
import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'

export interface Coverage {
  /** The branches that have run since the last call, each with how often: roughly, from 1 for once to 7 for often. */
  readonly take: () => ReadonlyMap<string, number>
  readonly stop: () => void
}

const STEPS = [1, 2, 3, 7, 15, 127]
/** Once, twice, a few times, often: a loop that runs longer is news, one more round is not. */
const roughly = (count: number): number => {
  const step = STEPS.findIndex((most) => count <= most)
  return (step === -1 ? STEPS.length : step) + 1
}

/**
 * Counts the branches of the scripts whose URL `counts`, from now on; scripts that are loaded later count, too.
 *
 * V8 reports nested ranges and leaves out those whose count is that of the range around them, so that one branch has many
 * descriptions. What is compared is therefore the count at each offset at which a range was ever seen to begin or end.
 */
export const startCoverage = (counts: (url: string) => boolean): Coverage => {
  const session = new Session()
  session.connect()
  /** Within one thread the answer is there when `post` returns. */
  const post = <T>(method: string, params: object = {}): T => {
    let result: T | undefined
    session.post(method, params, (error, answer) => {
      if (error !== null) throw new Error(`V8 refuses ${method}: ${error.message}`)
      // The protocol says what each method answers.
      result = answer as T
    })
    if (result === undefined) throw new Error(`V8 did not answer ${method}`)
    return result
  }
  post('Profiler.enable')
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const points = new Map<string, Set<number>>()

  const pointsOf = (name: string, ranges: readonly Profiler.CoverageRange[]): ReadonlySet<number> => {
    const known = points.get(name) ?? new Set()
    for (const { startOffset, endOffset } of ranges) known.add(startOffset).add(endOffset)
    points.set(name, known)
    return known
  }

  return {
    take() {
      const { result } = post<Profiler.TakePreciseCoverageReturnType>('Profiler.takePreciseCoverage')
      const taken = new Map<string, number>()
      for (const { url, scriptId, functions } of result) {
        if (!counts(url)) continue
        for (const { ranges } of functions) {
          const [whole] = ranges
          if (whole === undefined || whole.count === 0) continue
          const name = `${scriptId}:${whole.startOffset}`
          for (const point of pointsOf(name, ranges)) {
            // Ranges come from the outside in: the last one around a point is the innermost.
            const around = ranges.findLast(
              ({ startOffset, endOffset }) => startOffset <= point && point < endOffset,
            )
            if (around !== undefined && around.count > 0) taken.set(`${name}:${point}`, roughly(around.count))
          }
        }
      }
      return taken
    },
    stop() {
      session.disconnect()
    },
  }
}
