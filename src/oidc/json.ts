// JSON from outside: no member twice, no depth without end.
// @see https://www.rfc-editor.org/rfc/rfc8259#section-4
import { LIMITS } from '../limits.ts'

// A string, or a character that opens, closes or separates. Numbers and words say nothing about structure.
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g

/**
 * The value of a JSON text, or undefined if it is none, if an object has a member twice (two readers would see two
 * different values), if a string holds half a character (two readers would make two different ones of it), or if it is
 * nested deeper than any honest answer.
 */
export const parseJson = (text: string): unknown => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  /** For each open object the names so far; undefined for a list. */
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKEN)) {
    const names = open.at(-1)
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && names !== undefined) {
      // JSON.parse has accepted the text, so this is a string; escapes may hide that two names are the same.
      const name = String(JSON.parse(last))
      if (names.has(name)) return undefined
      names.add(name)
    } else if (token.includes('\\u') && !String(JSON.parse(token)).isWellFormed()) return undefined
    if (open.length > LIMITS.json_depth_max) return undefined
    last = token
  }
  return value
}
