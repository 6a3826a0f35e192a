// What a command is: its whole definition, from which dispatch, the typed client, the docs and the CLI are derived.
import type { z } from 'zod'
import type { ErrorCode, OxdErrorOptions, OxdError } from './error.ts'
import type { Ops } from './oidc/op.ts'
import type { Site, Sites } from './site.ts'
import type { Logins } from './login.ts'
import type { World } from './world.ts'

/** `open`: no site is needed; `site`: `oxd_id` names the site that the command works on. */
export type Access = 'open' | 'site'

export interface Example<P, R> {
  readonly what: string
  readonly params: P
  readonly result: R
}

/** What a command is given beside its parameters. */
export interface Context {
  readonly world: World
  readonly ops: Ops
  readonly sites: Sites
  readonly logins: Logins
  /** Settings of the daemon that commands need. */
  readonly defaults: { readonly op_host: string | undefined }
}
export interface SiteContext extends Context {
  readonly site: Site
}

type Shape = z.ZodRawShape
type Run<A extends Access, P extends Shape, R extends Shape, M extends Shape, E extends ErrorCode> = (
  params: z.output<z.ZodObject<P>>,
  context: (A extends 'site' ? SiteContext : Context) & {
    /** Makes an error of a declared code; touching an undeclared one does not compile. */
    readonly fail: (code: E, options?: OxdErrorOptions) => OxdError
  },
) => Promise<z.output<z.ZodObject<R & M>>>

export interface Definition<
  N extends string = string,
  A extends Access = Access,
  P extends Shape = Shape,
  R extends Shape = Shape,
  M extends Shape = Shape,
  E extends ErrorCode = ErrorCode,
> {
  /** The name on the wire; also the CLI subcommand, the label in log and metrics and, in camelCase, the client's method. */
  readonly name: N
  /** Other names under which clients send it. */
  readonly aliases?: readonly string[]
  /** The version of oxd that brought it. */
  readonly since: string
  readonly access: A
  /** One sentence: what it is for. */
  readonly summary: string
  /** May it be sent again when it is not known whether it arrived? */
  readonly repeatable: boolean
  /** Sections of the specifications that it carries out. */
  readonly spec: readonly string[]
  readonly params: P
  /** The members of the reply on the 3.x wire, no more and no fewer, in this order. */
  readonly result: R
  /** Further members for callers that ask with `"oxd": 1`. */
  readonly more: M
  /** Errors that the command itself raises; those of the OP and of the request come on top. */
  readonly errors: readonly E[]
  readonly examples: readonly Example<z.input<z.ZodObject<P>>, Record<string, unknown>>[]
  readonly run: Run<A, P, R, M, E>
}

/** Captures the literal names and schemas of a definition, so that `run` and the client are typed by inference. */
export const command = <
  const N extends string,
  const A extends Access,
  P extends Shape,
  R extends Shape,
  M extends Shape,
  const E extends ErrorCode,
>(
  definition: Definition<N, A, P, R, M, E>,
): Definition<N, A, P, R, M, E> => definition

/**
 * Any command, with its types forgotten: what dispatch, docs and CLI work with.
 * `run` takes `never` because each command has its own parameters; dispatch hands it what its own schema has parsed.
 */
export type AnyCommand = Omit<Definition, 'run' | 'examples'> & {
  readonly run: (params: never, context: never) => Promise<Record<string, unknown>>
  readonly examples: readonly Example<Record<string, unknown>, Record<string, unknown>>[]
}

export type ParamsOf<C extends { readonly params: Shape }> = z.input<z.ZodObject<C['params']>>
/** The full result, claims as OpenID Connect has them. */
export type ResultOf<C extends { readonly result: Shape; readonly more: Shape }> = z.output<
  z.ZodObject<C['result'] & C['more']>
>
