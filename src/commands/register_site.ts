// register_site: a site is registered at its OP, and gets the oxd_id under which oxd knows it.
import { randomUUID } from 'node:crypto'
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { askedOp } from '../oidc/asked_op.ts'
import { clientByHand, registerClient, removeClient } from '../oidc/registration.ts'
import { SITE_PARAMS, clientMetadata, secretExpiry, settingsFrom } from '../site.ts'

/** Registers a site at its OpenID Provider, or takes over a client that was registered there by hand. */
export const register_site = command({
  name: 'register_site',
  since: '2.4',
  access: 'op',
  summary:
    'Registers a site at its OpenID Provider, or takes over a client that was registered there by hand.',
  repeatable: false,
  spec: [
    'https://openid.net/specs/openid-connect-registration-1_0.html#RegistrationRequest',
    'https://www.rfc-editor.org/rfc/rfc7591#section-3',
  ],
  params: {
    op_host: fields.op_host.optional(),
    op_discovery_path: fields.op_discovery_path.optional(),
    op_configuration_endpoint: fields.op_configuration_endpoint.optional(),
    ...SITE_PARAMS,
  },
  result: { oxd_id: fields.oxd_id, op_host: fields.registered_op_host },
  more: { client_id: fields.registered_client_id },
  errors: [
    'invalid_op_host',
    'invalid_authorization_redirect_uri',
    'invalid_client_id',
    'invalid_client_secret',
    'foreign_registration_client_uri',
    'store_unreachable',
  ],
  examples: [
    {
      what: 'A site registers dynamically.',
      params: {
        op_host: 'https://op.example.com',
        authorization_redirect_uri: 'https://client.example.com/callback',
        post_logout_redirect_uri: 'https://client.example.com/',
        scope: ['openid', 'profile', 'email'],
      },
      result: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', op_host: 'https://op.example.com' },
    },
    {
      what: 'A client that was registered by hand, as Google needs it.',
      params: {
        op_host: 'https://accounts.google.com',
        authorization_redirect_uri: 'https://client.example.com/callback',
        client_id: '1234.apps.googleusercontent.com',
        client_secret: 'the secret that Google showed',
      },
      result: { oxd_id: '0fae0b92-9f24-4b0f-9d34-5e5c9b7e1c11', op_host: 'https://accounts.google.com' },
    },
  ],
  async run(params, { ops, sites, defaults, permit, fail }) {
    const { client_id, client_secret } = params
    const { op_host, where } = askedOp(params, defaults.op_host)
    const oxd_id = randomUUID()
    const settings = settingsFrom(oxd_id, params)
    if (client_id === undefined && client_secret !== undefined) throw fail('invalid_client_id')
    if (
      client_id !== undefined &&
      client_secret === undefined &&
      settings.token_endpoint_auth_method !== 'none'
    ) {
      throw fail('invalid_client_secret')
    }

    // Before anything is registered at the OP.
    const setup = await permit.setup()
    const op = await ops.at(where)
    const by_hand = client_id !== undefined
    const client = by_hand
      ? clientByHand(op, {
          client_id,
          client_secret,
          client_secret_expires_at: secretExpiry(params.client_secret_expires_at),
          token_endpoint_auth_method: settings.token_endpoint_auth_method,
          id_token_signed_response_alg: settings.id_token_signed_response_alg,
          registration_access_token: params.client_registration_access_token,
          registration_client_uri: params.client_registration_client_uri,
        })
      : await registerClient(op, clientMetadata(settings))

    const site = { oxd_id, op_host, ...where, version: 1, settings, client: { ...client, by_hand }, setup }
    try {
      await sites.insert(site)
      await permit.adopt(oxd_id)
    } catch (error) {
      // Nothing half stored: a client that oxd cannot remember is of no use to anybody.
      if (!by_hand) await removeClient(op, client).catch(() => undefined)
      throw error
    }
    return { oxd_id, op_host, client_id: client.client_id }
  },
})
