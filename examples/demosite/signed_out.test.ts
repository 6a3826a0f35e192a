// RPL-02: back from the logout, with whatever state: the page says what is true of this site, and leads nowhere by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { standIn, testSite } from './testing.ts'

const STATES = [
  '',
  '?state=',
  '?state=forged',
  '?state=a&state=b',
  '?state=https%3A%2F%2Fevil.example.com%2F',
]

test('RPL-02: the return from a logout is trusted for nothing, and is no error', async () => {
  await using oxd = await standIn()
  await using site = await testSite(oxd.port)
  for (const query of STATES) {
    const browser = site.browser()
    const out = await browser.open(`/signed-out${query}`)
    assert.deepEqual([out.status, out.location], [200, ''], query)
    assert.match(out.text, /You are logged out/, query)
    assert.doesNotMatch(out.text, /evil|forged|http-equiv/, query)
    assert.equal(browser.cookies.size, 0, 'nothing is kept')

    await browser.logIn()
    const still = await browser.open(`/signed-out${query}`)
    assert.deepEqual([still.status, still.location], [200, ''], query)
    assert.match(still.text, /You are still logged in/, query)
    assert.match((await browser.open('/')).text, /Hello, Alice Liddell/, 'nobody is logged out by an address')
  }
})
