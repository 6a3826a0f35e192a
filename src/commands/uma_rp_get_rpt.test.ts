// uma_rp_get_rpt: each ticket gets an RPT of its own or a no by its name, in the words of each dialect.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { LIMITS } from '../limits.ts'
import { assertNoSecrets } from '../testing/log_scan.ts'
import {
  CLAIMS_REDIRECT,
  startUmaStory,
  type Lie,
  type UmaSite,
  type UmaStory,
} from '../testing/uma1_stub.ts'

const RESOURCES = [{ path: '/photos', conditions: [{ httpMethods: ['GET'], scopes: ['view'] }] }]
const HTTP = [
  '--https-port',
  '0',
  '--https31-port',
  '0',
  '--insecure-plain-http',
  '--insecure-unprotected-http',
]
const CLAIM = {
  claim_token_format: ['http://openid.net/specs/openid-connect-core-1_0.html#IDToken'],
  claim_type: 'string',
  friendly_name: 'country',
  issuer: ['https://as.example.com'],
  name: 'country',
}

describe('uma_rp_get_rpt', () => {
  let story: UmaStory
  let site: UmaSite
  let now = Date.now()
  before(async () => {
    story = await startUmaStory(2, { argv: HTTP, now: () => now })
    site = await story.site()
    await site.ok('uma_rs_protect', { resources: RESOURCES })
  })
  beforeEach(() => story.stub.lie({}))
  after(() => story.close())

  const newTicket = async (): Promise<string> =>
    String((await site.ok('uma_rs_check_access', { rpt: '', path: '/photos', http_method: 'GET' })).ticket)
  /** The token endpoint says this to every grant. */
  const says = (status: number, json: unknown): void =>
    story.stub.lie({
      'POST /token': (good, { body }) =>
        body.grant_type === 'client_credentials' ? good() : { status, json },
    })
  const sent = () => story.stub.requests.filter(({ name }) => name === 'POST /token').at(-1)

  it('has exactly the members of 3.1, and upgraded for our own library', async () => {
    const data = await site.ok('uma_rp_get_rpt', { ticket: await newTicket() })
    const { access_token, pct, ...rest } = data
    assert.deepEqual(Object.keys(data), ['access_token', 'token_type', 'pct', 'updated'])
    assert.deepEqual(rest, { token_type: 'Bearer', updated: false })
    assert.match(`${String(access_token)} ${String(pct)}`, /^[\w-]{36} [\w-]{36}$/)
    const native = await site.ok('uma_rp_get_rpt', { ticket: await newTicket() }, { oxd: 1 })
    assert.equal(native.upgraded, false)
    assert.equal(native.rpt, null)
    const params = { oxd_id: site.oxd_id, ticket: await newTicket() }
    const { status, body } = await story.daemon.post('v4', '/uma-rp-get-rpt', params)
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), ['access_token', 'token_type', 'pct', 'updated'])
  })

  it('says null where there is no PCT, and takes the word of the server for an upgrade', async () => {
    says(200, { access_token: 'an-rpt', token_type: 'Bearer', upgraded: true })
    const data = await site.ok('uma_rp_get_rpt', { ticket: 'a-ticket', rpt: 'an-older-rpt' })
    assert.deepEqual(data, { access_token: 'an-rpt', token_type: 'Bearer', pct: null, updated: true })
    const { status, body } = await story.daemon.post('v4', '/uma-rp-get-rpt', {
      oxd_id: site.oxd_id,
      ticket: 'a-ticket',
    })
    assert.deepEqual([status, body], [200, { access_token: 'an-rpt', token_type: 'Bearer', updated: true }])
  })

  it('sends what it is given, each once, and authenticates as the client', async () => {
    await site.call('uma_rp_get_rpt', {
      ticket: 'a-ticket',
      claim_token: 'eyJh',
      claim_token_format: 'an-id-token',
      pct: 'a-pct',
      rpt: 'an-rpt',
      scope: ['view', 'all'],
      params: { audience: 'x y' },
    })
    const { authorization, body } = sent() ?? {}
    assert.match(String(authorization), /^Basic /)
    assert.deepEqual(body, {
      audience: 'x y',
      claim_token: 'eyJh',
      claim_token_format: 'an-id-token',
      grant_type: 'urn:ietf:params:oauth:grant-type:uma-ticket',
      pct: 'a-pct',
      rpt: 'an-rpt',
      scope: 'view all',
      ticket: 'a-ticket',
    })
  })

  it('never gives an RPT for another ticket than it was issued for', async () => {
    const tickets = [await newTicket(), await newTicket()]
    const tokens = await Promise.all(tickets.map((ticket) => site.ok('uma_rp_get_rpt', { ticket })))
    assert.equal(new Set(tokens.map(({ access_token }) => access_token)).size, 2)
    for (const ticket of tickets) await site.no('invalid_ticket', 'uma_rp_get_rpt', { ticket })
    await site.no('invalid_ticket', 'uma_rp_get_rpt', { ticket: 'made-up' })
  })

  it('gives one RPT for a ticket that comes twice at once', async () => {
    const ticket = await newTicket()
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => site.call('uma_rp_get_rpt', { ticket })),
    )
    assert.equal(replies.filter(({ status }) => status === 'ok').length, 1)
  })

  const NEED = {
    error: 'need_info',
    ticket: 't-10',
    required_claims: [CLAIM],
    redirect_user: 'http://127.0.0.1:1/gather?ticket=t-10',
  }
  it('hands on what the server wants to know, to each client as it knows it', async () => {
    says(403, { ...NEED, error_description: 'left out', more: 'left out' })
    const params = { ticket: 'a-ticket' }
    const v3 = await site.call('uma_rp_get_rpt', params)
    assert.equal(v3.status, 'error')
    assert.deepEqual(Object.keys(v3.data), ['error', 'error_description', 'details'])
    assert.equal(v3.data.error, 'need_info')
    assert.deepEqual(v3.data.details, NEED)
    const asked = { oxd_id: site.oxd_id, ...params }
    const http3 = await story.daemon.post('v3', '/uma-rp-get-rpt', asked)
    assert.equal(http3.status, 200)
    assert.deepEqual((http3.body.data as Record<string, unknown>).details, NEED)
    const v4 = await story.daemon.post('v4', '/uma-rp-get-rpt', asked)
    assert.deepEqual([v4.status, v4.body], [403, NEED])
    const native = await site.call('uma_rp_get_rpt', params, { oxd: 1 })
    const { ref, ...details } = native.data.details as Record<string, unknown>
    assert.match(String(ref), /^\w{4}-\w{2}$/)
    assert.deepEqual([native.data.error, details], ['need_info', NEED])
  })

  it('takes a claim that older servers write as one text', async () => {
    says(403, { ...NEED, required_claims: [{ ...CLAIM, issuer: 'https://as.example.com' }] })
    const { data } = await site.call('uma_rp_get_rpt', { ticket: 'a-ticket' })
    assert.deepEqual(data.details, NEED)
  })

  it('hands on that the owner is being asked', async () => {
    says(403, { error: 'request_submitted', ticket: 't-11', interval: 5 })
    const { data } = await site.call('uma_rp_get_rpt', { ticket: 'a-ticket' })
    assert.deepEqual(
      [data.error, data.details],
      ['request_submitted', { error: 'request_submitted', ticket: 't-11', interval: 5 }],
    )
  })

  const REFUSALS: readonly (readonly [status: number, error: string, code: string, http: number])[] = [
    [400, 'invalid_grant', 'invalid_ticket', 400],
    [400, 'invalid_ticket', 'invalid_ticket', 400],
    [400, 'expired_ticket', 'invalid_ticket', 400],
    [403, 'request_denied', 'request_denied', 403],
    [400, 'invalid_scope', 'invalid_scope', 400],
    [400, 'invalid_claim_token_format', 'invalid_claim_token_format', 400],
    [401, 'invalid_client', 'internal_error', 500],
    [400, 'unauthorized_client', 'http_status_400', 400],
    [500, 'server_error', 'http_status_500', 500],
    [403, 'no_such_word', 'http_status_403', 403],
  ]
  for (const [status, error, code, http] of REFUSALS) {
    it(`knows ${error} as ${code}`, async () => {
      says(status, { error })
      await site.no(code, 'uma_rp_get_rpt', { ticket: 'a-ticket' })
      const params = { oxd_id: site.oxd_id, ticket: 'a-ticket' }
      const answer = await story.daemon.post('v4', '/uma-rp-get-rpt', params)
      assert.equal(answer.body.error, code)
      assert.equal(answer.status, http)
    })
  }

  const LIES: Readonly<Record<string, readonly [status: number, json: unknown]>> = {
    'need_info without a ticket': [403, { ...NEED, ticket: undefined }],
    'need_info with a ticket that is no text': [403, { ...NEED, ticket: 7 }],
    'need_info that leads into a script': [403, { ...NEED, redirect_user: 'javascript:alert(1)' }],
    'need_info with endless claims': [
      403,
      { ...NEED, required_claims: Array.from({ length: LIMITS.list_items_max + 1 }, () => CLAIM) },
    ],
    'need_info with claims that are texts': [403, { ...NEED, required_claims: ['country'] }],
    'request_submitted without a ticket': [403, { error: 'request_submitted' }],
    'no RPT': [200, { token_type: 'Bearer' }],
    'an RPT that is no text': [200, { access_token: { a: 1 }, token_type: 'Bearer' }],
    'no type': [200, { access_token: 'an-rpt' }],
    'a list': [200, []],
    'a page': [200, '<html>'],
    'an upgrade that is a text': [200, { access_token: 'an-rpt', token_type: 'Bearer', upgraded: 'yes' }],
    'an endless RPT': [200, { access_token: 'x'.repeat(65_537), token_type: 'Bearer' }],
    'more than a megabyte': [200, 'x'.repeat(LIMITS.op_body_bytes_max + 1)],
  }
  for (const [what, [status, json]] of Object.entries(LIES)) {
    it(`fails at ${what}`, async () => {
      says(status, json)
      await site.no('internal_error', 'uma_rp_get_rpt', { ticket: 'a-ticket' })
    })
  }

  const BAD: Readonly<Record<string, readonly [params: object, code: string]>> = {
    'no ticket': [{}, 'invalid_ticket_parameter'],
    'a blank ticket': [{ ticket: ' ' }, 'invalid_ticket_parameter'],
    'an endless ticket': [{ ticket: 'x'.repeat(2_049) }, 'invalid_ticket_parameter'],
    'a ticket that is an object': [{ ticket: { a: 1 } }, 'internal_error'],
    'a claim token without its format': [
      { ticket: 't', claim_token: 'x' },
      'invalid_claim_token_or_claim_token_form',
    ],
    'a format without a claim token': [
      { ticket: 't', claim_token_format: 'x' },
      'invalid_claim_token_or_claim_token_form',
    ],
    'a state of nobody': [{ ticket: 't', state: 'made-up-by-somebody-else' }, 'bad_request'],
    'a scope that is an object': [{ ticket: 't', scope: { a: 1 } }, 'internal_error'],
    ...Object.fromEntries(
      ['grant_type', 'client_id', 'client_secret', 'client_assertion', 'ticket', 'rpt', 'scope'].map(
        (name) => [
          `a parameter ${name} of the caller's own`,
          [{ ticket: 't', params: { [name]: 'x' } }, 'invalid_request'] as const,
        ],
      ),
    ),
  }
  for (const [what, [params, code]] of Object.entries(BAD)) {
    it(`refuses ${what} with ${code}, and asks for no token`, async () => {
      const before = story.stub.requests.filter(({ name }) => name === 'POST /token').length
      await site.no(code, 'uma_rp_get_rpt', { ...params })
      assert.equal(story.stub.requests.filter(({ name }) => name === 'POST /token').length, before)
    })
  }

  it('asks for the ticket by its name in 4.x too', async () => {
    const { status, body } = await story.daemon.post('v4', '/uma-rp-get-rpt', { oxd_id: site.oxd_id })
    assert.deepEqual([status, body.error], [400, 'invalid_ticket_parameter'])
  })

  describe('the state of a claims gathering', () => {
    const gathering = async (of: UmaSite, params = {}): Promise<string> => {
      const asked = { ticket: 'a-ticket', claims_redirect_uri: CLAIMS_REDIRECT, ...params }
      return String((await of.ok('uma_rp_get_claims_gathering_url', asked)).state)
    }
    const spent = async (state: string, of = site): Promise<unknown> => {
      const { data } = await of.call('uma_rp_get_rpt', { ticket: await newTicket(), state }, { oxd: 1 })
      return data.error === undefined ? 'ok' : (data.details as { reason?: string }).reason
    }
    it('is good for once', async () => {
      const state = await gathering(site)
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => spent(state)))
      assert.deepEqual(outcomes.sort(), ['ok', 'used', 'used', 'used', 'used'])
    })
    it('is good for its own site alone', async () => {
      const other = await story.site()
      for (const own of [undefined, 'an-own-state-of-27-letters-']) {
        const state = await gathering(site, { state: own })
        assert.equal(await spent(state, other), 'unknown')
        assert.equal(await spent(state), 'ok')
        assert.equal(await spent(state), 'used')
      }
    })
    it('is good until it expires, and not a second longer', async () => {
      for (const own of [undefined, 'another-state-of-28-letters-']) {
        const [early, late] = [await gathering(site), await gathering(site, { state: own })]
        now += (LIMITS.login_seconds - 1) * 1_000
        assert.equal(await spent(early), 'ok')
        now += 1_000
        assert.equal(await spent(late), 'expired')
      }
    })
    it('is no state of a login, and that of a login is none', async () => {
      const { state } = await site.ok('get_authorization_url', {}, { oxd: 1 })
      assert.equal(await spent(String(state)), 'unknown')
      const { data } = await site.call('get_tokens_by_code', { code: 'c', state: await gathering(site) })
      assert.equal(data.error, 'bad_request')
    })
    it('is not good with a byte changed', async () => {
      const state = await gathering(site)
      const bytes = Buffer.from(state, 'base64url')
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes)
        changed.writeUInt8((changed[at] ?? 0) ^ 1, at)
        assert.equal(await spent(changed.toString('base64url')), 'unknown', `byte ${at}`)
      }
      assert.equal(await spent(state), 'ok')
    })
  })

  it('lets no ticket, claim, PCT or RPT into the log or an error', async () => {
    const secrets = {
      ticket: 'a-secret-ticket',
      claim_token: 'a-secret-claim-token',
      pct: 'a-secret-pct',
      rpt: 'a-secret-rpt',
      state: 'a-secret-state-of-nobody',
    }
    const { state: _, ...params } = { ...secrets, claim_token_format: 'f' }
    const echo: Lie = (_good, { body, authorization }) => ({
      status: 400,
      json: { error: 'x', error_description: `${authorization} ${Object.values(body).join(' ')}` },
    })
    story.stub.lie({ 'POST /token': echo })
    const replies = [
      await site.call('uma_rp_get_rpt', params, { oxd: 1 }),
      await site.call('uma_rp_get_rpt', { ...params, state: secrets.state }, { oxd: 1 }),
    ]
    const need = { ...NEED, ticket: 'another-secret-ticket' }
    says(403, need)
    await site.call('uma_rp_get_rpt', params)
    says(200, { access_token: 'the-new-secret-rpt', token_type: 'Bearer', pct: 'the-new-secret-pct' })
    await site.ok('uma_rp_get_rpt', params)
    assertNoSecrets(JSON.stringify([story.daemon.log, replies]), {
      ...secrets,
      next: need.ticket,
      issued: 'the-new-secret-rpt',
      kept: 'the-new-secret-pct',
      authorization: String(sent()?.authorization?.slice(6)),
    })
  })
})

describe('uma_rp_get_rpt with UMA 1', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(1, { argv: HTTP })
    site = await story.site()
  })
  beforeEach(() => story.stub.lie({}))
  after(() => story.close())

  it('gives a new RPT each time, whatever force_new says', async () => {
    const rpts = new Set<unknown>()
    for (const force_new of [true, false, undefined, 'false']) {
      const data = await site.ok('uma_rp_get_rpt', { force_new })
      assert.deepEqual(Object.keys(data), ['rpt'])
      rpts.add(data.rpt)
    }
    assert.equal(rpts.size, 4)
  })

  it('cannot spend a ticket there, and says what to do', async () => {
    assert.match(await site.no('invalid_request', 'uma_rp_get_rpt', { ticket: 't' }), /uma_rp_authorize_rpt/)
  })

  it('gives clients of 4.x, who know UMA 2.0 alone, no RPT without a ticket', async () => {
    const { body } = await story.daemon.post('v4', '/uma-rp-get-rpt', { oxd_id: site.oxd_id })
    assert.equal(body.error, 'invalid_ticket_parameter')
  })

  it('fails at an answer without an RPT', async () => {
    for (const json of [{}, { rpt: '' }, { rpt: 7 }, '<html>']) {
      story.stub.lie({ 'POST /rpt': () => ({ status: 201, json }) })
      await site.no('internal_error', 'uma_rp_get_rpt')
    }
    story.stub.lie({ 'POST /rpt': () => ({ status: 403, json: { error: 'x' } }) })
    await site.no('http_status_403', 'uma_rp_get_rpt')
  })
})
