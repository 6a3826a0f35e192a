// One site as oxd 3.0, 3.1 or 4.x kept it, made into a site of ours.
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { isObject } from '../is_object.ts'
import { AUTH_METHODS } from '../oidc/client_auth.ts'
import { isHmac, isLongEnough } from '../oidc/client_key.ts'
import { whereabouts } from '../oidc/discovery.ts'
import { ALGORITHMS } from '../oidc/keys.ts'
import { secretExpiry } from '../site.ts'
import { settingsFrom } from '../site_settings.ts'
import type { Setup, Site } from '../site.ts'
import type { SiteParams } from '../site_settings.ts'
import { isBlank, siteParams } from './old_names.ts'
import type { Values } from './old_names.ts'

/** A resource that the site registered at its UMA authorization server. */
export interface OldUmaResource {
  /** Its name there. */
  readonly id: string
  readonly path: string
  readonly http_methods: readonly string[]
  readonly scopes: readonly string[]
  /** The scopes that a ticket asks for, where they are others. */
  readonly ticket_scopes: readonly string[]
  /** Each the JSON text of a rule and its data (3.1.2 and later). */
  readonly scope_expressions: readonly string[]
}

export interface OldSite {
  /** Its issuer is what the record says, which the OP has not confirmed yet. */
  readonly site: Site
  readonly uma_resources: readonly OldUmaResource[]
  /** What the owner of the site should know, or change at the OP. */
  readonly notes: readonly string[]
}

/** Why a record is no site: one sentence, in which no value of the record occurs. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
}

const OXD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const isOxdId = (text: unknown): text is string => typeof text === 'string' && OXD_ID.test(text)

/** No honest record has such a member; to set one on an object would change what the object is. */
const holdsProto = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.hasOwn(value, '__proto__') || Object.values(value).some(holdsProto))

const textOf = (record: Values, name: string): string | undefined => {
  const value = record[name]
  if (isBlank(value)) return undefined
  if (typeof value === 'string') return value.trim()
  throw new RecordError(`${name} is not a text`)
}

const texts = z
  .union([z.array(z.string()), z.string().transform((text) => [text])])
  .nullish()
  .transform((list) => (list ?? []).filter((item) => !isBlank(item)))
const RESOURCES = z.array(
  z
    .object({
      id: z.string(),
      path: z.string(),
      http_methods: texts,
      httpMethods: texts,
      scopes: texts,
      ticketScopes: texts,
      ticket_scopes: texts,
      scope_expressions: texts,
      scopeExpressions: texts,
    })
    .transform(({ id, path, http_methods, httpMethods, scopes, ...old }): OldUmaResource => ({
      id,
      path,
      http_methods: [...http_methods, ...httpMethods],
      scopes,
      ticket_scopes: [...old.ticketScopes, ...old.ticket_scopes],
      scope_expressions: [...old.scope_expressions, ...old.scopeExpressions],
    })),
)

const umaResources = (value: unknown): readonly OldUmaResource[] => {
  const result = RESOURCES.safeParse(value ?? [])
  if (result.success) return result.data
  const [place, member] = result.error.issues[0]?.path ?? []
  throw new RecordError(
    `uma_protected_resources is malformed${place === undefined ? '' : ` (item ${String(place)}${member === undefined ? '' : `: ${String(member)}`})`}`,
  )
}

/** oxd 3.1 linked a site to the setup client whose tokens protect it; a setup client is its own. */
const setupOf = (record: Values, oxd_id: string, client_id: string): Setup | undefined => {
  if (record.is_setup_client === true) return { oxd_id, client_id }
  const setup_oxd_id = textOf(record, 'setup_oxd_id')
  const setup_client_id = textOf(record, 'setup_client_id')
  if (setup_client_id === undefined) return undefined
  // Without the site of the setup client oxd 3.1 introspected with the site's own token.
  if (setup_oxd_id !== undefined && !isOxdId(setup_oxd_id)) throw new RecordError('setup_oxd_id is no oxd_id')
  return { oxd_id: setup_oxd_id ?? oxd_id, client_id: setup_client_id }
}

/** Milliseconds, as the originals kept it. It is only shown, so no site is refused on account of it. */
const issuedAt = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 1000 ? Math.floor(value / 1000) : undefined

const DEFAULT_METHOD = 'client_secret_basic'
const DEFAULT_ALGORITHM = 'RS256'

const clientOf = (
  { client_id_issued_at }: Values,
  { client_id, client_secret, ...params }: SiteParams,
  notes: string[],
): Site['client'] => {
  if (client_id === undefined) throw new RecordError('it has no client_id: it was never registered at its OP')
  const method = params.client_token_endpoint_auth_method ?? DEFAULT_METHOD
  // Its keys stayed with the old oxd.
  const isKnownMethod = Object.hasOwn(AUTH_METHODS, method) && method !== 'private_key_jwt'
  if (client_secret === undefined && method !== 'none') throw new RecordError('it has no client_secret')
  if (!isKnownMethod) {
    notes.push(
      `token_endpoint_auth_method was one that oxd does not have: it authenticates with ${DEFAULT_METHOD}, which the client at the OP must be set to (update_site_registration, or by hand).`,
    )
  }
  const alg = params.id_token_signed_response_alg ?? DEFAULT_ALGORITHM
  const isKnownAlgorithm = Object.hasOwn(ALGORITHMS, alg) || (isHmac(alg) && isLongEnough(client_secret, alg))
  if (!isKnownAlgorithm) {
    notes.push(
      `id_token_signed_response_alg was one that oxd does not accept, or with a secret that is too short for it: it insists on ${DEFAULT_ALGORITHM}, which the client at the OP must be set to (update_site_registration, or by hand).`,
    )
  }
  const registration_access_token = params.client_registration_access_token
  const registration_client_uri = params.client_registration_client_uri
  const manages = registration_access_token !== undefined && registration_client_uri !== undefined
  return {
    client_id,
    client_secret,
    client_secret_expires_at: secretExpiry(params.client_secret_expires_at),
    client_id_issued_at: issuedAt(client_id_issued_at),
    token_endpoint_auth_method: isKnownMethod ? method : DEFAULT_METHOD,
    id_token_signed_response_alg: isKnownAlgorithm ? alg : DEFAULT_ALGORITHM,
    ...(manages ? { registration_access_token, registration_client_uri } : {}),
    by_hand: !manages,
  }
}

const readSite = (oxd_id: string, record: Values): OldSite => {
  const configuration_endpoint = textOf(record, 'op_configuration_endpoint')
  const op_host = textOf(record, 'op_host') ?? configuration_endpoint
  if (op_host === undefined) throw new RecordError('it has no op_host')
  const op_discovery_path = textOf(record, 'op_discovery_path')
  const where = whereabouts(op_host, { op_discovery_path, configuration_endpoint })
  const notes: string[] = []
  const params = siteParams(record)
  const client = clientOf(record, params, notes)
  const setup = setupOf(record, oxd_id, client.client_id)
  const settings = settingsFrom(oxd_id, {
    ...params,
    // Only where the record named one: what the OP is told of anew must be what oxd does.
    client_token_endpoint_auth_method:
      params.client_token_endpoint_auth_method && client.token_endpoint_auth_method,
    id_token_signed_response_alg: params.id_token_signed_response_alg && client.id_token_signed_response_alg,
  })
  return {
    site: {
      oxd_id,
      op_host,
      ...where,
      version: 1,
      settings,
      client,
      ...(setup === undefined ? {} : { setup }),
    },
    uma_resources: umaResources(record.uma_protected_resources),
    notes,
  }
}

/**
 * The site of a record. Unknown members are passed over, as the original did; tokens and passwords of users are dropped.
 * @throws RecordError
 */
export const siteOf = (oxd_id: string, record: unknown): OldSite => {
  if (!isObject(record)) throw new RecordError('it is no JSON object, or has a member twice')
  if (holdsProto(record)) throw new RecordError('it has a member __proto__')
  if (!isOxdId(oxd_id)) throw new RecordError('its name is no oxd_id')
  const own = textOf(record, 'oxd_id')
  if (own !== undefined && own !== oxd_id) throw new RecordError('it says that it has another oxd_id')
  try {
    return readSite(oxd_id, record)
  } catch (error) {
    if (error instanceof OxdError) throw new RecordError(error.message, { cause: error })
    throw error
  }
}
