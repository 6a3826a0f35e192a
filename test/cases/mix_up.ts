// MIX and PKC: what belongs to one login, site or OP is of no use at another.
import assert from 'node:assert/strict'
import type { Act, Area, Drive } from '../../src/testing/cases/case.ts'
import type { Data, Envelope } from '../../src/testing/daemon.ts'
import { FAULTS } from '../../src/testing/faults/index.ts'
import { faultsAt } from '../../src/testing/faults/fault.ts'
import { ALGORITHMS, type KeyPair, type TokenFaults } from '../../src/testing/jws.ts'
import type { Faults, LyingOp } from '../../src/testing/op.ts'
import { REDIRECT, type Site } from '../../src/testing/story.ts'

const ANOTHER_REDIRECT = 'https://other.example.com/callback'

/** What the honest OP sends back, brought into a login at the attacker's. */
const mixedUp: Drive = async (act) => {
  const honest = await act.site()
  const back = await honest.respond()
  if (act.attack === undefined) {
    act.strike()
    return honest.call('get_tokens_by_callback', { ...back })
  }
  const shared = act.attack === 'another redirect URI' ? { authorization_redirect_uri: ANOTHER_REDIRECT } : {}
  const evil = await act.site(shared, act.places.attacker)
  const begun = await evil.respond()
  act.strike()
  const parameters = new URL(back.callback_url).searchParams
  const theirs = new URL(begun.callback_url).searchParams
  parameters.set('state', String(theirs.get('state')))
  if (!act.attack.startsWith('with iss')) parameters.delete('iss')
  const at = new URL(back.callback_url)
  at.search = String(parameters)
  return act.attack.endsWith('by the code') ? byCode(evil, at.href) : byCallback(evil, at.href)
}

/** The name of a site at its OP: for whom ID Tokens are. */
const clientIdOf = async (site: Site): Promise<string> => {
  const { id_token_claims } = await site.ok('get_tokens_by_code', await site.visit())
  return String(Object(id_token_claims).aud)
}
const tokenRequests = (act: Act): Data[] =>
  act.op
    .requests(act.issuer)
    .filter(({ endpoint }) => endpoint === 'token')
    .map(({ params }) => params)

/** A client of the honest OP, as the attacker registers one in our name. */
const clientOf = (act: Act): string =>
  String(act.op.addClient(act.issuer, { redirect_uris: [REDIRECT] })['client_id'])

/** The metadata of the attacker send the user to the honest OP. */
const borrowed =
  (finish: (site: Site, back: string) => Promise<Envelope>): Drive =>
  async (act) => {
    if (act.honest) {
      const site = await act.site()
      act.strike()
      return finish(site, (await site.respond()).callback_url)
    }
    act.attacker.setFaults(act.places.attacker, {
      credentials: { client_id: clientOf(act) },
      discovery: ({ authorization_response_iss_parameter_supported: promised, ...good }) => ({
        ...good,
        authorization_endpoint: `${act.issuer}/authorize`,
        ...(act.attack === 'and promise no iss'
          ? {}
          : { authorization_response_iss_parameter_supported: promised }),
      }),
    })
    const site = await act.site({}, act.places.attacker)
    act.strike()
    const { authorization_url } = await site.ok('get_authorization_url')
    return finish(site, await act.op.authorize(String(authorization_url)))
  }
const byCallback = (site: Site, callback_url: string): Promise<Envelope> =>
  site.call('get_tokens_by_callback', { callback_url })
const byCode = (site: Site, callback_url: string): Promise<Envelope> => {
  const { code, state, iss } = Object.fromEntries(new URL(callback_url).searchParams)
  return site.call('get_tokens_by_code', { code, state, iss })
}

/** Nobody says iss, and the sites share a redirect URI: the code goes to the attacker, who cannot redeem it. */
const unsaid: Drive = async (act) => {
  const honest = await act.site()
  if (act.honest) {
    act.strike()
    return honest.login()
  }
  act.attacker.setFaults(act.places.attacker, {
    discovery: ({ authorization_response_iss_parameter_supported: _, ...good }) => good,
  })
  const evil = await act.site({}, act.places.attacker)
  const begun = new URL((await evil.respond()).callback_url)
  const back = new URL((await honest.respond()).callback_url)
  const client_id = await clientIdOf(honest)
  act.strike()
  back.searchParams.set('state', String(begun.searchParams.get('state')))
  back.searchParams.delete('iss')
  const answer = await byCallback(evil, back.href)
  const got = act.attacker.requests(act.places.attacker).findLast(({ endpoint }) => endpoint === 'token')
  const redeemed = await fetch(`${act.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...got?.params, client_id }),
  })
  assert.equal(redeemed.status, 401, 'what the attacker got is of no use')
  return answer
}

/** The key with which an OP signs, as it shows in a login there. */
const keyOf = async (op: LyingOp, site: Site): Promise<KeyPair> => {
  let key: KeyPair | undefined
  op.setFaults(site.issuer, {
    id_token: {
      sign(input, signing) {
        key = signing.key
        return ALGORITHMS.RS256.sign(input, key.privateKey)
      },
    },
  })
  await site.login()
  op.setFaults(site.issuer, {})
  if (key === undefined) throw new Error('nothing was signed')
  return key
}
const signedBy = ({ privateKey }: KeyPair): TokenFaults => ({
  sign: (input) => ALGORITHMS.RS256.sign(input, privateKey),
})

/** The attacker passes on what is good at the honest OP: its keys, and an ID Token that they signed. */
const relayed: Drive = async (act) => {
  const honest = await act.site()
  if (act.honest) {
    act.strike()
    return honest.login()
  }
  const key = await keyOf(act.op, honest)
  act.attacker.setFaults(act.places.attacker, {
    discovery: (good) => ({ ...good, jwks_uri: `${act.issuer}/jwks` }),
    id_token: { ...signedBy(key), claims: (good) => ({ ...good, iss: act.issuer }) },
  })
  const evil = await act.site({}, act.places.attacker)
  act.strike()
  return evil.login()
}

/** One name of a user at two OPs. */
const namesakes: Drive = async (act) => {
  const honest = await act.site()
  const evil = await act.site({}, act.places.attacker)
  act.strike()
  const answer = await honest.login('alice')
  if (!act.honest) {
    const other = await evil.login('alice')
    assert.equal(other.status, 'ok', JSON.stringify(other.data))
    const users = [answer, other].map(({ data }) => {
      const { iss, sub } = Object(data.id_token_claims)
      return [iss, sub]
    })
    assert.deepEqual(users, [
      [honest.issuer, 'alice'],
      [evil.issuer, 'alice'],
    ])
    const { status, data } = await honest.call('get_user_info', { access_token: other.data.access_token })
    assert.deepEqual([status, data.error], ['error', 'foreign_access_token'])
  }
  return answer
}

/** The attacker hands out an access token of the honest OP. */
const stolen: Drive = async (act) => {
  const honest = await act.site()
  const answer = await honest.login()
  const evil = await act.site({}, act.places.attacker)
  act.strike()
  if (!act.honest) {
    const { access_token } = answer.data
    act.attacker.setFaults(act.places.attacker, {
      id_token: { claims: ({ at_hash: _, ...good }) => good },
      token: (good) => ({ ...good, access_token }),
    })
    const { status, data } = await evil.login()
    assert.deepEqual([status, data.access_token], ['ok', access_token])
    await evil.call('get_user_info', { access_token })
    const asked = act.attacker.requests(evil.issuer).filter(({ endpoint }) => endpoint === 'userinfo')
    assert.equal(asked.length, 1)
  }
  return answer
}

/** The attacker signs with the key of the honest OP, under a name that both use. */
const keyOfOthers: Drive = async (act) => {
  const honest = await act.site()
  const key = await keyOf(act.op, honest)
  if (act.honest) {
    act.strike()
    return honest.login()
  }
  const evil = await act.site({}, act.places.attacker)
  const name = ({ publicKey }: KeyPair): unknown => publicKey.export({ format: 'jwk' })['n']
  // Some issuers have one key for the two of them.
  if (name(await keyOf(act.attacker, evil)) === name(key))
    act.attacker.rotateKeys(evil.issuer, { keepKid: true })
  await evil.ok('get_tokens_by_code', await evil.visit())
  act.strike()
  act.attacker.setFaults(evil.issuer, { id_token: signedBy(key) })
  return evil.login()
}

/** Two issuers of one host with one key set. */
const sharedKeys: Drive = async (act) => {
  const site = await act.site()
  const shared: Faults = { discovery: (good) => ({ ...good, jwks_uri: `${act.issuer}/jwks` }) }
  const theirs = await act.site({}, act.op.issuer(`${act.name}-too`, shared))
  const lies = (key: KeyPair, more: TokenFaults = {}): void =>
    act.op.setFaults(theirs.issuer, { ...shared, id_token: { ...signedBy(key), ...more } })
  const old = await keyOf(act.op, site)
  act.strike()
  lies(old)
  if (act.attack === 'iss of the other') {
    lies(old, { claims: (good) => ({ ...good, iss: act.issuer }) })
    return theirs.login()
  }
  assert.equal((await theirs.login()).status, 'ok')
  if (act.attack === 'one rotates') {
    act.op.rotateKeys(act.issuer)
    const fresh = await keyOf(act.op, site)
    const stale = await theirs.login()
    assert.equal(stale.status, 'ok', 'what is cached is not touched by others')
    lies(fresh, { header: (good) => ({ ...good, kid: 'RSA-1' }) })
    const next = await theirs.login()
    assert.equal(next.status, 'ok', JSON.stringify(next.data))
  }
  return site.login()
}

/** Somebody at the same host leaves an answer behind on the connection. */
const leftBehind: Drive = async (act) => {
  const site = await act.site()
  const theirs = await act.site({}, act.op.issuer(`${act.name}-too`))
  // Keys and metadata are cached: the token endpoint is what they ask last.
  for (const each of [site, theirs]) await each.ok('get_tokens_by_code', await each.visit())
  act.strike()
  const came = await site.visit()
  if (!act.honest) act.op.setFaults(theirs.issuer, faultsAt(FAULTS.token_left_behind, act.places))
  await theirs.ok('get_tokens_by_code', await theirs.visit())
  return site.call('get_tokens_by_code', came)
}

/** What one site got from the OP, brought along to another. */
const TAKEN: Readonly<
  Record<string, (ours: Site, theirs: Site) => Promise<readonly [command: string, params: Data]>>
> = {
  response: async (ours) => ['get_tokens_by_callback', { ...(await ours.respond()) }],
  code: async (ours, theirs) => [
    'get_tokens_by_code',
    { ...(await theirs.visit()), code: (await ours.visit()).code },
  ],
  state: async (ours, theirs) => [
    'get_tokens_by_code',
    { ...(await theirs.visit()), state: (await ours.visit()).state },
  ],
  'access token': async (ours) => [
    'get_user_info',
    { access_token: (await ours.ok('get_tokens_by_code', await ours.visit())).access_token },
  ],
  'refresh token': async (ours) => [
    'get_access_token_by_refresh_token',
    { refresh_token: (await ours.ok('get_tokens_by_code', await ours.visit())).refresh_token },
  ],
}
/** Two sites at one OP, which need not look whose code it is. */
const brought =
  (lax: boolean): Drive =>
  async (act) => {
    const ours = await act.site()
    const theirs = await act.site()
    const take = TAKEN[act.attack ?? '']
    if (take === undefined) {
      act.strike()
      return ours.login()
    }
    const name = await clientIdOf(theirs)
    const [command, params] = await take(ours, theirs)
    act.strike()
    if (lax) act.op.setFaults(act.issuer, { ignores: ['code_owner', 'pkce'] })
    const answer = await theirs.call(command, params)
    const [sent] = act.count('token') === 0 ? [] : tokenRequests(act).slice(-1)
    if (sent !== undefined) assert.equal(sent['client_id'], name, 'by the credentials of the site that asks')
    return answer
  }

const ROUNDS = 50
/** Two issuers whose keys have the same names, in turns. */
const inTurns: Drive = async (act) => {
  const one = await act.site()
  const other = await act.site({}, act.places.attacker)
  act.strike()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const site of [one, other]) {
      const { status, data } = await site.login()
      assert.equal(status, 'ok', JSON.stringify(data))
      assert.equal(Object(data.id_token_claims).iss, site.issuer)
    }
  }
  return one.login()
}

/** A code of somebody else, brought into one's own login. */
const injectedCode =
  (lax: boolean): Drive =>
  async (act) => {
    const site = await act.site()
    const victim = await site.respond({}, 'victim')
    const own = await site.respond()
    act.strike()
    if (lax) act.op.setFaults(act.issuer, { ignores: ['pkce'] })
    const parameters = new URL(own.callback_url)
    if (!act.honest)
      parameters.searchParams.set('code', String(new URL(victim.callback_url).searchParams.get('code')))
    return site.call('get_tokens_by_callback', { callback_url: parameters.href })
  }

/** One code in two logins. */
const twice: Drive = async (act) => {
  const site = await act.site()
  const [first, second] = [await site.respond(), await site.respond()]
  act.strike()
  const url = new URL(second.callback_url)
  if (!act.honest) {
    await site.ok('get_tokens_by_callback', { ...first })
    url.searchParams.set('code', String(new URL(first.callback_url).searchParams.get('code')))
  }
  return site.call('get_tokens_by_callback', { callback_url: url.href })
}

/** The challenge is cut out of the request on its way; the OP gives a code, and refuses the verifier. */
const downgraded: Drive = async (act) => {
  const site = await act.site()
  const { authorization_url } = await site.ok('get_authorization_url')
  const url = new URL(String(authorization_url))
  act.strike()
  if (!act.honest) {
    url.searchParams.delete('code_challenge')
    url.searchParams.delete('code_challenge_method')
    act.op.setFaults(act.issuer, { ignores: ['pkce'] })
  }
  const back = await act.op.authorize(url.href)
  if (!act.honest) act.op.setFaults(act.issuer, {})
  return site.call('get_tokens_by_callback', { callback_url: back })
}

/** What the OP saw of PKCE: fresh each time. */
const challenges: Drive = async (act) => {
  const site = await act.site()
  act.strike()
  await site.login()
  const answer = await site.login()
  const seen = act.op.requests(act.issuer)
  const asked = seen.filter(({ endpoint }) => endpoint === 'authorization').map(({ params }) => params)
  const redeemed = seen.filter(({ endpoint }) => endpoint === 'token').map(({ params }) => params)
  assert.equal(asked.length, 2)
  for (const params of asked) {
    assert.equal(params['code_challenge_method'], 'S256')
    assert.match(String(params['code_challenge']), /^[\w-]{43}$/)
  }
  for (const { code_verifier } of redeemed) assert.match(String(code_verifier), /^[\w.~-]{43,128}$/)
  for (const name of act.honest ? [] : ['code_challenge', 'state', 'nonce'])
    assert.notEqual(asked[0]?.[name], asked[1]?.[name], name)
  if (!act.honest) assert.notEqual(redeemed[0]?.['code_verifier'], redeemed[1]?.['code_verifier'])
  return answer
}

export const MIX_UP: Area = {
  name: 'mix-up, PKCE, injection',
  cases: [
    {
      id: 'MIX-01',
      title: 'the response of the honest OP in a login at the attacker',
      drive: mixedUp,
      attacks: { 'with iss': 'invalid_issuer', 'with iss, by the code': 'invalid_issuer' },
      requests: { attacker: 0 },
    },
    {
      id: 'MIX-02',
      title: 'the same without iss, where both promise it',
      drive: mixedUp,
      attacks: { 'without iss': 'no_issuer_in_response' },
      requests: { attacker: 0 },
    },
    {
      id: 'MIX-02',
      title: 'the same at a redirect URI of the other site',
      drive: mixedUp,
      attacks: { 'another redirect URI': 'foreign_callback_url' },
      requests: { attacker: 0 },
    },
    {
      id: 'MIX-02',
      title: 'the same where nobody says iss and one redirect URI is shared',
      drive: unsaid,
      attacks: { 'no iss anywhere': 'code_refused' },
      requests: { token: [0, 1], attacker: 1 },
      policy:
        'Two OPs may share a redirect URI: then the secret of the client keeps the code from whoever got it.',
    },
    {
      id: 'MIX-03',
      title: "metadata of the attacker that name the honest OP's authorization endpoint",
      drive: borrowed(byCallback),
      attacks: { 'and promise iss': 'invalid_issuer', 'and promise no iss': 'invalid_issuer' },
      requests: { attacker: 0 },
    },
    {
      id: 'MIX-03',
      title: 'the same by the code alone',
      drive: borrowed(byCode),
      attacks: { 'and promise iss': 'invalid_issuer', 'and promise no iss': 'invalid_issuer' },
      requests: { attacker: 0 },
    },
    {
      id: 'MIX-04',
      title: 'an ID Token that is good at the honest OP, passed on by the attacker with its keys',
      drive: relayed,
      attacks: { 'in its name': 'invalid_id_token_bad_issuer' },
      requests: { token: 0, attacker: [1, 4] },
    },
    {
      id: 'MIX-06',
      title: 'one name of a user at two OPs',
      drive: namesakes,
      harmless: ['namesakes'],
      requests: { userinfo: 0, attacker: [1, 9] },
    },
    {
      id: 'MIX-07',
      title: 'an access token of the honest OP, handed out by the attacker',
      drive: stolen,
      harmless: ['stolen'],
      requests: { userinfo: 0, attacker: [1, 9] },
    },
    {
      id: 'MIX-08',
      title: 'an ID Token for the other site',
      drive: async (act) => {
        const other = await act.site()
        const site = await act.site()
        const aud = await clientIdOf(other)
        act.strike()
        if (!act.honest) act.op.setFaults(act.issuer, { id_token: { claims: (good) => ({ ...good, aud }) } })
        return site.login()
      },
      attacks: { 'another aud': 'invalid_id_token_bad_audience' },
    },
    {
      id: 'MIX-10',
      title: 'what one site got, at another site of the same OP',
      drive: brought(false),
      site: { scope: ['openid', 'offline_access'] },
      attacks: {
        response: 'invalid_state',
        state: 'invalid_state',
        'access token': 'foreign_access_token',
      },
      requests: { token: 0, userinfo: 0 },
    },
    {
      id: 'MIX-10',
      title: 'what only the OP can tell apart: asked in the name of the site that brings it',
      drive: brought(false),
      site: { scope: ['openid', 'offline_access'] },
      attacks: { code: 'code_refused', 'refresh token': 'refresh_refused' },
      requests: { token: 1, userinfo: 0 },
    },
    {
      id: 'MIX-10',
      title: 'the code of another site, at an OP that does not look whose it is',
      drive: brought(true),
      attacks: { code: 'invalid_id_token_bad_audience' },
      requests: { token: 1 },
    },
    {
      id: 'MIX-11',
      title: 'two issuers whose keys have the same names, in turns',
      drive: inTurns,
      harmless: ['in turns'],
      requests: { attacker: [1, 200] },
    },
    {
      id: 'MIX-11',
      title: 'the key of another issuer, under a name that both use',
      drive: keyOfOthers,
      attacks: { 'of the honest OP': 'invalid_id_token_bad_signature' },
      requests: { attacker: [1, 9] },
    },
    {
      id: 'MIX-12',
      title: 'two issuers with one key set',
      drive: sharedKeys,
      attacks: { 'iss of the other': 'invalid_id_token_bad_issuer' },
      harmless: ['one rotates'],
    },
    {
      id: 'MIX-14',
      title: 'an answer that somebody at the same host left on the connection',
      drive: leftBehind,
      harmless: ['late bytes'],
      requests: { token: 1 },
    },
    { id: 'PKC-01', title: 'challenges and verifiers', drive: challenges, harmless: ['two logins'] },
    {
      id: 'PKC-02',
      title: "somebody else's code, at an OP that enforces PKCE",
      drive: injectedCode(false),
      attacks: { 'a foreign code': 'code_refused' },
      requests: { token: 1 },
    },
    {
      id: 'PKC-03',
      title: "somebody else's code, at an OP that ignores PKCE",
      drive: injectedCode(true),
      attacks: { 'a foreign code': 'invalid_id_token_bad_nonce' },
      requests: { token: 1 },
    },
    {
      id: 'PKC-04',
      title: 'one code in two logins',
      drive: twice,
      attacks: { 'the same code': 'code_refused' },
      requests: { token: 2 },
    },
    {
      id: 'PKC-05',
      title: 'a challenge that was cut out of the request',
      drive: downgraded,
      attacks: { 'no challenge': 'code_refused' },
      requests: { token: 1 },
    },
  ],
}
