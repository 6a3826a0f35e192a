// Refreshes of several daemons on one data directory: what only processes show.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import type { Data } from '../src/testing/daemon.ts'
import { startLyingOp, type LyingOp } from '../src/testing/op.ts'
import { startOxd } from '../src/testing/process.ts'
import { REDIRECT, siteAt } from '../src/testing/story.ts'

const COMMAND = 'get_access_token_by_refresh_token'

let folder: string
let op: LyingOp
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oxd-refresh-'))
  op = await startLyingOp()
})
after(async () => {
  await op.close()
  await rm(folder, { recursive: true })
})

it('a refresh token goes to the OP once, from two daemons, and its answer outlives kill -9', async () => {
  const argv = ['--data-dir', join(folder, 'data'), '--trust-op', op.origin]
  const first = await startOxd(argv)
  const second = await startOxd(argv)
  // Started before, so that no slow start takes longer than the answer is kept.
  const third = await startOxd(argv)
  const issuer = op.issuer('two')
  const registered = await first.call('register_site', {
    op_host: issuer,
    authorization_redirect_uri: REDIRECT,
    scope: ['openid', 'offline_access'],
  })
  const oxd_id = String(registered.data.oxd_id)
  const [here, there] = [first, second].map((daemon) => siteAt(daemon, op, issuer, oxd_id))
  assert.ok(here !== undefined && there !== undefined)
  const { data } = await here.login()
  const refresh_token = String(data.refresh_token)
  // Both know the OP; what they ask from now on is the refresh.
  assert.equal((await there.call('get_user_info', { access_token: data.access_token })).status, 'ok')
  const asked = (): number => op.requests(issuer).filter(({ endpoint }) => endpoint === 'token').length
  const before = asked()

  const answers: Data[] = await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? here : there).ok(COMMAND, { refresh_token })),
  )
  await Promise.all([first, second].map((daemon) => daemon.kill('SIGKILL')))
  const later = siteAt(third, op, issuer, oxd_id)
  answers.push(await later.ok(COMMAND, { refresh_token }))
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  assert.equal(asked(), before + 1)

  // The login goes on from there.
  const next = await later.ok(COMMAND, { refresh_token: answers[0]?.refresh_token })
  assert.notEqual(next.refresh_token, answers[0]?.refresh_token)
  await third.kill('SIGKILL')
})
