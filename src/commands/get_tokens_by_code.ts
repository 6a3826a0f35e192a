// get_tokens_by_code: the code that came back is exchanged for tokens.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { carriageOf, hasWord } from '../flow.ts'
import { expectedOf, finishLogin } from '../finish_login.ts'
import { tokensByCode } from '../oidc/login_tokens.ts'
import { termsOf } from '../site.ts'
import { refuseMoved } from '../token_endpoint.ts'

/** Exchanges the code from the redirect for tokens, and validates the ID Token. */
export const get_tokens_by_code = command({
  name: 'get_tokens_by_code',
  since: '2.4',
  access: 'site',
  summary: 'Exchanges the code from the redirect for tokens, and validates the ID Token.',
  repeatable: false,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest',
    'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation',
    'https://www.rfc-editor.org/rfc/rfc9207#section-2.4',
  ],
  params: {
    oxd_id: fields.oxd_id,
    code: fields.code,
    state: fields.state,
    iss: fields.iss.optional(),
    session_binding: fields.session_binding.optional(),
  },
  result: {
    access_token: fields.access_token,
    expires_in: fields.expires_in,
    id_token: fields.id_token,
    refresh_token: fields.refresh_token,
    id_token_claims: fields.id_token_claims,
  },
  more: { login_id: fields.login_id, third_party: fields.third_party },
  errors: [
    'invalid_state',
    'other_session',
    'whole_response_needed',
    'invalid_issuer',
    'token_endpoint_moved',
    'code_refused',
    'no_id_token',
    'no_access_token',
    'login_ended',
    'invalid_id_token_no_auth_time',
    'invalid_id_token_old_auth_time',
    'invalid_id_token_future_auth_time',
    'invalid_id_token_acr',
  ],
  examples: [
    {
      what: 'The user has come back.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        code: 'SplxlOBeZQQYbYS6WxSbIA',
        state: 'AaPw…',
      },
      result: {
        access_token: 'SlAV32hkKG',
        expires_in: 3600,
        id_token: 'eyJh…',
        refresh_token: null,
        id_token_claims: {
          iss: 'https://op.example.com',
          sub: '248289761001',
          aud: 's6BhdRkqt3',
          exp: 1711281970,
        },
        login_id: 'Yk3vQx0p3rYwAAAAm1c2Zw',
        third_party: false,
      },
    },
  ],
  async run({ code, state, iss, session_binding }, context) {
    const { site, ops, logins, audit, fail } = context
    // Spent before the OP is asked: of two callbacks with one state at most one goes on.
    // The state is authenticated for this site, so no other site can spend it.
    const login = await logins.spend(termsOf(site), state, session_binding)
    audit({ login_id: login.login_id })
    // What comes as a JWT, or without a code, somebody must have checked before there is a code to be redeemed.
    const { response_type, response_mode } = login
    if (!hasWord(response_type, 'code') || carriageOf(response_type, response_mode).jwt) {
      throw fail('whole_response_needed')
    }
    // Old clients never send iss; a state belongs to one site, and a site to one issuer.
    if (iss !== undefined && iss !== site.issuer) throw fail('invalid_issuer')

    const op = await ops.at(site)
    refuseMoved(site, op)
    const tokens = await tokensByCode(op, site.client, code, login, expectedOf(login, context))
    return { ...(await finishLogin(login, tokens, context)) }
  },
})
