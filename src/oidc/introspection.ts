// Token introspection: what the OP says of a token that somebody showed.
// @see https://www.rfc-editor.org/rfc/rfc7662
import { introspectionRequest } from 'oauth4webapi'
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { answerOf, authentication, through } from './client_auth.ts'
import type { TokenClient } from './token_client.ts'
import { jsonObject, refusal, shaped } from './said.ts'
import { scopeTokens } from './scope.ts'
import type { DoorAnswer } from './http.ts'
import type { Op } from './op.ts'

/** The protection API token of a site, for OPs that let only bearers of one introspect. */
export interface PatSource {
  readonly get: () => Promise<string>
  /** A new one, since the OP refused the one that was kept. */
  readonly renew: () => Promise<string>
}

/** ISO 8601 with its offset; without one it would be a time of day somewhere. */
const DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)$/
const secondsOf = (date: string): number => {
  const [, local = '', offset = ''] = DATE.exec(date) ?? []
  return Date.parse(`${local}${offset.replace(/^(...)(\d\d)$/, '$1:$2')}`) / 1000
}

/** Seconds since the epoch: a number, a number in text, or a date. Milliseconds are not guessed. */
const time = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
    z.string().regex(DATE).transform(secondsOf),
  ])
  .pipe(z.number().nonnegative().max(Number.MAX_SAFE_INTEGER))
  .transform(Math.floor)

/** Absent, null and empty all say nothing. */
const said = <T>(type: z.ZodType<T>) =>
  z.preprocess((value) => (value === '' || value === null ? undefined : value), type.optional())
const text = said(z.string().max(LIMITS.text_characters_max))
const texts = z.array(z.string().max(LIMITS.text_characters_max)).max(LIMITS.op_list_items_max)

const id = z.string().min(1).max(LIMITS.text_characters_max)
/** A permission of an RPT, by the names of UMA 2.0 or of UMA 1. */
const PERMISSION = z.union([
  z
    .object({ resource_id: id, resource_scopes: said(texts), exp: said(time) })
    .transform(({ resource_id, resource_scopes = [], exp }) => ({ resource_id, resource_scopes, exp })),
  z
    .object({ resource_set_id: id, scopes: said(texts), exp: said(time) })
    .transform(({ resource_set_id, scopes = [], exp }) => ({
      resource_id: resource_set_id,
      resource_scopes: scopes,
      exp,
    })),
])

// RFC 7662 section 2.2, and UMA 2.0 Federated Authorization section 5.1.1.
const INTROSPECTION = z.object({
  client_id: text,
  scope: said(scopeTokens),
  scopes: said(scopeTokens),
  username: text,
  token_type: text,
  exp: said(time),
  iat: said(time),
  nbf: said(time),
  sub: text,
  aud: said(z.union([z.string().max(LIMITS.text_characters_max), texts])),
  iss: text,
  jti: text,
  acr_values: said(scopeTokens),
  permissions: said(z.array(PERMISSION).max(LIMITS.op_list_items_max)),
})

export interface Permission {
  readonly resource_id: string
  readonly resource_scopes: readonly string[]
  /** Seconds since the epoch. */
  readonly exp?: number | undefined
}

/** What the OP says of the token; undefined: it does not say. Of a token that is not active nothing else is known. */
export interface Introspection {
  readonly active: boolean
  readonly client_id?: string | undefined
  readonly scope: readonly string[]
  readonly username?: string | undefined
  readonly token_type?: string | undefined
  /** Seconds since the epoch, as `iat` and `nbf`. */
  readonly exp?: number | undefined
  readonly iat?: number | undefined
  readonly nbf?: number | undefined
  readonly sub?: string | undefined
  /** As the OP has it: one, or a list. */
  readonly aud?: string | readonly string[] | undefined
  readonly iss?: string | undefined
  readonly jti?: string | undefined
  /** Separated by spaces. */
  readonly acr_values?: string | undefined
  /** Of an RPT. */
  readonly permissions?: readonly Permission[] | undefined
}

/** Only the word `true` of the OP makes a token active. */
const read = (answer: DoorAnswer): Introspection => {
  const object = jsonObject('introspection', answer)
  if (object.active !== true) return { active: false, scope: [] }
  const { scope, scopes, acr_values, ...rest } = shaped('introspection', answer.url, INTROSPECTION, object)
  return { ...rest, active: true, scope: scope ?? scopes ?? [], acr_values: acr_values?.join(' ') }
}

/** "You may not ask", in the words of one OP or another. */
const REFUSED: ReadonlySet<number> = new Set([400, 401, 403])

/**
 * Asks the OP about a token: as the client; where the OP refuses that, with a PAT; where that is refused, with a new one.
 * @throws OxdError no_introspection_endpoint, op_http_status, op_answer_malformed, and those of the PAT and the door
 */
export const introspect = async (
  op: Op,
  client: TokenClient,
  token: string,
  pat: PatSource,
): Promise<Introspection> => {
  const { issuer, introspection_endpoint: url } = op.metadata
  if (url === undefined) throw new OxdError('no_introspection_endpoint')
  const secrets = [token, client.client_secret]

  const asClient = async (): Promise<DoorAnswer> => {
    const server = { issuer, introspection_endpoint: url }
    const { client_id } = client
    const options = through(op, 'introspection')
    return answerOf(
      url,
      await introspectionRequest(server, { client_id }, authentication(op, client, url), token, options),
    )
  }
  const withPat = (bearer: string): Promise<DoorAnswer> => {
    secrets.push(bearer)
    return op.door.request({
      step: 'introspection',
      url,
      method: 'POST',
      accept: 'application/json',
      headers: {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token }).toString(),
    })
  }

  let answer = await asClient()
  if (REFUSED.has(answer.status)) answer = await withPat(await pat.get())
  if (REFUSED.has(answer.status)) answer = await withPat(await pat.renew())
  if (answer.status !== 200) throw refusal('introspection', answer, secrets)
  return read(answer)
}
