// A whole login with the installed library, as an application makes it; prints what came of it as one line of JSON.
import { createRequire } from 'node:module'
import { Client, first, OxdError } from 'oxd-client'

const [, , cfg = ''] = process.argv

/** The browser of a user who is signed in at the OP: where the OP sends it back to. */
const visit = async (url: string): Promise<URL> => {
  const { headers } = await fetch(url, { redirect: 'manual' })
  return new URL(headers.get('location') ?? '', url)
}

const oxd = new Client(cfg)
const native = new Client(cfg, { claims: 'native' })
const oxd_id = await oxd.registerSite()
const { url, state } = await oxd.startLogin({ scope: ['openid', 'profile', 'email'] })
const callback = (await visit(url)).searchParams
const code = callback.get('code') ?? ''
const tokens = await oxd.getTokensByCode(code, state)
const user = await oxd.getUserInfo(tokens.access_token)
const claims = await native.getUserInfo(tokens.access_token)
const logout = await oxd.getLogoutUri({ id_token_hint: tokens.id_token, state: 'bye' })
const refusal: unknown = await oxd.getTokensByCode(code, state).catch((error: unknown) => error)
const bye = await visit(logout)
// Applications that are CommonJS have the same library.
const required: unknown = createRequire(import.meta.url)('oxd-client').Client
await oxd.close()
await native.close()

process.stdout.write(
  JSON.stringify({
    node: process.versions.node,
    oxd_id,
    came_back: callback.get('state') === state,
    lists: { sub: user.sub, name: first(user.name), email_verified: user.email_verified },
    native: { sub: claims.sub, name: claims.name, email_verified: claims.email_verified },
    id_token: tokens.id_token_claims.sub,
    second: refusal instanceof OxdError ? refusal.code : 'no refusal',
    bye: bye.href,
    required: required === Client,
  }),
)
