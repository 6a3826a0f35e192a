// What nobody signed: request objects of a site that asks for it; ID Tokens, never, but where daemon and site were told to take them.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startTestDaemon, type Data } from '../src/testing/daemon.ts'
import type { Json, TokenFaults } from '../src/testing/jws.ts'
import type { Faults } from '../src/testing/op.ts'
import { siteAt, startStory, type Site, type Story } from '../src/testing/story.ts'
import { createServerCertificate, type ServerCertificate } from '../src/testing/tls.ts'

const native = { oxd: 1 }
const NONE = { id_token_signed_response_alg: 'none' }
const SETTING = '--insecure-unsigned-id-tokens'

const partOf = (jwt: unknown, at: number): Json =>
  // As oxd or the OP made it.
  JSON.parse(Buffer.from(String(jwt).split('.')[at] ?? '', 'base64url').toString()) as Json
const set = (claims: Json): TokenFaults => ({ claims: (good) => ({ ...good, ...claims }) })

/** OPs say that they leave ID Tokens unsigned, where they do. */
const offering = (faults: Faults = {}): Faults => ({
  ...faults,
  discovery: (good) => ({
    ...good,
    id_token_signing_alg_values_supported: ['none', ...Object(good['id_token_signing_alg_values_supported'])],
  }),
})

describe('an unsigned ID Token', () => {
  let folder: string
  let tls: ServerCertificate
  let ca: string
  let story: Story
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oxd-unsigned-'))
    tls = await createServerCertificate(undefined, { names: ['op.test'], addresses: ['127.0.0.1'] })
    ca = join(folder, 'ca.pem')
    await writeFile(ca, tls.cert)
    const data_dir = join(folder, 'data')
    story = await startStory({ tls, public: true, data_dir, argv: ['--op-ca', ca, SETTING] })
  })
  after(async () => {
    await story.close()
    await rm(folder, { recursive: true })
  })

  const register = async (params: Data = {}, faults: Faults = {}) => {
    const issuer = story.issuer(offering(faults))
    const { status, data } = await story.daemon.call(
      'register_site',
      {
        op_host: issuer,
        authorization_redirect_uri: 'https://client.example.com/callback',
        ...NONE,
        ...params,
      },
      native,
    )
    return { status, data, issuer, site: siteAt(story.daemon, story.op, issuer, String(data.oxd_id)) }
  }
  /** A site that registered it, at an OP that lies from then on. */
  const siteWith = async (faults: Faults = {}, params: Data = {}): Promise<Site> => {
    const { status, data, issuer, site } = await register(params)
    assert.equal(status, 'ok', JSON.stringify(data))
    story.op.setFaults(issuer, faults)
    return site
  }
  const errorOf = async (asked: Promise<{ data: Data }>): Promise<unknown> => (await asked).data.error

  it('is taken in the code flow, with its code alone, with the whole response, and refreshed', async () => {
    const site = await siteWith({}, { scope: ['openid', 'offline_access'] })
    const { id_token, refresh_token } = await site.ok('get_tokens_by_code', await site.visit())
    assert.equal(partOf(id_token, 0).alg, 'none')
    assert.equal(String(id_token).split('.')[2], '')
    const whole = await site.ok('get_tokens_by_callback', { ...(await site.respond()) }, native)
    assert.equal(Object(whole.id_token_claims).sub, 'alice')
    const refreshed = await site.ok('get_access_token_by_refresh_token', { refresh_token }, native)
    assert.equal(partOf(refreshed.id_token, 0).alg, 'none')
  })
  it('is said at the start of the daemon', () => {
    assert.ok(
      story.daemon.log.some(
        ({ level, message, fields }) =>
          level === 'warn' && message === 'weakened' && fields.setting === 'insecure_unsigned_id_tokens',
      ),
    )
  })

  const STILL: readonly (readonly [what: string, code: string, faults: TokenFaults])[] = [
    ['of another issuer', 'invalid_id_token_bad_issuer', set({ iss: 'https://op.example' })],
    ['for another client', 'invalid_id_token_bad_audience', set({ aud: 'other' })],
    ['of another party', 'invalid_id_token_bad_authorized_party', set({ azp: 'other' })],
    ['of another login', 'invalid_id_token_bad_nonce', set({ nonce: 'another' })],
    ['without a subject', 'no_subject_identifier', { claims: ({ sub: _, ...good }) => good }],
    ['that has expired', 'invalid_id_token_expired', { offsets: { iat: -3_600, exp: -3_600 } }],
    ['of the future', 'invalid_id_token_issued_at', { offsets: { iat: 3_600, exp: 3_600 } }],
    ['of another access token', 'invalid_access_token_bad_hash', set({ at_hash: 'AAAA' })],
    ['with bytes for a signature', 'invalid_id_token_malformed', { jwt: (jwt) => `${String(jwt)}AAAA` }],
    ['by another name', 'invalid_id_token_invalid_algorithm', { header: (h) => ({ ...h, alg: 'None' }) }],
    ['that is signed after all', 'invalid_id_token_invalid_algorithm', { sign: 'honest' }],
  ]
  for (const [what, code, id_token] of STILL) {
    it(`${what} is ${code}`, async () => {
      const site = await siteWith({ id_token })
      assert.equal(await errorOf(site.call('get_tokens_by_code', await site.visit(), native)), code)
    })
  }

  it('is none of a site that registered another algorithm', async () => {
    const site = await siteWith({ id_token: { sign: 'none' } }, { id_token_signed_response_alg: 'RS256' })
    const refused = site.call('get_tokens_by_code', await site.visit(), native)
    assert.equal(await errorOf(refused), 'id_token_without_signature_not_allowed')
  })
  it('does not come through anybody else: from a caller, as userinfo, as a logout token', async () => {
    const site = await siteWith()
    const { id_token, access_token } = await site.ok('get_tokens_by_code', await site.visit())
    const asked = site.call(
      'validate',
      { id_token, nonce: partOf(id_token, 1).nonce, code: 'x', state: 'x' },
      native,
    )
    assert.notEqual((await asked).status, 'ok')
    const { data } = await site.call('id_token_status', { id_token }, native)
    assert.equal(data.active, false)
    story.op.setFaults(site.issuer, {
      userinfo: (good) => good,
      signed_userinfo: { sign: 'none' },
    })
    assert.equal((await site.call('get_user_info', { access_token }, native)).status, 'ok', 'the twin: JSON')
    const { node } = await site.ok('get_rp')
    const { client_id, backchannel_logout_uri } = Object(node)
    const logout_token = await story.op.logoutToken(site.issuer, client_id, { sub: 'alice' })
    assert.equal(partOf(logout_token, 0).alg, 'none')
    const body = new URLSearchParams({ logout_token })
    assert.equal((await story.daemon.stranger(backchannel_logout_uri, { method: 'POST', body })).status, 400)
  })
  for (const type of ['id_token', 'id_token token', 'code id_token', 'code id_token token']) {
    it(`cannot be registered together with ${type}`, async () => {
      const { data, issuer } = await register({ response_types: ['code', type] })
      assert.equal(data.error, 'invalid_algorithm')
      assert.equal(story.op.count(issuer, 'registration'), 0)
    })
  }
  it('cannot be registered where the OP does not say that it offers it', async () => {
    const issuer = story.issuer()
    const { data } = await story.register(issuer, NONE)
    assert.equal(data.error, 'invalid_algorithm')
  })
  it('cannot be registered for a token endpoint without TLS', async () => {
    const plain = await startStory({ argv: [SETTING] })
    try {
      const { data } = await plain.register(plain.issuer(offering()), NONE)
      assert.equal(data.error, 'invalid_algorithm')
    } finally {
      await plain.close()
    }
  })
  it('is refused where the OP registers it and nobody asked', async () => {
    const registration = (good: Json): Json => ({ ...good, ...NONE })
    const lies: Faults = { registration, id_token: { sign: 'none' } }
    const { site, issuer } = await register({ id_token_signed_response_alg: 'RS256' }, lies)
    const refused = site.call('get_tokens_by_code', await site.visit(), native)
    assert.equal(await errorOf(refused), 'id_token_without_signature_not_allowed')
    story.op.setFaults(issuer, {})
    assert.equal((await site.login()).status, 'ok')
  })
  it('is refused by a daemon without the setting, also for a site that registered it before', async () => {
    const site = await siteWith()
    const visit = await site.visit()
    const strict = await startTestDaemon({
      data_dir: join(folder, 'data'),
      argv: ['--op-ca', ca, '--trust-op', story.op.origin],
    })
    try {
      const again = siteAt(strict, story.op, site.issuer, site.oxd_id)
      const refused = again.call('get_tokens_by_code', visit, native)
      assert.equal(await errorOf(refused), 'id_token_without_signature_not_allowed')
      const { data } = await again.call('update_site_registration', { contacts: ['a@example.com'] }, native)
      assert.equal(data.error, 'invalid_algorithm')
    } finally {
      await strict.close()
    }
  })
})

describe('an unsigned request object', () => {
  let story: Story
  before(async () => {
    story = await startStory({ public: true })
  })
  after(() => story.close())
  const REQUEST = { request_object_signing_alg: 'none' }
  const urlOf = async (site: Site): Promise<Data> => {
    const { authorization_url } = await site.ok('get_authorization_url', {})
    return Object.fromEntries(new URL(String(authorization_url)).searchParams)
  }

  it('goes by value, says the same as a signed one, and the OP is told no keys', async () => {
    const site = await story.site({}, REQUEST)
    const told = story.op.requests(site.issuer).find(({ endpoint }) => endpoint === 'registration')?.params
    assert.deepEqual(
      [told?.request_object_signing_alg, told?.jwks, told?.jwks_uri],
      ['none', undefined, undefined],
    )
    const { request, client_id, state } = await urlOf(site)
    assert.deepEqual(partOf(request, 0), { alg: 'none' })
    const { iss, aud, exp, iat, nbf, jti, ...claims } = partOf(request, 1)
    assert.deepEqual([iss, aud, claims.client_id, claims.state], [client_id, site.issuer, client_id, state])
    assert.deepEqual([Number(exp) - Number(iat), nbf], [300, iat])
    assert.match(String(jti), /^[\w-]{43}$/)
    assert.equal(claims.code_challenge_method, 'S256')
    assert.equal((await site.login()).status, 'ok')
  })
  it('is fetched by the OP over https', async () => {
    const site = await story.site({}, { ...REQUEST, request_objects_by_reference: true })
    const { request, request_uri } = await urlOf(site)
    assert.equal(request, undefined)
    assert.match(String(request_uri), /^https:.*\/get-request-object\/[\w-]{43}$/)
    assert.equal((await site.login()).status, 'ok')
  })
  it('is not fetched over http, where a signed one is', async () => {
    const argv = ['--public-url', 'http://127.0.0.1:1', '--public-port', '0', '--insecure-plain-http']
    const plain = await startStory({ argv })
    try {
      for (const [alg, name] of [
        ['none', 'request'],
        ['RS256', 'request_uri'],
      ] as const) {
        const params = { request_object_signing_alg: alg, request_objects_by_reference: true }
        assert.ok(name in (await urlOf(await plain.site({}, params))), alg)
      }
    } finally {
      await plain.close()
    }
  })
  for (const [asked, said] of [
    ['RS256', 'none'],
    ['none', 'RS256'],
  ] as const) {
    it(`is refused where the OP registers ${said} instead of ${asked}`, async () => {
      const registration = (good: Json): Json => ({ ...good, request_object_signing_alg: said })
      const params = { request_object_signing_alg: asked }
      const { data } = await story.register(story.issuer({ registration }), params)
      assert.equal(data.error, 'invalid_algorithm')
    })
  }
  it('is none of get_request_object_uri, which signs', async () => {
    const site = await story.site({}, REQUEST)
    const oxd_host_url = 'https://oxd.example.com'
    const { data } = await site.call('get_request_object_uri', { oxd_host_url }, native)
    assert.equal(data.error, 'invalid_algorithm')
  })
})
