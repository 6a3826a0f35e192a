// Whole UMA stories: two sites, one that protects and one that wants in, over every dialect, against the dev OP's
// authorization server (UMA 2.0); and one of UMA 1 as clients of oxd 3.0 tell it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { gatherClaims, signIn } from '../src/testing/dev_op/sign_in.ts'
import { assertNoSecrets } from '../src/testing/log_scan.ts'
import { startUmaStory } from '../src/testing/uma1_stub.ts'

const CALLBACK = 'https://client.example.com/callback'
const CLAIMS = 'https://client.example.com/claims'
const ID_TOKEN = 'http://openid.net/specs/openid-connect-core-1_0.html#IDToken'
const RESOURCES = [
  {
    path: '/photos',
    conditions: [
      { httpMethods: ['GET'], scopes: ['https://photos.example.com/view'] },
      {
        httpMethods: ['PUT'],
        scope_expression: { rule: { and: [{ var: 0 }, { var: 1 }] }, data: ['add', 'https://x.example/all'] },
      },
    ],
  },
]

let op: DevOp
let daemon: TestDaemon
before(async () => {
  op = await startDevOp()
  const http = ['--insecure-unprotected-http']
  daemon = await startTestDaemon({ http: 'plain', argv: ['--trust-op', op.issuer, ...http] })
})
after(async () => {
  await daemon.close()
  await op.close()
})

/** A reply without its envelope: the members, or the error with what the authorization server said. */
interface Said {
  readonly data: Data
  readonly error: unknown
  /** The members of need_info. */
  readonly details: Data
}
type Ask = (command: string, params: Data) => Promise<Said>

const enveloped = ({ status, data }: { status?: unknown; data?: unknown }): Said => {
  // The envelope of 3.x.
  const members = (data ?? {}) as Data
  const details = (members.details ?? {}) as Data
  return { data: members, error: status === 'ok' ? undefined : members.error, details }
}
const post = (dialect: 'v3' | 'v4', command: string, params: Data) =>
  daemon.post(dialect, `/${command.replaceAll('_', '-')}`, params)

const DIALECTS: Readonly<Record<string, Ask>> = {
  'the socket, as clients of 3.1': async (command, params) => enveloped(await daemon.call(command, params)),
  'the socket, as our own library': async (command, params) =>
    enveloped(await daemon.call(command, params, { oxd: 1 })),
  'HTTP, as clients of 3.1': async (command, params) => {
    const { status, body } = await post('v3', command, params)
    assert.equal(status, 200)
    return enveloped(body)
  },
  'HTTP, as clients of 4.x': async (command, params) => {
    const { status, body } = await post('v4', command, params)
    assert.equal(body.error === undefined, status === 200, JSON.stringify(body))
    return { data: body, error: body.error, details: body }
  },
}

for (const [dialect, ask] of Object.entries(DIALECTS)) {
  describe(`UMA 2.0 over ${dialect}`, () => {
    /** Our own library is told which of the causes of a code it was. */
    const native = dialect.endsWith('library')
    const secrets = new Map<string, string>()
    const secret = (name: string, value: unknown): string => {
      assert.equal(typeof value, 'string', name)
      secrets.set(name, String(value))
      return String(value)
    }
    const ok = async (command: string, params: Data): Promise<Data> => {
      const { data, error } = await ask(command, params)
      assert.equal(error, undefined, JSON.stringify(data))
      return data
    }
    const no = async (code: string, command: string, params: Data): Promise<Said> => {
      const said = await ask(command, params)
      assert.equal(said.error, code, JSON.stringify(said.data))
      return said
    }
    const register = async (client_name: string, more: Data = {}): Promise<string> => {
      const { data } = await daemon.call('register_site', {
        op_host: op.issuer,
        authorization_redirect_uri: CALLBACK,
        claims_redirect_uri: [CLAIMS],
        client_name,
        ...more,
      })
      return String(data.oxd_id)
    }
    /** The site that protects, and the one that wants in. */
    let rs: string
    let rp: string
    before(async () => {
      // As old clients register: they do not know that UMA has grants of its own.
      rs = await register('Photos', {
        grant_types: ['authorization_code'],
        scope: ['openid', 'uma_protection'],
      })
      rp = await register('Printer')
    })

    const check = (http_method: string, rpt = '', more: Data = {}) =>
      ok('uma_rs_check_access', { oxd_id: rs, path: '/photos', http_method, rpt, ...more })
    /** A refusal, with its ticket. */
    const knock = async (http_method = 'GET', rpt = ''): Promise<string> => {
      const { access, ticket, 'www-authenticate_header': header } = await check(http_method, rpt)
      assert.equal(access, 'denied')
      assert.equal(
        header,
        `UMA realm="rs",as_uri="${op.issuer}",error="insufficient_scope",ticket="${String(ticket)}"`,
      )
      return secret(`ticket of ${http_method}`, ticket)
    }
    const gather = async (ticket: string, options: Parameters<typeof gatherClaims>[1] = {}) => {
      const params = { oxd_id: rp, ticket, claims_redirect_uri: CLAIMS }
      const { url, state } = await ok('uma_rp_get_claims_gathering_url', params)
      const back = (await gatherClaims(String(url), options)).searchParams
      assert.equal(back.get('state'), state)
      return { ticket: secret('gathered ticket', back.get('ticket')), state: secret('state', state) }
    }
    /** Knocks, is asked for claims, gives them: what goes on. */
    const gathered = async (options?: Parameters<typeof gatherClaims>[1]) => {
      const { details } = await no('need_info', 'uma_rp_get_rpt', { oxd_id: rp, ticket: await knock() })
      return gather(secret('ticket of need_info', details.ticket), options)
    }

    it('goes from the knock to the open door', async () => {
      assert.deepEqual(await ok('uma_rs_protect', { oxd_id: rs, resources: RESOURCES }), { oxd_id: rs })
      const { details } = await no('need_info', 'uma_rp_get_rpt', { oxd_id: rp, ticket: await knock() })
      const { ref: _, ...told } = details
      assert.deepEqual(told, {
        error: 'need_info',
        ticket: details.ticket,
        required_claims: [
          {
            claim_token_format: [ID_TOKEN],
            claim_type: 'string',
            friendly_name: 'Country',
            issuer: [op.issuer],
            name: 'country',
          },
        ],
        redirect_user: `${op.issuer}/uma/claims`,
      })
      const back = await gather(secret('ticket of need_info', details.ticket))
      const granted = await ok('uma_rp_get_rpt', { oxd_id: rp, ...back })
      assert.equal(granted.updated, false)
      const rpt = secret('RPT', granted.access_token)
      const pct = secret('PCT', granted.pct)

      assert.equal((await check('GET', rpt)).access, 'granted')
      const said = await ok('introspect_rpt', { oxd_id: rs, rpt })
      assert.equal(said.active, true)
      const [permission] = said.permissions as Data[]
      assert.deepEqual(permission?.resource_scopes, ['https://photos.example.com/view'])

      // Neither opens another door, and neither is good twice.
      const second = await knock('PUT', rpt)
      await no('invalid_ticket', 'uma_rp_get_rpt', { oxd_id: rp, ticket: back.ticket })
      const spent = native ? 'invalid_claims_state' : 'bad_request'
      await no(spent, 'uma_rp_get_rpt', { oxd_id: rp, ticket: second, state: back.state })

      // In again, without being asked, and with one RPT for both doors.
      const upgraded = await ok('uma_rp_get_rpt', { oxd_id: rp, ticket: second, pct, rpt })
      assert.equal(upgraded.updated, true)
      const both = secret('upgraded RPT', upgraded.access_token)
      assert.deepEqual(
        [(await check('GET', both)).access, (await check('PUT', both)).access],
        ['granted', 'granted'],
      )
      assert.equal((await check('GET', rpt)).access, 'denied', 'the old one has ended')
    })

    it('takes an ID Token for a claim', async () => {
      const { authorization_url } = await ok('get_authorization_url', { oxd_id: rp })
      const { searchParams } = await signIn(String(authorization_url))
      const { id_token } = await ok('get_tokens_by_code', {
        oxd_id: rp,
        code: searchParams.get('code'),
        state: searchParams.get('state'),
      })
      const claim_token = secret('ID Token', id_token)
      const params = { oxd_id: rp, ticket: await knock(), claim_token, claim_token_format: ID_TOKEN }
      const { access_token } = await ok('uma_rp_get_rpt', params)
      assert.equal((await check('GET', String(access_token))).access, 'granted')
    })

    it('says no by its name to whoever may not, or does not want to', async () => {
      const elsewhere = await gathered({ claims: { country: 'BE' } })
      await no('request_denied', 'uma_rp_get_rpt', { oxd_id: rp, ...elsewhere })
      const declined = await gathered({ decision: 'cancel' })
      await no('request_denied', 'uma_rp_get_rpt', { oxd_id: rp, ...declined })
      await no('invalid_ticket', 'uma_rp_get_rpt', { oxd_id: rp, ticket: 'made-up-by-somebody' })
    })

    it('changes what is needed, and what is protected', async () => {
      const { access_token } = await ok('uma_rp_get_rpt', { oxd_id: rp, ...(await gathered()) })
      const rpt = secret('RPT of before', access_token)
      const one = { oxd_id: rs, path: '/photos', http_method: 'GET' }
      await ok('uma_rs_modify', { ...one, scopes: ['https://photos.example.com/print'] })
      assert.equal((await check('GET', rpt)).access, 'denied')
      const code = 'uma_protection_exists'
      await no(code, 'uma_rs_protect', { oxd_id: rs, resources: RESOURCES })
      await ok('uma_rs_protect', { oxd_id: rs, resources: RESOURCES, overwrite: true })
      assert.equal((await check('GET', rpt)).access, 'denied', 'it was for a resource that is gone')
      const unknown = native ? 'resource_not_protected' : 'invalid_request'
      await no(unknown, 'uma_rs_check_access', { ...one, path: '/films', rpt })
    })

    it('let no secret into the log', () => {
      assert.ok(secrets.size > 8)
      assertNoSecrets(JSON.stringify(daemon.log), { ...Object.fromEntries(secrets), rs, rp })
    })
  })
}

describe('UMA 1, as clients of oxd 3.0 speak', () => {
  it('goes from the knock to the open door', async () => {
    const story = await startUmaStory(1)
    try {
      const site = await story.site()
      const conditions = [
        { httpMethods: ['GET'], scopes: ['read'] },
        { httpMethods: ['PUT', 'POST'], scopes: ['all', 'add'], ticketScopes: ['add'] },
      ]
      const protect = { resources: [{ path: '/invoices', conditions }] }
      assert.deepEqual(await site.ok('uma_rs_protect', protect), { oxd_id: site.oxd_id })
      const { rpt } = await site.ok('uma_rp_get_rpt', { force_new: false })
      const knock = { rpt, path: '/invoices', http_method: 'POST' }
      const denied = await site.ok('uma_rs_check_access', knock)
      assert.deepEqual(Object.keys(denied), ['access', 'www-authenticate_header', 'ticket'])
      assert.deepEqual(await site.ok('uma_rp_authorize_rpt', { rpt, ticket: denied.ticket }), {
        oxd_id: site.oxd_id,
      })
      // Python of that time makes namedtuples: no key with a hyphen, when nobody has to be told anything.
      assert.deepEqual(await site.ok('uma_rs_check_access', knock), { access: 'granted', ticket: null })
      assert.equal((await site.ok('uma_rs_check_access', { ...knock, http_method: 'GET' })).access, 'denied')
      const { rpt: gat } = await site.ok('uma_rp_get_gat', { scopes: ['read'] })
      const open = { rpt: gat, path: '/invoices', http_method: 'GET' }
      assert.deepEqual(await site.ok('uma_rs_check_access', open), { access: 'granted', ticket: null })
      assertNoSecrets(JSON.stringify(story.daemon.log), {
        rpt: String(rpt),
        gat: String(gat),
        ticket: String(denied.ticket),
      })
    } finally {
      await story.close()
    }
  })
})
