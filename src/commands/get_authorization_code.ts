// get_authorization_code: a login without a browser, by the password of the user.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { codeByPassword } from '../oidc/password_login.ts'
import { refusePasswords } from '../password_flow.ts'
import { termsOf } from '../site.ts'
import { movedAlong } from '../token_endpoint.ts'

/** Gets a code by the password of a user, at OPs that take it at the authorization endpoint. Off by default. */
export const get_authorization_code = command({
  name: 'get_authorization_code',
  since: '2.4',
  access: 'site',
  summary:
    'Gets a code by the password of a user, at OPs that take it at the authorization endpoint. Off by default.',
  repeatable: false,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest',
    'https://www.rfc-editor.org/rfc/rfc9700#section-2.4',
  ],
  params: {
    oxd_id: fields.oxd_id,
    username: fields.user_name,
    password: fields.user_password,
    acr_values: fields.acr_values.optional(),
    state: fields.own_state.optional(),
    nonce: fields.own_nonce.optional(),
  },
  result: { code: fields.code },
  more: { state: fields.new_state, login_id: fields.login_id },
  errors: ['unsupported_operation', 'authorization_refused', 'invalid_request', 'state_in_use'],
  examples: [
    {
      what: 'A test of the application logs in by itself; `get_tokens_by_code` takes code and state.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        username: 'ada',
        password: 'a password',
        state: 'Hn3vY0c2kPqUo8RzLw5tXA',
      },
      result: { code: 'SplxlOBeZQQYbYS6WxSbIA' },
    },
  ],
  async run({ username, password, acr_values, state, nonce }, { site, sites, ops, logins, defaults }) {
    refusePasswords(defaults)
    const { settings, client } = site
    const [redirect_uri] = settings.redirect_uris
    const op = await ops.at(site)
    const login = await logins.begin(termsOf(await movedAlong(sites, site, op)), {
      redirect_uri,
      state,
      nonce,
    })
    const code = await codeByPassword(op, login, {
      client_id: client.client_id,
      scope: settings.scope,
      acr_values: acr_values ?? settings.acr_values,
      username,
      password,
    })
    return { code, state: login.state, login_id: login.login_id }
  },
})
