// initiate_third_party_login: somebody else sends a user here who is to log in.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { loginParameters } from '../oidc/authorization.ts'
import { requestAuthorization } from '../oidc/authorization_request.ts'
import { requestWay } from '../rp_keys.ts'
import { termsOf } from '../site.ts'
import { loginDefaults } from '../site_settings.ts'
import { movedAlong } from '../token_endpoint.ts'
import { seconds } from '../world.ts'

/** Starts a login that the OP or another site asked for: the URL to which the user is redirected. */
export const initiate_third_party_login = command({
  name: 'initiate_third_party_login',
  since: '4.2.2',
  access: 'site',
  summary: 'Starts a login that the OP or another site asked for: the URL to which the user is redirected.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin'],
  params: {
    oxd_id: fields.oxd_id,
    iss: fields.third_party_iss,
    login_hint: fields.login_hint.optional(),
    target_link_uri: fields.target_link_uri.optional(),
  },
  result: { authorization_url: fields.authorization_url },
  more: { state: fields.new_state, login_id: fields.login_id },
  get: { path: '/initiate-third-party-login/{oxd_id}' },
  errors: ['foreign_iss', 'foreign_target_link_uri', 'expired_client'],
  examples: [
    {
      what: 'The OP has a list of applications, and the user chose this one.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', iss: 'https://op.example.com' },
      result: {
        authorization_url:
          'https://op.example.com/auth?response_type=code&client_id=s6BhdRkqt3&redirect_uri=https%3A%2F%2Fclient.example.com%2Fcallback&scope=openid&state=AaPw…&nonce=fR3o…&code_challenge=E9Me…&code_challenge_method=S256',
      },
    },
  ],
  async run(
    { iss, login_hint, target_link_uri },
    { site, sites, ops, logins, rpKeys, world, defaults, fail },
  ) {
    const { settings, client, issuer } = site
    if (iss !== issuer) throw fail('foreign_iss')
    const origins = settings.redirect_uris.map(originOf)
    // Core 4: never to anywhere else, which would make the site an open redirector.
    if (target_link_uri !== undefined && !origins.includes(originOf(target_link_uri))) {
      throw fail('foreign_target_link_uri')
    }
    // As at every other login: it would fail when the user comes back.
    if (client.client_secret_expires_at !== undefined && client.client_secret_expires_at <= seconds(world)) {
      throw fail('expired_client')
    }
    const op = await ops.at(site)
    const asked = loginDefaults(settings)
    const login = await logins.begin(termsOf(await movedAlong(sites, site, op)), {
      redirect_uri: settings.redirect_uris[0],
      third_party: true,
      ...asked,
    })
    const authorization_url = await requestAuthorization(
      op,
      client,
      [
        ...loginParameters(login, { client_id: client.client_id, scope: settings.scope, ...asked }),
        ['acr_values', settings.acr_values.join(' ')],
        ['ui_locales', settings.ui_locales.join(' ')],
        ['claims_locales', settings.claims_locales.join(' ')],
        ['login_hint', login_hint],
        ['max_age', asked.max_age?.toString()],
      ],
      requestWay(site, rpKeys, defaults),
    )
    return { authorization_url, state: login.state, login_id: login.login_id }
  },
})

/** Scheme, host and port; an address without them is its own. */
const originOf = (uri: string): string => {
  const { origin } = new URL(uri)
  return origin === 'null' ? uri : origin
}
