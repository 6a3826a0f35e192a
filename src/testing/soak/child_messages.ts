// What a soak and its daemon say to each other.
import type { Limits } from '../../limits.ts'

export interface ChildOptions {
  readonly data_dir: string
  readonly argv: readonly string[]
  readonly limits: Partial<Limits>
}

export interface Held {
  readonly heap_bytes: number
  readonly rss_bytes: number
  readonly external_bytes: number
  /** File descriptors; 0 where the system does not say. */
  readonly files: number
  /** What keeps the event loop alive, by its sort. */
  readonly resources: Readonly<Record<string, number>>
}

export type FromChild =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'held'; readonly held: Held }
  | {
      readonly kind: 'log'
      readonly outcomes: readonly (readonly [string, number])[]
      readonly errors: readonly string[]
    }
