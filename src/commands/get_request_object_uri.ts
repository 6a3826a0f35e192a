// get_request_object_uri: an authorization request, signed by oxd, and the address at which the OP fetches it.
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { isOwnAlgorithm, OWN_ALGORITHMS } from '../oidc/own_keys.ts'

/** Signs an authorization request as a JWT, and says where the OP fetches it. */
export const get_request_object_uri = command({
  name: 'get_request_object_uri',
  since: '4.2',
  access: 'site',
  summary: 'Signs an authorization request as a JWT, and says where the OP fetches it.',
  repeatable: true,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#RequestUriParameter',
    'https://www.rfc-editor.org/rfc/rfc9101#section-5.2',
  ],
  params: {
    oxd_id: fields.oxd_id,
    oxd_host_url: fields.oxd_host_url,
    request_object_signing_alg: fields.request_object_signing_alg.optional(),
    params: fields.request_object_params.optional(),
  },
  result: { request_uri: fields.request_uri },
  more: {},
  errors: ['invalid_algorithm', 'invalid_request', 'redirect_uri_is_not_registered'],
  examples: [
    {
      what: 'A request whose scope nobody changes on its way through the browser.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        oxd_host_url: 'https://oxd.example.com:8443',
        request_object_signing_alg: 'RS256',
        params: { scope: 'openid' },
      },
      result: {
        request_uri: 'https://oxd.example.com:8443/get-request-object/SplxlOBeZQQYbYS6WxSbIA',
      },
    },
  ],
  async run({ oxd_host_url, request_object_signing_alg, params = {} }, { site, rpKeys, fail }) {
    const { oxd_id, settings, client, issuer } = site
    const alg = request_object_signing_alg ?? settings.further_metadata?.request_object_signing_alg
    if (typeof alg !== 'string' || !isOwnAlgorithm(alg)) {
      throw fail('invalid_algorithm', {
        what: `request_object_signing_alg must be one of ${OWN_ALGORITHMS.join(', ')}.`,
      })
    }
    refuseOwn(params)
    const { redirect_uri } = params
    if (redirect_uri !== undefined && !settings.redirect_uris.includes(redirect_uri)) {
      throw fail('redirect_uri_is_not_registered')
    }
    const name = await rpKeys.keepRequest(oxd_id, alg, {
      response_type: 'code',
      ...params,
      // RFC 9101 section 5: whose it is, and for whom. The oxd_id, which old clients keep like a secret, does not leave.
      iss: client.client_id,
      client_id: client.client_id,
      aud: issuer,
    })
    return { request_uri: `${oxd_host_url.replace(/\/$/, '')}/get-request-object/${name}` }
  },
})

/** Claims that oxd sets, and parameters that have no place in a request object (RFC 9101 section 4). */
const OWN: ReadonlySet<string> = new Set([
  'iss',
  'aud',
  'sub',
  'jti',
  'iat',
  'exp',
  'nbf',
  'client_id',
  'client_secret',
  'oxd_id',
  'request',
  'request_uri',
  '__proto__',
])

const refuseOwn = (params: Readonly<Record<string, string>>): void => {
  const refused = Object.keys(params).find((name) => OWN.has(name))
  if (refused === undefined) return
  throw new OxdError('invalid_request', {
    what: `params: ${JSON.stringify(refused)} is not the caller's to set.`,
  })
}
