// The dev OP as an authorization server of UMA 2.0: what it says of itself, and its endpoints put together.
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-grant-2.0.html
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html
import type { Context, Provider } from 'oidc-provider'
import type { World } from '../../world.ts'
import { CLAIMS_PATH, umaGathering } from './uma_gathering.ts'
import { registerUmaGrant, UMA_GRANT } from './uma_grant.ts'
import { umaIntrospection } from './uma_introspection.ts'
import type { UmaPolicy } from './uma_policy.ts'
import { PERMISSION_PATH, RESOURCE_PATH, umaProtection } from './uma_protection.ts'
import type { UmaStore } from './uma_store.ts'

export const UMA_CONFIGURATION_PATH = '/.well-known/uma2-configuration'

export interface UmaParts {
  readonly provider: Provider
  readonly store: UmaStore
  readonly world: Pick<World, 'now' | 'random'>
  readonly policy: UmaPolicy
}

/** Makes an OP an authorization server too. */
export const serveUma = (parts: UmaParts): void => {
  const { provider } = parts
  registerUmaGrant(parts)
  provider.use(metadata(provider))
  provider.use(umaProtection(parts))
  provider.use(umaIntrospection(parts))
  provider.use(umaGathering(parts))
}

/** UMA 2.0 Grant, section 2, and Federated Authorization, section 2: additions to RFC 8414. */
const metadata = (provider: Provider) => async (ctx: Context, next: () => Promise<void>) => {
  if (ctx.path !== UMA_CONFIGURATION_PATH || ctx.method !== 'GET') return next()
  const at = (path: string) => `${provider.issuer}${path}`
  ctx.body = {
    issuer: provider.issuer,
    authorization_endpoint: at(provider.pathFor('authorization')),
    token_endpoint: at(provider.pathFor('token')),
    introspection_endpoint: at(provider.pathFor('introspection')),
    registration_endpoint: at(provider.pathFor('registration')),
    jwks_uri: at(provider.pathFor('jwks')),
    resource_registration_endpoint: at(RESOURCE_PATH),
    permission_endpoint: at(PERMISSION_PATH),
    claims_interaction_endpoint: at(CLAIMS_PATH),
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', UMA_GRANT],
    response_types_supported: ['code'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    // None beyond the two specifications themselves.
    uma_profiles_supported: [],
  }
}
