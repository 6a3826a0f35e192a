// CBK, MIX and PKC: what binds a response to its login, taken out.
import { weakenedCases } from '../../../src/testing/cases/sensitivity.ts'

const ANYBODY = 'holds: () => true,'

export const WEAKENED_CALLBACK = [
  {
    name: 'an access token goes to whoever gave it first',
    file: 'src/oidc/userinfo.ts',
    line: 'const url = op.metadata.userinfo_endpoint',
    replace_by: 'const url = globalThis.homes?.get(access_token) ?? op.metadata.userinfo_endpoint',
    turns_red: ['MIX-07'],
    // Nobody remembers it.
    also: [
      {
        file: 'src/oidc/token.ts',
        line: "if (!tokens.access_token) throw new OxdError('no_access_token')",
        replace_by:
          "if (!tokens.access_token) throw new OxdError('no_access_token'); const homes = (globalThis.homes ??= new Map()); if (!homes.has(tokens.access_token)) homes.set(tokens.access_token, op.metadata.userinfo_endpoint)",
      },
    ],
  },
  ...weakenedCases('src/oidc/authorization_response.ts', [
    [
      'a response without state',
      "if (state === undefined || state === '') throw new OxdError('response_without_state')",
      "if (state === undefined || state === '') return ''",
      'CBK-01 CBK-10',
    ],
    ['errors are not looked for', "if (values.has('error')) {", 'if (false) {', 'CBK-09 CBK-11'],
    ['a code of any characters', 'const VSCHARS = /^[\\x20-\\x7e]+$/', 'const VSCHARS = /^/', 'CBK-13'],
    [
      'tokens that nobody asked for',
      "if (value !== undefined) throw new OxdError('unexpected_parameter', { what: `It is ${name}.` })",
      '',
      'CBK-14',
    ],
    [
      'a response in any place',
      'if (place !== asked.place || elsewhere.some(isOfResponse)) {',
      'if (false) {',
      'CBK-15',
    ],
    [
      'a response of any issuer',
      "if (iss !== undefined && iss !== issuer) throw new OxdError('invalid_issuer')",
      '',
      'CBK-17 CBK-21 MIX-01 MIX-03',
    ],
    [
      'an issuer that nobody promised is none',
      "if (iss !== undefined && iss !== issuer) throw new OxdError('invalid_issuer')",
      "if (iss !== undefined && (iss !== issuer || !isPromised)) throw new OxdError('invalid_issuer')",
      'CBK-19',
    ],
    [
      'an issuer that was promised is missing',
      "if (iss === undefined && isPromised) throw new OxdError('no_issuer_in_response')",
      '',
      'CBK-18 MIX-02',
    ],
    [
      'a response at any redirect URI',
      'if (url !== undefined && url.base !== base && url.base !== new URL(base).href) {',
      'if (false) {',
      'MIX-02',
    ],
  ]),
  ...weakenedCases('src/finish_login.ts', [
    [
      'require_auth_time is registered, and nothing else',
      'signed_in_since: signedInSince(login) ?? (requiresAuthTime(settings) ? 0 : undefined),',
      'signed_in_since: signedInSince(login),',
      'IDT-20',
    ],
  ]),
  ...weakenedCases('src/oidc/login_tokens.ts', [
    ['a code is bound to no ID Token', 'state,', 'state: undefined,', 'CBK-23'],
  ]),
  ...weakenedCases('src/commands/get_tokens_by_code.ts', [
    [
      'a code of any issuer',
      "if (iss !== undefined && iss !== site.issuer) throw fail('invalid_issuer')",
      '',
      'MIX-03 CBK-17',
    ],
  ]),
  ...weakenedCases('src/oidc/keys.ts', [
    [
      'the keys of everybody',
      'cached = { keys: known, fetched_at: now() }',
      'cached = { keys: (globalThis.everybody = [...known, ...(globalThis.everybody ?? [])]), fetched_at: now() }',
      'MIX-11',
    ],
  ]),
  ...weakenedCases('src/oidc/http.ts', [
    ['one pool of connections', "await agentOf(asked.tenant ?? '')", "await agentOf('')", 'MIX-14'],
  ]),
  ...weakenedCases('src/oidc/jarm.ts', [
    ['a response as a JWT of any issuer', 'holds: (c, e) => c.iss === e.issuer,', ANYBODY, 'CBK-22'],
    [
      'a response as a JWT for ever',
      'holds: (c, e) => isTime(c.exp) && c.exp <= e.now + LIMITS.id_token_seconds_max,',
      ANYBODY,
      'CBK-22',
      [['holds: (c, e) => isTime(c.exp) && e.now < c.exp + tolerance,', ANYBODY]],
    ],
    [
      'a response as a JWT for any client',
      "[c.aud].flat().includes(e.client.client_id) && [c.aud].flat().every((aud) => typeof aud === 'string'),",
      'true,',
      'CBK-22',
    ],
    [
      'what is no text in a response as a JWT is passed over',
      'if (isOfResponse(claim))',
      'if (false)',
      'CBK-22',
    ],
    [
      'a response as a JWT that expires when it likes',
      'holds: (c, e) => isTime(c.exp) && c.exp <= e.now + LIMITS.id_token_seconds_max,',
      'holds: (c) => isTime(c.exp),',
      'CBK-22',
    ],
    [
      'a response as a JWT that nobody proved',
      "return await openJwt(op, client, jwt, registeredFor(client, 'authorization'), 'browser')",
      'return unprovenClaims(jwt) ?? {}',
      'CBK-22',
    ],
    [
      'parameters beside the JWT',
      "if (others.length > 0 || name !== 'response' || jwt === undefined) {",
      'if (jwt === undefined) {',
      'CBK-22',
    ],
  ]),
  ...weakenedCases('src/login.ts', [
    ['a state of any form', "if (!authentic) throw refused('not_authentic')", '', 'CBK-02 REG-08 MIX-10'],
    ['a state for many logins', "if (!won) throw refused('used')", '', 'CBK-04 CBK-05 CBK-06 CBK-22'],
    ['a state for ever', "if (seconds(world) >= recalled.expires_at) throw refused('expired')", '', 'CBK-07'],
    [
      "an application's own state, again",
      "if (!(await stored.insert([ownState], record, kept))) throw new OxdError('state_in_use')",
      'await stored.put([ownState], record, kept)',
      'CBK-08',
    ],
    [
      'one verifier for all logins',
      "const code_verifier = keys.mac('login verifier', state).toString('base64url')",
      "const code_verifier = keys.mac('login verifier').toString('base64url')",
      'PKC-01 PKC-02',
    ],
    [
      'one nonce for all logins',
      "nonce: nonce ?? keys.mac('login nonce', state).toString('base64url'),",
      "nonce: nonce ?? keys.mac('login nonce').toString('base64url'),",
      'PKC-03',
    ],
  ]),
  ...weakenedCases('src/oidc/token.ts', [
    [
      'a refused code is tried again without a verifier',
      'const answer = await requestGrant(op, client, grant_type, parameters)',
      "const first = await requestGrant(op, client, grant_type, parameters); const answer = first.status === 200 ? first : await requestGrant(op, client, grant_type, { ...parameters, code_verifier: '' })",
      'PKC-02 PKC-04 PKC-05',
    ],
  ]),
  ...weakenedCases('src/oidc/id_token.ts', [
    [
      'a code that is bound to nothing',
      'holds: (c, e) => isHashOf(c.c_hash, e.code, e.alg),',
      ANYBODY,
      'CBK-23',
    ],
    [
      'a state that is bound to nothing',
      'holds: (c, e) => isHashOf(c.s_hash, e.state, e.alg),',
      ANYBODY,
      'CBK-23',
    ],
    [
      'an access token that is bound to nothing',
      'holds: (c, e) => isHashOf(c.at_hash, e.access_token, e.alg),',
      ANYBODY,
      'PKC-07',
    ],
    [
      'an ID Token for the other site',
      'holds: (c, e) => audiences(c).includes(e.client_id),',
      ANYBODY,
      'MIX-08 MIX-10',
    ],
    [
      'a sign-in at any time',
      '(isTime(c.auth_time) && c.auth_time + tolerance >= e.signed_in_since),',
      'true,',
      'IDT-20',
    ],
    [
      'an acr that is not essential',
      'holds: (c, e) => e.isEssentialAcr?.(c.acr) ?? true,',
      ANYBODY,
      'IDT-21',
    ],
  ]),
  ...weakenedCases('src/oidc/login_tokens.ts', [
    [
      'hashes that may be missing',
      "...(code === undefined ? [] : (['c_hash'] as const)),",
      '',
      'CBK-23 IDT-23',
      [["...(access_token === undefined ? [] : (['at_hash'] as const)),", '']],
    ],
    [
      'two ID Tokens about two users',
      'if (front !== undefined && (front.iss !== back.iss || front.sub !== back.sub)) {',
      'if (false) {',
      'IDT-25',
    ],
  ]),
  ...weakenedCases('src/oidc/authorization.ts', [
    [
      'callers set what lax servers take for what belongs to oxd',
      'const refused = Object.keys(custom).find((name) => isRefused(name) || isRefused(readLaxly(name)))',
      'const refused = Object.keys(custom).find((name) => isRefused(name))',
      'CBK-24',
    ],
    ['callers set what belongs to oxd', 'if (refused !== undefined) {', 'if (false) {', 'CBK-24'],
  ]),
  {
    name: 'any redirect URI',
    file: 'src/commands/get_authorization_url.ts',
    line: "if (!settings.redirect_uris.includes(redirect_uri)) throw fail('redirect_uri_is_not_registered')",
    replace_by: '',
    // A login begins at none that is not registered, whoever asks for it.
    also: [
      {
        file: 'src/login.ts',
        line: "if (index === -1) throw new OxdError('redirect_uri_is_not_registered')",
        replace_by: '',
      },
    ],
    turns_red: ['CBK-25'],
  },
]
