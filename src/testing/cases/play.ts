// Plays one trial of a case, and holds what came of it against the oracles.
import { setTimeout as delay } from 'node:timers/promises'
import type { Data, Envelope, LogLine, Stranger } from '../daemon.ts'
import { FAULTS, type FaultName } from '../faults/index.ts'
import { faultsAt, type Places } from '../faults/fault.ts'
import { assertNoSecrets } from '../log_scan.ts'
import type { LyingOp, Recorded } from '../op.ts'
import { HOME, REDIRECT, siteAt, type Site } from '../story.ts'
import type { Act, Case } from './case.ts'
import type { ChildDaemon } from './child.ts'
import { CASE_LIMITS, type Canary, type DaemonSettings, type Stage } from './stage.ts'
import type { Ways } from './tls_ways.ts'

/** What the machine may add to a deadline of oxd's. */
const DEADLINE_MARGIN_MS = 1_000
/** A busy machine must not make a case invalid. */
const TWIN_MEASURES = 3
const TWIN_CEILING_MS = 15_000
const GROWTH_BYTES_MAX = 64 * 1024 * 1024
const LAG_MS_MAX = 200

/** What is wrong in a trial: a fault of the OP, or something that the drive does. */
export type Wrong = { readonly fault: FaultName } | { readonly attack: string }
const nameOf = (wrong: Wrong): string => ('fault' in wrong ? wrong.fault : wrong.attack)

export interface Trial {
  /** The name of the fault or attack; undefined: the twin. */
  readonly wrong: string | undefined
  readonly failures: readonly string[]
  readonly ms: number
  readonly measured: ReadonlyMap<string, number>
}

/** The twin, or what comes before the fault, did not go as it does at an honest OP. */
class Unplayable extends Error {}

let trials = 0

interface Answered {
  readonly command: string
  readonly answer: Envelope
  readonly ms: number
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What the daemon says of an honest login, whatever peculiarity the OP has. */
const wrongValues = ({ data }: Envelope, { issuer }: Act): string[] => {
  const { id_token_claims, claims } = data as { id_token_claims?: Data; claims?: Data }
  const wrong: string[] = []
  if (id_token_claims !== undefined && id_token_claims['iss'] !== issuer)
    wrong.push('another issuer was accepted')
  for (const said of [id_token_claims, claims])
    if (said !== undefined && said['sub'] !== 'alice')
      wrong.push(`the subject is ${JSON.stringify(said['sub'])}`)
  return wrong
}

const opOf = ({ op, secureOp, namedOp }: Stage, { over }: Case): LyingOp => {
  if (over === undefined) return op
  return over === 'https' ? secureOp : namedOp
}

/** A trial under way, and everything that was seen of it. */
class Playing implements Act {
  readonly name: string
  readonly issuer: string
  readonly places: Places
  readonly honest: boolean
  readonly attack: string | undefined
  readonly op: LyingOp
  readonly attacker: LyingOp
  readonly ways: Ways
  readonly answered: Answered[] = []
  readonly measures = new Map<string, number>()
  readonly stranger: Stranger
  readonly #case: Case
  #fault: FaultName | undefined
  readonly #daemon: ChildDaemon
  #struck: { readonly op: number; readonly attacker: number } | undefined
  /** Of the site that was registered last. */
  oxd_id: string | undefined

  constructor(stage: Stage, row: Case, wrong: Wrong | undefined, daemon: ChildDaemon, canary: Canary) {
    this.name = `${row.id.toLowerCase()}-${++trials}`
    this.op = opOf(stage, row)
    this.attacker = stage.attacker
    this.ways = stage.ways
    this.issuer = this.op.issuer(row.issuer?.(this.name) ?? this.name)
    const [v4, v6] = canary.origins
    this.places = {
      issuer: this.issuer,
      attacker: this.attacker.issuer(this.name),
      canary: v4,
      canary6: v6,
      name: this.name,
    }
    this.honest = wrong === undefined
    this.#case = row
    if (wrong !== undefined && 'fault' in wrong) this.#fault = wrong.fault
    this.attack = wrong !== undefined && 'attack' in wrong ? wrong.attack : undefined
    this.#daemon = daemon
    this.stranger = daemon.stranger
  }

  call = async (command: string, params: Data): Promise<Envelope> => {
    const started = performance.now()
    const answer = await this.#daemon.call(command, params)
    this.answered.push({ command, answer, ms: performance.now() - started })
    return answer
  }

  register = async (params: Data = {}, issuer = this.issuer): Promise<Envelope> => {
    const answer = await this.call('register_site', {
      op_host: issuer,
      authorization_redirect_uri: REDIRECT,
      post_logout_redirect_uri: HOME,
      ...this.#case.site,
      ...params,
    })
    if (answer.status === 'ok') this.oxd_id = String(answer.data.oxd_id)
    return answer
  }

  site = async (params?: Data, issuer = this.issuer): Promise<Site> =>
    this.siteOf(await this.register(params, issuer), issuer)

  siteOf = ({ status, data }: Envelope, issuer = this.issuer): Site => {
    if (status !== 'ok') throw new Unplayable(`no site: ${JSON.stringify(data)}`)
    const op = issuer.startsWith(this.attacker.origin) ? this.attacker : this.op
    return siteAt({ call: this.call }, op, issuer, String(data.oxd_id))
  }

  strike = (): void => {
    const { issuer, attacker } = this.places
    this.#struck = { op: this.op.requests(issuer).length, attacker: this.attacker.requests(attacker).length }
    if (this.#fault !== undefined) this.op.setFaults(issuer, faultsAt(FAULTS[this.#fault], this.places))
  }

  logged = async (): Promise<readonly LogLine[]> => {
    await this.#daemon.tell('log')
    // The daemon under test wrote them, in the shape of a line.
    return this.#daemon.log
      .filter((line) => line.includes(`"${this.issuer}"`))
      .map((line) => JSON.parse(line) as LogLine)
  }

  later = async (ms: number): Promise<void> => {
    if (this.#case.moves_clock !== true) throw new Error('The row does not say that it moves the clock.')
    await this.#daemon.later(ms)
  }

  get struck(): boolean {
    return this.#struck !== undefined
  }

  count = (endpoint: Recorded['endpoint']): number =>
    this.op
      .requests(this.issuer)
      .slice(this.#struck?.op ?? 0)
      .filter((request) => request.endpoint === endpoint).length

  attacked = (): number => this.attacker.requests(this.places.attacker).length - (this.#struck?.attacker ?? 0)

  measured = (name: string, value: number): void => {
    this.measures.set(name, Math.max(value, this.measures.get(name) ?? value))
  }

  secrets = (): Record<string, string> => {
    const theirs = Object.entries(this.attacker.secrets(this.places.attacker))
    return {
      ...this.op.secrets(this.issuer),
      ...Object.fromEntries(theirs.map(([name, value]) => [`${name} of the attacker`, value])),
    }
  }
}

/** Whether `n` is what was asked for. */
const fits = (n: number, wanted: number | readonly [number, number]): boolean =>
  typeof wanted === 'number' ? n === wanted : n >= wanted[0] && n <= wanted[1]

const inTime = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  const clock = new AbortController()
  const late = delay(ms, undefined, { signal: clock.signal }).then(() => {
    throw new Error(`no end within ${ms} ms`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    clock.abort()
  }
}

/** E: the error that was asked for, and nothing of what the OP gave away. */
const refusedWrongly = (codes: readonly string[], { status, data }: Envelope): string[] => {
  if (status !== 'error') return [`accepted: ${JSON.stringify(data).slice(0, 300)}`]
  return codes.includes(String(data.error))
    ? []
    : [
        `refused with ${JSON.stringify(data.error)} (${JSON.stringify(data.error_description)}) instead of ${codes.join(' or ')}`,
      ]
}

/** Access tokens that the OP gave out, but oxd never handed on: none may be of any use. */
const persisted = async (act: Playing): Promise<string[]> => {
  const { oxd_id } = act
  if (oxd_id === undefined) return []
  const handedOn = JSON.stringify(act.answered.filter(({ answer }) => answer.status === 'ok'))
  const lost = Object.entries(act.op.secrets(act.issuer)).filter(
    ([name, value]) =>
      name.startsWith('access_token') && !handedOn.includes(JSON.stringify(value).slice(1, -1)),
  )
  const [first] = lost
  if (first === undefined) return []
  const { status, data } = await act.call('get_user_info', { oxd_id, access_token: first[1] })
  return status === 'error' && data.error === 'foreign_access_token'
    ? []
    : [`the access token of the refused login was remembered: ${JSON.stringify(data).slice(0, 200)}`]
}

/** S: no secret in the log, in error answers, in URLs other than where the protocol puts it. */
const leaked = (act: Playing, log: readonly string[]): string[] => {
  const secrets = act.secrets()
  const errors = act.answered.flatMap(({ answer }) =>
    answer.status === 'error' ? [JSON.stringify(answer)] : [],
  )
  const urls = [...act.op.requests(act.issuer), ...act.attacker.requests(act.places.attacker)].map(
    // The hint of a logout is an ID Token, which may travel in the URL.
    ({ target }) => target.replace(/([?&]id_token_hint=)[^&]*/, '$1'),
  )
  const places = { 'the log': log, 'an error answer': errors, 'a URL': urls }
  return Object.entries(places).flatMap(([place, texts]) => {
    try {
      assertNoSecrets(texts.join('\n'), secrets)
      return []
    } catch (error) {
      return [`in ${place}: ${messageOf(error)}`]
    }
  })
}

/** The errors that will do; undefined: it must be accepted. */
const wantedOf = ({ refused, attacks }: Case, wrong: Wrong | undefined): readonly string[] | undefined => {
  if (wrong === undefined) return undefined
  const wanted = 'fault' in wrong ? refused?.[wrong.fault] : attacks?.[wrong.attack]
  return wanted === undefined ? undefined : [wanted].flat()
}

/** What a trial left undone or gave away; empty: passed. */
const judge = async (
  row: Case,
  wrong: Wrong | undefined,
  act: Playing,
  answer: Envelope,
): Promise<string[]> => {
  const failures: string[] = []
  const wanted = wantedOf(row, wrong)
  if (wanted !== undefined) {
    failures.push(...refusedWrongly(wanted, answer))
    if (answer.status === 'error') failures.push(...(await persisted(act)))
  } else if (answer.status === 'ok') failures.push(...wrongValues(answer, act))
  else failures.push(`refused: ${JSON.stringify(answer.data)}`)
  if (wrong !== undefined) {
    for (const [endpoint, wanted = 0] of Object.entries({ attacker: 0, ...row.requests })) {
      // The names of the table are those of endpoints, and this one.
      const n = endpoint === 'attacker' ? act.attacked() : act.count(endpoint as Recorded['endpoint'])
      if (!fits(n, wanted)) failures.push(`${n} requests at ${endpoint} instead of ${String(wanted)}`)
    }
  }
  const deadline = { ...CASE_LIMITS, ...row.limits }.op_total_ms + DEADLINE_MARGIN_MS
  for (const { command, ms } of act.answered) {
    act.measured('answer_ms', ms)
    if (ms > deadline) failures.push(`${command} took ${Math.round(ms)} ms`)
  }
  return failures
}

/** B: who was attacked goes on to serve others. */
const controlLogin = async (stage: Stage, daemon: ChildDaemon): Promise<string[]> => {
  const issuer = stage.op.issuer(`control-${++trials}`)
  const call = (command: string, params: Data): Promise<Envelope> => daemon.call(command, params)
  const { status, data } = await call('register_site', {
    op_host: issuer,
    authorization_redirect_uri: REDIRECT,
  })
  const answer =
    status === 'ok' ? await siteAt({ call }, stage.op, issuer, String(data.oxd_id)).login() : { status, data }
  return answer.status === 'ok' ? [] : [`the login after it failed: ${JSON.stringify(answer.data)}`]
}

/** What one case does must not be taken for another's. */
const purposeOf = ({ watched, outside, moves_clock, title }: Case): DaemonSettings['purpose'] => {
  if (moves_clock === true) return { alone: title }
  return watched === true ? 'watched' : outside === true ? 'outside' : 'shared'
}

const playOnce = async (stage: Stage, row: Case, wrong: Wrong | undefined): Promise<Trial> => {
  const { limits = {}, ahead_ms = 0, reachable = false, watched = false } = row
  const ceiling_ms = wrong === undefined ? TWIN_CEILING_MS : stage.patience.ceiling_ms
  const daemon = await stage.daemon({ limits, ahead_ms, reachable, purpose: purposeOf(row) })
  const canary = await stage.canary()
  const from = daemon.log.length
  const act = new Playing(stage, row, wrong, daemon, canary)
  const started = performance.now()
  const failures: string[] = []
  try {
    if (watched) {
      // What a daemon loads with its first login is loaded.
      await inTime(controlLogin(stage, daemon), ceiling_ms)
      await inTime(daemon.tell('watch'), ceiling_ms)
    }
    const answer = await inTime(row.drive(act), ceiling_ms)
    failures.push(...(await judge(row, wrong, act, answer)))
    await row.check?.(act, answer)
    if (!act.struck) failures.push('the drive never struck')
  } catch (error) {
    failures.push(error instanceof Unplayable ? `unplayable: ${error.message}` : messageOf(error))
  }
  const ms = performance.now() - started
  try {
    if (row.moves_clock === true) await inTime(daemon.later(0), ceiling_ms)
    const { growth_bytes, lag_ms, polluted, outside } = await inTime(daemon.tell(), ceiling_ms)
    if (polluted.length > 0) failures.push(`every object has ${polluted.join(', ')}`)
    // Others may play at the same time: a twin goes nowhere.
    if (outside.length > 0 && row.outside !== true && wrong !== undefined)
      failures.push(`went to ${outside.join(', ')}`)
    failures.push(...leaked(act, daemon.log.slice(from)))
    if (watched) {
      act.measured('growth_mib', growth_bytes / 1024 / 1024)
      act.measured('lag_ms', lag_ms)
      if (growth_bytes > GROWTH_BYTES_MAX)
        failures.push(`memory grew by ${Math.round(growth_bytes / 1024 / 1024)} MiB`)
      if (lag_ms > LAG_MS_MAX) failures.push(`the event loop stood still for ${Math.round(lag_ms)} ms`)
      failures.push(...(await inTime(controlLogin(stage, daemon), ceiling_ms)))
    }
  } catch (error) {
    failures.push(messageOf(error))
    // Nor would it answer in the next trial.
    await daemon.kill()
  }
  if (canary.contacts() > 0) failures.push(`the canary was contacted ${canary.contacts()} times`)
  await canary.close()
  return { wrong: wrong && nameOf(wrong), failures, ms, measured: act.measures }
}

/** What may be so because the machine is busy. */
const isMeasure = (failure: string): boolean =>
  /^(?:memory grew|the event loop stood|\w+ took|no end within)|"op_timeout"|did not answer/.test(failure)

/** One trial; played again when nothing was wrong but what a busy machine may have done. */
export const play = async (stage: Stage, row: Case, wrong: Wrong | undefined): Promise<Trial> => {
  const measures = wrong === undefined ? TWIN_MEASURES : stage.patience.measures
  for (let measure = 1; ; measure += 1) {
    const trial = await playOnce(stage, row, wrong)
    if (measure === measures || trial.failures.length === 0 || !trial.failures.every(isMeasure)) return trial
  }
}
