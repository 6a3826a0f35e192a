// The part of oidc-provider that the dev OP touches: the package brings no types of its own.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { JsonWebKey } from 'node:crypto'

  /** A Koa context, as far as it is used here; `oidc` is there on the routes of the library alone. */
  export interface Context {
    readonly req: IncomingMessage
    readonly res: ServerResponse
    readonly method: string
    readonly path: string
    readonly oidc?: {
      readonly client?: Client
      readonly session?: { readonly accountId?: string }
      /** The parameters that the route takes; a text each, once it checked for duplicates. */
      readonly params?: Readonly<Record<string, unknown>>
    }
    readonly querystring: string
    readonly cookies: {
      get(name: string, options: { signed: boolean }): string | undefined
      /** `secure` follows the connection. */
      set(
        name: string,
        value: string,
        options: { path: string; httpOnly: boolean; sameSite: 'lax'; signed: boolean; maxAge: number },
      ): void
    }
    status: number
    type: string
    body: unknown
    set(name: string, value: string): void
    get(name: string): string
    accepts(...types: string[]): string | false
    redirect(url: string): void
  }
  export interface Client {
    readonly clientId: string
    readonly clientName?: string
    /** From `extraClientMetadata`, checked by the validator there. */
    readonly claims_redirect_uri?: readonly string[]
  }
  /** A token as it was found: opaque, with what introspection tells. */
  export interface Token {
    readonly kind: string
    readonly clientId: string
    readonly accountId?: string
    readonly grantId?: string
    readonly scope?: string
    readonly scopes: ReadonlySet<string>
    readonly aud?: string | readonly string[]
    readonly iat: number
    readonly exp: number
    readonly isValid: boolean
    /** Seconds that a new token will live. */
    readonly expiration: number
    /** Seconds that it still has. */
    readonly remainingTTL: number
    save(): Promise<string>
    destroy(): Promise<void>
  }
  interface Tokens {
    find(value: string): Promise<Token | undefined>
  }
  export interface Interaction {
    readonly uid: string
    readonly grantId?: string
    readonly session?: { readonly accountId?: string }
    readonly params: Readonly<Record<string, unknown>>
    readonly prompt: { readonly name: string; readonly details: Readonly<Record<string, unknown>> }
  }
  export interface Grant {
    addOIDCScope(scope: string): void
    addOIDCClaims(claims: readonly string[]): void
    save(): Promise<string>
  }
  /** What the library keeps under one id; opaque to us but for these members. */
  export interface Payload {
    readonly [member: string]: unknown
    readonly grantId?: string
    readonly userCode?: string
    readonly uid?: string
  }
  export interface Adapter {
    upsert(id: string, payload: Payload, expiresIn?: number): Promise<void>
    find(id: string): Promise<Payload | undefined>
    findByUid(uid: string): Promise<Payload | undefined>
    findByUserCode(userCode: string): Promise<Payload | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }
  export interface Jwks {
    readonly keys: readonly JsonWebKey[]
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    readonly issuer: string
    readonly Client: { find(id: string): Promise<Client | undefined> }
    readonly Grant: {
      new (properties: { accountId: string; clientId: string }): Grant
      find(id: string): Promise<Grant | undefined>
    }
    readonly AccessToken: Tokens
    readonly RefreshToken: Tokens
    readonly ClientCredentials: Tokens & {
      new (properties: { client: Client; expiresIn?: number }): Token
    }
    readonly IdToken: {
      /** Checks signature, algorithm, issuer, audience and subject, not the expiry. */
      validate(jwt: string, client: Client): Promise<{ payload: Readonly<Record<string, unknown>> }>
    }
    registerGrantType(name: string, handler: (ctx: Context) => Promise<void>, params: readonly string[]): void
    pathFor(route: 'authorization' | 'token' | 'introspection' | 'registration' | 'jwks'): string
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): this
    callback(): (req: IncomingMessage, res: ServerResponse) => void
    on(event: 'server_error' | 'backchannel.error', listener: (ctx: Context, error: Error) => void): this
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Interaction>
    /** Keeps the result and tells where to send the browser. */
    interactionResult(
      req: IncomingMessage,
      res: ServerResponse,
      result: Readonly<Record<string, unknown>>,
      options?: { mergeWithLastSubmission?: boolean },
    ): Promise<string>
  }
  type Described = new (description: string) => Error
  export const errors: {
    readonly SessionNotFound: Described
    readonly InvalidRequest: Described
    readonly InvalidScope: Described
    readonly InvalidClientMetadata: Described
    /** A 400 with any code. */
    readonly CustomOIDCProviderError: new (error: string, description: string) => Error
  }
}
