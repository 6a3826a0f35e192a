// `npm run soak`: good and bad logins at twenty tenants for a given time, and what must hold of the daemon then. See docs/robustness.md.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { soak, type SoakReport } from '../src/testing/soak/soak.ts'
import { writePart } from './write_part.ts'

const HELP = `npm run soak -- [options]

  --minutes N     how long (default 5)
  --phase N       seconds of a phase; quiet and stressed ones alternate (default 30)
  --rate N        logins a second at healthy tenants (default: a third of what this machine can)
  --stalled N     logins that wait at each of the three stalled tenants (default 60)
  --json FILE     write the report as JSON
  --write FILE    write the result between the markers of "soak" in this file
`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    phase: { type: 'string', default: '30' },
    rate: { type: 'string' },
    stalled: { type: 'string', default: '60' },
    json: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const numberOf = (name: 'minutes' | 'phase' | 'rate' | 'stalled'): number => {
  const number = Number(values[name])
  if (!Number.isFinite(number) || number <= 0)
    throw new Error(`--${name} ${values[name]}: give a number above 0.`)
  return number
}

const MIB = 1_048_576
const rowOf = (name: string, ...cells: readonly (string | number)[]): string =>
  `| ${[name, ...cells].join(' | ')} |`

const markdown = ({
  seconds,
  rate,
  logins,
  latency,
  ratio,
  held,
  rows,
  store_bytes,
  outcomes,
  problems,
}: SoakReport): string => {
  const first = held[0]
  const last = held.at(-1)
  const count = (resources: Readonly<Record<string, number>> = {}): number =>
    Object.values(resources).reduce((total, each) => total + each, 0)
  return [
    `Measured ${new Date().toISOString().slice(0, 10)}: ${seconds} s, ${rate.toFixed(1)} logins a second at healthy tenants, Node ${process.versions.node}.`,
    '',
    rowOf('healthy tenants', 'calls', 'p50 ms', 'p99 ms', 'max ms'),
    '|---|---:|---:|---:|---:|',
    ...Object.entries(latency).map(([phase, { count: calls, p50, p99, max }]) =>
      rowOf(phase, calls.toLocaleString('en'), p50.toFixed(1), p99.toFixed(1), max.toFixed(1)),
    ),
    '',
    `p99 under stress is ${ratio.toFixed(2)} times the quiet one (promised: under 2).`,
    '',
    rowOf('held', 'first look', 'last look'),
    '|---|---:|---:|',
    rowOf(
      'heap after collection, MiB',
      ((first?.heap_bytes ?? 0) / MIB).toFixed(1),
      ((last?.heap_bytes ?? 0) / MIB).toFixed(1),
    ),
    rowOf(
      'resident, MiB',
      ((first?.rss_bytes ?? 0) / MIB).toFixed(1),
      ((last?.rss_bytes ?? 0) / MIB).toFixed(1),
    ),
    rowOf('open files', first?.files ?? 0, last?.files ?? 0),
    rowOf('handles and timers', count(first?.resources), count(last?.resources)),
    rowOf(
      'records (at most between the two: ' + rows.most.toLocaleString('en') + ')',
      rows.before,
      rows.after,
    ),
    '',
    `The database has ${(store_bytes / MIB).toFixed(1)} MiB.`,
    '',
    rowOf(`what became of ${logins.begun.toLocaleString('en')} logins`, 'count'),
    '|---|---:|',
    ...Object.entries(logins.fates)
      .sort()
      .map(([fate, each]) => rowOf(fate, each.toLocaleString('en'))),
    '',
    rowOf('calls by outcome, as callers heard it and as the log says', 'count'),
    '|---|---:|',
    ...Object.entries(outcomes).map(([outcome, each]) => rowOf(outcome, each.toLocaleString('en'))),
    '',
    problems.length === 0 ? 'Nothing else failed.' : problems.map((problem) => `* ${problem}`).join('\n'),
  ].join('\n')
}

const main = async (): Promise<void> => {
  if (values.help) return void process.stdout.write(HELP)
  const report = await soak({
    ms: numberOf('minutes') * 60_000,
    phase_ms: numberOf('phase') * 1_000,
    stalled: numberOf('stalled'),
    ...(values.rate === undefined ? {} : { rate: numberOf('rate') }),
    onProgress: (line) => void process.stdout.write(`${line}\n`),
  })
  const text = markdown(report)
  process.stdout.write(`\n${text}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  if (values.write !== undefined) writePart(values.write, 'soak', text)
  if (report.problems.length > 0 || report.too_slow) process.exitCode = 1
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 2
})
