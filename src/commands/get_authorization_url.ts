// get_authorization_url: a new login, and the URL to which the browser of the user is sent.
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import { loginParameters, refuseOwned, type Parameters } from '../oidc/authorization.ts'
import { requestAuthorization } from '../oidc/authorization_request.ts'
import { requestWay } from '../rp_keys.ts'
import { openidScope, termsOf } from '../site.ts'
import { seconds } from '../world.ts'

/** Starts a login: the URL to which the application redirects its user. */
export const get_authorization_url = command({
  name: 'get_authorization_url',
  since: '2.4',
  access: 'site',
  summary: 'Starts a login: the URL to which the application redirects its user.',
  repeatable: true,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest',
    'https://www.rfc-editor.org/rfc/rfc7636#section-4.3',
    'https://www.rfc-editor.org/rfc/rfc9700#section-2.1',
    'https://www.rfc-editor.org/rfc/rfc9101#section-5',
    'https://www.rfc-editor.org/rfc/rfc9126#section-2',
  ],
  params: {
    oxd_id: fields.oxd_id,
    scope: fields.scope.optional(),
    acr_values: fields.acr_values.optional(),
    prompt: fields.prompt.optional(),
    hd: fields.hd.optional(),
    custom_parameters: fields.custom_parameters.optional(),
    params: fields.params.optional(),
    redirect_uri: fields.redirect_uri.optional(),
    response_types: fields.requested_response_types.optional(),
    state: fields.own_state.optional(),
    nonce: fields.own_nonce.optional(),
  },
  result: { authorization_url: fields.authorization_url },
  more: { state: fields.new_state, login_id: fields.login_id },
  errors: [
    'redirect_uri_is_not_registered',
    'invalid_scope',
    'invalid_request',
    'state_in_use',
    'expired_client',
    'no_par_endpoint',
    'authorization_request_refused',
    'no_op_encryption_key',
    'rp_key_not_registered',
  ],
  examples: [
    {
      what: 'The user is asked to sign in anew.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', prompt: 'login' },
      result: {
        authorization_url:
          'https://op.example.com/auth?response_type=code&client_id=s6BhdRkqt3&redirect_uri=https%3A%2F%2Fclient.example.com%2Fcallback&scope=openid+profile+email&state=AaPw…&nonce=fR3o…&code_challenge=E9Me…&code_challenge_method=S256&prompt=login',
      },
    },
  ],
  async run(params, { site, ops, logins, rpKeys, world, defaults, fail }) {
    const { settings, client } = site
    if (client.client_secret_expires_at !== undefined && client.client_secret_expires_at <= seconds(world)) {
      throw fail('expired_client')
    }
    const redirect_uri = params.redirect_uri ?? settings.redirect_uris[0]
    if (!settings.redirect_uris.includes(redirect_uri)) throw fail('redirect_uri_is_not_registered')
    const scope = openidScope(params.scope ?? settings.scope)
    const response_type = responseType(params.response_types, settings.response_types)
    const op = await ops.at(site)
    const wishes: Parameters = [
      ['acr_values', (params.acr_values ?? settings.acr_values).join(' ')],
      ['prompt', params.prompt],
      ['hd', params.hd],
      ['ui_locales', settings.ui_locales.join(' ')],
      ['claims_locales', settings.claims_locales.join(' ')],
    ]
    const custom = { ...params.custom_parameters, ...params.params }
    // Before a state or nonce of the caller's is spent.
    refuseOwned(op.metadata, wishes, custom)
    const { state, nonce } = params
    const login = await logins.begin(termsOf(site), { redirect_uri, state, nonce })
    const authorization_url = await requestAuthorization(
      op,
      client,
      [
        ...loginParameters(login, { client_id: client.client_id, scope, response_type }),
        ...wishes,
        ...Object.entries(custom),
      ],
      requestWay(site, rpKeys, defaults),
    )
    return { authorization_url, state: login.state, login_id: login.login_id }
  },
})

/** What may come back through the browser: no access token ever (RFC 9700 section 2.1.2). */
const THROUGH_THE_BROWSER = new Set(['code', 'id_token'])

/** What is asked for, where the site registered each word of it; else, as in 4.x, silently the code alone. */
const responseType = (asked: readonly string[] = [], registered: readonly string[]): string => {
  const wordsOf = (types: readonly string[]): string[] => [
    ...new Set(types.flatMap((type) => type.split(' '))),
  ]
  const words = wordsOf(asked)
  if (words.length === 0 || words.some((word) => !wordsOf(registered).includes(word))) return 'code'
  if (!words.includes('code') || words.some((word) => !THROUGH_THE_BROWSER.has(word))) {
    throw new OxdError('invalid_request', { what: 'response_types must be code, or code and id_token.' })
  }
  return words.join(' ')
}
