// validate: does what came back through the browser belong together (hybrid flow)?
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { validateIdToken } from '../oidc/id_token.ts'
import { termsOf } from '../site.ts'
import { seconds } from '../world.ts'

/** Checks, once for each login, that code, state, ID Token and access token of a response belong together; it spends nothing. */
export const validate = command({
  name: 'validate',
  since: '3.1',
  access: 'site',
  summary:
    'Checks, once for each login, that code, state, ID Token and access token of a response belong together; it spends nothing.',
  repeatable: false,
  spec: [
    'https://openid.net/specs/openid-connect-core-1_0.html#HybridIDToken2',
    'https://openid.net/specs/openid-connect-core-1_0.html#HybridIDTValidation',
  ],
  params: {
    oxd_id: fields.oxd_id,
    code: fields.code,
    state: fields.state,
    id_token: fields.checked_id_token,
    access_token: fields.bound_access_token.optional(),
    nonce: fields.expected_nonce.optional(),
    session_binding: fields.session_binding.optional(),
  },
  result: {},
  more: {},
  errors: [
    'invalid_state',
    'other_session',
    'state_validated',
    'invalid_id_token_bad_nonce',
    'invalid_access_token_bad_hash',
    'invalid_authorization_code_bad_hash',
  ],
  examples: [
    {
      what: 'The user has come back with a code and an ID Token.',
      params: {
        oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff',
        code: 'SplxlOBeZQQYbYS6WxSbIA',
        state: 'AaPw…',
        id_token: 'eyJh…',
      },
      result: {},
    },
  ],
  async run(
    { code, state, id_token, access_token, nonce, session_binding },
    { site, ops, logins, world, fail },
  ) {
    // Before the OP is asked: of any number of tries with one state one goes on.
    const login = await logins.inspect(termsOf(site), state, session_binding)
    if (nonce !== undefined && nonce !== login.nonce) throw fail('invalid_id_token_bad_nonce')
    const claims = await validateIdToken(await ops.at(site), id_token, {
      issuer: site.issuer,
      client: site.client,
      nonce: login.nonce,
      access_token,
      code,
      state,
      now: seconds(world),
    })
    // Core 3.3.2.11: what comes through the browser is bound by its hash, or by nothing.
    if (claims.c_hash === undefined) throw fail('invalid_authorization_code_bad_hash')
    if (access_token !== undefined && claims.at_hash === undefined)
      throw fail('invalid_access_token_bad_hash')
    return {}
  },
})
