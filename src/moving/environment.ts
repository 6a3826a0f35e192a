// `${NAME}` and `${NAME:-default}` in a configuration file, as Dropwizard puts the environment into it.
import { StartError } from '../error.ts'
import type { Limits } from '../limits.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** One without another inside; the default of the outer one is then plain text. */
const INNERMOST = /\$\{([^${}:]+)(?::-([^${}]*))?\}/g

/**
 * The text with the environment in it. A name that is not set and has no default stays, since it may stand in a comment:
 * `unsetIn` finds it in a value.
 * @throws StartError if the text grows beyond all bounds
 */
export const withEnvironment = (
  text: string,
  env: Environment,
  limits: Pick<Limits, 'settings_bytes_max' | 'legacy_substitutions_max'>,
): string => {
  let result = text
  for (let round = 0; round < limits.legacy_substitutions_max; round += 1) {
    const before = result
    result = before.replace(INNERMOST, (whole, name: string, fallback: string | undefined) =>
      Object.hasOwn(env, name) ? (env[name] ?? whole) : (fallback ?? whole),
    )
    if (result.length > limits.settings_bytes_max) {
      throw new StartError(`with the environment in it, it has more than ${limits.settings_bytes_max} bytes`)
    }
    if (result === before) break
  }
  return result
}

/** The name of a variable that is not set and that a value asks for. */
export const unsetIn = (value: unknown): string | undefined => {
  if (typeof value === 'string') return /\$\{([^${}:]+)\}/.exec(value)?.[1]
  if (typeof value !== 'object' || value === null) return undefined
  for (const item of Object.values(value)) {
    const name = unsetIn(item)
    if (name !== undefined) return name
  }
  return undefined
}
