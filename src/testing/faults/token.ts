// What an OP can do wrong at the token endpoint, beside what can go wrong anywhere.
import type { Json } from '../jws.ts'
import type { Faults } from '../op.ts'
import { reply } from '../reply.ts'
import { faults } from './fault.ts'
import { transportFaults } from './network.ts'

const says = (name: string, value: unknown): Faults => ({ token: (good) => ({ ...good, [name]: value }) })
const without = (name: string): Faults => ({ token: ({ [name]: _, ...rest }) => rest })
const refuses = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Faults => ({
  token: reply.raw({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ error, error_description: 'The OP says no.' }),
  }),
})
/** The ID Token as text, changed. */
const jwt = (change: (jwt: string) => unknown): Faults => ({
  token: (good: Json) => ({ ...good, id_token: change(String(good['id_token'])) }),
})

const ANSWER = 'RFC 6749 5.1'
const ID_TOKEN = 'Core 3.1.3.3'

export const TOKEN_FAULTS = faults({
  ...transportFaults('token', 'token endpoint'),
  token_invalid_grant: {
    what: 'The token endpoint refuses the code.',
    spec: 'RFC 6749 5.2',
    faults: refuses(400, 'invalid_grant'),
  },
  token_error_of_success: {
    what: 'The token endpoint refuses the code, with the status of a success.',
    spec: 'RFC 6749 5.2',
    faults: refuses(200, 'invalid_grant'),
  },
  token_error_and_tokens: {
    what: 'The token endpoint gives tokens and an error in one answer.',
    spec: 'RFC 6749 5.2',
    faults: { token: (good) => ({ ...good, error: 'invalid_grant' }) },
  },
  token_error_described_by_nothing: {
    what: 'The token endpoint refuses the code, and error_description is null.',
    spec: 'RFC 6749 5.2',
    faults: {
      token: reply.raw({ status: 400, body: '{"error":"invalid_grant","error_description":null}' }),
    },
  },
  token_no_error: {
    what: 'Beside the tokens there are error and error_description, and both are null.',
    spec: 'RFC 6749 5.2',
    faults: { token: (good) => ({ ...good, error: null, error_description: null }) },
  },
  token_invalid_client: {
    what: 'The token endpoint refuses the client.',
    spec: 'RFC 6749 5.2',
    faults: refuses(401, 'invalid_client', { 'www-authenticate': 'Basic realm="op"' }),
  },
  token_refuses_unseen: {
    what: 'The token endpoint refuses, in words with line ends and marks that nobody sees.',
    spec: 'RFC 6749 5.2',
    faults: {
      token: reply.raw({
        status: 400,
        body: JSON.stringify({
          error: 'invalid_request',
          error_description: 'The OP\u0000\r\n\u001b[31m\u202e\u2066\u2028\u0085 says no.',
        }),
      }),
    },
  },
  token_echoes: {
    what: 'The token endpoint refuses, and repeats the whole request in its error.',
    spec: '-',
    faults: {
      token: (_good, { params }) =>
        reply.raw({
          status: 400,
          body: JSON.stringify({ error: 'invalid_request', error_description: JSON.stringify(params) }),
        }),
    },
  },
  id_token_missing: { what: 'There is no ID Token.', spec: ID_TOKEN, faults: without('id_token') },
  id_token_null: { what: 'The ID Token is null.', spec: ID_TOKEN, faults: jwt(() => null) },
  id_token_empty: { what: 'The ID Token is an empty text.', spec: ID_TOKEN, faults: jwt(() => '') },
  id_token_object: {
    what: 'The ID Token is an object.',
    spec: ID_TOKEN,
    faults: jwt((token) => ({ token })),
  },
  id_token_list: { what: 'The ID Token is in a list.', spec: ID_TOKEN, faults: jwt((token) => [token]) },
  id_token_spaced: {
    what: 'The ID Token has a space before it.',
    spec: ID_TOKEN,
    faults: jwt((token) => ` ${token}`),
  },
  id_token_newline: {
    what: 'The ID Token ends in a line feed.',
    spec: ID_TOKEN,
    faults: jwt((token) => `${token}\n`),
  },
  id_token_2_segments: {
    what: 'The ID Token has two segments.',
    spec: 'RFC 7515 7.1',
    faults: jwt((token) => token.slice(0, token.lastIndexOf('.'))),
  },
  id_token_4_segments: {
    what: 'The ID Token has four segments.',
    spec: 'RFC 7515 7.1',
    faults: jwt((token) => `${token}.AAAA`),
  },
  id_token_5_segments: {
    what: 'The ID Token has five segments.',
    spec: 'RFC 7515 7.1',
    faults: jwt((token) => `${token}.AAAA.AAAA`),
  },
  id_token_dots: {
    what: 'The ID Token is 30,000 dots.',
    spec: '-',
    faults: jwt(() => '.'.repeat(30_000)),
  },
  id_token_letters: {
    what: 'The ID Token is 30,000 letters and a sign that is none of base64url.',
    spec: '-',
    faults: jwt(() => `${'a'.repeat(30_000)}!`),
  },
  scope_backtracking: {
    what: 'scope is a text on which a careless expression tries for ever.',
    spec: '-',
    faults: says('scope', `openid${' '.repeat(20_000)}${'a '.repeat(10_000)}\u0001`),
  },
  access_token_missing: { what: 'There is no access token.', spec: ANSWER, faults: without('access_token') },
  access_token_empty: {
    what: 'The access token is an empty text.',
    spec: ANSWER,
    faults: says('access_token', ''),
  },
  access_token_number: {
    what: 'The access token is a number.',
    spec: ANSWER,
    faults: says('access_token', 12_345_678),
  },
  access_token_crlf: {
    what: 'The access token holds a line end and a header.',
    spec: 'RFC 6750 2.1',
    faults: says('access_token', 'token\r\nx-injected: yes'),
  },
  token_type_missing: { what: 'token_type is missing.', spec: ANSWER, faults: without('token_type') },
  token_type_mac: { what: 'token_type is mac.', spec: 'RFC 6749 7.1', faults: says('token_type', 'mac') },
  token_type_number: { what: 'token_type is a number.', spec: ANSWER, faults: says('token_type', 1) },
  token_type_other_case: {
    what: 'token_type is bEARER, which is allowed.',
    spec: ANSWER,
    faults: says('token_type', 'bEARER'),
  },
  scope_missing: {
    what: 'scope is missing, which says that all was granted.',
    spec: ANSWER,
    faults: without('scope'),
  },
  scope_narrower: {
    what: 'Less scope was granted than asked for.',
    spec: ANSWER,
    faults: says('scope', 'openid'),
  },
  scope_wider: {
    what: 'More scope was granted than asked for.',
    spec: 'RFC 6749 3.3',
    faults: says('scope', 'openid profile email admin'),
  },
  scope_list: { what: 'scope is a list.', spec: ANSWER, faults: says('scope', ['openid']) },
  expires_in_negative: { what: 'expires_in is negative.', spec: ANSWER, faults: says('expires_in', -1) },
  token_duplicate: {
    what: 'access_token stands twice in the answer.',
    spec: 'RFC 8259 4',
    faults: { token: reply.duplicate('access_token', 'another-access-token') },
  },
})
