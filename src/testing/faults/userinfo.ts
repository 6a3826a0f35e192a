// What an OP can say wrongly of a user.
import { createHmac } from 'node:crypto'
import type { Json } from '../jws.ts'
import type { Faults } from '../op.ts'
import { reply } from '../reply.ts'
import { faults } from './fault.ts'
import { transportFaults } from './network.ts'

const says = (name: string, value: unknown): Faults => ({ userinfo: (good) => ({ ...good, [name]: value }) })
const without = (name: string): Faults => ({ userinfo: ({ [name]: _, ...rest }) => rest })
const refuses = (status: number, error: string): Faults => ({
  userinfo: reply.raw({
    status,
    headers: { 'www-authenticate': `Bearer error="${error}"`, 'content-type': 'application/json' },
    body: JSON.stringify({ error }),
  }),
})

/** Claims of another provider, as that would sign them; nobody knows the key. */
const ofAnother = (claims: Json): string => {
  const [header, payload] = [{ alg: 'HS256' }, { iss: 'https://claims.example', ...claims }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signature = createHmac('sha256', 'of another provider').update(`${header}.${payload}`)
  return `${header}.${payload}.${signature.digest('base64url')}`
}
const aggregated = (jwt: string): Faults => ({
  userinfo: (good) => ({
    ...good,
    _claim_names: { age: 'src1' },
    _claim_sources: { src1: { JWT: jwt } },
  }),
})
const distributed = (source: Json): Faults => ({
  userinfo: (good) => ({ ...good, _claim_names: { age: 'src1' }, _claim_sources: { src1: source } }),
})
const signed = (change: (good: Json) => Json): Faults => ({ signed_userinfo: { claims: change } })

/** Seconds since the epoch. */
const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

const SAME_SUBJECT = 'Core 5.3.2'
const UNSECURED = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'

export const USERINFO_FAULTS = faults({
  ...transportFaults('userinfo', 'userinfo endpoint'),
  userinfo_sub_suffixed: {
    what: 'Userinfo is about the right subject with "invalid" behind it.',
    spec: SAME_SUBJECT,
    faults: { userinfo: (good) => ({ ...good, sub: `${String(good['sub'])}invalid` }) },
  },
  userinfo_sub_upper_case: {
    what: 'Userinfo is about the right subject in capitals.',
    spec: SAME_SUBJECT,
    faults: { userinfo: (good) => ({ ...good, sub: String(good['sub']).toUpperCase() }) },
  },
  userinfo_sub_missing: { what: 'Userinfo names no subject.', spec: SAME_SUBJECT, faults: without('sub') },
  userinfo_sub_list: {
    what: 'The subject of userinfo is a list.',
    spec: SAME_SUBJECT,
    faults: { userinfo: (good) => ({ ...good, sub: [good['sub']] }) },
  },
  userinfo_sub_empty: {
    what: 'The subject of userinfo is an empty text.',
    spec: SAME_SUBJECT,
    faults: says('sub', ''),
  },
  userinfo_sub_null: {
    what: 'The subject of userinfo is null.',
    spec: SAME_SUBJECT,
    faults: says('sub', null),
  },
  userinfo_sub_number: {
    what: 'The subject of userinfo is a number.',
    spec: SAME_SUBJECT,
    faults: says('sub', 1),
  },
  userinfo_sub_blank: {
    what: 'Userinfo is about the right subject with a blank behind it.',
    spec: SAME_SUBJECT,
    faults: { userinfo: (good) => ({ ...good, sub: `${String(good['sub'])} ` }) },
  },
  userinfo_duplicate_sub: {
    what: 'Userinfo names two subjects.',
    spec: 'RFC 8259 4',
    faults: { userinfo: reply.duplicate('sub', 'mallory', 'first') },
  },
  userinfo_as_json: {
    what: 'Userinfo comes as JSON although it was to be signed.',
    spec: 'Core 5.3.2',
    faults: { userinfo: reply.raw({ body: '{"sub":"alice","iss":"x"}' }) },
  },
  userinfo_as_jwt: {
    what: 'Userinfo comes as a JWT although nobody asked for that.',
    spec: 'Core 5.3.2',
    faults: { userinfo: reply.raw({ headers: { 'content-type': 'application/jwt' }, body: UNSECURED }) },
  },
  userinfo_jwt_as_json: {
    what: 'Userinfo is a JWT that is said to be JSON.',
    spec: 'Core 5.3.2',
    faults: { userinfo: reply.raw({ body: UNSECURED }) },
  },
  userinfo_unsigned: {
    what: 'The JWT of userinfo is not signed.',
    spec: 'RFC 8725 3.1',
    faults: { signed_userinfo: { sign: 'none' } },
  },
  userinfo_bad_signature: {
    what: 'The signature of userinfo is wrong.',
    spec: 'RFC 7515 5.2',
    faults: { signed_userinfo: { sign: 'flipped_bit' } },
  },
  userinfo_other_audience: {
    what: 'The JWT of userinfo is for another client.',
    spec: 'Core 5.3.2',
    faults: { signed_userinfo: { claims: (good) => ({ ...good, aud: 'another-client' }) } },
  },
  userinfo_foreign_key: {
    what: 'The JWT of userinfo is signed by somebody else.',
    spec: 'RFC 7515 5.2',
    faults: { signed_userinfo: { sign: 'another_key' } },
  },
  userinfo_secret_key: {
    what: 'The JWT of userinfo is signed with the client_secret, though RS256 was registered.',
    spec: 'RFC 8725 3.1',
    faults: { signed_userinfo: { sign: 'hs256_client_secret' } },
  },
  userinfo_other_issuer: {
    what: 'The JWT of userinfo is of another issuer.',
    spec: SAME_SUBJECT,
    faults: signed((good) => ({ ...good, iss: `${String(good['iss'])}1` })),
  },
  userinfo_no_issuer: {
    what: 'The JWT of userinfo names no issuer.',
    spec: SAME_SUBJECT,
    faults: signed(({ iss: _, ...rest }) => rest),
  },
  userinfo_no_audience: {
    what: 'The JWT of userinfo names no audience.',
    spec: SAME_SUBJECT,
    faults: signed(({ aud: _, ...rest }) => rest),
  },
  userinfo_signed_sub_suffixed: {
    what: 'The JWT of userinfo is about the right subject with "invalid" behind it.',
    spec: SAME_SUBJECT,
    faults: signed((good) => ({ ...good, sub: `${String(good['sub'])}invalid` })),
  },
  userinfo_jwt_just_expired: {
    what: 'The JWT of userinfo expired 58 seconds ago, within a tolerance of 60 s.',
    spec: 'RFC 7519 4.1.4',
    faults: signed((good) => ({ ...good, exp: secondsFromNow(-58) })),
  },
  userinfo_jwt_expired: {
    what: 'The JWT of userinfo expired two seconds before what a tolerance of 60 s allows.',
    spec: 'RFC 7519 4.1.4',
    faults: signed((good) => ({ ...good, exp: secondsFromNow(-62) })),
  },
  userinfo_jwt_just_ahead: {
    what: 'The JWT of userinfo is good in 58 seconds (nbf), within a tolerance of 60 s.',
    spec: 'RFC 7519 4.1.5',
    faults: signed((good) => ({ ...good, nbf: secondsFromNow(58) })),
  },
  userinfo_jwt_ahead: {
    what: 'The JWT of userinfo is good two seconds later (nbf) than a tolerance of 60 s allows.',
    spec: 'RFC 7519 4.1.5',
    faults: signed((good) => ({ ...good, nbf: secondsFromNow(63) })),
  },
  userinfo_invalid_token: {
    what: 'Userinfo refuses the access token.',
    spec: 'RFC 6750 3.1',
    faults: refuses(401, 'invalid_token'),
  },
  userinfo_insufficient_scope: {
    what: 'The access token does not reach for userinfo.',
    spec: 'RFC 6750 3.1',
    faults: refuses(403, 'insufficient_scope'),
  },
  userinfo_aggregated: {
    what: 'Claims of another provider come along, unsigned.',
    spec: 'Core 5.6.2',
    faults: aggregated('eyJhbGciOiJub25lIn0.eyJhZ2UiOjk5fQ.'),
  },
  userinfo_aggregated_unknown_key: {
    what: 'Claims of another provider come along, signed by nobody knows whom.',
    spec: 'Core 5.6.2',
    faults: aggregated(ofAnother({ sub: 'alice', age: 99 })),
  },
  userinfo_aggregated_other_subject: {
    what: 'Claims of another provider come along, about somebody else.',
    spec: 'Core 5.6.2',
    faults: aggregated(ofAnother({ sub: 'mallory', age: 99 })),
  },
  userinfo_distributed: {
    what: 'Claims are to be fetched at an internal service, without a token of its own.',
    spec: 'Core 5.6.2',
    faults: ({ canary }) => distributed({ endpoint: `${canary}/claims` }),
  },
  userinfo_distributed_v6: {
    what: 'Claims are to be fetched at an internal service, with a token for it.',
    spec: 'Core 5.6.2',
    faults: ({ canary6 }) => distributed({ endpoint: `${canary6}/claims`, access_token: 'ksj3n283dke' }),
  },
  userinfo_distributed_attacker: {
    what: 'Claims are to be fetched at another OP, without a token for it.',
    spec: 'Core 5.6.2',
    faults: ({ attacker }) => distributed({ endpoint: `${attacker}/userinfo` }),
  },
})
