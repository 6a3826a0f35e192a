// Every defence against bad input, each as one source line and what stands there when it is gone; and the tests that fail then.
import type { Weakening } from '../src/testing/weakened.ts'
import { COMMIT } from './weakenings/commit.ts'
import { interop } from './weakenings/interop.ts'
import { UNSIGNED } from './weakenings/unsigned.ts'
import { ENDED_LOGINS } from './weakenings/ended_logins.ts'
import { client_auth } from './weakenings/client_auth.ts'
import { ROBUSTNESS } from './weakenings/robustness.ts'
import { FLOWS } from './weakenings/flows.ts'
import { REFRESH } from './weakenings/refresh.ts'
import { weakenings } from './weakenings/rows.ts'
import { WEBHOOKS } from './weakenings/webhooks.ts'
import { tokens_as_registered } from './weakenings/tokens_as_registered.ts'
import { RULES } from './weakenings/rules.ts'
import { LOGOUT_WEAKENINGS } from './weakenings/logout.ts'
import { REVIEW_WEAKENINGS } from './weakenings/review.ts'
import { TOKEN_ENDPOINT_WEAKENINGS } from './weakenings/token_endpoint.ts'

/** Bytes that are no frame, frames that are too large, headers that lie; replies that every old client can read. */
const frames = weakenings('src/serve/frame.ts', 'src/serve/frame.test.ts', [
  [
    'frames: what comes before a frame is skipped',
    'if (!isDigit(byte)) return this.#notAFrame()',
    'if (!isDigit(byte)) return undefined',
    '^the reader and (HTTP|TLS|white space first)$',
  ],
  [
    'frames: a header has any number of digits',
    'if (this.#digits === HEADER_DIGITS_MAX) return this.#notAFrame()',
    '',
    '^the reader and eight digits$',
  ],
  [
    'frames: three digits may stand before what is no object',
    'if (this.#digits !== HEADER_DIGITS) return this.#notAFrame()',
    '',
    '^the reader and three digits, white space, no object$',
  ],
  [
    'frames: a header of zero is passed over',
    "if (this.#declared === 0) return this.#bad('malformed_json', true)",
    '',
    '^the reader and a header of zero$',
  ],
  [
    'frames: a header may promise any length',
    "if ((this.#declared ?? 0) > this.#bytesMax) return this.#bad('frame_too_large', true)",
    '',
    '^the reader and declared (too|far too) large$',
  ],
  [
    'frames: a body may have any length',
    "if (size >= this.#bytesMax) return this.#bad('frame_too_large', true)",
    '',
    '^the reader and (too large without a header|undercounted and too large)$',
  ],
  [
    'frames: bytes are kept after the end of all reading',
    "if (this.#place !== 'closed') this.#chunks.push(chunk)",
    'this.#chunks.push(chunk)',
    '^a stream that is no frame is not kept$',
  ],
  [
    'frames: a header that counts too far swallows the next frame',
    'return isSpace(byte) ? undefined : this.#endBefore()',
    'return undefined',
    '^the reader and header counts into the next frame$',
  ],
  [
    'frames: a header that counts too short waits for ever',
    "if (counted >= this.#declared) return this.#bad('malformed_json', !this.#ascii)",
    '',
    '^the reader and (a brace too few|a quote too few), counted$',
  ],
  [
    'frames: the place of the next frame is guessed',
    "if (counted >= this.#declared) return this.#bad('malformed_json', !this.#ascii)",
    "if (counted >= this.#declared) return this.#bad('malformed_json', false)",
    '^the reader and not ASCII, (not an object in time|no object)$',
  ],
  [
    'frames: text that is no UTF-8 is taken for what it resembles',
    "const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })",
    "const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })",
    '^the reader and (invalid|overlong) UTF-8$',
  ],
  [
    'replies: letters beyond ASCII',
    String.raw`/[\u007f-\uffff]/g,`,
    String.raw`/[\uffff]/g,`,
    '^replies: everything that is not ASCII is escaped$',
  ],
  [
    'replies: the digits of the header occur in the body',
    "while (body.length <= charactersMax && body.includes(headerOf(body))) body += ' '",
    '',
    '^replies: the digits of the header do not occur in the body$',
  ],
  [
    'replies: any length',
    "return body.length > max ? 'reply_too_large' : frameOf(body)",
    'return frameOf(body)',
    '^replies: too large for the wire$',
  ],
])

/** Connections that say nothing, too much, too slowly, or twice; and many of them. */
const connections = [
  ...weakenings('src/serve/socket.ts', 'src/serve/socket.test.ts', [
    [
      'socket: another protocol is answered',
      "else turns.push({ kind: 'leave' })",
      "else turns.push({ kind: 'refusal', code: 'malformed_json', close: true })",
      '^another protocol is closed without an answer',
    ],
    [
      'socket: a reply in two writes',
      'socket.write(frame, () => {',
      'socket.write(frame.subarray(0, 4))\nsocket.write(frame.subarray(4), () => {',
      '^each reply is one write$',
    ],
    [
      'socket: commands of one connection side by side',
      'await take(turn)',
      'take(turn).catch(() => socket.destroy())',
      '^pipelined frames are carried out one at a time',
    ],
    [
      'socket: the twin of oxd-php is a command',
      'if (isTwin) return',
      '',
      '^the twin is dropped when both come in one chunk$',
    ],
    [
      'socket: any frame may have a twin',
      "const mayHaveTwin = frames === 1 && value['oxd'] !== 1",
      "const mayHaveTwin = value['oxd'] !== 1",
      '^only the first reply is held',
    ],
    [
      'socket: frames of our library may have twins',
      "const mayHaveTwin = frames === 1 && value['oxd'] !== 1",
      'const mayHaveTwin = frames === 1',
      '^only the first reply is held',
    ],
    [
      'socket: no reply is held for the twin',
      'await turn.hold',
      '',
      '^the twin is dropped when it comes within the hold',
    ],
    [
      'socket: a twin that arrived is not read before the reply',
      'if (turn.hold !== undefined) await inputIsRead()',
      '',
      '^the twin is dropped when it has arrived on a machine that was too busy',
    ],
    [
      'socket: a frame has any time',
      "if (reader.midFrame) frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      '',
      '^a header that counts too far, or too short$',
    ],
    [
      'socket: each byte prolongs the time of its frame',
      "if (reader.midFrame) frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      "clearTimeout(frameTimer)\nif (reader.midFrame) frameTimer = setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      '^a frame that is not completed in time is refused, however it drips$',
    ],
    [
      'socket: silence between frames is punished',
      "if (reader.midFrame) frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      "frameTimer ??= setTimeout(() => refuse('frame_incomplete'), limits.frame_ms_max)",
      '^each frame has its own time, and silence between frames has no end$',
    ],
    [
      'socket: a peer may go on sending after its last answer',
      'closeTimer = setTimeout(() => socket.destroy(), limits.close_ms_max)',
      '',
      '^a peer that goes on sending after its last answer is cut off$',
    ],
    [
      'socket: a peer need not read its replies',
      'const timer = setTimeout(() => socket.destroy(), limits.reply_ms_max)',
      'const timer = undefined',
      '^a peer that does not read its reply is cut off',
    ],
    [
      'socket: any number of connections',
      'if (conversations.size >= limits.connections_max) {',
      'if (false) {',
      '^connections beyond the limit are closed at once',
    ],
    [
      'socket: any number of bytes may wait',
      'turns.length < limits.waiting_frames_max && waitingBytes < limits.frame_bytes_max',
      'turns.length < limits.waiting_frames_max',
      '^few large frames that wait are not read on either$',
    ],
    [
      'socket: a connection is read while its frames wait',
      'else socket.pause()',
      '',
      '^a peer that sends without end is not read while its frames wait$',
    ],
    [
      'socket: new commands are begun while oxd stops',
      "if (stopping) return refusal('shutting_down', request)",
      '',
      '^closing: idle connections end at once',
    ],
    [
      'socket: the log tells what an unknown exception said',
      "log('error', 'a connection failed', { peer, error: error instanceof Error ? error.name : typeof error })",
      "log('error', 'a connection failed', { peer, error: String(error) })",
      '^a command that fails against its word costs only its own connection$',
    ],
    [
      'socket: the Unix socket is open to others',
      'const before = process.umask(0o177)',
      'const before = process.umask(0o000)',
      '^a Unix socket: mode 0600',
    ],
    [
      'socket: the Unix socket of a live daemon is taken',
      'const problem = await connectProblem(path)',
      "const problem: string | undefined = 'ECONNREFUSED'",
      '^the socket of a live daemon is left alone$',
    ],
    [
      'socket: a file that is in the way is removed',
      'if (!found.isSocket()) {',
      'if (false) {',
      '^a file that is no socket is left alone$',
    ],
  ]),
  ...weakenings('src/limits.ts', 'src/serve/socket.test.ts', [
    [
      'socket: 400 connections at most',
      'connections_max: 1_024,',
      'connections_max: 400,',
      '^500 silent connections',
    ],
  ]),
]

/** Broken JSON, wrong types, missing parameters, unknown sites; and what an answer may say. */
const requests = [
  ...weakenings('src/dispatch.ts', 'src/dispatch.test.ts', [
    [
      'dispatch: a command that does not exist is looked up all the same',
      "if (command === undefined) throw new OxdError('unsupported_operation')",
      '',
      '^requests over the socket answers \\{"command":"test"\\}',
    ],
    [
      'dispatch: params of any type',
      "if (!isObject(params)) throw new OxdError('malformed_params', { what: 'params must be an object.' })",
      '',
      '^requests over the socket answers .*"params":\\[\\]',
    ],
    [
      'dispatch: a site that is not there',
      "if (site === undefined) throw new OxdError('invalid_oxd_id')",
      '',
      '^requests over the socket answers .*with invalid_oxd_id',
    ],
    [
      'dispatch: the text of an unknown exception leaves',
      "return new OxdError('internal_error', { cause: error })",
      "return new OxdError('internal_error', { what: String(error) })",
      '^dispatch lets no text of an unknown exception out',
    ],
    [
      'dispatch: the text of an unknown exception is logged',
      'exception: name,',
      'exception: String(error),',
      '^dispatch lets no text of an unknown exception out',
    ],
    [
      'dispatch: the log holds whole oxd_ids',
      "typeof oxd_id === 'string' && OXD_ID.test(oxd_id) ? oxd_id.slice(0, 8) : undefined",
      'String(oxd_id)',
      '^requests over the socket logs one line for each',
    ],
    [
      'dispatch: the log holds what is no oxd_id',
      "typeof oxd_id === 'string' && OXD_ID.test(oxd_id) ? oxd_id.slice(0, 8) : undefined",
      "typeof oxd_id === 'string' ? oxd_id.slice(0, 8) : undefined",
      '^dispatch logs nothing of what is no oxd_id',
    ],
    [
      'dispatch: a reply that no client can read',
      "if (fits?.(envelope) === false) throw new OxdError('reply_too_large')",
      '',
      '^dispatch says in one line of the log, under one reference',
    ],
  ]),
  ...weakenings('src/dispatch.ts', 'src/dispatch.test.ts', [
    [
      'dispatch: the log holds the text of an unknown exception from its second line on',
      "const frames = stack?.split('\\n').filter((line) => line.startsWith('    at '))",
      "const frames = stack?.split('\\n').slice(1)",
      '^dispatch lets no text of an unknown exception out',
    ],
  ]),
  ...weakenings('src/log.ts', 'src/log.test.ts', [
    [
      'log: a terminal obeys what others wrote',
      "const shown = (value: unknown): string => String(value).replaceAll(/\\p{C}/gu, '�')",
      'const shown = (value: unknown): string => String(value)',
      '^the log is readable on a terminal',
    ],
  ]),
  ...weakenings('src/params.ts', 'src/params.test.ts', [
    [
      'params: a missing parameter is a malformed one',
      'if (params[name] === undefined) {',
      'if (false) {',
      '^parameters refuses \\{"oxd_id":null\\}',
    ],
    [
      'params: errors do not name the parameter',
      'what: `${name}${position}: ${REASONS[issue.code]?.(issue) ?? issue.message}.`,',
      'what: `${REASONS[issue.code]?.(issue) ?? issue.message}.`,',
      '^parameters refuses \\{"scope":\\{"a":1\\}\\}',
    ],
    [
      'params: errors repeat the value',
      'what: `${name}${position}: ${REASONS[issue.code]?.(issue) ?? issue.message}.`,',
      'what: `${name}: ${String(params[name])}`,',
      '^parameters never repeats a value',
    ],
    [
      'params: read from prototypes',
      'Object.hasOwn(sent, name) ? taken(schema, sent[name]) : undefined,',
      'taken(schema, sent[name]),',
      '^parameters reads nothing from prototypes$',
    ],
    [
      'params: an empty value is a value',
      'return isEmpty(result) ? undefined : result',
      'return result',
      '^parameters reads \\{"prompt":',
    ],
  ]),
  ...weakenings('src/fields.ts', 'src/params.test.ts', [
    ['fields: texts of any length', '.max(max)', '', '^parameters (refuses \\{"oxd_id":"xxx|never repeats)'],
    [
      'fields: addresses with a scheme that runs scripts',
      "return !SCRIPT_SCHEMES.has(protocol) && username === '' && password === ''",
      "return username === '' && password === ''",
      '^parameters refuses \\{"client_uri":"javascript',
    ],
    [
      'fields: addresses with a user name',
      "return !SCRIPT_SCHEMES.has(protocol) && username === '' && password === ''",
      'return !SCRIPT_SCHEMES.has(protocol)',
      '^parameters refuses \\{"client_uri":"https://user',
    ],
    [
      'fields: addresses with any character',
      "if (UNPRINTABLE.test(value) || value.includes('#') || !URL.canParse(value)) return false",
      "if (value.includes('#') || !URL.canParse(value)) return false",
      '^parameters refuses \\{"client_uri":"https://(ä|a.example/\\\\n)',
    ],
  ]),
  ...weakenings('src/fields.ts', 'src/commands/register_site.test.ts', [
    [
      'fields: redirect URIs that are none',
      ".refine(isPlainUri, 'must be an absolute URL in ASCII without fragment, user name or password')",
      '',
      '^register_site refuses \\{"authorization_redirect_uri":"(callback|https://a.example/#x)',
    ],
  ]),
  ...weakenings('src/params.ts', 'src/commands/register_site.test.ts', [
    [
      'params: a wrong type is a wrong value',
      "return new OxdError(wrongType ? 'malformed_params' : (meta?.invalid ?? 'malformed_params'), {",
      "return new OxdError(meta?.invalid ?? 'malformed_params', {",
      '^register_site refuses \\{"authorization_redirect_uri":\\["https',
    ],
  ]),
  ...weakenings('src/limits.ts', 'src/commands/register_site.test.ts', [
    [
      'fields: lists of any length',
      'list_items_max: 100,',
      'list_items_max: 100_000,',
      '^register_site refuses \\{"contacts":',
    ],
  ]),
  ...weakenings('src/site.ts', 'src/commands/register_site.test.ts', [
    [
      'site: scopes of any characters',
      'if (tokens.some((token) => !SCOPE_TOKEN.test(token))) {',
      'if (false) {',
      '^register_site refuses \\{"scope":\\["open',
    ],
    [
      'site: a scope without openid',
      "return given(tokens.includes('openid') ? tokens : ['openid', ...tokens])",
      'return given(tokens)',
      '^register_site tells the OP everything',
    ],
    [
      'site: other flows than that of the code',
      'if (!types.some((type) => responseTypeOf(type) !== undefined)) {',
      'if (false) {',
      '^register_site refuses \\{"response_types":',
    ],
    [
      'site: a secret that expires at no time',
      'if (!Number.isFinite(at)) {',
      'if (false) {',
      '^register_site refuses .*"client_secret_expires_at"',
    ],
  ]),
]

const TOKENS_TEST = 'src/commands/get_tokens_by_code.test.ts'
const URL_TEST = 'src/commands/get_authorization_url.test.ts'
const LOGOUT_TEST = 'src/commands/get_logout_uri.test.ts'
const USER_INFO_TEST = 'src/commands/get_user_info.test.ts'
const REGISTER_TEST = 'src/commands/register_site.test.ts'
const UPDATE_TEST = 'src/commands/update_site_registration.test.ts'

/** A state that is unknown, made up, of another site, expired, or used twice; and what a login is bound to. */
const states = [
  ...weakenings('src/login.ts', 'src/login.test.ts', [
    ['login: a state may be used twice', "if (!won) throw refused('used')", '', '^a login is spent once'],
    [
      'login: a state never expires',
      "if (seconds(world) >= recalled.expires_at) throw refused('expired')",
      '',
      '^a login may come back for 15 minutes',
    ],
    [
      'login: a spent state is forgotten when it expires',
      'expires_at: recalled.expires_at + 2 * limits.clock_tolerance_seconds,',
      'expires_at: recalled.expires_at,',
      '^a login stays spent until then',
    ],
    [
      'login: anybody can make a state',
      "if (!authentic) throw refused('not_authentic')",
      '',
      '^a login is refused (when a single bit|at another site)',
    ],
    [
      'login: the bytes of a state are not authenticated',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', oxd_id, String(version), issuer, redirect_uri, ...places)",
      '^a login is refused when a single bit',
    ],
    [
      'login: a state is not bound to its site',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, String(version), issuer, redirect_uri, ...places)",
      '^a login is refused at another site',
    ],
    [
      'login: a state is not bound to the version of its site',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, oxd_id, issuer, redirect_uri, ...places)",
      '^a login is refused at another version',
    ],
    [
      'login: a state is not bound to its issuer',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, oxd_id, String(version), redirect_uri, ...places)",
      '^a login is refused at another issuer',
    ],
    [
      'login: a state is not bound to its redirect URI',
      "return keys.mac('login state', head, oxd_id, String(version), issuer, redirect_uri, ...places)",
      "return keys.mac('login state', head, oxd_id, String(version), issuer, ...places)",
      '^a login is refused at other redirect URIs',
    ],
    [
      'login: a state may name a redirect URI that is not there',
      "if (redirect_uri === undefined) throw refused('not_authentic')",
      '',
      '^a login is refused at no redirect URI',
    ],
    [
      'login: a state may be written otherwise',
      "if (bytes.length !== SIZES.get(bytes[0]) || bytes.toString('base64url') !== state) return undefined",
      'if (bytes.length !== SIZES.get(bytes[0])) return undefined',
      '^a login is refused in another writing',
    ],
    [
      'login: a state under another key is taken for one of ours',
      'return bytes.subarray(1, 1 + KEY_ID_BYTES).equals(keys.id.subarray(0, KEY_ID_BYTES)) ? bytes : undefined',
      'return bytes',
      '^a login is finished by another daemon with the same key and store, and by none with another key$',
    ],
    [
      'login: the state of a caller is not bound to its site',
      "if (known.oxd_id !== terms.oxd_id) throw refused('another_site')",
      '',
      '^a login is refused at another site',
    ],
    [
      'login: the state of a caller is not bound to version and issuer',
      "if (known.version !== terms.version || known.issuer !== terms.issuer) throw refused('site_changed')",
      '',
      '^a login is refused at another (version|issuer)',
    ],
    [
      'login: the state of a caller is forgotten when it expires',
      'const kept = { expires_at: expires_at + 2 * limits.clock_tolerance_seconds }',
      'const kept = { expires_at }',
      '^a login keeps the state and the nonce of a caller as long',
    ],
    [
      'login: the nonce follows from the state',
      "nonce: nonce ?? keys.mac('login nonce', state).toString('base64url'),",
      'nonce: nonce ?? s256(state),',
      '^a login has a nonce and a verifier that only the key gives',
    ],
    [
      'login: the verifier follows from the state',
      "const code_verifier = keys.mac('login verifier', state).toString('base64url')",
      'const code_verifier = s256(state)',
      '^a login has a nonce and a verifier that only the key gives',
    ],
    [
      'login: the verifier is the nonce',
      "const code_verifier = keys.mac('login verifier', state).toString('base64url')",
      "const code_verifier = keys.mac('login nonce', state).toString('base64url')",
      '^a login has a nonce and a verifier that only the key gives',
    ],
    [
      'login: a spent state may be lost with the power',
      "const spent = store.kind<Record<string, never>>({ kind: 'spent', durable: true })",
      "const spent = store.kind<Record<string, never>>({ kind: 'spent', durable: false })",
      '^a login is on the disk before it is answered',
    ],
    [
      'login: something is written for a login that may never come back',
      'if (state === undefined && nonce === undefined) {',
      'if (false) {',
      '^a login writes one record when it comes back, and none before',
    ],
    [
      'login: the last ID Token is kept of every site',
      'if (last) await lastIdTokens.put([oxd_id], { id_token }, kept)',
      'await lastIdTokens.put([oxd_id], { id_token }, kept)',
      '^a login leaves its ID Token as the last one only where that is wanted',
    ],
  ]),
]

/** What may be asked for, what is remembered, and where a logout leads. */
const logins = [
  ...weakenings('src/login.ts', URL_TEST, [
    [
      'login: states repeat',
      'const chance = world.random(CHANCE_BYTES)',
      'const chance = Buffer.alloc(CHANCE_BYTES)',
      '^get_authorization_url is fresh each time',
    ],
    [
      'login: a caller may use a state twice',
      "if (!(await stored.insert([ownState], record, kept))) throw new OxdError('state_in_use')",
      'await stored.put([ownState], record, kept)',
      '^get_authorization_url finishes a login with a state or a nonce of the caller, once',
    ],
    [
      'login: a caller may use a nonce twice',
      'if (nonce !== undefined && !(await usedNonces.insert([nonce], {}, kept))) {',
      'if (false) {',
      '^get_authorization_url finishes a login with a state or a nonce of the caller, once',
    ],
    [
      'login: a caller may use a state of ours as its own',
      "if (state !== undefined && ours(state) !== undefined) throw new OxdError('state_in_use')",
      '',
      '^get_authorization_url finishes a login with a state or a nonce of the caller, once',
    ],
  ]),
  ...weakenings('src/login.ts', TOKENS_TEST, [
    [
      'login: the OP is asked with a state that was used',
      "if (!won) throw refused('used')",
      '',
      '^get_tokens_by_code refuses a state that was used, also after a failed attempt',
    ],
  ]),
  ...weakenings('src/login.ts', USER_INFO_TEST, [
    [
      'login: a token is known for longer than a day',
      'Math.min(expires_in < 0 ? limits.tokens_seconds_max : expires_in, limits.tokens_seconds_max)',
      '(expires_in < 0 ? limits.tokens_seconds_max : expires_in)',
      '^get_user_info knows a token until it expires',
    ],
    [
      'login: a token is known after it has expired',
      'Math.min(expires_in < 0 ? limits.tokens_seconds_max : expires_in, limits.tokens_seconds_max)',
      'limits.tokens_seconds_max',
      '^get_user_info knows a token until it expires',
    ],
  ]),
  ...weakenings('src/store/store.ts', USER_INFO_TEST, [
    [
      'login: a token of one site is known at every site',
      'const nameOf = (id: RecordId): string => fingerprint(keys, `name ${kind}`, ...id)',
      'const nameOf = (id: RecordId): string => fingerprint(keys, `name ${kind}`, ...id.slice(-1))',
      '^get_user_info refuses a token from elsewhere',
    ],
  ]),
  ...weakenings('src/store/store.ts', LOGOUT_TEST, [
    [
      'login: an ID Token of one site is found at every site',
      'const nameOf = (id: RecordId): string => fingerprint(keys, `name ${kind}`, ...id)',
      'const nameOf = (id: RecordId): string => fingerprint(keys, `name ${kind}`, ...id.slice(-1))',
      '^get_logout_uri takes the ID Token of the login that the state names',
    ],
  ]),
  ...weakenings('src/login.ts', LOGOUT_TEST, [
    [
      'login: an ID Token is not forgotten at logout',
      'return (await idTokens.take([oxd_id, state]))?.id_token',
      'return (await idTokens.get([oxd_id, state]))?.value.id_token',
      '^get_logout_uri takes the ID Token of the login that the state names',
    ],
  ]),
  ...weakenings('src/commands/get_logout_uri.ts', LOGOUT_TEST, [
    [
      'logout: an ID Token stays when it was the hint',
      'if (id_token_hint !== undefined) await logins.forget(termsOf(site), id_token_hint)',
      '',
      '^get_logout_uri forgets the ID Token of a login that ends with it as the hint',
    ],
    [
      'logout: the hint is guessed',
      'const last = settings.remember_last_login ? await logins.lastIdToken(termsOf(site)) : undefined',
      'const last = await logins.lastIdToken(termsOf(site))',
      '^get_logout_uri no longer guesses',
    ],
    [
      'logout: to any page',
      '!registered.includes(post_logout_redirect_uri)',
      'false',
      '^get_logout_uri sends nobody to a page that is not registered',
    ],
    [
      'logout: of clients that were registered by hand, to any page',
      'const unknownTo = client.by_hand && registered.length === 0',
      'const unknownTo = client.by_hand',
      '^get_logout_uri knows the pages of a client that was registered by hand',
    ],
  ]),
  ...weakenings('src/commands/get_authorization_url.ts', URL_TEST, [
    [
      'url: with a secret that has expired',
      "throw fail('expired_client')",
      '',
      '^get_authorization_url refuses once the secret of the client has expired',
    ],
  ]),
  ...weakenings('src/oidc/authorization.ts', URL_TEST, [
    [
      'url: without PKCE',
      "['code_challenge', login.code_challenge],",
      '',
      '^get_authorization_url has every parameter once, PKCE',
    ],
    [
      'url: PKCE without a hash',
      "['code_challenge_method', 'S256'],",
      "['code_challenge_method', 'plain'],",
      '^get_authorization_url has every parameter once, PKCE',
    ],
    [
      'url: without a nonce',
      "['nonce', login.nonce],",
      '',
      '^get_authorization_url has every parameter once, PKCE',
    ],
    [
      'url: the caller sets what oxd owns',
      'const isRefused = (name: string): boolean => OWNED.has(name) || taken.has(name)',
      'const isRefused = (name: string): boolean => taken.has(name)',
      '^get_authorization_url lets nobody set what belongs to oxd',
    ],
    [
      'url: the caller replaces what was set',
      'const isRefused = (name: string): boolean => OWNED.has(name) || taken.has(name)',
      'const isRefused = (name: string): boolean => OWNED.has(name)',
      '^get_authorization_url lets nobody set a parameter twice',
    ],
  ]),
  ...weakenings('src/site.ts', 'src/site.test.ts', [
    [
      'site: what was answered may be lost with the power',
      "const kind = store.kind<Site>({ kind: 'site', durable: true })",
      "const kind = store.kind<Site>({ kind: 'site', durable: false })",
      '^the record of a site is on the disk before it is answered',
    ],
    [
      'site: changes of one site side by side',
      'const turn = before.then(change, change)',
      'const turn = change()',
      '^the record of a site is changed by one at a time',
    ],
    [
      'site: a change of which the OP was told is lost when the disk is full',
      'unwritten.set(site.oxd_id, site)',
      '',
      '^the record of a site is not lost when the store fails',
    ],
  ]),
  ...weakenings('src/site.ts', UPDATE_TEST, [
    [
      'site: a login goes on under another client',
      'before.client.client_id === after.client.client_id &&',
      '',
      '^update_site_registration ends logins that were begun for another client',
    ],
  ]),
  ...weakenings('src/commands/get_tokens_by_code.ts', TOKENS_TEST, [
    [
      'tokens: the response of any issuer',
      "if (iss !== undefined && iss !== site.issuer) throw fail('invalid_issuer')",
      '',
      '^get_tokens_by_code compares iss when it is given',
    ],
    [
      'tokens: the log holds what was asked',
      'const login = await logins.spend(termsOf(site), state, session_binding)',
      "const login = await logins.spend(termsOf(site), state, session_binding)\nworld.log('info', 'login', { state, code })",
      '^get_tokens_by_code lets no secret into the log',
    ],
  ]),
]

/** An OP that is down, slow, redirecting, endless, somewhere else or somebody else: how oxd reaches out. */
const way_out = [
  ...weakenings('src/oidc/http.ts', 'src/oidc/http.test.ts', [
    [
      'http: unencrypted to anybody',
      "if (at.protocol === 'http:' && !trusted.has(at.origin))",
      'if (false)',
      '^where it does not go every spelling',
    ],
    [
      'http: with a user name or password',
      "if (at.username !== '' || at.password !== '')",
      'if (false)',
      '^where it does not go every spelling',
    ],
    [
      'http: redirects are answers',
      'if (status >= 300 && status < 400) {',
      'if (false) {',
      '^where it does not go redirects are not followed',
    ],
    [
      'http: the target of a redirect is told with its secrets',
      "const to = target === undefined ? 'nowhere' : target.origin === 'null' ? target.protocol : target.origin",
      "const to = target === undefined ? 'nowhere' : target.href",
      '^where it does not go redirects are not followed',
    ],
    [
      'http: an OP has any time',
      'const deadline = AbortSignal.timeout(limits.op_total_ms)',
      'const deadline = AbortSignal.timeout(60_000)',
      '^how long and how much headers that do not come',
    ],
    [
      'http: errors do not name the step',
      'what: `${step}: ${refusal.message}`,',
      'what: refusal.message,',
      '^where it does not go every spelling',
    ],
    [
      'http: compressed answers are asked for',
      "headers.set('accept-encoding', 'identity')",
      '',
      '^the way out an OP that is trusted answers',
    ],
  ]),
  ...weakenings('src/oidc/refusal.ts', 'src/oidc/http.test.ts', [
    [
      'http: errors do not name the OP',
      'return new Refusal(code, `${origin} ${met} (${said}): ${cure}.`)',
      'return new Refusal(code, `It ${met} (${said}): ${cure}.`)',
      '^answers that are none nobody there',
    ],
  ]),
  ...weakenings('src/oidc/answer.ts', 'src/oidc/http.test.ts', [
    [
      'answer: any length',
      'if (bytes > max) throw tooLarge',
      '',
      '^how long and how much (a bomb that is small on the wire|exactly as much)',
    ],
    [
      'answer: any announced length',
      "if (Number(headers.get('content-length')) > max) throw tooLarge",
      '',
      '^how long and how much a length that is announced',
    ],
    [
      'answer: text that is no UTF-8',
      "return new TextDecoder('utf-8', { fatal: status < 300, ignoreBOM: true }).decode(Buffer.concat(chunks))",
      "return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(chunks))",
      '^answers that are none refused: invalid UTF-8',
    ],
  ]),
  ...weakenings('src/oidc/answer.ts', TOKENS_TEST, [
    [
      'answer: any length, as tokens',
      'if (bytes > max) throw tooLarge',
      '',
      '^get_tokens_by_code refuses (an endless answer|a gzip bomb)',
    ],
  ]),
  ...weakenings('src/oidc/http.ts', TOKENS_TEST, [
    [
      'http: redirects are answers, as tokens',
      'if (status >= 300 && status < 400) {',
      'if (false) {',
      '^get_tokens_by_code refuses a redirect',
    ],
  ]),
]

/** Private addresses, names that change their address, certificates; and what others wrote. */
const addresses = [
  ...weakenings('src/oidc/connect.ts', 'src/oidc/http.test.ts', [
    [
      'connect: to private addresses',
      'if (met !== undefined && !trusted.has(origin)) {',
      'if (false) {',
      '^where it does not go every spelling',
    ],
    [
      'connect: only the first address is looked at',
      "const met = kinds.find(({ kind }) => kind !== 'public')",
      "const met = kinds.slice(0, 1).find(({ kind }) => kind !== 'public')",
      '^where it does not go every spelling',
    ],
    [
      'connect: unencrypted to other machines',
      "const away = kinds.find(({ kind }) => kind !== 'loopback')",
      "const away = kinds.find(({ kind }) => kind !== 'loopback' && kind !== 'public')",
      '^where it does not go http only to a trusted origin',
    ],
    [
      'connect: DNS is asked again after the check',
      "opened(connectTcp({ host, port, lookup: pinned(addresses) }), 'connect', signal)",
      "opened(connectTcp({ host, port, lookup: lookup as never }), 'connect', signal)",
      '^where it does not go http: DNS that changes its mind',
    ],
    [
      'connect: DNS is asked again after the check, over TLS',
      'lookup: pinned(addresses),',
      'lookup: lookup as never,',
      '^where it does not go https: DNS that changes its mind',
    ],
    [
      'connect: any certificate',
      'return await tls(target, true, signal)',
      'return await tls(target, false, signal)',
      '^TLS (a CA that this machine does not know|signed by itself|expired)',
    ],
    [
      'connect: the environment turns the check of certificates off',
      'rejectUnauthorized,',
      '',
      '^TLS no environment variable turns the check off',
    ],
    [
      'connect: any time for a connection',
      'const late = AbortSignal.timeout(limits.op_connect_ms)',
      'const late = AbortSignal.timeout(60_000)',
      '^how long and how much a handshake, a lookup',
    ],
    [
      'connect: names of this machine through the proxy',
      'if (isLocalName(host) && (through !== undefined || !trusted.has(url.origin))) return LOCAL',
      '',
      '^through a proxy addresses and names of this machine',
    ],
  ]),
  ...weakenings('src/oidc/address.ts', 'src/oidc/address.test.ts', [
    ['address: 10.0.0.0/8', "['10.0.0.0/8', 'private'],", '', '^addresses: private$'],
    ['address: 127.0.0.0/8', "['127.0.0.0/8', 'loopback'],", '', '^addresses: loopback$'],
    ['address: 169.254.0.0/16', "['169.254.0.0/16', 'link_local'],", '', '^addresses: link_local$'],
    ['address: 172.16.0.0/12', "['172.16.0.0/12', 'private'],", '', '^addresses: private$'],
    ['address: 192.168.0.0/16', "['192.168.0.0/16', 'private'],", '', '^addresses: private$'],
    ['address: metadata', "['169.254.169.254/32', 'metadata'],", '', '^addresses: metadata$'],
    [
      'address: beyond the Internet',
      "return at.width === 32 || within(at, GLOBAL_UNICAST) ? 'public' : 'reserved'",
      "return 'public'",
      '^addresses: reserved$',
    ],
    ['address: 6to4', "[block('2002::/16'), 80n], // 6to4", '', '^addresses: '],
  ]),
  ...weakenings('src/oidc/clean.ts', 'src/oidc/clean.test.ts', [
    [
      'clean: texts of others as they are',
      "const line = text.replace(INVISIBLE, '').replace(BLANK, ' ').trim()",
      'const line = text',
      '^cleaned: ',
    ],
    [
      'clean: texts of others of any length',
      "return line.length <= max ? line : `${line.slice(0, max - 1).replace(HALF, '')}…`",
      'return line',
      '^cleaned: bounded',
    ],
  ]),
  ...weakenings('src/oidc/said.ts', TOKENS_TEST, [
    [
      'said: what the OP said as it is',
      'export const show = (text: string): string => cleaned(text, LIMITS.op_text_characters_max)',
      'export const show = (text: string): string => text',
      '^get_tokens_by_code shows what the OP said',
    ],
    [
      'said: secrets that the OP repeats',
      "const said = [whole, error, 'an error'].find((shown) => !repeats(cleaned(shown, Infinity), secrets)) ?? ''",
      'const said = whole',
      '^get_tokens_by_code repeats no secret that the OP repeats',
    ],
  ]),
]

/** Discovery with another issuer, registrations that are refused or lie; nothing half stored. */
const registration = [
  ...weakenings('src/oidc/discovery.ts', REGISTER_TEST, [
    [
      'discovery: another issuer',
      'if (metadata.issuer !== issuer) {',
      'if (false) {',
      '^register_site refuses an(other issuer| issuer with a slash more)',
    ],
    [
      'discovery: endpoints that are no addresses',
      'const endpoint = z.string().max(LIMITS.url_characters_max).refine(isEndpoint)',
      'const endpoint = z.string()',
      '^register_site refuses an endpoint',
    ],
    [
      'discovery: op_host with a password',
      "if (/[?#]/.test(issuer) || username !== '' || password !== '') {",
      'if (false) {',
      '^register_site refuses \\{"op_host":"https://user',
    ],
    [
      'discovery: failures have the code of any request',
      'throw asDiscoveryFailure(error)',
      'throw error',
      '^register_site refuses (an OP that is down|silence at discovery|a huge discovery)',
    ],
    [
      'discovery: op_host of any scheme',
      "if (protocol !== 'https:' && protocol !== 'http:') throw invalidHost('op_host must be an https URL.')",
      '',
      '^register_site refuses \\{"op_host":"ftp',
    ],
  ]),
  ...weakenings('src/oidc/discovery.ts', 'src/oidc/discovery.test.ts', [
    [
      'discovery: an OP at https sends secrets to http',
      'refuseDowngrade(metadata)',
      '',
      '^discovery of an OP at https refuses ',
    ],
  ]),
  ...weakenings('src/oidc/registration.ts', REGISTER_TEST, [
    [
      'registration: a refusal is an answer',
      "if (response.status !== 201 && response.status !== 200) throw refusal('registration', response)",
      '',
      '^register_site refuses a refused registration',
    ],
    [
      'registration: without a client_id',
      "if (!client_id) throw new OxdError('no_client_id_returned')",
      '',
      '^register_site refuses a registration without client_id',
    ],
    [
      'registration: without a client_secret',
      "if (!WITHOUT_SECRET.has(method) && !client_secret) throw new OxdError('no_client_secret_returned')",
      '',
      '^register_site refuses a registration without client_secret',
    ],
    [
      'registration: managed by somebody else',
      "return URL.canParse(uri) && new URL(uri).origin === new URL(url).origin ? uri : 'elsewhere'",
      'return uri',
      '^register_site refuses a registration managed elsewhere',
    ],
    [
      'registration: a client that oxd cannot use stays at the OP',
      'await removeClient(op, management).catch(() => undefined)',
      '',
      '^register_site takes back a client that it cannot use',
    ],
    [
      'registration: ways to authenticate that are none',
      'if (asked !== undefined && Object.hasOwn(AUTH_METHODS, asked)) return asked',
      'if (asked !== undefined && asked in AUTH_METHODS) return asked',
      '^register_site refuses .*"client_token_endpoint_auth_method":"constructor"',
    ],
    [
      'registration: algorithms that are none',
      'const possible = offered.filter(isPossible)',
      'const possible = offered',
      '^register_site refuses only algorithms that oxd refuses',
    ],
    [
      'registration: any algorithm',
      'if (alg === undefined || !possible.includes(alg))',
      'if (alg === undefined)',
      '^register_site refuses (a registration for another algorithm|.*"id_token_signed_response_alg":"none")',
    ],
  ]),
  ...weakenings('src/oidc/registration.ts', UPDATE_TEST, [
    [
      'registration: the next token of a refused answer is lost',
      'await keep(management)',
      '',
      '^update_site_registration keeps the token for the next change',
    ],
    [
      'update: a refusal is an answer',
      "throw refusal('registration update', response, [registration_access_token, client_secret])",
      'void response',
      '^update_site_registration changes nothing when the OP refuses',
    ],
    [
      'update: secrets to whomever the caller names',
      "if (!isAtOp(metadata, registration_client_uri)) throw new OxdError('foreign_registration_client_uri')",
      '',
      '^update_site_registration sends no secret to an address that a caller names',
    ],
    [
      'update: the answer is about another client',
      'if (after.client_id !== client_id) {',
      'if (false) {',
      '^update_site_registration refuses another client in the answer',
    ],
  ]),
  ...weakenings('src/oidc/json.ts', 'src/oidc/json.test.ts', [
    [
      'json: a member twice',
      'if (names.has(name)) return undefined',
      '',
      '^JSON from outside refuses \\{"(a":1,"a|iss)',
    ],
    [
      'json: of any depth',
      'if (open.length > LIMITS.json_depth_max) return undefined',
      '',
      '^JSON from outside refuses \\[\\[',
    ],
  ]),
  ...weakenings('src/oidc/said.ts', REGISTER_TEST, [
    [
      'said: a page is an answer',
      'if (object.success) return object.data',
      'return object.data ?? {}',
      '^register_site refuses half a registration ',
    ],
  ]),
  ...weakenings('src/oidc/said.ts', 'src/oidc/discovery.test.ts', [
    [
      'said: of any media type',
      'if (!JSON_TYPE.test(type)) {',
      'if (false) {',
      'is none with another media type$',
    ],
  ]),
  ...weakenings('src/commands/update_site_registration.ts', UPDATE_TEST, [
    [
      'update: the token of the old client for the new one',
      'const kept = isSame && uri === undefined ? client : undefined',
      'const kept: Client | undefined = client',
      '^update_site_registration moves a site to another client',
    ],
  ]),
  ...weakenings('src/registrar.ts', REGISTER_TEST, [
    [
      'register: a client that oxd cannot remember stays at the OP',
      'if (!client.by_hand) await removeClient(op, client).catch(() => undefined)',
      '',
      '^register_site takes the client back at the OP',
    ],
    [
      'register: a secret without its client',
      "if (client_id === undefined && client_secret !== undefined) throw new OxdError('invalid_client_id')",
      '',
      '^register_site refuses \\{"client_secret":"x"\\}',
    ],
  ]),
]

/** An ID Token that breaks any one rule. */
const id_tokens = [
  ...weakenings('src/oidc/id_token.ts', TOKENS_TEST, [
    [
      'ID Token: no issuer',
      "holds: (c) => typeof c.iss === 'string' && c.iss !== '',",
      'holds: () => true,',
      '^get_tokens_by_code refuses no issuer',
    ],
    [
      'ID Token: another issuer',
      'holds: (c, e) => c.iss === e.issuer,',
      'holds: () => true,',
      '^get_tokens_by_code refuses another issuer',
    ],
    [
      'ID Token: no audience',
      "audiences(c).length > 0 && audiences(c).every((aud) => typeof aud === 'string' && aud !== ''),",
      'true,',
      '^get_tokens_by_code refuses (no|an empty) audience',
    ],
    [
      'ID Token: another audience',
      'holds: (c, e) => audiences(c).includes(e.client_id),',
      'holds: () => true,',
      '^get_tokens_by_code refuses (another audience|an audience in other letters)',
    ],
    [
      'ID Token: several audiences without azp',
      'holds: (c) => audiences(c).length === 1 || c.azp !== undefined,',
      'holds: () => true,',
      '^get_tokens_by_code refuses several audiences without azp',
    ],
    [
      'ID Token: another azp',
      'holds: (c, e) => c.azp === undefined || c.azp === e.client_id,',
      'holds: () => true,',
      '^get_tokens_by_code refuses another azp',
    ],
    [
      'ID Token: no subject',
      "holds: (c) => typeof c.sub === 'string' && c.sub !== '',",
      'holds: () => true,',
      '^get_tokens_by_code refuses (no subject|a subject that is a number)',
    ],
    [
      'ID Token: no expiry',
      'holds: (c) => isTime(c.exp) && (!isTime(c.iat) || c.exp >= c.iat),',
      'holds: () => true,',
      '^get_tokens_by_code refuses (no expiry|an expiry (in text|before the issue))',
    ],
    [
      'ID Token: expired',
      'holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,',
      'holds: () => true,',
      '^get_tokens_by_code refuses an expiry that is past',
    ],
    [
      'ID Token: issued in the future',
      'holds: (c, e) => isTime(c.iat) && c.iat <= e.now + tolerance,',
      'holds: () => true,',
      '^get_tokens_by_code refuses (no issue time|an issue time in the future)',
    ],
    [
      'ID Token: not yet valid',
      'holds: (c, e) => c.nbf === undefined || (isTime(c.nbf) && c.nbf <= e.now + tolerance),',
      'holds: () => true,',
      '^get_tokens_by_code refuses nbf in the future',
    ],
    [
      'ID Token: no nonce',
      "holds: (c, e) => c.nonce !== undefined || typeof e.nonce !== 'string',",
      'holds: () => true,',
      '^get_tokens_by_code refuses no nonce',
    ],
    [
      'ID Token: another nonce',
      'holds: (c, e) => isNonce(c.nonce, e.nonce),',
      'holds: () => true,',
      '^get_tokens_by_code refuses (another nonce|the nonce in a list)',
    ],
    [
      'ID Token: the hash of another access token',
      'holds: (c, e) => isHashOf(c.at_hash, e.access_token, e.alg),',
      'holds: () => true,',
      '^get_tokens_by_code refuses the hash of another access token',
    ],
  ]),
  ...weakenings('src/oidc/jwt.ts', TOKENS_TEST, [
    [
      'ID Token: no signature',
      "if (typeof alg !== 'string' || (alg.toLowerCase() === UNSIGNED && !isAllowed)) {",
      'if (false) {',
      '^get_tokens_by_code refuses (no signature|alg nOnE|no alg)',
    ],
    [
      'ID Token: any algorithm that oxd knows',
      'if (alg !== registered.alg) {',
      'if (false) {',
      '^get_tokens_by_code refuses (another algorithm of the OP|HS256)',
    ],
    [
      'ID Token: anything around it',
      "if (!COMPACT.test(jws)) throw new OxdError('invalid_id_token_malformed')",
      '',
      '^get_tokens_by_code refuses space behind the token',
    ],
    [
      'ID Token: a payload that is not encoded',
      'if (header.b64 !== undefined)',
      'if (false)',
      '^get_tokens_by_code refuses a header with b64',
    ],
  ]),
]

/** Signatures; tokens that are none; userinfo of another subject; an access token from elsewhere. */
const tokens = [
  ...weakenings('src/oidc/keys.ts', TOKENS_TEST, [
    [
      'keys: any number is tried for one token',
      'for (const key of keys.slice(0, limits.signature_tries_max)) {',
      'for (const key of keys) {',
      '^get_tokens_by_code tries four keys',
    ],
    [
      'keys: a kid has any length',
      "if (typeof kid !== 'string' || kid.length > limits.kid_characters_max) {",
      "if (typeof kid !== 'string') {",
      '^get_tokens_by_code takes the name of a key',
    ],
    [
      'keys: any signature',
      'const { payload } = await compactVerify(jws, await importJWK(key as JWK, alg), { algorithms: [alg] })',
      "const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url')",
      '^get_tokens_by_code refuses (a key of somebody else|a key in the header|a flipped bit|an empty signature)',
    ],
    [
      'keys: of any name',
      '(kid === undefined || key.kid === kid),',
      'true,',
      '^get_tokens_by_code refuses a kid that nobody publishes',
    ],
    [
      'keys: for encryption',
      "(key.use === undefined || key.use === 'sig') &&",
      '',
      '^get_tokens_by_code refuses keys for encryption',
    ],
    [
      'keys: for other operations',
      "(key.key_ops === undefined || key.key_ops.includes('verify')) &&",
      '',
      '^get_tokens_by_code refuses keys for other operations',
    ],
    [
      'keys: for another algorithm',
      '(key.alg === undefined || key.alg === alg) &&',
      '',
      '^get_tokens_by_code refuses keys for another algorithm',
    ],
    [
      'keys: any number',
      'if (keys.length > limits.jwks_keys_max) {',
      'if (false) {',
      '^get_tokens_by_code refuses more keys than anybody has',
    ],
    [
      'keys: fetched as often as a stranger likes',
      'if (budget.refetches.length >= limits.key_refetches_per_minute) return false',
      '',
      '^get_tokens_by_code fetches keys anew within a budget',
    ],
    [
      'keys: a kid that was not found once is never looked for again',
      'budget.unknownKids = budget.unknownKids.filter(({ at }) => isRecent(at, limits.unknown_kid_ms))',
      '',
      '^get_tokens_by_code is not locked out by keys that came too late',
    ],
    [
      'keys: fetched by each who waits',
      '(fetching ??= fetchKeys().finally(() => {',
      '(fetching = fetchKeys().finally(() => {',
      '^get_tokens_by_code fetches metadata and keys once for a hundred that wait',
    ],
  ]),
  ...weakenings('src/oidc/token.ts', TOKENS_TEST, [
    [
      'tokens: a refusal is an answer',
      'if (answer.status !== 200) throw grantRefused(answer, codes)',
      '',
      '^get_tokens_by_code refuses (a refused code|a refused client|a broken OP)',
    ],
    [
      'tokens: no ID Token',
      "if (!tokens.id_token) throw new OxdError('no_id_token')",
      '',
      '^get_tokens_by_code refuses no ID Token',
    ],
    [
      'tokens: no access token',
      "if (!tokens.access_token) throw new OxdError('no_access_token')",
      '',
      '^get_tokens_by_code refuses no access token',
    ],
    [
      'tokens: of any type',
      String.raw`token_type: z.string().regex(/^bearer$/i),`,
      'token_type: z.string(),',
      '^get_tokens_by_code refuses a token type that is no bearer',
    ],
  ]),
  ...weakenings('src/oidc/userinfo.ts', USER_INFO_TEST, [
    [
      'userinfo: of another subject',
      "if (sub !== undefined && claims.sub !== sub) throw new OxdError('invalid_subject_identifier')",
      '',
      '^get_user_info refuses (another subject|the subject in other letters)',
    ],
    [
      'userinfo: of no subject',
      "if (typeof claims.sub !== 'string' || claims.sub === '') throw new OxdError('no_subject_identifier')",
      '',
      '^get_user_info refuses (no subject|the subject in a list)',
    ],
    [
      'userinfo: of any content type',
      'if (!wanted.test(type)) {',
      'if (false) {',
      '^get_user_info refuses JSON that is announced as something',
    ],
    [
      'userinfo: a refusal is an answer',
      "if (response.status !== 200) throw refusal('userinfo', response, [access_token])",
      '',
      '^get_user_info refuses (missing scope|a broken OP)',
    ],
    [
      'userinfo: a refused token',
      "if (response.status === 401) throw new OxdError('invalid_access_token')",
      '',
      '^get_user_info refuses a token that the OP refuses',
    ],
  ]),
  ...weakenings('src/commands/get_user_info.ts', USER_INFO_TEST, [
    [
      'userinfo: for a token from elsewhere',
      "if (known === undefined && !site.settings.accept_foreign_tokens) throw fail('foreign_access_token')",
      '',
      '^get_user_info refuses a token from elsewhere',
    ],
  ]),
]

/** What is kept: sealed in its place, spent once, on the disk before it is answered; a full disk loses nothing. */
const store = [
  ...weakenings('src/store/seal.ts', 'src/store/seal.test.ts', [
    [
      'seal: a body is not proven',
      'return Buffer.concat([start, decipher.final()])',
      'return start',
      '^seal (opens in no other place|notices each flipped bit)',
    ],
    [
      'seal: a body is not bound to its name',
      'place: framed([head, kind, name, String(version), String(expires_at)]),',
      'place: framed([head, kind, String(version), String(expires_at)]),',
      '^seal opens in no other place',
    ],
    [
      'seal: a body is not bound to its version',
      'place: framed([head, kind, name, String(version), String(expires_at)]),',
      'place: framed([head, kind, name, String(expires_at)]),',
      '^seal opens in no other place',
    ],
    [
      'seal: a body is not bound to its expiry',
      'place: framed([head, kind, name, String(version), String(expires_at)]),',
      'place: framed([head, kind, name, String(version)]),',
      '^seal opens in no other place',
    ],
    [
      'seal: lists of parts run into each other',
      'return [length, bytes]',
      'return [bytes]',
      '^keys parts, purposes and master keys are kept apart',
    ],
    [
      'seal: equal contents look equal',
      'const head = Buffer.concat([Buffer.of(FORMAT), keys.id, random(SALT_BYTES), random(IV_BYTES)])',
      'const head = Buffer.concat([Buffer.of(FORMAT), keys.id, Buffer.alloc(SALT_BYTES + IV_BYTES)])',
      '^seal hides its content',
    ],
    [
      'seal: another key is not named',
      "if (keyIdOf(body) !== keys.id.toString('hex'))",
      'if (false)',
      '^seal says when another key',
    ],
  ]),
  ...weakenings('src/store/store.ts', 'src/store/store.test.ts', [
    [
      'store: names in clear',
      'const nameOf = (id: RecordId): string => fingerprint(keys, `name ${kind}`, ...id)',
      "const nameOf = (id: RecordId): string => id.join('.')",
      '^below the store the engine sees neither ids nor values',
    ],
    [
      'store: what is damaged is absent',
      'return record && opened(name, record)',
      'return record && openedOrLogged(name, record)',
      '^below the store a body that was moved',
    ],
    [
      'store: an insert overwrites',
      'sealed(id, value, { ...keeping, expected: ABSENT, version: firstVersion(world.random) }),',
      "sealed(id, value, { ...keeping, expected: 'any', version: 1 }),",
      '^a kind of fifty inserters and fifty takers one succeeds',
    ],
    [
      'store: an update overwrites what another has changed',
      'expected: version,',
      "expected: 'any',",
      '^a kind update: no change of concurrent callers is lost',
    ],
    [
      'store: a record made anew looks like the old one',
      "const firstVersion = (random: StoreWorld['random']): number => (random(4).readUInt32BE() >>> 1) + 1",
      "const firstVersion = (_random: StoreWorld['random']): number => 1",
      '^a kind update does not overwrite a record that was made anew',
    ],
  ]),
  ...weakenings('src/store/sqlite.ts', 'src/store/sqlite.test.ts', [
    [
      'sqlite: what was answered may be lost with the power',
      "const full = open('FULL')",
      "const full = open('NORMAL')",
      '^the sqlite engine what is durable',
    ],
    [
      'sqlite: what was taken may come back with the power',
      'take: full.prepare(SQL.take),',
      'take: normal.prepare(SQL.take),',
      '^the sqlite engine what is durable',
    ],
    [
      'sqlite: an insert overwrites',
      'insert: `${INSERT} WHERE NOT ${LIVE}`,',
      'insert: `${INSERT} WHERE :now > 0`,',
      '^the engine contract: sqlite .*concurrent inserters',
    ],
    [
      'sqlite: what has expired is there',
      "const LIVE = '(records.expires_at IS NULL OR records.expires_at > :now)'",
      "const LIVE = '(:now > 0)'",
      '^the engine contract: sqlite from its expiry on',
    ],
    [
      'sqlite: a failure looks like absence',
      'if (code !== undefined) throw unreachable(reasonOf(code), error)',
      'if (code !== undefined) return undefined as never',
      '^the sqlite engine (a database that another process holds|what is damaged while it is open)',
    ],
    [
      'sqlite: a full disk is passed over',
      'if (code !== undefined) throw unreachable(reasonOf(code), error)',
      'if (code === 13) return { changes: 1 } as never',
      '^the sqlite engine a full disk',
    ],
    [
      'sqlite: another process is not waited for',
      'const db = new DatabaseSync(url, { timeout: busy_ms })',
      'const db = new DatabaseSync(url)',
      '^the sqlite engine a database that another process holds',
    ],
    [
      'sqlite: files open to others',
      "closeSync(openSync(path, 'wx', 0o600))",
      "closeSync(openSync(path, 'wx', 0o644))",
      '^the sqlite engine its files are open to nobody else',
    ],
    [
      'sqlite: a missing database is made anew',
      "url.searchParams.set('mode', 'rw')",
      "url.searchParams.set('mode', 'rwc')",
      '^the sqlite engine what is no whole database of this oxd',
    ],
    [
      'sqlite: any SQLite file',
      "if (pragma('application_id') !== APPLICATION_ID)",
      'if (false)',
      '^the sqlite engine what is no whole database of this oxd',
    ],
  ]),
  ...weakenings('src/store/sqlite.ts', 'src/store/processes.test.ts', [
    [
      'sqlite: what could not be deleted is handed out',
      'const [row] = statements.take.all({ key, now: now() })',
      'const row = statements.take.get({ key, now: now() })',
      '^a store and its processes a full disk',
    ],
  ]),
]

/** Mistakes of whoever starts oxd: one line that says what, where and what to do; nothing lost. */
const start = [
  ...weakenings('src/config.ts', 'src/config.test.ts', [
    [
      'config: unknown flags are passed over',
      'strict: true,',
      'strict: false,',
      '^settings name what is wrong with \\["--porrt"',
    ],
    [
      'config: unknown variables are passed over',
      'if (unknown !== undefined)',
      'if (false)',
      '^settings name what is wrong with \\{"OXD_PORRT"',
    ],
    [
      'config: unknown settings in the file are passed over',
      'if (!isSetting(name)) throw new StartError(`${where}: there is no such setting. See oxd serve --help.`)',
      '',
      '^settings name what is wrong with "(porrt|key)',
    ],
    [
      'config: a malformed file is passed over',
      'if (broken !== undefined)',
      'if (false)',
      '^settings name what is wrong with "(port: 1|\\\\)',
    ],
    [
      'config: a malformed setting has no place',
      "throw new StartError(`${given?.where ?? name}: ${result.error.issues[0]?.message ?? 'malformed'}.`)",
      "throw new StartError(`${name}: ${result.error.issues[0]?.message ?? 'malformed'}.`)",
      '^settings name what is wrong with "\\\\n\\\\nport: x"',
    ],
    [
      'config: trusted origins that are none',
      'const isOrigin = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)',
      'const isOrigin = (value: string): boolean => URL.canParse(value)',
      '^settings name what is wrong with \\["--trust-op"',
    ],
  ]),
  ...weakenings('src/config.ts', 'test/process.test.ts', [
    [
      'config: a file that cannot be read is not named',
      'throw new StartError(',
      'throw error\nthrow new StartError(',
      '^a start that cannot be says what is wrong with a missing settings file',
    ],
  ]),
  ...weakenings('src/main.ts', 'test/process.test.ts', [
    [
      'start: a start that failed ends with 0',
      'process.stderr.write(`oxd: ${error.message}\\n`)',
      'return void process.stderr.write(`oxd: ${error.message}\\n`)',
      '^a start that cannot be says what is wrong with an unknown flag',
    ],
    [
      'start: mistakes are told as a stack',
      'if (!(error instanceof StartError)) throw error',
      'throw error',
      '^a start that cannot be says what is wrong with an unknown flag',
    ],
  ]),
  ...weakenings('src/store/key.ts', 'src/store/key.test.ts', [
    [
      'key: inside the data directory',
      'if (orStartError(`Cannot use ${keyFile}`, () => isInside(keyFile, directory)))',
      'if (false)',
      '^a start is refused, and changes nothing a key file inside the data directory',
    ],
    [
      'key: a file that others may read',
      "refuseOthers('The key file', path, stats, '600')",
      '',
      '^a start is refused, and changes nothing a key file or data directory that is open',
    ],
    [
      'key: a data directory that others may enter',
      "refuseOthers('The data directory', path, stats, '700')",
      '',
      '^a start is refused, and changes nothing a key file or data directory that is open',
    ],
    [
      'key: the data directory is made open to others',
      'mkdirSync(path, { mode: 0o700 })',
      'mkdirSync(path)',
      '^a new store is made with its key, closed to others',
    ],
    [
      'key: a lost key is replaced',
      'if (known === undefined && !fresh)',
      'if (false)',
      '^a start is refused, and changes nothing a store whose key is missing',
    ],
    [
      'key: a wrong key',
      'await refuseWrongKey(engine, opening, keyAt)',
      '',
      '^a start is refused, and changes nothing a store with another key',
    ],
    [
      'key: two keys',
      'if (given !== undefined && kept !== undefined && !given.equals(kept))',
      'if (false)',
      '^a start is refused, and changes nothing two different keys',
    ],
    [
      'key: a lost database is replaced',
      'if (fresh && isThere(`${path}-wal`))',
      'if (false)',
      '^a start is refused, and changes nothing a database that is gone',
    ],
    [
      'key: a new store is made without a word',
      "'warn',",
      "'debug',",
      '^a new store is made with its key, closed to others, and said loudly',
    ],
  ]),
  ...weakenings('src/store/key.ts', 'src/store/processes.test.ts', [
    [
      'key: a data directory that cannot be written',
      'accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)',
      '',
      '^a store and its processes a data directory that this user cannot write',
    ],
  ]),
  ...weakenings('src/store/files.ts', 'src/store/key.test.ts', [
    [
      'files: made open to others',
      "const fd = openSync(path, 'wx', 0o600)",
      "const fd = openSync(path, 'wx', 0o644)",
      '^a new store is made with its key, closed to others',
    ],
  ]),
  ...weakenings('src/store/files.ts', 'src/store/files.test.ts', [
    [
      'files: one replaces another that was just made',
      'linkSync(temporary, path)',
      'rmSync(path, { force: true })\nlinkSync(temporary, path)',
      '^private files of two that publish',
    ],
  ]),
]

/** The library: no command twice, no reply to another caller, and a configuration file in which only the id changes. */
const library = [
  ...weakenings('src/client/pool.ts', 'src/client/socket.test.ts', [
    [
      'library: any command is sent again',
      'if (job.sent && !job.answered && job.repeatable && !job.repeated) {',
      'if (job.sent && !job.answered && !job.repeated) {',
      '^what may not be repeated is never sent twice',
    ],
    [
      'library: any command on a connection that may be closed',
      'const rested = job.repeatable && !job.repeated ? this.#idle.pop() : undefined',
      'const rested = this.#idle.pop()',
      '^connections are used again for what is harmless, a fresh one is made for what is not',
    ],
    [
      'library: a connection is used again after a time-out',
      'if (job.connection?.job === job) job.connection.end(undefined)',
      'if (job.connection?.job === job) {\njob.connection.rest()\nthis.#idle.push(job.connection)\n}',
      '^a late reply does not reach whoever asks next',
    ],
    [
      'library: a reply of any shape',
      'if (!isObject(data)) return NO_REPLY',
      '',
      '^no reply: (no data|data is a list)',
    ],
  ]),
  ...weakenings('src/client/pool.ts', 'src/client/http.test.ts', [
    [
      'library: what was answered in part is sent again',
      'if (job.sent && !job.answered && job.repeatable && !job.repeated) {',
      'if (job.sent && job.repeatable && !job.repeated) {',
      '^once a reply has begun nothing is sent again',
    ],
  ]),
  ...weakenings('src/client/socket.ts', 'src/client/socket.test.ts', [
    [
      'library: the first of several replies',
      'const only = this.#reader.next() === undefined && !this.#reader.midFrame && !this.#reader.closed',
      'const only = true',
      '^no reply: (two replies|a reply and the beginning of another)',
    ],
  ]),
  ...weakenings('src/client/http.ts', 'src/client/http.test.ts', [
    [
      'library: any certificate, where the process checks none',
      'rejectUnauthorized: true,',
      '',
      '^the certificate is checked although the process was told to check none',
    ],
    [
      'library: a reply of any size over HTTP',
      'if (bytes > reply_bytes_max) {',
      'if (false) {',
      '^no reply: more than allowed',
    ],
    [
      'library: success of any HTTP status',
      "return reply.status === 'error' || response.statusCode === OK ? reply : wrong",
      'return reply',
      '^a refusal is one whatever its status',
    ],
  ]),
  ...weakenings('src/client/settings.ts', 'src/client/config_file.test.ts', [
    [
      'library: plain HTTP to any host',
      "if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && !insecure) {",
      'if (false) {',
      '^refuses: plain HTTP elsewhere',
    ],
  ]),
  ...weakenings('src/client/client_token.ts', 'src/client/client_token.test.ts', [
    [
      'library: each call has its own client token',
      'this.#obtaining ??= this.#obtain().finally(() => {',
      'this.#obtaining = this.#obtain().finally(() => {',
      '^all who ask at once wait for the same',
    ],
    [
      'library: each refusal costs a client token',
      'if (this.#held?.token === refused) this.#held = undefined',
      'this.#held = undefined',
      '^all who ask at once wait for the same',
    ],
  ]),
  ...weakenings('src/client/config_write.ts', 'src/client/protection.test.ts', [
    [
      'cfg: a secret into a file that everybody may read',
      "if (process.platform === 'win32' || (statSync(file).mode & OTHERS) === 0) return",
      'return',
      '^setupClient: nothing is registered whose secret everybody could read',
    ],
  ]),
  ...weakenings('src/client/client.ts', 'src/client/client.test.ts', [
    [
      'library: each process registers the site',
      'if (this.#oxdId !== undefined && (!again || this.#oxdId !== held)) return { oxd_id: this.#oxdId }',
      '',
      '^(what another process registered meanwhile is used|eight processes at once)',
    ],
    [
      'library: the site is registered before it is known whether the file can be written',
      'requireWritable(file)',
      '',
      '^a read-only file: an error before anything is registered',
    ],
    [
      'library: a command that uses up a state is sent again',
      'const repeatable = REPEATABLE.has(command) && params.state === undefined',
      'const repeatable = REPEATABLE.has(command)',
      '^a command that breaks off is repeated only if it is harmless and uses up no state',
    ],
    [
      'library: credentials that have no effect are dropped in silence',
      'this.#requireSameCredentials(options)',
      '',
      '^credentials that would have no effect are an error',
    ],
    [
      'library: close breaks off a login that has begun',
      'await Promise.allSettled(this.#calls)',
      '',
      '^close lets what has begun end',
    ],
    [
      'library: a registration is closed away before its id is written',
      'await this.#registering?.work.catch(() => undefined)',
      '',
      '^closed, it waits for no other process .* but writes down what was registered',
    ],
  ]),
  ...weakenings('src/client/config_file.ts', 'src/client/config_file.test.ts', [
    [
      'cfg: the keys of other programs are taken',
      'const own = entriesIn(document, SECTIONS)',
      'const own = document.sections.flatMap(({ entries }) => entries)',
      '^what stands in other sections is not ours',
    ],
    [
      'cfg: malformed lines are passed over',
      'if (wrong !== undefined) {',
      'if (false) {',
      '^refuses: a line that is nothing',
    ],
    [
      'cfg: a malformed line has no number',
      'throw new OxdConfigError(`${wrong.problem}: ${shown(wrong)}`, { file, line: wrong.line })',
      'throw new OxdConfigError(`${wrong.problem}: ${shown(wrong)}`, { file })',
      '^refuses: a line that is nothing',
    ],
    [
      'cfg: a malformed line shows its secret',
      String.raw`return isSecret(line) ? ${"`${isSecret(word) ? word : ''} …`"} : line.slice(0, LINE_CHARACTERS_MAX)`,
      'return line.slice(0, LINE_CHARACTERS_MAX)',
      '^an error shows no secret',
    ],
    [
      'cfg: the rest of a secret is shown',
      'if (isSecret(after)) return `(not shown: it follows ${after})`',
      '',
      '^an error shows no secret',
    ],
    [
      'cfg: the second of two values wins',
      'if (earlier !== undefined && KEYS.has(key)) {',
      'if (false) {',
      '^refuses: a key given twice',
    ],
    [
      'cfg: a file of any size',
      'if (size > limits.config_bytes_max) {',
      'if (false) {',
      '^refuses: too large',
    ],
    [
      'cfg: a missing file',
      "if (code === 'ENOENT') return 'there is no such file: write one, or give the right path'",
      '',
      '^a missing file and a folder are clear errors',
    ],
    [
      'cfg: a file that may not be read',
      "if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it: check owner and mode'",
      '',
      '^a file that this user may not read is a clear error',
    ],
  ]),
  ...weakenings('src/client/config_write.ts', 'src/client/config_write.test.ts', [
    [
      'cfg: a read-only file is written',
      'if ((statSync(file).mode & WRITABLE) === 0) {',
      'if (false) {',
      '^a read-only file is a clear error, for root too',
    ],
    [
      'cfg: the mode is lost',
      'fchmodSync(descriptor, stats.mode & PERMISSIONS)',
      '',
      '^an ordinary file is replaced as a whole, and keeps its mode',
    ],
    ['cfg: a hard link is lost', 'if (stats.nlink > 1) return false', '', '^a hard link stays one'],
    [
      'cfg: a symbolic link is lost',
      'const target = realpathSync(file)',
      'const target = file',
      '^a symbolic link stays one',
    ],
    [
      'cfg: an id that cannot be read again',
      String.raw`if (!/^[\x21-\x7e]+$/.test(oxd_id) || /^(<.*>|"")$/.test(oxd_id)) throw new Error('it is no plain word')`,
      '',
      '^an id that could not be read again is not written',
    ],
  ]),
  ...weakenings('src/client/ini.ts', 'src/client/ini.test.ts', [
    [
      'cfg: bytes that are no UTF-8 are changed',
      "return Buffer.from(text, 'latin1')",
      "return Buffer.from(text, 'utf8')",
      '^the bytes of a file need not be UTF-8',
    ],
    [
      'cfg: line endings are changed',
      String.raw`const ending = /(\r\n|\n|\r)$/.exec(before)?.[0] ?? /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'`,
      String.raw`const ending = '\n'`,
      '^writes: CRLF',
    ],
    [
      'cfg: what stands behind the id is lost',
      'return result + text.slice(from)',
      'return result',
      '^(writes: an old value|whatever the file)',
    ],
  ]),
  ...weakenings('src/client/lock.ts', 'src/client/lock.test.ts', [
    [
      'lock: any number of processes',
      "return openSync(lock, 'wx', 0o644)",
      "return openSync(lock, 'w', 0o644)",
      '^one after the other, and nothing is left',
    ],
    [
      'lock: the lock of another is removed',
      'if (sameFile(statOf(path), fstatSync(descriptor))) unlinkSync(path)',
      'unlinkSync(path)',
      '^who lost the lock leaves that of the next one alone',
    ],
    [
      'lock: a lock that is stale no more is removed',
      'if (unchanged(statOf(lock), seen)) unlinkSync(lock)',
      'unlinkSync(lock)',
      '^a lock that is no longer the one that was found stale stays',
    ],
    [
      'lock: a holder that takes long is taken for dead',
      'const beat = setInterval(shows, limits.lock_stale_ms / 4, held)',
      'const beat = setInterval(shows, limits.lock_stale_ms * 400, held)',
      '^a holder that takes long shows that it lives',
    ],
    [
      'lock: a number of another machine is taken for one of this',
      'const dead = holder?.place === placeOf() && !lives(holder)',
      'const dead = holder !== undefined && !lives(holder)',
      '^a number means nothing at another place',
    ],
  ]),
]

/** What leaves in which dialect, and where oxd listens. */
const dialects = [
  ...weakenings('src/dispatch.ts', 'test/callers.test.ts', [
    [
      'dispatch: who shows nothing learns which sites there are',
      'guard.first(command, credentials)',
      '',
      '^whoever shows nothing',
    ],
  ]),
  ...weakenings('src/dialect.ts', 'src/dialect.test.ts', [
    [
      'dialect: the 3.x wire gets the members of our library',
      'success: ({ result: shape }, result) =>',
      'success: ({ result: own, more, shape = { ...own, ...more } }, result) =>',
      '^dialects v3: the members that it declares',
    ],
    [
      'dialect: the 4.x wire gets what nobody declared',
      'return bare === undefined ? members : ((members[bare] ?? {}) as Members)',
      'return { ...members, ...result }',
      '^dialects v4: the members that it declares',
    ],
    [
      'dialect: our library gets what nobody declared',
      'Object.fromEntries(declared({ ...shape, ...more }, result).map(([name, , value]) => [name, value])),',
      '({ ...result }),',
      '^dialects native: the members that it declares',
    ],
    [
      'dialect: old clients get details',
      '...(ERRORS[error.code].detailed ? { details: error.details ?? null } : {}),',
      'details: error.details,',
      '^dialects v3: a refusal',
    ],
    [
      'dialect: errors without a reference',
      'const described = (error: OxdError, ref: string): string => `${error.message} [ref ${ref}]`',
      'const described = (error: OxdError, _ref: string): string => error.message',
      '^dialects (v3|v4|native): a refusal',
    ],
  ]),
  ...weakenings('src/config.ts', 'src/config.test.ts', [
    [
      'config: any address is listened on',
      'holds: ({ bind, tcp, require_token }) => isLoopback(bind) || !tcp || require_token,',
      'holds: () => true,',
      '^settings that go together refuse an open socket',
    ],
    [
      'config: unprotected HTTP on any address',
      'holds: ({ bind, insecure_unprotected_http }) => isLoopback(bind) || !insecure_unprotected_http,',
      'holds: () => true,',
      '^settings that go together refuse unprotected HTTP',
    ],
    [
      'config: unencrypted HTTP on any address',
      'holds: ({ bind, insecure_plain_http }) => isLoopback(bind) || !insecure_plain_http,',
      'holds: () => true,',
      '^settings that go together refuse plain HTTP',
    ],
  ]),
]

/** Tokens of clients, refreshed tokens, introspection, WebFinger, what an OP publishes. */
const grants = [
  ...weakenings('src/oidc/id_token.ts', 'src/oidc/id_token.test.ts', [
    [
      'ID Token: the hash of another code',
      'holds: (c, e) => isHashOf(c.c_hash, e.code, e.alg),',
      'holds: () => true,',
      '^validateIdToken refuses the hash of another code',
    ],
    [
      'ID Token: a nonce that a check refuses',
      ": (nonce === undefined || typeof nonce === 'string') && expected(nonce)",
      ": nonce === undefined || typeof nonce === 'string'",
      '^validateIdToken refuses a nonce that the check refuses',
    ],
    [
      'ID Token: a nonce of any type is shown to a check',
      ": (nonce === undefined || typeof nonce === 'string') && expected(nonce)",
      ': expected(String(nonce))',
      '^validateIdToken refuses a nonce in a list',
    ],
  ]),
  ...weakenings('src/oidc/token.ts', 'src/oidc/token.test.ts', [
    [
      'tokens: whatever the OP repeats of a refresh',
      'return { ...(await answerOf(url, response)), secrets: [...secret, client.client_secret] }',
      'return { ...(await answerOf(url, response)), secrets: secret.slice(0, 0) }',
      '^refreshTokens repeats no secret',
    ],
    [
      'tokens: a client secret that the OP repeats',
      'return { ...(await answerOf(url, response)), secrets: [...secret, client.client_secret] }',
      'return { ...(await answerOf(url, response)), secrets: secret }',
      '^requestGrant hands over',
    ],
    [
      'tokens: a scope without end',
      "shaped('token', op.metadata.token_endpoint, GRANTED, { scope: said }).scope ?? asked",
      "String(said ?? asked.join(' ')).split(' ')",
      '^clientCredentials refuses a scope without end',
    ],
  ]),
  ...weakenings('src/oidc/client_auth.ts', 'src/oidc/token.test.ts', [
    [
      'client: a method by the name of a property',
      'const authenticate = Object.hasOwn(AUTH_METHODS, method) ? AUTH_METHODS[method] : undefined',
      'const authenticate = AUTH_METHODS[method]',
      '^clientCredentials refuses the method "constructor"',
    ],
  ]),
  ...weakenings('src/oidc/introspection.ts', 'src/oidc/introspection.test.ts', [
    [
      'introspection: active is whatever is not false',
      'if (object.active !== true) return { active: false, scope: [] }',
      'if (!object.active) return { active: false, scope: [] }',
      '^what introspection says active: "true"',
    ],
    [
      'introspection: what is said of a token that is not active',
      'if (object.active !== true) return { active: false, scope: [] }',
      '',
      '^what introspection says active: false',
    ],
    [
      'introspection: a refusal is an answer',
      "if (answer.status !== 200) throw refusal('introspection', answer, secrets)",
      '',
      '^introspect (gives up|asks once where)',
    ],
    [
      'introspection: no PAT',
      'if (REFUSED.has(answer.status)) answer = await withPat(await pat.get())',
      '',
      '^introspect shows a PAT',
    ],
    [
      'introspection: a PAT that the OP refuses',
      'if (REFUSED.has(answer.status)) answer = await withPat(await pat.renew())',
      '',
      '^introspect shows a new PAT',
    ],
    ['introspection: a PAT that the OP repeats', 'secrets.push(bearer)', '', '^introspect repeats no secret'],
    [
      'introspection: times that are none',
      '.pipe(z.number().nonnegative().max(Number.MAX_SAFE_INTEGER))',
      '.pipe(z.any())',
      '^what introspection says refuses an expiry (on no day|before all time)',
    ],
    [
      'introspection: a permission for nothing',
      'const id = z.string().min(1).max(LIMITS.text_characters_max)',
      "const id = z.string().default('')",
      '^what introspection says refuses a permission (for nothing|without a name)',
    ],
    [
      'introspection: permissions without end',
      'permissions: said(z.array(PERMISSION).max(LIMITS.op_list_items_max)),',
      'permissions: said(z.array(PERMISSION)),',
      '^what introspection says refuses permissions without end',
    ],
  ]),
  ...weakenings('src/oidc/scope.ts', 'src/oidc/introspection.test.ts', [
    [
      'scope: without end',
      '.pipe(z.array(z.string().max(LIMITS.text_characters_max)).max(LIMITS.op_list_items_max))',
      '.pipe(z.array(z.string()))',
      '^what introspection says refuses a scope without end',
    ],
  ]),
  ...weakenings('src/oidc/keys.ts', 'src/oidc/published.test.ts', [
    [
      'keys: symmetric ones are shown',
      'return { keys: (await current(asker)).filter(({ kty }) => ASYMMETRIC.has(kty)) }',
      'return { keys: await current(asker) }',
      '^the keys of an OP, shown hold nothing private',
    ],
    [
      'keys: a certificate that is none costs the key',
      'x5c: z.array(z.string()).optional().catch(undefined),',
      'x5c: z.array(z.string()).optional(),',
      '^the keys of an OP, shown keep working',
    ],
  ]),
  ...weakenings('src/oidc/published.ts', 'src/oidc/published.test.ts', [
    [
      'published: members without end',
      'if (members.length > LIMITS.op_metadata_members_max) {',
      'if (false) {',
      '^published refuses more members',
    ],
    [
      'published: names of any sort',
      'if (!NAME.test(name) || !value.success || isTwice) return []',
      'if (!value.success || isTwice) return []',
      '^published leaves out',
    ],
    [
      'published: values of any shape',
      'if (!NAME.test(name) || !value.success || isTwice) return []',
      'if (!NAME.test(name) || isTwice) return []',
      '^published leaves out',
    ],
    [
      'published: two names for one thing',
      'if (!NAME.test(name) || !value.success || isTwice) return []',
      'if (!NAME.test(name) || !value.success) return []',
      '^published takes the name of the specification',
    ],
  ]),
  ...weakenings('src/oidc/webfinger.ts', 'src/oidc/webfinger.test.ts', [
    [
      'WebFinger: a host behind a second @',
      'const ACCOUNT = /^(?:acct|mailto):[^/?#@]+@([^/?#@]+)$/i',
      'const ACCOUNT = /^(?:acct|mailto):[^/?#]+@([^/?#@]+)$/i',
      '^webfingerOf refuses "acct:joe@evil',
    ],
    [
      'WebFinger: a resource of any characters',
      'if (url === undefined || UNUSABLE.test(given) || XRI.test(given) || !/^https?:$/.test(url.protocol)) {',
      'if (url === undefined || XRI.test(given) || !/^https?:$/.test(url.protocol)) {',
      '^webfingerOf refuses ',
    ],
    [
      'WebFinger: a resource of any scheme',
      'if (url === undefined || UNUSABLE.test(given) || XRI.test(given) || !/^https?:$/.test(url.protocol)) {',
      'if (url === undefined || UNUSABLE.test(given) || XRI.test(given)) {',
      '^webfingerOf refuses "(ftp|file)',
    ],
    [
      'WebFinger: an issuer at http',
      "return protocol === 'https:' && username === '' && password === '' && !/[?#]/.test(href)",
      "return username === '' && password === '' && !/[?#]/.test(href)",
      '^discoverIssuer refuses an issuer (at http|that is a script)',
    ],
    [
      'WebFinger: no issuer at all',
      'if (issuers.length === 0) throw failed(`${url.origin} names no issuer at https.`)',
      '',
      '^discoverIssuer refuses ',
    ],
    [
      'WebFinger: a refusal is an answer',
      "if (response.status !== 200) throw refusal('webfinger', response, [resource, given])",
      '',
      '^discoverIssuer refuses a good answer under 404',
    ],
    [
      'WebFinger: who was looked for',
      "if (response.status !== 200) throw refusal('webfinger', response, [resource, given])",
      "if (response.status !== 200) throw refusal('webfinger', response)",
      '^discoverIssuer repeats nothing',
    ],
    [
      'WebFinger: failures have the code of any request',
      'throw asIssuerFailure(error)',
      'throw error',
      '^discoverIssuer refuses silence',
    ],
  ]),
  ...weakenings('src/oidc/discovery.ts', 'src/oidc/discovery.test.ts', [
    [
      'discovery: introspection at http',
      'introspection_endpoint: endpoint.optional(),',
      '',
      '^discovery of an OP at https refuses introspection_endpoint',
    ],
  ]),
]

const ACCESS_TEST = 'test/access_matrix.test.ts'

/** Tokens, caller keys and certificates: who may give which command, at which site. */
const callers = [
  ...weakenings('src/guard.ts', 'src/guard.test.ts', [
    [
      'guard: a token that is not active',
      "if (!active) throw new OxdError('inactive_protection_access_token')",
      '',
      '^a setup client of 3.1 refuses a token that is (inactive|not quite active)',
    ],
    [
      'guard: a token of nobody',
      "if (!client_id) throw new OxdError('invalid_introspection_response')",
      '',
      '^a setup client of 3.1 refuses a token that is with',
    ],
    [
      'guard: a token for anything',
      "if (!scope.includes('oxd')) throw new OxdError('protection_access_token_insufficient_scope')",
      '',
      '^(a setup client of 3.1 refuses a token that is without the scope|register_site of 3.1 with a token says)',
    ],
    [
      'guard: a token of any client',
      "if (client_id !== owner) throw new OxdError('invalid_protection_access_token')",
      '',
      '^a setup client of 3.1 (operates|refuses a token that is of another)',
    ],
    [
      'guard: a site without a setup client asks its OP',
      "if (owner === undefined) throw new OxdError('no_setup_client_for_oxd_id')",
      '',
      '^a setup client of 3.1 asks for the token first',
    ],
    [
      'guard: a token is introspected at the OP of another site',
      'return setup !== undefined && setup.issuer === site.issuer ? setup : site',
      'return setup ?? site',
      '^an OP that lies about whose client it is gains no site',
    ],
    [
      'guard: a client_id counts at whatever issuer',
      'site.issuer === owner.issuer && ownerOf(site, dialect) === owner.client_id',
      'ownerOf(site, dialect) === owner.client_id',
      '^an OP that lies about whose client it is gains no site',
    ],
    [
      'guard: all clients of an issuer are one',
      'site.issuer === owner.issuer && ownerOf(site, dialect) === owner.client_id',
      'site.issuer === owner.issuer',
      '^a token of 4.x with AuthorizationOxdId',
    ],
    [
      'guard: the token of one site is good for any other',
      "if (!permit.owns(site)) throw new OxdError('invalid_authorization_oxd_id')",
      '',
      '^a token of 4.x with AuthorizationOxdId',
    ],
    [
      'guard: the token of one site opens the way to any OP',
      "if (!isOwn && !isAllowed(asked)) throw new OxdError('op_not_allowed')",
      '',
      '^a token of 4.x with AuthorizationOxdId',
    ],
    [
      'guard: with the token of one site oxd is sent anywhere',
      'return { ...permit, anywhere: false }',
      'return permit',
      '^a token of 4.x with AuthorizationOxdId',
    ],
    [
      'guard: a token of 4.x that names no site is shown to the OP',
      "if (token !== undefined && access === 'op' && dialect !== 'v4') {",
      "if (token !== undefined && access === 'op') {",
      '^a token of 4.x that names no site',
    ],
    [
      'guard: sites of whoever claims to be the setup client',
      'if (setup.setup?.client_id === proven) return setupPermit(issuer, setup.setup)',
      'if (setup.setup) return setupPermit(issuer, setup.setup)',
      '^register_site of 3.1 with a token',
    ],
    [
      'guard: any OP is asked',
      'if (isAllowed(asked)) return NOTHING',
      'return NOTHING',
      '^without token and key OPs of --allowed-op',
    ],
    [
      'guard: who may have an OP asked owns its sites',
      'if (isAllowed(asked)) return NOTHING',
      'if (isAllowed(asked)) return EVERYTHING',
      '^without token and key OPs of --allowed-op',
    ],
    [
      'guard: any client_id proves itself',
      '(await sites.hasClient(askedOp(asked, op_host).where.issuer, client_id))))',
      'true))',
      '^without token and key a client of a known site',
    ],
    [
      'guard: a public command gives sites',
      "if (command.access === 'public') return NOTHING",
      "if (command.access === 'public') return EVERYTHING",
      '^without token and key what is public',
    ],
    [
      'guard: a caller key is good for every site',
      "if (site !== undefined && !permit.owns(site)) throw new OxdError('invalid_protection_access_token')",
      '',
      '^a caller key operates its sites',
    ],
    [
      'guard: a caller owns every site',
      "owns: ({ oxd_id }) => own === 'all' || own.includes(oxd_id),",
      'owns: () => true,',
      '^a caller key operates its sites',
    ],
    [
      'guard: a caller key that is not known is shown to the OP',
      'if (token !== undefined && isCallerKey(token)) {',
      'if (token !== undefined && (await callers.ofKey(token)) !== undefined) {',
      '^a caller key that is dropped',
    ],
    [
      'guard: what an OP said of a token stands for other sites',
      ".mac('introspected token', at.oxd_id, at.issuer, at.client.client_id, token)",
      ".mac('introspected token', token)",
      '^an OP that lies about whose client it is gains no site',
    ],
    [
      'guard: what an OP said stands for other tokens',
      ".mac('introspected token', at.oxd_id, at.issuer, at.client.client_id, token)",
      ".mac('introspected token', at.oxd_id, at.issuer, at.client.client_id)",
      '^what the OP said of a token',
    ],
    [
      'guard: what an OP said of a token outlives it',
      'options.ttl = Math.max(1, Math.min(left_ms, limits.introspection_ms))',
      'options.ttl = limits.introspection_ms',
      '^what the OP said of a token is believed',
    ],
    [
      'guard: what an OP said of a token is believed as long as it lives',
      'options.ttl = Math.max(1, Math.min(left_ms, limits.introspection_ms))',
      'options.ttl = 86_400_000',
      '^what the OP said of a token is believed',
    ],
  ]),
  ...weakenings('src/callers.ts', 'src/guard.test.ts', [
    [
      'callers: a key that was cut off is shown to the OP',
      "const LOOKS_LIKE_KEY = new RegExp(KEY_PREFIX, 'i')",
      'const LOOKS_LIKE_KEY = KEY',
      '^a caller key that is dropped',
    ],
    [
      'callers: a key that was copied with its quotes is shown to the OP',
      "const LOOKS_LIKE_KEY = new RegExp(KEY_PREFIX, 'i')",
      'const LOOKS_LIKE_KEY = new RegExp(`^${KEY_PREFIX}`)',
      '^a caller key that is dropped',
    ],
  ]),
  ...weakenings('src/callers.ts', 'src/callers.test.ts', [
    [
      'callers: keys are kept',
      "const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')",
      'const hashOf = (key) => key',
      '^a caller is found by its key, of which only the hash',
    ],
    [
      'callers: a name of any sort',
      'if (!NAME.test(name)) {',
      'if (false) {',
      '^a caller has a name of its own',
    ],
    [
      'callers: a certificate moves to another caller',
      'if (known !== undefined) {',
      'if (false) {',
      '^a caller may be known by a certificate',
    ],
    [
      'callers: old keys cannot be dropped',
      'dropOld: (name) => changeCredentials(name, (before) => before.slice(0, 1)),',
      'dropOld: (name) => changeCredentials(name, (before) => before),',
      '^changing the key leaves the old one good until',
    ],
    [
      'callers: any number of keys',
      '[credential, ...before].slice(0, limits.caller_keys_max),',
      '[credential, ...before],',
      '^changing the key never leaves more than two',
    ],
    [
      'callers: what was dropped stays behind',
      'for (const { type, sha256 } of dropped) await owners.remove([type, sha256])',
      '',
      '^changing the key leaves nothing behind',
    ],
    [
      'callers: any number of sites',
      'if (before.sites.length >= limits.caller_sites_max) {',
      'if (false) {',
      '^the sites of a caller are bounded',
    ],
  ]),
  ...weakenings('src/dispatch.ts', ACCESS_TEST, [
    [
      'access: nobody is asked who it is',
      'const permit = await guard.permit(command, { params, site, credentials, dialect })',
      'const permit = { owns: () => true, setup: async () => undefined, adopt: async () => {}, anywhere: true }',
      '^access protected: ',
    ],
  ]),
  ...weakenings('src/commands/remove_site.ts', ACCESS_TEST, [
    ['access: a command is open by mistake', "access: 'site',", "access: 'client',", '^access '],
  ]),
  ...weakenings('src/serve/http_listeners.ts', ACCESS_TEST, [
    [
      'access: HTTP is open',
      'protected: !insecure_unprotected_http,',
      'protected: false,',
      '^access protected: ',
    ],
  ]),
]

const HTTP_TEST = 'src/serve/http.test.ts'

/** Requests over HTTP that no command should see, and what comes back. */
const http = [
  ...weakenings('src/serve/http.ts', HTTP_TEST, [
    [
      'HTTP: from any address',
      "if (!isAllowed(socket.remoteAddress ?? '')) return 'oxd_access_denied'",
      '',
      '^addresses that may call are asked first',
    ],
    [
      'HTTP: the addresses of the start',
      'isAllowed = filter',
      '',
      '^addresses that may call are asked first',
    ],
    [
      'HTTP: any Host',
      "if (!isOwnHost({ host: headers.host, at: socket.localAddress ?? '', certificate })) return 'foreign_host'",
      '',
      '^the door of HTTP refuses a foreign Host',
    ],
    [
      'HTTP: any Origin',
      "if (headers.origin !== undefined) return 'foreign_origin'",
      '',
      '^the door of HTTP refuses every Origin',
    ],
    [
      'HTTP: any media type',
      'app.removeAllContentTypeParsers()',
      'app.removeContentTypeParser(JSON_TYPE)',
      '^the door of HTTP refuses other media types',
    ],
    [
      'HTTP: answers are kept on the way',
      "const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const",
      "const HEADERS = { 'x-content-type-options': 'nosniff' } as const",
      '^the door of HTTP puts the same headers',
    ],
    [
      'HTTP: the type of an answer is guessed',
      "const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const",
      "const HEADERS = { 'cache-control': 'no-store' } as const",
      '^the door of HTTP puts the same headers',
    ],
    [
      'HTTP: a body of any size',
      'bodyLimit: limits.http_body_bytes_max,',
      'bodyLimit: 1_000_000_000,',
      '^the door of HTTP refuses a body that is too large',
    ],
    [
      'HTTP: a refusal that arrives at nobody',
      "if (code === 'frame_too_large') await readAway(raw, limits.close_ms_max)",
      '',
      '^the door of HTTP reads a body that is too large',
    ],
    [
      'HTTP: requests after the end',
      "return stopping ? 'shutting_down' : undefined",
      'return undefined',
      '^the end of a listener refuses a further request',
    ],
  ]),
  ...weakenings('src/serve/http_request.ts', HTTP_TEST, [
    [
      'HTTP: a token of any scheme',
      String.raw`const BEARER = /^bearer +(\S+) *$/i`,
      String.raw`const BEARER = /^\S+ +(\S+) *$/i`,
      '^commands over HTTP take the token of Authorization',
    ],
    [
      'HTTP: text that is no UTF-8 is taken for what it resembles',
      "const UTF8 = new TextDecoder('utf-8', { fatal: true })",
      "const UTF8 = new TextDecoder('utf-8')",
      '^commands over HTTP refuse no UTF-8',
    ],
    [
      'HTTP: the last of two members',
      'const value = parseJson(text)',
      'const value = JSON.parse(text)',
      '^commands over HTTP refuse a member twice',
    ],
    [
      'HTTP: a list of parameters',
      "return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Request) : undefined",
      'return Object(value)',
      '^commands over HTTP refuse (a list|null|a text)',
    ],
  ]),
  ...weakenings('src/serve/http_server.ts', HTTP_TEST, [
    [
      'HTTP: headers of any size',
      'maxHeaderSize: limits.http_header_bytes_max,',
      'maxHeaderSize: 10_000_000,',
      '^the door of HTTP refuses headers that are too large',
    ],
    [
      'HTTP: a request has any time',
      'requestTimeout: limits.http_request_ms_max,',
      'requestTimeout: 0,',
      '^bounds of HTTP a request that does not end',
    ],
    [
      'HTTP: whoever takes no answer stays',
      'server.setTimeout(limits.http_idle_ms)',
      '',
      '^bounds of HTTP a connection whose peer takes no answers',
    ],
    [
      'HTTP: any number of connections',
      'server.maxConnections = limits.connections_max',
      '',
      '^bounds of HTTP so many connections',
    ],
  ]),
  ...weakenings('src/serve/http_hosts.ts', 'src/serve/http_hosts.test.ts', [
    [
      'hosts: any address',
      'return isLoopbackAddress(name) || name === plainAddress(at) || certificate?.checkIP(name) !== undefined',
      'return true',
      '^the names under which oxd may be called ',
    ],
    [
      'hosts: the end of a name',
      "return name === 'localhost' || name.endsWith('.localhost') || certificate?.checkHost(name) !== undefined",
      "return name.endsWith('localhost') || certificate?.checkHost(name) !== undefined",
      '^the names under which oxd may be called ',
    ],
  ]),
  ...weakenings('src/serve/http_addresses.ts', 'src/serve/http_addresses.test.ts', [
    [
      'addresses: an IPv4 address that came as an IPv6 one is another',
      'return MAPPED.exec(bare)?.[1] ?? bare',
      'return bare',
      '^the addresses that may call ',
    ],
    [
      'addresses: none are all',
      "if (allowed.includes('*')) return () => true",
      "if (allowed.length === 0 || allowed.includes('*')) return () => true",
      String.raw`^the addresses that may call \(none\)`,
    ],
    [
      'addresses: an entry that is none is passed over',
      'throw new StartError(',
      'return void new StartError(',
      '^the addresses that may call refuses',
    ],
  ]),
  ...weakenings('src/serve/tls.ts', 'src/serve/tls.test.ts', [
    [
      'TLS: the key of another certificate',
      'if (!certificate.checkPrivateKey(keyOf(keyFile, key))) {',
      'if (false) {',
      '^certificate and key ',
    ],
  ]),
  ...weakenings('src/serve/http_listeners.ts', 'src/serve/http_listeners.test.ts', [
    [
      'TLS: files that are of no use take the certificate away',
      'const pair = open.size === 0 ? undefined : tlsOf(changed)',
      'let pair; try { pair = tlsOf(changed) } catch {}',
      '^certificate and key that change stay as they were',
    ],
  ]),
]

/** Files that are read again while the daemon runs. */
const reload = [
  ...weakenings('src/reload/files.ts', 'src/reload/files.test.ts', [
    [
      'reload: the text of any error',
      "const reason = error instanceof StartError ? error.message : 'unexpected failure'",
      'const reason = String(error)',
      '^files that change are tried once',
    ],
    [
      'reload: files that are of no use are tried without end',
      'stamps.set(group, now)',
      'if (before === undefined) stamps.set(group, now)',
      '^files that change are tried once',
    ],
    [
      'reload: files are read at once',
      'const inTurn = (isForced: boolean): Promise<void> => (turn = turn.then(() => lookAll(isForced)))',
      'const inTurn = (isForced) => (turn = lookAll(isForced))',
      '^files that change are read one after the other',
    ],
  ]),
  ...weakenings('src/reload/settings.ts', 'src/reload/settings.test.ts', [
    [
      'reload: what waits for the next start is taken',
      'config: { ...running, ...live },',
      'config: read,',
      '^changed settings are taken where they can be',
    ],
    [
      'reload: whether the key has changed is told',
      ".filter(([name, value]) => name !== 'key' && differs(value, running[name as SettingName]))",
      '.filter(([name, value]) => differs(value, running[name as SettingName]))',
      '^changed settings never say anything of the key',
    ],
  ]),
  ...weakenings('src/reload/door.ts', 'src/reload/door.test.ts', [
    [
      'reload: a way through the old door stays open',
      'fetchFor: (step) => (url, init) => door.fetchFor(step)(url, init),',
      'fetchFor: (step) => door.fetchFor(step),',
      '^a door that changes goes by the new rules',
    ],
    [
      'reload: old doors are never closed',
      'await Promise.all([door, ...retired.keys()].map((each) => each.close()))',
      'await door.close()',
      '^a door that changes closes every door',
    ],
  ]),
]

const RPT_TEST = 'src/commands/uma_rp_get_rpt.test.ts'
const PROTECT_TEST = 'src/commands/uma_rs_protect.test.ts'
const CHECK_TEST = 'src/commands/uma_rs_check_access.test.ts'
const GATHERING_TEST = 'src/commands/uma_rp_get_claims_gathering_url.test.ts'

/** Protected resources: what a ticket, an RPT, a PAT, a rule or a state may not do. */
const uma = [
  ...weakenings('src/uma.ts', 'src/uma.test.ts', [
    [
      'UMA: a rule that cannot be evaluated leaves its scopes',
      'return { ...plain, scopes: [] }',
      'return { ...plain, scopes }',
      '^uma takes over a rule, and opens nothing',
    ],
    [
      'UMA: a condition without scopes is open',
      'scopesOf(condition).some((scope) => held.has(scope)) &&',
      'scopesOf(condition).every((scope) => held.has(scope)) &&',
      '^uma opens a condition without scopes to nobody',
    ],
  ]),
  ...weakenings('src/uma.ts', CHECK_TEST, [
    [
      'UMA: half of a rule',
      '(condition.scope_expression === undefined || isSatisfied(condition.scope_expression, held))',
      'true',
      '^uma_rs_check_access denies half of the rule',
    ],
    [
      'UMA: a resource for any method',
      'resource.http_methods.some((method) => lower(method) === lower(http_method)),',
      'true,',
      '^uma_rs_check_access (denies permissions of another method|knows nothing)',
    ],
    [
      'UMA: a resource at the beginning of a path',
      'lower(resource.path) === lower(path) &&',
      'lower(path).startsWith(lower(resource.path)) &&',
      '^uma_rs_check_access knows nothing',
    ],
  ]),
  ...weakenings('src/uma.ts', RPT_TEST, [
    [
      'UMA: a state is good for any site',
      "keys.mac('uma claims state', head, oxd_id, issuer, client.client_id)",
      "keys.mac('uma claims state', head)",
      '^uma_rp_get_rpt the state of a claims gathering is good for its own site',
    ],
    [
      'UMA: the bytes of a state are not authenticated',
      'return timingSafeEqual(bytes.subarray(HEAD_BYTES), mac(head, site))',
      'return true',
      '^uma_rp_get_rpt the state of a claims gathering is not good with a byte changed',
    ],
    [
      'UMA: a state without end',
      "if (seconds(world) >= expires_at) throw refused('expired')",
      '',
      '^uma_rp_get_rpt the state of a claims gathering is good until it expires',
    ],
    [
      'UMA: a state may be used twice',
      "if (!(await spent.insert([site.oxd_id, state], {}, keptUntil(expires_at)))) throw refused('used')",
      '',
      '^uma_rp_get_rpt the state of a claims gathering is good for once',
    ],
  ]),
  ...weakenings('src/uma.ts', GATHERING_TEST, [
    [
      'UMA: the state of a caller comes again',
      "if (!isNew) throw new OxdError('state_in_use')",
      '',
      '^uma_rp_get_claims_gathering_url takes a state of the caller',
    ],
  ]),
  ...weakenings('src/commands/uma_rp_get_claims_gathering_url.ts', GATHERING_TEST, [
    [
      'UMA: any page for the claims',
      'if (registered.length > 0 && !registered.includes(claims_redirect_uri)) {',
      'if (false) {',
      '^uma_rp_get_claims_gathering_url leads to no page',
    ],
  ]),
  ...weakenings('src/commands/uma_rp_get_rpt.ts', RPT_TEST, [
    [
      'UMA: a state is not looked at',
      'if (state !== undefined) await uma.spend(site, state)',
      '',
      '^uma_rp_get_rpt the state of a claims gathering is good for once',
    ],
  ]),
  ...weakenings('src/commands/uma_rs_check_access.ts', CHECK_TEST, [
    [
      'RPT: a permission of another resource',
      '(resource_id === id || isGat) &&',
      '',
      '^uma_rs_check_access denies permissions of another resource',
    ],
    [
      'RPT: a permission that has expired',
      '(exp === undefined || exp + LIMITS.clock_tolerance_seconds > now),',
      'true,',
      '^uma_rs_check_access denies a permission that has expired',
    ],
    [
      'RPT: a GAT where there is none',
      'const isGat = version === 1 && rpt.startsWith(GAT)',
      'const isGat = rpt.startsWith(GAT)',
      '^uma_rs_check_access says an RPT like a GAT nothing special',
    ],
    [
      'RPT: any RPT of UMA 1 is a GAT',
      'const isGat = version === 1 && rpt.startsWith(GAT)',
      'const isGat = version === 1',
      '^uma_rs_check_access with UMA 1 takes no RPT for the scope of another',
    ],
    [
      'RPT: scopes of the resource beside those that a check asks for',
      ': { ...resource, scopes, ticket_scopes: [], scope_expression: undefined }',
      ': { ...resource, scopes: [...resource.scopes, ...scopes], ticket_scopes: [], scope_expression: undefined }',
      '^uma_rs_check_access denies a scope of the resource, where',
    ],
  ]),
  ...weakenings('src/commands/uma_rs_protect.ts', PROTECT_TEST, [
    [
      'protect: a method of a path twice',
      "if (seen.has(name)) throw new OxdError('http_method_not_unique', { what: `It is ${method}.` })",
      '',
      '^uma_rs_protect refuses .* with http_method_not_unique',
    ],
    [
      'protect: one id for two resources',
      'if ([...kept, ...registered].some((known) => known.id === id)) {',
      'if (false) {',
      '^uma_rs_protect refuses .* from the authorization server',
    ],
    [
      'protect: what is protected is protected again',
      'if (version === 2) return undefined',
      'if (version === 2) return wanted',
      '^uma_rs_protect (refuses to protect twice|protects once)',
    ],
    [
      'protect: a ticket for more than the resource has',
      'if (!ticket_scopes.every((scope) => possible.has(scope))) {',
      'if (false) {',
      '^uma_rs_protect refuses .* before anything is registered',
    ],
    [
      'protect: a condition that opens to everybody',
      'if (scopes.length === 0 && expression === undefined) {',
      'if (false) {',
      '^uma_rs_protect refuses .* before anything is registered',
    ],
  ]),
  ...weakenings('src/commands/uma_rs_modify.ts', 'src/commands/uma_rs_modify.test.ts', [
    [
      'modify: what oxd could not remember holds at the authorization server',
      'await updateResource(as, before.id, describe(before)).catch(() => undefined)',
      '',
      '^uma_rs_modify changes the authorization server back',
    ],
  ]),
  ...weakenings('src/oidc/uma.ts', PROTECT_TEST, [
    [
      'PAT: one that is refused is used all the same',
      'if (REJECTED.has(answer.status)) {',
      'if (false) {',
      '^uma_rs_protect gets a new PAT',
    ],
    [
      'PAT: without end',
      'if (REJECTED.has(answer.status)) {',
      'for (let more = 0; more < 20 && REJECTED.has(answer.status); more += 1) {',
      '^uma_rs_protect gets a new PAT',
    ],
  ]),
  ...weakenings('src/oidc/uma_protection.ts', PROTECT_TEST, [
    [
      'protect: the id of a resource is a part of an address',
      "url.pathname = `${url.pathname.replace(/\\/$/, '')}/${encodeURIComponent(id)}`",
      "url.pathname = `${url.pathname.replace(/\\/$/, '')}/${id}`",
      '^uma_rs_protect escapes the id',
    ],
    [
      'protect: an id that is another address',
      ".refine((id) => id !== '.' && id !== '..'),",
      ',',
      '^uma_rs_protect refuses .* from the authorization server',
    ],
  ]),
  ...weakenings('src/oidc/uma_protection.ts', CHECK_TEST, [
    [
      'UMA: a ticket of any characters',
      String.raw`.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/),`,
      ',',
      '^uma_rs_check_access fails, and grants nothing, at',
    ],
  ]),
  ...weakenings('src/oidc/uma_grant.ts', RPT_TEST, [
    [
      'UMA: the caller sets what oxd owns',
      'if (owned !== undefined) {',
      'if (false) {',
      '^uma_rp_get_rpt refuses .*, and asks for no token',
    ],
    [
      'UMA: a refusal is an RPT',
      'if (answer.status !== 200) throw refused(as, answer)',
      '',
      '^uma_rp_get_rpt (knows|hands on)',
    ],
    [
      'UMA: a user is sent anywhere',
      'redirect_user: optional(z.url({ protocol: /^https?$/ }).max(LIMITS.url_characters_max)),',
      'redirect_user: optional(z.string()),',
      '^uma_rp_get_rpt fails at',
    ],
  ]),
  ...weakenings('src/oidc/uma_grant.ts', GATHERING_TEST, [
    [
      'UMA: parameters of the caller come instead of ours',
      'const own = Object.entries(custom).filter(([name]) => !RESERVED.has(name) && !url.searchParams.has(name))',
      'const own = Object.entries(custom)',
      '^uma_rp_get_claims_gathering_url adds parameters',
    ],
  ]),
  ...weakenings('src/oidc/uma_rule.ts', 'src/oidc/uma_rule.test.ts', [
    [
      'rule: of any size',
      'if (nodes > LIMITS.uma_rule_nodes_max) {',
      'if (false) {',
      '^scope expressions (refuses|takes a rule up to its bounds)',
    ],
    [
      'rule: of any depth',
      'if (depth > LIMITS.uma_rule_depth_max) {',
      'if (false) {',
      '^scope expressions (refuses|takes a rule up to its bounds)',
    ],
    [
      'rule: any operator',
      'if (entry === undefined || others.length > 0 || !KNOWN.has(entry[0])) {',
      'if (entry === undefined || others.length > 0) {',
      '^scope expressions refuses',
    ],
    [
      'rule: any variable',
      'if (!Number.isInteger(position) || position < 0 || position >= scopes) {',
      'if (false) {',
      '^scope expressions refuses',
    ],
    [
      'rule: what cannot be evaluated is true',
      'return false',
      'return true',
      '^scope expressions is false where it cannot be evaluated',
    ],
  ]),
  ...weakenings('src/oidc/uma_discovery.ts', 'src/oidc/uma_discovery.test.ts', [
    [
      'UMA discovery: another issuer',
      'if (metadata.issuer !== issuer) throw fail(`${show(origin)} names another issuer in its UMA metadata.`)',
      '',
      '^UMA discovery refuses',
    ],
    [
      'UMA discovery: endpoints at http',
      "if (typeof value === 'string' && !value.startsWith('https:')) throw fail(`Its ${name} is not https.`)",
      '',
      '^UMA discovery names no endpoint at http',
    ],
    [
      'UMA discovery: what failed is not there',
      'const isNothing = ({ status }: DoorAnswer): boolean => status >= 400 && status < 500',
      'const isNothing = ({ status }) => status >= 400',
      '^UMA discovery refuses',
    ],
  ]),
  ...weakenings('src/oidc/uma1.ts', 'src/commands/uma_rp_authorize_rpt.test.ts', [
    [
      'UMA 1: a refusal is an answer',
      'if (answer.status !== 400 && answer.status !== 403) throw refusal(STEP, answer, secrets)',
      'return',
      '^uma_rp_authorize_rpt names each refusal',
    ],
    [
      'UMA 1: the server repeats what was sent',
      'const secrets = [...answer.secrets, asked.rpt, asked.ticket]',
      'const secrets = []',
      '^uma_rp_authorize_rpt names each refusal',
    ],
  ]),
]

const CONFIG_TEST = 'src/moving/legacy_config.test.ts'
const IMPORT_TEST = 'src/moving/import.test.ts'
const RECORD_TEST = 'src/moving/record.test.ts'

/** Sites and configurations of an old oxd, which may be broken or hostile. */
const moving = [
  ...weakenings('src/moving/record.ts', RECORD_TEST, [
    [
      'record: a member __proto__',
      "if (holdsProto(record)) throw new RecordError('it has a member __proto__')",
      '',
      '^refuses __proto__',
    ],
    [
      'record: the site of another record',
      "if (own !== undefined && own !== oxd_id) throw new RecordError('it says that it has another oxd_id')",
      '',
      '^refuses another oxd_id',
    ],
    [
      'record: any name is an oxd_id',
      "if (!isOxdId(oxd_id)) throw new RecordError('its name is no oxd_id')",
      '',
      '^refuses a name that is no oxd_id',
    ],
    [
      'record: a client without a secret',
      "if (client_secret === undefined && method !== 'none') throw new RecordError('it has no client_secret')",
      '',
      '^refuses no secret',
    ],
    [
      'record: an algorithm that oxd does not accept',
      'id_token_signed_response_alg: isKnownAlgorithm ? alg : DEFAULT_ALGORITHM,',
      'id_token_signed_response_alg: alg,',
      '^what oxd does not do is never imported',
    ],
    [
      'record: a setup site that is none',
      "if (setup_oxd_id !== undefined && !isOxdId(setup_oxd_id)) throw new RecordError('setup_oxd_id is no oxd_id')",
      '',
      '^refuses a setup site that is none',
    ],
  ]),
  ...weakenings('src/moving/import.ts', IMPORT_TEST, [
    [
      'import: what is there is overwritten',
      'else if (!options.replace) report.kept.push(site.oxd_id)',
      '',
      '^a folder of 3.0 files what is there and different stays',
    ],
    [
      'import: a dry run writes',
      'if (!options.dry_run && !(await sink.insert(site, uma_resources)))',
      'if (!(await sink.insert(site, uma_resources)))',
      '^a folder of 3.0 files a dry run',
    ],
    [
      'import: a dry run replaces',
      'if (!options.dry_run) await sink.replace({ ...site, version: existing.version + 1 }, uma_resources)',
      'await sink.replace({ ...site, version: existing.version + 1 }, uma_resources)',
      '^a folder of 3.0 files what is there and different stays',
    ],
    [
      'import: the second of two records',
      "if (seen.has(old.site.oxd_id)) throw new RecordError('it comes twice: the first one was taken')",
      '',
      '^a dump with hostile rows',
    ],
    [
      'import: one broken record stops the others',
      'if (!(error instanceof RecordError)) throw error',
      'throw error',
      '^a folder of 3.0 files names what is no site',
    ],
    [
      'import: another issuer is taken over',
      'found !== undefined && withoutSlash(found.issuer) === withoutSlash(issuer) ? found : undefined,',
      'found,',
      '^the OP of another issuer is never taken over',
    ],
    [
      'import: the token for changes goes anywhere',
      'if (managedAtOp(site.client, at, said)) return { site: at, notes }',
      'return { site: at, notes }',
      '^the OP alone gets the token',
    ],
  ]),
  ...weakenings('src/moving/source.ts', IMPORT_TEST, [
    [
      'import: a secret in the place of a name',
      'const nameOf = (oxd_id: unknown, place: string): string => (isOxdId(oxd_id) ? oxd_id : place)',
      'const nameOf = (oxd_id) => String(oxd_id)',
      '^a dump with hostile rows',
    ],
    [
      'import: a file of any size',
      'if (stats.size > bytes_max) return { why: `it has more than ${bytes_max} bytes` }',
      '',
      '^(a folder of 3.0 files names what is no site|a dump is bounded)',
    ],
    [
      'import: a row with more columns',
      'yield row.length === header.length',
      'yield true',
      '^a dump with hostile rows',
    ],
  ]),
  ...weakenings('src/moving/found.ts', IMPORT_TEST, [
    [
      'import: the last of two members',
      'const record = parseJson(text)',
      'let record; try { record = JSON.parse(text) } catch {}',
      '^a folder of 3.0 files names what is no site',
    ],
  ]),
  ...weakenings('src/moving/csv.ts', 'src/moving/csv.test.ts', [
    [
      'import: a stray quote is passed over',
      'if (end === undefined) throw new CsvError(`row ${number} has a quote that is not closed, or not doubled`)',
      'if (end === undefined) return',
      '^refuses ',
    ],
  ]),
  ...weakenings('src/moving/redis.ts', 'src/moving/redis.test.ts', [
    [
      'import: the password of Redis is told',
      'const where = `Redis at ${url.host}`',
      'const where = `Redis at ${url.href}`',
      '^says why Redis cannot be read',
    ],
  ]),
  ...weakenings('src/moving/legacy_config.ts', CONFIG_TEST, [
    [
      'legacy: certificates that nobody trusts',
      'if (bad?.found !== undefined) {',
      'if (false) {',
      '^trust_all_certs (is refused|looks at every OP)',
    ],
    [
      'legacy: one OP is looked at',
      'const bad = shown.find(({ found }) => found?.verifies === false)',
      'const bad = shown.slice(0, 1).find(({ found }) => found?.verifies === false)',
      '^trust_all_certs looks at every OP',
    ],
    [
      'legacy: the network without tokens',
      'if (!isProtected) {',
      'if (false) {',
      '^oxd-conf.json localhost_only: false opens',
    ],
    [
      'legacy: tokens are not asked for any more',
      'if (isProtected) settings.require_token = true',
      '',
      '^oxd-conf.json (protect_commands|absent from a file|localhost_only)',
    ],
    [
      'legacy: the network over HTTP',
      'if (isReachable && settings.insecure_plain_http === true) {',
      'if (false) {',
      '^oxd-server.yml plain HTTP stays',
    ],
    ['legacy: both spellings', 'if (values.has(name))', 'if (false)', '^oxd-conf.json is read with tabs'],
  ]),
  ...weakenings('src/moving/legacy_keys.ts', CONFIG_TEST, [
    [
      'legacy: a check is turned off',
      'if (reading.flag(key, value) === false) reading.refuse(key, `${what} Remove the key.`)',
      '',
      '^oxd-server.yml id_token_validation',
    ],
    [
      'legacy: ID Tokens without signature',
      'accept_id_token_without_signature: unsigned,',
      'accept_id_token_without_signature: passed,',
      '^oxd-server.yml accept_id_token_without_signature',
    ],
    [
      'legacy: old protocols',
      "const SAFE_TLS = new Set(['TLSv1.2', 'TLSv1.3'])",
      "const SAFE_TLS = new Set(['TLSv1', 'TLSv1.1', 'SSLv3', 'TLSv1.2', 'TLSv1.3'])",
      '^oxd-server.yml tls_version',
    ],
    [
      'legacy: the name of a property is a key',
      'Object.hasOwn(LEGACY_KEYS, name) ? LEGACY_KEYS[name] : undefined',
      'LEGACY_KEYS[name]',
      '^oxd-conf.json names each unknown key',
    ],
  ]),
  ...weakenings('src/moving/environment.ts', CONFIG_TEST, [
    [
      'legacy: an environment without end',
      'if (result.length > limits.legacy_config_bytes_max) {',
      'if (false) {',
      '^oxd-server.yml an environment that grows',
    ],
  ]),
  ...weakenings('src/moving/met.ts', 'src/moving/check.test.ts', [
    [
      'check: a private address that nobody trusts is looked at',
      "if (first === undefined || (!isOpen && addressKind(first.address) !== 'public')) return undefined",
      'if (first === undefined) return undefined',
      '^the certificate that is met is not looked at',
    ],
  ]),
]

const VALIDATE_TEST = 'src/commands/validate.test.ts'
const STATUS_TEST = 'src/commands/id_token_status.test.ts'
const OBJECT_TEST = 'src/commands/get_request_object_uri.test.ts'
const THIRD_PARTY_TEST = 'src/commands/initiate_third_party_login.test.ts'

/** Commands beside a login: what may be validated, shown, refreshed, signed and begun. */
const commands = [
  ...weakenings('src/commands/validate.ts', VALIDATE_TEST, [
    [
      'validate: a nonce that is not of this login',
      "if (nonce !== undefined && nonce !== login.nonce) throw fail('invalid_id_token_bad_nonce')",
      '',
      '^validate refuses .*nonce',
    ],
    [
      'validate: a code that nothing binds',
      "if (claims.c_hash === undefined) throw fail('invalid_authorization_code_bad_hash')",
      '',
      '^validate refuses .*invalid_authorization_code_bad_hash',
    ],
    [
      'validate: an access token that nothing binds',
      'if (access_token !== undefined && claims.at_hash === undefined)',
      'if (false)',
      '^validate refuses .*invalid_access_token_bad_hash',
    ],
    [
      'validate: an ID Token of another login',
      'nonce: login.nonce,',
      'nonce: () => true,',
      '^validate refuses .*nonce',
    ],
  ]),
  ...weakenings('src/commands/id_token_status.ts', STATUS_TEST, [
    [
      'status: any nonce',
      'nonce: (found) => nonce === undefined || found === nonce,',
      'nonce: () => true,',
      '^id_token_status (takes the nonce of the login|takes a token without a nonce)',
    ],
    [
      'status: of any login',
      'if (!isOfLogin) return INACTIVE',
      '',
      '^id_token_status (without a nonce|takes no token of another site)',
    ],
    [
      'status: an access token that nothing binds',
      'if (access_token !== undefined && claims.at_hash === undefined)',
      'if (false)',
      '^id_token_status refuses what came with the token',
    ],
    [
      'status: what came with the token does not belong to it',
      'if (!(error instanceof OxdError) || !ID_TOKEN_ERRORS.has(error.code) || HASH_ERRORS.has(error.code))',
      'if (!(error instanceof OxdError) || !ID_TOKEN_ERRORS.has(error.code))',
      '^id_token_status refuses what came with the token',
    ],
    [
      'status: an OP that cannot be asked says no',
      'if (!(error instanceof OxdError) || !ID_TOKEN_ERRORS.has(error.code) || HASH_ERRORS.has(error.code))',
      'if (HASH_ERRORS.has(error.code))',
      '^id_token_status says nothing of a token',
    ],
  ]),
  ...weakenings('src/commands/get_request_object.ts', 'src/commands/get_request_object.test.ts', [
    [
      'request object: of a site that is gone',
      'if (found === undefined || (await sites.get(found.oxd_id)) === undefined)',
      'if (found === undefined)',
      '^get_request_object goes with its site',
    ],
  ]),
  ...weakenings('src/commands/get_request_object_uri.ts', OBJECT_TEST, [
    [
      'request object: the caller says whose it is',
      'refuseOwn(params)',
      '',
      '^get_request_object_uri lets nobody speak as another client',
    ],
    [
      'request object: to any address',
      'if (redirect_uri !== undefined && !settings.redirect_uris.includes(redirect_uri)) {',
      'if (false) {',
      '^get_request_object_uri sends users to a redirect URI of the site',
    ],
  ]),
  ...weakenings('src/rp_keys.ts', 'src/rp_keys.test.ts', [
    [
      'keys of oxd: private members are published',
      'return (await Promise.all(KEY_KIND_NAMES.map(ring))).flat().map(publicJwk)',
      'return (await Promise.all(KEY_KIND_NAMES.map(ring))).flat().map(({ jwk }) => jwk as PublicJwk)',
      '^the keys of oxd are one of each algorithm',
    ],
    [
      'request object: without end',
      'await requests.put([jti], { oxd_id, jwt }, { expires_at: now() + life })',
      'await requests.put([jti], { oxd_id, jwt })',
      '^a request object is gone after',
    ],
    [
      'request object: a name that can be guessed',
      "const name = (): string => world.random(NAME_BYTES).toString('base64url')",
      'const name = (): string => String(seconds(world))',
      '^a request object has a name that nobody guesses',
    ],
  ]),
  ...weakenings('src/commands/initiate_third_party_login.ts', THIRD_PARTY_TEST, [
    [
      'third party: any issuer',
      "if (iss !== issuer) throw fail('foreign_iss')",
      '',
      '^initiate_third_party_login wants the issuer of the site',
    ],
    [
      'third party: a slash more or less',
      "if (iss !== issuer) throw fail('foreign_iss')",
      "if (iss.replace(/\\/$/, '') !== issuer.replace(/\\/$/, '')) throw fail('foreign_iss')",
      '^initiate_third_party_login wants the issuer of the site',
    ],
    [
      'third party: to any target',
      'if (target_link_uri !== undefined && !origins.includes(originOf(target_link_uri))) {',
      'if (false) {',
      '^initiate_third_party_login takes a target',
    ],
    [
      'third party: the beginning of an origin',
      'if (target_link_uri !== undefined && !origins.includes(originOf(target_link_uri))) {',
      'if (target_link_uri !== undefined && !origins.some((origin) => target_link_uri.startsWith(origin))) {',
      '^initiate_third_party_login takes a target',
    ],
    [
      'third party: schemes of apps have no origin',
      "return origin === 'null' ? uri : origin",
      'return origin',
      '^initiate_third_party_login takes the scheme of an app',
    ],
  ]),
  ...weakenings('src/commands/get_rp.ts', 'src/commands/get_rp.test.ts', [
    [
      'get_rp: the secret of the client',
      'client_id: client.client_id,',
      '...client,',
      '^get_rp shows no secret',
    ],
    [
      'get_rp: the sites of others',
      'const own = await sites.some(permit.owns)',
      'const own = await sites.some(() => true)',
      '^get_rp where commands are protected lists to each caller',
    ],
  ]),
  ...weakenings('src/registrar.ts', 'src/commands/setup_client.test.ts', [
    [
      'setup: a client of half the truth',
      "if (!(error instanceof OxdError && error.code === 'scope_refused')) throw error",
      '',
      '^setup_client lets a client that was registered by hand prove itself',
    ],
    [
      'setup: what cannot be kept stays at the OP',
      'await takeBack(op, sites, site)',
      '',
      '^setup_client takes both clients back',
    ],
  ]),
  ...weakenings('src/registrar.ts', 'src/commands/remove_site.test.ts', [
    [
      'remove: a change that is under way brings the site back',
      'const removed = await sites.inTurn(oxd_id, () => sites.remove(oxd_id))',
      'const removed = await sites.remove(oxd_id)',
      '^remove_site waits for a change',
    ],
    [
      'remove: what was kept of the site stays',
      'const kept = [logins.forgetLast(termsOf(site)), pats.forget(site), uma.forget(oxd_id)]',
      'const kept: readonly Promise<void>[] = []',
      '^remove_site (keeps nothing|forgets what was protected)',
    ],
  ]),
  ...weakenings('src/login.ts', VALIDATE_TEST, [
    [
      'validate: as often as anybody guesses',
      'if (!(await inspected.insert([state], {}, { expires_at: spentUntil })))',
      'if (false)',
      '^validate is done once for each state',
    ],
    [
      'validate: after the login',
      "if ((await spent.get([state])) !== undefined) throw refused('used')",
      '',
      '^validate spends nothing',
    ],
  ]),
  ...weakenings('src/commands/get_issuer.ts', 'src/commands/get_issuer.test.ts', [
    [
      'issuer: a stranger has any host asked',
      'if (!permit.anywhere && issuer !== undefined && webfingerOf(resource).host !== new URL(issuer).host) {',
      'if (false) {',
      '^get_issuer asks for a stranger',
    ],
    [
      'issuer: that of another resource',
      "if (issuer !== undefined && !links.some(({ href }) => href === issuer)) throw fail('foreign_resource')",
      '',
      '^get_issuer refuses',
    ],
  ]),
]

/** By room, so that no single test takes long. */
export const WEAKENINGS: Readonly<Record<string, readonly Weakening[]>> = {
  'frames and replies': frames,
  connections: connections,
  'requests and parameters': requests,
  states: states,
  'logins and logouts': logins,
  flows: FLOWS,
  refreshes: REFRESH,
  'the way to the OP': way_out,
  'addresses and certificates': addresses,
  'discovery and registration': registration,
  'ID Tokens': id_tokens,
  'keys, tokens and userinfo': tokens,
  'dialects and listeners': dialects,
  'grants and introspection': grants,
  'client authentication': client_auth,
  'tokens and requests as registered': tokens_as_registered,
  'rules for what an OP says': RULES,
  'deviations of real OPs': interop,
  'what nobody signed': UNSIGNED,
  'the store': store,
  'records that are written together': COMMIT,
  'ended logins': ENDED_LOGINS,
  webhooks: WEBHOOKS,
  'logouts of the OP': LOGOUT_WEAKENINGS,
  'what a review found': REVIEW_WEAKENINGS,
  'where codes go': TOKEN_ENDPOINT_WEAKENINGS,
  'the start': start,
  'who may call': callers,
  'what fuzzing found': ROBUSTNESS,
  HTTP: http,
  'what is read again': reload,
  'protected resources': uma,
  'moving in': moving,
  'commands beside a login': commands,
  'the library': library,
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
