// REG: what comes of a registration.
import assert from 'node:assert/strict'
import type { Area, Case, Drive } from '../../src/testing/cases/case.ts'
import { register, registerAndLogin } from '../../src/testing/cases/drives.ts'
import { redirects } from './redirects.ts'
import { onTheWay } from './transport.ts'

/** Two sites at two OPs that gave them the same client_id; each logs in, then one comes with what the other got. */
const twoTenants: Drive = async (act) => {
  act.strike()
  const same = { credentials: { client_id: 'client-1' } }
  if (act.attack !== undefined) act.op.setFaults(act.issuer, same)
  act.attacker.setFaults(act.places.attacker, same)
  const ours = await act.site()
  const theirs = await act.site({}, act.places.attacker)
  const back = await ours.visit()
  if (act.attack === 'state of the other') return theirs.call('get_tokens_by_code', back)
  const tokens = await ours.call('get_tokens_by_code', back)
  if (act.attack === 'ID Token of the other') {
    // Both have the client_id, and keys of the same names.
    act.attacker.setFaults(act.places.attacker, { ...same, id_token: { jwt: () => tokens.data.id_token } })
    return theirs.login()
  }
  if (act.attack !== 'token of the other') return tokens
  return theirs.call('get_user_info', { access_token: tokens.data.access_token })
}

export const REGISTRATION: Area = {
  name: 'registration',
  cases: [
    {
      id: 'REG-01',
      title: 'no client_id, no client_secret',
      drive: register,
      refused: {
        client_id_missing: 'no_client_id_returned',
        client_id_empty: 'no_client_id_returned',
        client_id_number: 'op_answer_malformed',
        client_secret_missing: 'no_client_secret_returned',
      },
      requests: { registration: 1 },
    },
    ...(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'] as const).map((method): Case => ({
      id: 'REG-02',
      title: `credentials of every printable character, ${method}`,
      drive: registerAndLogin,
      site: { client_token_endpoint_auth_method: method },
      accepted: ['credentials_printable'],
      requests: { token: 1 },
      check: ({ op, issuer }) => {
        const sent = op.requests(issuer).findLast(({ endpoint }) => endpoint === 'token')
        assert.equal(sent?.authorization?.startsWith('Basic ') ?? false, method === 'client_secret_basic')
        assert.equal(sent?.params['client_secret'] !== undefined, method === 'client_secret_post')
      },
    })),
    {
      id: 'REG-04',
      title: 'secrets that expired, expire late, never, or at no time',
      drive: registerAndLogin,
      refused: { secret_expired: 'expired_client', secret_expires_word: 'op_answer_malformed' },
      accepted: ['secret_never_expires', 'secret_expires_late', 'secret_expires_text'],
    },
    {
      id: 'REG-05',
      title: 'an address for changes at another origin, or an internal one',
      drive: register,
      refused: { management_elsewhere: 'op_answer_malformed', management_inside: 'op_answer_malformed' },
      requests: { management: 0, attacker: 0 },
    },
    {
      id: 'REG-05',
      title: 'an address for changes at http',
      drive: register,
      over: 'https',
      refused: { management_http: 'op_answer_malformed' },
      requests: { management: 0 },
    },
    {
      id: 'REG-06',
      title: 'other answers than 201',
      drive: register,
      refused: {
        registration_refused: 'op_http_status',
        registration_unauthorized: 'op_http_status',
        registration_server_error: 'op_http_status',
        registration_redirects_307: 'op_redirected',
      },
      accepted: ['registered_with_200'],
      requests: { registration: 1, attacker: 0 },
      policy: '200 is taken as 201: OPs answer so.',
    },
    {
      id: 'REG-06',
      title: 'what the OP says of a refusal is told',
      drive: register,
      refused: { registration_refused: 'op_http_status' },
      check: ({ honest }, { data }) => {
        if (!honest) assert.match(String(data.error_description), /invalid_redirect_uri.*No such place/)
      },
    },
    onTheWay('REG-06', 'registration', register),
    redirects('REG-06', 'registration', register, 'op_redirected'),
    {
      id: 'REG-08',
      title: 'two tenants with the same client_id',
      drive: twoTenants,
      site: {},
      accepted: ['same_client_id'],
      attacks: {
        'state of the other': 'invalid_state',
        'token of the other': 'foreign_access_token',
        // Issuers take turns at a few keys: the signature may be right by chance.
        'ID Token of the other': ['invalid_id_token_bad_signature', 'invalid_id_token_bad_issuer'],
      },
      requests: { attacker: [2, 6] },
      check: (act, { data }) => {
        if (act.attack === undefined) assert.equal(Object(data.id_token_claims).iss, act.issuer)
      },
    },
  ],
}
