// The token endpoint beside a login: refreshed tokens, and tokens for the client itself. (A code: get_tokens_by_code.test.ts.)
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ErrorCode } from '../error.ts'
import { reply, type Fault } from '../testing/op.ts'
import { refusedWith, startParty, type Party, type PartyClient } from '../testing/op_party.ts'
import { AUTH_METHODS } from './client_auth.ts'
import { clientCredentials, grantRefused, refreshTokens, requestGrant } from './token.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const refusing = (status: number, body: Readonly<Record<string, unknown>>): Fault =>
  reply.raw({ status, body: JSON.stringify(body) })
const lastParams = ({ issuer }: PartyClient) => party.op.requests(issuer).at(-1)?.params ?? {}

/** What the OP does, and the code for each grant. */
const LIES: Readonly<Record<string, readonly [fault: Fault, refresh: ErrorCode, own: ErrorCode]>> = {
  'a refused grant': [refusing(400, { error: 'invalid_grant' }), 'refresh_refused', 'op_http_status'],
  'a refused client': [refusing(401, { error: 'invalid_client' }), 'invalid_client', 'invalid_client'],
  'a refused client under 400': [
    refusing(400, { error: 'invalid_client' }),
    'invalid_client',
    'invalid_client',
  ],
  'a refusal by another name': [refusing(400, { error: 'constructor' }), 'op_http_status', 'op_http_status'],
  'a broken OP': [reply.html(500), 'op_http_status', 'op_http_status'],
  'a page': [reply.html(), 'op_answer_malformed', 'op_answer_malformed'],
  'a redirect': [reply.redirect('http://127.0.0.1:9/', 307), 'op_redirected', 'op_redirected'],
  'no access token': [({ access_token: _, ...good }) => good, 'no_access_token', 'no_access_token'],
  'a token that is no bearer': [
    (good) => ({ ...good, token_type: 'mac' }),
    'op_answer_malformed',
    'op_answer_malformed',
  ],
  'a scope that is none': [
    (good) => ({ ...good, scope: { openid: true } }),
    'op_answer_malformed',
    'op_answer_malformed',
  ],
  'a scope in a list': [
    (good) => ({ ...good, scope: ['openid', 'oxd'] }),
    'op_answer_malformed',
    'op_answer_malformed',
  ],
  'a token with a line end': [
    (good) => ({ ...good, access_token: 'token\r\nx-injected: yes' }),
    'op_answer_malformed',
    'op_answer_malformed',
  ],
  'a byte order mark': [
    reply.raw({ body: '\uFEFF{"access_token":"a","token_type":"Bearer"}' }),
    'op_answer_malformed',
    'op_answer_malformed',
  ],
  'JSON that is said to be a page': [
    reply.headers({ 'content-type': 'text/html' }),
    'op_answer_malformed',
    'op_answer_malformed',
  ],
  'a scope without end': [
    (good) => ({ ...good, scope: 'x '.repeat(1_001) }),
    'op_answer_malformed',
    'op_answer_malformed',
  ],
}

/** What the OP says of the scope, and what it is taken for where `oxd` was asked. */
const SCOPES: readonly (readonly [said: unknown, scope: readonly string[]])[] = [
  ['openid  oxd', ['openid', 'oxd']],
  ['', ['oxd']],
  [null, ['oxd']],
  [undefined, ['oxd']],
  ['x '.repeat(1_000), Array.from({ length: 1_000 }, () => 'x')],
]

describe('refreshTokens', () => {
  it('gives what the OP gives, and the refresh token that was sent is spent', async () => {
    const at = await party.at()
    const { refresh_token } = await at.login()
    assert.ok(refresh_token !== null)
    const tokens = await refreshTokens(at.op, at.client, { refresh_token })
    assert.deepEqual(Object.keys(tokens).sort(), [
      'access_token',
      'expires_in',
      'id_token',
      'refresh_token',
      'scope',
    ])
    assert.deepEqual(tokens.scope, ['openid', 'offline_access'])
    assert.equal(tokens.expires_in, 3600)
    assert.match(tokens.id_token ?? '', /^ey/)
    assert.ok(tokens.refresh_token !== null && tokens.refresh_token !== refresh_token)
    assert.deepEqual(Object.keys(lastParams(at)).sort(), ['grant_type', 'refresh_token'])

    const again = refreshTokens(at.op, at.client, { refresh_token })
    await assert.rejects(again, refusedWith('refresh_refused', [refresh_token]))
  })

  it('asks for less where less is wanted', async () => {
    const at = await party.at()
    const { refresh_token } = await at.login()
    const grant = { refresh_token: refresh_token ?? '', scope: ['openid'] }
    const tokens = await refreshTokens(at.op, at.client, grant)
    assert.deepEqual(tokens.scope, ['openid'])
    assert.equal(lastParams(at).scope, 'openid')
  })

  it('says null and undefined where the OP gives neither refresh token nor ID Token', async () => {
    const at = await party.at()
    const { refresh_token } = await at.login()
    party.op.setFaults(at.issuer, { token: ({ refresh_token: _, id_token: __, ...good }) => good })
    const tokens = await refreshTokens(at.op, at.client, { refresh_token: refresh_token ?? '' })
    assert.equal(tokens.refresh_token, null)
    assert.equal(tokens.id_token, undefined)
  })

  it('sends a refresh token byte for byte', async () => {
    const at = await party.at()
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => index + 32))
    const refresh_token = printable.repeat(43)
    await assert.rejects(
      refreshTokens(at.op, at.client, { refresh_token }),
      refusedWith('refresh_refused', [refresh_token]),
    )
    assert.equal(lastParams(at).refresh_token, refresh_token)
  })

  for (const [lie, [fault, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const at = await party.at()
      const { refresh_token } = await at.login()
      party.op.setFaults(at.issuer, { token: fault })
      await assert.rejects(
        refreshTokens(at.op, at.client, { refresh_token: refresh_token ?? '' }),
        refusedWith(code),
      )
      assert.equal(party.op.count(at.issuer, 'token'), 2, 'asked once')
    })
  }

  it('repeats no secret that the OP repeats', async () => {
    const refresh_token = 'a refresh token'
    for (const status of [400, 418]) {
      const at = await party.at()
      party.op.setFaults(at.issuer, {
        token: refusing(status, {
          error: 'invalid_grant',
          error_description: `${refresh_token} of ${at.client.client_secret}`,
        }),
      })
      await assert.rejects(
        refreshTokens(at.op, at.client, { refresh_token }),
        refusedWith('refresh_refused', [refresh_token, at.client.client_secret]),
      )
    }
  })
})

describe('clientCredentials', () => {
  for (const method of Object.keys(AUTH_METHODS).filter((name) => name.startsWith('client_secret'))) {
    it(`gives a token for the client itself: ${method}`, async () => {
      const at = await party.at({}, { token_endpoint_auth_method: method })
      const tokens = await clientCredentials(at.op, at.client, { scope: ['openid', 'oxd'] })
      assert.deepEqual(
        { ...tokens, access_token: '' },
        {
          access_token: '',
          expires_in: 3600,
          refresh_token: null,
          scope: ['openid', 'oxd'],
        },
      )
      assert.match(tokens.access_token, /^[\w-]{43}$/)
    })
  }

  it('sends no scope where none is asked for', async () => {
    const at = await party.at()
    await clientCredentials(at.op, at.client, { scope: [] })
    assert.deepEqual(Object.keys(lastParams(at)), ['grant_type'])
  })

  for (const [said, scope] of SCOPES) {
    it(`takes the scope ${String(JSON.stringify(said)).slice(0, 30)}`, async () => {
      const at = await party.at({ token: (good) => ({ ...good, scope: said }) })
      assert.deepEqual((await clientCredentials(at.op, at.client, { scope: ['oxd'] })).scope, scope)
    })
  }

  for (const [lie, [fault, , code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      const at = await party.at()
      await clientCredentials(at.op, at.client, { scope: ['oxd'] })
      party.op.setFaults(at.issuer, { token: fault })
      await assert.rejects(clientCredentials(at.op, at.client, { scope: ['oxd'] }), refusedWith(code))
    })
  }

  it('says what the OP said to a client that may not, and to one with another secret', async () => {
    const at = await party.at({}, { grant_types: ['authorization_code'] })
    await assert.rejects(clientCredentials(at.op, at.client, { scope: [] }), /400 \(unauthorized_client\)/)
    const wrong = { ...at.client, client_secret: 'another secret' }
    await assert.rejects(
      clientCredentials(at.op, wrong, { scope: [] }),
      refusedWith('invalid_client', ['another secret']),
    )
  })

  for (const method of ['tls_client_auth', 'constructor', '']) {
    it(`refuses the method "${method}" and asks nobody`, async () => {
      const at = await party.at()
      const client = { ...at.client, token_endpoint_auth_method: method }
      await assert.rejects(clientCredentials(at.op, client, { scope: [] }), refusedWith('invalid_algorithm'))
      assert.equal(party.op.count(at.issuer, 'token'), 0)
    })
  }
})

describe('requestGrant', () => {
  it('hands over whatever the OP answers, and keeps every parameter that it does not know out of error texts', async () => {
    const ticket = '{"error":"need_info","error_description":"the ticket t-1 needs more","ticket":"t-2"}'
    const at = await party.at({ token: reply.raw({ status: 403, body: ticket }) })
    const asked = { ticket: 't-1', scope: 'more' }
    const answer = await requestGrant(at.op, at.client, 'urn:ietf:params:oauth:grant-type:uma-ticket', asked)
    assert.equal(answer.status, 403)
    assert.equal(answer.text, ticket)
    assert.deepEqual(answer.secrets, ['t-1', at.client.client_secret])
    assert.equal(refusedWith('op_http_status', ['t-1'])(grantRefused(answer, new Map())), true)
    assert.equal(grantRefused(answer, new Map([['need_info', 'invalid_request']])).code, 'invalid_request')
  })
})
