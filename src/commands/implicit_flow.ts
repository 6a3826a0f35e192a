// implicit_flow: the same login as authorization_code_flow, under the name that old tests call.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { passwordFlow } from '../password_flow.ts'

/** The same as `authorization_code_flow`, under the name that old tests call. Off by default. */
export const implicit_flow = command({
  name: 'implicit_flow',
  since: '2.4',
  access: 'site',
  summary: 'The same as `authorization_code_flow`, under the name that old tests call. Off by default.',
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
  run: passwordFlow,
})
