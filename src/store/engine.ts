// What a storage engine is: a handful of verbs over opaque keys and sealed bodies. A new engine is one file.
import { OxdError } from '../error.ts'

/** A record as engines know it. */
export interface EngineRecord {
  /** Chosen by the writer, at least 1; another one with each write, so that compare-and-swap sees every change. */
  readonly version: number
  /** Sealed: of no meaning to an engine. */
  readonly body: Uint8Array
  /** Seconds since the epoch from which on the record is absent; `null`: never. */
  readonly expires_at: number | null
}

export interface ListedRecord extends EngineRecord {
  readonly key: string
}

/** `expected` 0: the record must be absent; 1 and more: it must have this version; `any`: whatever is there. */
export interface EngineWrite extends EngineRecord {
  readonly expected: number | 'any'
  /**
   * `true`: on the disk, not only in its cache, before the answer; others may see it, and be told of it, before that.
   * `false`: survives the process, not a power failure.
   */
  readonly durable: boolean
}

/** Deletes what is there, if that is as `expected`. Always durable. */
export interface EngineRemoval {
  readonly expected: EngineWrite['expected']
  readonly removed: true
}

/** One part of a commit. */
export type EngineChange = { readonly key: string } & (EngineWrite | EngineRemoval)

/**
 * Keys are `kind/name` in visible ASCII. An expired record is absent to every verb and gives way to a write that expects 0.
 * Absent is `undefined`. A failure is always thrown, as `store_unreachable`: it never looks like "absent".
 */
export interface Engine {
  readonly read: (key: string) => Promise<EngineRecord | undefined>
  /** Atomic, also against other processes. */
  readonly write: (key: string, write: EngineWrite) => Promise<'written' | 'conflict'>
  /**
   * All changes or none, atomic as `write`; durable if one of them is. `conflict`: an expectation fails. A key occurs once.
   */
  readonly commit: (changes: readonly EngineChange[]) => Promise<'written' | 'conflict'>
  /** Reads and deletes at once: of any number of takers exactly one gets the record. Always durable. */
  readonly take: (key: string) => Promise<EngineRecord | undefined>
  /** Deletes, if it is there. Always durable. */
  readonly remove: (key: string) => Promise<void>
  /** The records whose key begins with `prefix` and comes after `after`, in ASCII order, `limit` at most. */
  readonly list: (
    prefix: string,
    page: { readonly after?: string; readonly limit: number },
  ) => Promise<readonly ListedRecord[]>
  /** Deletes expired records, `limit` at most; how many it were. */
  readonly sweep: (limit: number) => Promise<number>
  /** Later verbs fail with `store_unreachable`; closing again does nothing. */
  readonly close: () => Promise<void>
}

/** The clock of an engine: seconds since the epoch. */
export type SecondsClock = () => number

export const isLive = (record: EngineRecord, now: number): boolean =>
  record.expires_at === null || record.expires_at > now

/** `what` reaches callers: it helps and names neither path nor content. */
export const unreachable = (what: string, cause?: unknown): OxdError =>
  new OxdError('store_unreachable', { what, cause })

export const CLOSED = 'The store was closed.'
