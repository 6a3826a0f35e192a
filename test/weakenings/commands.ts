// Commands beside a login: what may be validated, shown, refreshed, signed and begun.
import { weakenings } from './rows.ts'

const VALIDATE_TEST = 'src/commands/validate.test.ts'
const STATUS_TEST = 'src/commands/id_token_status.test.ts'
const OBJECT_TEST = 'src/commands/get_request_object_uri.test.ts'
const THIRD_PARTY_TEST = 'src/commands/initiate_third_party_login.test.ts'

export const COMMANDS = [
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
