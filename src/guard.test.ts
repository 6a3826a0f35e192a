// Who may call: each way to be allowed, each way to be refused, and the attacks that the originals did not withstand.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { createCallers, type Callers } from './callers.ts'
import type { Access, AnyCommand, Permit } from './command.ts'
import type { DialectName } from './dialect.ts'
import { OxdError, type ErrorCode } from './error.ts'
import { createGuard, type Credentials, type Guard } from './guard.ts'
import { LIMITS, type Limits } from './limits.ts'
import { createDoor, type Door } from './oidc/http.ts'
import { createOps } from './oidc/op.ts'
import { clientCredentials } from './oidc/token.ts'
import { createPats } from './pat.ts'
import { ownKeysInMemory } from './testing/own_keys.ts'
import { sitesOf, type Setup, type Site, type Sites } from './site.ts'
import { settingsFrom } from './site_settings.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { reply, startLyingOp, type Faults, type LyingOp } from './testing/op.ts'
import { realWorld } from './world.ts'

const REDIRECT = 'https://client.example.com/callback'
const PROTECTED: Credentials = { protected: true }
const commandWith = (access: Access): AnyCommand => ({
  name: 'probe',
  since: '0',
  access,
  summary: '',
  repeatable: false,
  spec: [],
  params: {},
  result: {},
  more: {},
  errors: [],
  examples: [],
  run: async () => ({}),
})

let op: LyingOp
before(async () => {
  op = await startLyingOp()
})
after(() => op.close())

interface House {
  readonly guard: Guard
  readonly sites: Sites
  readonly callers: Callers
  /** A fresh issuer. */
  readonly issuer: (faults?: Faults) => string
  /** A site whose client is registered at the OP, or claimed to be. */
  readonly site: (
    issuer: string,
    more?: { readonly setup?: Setup | 'itself'; readonly client_id?: string },
  ) => Promise<Site>
  /** A token of the site's own client. */
  readonly token: (site: Site, scope?: readonly string[]) => Promise<string>
  readonly asked: (issuer: string) => number
  readonly close: () => Promise<void>
}

let issuers = 0
const makeHouse = (
  options: {
    readonly allowed_op?: readonly string[]
    readonly now?: () => number
    readonly limits?: Partial<Limits>
  } = {},
): House => {
  const limits = { ...LIMITS, ...options.limits }
  const real = realWorld(() => {})
  const world = { ...real, now: options.now ?? real.now }
  const keys = createKeys(randomBytes(32))
  const store = createStore(
    createMemoryEngine(() => world.now() / 1_000),
    keys,
    world,
    limits,
  )
  const door: Door = createDoor({ trust_op: [op.origin], limits })
  const ops = createOps(door, world, limits, { own: ownKeysInMemory(world) })
  const sites = sitesOf(store, limits)
  const callers = createCallers(store, world, limits)
  const pats = createPats(store, ops, world, limits)
  const { allowed_op = [] } = options
  const guard = createGuard({
    sites,
    callers,
    ops,
    pats,
    keys,
    world,
    limits,
    allowed_op,
    op_host: undefined,
  })
  return {
    guard,
    sites,
    callers,
    issuer: (faults) => op.issuer(`g${++issuers}`, faults),
    async site(issuer, { setup, client_id } = {}) {
      const made = op.addClient(issuer, {
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code', 'client_credentials'],
      })
      const oxd_id = randomUUID()
      const client = {
        client_id: client_id ?? String(made.client_id),
        client_secret: String(made.client_secret),
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: 'RS256',
        by_hand: false,
      }
      const site: Site = {
        oxd_id,
        op_host: issuer,
        issuer,
        discovery_url: `${issuer}/.well-known/openid-configuration`,
        version: 1,
        settings: settingsFrom(oxd_id, { authorization_redirect_uri: REDIRECT }),
        client,
        setup: setup === 'itself' ? { oxd_id, client_id: client.client_id } : setup,
      }
      assert.ok(await sites.insert(site))
      return site
    },
    async token(site, scope = ['openid', 'oxd']) {
      return (await clientCredentials(await ops.at(site), site.client, { scope })).access_token
    },
    asked: (issuer) => op.count(issuer, 'introspection'),
    async close() {
      await door.close()
      await store.close()
    },
  }
}

const houses: House[] = []
const house = (options?: Parameters<typeof makeHouse>[0]): House => {
  const made = makeHouse(options)
  houses.push(made)
  return made
}
afterEach(async () => {
  for (const made of houses.splice(0)) await made.close()
})

interface Asked {
  readonly access?: Access
  readonly site?: Site
  readonly params?: Record<string, unknown>
  readonly credentials?: Partial<Credentials>
  readonly dialect?: DialectName
}
/** What dispatch does: the first look, and then the permit. */
const permit = async (
  { guard }: House,
  { access = 'site', site, params = {}, credentials = {}, dialect = 'v3' }: Asked,
): Promise<Permit> => {
  const command = commandWith(access)
  const shown = { ...PROTECTED, ...credentials }
  guard.first(command, shown)
  return guard.permit(command, { params, site, credentials: shown, dialect })
}
const refused = (work: Promise<unknown>, code: ErrorCode, ...secrets: readonly string[]): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof OxdError, String(error))
    assert.equal(error.code, code, error.message)
    for (const secret of secrets) assert.ok(!error.message.includes(secret), 'a secret is told')
    return true
  })

describe('a setup client of 3.1', () => {
  it('operates the sites that were registered under it, and no other', async () => {
    const h = house()
    const issuer = h.issuer()
    const setup = await h.site(issuer, { setup: 'itself' })
    const own = await h.site(issuer, { setup: setup.setup as Setup })
    const other = await h.site(issuer, { setup: 'itself' })
    const token = await h.token(setup)
    const allowed = await permit(h, { site: own, credentials: { token } })
    assert.ok(allowed.owns(own) && allowed.owns(setup))
    assert.ok(!allowed.owns(other))
    assert.deepEqual(await allowed.setup(), setup.setup)
    await permit(h, { site: setup, credentials: { token } })
    await refused(
      permit(h, { site: other, credentials: { token } }),
      'invalid_protection_access_token',
      token,
    )
  })

  // In the order of the checks; each token would fail the later ones, too.
  const SAID: readonly (readonly [what: string, said: Record<string, unknown>, code: ErrorCode])[] = [
    ['inactive', { active: false }, 'inactive_protection_access_token'],
    ['not quite active', { active: 'true' }, 'inactive_protection_access_token'],
    ['without client_id', { active: true }, 'invalid_introspection_response'],
    ['with a blank client_id', { active: true, client_id: '' }, 'invalid_introspection_response'],
    [
      'without the scope oxd',
      { active: true, client_id: 'x', scope: 'openid oxdx' },
      'protection_access_token_insufficient_scope',
    ],
    [
      'of another client',
      { active: true, client_id: 'x', scope: 'openid oxd' },
      'invalid_protection_access_token',
    ],
  ]
  for (const [what, said, code] of SAID) {
    it(`refuses a token that is ${what}: ${code}`, async () => {
      const h = house()
      const issuer = h.issuer({ introspection: () => said })
      const site = await h.site(issuer, { setup: 'itself' })
      await refused(permit(h, { site, credentials: { token: 'some-token' } }), code, 'some-token')
    })
  }

  it('asks for the token first, then for the setup client, and the OP last', async () => {
    const h = house()
    const issuer = h.issuer()
    const alone = await h.site(issuer)
    await refused(permit(h, { site: alone }), 'blank_protection_access_token')
    const token = await h.token(alone)
    await refused(permit(h, { site: alone, credentials: { token } }), 'no_setup_client_for_oxd_id')
    assert.equal(h.asked(issuer), 0)
  })

  it('has its tokens introspected by its sites when it was removed', async () => {
    const h = house()
    const issuer = h.issuer()
    const setup = await h.site(issuer, { setup: 'itself' })
    const site = await h.site(issuer, { setup: setup.setup as Setup })
    const token = await h.token(setup)
    await h.sites.remove(setup.oxd_id)
    await permit(h, { site, credentials: { token } })
  })
})

describe('register_site of 3.1 with a token', () => {
  const register = (h: House, issuer: string, token: string) =>
    permit(h, { access: 'op', params: { op_host: issuer }, credentials: { token } })

  it('is for setup clients of that OP, whichever of them it is', async () => {
    const h = house()
    const issuer = h.issuer()
    const first = await h.site(issuer, { setup: 'itself' })
    await h.site(issuer, { setup: 'itself' })
    const allowed = await register(h, issuer, await h.token(first))
    assert.deepEqual(await allowed.setup(), first.setup)
    assert.ok(allowed.owns(first))
  })

  it('is not for the client of a site, nor where no setup client is known', async () => {
    const h = house()
    const issuer = h.issuer()
    const site = await h.site(issuer)
    const token = await h.token(site)
    await refused(register(h, issuer, token), 'invalid_protection_access_token', token)
    assert.equal(h.asked(issuer), 0, 'nobody is there who could ask')
    await h.site(issuer, { setup: 'itself' })
    await refused(register(h, issuer, token), 'invalid_protection_access_token', token)
  })

  it('says that a token is not active, and that it lacks the scope', async () => {
    const h = house()
    const issuer = h.issuer()
    const setup = await h.site(issuer, { setup: 'itself' })
    await refused(register(h, issuer, 'nonsense'), 'inactive_protection_access_token')
    const weak = await h.token(setup, ['openid'])
    await refused(register(h, issuer, weak), 'protection_access_token_insufficient_scope')
  })

  it('works although the OP has forgotten another setup client, and many others were made since', async () => {
    const h = house({ limits: { setups_max: 2 } })
    const issuer = h.issuer()
    const setup = await h.site(issuer, { setup: 'itself' })
    const token = await h.token(setup)
    await h.site(issuer, { setup: 'itself', client_id: 'forgotten' })
    assert.deepEqual(await (await register(h, issuer, token)).setup(), setup.setup)
    for (let others = 0; others < 3; others += 1) await h.site(issuer, { setup: 'itself' })
    assert.deepEqual(await (await register(h, issuer, token)).setup(), setup.setup)
  })

  it('gives sites to the true client, not to a setup that only claims to be it', async () => {
    const h = house()
    const issuer = h.issuer()
    const setup = await h.site(issuer, { setup: 'itself' })
    const { client_id } = setup.client
    for (const order of ['the newest', 'before another']) {
      const fake = await h.site(issuer, { setup: 'itself', client_id })
      if (order === 'before another') await h.site(issuer, { setup: 'itself' })
      const token = await h.token(setup)
      for (let times = 0; times < 2; times += 1) {
        const link = await (await register(h, issuer, token)).setup()
        assert.equal(link?.oxd_id, setup.oxd_id, order)
        assert.notEqual(link?.oxd_id, fake.oxd_id)
      }
    }
  })

  it('verifies a token also where commands are not protected, and asks for none', async () => {
    const h = house()
    const issuer = h.issuer()
    const setup = await h.site(issuer, { setup: 'itself' })
    const open = { access: 'op', params: { op_host: issuer } } as const
    const none = await permit(h, { ...open, credentials: { protected: false } })
    assert.equal(await none.setup(), undefined)
    assert.ok(none.owns(setup) && none.anywhere)
    const token = await h.token(setup)
    const shown = await permit(h, { ...open, credentials: { protected: false, token } })
    assert.deepEqual(await shown.setup(), setup.setup)
    const wrong = await permit(h, { ...open, credentials: { protected: false, token: 'nonsense' } })
    await refused(wrong.setup(), 'inactive_protection_access_token')
    // 4.x never looked at it.
    const v4 = await permit(h, {
      ...open,
      dialect: 'v4',
      credentials: { protected: false, token: 'nonsense' },
    })
    assert.equal(await v4.setup(), undefined)
  })
})

describe('a token of 4.x', () => {
  it('is that of the own client of the site', async () => {
    const h = house()
    const issuer = h.issuer()
    const site = await h.site(issuer)
    const other = await h.site(issuer)
    const token = await h.token(site)
    const allowed = await permit(h, { site, dialect: 'v4', credentials: { token } })
    assert.ok(allowed.owns(site) && !allowed.owns(other))
    await refused(
      permit(h, { site: other, dialect: 'v4', credentials: { token } }),
      'invalid_protection_access_token',
    )
  })

  it('with AuthorizationOxdId is introspected there, and good for sites of the same owner alone', async () => {
    const h = house()
    const issuer = h.issuer()
    const site = await h.site(issuer, { setup: 'itself' })
    const twin = await h.site(issuer, { client_id: site.client.client_id })
    const other = await h.site(issuer)
    const token = await h.token(site)
    const shown = { token, authorization_oxd_id: site.oxd_id }
    await permit(h, { site, dialect: 'v4', credentials: shown })
    await permit(h, { site: twin, dialect: 'v4', credentials: shown })
    const asking = { access: 'op', dialect: 'v4', credentials: shown } as const
    const registering = await permit(h, { ...asking, params: { op_host: issuer } })
    assert.ok(!registering.anywhere)
    // Where anybody may register, anybody has such a token: it must not open the way to every OP.
    await refused(
      permit(h, { ...asking, params: { op_host: 'https://elsewhere.example' } }),
      'op_not_allowed',
    )
    assert.equal(await registering.setup(), undefined, '4.x knows no setup clients')
    await refused(
      permit(h, { site: other, dialect: 'v4', credentials: shown }),
      'invalid_authorization_oxd_id',
      token,
    )
    const unknown = { token, authorization_oxd_id: randomUUID() }
    await refused(permit(h, { site, dialect: 'v4', credentials: unknown }), 'authorization_oxd_id_not_found')
    const without = { authorization_oxd_id: site.oxd_id }
    await refused(permit(h, { site, dialect: 'v4', credentials: without }), 'blank_protection_access_token')
  })

  it('that names no site proves nothing', async () => {
    const h = house()
    const issuer = h.issuer()
    const token = await h.token(await h.site(issuer))
    for (const access of ['op', 'client'] as const) {
      const asked = { access, params: { op_host: issuer }, dialect: 'v4', credentials: { token } } as const
      await refused(permit(h, asked), 'op_not_allowed', token)
    }
    await refused(
      permit(h, { access: 'caller', dialect: 'v4', credentials: { token } }),
      'invalid_protection_access_token',
    )
    assert.equal(h.asked(issuer), 0)
  })
})

describe('an OP that lies about whose client it is', () => {
  it('gains no site of another OP, in any dialect', async () => {
    const h = house()
    const honest = h.issuer()
    const victim = await h.site(honest, { setup: 'itself' })
    const { client_id } = victim.client
    const evil = h.issuer({
      credentials: { client_id },
      introspection: () => ({ active: true, client_id, scope: 'openid oxd' }),
    })
    const theirs = await h.site(evil, { client_id, setup: 'itself' })
    const token = 'made-up'
    for (const dialect of ['v3', 'v4', 'native'] as const) {
      // On its own it is what it says: that is its own affair.
      const permitted = await permit(h, { site: theirs, dialect, credentials: { token } })
      assert.ok(!permitted.owns(victim))
      await refused(
        permit(h, { site: victim, dialect, credentials: { token } }),
        'inactive_protection_access_token',
      )
      const shown = { token, authorization_oxd_id: theirs.oxd_id }
      await refused(permit(h, { site: victim, dialect, credentials: shown }), 'invalid_authorization_oxd_id')
    }
    // A link to the victim's setup client from a site at the other issuer does not lend its name either.
    const linked = await h.site(evil, { client_id, setup: victim.setup as Setup })
    const permitted = await permit(h, { site: linked, credentials: { token } })
    assert.ok(!permitted.owns(victim))
  })

  it('is not asked about tokens shown for other OPs', async () => {
    const h = house()
    const honest = h.issuer()
    const evil = h.issuer()
    await h.site(evil, { setup: 'itself' })
    const site = await h.site(honest, { setup: 'itself' })
    await permit(h, { site, credentials: { token: await h.token(site) } })
    assert.equal(h.asked(evil), 0)
  })
})

describe('a caller key', () => {
  it('operates its sites without the OP, and no other', async () => {
    const h = house()
    const issuer = h.issuer()
    const site = await h.site(issuer)
    const other = await h.site(issuer)
    const { key } = await h.callers.add('shop', [site.oxd_id])
    for (const dialect of ['v3', 'v4', 'native'] as const) {
      const allowed = await permit(h, { site, dialect, credentials: { token: key } })
      assert.ok(allowed.owns(site) && !allowed.owns(other))
      const denied = permit(h, { site: other, dialect, credentials: { token: key } })
      await refused(denied, 'invalid_protection_access_token', key)
      // The header of 4.x does not widen it.
      const shown = { token: key, authorization_oxd_id: site.oxd_id }
      const widened = permit(h, { site: other, dialect, credentials: shown })
      await refused(widened, 'invalid_protection_access_token', key)
    }
    assert.equal(h.asked(issuer), 0)
  })

  it('for all sites operates all, those to come as well', async () => {
    const h = house()
    const { key } = await h.callers.add('shop', 'all')
    const site = await h.site(h.issuer())
    await permit(h, { site, credentials: { token: key } })
  })

  it('gets what it registers, and it alone', async () => {
    const h = house()
    const { key } = await h.callers.add('shop', [])
    const { key: neighbour } = await h.callers.add('neighbour', [])
    const allowed = await permit(h, { access: 'op', credentials: { token: key } })
    const site = await h.site(h.issuer())
    assert.ok(!allowed.owns(site))
    await allowed.adopt(site.oxd_id)
    await permit(h, { site, credentials: { token: key } })
    await refused(permit(h, { site, credentials: { token: neighbour } }), 'invalid_protection_access_token')
  })

  it('that is dropped, removed, unknown or cut off is refused, and shown to no OP', async () => {
    const h = house({ limits: { caller_keys_max: 2 } })
    const issuer = h.issuer()
    const site = await h.site(issuer, { setup: 'itself' })
    const { key: first } = await h.callers.add('shop', [site.oxd_id])
    const { key: second } = await h.callers.rotate('shop')
    await permit(h, { site, credentials: { token: first } })
    await permit(h, { site, credentials: { token: second } })
    await h.callers.dropOld('shop')
    await permit(h, { site, credentials: { token: second } })
    await h.callers.remove('shop')
    const unknown = `oxd_key_${'A'.repeat(43)}`
    const spoilt = [second.slice(0, -1), `${second}\n`, ` ${second}`, `Bearer ${second}`, `"${second}"`]
    for (const token of [first, second, unknown, ...spoilt, second.toUpperCase()]) {
      for (const dialect of ['v3', 'v4'] as const) {
        for (const access of ['site', 'op'] as const) {
          const asked = { access, dialect, params: { op_host: issuer }, credentials: { token } }
          await refused(
            permit(h, access === 'site' ? { ...asked, site } : asked),
            'invalid_protection_access_token',
            token.trim(),
          )
        }
      }
    }
    assert.equal(h.asked(issuer), 0)
  })

  it('may be a certificate', async () => {
    const h = house()
    const site = await h.site(h.issuer())
    const other = await h.site(h.issuer())
    const certificate = 'ab'.repeat(32)
    await h.callers.addCertificate('shop', [site.oxd_id], certificate)
    await permit(h, { site, credentials: { certificate } })
    const denied = permit(h, { site: other, credentials: { certificate } })
    await refused(denied, 'invalid_protection_access_token')
    const stranger = permit(h, { site, credentials: { certificate: 'cd'.repeat(32) } })
    await refused(stranger, 'blank_protection_access_token')
  })
})

describe('without token and key', () => {
  it('OPs of --allowed-op are asked, and no others', async () => {
    const issuer = op.issuer(`g${++issuers}`)
    const h = house({ allowed_op: [`${issuer}/`] })
    for (const access of ['op', 'client'] as const) {
      const allowed = await permit(h, { access, params: { op_host: issuer } })
      assert.ok(!allowed.anywhere && !allowed.owns(await h.site(issuer)))
      for (const params of [
        { op_host: `${issuer}x` },
        { op_host: op.origin },
        // The discovery document of another OP under the name of this one.
        {
          op_host: issuer,
          op_configuration_endpoint: 'https://evil.example/.well-known/openid-configuration',
        },
        { op_host: issuer, op_discovery_path: '/elsewhere' },
      ]) {
        await refused(permit(h, { access, params }), 'op_not_allowed')
      }
    }
    await refused(permit(h, { access: 'caller' }), 'blank_protection_access_token')
    assert.deepEqual(op.requests(issuer), [])
  })

  it('a client of a known site proves itself at its own OP, also with a token that has expired', async () => {
    const h = house()
    const issuer = h.issuer()
    const site = await h.site(issuer)
    const { client_id } = site.client
    const asked = { access: 'client', params: { op_host: issuer, client_id } } as const
    for (const dialect of ['v3', 'v4'] as const) {
      const stale = { token: 'expired', authorization_oxd_id: site.oxd_id }
      for (const credentials of [{}, { token: 'expired' }, stale]) {
        assert.ok(!(await permit(h, { ...asked, dialect, credentials })).anywhere)
      }
    }
    const elsewhere = { ...asked, params: { op_host: h.issuer(), client_id } }
    await refused(permit(h, elsewhere), 'op_not_allowed')
    const stranger = { ...asked, params: { op_host: issuer, client_id: 'stranger' } }
    await refused(permit(h, stranger), 'op_not_allowed')
  })

  it('what is public is open, and gives nothing', async () => {
    const h = house()
    const allowed = await permit(h, { access: 'public' })
    assert.ok(!allowed.anywhere && !allowed.owns(await h.site(h.issuer())))
  })
})

describe('what the OP said of a token', () => {
  it('is believed for a short while, each token by itself, and not for longer than it lives', async () => {
    let now = Date.now()
    const h = house({ now: () => now, limits: { introspection_ms: 10_000 } })
    const said: Record<string, unknown> = { active: true, scope: 'oxd' }
    const issuer = h.issuer({ introspection: () => ({ ...said }) })
    const site = await h.site(issuer)
    said.client_id = site.client.client_id
    const ask = (token = 'token') => permit(h, { site, dialect: 'v4', credentials: { token } })
    await Promise.all([ask(), ask(), ask()])
    assert.equal(h.asked(issuer), 1, 'those who ask at once wait for one answer')
    now += 9_999
    await ask()
    assert.equal(h.asked(issuer), 1)
    said.active = false
    now += 2
    await refused(ask(), 'inactive_protection_access_token')
    await refused(ask('other'), 'inactive_protection_access_token')
    assert.equal(h.asked(issuer), 3)
    said.active = true
    now += 10_001
    said.exp = Math.floor(now / 1_000) + 2
    await ask()
    now += 2_001
    await ask()
    assert.equal(h.asked(issuer), 5, 'asked again when the token has expired')
  })

  it('is forgotten when too many other tokens come, and an error is never remembered', async () => {
    const h = house({ limits: { introspections_max: 2 } })
    let broken = true
    const issuer = h.issuer({ introspection: (good) => (broken ? reply.status(500) : good) })
    const site = await h.site(issuer)
    const token = await h.token(site)
    const ask = (shown: string) => permit(h, { site, dialect: 'v4', credentials: { token: shown } })
    await refused(ask(token), 'op_http_status', token)
    broken = false
    await ask(token)
    assert.equal(h.asked(issuer), 2)
    for (const other of ['a', 'b']) await refused(ask(other), 'inactive_protection_access_token')
    await ask(token)
    assert.equal(h.asked(issuer), 5)
  })
})

describe('where commands are not protected', () => {
  it('everything is open, whatever is shown', async () => {
    const h = house()
    const issuer = h.issuer()
    const site = await h.site(issuer)
    for (const token of [undefined, 'nonsense', `oxd_key_${'A'.repeat(43)}`, 'oxd_key_']) {
      for (const dialect of ['v3', 'v4', 'native'] as const) {
        const credentials = { protected: false, token }
        assert.ok((await permit(h, { site, dialect, credentials })).owns(site))
        await permit(h, { access: 'caller', dialect, credentials })
      }
    }
    assert.equal(h.asked(issuer), 0)
  })
})
