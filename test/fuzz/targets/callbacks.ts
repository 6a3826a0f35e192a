// What comes back through browsers and from OPs on their own: callback URLs, encrypted tokens, requests of the public listener, cursors.
import assert from 'node:assert/strict'
import { CompactEncrypt } from 'jose'
import { createEndedLogins } from '../../../src/ended_logins.ts'
import { LIMITS } from '../../../src/limits.ts'
import { fittingParameters, received, stateOf } from '../../../src/oidc/authorization_response.ts'
import { decrypted, symmetricKeyBytes } from '../../../src/oidc/jwe.ts'
import { openResponseJwt } from '../../../src/oidc/jarm.ts'
import { createMemoryEngine } from '../../../src/store/memory.ts'
import { createKeys } from '../../../src/store/seal.ts'
import { createStore } from '../../../src/store/store.ts'
import { refusedBy, targets } from '../../../src/testing/fuzz/target.ts'
import { realWorld } from '../../../src/world.ts'
import { exchange } from '../exchange.ts'
import { startBareDaemon } from '../bare_daemon.ts'
import { ISSUER, NOW, opOf } from '../said_by_op.ts'

const REDIRECT = 'https://rp.example.com/callback?own=1'
const STATE = 'AQAAAAB-a_state.of~oxd'
const WORLD = {
  ...realWorld(() => {}),
  now: () => NOW * 1_000,
  random: (bytes: number) => Buffer.alloc(bytes, 7),
}
const SITE = '7f3c1a52-58d0-4b0e-9d6c-0a1b2c3d4e5f'

const SECRET = 'a client secret that is long enough for every one of the keys'
const ENCRYPTION = { alg: 'dir', enc: 'A128CBC-HS256' } as const
const JWS = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

/** A header of JSON, and the rest of a token as it is. */
const encryptedToken = (header: object): Promise<string> =>
  new CompactEncrypt(Buffer.from(JWS))
    .setProtectedHeader({ ...ENCRYPTION, ...header })
    .encrypt(new Uint8Array(Buffer.from(SECRET).subarray(0, symmetricKeyBytes(ENCRYPTION))))

export const TARGETS = targets({
  callback_url: {
    promise:
      'The parameters of a response at its own redirect URI, each once, its state as it stands there; or a listed refusal.',
    about: ['oidc/authorization_response', 'oidc/said'],
    examples: [
      `https://rp.example.com/callback?own=1&code=abc&state=${STATE}&iss=${encodeURIComponent(ISSUER)}`,
      `https://rp.example.com/callback?own=1#id_token=a.b.c&access_token=at&token_type=Bearer&state=${STATE}`,
      `https://rp.example.com/callback?own=1&error=access_denied&error_description=no%20%1b%5b31m&state=${STATE}`,
      'https://rp.example.com/callback?own=1&response=a.b.c',
      `https://rp.example.com/callback?code=1&code=2&state=${STATE}&own=1#_=_`,
      `https://rp.example.com/callback?own=1&state=${STATE}+&code=%ff`,
      `https://rp.example.com.evil.example/callback?own=1&code=1&state=${STATE}`,
    ],
    open: () => ({
      async run(input) {
        const callback_url = input.toString()
        const found = await refusedBy(() => {
          const came = received({ callback_url })
          const state = stateOf(came, undefined)
          return {
            state,
            parameters: fittingParameters(came, {
              redirect_uri: REDIRECT,
              response_type: 'code',
              response_mode: undefined,
            }),
          }
        })
        if (!('value' in found)) return
        const { state, parameters } = found.value
        const { origin, pathname, searchParams } = new URL(callback_url)
        assert.equal(
          `${origin}${pathname}`,
          'https://rp.example.com/callback',
          'a response at another address',
        )
        assert.ok(searchParams.getAll('own').includes('1'))
        const names = parameters.map(([name]) => name)
        assert.equal(new Set(names).size, names.length, 'a parameter twice')
        assert.deepEqual(searchParams.getAll('state'), [state], 'another reader sees another state')
        for (const [name, value] of parameters)
          assert.ok(searchParams.getAll(name).includes(value), `another reader sees another ${name}`)
      },
    }),
  },
  response_jwt: {
    promise: 'Nothing that the OP did not sign is a response; or a listed refusal.',
    about: ['oidc/jarm', 'oidc/jwt'],
    examples: [`response=${JWS}`, 'response=a.b.c.d.e', `response=${JWS}&state=x`, 'code=x'],
    open: () => {
      const op = opOf(Buffer.from('{"keys":[]}'))
      const client = { client_id: 'client', id_token_signed_response_alg: 'RS256' }
      return {
        async run(input) {
          const parameters = [...new URLSearchParams(input.toString())]
          const found = await refusedBy(() =>
            openResponseJwt(op, parameters, { issuer: ISSUER, client, state: STATE, now: NOW }),
          )
          assert.ok(!('value' in found), 'a response that nobody signed')
        },
      }
    },
  },
  encrypted_token: {
    promise: 'The token that was encrypted, whole; or one of two refusals.',
    about: ['oidc/jwe', 'oidc/json'],
    examples: [
      await encryptedToken({ cty: 'JWT' }),
      await encryptedToken({}),
      await encryptedToken({ cty: 'JWT', kid: 'a' }),
      'eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJwMmMiOjEwMDAwMDAwMDAsInAycyI6ImEiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.a.b.c.d',
      '....',
      'a.b.c.d.e.f',
    ],
    open: () => {
      const op = opOf(Buffer.from('{"keys":[]}'))
      return {
        async run(input) {
          const found = await refusedBy(
            () => decrypted(op, { client_secret: SECRET }, input.toString(), ENCRYPTION),
            new Set(['invalid_id_token_encryption', 'invalid_id_token_not_decrypted']),
          )
          if ('value' in found) assert.equal(found.value, JWS, 'another token than was encrypted')
        },
      }
    },
  },
  cursor: {
    promise: 'Exactly the cursor that was made, for exactly the site that it was made for, is accepted.',
    about: ['ended_logins'],
    examples: ['$cursor', '$cursorA', '$cursor=', 'AAAA', '', '$other'],
    async open() {
      const keys = createKeys(Buffer.alloc(32, 1))
      const store = createStore(
        createMemoryEngine(() => NOW),
        keys,
        WORLD,
        LIMITS,
      )
      const ended = createEndedLogins(store, keys, WORLD, LIMITS)
      const after = (site: string, cursor: string | undefined) =>
        ended.after(site, { cursor, max: 10, wait_ms: 0, signal: new AbortController().signal })
      const { cursor } = await after(SITE, undefined)
      const { cursor: other } = await after(`${SITE.slice(0, -1)}0`, undefined)
      return {
        async run(input) {
          const text = input
            .toString()
            .replaceAll('$cursor', () => cursor)
            .replaceAll('$other', () => other)
          const found = await refusedBy(
            () => after(SITE, text),
            new Set(['invalid_cursor', 'cursor_expired']),
          )
          assert.equal(
            'value' in found,
            text === cursor,
            'a cursor that was changed is accepted, or one that was not is refused',
          )
        },
      }
    },
  },
  public_listener: {
    promise:
      'Whatever bytes come, each answer is HTTP with a status of the listener, and no command is run; no exception that nobody foresaw.',
    about: ['serve/public', 'public_desk', 'oidc/logout_token'],
    examples: [
      'POST /backchannel-logout/abc HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 16\r\n\r\nlogout_token=a.b',
      'GET /frontchannel-logout/abc?iss=https%3A%2F%2Fop.example.com&sid=1&sid=2 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /initiate-login/abc?iss=x&login_hint=%ff&target_link_uri=javascript: HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /get-rp-jwks HTTP/1.1\r\nhost: x\r\n\r\n',
      'POST /get-rp HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}',
      'GET /request-object/%2e%2e HTTP/1.1\r\n\r\n',
    ],
    async open() {
      const { daemon, surprises, commands } = await startBareDaemon([
        '--public-url',
        'http://127.0.0.1:1',
        '--public-port',
        '0',
        '--insecure-plain-http',
      ])
      const port = daemon.addresses.public?.port ?? 0
      return {
        async run(input) {
          const said = (await exchange(port, input)).toString()
          assert.deepEqual(surprises(), [], 'an exception that nobody foresaw')
          assert.deepEqual(commands(), [], 'a command was run')
          if (said !== '')
            assert.match(
              said,
              /^HTTP\/1\.1 (?:100|200|302|303|307|400|404|405|408|411|413|414|415|429|431|500|501|503|505) /,
            )
        },
        close: () => daemon.close(),
      }
    },
  },
})
