// uma_rp_authorize_rpt: UMA 1, where the permissions of a ticket are added to an RPT.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { authorizeRpt } from '../oidc/uma1.ts'

/** UMA 1: has the permissions of a ticket added to an RPT. */
export const uma_rp_authorize_rpt = command({
  name: 'uma_rp_authorize_rpt',
  since: '2.4',
  access: 'site',
  summary: 'UMA 1: has the permissions of a ticket added to an RPT.',
  repeatable: false,
  spec: ['https://docs.kantarainitiative.org/uma/rec-uma-core-v1_0_1.html'],
  params: { oxd_id: fields.oxd_id, ticket: fields.ticket, rpt: fields.rpt },
  result: { oxd_id: fields.oxd_id },
  more: {},
  errors: [
    'invalid_ticket_parameter',
    'invalid_rpt_parameter',
    'other_uma_version',
    'rpt_not_authorized',
    'invalid_client',
  ],
  examples: [
    {
      what: 'The ticket came with a refusal of this RPT.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        rpt: 'dbf7e0a4-rpt',
        ticket: 'd8f3a1c2-ticket',
      },
      result: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff' },
    },
  ],
  async run({ rpt, ticket }, { site, uma, fail }) {
    const as = await uma.at(site)
    if (as.metadata.version !== 1) {
      throw fail('other_uma_version', { what: 'It is UMA 2.0: give rpt and ticket to uma_rp_get_rpt.' })
    }
    await authorizeRpt(as, { rpt, ticket })
    return { oxd_id: site.oxd_id }
  },
})
