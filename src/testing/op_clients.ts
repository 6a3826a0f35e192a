// The clients of the OP that can lie: registered (RFC 7591), and managed by themselves (RFC 7592).
import { isAlg, type Json } from './jws.ts'
import { AUTH_METHODS } from './op_client_auth.ts'
import { Refusal, UNSIGNED, text, texts } from './op_house.ts'
import type { Answer, Client, House, Issuer } from './op_house.ts'

/** Fills in what RFC 7591 says by default, and refuses what cannot be. @see https://www.rfc-editor.org/rfc/rfc7591#section-2 */
const checkMetadata = (sent: Json): Json => {
  const metadata: Json = {
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    id_token_signed_response_alg: 'RS256',
    ...sent,
  }
  const uris = texts(metadata['redirect_uris'])
  if (uris.length === 0 || !uris.every((uri) => URL.canParse(uri) && !uri.includes('#')))
    throw new Refusal(400, 'invalid_redirect_uri')
  const isCodeAlone = texts(metadata['response_types']).every((type) => type === 'code')
  const known =
    AUTH_METHODS.includes(String(metadata['token_endpoint_auth_method'])) &&
    (isAlg(metadata['id_token_signed_response_alg']) ||
      (metadata['id_token_signed_response_alg'] === UNSIGNED && isCodeAlone))
  if (!known) throw new Refusal(400, 'invalid_client_metadata')
  return metadata
}

export const addClient = (house: House, issuer: Issuer, sent: Json): Client => {
  const { client_id, client_secret, ...rest } = sent
  const metadata = checkMetadata(rest)
  const { credentials } = issuer.faults
  const isPublic = metadata['token_endpoint_auth_method'] === 'none'
  const client = {
    metadata,
    client_id: text(client_id) ?? credentials?.client_id ?? house.token(),
    client_secret: isPublic
      ? undefined
      : (text(client_secret) ?? credentials?.client_secret ?? house.token()),
    registration_access_token: house.token(),
    fetch: house.fetch,
  }
  issuer.clients.set(client.client_id, client)
  return client
}

/** @see https://www.rfc-editor.org/rfc/rfc7592#section-3 */
export const clientInformation = (issuer: Issuer, client: Client): Json => ({
  ...client.metadata,
  client_id: client.client_id,
  ...(client.client_secret === undefined
    ? {}
    : { client_secret: client.client_secret, client_secret_expires_at: 0 }),
  registration_access_token: client.registration_access_token,
  registration_client_uri: `${issuer.base}/register/${encodeURIComponent(client.client_id)}`,
})

/** What only the OP may say. @see https://www.rfc-editor.org/rfc/rfc7592#section-2.2 */
const SAID_BY_THE_OP = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
]

/** What a client may do with its registration, by HTTP method. */
export const MANAGEMENT: Readonly<
  Record<string, (house: House, issuer: Issuer, client: Client, sent: Json) => Answer>
> = {
  GET(house, issuer, client) {
    client.registration_access_token = house.token()
    return { status: 200, json: clientInformation(issuer, client) }
  },
  PUT(house, issuer, client, sent) {
    const { client_id, client_secret, ...rest } = sent
    const wrong =
      client_id !== client.client_id ||
      (client_secret !== undefined && client_secret !== client.client_secret) ||
      SAID_BY_THE_OP.some((name) => Object.hasOwn(sent, name))
    if (wrong) throw new Refusal(400, 'invalid_client_metadata')
    // The whole metadata: what is not sent again is gone.
    const updated = { ...client, metadata: checkMetadata(rest), registration_access_token: house.token() }
    issuer.clients.set(client.client_id, updated)
    return { status: 200, json: clientInformation(issuer, updated) }
  },
  DELETE(_house, issuer, client) {
    issuer.clients.delete(client.client_id)
    return { status: 204, json: {}, render: async () => ({ headers: {}, body: '' }) }
  },
}
