// The client that oxd is at an OP, as far as it has to prove itself; without any library, since applications see this type.

/** How a client authenticates: by the names of OpenID Connect Core section 9. */
export interface TokenClient {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly token_endpoint_auth_method: string
  /** With which client_secret_jwt and private_key_jwt sign; absent: HS256 and RS256. */
  readonly token_endpoint_auth_signing_alg?: string | undefined
  /** Names of oxd's keys that the OP was told by value; absent: it fetches them, or has no use for any. */
  readonly jwks_kids?: readonly string[] | undefined
}
