// update_site_registration: a site is changed, at the OP and in the record of oxd.
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import type { Op } from '../oidc/op.ts'
import { authMethod, idTokenAlgorithm, updateClient } from '../oidc/registration.ts'
import {
  SITE_PARAMS,
  clientMetadata,
  sameLoginTerms,
  secretExpiry,
  settingsFrom,
  type Client,
  type SiteParams,
  type SiteSettings,
} from '../site.ts'

/** Changes a site, at the OP and in oxd: what is given replaces, what is absent stays. */
export const update_site_registration = command({
  name: 'update_site_registration',
  aliases: ['update_site'],
  since: '2.4',
  access: 'site',
  summary: 'Changes a site, at the OP and in oxd: what is given replaces, what is absent stays.',
  repeatable: false,
  spec: ['https://www.rfc-editor.org/rfc/rfc7592#section-2.2'],
  params: { oxd_id: fields.oxd_id, ...SITE_PARAMS },
  result: { oxd_id: fields.oxd_id },
  more: {},
  errors: ['invalid_oxd_id', 'invalid_registration_client_url', 'invalid_client_secret', 'site_changed'],
  examples: [
    {
      what: 'New contacts, and another page after logout.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        contacts: ['ops@example.com'],
        post_logout_redirect_uri: 'https://client.example.com/bye',
      },
      result: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff' },
    },
  ],
  async run(params, { site: { oxd_id }, ops, sites, fail }) {
    return sites.inTurn(oxd_id, async () => {
      // Read again, since another change may have come before.
      const site = await sites.get(oxd_id)
      if (site === undefined) throw fail('invalid_oxd_id')
      const settings = settingsFrom(oxd_id, params, site.settings)
      const op = await ops.at(site)
      const client = await changedClient(op, site.client, settings, params)
      await sites.update([oxd_id], (before) => {
        const after = { ...before, settings, client }
        return { ...after, version: sameLoginTerms(before, after) ? before.version : before.version + 1 }
      })
      return { oxd_id }
    })
  },
})

/** The client after the change: as the OP registered it, or, if it was registered by hand, as the caller says. */
const changedClient = async (
  op: Op,
  client: Client,
  settings: SiteSettings,
  params: SiteParams,
): Promise<Client> => {
  const { client_id, client_secret } = params
  if (client_id === undefined && client_secret === undefined && !client.by_hand) {
    return { ...(await updateClient(op, client, clientMetadata(settings))), by_hand: false }
  }
  if (client_id !== undefined && client_id !== client.client_id && client_secret === undefined) {
    throw new OxdError('invalid_client_secret', { what: 'A new client_id needs its client_secret.' })
  }
  const taken: Client = {
    ...client,
    by_hand: true,
    client_id: client_id ?? client.client_id,
    client_secret: client_secret ?? client.client_secret,
    client_secret_expires_at:
      secretExpiry(params.client_secret_expires_at) ?? client.client_secret_expires_at,
    token_endpoint_auth_method: authMethod(op.metadata, settings.token_endpoint_auth_method),
    id_token_signed_response_alg: idTokenAlgorithm(op.metadata, settings.id_token_signed_response_alg),
    registration_access_token: params.client_registration_access_token ?? client.registration_access_token,
    registration_client_uri: params.client_registration_client_uri ?? client.registration_client_uri,
  }
  // Without an address for changes only oxd learns what the client is now.
  return taken.registration_client_uri === undefined
    ? taken
    : { ...(await updateClient(op, taken, clientMetadata(settings))), by_hand: true }
}
