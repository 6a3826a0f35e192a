// A soak: the real daemon, twenty tenants, good and bad logins for a given time; and what must hold at its end.
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LIMITS, type Limits } from '../../limits.ts'
import { Caller } from '../daemon.ts'
import { startLyingOp } from '../op.ts'
import { openBooks, type Books, type Fate, type Phase } from './books.ts'
import type { Held } from './child_messages.ts'
import { rowsIn, startSoakDaemon, type SoakDaemon } from './daemon.ts'
import { LIARS, LOGIN_KINDS, STALLED, type Hands, type LoginKind } from './logins.ts'

const TENANTS = 20
const CALLBACK = 'https://rp.example.com/callback'
const HOME = 'https://rp.example.com/'

/** Records live as briefly as a soak needs to see them go. Everything else is as in production. */
const SHORT: Partial<Limits> = {
  login_seconds: 20,
  clock_tolerance_seconds: 1,
  tokens_seconds_max: 20,
  refresh_tokens_seconds: 20,
  live_logins_seconds: 20,
  ended_logins_seconds: 20,
  sweep_interval_ms: 1_000,
}
const RECORDS_MS = 30_000
/** Of the rate that was measured when nothing else ran. */
const SHARE_OF_CAPACITY = 0.3
const CALIBRATION_MS = 2_000
const CALIBRATION_LOGINS = 4
/** What an honest machine may differ by between two looks. */
const HEAP_BYTES_MAX = 16 * 1_048_576
const FILES_MAX = 4
const P99_RATIO_MAX = 2

export interface SoakOptions {
  readonly ms: number
  /** Of one phase; quiet and stressed ones alternate. */
  readonly phase_ms: number
  /** Logins a second at healthy tenants, together; default: a third of what this machine can. */
  readonly rate?: number
  /** Logins that wait at each stalled tenant. */
  readonly stalled: number
  readonly op_total_ms?: number
  readonly onProgress?: (line: string) => void
}

export interface SoakReport {
  readonly seconds: number
  readonly rate: number
  readonly logins: { readonly begun: number; readonly fates: Readonly<Record<string, number>> }
  readonly outcomes: Readonly<Record<string, number>>
  readonly latency: Readonly<Record<Phase, ReturnType<Books['latency']>>>
  readonly ratio: number
  /** At the ends of quiet phases, and at the end. */
  readonly held: readonly Held[]
  readonly rows: { readonly before: number; readonly most: number; readonly after: number }
  readonly store_bytes: number
  /** What did not hold; none is what is wanted. */
  readonly problems: readonly string[]
  /** The ratio of the healthy tenants' p99 is judged apart: it hangs on what else the machine does. */
  readonly too_slow: boolean
}

interface Tenant {
  readonly oxd_id: string
  readonly kinds: readonly LoginKind[]
}

const register = async (daemon: SoakDaemon, op_host: string): Promise<string> => {
  const caller = new Caller(daemon.port)
  const { status, data } = await caller.call(
    'register_site',
    {
      op_host,
      authorization_redirect_uri: CALLBACK,
      post_logout_redirect_uri: HOME,
      scope: ['openid', 'profile', 'offline_access'],
    },
    { oxd: 1 },
  )
  caller.close()
  if (status !== 'ok') throw new Error(`a tenant could not be registered: ${JSON.stringify(data)}`)
  return String(data['oxd_id'])
}

/** Every login at a liar is an ordinary one; what becomes of it is its OP's doing. */
const kindOf = ({ name, fate }: { readonly name: string; readonly fate: RegExp }): LoginKind => ({
  name,
  share: 100,
  fate,
  async go(hands, url) {
    const answer = await hands.call('get_tokens_by_code', await hands.visit(url))
    return typeof answer === 'string' ? `refused: ${answer}` : 'completed'
  },
})

export const soak = async (options: SoakOptions): Promise<SoakReport> => {
  const { ms, phase_ms, stalled, op_total_ms = LIMITS.op_total_ms, onProgress = () => {} } = options
  const folder = await mkdtemp(join(tmpdir(), 'oxd-soak-'))
  const data_dir = join(folder, 'data')
  const op = await startLyingOp()
  const daemon = await startSoakDaemon({
    data_dir,
    argv: ['--port', '0', '--trust-op', op.origin],
    limits: { ...SHORT, op_total_ms },
  })
  try {
    return await run()
  } finally {
    await daemon.close().catch(() => {})
    await op.close()
    await rm(folder, { recursive: true })
  }

  async function run(): Promise<SoakReport> {
    const books = openBooks()
    const problems: string[] = []
    let phase: Phase = 'quiet'
    let measuring = false
    const open = new Set<Promise<void>>()

    const called = async (
      caller: Caller,
      oxd_id: string,
      healthy: boolean,
      command: string,
      params: object,
    ) => {
      const started = performance.now()
      const { status, data } = await caller.call(command, { oxd_id, ...params }, { oxd: 1 })
      books.called(command, status === 'ok' ? 'ok' : String(data['error']))
      if (healthy && measuring) books.took(phase, performance.now() - started)
      return status === 'ok' ? data : String(data['error'])
    }

    const login = async ({ oxd_id }: Tenant, kind: LoginKind, healthy: boolean): Promise<void> => {
      const caller = new Caller(daemon.port)
      try {
        const call: Hands['call'] = (command, params) => called(caller, oxd_id, healthy, command, params)
        const visit: Hands['visit'] = async (url) => {
          const back = new URL(await op.authorize(url)).searchParams
          return { code: String(back.get('code')), state: String(back.get('state')) }
        }
        const begun = await call('get_authorization_url', {})
        if (typeof begun === 'string') return void problems.push(`a login was not begun: ${begun}`)
        books.began(kind.name)
        let fate: Fate
        try {
          fate = await kind.go({ call, visit }, String(begun['authorization_url']))
        } catch (error) {
          fate = `refused: without an answer (${error instanceof Error ? error.message : 'unknown'})`
        }
        books.ended(kind.name, fate)
        if (!kind.fate.test(fate) && problems.length < 50) problems.push(`${kind.name}: ${fate}`)
      } finally {
        caller.close()
      }
    }
    const begin = (tenant: Tenant, kind: LoginKind, healthy: boolean): Promise<void> => {
      const going = login(tenant, kind, healthy)
        .catch(
          (error: unknown) =>
            void problems.push(`a login broke off: ${error instanceof Error ? error.message : 'unknown'}`),
        )
        .finally(() => open.delete(going))
      open.add(going)
      return going
    }

    const honest = TENANTS - LIARS.length - STALLED.length
    const makeTenants = async () => {
      const all = [
        ...Array.from({ length: honest }, (_, n) => ({ name: `honest${n}`, kinds: LOGIN_KINDS, faults: {} })),
        ...[...LIARS, ...STALLED].map((liar) => ({
          name: liar.name.replaceAll(' ', '-'),
          kinds: [kindOf(liar)],
          faults: liar.faults,
        })),
      ]
      const made: Tenant[] = []
      for (const { name, kinds, faults } of all) {
        const issuer = op.issuer(name)
        made.push({ oxd_id: await register(daemon, issuer), kinds })
        op.setFaults(issuer, faults)
      }
      return made
    }
    const tenants = await makeTenants()
    const healthy = tenants.slice(0, honest)
    const liars = tenants.slice(honest, honest + LIARS.length)
    const waiting = tenants.slice(honest + LIARS.length)

    let turn = 0
    /** Tenants in turn, kinds by their shares: the same mix in every phase. */
    const next = (among: readonly Tenant[]): { tenant: Tenant; kind: LoginKind } => {
      turn += 1
      const tenant = among[turn % among.length]
      let at = (turn * 37) % 100
      const kind = tenant?.kinds.find(({ share }) => (at -= share) < 0)
      if (tenant === undefined || kind === undefined) throw new Error('shares are a hundred together')
      return { tenant, kind }
    }

    /** What one after the other carries, without anything else. */
    const calibrate = async (): Promise<number> => {
      const until = performance.now() + CALIBRATION_MS
      let done = 0
      const work = async (): Promise<void> => {
        while (performance.now() < until) {
          const { tenant, kind } = next(healthy)
          await begin(tenant, kind, true)
          done += 1
        }
      }
      await Promise.all(Array.from({ length: CALIBRATION_LOGINS }, work))
      return (done / CALIBRATION_MS) * 1_000
    }

    // Every tenant is met once before anything is measured.
    const rowsBefore = rowsIn(data_dir)
    for (const tenant of healthy) for (const kind of LOGIN_KINDS) await begin(tenant, kind, true)
    const rate = options.rate ?? Math.max(1, (await calibrate()) * SHARE_OF_CAPACITY)
    onProgress(`${rate.toFixed(1)} logins a second at ${honest} healthy tenants`)

    const held: Held[] = []
    let rowsMost = 0
    const started = performance.now()
    /** Healthy logins at their rate; in a stressed phase a third as many at liars, and `stalled` at each stalled tenant. */
    const spend = async (of: Phase, until: number): Promise<void> => {
      phase = of
      measuring = true
      const wait = async (tenant: Tenant, after_ms: number): Promise<void> => {
        // They come one by one, so that they also give up one by one.
        await delay(after_ms)
        for (const kind of tenant.kinds) {
          while (performance.now() < until) await begin(tenant, kind, false)
        }
      }
      if (of === 'stressed') {
        for (let n = 0; n < stalled; n += 1) {
          for (const tenant of waiting) void wait(tenant, (n * op_total_ms) / stalled)
        }
      }
      let due = performance.now()
      for (let count = 0; performance.now() < until; count += 1) {
        const { tenant, kind } = next(healthy)
        void begin(tenant, kind, true)
        if (of === 'stressed' && count % 3 === 0) {
          const lying = next(liars)
          void begin(lying.tenant, lying.kind, false)
        }
        due += 1_000 / rate
        await delay(Math.max(0, due - performance.now()))
      }
      await Promise.all(open)
      measuring = false
    }
    const look = async (): Promise<void> => {
      // Connections to OPs that are idle are closed by then.
      await delay(LIMITS.op_idle_ms + 1_500)
      held.push(await daemon.held())
      rowsMost = Math.max(rowsMost, rowsIn(data_dir))
    }
    const say = (): void => {
      const { begun, fates } = books.logins()
      const [quiet, stressed] = [books.latency('quiet'), books.latency('stressed')]
      const last = held.at(-1)
      onProgress(
        `${Math.round((performance.now() - started) / 1_000)} s  ${begun} logins, ${fates.get('completed') ?? 0} completed  p99 ${quiet.p99.toFixed(1)} ms quiet, ${stressed.p99.toFixed(1)} ms stressed  heap ${((last?.heap_bytes ?? 0) / 1_048_576).toFixed(1)} MiB, ${last?.files ?? 0} files  ${rowsIn(data_dir)} rows  ${problems.length} problems`,
      )
    }

    while (performance.now() - started < ms || held.length < 2) {
      await spend('quiet', performance.now() + phase_ms)
      await look()
      say()
      await spend('stressed', performance.now() + phase_ms)
      await look()
      say()
    }

    onProgress('waiting for what was kept to expire')
    await delay(RECORDS_MS)
    held.push(await daemon.held())
    const rows = { before: rowsBefore, most: rowsMost, after: rowsIn(data_dir) }
    const log = await daemon.log()
    const latency = { quiet: books.latency('quiet'), stressed: books.latency('stressed') }
    const { begun, fates } = books.logins()
    problems.push(...accounting(books, log.outcomes, tenants.length), ...leaks(held, rows))
    for (const line of log.errors) problems.push(`the log has an error: ${line}`)
    const { size } = await stat(join(data_dir, 'oxd.db'))
    const ratio = latency.stressed.p99 / latency.quiet.p99
    return {
      seconds: Math.round((performance.now() - started) / 1_000),
      rate,
      logins: { begun, fates: Object.fromEntries(fates) },
      outcomes: Object.fromEntries([...books.outcomes()].sort()),
      latency,
      ratio,
      held,
      rows,
      store_bytes: size,
      problems,
      too_slow: ratio >= P99_RATIO_MAX,
    }
  }
}

/** Every login has one end, and the log of the daemon says of each call what its caller heard. */
const accounting = (
  books: Books,
  logged: readonly (readonly [string, number])[],
  registered: number,
): readonly string[] => {
  const problems: string[] = []
  const { begun, fates } = books.logins()
  const ends = [...fates.values()].reduce((sum, count) => sum + count, 0)
  if (begun !== ends) problems.push(`${begun} logins were begun, ${ends} have an end`)
  const heard = new Map([...books.outcomes(), ['register_site ok', registered] as const])
  const said = new Map(logged)
  for (const name of new Set([...heard.keys(), ...said.keys()])) {
    const [callers, log] = [heard.get(name) ?? 0, said.get(name) ?? 0]
    if (callers !== log) problems.push(`${name}: callers heard it ${callers} times, the log says ${log}`)
  }
  return problems
}

const sum = (resources: Held['resources']): number =>
  Object.values(resources).reduce((total, count) => total + count, 0)

/** The first look is the measure: everything was met by then. */
const leaks = (held: readonly Held[], rows: SoakReport['rows']): readonly string[] => {
  const [first, last] = [held[0], held.at(-1)]
  if (first === undefined || last === undefined) return ['nothing was measured']
  const problems: string[] = []
  const grown = last.heap_bytes - first.heap_bytes
  if (grown > HEAP_BYTES_MAX) problems.push(`the heap has grown by ${grown} bytes`)
  if (last.files > first.files + FILES_MAX) problems.push(`${last.files} files are open, ${first.files} were`)
  if (sum(last.resources) > sum(first.resources) + FILES_MAX)
    problems.push(
      `handles and timers: ${JSON.stringify(first.resources)} became ${JSON.stringify(last.resources)}`,
    )
  // Of each site a record or two stays for good.
  if (rows.after > rows.before + 2 * TENANTS)
    problems.push(`${rows.after} records stay, ${rows.before} were there before`)
  return problems
}
