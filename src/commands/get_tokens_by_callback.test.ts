// get_tokens_by_callback: every flow and mode, and the smallest thing that is wrong with each.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { RESPONSE_MODES, RESPONSE_TYPES, mayTravel } from '../flow.ts'
import { leftHash, type Json } from '../testing/jws.ts'
import type { Callback, Faults } from '../testing/op.ts'
import { REDIRECT, startStory, type Site, type Story } from '../testing/story.ts'

const ALL = { response_types: [...RESPONSE_TYPES] }
const NATIVE = { oxd: 1 }
const BINDING = 'a-hash-of-the-session-of-the-application'

describe('get_tokens_by_callback', () => {
  let ahead = 0
  let story: Story
  before(async () => {
    story = await startStory({ now: () => Date.now() + ahead })
  })
  after(() => story.close())

  const callback = async (site: Site, came: Json | Callback): Promise<Json> =>
    (await site.call('get_tokens_by_callback', { ...came }, NATIVE)).data

  /** The error code of a response, or `ok`. */
  const outcome = async (site: Site, came: Json | Callback): Promise<unknown> => {
    const { status, data } = await site.call('get_tokens_by_callback', { ...came }, NATIVE)
    return status === 'ok' ? 'ok' : data.error
  }

  const changed = (came: Callback, change: (parameters: URLSearchParams) => void): Callback => {
    if (came.parameters !== undefined) {
      const parameters = new URLSearchParams(came.parameters)
      change(parameters)
      return { ...came, parameters: Object.fromEntries(parameters) }
    }
    const mark = came.callback_url.includes('#') ? '#' : '?'
    const [base, text] = came.callback_url.split(mark)
    const parameters = new URLSearchParams(text)
    change(parameters)
    return { callback_url: `${base}${mark}${String(parameters)}` }
  }

  const tokensAsked = (site: Site): number => story.op.count(site.issuer, 'token')

  for (const response_type of RESPONSE_TYPES) {
    for (const response_mode of [undefined, ...RESPONSE_MODES].filter((mode) =>
      mayTravel(response_type, mode),
    )) {
      it(`logs in with ${response_type} by ${response_mode ?? 'default'}`, async () => {
        const site = await story.site({}, ALL)
        const asked = { response_type, response_mode, scope: ['openid', 'email'], session_binding: BINDING }
        const came = await site.respond(asked)
        const data = await callback(site, { ...came, session_binding: BINDING })
        const claims = data.id_token_claims as Json
        assert.equal(claims.sub, 'alice', JSON.stringify(data))
        assert.deepEqual(data.scope, ['openid', 'email'])
        assert.equal(typeof data.access_token, response_type === 'id_token' ? 'object' : 'string')
        assert.equal(tokensAsked(site), response_type.includes('code') ? 1 : 0)
        assert.equal(await outcome(site, { ...came, session_binding: BINDING }), 'invalid_state', 'replayed')
        if (response_type === 'id_token') return
        const { access_token } = data
        assert.equal((await site.call('get_user_info', { access_token })).status, 'ok')
      })
    }
  }

  it('says what the login was: state, id, acr, when the user signed in', async () => {
    const site = await story.site({}, ALL)
    const { state, login_id, authorization_url } = await site.ok(
      'get_authorization_url',
      { acr_values: ['gold', 'silver'] },
      NATIVE,
    )
    const data = await callback(site, await story.op.respond(String(authorization_url)))
    assert.deepEqual([data.state, data.login_id, data.acr], [state, login_id, 'gold'])
    assert.equal(typeof data.auth_time, 'number')
    assert.equal(data.third_party, false)
    const sent = await site.ok('initiate_third_party_login', { iss: site.issuer })
    const other = await callback(site, await story.op.respond(String(sent.authorization_url)))
    assert.equal(other.third_party, true)
  })

  it('says what was granted, and where the OP says nothing what was asked for', async () => {
    const site = await story.site()
    const granted = async (said: unknown, scope?: string[]): Promise<unknown> => {
      story.op.setFaults(site.issuer, { token: (good) => ({ ...good, scope: said }) })
      return (await callback(site, await site.respond({ scope }))).scope
    }
    assert.deepEqual(await granted(undefined), ['openid', 'profile', 'email'])
    assert.deepEqual(await granted(undefined, ['openid', 'email']), ['openid', 'email'])
    assert.deepEqual(await granted('openid'), ['openid'], 'narrower')
    assert.deepEqual(await granted('openid profile email more'), ['openid', 'profile', 'email', 'more'])
    assert.deepEqual(await granted(undefined, ['openid', 'of_no_site']), [])
  })

  describe('refuses what is wrong with a response, before the token endpoint is asked', () => {
    type Change = (parameters: URLSearchParams, site: Site) => void
    interface Row {
      readonly params?: Json
      readonly change: Change
      readonly error: string
      /** Does the login live on? */
      readonly lives?: true
    }
    const set =
      (name: string, value: string): Change =>
      (parameters) =>
        parameters.set(name, value)
    const suffixed =
      (name: string, suffix: string): Change =>
      (parameters) =>
        parameters.set(name, `${parameters.get(name) ?? ''}${suffix}`)
    const without =
      (...names: string[]): Change =>
      (parameters) =>
        names.forEach((name) => parameters.delete(name))
    const twice =
      (name: string, value?: string): Change =>
      (parameters) =>
        parameters.append(name, value ?? parameters.get(name) ?? '')
    const failed =
      (change: Change = () => {}): Change =>
      (parameters, site) => {
        parameters.delete('code')
        parameters.set('error', 'access_denied')
        change(parameters, site)
      }
    const IMPLICIT = { response_type: 'id_token token' }

    const ROWS: Readonly<Record<string, Row>> = {
      'no state': { change: without('state'), error: 'response_without_state', lives: true },
      'an empty state': { change: set('state', ''), error: 'response_without_state', lives: true },
      'a state and more': { change: suffixed('state', '1'), error: 'invalid_state', lives: true },
      'a state in capitals': {
        change: (p) => p.set('state', (p.get('state') ?? '').toUpperCase()),
        error: 'invalid_state',
        lives: true,
      },
      'two states': { change: twice('state'), error: 'duplicate_parameter', lives: true },
      'two codes': { change: twice('code'), error: 'duplicate_parameter' },
      'two codes, one of another': { change: twice('code', 'x'), error: 'duplicate_parameter' },
      'two issuers': { change: twice('iss'), error: 'duplicate_parameter' },
      'a parameter that nobody knows, twice': {
        change: (p) => (p.append('x', '1'), p.append('x', '2')),
        error: 'duplicate_parameter',
      },
      'another issuer': { change: suffixed('iss', '1'), error: 'invalid_issuer' },
      'an issuer with a slash more': { change: suffixed('iss', '/'), error: 'invalid_issuer' },
      'an issuer in capitals': {
        change: (p) => p.set('iss', (p.get('iss') ?? '').toUpperCase()),
        error: 'invalid_issuer',
      },
      'an empty issuer': { change: set('iss', ''), error: 'invalid_issuer' },
      'no issuer, although it is promised': { change: without('iss'), error: 'no_issuer_in_response' },
      'an error': { change: failed(), error: 'login_refused' },
      'an error without state': {
        change: failed(without('state')),
        error: 'response_without_state',
        lives: true,
      },
      'an error with another state': {
        change: failed(suffixed('state', 'x')),
        error: 'invalid_state',
        lives: true,
      },
      'an error of another issuer': { change: failed(suffixed('iss', '1')), error: 'invalid_issuer' },
      'an error of nobody': { change: failed(without('iss')), error: 'no_issuer_in_response' },
      'an error and a code': { change: set('error', 'access_denied'), error: 'error_and_code' },
      'an empty error and a code': { change: set('error', ''), error: 'error_and_code' },
      'an error and an ID Token': { change: failed(set('id_token', 'x')), error: 'error_and_code' },
      'no code': { change: without('code'), error: 'no_code' },
      'an empty code': { change: set('code', ''), error: 'no_code' },
      'a code of 64 KiB': { change: set('code', 'c'.repeat(65_536)), error: 'malformed_response' },
      'a code with letters that none has': { change: set('code', 'cödé'), error: 'malformed_response' },
      'an ID Token that was not asked for': { change: set('id_token', 'x'), error: 'unexpected_parameter' },
      'an access token that was not asked for': {
        change: set('access_token', 'x'),
        error: 'unexpected_parameter',
      },
      'a JWT that was not asked for': { change: set('response', 'x.y.z'), error: 'other_response_mode' },
      'a code that was not asked for': {
        params: IMPLICIT,
        change: set('code', 'x'),
        error: 'unexpected_parameter',
      },
      'no ID Token': { params: IMPLICIT, change: without('id_token'), error: 'no_id_token' },
      'no access token': { params: IMPLICIT, change: without('access_token'), error: 'no_access_token' },
      'no token type': { params: IMPLICIT, change: without('token_type'), error: 'invalid_token_type' },
      'another token type': {
        params: IMPLICIT,
        change: set('token_type', 'mac'),
        error: 'invalid_token_type',
      },
      'a lifetime that is none': {
        params: IMPLICIT,
        change: set('expires_in', 'soon'),
        error: 'malformed_response',
      },
      'an access token of somebody else': {
        params: IMPLICIT,
        change: suffixed('access_token', 'x'),
        error: 'invalid_access_token_bad_hash',
      },
      'a code of somebody else': {
        params: { response_type: 'code id_token' },
        change: suffixed('code', 'x'),
        error: 'invalid_authorization_code_bad_hash',
      },
      'a form with an ID Token more': {
        params: { response_mode: 'form_post' },
        change: set('id_token', 'x'),
        error: 'unexpected_parameter',
      },
      'a JWT and a state beside it': {
        params: { response_mode: 'jwt' },
        change: set('state', 'x'),
        error: 'parameter_outside_response_jwt',
      },
      'a JWT and its issuer beside it': {
        params: { response_mode: 'form_post.jwt' },
        change: (p, site) => p.set('iss', site.issuer),
        error: 'parameter_outside_response_jwt',
      },
      'no JWT': {
        params: { response_mode: 'query.jwt' },
        change: without('response'),
        error: 'response_without_state',
        lives: true,
      },
      'two JWTs': {
        params: { response_mode: 'query.jwt' },
        change: twice('response'),
        error: 'duplicate_parameter',
      },
      'a JWT with another signature': {
        params: { response_type: 'code id_token', response_mode: 'jwt' },
        change: (p) => {
          const jwt = p.get('response') ?? ''
          const signature = jwt.lastIndexOf('.') + 1
          const other = jwt[signature] === 'A' ? 'B' : 'A'
          p.set('response', `${jwt.slice(0, signature)}${other}${jwt.slice(signature + 1)}`)
        },
        error: 'response_jwt_bad_signature',
      },
      'a JWT that is none': {
        params: { response_mode: 'jwt' },
        change: set('response', 'x'),
        error: 'response_jwt_malformed',
        lives: true,
      },
    }
    for (const [what, { params = {}, change, error, lives }] of Object.entries(ROWS)) {
      it(what, async () => {
        const site = await story.site({}, ALL)
        const twin = await site.respond(params)
        assert.equal(await outcome(site, twin), 'ok', 'as it came')
        const asked = tokensAsked(site)
        const came = await site.respond(params)
        const wrong = changed(came, (parameters) => change(parameters, site))
        assert.equal(await outcome(site, wrong), error)
        assert.equal(tokensAsked(site), asked, 'the token endpoint is not asked')
        assert.equal(await outcome(site, came), lives ? 'ok' : 'invalid_state')
      })
    }

    it('a response that is no query', async () => {
      const site = await story.site()
      for (const bytes of ['%ff', '%', '%e0%a4', 'a\tb', 'a b', 'a\r\n', '\u0085']) {
        const { callback_url } = await site.respond()
        assert.equal(
          await outcome(site, { callback_url: `${callback_url}&x=${bytes}` }),
          'malformed_response',
        )
        assert.equal(await outcome(site, { callback_url }), 'ok')
      }
      assert.equal(await outcome(site, {}), 'missing_parameter')
      assert.equal(await outcome(site, { callback_url: `x?${'a'.repeat(90_000)}` }), 'malformed_response')
    })
  })

  it('takes an ID Token for the issuer of the response that it came in, and no word more', async () => {
    const site = await story.site({}, ALL)
    const without = (parameters: URLSearchParams): void => parameters.delete('iss')
    for (const response_type of ['id_token', 'id_token token', 'code id_token', 'code id_token token']) {
      const came = await site.respond({ response_type })
      assert.equal(await outcome(site, changed(came, without)), 'ok', response_type)
    }
    for (const response_type of ['code', 'code token']) {
      const came = await site.respond({ response_type })
      assert.equal(await outcome(site, changed(came, without)), 'no_issuer_in_response', response_type)
    }
    const added = changed(await site.respond(), (parameters) => {
      without(parameters)
      parameters.set('id_token', 'x')
    })
    assert.equal(await outcome(site, added), 'unexpected_parameter', 'one that nobody asked for')
  })

  it('takes a response in the mode that was asked for alone', async () => {
    const site = await story.site({}, ALL)
    const asked: Readonly<Record<string, Json>> = {
      query: {},
      fragment: { response_mode: 'fragment' },
      form_post: { response_mode: 'form_post' },
      implicit: { response_type: 'id_token' },
    }
    for (const [name, params] of Object.entries(asked)) {
      const elsewhere: ((pairs: string) => Json)[] = [
        (pairs) => ({ callback_url: `${REDIRECT}?${pairs}` }),
        (pairs) => ({ callback_url: `${REDIRECT}#${pairs}` }),
        (pairs) => ({ parameters: Object.fromEntries(new URLSearchParams(pairs)) }),
      ]
      const right = { query: 0, fragment: 1, form_post: 2, implicit: 1 }[name]
      for (const [place, write] of elsewhere.entries()) {
        const came = await site.respond(params)
        const pairs = String(new URLSearchParams(came.parameters ?? came.callback_url.split(/[?#]/)[1]))
        const expected = place === right ? 'ok' : 'other_response_mode'
        assert.equal(await outcome(site, write(pairs)), expected, `${name} at place ${place}`)
      }
    }
    // Part of it at another place.
    const { callback_url } = await site.respond({ response_mode: 'fragment' })
    assert.equal(
      await outcome(site, { callback_url: callback_url.replace('#', '?code=x#') }),
      'other_response_mode',
    )
    const form = await site.respond({ response_mode: 'form_post' })
    assert.equal(
      await outcome(site, { ...form, callback_url: `${form.callback_url}?code=x` }),
      'other_response_mode',
    )
    // What browsers and OPs put behind it says nothing.
    const query = await site.respond()
    assert.equal(await outcome(site, { callback_url: `${query.callback_url}#_=_` }), 'ok')
  })

  it('takes a response at the redirect URI of the login alone, byte for byte', async () => {
    const own = 'https://client.example.com/two?tenant=a%20b&x=1'
    const site = await story.site({}, { redirect_uris: [own, 'https://bare.example.com'] })
    const at = async (params: Json, change: (url: string) => string): Promise<unknown> => {
      const { callback_url } = await site.respond(params)
      return outcome(site, { callback_url: change(callback_url) })
    }
    const same = (url: string): string => url
    assert.equal(await at({}, same), 'ok')
    assert.equal(await at({ redirect_uri: own }, same), 'ok')
    assert.equal(await at({ redirect_uri: 'https://bare.example.com' }, same), 'ok', 'as a browser writes it')
    for (const [from, to] of [
      ['client.example.com/', 'client.example.com//'],
      ['/callback', '/Callback'],
      ['/callback', '/callback/'],
      ['https:', 'http:'],
      ['client.example.com', 'client.example.com:443'],
      ['client.example.com', 'evil.example.com'],
      ['/callback', '/two'],
    ] as const) {
      assert.equal(await at({}, (url) => url.replace(from, to)), 'foreign_callback_url', `${from} → ${to}`)
    }
    for (const [from, to] of [
      ['tenant=a', 'tenant=b'],
      ['x=1', 'x=2'],
      ['x=1', 'y=1'],
    ] as const) {
      assert.equal(
        await at({ redirect_uri: own }, (url) => url.replace(from, to)),
        'foreign_callback_url',
        `${from} → ${to}`,
      )
    }
    const form = await site.respond({ response_mode: 'form_post' })
    assert.equal(await outcome(site, { ...form, callback_url: `${REDIRECT}/x` }), 'foreign_callback_url')
  })

  it('compares an issuer that was not promised, and misses none', async () => {
    const site = await story.site(
      undefined,
      {},
      // Before it registers.
    )
    const lax = await story.register(
      story.issuer({
        discovery: (d) => ({ ...d, authorization_response_iss_parameter_supported: undefined }),
      }),
    )
    const oxd_id = String(lax.data.oxd_id)
    const respond = async (change: (p: URLSearchParams) => void): Promise<unknown> => {
      const { data } = await story.daemon.call('get_authorization_url', { oxd_id })
      const came = await story.op.respond(String(data.authorization_url))
      return outcome(site, { oxd_id, ...changed(came, change) })
    }
    assert.equal(await respond(() => {}), 'ok')
    assert.equal(await respond((p) => p.delete('iss')), 'ok')
    assert.equal(await respond((p) => p.set('iss', `${p.get('iss')}1`)), 'invalid_issuer')
  })

  it('takes the word of an ID Token in the response for a promised issuer that is missing', async () => {
    const leftOut: Faults = { authorization: ({ iss: _, ...good }) => good }
    for (const [response_type, expected] of [
      ['id_token', 'ok'],
      ['code id_token', 'ok'],
      ['code token', 'no_issuer_in_response'],
    ]) {
      const site = await story.site(leftOut, ALL)
      assert.equal(await outcome(site, await site.respond({ response_type })), expected, response_type)
      story.op.setFaults(site.issuer, {
        ...leftOut,
        front_id_token: { claims: (good) => ({ ...good, iss: 'https://evil.example.com' }) },
      })
      if (expected !== 'ok') continue
      const asked = tokensAsked(site)
      assert.equal(
        await outcome(site, await site.respond({ response_type })),
        'invalid_id_token_bad_issuer',
        response_type,
      )
      assert.equal(tokensAsked(site), asked)
    }
  })

  it('shows what the OP refused with, cleaned, cut, and without what is secret', async () => {
    const site = await story.site()
    const refused = async (fields: Json): Promise<Json> => {
      const came = await site.respond()
      return callback(
        site,
        changed(came, (p) => {
          p.delete('code')
          for (const [name, value] of Object.entries(fields)) p.set(name, String(value))
          if (fields.error_description === 'STATE') p.set('error_description', `no ${p.get('state')}`)
        }),
      )
    }
    const { error, details, error_description } = await refused({
      error: 'access_denied',
      error_description: 'The user\n\u202esaid\u0000 no.',
    })
    const said = details as Json
    assert.equal(error, 'login_refused')
    assert.equal(said.error, 'access_denied')
    assert.equal(said.error_description, 'The user said no')
    assert.match(String(error_description), /access_denied: The user said no\./)
    const long = (await refused({ error: 'e'.repeat(900) })).details as Json
    assert.ok(String(long.error).length <= 200)
    const echoed = await refused({ error: 'server_error', error_description: 'STATE' })
    assert.equal((echoed.details as Json).error_description, 'an error')
  })

  describe('session_binding', () => {
    const OTHER = BINDING.toUpperCase()
    const ROWS: readonly (readonly [what: string, at_url: string | undefined, at_end: string | undefined])[] =
      [
        ['missing at the end', BINDING, undefined],
        ['another at the end', BINDING, OTHER],
        ['missing at the beginning', undefined, BINDING],
      ]
    for (const [what, session_binding, other] of ROWS) {
      for (const own of [{}, { state: `an-own-state-${what.replaceAll(' ', '-')}` }]) {
        it(`${what} is refused, the OP not asked, the login not ended (${Object.keys(own).join() || 'derived'})`, async () => {
          const site = await story.site()
          const came = await site.respond({ session_binding, ...own })
          assert.equal(await outcome(site, { ...came, session_binding: other }), 'other_session')
          assert.equal(tokensAsked(site), 0)
          assert.equal(await outcome(site, { ...came, session_binding }), 'ok')
        })
      }
    }

    it('holds for get_tokens_by_code, too', async () => {
      const site = await story.site()
      const visit = await site.visit({ session_binding: BINDING })
      for (const wrong of [{}, { session_binding: OTHER }]) {
        const { data } = await site.call('get_tokens_by_code', { ...visit, ...wrong }, NATIVE)
        assert.equal(data.error, 'other_session')
      }
      assert.equal(
        (await site.call('get_tokens_by_code', { ...visit, session_binding: BINDING })).status,
        'ok',
      )
    })

    it('is of a length that tells nothing', async () => {
      const site = await story.site()
      const asked = (session_binding: string) => site.call('get_authorization_url', { session_binding })
      for (const ok of ['x'.repeat(22), 'x'.repeat(128)]) assert.equal((await asked(ok)).status, 'ok')
      for (const bad of ['x'.repeat(21), 'x'.repeat(129), 'a b'.repeat(10)]) {
        assert.equal((await asked(bad)).status, 'error', bad)
      }
    })

    it('does not show in two states that they are of one session', async () => {
      const site = await story.site()
      const states = await Promise.all(
        [1, 2].map(async () =>
          Buffer.from(
            String((await site.ok('get_authorization_url', { session_binding: BINDING }, NATIVE)).state),
            'base64url',
          ),
        ),
      )
      const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = states
      for (let at = 28; at + 6 <= one.length - 32; at++) {
        const run = one.subarray(at, at + 6)
        // Zeros and an absent max_age are the same in all.
        if (new Set(run).size > 4) assert.equal(two.includes(run), false, `bytes at ${at}`)
      }
    })
  })

  describe('max_age', () => {
    const at = async (params: Json, faults: Faults, how: Json = {}): Promise<unknown> => {
      const site = await story.site(faults, { ...ALL, ...params })
      return outcome(site, await site.respond(how))
    }
    const signedIn = (seconds: number): Faults => ({ id_token: { offsets: { auth_time: seconds } } })
    const unsaid: Faults = { id_token: { claims: ({ auth_time: _, ...claims }) => claims } }
    for (const how of [{ response_type: 'code' }, { response_type: 'id_token' }]) {
      it(`is enforced on both sides of the tolerance (${how.response_type})`, async () => {
        const asked = { max_age: 300, ...how }
        assert.equal(await at({}, {}, asked), 'ok')
        assert.equal(await at({}, unsaid, asked), 'invalid_id_token_no_auth_time')
        assert.equal(await at({}, unsaid, how), 'ok', 'nobody asked')
        assert.equal(await at({}, signedIn(-355), asked), 'ok')
        assert.equal(await at({}, signedIn(-365), asked), 'invalid_id_token_old_auth_time')
        assert.equal(await at({}, signedIn(-365), how), 'ok', 'nobody asked')
        assert.equal(await at({}, signedIn(55), asked), 'ok')
        assert.equal(await at({}, signedIn(65), asked), 'invalid_id_token_future_auth_time')
        assert.equal(await at({}, signedIn(-65), { ...asked, max_age: 0 }), 'invalid_id_token_old_auth_time')
      })
    }

    it('of the site holds where a login does not say otherwise', async () => {
      const site = { default_max_age: 300 }
      assert.equal(await at(site, signedIn(-400)), 'invalid_id_token_old_auth_time')
      assert.equal(await at(site, signedIn(-400), { max_age: 500 }), 'ok')
      assert.equal(
        await at(site, signedIn(-400), { custom_parameters: { max_age: '300' } }),
        'invalid_id_token_old_auth_time',
      )
      assert.equal(
        await at({}, signedIn(-400), { params: { max_age: '300' } }),
        'invalid_id_token_old_auth_time',
      )
    })

    it('counts from the beginning of the login, so that nobody is asked twice for being slow', async () => {
      const site = await story.site({ ignores: ['code_expiry'] })
      const came = await site.respond({ max_age: 0 })
      try {
        ahead = 300_000
        assert.equal(await outcome(site, came), 'ok')
      } finally {
        ahead = 0
      }
    })

    it('holds for get_tokens_by_code, too', async () => {
      const site = await story.site(signedIn(-400))
      const { data } = await site.call('get_tokens_by_code', await site.visit({ max_age: 300 }), NATIVE)
      assert.equal(data.error, 'invalid_id_token_old_auth_time')
    })
  })

  describe('an essential acr', () => {
    const acr = (request: Json): Json => ({ claims: { id_token: { acr: { essential: true, ...request } } } })
    const answered = (said: unknown): Faults => ({ id_token: { claims: (good) => ({ ...good, acr: said }) } })
    it('must be met', async () => {
      const three = acr({ values: ['gold', 'silver', 'bronze'] })
      const ROWS: readonly (readonly [params: Json, said: unknown, outcome: string])[] = [
        [three, 'gold', 'ok'],
        [three, 'bronze', 'ok'],
        [three, 'tin', 'invalid_id_token_acr'],
        [three, undefined, 'invalid_id_token_acr'],
        [three, ['gold'], 'invalid_id_token_acr'],
        [acr({ value: 'gold' }), 'gold', 'ok'],
        [acr({ value: 'gold' }), 'gold1', 'invalid_id_token_acr'],
        [acr({}), 'tin', 'ok'],
        [acr({}), undefined, 'invalid_id_token_acr'],
        [{ claims: JSON.stringify(acr({ value: 'gold' }).claims) }, 'tin', 'invalid_id_token_acr'],
        [
          { params: { claims: JSON.stringify(acr({ value: 'gold' }).claims) } },
          'tin',
          'invalid_id_token_acr',
        ],
        [{ claims: { id_token: { acr: { values: ['gold'] } } } }, 'tin', 'ok'],
        [{ acr_values: ['gold'] }, 'tin', 'ok'],
      ]
      for (const [params, said, expected] of ROWS) {
        const site = await story.site(answered(said))
        assert.equal(
          await outcome(site, await site.respond(params)),
          expected,
          JSON.stringify([params, said]),
        )
      }
    })

    it('has at most three values', async () => {
      const site = await story.site()
      const { data } = await site.call('get_authorization_url', acr({ values: ['a', 'b', 'c', 'd'] }), NATIVE)
      assert.equal(data.error, 'invalid_request')
    })
  })

  it('wants the hashes that bind what came through the browser', async () => {
    const dropped = (name: string): Faults => ({
      front_id_token: { claims: (claims) => ({ ...claims, [name]: undefined }) },
    })
    const wrong = (name: string): Faults => ({
      front_id_token: { claims: (claims) => ({ ...claims, [name]: leftHash('RS256', 'x') }) },
    })
    const ROWS: readonly (readonly [type: string, faults: Faults, outcome: string])[] = [
      ['id_token token', dropped('at_hash'), 'at_hash_not_found'],
      ['code id_token token', dropped('at_hash'), 'at_hash_not_found'],
      ['code id_token', dropped('c_hash'), 'c_hash_not_found'],
      ['code id_token token', dropped('c_hash'), 'c_hash_not_found'],
      ['id_token', dropped('at_hash'), 'ok'],
      ['id_token token', wrong('at_hash'), 'invalid_access_token_bad_hash'],
      ['code id_token', wrong('c_hash'), 'invalid_authorization_code_bad_hash'],
      ['code id_token', wrong('s_hash'), 'invalid_state_bad_hash'],
      ['id_token', wrong('s_hash'), 'invalid_state_bad_hash'],
    ]
    for (const [response_type, faults, expected] of ROWS) {
      const site = await story.site(faults, ALL)
      assert.equal(await outcome(site, await site.respond({ response_type })), expected, response_type)
      if (expected !== 'ok') assert.equal(tokensAsked(site), 0)
    }
  })

  it('validates both ID Tokens of a hybrid flow, and takes no two that differ', async () => {
    const response_type = 'code id_token'
    const HONEST = { front_id_token: {} }
    const lie = (claims: Json) => ({ claims: (good: Json) => ({ ...good, ...claims }) })
    const ROWS: readonly (readonly [faults: Faults, outcome: string, tokens: number])[] = [
      [HONEST, 'ok', 1],
      [{ ...HONEST, id_token: lie({ sub: 'mallory' }) }, 'id_tokens_differ', 1],
      [{ ...HONEST, id_token: lie({ iss: 'https://evil.example.com' }) }, 'invalid_id_token_bad_issuer', 1],
      [{ ...HONEST, id_token: lie({ nonce: 'x' }) }, 'invalid_id_token_bad_nonce', 1],
      [{ ...HONEST, id_token: { sign: 'another_key' } }, 'invalid_id_token_bad_signature', 1],
      [{ front_id_token: lie({ nonce: 'x' }) }, 'invalid_id_token_bad_nonce', 0],
      [{ front_id_token: lie({ nonce: undefined }) }, 'invalid_id_token_no_nonce', 0],
      [{ front_id_token: lie({ aud: 'x' }) }, 'invalid_id_token_bad_audience', 0],
      [{ front_id_token: { sign: 'none' } }, 'id_token_without_signature_not_allowed', 0],
      [{ front_id_token: { sign: 'another_key' } }, 'invalid_id_token_bad_signature', 0],
      [{ front_id_token: { offsets: { exp: -1_000, iat: -1_000 } } }, 'invalid_id_token_expired', 0],
    ]
    for (const [faults, expected, tokens] of ROWS) {
      const site = await story.site(faults, ALL)
      assert.equal(await outcome(site, await site.respond({ response_type })), expected)
      assert.equal(tokensAsked(site), tokens, expected)
    }
  })

  it('uses no access token that came with a code', async () => {
    for (const response_type of ['code token', 'code id_token token']) {
      const site = await story.site({}, ALL)
      const came = await site.respond({ response_type })
      const front = new URLSearchParams(came.callback_url.split('#')[1]).get('access_token')
      const { access_token } = await callback(site, came)
      assert.notEqual(access_token, front)
      const { data } = await site.call('get_user_info', { access_token: front }, NATIVE)
      assert.equal(data.error, 'foreign_access_token')
    }
  })

  describe('a response that is a JWT', () => {
    const claims = (change: Json): Faults => ({
      response_jwt: { claims: (good) => ({ ...good, ...change }) },
    })
    const ROWS: Readonly<Record<string, readonly [faults: Faults, error: string]>> = {
      'of another issuer': [claims({ iss: 'https://evil.example.com' }), 'response_jwt_bad_issuer'],
      'of no issuer': [claims({ iss: undefined }), 'response_jwt_bad_issuer'],
      'for another client': [claims({ aud: 'x' }), 'response_jwt_bad_audience'],
      'for no client': [claims({ aud: undefined }), 'response_jwt_bad_audience'],
      'for nobody': [claims({ aud: [] }), 'response_jwt_bad_audience'],
      'that never expires': [claims({ exp: undefined }), 'response_jwt_no_expiry'],
      'whose expiry is a text': [claims({ exp: '9999999999' }), 'response_jwt_no_expiry'],
      'that has expired': [{ response_jwt: { offsets: { exp: -665 } } }, 'response_jwt_expired'],
      'of the future': [
        { response_jwt: { claims: (good) => ({ ...good, nbf: Number(good.exp) - 535 }) } },
        'response_jwt_not_yet_valid',
      ],
      'without a signature': [{ response_jwt: { sign: 'none' } }, 'response_jwt_not_signed'],
      'signed with the client secret': [
        { response_jwt: { sign: 'hs256_client_secret' } },
        'response_jwt_invalid_algorithm',
      ],
      'signed with the public key': [
        { response_jwt: { sign: 'hs256_public_key' } },
        'response_jwt_invalid_algorithm',
      ],
      'signed with another algorithm of the OP': [
        { response_jwt: { alg: 'ES256' } },
        'response_jwt_invalid_algorithm',
      ],
      'signed with another key': [{ response_jwt: { sign: 'another_key' } }, 'response_jwt_bad_signature'],
      'signed with a key of its own': [
        { response_jwt: { sign: 'embedded_key' } },
        'response_jwt_bad_signature',
      ],
      'signed with a key that nobody published': [
        { response_jwt: { header: (good) => ({ ...good, kid: 'unknown' }) } },
        'response_jwt_unknown_key',
      ],
      'with an extension that must be understood': [
        { response_jwt: { header: (good) => ({ ...good, crit: ['exp'] }) } },
        'response_jwt_malformed',
      ],
      'with a code beside it': [{ beside_response_jwt: { code: 'x' } }, 'parameter_outside_response_jwt'],
      'with anything beside it': [{ beside_response_jwt: { x: '1' } }, 'parameter_outside_response_jwt'],
      'with an error and a code': [claims({ error: 'access_denied' }), 'error_and_code'],
      'with an ID Token that was not asked for': [claims({ id_token: 'x' }), 'unexpected_parameter'],
      'without a code': [claims({ code: undefined }), 'no_code'],
      'with a member twice': [
        {
          response_jwt: { claims: (good) => JSON.stringify(good).replace('{', '{"code":"x",') },
        },
        'response_jwt_malformed',
      ],
      'that says no': [
        { authorization: ({ code: _, ...good }) => ({ ...good, error: 'access_denied' }) },
        'login_refused',
      ],
    }
    for (const [what, [faults, error]] of Object.entries(ROWS)) {
      it(`${what} is refused`, async () => {
        const site = await story.site({}, ALL)
        const asked = { response_mode: 'jwt' }
        assert.equal(await outcome(site, await site.respond(asked)), 'ok', 'its twin')
        story.op.setFaults(site.issuer, faults)
        assert.equal(await outcome(site, await site.respond(asked)), error)
        assert.equal(tokensAsked(site), 1)
      })
    }

    it('is good on the near side of the tolerance', async () => {
      const site = await story.site({ response_jwt: { offsets: { exp: -655 } } })
      assert.equal(await outcome(site, await site.respond({ response_mode: 'jwt' })), 'ok')
    })

    it('is signed as the site registered it', async () => {
      const site = await story.site({}, { authorization_signed_response_alg: 'ES256' })
      assert.equal(await outcome(site, await site.respond({ response_mode: 'jwt' })), 'ok')
      story.op.setFaults(site.issuer, { response_jwt: { alg: 'RS256' } })
      assert.equal(
        await outcome(site, await site.respond({ response_mode: 'jwt' })),
        'response_jwt_invalid_algorithm',
      )
      for (const alg of ['none', 'HS1']) {
        const { data } = await story.register(story.issuer(), { authorization_signed_response_alg: alg })
        assert.equal(data.error, 'invalid_algorithm', alg)
      }
    })

    it('is encrypted, if the site registered that, and only then', async () => {
      for (const authorization_encrypted_response_alg of ['RSA-OAEP-256', 'ECDH-ES', 'dir']) {
        const site = await story.site({}, { ...ALL, authorization_encrypted_response_alg })
        for (const response_type of ['code', 'code id_token']) {
          const asked = { response_mode: 'jwt', response_type }
          assert.equal(
            await outcome(site, await site.respond(asked)),
            'ok',
            authorization_encrypted_response_alg,
          )
          story.op.setFaults(site.issuer, { response_jwt: { sign: 'another_key' } })
          assert.equal(await outcome(site, await site.respond(asked)), 'response_jwt_bad_signature')
          story.op.setFaults(site.issuer, {})
        }
        const { callback_url } = await site.respond({ response_mode: 'jwt' })
        const [head, tag] = [callback_url.slice(0, -1), callback_url.at(-1)]
        const flipped = `${head.slice(0, -1)}${head.at(-1) === 'A' ? 'B' : 'A'}${tag}`
        assert.equal(await outcome(site, { callback_url: flipped }), 'response_jwt_malformed')
        assert.equal(await outcome(site, { callback_url }), 'ok', 'and ended nothing')
      }
      const [plain, sealed] = [
        await story.site(),
        await story.site({}, { authorization_encrypted_response_alg: 'dir' }),
      ]
      const state = async (site: Site): Promise<unknown> =>
        (await site.ok('get_authorization_url', { response_mode: 'jwt' }, NATIVE)).state
      const jws = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(JSON.stringify({ state: await state(sealed) })).toString('base64url')}.AAAA`
      assert.equal(
        await outcome(sealed, { callback_url: `${REDIRECT}?response=${jws}` }),
        'response_jwt_encryption',
      )
      const jwe = (await sealed.respond({ response_mode: 'jwt' })).callback_url
      assert.equal(await outcome(plain, { callback_url: jwe }), 'response_jwt_malformed')
    })

    it('costs no request where its state is made up', async () => {
      const site = await story.site()
      const forged = `${Buffer.from('{"alg":"RS256","kid":"x"}').toString('base64url')}.${Buffer.from('{"state":"made-up"}').toString('base64url')}.AAAA`
      const before = story.op.requests(site.issuer).length
      assert.equal(await outcome(site, { callback_url: `${REDIRECT}?response=${forged}` }), 'invalid_state')
      assert.equal(story.op.requests(site.issuer).length, before)
    })
  })

  it('is spent by one of fifty', async () => {
    const site = await story.site()
    const came = await site.respond()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(site, came)))
    assert.equal(outcomes.filter((one) => one === 'ok').length, 1)
    assert.equal(outcomes.filter((one) => one === 'invalid_state').length, 49)
    assert.equal(tokensAsked(site), 1)
  })

  it('of one site is of no use at another', async () => {
    const [one, two] = [await story.site(), await story.site()]
    const came = await one.respond()
    assert.equal(await outcome(two, came), 'invalid_state')
    assert.equal(tokensAsked(two), 0)
    assert.equal(await outcome(one, came), 'ok')
  })

  it('alone will do where get_tokens_by_code would see no whole response', async () => {
    const site = await story.site({}, ALL)
    for (const params of [{ response_type: 'id_token' }, { response_mode: 'jwt' }]) {
      const { state } = await site.ok('get_authorization_url', params, NATIVE)
      const { data } = await site.call('get_tokens_by_code', { code: 'c', state }, NATIVE)
      assert.equal(data.error, 'whole_response_needed')
      assert.equal(tokensAsked(site), 0)
    }
    const hybrid = await site.respond({ response_type: 'code id_token' })
    const back = new URLSearchParams(hybrid.callback_url.split('#')[1])
    const visit = { code: back.get('code'), state: back.get('state') }
    assert.equal(
      (await site.call('get_tokens_by_code', visit)).status,
      'ok',
      'as old clients do it, after validate',
    )
  })
})
