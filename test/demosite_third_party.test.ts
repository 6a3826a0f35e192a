// A login that the OP began, from the public listener to the sample site: the user is asked there.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { testSite } from '../examples/demosite/testing.ts'
import { startStory } from '../src/testing/story.ts'
import { freePort } from '../src/testing/free_port.ts'

it('a login that a third party began is offered at the sample site; that of another browser is not', async (t) => {
  const story = await startStory({ public: true })
  t.after(() => story.close())
  const folder = mkdtempSync(join(tmpdir(), 'oxd-demosite-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [issuer, port, cfg_path] = [story.issuer(), await freePort(), join(folder, 'demosite.cfg')]
  const at = `https://demo.localhost:${port}`
  writeFileSync(
    cfg_path,
    [
      '[oxd]',
      'host = 127.0.0.1',
      `port = ${story.daemon.port}`,
      '[client]',
      `op_host = ${issuer}`,
      `authorization_redirect_uri = ${at}/callback`,
      `post_logout_redirect_uri = ${at}/signed-out`,
      'scope = openid,profile',
      'id =',
      '',
    ].join('\n'),
  )
  await using site = await testSite(story.daemon.port, { cfg_path, port })
  const browser = site.browser()
  const told = story.op.requests(issuer).find(({ endpoint }) => endpoint === 'registration')
  const initiate = String(told?.params['initiate_login_uri'])
  const sent = await story.daemon.stranger(`${initiate}?iss=${encodeURIComponent(issuer)}`)
  assert.equal(sent.status, 303)
  const back = new URL(await story.op.authorize(String(sent.headers.get('location'))))
  const page = await browser.open(`${back.pathname}${back.search}`)
  assert.match(page.text, /Go on as alice Example\?/)
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  assert.equal((await browser.open('/go-on', { csrf, answer: 'yes' })).location, '/#claims')
  assert.match((await browser.open('/')).text, /Hello, alice Example/)

  const { location } = await site.browser().open('/login')
  const theirs = new URL(await story.op.authorize(location, { sub: 'mallory' }))
  const refused = await site.browser().open(`${theirs.pathname}${theirs.search}`)
  assert.equal(refused.status, 400)
  assert.match(refused.text, /does not belong to your browser/)
})
