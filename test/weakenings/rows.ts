// How a table of weakened builds is written down: one row for each defence of a source file.
import type { Weakening } from '../../src/testing/weakened.ts'

/** What is missing then, the source line, what replaces it, and the tests that must fail, by a pattern of their names. */
export type Row = readonly [name: string, line: string, replace_by: string, pattern: string]

export const weakenings = (file: string, test: string, rows: readonly Row[]): readonly Weakening[] =>
  rows.map(([name, line, replace_by, pattern]) => ({
    name,
    file,
    line,
    replace_by,
    turns_red: { test, pattern },
  }))
