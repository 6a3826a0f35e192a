// One process at a time: a lock file beside the configuration file, so that processes that start together register one client.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { besideOrTemporary } from './beside.ts'
import { OxdConfigError } from './errors.ts'
import type { ClientLimits } from './limits.ts'

export type LockLimits = Pick<ClientLimits, 'lock_wait_ms' | 'lock_poll_ms' | 'lock_stale_ms'>

/** Who holds the lock. A process number means something only at its place, and only together with its start. */
interface Holder {
  readonly pid: number
  readonly start: string
  readonly place: string
}

const orEmpty = (read: () => string): string => {
  try {
    return read()
  } catch {
    return ''
  }
}

/** When the process was started, in clock ticks; empty where the system does not say. */
const startOf = (pid: number): string =>
  orEmpty(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the program, in brackets, may hold anything; the start is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  })

/** Containers that share a folder may each have a process 1. */
const placeOf = (): string => `${hostname()} ${orEmpty(() => readlinkSync('/proc/self/ns/pid'))}`

const lives = ({ pid, start }: Holder): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
  }
  const started = startOf(pid)
  return start === '' || started === '' || start === started
}

const holderOf = (lock: string): Holder | undefined => {
  try {
    const { pid, start, place }: Record<string, unknown> = JSON.parse(readFileSync(lock, 'utf8'))
    const known =
      Number.isSafeInteger(pid) && Number(pid) > 0 && typeof start === 'string' && typeof place === 'string'
    return known ? { pid: Number(pid), start, place } : undefined
  } catch {
    // Not yet written, not ours to read, or gone.
    return undefined
  }
}

const statOf = (lock: string): Stats | undefined => statSync(lock, { throwIfNoEntry: false })

const sameFile = (one: Stats | undefined, other: Stats): boolean =>
  one?.ino === other.ino && one.dev === other.dev
const unchanged = (one: Stats | undefined, other: Stats): boolean =>
  sameFile(one, other) && one?.mtimeMs === other.mtimeMs && one.size === other.size

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/**
 * Removes a lock that was found stale. Of several processes that find the same one stale only one may, and only if it is
 * still that one: otherwise the second would remove what the first has made in its place.
 */
export const removeStale = (lock: string, seen: Stats): void => {
  const guard = `${lock}.takeover`
  try {
    mkdirSync(guard)
  } catch {
    // Another process is at it; or we may not, and the wait ends with an error that names the lock.
    return
  }
  try {
    if (unchanged(statOf(lock), seen)) unlinkSync(lock)
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EPERM') && !isCode(error, 'EACCES')) throw error
  } finally {
    rmdirSync(guard)
  }
}

interface Held {
  readonly path: string
  readonly descriptor: number
  readonly content: string
}

const made = (file: string): readonly [string, number | undefined] => {
  try {
    return besideOrTemporary(file, 'lock', (lock) => {
      try {
        return openSync(lock, 'wx', 0o644)
      } catch (error) {
        if (isCode(error, 'EEXIST')) return undefined
        throw error
      }
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown reason'
    throw new OxdConfigError(`no lock file can be made, here or among the temporary files: ${why}`, {
      file,
      cause: error,
    })
  }
}

const tryLock = (file: string): Held | { readonly path: string } => {
  const holder: Holder = { pid: process.pid, start: startOf(process.pid), place: placeOf() }
  const content = JSON.stringify(holder)
  const [path, descriptor] = made(file)
  if (descriptor === undefined) return { path }
  const held = { path, descriptor, content }
  if (shows(held)) return held
  release(held)
  throw new OxdConfigError(`the lock file ${path} cannot be written: is the disk full?`, { file })
}

/** Shows that the holder lives: the file changes its time. */
const shows = ({ descriptor, content }: Held): boolean => {
  try {
    return writeSync(descriptor, content, 0) === content.length
  } catch {
    return false
  }
}

const release = ({ path, descriptor }: Held): void => {
  try {
    // Somebody may have taken over a lock that gave no sign for too long: theirs stays.
    if (sameFile(statOf(path), fstatSync(descriptor))) unlinkSync(path)
  } catch {
    // What was done under the lock is done; the next one finds that its holder is gone.
  } finally {
    closeSync(descriptor)
  }
}

const acquire = async (file: string, limits: LockLimits, signal: AbortSignal | undefined): Promise<Held> => {
  let seen: Stats | undefined
  let unchangedMs = 0
  for (let waitedMs = 0; ; waitedMs += limits.lock_poll_ms) {
    signal?.throwIfAborted()
    const lock = tryLock(file)
    if ('descriptor' in lock) return lock
    const { path } = lock
    const now = statOf(path)
    const holder = holderOf(path)
    if (now !== undefined) {
      // Time is what we have watched ourselves: clocks of file servers differ from ours.
      unchangedMs = unchanged(seen, now) ? unchangedMs + limits.lock_poll_ms : 0
      const dead = holder?.place === placeOf() && !lives(holder)
      if (dead || unchangedMs >= limits.lock_stale_ms) removeStale(path, now)
    }
    seen = now
    if (waitedMs >= limits.lock_wait_ms) {
      const who = holder === undefined ? 'another process' : `process ${holder.pid}`
      throw new OxdConfigError(
        `${who} has been registering this site for more than ${limits.lock_wait_ms} ms: ` +
          `try again, or remove ${path} (and ${path}.takeover, if it is there) when no such process runs`,
        { file },
      )
    }
    // An abort ends the sleep; what it is called is said above.
    await sleep(limits.lock_poll_ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}

/**
 * Runs the work while no other process does so for the same file.
 *
 * The lock of a process that died is taken over at once where that can be known, else when it has not changed for
 * `lock_stale_ms`; a holder shows four times within that time that it lives.
 *
 * @param file - the real path: two names of one file must not be two locks
 * @throws OxdConfigError if the lock is not free within `lock_wait_ms`
 */
export const withLock = async <T>(
  file: string,
  limits: LockLimits,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> => {
  const held = await acquire(file, limits, signal)
  const beat = setInterval(shows, limits.lock_stale_ms / 4, held)
  beat.unref()
  try {
    return await work()
  } finally {
    clearInterval(beat)
    release(held)
  }
}
