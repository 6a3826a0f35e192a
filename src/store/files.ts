// Files and folders that only their owner may touch, and that appear complete or not at all.
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { StartError } from '../error.ts'

const OTHERS = 0o077

export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Does `what` and turns the system's refusal into one line for the person who started oxd. */
export const orStartError = <T>(sentence: string, what: () => T): T => {
  try {
    return what()
  } catch (error) {
    if (error instanceof StartError || !(error instanceof Error) || errnoOf(error) === undefined) throw error
    throw new StartError(`${sentence} (${error.message.replaceAll(/\s+/g, ' ')})`, { cause: error })
  }
}

/** A path as a shell takes it, for commands that we tell people to type. */
export const quoted = (path: string): string =>
  /^[\w./:@%+,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

/** @throws {StartError} with the chmod to type, when group or world may do anything with it */
export const refuseOthers = (what: string, path: string, stats: Stats, mode: '600' | '700'): void => {
  const bits = stats.mode & 0o777
  if ((bits & OTHERS) === 0) return
  throw new StartError(
    `${what} ${path} is open to other users (mode 0${bits.toString(8)}): chmod ${mode} ${quoted(path)}`,
  )
}

/** Where a path leads, symbolic links followed as far as it exists. */
const real = (path: string): string => {
  try {
    return realpathSync(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    return join(real(dirname(path)), basename(path))
  }
}

export const isInside = (path: string, directory: string): boolean => {
  const way = relative(real(directory), real(path))
  return way !== '..' && !way.startsWith(`..${sep}`)
}

/** Puts a file, or the names in a folder, on the disk: before that a power failure may forget them. */
export const sync = (path: string): void => {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A new file of mode 0600. @throws EEXIST */
export const writeNew = (path: string, text: string): void => {
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(fd, text)
  } finally {
    closeSync(fd)
  }
}

/**
 * Gives a finished temporary file its name. Of several processes that publish under one name exactly one gets `true`;
 * the temporary file is gone in any case.
 */
export const publish = (temporary: string, path: string): boolean => {
  try {
    sync(temporary)
    // A link, not a rename: it refuses to replace what another process has just made.
    linkSync(temporary, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(temporary, { force: true })
    sync(dirname(path))
  }
}
