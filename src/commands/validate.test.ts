// validate: code, state, ID Token and access token of one response belong together; asked once, and nothing is spent.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hybridResponse as respond, type HybridOptions } from '../testing/hybrid.ts'
import { leftHash, type Json } from '../testing/jws.ts'
import { reply } from '../testing/op.ts'
import { startStory, type Site, type Story } from '../testing/story.ts'

describe('validate', () => {
  let now = Date.now()
  let story: Story
  before(async () => {
    story = await startStory({
      now: () => now,
      http: 'plain',
      argv: ['--insecure-unprotected-http'],
      limits: { op_total_ms: 1_500 },
    })
  })
  after(() => story.close())

  /** The same response twice over, since it can be validated once: the code on the 3.x wire, and that for our library. */
  const refused = async (
    site: Site,
    make: () => Promise<Json>,
    [wire, code]: readonly [wire: string, code: string],
  ): Promise<void> => {
    for (const [more, expected] of [
      [{}, wire],
      [{ oxd: 1 }, code],
    ] as const) {
      const params = await make()
      const { status, data } = await site.call('validate', params, more)
      assert.deepEqual([status, data.error], ['error', expected], String(data.error_description))
      const told = JSON.stringify(data)
      for (const secret of Object.values(params).map(String))
        assert.ok(secret.length < 4 || !told.includes(secret), 'a secret is told')
    }
  }

  it('answers with nothing: null on the 3.x wire, no members elsewhere', async () => {
    const site = await story.site()
    const { nonce: _, ...params } = await respond(story, site)
    assert.deepEqual(await site.call('validate', params), { status: 'ok', data: null })
    const native = await respond(story, site)
    assert.deepEqual(await site.call('VALIDATE', { ...native }, { oxd: 1 }), { status: 'ok', data: {} })
    const later = { oxd_id: site.oxd_id, ...(await respond(story, site)) }
    const first = await story.daemon.post('v4', '/validate', later)
    assert.deepEqual([first.status, first.text], [200, '{}'])
    const second = await story.daemon.post('v4', '/validate', later)
    assert.deepEqual([second.status, second.body.error], [400, 'bad_request'])
  })

  it('is of the session in which the login began, or refused, and tried for nobody else', async () => {
    const site = await story.site()
    const mine = 'a'.repeat(43)
    const { code, state, id_token } = await respond(story, site, { params: { session_binding: mine } })
    for (const session_binding of [undefined, 'b'.repeat(43)]) {
      const { data } = await site.call('validate', { code, state, id_token, session_binding }, { oxd: 1 })
      assert.equal(data.error, 'other_session')
    }
    await site.ok('validate', { code, state, id_token, session_binding: mine })
  })

  it('spends nothing: the login goes on, and then there is nothing left to validate', async () => {
    const site = await story.site()
    const { nonce: _, access_token: __, ...params } = await respond(story, site)
    const { code, state } = params
    await site.ok('validate', params)
    assert.equal(story.op.count(site.issuer, 'token'), 1, 'the OP is not asked for tokens')
    await site.ok('get_tokens_by_code', { code, state })
    const after = await respond(story, site)
    await site.ok('get_tokens_by_code', { code: after.code, state: after.state })
    const { data } = await site.call('validate', { ...after }, { oxd: 1 })
    assert.equal(data.error, 'invalid_state')
  })

  it('is done once for each state, whatever came of it, and never by two at once', async () => {
    const site = await story.site()
    const tries = { ...(await respond(story, site)) }
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => site.call('validate', tries, { oxd: 1 })),
    )
    assert.deepEqual(answers.map(({ data }) => data.error).sort(), [
      ...Array.from({ length: 4 }, () => 'state_validated'),
      undefined,
    ])
    const wrong = { ...(await respond(story, site)) }
    const first = await site.call('validate', { ...wrong, code: 'another' })
    assert.equal(first.data.error, 'invalid_authorization_code_bad_hash')
    assert.equal((await site.call('validate', wrong)).data.error, 'bad_request', 'no second guess')
    const { code, state } = wrong
    await site.ok('get_tokens_by_code', { code, state })
  })

  it('wants the state of a login of this site that is under way', async () => {
    const [site, other] = [await story.site(), await story.site()]
    const state = async (): Promise<string> => (await respond(story, other)).state
    const with_ = (change: Json) => async () => ({ ...(await respond(story, site)), ...change })
    const CODE = ['bad_request', 'invalid_state'] as const
    await refused(site, with_({ state: 'made-up' }), CODE)
    await refused(site, with_({ state: await state() }), CODE)
    const later = async (): Promise<Json> => {
      const response = await respond(story, site)
      now += 900_000
      return { ...response }
    }
    await refused(site, later, CODE)
  })

  it('names what is missing', async () => {
    const site = await story.site()
    const without = (name: string) => async () => ({ ...(await respond(story, site)), [name]: null })
    await refused(site, without('id_token'), ['no_id_token', 'missing_id_token'])
    await refused(site, without('code'), ['bad_request', 'missing_parameter'])
    await refused(site, without('state'), ['bad_request', 'missing_parameter'])
    const { status, body } = await story.daemon.post('v4', '/validate', {
      oxd_id: site.oxd_id,
      ...(await without('id_token')()),
    })
    assert.deepEqual([status, body.error], [400, 'no_id_token'])
    await site.ok('validate', await without('access_token')())
    await site.ok('validate', await without('nonce')())
  })

  // What is changed in a response: its ID Token, or what is shown with it. Our code, and that of the wire where it differs.
  const BROKEN: Readonly<
    Record<string, readonly [HybridOptions & { shown?: Json }, code: string, wire?: string]>
  > = {
    'no c_hash': [{ c_hash: null }, 'invalid_authorization_code_bad_hash'],
    'the c_hash of another code': [
      { c_hash: leftHash('RS256', 'another') },
      'invalid_authorization_code_bad_hash',
    ],
    'another code': [{ shown: { code: 'a-code-of-another' } }, 'invalid_authorization_code_bad_hash'],
    'another access token': [
      { shown: { access_token: 'a-token-of-another' } },
      'invalid_access_token_bad_hash',
    ],
    'no at_hash': [
      { lies: { claims: ({ at_hash: _, ...claims }) => claims } },
      'invalid_access_token_bad_hash',
    ],
    'another nonce than the caller expects': [
      { shown: { nonce: 'a-nonce-of-another' } },
      'invalid_id_token_bad_nonce',
    ],
    'the nonce of another login': [
      { shown: { nonce: undefined }, lies: { claims: (c) => ({ ...c, nonce: `x${String(c.nonce)}` }) } },
      'invalid_id_token_bad_nonce',
    ],
    'no nonce': [{ lies: { claims: ({ nonce: _, ...claims }) => claims } }, 'invalid_id_token_no_nonce'],
    'the state of another login in s_hash': [
      { lies: { claims: (c) => ({ ...c, s_hash: leftHash('RS256', 'another') }) } },
      'invalid_state_bad_hash',
    ],
    'another issuer': [
      { lies: { claims: (c) => ({ ...c, iss: `${String(c.iss)}/` }) } },
      'invalid_id_token_bad_issuer',
    ],
    'another client': [{ lies: { claims: (c) => ({ ...c, aud: 'x' }) } }, 'invalid_id_token_bad_audience'],
    'a token that has expired': [{ lies: { offsets: { exp: -660, iat: -700 } } }, 'invalid_id_token_expired'],
    'another signature': [{ lies: { sign: 'another_key' } }, 'invalid_id_token_bad_signature'],
    'no signature': [{ lies: { sign: 'none' } }, 'id_token_without_signature_not_allowed'],
    'another algorithm': [{ lies: { alg: 'ES256' } }, 'invalid_id_token_invalid_algorithm'],
    'no token': [{ shown: { id_token: 'x' } }, 'invalid_id_token_malformed', 'invalid_id_token_unknown'],
  }
  for (const [what, [{ shown = {}, ...options }, code, wire = code]] of Object.entries(BROKEN)) {
    it(`refuses ${what} with ${wire}`, async () => {
      const site = await story.site()
      assert.equal(
        (await site.call('validate', { ...(await respond(story, site)) })).status,
        'ok',
        'the twin',
      )
      await refused(site, async () => ({ ...(await respond(story, site, options)), ...shown }), [wire, code])
    })
  }

  it('wants no at_hash where no access token came', async () => {
    const site = await story.site()
    const { access_token: _, ...response } = await respond(story, site, {
      lies: { claims: ({ at_hash: __, ...claims }) => claims },
    })
    await site.ok('validate', response)
  })

  it('takes a nonce of the caller to its login', async () => {
    const site = await story.site()
    const nonce = 'a-nonce-of-the-caller-1'
    const response = await respond(story, site, { params: { nonce } })
    assert.equal(response.nonce, nonce)
    await site.ok('validate', { ...response })
  })

  it('calls no token bad because the OP cannot be asked', async () => {
    const site = await story.site()
    const response = await respond(story, site)
    story.op.setFaults(site.issuer, { jwks: reply.status(500) })
    const { data } = await site.call('validate', { ...response })
    assert.equal(data.error, 'http_status_500', String(data.error_description))
  })
})
