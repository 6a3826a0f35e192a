// `oxd faulty-op --fault NAME`: an OP with one fault on this machine, until it is stopped; each request is shown.
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { StartError } from '../error.ts'
import { FAULTS, type FaultName } from './faults/index.ts'
import { DEFAULT_REDIRECT_URI, startFaultyOp, USERS } from './faulty_op.ts'
import type { Recorded } from './op.ts'

const PORT = 8_070

const USAGE = `oxd faulty-op --fault NAME [--port PORT] [--redirect-uri URL]… [--backchannel-logout-uri URL]

Runs an OpenID Provider on this machine that does one thing wrong, to test your own relying party with. It listens on
127.0.0.1 (port ${PORT} unless --port says otherwise), has clients and users, registers whoever asks, and shows each request. A client
with a back-channel logout URI gets a logout token when its user is sent to the end_session_endpoint with an id_token_hint.

oxd faulty-op --list-faults     every fault, in one line, with the section that it breaks
`

interface Streams {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: { readonly write: (text: string) => unknown }
  readonly stderr: { readonly write: (text: string) => unknown }
}

const isFault = (name: string): name is FaultName => Object.hasOwn(FAULTS, name)

const list = (): string => {
  const rows = Object.entries(FAULTS)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, { what, spec }]) => `${name.padEnd(width)}  ${what} (${spec})\n`).join('')
}

const SUGGESTIONS = 5
/** The names that begin most like what was typed. */
const similar = (typed: string): string => {
  const shared = (name: string): number => [...name].findIndex((letter, at) => letter !== typed[at])
  const found = Object.keys(FAULTS).sort((one, other) => shared(other) - shared(one))
  return ` Did you mean ${found.slice(0, SUGGESTIONS).join(', ')}?`
}

const portOf = (text: string | undefined): number => {
  const port = Number(text ?? PORT)
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw new StartError(`--port is ${JSON.stringify(text)}: it must be a number from 0 to 65535.`)
}

/** What came may hold control characters, and secrets of whoever tests: only where it went is shown. */
const line = ({ method, target, endpoint, at }: Recorded, status: number): string => {
  const clock = new Date(at).toISOString().slice(11, 19)
  const [path = ''] = target.split('?')
  return `${clock}  ${method.padEnd(4)} ${path.replaceAll(/[^\x21-\x7e]/g, '?').padEnd(36)} ${status}  ${endpoint}\n`
}

const logoutLine = (uri: string, status: number | undefined): string =>
  `          POST ${uri.replaceAll(/[^\x21-\x7e]/g, '?').padEnd(36)} ${status ?? 'no answer'}  logout token\n`

/**
 * Runs until it is stopped.
 * @returns the exit code: 0, or 2 for what was not understood
 * @throws StartError with NODE_ENV=production, for a port that is taken
 */
export const runFaultyOp = async (
  argv: readonly string[],
  { env, stdout, stderr }: Streams,
): Promise<number> => {
  const options = {
    fault: { type: 'string' },
    port: { type: 'string' },
    'redirect-uri': { type: 'string', multiple: true },
    'backchannel-logout-uri': { type: 'string' },
    'list-faults': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const
  let values
  try {
    ;({ values } = parseArgs({ args: [...argv], options, strict: true }))
  } catch (error) {
    stderr.write(
      `oxd: ${error instanceof Error ? error.message.split('. ')[0] : ''}. See oxd faulty-op --help.\n`,
    )
    return 2
  }
  if (values['list-faults'] === true) {
    stdout.write(list())
    return 0
  }
  const { fault } = values
  if (values.help === true || fault === undefined) {
    stdout.write(USAGE)
    return values.help === true ? 0 : 2
  }
  if (!isFault(fault)) {
    stderr.write(
      `oxd: there is no fault ${JSON.stringify(fault)}.${similar(fault)} See oxd faulty-op --list-faults.\n`,
    )
    return 2
  }
  if (env['NODE_ENV'] === 'production') {
    throw new StartError(
      'The faulty OP does not run with NODE_ENV=production: it lies, its registration is open, and its users sign in without a password.',
    )
  }
  const redirect_uris = values['redirect-uri'] ?? [DEFAULT_REDIRECT_URI]
  const { 'backchannel-logout-uri': backchannel_logout_uri } = values
  const op = await startFaultyOp({
    fault,
    port: portOf(values.port),
    redirect_uris,
    ...(backchannel_logout_uri === undefined ? {} : { backchannel_logout_uri }),
    onLogoutToken: (uri, status) => stdout.write(logoutLine(uri, status)),
    onRequest: (request, status) => stdout.write(line(request, status)),
  }).catch((error: unknown) => {
    const { code } = error as { readonly code?: unknown }
    if (code !== 'EADDRINUSE') throw error
    throw new StartError(`Port ${portOf(values.port)} is in use: stop what uses it, or give another --port.`)
  })
  const { what, spec } = FAULTS[fault]
  const clients = op.clients.map(
    ({ client_id, token_endpoint_auth_method }) => `${client_id.padEnd(12)} (${token_endpoint_auth_method})`,
  )
  stdout.write(`An OP that misbehaves is up.

  Fault          ${fault}: ${what} (${spec})
  Issuer         ${op.issuer}
  Clients        ${clients.join('\n                 ')}
  Their secret   ${op.clients[0].client_secret}
  Sent back to   ${redirect_uris.join(', ')}
  Logouts to     ${backchannel_logout_uri ?? 'where clients register it'}
  Registration   POST ${op.issuer}/register, open to everybody
  Users          ${USERS.join(', ')}: a button each

What it asks of your relying party: with the fault, no login that should not be. Each request is shown. Ctrl-C stops it.

`)
  await Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)))
  await op.close()
  return 0
}
