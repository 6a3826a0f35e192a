// What a site asks for beyond the plain algorithms, at the certified OP: each a whole login.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { signIn, Visitor } from '../src/testing/dev_op/sign_in.ts'

let op: DevOp
let daemon: TestDaemon
before(async () => {
  op = await startDevOp()
  daemon = await startTestDaemon({ argv: ['--trust-op', op.issuer] })
})
after(async () => {
  await daemon.close()
  await op.close()
})

const method = (name: string): Data => ({ client_token_endpoint_auth_method: name })
const SITES: Readonly<Record<string, Data>> = {
  client_secret_basic: method('client_secret_basic'),
  client_secret_post: method('client_secret_post'),
  client_secret_jwt: method('client_secret_jwt'),
  private_key_jwt: method('private_key_jwt'),
  'private_key_jwt with EdDSA': {
    ...method('private_key_jwt'),
    client_token_endpoint_auth_signing_alg: 'EdDSA',
  },
  'ID Tokens signed with HS256': { id_token_signed_response_alg: 'HS256' },
  'ID Tokens encrypted with RSA-OAEP-256': { id_token_encrypted_response_alg: 'RSA-OAEP-256' },
  'ID Tokens encrypted with ECDH-ES and A256GCM': {
    id_token_encrypted_response_alg: 'ECDH-ES',
    id_token_encrypted_response_enc: 'A256GCM',
  },
  'ID Tokens encrypted with the secret': {
    id_token_encrypted_response_alg: 'dir',
    id_token_encrypted_response_enc: 'A128CBC-HS256',
  },
  'signed userinfo': { user_info_signed_response_alg: 'RS256' },
  'signed and encrypted userinfo': {
    user_info_signed_response_alg: 'ES256',
    user_info_encrypted_response_alg: 'ECDH-ES',
  },
  'requests that are not pushed': { require_pushed_authorization_requests: false },
  'requests that are always pushed': { require_pushed_authorization_requests: true },
  'signed requests, pushed': { request_object_signing_alg: 'PS256' },
  'signed requests in the URL': {
    request_object_signing_alg: 'ES256',
    require_pushed_authorization_requests: false,
  },
}

describe('a login at the certified OP', () => {
  for (const [what, params] of Object.entries(SITES)) {
    it(`with ${what}`, async () => {
      const call = async (command: string, sent: Data): Promise<Data> => {
        const { status, data } = await daemon.call(command, sent, { oxd: 1 })
        assert.equal(status, 'ok', JSON.stringify(data))
        return data
      }
      const { oxd_id } = await call('register_site', {
        op_host: op.issuer,
        authorization_redirect_uri: 'https://client.example.com/callback',
        ...params,
      })
      const { authorization_url } = await call('get_authorization_url', { oxd_id })
      const back = (await signIn(String(authorization_url), { visitor: new Visitor() })).searchParams
      const sent = { oxd_id, code: back.get('code'), state: back.get('state'), iss: back.get('iss') }
      const tokens = await call('get_tokens_by_code', sent)
      const { claims } = await call('get_user_info', { oxd_id, access_token: tokens.access_token })
      // As the definition of the command says.
      assert.equal((claims as Data).given_name, 'Alice')
      const { uri } = await call('get_logout_uri', { oxd_id, id_token_hint: tokens.id_token })
      const hint = new URL(String(uri)).searchParams.get('id_token_hint')
      assert.equal(hint?.split('.').length, 3, 'the OP can read it')
    })
  }
})
