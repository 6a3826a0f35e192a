// A call that has begun: one time, and one signal, for all the commands that it takes.
import type { Pool } from './pool.ts'

const TIMER_MS_MAX = 2_147_483_647

export interface Begun {
  /** Connections of its own; without it goes over those of the client. */
  readonly pool?: Pool
  readonly signal: AbortSignal | undefined
  readonly timeout_ms: number
  /** Whole milliseconds until the time is up, at least one. */
  readonly left: () => number
}

/** @throws RangeError for a time that no timer can keep */
export const begunNow = (signal: AbortSignal | undefined, timeout_ms: number): Begun => {
  if (!(timeout_ms > 0 && timeout_ms <= TIMER_MS_MAX)) {
    throw new RangeError(`timeout_ms is ${timeout_ms}: it must be from 1 to ${TIMER_MS_MAX}`)
  }
  const until = performance.now() + timeout_ms
  return { signal, timeout_ms, left: () => Math.max(1, Math.ceil(until - performance.now())) }
}

/** Waits for what several callers share; the time or the abort of one of them ends only their own waiting. */
export const shared = async <T>(work: Promise<T>, { signal, left }: Begun, late: () => Error): Promise<T> => {
  let stop = (_reason: unknown): void => undefined
  const ended = new Promise<never>((_, reject) => {
    stop = reject
  })
  const onAbort = (): void => stop(signal?.reason)
  const timer = setTimeout(() => stop(late()), left())
  signal?.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, ended])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
