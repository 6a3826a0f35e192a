// JWK: the key set of an OP.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Area, Case, Drive } from '../../src/testing/cases/case.ts'
import type { Json } from '../../src/testing/jws.ts'
import { login } from '../../src/testing/cases/drives.ts'
import type { Data } from '../../src/testing/daemon.ts'
import { Reply } from '../../src/testing/reply.ts'
import { redirects } from './redirects.ts'
import { onTheWay } from './transport.ts'

const ES256 = { id_token_signed_response_alg: 'ES256' }
const KEYS_MS = 150

/** One login before the OP changes its keys, one after: what is cached is behind. */
const loggedInBefore: Drive = async (act) => {
  const site = await act.site()
  await site.login()
  act.strike()
  return site.login()
}

/** The same, when what is cached has aged. */
const afterAWhile: Drive = async (act) => {
  const site = await act.site()
  await site.login()
  act.strike()
  await delay(2 * KEYS_MS)
  return site.login()
}

/** A login at a broken key set, and one after it was mended. */
const mended: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  const broken = await site.login()
  act.op.setFaults(act.issuer, {})
  const next = await site.login()
  assert.equal(next.status, 'ok', `the next login: ${JSON.stringify(next.data)}`)
  return broken
}

const UNKNOWN_MS = 100
/** Every second answer of the key set is that of before the rotation: at most one is asked for in a login, and the next login works. */
const behind: Drive = async (act) => {
  const site = await act.site()
  let old: Json | undefined
  act.op.setFaults(act.issuer, { jwks: (good) => (old = good) })
  await site.login()
  act.op.setFaults(act.issuer, {})
  act.strike()
  for (let round = 0; round < 4 && !act.honest; round += 1) {
    const before = old ?? {}
    act.op.rotateKeys(act.issuer)
    let asked = 0
    act.op.setFaults(act.issuer, { jwks: (good) => ((asked += 1) % 2 === 1 ? before : (old = good)) })
    const first = await site.login()
    assert.ok(first.status === 'ok' || first.data.error === 'key_id_not_found', JSON.stringify(first.data))
    assert.ok(asked <= 1, `${asked} requests in a login`)
    await delay(2 * UNKNOWN_MS)
    const next = await site.login()
    assert.equal(next.status, 'ok', `the next login: ${JSON.stringify(next.data)}`)
    assert.ok(asked <= 2, `${asked} requests in two logins`)
  }
  return site.login()
}

const STORM = 1_000
const BATCH = 50
/** Tokens with keys that nobody knows, fifty at a time, and a good login after each fifty. */
const storm: Drive = async (act) => {
  const site = await act.site()
  const { id_token } = (await site.login()).data
  act.strike()
  const [, payload, signature] = String(id_token).split('.')
  const rounds = act.honest ? 1 : STORM / BATCH
  for (let round = 0; round < rounds; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: BATCH }, (_, n) => {
        const kid = `k${round}-${n}`
        const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url')
        // The honest token as it is, or a header that names another key.
        const token = act.honest ? id_token : `${head}.${payload}.${signature}`
        return site.call('check_id_token', { id_token: token })
      }),
    )
    for (const { data } of answers) assert.equal(data.active, act.honest)
    assert.equal((await site.login()).status, 'ok')
  }
  if (!act.honest) act.measured('jwks_fetches_per_thousand_bad_tokens', act.count('jwks'))
  return site.login()
}

const INVENTED = 10
/** A browser brings ID Tokens, or JWTs of responses, with keys that nobody knows; then the OP rotates its keys. */
const invented =
  (asked: Data, member: string): Drive =>
  async (act) => {
    const site = await act.site()
    await site.login()
    act.strike()
    for (let n = 0; !act.honest && n < INVENTED; n += 1) {
      const { callback_url } = await site.respond(asked)
      const [before = '', after = ''] = callback_url.split(`${member}=`)
      const [jwt = '', ...others] = after.split('&')
      const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: `k${n}` })).toString('base64url')
      const made = [`${member}=${[head, ...jwt.split('.').slice(1)].join('.')}`, ...others].join('&')
      const { status } = await site.call('get_tokens_by_callback', { callback_url: `${before}${made}` })
      assert.equal(status, 'error')
    }
    act.op.rotateKeys(act.issuer)
    return site.login()
  }

const PARALLEL = 100
const HELD_MS_MAX = 3_000
/** Many first logins at once: the keys come when all of them have their tokens. */
const atOnce: Drive = async (act) => {
  const site = await act.site()
  const backs = await Promise.all(Array.from({ length: PARALLEL }, () => site.visit()))
  act.strike()
  const all = Promise.withResolvers<void>()
  let answered = 0
  const token = (good: Json): Json => {
    answered += 1
    if (answered === PARALLEL) all.resolve()
    return good
  }
  const jwks = new Reply(async (response, good) => {
    await Promise.race([all.promise, delay(HELD_MS_MAX, undefined, { ref: false })])
    response.writeHead(good.status, good.headers).end(good.body)
  })
  act.op.setFaults(act.issuer, { token, jwks })
  const answers = await Promise.all(backs.map((back) => site.call('get_tokens_by_code', back)))
  const [first] = answers
  const failed = answers.find(({ status }) => status !== 'ok')
  assert.ok(first)
  return failed ?? first
}

const showsNothingPrivate: Case['check'] = async (act) => {
  const { data } = await act.call('get_jwks', { op_host: act.issuer })
  assert.doesNotMatch(JSON.stringify(data), /"(?:d|p|q|dp|dq|qi|k)":/)
}

export const KEYS: Area = {
  name: 'keys',
  cases: [
    {
      id: 'JWK-01',
      title: 'no kid, and one key fits',
      drive: login,
      accepted: ['keys_others', 'kid_missing'],
    },
    { id: 'JWK-02', title: 'no kid, and three keys fit', drive: login, accepted: ['keys_three_fit'] },
    {
      id: 'JWK-03',
      title: 'no kid, and what is cached is behind',
      drive: loggedInBefore,
      accepted: ['keys_rotate_nameless'],
      requests: { jwks: 1 },
    },
    { id: 'JWK-05', title: 'two keys of one name', drive: login, accepted: ['keys_same_kid'] },
    {
      id: 'JWK-06',
      title: 'a rotation between two logins, under a new name and under the old one',
      drive: loggedInBefore,
      accepted: ['keys_rotate', 'keys_replaced'],
      requests: { jwks: 1 },
    },
    {
      id: 'JWK-07',
      title: 'a rotation right before signing',
      drive: login,
      accepted: ['keys_rotate'],
      requests: { jwks: 1 },
    },
    {
      id: 'JWK-07',
      title: 'a rotation right before signing, when keys are cached',
      drive: loggedInBefore,
      accepted: ['keys_rotate', 'keys_replaced'],
      requests: { jwks: 1 },
    },
    {
      id: 'JWK-08',
      title: 'a rotation that every second answer does not know yet',
      drive: behind,
      limits: { unknown_kid_ms: UNKNOWN_MS, key_refetches_per_minute: 20 },
      harmless: ['caches that are behind'],
    },
    {
      id: 'JWK-08',
      title: 'a rotation that half of the answers know',
      drive: loggedInBefore,
      accepted: ['keys_behind'],
      requests: { jwks: [1, 2] },
    },
    {
      id: 'JWK-09',
      title: 'a thousand tokens with keys that nobody knows',
      drive: storm,
      harmless: ['a storm'],
      requests: { jwks: [0, 5] },
    },
    {
      id: 'JWK-09',
      title: 'a rotation after ID Tokens that a browser has made up',
      drive: invented({ response_type: 'id_token' }, 'id_token'),
      site: { response_types: ['code', 'id_token'] },
      harmless: ['made up'],
      requests: { jwks: [1, 6] },
    },
    {
      id: 'JWK-09',
      title: 'a rotation after JWTs of responses that a browser has made up',
      drive: invented({ response_mode: 'jwt' }, 'response'),
      harmless: ['made up'],
      requests: { jwks: [1, 6] },
    },
    {
      id: 'JWK-10',
      title: 'a hundred first logins at once',
      drive: atOnce,
      // A hundred at once take their time on a small machine.
      limits: { op_total_ms: 10_000 },
      harmless: ['at once'],
      requests: { jwks: [1, 2] },
    },
    {
      id: 'JWK-11',
      title: 'private keys, published',
      drive: login,
      refused: { keys_private: 'private_key_published' },
      check: showsNothingPrivate,
      policy: 'What a published private key has signed, anybody may have signed.',
    },
    { id: 'JWK-13', title: 'entries that are no keys', drive: login, accepted: ['keys_strange'] },
    {
      id: 'JWK-14',
      title: 'a symmetric key, published',
      drive: login,
      refused: { keys_symmetric: 'invalid_id_token_invalid_algorithm' },
      check: showsNothingPrivate,
    },
    {
      id: 'JWK-14',
      title: 'a symmetric key, published, where HS256 is registered: the client_secret is the key',
      drive: login,
      site: { id_token_signed_response_alg: 'HS256' },
      refused: { keys_symmetric: 'invalid_id_token_bad_signature' },
      check: showsNothingPrivate,
    },
    {
      id: 'JWK-15',
      title: 'points that are on no curve',
      drive: login,
      site: ES256,
      refused: {
        keys_off_curve: 'invalid_id_token_bad_signature',
        keys_at_infinity: 'invalid_id_token_bad_signature',
        keys_short_coordinates: 'invalid_id_token_bad_signature',
      },
    },
    {
      id: 'JWK-16',
      title: 'sets that are too large, empty, or none',
      drive: login,
      watched: true,
      refused: {
        keys_ten_thousand: 'op_answer_too_large',
        keys_hundred_and_one: 'op_answer_too_large',
        jwks_endless: 'op_answer_too_large',
        jwks_huge: 'op_answer_too_large',
        jwks_gzip_bomb: 'op_answer_too_large',
        keys_no_list: 'op_answer_malformed',
        keys_bare: 'op_answer_malformed',
        keys_none: 'key_id_not_found',
      },
    },
    { id: 'JWK-17', title: 'certificates of other keys', drive: login, accepted: ['keys_certified'] },
    {
      id: 'JWK-18',
      title: 'a key set that cannot be had, and is mended',
      drive: mended,
      refused: {
        jwks_not_found: 'op_http_status',
        jwks_empty: 'op_answer_malformed',
        jwks_resets: 'op_unreachable',
        jwks_cut: 'op_answer_malformed',
        jwks_server_error: 'op_http_status',
        jwks_hangs: 'op_timeout',
        jwks_html: 'op_answer_malformed',
        jwks_redirects_302: 'op_redirected',
        keys_redirected_inside: 'op_redirected',
      },
      requests: { attacker: 0 },
    },
    {
      id: 'JWK-18',
      title: 'a key set that cannot be had, while what is cached is fresh',
      drive: loggedInBefore,
      accepted: ['jwks_not_found', 'jwks_server_error', 'jwks_html', 'jwks_hangs', 'keys_redirected_inside'],
      requests: { jwks: 0 },
    },
    onTheWay('JWK-18', 'jwks', login),
    redirects('JWK-18', 'jwks', login, 'op_redirected'),
    {
      id: 'JWK-19',
      title: 'a key that was withdrawn',
      drive: afterAWhile,
      limits: { op_keys_ms: KEYS_MS },
      refused: { keys_removed: 'key_id_not_found' },
    },
    {
      id: 'JWK-22',
      title: 'a set that is another each time',
      drive: loggedInBefore,
      accepted: ['keys_alternate'],
      requests: { jwks: 0 },
    },
    {
      id: 'JWK-23',
      title: 'keys for another purpose',
      drive: login,
      refused: {
        keys_other_alg: 'key_id_not_found',
        keys_sign_only: 'key_id_not_found',
        keys_capital_use: 'key_id_not_found',
        keys_for_encryption: 'key_id_not_found',
      },
    },
    {
      id: 'JWK-23',
      title: 'keys that may verify, and more',
      drive: login,
      accepted: ['keys_many_operations'],
    },
    {
      id: 'JWK-23',
      title: 'keys of curves that may verify, and more',
      drive: login,
      site: ES256,
      accepted: ['keys_many_operations'],
    },
  ],
}
