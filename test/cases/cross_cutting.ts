// UNI, TIM and LOG: what runs through everything.
import assert from 'node:assert/strict'
import type { Area, Drive } from '../../src/testing/cases/case.ts'
import { login } from '../../src/testing/cases/drives.ts'

/** Every issuer is taken byte for byte; asked for in another way of writing it is another one. */
const written: Drive = async (act) => {
  const ways: Readonly<Record<string, string>> = {
    'in small letters': act.issuer.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    decoded: decodeURIComponent(act.issuer),
    'with the letter itself': act.issuer.replace('%C3%A9', 'é'),
  }
  act.strike()
  const registered = await act.register({}, ways[act.attack ?? ''] ?? act.issuer)
  return registered.status === 'ok' ? act.siteOf(registered).login() : registered
}

const OWN = 'of_the-application.~'
/** State and nonce of the application come back as they were; what would have to be encoded is refused. */
const ownRandoms: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const strange = act.attack ?? ''
  const own = { state: `${OWN}${act.name}${strange}`, nonce: `${OWN}-n-${act.name}` }
  const begun = await site.call('get_authorization_url', own)
  if (begun.status !== 'ok') return begun
  const back = new URL(await act.op.authorize(String(begun.data.authorization_url))).searchParams
  assert.equal(back.get('state'), own.state)
  return site.call('get_tokens_by_code', { code: back.get('code'), state: back.get('state') })
}

export const CROSS_CUTTING: Area = {
  name: 'text, time, log',
  left_out: {
    'UNI-02': 'not written yet: hosts of issuers beyond ASCII',
    'DOS-02':
      'test/denial.long.test.ts and npm run soak: tenants that are stalled do not slow the others down',
    'DOS-03': 'test/denial.long.test.ts: logins that never come back keep nothing',
    'DOS-04': 'test/denial.long.test.ts: ten thousand failing logins leave nothing behind',
    'DOS-06': 'test/denial.long.test.ts: kill -9 between tokens and store',
    'LOG-01':
      'part of every trial of every case; the weakened build that logs what was sent turns three of them red',
  },
  cases: [
    {
      id: 'UNI-01',
      title: 'issuers with percent-encoding, byte for byte',
      drive: written,
      issuer: (name) => `t%C3%A9nant/%2Fa/${name}`,
      attacks: {
        'in small letters': ['no_connect_discovery_response', 'invalid_issuer_discovered'],
        decoded: ['no_connect_discovery_response', 'invalid_issuer_discovered', 'invalid_op_host'],
        'with the letter itself': 'invalid_issuer_discovered',
      },
    },
    {
      id: 'UNI-03',
      title: 'claims with controls, directions, and letters beyond the first plane',
      drive: login,
      accepted: ['claims_unusual'],
      check: ({ honest }, { data }) => {
        if (!honest) assert.equal(Object(data.id_token_claims).name, 'a\u0000b\u202Ec😀')
      },
    },
    {
      id: 'UNI-05',
      title: 'state and nonce of the application',
      drive: ownRandoms,
      attacks: {
        ' ': 'malformed_params',
        '+': 'malformed_params',
        '%20': 'malformed_params',
        '&x=1': 'malformed_params',
        é: 'malformed_params',
      },
      requests: { authorization: 0 },
      policy: 'Letters, digits and . _ ~ - are what every OP brings back as it was.',
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
      refused: { clock_ahead: 'invalid_id_token_issued_at', clock_behind: 'invalid_id_token_expired' },
      check: ({ honest }, { data }) => {
        if (!honest) assert.match(String(data.error_description), /clock/)
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
        signature_flipped: 'invalid_id_token_bad_signature',
      },
    },
  ],
}
