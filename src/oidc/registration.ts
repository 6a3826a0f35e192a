// Dynamic registration of a client at the OP, and its later change.
// @see https://openid.net/specs/openid-connect-registration-1_0.html
// @see https://www.rfc-editor.org/rfc/rfc7592
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { jsonObject, refusal, shaped, show } from './said.ts'
import {
  agreedAlgorithms,
  needsOwnKeys,
  refuseAlgorithms,
  refuseWeakSecret,
  unsupported,
  type ClientAlgorithms,
} from './client_algorithms.ts'
import { AUTH_METHODS, WITHOUT_SECRET } from './client_auth.ts'
import { HMAC_HASHES, isHmac } from './client_key.ts'
import { ALGORITHMS } from './keys.ts'
import type { OpMetadata } from './discovery.ts'
import type { Op } from './op.ts'
import { OWN_ALGORITHMS } from './own_keys.ts'
import { mayBeUnsigned, UNSIGNED } from './unsigned.ts'

/** Client metadata by the names of the registration specification; absent values are left out. */
export type ClientMetadata = Readonly<Record<string, unknown>>

/** RFC 6749 appendices A.1 and A.2: nothing that could end a header. Some OPs say "none" with an empty text. */
const optionalText = z.preprocess(
  (value) => (value === '' ? undefined : value),
  z
    .string()
    .max(LIMITS.text_characters_max)
    .regex(/^[\x20-\x7e]+$/)
    .nullish(),
)

// Registration 1.0 section 3.2 and RFC 7592 section 3.
const REGISTERED = z.object({
  client_id: optionalText,
  client_secret: optionalText,
  client_secret_expires_at: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,16}$/)
        .transform(Number),
    ])
    .pipe(z.number().nonnegative().max(Number.MAX_SAFE_INTEGER))
    .transform(Math.floor)
    .nullish(),
  /** Only shown: a login does not fail on it. */
  client_id_issued_at: z.int().positive().nullish().catch(undefined),
  token_endpoint_auth_method: optionalText,
  token_endpoint_auth_signing_alg: optionalText,
  id_token_signed_response_alg: optionalText,
})

/** A client as the OP registered it. */
export interface RegisteredClient extends ClientAlgorithms {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly client_secret_expires_at?: number | undefined
  /** Seconds since the epoch, where the OP says it. */
  readonly client_id_issued_at?: number | undefined
  readonly token_endpoint_auth_method: string
  readonly token_endpoint_auth_signing_alg?: string | undefined
  readonly id_token_signed_response_alg: string
  /** Names of oxd's keys that the OP was told by value. */
  readonly jwks_kids?: readonly string[] | undefined
  readonly registration_access_token?: string | undefined
  readonly registration_client_uri?: string | undefined
}

/** A client that was registered by hand, in the order of what it most likely was registered for (Registration 1.0 section 2). */
const BY_HAND = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']
/**
 * A client that oxd registers: without HTTP Basic where it can be, since OPs read its encoding in two ways; with a secret where it
 * can be, since keys that an OP was told must be told anew when they are rotated.
 */
const REGISTERED_BY_OXD = [
  'client_secret_post',
  'client_secret_basic',
  'client_secret_jwt',
  'private_key_jwt',
]

/**
 * How oxd will authenticate: as asked, or the first that the OP supports (default: client_secret_basic, Discovery 3).
 * @throws OxdError invalid_algorithm
 */
export const authMethod = (
  metadata: OpMetadata,
  asked: string | undefined,
  preferred: readonly string[] = BY_HAND,
): string => {
  const offered = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  // An OP may forget to list what it supports: what was asked for by name is tried.
  if (asked !== undefined && Object.hasOwn(AUTH_METHODS, asked)) return asked
  const method = preferred.find((name) => offered.includes(name))
  if (asked !== undefined || method === undefined) {
    throw unsupported('client_token_endpoint_auth_method', asked ?? '', Object.keys(AUTH_METHODS))
  }
  return method
}

/** With what each method can sign. */
const SIGNING: Readonly<Record<string, readonly string[]>> = {
  client_secret_jwt: Object.keys(HMAC_HASHES),
  private_key_jwt: OWN_ALGORITHMS,
}

/**
 * The algorithm that signs client assertions: as asked, else the first of oxd's that the OP offers; undefined where the method
 * signs nothing.
 * @throws OxdError invalid_algorithm
 */
const authAlgorithm = (
  { token_endpoint_auth_signing_alg_values_supported: offered }: OpMetadata,
  method: string,
  asked: string | undefined,
): string | undefined => {
  const possible = SIGNING[method]
  if (possible === undefined) return undefined
  const both = possible.filter((alg) => offered?.includes(alg) ?? true)
  const alg = asked ?? both[0]
  if (alg === undefined || !both.includes(alg)) {
    throw unsupported('client_token_endpoint_auth_signing_alg', alg ?? '', both)
  }
  return alg
}

/** An OP, and whether it may leave ID Tokens unsigned. */
type AllowingOp = Pick<Op, 'metadata' | 'insecure_unsigned_id_tokens'>

/**
 * The algorithm that must sign the ID Tokens: as asked, else RS256 where offered, else the first that oxd allows. HMAC, which
 * everybody who has the secret can make, only as asked; none only as asked, too, where the daemon was weakened for it, and no
 * ID Token comes through the browser.
 * @throws OxdError invalid_algorithm
 */
export const idTokenAlgorithm = (op: AllowingOp, metadata: ClientMetadata): string => {
  const offered = op.metadata.id_token_signing_alg_values_supported ?? ['RS256']
  const asked = asText(metadata.id_token_signed_response_alg)
  const types = [metadata.response_types ?? []].flat().map(String)
  const isAllowed = (alg: string): boolean =>
    isHmac(alg) ||
    (alg === UNSIGNED && mayBeUnsigned(op) && !types.some((type) => type.split(' ').includes('id_token')))
  const isPossible = (alg: string): boolean =>
    Object.hasOwn(ALGORITHMS, alg) || (alg === asked && isAllowed(alg))
  const possible = offered.filter(isPossible)
  const alg = asked ?? (possible.includes('RS256') ? 'RS256' : possible[0])
  if (alg === undefined || !possible.includes(alg))
    throw unsupported('id_token_signed_response_alg', alg ?? '', possible)
  return alg
}

/** The keys of oxd that the OP is told, unless the site itself names some: by their address, or by value. */
const ownJwks = async (op: Op, asked: ClientMetadata): Promise<ClientMetadata> =>
  !needsOwnKeys(asked) || asked.jwks !== undefined || asked.jwks_uri !== undefined
    ? {}
    : op.own.jwks_uri === undefined
      ? { jwks: { keys: await op.own.newest() } }
      : { jwks_uri: op.own.jwks_uri }

/**
 * The metadata as it is sent: with the way to authenticate and the algorithms that oxd will insist on, and the keys that they need.
 * @param before of a client that is changed: how it authenticates stays, unless something else is asked for
 */
const complete = async (
  op: Op,
  asked: ClientMetadata,
  before?: RegisteredClient,
): Promise<ClientMetadata> => {
  const { metadata } = op
  refuseAlgorithms(metadata, asked)
  const wanted = asText(asked.token_endpoint_auth_method) ?? before?.token_endpoint_auth_method
  const method = authMethod(metadata, wanted, REGISTERED_BY_OXD)
  const signing = asText(asked.token_endpoint_auth_signing_alg)
  const whole = {
    ...asked,
    token_endpoint_auth_method: method,
    // Of a method that signs nothing it is registered as given.
    token_endpoint_auth_signing_alg: authAlgorithm(metadata, method, signing) ?? signing,
    id_token_signed_response_alg: idTokenAlgorithm(op, asked),
    // Encrypted alone anybody could have made it: the key is public.
    userinfo_signed_response_alg:
      asked.userinfo_signed_response_alg ??
      (asked.userinfo_encrypted_response_alg === undefined ? undefined : 'RS256'),
  }
  return { ...whole, ...(await ownJwks(op, whole)) }
}
const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/**
 * What the OP says that signs ID Tokens; HMAC only where that was asked for. An OP that registers none unasked is not believed: what
 * was asked for holds, and an ID Token without a signature is refused when it comes.
 */
const registeredAlgorithm = (
  op: AllowingOp,
  metadata: ClientMetadata,
  said: string | null | undefined,
): string => {
  const asked = String(metadata.id_token_signed_response_alg)
  const alg = said === UNSIGNED ? asked : (said ?? asked)
  if (isHmac(alg) && alg !== asked) throw unsupported('id_token_signed_response_alg', alg, [asked])
  return idTokenAlgorithm(op, { ...metadata, id_token_signed_response_alg: alg })
}

/** What the OP made of the client; where it is silent, what was asked for holds. */
const registered = (
  url: string,
  asked: ClientMetadata,
  answer: Readonly<Record<string, unknown>>,
  op: AllowingOp,
): RegisteredClient => {
  const { metadata } = op
  const client = shaped('registration', url, REGISTERED, answer)
  const { client_id, client_secret, client_secret_expires_at: expires_at } = client
  if (!client_id) throw new OxdError('no_client_id_returned')
  const method = client.token_endpoint_auth_method ?? String(asked.token_endpoint_auth_method)
  if (!WITHOUT_SECRET.has(method) && !client_secret) throw new OxdError('no_client_secret_returned')
  if (addressIn(url, answer) === 'elsewhere') {
    throw new OxdError('op_answer_malformed', {
      what: `${show(new URL(url).origin)} answered the registration request with a registration_client_uri at another origin, or one that is too long.`,
    })
  }
  const used = {
    client_id,
    client_secret: client_secret ?? undefined,
    // 0 is "never" (Registration 1.0 section 3.2).
    client_secret_expires_at: expires_at === 0 ? undefined : (expires_at ?? undefined),
    client_id_issued_at: client.client_id_issued_at ?? undefined,
    token_endpoint_auth_method: authMethod(metadata, method),
    token_endpoint_auth_signing_alg: authAlgorithm(
      metadata,
      method,
      client.token_endpoint_auth_signing_alg ?? asText(asked.token_endpoint_auth_signing_alg),
    ),
    id_token_signed_response_alg: registeredAlgorithm(op, asked, client.id_token_signed_response_alg),
    ...agreedAlgorithms(asked, answer),
    jwks_kids: kidsIn(asked.jwks),
  }
  refuseWeakSecret(used)
  return used
}

// As oxd made it, or read it from a caller.
const KEY_NAMES = z.object({ keys: z.array(z.object({ kid: z.string().optional() })) })
/** The names of the keys that the OP was told by value. */
const kidsIn = (jwks: unknown): readonly string[] | undefined =>
  KEY_NAMES.safeParse(jwks).data?.keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))

const textIn = (answer: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = answer[name]
  // What could not stand in a header or a URL is no token and no address.
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : undefined
}

/** The address for changes in an answer; a token is only ever sent to the origin that gave it. */
const addressIn = (
  url: string,
  answer: Readonly<Record<string, unknown>>,
): string | 'elsewhere' | undefined => {
  const uri = textIn(answer, 'registration_client_uri')
  if (uri === undefined) return undefined
  if (uri.length > LIMITS.url_characters_max) return 'elsewhere'
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
  const asked = await complete(op, wanted)
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
    return { ...registered(url, asked, answer, op), ...management }
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
  const asked = await complete(op, wanted, before)
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
  const after = { ...registered(url, asked, answer, op), ...management }
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
 * @param asked what else it says of the client, by the names of client metadata: the algorithms
 * @throws OxdError invalid_algorithm, client_secret_too_short, foreign_registration_client_uri
 */
export const clientByHand = (
  op: Op,
  said: Omit<RegisteredClient, 'token_endpoint_auth_method' | 'id_token_signed_response_alg'> & {
    readonly token_endpoint_auth_method: string | undefined
    readonly id_token_signed_response_alg: string | undefined
  },
  asked: ClientMetadata,
): RegisteredClient => {
  const { metadata } = op
  const { registration_access_token, registration_client_uri, id_token_signed_response_alg } = said
  if (registration_client_uri !== undefined) {
    const complete = registration_access_token !== undefined && said.client_secret !== undefined
    if (!complete) throw new OxdError('foreign_registration_client_uri')
    if (!isAtOp(metadata, registration_client_uri)) throw new OxdError('foreign_registration_client_uri')
  }
  const method = authMethod(metadata, said.token_endpoint_auth_method)
  refuseAlgorithms(metadata, asked)
  const client = {
    ...said,
    token_endpoint_auth_method: method,
    token_endpoint_auth_signing_alg: authAlgorithm(
      metadata,
      method,
      asText(asked.token_endpoint_auth_signing_alg),
    ),
    id_token_signed_response_alg: idTokenAlgorithm(op, { ...asked, id_token_signed_response_alg }),
    ...agreedAlgorithms(asked, {}),
    jwks_kids: kidsIn(asked.jwks),
  }
  refuseWeakSecret(client)
  return client
}

/** Takes a registration back, where the OP allows it: nothing is left behind when its record could not be kept. */
export const removeClient = async (op: Op, client: Management): Promise<void> => {
  const { registration_client_uri: url, registration_access_token } = client
  if (url === undefined || registration_access_token === undefined) return
  const headers = { authorization: `Bearer ${registration_access_token}` }
  await op.door.request({ step: 'registration update', url, method: 'DELETE', headers })
}
