// A login from start to end: state, nonce and verifier derived, the state spent once, the tokens remembered while they live.
//
// Nothing is written for a login that may never come back. The state carries its own expiry and is authenticated, under
// a key that only oxd has, together with everything it is bound to; nonce and PKCE verifier are derived from the state
// under that key, so whoever sees the state in a URL learns neither.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { OriginalClaims } from './claims.ts'
import { OxdError } from './error.ts'
import type { ResponseMode, ResponseType } from './flow.ts'
import type { Limits } from './limits.ts'
import type { LiveLogins } from './live_logins.ts'
import {
  ACR_MARK_BYTES,
  ACR_MARKS_MAX,
  BINDING_BYTES,
  CHOICES_BYTES,
  readChoices,
  writeChoices,
  type Asked,
  type Choices,
} from './login_choices.ts'
import type { Keys } from './store/seal.ts'
import type { Kind, Store } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** What a login is bound to: a site, and what of it must not change until the code comes back. */
export interface Terms {
  readonly oxd_id: string
  readonly version: number
  readonly issuer: string
  readonly redirect_uris: readonly string[]
  /** What the site asks for where a login does not say otherwise. */
  readonly scope: readonly string[]
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
  readonly response_type: ResponseType
  /** Undefined: as the response type has it. */
  readonly response_mode: ResponseMode | undefined
  /** Seconds since the user signed in, at most. */
  readonly max_age: number | undefined
  /** Did somebody else send the user here (Core 4)? */
  readonly third_party: boolean
  /** What was asked for; undefined: scopes that the site does not have, or very many. */
  readonly scope: readonly string[] | undefined
  /** Where an `acr` is essential: what `isEssentialAcr` compares with. */
  readonly acr_marks: readonly string[] | undefined
}

/** A login that came back. */
export interface SpentLogin extends Login {
  /** Milliseconds since the epoch: when it was begun (to the second), and when it came back. */
  readonly asked_at: number
  readonly redeemed_at: number
}

export interface BeginOptions extends Partial<Asked> {
  /** One of the redirect URIs of the site. */
  readonly redirect_uri: string
  /** The caller's own; stored, since they cannot be derived. */
  readonly state?: string | undefined
  readonly nonce?: string | undefined
}

export interface Tokens {
  /** Null: the flow has none. */
  readonly access_token: string | null
  /** Seconds; -1 if the OP does not say. */
  readonly expires_in: number
  readonly id_token: string
  readonly sub: string
  /** Of the ID Token. */
  readonly original: OriginalClaims
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
  readonly original: OriginalClaims
}

export interface RefreshedTokens extends Pick<Tokens, 'access_token' | 'expires_in' | 'refresh_token'> {
  readonly id_token?: string | undefined
}

export interface Logins {
  /** A new login at this site. @throws OxdError state_in_use */
  begin(terms: Terms, options: BeginOptions): Promise<Login>
  /**
   * Spends the state, before the OP is asked: of any number of callers one gets the login. One that was begun in another
   * session of the application is refused and not spent, so that nobody ends it who was not there when it began.
   * @param session_binding what the login was begun with; undefined: nothing
   * @throws OxdError invalid_state, other_session
   */
  spend(terms: Terms, state: string, session_binding: string | undefined): Promise<SpentLogin>
  /** Is this an `acr` that the login takes? Any is, where none is essential. */
  isEssentialAcr(login: Login, acr: unknown): boolean
  /**
   * The login of a state that came back, without spending it; once.
   * @param session_binding as for `spend`
   * @throws OxdError invalid_state, other_session, state_validated
   */
  inspect(terms: Terms, state: string, session_binding: string | undefined): Promise<Login>
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

interface Recalled {
  readonly login: Login
  readonly expires_at: number
  /** Of the session in which it began, and what it was made with. */
  readonly binding: Buffer | undefined
  readonly salt: Buffer
}

interface StoredLogin {
  readonly oxd_id: string
  readonly version: number
  readonly issuer: string
  readonly redirect_uri: string
  readonly nonce: string | null
  readonly expires_at: number
  /** As a derived state has them; without: a login that chose nothing. */
  readonly choices?: string
}

// The bytes of a derived state: format, key id, expiry, index of the redirect URI, chance, choices, authentication.
// Where nothing was chosen there are no choices, and the format is that of before there were any.
const FORMAT = 1
const FORMAT_WITH_CHOICES = 2
const KEY_ID_BYTES = 4
const EXPIRY_BYTES = 6
const CHANCE_BYTES = 16
const CHANCE_AT = 1 + KEY_ID_BYTES + EXPIRY_BYTES + 1
const CHOICES_AT = CHANCE_AT + CHANCE_BYTES
const MAC_BYTES = 32
const SIZES: ReadonlyMap<number | undefined, number> = new Map([
  [FORMAT, CHOICES_AT + MAC_BYTES],
  [FORMAT_WITH_CHOICES, CHOICES_AT + CHOICES_BYTES + MAC_BYTES],
])
const LOGIN_ID_BYTES = 16

const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

/**
 * Since when the user must have signed in, seconds since the epoch. Counted from the beginning of the login, which is when the
 * OP was asked; how long somebody then reads what the OP wants to know is no reason to ask again.
 */
export const signedInSince = ({ max_age, asked_at }: SpentLogin): number | undefined =>
  max_age === undefined ? undefined : asked_at / 1_000 - max_age

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

  const stateMac = (head: Buffer, terms: Terms, redirect_uri: string): Buffer => {
    const { oxd_id, version, issuer } = terms
    // Scopes that are named by their places are bound to the list that they are places of.
    const places = Array.isArray(readChoices(head.subarray(CHOICES_AT)).scope) ? [terms.scope.join(' ')] : []
    return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)
  }

  const derive = (
    terms: Terms,
    redirectIndex: number,
    redirect_uri: string,
    choices: (salt: Buffer) => Buffer,
  ): string => {
    const chance = world.random(CHANCE_BYTES)
    const chosen = choices(chance)
    const head = Buffer.alloc(CHOICES_AT)
    head.writeUInt8(chosen.length === 0 ? FORMAT : FORMAT_WITH_CHOICES, 0)
    keys.id.copy(head, 1, 0, KEY_ID_BYTES)
    head.writeUIntBE(seconds(world) + limits.login_seconds, 1 + KEY_ID_BYTES, EXPIRY_BYTES)
    head.writeUInt8(redirectIndex, 1 + KEY_ID_BYTES + EXPIRY_BYTES)
    chance.copy(head, CHANCE_AT)
    const whole = Buffer.concat([head, chosen])
    return Buffer.concat([whole, stateMac(whole, terms, redirect_uri)]).toString('base64url')
  }

  /** The bytes of a state of ours, or undefined if it is a caller's own. */
  const ours = (state: string): Buffer | undefined => {
    const bytes = Buffer.from(state, 'base64url')
    if (bytes.length !== SIZES.get(bytes[0]) || bytes.toString('base64url') !== state) return undefined
    return bytes.subarray(1, 1 + KEY_ID_BYTES).equals(keys.id.subarray(0, KEY_ID_BYTES)) ? bytes : undefined
  }

  const idOf = (state: string): string =>
    keys.mac('login id', state).subarray(0, LOGIN_ID_BYTES).toString('base64url')

  const acrMark = (acr: string): string =>
    keys.mac('login acr', acr).subarray(0, ACR_MARK_BYTES).toString('hex')

  /** Under a salt of its own for each login, so that nobody sees in two states that they are of one session. */
  const bindingOf = (salt: Buffer, session_binding: string): Buffer =>
    keys.mac('login session', salt, session_binding).subarray(0, BINDING_BYTES)

  /** What was asked for, as it is remembered. @throws OxdError invalid_request */
  const choicesOf = (terms: Terms, asked: Partial<Asked>, salt: Buffer): Choices => {
    const { scope, essential_acr, session_binding } = asked
    if (essential_acr !== undefined && essential_acr.length > ACR_MARKS_MAX) {
      throw new OxdError('invalid_request', {
        what: `claims: an essential acr may have ${ACR_MARKS_MAX} values at most.`,
      })
    }
    const placeOf = new Map(terms.scope.map((token, place) => [token, place]))
    const places = scope?.map((token) => placeOf.get(token) ?? -1)
    return {
      response_type: asked.response_type ?? 'code',
      response_mode: asked.response_mode,
      max_age: asked.max_age,
      third_party: asked.third_party ?? false,
      scope: places === undefined ? 'of_the_site' : places.includes(-1) ? undefined : places,
      acr_marks: essential_acr?.map(acrMark),
      binding: session_binding === undefined ? undefined : bindingOf(salt, session_binding),
    }
  }

  const login = (
    terms: Terms,
    state: string,
    redirect_uri: string,
    nonce: string | null,
    choices: Choices,
  ): Login => {
    const code_verifier = keys.mac('login verifier', state).toString('base64url')
    const { response_type, response_mode, max_age, third_party, acr_marks, scope } = choices
    return {
      state,
      nonce: nonce ?? keys.mac('login nonce', state).toString('base64url'),
      code_verifier,
      code_challenge: s256(code_verifier),
      redirect_uri,
      login_id: idOf(state),
      response_type,
      response_mode,
      max_age,
      third_party,
      scope: scope === 'of_the_site' ? terms.scope : scope?.flatMap((place) => terms.scope[place] ?? []),
      acr_marks,
    }
  }

  const refused = (reason: string): OxdError => new OxdError('invalid_state', { details: { reason } })

  /** What the state is bound to, or a refusal. */
  const recall = async (terms: Terms, state: string): Promise<Recalled> => {
    const bytes = ours(state)
    if (bytes === undefined) {
      const known = (await stored.get([state]))?.value
      if (known === undefined) throw refused('unknown')
      if (known.oxd_id !== terms.oxd_id) throw refused('another_site')
      if (known.version !== terms.version || known.issuer !== terms.issuer) throw refused('site_changed')
      const { redirect_uri, nonce, expires_at } = known
      const choices = readChoices(Buffer.from(known.choices ?? '', 'base64url'))
      const found = login(terms, state, redirect_uri, nonce, choices)
      return { login: found, expires_at, binding: choices.binding, salt: Buffer.from(state) }
    }
    const head = bytes.subarray(0, -MAC_BYTES)
    const redirect_uri = terms.redirect_uris[head.readUInt8(1 + KEY_ID_BYTES + EXPIRY_BYTES)]
    if (redirect_uri === undefined) throw refused('not_authentic')
    const authentic = timingSafeEqual(bytes.subarray(-MAC_BYTES), stateMac(head, terms, redirect_uri))
    if (!authentic) throw refused('not_authentic')
    const expires_at = head.readUIntBE(1 + KEY_ID_BYTES, EXPIRY_BYTES)
    const choices = readChoices(head.subarray(CHOICES_AT))
    const found = login(terms, state, redirect_uri, null, choices)
    return {
      login: found,
      expires_at,
      binding: choices.binding,
      salt: head.subarray(CHANCE_AT, CHOICES_AT),
    }
  }

  /** Also a login that is bound to nothing: who names a session wants one that began in it. */
  const isOfSession = ({ binding, salt }: Recalled, session_binding: string | undefined): boolean =>
    binding === undefined || session_binding === undefined
      ? binding === undefined && session_binding === undefined
      : timingSafeEqual(binding, bindingOf(salt, session_binding))

  /** The login of a state that came back in time, to the session in which it began. */
  const awaited = async (
    terms: Terms,
    state: string,
    session_binding: string | undefined,
  ): Promise<Recalled> => {
    const recalled = await recall(terms, state)
    if (seconds(world) >= recalled.expires_at) throw refused('expired')
    if (!isOfSession(recalled, session_binding)) throw new OxdError('other_session')
    return recalled
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
    known: KnownRefresh,
    { access_token, expires_in, refresh_token }: RefreshedTokens,
  ): Promise<void> => {
    const { sub, login_id } = known
    const kept = { expires_at: keptUntil(expires_in) }
    if (access_token !== null) await accessTokens.put([oxd_id, access_token], { sub, login_id }, kept)
    if (!refresh_token) return
    const expires_at = seconds(world) + limits.refresh_tokens_seconds
    await refreshTokens.put([oxd_id, refresh_token], known, { expires_at })
  }

  return {
    async begin(terms, { redirect_uri, state, nonce, ...asked }) {
      const index = terms.redirect_uris.indexOf(redirect_uri)
      if (index === -1) throw new OxdError('redirect_uri_is_not_registered')
      if (state === undefined && nonce === undefined) {
        const written = (salt: Buffer): Buffer => writeChoices(choicesOf(terms, asked, salt))
        return (await recall(terms, derive(terms, index, redirect_uri, written))).login
      }
      // A caller's own state or nonce is accepted once while these records live, which is longer than the login.
      const expires_at = seconds(world) + limits.login_seconds
      const kept = { expires_at: expires_at + 2 * limits.clock_tolerance_seconds }
      if (state !== undefined && ours(state) !== undefined) throw new OxdError('state_in_use')
      const ownState = state ?? world.random(MAC_BYTES).toString('base64url')
      const { oxd_id, version, issuer } = terms
      const choices = writeChoices(choicesOf(terms, asked, Buffer.from(ownState))).toString('base64url')
      const record = { oxd_id, version, issuer, redirect_uri, nonce: nonce ?? null, expires_at, choices }
      if (!(await stored.insert([ownState], record, kept))) throw new OxdError('state_in_use')
      if (nonce !== undefined && !(await usedNonces.insert([nonce], {}, kept))) {
        // The state was not seen by anybody yet, so it may be given again.
        await stored.remove([ownState])
        throw new OxdError('state_in_use', { what: 'It is the nonce that was given before.' })
      }
      return (await recall(terms, ownState)).login
    },

    async spend(terms, state, session_binding) {
      const redeemed_at = world.now()
      const recalled = await awaited(terms, state, session_binding)
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

    isEssentialAcr: ({ acr_marks }, acr) =>
      acr_marks === undefined ||
      (typeof acr === 'string' && acr !== '' && (acr_marks.length === 0 || acr_marks.includes(acrMark(acr)))),

    async inspect(terms, state, session_binding) {
      const { login: found, expires_at } = await awaited(terms, state, session_binding)
      if ((await spent.get([state])) !== undefined) throw refused('used')
      const spentUntil = expires_at + 2 * limits.clock_tolerance_seconds
      if (!(await inspected.insert([state], {}, { expires_at: spentUntil })))
        throw new OxdError('state_validated')
      return found
    },

    idOf,

    async remember(terms, { state, login_id, nonce, asked_at, redeemed_at }, tokens, { last }) {
      const { oxd_id } = terms
      const { expires_in, id_token, sub, original, sid = null } = tokens
      await live.begin(oxd_id, { login_id, sub, sid, asked_at, redeemed_at }, tokens)
      const kept = { expires_at: keptUntil(expires_in) }
      await rememberTokens(terms, { sub, login_id, nonce, original }, tokens)
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
