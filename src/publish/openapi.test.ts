// The OpenAPI document: valid, whole, and true to what the listeners answer.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import { command, type AnyCommand } from '../command.ts'
import { COMMANDS } from '../daemon.ts'
import { fields } from '../fields.ts'
import { openApi } from './openapi.ts'
import { namesOf, pathOf } from './paths.ts'

const DIALECTS = ['v3', 'v4'] as const

/** As deep into a document as the names lead; what is not there is undefined. */
const at = (value: unknown, ...names: readonly string[]): unknown =>
  names.reduce<unknown>((inner, name) => Object(inner)[name], value)

/** One of everything that a definition may say. */
const sample = command({
  name: 'sample_it',
  aliases: ['sample'],
  since: '9.9',
  access: 'site',
  summary: 'Shows.',
  repeatable: true,
  spec: ['https://spec.example.com/#it'],
  params: { oxd_id: fields.oxd_id, code: fields.code.optional(), prompt: fields.prompt.optional() },
  result: { uri: fields.uri, refresh_token: fields.refresh_token, claims: fields.claims },
  more: { login_id: fields.login_id },
  v4: { uri: fields.uri, refresh_token: fields.refresh_token, expires_in: fields.expires_in },
  get: { path: '/samples/{code}' },
  errors: ['invalid_state', 'code_refused', 'op_http_status', 'need_info'],
  examples: [
    { what: 'One.', params: { oxd_id: 'x' }, result: { uri: 'u', claims: { n: 1 }, expires_in: 2 } },
  ],
  run: async () => ({ uri: 'u', refresh_token: null, claims: {}, login_id: 'l', expires_in: 1 }),
}) as AnyCommand
const given = { version: '9.9.9', protected: true }
const documentOf = (
  dialect: 'v3' | 'v4',
  more: { commands?: readonly AnyCommand[]; protected?: boolean } = {},
) => openApi({ commands: [sample], dialect, ...given, ...more })
const POST = ['paths', '/sample-it', 'post'] as const
const reply = (document: unknown): unknown =>
  at(document, ...POST, 'responses', '200', 'content', 'application/json')

for (const dialect of DIALECTS) {
  describe(`the document of ${dialect}`, () => {
    const document = openApi({ commands: COMMANDS, dialect, ...given })

    it('is valid', async () => {
      for (const each of [document, documentOf(dialect), documentOf(dialect, { protected: false })]) {
        const { valid, errors } = await new Validator().validate(structuredClone(each))
        assert.equal(valid, true, JSON.stringify(errors))
      }
    })

    it('has every name of every command, and every operation once', () => {
      const paths = Object.keys(Object(document['paths']))
      for (const each of COMMANDS) {
        for (const name of namesOf(each)) assert.ok(paths.includes(pathOf(name)), name)
        if (each.get !== undefined) assert.ok(paths.includes(each.get.path), each.get.path)
      }
      const ids = paths.flatMap((path) =>
        Object.values(Object(at(document, 'paths', path))).map((operation) => at(operation, 'operationId')),
      )
      assert.equal(new Set(ids).size, ids.length)
      assert.ok(!ids.includes(undefined))
    })

    it('has examples that its own schemas accept', () => {
      for (const each of COMMANDS) {
        const post = at(document, 'paths', pathOf(each.name), 'post')
        const body = at(post, 'requestBody', 'content', 'application/json')
        const answer = at(post, 'responses', '200', 'content', 'application/json')
        for (const [what, media] of [
          ['request', body],
          ['reply', answer],
        ] as const) {
          const schema = z.fromJSONSchema(inlined(at(media, 'schema'), document) as never)
          for (const [name, { value }] of Object.entries(
            Object(at(media, 'examples')) as Record<string, { value: unknown }>,
          )) {
            const { success, error } = schema.safeParse(value)
            assert.ok(success, `${each.name} ${what} ${name}: ${error?.message}`)
          }
        }
      }
    })

    it('says nothing of what is ours alone', () => {
      assert.doesNotMatch(
        JSON.stringify(document),
        /"(?:secret|missing|invalid|claims|words|omitted)":(?:true|")/,
      )
      assert.doesNotMatch(JSON.stringify(document), /9007199254740991/)
    })
  })
}

/** A schema that refers to none outside of itself. */
const inlined = (schema: unknown, document: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map((each) => inlined(each, document))
  if (typeof schema !== 'object' || schema === null) return schema
  const reference = at(schema, '$ref')
  if (typeof reference === 'string') return at(document, ...reference.slice('#/'.length).split('/'))
  return Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, inlined(each, document)]))
}

describe('a command in the documents', () => {
  it('has its parameters, in a body or in path and query', () => {
    const schema = at(documentOf('v4'), ...POST, 'requestBody', 'content', 'application/json', 'schema')
    assert.deepEqual(at(schema, 'required'), ['oxd_id'])
    assert.deepEqual(Object.keys(Object(at(schema, 'properties'))), ['oxd_id', 'code', 'prompt'])
    const got = at(documentOf('v3'), 'paths', '/samples/{code}', 'get', 'parameters')
    assert.deepEqual(
      Object.values(Object(got)).map((each) => [at(each, 'name'), at(each, 'in'), at(each, 'required')]),
      [
        ['oxd_id', 'query', true],
        ['code', 'path', true],
        ['prompt', 'query', false],
      ],
    )
  })

  it('answers in 3.x in an envelope, with nulls, and with its errors among the 200', () => {
    const media = reply(documentOf('v3'))
    const data = at(media, 'schema', 'oneOf', '0', 'properties', 'data')
    assert.deepEqual(at(data, 'required'), ['uri', 'refresh_token', 'claims'])
    assert.deepEqual(at(data, 'properties', 'refresh_token', 'anyOf'), [{ type: 'string' }, { type: 'null' }])
    assert.deepEqual(at(data, 'properties', 'claims', 'additionalProperties'), {
      type: 'array',
      items: { type: 'string' },
    })
    const examples = at(media, 'examples')
    assert.deepEqual(at(examples, 'example_1', 'value'), {
      status: 'ok',
      data: { uri: 'u', refresh_token: null, claims: { n: ['1'] } },
    })
    assert.equal(at(examples, 'code_refused', 'value', 'data', 'error'), 'bad_request')
    assert.deepEqual(Object.keys(Object(at(documentOf('v3'), ...POST, 'responses'))), ['200', 'default'])
  })

  it('answers in 4.x with bare data, and with the status of each error', () => {
    const document = documentOf('v4')
    const media = reply(document)
    assert.deepEqual(at(media, 'schema', 'required'), ['uri', 'expires_in'])
    assert.equal(at(media, 'schema', 'properties', 'refresh_token', 'type'), 'string')
    assert.deepEqual(at(media, 'examples', 'example_1', 'value'), { uri: 'u', expires_in: 2 })
    const responses = at(document, ...POST, 'responses')
    assert.deepEqual(Object.keys(Object(responses)), ['200', '400', '403', '502', 'default'])
    const bad = at(responses, '400', 'content', 'application/json', 'examples')
    assert.deepEqual(Object.keys(Object(bad)), ['invalid_state', 'code_refused'])
    assert.match(String(at(responses, '502', 'description')), /`http_status_<status>`/)
  })

  it('asks for a token where it needs one', () => {
    const security = (more: object, document = documentOf('v4', more)): unknown =>
      at(document, ...POST, 'security')
    assert.deepEqual(security({}), [{ bearer: [] }])
    assert.deepEqual(security({ commands: [{ ...sample, access: 'op' }] }), [{}, { bearer: [] }])
    assert.deepEqual(security({ commands: [{ ...sample, access: 'public' }] }), [])
    assert.deepEqual(security({ protected: false }), [])
  })

  it('may answer with one member alone, or with a text', () => {
    const bare = { ...sample, v4: { claims: fields.claims }, bare: 'claims' }
    const media = reply(documentOf('v4', { commands: [bare] }))
    assert.equal(at(media, 'schema', 'description'), fields.claims.meta()?.['description'])
    assert.deepEqual(at(media, 'examples', 'example_1', 'value'), { n: 1 })
    const text = {
      ...sample,
      get: { path: '/samples/{code}', text: { member: 'uri', type: 'text/plain' } },
    } as const
    const got = at(documentOf('v4', { commands: [text] }), 'paths', '/samples/{code}', 'get')
    assert.deepEqual(at(got, 'responses', '200', 'content'), { 'text/plain': { schema: { type: 'string' } } })
  })
})
