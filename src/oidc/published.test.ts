// What is shown of the metadata and the keys of an OP.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { refusedWith, startParty, type Party } from '../testing/op_party.ts'
import { reply } from '../testing/op.ts'
import { fetchDiscovery, whereabouts } from './discovery.ts'
import { published } from './published.ts'

let party: Party
before(async () => {
  party = await startParty()
})
after(() => party.close())

describe('published', () => {
  it('has the names of oxd 4.x, and every other one as the OP has it', () => {
    const document = {
      issuer: 'i',
      userinfo_endpoint: 'u',
      userinfo_signing_alg_values_supported: ['RS256'],
      userinfo_encryption_alg_values_supported: ['RSA-OAEP'],
      userinfo_encryption_enc_values_supported: ['A128GCM'],
      revocation_endpoint: 'r',
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: false,
      backchannel_logout_supported: true,
      'x-of-the-op': 7,
    }
    assert.deepEqual(published(document), {
      issuer: 'i',
      user_info_endpoint: 'u',
      user_info_signing_alg_values_supported: ['RS256'],
      user_info_encryption_alg_values_supported: ['RSA-OAEP'],
      user_info_encryption_enc_values_supported: ['A128GCM'],
      token_revocation_endpoint: 'r',
      front_channel_logout_supported: true,
      front_channel_logout_session_supported: false,
      backchannel_logout_supported: true,
      'x-of-the-op': 7,
    })
  })

  it('takes the name of the specification where the OP has both', () => {
    const [other, standard] = [{ user_info_endpoint: 'other' }, { userinfo_endpoint: 'u' }]
    assert.deepEqual(published({ ...other, ...standard }), { user_info_endpoint: 'u' })
    assert.deepEqual(published({ ...standard, ...other }), { user_info_endpoint: 'u' })
    assert.deepEqual(published(other), other)
  })

  it('leaves out what is of another shape, too long, or no name', () => {
    const document: unknown = JSON.parse(
      JSON.stringify({
        issuer: 'i',
        object: { a: 1 },
        nothing: null,
        mixed: ['a', 1],
        lists: [['a']],
        long: 'x'.repeat(2_049),
        fits: 'x'.repeat(2_048),
        many: Array.from({ length: 1_001 }, () => 'x'),
        long_item: ['x'.repeat(2_049)],
        'no name': 'x',
        '': 'x',
        [`n${'a'.repeat(128)}`]: 'x',
      }).replace('{', '{"__proto__":"x",'),
    )
    assert.ok(typeof document === 'object' && document !== null)
    const shown = published({ ...document })
    assert.deepEqual(Object.keys(shown), ['issuer', 'fits'])
    assert.equal(Object.getPrototypeOf(shown), Object.prototype)
  })

  it('refuses more members than anything honest has', () => {
    const document = (members: number) =>
      Object.fromEntries(Array.from({ length: members }, (_, index) => [`m${index}`, 1]))
    assert.equal(Object.keys(published(document(256))).length, 256)
    assert.throws(() => published(document(257)), refusedWith('op_answer_too_large'))
  })
})

describe('fetchDiscovery', () => {
  it('is fetched anew, checked as for a login, and complete', async () => {
    const { issuer } = await party.at()
    const shown = await fetchDiscovery(party.door, whereabouts(issuer, {}))
    assert.equal(shown.issuer, issuer)
    assert.equal(shown.user_info_endpoint, `${issuer}/userinfo`)
    assert.equal(shown.introspection_endpoint, `${issuer}/introspect`)
    assert.equal(shown.userinfo_endpoint, undefined)
    assert.ok(Array.isArray(shown.scopes_supported))
    assert.equal(party.op.count(issuer, 'discovery'), 2)
  })

  it('shows a member that nobody knows', async () => {
    const { issuer } = await party.at()
    party.op.setFaults(issuer, { discovery: (good) => ({ ...good, x: 1, hidden: {} }) })
    const shown = await fetchDiscovery(party.door, whereabouts(issuer, {}))
    assert.deepEqual([shown.x, shown.hidden], [1, undefined])
  })

  it('refuses a page, another issuer and members without end, by their names', async () => {
    const { issuer } = await party.at()
    const shown = () => fetchDiscovery(party.door, whereabouts(issuer, {}))
    party.op.setFaults(issuer, { discovery: reply.html() })
    await assert.rejects(shown(), refusedWith('no_connect_discovery_response'))
    party.op.setFaults(issuer, { discovery: (good) => ({ ...good, issuer: `${issuer}/` }) })
    await assert.rejects(shown(), refusedWith('invalid_issuer_discovered'))
    const many = Object.fromEntries(Array.from({ length: 256 }, (_, index) => [`m${index}`, 1]))
    party.op.setFaults(issuer, { discovery: (good) => ({ ...good, ...many }) })
    await assert.rejects(shown(), refusedWith('no_connect_discovery_response'))
  })
})

describe('the keys of an OP, shown', () => {
  it('are all its public keys, fetched once', async () => {
    const { op, issuer } = await party.at()
    const { keys } = await op.keys.published()
    assert.deepEqual(
      keys.map(({ kty, kid, use }) => [kty, kid, use]),
      [
        ['RSA', 'RSA-0', 'sig'],
        ['EC', 'EC-0', 'sig'],
        ['OKP', 'OKP-0', 'sig'],
      ],
    )
    assert.deepEqual(Object.keys(keys[0] ?? {}).sort(), ['e', 'kid', 'kty', 'n', 'use'])
    await op.keys.published()
    assert.equal(party.op.count(issuer, 'jwks'), 1)
  })

  it('hold nothing private, whatever the OP publishes, and certificates only where they are some', async () => {
    const secret = Object.fromEntries(
      ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth', 'priv', 'anything'].map((name) => [name, 'leaked']),
    )
    const { op } = await party.at({
      jwks: ({ keys }) => ({
        keys: [
          ...[keys].flat().map((key, index) => ({
            ...Object(key),
            ...secret,
            x5c: index === 0 ? ['MII'] : 'MII',
            x5t: index === 0 ? 'thumb' : 7,
          })),
          { kty: 'oct', kid: 'shared', k: 'leaked' },
          { kty: 'oct', kid: 'in another member', n: 'leaked' },
          { kty: 'AKP', alg: 'ML-DSA-44', x: 'leaked' },
          null,
          { kid: 'no kind' },
        ],
      }),
    })
    const shown = JSON.stringify(await op.keys.published())
    assert.doesNotMatch(shown, /leaked/)
    const { keys } = JSON.parse(shown) as { keys: Record<string, unknown>[] }
    assert.deepEqual(
      keys.map(({ kty, x5c, x5t }) => [kty, x5c, x5t]),
      [
        ['RSA', ['MII'], 'thumb'],
        ['EC', undefined, undefined],
        ['OKP', undefined, undefined],
      ],
    )
    assert.ok((await op.keys.published()).keys.every((key) => !Object.keys(key).some((n) => n in secret)))
  })

  it('keep working for signatures beside a certificate that is none', async () => {
    const at = await party.at({
      jwks: ({ keys }) => ({
        keys: [keys].flat().map((key) => ({ ...Object(key), x5c: 'no list', x5t: 7 })),
      }),
    })
    const { id_token } = await at.login()
    assert.match(Buffer.from(await at.op.keys.verify(id_token, 'RS256')).toString(), /"sub":"alice"/)
  })
})
