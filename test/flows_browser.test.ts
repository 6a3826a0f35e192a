// Logins in a real browser, at the certified OP, in the flows and modes that the configuration of the sample site can ask for.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startSite } from '../examples/demosite/site.ts'
import { launchBrowser } from '../src/testing/browser.ts'
import { startTestDaemon, type TestDaemon } from '../src/testing/daemon.ts'
import { ensureCertificates } from '../src/testing/dev_op/certificates.ts'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { assertNoSecrets } from '../src/testing/log_scan.ts'
import { realWorld } from '../src/world.ts'

const ROOT = join(import.meta.dirname, '..')
const EXAMPLE = readFileSync(join(ROOT, 'examples/demosite/demosite.example.cfg'), 'utf8')
/** A page that takes longer is a failure: all servers are on this machine. */
const PAGE_MS_MAX = 20_000

/** What the configuration asks for, and whether the OP answers at its token endpoint. */
const FLOWS: readonly (readonly [response_types: string, response_mode: string, tokens: number])[] = [
  ['id_token', '', 0],
  ['id_token token', '', 0],
  ['code id_token', '', 1],
  ['code id_token token', '', 1],
  ['code', 'form_post', 1],
  ['id_token', 'form_post', 0],
  ['code id_token', 'form_post', 1],
  ['code', 'fragment', 1],
  ['code', 'jwt', 1],
  ['code', 'form_post.jwt', 1],
  ['id_token token', 'jwt', 0],
]

describe('a login in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oxd-flows-'))
  let op: DevOp
  let daemon: TestDaemon
  let browser: Browser
  let certificate: Awaited<ReturnType<typeof ensureCertificates>>
  before(async () => {
    certificate = await ensureCertificates(
      join(folder, 'tls'),
      [],
      realWorld(() => {}),
    )
    const cert = readFileSync(certificate.cert_file, 'utf8')
    op = await startDevOp({ tls: { cert, key: readFileSync(certificate.key_file, 'utf8') } })
    daemon = await startTestDaemon({ argv: ['--trust-op', op.issuer, '--op-ca', certificate.ca_file] })
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
    browser = await launchBrowser({ ca_spki: createHash('sha256').update(spki).digest('base64') })
  })
  after(async () => {
    await browser.close()
    await daemon.close()
    await op.close()
    rmSync(folder, { recursive: true })
  })

  interface Visit {
    readonly page: Page
    readonly url: string
    /** Each address that was asked for, and what went wrong in the browser. */
    readonly requests: readonly string[]
    readonly troubles: readonly string[]
  }

  /** At a site of its own, whose configuration asks for this flow. */
  const atSite = async (
    [response_types, response_mode]: readonly [string, string],
    tell: (visit: Visit) => Promise<void>,
    javaScriptEnabled = true,
  ): Promise<void> => {
    const own = mkdtempSync(join(folder, 'site-'))
    const cfg_path = join(own, 'demosite.cfg')
    writeFileSync(
      cfg_path,
      EXAMPLE.replace(/^response_types = .*$/m, `response_types = ${response_types}`).replace(
        /^response_mode =.*$/m,
        `response_mode = ${response_mode}`,
      ),
    )
    const site = await startSite({
      cfg_path,
      folder: own,
      host: 'demo.localhost',
      port: 0,
      oxd_port: daemon.port,
      op_port: Number(new URL(op.issuer).port),
      cert_path: certificate.cert_file,
      key_path: certificate.key_file,
      say: () => {},
    })
    const context = await browser.newContext({ javaScriptEnabled })
    context.setDefaultTimeout(PAGE_MS_MAX)
    const [requests, troubles]: string[][] = [[], []]
    context.on('request', (request) => requests?.push(request.url()))
    context.on('weberror', (error) => troubles?.push(error.error().message))
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') troubles?.push(message.text())
    })
    try {
      const page = await context.newPage()
      await tell({ page, url: site.url, requests: requests ?? [], troubles: troubles ?? [] })
    } finally {
      await context.close()
      await site.close()
    }
  }

  const signIn = async (page: Page, url: string): Promise<void> => {
    await page.goto(url)
    await page.getByRole('main').getByRole('link', { name: 'Log in', exact: true }).first().click()
    await page.getByLabel('User name').fill('alice')
    await page.getByLabel('Password').fill('wonderland')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }

  for (const flow of FLOWS) {
    const [response_types, response_mode, tokens] = flow
    it(`with ${response_types}${response_mode && ` by ${response_mode}`}`, async () => {
      await atSite([response_types, response_mode], async ({ page, url, requests, troubles }) => {
        const before = op.requests.get('POST /token') ?? 0
        await signIn(page, url)
        await page.getByRole('button', { name: 'Allow', exact: true }).click()
        await page.waitForURL(`${url}#claims`)
        const name = response_types === 'id_token' ? /^Hello, / : 'Hello, Alice Liddell'
        await page.getByRole('heading', { level: 1, name }).waitFor()
        assert.equal((op.requests.get('POST /token') ?? 0) - before, tokens)
        assert.deepEqual(troubles, [])
        // Nothing of a token was in an address that a server sees, nor is it in one that the history keeps.
        const told = requests.filter((one) => !one.includes('#')).join('\n')
        assert.doesNotMatch(told, /(id|access)_token=/)
        await page.goBack()
        assert.doesNotMatch(page.url(), /(id|access)_token=/)
        const picture = process.env.OXD_PICTURES
        if (picture !== undefined) {
          await page.goto(url)
          await page.screenshot({
            path: join(picture, `${response_types}-${response_mode}.png`.replaceAll(' ', '-')),
          })
        }
      })
    })
  }

  for (const response_mode of ['form_post', 'fragment', 'jwt']) {
    it(`that the user declines, by ${response_mode}`, async () => {
      await atSite(['code', response_mode], async ({ page, url }) => {
        await signIn(page, url)
        await page.getByRole('button', { name: 'Deny', exact: true }).click()
        await page.getByRole('heading', { name: 'You did not allow the login' }).waitFor()
      })
    })
  }

  it('without scripts takes one click more for a form, and says what it needs for a fragment', async () => {
    const allow = async (page: Page, url: string): Promise<void> => {
      await signIn(page, url)
      await page.getByRole('button', { name: 'Allow', exact: true }).click()
    }
    await atSite(
      ['code', 'form_post'],
      async ({ page, url }) => {
        await allow(page, url)
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL(`${url}callback`)
        await page.getByText('One more step ends your login.').waitFor()
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL(`${url}#claims`)
      },
      false,
    )
    await atSite(
      ['code', 'fragment'],
      async ({ page, url }) => {
        await allow(page, url)
        await page.getByText('If nothing happens, allow scripts for this site').waitFor()
      },
      false,
    )
  })

  it('is of no use in another browser, also as a form', async () => {
    await atSite(['code', 'form_post'], async ({ page, url }) => {
      let form = ''
      await page.route(`${url}callback/response`, (route) => {
        form = route.request().postData() ?? ''
        return route.abort()
      })
      await signIn(page, url)
      const stopped = page.waitForEvent('requestfailed')
      await page.getByRole('button', { name: 'Allow', exact: true }).click()
      await stopped
      const stranger = await browser.newContext()
      try {
        const elsewhere = await stranger.newPage()
        await elsewhere.goto(url)
        await elsewhere.evaluate(`
          const form = document.createElement('form')
          Object.assign(form, { method: 'post', action: '/callback/response' })
          const field = document.createElement('input')
          Object.assign(field, { name: 'form', value: ${JSON.stringify(new URLSearchParams(form).get('form'))} })
          form.append(field)
          document.body.append(form)
          form.submit()
        `)
        await elsewhere.getByRole('heading', { name: 'This login does not belong to your browser' }).waitFor()
      } finally {
        await stranger.close()
      }
    })
  })

  it('leaves no secret in the log', () => {
    assertNoSecrets(JSON.stringify(daemon.log), { password: 'wonderland', email: 'alice@example.com' })
  })
})
