// `npm run fuzz`: looks for inputs that break what the parsers of oxd promise. See docs/robustness.md.
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Progress } from '../src/testing/fuzz/fuzzer.ts'
import { isSmall, loadTargets, saveSeed } from '../src/testing/fuzz/load.ts'
import { fuzz } from '../src/testing/fuzz/run.ts'
import { writePart } from './write_part.ts'

const HELP = `npm run fuzz -- [options]

  --minutes N     how long, all targets together (default 1)
  --target NAME   only this one; repeatable
  --seed S        the same choices as another run with S (default: a new one)
  --jobs N        targets at the same time (default: the processors of this machine)
  --keep          keep small inputs that reached something new, in test/fuzz/seeds
  --write FILE    write the result between the markers of "fuzz" in this file
  --list          the targets, and what each promises
`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    keep: { type: 'boolean', default: false },
    write: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const numberOf = (name: 'minutes' | 'seed' | 'jobs', least: number): number | undefined => {
  const given = values[name]
  const number = Number(given)
  if (given === undefined) return undefined
  if (given.trim() === '' || !Number.isFinite(number) || number < least)
    throw new Error(`--${name} ${given}: give a number from ${least} on.`)
  return number
}

const row = (name: string, { runs, branches, corpus, findings }: Progress): readonly string[] => [
  name,
  runs.toLocaleString('en'),
  String(branches),
  String(corpus),
  String(findings),
]
const COLUMNS = ['target', 'inputs', 'branches', 'corpus', 'findings'] as const

/** As text for a terminal: the first column to the left, numbers to the right. */
const table = (rows: readonly (readonly string[])[]): string => {
  const all = [COLUMNS, ...rows]
  const widths = COLUMNS.map((_, column) => Math.max(...all.map((cells) => (cells[column] ?? '').length)))
  return all
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}

const markdown = (rows: readonly (readonly string[])[]): string =>
  [
    `| ${COLUMNS.join(' | ')} |`,
    '|---|---:|---:|---:|---:|',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n')

const main = async (): Promise<void> => {
  const all = await loadTargets()
  if (values.help) return void process.stdout.write(HELP)
  if (values.list) {
    for (const [name, { promise }] of all) process.stdout.write(`${name.padEnd(24)}${promise}\n`)
    return
  }
  const unknown = values.target.find((name) => !all.has(name))
  if (unknown !== undefined) throw new Error(`--target ${unknown}: there is none. See --list.`)
  const names = values.target.length > 0 ? values.target : [...all.keys()]
  const minutes = numberOf('minutes', 0) ?? 1
  const seed = numberOf('seed', 0) ?? randomInt(2 ** 31)
  process.stdout.write(`${names.length} targets, ${minutes} minutes, --seed ${seed}\n`)

  const started = performance.now()
  const lines: string[] = []
  const isTerminal = process.stdout.isTTY
  let shown = 0
  const { targets, kept } = await fuzz({
    targets: names,
    ms: minutes * 60_000,
    seed,
    jobs: numberOf('jobs', 1) ?? 1,
    onFinding(target, input, problem) {
      const path = saveSeed(target, input)
      const line = `FOUND ${target}: ${problem}\n      again: npm run fuzz -- --target ${target} --minutes 0   (${path}, ${input.length} bytes)`
      lines.push(line)
      process.stdout.write(`${isTerminal ? '\r\x1b[K' : ''}${line}\n`)
    },
    onProgress(progress) {
      const seconds = (performance.now() - started) / 1_000
      if (!isTerminal && seconds - shown < 15) return
      shown = seconds
      const sums = [...progress.values()]
      const sum = (of: (one: Progress) => number): string =>
        sums.reduce((total, one) => total + of(one), 0).toLocaleString('en')
      const text = `${Math.round(seconds)} s  ${sum(({ runs }) => runs)} inputs  ${sum(({ branches }) => branches)} branches  corpus ${sum(({ corpus }) => corpus)}  findings ${sum(({ findings }) => findings)}`
      process.stdout.write(isTerminal ? `\r\x1b[K${text}` : `${text}\n`)
    },
  })
  if (values.keep) {
    for (const [name, inputs] of kept) for (const input of inputs.filter(isSmall)) saveSeed(name, input)
  }
  const rows = [...targets].map(([name, progress]) => row(name, progress))
  process.stdout.write(`${isTerminal ? '\r\x1b[K' : ''}${table(rows)}\n`)
  if (values.write !== undefined) {
    const findings =
      lines.length === 0 ? 'Nothing was found.' : lines.map((line) => `* ${line.split('\n')[0]}`).join('\n')
    const when = new Date().toISOString().slice(0, 10)
    writePart(
      values.write,
      'fuzz',
      `Measured ${when}: ${minutes} minutes, ${numberOf('jobs', 1) ?? 1} at a time, seed ${seed}, Node ${process.versions.node}.\n\n${markdown(rows)}\n\n${findings}`,
    )
  }
  if (lines.length > 0) process.exitCode = 1
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
})
