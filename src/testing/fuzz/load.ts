// Where targets, their seeds and their words are: test/fuzz.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nameOf } from './fuzzer.ts'
import type { Target } from './target.ts'

const ROOT = join(import.meta.dirname, '../../..')
const TARGETS = join(ROOT, 'test/fuzz/targets')
const SEEDS = 'test/fuzz/seeds'
/** A seed that is kept for its branches, not for what it found. */
const KEPT_BYTES_MAX = 1_024

const tableOf = async (file: string): Promise<Readonly<Record<string, Target>>> => {
  // Every file of targets exports its table under this name.
  const { TARGETS: table }: { TARGETS: Readonly<Record<string, Target>> } = await import(join(TARGETS, file))
  return table
}

/** Every target, by its name. */
export const loadTargets = async (): Promise<ReadonlyMap<string, Target>> => {
  const found = new Map<string, Target>()
  for (const file of readdirSync(TARGETS).sort()) {
    for (const [name, target] of Object.entries(await tableOf(file))) {
      if (found.has(name)) throw new Error(`two targets are called ${name}`)
      found.set(name, target)
    }
  }
  return found
}

/** One target, and no more of oxd than it needs: whatever is loaded is counted, too, and takes time. @throws Error */
export const loadTarget = async (name: string): Promise<Target> => {
  const file = readdirSync(TARGETS).find((entry) =>
    new RegExp(`^  ${name}: \\{$`, 'm').test(readFileSync(join(TARGETS, entry), 'utf8')),
  )
  const target = file === undefined ? undefined : (await tableOf(file))[name]
  if (target === undefined) throw new Error(`there is no target ${name}`)
  return target
}

const filesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

/** Examples, and what is kept in test/fuzz/seeds. */
export const seedsOf = (name: string, target: Target): readonly Buffer[] => {
  const folder = join(ROOT, SEEDS, name)
  return [
    ...target.examples.map((example) => Buffer.from(example)),
    ...filesIn(folder).map((file) => readFileSync(join(folder, file))),
  ]
}

/** Keeps an input. @returns its path in the repository */
export const saveSeed = (name: string, input: Uint8Array): string => {
  mkdirSync(join(ROOT, SEEDS, name), { recursive: true })
  const path = join(SEEDS, name, nameOf(input))
  writeFileSync(join(ROOT, path), input)
  return path
}

/** Whether an input that reached something new is small enough to be kept in the repository. */
export const isSmall = (input: Uint8Array): boolean => input.length <= KEPT_BYTES_MAX

const sourcesIn = (path: string): readonly string[] => {
  const file = `${path}.ts`
  try {
    if (statSync(file).isFile()) return [file]
  } catch {
    // A folder, then.
  }
  return readdirSync(path)
    .filter((entry) => entry.endsWith('.ts') && !entry.endsWith('.test.ts'))
    .map((entry) => join(path, entry))
}

/** The sources that a target is about, as paths. */
export const sourcesOf = ({ about }: Target): readonly string[] =>
  about.flatMap((room) => sourcesIn(join(ROOT, 'src', room)))

const LITERAL = /'([^'\\\n]{1,64})'|(?<![\w.])(?:"([^"\\\n]{1,64})")|(?<=[{,(\s])(\w{2,40})(?=\??:)/g

/** The words of the sources: literals, and names of members. */
export const wordsOf = (target: Target): readonly string[] => {
  const words = sourcesOf(target).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(LITERAL)].map(([, one, two, name]) => one ?? two ?? name ?? ''),
  )
  return [...new Set(words)].filter((word) => word !== '' && !/^\.{1,2}\//.test(word))
}
