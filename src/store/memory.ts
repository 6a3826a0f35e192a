// The engine for tests: everything in a Map, nothing survives the process.
import {
  CLOSED,
  type Engine,
  type EngineRecord,
  type EngineWrite,
  isLive,
  type SecondsClock,
  unreachable,
} from './engine.ts'

// Bodies are copied in and out, so that nobody changes a record by keeping an array.
const copy = ({ version, body, expires_at }: EngineRecord): EngineRecord => ({
  version,
  body: Uint8Array.from(body),
  expires_at,
})

export const createMemoryEngine = (now: SecondsClock): Engine => {
  const records = new Map<string, EngineRecord>()
  let closed = false

  const refuseClosed = () => {
    if (closed) throw unreachable(CLOSED)
  }
  const live = (key: string): EngineRecord | undefined => {
    const record = records.get(key)
    return record !== undefined && isLive(record, now()) ? record : undefined
  }

  const isAsExpected = (key: string, expected: EngineWrite['expected']): boolean =>
    expected === 'any' || expected === (live(key)?.version ?? 0)

  return {
    async read(key) {
      refuseClosed()
      const record = live(key)
      return record && copy(record)
    },
    async write(key, { expected, ...record }) {
      refuseClosed()
      if (!isAsExpected(key, expected)) return 'conflict'
      records.set(key, copy(record))
      return 'written'
    },
    async commit(changes) {
      refuseClosed()
      if (!changes.every(({ key, expected }) => isAsExpected(key, expected))) return 'conflict'
      for (const change of changes) {
        if ('removed' in change) records.delete(change.key)
        else records.set(change.key, copy(change))
      }
      return 'written'
    },
    async take(key) {
      refuseClosed()
      const record = live(key)
      records.delete(key)
      return record
    },
    async remove(key) {
      refuseClosed()
      records.delete(key)
    },
    async list(prefix, { after = '', limit }) {
      refuseClosed()
      return [...records]
        .filter(([key, record]) => key.startsWith(prefix) && key > after && isLive(record, now()))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([key, record]) => ({ key, ...copy(record) }))
    },
    async sweep(limit) {
      refuseClosed()
      const expired = [...records].filter(([, record]) => !isLive(record, now())).slice(0, limit)
      for (const [key] of expired) records.delete(key)
      return expired.length
    },
    async close() {
      closed = true
      records.clear()
    },
  }
}
