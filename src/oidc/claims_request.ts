// The parameter `claims`: which claims are asked for one by one, and which acr the login cannot do without.
// @see https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { parseJson } from './json.ts'

const ONE = z
  .looseObject({
    essential: z.boolean().optional(),
    value: z.unknown().optional(),
    values: z.array(z.unknown()).min(1).optional(),
  })
  .nullable()
const CLAIMS_REQUEST = z.looseObject({
  userinfo: z.record(z.string(), ONE).optional(),
  id_token: z.record(z.string(), ONE).optional(),
})
const ACRS = z.array(z.string().min(1))

export interface ClaimsRequest {
  /** As it is sent. */
  readonly text: string
  /** The values of an essential `acr`; empty: any. Undefined: it is not essential. */
  readonly essential_acr: readonly string[] | undefined
}

const refused = (what: string): OxdError => new OxdError('invalid_request', { what: `claims ${what}.` })

/** The parameter, from a JSON object or its text. @throws OxdError invalid_request */
export const claimsRequest = (given: string | Readonly<Record<string, unknown>>): ClaimsRequest => {
  const text = typeof given === 'string' ? given : JSON.stringify(given)
  const read = CLAIMS_REQUEST.safeParse(parseJson(text))
  if (!read.success) throw refused('is not the JSON object of Core 5.5')
  const acr = read.data.id_token?.acr
  if (acr?.essential !== true) return { text, essential_acr: undefined }
  const values = ACRS.safeParse(acr.values ?? (acr.value === undefined ? [] : [acr.value]))
  if (!values.success) throw refused('has an acr that is no text')
  return { text, essential_acr: values.data }
}
