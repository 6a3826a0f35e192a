// Settings in YAML, which JSON is too: one reader for the file of oxd and those of old ones.
import { type Document, LineCounter, parseDocument, type ParsedNode } from 'yaml'
import { StartError } from './error.ts'
import { LIMITS } from './limits.ts'

const refuse = (place: string, what: string, cause?: unknown): StartError =>
  new StartError(`${place}: ${what}.`, { cause })

const tooDeep = (file: string, cause: unknown): StartError => refuse(file, 'is nested too deeply', cause)

/** The reader takes a line that ends so for a part of the next one. */
const LONE_RETURN = /\r(?!\n)/

export interface YamlSettings {
  readonly document: Document.Parsed<ParsedNode>
  /** From 1, of an offset in the text. */
  readonly lineOf: (offset: number) => number
}

/** @throws StartError with the file, and with the line of the first mistake */
export const parseYaml = (file: string, text: string): YamlSettings => {
  if (Buffer.byteLength(text) > LIMITS.settings_bytes_max)
    throw refuse(file, `has more than ${LIMITS.settings_bytes_max} bytes`)
  const lines = new LineCounter()
  const lineOf = (offset: number): number => lines.linePos(offset).line
  const at = text.search(LONE_RETURN)
  if (at >= 0) {
    const line = text.slice(0, at).split('\n').length
    throw refuse(`${file}:${line}`, 'has a carriage return without a line feed: save it with line feeds')
  }
  const document = parsed(file, text, lines)
  const [broken] = document.errors
  if (broken?.code === 'RESOURCE_EXHAUSTION') throw tooDeep(file, broken)
  if (broken !== undefined) throw refuse(`${file}:${lineOf(broken.pos[0])}`, `is not valid (${broken.code})`)
  return { document, lineOf }
}

const parsed = (file: string, text: string, lineCounter: LineCounter): YamlSettings['document'] => {
  try {
    // Without a drawing of the place for each mistake: the first is told, and there may be very many.
    return parseDocument(text.replace(/^\uFEFF/, ''), { lineCounter, prettyErrors: false })
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(file, error)
    throw error
  }
}
