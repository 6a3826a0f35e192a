// What a command is: its whole definition, from which dispatch, the typed client, the docs and the CLI are derived.
import type { z } from 'zod'
import type { DialectName } from './dialect.ts'
import type { EndedLogins } from './ended_logins.ts'
import type { ErrorCode, OxdErrorOptions, OxdError } from './error.ts'
import type { Ops } from './oidc/op.ts'
import type { Setup, Site, Sites } from './site.ts'
import type { LiveLogins } from './live_logins.ts'
import type { Logins } from './login.ts'
import type { Pats } from './pat.ts'
import type { Refreshes } from './refreshes.ts'
import type { RpKeys } from './rp_keys.ts'
import type { Uma } from './uma.ts'
import type { Webhooks } from './webhooks.ts'
import type { World } from './world.ts'

/**
 * Who may give a command where commands are protected.
 * - `site`: whoever the site belongs to; `oxd_id` names the site that the command works on.
 * - `op`: whoever has a token or a caller key; without, only for an OP of `--allowed-op`: it makes oxd ask the OP that the
 *   caller names.
 * - `client`: as `op`, or a client that belongs to a site, since it must prove itself at its own OP.
 * - `caller`: whoever has a token or a caller key, for their own sites.
 * - `public`: anybody; it changes, reveals and fetches nothing.
 */
export type Access = 'site' | 'op' | 'client' | 'caller' | 'public'

export interface Example<P, R> {
  readonly what: string
  readonly params: P
  /** What `run` returns; each dialect shows of it what it carries. */
  readonly result: R
}

/** What the guard found out about the caller of a command. */
export interface Permit {
  /** Is this a site of the caller? Where commands are not protected every site is. */
  readonly owns: (site: Site) => boolean
  /** The setup client whose token the caller showed; what it registers belongs to it (3.1). @throws OxdError */
  readonly setup: () => Promise<Setup | undefined>
  /** What was registered belongs to the caller from now on. */
  readonly adopt: (oxd_id: string) => Promise<void>
  /** May oxd be made to ask any host, or only the OP that was allowed? */
  readonly anywhere: boolean
}

/** What a command is given beside its parameters. */
export interface Context {
  readonly world: World
  readonly ops: Ops
  readonly sites: Sites
  readonly logins: Logins
  readonly liveLogins: LiveLogins
  readonly endedLogins: EndedLogins
  readonly webhooks: Webhooks
  readonly pats: Pats
  readonly refreshes: Refreshes
  readonly rpKeys: RpKeys
  readonly uma: Uma
  /** Settings of the daemon that commands need. */
  readonly defaults: {
    readonly op_host: string | undefined
    /** Parameters that the configuration of an old oxd gives to whoever leaves them out. */
    readonly site: Readonly<Record<string, unknown>>
    readonly insecure_password_commands: boolean
    /** Where OPs and browsers reach the public listener. */
    readonly public_url: string | undefined
  }
}
export interface OpenContext extends Context {
  readonly dialect: DialectName
  readonly permit: Permit
  /** Puts what is known of the call into its line of the log, should it be refused: by which login it is explained later. */
  readonly audit: (found: { readonly login_id: string }) => void
  /** Aborted when the caller has gone or sends nothing more, or oxd stops: a command that waits answers then. */
  readonly signal: AbortSignal
}
export interface SiteContext extends OpenContext {
  readonly site: Site
}

type Shape = z.ZodRawShape
type Run<
  A extends Access,
  P extends Shape,
  R extends Shape,
  M extends Shape,
  V extends Shape,
  E extends ErrorCode,
> = (
  params: z.output<z.ZodObject<P>>,
  context: (A extends 'site' ? SiteContext : OpenContext) & {
    /** Makes an error of a declared code; touching an undeclared one does not compile. */
    readonly fail: (code: E, options?: OxdErrorOptions) => OxdError
  },
) => Promise<z.output<z.ZodObject<R & M & V>>>

export interface Definition<
  N extends string = string,
  A extends Access = Access,
  P extends Shape = Shape,
  R extends Shape = Shape,
  M extends Shape = Shape,
  V extends Shape = Shape,
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
  /** The members of the reply on the 4.x wire; without it those of `result`. */
  readonly v4?: V
  /** On the 4.x wire the value of this member is the whole reply. */
  readonly bare?: keyof R & string
  /** Made of the parameters of a 4.x client, whose words have other meanings here and there. */
  readonly from4?: (params: z.output<z.ZodObject<P>>) => z.output<z.ZodObject<P>>
  /** Over HTTP also with GET, at this path; `{name}` is a parameter, and so is the query. */
  readonly get?: GetRoute
  /** Errors that the command itself raises; those of the OP and of the request come on top. */
  readonly errors: readonly E[]
  readonly examples: readonly Example<z.input<z.ZodObject<P>>, Record<string, unknown>>[]
  readonly run: Run<A, P, R, M, V, E>
}

export interface GetRoute {
  readonly path: `/${string}`
  /** The reply is the text of this member of the result, as this media type. */
  readonly text?: { readonly member: string; readonly type: string }
}

/** Captures the literal names and schemas of a definition, so that `run` and the client are typed by inference. */
export const command = <
  const N extends string,
  const A extends Access,
  P extends Shape,
  R extends Shape,
  M extends Shape,
  const E extends ErrorCode,
  // A command without `v4` has no further members there.
  V extends Shape = Record<never, never>,
>(
  definition: Definition<N, A, P, R, M, V, E>,
): Definition<N, A, P, R, M, V, E> => definition

/**
 * Any command, with its types forgotten: what dispatch, docs and CLI work with.
 * `run` takes `never` because each command has its own parameters; dispatch hands it what its own schema has parsed.
 */
export type AnyCommand = Omit<Definition, 'run' | 'examples' | 'from4' | 'bare'> & {
  readonly bare?: string
  readonly from4?: (params: never) => Record<string, unknown>
  readonly run: (params: never, context: never) => Promise<Record<string, unknown>>
  readonly examples: readonly Example<Record<string, unknown>, Record<string, unknown>>[]
}

export type ParamsOf<C extends { readonly params: Shape }> = z.input<z.ZodObject<C['params']>>
/** The full result, claims as OpenID Connect has them. */
export type ResultOf<C extends { readonly result: Shape; readonly more: Shape }> = z.output<
  z.ZodObject<C['result'] & C['more']>
>
