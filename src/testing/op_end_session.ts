// Where a user logs out at the OP that can lie, and who is told.
// @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
import { isJson, type Json } from './jws.ts'
import { readable, redirectTo, Refusal, text, texts } from './op_house.ts'
import type { Client, Endpoint, House, Issuer } from './op_house.ts'
import { makeLogoutToken } from './op_logout.ts'

/** The session that the hint is of has ended: the client is told, where it said that it wants to be. */
const tell = async (house: House, issuer: Issuer, client: Client, { sub, sid }: Json): Promise<void> => {
  const uri = text(client.metadata['backchannel_logout_uri'])
  const about = { sub: text(sub), sid: text(sid) }
  if (uri === undefined || (about.sub === undefined && about.sid === undefined)) return
  await house.tellClient?.(uri, await makeLogoutToken(house, issuer, client.client_id, about))
}

export const end_session: Endpoint = {
  path: /\/end_session$/,
  methods: ['GET', 'POST'],
  answer: async (house, issuer, { params }) => {
    const hint = text(params['id_token_hint'])?.split('.')[1]
    const said: unknown =
      hint === undefined ? {} : readable(() => JSON.parse(Buffer.from(hint, 'base64url').toString('utf8')))
    const claims = isJson(said) ? said : {}
    const client = issuer.clients.get(text(params['client_id']) ?? String(claims['aud']))
    if (client !== undefined) await tell(house, issuer, client, claims)
    const back = text(params['post_logout_redirect_uri'])
    if (back === undefined) return { status: 200, json: {} }
    if (!texts(client?.metadata['post_logout_redirect_uris']).includes(back))
      throw new Refusal(400, 'invalid_request')
    const state = text(params['state'])
    return { status: 302, json: state === undefined ? {} : { state }, render: redirectTo(back) }
  },
}
