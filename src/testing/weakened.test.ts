import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runWeakened } from './weakened.ts'
import type { Weakening } from './weakened.ts'
import { applyEdit } from './weakened_hook.ts'

const TEST = 'src/testing/fixtures/door_cases.ts'
const ANY_WORD: Weakening = {
  name: 'any word opens',
  file: 'src/testing/fixtures/door.ts',
  line: "if (word !== 'sesame') return false",
  replace_by: '',
  turns_red: { test: TEST, pattern: '^refuses a wrong word$' },
}
const wrong = async (changes: Partial<Weakening>): Promise<string> => {
  const error: unknown = await runWeakened([{ ...ANY_WORD, ...changes }]).then(
    () => assert.fail('the run must fail'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error)
  return error.message
}

test('each weakening turns its tests red, in the process and in one below it', async () => {
  const outcomes = await runWeakened([
    ANY_WORD,
    { ...ANY_WORD, name: 'in a child', turns_red: { test: TEST, pattern: 'in another process' } },
    {
      ...ANY_WORD,
      name: 'no end',
      line: 'if (inside >= 3) return false',
      replace_by: 'if (inside >= 4) return false',
      turns_red: { test: TEST, pattern: 'the house is full' },
    },
  ])
  assert.deepEqual(
    outcomes.map(({ name, red }) => [name, red.map((ran) => ran.name)]),
    [
      ['any word opens', ['refuses a wrong word']],
      ['in a child', ['refuses a wrong word in another process by its exit code']],
      ['no end', ['the house is full after three']],
    ],
  )
})

for (const [what, [changes, message]] of Object.entries({
  'a line that is no longer there': [{ line: "if (word !== 'abracadabra') return false" }, /occurs 0 times/],
  'a line that is there twice': [{ line: '}' }, /occurs 2 times/],
  'a file that is no longer there': [{ file: 'src/testing/fixtures/gate.ts' }, /there is no file/],
  'a test file that is no longer there': [
    { turns_red: { test: 'src/gate.test.ts', pattern: '.' } },
    /no test file/,
  ],
  'an edit that changes nothing': [{ replace_by: ANY_WORD.line }, /changes nothing/],
  'a test that is no longer there': [
    { turns_red: { test: TEST, pattern: 'hums' } },
    /no test in .* is called/,
  ],
  'a test that stays green': [
    { turns_red: { test: TEST, pattern: 'lets in' } },
    /no test turned red.*: passed/,
  ],
  'an edit that does not compile': [{ replace_by: 'if (' }, /no test turned red|never loaded/],
  'a file that the tests do not load': [
    { file: 'src/testing/fixtures/door_child.ts', line: "process.exitCode = door()('wrong') ? 1 : 0" },
    /never loaded/,
  ],
} satisfies Record<string, [Partial<Weakening>, RegExp]>))
  test(`the run fails on ${what}`, async () => assert.match(await wrong(changes), message))

test('the run fails on a name that stands twice, and on tests that are red without any weakening', async () => {
  await assert.rejects(runWeakened([ANY_WORD, ANY_WORD]), /stands twice/)
  const red = { test: 'src/testing/fixtures/red_cases.ts', pattern: 'always' }
  await assert.rejects(
    runWeakened([{ ...ANY_WORD, turns_red: red }]),
    /red without any weakening.*always red/,
  )
})

test('the run fails on tests that do not end', async () => {
  const started = performance.now()
  const slow = { test: 'src/testing/fixtures/red_cases.ts', pattern: 'never ends' }
  await assert.rejects(
    runWeakened([{ ...ANY_WORD, turns_red: slow }], { child_ms_max: 600 }),
    /ended after 600 ms/,
  )
  assert.ok(performance.now() - started < 5_000)
})

test('a test that hangs without the defence is red', async () => {
  const hangs = { ...ANY_WORD, turns_red: { test: TEST, pattern: 'answers at once' } }
  const [outcome] = await runWeakened([hangs], { test_ms_max: 300 })
  assert.equal(outcome?.red[0]?.kind, 'testTimeoutFailure')
})

test('an edit keeps the indentation and takes the new text literally', () => {
  assert.equal(
    applyEdit('a\n  b()\nc', { path: 'x', line: 'b()', replace_by: "$& $' b()" }),
    "a\n  $& $' b()\nc",
  )
})
