// uma_rp_get_claims_gathering_url: where the user gives the claims that the authorization server asked for.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { endpointOf } from '../oidc/uma.ts'
import { claimsUrl } from '../oidc/uma_grant.ts'

/** The URL at the authorization server at which the user gives the claims that it asked for. */
export const uma_rp_get_claims_gathering_url = command({
  name: 'uma_rp_get_claims_gathering_url',
  since: '3.1',
  access: 'site',
  summary: 'The URL at the authorization server at which the user gives the claims that it asked for.',
  repeatable: true,
  spec: ['https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-grant-2.0.html#rfc.section.3.3.2'],
  params: {
    oxd_id: fields.oxd_id,
    ticket: fields.ticket,
    claims_redirect_uri: fields.claims_redirect,
    state: fields.own_state.optional(),
    custom_parameters: fields.claims_custom_parameters.optional(),
  },
  result: { url: fields.claims_url, state: fields.new_claims_state },
  more: {},
  errors: ['invalid_ticket_parameter', 'invalid_claims_redirect_uri_parameter', 'state_in_use'],
  examples: [
    {
      what: 'After `need_info`: its ticket goes on.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        ticket: 'd8f3a1c2-ticket',
        claims_redirect_uri: 'https://client.example.com/claims',
      },
      result: {
        url: 'https://op.example.com/uma/claims?client_id=s6BhdRkqt3&ticket=d8f3a1c2-ticket&claims_redirect_uri=https%3A%2F%2Fclient.example.com%2Fclaims&state=AQBl…',
        state: 'AQBl…',
      },
    },
  ],
  async run({ ticket, claims_redirect_uri, state: own, custom_parameters = {} }, { site, uma, fail }) {
    const registered = site.settings.claims_redirect_uris
    // A client that was registered by hand may have some of which oxd knows nothing.
    if (registered.length > 0 && !registered.includes(claims_redirect_uri)) {
      throw fail('invalid_claims_redirect_uri_parameter', {
        what: 'The site was registered with others: add it to claims_redirect_uri.',
      })
    }
    const as = await uma.at(site)
    // Before a state of the caller's is used up.
    endpointOf(as, 'claims_interaction_endpoint')
    const state = await uma.begin(site, own)
    return { url: claimsUrl(as, { ticket, claims_redirect_uri, state }, custom_parameters), state }
  },
})
