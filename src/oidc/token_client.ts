// The client that oxd is at an OP, as far as it has to prove itself; without any library, since applications see this type.

/** How a client authenticates: by the names of OpenID Connect Core section 9. */
export interface TokenClient {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly token_endpoint_auth_method: string
}
