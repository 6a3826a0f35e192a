// The sites that oxd 3.1 and 4.x kept in Redis: under each oxd_id the JSON text of its record.
import { StartError } from '../error.ts'
import { recordOf } from './found.ts'
import type { BrokenRecord, FoundRecord, SourceLimits } from './found.ts'
import { isOxdId } from './record.ts'

/** What is asked of Redis. Nothing is ever written. */
export interface RedisReader {
  /** The names of all keys, in batches; one may come several times. */
  readonly keys: () => AsyncIterable<readonly string[]>
  /** How long the text under a key is; 0 if there is none. Throws if it is no text. */
  readonly bytes: (key: string) => Promise<number>
  readonly text: (key: string) => Promise<string | null>
  readonly close: () => void
}

/** Every key that is an oxd_id. Other keys (states, nonces, what other programs keep there) are passed over. */
export async function* redisRecords(
  redis: RedisReader,
  limits: SourceLimits,
): AsyncGenerator<FoundRecord | BrokenRecord> {
  const seen = new Set<string>()
  try {
    for await (const batch of redis.keys()) {
      for (const key of batch.filter(isOxdId)) {
        if (seen.has(key)) continue
        seen.add(key)
        yield await readRecord(redis, key, limits)
      }
    }
  } finally {
    redis.close()
  }
}

const readRecord = async (
  redis: RedisReader,
  key: string,
  limits: SourceLimits,
): Promise<FoundRecord | BrokenRecord> => {
  try {
    if ((await redis.bytes(key)) > limits.import_record_bytes_max) {
      return { name: key, why: `it has more than ${limits.import_record_bytes_max} bytes` }
    }
    const text = await redis.text(key)
    return text === null ? { name: key, why: 'it is gone' } : recordOf(key, key, text, limits)
  } catch (error) {
    if (!isWrongType(error)) throw error
    return { name: key, why: 'what Redis has under this key is no text' }
  }
}

const isWrongType = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('WRONGTYPE')

/** The first word of what Redis answered, or the code of the system; never a whole message. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown reason'
  if ('code' in error && typeof error.code === 'string') return error.code
  return /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? 'it does not answer as Redis does'
}

const SCAN_COUNT = 500

/**
 * A reader over a connection of its own. `redis://[user:password@]host[:port][/db]`; `rediss://` for TLS.
 * @throws StartError, also later while it is read, without the password
 */
export const openRedis = async (
  from: string,
  { import_redis_ms }: Pick<SourceLimits, 'import_redis_ms'>,
): Promise<RedisReader> => {
  const url = URL.canParse(from) ? new URL(from) : undefined
  if (url === undefined || url.hostname === '' || !/^\/?\d{0,5}$/.test(url.pathname) || url.search !== '') {
    throw new StartError('The address of Redis is not of the form redis://host:port/db.')
  }
  const where = `Redis at ${url.host}`
  // Loaded when it is needed: hardly anybody imports from Redis.
  const { Redis } = await import('ioredis')
  const redis = new Redis(from, {
    lazyConnect: true,
    // What old Redis servers speak.
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    connectTimeout: import_redis_ms,
    commandTimeout: import_redis_ms,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let met: unknown
  redis.on('error', (error: unknown) => (met = error))
  const failed = (error: unknown): StartError =>
    new StartError(`${where} cannot be read (${reasonOf(met ?? error)}).`)
  const asked = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      throw isWrongType(error) ? error : failed(error)
    }
  }
  try {
    await redis.connect()
    // Asked again, since ioredis goes on in database 0 if this one does not exist.
    await redis.select(Number(url.pathname.slice(1)))
  } catch (error) {
    redis.disconnect()
    throw failed(error)
  }
  return {
    async *keys() {
      let cursor = '0'
      do {
        const [next, batch] = await asked(redis.scan(cursor, 'COUNT', SCAN_COUNT))
        yield batch
        cursor = next
      } while (cursor !== '0')
    },
    bytes: (key) => asked(redis.strlen(key)),
    text: (key) => asked(redis.get(key)),
    close: () => redis.disconnect(),
  }
}
