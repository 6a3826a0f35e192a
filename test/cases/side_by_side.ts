// TOK-23 and TOK-24: many logins at once, each with a fault of its own; ways to the OP whose TLS is worth nothing.
import assert from 'node:assert/strict'
import type { ErrorCode } from '../../src/error.ts'
import type { Act, Case, Drive } from '../../src/testing/cases/case.ts'
import { WAYS, type Way } from '../../src/testing/cases/tls_ways.ts'
import { FAULTS, type FaultName } from '../../src/testing/faults/index.ts'
import { faultsAt } from '../../src/testing/faults/fault.ts'
import { chanceFrom } from '../../src/testing/fuzz/chance.ts'
import { Reply, type Fault } from '../../src/testing/op.ts'
import type { Site } from '../../src/testing/story.ts'

const LOGINS = 50
const SITES = 5
const SEEDS: Readonly<Record<string, number>> = { 'seed 1': 1, 'seed 2': 2, 'seed 3': 3 }

/** What may befall one token request of many, and with which error; with `ok` it must not matter. */
const BEFALLS = {
  token_invalid_grant: 'code_refused',
  token_server_error: 'op_http_status',
  token_redirects_307: 'op_redirected',
  token_html: 'op_answer_malformed',
  token_cut: 'op_answer_malformed',
  token_resets: 'op_unreachable',
  token_stalls: 'op_timeout',
  token_hangs: 'op_timeout',
  token_duplicate: 'op_answer_malformed',
  token_http_09: 'op_answer_malformed',
  id_token_missing: 'no_id_token',
  id_token_4_segments: 'invalid_id_token_malformed',
  access_token_missing: 'no_access_token',
  token_type_other_case: 'ok',
  scope_narrower: 'ok',
  token_browser_headers: 'ok',
  token_prototypes: 'ok',
} as const satisfies Readonly<Partial<Record<FaultName, ErrorCode | 'ok'>>>
// The names of the table.
const FATES = Object.keys(BEFALLS) as (keyof typeof BEFALLS)[]

/** Logins at once at a few sites of one OP, each by a user of its own; what the OP answers to a code, chance says. */
const atOnce: Drive = async (act) => {
  const chance = chanceFrom(SEEDS[act.attack ?? ''] ?? 0)
  const sites = await Promise.all(Array.from({ length: SITES }, () => act.site()))
  const begun = await Promise.all(
    Array.from({ length: LOGINS }, async (_, nth) => {
      const [site, sub] = [chance.pick(sites), `user-${nth}`]
      const fate = act.honest ? undefined : chance.pick(FATES)
      return { site, sub, fate, back: await site.visit({}, sub) }
    }),
  )
  const fates = new Map(begun.map(({ back, fate }) => [back.code, fate]))
  act.strike()
  act.op.setFaults(act.issuer, {
    token: (good, seen) => {
      const fate = fates.get(String(seen.params['code']))
      const lie: Fault = (fate && faultsAt(FAULTS[fate], act.places).token) ?? (() => good)
      return lie instanceof Reply ? lie : lie(good, seen)
    },
  })
  await Promise.all(
    begun.map(async ({ site, sub, fate, back }) => {
      const { status, data } = await site.call('get_tokens_by_code', back)
      const came = status === 'ok' ? 'ok' : data.error
      assert.equal(came, fate === undefined ? 'ok' : BEFALLS[fate], `${sub}: ${fate}`)
      if (status !== 'ok') return
      assert.equal(Object(data.id_token_claims).sub, sub)
      const { claims } = await site.ok('get_user_info', { access_token: data.access_token })
      assert.equal(Object(claims).sub, sub)
    }),
  )
  assert.equal(act.count('token'), LOGINS)
  act.op.setFaults(act.issuer, {})
  const [site] = sites
  assert.ok(site)
  return site.login()
}

/** Where a way leads to, and what is entrusted to it there. */
const ENDPOINTS = {
  token_endpoint: (site: Site) => site.login(),
  jwks_uri: (site: Site) => site.login(),
  userinfo_endpoint: async (site: Site) => {
    const { access_token } = await site.ok('get_tokens_by_code', await site.visit())
    return site.call('get_user_info', { access_token })
  },
  registration_endpoint: (site: Site) => site.login(),
} as const
type Endpoint = keyof typeof ENDPOINTS
// The names of the tables.
const ENDPOINT_NAMES = Object.keys(ENDPOINTS) as Endpoint[]

const AT = ', at '
const parts = (attack: string): readonly [way: Way | undefined, endpoint: Endpoint | undefined] => {
  const [said, at] = attack.split(AT)
  return [WAYS.find((way) => way === said), ENDPOINT_NAMES.find((endpoint) => endpoint === at)]
}
/** The address at this OP, on another way. */
const on = ({ ways }: Act, way: Way, url: unknown): string => {
  const { pathname, search } = new URL(String(url))
  return `${ways.origins[way]}${pathname}${search}`
}

/** An OP whose metadata name another way to one of its endpoints. */
const onTheWay: Drive = async (act) => {
  const [way, endpoint] = parts(act.attack ?? '')
  const before = way && act.ways.heard(way)
  act.strike()
  if (way !== undefined && endpoint !== undefined)
    act.op.setFaults(act.issuer, {
      discovery: (good) => ({ ...good, [endpoint]: on(act, way, good[endpoint]) }),
      // Where a client is changed is where it was registered.
      registration: (good) =>
        endpoint === 'registration_endpoint'
          ? { ...good, registration_client_uri: on(act, way, good['registration_client_uri']) }
          : good,
    })
  const registered = await act.register()
  if (registered.status !== 'ok') return registered
  const answer = await ENDPOINTS[endpoint ?? 'token_endpoint'](act.siteOf(registered))
  if (way !== undefined)
    assert.equal(act.ways.heard(way) > (before ?? 0), way === 'sound', 'what was entrusted to it')
  return answer
}
const ways = (which: (way: Way) => boolean): readonly string[] =>
  WAYS.filter(which).flatMap((way) => ENDPOINT_NAMES.map((endpoint) => `${way}${AT}${endpoint}`))

export const SIDE_BY_SIDE: readonly Case[] = [
  {
    id: 'TOK-23',
    title:
      'fifty logins at once, each with a fault that chance gives it: every result belongs to its own login',
    drive: atOnce,
    limits: { op_connections_max: LOGINS },
    harmless: Object.keys(SEEDS),
  },
  {
    id: 'TOK-24',
    title: 'TLS that is worth nothing: nothing is said to it',
    drive: onTheWay,
    over: 'https',
    attacks: Object.fromEntries(ways((way) => way !== 'sound').map((name) => [name, 'ssl_handshake_error'])),
    harmless: ways((way) => way === 'sound'),
    requests: { attacker: 0 },
  },
  {
    id: 'TOK-24',
    title: 'an OP behind TLS that is worth nothing',
    over: 'https',
    drive: async (act) => {
      const [way] = parts(act.attack ?? '')
      const before = way && act.ways.heard(way)
      act.strike()
      const answer = await act.register({}, way === undefined ? act.issuer : on(act, way, act.issuer))
      if (way !== undefined) assert.equal(act.ways.heard(way), before, 'what was entrusted to it')
      return answer
    },
    attacks: Object.fromEntries(
      WAYS.filter((way) => way !== 'sound').map((way) => [way, 'ssl_handshake_error']),
    ),
    requests: { discovery: 0 },
  },
]
