// uma_rs_modify: other scopes for one protected resource, at the authorization server and in oxd.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { updateResource } from '../oidc/uma_protection.ts'
import { parseExpression } from '../oidc/uma_rule.ts'
import { describe, findResource } from '../uma.ts'

/** Changes the scopes of one protected resource: of the condition that covers this path and method, with all its methods. */
export const uma_rs_modify = command({
  name: 'uma_rs_modify',
  since: '4.2',
  access: 'site',
  summary:
    'Changes the scopes of one protected resource: of the condition that covers this path and method, with all its methods.',
  repeatable: true,
  spec: [
    'https://docs.kantarainitiative.org/uma/wg/rec-oauth-uma-federated-authz-2.0.html#rfc.section.3.2.3',
  ],
  params: {
    oxd_id: fields.oxd_id,
    http_method: fields.http_method,
    path: fields.path,
    scopes: fields.uma_scopes.optional(),
    scope_expression: fields.scope_expression.optional(),
  },
  result: { oxd_id: fields.oxd_id },
  more: {},
  errors: [
    'invalid_oxd_id',
    'invalid_http_method',
    'invalid_path_parameter',
    'invalid_uma_scope_parameter',
    'invalid_scope_expression',
    'resource_not_protected',
  ],
  examples: [
    {
      what: 'From now on another scope is needed.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        path: '/photos',
        http_method: 'GET',
        scopes: ['https://photos.example.com/all'],
      },
      result: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff' },
    },
  ],
  async run(params, { site: { oxd_id }, sites, uma, fail }) {
    const { path, http_method, scopes = [] } = params
    const expression =
      params.scope_expression === undefined ? undefined : parseExpression(params.scope_expression)
    if (scopes.length === 0 && expression === undefined) throw fail('invalid_uma_scope_parameter')
    return sites.inTurn(oxd_id, async () => {
      // Read again, since another change may have come before.
      const site = await sites.get(oxd_id)
      if (site === undefined) throw fail('invalid_oxd_id')
      const resources = await uma.resources(oxd_id)
      const before = findResource(resources, path, http_method)
      if (before === undefined) throw fail('resource_not_protected')
      const { scope_expression: _, ...rest } = before
      const after = {
        ...rest,
        scopes,
        // They were chosen among the scopes of before.
        ticket_scopes: [],
        ...(expression === undefined ? {} : { scope_expression: expression }),
      }
      const as = await uma.at(site)
      await updateResource(as, before.id, describe(after))
      try {
        await uma.keep(
          oxd_id,
          resources.map((resource) => (resource === before ? after : resource)),
        )
      } catch (error) {
        // What oxd could not remember must not hold at the authorization server.
        await updateResource(as, before.id, describe(before)).catch(() => undefined)
        throw error
      }
      return { oxd_id }
    })
  },
})
