// Parameters as old clients send them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OxdError } from './error.ts'
import { fields, isPlainUri } from './fields.ts'
import { readParams } from './params.ts'

const SHAPE = {
  oxd_id: fields.oxd_id,
  scope: fields.scope.optional(),
  prompt: fields.prompt.optional(),
  trusted_client: fields.trusted_client.optional(),
  params: fields.params.optional(),
  client_secret: fields.client_secret.optional(),
  client_secret_expires_at: fields.client_secret_expires_at.optional(),
  client_uri: fields.client_uri.optional(),
  subject_type: fields.subject_type.optional(),
  jwks: fields.jwks.optional(),
}

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const members = (count: number): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, 'x']))

describe('parameters', () => {
  const TAKEN: readonly (readonly [sent: Record<string, unknown>, read: Record<string, unknown>])[] = [
    [{ prompt: null, scope: null, params: null, client_secret: '' }, {}],
    [{ prompt: '', scope: [], params: {}, trusted_client: null }, {}],
    [{ prompt: '  ', scope: ['', null, ' '] }, {}],
    [{ prompt: 7 }, { prompt: '7' }],
    [{ prompt: true }, { prompt: 'true' }],
    [{ prompt: ['login'] }, { prompt: 'login' }],
    [{ scope: 'openid' }, { scope: ['openid'] }],
    [{ scope: [' openid', 'profile ', 3] }, { scope: ['openid', 'profile', '3'] }],
    [{ trusted_client: 'true' }, { trusted_client: true }],
    [{ trusted_client: 'false' }, { trusted_client: false }],
    [{ trusted_client: 0 }, { trusted_client: false }],
    [{ trusted_client: 'True' }, { trusted_client: true }],
    [{ params: { a: null, b: 'x' } }, { params: { b: 'x' } }],
    [{ params: { a: 1, b: true } }, { params: { a: '1', b: 'true' } }],
    [{ client_secret: ' a secret with spaces ' }, { client_secret: ' a secret with spaces ' }],
    [
      { client_secret_expires_at: '0001-01-01T00:00:00Z' },
      { client_secret_expires_at: '0001-01-01T00:00:00Z' },
    ],
    [{ client_secret: 'whole \u{1f480}' }, { client_secret: 'whole \u{1f480}' }],
    [{ jwks: { keys: [{ a: nested(61) }] } }, { jwks: { keys: [{ a: nested(61) }] } }],
    [{ params: members(100) }, { params: members(100) }],
    [{ jwks: { keys: [members(1_000)] } }, { jwks: { keys: [members(1_000)] } }],
    [{ https_extension: false, host: 'x', constructor: 'x' }, {}],
  ]
  for (const [sent, read] of TAKEN) {
    it(`reads ${JSON.stringify(sent)}`, () => {
      const { oxd_id, ...rest } = readParams(SHAPE, { oxd_id: 'x', ...sent })
      assert.equal(oxd_id, 'x')
      const present = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
      assert.deepEqual(present, read)
    })
  }

  const REFUSED: readonly (readonly [sent: Record<string, unknown>, code: string, name: string])[] = [
    [{ oxd_id: null }, 'missing_parameter', 'oxd_id'],
    [{ oxd_id: {} }, 'missing_parameter', 'oxd_id'],
    [{ oxd_id: { a: 1 } }, 'malformed_params', 'oxd_id'],
    [{ oxd_id: ['a', 'b'] }, 'malformed_params', 'oxd_id'],
    [{ oxd_id: 'x'.repeat(2049) }, 'malformed_params', 'oxd_id'],
    [{ scope: { a: 1 } }, 'malformed_params', 'scope'],
    [{ scope: [{ a: 1 }] }, 'malformed_params', 'scope'],
    [{ scope: [['a']] }, 'malformed_params', 'scope'],
    [{ trusted_client: 'yes' }, 'malformed_params', 'trusted_client'],
    [{ params: ['a', 'b'] }, 'malformed_params', 'params'],
    [{ params: { a: { b: 1 } } }, 'malformed_params', 'params'],
    [{ params: { ['k'.repeat(9000)]: 'x' } }, 'malformed_params', 'params'],
    [{ client_secret_expires_at: [1, 2] }, 'malformed_params', 'client_secret_expires_at'],
    [{ client_uri: 'javascript:alert(1)' }, 'malformed_params', 'client_uri'],
    [{ client_uri: 'https://user@a.example' }, 'malformed_params', 'client_uri'],
    [{ client_uri: 'https://ä.example' }, 'malformed_params', 'client_uri'],
    [{ client_uri: 'https://a.example/\n' }, 'malformed_params', 'client_uri'],
    [{ client_secret: 'half \ud800' }, 'malformed_params', 'client_secret'],
    [{ scope: ['half \udc00'] }, 'invalid_scope', 'scope'],
    [{ params: { 'half \ud800': 'x' } }, 'malformed_params', 'params'],
    [{ params: JSON.parse('{"a":"x","__proto__":"x"}') }, 'malformed_params', 'params'],
    [{ jwks: JSON.parse('{"keys":[{"__proto__":{"kty":"RSA"}}]}') }, 'malformed_params', 'jwks'],
    [{ params: members(101) }, 'malformed_params', 'params'],
    [{ jwks: { keys: [members(1_001)] } }, 'invalid_request', 'jwks'],
    [{ scope: Array.from({ length: 1_001 }, () => '') }, 'invalid_scope', 'scope'],
    [{ subject_type: 'x' }, 'invalid_subject_type', 'subject_type'],
    [{ subject_type: { a: 1 } }, 'malformed_params', 'subject_type'],
    [{ jwks: 7 }, 'malformed_params', 'jwks'],
    [{ jwks: 'x'.repeat(65_537) }, 'invalid_request', 'jwks'],
    [{ jwks: { keys: [{ a: nested(62) }] } }, 'malformed_params', 'jwks'],
  ]
  for (const [sent, code, name] of REFUSED) {
    it(`refuses ${JSON.stringify(sent).slice(0, 60)}, naming ${name}`, () => {
      assert.throws(
        () => readParams(SHAPE, { oxd_id: 'x', ...sent }),
        (error: unknown) => {
          assert.ok(error instanceof OxdError)
          assert.equal(error.code, code)
          assert.match(error.message, new RegExp(name))
          assert.ok(error.message.length < 300)
          return true
        },
      )
    })
  }

  it('parses no URL that is too long', () => {
    const url = 'https://a.example/'.padEnd(2_048, 'x')
    assert.equal(isPlainUri(url), true)
    assert.equal(isPlainUri(`${url}x`), false)
  })

  it('says where there is too much, and how much there may be', () => {
    assert.throws(
      () => readParams(SHAPE, { oxd_id: 'x', jwks: { keys: [members(1_001)] } }),
      /jwks: has more than 1000 items or members in one list or object\./,
    )
  })

  it('never repeats a value, which may be a secret', () => {
    const secret = 'c0ffee'.repeat(500)
    assert.throws(
      () => readParams(SHAPE, { oxd_id: 'x', client_secret: secret }),
      (error: Error) => !error.message.includes('c0ffee'),
    )
  })

  it('reads nothing from prototypes', () => {
    const sent = JSON.parse('{"oxd_id":"x","__proto__":{"prompt":"login"}}') as Record<string, unknown>
    assert.equal(readParams(SHAPE, sent).prompt, undefined)
    assert.equal(({} as Record<string, unknown>).prompt, undefined)
    assert.throws(() => readParams(SHAPE, Object.create({ oxd_id: 'x' })), /oxd_id is missing/)
  })
})
