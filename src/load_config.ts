// The settings of `oxd serve`, from our own file or from that of an old oxd.
import { dirname, join } from 'node:path'
import { readFileSync } from 'node:fs'
import { readConfig, readSettings, readText, settingsFile, type Config } from './config.ts'
import { readCertificates } from './daemon.ts'
import { LIMITS } from './limits.ts'
import { isLegacyConfig, readLegacyConfig } from './moving/legacy_config.ts'
import { createMeet } from './moving/met.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Loaded {
  readonly config: Config
  /** Parameters that an old file gives to whoever leaves them out. */
  readonly site_defaults: Readonly<Record<string, unknown>>
  /** What of an old file no longer applies, one line each. */
  readonly warnings: readonly string[]
}

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** @throws StartError */
export const loadConfig = async (argv: readonly string[], env: Environment): Promise<Loaded> => {
  const file = settingsFile(argv, env)
  const text = file === undefined ? '' : readText(file)
  if (file === undefined || !isLegacyConfig(file, text)) {
    return { config: readConfig(argv, env), site_defaults: {}, warnings: [] }
  }
  // The way to the OPs, whose certificates may have to be looked at, is in flags and environment: an old file has none.
  const { trust_op, op_ca, op_proxy, no_proxy } = readSettings(argv, env, new Map())
  const met = createMeet({ trust_op, op_ca: readCertificates(op_ca), op_proxy, no_proxy, limits: LIMITS })
  const sibling = (name: string): string | undefined => textOf(join(dirname(file), name))
  const old = await readLegacyConfig({ name: file, text, sibling, env, met }, LIMITS)
  const config = readConfig(argv, env, file, { file, settings: old.settings })
  return { config, site_defaults: old.site_defaults, warnings: old.warnings }
}
