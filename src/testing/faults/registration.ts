// What an OP can do wrong when a client registers.
import type { Faults } from '../op.ts'
import { reply } from '../reply.ts'
import { faults } from './fault.ts'
import { transportFaults } from './network.ts'

const ANSWER = 'Registration 3.2'
const says = (name: string, value: unknown): Faults => ({
  registration: (good) => ({ ...good, [name]: value }),
})
const without = (name: string): Faults => ({ registration: ({ [name]: _, ...rest }) => rest })
/** Seconds since the epoch. */
const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds
const PRINTABLE = String.fromCodePoint(...Array.from({ length: 0x7f - 0x20 }, (_, n) => 0x20 + n))
const DAY = 86_400

export const REGISTRATION_FAULTS = faults({
  ...transportFaults('registration', 'registration endpoint'),
  client_id_missing: { what: 'The answer has no client_id.', spec: ANSWER, faults: without('client_id') },
  client_id_empty: { what: 'The client_id is an empty text.', spec: ANSWER, faults: says('client_id', '') },
  client_id_number: { what: 'The client_id is a number.', spec: ANSWER, faults: says('client_id', 42) },
  client_secret_missing: {
    what: 'The answer has no client_secret although the client authenticates with one.',
    spec: ANSWER,
    faults: without('client_secret'),
  },
  credentials_printable: {
    what: 'client_id and client_secret are all printable characters of ASCII, as they may be.',
    spec: 'RFC 6749 2.3.1',
    faults: { credentials: { client_id: PRINTABLE, client_secret: [...PRINTABLE].toReversed().join('') } },
  },
  secret_expired: {
    what: 'The client_secret expired yesterday.',
    spec: ANSWER,
    faults: { registration: (good) => ({ ...good, client_secret_expires_at: secondsFromNow(-DAY) }) },
  },
  secret_never_expires: {
    what: 'client_secret_expires_at is 0, which is never.',
    spec: ANSWER,
    faults: says('client_secret_expires_at', 0),
  },
  secret_expires_late: {
    what: 'The client_secret expires in thirty million years.',
    spec: ANSWER,
    faults: says('client_secret_expires_at', 10 ** 15),
  },
  secret_expires_text: {
    what: 'client_secret_expires_at is a text.',
    spec: ANSWER,
    faults: { registration: (good) => ({ ...good, client_secret_expires_at: String(secondsFromNow(DAY)) }) },
  },
  secret_expires_word: {
    what: 'client_secret_expires_at is a word.',
    spec: ANSWER,
    faults: says('client_secret_expires_at', 'never'),
  },
  management_elsewhere: {
    what: 'registration_client_uri is at another origin.',
    spec: 'RFC 7592 3',
    faults: ({ attacker }) => says('registration_client_uri', `${attacker}/register/1`),
  },
  management_http: {
    what: 'registration_client_uri is at http, and the OP at https.',
    spec: 'RFC 7592 5',
    over: 'https',
    faults: {
      registration: (good) => ({
        ...good,
        registration_client_uri: String(good['registration_client_uri']).replace('https:', 'http:'),
      }),
    },
  },
  management_inside: {
    what: 'registration_client_uri is an internal service.',
    spec: 'RFC 7592 5',
    faults: ({ canary }) => says('registration_client_uri', `${canary}/register/1`),
  },
  registered_with_200: {
    what: 'The client is registered with status 200 instead of 201.',
    spec: ANSWER,
    faults: { registration: reply.status(200) },
  },
  registration_refused: {
    what: 'The OP refuses the registration, and says why.',
    spec: 'Registration 3.3',
    faults: {
      registration: reply.raw({
        status: 400,
        body: JSON.stringify({ error: 'invalid_redirect_uri', error_description: 'No such place.' }),
      }),
    },
  },
  registration_unauthorized: {
    what: 'The OP wants a token for the registration.',
    spec: 'Registration 3.1',
    faults: { registration: reply.raw({ status: 401, body: '{"error":"invalid_token"}' }) },
  },
  registered_with_hs256: {
    what: 'The OP registers the client for HS256, which it did not ask for, and signs so.',
    spec: 'RFC 8725 2.1',
    faults: {
      discovery: (good) => ({ ...good, id_token_signing_alg_values_supported: ['RS256', 'HS256'] }),
      registration: (good) => ({ ...good, id_token_signed_response_alg: 'HS256' }),
      id_token: { sign: 'hs256_client_secret' },
    },
  },
  secret_short: {
    what: 'The client_secret has 31 bytes: too few for HS256.',
    spec: 'Core 16.19',
    faults: { credentials: { client_secret: 's'.repeat(31) } },
  },
  secret_of_one: {
    what: 'The client_secret has one byte.',
    spec: 'Core 16.19',
    faults: { credentials: { client_secret: 's' } },
  },
  secret_long_enough: {
    what: 'The client_secret has 32 bytes: enough for HS256.',
    spec: 'Core 16.19',
    faults: { credentials: { client_secret: '0123456789abcdefghijklmnopqrstuv' } },
  },
  registered_for_none: {
    what: 'The OP registers the client for ID Tokens without a signature.',
    spec: 'RFC 8725 3.1',
    faults: {
      registration: (good) => ({ ...good, id_token_signed_response_alg: 'none' }),
      id_token: { sign: 'none' },
    },
  },
  registered_silently: {
    what: 'The OP does not say for which algorithm it registered the client, and signs with HS256.',
    spec: 'Registration 2',
    faults: {
      registration: ({ id_token_signed_response_alg: _, ...rest }) => rest,
      id_token: { sign: 'hs256_client_secret' },
    },
  },
  same_client_id: {
    what: 'Every client is registered under the same client_id, as every OP may.',
    spec: '-',
    faults: { credentials: { client_id: 'client-1' } },
  },
})
