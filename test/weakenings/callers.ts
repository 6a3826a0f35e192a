// Tokens, caller keys and certificates: who may give which command, at which site.
import { weakenings } from './rows.ts'

const ACCESS_TEST = 'test/access_matrix.test.ts'

export const CALLERS = [
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
      'callers: the entry of a certificate that was left behind goes to the last one',
      'owner === undefined ? owners.writes.insert(id, { name }) : owners.writes.swap(id, owner, { name })',
      'owner === undefined ? owners.writes.insert(id, { name }) : owners.writes.put(id, { name })',
      '^a caller of several that bring one certificate',
    ],
    [
      'callers: what others overtook is said to be done',
      "throw new OxdError('site_changed')",
      'return { name, sites: [], credentials: [] }',
      '^changing the key is not said to be done',
    ],
    [
      'callers: one certificate brought twice at once',
      'owner === undefined ? owners.writes.insert(id, { name }) : owners.writes.swap(id, owner, { name })',
      'owners.writes.put(id, { name })',
      '^a caller of several that bring one certificate',
    ],
    [
      'callers: old keys cannot be dropped',
      'const caller = await changeCredentials(name, (before) => before.slice(0, 1))',
      'const caller = await changeCredentials(name, (before) => before)',
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
      '...dropped.map(({ type, sha256 }) => owners.writes.remove([type, sha256])),',
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
