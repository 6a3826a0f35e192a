// The logins of a soak, good and bad: what each does, and what must become of it.
import type { Faults } from '../op.ts'
import { reply } from '../reply.ts'
import type { Fate } from './books.ts'

/** What a login has to work with; each is counted where it is called. */
export interface Hands {
  /** A command for the site of this login; its data, or the code of the refusal. */
  readonly call: (
    command: string,
    params: Readonly<Record<string, unknown>>,
  ) => Promise<Readonly<Record<string, unknown>> | string>
  /** To the OP and back. */
  readonly visit: (authorization_url: string) => Promise<{ readonly code: string; readonly state: string }>
}

export interface LoginKind {
  readonly name: string
  /** How many of a hundred at an honest tenant. */
  readonly share: number
  /** Takes the URL of the login that was begun; the fate of the login. */
  readonly go: (hands: Hands, authorization_url: string) => Promise<Fate>
  /** What must become of each. */
  readonly fate: RegExp
}

const fateOf = (answer: Readonly<Record<string, unknown>> | string): Fate =>
  typeof answer === 'string' ? `refused: ${answer}` : 'completed'

/** Redeems what came back. */
const redeem = async (
  { call }: Hands,
  back: { readonly code: string; readonly state: string },
): Promise<Fate> => fateOf(await call('get_tokens_by_code', back))

const whole: LoginKind['go'] = async (hands, url) => {
  const tokens = await hands.call('get_tokens_by_code', await hands.visit(url))
  if (typeof tokens === 'string') return fateOf(tokens)
  const { access_token, id_token, refresh_token } = tokens
  const userinfo = await hands.call('get_user_info', { access_token })
  if (typeof userinfo === 'string') return fateOf(userinfo)
  if (typeof refresh_token === 'string') {
    const fresh = await hands.call('get_access_token_by_refresh_token', { refresh_token })
    if (typeof fresh === 'string') return fateOf(fresh)
  }
  return fateOf(await hands.call('get_logout_uri', { id_token_hint: id_token }))
}

export const LOGIN_KINDS: readonly LoginKind[] = [
  { name: 'whole', share: 60, go: whole, fate: /^completed$/ },
  { name: 'never comes back', share: 10, go: async () => 'left', fate: /^left$/ },
  {
    name: 'state changed',
    share: 10,
    async go(hands, url) {
      const { code, state } = await hands.visit(url)
      return redeem(hands, { code, state: `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}` })
    },
    fate: /^refused: invalid_state$/,
  },
  {
    name: 'code made up',
    share: 10,
    async go(hands, url) {
      const { state } = await hands.visit(url)
      return redeem(hands, { code: 'a code that nobody made', state })
    },
    fate: /^refused: code_refused$/,
  },
  {
    name: 'redeemed twice',
    share: 10,
    async go(hands, url) {
      const back = await hands.visit(url)
      const first = await redeem(hands, back)
      const second = await redeem(hands, back)
      return second === 'refused: invalid_state' ? first : `refused: but twice (${second})`
    },
    fate: /^completed$/,
  },
]

export interface Liar {
  readonly name: string
  readonly faults: Faults
  /** What must become of every login there. */
  readonly fate: RegExp
}

const random = (): string => `kid-${process.hrtime.bigint()}`

/** Tenants that answer, and lie. */
export const LIARS: readonly Liar[] = [
  {
    name: 'nonce',
    faults: { id_token: { claims: (claims) => ({ ...claims, nonce: `${String(claims['nonce'])}1` }) } },
    fate: /^refused: invalid_id_token_bad_nonce$/,
  },
  {
    name: 'audience',
    faults: { id_token: { claims: (claims) => ({ ...claims, aud: 'somebody else' }) } },
    fate: /^refused: invalid_id_token_bad_audience$/,
  },
  {
    name: 'expired',
    faults: { id_token: { offsets: { exp: -3_600, iat: -3_600 } } },
    fate: /^refused: invalid_id_token_(?:expired|expiration_time|old_issued_at)$/,
  },
  {
    name: 'signature',
    faults: { id_token: { sign: 'another_key' } },
    fate: /^refused: invalid_id_token_bad_signature$/,
  },
  {
    name: 'unknown keys',
    faults: { id_token: { header: (header) => ({ ...header, kid: random() }) } },
    fate: /^refused: key_id_not_found$/,
  },
]

/** Tenants that do not answer, or not in time. */
export const STALLED: readonly Liar[] = [
  { name: 'silent', faults: { token: reply.hang() }, fate: /^refused: op_timeout$/ },
  { name: 'dripping', faults: { token: reply.drip(250) }, fate: /^refused: op_timeout$/ },
  { name: 'half an answer', faults: { token: reply.stall() }, fate: /^refused: op_timeout$/ },
]
