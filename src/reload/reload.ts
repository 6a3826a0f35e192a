// What a daemon that runs reads again: its settings file, certificate and key, the CA of its OPs.
import type { Config } from '../config.ts'
import type { Log } from '../world.ts'
import { watchFiles, type FileWatch } from './files.ts'
import { settingChanges } from './settings.ts'

/** A part of the daemon that goes by settings which may change. */
export interface Changeable {
  /** Checks the settings and the files that they name; the function that it returns takes them. @throws StartError */
  readonly prepare: (config: Config) => () => void
}

export interface ReloadParts {
  /** What the daemon was started with. */
  readonly config: Config
  /** Where that came from, to read it again; `read` throws a StartError. */
  readonly settings: { readonly file: string | undefined; readonly read: () => Promise<Config> } | undefined
  readonly listeners: Changeable
  readonly ops: Changeable
  readonly log: Log
}

export const createReload = ({ config, settings, listeners, ops, log }: ReloadParts): FileWatch => {
  /** The settings that run: what can change of them changes with the file. */
  let running = config
  const takeSettings = async (): Promise<void> => {
    if (settings === undefined) return
    const changes = settingChanges(running, await settings.read())
    // All is checked before any of it is taken.
    const prepared = [listeners, ops].map((part) => part.prepare(changes.config))
    for (const take of prepared) take()
    running = changes.config
    log(changes.at_restart.length > 0 ? 'warn' : 'info', 'settings', {
      taken: changes.live.join(' '),
      at_restart: changes.at_restart.join(' '),
    })
  }
  const given = (...files: readonly (string | undefined)[]): string[] =>
    files.filter((file) => file !== undefined)
  return watchFiles(
    [
      { what: 'settings', files: () => given(settings?.file), reload: takeSettings },
      {
        what: 'certificate and key',
        files: () => given(running.tls_cert, running.tls_key),
        reload: () => listeners.prepare(running)(),
      },
      { what: 'CA of the OPs', files: () => given(running.op_ca), reload: () => ops.prepare(running)() },
    ],
    log,
  )
}
