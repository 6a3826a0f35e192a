// get_authorization_url: a new login, and the URL to which the browser of the user is sent.
import { command } from '../command.ts'
import { OxdError } from '../error.ts'
import { fields } from '../fields.ts'
import type { ResponseType } from '../flow.ts'
import { loginParameters, refuseOwned, type Parameters } from '../oidc/authorization.ts'
import { requestAuthorization } from '../oidc/authorization_request.ts'
import { claimsRequest } from '../oidc/claims_request.ts'
import { requestWay } from '../rp_keys.ts'
import { termsOf } from '../site.ts'
import {
  defaultMaxAge,
  openidScope,
  responseModeFor,
  responseTypeFor,
  type SiteSettings,
} from '../site_settings.ts'
import { movedAlong } from '../token_endpoint.ts'
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
    'https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes',
    'https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter',
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
    response_type: fields.login_response_type.optional(),
    response_mode: fields.response_mode.optional(),
    response_types: fields.requested_response_types.optional(),
    max_age: fields.max_age.optional(),
    claims: fields.claims_request.optional(),
    id_token_hint: fields.login_id_token_hint.optional(),
    login_hint: fields.login_hint_for_op.optional(),
    ui_locales: fields.ui_locales.optional(),
    session_binding: fields.session_binding.optional(),
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
  async run(params, { site, sites, ops, logins, rpKeys, world, defaults, fail }) {
    const { settings, client } = site
    if (client.client_secret_expires_at !== undefined && client.client_secret_expires_at <= seconds(world)) {
      throw fail('expired_client')
    }
    const redirect_uri = params.redirect_uri ?? settings.redirect_uris[0]
    if (!settings.redirect_uris.includes(redirect_uri)) throw fail('redirect_uri_is_not_registered')
    const scope = openidScope(params.scope ?? settings.scope)
    const { state, nonce, session_binding } = params
    const response_type = typeOf(params, settings)
    const response_mode = responseModeFor(settings, response_type, params.response_mode)
    const custom = { ...params.custom_parameters, ...params.params }
    const max_age = params.max_age ?? secondsIn(custom.max_age) ?? defaultMaxAge(settings)
    const claims = claimsOf(params.claims ?? custom.claims)
    const op = await ops.at(site)
    const wishes: Parameters = [
      ['acr_values', (params.acr_values ?? settings.acr_values).join(' ')],
      ['prompt', params.prompt],
      ['hd', params.hd],
      ['max_age', params.max_age?.toString()],
      ['claims', params.claims === undefined ? undefined : claims?.text],
      ['id_token_hint', params.id_token_hint],
      ['login_hint', params.login_hint],
      ['ui_locales', (params.ui_locales ?? settings.ui_locales).join(' ')],
      ['claims_locales', settings.claims_locales.join(' ')],
    ]
    // Before a state or nonce of the caller's is spent.
    refuseOwned(op.metadata, wishes, custom)
    const login = await logins.begin(termsOf(await movedAlong(sites, site, op)), {
      redirect_uri,
      state,
      nonce,
      response_type,
      response_mode,
      max_age,
      essential_acr: claims?.essential_acr,
      scope: params.scope === undefined ? undefined : scope,
      session_binding,
    })
    const authorization_url = await requestAuthorization(
      op,
      client,
      [
        ...loginParameters(login, { client_id: client.client_id, scope, response_type, response_mode }),
        ...wishes,
        ...Object.entries(custom),
        ['max_age', max_age?.toString()],
      ],
      requestWay(site, rpKeys, defaults),
    )
    return { authorization_url, state: login.state, login_id: login.login_id }
  },
})

/** Parameters that oxd enforces are enforced under whatever name a caller gives them. */
const secondsIn = (custom: string | undefined): number | undefined => {
  if (custom === undefined) return undefined
  const read = fields.max_age.safeParse(/^\d{1,10}$/.test(custom) ? Number(custom) : custom)
  if (!read.success) throw new OxdError('invalid_request', { what: 'max_age must be seconds.' })
  return read.data
}

const claimsOf = (given: string | Readonly<Record<string, unknown>> | undefined) =>
  given === undefined ? undefined : claimsRequest(given)

interface AskedTypes {
  readonly response_type?: string | undefined
  readonly response_types?: readonly string[] | undefined
}

/** What is asked for: by name, as clients of 4.x do, or as the site has it. */
const typeOf = ({ response_type, response_types }: AskedTypes, settings: SiteSettings): ResponseType =>
  response_type === undefined && response_types !== undefined
    ? typeOf4x(response_types, settings)
    : responseTypeFor(settings, response_type)

/** What clients of 4.x can take through the browser: they check no response as a whole. */
const THROUGH_THE_BROWSER = new Set(['code', 'id_token'])

/** What is asked for, where the site registered each word of it; else, as in 4.x, silently the code alone. */
const typeOf4x = (asked: readonly string[], settings: SiteSettings): ResponseType => {
  const wordsOf = (types: readonly string[]): ReadonlySet<string> =>
    new Set(types.flatMap((type) => type.split(' ')))
  const known = wordsOf(settings.response_types)
  const words = [...wordsOf(asked)]
  if (words.some((word) => !known.has(word))) return responseTypeFor(settings, undefined)
  if (!words.includes('code') || words.some((word) => !THROUGH_THE_BROWSER.has(word))) {
    throw new OxdError('invalid_request', {
      what: 'response_types must be code, or code and id_token; others are asked for as response_type.',
    })
  }
  return words.includes('id_token') ? 'code id_token' : 'code'
}
