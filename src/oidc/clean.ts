// Makes text that others wrote (OPs, certificates) fit to be shown to a person and written to a log.

/** Invisible in themselves: bidirectional overrides, zero-width characters, tags, unassigned and private code points. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]+/gu
/** Controls, line and paragraph separators, and every other blank. */
const BLANK = /[\p{Cc}\p{Z}]+/gu
/** A character cut in half by the bound. */
const HALF = /[\uD800-\uDBFF]$/

/**
 * The text as one printable line of at most `max` UTF-16 units: no controls, no terminal escapes, no bidirectional or
 * invisible characters; what was cut ends in `…`.
 */
export const cleaned = (text: string, max: number): string => {
  const line = text.replace(INVISIBLE, '').replace(BLANK, ' ').trim()
  return line.length <= max ? line : `${line.slice(0, max - 1).replace(HALF, '')}…`
}
