// The fuzzer, tried on parsers whose mistakes are known: it must find them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chanceFrom } from './chance.ts'
import { startCoverage } from './coverage.ts'
import { breaksOnce, breaksSlowly, countsBraces } from './fixtures/known_mistakes.ts'
import { createFuzzer, type Finding } from './fuzzer.ts'
import { mutated } from './mutate.ts'
import { strictJson } from './strict_json.ts'

const search = async (
  run: (input: Buffer) => void,
  seeds: readonly string[],
  ms_max: number,
): Promise<Finding[]> => {
  const coverage = startCoverage((url) => url.includes('known_mistakes'))
  const fuzzer = createFuzzer({
    target: { run },
    coverage,
    seed: 1,
    seeds: seeds.map((seed) => Buffer.from(seed)),
    words: ['size', 'name'],
    onRun: () => {},
    cpu_ms_max: 50,
  })
  const found: Finding[] = []
  const until = performance.now() + ms_max
  while (found.length === 0 && performance.now() < until) {
    await fuzzer.search(100)
    found.push(...fuzzer.found())
  }
  coverage.stop()
  return found
}

test('a mistake behind conditions is found, because each opens a branch', async () => {
  const [found] = await search(breaksOnce, ['{aaa'], 60_000)
  assert.ok(found !== undefined, 'it was not found')
  assert.match(found.problem, /^Error: the fourth/)
  // And made small: nothing is left but what the mistake needs.
  assert.equal(found.input.length, 4)
})

test('a mistake inside of JSON is found, because its members are changed', async () => {
  const [found] = await search(countsBraces, ['{"name":"a","size":1}'], 60_000)
  assert.ok(found !== undefined, 'it was not found')
})

test('an input that costs too much is a finding', async () => {
  const [found] = await search(breaksSlowly, ['ab'], 60_000)
  assert.match(found?.problem ?? '', /^takes more than/)
})

test('the same seed makes the same inputs', () => {
  const stock = {
    corpus: [Buffer.from('{"a":[1,2,{"b":"c"}]}'), Buffer.from('x')],
    words: ['d'],
    bytes_max: 1_000,
  }
  const made = () => {
    const chance = chanceFrom(7)
    return Array.from({ length: 500 }, () => mutated(chance, stock))
  }
  assert.deepEqual(made(), made())
  assert.ok(made().every((input) => input.length <= stock.bytes_max))
})

test('the second opinion on JSON', () => {
  const rows: readonly (readonly [text: string, taken: boolean])[] = [
    ['{"a":[1,-0.5e+3,true,null,"\\u0041\\n"]} ', true],
    ['{"a":1,"a":2}', false],
    ['{"a":1,"\\u0061":2}', false],
    ['[[[]]]', true],
    ['[[[[]]]]', false],
    ['[[],[],[]]', true],
    ['[[],[],[],[]]', false],
    ['{"a":1,"b":2,"c":[]}', false],
    ['01', false],
    ['"a', false],
    ['"\t"', false],
    ['{"a":1,}', false],
    ['[1] 2', false],
    ['', false],
  ]
  for (const [text, taken] of rows) assert.equal(strictJson(text, 3, 4), taken, text)
})
