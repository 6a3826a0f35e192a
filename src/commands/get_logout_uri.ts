// get_logout_uri: the URL that ends the session of the user at the OP.
import { command } from '../command.ts'
import { fields } from '../fields.ts'
import { endSessionUrl, isForeignHint, readableHint } from '../oidc/logout.ts'
import { termsOf } from '../site.ts'

/** The URL that logs the user out at the OP. */
export const get_logout_uri = command({
  name: 'get_logout_uri',
  // Where oxd-ruby 3.0.1 posts it to.
  aliases: ['logout'],
  since: '2.4',
  access: 'site',
  summary: 'The URL that logs the user out at the OP.',
  repeatable: true,
  spec: ['https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout'],
  params: {
    oxd_id: fields.oxd_id,
    id_token_hint: fields.id_token_hint.optional(),
    post_logout_redirect_uri: fields.post_logout_redirect_uri.optional(),
    state: fields.logout_state.optional(),
    session_state: fields.session_state.optional(),
  },
  result: { uri: fields.uri },
  more: {},
  errors: ['no_end_session_endpoint_at_op', 'redirect_uri_is_not_registered', 'foreign_id_token_hint'],
  examples: [
    {
      what: 'The application kept the ID Token of the login.',
      params: { oxd_id: '6f9619ff-8b86-4011-b42d-00cf4fc964ff', id_token_hint: 'eyJh…' },
      result: {
        uri: 'https://op.example.com/logout?id_token_hint=eyJh…&client_id=s6BhdRkqt3&post_logout_redirect_uri=https%3A%2F%2Fclient.example.com%2F',
      },
    },
  ],
  async run(
    { id_token_hint, post_logout_redirect_uri, state, session_state },
    { site, ops, logins, liveLogins, fail },
  ) {
    const { oxd_id, settings, client, issuer } = site
    const registered = settings.post_logout_redirect_uris
    // A client that was registered by hand may have told only the OP; for all others oxd knows what is registered.
    const unknownTo = client.by_hand && registered.length === 0
    if (
      post_logout_redirect_uri !== undefined &&
      !unknownTo &&
      !registered.includes(post_logout_redirect_uri)
    ) {
      throw fail('redirect_uri_is_not_registered', { what: 'It is post_logout_redirect_uri.' })
    }
    const hinted = id_token_hint && (await liveLogins.ofIdToken(oxd_id, id_token_hint))
    // What oxd has forgotten, or another oxd obtained, must at least say that it is of this client. An old one will do.
    if (id_token_hint !== undefined && hinted === undefined) {
      if (isForeignHint(id_token_hint, issuer, client.client_id)) throw fail('foreign_id_token_hint')
    }
    const op = await ops.at(site)
    // It never guesses: without a hint and without a state that names the login, no ID Token leaves.
    const named =
      state === undefined || id_token_hint !== undefined
        ? undefined
        : await logins.takeIdToken(termsOf(site), state)
    if (id_token_hint !== undefined) await logins.forget(termsOf(site), id_token_hint)
    const last = settings.remember_last_login ? await logins.lastIdToken(termsOf(site)) : undefined
    // Only what was named ends, at once: whether the user gets as far as the OP, nobody will tell.
    const ending = hinted ?? (state === undefined ? undefined : logins.idOf(state))
    if (ending !== undefined) await liveLogins.end(oxd_id, ending, 'rp_initiated_logout')
    const uri = endSessionUrl(op.metadata, {
      id_token_hint: await readableHint(op, client, id_token_hint ?? named ?? last),
      client_id: client.client_id,
      post_logout_redirect_uri: post_logout_redirect_uri ?? registered[0],
      state,
      session_state,
    })
    return { uri }
  },
})
