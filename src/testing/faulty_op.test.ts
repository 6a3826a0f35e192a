// The OP with one fault, as a module and as a program; its documentation is tried.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { StartError } from '../error.ts'
import { startTestDaemon } from './daemon.ts'
import { FAULTS } from './faults/index.ts'
import { startFaultyOp } from './faulty_op.ts'
import { runFaultyOp } from './faulty_op_cli.ts'
import { createAuthority, createServerCertificate } from './tls.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const OXD = join(ROOT, 'bin/oxd.js')
const DOCS = readFileSync(join(ROOT, 'docs/faulty-op.md'), 'utf8')
const REDIRECT = 'http://localhost:3000/callback'
const ASKED = `client_id=client&response_type=code&scope=openid&state=s&nonce=n&code_challenge=c&code_challenge_method=S256&redirect_uri=${encodeURIComponent(REDIRECT)}`

/** A run of `oxd faulty-op`, as far as a person sees it. */
const run = async (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
  const how = { env: { ...process.env, ...env } }
  return promisify(execFile)(process.execPath, [OXD, 'faulty-op', ...args], how).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    // What execFile rejects with.
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

describe('the OP with one fault', () => {
  it('shows a page to a browser, and sends it back as the user of the button', async () => {
    const op = await startFaultyOp({ fault: 'sub_number' })
    try {
      const page = await fetch(`${op.issuer}/authorize?${ASKED}&prompt=${encodeURIComponent('"><b>')}`)
      assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
      const text = await page.text()
      assert.match(text, /Sign in as bob/)
      assert.match(text, /sub_number/)
      assert.doesNotMatch(text, /"><b>/)
      const back = await fetch(`${op.issuer}/authorize`, {
        method: 'POST',
        body: new URLSearchParams(`${ASKED}&sub=bob`),
        redirect: 'manual',
      })
      assert.match(
        back.headers.get('location') ?? '',
        /^http:\/\/localhost:3000\/callback\?code=[\w-]+&state=s/,
      )
      const lost = async (change: Record<string, string>) => {
        const asked = new URLSearchParams([...new URLSearchParams(ASKED), ['sub', 'bob']])
        for (const [name, value] of Object.entries(change)) asked.set(name, value)
        const answer = await fetch(`${op.issuer}/authorize`, { method: 'POST', body: asked })
        return [answer.status, Object(await answer.json()).error_description]
      }
      assert.deepEqual(await lost({ client_id: 'nobody' }), [400, 'No client has this client_id.'])
      const elsewhere = await lost({ redirect_uri: `${REDIRECT}2` })
      assert.deepEqual(elsewhere, [400, 'redirect_uri is none of those of the client.'])
    } finally {
      await op.close()
    }
  })

  it('lies, and then does not', async () => {
    const op = await startFaultyOp()
    const daemon = await startTestDaemon({ argv: ['--trust-op', op.issuer] })
    const [{ client_id, client_secret }] = op.clients
    const login = async () => {
      const site = { op_host: op.issuer, authorization_redirect_uri: REDIRECT, client_id, client_secret }
      const { oxd_id } = (await daemon.call('register_site', site)).data
      const { authorization_url } = (await daemon.call('get_authorization_url', { oxd_id })).data
      const back = new URL(await op.authorize(String(authorization_url))).searchParams
      const params = { oxd_id, code: back.get('code'), state: back.get('state') }
      return (await daemon.call('get_tokens_by_code', params, { oxd: 1 })).data
    }
    try {
      op.lie('aud_suffixed')
      assert.equal((await login()).error, 'invalid_id_token_bad_audience')
      op.beHonest()
      assert.equal(Object((await login()).id_token_claims).sub, 'alice')
      assert.equal(op.count('token'), 2)
    } finally {
      await daemon.close()
      await op.close()
    }
  })

  it('gives a code to whoever knows nothing of PKCE, in every flow, and holds to PKCE whoever does', async () => {
    const op = await startFaultyOp()
    const [{ client_id, client_secret }] = op.clients
    const redeem = async (asked: Record<string, string>, verifier?: string) => {
      const request = { client_id, redirect_uri: REDIRECT, scope: 'openid', nonce: 'n', ...asked }
      const back = await op.authorize(`${op.issuer}/authorize?${new URLSearchParams(request)}`)
      const code = new URLSearchParams(new URL(back.replace('#', '?')).search).get('code') ?? ''
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT,
        client_id,
        client_secret,
      }
      const body = new URLSearchParams({
        ...form,
        ...(verifier === undefined ? {} : { code_verifier: verifier }),
      })
      const authorization = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`
      const sent = { method: 'POST', headers: { authorization }, body }
      return (await fetch(`${op.issuer}/token`, sent)).status
    }
    const bound = {
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update('v').digest('base64url'),
    }
    try {
      assert.equal(await redeem({ response_type: 'code' }), 200)
      assert.equal(await redeem({ response_type: 'code id_token token' }), 200)
      assert.equal(await redeem({ response_type: 'code' }, 'v'), 400)
      assert.equal(await redeem(bound, 'v'), 200)
      assert.equal(await redeem(bound), 400)
      assert.equal(await redeem({ ...bound, code_challenge_method: 'plain' }, 'v'), 400)
    } finally {
      await op.close()
    }
  })

  it('is at https where it has a certificate, and then does wrong what only such an OP can', async () => {
    await assert.rejects(
      startFaultyOp({ fault: 'management_http' }),
      /management_http .* needs a certificate/,
    )
    const plain = await startFaultyOp()
    assert.throws(() => plain.lie('issuer_http'), /issuer_http .* needs a certificate/)
    await plain.close()
    const authority = await createAuthority('test')
    const folder = mkdtempSync(join(tmpdir(), 'oxd-faulty-'))
    writeFileSync(join(folder, 'ca.pem'), authority.cert)
    const tls = await createServerCertificate(authority, { names: [], addresses: ['127.0.0.1'] })
    const op = await startFaultyOp({ tls, fault: 'issuer_http' })
    const daemon = await startTestDaemon({
      argv: ['--trust-op', op.issuer, '--op-ca', join(folder, 'ca.pem')],
    })
    try {
      const site = { op_host: op.issuer, authorization_redirect_uri: REDIRECT }
      assert.equal(
        (await daemon.call('register_site', site, { oxd: 1 })).data.error,
        'invalid_issuer_discovered',
      )
      op.beHonest()
      assert.equal((await daemon.call('register_site', site)).status, 'ok')
    } finally {
      await daemon.close()
      await op.close()
      rmSync(folder, { recursive: true })
    }
  })

  it('says when somebody went where its lies point', async () => {
    const told: string[] = []
    const op = await startFaultyOp({ onContact: (where) => told.push(where) })
    const jwks = () =>
      fetch(`${op.issuer}/jwks`).then(
        ({ status }) => status,
        () => undefined,
      )
    try {
      assert.equal(await jwks(), 200)
      assert.equal(op.contacts(), 0)
      op.lie('jwks_redirects_307')
      await jwks()
      op.lie('jwks_redirects_inside')
      assert.equal(await jwks(), undefined)
      assert.deepEqual(told, ['attacker', 'service'])
      assert.equal(op.contacts(), 2)
    } finally {
      await op.close()
    }
  })

  it('refreshes wrongly only what is refreshed', async () => {
    const op = await startFaultyOp()
    const [{ client_id, client_secret }] = op.clients
    const scope = 'openid offline_access'
    const tokens = async (form: Record<string, string>) => {
      const authorization = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`
      const sent = { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) }
      const { id_token, refresh_token } = Object(await (await fetch(`${op.issuer}/token`, sent)).json())
      const claims: unknown = JSON.parse(
        Buffer.from(String(id_token).split('.')[1] ?? '', 'base64url').toString(),
      )
      return { sub: Object(claims).sub, refresh_token: String(refresh_token) }
    }
    try {
      op.lie('sub_suffixed')
      const asked = { client_id, redirect_uri: REDIRECT, scope, response_type: 'code', nonce: 'n' }
      const back = await op.authorize(`${op.issuer}/authorize?${new URLSearchParams(asked)}`)
      const code = new URL(back).searchParams.get('code') ?? ''
      const first = await tokens({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
      assert.equal(first.sub, 'alice')
      const { refresh_token } = first
      assert.equal((await tokens({ grant_type: 'refresh_token', refresh_token })).sub, 'alice1')
    } finally {
      await op.close()
    }
  })

  it('tells a client of a logout with a token that is wrong, and then with one that is right', async () => {
    const came: Record<string, unknown>[] = []
    const client = createServer(async (request, response) => {
      const [token = ''] = new URLSearchParams(await text(request)).getAll('logout_token')
      const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
      came.push({ ...Object(claims) })
      response.writeHead(came.length === 1 ? 400 : 200).end()
    })
    await new Promise<void>((done) => client.listen(0, '127.0.0.1', done))
    // A TCP server has an address with a port.
    const uri = `http://127.0.0.1:${(client.address() as AddressInfo).port}/logout`
    const told: (number | undefined)[] = []
    const op = await startFaultyOp({
      backchannel_logout_uri: uri,
      onLogoutToken: (_uri, status) => told.push(status),
    })
    try {
      const [{ client_id }] = op.clients
      const payload = { aud: client_id, sub: 'alice', sid: 'a-session' }
      const hint = `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.AA`
      const logout = () => fetch(`${op.issuer}/end_session?id_token_hint=${hint}`)
      op.lie('logout_token_nonce')
      assert.equal((await logout()).status, 200)
      op.beHonest()
      await logout()
      assert.deepEqual(told, [400, 200])
      assert.deepEqual(
        came.map(({ iss, aud, sub, sid, nonce }) => ({ iss, aud, sub, sid, nonce })),
        ['n', undefined].map((nonce) => ({ iss: op.issuer, ...payload, nonce })),
      )
      assert.equal((await op.logoutToken(client_id, { sub: 'bob' })).split('.').length, 3)
      await new Promise((done) => client.close(done))
      await logout()
      assert.equal(told.at(-1), undefined, 'a client that is away does not keep anybody from logging out')
    } finally {
      client.close()
      await op.close()
    }
  })

  it('says of each fault in one line what it is, and which section it breaks', () => {
    for (const [name, { what, spec }] of Object.entries(FAULTS)) {
      assert.match(name, /^[a-z][a-z0-9_]*$/)
      assert.match(what, /^[\x20-\x7e]{8,110}\.$/, name)
      assert.match(spec, /^(?:-|[A-Z][\w ,.()-]+)$/, name)
    }
  })
})

describe('oxd faulty-op', () => {
  it('runs until it is stopped, and shows each request', async () => {
    const child = spawn(process.execPath, [OXD, 'faulty-op', '--fault', 'issuer_slashed', '--port', '0'])
    let out = ''
    const issuer = await new Promise<string>((done) => {
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        out += part
        if (out.includes('Ctrl-C')) done(/Issuer +(\S+)/.exec(out)?.[1] ?? '')
      })
    })
    assert.match(issuer, /^http:\/\/127\.0\.0\.1:\d+$/)
    const answer = await fetch(`${issuer}/.well-known/openid-configuration?secret=x`)
    assert.equal(Object(await answer.json()).issuer, `${issuer}/`)
    const ended = new Promise<number | null>((done) => child.once('close', done))
    child.kill('SIGTERM')
    assert.equal(await ended, 0)
    assert.match(out, /GET {2}\/\.well-known\/openid-configuration +200 {2}discovery\n/)
    assert.doesNotMatch(out, /secret=x/)
  })

  it('refuses production, faults that there are not, ports and addresses that are none', async () => {
    const production = await run(['--fault', 'iss_missing'], { NODE_ENV: 'production' })
    assert.equal(production.code, 1)
    assert.match(production.stderr, /^oxd: The faulty OP does not run with NODE_ENV=production[^\n]*\n$/)
    const address = /"[^"]+": it must be a whole URL, without a fragment/
    for (const [args, what] of [
      [['--fault', 'iss_mising'], /no fault "iss_mising"\. Did you mean .*iss_missing.*--list-faults/],
      [['--fault', 'iss_missings'], /Did you mean iss_missing,/],
      [['--fault', 'expired'], /Did you mean .*secret_expired, .*jarm_expired/],
      [['--fault', 'iss_missing', '--fault', 'iss_list'], /one thing wrong at a time/],
      [['--fault', 'issuer_http'], /issuer_http.*https: give --tls-cert and --tls-key/],
      [['iss_missing'], /Unexpected argument 'iss_missing'\. See oxd faulty-op --help/],
      [['--tls-cert', 'x.pem'], /--tls-cert and --tls-key go together/],
      [['--port', 'x'], /--port is "x"/],
      [['--redirect-uri', 'here'], address],
      [['--post-logout-redirect-uri', 'https://client.example.com/#a'], address],
      [['--backchannel-logout-uri', 'here'], address],
    ] as const) {
      let said = ''
      const stream = { write: (text: string) => (said += text) }
      const ended = await runFaultyOp(args, { env: {}, stdout: stream, stderr: stream }).catch(
        (error: unknown) => (error instanceof StartError ? error.message : Promise.reject(error)),
      )
      assert.match(`${said}${ended}`, what)
    }
    const previous = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    await assert.rejects(startFaultyOp(), /NODE_ENV=production/)
    if (previous === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = previous
  })

  it('does nothing wrong without a fault', async () => {
    const child = spawn(process.execPath, [OXD, 'faulty-op', '--port', '0'])
    let out = ''
    for await (const part of child.stdout.setEncoding('utf8')) {
      out += String(part)
      if (out.includes('Ctrl-C')) break
    }
    assert.match(out, /^An OP that does nothing wrong is up\.$/m)
    const issuer = /Issuer +(\S+)/.exec(out)?.[1]
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`)
    assert.equal(Object(await answer.json()).issuer, issuer)
    const ended = new Promise<number | null>((done) => child.once('close', done))
    child.kill('SIGTERM')
    assert.equal(await ended, 0)
  })

  it('ends quietly with whoever reads its list', async () => {
    const child = spawn(process.execPath, [OXD, 'faulty-op', '--list-faults'])
    const said = text(child.stderr)
    child.stdout.destroy()
    const [code] = await once(child, 'close')
    assert.deepEqual([code, await said], [0, ''])
  })

  it('lists its faults as the documentation says', async () => {
    assert.match(DOCS, /^npx oxd faulty-op --list-faults$/m)
    const { stdout } = await run(['--list-faults'])
    assert.equal(stdout.trim().split('\n').length, Object.keys(FAULTS).length)
    const named = [...DOCS.matchAll(/--fault (\w+)|lie\('(\w+)'\)|`(aud_\w+)`/g)]
    for (const [, ...names] of named)
      assert.ok(
        names.some((name) => name !== undefined && name in FAULTS),
        String(names),
      )
    assert.equal(named.length, 6)
  })
})

describe('docs/faulty-op.md', () => {
  mkdirSync(join(ROOT, '.dev'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.dev', 'faulty-'))
  after(() => rmSync(folder, { recursive: true }))

  it('has a program that runs', async () => {
    const program = /^```ts\n([\s\S]*?)^```$/m.exec(DOCS)?.[1] ?? ''
    writeFileSync(
      join(folder, 'program.ts'),
      program.replace('oxd/testing', join(ROOT, 'src/testing/index.ts')),
    )
    await promisify(execFile)(process.execPath, [join(folder, 'program.ts')])
  })
})
