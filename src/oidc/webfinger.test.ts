// WebFinger over TLS, as it always is: what is asked of which host, and what its answer is worth.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ErrorCode } from '../error.ts'
import { LIMITS } from '../limits.ts'
import { reply, startLyingOp, type Fault, type LyingOp } from '../testing/op.ts'
import { refusedWith } from '../testing/op_party.ts'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'
import { createDoor, type Door } from './http.ts'
import { discoverIssuer, ISSUER_REL, webfingerOf } from './webfinger.ts'

/** OpenID Connect Discovery 1.0 section 2.1.2: what was typed, the resource, the host. */
const NORMALISED: readonly (readonly [given: string, resource: string, host: string])[] = [
  ['acct:joe@example.com', 'acct:joe@example.com', 'example.com'],
  ['joe@example.com', 'acct:joe@example.com', 'example.com'],
  ['ACCT:joe@EXAMPLE.com', 'ACCT:joe@EXAMPLE.com', 'example.com'],
  ['mailto:joe@example.com', 'mailto:joe@example.com', 'example.com'],
  [
    'acct:juliet%40capulet.example@shop.example',
    'acct:juliet%40capulet.example@shop.example',
    'shop.example',
  ],
  ['acct:joe@example.com:8443', 'acct:joe@example.com:8443', 'example.com:8443'],
  ['joe@example.com:8080', 'https://joe@example.com:8080', 'example.com:8080'],
  ['joe@bücher.example', 'acct:joe@bücher.example', 'xn--bcher-kva.example'],
  ['example.com', 'https://example.com', 'example.com'],
  ['example.com:8080', 'https://example.com:8080', 'example.com:8080'],
  ['example.com/joe?a=b#there', 'https://example.com/joe?a=b', 'example.com'],
  ['https://example.com/joe', 'https://example.com/joe', 'example.com'],
  ['http://example.com/joe', 'http://example.com/joe', 'example.com'],
  ['https://joe:word@example.com/', 'https://joe:word@example.com/', 'example.com'],
  ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443', '[2001:db8::1]:8443'],
]
const NO_RESOURCE = [
  '',
  '#',
  'https://',
  'acct:joe',
  'acct:@example.com',
  'acct:joe@',
  'acct:joe@example.com/x',
  'acct:joe@evil.example@example.com',
  'acct:joe@example.com\\@evil.example',
  'mailto:joe@example.com?cc=x',
  'file:///etc/passwd',
  'ftp://example.com',
  'javascript://example.com/%0aalert()',
  '=xri.name',
  '@example.com',
  'joe@exa mple.com',
  'joe@example.com\r\nx-evil: 1',
  'joe@exam\u200bple.com',
  'joe@example.com:notaport',
  `${'x'.repeat(2_048)}@example.com`,
]

describe('webfingerOf', () => {
  for (const [given, resource, host] of NORMALISED) {
    it(`reads ${given}`, () => assert.deepEqual(webfingerOf(given), { resource, host }))
  }
  for (const given of NO_RESOURCE) {
    it(`refuses ${JSON.stringify(given.slice(-40))}, and does not repeat it`, () => {
      assert.throws(() => webfingerOf(given), refusedWith('invalid_request', given.length > 1 ? [given] : []))
    })
  }
})

describe('discoverIssuer', () => {
  let op: LyingOp
  let door: Door
  let issuer: string
  let account: string
  before(async () => {
    const authority = await createAuthority('CA')
    op = await startLyingOp({
      tls: await createServerCertificate(authority, { names: ['op.test'], addresses: ['127.0.0.1'] }),
    })
    issuer = op.issuer('')
    account = `acct:ada@${new URL(op.origin).host}`
    door = createDoor({
      trust_op: [op.origin],
      op_ca: authority.cert,
      limits: { ...LIMITS, op_total_ms: 1_500 },
    })
  })
  after(async () => {
    await door.close()
    await op.close()
  })
  const lying = async (webfinger: Fault) => {
    op.setFaults(issuer, { webfinger })
    try {
      return await discoverIssuer(door, account)
    } finally {
      op.setFaults(issuer, {})
    }
  }

  it('asks the host for the issuer', async () => {
    const found = await discoverIssuer(door, account)
    assert.deepEqual(found, { subject: account, links: [{ rel: ISSUER_REL, href: issuer }] })
    assert.deepEqual(op.requests(issuer).at(-1)?.params, { resource: account, rel: ISSUER_REL })
  })

  const link = (href: unknown, rel: unknown = ISSUER_REL) => ({ rel, href })
  const OTHER = 'https://other.example'

  it('takes the subject as the host names it, or else as it was asked for', async () => {
    const subject = 'acct:ada@other.example'
    assert.equal((await lying((good) => ({ ...good, subject }))).subject, subject)
    assert.equal((await lying(({ subject: _, ...good }) => good)).subject, account)
    assert.equal((await lying((good) => ({ ...good, subject: null }))).subject, account)
  })

  it('keeps the issuers among the links, and nothing else of the answer', async () => {
    const links = [
      { rel: 'http://webfinger.net/rel/avatar', type: 'image/png', href: 'http://other.example/a.png' },
      { rel: 'template', template: 'https://other.example/{uri}' },
      link('http://other.example'),
      link('https://user@other.example'),
      link('https://other.example/?x'),
      link('https://other.example/#x'),
      link(null),
      { ...link(OTHER), titles: { und: 'x' } },
      link(`${OTHER}/two`),
    ]
    assert.deepEqual(await lying((good) => ({ ...good, links, properties: { a: 'b' } })), {
      subject: account,
      links: [link(OTHER), link(`${OTHER}/two`)],
    })
  })

  const LIES: Readonly<Record<string, readonly [Fault, ErrorCode]>> = {
    'no links': [({ links: _, ...good }) => good, 'failed_to_get_issuer'],
    'an empty list': [(good) => ({ ...good, links: [] }), 'failed_to_get_issuer'],
    'another relation': [(good) => ({ ...good, links: [link(OTHER, 'self')] }), 'failed_to_get_issuer'],
    'an issuer at http': [
      (good) => ({ ...good, links: [link('http://other.example')] }),
      'failed_to_get_issuer',
    ],
    'an issuer that is a script': [
      (good) => ({ ...good, links: [link('javascript:alert(1)')] }),
      'failed_to_get_issuer',
    ],
    'an issuer with a password': [
      (good) => ({ ...good, links: [link('https://u:p@other.example')] }),
      'failed_to_get_issuer',
    ],
    'an issuer with a control character': [
      (good) => ({ ...good, links: [link('https://other.example/\u0007')] }),
      'failed_to_get_issuer',
    ],
    'a link that is no object': [(good) => ({ ...good, links: [OTHER] }), 'failed_to_get_issuer'],
    'a subject that is a number': [(good) => ({ ...good, subject: 7 }), 'failed_to_get_issuer'],
    'a subject without end': [(good) => ({ ...good, subject: 'x'.repeat(2_049) }), 'failed_to_get_issuer'],
    'links without end': [
      (good) => ({ ...good, links: Array.from({ length: 1_001 }, () => link(OTHER)) }),
      'failed_to_get_issuer',
    ],
    'nobody by that name': [reply.raw({ status: 404, body: '' }), 'failed_to_get_issuer'],
    'a good answer under 404': [reply.status(404), 'failed_to_get_issuer'],
    'a page': [reply.html(), 'failed_to_get_issuer'],
    'links twice': [reply.duplicate('links', []), 'failed_to_get_issuer'],
    'a redirect': [reply.redirect('https://other.example/'), 'failed_to_get_issuer'],
    'an endless answer': [reply.endless(), 'failed_to_get_issuer'],
    silence: [reply.hang(), 'failed_to_get_issuer'],
  }
  for (const [lie, [fault, code]] of Object.entries(LIES)) {
    it(`refuses ${lie} with ${code}`, async () => {
      await assert.rejects(lying(fault), refusedWith(code, [account]))
    })
  }

  it('follows no redirect', async () => {
    const { origin, contacts } = op.canary()
    await assert.rejects(lying(reply.redirect(`${origin}/`)), refusedWith('failed_to_get_issuer'))
    assert.equal(op.canary().contacts, contacts)
  })

  it('repeats nothing that tells who was looked for', async () => {
    const said = reply.raw({
      status: 400,
      body: JSON.stringify({ error: 'unknown', error_description: `nobody is ${account}` }),
    })
    await assert.rejects(lying(said), refusedWith('failed_to_get_issuer', [account]))
  })

  it('goes to no private address that is not trusted', async () => {
    await assert.rejects(discoverIssuer(door, 'ada@127.0.0.1'), refusedWith('restricted_op_host'))
  })
})
