// The grammar of Python's ConfigParser over bytes: where each value stands, so that one can change and the rest stays.
// Offsets are those of the bytes: the text is handled as Latin-1, one character a byte, and only values are decoded.

/** A line that is neither a section, nor a key with a value, nor a comment. */
export interface Malformed {
  readonly line: number
  readonly text: string
  readonly problem: string
  /** The key above, whose value this may be a torn-off part of. */
  readonly after: string
}

interface Line {
  /** From 1. */
  readonly number: number
  readonly start: number
  /** Where the text of the line ends and its line ending begins. */
  readonly end: number
  /** Where the next line starts. */
  readonly next: number
}

export interface Entry {
  /** In lower case: keys are case-insensitive. */
  readonly key: string
  readonly line: number
  /** Bytes as Latin-1; the lines of a continued value are joined by a line feed. */
  readonly value: string
  readonly indent: string
  /** The part of the value that stands on the line of the key. */
  readonly first: { readonly start: number; readonly end: number }
  /** Is there a space before `=` or `:` and none after it? Then a new value brings one. */
  readonly wantsSpace: boolean
  readonly lines: readonly Line[]
}

interface Section {
  /** As it stands there: unlike keys, sections are case-sensitive. Empty for what stands before the first header. */
  readonly name: string
  readonly header: Line | undefined
  readonly indent: string
  readonly entries: Entry[]
}

export interface Document {
  readonly text: string
  readonly sections: readonly Section[]
  readonly malformed: readonly Malformed[]
}

const BYTE_ORDER_MARK = 'ï»¿' // EF BB BF, read as Latin-1

// Not \s: in Latin-1 that takes the byte A0 for a space, which is the second half of letters such as à.
const BLANKS = ' \t\f\v'
const BLANKS_BEFORE = /^[ \t\f\v]*/
const HEADER = /^\[([^\]]+)\]/
const OPTION = /^([^=:]*)([=:])([ \t\f\v]*)/

const last = <T>(items: readonly T[]): T | undefined => items[items.length - 1]

const endsBlank = (text: string): boolean => text !== '' && BLANKS.includes(text.charAt(text.length - 1))

/** Without blanks after it. From its end: a pattern would begin anew at each blank of a long run inside. */
const trimmedEnd = (text: string): string => {
  let end = text.length
  while (end > 0 && BLANKS.includes(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

const NO_LINE = 'neither `key = value` nor a [section] nor a # comment'

function* linesOf(text: string): Generator<Line> {
  const ending = /\r\n|\n|\r/g
  let start = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0
  for (let number = 1; start < text.length; number += 1) {
    ending.lastIndex = start
    const found = ending.exec(text)
    const end = found?.index ?? text.length
    const next = end + (found?.[0].length ?? 0)
    yield { number, start, end, next }
    start = next
  }
}

/** Reads the whole file; what is malformed is listed, not thrown, so that the caller can name the file. */
export const parse = (bytes: Uint8Array): Document => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  let section: Section = { name: '', header: undefined, indent: '', entries: [] }
  const sections = [section]
  const malformed: Malformed[] = []
  let open: (Entry & { value: string; lines: Line[] }) | undefined
  let level = 0
  for (const line of linesOf(text)) {
    const indent = BLANKS_BEFORE.exec(text.slice(line.start, line.end))?.[0] ?? ''
    const at = line.start + indent.length
    const body = trimmedEnd(text.slice(at, line.end))
    if (body === '' || body.startsWith('#') || body.startsWith(';')) continue
    // Deeper than its key: the value goes on.
    if (open !== undefined && indent.length > level) {
      open.value = open.value === '' ? body : `${open.value}\n${body}`
      open.lines.push(line)
      continue
    }
    level = indent.length
    open = undefined
    const header = HEADER.exec(body)?.[1]
    if (header !== undefined) {
      section = { name: header, header: line, indent, entries: [] }
      sections.push(section)
      continue
    }
    const [, name = '', , gap = ''] = OPTION.exec(body) ?? []
    const key = trimmedEnd(name).toLowerCase()
    if (key === '' || body.startsWith('[')) {
      malformed.push({
        line: line.number,
        text: body,
        problem: NO_LINE,
        after: last(section.entries)?.key ?? '',
      })
      continue
    }
    const start = at + name.length + 1 + gap.length
    const end = Math.max(start, at + body.length)
    // An empty value may be followed by blanks, which stay in front of a new one.
    const from = start >= at + body.length ? line.end : start
    open = {
      key,
      line: line.number,
      value: text.slice(start, end),
      indent,
      first: { start: from, end: Math.max(from, end) },
      wantsSpace: from === at + name.length + 1 && endsBlank(name),
      lines: [line],
    }
    section.entries.push(open)
  }
  return { text, sections, malformed }
}

const replaced = ({ text }: Document, entry: Entry, value: string): string => {
  const { start, end } = entry.first
  let result = text.slice(0, start) + (entry.wantsSpace ? ' ' : '') + value
  let from = end
  for (const line of entry.lines.slice(1)) {
    result += text.slice(from, line.start)
    from = line.next
  }
  return result + text.slice(from)
}

const inserted = ({ text, sections }: Document, home: Section, key: string, value: string): string => {
  const following = sections[sections.indexOf(home) + 1]
  const neighbour = last(home.entries)
  const above = last(neighbour?.lines ?? []) ?? home.header
  const at = above?.next ?? following?.header?.start ?? text.length
  // A header that stands deeper than the new key would be read as the rest of its value.
  const deeper = (following?.indent.length ?? 0) > home.indent.length ? following?.indent : home.indent
  const indent = neighbour?.indent ?? deeper ?? ''
  const before = text.slice(0, at)
  const ending = /(\r\n|\n|\r)$/.exec(before)?.[0] ?? /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'
  const line = `${indent}${key} = ${value}`
  const unended = before !== '' && before !== BYTE_ORDER_MARK && !/[\r\n]$/.test(before)
  return before + (unended ? ending + line : line + ending) + text.slice(at)
}

/** What stands in the sections of these names, in the order of the file. */
export const entriesIn = ({ sections }: Document, names: readonly string[]): readonly Entry[] =>
  sections.filter(({ name }) => names.includes(name)).flatMap(({ entries }) => entries)

/**
 * The file with one key set: its value replaced where it stands in one of these sections, else a line added at the end of
 * the first of them that is there. Every other byte stays.
 */
export const withKey = (document: Document, names: readonly string[], key: string, value: string): Buffer => {
  const entry = entriesIn(document, names).find((candidate) => candidate.key === key)
  const [home] = names.flatMap((wanted) => document.sections.find(({ name }) => name === wanted) ?? [])
  const text =
    entry !== undefined
      ? replaced(document, entry, value)
      : home !== undefined
        ? inserted(document, home, key, value)
        : document.text
  return Buffer.from(text, 'latin1')
}
