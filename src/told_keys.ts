// OPs that were told the keys of oxd by value, which they cannot fetch anew, are told the new ones.
import type { Context } from './command.ts'
import { updateClient, type Management } from './oidc/registration.ts'
import { publicPlace } from './public_addresses.ts'
import { toldMetadata } from './registrar.ts'
import type { Site } from './site.ts'

type Parts = Pick<Context, 'sites' | 'ops' | 'rpKeys' | 'world' | 'defaults'>

export interface KeyNews {
  /** Sites whose OP knows the new keys now. */
  readonly told: number
  /** Sites whose OP could not be told: they go on with the old keys while these live. */
  readonly untold: readonly string[]
}

const tell = async ({ sites, ops, world, defaults }: Parts, oxd_id: string): Promise<void> =>
  sites.inTurn(oxd_id, async () => {
    const site = await sites.get(oxd_id)
    if (site === undefined) return
    const op = await ops.at(site)
    const keep = (management: Management): Promise<void> =>
      sites.replace({ ...site, client: { ...site.client, ...management } })
    const place = publicPlace(defaults.public_url, world, site)
    const client = await updateClient(op, site.client, toldMetadata(op, site.settings, place), keep)
    await sites.replace({ ...site, client: { ...client, by_hand: site.client.by_hand } })
  })

/** Tells every OP that has old keys; one that cannot be reached, or lets nobody change a registration, is passed over and named. */
export const tellKeys = async (parts: Parts): Promise<KeyNews> => {
  const newest = (await parts.rpKeys.newest()).map(({ kid }) => String(kid))
  const isBehind = ({ client: { jwks_kids: kids } }: Site): boolean =>
    kids !== undefined && newest.some((kid) => !kids.includes(kid))
  let told = 0
  const untold: string[] = []
  for await (const site of parts.sites.list()) {
    if (!isBehind(site)) continue
    try {
      await tell(parts, site.oxd_id)
      told += 1
    } catch (error) {
      untold.push(site.oxd_id)
      parts.world.log('warn', 'an OP does not know the new keys', {
        oxd_id: site.oxd_id.slice(0, 8),
        reason: error instanceof Error && 'code' in error ? String(error.code) : 'unknown',
      })
    }
  }
  return { told, untold }
}

/** Tells them once for each new key, at whatever occasion it was made. */
export const keyTeller = (parts: Parts): (() => Promise<void>) => {
  const known = new Set<string>()
  return async () => {
    const coming = (await parts.rpKeys.shown()).filter(({ state }) => state === 'coming')
    if (coming.every(({ kid }) => known.has(kid))) return
    for (const { kid } of coming) known.add(kid)
    await tellKeys(parts)
  }
}
