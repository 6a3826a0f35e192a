import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MESSAGES } from './messages.ts'
import { Refusal, standIn, testSite } from './testing.ts'
import type { Browser, Page, StandIn } from './testing.ts'

const [TICKET, NEXT, LAST] = [
  'the-first-ticket-of-all',
  'the-second-ticket-of-all',
  'the-third-ticket-of-all',
]
const [STATE, RPT] = ['the-state-of-the-gathering', 'the-requesting-party-token']

/** A daemon at whose authorization server one has to give claims. */
const daemon = async (): Promise<StandIn> => {
  const oxd = await standIn()
  Object.assign(oxd.answers, {
    uma_rs_protect: () => ({ oxd_id: 'x' }),
    uma_rs_check_access: ({ rpt, http_method }: Readonly<Record<string, unknown>>) =>
      rpt === RPT && http_method === 'GET'
        ? { access: 'granted', 'www-authenticate_header': null, ticket: null }
        : { access: 'denied', 'www-authenticate_header': `UMA ticket="${TICKET}"`, ticket: TICKET },
    uma_rp_get_rpt: ({ ticket }: Readonly<Record<string, unknown>>) => {
      if (ticket === LAST) return { access_token: RPT, token_type: 'Bearer', pct: null, updated: false }
      throw new Refusal('need_info', 'More claims are needed.', { error: 'need_info', ticket: NEXT })
    },
    uma_rp_get_claims_gathering_url: ({ ticket }: Readonly<Record<string, unknown>>) => ({
      url: `https://op.example.com/claims?ticket=${String(ticket)}&state=${STATE}`,
      state: STATE,
    }),
  })
  return oxd
}

const press = async (browser: Browser, step: string): Promise<Page> =>
  browser.open(`/uma/${step}`, { csrf: await browser.csrf('/uma') })
/** To the point at which the person is asked. */
const knock = async (browser: Browser): Promise<void> => {
  await press(browser, 'knock')
  await press(browser, 'ask')
}

test('the way to the album: each step once, and no secret in any page or line', async () => {
  await using oxd = await daemon()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const pages: string[] = []
  const look = async (): Promise<string> => {
    const { text } = await browser.open('/uma')
    pages.push(text)
    return text
  }
  for (const step of ['protect', 'knock', 'ask']) {
    assert.equal((await press(browser, step)).location, `/uma#${step}`)
    await look()
  }
  const { location } = await browser.open('/uma/claims')
  assert.equal(new URL(location).searchParams.get('ticket'), NEXT)
  assert.equal((await browser.open(`/uma/back?ticket=${LAST}&state=${STATE}`)).location, '/uma#again')
  await press(browser, 'again')
  assert.doesNotMatch(await look(), /The album is open/)
  assert.equal((await press(browser, 'open')).location, '/uma#open')
  assert.match(await look(), /The album is open/)
  assert.equal((await press(browser, 'delete')).location, '/uma#open')
  assert.match(await look(), /It may not be deleted/)

  assert.deepEqual(oxd.names(), [
    'register_site',
    'register_site',
    'uma_rs_protect',
    'uma_rs_check_access',
    'uma_rp_get_rpt',
    'uma_rp_get_claims_gathering_url',
    'uma_rp_get_rpt',
    'uma_rs_check_access',
    'uma_rs_check_access',
  ])
  const { ticket, state } = oxd.calls[6]?.params ?? {}
  assert.deepEqual([ticket, state], [LAST, STATE])
  for (const secret of [TICKET, NEXT, LAST, STATE, RPT])
    assert.ok(!`${pages.join('')}${site.said.join('')}`.includes(secret), secret)
})

test('the page is as strict as the others, and shows what hostile servers say as text', async () => {
  await using oxd = await daemon()
  oxd.answers['uma_rs_check_access'] = () => {
    throw new Refusal('x', '<script>alert(1)</script>')
  }
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await press(browser, 'knock')
  const { text, headers } = await browser.open('/uma')
  assert.match(String(headers['content-security-policy']), /default-src 'none'.*form-action 'self';/)
  assert.doesNotMatch(text, /<script|style="/)
  assert.match(text, /&lt;script&gt;/)
})

test('a way back that did not begin in this browser: oxd is not even asked', async () => {
  await using oxd = await daemon()
  await using site = await testSite(oxd.port)
  const [browser, other] = [site.browser(), site.browser()]
  await knock(browser)
  await browser.open('/uma/claims')
  await knock(other)
  const asked = oxd.calls.length
  for (const query of [
    '',
    `?ticket=${LAST}`,
    `?ticket=${LAST}&state=forged`,
    `?ticket=${LAST}&state=${STATE}`,
  ]) {
    const page = await other.open(`/uma/back${query}`)
    assert.equal(page.status, 400, query)
    assert.match(page.text, /do not belong to your browser/)
  }
  const back = `/uma/back?ticket=${LAST}&state=${STATE}`
  assert.deepEqual([(await browser.open(back)).status, (await browser.open(back)).status], [303, 400])
  assert.equal(oxd.calls.length, asked)
})

test('a form without the token of the session, or of a stage that is over, does nothing', async () => {
  await using oxd = await daemon()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const asked = () => oxd.names().filter((name) => name.startsWith('uma'))
  assert.equal((await browser.open('/uma/knock', {})).status, 403)
  const csrf = await browser.csrf('/uma')
  assert.equal((await browser.open('/uma/knock', { csrf: `${csrf}x` })).status, 403)
  assert.equal((await site.browser().open('/uma/knock', { csrf })).status, 403)
  for (const step of ['ask', 'again', 'open', 'delete'])
    assert.equal((await press(browser, step)).location, '/uma', step)
  for (const step of ['nowhere', '__proto__', 'constructor'])
    assert.equal((await press(browser, step)).status, 404, step)
  assert.equal((await browser.open('/uma/claims')).location, '/uma')
  assert.deepEqual(asked(), [])
})

test('a refusal is shown, and the way begins anew', async () => {
  await using oxd = await daemon()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await press(browser, 'knock')
  oxd.answers['uma_rp_get_rpt'] = () => {
    throw new Refusal('request_denied', 'Not you.')
  }
  await press(browser, 'ask')
  assert.match((await browser.open('/uma')).text, /request_denied[^]*Not you\./)
  const asked = oxd.calls.length
  await press(browser, 'ask')
  assert.equal(oxd.calls.length, asked, 'the ticket is spent')
})

test('an album that oxd has forgotten is registered anew', async () => {
  await using oxd = await daemon()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await press(browser, 'protect')
  const protect = oxd.answers['uma_rs_protect'] ?? assert.fail()
  oxd.answers['uma_rs_protect'] = () => {
    oxd.answers['uma_rs_protect'] = protect
    throw new Refusal('invalid_oxd_id', 'No such site.')
  }
  await press(browser, 'protect')
  assert.deepEqual(oxd.names().slice(-3), ['uma_rs_protect', 'register_site', 'uma_rs_protect'])
  assert.doesNotMatch((await browser.open('/uma')).text, /invalid_oxd_id/)
})

test('a login ends the way to the album: what was given is one person’s', async () => {
  await using oxd = await daemon()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await knock(browser)
  await browser.logIn()
  assert.doesNotMatch((await browser.open('/uma')).text, /need_info/)
})

test('the API of the album: open with its token, else the header of the refusal', async () => {
  await using oxd = await daemon()
  await using site = await testSite(oxd.port)
  const refused = await site.browser().open('/api/album')
  assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, `UMA ticket="${TICKET}"`])
  oxd.answers['uma_rs_check_access'] = () => {
    throw new Refusal('resource_not_protected', 'No resource.')
  }
  const shut = await site.browser().open('/api/album')
  assert.deepEqual([shut.status, shut.text], [403, ''])
  assert.match(String(shut.headers['warning']), /^199 - "UMA/)
})

test('the daemon is down: said, with what to do', async () => {
  const oxd = await daemon()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const csrf = await browser.csrf('/uma')
  await oxd.close()
  const { status, text } = await browser.open('/uma/knock', { csrf })
  assert.equal(status, MESSAGES.daemon_down.status)
  assert.ok(text.includes(MESSAGES.daemon_down.title))
})
