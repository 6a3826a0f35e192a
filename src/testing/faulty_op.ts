// An OP with one named fault, for whoever tests a relying party: the lying OP with clients, users and a page to sign in at.
import { FAULTS, type FaultName } from './faults/index.ts'
import { faultsAt, type NamedFault } from './faults/fault.ts'
import { RESPONSE_TYPES } from './op_authorization.ts'
import { startLyingOp, type LyingOp, type LyingOpOptions, type Recorded } from './op.ts'
import type { LoggedOut } from './op_logout.ts'
import { CONTENT_SECURITY_POLICY, html, pageOf } from './page.ts'

export interface FaultyOpOptions {
  /** What it does wrong from the start; without it, nothing. */
  readonly fault?: FaultName
  /** Default: a free one. */
  readonly port?: number
  /** PEM, good for 127.0.0.1: with it the OP is at https, and some faults need that. */
  readonly tls?: LyingOpOptions['tls']
  /** Of the clients that are there already; default: `http://localhost:3000/callback`. */
  readonly redirect_uris?: readonly string[]
  /** Where those clients have their users sent after a logout; default: nowhere. */
  readonly post_logout_redirect_uris?: readonly string[]
  /** Where those clients are told of logouts; default: nowhere. */
  readonly backchannel_logout_uri?: string
  /** Told of each request once it was answered, and with which status. */
  readonly onRequest?: (request: Recorded, status: number) => void
  /** Told of each logout token once a client got it, and with which status it answered; undefined: it did not. */
  readonly onLogoutToken?: (uri: string, status: number | undefined) => void
  /** Told of each time that somebody went where lies point: to another OP, or to a service that is nobody's business. */
  readonly onContact?: (where: 'attacker' | 'service') => void
}

export interface FaultyOp {
  /** `http://127.0.0.1:PORT`, or at https. It listens on loopback alone. */
  readonly issuer: string
  /** Clients that are there already; others register themselves, at `/register`. */
  readonly clients: typeof CLIENTS
  /** From now on it does this wrong, and nothing else. Throws for what an OP at http cannot do wrong. */
  readonly lie: (fault: FaultName) => void
  /** From now on it does nothing wrong. */
  readonly beHonest: () => void
  /** Every request that it got, in their order. */
  readonly requests: () => readonly Recorded[]
  /** How many requests one endpoint got. */
  readonly count: (endpoint: Recorded['endpoint']) => number
  /** How often somebody went where lies point. */
  readonly contacts: () => number
  /**
   * Goes to an authorization URL as a browser would in which `sub` is signed in.
   * @returns the URL to which the browser is sent back
   */
  readonly authorize: LyingOp['authorize']
  /**
   * A logout token for a client, as it is sent to the `backchannel_logout_uri` of each client whose user goes to the
   * `end_session_endpoint` with an `id_token_hint`.
   */
  readonly logoutToken: (client_id: string, about: LoggedOut) => Promise<string>
  /** Ends all connections at once. */
  readonly close: () => Promise<void>
}

export const DEFAULT_REDIRECT_URI = 'http://localhost:3000/callback'
const CLIENT_SECRET = 'a-secret-that-everybody-knows-0123456789'
/** The same client, for both ways of showing the secret. */
const CLIENTS = [
  { client_id: 'client', client_secret: CLIENT_SECRET, token_endpoint_auth_method: 'client_secret_basic' },
  {
    client_id: 'client-post',
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: 'client_secret_post',
  },
] as const
/** Their users sign in with a button. */
export const USERS = ['alice', 'bob'] as const

const page = pageOf('Faulty OP', 'for testing a relying party')

/** Sends the request on, with the name of who signs in. */
const signInPage =
  (fault: () => FaultName | undefined): NonNullable<LyingOpOptions['signInPage']> =>
  ({ target, params }) => {
    const name = fault()
    const hidden = Object.entries(params).map(
      ([param, value]) => html`<input type="hidden" name="${param}" value="${String(value)}" />`,
    )
    const lie =
      name === undefined
        ? html`<p class="small quiet">This OP does nothing wrong at the moment.</p>`
        : html`<p class="small quiet">What goes wrong here: <code>${name}</code>. ${FAULTS[name].what}</p>`
    const buttons = USERS.map(
      (user) =>
        html`<button class="main" type="submit" name="sub" value="${user}">Sign in as ${user}</button>`,
    )
    return {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'cache-control': 'no-store',
      },
      body: page(
        'Sign in',
        html`<h1>Sign in</h1>
          <p class="quiet">to continue to <bdi>${String(params['client_id'] ?? 'an application')}</bdi></p>
          <form method="post" action="${target}">
            ${hidden}
            <div class="buttons">${buttons}</div>
          </form>`,
        html`<aside class="demo">${lie}</aside>`,
      ),
    }
  }

const needs = (name: FaultName, tls: LyingOpOptions['tls']): void => {
  const { over }: NamedFault = FAULTS[name]
  if (over === 'https' && tls === undefined)
    throw new Error(`The fault ${name} is one of an OP at https: it needs a certificate and its key.`)
}

/**
 * Starts an OP on loopback that does one thing wrong, and everything else right.
 * @throws where NODE_ENV is production: its registration is open, and its users sign in without a password; for a fault that an OP at
 *   http cannot have
 * @example
 * const op = await startFaultyOp({ fault: 'aud_suffixed' })
 * // … point your relying party at op.issuer, let it log in, and see that it refuses
 * assert.equal(op.count('token'), 1)
 * await op.close()
 */
export const startFaultyOp = async (options: FaultyOpOptions = {}): Promise<FaultyOp> => {
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error(
      'The faulty OP does not run with NODE_ENV=production: it lies, its registration is open, and its users sign in without a password.',
    )
  }
  const { fault, port, tls, onRequest, onLogoutToken = () => {}, onContact, backchannel_logout_uri } = options
  const { redirect_uris = [DEFAULT_REDIRECT_URI], post_logout_redirect_uris = [] } = options
  if (fault !== undefined) needs(fault, tls)
  let current: FaultName | undefined
  const both = { wants_pkce: false, ...(tls === undefined ? {} : { tls }) }
  const op = await startLyingOp({
    ...both,
    signInPage: signInPage(() => current),
    onLogoutToken,
    onCanary: () => onContact?.('service'),
    ...(port === undefined ? {} : { port }),
    ...(onRequest === undefined ? {} : { onRequest }),
  })
  const other = await startLyingOp({ ...both, onRequest: () => onContact?.('attacker') })
  const issuer = op.issuer('')
  const attacker = other.issuer('')
  const canary = op.canary().origin
  const metadata = {
    grant_types: ['authorization_code', 'refresh_token', 'implicit'],
    response_types: RESPONSE_TYPES,
    redirect_uris,
    post_logout_redirect_uris,
    ...(backchannel_logout_uri === undefined
      ? {}
      : { backchannel_logout_uri, backchannel_logout_session_required: true }),
  }
  for (const client of CLIENTS) op.addClient(issuer, { ...client, ...metadata })
  const lie = (name: FaultName): void => {
    needs(name, tls)
    current = name
    op.setFaults(issuer, faultsAt(FAULTS[name], { issuer, attacker, canary, canary6: canary, name }))
  }
  if (fault !== undefined) lie(fault)
  return {
    issuer,
    clients: CLIENTS,
    lie,
    beHonest() {
      current = undefined
      op.setFaults(issuer, {})
    },
    requests: () => op.requests(issuer),
    count: (endpoint) => op.count(issuer, endpoint),
    contacts: () => other.requests(attacker).length + op.canary().contacts,
    authorize: op.authorize,
    logoutToken: (client_id, about) => op.logoutToken(issuer, client_id, about),
    async close() {
      await Promise.all([op.close(), other.close()])
    },
  }
}
