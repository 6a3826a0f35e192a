// SSR: nobody makes oxd go where it has no business, by whichever way an address comes in.
import assert from 'node:assert/strict'
import type { Act, Area, Case } from '../../src/testing/cases/case.ts'
import { nameOf } from '../../src/testing/cases/names.ts'
import { reply, type Faults } from '../../src/testing/op.ts'
import type { Envelope } from '../../src/testing/daemon.ts'
import type { ErrorCode } from '../../src/error.ts'
import type { Site } from '../../src/testing/story.ts'

/** The payload as a URL: the port is that of the canary. */
type Payload = (act: Act) => string

const ofCanary = ({ places }: Act): string => new URL(places.canary).port
const hosts = (...list: readonly string[]): Readonly<Record<string, Payload>> =>
  Object.fromEntries(list.map((host) => [host, (act) => `https://${host}:${ofCanary(act)}`]))
const names = (
  plans: Readonly<Record<string, readonly (readonly string[])[]>>,
): Readonly<Record<string, Payload>> =>
  Object.fromEntries(
    Object.entries(plans).map(([what, plan]) => [
      what,
      (act) => `https://${nameOf(act.name, ...plan)}:${ofCanary(act)}`,
    ]),
  )

/** Nobody is there, and nobody will be: not handed out. */
const PUBLIC = '2d00::1'
const PUBLIC_4 = '93.184.215.14'

interface Group {
  readonly title: string
  readonly payloads: Readonly<Record<string, Payload>>
  /** Goes outside by intent. */
  readonly outside?: true
  /** No reader of URLs takes them. */
  readonly unreadable?: true
  /** Whatever is there: what is said of it is the same. */
  readonly alike?: true
}

const GROUPS: readonly (readonly [id: string, group: Group])[] = [
  [
    'SSR-01',
    {
      title: 'this machine, by its names',
      payloads: hosts(
        '127.0.0.9',
        '127.1',
        '0.0.0.0',
        '0',
        'localhost',
        'localhost.',
        'db.localhost',
        'LOCALHOST',
        '127.0.0.9.',
      ),
    },
  ],
  [
    'SSR-02',
    {
      title: 'this machine, in other numbers',
      payloads: hosts(
        '2130706441',
        '2130706433',
        '0x7f000009',
        '0x7f.0.0.9',
        '0177.0.0.9',
        '0177.0.0.011',
        '127.0.0x9',
        '127.000.000.011',
        '%31%32%37.0.0.9',
      ),
    },
  ],
  [
    'SSR-02',
    {
      title: 'numbers that are no address',
      payloads: hosts('127.000.000.009', '256.256.256.256', '0x7f.0.0.0.9', '127.0.0.09'),
      unreadable: true,
    },
  ],
  [
    'SSR-03',
    {
      title: 'this machine, in IPv6',
      payloads: {
        '::1': ({ places }) => places.canary6.replace('http:', 'https:'),
        ...hosts(
          '[::]',
          '[::ffff:127.0.0.9]',
          '[::ffff:7f00:9]',
          '[0:0:0:0:0:0:0:1]',
          '[::127.0.0.9]',
          '[2002:7f00:9::1]',
          '[64:ff9b::7f00:9]',
          '[64:ff9b::127.0.0.9]',
          '[64:ff9b:1::7f00:9]',
        ),
      },
    },
  ],
  [
    'SSR-03',
    {
      title: 'addresses with a zone',
      payloads: hosts('[::1%25lo]', '[fe80::1%25lo]', '[fe80::1%lo]'),
      unreadable: true,
    },
  ],
  [
    'SSR-04',
    {
      title: 'metadata services of clouds',
      payloads: hosts(
        '169.254.169.254',
        '169.254.170.2',
        '[fd00:ec2::254]',
        '[::ffff:169.254.169.254]',
        '100.100.100.200',
      ),
    },
  ],
  [
    'SSR-05',
    {
      title: "networks that are nobody else's business",
      payloads: hosts(
        '10.0.0.1',
        '10.255.255.255',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.0.1',
        '192.168.255.255',
        '100.64.0.1',
        '100.127.255.255',
        '198.18.0.1',
        '198.19.255.255',
        '[fc00::1]',
        '[fdff::1]',
        '[fe80::1]',
        '[febf::1]',
        '[ff02::1]',
        '224.0.0.1',
        '239.255.255.255',
        '240.0.0.1',
        '255.255.255.255',
      ),
    },
  ],
  [
    'SSR-06',
    {
      title: 'names of private addresses, alone or among public ones',
      payloads: names({
        private: [['10.0.0.1']],
        here: [['127.0.0.9']],
        mixed: [[PUBLIC_4, '127.0.0.9']],
        'private in IPv6': [[PUBLIC_4, '::1']],
        'public in IPv6': [[PUBLIC, '127.0.0.9']],
      }),
    },
  ],
  [
    'SSR-07',
    {
      title: 'a name that is another address a moment later',
      payloads: names({ rebinding: [[PUBLIC], ['127.0.0.9']] }),
      outside: true,
    },
  ],
  [
    'SSR-10',
    {
      title: 'ports of other services, open and closed: nobody learns which',
      payloads: {
        ...Object.fromEntries(
          ['1', '22', '25', '6379', '11211'].map((port) => [port, () => `https://127.0.0.9:${port}`]),
        ),
        'one that is open': (act) => `https://127.0.0.9:${ofCanary(act)}`,
      },
      alike: true,
    },
  ],
]

/** Plays one sink with this address, or, without one, honestly. */
type Play = (act: Act, url: string | undefined) => Promise<Envelope>

/** Lays the address into what the OP says. */
const saying =
  (faults: (url: string) => Faults, then: (act: Act) => Promise<Envelope>): Play =>
  async (act, url) => {
    act.op.setFaults(act.issuer, url === undefined ? {} : faults(url))
    return then(act)
  }
const metadata =
  (name: string) =>
  (url: string): Faults => ({ discovery: (good) => ({ ...good, [name]: `${url}/x` }) })
const register = (act: Act): Promise<Envelope> => act.register()
/** Registered, as far as that goes; then this. */
const registered =
  (then: (site: Site) => Promise<Envelope>) =>
  async (act: Act): Promise<Envelope> => {
    const answer = await act.register()
    return answer.status === 'ok' ? then(act.siteOf(answer)) : answer
  }
const login = registered((site) => site.login())
const userinfo = registered(async (site) => {
  const { access_token } = (await site.login()).data
  return site.call('get_user_info', { access_token })
})
const begin = registered((site) => site.call('get_authorization_url'))

interface Sink {
  readonly play: Play
  readonly error: ErrorCode
  /** What an address that is allowed, but cannot be reached, is refused with. */
  readonly unreachable: ErrorCode
  /** What a text that is no URL is refused with. */
  readonly unreadable: ErrorCode
}

const REFUSED = {
  error: 'restricted_op_host',
  unreachable: 'op_unreachable',
  unreadable: 'no_connect_discovery_response',
} as const
const UNDISCOVERED = {
  error: 'no_connect_discovery_response',
  unreachable: 'no_connect_discovery_response',
  unreadable: 'no_connect_discovery_response',
} as const
const always = (error: ErrorCode) => ({ error, unreachable: error, unreadable: error })

/** Every way in which an address comes in. */
const SINKS: Readonly<Record<string, Sink>> = {
  op_host: {
    play: (act, url) => act.register({}, url ?? act.issuer),
    ...UNDISCOVERED,
    error: 'restricted_op_host',
    unreadable: 'invalid_op_host',
  },
  op_configuration_endpoint: {
    play: (act, url) =>
      act.register({ op_configuration_endpoint: `${url ?? act.issuer}/.well-known/openid-configuration` }),
    ...UNDISCOVERED,
    error: 'restricted_op_host',
    unreadable: 'invalid_op_configuration_endpoint',
  },
  jwks_uri: { play: saying(metadata('jwks_uri'), login), ...REFUSED },
  token_endpoint: { play: saying(metadata('token_endpoint'), login), ...REFUSED },
  userinfo_endpoint: { play: saying(metadata('userinfo_endpoint'), userinfo), ...REFUSED },
  registration_endpoint: { play: saying(metadata('registration_endpoint'), register), ...REFUSED },
  pushed_authorization_request_endpoint: {
    play: saying(metadata('pushed_authorization_request_endpoint'), begin),
    ...REFUSED,
  },
  registration_client_uri: {
    play: saying(
      (url) => ({ registration: (good) => ({ ...good, registration_client_uri: `${url}/register/1` }) }),
      register,
    ),
    ...always('op_answer_malformed'),
  },
  'redirect of discovery': {
    play: saying((url) => ({ discovery: reply.redirect(url) }), register),
    ...UNDISCOVERED,
  },
  'redirect of token': {
    play: saying((url) => ({ token: reply.redirect(url, 307) }), login),
    ...always('op_redirected'),
  },
  'redirect of registration': {
    play: saying((url) => ({ registration: reply.redirect(url, 308) }), register),
    ...always('op_redirected'),
  },
  'redirect of the key set': {
    play: saying((url) => ({ jwks: reply.redirect(url, 301) }), login),
    ...always('op_redirected'),
  },
  'redirect of userinfo': {
    play: saying((url) => ({ userinfo: reply.redirect(url, 303) }), userinfo),
    ...always('op_redirected'),
  },
  WebFinger: {
    // An honest host would be one more OP at https; that the daemon works shows the login.
    play: (act, url) =>
      url === undefined
        ? login(act)
        : act.call('get_issuer', { op_host: act.issuer, resource: `${url}/alice` }),
    error: 'restricted_op_host',
    unreachable: 'failed_to_get_issuer',
    unreadable: 'invalid_request',
  },
  'third party': {
    play: async (act, url) =>
      (await act.site()).call('initiate_third_party_login', { iss: url ?? act.issuer }),
    ...always('foreign_iss'),
  },
}

/** What is in the token is never fetched, whatever address it has. */
const claimSources: Play = saying(
  (endpoint) => ({
    id_token: {
      claims: (good) => ({ ...good, _claim_names: { credit: 'a' }, _claim_sources: { a: { endpoint } } }),
    },
  }),
  login,
)

const claimSourcesOfUserinfo: Play = saying(
  (endpoint) => ({
    userinfo: (good) => ({ ...good, _claim_names: { credit: 'a' }, _claim_sources: { a: { endpoint } } }),
  }),
  userinfo,
)
const UNFETCHED: Readonly<Record<string, Play>> = {
  'sources of claims': claimSources,
  'sources of claims of userinfo': claimSourcesOfUserinfo,
}

const AT = ' at '

/** What is said at a sink is the same for all addresses, but for their port and for the reference. */
const saidAlike = (): NonNullable<Case['check']> => {
  const said = new Map<string, string>()
  return ({ attack, issuer }, { data }) => {
    const [, sink = ''] = attack?.split(AT) ?? []
    const text = String(data.error_description)
      .replaceAll(new URL(issuer).origin, '')
      .replaceAll(/:\d+/g, ':')
      .replace(/\[ref [^\]]*\]/, '')
    assert.equal(text, said.get(sink) ?? text)
    said.set(sink, text)
  }
}

/** One attack for each address at each sink; the twin plays all sinks with the address of the OP. */
const row = (id: string, { title, payloads, outside, unreadable, alike }: Group): Case => ({
  id,
  title,
  drive: async (act) => {
    act.strike()
    if (act.attack === undefined) {
      const answers: Envelope[] = []
      for (const { play } of Object.values(SINKS)) answers.push(await play(act, undefined))
      const [last] = answers
      return answers.find(({ status }) => status !== 'ok') ?? last ?? act.register()
    }
    const [payload = '', sink = ''] = act.attack.split(AT)
    const url = payloads[payload]?.(act)
    return (SINKS[sink]?.play ?? UNFETCHED[sink] ?? login)(act, url)
  },
  attacks: Object.fromEntries(
    Object.keys(payloads).flatMap((payload) =>
      Object.entries(SINKS).map(([sink, { error, ...other }]) => [
        `${payload}${AT}${sink}`,
        outside === true ? other.unreachable : unreadable === true ? other.unreadable : error,
      ]),
    ),
  ),
  harmless: Object.keys(payloads).flatMap((payload) =>
    Object.keys(UNFETCHED).map((sink) => `${payload}${AT}${sink}`),
  ),
  ...(outside === undefined ? {} : { outside }),
  ...(alike === undefined ? {} : { check: saidAlike() }),
})

export const SSRF: Area = {
  name: 'where oxd goes',
  cases: [
    ...GROUPS.map(([id, group]) => row(id, group)),
    {
      id: 'SSR-08',
      title: 'redirects of an OP to a private address, another scheme, another port',
      drive: async (act) => {
        const targets: Readonly<Record<string, string>> = {
          'private address': act.places.canary,
          'private address in IPv6': act.places.canary6,
          'another scheme': 'file:///etc/passwd',
          'another port': act.places.attacker,
        }
        const site = await act.site()
        act.strike()
        const target = targets[act.attack ?? '']
        if (target !== undefined) act.op.setFaults(act.issuer, { jwks: reply.redirect(target) })
        return site.login()
      },
      attacks: {
        'private address': 'op_redirected',
        'private address in IPv6': 'op_redirected',
        'another scheme': 'op_redirected',
        'another port': 'op_redirected',
      },
      requests: { attacker: 0, jwks: 1 },
    },
  ],
}
