// uma_rp_authorize_rpt: a ticket of UMA 1 opens one RPT, once.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { assertNoSecrets } from '../testing/log_scan.ts'
import { startUmaStory, type UmaSite, type UmaStory } from '../testing/uma1_stub.ts'

describe('uma_rp_authorize_rpt', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(1)
    site = await story.site()
    const conditions = [{ httpMethods: ['GET'], scopes: ['read'] }]
    await site.ok('uma_rs_protect', { resources: [{ path: '/invoices', conditions }] })
  })
  beforeEach(() => story.stub.lie({}))
  after(() => story.close())

  const check = (rpt: unknown) =>
    site.ok('uma_rs_check_access', { rpt, path: '/invoices', http_method: 'GET' })

  it('opens the RPT that it is for, and no other', async () => {
    const [{ rpt }, { rpt: other }] = [await site.ok('uma_rp_get_rpt'), await site.ok('uma_rp_get_rpt')]
    const { ticket } = await check(rpt)
    assert.deepEqual(await site.ok('uma_rp_authorize_rpt', { rpt, ticket }), { oxd_id: site.oxd_id })
    assert.deepEqual([(await check(rpt)).access, (await check(other)).access], ['granted', 'denied'])
    await site.no('rpt_not_authorized', 'uma_rp_authorize_rpt', { rpt: other, ticket })
    assert.equal((await check(other)).access, 'denied')
  })

  it('asks as the client, with an AAT', async () => {
    const { rpt } = await site.ok('uma_rp_get_rpt')
    await site.call('uma_rp_authorize_rpt', { rpt, ticket: 'a-ticket' })
    const [token, asked] = story.stub.requests.slice(-2)
    assert.equal(token?.body.scope, 'uma_authorization')
    assert.match(String(asked?.authorization), /^Bearer /)
    assert.deepEqual(asked?.body, { rpt, ticket: 'a-ticket' })
  })

  it('names each refusal, without what was sent', async () => {
    const secrets = { rpt: 'a-secret-rpt', ticket: 'a-secret-ticket' }
    for (const [status, code] of [
      [400, 'rpt_not_authorized'],
      [403, 'rpt_not_authorized'],
      [401, 'http_status_401'],
      [500, 'http_status_500'],
    ] as const) {
      story.stub.lie({
        'POST /authorize': (_good, { body, authorization }) => ({
          status,
          json: { error: 'no', error_description: `${authorization} ${Object.values(body).join(' ')}` },
        }),
      })
      const said = await site.no(code, 'uma_rp_authorize_rpt', secrets)
      const aat = String(story.stub.requests.at(-1)?.authorization).slice(7)
      assertNoSecrets(JSON.stringify([said, story.daemon.log]), { ...secrets, aat })
    }
  })

  it('refuses missing parameters by their names, the ticket first', async () => {
    await site.no('invalid_ticket_parameter', 'uma_rp_authorize_rpt')
    await site.no('invalid_ticket_parameter', 'uma_rp_authorize_rpt', { rpt: 'r', ticket: ' ' })
    await site.no('invalid_rpt_parameter', 'uma_rp_authorize_rpt', { ticket: 't' })
    await site.no('internal_error', 'uma_rp_authorize_rpt', { ticket: 't', rpt: { a: 1 } })
  })

  it('says what to do at an authorization server of UMA 2.0', async () => {
    const own = await startUmaStory(2)
    try {
      const at = await own.site()
      assert.match(
        await at.no('invalid_request', 'uma_rp_authorize_rpt', { rpt: 'r', ticket: 't' }),
        /uma_rp_get_rpt/,
      )
    } finally {
      await own.close()
    }
  })
})
