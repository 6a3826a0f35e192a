// get_client_token: a token for a client itself, with which it protects the commands of its sites.
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { askedOp } from '../oidc/asked_op.ts'
import { AUTH_METHODS, clientOfCaller } from '../oidc/client_auth.ts'
import type { TokenClient } from '../oidc/token_client.ts'
import type { Op } from '../oidc/op.ts'
import { authMethod } from '../oidc/registration.ts'
import { clientCredentials, type ClientTokenAnswer } from '../oidc/token.ts'
import type { Site } from '../site.ts'
import { openidScope } from '../site_settings.ts'

/** The scope of a token that protects commands. */
const OXD = 'oxd'

/** Gets a token for a client itself, with which it protects the commands of its sites. */
export const get_client_token = command({
  name: 'get_client_token',
  since: '3.1',
  access: 'client',
  summary: 'Gets a token for a client itself, with which it protects the commands of its sites.',
  repeatable: true,
  spec: ['https://www.rfc-editor.org/rfc/rfc6749#section-4.4'],
  params: {
    client_id: fields.token_client_id,
    client_secret: fields.token_client_secret,
    op_host: fields.op_host.optional(),
    op_discovery_path: fields.op_discovery_path.optional(),
    op_configuration_endpoint: fields.op_configuration_endpoint.optional(),
    scope: fields.token_scope.optional(),
    authentication_method: fields.authentication_method.optional(),
    algorithm: fields.algorithm.optional(),
    key_id: fields.key_id.optional(),
  },
  result: {
    access_token: fields.access_token,
    expires_in: fields.expires_in,
    refresh_token: fields.refresh_token,
    scope: fields.granted_scope,
  },
  more: {},
  errors: ['no_op_host', 'invalid_op_host', 'invalid_algorithm', 'scope_refused', 'invalid_client'],
  examples: [
    {
      what: 'The setup client of a site.',
      params: {
        op_host: 'https://op.example.com',
        client_id: 'fGk2Lq8mTz',
        client_secret: 'a secret',
        scope: ['oxd', 'uma_protection'],
      },
      result: {
        access_token: 'SlAV32hkKG',
        expires_in: 299,
        refresh_token: null,
        scope: ['openid', 'oxd', 'uma_protection'],
      },
    },
  ],
  async run(params, { ops, sites, defaults }) {
    const { client_id, client_secret, authentication_method } = params
    const { where } = askedOp(params, defaults.op_host)
    if (authentication_method !== undefined && !AUTHENTICATIONS.has(authentication_method)) {
      throw new OxdError('invalid_algorithm', {
        what: `authentication_method: oxd supports ${[...AUTHENTICATIONS].join(', ')}.`,
      })
    }
    const site = await sites.ofClient(where.issuer, client_id)
    const op = await ops.at({ ...where, quirks: site?.quirks })
    const token_endpoint_auth_method = authentication_method ?? methodOf(op, site)
    const token_endpoint_auth_signing_alg = params.algorithm ?? site?.client.token_endpoint_auth_signing_alg
    const client = clientOfCaller(
      { client_id, client_secret, token_endpoint_auth_method, token_endpoint_auth_signing_alg },
      site?.client,
    )
    const tokens = await tokensFor(op, client, params.scope ?? scopeOf(site))
    return { ...tokens, scope: [...tokens.scope] }
  },
})

const AUTHENTICATIONS: ReadonlySet<string> = new Set(
  Object.keys(AUTH_METHODS).filter((name) => name !== 'none'),
)

/** As the client was registered, where oxd knows it, else as the OP offers. */
const methodOf = ({ metadata }: Op, site: Site | undefined): string => {
  const registered = site?.client.token_endpoint_auth_method
  return registered !== undefined && AUTHENTICATIONS.has(registered)
    ? registered
    : authMethod(metadata, undefined)
}

/** What the token is for, where the caller does not say: a token without this scope protects nothing. */
const scopeOf = (site: Site | undefined): readonly string[] =>
  site?.settings.scope.includes(OXD) === true ? [OXD] : []

/** With `openid`, as oxd always asked; an OP may refuse that, since there is no user: then without. */
const tokensFor = async (
  op: Op,
  client: TokenClient,
  scope: readonly string[],
): Promise<ClientTokenAnswer> => {
  const withOpenid = openidScope(scope)
  try {
    return await clientCredentials(op, client, { scope: withOpenid })
  } catch (error) {
    const isRefused = error instanceof OxdError && error.code === 'scope_refused'
    const without = withOpenid.filter((token) => token !== 'openid')
    if (!isRefused || without.length === 0 || scope.includes('openid')) throw error
    return clientCredentials(op, client, { scope: without })
  }
}
