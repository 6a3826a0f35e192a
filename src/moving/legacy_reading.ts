// What the rules for the keys of an old configuration file work with: its values, and what becomes of them.
import { StartError } from '../error.ts'

/** A value as the original took it. */
export interface Reading {
  /** 3: `oxd-conf.json`. 4: `oxd-server.yml`. */
  readonly generation: 3 | 4
  /** By their names with underscores. */
  readonly values: ReadonlyMap<string, unknown>
  /** Settings of this oxd, by their names. */
  readonly settings: Record<string, unknown>
  /** Lines for the person who starts oxd. */
  readonly warnings: string[]
  readonly warn: (key: string, text: string) => void
  /** @throws StartError what would weaken, or is malformed */
  readonly refuse: (key: string, text: string) => never
  /** true, false, or undefined for nothing. @throws StartError */
  readonly flag: (key: string, value: unknown) => boolean | undefined
  /** A text, or undefined for nothing. @throws StartError */
  readonly text: (key: string, value: unknown) => string | undefined
  /** Without what is blank in it. @throws StartError */
  readonly list: (key: string, value: unknown) => readonly string[]
  /** @throws StartError */
  readonly port: (key: string, value: unknown) => number | undefined
}

export type Rule = (reading: Reading, key: string, value: unknown) => void

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ['true', true],
  [false, false],
  ['false', false],
])
const PORT_MAX = 65_535

const isNothing = (value: unknown): boolean => value === null || value === undefined || value === ''

export const createReading = (
  file: string,
  generation: Reading['generation'],
  values: Reading['values'],
): Reading => {
  const settings: Record<string, unknown> = {}
  const warnings: string[] = []
  const refuse = (key: string, text: string): never => {
    throw new StartError(`${file}: ${key}: ${text}`)
  }
  const text = (key: string, value: unknown): string | undefined => {
    if (isNothing(value)) return undefined
    return typeof value === 'string' || typeof value === 'number'
      ? String(value).trim()
      : refuse(key, 'must be a text.')
  }
  return {
    generation,
    values,
    settings,
    warnings,
    warn: (key, what) => void warnings.push(`${file}: ${key}: ${what}`),
    refuse,
    flag: (key, value) =>
      isNothing(value) ? undefined : (FLAGS.get(value) ?? refuse(key, 'must be true or false.')),
    text,
    list(key, value) {
      if (isNothing(value)) return []
      const items = Array.isArray(value) ? value : [value]
      return items.flatMap((item) => text(key, item) ?? [])
    },
    port(key, value) {
      if (isNothing(value)) return undefined
      const port = Number(value)
      const isPort = Number.isInteger(port) && port >= 0 && port <= PORT_MAX
      return isPort && typeof value !== 'boolean' && !Array.isArray(value)
        ? port
        : refuse(key, `must be a port, a number from 0 to ${PORT_MAX}.`)
    },
  }
}
