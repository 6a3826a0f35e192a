// get_issuer: which OP is responsible for an account, an e-mail address or a host (WebFinger).
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { askedOp } from '../oidc/asked_op.ts'
import { discoverIssuer, webfingerOf } from '../oidc/webfinger.ts'

/** Finds the OP that is responsible for an account, an e-mail address or a host. */
export const get_issuer = command({
  name: 'get_issuer',
  since: '4.2',
  access: 'op',
  summary: 'Finds the OP that is responsible for an account, an e-mail address or a host.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-discovery-1_0.html#IssuerDiscovery'],
  params: {
    resource: fields.resource,
    op_host: fields.op_host.optional(),
    op_discovery_path: fields.op_discovery_path.optional(),
    op_configuration_endpoint: fields.op_configuration_endpoint.optional(),
  },
  result: { subject: fields.subject, links: fields.links },
  more: {},
  errors: ['invalid_request', 'failed_to_get_issuer', 'foreign_resource', 'op_not_allowed'],
  examples: [
    {
      what: 'Is this OP responsible for Ada?',
      params: { op_host: 'https://op.example.com', resource: 'acct:ada@op.example.com' },
      result: {
        subject: 'acct:ada@op.example.com',
        links: [{ rel: 'http://openid.net/specs/connect/1.0/issuer', href: 'https://op.example.com' }],
      },
    },
  ],
  async run(params, { ops, permit, defaults, fail }) {
    const { resource, op_host, op_configuration_endpoint } = params
    const isNamed = op_host !== undefined || op_configuration_endpoint !== undefined
    // Who may ask about any OP may also ask which one it is.
    const issuer = isNamed || !permit.anywhere ? askedOp(params, defaults.op_host).where.issuer : undefined
    if (!permit.anywhere && issuer !== undefined && webfingerOf(resource).host !== new URL(issuer).host) {
      throw fail('op_not_allowed', { what: 'The resource is at another host.' })
    }
    const { subject, links } = await discoverIssuer(ops.door, resource)
    if (issuer !== undefined && !links.some(({ href }) => href === issuer)) throw fail('foreign_resource')
    return { subject, links: links.map((link) => ({ ...link })) }
  },
})
