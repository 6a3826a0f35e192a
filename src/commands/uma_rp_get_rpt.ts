// uma_rp_get_rpt: a ticket, and what is known of the user, become a requesting party token.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { requestRpt1 } from '../oidc/uma1.ts'
import { requestRpt } from '../oidc/uma_grant.ts'

/** Asks for an RPT: with a ticket as UMA 2.0 has it, without one as UMA 1 has it. None is ever given twice. */
export const uma_rp_get_rpt = command({
  name: 'uma_rp_get_rpt',
  since: '2.4',
  access: 'site',
  summary:
    'Asks for an RPT: with a ticket as UMA 2.0 has it, without one as UMA 1 has it. None is ever given twice.',
  repeatable: false,
  spec: [
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-grant-2.0.html#rfc.section.3.3.1',
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-grant-2.0.html#rfc.section.3.3.6',
  ],
  params: {
    oxd_id: fields.oxd_id,
    ticket: fields.rpt_ticket.optional(),
    claim_token: fields.claim_token.optional(),
    claim_token_format: fields.claim_token_format.optional(),
    pct: fields.pct.optional(),
    rpt: fields.upgraded_rpt.optional(),
    scope: fields.rpt_scope.optional(),
    state: fields.claims_state.optional(),
    params: fields.rpt_params.optional(),
    force_new: fields.force_new.optional(),
  },
  result: {
    rpt: fields.uma_1_rpt,
    access_token: fields.rpt_access_token,
    token_type: fields.rpt_token_type,
    pct: fields.rpt_pct,
    updated: fields.rpt_updated,
  },
  more: { upgraded: fields.rpt_upgraded },
  errors: [
    'invalid_ticket_parameter',
    'invalid_claim_token_or_claim_token_form',
    'other_uma_version',
    'invalid_claims_state',
    'need_info',
    'request_submitted',
    'request_denied',
    'invalid_ticket',
    'invalid_claim_token',
    'invalid_scope',
    'invalid_request',
    'invalid_client',
  ],
  examples: [
    {
      what: 'A ticket that came with a refusal (UMA 2.0).',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', ticket: 'd8f3a1c2-ticket' },
      result: {
        access_token: 'dbf7e0a4-rpt',
        token_type: 'Bearer',
        pct: 'c2f48226-pct',
        updated: false,
      },
    },
    {
      what: 'At an authorization server of UMA 1.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', force_new: true },
      result: { rpt: 'dbf7e0a4-rpt' },
    },
  ],
  async run(params, { site, uma, dialect, fail }) {
    const { ticket, claim_token, claim_token_format, pct, rpt, scope, state, params: custom = {} } = params
    // Clients of 4.x know UMA 2.0 alone.
    if (ticket === undefined && dialect === 'v4') throw fail('invalid_ticket_parameter')
    if ((claim_token === undefined) !== (claim_token_format === undefined)) {
      throw fail('invalid_claim_token_or_claim_token_form')
    }
    const as = await uma.at(site)
    if (as.metadata.version === 1) {
      if (ticket === undefined) return { rpt: await requestRpt1(as) }
      throw fail('other_uma_version', {
        what: 'It is UMA 1: ask without a ticket, then uma_rp_authorize_rpt.',
      })
    }
    if (ticket === undefined) throw fail('invalid_ticket_parameter', { what: 'ticket is missing.' })
    // Spent before the ticket is: who comes back from a claims gathering that was another's brings another's ticket.
    if (state !== undefined) await uma.spend(site, state)
    const { upgraded, ...granted } = await requestRpt(as, {
      ticket,
      claim_token,
      claim_token_format,
      pct,
      rpt,
      scope,
      custom,
    })
    return { ...granted, updated: upgraded, upgraded }
  },
})
