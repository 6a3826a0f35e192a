// One result in three dialects: what each lets through, and how.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { command, type AnyCommand } from './command.ts'
import { DIALECTS, type DialectName } from './dialect.ts'
import { OxdError } from './error.ts'
import { fields } from './fields.ts'

const definition = {
  name: 'probe',
  since: '0',
  access: 'public',
  summary: '',
  repeatable: false,
  spec: [],
  params: {},
  result: { uri: fields.uri, refresh_token: fields.refresh_token, claims: fields.claims },
  more: { login_id: fields.login_id },
  v4: { uri: fields.uri, state: fields.state, refresh_token: fields.refresh_token, claims: fields.claims },
  errors: [],
  examples: [],
} as const
const PROBE = command({ ...definition, run: async () => ({}) as never }) as unknown as AnyCommand
const BARE = command({
  ...definition,
  bare: 'claims',
  run: async () => ({}) as never,
}) as unknown as AnyCommand

const RESULT = {
  undeclared: 'secret',
  state: 's',
  login_id: 'l',
  claims: { sub: 'alice', n: 1, groups: ['a', 'b'] },
  uri: 'u',
}

describe('dialects', () => {
  const SUCCESS: Readonly<Record<DialectName, string>> = {
    v3: '{"uri":"u","refresh_token":null,"claims":{"sub":["alice"],"n":["1"],"groups":["a","b"]}}',
    v4: '{"uri":"u","state":"s","claims":{"sub":"alice","n":1,"groups":["a","b"]}}',
    native:
      '{"uri":"u","refresh_token":null,"claims":{"sub":"alice","n":1,"groups":["a","b"]},"login_id":"l"}',
  }
  for (const [name, expected] of Object.entries(SUCCESS)) {
    it(`${name}: the members that it declares, in their order, and nothing else`, () => {
      assert.equal(JSON.stringify(DIALECTS[name as DialectName].success(PROBE, RESULT)), expected)
    })
  }

  it('v4: claims are lists where they were in 4.x', () => {
    const result = { claims: fields.checked_claims }
    const listed = { ...PROBE, result, v4: result }
    assert.deepEqual(DIALECTS.v4.success(listed, RESULT), {
      claims: { sub: ['alice'], n: ['1'], groups: ['a', 'b'] },
    })
    assert.deepEqual(DIALECTS.v4.success(listed, { claims: {} }), {})
    assert.deepEqual(DIALECTS.native.success(listed, RESULT).claims, RESULT.claims)
  })

  it('v4: one member may be the whole reply', () => {
    assert.deepEqual(DIALECTS.v4.success(BARE, RESULT), RESULT.claims)
    assert.deepEqual(DIALECTS.v4.success(BARE, { claims: {} }), {})
    assert.deepEqual(Object.keys(DIALECTS.v3.success(BARE, RESULT)), ['uri', 'refresh_token', 'claims'])
  })

  const refusal = new OxdError('malformed_params', { what: 'x.', details: { parameter: 'x' } })
  const FAILURE: Readonly<Record<DialectName, Record<string, unknown>>> = {
    v3: { error: 'internal_error', error_description: 'A parameter is malformed. x. [ref R]' },
    v4: { error: 'bad_request', error_description: 'A parameter is malformed. x. [ref R]' },
    native: {
      error: 'malformed_params',
      error_description: 'A parameter is malformed. x. [ref R]',
      details: { parameter: 'x', ref: 'R' },
    },
  }
  for (const [name, expected] of Object.entries(FAILURE)) {
    it(`${name}: a refusal, by the code that its clients know`, () => {
      assert.deepEqual(DIALECTS[name as DialectName].failure(refusal, 'R'), expected)
    })
  }

  it('v4: a refusal of the OP keeps its status, ours have their own', () => {
    assert.equal(refusal.http, 400)
    assert.equal(new OxdError('op_http_status', { status: 418 }).http, 418)
    assert.equal(new OxdError('op_http_status', { status: 302 }).http, 502)
  })
})
