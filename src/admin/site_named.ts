// The site that an administrator means, by its oxd_id or a beginning of it that no other has.
import { setImmediate as others } from 'node:timers/promises'
import { OxdError } from '../error.ts'
import type { Limits } from '../limits.ts'
import type { Site, Sites } from '../site.ts'

/** Four hexadecimal digits: what a person reads off a list, and does not hit by accident. */
const BEGINNING_MIN = 4
const CANDIDATES_SHOWN = 3

/**
 * @throws OxdError unknown_site: there is none; invalid_request: there are several
 */
export const siteNamed = async (
  named: string,
  sites: Sites,
  { store_page_records }: Pick<Limits, 'store_page_records'>,
): Promise<Site> => {
  const exact = await sites.get(named)
  if (exact !== undefined) return exact
  if (named.length < BEGINNING_MIN) throw new OxdError('unknown_site')
  const found: Site[] = []
  let seen = 0
  for await (const site of sites.list()) {
    if (site.oxd_id.startsWith(named)) found.push(site)
    if (found.length > CANDIDATES_SHOWN) break
    seen += 1
    // The store answers without waiting: logins have their turn between its pages.
    if (seen % store_page_records === 0) await others()
  }
  const [site, ...more] = found
  if (site === undefined) throw new OxdError('unknown_site')
  if (more.length === 0) return site
  const candidates = found.slice(0, CANDIDATES_SHOWN).map(({ oxd_id }) => oxd_id)
  const further = found.length > CANDIDATES_SHOWN ? ', …' : ''
  throw new OxdError('invalid_request', {
    what: `Several sites begin like this: ${candidates.join(', ')}${further}.`,
  })
}
