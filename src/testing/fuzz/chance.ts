// Chance that can be repeated: the same seed gives the same choices.

export interface Chance {
  /** A whole number from 0 to below `n`. */
  readonly int: (n: number) => number
  /** One of the list, which must not be empty. */
  readonly pick: <T>(list: readonly T[]) => T
}

/** FNV-1a: seeds from texts and bytes. */
export const hashOf = (data: string | Uint8Array): number => {
  let hash = 0x811c9dc5
  for (const byte of typeof data === 'string' ? Buffer.from(data) : data) {
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  return hash >>> 0
}

/** The generator mulberry32: small, fast, good enough to look for mistakes, and for nothing else. */
export const chanceFrom = (seed: number): Chance => {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const int = (n: number): number => next() % n
  return {
    int,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError('there is nothing to pick from')
      // Within the list, which is not empty.
      return list[int(list.length)] as T
    },
  }
}
