// A minute of fuzzing, all targets together, from a new seed each time. What it finds stays as a seed, to be put in order.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { loadTargets, saveSeed } from '../src/testing/fuzz/load.ts'
import { fuzz } from '../src/testing/fuzz/run.ts'

test('a minute of inputs that nobody thought of', async (t) => {
  const seed = randomInt(2 ** 31)
  const found: string[] = []
  const targets = [...(await loadTargets()).keys()]
  const result = await fuzz({
    targets,
    ms: 60_000,
    seed,
    jobs: availableParallelism(),
    onFinding: (target, input, problem) =>
      void found.push(`${target}: ${problem} (${saveSeed(target, input)})`),
  })
  for (const [name, { runs, branches }] of result.targets) {
    t.diagnostic(`${name}: ${runs} inputs, ${branches} branches`)
    assert.ok(runs > 0 && branches > 0, `${name} was not tried`)
  }
  assert.deepEqual(found, [], `--seed ${seed}`)
})
