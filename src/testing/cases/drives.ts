// The recipes by which most cases are played.
import type { Data } from '../daemon.ts'
import type { Site } from '../story.ts'
import type { Drive } from './case.ts'

/** The OP lies from the first request on: the site is registered. */
export const register: Drive = async (act) => {
  act.strike()
  return act.register()
}

/** The site is registered at an honest OP; the OP lies during the login. */
export const login: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  return site.login()
}

/** The OP is what it is from the start: a site is registered, and a login made as far as it gets. */
export const registerAndLogin: Drive = async (act) => {
  act.strike()
  const registered = await act.register()
  if (registered.status !== 'ok') return registered
  const site = act.siteOf(registered)
  const begun = await site.call('get_authorization_url')
  return begun.status === 'ok' ? site.login() : begun
}

/** The login is honest; the OP lies about the user. */
export const userinfo: Drive = async (act) => {
  const site = await act.site()
  const tokens = await site.login()
  act.strike()
  return site.call('get_user_info', { access_token: tokens.data.access_token })
}

/** A login with a refresh token. */
export const loggedInForLater = async (site: Site): Promise<Data> =>
  site.ok('get_tokens_by_code', await site.visit({ scope: ['openid', 'offline_access'] }))
