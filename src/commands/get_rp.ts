// get_rp: what oxd knows of a site, or the sites of the caller.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { shownAddresses } from '../public_addresses.ts'
import type { Site } from '../site.ts'

/** Shows a site without its secrets, or lists the sites of the caller. */
export const get_rp = command({
  name: 'get_rp',
  since: '3.1.4',
  access: 'caller',
  summary: 'Shows a site without its secrets, or lists the sites of the caller.',
  repeatable: true,
  spec: [],
  params: { oxd_id: fields.oxd_id.optional(), list: fields.listed.optional() },
  result: { node: fields.node },
  more: {},
  errors: ['missing_parameter', 'invalid_oxd_id'],
  examples: [
    {
      what: 'The sites of the caller.',
      params: { list: true },
      result: { node: [{ oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', client_name: 'Demo site' }] },
    },
  ],
  async run({ oxd_id, list }, { sites, webhooks, defaults, permit, fail }) {
    if (list === true) {
      const own = await sites.some(permit.owns)
      return { node: own.map((site) => ({ oxd_id: site.oxd_id, client_name: site.settings.client_name })) }
    }
    if (oxd_id === undefined) throw fail('missing_parameter', { what: 'oxd_id is missing.' })
    const site = await sites.get(oxd_id)
    if (site === undefined) throw fail('invalid_oxd_id')
    const logout_webhook = await webhooks.show(oxd_id)
    const more = { ...shownAddresses(defaults.public_url, site), ...(logout_webhook && { logout_webhook }) }
    return { node: { ...shown(site), ...more } }
  },
})

/** What may be seen of a site, by the names that the original kept it under: named one by one, so that no secret slips in. */
const shown = ({ oxd_id, op_host, issuer, discovery_url, settings, client, setup }: Site) => {
  const [redirect_uri, ...redirect_uris] = settings.redirect_uris
  const [post_logout_redirect_uri] = settings.post_logout_redirect_uris
  const { scope, grant_types, response_types, contacts, client_name, application_type } = settings
  return {
    oxd_id,
    op_host,
    issuer,
    op_configuration_endpoint: discovery_url,
    client_id: client.client_id,
    client_name,
    client_id_issued_at: client.client_id_issued_at ?? 0,
    client_secret_expires_at: client.client_secret_expires_at ?? 0,
    authorization_redirect_uri: redirect_uri,
    redirect_uris: [redirect_uri, ...redirect_uris],
    logout_redirect_uri: post_logout_redirect_uri ?? null,
    logout_redirect_uris: settings.post_logout_redirect_uris,
    front_channel_logout_uris: settings.frontchannel_logout_uris,
    application_type,
    response_types,
    grant_types,
    scope,
    acr_values: settings.acr_values,
    ui_locales: settings.ui_locales,
    claims_locales: settings.claims_locales,
    contacts,
    claims_redirect_uri: settings.claims_redirect_uris,
    request_uris: settings.request_uris,
    client_jwks_uri: settings.jwks_uri ?? null,
    sector_identifier_uri: settings.sector_identifier_uri ?? null,
    token_endpoint_auth_method: client.token_endpoint_auth_method,
    id_token_signed_response_alg: client.id_token_signed_response_alg,
    setup_oxd_id: setup?.oxd_id ?? null,
    setup_client_id: setup?.client_id ?? null,
    is_setup_client: setup?.oxd_id === oxd_id,
  }
}
