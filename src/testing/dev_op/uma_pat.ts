// The protection API token (PAT): who may register resources, ask for tickets and introspect with a Bearer token.
import type { Context, Provider, Token } from 'oidc-provider'

/** An error as OAuth writes it. */
export const refuse = (ctx: Context, status: number, error: string, error_description: string): void => {
  ctx.status = status
  ctx.body = { error, error_description }
}

/** RFC 6750, section 2.1. */
export const bearerIn = (ctx: Context): string | undefined =>
  /^Bearer +([\w.~+/-]+=*)$/i.exec(ctx.get('authorization'))?.[1]

/**
 * The PAT of a request: a token from client credentials with the scope uma_protection (UMA 2.0 Federated Authorization,
 * section 1.3). Where there is none, the answer has been written (RFC 6750, section 3.1).
 */
export const patIn = async (ctx: Context, provider: Provider): Promise<Token | undefined> => {
  const bearer = bearerIn(ctx)
  if (bearer === undefined) {
    ctx.set('www-authenticate', 'Bearer')
    refuse(ctx, 401, 'invalid_token', 'A PAT is needed as Bearer token.')
    return undefined
  }
  const token = await provider.ClientCredentials.find(bearer)
  if (token === undefined || !token.isValid) {
    ctx.set('www-authenticate', 'Bearer error="invalid_token"')
    refuse(ctx, 401, 'invalid_token', 'The PAT is unknown or has expired.')
    return undefined
  }
  if (!token.scopes.has('uma_protection')) {
    ctx.set('www-authenticate', 'Bearer error="insufficient_scope", scope="uma_protection"')
    refuse(ctx, 403, 'insufficient_scope', 'The token lacks the scope uma_protection.')
    return undefined
  }
  return token
}
