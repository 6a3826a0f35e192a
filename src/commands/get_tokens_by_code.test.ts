// get_tokens_by_code against an OP that lies: each lie is refused by its name, after its unmutated twin was accepted.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assertNoSecrets } from '../testing/log_scan.ts'
import { reply, type Fault, type Faults } from '../testing/op.ts'
import { HOME, startStory, type Site, type Story } from '../testing/story.ts'

const TOLERANCE = 60

/** The published keys, each with these members over its own. */
const keysWith =
  (members: Readonly<Record<string, unknown>>): Fault =>
  ({ keys }) => ({ keys: Array.isArray(keys) ? keys.map((key: object) => ({ ...key, ...members })) : [] })

/** The lie, and the code it is refused with. */
const LIES: Readonly<Record<string, readonly [Faults, string]>> = {
  'no ID Token': [{ token: ({ id_token: _, ...good }) => good }, 'no_id_token'],
  'no access token': [{ token: ({ access_token: _, ...good }) => good }, 'no_access_token'],
  'a token type that is no bearer': [{ token: (good) => ({ ...good, token_type: 'mac' }) }, 'internal_error'],
  'another issuer': [
    { id_token: { claims: (c) => ({ ...c, iss: `${String(c.iss)}1` }) } },
    'invalid_id_token_bad_issuer',
  ],
  'no issuer': [{ id_token: { claims: ({ iss: _, ...c }) => c } }, 'invalid_id_token_no_issuer'],
  'another audience': [
    { id_token: { claims: (c) => ({ ...c, aud: 'other' }) } },
    'invalid_id_token_bad_audience',
  ],
  'an audience in other letters': [
    {
      id_token: {
        claims: (c) => ({
          ...c,
          aud: `${String(c.aud)}`.replace(/[a-z]/i, (l) =>
            l === l.toUpperCase() ? l.toLowerCase() : l.toUpperCase(),
          ),
        }),
      },
    },
    'invalid_id_token_bad_audience',
  ],
  'no audience': [{ id_token: { claims: ({ aud: _, ...c }) => c } }, 'invalid_id_token_no_audience'],
  'an empty audience': [{ id_token: { claims: (c) => ({ ...c, aud: [] }) } }, 'invalid_id_token_no_audience'],
  'several audiences without azp': [
    { id_token: { claims: ({ azp: _, ...c }) => ({ ...c, aud: [c.aud, 'other'] }) } },
    'invalid_id_token_no_authorized_party',
  ],
  'several audiences, with azp': [
    { id_token: { claims: (c) => ({ ...c, aud: [c.aud, 'other'], azp: c.aud }) } },
    'invalid_id_token_bad_audience',
  ],
  'another azp': [
    { id_token: { claims: (c) => ({ ...c, azp: 'other' }) } },
    'invalid_id_token_bad_authorized_party',
  ],
  'no subject': [{ id_token: { claims: ({ sub: _, ...c }) => c } }, 'no_subject_identifier'],
  'a subject that is a number': [
    { id_token: { claims: (c) => ({ ...c, sub: 7 }) } },
    'no_subject_identifier',
  ],
  'no expiry': [{ id_token: { claims: ({ exp: _, ...c }) => c } }, 'invalid_id_token_expiration_time'],
  'an expiry in text': [
    { id_token: { claims: (c) => ({ ...c, exp: String(c.exp) }) } },
    'invalid_id_token_expiration_time',
  ],
  'an expiry before the issue': [
    { id_token: { claims: (c) => ({ ...c, exp: Number(c.iat) - 1 }) } },
    'invalid_id_token_expiration_time',
  ],
  'an expiry that is past': [
    {
      id_token: { claims: (c) => ({ ...c, iat: Number(c.iat) - 600, exp: Number(c.iat) - TOLERANCE - 2 }) },
    },
    'invalid_id_token_expired',
  ],
  'no issue time': [{ id_token: { claims: ({ iat: _, ...c }) => c } }, 'invalid_id_token_issued_at'],
  'an issue time in the future': [
    { id_token: { offsets: { iat: TOLERANCE + 5 } } },
    'invalid_id_token_issued_at',
  ],
  'nbf in the future': [{ id_token: { offsets: { nbf: TOLERANCE + 5 } } }, 'invalid_id_token_unknown'],
  'no nonce': [{ id_token: { claims: ({ nonce: _, ...c }) => c } }, 'invalid_id_token_no_nonce'],
  'another nonce': [
    { id_token: { claims: (c) => ({ ...c, nonce: `x${String(c.nonce)}` }) } },
    'invalid_id_token_bad_nonce',
  ],
  'the nonce in a list': [
    { id_token: { claims: (c) => ({ ...c, nonce: [c.nonce] }) } },
    'invalid_id_token_bad_nonce',
  ],
  'the hash of another access token': [
    { id_token: { claims: (c) => ({ ...c, at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }) } },
    'invalid_access_token_bad_hash',
  ],
  'no signature': [{ id_token: { sign: 'none' } }, 'id_token_without_signature_not_allowed'],
  'alg nOnE': [
    { id_token: { header: (h) => ({ ...h, alg: 'nOnE' }) } },
    'id_token_without_signature_not_allowed',
  ],
  'no alg': [{ id_token: { header: ({ alg: _, ...h }) => h } }, 'id_token_without_signature_not_allowed'],
  'HS256 with the public key': [
    { id_token: { sign: 'hs256_public_key' } },
    'invalid_id_token_invalid_algorithm',
  ],
  'HS256 with the client secret': [
    { id_token: { sign: 'hs256_client_secret' } },
    'invalid_id_token_invalid_algorithm',
  ],
  'another algorithm of the OP': [{ id_token: { alg: 'PS256' } }, 'invalid_id_token_invalid_algorithm'],
  'a key of somebody else': [{ id_token: { sign: 'another_key' } }, 'invalid_id_token_bad_signature'],
  'a key in the header': [{ id_token: { sign: 'embedded_key' } }, 'invalid_id_token_bad_signature'],
  'a flipped bit': [{ id_token: { sign: 'flipped_bit' } }, 'invalid_id_token_bad_signature'],
  'an empty signature': [{ id_token: { sign: 'empty' } }, 'invalid_id_token_bad_signature'],
  'a kid that nobody publishes': [
    { id_token: { header: (h) => ({ ...h, kid: 'unknown' }) } },
    'key_id_not_found',
  ],
  'no JWT': [{ id_token: { jwt: () => 'not.a-jwt' } }, 'invalid_id_token_unknown'],
  'a claim twice': [
    { id_token: { claims: (c) => `${JSON.stringify(c).slice(0, -1)},"sub":"bob"}` } },
    'invalid_id_token_unknown',
  ],
  'a payload that is nested without end': [
    {
      id_token: {
        claims: (c) => `${JSON.stringify(c).slice(0, -1)},"x":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      },
    },
    'invalid_id_token_unknown',
  ],
  'a header with b64': [{ id_token: { header: (h) => ({ ...h, b64: true }) } }, 'invalid_id_token_unknown'],
  'space behind the token': [{ id_token: { jwt: (jwt) => `${jwt} ` } }, 'invalid_id_token_unknown'],
  'a member of the answer twice': [
    { token: reply.duplicate('id_token', 'x.y.z', 'first') },
    'internal_error',
  ],
  'a payload that is no object': [{ id_token: { claims: () => '"text"' } }, 'invalid_id_token_unknown'],
  'an unknown crit': [
    { id_token: { header: (h) => ({ ...h, crit: ['x'], x: 1 }) } },
    'invalid_id_token_bad_signature',
  ],
  'a refused code': [
    { token: reply.raw({ status: 400, body: '{"error":"invalid_grant","error_description":"expired"}' }) },
    'bad_request',
  ],
  'a refused client': [
    { token: reply.raw({ status: 401, body: '{"error":"invalid_client"}' }) },
    'http_status_401',
  ],
  'a broken OP': [{ token: reply.html(500) }, 'http_status_500'],
  'a page': [{ token: reply.html() }, 'internal_error'],
  'an error under 200': [{ token: reply.raw({ body: '{"error":"invalid_grant"}' }) }, 'bad_request'],
  'a redirect': [{ token: reply.redirect('http://127.0.0.1:9/', 307) }, 'internal_error'],
  'half an answer': [{ token: reply.cut() }, 'internal_error'],
  'an endless answer': [{ token: reply.endless() }, 'internal_error'],
  'a gzip bomb': [{ token: reply.compressed('gzip', 32 * 1024 * 1024) }, 'internal_error'],
  'a reset connection': [{ token: reply.reset() }, 'internal_error'],
  silence: [{ token: reply.hang() }, 'internal_error'],
  'an answer that drips': [{ token: reply.drip(50) }, 'internal_error'],
  'keys that are a page': [{ jwks: reply.html() }, 'internal_error'],
  'no keys': [{ jwks: () => ({ keys: [] }) }, 'key_id_not_found'],
  'keys for encryption': [{ jwks: keysWith({ use: 'enc' }) }, 'key_id_not_found'],
  'keys for other operations': [{ jwks: keysWith({ key_ops: ['encrypt'] }) }, 'key_id_not_found'],
  'keys for another algorithm': [{ jwks: keysWith({ alg: 'RS512' }) }, 'key_id_not_found'],
  'more keys than anybody has': [
    {
      jwks: ({ keys }) => ({ keys: [keys].flat().concat(Array.from({ length: 100 }, () => ({ kty: 'x' }))) }),
    },
    'internal_error',
  ],
}

/** What looks like a lie and is none. */
const TRUTHS: Readonly<Record<string, Faults>> = {
  'one audience in a list': { id_token: { claims: (c) => ({ ...c, aud: [c.aud] }) } },
  'an expiry within the tolerance': {
    id_token: { claims: (c) => ({ ...c, iat: Number(c.iat) - 600, exp: Number(c.iat) - TOLERANCE + 5 }) },
  },
  'an issue time within the tolerance': { id_token: { offsets: { iat: TOLERANCE - 5 } } },
  'no at_hash': { id_token: { claims: ({ at_hash: _, ...c }) => c } },
  'no kid, one key that fits': {
    id_token: { header: ({ kid: _, ...h }) => h },
  },
  'expires_in in text': { token: (good) => ({ ...good, expires_in: '300' }) },
  'no expires_in': { token: ({ expires_in: _, ...good }) => good },
  'keys that nobody knows beside the right one': {
    jwks: (good) => ({ keys: [null, 'x', { kty: 'new' }, ...(Array.isArray(good.keys) ? good.keys : [])] }),
  },
}

describe('get_tokens_by_code', () => {
  let story: Story
  let site: Site
  before(async () => {
    story = await startStory({ limits: { op_total_ms: 1_500, op_connect_ms: 1_000 } })
    site = await story.site()
  })
  after(() => story.close())

  for (const [lie, [faults, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      // A site of its own, and the twin first: a refusal counts only where the truth was accepted.
      const own = await story.site()
      if (faults.jwks === undefined) assert.equal((await own.login()).status, 'ok', 'the twin')
      story.op.setFaults(own.issuer, faults)
      const { status, data } = await own.login()
      assert.equal(status, 'error', JSON.stringify(data))
      assert.equal(data.error, code, String(data.error_description))
      assert.deepEqual(Object.keys(data), ['error', 'error_description'], 'no tokens and no claims')
      assert.match(String(data.error_description), / \[ref [A-Z2-9]{4}-[A-Z2-9]{2}\]$/)
    })
  }

  for (const [truth, faults] of Object.entries(TRUTHS)) {
    it(`accepts ${truth}`, async () => {
      const { status, data } = await (await story.site(faults)).login()
      assert.equal(status, 'ok', JSON.stringify(data))
    })
  }

  it('has exactly the members of 3.0.1, and claims as lists of strings', async () => {
    const { data } = await site.login()
    assert.deepEqual(Object.keys(data), [
      'access_token',
      'expires_in',
      'id_token',
      'refresh_token',
      'id_token_claims',
    ])
    for (const values of Object.values(data.id_token_claims as object)) {
      assert.ok(Array.isArray(values) && values.every((value) => typeof value === 'string'))
    }
  })

  it('says -1 where the OP does not say when the access token expires', async () => {
    const { data } = await (await story.site({ token: ({ expires_in: _, ...good }) => good })).login()
    assert.equal(data.expires_in, -1)
  })

  it('refuses a state that was used, also after a failed attempt', async () => {
    const visit = await site.visit()
    story.op.setFaults(site.issuer, { id_token: { sign: 'flipped_bit' } })
    assert.equal((await site.call('get_tokens_by_code', visit)).data.error, 'invalid_id_token_bad_signature')
    story.op.setFaults(site.issuer, {})
    const asked = story.op.count(site.issuer, 'token')
    const { data } = await site.call('get_tokens_by_code', visit)
    assert.equal(data.error, 'bad_request')
    assert.equal(story.op.count(site.issuer, 'token'), asked, 'the OP was not asked again')
  })

  it('refuses a state that is unknown, changed, of another site or of another writing, and asks nobody', async () => {
    const other = await story.site()
    const { code, state } = await site.visit()
    const foreign = await other.visit()
    const asked = story.op.count(site.issuer, 'token')
    const states = [
      'A'.repeat(80),
      `${state}A`,
      state.slice(0, -1),
      state.toUpperCase(),
      `${state}=`,
      foreign.state,
      'x',
    ]
    for (const wrong of states) {
      assert.equal((await site.call('get_tokens_by_code', { code, state: wrong })).data.error, 'bad_request')
    }
    assert.equal(story.op.count(site.issuer, 'token'), asked)
    assert.equal(
      (await site.call('get_tokens_by_code', { code, state })).status,
      'ok',
      'the real login survives',
    )
  })

  it('compares iss when it is given, and accepts its absence', async () => {
    const { code, state } = await site.visit()
    const wrong = await site.call('get_tokens_by_code', { code, state, iss: `${site.issuer}/` })
    assert.equal(wrong.data.error, 'invalid_issuer_discovered')
    const visit = await site.visit()
    assert.equal(
      (await site.call('get_tokens_by_code', { code: visit.code, state: visit.state })).status,
      'ok',
    )
  })

  it('is not locked out by keys that came too late', async () => {
    let now = Date.now()
    const clocked = await startStory({ now: () => now })
    try {
      const own = await clocked.site()
      assert.equal((await own.login()).status, 'ok')
      clocked.op.rotateKeys(own.issuer)
      clocked.op.setFaults(own.issuer, { jwks: reply.html(503) })
      assert.equal((await own.login()).data.error, 'http_status_503')
      clocked.op.setFaults(own.issuer, {})
      assert.equal((await own.login()).status, 'ok', 'a failed fetch says nothing of a kid')
      clocked.op.rotateKeys(own.issuer)
      clocked.op.setFaults(own.issuer, { jwks: () => ({ keys: [] }) })
      assert.equal((await own.login()).data.error, 'key_id_not_found')
      clocked.op.setFaults(own.issuer, {})
      now += 60_000
      assert.equal((await own.login()).status, 'ok', 'a cache that was behind is asked again')
    } finally {
      await clocked.close()
    }
  })

  it('repeats no secret that the OP repeats, in whatever writing', async () => {
    const REPEATED: readonly ((params: Record<string, unknown>, authorization: string) => string)[] = [
      (params) => `no ${String(params.code)}`,
      (params) => `no ${encodeURIComponent(String(params.code_verifier))}`,
      (_params, authorization) => authorization,
      (_params, authorization) =>
        Buffer.from(authorization.slice(6), 'base64').toString().split(':')[1] ?? '',
      (params) => String(params.code).replace(/^(.)/, '$1\u200b'),
    ]
    for (const repeated of REPEATED) {
      const own = await story.site({
        token: (_good, { params }) => {
          const { authorization = '' } = story.op.requests(own.issuer).at(-1) ?? {}
          const error_description = repeated(params, authorization)
          return reply.raw({
            status: 400,
            body: JSON.stringify({ error: 'invalid_grant', error_description }),
          })
        },
      })
      const { data } = await own.login()
      assert.match(String(data.error_description), /says: invalid_grant\. \[ref/)
    }
  })

  it('refuses a code that is no text by its name, and spends nothing', async () => {
    const own = await story.site()
    const { code, state } = await own.visit()
    const { data } = await own.call('get_tokens_by_code', { code: 'a\ud800b', state })
    assert.equal(data.error, 'internal_error')
    assert.match(String(data.error_description), /code/)
    assert.equal((await own.call('get_tokens_by_code', { code, state })).status, 'ok')
  })

  it('gives a lifetime that every client can read', async () => {
    for (const [expires_in, read] of [
      [1e300, 2_147_483_647],
      [3_000_000_000, 2_147_483_647],
      [59.9, 59],
      ['', -1],
      [null, -1],
      [0, 0],
    ] as const) {
      const own = await story.site({ token: (t) => ({ ...t, expires_in, refresh_token: '' }) })
      const { data } = await own.login()
      assert.equal(data.expires_in, read, JSON.stringify(data))
      assert.equal(data.refresh_token, null)
    }
  })

  it('shows what the OP said, cleaned and bounded', async () => {
    const said = JSON.stringify({
      error: 'server_error',
      error_description: `a\r\n\u001b[31m\u202e${'b'.repeat(5000)}`,
    })
    const { data } = await (await story.site({ token: reply.raw({ status: 400, body: said }) })).login()
    const text = String(data.error_description)
    assert.equal(data.error, 'http_status_400')
    assert.match(text, /server_error: a/)
    for (const unwanted of ['\r', '\n', '\u001b', '\u202e']) assert.ok(!text.includes(unwanted))
    assert.ok(text.length < 600, String(text.length))
  })

  it('works at the next login after the OP changed its keys, even under the same name', async () => {
    const own = await story.site()
    assert.equal((await own.login()).status, 'ok')
    for (const keepKid of [false, true, true]) {
      story.op.rotateKeys(own.issuer, { keepKid })
      const { status, data } = await own.login()
      assert.equal(status, 'ok', JSON.stringify(data))
    }
  })

  it('tries four keys for a token that names none, and not a fifth', async () => {
    const others = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        kty: 'RSA',
        kid: `other-${i}`,
        e: 'AQAB',
        n: Buffer.alloc(256, 0xa0 + i).toString('base64url'),
      }))
    for (const [count, code] of [
      [3, undefined],
      [4, 'invalid_id_token_bad_signature'],
    ] as const) {
      const own = await story.site({
        id_token: { header: ({ kid: _, ...h }) => h },
        jwks: (good) => ({ keys: [...others(count), ...(Array.isArray(good.keys) ? good.keys : [])] }),
      })
      assert.equal((await own.login()).data.error, code)
    }
  })

  it('takes the name of a key up to 1,024 characters', async () => {
    for (const [length, code] of [
      [1_024, 'key_id_not_found'],
      [1_025, 'invalid_id_token_unknown'],
    ] as const) {
      const kid = 'k'.repeat(length)
      const own = await story.site({ id_token: { header: (h) => ({ ...h, kid }) } })
      assert.equal((await own.login()).data.error, code)
    }
  })

  it('fetches keys anew within a budget, however many tokens name unknown ones', async () => {
    let n = 0
    const own = await story.site()
    assert.equal((await own.login()).status, 'ok')
    story.op.setFaults(own.issuer, { id_token: { header: (h) => ({ ...h, kid: `unknown-${n++}` }) } })
    const before = story.op.count(own.issuer, 'jwks')
    for (let i = 0; i < 12; i++) assert.equal((await own.login()).data.error, 'key_id_not_found')
    assert.equal(story.op.count(own.issuer, 'jwks') - before, 5)
    story.op.setFaults(own.issuer, {})
    assert.equal((await own.login()).status, 'ok', 'the known key still works')
  })

  it('fetches metadata and keys once for a hundred that wait', async () => {
    const fresh = await startStory()
    try {
      const own = await fresh.site()
      const visits = await Promise.all(Array.from({ length: 100 }, () => own.visit()))
      const replies = await Promise.all(visits.map((visit) => own.call('get_tokens_by_code', visit)))
      assert.ok(replies.every(({ status }) => status === 'ok'))
      assert.equal(fresh.op.count(own.issuer, 'discovery'), 1)
      assert.equal(fresh.op.count(own.issuer, 'jwks'), 1)
    } finally {
      await fresh.close()
    }
  })

  it('accepts a state until it expires, and not a second longer', async () => {
    let now = Date.now()
    const clocked = await startStory({ now: () => now })
    try {
      const own = await clocked.site()
      const early = await own.visit()
      const late = await own.visit()
      now += 899_000
      const { data } = await own.call('get_tokens_by_code', early)
      assert.notEqual(data.error_description, undefined, 'the code of this OP has expired, the state has not')
      assert.match(String(data.error_description), /refused the code/)
      now += 1_000
      const expired = await own.call('get_tokens_by_code', late, { oxd: 1 })
      assert.equal((expired.data.details as { reason: string }).reason, 'expired')
    } finally {
      await clocked.close()
    }
  })

  it('lets no secret into the log or an error', async () => {
    const own = await story.site(
      { id_token: { claims: (c) => ({ ...c, email: 'alice@example.com' }) } },
      { post_logout_redirect_uri: HOME },
    )
    const visit = await own.visit({}, 'subject-of-alice')
    const good = await own.call('get_tokens_by_code', visit)
    const bad = await own.call('get_tokens_by_code', visit)
    const text = `${JSON.stringify(story.daemon.log)}${JSON.stringify(bad)}`
    const claims = good.data.id_token_claims as Record<string, string[]>
    assertNoSecrets(text, {
      code: visit.code,
      state: visit.state,
      nonce: String(claims.nonce?.[0]),
      subject: 'subject-of-alice',
      email: 'alice@example.com',
      access_token: String(good.data.access_token),
      id_token: String(good.data.id_token),
      oxd_id: own.oxd_id,
    })
  })
})
