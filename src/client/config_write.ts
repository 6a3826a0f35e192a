// Writes the id of the site into the configuration file, and leaves everything else in it and about it as it is.
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { besideOrTemporary } from './beside.ts'
import { SECTIONS, parseConfig, readConfigBytes } from './config_file.ts'
import { OxdConfigError } from './errors.ts'
import { withKey } from './ini.ts'
import type { ClientLimits } from './limits.ts'

const PERMISSIONS = 0o7777
const WRITABLE = 0o222
const PRIVATE = 0o600

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'

/**
 * Fails if the file could not be written to, before anything is registered that could then not be remembered.
 * A file without any permission to write counts as read-only also for root, who could write to it: somebody meant it.
 *
 * @throws OxdConfigError
 */
export const requireWritable = (file: string): void => {
  try {
    if ((statSync(file).mode & WRITABLE) === 0) {
      throw new OxdConfigError('is read-only, and the id of the site must be written into it: chmod u+w', {
        file,
      })
    }
    closeSync(openSync(file, 'r+'))
  } catch (error) {
    if (error instanceof OxdConfigError) throw error
    throw new OxdConfigError(
      `cannot be written (${codeOf(error)}), and the id of the site must be: check owner, mode and mount`,
      { file, cause: error },
    )
  }
}

const OTHERS = 0o007

/**
 * Fails if everybody on the machine may read the file, before a secret is made that would be written into it.
 *
 * @throws OxdConfigError
 */
export const requirePrivate = (file: string): void => {
  // Windows has no such permissions, and shows everybody's.
  if (process.platform === 'win32' || (statSync(file).mode & OTHERS) === 0) return
  throw new OxdConfigError(
    'may be read by everybody on this machine, and the secret of the setup client must be written into it: chmod o=',
    { file },
  )
}

/** All bytes, on the disk and not only on their way there. */
const writeAll = (descriptor: number, bytes: Buffer): void => {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at, bytes.length - at, at)
  ftruncateSync(descriptor, bytes.length)
  fsyncSync(descriptor)
}

const using = <T>(descriptor: number, work: (descriptor: number) => T): T => {
  try {
    return work(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes the rename survive a power loss, where the system can do that with a folder. */
const syncFolder = (folder: string): void => {
  try {
    using(openSync(folder, 'r'), fsyncSync)
  } catch {
    // Windows and some file systems cannot; the rename itself has happened.
  }
}

const sameOwnerAndMode = (one: Stats, other: Stats): boolean =>
  one.uid === other.uid && one.gid === other.gid && (one.mode & PERMISSIONS) === (other.mode & PERMISSIONS)

/** Whoever reads the file sees the old or the new one. False if that would lose a link, the owner or the mode. */
const replacedByRename = (file: string, stats: Stats, bytes: Buffer): boolean => {
  if (stats.nlink > 1) return false
  const temporary = `${file}.${process.pid}.tmp`
  try {
    rmSync(temporary, { force: true })
    const kept = using(openSync(temporary, 'wx', PRIVATE), (descriptor) => {
      const { uid, gid } = fstatSync(descriptor)
      if (uid !== stats.uid || gid !== stats.gid) fchownSync(descriptor, stats.uid, stats.gid)
      // After the owner: changing that clears bits of the mode.
      fchmodSync(descriptor, stats.mode & PERMISSIONS)
      if (!sameOwnerAndMode(fstatSync(descriptor), stats)) return false
      writeAll(descriptor, bytes)
      return true
    })
    if (kept) {
      // Fails where the file itself is a mount, as Docker does with single files.
      renameSync(temporary, file)
      syncFolder(dirname(file))
      return true
    }
  } catch {
    // The folder or the mount does not allow it: the other way remains.
  }
  removeQuietly(temporary)
  return false
}

const removeQuietly = (file: string): void => {
  try {
    rmSync(file, { force: true })
  } catch {
    // What cannot be removed was not made either, or stays as a leftover that harms nobody.
  }
}

/** Keeps the very file, at the price of a moment in which it is half written: hence the copy. */
const replaceInPlace = (file: string, before: Buffer, after: Buffer): void => {
  const [backup, descriptor] = besideOrTemporary(file, `${process.pid}.bak`, (path) => {
    removeQuietly(path)
    return openSync(path, 'wx', PRIVATE)
  })
  try {
    using(descriptor, (copy) => writeAll(copy, before))
  } catch (error) {
    removeQuietly(backup)
    throw error
  }
  try {
    using(openSync(file, 'r+'), (target) => writeAll(target, after))
  } catch (error) {
    try {
      using(openSync(file, 'r+'), (target) => writeAll(target, before))
    } catch (second) {
      throw new Error(`its former content is kept in ${backup}`, { cause: second })
    }
    removeQuietly(backup)
    throw error
  }
  removeQuietly(backup)
}

/** What the parser gives back as it was: no blanks around it, no line ends, no placeholder. */
const isReadable = (value: string): boolean =>
  /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/^<.*>$|^""$/.test(value)

/**
 * Sets `id` in the configuration file, and further keys if there are any; every other byte, comment, line ending, owner, mode
 * and link stays. By rename where that keeps all of them, else in place after a copy was made.
 *
 * @throws OxdConfigError which carries the id, so that it is not lost
 */
export const writeId = (
  file: string,
  oxd_id: string,
  limits: Pick<ClientLimits, 'config_bytes_max'>,
  further: Readonly<Record<string, string>> = {},
): void => {
  try {
    // Otherwise it could not be read again: blanks, line ends, a placeholder.
    if (!/^[\x21-\x7e]+$/.test(oxd_id) || /^(<.*>|"")$/.test(oxd_id)) throw new Error('it is no plain word')
    const unreadable = Object.entries(further).find(([, value]) => !isReadable(value))
    if (unreadable !== undefined) throw new Error(`${unreadable[0]} is no plain text`)
    // What a symbolic link names is replaced, not the link.
    const target = realpathSync(file)
    const before = readConfigBytes(target, limits)
    let after = before
    for (const [key, value] of Object.entries({ id: oxd_id, ...further })) {
      after = withKey(parseConfig(after, file), SECTIONS, key, value)
    }
    const stats = statSync(target)
    if (before.equals(after) || replacedByRename(target, stats, after)) return
    replaceInPlace(target, before, after)
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown reason'
    throw new OxdConfigError(
      `the site was registered, but its id could not be written (${why}): add the line "id = ${oxd_id}" by hand`,
      { file, oxd_id, cause: error },
    )
  }
}
