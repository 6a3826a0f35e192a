// Every limit has a test on both sides of it: here, or where what it bounds is tested. A limit that stands in no table fails.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { fields } from './fields.ts'
import { currentKey, isDue, liveKeys } from './key_ring.ts'
import { LIMITS, type Limits } from './limits.ts'
import { whereabouts } from './oidc/discovery.ts'
import { createOps } from './oidc/op.ts'
import { show } from './oidc/said.ts'
import { unusable } from './params.ts'
import { createPats } from './pat.ts'
import { createMeter, readParams } from './serve/public.ts'
import { sitesOf, type Site } from './site.ts'
import { createMemoryEngine } from './store/memory.ts'
import { createKeys } from './store/seal.ts'
import { createStore } from './store/store.ts'
import { startParty, type Party } from './testing/op_party.ts'
import { ownKeysInMemory } from './testing/own_keys.ts'
import { realWorld } from './world.ts'

type Limit = keyof Limits

/** The tests of a limit elsewhere: the file, and the title as it stands there. Each goes to both sides. */
const ELSEWHERE: Readonly<Partial<Record<Limit, readonly [file: string, title: string]>>> = {
  frame_bytes_max: [
    'src/serve/frame.test.ts',
    'whatever the bytes are, their chunks do not matter, and what is held is bounded',
  ],
  reply_characters_max: ['src/serve/frame.test.ts', 'replies: too large for the wire'],
  long_reply_characters_max: ['src/serve/frame.test.ts', 'a long reply is read back by the library'],
  twin_hold_ms: [
    'src/serve/socket.test.ts',
    'the twin is dropped when it comes within the hold, though the command is done',
  ],
  frame_ms_max: [
    'src/serve/socket.test.ts',
    'each frame has its own time, and silence between frames has no end',
  ],
  reply_ms_max: [
    'src/serve/socket.test.ts',
    'a peer that does not read its reply is cut off, others are served',
  ],
  close_ms_max: ['src/serve/socket.test.ts', 'a peer that goes on sending after its last answer is cut off'],
  connections_max: [
    'src/serve/socket.test.ts',
    'connections beyond the limit are closed at once, until there is room',
  ],
  waiting_frames_max: [
    'src/serve/socket.test.ts',
    'a peer that sends without end is not read while its frames wait',
  ],
  login_seconds: [
    'src/commands/get_tokens_by_code.test.ts',
    'accepts a state until it expires, and not a second longer',
  ],
  clock_tolerance_seconds: ['src/oidc/id_token.test.ts', 'an expiry just out of the tolerance'],
  id_token_seconds_max: ['src/oidc/id_token.test.ts', 'an expiry in a year and a little'],
  tokens_seconds_max: ['src/login.test.ts', 'is known by its nonce for a day, at its own site'],
  refresh_tokens_seconds: ['src/login.test.ts', 'is known by its refresh token for 30 days, at its own site'],
  refresh_replay_seconds: [
    'src/refreshes.test.ts',
    'is told again for ten seconds to whoever lost it, and no longer',
  ],
  live_logins_seconds: [
    'src/live_logins.test.ts',
    'is known for a week without a refresh token, and for 30 days with one',
  ],
  ended_logins_seconds: ['src/ended_logins.test.ts', 'cursor_expired'],
  ended_page_max: [
    'src/commands/get_ended_logins.test.ts',
    'refuses cursors of other sites and limits out of bounds, each by its name',
  ],
  ended_wait_seconds_max: [
    'src/commands/get_ended_logins.test.ts',
    'refuses cursors of other sites and limits out of bounds, each by its name',
  ],
  ended_waits_max: ['src/ended_logins.test.ts', 'so many wait at once, at one site and in all, and no more'],
  ended_site_waits_max: [
    'src/ended_logins.test.ts',
    'so many wait at once, at one site and in all, and no more',
  ],
  request_object_seconds: ['src/rp_keys.test.ts', 'is gone after ${LIMITS.request_object_seconds} seconds'],
  assertion_seconds: ['src/oidc/client_auth.test.ts', 'is for the issuer, short, and new each time'],
  listed_sites_max: [
    'src/commands/get_rp.test.ts',
    'lists the sites by oxd_id and name, and no more than it may',
  ],
  swap_tries_max: ['src/store/store.test.ts', 'update gives up when others are always faster, and says so'],
  introspection_ms: [
    'src/guard.test.ts',
    'is believed for a short while, each token by itself, and not for longer than it lives',
  ],
  introspections_max: [
    'src/guard.test.ts',
    'is forgotten when too many other tokens come, and an error is never remembered',
  ],
  setups_max: [
    'src/commands/setup_client.test.ts',
    'lets a client that was registered by hand prove itself, where nobody else answers for it',
  ],
  http_body_bytes_max: ['src/serve/http.test.ts', 'http_body_bytes_max: 1_000'],
  public_body_bytes_max: ['src/serve/public.test.ts', 'reads a body of so many bytes, and not one more'],
  http_header_bytes_max: ['src/serve/http.test.ts', 'http_header_bytes_max: 2_000'],
  http_request_ms_max: [
    'src/serve/http.test.ts',
    'a request that does not end in time is refused, and its connection ends',
  ],
  http_idle_ms: ['src/serve/http.test.ts', 'a silent connection ends'],
  caller_keys_max: [
    'src/guard.test.ts',
    'that is dropped, removed, unknown or cut off is refused, and shown to no OP',
  ],
  caller_sites_max: ['src/callers.test.ts', 'are bounded, except for a caller that may operate all'],
  listings_max: ['src/admin/listings.test.ts', 'listings_max'],
  listing_ms_max: ['src/admin/listings.test.ts', 'listing_ms_max'],
  op_connect_ms: ['src/oidc/http.test.ts', 'a handshake, a lookup that does not end'],
  op_total_ms: ['src/oidc/http.test.ts', 'a body that drips'],
  op_connections_max: ['src/oidc/http.test.ts', 'a hundred at once'],
  stranger_requests_max: [
    'test/stranger_login.test.ts',
    'has few of the connections to an OP that takes its time',
  ],
  op_header_bytes_max: ['src/oidc/http.test.ts', 'headers up to their bound, and no more'],
  op_body_bytes_max: ['src/oidc/http.test.ts', 'exactly as much as is allowed, by step and by request'],
  jwks_bytes_max: ['src/oidc/http.test.ts', 'exactly as much as is allowed, by step and by request'],
  jwks_keys_max: ['src/oidc/keys.test.ts', 'is in a set of a hundred'],
  signature_tries_max: [
    'src/commands/get_tokens_by_code.test.ts',
    'tries four keys for a token that names none, and not a fifth',
  ],
  kid_characters_max: [
    'src/commands/get_tokens_by_code.test.ts',
    'takes the name of a key up to 1,024 characters',
  ],
  op_list_items_max: ['src/oidc/discovery.test.ts', 'as a list of texts'],
  op_metadata_members_max: ['src/oidc/published.test.ts', 'refuses more members than anything honest has'],
  json_depth_max: ['src/oidc/json.test.ts', "'['.repeat(64) + ']'.repeat(64)"],
  json_members_max: ['src/oidc/json.test.ts', 'has ${max} ${what}, and not one more'],
  json_commas_max: ['src/oidc/json.test.ts', 'up to their bound, and not one more'],
  jwt_header_members_max: ['src/oidc/jwt.test.ts', 'has a header of so many members, and not one more'],
  op_said_characters_max: [
    'src/oidc/said.test.ts',
    'what an OP says at length is not quoted, and costs nothing',
  ],
  logout_token_seconds_max: ['test/logout.test.ts', 'logout_token_seconds_max'],
  jti_characters_max: ['test/logout.test.ts', 'jti_characters_max'],
  sid_characters_max: ['test/logout.test.ts', 'sid_characters_max'],
  op_metadata_ms: ['src/oidc/discovery.test.ts', 'is used for ten minutes, and then fetched anew'],
  op_keys_ms: ['src/oidc/keys.test.ts', 'until they are too old, and then never without a fresh answer'],
  key_refetches_per_minute: [
    'src/oidc/keys.test.ts',
    'five times a minute for a storm of unknown names, and good logins go on',
  ],
  unknown_kid_ms: ['src/oidc/keys.test.ts', 'once for one unknown name, again after a while'],
  rsa_bits_max: ['src/oidc/keys.test.ts', 'is tried with 8,192 bits'],
  uma_resources_characters_max: ['src/commands/uma_rs_protect.test.ts', 'uma_resources_characters_max'],
  uma_resources_max: ['src/commands/uma_rs_protect.test.ts', 'uma_resources_max'],
  uma_rule_nodes_max: ['src/oidc/uma_rule.test.ts', 'takes a rule up to its bounds, and no further'],
  uma_rule_depth_max: ['src/oidc/uma_rule.test.ts', 'takes a rule up to its bounds, and no further'],
  settings_bytes_max: ['src/yaml.test.ts', 'up to its bound, and no further'],
  legacy_substitutions_max: [
    'src/moving/legacy_config.test.ts',
    'an environment that grows without end is refused',
  ],
  import_record_bytes_max: ['src/moving/import.test.ts', 'is bounded in size and number'],
  import_dump_bytes_max: ['src/moving/import.test.ts', 'is bounded in size and number'],
  import_records_max: ['src/moving/import.test.ts', 'is bounded in size and number'],
  import_redis_ms: [
    'src/moving/redis.test.ts',
    'a Redis that is not there, or says nothing, does not hold anybody up',
  ],
  certificate_days_min: ['src/moving/check.test.ts', 'a certificate that ends soon'],
  webhook_seconds: [
    'src/webhooks.test.ts',
    'is tried ten times within a day, later each time, then given up, counted and logged',
  ],
  webhook_ms: ['src/webhooks.test.ts', 'that stalls holds up nobody else'],
  webhook_sends_max: ['src/webhooks.test.ts', 'that stalls holds up nobody else'],
  webhook_site_sends_max: ['src/webhooks.test.ts', 'that stalls holds up nobody else'],
  webhook_messages_max: ['src/webhooks.test.ts', 'waits in a queue with a bound, for each site and for all'],
  webhook_site_messages_max: [
    'src/webhooks.test.ts',
    'waits in a queue with a bound, for each site and for all',
  ],
  webhook_rotation_seconds: ['src/webhooks.test.ts', 'a new one signs beside the old one for a day'],
  // Of a step of the door, as those are.
  webhook_answer_bytes_max: [
    'src/oidc/http.test.ts',
    'exactly as much as is allowed, by step and by request',
  ],
  shutdown_ms: ['src/serve/socket.test.ts', 'closing ends in time, though a command and a peer do not'],
}

/** Paces and sizes of steps: more or less of them changes how oxd works, never what it accepts. */
const PACES: Readonly<Partial<Record<Limit, string>>> = {
  sweep_interval_ms: 'what has expired is not read, whether it was swept or not',
  sweep_records: 'a sweep goes on with the next step',
  store_page_records: 'a list goes on with the next page',
  store_busy_ms: 'a wait of SQLite itself',
  store_wal_bytes_max: 'a size of SQLite itself',
  reload_interval_ms: 'files are looked at so often',
  webhook_interval_ms: 'the queue is looked at so often',
  ended_poll_ms: 'the store is looked at so often',
  refresh_poll_ms: 'the store is looked at so often',
  op_idle_ms: 'a connection that is kept is one that need not be made',
  import_report_items_max: 'the report counts all, and names the first',
}

/** Parameters: a value that is exactly as long as it may be, and what it is taken for when it is one longer. */
const PARAMETERS: Readonly<Partial<Record<Limit, (length: number) => boolean>>> = {
  text_characters_max: (length) => fields.client_name.safeParse('x'.repeat(length)).success,
  url_characters_max: (length) =>
    fields.post_logout_redirect_uri.safeParse(`https://a.example/${'x'.repeat(length - 18)}`).success,
  code_characters_max: (length) => fields.code.safeParse('x'.repeat(length)).success,
  token_characters_max: (length) => fields.access_token.safeParse('x'.repeat(length)).success,
  param_items_max: (length) => unusable({ a: Array.from({ length }, () => 1) }) === undefined,
  list_items_max: (length) => fields.scope.safeParse(Array.from({ length }, () => 'openid')).success,
  state_characters_max: (length) => fields.own_state.safeParse('x'.repeat(length)).success,
  callback_characters_max: (length) => fields.callback_url.safeParse('x'.repeat(length)).success,
  session_binding_characters_max: (length) => fields.session_binding.safeParse('x'.repeat(length)).success,
  op_text_characters_max: (length) => !show('x'.repeat(length)).endsWith('…'),
}

/** Limits that are tested below. */
const HERE: ReadonlySet<Limit> = new Set([
  'own_random_characters_min',
  'session_binding_characters_min',
  'public_parameters_max',
  'public_requests_per_minute',
  'public_sources_max',
  'client_sites_max',
  'ops_max',
  'token_margin_seconds',
  'rp_key_seconds',
  'rp_key_lead_seconds',
  'rp_key_grace_seconds',
])

describe('every limit', () => {
  it('is tested on both sides, in one place', () => {
    const tested = [ELSEWHERE, PACES, PARAMETERS].flatMap((table) => Object.keys(table))
    assert.deepEqual([...tested, ...HERE].sort(), Object.keys(LIMITS).sort())
  })

  it('is tested where this table says', async () => {
    for (const [limit, [file, title]] of Object.entries(ELSEWHERE)) {
      assert.ok((await readFile(file, 'utf8')).includes(title), `${limit}: ${file} has no ${title}`)
    }
  })

  for (const [limit, takes] of Object.entries(PARAMETERS)) {
    it(`${limit} is as much as is taken, and one more is refused`, () => {
      // The keys of the table are limits.
      const max = LIMITS[limit as Limit]
      assert.deepEqual([takes(max), takes(max + 1)], [true, false])
    })
  }

  const LEAST = {
    own_random_characters_min: fields.own_state,
    session_binding_characters_min: fields.session_binding,
  }
  for (const [limit, field] of Object.entries(LEAST)) {
    it(`${limit} is as little as is taken, and one less is refused`, () => {
      const takes = (length: number): boolean => field.safeParse('x'.repeat(length)).success
      // The keys of the table are limits.
      const min = LIMITS[limit as Limit]
      assert.deepEqual([takes(min), takes(min - 1)], [true, false])
    })
  }
})

describe('the public listener', () => {
  /** Which of the requests from these places are answered. */
  const answered = (limits: Partial<Limits>, sources: readonly string[]): readonly boolean[] =>
    sources.map(createMeter(() => 0, { ...LIMITS, ...limits }))

  it('answers public_requests_per_minute of a source, and not one more', () => {
    const few = { public_requests_per_minute: 2 }
    assert.deepEqual(answered(few, ['a', 'a', 'a', 'b']), [true, true, false, true])
  })
  it('reads public_parameters_max of a request, and of one more nothing', () => {
    const max = LIMITS.public_parameters_max
    const names = (count: number): readonly string[] =>
      Object.keys(readParams(Array.from({ length: count }, (_, n) => `p${n}=1`).join('&'), LIMITS))
    assert.deepEqual([names(max).length, names(max + 1).length], [max, 0])
  })
  it('counts sources beyond public_sources_max as one', () => {
    const places = ['a', 'b', 'c', 'd', 'a']
    const few = { public_requests_per_minute: 2, public_sources_max: 1 }
    assert.deepEqual(answered(few, places), [true, true, true, false, true])
    assert.deepEqual(answered({ ...few, public_sources_max: 4 }, places), [true, true, true, true, true])
  })
})

describe('the life of a key of oxd', () => {
  const { rp_key_seconds: life, rp_key_lead_seconds: lead, rp_key_grace_seconds: grace } = LIMITS
  const key = (made_at: number) => ({ jwk: { kty: 'EC', kid: String(made_at) }, made_at })
  const [first, second] = [key(0), key(1_000)]

  it('has a successor after rp_key_seconds', () => {
    assert.deepEqual([isDue([first], life - 1, LIMITS), isDue([first], life, LIMITS)], [false, true])
  })
  it('goes on until the successor was published for rp_key_lead_seconds', () => {
    const used = (now: number) => currentKey([first, second], 1_000 + now, LIMITS)
    assert.deepEqual([used(lead - 1), used(lead)], [first, second])
  })
  it('is published for rp_key_grace_seconds more', () => {
    const published = (now: number) => liveKeys([first, second], 1_000 + lead + now, LIMITS)
    assert.deepEqual([published(grace - 1), published(grace)], [[first, second], [second]])
  })
})

describe('what is kept of many', () => {
  let party: Party
  before(async () => {
    party = await startParty()
  })
  after(() => party.close())
  const world = realWorld(() => {})
  const openStore = () => {
    const keys = createKeys(randomBytes(32))
    return createStore(
      createMemoryEngine(() => Math.floor(world.now() / 1000)),
      keys,
      world,
      LIMITS,
    )
  }

  for (const [ops_max, fetched] of [
    [2, 1],
    [1, 2],
  ] as const) {
    it(`ops_max ${ops_max}: the first of two OPs is fetched ${fetched} times`, async () => {
      const ops = createOps(party.door, world, { ...LIMITS, ops_max }, { own: ownKeysInMemory(world) })
      const [one, two] = [party.op.issuer(`one${ops_max}`), party.op.issuer(`two${ops_max}`)]
      for (const issuer of [one, two, one]) await ops.at(whereabouts(issuer, {}))
      assert.equal(party.op.count(one, 'discovery'), fetched)
    })
  }

  for (const [client_sites_max, found] of [
    [3, 'site-2'],
    [2, undefined],
  ] as const) {
    it(`client_sites_max ${client_sites_max}: of three sites of a client ${found ?? 'none'} is left when two are gone`, async () => {
      const sites = sitesOf(openStore(), { ...LIMITS, client_sites_max })
      for (let i = 0; i < 3; i++) {
        // Of a site only what it is found by matters here.
        await sites.insert({ oxd_id: `site-${i}`, issuer: 'i', client: { client_id: 'c' } } as Site)
      }
      // Not taken out of the list of the client, as by another process at the same moment.
      const gone = new Set(['site-0', 'site-1'])
      for (const oxd_id of gone)
        await sites.replace({ ...(await sites.get(oxd_id)), issuer: 'elsewhere' } as Site)
      assert.equal((await sites.ofClient('i', 'c'))?.oxd_id, found)
    })
  }

  for (const [more, asked] of [
    [0, 2],
    [5, 1],
  ] as const) {
    it(`token_margin_seconds: a token that lives ${more} seconds longer is asked for ${asked} times in two`, async () => {
      const at = await party.at({
        token: (good) => ({ ...good, expires_in: LIMITS.token_margin_seconds + more }),
      })
      const pats = createPats(openStore(), party.ops, world, LIMITS)
      // Of a site only where its OP is and who it is there matters here.
      const site = { oxd_id: 'site', ...whereabouts(at.issuer, {}), client: at.client } as Site
      await pats.of(site).get()
      await pats.of(site).get()
      assert.equal(party.op.count(at.issuer, 'token'), asked)
    })
  }
})
