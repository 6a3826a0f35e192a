import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { LookupAddress } from 'node:dns'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { readConfig } from '../client/config_file.ts'
import { CLIENT_LIMITS } from '../client/limits.ts'
import { LIMITS } from '../limits.ts'
import type { Lookup } from '../oidc/connect.ts'
import { createDoor } from '../oidc/http.ts'
import type { Door } from '../oidc/http.ts'
import { reply, startLyingOp } from '../testing/op.ts'
import type { Faults, LyingOp } from '../testing/op.ts'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'
import type { Authority } from '../testing/tls.ts'
import { check } from './check.ts'
import type { CheckTools, Checked } from './check.ts'
import { connectLikeTheDoor, createMeet, goesThroughProxy, shownAt } from './met.ts'
import type { LookOptions } from './met.ts'

const NAME = 'op.test'
const DAY = 86_400_000
const local: Lookup = (hostname, _options, callback) => {
  const found: LookupAddress[] = [{ address: '127.0.0.1', family: 4 }]
  if (hostname === NAME) callback(null, found)
  else callback(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), [])
}

let authority: Authority
let folder: string
let number = 0
const open: { op?: LyingOp; doors: Door[] } = { doors: [] }
before(async () => {
  authority = await createAuthority('Test CA')
  folder = mkdtempSync(join(tmpdir(), 'oxd-check-'))
})
after(() => rmSync(folder, { recursive: true }))
afterEach(async () => {
  for (const door of open.doors.splice(0)) await door.close()
  await open.op?.close()
  delete open.op
})

interface Started {
  readonly op: LyingOp
  /** With the name of the certificate instead of the address. */
  readonly issuer: string
  readonly options: LookOptions
}
/** An OP over https whose certificate is of the test CA, for `op.test`. */
const startOp = async (
  faults: Faults = {},
  {
    from,
    until,
    names = [NAME],
    own = false,
  }: { from?: Date; until?: Date; names?: readonly string[]; own?: boolean } = {},
): Promise<Started> => {
  const tls = await createServerCertificate(own ? undefined : authority, {
    names,
    ...(from && { from }),
    ...(until && { until }),
  })
  const op = await startLyingOp({ tls })
  open.op = op
  const issuer = op.origin.replace('127.0.0.1', NAME)
  const named = (text: string) => text.replaceAll(op.origin, issuer)
  op.issuer('', {
    discovery: (good, seen) => {
      const members = JSON.parse(named(JSON.stringify(good)))
      return typeof faults.discovery === 'function' ? faults.discovery(members, seen) : members
    },
    ...(faults.discovery !== undefined && typeof faults.discovery !== 'function' ? faults : {}),
  })
  return {
    op,
    issuer,
    options: { trust_op: [issuer], op_ca: authority.cert, limits: LIMITS, lookup: local },
  }
}
const toolsOf = (options: LookOptions, over: Partial<CheckTools> = {}): CheckTools => {
  const { trust_op, op_ca, limits, lookup = local } = options
  const door = createDoor({ trust_op, op_ca, limits, lookup })
  open.doors.push(door)
  return {
    door,
    connect: connectLikeTheDoor(options),
    lookup,
    proxied: () => false,
    now: Date.now,
    limits,
    readCfg: (file) => readConfig(file, CLIENT_LIMITS),
    op_host: undefined,
    ...over,
  }
}
/** The lines of one step. */
const at = ({ lines }: Checked, step: string): string =>
  lines.filter((line) => line.slice(6).startsWith(step)).join('\n')
const failed = (checked: Checked, step: string, ...texts: readonly RegExp[]): void => {
  assert.equal(checked.exit_code, 1)
  assert.match(at(checked, step), /^fail/m, checked.lines.join('\n'))
  for (const text of texts) assert.match(at(checked, step), text)
}

describe('an OP', () => {
  test('that does everything', async () => {
    const { issuer, options } = await startOp({
      discovery: (good) => ({ ...good, introspection_endpoint: `${String(good.issuer)}/introspect` }),
    })
    const checked = await check(issuer, toolsOf(options))
    assert.equal(checked.exit_code, 0, checked.lines.join('\n'))
    assert.deepEqual(
      checked.lines.map((line) => line.slice(0, 22).trim()),
      ['DNS', 'TLS', 'discovery', 'clock', 'PKCE', 'logout', 'introspection', 'registration'].map(
        (step) => `ok    ${step}`,
      ),
    )
    assert.match(at(checked, 'DNS'), /op\.test is 127\.0\.0\.1 \(a loopback address\)/)
    assert.match(
      at(checked, 'TLS'),
      /TLSv1\.3, \d+ days left, subject CN=op\.test, issuer CN=Test CA, .*SHA-256 [0-9A-F:]{95}/,
    )
  })

  test('changes nothing: it is only asked for its discovery document', async () => {
    const { op, issuer, options } = await startOp()
    await check(issuer, toolsOf(options))
    const asked = op.requests(op.origin).map(({ method, endpoint }) => `${method} ${endpoint}`)
    assert.deepEqual(new Set(asked), new Set(['GET discovery']))
  })

  test('behind a proxy, which alone looks up its name', async () => {
    const { issuer, options } = await startOp()
    const lookup: Lookup = (_host, _options, callback) => callback(new Error('not asked'), [])
    const checked = await check(issuer, toolsOf(options, { lookup, proxied: () => true }))
    assert.match(at(checked, 'DNS'), /^ok .*op\.test is looked up by the proxy/)
    assert.equal(checked.exit_code, 0, checked.lines.join('\n'))
    const op_proxy = 'http://proxy.test:3128'
    const outside = new URL('https://op.test')
    assert.equal(goesThroughProxy({ op_proxy })(outside), true)
    assert.equal(goesThroughProxy({ op_proxy, no_proxy: 'op.test:443' })(outside), false)
    assert.equal(goesThroughProxy({})(outside), false)
  })

  test('at the URL of its discovery document', async () => {
    const { issuer, options } = await startOp()
    assert.equal((await check(`${issuer}/.well-known/openid-configuration`, toolsOf(options))).exit_code, 0)
  })

  test('that can little: what that means', async () => {
    const { issuer, options } = await startOp({
      discovery: ({
        registration_endpoint: _1,
        end_session_endpoint: _2,
        code_challenge_methods_supported: _3,
        introspection_endpoint: _4,
        ...good
      }) => good,
    })
    const checked = await check(issuer, toolsOf(options))
    assert.equal(checked.exit_code, 0)
    assert.match(at(checked, 'PKCE'), /^note .*passes it over/)
    assert.match(at(checked, 'logout'), /^note .*no_end_session_endpoint_at_op/)
    assert.match(at(checked, 'introspection'), /^note .*oxd callers add/)
    assert.match(at(checked, 'registration'), /^note .*client_id and client_secret/)
  })

  test('without S256', async () => {
    const { issuer, options } = await startOp({
      discovery: (good) => ({ ...good, code_challenge_methods_supported: ['plain'] }),
    })
    failed(await check(issuer, toolsOf(options)), 'PKCE', /allow S256/)
  })

  for (const [what, hours, text] of [
    ['behind', 0.1, /behind that of the OP.*NTP/],
    ['ahead', -0.1, /ahead of that of the OP.*NTP/],
  ] as const) {
    test(`when the clock of this machine is ${what}`, async () => {
      const { issuer, options } = await startOp()
      failed(
        await check(issuer, toolsOf(options, { now: () => Date.now() - hours * 3_600_000 })),
        'clock',
        text,
      )
    })
  }
  test('when the clocks differ by less than the tolerance', async () => {
    const { issuer, options } = await startOp()
    const checked = await check(issuer, toolsOf(options, { now: () => Date.now() + 50_000 }))
    assert.match(at(checked, 'clock'), /^ok .* (49|50|51) s ahead/)
  })

  test('whose issuer has a slash more: what to write', async () => {
    const { issuer, options } = await startOp({
      discovery: (good) => ({ ...good, issuer: `${String(good.issuer)}/` }),
    })
    const checked = await check(issuer, toolsOf(options))
    failed(checked, 'discovery', new RegExp(`writes its issuer as "${issuer}/": write op_host so`))
    assert.equal(at(checked, 'registration'), '')
  })
  test('that is another, with terminal escapes', async () => {
    const { issuer, options } = await startOp({
      discovery: (good) => ({ ...good, issuer: 'https://other.example.com/\u001b[31m\u202e' }),
    })
    const checked = await check(issuer, toolsOf(options))
    failed(
      checked,
      'discovery',
      /writes its issuer as "https:\/\/other\.example\.com\/ ?\[31m": if that is your OP/,
    )
  })

  for (const [what, fault] of [
    ['404', reply.status(404)],
    ['HTML', reply.raw({ status: 200, body: '<html>' })],
    ['a reset connection', reply.reset()],
    ['a redirect', reply.redirect('https://elsewhere.example.com/')],
  ] as const) {
    test(`that answers with ${what}`, async () => {
      const { issuer, options } = await startOp({ discovery: fault })
      failed(await check(issuer, toolsOf(options)), 'discovery')
    })
  }
})

describe('the way to an OP', () => {
  test('a name that has no address', async () => {
    const { options } = await startOp()
    const checked = await check('https://nowhere.test', toolsOf(options))
    failed(checked, 'DNS', /nowhere\.test has no address .*check its spelling/)
    assert.equal(checked.lines.length, 1)
  })

  test('a port where nobody listens', async () => {
    const { op, issuer, options } = await startOp()
    const tools = toolsOf(options)
    await op.close()
    delete open.op
    failed(await check(issuer, tools), 'TLS', /ECONNREFUSED.*check that the OP is running/)
  })

  test('a private address is not contacted unless it is trusted', async () => {
    const { op, issuer, options } = await startOp()
    const tools = toolsOf({ ...options, trust_op: [] })
    failed(await check(issuer, tools), 'TLS', /--trust-op/)
    assert.equal(op.requests(op.origin).length, 0)
  })

  test('a certificate of an unknown CA', async () => {
    const { issuer, options } = await startOp()
    failed(await check(issuer, toolsOf({ ...options, op_ca: undefined })), 'TLS', /CN=Test CA.*--op-ca FILE/)
  })

  test('a certificate for another name', async () => {
    const { issuer, options } = await startOp({}, { names: ['other.test'] })
    failed(await check(issuer, toolsOf(options)), 'TLS', /other\.test/)
  })

  test('a certificate that ends soon', async () => {
    const soon = await startOp({}, { until: new Date(Date.now() + 3.5 * DAY) })
    const checked = await check(soon.issuer, toolsOf(soon.options))
    assert.equal(checked.exit_code, 0)
    assert.match(at(checked, 'TLS'), /^note .* 3 days left.*Renew/)
  })

  test('a certificate that has ended', async () => {
    const from = new Date(Date.now() - 9 * DAY)
    const { issuer, options } = await startOp({}, { from, until: new Date(Date.now() - DAY) })
    failed(await check(issuer, toolsOf(options)), 'TLS', /has expired.*renew it/)
  })

  test('http is used only on this machine, and only if it is trusted', async () => {
    const op = await startLyingOp()
    open.op = op
    const issuer = op.issuer('')
    const options = { trust_op: [op.origin], limits: LIMITS }
    const checked = await check(issuer, toolsOf(options))
    assert.equal(checked.exit_code, 0, checked.lines.join('\n'))
    assert.match(at(checked, 'TLS'), /^note .*http/)
    const { port } = new URL(issuer)
    failed(await check(`http://127.0.0.1:${port}`, toolsOf({ ...options, trust_op: [] })), 'TLS')
  })

  for (const target of [
    'https://user:the-password@op.test',
    'https://op.test/?a=the-password',
    'ftp://op.test',
  ]) {
    test(`${target.slice(0, 12)}… is no OP`, async () => {
      const { options } = await startOp()
      const checked = await check(target, toolsOf(options))
      failed(checked, 'op_host')
      assert.ok(!checked.lines.join('\n').includes('the-password'))
    })
  }
})

describe('a configuration file', () => {
  const write = (text: string, mode = 0o600): string => {
    const file = join(folder, `site${(number += 1)}.cfg`)
    writeFileSync(file, text)
    chmodSync(file, mode)
    return file
  }
  const cfg = (issuer: string, more = ''): string =>
    `[client]\nop_host = ${issuer}\nauthorization_redirect_uri = https://shop.example.com/cb\n${more}`

  test('that is right', async () => {
    const { issuer, options } = await startOp()
    const file = write(cfg(issuer, 'post_logout_redirect_uri = https://shop.example.com/\n'))
    const before = readFileSync(file, 'utf8')
    const checked = await check(file, toolsOf(options))
    assert.equal(checked.exit_code, 0, checked.lines.join('\n'))
    assert.match(
      at(checked, 'redirect URI'),
      /authorization_redirect_uri "https:\/\/shop\.example\.com\/cb".*\n.*post_logout_redirect_uri/,
    )
    assert.equal(readFileSync(file, 'utf8'), before)
  })

  test('that everybody may read', async () => {
    const { issuer, options } = await startOp()
    const file = write(cfg(issuer, 'client_secret = the-secret\nclient_id = x\n'), 0o644)
    const checked = await check(file, toolsOf(options))
    failed(checked, 'file', /mode 0644.*chmod 600/)
    assert.ok(!checked.lines.join('\n').includes('the-secret'))
  })

  test(
    'that this user may not write',
    { skip: process.getuid?.() === 0 && 'root may write everything' },
    async () => {
      const { issuer, options } = await startOp()
      failed(await check(write(cfg(issuer), 0o400), toolsOf(options)), 'file', /chmod u\+w/)
    },
  )

  const REDIRECTS: readonly (readonly [uri: string, verdict: string, why: RegExp])[] = [
    ['http://shop.example.com/cb', 'fail', /use https/],
    ['http://localhost:5000/cb', 'note', /on this machine alone/],
    ['http://127.0.0.1/cb', 'note', /on this machine alone/],
    ['http://[::1]/cb', 'note', /on this machine alone/],
    ['com.example.app:/cb', 'note', /native/],
    ['https://*.example.com/cb', 'fail', /byte for byte/],
    ['https://shop.example.com/cb#x', 'fail', /fragment/],
    ['https://u:p@shop.example.com/', 'fail', /not usable/],
    ['javascript:alert(1)', 'fail', /not usable/],
    ['/cb', 'fail', /absolute URL/],
  ]
  for (const [uri, verdict, why] of REDIRECTS) {
    test(`with the redirect URI ${uri}`, async () => {
      const { issuer, options } = await startOp()
      const file = write(`op_host = ${issuer}\nauthorization_redirect_uri = ${uri}\n`)
      const checked = await check(file, toolsOf(options))
      assert.match(at(checked, 'redirect URI'), new RegExp(`^${verdict} `))
      assert.match(at(checked, 'redirect URI'), why)
      assert.equal(checked.exit_code, verdict === 'fail' ? 1 : 0)
    })
  }

  test('without redirect URI, or OP', async () => {
    const { issuer, options } = await startOp()
    failed(await check(write(`op_host = ${issuer}\n`), toolsOf(options)), 'redirect URI', /is missing/)
    const file = write('authorization_redirect_uri = https://shop.example.com/cb\n')
    failed(await check(file, toolsOf(options)), 'op_host', /is missing.*https:\/\/op\.example\.com/)
    assert.equal(
      (await check(file, toolsOf(options, { op_host: issuer }))).exit_code,
      0,
      'the daemon has a default',
    )
  })

  test('of an OP without registration needs a client', async () => {
    const { issuer, options } = await startOp({ discovery: ({ registration_endpoint: _, ...good }) => good })
    const tools = toolsOf(options)
    failed(
      await check(write(cfg(issuer)), tools),
      'registration',
      /with the redirect URI https:\/\/shop\.example\.com\/cb/,
    )
    assert.equal((await check(write(cfg(issuer, 'client_id = c\nclient_secret = s\n')), tools)).exit_code, 0)
    assert.equal((await check(write(cfg(issuer, 'id = 1\n')), tools)).exit_code, 0)
  })

  test('that is none, or is not there', async () => {
    const { options } = await startOp()
    failed(await check(write('no line of a cfg\n'), toolsOf(options)), 'file', /neither `key = value`/)
    failed(await check(join(folder, 'nothing.cfg'), toolsOf(options)), 'file', /there is no file/)
    failed(await check(folder, toolsOf(options)), 'file', /there is no file/)
  })
})

describe('the certificate that is met', () => {
  test('is trusted, for its name', async () => {
    const { issuer, options } = await startOp()
    const met = await createMeet(options)(issuer)
    assert.equal(met?.verifies, true)
  })

  test('is shown, with its fingerprint, where it is not', async () => {
    const { issuer, options } = await startOp({}, { own: true })
    const met = await createMeet(options)(issuer)
    assert.equal(met?.verifies, false)
    assert.match(
      met?.line ?? '',
      /^subject CN=op\.test, issuer CN=op\.test, .*SHA-256 [0-9A-F:]{95} \(The certificate of/,
    )
  })

  test('is not looked at where it is at a private address that nobody trusts', async () => {
    const { op, issuer, options } = await startOp()
    const met = await createMeet({ ...options, trust_op: [] })(issuer)
    assert.equal(met?.verifies, false)
    assert.match(met?.line ?? '', /^not looked at: .*--trust-op/)
    assert.equal(op.requests(op.origin).length, 0)
  })

  test('is not looked at where the name leads to such an address by now', async () => {
    const { issuer, options } = await startOp({}, { own: true })
    assert.ok(await shownAt(new URL(issuer), options))
    assert.equal(await shownAt(new URL(issuer), { ...options, trust_op: [] }), undefined)
  })

  test('is none where there is no OP', async () => {
    const { op, issuer, options } = await startOp()
    await op.close()
    delete open.op
    assert.equal(await createMeet(options)(issuer), undefined)
    assert.equal(await createMeet(options)('ftp://x'), undefined)
    assert.equal(await createMeet(options)('https://nowhere.test'), undefined)
  })
})
