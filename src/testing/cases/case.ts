// What a case is: a few lines of data that say what an OP does wrong, how oxd meets it, and what must come of it.
import type { ErrorCode } from '../../error.ts'
import type { Limits } from '../../limits.ts'
import type { Data, Envelope, LogLine, Stranger } from '../daemon.ts'
import type { FaultName } from '../faults/index.ts'
import type { Places } from '../faults/fault.ts'
import type { LyingOp, Recorded } from '../op.ts'
import type { Site } from '../story.ts'
import type { Ways } from './tls_ways.ts'

/** What a drive works with: one issuer, and the daemon under test. */
export interface Act {
  /** Unpredictable and unique: for names. */
  readonly name: string
  readonly op: LyingOp
  readonly attacker: LyingOp
  readonly issuer: string
  readonly places: Places
  /** Further ways to the OP at https. */
  readonly ways: Ways
  /** Without any fault or attack: the twin. */
  readonly honest: boolean
  /** What the drive itself is to do wrong: what a browser, an application or another OP does. */
  readonly attack: string | undefined
  /** One command, as our own library sends it; its answer is kept for the oracles. */
  readonly call: (command: string, params: Data) => Promise<Envelope>
  readonly register: (params?: Data, issuer?: string) => Promise<Envelope>
  /** Registers, which must succeed. */
  readonly site: (params?: Data, issuer?: string) => Promise<Site>
  /** What can be done with a site that was registered. @throws when it was not */
  readonly siteOf: (registered: Envelope, issuer?: string) => Site
  /** What comes to the public listener: a path below `PUBLIC_URL`, or the whole address. */
  readonly stranger: Stranger
  /** Lines of the log that name the issuer of this trial: strangers are told no reasons. */
  readonly logged: () => Promise<readonly LogLine[]>
  /** Moves the clock of the daemon until the trial is over; the row says `moves_clock`. */
  readonly later: (ms: number) => Promise<void>
  /** From now on the OP lies; requests are counted from here. */
  readonly strike: () => void
  /** Requests of one kind since `strike`. */
  readonly count: (endpoint: Recorded['endpoint']) => number
  /** For the score: the worst of each name is shown. */
  readonly measured: (name: string, value: number) => void
}

/** Plays one recipe, the same with and without the fault. @returns the answer that the oracles judge */
export type Drive = (act: Act) => Promise<Envelope>

export interface Case {
  /** As in the catalogue; several rows may have one id. */
  readonly id: string
  readonly title: string
  readonly drive: Drive
  /** Faults that must be refused, each with the error it must give (or one of several). */
  readonly refused?: Readonly<Partial<Record<FaultName, ErrorCode | readonly ErrorCode[]>>>
  /** What the drive does wrong itself, by the name that it finds in `act.attack`, with the error that it must give. */
  readonly attacks?: Readonly<Record<string, ErrorCode | readonly ErrorCode[]>>
  /** Attacks that must not matter. */
  readonly harmless?: readonly string[]
  /** Faults, or mere peculiarities, that must not matter: the answer is as right as that of the twin. */
  readonly accepted?: readonly FaultName[]
  /** How many requests of a kind the OP may see after it began to lie: exactly, or between two numbers. */
  readonly requests?: Readonly<
    Partial<Record<Recorded['endpoint'] | 'attacker', number | readonly [number, number]>>
  >
  /** The OP speaks https, perhaps at a host beyond ASCII; default: http, to a daemon that trusts its origin. */
  readonly over?: 'https' | 'https beyond ASCII'
  /** The path of the issuer, from a unique name; default: that name. */
  readonly issuer?: (name: string) => string
  /** Parameters of register_site. */
  readonly site?: Data
  /** Limits of the daemon beside those of all cases. */
  readonly limits?: Partial<Limits>
  /** Milliseconds that the clock of the daemon is ahead of that of the OP. */
  readonly ahead_ms?: number
  /** The drive goes on at a later time, by the clock of the daemon, which therefore no other row shares. */
  readonly moves_clock?: true
  /** OPs and browsers reach the daemon: it has a public listener, and tells OPs where. */
  readonly reachable?: true
  /** Memory and event loop are watched: nothing else runs at that time. */
  readonly watched?: true
  /** Addresses outside of this machine may be tried: they are not reached. */
  readonly outside?: true
  /** What else must be so, of each trial and of the twin; throws. */
  readonly check?: (act: Act, answer: Envelope) => void | Promise<void>
  /** A choice that the specification leaves open, as SECURITY.md has it. */
  readonly policy?: string
}

/** A case of the catalogue that is not played, and why. */
export type LeftOut = Readonly<Record<string, string>>

/** One file of cases. */
export interface Area {
  readonly name: string
  readonly cases: readonly Case[]
  readonly left_out?: LeftOut
}
