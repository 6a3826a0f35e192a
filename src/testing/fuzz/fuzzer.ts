// Looks for inputs that break the promise of one target: changes known inputs, and keeps those that reach a new branch.
import { createHash } from 'node:crypto'
import { chanceFrom, hashOf } from './chance.ts'
import type { Coverage } from './coverage.ts'
import { mutated, type Stock } from './mutate.ts'
import type { OpenTarget } from './target.ts'

/** The largest input: beyond every bound of a single text, within that of a frame. */
export const INPUT_BYTES_MAX = 131_072
/** What one input may cost on the processor, whatever it is; honest ones take microseconds. */
const CPU_MS_MAX = 1_000
/** Promises broken in different ways that are kept of one target. */
const FINDINGS_MAX = 10
const BATCH_MS = 15
const BATCH_MAX = 256
/** Smaller inputs are looked for this long. */
const SMALLER_MS = 3_000

export interface Finding {
  readonly input: Buffer
  /** The first line of what was thrown, and where in oxd. */
  readonly problem: string
}

export interface Progress {
  readonly runs: number
  readonly branches: number
  readonly corpus: number
  readonly findings: number
}

export interface Fuzzer {
  /** Goes on for about `ms`; true when there is no use in going on. */
  readonly search: (ms: number) => Promise<boolean>
  readonly progress: () => Progress
  /** Those that were found since the last call. */
  readonly found: () => readonly Finding[]
  /** The inputs that reached something new and are small, the given ones left out. */
  readonly kept: () => readonly Buffer[]
}

export const nameOf = (input: Uint8Array): string =>
  createHash('sha256').update(input).digest('hex').slice(0, 16)

const problemOf = (error: unknown): string => {
  if (!(error instanceof Error)) return `threw ${typeof error}`
  const text = error.message
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 3)
    .join(' ')
  const frame = error.stack
    ?.split('\n')
    .find((line) => /\/(?:src|test)\//.test(line) && !line.includes('/src/testing/fuzz/'))
  const at = /((?:src|test)\/[^):]*):\d+/.exec(frame ?? '')?.[0] ?? ''
  return `${error.name}: ${text.slice(0, 160)} (${at})`
}
/** The same problem with other numbers and texts is no other problem. */
const kindOf = (problem: string): string => problem.replace(/\d+|'[^']*'|"[^"]*"/g, '')

export interface FuzzerOptions {
  readonly target: OpenTarget
  readonly coverage: Coverage
  readonly seed: number
  readonly seeds: readonly Buffer[]
  readonly words: readonly string[]
  /** Default: `CPU_MS_MAX`. */
  readonly cpu_ms_max?: number
  /** Told before each input, so that somebody else knows which one does not come back. */
  readonly onRun: (input: Buffer) => void
}

export const createFuzzer = ({
  target,
  coverage,
  seed,
  seeds,
  words,
  onRun,
  cpu_ms_max = CPU_MS_MAX,
}: FuzzerOptions): Fuzzer => {
  const chance = chanceFrom(seed)
  const corpus: Buffer[] = [...seeds]
  const stock: Stock = { corpus, words, bytes_max: INPUT_BYTES_MAX }
  const branches = new Set<string>()
  const counted = new Set<string>()
  const kinds = new Set<string>()
  let fresh: Finding[] = []
  let runs = 0
  const unread: Buffer[] = [...seeds]
  /** Milliseconds of one input, lately. */
  let pace = 1

  /** The problem of an input, or undefined. Slowness counts when it is slow each of three times, on the processor. */
  const tried = async (input: Buffer): Promise<string | undefined> => {
    let least = Infinity
    for (let tries = 0; tries < 3 && least > cpu_ms_max; tries += 1) {
      onRun(input)
      runs += 1
      const started = performance.now()
      const before = process.threadCpuUsage()
      try {
        await target.run(input)
      } catch (error) {
        return problemOf(error)
      }
      const took = performance.now() - started
      pace += (took - pace) / 50
      if (took < cpu_ms_max) return undefined
      const { user, system } = process.threadCpuUsage(before)
      least = Math.min(least, (user + system) / 1_000)
    }
    return least > cpu_ms_max ? `takes more than ${cpu_ms_max} ms` : undefined
  }

  /** The same problem with less: parts are left out as long as it stays. */
  const smaller = async (input: Buffer, kind: string): Promise<Buffer> => {
    const until = performance.now() + SMALLER_MS
    let best = input
    for (let size = Math.ceil(best.length / 2); size > 0; size = Math.floor(size / 2)) {
      for (let at = 0; at < best.length && performance.now() < until;) {
        const less = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
        const problem = await tried(less)
        if (problem !== undefined && kindOf(problem) === kind) best = less
        else at += size
      }
    }
    return best
  }

  const judge = async (input: Buffer): Promise<void> => {
    const problem = await tried(input)
    if (problem === undefined || kinds.size >= FINDINGS_MAX) return
    const kind = kindOf(problem)
    if (kinds.has(kind)) return
    kinds.add(kind)
    fresh.push({ input: problem.startsWith('takes') ? input : await smaller(input, kind), problem })
  }

  /** One input alone: which branches, and how often. */
  const weigh = async (input: Buffer): Promise<void> => {
    coverage.take()
    await judge(input)
    const size = counted.size
    for (const [branch, count] of coverage.take()) {
      branches.add(branch)
      counted.add(`${branch}*${count}`)
    }
    if (counted.size > size && !corpus.includes(input)) corpus.push(Buffer.from(input))
  }

  /** Asking V8 costs more than most inputs: it is asked once for many, and for fewer and fewer where there is news. */
  const sift = async (batch: readonly Buffer[]): Promise<void> => {
    const [only] = batch
    if (batch.length === 1 && only !== undefined) return weigh(only)
    coverage.take()
    for (const input of batch) await judge(input)
    if ([...coverage.take().keys()].every((branch) => branches.has(branch))) return
    const half = batch.length >> 1
    await sift(batch.slice(0, half))
    await sift(batch.slice(half))
  }

  return {
    async search(ms) {
      const until = performance.now() + ms
      for (const input of unread.splice(0)) await weigh(input)
      while (performance.now() < until && kinds.size < FINDINGS_MAX) {
        const length = Math.max(1, Math.min(BATCH_MAX, Math.floor(BATCH_MS / pace)))
        const batch = Array.from({ length }, () => mutated(chance, stock))
        await sift(batch)
        // Of some, how often a loop ran counts, too.
        await weigh(chance.pick(batch))
      }
      return kinds.size >= FINDINGS_MAX
    },
    progress: () => ({ runs, branches: branches.size, corpus: corpus.length, findings: kinds.size }),
    found() {
      const found = fresh
      fresh = []
      return found
    },
    kept: () => corpus.slice(seeds.length),
  }
}

/** A seed of its own for each target. */
export const seedOf = (seed: number, target: string): number => (seed ^ hashOf(target)) >>> 0
