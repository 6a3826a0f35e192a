// A back-channel logout at the certified OP ends the session at the sample site, within a second.
import assert from 'node:assert/strict'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { it } from 'node:test'
import { testSite } from '../examples/demosite/testing.ts'
import { startTestDaemon } from '../src/testing/daemon.ts'
import { startDevOp } from '../src/testing/dev_op/op.ts'
import { signIn, signOut, Visitor } from '../src/testing/dev_op/sign_in.ts'
import { freePort } from '../src/testing/free_port.ts'

it('a back-channel logout at oidc-provider ends the login at the sample site within a second', async (t) => {
  const op = await startDevOp()
  t.after(() => op.close())
  const [port, site_port] = [String(await freePort()), await freePort()]
  const daemon = await startTestDaemon({
    argv: [
      '--trust-op',
      op.issuer,
      '--public-url',
      `http://127.0.0.1:${port}`,
      '--public-port',
      port,
      '--insecure-plain-http',
    ],
  })
  t.after(() => daemon.close())
  const folder = mkdtempSync(join(tmpdir(), 'oxd-demosite-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const cfg_path = join(folder, 'demosite.cfg')
  const at = `https://demo.localhost:${site_port}`
  writeFileSync(
    cfg_path,
    [
      '[oxd]',
      'host = 127.0.0.1',
      `port = ${daemon.port}`,
      '',
      '[client]',
      `op_host = ${op.issuer}`,
      `authorization_redirect_uri = ${at}/callback`,
      `post_logout_redirect_uri = ${at}/signed-out`,
      'scope = openid,profile,email',
      'id =',
      '',
    ].join('\n'),
  )
  await using site = await testSite(daemon.port, { cfg_path, port: site_port })
  const [browser, visitor] = [site.browser(), new Visitor()]
  const { location } = await browser.open('/login')
  const back = await signIn(location, { visitor })
  assert.equal((await browser.open(`${back.pathname}${back.search}`)).status, 303)
  assert.match((await browser.open('/')).text, /Alice/i)
  const began = performance.now()
  await signOut(`${op.issuer}/session/end`, { visitor })
  const isTold = () => site.said.some((line) => line === 'a login has ended: back_channel_logout')
  for (let tries = 0; tries < 100 && !isTold(); tries += 1) await delay(10)
  assert.ok(performance.now() - began < 1_000, site.said.join('\n'))
  const page = await browser.open('/')
  assert.match(page.text, /You have been signed out/)
  assert.doesNotMatch(page.text, /Alice/i)
})
