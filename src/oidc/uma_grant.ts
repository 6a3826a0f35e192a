// The client's side of UMA 2.0: a ticket becomes an RPT at the token endpoint, or a user is sent to give claims.
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-grant-2.0.html
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { jsonObject, oauthError, shaped } from './said.ts'
import { grantRefused, requestGrant, type GrantAnswer, type GrantErrors } from './token.ts'
import { endpointOf, type As } from './uma.ts'

const UMA_GRANT = 'urn:ietf:params:oauth:grant-type:uma-ticket'

/** What a client asks for, and what it knows of the requesting party. */
export interface RptRequest {
  readonly ticket: string
  readonly claim_token?: string | undefined
  readonly claim_token_format?: string | undefined
  readonly pct?: string | undefined
  /** An RPT to be upgraded. */
  readonly rpt?: string | undefined
  readonly scope?: readonly string[] | undefined
  /** Further parameters of the caller's own. */
  readonly custom: Readonly<Record<string, string>>
}

export interface RptAnswer {
  readonly access_token: string
  readonly token_type: string
  /** Of the requesting party, for the next time; null: none. */
  readonly pct: string | null
  /** Whether the RPT that was shown got more permissions. */
  readonly upgraded: boolean
}

const text = z.string().min(1).max(LIMITS.text_characters_max)
/** Absent, null and empty all say nothing. */
const optional = <T>(type: z.ZodType<T>) =>
  z.preprocess((value) => (value === '' || value === null ? undefined : value), type.optional())

// UMA 2.0 Grant, section 3.3.5.
const GRANTED = z.object({
  access_token: z.string().min(1).max(LIMITS.token_characters_max),
  token_type: text,
  pct: optional(text),
  upgraded: optional(z.boolean()),
})

const names = z.array(text).max(LIMITS.list_items_max)
/** A text as it is, or one in a list, as some servers have it. */
const nameOrNames = z.union([names, text.transform((name) => [name])])
// Section 3.3.6: what is named there, and no more of it than anything honest has.
const NEED_INFO = z.object({
  ticket: text,
  required_claims: optional(
    z
      .array(
        z.object({
          claim_token_format: optional(nameOrNames),
          claim_type: optional(text),
          friendly_name: optional(text),
          issuer: optional(nameOrNames),
          name: optional(text),
        }),
      )
      .max(LIMITS.list_items_max),
  ),
  redirect_user: optional(z.url({ protocol: /^https?$/ }).max(LIMITS.url_characters_max)),
})
const SUBMITTED = z.object({ ticket: text, interval: optional(z.number().nonnegative()) })

const withoutAbsent = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

/** Refusals that say how to go on: what the AS said is handed to the caller. */
const needInfo = (as: As, answer: GrantAnswer): OxdError => {
  const { required_claims, ...said } = shaped('token', answer.url, NEED_INFO, jsonObject('token', answer))
  // Whoever follows it must not be led out of TLS.
  if (as.metadata.issuer.startsWith('https:') && said.redirect_user?.startsWith('https:') === false) {
    throw new OxdError('op_answer_malformed', { what: 'Its redirect_user is not https.' })
  }
  const claims = required_claims?.map(withoutAbsent)
  return new OxdError('need_info', {
    status: answer.status,
    details: { error: 'need_info', ...withoutAbsent({ ...said, required_claims: claims }) },
  })
}
const submitted = (_as: As, answer: GrantAnswer): OxdError => {
  const said = shaped('token', answer.url, SUBMITTED, jsonObject('token', answer))
  return new OxdError('request_submitted', {
    status: answer.status,
    details: { error: 'request_submitted', ...withoutAbsent(said) },
  })
}
const ONWARD: ReadonlyMap<string, (as: As, answer: GrantAnswer) => OxdError> = new Map([
  ['need_info', needInfo],
  ['request_submitted', submitted],
])

/** Section 3.3.6 and, of older servers, the drafts before it. */
const CODES: GrantErrors = new Map([
  ['invalid_grant', 'invalid_ticket'],
  ['invalid_ticket', 'invalid_ticket'],
  ['expired_ticket', 'invalid_ticket'],
  ['request_denied', 'request_denied'],
  ['access_denied', 'request_denied'],
  ['invalid_claim_token', 'invalid_claim_token'],
  ['invalid_claim_token_format', 'invalid_claim_token'],
  ['invalid_scope', 'invalid_scope'],
  ['invalid_client', 'invalid_client'],
])

const refused = (as: As, answer: GrantAnswer): OxdError => {
  const error = oauthError(answer, answer.secrets)?.error
  const onward = error === undefined ? undefined : ONWARD.get(error)
  return onward === undefined ? grantRefused(answer, CODES) : onward(as, answer)
}

/** Parameters of the grant, and of how a client proves itself: no caller sets them beside. */
const OWNED: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'ticket',
  'claim_token',
  'claim_token_format',
  'pct',
  'rpt',
  'scope',
])

/**
 * An RPT for a ticket, asked for once: a ticket is good for one request, whatever its outcome.
 * @throws OxdError need_info, request_submitted, request_denied, invalid_ticket, invalid_claim_token, invalid_scope,
 *   invalid_client, invalid_request (a custom parameter that is not the caller's), op_http_status, op_answer_malformed, and
 *   those of the door
 */
export const requestRpt = async (as: As, asked: RptRequest): Promise<RptAnswer> => {
  const { scope, custom, ...rest } = asked
  const owned = Object.keys(custom).find((name) => OWNED.has(name))
  if (owned !== undefined) {
    throw new OxdError('invalid_request', { what: `The parameter ${owned} is not the caller's to set.` })
  }
  const parameters = withoutAbsent({ ...custom, ...rest, scope: scope?.join(' ') })
  const { op, metadata } = as
  const token_endpoint = metadata.token_endpoint ?? op.metadata.token_endpoint
  const at = { ...op, metadata: { ...op.metadata, token_endpoint } }
  // Each is a text: what was absent has been left out.
  const answer = await requestGrant(at, as.client, UMA_GRANT, parameters as Record<string, string>)
  if (answer.status !== 200) throw refused(as, answer)
  const { pct, upgraded, ...granted } = shaped('token', answer.url, GRANTED, jsonObject('token', answer))
  return { ...granted, pct: pct ?? null, upgraded: upgraded ?? false }
}

/** Parameters of the claims interaction; the caller's own of these names are left out, as in oxd 4.2. */
const RESERVED: ReadonlySet<string> = new Set([
  'oxd_id',
  'client_id',
  'ticket',
  'state',
  'claims_redirect_uri',
])

/**
 * Where a user gives the claims that the AS asked for (section 3.3.2); every parameter once, and encoded.
 * @throws OxdError no_uma_endpoint
 */
export const claimsUrl = (
  as: As,
  asked: { readonly ticket: string; readonly claims_redirect_uri: string; readonly state: string },
  custom: Readonly<Record<string, string>>,
): string => {
  const url = new URL(endpointOf(as, 'claims_interaction_endpoint'))
  const own = Object.entries(custom).filter(([name]) => !RESERVED.has(name) && !url.searchParams.has(name))
  const { ticket, claims_redirect_uri, state } = asked
  const needed = { client_id: as.client.client_id, ticket, claims_redirect_uri, state }
  for (const [name, value] of [...Object.entries(needed), ...own]) url.searchParams.set(name, value)
  return url.href
}
