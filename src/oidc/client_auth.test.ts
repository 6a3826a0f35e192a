import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startParty, type Party, type PartyClient } from '../testing/op_party.ts'
import { clientCredentials } from './token.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

const sentBy = (at: PartyClient) => {
  const request = party.op.requests(at.issuer).findLast(({ endpoint }) => endpoint === 'token')
  assert.ok(request !== undefined)
  return request
}
/** Every printable character of ASCII, and what percent-encoding could be mistaken for. */
const PRINTABLE = `${String.fromCharCode(...Array.from({ length: 95 }, (_, at) => at + 32))}%2B%`

describe('client_secret_basic', () => {
  const method = { token_endpoint_auth_method: 'client_secret_basic' }

  it('carries every printable character to an OP that decodes', async () => {
    const at = await party.at({}, { ...method, client_id: PRINTABLE, client_secret: PRINTABLE })
    await clientCredentials(at.op, at.client, { scope: [] })
    assert.deepEqual(sentBy(at).params, { grant_type: 'client_credentials' })
  })

  it('leaves as they are the characters that need no encoding, which not every OP decodes', async () => {
    const plain = { client_id: 'a.b-c_d', client_secret: 'E.f-G_h' }
    const at = await party.at({}, { ...method, ...plain })
    await clientCredentials(at.op, at.client, { scope: [] })
    assert.equal(sentBy(at).authorization, `Basic ${btoa('a.b-c_d:E.f-G_h')}`)
  })

  it('is not encoded where the OP does not decode, as the quirk says', async () => {
    const plain = { client_id: 'a/b', client_secret: 'c/d+e' }
    const faults = { ignores: ['client_authentication'] } as const
    const at = await party.at(faults, { ...method, ...plain }, ['basic_not_encoded'])
    await clientCredentials(at.op, at.client, { scope: [] })
    assert.equal(sentBy(at).authorization, `Basic ${btoa('a/b:c/d+e')}`)
  })
})
