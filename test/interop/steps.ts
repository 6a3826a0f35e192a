// What applications do at an OP, step by step: the rows of the matrix. Each goes through the daemon and the library.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeProtectedHeader } from 'jose'
import { OxdError, type SiteSettings } from '../../src/client/client.ts'
import type { Visitor } from '../../src/testing/dev_op/sign_in.ts'
import { HOME, REDIRECT, type Application } from './application.ts'
import { PasswordAsked, USER } from './real_op.ts'
import { NotOffered, NotTaken, requireOffered, type Place } from './subject.ts'

export interface Step {
  readonly name: string
  /**
   * @returns what has to be said of a success, if anything
   * @throws NotOffered, OxdError where oxd refuses, any other error where something is as it must not be
   */
  readonly run: (place: Place) => Promise<string | void>
}

const PROGRAM = join(import.meta.dirname, '../../bin/oxd.js')
/** Another address of the same application. */
const OTHER_REDIRECT = 'https://client.example.com/other'

/** Whether this way leads to the password: there is no session at the OP. */
const asksForPassword = async (way: Promise<unknown>): Promise<boolean> => {
  try {
    await way
    return false
  } catch (error) {
    if (error instanceof PasswordAsked) return true
    throw error
  }
}

const discovery: readonly Step[] = [
  {
    name: '`oxd check`',
    run: async ({ op, flags }) => {
      const child = spawn(process.execPath, [PROGRAM, 'check', op.issuer, ...flags], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => void (said += String(chunk)))
      const [code] = await once(child, 'exit')
      assert.equal(code, 0, said)
    },
  },
  {
    name: 'discovery and keys',
    run: async ({ op, application }) => {
      const { oxd } = await application()
      const { metadata } = await oxd.getDiscovery({ op_host: op.issuer })
      assert.equal(metadata.issuer, op.issuer)
      const { keys } = await oxd.getJwks({ op_host: op.issuer })
      assert.ok(keys.length > 0)
    },
  },
]

const login: readonly Step[] = [
  {
    name: 'login (code, PKCE, nonce, ID Token)',
    run: async ({ op, application }) => {
      const { login: logIn } = await application()
      const { tokens } = await logIn()
      assert.equal(tokens.id_token_claims.iss, op.issuer)
      assert.ok(tokens.id_token_claims.sub !== '')
    },
  },
  {
    name: '`iss` in the callback (RFC 9207)',
    run: async (place) => {
      const { login: logIn } = await place.application()
      const { callback } = await logIn()
      if (callback.has('iss')) return assert.equal(callback.get('iss'), place.op.issuer)
      requireOffered(place, 'authorization_response_iss_parameter_supported')
      assert.fail('promised and not sent')
    },
  },
  {
    name: 'claims of the user (userinfo)',
    run: async ({ application }) => {
      const { oxd, login: logIn } = await application()
      const { tokens } = await logIn()
      const user = await oxd.getUserInfo(tokens.access_token)
      assert.equal(user.sub, tokens.id_token_claims.sub)
      assert.equal(user.given_name, USER.given_name)
      assert.equal(user.email, USER.email)
    },
  },
  {
    name: 'ID Token still valid (`id_token_status`)',
    run: async ({ application }) => {
      const { oxd, login: logIn } = await application()
      const { id_token } = (await logIn()).tokens
      assert.equal((await oxd.idTokenStatus({ id_token })).active, true)
    },
  },
  {
    name: 'access token belongs to the ID Token (`at_hash`)',
    run: async ({ application }) => {
      const { oxd, login: logIn } = await application()
      const { id_token, access_token, id_token_claims } = (await logIn()).tokens
      if (id_token_claims.at_hash === undefined)
        throw new NotOffered('Its ID Tokens of the code flow have no `at_hash`.')
      assert.equal((await oxd.accessTokenStatus({ id_token, access_token })).active, true)
    },
  },
]

/** How the client proves itself (Core 9). */
const METHODS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none']
const methods: readonly Step[] = METHODS.map((method) => ({
  name: `client authentication: \`${method}\``,
  run: async (place) => {
    requireOffered(place, 'token_endpoint_auth_methods_supported', method)
    const { login: logIn } = await place.application({ client_token_endpoint_auth_method: method })
    await logIn()
  },
}))

const headerOf = async ({ login: logIn }: Application) =>
  decodeProtectedHeader((await logIn()).tokens.id_token)

const signatures: readonly Step[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'].map((alg) => ({
  name: `ID Token signed with ${alg}`,
  run: async (place) => {
    requireOffered(place, 'id_token_signing_alg_values_supported', alg)
    const made = await place.application({ id_token_signed_response_alg: alg })
    assert.equal((await headerOf(made)).alg, alg)
  },
}))

const ENC = 'A256GCM'
const encryption: readonly Step[] = [
  ...['RSA-OAEP-256', 'ECDH-ES'].map((alg): Step => ({
    name: `ID Token encrypted with ${alg}`,
    run: async (place) => {
      requireOffered(place, 'id_token_encryption_alg_values_supported', alg)
      const made = await place.application({
        id_token_encrypted_response_alg: alg,
        id_token_encrypted_response_enc: ENC,
      })
      assert.equal((await headerOf(made)).alg, alg)
    },
  })),
  {
    name: 'signed userinfo (RS256)',
    run: async (place) => {
      requireOffered(place, 'userinfo_signing_alg_values_supported', 'RS256')
      const { oxd, login: logIn } = await place.application({ user_info_signed_response_alg: 'RS256' })
      const { tokens } = await logIn()
      assert.equal((await oxd.getUserInfo(tokens.access_token)).sub, tokens.id_token_claims.sub)
    },
  },
  {
    name: 'signed and encrypted userinfo (RS256, RSA-OAEP-256)',
    run: async (place) => {
      requireOffered(place, 'userinfo_encryption_alg_values_supported', 'RSA-OAEP-256')
      const { oxd, login: logIn } = await place.application({
        user_info_signed_response_alg: 'RS256',
        user_info_encrypted_response_alg: 'RSA-OAEP-256',
        user_info_encrypted_response_enc: ENC,
      })
      const { tokens } = await logIn()
      assert.equal((await oxd.getUserInfo(tokens.access_token)).sub, tokens.id_token_claims.sub)
    },
  },
]

/** Whether the OP lists these words, in whatever order. */
const requireResponseType = ({ metadata }: Place, type: string): void => {
  const listed = metadata.response_types_supported
  const sorted = (words: unknown): string => String(words).split(' ').sort().join(' ')
  if (!(Array.isArray(listed) && listed.map(sorted).includes(sorted(type))))
    throw new NotOffered(`Its \`response_types_supported\` lacks \`${type}\`.`)
}

const TYPES = ['id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token']
const types: readonly Step[] = TYPES.map((response_type) => ({
  name: `response type \`${response_type}\``,
  run: async (place) => {
    requireResponseType(place, response_type)
    const asking = { response_types: [response_type], grant_types: ['authorization_code', 'implicit'] }
    const { visit, finish } = await place.application(asking).catch((error: unknown) => {
      if (error instanceof OxdError && error.code === 'op_http_status')
        throw new NotOffered('It refuses to register a client for this response type.')
      throw error
    })
    const tokens = await finish(await visit({ response_type }))
    assert.equal(tokens.id_token_claims.iss, place.op.issuer)
    assert.equal(tokens.access_token === null, response_type === 'id_token')
  },
}))

const modes: readonly Step[] = (['fragment', 'form_post', 'query.jwt', 'form_post.jwt'] as const).map(
  (response_mode) => ({
    name: `response mode \`${response_mode}\``,
    run: async (place) => {
      requireOffered(place, 'response_modes_supported', response_mode)
      const { visit, finish } = await place.application()
      const callback = await visit({ response_mode })
      if (decodeURIComponent(callback.form?.get('iss') ?? '') !== (callback.form?.get('iss') ?? '')) {
        await assert.rejects(finish(callback), { code: 'invalid_issuer' })
        throw new NotTaken('It encodes the values of the form twice: its `iss` is not its issuer.')
      }
      assert.equal((await finish(callback)).id_token_claims.iss, place.op.issuer)
    },
  }),
)

const choices: readonly Step[] = [
  {
    name: 'signed in lately (`max_age`)',
    run: async ({ application }) => {
      const { visit, finish } = await application()
      const { auth_time } = await finish(await visit({ max_age: 600 }))
      assert.ok(auth_time !== null && Math.abs(auth_time - Date.now() / 1000) < 600)
    },
  },
]

const SIGNED = { request_object_signing_alg: 'RS256', require_pushed_authorization_requests: false }

/** A login whose request went this way: what stands in its URL. */
const asked = async (place: Place, settings: SiteSettings): Promise<URLSearchParams> => {
  const { oxd, login: logIn } = await place.application(settings)
  const { url } = await oxd.startLogin()
  assert.equal((await logIn()).tokens.id_token_claims.iss, place.op.issuer)
  return new URL(url).searchParams
}

/** How an authorization request reaches the OP. */
const requests: readonly Step[] = [
  {
    name: 'pushed authorization request (RFC 9126)',
    run: async (place) => {
      requireOffered(place, 'pushed_authorization_request_endpoint')
      assert.ok((await asked(place, { require_pushed_authorization_requests: true })).has('request_uri'))
    },
  },
  {
    name: 'authorization request in the URL',
    run: async (place) => {
      assert.ok((await asked(place, { require_pushed_authorization_requests: false })).has('nonce'))
    },
  },
  {
    name: 'signed request object, in the URL',
    run: async (place) => {
      requireOffered(place, 'request_parameter_supported')
      requireOffered(place, 'request_object_signing_alg_values_supported', 'RS256')
      assert.ok((await asked(place, SIGNED)).has('request'))
    },
  },
  {
    name: 'signed request object, fetched by the OP',
    run: async (place) => {
      requireOffered(place, 'request_uri_parameter_supported')
      requireOffered(place, 'request_object_signing_alg_values_supported', 'RS256')
      assert.ok((await asked(place, { ...SIGNED, request_objects_by_reference: true })).has('request_uri'))
    },
  },
]

const later: readonly Step[] = [
  {
    name: 'refresh',
    run: async ({ application }) => {
      const { oxd, login: logIn } = await application()
      const { tokens } = await logIn({ prompt: 'consent' })
      if (tokens.refresh_token === null)
        throw new NotOffered('No `refresh_token` in its answer, although `offline_access` was asked for.')
      const fresh = await oxd.getAccessTokenByRefreshToken({ refresh_token: tokens.refresh_token })
      assert.notEqual(fresh.access_token, tokens.access_token)
      assert.equal((await oxd.getUserInfo(fresh.access_token)).sub, tokens.id_token_claims.sub)
      // Where none comes back, the one that was sent stays good.
      await oxd.getAccessTokenByRefreshToken({ refresh_token: fresh.refresh_token ?? tokens.refresh_token })
    },
  },
  {
    name: 'introspection',
    run: async (place) => {
      requireOffered(place, 'introspection_endpoint')
      const { oxd, login: logIn } = await place.application()
      const { access_token } = (await logIn()).tokens
      assert.equal((await oxd.introspectAccessToken({ access_token })).active, true)
    },
  },
  {
    name: 'update of the registration (RFC 7592)',
    run: async ({ application, op, by_hand }) => {
      if (by_hand) throw new NotOffered('A client made by hand is changed by hand.')
      const { oxd, visit, login: logIn } = await application()
      await oxd.updateSiteRegistration({ redirect_uris: [OTHER_REDIRECT] }).catch((error: unknown) => {
        if (error instanceof OxdError && error.code === 'invalid_registration_client_url')
          throw new NotOffered('No `registration_client_uri` in its answer to the registration.')
        throw error
      })
      assert.ok((await visit({ redirect_uri: OTHER_REDIRECT })).url.searchParams.has('code'))
      // The second change needs what the first was answered with.
      await oxd.updateSiteRegistration({ client_name: 'changed twice' })
      assert.equal((await logIn()).tokens.id_token_claims.iss, op.issuer)
    },
  },
  {
    name: 'logout ends the session at the OP (RP-initiated)',
    run: async (place) => {
      requireOffered(place, 'end_session_endpoint')
      const { op, application } = place
      const { oxd, login: logIn, visit } = await application()
      const { tokens, visitor } = await logIn()
      const uri = await oxd.getLogoutUri({ id_token_hint: tokens.id_token })
      await op.logout(uri, visitor)
      assert.ok(await asksForPassword(visit({}, visitor, { password: false })), 'still signed in')
    },
  },
  {
    name: 'logout brings the user back (`post_logout_redirect_uri`)',
    run: async (place) => {
      requireOffered(place, 'end_session_endpoint')
      const { op, application } = place
      const { oxd, login: logIn } = await application()
      const isBack = async (visitor: Visitor): Promise<boolean> => {
        const { tokens } = await logIn({}, visitor)
        const uri = await oxd.getLogoutUri({ id_token_hint: tokens.id_token, state: 'bye' })
        const back = await op.logout(uri, visitor)
        return (
          back !== undefined &&
          `${back.origin}${back.pathname}` === HOME &&
          back.searchParams.get('state') === 'bye'
        )
      }
      if (await isBack(op.visitor())) return undefined
      const visitor = op.visitor()
      await op.enter?.(visitor)
      if (op.enter !== undefined && (await isBack(visitor)))
        return 'Where the user signed in at the OP itself; who came there by way of the application is left there.'
      throw new NotOffered('The user is left at the OP, whatever `post_logout_redirect_uris` was registered.')
    },
  },
]

/** Longer than any of these OPs takes. */
const TOLD_MS = 2_000
const LOOK_MS = 50

interface Ended {
  /** What ended the login; null: nothing. */
  readonly why: string | null
  /** How many pages the OP embedded in its own. */
  readonly frames: number
}

/** What becomes of a login at one application after its user logs out from another, with a browser that loads frames, or does not. */
const loggedOutElsewhere = async ({ op, application }: Place, loadsFrames: boolean): Promise<Ended> => {
  const [told, other] = [await application(), await application()]
  const visitor = op.visitor()
  const { tokens } = await told.login({}, visitor)
  const left = await other.login({}, visitor)
  const frames: URL[] = []
  await op.logout(
    await other.oxd.getLogoutUri({ id_token_hint: left.tokens.id_token }),
    visitor,
    async (url) => {
      frames.push(url)
      if (loadsFrames) await visitor.fetch(url)
    },
  )
  for (let waited = 0; waited < TOLD_MS; waited += LOOK_MS) {
    const { login_status, why } = await told.oxd.getLoginStatus({ login_id: tokens.login_id })
    if (login_status === 'ended') return { why, frames: frames.length }
    await delay(LOOK_MS)
  }
  return { why: null, frames: frames.length }
}

const logouts: readonly Step[] = [
  {
    name: 'a logout elsewhere ends the login (back-channel logout)',
    run: async (place) => {
      const { why } = await loggedOutElsewhere(place, false)
      if (why === null) requireOffered(place, 'backchannel_logout_supported')
      assert.equal(why, 'back_channel_logout')
    },
  },
  {
    name: 'a logout elsewhere ends the login (front-channel logout)',
    run: async (place) => {
      const { why, frames } = await loggedOutElsewhere(place, true)
      if (frames === 0) throw new NotOffered('Its logout page embeds no page of the application.')
      if (why === null)
        throw new NotTaken(
          'Its `sid` is the name of the user, which others know, too: oxd ends nothing for it.',
        )
      assert.equal(why, 'front_channel_logout')
    },
  },
]

const refusals: readonly Step[] = [
  {
    name: 'an ID Token without a signature is refused',
    run: async (place) => {
      requireOffered(place, 'id_token_signing_alg_values_supported', 'none')
      const { client_id, client_secret } = await place.register({
        redirect_uris: [REDIRECT],
        id_token_signed_response_alg: 'none',
      })
      const { login: logIn } = await place.application({
        client_id: String(client_id),
        client_secret: String(client_secret),
      })
      // LemonLDAP::NG leaves out the last dot as well.
      const refused = /id_token_without_signature_not_allowed|invalid_id_token_malformed/
      await assert.rejects(logIn(), (error) => error instanceof OxdError && refused.test(error.code))
    },
  },
  {
    name: 'no session, and nobody may be asked (`prompt=none`)',
    run: async ({ application }) => {
      const { visit } = await application()
      const way = visit({ prompt: 'none' }, undefined, { password: false })
      if (await asksForPassword(way)) throw new NotOffered('It asks for the password all the same.')
      const error = (await way).url.searchParams.get('error')
      assert.ok(error === 'login_required' || error === 'interaction_required', String(error))
    },
  },
  {
    name: 'a code is good once',
    run: async ({ application }) => {
      const { oxd, visit } = await application()
      const { searchParams } = (await visit()).url
      const { code = '', state = '' } = Object.fromEntries(searchParams)
      await oxd.getTokensByCode(code, state)
      await assert.rejects(oxd.getTokensByCode(code, state), { code: 'invalid_state' })
      const other = (await visit()).url.searchParams
      await assert.rejects(oxd.getTokensByCode(code, String(other.get('state'))))
    },
  },
]

export const STEPS: readonly Step[] = [
  ...discovery,
  ...login,
  ...types,
  ...modes,
  ...choices,
  ...methods,
  ...signatures,
  ...encryption,
  ...requests,
  ...later,
  ...logouts,
  ...refusals,
]
