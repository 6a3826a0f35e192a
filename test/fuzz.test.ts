// Every seed that is kept, and every example, once: what fuzzing found before stays found.
import { describe, it } from 'node:test'
import { loadTargets, seedsOf } from '../src/testing/fuzz/load.ts'
import { nameOf } from '../src/testing/fuzz/fuzzer.ts'

for (const [name, target] of await loadTargets()) {
  describe(`${name}: ${target.promise}`, () => {
    it('holds of every seed', async () => {
      const open = await target.open()
      try {
        for (const input of seedsOf(name, target)) {
          try {
            await open.run(input)
          } catch (error) {
            throw new Error(`the seed ${nameOf(input)}`, { cause: error })
          }
        }
      } finally {
        await open.close?.()
      }
    })
  })
}
