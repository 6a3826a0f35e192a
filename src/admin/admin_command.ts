// What an administration command is: a definition as those of src/commands, whose guard is the socket that it comes from.
import type { z } from 'zod'
import type { Callers } from '../callers.ts'
import type { Context, Definition, OpenContext } from '../command.ts'
import type { ErrorCode, OxdError, OxdErrorOptions } from '../error.ts'
import type { Listings } from './listings.ts'

/** What commands of administration are given beside what all commands get. */
export interface AdminParts {
  readonly callers: Callers
  readonly listings: Listings
}
/** What their dispatch is made with. */
export type AdminContext = Context & AdminParts

type Shape = z.ZodRawShape
type None = Record<never, never>

type Told<N extends string, P extends Shape, R extends Shape, E extends ErrorCode> = Pick<
  Definition<N, 'public', P, R, None, None, E>,
  'name' | 'summary' | 'repeatable' | 'params' | 'result' | 'errors'
> & {
  readonly run: (
    params: z.output<z.ZodObject<P>>,
    context: OpenContext & AdminParts & { readonly fail: (code: E, options?: OxdErrorOptions) => OxdError },
  ) => Promise<z.output<z.ZodObject<R>>>
}

/** The same for all of them: whoever may open the socket in the data directory may give every one. */
const SHARED = { since: '0.1', access: 'public', spec: [], more: {}, examples: [] } as const

/** Captures the schemas of a definition, so that its `run` is typed by inference. */
export const adminCommand = <
  const N extends string,
  P extends Shape,
  R extends Shape,
  const E extends ErrorCode,
>(
  told: Told<N, P, R, E>,
): Told<N, P, R, E> & typeof SHARED => ({ ...SHARED, ...told })
