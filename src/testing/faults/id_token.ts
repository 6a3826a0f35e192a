// What an OP can say wrongly in an ID Token.
import type { Json } from '../jws.ts'
import type { Faults } from '../op.ts'
import { faults } from './fault.ts'

const claims = (change: (good: Json) => Json | string | Buffer): Faults => ({ id_token: { claims: change } })
const without = (name: string): Faults => claims(({ [name]: _, ...rest }) => rest)
/** One claim is another value. */
const says = (name: string, value: unknown): Faults => claims((good) => ({ ...good, [name]: value }))
const changes = (name: string, change: (value: string) => unknown): Faults =>
  claims((good) => ({ ...good, [name]: change(String(good[name])) }))
/** Seconds added to the honest times. */
const shifted = (offsets: Readonly<Record<string, number>>): Faults => ({ id_token: { offsets } })
/** The claims as text, with this before the last brace. */
const withText = (members: string): Faults =>
  claims((good) => `${JSON.stringify(good).slice(0, -1)},${members}}`)

const swappedCase = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))

const ISS = 'Core 3.1.3.7 (2)'
const AUD = 'Core 3.1.3.7 (3)'
const REQUIRED = 'Core 2'
const NONCE = 'Core 3.1.3.7 (11)'
const YEAR = 31_557_600
const DAY = 86_400
const PAYLOAD = 'RFC 7519 7.2'

export const ID_TOKEN_FAULTS = faults({
  iss_suffixed: {
    what: 'iss is the issuer with "1" behind it.',
    spec: ISS,
    faults: changes('iss', (iss) => `${iss}1`),
  },
  iss_upper_case: {
    what: 'iss is the issuer in capitals.',
    spec: ISS,
    faults: changes('iss', (iss) => iss.toUpperCase()),
  },
  iss_slashed: {
    what: 'iss has a slash more at its end.',
    spec: ISS,
    faults: changes('iss', (iss) => `${iss}/`),
  },
  iss_unslashed: {
    what: 'iss is the issuer without its last sign, such as a slash.',
    spec: ISS,
    faults: changes('iss', (iss) => iss.slice(0, -1)),
  },
  iss_self_issued: {
    what: 'The ID Token is self-issued: iss is https://self-issued.me, and the key is in the token.',
    spec: 'Core 7.4',
    faults: claims((good) => ({
      ...good,
      iss: 'https://self-issued.me',
      sub_jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
    })),
  },
  iss_missing: { what: 'iss is missing.', spec: REQUIRED, faults: without('iss') },
  iss_list: {
    what: 'iss is a list with the issuer in it.',
    spec: REQUIRED,
    faults: claims((good) => ({ ...good, iss: [good['iss']] })),
  },
  iss_object: {
    what: 'iss is an object.',
    spec: REQUIRED,
    faults: claims((good) => ({ ...good, iss: { href: good['iss'] } })),
  },
  iss_twice: {
    what: 'iss stands twice, the right one last.',
    spec: 'RFC 7519 4',
    faults: claims((good) => `{"iss":"https://attacker.example",${JSON.stringify(good).slice(1)}`),
  },
  aud_suffixed: {
    what: 'aud is the client_id with "1" behind it.',
    spec: AUD,
    faults: changes('aud', (aud) => `${aud}1`),
  },
  aud_missing: { what: 'aud is missing.', spec: REQUIRED, faults: without('aud') },
  aud_empty_list: { what: 'aud is an empty list.', spec: REQUIRED, faults: says('aud', []) },
  aud_empty: { what: 'aud is an empty text.', spec: REQUIRED, faults: says('aud', '') },
  aud_null: { what: 'aud is null.', spec: REQUIRED, faults: says('aud', null) },
  aud_numbers: { what: 'aud is a list of numbers.', spec: REQUIRED, faults: says('aud', [123]) },
  aud_object: {
    what: 'aud is an object whose only member is the client_id.',
    spec: REQUIRED,
    faults: claims((good) => ({ ...good, aud: { [String(good['aud'])]: true } })),
  },
  aud_as_list: {
    what: 'aud is a list with the client_id alone, which is allowed.',
    spec: REQUIRED,
    faults: changes('aud', (aud) => [aud]),
  },
  aud_other_case: {
    what: 'aud is the client_id with capitals and small letters swapped.',
    spec: 'RFC 7519 4.1.3',
    faults: changes('aud', swappedCase),
  },
  second_audience: {
    what: 'aud names another client beside ours, and azp is missing.',
    spec: 'Core 3.1.3.7 (4)',
    faults: changes('aud', (aud) => [aud, 'https://another.example']),
  },
  second_audience_azp: {
    what: 'aud names another client beside ours, and azp is ours.',
    spec: 'Core 3.1.3.7 (3)',
    faults: claims((good) => ({ ...good, aud: [good['aud'], 'https://another.example'], azp: good['aud'] })),
  },
  azp_foreign: {
    what: 'azp is another client.',
    spec: 'Core 3.1.3.7 (5)',
    faults: says('azp', 'https://another.example'),
  },
  sub_missing: { what: 'sub is missing.', spec: REQUIRED, faults: without('sub') },
  sub_empty: { what: 'sub is an empty text.', spec: REQUIRED, faults: says('sub', '') },
  sub_number: { what: 'sub is a number.', spec: REQUIRED, faults: says('sub', 24_400_320) },
  sub_object: { what: 'sub is an object.', spec: REQUIRED, faults: says('sub', { id: 'alice' }) },
  sub_long: { what: 'sub has 256 characters.', spec: REQUIRED, faults: says('sub', 'a'.repeat(256)) },
  sub_not_ascii: { what: 'sub has letters beyond ASCII.', spec: REQUIRED, faults: says('sub', 'älice') },
  exp_missing: { what: 'exp is missing.', spec: REQUIRED, faults: without('exp') },
  exp_text: { what: 'exp is a text.', spec: REQUIRED, faults: changes('exp', (exp) => exp) },
  exp_null: { what: 'exp is null.', spec: REQUIRED, faults: says('exp', null) },
  exp_negative: { what: 'exp is -1.', spec: REQUIRED, faults: says('exp', -1) },
  exp_infinite: { what: 'exp is 1e308.', spec: 'RFC 7519 2', faults: says('exp', 1e308) },
  exp_milliseconds: {
    what: 'exp is in milliseconds.',
    spec: 'RFC 7519 2',
    faults: claims((good) => ({ ...good, exp: Number(good['exp']) * 1000 })),
  },
  exp_nan: { what: 'exp is the text NaN.', spec: 'RFC 7519 2', faults: says('exp', 'NaN') },
  exp_past: {
    what: 'The ID Token expired two seconds before what a tolerance of 60 s allows.',
    spec: 'Core 3.1.3.7 (9)',
    faults: shifted({ exp: -662, iat: -900 }),
  },
  exp_just_past: {
    what: 'The ID Token expired 58 seconds ago, within a tolerance of 60 s.',
    spec: 'Core 3.1.3.7 (9)',
    faults: shifted({ exp: -658, iat: -900 }),
  },
  exp_before_iat: {
    what: 'exp is before iat.',
    spec: 'RFC 7519 4.1.4',
    faults: shifted({ exp: -595, iat: 30 }),
  },
  exp_in_a_century: {
    what: 'exp is in a hundred years.',
    spec: REQUIRED,
    faults: shifted({ exp: 100 * YEAR }),
  },
  iat_missing: { what: 'iat is missing.', spec: REQUIRED, faults: without('iat') },
  iat_text: { what: 'iat is a text.', spec: REQUIRED, faults: changes('iat', (iat) => iat) },
  iat_just_ahead: {
    what: 'iat is 58 seconds ahead, within a tolerance of 60 s.',
    spec: 'Core 3.1.3.7 (10)',
    faults: shifted({ iat: 58 }),
  },
  iat_ahead: {
    what: 'iat is two seconds more ahead than a tolerance of 60 s allows.',
    spec: 'Core 3.1.3.7 (10)',
    faults: shifted({ iat: 63 }),
  },
  iat_a_day_ahead: {
    what: 'iat is a day ahead.',
    spec: 'Core 3.1.3.7 (10)',
    faults: shifted({ iat: DAY, exp: 2 * DAY }),
  },
  iat_a_week_old: {
    what: 'iat is a week ago.',
    spec: 'Core 3.1.3.7 (10)',
    faults: shifted({ iat: -7 * DAY }),
  },
  nbf_just_ahead: {
    what: 'nbf is 58 seconds ahead, within a tolerance of 60 s.',
    spec: 'RFC 7519 4.1.5',
    faults: shifted({ nbf: 58 }),
  },
  nbf_ahead: {
    what: 'nbf is two seconds more ahead than a tolerance of 60 s allows.',
    spec: 'RFC 7519 4.1.5',
    faults: shifted({ nbf: 63 }),
  },
  clock_ahead: {
    what: 'The clock of the OP is ten minutes ahead.',
    spec: 'Core 3.1.3.7 (10)',
    faults: shifted({ iat: 600, exp: 600 }),
  },
  clock_ten_minutes_behind: {
    what: 'The clock of the OP is ten minutes and more behind.',
    spec: 'Core 3.1.3.7 (9)',
    faults: shifted({ iat: -662, exp: -662, auth_time: -662 }),
  },
  claims_half: {
    what: 'A claim has half of a character.',
    spec: 'RFC 8259 8.2',
    faults: withText(String.raw`"name":"\ud83d"`),
  },
  email_backtracking: {
    what: 'email and the other claims are texts on which a careless expression tries for ever.',
    spec: '-',
    faults: claims((good) => ({
      ...good,
      email: `${'a.'.repeat(4_000)}@${'a-'.repeat(4_000)}!`,
      website: `https://${'a.'.repeat(4_000)}%`,
      name: `${' '.repeat(8_000)}x`,
    })),
  },
  clock_behind: {
    what: 'The clock of the OP is twenty minutes behind.',
    spec: 'Core 3.1.3.7 (9)',
    faults: shifted({ iat: -1_200, exp: -1_200 }),
  },
  claims_unusual: {
    what: 'A claim has a NUL, a mark that turns text around, and a letter beyond the first plane.',
    spec: '-',
    faults: says('name', 'a\u0000b\u202Ec\u{1F600}'),
  },
  nonce_suffixed: {
    what: 'nonce is the right one with "1" behind it.',
    spec: NONCE,
    faults: changes('nonce', (nonce) => `${nonce}1`),
  },
  nonce_prefixed: {
    what: 'nonce is the right one with "x" before it.',
    spec: NONCE,
    faults: changes('nonce', (nonce) => `x${nonce}`),
  },
  nonce_other_case: {
    what: 'nonce is the right one with capitals and small letters swapped.',
    spec: NONCE,
    faults: changes('nonce', swappedCase),
  },
  nonce_list: {
    what: 'nonce is a list with the right one.',
    spec: NONCE,
    faults: changes('nonce', (nonce) => [nonce]),
  },
  nonce_number: { what: 'nonce is a number.', spec: NONCE, faults: says('nonce', 42) },
  nonce_missing: { what: 'nonce is missing although one was sent.', spec: NONCE, faults: without('nonce') },
  at_hash_foreign: {
    what: 'at_hash is that of another access token.',
    spec: 'Core 3.1.3.8',
    faults: says('at_hash', 'x4Q8HQk0RUPqEXTNgECwMw'),
  },
  at_hash_missing: {
    what: 'at_hash is missing, which is allowed where the token came from the token endpoint.',
    spec: 'Core 3.1.3.6',
    faults: without('at_hash'),
  },
  payload_list: { what: 'The payload is a list.', spec: PAYLOAD, faults: claims(() => '[]') },
  payload_text: { what: 'The payload is a JSON text.', spec: PAYLOAD, faults: claims(() => '"claims"') },
  payload_empty: { what: 'The payload is empty.', spec: PAYLOAD, faults: claims(() => '') },
  payload_not_utf8: {
    what: 'The payload is not UTF-8.',
    spec: 'RFC 7519 7.2 (10)',
    faults: claims((good) =>
      Buffer.concat([
        Buffer.from(JSON.stringify(good).slice(0, -1)),
        Buffer.from(',"name":"'),
        Buffer.of(0xc3, 0x28),
        Buffer.from('"}'),
      ]),
    ),
  },
  payload_huge: {
    what: 'A claim has 60 KiB.',
    spec: '-',
    faults: says('biography', 'a'.repeat(60 * 1024)),
  },
  payload_deep: {
    what: 'A claim is nested ten thousand levels deep.',
    spec: '-',
    faults: withText(`"deep":${'['.repeat(10_000)}${']'.repeat(10_000)}`),
  },
  payload_nested: {
    what: 'A claim is nested a hundred levels deep.',
    spec: '-',
    faults: withText(`"nested":${'['.repeat(100)}${']'.repeat(100)}`),
  },
  payload_prototypes: {
    what: 'There are claims named __proto__ and constructor.',
    spec: '-',
    faults: withText('"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}'),
  },
  claim_sources: {
    what: '_claim_sources points at an internal service.',
    spec: 'Core 5.6.2',
    faults: ({ canary }) =>
      claims((good) => ({
        ...good,
        _claim_names: { credit: 'src1' },
        _claim_sources: { src1: { endpoint: `${canary}/claims`, access_token: 'ksj3n283dke' } },
      })),
  },
})
