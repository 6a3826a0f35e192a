// get_discovery: what an OP publishes of itself.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { askedOp } from '../oidc/asked_op.ts'
import { fetchDiscovery } from '../oidc/discovery.ts'

/** Shows what an OP publishes of itself, fetched anew. */
export const get_discovery = command({
  name: 'get_discovery',
  since: '4.0',
  access: 'op',
  summary: 'Shows what an OP publishes of itself, fetched anew.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig'],
  params: {
    op_host: fields.op_host.optional(),
    op_discovery_path: fields.op_discovery_path.optional(),
    op_configuration_endpoint: fields.op_configuration_endpoint.optional(),
  },
  result: { metadata: fields.metadata },
  more: {},
  bare: 'metadata',
  errors: ['no_op_host', 'invalid_op_host', 'no_connect_discovery_response', 'invalid_issuer_discovered'],
  examples: [
    {
      what: 'Where is everything?',
      params: { op_host: 'https://op.example.com' },
      result: {
        metadata: {
          issuer: 'https://op.example.com',
          authorization_endpoint: 'https://op.example.com/auth',
          user_info_endpoint: 'https://op.example.com/me',
        },
      },
    },
  ],
  async run(params, { ops, defaults }) {
    const { where } = askedOp(params, defaults.op_host)
    return { metadata: { ...(await fetchDiscovery(ops.door, where)) } }
  },
})
