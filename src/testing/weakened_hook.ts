// Loaded by `--import` into every process of a weakened build: edits single lines of source files while they are loaded.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** What the runner hands over, as JSON. Its name is no setting of oxd, so that the daemon does not trip over it. */
export const WEAKENED_BUILD = 'WEAKENED_BUILD'

export interface Edit {
  /** Absolute. */
  readonly path: string
  /** The source line without the white space around it. */
  readonly line: string
  readonly replace_by: string
  /** A file that gets a line for each process in which the edit was made. */
  readonly report: string
}

/** The numbers of the lines that read so, from 0. */
export const findLine = (source: string, line: string): number[] =>
  source.split('\n').flatMap((text, index) => (text.trim() === line ? [index] : []))

/** The source with the one line replaced. @throws when the line does not occur exactly once */
export const applyEdit = (source: string, { line, replace_by, path }: Omit<Edit, 'report'>): string => {
  const [index, ...more] = findLine(source, line)
  if (index === undefined || more.length > 0)
    throw new Error(`"${line}" does not occur exactly once in ${path}`)
  return source
    .split('\n')
    .map((text, at) => (at === index ? text.replace(line, () => replace_by) : text))
    .join('\n')
}

const install = (edits: readonly Edit[]): void => {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const path = url.startsWith('file:') ? fileURLToPath(url.split(/[?#]/)[0] ?? url) : undefined
      const here = edits.filter((edit) => edit.path === path)
      if (here.length === 0) return loaded
      const { source } = loaded
      if (source === undefined || source === null) throw new Error(`${path} was loaded without its source`)
      const text = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8')
      const edited = here.reduce(applyEdit, text)
      for (const { report } of here) appendFileSync(report, `${process.pid}\n`)
      return { ...loaded, source: edited }
    },
  })
}

const handedOver = process.env[WEAKENED_BUILD]
// The runner writes a list of edits; nobody else sets the variable. Without it this module only lends its functions.
if (handedOver !== undefined) install(JSON.parse(handedOver) as Edit[])
