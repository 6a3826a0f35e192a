// JSON from outside: no member twice, no depth and no number of members without end.
// @see https://www.rfc-editor.org/rfc/rfc8259#section-4
import { LIMITS } from '../limits.ts'

// A string, perhaps cut off by the end of the text, or a character that opens, closes, names or separates. All else says nothing about structure.
const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|[{}[\]:,]/g

/** What is opened or named in it; throws for what is no JSON, and perhaps does not notice. */
const isHonest = (text: string, members_max: number, commas_max: number): boolean => {
  /** For each open object the names so far; undefined for a list. */
  const open: (Set<string> | undefined)[] = []
  let members = 0
  let commas = 0
  let last = ''
  for (const [token] of text.matchAll(TOKEN)) {
    const names = open.at(-1)
    if (token === ',') commas += 1
    else if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined)
      members += 1
    } else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && names !== undefined) {
      // In JSON this is a string; escapes may hide that two names are the same.
      const name = String(JSON.parse(last))
      if (names.has(name)) return false
      names.add(name)
      members += 1
    } else if (token.includes('\\u') && !String(JSON.parse(token)).isWellFormed()) return false
    if (open.length > LIMITS.json_depth_max) return false
    if (members > members_max) return false
    if (commas > commas_max) return false
    last = token
  }
  return true
}

/**
 * The value of a JSON text, or undefined if it is none, if an object has a member twice (two readers would see two
 * different values), if a string holds half a character (two readers would make two different ones of it), or if it is
 * nested deeper, or has more members, objects, lists and items than any honest answer: they are counted before anything is made of
 * them.
 */
export const parseJson = (
  text: string,
  members_max: number = LIMITS.json_members_max,
  commas_max: number = LIMITS.json_commas_max,
): unknown => {
  try {
    return isHonest(text, members_max, commas_max) ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}
