// Protection API tokens: with one of them oxd, as the resource server of a site, asks the OP about tokens and permissions.
// @see https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#authz-server
import type { Limits } from './limits.ts'
import type { Ops } from './oidc/op.ts'
import { clientCredentials } from './oidc/token.ts'
import type { Site } from './site.ts'
import type { Store } from './store/store.ts'
import { seconds, type World } from './world.ts'

/** The token of one site, obtained when it is needed and kept while it lives. */
export interface Pat {
  /** @throws OxdError as the token endpoint refuses */
  get(): Promise<string>
  /** A new one, since the OP refused the one that was kept. */
  renew(): Promise<string>
}

export interface Pats {
  of(site: Site): Pat
  /** The site is gone. */
  forget(site: Site): Promise<void>
}

const SCOPE = ['uma_protection']

export const createPats = (
  store: Store,
  ops: Ops,
  world: World,
  { token_margin_seconds, tokens_seconds_max }: Pick<Limits, 'token_margin_seconds' | 'tokens_seconds_max'>,
): Pats => {
  const kept = store.kind<{ readonly access_token: string }>({ kind: 'pat', durable: false })
  /** Those who need the same token at the same time wait for one answer. */
  const underWay = new Map<string, Promise<string>>()

  const obtain = async (site: Site): Promise<string> => {
    const op = await ops.at(site)
    const { access_token, expires_in } = await clientCredentials(op, site.client, { scope: SCOPE })
    const lifetime = Math.min(expires_in, tokens_seconds_max) - token_margin_seconds
    // Where the OP does not say how long it lives, it is used this once.
    if (lifetime > 0) {
      await kept.put(idOf(site), { access_token }, { expires_at: seconds(world) + lifetime })
    }
    return access_token
  }
  /** Bound to the client: another client of the site has another token. */
  const idOf = ({ oxd_id, issuer, client }: Site) => [oxd_id, issuer, client.client_id]
  const renewed = (site: Site): Promise<string> => {
    const key = idOf(site).join(' ')
    const known = underWay.get(key)
    if (known !== undefined) return known
    const work = obtain(site).finally(() => underWay.delete(key))
    underWay.set(key, work)
    return work
  }

  return {
    of: (site) => ({
      get: async () => (await kept.get(idOf(site)))?.value.access_token ?? (await renewed(site)),
      renew: () => renewed(site),
    }),
    forget: (site) => kept.remove(idOf(site)),
  }
}
