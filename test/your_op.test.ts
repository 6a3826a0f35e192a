// docs/your-op.md, tried: each file logs a user in at an OP that answers as the public documents of that OP say.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Client } from '../src/client/client.ts'
import { startTestDaemon, type TestDaemon } from '../src/testing/daemon.ts'
import { startStubs, type StubWorld } from './interop/stub_op.ts'
import { STUBS } from './interop/stubs.ts'

const ROOT = resolve(import.meta.dirname, '..')
const PAGE = readFileSync(join(ROOT, 'docs/your-op.md'), 'utf8')
const PROGRAM = join(ROOT, 'bin/oxd.js')

const sectionOf = (title: string): string => {
  const found = new RegExp(`^## ${title}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(PAGE)?.[1]
  assert.ok(found !== undefined, `no section ${title}`)
  return found
}
const blockOf = (text: string, language: string): string | undefined =>
  new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(text)?.[1]
const linesOf = (text: string): readonly string[] => (blockOf(text, 'sh') ?? '').trim().split('\n')
/** The words after `npx oxd` of the command in a block. */
const commandOf = (text: string): readonly string[] =>
  (linesOf(text).at(-1) ?? '').split(/\s+/).slice('npx oxd'.split(' ').length)

type StartOptions = NonNullable<Parameters<Client['startLogin']>[0]>

interface Promised {
  /** Where `getLogoutUri` leads. */
  readonly logout: string
  /** How a refresh token is asked for, where that is not by the scope of the file. */
  readonly offline?: StartOptions
  /** Whether a site registers itself. */
  readonly registers?: boolean
}
const SECTIONS: Readonly<Record<string, Promised>> = {
  'Gluu Server': {
    logout: 'https://gluu.corp.example/oxauth/restv1/end_session?id_token_hint=',
    registers: true,
  },
  Janssen: {
    logout: 'https://jans.corp.example/jans-auth/restv1/end_session?id_token_hint=',
    registers: true,
  },
  Keycloak: {
    logout: 'https://sso.corp.example/realms/staff/protocol/openid-connect/logout?id_token_hint=',
  },
  Google: {
    logout: 'https://www.google.com/accounts/Logout?continue=',
    offline: { prompt: 'consent', custom_parameters: { access_type: 'offline' } },
  },
  'Microsoft Entra ID': {
    logout:
      'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/logout?id_token_hint=',
  },
  Okta: { logout: 'https://example.okta.com/oauth2/v1/logout?id_token_hint=' },
  Auth0: { logout: 'https://example.eu.auth0.com/oidc/logout?id_token_hint=' },
}

let stubs: StubWorld
let folder: string
before(async () => {
  stubs = await startStubs(STUBS)
  folder = mkdtempSync(join(tmpdir(), 'oxd-your-op-'))
  writeFileSync(join(folder, 'corp-ca.pem'), stubs.ca)
})
after(async () => {
  rmSync(folder, { recursive: true })
  await stubs.close()
})

/** The flags of the section, and the way to the stand-ins. */
const flagsOf = (section: string): readonly string[] => {
  const [command, ...flags] = commandOf(section)
  assert.ok(command === undefined || command === 'serve')
  const ca = join(folder, 'corp-ca.pem')
  const own = flags.map((flag) => (flag === 'corp-ca.pem' ? ca : flag))
  return [...own, '--op-proxy', stubs.proxy, ...(own.includes(ca) ? [] : ['--op-ca', ca])]
}

/** `oxd check`, as an administrator runs it in this folder. */
const check = async (args: readonly string[], cwd: string): Promise<{ code: number; said: string }> =>
  promisify(execFile)(process.execPath, [PROGRAM, ...args], { cwd }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, said: error.stdout }),
  )

for (const [title, promised] of Object.entries(SECTIONS)) {
  describe(`your site at ${title}`, () => {
    const section = sectionOf(title)
    const written = blockOf(section, 'ini') ?? ''
    let daemon: TestDaemon
    let place: string
    before(async () => {
      daemon = await startTestDaemon({ argv: flagsOf(section) })
      place = join(folder, title)
      mkdirSync(place)
      writeFileSync(join(place, 'site.cfg'), written.replace('port = 8099', `port = ${daemon.port}`))
    })
    after(() => daemon.close())

    it('is good, says oxd check', async () => {
      const [chmod = ''] = linesOf(PAGE)
      await promisify(execFile)('sh', ['-c', chmod], { cwd: place })
      assert.deepEqual(commandOf(PAGE), ['check', 'site.cfg'])
      const { code, said } = await check([...commandOf(PAGE), ...flagsOf(section)], place)
      assert.equal(code, 0, said)
    })

    it('logs a user in, reads the claims, refreshes, and logs out', async () => {
      await using oxd = new Client(join(place, 'site.cfg'), { claims: 'native' })
      const login = await oxd.startLogin(promised.offline ?? {})
      const back = stubs.authorize(login.url).searchParams
      const { code = '', state = '', iss } = Object.fromEntries(back)
      const tokens = await oxd.getTokensByCode({ code, state, iss })
      assert.equal((await oxd.getUserInfo(tokens.access_token)).email, 'alice@example.com')
      assert.ok(tokens.refresh_token !== null, 'no refresh token')
      const fresh = await oxd.getAccessTokenByRefreshToken({ refresh_token: tokens.refresh_token })
      assert.equal((await oxd.getUserInfo(fresh.access_token)).sub, tokens.id_token_claims.sub)
      const uri = await oxd.getLogoutUri({ id_token_hint: tokens.id_token })
      assert.ok(uri.startsWith(promised.logout), uri)
    })

    it(promised.registers ? 'registers itself' : 'is no site that the OP registers', async () => {
      const withoutClient = written.replaceAll(/^client_(?:id|secret) = .*\n/gm, '')
      assert.equal(withoutClient === written, promised.registers === true)
      const file = join(place, 'without_client.cfg')
      writeFileSync(file, withoutClient.replace('port = 8099', `port = ${daemon.port}`))
      await using oxd = new Client(file)
      if (promised.registers) return assert.match(await oxd.registerSite(), /^[0-9a-f-]{36}$/)
      await assert.rejects(oxd.registerSite(), (error: { code: string }) =>
        ['no_registration_endpoint', 'op_http_status'].includes(error.code),
      )
    })
  })
}

describe('what the page warns of', () => {
  const register = async (op_host: string): Promise<unknown> => {
    const daemon = await startTestDaemon({ argv: flagsOf('') })
    const { data } = await daemon.call('register_site', {
      op_host,
      client_id: '66666666-7777-8888-9999-000000000000',
      client_secret: 'the~value.of~the~secret',
      authorization_redirect_uri: 'https://client.example.com/callback',
    })
    await daemon.close()
    return data['error']
  }

  it('the tenants of Entra ID all at once', async () => {
    assert.equal(await register('https://login.microsoftonline.com/common/v2.0'), 'invalid_issuer_discovered')
  })
  it('the slash at the end of the issuer of Auth0', async () => {
    assert.equal(await register('https://example.eu.auth0.com'), 'invalid_issuer_discovered')
  })
  it('a private address that nobody named', async () => {
    const daemon = await startTestDaemon()
    const { data } = await daemon.call('register_site', {
      op_host: 'https://10.0.0.1',
      authorization_redirect_uri: 'https://client.example.com/callback',
    })
    await daemon.close()
    assert.equal(data['error'], 'restricted_op_host')
    assert.match(String(data['error_description']), /--trust-op/)
  })
})
