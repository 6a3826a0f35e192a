// The memory engine keeps the contract.
import { engineContract } from '../testing/engine_contract.ts'
import { createMemoryEngine } from './memory.ts'

engineContract('memory', async (t, now) => {
  const engine = createMemoryEngine(now)
  t.after(() => engine.close())
  return { engine, peer: engine }
})
