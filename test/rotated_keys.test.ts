// The keys of oxd itself are rotated while sites log in: OPs that were told them by value are told the new ones.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client } from '../src/client/client.ts'
import type { Data } from '../src/testing/daemon.ts'
import { siteAt, startStory, type Site, type Story } from '../src/testing/story.ts'

const DAY_MS = 86_400_000
let story: Story
let folder: string
let admin: Client
const clock = { ms: Date.now() }
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oxd-keys-'))
  const data_dir = join(folder, 'data')
  story = await startStory({ data_dir, now: () => clock.ms, limits: { sweep_interval_ms: 50 } })
  admin = new Client({ unix: join(data_dir, 'admin.sock') })
})
after(async () => {
  await admin.close()
  await story.close()
  await rm(folder, { recursive: true })
})

const PRIVATE = {
  client_token_endpoint_auth_method: 'private_key_jwt',
  id_token_encrypted_response_alg: 'RSA-OAEP-256',
}
/** The names of the keys that the OP was told last. */
const toldTo = ({ issuer }: Site): unknown[] => {
  const told = story.op
    .requests(issuer)
    .findLast(({ endpoint, method }) => endpoint === 'registration' || method === 'PUT')
  // As oxd sends it.
  const { keys } = (told?.params.jwks ?? { keys: [] }) as { keys: Data[] }
  return keys.map(({ kid }) => kid)
}
const logsIn = async (site: Site): Promise<void> => {
  const { status, data } = await site.login()
  assert.equal(status, 'ok', JSON.stringify(data))
}

describe('rotated keys', () => {
  it('go to the OP, and logins go on, also those that are under way', async () => {
    const [site, plain] = [await story.site({}, PRIVATE), await story.site()]
    await logsIn(site)
    const before = toldTo(site)
    const underWay = await site.visit()
    const rotated = await admin.send('rotate_keys', {})
    assert.deepEqual([rotated.told_sites, rotated.untold_sites], [1, []])
    assert.ok(toldTo(site).every((kid) => !before.includes(kid)))
    assert.equal((await site.call('get_tokens_by_code', underWay)).status, 'ok')
    await logsIn(site)
    assert.ok(!story.op.requests(plain.issuer).some(({ method }) => method === 'PUT'))
  })

  it('are named where the OP cannot be told, and logins go on with the old ones', async () => {
    const issuer = story.issuer({
      registration: ({ registration_access_token: _, ...good }) => good,
    })
    const { data } = await story.register(issuer, PRIVATE)
    const site = siteAt(story.daemon, story.op, issuer, String(data.oxd_id))
    const { untold_sites } = await admin.send('rotate_keys', {})
    assert.deepEqual(untold_sites, [site.oxd_id])
    await logsIn(site)
  })

  it('come by themselves, and are told without anybody asking', async () => {
    const site = await story.site({}, PRIVATE)
    const before = toldTo(site)
    clock.ms += 90 * DAY_MS
    await logsIn(site)
    for (let tries = 0; tries < 100 && toldTo(site).some((kid) => before.includes(kid)); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.ok(toldTo(site).every((kid) => !before.includes(kid)))
    await logsIn(site)
  })

  it('are listed without their private halves', async () => {
    const { keys } = await admin.send('list_keys', {})
    // As the definition says.
    for (const key of keys as Data[]) {
      assert.deepEqual(Object.keys(key).sort(), ['kid', 'kind', 'made', 'state', 'use', 'used_from'])
    }
  })
})
