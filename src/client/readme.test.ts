// The snippets of the library's README, tried: each compiles, and does what the text says.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createAuthority, createServerCertificate } from '../testing/tls.ts'
import * as library from './client.ts'
import { httpRefusal, httpStandIn, type HttpAnswer, type HttpStandIn } from './stand_in_http.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const README = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
const SNIPPETS = [...README.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)

const NEED_INFO = { ticket: 't-2', required_claims: [], redirect_user: 'https://op.example.com/gather' }
const ANSWERS: Readonly<Record<string, HttpAnswer>> = {
  '/get-authorization-url': { authorization_url: 'https://op.example.com/', state: 'S', login_id: 'L' },
  '/setup-client': {
    oxd_id: 'X',
    op_host: 'https://op.example.com',
    client_id: 'c-79',
    client_secret: 'secret',
  },
  '/get-client-token': { access_token: 't-1', expires_in: 300 },
  '/get-user-info': { claims: { sub: 'u-1' } },
  '/get-tokens-by-callback': { access_token: 'at', id_token_claims: { sub: 'u-1' }, state: 'S' },
  '/uma-rs-protect': { oxd_id: 'X' },
  '/uma-rs-check-access': { access: 'denied', 'www-authenticate_header': 'UMA ticket="t"', ticket: 't' },
  '/uma-rp-get-rpt': httpRefusal('need_info', 'More. [ref A-1]', NEED_INFO),
  '/uma-rp-get-claims-gathering-url': { url: 'https://op.example.com/gather?ticket=t-2', state: 'S' },
}

describe('the README of the library', () => {
  let folder: string
  let peer: HttpStandIn
  before(async () => {
    const authority = await createAuthority('a CA of our own')
    const tls = await createServerCertificate(authority, { names: ['localhost'] })
    peer = await httpStandIn(({ path = '' }) => ANSWERS[path], { tls })
    // Inside the repository, so that the snippets find their package.
    mkdirSync(join(ROOT, '.dev'), { recursive: true })
    folder = mkdtempSync(join(ROOT, '.dev', 'library-'))
    writeFileSync(join(folder, 'oxd-ca.pem'), authority.cert)
    const url = `https://localhost:${peer.port}`
    writeFileSync(join(folder, 'site.cfg'), `url = ${url}\nca = oxd-ca.pem\nid =\n`, { mode: 0o600 })
    for (const [at, text] of SNIPPETS.entries()) {
      const here = text
        .replace('https://oxd.example.com:8443', url)
        .replace("'oxd-ca.pem'", JSON.stringify(join(folder, 'oxd-ca.pem')))
        .replace("'site.cfg'", JSON.stringify(join(folder, 'site.cfg')))
      writeFileSync(join(folder, `snippet_${at}.ts`), here)
    }
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    await peer.stop()
  })

  it('has snippets that compile', async () => {
    const tsconfig = { extends: join(ROOT, 'tsconfig.json'), include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
    const { stdout } = await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
      (error: { stdout: string }) => error,
    )
    assert.equal(stdout, '')
  })

  it('has snippets that do what it says', async () => {
    // What the snippets export is what this test calls; the compiler has seen that they are functions.
    type Snippet = Readonly<Record<string, (...parameters: unknown[]) => Promise<Record<string, unknown>>>>
    const [keyed, guarded, flows, server, client, , hook]: readonly Snippet[] = await Promise.all(
      SNIPPETS.map((_, at) => import(join(folder, `snippet_${at}.ts`))),
    )
    assert.equal((await keyed?.login?.())?.state, 'S')
    await guarded?.install?.()
    assert.match(readFileSync(join(folder, 'site.cfg'), 'utf8'), /^id = X\nprotection_client_id = c-79\n/m)
    assert.deepEqual((await guarded?.who?.('at'))?.sub, ['u-1'])
    assert.equal(peer.asked.at(-1)?.headers.authorization, 'Bearer t-1')
    assert.equal((await flows?.begin?.('session'))?.state, 'S')
    assert.equal(peer.asked.at(-1)?.params.response_mode, 'form_post')
    const url = 'https://client.example.com/callback?state=S&code=c'
    assert.deepEqual(await flows?.end?.(url, 'S', 'session'), ['u-1'])
    assert.equal(peer.asked.at(-1)?.params.callback_url, url)
    assert.deepEqual(await server?.protect?.(), { oxd_id: 'X' })
    const [resource] = (peer.asked.at(-1)?.params.resources ?? []) as library.Resource[]
    assert.deepEqual(
      resource?.conditions.map(({ httpMethods }) => httpMethods),
      [['GET'], ['PUT', 'POST']],
    )
    assert.deepEqual(await server?.check?.('GET', '/photos', 'Bearer r'), {
      granted: false,
      header: 'UMA ticket="t"',
    })
    assert.equal(peer.asked.at(-1)?.params.rpt, 'r')
    assert.deepEqual(await client?.rptFor?.('t-1'), {
      send_the_user_to: 'https://op.example.com/gather?ticket=t-2',
      keep_in_the_session: 'S',
    })
    assert.equal(peer.asked.at(-1)?.params.ticket, 't-2')
    const ended: unknown[] = []
    process.env.WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
    const body = JSON.stringify({ type: 'login.ended', data: { login_id: 'L' } })
    const at = Math.floor(Date.now() / 1000)
    const mac = createHmac('sha256', Buffer.alloc(32, 1)).update(`ended_L.${at}.${body}`).digest('base64')
    const headers = {
      'webhook-id': 'ended_L',
      'webhook-timestamp': String(at),
      'webhook-signature': `v1,${mac}`,
    }
    const receive = (sent: string) =>
      hook?.receive?.(new Request('https://client.example.com', { headers }), sent, (id: unknown) =>
        ended.push(id),
      )
    assert.deepEqual([receive(body), receive(`${body} `), ended], [204, 400, ['L']])
  })

  it('names every class of errors', () => {
    for (const name of Object.keys(library).filter((key) => key.endsWith('Error'))) {
      assert.ok(README.includes(`| \`${name}\` |`), name)
    }
  })
})
