// Registration at an OP that lies: what becomes a client, and where its token for changes never goes. (Whole: register_site.test.ts.)
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import type { Json } from '../testing/jws.ts'
import { reply, type Fault } from '../testing/op.ts'
import { refusedWith, startParty, type Party } from '../testing/op_party.ts'
import { registerClient, updateClient } from './registration.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const WANTED = { redirect_uris: ['https://client.example.com/callback'] }
const register = async (registration: Fault) => {
  const { op, issuer } = await party.at({ registration })
  const asking = registerClient(op, WANTED)
  return { op, issuer, asking }
}
const says =
  (members: Json): Fault =>
  (good) => ({ ...good, ...members })

const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))
/** What the answer says otherwise, and the code; or what is kept of it. */
const ANSWERS: readonly (readonly [what: string, members: Json, kept: ErrorCode | Json])[] = [
  [
    'credentials of every printable character',
    { client_id: printable, client_secret: printable },
    { client_id: printable, client_secret: printable },
  ],
  ['a client_id of 2,048 characters', { client_id: 'x'.repeat(LIMITS.text_characters_max) }, {}],
  ['a client_id of more', { client_id: 'x'.repeat(LIMITS.text_characters_max + 1) }, 'op_answer_malformed'],
  ['a client_id that ends a header', { client_id: 'x\r\nx-y: z' }, 'op_answer_malformed'],
  ['a client_id beyond ASCII', { client_id: 'clié' }, 'op_answer_malformed'],
  ['a client_id that is a number', { client_id: 7 }, 'op_answer_malformed'],
  ['an empty client_id', { client_id: '' }, 'no_client_id_returned'],
  ['a secret that ends a header', { client_secret: 'x\n' }, 'op_answer_malformed'],
  ['a secret that is a list', { client_secret: ['x'] }, 'op_answer_malformed'],
  ['no secret', { client_secret: null }, 'no_client_secret_returned'],
  ['an empty secret', { client_secret: '' }, 'no_client_secret_returned'],
  ['no expiry', { client_secret_expires_at: undefined }, { client_secret_expires_at: undefined }],
  [
    'an expiry of 0, which is never',
    { client_secret_expires_at: 0 },
    { client_secret_expires_at: undefined },
  ],
  ['an expiry that is past', { client_secret_expires_at: 1 }, { client_secret_expires_at: 1 }],
  ['an expiry of 10^15', { client_secret_expires_at: 1e15 }, { client_secret_expires_at: 1e15 }],
  ['an expiry in text', { client_secret_expires_at: '1000000000000000' }, { client_secret_expires_at: 1e15 }],
  ['an expiry with a fraction', { client_secret_expires_at: 1.5 }, { client_secret_expires_at: 1 }],
  ['an expiry beyond what counts', { client_secret_expires_at: 1e308 }, 'op_answer_malformed'],
  ['an expiry below zero', { client_secret_expires_at: -1 }, 'op_answer_malformed'],
  ['an expiry that is a word', { client_secret_expires_at: 'never' }, 'op_answer_malformed'],
  ['an expiry that is true', { client_secret_expires_at: true }, 'op_answer_malformed'],
  [
    'a token that ends a header',
    { registration_access_token: 'x\r\nx-y: z' },
    { registration_access_token: undefined, registration_client_uri: undefined },
  ],
  ['a token that is an object', { registration_access_token: {} }, { registration_access_token: undefined }],
  ['no address', { registration_client_uri: undefined }, { registration_access_token: undefined }],
  ['another algorithm than was asked for', { id_token_signed_response_alg: 'HS256' }, 'invalid_algorithm'],
  [
    'no algorithm, which is not believed',
    { id_token_signed_response_alg: 'none' },
    { id_token_signed_response_alg: 'RS256' },
  ],
]

describe('what an OP registered', () => {
  for (const [what, members, kept] of ANSWERS) {
    it(`${typeof kept === 'string' ? `is refused with ${kept} for` : 'may have'} ${what}`, async () => {
      const { asking } = await register(says(members))
      if (typeof kept === 'string') return assert.rejects(asking, refusedWith(kept))
      const client: Json = { ...(await asking) }
      for (const [name, value] of Object.entries(kept)) assert.equal(client[name], value, name)
    })
  }

  const ELSEWHERE: readonly ((own: string, canary: string) => string)[] = [
    (_own, canary) => `${canary}/register/x`,
    () => 'https://elsewhere.example.com/register/x',
    (own) => own.replace('http://', 'https://'),
    (own) => own.replace('127.0.0.1', 'localhost'),
    (own) => own.replace(/:\d+/, ':9'),
    (own) => own.replace('127.0.0.1', '127.0.0.1@elsewhere.example.com'),
    () => 'file:///etc/passwd',
    () => '/register/x',
    () => 'javascript:alert(1)',
    (given) => `${given}?${'x'.repeat(2_048)}`,
  ]
  it('is changed and taken back at the OP alone: elsewhere goes no token', async () => {
    const { origin } = party.op.canary()
    for (const elsewhere of ELSEWHERE) {
      const { asking, issuer } = await register((good) => ({
        ...good,
        registration_client_uri: elsewhere(String(good['registration_client_uri']), origin),
      }))
      await assert.rejects(asking, refusedWith('op_answer_malformed'), String(elsewhere))
      assert.equal(party.op.count(issuer, 'management'), 0)
    }
    assert.equal(party.op.canary().contacts, 0)
  })

  it('keeps its address when a change names another', async () => {
    const { asking, op, issuer } = await register(says({}))
    const client = await asking
    const { origin } = party.op.canary()
    party.op.setFaults(issuer, { management: says({ registration_client_uri: `${origin}/x` }) })
    const kept: unknown[] = []
    await assert.rejects(
      updateClient(
        op,
        client,
        WANTED,
        async (management) => void kept.push(management.registration_client_uri),
      ),
      refusedWith('op_answer_malformed'),
    )
    assert.deepEqual(kept, [client.registration_client_uri])
    assert.equal(party.op.canary().contacts, 0)
  })

  it('comes with 201, or with 200 as some OPs answer, and with nothing else', async () => {
    for (const status of [201, 200]) await (await register(reply.status(status))).asking
    for (const status of [202, 204, 400, 401, 403, 429, 500]) {
      const { asking, issuer } = await register(reply.status(status))
      await assert.rejects(asking, refusedWith('op_http_status'), String(status))
      assert.equal(party.op.count(issuer, 'registration'), 1, 'asked once')
    }
  })

  it('does not come from where a redirect leads, and nothing is sent there', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const { asking } = await register(reply.redirect(`${party.op.canary().origin}/register`, status))
      await assert.rejects(asking, refusedWith('op_redirected'))
    }
    assert.equal(party.op.canary().contacts, 0)
  })
})
