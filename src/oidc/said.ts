// What an OP said: JSON objects of a known shape, OAuth errors, and texts that are safe to show.
import { z } from 'zod'
import { OxdError } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { cleaned } from './clean.ts'
import { parseJson } from './json.ts'
import type { DoorAnswer, Step } from './http.ts'

const JSON_OBJECT = z.record(z.string(), z.unknown())
// RFC 6749 section 5.2; also the shape of registration and userinfo errors.
const OAUTH_ERROR = z.object({
  error: z.string().min(1),
  // Some OPs say null.
  error_description: z.string().optional().catch(undefined),
})

/** Text from outside as it may be shown: one line, no control characters, cut. */
export const show = (text: string): string => cleaned(text, LIMITS.op_text_characters_max)

/** `application/json`, or a type that is built on it (RFC 6839 section 3.1), such as that of key sets. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i

/**
 * The JSON object of an answer that says that it is JSON: a page that happens to parse comes from somebody in between.
 * @throws OxdError op_answer_malformed
 */
export const jsonObject = (step: Step, { text, url, headers }: DoorAnswer): Record<string, unknown> => {
  const type = headers.get('content-type') ?? ''
  if (!JSON_TYPE.test(type)) {
    throw new OxdError('op_answer_malformed', {
      what: `${show(new URL(url).origin)} answered the ${step} request with ${show(JSON.stringify(type))} instead of application/json.`,
      reason: { about: 'content-type', spec: 'RFC 8259 11', expected: 'application/json', seen: type },
    })
  }
  const object = JSON_OBJECT.safeParse(parseJson(text))
  if (object.success) return object.data
  throw new OxdError('op_answer_malformed', {
    what: `${show(new URL(url).origin)} answered the ${step} request with no JSON object.`,
  })
}

/** The answer as `schema` has it. @throws OxdError op_answer_malformed, with the name of the member that is wrong */
export const shaped = <T>(step: Step, url: string, schema: z.ZodType<T>, object: unknown): T => {
  const result = schema.safeParse(object)
  if (result.success) return result.data
  const member = result.error.issues[0]?.path.join('.') ?? ''
  throw new OxdError('op_answer_malformed', {
    what: `${show(new URL(url).origin)} answered the ${step} request with a missing or malformed ${show(member)}.`,
    reason: { about: show(member) },
  })
}

/** A text as it is read from a URL or a form. */
const decoded = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, (codes) => Buffer.from(codes.replaceAll('%', ''), 'hex').toString())

// Long enough for no word: credentials of HTTP Basic (RFC 7617), and secrets that somebody thought to hide.
const BASE64 = /[\w+/-]{12,}={0,2}/g

/** An OP may repeat what it was sent: as it is, as it stood in a URL or form, or in HTTP Basic. */
const repeats = (text: string, secrets: readonly (string | undefined)[]): boolean => {
  const readings = [
    text,
    ...(text.match(BASE64) ?? []).map((run) => Buffer.from(run, 'base64').toString()),
  ].flatMap((reading) => [reading, decoded(reading), decoded(reading.replaceAll('+', '%2b'))])
  return secrets
    .filter((secret): secret is string => secret !== undefined && secret !== '')
    .flatMap((secret) => [secret, cleaned(secret, Infinity)])
    .some((secret) => readings.some((reading) => reading.includes(secret)))
}

/**
 * The `error` and `error_description` with which an OP refuses, cleaned and bounded, or undefined.
 * `secrets` are those of the request: a description that repeats one is left out.
 */
export const oauthError = (
  { text }: DoorAnswer,
  secrets: readonly (string | undefined)[],
): { error: string; said: string } | undefined => {
  const refusal = OAUTH_ERROR.safeParse(parseJson(text))
  if (!refusal.success) return undefined
  return { error: refusal.data.error, said: saidIn(refusal.data, secrets) }
}

/** Error and description as one text that may be shown; a description that repeats a secret is left out. */
export const saidIn = (
  {
    error,
    error_description = '',
  }: { readonly error: string; readonly error_description?: string | undefined },
  secrets: readonly (string | undefined)[],
): string => {
  const whole = error_description === '' ? error : `${error}: ${error_description}`
  // All of it is looked at, or nothing is shown: the part that is shown may be the beginning of a secret.
  const short = [whole, error, 'an error'].filter(({ length }) => length <= LIMITS.op_said_characters_max)
  const said = short.find((shown) => !repeats(cleaned(shown, Infinity), secrets)) ?? ''
  // It stands in a sentence of ours, which has its own end.
  return show(said).replace(/\.$/, '')
}

/** The refusal of an OP, with what it said. */
export const refusal = (
  step: Step,
  answer: DoorAnswer,
  secrets: readonly (string | undefined)[] = [],
): OxdError => {
  const said = oauthError(answer, secrets)?.said
  return new OxdError('op_http_status', {
    status: answer.status,
    details: { status: answer.status },
    what: `${show(new URL(answer.url).origin)} answered the ${step} request with ${answer.status}${said === undefined ? '' : ` (${said})`}.`,
  })
}
