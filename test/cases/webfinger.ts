// DSC-19: which OP is responsible for an account, as its host says, and what comes of it.
import type { Act, Case, Drive } from '../../src/testing/cases/case.ts'
import { reply, type Fault, type LyingOp } from '../../src/testing/op.ts'

const REL = 'http://openid.net/specs/connect/1.0/issuer'
const link = (href: string, rel = REL) => ({ rel, href })

/** What the host says of an account. */
type Said = (act: Act) => Fault
const links =
  (list: (act: Act) => readonly unknown[]): Said =>
  (act) =>
  (good) => ({ ...good, links: list(act) })
const HONEST: Said = links(({ issuer }) => [link(issuer)])

const LIES: Readonly<Record<string, Said>> = {
  'an issuer at http': links(({ issuer }) => [link(issuer.replace('https:', 'http:'))]),
  'an issuer with a user name': links(({ issuer }) => [link(issuer.replace('://', '://user@'))]),
  'an issuer with a query': links(({ issuer }) => [link(`${issuer}?tenant=1`)]),
  'an issuer that is a script': links(() => [link('javascript:alert(1)')]),
  'another relation': links(({ issuer }) => [link(issuer, 'self')]),
  'no links': links(() => []),
  'links twice': () => reply.duplicate('links', []),
  'a page': () => reply.html(),
  'nobody of that name': () => reply.status(404),
  'a redirect to a service inside': ({ places }) => reply.redirect(places.canary),
  'a redirect to a service inside, in IPv6': ({ places }) => reply.redirect(places.canary6, 307),
  'a redirect to an attacker': ({ places }) => reply.redirect(places.attacker),
  'a redirect to where the answer is': () => reply.redirect('?again', 308),
  silence: () => reply.hang(),
  'an answer without end': () => reply.endless(),
}
/** Said of somebody else than was asked for. */
const FOREIGN: Readonly<Record<string, Said>> = {
  'the issuer of an attacker': links(({ places }) => [link(places.attacker.replace('http:', 'https:'))]),
  'the issuer with a slash more': links(({ issuer }) => [link(`${issuer}/`)]),
}
const PECULIAR: Readonly<Record<string, Said>> = {
  'members that nobody knows':
    ({ issuer }) =>
    (good) => ({ ...good, links: [link(issuer)], properties: { a: 'b' }, more: [1] }),
  'another subject':
    ({ issuer }) =>
    (good) => ({ ...good, links: [link(issuer)], subject: 'acct:else@op.example' }),
  'several links': links(({ issuer }) => [
    { rel: 'http://webfinger.net/rel/avatar', href: 'http://op.example/a.png' },
    { rel: 'template', template: 'https://op.example/{uri}' },
    link('http://op.example'),
    link('https://op.example'),
    { ...link(issuer), titles: { und: 'here' } },
  ]),
}

/** How the account is written: `host` is that of the OP. */
const ACCOUNTS: Readonly<Record<string, (host: string) => string>> = {
  'two hosts': (host) => `acct:ada@op.example@${host}`,
  'two hosts, the other way round': (host) => `acct:ada@${host}@op.example`,
  'a path behind the host': (host) => `acct:ada@${host}/x`,
  'a backslash': (host) => `acct:ada@${host}\\@op.example`,
  'a port that is none': (host) => `acct:ada@${host}1234`,
  'a line end': (host) => `acct:ada@${host}\r\nx-evil: 1`,
}
/** Each is the account at this OP. */
const SAME: Readonly<Record<string, (host: string) => string>> = {
  'an address that is no account': (host) => `https://${host}/ada`,
  'a user name and password before the host': (host) => `https://ada:word@${host}/`,
  'a user of an address elsewhere': (host) => `acct:ada%40op.example@${host}`,
}

const written = { ...ACCOUNTS, ...SAME }
const said = { ...LIES, ...FOREIGN, ...PECULIAR }

/** Who is responsible for the account is asked first; the site is registered there. The host says what the OP of no path says. */
const roots = new WeakMap<LyingOp, string>()
const found =
  (hostOf: (host: string) => string): Drive =>
  async (act) => {
    const { op, issuer, attack = '' } = act
    const root = roots.get(op) ?? op.issuer('')
    roots.set(op, root)
    op.setFaults(root, { webfinger: (said[attack] ?? HONEST)(act) })
    const host = hostOf(new URL(issuer).host)
    const resource = (written[attack] ?? ((at) => `acct:ada@${at}`))(host)
    act.strike()
    const answer = await act.call('get_issuer', { resource, op_host: issuer })
    if (answer.status !== 'ok') return answer
    if (attack === 'metadata of another issuer')
      op.setFaults(issuer, { discovery: (good) => ({ ...good, issuer: `${issuer}1` }) })
    const [first] = (answer.data.links as { href: string }[]).filter(({ href }) => href === issuer)
    const registered = await act.register({}, String(first?.href))
    return registered.status === 'ok' ? act.siteOf(registered).login() : registered
  }
const each = <Code>(rows: object, code: Code): Readonly<Record<string, Code>> =>
  Object.fromEntries(Object.keys(rows).map((name) => [name, code]))

export const WEBFINGER: readonly Case[] = [
  {
    id: 'DSC-19',
    title: 'who is responsible for an account: what its host says, and how it is written',
    over: 'https',
    drive: found((host) => host),
    attacks: {
      ...each(LIES, 'failed_to_get_issuer'),
      ...each(FOREIGN, 'foreign_resource'),
      ...each(ACCOUNTS, 'invalid_request'),
      'metadata of another issuer': 'invalid_issuer_discovered',
    },
    harmless: [...Object.keys(PECULIAR), ...Object.keys(SAME)],
    requests: { attacker: 0 },
  },
  {
    id: 'DSC-19',
    title: 'an account at a host beyond ASCII: asked at its A-label',
    over: 'https beyond ASCII',
    drive: found((host) => host.replace('xn--bcher-kva', 'bücher')),
    attacks: {
      'an issuer at http': 'failed_to_get_issuer',
      'a redirect to a service inside': 'failed_to_get_issuer',
    },
    harmless: ['another subject'],
    requests: { attacker: 0 },
  },
]
