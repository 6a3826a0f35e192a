// uma_rs_check_access: may this request pass, and if not, with which ticket does its sender ask for more?
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import type { Introspection } from '../oidc/introspection.ts'
import type { As } from '../oidc/uma.ts'
import { introspectRpt, requestTicket } from '../oidc/uma_protection.ts'
import { findResource, mayUse, scopesOf, type UmaResource } from '../uma.ts'
import { seconds } from '../world.ts'

/** Says whether the RPT of a request opens a protected resource; if not, with which ticket its sender asks for one that does. */
export const uma_rs_check_access = command({
  name: 'uma_rs_check_access',
  since: '2.4',
  access: 'site',
  summary:
    'Says whether the RPT of a request opens a protected resource; if not, with which ticket its sender asks for one that does.',
  repeatable: true,
  spec: [
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.5',
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.4',
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-grant-2.0.html#rfc.section.3.2.1',
  ],
  params: {
    oxd_id: fields.oxd_id,
    http_method: fields.http_method,
    path: fields.path,
    rpt: fields.rpt.optional(),
    scopes: fields.checked_scopes.optional(),
  },
  result: {
    access: fields.access,
    'www-authenticate_header': fields.www_authenticate_header,
    ticket: fields.granted_ticket,
  },
  more: {},
  errors: ['invalid_http_method', 'invalid_path_parameter', 'resource_not_protected'],
  examples: [
    {
      what: 'Somebody knocks without a token.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        path: '/photos',
        http_method: 'GET',
      },
      result: {
        access: 'denied',
        'www-authenticate_header':
          'UMA realm="rs",as_uri="https://op.example.com",error="insufficient_scope",ticket="d8f3a1c2-ticket"',
        ticket: 'd8f3a1c2-ticket',
      },
    },
    {
      what: 'Somebody comes back with an RPT for it.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        rpt: 'dbf7e0a4-rpt',
        path: '/photos',
        http_method: 'GET',
      },
      result: { access: 'granted', ticket: null },
    },
  ],
  async run({ rpt, path, http_method, scopes }, { site, uma, world, fail }) {
    const resource = findResource(await uma.resources(site.oxd_id), path, http_method)
    if (resource === undefined) throw fail('resource_not_protected')
    const needed =
      scopes === undefined
        ? resource
        : { ...resource, scopes, ticket_scopes: [], scope_expression: undefined }
    const as = await uma.at(site)
    if (rpt !== undefined) {
      const said = await introspectRpt(as, rpt)
      if (mayUse(needed, heldScopes(as, said, needed, rpt, seconds(world)))) {
        return { access: 'granted', ticket: null }
      }
    }
    const asked = needed.ticket_scopes.length > 0 ? needed.ticket_scopes : scopesOf(needed)
    const ticket = await requestTicket(as, { resource_id: needed.id, scopes: asked })
    return {
      access: 'denied',
      'www-authenticate_header': `UMA realm="rs",as_uri="${site.issuer}",error="insufficient_scope",ticket="${ticket}"`,
      ticket,
    }
  },
})

/** The GATs of Gluu's UMA 1, good for their scopes at every resource, are told by their beginning. */
const GAT = 'gat_'

/** The scopes that an RPT has at a resource, now. */
const heldScopes = (
  { metadata: { version } }: As,
  { active, permissions = [] }: Introspection,
  { id }: UmaResource,
  rpt: string,
  now: number,
): ReadonlySet<string> => {
  const isGat = version === 1 && rpt.startsWith(GAT)
  const good = permissions.filter(
    ({ resource_id, exp }) =>
      active &&
      (resource_id === id || isGat) &&
      (exp === undefined || exp + LIMITS.clock_tolerance_seconds > now),
  )
  return new Set(good.flatMap(({ resource_scopes }) => resource_scopes))
}
