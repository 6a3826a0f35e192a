// The client's side of UMA 1, as the clients of oxd 2.4 and 3.0 know it: AAT, RPT, GAT and the authorization of an RPT.
// @see https://docs.kantarainitiative.org/uma/rec-uma-core-v1_0_1.html
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { jsonObject, oauthError, refusal, shaped, show } from './said.ts'
import { clientCredentials } from './token.ts'
import { endpointOf, type As, type PatAnswer } from './uma.ts'
import type { UmaEndpoint } from './uma_discovery.ts'

const SCOPE = ['uma_authorization']
const STEP = 'token'
const ISSUED = z.object({ rpt: z.string().min(1).max(LIMITS.token_characters_max) })

/**
 * One request with an authorization API token (AAT). It is obtained for this request: kept ones would have to be told apart
 * by user, and nobody uses UMA 1 often enough to miss them.
 */
const withAat = async (as: As, endpoint: UmaEndpoint, body: object | undefined): Promise<PatAnswer> => {
  const url = endpointOf(as, endpoint)
  const { access_token } = await clientCredentials(as.op, as.client, { scope: SCOPE })
  const answer = await as.op.door.request({
    step: STEP,
    url,
    method: 'POST',
    accept: 'application/json',
    headers: {
      authorization: `Bearer ${access_token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { ...answer, secrets: [access_token] }
}

const issued = (answer: PatAnswer): string => {
  if (answer.status !== 200 && answer.status !== 201) throw refusal(STEP, answer, answer.secrets)
  return shaped(STEP, answer.url, ISSUED, jsonObject(STEP, answer)).rpt
}

/**
 * A new requesting party token, which nothing is permitted yet. Never one that was given before: it would carry what
 * another user may do.
 * @throws OxdError no_uma_endpoint, op_http_status, op_answer_malformed, and those of the AAT and the door
 */
export const requestRpt1 = async (as: As): Promise<string> =>
  issued(await withAat(as, 'rpt_endpoint', undefined))

/** A Gluu access token for these scopes, at whatever resource. @throws OxdError as `requestRpt1` does */
export const requestGat = async (as: As, scopes: readonly string[]): Promise<string> =>
  issued(await withAat(as, 'gat_endpoint', { scopes }))

/** Has the permissions of a ticket added to an RPT. @throws OxdError rpt_not_authorized, and as `requestRpt1` does */
export const authorizeRpt = async (
  as: As,
  asked: { readonly rpt: string; readonly ticket: string },
): Promise<void> => {
  const answer = await withAat(as, 'authorization_endpoint', { rpt: asked.rpt, ticket: asked.ticket })
  if (answer.status === 200 || answer.status === 201) return
  const secrets = [...answer.secrets, asked.rpt, asked.ticket]
  if (answer.status !== 400 && answer.status !== 403) throw refusal(STEP, answer, secrets)
  const said = oauthError(answer, secrets)?.said ?? `status ${answer.status}`
  throw new OxdError('rpt_not_authorized', { what: `${show(new URL(answer.url).origin)} says: ${said}.` })
}
