// The hybrid flow, as far as a test needs it: an ID Token and an access token that come back together with the code.
import { sendHttp } from './http_caller.ts'
import { leftHash, type Json, type TokenFaults } from './jws.ts'
import { REDIRECT, type Site, type Story } from './story.ts'

/** What comes back through the browser from an OP with the hybrid flow, and the nonce of the login. */
export interface HybridResponse {
  readonly code: string
  readonly state: string
  readonly id_token: string
  readonly access_token: string
  readonly nonce: string
}

export interface HybridOptions {
  /** Instead of the hash of the code; null: none. */
  readonly c_hash?: string | null
  /** Over the ID Token, which has the `c_hash` by then. */
  readonly lies?: TokenFaults
  /** Of `get_authorization_url`. */
  readonly params?: Json
}

/**
 * A login whose ID Token comes with the code. The OP of the tests has no hybrid flow: its token endpoint gives out, for a
 * code that stays good, what its authorization endpoint would. The faults of the issuer are others from then on.
 */
export const hybridResponse = async (
  { op, daemon }: Story,
  site: Site,
  { c_hash, lies = {}, params = {} }: HybridOptions = {},
): Promise<HybridResponse> => {
  const { data } = await daemon.call('get_authorization_url', { oxd_id: site.oxd_id, ...params })
  const url = new URL(String(data.authorization_url))
  const back = new URL(await op.authorize(url.href)).searchParams
  const [code, state] = [String(back.get('code')), String(back.get('state'))]
  const hash = c_hash === undefined ? leftHash('RS256', code) : c_hash
  op.setFaults(site.issuer, {
    ignores: ['client_authentication', 'pkce', 'code_reuse'],
    id_token: {
      ...lies,
      claims(claims) {
        const bound = hash === null ? claims : { ...claims, c_hash: hash }
        return lies.claims?.(bound) ?? bound
      },
    },
  })
  const client_id = String(url.searchParams.get('client_id'))
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, client_id }
  const { port, pathname } = new URL(`${site.issuer}/token`)
  const { body } = await sendHttp({ port: Number(port) }, pathname, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams(form)),
  })
  op.setFaults(site.issuer, { ignores: ['code_reuse'] })
  return {
    code,
    state,
    id_token: String(body.id_token),
    access_token: String(body.access_token),
    nonce: String(url.searchParams.get('nonce')),
  }
}
