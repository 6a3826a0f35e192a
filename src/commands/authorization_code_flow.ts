// authorization_code_flow: a whole login without a browser, for tests.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { loginByPassword } from '../oidc/password_login.ts'
import { openidScope } from '../site.ts'
import { seconds } from '../world.ts'

/** A whole login by the password of a user, with any client of the OP of a site: for tests. Off by default. */
export const authorization_code_flow = command({
  name: 'authorization_code_flow',
  since: '2.4',
  access: 'site',
  summary:
    'A whole login by the password of a user, with any client of the OP of a site: for tests. Off by default.',
  repeatable: false,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth',
    'https://www.rfc-editor.org/rfc/rfc9700#section-2.4',
  ],
  params: {
    oxd_id: fields.oxd_id,
    redirect_url: fields.redirect_url,
    client_id: fields.flow_client_id,
    client_secret: fields.flow_client_secret,
    user_id: fields.user_name,
    user_secret: fields.user_password,
    scope: fields.flow_scope.optional(),
    nonce: fields.flow_nonce.optional(),
    acr: fields.acr.optional(),
  },
  result: {
    access_token: fields.access_token,
    expires_in_seconds: fields.expires_in_seconds,
    refresh_token: fields.refresh_token,
    authorization_code: fields.authorization_code,
    scope: fields.flow_granted_scope,
    id_token: fields.id_token,
  },
  more: {},
  errors: ['unsupported_operation', 'authorization_refused', 'invalid_request', 'code_refused'],
  examples: [
    {
      what: 'A test of the OP.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        redirect_url: 'https://client.example.com/callback',
        client_id: 's6BhdRkqt3',
        client_secret: 'a secret',
        user_id: 'ada',
        user_secret: 'a password',
        scope: 'openid',
        acr: 'basic',
      },
      result: {
        access_token: 'SlAV32hkKG',
        expires_in_seconds: 299,
        refresh_token: 'tGzv3JOkF0XG5Qx2TlKWIA',
        authorization_code: 'SplxlOBeZQQYbYS6WxSbIA',
        scope: 'openid',
        id_token: 'eyJh…',
      },
    },
  ],
  async run(params, { site, ops, world, defaults, fail }) {
    if (!defaults.insecure_password_commands) {
      throw fail('unsupported_operation', {
        what: 'This command takes the password of a user: --insecure-password-commands allows it.',
      })
    }
    const { client_id, client_secret, redirect_url, user_id, user_secret, acr } = params
    const scope = openidScope([params.scope ?? 'openid'])
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
  },
})
