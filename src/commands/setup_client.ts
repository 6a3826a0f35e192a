// setup_client: two clients at the OP, one whose tokens protect the commands of a site, and the site itself (3.1).
import { randomUUID } from 'node:crypto'
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { publicPlace } from '../public_addresses.ts'
import { askedOp } from '../oidc/asked_op.ts'
import {
  keepSite,
  newClient,
  proveClient,
  refuseHalfClient,
  registrationOf,
  takeBack,
  withUmaGrants,
} from '../registrar.ts'
import type { Setup, Site } from '../site.ts'
import { openidScope, SITE_PARAMS, settingsFrom, type SiteSettings } from '../site_settings.ts'

/** What a setup client must be able to do: get tokens for itself, ask the OP about tokens, protect oxd. */
const SETUP_GRANT = 'client_credentials'
const SETUP_SCOPES = ['uma_protection', 'oxd']

const asSetup = (settings: SiteSettings): SiteSettings => ({
  ...settings,
  grant_types: [...new Set([...settings.grant_types, SETUP_GRANT])],
  scope: openidScope([...settings.scope, ...SETUP_SCOPES]),
})

/** Registers a site and a client beside it, whose tokens protect the commands of the site. */
export const setup_client = command({
  name: 'setup_client',
  since: '3.1',
  access: 'op',
  summary: 'Registers a site and a client beside it, whose tokens protect the commands of the site.',
  repeatable: false,
  spec: ['https://www.rfc-editor.org/rfc/rfc7591#section-3'],
  params: {
    op_host: fields.op_host.optional(),
    op_discovery_path: fields.op_discovery_path.optional(),
    op_configuration_endpoint: fields.op_configuration_endpoint.optional(),
    setup_client_name: fields.setup_client_name.optional(),
    ...SITE_PARAMS,
  },
  result: {
    oxd_id: fields.oxd_id,
    client_id_of_oxd_id: fields.client_id_of_oxd_id,
    op_host: fields.registered_op_host,
    setup_client_oxd_id: fields.setup_client_oxd_id,
    client_id: fields.setup_client_id,
    client_secret: fields.registered_client_secret,
    client_registration_access_token: fields.registered_client_registration_access_token,
    client_registration_client_uri: fields.registered_client_registration_client_uri,
    client_id_issued_at: fields.registered_client_id_issued_at,
    client_secret_expires_at: fields.registered_client_secret_expires_at,
  },
  more: {},
  errors: [
    'no_op_host',
    'invalid_op_host',
    'invalid_authorization_redirect_uri',
    'invalid_algorithm',
    'invalid_client_id',
    'invalid_client_secret',
    'foreign_registration_client_uri',
    'store_unreachable',
  ],
  examples: [
    {
      what: 'A site whose commands need tokens.',
      params: {
        op_host: 'https://op.example.com',
        authorization_redirect_uri: 'https://client.example.com/callback',
        client_name: 'shop',
        setup_client_name: 'shop guard',
      },
      result: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        client_id_of_oxd_id: 's6BhdRkqt3',
        op_host: 'https://op.example.com',
        setup_client_oxd_id: '0fae0b92-9f24-4b0f-9d34-5e5c9b7e1c11',
        client_id: 'fGk2Lq8mTz',
        client_secret: 'a secret',
        client_registration_access_token: 'a token',
        client_registration_client_uri: 'https://op.example.com/register/fGk2Lq8mTz',
        client_id_issued_at: 1711000000,
        client_secret_expires_at: 0,
      },
    },
  ],
  async run(params, { ops, sites, defaults, permit, world }) {
    const { op_host, where } = askedOp(params, defaults.op_host)
    const [oxd_id, setup_oxd_id] = [randomUUID(), randomUUID()]
    const settings = settingsFrom(oxd_id, params)
    const { setup_client_name = `oxd setup client of ${settings.client_name}` } = params
    const setupSettings = asSetup({ ...settings, client_name: setup_client_name })
    refuseHalfClient(params, settings)
    const op = await ops.anew(where)

    const register = async (own_id: string, wanted: SiteSettings, link?: Setup): Promise<Site> => {
      // Nobody logs in with a setup client.
      const place = link === undefined ? undefined : publicPlace(defaults.public_url, world)
      const client = await newClient(op, wanted, params, place, world)
      // Setup clients are asked about tokens, and only so many: who shows nothing must not crowd out the true ones.
      if (client.by_hand && link === undefined && !permit.anywhere) await proveClient(op, client)
      // A setup client is its own.
      const setup = link ?? { oxd_id: own_id, client_id: client.client_id }
      const public_id = place?.public_id
      const site = {
        oxd_id: own_id,
        op_host,
        ...where,
        version: 1,
        settings: wanted,
        client,
        setup,
        public_id,
      }
      await keepSite(op, sites, site, permit.adopt)
      return site
    }
    const setupSite = await register(setup_oxd_id, setupSettings)
    try {
      const site = await register(oxd_id, withUmaGrants(settings, op), setupSite.setup)
      const { client_name: _, ...registration } = registrationOf(setupSite)
      const client_id_of_oxd_id = site.client.client_id
      return { ...registration, oxd_id, client_id_of_oxd_id, op_host, setup_client_oxd_id: setup_oxd_id }
    } catch (error) {
      // Half a setup is of no use to anybody.
      await takeBack(op, sites, setupSite)
      throw error
    }
  },
})
