// A small authorization server of UMA 1 (or, to be lied with, of UMA 2.0): it grants whatever a ticket is for, and any of its
// endpoints can be told to answer something else. The faithful one of UMA 2.0 is the dev OP.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OxdError, type ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { createDoor } from '../oidc/http.ts'
import { createOps } from '../oidc/op.ts'
import { createPats } from '../pat.ts'
import { sitesOf } from '../site.ts'
import { ownKeysInMemory } from './own_keys.ts'
import type { Kind, KindDefinition, Store } from '../store/store.ts'
import { createUma } from '../uma.ts'
import { realWorld } from '../world.ts'
import {
  startTestDaemon,
  type Data,
  type Envelope,
  type TestDaemon,
  type TestDaemonOptions,
} from './daemon.ts'

export interface StubAnswer {
  readonly status: number
  /** Text is sent as it is, anything else as JSON. */
  readonly json: unknown
}
/** What is answered instead of `good`; unless that is called, nothing is done. */
export type Lie = (good: () => StubAnswer, asked: StubRequest) => StubAnswer

export interface StubRequest {
  /** `POST /permission`; ids in paths are left out. */
  readonly name: string
  /** The last part of a path with an id. */
  readonly id: string
  readonly authorization: string | undefined
  /** The form or the JSON body. */
  readonly body: Data
}

export interface UmaStub {
  readonly issuer: string
  /** Every request, in order. */
  readonly requests: readonly StubRequest[]
  /** What the endpoints answer from now on, by the names of their requests; the others are honest. */
  lie(lies: Readonly<Record<string, Lie>>): void
  /** Ids of the resources that are registered now. */
  readonly resources: ReadonlyMap<string, Data>
  /** Loses all resources. */
  forget(): void
  /** No PAT that was given so far is good any more. */
  rejectPats(): void
  close(): Promise<void>
}

const ENDPOINTS_1 = {
  token_endpoint: '/token',
  introspection_endpoint: '/introspect',
  resource_set_registration_endpoint: '/resource',
  permission_registration_endpoint: '/permission',
  rpt_endpoint: '/rpt',
  gat_endpoint: '/gat',
  authorization_endpoint: '/authorize',
}
const ENDPOINTS_2 = {
  token_endpoint: '/token',
  introspection_endpoint: '/introspect',
  resource_registration_endpoint: '/resource',
  permission_endpoint: '/permission',
  claims_interaction_endpoint: '/claims?tenant=a%20b',
}
const OP_ENDPOINTS = {
  authorization_endpoint: '/auth',
  token_endpoint: '/token',
  jwks_uri: '/jwks',
  registration_endpoint: '/register',
}

const ok = (json: unknown, status = 200): StubAnswer => ({ status, json })
const no = (status: number, error: string): StubAnswer => ({ status, json: { error } })

const readBody = async (request: IncomingMessage): Promise<Data> => {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  if (text === '') return {}
  if (request.headers['content-type']?.startsWith('application/json')) {
    const json: unknown = JSON.parse(text)
    // A list of one permission is that permission; anything else that oxd sends is an object.
    return (Array.isArray(json) ? json[0] : json) as Data
  }
  return Object.fromEntries(new URLSearchParams(text))
}

export const startUmaStub = async ({ version = 1 }: { readonly version?: 1 | 2 } = {}): Promise<UmaStub> => {
  const requests: StubRequest[] = []
  const resources = new Map<string, Data>()
  const tickets = new Map<string, Data>()
  const rpts = new Map<string, Data[]>()
  const pats = new Set<string>()
  const aats = new Set<string>()
  let lies: Readonly<Record<string, Lie>> = {}
  let issuer = ''

  const at = (endpoints: Readonly<Record<string, string>>): Data =>
    Object.fromEntries(Object.entries(endpoints).map(([name, path]) => [name, `${issuer}${path}`]))
  const isBearer = ({ authorization }: StubRequest, of: ReadonlySet<string>): boolean =>
    of.has(authorization?.replace('Bearer ', '') ?? '')
  /** With this kind of token alone. */
  const withA =
    (of: ReadonlySet<string>, answer: (asked: StubRequest) => StubAnswer) => (asked: StubRequest) =>
      isBearer(asked, of) ? answer(asked) : no(401, 'invalid_token')
  const issue = (permissions: Data[], prefix = ''): string => {
    const rpt = `${prefix}${randomUUID()}`
    rpts.set(rpt, permissions)
    return rpt
  }
  const spendTicket = (ticket: unknown): Data | undefined => {
    const permission = tickets.get(String(ticket))
    tickets.delete(String(ticket))
    return permission
  }

  const token = ({ body }: StubRequest): StubAnswer => {
    if (body.grant_type === 'client_credentials') {
      const access_token = randomUUID()
      ;(String(body.scope).includes('uma_authorization') ? aats : pats).add(access_token)
      return ok({ access_token, token_type: 'bearer', expires_in: 3_600 })
    }
    const permission = version === 2 ? spendTicket(body.ticket) : undefined
    if (permission === undefined) return no(400, 'invalid_grant')
    return ok({ access_token: issue([permission]), token_type: 'Bearer', pct: randomUUID(), upgraded: false })
  }
  const authorize = ({ body }: StubRequest): StubAnswer => {
    const permission = spendTicket(body.ticket)
    const permissions = rpts.get(String(body.rpt))
    if (permission === undefined || permissions === undefined) return no(403, 'not_authorized')
    permissions.push(permission)
    return ok({})
  }
  const permission = ({ body }: StubRequest): StubAnswer => {
    const id = version === 1 ? body.resource_set_id : body.resource_id
    if (!resources.has(String(id))) return no(400, 'invalid_resource_id')
    const ticket = randomUUID()
    tickets.set(ticket, body)
    return ok({ ticket }, 201)
  }
  const create = ({ body }: StubRequest): StubAnswer => {
    const _id = randomUUID()
    resources.set(_id, body)
    return ok({ _id }, 201)
  }
  const change = ({ id, body }: StubRequest): StubAnswer => {
    if (!resources.has(id)) return no(404, 'not_found')
    resources.set(id, body)
    return ok({ _id: id })
  }
  const remove = ({ id }: StubRequest): StubAnswer =>
    resources.delete(id) ? ok('', 204) : no(404, 'not_found')
  const introspected = ({ body }: StubRequest): StubAnswer => {
    const permissions = rpts.get(String(body.token))
    return ok(permissions === undefined ? { active: false } : { active: true, permissions })
  }

  const routes: Readonly<Record<string, (asked: StubRequest) => StubAnswer>> = {
    'GET /.well-known/openid-configuration': () => ok({ issuer, ...at(OP_ENDPOINTS) }),
    [`GET /.well-known/uma${version === 1 ? '' : '2'}-configuration`]: () =>
      ok({ issuer, ...at(version === 1 ? ENDPOINTS_1 : ENDPOINTS_2) }),
    'POST /register': ({ body }) =>
      ok({ ...body, client_id: randomUUID(), client_secret: randomUUID() }, 201),
    'POST /token': token,
    'POST /introspect': withA(pats, introspected),
    'POST /resource': withA(pats, create),
    'PUT /resource': withA(pats, change),
    'DELETE /resource': withA(pats, remove),
    'POST /permission': withA(pats, permission),
    'POST /rpt': withA(aats, () => ok({ rpt: issue([]) })),
    'POST /gat': withA(aats, ({ body: { scopes } }) =>
      ok({ rpt: issue([{ resource_set_id: 'any', scopes }], 'gat_') }),
    ),
    'POST /authorize': withA(aats, authorize),
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', issuer)
    const id = decodeURIComponent(/^\/resource\/(.+)$/.exec(pathname)?.[1] ?? '')
    const name = `${request.method} ${id === '' ? pathname : '/resource'}`
    const { authorization } = request.headers
    const asked = { name, id, authorization, body: await readBody(request) }
    requests.push(asked)
    const good = () => routes[name]?.(asked) ?? no(404, 'not_found')
    const { status, json } = lies[name]?.(good, asked) ?? good()
    const text = typeof json === 'string' ? json : JSON.stringify(json)
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // `listen` was given a port, so the address is no pipe.
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    requests,
    resources,
    lie(told) {
      lies = told
    },
    forget: () => resources.clear(),
    rejectPats: () => pats.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const CLAIMS_REDIRECT = 'https://client.example.com/claims'

/** A site at the stub. */
export interface UmaSite {
  readonly oxd_id: string
  readonly call: (command: string, params?: Data, more?: Data) => Promise<Envelope>
  /** The same, which must succeed. */
  readonly ok: (command: string, params?: Data, more?: Data) => Promise<Data>
  /** The same, which must be refused, with this code on the 3.x wire; what was said. */
  readonly no: (code: string, command: string, params?: Data) => Promise<string>
}

export interface UmaStory {
  readonly daemon: TestDaemon
  readonly stub: UmaStub
  readonly site: (params?: Data) => Promise<UmaSite>
  readonly close: () => Promise<void>
}

/** What a command for this site is given, over a store that can no longer write what is protected. */
export const withoutDisk = async ({ daemon, stub }: UmaStory, oxd_id: string) => {
  const { store, keys } = daemon.opened
  const failing: Store = {
    ...store,
    kind: <T extends object>(definition: KindDefinition): Kind<T> => {
      const kind = store.kind<T>(definition)
      const put = () => Promise.reject(new OxdError('store_unreachable'))
      return definition.kind === 'uma_resources' ? { ...kind, put } : kind
    },
  }
  const world = realWorld(() => {})
  const door = createDoor({ trust_op: [stub.issuer], limits: LIMITS })
  const ops = createOps(door, world, LIMITS, { own: ownKeysInMemory(world) })
  const pats = createPats(store, ops, world, LIMITS)
  const sites = sitesOf(store, LIMITS)
  const site = (await sites.get(oxd_id)) ?? assert.fail('no such site')
  const uma = createUma({ store: failing, keys, ops, pats, world, limits: LIMITS })
  const fail = (code: ErrorCode): OxdError => new OxdError(code)
  return { context: { world, ops, pats, sites, site, uma, fail }, close: door.close }
}

/** A daemon and the stub, which it trusts. */
export const startUmaStory = async (
  version: 1 | 2,
  { argv = [], ...options }: TestDaemonOptions = {},
): Promise<UmaStory> => {
  const stub = await startUmaStub({ version })
  const daemon = await startTestDaemon({ ...options, argv: ['--trust-op', stub.issuer, ...argv] })
  return {
    daemon,
    stub,
    async site(params = {}) {
      const registered = await daemon.call('register_site', {
        op_host: stub.issuer,
        authorization_redirect_uri: 'https://client.example.com/callback',
        claims_redirect_uri: [CLAIMS_REDIRECT],
        ...params,
      })
      assert.equal(registered.status, 'ok', JSON.stringify(registered.data))
      const oxd_id = String(registered.data.oxd_id)
      const call: UmaSite['call'] = (command, sent = {}, more) =>
        daemon.call(command, { oxd_id, ...sent }, more)
      return {
        oxd_id,
        call,
        async ok(...asked) {
          const { status, data } = await call(...asked)
          assert.equal(status, 'ok', JSON.stringify(data))
          return data
        },
        async no(code, ...asked) {
          const { status, data } = await call(...asked)
          assert.equal(status, 'error', JSON.stringify(data))
          assert.equal(data.error, code, String(data.error_description))
          return String(data.error_description)
        },
      }
    },
    async close() {
      await daemon.close()
      await stub.close()
    },
  }
}
