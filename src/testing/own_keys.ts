// The keys of a relying party without a daemon, in memory.
import { LIMITS } from '../limits.ts'
import { createRpKeys, type RpKeys } from '../rp_keys.ts'
import { createMemoryEngine } from '../store/memory.ts'
import { createKeys } from '../store/seal.ts'
import { createStore } from '../store/store.ts'
import { seconds, type World } from '../world.ts'

export const ownKeysInMemory = (world: World): RpKeys => {
  const keys = createKeys(world.random(32))
  return createRpKeys(
    createStore(
      createMemoryEngine(() => seconds(world)),
      keys,
      world,
      LIMITS,
    ),
    world,
    LIMITS,
  )
}
