// The claims page: what it asks, whom it lets go on, where it sends people back to, and what it refuses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatherClaims, Visitor } from './sign_in.ts'
import type { UmaPolicy } from './uma_policy.ts'
import { CLAIMS_REDIRECT, withUma, type UmaStory } from './uma_story.ts'

const NL = new URLSearchParams({ claim_country: 'NL', decision: 'continue' })

/** Where a client sends its user, with a fresh ticket. */
const startOf = async (
  { claimsUrl, client, resource, ticket }: UmaStory,
  more: Readonly<Record<string, string>> = {},
): Promise<URL> =>
  claimsUrl({ client_id: client.client_id, ticket: await ticket(await resource()), state: 's', ...more })

test('it asks for the country, says again what is wrong, and goes on from there', () =>
  withUma({}, async (story) => {
    const visitor = new Visitor()
    const page = await visitor.visit(await startOf(story))
    assert.equal(page.status, 200)
    assert.match(page.url.pathname, /^\/uma\/claims\/[0-9a-f]{32}$/)
    assert.equal(page.url.search, '', 'the ticket is not in the address any more')
    assert.equal(page.headers['cache-control'], 'no-store')
    assert.match(page.body, /<label for="claim_country">Country<\/label>/)
    assert.match(page.body, / autofocus aria-describedby="hint_country"/)
    assert.match(page.body, /<bdi>A client<\/bdi> at client\.example\.com/)
    assert.doesNotMatch(page.body, /name="password"/)
    assert.match((await visitor.visit(page.url)).body, /Country/, 'it may be loaded again')

    const wrong = new URLSearchParams({ claim_country: '"><b>Utrecht', decision: 'continue' })
    const again = await visitor.visit(page.url, wrong)
    assert.match(again.body, /role="alert" id="error">Country: Two letters, like NL\.</)
    assert.match(again.body, /value="&quot;&gt;&lt;b&gt;Utrecht"/)
    assert.match(again.body, /aria-invalid="true" aria-describedby="hint_country error"/)
    const back = (await visitor.visit(page.url, NL)).location
    assert.equal(back?.searchParams.get('state'), 's')
    const ticket = back?.searchParams.get('ticket') ?? ''
    assert.equal(
      (await story.rpt({ ticket }, story.server)).body.error,
      'invalid_grant',
      'for the client alone',
    )
    assert.equal((await story.rpt({ ticket })).status, 200)
  }))

test('a hostile name of a client or of a claim is text, and no page runs script', () => {
  const uma_policy: UmaPolicy = () => ({ need: ['"><script>alert(1)</script>'] })
  return withUma({ uma_policy }, async (story) => {
    const { client_id } = await story.register({ client_name: '<script>alert(2)</script>' })
    const page = await new Visitor().visit(await startOf(story, { client_id }))
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.body, /<script/)
    assert.match(page.body, /&lt;script&gt;alert\(1\)/)
    assert.match(page.body, /<bdi>&lt;script&gt;alert\(2\)/)
    assert.match(String(page.headers['content-security-policy']), /default-src 'none';script-src;/)
  })
})

test('who must be somebody signs in, and their claims are known', () => {
  const uma_policy: UmaPolicy = ({ claims }) =>
    claims.email === 'bob@example.com' && claims.shoe_size === '43'
      ? 'grant'
      : { need: ['email', 'shoe_size'] }
  return withUma({ uma_policy }, async (story) => {
    const visitor = new Visitor()
    const page = await visitor.visit(await startOf(story))
    assert.match(page.body, /alice<\/code> \/ <code>wonderland/)
    const form = { user: 'bob', password: 'builder', claim_shoe_size: '43' }
    for (const [wrong, error] of [
      [{ password: 'wonderland' }, 'User name or password is wrong.'],
      [{ user: 'nobody' }, 'User name or password is wrong.'],
      [{ claim_shoe_size: ' ' }, 'shoe_size: something is needed here.'],
    ] as const) {
      const again = await visitor.visit(page.url, new URLSearchParams({ ...form, ...wrong }))
      assert.ok(again.body.includes(error), error)
      assert.doesNotMatch(again.body, /builder"/, 'a password is never sent back')
    }
    const back = (await visitor.visit(page.url, new URLSearchParams(form))).location
    assert.equal((await story.rpt({ ticket: back?.searchParams.get('ticket') ?? '' })).status, 200)
  })
})

test('a person who declines is sent back too, and the client is denied', () =>
  withUma({}, async (story) => {
    const back = await gatherClaims(await startOf(story), { decision: 'cancel' })
    assert.equal(back.searchParams.get('state'), 's')
    const { status, body } = await story.rpt({ ticket: back.searchParams.get('ticket') ?? '' })
    assert.deepEqual([status, body.error], [403, 'request_denied'])
  }))

test('where nothing is needed, the way leads straight back, with a new ticket', () =>
  withUma({ uma_policy: () => 'grant' }, async (story) => {
    const url = await startOf(story)
    const { location } = await new Visitor().fetch(url)
    assert.equal(location?.origin, 'https://client.example.com')
    assert.notEqual(location?.searchParams.get('ticket'), url.searchParams.get('ticket'))
    assert.equal((await story.rpt({ ticket: location?.searchParams.get('ticket') ?? '' })).status, 200)
  }))

test('what is refused before the page, with nothing sent to the client', () =>
  withUma({}, async (story) => {
    const { register, server, rpt, resource, ticket, pass } = story
    const several = [CLAIMS_REDIRECT, 'https://client.example.com/other']
    const [many, none] = [
      await register({ claims_redirect_uri: several }),
      await register({ claims_redirect_uri: undefined }),
    ]
    const own = await rpt({ ticket: await ticket(await resource()) })
    for (const [more, error] of [
      [{ client_id: 'unknown' }, 'invalid_client'],
      [{ client_id: '' }, 'invalid_client'],
      [{ claims_redirect_uri: 'https://evil.example/' }, 'invalid_request'],
      [{ claims_redirect_uri: `${CLAIMS_REDIRECT}&more` }, 'invalid_request'],
      [{ claims_redirect_uri: 'https://client.example.com/callback' }, 'invalid_request'],
      [{ claims_redirect_uri: '' }, 'invalid_request'],
      [{ client_id: many.client_id }, 'invalid_request'],
      [{ client_id: none.client_id }, 'invalid_request'],
      [{ client_id: none.client_id, claims_redirect_uri: CLAIMS_REDIRECT }, 'invalid_request'],
      [{ state: 'x'.repeat(2_049) }, 'invalid_request'],
      [{ ticket: 'unknown' }, 'invalid_grant'],
      [{ ticket: '' }, 'invalid_grant'],
      [{ client_id: server.client_id, ticket: String(own.body.ticket) }, 'invalid_grant'],
    ] as const) {
      const page = await new Visitor().fetch(await startOf(story, more))
      assert.deepEqual([page.status, page.location], [400, undefined], JSON.stringify(more))
      assert.ok(page.body.includes(`<code>${error}</code>`), JSON.stringify(more))
    }
    const named = await startOf(story, {
      client_id: many.client_id,
      claims_redirect_uri: 'https://client.example.com/other',
    })
    assert.equal((await gatherClaims(named)).pathname, '/other')
    const still = await new Visitor().visit(await startOf(story, { ticket: String(own.body.ticket) }))
    assert.equal(still.status, 200, 'another client cannot spend the ticket')
    const late = await startOf(story)
    pass(300)
    assert.equal((await new Visitor().visit(late)).status, 400)
  }))

test('the ticket is spent by the page: neither the token endpoint nor another page takes it again', () =>
  withUma({}, async (story) => {
    const url = await startOf(story)
    assert.equal((await new Visitor().visit(url)).status, 200)
    assert.equal((await new Visitor().visit(url)).status, 400)
    const { status, body } = await story.rpt({ ticket: url.searchParams.get('ticket') ?? '' })
    assert.deepEqual([status, body.error], [400, 'invalid_grant'])
  }))

test('a page cannot be gone on with from another browser, nor twice, nor after ten minutes', () =>
  withUma({}, async (story) => {
    const [visitor, other] = [new Visitor(), new Visitor()]
    const page = await visitor.visit(await startOf(story))
    await other.visit(await startOf(story))
    for (const stranger of [other, new Visitor()]) {
      assert.equal((await stranger.visit(page.url)).status, 400)
      assert.equal((await stranger.visit(page.url, NL)).status, 400)
    }
    const answers = await Promise.all([visitor.visit(page.url, NL), visitor.visit(page.url, NL)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 400])
    assert.match((await visitor.visit(page.url, NL)).body, /This page is over/)

    const large = await visitor.visit(await startOf(story))
    const form = new URLSearchParams({ claim_country: 'N'.repeat(40_000) })
    assert.equal((await visitor.visit(large.url, form)).status, 400)
    story.pass(599)
    assert.equal((await visitor.visit(large.url)).status, 200)
    story.pass(1)
    assert.equal((await visitor.visit(large.url)).status, 400)
  }))

test('its cookie is for this page alone, and no form of another site sends it', () =>
  withUma({}, async (story) => {
    const { headers, location } = await new Visitor().fetch(await startOf(story))
    const [cookie = ''] = [headers['set-cookie'] ?? []].flat()
    assert.match(cookie, /^dev_op_claims=[\w-]{43};/)
    for (const part of [`path=${location?.pathname}`, 'samesite=lax', 'httponly']) {
      assert.ok(cookie.toLowerCase().split('; ').includes(part), part)
    }
  }))

test('claims_redirect_uri is kept at registration, and refused by name when it is of no use', () =>
  withUma({}, async ({ endpoints }) => {
    const registered = async (claims_redirect_uri: unknown) => {
      const response = await fetch(endpoints.registration_endpoint ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: ['https://client.example.com/cb'], claims_redirect_uri }),
      })
      const body: { error?: unknown; claims_redirect_uri?: unknown } = Object(await response.json())
      return [response.status, body.error ?? body.claims_redirect_uri]
    }
    for (const good of [[], [CLAIMS_REDIRECT], ['http://localhost:8080/c', CLAIMS_REDIRECT]]) {
      assert.deepEqual(await registered(good), [201, good])
    }
    for (const bad of [
      CLAIMS_REDIRECT,
      [1],
      ['javascript:alert(1)'],
      ['https://'],
      [`${CLAIMS_REDIRECT}#x`],
      ['/claims'],
      Array.from({ length: 11 }, () => CLAIMS_REDIRECT),
    ]) {
      assert.deepEqual(await registered(bad), [400, 'invalid_client_metadata'], JSON.stringify(bad))
    }
  }))
