// A login that somebody else began: nobody is logged in by it who did not say yes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal, standIn, testSite, type Browser, type StandIn } from './testing.ts'

const BACK = '/callback?code=c&state=of-a-third-party'

/** The daemon says that somebody else began the login. */
const thirdParty = (oxd: StandIn): void => {
  const answer = oxd.answers['get_tokens_by_callback']
  oxd.answers['get_tokens_by_callback'] = async (params) => ({
    ...(await answer?.(params)),
    third_party: true,
  })
}

const csrfIn = (text: string): string => /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
const isLoggedIn = async (browser: Browser): Promise<boolean> =>
  (await browser.open('/')).text.includes('Hello, Alice Liddell')

test('a login of a third party: asked first, then logged in, once', async () => {
  await using oxd = await standIn()
  thirdParty(oxd)
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const asked = await browser.open(BACK)
  assert.equal(asked.status, 200)
  assert.match(asked.text, /Go on as Alice Liddell\?/)
  assert.doesNotMatch(asked.text, /the-access-token|the\.id\.token/)
  assert.equal(await isLoggedIn(browser), false, 'not before the answer')
  const [before] = browser.cookies.values()

  const form = { csrf: csrfIn(asked.text), answer: 'yes' }
  const gone = await browser.open('/go-on', form)
  assert.equal(gone.location, '/#claims')
  assert.equal(await isLoggedIn(browser), true)
  assert.notEqual([...browser.cookies.values()][0], before, 'the session has a new name')
  assert.match((await browser.open('/go-on', form)).text, /already logged in/i)
})

test('who says no, or nothing, is not logged in; nor is who is sent there by another site', async () => {
  await using oxd = await standIn()
  thirdParty(oxd)
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const csrf = csrfIn((await browser.open(BACK)).text)
  assert.equal((await browser.open('/go-on', { csrf: 'forged', answer: 'yes' })).status, 400)
  assert.equal((await site.browser().open('/go-on', { csrf, answer: 'yes' })).status, 400, 'another browser')
  assert.equal((await browser.open('/go-on', { csrf, answer: 'no' })).location, '/')
  assert.equal((await browser.open('/go-on', { csrf, answer: 'yes' })).status, 400, 'answered')
  assert.equal(await isLoggedIn(browser), false)
})

test('who is logged in stays who they are', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await browser.logIn()
  thirdParty(oxd)
  const asked = oxd.calls.length
  assert.match((await browser.open(BACK)).text, /You are already logged in/)
  assert.equal(oxd.calls.length, asked)
})

test('a login of a third party that has ended before the answer logs nobody in', async () => {
  await using oxd = await standIn()
  thirdParty(oxd)
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  const csrf = csrfIn((await browser.open(BACK)).text)
  oxd.end('login-0', 'back_channel_logout')
  for (let tries = 0; tries < 100 && !site.said.some((line) => line.includes('has ended')); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 10))
  await browser.open('/go-on', { csrf, answer: 'yes' })
  assert.equal(await isLoggedIn(browser), false)
})

test('what the OP refuses, or oxd does not know, is a login that does not belong here', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  for (const code of ['invalid_state', 'other_session', 'login_refused']) {
    oxd.answers['get_tokens_by_callback'] = () => {
      throw new Refusal(code, 'No.')
    }
    const page = await site.browser().open(BACK)
    assert.equal(page.status, 400)
    assert.match(page.text, /does not belong to your browser/)
  }
})
