// list_sites: the successor of lsox.sh; page by page, so that a hundred thousand sites are no burden.
import { adminCommand } from './admin_command.ts'
import { adminFields } from './admin_fields.ts'
import { siteLine } from './shown_site.ts'

/** All sites, in no meaningful order. */
export const list_sites = adminCommand({
  name: 'list_sites',
  summary: 'The sites: oxd_id, name, issuer, client and when its secret expires.',
  repeatable: false,
  params: { cursor: adminFields.cursor.optional() },
  result: { sites: adminFields.sites, next_cursor: adminFields.next_cursor },
  errors: ['invalid_request'],
  async run({ cursor }, { sites, listings }) {
    const { rows, next_cursor } = await listings.page(cursor, async function* () {
      for await (const site of sites.list()) yield siteLine(site)
    })
    return { sites: rows, next_cursor }
  },
})
