// A login from start to end: state, nonce and verifier derived, the state spent once, the tokens remembered while they live.
//
// Nothing is written for a login that may never come back. The state carries its own expiry and is authenticated, under
// a key that only oxd has, together with everything it is bound to; nonce and PKCE verifier are derived from the state
// under that key, so whoever sees the state in a URL learns neither.
import { createHash, timingSafeEqual } from 'node:crypto'
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { LiveLogins } from './live_logins.ts'
import type { Keys } from './store/seal.ts'
import type { Kind, Store } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** What a login is bound to: a site, and what of it must not change until the code comes back. */
export interface Terms {
  readonly oxd_id: string
  readonly version: number
  readonly issuer: string
  readonly redirect_uris: readonly string[]
}

export interface Login {
  readonly state: string
  readonly nonce: string
  readonly code_verifier: string
  /** S256 of the verifier (RFC 7636 section 4.2). */
  readonly code_challenge: string
  readonly redirect_uri: string
  /** Names the login; neither secret nor guessable. */
  readonly login_id: string
}

/** A login that came back. */
export interface SpentLogin extends Login {
  /** Milliseconds since the epoch: when it was begun (to the second), and when it came back. */
  readonly asked_at: number
  readonly redeemed_at: number
}

export interface BeginOptions {
  /** One of the redirect URIs of the site. */
  readonly redirect_uri: string
  /** The caller's own; stored, since they cannot be derived. */
  readonly state?: string | undefined
  readonly nonce?: string | undefined
}

export interface Tokens {
  readonly access_token: string
  /** Seconds; -1 if the OP does not say. */
  readonly expires_in: number
  readonly id_token: string
  readonly sub: string
  /** The session at the OP, where the ID Token names it. */
  readonly sid?: string | null
  readonly refresh_token?: string | null
}

/** What oxd knows of an access token that it obtained itself. */
export interface KnownToken {
  readonly sub: string
  /** Null: the login was not one of this oxd. */
  readonly login_id: string | null
}

/** What oxd knows of a refresh token: the login that it is from. */
export interface KnownRefresh extends KnownToken {
  /** An ID Token that comes with fresh tokens has this one or none (Core 12.2); null: not known. */
  readonly nonce: string | null
}

export interface RefreshedTokens extends Pick<Tokens, 'access_token' | 'expires_in' | 'refresh_token'> {
  readonly id_token?: string | undefined
}

export interface Logins {
  /** A new login at this site. @throws OxdError state_in_use */
  begin(terms: Terms, options: BeginOptions): Promise<Login>
  /** Spends the state, before the OP is asked: of any number of callers one gets the login. @throws OxdError invalid_state */
  spend(terms: Terms, state: string): Promise<SpentLogin>
  /** The login of a state that came back, without spending it; once. @throws OxdError invalid_state, state_validated */
  inspect(terms: Terms, state: string): Promise<Login>
  /** The login that had this state, or would have had it. */
  idOf(state: string): string
  /**
   * The login lives. Keeps fingerprints of the tokens until they expire, a day at most; that of a refresh token for
   * `refresh_tokens_seconds`.
   * @throws OxdError login_ended, if the OP has ended its session meanwhile
   */
  remember(
    terms: Terms,
    login: SpentLogin,
    tokens: Tokens,
    options: { readonly last: boolean },
  ): Promise<void>
  /** What is known of an access token, if oxd obtained it for this site. @throws OxdError login_ended */
  knownToken(terms: Terms, access_token: string): Promise<KnownToken | undefined>
  /** What is known of a refresh token, if it came to this site. @throws OxdError login_ended */
  knownRefresh(terms: Terms, refresh_token: string): Promise<KnownRefresh | undefined>
  /** The fresh tokens are those of the same login. @throws OxdError login_ended */
  rememberRefreshed(terms: Terms, known: KnownRefresh, tokens: RefreshedTokens): Promise<void>
  /** Is it the nonce of a login of this site whose tokens came within the last day? */
  knowsNonce(terms: Terms, nonce: string): Promise<boolean>
  /** The ID Token of the login that had this state, once: it is forgotten thereby. */
  takeIdToken(terms: Terms, state: string): Promise<string | undefined>
  /** Forgets the ID Token of a login that ends with itself as the hint. */
  forget(terms: Terms, id_token: string): Promise<void>
  /** The ID Token of the last login of anybody at this site; only kept where the site asked for it. */
  lastIdToken(terms: Terms): Promise<string | undefined>
  /** Forgets it. */
  forgetLast(terms: Terms): Promise<void>
}

interface StoredLogin {
  readonly oxd_id: string
  readonly version: number
  readonly issuer: string
  readonly redirect_uri: string
  readonly nonce: string | null
  readonly expires_at: number
}

// The bytes of a derived state: format, key id, expiry, index of the redirect URI, chance, authentication.
const FORMAT = 1
const KEY_ID_BYTES = 4
const EXPIRY_BYTES = 6
const CHANCE_BYTES = 16
const HEAD_BYTES = 1 + KEY_ID_BYTES + EXPIRY_BYTES + 1 + CHANCE_BYTES
const MAC_BYTES = 32
const LOGIN_ID_BYTES = 16

const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

export const createLogins = (
  store: Store,
  keys: Keys,
  live: LiveLogins,
  world: World,
  limits: Limits,
): Logins => {
  const spent = store.kind<Record<string, never>>({ kind: 'spent', durable: true })
  const stored = store.kind<StoredLogin>({ kind: 'login', durable: true })
  const usedNonces = store.kind<Record<string, never>>({ kind: 'nonce', durable: true })
  const inspected = store.kind<Record<string, never>>({ kind: 'inspected', durable: false })
  const loginNonces = store.kind<Record<string, never>>({ kind: 'login_nonce', durable: false })
  const accessTokens = store.kind<KnownToken>({ kind: 'access_token', durable: false })
  const refreshTokens = store.kind<KnownRefresh>({ kind: 'refresh_token', durable: false })
  const hints: Kind<{ readonly state: string }> = store.kind({ kind: 'hint', durable: false })
  const idTokens: Kind<{ readonly id_token: string }> = store.kind({ kind: 'id_token', durable: false })
  const lastIdTokens: Kind<{ readonly id_token: string }> = store.kind({
    kind: 'last_id_token',
    durable: false,
  })

  const stateMac = (head: Uint8Array, terms: Terms, redirect_uri: string): Buffer =>
    keys.mac('login state', head, terms.oxd_id, String(terms.version), terms.issuer, redirect_uri)

  const derive = (terms: Terms, redirectIndex: number, redirect_uri: string): string => {
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt8(FORMAT, 0)
    keys.id.copy(head, 1, 0, KEY_ID_BYTES)
    head.writeUIntBE(seconds(world) + limits.login_seconds, 1 + KEY_ID_BYTES, EXPIRY_BYTES)
    head.writeUInt8(redirectIndex, 1 + KEY_ID_BYTES + EXPIRY_BYTES)
    world.random(CHANCE_BYTES).copy(head, HEAD_BYTES - CHANCE_BYTES)
    return Buffer.concat([head, stateMac(head, terms, redirect_uri)]).toString('base64url')
  }

  /** The bytes of a state of ours, or undefined if it is a caller's own. */
  const ours = (state: string): Buffer | undefined => {
    const bytes = Buffer.from(state, 'base64url')
    if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== state) return undefined
    return bytes[0] === FORMAT &&
      bytes.subarray(1, 1 + KEY_ID_BYTES).equals(keys.id.subarray(0, KEY_ID_BYTES))
      ? bytes
      : undefined
  }

  const idOf = (state: string): string =>
    keys.mac('login id', state).subarray(0, LOGIN_ID_BYTES).toString('base64url')

  const login = (state: string, redirect_uri: string, nonce: string | null): Login => {
    const code_verifier = keys.mac('login verifier', state).toString('base64url')
    return {
      state,
      nonce: nonce ?? keys.mac('login nonce', state).toString('base64url'),
      code_verifier,
      code_challenge: s256(code_verifier),
      redirect_uri,
      login_id: idOf(state),
    }
  }

  const refused = (reason: string): OxdError => new OxdError('invalid_state', { details: { reason } })

  /** What the state is bound to, or a refusal. */
  const recall = async (terms: Terms, state: string): Promise<{ login: Login; expires_at: number }> => {
    const bytes = ours(state)
    if (bytes === undefined) {
      const known = (await stored.get([state]))?.value
      if (known === undefined) throw refused('unknown')
      if (known.oxd_id !== terms.oxd_id) throw refused('another_site')
      if (known.version !== terms.version || known.issuer !== terms.issuer) throw refused('site_changed')
      return { login: login(state, known.redirect_uri, known.nonce), expires_at: known.expires_at }
    }
    const head = bytes.subarray(0, HEAD_BYTES)
    const redirect_uri = terms.redirect_uris[head.readUInt8(1 + KEY_ID_BYTES + EXPIRY_BYTES)]
    if (redirect_uri === undefined) throw refused('not_authentic')
    const authentic = timingSafeEqual(bytes.subarray(HEAD_BYTES), stateMac(head, terms, redirect_uri))
    if (!authentic) throw refused('not_authentic')
    return {
      login: login(state, redirect_uri, null),
      expires_at: head.readUIntBE(1 + KEY_ID_BYTES, EXPIRY_BYTES),
    }
  }

  const keptUntil = (expires_in: number): number =>
    seconds(world) +
    Math.min(expires_in < 0 ? limits.tokens_seconds_max : expires_in, limits.tokens_seconds_max)

  const refuseEnded = async (oxd_id: string, known: KnownToken | undefined): Promise<void> => {
    if (known === undefined || known.login_id === null) return
    const login = await live.find(oxd_id, known.login_id)
    if (login !== undefined && login.ended !== null) throw new OxdError('login_ended')
  }

  const rememberTokens = async (
    { oxd_id }: Terms,
    { sub, login_id, nonce }: KnownRefresh,
    { access_token, expires_in, refresh_token }: RefreshedTokens,
  ): Promise<void> => {
    await accessTokens.put([oxd_id, access_token], { sub, login_id }, { expires_at: keptUntil(expires_in) })
    if (!refresh_token) return
    const expires_at = seconds(world) + limits.refresh_tokens_seconds
    await refreshTokens.put([oxd_id, refresh_token], { sub, login_id, nonce }, { expires_at })
  }

  return {
    async begin(terms, { redirect_uri, state, nonce }) {
      const index = terms.redirect_uris.indexOf(redirect_uri)
      if (index === -1) throw new OxdError('redirect_uri_is_not_registered')
      if (state === undefined && nonce === undefined) {
        const derived = derive(terms, index, redirect_uri)
        return login(derived, redirect_uri, null)
      }
      // A caller's own state or nonce is accepted once while these records live, which is longer than the login.
      const expires_at = seconds(world) + limits.login_seconds
      const kept = { expires_at: expires_at + 2 * limits.clock_tolerance_seconds }
      if (state !== undefined && ours(state) !== undefined) throw new OxdError('state_in_use')
      const ownState = state ?? world.random(MAC_BYTES).toString('base64url')
      const { oxd_id, version, issuer } = terms
      const record = { oxd_id, version, issuer, redirect_uri, nonce: nonce ?? null, expires_at }
      if (!(await stored.insert([ownState], record, kept))) throw new OxdError('state_in_use')
      if (nonce !== undefined && !(await usedNonces.insert([nonce], {}, kept))) {
        // The state was not seen by anybody yet, so it may be given again.
        await stored.remove([ownState])
        throw new OxdError('state_in_use', { what: 'It is the nonce that was given before.' })
      }
      return login(ownState, redirect_uri, record.nonce)
    },

    async spend(terms, state) {
      const redeemed_at = world.now()
      const recalled = await recall(terms, state)
      if (seconds(world) >= recalled.expires_at) throw refused('expired')
      // One insert-if-absent decides who wins; the record outlives the state even on a clock that runs behind.
      const won = await spent.insert(
        [state],
        {},
        {
          expires_at: recalled.expires_at + 2 * limits.clock_tolerance_seconds,
        },
      )
      if (!won) throw refused('used')
      const asked_at = (recalled.expires_at - limits.login_seconds) * 1_000
      return { ...recalled.login, asked_at, redeemed_at }
    },

    async inspect(terms, state) {
      const { login: found, expires_at } = await recall(terms, state)
      if (seconds(world) >= expires_at) throw refused('expired')
      if ((await spent.get([state])) !== undefined) throw refused('used')
      const spentUntil = expires_at + 2 * limits.clock_tolerance_seconds
      if (!(await inspected.insert([state], {}, { expires_at: spentUntil })))
        throw new OxdError('state_validated')
      return found
    },

    idOf,

    async remember(terms, { state, login_id, nonce, asked_at, redeemed_at }, tokens, { last }) {
      const { oxd_id } = terms
      const { expires_in, id_token, sub, sid = null } = tokens
      await live.begin(oxd_id, { login_id, sub, sid, asked_at, redeemed_at }, tokens)
      const kept = { expires_at: keptUntil(expires_in) }
      await rememberTokens(terms, { sub, login_id, nonce }, tokens)
      await loginNonces.put([oxd_id, nonce], {}, { expires_at: seconds(world) + limits.tokens_seconds_max })
      await idTokens.put([oxd_id, state], { id_token }, kept)
      await hints.put([oxd_id, id_token], { state }, kept)
      if (last) await lastIdTokens.put([oxd_id], { id_token }, kept)
    },

    async knownToken({ oxd_id }, access_token) {
      const known = (await accessTokens.get([oxd_id, access_token]))?.value
      await refuseEnded(oxd_id, known)
      return known
    },

    async knownRefresh({ oxd_id }, refresh_token) {
      const known = (await refreshTokens.get([oxd_id, refresh_token]))?.value
      await refuseEnded(oxd_id, known)
      return known
    },

    async rememberRefreshed(terms, known, tokens) {
      if (known.login_id !== null) await live.goOn(terms.oxd_id, known.login_id, tokens)
      await rememberTokens(terms, known, tokens)
    },

    async knowsNonce({ oxd_id }, nonce) {
      return (await loginNonces.get([oxd_id, nonce])) !== undefined
    },

    async takeIdToken({ oxd_id }, state) {
      return (await idTokens.take([oxd_id, state]))?.id_token
    },

    async forget({ oxd_id }, id_token) {
      const hint = await hints.take([oxd_id, id_token])
      if (hint !== undefined) await idTokens.remove([oxd_id, hint.state])
    },

    async lastIdToken({ oxd_id }) {
      return (await lastIdTokens.get([oxd_id]))?.value.id_token
    },

    forgetLast: ({ oxd_id }) => lastIdTokens.remove([oxd_id]),
  }
}
