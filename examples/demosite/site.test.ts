import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { COOKIE, PENDING_MAX } from './session.ts'
import { optionsFrom, startSite } from './site.ts'
import { settingsOf } from './settings.ts'
import { CLAIMS, OXD_ID, Refusal, held, standIn, testSite } from './testing.ts'

test('start: makes the configuration, registers once, shows the oxd_id and the configuration', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  assert.equal(settingsOf(readFileSync(site.cfg_path, 'utf8')).get('id'), OXD_ID)

  const page = await site.browser().open('/')
  assert.equal(page.status, 200)
  assert.ok(page.text.includes(OXD_ID))
  assert.ok(page.text.includes(`authorization_redirect_uri = ${site.url}callback`))
  assert.ok(page.text.includes('startLogin'))
  assert.deepEqual(oxd.names(), ['register_site'])
  assert.deepEqual(oxd.calls[0]?.params['authorization_redirect_uri'], `${site.url}callback`)
})

test('each page is strict: no script, not framed, not kept', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  for (const path of ['/', '/signed-out', '/callback', '/nowhere', '/style.css']) {
    const { headers } = await browser.open(path)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/, path)
    assert.match(policy, /form-action 'self';/, path)
    assert.match(policy, /frame-ancestors 'none'/, path)
    assert.doesNotMatch(policy, /unsafe|script-src/, path)
    assert.equal(headers['cache-control'], 'no-store', path)
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.equal(headers['referrer-policy'], 'no-referrer', path)
    assert.equal(headers['x-powered-by'], undefined, path)
  }
  assert.equal(browser.cookies.size, 0, 'who only looks gets no session')
})

test('a login: state in the session, a new session id, claims shown, tokens nowhere', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()

  const state = await browser.beginLogin()
  assert.match(browser.set_cookie, new RegExp(`^${COOKIE}=`))
  for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    assert.ok(browser.set_cookie.split('; ').includes(part), part)
  assert.doesNotMatch(browser.set_cookie, /Domain/i)
  const before = browser.cookies.get(COOKIE)

  const back = await browser.open(`/callback?code=the-code&state=${state}&iss=https://op.example.com`)
  assert.equal(back.status, 303)
  assert.equal(back.location, '/#claims')
  assert.notEqual(browser.cookies.get(COOKIE), before)
  const { callback_url, session_binding, oxd_id } = oxd.calls.at(-2)?.params ?? {}
  assert.equal(oxd_id, OXD_ID)
  assert.equal(callback_url, `${site.url}callback?code=the-code&state=${state}&iss=https://op.example.com`)
  assert.match(String(session_binding), /^[\w-]{43}$/)
  const begun = oxd.calls.find(({ command }) => command === 'get_authorization_url')
  assert.equal(
    begun?.params['session_binding'],
    session_binding,
    'the login ends in the session where it began',
  )

  const page = (await browser.open('/')).text
  for (const values of Object.values(CLAIMS)) assert.ok(page.includes(String(values[0])))
  for (const secret of ['the-access-token', 'the.id.token', 'the-code', state])
    assert.ok(!page.includes(secret), secret)
  assert.match(page, /valid until\s+<time/)

  const old = site.browser()
  old.cookies.set(COOKIE, before ?? '')
  assert.doesNotMatch(
    (await old.open('/')).text,
    /Alice/,
    'the session id of before the login is worth nothing',
  )
  assert.doesNotMatch(site.said.join('\n'), /the-code|state-1|the-access-token|alice/i)
})

test('hostile claims are text', async () => {
  await using oxd = await standIn()
  oxd.answers['get_user_info'] = () => ({
    claims: {
      sub: ['x'],
      name: ['<script>alert(1)</script>'],
      '<img src=x onerror=alert(2)>': ['"><b>', "'`&"],
      picture: ['javascript:alert(3)'],
    },
  })
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await browser.logIn()
  for (const path of ['/', '/logout', '/signed-out', '/callback']) {
    const { text } = await browser.open(path)
    assert.doesNotMatch(text, /<script|<img src=x|"><b>|href="javascript/, path)
  }
  assert.match((await browser.open('/')).text, /<li>&quot;&gt;&lt;b&gt;<\/li><li>&#39;&#96;&amp;<\/li>/)
})

test('a client secret of the configuration is in no page', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const cfg = readFileSync(site.cfg_path, 'utf8')
  writeFileSync(site.cfg_path, cfg.replace('client_secret =', 'client_secret = hush-hush'))
  const { text } = await site.browser().open('/')
  assert.match(text, /client_secret = ••••••••/)
  assert.doesNotMatch(text, /hush/)
})

test('a state that is missing, forged, twice there or of another browser logs nobody in', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const alice = site.browser()
  const mallory = site.browser()
  const foreign = await mallory.beginLogin()
  const own = await alice.beginLogin()
  const asked = oxd.calls.length
  for (const query of [
    '',
    '?code=c',
    '?code=c&state=',
    '?code=c&state=forged',
    `?code=c&state=${foreign}`,
    `?code=c&state=${own}&state=${own}`,
    '?error=access_denied',
    `?error=access_denied&state=${foreign}`,
  ]) {
    const page = await alice.open(`/callback${query}`)
    assert.equal(page.status, 400, query)
    assert.match(page.text, /This login does not belong to your browser/, query)
  }
  assert.ok(!oxd.names().slice(asked).includes('get_user_info'))
  assert.equal((await alice.open(`/callback?code=c&state=${own}`)).status, 303, 'the own one still works')
})

test('a state comes back once; the callback revisited is friendly', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const state = await browser.beginLogin()
  await browser.open(`/callback?code=c&state=${state}`)
  const asked = oxd.calls.length

  const again = await browser.open(`/callback?code=c&state=${state}`)
  assert.equal(again.status, 200)
  assert.match(again.text, /You are already logged in/)
  assert.equal(oxd.calls.length, asked)
  assert.match((await browser.open('/')).text, /Hello, Alice Liddell/)
})

test('several tabs: each login works, whichever comes back first; the number is bounded', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const states: string[] = []
  for (let tab = 0; tab < PENDING_MAX + 1; tab += 1) states.push(await browser.beginLogin())

  assert.equal((await browser.open(`/callback?code=c&state=${states[2]}`)).status, 303)
  assert.equal(
    (await browser.open(`/callback?code=c&state=${states[1]}`)).status,
    303,
    'after the session id has changed',
  )
  assert.equal(
    (await browser.open(`/callback?code=c&state=${states[0]}`)).status,
    200,
    'the oldest was forgotten',
  )
  assert.equal(oxd.names().filter((name) => name === 'get_tokens_by_callback').length, 2)
})

test('denied at the OP, and other errors of the OP: a friendly page, the state spent', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()

  const denied = await browser.beginLogin()
  const page = await browser.open(`/callback?error=access_denied&state=${denied}`)
  assert.equal(page.status, 403)
  assert.match(page.text, /You did not allow the login/)
  assert.equal((await browser.open(`/callback?code=c&state=${denied}`)).status, 400)

  const failed = await browser.beginLogin()
  const other = await browser.open(
    `/callback?error=server_error&error_description=%3Cb%3Eoops&state=${failed}`,
  )
  assert.equal(other.status, 502)
  assert.match(other.text, /server_error: &lt;b&gt;oops/)
  assert.ok(!oxd.names().includes('get_user_info'))
})

test('what oxd refuses is explained, with its reference', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  for (const [code, title] of [
    ['invalid_state', 'This login has ended'],
    ['op_unreachable', 'The OpenID Provider does not answer'],
    ['invalid_id_token_bad_nonce', 'The login could not be finished'],
  ] as const) {
    oxd.answers['get_tokens_by_callback'] = () => {
      throw new Refusal(code, 'So it <is>. [ref K7Q2-91]')
    }
    const browser = site.browser()
    const page = await browser.logIn()
    assert.ok(page.status >= 400)
    assert.ok(page.text.includes(`<h1>${title}</h1>`), code)
    assert.match(page.text, /Reference: <code>K7Q2-91<\/code>/)
    assert.match(page.text, /So it &lt;is&gt;\./)
    assert.doesNotMatch((await browser.open('/')).text, /Alice/)
  }
})

test('the daemon is down: the page says so and what to do, at the start and later', async () => {
  const oxd = await standIn()
  await oxd.close()
  await using site = await testSite(oxd.port)
  const page = await site.browser().open('/')
  assert.equal(page.status, 200)
  assert.match(page.text, /The oxd daemon does not answer/)
  assert.match(page.text, /oxd serve/)
  const login = await site.browser().open('/login')
  assert.equal(login.status, 503)
  assert.match(login.text, /The oxd daemon does not answer/)
  assert.match(site.said.join('\n'), /not registered yet/)
})

test('an id that the daemon does not know: said on the page and in the log, and the site registers anew', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const NEW_ID = 'aaaaaaaa-0000-4000-8000-000000000001'
  const answer = oxd.answers['get_authorization_url']
  const late = Promise.withResolvers<void>()
  let refused = 0
  oxd.answers['register_site'] = () => ({ oxd_id: NEW_ID, op_host: 'https://op.example.com' })
  oxd.answers['get_authorization_url'] = async (params) => {
    if (params['oxd_id'] === NEW_ID && answer !== undefined) return answer(params)
    refused += 1
    // The last one hears of it when the others have registered long since.
    if (refused === 3) await late.promise
    throw new Refusal('invalid_oxd_id', 'No site is registered under this oxd_id. [ref AAAA-11]')
  }
  const visits = [1, 2, 3].map(() => site.browser().open('/login'))
  const [a, b, c] = visits
  await Promise.race([Promise.all([a, b]), Promise.all([a, c]), Promise.all([b, c])])
  late.resolve()
  for (const page of await Promise.all(visits)) {
    assert.equal(page.status, 409)
    assert.match(page.text, /The daemon did not know this site/)
    assert.ok(page.text.includes(NEW_ID))
  }
  assert.equal(oxd.names().filter((name) => name === 'register_site').length, 2)
  assert.match(site.said.join('\n'), new RegExp(`registered anew as ${NEW_ID}`))
  assert.equal(settingsOf(readFileSync(site.cfg_path, 'utf8')).get('id'), NEW_ID)
  assert.equal((await site.browser().logIn()).status, 303)
})

test('logout: asks first, wants the token of the form, ends the session before it goes to the OP', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  assert.equal((await browser.open('/logout')).location, '/')
  await browser.logIn()
  const cookie = browser.cookies.get(COOKIE) ?? ''

  const confirm = await browser.open('/logout')
  assert.match(confirm.text, /Log out\?/)
  assert.match(String(confirm.headers['content-security-policy']), /form-action 'self' https:/)
  assert.match((await browser.open('/')).text, /Hello, Alice/, 'asking has ended nothing')

  for (const form of [{}, { csrf: '' }, { csrf: 'forged' }] as Record<string, string>[]) {
    const page = await browser.open('/logout', form)
    assert.equal(page.status, 403)
    assert.match(page.text, /This form is out of date/)
  }
  assert.match((await browser.open('/')).text, /Hello, Alice/)

  const out = await browser.open('/logout', { csrf: await browser.csrf() })
  assert.equal(out.status, 303)
  assert.match(out.location, /^https:\/\/op\.example\.com\/end_session/)
  assert.equal(oxd.calls.at(-1)?.params['id_token_hint'], 'the.id.token')
  assert.equal(browser.cookies.has(COOKIE), false)

  browser.cookies.set(COOKIE, cookie)
  assert.doesNotMatch((await browser.open('/')).text, /Alice/, 'the old cookie opens nothing')
  assert.match((await browser.open('/signed-out')).text, /You are logged out/)
})

test('logout when the OP or the daemon cannot: the session here has ended all the same', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  oxd.answers['get_logout_uri'] = () => {
    throw new Refusal('no_end_session_endpoint_at_op', 'The OP has no logout endpoint. [ref BBBB-22]')
  }
  const browser = site.browser()
  await browser.logIn()
  const page = await browser.open('/logout', { csrf: await browser.csrf() })
  assert.match(page.text, /you are logged out here/)
  assert.match(page.text, /Your OpenID Provider has no logout/)
  assert.match((await browser.open('/signed-out')).text, /You are logged out/)
})

test('a logout holds, whatever of that session is still under way', async () => {
  const form = (url: string) => ({ contacts: '', post_logout_redirect_uri: `${url}signed-out` })
  for (const [command, path] of [
    ['get_authorization_url', '/login'],
    ['update_site_registration', '/update'],
    ['get_tokens_by_callback', '/callback'],
  ] as const) {
    await using oxd = await standIn()
    await using site = await testSite(oxd.port)
    const browser = site.browser()
    await browser.logIn()
    const cookie = browser.cookies.get(COOKIE) ?? ''
    const csrf = await browser.csrf()
    const address = path === '/callback' ? `${path}?code=c&state=${await browser.beginLogin()}` : path
    const { begun, go } = held(oxd.answers, command)
    const slow = browser.open(address, path === '/update' ? { ...form(site.url), csrf } : undefined)
    await begun
    assert.equal((await browser.open('/logout', { csrf })).status, 303)
    go()

    const page = await slow
    assert.equal(page.status, 303, path)
    assert.equal(page.headers['set-cookie'], undefined, path)
    assert.equal(browser.cookies.has(COOKIE), false, path)
    for (const name of [undefined, cookie]) {
      if (name !== undefined) browser.cookies.set(COOKIE, name)
      assert.doesNotMatch((await browser.open('/')).text, /Hello, Alice/, path)
    }
  }
})

test('two tabs: a login that began slowly before the other came back goes on in the new session', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const state = await browser.beginLogin()
  const { begun, go } = held(oxd.answers, 'get_authorization_url')
  const slow = browser.open('/login')
  await begun
  await browser.open(`/callback?code=c&state=${state}`)
  go()

  const page = await slow
  assert.equal(page.headers['set-cookie'], undefined)
  assert.match((await browser.open('/')).text, /Hello, Alice/)
  assert.equal(page.location, '/login', 'it begins anew')
  assert.equal((await browser.logIn()).location, '/#claims')
})

test('two tabs: a login that fails late leaves that of the other alone', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const [one, other] = [await browser.beginLogin(), await browser.beginLogin()]
  const answer = oxd.answers['get_tokens_by_callback']
  oxd.answers['get_tokens_by_callback'] = () => {
    oxd.answers['get_tokens_by_callback'] = answer ?? (() => ({}))
    throw new Refusal('code_refused', 'The OP took no such code. [ref CCCC-33]')
  }
  const { begun, go } = held(oxd.answers, 'get_tokens_by_callback')
  const slow = browser.open(`/callback?code=c&state=${one}`)
  await begun
  oxd.answers['get_tokens_by_callback'] = answer ?? (() => ({}))
  await browser.open(`/callback?code=c&state=${other}`)
  go()
  assert.equal((await slow).status, 400)
  assert.match((await browser.open('/')).text, /Hello, Alice/)
})

test('the token of a form is of one session and of one login', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const alice = site.browser()
  const mallory = site.browser()
  await alice.logIn()
  await mallory.logIn()
  const first = await alice.csrf()
  assert.equal((await alice.open('/logout', { csrf: await mallory.csrf() })).status, 403)
  await alice.logIn()
  assert.equal((await alice.open('/logout', { csrf: first })).status, 403)
  assert.equal((await site.browser().open('/logout', { csrf: first })).status, 403)
})

test('the update form: for users, with its token, checked, carried out, shown', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const good = { contacts: 'a@example.com, b@example.com', post_logout_redirect_uri: `${site.url}signed-out` }
  assert.equal((await browser.open('/update', good)).status, 403)
  await browser.logIn()
  assert.equal((await browser.open('/update', good)).status, 403)
  const csrf = await browser.csrf('/')

  for (const bad of [
    { contacts: 'no address' },
    { contacts: '<b>@x' },
    { contacts: Array.from({ length: 11 }, (_, index) => `u${index}@example.com`).join() },
    { post_logout_redirect_uri: 'https://evil.example/' },
    { post_logout_redirect_uri: 'javascript:alert(1)' },
    { post_logout_redirect_uri: '' },
  ]) {
    const page = await browser.open('/update', { ...good, ...bad, csrf })
    assert.equal(page.status, 400, JSON.stringify(bad))
    assert.match(page.text, /aria-invalid="true"/)
    assert.doesNotMatch(page.text, /<b>@x/)
  }
  assert.ok(!oxd.names().includes('update_site_registration'))

  const done = await browser.open('/update', { ...good, csrf })
  assert.equal(done.location, '/#update')
  const call = oxd.calls.findLast(({ command }) => command.startsWith('update_site'))
  assert.deepEqual(call?.params['contacts'], ['a@example.com', 'b@example.com'])
  assert.equal(call?.params['post_logout_redirect_uri'], good.post_logout_redirect_uri)
  assert.match((await browser.open('/')).text, /status = ok/)
  const later = (await browser.open('/')).text
  assert.doesNotMatch(later, /status = ok/, 'said once')
  assert.match(later, /value="a@example.com, b@example.com"/)
})

test('what is too large or unreadable is refused, politely', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await browser.logIn()
  const csrf = await browser.csrf()
  assert.equal((await browser.open('/logout', { csrf, more: 'x'.repeat(9000) })).status, 413)
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f${index}`, 'x']))
  assert.equal((await browser.open('/logout', many)).status, 413)
  assert.equal((await browser.open('/%ff')).status < 500, true)
  assert.equal((await browser.open('/nowhere')).status, 404)
  assert.match((await browser.open('/')).text, /Hello, Alice/)
})

test('a port that is taken: one line with the way out, and no configuration is made for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'demosite-'))
  const cfg_path = join(folder, 'demosite.cfg')
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  // It listens on TCP, so its address has a port.
  const { port } = other.address() as AddressInfo
  await assert.rejects(startSite({ cfg_path, folder, port }), new RegExp(`port ${port} is taken.*DEMO_PORT`))
  assert.equal(existsSync(cfg_path), false)
  await new Promise((resolve) => other.close(resolve))
  rmSync(folder, { recursive: true })
})

test('the environment: ports are numbers, what is empty is not set', () => {
  assert.equal(optionsFrom({ DEMO_PORT: '9000', DEMO_HOST: '' }).port, 9000)
  assert.equal(optionsFrom({ DEMO_PORT: '9000', DEMO_HOST: '' }).host, undefined)
  for (const bad of ['x', '-1', '70000', '80.5'])
    assert.throws(() => optionsFrom({ OXD_PORT: bad }), /OXD_PORT must be a port/)
})
