// get_rp: a site by the names that the original kept it under, to whom it belongs, and never with a secret.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createCallers } from '../callers.ts'
import { LIMITS } from '../limits.ts'
import type { Data } from '../testing/daemon.ts'
import { HOME, REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'
import { realWorld } from '../world.ts'

const SECOND = 'https://client.example.com/second'
const GRANTS = ['authorization_code', 'client_credentials']

/** The node of a reply, an object as the definition says. */
const nodeOf = ({ node }: Data): Data => node as Data
/** The oxd_ids of a list. */
const listed = ({ node }: Data): unknown[] => (node as Data[]).map(({ oxd_id }) => oxd_id).sort()

describe('get_rp', () => {
  let story: Story
  before(async () => {
    story = await startStory({ http: 'plain', argv: ['--insecure-unprotected-http'] })
  })
  after(() => story.close())

  it('shows a site as it is, in the same words on every wire', async () => {
    const asked = {
      redirect_uris: [SECOND],
      client_frontchannel_logout_uris: ['https://client.example.com/out'],
      grant_types: GRANTS,
      scope: ['openid', 'oxd'],
      acr_values: ['duo'],
      ui_locales: ['de'],
      claims_locales: ['fr'],
      contacts: ['ops@example.com'],
      claims_redirect_uri: ['https://client.example.com/claims'],
      client_request_uris: ['https://client.example.com/request'],
      client_jwks_uri: 'https://client.example.com/jwks',
      client_sector_identifier_uri: 'https://client.example.com/sector',
      client_token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'ES256',
      client_name: 'shop',
    }
    const site = await story.site({}, asked)
    const { oxd_id, issuer } = site
    const node = nodeOf(await site.ok('get_rp'))
    const { client_id, client_id_issued_at, ...rest } = node
    assert.ok(typeof client_id === 'string' && Number(client_id_issued_at) > 1_700_000_000)
    assert.deepEqual(rest, {
      oxd_id,
      op_host: issuer,
      issuer,
      op_configuration_endpoint: `${issuer}/.well-known/openid-configuration`,
      client_name: 'shop',
      client_secret_expires_at: 0,
      authorization_redirect_uri: REDIRECT,
      redirect_uris: [REDIRECT, SECOND],
      logout_redirect_uri: HOME,
      logout_redirect_uris: [HOME],
      front_channel_logout_uris: asked.client_frontchannel_logout_uris,
      application_type: 'web',
      response_types: ['code'],
      grant_types: GRANTS,
      scope: asked.scope,
      acr_values: ['duo'],
      ui_locales: ['de'],
      claims_locales: ['fr'],
      contacts: ['ops@example.com'],
      claims_redirect_uri: asked.claims_redirect_uri,
      request_uris: asked.client_request_uris,
      client_jwks_uri: asked.client_jwks_uri,
      sector_identifier_uri: asked.client_sector_identifier_uri,
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'ES256',
      setup_oxd_id: null,
      setup_client_id: null,
      is_setup_client: false,
      backchannel_logout_uri: null,
      frontchannel_logout_uri: null,
      initiate_login_uri: null,
    })
    assert.deepEqual(await site.ok('GET_RP', {}, { oxd: 1 }), { node })
    const { status, body } = await story.daemon.post('v4', '/get-rp', { oxd_id })
    assert.deepEqual([status, body], [200, { node }])
  })

  it('shows what a change made of it', async () => {
    const site = await story.site()
    await site.ok('update_site', { client_name: 'new', post_logout_redirect_uri: SECOND })
    const { client_name, logout_redirect_uri } = nodeOf(await site.ok('get_rp'))
    assert.deepEqual([client_name, logout_redirect_uri], ['new', SECOND])
  })

  it('shows no secret on any wire, of whatever kind', async () => {
    const registered = { registration_access_token: 'zzzz-of-the-op' }
    const issuer = story.issuer({
      credentials: { client_secret: 'zzzz-client' },
      registration: (good) => ({ ...good, ...registered }),
    })
    const further = {
      software_statement: 'zzzz-statement',
      custom_attributes: { something: 'zzzz-attribute' },
      remember_last_login: true,
    }
    const { oxd_id } = (await story.register(issuer, further)).data
    const { authorization_url } = (await story.daemon.call('get_authorization_url', { oxd_id })).data
    const back = new URL(await story.op.authorize(String(authorization_url))).searchParams
    const login = { oxd_id, code: back.get('code'), state: back.get('state') }
    const { data } = await story.daemon.call('get_tokens_by_code', login)
    const replies = JSON.stringify([
      await story.daemon.call('get_rp', { oxd_id }),
      await story.daemon.call('get_rp', { oxd_id }, { oxd: 1 }),
      (await story.daemon.post('v3', '/get-rp', { oxd_id })).body,
      (await story.daemon.post('v4', '/get-rp', { oxd_id })).body,
      await story.daemon.call('get_rp', { list: true }),
    ])
    assert.ok(replies.includes(issuer))
    assert.doesNotMatch(replies, /zzzz|_secret"|_token"/)
    for (const name of ['access_token', 'id_token']) {
      const token = String(data[name])
      assert.ok(token.length > 40 && !replies.includes(token), name)
    }
  })

  it('lists the sites by oxd_id and name, and no more than it may', async () => {
    const own = await startStory({ limits: { listed_sites_max: 3 } })
    try {
      assert.deepEqual(await own.daemon.call('get_rp', { list: true }), { status: 'ok', data: { node: [] } })
      const sites = [await own.site({}, { client_name: 'one' }), await own.site({}, { client_name: 'two' })]
      const { data } = await own.daemon.call('get_rp', { list: 'true' })
      assert.deepEqual(
        [...(data.node as Data[])].sort((a, b) => String(a.client_name).localeCompare(String(b.client_name))),
        sites.map(({ oxd_id }, at) => ({ oxd_id, client_name: ['one', 'two'][at] })),
      )
      for (let more = 0; more < 2; more++) await own.site()
      assert.equal(listed((await own.daemon.call('get_rp', { list: true })).data).length, 3)
    } finally {
      await own.close()
    }
  })

  it('wants an oxd_id or list, and a site that there is', async () => {
    for (const params of [{}, { oxd_id: null }, { oxd_id: '' }, { list: false }, { list: null }]) {
      const { data } = await story.daemon.call('get_rp', params)
      assert.equal(data.error, 'bad_request', JSON.stringify(params))
      const { status, body } = await story.daemon.post('v4', '/get-rp', params)
      assert.deepEqual([status, body.error], [400, 'bad_request'])
    }
    const oxd_id = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
    const native = await story.daemon.call('get_rp', { oxd_id }, { oxd: 1 })
    assert.equal(native.data.error, 'invalid_oxd_id')
    const { data } = await story.daemon.call('get_rp', { list: 'maybe' })
    assert.equal(data.error, 'internal_error', 'as every parameter of the wrong type')
  })

  describe('where commands are protected', () => {
    let own: Story
    let mine: Site
    let others: Site
    before(async () => {
      own = await startStory({ http: 'plain' })
      mine = await own.site({}, { grant_types: GRANTS, scope: ['openid', 'oxd'] })
      others = await own.site({}, { grant_types: GRANTS, scope: ['openid', 'oxd'] })
    })
    after(() => own.close())

    const ask = async (params: Data, headers: Record<string, string> = {}) =>
      (await own.daemon.post('v4', '/get-rp', params, headers)).body
    const keyFor = async (name: string, sites: readonly string[] | 'all') => {
      const { key } = await createCallers(
        own.daemon.opened.store,
        realWorld(() => {}),
        LIMITS,
      ).add(name, sites)
      return { authorization: `Bearer ${key}` }
    }
    /** A token of the client of a site, as 4.x has it. */
    const tokenOf = async ({ issuer, oxd_id }: Site) => {
      const { opened } = own.daemon
      const kept = await opened.store.kind<{ client: Data }>({ kind: 'site', durable: true }).get([oxd_id])
      const { client_id, client_secret } = kept?.value.client ?? {}
      const params = { op_host: issuer, client_id, client_secret, scope: ['oxd'] }
      const { data } = await own.daemon.call('get_client_token', params)
      return { authorization: `Bearer ${String(data.access_token)}` }
    }

    it('is shown to nobody else', async () => {
      const { oxd_id } = mine
      assert.equal((await ask({ oxd_id })).error, 'blank_access_token')
      assert.equal((await ask({ list: true })).error, 'blank_access_token')
      const stranger = await keyFor('stranger', [others.oxd_id])
      assert.equal((await ask({ oxd_id }, stranger)).error, 'invalid_access_token')
      assert.equal((await ask({ oxd_id }, await tokenOf(others))).error, 'inactive_access_token')
      const own_key = await keyFor('own', [oxd_id])
      assert.equal(nodeOf(await ask({ oxd_id }, own_key)).oxd_id, oxd_id)
      assert.equal(nodeOf(await ask({ oxd_id }, await tokenOf(mine))).oxd_id, oxd_id)
    })

    it('lists to each caller its own sites', async () => {
      assert.deepEqual(listed(await ask({ list: true }, await keyFor('one', [mine.oxd_id]))), [mine.oxd_id])
      assert.deepEqual(await ask({ list: true }, await keyFor('none', [])), {})
      const both = listed(await ask({ list: true }, await keyFor('all', 'all')))
      assert.deepEqual(both, [mine.oxd_id, others.oxd_id].sort())
      const token = await tokenOf(mine)
      const { error, error_description } = await ask({ list: true }, token)
      assert.equal(error, 'invalid_access_token')
      assert.match(String(error_description), /oxd_id/, 'a token belongs to one client')
      const named = { ...token, AuthorizationOxdId: mine.oxd_id }
      assert.deepEqual(listed(await ask({ list: true }, named)), [mine.oxd_id])
      const withOxdId = await ask({ list: true, oxd_id: mine.oxd_id }, token)
      assert.deepEqual(listed(withOxdId), [mine.oxd_id])
    })
  })
})
