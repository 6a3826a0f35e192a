// show_site: one site in full, without its secrets.
import { LIMITS } from '../limits.ts'
import { shownAddresses } from '../public_addresses.ts'
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { siteInFull } from './shown_site.ts'
import { siteNamed } from './site_named.ts'

/** What oxd knows of a site; of a secret only whether it is there. */
export const show_site = adminCommand({
  name: 'show_site',
  summary: 'One site: what it asked for and what the OP made of it, without its secrets.',
  repeatable: true,
  params: { oxd_id: adminFields.site_named },
  result: { site: adminFields.site },
  errors: ['unknown_site', 'invalid_request'],
  async run({ oxd_id }, { sites, defaults }) {
    const site = await siteNamed(oxd_id, sites, LIMITS)
    return { site: { ...siteInFull(site), ...shownAddresses(defaults.public_url, site) } }
  },
})
