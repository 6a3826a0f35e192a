// An application whose users sign in at a real OP: it knows the library alone, its user has a browser of their own.
import type { Client, Result, CommandNamed, Params } from '../../src/client/client.ts'
import type { Visitor } from '../../src/testing/dev_op/sign_in.ts'
import type { Callback, RealOp, SignInOptions } from './real_op.ts'

export const REDIRECT = 'https://client.example.com/callback'
export const HOME = 'https://client.example.com/'

type LoginOptions = Params<CommandNamed<'get_authorization_url'>>

export interface LoggedIn {
  readonly tokens: Result<CommandNamed<'get_tokens_by_code'>, 'native'>
  readonly callback: URLSearchParams
  /** The browser, with its session at the OP. */
  readonly visitor: Visitor
}

export interface Application {
  readonly oxd: Client<'native'>
  /** The user goes to the OP and comes back. */
  readonly visit: (options?: LoginOptions, visitor?: Visitor, user?: SignInOptions) => Promise<Callback>
  /** Gives oxd the whole response, of whatever flow and in whatever mode. */
  readonly finish: (callback: Callback) => Promise<Result<CommandNamed<'get_tokens_by_callback'>, 'native'>>
  /** A visit whose code is redeemed. */
  readonly login: (options?: LoginOptions, visitor?: Visitor) => Promise<LoggedIn>
}

export const applicationAt = (op: RealOp, oxd: Client<'native'>): Application => {
  const visit: Application['visit'] = async (options = {}, visitor = op.visitor(), user = {}) => {
    const { url } = await oxd.startLogin(options)
    return op.login(url, options.redirect_uri ?? REDIRECT, visitor, user)
  }
  const login: Application['login'] = async (options, visitor = op.visitor()) => {
    const { url } = await visit(options, visitor)
    const { code = '', state = '', iss } = Object.fromEntries(url.searchParams)
    if (code === '') throw new Error(`no code but ${url.search}`)
    const tokens = await oxd.getTokensByCode({ code, state, iss })
    return { tokens, callback: url.searchParams, visitor }
  }
  const finish: Application['finish'] = ({ url, form }) =>
    form === undefined
      ? oxd.getTokensByCallback({ callback_url: url.href })
      : oxd.getTokensByCallback({ parameters: Object.fromEntries(form) })
  return { oxd, visit, finish, login }
}
