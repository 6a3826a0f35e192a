// Where cases are played: an honest OP at 127.0.0.2 (and one that speaks https), an attacker's at 127.0.0.3, and daemons that trust no one else.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Limits } from '../../limits.ts'
import { startLyingOp, type LyingOp } from '../op.ts'
import { createAuthority, createServerCertificate, type Authority } from '../tls.ts'
import type { Edit } from '../weakened_hook.ts'
import { startChild, type ChildDaemon } from './child.ts'
import { nameOf } from './names.ts'
import { startWays, type Ways } from './tls_ways.ts'

/** The network plan: nothing else on loopback is trusted, so an "internal" service can be shown without private networks. */
const HONEST = '127.0.0.2'
const ATTACKER = '127.0.0.3'
const CANARIES = ['127.0.0.9', '::1'] as const
/** A host beyond ASCII, as an A-label. */
const BEYOND_ASCII = nameOf('xn--bcher-kva', [HONEST])

/** So that a slow case takes a second or two. */
export const CASE_LIMITS = {
  op_connect_ms: 700,
  op_total_ms: 1_500,
} as const satisfies Partial<Limits>

export interface Canary {
  /** On IPv4 and on IPv6. */
  readonly origins: readonly [string, string]
  readonly contacts: () => number
  readonly close: () => Promise<void>
}

export interface DaemonSettings {
  readonly limits?: Partial<Limits>
  readonly ahead_ms?: number
  readonly reachable?: boolean
  /** Daemons of different purposes are not shared; `alone`: nor is it shared with other rows, of which this is one. */
  readonly purpose: 'shared' | 'watched' | 'outside' | { readonly alone: string }
}

export interface Patience {
  /** A trial that takes longer has failed. */
  readonly ceiling_ms: number
  /** How often a trial is played in which nothing but a measure was wrong: what the daemon itself causes comes back each time. */
  readonly measures: number
  /** A row ends when so many of its trials have failed. */
  readonly failures_max: number
}
const PATIENT: Patience = { ceiling_ms: 12_000, measures: 3, failures_max: Infinity }

export interface Stage {
  readonly patience: Patience
  readonly op: LyingOp
  readonly secureOp: LyingOp
  /** At https too, at a host beyond ASCII. */
  readonly namedOp: LyingOp
  readonly attacker: LyingOp
  /** Further ways to `secureOp`, whose TLS is sound or is not. */
  readonly ways: Ways
  /** Signed the certificate of `secureOp`, and is known to the daemons. */
  readonly authority: Authority
  /** The daemon with these settings; one that died is started anew. */
  readonly daemon: (settings: DaemonSettings) => Promise<ChildDaemon>
  readonly canary: () => Promise<Canary>
  /** Ends the daemons, and starts the next ones from sources with these edits. */
  readonly weaken: (edits: readonly Edit[]) => Promise<void>
  readonly close: () => Promise<void>
}

const openCanary = async (): Promise<Canary> => {
  let contacts = 0
  const servers = CANARIES.map(() =>
    createServer((socket) => {
      contacts += 1
      socket.destroy()
    }),
  )
  const origins = await Promise.all(
    servers.map(
      (server, index) =>
        new Promise<string>((resolve, reject) => {
          const host = CANARIES[index] ?? ''
          server.once('error', reject).listen(0, host, () => {
            // A TCP server has an address with a port.
            const { port } = server.address() as AddressInfo
            resolve(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
          })
        }),
    ),
  )
  return {
    // As many as there are canaries.
    origins: origins as [string, string],
    contacts: () => contacts,
    async close() {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

export const startStage = async (patience = PATIENT): Promise<Stage> => {
  const folder = await mkdtemp(join(tmpdir(), 'oxd-cases-'))
  const op_ca = join(folder, 'ca.pem')
  const authority = await createAuthority('Test CA')
  await writeFile(op_ca, authority.cert)
  const tls = await createServerCertificate(authority, { names: ['localhost'], addresses: [HONEST] })
  const op = await startLyingOp({ host: HONEST })
  const secureOp = await startLyingOp({ host: HONEST, tls })
  const named = await createServerCertificate(authority, { names: [BEYOND_ASCII] })
  const namedOp = await startLyingOp({ host: HONEST, name: BEYOND_ASCII, tls: named })
  const attacker = await startLyingOp({ host: ATTACKER })
  const ways = await startWays(authority, HONEST, secureOp.origin)
  const origins = [op, secureOp, namedOp, attacker].map(({ origin }) => origin)
  const trusted = [...origins, ...Object.values(ways.origins)].flatMap((origin) => ['--trust-op', origin])
  const argv = [...trusted, '--op-ca', op_ca]
  let edits: readonly Edit[] = []
  const daemons = new Map<string, Promise<ChildDaemon>>()

  const stop = async (): Promise<void> => {
    const running = [...daemons.values()]
    daemons.clear()
    await Promise.all(running.map(async (daemon) => (await daemon).kill()))
  }
  return {
    patience,
    op,
    secureOp,
    namedOp,
    attacker,
    ways,
    authority,
    async daemon({ limits = {}, ahead_ms = 0, reachable = false, purpose }) {
      const key = JSON.stringify([limits, ahead_ms, reachable, purpose])
      const running = daemons.get(key)
      if (running !== undefined && (await running).alive()) return running
      const settings = { argv, limits: { ...CASE_LIMITS, ...limits }, ahead_ms, reachable }
      const started = startChild(settings, edits)
      daemons.set(key, started)
      return started
    },
    canary: openCanary,
    async weaken(next) {
      await stop()
      edits = next
    },
    async close() {
      await stop()
      await Promise.all([op, secureOp, namedOp, attacker, ways].map((each) => each.close()))
      await rm(folder, { recursive: true })
    },
  }
}
