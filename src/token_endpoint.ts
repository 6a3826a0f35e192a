// Where the codes of a site go: to the token endpoint that its OP named when the login began, and to no other.
// Metadata are fetched anew every now and then; who could change them in between would be sent codes and secrets.
// @see https://www.rfc-editor.org/rfc/rfc9700#section-4.4
import { OxdError } from './error.ts'
import type { Op } from './oidc/op.ts'
import type { Site, Sites } from './site.ts'

/**
 * The site as logins may begin at it: where the token endpoint has moved, those that were begun before it did end.
 * @throws OxdError invalid_oxd_id, store_unreachable
 */
export const movedAlong = async (sites: Sites, site: Site, { metadata }: Op): Promise<Site> => {
  const { token_endpoint } = metadata
  if (site.token_endpoint === token_endpoint) return site
  return sites.inTurn(site.oxd_id, async () => {
    const current = await sites.get(site.oxd_id)
    if (current === undefined) throw new OxdError('invalid_oxd_id')
    if (current.token_endpoint === token_endpoint) return current
    // A site of before this was remembered: nothing says that anything moved.
    const version = current.token_endpoint === undefined ? current.version : current.version + 1
    const moved = { ...current, token_endpoint, version }
    await sites.replace(moved)
    return moved
  })
}

/**
 * Nothing of a login goes to a token endpoint that was named after it began.
 * @throws OxdError token_endpoint_moved
 */
export const refuseMoved = ({ token_endpoint }: Site, { metadata }: Op): void => {
  if (token_endpoint === undefined || token_endpoint === metadata.token_endpoint) return
  throw new OxdError('token_endpoint_moved', {
    reason: {
      about: 'token_endpoint',
      spec: 'RFC 9700 4.4',
      expected: token_endpoint,
      seen: metadata.token_endpoint,
    },
  })
}
