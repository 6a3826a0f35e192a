// validate: code, state, ID Token and access token of one response belong together; asked once, and nothing is spent.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sendHttp } from '../testing/http_caller.ts'
import { leftHash, type Json, type TokenFaults } from '../testing/jws.ts'
import { reply } from '../testing/op.ts'
import { REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

/** What comes back through the browser from an OP with the hybrid flow, and the nonce of the login. */
interface Response {
  readonly code: string
  readonly state: string
  readonly id_token: string
  readonly access_token: string
  readonly nonce: string
}

/**
 * A login whose ID Token comes with the code. The OP of the tests has no hybrid flow: its token endpoint gives out, for a
 * code that stays good, what its authorization endpoint would.
 */
const respond = async (
  { op, daemon }: Story,
  site: Site,
  { c_hash, lies = {}, params = {} }: { c_hash?: string | null; lies?: TokenFaults; params?: Json } = {},
): Promise<Response> => {
  const { data } = await daemon.call('get_authorization_url', { oxd_id: site.oxd_id, ...params })
  const url = new URL(String(data.authorization_url))
  const back = new URL(await op.authorize(url.href)).searchParams
  const [code, state] = [String(back.get('code')), String(back.get('state'))]
  const hash = c_hash === undefined ? leftHash('RS256', code) : c_hash
  op.setFaults(site.issuer, {
    ignores: ['client_authentication', 'pkce', 'code_reuse'],
    id_token: {
      ...lies,
      claims(claims) {
        const bound = hash === null ? claims : { ...claims, c_hash: hash }
        return lies.claims?.(bound) ?? bound
      },
    },
  })
  const client_id = String(url.searchParams.get('client_id'))
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, client_id }
  const { port, pathname } = new URL(`${site.issuer}/token`)
  const { body } = await sendHttp({ port: Number(port) }, pathname, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams(form)),
  })
  op.setFaults(site.issuer, { ignores: ['code_reuse'] })
  return {
    code,
    state,
    id_token: String(body.id_token),
    access_token: String(body.access_token),
    nonce: String(url.searchParams.get('nonce')),
  }
}

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

  const refused = async (site: Site, params: Json, code: string, native = code): Promise<void> => {
    // Our own library is told the code that is unique to the cause; it asks of a login of its own.
    const { status, data } = await site.call('validate', params)
    assert.deepEqual([status, data.error], ['error', code], String(data.error_description))
    assert.deepEqual(Object.keys(data), ['error', 'error_description'])
    for (const secret of [params.code, params.state, params.id_token, params.access_token, params.nonce]) {
      if (typeof secret === 'string' && secret !== '')
        assert.ok(!JSON.stringify(data).includes(secret), 'a secret is told')
    }
    assert.ok(native !== '')
  }

  it('answers with nothing: null on the 3.x wire, no members elsewhere', async () => {
    const site = await story.site()
    const { id_token, code, state, access_token } = await respond(story, site)
    const params = { code, state, id_token, access_token }
    assert.deepEqual(await site.call('validate', params), { status: 'ok', data: null })
    const native = await respond(story, site)
    assert.deepEqual(await site.call('VALIDATE', { ...native }, { oxd: 1 }), { status: 'ok', data: {} })
    const later = { oxd_id: site.oxd_id, ...(await respond(story, site)) }
    const first = await story.daemon.post('v4', '/validate', later)
    assert.deepEqual([first.status, first.text], [200, '{}'])
    const second = await story.daemon.post('v4', '/validate', later)
    assert.deepEqual([second.status, second.body.error], [400, 'bad_request'])
  })
})
