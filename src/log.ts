// The log: one JSON line for each command, or a coloured one on a terminal.
import { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { destination, pino } from 'pino'
import type { Log } from './world.ts'

const COLOURS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const
type Level = keyof typeof COLOURS
const isLevel = (level: unknown): level is Level => typeof level === 'string' && Object.hasOwn(COLOURS, level)

/** A line of the log as a person reads it. */
export const prettyLine = (json: string): string => {
  // The line was written by pino a moment ago.
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>
  const clock = String(time).slice(11, 19)
  const colour = isLevel(level) ? COLOURS[level] : 'red'
  // A terminal obeys control characters; here they are shown.
  const shown = (value: unknown): string => String(value).replaceAll(/\p{C}/gu, '�')
  const facts = Object.entries(fields).map(
    ([name, value]) => `${styleText('dim', `${name}=`)}${shown(value)}`,
  )
  return `${styleText('dim', clock)} ${styleText(colour, String(level).padEnd(5))} ${shown(msg)} ${facts.join(' ')}\n`
}

const pretty = (out: NodeJS.WriteStream): Writable =>
  new Writable({ write: (chunk, _encoding, done) => void out.write(prettyLine(String(chunk)), () => done()) })

const STDOUT = 1

/** The log on standard output: pretty if it is a terminal, else JSON lines, each written before the program goes on. */
export const createLog = (out: NodeJS.WriteStream): Log => {
  const logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
    out.isTTY ? pretty(out) : destination({ dest: STDOUT, sync: true }),
  )
  return (level, message, fields = {}) => logger[level](fields, message)
}
