// `oxd check`, the OP: DNS, TLS, discovery, clocks, and what the OP says that it can. It only reads.
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { OxdError } from '../error.ts'
import type { Limits } from '../limits.ts'
import { addressKind, KINDS } from '../oidc/address.ts'
import { cleaned } from '../oidc/clean.ts'
import type { Lookup } from '../oidc/connect.ts'
import { discover } from '../oidc/discovery.ts'
import type { Whereabouts } from '../oidc/discovery.ts'
import type { Door, DoorAnswer } from '../oidc/http.ts'
import { parseJson } from '../oidc/json.ts'
import { refusalOf } from '../oidc/refusal.ts'
import { fail, note, ok } from './findings.ts'
import type { Finding } from './findings.ts'
import { isObject } from '../is_object.ts'
import { certificateLine } from './met.ts'

export interface OpTools {
  readonly door: Door
  /** Opens a connection as the door does. */
  readonly connect: (url: URL) => Promise<Socket>
  readonly lookup: Lookup
  /** Whether a proxy looks up the host and goes there. */
  readonly proxied: (url: URL) => boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly limits: Limits
}

/** What is known of the client that a site is, or would be. */
export interface KnownClient {
  readonly client_id?: string | undefined
  /** Registered before, with oxd. */
  readonly oxd_id?: string | undefined
  /** To be entered at the OP, where it takes no registrations. */
  readonly redirect_uris: readonly string[]
}

const DAY_MS = 86_400_000
type Metadata = Readonly<Record<string, unknown>>

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown reason')

const checkDns = async (url: URL, { lookup, proxied }: OpTools): Promise<Finding> => {
  if (proxied(url)) return ok('DNS', `${url.hostname} is looked up by the proxy.`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0) return ok('DNS', `${host} is an address by itself.`)
  try {
    const addresses = await new Promise<readonly LookupAddress[]>((resolve, reject) =>
      lookup(host, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error))),
    )
    if (addresses.length === 0)
      return fail('DNS', `${host} has no address: check its spelling, and the DNS of this machine.`)
    const shown = addresses.map(({ address }) => `${address} (${KINDS[addressKind(address)]})`)
    return ok('DNS', `${host} is ${shown.join(', ')}.`)
  } catch (error) {
    return fail('DNS', refusalOf(error, host).message)
  }
}

const certificateFinding = (socket: TLSSocket, { now, limits }: OpTools): Finding => {
  const certificate = socket.getPeerCertificate()
  const days = Math.floor((Date.parse(certificate.valid_to) - now()) / DAY_MS)
  const text = `${socket.getProtocol() ?? 'TLS'}, ${days} days left, ${certificateLine(certificate, limits)}.`
  return days < limits.certificate_days_min
    ? note('TLS', `${text} Renew the certificate at the OP.`)
    : ok('TLS', text)
}

const checkConnection = async (url: URL, tools: OpTools): Promise<Finding> => {
  try {
    const socket = await tools.connect(url)
    try {
      return socket instanceof TLSSocket
        ? certificateFinding(socket, tools)
        : note('TLS', 'none: http, which is used only with an OP on this very machine.')
    } finally {
      socket.destroy()
    }
  } catch (error) {
    return fail('TLS', refusalOf(error, url.origin).message)
  }
}

const metadataOf = ({ text }: DoorAnswer): Metadata => {
  const value = parseJson(text)
  return isObject(value) ? value : {}
}

const issuerCure = (asked: string, said: unknown, limits: Limits): string => {
  if (typeof said !== 'string' || said === asked) return ''
  const shown = JSON.stringify(cleaned(said, limits.op_text_characters_max))
  return said.replace(/\/$/, '') === asked.replace(/\/$/, '')
    ? ` The OP writes its issuer as ${shown}: write op_host so.`
    : ` The OP writes its issuer as ${shown}: if that is your OP, write op_host so; else correct the OP.`
}

const checkClock = (answer: DoorAnswer, before: number, { now, limits }: OpTools): Finding => {
  const theirs = Date.parse(answer.headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return note('clock', 'the OP does not say what time it is.')
  // The header has whole seconds: on average half a second is missing.
  const seconds = Math.round(((before + now()) / 2 - (theirs + 500)) / 1000)
  const ahead = `the clock of this machine is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} that of the OP`
  return Math.abs(seconds) > limits.clock_tolerance_seconds
    ? fail(
        'clock',
        `${ahead}, more than the ${limits.clock_tolerance_seconds} s allowed: ID Tokens will be refused. Let NTP set both clocks (here: timedatectl set-ntp true).`,
      )
    : ok('clock', `${ahead}.`)
}

const checkPkce = (metadata: Metadata): Finding => {
  const { code_challenge_methods_supported: methods } = metadata
  if (!Array.isArray(methods)) {
    return note(
      'PKCE',
      'the OP does not say that it knows PKCE; oxd sends it all the same, and an OP that does not know it passes it over.',
    )
  }
  return methods.includes('S256')
    ? ok('PKCE', 'S256.')
    : fail('PKCE', 'the OP knows PKCE but not S256, which oxd always uses: allow S256 at the OP.')
}

const checkLogout = ({ end_session_endpoint }: Metadata): Finding =>
  end_session_endpoint === undefined
    ? note(
        'logout',
        'the OP has no logout endpoint: get_logout_uri answers no_end_session_endpoint_at_op, so end the session of the application alone.',
      )
    : ok('logout', 'the OP ends its session when the user logs out (RP-initiated logout).')

const checkIntrospection = ({ introspection_endpoint }: Metadata): Finding =>
  introspection_endpoint === undefined
    ? note(
        'introspection',
        'the OP has none, so its tokens cannot protect commands: where callers must prove themselves, give them keys (oxd callers add NAME).',
      )
    : ok('introspection', 'tokens of the OP can protect commands.')

const checkRegistration = ({ registration_endpoint }: Metadata, client: KnownClient | undefined): Finding => {
  const step = 'registration'
  if (client?.oxd_id !== undefined) return ok(step, 'the site is registered (id is set).')
  if (client?.client_id !== undefined)
    return ok(step, 'the client was registered by hand (client_id is set).')
  if (registration_endpoint !== undefined) return ok(step, 'the OP registers sites by itself.')
  if (client === undefined) {
    return note(
      step,
      'the OP has none: register the client there by hand, and give its client_id and client_secret to register_site.',
    )
  }
  return fail(
    step,
    `the OP has none: register a client there by hand with the redirect URI ${client.redirect_uris.join(' and ') || 'of your site'}, and write its client_id and client_secret into this file.`,
  )
}

/**
 * Everything about the OP that a site needs, in the order in which it is needed; stops where nothing more can be known.
 * @param client of the site that is checked; without it the OP is looked at by itself
 */
export const checkOp = async (
  where: Whereabouts,
  tools: OpTools,
  client?: KnownClient,
): Promise<readonly Finding[]> => {
  const { door, now, limits } = tools
  const url = new URL(where.discovery_url)
  const findings = [await checkDns(url, tools)]
  if (findings.some(({ verdict }) => verdict === 'fail')) return findings
  findings.push(await checkConnection(url, tools))
  if (findings.some(({ verdict }) => verdict === 'fail')) return findings

  const before = now()
  let answer: DoorAnswer
  try {
    answer = await door.request({ step: 'discovery', url, accept: 'application/json' })
  } catch (error) {
    return [...findings, fail('discovery', messageOf(error))]
  }
  const clock = checkClock(answer, before, tools)
  const metadata = metadataOf(answer)
  try {
    await discover(door, where)
    findings.push(ok('discovery', `the issuer is ${where.issuer}, as it must be.`))
  } catch (error) {
    if (!(error instanceof OxdError)) throw error
    const cure = issuerCure(where.issuer, metadata.issuer, limits)
    return [...findings, fail('discovery', `${error.message}${cure}`), clock]
  }
  return [
    ...findings,
    clock,
    checkPkce(metadata),
    checkLogout(metadata),
    checkIntrospection(metadata),
    checkRegistration(metadata, client),
  ]
}
