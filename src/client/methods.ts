// The methods of the library that nobody writes: one for every command, typed by its definition, by its name in camelCase.
import type * as commands from '../commands/index.ts'
import type { Definition, ParamsOf, ResultOf } from '../command.ts'
import type { ClaimLists } from '../claims.ts'
import type { IdTokenClaims, StandardClaims } from './standard_claims.ts'

type Commands = typeof commands
type AnyDefinition = Pick<Definition, 'name' | 'params' | 'result' | 'more'>

/** The definition that has this name on the wire. */
export type CommandNamed<N extends string> = Extract<
  Commands[keyof Commands],
  AnyDefinition & { readonly name: N }
>
/** Every command, as on the wire. */
export type CommandName = Extract<Commands[keyof Commands], AnyDefinition>['name']

/**
 * The commands that may be sent again when it is not known whether they arrived. The definitions say so too, and a test
 * compares; but no server code comes with the library. A command that is missing here is just not sent again.
 */
export const REPEATABLE: ReadonlySet<string> = new Set([
  'access_token_status',
  'get_access_token_by_refresh_token',
  'get_authorization_url',
  'get_client_token',
  'get_discovery',
  'get_ended_logins',
  'get_issuer',
  'get_jwks',
  'get_login_status',
  'get_logout_uri',
  'get_request_object',
  'get_request_object_uri',
  'get_rp',
  'get_rp_jwks',
  'get_user_info',
  'id_token_status',
  'initiate_third_party_login',
  'introspect_access_token',
  'introspect_rpt',
  'license_status',
  'uma_rp_get_claims_gathering_url',
  'uma_rp_get_gat',
  'uma_rs_check_access',
  'uma_rs_modify',
] satisfies CommandName[])

/**
 * The commands for which no client token is obtained: whoever makes one needs none, nor does what everybody may ask. A test
 * compares with the definitions; for a command that is missing here a token is obtained, which does no harm.
 */
export const WITHOUT_TOKEN: ReadonlySet<string> = new Set([
  'get_client_token',
  'get_request_object',
  'get_rp_jwks',
  'license_status',
  'setup_client',
] satisfies CommandName[])

/** `lists`: each claim is a list of strings, as the documentation of oxd has it; `native`: as OpenID Connect has it. */
export type ClaimsMode = 'lists' | 'native'

interface Native {
  readonly claims: StandardClaims
  readonly id_token_claims: IdTokenClaims
}
/** Claims as lists; oxd has seen to it that the subject is there. */
type UserLists = ClaimLists & { readonly sub: readonly [string, ...string[]] }

export type ClaimsOf<K extends keyof Native, M extends ClaimsMode> = M extends 'native'
  ? Native[K]
  : UserLists

/** The parameters of a command without `oxd_id`, which the library fills in. */
export type Params<C extends AnyDefinition> = Omit<ParamsOf<C>, 'oxd_id'>
/** The whole reply of a command. */
export type Result<C extends AnyDefinition, M extends ClaimsMode> = {
  [K in keyof ResultOf<C>]: K extends keyof Native ? ClaimsOf<K, M> : ResultOf<C>[K]
}

/** How one call differs from the others. */
export interface CallOptions {
  /** Ends the call; the promise is rejected with the reason of the signal. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds from the call to the reply. Default: that of the client, 30,000. */
  readonly timeout_ms?: number | undefined
}

type CamelCase<N extends string> = N extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : N

type Method<C extends AnyDefinition, M extends ClaimsMode> =
  Record<never, never> extends Params<C>
    ? (params?: Params<C>, call?: CallOptions) => Promise<Result<C, M>>
    : (params: Params<C>, call?: CallOptions) => Promise<Result<C, M>>

/** A method for each command but those named in `Own`. Mapped from the list itself, so that doc comments come along. */
export type MethodsOf<List, Own extends string, M extends ClaimsMode> = {
  readonly [
    K in keyof List as List[K] extends AnyDefinition
      ? List[K]['name'] extends Own
        ? never
        : CamelCase<List[K]['name']>
      : never
  ]: List[K] extends AnyDefinition ? Method<List[K], M> : never
}
export type CommandMethods<Own extends string, M extends ClaimsMode> = MethodsOf<Commands, Own, M>

/** Two words at least, as nearly every command has. So `then` is no method, and awaiting a client does not send a command. */
const METHOD = /^[a-z]+(?:[A-Z][a-z0-9]*)+$/
const ONE_WORD: ReadonlySet<string> = new Set(['validate'] satisfies CommandName[])
/** What test runners and browsers look for in objects that they do not know. */
const PROBES: ReadonlySet<string> = new Set(['toJSON', 'asymmetricMatch', 'nodeType', 'tagName'])

/** `umaRpGetRpt` → `uma_rp_get_rpt`; undefined for what is no method. */
export const commandOf = (method: string): string | undefined =>
  (METHOD.test(method) && !PROBES.has(method)) || ONE_WORD.has(method)
    ? method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : undefined

type Call = (params?: Readonly<Record<string, unknown>>, call?: CallOptions) => Promise<unknown>

/**
 * The end of a prototype chain on which every such name is a method. As it is the end, whatever the class itself has is found
 * first, and instances stay ordinary objects.
 */
export const methodsPrototype = (callOf: (receiver: unknown, command: string) => Call): object => {
  const methods = new Map<string, Call>()
  return new Proxy(Object.create(Object.prototype), {
    get(target, key, receiver) {
      const command = typeof key === 'string' && !(key in target) ? commandOf(key) : undefined
      if (command === undefined) return Reflect.get(target, key, receiver)
      const method =
        methods.get(command) ??
        function (this: unknown, ...parameters) {
          return callOf(this, command)(...parameters)
        }
      methods.set(command, method)
      return method
    },
  })
}
