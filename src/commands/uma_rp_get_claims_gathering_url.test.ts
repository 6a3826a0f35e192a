// uma_rp_get_claims_gathering_url: every parameter once and encoded, and a state that is ours.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CLAIMS_REDIRECT, startUmaStory, type UmaSite, type UmaStory } from '../testing/uma1_stub.ts'

describe('uma_rp_get_claims_gathering_url', () => {
  let story: UmaStory
  let site: UmaSite
  before(async () => {
    story = await startUmaStory(2)
    site = await story.site()
  })
  after(() => story.close())

  const asked = { ticket: 'a-ticket', claims_redirect_uri: CLAIMS_REDIRECT }
  const query = async (more = {}) => {
    const { url } = await site.ok('uma_rp_get_claims_gathering_url', { ...asked, ...more })
    return new URL(String(url))
  }

  it('has client, ticket, redirect URI and state, each once, and keeps the query of the endpoint', async () => {
    const data = await site.ok('uma_rp_get_claims_gathering_url', { ...asked, ticket: 'a&state=x ticket' })
    assert.deepEqual(Object.keys(data), ['url', 'state'])
    const { origin, pathname, searchParams } = new URL(String(data.url))
    assert.deepEqual([origin, pathname], [story.stub.issuer, '/claims'])
    const { client_id, ...rest } = Object.fromEntries(searchParams)
    assert.match(String(client_id), /^[\w-]{36}$/)
    assert.deepEqual(rest, {
      tenant: 'a b',
      ticket: 'a&state=x ticket',
      claims_redirect_uri: CLAIMS_REDIRECT,
      state: data.state,
    })
    assert.equal([...searchParams].length, 5)
  })

  it('makes a state of 128 bits or more each time, and writes nothing for it', async () => {
    const states = await Promise.all(
      Array.from({ length: 32 }, async () => (await query()).searchParams.get('state')),
    )
    assert.equal(new Set(states).size, 32)
    for (const state of states) assert.match(String(state), /^[\w-]{22,128}$/)
    for (const kind of ['uma_state', 'uma_spent']) {
      for await (const _ of story.daemon.opened.store.kind({ kind, durable: true }).list()) assert.fail(kind)
    }
  })

  it('takes a state of the caller, of 128 bits or more, once', async () => {
    const state = 'an-own-state-of-27-letters'
    assert.equal((await query({ state })).searchParams.get('state'), state)
    await site.no('bad_request', 'uma_rp_get_claims_gathering_url', { ...asked, state })
    const ours = (await query()).searchParams.get('state')
    await site.no('bad_request', 'uma_rp_get_claims_gathering_url', { ...asked, state: ours })
    await site.no('internal_error', 'uma_rp_get_claims_gathering_url', { ...asked, state: 'short' })
  })

  it('adds parameters of the caller, but none of those that it has itself', async () => {
    const own = { param1: 'a&b=c', oxd_id: 'x', client_id: 'x', ticket: 'x', state: 'x' }
    const custom_parameters = { ...own, claims_redirect_uri: 'https://evil.example.com/', tenant: 'x' }
    const { searchParams } = await query({ custom_parameters })
    assert.deepEqual(
      [...searchParams.keys()],
      ['tenant', 'client_id', 'ticket', 'claims_redirect_uri', 'state', 'param1'],
    )
    assert.equal(searchParams.get('param1'), 'a&b=c')
    assert.equal(searchParams.get('tenant'), 'a b')
    assert.ok(![...searchParams.values()].some((value) => value === 'x' || /evil/.test(value)))
  })

  it('leads to no page that the site did not register', async () => {
    for (const claims_redirect_uri of [
      'https://evil.example.com/',
      `${CLAIMS_REDIRECT}/`,
      `${CLAIMS_REDIRECT}?x`,
    ]) {
      const params = { ...asked, claims_redirect_uri }
      await site.no('invalid_claims_redirect_uri_parameter', 'uma_rp_get_claims_gathering_url', params)
    }
  })

  const BAD: Readonly<Record<string, readonly [params: object, code: string]>> = {
    'no ticket': [{ claims_redirect_uri: CLAIMS_REDIRECT }, 'invalid_ticket_parameter'],
    'a blank ticket': [{ ...asked, ticket: '' }, 'invalid_ticket_parameter'],
    'no redirect URI': [{ ticket: 't' }, 'invalid_claims_redirect_uri_parameter'],
    'a redirect URI that is a script': [
      { ...asked, claims_redirect_uri: 'javascript:alert(1)' },
      'invalid_claims_redirect_uri_parameter',
    ],
    'a redirect URI that is none': [
      { ...asked, claims_redirect_uri: 'claims' },
      'invalid_claims_redirect_uri_parameter',
    ],
    'parameters that are a text': [{ ...asked, custom_parameters: 'x' }, 'internal_error'],
  }
  for (const [what, [params, code]] of Object.entries(BAD)) {
    it(`refuses ${what} with ${code}`, async () => {
      await site.no(code, 'uma_rp_get_claims_gathering_url', { ...params })
    })
  }

  it('says so where the authorization server gathers no claims, and keeps the state of the caller good', async () => {
    const own = await startUmaStory(1)
    try {
      const at = await own.site()
      const params = { ...asked, state: 'an-own-state-of-27-letters' }
      for (let i = 0; i < 2; i++) {
        await at.no('no_uma_discovery_response', 'uma_rp_get_claims_gathering_url', params)
      }
    } finally {
      await own.close()
    }
  })
})
