// MIX and PKC: what belongs to one login, site or OP is of no use at another.
import assert from 'node:assert/strict'
import type { Act, Area, Drive } from '../../src/testing/cases/case.ts'
import type { Envelope } from '../../src/testing/daemon.ts'
import type { Site } from '../../src/testing/story.ts'

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
  if (act.attack !== 'with iss') parameters.delete('iss')
  const at = new URL(back.callback_url)
  at.search = String(parameters)
  return evil.call('get_tokens_by_callback', { callback_url: at.href })
}

/** Two sites at one OP. */
const twoSites =
  (attacks: Readonly<Record<string, (ours: Site, theirs: Site, act: Act) => Promise<Envelope>>>): Drive =>
  async (act) => {
    const ours = await act.site()
    const theirs = await act.site()
    act.strike()
    const attack = attacks[act.attack ?? '']
    return attack === undefined ? ours.login() : attack(ours, theirs, act)
  }

const bringing = async (from: Site, to: Site): Promise<Envelope> =>
  to.call('get_tokens_by_callback', { ...(await from.respond()) })

const ROUNDS = 20
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
  for (const name of ['code_challenge', 'state', 'nonce'])
    assert.notEqual(asked[0]?.[name], asked[1]?.[name], name)
  assert.notEqual(redeemed[0]?.['code_verifier'], redeemed[1]?.['code_verifier'])
  return answer
}

export const MIX_UP: Area = {
  name: 'mix-up, PKCE, injection',
  cases: [
    {
      id: 'MIX-01',
      title: 'the response of the honest OP in a login at the attacker',
      drive: mixedUp,
      attacks: { 'with iss': 'invalid_issuer' },
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
      id: 'MIX-08',
      title: 'an ID Token for the other site',
      drive: async (act) => {
        const site = await act.site()
        act.strike()
        if (!act.honest) {
          const other = await act.register()
          const { data } = await act.call('get_rp', { oxd_id: other.data.oxd_id })
          act.op.setFaults(act.issuer, {
            id_token: {
              claims: (good) => ({ ...good, aud: Object(data).client_id ?? 'client-of-the-other-site' }),
            },
          })
        }
        return site.login()
      },
      attacks: { 'another aud': 'invalid_id_token_bad_audience' },
    },
    {
      id: 'MIX-10',
      title: 'what one site got, at another site of the same OP',
      drive: twoSites({
        response: (ours, theirs) => bringing(ours, theirs),
        'access token': async (ours, theirs) => {
          const { access_token } = (await ours.login()).data
          return theirs.call('get_user_info', { access_token })
        },
      }),
      attacks: { response: 'invalid_state', 'access token': 'foreign_access_token' },
      requests: { token: [0, 1], userinfo: 0 },
    },
    {
      id: 'MIX-11',
      title: 'two issuers whose keys have the same names, in turns',
      drive: inTurns,
      harmless: ['in turns'],
      requests: { attacker: [1, 200] },
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
