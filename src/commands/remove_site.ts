// remove_site: oxd forgets a site. The client at the OP stays.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { forgetSite } from '../registrar.ts'

/** Forgets a site, and what oxd keeps of it. The client at the OP stays. */
export const remove_site = command({
  name: 'remove_site',
  since: '3.1.2',
  access: 'site',
  summary: 'Forgets a site, and what oxd keeps of it. The client at the OP stays.',
  repeatable: false,
  spec: [],
  params: { oxd_id: fields.oxd_id },
  result: { oxd_id: fields.oxd_id },
  more: {},
  errors: ['invalid_oxd_id'],
  examples: [
    {
      what: 'A site that is no longer there.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff' },
      result: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff' },
    },
  ],
  async run(_params, context) {
    const { site, fail } = context
    if (!(await forgetSite(context, site))) throw fail('invalid_oxd_id')
    return { oxd_id: site.oxd_id }
  },
})
