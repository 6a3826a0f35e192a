// get_tokens_by_callback: all that came back to the redirect URI is checked as a whole, and made into tokens and claims.
import { command } from '../command.ts'
import { expectedOf, finishLogin } from '../finish_login.ts'
import { fields } from '../fields.ts'
import {
  checkIssuer,
  fittingParameters,
  readResponse,
  received,
  responseJwtIn,
  stateOf,
} from '../oidc/authorization_response.ts'
import { openResponseJwt, unprovenResponse } from '../oidc/jarm.ts'
import { tokensOf } from '../oidc/login_tokens.ts'
import { carriageOf } from '../flow.ts'
import { termsOf } from '../site.ts'
import { refuseMoved } from '../token_endpoint.ts'
import { seconds } from '../world.ts'

/** Checks the whole response of the OP, of any flow, and returns the tokens and claims of the login. */
export const get_tokens_by_callback = command({
  name: 'get_tokens_by_callback',
  since: '5.0',
  access: 'site',
  summary:
    'Checks the whole response of the OP, of any flow, and returns the tokens and claims of the login.',
  repeatable: false,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#AuthResponseValidation',
    'https://openid.net/specs/openid-connect-core-1_0.html#ImplicitAuthResponse',
    'https://openid.net/specs/openid-connect-core-1_0.html#HybridAuthResponse',
    'https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html',
    'https://openid.net/specs/oauth-v2-jarm.html#section-2.4',
    'https://www.rfc-editor.org/rfc/rfc9207#section-2.4',
  ],
  params: {
    oxd_id: fields.oxd_id,
    callback_url: fields.callback_url.optional(),
    parameters: fields.callback_parameters.optional(),
    session_binding: fields.session_binding.optional(),
  },
  result: {
    access_token: fields.flow_access_token,
    expires_in: fields.expires_in,
    id_token: fields.id_token,
    refresh_token: fields.refresh_token,
    id_token_claims: fields.id_token_claims,
    scope: fields.scope_of_login,
    acr: fields.returned_acr,
    auth_time: fields.auth_time,
    state: fields.login_state,
    login_id: fields.login_id,
    third_party: fields.third_party,
  },
  more: {},
  errors: [
    'missing_parameter',
    'response_without_state',
    'invalid_state',
    'other_session',
    'duplicate_parameter',
    'malformed_response',
    'foreign_callback_url',
    'other_response_mode',
    'invalid_issuer',
    'no_issuer_in_response',
    'error_and_code',
    'login_refused',
    'unexpected_parameter',
    'no_code',
    'no_id_token',
    'no_access_token',
    'invalid_token_type',
    'parameter_outside_response_jwt',
    'response_jwt_malformed',
    'response_jwt_not_signed',
    'response_jwt_invalid_algorithm',
    'response_jwt_encryption',
    'response_jwt_bad_signature',
    'response_jwt_unknown_key',
    'response_jwt_bad_issuer',
    'response_jwt_bad_audience',
    'response_jwt_no_expiry',
    'response_jwt_expired',
    'response_jwt_not_yet_valid',
    'invalid_id_token_no_auth_time',
    'invalid_id_token_old_auth_time',
    'invalid_id_token_future_auth_time',
    'invalid_id_token_acr',
    'at_hash_not_found',
    'c_hash_not_found',
    'id_tokens_differ',
    'token_endpoint_moved',
    'code_refused',
    'login_ended',
  ],
  examples: [
    {
      what: 'The user has come back to the redirect URI.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        callback_url:
          'https://client.example.com/callback?code=SplxlOBeZQQYbYS6WxSbIA&state=AaPw…&iss=https%3A%2F%2Fop.example.com',
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
        scope: ['openid', 'profile', 'email'],
        acr: null,
        auth_time: 1711278300,
        state: 'AaPw…',
        login_id: 'Yk3vQx0p3rYwAAAAm1c2Zw',
        third_party: false,
      },
    },
    {
      what: 'The browser has posted a form (response_mode form_post).',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        callback_url: 'https://client.example.com/callback',
        parameters: { id_token: 'eyJh…', state: 'AgPw…', iss: 'https://op.example.com' },
      },
      result: {
        access_token: null,
        expires_in: -1,
        id_token: 'eyJh…',
        refresh_token: null,
        id_token_claims: {
          iss: 'https://op.example.com',
          sub: '248289761001',
          aud: 's6BhdRkqt3',
          exp: 1711281970,
        },
        scope: ['openid'],
        acr: 'urn:mace:incommon:iap:silver',
        auth_time: null,
        state: 'AgPw…',
        login_id: 'Yk3vQx0p3rYwAAAAm1c2Zw',
        third_party: false,
      },
    },
  ],
  async run({ callback_url, parameters, session_binding }, context) {
    const { site, ops, logins, world, audit, fail } = context
    if (callback_url === undefined && parameters === undefined) {
      throw fail('missing_parameter', {
        what: 'callback_url is missing; for a form that was posted, parameters.',
        details: { parameter: 'callback_url' },
      })
    }
    const came = received({ callback_url, parameters })
    const inside = await unprovenResponse(() => ops.at(site), responseJwtIn(came), site.client)
    // Spent before anything else: whatever is wrong with a response, nobody tries a second one with this state. One without
    // it, or with another, is not of this login, and ends nothing.
    const login = await logins.spend(termsOf(site), stateOf(came, inside), session_binding)
    const { issuer, client } = site
    const { response_type, response_mode, state } = login
    audit({ login_id: login.login_id })
    const found = fittingParameters(came, login)

    const op = await ops.at(site)
    refuseMoved(site, op)
    const { jwt: isJwt } = carriageOf(response_type, response_mode)
    const said = isJwt
      ? await openResponseJwt(op, found, { issuer, client, state, now: seconds(world) })
      : found
    if (!isJwt) {
      const values = new Map(said)
      const isSupported = op.metadata.authorization_response_iss_parameter_supported === true
      // An ID Token says whose the response is, and is validated before anything is redeemed: OPs send no iss beside it.
      checkIssuer(values.get('iss'), { issuer, isPromised: isSupported && !values.has('id_token') })
    }
    const response = readResponse(said, response_type, [state, login.nonce, login.code_verifier])
    const tokens = await tokensOf(op, client, response, login, expectedOf(login, context))
    const { acr, auth_time } = tokens.id_token_claims
    return {
      ...(await finishLogin(login, tokens, context)),
      scope: [...tokens.scope],
      acr: typeof acr === 'string' ? acr : null,
      auth_time: typeof auth_time === 'number' ? auth_time : null,
      state,
    }
  },
})
