// Looks for secrets in what oxd wrote or said over a whole login: logs, error texts, pages.
import { AssertionError } from 'node:assert/strict'

/** Below this a find proves nothing: any log has four characters of anything. */
const SECRET_CHARACTERS_MIN = 5
/** A beginning this long gives a secret away, or at least tells which one it was. */
const BEGINNING_CHARACTERS = 16
/** Shorter pieces of base64 occur in random text by chance. */
const BASE64_CHARACTERS_MIN = 8

/** The characters of base64 that are the same whatever stands around the secret, for each of its three places. */
const base64Cores = (value: string): string[] =>
  [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)])
    const first = Math.ceil((before * 8) / 6)
    const core = bytes.toString('base64').slice(first, Math.floor((bytes.length * 8) / 6))
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
  })

const beginnings = (value: string): string[] =>
  value.length > BEGINNING_CHARACTERS ? [value.slice(0, BEGINNING_CHARACTERS)] : []

/** Every shape in which a secret may get into a text. */
const SHAPES: Readonly<Record<string, (value: string) => readonly string[]>> = {
  'as it is': (value) => [value],
  'URL-encoded': (value) => [encodeURIComponent(value), String(new URLSearchParams({ v: value })).slice(2)],
  'in JSON': (value) => [JSON.stringify(value).slice(1, -1)],
  'in base64': (value) => base64Cores(value).filter((core) => core.length >= BASE64_CHARACTERS_MIN),
  'in hexadecimal': (value) => [Buffer.from(value).toString('hex')],
  'by its first 16 characters': beginnings,
}

/**
 * Fails when one of the secrets occurs in `text` in any shape, naming the secret, the shape and the line, not the value.
 * @param secrets name to value; a value under 5 characters cannot be looked for and fails too
 */
export const assertNoSecrets = (text: string, secrets: Readonly<Record<string, string>>): void => {
  const found: string[] = []
  for (const [name, value] of Object.entries(secrets)) {
    if (value.length < SECRET_CHARACTERS_MIN)
      throw new AssertionError({ message: `The secret ${name} is too short to be looked for.` })
    for (const [shape, forms] of Object.entries(SHAPES)) {
      const places = forms(value).map((form) => text.indexOf(form))
      const place = places.find((index) => index >= 0)
      if (place === undefined) continue
      found.push(`${name} occurs ${shape}, in line ${text.slice(0, place).split('\n').length}`)
      break
    }
  }
  if (found.length > 0) throw new AssertionError({ message: found.join('\n') })
}
