// The protection API of an authorization server: resources are registered there, and tickets asked for, with the PAT.
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.3
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.4
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { introspect, type Introspection } from './introspection.ts'
import { jsonObject, refusal, shaped } from './said.ts'
import { endpointOf, withPat, type As, type PatAnswer } from './uma.ts'

/** A resource as the AS is told of it. */
export interface ResourceDescription {
  readonly name: string
  readonly scopes: readonly string[]
  /** JSON of a rule and its scopes; of Gluu, beside UMA 2.0. */
  readonly scope_expression?: string | undefined
  /** Seconds since the epoch; of Gluu, beside UMA 2.0. */
  readonly iat?: number | undefined
  readonly exp?: number | undefined
}

/** Both requests are registrations, in the words of UMA 1. */
const STEP = 'registration'

/** Its name at the AS; a dot or two would be another address. */
const REGISTERED = z.object({
  _id: z
    .string()
    .min(1)
    .max(LIMITS.text_characters_max)
    .refine((id) => id !== '.' && id !== '..'),
})
/** What stands between quotation marks in a header. */
const TICKET = z.object({
  ticket: z
    .string()
    .min(1)
    .max(LIMITS.text_characters_max)
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/),
})

const written = (
  { metadata: { version } }: As,
  { name, scopes, scope_expression, iat, exp }: ResourceDescription,
): string =>
  JSON.stringify(
    version === 1 ? { name, scopes } : { name, resource_scopes: scopes, scope_expression, iat, exp },
  )

const send = (as: As, method: string, url: string, body?: string): Promise<PatAnswer> =>
  withPat(as, ({ authorization }) =>
    as.op.door.request({
      step: STEP,
      url,
      method,
      accept: 'application/json',
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    }),
  )

const expectStatus = (answer: PatAnswer, expected: readonly number[]): void => {
  if (!expected.includes(answer.status)) throw refusal(STEP, answer, answer.secrets)
}

const addressOf = (as: As, id: string): string => {
  const url = new URL(endpointOf(as, 'resource_registration_endpoint'))
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${encodeURIComponent(id)}`
  return url.href
}

/**
 * Registers a resource; its id at the AS.
 * @throws OxdError no_uma_endpoint, op_http_status, op_answer_malformed, and those of the PAT and the door
 */
export const createResource = async (as: As, resource: ResourceDescription): Promise<string> => {
  const url = endpointOf(as, 'resource_registration_endpoint')
  const answer = await send(as, 'POST', url, written(as, resource))
  // 201 is the rule, 200 what some servers answer.
  expectStatus(answer, [201, 200])
  return shaped(STEP, url, REGISTERED, jsonObject(STEP, answer))._id
}

/** Describes a resource anew. @throws OxdError as `createResource` does */
export const updateResource = async (as: As, id: string, resource: ResourceDescription): Promise<void> => {
  expectStatus(await send(as, 'PUT', addressOf(as, id), written(as, resource)), [200, 201, 204])
}

/** Deletes a resource; one that is gone already is deleted. @throws OxdError as `createResource` does */
export const deleteResource = async (as: As, id: string): Promise<void> => {
  expectStatus(await send(as, 'DELETE', addressOf(as, id)), [200, 204, 404, 410])
}

/**
 * Asks for a ticket, with which a client may ask for these scopes of a resource.
 * @throws OxdError no_uma_endpoint, op_http_status, op_answer_malformed, and those of the PAT and the door
 */
export const requestTicket = async (
  as: As,
  { resource_id, scopes }: { readonly resource_id: string; readonly scopes: readonly string[] },
): Promise<string> => {
  const url = endpointOf(as, 'permission_endpoint')
  // UMA 2.0 has an object or a list; Keycloak reads only lists.
  const asked =
    as.metadata.version === 1
      ? { resource_set_id: resource_id, scopes }
      : [{ resource_id, resource_scopes: scopes }]
  const answer = await send(as, 'POST', url, JSON.stringify(asked))
  expectStatus(answer, [201, 200])
  return shaped(STEP, url, TICKET, jsonObject(STEP, answer)).ticket
}

/**
 * What the AS says of an RPT, at the introspection endpoint of its UMA metadata.
 * @throws OxdError no_uma_endpoint, and those of `introspect`
 */
export const introspectRpt = (as: As, rpt: string): Promise<Introspection> => {
  const introspection_endpoint = endpointOf(as, 'introspection_endpoint')
  const op = { ...as.op, metadata: { ...as.op.metadata, introspection_endpoint } }
  return introspect(op, as.client, rpt, as.pat)
}

/** Takes resources back that are of no use, as far as the AS lets oxd; how many stayed there. */
export const takeBack = async (as: As, ids: readonly string[]): Promise<number> => {
  let left = 0
  for (const id of ids) {
    await deleteResource(as, id).catch((error: unknown) => {
      if (!(error instanceof OxdError)) throw error
      left += 1
    })
  }
  return left
}
