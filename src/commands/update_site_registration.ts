// update_site_registration: a site is changed, at the OP and in the record of oxd.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { authMethod, idTokenAlgorithm, updateClient } from '../oidc/registration.ts'
import {
  SITE_PARAMS,
  clientMetadata,
  sameLoginTerms,
  secretExpiry,
  settingsFrom,
  type Site,
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
  errors: ['invalid_registration_client_url', 'invalid_client_id', 'site_changed'],
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
  async run(params, { site, ops, sites, fail }) {
    const { oxd_id } = site
    const settings = settingsFrom(oxd_id, params, site.settings)
    const changed = async (): Promise<Site['client']> => {
      const { client } = site
      const op = await ops.at(site)
      if (params.client_id === undefined && params.client_secret === undefined && !client.by_hand) {
        return { ...(await updateClient(op, client, clientMetadata(settings))), by_hand: false }
      }
      // A client that was registered by hand is changed by hand; here oxd learns what it is now.
      if (
        params.client_secret === undefined &&
        params.client_id !== undefined &&
        params.client_id !== client.client_id
      ) {
        throw fail('invalid_client_id', { what: 'A new client_id needs its client_secret.' })
      }
      const taken = {
        ...client,
        by_hand: true,
        client_id: params.client_id ?? client.client_id,
        client_secret: params.client_secret ?? client.client_secret,
        client_secret_expires_at:
          secretExpiry(params.client_secret_expires_at) ?? client.client_secret_expires_at,
        token_endpoint_auth_method: authMethod(op.metadata, settings.token_endpoint_auth_method),
        id_token_signed_response_alg: idTokenAlgorithm(op.metadata, settings.id_token_signed_response_alg),
        registration_access_token:
          params.client_registration_access_token ?? client.registration_access_token,
        registration_client_uri: params.client_registration_client_uri ?? client.registration_client_uri,
      }
      return taken.registration_client_uri === undefined
        ? taken
        : { ...(await updateClient(op, taken, clientMetadata(settings))), by_hand: true }
    }
    const client = await changed()
    await sites.update([oxd_id], (before) => {
      // The OP has been told: what is stored is what it was told, unless another update came in between.
      if (before.client.registration_access_token !== site.client.registration_access_token)
        throw fail('site_changed')
      const after = { ...before, settings, client }
      return { ...after, version: sameLoginTerms(before, after) ? before.version : before.version + 1 }
    })
    return { oxd_id }
  },
})
