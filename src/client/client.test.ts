import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect, promisify } from 'node:util'
import * as commands from '../commands/index.ts'
import * as library from './client.ts'
import { Client, OxdConfigError, OxdConnectionError, OxdError, first } from './client.ts'
import { REPEATABLE, WITHOUT_TOKEN, commandOf, methodsPrototype, type MethodsOf } from './methods.ts'
import { refusal, standIn, type Answer, type Asked, type StandIn } from './stand_in.ts'

let folder = ''
let file = ''
const ends: (() => Promise<unknown>)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oxd-client-'))
  file = join(folder, 'demosite.cfg')
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  rmSync(folder, { recursive: true })
})

const CLAIMS = { sub: 'u-1', email: 'jane@example.com', email_verified: true, exp: 17, groups: ['a', 'b'] }
const LISTS = {
  sub: ['u-1'],
  email: ['jane@example.com'],
  email_verified: ['true'],
  exp: ['17'],
  groups: ['a', 'b'],
}
const TOKENS = { access_token: 'at', expires_in: 300, id_token: 'e.y.J', refresh_token: null, login_id: 'L' }

let registered = 0
const ANSWERS: Readonly<Record<string, (params: Asked['params']) => Answer>> = {
  register_site: ({ op_host }) => ({ oxd_id: `site-${(registered += 1)}`, op_host, client_id: 'c' }),
  update_site_registration: ({ oxd_id }) => ({ oxd_id }),
  get_authorization_url: ({ oxd_id }) => ({
    authorization_url: `https://op.example.com/?site=${String(oxd_id)}`,
    state: 'S',
    login_id: 'L',
  }),
  get_tokens_by_code: () => ({ ...TOKENS, id_token_claims: CLAIMS }),
  get_user_info: () => ({ claims: CLAIMS }),
  get_logout_uri: ({ post_logout_redirect_uri = 'registered' }) => ({
    uri: String(post_logout_redirect_uri),
  }),
}

/** A peer that knows the six commands; what a test hands in comes first. */
const server = async (
  answer: (asked: Asked) => Answer | 'usual' | Promise<Answer | 'usual'> = () => 'usual',
): Promise<StandIn> => {
  registered = 0
  const peer = await standIn(async (asked) => {
    const own = await answer(asked)
    if (own !== 'usual') return own
    return (
      ANSWERS[asked.command]?.(asked.params) ??
      refusal('unsupported_operation', 'There is no such command. [ref A-1]')
    )
  })
  ends.push(() => peer.stop())
  return peer
}
const closing = <C extends Client | Client<'native'>>(client: C): C => {
  ends.push(() => client.close())
  return client
}
const site = (port: number, more = '') =>
  writeFileSync(
    file,
    `# the site\nport = ${port}\nop_host = https://op.example.com\nscope = openid, email\n${more}id =\n`,
  )
const commandsOf = (peer: StandIn) => peer.asked.map(({ command }) => command)

test('registers once, on demand, and writes nothing but the id', async () => {
  const peer = await server()
  site(peer.port)
  const before = readFileSync(file, 'utf8')
  const oxd = closing(new Client(file))
  assert.equal(oxd.oxd_id, undefined)
  assert.equal(await oxd.getAuthorizationUrl({ prompt: 'login' }), 'https://op.example.com/?site=site-1')
  assert.equal(readFileSync(file, 'utf8'), before.replace('id =', 'id = site-1'))
  assert.deepEqual(readdirSync(folder), ['demosite.cfg'])
  assert.equal(await oxd.registerSite(), 'site-1')
  assert.equal(oxd.oxd_id, 'site-1')
  assert.equal(await closing(new Client(file)).registerSite(), 'site-1')
  assert.deepEqual(peer.asked, [
    {
      command: 'register_site',
      params: { op_host: 'https://op.example.com', scope: ['openid', 'email'] },
      oxd: 1,
    },
    { command: 'get_authorization_url', params: { prompt: 'login', oxd_id: 'site-1' }, oxd: 1 },
  ])
})

test('settings handed in: registers once, and writes nothing anywhere', async () => {
  const { port, asked } = await server()
  const oxd = closing(new Client({ port, op_host: 'https://op.example.com', scopes: ['openid'] }))
  const ids = await Promise.all([
    oxd.registerSite(),
    oxd.registerSite(),
    oxd.startLogin().then(() => oxd.oxd_id),
  ])
  assert.deepEqual(ids, ['site-1', 'site-1', 'site-1'])
  assert.deepEqual(asked[0]?.params, { op_host: 'https://op.example.com', scope: ['openid'] })
  assert.deepEqual(readdirSync(folder), [])
  assert.equal(await closing(new Client({ port, oxd_id: 'known' })).registerSite(), 'known')
  assert.equal(asked.length, 2)
})

test('a client that was registered by hand', async () => {
  const peer = await server()
  site(peer.port)
  await closing(new Client(file)).registerSite({ client_id: 'c-7', client_secret: 'hush' })
  assert.equal(peer.asked[0]?.params.client_id, 'c-7')
  assert.equal(peer.asked[0]?.params.client_secret, 'hush')
  assert.doesNotMatch(readFileSync(file, 'utf8'), /hush/)
})

test('eight processes at once register one client', async () => {
  const peer = await server(async ({ command }) => {
    // Long enough for all of them to be there.
    if (command === 'register_site') await sleep(300)
    return 'usual' as const
  })
  site(peer.port)
  const source = `
    const { Client } = await import(${JSON.stringify(new URL('client.ts', import.meta.url).href)})
    const oxd = new Client(${JSON.stringify(file)})
    process.stdout.write(await oxd.registerSite())`
  const run = promisify(execFile)
  const printed = await Promise.all(
    Array.from({ length: 8 }, () =>
      run(process.execPath, ['--input-type=module', '-e', source], { timeout: 30_000 }),
    ),
  )
  assert.deepEqual(
    printed.map(({ stdout }) => stdout),
    Array.from({ length: 8 }, () => 'site-1'),
  )
  assert.deepEqual(commandsOf(peer), ['register_site'])
  assert.deepEqual(readdirSync(folder), ['demosite.cfg'])
})

test('what another process registered meanwhile is used', async () => {
  const peer = await server()
  site(peer.port)
  const oxd = closing(new Client(file))
  const late = closing(new Client(file))
  writeFileSync(file, readFileSync(file, 'utf8').replace('id =', 'id = theirs'))
  assert.equal(await oxd.registerSite(), 'theirs')
  await late.getUserInfo('at')
  assert.deepEqual(peer.asked, [
    { command: 'get_user_info', params: { access_token: 'at', oxd_id: 'theirs' }, oxd: 1 },
  ])
})

test('a read-only file: an error before anything is registered', async () => {
  const peer = await server()
  site(peer.port)
  chmodSync(file, 0o444)
  await assert.rejects(closing(new Client(file)).registerSite(), (error) => {
    assert.ok(error instanceof OxdConfigError)
    return /demosite\.cfg: is read-only/.test(error.message)
  })
  assert.equal(peer.asked.length, 0)
})

test('an id that could not be written is in the error, and is not registered again', async () => {
  const peer = await server(() => {
    writeFileSync(file, 'nonsense\n')
    return 'usual'
  })
  site(peer.port)
  const oxd = closing(new Client(file))
  await assert.rejects(
    oxd.registerSite(),
    (error) => error instanceof OxdConfigError && error.oxd_id === 'site-1',
  )
  assert.equal(await oxd.registerSite(), 'site-1')
  assert.deepEqual(commandsOf(peer), ['register_site'])
})

test('a registration that fails can be tried again', async () => {
  const peer = await server(() =>
    peer.asked.length === 1 ? refusal('invalid_op_host', 'No. [ref A-1]') : 'usual',
  )
  site(peer.port)
  const oxd = closing(new Client(file))
  await assert.rejects(oxd.registerSite(), OxdError)
  assert.equal(existsSync(`${file}.lock`), false)
  assert.equal(await oxd.registerSite(), 'site-1')
})

test('an id that oxd does not know: the error says what to do, and doing it replaces the id once', async () => {
  const peer = await server(({ params }) =>
    params.oxd_id === 'old' ? refusal('invalid_oxd_id', 'No such site. [ref A-1]') : 'usual',
  )
  site(peer.port)
  writeFileSync(file, readFileSync(file, 'utf8').replace('id =', 'id = old'))
  const workers = [closing(new Client(file)), closing(new Client(file))]
  for (const oxd of workers) {
    await assert.rejects(oxd.startLogin(), (error) => {
      assert.ok(error instanceof OxdError)
      assert.equal(error.code, 'invalid_oxd_id')
      assert.match(
        error.message,
        /The id in .*demosite\.cfg is unknown to oxd on 127\.0\.0\.1:\d+: registerSite\(\{ again: true \}\)/,
      )
      assert.equal(error.description, 'No such site. [ref A-1]')
      return true
    })
  }
  // All of them will try; the second finds what the first has done.
  for (const oxd of workers) assert.equal(await oxd.registerSite({ again: true }), 'site-1')
  assert.match(readFileSync(file, 'utf8'), /^id = site-1$/m)
  assert.deepEqual(commandsOf(peer).filter((command) => command === 'register_site').length, 1)
})

test('a login, with claims as lists', async () => {
  const peer = await server()
  const oxd = closing(new Client({ port: peer.port, id: 'X' }))
  assert.deepEqual(await oxd.startLogin({ acr_values: ['basic'], scope: ['openid'] }), {
    url: 'https://op.example.com/?site=X',
    state: 'S',
    login_id: 'L',
  })
  const tokens = await oxd.getTokensByCode('code', 'S')
  assert.deepEqual(tokens, { ...TOKENS, id_token_claims: LISTS })
  assert.deepEqual(
    await oxd.getTokensByCode({ code: 'code', state: 'S', iss: 'https://op.example.com' }),
    tokens,
  )
  const user = await oxd.getUserInfo(tokens.access_token)
  assert.deepEqual(user, LISTS)
  assert.deepEqual(await oxd.getUserInfo({ access_token: 'at' }), LISTS)
  assert.equal(first(user.email), 'jane@example.com')
  assert.deepEqual(
    peer.asked.map(({ params }) => params),
    [
      { oxd_id: 'X', acr_values: ['basic'], scope: ['openid'] },
      { oxd_id: 'X', code: 'code', state: 'S' },
      { oxd_id: 'X', code: 'code', state: 'S', iss: 'https://op.example.com' },
      { oxd_id: 'X', access_token: 'at' },
      { oxd_id: 'X', access_token: 'at' },
    ],
  )
})

test('claims as OpenID Connect has them, typed', async () => {
  const { port } = await server()
  const oxd = closing(new Client({ port, id: 'X' }, { claims: 'native' }))
  const { id_token_claims } = await oxd.getTokensByCode('code', 'S')
  const seconds: number = id_token_claims.exp
  assert.equal(seconds, 17)
  const user = await oxd.getUserInfo('at')
  const verified: boolean | undefined = user.email_verified
  assert.equal(verified, true)
  assert.deepEqual(user, CLAIMS)
})

test('where logout leads to', async () => {
  const peer = await server()
  const oxd = closing(new Client({ port: peer.port, id: 'X' }))
  assert.equal(await oxd.getLogoutUri(), 'registered')
  site(peer.port, 'logout_redirect_uri = https://client.example.com/out\n')
  const other = closing(new Client(file))
  await other.registerSite()
  assert.equal(
    await other.getLogoutUri({ id_token_hint: 'e.y.J', state: 'T' }),
    'https://client.example.com/out',
  )
  assert.equal(await other.getLogoutUri({ post_logout_redirect_uri: 'https://x' }), 'https://x')
  assert.deepEqual(peer.asked.find(({ params }) => params.state === 'T')?.params, {
    oxd_id: 'site-1',
    id_token_hint: 'e.y.J',
    state: 'T',
    post_logout_redirect_uri: 'https://client.example.com/out',
  })
})

test('an update sends the changes, or without any what the file says now', async () => {
  const peer = await server()
  site(peer.port)
  const oxd = closing(new Client(file))
  await assert.rejects(oxd.updateSiteRegistration(), /not registered yet: call registerSite\(\) first/)
  await oxd.registerSite()
  const changed = await oxd.updateSiteRegistration({ contacts: ['new@example.com'] })
  assert.deepEqual(changed, { oxd_id: 'site-1' })
  const text = readFileSync(file, 'utf8').replace('openid, email', 'openid')
  writeFileSync(file, `${text}client_id = c-7\nclient_name =\n`)
  await oxd.updateSiteRegistration()
  assert.deepEqual(
    peer.asked.slice(1).map(({ params }) => params),
    [
      { oxd_id: 'site-1', contacts: ['new@example.com'] },
      { oxd_id: 'site-1', op_host: 'https://op.example.com', scope: ['openid'], client_id: 'c-7' },
    ],
  )
})

test('send: as it is, both ways', async () => {
  const peer = await server()
  const oxd = closing(new Client({ port: peer.port, id: 'X' }))
  const { claims } = await oxd.send('get_user_info', { oxd_id: 'Y', access_token: 'at' })
  assert.deepEqual(claims, CLAIMS)
  await assert.rejects(
    oxd.send('no_such_command'),
    (error) => error instanceof OxdError && error.code === 'unsupported_operation',
  )
  assert.deepEqual(
    peer.asked.map(({ params }) => params),
    [{ oxd_id: 'Y', access_token: 'at' }, {}],
  )
})

test('what oxd refuses has a code, a description, details and the command', async () => {
  const { port } = await server(() =>
    refusal('op_refused', 'The OP said no. [ref K7Q2-91]', { step: 'token' }),
  )
  const oxd = closing(new Client({ port, id: 'X' }))
  await assert.rejects(oxd.getTokensByCode('code', 'S'), (error) => {
    assert.ok(error instanceof OxdError)
    const { name, code, description, details, command, message } = error
    assert.deepEqual(
      [name, code, description, details, command, message],
      [
        'OxdError',
        'op_refused',
        'The OP said no. [ref K7Q2-91]',
        { step: 'token' },
        'get_tokens_by_code',
        'get_tokens_by_code: op_refused: The OP said no. [ref K7Q2-91]',
      ],
    )
    return true
  })
})

test('a command that nobody wrote a method for has one', async () => {
  const peer = await server(({ command }) =>
    command === 'uma_rp_get_rpt' ? { rpt: 'r', claims: CLAIMS } : 'usual',
  )
  const oxd = closing(new Client({ port: peer.port, id: 'X' }))
  // The types know the commands of this version only: this one is of a later daemon.
  const later = oxd as unknown as Readonly<Record<string, (...parameters: unknown[]) => Promise<unknown>>>
  assert.deepEqual(await later.umaRpGetRpt?.({ ticket: 't' }), { rpt: 'r', claims: LISTS })
  await assert.rejects(
    Promise.resolve(later.umaRpGetRpt?.({}, { signal: AbortSignal.abort(new Error('no')) })),
    /^Error: no$/,
  )
  assert.deepEqual(peer.asked, [{ command: 'uma_rp_get_rpt', params: { oxd_id: 'X', ticket: 't' }, oxd: 1 }])
  assert.equal(later.umaRpGetRpt, later.umaRpGetRpt)
})

test('a client can be awaited, inspected, compared and printed without a command', async () => {
  const peer = await server()
  const oxd = closing(new Client({ port: peer.port, id: 'X', client_secret: 'hush' }))
  assert.equal(await Promise.resolve(oxd), oxd)
  const unknown = oxd as unknown as Readonly<Record<PropertyKey, unknown>>
  for (const key of [
    'then',
    'catch',
    'toJSON',
    'asymmetricMatch',
    'nodeType',
    '$$typeof',
    'length',
    Symbol.iterator,
    inspect.custom,
  ]) {
    assert.equal(unknown[key], undefined, String(key))
  }
  assert.doesNotMatch(inspect(oxd, { depth: 9, showHidden: true }), /hush/)
  assert.match(inspect(oxd), /^Client/)
  assert.equal(JSON.stringify(oxd), '{}')
  assert.match(`${String(oxd)}`, /object/)
  assert.ok(oxd instanceof Client && oxd instanceof Object)
  assert.notDeepEqual(oxd, {})
  assert.equal(peer.asked.length, 0)
})

test('methods are named as the commands, and typed by them', async () => {
  for (const { name } of Object.values(commands)) {
    const camel = name.replace(/_[a-z]/g, (pair) => pair.slice(1).toUpperCase())
    assert.equal(commandOf(camel), name)
  }
  // Every command that has no method of its own: as if the library had been written before these two.
  type Later = MethodsOf<typeof commands, 'register_site', 'native'>
  const sent: unknown[] = []
  const later = Object.create(
    methodsPrototype((_, command) => async (params) => {
      sent.push([command, params])
      return { claims: CLAIMS }
    }),
  ) as Later
  const { claims } = await later.getUserInfo({ access_token: 'at' })
  const email: string | undefined = claims.email
  assert.equal(email, 'jane@example.com')
  await later.getLogoutUri()
  // @ts-expect-error -- a parameter is missing
  await later.getUserInfo({})
  // @ts-expect-error -- it has a method of its own
  assert.equal(typeof later.registerSite, 'function')
  assert.deepEqual(sent, [
    ['get_user_info', { access_token: 'at' }],
    ['get_logout_uri', undefined],
    ['get_user_info', {}],
  ])
})

test('what the library repeats, and what it sends without a token, is what the definitions say', () => {
  const definitions = Object.values(commands)
  const repeatable = definitions.filter((definition) => definition.repeatable).map(({ name }) => name)
  assert.deepEqual([...REPEATABLE].sort(), repeatable.sort())
  const open = definitions.filter(({ access }) => access === 'public').map(({ name }) => name)
  assert.deepEqual([...WITHOUT_TOKEN].sort(), [...open, 'get_client_token', 'setup_client'].sort())
})

test('a command that breaks off is repeated only if it is harmless and uses up no state', async () => {
  const peer = await server(() => (socket) => void socket.destroy())
  const oxd = closing(new Client({ port: peer.port, id: 'X' }))
  const times = async (work: Promise<unknown>): Promise<number> => {
    const before = peer.asked.length
    await assert.rejects(work, (error) => error instanceof OxdConnectionError && error.code === 'broken')
    return peer.asked.length - before
  }
  assert.equal(await times(oxd.getUserInfo('at')), 2)
  assert.equal(await times(oxd.startLogin()), 2)
  assert.equal(await times(oxd.getLogoutUri()), 2)
  assert.equal(await times(oxd.getLogoutUri({ state: 'S' })), 1)
  assert.equal(await times(oxd.startLogin({ state: 'a state of my own, long enough' })), 1)
  assert.equal(await times(oxd.getTokensByCode('code', 'S')), 1)
  assert.equal(await times(oxd.updateSiteRegistration({})), 1)
  assert.equal(await times(oxd.registerSite({ again: true })), 1)
  assert.equal(await times(oxd.send('something_else')), 1)
})

test('time-outs and aborts of one call, of the client', async () => {
  const peer = await server(({ command }) => (command === 'get_user_info' ? undefined : 'usual'))
  const controller = new AbortController()
  const oxd = closing(new Client({ port: peer.port, id: 'X' }, { timeout_ms: 20, signal: controller.signal }))
  const late = (error: unknown) => error instanceof OxdConnectionError && error.code === 'timeout'
  await assert.rejects(oxd.getUserInfo('at'), late)
  await assert.rejects(oxd.getUserInfo('at', { timeout_ms: 5 }), late)
  await assert.rejects(oxd.getUserInfo('at', { signal: AbortSignal.timeout(5) }), { name: 'TimeoutError' })
  assert.equal(await oxd.getLogoutUri(), 'registered', 'the others are unharmed')
  for (const timeout_ms of [0, -1, Number.NaN, Infinity]) {
    await assert.rejects(oxd.getLogoutUri({}, { timeout_ms }), RangeError)
  }
  const waiting = assert.rejects(oxd.getUserInfo('at', { timeout_ms: 5_000 }), /^Error: we stop$/)
  await sleep(5)
  controller.abort(new Error('we stop'))
  await waiting
  await assert.rejects(oxd.getLogoutUri(), /^Error: we stop$/)
})

test('who gives up waiting for a registration ends it for nobody else', async () => {
  const peer = await server(async () => {
    await sleep(20)
    return 'usual' as const
  })
  site(peer.port)
  const oxd = closing(new Client(file))
  const controller = new AbortController()
  const impatient = assert.rejects(oxd.registerSite({}, { signal: controller.signal }), /^Error: enough$/)
  const patient = oxd.startLogin()
  controller.abort(new Error('enough'))
  await impatient
  assert.equal((await patient).url, 'https://op.example.com/?site=site-1')
  const never = AbortSignal.abort(new Error('never'))
  const other = closing(new Client(file))
  await assert.rejects(other.registerSite({ again: true }, { signal: never }), /^Error: never$/)
  await sleep(30)
  assert.equal(await other.registerSite(), 'site-1', 'it was not even begun')
})

test('whoever asks waits for a registration as long as it said, and no longer', async () => {
  let answer = (): void => undefined
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const peer = await server(async ({ command }) => {
    if (command === 'register_site') await answered
    return 'usual' as const
  })
  site(peer.port)
  const oxd = closing(new Client(file))
  const late = (sent: boolean) => (error: unknown) =>
    error instanceof OxdConnectionError && error.code === 'timeout' && error.sent === sent
  const first = assert.rejects(oxd.registerSite({}, { timeout_ms: 100 }), late(true))
  const second = oxd.startLogin()
  await assert.rejects(oxd.startLogin({}, { timeout_ms: 1 }), OxdConnectionError)
  await first
  // Another client of the same file, as another process would be, waits for the lock.
  const other = closing(new Client(file))
  await assert.rejects(other.registerSite({}, { timeout_ms: 40 }), late(false))
  await assert.rejects(other.startLogin({}, { timeout_ms: 40 }), late(false))
  answer()
  assert.equal((await second).url, 'https://op.example.com/?site=site-1')
  assert.equal(await other.registerSite(), 'site-1')
  assert.equal(commandsOf(peer).filter((command) => command === 'register_site').length, 1)
})

test('one time for all that a call takes', async () => {
  const peer = await server(async ({ command }) => {
    if (command === 'register_site') await sleep(300)
    return command === 'register_site' ? ('usual' as const) : undefined
  })
  const oxd = closing(new Client({ port: peer.port, op_host: 'https://op.example.com' }))
  const began = performance.now()
  await assert.rejects(oxd.startLogin({}, { timeout_ms: 600 }), /^OxdConnectionError: get_authorization_url/)
  assert.ok(performance.now() - began < 800)
})

test('close lets what has begun end, and takes nothing more', async () => {
  const peer = await server(async ({ command }) => {
    if (command === 'register_site') await sleep(50)
    return 'usual' as const
  })
  site(peer.port)
  const oxd = new Client(file)
  const login = oxd.startLogin()
  const closed = oxd.close()
  const late = { name: 'OxdConnectionError', code: 'closed' }
  await Promise.all([
    assert.rejects(oxd.startLogin(), late),
    assert.rejects(oxd.getUserInfo('at'), /not registered yet/),
    assert.rejects(oxd.send('get_user_info'), late),
  ])
  await closed
  assert.equal((await login).url, 'https://op.example.com/?site=site-1')
  assert.deepEqual(commandsOf(peer), ['register_site', 'get_authorization_url'])
  const known = new Client(file)
  const second = known.startLogin()
  await known.close()
  assert.equal((await second).state, 'S')
})

test('closed, it waits for no other process on behalf of those who gave up, but writes down what was registered', async () => {
  const peer = await server(async ({ command }) => {
    if (command === 'register_site') await sleep(100)
    return 'usual' as const
  })
  site(peer.port)
  const oxd = new Client(file)
  const other = new Client(file)
  const late = { name: 'OxdConnectionError', code: 'timeout' }
  const first = assert.rejects(oxd.registerSite({}, { timeout_ms: 20 }), late)
  await assert.rejects(other.registerSite({}, { timeout_ms: 10 }), late)
  await first
  await other.close()
  assert.doesNotMatch(readFileSync(file, 'utf8'), /site-1/)
  await oxd.close()
  assert.match(readFileSync(file, 'utf8'), /^id = site-1$/m)
})

test('credentials that would have no effect are an error that says what to do', async () => {
  const peer = await server()
  site(peer.port)
  const C7 = { client_id: 'c-7', client_secret: 'hush' }
  const refused = (error: unknown) => {
    assert.ok(error instanceof OxdConfigError)
    assert.match(error.message, /registerSite\(\{ client_id, client_secret, again: true \}\)/)
    return !error.message.includes('hush')
  }
  const oxd = closing(new Client(file))
  const first = oxd.registerSite(C7)
  const joined = [oxd.registerSite(C7), oxd.registerSite(), oxd.registerSite({ client_id: 'c-7' })]
  await assert.rejects(oxd.registerSite({ client_id: 'c-8' }), refused)
  await assert.rejects(oxd.registerSite({ ...C7, client_secret: 'hush 8', again: true }), refused)
  assert.deepEqual(
    await Promise.all([first, ...joined]),
    Array.from({ length: 4 }, () => 'site-1'),
  )
  assert.equal(await oxd.registerSite(C7), 'site-1')
  await assert.rejects(oxd.registerSite({ client_id: 'c-8' }), refused)
  await oxd.updateSiteRegistration({ client_secret: 'hush 9' })
  assert.equal(await oxd.registerSite({ ...C7, client_secret: 'hush 9' }), 'site-1')
  await assert.rejects(oxd.registerSite(C7), refused)
  // The next start of the application: the file does not say as what the site was registered.
  const next = closing(new Client(file))
  assert.equal(await next.registerSite(C7), 'site-1')
  await next.updateSiteRegistration({ contacts: [] })
  assert.equal(await next.registerSite(C7), 'site-1')
  assert.equal(await oxd.registerSite({ client_id: 'c-8', again: true }), 'site-2')
  await assert.rejects(oxd.registerSite(C7), refused)

  const plain = closing(new Client({ port: peer.port, op_host: 'https://op.example.com' }))
  const automatic = plain.registerSite()
  await assert.rejects(plain.registerSite(C7), refused)
  await automatic
  await assert.rejects(plain.registerSite(C7), refused)

  const written = closing(new Client({ port: peer.port, id: 'X', ...C7 }))
  assert.equal(await written.registerSite(C7), 'X')
  await assert.rejects(written.registerSite({ client_id: 'c-8' }), refused)
})

test('the package has what applications need, and nothing else', () => {
  assert.deepEqual(Object.keys(library).sort(), [
    'Client',
    'InvalidRequestError',
    'InvalidTicketError',
    'NeedInfoError',
    'OxdConfigError',
    'OxdConnectionError',
    'OxdError',
    'ProtectionError',
    'ResourceSet',
    'WebhookError',
    'first',
    'stateIn',
    'verifyWebhook',
  ])
  // @ts-expect-error -- JavaScript may hand in anything
  assert.throws(() => new Client(null), OxdConfigError)
})

test('nobody there: the error says where', async () => {
  const peer = await server()
  await peer.stop()
  await assert.rejects(closing(new Client({ port: peer.port, id: 'X' })).startLogin(), (error) => {
    assert.ok(error instanceof OxdConnectionError)
    assert.match(
      error.message,
      new RegExp(`^get_authorization_url: .*is oxd running on 127\\.0\\.0\\.1:${peer.port}\\?$`),
    )
    return true
  })
})

test('disposed of, it takes no further calls', async () => {
  const peer = await server()
  const oxd = new Client({ port: peer.port, id: 'X' })
  await oxd.startLogin()
  await oxd[Symbol.asyncDispose]()
  await assert.rejects(
    oxd.startLogin(),
    (error) => error instanceof OxdConnectionError && error.code === 'closed',
  )
  while (peer.sockets.size > 0) await sleep(1)
})

test('a missing file is an error at once', () => {
  assert.throws(() => new Client(join(folder, 'none.cfg')), OxdConfigError)
})
