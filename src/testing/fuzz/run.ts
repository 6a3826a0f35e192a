// Shares time among fuzz targets, each in a thread of its own, and notices the thread that does not come back.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { nameOf, seedOf, type Progress } from './fuzzer.ts'
import { SHARED_BYTES, SHARED_HEADER_BYTES, type WorkerAnswer, type WorkerData } from './worker_data.ts'

export interface FuzzOptions {
  readonly targets: readonly string[]
  readonly ms: number
  readonly seed: number
  /** Targets that run at the same time. */
  readonly jobs: number
  readonly onFinding: (target: string, input: Uint8Array, problem: string) => void
  readonly onProgress?: (targets: ReadonlyMap<string, Progress>) => void
}

export interface FuzzResult {
  readonly targets: ReadonlyMap<string, Progress>
  /** By target: inputs that reached something new. */
  readonly kept: ReadonlyMap<string, readonly Uint8Array[]>
}

/** Turns are so long that a target gets far, and so short that a minute is shared fairly. */
const TURN_MS_MIN = 500
const TURN_MS_MAX = 5_000
/** An input that takes this long, on a machine that is busy with something else, too, does not come back. */
const HANG_MS = 20_000
const START_MS = 60_000
const LOOK_MS = 250
/** Of the heap of one thread: oxd and its tools need 100 MB; an input that needs the rest is a finding. */
const HEAP_MB = 512
/** A target whose thread ended this often is left alone. */
const STARTS_MAX = 5

/** One target and its thread, which is made anew when it ends. */
const createRunner = (name: string, { seed, onFinding }: FuzzOptions) => {
  const shared = new SharedArrayBuffer(SHARED_BYTES)
  const head = new Int32Array(shared, 0, 2)
  const without: string[] = []
  let starts = 0
  let worker: Worker | undefined
  let progress: Progress = { runs: 0, branches: 0, corpus: 0, findings: 0 }
  let earlier: Progress = progress
  let kept: readonly Uint8Array[] = []
  let done = false

  const start = async (): Promise<Worker> => {
    starts += 1
    const data: WorkerData = { name, seed: seedOf(seed + starts - 1, name), without, shared }
    const made = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      stdout: false,
    })
    const signal = AbortSignal.timeout(START_MS)
    await once(made, 'message', { signal })
    return made
  }

  const blame = (problem: string): void => {
    const input = Buffer.from(Buffer.from(shared, SHARED_HEADER_BYTES).subarray(0, Atomics.load(head, 1)))
    without.push(nameOf(input))
    earlier = { ...progress, findings: progress.findings + 1 }
    progress = earlier
    worker = undefined
    done = starts >= STARTS_MAX
    onFinding(name, input, problem)
  }

  /** What the thread answers, or why it does not. */
  const answered = (running: Worker, ms: number): Promise<WorkerAnswer | string> =>
    new Promise((resolve) => {
      let seen = -1
      let since = performance.now()
      const onError = (error: NodeJS.ErrnoException): void =>
        end(`ends the thread: ${error.code ?? error.name} ${error.message.split('\n')[0]}`)
      const onExit = (code: number): void => end(`ends the thread with ${code}`)
      const end = (result: WorkerAnswer | string): void => {
        clearInterval(looking)
        running.off('message', end).off('error', onError).off('exit', onExit)
        resolve(result)
      }
      const looking = setInterval(() => {
        const runs = Atomics.load(head, 0)
        if (runs !== seen) {
          seen = runs
          since = performance.now()
        } else if (performance.now() - since > HANG_MS) {
          void running.terminate()
          end(`does not come back within ${HANG_MS} ms`)
        }
      }, LOOK_MS)
      running.once('message', end).once('error', onError).once('exit', onExit)
      running.postMessage(ms, [])
    })

  return {
    name,
    isDone: () => done,
    progress: () => progress,
    kept: () => kept,
    async turn(ms: number): Promise<void> {
      worker ??= await start()
      const answer = await answered(worker, ms)
      if (typeof answer === 'string') return blame(answer)
      const { runs, branches, corpus, findings } = answer.progress
      progress = {
        runs: earlier.runs + runs,
        branches: Math.max(earlier.branches, branches),
        corpus,
        findings: earlier.findings + findings,
      }
      kept = answer.kept
      done = answer.done
      for (const { input, problem } of answer.findings) onFinding(name, input, problem)
    },
    async close(): Promise<void> {
      if (worker === undefined) return
      const ended = once(worker, 'exit')
      worker.postMessage('close', [])
      const timer = setTimeout(() => void worker?.terminate(), HANG_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

/** Searches for about `ms` in all targets together. */
export const fuzz = async (options: FuzzOptions): Promise<FuzzResult> => {
  const { ms, jobs, onProgress } = options
  const runners = options.targets.map((name) => createRunner(name, options))
  const until = performance.now() + ms
  const turn_ms = Math.min(TURN_MS_MAX, Math.max(TURN_MS_MIN, (ms * jobs) / runners.length / 3))
  const waiting = [...runners]
  const progress = () => new Map(runners.map((runner) => [runner.name, runner.progress()]))
  const work = async (): Promise<void> => {
    for (let runner = waiting.shift(); runner !== undefined; runner = waiting.shift()) {
      const left = until - performance.now()
      // Every target has its turn, however short the time is.
      if (left <= 0 && runner.progress().runs > 0) continue
      await runner.turn(Math.max(TURN_MS_MIN, Math.min(turn_ms, left)))
      onProgress?.(progress())
      if (!runner.isDone()) waiting.push(runner)
    }
  }
  try {
    await Promise.all(Array.from({ length: jobs }, work))
  } finally {
    await Promise.all(runners.map((runner) => runner.close()))
  }
  return { targets: progress(), kept: new Map(runners.map((runner) => [runner.name, runner.kept()])) }
}
