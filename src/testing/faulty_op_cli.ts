// `oxd faulty-op [--fault NAME]`: an OP with one fault on this machine, until it is stopped; each request is shown.
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { StartError } from '../error.ts'
import { readTls } from '../serve/tls.ts'
import { FAULTS, type FaultName } from './faults/index.ts'
import { DEFAULT_REDIRECT_URI, startFaultyOp, USERS, type FaultyOpOptions } from './faulty_op.ts'
import type { Recorded } from './op.ts'

const PORT = 8_070

const USAGE = `oxd faulty-op --list-faults      every fault, in one line, with the section that it breaks
oxd faulty-op --fault NAME       an OpenID Provider that does this wrong, to test your own relying party with
oxd faulty-op                    one that does nothing wrong: your relying party must log in there first

It listens on 127.0.0.1, has clients and users, registers whoever asks, and shows each request.

  --port PORT                      default ${PORT}; 0 takes any free one
  --redirect-uri URL               where its clients want users sent back; repeatable; default ${DEFAULT_REDIRECT_URI}
  --post-logout-redirect-uri URL   and after a logout; repeatable
  --backchannel-logout-uri URL     where they get a logout token when a user is sent to the end_session_endpoint with an id_token_hint
  --tls-cert FILE --tls-key FILE   it speaks https; the certificate must be good for 127.0.0.1
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
/** The names that have what was typed in them, and those that begin most like it. */
const similar = (typed: string): string => {
  const shared = (name: string): number => {
    const first = [...name].findIndex((letter, at) => letter !== typed[at])
    return name.includes(typed) || first < 0 ? typed.length + 1 : first
  }
  const found = Object.keys(FAULTS).sort((one, other) => shared(other) - shared(one))
  return ` Did you mean ${found.slice(0, SUGGESTIONS).join(', ')}?`
}

/** @throws StartError for what an OP cannot send anybody to */
const urlsOf = (flag: string, urls: readonly string[] = []): readonly string[] => {
  const bad = urls.find((url) => !URL.canParse(url) || url.includes('#'))
  if (bad === undefined) return urls
  throw new StartError(`--${flag} is ${JSON.stringify(bad)}: it must be a whole URL, without a fragment.`)
}

type Files = Readonly<Partial<Record<'tls-cert' | 'tls-key', string>>>
/** @throws StartError for a file that is no good, or alone */
const tlsOf = ({ 'tls-cert': cert, 'tls-key': key }: Files): Readonly<Pick<FaultyOpOptions, 'tls'>> => {
  if (cert === undefined && key === undefined) return {}
  if (cert !== undefined && key !== undefined) return { tls: readTls(cert, key) }
  throw new StartError('--tls-cert and --tls-key go together: a certificate and its key.')
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

const CONTACTS = {
  attacker: 'another OP, an attacker',
  service: 'a service inside, which is nobody’s business',
}
const contactLine = (where: keyof typeof CONTACTS): string =>
  `          Somebody followed the lie to ${CONTACTS[where]}.\n`

/**
 * Runs until it is stopped.
 * @returns the exit code: 0, or 2 for what was not understood
 * @throws StartError with NODE_ENV=production, for a port that is taken, for a certificate that is no good or missing
 */
export const runFaultyOp = async (
  argv: readonly string[],
  { env, stdout, stderr }: Streams,
): Promise<number> => {
  const options = {
    fault: { type: 'string', multiple: true },
    port: { type: 'string' },
    'redirect-uri': { type: 'string', multiple: true },
    'post-logout-redirect-uri': { type: 'string', multiple: true },
    'backchannel-logout-uri': { type: 'string', multiple: true },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
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
  const [fault, ...further] = values.fault ?? []
  if (values.help === true) {
    stdout.write(USAGE)
    return 0
  }
  if (fault !== undefined && !isFault(fault)) {
    stderr.write(
      `oxd: there is no fault ${JSON.stringify(fault)}.${similar(fault)} See oxd faulty-op --list-faults.\n`,
    )
    return 2
  }
  if (further.length > 0) {
    stderr.write('oxd: --fault stands there twice: this OP does one thing wrong at a time.\n')
    return 2
  }
  if (env['NODE_ENV'] === 'production') {
    throw new StartError(
      'The faulty OP does not run with NODE_ENV=production: it lies, its registration is open, and its users sign in without a password.',
    )
  }
  const redirect_uris = urlsOf('redirect-uri', values['redirect-uri'] ?? [DEFAULT_REDIRECT_URI])
  const back = urlsOf('post-logout-redirect-uri', values['post-logout-redirect-uri'])
  const [backchannel_logout_uri, another] = urlsOf('backchannel-logout-uri', values['backchannel-logout-uri'])
  if (another !== undefined) throw new StartError('--backchannel-logout-uri stands there twice: give one.')
  const tls = tlsOf(values)
  const told = fault === undefined ? undefined : FAULTS[fault]
  if (told?.over === 'https' && tls.tls === undefined) {
    throw new StartError(
      `The fault ${fault} is one of an OP at https: give --tls-cert and --tls-key, a certificate for 127.0.0.1 and its key.`,
    )
  }
  const op = await startFaultyOp({
    ...tls,
    ...(fault === undefined ? {} : { fault }),
    port: portOf(values.port),
    redirect_uris,
    post_logout_redirect_uris: back,
    ...(backchannel_logout_uri === undefined ? {} : { backchannel_logout_uri }),
    onLogoutToken: (uri, status) => stdout.write(logoutLine(uri, status)),
    onRequest: (request, status) => stdout.write(line(request, status)),
    onContact: (where) => stdout.write(contactLine(where)),
  }).catch((error: unknown) => {
    const { code } = error as { readonly code?: unknown }
    if (code !== 'EADDRINUSE') throw error
    throw new StartError(`Port ${portOf(values.port)} is in use: stop what uses it, or give another --port.`)
  })
  const clients = op.clients.map(
    ({ client_id, token_endpoint_auth_method }) => `${client_id.padEnd(12)} (${token_endpoint_auth_method})`,
  )
  stdout.write(`${told === undefined ? 'An OP that does nothing wrong' : 'An OP that misbehaves'} is up.

  Fault          ${told === undefined ? 'none; see oxd faulty-op --list-faults' : `${fault}: ${told.what} (${told.spec})`}
  Issuer         ${op.issuer}
  Clients        ${clients.join('\n                 ')}
  Their secret   ${op.clients[0].client_secret}
  Sent back to   ${redirect_uris.join(', ')}
  Logouts to     ${backchannel_logout_uri ?? 'where clients register it'}
  Registration   POST ${op.issuer}/register, open to everybody
  Users          ${USERS.join(', ')}: a button each

What it asks of your relying party: ${told === undefined ? 'to log in' : 'no login that should not be'}. Each request is shown. Ctrl-C stops it.

`)
  await Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)))
  await op.close()
  return 0
}
