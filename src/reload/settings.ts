// Settings that have changed while the daemon runs: some are taken at once, the others wait for the next start.
import type { Config, SettingName } from '../config.ts'

/** What can change under way; whoever adds one makes it so in daemon.ts. */
const LIVE = [
  'allowed_op',
  'allowed_ip',
  'trust_op',
  'op_ca',
  'op_proxy',
  'no_proxy',
  'tls_cert',
  'tls_key',
] as const satisfies readonly SettingName[]

export type LiveSettings = Pick<Config, (typeof LIVE)[number]>

export interface Changes {
  /** What runs from now on: the running settings with what can change of the new ones. */
  readonly config: Config
  /** Names of settings that were taken. */
  readonly live: readonly string[]
  /** Names of settings that differ until the next start. */
  readonly at_restart: readonly string[]
}

const differs = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other)

export const settingChanges = (running: Config, read: Config): Changes => {
  const isLive = (name: string): boolean => LIVE.some((live) => live === name)
  // OXD_KEY is no setting, and comes from the environment, which does not change.
  const changed = Object.entries(read)
    .filter(([name, value]) => name !== 'key' && differs(value, running[name as SettingName]))
    .map(([name]) => name)
  const live = Object.fromEntries(LIVE.map((name) => [name, read[name]])) as unknown as LiveSettings
  return {
    config: { ...running, ...live },
    live: changed.filter(isLive),
    at_restart: changed.filter((name) => !isLive(name)),
  }
}
