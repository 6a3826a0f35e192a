// One after the other, by name, in this process. What other processes do at the same time is up to the store.

/** Runs `work` when no other work under this name is under way, and gives back what it gives; others' failures do not matter. */
export type InTurn = <T>(name: string, work: () => Promise<T>) => Promise<T>

export const createTurns = (): InTurn => {
  /** The last work of each name that waits or is under way. */
  const last = new Map<string, Promise<unknown>>()
  return async (name, work) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(work, work)
    last.set(name, turn)
    try {
      return await turn
    } finally {
      if (last.get(name) === turn) last.delete(name)
    }
  }
}
