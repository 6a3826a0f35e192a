// The protection API: a resource server registers what it protects, and asks for tickets when somebody knocks.
import type { Context, Provider, Token } from 'oidc-provider'
import type { World } from '../../world.ts'
import { bodyOf } from './body.ts'
import { patIn, refuse } from './uma_pat.ts'
import type { Permission } from './uma_policy.ts'
import {
  scopesInExpression,
  scopesOf,
  type Resource,
  type ResourceDescription,
  type UmaStore,
} from './uma_store.ts'

export const RESOURCE_PATH = '/uma/resource'
export const PERMISSION_PATH = '/uma/permission'

/** Of one resource server; scopes of a resource and permissions of a ticket have the next bound. */
const RESOURCES_MAX = 1_000
const LIST_MAX = 100
const TEXT_MAX = 2_048

export interface ProtectionParts {
  readonly provider: Provider
  readonly store: UmaStore
  readonly world: Pick<World, 'random'>
}

interface Asked {
  readonly ctx: Context
  readonly pat: Token
  readonly store: UmaStore
  readonly world: Pick<World, 'random'>
}

/** A request that is refused with 400. */
class Refusal extends Error {
  readonly code: string
  constructor(code: string, description: string) {
    super(description)
    this.code = code
  }
}

const jsonIn = async (ctx: Context): Promise<unknown> => {
  if (!/^application\/json *(;|$)/i.test(ctx.get('content-type'))) {
    throw new Refusal('invalid_request', 'The body must be application/json.')
  }
  const body = await bodyOf(ctx.req)
  if (body === undefined) throw new Refusal('invalid_request', 'The body is too large.')
  try {
    return JSON.parse(body)
  } catch {
    throw new Refusal('invalid_request', 'The body is not JSON.')
  }
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal('invalid_request', 'A JSON object was expected.')
  }
  // An object that is no list.
  return value as Readonly<Record<string, unknown>>
}

const scopesIn = (value: unknown): readonly string[] => {
  const isScope = (item: unknown) => typeof item === 'string' && item !== '' && item.length <= TEXT_MAX
  if (!Array.isArray(value) || value.length > LIST_MAX || !value.every(isScope)) {
    throw new Refusal('invalid_request', 'resource_scopes must be a list of texts.')
  }
  return [...new Set<string>(value)]
}

const TEXTS = ['name', 'type', 'description', 'icon_uri', 'scope_expression'] as const
const TIMES = ['iat', 'exp'] as const

/** UMA 2.0 Federated Authorization, section 3.1; unknown members are ignored. */
const descriptionIn = (value: unknown): ResourceDescription => {
  const members = membersOf(value)
  const known: Record<string, string | number> = {}
  for (const name of TEXTS) {
    const text = members[name] ?? undefined
    if (text === undefined) continue
    if (typeof text !== 'string' || text.length > TEXT_MAX) {
      throw new Refusal('invalid_request', `${name} must be a text.`)
    }
    known[name] = text
  }
  for (const name of TIMES) {
    const time = members[name] ?? undefined
    if (time === undefined) continue
    if (!Number.isSafeInteger(time)) throw new Refusal('invalid_request', `${name} must be a whole number.`)
    known[name] = Number(time)
  }
  const { scope_expression } = known
  if (scope_expression !== undefined && scopesInExpression(String(scope_expression)) === undefined) {
    throw new Refusal(
      'invalid_request',
      'scope_expression must be JSON with a rule and its data, a list of scopes.',
    )
  }
  // Gluu's clients leave the scopes to the expression.
  const scopes = members.resource_scopes ?? (scope_expression === undefined ? undefined : [])
  return { ...known, resource_scopes: scopesIn(scopes) }
}

/** What a method does at the list of resources, and at one of them. */
const LIST_METHODS: Readonly<Record<string, (asked: Asked) => Promise<void> | void>> = {
  GET: ({ ctx, pat, store }) => {
    ctx.body = store.resources.of(pat.clientId).map(({ _id }) => _id)
  },
  POST: async ({ ctx, pat, store, world }) => {
    const description = descriptionIn(await jsonIn(ctx))
    if (store.resources.of(pat.clientId).length >= RESOURCES_MAX) {
      throw new Refusal('invalid_request', `A resource server may have ${RESOURCES_MAX} resources here.`)
    }
    const _id = world.random(16).toString('hex')
    await store.resources.put({ _id, owner: pat.clientId, description })
    ctx.status = 201
    ctx.set('location', `${RESOURCE_PATH}/${_id}`)
    ctx.body = { _id }
  },
}
const ONE_METHODS: Readonly<Record<string, (asked: Asked, resource: Resource) => Promise<void> | void>> = {
  GET: ({ ctx }, { _id, description }) => {
    ctx.body = { _id, ...description }
  },
  PUT: async ({ ctx, store }, { _id, owner }) => {
    await store.resources.put({ _id, owner, description: descriptionIn(await jsonIn(ctx)) })
    ctx.body = { _id }
  },
  DELETE: async ({ ctx, store }, { _id }) => {
    await store.resources.remove(_id)
    ctx.status = 204
  },
}

const wrongMethod = (ctx: Context, methods: Readonly<Record<string, unknown>>): void => {
  const allowed = Object.keys(methods).join(', ')
  ctx.set('allow', allowed)
  // The code is the specification's (section 3.2).
  refuse(ctx, 405, 'unsupported_method_type', `Here one may ${allowed}.`)
}

/** UMA 2.0 Federated Authorization, section 3.2. */
const resources = async (asked: Asked): Promise<void> => {
  const { ctx, pat, store } = asked
  const id = ctx.path.slice(RESOURCE_PATH.length + 1)
  if (id === '') {
    const act = LIST_METHODS[ctx.method]
    return act === undefined ? wrongMethod(ctx, LIST_METHODS) : act(asked)
  }
  const act = ONE_METHODS[ctx.method]
  if (act === undefined) return wrongMethod(ctx, ONE_METHODS)
  const resource = await store.resources.find(id)
  // Somebody else's is as good as none.
  if (resource === undefined || resource.owner !== pat.clientId) {
    return refuse(ctx, 404, 'not_found', 'No resource of yours has this id.')
  }
  return act(asked, resource)
}

/** One permission of a request, checked against what its resource server registered (section 4.1). */
const permissionIn = async ({ pat, store }: Asked, value: unknown): Promise<Permission> => {
  const { resource_id, resource_scopes } = membersOf(value)
  if (typeof resource_id !== 'string') throw new Refusal('invalid_request', 'resource_id is missing.')
  const scopes = scopesIn(resource_scopes)
  const resource = await store.resources.find(resource_id)
  if (resource === undefined || resource.owner !== pat.clientId) {
    throw new Refusal('invalid_resource_id', 'No resource of yours has this id.')
  }
  const known = scopesOf(resource)
  if (!scopes.every((scope) => known.has(scope))) {
    throw new Refusal('invalid_scope', 'The resource was not registered with all of these scopes.')
  }
  return { resource_id, resource_scopes: scopes }
}

/** UMA 2.0 Federated Authorization, section 4: one permission or a list of them for one ticket. */
const permission = async (asked: Asked): Promise<void> => {
  const { ctx, store } = asked
  if (ctx.method !== 'POST') return wrongMethod(ctx, { POST: permission })
  const body = await jsonIn(ctx)
  const list: readonly unknown[] = Array.isArray(body) ? body : [body]
  if (list.length === 0 || list.length > LIST_MAX) {
    throw new Refusal('invalid_request', `A ticket is for 1 to ${LIST_MAX} permissions.`)
  }
  const permissions: Permission[] = []
  for (const item of list) permissions.push(await permissionIn(asked, item))
  ctx.status = 201
  ctx.body = { ticket: await store.tickets.issue({ permissions, claims: {} }) }
}

/** Answers the resource registration endpoint and the permission endpoint. */
export const umaProtection =
  ({ provider, store, world }: ProtectionParts) =>
  async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    const act =
      ctx.path === PERMISSION_PATH
        ? permission
        : ctx.path === RESOURCE_PATH || ctx.path.startsWith(`${RESOURCE_PATH}/`)
          ? resources
          : undefined
    if (act === undefined) return next()
    ctx.set('cache-control', 'no-store')
    const pat = await patIn(ctx, provider)
    if (pat === undefined) return
    try {
      await act({ ctx, pat, store, world })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refuse(ctx, 400, error.code, error.message)
    }
  }
