import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { standIn, testSite } from './testing.ts'

const LOGGED_IN = /Alice/

/** What ends elsewhere is heard over a connection of its own. */
const soon = async (what: string, isSo: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 200; tries += 1) {
    if (isSo()) return
    await delay(10)
  }
  assert.fail(what)
}

test('a login that ends elsewhere ends here at once, and its user is told once', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const [alice, other] = [site.browser(), site.browser()]
  for (const browser of [alice, other]) {
    await browser.logIn()
    assert.match((await browser.open('/')).text, LOGGED_IN)
  }
  const old = site.browser()
  for (const [name, value] of alice.cookies) old.cookies.set(name, value)

  oxd.end('login-1', 'back_channel_logout')
  await soon('the site is not told', () => site.said.includes('a login has ended: back_channel_logout'))
  const told = await alice.open('/')
  assert.equal(told.status, 200)
  assert.match(told.text, /You have been signed out/)
  assert.match(told.text, /back_channel_logout/)
  assert.doesNotMatch(told.text, LOGGED_IN)
  const after = await alice.open('/')
  assert.doesNotMatch(after.text, /You have been signed out|Alice/)
  assert.doesNotMatch((await old.open('/')).text, LOGGED_IN)
  assert.match((await other.open('/')).text, LOGGED_IN)

  await alice.logIn()
  assert.match((await alice.open('/')).text, LOGGED_IN)
})

test('a logout of its own is not told as one that came from elsewhere', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  const browser = site.browser()
  await browser.logIn()
  await browser.open('/logout', { csrf: await browser.csrf() })
  oxd.end('login-1', 'rp_initiated_logout')
  await delay(50)
  assert.doesNotMatch((await browser.open('/')).text, /You have been signed out/)
})
