// What an OP says, and the rules that it must keep: ID Token, keys, answers; and what the log says of who does not.
import { weakenings } from './rows.ts'

const ID_TOKEN_TEST = 'src/oidc/id_token.test.ts'
const DISCOVERY_TEST = 'src/oidc/discovery.test.ts'
const REGISTRATION_TEST = 'src/oidc/registration.test.ts'
const KEYS_TEST = 'src/oidc/keys.test.ts'

export const RULES = [
  ...weakenings('src/oidc/jwt.ts', ID_TOKEN_TEST, [
    [
      'ID Token: extensions that nobody understands',
      'if (header.crit !== undefined) {',
      'if (false) {',
      'for an? (unknown crit|empty crit|crit )',
    ],
    [
      'ID Token: of any length',
      'if (jws.length > LIMITS.token_characters_max) {',
      'if (false) {',
      'has 64 KiB',
    ],
  ]),
  ...weakenings('src/oidc/id_token.ts', ID_TOKEN_TEST, [
    [
      'ID Token: a subject of any characters',
      String.raw`typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)`,
      String.raw`typeof value === 'string' && /^.{1,255}$/s.test(value)`,
      'for a subject (beyond ASCII|with a NUL)',
    ],
    [
      'ID Token: a subject of any length',
      String.raw`typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)`,
      String.raw`typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)`,
      'for a subject of 256 characters',
    ],
    [
      'ID Token: for ever',
      'holds: (c, e) => isTime(c.exp) && c.exp <= e.now + LIMITS.id_token_seconds_max,',
      'holds: () => true,',
      'for an expiry (in milliseconds|of 1e308|in a hundred years)',
    ],
    [
      'ID Token: from before the login',
      "typeof e.nonce !== 'string' || (isTime(c.iat) && c.iat >= e.now - LIMITS.login_seconds - tolerance),",
      'true,',
      'for an issue time (a week ago|before any login)',
    ],
    [
      'ID Token: also for others',
      'holds: (c, e) => audiences(c).length === 1 || audiences(c).every((aud) => aud === e.client_id),',
      'holds: () => true,',
      'refuses an audience beside the client',
    ],
    [
      'ID Token: a wrong clock is not named',
      'const ahead = TIMES.has(about) ? clock() : undefined',
      'const ahead = undefined as number | undefined',
      'is refused, and told by the clock',
    ],
  ]),
  ...weakenings('src/oidc/json.ts', 'src/oidc/json.test.ts', [
    [
      'JSON: halves of characters',
      String.raw`} else if (token.includes('\\u') && !String(JSON.parse(token)).isWellFormed()) return false`,
      '}',
      'refuses .*ud800',
    ],
    [
      'JSON: any number of members, objects and lists',
      'if (members > members_max) return false',
      '',
      'and not one more',
    ],
  ]),
  ...weakenings('src/oidc/keys.ts', KEYS_TEST, [
    [
      'keys: one whose private half is known proves something',
      'if (isLeaked(key)) leaked.add(result.data)',
      '',
      'proves nothing',
    ],
    [
      'keys: a modulus of any length',
      "n === undefined || Buffer.byteLength(n, 'base64url') * 8 <= rsa_bits_max",
      'true',
      'is passed over with more',
    ],
    [
      'keys: used for ever',
      'const fresh = cached !== undefined && age >= 0 && age < limits.op_keys_ms ? cached.keys : undefined',
      'const fresh = cached?.keys',
      'until they are too old|no longer than they are published',
    ],
    [
      'keys: those of before a client was registered hold without a look',
      "if (fresh !== undefined && isDoubted && asker !== 'stranger') return fetchOnce().catch(() => fresh)",
      '',
      'at the first login after a client was registered',
    ],
    [
      'keys: fresh ones are worth nothing while new ones are not to be had',
      "if (fresh !== undefined && isDoubted && asker !== 'stranger') return fetchOnce().catch(() => fresh)",
      "if (fresh !== undefined && isDoubted && asker !== 'stranger') return fetchOnce()",
      'at the first login after a client was registered',
    ],
    [
      'keys: new ones cost a login what wrong ones do',
      "if (isOurs && payload !== undefined && asker !== 'stranger')",
      'if (false)',
      'as often as an OP has new keys',
    ],
    [
      'keys: strangers spend nothing with old tokens',
      "if (isOurs && payload !== undefined && asker !== 'stranger')",
      'if (isOurs && payload !== undefined)',
      'as often as an OP has new keys',
    ],
    [
      'keys: one that was asked for is asked for again at once',
      'if (budget.unknownKids.some((unknown) => unknown.kid === kid)) return false',
      '',
      'once for one unknown name',
    ],
    [
      'keys: who waits for a fetch from before the rotation is refused',
      'if (payload === undefined && fetching !== undefined) {',
      'if (false) {',
      'once more where a fetch was answered before',
    ],
    [
      'keys: use in any writing',
      "(key.use === undefined || key.use === 'sig') &&",
      "(key.use === undefined || key.use.toLowerCase() === 'sig') &&",
      'with its use in capitals',
    ],
  ]),
  ...weakenings('src/oidc/discovery.ts', DISCOVERY_TEST, [
    [
      'discovery: endpoints that a parser reads otherwise',
      String.raw`if (!/^https?:[\x21-\x7e]+$/.test(url) || url.includes('#') || !URL.canParse(url)) return false`,
      'if (!URL.canParse(url)) return false',
      'has no endpoint at',
    ],
    [
      'discovery: endpoints with a password',
      "return username === '' && password === ''",
      'return username !== password || true',
      'has no endpoint at "https://(user|:password)',
    ],
    [
      'discovery: endpoints of any length',
      'if (url.length > LIMITS.url_characters_max) return false',
      '',
      'has no endpoint at "https://op.example.com/xxxx',
    ],
    [
      'discovery: lists of any length',
      'const names = z.array(z.string().max(LIMITS.text_characters_max)).max(LIMITS.op_list_items_max)',
      'const names = z.array(z.string())',
      'as a list of texts',
    ],
    [
      'discovery: lists that are none',
      'const names = z.array(z.string().max(LIMITS.text_characters_max)).max(LIMITS.op_list_items_max)',
      'const names = z.unknown().transform((said) => [said].flat().map(String))',
      'as a list of texts',
    ],
    [
      'discovery: whoever signs for themselves',
      "if (hostname === SELF_ISSUED) throw invalidHost('A self-issued OP is none that oxd knows.')",
      '',
      'is not looked for at "https://self-issued.me"',
    ],
  ]),
  ...weakenings('src/oidc/jwt.ts', 'test/side_by_side.test.ts', [
    [
      'ID Token: none is an algorithm like any other',
      "if (typeof alg !== 'string' || (alg.toLowerCase() === UNSIGNED && !isAllowed)) {",
      "if (alg === 'none') return jsonIn(segment(jws, 1))\nif (typeof alg !== 'string') {",
      'an OP that offers no sound algorithm any more',
    ],
  ]),
  ...weakenings('src/oidc/connect.ts', 'test/ssrf.test.ts', [
    [
      'connect: any address, wherever it is named',
      'if (met !== undefined && !trusted.has(origin)) {',
      'if (false as boolean && met !== undefined) {',
      '^what oxd is told to contact (op_host|the host of WebFinger)',
    ],
  ]),
  ...weakenings('src/oidc/http.ts', 'src/oidc/http.test.ts', [
    [
      'the door: connections are shared by all OPs of a host',
      "await agentOf(asked.tenant ?? '')",
      "await agentOf('')",
      'what comes late on a connection',
    ],
  ]),
  ...weakenings('src/oidc/op.ts', 'src/oidc/op.test.ts', [
    [
      'OPs: asked on behalf of nobody in particular',
      'const answer = await door.request({ ...asked, tenant: issuer })',
      'const answer = await door.request(asked)',
      'have connections of their own',
    ],
    [
      'OPs: their clocks are not looked at',
      "const said = Date.parse(answer.headers.get('date') ?? '')",
      'const said = now()',
      'have clocks of their own',
    ],
    [
      'OPs: a client is registered with what was known',
      'if (metadata.has(key)) metadata.set(key, await discover(context.door, context.where))',
      '',
      'are asked anew by who registers',
    ],
  ]),
  ...weakenings('src/oidc/op.ts', DISCOVERY_TEST, [
    ['discovery: believed for ever', 'ttl: limits.op_metadata_ms,', '', 'is used for ten minutes'],
  ]),
  ...weakenings('src/oidc/registration.ts', REGISTRATION_TEST, [
    [
      'registration: credentials that end a header',
      String.raw`.regex(/^[\x20-\x7e]+$/)`,
      '',
      'op_answer_malformed for a (client_id|secret) that ends a header',
    ],
    [
      'registration: credentials of any length',
      '.max(LIMITS.text_characters_max)',
      '',
      'for a client_id of more',
    ],
    [
      'registration: tokens that end a header',
      String.raw`return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : undefined`,
      "return typeof value === 'string' && value !== '' ? value : undefined",
      'a token that ends a header',
    ],
    [
      'registration: an expiry that does not count',
      '.pipe(z.number().nonnegative().max(Number.MAX_SAFE_INTEGER))',
      '',
      'for an expiry (beyond|below)',
    ],
  ]),
  ...weakenings('src/reasons.ts', 'src/reasons.test.ts', [
    [
      'log: e-mail addresses in what is shown',
      "const isClear = IN_CLEAR.has(about) && !text.includes('@')",
      'const isClear = IN_CLEAR.has(about)',
      'shows in clear what is harmless',
    ],
    [
      'reasons: everything in clear',
      'return isClear ? cleaned(text, characters_max) : `hmac:${fingerprint(about, text)}`',
      'return cleaned(text, characters_max)',
      'has no subject|everything else as a fingerprint',
    ],
    [
      'reasons: without end, with escapes',
      'return isClear ? cleaned(text, characters_max) : `hmac:${fingerprint(about, text)}`',
      'return isClear ? text : `hmac:${fingerprint(about, text)}`',
      'cleaned and cut',
    ],
    [
      'reasons: what a refusal came from is not said',
      '...(isRefusal(error.cause) ? codesOf(error.cause) : []),',
      '',
      'names what a refusal came from',
    ],
  ]),
  ...weakenings('src/dispatch.ts', 'src/reasons.test.ts', [
    ['the log: no rule', '...reasonFields(error, telling),', '', 'has one line with rule'],
    ['the log: no issuer', 'findings.issuer = site?.issuer', '', 'has one line with rule'],
    [
      'the log: no login',
      'const audit = (found: Findings): void => void Object.assign(findings, found)',
      'const audit = (): void => {}',
      'has one line with rule',
    ],
  ]),
]
