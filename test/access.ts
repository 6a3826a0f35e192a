// Who may give which command on which transport: asked of a daemon with real transports, told as docs/access.md.
import { randomUUID } from 'node:crypto'
import { createCallers } from '../src/callers.ts'
import type { AnyCommand } from '../src/command.ts'
import { COMMANDS } from '../src/daemon.ts'
import { LIMITS } from '../src/limits.ts'
import { pathOf } from '../src/publish/paths.ts'
import { sitesOf, type Site } from '../src/site.ts'
import { settingsFrom } from '../src/site_settings.ts'
import { startTestDaemon, type Data, type TestDaemon } from '../src/testing/daemon.ts'
import { startLyingOp, type LyingOp } from '../src/testing/op.ts'
import { realWorld } from '../src/world.ts'

const TRANSPORTS = [
  'socket',
  'socket, --require-token',
  'HTTP 3.1',
  'HTTP 3.1, --insecure-unprotected-http',
  'HTTP 4.x',
  'HTTP 4.x, --insecure-unprotected-http',
] as const
export type Transport = (typeof TRANSPORTS)[number]
export const isProtected = (transport: Transport): boolean =>
  transport !== 'socket' && !transport.endsWith('--insecure-unprotected-http')

const CREDENTIALS = ['nothing', 'an unknown key', 'the key of another site', 'the key of the site'] as const
export type Shown = (typeof CREDENTIALS)[number]

/** What came of one command on one transport. */
export interface Tried {
  readonly command: AnyCommand
  readonly transport: Transport
  readonly shown: Shown
  /** Does the command ask an OP of --allowed-op? */
  readonly allowed_op: boolean
  /** As the log has it: `ok`, or the code of the error. */
  readonly outcome: string
  /** Was it the guard that refused? */
  readonly refused: boolean
  /** Did the OP hear of it? */
  readonly asked_op: boolean
  /** Is any site there, gone or other than before? */
  readonly changed: boolean
  /** Does the reply tell anything of the site that was not in the request? */
  readonly told_site: boolean
  /** Is a secret of the site in the reply? */
  readonly told_secret: boolean
}

/** The codes with which the guard refuses. */
const REFUSALS: ReadonlySet<string> = new Set([
  'blank_protection_access_token',
  'inactive_protection_access_token',
  'invalid_protection_access_token',
  'protection_access_token_insufficient_scope',
  'no_setup_client_for_oxd_id',
  'op_not_allowed',
])

const REDIRECT = 'https://client.example.com/callback'
const SECRETS = ['the-secret-of-the-site', 'the-registration-token']

const siteAt = (issuer: string): Site => {
  const oxd_id = randomUUID()
  return {
    oxd_id,
    op_host: issuer,
    issuer,
    discovery_url: `${issuer}/.well-known/openid-configuration`,
    version: 1,
    settings: settingsFrom(oxd_id, { authorization_redirect_uri: REDIRECT }),
    client: {
      client_id: `client-of-${oxd_id}`,
      client_secret: SECRETS[0],
      registration_access_token: SECRETS[1],
      registration_client_uri: `${issuer}/register/${oxd_id}`,
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
      by_hand: false,
    },
  }
}

const send = async (
  daemon: TestDaemon,
  transport: Transport,
  { name }: AnyCommand,
  params: Data,
  token: string | undefined,
): Promise<string> => {
  if (transport.startsWith('socket')) {
    const shown = token === undefined ? params : { ...params, protection_access_token: token }
    return JSON.stringify(await daemon.call(name, shown, { oxd: 1 }))
  }
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const dialect = transport.startsWith('HTTP 3.1') ? 'v3' : 'v4'
  return (await daemon.post(dialect, pathOf(name), params, headers)).text
}

/** One daemon, and everything that is tried of it. */
const tryAll = async (
  op: LyingOp,
  {
    argv,
    transports,
    allowed_op,
  }: { argv: readonly string[]; transports: readonly Transport[]; allowed_op: boolean },
): Promise<Tried[]> => {
  const issuer = op.issuer(randomUUID())
  const flags = [...argv, '--trust-op', op.origin, ...(allowed_op ? ['--allowed-op', issuer] : [])]
  const daemon = await startTestDaemon({ http: 'plain', argv: flags })
  const { store } = daemon.opened
  const sites = sitesOf(store, LIMITS)
  const callers = createCallers(
    store,
    realWorld(() => {}),
    LIMITS,
  )
  const everySite = async (): Promise<string> => {
    const all: string[] = []
    for await (const site of sites.list()) all.push(JSON.stringify(site))
    return all.sort().join('\n')
  }

  const attempt = async (command: AnyCommand, transport: Transport, shown: Shown): Promise<Tried> => {
    // Fresh ones each time, since a command that is let in may remove or change them.
    const [site, other] = [siteAt(issuer), siteAt(issuer)]
    await sites.insert(site)
    await sites.insert(other)
    const keys: Readonly<Record<Shown, string | undefined>> = {
      nothing: undefined,
      'an unknown key': `oxd_key_${'A'.repeat(43)}`,
      'the key of another site': (await callers.add(other.oxd_id, [other.oxd_id])).key,
      'the key of the site': (await callers.add(site.oxd_id, [site.oxd_id])).key,
    }
    const example: Data = { ...command.examples[0]?.params }
    const known: Data = {
      oxd_id: site.oxd_id,
      op_host: issuer,
      redirect_uri: REDIRECT,
      request_object_id: 'x',
    }
    // `list` makes get_rp tell of sites that it does not name.
    const ours = Object.keys(command.params).filter((name) => Object.hasOwn(known, name))
    const params: Data = { ...example, ...Object.fromEntries(ours.map((name) => [name, known[name]])) }
    delete params.list
    if (Object.hasOwn(command.params, 'resource') && Object.hasOwn(command.params, 'op_host')) {
      params.resource = `${issuer}/ada`
    }
    const [requests, before, lines] = [op.requests(issuer).length, await everySite(), daemon.log.length]
    const text = await send(daemon, transport, command, params, keys[shown])
    const line = daemon.log.slice(lines).find(({ message }) => message === 'command')
    const outcome = String(line?.fields.outcome)
    if (line?.fields.command !== command.name) throw new Error(`${command.name} over ${transport}: ${text}`)
    return {
      command,
      transport,
      shown,
      allowed_op,
      outcome,
      refused: REFUSALS.has(outcome),
      asked_op: op.requests(issuer).length > requests,
      changed: (await everySite()) !== before,
      told_site: text.includes(site.client.client_id),
      told_secret: SECRETS.some((secret) => text.includes(secret)),
    }
  }

  try {
    const tried: Tried[] = []
    for (const command of COMMANDS) {
      for (const transport of transports) {
        for (const shown of CREDENTIALS) tried.push(await attempt(command, transport, shown))
      }
      for await (const { oxd_id } of sites.list()) await sites.remove(oxd_id)
    }
    return tried
  } finally {
    await daemon.close()
  }
}

/** Every command on every transport with each credential, and on the protected ones once more for an allowed OP. */
export const tryEverything = async (): Promise<readonly Tried[]> => {
  const op = await startLyingOp()
  const closed = TRANSPORTS.filter(isProtected)
  const open = TRANSPORTS.filter((transport) => !isProtected(transport))
  try {
    return [
      ...(await tryAll(op, { argv: ['--require-token'], transports: closed, allowed_op: false })),
      ...(await tryAll(op, { argv: ['--insecure-unprotected-http'], transports: open, allowed_op: false })),
      ...(await tryAll(op, { argv: ['--require-token'], transports: closed.slice(0, 1), allowed_op: true })),
    ]
  } finally {
    await op.close()
  }
}

/** In words, from the least that is enough. */
const whoMay = (tried: readonly Tried[]): string => {
  const enough = new Set(tried.filter(({ refused }) => !refused).map(({ shown }) => shown))
  if (enough.has('nothing')) return 'anybody'
  if (enough.has('the key of another site')) return 'any known key'
  return enough.has('the key of the site') ? 'key of the site' : 'nobody'
}

/** docs/access.md. */
export const accessPage = (tried: readonly Tried[]): string => {
  const head = ['command', ...TRANSPORTS, '`--allowed-op`']
  const rows = COMMANDS.map((command) => {
    const own = tried.filter((one) => one.command === command)
    const cells = TRANSPORTS.map((transport) =>
      whoMay(own.filter((one) => one.transport === transport && !one.allowed_op)),
    )
    return [`\`${command.name}\``, ...cells, whoMay(own.filter(({ allowed_op }) => allowed_op))]
  })
  return [
    '# Who may give which command',
    'Tried on each transport with nothing, with a key that oxd does not know, with the key of another site, and with the key of the site (rendered by `npm run docs`; `test/access_matrix.test.ts` tries it anew). How keys are made and what else is accepted: [callers.md](callers.md).',
    [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'),
    '* **key of the site**: a caller key (or certificate) for this site, or a token of its setup client (3.1) or of its own client (4.x).',
    '* **any known key**: it makes oxd ask an OP, or tells of the sites of the key alone. A token will do where the command names a site, or where a setup client registers. `get_client_token` is also open to the clients of sites that oxd knows: they prove themselves at their own OP.',
    '* **anybody**: on a protected transport only what changes nothing, tells nothing that is not public, and makes oxd fetch nothing.',
    '* **`--allowed-op`**, the last column: protected transports for an OP that is named in `--allowed-op` or `--op-host`.',
    '',
  ].join('\n\n')
}
