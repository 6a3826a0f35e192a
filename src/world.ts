// The door to time, chance and the log. Everything that differs between two runs comes in through a World.
import { randomBytes } from 'node:crypto'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
/** Allow-listed by construction: a log line is built from named, harmless fields, never from a request. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void

export interface World {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Unpredictable bytes. */
  readonly random: (bytes: number) => Buffer
  readonly log: Log
}

/** Seconds since the epoch, as in tokens and on the wire. */
export const seconds = (world: Pick<World, 'now'>): number => Math.floor(world.now() / 1000)

/** The real clock and the real chance, with the log that is handed in. */
export const realWorld = (log: Log): World => ({ now: Date.now, random: randomBytes, log })
