// Dynamic registration of a client at the OP, and its later change.
// @see https://openid.net/specs/openid-connect-registration-1_0.html
// @see https://www.rfc-editor.org/rfc/rfc7592
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { jsonObject, refusal, shaped, show } from './said.ts'
import { AUTH_METHODS } from './client_auth.ts'
import { ALGORITHMS } from './keys.ts'
import type { OpMetadata } from './discovery.ts'
import type { Op } from './op.ts'

/** Client metadata by the names of the registration specification; absent values are left out. */
export type ClientMetadata = Readonly<Record<string, unknown>>

/** Some OPs say "none" with an empty text. */
const optionalText = z.preprocess((value) => (value === '' ? undefined : value), z.string().nullish())

// Registration 1.0 section 3.2 and RFC 7592 section 3.
const REGISTERED = z.object({
  client_id: optionalText,
  client_secret: optionalText,
  client_secret_expires_at: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .nullish(),
  /** Only shown: a login does not fail on it. */
  client_id_issued_at: z.int().positive().nullish().catch(undefined),
  token_endpoint_auth_method: optionalText,
  id_token_signed_response_alg: optionalText,
})

/** A client as the OP registered it. */
export interface RegisteredClient {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly client_secret_expires_at?: number | undefined
  /** Seconds since the epoch, where the OP says it. */
  readonly client_id_issued_at?: number | undefined
  readonly token_endpoint_auth_method: string
  readonly id_token_signed_response_alg: string
  readonly registration_access_token?: string | undefined
  readonly registration_client_uri?: string | undefined
}

const unsupported = (name: string, value: string, possible: readonly string[]): OxdError => {
  const cure =
    possible.length === 0 ? 'oxd and the OP have none in common' : `use ${[...new Set(possible)].join(', ')}`
  return new OxdError('invalid_algorithm', {
    what: `${name} ${JSON.stringify(show(value))} is not possible: ${cure}.`,
  })
}

/**
 * How oxd will authenticate: as asked, or the first that the OP supports (default: client_secret_basic, Discovery 3).
 * @throws OxdError invalid_algorithm
 */
export const authMethod = (metadata: OpMetadata, asked: string | undefined): string => {
  const offered = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const possible = Object.keys(AUTH_METHODS).filter((method) => offered.includes(method))
  // An OP may forget to list what it supports: what was asked for by name is tried.
  if (asked !== undefined && Object.hasOwn(AUTH_METHODS, asked)) return asked
  const [method] = possible.filter((name) => name !== 'none')
  if (asked !== undefined || method === undefined) {
    throw unsupported('client_token_endpoint_auth_method', asked ?? '', Object.keys(AUTH_METHODS))
  }
  return method
}

/**
 * The algorithm that must sign the ID Tokens: as asked, else RS256 where offered, else the first that oxd allows.
 * @throws OxdError invalid_algorithm
 */
export const idTokenAlgorithm = (metadata: OpMetadata, asked: string | undefined): string => {
  const offered = metadata.id_token_signing_alg_values_supported ?? ['RS256']
  const possible = offered.filter((alg) => Object.hasOwn(ALGORITHMS, alg))
  const alg = asked ?? (possible.includes('RS256') ? 'RS256' : possible[0])
  if (alg === undefined || !possible.includes(alg))
    throw unsupported('id_token_signed_response_alg', alg ?? '', possible)
  return alg
}

/** The metadata as it is sent: with the way to authenticate and the algorithm that oxd will insist on. */
const complete = (metadata: OpMetadata, asked: ClientMetadata): ClientMetadata => ({
  ...asked,
  token_endpoint_auth_method: authMethod(metadata, asText(asked.token_endpoint_auth_method)),
  id_token_signed_response_alg: idTokenAlgorithm(metadata, asText(asked.id_token_signed_response_alg)),
})
const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** What the OP made of the client; where it is silent, what was asked for holds. */
const registered = (
  url: string,
  asked: ClientMetadata,
  answer: Readonly<Record<string, unknown>>,
  metadata: OpMetadata,
): RegisteredClient => {
  const client = shaped('registration', url, REGISTERED, answer)
  const { client_id, client_secret, client_secret_expires_at: expires_at } = client
  if (!client_id) throw new OxdError('no_client_id_returned')
  const method = client.token_endpoint_auth_method ?? String(asked.token_endpoint_auth_method)
  if (method !== 'none' && !client_secret) throw new OxdError('no_client_secret_returned')
  if (addressIn(url, answer) === 'elsewhere') {
    throw new OxdError('op_answer_malformed', {
      what: `${show(new URL(url).origin)} answered the registration request with a registration_client_uri at another origin.`,
    })
  }
  return {
    client_id,
    client_secret: client_secret ?? undefined,
    // 0 is "never" (Registration 1.0 section 3.2).
    client_secret_expires_at: expires_at === 0 ? undefined : (expires_at ?? undefined),
    client_id_issued_at: client.client_id_issued_at ?? undefined,
    token_endpoint_auth_method: authMethod(metadata, method),
    id_token_signed_response_alg: idTokenAlgorithm(
      metadata,
      client.id_token_signed_response_alg ?? String(asked.id_token_signed_response_alg),
    ),
  }
}

const textIn = (answer: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = answer[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The address for changes in an answer; a token is only ever sent to the origin that gave it. */
const addressIn = (
  url: string,
  answer: Readonly<Record<string, unknown>>,
): string | 'elsewhere' | undefined => {
  const uri = textIn(answer, 'registration_client_uri')
  if (uri === undefined) return undefined
  return URL.canParse(uri) && new URL(uri).origin === new URL(url).origin ? uri : 'elsewhere'
}

/** Token and address for changes; they go together. */
export type Management = Pick<RegisteredClient, 'registration_access_token' | 'registration_client_uri'>

/** Those of an answer, and where it is silent those of before; read before anything else is judged. */
const managementIn = (
  url: string,
  answer: Readonly<Record<string, unknown>>,
  before: Management,
): Management => {
  const registration_access_token =
    textIn(answer, 'registration_access_token') ?? before.registration_access_token
  const address = addressIn(url, answer)
  const registration_client_uri = address === 'elsewhere' ? undefined : address
  const uri = registration_client_uri ?? before.registration_client_uri
  return registration_access_token === undefined || uri === undefined
    ? {}
    : { registration_access_token, registration_client_uri: uri }
}

/**
 * Registers a client. One that oxd cannot use is taken back, where the OP allows it.
 * @throws OxdError no_registration_endpoint, op_http_status, no_client_id_returned, no_client_secret_returned
 */
export const registerClient = async (op: Op, wanted: ClientMetadata): Promise<RegisteredClient> => {
  const url = op.metadata.registration_endpoint
  if (url === undefined) throw new OxdError('no_registration_endpoint')
  const asked = complete(op.metadata, wanted)
  const response = await op.door.request({
    step: 'registration',
    url,
    method: 'POST',
    accept: 'application/json',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  })
  // 201 is the rule (Registration 1.0 section 3.2), 200 what some OPs answer.
  if (response.status !== 201 && response.status !== 200) throw refusal('registration', response)
  const answer = jsonObject('registration', response)
  const management = managementIn(url, answer, {})
  try {
    return { ...registered(url, asked, answer, op.metadata), ...management }
  } catch (error) {
    await removeClient(op, management).catch(() => undefined)
    throw error
  }
}

/**
 * Replaces the registration of a client: the whole metadata, as RFC 7592 section 2.2 asks.
 * Token, address and secret stay as they were where the OP does not say otherwise.
 * @param keep is told the token and address for the next change as soon as they are known: whatever else the answer
 *   says, the old token may be worth nothing from then on
 * @throws OxdError invalid_registration_client_url, op_http_status
 */
export const updateClient = async (
  op: Op,
  before: RegisteredClient,
  wanted: ClientMetadata,
  keep: (management: Management) => Promise<void>,
): Promise<RegisteredClient> => {
  const asked = complete(op.metadata, wanted)
  const { registration_client_uri: url, registration_access_token, client_id, client_secret } = before
  if (url === undefined || registration_access_token === undefined) {
    throw new OxdError('invalid_registration_client_url')
  }
  const response = await op.door.request({
    step: 'registration update',
    url,
    method: 'PUT',
    accept: 'application/json',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${registration_access_token}` },
    body: JSON.stringify({ ...asked, client_id, client_secret }),
  })
  if (response.status !== 200)
    throw refusal('registration update', response, [registration_access_token, client_secret])
  const said = jsonObject('registration update', response)
  const management = managementIn(url, said, before)
  await keep(management)
  // What the answer leaves out stays; an expiry belongs to its secret.
  const sameSecret = said.client_secret === undefined || said.client_secret === client_secret
  const kept = sameSecret ? { client_secret_expires_at: before.client_secret_expires_at } : {}
  const { client_id_issued_at } = before
  const answer = { client_id, client_id_issued_at, client_secret, ...kept, ...said }
  const after = { ...registered(url, asked, answer, op.metadata), ...management }
  if (after.client_id !== client_id) {
    throw new OxdError('op_answer_malformed', {
      what: `${show(new URL(url).origin)} answered the update with another client_id.`,
    })
  }
  return after
}

/** Whether an address for changes belongs to this OP, so that a secret may be sent there. */
const isAtOp = ({ issuer, registration_endpoint }: OpMetadata, registration_client_uri: string): boolean =>
  [issuer, registration_endpoint].some(
    (url) => url !== undefined && new URL(url).origin === new URL(registration_client_uri).origin,
  )

/**
 * A client that was registered at the OP by hand, as somebody says that it is. Its secrets only ever go to the OP.
 * @throws OxdError invalid_algorithm, foreign_registration_client_uri
 */
export const clientByHand = (
  { metadata }: Op,
  said: Omit<RegisteredClient, 'token_endpoint_auth_method' | 'id_token_signed_response_alg'> & {
    readonly token_endpoint_auth_method: string | undefined
    readonly id_token_signed_response_alg: string | undefined
  },
): RegisteredClient => {
  const { registration_access_token, registration_client_uri } = said
  if (registration_client_uri !== undefined) {
    const complete = registration_access_token !== undefined && said.client_secret !== undefined
    if (!complete) throw new OxdError('foreign_registration_client_uri')
    if (!isAtOp(metadata, registration_client_uri)) throw new OxdError('foreign_registration_client_uri')
  }
  return {
    ...said,
    token_endpoint_auth_method: authMethod(metadata, said.token_endpoint_auth_method),
    id_token_signed_response_alg: idTokenAlgorithm(metadata, said.id_token_signed_response_alg),
  }
}

/** Takes a registration back, where the OP allows it: nothing is left behind when its record could not be kept. */
export const removeClient = async (op: Op, client: Management): Promise<void> => {
  const { registration_client_uri: url, registration_access_token } = client
  if (url === undefined || registration_access_token === undefined) return
  const headers = { authorization: `Bearer ${registration_access_token}` }
  await op.door.request({ step: 'registration update', url, method: 'DELETE', headers })
}
