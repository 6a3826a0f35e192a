// get_rp_jwks: oxd's own public keys, for OPs to check what it signed.
import { command } from '../command.ts'
import { fields } from '../fields.ts'

/** oxd's own public keys, with which an OP checks the request objects of `get_request_object_uri`. */
export const get_rp_jwks = command({
  name: 'get_rp_jwks',
  since: '4.2',
  access: 'public',
  summary: "oxd's own public keys, with which an OP checks the request objects of `get_request_object_uri`.",
  repeatable: true,
  spec: ['https://www.rfc-editor.org/rfc/rfc7517#section-5'],
  params: {},
  result: { keys: fields.keys },
  more: {},
  get: { path: '/get-rp-jwks' },
  errors: [],
  examples: [
    {
      what: 'The OP is told this address as `client_jwks_uri` of the site.',
      params: {},
      result: { keys: [{ kty: 'RSA', kid: 'rp1', use: 'sig', alg: 'RS256', n: '0vx7…', e: 'AQAB' }] },
    },
  ],
  run: async (_params, { rpKeys }) => ({ keys: (await rpKeys.published()).map((key) => ({ ...key })) }),
})
