// uma_rp_get_gat: UMA 1 of Gluu, a token for scopes instead of for a ticket.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { requestGat } from '../oidc/uma1.ts'

/** UMA 1 of Gluu: a token for scopes, at whatever resource. It is not kept: another user, or other scopes, get another. */
export const uma_rp_get_gat = command({
  name: 'uma_rp_get_gat',
  since: '2.4',
  access: 'site',
  summary:
    'UMA 1 of Gluu: a token for scopes, at whatever resource. It is not kept: another user, or other scopes, get another.',
  repeatable: true,
  spec: ['https://docs.kantarainitiative.org/uma/rec-uma-core-v1_0_1.html'],
  params: { oxd_id: fields.oxd_id, scopes: fields.gat_scopes },
  result: { rpt: fields.gat },
  more: {},
  errors: ['invalid_request', 'other_uma_version', 'invalid_client'],
  examples: [
    {
      what: 'A token with one scope.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        scopes: ['https://photos.example.com/view'],
      },
      result: { rpt: 'gat_7c1f…' },
    },
  ],
  async run({ scopes }, { site, uma, fail }) {
    const as = await uma.at(site)
    if (as.metadata.version !== 1) {
      throw fail('other_uma_version', { what: 'GATs are of UMA 1: use uma_rp_get_rpt.' })
    }
    return { rpt: await requestGat(as, scopes) }
  },
})
