// What a fuzz thread is started with, and what it answers.
import { INPUT_BYTES_MAX, type Progress } from './fuzzer.ts'

export interface WorkerData {
  readonly name: string
  readonly seed: number
  /** Names of seeds that did not come back. */
  readonly without: readonly string[]
  /** `[number of the run, length of the input]`, and the input. */
  readonly shared: SharedArrayBuffer
}
export const SHARED_HEADER_BYTES = 8
export const SHARED_BYTES = SHARED_HEADER_BYTES + INPUT_BYTES_MAX

export interface WorkerAnswer {
  readonly progress: Progress
  readonly findings: readonly { readonly input: Uint8Array; readonly problem: string }[]
  readonly kept: readonly Uint8Array[]
  /** There is no use in going on. */
  readonly done: boolean
}
