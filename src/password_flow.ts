// The commands that take the password of a user: whether they may, and the login that two of them make.
import type { SiteContext } from './command.ts'
import { OxdError } from './error.ts'
import { loginByPassword } from './oidc/password_login.ts'
import { openidScope } from './site_settings.ts'
import { seconds } from './world.ts'

/** @throws OxdError unsupported_operation, unless the daemon was started with `--insecure-password-commands` */
export const refusePasswords = ({ insecure_password_commands }: SiteContext['defaults']): void => {
  if (insecure_password_commands) return
  throw new OxdError('unsupported_operation', {
    what: 'This command takes the password of a user: --insecure-password-commands allows it.',
  })
}

export interface PasswordFlow {
  readonly redirect_url: string
  readonly client_id: string
  readonly client_secret: string
  readonly user_id: string
  readonly user_secret: string
  readonly scope?: string | undefined
  readonly acr?: string | undefined
}

/**
 * The story of `authorization_code_flow` and `implicit_flow`.
 * @throws OxdError unsupported_operation, authorization_refused, invalid_request, code_refused
 */
export const passwordFlow = async (
  {
    redirect_url,
    client_id,
    client_secret,
    user_id,
    user_secret,
    scope: asked = 'openid',
    acr,
  }: PasswordFlow,
  { site, ops, world, defaults }: Pick<SiteContext, 'site' | 'ops' | 'world' | 'defaults'>,
) => {
  refusePasswords(defaults)
  const scope = openidScope([asked])
  const { access_token, expires_in, refresh_token, id_token, code } = await loginByPassword(
    await ops.at(site),
    {
      client_id,
      client_secret,
      redirect_uri: redirect_url,
      registered: client_id === site.client.client_id ? site.client : undefined,
      scope,
      acr_values: acr?.split(' ') ?? site.settings.acr_values,
      username: user_id,
      password: user_secret,
    },
    { random: world.random, now: seconds(world) },
  )
  return {
    access_token,
    expires_in_seconds: expires_in,
    refresh_token,
    authorization_code: code,
    scope: scope.join(' '),
    id_token,
  }
}
