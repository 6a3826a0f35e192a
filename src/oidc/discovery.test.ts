// Discovery: what a document must say, and of whom; an OP at https must not lead oxd to http, whatever origins are trusted.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OxdError, type ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import type { Json } from '../testing/jws.ts'
import { reply, startLyingOp, type Fault, type LyingOp } from '../testing/op.ts'
import { refusedWith, startParty, type Party } from '../testing/op_party.ts'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'
import { discover, whereabouts, type OpMetadata } from './discovery.ts'
import { createDoor, type Door } from './http.ts'

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'registration_endpoint',
  'introspection_endpoint',
  'end_session_endpoint',
]

describe('discovery of an OP at https', () => {
  let op: LyingOp
  let door: Door
  before(async () => {
    const authority = await createAuthority('CA')
    op = await startLyingOp({
      tls: await createServerCertificate(authority, { names: ['op.test'], addresses: ['127.0.0.1'] }),
    })
    const trust_op = [op.origin, op.origin.replace('https:', 'http:')]
    door = createDoor({ trust_op, op_ca: authority.cert, limits: LIMITS })
  })
  after(async () => {
    await door.close()
    await op.close()
  })

  it('takes what is at https', async () => {
    const issuer = op.issuer('good')
    assert.equal((await discover(door, whereabouts(issuer, {}))).issuer, issuer)
  })

  for (const endpoint of ENDPOINTS) {
    it(`refuses ${endpoint} at http`, async () => {
      const issuer = op.issuer(endpoint, {
        discovery: (d) => ({ ...d, [endpoint]: String(d[endpoint]).replace('https:', 'http:') }),
      })
      await assert.rejects(discover(door, whereabouts(issuer, {})), (error: unknown) => {
        assert.ok(error instanceof OxdError)
        assert.equal(error.code, 'no_connect_discovery_response')
        assert.match(error.message, new RegExp(`${endpoint} is not https`))
        return true
      })
    })
  }
})

describe('a discovery document', () => {
  let party: Party
  let clock = Date.now()
  before(async () => {
    party = await startParty({ now: () => clock })
  })
  after(() => party.close())

  let count = 0
  const ask = (discovery: Fault): Promise<OpMetadata> => {
    const issuer = party.op.issuer(`d${++count}`, { discovery })
    return discover(party.door, whereabouts(issuer, {}))
  }
  const says =
    (members: Json): Fault =>
    (good) => ({ ...good, ...members })

  const REQUIRED = ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri']
  const OPTIONAL = [
    'userinfo_endpoint',
    'registration_endpoint',
    'introspection_endpoint',
    'end_session_endpoint',
  ]
  const LISTS = [
    'response_types_supported',
    'subject_types_supported',
    'id_token_signing_alg_values_supported',
    'token_endpoint_auth_methods_supported',
  ]
  const no = 'no_connect_discovery_response'

  for (const name of REQUIRED) {
    it(`has ${name}`, () =>
      assert.rejects(
        ask(({ [name]: _, ...good }) => good),
        refusedWith(no),
      ))
  }
  for (const name of OPTIONAL) {
    it(`may leave out ${name}`, async () => {
      assert.equal(name in (await ask(({ [name]: _, ...good }) => good)), false)
    })
  }
  for (const name of [...REQUIRED, ...OPTIONAL]) {
    it(`has ${name} as a text, and as one that can be gone to`, async () => {
      const WRONG: readonly unknown[] = [null, '', 7, true, [], ['https://op.example.com/x'], {}]
      for (const value of WRONG) {
        const refused = refusedWith(name === 'issuer' && value === '' ? 'invalid_issuer_discovered' : no)
        await assert.rejects(ask(says({ [name]: value })), refused, JSON.stringify(value))
      }
    })
  }
  for (const name of LISTS) {
    it(`has ${name} as a list of texts`, async () => {
      await ask(({ [name]: _, ...good }) => good)
      for (const value of ['RS256', 7, {}, [7], [['RS256']], null]) {
        await assert.rejects(ask(says({ [name]: value })), refusedWith(no), JSON.stringify(value))
      }
      const many = (length: number) => ask(says({ [name]: Array.from({ length }, () => 'x') }))
      await many(LIMITS.op_list_items_max)
      await assert.rejects(many(LIMITS.op_list_items_max + 1), refusedWith(no))
    })
  }

  const ADDRESSES = [
    'file:///etc/passwd',
    'data:application/json,{}',
    'javascript:alert(1)',
    'gopher://op.example.com/x',
    'unix:/run/x.sock',
    'ftp://op.example.com/x',
    '//op.example.com/x',
    '/x',
    'https://',
    'https://user@op.example.com/x',
    'https://user:password@op.example.com/x',
    'https://:password@op.example.com/x',
    'https://op.example.com/x#y',
    'https://op.example.com/x#',
    'https://op.example.com/x\n',
    'https://op.exam\tple.com/x',
    ' https://op.example.com/x',
    'https://op.example.com/\u00e9',
    `https://op.example.com/${'x'.repeat(LIMITS.url_characters_max)}`,
  ]
  for (const address of ADDRESSES) {
    it(`has no endpoint at ${JSON.stringify(address.slice(0, 50))}`, async () => {
      for (const name of ['authorization_endpoint', 'jwks_uri', 'end_session_endpoint']) {
        await assert.rejects(ask(says({ [name]: address })), refusedWith(no))
      }
    })
  }
  it('may have a query in an endpoint', async () => {
    const token_endpoint = `${party.op.origin}/x?a=b`
    assert.equal((await ask(says({ token_endpoint }))).token_endpoint, token_endpoint)
  })

  it('is of the issuer that was asked for, byte for byte', async () => {
    const OTHERS: readonly ((issuer: string) => string)[] = [
      (issuer) => `${issuer}INVALID`,
      (issuer) => `${issuer}/`,
      (issuer) => `${issuer}?a=b`,
      (issuer) => `${issuer}#a`,
      (issuer) => issuer.replace('http://', 'http://user@'),
      (issuer) => issuer.toUpperCase(),
      (issuer) => issuer.replace('127.0.0.1', 'localhost'),
      (issuer) => issuer.replace(/\/d(?=\d+$)/, '/%64'),
      (issuer) => ` ${issuer}`,
    ]
    for (const other of OTHERS) {
      await assert.rejects(
        ask((good) => ({ ...good, issuer: other(String(good['issuer'])) })),
        refusedWith('invalid_issuer_discovered'),
      )
    }
  })

  it('is of an issuer with a slash where one with a slash was asked for, and of no other', async () => {
    const issuer = party.op.issuer('slash/')
    assert.equal((await discover(party.door, whereabouts(issuer, {}))).issuer, issuer)
    await assert.rejects(
      discover(party.door, whereabouts(issuer.slice(0, -1), {})),
      refusedWith('invalid_issuer_discovered'),
    )
  })

  for (const name of ['t%C3%A9nant/', 'a%2Fb', 'a%2fb', 'a;b=c', 'a,b']) {
    it(`is of the issuer at ${name}, and of no other writing of it`, async () => {
      const issuer = party.op.issuer(name)
      assert.equal((await discover(party.door, whereabouts(issuer, {}))).issuer, issuer)
      for (const other of [issuer.replace('%2F', '%2f'), issuer.replace('%C3%A9', '%c3%a9')]) {
        if (other === issuer) continue
        await assert.rejects(discover(party.door, whereabouts(other, {})))
      }
    })
  }

  it('is of a host by its A-label, and not of one that looks like it', async () => {
    const issuer = (host: string): string => `https://${host}`
    const found = whereabouts(issuer('xn--bcher-kva.example'), {})
    assert.equal(found.issuer, 'https://xn--bcher-kva.example')
    // What was asked for in letters beyond ASCII must be answered so: no OP does.
    assert.equal(whereabouts(issuer('b\u00fccher.example'), {}).issuer, 'https://b\u00fccher.example')
  })

  const TEXTS: readonly (readonly [what: string, fault: Fault])[] = [
    ['issuer twice', reply.duplicate('issuer', 'https://other.example', 'first')],
    ['jwks_uri twice', reply.duplicate('jwks_uri', 'https://other.example/jwks')],
    ['a name twice, once escaped', (good) => `${JSON.stringify(good).slice(0, -1)},"\\u0069ssuer":"x"}`],
    ['a byte order mark', (good) => `\ufeff${JSON.stringify(good)}`],
    ['UTF-16', (good) => Buffer.from(JSON.stringify(good), 'utf16le')],
    ['invalid UTF-8', (good) => Buffer.concat([Buffer.from(JSON.stringify(good)), Buffer.from([0xff])])],
    ['half a character', says({ service_documentation: '\ud800' })],
    [
      'nesting without end',
      (good) => `${JSON.stringify(good).slice(0, -1)},"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    ],
    ['another media type', reply.headers({ 'content-type': 'text/plain' })],
    ['no media type', reply.headers({ 'content-type': '' })],
    ['nothing', reply.empty()],
    ['no content', reply.status(204)],
    ['two objects', (good) => `${JSON.stringify(good)}{}`],
    ['a list', () => '[]'],
  ]
  for (const [what, fault] of TEXTS) {
    it(`is none with ${what}`, () => assert.rejects(ask(fault), refusedWith(no)))
  }

  it('pollutes nothing, whatever its members are called', async () => {
    const metadata = await ask(
      (good) =>
        `${JSON.stringify(good).slice(0, -1)},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`,
    )
    assert.equal('polluted' in metadata, false)
    assert.equal('polluted' in {}, false)
  })

  const HOSTS: readonly (readonly [op_host: string, code?: ErrorCode])[] = [
    ['https://self-issued.me', 'invalid_op_host'],
    ['https://SELF-issued.me/', 'invalid_op_host'],
    ['https://op.example.com/?a=b', 'invalid_op_host'],
    ['https://op.example.com/?', 'invalid_op_host'],
    ['https://op.example.com/#', 'invalid_op_host'],
    ['https://user@op.example.com', 'invalid_op_host'],
    ['op.example.com ', 'invalid_op_host'],
    ['\top.example.com', 'invalid_op_host'],
    ['https://op.exa\nmple.com', 'invalid_op_host'],
    ['https://op.example.com/\u0085', 'invalid_op_host'],
    ['file:///etc/passwd', 'invalid_op_host'],
    ['javascript://op.example.com', 'invalid_op_host'],
    ['https://op.example.com'],
  ]
  for (const [op_host, code] of HOSTS) {
    it(`${code === undefined ? 'may be' : 'is not'} looked for at ${JSON.stringify(op_host)}`, () => {
      if (code === undefined) whereabouts(op_host, {})
      else assert.throws(() => whereabouts(op_host, {}), refusedWith(code))
    })
  }

  it('is used for ten minutes, and then fetched anew: endpoints may move, to where the issuer itself says', async () => {
    const at = await party.at()
    const moved = `${at.op.metadata.token_endpoint}?moved`
    party.op.setFaults(at.issuer, { discovery: says({ token_endpoint: moved }) })
    const where = whereabouts(at.issuer, {})
    const endpointAfter = async (ms: number): Promise<string> => {
      clock += ms
      return (await party.ops.at(where)).metadata.token_endpoint
    }
    assert.equal(await endpointAfter(LIMITS.op_metadata_ms), at.op.metadata.token_endpoint)
    assert.equal(await endpointAfter(1), moved)
    // A document of somebody else, or none, moves nothing: then nobody is asked at all.
    clock += LIMITS.op_metadata_ms + 1
    party.op.setFaults(at.issuer, {
      discovery: says({ issuer: 'https://evil.example', token_endpoint: 'https://evil.example/' }),
    })
    await assert.rejects(party.ops.at(where), refusedWith('invalid_issuer_discovered'))
    party.op.setFaults(at.issuer, { discovery: reply.html(503) })
    await assert.rejects(party.ops.at(where), refusedWith(no))
    party.op.setFaults(at.issuer, {})
    assert.equal((await party.ops.at(where)).metadata.token_endpoint, at.op.metadata.token_endpoint)
  })
})
