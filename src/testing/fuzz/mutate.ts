// Makes new inputs out of those that are known: byte by byte, word by word, and, where an input is JSON, member by member.
import type { Chance } from './chance.ts'

export interface Stock {
  /** Inputs that found something. */
  readonly corpus: readonly Buffer[]
  /** Words of the sources. */
  readonly words: readonly string[]
  readonly bytes_max: number
}

/** What parsers trip over: ends of ranges, separators, encodings in each other, names that objects have. */
const BYTES = [
  0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x27, 0x2e, 0x2f, 0x3a, 0x5b, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xed, 0xf4,
  0xff,
]
const TEXTS = [
  '',
  '\0',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '\ud83d\ude00',
  '\u202e',
  '\ufeff',
  '%00',
  '%2e',
  '%',
  '..',
  '../',
  '//',
  '#',
  '?',
  '&',
  '=',
  '+',
  ';',
  '\r\n',
  '\t',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'then',
  'null',
  'true',
  '{}',
  '[]',
  '-',
  '--',
  '-0',
  '1e308',
  '1e-7',
  '9007199254740993',
  '2147483648',
  '4294967296',
  'NaN',
  'Infinity',
  'none',
  'http://127.0.0.1/',
  'https://[::1]/',
  'javascript:',
  'data:,',
  'file:///',
  'xn--',
  'é',
  '．',
  'ſ',
  '\u2028',
]
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  1.5,
  1e21,
  1e308,
  2 ** 31,
  2 ** 53,
  '',
  ' ',
  '0',
  'true',
  [],
  {},
  [[]],
  [null],
  ['a', 'a'],
  'a'.repeat(256),
  'a'.repeat(4096),
  '\ud800',
  { ['__proto__']: 1 },
  { toString: 1 },
  JSON.parse('{"then":1}'),
]

type ByteChange = (input: Buffer, chance: Chance, stock: Stock) => Buffer

const somewhere = (input: Buffer, chance: Chance): number => chance.int(input.length + 1)
const span = (input: Buffer, chance: Chance): readonly [from: number, to: number] => {
  const from = somewhere(input, chance)
  return [from, Math.min(input.length, from + 1 + chance.int(chance.pick([2, 8, 64, 1024])))]
}
const replaced = (input: Buffer, from: number, to: number, by: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, from), by, input.subarray(to)])
const NUMBER = /\d+/g

const BYTE_CHANGES: readonly ByteChange[] = [
  // A bit.
  (input, chance) => {
    const at = somewhere(input, chance)
    return replaced(input, at, at + 1, Buffer.of((input[at] ?? 0) ^ (1 << chance.int(8))))
  },
  // A byte, over another or between two.
  (input, chance) => {
    const at = somewhere(input, chance)
    return replaced(input, at, at + chance.int(2), Buffer.of(chance.pick(BYTES)))
  },
  (input, chance) => replaced(input, ...span(input, chance), Buffer.alloc(0)),
  (input, chance) => {
    const [from, to] = span(input, chance)
    const part = input.subarray(from, to)
    return replaced(
      input,
      from,
      from,
      Buffer.concat(Array.from({ length: 1 + chance.int(chance.pick([2, 2, 64])) }, () => part)),
    )
  },
  // A run of one byte: depth, length, backtracking.
  (input, chance) => {
    const at = somewhere(input, chance)
    const run = Buffer.alloc(
      1 + chance.int(chance.pick([8, 300, 20_000])),
      chance.pick([...BYTES, ...input.subarray(at, at + 1)]),
    )
    return replaced(input, at, at, run)
  },
  (input, chance, { words }) => {
    const at = somewhere(input, chance)
    const text = chance.int(2) === 0 && words.length > 0 ? chance.pick(words) : chance.pick(TEXTS)
    return replaced(input, at, at + (chance.int(2) === 0 ? text.length : 0), Buffer.from(text))
  },
  (input, chance, { corpus }) => {
    const other = chance.pick(corpus)
    return replaced(input, ...span(input, chance), other.subarray(...span(other, chance)))
  },
  (input, chance, { corpus }) => {
    const other = chance.pick(corpus)
    return Buffer.concat([
      input.subarray(0, somewhere(input, chance)),
      other.subarray(somewhere(other, chance)),
    ])
  },
  // A number in digits, a little or very different.
  (input, chance) => {
    const found = [...input.toString('latin1').matchAll(NUMBER)]
    if (found.length === 0) return input
    const { index, 0: digits } = chance.pick(found)
    const number = chance.pick([
      Number(digits) + 1,
      Number(digits) - 1,
      Number(digits) * 10,
      0,
      2 ** 31,
      2 ** 53,
      99_999_999,
    ])
    return replaced(input, index, index + digits.length, Buffer.from(String(number)))
  },
  // The kind of a letter.
  (input, chance) => {
    const at = somewhere(input, chance)
    return replaced(input, at, at + 1, Buffer.of((input[at] ?? 0) ^ 0x20))
  },
]

/** All places in a JSON value: where it hangs, and under which name. */
const placesIn = (root: { value: unknown }): { holder: Record<string, unknown>; name: string }[] => {
  const places: { holder: Record<string, unknown>; name: string }[] = []
  const walk = (holder: Record<string, unknown>, name: string, depth: number): void => {
    places.push({ holder, name })
    const value = holder[name]
    if (depth > 20 || typeof value !== 'object' || value === null) return
    // An object or a list: both are read and written by name.
    for (const inner of Object.keys(value)) walk(value as Record<string, unknown>, inner, depth + 1)
  }
  walk(root as unknown as Record<string, unknown>, 'value', 0)
  return places
}

const define = (holder: object, name: string, value: unknown): void => {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
}

/** Another value for one place, another name, one more, one less, one twice, one deeper. */
const changeJson = (text: string, chance: Chance, { words, corpus }: Stock): string | undefined => {
  let root: { value: unknown }
  try {
    root = { value: JSON.parse(text) }
  } catch {
    return undefined
  }
  const { holder, name } = chance.pick(placesIn(root))
  const old = holder[name]
  const word = (): string => (chance.int(3) > 0 && words.length > 0 ? chance.pick(words) : chance.pick(TEXTS))
  const change = chance.int(8)
  if (change === 0) define(holder, name, chance.pick(VALUES))
  else if (change === 1) define(holder, name, word())
  else if (change === 2 && name !== 'value') delete holder[name]
  else if (change === 3 && name !== 'value' && !Array.isArray(holder)) define(holder, word(), old)
  else if (change === 4) define(holder, name, chance.int(2) === 0 ? [old] : { [word()]: old })
  else if (change === 5 && typeof old === 'string') {
    const at = chance.int(old.length + 1)
    define(holder, name, old.slice(0, at) + word() + old.slice(at + chance.int(3)))
  } else if (change === 6 && Array.isArray(old)) {
    define(holder, name, [...old, chance.pick([...VALUES, ...old])])
  } else if (change === 7 && typeof old === 'object' && old !== null && !Array.isArray(old)) {
    define(old, word(), chance.pick(VALUES))
  } else {
    try {
      define(holder, name, JSON.parse(chance.pick(corpus).toString()))
    } catch {
      define(holder, name, chance.pick(VALUES))
    }
  }
  const changed = JSON.stringify(root.value) ?? 'null'
  if (chance.int(12) > 0) return changed
  // JSON that no writer makes: a member twice.
  const member = /"(?:[^"\\]|\\.)*":(?:"(?:[^"\\]|\\.)*"|\d+|null|true|false)/.exec(changed)?.[0]
  return member === undefined ? changed : changed.replace(member, () => `${member},${member}`)
}

/** Most inputs stay small, so that many are tried; some grow to the bound. */
const SMALL_BYTES = 4_096

/** A new input: one of the corpus, changed a few times. */
export const mutated = (chance: Chance, stock: Stock): Buffer => {
  let input = chance.pick(stock.corpus)
  const most =
    chance.int(64) === 0 ? stock.bytes_max : Math.min(stock.bytes_max, Math.max(SMALL_BYTES, input.length))
  for (let left = 1 + chance.int(chance.pick([1, 2, 4, 8])); left > 0; left -= 1) {
    const json = chance.int(2) === 0 ? changeJson(input.toString(), chance, stock) : undefined
    const changed = json === undefined ? chance.pick(BYTE_CHANGES)(input, chance, stock) : Buffer.from(json)
    input = changed.subarray(0, most)
  }
  return input
}
