// What the site remembers of a browser, on the server; the cookie is but a name for it.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import session from 'express-session'
import type { SessionData } from 'express-session'
import type { Offer } from './offer.ts'
import type { UmaVisit } from './uma.ts'

/** A user who is logged in. */
export interface Login {
  readonly claims: Readonly<Record<string, readonly string[]>>
  /** Names the login at oxd: by it this site is told when it ends elsewhere. */
  readonly login_id: string
  /** The hint for the logout: it says whose session the OP is to end. */
  readonly id_token: string
  /** Milliseconds since the epoch; undefined if the OP did not say. */
  readonly expires_at: number | undefined
  readonly has_refresh_token: boolean
}

declare module 'express-session' {
  interface SessionData {
    /** States of logins that began in this browser and have not come back yet, the latest last. */
    pending: readonly string[]
    /** Known to this session alone, from its first login on; its hash binds logins to it. */
    secret: string
    login: Login
    /** A login that somebody else began, and nobody has said yes to. */
    offer: Offer
    /** Stands in each form and in no page of another site. Made anew with each login. */
    csrf: string
    /** The update has just been carried out: said once, on the next page. */
    updated: boolean
    /** The way to the album. A login or a logout ends it: what was given is one person's. */
    uma: UmaVisit
    /** States of claims gatherings that have not come back yet, the latest last. */
    gatherings: readonly string[]
  }
}

/** `__Host-`: a browser takes it only over https, from this host itself, for all its pages. */
export const COOKIE = '__Host-oxd-demosite'

/** A login on this site lasts so long. Not `rolling`: a slow answer could bring back the cookie of before a login. */
export const SESSION_MS = 3_600_000

/** Logins that one browser may have under way, one in each of several tabs; beyond that the oldest is forgotten. */
export const PENDING_MAX = 5

/** So many ended sessions are remembered; beyond that the oldest is forgotten. */
export const ENDED_MAX = 10_000

/**
 * Sessions in the memory of this process. What has ended stays ended: a request that began before a logout, and is
 * answered after it, would else write the session back. A real site gives express-session a store of its own, since
 * this one forgets all at a restart and never shrinks by itself.
 */
export class Sessions extends session.MemoryStore {
  /** Ids of ended sessions, the oldest first, and when they would have expired (milliseconds since the epoch). */
  readonly #ended = new Map<string, number>()
  /** The session of each login, and why it was ended elsewhere, if its user was not told yet. */
  readonly #ofLogin = new Map<string, string>()
  readonly #reasons = new Map<string, string>()
  /** Logins that ended elsewhere, the oldest first: their sessions may not have begun yet. */
  readonly #endedLogins = new Set<string>()

  hasEnded(id: string): boolean {
    return this.#ended.has(id)
  }

  /** The login has ended elsewhere: so does its session; true if there was one. */
  endLogin(login_id: string, why: string): boolean {
    this.#endedLogins.add(login_id)
    forgetOldest(this.#endedLogins)
    const id = this.#ofLogin.get(login_id)
    if (id === undefined) return false
    this.destroy(id)
    this.#reasons.set(id, why)
    forgetOldest(this.#reasons)
    return true
  }

  /** Why this session was ended elsewhere, once. */
  takeReason(id: string | undefined): string | undefined {
    const why = id === undefined ? undefined : this.#reasons.get(id)
    if (id !== undefined) this.#reasons.delete(id)
    return why
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    const now = Date.now()
    if (!this.#ended.has(id)) this.#ended.set(id, now + SESSION_MS)
    for (const [old, expires] of this.#ended) {
      if (expires > now && this.#ended.size <= ENDED_MAX) break
      this.#ended.delete(old)
    }
    for (const [login_id, session_id] of this.#ofLogin) {
      if (session_id === id) this.#ofLogin.delete(login_id)
    }
    super.destroy(id, done)
  }

  override set(id: string, data: SessionData, done?: (error?: unknown) => void): void {
    const login_id = data.login?.login_id
    if (this.#ended.has(id) || (login_id !== undefined && this.#endedLogins.has(login_id))) return done?.()
    if (login_id !== undefined) this.#ofLogin.set(login_id, id)
    return super.set(id, data, done)
  }
}

const forgetOldest = (kept: Set<string> | Map<string, string>): void => {
  for (const oldest of kept.keys()) {
    if (kept.size <= ENDED_MAX) return
    kept.delete(oldest)
  }
}

/** True if the session of this request has ended since: by a logout, or by a login in another tab. */
export const hasEnded = (request: Request): boolean =>
  request.sessionStore instanceof Sessions && request.sessionStore.hasEnded(request.sessionID)

/** No cookie with the name of an ended session: it would take the place of the one that the browser has now. */
const withoutEnded: RequestHandler = (request, response, next) => {
  response.writeHead = new Proxy(response.writeHead, {
    apply(writeHead, self, args) {
      // express-session sends its cookie right after this, if there is still a session.
      if (hasEnded(request)) request.session?.destroy(() => {})
      return Reflect.apply(writeHead, self, args)
    },
  })
  next()
}

/** What gives each request its `session`. */
export const sessions = (store: Sessions): RequestHandler[] => [
  session({
    name: COOKIE,
    secret: randomBytes(32).toString('base64url'),
    store,
    resave: false,
    saveUninitialized: false,
    // Lax, not Strict: the browser must bring it along when it comes back from the OP.
    cookie: { httpOnly: true, secure: true, sameSite: 'lax', path: '/', maxAge: SESSION_MS },
  }),
  withoutEnded,
]

const called = (run: (done: (error?: unknown) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    run((error) => (error === undefined || error === null ? resolve() : reject(error)))
  })

/** Written before the browser is sent away, so that it cannot come back too early. */
export const saved = (request: Request) => called((done) => request.session.save(done))

/** The session under another name: whoever knew the name before the login knows nothing afterwards. */
const regenerated = (request: Request) => called((done) => request.session.regenerate(done))

/** No session any more, on the server. */
export const destroyed = (request: Request) => called((done) => request.session.destroy(done))

/** This browser began a login with this state. */
export const addPending = (request: Request, state: string): void => {
  request.session.pending = [...(request.session.pending ?? []), state].slice(-PENDING_MAX)
}

/**
 * What binds a login to this session: whoever else has the answer of the OP can do nothing with it. Not a hash of the session's
 * name, which changes with a login while those of other tabs are under way.
 */
export const bindingOf = (request: Request): string => {
  request.session.secret ??= randomBytes(32).toString('base64url')
  return createHash('sha256').update(request.session.secret).digest('base64url')
}

/** True if this browser began a login with this state; it can come back once. */
export const takePending = (request: Request, state: string | undefined): state is string => {
  const pending = request.session.pending ?? []
  if (state === undefined || !pending.includes(state)) return false
  request.session.pending = pending.filter((other) => other !== state)
  return true
}

/** The same for a claims gathering. */
export const takeGathering = (request: Request, state: string | undefined): state is string => {
  const pending = request.session.gatherings ?? []
  if (state === undefined || !pending.includes(state)) return false
  request.session.gatherings = pending.filter((other) => other !== state)
  return true
}

/** What oxd answers to a code, as far as the session needs it. */
export interface Tokens {
  readonly login_id: string
  readonly id_token: string
  /** Seconds; negative if the OP does not say. */
  readonly expires_in: number
  readonly refresh_token?: string | null | undefined
}

/**
 * The session belongs to this user from now on, under a new name; the logins of other tabs stay under way. Of the
 * tokens only the ID Token is kept, on the server.
 */
export const logIn = async (request: Request, tokens: Tokens, claims: Login['claims']): Promise<void> => {
  const { pending = [], secret } = request.session
  await regenerated(request)
  request.session.pending = pending
  if (secret !== undefined) request.session.secret = secret
  request.session.login = {
    claims,
    login_id: tokens.login_id,
    id_token: tokens.id_token,
    expires_at: tokens.expires_in < 0 ? undefined : Date.now() + tokens.expires_in * 1000,
    has_refresh_token: Boolean(tokens.refresh_token),
  }
  request.session.csrf = randomBytes(24).toString('base64url')
  await saved(request)
}

/** Does the form that was sent carry the token of this session, or of this part of it? */
export const isOwnForm = (request: Request, csrf = request.session.csrf): boolean => {
  const expected = Buffer.from(csrf ?? '')
  const given = Buffer.from(formField(request, 'csrf'))
  return expected.length > 0 && expected.length === given.length && timingSafeEqual(expected, given)
}

/** One field of the form that was sent; '' if it is absent or was sent twice. */
export const formField = (request: Request, name: string): string => {
  const fields: unknown = request.body
  if (typeof fields !== 'object' || fields === null || !Object.hasOwn(fields, name)) return ''
  const value: unknown = Reflect.get(fields, name)
  return typeof value === 'string' ? value.trim() : ''
}

/** One parameter of the address; undefined if it is absent, empty or there twice. */
export const queryField = (request: Request, name: string): string | undefined => {
  const value: unknown = request.query[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
