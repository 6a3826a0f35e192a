// People in front of a real browser: the sample site, the daemon and the dev OP over https, and every way a login may go.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { COOKIE } from '../examples/demosite/session.ts'
import { settingsOf } from '../examples/demosite/settings.ts'
import { startSite } from '../examples/demosite/site.ts'
import { LIMITS } from '../src/limits.ts'
import { launchBrowser } from '../src/testing/browser.ts'
import { startTestDaemon, type TestDaemon } from '../src/testing/daemon.ts'
import { ensureCertificates } from '../src/testing/dev_op/certificates.ts'
import { startDevOp, type DevOp } from '../src/testing/dev_op/op.ts'
import { signIn as signInByHand, Visitor as HandVisitor } from '../src/testing/dev_op/sign_in.ts'
import { assertNoSecrets } from '../src/testing/log_scan.ts'
import { realWorld } from '../src/world.ts'
import { freePort } from '../src/testing/free_port.ts'

const PEOPLE = {
  alice: { password: 'wonderland', name: 'Alice Liddell', email: 'alice@example.com' },
  bob: { password: 'builder', name: 'Bob Stone', email: 'bob@example.com' },
} as const
type Person = keyof typeof PEOPLE

/** The widths of a desk and of a telephone. */
const WIDTHS = [390, 1280] as const
const HEIGHT = 860
/** A page that takes longer is a failure: all servers are on this machine. */
const PAGE_MS_MAX = 20_000

const folder = mkdtempSync(join(tmpdir(), 'oxd-browser-'))
let op: DevOp
let daemon: TestDaemon
let browser: Browser
let certificate: { readonly ca_file: string; readonly cert_file: string; readonly key_file: string }
/** How far the daemon's clock is ahead. */
let ahead_ms = 0

/** A daemon with its data in a folder of this name; a second one with the same name is the first, restarted. */
const daemonWith = (data: string, { port = 0, trust = op.issuer } = {}): Promise<TestDaemon> =>
  startTestDaemon({
    data_dir: join(folder, data),
    now: () => Date.now() + ahead_ms,
    argv: ['--trust-op', trust, '--op-ca', certificate.ca_file, '--port', String(port)],
  })

before(async () => {
  certificate = await ensureCertificates(
    join(folder, 'tls'),
    [],
    realWorld(() => {}),
  )
  const cert = readFileSync(certificate.cert_file, 'utf8')
  op = await startDevOp({ tls: { cert, key: readFileSync(certificate.key_file, 'utf8') } })
  daemon = await daemonWith('data')
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  browser = await launchBrowser({ ca_spki: createHash('sha256').update(spki).digest('base64') })
})
after(async () => {
  await browser.close()
  await daemon.close()
  await op.close()
  rmSync(folder, { recursive: true })
})

/** What oxd answered when it was asked so, in order. */
const outcomes = (command: string): unknown[] =>
  daemon.log
    .filter(({ message, fields }) => message === 'command' && fields.command === command)
    .map(({ fields }) => fields.outcome)

/** One person's browser: cookies of its own, tabs, and everything in it that should not have happened. */
interface Visitor {
  readonly context: BrowserContext
  readonly tab: () => Promise<Page>
  /** Each URL that stood in the address bar. */
  readonly urls: string[]
  /** Each request for a page, redirects included. */
  readonly requests: string[]
}

interface Site {
  readonly url: string
  readonly cfg_path: string
  /** What it said to the person who runs it. */
  readonly said: readonly string[]
  readonly visitor: (cookies?: Awaited<ReturnType<BrowserContext['cookies']>>) => Promise<Visitor>
}

const watched = async (context: BrowserContext, site_url: string, troubles: string[]): Promise<Visitor> => {
  const urls: string[] = []
  const requests: string[] = []
  const known = new Set([new URL(site_url).origin, new URL(op.issuer).origin])
  context.setDefaultTimeout(PAGE_MS_MAX)
  context.on('request', (request) => {
    if (request.isNavigationRequest()) requests.push(request.url().replace(/#.*/, ''))
    if (!known.has(new URL(request.url()).origin)) troubles.push(`a request to ${request.url()}`)
  })
  context.on('requestfailed', (request) => {
    // Who leaves a page early aborts what it was still loading.
    const why = request.failure()?.errorText ?? ''
    if (why !== 'net::ERR_ABORTED') troubles.push(`${request.url()}: ${why}`)
  })
  context.on('weberror', (error) => troubles.push(error.error().message))
  context.on('console', (message) => {
    // Notes are not meant: that a person types before the focus is set, for instance.
    if (message.type() !== 'error' && message.type() !== 'warning') return
    // A page with a status from 400 on is noted in the console; a style or a picture that is missing is a mistake.
    const [url = ''] = message.location().url.split('#')
    const is_status = message.text().startsWith('Failed to load resource: the server responded with a status')
    if (!is_status || !requests.includes(url)) troubles.push(`in the console: ${message.text()}`)
  })
  const tab = async () => {
    const page = await context.newPage()
    page.on('framenavigated', (frame) => urls.push(frame.url()))
    return page
  }
  return { context, tab, urls, requests }
}

/** Tells a story at a site of its own; afterwards nothing may have gone wrong in the browsers of its visitors. */
const withSite = async (
  tell: (site: Site) => Promise<void>,
  { oxd_port = daemon.port, op_host = op.issuer } = {},
): Promise<void> => {
  const own = mkdtempSync(join(folder, 'site-'))
  const said: string[] = []
  const site = await startSite({
    cfg_path: join(own, 'demosite.cfg'),
    folder: own,
    host: 'demo.localhost',
    port: 0,
    oxd_port,
    op_port: Number(new URL(op_host).port),
    cert_path: certificate.cert_file,
    key_path: certificate.key_file,
    say: (line) => said.push(line),
  })
  const contexts: BrowserContext[] = []
  const troubles: string[] = []
  const visitor: Site['visitor'] = async (cookies = []) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: HEIGHT } })
    contexts.push(context)
    await context.addCookies(cookies)
    return watched(context, site.url, troubles)
  }
  try {
    await tell({ url: site.url, cfg_path: join(own, 'demosite.cfg'), said, visitor })
    assert.deepEqual(troubles, [])
  } finally {
    for (const context of contexts) await context.close()
    await site.close()
  }
}

/** Pixels that can be scrolled to sideways, once the style is there. */
const BEYOND = `(async () => {
  if (document.readyState !== 'complete') await new Promise((done) => addEventListener('load', done))
  return document.scrollingElement.scrollWidth - innerWidth
})()`

/** Waits for the page with this heading, and looks at it: nothing sticks out at the side, on a desk or a telephone. */
const look = async (page: Page, heading: string): Promise<string> => {
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT })
    const beyond = await page.evaluate(BEYOND)
    assert.ok(Number(beyond) <= 0, `${heading}: ${String(beyond)} pixels too wide at ${width}`)
  }
  return page.content()
}

const HOME = 'A login, step by step'
const isHome = async (page: Page, person: Person): Promise<string> => {
  const text = await look(page, `Hello, ${PEOPLE[person].name}`)
  assert.equal(await page.getByRole('cell', { name: PEOPLE[person].email, exact: true }).count(), 1)
  return text
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const follow = (page: Page, name: string) =>
  page.getByRole('main').getByRole('link', { name, exact: true }).first().click()

/** From the start page to the OP's form. */
const beginLogin = async (page: Page, site: Site): Promise<void> => {
  await page.goto(site.url)
  await follow(page, 'Log in')
  await look(page, 'Sign in')
}
const signIn = async (page: Page, user: Person, password: string = PEOPLE[user].password): Promise<void> => {
  await page.getByLabel('User name').fill(user)
  await page.getByLabel('Password').fill(password)
  await press(page, 'Sign in')
}
const logIn = async (page: Page, site: Site, user: Person): Promise<void> => {
  await beginLogin(page, site)
  await signIn(page, user)
  await look(page, 'Allow access?')
  await press(page, 'Allow')
  await page.waitForURL(`${site.url}#claims`)
}
const logOut = async (page: Page, site: Site): Promise<void> => {
  await page.goto(site.url)
  await follow(page, 'Log out')
  await look(page, 'Log out?')
  await press(page, 'Yes, log out')
  await look(page, 'Sign out?')
  await press(page, 'Sign out')
}

/** The address at which this visitor came back from the OP. */
const callbackOf = ({ requests }: Visitor, site: Site): string =>
  requests.findLast((url) => url.startsWith(`${site.url}callback`)) ?? ''

test('alice logs in, sees her claims, logs out; then bob, who sees his', () =>
  withSite(async (site) => {
    const visitor = await site.visitor()
    const page = await visitor.tab()
    await page.goto(site.url)
    const welcome = await look(page, HOME)
    assert.ok(welcome.includes(settingsOf(readFileSync(site.cfg_path, 'utf8')).get('id') ?? '?'))
    assert.doesNotMatch(welcome, /alice/i)

    await logIn(page, site, 'alice')
    await isHome(page, 'alice')
    const cookies = await visitor.context.cookies(site.url)
    assert.ok(cookies.some(({ name, httpOnly, secure }) => name === COOKIE && httpOnly && secure))
    const thief = await (await site.visitor(cookies)).tab()
    await thief.goto(site.url)
    await isHome(thief, 'alice')

    await page.goto(site.url)
    await follow(page, 'Log out')
    await look(page, 'Log out?')
    await follow(page, 'No, stay')
    await isHome(page, 'alice')

    await logOut(page, site)
    await look(page, 'You are logged out')
    assert.equal(page.url().split('?')[0], `${site.url}signed-out`)
    await thief.goto(site.url)
    await look(thief, HOME)
    assert.doesNotMatch(await thief.content(), /alice/i, 'the session is gone, whoever has its cookie')
    // Through the OP's pages and the confirmation, back to where the claims stood.
    for (let back = 0; back < 6; back += 1) {
      await page.goBack()
      assert.doesNotMatch(await page.locator('body').innerText(), /alice@|Liddell/, page.url())
    }

    await logIn(page, site, 'bob')
    assert.doesNotMatch(await isHome(page, 'bob'), /alice/i)
  }))

test('who stays signed in at the OP is logged out of the site, and comes back without a password', () =>
  withSite(async (site) => {
    const page = await (await site.visitor()).tab()
    await logIn(page, site, 'alice')
    await follow(page, 'Log out')
    await press(page, 'Yes, log out')
    await press(page, 'Stay signed in')
    await look(page, 'You are logged out')
    await follow(page, 'Log in again')
    await look(page, 'Allow access?')
    await press(page, 'Allow')
    await isHome(page, 'alice')
  }))

test('a denied consent and a cancelled login: a friendly page, no session; then the login may still succeed', () =>
  withSite(async (site) => {
    const visitor = await site.visitor()
    const page = await visitor.tab()
    const tokens = op.requests.get('POST /token')
    await beginLogin(page, site)
    await press(page, 'Cancel')
    await look(page, 'You did not allow the login')

    await follow(page, 'Log in')
    await signIn(page, 'alice')
    await look(page, 'Allow access?')
    await press(page, 'Deny')
    assert.doesNotMatch(await look(page, 'You did not allow the login'), /alice|Liddell/i)
    assert.equal(op.requests.get('POST /token'), tokens)
    await follow(page, 'Start page')
    await look(page, HOME)

    await follow(page, 'Log in')
    await press(page, 'Allow')
    await isHome(page, 'alice')
  }))

test('a wrong password, then the right one', () =>
  withSite(async (site) => {
    const page = await (await site.visitor()).tab()
    await beginLogin(page, site)
    await signIn(page, 'alice', 'looking-glass')
    const text = await look(page, 'Sign in')
    assert.equal(await page.getByRole('alert').innerText(), 'User name or password is wrong.')
    assert.equal(await page.getByLabel('User name').inputValue(), 'alice')
    assert.doesNotMatch(text, /looking-glass/)
    await signIn(page, 'alice')
    await press(page, 'Allow')
    await isHome(page, 'alice')
  }))

test('the back button after a login, and the callback revisited: friendly pages, still logged in', () =>
  withSite(async (site) => {
    const visitor = await site.visitor()
    const page = await visitor.tab()
    await logIn(page, site, 'alice')
    const tokens = outcomes('get_tokens_by_callback').length
    for (const _page of ['consent', 'sign-in']) {
      await page.goBack()
      await look(page, 'This sign-in is over')
    }
    await page.goBack()
    await isHome(page, 'alice')

    await page.goto(callbackOf(visitor, site))
    await look(page, 'You are already logged in')
    await follow(page, 'Start page')
    await isHome(page, 'alice')
    assert.equal(outcomes('get_tokens_by_callback').length, tokens)
  }))

test('two tabs begin a login each: both finish, whoever signs in last is who the site knows', () =>
  withSite(async (site) => {
    const visitor = await site.visitor()
    const [first, second, third] = [await visitor.tab(), await visitor.tab(), await visitor.tab()]
    await beginLogin(first, site)
    await beginLogin(second, site)
    await beginLogin(third, site)
    await signIn(first, 'alice')
    await press(first, 'Allow')
    await isHome(first, 'alice')
    await signIn(second, 'alice')
    await isHome(second, 'alice')
    await signIn(third, 'bob')
    await press(third, 'Allow')
    assert.doesNotMatch(await isHome(third, 'bob'), /alice/i)
    await first.reload()
    await isHome(first, 'bob')
  }))

test('a callback used before, after the logout: refused before the OP hears of it', () =>
  withSite(async (site) => {
    const visitor = await site.visitor()
    const page = await visitor.tab()
    await logIn(page, site, 'alice')
    await logOut(page, site)
    await look(page, 'You are logged out')
    const before = outcomes('get_tokens_by_callback').length
    const tokens = op.requests.get('POST /token')
    await page.goto(callbackOf(visitor, site))
    await look(page, 'This login does not belong to your browser')
    await follow(page, 'Start page')
    await look(page, HOME)
    assert.deepEqual(outcomes('get_tokens_by_callback').slice(before), ['other_session'])
    assert.equal(op.requests.get('POST /token'), tokens)
  }))

test('login CSRF: the callback of another browser is refused by its session, and the OP never hears of it', () =>
  withSite(async (site) => {
    const attacker = new HandVisitor({ ca: readFileSync(certificate.ca_file, 'utf8') })
    const begun = await attacker.fetch(new URL('login', site.url))
    const url = (await signInByHand(begun.location ?? '', { user: 'bob', visitor: attacker })).href
    assert.ok(url.startsWith(`${site.url}callback?code=`))

    const before = outcomes('get_tokens_by_callback').length
    const tokens = op.requests.get('POST /token')
    const victim = await (await site.visitor()).tab()
    await victim.goto(url)
    await look(victim, 'This login does not belong to your browser')
    await follow(victim, 'Start page')
    await look(victim, HOME)
    assert.deepEqual(outcomes('get_tokens_by_callback').slice(before), ['other_session'])
    assert.equal(op.requests.get('POST /token'), tokens)

    // Not even while the victim has a login of their own under way, or is logged in.
    await beginLogin(victim, site)
    const login = victim.url()
    await victim.goto(url)
    await look(victim, 'This login does not belong to your browser')
    await victim.goto(login)
    await signIn(victim, 'alice')
    await press(victim, 'Allow')
    await isHome(victim, 'alice')
    await victim.goto(url)
    await look(victim, 'You are already logged in')
    await victim.goto(site.url)
    await isHome(victim, 'alice')
    assert.deepEqual(outcomes('get_tokens_by_callback').slice(before), [
      'other_session',
      'other_session',
      'ok',
    ])
    assert.equal(op.requests.get('POST /token'), Number(tokens) + 1)
  }))

test('a login that took longer than 15 minutes: said, and the next one succeeds', () =>
  withSite(async (site) => {
    const page = await (await site.visitor()).tab()
    await beginLogin(page, site)
    const tokens = op.requests.get('POST /token')
    ahead_ms = (LIMITS.login_seconds + 1) * 1_000
    try {
      await signIn(page, 'alice')
      await press(page, 'Allow')
      await look(page, 'This login has ended')
    } finally {
      ahead_ms = 0
    }
    assert.equal(op.requests.get('POST /token'), tokens)
    await follow(page, 'Log in')
    await isHome(page, 'alice')
  }))

test('the daemon is down: said, with what to do; a login begun before its restart is finished after it', async () => {
  let own = await daemonWith('restarted')
  const { port } = own
  try {
    await withSite(
      async (site) => {
        const visitor = await site.visitor()
        const waiting = await visitor.tab()
        await beginLogin(waiting, site)
        await own.close()

        const page = await visitor.tab()
        await page.goto(site.url)
        await follow(page, 'Log in')
        assert.match(await look(page, 'The oxd daemon does not answer'), /npm start|oxd serve/)
        await page.getByText('Details for the people').click()
        assert.match(await page.locator('.details').innerText(), new RegExp(`is oxd running on .*:${port}`))

        own = await daemonWith('restarted', { port })
        await signIn(waiting, 'alice')
        await press(waiting, 'Allow')
        await isHome(waiting, 'alice')

        // At the logout the site forgets its user even so.
        await own.close()
        await follow(waiting, 'Log out')
        await press(waiting, 'Yes, log out')
        assert.match(await look(waiting, 'The oxd daemon does not answer'), /you are logged out here/)
        await waiting.goto(site.url)
        await look(waiting, HOME)
        own = await daemonWith('restarted', { port })
      },
      { oxd_port: port },
    )
  } finally {
    await own.close()
  }
})

test('the OP is down at the first start: said on the page and, to who logs in, with what to do', async () => {
  const op_host = `https://localhost:${await freePort()}`
  const own = await daemonWith('alone', { trust: op_host })
  try {
    await withSite(
      async (site) => {
        const page = await (await site.visitor()).tab()
        await page.goto(site.url)
        await look(page, HOME)
        assert.match(await page.getByRole('alert').innerText(), /The OpenID Provider does not answer/)
        await follow(page, 'Log in')
        assert.match(await look(page, 'The OpenID Provider does not answer'), /Reference: <code>/)
      },
      { oxd_port: own.port, op_host },
    )
  } finally {
    await own.close()
  }
})

test('a daemon that does not know the id: said, and the site registers anew', async () => {
  let own = await daemonWith('forgotten')
  const { port } = own
  const idIn = ({ cfg_path }: Site) => settingsOf(readFileSync(cfg_path, 'utf8')).get('id') ?? ''
  try {
    await withSite(
      async (site) => {
        const id = idIn(site)
        await own.close()
        own = await daemonWith('new', { port })
        const page = await (await site.visitor()).tab()
        await page.goto(site.url)
        await follow(page, 'Log in')
        await look(page, 'The daemon did not know this site')
        assert.notEqual(idIn(site), id)
        assert.ok(site.said.includes(`registered anew as ${idIn(site)}`))
        await follow(page, 'Log in')
        await signIn(page, 'alice')
        await press(page, 'Allow')
        assert.ok((await isHome(page, 'alice')).includes(idIn(site)))
      },
      { oxd_port: port },
    )
  } finally {
    await own.close()
  }
})

test('the update form: what is wrong is said beside the field; what is right the OP knows at once', () =>
  withSite(async (site) => {
    const page = await (await site.visitor()).tab()
    await logIn(page, site, 'alice')
    const uri = page.getByLabel('Post-logout URI')
    await uri.fill('https://evil.example/')
    await press(page, 'Update the registration')
    await page.locator('[aria-invalid]').waitFor()
    assert.match(
      await isHome(page, 'alice'),
      /An address of this site: it begins with https:\/\/demo\.localhost/,
    )

    await page.getByLabel('Contacts').fill('ops@example.com, boss@example.com')
    await uri.fill(`${site.url}?and=goodbye`)
    await press(page, 'Update the registration')
    await page.getByText('status = ok').waitFor()
    await isHome(page, 'alice')
    assert.equal(await page.getByLabel('Contacts').inputValue(), 'ops@example.com, boss@example.com')

    await logOut(page, site)
    await look(page, HOME)
    assert.equal(page.url(), `${site.url}?and=goodbye`)
  }))

test('with the keyboard alone: in and out', () =>
  withSite(async (site) => {
    const page = await (await site.visitor()).tab()
    /** Tab until the element of this name has the focus, visibly. */
    const tabTo = async (name: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press('Tab')
        const text = (await page.locator(':focus').innerText({ timeout: 1_000 })).trim()
        const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
        assert.match(String(outline), /^(solid|auto)$/, `the focus on ${text} cannot be seen`)
        if (text === name) return
      }
      assert.fail(`no ${name} within 30 presses`)
    }
    await page.goto(site.url)
    await tabTo('Skip to the content')
    await page.keyboard.press('Enter')
    await tabTo('Log in')
    await page.keyboard.press('Enter')
    await look(page, 'Sign in')
    await page.keyboard.type('alice')
    await page.keyboard.press('Tab')
    await page.keyboard.type('wonderland')
    await page.keyboard.press('Enter')
    await look(page, 'Allow access?')
    await tabTo('Allow')
    await page.keyboard.press('Enter')
    await isHome(page, 'alice')

    await page.goto(site.url)
    await tabTo('Log out')
    await page.keyboard.press('Enter')
    await look(page, 'Log out?')
    await tabTo('Yes, log out')
    await page.keyboard.press('Enter')
    await look(page, 'Sign out?')
    await tabTo('Sign out')
    await page.keyboard.press('Enter')
    await look(page, 'You are logged out')
  }))

/** Stands between site and daemon and keeps what the daemon says, so that a test knows the secrets of a login. */
const listenIn = async (to: number) => {
  let heard = ''
  const server = createServer((site) => {
    const oxd = connect(to, '127.0.0.1')
    site.on('error', () => oxd.destroy()).on('close', () => oxd.destroy())
    oxd.on('error', () => site.destroy()).on('close', () => site.destroy())
    oxd.on('data', (bytes) => (heard += bytes.toString()))
    site.pipe(oxd).pipe(site)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    // It listens on TCP, so its address has a port.
    port: (server.address() as AddressInfo).port,
    /** The last value of a member of this name. */
    heard: (name: string): string =>
      [...heard.matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g'))].at(-1)?.[1] ?? '',
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

test('no password, code, state or token is in a page or address of the site, nor in what it says', async () => {
  const line = await listenIn(daemon.port)
  try {
    await withSite(
      async (site) => {
        const visitor = await site.visitor()
        const page = await visitor.tab()
        const pages: string[] = []
        const keep = async () => pages.push(await page.content())

        await logIn(page, site, 'alice')
        await keep()
        const callback = new URL(callbackOf(visitor, site))
        await follow(page, 'Log out')
        await keep()
        await page.goto(callback.href)
        await keep()
        // The address of the last visit is the visitor's own doing.
        visitor.urls.pop()
        const cookie =
          (await visitor.context.cookies(site.url)).find(({ name }) => name === COOKIE)?.value ?? ''
        await logOut(page, site)
        await look(page, 'You are logged out')
        await keep()

        const secrets = {
          password: PEOPLE.alice.password,
          code: callback.searchParams.get('code') ?? '',
          state: callback.searchParams.get('state') ?? '',
          access_token: line.heard('access_token'),
          id_token: line.heard('id_token'),
          session: decodeURIComponent(cookie),
        }
        const of_site = visitor.urls.filter((url) => url.startsWith(site.url))
        assert.ok(of_site.length >= 4 && pages.length === 4)
        assertNoSecrets([...pages, ...of_site].join('\n'), secrets)
        assertNoSecrets([...site.said, JSON.stringify(daemon.log)].join('\n'), {
          ...secrets,
          email: PEOPLE.alice.email,
        })
      },
      { oxd_port: line.port },
    )
  } finally {
    await line.close()
  }
})
