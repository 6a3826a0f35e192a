// Files that are read again when they change: certificate, key, CA, settings. A bad one changes nothing, and the log says why.
import { stat } from 'node:fs/promises'
import { StartError } from '../error.ts'
import type { Log } from '../world.ts'

export interface FileGroup {
  /** What the log calls them. */
  readonly what: string
  /** Those of the moment: a setting may name others than before. */
  readonly files: () => readonly string[]
  /** Takes what is in them now, or throws and leaves everything as it was. @throws StartError that names the file */
  readonly reload: () => void | Promise<void>
}

export interface FileWatch {
  /** Reads again what has changed since the last look; the first look only remembers. */
  readonly look: () => Promise<void>
  /** Reads everything again. */
  readonly all: () => Promise<void>
}

/** Names what a path leads to at this moment, through links, and when it was written. */
const stampOf = async (file: string): Promise<string> => {
  try {
    const { dev, ino, size, mtimeMs } = await stat(file)
    return [dev, ino, size, mtimeMs].join(' ')
  } catch {
    return 'absent'
  }
}

const stampOfAll = async ({ files }: FileGroup): Promise<string> =>
  (await Promise.all(files().map(async (file) => `${file} ${await stampOf(file)}`))).join('\n')

export const watchFiles = (groups: readonly FileGroup[], log: Log): FileWatch => {
  const stamps = new Map<FileGroup, string>()

  const read = async ({ what, reload }: FileGroup): Promise<void> => {
    try {
      await reload()
      log('info', 'read again', { what })
    } catch (error) {
      const reason = error instanceof StartError ? error.message : 'unexpected failure'
      log('warn', 'not usable: the old stays in use', { what, reason })
    }
  }

  const lookAll = async (isForced: boolean): Promise<void> => {
    for (const group of groups.filter(({ files }) => files().length > 0)) {
      const before = stamps.get(group)
      const now = await stampOfAll(group)
      stamps.set(group, now)
      if (isForced || (before !== undefined && before !== now)) await read(group)
    }
  }

  // One after the other, so that no file is read twice at once.
  let turn = Promise.resolve()
  const inTurn = (isForced: boolean): Promise<void> => (turn = turn.then(() => lookAll(isForced)))
  return { look: () => inTurn(false), all: () => inTurn(true) }
}
