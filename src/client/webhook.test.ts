// verifyWebhook: believes what oxd signed, just now; nothing else.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { verifyWebhook, type VerifyOptions, type WebhookHeaders } from './webhook.ts'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const OTHER = `whsec_${Buffer.alloc(32, 2).toString('base64')}`
const AT = 1_750_000_000
const NOW = AT * 1000
const MESSAGE = {
  type: 'login.ended',
  timestamp: '2025-06-15T15:06:40.000Z',
  data: { login_id: 'a', sub: 'alice', sid: null, why: 'back_channel_logout', ended_at: AT },
}
const BODY = JSON.stringify(MESSAGE)

const sign = (secret: string, body = BODY, id = 'ended_a', at: number | string = AT): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`${id}.${at}.${body}`)
    .digest('base64')}`
const headersOf = (signature = sign(SECRET), more: Record<string, string | undefined> = {}) => ({
  'webhook-id': 'ended_a',
  'webhook-timestamp': String(AT),
  'webhook-signature': signature,
  ...more,
})
const verify = (
  headers: WebhookHeaders = headersOf(),
  {
    body = BODY,
    secret = SECRET,
    ...options
  }: VerifyOptions & { body?: string | Uint8Array; secret?: string | string[] } = {},
) => verifyWebhook(secret, headers, body, { now: NOW, ...options })
const refused = (code: string, check: () => unknown) => assert.throws(check, { name: 'WebhookError', code })

describe('verifyWebhook', () => {
  it('gives the message, whatever kind of headers and body the server has', () => {
    assert.deepEqual(verify(), MESSAGE)
    assert.deepEqual(verify(new Headers(headersOf())), MESSAGE)
    assert.deepEqual(verify(headersOf(), { body: Buffer.from(BODY) }), MESSAGE)
  })

  it('knows the vector of another implementation', () => {
    // The example of the specification: its secret, id, time, body and signature.
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const body = '{"test": 2432232314}'
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
    assert.equal(sign(secret, body, id, 1_614_265_330), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it('believes either secret, and any of several signatures, while the secret is changed', () => {
    assert.deepEqual(verify(headersOf(`${sign(OTHER)} ${sign(SECRET)}`)), MESSAGE)
    assert.deepEqual(verify(headersOf(sign(OTHER)), { secret: [SECRET, OTHER] }), MESSAGE)
    assert.deepEqual(verify(headersOf(`v1a,x v2,${sign(SECRET).slice(3)} ${sign(SECRET)}`)), MESSAGE)
  })

  it('refuses what is signed with another secret, or was changed', () => {
    refused('bad_signature', () => verify(headersOf(sign(OTHER))))
    refused('bad_signature', () => verify(headersOf(), { body: `${BODY} ` }))
    refused('bad_signature', () => verify(headersOf(undefined, { 'webhook-id': 'ended_b' })))
    refused('bad_signature', () => verify(headersOf(undefined, { 'webhook-timestamp': String(AT + 1) })))
    for (const signature of [
      'v1,',
      'v1',
      sign(SECRET).slice(0, -4),
      `v2,${sign(SECRET).slice(3)}`,
      'x'.repeat(999),
    ])
      refused('bad_signature', () => verify(headersOf(signature)))
    refused('bad_signature', () => verify(headersOf(`${'v1,x '.repeat(16)}${sign(SECRET)}`)))
  })

  it('refuses a message of another time, at the edge of the tolerance', () => {
    assert.deepEqual(verify(headersOf(), { now: NOW + 300_000 }), MESSAGE)
    assert.deepEqual(verify(headersOf(), { now: NOW - 300_000 }), MESSAGE)
    refused('too_old', () => verify(headersOf(), { now: NOW + 300_001 }))
    refused('too_new', () => verify(headersOf(), { now: NOW - 300_001 }))
    refused('too_old', () => verify(headersOf(), { now: NOW + 11_000, tolerance_seconds: 10 }))
  })

  it('refuses without its headers', () => {
    for (const name of Object.keys(headersOf()))
      refused('missing_header', () => verify({ ...headersOf(), [name]: undefined }))
    refused('missing_header', () => verify({ ...headersOf(), 'webhook-id': ['a', 'b'] }))
    for (const at of ['', '1e3', '-1', 'x', ' 1'])
      refused('missing_header', () =>
        verify(headersOf(sign(SECRET, BODY, 'ended_a', at), { 'webhook-timestamp': at })),
      )
  })

  it('refuses what is signed and no message, and a secret that is none', () => {
    for (const body of ['', 'null', '{}', '[]', '{"type":"other"}'])
      refused('malformed_body', () => verify(headersOf(sign(SECRET, body)), { body }))
    for (const secret of ['', 'secret', 'whsec_', SECRET.slice(6)])
      assert.throws(() => verify(headersOf(), { secret }), TypeError)
  })
})
