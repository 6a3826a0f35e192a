// Protected resources: what a ticket, an RPT, a PAT, a rule or a state may not do.
import { weakenings } from './rows.ts'

const RPT_TEST = 'src/commands/uma_rp_get_rpt.test.ts'
const PROTECT_TEST = 'src/commands/uma_rs_protect.test.ts'
const CHECK_TEST = 'src/commands/uma_rs_check_access.test.ts'
const GATHERING_TEST = 'src/commands/uma_rp_get_claims_gathering_url.test.ts'

export const UMA = [
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
      'if (seen.has(name))',
      'if (false)',
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
      'rule: a number that is lost in the store',
      "if (node === Infinity || node === -Infinity) throw refuse('A number of the rule is too large.')",
      '',
      'a number that JSON has no word for$',
    ],
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
