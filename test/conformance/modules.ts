// The modules of the conformance suite, each as a walk: what its OP does, what oxd is asked, and what must come of it.
import assert from 'node:assert/strict'
import type { Data, Envelope } from '../../src/testing/daemon.ts'
import type { Json, TokenFaults } from '../../src/testing/jws.ts'
import { reply, type Faults } from '../../src/testing/op.ts'
import { siteAt, type Site, type Story } from '../../src/testing/story.ts'
import {
  CREDENTIALS,
  keysIn,
  REFRESHING,
  suiteFaults,
  UNUSABLE,
  WITHOUT_SECRET,
  type Arranged,
} from './suite_op.ts'
import type { Variant } from './plans.ts'

const native = { oxd: 1 }
const REDIRECT = 'https://rp.example.com/callback'
const HOME = 'https://rp.example.com/signed-out'

/** One module, walked once. */
export interface Walk {
  readonly story: Story
  readonly variant: Variant
  /** The issuer of WebFinger's answers from now on. */
  readonly webfinger: (issuer: string) => void
  /** The path of an issuer that all modules share, one after the other, each with keys and metadata of its own. */
  readonly alias?: string
}

export interface Module {
  /** What oxd does, for the table. */
  readonly how: string
  /** Only with `--insecure-unsigned-id-tokens`. */
  readonly weakened?: true
  readonly walk: (walk: Walk) => Promise<void>
}

const has = (type: string, word: string): boolean => type.split(' ').includes(word)

let issuers = 0
/** Requests at an issuer that are of earlier modules. */
const earlier = new Map<string, number>()
/** The issuer of the module, whose name ends in a slash. */
const issuerOf = (
  { story: { op }, alias, variant: { auth } }: Walk,
  how: Arranged = {},
  deviations: Faults = {},
): string => {
  const faults = suiteFaults({ auth, ...how }, deviations)
  if (alias === undefined) return op.issuer(`test/${++issuers}/`, faults)
  const issuer = `${op.origin}/${alias}/`
  op.setFaults(issuer, faults)
  // The suite takes keys from a pool: without their names they may be those of the module before.
  if (deviations.jwks === undefined) op.rotateKeys(issuer)
  earlier.set(issuer, op.requests(issuer).length)
  return issuer
}

const requestsTo = ({ story }: Walk, { issuer }: Pick<Site, 'issuer'>, endpoint: string) =>
  story.op
    .requests(issuer)
    .slice(earlier.get(issuer) ?? 0)
    .filter((request) => request.endpoint === endpoint)

/** What a person registered at the OP, as register_site is told it. */
const byHand = async ({ story, variant: { response_type, auth } }: Walk, issuer: string): Promise<Data> => {
  const keys = auth === 'private_key_jwt' ? await story.daemon.call('get_rp_jwks', {}, native) : undefined
  const { client_id, client_secret } = story.op.addClient(issuer, {
    ...CREDENTIALS,
    redirect_uris: [REDIRECT],
    post_logout_redirect_uris: [HOME],
    response_types: [response_type],
    grant_types: ['authorization_code', 'implicit'],
    token_endpoint_auth_method: auth ?? 'client_secret_basic',
    ...(keys === undefined ? {} : { jwks: { keys: keys.data.keys } }),
  })
  // Without a secret oxd asks for the method, which says that there is none.
  return WITHOUT_SECRET.includes(auth ?? '')
    ? { client_id, client_token_endpoint_auth_method: auth }
    : { client_id, client_secret }
}

const REQUESTS: Readonly<Record<string, Data>> = {
  request_object: { request_object_signing_alg: 'RS256' },
  request_uri: { request_object_signing_alg: 'RS256', request_objects_by_reference: true },
}

const register = async (walk: Walk, op_host: string, params: Data = {}): Promise<Envelope> => {
  const { story, variant } = walk
  const { response_type, request = '', auth, client } = variant
  return story.daemon.call(
    'register_site',
    {
      op_host,
      authorization_redirect_uri: REDIRECT,
      post_logout_redirect_uri: HOME,
      contacts: ['admin@rp.example.com'],
      response_types: [response_type],
      ...REQUESTS[request],
      // The suite offers none but the method that it wants, except for this one.
      ...(auth === 'none' ? { client_token_endpoint_auth_method: auth } : {}),
      ...(client === undefined ? {} : await byHand(walk, op_host)),
      ...params,
    },
    native,
  )
}

const siteOf = async (walk: Walk, how?: Arranged, deviations?: Faults, params?: Data): Promise<Site> => {
  const issuer = issuerOf(walk, how, deviations)
  const { status, data } = await register(walk, issuer, params)
  assert.equal(status, 'ok', JSON.stringify(data))
  return siteAt(walk.story.daemon, walk.story.op, issuer, String(data.oxd_id))
}

/** To the OP, and what came back to oxd. */
const login = async (
  { variant: { response_mode } }: Walk,
  site: Site,
  asked: Data = {},
): Promise<Envelope> => {
  const way = response_mode === undefined ? {} : { response_mode }
  const back = await site.respond({ ...way, ...asked })
  assert.equal(back.parameters !== undefined, response_mode === 'form_post', 'the response comes as asked')
  return site.call('get_tokens_by_callback', { ...back }, native)
}

/** How the suite sees which way a request came; it takes no other than that of the plan. */
const OBJECTS: Readonly<Record<string, readonly string[]>> = {
  request_object: ['request'],
  request_uri: ['request_uri'],
}

const userinfo = (site: Site, access_token: unknown): Promise<Envelope> =>
  site.call('get_user_info', { access_token }, native)

/** A whole login: tokens, and userinfo where there is an access token. */
const wholeLogin = async (walk: Walk, site: Site): Promise<{ tokens: Data; claims: Data }> => {
  const { status, data: tokens } = await login(walk, site)
  assert.equal(status, 'ok', JSON.stringify(tokens))
  const { params = {} } = requestsTo(walk, site, 'authorization').at(-1) ?? {}
  const objects = ['request', 'request_uri'].filter((name) => name in params)
  assert.deepEqual(objects, OBJECTS[walk.variant.request ?? ''] ?? [])
  if (walk.variant.response_type === 'id_token')
    assert.ok(requestsTo(walk, site, 'jwks').length > 0, 'the suite waits for this request')
  const idClaims = Object(tokens.id_token_claims)
  assert.deepEqual([idClaims.sub, idClaims.iss], ['alice', site.issuer])
  if (tokens.access_token === null) return { tokens, claims: idClaims }
  const info = await userinfo(site, tokens.access_token)
  assert.equal(info.status, 'ok', JSON.stringify(info.data))
  assert.equal(Object(info.data.claims).sub, 'alice')
  return { tokens, claims: Object(info.data.claims) }
}

/** oxd logs in. */
const accepts =
  (deviations: Faults = {}, params: Data = {}, how?: Arranged): Module['walk'] =>
  async (walk) => {
    await wholeLogin(walk, await siteOf(walk, how, deviations, params))
  }

/** oxd refuses by this code, and asks for no userinfo. Where the token came through the browser, it asks for no tokens either. */
const refuses =
  (code: string, deviations: Faults, params: Data = {}): Module['walk'] =>
  async (walk) => {
    const site = await siteOf(walk, {}, deviations, params)
    const { status, data } = await login(walk, site)
    assert.deepEqual([status, data.error], ['error', code], JSON.stringify(data))
    assert.equal(requestsTo(walk, site, 'userinfo').length, 0)
    // Some modules wait for the token request, to wait for nothing more after it.
    const isRedeemed = !has(walk.variant.response_type, 'id_token')
    assert.equal(requestsTo(walk, site, 'token').length, isRedeemed ? 1 : 0)
  }

const set = (more: Json): Faults => ({ id_token: { claims: (good) => ({ ...good, ...more }) } })
const drop = (name: string): Faults => ({
  id_token: { claims: (good) => Object.fromEntries(Object.entries(good).filter(([own]) => own !== name)) },
})

const withoutKid = ({ kid: _, ...rest }: Json): Json => rest
/** No kid in the header, and none in the keys; `single`: one key of a kind. */
const kidless = (single: boolean): Faults => ({
  id_token: { header: withoutKid },
  jwks: (good) => {
    const signing = keysIn(good).filter((key) => key['use'] === 'sig' && !UNUSABLE.includes(key))
    const wanted = signing.filter(({ kid }) => !single || !String(kid).startsWith('another'))
    return { keys: wanted.map(({ alg: _, ...key }) => withoutKid(key)) }
  },
})

/** Request objects that are fetched: what stands beside them, and what is in them. */
const byReference =
  (alg: 'RS256' | 'none'): Module['walk'] =>
  async (walk) => {
    const site = await siteOf(
      walk,
      {},
      {},
      { request_object_signing_alg: alg, request_objects_by_reference: true },
    )
    await wholeLogin(walk, site)
    const [told] = requestsTo(walk, site, 'registration')
    assert.equal(told?.params.request_object_signing_alg, alg)
    const { params = {} } = requestsTo(walk, site, 'authorization')[0] ?? {}
    assert.deepEqual([params.response_type, params.client_id], ['code', CREDENTIALS.client_id])
    assert.match(String(params.scope), /\bopenid\b/)
    assert.match(String(params.request_uri), /^https:/)
    const object = await (await walk.story.daemon.stranger(String(params.request_uri))).text()
    const [head = '', body = ''] = object.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    const claims = JSON.parse(body) as Json
    assert.equal(Object(JSON.parse(head)).alg, alg)
    assert.deepEqual([claims.iss, claims.aud, claims.sub], [CREDENTIALS.client_id, site.issuer, undefined])
  }

const SESSION = 'sid_kYxQzRbTnWmPaLs90417:%+& '
const LOGOUT: Faults = {
  id_token: { claims: (good) => ({ ...good, sid: SESSION }) },
  authorization: (good) => ({ ...good, session_state: 'a-hash.a-salt' }),
}
/** Where the suite reaches a site: as it was told at the registration, or as a person reads it and tells it. */
const addressesOf = async (walk: Walk, site: Site): Promise<LoggedIn['addresses']> => {
  const addresses = Object((await site.ok('get_rp')).node)
  for (const name of ['backchannel_logout_uri', 'frontchannel_logout_uri', 'initiate_login_uri']) {
    assert.match(String(addresses[name]), /^https:/)
    if (walk.variant.client !== undefined) continue
    const [told] = requestsTo(walk, site, 'registration')
    assert.equal(told?.params[name], addresses[name])
    assert.equal(told?.params.frontchannel_logout_session_required, true)
  }
  return addresses
}
interface LoggedIn {
  readonly site: Site
  readonly login_id: string
  readonly id_token: unknown
  readonly addresses: Readonly<Record<string, string>>
}
const loggedIn = async (walk: Walk): Promise<LoggedIn> => {
  const site = await siteOf(walk, { logout: true }, LOGOUT)
  const { tokens } = await wholeLogin(walk, site)
  const addresses = await addressesOf(walk, site)
  return { site, login_id: String(tokens.login_id), id_token: tokens.id_token, addresses }
}
/** The application ends the session at the OP. @returns where the browser comes back to */
const endSession = async (walk: Walk, { site, id_token }: LoggedIn, state: string): Promise<URL> => {
  const asked = { id_token_hint: id_token, post_logout_redirect_uri: HOME, state }
  const { uri } = await site.ok('get_logout_uri', asked)
  const sent = new URL(String(uri)).searchParams
  assert.deepEqual(
    [sent.get('id_token_hint'), sent.get('post_logout_redirect_uri'), sent.get('state')],
    [id_token, HOME, state],
  )
  return new URL(await walk.story.op.authorize(String(uri)))
}
const isEnded = async ({ site, login_id }: LoggedIn): Promise<void> =>
  assert.equal((await site.ok('get_login_status', { login_id })).login_status, 'ended')

/** A logout token, and beside it a parameter that nobody knows. */
const logOutBehind = async (
  { story }: Walk,
  { site, addresses }: LoggedIn,
  faults?: TokenFaults,
): Promise<Response> => {
  const about = { sub: 'alice', sid: SESSION }
  const claims = (good: Json): Json | string | Buffer => {
    const all = { ...good, ignored_claim: 'x' }
    return faults?.claims?.(all) ?? all
  }
  const logout_token = await story.op.logoutToken(site.issuer, CREDENTIALS.client_id, about, {
    ...faults,
    claims,
  })
  return story.daemon.stranger(String(addresses.backchannel_logout_uri), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    body: String(new URLSearchParams({ logout_token, ignored_parameter: 'x' })),
  })
}
const logOutInFrame = ({ story }: Walk, { site, addresses }: LoggedIn): Promise<Response> => {
  const url = new URL(String(addresses.frontchannel_logout_uri))
  url.searchParams.set('iss', site.issuer)
  url.searchParams.set('sid', SESSION)
  return story.daemon.stranger(url.href)
}

/** The application compares the state that comes back with its own; nothing of oxd hangs on it. */
const rpInitiated =
  (end_session?: Faults['end_session']): Module['walk'] =>
  async (walk) => {
    const user = await loggedIn(walk)
    if (end_session !== undefined)
      walk.story.op.setFaults(user.site.issuer, suiteFaults({ logout: true }, { ...LOGOUT, end_session }))
    const back = await endSession(walk, user, 'of-the-application')
    // The suite sends both while the browser is there: the login has ended already.
    assert.equal((await logOutBehind(walk, user)).status, 200)
    assert.equal((await logOutInFrame(walk, user)).status, 200)
    assert.equal(`${back.origin}${back.pathname}`, HOME)
    const expected = end_session === undefined ? 'of-the-application' : back.searchParams.get('state')
    assert.equal(back.searchParams.get('state'), expected)
    if (end_session !== undefined) assert.notEqual(expected, 'of-the-application')
    await isEnded(user)
  }

const frontChannel =
  (first: 'rp' | 'op'): Module['walk'] =>
  async (walk) => {
    const user = await loggedIn(walk)
    if (first === 'rp') await endSession(walk, user, 'any')
    const answer = await logOutInFrame(walk, user)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('x-frame-options'), null, 'the OP shows it in a frame')
    await isEnded(user)
  }

const backChannel =
  (faults: TokenFaults | undefined): Module['walk'] =>
  async (walk) => {
    const user = await loggedIn(walk)
    const { site } = user
    const answer = await logOutBehind(walk, user, faults)
    assert.equal(answer.status, faults === undefined ? 200 : 400)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { login_status } = await site.ok('get_login_status', { login_id: user.login_id })
    assert.equal(login_status, faults === undefined ? 'ended' : 'live')
    assert.equal((await endSession(walk, user, 'any')).pathname, '/signed-out')
  }
const logoutClaims = (more: Json): TokenFaults => ({ claims: (good) => ({ ...good, ...more }) })

const REFRESH = { scope: ['openid', 'offline_access'], grant_types: REFRESHING }
/** Tokens are refreshed; what the ID Token of the refresh says otherwise is refused. */
const refreshed =
  (code?: string, more: Json = {}): Module['walk'] =>
  async (walk) => {
    const site = await siteOf(walk, { refresh: true }, {}, REFRESH)
    const { tokens } = await wholeLogin(walk, site)
    walk.story.op.setFaults(site.issuer, suiteFaults({ refresh: true }, set(more)))
    const { refresh_token } = tokens
    const { status, data } = await site.call('get_access_token_by_refresh_token', { refresh_token }, native)
    assert.equal(code === undefined ? status : data.error, code ?? 'ok', JSON.stringify(data))
    if (code === undefined) assert.equal((await userinfo(site, data.access_token)).status, 'ok')
  }

const webFinger =
  (resourceAt: (host: string) => string): Module['walk'] =>
  async (walk) => {
    const issuer = issuerOf(walk)
    walk.webfinger(issuer)
    const resource = resourceAt(new URL(issuer).host)
    const { status, data } = await walk.story.daemon.call('get_issuer', { resource }, native)
    assert.equal(status, 'ok', JSON.stringify(data))
    // As WebFinger has them.
    const [link] = data.links as { href: string }[]
    assert.equal(link?.href, issuer)
    assert.equal((await register(walk, issuer)).status, 'ok')
  }

/** By the code that the table names. */
const refusing = (code: string, deviations: Faults, how = 'refuses'): Module => ({
  how: `${how}: \`${code}\``,
  walk: refuses(code, deviations),
})
const refusingRefresh = (code: string, more: Json): Module => ({
  how: `refuses: \`${code}\``,
  walk: refreshed(code, more),
})

const OF_OTHERS = {
  _claim_names: { credit: 'src' },
  _claim_sources: { src: { JWT: 'a.b.c', endpoint: 'https://x.example/' } },
}
const dropsOfOthers: Module['walk'] = async (walk) => {
  const site = await siteOf(walk, {}, { userinfo: (good) => ({ ...good, ...OF_OTHERS }) })
  const { claims } = await wholeLogin(walk, site)
  assert.deepEqual(
    Object.keys(claims).filter((name) => name.startsWith('_')),
    [],
  )
}

/** By the one algorithm that there is. */
const wronglySigned = (alg: string): Faults => ({
  discovery: (good) => ({ ...good, id_token_signing_alg_values_supported: [alg] }),
  id_token: { sign: 'flipped_bit' },
})
const rotating: Faults = { rotates: 'kid' }
/** Whatever the client asked for; no hashes without an algorithm. */
const unsigned: Faults = {
  registration: (good) => ({ ...good, id_token_signed_response_alg: 'none' }),
  id_token: { claims: ({ at_hash: _, ...good }) => good, sign: 'none' },
}
const BACK = 'oidcc-client-test-rp-backchannel-rpinitlogout'
const EVENT = 'events that are another one, or none, are refused with 400'

/** By the names of the suite. */
export const MODULES: Readonly<Record<string, Module>> = {
  'oidcc-client-test': { how: 'logs in, and asks for userinfo', walk: accepts() },
  'oidcc-client-test-invalid-iss': refusing(
    'invalid_id_token_bad_issuer',
    set({ iss: 'https://op.example/1' }),
  ),
  'oidcc-client-test-missing-sub': refusing('no_subject_identifier', drop('sub')),
  'oidcc-client-test-invalid-aud': refusing('invalid_id_token_bad_audience', set({ aud: 'somebody_else' })),
  'oidcc-client-test-missing-aud': refusing('invalid_id_token_no_audience', drop('aud')),
  'oidcc-client-test-missing-iat': refusing('invalid_id_token_issued_at', drop('iat')),
  'oidcc-client-test-kid-absent-single-jwks': {
    how: 'finds the one key that fits',
    walk: accepts(kidless(true)),
  },
  'oidcc-client-test-kid-absent-multiple-jwks': {
    how: 'tries the keys that fit, a bounded number',
    walk: accepts(kidless(false)),
  },
  'oidcc-client-test-ignores-unparseable-key-in-jwks': {
    how: 'passes over keys that it does not know',
    walk: accepts({ jwks: (good) => ({ keys: [...UNUSABLE, ...keysIn(good), null, { kid: 'x' }] }) }),
  },
  'oidcc-client-test-idtoken-sig-rs256': {
    how: 'takes RS256',
    walk: accepts({ discovery: (good) => ({ ...good, id_token_signing_alg_values_supported: ['RS256'] }) }),
  },
  'oidcc-client-test-idtoken-sig-none': {
    how: 'refuses after the token request: `id_token_without_signature_not_allowed`, and the module is skipped, which is well; takes it with `--insecure-unsigned-id-tokens`, of a site that registers `id_token_signed_response_alg` `none`',
    weakened: true,
    async walk(walk) {
      await refuses('id_token_without_signature_not_allowed', unsigned)(walk)
      await accepts(unsigned, { id_token_signed_response_alg: 'none' })(walk)
    },
  },
  'oidcc-client-test-invalid-sig-rs256': refusing('invalid_id_token_bad_signature', wronglySigned('RS256')),
  'oidcc-client-test-invalid-sig-hs256': {
    how: 'refuses: `invalid_id_token_bad_signature`; the site registers `id_token_signed_response_alg` `HS256`, or `register_site` is refused, since HMAC is only for who asks',
    walk: refuses('invalid_id_token_bad_signature', wronglySigned('HS256'), {
      id_token_signed_response_alg: 'HS256',
    }),
  },
  'oidcc-client-test-invalid-sig-es256': {
    how: 'registers ES256, which alone is offered, and refuses: `invalid_id_token_bad_signature`',
    walk: refuses('invalid_id_token_bad_signature', wronglySigned('ES256')),
  },
  'oidcc-client-test-nonce-invalid': refusing('invalid_id_token_bad_nonce', set({ nonce: 'another' })),
  'oidcc-client-test-nonce-unless-code-flow': {
    how: 'sends a fresh nonce in every flow',
    async walk(walk) {
      const site = await siteOf(walk)
      await wholeLogin(walk, site)
      await wholeLogin(walk, site)
      const [one, other] = requestsTo(walk, site, 'authorization').map(({ params }) => params.nonce)
      assert.ok(typeof one === 'string' && one.length >= 22 && one !== other)
    },
  },
  'oidcc-client-test-scope-userinfo-claims': {
    how: 'asks for `profile` and `email` by default, and hands the claims on',
    async walk(walk) {
      const inToken = walk.variant.response_type === 'id_token' ? set({ email: 'alice@example.com' }) : {}
      const { claims } = await wholeLogin(walk, await siteOf(walk, {}, inToken))
      assert.equal(claims.email, 'alice@example.com')
    },
  },
  'oidcc-client-test-client-secret-basic': {
    how: 'authenticates by client_secret_basic, form-encoded',
    async walk(walk) {
      const site = await siteOf(walk)
      await wholeLogin(walk, site)
      const [request] = requestsTo(walk, site, 'token')
      assert.match(String(request?.authorization), /^Basic /)
      assert.equal(request?.params.client_secret, undefined)
    },
  },
  'oidcc-client-test-userinfo-invalid-sub': {
    how: 'refuses: `invalid_subject_identifier`',
    async walk(walk) {
      const site = await siteOf(walk, {}, { userinfo: (good) => ({ ...good, sub: 'alice_invalid' }) })
      const { data } = await login(walk, site)
      assert.equal((await userinfo(site, data.access_token)).data.error, 'invalid_subject_identifier')
    },
  },
  'oidcc-client-test-userinfo-bearer-header': {
    how: 'sends the access token in the header, and nowhere else',
    async walk(walk) {
      const site = await siteOf(walk)
      await wholeLogin(walk, site)
      const [request] = requestsTo(walk, site, 'userinfo')
      assert.match(String(request?.authorization), /^Bearer /)
      assert.deepEqual(request?.params, {})
    },
  },
  'oidcc-client-test-userinfo-signed': {
    how: 'registers `userinfo_signed_response_alg`, or is told it by the answer, and takes nothing else',
    async walk(walk) {
      await accepts({}, { user_info_signed_response_alg: 'RS256' })(walk)
      // The suite registers it for everybody; our OP answers with JSON, which is none of it then.
      const told: Faults = { registration: (good) => ({ ...good, userinfo_signed_response_alg: 'RS256' }) }
      const site = await siteOf(walk, {}, told)
      const { data } = await login(walk, site)
      assert.equal((await userinfo(site, data.access_token)).data.error, 'userinfo_not_as_registered')
    },
  },
  'oidcc-client-test-invalid-chash': refusing(
    'invalid_authorization_code_bad_hash',
    set({ c_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }),
    'refuses before the code is redeemed',
  ),
  'oidcc-client-test-missing-chash': refusing(
    'c_hash_not_found',
    drop('c_hash'),
    'refuses before the code is redeemed',
  ),
  'oidcc-client-test-invalid-athash': refusing(
    'invalid_access_token_bad_hash',
    set({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }),
  ),
  'oidcc-client-test-missing-athash': refusing('at_hash_not_found', drop('at_hash')),
  'oidcc-client-test-form-post-error': {
    how: 'asks with `prompt=none` and `max_age=0`, and says the error of the form: `login_refused`',
    async walk(walk) {
      const site = await siteOf(
        walk,
        {},
        {
          authorization: ({ state }) => ({ state, error: 'login_required', error_description: 'Not now' }),
        },
      )
      const { data } = await login(walk, site, { prompt: 'none', max_age: 0 })
      const [request] = requestsTo(walk, site, 'authorization')
      assert.deepEqual([request?.params.prompt, request?.params.max_age], ['none', '0'])
      assert.equal(data.error, 'login_refused')
      assert.match(String(data.error_description), /login_required/)
    },
  },
  'oidcc-client-test-aggregated-claims': {
    how: 'leaves them out: it verifies no claims of others',
    walk: dropsOfOthers,
  },
  'oidcc-client-test-distributed-claims': {
    how: 'leaves them out, and fetches nothing: the suite waits for a request of the claims, and does not pass this module',
    walk: dropsOfOthers,
  },
  'oidcc-client-test-discovery-openid-config': { how: 'reads it, and logs in', walk: accepts() },
  'oidcc-client-test-discovery-jwks-uri-keys': {
    how: 'fetches the keys from wherever it says',
    async walk(walk) {
      const site = await siteOf(
        walk,
        {},
        { discovery: (good) => ({ ...good, jwks_uri: `${String(good['jwks_uri'])}?kYxQzRbTnW` }) },
      )
      await wholeLogin(walk, site)
      const [request] = requestsTo(walk, site, 'jwks')
      assert.match(String(request?.target), /\?kYxQzRbTnW$/)
    },
  },
  'oidcc-client-test-discovery-issuer-mismatch': {
    how: 'refuses to register: `invalid_issuer_discovered`',
    async walk(walk) {
      const issuer = issuerOf(
        walk,
        {},
        { discovery: (good) => ({ ...good, issuer: `${String(good['issuer'])}INVALID` }) },
      )
      const { data } = await register(walk, issuer)
      assert.equal(data.error, 'invalid_issuer_discovered')
      assert.equal(requestsTo(walk, { issuer }, 'registration').length, 0)
    },
  },
  'oidcc-client-test-discovery-webfinger-acct': {
    how: '`get_issuer` with `acct:…`, and `register_site` there',
    walk: webFinger((host) => `acct:oxd.oidcc-client-test-discovery-webfinger-acct@${host}`),
  },
  'oidcc-client-test-discovery-webfinger-url': {
    how: '`get_issuer` with the URL, and `register_site` there',
    walk: webFinger((host) => `https://${host}/oxd/oidcc-client-test-discovery-webfinger-url`),
  },
  'oidcc-client-test-dynamic-registration': {
    how: '`register_site`, with `contacts`',
    async walk(walk) {
      const site = await siteOf(walk)
      const { params = {} } = requestsTo(walk, site, 'registration')[0] ?? {}
      assert.deepEqual([params.contacts, params.redirect_uris], [['admin@rp.example.com'], [REDIRECT]])
      assert.deepEqual([params.jwks, typeof params.jwks_uri], [undefined, 'string'], 'one of the two')
      const keys = await (await walk.story.daemon.stranger(String(params.jwks_uri))).json()
      // As oxd publishes them.
      for (const key of (keys as { keys: Json[] }).keys) assert.equal(key['d'], undefined)
    },
  },
  'oidcc-client-test-request-uri-signed-rs256': {
    how: '`request_object_signing_alg` RS256 and `request_objects_by_reference`',
    walk: byReference('RS256'),
  },
  'oidcc-client-test-request-uri-signed-none': {
    how: '`request_object_signing_alg` `none` and `request_objects_by_reference`',
    walk: byReference('none'),
  },
  'oidcc-client-test-signing-key-rotation-just-before-signing': {
    how: 'fetches the keys anew for a kid that it does not know',
    walk: accepts(rotating),
  },
  'oidcc-client-test-signing-key-rotation': {
    how: 'fetches the keys anew at the second login',
    async walk(walk) {
      const site = await siteOf(walk)
      await wholeLogin(walk, site)
      walk.story.op.rotateKeys(site.issuer)
      await wholeLogin(walk, site)
      assert.equal(requestsTo(walk, site, 'jwks').length, 2)
    },
  },
  'oidcc-client-test-3rd-party-init-login': {
    how: 'the public listener takes `iss` by GET and POST, and sends the browser to the OP',
    async walk(walk) {
      const site = await siteOf(walk)
      const initiate = String((await addressesOf(walk, site)).initiate_login_uri)
      const sent = new URLSearchParams({ iss: site.issuer })
      const got = await walk.story.daemon.stranger(`${initiate}?${sent}`)
      const posted = await walk.story.daemon.stranger(initiate, { method: 'POST', body: sent })
      for (const answer of [got, posted]) {
        const back = await walk.story.op.respond(String(answer.headers.get('location')))
        const { status, data } = await site.call('get_tokens_by_callback', { ...back }, native)
        assert.equal(status, 'ok', JSON.stringify(data))
      }
    },
  },
  'oidcc-client-test-refresh-token': { how: 'refreshes, and asks for userinfo', walk: refreshed() },
  'oidcc-client-test-refresh-token-invalid-issuer': refusingRefresh('invalid_id_token_bad_issuer', {
    iss: 'https://op.example/1',
  }),
  'oidcc-client-test-refresh-token-invalid-sub': refusingRefresh('invalid_subject_identifier', {
    sub: 'somebody_else',
  }),
  'oidcc-client-test-refresh-token-invalid-aud': refusingRefresh('invalid_id_token_bad_audience', {
    aud: 'somebody_else',
  }),
  'oidcc-client-test-refresh-token-invalid-azp': refusingRefresh('invalid_id_token_bad_authorized_party', {
    azp: 'somebody_else',
  }),
  'oidcc-client-test-rp-init-logout': {
    how: '`get_logout_uri` with hint, registered address and state',
    walk: rpInitiated(),
  },
  'oidcc-client-test-rp-init-logout-other-state': {
    how: 'the login has ended whatever comes back; the state is for the application to compare',
    walk: rpInitiated(reply.redirect(`${HOME}?state=another`)),
  },
  'oidcc-client-test-rp-init-logout-no-state': { how: 'likewise', walk: rpInitiated(reply.redirect(HOME)) },
  'oidcc-client-test-rp-frontchannel-rpinitlogout': {
    how: 'the public listener takes `iss` and `sid` in a frame',
    walk: frontChannel('rp'),
  },
  'oidcc-client-test-rp-frontchannel-opinitlogout': {
    how: 'the public listener takes `iss` and `sid` in a frame, and ends the login',
    walk: frontChannel('op'),
  },
  [BACK]: { how: '200, `no-store`, and the login has ended', walk: backChannel(undefined) },
  [`${BACK}-alg-none`]: { how: 'refuses with 400', walk: backChannel({ sign: 'none' }) },
  [`${BACK}-no-event`]: {
    how: EVENT,
    walk: backChannel({ claims: ({ events: _, ...good }) => good }),
  },
  [`${BACK}-with-nonce`]: { how: 'refuses with 400', walk: backChannel(logoutClaims({ nonce: 'n' })) },
  [`${BACK}-wrong-alg`]: { how: 'refuses with 400', walk: backChannel({ alg: 'ES256' }) },
  [`${BACK}-wrong-aud`]: { how: 'refuses with 400', walk: backChannel(logoutClaims({ aud: 'other' })) },
  [`${BACK}-wrong-event`]: {
    how: EVENT,
    walk: backChannel(logoutClaims({ events: { 'http://schemas.openid.net/event/foobar': {} } })),
  },
  [`${BACK}-wrong-iss`]: {
    how: 'refuses with 400',
    walk: backChannel(logoutClaims({ iss: 'https://op.example' })),
  },
}
