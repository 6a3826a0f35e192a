// Rules for the claims of a JWT: a table for each sort of it, judged in one place, each rule refusing by its own name.
import type { Claims } from '../claims.ts'
import { OxdError, type ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'

/** `E` is what the rules of a table know beside the claims. */
export interface ClaimRule<E> {
  readonly otherwise: ErrorCode
  readonly spec: string
  /** The claim that it is about. */
  readonly about: string
  /** What the claim should have been, where that is one value. */
  readonly wanted?: (expected: E) => unknown
  readonly holds: (claims: Claims, expected: E) => boolean
}

/** How far the clock of an OP may be from ours, in seconds. */
export const tolerance = LIMITS.clock_tolerance_seconds

export const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/**
 * Do all rules hold?
 * @param hint what else is to be said to whoever reads that a claim is wrong
 * @throws OxdError the code of the first that does not
 */
export const judge = <E>(
  rules: readonly ClaimRule<E>[],
  claims: Claims,
  expected: E,
  hint: (about: string) => string = () => '',
): void => {
  for (const { otherwise, spec, about, wanted, holds } of rules) {
    if (holds(claims, expected)) continue
    throw new OxdError(otherwise, {
      what: `(${spec})${hint(about)}`,
      reason: { about, spec, expected: wanted?.(expected), seen: claims[about] },
    })
  }
}
