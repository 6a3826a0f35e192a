// A second opinion on JSON: the grammar of RFC 8259 letter by letter, with the rules that oxd adds.

const BLANK = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y
const ESCAPES = new Set('"\\/bfnrt')

/**
 * Is it JSON, no member twice, no half of a character, at most `depth_max` objects and lists within each other, at most
 * `members_max` of them and of members in all?
 */
export const strictJson = (text: string, depth_max: number, members_max: number): boolean => {
  let at = 0
  let members = 0
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null) return false
    at += found[0].length
    return true
  }
  const is = (letter: string): boolean => {
    take(BLANK)
    if (text[at] !== letter) return false
    at += 1
    return true
  }
  /** The characters of a string, or undefined. */
  const string = (): string | undefined => {
    if (!is('"')) return undefined
    const units: string[] = []
    for (let letter = text[at]; letter !== undefined && letter !== '"'; letter = text[at]) {
      if (letter < ' ') return undefined
      at += 1
      if (letter !== '\\') {
        units.push(letter)
        continue
      }
      const escape = text[at] ?? ''
      at += 1
      if (escape === 'u') {
        const hex = text.slice(at, at + 4)
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) return undefined
        at += 4
        units.push(String.fromCharCode(Number.parseInt(hex, 16)))
      } else if (ESCAPES.has(escape)) units.push(String(JSON.parse(`"\\${escape}"`)))
      else return undefined
    }
    if (text[at] !== '"') return undefined
    at += 1
    const whole = units.join('')
    return whole.isWellFormed() ? whole : undefined
  }
  // What is refused for its depth is not followed: so this does not run out of stack.
  const items = (end: string, depth: number, item: () => boolean): boolean => {
    members += 1
    if (depth >= depth_max) return false
    if (is(end)) return true
    do {
      if (!item()) return false
    } while (is(','))
    return is(end)
  }
  const value = (depth: number): boolean => {
    take(BLANK)
    if (is('[')) return items(']', depth, () => value(depth + 1))
    if (is('{')) {
      const names = new Set<string>()
      return items('}', depth, () => {
        take(BLANK)
        const name = string()
        if (name === undefined || names.has(name)) return false
        names.add(name)
        members += 1
        return is(':') && value(depth + 1)
      })
    }
    return text[at] === '"' ? string() !== undefined : take(NUMBER) || take(WORD)
  }
  const whole = value(0)
  take(BLANK)
  return whole && at === text.length && members <= members_max
}
