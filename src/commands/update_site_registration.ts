// update_site_registration: a site is changed, at the OP and in the record of oxd.
import { isDeepStrictEqual } from 'node:util'
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { namedQuirks } from '../oidc/asked_op.ts'
import type { Op } from '../oidc/op.ts'
import { clientByHand, updateClient, type ClientMetadata, type Management } from '../oidc/registration.ts'
import { publicPlace } from '../public_addresses.ts'
import { toldMetadata } from '../registrar.ts'
import { sameLoginTerms, secretExpiry, type Client, type Site } from '../site.ts'
import {
  SITE_PARAMS,
  clientMetadata,
  loginRedirectFirst,
  settingsFrom,
  type SiteParams,
  type SiteSettings,
} from '../site_settings.ts'

/** Changes a site, at the OP and in oxd: what is given replaces, what is absent stays. */
export const update_site_registration = command({
  name: 'update_site_registration',
  aliases: ['update_site'],
  since: '2.4',
  access: 'site',
  summary: 'Changes a site, at the OP and in oxd: what is given replaces, what is absent stays.',
  repeatable: false,
  spec: ['https://www.rfc-editor.org/rfc/rfc7592#section-2.2'],
  params: {
    oxd_id: fields.oxd_id,
    ...SITE_PARAMS,
    logout_webhook_uri: fields.logout_webhook_uri.optional(),
    rotate_logout_webhook_secret: fields.rotate_logout_webhook_secret.optional(),
    remove_logout_webhook: fields.remove_logout_webhook.optional(),
  },
  result: { oxd_id: fields.oxd_id },
  more: { logout_webhook_secret: fields.logout_webhook_secret },
  v4: { oxd_id: fields.oxd_id, logout_webhook_secret: fields.logout_webhook_secret },
  from4: loginRedirectFirst,
  errors: [
    'invalid_oxd_id',
    'invalid_registration_client_url',
    'invalid_client_secret',
    'foreign_registration_client_uri',
    'foreign_logout_webhook_uri',
    'restricted_logout_webhook_uri',
    'no_logout_webhook',
  ],
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
    {
      what: 'A webhook for ended logins. Its secret is shown this once.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        logout_webhook_uri: 'https://client.example.com/oxd-webhook',
      },
      result: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', logout_webhook_secret: 'whsec_…' },
    },
  ],
  async run(params, { site: { oxd_id }, ops, sites, webhooks, defaults, world, fail }) {
    return sites.inTurn(oxd_id, async () => {
      // Read again, since another change may have come before.
      const before = await sites.get(oxd_id)
      if (before === undefined) throw fail('invalid_oxd_id')
      // A site of before there was a public listener gets its name there now.
      const place = publicPlace(defaults.public_url, world, before)
      const site = { ...before, public_id: place?.public_id ?? before.public_id }
      const settings = settingsFrom(oxd_id, params, site.settings)
      const webhook = {
        uri: params.logout_webhook_uri,
        rotate: params.rotate_logout_webhook_secret,
        remove: params.remove_logout_webhook,
      }
      webhooks.check(settings.redirect_uris, webhook)
      const quirks = namedQuirks(params.op_quirks) ?? site.quirks
      const op = await ops.at({ ...site, quirks })
      // Written once as it is: a store that cannot write must say so before the OP is told.
      await sites.replace(site)
      const keep = (management: Management): Promise<void> =>
        sites.replace({ ...site, client: { ...site.client, ...management } })
      const metadata = toldMetadata(op, settings, place)
      const client = await changedClient(op, site, settings, params, metadata, keep)
      const after = { ...site, quirks, settings, client }
      await sites.replace({
        ...after,
        version: sameLoginTerms(site, after) ? site.version : site.version + 1,
      })
      return { oxd_id, logout_webhook_secret: await webhooks.change(after, webhook) }
    })
  },
})

/** The client after the change: as the OP registered it, or, if it was registered by hand, as the caller says. */
const changedClient = async (
  op: Op,
  { client, settings: before }: Site,
  settings: SiteSettings,
  params: SiteParams,
  metadata: ClientMetadata,
  keep: (management: Management) => Promise<void>,
): Promise<Client> => {
  const { client_id, client_secret, client_registration_client_uri: uri } = params
  if (client_id === undefined && client_secret === undefined && uri === undefined && !client.by_hand) {
    const concernsOnlyOxd = isDeepStrictEqual(clientMetadata(settings), clientMetadata(before))
    if (client.registration_client_uri === undefined && concernsOnlyOxd) return client
    return { ...(await updateClient(op, client, metadata, keep)), by_hand: false }
  }
  const isSame = client_id === undefined || client_id === client.client_id
  if (!isSame && client_secret === undefined) {
    throw new OxdError('invalid_client_secret', { what: 'A new client_id needs its client_secret.' })
  }
  // Another address gets no secret that oxd keeps: whoever names it must know them.
  const isComplete = client_id !== undefined && client_secret !== undefined
  if (uri !== undefined && !(isComplete && params.client_registration_access_token !== undefined)) {
    throw new OxdError('foreign_registration_client_uri')
  }
  const kept = isSame && uri === undefined ? client : undefined
  const taken = {
    by_hand: true,
    ...clientByHand(
      op,
      {
        client_id: client_id ?? client.client_id,
        client_secret: client_secret ?? client.client_secret,
        // An expiry belongs to its secret.
        client_secret_expires_at:
          params.client_secret_expires_at === undefined &&
          (client_secret ?? client.client_secret) === kept?.client_secret
            ? kept?.client_secret_expires_at
            : secretExpiry(params.client_secret_expires_at),
        token_endpoint_auth_method: settings.token_endpoint_auth_method ?? kept?.token_endpoint_auth_method,
        id_token_signed_response_alg:
          settings.id_token_signed_response_alg ?? kept?.id_token_signed_response_alg,
        registration_access_token: params.client_registration_access_token ?? kept?.registration_access_token,
        registration_client_uri: uri ?? kept?.registration_client_uri,
      },
      metadata,
    ),
  }
  // Without an address for changes only oxd learns what the client is now.
  return taken.registration_client_uri === undefined
    ? taken
    : { ...(await updateClient(op, taken, metadata, isSame ? keep : async () => {})), by_hand: true }
}
