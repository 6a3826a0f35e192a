// What a receiver of webhooks needs: is this message from oxd, and is it new?
import { createHmac, timingSafeEqual } from 'node:crypto'

const PREFIX = 'whsec_'
/** An honest message has two signatures at most, while its secret is changed. */
const SIGNATURES_MAX = 16
const TOLERANCE_SECONDS = 300

/** The end of a login, as a webhook tells it. */
export interface WebhookMessage {
  readonly type: 'login.ended'
  /** ISO 8601. */
  readonly timestamp: string
  readonly data: {
    readonly login_id: string
    readonly sub: string
    readonly sid: string | null
    readonly why: string
    /** Seconds since the epoch. */
    readonly ended_at: number
  }
}

/**
 * - `missing_header`: a header is not there, there twice, or malformed.
 * - `too_old`, `too_new`: the message was signed at another time: sent again by somebody, or the clocks differ.
 * - `bad_signature`: it was not signed with a secret of yours, or has been changed.
 * - `malformed_body`: it is signed, but no message of oxd.
 */
export type WebhookErrorCode = 'missing_header' | 'too_old' | 'too_new' | 'bad_signature' | 'malformed_body'

/** The message is not to be believed: answer 400, and do nothing. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly code: WebhookErrorCode
  constructor(code: WebhookErrorCode) {
    super(`the webhook message is refused: ${code}`)
    this.code = code
  }
}

/** The headers of Node's `IncomingMessage`, of Express, or of `fetch`. */
export type WebhookHeaders =
  | { readonly get: (name: string) => string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export interface VerifyOptions {
  /** Milliseconds since the epoch. Default: now. */
  readonly now?: number
  /** How far the time of the message may be from now. Default: 300. */
  readonly tolerance_seconds?: number
}

const headerIn = (headers: WebhookHeaders, name: string): string => {
  const value = typeof headers.get === 'function' ? headers.get(name) : Reflect.get(headers, name)
  if (typeof value !== 'string' || value === '') throw new WebhookError('missing_header')
  return value
}

const keyOf = (secret: string): Buffer => {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  if (!secret.startsWith(PREFIX) || key.length < 24)
    throw new TypeError('a webhook secret begins with whsec_')
  return key
}

/**
 * The message, once it is proven that oxd sent it, just now. Messages may come twice, under one `webhook-id`.
 *
 * @param secret - `logout_webhook_secret`, as oxd told it; while it is changed, both
 * @param headers - of the request
 * @param body - the bytes of the request as they came, or their text; not what a JSON parser made of them
 * @throws WebhookError
 * @see https://www.standardwebhooks.com
 */
export const verifyWebhook = (
  secret: string | readonly string[],
  headers: WebhookHeaders,
  body: string | Uint8Array,
  { now = Date.now(), tolerance_seconds = TOLERANCE_SECONDS }: VerifyOptions = {},
): WebhookMessage => {
  const keys = [secret].flat().map(keyOf)
  const id = headerIn(headers, 'webhook-id')
  const timestamp = headerIn(headers, 'webhook-timestamp')
  const signatures = headerIn(headers, 'webhook-signature').split(' ').slice(0, SIGNATURES_MAX)
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError('missing_header')
  const bytes = Buffer.from(body)
  const expected = keys.map((key) =>
    createHmac('sha256', key).update(`${id}.${timestamp}.`).update(bytes).digest(),
  )
  // Each is compared, in constant time, so that the time tells nothing of which one fits.
  const fits = signatures.flatMap((one) => {
    const given = one.startsWith('v1,') ? Buffer.from(one.slice(3), 'base64') : Buffer.alloc(0)
    return expected.map((mac) => given.length === mac.length && timingSafeEqual(given, mac))
  })
  if (!fits.includes(true)) throw new WebhookError('bad_signature')
  const age_seconds = now / 1000 - Number(timestamp)
  if (age_seconds > tolerance_seconds) throw new WebhookError('too_old')
  if (age_seconds < -tolerance_seconds) throw new WebhookError('too_new')
  return messageIn(bytes)
}

const messageIn = (bytes: Buffer): WebhookMessage => {
  try {
    const message: unknown = JSON.parse(bytes.toString('utf8'))
    // What oxd signs has this shape; another type is of a newer oxd.
    if (typeof message === 'object' && message !== null && Reflect.get(message, 'type') === 'login.ended')
      return message as WebhookMessage
  } catch {
    // As below.
  }
  throw new WebhookError('malformed_body')
}
