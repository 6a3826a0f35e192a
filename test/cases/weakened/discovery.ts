// DSC: what an OP says of itself is believed.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

export const WEAKENED_DISCOVERY = [
  {
    name: 'PKCE only where it is offered',
    file: 'src/commands/get_authorization_url.ts',
    line: '...loginParameters(login, { client_id: client.client_id, scope, response_type, response_mode }),',
    replace_by:
      "...loginParameters(login, { client_id: client.client_id, scope, response_type, response_mode }).filter(([name]) => !name.startsWith('code_challenge') || op.metadata.code_challenge_methods_supported?.includes('S256')),",
    turns_red: ['DSC-15'],
    // What is offered is not even read.
    also: [
      {
        file: 'src/oidc/discovery.ts',
        line: 'issuer: z.string(),',
        replace_by: 'issuer: z.string(), code_challenge_methods_supported: z.any(),',
      },
    ],
  },
  ...weakenedCases('src/oidc/op.ts', [
    ['metadata for ever', 'ttl: limits.op_metadata_ms,', 'ttl: 0,', 'DSC-18 DSC-17'],
  ]),
  ...weakenedCases('src/oidc/discovery.ts', [
    ['metadata of any issuer', 'if (metadata.issuer !== issuer) {', 'if (false) {', 'DSC-01 DSC-02 DSC-04'],
    [
      'an issuer with query, fragment or user name',
      "if (/[?#]/.test(issuer) || username !== '' || password !== '') {",
      'if (false) {',
      'DSC-04',
    ],
    [
      'endpoints at http',
      "if (typeof value === 'string' && !value.startsWith('https:')) {",
      'if (false) {',
      'DSC-05',
    ],
    [
      'endpoints of any type',
      'const endpoint = z.string().refine(isEndpoint)',
      'const endpoint = z.any()',
      'DSC-06 DSC-07',
    ],
    [
      'endpoints of any scheme',
      'const endpoint = z.string().refine(isEndpoint)',
      'const endpoint = z.url()',
      'DSC-07',
    ],
  ]),
  ...weakenedCases('src/oidc/webfinger.ts', [
    [
      'an issuer of any scheme',
      "return protocol === 'https:' && username === '' && password === '' && !/[?#]/.test(href)",
      'return true',
      'DSC-19',
    ],
  ]),
  ...weakenedCases('src/commands/get_issuer.ts', [
    [
      'an account of any issuer',
      "if (issuer !== undefined && !links.some(({ href }) => href === issuer)) throw fail('foreign_resource')",
      '',
      'DSC-19',
    ],
  ]),
  ...weakenedCases('src/token_endpoint.ts', [
    [
      'a code goes wherever the OP now says',
      'if (token_endpoint === undefined || token_endpoint === metadata.token_endpoint) return',
      'return',
      'DSC-17',
    ],
  ]),
]
