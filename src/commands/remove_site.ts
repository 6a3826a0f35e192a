// remove_site: oxd forgets a site. The client at the OP stays.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { termsOf } from '../site.ts'

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
  async run(_params, { site, sites, logins, pats, uma, fail }) {
    const { oxd_id } = site
    // In turn: a change that is under way must not write the site again.
    const removed = await sites.inTurn(oxd_id, () => sites.remove(oxd_id))
    if (!removed) throw fail('invalid_oxd_id')
    // Everything else that is kept of it stands under its oxd_id, which nobody has any more, and expires.
    await Promise.all([logins.forgetLast(termsOf(site)), pats.forget(site), uma.forget(oxd_id)])
    return { oxd_id }
  },
})
