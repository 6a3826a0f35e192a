// What an OP can say wrongly of a user.
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
    faults: {
      userinfo: (good) => ({
        ...good,
        _claim_names: { age: 'src1' },
        _claim_sources: { src1: { JWT: 'eyJhbGciOiJub25lIn0.eyJhZ2UiOjk5fQ.' } },
      }),
    },
  },
  userinfo_distributed: {
    what: 'Claims are to be fetched at an internal service, with the access token of the OP.',
    spec: 'Core 5.6.2',
    faults: ({ canary }) =>
      says('_claim_sources', {
        src1: { endpoint: `${canary}/claims` },
        src2: { endpoint: 'https://127.0.0.9' },
      }),
  },
})
