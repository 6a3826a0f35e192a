import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { entriesIn, parse, withKey, type Document, type Entry } from './ini.ts'

const OURS = ['oxd', '', 'client']

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const valuesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    parse(bytes(text)).sections.flatMap(({ entries }) =>
      entries.map(({ key, value }) => [key, Buffer.from(value, 'latin1').toString('utf8')]),
    ),
  )

const READ: readonly (readonly [what: string, text: string, values: Record<string, string>])[] = [
  ['nothing', '', {}],
  ['no section', 'host = localhost\nport = 8099\n', { host: 'localhost', port: '8099' }],
  ['sections', '[oxd]\nport=1\n\n[client]\nscope: a\n', { port: '1', scope: 'a' }],
  ['keys in any case', 'OP_Host = x', { op_host: 'x' }],
  ['the first of : and = separates', 'a: b=c\nd = e:f\n', { a: 'b=c', d: 'e:f' }],
  ['comments are whole lines', '# a = 1\n; b = 2\n  # c = 3\nd = 4\n', { d: '4' }],
  [
    '# ; % stay in values',
    'u = https://x/?a=1;b=%20#f\nn = a ; b # c',
    { u: 'https://x/?a=1;b=%20#f', n: 'a ; b # c' },
  ],
  [
    'deeper lines go on',
    'scope = openid,\n   profile,\n\temail\nid = 1\n',
    { scope: 'openid,\nprofile,\nemail', id: '1' },
  ],
  ['comments and blanks within', 'a = 1\n# no\n\n  # no\n  2\n', { a: '1\n2' }],
  ['value only below', 'a =\n  1\n', { a: '1' }],
  [
    'an indented file',
    '    host = h\n    port = 1\n\n    id = <oxd_id>\n',
    { host: 'h', port: '1', id: '<oxd_id>' },
  ],
  ['deeper than its key, though it looks like one', 'a = 1\n  b = 2\n', { a: '1\nb = 2' }],
  ['CRLF', 'a = 1\r\nb = 2\r\n', { a: '1', b: '2' }],
  ['CR', 'a = 1\rb = 2', { a: '1', b: '2' }],
  ['byte order mark', '\ufeffa = 1\n', { a: '1' }],
  ['letters whose last byte is A0', 'n = voilà\nm = à \n', { n: 'voilà', m: 'à' }],
  ['blanks around', 'a  =  1  \t\n b =2\n', { a: '1\nb =2' }],
]
for (const [what, text, values] of READ) {
  test(`reads: ${what}`, () => assert.deepEqual(valuesOf(text), values))
}

test('lists malformed lines with their numbers', () => {
  const { malformed } = parse(bytes('a = 1\nnonsense\n[open\n= 1\n'))
  assert.deepEqual(
    malformed.map(({ line, text }) => [line, text]),
    [
      [2, 'nonsense'],
      [3, '[open'],
      [4, '= 1'],
    ],
  )
})

const WRITTEN: readonly (readonly [what: string, before: string, after: string])[] = [
  ['an empty file', '', 'id = X\n'],
  ['comments only', '# hello', '# hello\nid = X'],
  ['no line end at the end', 'port = 1', 'port = 1\nid = X'],
  ['no section', 'port = 1\n\n# end\n', 'port = 1\nid = X\n\n# end\n'],
  ['[oxd] has keys', '[client]\na = 1\n[oxd]\nport = 1\n\n', '[client]\na = 1\n[oxd]\nport = 1\nid = X\n\n'],
  ['[oxd] is empty', '[oxd]\n\n[client]\na = 1\n', '[oxd]\nid = X\n\n[client]\na = 1\n'],
  ['[OXD] is another section', '[OXD]\nid = 1\n', 'id = X\n[OXD]\nid = 1\n'],
  [
    'the id of another section',
    '[user]\nid = 7\n[oxd]\nport = 1\n[DEFAULT]\nid = 8\n',
    '[user]\nid = 7\n[oxd]\nport = 1\nid = X\n[DEFAULT]\nid = 8\n',
  ],
  ['no [oxd]', 'port = 1\n[client]\na = 1\n', 'port = 1\nid = X\n[client]\na = 1\n'],
  ['[client] alone', '# c\n\n[client]\na = 1\n', '# c\n\nid = X\n[client]\na = 1\n'],
  ['after a continued value', 'a = 1\n  2\n# c\n', 'a = 1\n  2\nid = X\n# c\n'],
  ['an indented file', '  port = 1\n', '  port = 1\n  id = X\n'],
  ['a deeper header below', '[oxd]\n  [client]\na = 1\n', '[oxd]\n  id = X\n  [client]\na = 1\n'],
  ['CRLF', 'port = 1\r\n', 'port = 1\r\nid = X\r\n'],
  ['byte order mark', '\ufeff', '\ufeffid = X\n'],
  ['an old value', '[oxd]\nid = old\nport = 1\n', '[oxd]\nid = X\nport = 1\n'],
  ['an old value in [client]', '[oxd]\nport = 1\n[client]\nID: old\n', '[oxd]\nport = 1\n[client]\nID: X\n'],
  ['no value', 'id =\nport = 1\n', 'id = X\nport = 1\n'],
  ['no value, no spaces', 'id=\nport = 1\n', 'id=X\nport = 1\n'],
  ['no value, blanks', 'id =  \nport = 1\n', 'id =  X\nport = 1\n'],
  ['no value, no line end', 'id=', 'id=X'],
  ['odd spacing', 'id\t :   old \t \r\n', 'id\t :   X \t \r\n'],
  ['a placeholder', 'id = <oxd_id>\n', 'id = X\n'],
  ['what looks like a comment', 'id = old ; mine # too\n', 'id = X\n'],
  ['a continued value', 'id = old\n  # kept\n  older\nport = 1\n', 'id = X\n  # kept\nport = 1\n'],
  ['a value only below', 'id =\n  old\nport = 1\n', 'id = X\nport = 1\n'],
]
for (const [what, before, after] of WRITTEN) {
  test(`writes: ${what}`, () => {
    assert.equal(withKey(parse(bytes(before)), OURS, 'id', 'X').toString('utf8'), after)
  })
}

const blanks = fc.constantFrom('', ' ', '  ', '\t', '    ')
const ending = fc.constantFrom('\n', '\r\n', '\r')
const word = fc.stringMatching(/^[A-Za-z0-9:/?&=%#;.,<>à-]{0,12}$/)
const line = fc.oneof(
  fc
    .tuple(blanks, fc.constantFrom('#', ';'), fc.string({ maxLength: 12 }))
    .map((parts) => parts.join('').replace(/[\r\n]/g, '')),
  fc
    .tuple(blanks, fc.constantFrom('', '[oxd]', '[client]', '[Oxd] more', '[other]'))
    .map((parts) => parts.join('')),
  fc
    .tuple(
      blanks,
      fc.constantFrom('id', 'ID', 'host', 'port', 'scope', 'unknown', 'op_host'),
      blanks,
      fc.constantFrom('=', ':'),
      blanks,
      word,
      blanks,
    )
    .map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('  ', '\t', '      '), word).map((parts) => parts.join('')),
)
const file = fc
  .tuple(
    fc.constantFrom('', '\ufeff'),
    fc.array(
      fc.tuple(line, ending).map((parts) => parts.join('')),
      { maxLength: 12 },
    ),
    fc.oneof(fc.constant(''), line),
  )
  .map(([mark, lines, end]) => Buffer.concat([bytes(mark + lines.join('')), bytes(end)]))

const others = (document: Document): readonly (readonly [string, string, string])[] =>
  document.sections.flatMap(({ name, entries }) =>
    entries
      .filter(({ key }) => key !== 'id' || !OURS.includes(name))
      .map(({ key, value }) => [name, key, value] as const),
  )
const idsIn = (document: Document): readonly Entry[] =>
  entriesIn(document, OURS).filter(({ key }) => key === 'id')

test('whatever the file, the id can be read after it was written, and no other byte is touched', () => {
  let written = 0
  fc.assert(
    fc.property(file, fc.stringMatching(/^[A-Za-z0-9-]{1,36}$/), (before, id) => {
      const document = parse(before)
      const ids = idsIn(document)
      fc.pre(document.malformed.length === 0 && ids.length <= 1)
      written += 1
      const after = withKey(document, OURS, 'id', id)
      const again = parse(after)
      assert.deepEqual(
        idsIn(again).map(({ value }) => value),
        [id],
      )
      assert.deepEqual(others(again), others(document))
      assert.deepEqual(withKey(again, OURS, 'id', id), after)

      // What was there before, byte by byte, without the old value.
      const [old] = ids
      const oldText = document.text
      const newText = after.toString('latin1')
      if (old === undefined) {
        const [entry] = idsIn(again)
        const at = entry?.lines[0]
        assert.ok(at !== undefined)
        const ended = newText.slice(at.end, at.next)
        const without = newText.slice(0, at.start) + newText.slice(at.next)
        // The last line had no line end: it got one.
        assert.equal(ended === '' ? without.replace(/\r\n$|\n$|\r$/, '') : without, oldText)
      } else {
        let rest = oldText.slice(old.first.end)
        for (const { start, next } of old.lines.slice(1).toReversed()) {
          rest = rest.slice(0, start - old.first.end) + rest.slice(next - old.first.end)
        }
        const gap = old.wantsSpace ? ' ' : ''
        assert.equal(newText, `${oldText.slice(0, old.first.start)}${gap}${id}${rest}`)
      }
    }),
    { numRuns: 3000, seed: 2 },
  )
  assert.ok(written >= 1000)
})

test('the bytes of a file need not be UTF-8', () => {
  const before = Buffer.from([...Buffer.from('# caf'), 0xe9, 0x0a, ...Buffer.from('id = \n')])
  const after = withKey(parse(before), OURS, 'id', 'X')
  assert.deepEqual(after, Buffer.concat([before.subarray(0, -1), Buffer.from('X\n')]))
})
