import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNoSecrets } from './log_scan.ts'

const SECRET = 'a+b/c "d" é & 0123456789 the rest'

test('a text without the secrets passes', () => {
  assertNoSecrets('{"command":"get_tokens_by_code"}\n', { client_secret: SECRET, sub: 'alice' })
})

for (const [shape, text] of Object.entries({
  plain: SECRET,
  'JSON string': JSON.stringify({ secret: SECRET }),
  'URL component': encodeURIComponent(SECRET),
  form: String(new URLSearchParams({ secret: SECRET })),
  base64: Buffer.from(SECRET).toString('base64'),
  'base64 behind one character': Buffer.from(`:${SECRET}`).toString('base64'),
  'base64 between others': Buffer.from(`id:${SECRET}!!`).toString('base64'),
  base64url: Buffer.from(`client:${SECRET}`).toString('base64url'),
  hexadecimal: Buffer.from(SECRET).toString('hex'),
  beginning: SECRET.slice(0, 16),
})) {
  test(`a secret is found: ${shape}`, () => {
    assert.throws(
      () => assertNoSecrets(`first line\nseen: ${text}.`, { state: 'unused-value', client_secret: SECRET }),
      (error: Error) => {
        assert.match(error.message, /^client_secret occurs .*line 2$/)
        assert.ok(!error.message.includes(SECRET))
        return true
      },
    )
  })
}

test('a secret that cannot be looked for is a mistake of the test', () => {
  assert.throws(() => assertNoSecrets('', { code: '' }), /code is too short/)
})
