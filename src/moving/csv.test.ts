import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CsvError, csvRows } from './csv.ts'

const CASES: readonly (readonly [text: string, rows: readonly (readonly string[])[]])[] = [
  ['', []],
  [
    '"ID","DATA"\n"a","{""x"":1}"\n',
    [
      ['ID', 'DATA'],
      ['a', '{"x":1}'],
    ],
  ],
  [
    'id,data\r\na,b\r\n',
    [
      ['id', 'data'],
      ['a', 'b'],
    ],
  ],
  ['\uFEFF"id"\n', [['id']]],
  ['"a\nb",c', [['a\nb', 'c']]],
  ['a,\n', [['a', '']]],
  ['a,', [['a', '']]],
  [',\n', [['', '']]],
  ['a\n\n\nb', [['a'], ['b']]],
  ['""\n', [['']]],
]
for (const [text, rows] of CASES) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual([...csvRows(text)], rows))
}

for (const text of ['"a', 'a"b\n', '"a"b\n', '"a""\n', 'x\n"y', 'a,"']) {
  test(`refuses ${JSON.stringify(text)} by its row and repeats nothing of it`, () => {
    assert.throws(
      () => [...csvRows(text)],
      (error) => error instanceof CsvError && /^row [12] has a quote/.test(error.message),
    )
  })
}

test('whatever is written with doubled quotes is read again', () => {
  const written = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), { maxLength: 5 })
  fc.assert(
    fc.property(written, (rows) => {
      const text = rows
        .map((row) => `${row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`)
        .join('')
      assert.deepEqual([...csvRows(text)], rows)
    }),
  )
})

test('a long field takes no long time and no deep stack', () => {
  const field = '{""k"":""v""}'.repeat(200_000)
  const [row] = [...csvRows(`"id","${field}"\n`)]
  assert.equal(row?.[1]?.length, field.length - 4 * 200_000)
})
