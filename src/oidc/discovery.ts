// Discovery: the metadata of an OP, checked before anything else is asked of it.
import { z } from 'zod'
import { ERRORS, OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { published, type PublishedMetadata } from './published.ts'
import { jsonObject, refusal, shaped, show } from './said.ts'
import type { Door } from './http.ts'
import type { QuirkName } from './quirks.ts'

const SELF_ISSUED = 'self-issued.me'
const WELL_KNOWN = '/.well-known/openid-configuration'

/** No blank, control or user name, which a parser of URLs would take out or hide; no fragment (RFC 6749 section 3.1). */
const isEndpoint = (url: string): boolean => {
  if (url.length > LIMITS.url_characters_max) return false
  if (!/^https?:[\x21-\x7e]+$/.test(url) || url.includes('#') || !URL.canParse(url)) return false
  const { username, password } = new URL(url)
  return username === '' && password === ''
}
const endpoint = z.string().refine(isEndpoint)
const names = z.array(z.string().max(LIMITS.text_characters_max)).max(LIMITS.op_list_items_max)
/** What may be asked for: who says it wrong says nothing. */
const choice = names.optional().catch(undefined)
/** What oxd uses of the metadata of an OP (OpenID Connect Discovery 1.0 section 3). */
const OP_METADATA = z.object({
  issuer: z.string(),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  userinfo_endpoint: endpoint.optional(),
  registration_endpoint: endpoint.optional(),
  introspection_endpoint: endpoint.optional(),
  end_session_endpoint: endpoint.optional(),
  /** An OP that says no is not told where to send logouts; one that says nothing may send them all the same. */
  backchannel_logout_supported: z.boolean().optional().catch(undefined),
  frontchannel_logout_supported: z.boolean().optional().catch(undefined),
  token_endpoint_auth_methods_supported: names.optional(),
  /** Decides what a client asks for by default, and nothing else: who says it wrong says nothing. */
  grant_types_supported: choice,
  id_token_signing_alg_values_supported: names.optional(),
  token_endpoint_auth_signing_alg_values_supported: choice,
  id_token_encryption_alg_values_supported: choice,
  id_token_encryption_enc_values_supported: choice,
  userinfo_signing_alg_values_supported: choice,
  userinfo_encryption_alg_values_supported: choice,
  userinfo_encryption_enc_values_supported: choice,
  authorization_signing_alg_values_supported: choice,
  authorization_encryption_alg_values_supported: choice,
  authorization_encryption_enc_values_supported: choice,
  request_object_signing_alg_values_supported: choice,
  request_object_encryption_alg_values_supported: choice,
  request_object_encryption_enc_values_supported: choice,
  pushed_authorization_request_endpoint: endpoint.optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  /** Used for nothing: real OPs leave them out, and who says them wrong publishes something else. */
  response_types_supported: names.optional(),
  subject_types_supported: names.optional(),
  /** RFC 9207 section 3: each of its responses has `iss`. */
  authorization_response_iss_parameter_supported: z.boolean().optional().catch(undefined),
})
export type OpMetadata = z.output<typeof OP_METADATA>

/** Where an OP is found: the issuer that its metadata must name, and the URL of the metadata. */
export interface Whereabouts {
  readonly issuer: string
  readonly discovery_url: string
  /** Deviations that a site says are those of its OP, beside those that are known of the issuer. */
  readonly quirks?: readonly QuirkName[] | undefined
}

/** What a parser of URLs leaves out: the issuer would be one text, and the address that is asked another. */
const PASSED_OVER = /[\s\p{C}]/u

const invalidHost = (what: string): OxdError => new OxdError('invalid_op_host', { what })

/**
 * Where the discovery document of `op_host` is (OpenID Connect Discovery 1.0 section 4).
 * `op_discovery_path` (oxd 3.1) belongs to the issuer; `configuration_endpoint` (oxd 4.2) replaces both.
 * @throws OxdError invalid_op_host
 */
export const whereabouts = (
  op_host: string,
  options: {
    readonly op_discovery_path?: string | undefined
    readonly configuration_endpoint?: string | undefined
  },
): Whereabouts => {
  const { op_discovery_path = '', configuration_endpoint } = options
  if (configuration_endpoint !== undefined && !configuration_endpoint.endsWith(WELL_KNOWN)) {
    throw new OxdError('invalid_op_configuration_endpoint', { what: `It must end in ${WELL_KNOWN}.` })
  }
  const withScheme = op_host.includes('://') ? op_host : `https://${op_host}`
  const path =
    op_discovery_path === '' || op_discovery_path.startsWith('/')
      ? op_discovery_path
      : `/${op_discovery_path}`
  const issuer =
    configuration_endpoint?.slice(0, -WELL_KNOWN.length) ??
    `${path === '' ? withScheme : withScheme.replace(/\/$/, '')}${path}`
  if (!URL.canParse(issuer) || PASSED_OVER.test(issuer)) throw invalidHost('op_host must be an https URL.')
  const { protocol, hostname, username, password } = new URL(issuer)
  if (protocol !== 'https:' && protocol !== 'http:') throw invalidHost('op_host must be an https URL.')
  if (/[?#]/.test(issuer) || username !== '' || password !== '') {
    throw invalidHost('op_host must have no query, fragment, user name or password.')
  }
  // Core 7: whoever signs for themselves has no discovery, no keys and no registration.
  if (hostname === SELF_ISSUED) throw invalidHost('A self-issued OP is none that oxd knows.')
  return { issuer, discovery_url: configuration_endpoint ?? `${issuer.replace(/\/$/, '')}${WELL_KNOWN}` }
}

/** Failures that old clients know under the one name of discovery. */
const asDiscoveryFailure = (error: unknown): unknown =>
  error instanceof OxdError &&
  (ERRORS[error.code].wire === 'internal_error' || error.code === 'op_http_status')
    ? new OxdError('no_connect_discovery_response', { what: error.message, cause: error })
    : error

/** The document, and what `read` makes of it once it is complete and of the issuer that was asked for. */
const fetchDocument = async <T>(
  door: Door,
  { issuer, discovery_url }: Whereabouts,
  read: (metadata: OpMetadata, document: Readonly<Record<string, unknown>>) => T,
): Promise<T> => {
  try {
    const response = await door.request({ step: 'discovery', url: discovery_url, accept: 'application/json' })
    if (response.status !== 200) throw refusal('discovery', response)
    const document = jsonObject('discovery', response)
    const metadata = shaped('discovery', discovery_url, OP_METADATA, document)
    // Discovery 1.0 section 4.3: identical, byte for byte; a trailing slash makes another issuer.
    if (metadata.issuer !== issuer) {
      throw new OxdError('invalid_issuer_discovered', {
        what: `${new URL(discovery_url).origin} was asked as ${show(issuer)}: op_host must be the issuer, byte for byte (also a trailing slash counts).`,
        reason: { about: 'iss', spec: 'Discovery 4.3', expected: issuer, seen: metadata.issuer },
      })
    }
    refuseDowngrade(metadata)
    return read(metadata, document)
  } catch (error) {
    throw asDiscoveryFailure(error)
  }
}

/**
 * The metadata of the OP, complete and of the issuer that was asked for.
 * @throws OxdError no_connect_discovery_response, invalid_issuer_discovered, restricted_op_host, ssl_handshake_error
 */
export const discover = (door: Door, where: Whereabouts): Promise<OpMetadata> =>
  fetchDocument(door, where, (metadata) => metadata)

/**
 * All that the OP publishes, fetched anew and checked as `discover` checks it, by the names of oxd 4.x.
 * @throws OxdError as `discover` does
 */
export const fetchDiscovery = (door: Door, where: Whereabouts): Promise<PublishedMetadata> =>
  fetchDocument(door, where, (_metadata, document) => published(document))

/** An OP at https names no endpoint at http: a secret must never travel unencrypted (Discovery 1.0 section 7.1). */
const refuseDowngrade = (metadata: OpMetadata): void => {
  if (!metadata.issuer.startsWith('https:')) return
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === 'string' && !value.startsWith('https:')) {
      throw new OxdError('no_connect_discovery_response', { what: `Its ${name} is not https.` })
    }
  }
}
