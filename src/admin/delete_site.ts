// delete_site: oxd forgets a site. Its client at the OP stays: who wants it gone, too, removes it there.
import { LIMITS } from '../limits.ts'
import { forgetSite } from '../registrar.ts'
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { siteLine } from './shown_site.ts'
import { siteNamed } from './site_named.ts'

/** Forgets a site, after changes of it that are under way. */
export const delete_site = adminCommand({
  name: 'delete_site',
  summary: 'Forgets a site: its oxd_id is unknown from now on. Its client at the OP stays.',
  repeatable: false,
  params: { oxd_id: adminFields.site_named },
  result: { site: adminFields.site },
  errors: ['unknown_site', 'invalid_request'],
  async run({ oxd_id: named }, context) {
    const site = await siteNamed(named, context.sites, LIMITS)
    if (!(await forgetSite(context, site))) throw context.fail('unknown_site')
    return { site: siteLine(site) }
  },
})
