// What a fuzz target is: a parser of oxd that meets outside bytes, and what it promises whatever they are.
import assert from 'node:assert/strict'
import { ERRORS, OxdError, type ErrorCode } from '../../error.ts'

/** A target that is ready: what was slow to make (keys, a daemon) is made. */
export interface OpenTarget {
  /** Throws when the promise is broken; whatever else the parser does is its right. */
  readonly run: (input: Buffer) => void | Promise<void>
  readonly close?: () => Promise<void>
}

export interface Target {
  /** One sentence: what holds of every input. */
  readonly promise: string
  /** Sources, below src: their branches count as found, and their words are tried in inputs. */
  readonly about: readonly string[]
  /** Where the search begins: inputs that go far into the parser. */
  readonly examples: readonly (string | Uint8Array)[]
  readonly open: () => OpenTarget | Promise<OpenTarget>
}

/** Types the table of a file of targets. */
export const targets = <const T extends Readonly<Record<string, Target>>>(table: T): T => table

/** What `act` gives, or the code with which oxd refuses; anything else that is thrown breaks the promise. */
export const refusedBy = async <T>(
  act: () => T | Promise<T>,
  codes?: ReadonlySet<ErrorCode>,
): Promise<{ readonly value: T } | { readonly code: ErrorCode }> => {
  try {
    return { value: await act() }
  } catch (error) {
    if (!(error instanceof OxdError)) throw error
    assert.ok(Object.hasOwn(ERRORS, error.code), `${error.code} is not listed`)
    assert.ok(
      codes === undefined || codes.has(error.code),
      `${error.code} is not among the codes of this parser`,
    )
    return { code: error.code }
  }
}

/** No input leaves a mark on what all objects share. */
export const assertUnpolluted = (): void => {
  const strays = [Object.prototype, Array.prototype, Function.prototype].flatMap((prototype) =>
    Object.keys(prototype),
  )
  assert.deepEqual(strays, [], 'a prototype was changed')
}
