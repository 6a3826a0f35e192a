// Proves that tests guard what they claim to guard: runs them against builds from which one defence was taken out.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findLine, WEAKENED_BUILD } from './weakened_hook.ts'
import type { Edit } from './weakened_hook.ts'
import type { Ran } from './weakened_reporter.ts'

/** One edit of a source line. */
export interface LineEdit {
  /** The source file, relative to the root of the repository. */
  readonly file: string
  /** The source line that is the defence, without the white space around it; it must occur exactly once. */
  readonly line: string
  /** What stands there instead; may be empty. */
  readonly replace_by: string
}

export interface Weakening extends LineEdit {
  /** What is missing then, and unique in the table. */
  readonly name: string
  /** The tests that must fail then. */
  readonly turns_red: {
    /** Relative to the root. */
    readonly test: string
    /** A regular expression over the name of the test, with those of the suites around it before it. */
    readonly pattern: string
  }
}

export interface Outcome {
  readonly name: string
  /** The tests that failed, as they should, and with what. */
  readonly red: readonly Ran[]
}

export interface RunOptions {
  /** Children at a time; default 2. */
  readonly concurrency?: number
  /** For one child, from its start to its end; default two minutes. */
  readonly child_ms_max?: number
  /** For one test in a weakened build: one that hangs there is red; default 15 seconds. */
  readonly test_ms_max?: number
  /** The root of the repository. */
  readonly root?: string
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HOOK = new URL('weakened_hook.ts', import.meta.url).href
const REPORTER = new URL('weakened_reporter.ts', import.meta.url).href
const CHILD_MS_MAX = 120_000
const TEST_MS_MAX = 15_000
const OUTPUT_CHARACTERS_MAX = 4_000_000
/** A hook that failed, a file that did not load or a test that was cancelled says nothing of the defence. */
const TELLING = new Set(['testCodeFailure', 'testTimeoutFailure'])

interface ChildResult {
  readonly exit: number | string
  readonly ran: readonly Ran[]
  readonly errors: string
}

/** By way of the environment the hook reaches a process and every one that it starts. */
export const weakenedEnvironment = (
  edits: readonly Edit[],
  options = process.env['NODE_OPTIONS'] ?? '',
): Readonly<Record<string, string>> =>
  edits.length === 0
    ? {}
    : { NODE_OPTIONS: `${options} --import=${HOOK}`, [WEAKENED_BUILD]: JSON.stringify(edits) }

/** Runs the tests that match in a process group of their own, so that nothing they started outlives the limit. */
const runTests = (
  file: string,
  patterns: readonly string[],
  edit: Edit | undefined,
  { root, child_ms_max, test_ms_max }: Required<RunOptions>,
): Promise<ChildResult> =>
  new Promise((done, reject) => {
    // This may itself be a test; its children are to report to us, not to the runner above.
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: given = '', ...env } = process.env
    const weakened = edit && weakenedEnvironment([edit], given)
    // A missing defence may leave tests hanging, and servers open that a test would have closed.
    const hanging = edit === undefined ? [] : [`--test-timeout=${test_ms_max}`, '--test-force-exit']
    const names = patterns.map((pattern) => `--test-name-pattern=${pattern}`)
    // Verdicts that cross from one process to another are lost where it is made to exit:
    // https://github.com/nodejs/node/issues/64833
    const here = ['--test', '--test-isolation=none', `--test-reporter=${REPORTER}`]
    const child = spawn(process.execPath, [...here, ...hanging, ...names, file], {
      cwd: root,
      detached: true,
      env: { ...env, ...(given !== '' && { NODE_OPTIONS: given }), ...weakened },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [out, errors, late] = ['', '', false]
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // All of the group have ended by themselves.
      }
    }
    const timer = setTimeout(() => {
      late = true
      end()
    }, child_ms_max)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (out.length < OUTPUT_CHARACTERS_MAX) out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-2_000)
    })
    child.once('error', reject)
    child.once('exit', () => end())
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      // Our own reporter writes them; whatever else a test prints is no JSON object.
      const ran = out
        .split('\n')
        .flatMap((line) => (line.startsWith('{"name":') ? [JSON.parse(line) as Ran] : []))
      done({ exit: late ? `ended after ${child_ms_max} ms` : (code ?? String(signal)), ran, errors })
    })
  })

/** Works through the items, `width` at a time. */
const each = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
}

/** Why an edit cannot be made. */
export const checkEdit = async ({ file, line, replace_by }: LineEdit, root = ROOT): Promise<string[]> => {
  const problems: string[] = []
  if (line === '' || line !== line.trim() || line.includes('\n'))
    problems.push('a line is one line, without white space around it')
  if (line === replace_by) problems.push('the edit changes nothing')
  const source = await readFile(join(root, file), 'utf8').catch(() => undefined)
  if (source === undefined) return [...problems, `there is no file ${file}`]
  const found = findLine(source, line).length
  if (found !== 1) problems.push(`the line occurs ${found} times in ${file}, it must be once: ${line}`)
  return problems
}

/** What is wrong with the table itself, above all edits that no longer apply: found without running anything. */
export const checkTable = async (table: readonly Weakening[], root = ROOT): Promise<string[]> => {
  const problems: string[] = []
  const names = table.map(({ name }) => name)
  for (const [index, { name, file, line, replace_by, turns_red }] of table.entries()) {
    const say = (what: string): number => problems.push(`${name}: ${what}`)
    if (names.indexOf(name) !== index) say('the name stands twice in the table')
    if (!existsSync(join(root, turns_red.test))) say(`there is no test file ${turns_red.test}`)
    for (const problem of await checkEdit({ file, line, replace_by }, root)) say(problem)
  }
  return problems
}

/** Matches as `--test-name-pattern` does: a regular expression, or one between slashes with flags behind. */
const matcher = (pattern: string): RegExp => {
  const [, source, flags] = /^\/(.*)\/([a-z]*)$/s.exec(pattern) ?? []
  return source === undefined ? new RegExp(pattern) : new RegExp(source, flags)
}

/**
 * Makes each weakened build and demands that its tests fail there and pass without the edit.
 * @throws one error that lists everything that is wrong: an edit that no longer applies, or was never loaded, a test
 *   that does not exist, is red anyway, or stays green. Edits that no longer apply are reported before anything runs.
 */
export const runWeakened = async (
  table: readonly Weakening[],
  { concurrency = 2, child_ms_max = CHILD_MS_MAX, test_ms_max = TEST_MS_MAX, root = ROOT }: RunOptions = {},
): Promise<Outcome[]> => {
  const problems = await checkTable(table, root)
  const fail = (): void => {
    if (problems.length > 0) throw new Error(`Weakened builds:\n${problems.join('\n')}`)
  }
  fail()
  const options = { concurrency, child_ms_max, test_ms_max, root }
  const folder = await mkdtemp(join(tmpdir(), 'weakened-'))
  try {
    // Once for each test file: all the tests of the table that are in it.
    const green = new Map<string, ReadonlySet<string>>()
    const files = [...new Set(table.map(({ turns_red }) => turns_red.test))]
    await each(files, concurrency, async (file) => {
      const rows = table.filter(({ turns_red }) => turns_red.test === file)
      const patterns = [...new Set(rows.map(({ turns_red }) => turns_red.pattern))]
      const { exit, ran, errors } = await runTests(file, patterns, undefined, options)
      green.set(file, new Set(ran.flatMap(({ name, passed }) => (passed ? [name] : []))))
      const red = ran.filter(({ passed }) => !passed).map(({ name, message }) => `${name} (${message})`)
      if (exit !== 0)
        problems.push(`${file}: red without any weakening (${exit}): ${red.join('; ') || errors}`)
      for (const { name, turns_red } of rows)
        if (!ran.some((test) => matcher(turns_red.pattern).test(test.name)))
          problems.push(`${name}: no test in ${file} is called /${turns_red.pattern}/`)
    })
    fail()

    const outcomes = new Map<string, Outcome>()
    await each(table, concurrency, async (row) => {
      const { name, file, line, replace_by, turns_red } = row
      const report = join(folder, String(table.indexOf(row)))
      const edit = { path: resolve(root, file), line, replace_by, report }
      const { exit, ran, errors } = await runTests(turns_red.test, [turns_red.pattern], edit, options)
      if (!existsSync(report)) return void problems.push(`${name}: the tests never loaded ${file}. ${errors}`)
      const wanted = matcher(turns_red.pattern)
      const known = ran.filter((test) => wanted.test(test.name) && green.get(turns_red.test)?.has(test.name))
      const red = known.filter(({ passed, kind }) => !passed && TELLING.has(kind ?? ''))
      if (red.length > 0 && exit !== 0) return void outcomes.set(name, { name, red })
      const seen = ran.map(
        (test) => `${test.name}: ${test.passed ? 'passed' : `${test.kind} ${test.message}`}`,
      )
      problems.push(
        `${name}: no test turned red (exit ${exit}): ${seen.join('; ') || errors || 'no test ran'}`,
      )
    })
    fail()
    return table.flatMap(({ name }) => outcomes.get(name) ?? [])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
