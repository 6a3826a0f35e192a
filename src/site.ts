// A site: one relying party under an oxd_id. What it asked for, what the OP made of it, and how it is kept.
import { OxdError } from './error.ts'
import type { Limits } from './limits.ts'
import type { QuirkName } from './oidc/quirks.ts'
import type { RegisteredClient } from './oidc/registration.ts'
import type { SiteSettings } from './site_settings.ts'
import type { Kind, Store } from './store/store.ts'
import { createTurns, type InTurn } from './turns.ts'

/** The client that the OP knows; `by_hand` when somebody registered it there without oxd. */
export type Client = RegisteredClient & { readonly by_hand: boolean }

/** The setup client under which a site was registered (3.1): its tokens protect the commands of the site. */
export interface Setup {
  readonly oxd_id: string
  readonly client_id: string
}

export interface Site {
  readonly oxd_id: string
  /** As the caller gave it; the reply of register_site repeats it. */
  readonly op_host: string
  /** The issuer, byte for byte as the discovery document names it. */
  readonly issuer: string
  /** Where the discovery document is. */
  readonly discovery_url: string
  /** Deviations of the OP that the site named. */
  readonly quirks?: readonly QuirkName[] | undefined
  /** Grows when what a login is bound to changes: logins begun before then cannot be finished. */
  readonly version: number
  readonly settings: SiteSettings
  readonly client: Client
  /** A setup client is its own. */
  readonly setup?: Setup | undefined
  /** Names it where the OP and browsers see it, and says nothing of its oxd_id; absent: nobody was told one. */
  readonly public_id?: string | undefined
  /** Where its codes go; another one ends the logins that are under way. Absent: none has begun since this is remembered. */
  readonly token_endpoint?: string | undefined
}

// A value of fewer than 11 digits is seconds, as oxd 3.x took it; PHP sends 3080736637943, Go the year 1 for "never".
const SECONDS_BELOW = 10_000_000_000

/** `client_secret_expires_at` in seconds since the epoch, or undefined for "never". */
export const secretExpiry = (value: string | number | undefined): number | undefined => {
  if (value === undefined) return undefined
  const number = typeof value === 'number' || /^\d+$/.test(value) ? Number(value) : undefined
  const at =
    number === undefined ? Date.parse(String(value)) / 1000 : number < SECONDS_BELOW ? number : number / 1000
  if (!Number.isFinite(at)) {
    throw new OxdError('malformed_params', {
      what: 'client_secret_expires_at must be seconds, milliseconds or an ISO time.',
    })
  }
  return at > 0 ? Math.floor(at) : undefined
}

/** What a login of this site is bound to. */
export const termsOf = ({ oxd_id, version, issuer, settings: { redirect_uris, scope } }: Site) => ({
  oxd_id,
  version,
  issuer,
  redirect_uris,
  scope,
})

/** Whether a login begun at `before` could be finished at `after`. */
export const sameLoginTerms = (before: Site, after: Site): boolean =>
  before.issuer === after.issuer &&
  before.client.client_id === after.client.client_id &&
  before.settings.redirect_uris.join(' ') === after.settings.redirect_uris.join(' ')

/** Sites that are found under another name than their oxd_id, in a list with a bound. */
interface Listed {
  readonly oxd_ids: readonly string[]
}

/**
 * Changes the list of that name, which may not be there yet; or no more, because whoever leaves last removes it.
 * @throws OxdError site_changed after `tries`
 */
const changeList = async (
  kind: Kind<Listed>,
  name: readonly string[],
  tries: number,
  change: (oxd_ids: readonly string[]) => readonly string[],
): Promise<void> => {
  for (let tried = 0; tried < tries; tried += 1) {
    if (await kind.insert(name, { oxd_ids: change([]) })) return
    const changed = await kind.update(name, ({ oxd_ids }) => ({ oxd_ids: change(oxd_ids) }))
    if (changed !== undefined) return
  }
  throw new OxdError('site_changed')
}

const leaveList = async (
  store: Store,
  kind: Kind<Listed>,
  name: readonly string[],
  oxd_id: string,
): Promise<void> => {
  const left = await kind.update(name, ({ oxd_ids }) => ({
    oxd_ids: oxd_ids.filter((other) => other !== oxd_id),
  }))
  // Not if a site has entered since.
  if (left?.value.oxd_ids.length === 0) await store.commit([kind.writes.spend(name, left)])
}

/** The sites of the store, by oxd_id. */
export interface Sites {
  readonly get: (oxd_id: string) => Promise<Site | undefined>
  /** All sites, in no meaningful order. */
  readonly list: () => AsyncIterable<Site>
  /** Some of those that are wanted, in no meaningful order: at most `listed_sites_max`. */
  readonly some: (isWanted: (site: Site) => boolean) => Promise<readonly Site[]>
  /** Writes a new site; `false` if its oxd_id is taken. */
  readonly insert: (site: Site) => Promise<boolean>
  /** Forgets a site; `false` if there was none. Its client at the OP stays. */
  readonly remove: (oxd_id: string) => Promise<boolean>
  /** Does this client of this issuer belong to a site? */
  readonly hasClient: (issuer: string, client_id: string) => Promise<boolean>
  /** The site to which this client of this issuer belongs; the first, if there are several. */
  readonly ofClient: (issuer: string, client_id: string) => Promise<Site | undefined>
  /** The site with this public id. */
  readonly ofPublicId: (public_id: string) => Promise<Site | undefined>
  /** The setup clients of this issuer, the newest first; at most `setups_max`. */
  readonly setupsAt: (issuer: string) => Promise<readonly Site[]>
  /**
   * Writes what a site is now. Where the store fails, this process still knows it, and writes it at the next occasion:
   * the OP may have been told, and its new token for changes must not be lost.
   * @throws OxdError store_unreachable
   */
  readonly replace: (site: Site) => Promise<void>
  /** Writes what could not be written before. @throws OxdError store_unreachable */
  readonly flush: () => Promise<void>
  /**
   * Runs `change` when no other change of this site is under way: the OP must be told in the order in which the record is
   * written, and its token for changes may be good for one alone.
   */
  readonly inTurn: InTurn
}

export const sitesOf = (
  store: Store,
  {
    setups_max,
    listed_sites_max,
    client_sites_max,
    swap_tries_max,
  }: Pick<Limits, 'setups_max' | 'listed_sites_max' | 'client_sites_max' | 'swap_tries_max'>,
): Sites => {
  const kind = store.kind<Site>({ kind: 'site', durable: true })
  const clients = store.kind<Listed>({ kind: 'client_sites', durable: true })
  const setups = store.kind<Listed>({ kind: 'setups', durable: true })
  const publicIds = store.kind<{ readonly oxd_id: string }>({ kind: 'public_site', durable: true })
  const unwritten = new Map<string, Site>()
  const inTurn = createTurns()
  /**
   * So that a site is found by its client. Written before the site: an entry without a site is harmless. The first site of a
   * client stays the first: who registers the same client again, and removes it, takes nothing away; nor does the first
   * when it goes.
   */
  const enter = async (site: Site): Promise<void> => {
    const { oxd_id, issuer, setup, public_id } = site
    const { client_id } = site.client
    if (public_id !== undefined) await publicIds.put([public_id], { oxd_id })
    const entered = await clients.get([issuer, client_id])
    if (entered?.value.oxd_ids.includes(oxd_id) !== true) {
      await changeList(clients, [issuer, client_id], swap_tries_max, (oxd_ids) =>
        [...new Set([...oxd_ids, oxd_id])].slice(0, client_sites_max),
      )
    }
    if (setup?.oxd_id !== oxd_id) return
    await changeList(setups, [issuer], swap_tries_max, (oxd_ids) =>
      [...new Set([oxd_id, ...oxd_ids])].slice(0, setups_max),
    )
  }
  const get = async (oxd_id: string): Promise<Site | undefined> =>
    unwritten.get(oxd_id) ?? (await kind.get([oxd_id]))?.value
  const ofClient = async (issuer: string, client_id: string): Promise<Site | undefined> => {
    for (const oxd_id of (await clients.get([issuer, client_id]))?.value.oxd_ids ?? []) {
      const site = await get(oxd_id)
      // It may have moved to another client since.
      if (site?.issuer === issuer && site.client.client_id === client_id) return site
    }
    return undefined
  }
  const list = async function* (): AsyncGenerator<Site> {
    for await (const { value } of kind.list()) yield unwritten.get(value.oxd_id) ?? value
  }
  const replace = async (site: Site): Promise<void> => {
    try {
      await enter(site)
      await kind.update([site.oxd_id], () => site)
      unwritten.delete(site.oxd_id)
    } catch (error) {
      unwritten.set(site.oxd_id, site)
      throw error
    }
  }
  return {
    get,
    replace,
    list,
    async some(isWanted) {
      const found: Site[] = []
      for await (const site of list()) {
        if (found.length === listed_sites_max) break
        if (isWanted(site)) found.push(site)
      }
      return found
    },
    async insert(site) {
      await enter(site)
      return kind.insert([site.oxd_id], site)
    },
    async remove(oxd_id) {
      const site = await get(oxd_id)
      if (site === undefined) return false
      const { issuer, client } = site
      await kind.remove([oxd_id])
      if (site.public_id !== undefined) await publicIds.remove([site.public_id])
      unwritten.delete(oxd_id)
      await leaveList(store, clients, [issuer, client.client_id], oxd_id)
      // So that it takes no other setup client's place.
      if (site.setup?.oxd_id === oxd_id) await leaveList(store, setups, [issuer], oxd_id)
      return true
    },
    hasClient: async (issuer, client_id) => (await ofClient(issuer, client_id)) !== undefined,
    ofClient,
    async ofPublicId(public_id) {
      const entry = await publicIds.get([public_id])
      const site = entry && (await get(entry.value.oxd_id))
      return site?.public_id === public_id ? site : undefined
    },
    async setupsAt(issuer) {
      const oxd_ids = (await setups.get([issuer]))?.value.oxd_ids ?? []
      const found = await Promise.all(oxd_ids.map(get))
      return found
        .filter((site) => site !== undefined)
        .filter((site) => site.issuer === issuer && site.setup?.oxd_id === site.oxd_id)
    },
    async flush() {
      const outcomes = await Promise.allSettled(
        [...unwritten.keys()].map((oxd_id) =>
          inTurn(oxd_id, async () => {
            const site = unwritten.get(oxd_id)
            if (site !== undefined) await replace(site)
          }),
        ),
      )
      // One that cannot be written keeps no other from it.
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    },
    inTurn,
  }
}
