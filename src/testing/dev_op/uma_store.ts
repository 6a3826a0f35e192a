// What the authorization server remembers: resources, tickets, RPTs, PCTs and visits to the claims page, over the OP's memory.
import type { World } from '../../world.ts'
import type { DevOpMemory } from './adapter.ts'
import type { Permission, UmaClaims } from './uma_policy.ts'

/** UMA 2.0 Federated Authorization, section 3.1; `scope_expression`, `iat` and `exp` are Gluu's. */
export interface ResourceDescription {
  readonly resource_scopes: readonly string[]
  readonly name?: string
  readonly type?: string
  readonly description?: string
  readonly icon_uri?: string
  /** JSON: `{"rule": <JsonLogic>, "data": [<scope>, …]}`; its scopes are scopes of the resource. */
  readonly scope_expression?: string
  readonly iat?: number
  readonly exp?: number
}
export interface Resource {
  readonly _id: string
  /** The client_id of the resource server: its PATs come from client credentials, so it owns what it registers. */
  readonly owner: string
  readonly description: ResourceDescription
}
export interface Ticket {
  readonly permissions: readonly Permission[]
  /** The client that used the ticket before this one: it alone may go on. A resource server's ticket has none yet. */
  readonly client_id?: string
  readonly claims: UmaClaims
  /** The requesting party did not want to give claims. */
  readonly declined?: boolean
}
export interface Rpt {
  readonly client_id: string
  readonly permissions: readonly Permission[]
}
export interface Pct {
  readonly client_id: string
  readonly claims: UmaClaims
}
/** A requesting party on the claims page. */
export interface Gathering {
  readonly client_id: string
  readonly redirect_uri: string
  readonly state: string | undefined
  readonly ticket: Ticket
  /** The claims to ask for. */
  readonly need: readonly string[]
}

interface Kind<T> {
  readonly put: (id: string, record: T, seconds: number) => Promise<void>
  readonly find: (id: string) => Promise<T | undefined>
  /** Reads and deletes: spent once, whoever else comes. */
  readonly take: (id: string) => T | undefined
}
export interface UmaStore {
  readonly tickets: Kind<Ticket> & {
    /** Keeps a new ticket and tells its name, in 256 bits. */
    readonly issue: (ticket: Ticket) => Promise<string>
  }
  readonly rpts: Kind<Rpt>
  readonly pcts: Kind<Pct>
  readonly gatherings: Kind<Gathering>
  readonly resources: {
    readonly put: (resource: Resource) => Promise<void>
    readonly find: (id: string) => Promise<Resource | undefined>
    readonly remove: (id: string) => Promise<void>
    readonly of: (owner: string) => readonly Resource[]
  }
}

/** A client goes on with a ticket at once, or after a person has filled in a page. */
const TICKET_SECONDS = 300

export const umaStore = (memory: DevOpMemory, world: Pick<World, 'random'>): UmaStore => {
  const kind = <T>(model: string): Kind<T> => {
    const entries = memory.adapter(model)
    return {
      put: (id, record, seconds) => entries.upsert(id, { record }, seconds),
      // Written by `put`.
      find: async (id) => (await entries.find(id))?.record as T | undefined,
      take: (id) => memory.take(model, id)?.record as T | undefined,
    }
  }
  const tickets = kind<Ticket>('UmaTicket')
  const RESOURCES = 'UmaResource'
  const resources = memory.adapter(RESOURCES)
  return {
    tickets: {
      ...tickets,
      issue: async (ticket) => {
        const id = world.random(32).toString('base64url')
        await tickets.put(id, ticket, TICKET_SECONDS)
        return id
      },
    },
    rpts: kind('UmaRpt'),
    pcts: kind('UmaPct'),
    gatherings: kind('UmaGathering'),
    resources: {
      // The memory lists by `grantId`; here that is the owner.
      put: (resource) => resources.upsert(resource._id, { grantId: resource.owner, record: resource }),
      // Written by `put`.
      find: async (id) => (await resources.find(id))?.record as Resource | undefined,
      remove: (id) => resources.destroy(id),
      of: (owner) => memory.list(RESOURCES, owner).map(({ record }) => record as Resource),
    },
  }
}

/** Every scope that can be asked for at a resource. */
export const scopesOf = ({
  description: { resource_scopes, scope_expression },
}: Resource): ReadonlySet<string> =>
  new Set([...resource_scopes, ...(scopesInExpression(scope_expression ?? '') ?? [])])

/** The `data` of a scope expression; undefined when the text is none. */
export const scopesInExpression = (text: string): readonly string[] | undefined => {
  try {
    const { rule, data }: { rule?: unknown; data?: unknown } = Object(JSON.parse(text))
    return rule !== undefined && Array.isArray(data) && data.every((scope) => typeof scope === 'string')
      ? data
      : undefined
  } catch {
    return undefined
  }
}
