// get_jwks: the public keys of an OP.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { askedOp } from '../oidc/asked_op.ts'

/** Shows the public keys with which an OP signs. */
export const get_jwks = command({
  name: 'get_jwks',
  since: '4.0',
  access: 'op',
  summary: 'Shows the public keys with which an OP signs.',
  repeatable: true,
  spec: ['https://www.rfc-editor.org/rfc/rfc7517#section-5'],
  params: {
    op_host: fields.op_host.optional(),
    op_discovery_path: fields.op_discovery_path.optional(),
    op_configuration_endpoint: fields.op_configuration_endpoint.optional(),
  },
  result: { keys: fields.keys },
  more: {},
  errors: ['no_op_host', 'invalid_op_host', 'no_connect_discovery_response', 'invalid_issuer_discovered'],
  examples: [
    {
      what: 'The keys of an OP.',
      params: { op_host: 'https://op.example.com' },
      result: { keys: [{ kty: 'RSA', kid: 'k1', use: 'sig', alg: 'RS256', n: '0vx7…', e: 'AQAB' }] },
    },
  ],
  async run(params, { ops, defaults }) {
    const { keys } = await ops.at(askedOp(params, defaults.op_host).where)
    return { keys: (await keys.published()).keys.map((key) => ({ ...key })) }
  },
})
