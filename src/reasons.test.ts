// Why a login was refused, as the log tells it: by rule and section, values as fingerprints, nothing that anybody could use.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OxdError } from './error.ts'
import { reasonFields, type Telling } from './reasons.ts'
import { assertNoSecrets } from './testing/log_scan.ts'
import type { Faults } from './testing/op.ts'
import { startStory, type Site, type Story } from './testing/story.ts'

const TELLING: Telling = { fingerprint: (about, value) => `${about}-${value.length}`, characters_max: 20 }
const told = (reason: ConstructorParameters<typeof OxdError>[1]) =>
  reasonFields(new OxdError('invalid_id_token_bad_issuer', reason), TELLING)

describe('reasonFields', () => {
  it('names the rule and its section', () => {
    assert.deepEqual(told({}), { rule: 'invalid_id_token_bad_issuer' })
    assert.deepEqual(told({ reason: { about: 'sub', spec: 'Core 2' } }), {
      rule: 'invalid_id_token_bad_issuer, Core 2',
      about: 'sub',
      expected: 'none',
      seen: 'none',
    })
  })

  it('names what a refusal came from', () => {
    const cause = new OxdError('op_answer_malformed', {
      reason: { about: 'content-type', seen: 'text/html' },
    })
    assert.deepEqual(told({ cause }), {
      rule: 'invalid_id_token_bad_issuer < op_answer_malformed',
      about: 'content-type',
      expected: 'none',
      seen: 'text/html',
    })
    assert.deepEqual(told({ cause: new Error('a secret') }), { rule: 'invalid_id_token_bad_issuer' })
  })

  it('shows in clear what is harmless, cleaned and cut, and everything else as a fingerprint', () => {
    const expected = 'https://op.example'
    const seen = `https://\u202e\u001b[31m${'x'.repeat(300)}`
    assert.deepEqual(told({ reason: { about: 'iss', expected, seen } }).seen, 'https:// [31mxxxxxx…')
    const sub = told({ reason: { about: 'sub', expected: 'alice', seen: ['alice'] } })
    assert.deepEqual([sub.expected, sub.seen], ['hmac:sub-5', 'hmac:sub-9'])
    // A name that nobody thought of is a secret.
    assert.equal(told({ reason: { about: 'e-mail', seen: 'a@b.example' } }).seen, 'hmac:e-mail-11')
    assert.equal(told({ reason: { about: 'exp', seen: null } }).seen, 'null')
    assert.equal(told({ reason: { about: 'kid', seen: 'key of a@b.example' } }).seen, 'hmac:kid-18')
    assert.equal(told({ reason: { about: 'iat', seen: ['a@b.example'] } }).seen, 'hmac:iat-15')
  })
})

describe('the log of a refused login', () => {
  let story: Story
  let site: Site
  before(async () => {
    story = await startStory()
    site = await story.site()
  })
  after(() => story.close())

  /** The line of a login that was refused on account of these faults, and what was said to the caller. */
  const refused = async (faults: Faults, sub = 'alice') => {
    story.op.setFaults(site.issuer, {})
    const visit = await site.visit({}, sub)
    story.op.setFaults(site.issuer, faults)
    const { data } = await site.call('get_tokens_by_code', visit, { oxd: 1 })
    const { fields = {} } = story.daemon.log.at(-1) ?? {}
    return { fields, data, visit }
  }

  it('has one line with rule, section, issuer, site, login and reference', async () => {
    const { fields, data } = await refused({
      id_token: { claims: (c) => ({ ...c, iss: 'https://evil.example' }) },
    })
    assert.equal(fields.outcome, 'invalid_id_token_bad_issuer')
    assert.equal(fields.rule, 'invalid_id_token_bad_issuer, Core 3.1.3.7 (2)')
    assert.deepEqual([fields.expected, fields.seen], [site.issuer, 'https://evil.example'])
    assert.equal(fields.issuer, site.issuer)
    assert.equal(fields.site, site.oxd_id.slice(0, 8))
    assert.equal(typeof fields.login_id, 'string')
    assert.match(String(data.error_description), new RegExp(`\\[ref ${String(fields.ref)}\\]`))
  })

  it('shows equal values as equal, and differing ones as differing', async () => {
    const foreign = { id_token: { claims: (c: object) => ({ ...c, aud: 'somebody-else' }) } }
    const first = (await refused(foreign)).fields
    const second = (await refused(foreign)).fields
    assert.match(String(first.seen), /^hmac:[0-9a-f]{16}$/)
    assert.deepEqual([first.expected, first.seen], [second.expected, second.seen])
    assert.notEqual(first.expected, first.seen)
  })

  it('names the login that succeeded, too', async () => {
    story.op.setFaults(site.issuer, {})
    const { data } = await site.call('get_tokens_by_code', await site.visit(), { oxd: 1 })
    assert.equal(story.daemon.log.at(-1)?.fields.login_id, data.login_id)
  })

  it('has no subject, e-mail, audience, nonce, code, state or token, whatever is refused', async () => {
    const sub = 'subject-of-somebody'
    const REFUSED: readonly Faults[] = [
      { id_token: { claims: (c) => ({ ...c, sub: `${sub}é`, email: 'somebody@example.com' }) } },
      { id_token: { claims: (c) => ({ ...c, nonce: `x${String(c.nonce)}` }) } },
      { id_token: { claims: (c) => ({ ...c, aud: [c.aud, 'a-further-audience'], azp: c.aud }) } },
      { id_token: { claims: (c) => ({ ...c, at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }) } },
      { id_token: { sign: 'flipped_bit' } },
      { id_token: { header: (h) => ({ ...h, crit: ['x'] }) } },
      { token: ({ access_token: _, ...good }) => good },
    ]
    const lines = story.daemon.log.length
    const said: string[] = []
    const secrets: Record<string, string> = {
      sub,
      email: 'somebody@example.com',
      audience: 'a-further-audience',
    }
    for (const [i, faults] of REFUSED.entries()) {
      const { data, visit } = await refused(faults, sub)
      assert.notEqual(data.error, undefined)
      said.push(JSON.stringify(data))
      Object.assign(secrets, { [`code ${i}`]: visit.code, [`state ${i}`]: visit.state })
    }
    assertNoSecrets(JSON.stringify([story.daemon.log.slice(lines), said]), secrets)
  })
})
