// People on their way to the protected album, in a real browser: the sample site, the daemon and the dev OP over https.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, afterEach, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startSite, type RunningSite } from '../examples/demosite/site.ts'
import { launchBrowser } from '../src/testing/browser.ts'
import { startTestDaemon, type TestDaemon } from '../src/testing/daemon.ts'
import { ensureCertificates } from '../src/testing/dev_op/certificates.ts'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { assertNoSecrets } from '../src/testing/log_scan.ts'
import { realWorld } from '../src/world.ts'

/** The widths of a desk and of a telephone. */
const WIDTHS = [390, 1280] as const
const HEIGHT = 860
/** A page that takes longer is a failure: all servers are on this machine. */
const PAGE_MS_MAX = 20_000
const TITLE = 'A protected album, step by step'

const folder = mkdtempSync(join(tmpdir(), 'oxd-uma-'))
let op: DevOp
let daemon: TestDaemon
let site: RunningSite
let browser: Browser
let ca: string
/** What the site said to the person who runs it. */
const said: string[] = []
/** What should not have happened in a browser. */
let troubles: string[] = []
/** Each URL for which a page was asked. */
let requests: string[] = []
let contexts: BrowserContext[] = []

before(async () => {
  const tls = await ensureCertificates(
    join(folder, 'tls'),
    [],
    realWorld(() => {}),
  )
  ca = readFileSync(tls.ca_file, 'utf8')
  const cert = readFileSync(tls.cert_file, 'utf8')
  op = await startDevOp({ tls: { cert, key: readFileSync(tls.key_file, 'utf8') } })
  daemon = await startTestDaemon({ argv: ['--trust-op', op.issuer, '--op-ca', tls.ca_file] })
  site = await startSite({
    cfg_path: join(folder, 'demosite.cfg'),
    folder,
    host: 'demo.localhost',
    port: 0,
    oxd_port: daemon.port,
    op_port: Number(new URL(op.issuer).port),
    cert_path: tls.cert_file,
    key_path: tls.key_file,
    say: (line) => said.push(line),
  })
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  browser = await launchBrowser({ ca_spki: createHash('sha256').update(spki).digest('base64') })
})
after(async () => {
  await browser.close()
  await site.close()
  await daemon.close()
  await op.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  troubles = []
  requests = []
  contexts = []
})
afterEach(async () => {
  for (const context of contexts) await context.close()
  assert.deepEqual(troubles, [])
})

const visitor = async (): Promise<Page> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: HEIGHT } })
  contexts.push(context)
  context.setDefaultTimeout(PAGE_MS_MAX)
  const known = new Set([new URL(site.url).origin, op.issuer])
  context.on('request', (asked) => {
    if (asked.isNavigationRequest()) requests.push(asked.url())
    if (!known.has(new URL(asked.url()).origin)) troubles.push(`a request to ${asked.url()}`)
  })
  context.on('weberror', (error) => troubles.push(error.error().message))
  context.on('console', (message) => {
    // A page that says what was refused has a status from 400 on, which is noted there.
    if (message.type() === 'error' && !/the server responded with a status/.test(message.text()))
      troubles.push(message.text())
  })
  return context.newPage()
}

/** Pixels that can be scrolled to sideways, once the style is there. */
const BEYOND = `(async () => {
  if (document.readyState !== 'complete') await new Promise((done) => addEventListener('load', done))
  return document.scrollingElement.scrollWidth - innerWidth
})()`

/** Waits for the page with this heading, and looks at it: nothing sticks out at the side, on a desk or a telephone. */
const look = async (page: Page, heading = TITLE): Promise<string> => {
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT })
    const beyond = await page.evaluate(BEYOND)
    assert.ok(Number(beyond) <= 0, `${heading}: ${String(beyond)} pixels too wide at ${width}`)
  }
  return page.locator('main').innerText()
}
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const follow = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).click()
const answer = (page: Page, command: string) => page.getByRole('region', { name: `Answer to ${command}` })

/** To the point at which the person is asked. */
const knock = async (page: Page): Promise<void> => {
  await page.goto(`${site.url}uma`)
  await press(page, 'Knock')
  await press(page, 'Ask for the token')
  await page.waitForURL(`${site.url}uma#ask`)
}
/** There, and back. */
const giveClaims = async (page: Page, country: string): Promise<void> => {
  await follow(page, 'Go and give them')
  await page.getByLabel('Country').fill(country)
  await press(page, 'Continue')
  await page.waitForURL(`${site.url}uma#again`)
}

/** A request of a program to the album's API. */
const knockAsProgram = (authorization = ''): Promise<{ status: number; header: string; body: string }> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(site.url)
    const sent = request(
      {
        host: '127.0.0.1',
        servername: 'demo.localhost',
        ca,
        port,
        path: '/api/album',
        agent: false,
        ...(authorization === '' ? {} : { headers: { authorization } }),
      },
      (response) => {
        let body = ''
        response.on('data', (chunk) => (body += String(chunk)))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            header: String(response.headers['www-authenticate'] ?? ''),
            body,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })

test('from the start page to the open album, each step shown, no secret in any page', async () => {
  const page = await visitor()
  const pages: string[] = []
  const keep = async () => void pages.push(await page.content())
  await page.goto(site.url)
  await follow(page, 'The protected album')
  assert.match(await look(page), /Knock first: it takes a ticket/)
  await press(page, 'Protect the album')
  await page.waitForURL(`${site.url}uma#protect`)
  assert.match(await look(page), /uma_rs_protect/)

  await press(page, 'Knock')
  await page.waitForURL(`${site.url}uma#knock`)
  assert.match(await answer(page, 'uma_rs_check_access').innerText(), /"access": "denied"[^]*ticket=\\".{6}…/)
  await keep()
  await press(page, 'Ask for the token')
  await page.waitForURL(`${site.url}uma#ask`)
  const need = await answer(page, 'uma_rp_get_rpt').innerText()
  assert.match(need, /"error": "need_info"[^]*"ticket": ".{6}…"[^]*"friendly_name": "Country"/)
  assert.match(await look(page), /needs to know more of the person/)
  await keep()

  await giveClaims(page, 'NL')
  assert.match(page.url(), /\/uma#again$/, 'neither ticket nor state in the address bar')
  await keep()
  await press(page, 'Ask again')
  assert.match(await look(page), /It was given the token/)
  await keep()
  await press(page, 'Open it')
  assert.match(await look(page), /The album is open/)
  assert.equal(await page.getByRole('img', { name: 'The lake, later' }).count(), 1)
  await press(page, 'Try to delete it')
  assert.match(await look(page), /It may not be deleted/)
  await keep()

  const passed = requests
    .flatMap((url) => [...new URL(url).searchParams])
    .filter(([, value]) => value.length > 20)
  const secrets = passed.filter(([name]) => name === 'ticket' || name === 'state')
  assert.equal(secrets.length, 4, 'a ticket and a state there, and back')
  const names = Object.fromEntries(secrets.map(([name, value], i) => [`${name} ${i}`, value]))
  assertNoSecrets([...pages, ...said, JSON.stringify(daemon.log)].join('\n'), names)
  for (const text of pages) assert.doesNotMatch(text, /"(?:ticket|access_token|rpt|pct|state)": "[^"…]{8,}"/)
})

test('in again without being asked, since the authorization server remembers', async () => {
  const page = await visitor()
  await knock(page)
  await giveClaims(page, 'NL')
  await press(page, 'Ask again')
  await press(page, 'Open it')
  await press(page, 'Knock')
  await press(page, 'Ask for the token')
  assert.match(await look(page), /given the token at once/)
  await press(page, 'Open it')
  assert.match(await look(page), /The album is open/)
  await press(page, 'Start over')
  assert.doesNotMatch(await look(page), /The album is open|from oxd/)
})

test('whoever is elsewhere, or does not want to say, stays outside, and may try again', async () => {
  const page = await visitor()
  await knock(page)
  await giveClaims(page, 'BE')
  await press(page, 'Ask again')
  const text = await look(page)
  assert.match(text, /request_denied/)
  assert.match(text, /The album is closed without a token/)

  await press(page, 'Knock')
  await press(page, 'Ask for the token')
  await follow(page, 'Go and give them')
  await press(page, 'Cancel')
  await press(page, 'Ask again')
  assert.match(await look(page), /request_denied/)

  await press(page, 'Knock')
  await press(page, 'Ask for the token')
  await giveClaims(page, 'NL')
  await press(page, 'Ask again')
  await press(page, 'Open it')
  assert.match(await look(page), /The album is open/)
})

test('the way back of another browser is refused, and so is one that was used', async () => {
  const attacker = await visitor()
  await knock(attacker)
  await giveClaims(attacker, 'NL')
  const back = requests.findLast((url) => url.startsWith(`${site.url}uma/back`)) ?? ''
  const commands = daemon.log.length
  const victim = await visitor()
  for (const page of [victim, attacker]) {
    await page.goto(back)
    await look(page, 'These answers do not belong to your browser')
  }
  assert.equal(daemon.log.length, commands, 'oxd is not even asked')
})

test('a form of another session is refused', async () => {
  const page = await visitor()
  await page.goto(`${site.url}uma`)
  await page.context().clearCookies()
  await press(page, 'Knock')
  await look(page, 'This form is out of date')
})

test('it can be walked by keyboard alone', async () => {
  const page = await visitor()
  await page.goto(`${site.url}uma`)
  const button = page.getByRole('button', { name: 'Knock', exact: true })
  for (let tabs = 0; tabs < 30; tabs++) {
    await page.keyboard.press('Tab')
    if (await button.evaluate('(element) => element === document.activeElement')) break
  }
  await page.keyboard.press('Enter')
  await page.waitForURL(`${site.url}uma#knock`)
  await answer(page, 'uma_rs_check_access').focus()
})

test('a program is told where to go with its ticket, and a made-up token opens nothing', async () => {
  for (const authorization of ['', 'Bearer made-up', 'Basic YTpi']) {
    const { status, header, body } = await knockAsProgram(authorization)
    assert.equal(status, 401)
    assert.ok(header.startsWith(`UMA realm="rs",as_uri="${op.issuer}",error="insufficient_scope",ticket="`))
    assert.deepEqual(JSON.parse(body), { error: 'insufficient_scope' })
  }
})

test('protected anew, the album is closed to every token of before', async () => {
  const page = await visitor()
  await knock(page)
  await giveClaims(page, 'NL')
  await press(page, 'Ask again')
  await press(page, 'Open it')
  const other = await visitor()
  await other.goto(`${site.url}uma`)
  await press(other, 'Protect the album')
  await press(page, 'Open it')
  const text = await look(page)
  assert.doesNotMatch(text, /The album is open/)
  assert.match(text, /The album is closed without a token/)
})
