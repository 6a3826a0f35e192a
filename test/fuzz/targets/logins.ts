// What comes back from a login: states, and ID Tokens.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { LIMITS } from '../../../src/limits.ts'
import { createLogins, type Terms } from '../../../src/login.ts'
import { ID_TOKEN_ERRORS, validateIdToken } from '../../../src/oidc/id_token.ts'
import { createEndedLogins } from '../../../src/ended_logins.ts'
import { createLiveLogins } from '../../../src/live_logins.ts'
import { validateLogoutToken } from '../../../src/oidc/logout_token.ts'
import { createMemoryEngine } from '../../../src/store/memory.ts'
import { createKeys } from '../../../src/store/seal.ts'
import { createStore } from '../../../src/store/store.ts'
import { assertUnpolluted, refusedBy, targets } from '../../../src/testing/fuzz/target.ts'
import { isJson } from '../../../src/testing/jws.ts'
import { realWorld } from '../../../src/world.ts'
import { ISSUER, NOW, opOf } from '../said_by_op.ts'

const TERMS: Terms = {
  oxd_id: '7f3c1a52-58d0-4b0e-9d6c-0a1b2c3d4e5f',
  version: 1,
  issuer: ISSUER,
  redirect_uris: ['https://rp.example.com/callback', 'https://rp.example.com/other'],
  scope: ['openid'],
}
const [REDIRECT = ''] = TERMS.redirect_uris
/** The same chance every time, so that the state is the same and can be a seed. */
const WORLD = {
  ...realWorld(() => {}),
  now: () => NOW * 1_000,
  random: (bytes: number) => Buffer.alloc(bytes, 7),
}
const STATE_KEYS = createKeys(Buffer.alloc(32, 1))
/** One login, of a store that has seen no other. */
const begun = async () => {
  const store = createStore(
    createMemoryEngine(() => NOW),
    STATE_KEYS,
    WORLD,
    LIMITS,
  )
  const live = createLiveLogins(store, createEndedLogins(store, STATE_KEYS, WORLD, LIMITS), WORLD, LIMITS)
  const logins = createLogins(store, STATE_KEYS, live, WORLD, LIMITS)
  return { logins, login: await logins.begin(TERMS, { redirect_uri: REDIRECT }) }
}
const STATE = (await begun()).login.state

const CLIENT_ID = 'client'
const CLIENT = { client_id: CLIENT_ID, id_token_signed_response_alg: 'EdDSA' }
const NONCE = 'n-0S6_WzA2Mj-and-more-of-it'
const ACCESS_TOKEN = 'an access token'
const AT_HASH = createHash('sha512').update(ACCESS_TOKEN).digest().subarray(0, 32).toString('base64url')
const CLAIMS = {
  iss: ISSUER,
  sub: 'alice',
  aud: CLIENT_ID,
  exp: NOW + 600,
  iat: NOW,
  nonce: NONCE,
  at_hash: AT_HASH,
}
const HEADER = { alg: 'EdDSA', kid: 'a', typ: 'JWT' }

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const LOGOUT = {
  iss: ISSUER,
  sub: 'alice',
  aud: CLIENT_ID,
  iat: NOW,
  exp: NOW + 120,
  jti: 'j',
  events: { [EVENT]: {} },
}

/** A second opinion on an ID Token that was accepted, written from the specification alone. */
const assertRight = (header: Record<string, unknown>, claims: Record<string, unknown>): void => {
  assert.equal(header['alg'], 'EdDSA')
  assert.ok(header['b64'] === undefined && header['crit'] === undefined, 'a critical header was passed over')
  assert.equal(claims['iss'], ISSUER)
  const audiences = [claims['aud']].flat()
  assert.ok(audiences.includes(CLIENT_ID), 'it is for somebody else')
  assert.ok(audiences.every((audience) => typeof audience === 'string'))
  assert.ok(audiences.length === 1 || claims['azp'] === CLIENT_ID, 'several audiences, and nobody authorized')
  assert.ok(claims['azp'] === undefined || claims['azp'] === CLIENT_ID)
  assert.ok(typeof claims['sub'] === 'string' && claims['sub'].length > 0 && claims['sub'].length <= 255)
  assert.ok(typeof claims['exp'] === 'number' && claims['exp'] > NOW - 60)
  assert.ok(typeof claims['iat'] === 'number' && claims['iat'] <= NOW + 60)
  assert.ok(claims['nbf'] === undefined || (typeof claims['nbf'] === 'number' && claims['nbf'] <= NOW + 60))
  assert.equal(claims['nonce'], NONCE)
  assert.ok(claims['at_hash'] === undefined || claims['at_hash'] === AT_HASH)
}

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toString('base64url')

/** What an input says to make: a token that is signed by the OP, by somebody else or not at all; or its bytes are the token. */
/** An OP that signs with a key of its own, and what it signs. */
const signingOp = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'a', use: 'sig' }
  const tokenOf = (spec: Record<string, unknown>): string => {
    const text = `${part(spec['header'])}.${part(spec['claims'])}`
    const { signature } = spec
    return `${text}.${typeof signature === 'string' ? signature : sign(null, Buffer.from(text), privateKey).toString('base64url')}`
  }
  return { op: opOf(Buffer.from(JSON.stringify({ keys: [jwk] }))), tokenOf }
}

const specOf = (input: Buffer): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(input.toString())
    return isJson(value) && Object.hasOwn(value, 'claims') ? value : undefined
  } catch {
    return undefined
  }
}

export const TARGETS = targets({
  state: {
    promise:
      'Exactly the state that was made, for exactly the terms that it was made for, is accepted; once.',
    about: ['login', 'login_choices'],
    examples: [
      STATE,
      STATE.slice(0, -1),
      `${STATE}=`,
      STATE.toLowerCase(),
      JSON.stringify({ state: STATE, terms: TERMS }),
      JSON.stringify({ state: STATE, terms: { ...TERMS, version: 2 } }),
      JSON.stringify({ state: STATE, terms: { ...TERMS, issuer: `${ISSUER}/` } }),
    ],
    open: () => ({
      async run(input) {
        const { logins, login } = await begun()
        assert.equal(login.state, STATE)
        let state = input.toString()
        let terms = TERMS
        try {
          const value: unknown = JSON.parse(state)
          if (isJson(value) && typeof value['state'] === 'string' && isJson(value['terms'])) {
            const { oxd_id, version, issuer, redirect_uris } = value['terms']
            const uris = Array.isArray(redirect_uris) ? redirect_uris.map(String) : []
            state = value['state']
            terms = {
              oxd_id: String(oxd_id),
              version: Number(version),
              issuer: String(issuer),
              redirect_uris: uris,
              scope: TERMS.scope,
            }
          }
        } catch {
          // The input is the state itself.
        }
        const found = await refusedBy(() => logins.spend(terms, state, undefined), new Set(['invalid_state']))
        const isOurs =
          state === STATE &&
          terms.oxd_id === TERMS.oxd_id &&
          terms.version === TERMS.version &&
          terms.issuer === TERMS.issuer &&
          terms.redirect_uris[0] === REDIRECT
        assert.equal(
          'value' in found,
          isOurs,
          'a state that was changed is accepted, or one that was not is refused',
        )
        const again = await refusedBy(() => logins.spend(TERMS, STATE, undefined), new Set(['invalid_state']))
        assert.equal('value' in again, !isOurs, 'a state is spent twice, or by another one')
      },
    }),
  },
  id_token: {
    promise: 'Claims that a second opinion finds right, signed by the OP; or one of the codes of ID Tokens.',
    about: ['oidc/id_token', 'oidc/keys', 'oidc/json'],
    examples: [
      JSON.stringify({ header: HEADER, claims: CLAIMS }),
      JSON.stringify({
        header: HEADER,
        claims: { ...CLAIMS, aud: [CLIENT_ID, 'b'], azp: CLIENT_ID, nbf: NOW, auth_time: NOW },
      }),
      JSON.stringify({ header: { ...HEADER, crit: ['b64'], b64: false }, claims: CLAIMS }),
      JSON.stringify({ header: { ...HEADER, alg: 'none' }, claims: CLAIMS, signature: '' }),
      JSON.stringify({ header: HEADER, claims: CLAIMS, signature: 'AAAA' }),
      JSON.stringify({ header: { ...HEADER, kid: 'b', jwk: {} }, claims: CLAIMS }),
      JSON.stringify({
        header: HEADER,
        claims: JSON.stringify(CLAIMS).replace('"sub"', '"sub":"bob","sub"'),
      }),
      `${part(HEADER)}.${part(CLAIMS)}.`,
      `${part(HEADER)}.${part(CLAIMS)}.AAAA.AAAA.AAAA`,
      '.'.repeat(65_536),
    ],
    async open() {
      const { op, tokenOf } = signingOp()
      const expected = {
        issuer: ISSUER,
        client: CLIENT,
        nonce: NONCE,
        access_token: ACCESS_TOKEN,
        now: NOW,
      }
      // Otherwise everything that follows might be refused for the wrong reason.
      await validateIdToken(op, tokenOf({ header: HEADER, claims: CLAIMS }), expected)
      return {
        async run(input) {
          const spec = specOf(input)
          const token = spec === undefined ? input.toString() : tokenOf(spec)
          const found = await refusedBy(() => validateIdToken(op, token, expected), ID_TOKEN_ERRORS)
          assertUnpolluted()
          if (!('value' in found)) return
          assert.ok(
            spec !== undefined && typeof spec['signature'] !== 'string',
            'a token that the OP did not sign is accepted',
          )
          const header: unknown =
            typeof spec['header'] === 'string' ? JSON.parse(spec['header']) : spec['header']
          assert.ok(isJson(header))
          assertRight(header, found.value)
        },
      }
    },
  },
  logout_token: {
    promise:
      'A session or a subject of this OP, of a token that is for this client and now, and is no ID Token; or a refusal of its own.',
    about: ['oidc/logout_token', 'oidc/jwt', 'oidc/jwe'],
    examples: [
      JSON.stringify({ header: { ...HEADER, typ: 'logout+jwt' }, claims: LOGOUT }),
      JSON.stringify({ header: HEADER, claims: { ...LOGOUT, sid: 'a session', sub: undefined } }),
      JSON.stringify({ header: HEADER, claims: { ...LOGOUT, nonce: null } }),
      JSON.stringify({ header: { ...HEADER, typ: 'at+jwt' }, claims: LOGOUT }),
      JSON.stringify({ header: HEADER, claims: { ...LOGOUT, events: [EVENT] } }),
      `${part(HEADER)}.a.b.c.d`,
    ],
    async open() {
      const { op, tokenOf } = signingOp()
      const at = { issuer: ISSUER, now: NOW }
      await validateLogoutToken(op, CLIENT, tokenOf({ header: HEADER, claims: LOGOUT }), at)
      return {
        async run(input) {
          const spec = specOf(input)
          const token = spec === undefined ? input.toString() : tokenOf(spec)
          const found = await refusedBy(() => validateLogoutToken(op, CLIENT, token, at))
          assertUnpolluted()
          if (!('value' in found)) return
          assert.ok(
            spec !== undefined && typeof spec['signature'] !== 'string',
            'a token that the OP did not sign ends logins',
          )
          const claims: unknown =
            typeof spec['claims'] === 'string' ? JSON.parse(spec['claims']) : spec['claims']
          assert.ok(isJson(claims) && isJson(claims['events']) && isJson(claims['events'][EVENT]))
          assert.ok(!Object.hasOwn(claims, 'nonce'), 'it may be an ID Token')
          assert.equal(claims['iss'], ISSUER)
          assert.ok([claims['aud']].flat().includes(CLIENT_ID), 'it is for somebody else')
          assert.ok(typeof claims['iat'] === 'number' && claims['iat'] <= NOW + 60)
          const { sub, sid, jti } = found.value
          assert.ok(jti !== '' && (sub !== undefined || sid !== undefined))
          assert.ok(sub === claims['sub'] && sid === claims['sid'], 'another session than the token says')
        },
      }
    },
  },
})
