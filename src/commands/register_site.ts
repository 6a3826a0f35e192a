// register_site: a site is registered at its OP, and gets the oxd_id under which oxd knows it.
import { randomUUID } from 'node:crypto'
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { askedOp } from '../oidc/asked_op.ts'
import type { Op } from '../oidc/op.ts'
import { publicPlace } from '../public_addresses.ts'
import { keepSite, newClient, refuseHalfClient, registrationOf, withUmaGrants } from '../registrar.ts'
import type { Site } from '../site.ts'
import { SITE_PARAMS, loginRedirectFirst, settingsFrom, type SiteSettings } from '../site_settings.ts'

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
    logout_webhook_uri: fields.logout_webhook_uri.optional(),
  },
  result: { oxd_id: fields.oxd_id, op_host: fields.registered_op_host },
  more: {
    client_id: fields.registered_client_id,
    logout_webhook_secret: fields.logout_webhook_secret,
  },
  v4: {
    oxd_id: fields.oxd_id,
    op_host: fields.registered_op_host,
    client_id: fields.registered_client_id,
    client_name: fields.registered_client_name,
    client_secret: fields.registered_client_secret,
    client_registration_access_token: fields.registered_client_registration_access_token,
    client_registration_client_uri: fields.registered_client_registration_client_uri,
    client_id_issued_at: fields.registered_client_id_issued_at,
    client_secret_expires_at: fields.registered_client_secret_expires_at,
    logout_webhook_secret: fields.logout_webhook_secret,
  },
  from4(params) {
    if (params.redirect_uris === undefined && params.authorization_redirect_uri === undefined) {
      throw new OxdError('invalid_redirect_uri', {
        what: 'redirect_uris is missing.',
        details: { parameter: 'redirect_uris' },
      })
    }
    return loginRedirectFirst(params)
  },
  errors: [
    'no_op_host',
    'invalid_op_host',
    'invalid_authorization_redirect_uri',
    'redirect_uri_has_fragment_component',
    'invalid_algorithm',
    'invalid_client_id',
    'invalid_client_secret',
    'foreign_registration_client_uri',
    'foreign_logout_webhook_uri',
    'restricted_logout_webhook_uri',
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
      result: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        op_host: 'https://op.example.com',
        client_id: 's6BhdRkqt3',
        client_name: 'oxd site 6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        client_secret: 'a secret',
        client_registration_access_token: 'a token',
        client_registration_client_uri: 'https://op.example.com/register/s6BhdRkqt3',
        client_id_issued_at: 1711000000,
        client_secret_expires_at: 0,
      },
    },
    {
      what: 'A client that was registered by hand, as Google needs it.',
      params: {
        op_host: 'https://accounts.google.com',
        authorization_redirect_uri: 'https://client.example.com/callback',
        client_id: '1234.apps.googleusercontent.com',
        client_secret: 'the secret that Google showed',
      },
      result: {
        oxd_id: '0fae0b92-9f24-4b0f-9d34-5e5c9b7e1c11',
        op_host: 'https://accounts.google.com',
        client_id: '1234.apps.googleusercontent.com',
        client_name: 'oxd site 0fae0b92-9f24-4b0f-9d34-5e5c9b7e1c11',
        client_secret: 'the secret that Google showed',
        client_id_issued_at: 0,
        client_secret_expires_at: 0,
      },
    },
    {
      what: 'As clients of 4.x register a site.',
      params: {
        op_host: 'https://op.example.com',
        redirect_uris: ['https://client.example.com/callback'],
        post_logout_redirect_uris: ['https://client.example.com/'],
      },
      result: {
        oxd_id: '7d6b1c3e-2f14-4d58-9a0c-3e5d7f9b1a2c',
        op_host: 'https://op.example.com',
        client_id: 'n4VQgYe93Z',
        client_name: 'oxd site 7d6b1c3e-2f14-4d58-9a0c-3e5d7f9b1a2c',
        client_secret: 'a secret',
        client_registration_access_token: 'a token',
        client_registration_client_uri: 'https://op.example.com/register/n4VQgYe93Z',
        client_id_issued_at: 1711000000,
        client_secret_expires_at: 0,
      },
    },
  ],
  async run(params, { ops, sites, webhooks, defaults, permit, dialect, world }) {
    const { op_host, where } = askedOp(params, defaults.op_host)
    const oxd_id = randomUUID()
    const asked = settingsFrom(oxd_id, params)
    refuseHalfClient(params, asked)
    const webhook = { uri: params.logout_webhook_uri }
    webhooks.check(asked.redirect_uris, webhook)
    // Before anything is registered at the OP.
    const setup = await permit.setup()
    const op = await ops.anew(where)
    const withGrants = withUmaGrants(asked, op)
    const settings = dialect === 'v4' ? withOwnTokens(withGrants, op) : withGrants
    const place = publicPlace(defaults.public_url, world)
    const client = await newClient(op, settings, params, place, world)
    const public_id = place?.public_id
    const site: Site = { oxd_id, op_host, ...where, version: 1, settings, client, setup, public_id }
    await keepSite(op, sites, site, permit.adopt)
    return {
      ...registrationOf(site),
      oxd_id,
      op_host: dialect === 'v4' ? site.issuer : op_host,
      logout_webhook_secret: await webhooks.change(site, webhook),
    }
  },
})

/** In 4.x the tokens of a site's own client protect its commands, so the client must be able to get some. */
const withOwnTokens = (settings: SiteSettings, { metadata }: Op): SiteSettings => {
  const { grant_types } = settings
  const isOffered = metadata.grant_types_supported?.includes('client_credentials') ?? true
  return isOffered && !grant_types.includes('client_credentials')
    ? { ...settings, grant_types: [...grant_types, 'client_credentials'] }
    : settings
}
