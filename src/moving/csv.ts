// Comma-separated values as H2 and PostgreSQL write them: quoted fields, quotes doubled, line breaks inside quotes.
// @see https://www.rfc-editor.org/rfc/rfc4180#section-2

/** What is wrong with a file, and in which row, the first being 1. Nothing of the file is repeated: it holds secrets. */
export class CsvError extends Error {
  override readonly name = 'CsvError'
}

const QUOTE = '"'
const PLAIN = /[^",\r\n]*/y
const END = /,|\r\n|\n|\r|$/y

const matched = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** Where the quoted field that begins at `at` has its last quote; -1 if nowhere. A loop: no field is too long for it. */
const closingQuote = (text: string, at: number): number => {
  let quote = text.indexOf(QUOTE, at + 1)
  while (quote !== -1 && text[quote + 1] === QUOTE) quote = text.indexOf(QUOTE, quote + 2)
  return quote
}

/**
 * The rows of a text, one after the other. Empty lines are passed over.
 * @throws CsvError for a stray or unfinished quote
 */
export function* csvRows(text: string): Generator<readonly string[]> {
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let row: string[] = []
  for (let number = 1; at < text.length || row.length > 0;) {
    const isQuoted = text[at] === QUOTE
    const closing = isQuoted ? closingQuote(text, at) : at
    const field = isQuoted ? text.slice(at + 1, closing) : (matched(PLAIN, text, at) ?? '')
    const after = isQuoted ? closing + 1 : at + field.length
    const end = closing === -1 ? undefined : matched(END, text, after)
    if (end === undefined) throw new CsvError(`row ${number} has a quote that is not closed, or not doubled`)
    row.push(isQuoted ? field.replaceAll('""', QUOTE) : field)
    at = after + end.length
    if (end === ',') continue
    const isEmptyLine = row.length === 1 && !isQuoted && field === ''
    if (!isEmptyLine) yield row
    number += 1
    row = []
  }
}
