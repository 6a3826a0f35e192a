// The ID Token outside of a login: one that is asked about later, and one with a code. (A login: get_tokens_by_code.test.ts.)
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Claims } from '../claims.ts'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { leftHash, type Json } from '../testing/jws.ts'
import { reply, type Faults } from '../testing/op.ts'
import { NONCE, refusedWith, startParty, type Party } from '../testing/op_party.ts'
import { validateIdToken, type Expected } from './id_token.ts'
import type { QuirkName } from './quirks.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const CODE = 'the code of the test'
const TOKEN = 'the access token of the test'
const HASH_OF_CODE = leftHash('RS256', CODE)
const HASH_OF_TOKEN = leftHash('RS256', TOKEN)

/** A token of the OP with these claims over its own, validated with `asked` over what its login expects. */
const validated = async (
  claims: Json,
  asked: Partial<Pick<Expected, 'nonce' | 'access_token' | 'code'>>,
): Promise<Claims> => {
  const at = await party.at({ id_token: { claims: (good) => ({ ...good, ...claims }) } })
  const { id_token, access_token } = await at.login()
  return validateIdToken(at.op, id_token, {
    issuer: at.issuer,
    client: { ...at.client, id_token_signed_response_alg: 'RS256' },
    nonce: NONCE,
    access_token,
    now: Math.floor(Date.now() / 1000),
    ...asked,
  })
}

const isNonce = (nonce: string | undefined): boolean => nonce === NONCE
const HOLDS: Readonly<Record<string, Parameters<typeof validated>>> = {
  'nothing beside the login': [{}, {}],
  'a nonce that the check accepts': [{}, { nonce: isNonce }],
  'one nonce of several': [{}, { nonce: (nonce) => ['other', NONCE].includes(nonce ?? '') }],
  'no nonce, where the check takes none': [
    { nonce: undefined },
    { nonce: (nonce) => nonce === undefined || isNonce(nonce) },
  ],
  'a code and its hash': [{ c_hash: HASH_OF_CODE }, { code: CODE }],
  'a code without a hash': [{}, { code: CODE }],
  'a hash of a code that nobody knows': [{ c_hash: 'x' }, {}],
  'an access token and its hash': [{ at_hash: HASH_OF_TOKEN }, { access_token: TOKEN }],
  'a hash of an access token that nobody knows': [{ at_hash: 'x' }, { access_token: undefined }],
}
const BREAKS: Readonly<Record<string, readonly [...Parameters<typeof validated>, ErrorCode]>> = {
  'no nonce': [{ nonce: undefined }, {}, 'invalid_id_token_no_nonce'],
  'another nonce': [{ nonce: 'other' }, {}, 'invalid_id_token_bad_nonce'],
  'a nonce that the check refuses': [{}, { nonce: () => false }, 'invalid_id_token_bad_nonce'],
  'no nonce, where the check wants one': [
    { nonce: undefined },
    { nonce: isNonce },
    'invalid_id_token_bad_nonce',
  ],
  'a nonce in a list, whatever the check takes': [
    { nonce: [NONCE] },
    { nonce: () => true },
    'invalid_id_token_bad_nonce',
  ],
  'the hash of another code': [
    { c_hash: HASH_OF_TOKEN },
    { code: CODE },
    'invalid_authorization_code_bad_hash',
  ],
  'a hash that is a number': [{ c_hash: 7 }, { code: CODE }, 'invalid_authorization_code_bad_hash'],
  'a hash that is null': [{ c_hash: null }, { code: CODE }, 'invalid_authorization_code_bad_hash'],
  'the hash of the code in other letters': [
    { c_hash: HASH_OF_CODE.toLowerCase() },
    { code: CODE },
    'invalid_authorization_code_bad_hash',
  ],
  'the hash of another access token': [
    { at_hash: HASH_OF_CODE },
    { access_token: TOKEN },
    'invalid_access_token_bad_hash',
  ],
}

const NOW = Math.floor(Date.now() / 1000)
const YEAR = LIMITS.id_token_seconds_max
const TOLERANCE = LIMITS.clock_tolerance_seconds

/** What a token that is otherwise good says; numbers of seconds are well on this or that side of their bound. */
const SAYS: readonly (readonly [what: string, claims: Json, refused?: ErrorCode])[] = [
  ['a subject of 255 characters', { sub: 'a'.repeat(255) }],
  ['a subject of 256 characters', { sub: 'a'.repeat(256) }, 'malformed_subject_identifier'],
  ['a subject with every printable character', { sub: ` !"#$%&'()*+,-./09:;<=>?@AZ[\\]^_\`az{|}~` }],
  ['a subject beyond ASCII', { sub: 'alicé' }, 'malformed_subject_identifier'],
  ['a subject with a NUL', { sub: 'alice\0' }, 'malformed_subject_identifier'],
  ['a subject with a line end', { sub: 'alice\r\n' }, 'malformed_subject_identifier'],
  ['an empty subject', { sub: '' }, 'no_subject_identifier'],
  ['a subject that is an object', { sub: { id: 'alice' } }, 'no_subject_identifier'],
  ['an expiry that is null', { exp: null }, 'invalid_id_token_expiration_time'],
  ['an expiry below zero', { exp: -1 }, 'invalid_id_token_expiration_time'],
  ['an expiry in milliseconds', { exp: (NOW + 600) * 1000 }, 'invalid_id_token_endless'],
  ['an expiry of 1e308', { exp: 1e308 }, 'invalid_id_token_endless'],
  ['an expiry in a hundred years', { exp: NOW + 100 * YEAR }, 'invalid_id_token_endless'],
  ['an expiry in a year and a little', { exp: NOW + YEAR + 600 }, 'invalid_id_token_endless'],
  ['an expiry in almost a year', { exp: NOW + YEAR - 600 }],
  [
    'an expiry just out of the tolerance',
    { iat: NOW - 300, exp: NOW - TOLERANCE - 1 },
    'invalid_id_token_expired',
  ],
  ['an expiry well within the tolerance', { iat: NOW - 300, exp: NOW - TOLERANCE + 20 }],
  ['fractions of a second', { iat: NOW - 0.5, exp: NOW + 599.5 }],
  ['an issue time in text', { iat: String(NOW) }, 'invalid_id_token_issued_at'],
  ['an issue time in milliseconds', { iat: NOW * 1000, exp: NOW * 1000 }, 'invalid_id_token_endless'],
  ['an issue time well within the tolerance', { iat: NOW + TOLERANCE - 20 }],
  ['an issue time out of the tolerance', { iat: NOW + TOLERANCE + 20 }, 'invalid_id_token_issued_at'],
  ['an issue time of tomorrow', { iat: NOW + 86_400, exp: NOW + 90_000 }, 'invalid_id_token_issued_at'],
  ['an issue time a week ago', { iat: NOW - 604_800 }, 'invalid_id_token_old_issued_at'],
  [
    'an issue time before any login that is still under way',
    { iat: NOW - LIMITS.login_seconds - TOLERANCE - 5 },
    'invalid_id_token_old_issued_at',
  ],
  [
    'an issue time at the beginning of the longest login',
    { iat: NOW - LIMITS.login_seconds - TOLERANCE + 20 },
  ],
  ['nbf well within the tolerance', { nbf: NOW + TOLERANCE - 20 }],
  ['nbf out of the tolerance', { nbf: NOW + TOLERANCE + 20 }, 'invalid_id_token_not_yet_valid'],
  ['nbf in text', { nbf: String(NOW) }, 'invalid_id_token_not_yet_valid'],
  [
    'the issuer of a self-issued OP',
    { iss: 'https://self-issued.me', sub_jwk: {} },
    'invalid_id_token_bad_issuer',
  ],
  ['an audience that is null', { aud: null }, 'invalid_id_token_no_audience'],
  ['an audience that is empty', { aud: '' }, 'invalid_id_token_no_audience'],
  ['an audience that is a number', { aud: [123] }, 'invalid_id_token_no_audience'],
  ['an audience that is an object', { aud: { id: 'x' } }, 'invalid_id_token_no_audience'],
]

/** What stands in the header of a token that is otherwise good, and where nothing may be fetched from. */
const HEADERS: readonly (readonly [what: string, header: (canary: string) => Json, refused?: ErrorCode])[] = [
  ['jku', (canary) => ({ jku: `${canary}/jwks` })],
  ['x5u', (canary) => ({ x5u: `${canary}/cert` })],
  ['x5c', () => ({ x5c: ['AAAA'] })],
  ['a jwk', () => ({ jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } })],
  ['an unknown crit', () => ({ crit: ['x'], x: 1 }), 'invalid_id_token_critical_header'],
  ['an empty crit', () => ({ crit: [] }), 'invalid_id_token_critical_header'],
  ['a crit twice', () => ({ crit: ['x', 'x'], x: 1 }), 'invalid_id_token_critical_header'],
  ['a crit that names a standard member', () => ({ crit: ['alg'] }), 'invalid_id_token_critical_header'],
  ['a crit that is null', () => ({ crit: null }), 'invalid_id_token_critical_header'],
  ['b64', () => ({ crit: ['b64'], b64: false }), 'invalid_id_token_malformed'],
  ['a kid that is a number', () => ({ kid: 7 }), 'invalid_id_token_malformed'],
  ['a kid that is an object', () => ({ kid: {} }), 'invalid_id_token_malformed'],
  ['a kid that is empty', () => ({ kid: '' }), 'key_id_not_found'],
  ['a kid that is a path', () => ({ kid: '../../etc/passwd' }), 'key_id_not_found'],
  ['a kid that is a URL', (canary) => ({ kid: canary }), 'key_id_not_found'],
  ['a kid in other letters', () => ({ kid: 'rsa-0' }), 'key_id_not_found'],
]

/** Texts in place of a claims object, and of a header. */
const TEXTS: readonly (readonly [what: string, payload: string | Buffer])[] = [
  ['nothing', ''],
  ['a number', '7'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no JSON', '{'],
  ['NaN', '{"exp":NaN}'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['a byte order mark', '\ufeff{}'],
  ['UTF-16', Buffer.from('{}', 'utf16le')],
  ['half a character', '{"a":"\\ud800"}'],
  ['a name of half a character', '{"\\udc00":1}'],
  ['a name twice', '{"a":1,"a":1}'],
  ['a name twice, once escaped', '{"iss":1,"\\u0069ss":1}'],
]

describe('an ID Token that is otherwise good', () => {
  const ask = async (faults: NonNullable<Faults['id_token']>): Promise<unknown> => {
    const at = await party.at({ id_token: faults })
    const { id_token } = await at.login()
    return validateIdToken(at.op, id_token, {
      issuer: at.issuer,
      client: { ...at.client, id_token_signed_response_alg: 'RS256' },
      nonce: NONCE,
      access_token: undefined,
      now: Math.floor(Date.now() / 1000),
    })
  }
  const judged = async (faults: NonNullable<Faults['id_token']>, code: ErrorCode | undefined) => {
    if (code === undefined) await ask(faults)
    else await assert.rejects(ask(faults), refusedWith(code))
  }

  for (const [what, claims, code] of SAYS) {
    it(`${code === undefined ? 'may have' : `is refused with ${code} for`} ${what}`, () =>
      judged({ claims: (good) => ({ ...good, ...claims }) }, code))
  }
  for (const [what, header, code] of HEADERS) {
    it(`${code === undefined ? 'may have' : `is refused with ${code} for`} ${what} in its header`, async () => {
      const { origin } = party.op.canary()
      await judged({ header: (good) => ({ ...good, ...header(origin) }) }, code)
      assert.equal(party.op.canary().contacts, 0)
    })
  }
  for (const [what, payload] of TEXTS) {
    it(`is refused with ${what} in place of its claims`, () =>
      judged({ claims: () => payload }, 'invalid_id_token_malformed'))
  }
  it('is refused where a member of its header comes twice, once escaped', () =>
    judged(
      { header: (good) => `${JSON.stringify(good).slice(0, -1)},"\\u0061lg":"RS256"}` },
      'invalid_id_token_malformed',
    ))

  it('counts only by the name that is meant, byte for byte', async () => {
    await judged({ claims: ({ nonce, ...good }) => ({ ...good, Nonce: nonce }) }, 'invalid_id_token_no_nonce')
    await judged({ claims: (good) => ({ ...good, SUB: 'bob', 'sub\u0000': 'bob' }) }, undefined)
  })

  it('refuses an audience beside the client, even with azp', async () => {
    const both = (good: Json): Json => ({ ...good, aud: [good['aud'], 'other'], azp: good['aud'] })
    await judged({ claims: both }, 'invalid_id_token_further_audience')
    await judged({ claims: (good) => ({ ...both(good), aud: [good['aud'], good['aud']] }) }, undefined)
    await judged(
      { claims: (good) => ({ ...both(good), azp: 'other' }) },
      'invalid_id_token_bad_authorized_party',
    )
    await judged(
      { claims: ({ azp: _, ...good }) => ({ ...good, aud: [good['aud'], 'other'] }) },
      'invalid_id_token_no_authorized_party',
    )
  })

  it('has 64 KiB, and not a character more', async () => {
    const lengthOf = (pad: number): Promise<unknown> =>
      ask({ claims: (good) => ({ ...good, pad: 'x'.repeat(pad) }) })
    await lengthOf(48_000)
    await assert.rejects(lengthOf(49_500), refusedWith('invalid_id_token_malformed'))
    const at = await party.at()
    const expected = {
      issuer: at.issuer,
      client: { ...at.client, id_token_signed_response_alg: 'RS256' },
      nonce: NONCE,
      access_token: undefined,
      now: NOW,
    }
    const head = Buffer.from('{"alg":"RS256"}').toString('base64url')
    const jwt = (length: number): string => `${head}.${'A'.repeat(length - head.length - 5)}.AAA`
    for (const [length, text] of [
      [65_536, /no key/],
      [65_537, /longer than 65536/],
    ] as const) {
      assert.equal(jwt(length).length, length)
      const asked = at.op.keys
      const op = { ...at.op, keys: { ...asked, verify: () => Promise.reject(new Error('no key')) } }
      await assert.rejects(validateIdToken(op, jwt(length), expected), text)
    }
  })

  it('pollutes nothing, whatever its claims are called', async () => {
    const claims = (await ask({
      claims: (good) =>
        `${JSON.stringify(good).slice(0, -1)},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":1}`,
    })) as Json
    assert.equal(claims['polluted'], undefined)
    assert.equal(({} as Json)['polluted'], undefined)
    assert.equal(Object.getPrototypeOf(claims), Object.prototype)
  })

  it('leads nowhere with its claim sources', async () => {
    const endpoint = party.op.canary().origin
    await ask({
      claims: (good) => ({
        ...good,
        _claim_names: { a: 's' },
        _claim_sources: { s: { endpoint, access_token: 'x' } },
      }),
    })
    assert.equal(party.op.canary().contacts, 0)
  })
})

describe('a token of a clock that is wrong', () => {
  /** What is said where the clock of the OP is ahead of ours by so many seconds. */
  const said = async (ahead: number): Promise<string> => {
    const dated = reply.headers({ date: new Date(Date.now() + ahead * 1000).toUTCString() })
    const offsets = { iat: ahead, exp: ahead }
    const at = await party.at({ token: dated, jwks: dated, id_token: { offsets } })
    const { id_token } = await at.login()
    const client = { ...at.client, id_token_signed_response_alg: 'RS256' }
    const expected = { issuer: at.issuer, client, nonce: NONCE }
    const now = Math.floor(Date.now() / 1000)
    return validateIdToken(at.op, id_token, { ...expected, access_token: undefined, now }).then(
      () => 'accepted',
      String,
    )
  }

  it('is refused, and told by the clock of the OP', async () => {
    assert.match(await said(600), /clock of the OP is (599|600|601) seconds ahead of that of this machine/)
    assert.match(await said(-3600), /clock of the OP is (3599|3600|3601) seconds behind that of this machine/)
    assert.equal(await said(30), 'accepted')
  })

  it('says nothing of clocks where they agree', async () => {
    const at = await party.at({ id_token: { offsets: { iat: 600, exp: 600 } } })
    const { id_token } = await at.login()
    const client = { ...at.client, id_token_signed_response_alg: 'RS256' }
    const expected = { issuer: at.issuer, client, nonce: NONCE }
    const asking = validateIdToken(at.op, id_token, { ...expected, access_token: undefined, now: NOW })
    await assert.rejects(asking, (error) => !String(error).includes('The clock of the OP'))
  })
})

describe('validateIdToken', () => {
  for (const [what, [claims, asked]] of Object.entries(HOLDS)) {
    it(`takes ${what}`, async () => {
      assert.equal((await validated(claims, asked)).sub, 'alice')
    })
  }
  for (const [what, [claims, asked, code]] of Object.entries(BREAKS)) {
    it(`refuses ${what} with ${code}`, async () => {
      await assert.rejects(validated(claims, asked), refusedWith(code, [NONCE, CODE, TOKEN]))
    })
  }
})

describe('the hash of a token with EdDSA', () => {
  const withHash = async (hash: string, quirks: readonly QuirkName[]): Promise<Claims> => {
    const faults = { id_token: { claims: (good: Json) => ({ ...good, at_hash: hash }) } }
    const at = await party.at(faults, { id_token_signed_response_alg: 'EdDSA' }, quirks)
    const { id_token } = await at.login()
    return validateIdToken(at.op, id_token, {
      issuer: at.issuer,
      client: { ...at.client, id_token_signed_response_alg: 'EdDSA' },
      nonce: NONCE,
      access_token: TOKEN,
      now: Math.floor(Date.now() / 1000),
    })
  }
  const long = leftHash('EdDSA', TOKEN)
  const other = refusedWith('invalid_access_token_bad_hash', [NONCE, TOKEN])

  it('is made with SHA-512', async () => {
    assert.equal((await withHash(long, [])).at_hash, long)
    await assert.rejects(withHash(HASH_OF_TOKEN, []), other)
  })
  it('is made with SHA-256 where the OP deviates, as the quirk says', async () => {
    assert.equal((await withHash(HASH_OF_TOKEN, ['eddsa_hash_sha256'])).at_hash, HASH_OF_TOKEN)
    await assert.rejects(withHash(HASH_OF_CODE, ['eddsa_hash_sha256']), other)
  })
})
