// SSR: nobody makes oxd go where it has no business, by whichever way an address comes in.
import type { Act, Area, Case } from '../../src/testing/cases/case.ts'
import { nameOf } from '../../src/testing/cases/names.ts'
import { reply, type Faults } from '../../src/testing/op.ts'
import type { Envelope } from '../../src/testing/daemon.ts'
import type { ErrorCode } from '../../src/error.ts'

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
}

const GROUPS: Readonly<Record<string, Group>> = {
  'SSR-01': {
    title: 'this machine, by its names',
    payloads: hosts('127.0.0.9', '127.1', '0.0.0.0', '0', 'localhost', 'localhost.', 'db.localhost'),
  },
  'SSR-02': {
    title: 'this machine, in other numbers',
    payloads: hosts('2130706441', '0x7f000009', '0177.0.0.011', '127.0.0x9'),
  },
  'SSR-03': {
    title: 'this machine, in IPv6',
    payloads: {
      '::1': ({ places }) => places.canary6.replace('http:', 'https:'),
      ...hosts('[::]', '[::ffff:127.0.0.9]', '[::127.0.0.9]', '[2002:7f00:9::1]', '[64:ff9b::7f00:9]'),
    },
  },
  'SSR-04': {
    title: 'metadata services of clouds',
    payloads: hosts('169.254.169.254', '[fd00:ec2::254]', '100.100.100.200'),
  },
  'SSR-05': {
    title: "networks that are nobody else's business",
    payloads: hosts(
      '10.0.0.1',
      '172.16.0.1',
      '192.168.0.1',
      '100.64.0.1',
      '198.18.0.1',
      '[fc00::1]',
      '[fe80::1]',
      '224.0.0.1',
      '255.255.255.255',
    ),
  },
  'SSR-06': {
    title: 'names of private addresses, alone or among public ones',
    payloads: names({
      private: [['10.0.0.1']],
      here: [['127.0.0.9']],
      mixed: [[PUBLIC_4, '127.0.0.9']],
      'private in IPv6': [[PUBLIC_4, '::1']],
      'public in IPv6': [[PUBLIC, '127.0.0.9']],
    }),
  },
  'SSR-07': {
    title: 'a name that is another address a moment later',
    payloads: names({ rebinding: [[PUBLIC], ['127.0.0.9']] }),
    outside: true,
  },
  'SSR-10': {
    title: 'ports of other services, open and closed: nobody learns which',
    payloads: Object.fromEntries(
      ['22', '25', '6379', '11211'].map((port) => [port, () => `https://127.0.0.9:${port}`]),
    ),
  },
}

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
const login = async (act: Act): Promise<Envelope> => (await act.site()).login()
const register = (act: Act): Promise<Envelope> => act.register()
const userinfo = async (act: Act): Promise<Envelope> => {
  const site = await act.site()
  const { access_token } = (await site.login()).data
  return site.call('get_user_info', { access_token })
}

interface Sink {
  readonly play: Play
  readonly error: ErrorCode
  /** What an address that is allowed, but cannot be reached, is refused with. */
  readonly unreachable: ErrorCode
}

const REFUSED = { error: 'restricted_op_host', unreachable: 'op_unreachable' } as const
const UNDISCOVERED = {
  error: 'no_connect_discovery_response',
  unreachable: 'no_connect_discovery_response',
} as const
const always = (error: ErrorCode) => ({ error, unreachable: error })

/** Every way in which an address comes in. */
const SINKS: Readonly<Record<string, Sink>> = {
  op_host: {
    play: (act, url) => act.register({}, url ?? act.issuer),
    ...UNDISCOVERED,
    error: 'restricted_op_host',
  },
  jwks_uri: { play: saying(metadata('jwks_uri'), login), ...REFUSED },
  token_endpoint: { play: saying(metadata('token_endpoint'), login), ...REFUSED },
  userinfo_endpoint: { play: saying(metadata('userinfo_endpoint'), userinfo), ...REFUSED },
  registration_endpoint: { play: saying(metadata('registration_endpoint'), register), ...REFUSED },
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
  WebFinger: {
    // An honest host would be one more OP at https; that the daemon works shows the login.
    play: (act, url) =>
      url === undefined
        ? login(act)
        : act.call('get_issuer', { op_host: act.issuer, resource: `${url}/alice` }),
    error: 'restricted_op_host',
    unreachable: 'failed_to_get_issuer',
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

const AT = ' at '

/** One attack for each address at each sink; the twin plays all sinks with the address of the OP. */
const row = (id: string, { title, payloads, outside }: Group): Case => ({
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
    return (SINKS[sink]?.play ?? claimSources)(act, url)
  },
  attacks: Object.fromEntries(
    Object.keys(payloads).flatMap((payload) =>
      Object.entries(SINKS).map(([sink, { error, unreachable }]) => [
        `${payload}${AT}${sink}`,
        outside === undefined ? error : unreachable,
      ]),
    ),
  ),
  harmless: Object.keys(payloads).map((payload) => `${payload}${AT}sources of claims`),
  ...(outside === undefined ? {} : { outside }),
})

export const SSRF: Area = {
  name: 'where oxd goes',
  cases: [
    ...Object.entries(GROUPS).map(([id, group]) => row(id, group)),
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
