// Every defence against bad input, each as one source line and what stands there when it is gone; and the tests that fail then.
import type { Weakening } from '../src/testing/weakened.ts'
import { ADDRESSES } from './weakenings/addresses.ts'
import { BOUNDS } from './weakenings/bounds.ts'
import { CALLERS } from './weakenings/callers.ts'
import { CLIENT_AUTH } from './weakenings/client_auth.ts'
import { COMMANDS } from './weakenings/commands.ts'
import { COMMIT } from './weakenings/commit.ts'
import { CONNECTIONS } from './weakenings/connections.ts'
import { DIALECTS } from './weakenings/dialects.ts'
import { ENDED_LOGINS } from './weakenings/ended_logins.ts'
import { FLOWS } from './weakenings/flows.ts'
import { FRAMES } from './weakenings/frames.ts'
import { GRANTS } from './weakenings/grants.ts'
import { HTTP } from './weakenings/http.ts'
import { ID_TOKENS } from './weakenings/id_tokens.ts'
import { INTEROP } from './weakenings/interop.ts'
import { LIBRARY } from './weakenings/library.ts'
import { LOGINS } from './weakenings/logins.ts'
import { LOGOUT } from './weakenings/logout.ts'
import { MOVING } from './weakenings/moving.ts'
import { REFRESH } from './weakenings/refresh.ts'
import { REGISTRATION } from './weakenings/registration.ts'
import { RELOAD } from './weakenings/reload.ts'
import { REQUESTS } from './weakenings/requests.ts'
import { REVIEW } from './weakenings/review.ts'
import { ROBUSTNESS } from './weakenings/robustness.ts'
import { RULES } from './weakenings/rules.ts'
import { START } from './weakenings/start.ts'
import { STATES } from './weakenings/states.ts'
import { STORE } from './weakenings/store.ts'
import { TOKEN_ENDPOINT } from './weakenings/token_endpoint.ts'
import { TOKENS } from './weakenings/tokens.ts'
import { TOKENS_AS_REGISTERED } from './weakenings/tokens_as_registered.ts'
import { UMA } from './weakenings/uma.ts'
import { UNSIGNED } from './weakenings/unsigned.ts'
import { WAY_OUT } from './weakenings/way_out.ts'
import { WEBHOOKS } from './weakenings/webhooks.ts'

/** By room, so that no single test takes long. */
export const WEAKENINGS: Readonly<Record<string, readonly Weakening[]>> = {
  'frames and replies': FRAMES,
  connections: CONNECTIONS,
  'requests and parameters': REQUESTS,
  states: STATES,
  'logins and logouts': LOGINS,
  flows: FLOWS,
  refreshes: REFRESH,
  'the way to the OP': WAY_OUT,
  'addresses and certificates': ADDRESSES,
  'discovery and registration': REGISTRATION,
  'ID Tokens': ID_TOKENS,
  'keys, tokens and userinfo': TOKENS,
  'dialects and listeners': DIALECTS,
  'grants and introspection': GRANTS,
  'client authentication': CLIENT_AUTH,
  'tokens and requests as registered': TOKENS_AS_REGISTERED,
  'rules for what an OP says': RULES,
  'deviations of real OPs': INTEROP,
  'what nobody signed': UNSIGNED,
  'the store': STORE,
  'records that are written together': COMMIT,
  'ended logins': ENDED_LOGINS,
  webhooks: WEBHOOKS,
  'logouts of the OP': LOGOUT,
  'what a review found': REVIEW,
  'bounds of what comes in': BOUNDS,
  'where codes go': TOKEN_ENDPOINT,
  'the start': START,
  'who may call': CALLERS,
  'what fuzzing found': ROBUSTNESS,
  HTTP: HTTP,
  'what is read again': RELOAD,
  'protected resources': UMA,
  'moving in': MOVING,
  'commands beside a login': COMMANDS,
  'the library': LIBRARY,
}

/** The sorts of bad input that oxd promises to answer, and the names of the weakened builds that show it. */
export const BAD_INPUT: Readonly<Record<string, readonly string[]>> = {
  'bytes that are no frame': [
    'frames: what comes before a frame is skipped',
    'socket: another protocol is answered',
  ],
  'a 10 MiB frame': ['frames: a header may promise any length', 'frames: a body may have any length'],
  'a header that lies': [
    'frames: a header that counts too far swallows the next frame',
    'frames: a header that counts too short waits for ever',
    'socket: a frame has any time',
  ],
  'a connection that says nothing': [
    'socket: silence between frames is punished',
    'socket: any number of connections',
  ],
  '500 connections': ['socket: 400 connections at most', 'socket: any number of connections'],
  'broken JSON': [
    'frames: the place of the next frame is guessed',
    'frames: text that is no UTF-8 is taken for what it resembles',
  ],
  'wrong types': ['params: a wrong type is a wrong value', 'dispatch: params of any type'],
  'missing parameters': [
    'params: a missing parameter is a malformed one',
    'params: errors do not name the parameter',
  ],
  'an unknown oxd_id': ['dispatch: a site that is not there'],
  'an unknown state': [
    'login: anybody can make a state',
    'login: the bytes of a state are not authenticated',
  ],
  'a state of another site': [
    'login: a state is not bound to its site',
    'login: the state of a caller is not bound to its site',
  ],
  'a state used twice': [
    'login: a state may be used twice',
    'login: the OP is asked with a state that was used',
  ],
  'an OP that is down': [
    'http: errors do not name the OP',
    'discovery: failures have the code of any request',
  ],
  'a slow OP': ['http: an OP has any time', 'connect: any time for a connection'],
  'an OP that redirects': ['http: redirects are answers', 'http: redirects are answers, as tokens'],
  'an OP that answers HTML': [
    'said: a page is an answer',
    'said: of any media type',
    'userinfo: of any content type',
  ],
  'an OP that answers 500': ['tokens: a refusal is an answer', 'userinfo: a refusal is an answer'],
  'an OP that sends 1 GiB': ['answer: any length', 'answer: any announced length'],
  'a gzip bomb': ['answer: any length', 'answer: any length, as tokens'],
  'discovery with another issuer': ['discovery: another issuer'],
  'a refused registration': ['registration: a refusal is an answer', 'update: a refusal is an answer'],
  'what could be half stored': [
    'registration: a client that oxd cannot use stays at the OP',
    'register: a client that oxd cannot remember stays at the OP',
  ],
  'an ID Token of another issuer': ['ID Token: no issuer', 'ID Token: another issuer'],
  'an ID Token for another audience': ['ID Token: no audience', 'ID Token: another audience'],
  'an ID Token with another nonce': ['ID Token: no nonce', 'ID Token: another nonce'],
  'an ID Token with another signature': ['ID Token: no signature', 'keys: any signature'],
  'an ID Token with another algorithm': [
    'ID Token: any algorithm that oxd knows',
    'registration: any algorithm',
  ],
  'an ID Token that has expired': ['ID Token: no expiry', 'ID Token: expired'],
  'userinfo of another subject': ['userinfo: of another subject', 'userinfo: of no subject'],
  'a foreign access token': [
    'userinfo: for a token from elsewhere',
    'login: a token of one site is known at every site',
  ],
  'a configuration file that is missing': [
    'cfg: a missing file',
    'config: a file that cannot be read is not named',
  ],
  'a configuration file that cannot be read': ['cfg: a file that may not be read'],
  'a configuration file that is malformed': [
    'cfg: a malformed line has no number',
    'config: a malformed setting has no place',
  ],
  'a configuration file that cannot be written': [
    'cfg: a read-only file is written',
    'library: the site is registered before it is known whether the file can be written',
  ],
  'a data directory that cannot be written': ['key: a data directory that cannot be written'],
  'a full disk': ['sqlite: a full disk is passed over', 'sqlite: what could not be deleted is handed out'],
  'a wrong key': ['key: a wrong key', 'key: a lost key is replaced', 'key: two keys'],
}
