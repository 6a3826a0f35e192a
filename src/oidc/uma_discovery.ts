// What an authorization server says of itself: UMA 2.0 where it offers that, else UMA 1.
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-grant-2.0.html#rfc.section.2
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.2
// @see https://docs.kantarainitiative.org/uma/rec-uma-core-v1_0_1.html
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { jsonObject, refusal, shaped, show } from './said.ts'
import type { Whereabouts } from './discovery.ts'
import type { Door, DoorAnswer } from './http.ts'

const OPENID = '/.well-known/openid-configuration'
const UMA_2 = '/.well-known/uma2-configuration'
const UMA_1 = '/.well-known/uma-configuration'

/** Some servers say "none" with an empty text. */
const endpoint = z.preprocess(
  (value) => (value === '' || value === null ? undefined : value),
  z.url({ protocol: /^https?$/ }).optional(),
)

/** What oxd uses of an authorization server, by the names of UMA 2.0; the last three are of UMA 1. */
export interface UmaMetadata {
  readonly version: 1 | 2
  readonly issuer: string
  readonly token_endpoint?: string | undefined
  readonly introspection_endpoint?: string | undefined
  readonly resource_registration_endpoint?: string | undefined
  readonly permission_endpoint?: string | undefined
  readonly claims_interaction_endpoint?: string | undefined
  readonly rpt_endpoint?: string | undefined
  readonly gat_endpoint?: string | undefined
  readonly authorization_endpoint?: string | undefined
}
export type UmaEndpoint = Exclude<keyof UmaMetadata, 'version' | 'issuer'>

const UMA_2_METADATA: z.ZodType<UmaMetadata> = z
  .object({
    issuer: z.string(),
    token_endpoint: endpoint,
    introspection_endpoint: endpoint,
    resource_registration_endpoint: endpoint,
    permission_endpoint: endpoint,
    claims_interaction_endpoint: endpoint,
  })
  .transform((metadata) => ({ version: 2, ...metadata }))

const UMA_1_METADATA: z.ZodType<UmaMetadata> = z
  .object({
    issuer: z.string(),
    token_endpoint: endpoint,
    introspection_endpoint: endpoint,
    resource_set_registration_endpoint: endpoint,
    permission_registration_endpoint: endpoint,
    rpt_endpoint: endpoint,
    gat_endpoint: endpoint,
    authorization_endpoint: endpoint,
  })
  .transform(({ resource_set_registration_endpoint, permission_registration_endpoint, ...rest }) => ({
    version: 1,
    ...rest,
    resource_registration_endpoint: resource_set_registration_endpoint,
    permission_endpoint: permission_registration_endpoint,
  }))

/** The answer says that there is nothing: another version may be tried. What failed is no such answer. */
const isNothing = ({ status }: DoorAnswer): boolean => status >= 400 && status < 500

const fail = (what: string, cause?: unknown): OxdError =>
  new OxdError('no_uma_discovery_response', { what, cause })

const read = (answer: DoorAnswer, schema: z.ZodType<UmaMetadata>, { issuer }: Whereabouts): UmaMetadata => {
  if (answer.status !== 200) throw refusal('discovery', answer)
  const metadata = shaped('discovery', answer.url, schema, jsonObject('discovery', answer))
  const { origin } = new URL(answer.url)
  // RFC 8414 section 3.3: identical, byte for byte, or one server could speak for another.
  if (metadata.issuer !== issuer) throw fail(`${show(origin)} names another issuer in its UMA metadata.`)
  if (!issuer.startsWith('https:')) return metadata
  for (const [name, value] of Object.entries(metadata)) {
    // A token or a secret must never travel unencrypted.
    if (typeof value === 'string' && !value.startsWith('https:')) throw fail(`Its ${name} is not https.`)
  }
  return metadata
}

/**
 * The metadata of the authorization server that the OP also is: of UMA 2.0, or, where it says that it has none, of UMA 1.
 * An OP that cannot be asked about UMA 2.0 is not asked about UMA 1: a failure must not weaken anything.
 * @throws OxdError no_uma_discovery_response, restricted_op_host, ssl_handshake_error
 */
export const discoverUma = async (door: Door, where: Whereabouts): Promise<UmaMetadata> => {
  const ask = (path: string): Promise<DoorAnswer> =>
    door.request({
      step: 'discovery',
      url: `${where.discovery_url.slice(0, -OPENID.length)}${path}`,
      accept: 'application/json',
    })
  try {
    const second = await ask(UMA_2)
    if (!isNothing(second)) return read(second, UMA_2_METADATA, where)
    const first = await ask(UMA_1)
    if (isNothing(first)) throw fail('It offers neither UMA 2.0 nor UMA 1.')
    return read(first, UMA_1_METADATA, where)
  } catch (error) {
    if (!(error instanceof OxdError) || KEPT.has(error.code)) throw error
    throw fail(error.message, error)
  }
}

/** Failures that have a cure of their own. */
const KEPT: ReadonlySet<string> = new Set([
  'no_uma_discovery_response',
  'restricted_op_host',
  'ssl_handshake_error',
  'shutting_down',
])
