import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleaned } from './clean.ts'

const CASES: readonly (readonly [what: string, text: string, expected: string])[] = [
  ['plain text stays', 'access denied, ask Zoë (Ω) 😀', 'access denied, ask Zoë (Ω) 😀'],
  ['one line', 'a\r\nb\n\n\tc\u2028d\u2029e\u0085f', 'a b c d e f'],
  ['no ends', '  \n a \n ', 'a'],
  ['no terminal escapes', 'a\u001b[31mred\u009b0m\u0007\u0000', 'a [31mred 0m'],
  ['no bidirectional controls', 'a\u202Eb\u2066c\u2069d\u200F\u061C', 'abcd'],
  ['nothing invisible', 'a\u200Bb\uFEFFc\u00ADd\u{E0041}e\uE000f\uFFFFg', 'abcdefg'],
  ['no lone surrogates', 'a\uD800b\uDC00c', 'abc'],
  ['other blanks are blanks', 'a\u00A0\u3000b', 'a b'],
  ['blanks around what is invisible are one', 'a \u202E \u200Bb', 'a b'],
  ['nothing is nothing', '\u202E\u0000', ''],
]

for (const [what, text, expected] of CASES) {
  test(`cleaned: ${what}`, () => assert.equal(cleaned(text, 200), expected))
}

test('cleaned: bounded, with a mark where it was cut, and never through a character', () => {
  assert.equal(cleaned('abcdef', 6), 'abcdef')
  assert.equal(cleaned('abcdefg', 6), 'abcde…')
  assert.equal(cleaned('abcd😀fg', 6), 'abcd…')
  const long = cleaned('\u202E😀'.repeat(500_000), 200)
  assert.ok(long.length <= 200)
  assert.ok(long.isWellFormed())
})
