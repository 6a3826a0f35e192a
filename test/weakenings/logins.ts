// What may be asked for, what is remembered, and where a logout leads.
import { weakenings } from './rows.ts'

const TOKENS_TEST = 'src/commands/get_tokens_by_code.test.ts'
const URL_TEST = 'src/commands/get_authorization_url.test.ts'
const LOGOUT_TEST = 'src/commands/get_logout_uri.test.ts'
const USER_INFO_TEST = 'src/commands/get_user_info.test.ts'
const UPDATE_TEST = 'src/commands/update_site_registration.test.ts'

export const LOGINS = [
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
  ...weakenings('src/turns.ts', 'src/site.test.ts', [
    [
      'turns: side by side',
      'const turn = (last.get(name) ?? Promise.resolve()).then(work, work)',
      'const turn = work()',
      '^the record of a site is changed by one at a time',
    ],
  ]),
  ...weakenings('src/site.ts', 'src/site.test.ts', [
    [
      'sites: who goes takes a newcomer along',
      'if (left?.value.oxd_ids.length === 0) await store.commit([kind.writes.spend(name, left)])',
      'if (left?.value.oxd_ids.length === 0) await kind.remove(name)',
      '^the record of a site is found by its client, also when it comes while',
    ],
    [
      'sites: a newcomer is entered into a list that is gone',
      'if (changed !== undefined) return',
      'return',
      '^the record of a site is found by its client, also when it comes while',
    ],
    [
      'sites: what could not be written before overtakes what is newer',
      'inTurn(oxd_id, async () => {',
      '(async (_turn, work) => work())(oxd_id, async () => {',
      '^the record of a site is not overtaken',
    ],
    [
      'site: what was answered may be lost with the power',
      "const kind = store.kind<Site>({ kind: 'site', durable: true })",
      "const kind = store.kind<Site>({ kind: 'site', durable: false })",
      '^the record of a site is on the disk before it is answered',
    ],
    [
      'sites: a site that could not be entered is said to be',
      "throw new OxdError('site_changed')",
      '',
      '^the record of a site is not said to be entered',
    ],
    [
      'sites: one that cannot be written keeps the others from it',
      '[...unwritten.keys()].map((oxd_id) =>',
      '[...unwritten.keys()].slice(0, 1).map((oxd_id) =>',
      '^the record of a site is written later',
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
