// Every defence against bad input, each as one source line and what stands there when it is gone; and the tests that fail then.
import type { Weakening } from '../src/testing/weakened.ts'

/** What is missing then, the source line, what replaces it, and the tests that must fail, by a pattern of their names. */
type Row = readonly [name: string, line: string, replace_by: string, pattern: string]

const weakenings = (file: string, test: string, rows: readonly Row[]): readonly Weakening[] =>
  rows.map(([name, line, replace_by, pattern]) => ({
    name,
    file,
    line,
    replace_by,
    turns_red: { test, pattern },
  }))

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
      "const wrongType = issue.code === 'invalid_type' || issue.code === 'invalid_union'",
      'const wrongType = false',
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
      "if (!types.includes('code')) {",
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
      "keys.mac('login state', head, terms.oxd_id, String(terms.version), terms.issuer, redirect_uri)",
      "keys.mac('login state', terms.oxd_id, String(terms.version), terms.issuer, redirect_uri)",
      '^a login is refused when a single bit',
    ],
    [
      'login: a state is not bound to its site',
      "keys.mac('login state', head, terms.oxd_id, String(terms.version), terms.issuer, redirect_uri)",
      "keys.mac('login state', head, String(terms.version), terms.issuer, redirect_uri)",
      '^a login is refused at another site',
    ],
    [
      'login: a state is not bound to the version of its site',
      "keys.mac('login state', head, terms.oxd_id, String(terms.version), terms.issuer, redirect_uri)",
      "keys.mac('login state', head, terms.oxd_id, terms.issuer, redirect_uri)",
      '^a login is refused at another version',
    ],
    [
      'login: a state is not bound to its issuer',
      "keys.mac('login state', head, terms.oxd_id, String(terms.version), terms.issuer, redirect_uri)",
      "keys.mac('login state', head, terms.oxd_id, String(terms.version), redirect_uri)",
      '^a login is refused at another issuer',
    ],
    [
      'login: a state is not bound to its redirect URI',
      "keys.mac('login state', head, terms.oxd_id, String(terms.version), terms.issuer, redirect_uri)",
      "keys.mac('login state', head, terms.oxd_id, String(terms.version), terms.issuer)",
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
      "if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== state) return undefined",
      'if (bytes.length !== HEAD_BYTES + MAC_BYTES) return undefined',
      '^a login is refused in another writing',
    ],
    [
      'login: a state under another key is taken for one of ours',
      'return bytes[0] === FORMAT &&',
      'return bytes[0] === FORMAT ||',
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
      'world.random(CHANCE_BYTES).copy(head, HEAD_BYTES - CHANCE_BYTES)',
      '',
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
      'url: with a secret that has expired',
      "throw fail('expired_client')",
      '',
      '^get_authorization_url refuses once the secret of the client has expired',
    ],
  ]),
  ...weakenings('src/oidc/authorization.ts', URL_TEST, [
    [
      'url: the caller sets what oxd owns',
      'const refused = Object.keys(custom).find((name) => OWNED.has(name) || taken.has(name))',
      'const refused = Object.keys(custom).find((name) => taken.has(name))',
      '^get_authorization_url lets nobody set what belongs to oxd',
    ],
    [
      'url: the caller replaces what was set',
      'const refused = Object.keys(custom).find((name) => OWNED.has(name) || taken.has(name))',
      'const refused = Object.keys(custom).find((name) => OWNED.has(name))',
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
      'const login = await logins.spend(termsOf(site), state)',
      "const login = await logins.spend(termsOf(site), state)\nworld.log('info', 'login', { state, code })",
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
      'return isLocalName(host) ? LOCAL : []',
      'return []',
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
      "const line = text.replace(BLANK, ' ').replace(INVISIBLE, '').trim()",
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
      String.raw`const endpoint = z.url({ protocol: /^https?$/ })`,
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
      "if (method !== 'none' && !client_secret) throw new OxdError('no_client_secret_returned')",
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
      'const possible = offered.filter((alg) => Object.hasOwn(ALGORITHMS, alg))',
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
      '^register_site refuses a registration page',
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
  ...weakenings('src/commands/register_site.ts', REGISTER_TEST, [
    [
      'register: a client that oxd cannot remember stays at the OP',
      'if (!by_hand) await removeClient(op, client).catch(() => undefined)',
      '',
      '^register_site takes the client back at the OP',
    ],
    [
      'register: a secret without its client',
      "if (client_id === undefined && client_secret !== undefined) throw fail('invalid_client_id')",
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
      "holds: (c) => typeof c.sub === 'string' && c.sub !== '' && c.sub.length <= 255,",
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
    [
      'ID Token: no signature',
      "if (typeof alg !== 'string' || alg.toLowerCase() === 'none') {",
      'if (false) {',
      '^get_tokens_by_code refuses (no signature|alg nOnE|no alg)',
    ],
    [
      'ID Token: any algorithm that oxd knows',
      'if (alg !== expected.alg)',
      'if (false)',
      '^get_tokens_by_code refuses (another algorithm of the OP|HS256)',
    ],
    [
      'ID Token: anything around it',
      "if (!COMPACT.test(id_token)) throw new OxdError('invalid_id_token_malformed')",
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
      'if (refetches.length >= limits.key_refetches_per_minute) return false',
      '',
      '^get_tokens_by_code fetches keys anew within a budget',
    ],
    [
      'keys: a kid that was not found once is never looked for again',
      'unknownKids = unknownKids.filter(isRecent)',
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
      String.raw`if (!/^application\/json\s*(;|$)/i.test(type)) {`,
      'if (false) {',
      '^get_user_info refuses JSON that is announced as text',
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
      "return (await engine.write(prefix + name, { ...record, expected: ABSENT })) === 'written'",
      "return (await engine.write(prefix + name, { ...record, expected: 'any' })) === 'written'",
      '^a kind of fifty inserters and fifty takers one succeeds',
    ],
    [
      'store: an update overwrites what another has changed',
      'const outcome = await engine.write(prefix + name, { ...record, expected: found.version })',
      "const outcome = await engine.write(prefix + name, { ...record, expected: 'any' })",
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
  ...weakenings('src/dialect.ts', 'src/dialect.test.ts', [
    [
      'dialect: the 3.x wire gets the members of our library',
      'Object.fromEntries(declared(shape, result).map(([name, schema, value]) => [name, as3x(schema, value)])),',
      '({ ...result }),',
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
      'return { keys: (await current()).filter(({ kty }) => ASYMMETRIC.has(kty)) }',
      'return { keys: await current() }',
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

/** By room, so that no single test takes long. */
export const WEAKENINGS: Readonly<Record<string, readonly Weakening[]>> = {
  'frames and replies': frames,
  connections: connections,
  'requests and parameters': requests,
  states: states,
  'logins and logouts': logins,
  'the way to the OP': way_out,
  'addresses and certificates': addresses,
  'discovery and registration': registration,
  'ID Tokens': id_tokens,
  'keys, tokens and userinfo': tokens,
  'dialects and listeners': dialects,
  'grants and introspection': grants,
  'the store': store,
  'the start': start,
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
  'an OP that answers HTML': ['said: a page is an answer', 'userinfo: of any content type'],
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
