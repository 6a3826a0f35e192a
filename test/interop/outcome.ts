// What a step came to: a cell of the matrix, or a failure that no matrix shows.
import { OxdError } from '../../src/client/client.ts'
import type { Cell } from './matrix.ts'
import { NotOffered, NotTaken, type Subject } from './subject.ts'

export interface Failed {
  /** What went wrong, for who runs the test. */
  readonly failed: string
}

export const cellOf = async (visit: () => ReturnType<Subject['visit']>): Promise<Cell | Failed> => {
  try {
    return { result: 'ok', ...(await visit()) }
  } catch (error) {
    if (error instanceof NotOffered) return { result: 'not offered', why: error.message }
    if (error instanceof NotTaken) return { result: 'refused', why: error.message }
    // The text names the OP's address and a reference, which differ from run to run; the code does not.
    if (error instanceof OxdError) return { result: 'refused', why: `oxd answers \`${error.code}\`.` }
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
