// Discovery with another issuer, registrations that are refused or lie; nothing half stored.
import { weakenings } from './rows.ts'

const REGISTER_TEST = 'src/commands/register_site.test.ts'
const UPDATE_TEST = 'src/commands/update_site_registration.test.ts'

export const REGISTRATION = [
  ...weakenings('src/oidc/discovery.ts', REGISTER_TEST, [
    [
      'discovery: another issuer',
      'if (metadata.issuer !== issuer) {',
      'if (false) {',
      '^register_site refuses an(other issuer| issuer with a slash more)',
    ],
    [
      'discovery: endpoints that are no addresses',
      'const endpoint = z.string().refine(isEndpoint)',
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
      'if (names.has(name)) return false',
      '',
      '^JSON from outside refuses \\{"(a":1,"a|iss)',
    ],
    [
      'json: of any depth',
      'if (open.length > LIMITS.json_depth_max) return false',
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
    [
      'register: a client without authentication goes unnoticed',
      "if (client.token_endpoint_auth_method === 'none' && settings.token_endpoint_auth_method !== 'none')",
      'if (false)',
      '^register_site takes a client without authentication',
    ],
  ]),
]
