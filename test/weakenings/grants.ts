// Tokens of clients, refreshed tokens, introspection, WebFinger, what an OP publishes.
import { weakenings } from './rows.ts'

export const GRANTS = [
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
      'x5c: z.array(z.string()).max(LIMITS.list_items_max).optional().catch(undefined),',
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
