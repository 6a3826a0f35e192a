// A client that a public generator makes of the OpenAPI document logs a user in, and knows errors by their status.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { sendHttp } from '../src/testing/http_caller.ts'
import { startLyingOp, type LyingOp } from '../src/testing/op.ts'

const REDIRECT = 'https://client.example.com/callback'

interface Answered {
  readonly data?: Data
  readonly error?: Data
  readonly response: Response
}
type Operation = (options?: {
  readonly body?: Data
  readonly path?: Data
  readonly query?: Data
}) => Promise<Answered>

/** The generator works with the programming interface that TypeScript had up to 6, which 7 has no more. */
const withTypeScript6 = async <T>(work: () => Promise<T>): Promise<T> => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier === 'typescript' ? '@typescript/typescript6' : specifier, context),
  })
  try {
    return await work()
  } finally {
    hooks.deregister()
  }
}

const generate = (input: Record<string, unknown>, folder: string): Promise<unknown> =>
  withTypeScript6(async () => {
    const { createClient } = await import('@hey-api/openapi-ts')
    return createClient({
      input,
      output: { path: folder, module: { extension: '.ts' } },
      plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
      logs: { level: 'silent' },
    })
  })

describe('a client generated from the document of 4.x', () => {
  let folder: string
  let op: LyingOp
  let issuer: string
  let daemon: TestDaemon
  let operations: Readonly<Record<string, Operation>>
  let configure: (config: { baseUrl: string; auth?: string }) => void

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oxd-generated-'))
    op = await startLyingOp()
    issuer = op.issuer('a')
    daemon = await startTestDaemon({ http: 'plain', argv: ['--trust-op', op.origin, '--allowed-op', issuer] })
    const { body } = await sendHttp(daemon.places.v4, '/openapi.json', { method: 'GET' })
    await generate(body, folder)
    // Made a moment ago, out of the document: each operation is a function of its name.
    operations = await import(pathToFileURL(join(folder, 'sdk.gen.ts')).href)
    const { client } = await import(pathToFileURL(join(folder, 'client.gen.ts')).href)
    configure = (config) => client.setConfig(config)
    configure({ baseUrl: `http://127.0.0.1:${daemon.places.v4.port}` })
  })
  after(async () => {
    await daemon.close()
    await op.close()
    await rm(folder, { recursive: true })
  })

  const ask = async (operation: string, options?: Parameters<Operation>[0]): Promise<Answered> => {
    const ask_it = operations[operation]
    assert.ok(ask_it !== undefined, operation)
    return ask_it(options)
  }
  const ok = async (operation: string, body: Data): Promise<Data> => {
    const { data, error, response } = await ask(operation, { body })
    assert.equal(response.status, 200, JSON.stringify(error))
    assert.ok(data !== undefined)
    return data
  }

  it('logs a user in, protected by the token of the site', async () => {
    const scope = ['openid', 'profile', 'oxd']
    const { oxd_id, client_id, client_secret } = await ok('registerSite', {
      op_host: issuer,
      redirect_uris: [REDIRECT],
      scope,
    })
    const unprotected = await ask('getAuthorizationUrl', { body: { oxd_id } })
    assert.equal(unprotected.response.status, 403)
    assert.equal(unprotected.error?.['error'], 'blank_access_token')

    const token = await ok('getClientToken', { op_host: issuer, client_id, client_secret, scope })
    configure({ baseUrl: `http://127.0.0.1:${daemon.places.v4.port}`, auth: String(token['access_token']) })

    const { authorization_url } = await ok('getAuthorizationUrl', { oxd_id })
    const back = new URL(await op.authorize(String(authorization_url), { sub: 'alice' })).searchParams
    const login = { oxd_id, code: back.get('code'), state: back.get('state') }
    const tokens = await ok('getTokensByCode', login)
    assert.equal((tokens['id_token_claims'] as Data)['sub'], 'alice')
    const user = await ok('getUserInfo', { oxd_id, access_token: tokens['access_token'] })
    assert.equal(user['sub'], 'alice')
    const { uri } = await ok('getLogoutUri', { oxd_id, id_token_hint: tokens['id_token'] })
    assert.equal(new URL(String(uri)).searchParams.get('id_token_hint'), tokens['id_token'])

    const again = await ask('getTokensByCode', { body: login })
    assert.equal(again.response.status, 400)
    assert.equal(again.error?.['error'], 'bad_request')
  })

  it('has the operations that are got', async () => {
    const { data } = await ask('healthCheck')
    assert.equal(data?.['status'], 'running')
    const { response, error } = await ask('getRequestObjectByGet', { path: { request_object_id: 'none' } })
    assert.equal(response.status, 404)
    assert.equal(error?.['error'], 'request_object_not_found')
  })
})
