// What an OP answers: metadata, keys, tokens, claims, clients, errors.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { LIMITS } from '../../../src/limits.ts'
import { cleaned } from '../../../src/oidc/clean.ts'
import { discover, fetchDiscovery } from '../../../src/oidc/discovery.ts'
import { introspect } from '../../../src/oidc/introspection.ts'
import { registerClient } from '../../../src/oidc/registration.ts'
import { oauthError, refusal, show } from '../../../src/oidc/said.ts'
import { redeemCode, refreshTokens } from '../../../src/oidc/token.ts'
import { discoverUma } from '../../../src/oidc/uma_discovery.ts'
import { fetchUserinfo } from '../../../src/oidc/userinfo.ts'
import { discoverIssuer, webfingerOf } from '../../../src/oidc/webfinger.ts'
import { OxdError } from '../../../src/error.ts'
import { assertUnpolluted, refusedBy, targets } from '../../../src/testing/fuzz/target.ts'
import { doorOf, ISSUER, METADATA, opOf } from '../said_by_op.ts'

const WHERE = { issuer: ISSUER, discovery_url: `${ISSUER}/.well-known/openid-configuration` }
const CLIENT = {
  client_id: 'client',
  client_secret: 'a secret of the client',
  token_endpoint_auth_method: 'client_secret_basic',
}
const SECRETS = ['an authorization code', CLIENT.client_secret, 'kopF-7_Qx.secret~value']

/** Nothing that a terminal, a log or a page would do something with. */
const assertShowable = (text: string): void => {
  assert.ok(text.length <= LIMITS.op_text_characters_max, 'a text of the OP is longer than its bound')
  assert.doesNotMatch(
    text,
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/u,
    'a text of the OP is not printable',
  )
}

/** A token of an Ed25519 key, and that key as a JWK. */
const signed = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'EdDSA', kid: 'a' })}.${part({ sub: 'alice' })}`
  const jwk = publicKey.export({ format: 'jwk' })
  return { jwk, jws: `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}` }
}

const metadata = JSON.stringify({
  ...METADATA,
  grant_types_supported: ['authorization_code'],
  token_endpoint_auth_methods_supported: ['client_secret_basic'],
})
const MINE = '"$key"'

export const TARGETS = targets({
  discovery: {
    promise:
      'The metadata are those of the issuer that was asked, every address at https; or a listed refusal.',
    about: ['oidc/discovery', 'oidc/published', 'oidc/said', 'oidc/json'],
    examples: [
      metadata,
      `404 ${metadata}`,
      '500 <html>',
      metadata.replace('https', 'http'),
      metadata.replace('"issuer"', '"issuer":"x","issuer"'),
    ],
    open: () => ({
      async run(input) {
        const found = await refusedBy(() => discover(doorOf(input), WHERE))
        if ('value' in found) {
          assert.equal(found.value.issuer, ISSUER)
          for (const value of Object.values(found.value)) {
            if (typeof value === 'string') assert.match(value, /^https:/)
          }
        }
        const shown = await refusedBy(() => fetchDiscovery(doorOf(input), WHERE))
        assert.equal('value' in shown, 'value' in found, 'shown and used are judged differently')
        assertUnpolluted()
      },
    }),
  },
  uma_discovery: {
    promise:
      'The metadata are those of the issuer that was asked, every address at https; or a listed refusal.',
    about: ['oidc/uma_discovery', 'oidc/said'],
    examples: [
      JSON.stringify({
        ...METADATA,
        resource_registration_endpoint: `${ISSUER}/rs`,
        permission_endpoint: `${ISSUER}/perm`,
        claims_interaction_endpoint: `${ISSUER}/claims`,
        resource_set_registration_endpoint: `${ISSUER}/rs`,
        permission_registration_endpoint: `${ISSUER}/p`,
        rpt_endpoint: `${ISSUER}/rpt`,
        gat_endpoint: `${ISSUER}/gat`,
      }),
      '404 ',
      '500 ',
    ],
    open: () => ({
      async run(input) {
        const found = await refusedBy(() => discoverUma(doorOf(input), WHERE))
        if ('value' in found) assert.equal(found.value.issuer, ISSUER)
      },
    }),
  },
  jwks: {
    promise:
      'A signature counts only if its own key is in the set for such a use; nothing private is shown; or a listed refusal.',
    about: ['oidc/keys', 'oidc/said'],
    examples: [
      `{"keys":[${MINE}]}`,
      `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"b","use":"enc"},${MINE},null,"a",{}]}`,
      '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a","alg":"EdDSA","use":"sig","key_ops":["verify"],"d":"x"}]}',
      '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"a"},{"kty":"oct","k":"c2VjcmV0","kid":"a"}]}',
    ],
    open() {
      const { jwk, jws } = signed()
      const mine = JSON.stringify({ ...jwk, kid: 'a' })
      return {
        async run(input) {
          const text = input.toString()
          const set = Buffer.from(text.replaceAll(MINE, () => mine))
          const { keys } = opOf(set)
          const found = await refusedBy(() => keys.verify(jws, 'EdDSA'))
          if ('value' in found) assert.ok(set.includes(String(jwk.x)), 'a signature counts without its key')
          const published = await refusedBy(() => keys.published())
          if (!('value' in published)) return
          for (const key of published.value.keys) {
            for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
              assert.ok(!Object.hasOwn(key, name), `${name} is shown`)
          }
          assert.ok(published.value.keys.length <= LIMITS.jwks_keys_max)
        },
      }
    },
  },
  token_answer: {
    promise:
      'Tokens of the right types, or a listed refusal whose text shows no secret of the request and nothing unprintable.',
    about: ['oidc/token', 'oidc/said', 'oidc/client_auth', 'oidc/scope'],
    examples: [
      '{"access_token":"at","token_type":"Bearer","expires_in":3600,"id_token":"a.b.c","refresh_token":"rt","scope":"openid profile"}',
      '{"access_token":"at","token_type":"bearer","expires_in":"3600","id_token":"a.b.c","scope":["openid"]}',
      '400 {"error":"invalid_grant","error_description":"no \\u001b[31m such code"}',
      `400 {"error":"invalid_client","error_description":"${CLIENT.client_secret}"}`,
      `401 {"error":"x","error_description":"${Buffer.from(`client:${CLIENT.client_secret}`).toString('base64')}"}`,
      '204 ',
      '503 <html>',
      '{"access_token":"a","token_type":"mac"}',
    ],
    open: () => ({
      async run(input) {
        const grant = {
          code: 'an authorization code',
          redirect_uri: 'https://rp.example.com/',
          code_verifier: 'kopF-7_Qx.secret~value',
        }
        const found = await refusedBy(async () => {
          try {
            return await redeemCode(opOf(input), CLIENT, grant)
          } catch (error) {
            if (error instanceof OxdError)
              for (const secret of SECRETS) assert.ok(!error.message.includes(secret), 'a secret is repeated')
            throw error
          }
        })
        if ('value' in found) {
          const { access_token, id_token, expires_in, refresh_token } = found.value
          assert.ok(
            typeof access_token === 'string' &&
              access_token !== '' &&
              typeof id_token === 'string' &&
              id_token !== '',
          )
          assert.ok(
            Number.isInteger(expires_in) && expires_in >= -1 && expires_in < 2 ** 31,
            'expires_in is no 32-bit number',
          )
          assert.ok(refresh_token === null || typeof refresh_token === 'string')
        }
        await refusedBy(() => refreshTokens(opOf(input), CLIENT, { refresh_token: 'rt', scope: ['openid'] }))
        assertUnpolluted()
      },
    }),
  },
  userinfo: {
    promise: 'Claims of the subject that was asked for, or a listed refusal.',
    about: ['oidc/userinfo', 'oidc/said'],
    examples: [
      '{"sub":"alice","name":"Alice","address":{"country":"DE"}}',
      '{"sub":["alice"]}',
      '401 ',
      '403 {"error":"insufficient_scope"}',
      '{"sub":"bob"}',
    ],
    open: () => ({
      async run(input) {
        const found = await refusedBy(() =>
          fetchUserinfo(opOf(input), { ...CLIENT, id_token_signed_response_alg: 'RS256' }, 'at', 'alice'),
        )
        if ('value' in found) assert.equal(found.value.sub, 'alice')
        assertUnpolluted()
      },
    }),
  },
  registration: {
    promise:
      'A client that can authenticate as it registered, its address for changes at the OP; or a listed refusal.',
    about: ['oidc/registration', 'oidc/said', 'oidc/client_auth'],
    examples: [
      '201 {"client_id":"c","client_secret":"s","client_secret_expires_at":0,"client_id_issued_at":1700000000,"registration_access_token":"rat","registration_client_uri":"https://op.example.com/register/c","token_endpoint_auth_method":"client_secret_basic","id_token_signed_response_alg":"RS256"}',
      '{"client_id":"c","client_secret":"s","registration_client_uri":"https://evil.example.com/"}',
      '400 {"error":"invalid_redirect_uri"}',
      '201 {"client_id":"c","client_secret":"s","client_secret_expires_at":1}',
    ],
    open: () => ({
      async run(input) {
        const found = await refusedBy(() =>
          registerClient(opOf(input), { redirect_uris: ['https://rp.example.com/'] }),
        )
        if (!('value' in found)) return
        const { client_id, client_secret, token_endpoint_auth_method, registration_client_uri } = found.value
        assert.ok(typeof client_id === 'string' && client_id !== '')
        assert.ok(
          token_endpoint_auth_method === 'none' ||
            (typeof client_secret === 'string' && client_secret !== ''),
        )
        if (registration_client_uri !== undefined)
          assert.equal(new URL(registration_client_uri).origin, ISSUER)
      },
    }),
  },
  introspection: {
    promise: 'Only the word true makes a token active; members have their types; or a listed refusal.',
    about: ['oidc/introspection', 'oidc/said', 'oidc/scope'],
    examples: [
      '{"active":true,"client_id":"c","scope":"openid uma_protection","exp":1700003600,"iat":"1700000000","nbf":"2023-11-14T22:13:20Z","aud":["c"],"permissions":[{"resource_id":"r","resource_scopes":["read"],"exp":1}]}',
      '{"active":"true"}',
      '{"active":false,"exp":"x"}',
      '400 {"error":"invalid_client"}',
    ],
    open: () => ({
      async run(input) {
        const pat = { get: async () => 'pat', renew: async () => 'pat2' }
        const found = await refusedBy(() => introspect(opOf(input), CLIENT, 'a token', pat))
        if (!('value' in found)) return
        const { active, exp, iat, nbf, scope } = found.value
        if (active)
          assert.ok(/"active"/.test(input.toString()) || input.includes('\\u'), 'active without the word')
        for (const time of [exp, iat, nbf])
          assert.ok(time === undefined || Number.isSafeInteger(time), 'a time is no whole number')
        assert.ok(Array.isArray(scope))
      },
    }),
  },
  webfinger: {
    promise: 'Issuers at https alone, the request to the host of the resource alone; or a listed refusal.',
    about: ['oidc/webfinger', 'oidc/said'],
    examples: [
      'acct:alice@example.com\n{"subject":"acct:alice@example.com","links":[{"rel":"http://openid.net/specs/connect/1.0/issuer","href":"https://op.example.com"}]}',
      'https://example.com:8443/alice#me\n{"links":[{"rel":"x","template":"y"},{"rel":"http://openid.net/specs/connect/1.0/issuer","href":"http://op.example.com"}]}',
      'alice@example.com\n404 ',
      'example.com\n{}',
      '=xri\n',
      'acct:a@b:80@c.example\n{}',
      'mailto:a@[::1]\n{}',
      'https://user@host/\n{}',
    ],
    open: () => ({
      async run(input) {
        const end = input.indexOf('\n')
        const resource = input.subarray(0, end === -1 ? input.length : end).toString()
        const answer = end === -1 ? Buffer.alloc(0) : input.subarray(end + 1)
        const asked = await refusedBy(() => webfingerOf(resource), new Set(['invalid_request']))
        if ('value' in asked)
          assert.equal(
            new URL(`https://${asked.value.host}/`).host,
            asked.value.host,
            'the host is more than a host',
          )
        const found = await refusedBy(() => discoverIssuer(doorOf(answer), resource))
        if (!('value' in found)) return
        assert.ok(found.value.links.length > 0)
        for (const { href } of found.value.links) {
          const { protocol, username, search, hash } = new URL(href)
          assert.deepEqual([protocol, username, search, hash], ['https:', '', '', ''])
        }
      },
    }),
  },
  said: {
    promise:
      'What an OP said is shown as one printable line within its bound, without the secrets of the request.',
    about: ['oidc/said', 'oidc/clean'],
    examples: [
      '{"error":"invalid_grant","error_description":"\\u001b]0;x\\u0007 a\\r\\nb \\u202e c"}',
      `{"error":"an+authorization+code","error_description":"an%20authorization%20code"}`,
      `{"error":"${Buffer.from('an authorization code').toString('base64')}"}`,
      '{"error":1}',
      'x'.repeat(400),
      '\u{e0041}\u{1f600}'.repeat(120),
    ],
    open: () => ({
      run(input) {
        const text = input.toString()
        const line = show(text)
        assertShowable(line)
        assert.equal(show(line), line, 'cleaned twice is not cleaned once')
        assert.equal(cleaned(text, Infinity), cleaned(cleaned(text, Infinity), Infinity))
        const answer = { status: 400, text, url: `${ISSUER}/token`, headers: new Headers() }
        const error = oauthError(answer, SECRETS)
        if (error !== undefined) {
          assertShowable(error.said)
          for (const secret of SECRETS) assert.ok(!error.said.includes(secret), 'a secret is repeated')
        }
        const refused = refusal('token', answer, SECRETS)
        for (const secret of SECRETS) assert.ok(!refused.message.includes(secret), 'a secret is repeated')
      },
    }),
  },
})
