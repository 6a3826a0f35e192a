// The library proves who asks: client tokens that come and go by themselves, caller keys, both over either transport.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Client, OxdConfigError, OxdConnectionError, OxdError, ProtectionError } from './client.ts'
import type { ClientConfig } from './settings.ts'
import { refusal, standIn, type Answer } from './stand_in.ts'
import { httpRefusal, httpStandIn, type HttpAnswer } from './stand_in_http.ts'

const folder = mkdtempSync(join(tmpdir(), 'oxd-protection-'))
after(() => rmSync(folder, { recursive: true }))

interface Asked {
  readonly command: string
  readonly params: Readonly<Record<string, unknown>>
  readonly token: unknown
}
type Said = Readonly<Record<string, unknown>> | { readonly error: string } | undefined
type Say = (asked: Asked) => Said
interface Peer {
  readonly where: Pick<ClientConfig, 'url' | 'port'>
  readonly asked: Asked[]
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})
const closing = <C extends Client>(client: C): C => {
  ends.push(() => client.close())
  return client
}

const isRefusal = (said: Said): said is { readonly error: string } => said !== undefined && 'error' in said
const DESCRIPTION = 'No. [ref A-1]'

/** Peers that note command, parameters and token, however these came. */
const TRANSPORTS = {
  async socket(say: Say): Promise<Peer> {
    const asked: Asked[] = []
    const peer = await standIn(
      ({ command, params: { protection_access_token: token, ...params } }): Answer => {
        asked.push({ command, params, token })
        const said = say({ command, params, token })
        return isRefusal(said) ? refusal(said.error, DESCRIPTION) : said
      },
    )
    ends.push(() => peer.stop())
    return { where: { port: peer.port }, asked }
  },
  async http(say: Say): Promise<Peer> {
    const asked: Asked[] = []
    const peer = await httpStandIn(({ path = '', params, headers: { authorization } }): HttpAnswer => {
      const one = {
        command: path.slice(1).replaceAll('-', '_'),
        params,
        token: authorization?.replace('Bearer ', ''),
      }
      asked.push(one)
      const said = say(one)
      return isRefusal(said) ? httpRefusal(said.error, DESCRIPTION) : said
    })
    ends.push(() => peer.stop())
    return { where: { url: peer.url }, asked }
  },
}

/** A protected oxd: tokens t-1, t-2, … of which those in `good` are; undefined: all that were issued. */
const protectedOxd = (expires_in = 300) => {
  const state = { issued: 0, good: (token: unknown): boolean => /^t-\d+$/.test(String(token)) }
  const say = ({ command, token }: Asked): Said => {
    if (command === 'get_client_token') {
      return {
        access_token: `t-${(state.issued += 1)}`,
        expires_in,
        refresh_token: null,
        scope: ['openid', 'oxd'],
      }
    }
    if (token === undefined) return { error: 'blank_protection_access_token' }
    if (!state.good(token)) return { error: 'inactive_protection_access_token' }
    return command === 'register_site' ? { oxd_id: 'X' } : { claims: { sub: 'u-1' }, uri: 'https://op' }
  }
  return { state, say }
}
const PROTECTION = { client_id: 'c-79', client_secret: 'hush' }

for (const [name, transport] of Object.entries(TRANSPORTS)) {
  describe(`over ${name}`, () => {
    const start = async (expires_in?: number) => {
      const { state, say } = protectedOxd(expires_in)
      const peer = await transport(say)
      return { state, ...peer }
    }

    test('a client token is obtained before the first command, once for all, and shown with each', async () => {
      const { where, asked } = await start()
      const site = { op_host: 'https://op.example.com', op_discovery_path: '/t' }
      const oxd = closing(new Client({ ...where, ...site, protection: PROTECTION }))
      await sleep(5)
      assert.equal(asked.length, 0, 'not before it is needed')
      await oxd.registerSite()
      await Promise.all(Array.from({ length: 5 }, () => oxd.getUserInfo('at')))
      await oxd.send('get_user_info', { oxd_id: 'Y', access_token: 'at' })
      const [first, ...others] = asked
      assert.deepEqual(first, {
        command: 'get_client_token',
        params: { ...site, ...PROTECTION, scope: ['oxd'] },
        token: undefined,
      })
      assert.deepEqual(
        others.map(({ token }) => token),
        Array.from({ length: 7 }, () => 't-1'),
      )
      assert.deepEqual(others[0]?.params, site, 'what proves who asks is no setting of the site')
    })

    test('parallel first calls share one', async () => {
      const { where, state } = await start()
      const oxd = closing(new Client({ ...where, id: 'X', protection: PROTECTION }))
      await Promise.all(Array.from({ length: 9 }, () => oxd.getUserInfo('at')))
      assert.equal(state.issued, 1)
    })

    test('one that oxd does not accept any more is renewed once for all, and what was refused is repeated', async () => {
      const { where, state, asked } = await start()
      const oxd = closing(new Client({ ...where, id: 'X', protection: PROTECTION }))
      await oxd.getUserInfo('at')
      state.good = (token) => token === 't-2'
      // Also what may not be sent twice: it was not carried out.
      await Promise.all([
        oxd.getUserInfo('at'),
        oxd.getLogoutUri({ state: 'S' }),
        oxd.updateSiteRegistration({}),
      ])
      assert.equal(state.issued, 2)
      state.good = () => false
      const before = asked.length
      await assert.rejects(oxd.getUserInfo('at'), (error) => {
        assert.ok(error instanceof ProtectionError && error instanceof OxdError)
        assert.equal(error.code, 'inactive_protection_access_token')
        assert.equal(error.name, 'ProtectionError')
        return true
      })
      assert.deepEqual(
        asked.slice(before).map(({ command }) => command),
        ['get_user_info', 'get_client_token', 'get_user_info'],
      )
    })

    test('one that is about to run out is renewed before it is shown', async () => {
      const { where, state, asked } = await start(0.05)
      const oxd = closing(new Client({ ...where, id: 'X', protection: PROTECTION }))
      await oxd.getUserInfo('at')
      await sleep(60)
      await oxd.getUserInfo('at')
      assert.equal(state.issued, 2)
      assert.equal(asked.at(-1)?.token, 't-2')
    })

    test('a caller key is shown with each command', async () => {
      const { where, state, asked } = await start()
      state.good = (token) => token === 'oxd_key_k'
      const oxd = closing(new Client({ ...where, id: 'X', caller_key: 'oxd_key_k' }))
      await oxd.getUserInfo('at')
      await oxd.send('get_client_token', { client_id: 'c', client_secret: 's' })
      assert.equal(asked.length, 2)
      assert.deepEqual(new Set(asked.map(({ token }) => token)), new Set(['oxd_key_k']))
      state.good = () => false
      const before = asked.length
      await assert.rejects(oxd.getUserInfo('at'), ProtectionError)
      assert.equal(asked.length, before + 1, 'there is no other one')
    })

    test('a token of one’s own is shown as it is', async () => {
      const { where, asked } = await start()
      const oxd = closing(new Client({ ...where, id: 'X', protection: PROTECTION }))
      const own = { access_token: 'at', protection_access_token: 't-own' }
      await oxd.send<string>('get_user_info', own).catch(() => undefined)
      assert.equal(asked.length, 1)
      assert.ok(asked[0]?.token === 't-own' || asked[0]?.params.protection_access_token === 't-own')
    })

    test('an OP that refuses the client: the error says so, and the next call tries again', async () => {
      let refuses = true
      const { say } = protectedOxd()
      const { where } = await transport((asked) =>
        refuses && asked.command === 'get_client_token' ? { error: 'invalid_client' } : say(asked),
      )
      const oxd = closing(new Client({ ...where, id: 'X', protection: PROTECTION }))
      await assert.rejects(oxd.getUserInfo('at'), (error) => {
        assert.ok(error instanceof OxdError)
        assert.deepEqual([error.command, error.code], ['get_client_token', 'invalid_client'])
        return true
      })
      refuses = false
      await oxd.getUserInfo('at')
    })

    test('no secret in what can be seen of a client or an error', async () => {
      const { where, state } = await start()
      state.good = () => false
      for (const who of [{ protection: PROTECTION }, { caller_key: 'oxd_key_hush' }]) {
        const oxd = closing(new Client({ ...where, id: 'X', ...who }))
        const error: unknown = await oxd.getUserInfo('hush').catch((thrown: unknown) => thrown)
        assert.ok(error instanceof ProtectionError)
        for (const seen of [
          inspect(error, { depth: 9, showHidden: true }),
          inspect(oxd, { showHidden: true }),
        ]) {
          assert.doesNotMatch(seen, /hush|t-\d/)
        }
      }
    })
  })
}

test('who does not say who asks is told how', async () => {
  const { say } = protectedOxd()
  const { where } = await TRANSPORTS.http(say)
  await assert.rejects(closing(new Client({ ...where, id: 'X' })).getUserInfo('at'), (error) => {
    assert.ok(error instanceof ProtectionError)
    assert.match(error.message, /In this library: caller_key, or protection/)
    return true
  })
})

test('what the constructor is told wins over the file, which may change', async () => {
  const { say, state } = protectedOxd()
  state.good = () => true
  const peer = await TRANSPORTS.socket(say)
  const file = join(folder, 'site.cfg')
  writeFileSync(file, `port = ${peer.where.port}\nid = X\ncaller_key = k-file\n`)
  await closing(new Client(file)).getUserInfo('at')
  await closing(new Client(file, { caller_key: 'k-own' })).getUserInfo('at')
  await closing(new Client(file, { caller_key: '' })).getUserInfo('at')
  const oxd = closing(new Client(file))
  writeFileSync(file, readFileSync(file, 'utf8').replace('k-file', 'k-new'))
  await oxd.updateSiteRegistration()
  assert.deepEqual(
    peer.asked.map(({ token }) => token),
    ['k-file', 'k-own', 'k-file', 'k-new'],
  )
  assert.throws(() => new Client(file, { caller_key: 'k', protection: PROTECTION }), OxdConfigError)
})

test('the time of a call counts for the token, too, and close waits for what it began', async () => {
  let release = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const peer = await standIn(async ({ command }) => {
    if (command !== 'get_client_token') return { claims: {} }
    await gate
    return { access_token: 't-1', expires_in: 300 }
  })
  ends.push(() => peer.stop())
  const oxd = closing(new Client({ port: peer.port, id: 'X', protection: PROTECTION }))
  await assert.rejects(oxd.getUserInfo('at', { timeout_ms: 20 }), (error) => {
    assert.ok(error instanceof OxdConnectionError)
    assert.deepEqual([error.code, error.sent, error.command], ['timeout', false, 'get_client_token'])
    return true
  })
  const patient = oxd.getUserInfo('at')
  const closed = oxd.close()
  release()
  await patient
  await closed
  assert.deepEqual(
    peer.asked.map(({ command }) => command),
    ['get_client_token', 'get_user_info'],
  )
})

const SETUP = { oxd_id: 'X', op_host: 'https://op.example.com', client_id: 'c-79', client_secret: 'hush 7' }
/** Answers setup_client, too. */
const setupOxd = () => {
  const { say, state } = protectedOxd()
  return { state, say: (asked: Asked): Said => (asked.command === 'setup_client' ? SETUP : say(asked)) }
}
const commandsOf = ({ asked }: Peer) => asked.map(({ command }) => command)
const cfg = (name: string, text: string, mode = 0o600): string => {
  const file = join(folder, name)
  writeFileSync(file, text, { mode })
  return file
}

test('setupClient: from then on tokens come by themselves, after a restart as well', async () => {
  const peer = await TRANSPORTS.socket(setupOxd().say)
  const before = `# mine\n[oxd]\nport = ${peer.where.port}\nid =\n\n[client]\nop_host = https://op.example.com\nscope = openid\n`
  const file = cfg('setup.cfg', before)
  const oxd = closing(new Client(file))
  const reply = oxd.setupClient({ setup_client_name: 'guard' })
  assert.equal(await oxd.registerSite(), 'X', 'joins what is under way')
  assert.equal((await reply).client_secret, 'hush 7')
  await oxd.getUserInfo('at')
  const lines = 'id = X\nprotection_client_id = c-79\nprotection_client_secret = hush 7\n'
  assert.equal(readFileSync(file, 'utf8'), before.replace('id =\n', lines))
  await closing(new Client(file)).getUserInfo('at')
  const [setup, token] = peer.asked
  assert.deepEqual(setup?.params, { op_host: SETUP.op_host, scope: ['openid'], setup_client_name: 'guard' })
  assert.deepEqual(token?.params, {
    op_host: SETUP.op_host,
    client_id: 'c-79',
    client_secret: 'hush 7',
    scope: ['oxd'],
  })
  const pair = ['get_client_token', 'get_user_info']
  assert.deepEqual(commandsOf(peer), ['setup_client', ...pair, ...pair])
  await assert.rejects(oxd.setupClient(), /setup\.cfg: the site is registered already.*again: true/)
  await oxd.setupClient({ again: true })
  assert.equal(commandsOf(peer).filter((command) => command === 'setup_client').length, 2)
})

test('setupClient without a file, at an OP that no setting names', async () => {
  const peer = await TRANSPORTS.http(setupOxd().say)
  const oxd = closing(new Client(peer.where))
  const both = [oxd.setupClient({ op_host: 'https://op.example.com' }), oxd.setupClient()]
  await assert.rejects(both[1] ?? Promise.resolve(), /registered already, or is being registered/)
  await both[0]
  assert.equal(oxd.oxd_id, 'X')
  await oxd.getUserInfo('at')
  assert.equal(peer.asked[1]?.params.op_host, 'https://op.example.com')
})

test('setupClient: nothing is registered whose secret everybody could read, or that another process has registered', async () => {
  const peer = await TRANSPORTS.socket(setupOxd().say)
  const open = cfg('open.cfg', `port = ${peer.where.port}\n`, 0o644)
  await assert.rejects(closing(new Client(open)).setupClient(), (error) => {
    assert.ok(error instanceof OxdConfigError)
    return /open\.cfg: may be read by everybody on this machine.*chmod o=/.test(error.message)
  })
  const file = cfg('other.cfg', `port = ${peer.where.port}\nid =\n`)
  const late = closing(new Client(file))
  writeFileSync(file, `port = ${peer.where.port}\nid = theirs\n`)
  await assert.rejects(late.setupClient(), /registered already/)
  assert.equal(late.oxd_id, 'theirs')
  assert.equal(peer.asked.length, 0)
})

test('setupClient with a caller key: that goes on, and the file says one thing only', async () => {
  const { say, state } = setupOxd()
  state.good = (token) => token === 'oxd_key_k'
  const peer = await TRANSPORTS.socket(say)
  const file = cfg('key.cfg', `port = ${peer.where.port}\ncaller_key = oxd_key_k\n`)
  const oxd = closing(new Client(file))
  await oxd.setupClient()
  await oxd.getUserInfo('at')
  await closing(new Client(file)).getUserInfo('at')
  assert.doesNotMatch(readFileSync(file, 'utf8'), /protection|hush/)
  assert.deepEqual(new Set(peer.asked.map(({ token }) => token)), new Set(['oxd_key_k']))
})
