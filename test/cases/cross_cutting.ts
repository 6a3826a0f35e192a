// UNI, TIM and LOG: what runs through everything.
import assert from 'node:assert/strict'
import { domainToUnicode } from 'node:url'
import type { ErrorCode } from '../../src/error.ts'
import type { Area, Case, Drive } from '../../src/testing/cases/case.ts'
import { login } from '../../src/testing/cases/drives.ts'
import type { Envelope } from '../../src/testing/daemon.ts'
import type { Faults } from '../../src/testing/op.ts'
import type { Site } from '../../src/testing/story.ts'

/** The host as it is written for people, and what says so. */
const inLetters = (issuer: string): string => {
  const { hostname } = new URL(issuer)
  return issuer.replace(hostname, domainToUnicode(hostname))
}
const PATH_WAYS: Readonly<Record<string, (issuer: string) => string>> = {
  'in small letters': (issuer) => issuer.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  decoded: decodeURIComponent,
  'with the letter itself': (issuer) => issuer.replace('%C3%A9', 'é'),
  'with the slash itself': (issuer) => issuer.replace('%2F', '/'),
  'encoded twice': (issuer) => issuer.replaceAll('%', '%25'),
  'a letter more encoded': (issuer) => issuer.replace('nant', '%6Eant'),
}
const HOST_WAYS: Readonly<Record<string, (issuer: string) => string>> = {
  'in its letters': inLetters,
  'in capitals': (issuer) => issuer.replace('xn--', 'XN--'),
  'with a dot behind': (issuer) => issuer.replace('.op.test', '.op.test.'),
}
interface Saying {
  readonly code: ErrorCode | readonly ErrorCode[]
  readonly faults: (issuer: string) => Faults
}
/** Who writes the issuer in another way, and what comes of it. */
const SAID: Readonly<Record<string, Saying>> = {
  // With a dot it is another origin, which nobody trusts; another path leads nowhere.
  'the application': {
    code: [
      'invalid_issuer_discovered',
      'restricted_op_host',
      'no_connect_discovery_response',
      'invalid_op_host',
    ],
    faults: () => ({}),
  },
  'the metadata': {
    code: 'invalid_issuer_discovered',
    faults: (issuer) => ({ discovery: (good) => ({ ...good, issuer }) }),
  },
  'the ID Token': {
    code: 'invalid_id_token_bad_issuer',
    faults: (iss) => ({ id_token: { claims: (good) => ({ ...good, iss }) } }),
  },
  'the response': {
    code: 'invalid_issuer',
    faults: (iss) => ({ authorization: (good) => ({ ...good, iss }) }),
  },
}
const IN_JWT: Readonly<Record<string, Saying>> = {
  'the response as a JWT': {
    code: 'response_jwt_bad_issuer',
    faults: (iss) => ({ response_jwt: { claims: (good) => ({ ...good, iss }) } }),
  },
}
/** The issuer is taken byte for byte, also where another way of writing it leads to the same place. */
const issuerWritten = (
  row: Pick<Case, 'id' | 'title' | 'over' | 'issuer'>,
  ways: Readonly<Record<string, (issuer: string) => string>>,
  table: Readonly<Record<string, Saying>>,
  login: (site: Site) => Promise<Envelope>,
): Case => ({
  ...row,
  drive: async (act) => {
    const [who = '', way = ''] = act.attack?.split(', ') ?? []
    const written = ways[way]?.(act.issuer) ?? act.issuer
    act.strike()
    act.op.setFaults(act.issuer, table[who]?.faults(written) ?? {})
    const registered = await act.register({}, who === 'the application' ? written : act.issuer)
    return registered.status === 'ok' ? login(act.siteOf(registered)) : registered
  },
  attacks: Object.fromEntries(
    Object.entries(table).flatMap(([who, { code }]) =>
      Object.keys(ways).map((way) => [`${who}, ${way}`, code]),
    ),
  ),
})
const [UNI_01, UNI_02] = [
  { id: 'UNI-01', issuer: (name: string) => `t%C3%A9nant/%2Fa/${name}` },
  { id: 'UNI-02', over: 'https beyond ASCII' },
] as const
const IN_PATH = 'issuers with percent-encoding, byte for byte'
const IN_HOST = 'a host beyond ASCII: its A-label is the issuer, nothing else that leads there'
/** The whole response is handed over. */
const whole =
  (response_mode: string) =>
  async (site: Site): Promise<Envelope> =>
    site.call('get_tokens_by_callback', { ...(await site.respond({ response_mode })) })

/** Whatever has to be encoded on its way. */
const STRANGE = [
  ' ',
  '+',
  '%20',
  '%',
  '&x=1',
  '#x',
  '=',
  '"',
  "'",
  ';',
  '/?',
  '+ %26&é',
  'ü',
  'e\u0301',
  '漢',
  '😀',
] as const
const UNSEEN: Readonly<Record<string, string>> = {
  'a NUL': '\u0000',
  'a line end': '\r\n',
  'a mark that turns text around': '\u202E',
  'a character of no width': '\u200B',
}
const OWN = 'of_the-application.~'
/** State and nonce of the application come back as they were, from whichever command and mode. */
const ownRandoms =
  (response_mode?: string): Drive =>
  async (act) => {
    const site = await act.site()
    act.strike()
    const strange = UNSEEN[act.attack ?? ''] ?? act.attack ?? ''
    const own = { state: `${strange}${OWN}${act.name}${strange}`, nonce: `${OWN}-n-${act.name}${strange}` }
    const begun = await site.call('get_authorization_url', {
      ...own,
      ...(response_mode === undefined ? {} : { response_mode }),
    })
    if (begun.status !== 'ok') return begun
    const url = String(begun.data.authorization_url)
    for (const [name, value] of Object.entries(own))
      assert.deepEqual(new URL(url).searchParams.getAll(name), [value])
    if (response_mode !== undefined)
      return site.call('get_tokens_by_callback', { ...(await act.op.respond(url)) })
    const back = new URL(await act.op.authorize(url)).searchParams
    assert.equal(back.get('state'), own.state)
    const answer = await site.call('get_tokens_by_code', { code: back.get('code'), state: back.get('state') })
    assert.deepEqual(Object(answer.data.id_token_claims).nonce, own.nonce)
    return answer
  }

export const CROSS_CUTTING: Area = {
  name: 'text, time, log',
  left_out: {
    'DOS-02':
      'test/denial.long.test.ts and npm run soak: tenants that are stalled do not slow the others down',
    'DOS-03': 'test/denial.long.test.ts: logins that never come back keep nothing',
    'DOS-04': 'test/denial.long.test.ts: ten thousand failing logins leave nothing behind',
    'DOS-06': 'test/denial.long.test.ts: kill -9 between tokens and store',
  },
  cases: [
    issuerWritten({ ...UNI_01, title: IN_PATH }, PATH_WAYS, SAID, whole('query')),
    issuerWritten({ ...UNI_01, title: `${IN_PATH}, by the code` }, PATH_WAYS, SAID, (site) => site.login()),
    issuerWritten({ ...UNI_01, title: `${IN_PATH}, in a JWT` }, PATH_WAYS, IN_JWT, whole('jwt')),
    issuerWritten({ ...UNI_02, title: IN_HOST }, HOST_WAYS, SAID, whole('query')),
    issuerWritten({ ...UNI_02, title: `${IN_HOST}, by the code` }, HOST_WAYS, SAID, (site) => site.login()),
    issuerWritten({ ...UNI_02, title: `${IN_HOST}, in a JWT` }, HOST_WAYS, IN_JWT, whole('jwt')),
    {
      id: 'UNI-03',
      title: 'claims with controls, directions, and letters beyond the first plane',
      drive: login,
      accepted: ['claims_unusual'],
      check: ({ honest }, { data }) => {
        if (!honest) assert.equal(Object(data.id_token_claims).name, 'a\u0000b\u202Ec😀')
      },
    },
    ...[undefined, 'query', 'form_post', 'jwt'].map((mode): Case => ({
      id: 'UNI-05',
      title: `state and nonce of the application, byte for byte${mode === undefined ? '' : `, in a response as ${mode}`}`,
      drive: ownRandoms(mode),
      harmless: STRANGE,
      requests: { token: 1 },
    })),
    {
      id: 'UNI-03',
      title: 'half of a character in a claim',
      drive: login,
      refused: { claims_half: 'invalid_id_token_malformed' },
      policy: 'Two readers make two different texts of it.',
    },
    {
      id: 'UNI-03',
      title: 'what the OP says is escaped in log and answer',
      drive: async (act) => {
        const site = await act.site()
        act.strike()
        const answer = await site.login()
        if (act.honest) return answer
        const lines = JSON.stringify((await act.logged()).map(({ message, fields }) => [message, fields]))
        // JSON writes what is below a blank itself.
        for (const text of [lines, String(answer.data.error_description)])
          assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\\u0000|\\n|\\u001b/u)
        assert.match(String(answer.data.error_description), /says no/)
        return answer
      },
      refused: { token_refuses_unseen: 'op_http_status' },
    },
    {
      id: 'UNI-05',
      title: 'state and nonce of what nobody sees',
      drive: ownRandoms(),
      attacks: Object.fromEntries(Object.keys(UNSEEN).map((name) => [name, 'malformed_params'])),
      requests: { authorization: 0 },
      policy: 'What nobody sees is no text of an application.',
    },
    {
      id: 'TIM-01',
      title: 'one tolerance for what is past and what is to come',
      drive: login,
      refused: {
        exp_past: 'invalid_id_token_expired',
        iat_ahead: 'invalid_id_token_issued_at',
        nbf_ahead: 'invalid_id_token_not_yet_valid',
      },
      accepted: ['exp_just_past', 'iat_just_ahead', 'nbf_just_ahead'],
    },
    {
      id: 'TIM-02',
      title: 'clocks that are minutes apart: refused, and the error says so',
      drive: login,
      refused: {
        clock_ahead: 'invalid_id_token_issued_at',
        clock_behind: 'invalid_id_token_expired',
        clock_ten_minutes_behind: 'invalid_id_token_expired',
      },
      check: ({ honest }, { data }) => {
        if (!honest) assert.match(String(data.error_description), /clock/)
      },
    },
    {
      id: 'LOG-01',
      title:
        'what an OP repeats, or a careless log would show: no secret in log, answers and URLs, as after every case',
      drive: login,
      refused: {
        token_echoes: 'op_http_status',
        token_invalid_client: 'op_http_status',
        at_hash_foreign: 'invalid_access_token_bad_hash',
        nonce_suffixed: 'invalid_id_token_bad_nonce',
        sub_not_ascii: 'malformed_subject_identifier',
        id_token_4_segments: 'invalid_id_token_malformed',
        signature_flipped: 'invalid_id_token_bad_signature',
        token_not_json: 'op_answer_malformed',
        access_token_crlf: 'op_answer_malformed',
      },
      check: async (act) => {
        if (!act.honest) assert.ok((await act.logged()).length > 0, 'there is something to look through')
      },
    },
    {
      id: 'LOG-03',
      title: 'a refused login has one line, with reason, issuer and site',
      drive: async (act) => {
        const site = await act.site()
        act.strike()
        const answer = await site.login()
        if (!act.honest) {
          const lines = (await act.logged()).filter(({ fields }) => fields.outcome === answer.data.error)
          assert.equal(lines.length, 1, JSON.stringify(lines))
          const fields = lines[0]?.fields ?? {}
          assert.equal(fields['site'], site.oxd_id.slice(0, 8))
          assert.equal(fields['issuer'], act.issuer)
          assert.match(String(fields['rule']), /Core 3\.1\.3\.7|Core 10/)
        }
        return answer
      },
      refused: {
        aud_suffixed: 'invalid_id_token_bad_audience',
        iss_suffixed: 'invalid_id_token_bad_issuer',
        nonce_suffixed: 'invalid_id_token_bad_nonce',
        exp_past: 'invalid_id_token_expired',
        iat_ahead: 'invalid_id_token_issued_at',
        second_audience: 'invalid_id_token_no_authorized_party',
        alg_hs256_secret: 'invalid_id_token_invalid_algorithm',
        kid_unknown: 'key_id_not_found',
        signature_flipped: 'invalid_id_token_bad_signature',
      },
    },
  ],
}
