// The recipes by which most cases are played.
import assert from 'node:assert/strict'
import type { Data, Envelope } from '../daemon.ts'
import type { Site } from '../story.ts'
import type { Drive } from './case.ts'

/** The OP lies from the first request on: the site is registered. */
export const register: Drive = async (act) => {
  act.strike()
  return act.register()
}

/** A login. A refused one is over: its state is spent, the OP is not asked again, and there is no login. */
const loginOnce = async (site: Site): Promise<Envelope> => {
  const back = await site.visit()
  const answer = await site.call('get_tokens_by_code', back)
  if (answer.status === 'error') {
    const again = await site.call('get_tokens_by_code', back)
    assert.equal(again.data.error, 'invalid_state', `the same again: ${JSON.stringify(again.data)}`)
    const { login_status } = await site.ok('get_login_status', { state: back.state })
    assert.equal(login_status, 'unknown', 'there is a login')
  }
  return answer
}

/** The site is registered at an honest OP; the OP lies during the login. */
export const login: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  return loginOnce(site)
}

/** The OP is what it is from the start: a site is registered, and a login made as far as it gets. */
export const registerAndLogin: Drive = async (act) => {
  act.strike()
  const registered = await act.register()
  if (registered.status !== 'ok') return registered
  const site = act.siteOf(registered)
  const begun = await site.call('get_authorization_url')
  return begun.status === 'ok' ? loginOnce(site) : begun
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
